//! The head of the journal, kept where an older one cannot be restored: required before a run, printed and kept after it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::RunError;
use super::files::{self, FileReaders};
use super::options::RunOptions;
use crate::disk;
use crate::model::ledger::JournalHead;
use crate::state::journal::{self, ParsedJournal};
use crate::state::ledger::LedgerStore;
use crate::text::{escape, shell_quote};

/// A file that holds a head is one line; a larger file is something else.
const LONGEST: u64 = 4096;

/// The heads that this run requires, and the one that it reached.
#[derive(Debug, Default)]
pub(crate) struct JournalHeads {
    /// Hash of a line that the journal must hold.
    given: Option<String>,
    /// A file that holds another required head, and receives the new one.
    file: Option<PathBuf>,
    /// The last line that this run wrote.
    reached: Mutex<Option<JournalHead>>,
    /// Nothing is required of a new journal.
    waived: AtomicBool,
    /// It was already reported that the ledger is behind the journal.
    told: AtomicBool,
}

impl JournalHeads {
    /// As the options say.
    pub(crate) fn new(options: &RunOptions) -> Self {
        let given = options.journal_head.clone().filter(|head| !head.is_empty());
        let file = options.journal_head_file.clone().filter(|file| !file.as_os_str().is_empty());
        Self { given, file, ..Self::default() }
    }

    /// The required heads, each with what requires it.
    fn demanded(&self) -> Result<Vec<(String, String)>, RunError> {
        if self.waived.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        let given = self.given.iter().map(|hash| ("--journal-head".to_owned(), hash.clone()));
        let kept = match &self.file {
            Some(file) => kept(file)?.map(|hash| (escape(&file.display().to_string()), hash)),
            None => None,
        };
        Ok(given.chain(kept).collect())
    }

    /// Whether the journal beside a ledger holds every required head. A journal that has grown since is accepted.
    pub(crate) fn check(&self, store: &LedgerStore, journal: &ParsedJournal) -> Result<(), RunError> {
        self.check_journal_at(&journal::journal_display_name(store.state_store()), journal)
    }

    /// The same of a journal with this name, wherever its ledger is.
    pub(crate) fn check_journal_at(&self, place: &str, journal: &ParsedJournal) -> Result<(), RunError> {
        for (by, hash) in self.demanded()? {
            if !journal.has_line(&hash) {
                return Err(self.refused(place, journal, &by, &hash));
            }
        }
        Ok(())
    }

    /// A journal without a required line, and the command that gives that line up.
    fn refused(&self, place: &str, kept: &ParsedJournal, by: &str, hash: &str) -> RunError {
        let has = match kept.lines.last() {
            None => "there is none".to_owned(),
            Some(last) => {
                let lines = crate::output::view::plural_kind(kept.lines.len(), "lines");
                format!("it has {} {lines}, the last one of {}", kept.lines.len(), last.at)
            }
        };
        let option = match &self.file {
            Some(file) if self.given.as_deref() != Some(hash) => {
                format!("--journal-head-file {}", escape(&shell_quote(&file.display().to_string())))
            }
            _ => format!("--journal-head {hash}"),
        };
        RunError::other(
            "telform::journal::rolled_back",
            format!(
                "the journal {place} does not contain the line {hash} that {by} requires: {has}. An older ledger and journal were restored, or {by} belongs to another ledger. Nothing was written"
            ),
            format!(
                "restore the newest ledger and journal together; if they are lost, `telform journal restart {option}` sets this journal aside, starts a new one and prints its head"
            ),
        )
    }

    /// Whether its last line is a required one.
    pub(crate) fn demand_last(&self, journal: &ParsedJournal) -> Result<bool, RunError> {
        let last = journal.head().hash;
        Ok(self.demanded()?.iter().any(|(_, hash)| *hash == last))
    }

    /// Whether any head is required.
    pub(crate) fn demands(&self) -> Result<bool, RunError> {
        Ok(!self.demanded()?.is_empty())
    }

    /// Drops all requirements, because a new journal holds no line of the old one. Returns the lines that were required.
    pub(crate) fn waive(&self) -> Result<Vec<String>, RunError> {
        let demanded = self.demanded()?;
        self.waived.store(true, Ordering::Relaxed);
        Ok(demanded.into_iter().map(|(_, hash)| hash).collect())
    }

    /// Whether this is the first call: a report is not repeated.
    pub(crate) fn tell(&self) -> bool {
        !self.told.swap(true, Ordering::Relaxed)
    }

    /// Records the last line that was written.
    pub(crate) fn reach(&self, head: JournalHead) {
        // Only the ledger uses the store's version of the object.
        let head = JournalHead { version: None, ..head };
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner) = Some(head);
    }

    /// The last line that this run wrote.
    pub(crate) fn reached(&self) -> Option<JournalHead> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The file that keeps the head for the next run.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Keeps a head in the file, where there is one.
    pub(crate) fn keep(&self, head: &JournalHead) -> Option<Result<(), RunError>> {
        self.file.as_deref().map(|file| keep(file, head))
    }
}

/// Parses a head: the hash of a line, alone or after its number as `telform journal verify` prints it.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let mut words = text.split_whitespace();
    let last = match (words.next(), words.next(), words.next()) {
        (None, ..) => return Ok(String::new()),
        (Some(hash), None, _) => hash,
        (Some(seq), Some(hash), None) if seq.bytes().all(|byte| byte.is_ascii_digit()) => hash,
        _ => "",
    };
    let hash = last.to_ascii_lowercase();
    if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("a head is the 64 hexadecimal digits that a run prints at its end".to_owned());
    }
    Ok(hash)
}

/// The head in a file; none where the file does not exist yet. Invalid content is an error, never a missing requirement. A link
/// is an error, too: the head of the next run could not be kept there.
fn kept(file: &Path) -> Result<Option<String>, RunError> {
    let text = match disk::open_itself(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.and_then(|file| disk::bounded_text(file, LONGEST)),
    };
    let hash = text.map_err(|error| error.to_string()).and_then(|text| parse(&text));
    let hash = hash.and_then(|hash| if hash.is_empty() { Err("it is empty".to_owned()) } else { Ok(hash) });
    let name = file.display().to_string();
    hash.map(Some).map_err(|why| {
        RunError::other(
            "telform::journal::head_file",
            format!("{} does not contain the head of a journal: {why}; nothing was written", escape(&name)),
            format!(
                "write the head that the last run printed into the file; if it is lost, `mv {0} {0}.old && telform journal verify` shows the head of the current journal, and whether the journal was altered",
                escape(&shell_quote(&name))
            ),
        )
    })
}

fn keep(file: &Path, head: &JournalHead) -> Result<(), RunError> {
    files::write_file(file, &format!("{}\n", head.hash), FileReaders::Owner).map_err(|failure| {
        let (_, message, help) = failure.parts();
        RunError::other(
            "telform::journal::head_file",
            format!("the run ended as shown above, but its head could not be saved: {message}"),
            help,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_printed() {
        let hash = "0a".repeat(32);
        for text in [hash.clone(), format!(" {hash}\n"), format!("12 {hash}"), hash.to_uppercase()] {
            assert_eq!(parse(&text), Ok(hash.clone()), "{text}");
        }
        for text in ["0a", &hash[1..], &format!("{hash} {hash}"), &format!("1 2 {hash}"), &"0g".repeat(32)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
