//! The content of a lock: who holds it, where, since when, and what is known about the store.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

#[cfg(feature = "remote-state")]
use super::lease::is_expired;
use super::user::{ci_run, host_name, user_name};

/// Format of the note that this version writes.
pub(super) const FORMAT: u32 = 1;

/// The content of the lock.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LockNote {
    pub(super) format: u32,
    pub(super) state: LockState,
    /// Id of this lock, for as long as one run holds it.
    pub(super) id: String,
    /// Id of this write, so that no two notes are equal.
    pub(super) write: String,
    pub(super) owner: String,
    pub(super) host: String,
    pub(super) pid: u32,
    /// The CI run, as a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ci: Option<String>,
    /// This and the next two are by the clock of the holder's machine: only their differences count.
    pub(super) since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renewed: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
    /// What a probe found about the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) probe: Option<StoreProbe>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LockState {
    Held,
    Free,
}

/// What a probe found: whether the store refuses a conditional write whose condition does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoreProbe {
    /// The server's address and the name of its program.
    pub(super) store: String,
    /// Version of telform that probed.
    pub(super) telform: String,
    /// Why it gives no lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<String>,
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

impl LockHolder {
    /// Whether a run holds it and renews it.
    pub fn is_alive(&self) -> bool {
        matches!(self, Self::Run { expired: false, .. })
    }
}

impl LockNote {
    pub(super) fn new(lease: Option<Duration>) -> Self {
        let mut note = Self {
            format: FORMAT,
            state: LockState::Held,
            id: uuid::Uuid::new_v4().to_string(),
            write: String::new(),
            owner: user_name(),
            host: host_name(),
            pid: std::process::id(),
            ci: ci_run(),
            since: whole_seconds(Timestamp::now()),
            renewed: None,
            expires: None,
            probe: None,
        };
        if let Some(lease) = lease {
            note.renew_for(lease);
        }
        note
    }

    pub(super) fn renew_for(&mut self, lease: Duration) {
        let now = Timestamp::now();
        self.renewed = Some(now);
        self.expires = SignedDuration::try_from(lease).ok().and_then(|lease| now.checked_add(lease).ok());
    }

    /// The written form, each time with a new id of the write.
    pub(super) fn next_bytes(&mut self) -> Vec<u8> {
        self.write = uuid::Uuid::new_v4().to_string();
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// How long it is valid after it was written; none for a file.
    #[cfg(feature = "remote-state")]
    pub(super) fn lease(&self) -> Option<Duration> {
        let (renewed, expires) = self.renewed.zip(self.expires)?;
        Some(Duration::try_from(expires.duration_since(renewed)).unwrap_or_default())
    }

    /// Whether it expired, this long after it was written by the store's clock. Without such a clock nobody can tell.
    #[cfg(feature = "remote-state")]
    pub(super) fn is_expired(&self, age: Option<SignedDuration>) -> bool {
        let age = age.and_then(|age| Duration::try_from(age).ok());
        age.zip(self.lease()).is_some_and(|(age, lease)| is_expired(age, lease))
    }

    /// Who, where, since when.
    fn describe_owner(&self, held_for: Option<SignedDuration>) -> String {
        let ci = self.ci.as_ref().map_or_else(String::new, |ci| format!(", CI run {ci}"));
        let held = held_for.map_or_else(String::new, |held| format!(", for {}", format_length(held)));
        let Self { owner, host, since, pid, id, .. } = self;
        format!("{owner} on {host} has held it since {since}{held} (process {pid}, lock {id}{ci})")
    }

    /// The same of a file, whose holder has the clock of this machine.
    pub(super) fn describe_holder_here(&self) -> String {
        self.describe_owner(Some(Timestamp::now().duration_since(self.since)))
    }

    /// The same, and for how much longer, where it expires: it was written this long ago by the store's clock.
    #[cfg(feature = "remote-state")]
    pub(super) fn describe_holder(&self, age: Option<SignedDuration>) -> String {
        let Some((renewed, lease)) = self.renewed.zip(self.lease()) else { return self.describe_owner(None) };
        let lease_end = SignedDuration::try_from(lease).unwrap_or_default();
        let Some(age) = age.map(|age| age.max(SignedDuration::ZERO)) else {
            let words = self.describe_owner(None);
            let lease = format_length(lease_end);
            return format!("{words}; the store does not say when it was renewed, and it expires {lease} after that");
        };
        let words = self.describe_owner(Some(renewed.duration_since(self.since) + age));
        let ago = format_length(age);
        if self.is_expired(Some(age)) {
            return format!("{words}; last renewed {ago} ago, expired for {}: that run is dead", format_length(age - lease_end));
        }
        let left = (lease_end - age).max(SignedDuration::ZERO);
        format!("{words}; last renewed {ago} ago, expires in {} unless renewed", format_length(left))
    }
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// `3 s`, `12 min`, `5 h`.
fn format_length(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
