//! The journal as it grows: each line is on disk before anybody relies on it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;

use super::{Broken, Head, Journal, Record, check, line};

/// Largest journal that is read, in bytes.
const LIMIT: u64 = 1024 * 1024 * 1024;

/// Tells the time as RFC 3339 in UTC.
pub type Clock = dyn Fn() -> String + Send + Sync;

/// Someone who keeps what a run does. When a record cannot be kept, what it announces must not begin.
pub trait Recorder: Send + Sync {
    /// Keeps one record; when this answers, it is on disk.
    fn record<'a>(&'a self, record: Record) -> BoxFuture<'a, Result<(), JournalError>>;

    /// The last line so far.
    fn head(&self) -> Head;
}

/// Why a journal cannot be used. None of these changes what is there.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Reading or writing failed.
    #[error("cannot {what} the journal {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what was written.
    #[error("the journal {} is not what was written: {broken}", path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
        /// Where.
        broken: Broken,
    },
}

impl JournalError {
    /// The way out.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Io { .. } => "check that there is room on the disk and that you may write to the folder",
            Self::Broken { .. } => {
                "look with `telform journal verify`; to go on, move the file aside and keep it as evidence: a new journal begins, and the ledger says that it does"
            }
        }
    }
}

/// A journal file.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    run: String,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: Option<File>,
    head: Head,
}

impl Log {
    /// The journal beside a ledger.
    pub fn beside(ledger: &Path) -> PathBuf {
        ledger.with_extension("journal")
    }

    /// Reads a journal and checks it; an empty one where there is none.
    pub fn read(path: &Path) -> Result<Journal, JournalError> {
        let io = |source| JournalError::Io { what: "read", path: path.to_owned(), source };
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(file) => file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(io)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Journal::default()),
            Err(error) => return Err(io(error)),
        };
        if bytes.len() as u64 > LIMIT {
            return Err(io(std::io::Error::other(
                "it is larger than 1 GiB; move it aside, a new one begins",
            )));
        }
        check(&bytes).map_err(|broken| JournalError::Broken { path: path.to_owned(), broken })
    }

    /// Goes on with a journal that was read. The ledger's lock must be held.
    pub fn append(path: &Path, journal: &Journal, run: &str) -> Result<Self, JournalError> {
        if journal.torn.is_some() {
            // A line that was never whole announced nothing that began: it goes, or the next line would stand behind it.
            let whole: u64 = journal.whole_bytes;
            let file = OpenOptions::new().write(true).open(path);
            let cut = file.and_then(|file| file.set_len(whole).and_then(|()| file.sync_all()));
            cut.map_err(|source| JournalError::Io { what: "mend", path: path.to_owned(), source })?;
        }
        let state = Mutex::new(State { file: None, head: journal.head() });
        Ok(Self { path: path.to_owned(), run: run.to_owned(), state })
    }

    /// The run that writes.
    pub fn run(&self) -> &str {
        &self.run
    }

    fn write(&self, record: &Record, at: &str) -> std::io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, head) = line(&state.head, at, &self.run, record);
        if state.file.is_none() {
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            state.file = Some(OpenOptions::new().create(true).append(true).open(&self.path)?);
            // The file's name must survive too.
            File::open(folder)?.sync_all()?;
        }
        if let Some(file) = &mut state.file {
            file.write_all(text.as_bytes())?;
            file.sync_data()?;
        }
        state.head = head;
        Ok(())
    }
}

/// A log with the clock that stamps its lines.
pub struct Stamped<'a> {
    /// The log.
    pub log: &'a Log,
    /// The time.
    pub clock: &'a Clock,
}

impl Recorder for Stamped<'_> {
    fn record<'a>(&'a self, record: Record) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async move {
            self.log.write(&record, &(self.clock)()).map_err(|source| JournalError::Io {
                what: "write",
                path: self.log.path.clone(),
                source,
            })
        })
    }

    fn head(&self) -> Head {
        self.log.state.lock().unwrap_or_else(PoisonError::into_inner).head.clone()
    }
}
