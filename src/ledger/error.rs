//! Why a ledger cannot be used, and the way out. None of these ever overwrites it.

use super::{FORMAT, KeyError};

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
    /// An object store said no, or nothing.
    #[error("cannot {what} {place}: {why}")]
    Remote {
        /// What was tried.
        what: &'static str,
        /// Which object.
        place: String,
        /// Why, in our own words: the store's text may hold what it was sent.
        why: String,
        /// The way out.
        help: &'static str,
    },
    /// It is no ledger, or only a part of one.
    #[error("{place} is damaged: {why}")]
    Damaged {
        /// Which file or object.
        place: String,
        /// Why.
        why: String,
    },
    /// It is not as telform wrote it: version control or an editor rewrote it.
    #[error("{place} is not as telform wrote it: {why}")]
    Rewritten {
        /// Which file or object.
        place: String,
        /// What was found.
        why: String,
        /// The way out.
        help: String,
    },
    /// What stands in the lock cannot be read, so nobody knows whether it is held.
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
        /// Base URL that the ledger has, where nothing else is another one.
        rehost: Option<String>,
    },
    /// Somebody else wrote it after this run had read it.
    #[error("{place} was changed by somebody else since this run read it; nothing was overwritten")]
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
        /// Id of a lock that can be broken by its name; that of a local file goes with its process.
        breakable: Option<String>,
    },
    /// This run had the lock and has it no more.
    #[error("the lock of {place} was lost: {why}")]
    LockLost {
        /// Which object.
        place: String,
        /// How.
        why: String,
    },
    /// A lock that is not broken.
    #[error("the lock of {place} was left as it is: {why}")]
    Unbroken {
        /// Which file or object.
        place: String,
        /// Why.
        why: String,
    },
    /// The key file may be read by others.
    #[error("{place} may be read by others (mode {mode:o})")]
    OpenKey {
        /// Which file.
        place: String,
        /// Its mode.
        mode: u32,
    },
    /// What a step did could not be kept in the journal.
    #[error("{0}")]
    Journal(String),
    /// The key is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A place that no ledger can be kept in.
    #[error("`{place}` is no place for a ledger: {why}")]
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
            Self::Io { .. } => "telform::ledger::io",
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
            Self::OpenKey { .. } => "telform::ledger::open_key",
            Self::Journal(_) => "telform::journal::write",
            Self::Key(_) => "telform::ledger::key",
            Self::Place { .. } => "telform::ledger::place",
        }
    }

    /// The way out.
    pub fn help(&self) -> String {
        let text = match self {
            Self::Io { .. } => {
                "check that the folder exists and that you may write to it, or name another place with --ledger"
            }
            Self::Remote { help, .. } => help,
            Self::Damaged { .. } => {
                "restore it from a backup; or let `telform ledger rebuild --replace` keep it aside and make a new one from the YAML and the services"
            }
            Self::Rewritten { help, .. } => {
                return format!(
                    "{help}; or let `telform ledger rebuild --replace` keep it aside and make a new one"
                );
            }
            Self::LockDamaged { .. } => {
                "make sure that no run uses this ledger, then delete that object by hand"
            }
            Self::Newer { .. } => "use the telform version that wrote it, or a newer one",
            Self::Foreign { account, rehost: Some(was), .. } => {
                return format!(
                    "where the service itself is at another address now, add `was: {was}` to the account `{account}`: the ledger then follows it; otherwise name the ledger of this account with --ledger"
                );
            }
            Self::Foreign { .. } => {
                "name the ledger of this account with --ledger; a ledger is never used for another account"
            }
            Self::Changed { .. } => {
                "run it again: it then starts from what is there now; all writers have to use telform and its lock"
            }
            Self::Locked { breakable: None, .. } => {
                "wait for that run with --lock-timeout 5m; the lock goes with its process"
            }
            Self::Locked { breakable: Some(id), .. } => {
                return format!(
                    "wait for that run with --lock-timeout 5m; a lock whose run is gone is taken over when it has expired, or at once after `telform ledger unlock --lock-id {id}`"
                );
            }
            Self::LockLost { .. } => {
                "nothing more was sent; look who has the lock with `telform ledger unlock`, and plan again"
            }
            Self::Unbroken { .. } => "`telform ledger unlock` shows who has it and what can be done",
            Self::OpenKey { .. } => {
                "chmod 600 the file; if others may have read it, delete it: secrets are then unknown until they are written again"
            }
            Self::Journal(_) => "check that there is room and that you may write there",
            Self::Key(_) => "set TELFORM_FINGERPRINT_KEY to a longer text, or unset it to use the key file",
            Self::Place { .. } => {
                "give a file path or an address such as s3://bucket/path/ledger.json (also gs:// and az://); credentials come from the environment"
            }
        };
        text.to_owned()
    }
}
