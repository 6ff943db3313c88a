//! Exit codes and the errors that end a command.

use crate::ledger::LedgerError;
use crate::live::LiveError;
use crate::problem::{Problems, render};
use crate::text::clean;

/// What the process answers (spec 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Nothing to do, or done and proven.
    Done = 0,
    /// Failed before any write.
    Failed = 1,
    /// Changes are pending.
    Pending = 2,
    /// A guard or a refusal; nothing was written.
    Refused = 3,
    /// Live or configuration is not what the plan saw; nothing was written.
    Stale = 4,
    /// Applied in part.
    Partial = 5,
    /// Applied, and a fresh plan is not empty.
    NotConverged = 6,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// What a receipt says.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "nothing written",
            Self::Pending => "pending",
            Self::Refused => "refused",
            Self::Stale => "stale",
            Self::Partial => "in part",
            Self::NotConverged => "not converged",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Why a command ended before it could do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something in the user's files.
    Problems(Problems),
    /// Something with the ledger.
    Ledger(LedgerError),
    /// Something with a service.
    Live(LiveError),
    /// Anything else: what happened, and the way out.
    Other {
        /// Code, such as `telform::cli::not_interactive`.
        code: &'static str,
        /// What happened.
        message: String,
        /// The way out.
        help: String,
    },
}

impl Failure {
    /// An error with its way out.
    pub(crate) fn other(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Other { code, message: message.into(), help: help.into() }
    }

    /// As people read it.
    pub(crate) fn text(&self, color: bool, width: usize) -> String {
        match self {
            Self::Problems(problems) => render(problems, color, width),
            other => {
                let (code, message, help) = other.parts();
                let mut text = format!("error[{code}]: {}\n", clean(&message));
                if !help.is_empty() {
                    for (index, line) in crate::view::text::wrap(&clean(&help), width.clamp(40, 100) - 8)
                        .into_iter()
                        .enumerate()
                    {
                        text.push_str(if index == 0 { "  help: " } else { "        " });
                        text.push_str(&line);
                        text.push('\n');
                    }
                }
                text
            }
        }
    }

    /// As programs read it.
    pub(crate) fn json(&self) -> serde_json::Value {
        match self {
            Self::Problems(problems) => {
                serde_json::json!({ "error": "problems", "problems": problems.to_json() })
            }
            other => {
                let (code, message, help) = other.parts();
                serde_json::json!({ "error": code, "message": clean(&message), "help": clean(&help) })
            }
        }
    }

    /// Code, what happened, the way out.
    pub(crate) fn parts(&self) -> (&'static str, String, String) {
        match self {
            // Problems are drawn as a whole; whoever wants one code gets that of the first.
            Self::Problems(problems) => {
                let first = problems.iter().next();
                first.map_or(("telform::bug", String::new(), String::new()), |first| {
                    (first.code, first.message.clone(), first.help.clone().unwrap_or_default())
                })
            }
            Self::Ledger(error) => (error.code(), error.to_string(), error.help()),
            Self::Live(error) => (
                error.code,
                format!("account {}: {}: {}", error.account, error.tried, error.means),
                error.way_out.clone(),
            ),
            Self::Other { code, message, help } => (code, message.clone(), help.clone()),
        }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Problems(problems)
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<LiveError> for Failure {
    fn from(error: LiveError) -> Self {
        Self::Live(error)
    }
}
