//! When an answer was lost or does not tell: look, do not guess and do not repeat blindly (spec 8).

use std::collections::BTreeMap;
use std::fmt::Display;

use super::Run;
use super::target::{PAUSE, Target, differences};
use crate::api::ApiError;
use crate::event::Outcome;
use crate::plan::{Operation, Ref, Served, Step};
use crate::probe::{self, Seat};

/// Looks before a read-back counts as failed: the service may show a change with some delay (unpod.md U9), up to 10 s.
const LOOKS: u32 = 20;

/// What reading says about a request whose effect is open.
pub(super) enum Settled {
    /// This is how it ended.
    As(Outcome),
    /// It had no effect.
    NotDone,
    /// Reading cannot tell.
    CannotTell,
}

/// Settles a request whose answer was lost; `error` says how.
pub(super) async fn settle(
    run: &Run<'_>,
    step: &Step,
    target: &Target<'_>,
    error: &(dyn Display + Sync),
) -> Settled {
    let unknown = |why: String| Settled::As(Outcome::unknown(why));
    let lost =
        || Outcome::done_with(format!("the answer was lost ({error}); reading shows that it was done"));
    let unread = |second: ApiError| unknown(format!("{error}; and looking did not help: {second}"));
    match &step.operation {
        Operation::Create { key, replaces, .. } => {
            match probe::with_key(&run.read(), target.account, target.kind, target.facts, run.apply.key, key)
                .await
            {
                Ok(mut found) => {
                    // The object whose place the new one takes may have the same natural key.
                    found.retain(|object| replaces.as_ref() != Some(&object.id));
                    match found.as_slice() {
                        [] if target.kind.hidden_until_verified => {
                            let address = step.address.as_ref().map(ToString::to_string).unwrap_or_default();
                            unknown(format!(
                                "{error}; a new {} stays invisible until it is verified, so nobody can look. Ask the owner of the mail address, or look in the portal: if it was made, run `telform adopt {address} ID` with its {}; if not, run `telform forget {address}` and apply again",
                                target.kind.singular, target.kind.id
                            ))
                        }
                        [] => Settled::NotDone,
                        [one] => {
                            let note =
                                format!("the answer was lost ({error}); reading shows that it was done");
                            Settled::As(Outcome::Done {
                                id: Some(one.id.clone()),
                                note: Some(note),
                                unmet: Vec::new(),
                                not_taken: Vec::new(),
                            })
                        }
                        several => {
                            unknown(format!("{error}; {} objects have this natural key now", several.len()))
                        }
                    }
                }
                Err(second) => unread(second),
            }
        }
        Operation::Update { id, before, expect, .. } => {
            match probe::object(&run.read(), target.account, target.kind, target.facts, run.apply.key, id)
                .await
            {
                Ok(Some(object)) => {
                    let now = differences(target.kind, expect, &object).is_empty();
                    let still = differences(target.kind, before, &object).is_empty();
                    match (now, still) {
                        // One request changes all it holds or nothing, so an attribute that changed proves the rest.
                        (true, false) => Settled::As(lost()),
                        (false, true) => Settled::NotDone,
                        // Nothing that can be read was to change: a secret, a mail address that waits.
                        (true, true) => Settled::CannotTell,
                        (false, false) => unknown(format!(
                            "{error}; the object is neither what it was nor what it shall be"
                        )),
                    }
                }
                Ok(None) => unknown(format!("{error}; the object is no longer there")),
                Err(second) => unread(second),
            }
        }
        Operation::Delete { id, .. } => {
            match probe::object(&run.read(), target.account, target.kind, target.facts, run.apply.key, id)
                .await
            {
                Ok(None) => Settled::As(lost()),
                Ok(Some(_)) => Settled::NotDone,
                Err(second) => unread(second),
            }
        }
        Operation::Connect { bridge, number, provider, before } => {
            let (Ok(slug), Ok(wanted)) = (run.resolve(bridge), run.resolve(provider)) else {
                return Settled::NotDone;
            };
            match probe::bridge(&run.read(), target.account, target.kind, target.facts, &slug).await {
                Ok(seats) => match seats.unwrap_or_default().get(number) {
                    Some(Seat::By(id)) if *id == wanted => Settled::As(lost()),
                    // It was not there a moment ago, and now it is.
                    Some(Seat::Unknown) if *before == Served::NotThere => Settled::As(lost()),
                    // Connecting once more is harmless: the same pair stays, another one is overwritten (unpod.md U5).
                    Some(Seat::Unknown) => Settled::CannotTell,
                    _ => Settled::NotDone,
                },
                Err(second) => unread(second),
            }
        }
        Operation::Disconnect { bridge, number, .. } => {
            match probe::bridge(&run.read(), target.account, target.kind, target.facts, bridge).await {
                Ok(seats) => match seats.unwrap_or_default().get(number) {
                    None | Some(Seat::Empty | Seat::Unserved) => Settled::As(lost()),
                    Some(Seat::By(_) | Seat::Unknown) => Settled::NotDone,
                },
                Err(second) => unread(second),
            }
        }
        Operation::ReadBack { .. } => Settled::NotDone,
    }
}

/// Reads a bridge until it shows what the rewiring did, for some seconds at most.
pub(super) async fn read_back(
    run: &Run<'_>,
    target: &Target<'_>,
    slug: &str,
    numbers: &BTreeMap<String, Option<Ref>>,
) -> Outcome {
    let mut why = String::new();
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let seats = match probe::bridge(&run.read(), target.account, target.kind, target.facts, slug).await {
            Ok(Some(seats)) => seats,
            Ok(None) => return not_shown(format!("bridge {slug} is gone")),
            Err(error) => return Outcome::failed("telform::step::unreadable", error.to_string()),
        };
        let wrong: Vec<String> = numbers
            .iter()
            .filter_map(|(number, wanted)| {
                let seat = seats.get(number).unwrap_or(&Seat::Empty);
                let right = match (wanted, seat) {
                    (None, Seat::Empty | Seat::Unserved) => true,
                    (Some(wanted), Seat::By(id)) => run.resolve(wanted).is_ok_and(|wanted| wanted == *id),
                    // Generation 2 does not say who serves a number: that it is there is all that can be confirmed.
                    (Some(_), Seat::Unknown) => true,
                    (None, Seat::By(_) | Seat::Unknown) | (Some(_), Seat::Empty | Seat::Unserved) => false,
                };
                (!right).then(|| format!("{number} {}", seat.words()))
            })
            .collect();
        if wrong.is_empty() {
            return Outcome::done();
        }
        why = format!("bridge {slug} does not show what was done: {}", wrong.join(", "));
    }
    not_shown(why)
}

/// Reading does not confirm what was done.
fn not_shown(why: String) -> Outcome {
    Outcome::failed("telform::step::not_shown", why)
}
