//! The ledger as a local file: atomic saves, a lock beside it, and the key file that only its owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{AccountEntry, FORMAT, Key, KeyError, Ledger};

/// Largest ledger that is read: far above 100,000 objects, far below what hurts.
const LIMIT: u64 = 256 * 1024 * 1024;

/// A ledger file and what stands beside it.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
}

/// Why a ledger cannot be used. None of these ever overwrites it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Reading or writing failed.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no ledger, or only a part of one.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A newer telform wrote it.
    #[error("{} has format {found}; this telform knows formats up to {FORMAT}", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// It belongs to another service or organization.
    #[error("{} belongs to another account: {account} was {was} and is {is}", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// Name of the account.
        account: String,
        /// What the ledger says.
        was: String,
        /// What the configuration says.
        is: String,
    },
    /// Somebody else is applying.
    #[error("{} is in use: {holder}", path.display())]
    Locked {
        /// Which file.
        path: PathBuf,
        /// Who, where, since when.
        holder: String,
    },
    /// The key file may be read by others.
    #[error("{} may be read by others (mode {mode:o})", path.display())]
    OpenKey {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The key is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A place that this version cannot keep a ledger in.
    #[error("`{0}` is not a place for a ledger that this version knows")]
    Place(String),
}

impl LedgerError {
    /// The way out.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Io { .. } => {
                "check that the folder exists and that you may write to it, or name another place with --ledger"
            }
            Self::Damaged { .. } => {
                "restore it from a backup; or let `telform ledger rebuild --replace` keep it aside and make a new one from the YAML and the services"
            }
            Self::Newer { .. } => "use the telform version that wrote it, or a newer one",
            Self::Foreign { .. } => {
                "name the ledger of this account with --ledger; a ledger is never used for another account"
            }
            Self::Locked { .. } => "wait for that run to end; the lock goes with its process",
            Self::OpenKey { .. } => {
                "chmod 600 the file; if others may have read it, delete it: secrets are then unknown until they are written again"
            }
            Self::Key(_) => "set TELFORM_FINGERPRINT_KEY to a longer text, or unset it to use the key file",
            Self::Place(_) => "give a file path; object stores come in a later version",
        }
    }
}

/// Who holds a lock.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    user: String,
    host: String,
    pid: u32,
    since: String,
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Store {
    /// A ledger at a path. An object store URL is not known yet.
    pub fn at(place: &str) -> Result<Self, LedgerError> {
        if place.contains("://") || place.is_empty() {
            return Err(LedgerError::Place(place.to_owned()));
        }
        // Writing beside a link would replace the link: follow it first.
        let path = PathBuf::from(place);
        Ok(Self { path: fs::canonicalize(&path).unwrap_or(path) })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn beside(&self, extension: &str) -> PathBuf {
        self.path.with_extension(extension)
    }

    pub(super) fn io(&self, what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> LedgerError {
        let path = path.to_owned();
        move |source| LedgerError::Io { what, path, source }
    }

    /// Reads the ledger; `None` when there is none yet.
    pub fn load(&self) -> Result<Option<Ledger>, LedgerError> {
        let text = match read_bounded(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(LedgerError::Io { what: "read the ledger", path: self.path.clone(), source });
            }
        };
        let damaged = |why: String| LedgerError::Damaged { path: self.path.clone(), why };
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let format = value
            .get("format")
            .and_then(serde_json::Value::as_u64)
            .ok_or_else(|| damaged("it has no format number".to_owned()))?;
        if format > u64::from(FORMAT) {
            return Err(LedgerError::Newer { path: self.path.clone(), found: format });
        }
        serde_json::from_value(value).map(Some).map_err(|error| damaged(error.to_string()))
    }

    /// Saves the ledger: a new file in the same folder, synced, put in place of the old one, folder synced. Raises the serial.
    pub fn save(&self, ledger: &mut Ledger) -> Result<(), LedgerError> {
        let folder = self.folder()?;
        ledger.serial += 1;
        let text = serde_json::to_string_pretty(ledger)
            .map_err(|error| LedgerError::Damaged { path: self.path.clone(), why: error.to_string() })?;
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".ledger").tempfile_in(&folder)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            file.persist(&self.path)?;
            File::open(&folder)?.sync_all()
        };
        write().map_err(self.io("write the ledger", &self.path))
    }

    /// The folder of the ledger, made when it is missing, with a note to git that keeps keys and locks out.
    fn folder(&self) -> Result<PathBuf, LedgerError> {
        let folder = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if !folder.exists() {
            fs::create_dir_all(&folder).map_err(self.io("make the folder", &folder))?;
            self.ignore(&folder)?;
        }
        Ok(folder)
    }

    /// Keeps key and lock out of version control: they stand in a `.gitignore` beside them.
    fn ignore(&self, folder: &Path) -> Result<(), LedgerError> {
        let path = folder.join(".gitignore");
        let known = fs::read_to_string(&path).unwrap_or_default();
        let known_line = |name: &str| known.lines().any(|line| line.trim() == name);
        let missing: Vec<&str> = ["*.key", "*.lock"].into_iter().filter(|name| !known_line(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let gap = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
        fs::write(&path, format!("{known}{gap}{}\n", missing.join("\n"))).map_err(self.io("write", &path))
    }

    /// Takes the lock of this ledger, or says who has it.
    pub fn lock(&self, now: &str) -> Result<Lock, LedgerError> {
        self.folder()?;
        let path = self.beside("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(self.io("open the lock", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let mut text = String::new();
                // An unreadable note only makes the message poorer.
                let _ = file.read_to_string(&mut text);
                let holder = serde_json::from_str::<Holder>(&text).map_or_else(
                    |_| "another run holds its lock".to_owned(),
                    |holder| {
                        format!(
                            "{} on {} has been applying since {} (process {})",
                            holder.user, holder.host, holder.since, holder.pid
                        )
                    },
                );
                return Err(LedgerError::Locked { path: self.path.clone(), holder });
            }
            Err(fs::TryLockError::Error(source)) => {
                return Err(LedgerError::Io { what: "lock", path, source });
            }
        }
        let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let holder = Holder {
            user: variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "somebody".to_owned()),
            host: fs::read_to_string("/etc/hostname")
                .map_or_else(|_| "this machine".to_owned(), |name| name.trim().to_owned()),
            pid: std::process::id(),
            since: now.to_owned(),
        };
        let text = serde_json::to_string(&holder).unwrap_or_default();
        file.set_len(0)
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(self.io("write the lock", &path))?;
        Ok(Lock { _file: file })
    }

    /// The fingerprint key: the given text (from `TELFORM_FINGERPRINT_KEY`), else the key file beside the ledger. `None` when
    /// there is neither.
    pub fn key(&self, given: Option<&str>) -> Result<Option<Key>, LedgerError> {
        if let Some(text) = given.filter(|text| !text.is_empty()) {
            return Ok(Some(Key::from_text(text)?));
        }
        let path = self.beside("key");
        match read_bounded(&path) {
            Ok(text) => {
                private(&path)?;
                Ok(Some(Key::from_text(&text)?))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(LedgerError::Io { what: "read the key file", path, source }),
        }
    }

    /// Makes a key file with mode 0600; an existing one is never touched.
    pub fn make_key(&self) -> Result<Key, LedgerError> {
        let folder = self.folder()?;
        self.ignore(&folder)?;
        let path = self.beside("key");
        let text = Key::generate_text();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(self.io("make the key file", &path))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(self.io("write the key file", &path))?;
        Ok(Key::from_text(&text)?)
    }

    /// Refuses a ledger that was made for another service or organization.
    pub fn check_accounts<'a>(
        &self,
        ledger: &Ledger,
        accounts: impl Iterator<Item = (&'a str, AccountEntry)>,
    ) -> Result<(), LedgerError> {
        let text = |entry: &AccountEntry| {
            format!(
                "{} at {}{}",
                entry.api,
                entry.base_url,
                entry.org_handle.as_ref().map(|org| format!(" ({org})")).unwrap_or_default()
            )
        };
        for (name, is) in accounts {
            if let Some(was) = ledger.accounts.get(name).filter(|was| **was != is) {
                return Err(LedgerError::Foreign {
                    path: self.path.clone(),
                    account: name.to_owned(),
                    was: text(was),
                    is: text(&is),
                });
            }
        }
        Ok(())
    }
}

pub(super) fn read_bounded(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(LIMIT + 1).read_to_string(&mut text)?;
    if read as u64 > LIMIT {
        return Err(std::io::Error::other("it is larger than 256 MiB"));
    }
    Ok(text)
}

#[cfg(unix)]
pub(super) fn private(path: &Path) -> Result<(), LedgerError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map(|data| data.permissions().mode() & 0o777).unwrap_or(0o600);
    if mode & 0o077 != 0 {
        return Err(LedgerError::OpenKey { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn private(_: &Path) -> Result<(), LedgerError> {
    Ok(())
}
