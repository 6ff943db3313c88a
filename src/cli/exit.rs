//! Exit codes and the errors that end a command.

use super::again::Again;
use crate::ledger::LedgerError;
use crate::live::LiveError;
use crate::output::{self, Failed};
use crate::problem::{Problem, Problems, render};
use crate::resource::Place;
use crate::text::{clean, unsecret};

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
    pub(crate) fn text(&self, color: bool, width: usize, again: &Again) -> String {
        match self {
            Self::Problems(problems) => render(problems, color, width),
            other => {
                let (code, message, help) = other.parts();
                let help = again.text(&help);
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
    pub(crate) fn document(&self, again: &Again) -> Failed {
        let (code, message, help) = self.parts();
        let help = again.text(&help);
        let (place, problems) = match self {
            Self::Problems(problems) => {
                let place = |it: &Problem| {
                    let Place { file, line, column } = it.place.clone();
                    output::Place { file: file.to_string(), line: line as usize, column: column as usize }
                };
                (problems.iter().next().map(place), problems.told())
            }
            Self::Ledger(_) | Self::Live(_) | Self::Other { .. } => (None, Vec::new()),
        };
        Failed {
            code: code.to_owned(),
            message: clean(&message),
            help: Some(clean(&help)).filter(|help| !help.is_empty()),
            place,
            problems,
            may_have_written: None,
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

/// Arguments that are none, in the words of whoever reads them.
pub(crate) fn usage(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let text = unsecret(&text);
    let (what, rest) = text.split_once("\n\n").unwrap_or((&*text, ""));
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let what = line(what);
    Failure::other("telform::cli::usage", what.strip_prefix("error: ").unwrap_or(&what), line(rest))
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
