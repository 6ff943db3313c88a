//! The lock of a ledger. A file is locked by the operating system and becomes free when its process ends. An object in a store
//! is locked by a note in it: renewed while the run lasts, expired some minutes after the last renewal.

use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
#[cfg(feature = "remote-state")]
use tokio_util::sync::DropGuard;
use tokio_util::task::TaskTracker;

use super::LedgerError;
#[cfg(feature = "remote-state")]
use super::state_store::StoredObject;
use super::state_store::{LocalStore, ObjectVersion, PutOutcome, StateStore, io_error};

#[cfg(feature = "remote-state")]
mod renewal;
mod user;

pub use user::user_name;

/// Format of the note that this version writes.
const FORMAT: u32 = 1;
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
}

#[derive(Debug)]
enum LockGuard {
    File {
        _locked: File,
    },
    #[cfg(feature = "remote-state")]
    Object {
        _freed: DropGuard,
    },
}

/// What the holder knows about its note.
#[derive(Debug)]
pub(super) struct LockLease {
    place: String,
    state: Mutex<LeaseState>,
}

#[derive(Debug)]
struct LeaseState {
    /// None for a file, whose lock cannot be lost.
    expires: Option<Timestamp>,
    /// The lease with which it was taken.
    lease: Duration,
    lost_reason: Option<String>,
}

/// The content of the lock.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct LockNote {
    format: u32,
    state: LockState,
    /// Id of this lock, for as long as one run holds it.
    id: String,
    /// Id of this write, so that no two notes are equal.
    write: String,
    owner: String,
    host: String,
    pid: u32,
    since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renewed: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LockState {
    Held,
    Free,
}

/// The state of a lock, for its operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockHolder {
    /// It is free.
    Nobody,
    /// A run holds it.
    Run {
        /// Id of the lock.
        id: String,
        /// Who, where, since when.
        words: String,
        /// The run has not renewed it in time and is presumed dead.
        expired: bool,
    },
}

fn env_variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The machine that this process runs on, for messages and records.
pub fn host_name() -> String {
    fs::read_to_string("/etc/hostname")
        .ok()
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .or_else(|| env_variable("HOSTNAME"))
        .unwrap_or_else(|| "this machine".to_owned())
}

impl LockNote {
    fn new(lease: Option<Duration>) -> Self {
        let now = Timestamp::now();
        let mut note = Self {
            format: FORMAT,
            state: LockState::Held,
            id: uuid::Uuid::new_v4().to_string(),
            write: String::new(),
            owner: user_name(),
            host: host_name(),
            pid: std::process::id(),
            since: whole_seconds(now),
            renewed: None,
            expires: None,
        };
        if let Some(lease) = lease {
            note.renew_for(lease);
        }
        note
    }

    fn renew_for(&mut self, lease: Duration) {
        let now = Timestamp::now();
        self.renewed = Some(now);
        self.expires = SignedDuration::try_from(lease).ok().and_then(|lease| now.checked_add(lease).ok());
    }

    /// The written form, each time with a new id of the write.
    fn next_bytes(&mut self) -> Vec<u8> {
        self.write = uuid::Uuid::new_v4().to_string();
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    fn is_expired(&self) -> bool {
        self.expires.is_some_and(|expires| expires <= Timestamp::now())
    }

    /// Who, where, since when; and for how much longer, where it expires.
    fn describe_holder(&self) -> String {
        let mut words = format!(
            "{} on {} has held it since {}, for {} (process {}, lock {})",
            self.owner,
            self.host,
            self.since,
            format_age(self.since),
            self.pid,
            self.id
        );
        if let Some((renewed, expires)) = self.renewed.zip(self.expires) {
            let end = whole_seconds(expires);
            words.push_str(&match self.is_expired() {
                true => {
                    format!("; last renewed {} ago, expired since {end}: that run is dead", format_age(renewed))
                }
                false => format!("; last renewed {} ago, expires {end} unless renewed", format_age(renewed)),
            });
        }
        words
    }

    fn to_holder(&self) -> LockHolder {
        match self.state {
            LockState::Free => LockHolder::Nobody,
            LockState::Held => LockHolder::Run { id: self.id.clone(), words: self.describe_holder(), expired: self.is_expired() },
        }
    }
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// `3 s`, `12 min`, `5 h`.
fn format_age(time: Timestamp) -> String {
    let seconds = Timestamp::now().duration_since(time).as_secs().max(0);
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

impl LockHandle {
    pub(super) fn lease(&self) -> Arc<LockLease> {
        Arc::clone(&self.lease)
    }
}

impl LockLease {
    fn new(place: String, expires: Option<Timestamp>, lease: Duration) -> Arc<Self> {
        Arc::new(Self { place, state: Mutex::new(LeaseState { expires, lease, lost_reason: None }) })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, LeaseState> {
        // A panic elsewhere leaves consistent values here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this run may still rely on its lock. The last quarter of a lease that was not renewed counts as lost: clocks
    /// differ, and a request takes its time.
    pub(super) fn check_held(&self) -> Result<(), LedgerError> {
        let state = self.state();
        let lost = |why: String| Err(LedgerError::LockLost { place: self.place.clone(), why });
        if let Some(why) = &state.lost_reason {
            return lost(why.clone());
        }
        let margin = SignedDuration::try_from(state.lease / 4).unwrap_or_default();
        match state.expires {
            Some(expires) if Timestamp::now().duration_until(expires) < margin => {
                lost("the object store could not be reached to renew it".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Takes the lock, waits for it, or reports its holder.
pub(super) async fn acquire_lock(place: &Arc<StateStore>, wish: &LockOptions<'_>) -> Result<LockHandle, LedgerError> {
    let began = std::time::Instant::now();
    let mut pause = Duration::from_millis(100);
    let mut waits = false;
    loop {
        let taken = match &**place {
            StateStore::Local(local) => in_file(local, place),
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

/// The lock of the operating system on a file beside the ledger, with a note in it.
fn in_file(local: &LocalStore, place: &StateStore) -> Result<LockHandle, LedgerError> {
    local.ensure_folder()?;
    let name = place.sibling_name("lock");
    let path = local.path_of(&name);
    let mut file = local.lock_file(&name, true).map_err(io_error("open the lock", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            let holder = note_in(&mut file).map_or_else(unnamed_holder, |note| note.describe_holder());
            return Err(LedgerError::Locked { place: place.display_name(place.name()), holder, breakable: None });
        }
        Err(fs::TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
    }
    let bytes = LockNote::new(None).next_bytes();
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(&bytes))
        .map_err(io_error("write the lock", &path))?;
    let lease = LockLease::new(place.display_name(place.name()), None, LEASE);
    Ok(LockHandle { _held: LockGuard::File { _locked: file }, lease })
}

/// The holder of the file lock left no note in it, or one that names a run that has ended: it may not be telform at all.
fn unnamed_holder() -> String {
    "another process has locked that file, and the note in it does not name a running process".to_owned()
}

fn note_in(file: &mut File) -> Option<LockNote> {
    let mut text = String::new();
    // An unreadable note only makes the message less specific.
    file.take(65_536).read_to_string(&mut text).ok()?;
    let note: LockNote = serde_json::from_str(&text).ok()?;
    (note.host != host_name() || user::lives(note.pid)).then_some(note)
}

/// The holder of the lock, and the version of the note for breaking it.
pub(super) async fn inspect_lock(place: &StateStore) -> Result<(LockHolder, Option<ObjectVersion>), LedgerError> {
    let name = place.sibling_name("lock");
    match place {
        StateStore::Local(local) => Ok((holder_of(local, &name)?, None)),
        #[cfg(feature = "remote-state")]
        StateStore::Remote(_) => match place.read(&name).await? {
            None => Ok((LockHolder::Nobody, None)),
            Some(found) => Ok((parse_note(place, &found)?.to_holder(), Some(found.version))),
        },
    }
}

/// The holder of a file lock: the system knows whether it is held, the note names the holder.
fn holder_of(local: &LocalStore, name: &str) -> Result<LockHolder, LedgerError> {
    let path = local.path_of(name);
    let mut file = match local.lock_file(name, false) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(LockHolder::Nobody),
        Err(error) => return Err(io_error("open the lock", &path)(error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(LockHolder::Nobody),
        Err(fs::TryLockError::WouldBlock) => {
            let unnamed = LockHolder::Run { id: String::new(), words: unnamed_holder(), expired: false };
            Ok(note_in(&mut file).map_or(unnamed, |note| note.to_holder()))
        }
        Err(fs::TryLockError::Error(source)) => Err(io_error("look at the lock", &path)(source)),
    }
}

/// Frees a lock whose run no longer exists. It is named by its id, so that no other lock is broken by mistake.
pub(super) async fn break_lock(place: &StateStore, id: &str) -> Result<String, LedgerError> {
    let unbroken = |why: &str| Err(LedgerError::Unbroken { place: place.display_name(place.name()), why: why.to_owned() });
    let (holder, version) = inspect_lock(place).await?;
    let LockHolder::Run { id: there, words, .. } = holder else { return unbroken("it is not held") };
    let Some(version) = version else {
        return unbroken(&format!("it is released when its process ends, so end that process: {words}"));
    };
    if there != id {
        return unbroken(&format!("it has another id: {words}"));
    }
    let mut free = LockNote::new(None);
    free.state = LockState::Free;
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
