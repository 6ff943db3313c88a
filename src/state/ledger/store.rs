//! The ledger at its location: loaded, saved only over what was loaded, locked; and the key, which is never kept with it
//! in a shared location.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::lock::{self, ConditionalWrites, LockHandle, LockHolder, LockLease, LockOptions, ReadAhead};
use super::state_store::{GrowingLog, LocalStore, ObjectVersion, PutOutcome, StateStore, StoredObject};
use super::text::doubled_key;
use super::{LedgerError, find_rewrite};
use crate::model::ledger::{ConfiguredAccount, FORMAT, FingerprintKey, FingerprintKeyError, Ledger, LedgerSave};
use crate::model::value::Value;
use crate::state::json_error::describe_json_error;

/// A ledger and the files beside it.
#[derive(Debug)]
pub struct LedgerStore {
    state_store: Arc<StateStore>,
    /// The file beside which the key is kept, where the ledger is not a file.
    key_store: Option<LocalStore>,
    /// The version that was last loaded or saved; a save replaces that version and no other.
    known_version: Mutex<Option<ObjectVersion>>,
    /// The save of that version.
    last_save: Mutex<Option<LedgerSave>>,
    /// State of the lock that this run took.
    lease: Mutex<Option<Arc<LockLease>>>,
    /// A key of this run that is not kept yet.
    new_key: Mutex<Option<NewKey>>,
}

/// The text of a key file that is not written yet.
struct NewKey(String);

impl std::fmt::Debug for NewKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("NewKey")
    }
}

/// A ledger as it is about to be written.
#[derive(Debug)]
pub struct PreparedSave {
    bytes: Vec<u8>,
    saved: LedgerSave,
}

impl LedgerStore {
    /// A ledger at a path that the user named, or at the address of an object store.
    pub fn from_place_text(place: &str) -> Result<Self, LedgerError> {
        Ok(Self::over_store(StateStore::from_text(place)?))
    }

    /// The same; a path is relative to a folder below which no link is followed.
    pub fn from(place: &str, folder: Option<&Path>) -> Result<Self, LedgerError> {
        Ok(Self::over_store(StateStore::from(place, folder)?))
    }

    /// A ledger at a known location.
    pub fn over_store(place: StateStore) -> Self {
        let keys = match &place {
            StateStore::Local(_) => None,
            #[cfg(feature = "remote-state")]
            StateStore::Remote(_) => Some(LocalStore::for_key_of(&key_name(&place.display_name(place.name())))),
        };
        let (known_version, last_save, lease, new_key) = Default::default();
        Self { state_store: Arc::new(place), key_store: keys, known_version, last_save, lease, new_key }
    }

    /// Where it is kept, for other records beside it.
    pub fn state_store(&self) -> &StateStore {
        &self.state_store
    }

    /// Where it is kept, as messages name it.
    pub fn display_name(&self) -> String {
        self.state_store.display_name(self.state_store.name())
    }

    /// Whether others share the location, so that the key is kept elsewhere.
    pub fn is_shared(&self) -> bool {
        self.key_store.is_some()
    }

    /// Whether a ledger or a journal exists in the folder; no file is opened.
    pub(crate) fn has_files(&self) -> bool {
        match self.state_store() {
            StateStore::Local(local) => {
                local.has_file(self.state_store.name()) || local.has_file(&self.state_store.sibling_name("journal"))
            }
            #[cfg(feature = "remote-state")]
            StateStore::Remote(_) => false,
        }
    }

    /// Reads the ledger; `None` when it does not exist yet.
    pub async fn load(&self) -> Result<Option<Ledger>, LedgerError> {
        self.load_object(self.state_store.read(self.state_store.name()).await?)
    }

    /// The same after the lock was taken: as it was read meanwhile, if it was, and then with the bytes of the journal.
    pub async fn load_ahead(
        &self,
        ahead: Option<ReadAhead>,
    ) -> Result<(Option<Ledger>, Option<(Vec<u8>, GrowingLog)>), LedgerError> {
        match ahead {
            Some(ahead) => Ok((self.load_object(ahead.ledger)?, Some(ahead.journal))),
            None => Ok((self.load().await?, None)),
        }
    }

    fn load_object(&self, found: Option<StoredObject>) -> Result<Option<Ledger>, LedgerError> {
        let Some(found) = found else {
            self.remember_version(None, Some(LedgerSave::default()));
            return Ok(None);
        };
        if let Some(rewritten) = find_rewrite(&found.bytes) {
            let place = self.display_name();
            return Err(LedgerError::Rewritten { help: rewritten.help(&place), place, why: rewritten.reason });
        }
        let ledger = parse_ledger(&found.bytes).map_err(|fault| match fault {
            LedgerTextError::Doubled(key) => LedgerError::Rewritten {
                place: self.display_name(),
                why: format!("`{}` appears in it twice, as after a merge by hand", crate::text::escape(&key)),
                help: "remove the older of the two, or restore the file from version control".to_owned(),
            },
            LedgerTextError::Newer(found) => LedgerError::Newer { place: self.display_name(), found },
            LedgerTextError::Damaged(why) => LedgerError::Damaged { place: self.display_name(), why },
        })?;
        self.remember_version(Some(found.version), Some(ledger.saved_as()));
        Ok(Some(ledger))
    }

    /// Saves the ledger over the version that was last loaded or saved, or as a new file; increases the serial. A version
    /// that was written in between is not overwritten.
    pub async fn save(&self, ledger: &mut Ledger) -> Result<(), LedgerError> {
        let save = self.prepare_save(ledger)?;
        self.put_save(save).await
    }

    /// The first half of a save, which needs the ledger: its next version as it will be written.
    pub fn prepare_save(&self, ledger: &mut Ledger) -> Result<PreparedSave, LedgerError> {
        self.check_lock()?;
        self.keep_new_key()?;
        ledger.serial += 1;
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        if ledger.serial == 1 {
            ledger.made = Some(now.clone());
        }
        ledger.saved = Some(now);
        ledger.write = uuid::Uuid::new_v4().to_string();
        let mut bytes = serde_json::to_vec_pretty(ledger)
            .map_err(|error| LedgerError::Damaged { place: self.display_name(), why: error.to_string() })?;
        bytes.push(b'\n');
        Ok(PreparedSave { bytes, saved: ledger.saved_as() })
    }

    /// The second half, which does not: others may change the ledger meanwhile. One save at a time.
    pub async fn put_save(&self, save: PreparedSave) -> Result<(), LedgerError> {
        let seen = self.known_version.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let name = self.state_store.name();
        let put = match seen {
            Some(version) => self.state_store.replace(name, save.bytes, &version).await?,
            None => self.state_store.create(name, save.bytes).await?,
        };
        match put {
            PutOutcome::Done(version) => {
                self.remember_version(Some(version), Some(save.saved));
                Ok(())
            }
            PutOutcome::Lost => Err(LedgerError::Changed { place: self.display_name() }),
        }
    }

    fn remember_version(&self, version: Option<ObjectVersion>, saved: Option<LedgerSave>) {
        *self.known_version.lock().unwrap_or_else(PoisonError::into_inner) = version;
        *self.last_save.lock().unwrap_or_else(PoisonError::into_inner) = saved;
    }

    /// The current save, as far as this run knows: the one that it last loaded or made. `None` before it read one.
    pub fn last_save(&self) -> Option<LedgerSave> {
        self.last_save.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Renames the present file, readable or not, so that the next save may replace it. Returns the name of the copy, or
    /// `None` when no file exists.
    pub async fn set_aside(&self, suffix: &str) -> Result<Option<String>, LedgerError> {
        let Some(found) = self.state_store.read(self.state_store.name()).await? else { return Ok(None) };
        // A copy made in the same second is kept too.
        for count in 1..100 {
            let again = if count == 1 { String::new() } else { format!("-{count}") };
            let name = format!("{}.{suffix}{again}", self.state_store.name());
            if let PutOutcome::Done(_) = self.state_store.create(&name, found.bytes.clone()).await? {
                self.remember_version(Some(found.version), self.last_save());
                return Ok(Some(self.state_store.display_name(&name)));
            }
        }
        Err(LedgerError::Changed { place: self.display_name() })
    }

    /// Takes the lock of this ledger, or reports its holder. While it is held, saves check that it still is.
    pub async fn lock(&self, wish: &LockOptions<'_>) -> Result<LockHandle, LedgerError> {
        let lock = lock::acquire_lock(&self.state_store, wish).await?;
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock.lease());
        Ok(lock)
    }

    /// An error when this run took the lock and can no longer rely on it.
    pub fn check_lock(&self) -> Result<(), LedgerError> {
        let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner).clone();
        lease.map_or(Ok(()), |lease| lease.check_held())
    }

    /// Whether a run holds the lock and renews it, as far as that can be read.
    pub async fn is_locked(&self) -> bool {
        self.lock_holder().await.is_ok_and(|holder| holder.is_alive())
    }

    /// Who has the lock, and whether the store gives one.
    pub async fn lock_report(&self) -> Result<(LockHolder, ConditionalWrites), LedgerError> {
        let report = lock::inspect_lock(&self.state_store).await?;
        Ok((report.holder, report.conditions))
    }

    /// Who has the lock.
    pub async fn lock_holder(&self) -> Result<LockHolder, LedgerError> {
        Ok(self.lock_report().await?.0)
    }

    /// Frees the lock with this id and returns its holder.
    pub async fn unlock(&self, id: &str) -> Result<String, LedgerError> {
        lock::break_lock(&self.state_store, id).await
    }

    /// The fingerprint key: the given text (from `TELFORM_FINGERPRINT_KEY`), else the key file on this machine. `None` when
    /// neither exists.
    pub fn fingerprint_key(&self, given: Option<&str>) -> Result<Option<FingerprintKey>, LedgerError> {
        self.key_of(given, FingerprintKey::from_text)
    }

    /// The same for a key that is to be replaced: it may be weak.
    pub fn old_key(&self, given: Option<&str>) -> Result<Option<FingerprintKey>, LedgerError> {
        self.key_of(given, FingerprintKey::from_possibly_weak)
    }

    fn key_of(
        &self,
        given: Option<&str>,
        parse: impl Fn(&str) -> Result<FingerprintKey, FingerprintKeyError>,
    ) -> Result<Option<FingerprintKey>, LedgerError> {
        if let Some(text) = given.filter(|text| !text.is_empty()) {
            return Ok(Some(parse(text)?));
        }
        let kept = self.key_file().map_or(Ok(None), LocalStore::read_key_text)?;
        kept.map(|text| parse(&text)).transpose().map_err(LedgerError::KeyFile)
    }

    /// Makes a key. It is kept by the first write of the ledger or the journal, or by a saved plan: another run leaves none behind.
    pub fn make_key(&self) -> Result<FingerprintKey, LedgerError> {
        let text = FingerprintKey::generate_text();
        let key = FingerprintKey::from_text(&text)?;
        *self.new_key.lock().unwrap_or_else(PoisonError::into_inner) = Some(NewKey(text));
        Ok(key)
    }

    /// Keeps a key that was made, in a file with mode 0600 on this machine; an existing one is never touched.
    pub fn keep_new_key(&self) -> Result<(), LedgerError> {
        let mut new = self.new_key.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(NewKey(text)), Some(local)) = (&*new, self.key_file()) {
            local.keep_key(text)?;
        }
        *new = None;
        Ok(())
    }

    /// The key file as messages name it.
    pub fn key_shown(&self) -> String {
        self.key_file().map(|local| local.key_path().display().to_string()).unwrap_or_default()
    }

    pub(super) fn key_file(&self) -> Option<&LocalStore> {
        match &*self.state_store {
            StateStore::Local(local) => Some(local),
            #[cfg(feature = "remote-state")]
            StateStore::Remote(_) => self.key_store.as_ref(),
        }
    }

    /// Refuses a ledger that holds something of another service or organization. A ledger that only saw it and holds nothing
    /// of it, as after a mistyped handle, is not bound to it. Renamed accounts must already have been followed.
    pub fn check_accounts(&self, ledger: &Ledger, logins: &[ConfiguredAccount]) -> Result<(), LedgerError> {
        for login in logins {
            let names = [&login.name].into_iter().chain(&login.previous_names);
            let known = names.filter_map(|name| Some((name, ledger.accounts.get(name)?)));
            if let Some((name, was)) = known.into_iter().find(|(name, was)| **was != login.entry && ledger.uses_account(name)) {
                return Err(LedgerError::Foreign {
                    place: self.display_name(),
                    account: name.clone(),
                    was: was.to_string(),
                    is: login.entry.to_string(),
                    rehost: (was.api == login.entry.api && was.organization == login.entry.organization)
                        .then(|| was.base_url.clone()),
                });
            }
        }
        Ok(())
    }
}

/// `s3-bucket-team-ledger-1a2b3c4d` for `s3://bucket/team/ledger.json`: readable for people, and unique.
#[cfg(feature = "remote-state")]
fn key_name(address: &str) -> String {
    use crate::text::to_hex;
    use sha2::{Digest, Sha256};
    let plain = address.strip_suffix(".json").unwrap_or(address);
    let words: Vec<&str> = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let readable: String = words.join("-").chars().take(80).collect();
    format!("{readable}-{}", to_hex(&Sha256::digest(address.as_bytes())[..4]))
}

/// Why a text is not a usable ledger.
enum LedgerTextError {
    /// It has a later format, by its number.
    Newer(u64),
    /// A key appears twice in one of its maps: which of the two a reader uses is arbitrary.
    Doubled(String),
    Damaged(String),
}

/// Reads a ledger. Only if that fails is its format checked: a later format may have a different shape.
fn parse_ledger(bytes: &[u8]) -> Result<Ledger, LedgerTextError> {
    let text = str::from_utf8(bytes).map_err(|error| LedgerTextError::Damaged(error.to_string()))?;
    if text.trim().is_empty() {
        return Err(LedgerTextError::Damaged("it is empty".to_owned()));
    }
    if let Some(key) = doubled_key(text) {
        return Err(LedgerTextError::Doubled(key));
    }
    let why = match serde_json::from_str::<Ledger>(text) {
        Ok(ledger) if ledger.format == 0 => {
            return Err(LedgerTextError::Damaged("it has format 0, which telform never wrote".to_owned()));
        }
        Ok(ledger) if ledger.format <= FORMAT => return Ok(ledger),
        Ok(ledger) => return Err(LedgerTextError::Newer(u64::from(ledger.format))),
        Err(error) => describe_json_error(&error),
    };
    let value: Value = serde_json::from_str(text).map_err(|error| LedgerTextError::Damaged(describe_json_error(&error)))?;
    if value.as_object().is_some_and(serde_json::Map::is_empty) {
        return Err(LedgerTextError::Damaged("it is an empty object without the content of a ledger".to_owned()));
    }
    match value.get("format").and_then(Value::as_u64) {
        Some(0) => Err(LedgerTextError::Damaged("it has format 0, which telform never wrote".to_owned())),
        Some(format) if format > u64::from(FORMAT) => Err(LedgerTextError::Newer(format)),
        Some(_) => Err(LedgerTextError::Damaged(why)),
        None => Err(LedgerTextError::Damaged("it has no format number".to_owned())),
    }
}
