//! The ledger: evidence that the services do not keep for us. Ids of objects we created or adopted, sealed fingerprints of
//! write-only secrets, connections we made, values that wait for a human. It is never the source of truth: it can be lost
//! and rebuilt, and without it telform reports *unknown* instead of guessing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::model::resource::{Address, Desired};
use crate::model::value::{CompactValue, Value};

mod accounts;
mod digest;
mod fingerprint;
mod head;
mod unanswered;

pub use accounts::{AbandonedObject, AccountEntry, ConfiguredAccount, FollowedAccount};
pub use digest::{Digest, digest_of};
pub use fingerprint::{FingerprintKey, FingerprintKeyError, SealedFingerprint};
pub use head::{JournalHead, LedgerSave};
pub use unanswered::UnansweredCreate;

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
    /// New with each save: two saves with the same serial can be distinguished, and a save whose answer was lost is
    /// recognised.
    #[serde(default)]
    pub write: String,
    /// When it was saved for the first time; absent in a ledger that was never saved and in one written by an early version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// When it was saved last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<String>,
    /// Shows whether the fingerprints were made with the current key, see [`FingerprintKey::key_check`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_check: Option<String>,
    /// The services that the entries belong to.
    #[serde(default)]
    pub accounts: BTreeMap<String, AccountEntry>,
    /// Owners of the tokens that the accounts were read with, by account, as far as the services report them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub owners: BTreeMap<String, String>,
    /// Objects by address.
    #[serde(default)]
    pub objects: BTreeMap<Address, ManagedObject>,
    /// Creates of objects that stay invisible until a human confirms them, and of objects that replace another, from before
    /// the request until its outcome is known. An entry left here was interrupted. Where the object cannot be looked up, it
    /// may exist (carrierx.md 7.1); otherwise the next plan settles it by reading.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attempts: BTreeMap<Address, PendingCreate>,
    /// Creates that got no answer. Their natural keys are watched: until the account's `settle_after` has passed none of them is
    /// sent again, and an object that appears later under one of them is named (unpod.md 5.4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<UnansweredCreate>,
    /// Numbers that were disconnected to be connected elsewhere, from before the disconnect until the connect is done. A
    /// number left here was left dark by a run that was interrupted or failed: the next plan connects it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub moves: BTreeSet<CreatedConnection>,
    /// Connections that telform made.
    #[serde(default)]
    pub connections: BTreeSet<CreatedConnection>,
    /// What was deleted under a tombstone that has been in the YAML since: its identity makes it possible to show
    /// that the object no longer exists.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gone: BTreeMap<Address, DeletedObject>,
    /// Where the journal beside it ended at the last save: a journal that ends earlier was truncated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<JournalHead>,
    /// Account changes followed since loading and not saved yet: see [`Ledger::follow_accounts`].
    #[serde(skip)]
    pub followed: Vec<FollowedAccount>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            format: FORMAT,
            id: String::new(),
            serial: 0,
            write: String::new(),
            made: None,
            saved: None,
            key_check: None,
            accounts: BTreeMap::new(),
            owners: BTreeMap::new(),
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

/// What is kept of a deleted object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeletedObject {
    /// Account that held it.
    pub account: String,
    /// Its identity.
    pub id: String,
}

/// How telform came to manage an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectOrigin {
    /// It created the object.
    Created,
    /// The object was there before.
    Adopted,
}

/// Fields of a natural key with their values. Each object has an entry, so this is one contiguous allocation.
pub type NaturalKey = LiteMap<SmolStr, CompactValue>;

/// A natural key as it was sent, as the ledger keeps it.
pub fn natural_key<'a>(sent: impl IntoIterator<Item = (&'a String, &'a Value)>) -> NaturalKey {
    sent.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// One managed object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedObject {
    /// Account that holds it.
    pub account: String,
    /// Its identity at the service (slug for a bridge).
    pub id: String,
    /// How it became managed.
    pub origin: ObjectOrigin,
    /// When (RFC 3339, UTC).
    pub since: String,
    /// Natural key as it was last seen, for people and for messages about an object that no longer exists.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub key: NaturalKey,
    /// Sealed fingerprints of the write-only secrets that telform wrote.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub secrets: LiteMap<String, SealedFingerprint>,
    /// Write-only secrets that telform wrote and whose fingerprints were lost with their key.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unreadable: BTreeSet<String>,
    /// Values that telform submitted and that stay invisible until a human confirms them.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub submitted: LiteMap<String, SubmittedValue>,
    /// Values that the service did not keep as they were sent: when the pair is seen again, it is reported and not sent again.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub reshaped: LiteMap<String, ReshapedValue>,
    /// Values that the service did not accept: it showed the earlier value. As long as it does and the configuration does
    /// not change, the difference is reported and not sent again automatically.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub not_taken: LiteMap<String, UntakenValue>,
    /// Digests of the managed attributes as they were when a run last left nothing to do, so that a change from outside can
    /// be distinguished from a change of the configuration.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub seen: LiteMap<SmolStr, Digest>,
    /// The object itself is invisible until a human confirms it; RFC 3339 time since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_since: Option<String>,
    /// Objects that this one replaced and that are not deleted yet: an interrupted replacement continues here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub former: BTreeSet<String>,
    /// All objects that this one replaced: an `id:` in the YAML that pins one of them means this one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub replaced: BTreeSet<String>,
    /// `lifecycle.prevent_delete` as last applied: deleting the YAML entry does not unprotect the object.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_delete: bool,
    /// Objects of other accounts that this one replaced and that are not deleted yet: an interrupted move continues here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub left_behind: BTreeSet<AbandonedObject>,
    /// Name that its account had when its secrets were sealed, where it differs from the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_as: Option<String>,
}

/// A value that waits for a human.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmittedValue {
    /// Digest of the canonical value.
    pub digest: Digest,
    /// Since when (RFC 3339, UTC).
    pub since: String,
}

/// What was sent and what the service stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReshapedValue {
    /// The value that was sent.
    pub sent: ValueIdentity,
    /// The value that was returned.
    pub observed: ValueIdentity,
}

/// What was sent and what the service continued to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UntakenValue {
    /// The value that was sent.
    pub sent: ValueIdentity,
    /// The value that was there before, and after.
    pub observed: ValueIdentity,
    /// Id of the run that sent it.
    pub run: String,
}

/// Enough of a value to recognise it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ValueIdentity {
    /// Digest of a canonical value.
    Value(Digest),
    /// Seal of a secret that the service returns.
    Secret(SealedFingerprint),
}

impl ValueIdentity {
    /// Whether its value can be recognised only with the key of the fingerprints.
    pub fn is_sealed(&self) -> bool {
        matches!(self, Self::Secret(_))
    }
}

/// A create whose outcome the ledger does not hold yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PendingCreate {
    /// Account.
    pub account: String,
    /// Natural key that was sent.
    #[schemars(with = "BTreeMap<String, Value>")]
    pub key: NaturalKey,
    /// When (RFC 3339, UTC).
    pub since: String,
    /// The id that its answer had, where the journal has it and no ledger was saved after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
}

/// A connection that telform made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatedConnection {
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
    /// Removes an object that no longer exists. Under a tombstone its identity is kept, so that a later run can look for it.
    pub fn remove_deleted(&mut self, address: &Address, desired: &Desired) {
        let Some(entry) = self.objects.remove(address) else { return };
        if desired.removed.iter().any(|gone| gone.address == *address) {
            self.gone.insert(address.clone(), DeletedObject { account: entry.account, id: entry.id });
        }
    }

    /// Forgets deleted objects whose tombstone was removed, or whose address belongs to another object.
    pub fn forget_deleted(&mut self, desired: &Desired) {
        let stands = |address: &Address| desired.removed.iter().any(|gone| gone.address == *address);
        let objects = &self.objects;
        self.gone.retain(|address, _| stands(address) && !objects.contains_key(address));
    }

    /// Whether it manages anything of an account, or an earlier run of the account is not settled.
    pub fn uses_account(&self, account: &str) -> bool {
        let left = |entry: &ManagedObject| entry.left_behind.iter().any(|left| left.account == account);
        self.objects.values().any(|entry| entry.account == account || left(entry))
            || self.attempts.values().any(|attempt| attempt.account == account)
            || self.moves.iter().any(|open| open.account == account)
    }

    /// A new ledger with an identity of its own.
    pub fn with_new_id() -> Self {
        Self { id: uuid::Uuid::new_v4().to_string(), ..Self::default() }
    }

    /// Whether the sealed fingerprints can be read with this key. If not, they say nothing, and every write-only
    /// secret is unknown.
    pub fn readable_with(&self, key: &FingerprintKey) -> bool {
        self.key_check.as_deref().is_none_or(|check| check == key.key_check()) || self.is_chained_by(key)
    }

    /// Whether it says that the journal beside it is chained with this key. The statement cannot be withdrawn without the key.
    pub fn is_chained_by(&self, key: &FingerprintKey) -> bool {
        self.key_check.as_deref().is_some_and(|check| check == key.check_chained())
    }

    /// Records the key of the fingerprints; the statement about the journal is kept.
    pub fn note_key(&mut self, key: &FingerprintKey) {
        if !self.is_chained_by(key) {
            self.key_check = Some(key.key_check());
        }
    }

    /// This save, as the journal remembers it.
    pub fn saved_as(&self) -> LedgerSave {
        LedgerSave { serial: self.serial, write: self.write.clone() }
    }

    /// The configuration that telform connected to a number, if it did.
    pub fn connected_configuration(&self, account: &str, bridge: &str, number: &str) -> Option<&str> {
        self.connections
            .iter()
            .find(|made| made.account == account && made.bridge == bridge && made.number == number)
            .map(|made| made.provider.as_str())
    }

    /// Records a connection, replacing an older one of the same number on the same bridge.
    pub fn note_connected(&mut self, account: &str, bridge: &str, number: &str, provider: &str) {
        self.note_disconnected(account, bridge, number);
        self.connections.insert(CreatedConnection {
            account: account.to_owned(),
            bridge: bridge.to_owned(),
            number: number.to_owned(),
            provider: provider.to_owned(),
        });
    }

    /// Records that the move of a number ended.
    pub fn note_moved(&mut self, account: &str, number: &str) {
        self.moves.retain(|open| !(open.account == account && open.number == number));
    }

    /// An address means the object again that its present one replaced and that still exists; the present one is to be deleted.
    pub fn reverse_replacement(&mut self, address: &Address, old: &str, key: NaturalKey) {
        let Some(entry) = self.objects.get_mut(address).filter(|entry| entry.former.contains(old)) else { return };
        let new = std::mem::replace(&mut entry.id, old.to_owned());
        for replaced in [&mut entry.former, &mut entry.replaced] {
            replaced.remove(old);
            replaced.insert(new.clone());
        }
        (entry.origin, entry.key) = (ObjectOrigin::Adopted, key);
        // Of the new object.
        (entry.secrets, entry.unreadable, entry.submitted) = Default::default();
        (entry.reshaped, entry.not_taken, entry.seen) = Default::default();
    }

    /// Forgets everything that was sealed with a key that is lost: it can never be read again.
    pub fn forget_seals(&mut self) {
        for entry in self.objects.values_mut() {
            // The fact that telform wrote those secrets is kept.
            entry.unreadable.extend(std::mem::take(&mut entry.secrets).into_iter().map(|(name, _)| name));
            entry.forget_sealed_marks();
        }
    }

    /// Forgets a connection.
    pub fn note_disconnected(&mut self, account: &str, bridge: &str, number: &str) {
        self.connections.retain(|made| !(made.account == account && made.bridge == bridge && made.number == number));
    }

    /// Whether some entry of this object says `prevent_delete`, under whatever address.
    pub fn is_delete_protected(&self, account: &str, kind: &str, id: &str) -> bool {
        self.objects
            .iter()
            .any(|(address, entry)| entry.prevent_delete && address.kind == kind && entry.account == account && entry.id == id)
    }

    /// The addresses of all objects by account, kind and id: for looking up many.
    pub fn addresses_by_identity(&self) -> HashMap<(&str, &str, &str), &Address> {
        let mut addresses = HashMap::with_capacity(self.objects.len());
        for (address, entry) in &self.objects {
            addresses.entry((entry.account.as_str(), address.kind.as_str(), entry.id.as_str())).or_insert(address);
        }
        addresses
    }

    /// Moves an object and an open create to another address. Where that address is taken, its entry is kept.
    pub fn rename_object(&mut self, from: &Address, to: &Address) {
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
