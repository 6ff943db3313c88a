//! Why a run or a command ended before it could do its work.

use super::Exit;
use crate::config::problem::Problems;
use crate::read::ReadError;
use crate::state::ledger::LedgerError;

/// Why a run ended before it could do its work.
#[derive(Debug)]
pub enum RunError {
    /// A problem in the user's files.
    Problems(Problems),
    /// A problem with the ledger.
    Ledger(LedgerError),
    /// A problem with a service.
    Live(ReadError),
    /// Anything else: what happened, and what to do.
    Other {
        /// Code, such as `telform::cli::not_interactive`.
        code: &'static str,
        /// What happened.
        message: String,
        /// What to do.
        help: String,
    },
    /// The same where nothing failed: the run is not permitted, and nothing was written.
    Refused {
        /// Code, such as `telform::approval::too_few`.
        code: &'static str,
        /// What happened.
        message: String,
        /// What to do.
        help: String,
    },
}

impl RunError {
    /// An error with what to do.
    pub(crate) fn other(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Other { code, message: message.into(), help: help.into() }
    }

    /// A refusal with what to do.
    pub(crate) fn refused(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into(), help: help.into() }
    }

    /// How the process ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Refused { .. } => Exit::Refused,
            Self::Problems(_) | Self::Ledger(_) | Self::Live(_) | Self::Other { .. } => Exit::Failed,
        }
    }

    /// Code, what happened, what to do.
    pub fn parts(&self) -> (&'static str, String, String) {
        match self {
            // Problems are shown together; a caller that needs one code gets that of the first.
            Self::Problems(problems) => {
                let first = problems.iter().next();
                first.map_or(("telform::bug", String::new(), String::new()), |first| {
                    (first.code, first.message.clone(), first.help.clone().unwrap_or_default())
                })
            }
            Self::Ledger(error) => (error.code(), error.to_string(), error.help()),
            Self::Live(error) => {
                (error.code, format!("account {}: {}: {}", error.account, error.tried, error.means), error.help.clone())
            }
            Self::Other { code, message, help } | Self::Refused { code, message, help } => (code, message.clone(), help.clone()),
        }
    }
}

impl From<Problems> for RunError {
    fn from(problems: Problems) -> Self {
        Self::Problems(problems)
    }
}

impl From<LedgerError> for RunError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<ReadError> for RunError {
    fn from(error: ReadError) -> Self {
        Self::Live(error)
    }
}

impl std::fmt::Display for RunError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (code, message, _) = self.parts();
        write!(formatter, "{message} ({code})")
    }
}

impl std::error::Error for RunError {}
