//! Politeness towards one account's service: how many requests a minute, how many at a time, and how long to be silent
//! after it said "too many". Built on tokio's clock, so that tests need not wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// The limits of one account.
#[derive(Debug)]
pub struct Pace {
    per_minute: Option<f64>,
    state: Mutex<State>,
    reads: Semaphore,
    writes: Semaphore,
}

#[derive(Debug)]
struct State {
    /// Requests that may start now. Below zero: so many have reserved their place and wait.
    tokens: f64,
    /// When `tokens` was true.
    at: Instant,
    /// Nothing starts before.
    not_before: Instant,
}

impl Pace {
    /// Limits: requests per minute (`None`: as many as you like), reads and writes in flight. A full minute's worth may be
    /// sent at once, because a plan is one short burst and the services count per minute (unpod.md 11).
    pub fn new(per_minute: Option<u32>, reads: usize, writes: usize) -> Self {
        let now = Instant::now();
        let per_minute = per_minute.map(|rate| f64::from(rate.max(1)));
        Self {
            per_minute,
            state: Mutex::new(State { tokens: per_minute.unwrap_or_default(), at: now, not_before: now }),
            reads: Semaphore::new(reads.max(1)),
            writes: Semaphore::new(writes.max(1)),
        }
    }

    /// Waits until a request may start. It counts as in flight until the permit is dropped.
    pub async fn admit(&self, write: bool) -> SemaphorePermit<'_> {
        let gate = if write { &self.writes } else { &self.reads };
        let permit = gate.acquire().await.expect("the gates are never closed");
        let mut until = self.reserve();
        // Another worker may be told to be silent while this one sleeps.
        while Instant::now() < until {
            sleep_until(until).await;
            until = self.lock().not_before;
        }
        permit
    }

    /// Nothing of this account starts before `wait` is over.
    pub fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.lock();
        state.not_before = state.not_before.max(until);
    }

    /// Takes a token, on credit if need be, and says when it is due. Reserving keeps the order in which requests came.
    fn reserve(&self) -> Instant {
        let now = Instant::now();
        let mut state = self.lock();
        let Some(per_minute) = self.per_minute else { return state.not_before };
        let per_second = per_minute / 60.0;
        let earned = now.duration_since(state.at).as_secs_f64() * per_second;
        state.tokens = (state.tokens + earned).min(per_minute) - 1.0;
        state.at = now;
        let due = now + Duration::from_secs_f64((-state.tokens / per_second).max(0.0));
        due.max(state.not_before)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is three plain numbers: a panic elsewhere cannot leave it half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
