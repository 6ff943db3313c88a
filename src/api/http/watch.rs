//! What is told about requests to those who watch.

use std::sync::Arc;
use std::time::Duration;

use crate::api::{Verdict, Waits};
use crate::call::Method;

/// One attempt, for those who watch. Holds no header and no body.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// Account of the call.
    pub account: &'a str,
    /// Method.
    pub method: Method,
    /// Path and query, escaped.
    pub target: &'a str,
    /// Counts from 1.
    pub attempt: u32,
    /// Status; `None` when there was no answer.
    pub status: Option<u16>,
    /// What it means.
    pub verdict: Verdict,
    /// What the answer says beside its body; `None` when there was none.
    pub heads: Option<&'a Heads>,
    /// From sending to the end of the answer.
    pub took: Duration,
    /// The pause before the next attempt and the reason for trying again; `None` when this was the last one. A zero pause
    /// may also stand for the account's own rhythm.
    pub again: Option<(Duration, &'static str)>,
}

/// What the headers of an answer say about clock and rate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heads {
    /// How far the service's clock is ahead of this machine's, in seconds.
    pub ahead: Option<i64>,
    /// Headers about the rate, with their values, escaped.
    pub limits: Vec<(String, String)>,
}

/// Someone who wants to know about every request (`-v`, a progress line, a test).
pub trait Watch: Send + Sync {
    /// Called after each attempt.
    fn seen(&self, seen: &Seen<'_>);

    /// Called when a request of this account goes out.
    fn sends(&self, _account: &str) {}

    /// Called when a request begins to wait.
    fn waits(&self, _waits: &Waits<'_>) {}
}

/// Several are told in turn.
impl Watch for Vec<Arc<dyn Watch>> {
    fn seen(&self, seen: &Seen<'_>) {
        self.iter().for_each(|watch| watch.seen(seen));
    }

    fn sends(&self, account: &str) {
        self.iter().for_each(|watch| watch.sends(account));
    }

    fn waits(&self, waits: &Waits<'_>) {
        self.iter().for_each(|watch| watch.waits(waits));
    }
}
