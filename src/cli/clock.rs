//! How long requests took, and from that how long an apply would take.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::apply::Ran;
use crate::api::http::{Seen, Watch};
use crate::plan::{Effect, Operation, Plan, Step};
use crate::view::rehearsal::{Dark, Rehearsal};

/// Notes every attempt.
#[derive(Default)]
pub(super) struct Clock {
    seen: Mutex<Vec<Attempt>>,
}

struct Attempt {
    account: String,
    took: Duration,
    /// Pause before the next attempt.
    pause: Duration,
    at: Instant,
}

impl Watch for Clock {
    fn seen(&self, seen: &Seen<'_>) {
        let attempt = Attempt {
            account: seen.account.to_owned(),
            took: seen.took,
            pause: seen.again.map_or(Duration::ZERO, |(pause, _)| pause),
            at: Instant::now(),
        };
        if let Ok(mut all) = self.seen.lock() {
            all.push(attempt);
        }
    }
}

impl Clock {
    /// Forgets everything.
    pub(super) fn clear(&self) {
        if let Ok(mut all) = self.seen.lock() {
            all.clear();
        }
    }

    /// The middle one of the times that an account took to answer.
    fn usual(&self, account: &str) -> Duration {
        let Ok(all) = self.seen.lock() else { return Duration::ZERO };
        let mut times: Vec<Duration> =
            all.iter().filter(|attempt| attempt.account == account).map(|attempt| attempt.took).collect();
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }

    /// Seconds that the attempts in this account up to a moment would take, one after the other.
    fn until(&self, account: &str, from: Instant, to: Instant, each: Duration) -> f64 {
        let Ok(all) = self.seen.lock() else { return 0.0 };
        let counted = all.iter().filter(|seen| seen.account == account && seen.at >= from && seen.at <= to);
        counted.map(|seen| (each + seen.pause).as_secs_f64()).fold(0.0, |all, one| all + one)
    }
}

/// What the apply would take: as many requests as in the rehearsal, each as long as the real service usually takes, and not
/// faster than the account's rate.
pub(super) fn forecast(
    plan: &Plan,
    ran: &Ran,
    played: &Clock,
    real: &Clock,
    rhythm: &BTreeMap<String, Duration>,
) -> Rehearsal {
    let each = |account: &str| real.usual(account).max(rhythm.get(account).copied().unwrap_or_default());
    let between = |account: &str, from, to| played.until(account, from, to, each(account));
    let last = ran.ends.last().map_or(ran.began, |(_, at)| *at);
    let seconds = rhythm.keys().map(|account| between(account, ran.began, last)).fold(0.0, f64::max);
    let ended = |step: &Step| {
        let done = ran.report.of(&step.id).is_some_and(crate::event::Outcome::is_done)
            || ran.report.reconnected.iter().any(|(back, outcome)| back.id == step.id && outcome.is_done());
        let end = ran.ends.iter().find(|(id, _)| *id == step.id).filter(|_| done);
        end.map(|(_, at)| *at)
    };
    let all = || plan.steps.iter().chain(ran.report.reconnected.iter().map(|(step, _)| step));
    let numbers = plan.impact.iter().filter(|number| matches!(number.effect, Effect::Dark | Effect::Moves)).map(|impact| {
        let here = || all().filter(|step| step.call.account == impact.account);
        // What moves between accounts is cut in the one that it leaves.
        let left = impact.from.as_ref().and_then(|from| from.account.as_ref()).unwrap_or(&impact.account);
        let there = all().filter(|step| step.call.account == *left);
        let cut = there.filter(|step| cuts(step, &impact.number)).filter_map(ended).min();
        let back = here()
            .filter(|step| matches!(&step.operation, Operation::Connect { number, .. } if *number == impact.number))
            .filter_map(ended)
            .max();
        let seconds = match (cut, back) {
            (None, _) => Some(0.0),
            // Of two accounts, what each of them is asked between the cut and the connect.
            (Some(cut), Some(back)) => {
                let accounts = BTreeSet::from([left, &impact.account]);
                Some(accounts.into_iter().map(|account| between(account, cut, back)).fold(0.0, |all, one| all + one))
            }
            (Some(_), None) => None,
        };
        Dark { number: impact.number.clone(), account: impact.account.clone(), seconds }
    });
    Rehearsal { accounts: Vec::new(), seconds, numbers: numbers.collect() }
}

/// Whether a step leaves a number without a connection.
fn cuts(step: &Step, number: &str) -> bool {
    match &step.operation {
        Operation::Disconnect { number: cut, .. } => cut == number,
        Operation::Delete { frees, .. } => frees.iter().any(|freed| freed == number),
        _ => false,
    }
}
