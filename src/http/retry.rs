//! Decides whether a call may be retried. One pure function with a reason for each branch (unpod.md 11, carrierx.md 10).

use std::time::{Duration, SystemTime};

use crate::model::call::RequestMethod;
use crate::model::kind::ServiceTable;

/// Most attempts at one call: about 30 s with the pauses between them, so that a database failover does not end a run.
pub const MOST_ATTEMPTS: u32 = 6;

/// A read that was answered 500 this often is compared with another read: either the whole service is down, which may
/// pass, or only this read fails, which does not pass (two bridges with one slug, unpod.md 6.2).
pub const SUSPECT_AFTER: u32 = 4;

/// Longest wait that a service may ask for (carrierx.md 10); a service that asks for more is not called again in this run.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The connection failed: not one byte of the request was sent.
    NotConnected,
    /// The connection broke or timed out: the request may have been carried out.
    Lost,
    /// An answer arrived.
    Answered {
        /// Its status.
        status: u16,
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
    /// An answer that says that waiting does not help, whatever its status.
    Final,
}

/// What the service currently answers to other reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtherRequests {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// It answers them.
    Answered,
    /// It does not answer those, either.
    Failed,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// Send the same request again.
    Retry {
        /// After this time; `None` uses the growing pauses.
        after: Option<Duration>,
        /// Why it is safe and may help.
        reason: &'static str,
    },
    /// Return the outcome to the caller.
    Fail {
        /// Why it is not sent again.
        reason: &'static str,
    },
}

/// Decides after attempt number `attempt` (the first is 1).
pub fn decide_retry(
    service: &ServiceTable,
    method: RequestMethod,
    outcome: AttemptOutcome,
    attempt: u32,
    others: OtherRequests,
) -> RetryDecision {
    let again = |after, reason| RetryDecision::Retry { after, reason };
    let fail = |reason| RetryDecision::Fail { reason };
    if attempt >= MOST_ATTEMPTS {
        return fail("tried often enough");
    }
    // Retrying earlier than it asked for would only make it worse; and an hour is too long to wait silently.
    if let AttemptOutcome::Answered { retry_after: Some(asked), .. } = outcome
        && asked > LONGEST_WAIT
    {
        return fail("the service asks for a longer wait than telform waits");
    }
    match (method, outcome) {
        // Applies to every method: the service did not receive it (carrierx.md 10 allows it even for POST).
        (_, AttemptOutcome::NotConnected) => again(None, "no byte of it was sent"),
        (RequestMethod::Post, AttemptOutcome::Answered { status: 429, retry_after }) => {
            if service.repeats_throttled_post {
                again(retry_after, "the service refused it before doing anything")
            } else {
                fail("whether a throttled create was taken cannot be checked here")
            }
        }
        (_, AttemptOutcome::Answered { status: 429, retry_after }) => {
            again(retry_after, "the service refused it before doing anything")
        }
        (RequestMethod::Get, AttemptOutcome::Lost) => again(None, "reading again changes nothing"),
        (RequestMethod::Get, AttemptOutcome::Answered { status: 502..=504, retry_after }) => {
            again(retry_after, "a passing fault; reading again changes nothing")
        }
        (RequestMethod::Get, AttemptOutcome::Answered { status: 500, .. }) if others == OtherRequests::Answered => {
            fail("the service answers other requests: only this one fails")
        }
        (RequestMethod::Get, AttemptOutcome::Answered { status: 500, .. }) => {
            again(None, "perhaps a passing fault; reading again changes nothing")
        }
        (RequestMethod::Get, AttemptOutcome::Answered { .. }) => fail("the same question gets the same answer"),
        (_, AttemptOutcome::Final) => fail("the service says that waiting does not help"),
        (_, AttemptOutcome::Lost) => fail("it may have been carried out: settle by reading"),
        (_, AttemptOutcome::Answered { .. }) => fail("a write that was answered is settled by reading"),
    }
}

/// The wait that a `Retry-After` header asks for: seconds, or a date; a date in the past means at once.
pub fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    Some(match header.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        // Digits that overflow are still a number of seconds, only a very large one.
        Err(_) if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) => Duration::from_secs(u64::MAX),
        Err(_) => httpdate::parse_http_date(header).ok()?.duration_since(now).unwrap_or_default(),
    })
}
