//! The ledger at its place: loaded, saved only over what was loaded, locked, and the key that is never kept with it where
//! others come.

use std::sync::{Arc, Mutex, PoisonError};

use super::lock::{self, Holder, Lease, Lock, Wish};
use super::place::{Local, Place, Put, Version};
use super::text::doubled_key;
use super::{FORMAT, Key, Ledger, LedgerError, Login, rewritten};
use crate::value::Value;

/// A ledger and what stands beside it.
#[derive(Debug)]
pub struct Store {
    place: Arc<Place>,
    /// The file that the key stands beside, where the ledger is no file.
    keys: Option<Local>,
    /// What was there when it was last loaded or saved; a save replaces that and nothing else.
    seen: Mutex<Option<Version>>,
    /// Of the lock that this run took.
    lease: Mutex<Option<Arc<Lease>>>,
}

impl Store {
    /// A ledger at a path or at the address of an object store.
    pub fn at(place: &str) -> Result<Self, LedgerError> {
        Ok(Self::over(Place::at(place)?))
    }

    /// A ledger at a place that is known already.
    pub fn over(place: Place) -> Self {
        let keys = match &place {
            Place::Local(_) => None,
            #[cfg(feature = "remote-state")]
            Place::Remote(_) => Some(Local::for_key_of(&key_name(&place.shown(place.name())))),
        };
        Self { place: Arc::new(place), keys, seen: Mutex::new(None), lease: Mutex::new(None) }
    }

    /// Where it is kept, for other records beside it.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Where it is kept, as messages name it.
    pub fn shown(&self) -> String {
        self.place.shown(self.place.name())
    }

    /// Whether others share the place, so that the key is somewhere else.
    pub fn is_shared(&self) -> bool {
        self.keys.is_some()
    }

    /// Reads the ledger; `None` when there is none yet.
    pub async fn load(&self) -> Result<Option<Ledger>, LedgerError> {
        let found = self.place.read(self.place.name()).await?;
        let Some(found) = found else {
            self.saw(None);
            return Ok(None);
        };
        if let Some(rewritten) = rewritten(&found.bytes) {
            let place = self.shown();
            return Err(LedgerError::Rewritten { help: rewritten.help(&place), place, why: rewritten.why });
        }
        let ledger = read(&found.bytes).map_err(|fault| match fault {
            Fault::Doubled(key) => LedgerError::Rewritten {
                place: self.shown(),
                why: format!("`{}` stands in it twice, as after a merge by hand", crate::text::escape(&key)),
                help: "remove the older of the two, or restore the file from version control".to_owned(),
            },
            Fault::Newer(found) => LedgerError::Newer { place: self.shown(), found },
            Fault::Damaged(why) => LedgerError::Damaged { place: self.shown(), why },
        })?;
        self.saw(Some(found.version));
        Ok(Some(ledger))
    }

    /// Saves the ledger in place of the one that was loaded or saved last, or where there was none; raises the serial. When
    /// something else is there by now, that stays.
    pub async fn save(&self, ledger: &mut Ledger) -> Result<(), LedgerError> {
        self.check_lock()?;
        ledger.serial += 1;
        ledger.write = uuid::Uuid::new_v4().to_string();
        let mut bytes = serde_json::to_vec_pretty(ledger)
            .map_err(|error| LedgerError::Damaged { place: self.shown(), why: error.to_string() })?;
        bytes.push(b'\n');
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let name = self.place.name();
        let put = match seen {
            Some(version) => self.place.replace(name, bytes, &version).await?,
            None => self.place.create(name, bytes).await?,
        };
        match put {
            Put::Done(version) => {
                self.saw(Some(version));
                Ok(())
            }
            Put::Lost => Err(LedgerError::Changed { place: self.shown() }),
        }
    }

    fn saw(&self, version: Option<Version>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = version;
    }

    /// Keeps what is there, readable or not, under another name beside it, so that the next save may take its place. Says how
    /// the copy is called, or `None` when nothing is there.
    pub async fn set_aside(&self, suffix: &str) -> Result<Option<String>, LedgerError> {
        let Some(found) = self.place.read(self.place.name()).await? else { return Ok(None) };
        // One that was kept in the same second is kept too.
        for count in 1..100 {
            let again = if count == 1 { String::new() } else { format!("-{count}") };
            let name = format!("{}.{suffix}{again}", self.place.name());
            if let Put::Done(_) = self.place.create(&name, found.bytes.clone()).await? {
                self.saw(Some(found.version));
                return Ok(Some(self.place.shown(&name)));
            }
        }
        Err(LedgerError::Changed { place: self.shown() })
    }

    /// Takes the lock of this ledger, or says who has it. While it is held, saves look whether it still is.
    pub async fn lock(&self, wish: &Wish<'_>) -> Result<Lock, LedgerError> {
        let lock = lock::take(&self.place, wish).await?;
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock.lease());
        Ok(lock)
    }

    /// An error when this run took the lock and cannot rely on it any more.
    pub fn check_lock(&self) -> Result<(), LedgerError> {
        let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner).clone();
        lease.map_or(Ok(()), |lease| lease.check())
    }

    /// Who has the lock.
    pub async fn holder(&self) -> Result<Holder, LedgerError> {
        Ok(lock::look(&self.place).await?.0)
    }

    /// Frees the lock with this id and says whose it was.
    pub async fn unlock(&self, id: &str) -> Result<String, LedgerError> {
        lock::free(&self.place, id).await
    }

    /// The fingerprint key: the given text (from `TELFORM_FINGERPRINT_KEY`), else the key file on this machine. `None` when
    /// there is neither.
    pub fn key(&self, given: Option<&str>) -> Result<Option<Key>, LedgerError> {
        if let Some(text) = given.filter(|text| !text.is_empty()) {
            return Ok(Some(Key::from_text(text)?));
        }
        self.key_file().map_or(Ok(None), Local::key)
    }

    /// Makes a key file with mode 0600 on this machine; an existing one is never touched.
    pub fn make_key(&self) -> Result<Key, LedgerError> {
        match self.key_file() {
            Some(local) => local.make_key(),
            None => Ok(Key::from_text(&Key::generate_text())?),
        }
    }

    /// The key file as messages name it.
    pub fn key_shown(&self) -> String {
        self.key_file().map(|local| local.key_path().display().to_string()).unwrap_or_default()
    }

    pub(super) fn key_file(&self) -> Option<&Local> {
        match &*self.place {
            Place::Local(local) => Some(local),
            #[cfg(feature = "remote-state")]
            Place::Remote(_) => self.keys.as_ref(),
        }
    }

    /// Refuses a ledger that holds something of another service or organization. One that only saw it and holds nothing of it,
    /// as after a mistyped handle, is not bound to it. It has followed these accounts already.
    pub fn check_accounts(&self, ledger: &Ledger, logins: &[Login]) -> Result<(), LedgerError> {
        for login in logins {
            let names = [&login.name].into_iter().chain(&login.named);
            let known = names.filter_map(|name| Some((name, ledger.accounts.get(name)?)));
            if let Some((name, was)) =
                known.into_iter().find(|(name, was)| **was != login.is && ledger.holds(name))
            {
                return Err(LedgerError::Foreign {
                    place: self.shown(),
                    account: name.clone(),
                    was: was.to_string(),
                    is: login.is.to_string(),
                    rehost: (was.api == login.is.api && was.org_handle == login.is.org_handle)
                        .then(|| was.base_url.clone()),
                });
            }
        }
        Ok(())
    }
}

/// `s3-bucket-team-ledger-1a2b3c4d` for `s3://bucket/team/ledger.json`: to be read by people, and unlike every other.
#[cfg(feature = "remote-state")]
fn key_name(address: &str) -> String {
    use crate::text::hex;
    use sha2::{Digest, Sha256};
    let plain = address.strip_suffix(".json").unwrap_or(address);
    let words: Vec<&str> =
        plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let readable: String = words.join("-").chars().take(80).collect();
    format!("{readable}-{}", hex(&Sha256::digest(address.as_bytes())[..4]))
}

/// Why a text is no ledger that can be used.
enum Fault {
    /// It has a later format, by its number.
    Newer(u64),
    /// A key stands twice in one of its maps: which of the two a reader takes is chance.
    Doubled(String),
    Damaged(String),
}

/// Reads a ledger. Only where it is none is it looked at again, for its format: a later one may be of another shape.
fn read(bytes: &[u8]) -> Result<Ledger, Fault> {
    let text = str::from_utf8(bytes).map_err(|error| Fault::Damaged(error.to_string()))?;
    if text.trim().is_empty() {
        return Err(Fault::Damaged("it is empty".to_owned()));
    }
    if let Some(key) = doubled_key(text) {
        return Err(Fault::Doubled(key));
    }
    let why = match serde_json::from_str::<Ledger>(text) {
        Ok(ledger) if ledger.format == 0 => {
            return Err(Fault::Damaged("it says format 0, which no telform wrote".to_owned()));
        }
        Ok(ledger) if ledger.format <= FORMAT => return Ok(ledger),
        Ok(ledger) => return Err(Fault::Newer(u64::from(ledger.format))),
        Err(error) => error.to_string(),
    };
    let value: Value = serde_json::from_str(text).map_err(|error| Fault::Damaged(error.to_string()))?;
    if value.as_object().is_some_and(serde_json::Map::is_empty) {
        return Err(Fault::Damaged(
            "it is an empty object, and holds nothing that a ledger holds".to_owned(),
        ));
    }
    match value.get("format").and_then(Value::as_u64) {
        Some(0) => Err(Fault::Damaged("it says format 0, which no telform wrote".to_owned())),
        Some(format) if format > u64::from(FORMAT) => Err(Fault::Newer(format)),
        Some(_) => Err(Fault::Damaged(why)),
        None => Err(Fault::Damaged("it has no format number".to_owned())),
    }
}
