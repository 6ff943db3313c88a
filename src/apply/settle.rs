//! When an answer was lost or is not conclusive: read, do not guess and do not repeat blindly.

use std::collections::BTreeMap;
use std::fmt::Display;

use jiff::Timestamp;

use super::ApplyRun;
use super::step_target::{StepTarget, changed_attributes};
use crate::apply::event::StepOutcome;
use crate::http::ApiError;
use crate::model::resource::{LiveObject, ServedBy};
use crate::model::value::AttributeValues;
use crate::plan::{ObjectRef, Step, StepOperation};
use crate::read::one;

/// The result of reading about a request whose effect is open.
pub(super) enum SettleResult {
    /// This is how it ended.
    As(StepOutcome),
    /// It had no effect.
    NotDone,
    /// Reading cannot tell.
    CannotTell,
}

/// A request whose answer was lost.
pub(super) struct LostAnswer<'a> {
    /// How.
    pub(super) how: &'a (dyn Display + Sync),
    /// When it was announced, where the service may still be processing it.
    pub(super) open_since: Option<Timestamp>,
}

/// The end of the time in which a create may still be running, until it has passed.
pub(super) fn open_until(run: &ApplyRun<'_>, target: &StepTarget<'_>, lost: &LostAnswer<'_>) -> Option<Timestamp> {
    let until = lost.open_since?.checked_add(target.account.settle_after).unwrap_or(Timestamp::MAX);
    let now: Timestamp = (run.apply.clock)().parse().ok()?;
    (now < until).then_some(until)
}

/// Settles a request whose answer was lost.
pub(super) async fn settle_lost_answer(
    run: &ApplyRun<'_>,
    step: &Step,
    target: &StepTarget<'_>,
    lost: &LostAnswer<'_>,
) -> SettleResult {
    let error = lost.how;
    let done = || StepOutcome::done_with(format!("the answer was lost ({error}); reading shows that it was done"));
    let unknown = |why: String| SettleResult::As(StepOutcome::unknown(why));
    let unread = |second: ApiError| unknown(format!("{error}; reading did not show whether it was done: {second}"));
    match &step.operation {
        operation @ StepOperation::Create { key, .. } => {
            let replaces = operation.replaces_here().map(String::as_str);
            match find_created(run, target, key, replaces).await {
                Ok(found) => match found.as_slice() {
                    [] if target.kind.hidden_until_verified => {
                        let address = step.address.as_ref().map(ToString::to_string).unwrap_or_default();
                        unknown(format!(
                            "{error}; a new {} stays hidden until it is verified, so telform cannot look it up. Ask the owner of the mail address, or check in the service's portal: if it was created, run `telform adopt {address} ID` with its {}; if not, run `telform forget {address}` and apply again",
                            target.kind.singular, target.kind.id
                        ))
                    }
                    [] => match open_until(run, target, lost) {
                        Some(until) => unknown(format!("{error}; {}", describe_may_still_run(target, until))),
                        None => SettleResult::NotDone,
                    },
                    [one] => {
                        let note = format!("the answer was lost ({error}); reading shows that it was done");
                        SettleResult::As(StepOutcome::Done {
                            id: Some(one.id.clone()),
                            note: Some(note),
                            unmet: Vec::new(),
                            not_taken: Vec::new(),
                        })
                    }
                    several => unknown(format!("{error}; {} objects have this natural key now", several.len())),
                },
                Err(second) => unread(second),
            }
        }
        StepOperation::Update { id, before, expect, .. } => {
            match one::read_object_by_id(&run.read_only(), target.account, target.kind, target.facts, run.apply.key, id).await {
                Ok(Some(object)) => {
                    let expect = &run.expected_values(step, target.kind, expect);
                    let now = changed_attributes(target.kind, expect, &object).is_empty();
                    let still = changed_attributes(target.kind, before, &object).is_empty();
                    match (now, still) {
                        // A request changes everything that it holds or nothing, so an attribute that changed proves the rest.
                        (true, false) => SettleResult::As(done()),
                        (false, true) => SettleResult::NotDone,
                        // Nothing readable was to change: a secret, a mail address that waits.
                        (true, true) => SettleResult::CannotTell,
                        (false, false) => unknown(format!("{error}; the object has neither its old nor its new values")),
                    }
                }
                Ok(None) => unknown(format!("{error}; the object no longer exists")),
                Err(second) => unread(second),
            }
        }
        StepOperation::Delete { id, .. } => match run.read_unless_ended(target, id).await {
            Ok(Some(_)) => SettleResult::NotDone,
            Ok(None) => SettleResult::As(done()),
            Err(second) => unread(second),
        },
        StepOperation::Connect { bridge, number, provider, before } => {
            let (Ok(slug), Ok(wanted)) = (run.resolve_ref(bridge), run.resolve_ref(provider)) else {
                return SettleResult::NotDone;
            };
            match one::read_bridge_servers(&run.read_only(), target.account, target.kind, target.facts, run.apply.key, &slug)
                .await
            {
                Ok(servers) => match servers.unwrap_or_default().get(number) {
                    Some(served) if served.id() == Some(&wanted) => SettleResult::As(done()),
                    // It did not exist a moment ago, and now it does.
                    Some(ServedBy::NotTold) if *before == ServedBy::NotThere => SettleResult::As(done()),
                    // Connecting once more is harmless: the same pair is kept, another one is overwritten (unpod.md U5).
                    Some(ServedBy::NotTold | ServedBy::OneOf(_)) => SettleResult::CannotTell,
                    _ => SettleResult::NotDone,
                },
                Err(second) => unread(second),
            }
        }
        StepOperation::Disconnect { bridge, number, .. } => {
            match one::read_bridge_servers(&run.read_only(), target.account, target.kind, target.facts, run.apply.key, bridge)
                .await
            {
                Ok(servers) => match servers.unwrap_or_default().get(number) {
                    Some(served) if served.may_serve() => SettleResult::NotDone,
                    _ => SettleResult::As(done()),
                },
                Err(second) => unread(second),
            }
        }
        StepOperation::ReadBack { .. } => SettleResult::NotDone,
    }
}

/// Looks for the object of a create, with growing pauses, because a service may show it late.
async fn find_created(
    run: &ApplyRun<'_>,
    target: &StepTarget<'_>,
    key: &AttributeValues,
    replaces: Option<&str>,
) -> Result<Vec<LiveObject>, ApiError> {
    let mut patience = run.poll_backoff();
    loop {
        let found = one::with_key(&run.read_only(), target.account, target.kind, target.facts, run.apply.key, key).await;
        let mut found = found?;
        // The object that the new one replaces may have the same natural key.
        found.retain(|object| replaces != Some(object.id.as_str()));
        if !found.is_empty() || target.kind.hidden_until_verified || !patience.wait().await {
            return Ok(found);
        }
    }
}

/// What is known about a create whose object is not visible yet, and what happens next.
pub(super) fn describe_may_still_run(target: &StepTarget<'_>, until: Timestamp) -> String {
    format!(
        "it may still be running: no {} with its natural key ({}) exists yet. Until {until} (`settle_after` of account {}) telform creates nothing with this key; `telform resume` reads again",
        target.kind.singular,
        target.kind.natural_key.join(" + "),
        target.account.name
    )
}

/// Reads a bridge until it shows the result of the connects and disconnects, for some seconds at most.
pub(super) async fn read_back(
    run: &ApplyRun<'_>,
    target: &StepTarget<'_>,
    slug: &str,
    numbers: &BTreeMap<String, Option<ObjectRef>>,
) -> StepOutcome {
    let (mut patience, words) = (run.poll_backoff(), target.account.service.link_words());
    loop {
        let servers = match one::read_bridge_servers(
            &run.read_only(),
            target.account,
            target.kind,
            target.facts,
            run.apply.key,
            slug,
        )
        .await
        {
            Ok(Some(servers)) => servers,
            // It was there when its numbers were connected: a service may show it late.
            Ok(None) if patience.wait().await => continue,
            Ok(None) => return not_confirmed(format!("{} {slug} no longer exists", words.holder)),
            Err(error) => {
                return StepOutcome::failed("telform::step::unreadable", run.describe_error(target, slug, &error).await);
            }
        };
        let wrong: Vec<String> = numbers
            .iter()
            .filter_map(|(number, wanted)| {
                let served = servers.get(number).unwrap_or(&ServedBy::NotThere);
                let right = match (wanted, served) {
                    (None, served) => !served.may_serve(),
                    // Generation 2 does not say what serves a number: only its presence can be confirmed.
                    (Some(_), ServedBy::NotTold) => true,
                    (Some(wanted), served) => run.resolve_ref(wanted).is_ok_and(|wanted| served.id() == Some(&wanted)),
                };
                (!right).then(|| format!("{number} {}", served.describe(words.target)))
            })
            .collect();
        if wrong.is_empty() {
            return StepOutcome::done();
        }
        if !patience.wait().await {
            return not_confirmed(format!("{} {slug} does not show the changes: {}", words.holder, wrong.join(", ")));
        }
    }
}

/// Reading does not confirm the effect.
fn not_confirmed(why: String) -> StepOutcome {
    StepOutcome::failed("telform::step::not_shown", why)
}
