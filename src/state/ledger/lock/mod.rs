//! The lock of a ledger. A file is locked by the operating system and becomes free when its process ends. An object in a store
//! is locked by a note in it: renewed while the run lasts, expired some minutes after the last renewal.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
#[cfg(feature = "remote-state")]
use tokio_util::sync::DropGuard;
use tokio_util::task::TaskTracker;

use super::LedgerError;
use super::state_store::{GrowingLog, ObjectVersion, PutOutcome, StateStore, StoredObject};

mod file;
mod lease;
#[cfg(all(test, feature = "remote-state"))]
mod model;
mod note;
#[cfg(feature = "remote-state")]
mod probe;
#[cfg(feature = "remote-state")]
mod renewal;
mod user;

pub(super) use lease::LockLease;
pub use note::LockHolder;
use note::LockNote;
#[cfg(feature = "remote-state")]
use note::{FORMAT, LockState};
#[cfg(feature = "remote-state")]
pub(super) use user::env_variable;
pub use user::{ci_run, host_name, user_name};

/// How long a note in an object store is valid after its last renewal.
pub const LEASE: Duration = Duration::from_secs(5 * 60);

/// How to lock.
pub struct LockOptions<'a> {
    /// How long to wait for another holder's lock; zero refuses at once.
    pub timeout: Duration,
    /// How long a note in an object store is valid, see [`LEASE`].
    pub lease: Duration,
    /// The tasks that renew the note and free it when the [`LockHandle`] is dropped. Wait for them before the process ends.
    pub renewal_tasks: &'a TaskTracker,
    /// Ends the wait. A pending request to an object store is still awaited: the lock may be taken, and then has to be freed.
    pub cancel: &'a CancellationToken,
    /// Receives whom the run waits for, and whose expired lock it took over.
    pub on_event: &'a (dyn Fn(&LockEvent<'_>) + Sync),
    /// Whether ledger and journal are read while an object store accepts the lock.
    pub read_ahead: bool,
}

/// Ledger and journal of an object store, read after the note that says that the lock is free or has expired, and while that note was
/// replaced. The store accepted the replacement, so no other run took the lock in between: they are as they would be read under the
/// lock. What the holder of an expired lock still writes is refused, or found, by the version that each write names.
#[derive(Debug)]
pub struct ReadAhead {
    pub(in crate::state) ledger: Option<StoredObject>,
    pub(in crate::state) journal: (Vec<u8>, GrowingLog),
}

/// What is reported while a lock is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockEvent<'a> {
    /// Another run holds it.
    Waits {
        /// How long the run waits.
        most: Duration,
        /// What is locked.
        place: &'a str,
        /// Who has it, where, since when.
        holder: &'a str,
    },
    /// Another holder had it and no longer exists.
    TookOver {
        /// Who had it.
        gone: &'a str,
    },
}

impl fmt::Display for LockEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waits { most, place, holder } => {
                let most = most.as_secs().max(1);
                write!(f, "waiting for the lock, at most {most} s: {place} is in use: {holder}")
            }
            Self::TookOver { gone } => write!(f, "took over an expired lock: {gone}"),
        }
    }
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct LockHandle {
    _held: LockGuard,
    lease: Arc<LockLease>,
    read_ahead: Option<ReadAhead>,
}

#[derive(Debug)]
enum LockGuard {
    File {
        _locked: file::FileLock,
    },
    #[cfg(feature = "remote-state")]
    Object {
        _freed: DropGuard,
    },
}

impl LockHandle {
    pub(super) fn lease(&self) -> Arc<LockLease> {
        Arc::clone(&self.lease)
    }

    /// What was read while the lock was taken: right after that it is current, and later it is not.
    pub fn take_read_ahead(&mut self) -> Option<ReadAhead> {
        self.read_ahead.take()
    }
}

/// Takes the lock, waits for it, or reports its holder.
pub(super) async fn acquire_lock(place: &Arc<StateStore>, wish: &LockOptions<'_>) -> Result<LockHandle, LedgerError> {
    let began = std::time::Instant::now();
    let mut pause = Duration::from_millis(100);
    let mut waits = false;
    loop {
        let taken = match &**place {
            StateStore::Local(local) => file::lock_file(local, place).map(|locked| LockHandle {
                _held: LockGuard::File { _locked: locked },
                lease: LockLease::new(place.display_name(place.name()), None, LEASE),
                read_ahead: None,
            }),
            #[cfg(feature = "remote-state")]
            StateStore::Remote(_) => renewal::in_object(place, wish).await,
        };
        let locked = match taken {
            Err(locked @ LedgerError::Locked { .. }) => locked,
            other => return other,
        };
        let left = wish.timeout.saturating_sub(began.elapsed());
        if left.is_zero() || wish.cancel.is_cancelled() {
            return Err(locked);
        }
        if let (LedgerError::Locked { place, holder, .. }, false) = (&locked, waits) {
            (wish.on_event)(&LockEvent::Waits { most: left, place, holder });
            waits = true;
        }
        tokio::select! {
            () = wish.cancel.cancelled() => return Err(locked),
            () = tokio::time::sleep(pause.min(left)) => {}
        }
        pause = (pause * 2).min(Duration::from_secs(3));
    }
}

/// What is known about a lock without taking it.
#[derive(Debug)]
pub(super) struct LockReport {
    /// Who has it.
    pub(super) holder: LockHolder,
    /// The version of the note, for breaking it.
    version: Option<ObjectVersion>,
    /// What a probe found about this store.
    pub(super) conditions: ConditionalWrites,
    /// The same as the note has it.
    probe: Option<note::StoreProbe>,
}

impl LockReport {
    fn new(holder: LockHolder, conditions: ConditionalWrites) -> Self {
        Self { holder, version: None, conditions, probe: None }
    }
}

/// Whether a store honours conditional writes, without which it gives no lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConditionalWrites {
    /// It is not an object store.
    NotNeeded,
    /// No run of this version has probed this store yet.
    Unknown,
    /// A run found that it refuses what it must refuse.
    Honoured,
    /// A run found that it does not, and why.
    Ignored(String),
}

/// The holder of the lock, and what its note says about the store.
pub(super) async fn inspect_lock(place: &StateStore) -> Result<LockReport, LedgerError> {
    let name = place.sibling_name("lock");
    match place {
        StateStore::Local(local) => Ok(LockReport::new(file::holder_of(local, &name)?, ConditionalWrites::NotNeeded)),
        #[cfg(feature = "remote-state")]
        StateStore::Remote(_) => match place.read(&name).await? {
            None => Ok(LockReport::new(LockHolder::Nobody, ConditionalWrites::Unknown)),
            Some(found) => {
                let note = parse_note(place, &found)?;
                let holder = match note.state {
                    LockState::Free => LockHolder::Nobody,
                    LockState::Held => LockHolder::Run {
                        id: note.id.clone(),
                        words: note.describe_holder(found.age()),
                        expired: note.is_expired(found.age()),
                    },
                };
                let conditions = probe::known_conditions(place, &found, &note);
                Ok(LockReport { holder, version: Some(found.version), conditions, probe: note.probe })
            }
        },
    }
}

/// Frees a lock whose run no longer exists. It is named by its id, so that no other lock is broken by mistake.
pub(super) async fn break_lock(place: &StateStore, id: &str) -> Result<String, LedgerError> {
    let unbroken = |why: &str| Err(LedgerError::Unbroken { place: place.display_name(place.name()), why: why.to_owned() });
    let LockReport { holder, version, probe, .. } = inspect_lock(place).await?;
    let LockHolder::Run { id: there, words, .. } = holder else { return unbroken("it is not held") };
    let Some(version) = version else {
        return unbroken(&format!("it is released when its process ends, so end that process: {words}"));
    };
    if there != id {
        return unbroken(&format!("it has another id: {words}"));
    }
    let mut free = LockNote::new(None);
    (free.state, free.probe) = (note::LockState::Free, probe);
    match place.replace(&place.sibling_name("lock"), free.next_bytes(), &version).await? {
        PutOutcome::Done(_) => Ok(words),
        PutOutcome::Lost => unbroken("it changed during the check, so its run is alive"),
    }
}

/// Reads the note in an object. A note that cannot be read is never overwritten: a newer telform may have written it.
#[cfg(feature = "remote-state")]
fn parse_note(place: &StateStore, found: &StoredObject) -> Result<LockNote, LedgerError> {
    let name = place.sibling_name("lock");
    let damaged = |why: String| LedgerError::LockDamaged { place: place.display_name(&name), why };
    let value: serde_json::Value = serde_json::from_slice(&found.bytes).map_err(|error| damaged(error.to_string()))?;
    let format = value.get("format").and_then(serde_json::Value::as_u64);
    if let Some(found) = format.filter(|format| *format > u64::from(FORMAT)) {
        return Err(LedgerError::Newer { place: place.display_name(&name), found });
    }
    serde_json::from_value(value).map_err(|error| damaged(error.to_string()))
}
