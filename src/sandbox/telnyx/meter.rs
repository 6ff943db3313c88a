//! What the simulator counts: requests in the window of the rate limit, and reads of lists that lag behind.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::super::answer::SandboxResponse;
use super::super::world::{TelnyxKnobs, TelnyxWorld};
use super::Refusal;
use super::fields::{Row, Table};

/// Counters of a running simulator; a saved world starts them again.
#[derive(Debug, Default)]
pub(in super::super) struct Meter {
    /// Calls so far.
    calls: u64,
    /// Beginning of the window, and the requests in it.
    window: Option<(Instant, u64)>,
    pub(super) list_reads: ListReads,
}

/// How many requests are left, for the headers of an answer.
pub(super) struct Quota {
    limit: u64,
    left: u64,
    reset: u64,
}

impl Meter {
    /// Counts a call.
    pub(super) fn count(&mut self, knobs: &TelnyxKnobs) -> Quota {
        self.calls += 1;
        let (limit, length) = (knobs.rate.limit, Duration::from_secs(knobs.rate.window));
        let now = Instant::now();
        let (since, used) = match self.window {
            Some((since, used)) if now.duration_since(since) < length => (since, used + 1),
            _ => (now, 1),
        };
        self.window = Some((since, used));
        let reset = length.saturating_sub(now.duration_since(since)).as_secs().max(1);
        Quota { limit, left: (limit + 1).saturating_sub(used), reset }
    }

    /// The refusal of a call that is one too many, with its own headers.
    pub(super) fn refused(&self, knobs: &TelnyxKnobs, quota: &Quota) -> Option<(Refusal, Vec<(&'static str, String)>)> {
        let told = |code: &'static str| Refusal::of(429, code, "too many requests");
        if let Some(throttle) = &knobs.throttle {
            let since = self.calls.checked_sub(throttle.nth.max(1));
            if since.is_some_and(|since| throttle.times == 0 || since < throttle.times) {
                let code = if throttle.code == "40333" { "40333" } else { "10011" };
                let reset = throttle.reset.map(|seconds| ("x-ratelimit-reset", seconds.to_string()));
                let retry = throttle.retry_after.map(|seconds| ("retry-after", seconds.to_string()));
                return Some((told(code), reset.into_iter().chain(retry).collect()));
            }
        }
        (quota.left == 0).then(|| (told("10011"), quota.headers()))
    }
}

impl Quota {
    pub(super) fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("x-ratelimit-limit", self.limit.to_string()),
            ("x-ratelimit-remaining", self.left.saturating_sub(1).to_string()),
            ("x-ratelimit-reset", self.reset.to_string()),
        ]
    }
}

pub(super) fn with_headers(answer: SandboxResponse, headers: Vec<(&'static str, String)>) -> SandboxResponse {
    headers.into_iter().fold(answer, |answer, (name, value)| answer.with(name, value))
}

/// Lists that still show what was there before a write.
#[derive(Debug, Default)]
pub(super) struct ListReads(HashMap<Table, (Vec<Row>, u32)>);

impl ListReads {
    /// Keeps the rows as they are before a write.
    pub(super) fn before_write(&mut self, world: &TelnyxWorld, table: Table) {
        let lag = world.knobs.list_lag;
        if lag > 0 {
            let kept = self.0.entry(table).or_insert_with(|| (world.rows(table).clone(), lag));
            kept.1 = lag;
        }
    }

    /// The rows of a list that lags behind, one read fewer from now on.
    pub(super) fn rows(&mut self, world: &TelnyxWorld, table: Table) -> Option<Vec<Row>> {
        let (rows, left) = self.0.get_mut(&table)?;
        if *left == 0 || world.knobs.list_lag == 0 {
            self.0.remove(&table);
            return None;
        }
        *left -= 1;
        Some(rows.clone())
    }
}
