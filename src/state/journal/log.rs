//! The journal as it grows: each line is on disk before anything relies on it. Records that are due while an earlier write is in
//! progress go together in the next one: a write to an object store takes as long for ten lines as for one.

use std::sync::{Arc, Mutex as ShortMutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, oneshot};

use super::{BrokenLine, JournalHead, JournalRecord, KeyVerification, ParsedJournal, bound_line, check_journal};
use crate::model::ledger::{FingerprintKey, LedgerSave};
use crate::state::ledger::{GrowingLog, LedgerError, LedgerStore, StateStore};

/// Returns the time as RFC 3339 in UTC.
pub type JournalClock = dyn Fn() -> String + Send + Sync;

/// Records what a run does. If a record cannot be written, what it announces must not begin.
pub trait JournalRecorder: Send + Sync {
    /// Writes one record; when this returns, it is on disk. Records of several steps may go together, so they share an error.
    fn record<'a>(&'a self, record: JournalRecord) -> BoxFuture<'a, Result<(), Arc<JournalError>>>;

    /// The last line so far.
    fn head<'a>(&'a self) -> BoxFuture<'a, JournalHead>;
}

/// Why a journal cannot be used. None of these changes the file.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Reading or writing failed.
    #[error("the journal: {0}")]
    Place(#[from] LedgerError),
    /// It differs from what was written.
    #[error("the journal {place} was altered: {broken}")]
    Broken {
        /// Which file or object.
        place: String,
        /// Where.
        broken: BrokenLine,
    },
    /// None is there, although the ledger records its end.
    #[error("the journal {place} does not exist, or is empty; the ledger records {lines} of its lines")]
    Missing {
        /// Which file or object.
        place: String,
        /// How many lines it had when the ledger was saved.
        lines: u64,
    },
    /// The current key did not make its last line.
    #[error("the journal {place} was not written with the fingerprint key of this run: {why}")]
    OtherKey {
        /// Which file or object.
        place: String,
        /// What that key says.
        why: String,
        /// Whether only a writer without the key explains it.
        forged: bool,
    },
    /// According to the object store it was written since, and not by telform.
    #[error(
        "the journal {place} was written again since the ledger was saved: the store calls it {is} instead of {was}; an older copy was restored"
    )]
    Restored {
        /// Which object.
        place: String,
        /// Version that the ledger recorded.
        was: String,
        /// The present version.
        is: String,
        /// Its last line.
        head: String,
    },
}

impl JournalError {
    /// Code, such as `telform::journal::broken`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Place(error) => error.code(),
            Self::Broken { broken, .. } => broken.code,
            Self::Missing { .. } => "telform::journal::missing",
            Self::OtherKey { forged: true, .. } => "telform::journal::mac",
            Self::OtherKey { forged: false, .. } => "telform::journal::key",
            Self::Restored { .. } => "telform::journal::restored",
        }
    }

    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Place(error) => error.help(),
            Self::Broken { .. } => "check it with `telform journal verify` and restore the original file; to continue without it, `telform journal restart` keeps it as evidence and starts a new one".to_owned(),
            Self::Missing { .. } => "restore it from a backup; to continue without it, `telform journal restart` starts a new one, and the runs before it can be neither resumed nor undone".to_owned(),
            Self::OtherKey { forged: true, .. } => "check it with `telform journal verify` and restore the original journal and ledger; to continue without them, `telform journal restart` keeps the journal as evidence and starts a new one".to_owned(),
            Self::OtherKey { forged: false, .. } => "set TELFORM_FINGERPRINT_KEY or restore the key file; if the key is lost, `telform ledger rekey --lost-key` continues with a new one".to_owned(),
            Self::Restored { head, .. } => format!(
                "restore the newest ledger and journal; if the bucket was moved or copied, confirm this journal with `telform apply --journal-head {head}`"
            ),
        }
    }
}

/// A journal beside a ledger.
#[derive(Debug)]
pub struct JournalLog<'a> {
    store: &'a LedgerStore,
    run: String,
    state: Mutex<JournalLogState>,
    /// Records that wait for the write in progress, in their order.
    due: ShortMutex<Vec<DueRecord>>,
    /// The last line on disk.
    head: ShortMutex<JournalHead>,
}

/// A record that waits for its turn.
#[derive(Debug)]
struct DueRecord {
    run: String,
    record: JournalRecord,
    written: oneshot::Sender<Result<(), Arc<JournalError>>>,
}

#[derive(Debug)]
struct JournalLogState {
    growing: GrowingLog,
    /// The save of the ledger that it records.
    saved: Option<LedgerSave>,
    /// Authenticates the lines.
    key: Option<FingerprintKey>,
    /// How long the last write took.
    took: Duration,
}

/// An intent that finds no write in progress waits for others, a twentieth of what the last write took: one that comes just after a
/// write began waits for that whole write.
const GATHER: u32 = 20;

/// Where the journal of a ledger is.
fn journal_name(place: &StateStore) -> String {
    place.sibling_name("journal")
}

/// The content of the journal beside a ledger, and its location.
pub async fn read_journal_bytes(place: &StateStore) -> Result<(Vec<u8>, String), JournalError> {
    let (bytes, _) = place.read_log(&journal_name(place)).await?;
    Ok((bytes, journal_display_name(place)))
}

/// The journal beside a ledger as messages name it.
pub fn journal_display_name(place: &StateStore) -> String {
    place.display_name(&journal_name(place))
}

/// Renames the journal beside a ledger, whatever is in it, and leaves its location empty. Returns the name of the copy, or
/// `None` when no journal existed.
pub async fn set_aside(place: &StateStore, suffix: &str) -> Result<Option<String>, JournalError> {
    Ok(place.set_aside_log(&journal_name(place), suffix).await?)
}

/// Reads the journal beside a ledger and checks every line; an empty one where no journal exists.
pub async fn read_journal(place: &StateStore) -> Result<ParsedJournal, JournalError> {
    Ok(open_journal(place, None).await?.0)
}

/// The same, and where it continues. `bytes`: the journal as it was read while the lock was taken.
pub async fn open_journal(
    place: &StateStore,
    bytes: Option<(Vec<u8>, GrowingLog)>,
) -> Result<(ParsedJournal, GrowingLog), JournalError> {
    let (bytes, growing) = match bytes {
        Some(read) => read,
        None => place.read_log(&journal_name(place)).await?,
    };
    let mut journal =
        check_journal(&bytes).map_err(|broken| JournalError::Broken { place: journal_display_name(place), broken })?;
    journal.version = growing.object_version();
    Ok((journal, growing))
}

/// Whether a head in the ledger belongs to the journal.
pub fn check_kept_head(place: &StateStore, journal: &ParsedJournal, kept: &JournalHead) -> Result<(), JournalError> {
    let place = journal_display_name(place);
    if journal.lines.is_empty() && journal.torn_line.is_none() && kept.seq > 0 {
        return Err(JournalError::Missing { place, lines: kept.seq });
    }
    journal.contains_head(kept).map_err(|broken| JournalError::Broken { place, broken })
}

/// Whether the object that holds its end is the version that the ledger recorded. An object that has grown since is a
/// different version.
pub fn is_that(place: &StateStore, journal: &ParsedJournal, kept: &JournalHead) -> Result<(), JournalError> {
    match (&kept.version, &journal.version) {
        (Some(was), Some(is)) if was != is && journal.head().hash == kept.hash => Err(JournalError::Restored {
            place: journal_display_name(place),
            was: was.clone(),
            is: is.clone(),
            head: kept.hash.clone(),
        }),
        _ => Ok(()),
    }
}

/// Whether this key made its last line. `says`: what requires that the line has a MAC.
pub fn check_last_mac(
    place: &StateStore,
    journal: &ParsedJournal,
    key: &FingerprintKey,
    says: Option<&str>,
) -> Result<(), JournalError> {
    let no = |why: String, forged| Err(JournalError::OtherKey { place: journal_display_name(place), why, forged });
    let chained = says.is_some();
    match (journal.verify_with_key(key), says) {
        (KeyVerification::Unchained, Some(says)) => no(
            format!("its lines have no MAC, but {says} says that they must: the MACs were removed, or the journal was rewritten"),
            true,
        ),
        (KeyVerification::Unchained | KeyVerification::By(_), _) => Ok(()),
        (KeyVerification::Not(0), _) => no("none of its MACs was made with this key".to_owned(), chained),
        (KeyVerification::Not(line), _) => {
            no(format!("the last line with a MAC of this key is line {line}, and {} follow", journal.lines.len() - line), chained)
        }
    }
}

impl<'a> JournalLog<'a> {
    /// Continues a journal as this run: one that was read since the ledger's lock was taken, and not written since.
    pub async fn continue_from(
        store: &'a LedgerStore,
        run: &str,
        journal: &ParsedJournal,
        growing: GrowingLog,
    ) -> Result<Self, JournalError> {
        let place = store.state_store();
        if journal.torn_line.is_some() {
            // An incomplete line announced nothing that began: it is removed, or the next line would be appended to it.
            place.truncate_log(&growing, journal.whole_bytes).await?;
        }
        let head = JournalHead { version: journal.version.clone(), ..journal.head() };
        let saved = journal.last_ledger_save().cloned();
        let state = Mutex::new(JournalLogState { growing, saved, key: None, took: Duration::ZERO });
        let (due, head) = (ShortMutex::default(), ShortMutex::new(head));
        Ok(Self { store, run: run.to_owned(), state, due, head })
    }

    /// The last line on disk. A write in progress is not waited for.
    fn head(&self) -> JournalHead {
        self.head.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From here on this key authenticates the lines.
    pub async fn set_mac_key(&self, key: Option<&FingerprintKey>) {
        self.state.lock().await.key = key.cloned();
    }

    /// The key that authenticates the lines.
    pub async fn mac_key(&self) -> Option<FingerprintKey> {
        self.state.lock().await.key.clone()
    }
}

/// A log with the clock that stamps its lines.
pub struct StampingJournal<'a> {
    /// The log.
    pub log: &'a JournalLog<'a>,
    /// The time.
    pub clock: &'a JournalClock,
}

impl StampingJournal<'_> {
    /// Writes a record for another run: the receipt of an interrupted run.
    pub async fn record_of(&self, run: &str, record: &JournalRecord) -> Result<(), Arc<JournalError>> {
        let (written, mut answer) = oneshot::channel();
        let due = DueRecord { run: run.to_owned(), record: record.clone(), written };
        self.log.due.lock().unwrap_or_else(PoisonError::into_inner).push(due);
        // Whoever gets the log next writes for all that wait. Who finds its own record written has nothing left to do.
        let idle = self.log.state.try_lock().ok();
        let gathers = idle.is_some() && self.log.store.is_shared() && matches!(record, JournalRecord::Intent { .. });
        let mut state = match idle {
            Some(state) => state,
            None => self.log.state.lock().await,
        };
        if gathers {
            // Steps that looked at their targets at the same time are ready at nearly the same time.
            tokio::time::sleep(state.took / GATHER).await;
        }
        match answer.try_recv() {
            Ok(written) => return written,
            Err(oneshot::error::TryRecvError::Empty) => {}
            // Whoever wrote for this record was dropped in the middle of it.
            Err(oneshot::error::TryRecvError::Closed) => {
                let place = journal_display_name(self.log.store.state_store());
                return Err(Arc::new(LedgerError::Changed { place }.into()));
            }
        }
        let all = std::mem::take(&mut *self.log.due.lock().unwrap_or_else(PoisonError::into_inner));
        let written = self.write_together(&mut state, &all).await.map_err(Arc::new);
        for one in all {
            // A step that was dropped does not listen.
            let _ = one.written.send(written.clone());
        }
        written
    }

    /// Writes lines in one piece.
    async fn write_together(&self, state: &mut JournalLogState, due: &[DueRecord]) -> Result<(), JournalError> {
        self.log.store.keep_new_key()?;
        let (mut head, mut saved, mut text) = (self.log.head(), state.saved.clone(), String::new());
        for DueRecord { run, record, .. } in due {
            let (line, next) = self.next_line(&head, &mut saved, state.key.as_ref(), run, record);
            text.push_str(&line);
            head = next;
        }
        let began = Instant::now();
        self.log.store.state_store().append(&mut state.growing, text.as_bytes()).await?;
        state.took = began.elapsed();
        state.saved = saved;
        let head = JournalHead { version: state.growing.object_version(), ..head };
        *self.log.head.lock().unwrap_or_else(PoisonError::into_inner) = head;
        Ok(())
    }

    /// The next line, which says of the ledger what no line before it says.
    fn next_line(
        &self,
        head: &JournalHead,
        saved: &mut Option<LedgerSave>,
        key: Option<&FingerprintKey>,
        run: &str,
        record: &JournalRecord,
    ) -> (String, JournalHead) {
        let last = self.log.store.last_save();
        let told = last.filter(|last| saved.as_ref() != Some(last));
        let line = bound_line(head, (&(self.clock)(), run), record, told.as_ref(), key);
        *saved = told.or_else(|| saved.take());
        line
    }

    /// Records the change to another key: the old one authenticates the new one, unless it is lost.
    pub async fn record_rekey(&self, old: Option<&FingerprintKey>, new: &FingerprintKey) -> Result<(), Arc<JournalError>> {
        self.log.set_mac_key(Some(new)).await;
        let prev = self.log.head().hash;
        let key = new.check_chained();
        let vouched = old.map(|old| old.vouch_for(&prev, &key));
        self.record_of(&self.log.run, &JournalRecord::Rekeyed { key, vouched }).await
    }
}

impl JournalRecorder for StampingJournal<'_> {
    fn record<'a>(&'a self, record: JournalRecord) -> BoxFuture<'a, Result<(), Arc<JournalError>>> {
        Box::pin(async move { self.record_of(&self.log.run, &record).await })
    }

    fn head<'a>(&'a self) -> BoxFuture<'a, JournalHead> {
        Box::pin(async move { self.log.head() })
    }
}
