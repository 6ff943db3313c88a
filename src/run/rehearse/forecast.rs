//! How long requests took, and an estimate of how long an apply would take.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::http::client::{HttpObserver, ObservedAttempt};
use crate::output::view::rehearsal::{NumberDowntime, Rehearsal};
use crate::plan::{NumberEffect, NumberImpact, Plan, Step, StepOperation, one_effect_each};
use crate::run::Applied;
use crate::services::shapes_of_kind;

/// Records every attempt.
#[derive(Default)]
pub(crate) struct AttemptTimer {
    attempts: Mutex<Vec<TimedAttempt>>,
}

struct TimedAttempt {
    account: String,
    took: Duration,
    /// Pause before the next attempt.
    pause: Duration,
    at: Instant,
}

impl HttpObserver for AttemptTimer {
    fn on_response(&self, seen: &ObservedAttempt<'_>) {
        let attempt = TimedAttempt {
            account: seen.account.to_owned(),
            took: seen.took,
            pause: seen.retry.map_or(Duration::ZERO, |(pause, _)| pause),
            at: Instant::now(),
        };
        if let Ok(mut all) = self.attempts.lock() {
            all.push(attempt);
        }
    }
}

impl AttemptTimer {
    /// Forgets everything.
    pub(crate) fn clear(&self) {
        if let Ok(mut all) = self.attempts.lock() {
            all.clear();
        }
    }

    /// The median of the response times of an account.
    fn median_answer_time(&self, account: &str) -> Duration {
        let Ok(all) = self.attempts.lock() else { return Duration::ZERO };
        let mut times: Vec<Duration> =
            all.iter().filter(|attempt| attempt.account == account).map(|attempt| attempt.took).collect();
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }

    /// Seconds that the attempts in this account up to a given time would take, one after the other.
    fn seconds_until(&self, account: &str, from: Instant, to: Instant, each: Duration) -> f64 {
        let Ok(all) = self.attempts.lock() else { return 0.0 };
        let counted = all.iter().filter(|seen| seen.account == account && seen.at >= from && seen.at <= to);
        counted.map(|seen| (each + seen.pause).as_secs_f64()).fold(0.0, |all, one| all + one)
    }
}

/// The estimated time of the apply: as many requests as in the rehearsal, each as long as the real service usually takes,
/// and not faster than the account's rate.
pub(crate) fn forecast_duration(
    plan: &Plan,
    ran: &Applied,
    played: &AttemptTimer,
    real: &AttemptTimer,
    rhythm: &BTreeMap<String, Duration>,
) -> Rehearsal {
    let each = |account: &str| real.median_answer_time(account).max(rhythm.get(account).copied().unwrap_or_default());
    let between = |account: &str, from, to| played.seconds_until(account, from, to, each(account));
    let last = ran.ends.last().map_or(ran.began, |(_, at)| *at);
    let seconds = rhythm.keys().map(|account| between(account, ran.began, last)).fold(0.0, f64::max);
    let ended = |step: &Step| {
        let done = ran.report.outcome(&step.id).is_some_and(crate::apply::event::StepOutcome::is_done)
            || ran.report.reconnected.iter().any(|(back, outcome)| back.id == step.id && outcome.is_done());
        let end = ran.ends.iter().find(|(id, _)| *id == step.id).filter(|_| done);
        end.map(|(_, at)| *at)
    };
    let all = || plan.steps.iter().chain(ran.report.reconnected.iter().map(|(step, _)| step));
    let cuts = |impact: &NumberImpact| matches!(impact.effect, NumberEffect::Dark | NumberEffect::Moves);
    let numbers = one_effect_each(&plan.impact).into_iter().filter(cuts).map(|impact| {
        let here = || all().filter(|step| step.call.account == impact.account);
        // A number that moves between accounts is disconnected in the one that it leaves.
        let left = impact.from.as_ref().and_then(|from| from.account.as_ref()).unwrap_or(&impact.account);
        let there = || all().filter(|step| step.call.account == *left && cuts_number(step, &impact.number));
        let cut = there().filter_map(ended).min();
        let connects =
            |step: &&Step| matches!(&step.operation, StepOperation::Connect { number, .. } if *number == impact.number);
        let back = here().filter(connects).filter_map(ended).max();
        let stays_cut = impact.effect == NumberEffect::Dark;
        // Without a disconnect it is the target that lets no call through from a step on.
        let closes = |step: &&Step| match &impact.to {
            Some(_) => connects(step),
            None => closes_target(step, &impact),
        };
        let is_closed = stays_cut && there().next().is_none();
        let closing: Vec<&Step> = here().filter(|_| is_closed).filter(closes).collect();
        let seconds = match (cut, back) {
            _ if is_closed => (!closing.is_empty() && closing.iter().all(|step| ended(step).is_none())).then_some(0.0),
            (None, _) => Some(0.0),
            (Some(_), _) if stays_cut => None,
            // For two accounts, the requests of each between the disconnect and the connect.
            (Some(cut), Some(back)) => {
                let accounts = BTreeSet::from([left, &impact.account]);
                Some(accounts.into_iter().map(|account| between(account, cut, back)).fold(0.0, |all, one| all + one))
            }
            (Some(_), None) => None,
        };
        let from_step = match closing.as_slice() {
            [] => is_closed.then(|| "a step of it".to_owned()),
            [step] => Some(step.id.clone()),
            [first, ..] => Some(format!("{} or a later step", first.id)),
        };
        NumberDowntime { number: impact.number.clone(), account: impact.account.clone(), seconds, from_step }
    });
    Rehearsal { accounts: Vec::new(), seconds, numbers: numbers.collect(), missed_faults: Vec::new() }
}

/// Whether a step closes the target that a number stays on: it changes the target, or deletes the last that its calls go to.
fn closes_target(step: &Step, impact: &NumberImpact) -> bool {
    let Some((address, target)) = step.address.as_ref().zip(impact.from.as_ref()) else { return false };
    match &step.operation {
        StepOperation::Update { .. } => {
            let is_destination = shapes_of_kind(&address.kind).iter().any(|kind| kind.destination_owner().is_some());
            address.to_string() == target.provider || is_destination
        }
        StepOperation::Delete { .. } => shapes_of_kind(&address.kind).iter().any(|kind| kind.destination_owner().is_some()),
        _ => false,
    }
}

/// Whether a step leaves a number disconnected.
fn cuts_number(step: &Step, number: &str) -> bool {
    match &step.operation {
        StepOperation::Disconnect { number: cut, .. } => cut == number,
        StepOperation::Delete { frees, .. } => frees.iter().any(|freed| freed == number),
        _ => false,
    }
}
