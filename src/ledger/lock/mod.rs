//! The lock of a ledger. A file is locked by the operating system and is free when its process ends. An object in a store
//! is locked by a note in it: renewed while the run goes on, expired some minutes after it was last renewed.

use std::fmt;
use std::fs::{self, File, OpenOptions};
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
use super::place::Found;
use super::place::{Local, Place, Put, Version, io};

#[cfg(feature = "remote-state")]
mod keeper;
mod user;

pub use user::user;

/// Format of the note that this version writes.
const FORMAT: u32 = 1;
/// How long a note in an object store counts after it was last renewed.
pub const LEASE: Duration = Duration::from_secs(5 * 60);

/// How to lock.
pub struct Wish<'a> {
    /// How long to wait for somebody else's lock; zero refuses at once.
    pub wait: Duration,
    /// How long a note in an object store counts, see [`LEASE`].
    pub lease: Duration,
    /// The tasks that renew the note and free it when the [`Lock`] is dropped. Wait for them before the process ends.
    pub keepers: &'a TaskTracker,
    /// Ends the wait. A request to an object store that is on its way is waited for: its lock may be taken, and has to be freed.
    pub stop: &'a CancellationToken,
    /// Hears whom it waits for, and whose expired lock it took over.
    pub told: &'a (dyn Fn(&Told<'_>) + Sync),
}

/// What is told while a lock is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<'a> {
    /// Somebody else has it.
    Waits {
        /// How long it is waited for.
        most: Duration,
        /// What is locked.
        place: &'a str,
        /// Who has it, where, since when.
        holder: &'a str,
    },
    /// Somebody else had it, and was gone.
    TookOver {
        /// Who had it.
        gone: &'a str,
    },
}

impl fmt::Display for Told<'_> {
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
pub struct Lock {
    _held: Held,
    lease: Arc<Lease>,
}

#[derive(Debug)]
enum Held {
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
pub(super) struct Lease {
    place: String,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Nothing for a file, whose lock cannot get lost.
    expires: Option<Timestamp>,
    /// For how long it was taken.
    lease: Duration,
    lost: Option<String>,
}

/// What stands in the lock.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    format: u32,
    state: Hold,
    /// Of this lock, for as long as one run holds it.
    id: String,
    /// Of this write, so that no two notes are the same.
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
enum Hold {
    Held,
    Free,
}

/// How a lock is, for people who look after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Nobody has it.
    Nobody,
    /// Somebody has it.
    Run {
        /// Id of the lock.
        id: String,
        /// Who, where, since when.
        words: String,
        /// The run has not renewed it in time and is taken for gone.
        expired: bool,
    },
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The machine that this process runs on, for messages and records.
pub fn host() -> String {
    fs::read_to_string("/etc/hostname")
        .ok()
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .or_else(|| variable("HOSTNAME"))
        .unwrap_or_else(|| "this machine".to_owned())
}

impl Note {
    fn new(lease: Option<Duration>) -> Self {
        let now = Timestamp::now();
        let mut note = Self {
            format: FORMAT,
            state: Hold::Held,
            id: uuid::Uuid::new_v4().to_string(),
            write: String::new(),
            owner: user(),
            host: host(),
            pid: std::process::id(),
            since: whole_seconds(now),
            renewed: None,
            expires: None,
        };
        if let Some(lease) = lease {
            note.renew(lease);
        }
        note
    }

    fn renew(&mut self, lease: Duration) {
        let now = Timestamp::now();
        self.renewed = Some(now);
        self.expires = SignedDuration::try_from(lease).ok().and_then(|lease| now.checked_add(lease).ok());
    }

    /// As it is written, each time with another id of the write.
    fn bytes(&mut self) -> Vec<u8> {
        self.write = uuid::Uuid::new_v4().to_string();
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    fn expired(&self) -> bool {
        self.expires.is_some_and(|expires| expires <= Timestamp::now())
    }

    /// Who, where, since when; and how much longer, where it ends by itself.
    fn words(&self) -> String {
        let mut words = format!(
            "{} on {} has had it since {}, for {} (process {}, lock {})",
            self.owner,
            self.host,
            self.since,
            ago(self.since),
            self.pid,
            self.id
        );
        if let Some((renewed, expires)) = self.renewed.zip(self.expires) {
            let end = whole_seconds(expires);
            words.push_str(&match self.expired() {
                true => {
                    format!("; last renewed {} ago, expired since {end}: that run is gone", ago(renewed))
                }
                false => format!("; last renewed {} ago, expires {end} unless renewed", ago(renewed)),
            });
        }
        words
    }

    fn holder(&self) -> Holder {
        match self.state {
            Hold::Free => Holder::Nobody,
            Hold::Held => Holder::Run { id: self.id.clone(), words: self.words(), expired: self.expired() },
        }
    }
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// `3 s`, `12 min`, `5 h`.
fn ago(time: Timestamp) -> String {
    let seconds = Timestamp::now().duration_since(time).as_secs().max(0);
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

impl Lock {
    pub(super) fn lease(&self) -> Arc<Lease> {
        Arc::clone(&self.lease)
    }
}

impl Lease {
    fn new(place: String, expires: Option<Timestamp>, lease: Duration) -> Arc<Self> {
        Arc::new(Self { place, state: Mutex::new(State { expires, lease, lost: None }) })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic elsewhere leaves whole values here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this run may still rely on its lock. The last quarter of a lease that was not renewed counts as lost: clocks
    /// differ, and a request takes its time.
    pub(super) fn check(&self) -> Result<(), LedgerError> {
        let state = self.state();
        let lost = |why: String| Err(LedgerError::LockLost { place: self.place.clone(), why });
        if let Some(why) = &state.lost {
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

/// Takes the lock, waits for it, or says who has it.
pub(super) async fn take(place: &Arc<Place>, wish: &Wish<'_>) -> Result<Lock, LedgerError> {
    let began = std::time::Instant::now();
    let mut pause = Duration::from_millis(100);
    let mut waits = false;
    loop {
        let taken = match &**place {
            Place::Local(local) => in_file(local, place),
            #[cfg(feature = "remote-state")]
            Place::Remote(_) => keeper::in_object(place, wish).await,
        };
        let locked = match taken {
            Err(locked @ LedgerError::Locked { .. }) => locked,
            other => return other,
        };
        let left = wish.wait.saturating_sub(began.elapsed());
        if left.is_zero() || wish.stop.is_cancelled() {
            return Err(locked);
        }
        if let (LedgerError::Locked { place, holder, .. }, false) = (&locked, waits) {
            (wish.told)(&Told::Waits { most: left, place, holder });
            waits = true;
        }
        tokio::select! {
            () = wish.stop.cancelled() => return Err(locked),
            () = tokio::time::sleep(pause.min(left)) => {}
        }
        pause = (pause * 2).min(Duration::from_secs(3));
    }
}

/// The lock of the operating system on a file beside the ledger, with a note in it.
fn in_file(local: &Local, place: &Place) -> Result<Lock, LedgerError> {
    local.folder()?;
    let path = local.path(&place.sibling("lock"));
    let mut file = open(&path).map_err(io("open the lock", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            let holder =
                note_in(&mut file).map_or_else(|| "another run has its lock".to_owned(), |n| n.words());
            return Err(LedgerError::Locked { place: place.shown(place.name()), holder, breakable: None });
        }
        Err(fs::TryLockError::Error(source)) => return Err(io("lock", &path)(source)),
    }
    let bytes = Note::new(None).bytes();
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(&bytes))
        .map_err(io("write the lock", &path))?;
    let lease = Lease::new(place.shown(place.name()), None, LEASE);
    Ok(Lock { _held: Held::File { _locked: file }, lease })
}

fn open(path: &std::path::Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn note_in(file: &mut File) -> Option<Note> {
    let mut text = String::new();
    // An unreadable note only makes the message poorer.
    file.take(65_536).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Who has the lock, and the version of the note for whoever wants to break it.
pub(super) async fn look(place: &Place) -> Result<(Holder, Option<Version>), LedgerError> {
    let name = place.sibling("lock");
    match place {
        Place::Local(local) => Ok((holder_of(&local.path(&name))?, None)),
        #[cfg(feature = "remote-state")]
        Place::Remote(_) => match place.read(&name).await? {
            None => Ok((Holder::Nobody, None)),
            Some(found) => Ok((note(place, &found)?.holder(), Some(found.version))),
        },
    }
}

/// Who has the lock of a file: the system knows whether anybody does, the note says who.
fn holder_of(path: &std::path::Path) -> Result<Holder, LedgerError> {
    let mut file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Holder::Nobody),
        Err(error) => return Err(io("open the lock", path)(error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Holder::Nobody),
        Err(fs::TryLockError::WouldBlock) => {
            let words = "another run has its lock".to_owned();
            let unnamed = Holder::Run { id: String::new(), words, expired: false };
            Ok(note_in(&mut file).map_or(unnamed, |note| note.holder()))
        }
        Err(fs::TryLockError::Error(source)) => Err(io("look at the lock", path)(source)),
    }
}

/// Frees a lock whose run is gone. It is named by its id, so that nobody breaks another one by mistake.
pub(super) async fn free(place: &Place, id: &str) -> Result<String, LedgerError> {
    let unbroken =
        |why: &str| Err(LedgerError::Unbroken { place: place.shown(place.name()), why: why.to_owned() });
    let (holder, version) = look(place).await?;
    let Holder::Run { id: there, words, .. } = holder else { return unbroken("nobody has it") };
    let Some(version) = version else {
        return unbroken(&format!("it goes with its process, so end that process: {words}"));
    };
    if there != id {
        return unbroken(&format!("it has another id: {words}"));
    }
    let mut free = Note::new(None);
    free.state = Hold::Free;
    match place.replace(&place.sibling("lock"), free.bytes(), &version).await? {
        Put::Done(_) => Ok(words),
        Put::Lost => unbroken("it changed while it was looked at, so its run is not gone"),
    }
}

/// Reads the note in an object. One that cannot be read is never overwritten: it may be a newer telform's.
#[cfg(feature = "remote-state")]
fn note(place: &Place, found: &Found) -> Result<Note, LedgerError> {
    let name = place.sibling("lock");
    let damaged = |why: String| LedgerError::LockDamaged { place: place.shown(&name), why };
    let value: serde_json::Value =
        serde_json::from_slice(&found.bytes).map_err(|error| damaged(error.to_string()))?;
    let format = value.get("format").and_then(serde_json::Value::as_u64);
    if let Some(found) = format.filter(|format| *format > u64::from(FORMAT)) {
        return Err(LedgerError::Newer { place: place.shown(&name), found });
    }
    serde_json::from_value(value).map_err(|error| damaged(error.to_string()))
}
