//! The journal as it grows: each line is on disk before anybody relies on it.

use futures_util::future::BoxFuture;

use tokio::sync::Mutex;

use super::{Broken, Head, Journal, Record, check, line};
use crate::ledger::{Growing, LedgerError, Place};

/// Tells the time as RFC 3339 in UTC.
pub type Clock = dyn Fn() -> String + Send + Sync;

/// Someone who keeps what a run does. When a record cannot be kept, what it announces must not begin.
pub trait Recorder: Send + Sync {
    /// Keeps one record; when this answers, it is on disk.
    fn record<'a>(&'a self, record: Record) -> BoxFuture<'a, Result<(), JournalError>>;

    /// The last line so far.
    fn head<'a>(&'a self) -> BoxFuture<'a, Head>;
}

/// Why a journal cannot be used. None of these changes what is there.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Reading or writing failed.
    #[error("the journal: {0}")]
    Place(#[from] LedgerError),
    /// It is not what was written.
    #[error("the journal {place} is not what was written: {broken}")]
    Broken {
        /// Which file or object.
        place: String,
        /// Where.
        broken: Broken,
    },
}

impl JournalError {
    /// Code, such as `telform::journal::broken`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Place(error) => error.code(),
            Self::Broken { .. } => "telform::journal::broken",
        }
    }

    /// The way out.
    pub fn help(&self) -> String {
        match self {
            Self::Place(error) => error.help(),
            Self::Broken { .. } => "look with `telform journal verify`, and bring back the file as it was written; to go on without it, `telform journal restart` keeps it aside as evidence and begins a new one".to_owned(),
        }
    }
}

/// A journal beside a ledger.
#[derive(Debug)]
pub struct Log<'a> {
    place: &'a Place,
    run: String,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    growing: Growing,
    head: Head,
}

/// Where the journal of a ledger is.
fn name(place: &Place) -> String {
    place.sibling("journal")
}

/// The journal beside a ledger as it is, and where that is.
pub async fn bytes(place: &Place) -> Result<(Vec<u8>, String), JournalError> {
    let (bytes, _) = place.read_log(&name(place)).await?;
    Ok((bytes, place.shown(&name(place))))
}

/// Keeps the journal beside a ledger under another name, whatever is in it, and leaves its place empty. Says how the copy is
/// called, or `None` when there was nothing.
pub async fn set_aside(place: &Place, suffix: &str) -> Result<Option<String>, JournalError> {
    Ok(place.set_aside_log(&name(place), suffix).await?)
}

/// Reads the journal beside a ledger and checks every line; an empty one where there is none.
pub async fn read(place: &Place) -> Result<Journal, JournalError> {
    Ok(open(place).await?.0)
}

async fn open(place: &Place) -> Result<(Journal, Growing), JournalError> {
    let (bytes, growing) = place.read_log(&name(place)).await?;
    let journal =
        check(&bytes).map_err(|broken| JournalError::Broken { place: place.shown(&name(place)), broken })?;
    Ok((journal, growing))
}

/// Whether a head that the ledger remembers is one of the journal's.
pub fn holds(place: &Place, journal: &Journal, kept: &Head) -> Result<(), JournalError> {
    journal.holds(kept).map_err(|broken| JournalError::Broken { place: place.shown(&name(place)), broken })
}

impl<'a> Log<'a> {
    /// Reads the journal and goes on with it as this run. The ledger's lock must be held.
    pub async fn append(place: &'a Place, run: &str) -> Result<(Journal, Self), JournalError> {
        let (journal, growing) = open(place).await?;
        if journal.torn.is_some() {
            // A line that was never whole announced nothing that began: it goes, or the next line would stand behind it.
            place.cut(&growing, journal.whole_bytes).await?;
        }
        let state = Mutex::new(State { growing, head: journal.head() });
        Ok((journal, Self { place, run: run.to_owned(), state }))
    }
}

/// A log with the clock that stamps its lines.
pub struct Stamped<'a> {
    /// The log.
    pub log: &'a Log<'a>,
    /// The time.
    pub clock: &'a Clock,
}

impl Stamped<'_> {
    /// Keeps a record as one of another run: the receipt of a run that was cut off.
    pub async fn record_of(&self, run: &str, record: &Record) -> Result<(), JournalError> {
        let state = &mut *self.log.state.lock().await;
        let (text, head) = line(&state.head, &(self.clock)(), run, record);
        self.log.place.append(&mut state.growing, text.as_bytes()).await?;
        state.head = head;
        Ok(())
    }
}

impl Recorder for Stamped<'_> {
    fn record<'a>(&'a self, record: Record) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async move { self.record_of(&self.log.run, &record).await })
    }

    fn head<'a>(&'a self) -> BoxFuture<'a, Head> {
        Box::pin(async move { self.log.state.lock().await.head.clone() })
    }
}
