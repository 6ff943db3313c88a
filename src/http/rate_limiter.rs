//! Rate limiting for one account's service: requests per minute, requests in flight, and how long to pause after it
//! answered "too many requests". Uses tokio's clock, so that tests need not wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use super::waiting::WaitReason;

/// The limits of one account.
#[derive(Debug)]
pub struct RateLimiter {
    per_minute: Option<u32>,
    state: Mutex<RateLimiterState>,
    reads: Semaphore,
    writes: Semaphore,
}

#[derive(Debug)]
struct RateLimiterState {
    /// Requests that may start now. Below zero: the number of requests that hold a reservation and wait.
    tokens: f64,
    /// When `tokens` was true.
    counted_at: Instant,
    /// Nothing starts before.
    not_before: Instant,
}

impl RateLimiter {
    /// Limits: requests per minute (`None`: unlimited), reads and writes in flight. The requests of a whole minute may be
    /// sent at once, because a plan is one short burst and the services count per minute (unpod.md 11).
    pub fn new(per_minute: Option<u32>, reads: usize, writes: usize) -> Self {
        let now = Instant::now();
        let per_minute = per_minute.map(|rate| rate.max(1));
        Self {
            per_minute,
            state: Mutex::new(RateLimiterState {
                tokens: f64::from(per_minute.unwrap_or_default()),
                counted_at: now,
                not_before: now,
            }),
            reads: Semaphore::new(reads.max(1)),
            writes: Semaphore::new(writes.max(1)),
        }
    }

    /// Waits until a request may start. It counts as in flight until the permit is dropped.
    pub async fn acquire(&self, write: bool) -> SemaphorePermit<'_> {
        self.acquire_reporting(write, |_, _| {}).await
    }

    /// The same, reporting before each wait its length and reason. Other requests in flight do not count as a wait: they make
    /// progress.
    pub async fn acquire_reporting(&self, write: bool, waits: impl Fn(Duration, WaitReason)) -> SemaphorePermit<'_> {
        let gate = if write { &self.writes } else { &self.reads };
        let permit = gate.acquire().await.expect("the gates are never closed");
        let (mut until, mut why) = self.reserve_slot();
        // Another worker may be told to pause while this one sleeps.
        while let Some(pause) = until.checked_duration_since(Instant::now()).filter(|pause| !pause.is_zero()) {
            waits(pause, why);
            sleep_until(until).await;
            (until, why) = (self.lock().not_before, WaitReason::Asked);
        }
        permit
    }

    /// Nothing of this account starts before `wait` is over.
    pub fn pause_for(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.lock();
        state.not_before = state.not_before.max(until);
    }

    /// Takes a token, on credit if necessary, and returns when it is due and what delays it. Reservations keep the order in
    /// which requests came.
    fn reserve_slot(&self) -> (Instant, WaitReason) {
        let now = Instant::now();
        let mut state = self.lock();
        let Some(per_minute) = self.per_minute else { return (state.not_before, WaitReason::Asked) };
        let rate = f64::from(per_minute);
        let per_second = rate / 60.0;
        let earned = now.duration_since(state.counted_at).as_secs_f64() * per_second;
        state.tokens = (state.tokens + earned).min(rate) - 1.0;
        state.counted_at = now;
        let due = now + Duration::from_secs_f64((-state.tokens / per_second).max(0.0));
        if due > state.not_before { (due, WaitReason::Rhythm { per_minute }) } else { (state.not_before, WaitReason::Asked) }
    }

    fn lock(&self) -> MutexGuard<'_, RateLimiterState> {
        // The state is three plain numbers: a panic elsewhere cannot leave it inconsistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
