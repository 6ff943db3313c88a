//! Politeness towards one account's service: how many requests a minute, how many at a time, and how long to be silent
//! after it said "too many". Built on tokio's clock, so that tests need not wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use super::wait::Why;

/// The limits of one account.
#[derive(Debug)]
pub struct Pace {
    per_minute: Option<u32>,
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
        let per_minute = per_minute.map(|rate| rate.max(1));
        Self {
            per_minute,
            state: Mutex::new(State {
                tokens: f64::from(per_minute.unwrap_or_default()),
                at: now,
                not_before: now,
            }),
            reads: Semaphore::new(reads.max(1)),
            writes: Semaphore::new(writes.max(1)),
        }
    }

    /// Waits until a request may start. It counts as in flight until the permit is dropped.
    pub async fn admit(&self, write: bool) -> SemaphorePermit<'_> {
        self.admit_telling(write, |_, _| {}).await
    }

    /// The same, saying before each wait how long it is and what for. That others are in flight is no wait: they are at work.
    pub async fn admit_telling(&self, write: bool, waits: impl Fn(Duration, Why)) -> SemaphorePermit<'_> {
        let gate = if write { &self.writes } else { &self.reads };
        let permit = gate.acquire().await.expect("the gates are never closed");
        let (mut until, mut why) = self.reserve();
        // Another worker may be told to be silent while this one sleeps.
        while let Some(pause) = until.checked_duration_since(Instant::now()).filter(|pause| !pause.is_zero())
        {
            waits(pause, why);
            sleep_until(until).await;
            (until, why) = (self.lock().not_before, Why::Asked);
        }
        permit
    }

    /// Nothing of this account starts before `wait` is over.
    pub fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.lock();
        state.not_before = state.not_before.max(until);
    }

    /// Takes a token, on credit if need be, and says when it is due and what makes it late. Reserving keeps the order in which
    /// requests came.
    fn reserve(&self) -> (Instant, Why) {
        let now = Instant::now();
        let mut state = self.lock();
        let Some(per_minute) = self.per_minute else { return (state.not_before, Why::Asked) };
        let rate = f64::from(per_minute);
        let per_second = rate / 60.0;
        let earned = now.duration_since(state.at).as_secs_f64() * per_second;
        state.tokens = (state.tokens + earned).min(rate) - 1.0;
        state.at = now;
        let due = now + Duration::from_secs_f64((-state.tokens / per_second).max(0.0));
        if due > state.not_before {
            (due, Why::Rhythm { per_minute })
        } else {
            (state.not_before, Why::Asked)
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is three plain numbers: a panic elsewhere cannot leave it half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
