//! Why a request is not on its way: told to whoever watches, so that nobody has to guess what a run is waiting for.

use std::time::Duration;

use super::retry::Outcome;

/// A request begins to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits<'a> {
    /// Account of the call.
    pub account: &'a str,
    /// How long, as far as is known now.
    pub pause: Duration,
    /// What for.
    pub why: Why,
}

/// What a request waits for. Nothing in it is text of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The account's own rhythm.
    Rhythm {
        /// Requests a minute.
        per_minute: u32,
    },
    /// The service answered "too many" (429) and asks to be left alone; the whole account is silent.
    Asked,
    /// The next attempt at the same call.
    Again {
        /// Number of that attempt, from 2.
        attempt: u32,
        /// Most attempts at a call that ends like this one.
        most: u32,
        /// How the last one ended.
        after: Outcome,
    },
}
