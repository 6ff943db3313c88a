//! A new key for the fingerprints. A fingerprint says nothing without its key and cannot be turned into one of another key,
//! so only those are carried over whose secret is at hand and fits; what is known about the others ends with the old key.
//!
//! The order keeps a key for the ledger at every moment: the new key is on disk beside the old one, then the ledger is saved,
//! then the new key takes the old one's place. Cut off in between, the next command finds whichever key reads the ledger.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::place::{Local, io, private, read_bounded};
use super::{Key, Ledger, LedgerError, Store};
use crate::resource::Address;
use crate::value::Secret;

/// What is at hand of a secret that the ledger has a fingerprint of.
#[derive(Debug, Clone)]
pub enum Supplied {
    /// The configuration has no such secret.
    NotDeclared,
    /// Its source gave nothing.
    Nothing,
    /// The secret.
    Secret(Secret),
}

/// What became of the fingerprints.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct CarriedOver {
    /// Those that the ledger has under the new key.
    pub carried: Vec<(Address, String)>,
    /// Those that it has no more.
    pub lost: Vec<Lost>,
}

/// A fingerprint that could not be carried over: its secret is unknown from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Object that holds the secret.
    pub address: Address,
    /// Which attribute.
    pub attribute: String,
    /// Why.
    pub because: LostBecause,
}

/// Why a fingerprint could not be carried over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostBecause {
    /// See [`Supplied::NotDeclared`].
    NotDeclared,
    /// See [`Supplied::Nothing`].
    NotSupplied,
    /// The secret at hand is not the one that was last written.
    Changed,
    /// The old key is lost.
    KeyLost,
}

impl LostBecause {
    /// Why, for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::NotDeclared => "not in the configuration",
            Self::NotSupplied => "not supplied",
            Self::Changed => "another one than was last written: write it with --rewrite-secret",
            Self::KeyLost => {
                "its fingerprint went with the lost key: write it once more with --rewrite-secret"
            }
        }
    }

    /// Why, for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotDeclared => "not_declared",
            Self::NotSupplied => "not_supplied",
            Self::Changed => "changed",
            Self::KeyLost => "key_lost",
        }
    }
}

impl Ledger {
    /// Seals every fingerprint again with the new key, as far as its secret is at hand and the old key says that it fits.
    pub fn rekey(
        &mut self,
        old: &Key,
        new: &Key,
        supplied: &dyn Fn(&Address, &str, &Key) -> Supplied,
    ) -> CarriedOver {
        let mut report = CarriedOver::default();
        for (address, entry) in &mut self.objects {
            entry.forget_sealed_marks();
            for (attribute, sealed) in std::mem::take(&mut entry.secrets) {
                let seal = |key: &Key, secret: &Secret| {
                    let print = key.fingerprint(&address.kind, &attribute, secret);
                    key.seal(entry.seal_account(), &entry.id, &attribute, &print)
                };
                let because = match supplied(address, &attribute, old) {
                    Supplied::Secret(secret) if seal(old, &secret) == sealed => {
                        // What stands in for a secret in the sandbox may depend on the key.
                        let again = match supplied(address, &attribute, new) {
                            Supplied::Secret(secret) => seal(new, &secret),
                            Supplied::Nothing | Supplied::NotDeclared => seal(new, &secret),
                        };
                        report.carried.push((address.clone(), attribute.clone()));
                        entry.secrets.insert(attribute, again);
                        continue;
                    }
                    Supplied::Secret(_) => LostBecause::Changed,
                    Supplied::Nothing => LostBecause::NotSupplied,
                    Supplied::NotDeclared => LostBecause::NotDeclared,
                };
                entry.unreadable.insert(attribute.clone());
                report.lost.push(Lost { address: address.clone(), attribute, because });
            }
        }
        self.key_check = Some(new.check());
        report
    }
}

impl Ledger {
    /// Goes on with a new key where the old one is lost: no fingerprint can be carried over, and that telform wrote those
    /// secrets stays known.
    pub fn rekey_without(&mut self, new: &Key) -> CarriedOver {
        let lost = self.objects.iter().flat_map(|(address, entry)| {
            let one = move |attribute: &String| Lost {
                address: address.clone(),
                attribute: attribute.clone(),
                because: LostBecause::KeyLost,
            };
            entry.secrets.keys().map(one)
        });
        let report = CarriedOver { carried: Vec::new(), lost: lost.collect() };
        self.forget_seals();
        self.key_check = Some(new.check());
        report
    }
}

impl Local {
    /// Where a new key waits until the ledger is saved; what keeps keys out of version control keeps it out too.
    fn waiting(&self) -> PathBuf {
        self.key_path().with_extension("new.key")
    }

    /// Reads a key from a file that only its owner may read.
    pub(super) fn key_from(path: &Path) -> Result<(Key, String), LedgerError> {
        let read =
            read_bounded(path).and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other));
        // The reason may quote what was read.
        let text = read.map_err(|error| io("read the key file", path)(error.kind().into()))?;
        private(path)?;
        Ok((Key::from_text(&text)?, text.trim().to_owned()))
    }

    /// Puts a new key beside the old one, to wait. One that is left from a change that did not reach the ledger is replaced.
    pub(super) fn stage_key(&self, text: &str) -> Result<(), LedgerError> {
        // A ledger elsewhere has no folder on a machine that never made a key for it.
        self.folder()?;
        self.ignore()?;
        let path = self.waiting();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io("replace", &path)(error));
            }
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let write = || -> std::io::Result<()> {
            let mut file = options.open(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            self.sync_folder()
        };
        write().map_err(io("write the key file", &path))
    }

    /// Puts the key that waits in the place of the old one, of which nothing is kept.
    pub(super) fn promote_key(&self) -> Result<(), LedgerError> {
        let path = self.key_path();
        let put = || -> std::io::Result<()> {
            fs::rename(self.waiting(), &path)?;
            self.sync_folder()
        };
        put().map_err(io("put the new key in the place of", &path))
    }

    /// Takes the key file away, when the key comes from elsewhere from now on.
    pub(super) fn drop_key(&self) -> Result<(), LedgerError> {
        let path = self.key_path();
        let take = || -> std::io::Result<()> {
            fs::remove_file(&path)?;
            self.sync_folder()
        };
        take().map_err(io("remove the old key file", &path))
    }

    /// The key that reads the ledger: the one at hand, or the one that waits because a change was cut off after the ledger was
    /// saved. `finish` ends that change.
    pub(super) fn settled_key(&self, ledger: &Ledger, key: Key, finish: bool) -> Result<Key, LedgerError> {
        if ledger.readable_with(&key) || !self.waiting().exists() {
            return Ok(key);
        }
        let (waiting, _) = Self::key_from(&self.waiting())?;
        if !ledger.readable_with(&waiting) {
            return Ok(key);
        }
        if finish {
            self.promote_key()?;
        }
        Ok(waiting)
    }

    fn sync_folder(&self) -> std::io::Result<()> {
        let path = self.key_path();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Store {
    /// Reads a key from a file that only its owner may read.
    pub fn key_from(&self, path: &Path) -> Result<(Key, String), LedgerError> {
        Local::key_from(path)
    }

    /// See [`Local::stage_key`].
    pub fn stage_key(&self, text: &str) -> Result<(), LedgerError> {
        self.key_file().map_or(Ok(()), |keys| keys.stage_key(text))
    }

    /// See [`Local::promote_key`].
    pub fn promote_key(&self) -> Result<(), LedgerError> {
        self.key_file().map_or(Ok(()), Local::promote_key)
    }

    /// See [`Local::drop_key`].
    pub fn drop_key(&self) -> Result<(), LedgerError> {
        self.key_file().map_or(Ok(()), Local::drop_key)
    }

    /// See [`Local::settled_key`].
    pub fn settled_key(&self, ledger: &Ledger, key: Key, finish: bool) -> Result<Key, LedgerError> {
        match self.key_file() {
            Some(keys) => keys.settled_key(ledger, key, finish),
            None => Ok(key),
        }
    }
}
