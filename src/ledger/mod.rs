//! The ledger: evidence that the services do not keep for us. Ids of what we created or adopted, sealed fingerprints of
//! write-only secrets, connections we made, values that wait for a human. Never the truth: it can be lost and rebuilt, and
//! without it telform says *unknown* instead of guessing.

use std::collections::{BTreeMap, BTreeSet};

use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::resource::{Address, Desired};
use crate::value::{Packed, Value};

mod accounts;
mod digest;
mod error;
mod fingerprint;
mod head;
mod lock;
mod place;
mod rekey;
mod store;
mod text;
mod watched;

pub use accounts::{Followed, LeftBehind, Login};
pub use digest::{Digest, digest_of};
pub use error::LedgerError;
pub use fingerprint::{Key, KeyError, Sealed};
pub use head::Head;
pub use lock::{Holder, LEASE, Lock, Told, Wish, host, user};
#[cfg(feature = "remote-state")]
pub use place::Remote;
pub use place::{Found, Growing, Local, Place, Put, Version};
pub use rekey::{CarriedOver, Lost, LostBecause, Supplied};
pub use store::Store;
pub use text::{Rewritten, rewritten};
pub use watched::Watched;

/// The format that this version writes. A newer one is an error: an older telform must not lose what it does not know.
pub const FORMAT: u32 = 1;

/// The whole ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// See [`FORMAT`].
    pub format: u32,
    /// Made once, so that two ledgers are never taken for each other.
    pub id: String,
    /// Rises by one with each save.
    pub serial: u64,
    /// Another one with each save: two saves with the same serial are told apart, and a save whose answer was lost is known
    /// again.
    #[serde(default)]
    pub write: String,
    /// Tells whether the fingerprints were made with the key at hand, see [`Key::check`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_check: Option<String>,
    /// The services that the entries belong to.
    #[serde(default)]
    pub accounts: BTreeMap<String, AccountEntry>,
    /// Objects by address.
    #[serde(default)]
    pub objects: BTreeMap<Address, Entry>,
    /// Creates of objects that stay invisible until a human confirms them, and of objects that take the place of another,
    /// from before the request until its end is known. One that stands here was cut off. Where nobody can look, the object may
    /// exist (carrierx.md 7.1); otherwise the next plan settles it by reading.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attempts: BTreeMap<Address, Attempt>,
    /// Creates that got no answer. Their natural keys are watched: until the account's `settle_after` has passed none of them is
    /// sent again, and what shows up later under one of them is named (unpod.md 5.4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<Watched>,
    /// Numbers that were cut to be connected elsewhere, from before the disconnect until the connect is done. One that stands
    /// here was left dark by a run that was cut off or failed: the next plan connects it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub moves: BTreeSet<MadeConnection>,
    /// Connections that telform made.
    #[serde(default)]
    pub connections: BTreeSet<MadeConnection>,
    /// What was deleted under a tombstone that stands in the YAML since: by its identity it can be shown to be gone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gone: BTreeMap<Address, Gone>,
    /// Where the journal beside it ended at the last save: a journal that ends before that was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<Head>,
    /// What was followed since it was loaded and is not saved yet: see [`Ledger::follow`].
    #[serde(skip)]
    pub followed: Vec<Followed>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            format: FORMAT,
            id: String::new(),
            serial: 0,
            write: String::new(),
            key_check: None,
            accounts: BTreeMap::new(),
            objects: BTreeMap::new(),
            attempts: BTreeMap::new(),
            watched: Vec::new(),
            moves: BTreeSet::new(),
            connections: BTreeSet::new(),
            gone: BTreeMap::new(),
            journal: None,
            followed: Vec::new(),
        }
    }
}

/// What an account was when the ledger last saw it; another organization or base URL makes the ledger foreign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// Word of the service.
    pub api: String,
    /// Base URL.
    pub base_url: String,
    /// Organization, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_handle: Option<String>,
}

impl std::fmt::Display for AccountEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.api, self.base_url)?;
        self.org_handle.as_ref().map_or(Ok(()), |org| write!(f, " ({org})"))
    }
}

/// What is left of an object that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gone {
    /// Account that held it.
    pub account: String,
    /// Its identity.
    pub id: String,
}

/// How telform came to manage an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It made the object.
    Created,
    /// The object was there before.
    Adopted,
}

/// Fields of a natural key with their values. There is an entry for each object, so this is one stretch of memory.
pub type NaturalKey = LiteMap<SmolStr, Packed>;

/// A natural key as it was sent, as the ledger keeps it.
pub fn natural_key(sent: &BTreeMap<String, Value>) -> NaturalKey {
    sent.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// One managed object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Account that holds it.
    pub account: String,
    /// Its identity at the service (slug for a bridge).
    pub id: String,
    /// How it came here.
    pub origin: Origin,
    /// When (RFC 3339, UTC).
    pub since: String,
    /// Natural key as it was last seen, for people and for messages about an object that is gone.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub key: NaturalKey,
    /// Sealed fingerprints of the write-only secrets that telform wrote.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub secrets: LiteMap<String, Sealed>,
    /// Write-only secrets that telform wrote and whose fingerprints went with a key that is lost.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unreadable: BTreeSet<String>,
    /// Values that telform submitted and that stay invisible until a human confirms them.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub submitted: LiteMap<String, Submitted>,
    /// Values that the service did not keep as they were sent: seen again, the pair is reported and not sent again.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub reshaped: LiteMap<String, Reshaped>,
    /// Values that the service did not take: it showed what was there before. While it does and the configuration stays, the
    /// difference is reported and not sent again by itself.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub not_taken: LiteMap<String, Untaken>,
    /// Digests of the managed attributes as they were when a run last left nothing to do, so that a change from outside can
    /// be told from one of the configuration.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub seen: LiteMap<SmolStr, Digest>,
    /// The object itself is invisible until a human confirms it; RFC 3339 time since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_since: Option<String>,
    /// Objects that this one took the place of and that are not deleted yet: a replacement that was cut off goes on here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub former: BTreeSet<String>,
    /// All objects that this one took the place of: an `id:` in the YAML that pins one of them means this one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub replaced: BTreeSet<String>,
    /// `lifecycle.prevent_delete` as last applied: deleting the YAML entry does not unprotect the object.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_delete: bool,
    /// Objects of other accounts that this one took the place of and that are not deleted yet: a move that was cut off goes on
    /// here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub left_behind: BTreeSet<LeftBehind>,
    /// Name that its account had when its secrets were sealed, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_as: Option<String>,
}

/// A value that waits for a human.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submitted {
    /// Digest of the canonical value.
    pub digest: Digest,
    /// Since when (RFC 3339, UTC).
    pub since: String,
}

/// What was sent and what the service made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reshaped {
    /// The value that was sent.
    pub sent: Mark,
    /// The value that came back.
    pub observed: Mark,
}

/// What was sent and what the service went on to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Untaken {
    /// The value that was sent.
    pub sent: Mark,
    /// The value that was there before, and after.
    pub observed: Mark,
    /// Id of the run that sent it.
    pub run: String,
}

/// Enough of a value to know it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Mark {
    /// Digest of a canonical value.
    Value(Digest),
    /// Seal of a secret that the service gives back.
    Secret(Sealed),
}

impl Mark {
    /// Whether only the key of the fingerprints can tell what it stands for.
    pub fn is_sealed(&self) -> bool {
        matches!(self, Self::Secret(_))
    }
}

/// A create whose end is not known yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Account.
    pub account: String,
    /// Natural key that was sent.
    #[schemars(with = "BTreeMap<String, Value>")]
    pub key: NaturalKey,
    /// When (RFC 3339, UTC).
    pub since: String,
}

/// A connection that telform made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MadeConnection {
    /// Account.
    pub account: String,
    /// Slug of the bridge.
    pub bridge: String,
    /// E.164.
    pub number: String,
    /// Id of the configuration.
    pub provider: String,
}

impl Ledger {
    /// Takes out an object that is gone. Under a tombstone its identity is kept, so that a later run can look for it.
    pub fn bury(&mut self, address: &Address, desired: &Desired) {
        let Some(entry) = self.objects.remove(address) else { return };
        if desired.removed.iter().any(|gone| gone.address == *address) {
            self.gone.insert(address.clone(), Gone { account: entry.account, id: entry.id });
        }
    }

    /// Forgets what is gone where no tombstone stands any more, or another object has the address.
    pub fn forget_gone(&mut self, desired: &Desired) {
        let stands = |address: &Address| desired.removed.iter().any(|gone| gone.address == *address);
        let objects = &self.objects;
        self.gone.retain(|address, _| stands(address) && !objects.contains_key(address));
    }

    /// Whether it manages anything of an account, or an earlier run of it is not settled.
    pub fn holds(&self, account: &str) -> bool {
        let left = |entry: &Entry| entry.left_behind.iter().any(|left| left.account == account);
        self.objects.values().any(|entry| entry.account == account || left(entry))
            || self.attempts.values().any(|attempt| attempt.account == account)
            || self.moves.iter().any(|open| open.account == account)
    }

    /// A new ledger with an identity of its own.
    pub fn fresh() -> Self {
        Self { id: uuid::Uuid::new_v4().to_string(), ..Self::default() }
    }

    /// Whether the sealed fingerprints can be read with this key. Without that they say nothing, and every write-only
    /// secret is unknown.
    pub fn readable_with(&self, key: &Key) -> bool {
        self.key_check.as_deref().is_none_or(|check| check == key.check())
    }

    /// The configuration that telform connected to a number, if it did.
    pub fn connected(&self, account: &str, bridge: &str, number: &str) -> Option<&str> {
        self.connections
            .iter()
            .find(|made| made.account == account && made.bridge == bridge && made.number == number)
            .map(|made| made.provider.as_str())
    }

    /// Notes a connection, in place of an older one of the same number on the same bridge.
    pub fn note_connected(&mut self, account: &str, bridge: &str, number: &str, provider: &str) {
        self.note_disconnected(account, bridge, number);
        self.connections.insert(MadeConnection {
            account: account.to_owned(),
            bridge: bridge.to_owned(),
            number: number.to_owned(),
            provider: provider.to_owned(),
        });
    }

    /// Notes that a move of a number ended.
    pub fn note_moved(&mut self, account: &str, number: &str) {
        self.moves.retain(|open| !(open.account == account && open.number == number));
    }

    /// Forgets everything that was sealed with a key that is lost: it can never be read again.
    pub fn forget_seals(&mut self) {
        for entry in self.objects.values_mut() {
            // That telform wrote those secrets stays known.
            entry.unreadable.extend(std::mem::take(&mut entry.secrets).into_iter().map(|(name, _)| name));
            entry.forget_sealed_marks();
        }
    }

    /// Forgets a connection.
    pub fn note_disconnected(&mut self, account: &str, bridge: &str, number: &str) {
        self.connections
            .retain(|made| !(made.account == account && made.bridge == bridge && made.number == number));
    }

    /// Whether some entry of this object says `prevent_delete`, under whatever address.
    pub fn protects(&self, account: &str, kind: &str, id: &str) -> bool {
        self.objects.iter().any(|(address, entry)| {
            entry.prevent_delete && address.kind == kind && entry.account == account && entry.id == id
        })
    }

    /// Enters an object and an open create under another address. Where that address is taken, what stands there stays.
    pub fn rename(&mut self, from: &Address, to: &Address) {
        if let Some(entry) = self.objects.remove(from) {
            self.objects.entry(to.clone()).or_insert(entry);
        }
        if let Some(attempt) = self.attempts.remove(from) {
            self.attempts.entry(to.clone()).or_insert(attempt);
        }
        for create in self.watched.iter_mut().filter(|create| create.address == *from) {
            create.address = to.clone();
        }
    }

    /// Address of the entry with this identity.
    pub fn address_of(&self, account: &str, kind: &str, id: &str) -> Option<&Address> {
        self.objects
            .iter()
            .find(|(address, entry)| address.kind == kind && entry.account == account && entry.id == id)
            .map(|(address, _)| address)
    }
}
