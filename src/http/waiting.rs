//! Why a request is not sent yet: reported to the observer, so that the user need not guess what a run is waiting for.

use std::time::Duration;

use super::retry::AttemptOutcome;

/// A request begins to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitStarted<'a> {
    /// Account of the call.
    pub account: &'a str,
    /// The length of the wait, as far as it is known.
    pub pause: Duration,
    /// What for.
    pub reason: WaitReason,
}

/// What a request waits for. It contains no text of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// The account's own rate limit.
    Rhythm {
        /// Requests per minute.
        per_minute: u32,
    },
    /// The service answered "too many" (429) and asks for a pause; the whole account pauses.
    Asked,
    /// The next attempt at the same call.
    Again {
        /// Number of that attempt, from 2.
        attempt: u32,
        /// Most attempts at a call that fails like this one.
        most: u32,
        /// The outcome of the last one.
        after: AttemptOutcome,
    },
}
