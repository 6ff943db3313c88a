//! Why a ledger cannot be used, and what to do. None of these ever overwrites it.

use std::borrow::Cow;

use crate::disk::{FileRefusal, file_refusal};
use crate::model::ledger::{FORMAT, FingerprintKeyError};

/// Why a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Reading or writing a file failed.
    #[error("cannot {what} {place}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Which file.
        place: String,
        /// Why.
        source: std::io::Error,
    },
    /// An object store refused, or did not answer.
    #[error("cannot {what} {place}: {why}")]
    Remote {
        /// What was tried.
        what: &'static str,
        /// Which object.
        place: String,
        /// Why, in our own words: the store's text may hold what it was sent.
        why: String,
        /// What to do.
        help: Cow<'static, str>,
    },
    /// It is not a ledger, or only a part of one.
    #[error("{place} is damaged: {why}")]
    Damaged {
        /// Which file or object.
        place: String,
        /// Why.
        why: String,
    },
    /// It is not as telform wrote it: version control or an editor rewrote it.
    #[error("{place} was changed after telform wrote it: {why}")]
    Rewritten {
        /// Which file or object.
        place: String,
        /// What was found.
        why: String,
        /// What to do.
        help: String,
    },
    /// The content of the lock cannot be read, so it is not known whether it is held.
    #[error("the lock {place} cannot be read: {why}")]
    LockDamaged {
        /// Which object.
        place: String,
        /// Why.
        why: String,
    },
    /// A newer telform wrote it.
    #[error("{place} has format {found}; this telform knows formats up to {FORMAT}")]
    Newer {
        /// Which file or object.
        place: String,
        /// Its format.
        found: u64,
    },
    /// It belongs to another service or organization.
    #[error("{place} belongs to another account: {account} was {was} and is {is}")]
    Foreign {
        /// Which file or object.
        place: String,
        /// Name of the account.
        account: String,
        /// What the ledger says.
        was: String,
        /// What the configuration says.
        is: String,
        /// Base URL that the ledger has, where only the base URL differs.
        rehost: Option<String>,
    },
    /// Another process wrote it after this run had read it.
    #[error("another process changed {place} after this run read it; nothing was overwritten")]
    Changed {
        /// Which file or object.
        place: String,
    },
    /// Another run has the lock.
    #[error("{place} is in use: {holder}")]
    Locked {
        /// Which file or object.
        place: String,
        /// Who, where, since when.
        holder: String,
        /// Id of a lock that can be broken by its id; the lock of a local file ends with its process.
        breakable: Option<String>,
    },
    /// The object store ignores the conditions of writes, so it gives no lock.
    #[error("the store of {place} gives no lock: {why}. Two runs could hold it at once; nothing else was written")]
    Unconditional {
        /// Which object.
        place: String,
        /// What it did.
        why: String,
    },
    /// This run held the lock and lost it.
    #[error("the lock of {place} was lost: {why}")]
    LockLost {
        /// Which object.
        place: String,
        /// How.
        why: String,
    },
    /// A lock that is not broken.
    #[error("the lock of {place} was not freed: {why}")]
    Unbroken {
        /// Which file or object.
        place: String,
        /// Why.
        why: String,
    },
    /// The key file is readable by others.
    #[error("other users can read {place} (mode {mode:o})")]
    OpenKey {
        /// Which file.
        place: String,
        /// Its mode.
        mode: u32,
    },
    /// The effect of a step could not be recorded in the journal.
    #[error("{0}")]
    Journal(String),
    /// The key is not a valid key.
    #[error(transparent)]
    Key(#[from] FingerprintKeyError),
    /// The text in the key file is not a valid key.
    #[error("{0}; it is the one in the key file")]
    KeyFile(FingerprintKeyError),
    /// A location that cannot hold a ledger.
    #[error("`{place}` is not a valid location for a ledger: {why}")]
    Place {
        /// As it was given, without anything that may be a login.
        place: String,
        /// Why.
        why: String,
    },
}

impl LedgerError {
    /// Code, such as `telform::ledger::locked`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { source, .. } => match file_refusal(source) {
                Some(FileRefusal::Sort(_)) | None => "telform::ledger::io",
                Some(FileRefusal::FolderOpen(_)) => "telform::ledger::open_key",
                Some(_) => "telform::ledger::not_own",
            },
            Self::Remote { .. } => "telform::ledger::store",
            Self::Damaged { .. } => "telform::ledger::damaged",
            Self::Rewritten { .. } => "telform::ledger::rewritten",
            Self::LockDamaged { .. } => "telform::ledger::lock_damaged",
            Self::Newer { .. } => "telform::ledger::newer",
            Self::Foreign { .. } => "telform::ledger::foreign",
            Self::Changed { .. } => "telform::ledger::changed",
            Self::Locked { .. } => "telform::ledger::locked",
            Self::LockLost { .. } => "telform::ledger::lock_lost",
            Self::Unbroken { .. } => "telform::ledger::unbroken",
            Self::Unconditional { .. } => "telform::ledger::unconditional",
            Self::OpenKey { .. } => "telform::ledger::open_key",
            Self::Journal(_) => "telform::journal::write",
            Self::Key(FingerprintKeyError::Short(_)) | Self::KeyFile(FingerprintKeyError::Short(_)) => "telform::ledger::key",
            Self::Key(FingerprintKeyError::Weak(_)) | Self::KeyFile(FingerprintKeyError::Weak(_)) => "telform::ledger::weak_key",
            Self::Place { .. } => "telform::ledger::place",
        }
    }

    /// What to do.
    pub fn help(&self) -> String {
        let text = match self {
            Self::Io { source, .. } if file_refusal(source).is_some() => match file_refusal(source) {
                Some(FileRefusal::Link(_) | FileRefusal::Out(_)) => {
                    "remove the link; to keep the ledger elsewhere, name it with --ledger or TELFORM_LEDGER"
                }
                Some(FileRefusal::Names(_)) => {
                    "find its other name; `cp -p FILE FILE.own && mv FILE.own FILE` makes it a separate file"
                }
                Some(FileRefusal::FolderOpen(_)) => {
                    "run `chmod go-w` on the folder; if others may have put a key there, replace it with `telform ledger rekey`"
                }
                Some(FileRefusal::Owner(_) | FileRefusal::FolderOwner(_)) => {
                    "run telform as that user, or change the owner with `chown` if you trust the content"
                }
                Some(FileRefusal::Sort(_) | FileRefusal::Large(_) | FileRefusal::NoText) | None => {
                    "name a regular file, or a location without a file"
                }
            },
            Self::Io { .. } => "check that the folder exists and is writable, or name another location with --ledger",
            Self::Remote { help, .. } => return help.to_string(),
            Self::Damaged { .. } => {
                "restore it from a backup; or run `telform ledger rebuild --replace`, which keeps it and creates a new one from the YAML and the services"
            }
            Self::Rewritten { help, .. } => {
                return format!("{help}; or run `telform ledger rebuild --replace`, which keeps it and creates a new one");
            }
            Self::LockDamaged { .. } => "make sure that no run uses this ledger, then delete that object by hand",
            Self::Newer { .. } => "use the version of telform that wrote it, or a newer one",
            Self::Foreign { account, rehost: Some(was), .. } => {
                return format!(
                    "if the service itself has a new address, add `was: {was}` to the account `{account}`, and the ledger follows it; otherwise name the ledger of this account with --ledger"
                );
            }
            Self::Foreign { .. } => "name the ledger of this account with --ledger; a ledger is never used for another account",
            Self::Changed { .. } => {
                "run the command again, which starts from the current ledger; all writers must use telform and its lock"
            }
            Self::Locked { breakable: None, .. } => {
                "wait for that run with --lock-timeout 5m; the lock is released when its process ends"
            }
            Self::Locked { breakable: Some(id), .. } => {
                return format!(
                    "wait for that run with --lock-timeout 5m; a lock whose run is dead is taken over when it has expired, or at once after `telform ledger unlock --lock-id {id}`"
                );
            }
            Self::LockLost { .. } => {
                "nothing more was sent; run `telform ledger unlock` to see who holds the lock, and plan again"
            }
            Self::Unbroken { .. } => "`telform ledger unlock` shows who holds it and what you can do",
            Self::Unconditional { .. } => {
                "keep the ledger in a store that refuses a write whose condition does not hold, or install a version of this store that does; a ledger in a file needs none of this"
            }
            Self::OpenKey { .. } => {
                "run `chmod 600` on the file; if others may have read it, delete it; secrets are then unknown until they are written again"
            }
            Self::Journal(_) => "check the free disk space and your permissions",
            Self::Key(FingerprintKeyError::Weak(_)) => {
                "set TELFORM_FINGERPRINT_KEY_NEW to the output of `openssl rand -hex 32` and run `telform ledger rekey`, which accepts the weak one as the old key; if no ledger was written with it, set another key"
            }
            Self::KeyFile(FingerprintKeyError::Weak(_)) => {
                "run `telform ledger rekey`, which accepts this one as the old key and makes a new one"
            }
            Self::KeyFile(FingerprintKeyError::Short(_)) => {
                "restore the file from a backup, or set TELFORM_FINGERPRINT_KEY to its whole text"
            }
            Self::Key(FingerprintKeyError::Short(_)) => {
                "set TELFORM_FINGERPRINT_KEY to a longer text, or unset it to use the key file"
            }
            Self::Place { .. } => {
                "use a file path or an address such as s3://bucket/path/ledger.json (also gs:// and az://); credentials come from the environment"
            }
        };
        text.to_owned()
    }
}
