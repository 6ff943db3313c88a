//! What observers are told about requests.

use std::sync::Arc;
use std::time::Duration;

use crate::http::{AnswerClass, WaitStarted};
use crate::model::call::RequestMethod;

/// One attempt, for observers. Holds no header and no body.
#[derive(Debug, Clone)]
pub struct ObservedAttempt<'a> {
    /// Account of the call.
    pub account: &'a str,
    /// Method.
    pub method: RequestMethod,
    /// Path and query, escaped.
    pub target: &'a str,
    /// Counts from 1.
    pub attempt: u32,
    /// Status; `None` when no answer was received.
    pub status: Option<u16>,
    /// What it means.
    pub class: AnswerClass,
    /// What the answer says in its headers; `None` when no answer was received.
    pub header_facts: Option<&'a HeaderFacts>,
    /// From sending to the end of the answer.
    pub took: Duration,
    /// The pause before the next attempt and the reason for the retry; `None` when this was the last one. A zero pause
    /// may also mean that the account's rate limit decides.
    pub retry: Option<(Duration, &'static str)>,
}

/// Clock and rate from the headers of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderFacts {
    /// How far the service's clock is ahead of this machine's, in seconds.
    pub clock_ahead_seconds: Option<i64>,
    /// Headers about the rate, with their values, escaped.
    pub rate_headers: Vec<(String, String)>,
}

/// An observer of every request (`-v`, a progress line, a test).
pub trait HttpObserver: Send + Sync {
    /// Called after each attempt.
    fn on_response(&self, seen: &ObservedAttempt<'_>);

    /// Called when a request of this account is sent.
    fn on_request(&self, _account: &str) {}

    /// Called when a request begins to wait.
    fn on_wait(&self, _waits: &WaitStarted<'_>) {}
}

/// Several observers are notified in turn.
impl HttpObserver for Vec<Arc<dyn HttpObserver>> {
    fn on_response(&self, seen: &ObservedAttempt<'_>) {
        self.iter().for_each(|watch| watch.on_response(seen));
    }

    fn on_request(&self, account: &str) {
        self.iter().for_each(|watch| watch.on_request(account));
    }

    fn on_wait(&self, waits: &WaitStarted<'_>) {
        self.iter().for_each(|watch| watch.on_wait(waits));
    }
}
