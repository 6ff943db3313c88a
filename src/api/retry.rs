//! May this be tried again? One pure function with a reason for each branch (unpod.md 11, carrierx.md 10).

use std::time::{Duration, SystemTime};

use crate::call::Method;
use crate::kind::Backend;

/// Most attempts at one call: with the pauses between them some 30 s, so that a database that fails over ends no run.
pub const MOST_ATTEMPTS: u32 = 6;

/// A question that was answered 500 this often is compared with another one: either all of the service is down, which may
/// pass, or this one has a fault of its own, which does not (two bridges with one slug, unpod.md 6.2).
pub const SUSPECT_AFTER: u32 = 4;

/// Longest wait that a service may ask for (carrierx.md 10); one that asks for more is not asked again in this run.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// No connection was made: not one byte of the request was sent.
    NotConnected,
    /// The connection broke or the time was up: the request may have been carried out.
    Lost,
    /// An answer came.
    Answered {
        /// Its status.
        status: u16,
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
}

/// What the service answers to other questions meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Others {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// It answers them.
    Answered,
    /// It does not answer them either.
    Failed,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Send the same request again.
    Retry {
        /// After this time; `None` leaves it to the growing pauses.
        after: Option<Duration>,
        /// Why it is safe and may help.
        reason: &'static str,
    },
    /// Hand the outcome to the caller.
    Fail {
        /// Why not again.
        reason: &'static str,
    },
}

/// Decides after attempt number `attempt` (the first is 1).
pub fn retry(backend: &Backend, method: Method, outcome: Outcome, attempt: u32, others: Others) -> Next {
    let again = |after, reason| Next::Retry { after, reason };
    let fail = |reason| Next::Fail { reason };
    if attempt >= MOST_ATTEMPTS {
        return fail("tried often enough");
    }
    // Asking again earlier than it asked for would only make it worse; and nobody waits an hour without being told.
    if let Outcome::Answered { retry_after: Some(asked), .. } = outcome
        && asked > LONGEST_WAIT
    {
        return fail("the service asks for a longer wait than telform waits");
    }
    match (method, outcome) {
        // Holds for every method: the service knows nothing of it (carrierx.md 10 allows it even for POST).
        (_, Outcome::NotConnected) => again(None, "no byte of it was sent"),
        (Method::Post, Outcome::Answered { status: 429, retry_after }) => {
            if backend.repeats_throttled_post {
                again(retry_after, "the service refused it before doing anything")
            } else {
                fail("whether a throttled create was taken cannot be checked here")
            }
        }
        (_, Outcome::Answered { status: 429, retry_after }) => {
            again(retry_after, "the service refused it before doing anything")
        }
        (Method::Get, Outcome::Lost) => again(None, "reading again changes nothing"),
        (Method::Get, Outcome::Answered { status: 502..=504, retry_after }) => {
            again(retry_after, "a passing fault; reading again changes nothing")
        }
        (Method::Get, Outcome::Answered { status: 500, .. }) if others == Others::Answered => {
            fail("the service answers other questions: this one has a fault of its own")
        }
        (Method::Get, Outcome::Answered { status: 500, .. }) => {
            again(None, "perhaps a passing fault; reading again changes nothing")
        }
        (Method::Get, Outcome::Answered { .. }) => fail("the same question gets the same answer"),
        (_, Outcome::Lost) => fail("it may have been carried out: settle by reading"),
        (_, Outcome::Answered { .. }) => fail("a write that was answered is settled by reading"),
    }
}

/// The wait that a `Retry-After` header asks for: seconds, or a date; a date in the past means at once.
pub fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    Some(match header.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        // Digits that do not fit are still a number of seconds, only a very large one.
        Err(_) if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) => {
            Duration::from_secs(u64::MAX)
        }
        Err(_) => httpdate::parse_http_date(header).ok()?.duration_since(now).unwrap_or_default(),
    })
}
