//! When an answer was lost or does not tell: look, do not guess and do not repeat blindly (spec 8).

use std::collections::BTreeMap;
use std::fmt::Display;

use jiff::Timestamp;

use super::Run;
use super::target::{Target, differences};
use crate::api::ApiError;
use crate::event::Outcome;
use crate::plan::{Operation, Ref, Served, Step};
use crate::probe::{self, Seat};
use crate::resource::LiveObject;
use crate::value::Value;

/// What reading says about a request whose effect is open.
pub(super) enum Settled {
    /// This is how it ended.
    As(Outcome),
    /// It had no effect.
    NotDone,
    /// Reading cannot tell.
    CannotTell,
}

/// A request whose answer was lost.
pub(super) struct Lost<'a> {
    /// How.
    pub(super) how: &'a (dyn Display + Sync),
    /// When it was announced, where the service may still be at work on it.
    pub(super) open_since: Option<Timestamp>,
}

/// The end of the time in which a create may still be running, while that is not over.
pub(super) fn open_until(run: &Run<'_>, target: &Target<'_>, lost: &Lost<'_>) -> Option<Timestamp> {
    let until = lost.open_since?.checked_add(target.account.settle_after).unwrap_or(Timestamp::MAX);
    let now: Timestamp = (run.apply.clock)().parse().ok()?;
    (now < until).then_some(until)
}

/// Settles a request whose answer was lost.
pub(super) async fn settle(run: &Run<'_>, step: &Step, target: &Target<'_>, lost: &Lost<'_>) -> Settled {
    let error = lost.how;
    let done =
        || Outcome::done_with(format!("the answer was lost ({error}); reading shows that it was done"));
    let unknown = |why: String| Settled::As(Outcome::unknown(why));
    let unread = |second: ApiError| unknown(format!("{error}; and looking did not help: {second}"));
    match &step.operation {
        operation @ Operation::Create { key, .. } => {
            let replaces = operation.replaces_here().map(String::as_str);
            match look_for(run, target, key, replaces).await {
                Ok(found) => match found.as_slice() {
                    [] if target.kind.hidden_until_verified => {
                        let address = step.address.as_ref().map(ToString::to_string).unwrap_or_default();
                        unknown(format!(
                            "{error}; a new {} stays invisible until it is verified, so nobody can look. Ask the owner of the mail address, or look in the portal: if it was made, run `telform adopt {address} ID` with its {}; if not, run `telform forget {address}` and apply again",
                            target.kind.singular, target.kind.id
                        ))
                    }
                    [] => match open_until(run, target, lost) {
                        Some(until) => unknown(format!("{error}; {}", may_still_run(target, until))),
                        None => Settled::NotDone,
                    },
                    [one] => {
                        let note = format!("the answer was lost ({error}); reading shows that it was done");
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
                },
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
                        (true, false) => Settled::As(done()),
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
                Ok(None) => Settled::As(done()),
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
                    Some(Seat::By(id)) if *id == wanted => Settled::As(done()),
                    // It was not there a moment ago, and now it is.
                    Some(Seat::Unknown) if *before == Served::NotThere => Settled::As(done()),
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
                    None | Some(Seat::Empty | Seat::Unserved) => Settled::As(done()),
                    Some(Seat::By(_) | Seat::Unknown) => Settled::NotDone,
                },
                Err(second) => unread(second),
            }
        }
        Operation::ReadBack { .. } => Settled::NotDone,
    }
}

/// Looks for what a create made: with growing pauses, because a service may show it late.
async fn look_for(
    run: &Run<'_>,
    target: &Target<'_>,
    key: &BTreeMap<String, Value>,
    replaces: Option<&str>,
) -> Result<Vec<LiveObject>, ApiError> {
    let mut patience = run.patience();
    loop {
        let found =
            probe::with_key(&run.read(), target.account, target.kind, target.facts, run.apply.key, key).await;
        let mut found = found?;
        // The object whose place the new one takes may have the same natural key.
        found.retain(|object| replaces != Some(object.id.as_str()));
        if !found.is_empty() || target.kind.hidden_until_verified || !patience.wait().await {
            return Ok(found);
        }
    }
}

/// What is known of a create that is not to be seen yet, and what happens next.
pub(super) fn may_still_run(target: &Target<'_>, until: Timestamp) -> String {
    format!(
        "it may still be running: reading shows no {} with its natural key ({}) yet. Until {until} (`settle_after` of account {}) nothing with this key is created; `telform resume` looks again",
        target.kind.singular,
        target.kind.natural_key.join(" + "),
        target.account.name
    )
}

/// Reads a bridge until it shows what the rewiring did, for some seconds at most.
pub(super) async fn read_back(
    run: &Run<'_>,
    target: &Target<'_>,
    slug: &str,
    numbers: &BTreeMap<String, Option<Ref>>,
) -> Outcome {
    let mut patience = run.patience();
    loop {
        let seats = match probe::bridge(&run.read(), target.account, target.kind, target.facts, slug).await {
            Ok(Some(seats)) => seats,
            // It was there when the numbers were rewired: a service may show it late.
            Ok(None) if patience.wait().await => continue,
            Ok(None) => return not_shown(format!("bridge {slug} is gone")),
            Err(error) => {
                return Outcome::failed("telform::step::unreadable", run.explain(target, slug, &error).await);
            }
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
        if !patience.wait().await {
            return not_shown(format!("bridge {slug} does not show what was done: {}", wrong.join(", ")));
        }
    }
}

/// Reading does not confirm what was done.
fn not_shown(why: String) -> Outcome {
    Outcome::failed("telform::step::not_shown", why)
}
