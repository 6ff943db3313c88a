//! How long a lock in an object store is valid. Two clocks decide, and neither is the calendar of a machine: the holder counts
//! from the moment before it sent a renewal, others compare two times of the store. `model/` checks what follows from these
//! rules.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::state::ledger::LedgerError;

/// Object stores state times to the second: a difference of two may be this much too large.
#[cfg(feature = "remote-state")]
const GRAIN: Duration = Duration::from_secs(1);

/// Whether a holder may still write, this long after it sent the last renewal that the store confirmed. The last quarter of a
/// lease is for the requests that are in flight.
pub(super) fn may_rely(since_sent: Duration, lease: Duration) -> bool {
    since_sent < lease - lease / 4
}

/// Whether a lock may be taken over, this long after its last renewal by the store's clock.
#[cfg(feature = "remote-state")]
pub(super) fn is_expired(age: Duration, lease: Duration) -> bool {
    age >= lease + GRAIN
}

/// A moment on a clock that nobody sets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    running: Instant,
    wall: SystemTime,
    boot: Option<Duration>,
}

impl Moment {
    #[cfg(feature = "remote-state")]
    pub(super) fn now() -> Self {
        Self { running: Instant::now(), wall: SystemTime::now(), boot: time_since_boot() }
    }

    /// How long ago it was, with the time that the machine slept. Where no clock counts that, the calendar does if it says more.
    pub(super) fn elapsed(self) -> Duration {
        let running = self.running.elapsed();
        match self.boot.zip(time_since_boot()) {
            Some((then, now)) => now.saturating_sub(then).max(running),
            None => self.wall.elapsed().unwrap_or_default().max(running),
        }
    }
}

/// Time since the machine was started, with the time that it slept.
#[cfg(target_os = "linux")]
fn time_since_boot() -> Option<Duration> {
    Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::Boottime)).ok()
}

#[cfg(not(target_os = "linux"))]
fn time_since_boot() -> Option<Duration> {
    None
}

/// What the holder knows about its note.
#[derive(Debug)]
pub(in crate::state::ledger) struct LockLease {
    place: String,
    state: Mutex<LeaseState>,
}

#[derive(Debug)]
pub(super) struct LeaseState {
    /// When the last renewal that the store confirmed was sent. None for a file, whose lock cannot be lost.
    pub(super) renewal_sent: Option<Moment>,
    /// The lease with which it was taken.
    lease: Duration,
    pub(super) lost_reason: Option<String>,
}

impl LockLease {
    pub(super) fn new(place: String, renewal_sent: Option<Moment>, lease: Duration) -> Arc<Self> {
        Arc::new(Self { place, state: Mutex::new(LeaseState { renewal_sent, lease, lost_reason: None }) })
    }

    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, LeaseState> {
        // A panic elsewhere leaves consistent values here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this run may still rely on its lock.
    pub(in crate::state::ledger) fn check_held(&self) -> Result<(), LedgerError> {
        let state = self.state();
        let lost = |why: String| Err(LedgerError::LockLost { place: self.place.clone(), why });
        if let Some(why) = &state.lost_reason {
            return lost(why.clone());
        }
        match state.renewal_sent {
            Some(sent) if !may_rely(sent.elapsed(), state.lease) => {
                lost("it was not renewed in time: the object store could not be reached, or this machine slept".to_owned())
            }
            _ => Ok(()),
        }
    }
}
