//! A new key for the fingerprints. A fingerprint is useless without its key and cannot be converted to another key, so only
//! those whose secret is available and matches are carried over; the others are lost with the old key.
//!
//! The order keeps a key for the ledger at every moment: the new key is on disk beside the old one, then the ledger is saved,
//! then the new key takes the old one's place. After an interruption, the next command finds whichever key reads the ledger.

use std::io::ErrorKind;
use std::path::Path;

use super::state_store::{LocalStore, io_error, key_of};
use super::{LedgerError, LedgerStore};
use crate::disk;
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::model::resource::Address;
use crate::model::value::Secret;

/// What is available of a secret that the ledger has a fingerprint of.
#[derive(Debug, Clone)]
pub enum SuppliedSecret {
    /// The configuration has no such secret.
    NotDeclared,
    /// Its source returned nothing.
    Nothing,
    /// The secret.
    Secret(Secret),
}

/// The fate of the fingerprints.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RekeyResult {
    /// Fingerprints that the ledger has under the new key.
    pub carried: Vec<(Address, String)>,
    /// Fingerprints that it no longer has.
    pub lost: Vec<LostFingerprint>,
}

/// A fingerprint that could not be carried over: its secret is now unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostFingerprint {
    /// Object that holds the secret.
    pub address: Address,
    /// Which attribute.
    pub attribute: String,
    /// Why.
    pub reason: LossReason,
}

/// Why a fingerprint could not be carried over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossReason {
    /// See [`SuppliedSecret::NotDeclared`].
    NotDeclared,
    /// See [`SuppliedSecret::Nothing`].
    NotSupplied,
    /// The available secret is not the one that was last written.
    Changed,
    /// The old key is lost.
    KeyLost,
}

impl LossReason {
    /// Why, for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::NotDeclared => "not in the configuration",
            Self::NotSupplied => "not supplied",
            Self::Changed => "differs from what was last written: write it with --rewrite-secret",
            Self::KeyLost => "its fingerprint was lost with the key: write it again with --rewrite-secret",
        }
    }

    /// Why, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotDeclared => "not_declared",
            Self::NotSupplied => "not_supplied",
            Self::Changed => "changed",
            Self::KeyLost => "key_lost",
        }
    }
}

impl Ledger {
    /// Seals every fingerprint again with the new key, as far as its secret is available and matches under the old key.
    pub fn reseal_fingerprints(
        &mut self,
        old: &FingerprintKey,
        new: &FingerprintKey,
        supplied: &dyn Fn(&Address, &str, &FingerprintKey) -> SuppliedSecret,
    ) -> RekeyResult {
        let mut report = RekeyResult::default();
        for (address, entry) in &mut self.objects {
            entry.forget_sealed_marks();
            for (attribute, sealed) in std::mem::take(&mut entry.secrets) {
                let seal = |key: &FingerprintKey, secret: &Secret| {
                    let print = key.fingerprint_secret(&address.kind, &attribute, secret);
                    key.seal_fingerprint(entry.seal_account(), &entry.id, &attribute, &print)
                };
                let because = match supplied(address, &attribute, old) {
                    SuppliedSecret::Secret(secret) if seal(old, &secret) == sealed => {
                        // The substitute of a secret in the sandbox may depend on the key.
                        let again = match supplied(address, &attribute, new) {
                            SuppliedSecret::Secret(secret) => seal(new, &secret),
                            SuppliedSecret::Nothing | SuppliedSecret::NotDeclared => seal(new, &secret),
                        };
                        report.carried.push((address.clone(), attribute.clone()));
                        entry.secrets.insert(attribute, again);
                        continue;
                    }
                    SuppliedSecret::Secret(_) => LossReason::Changed,
                    SuppliedSecret::Nothing => LossReason::NotSupplied,
                    SuppliedSecret::NotDeclared => LossReason::NotDeclared,
                };
                entry.unreadable.insert(attribute.clone());
                report.lost.push(LostFingerprint { address: address.clone(), attribute, reason: because });
            }
        }
        self.key_check = Some(new.key_check());
        report
    }
}

impl Ledger {
    /// Continues with a new key where the old one is lost: no fingerprint can be carried over, and the fact that telform
    /// wrote those secrets is kept.
    pub fn rekey_without(&mut self, new: &FingerprintKey) -> RekeyResult {
        let lost = self.objects.iter().flat_map(|(address, entry)| {
            let one = move |attribute: &String| LostFingerprint {
                address: address.clone(),
                attribute: attribute.clone(),
                reason: LossReason::KeyLost,
            };
            entry.secrets.keys().map(one)
        });
        let report = RekeyResult { carried: Vec::new(), lost: lost.collect() };
        self.forget_seals();
        self.key_check = Some(new.key_check());
        report
    }
}

impl LocalStore {
    /// Where a new key waits until the ledger is saved; the same rule keeps it out of version control.
    fn waiting_key_name(&self) -> String {
        self.key_name("new.key")
    }

    /// Stores a new key beside the old one, as pending. A key left from a change that did not reach the ledger is replaced.
    pub(super) fn stage_key(&self, text: &str) -> Result<(), LedgerError> {
        self.put_key(&self.waiting_key_name(), text, true)
    }

    /// Replaces the old key with the pending one. The old key is not kept.
    pub(super) fn promote_key(&self) -> Result<(), LedgerError> {
        self.rename_key(&self.waiting_key_name(), &self.key_name("key"))
            .map_err(io_error("put the new key in the place of", &self.key_path()))
    }

    /// Deletes the key file, when the key now comes from elsewhere.
    pub(super) fn drop_key(&self) -> Result<(), LedgerError> {
        self.remove_mac_note()?;
        self.remove(&self.key_name("key")).map_err(io_error("remove the old key file", &self.key_path()))
    }

    /// The file that records that the journal has MACs: beside the key, and like it out of version control.
    fn mac_note_name(&self) -> String {
        self.key_name("mac.key")
    }

    fn remove_mac_note(&self) -> Result<(), LedgerError> {
        match self.remove(&self.mac_note_name()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(io_error("remove", &self.path_of(&self.mac_note_name()))(error))
            }
            _ => Ok(()),
        }
    }

    /// The key that reads the ledger: the current one, or the pending one because a change was interrupted after the ledger
    /// was saved. `finish` completes that change.
    pub(super) fn settled_key(&self, ledger: &Ledger, key: FingerprintKey, finish: bool) -> Result<FingerprintKey, LedgerError> {
        if ledger.readable_with(&key) || !self.has_file(&self.waiting_key_name()) {
            return Ok(key);
        }
        let Some(text) = self.key_in(&self.waiting_key_name())? else { return Ok(key) };
        let waiting = FingerprintKey::from_text(&text)?;
        if !ledger.readable_with(&waiting) {
            return Ok(key);
        }
        if finish {
            self.promote_key()?;
        }
        Ok(waiting)
    }
}

impl LedgerStore {
    /// Reads a key from a file that the user named and that only its owner may read.
    pub fn key_from(&self, path: &Path) -> Result<(FingerprintKey, String), LedgerError> {
        let text = key_of(disk::open_closed(path).map_err(io_error("read the key file", path))?, path)?;
        Ok((FingerprintKey::from_text(&text)?, text))
    }

    /// See [`Local::stage_key`].
    pub fn stage_key(&self, text: &str) -> Result<(), LedgerError> {
        self.key_file().map_or(Ok(()), |keys| keys.stage_key(text))
    }

    /// See [`Local::promote_key`].
    pub fn promote_key(&self) -> Result<(), LedgerError> {
        self.key_file().map_or(Ok(()), LocalStore::promote_key)
    }

    /// See [`Local::drop_key`].
    pub fn drop_key(&self) -> Result<(), LedgerError> {
        self.key_file().map_or(Ok(()), LocalStore::drop_key)
    }

    /// Whether a file beside the key file records that the journal has MACs of this key. Someone who has only the ledger and the
    /// journal cannot withdraw that.
    pub fn has_mac_note(&self, key: &FingerprintKey) -> Result<bool, LedgerError> {
        let said = self.key_file().map_or(Ok(None), |keys| keys.key_in(&keys.mac_note_name()))?;
        Ok(said.is_some_and(|said| said == key.local_key_check()))
    }

    /// Keeps that.
    pub fn write_mac_note(&self, key: &FingerprintKey) -> Result<(), LedgerError> {
        match self.key_file() {
            Some(keys) if keys.has_file(&keys.key_name("key")) && !self.has_mac_note(key)? => {
                keys.put_key(&keys.mac_note_name(), &key.local_key_check(), true)
            }
            _ => Ok(()),
        }
    }

    /// Starts again: nothing is known about the journal.
    pub fn unsay_chained(&self) -> Result<(), LedgerError> {
        self.key_file().map_or(Ok(()), LocalStore::remove_mac_note)
    }

    /// See [`Local::settled_key`].
    pub fn settled_key(&self, ledger: &Ledger, key: FingerprintKey, finish: bool) -> Result<FingerprintKey, LedgerError> {
        match self.key_file() {
            Some(keys) => keys.settled_key(ledger, key, finish),
            None => Ok(key),
        }
    }
}
