//! Checks whether ledger and journal are the ones that the last run left: by the required head, by each other, by their
//! versions in the object store, and by the fingerprint key.

use super::heads::JournalHeads;
use super::journal::journal_error;
use super::progress::Warning;
use super::session::SessionPurpose;
use super::{Context, RunError};
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::state::journal::{self, ParsedJournal};
use crate::state::ledger::LedgerStore;
use crate::text::escape;

/// Since when the fingerprint key exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyAge {
    /// It existed before this run.
    Before,
    /// This run made it.
    Made,
    /// This run made it on a machine that does not keep it.
    Forgotten,
}

/// The key that authenticates the lines of the journal.
#[derive(Debug, Clone)]
pub(crate) struct JournalKey {
    /// None where no key is kept.
    pub(crate) key: Option<FingerprintKey>,
    /// Since when.
    pub(crate) key_age: KeyAge,
    /// A file beside the key file records that the journal has its MACs.
    has_mac_note: bool,
}

/// What authenticates the lines that this run writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChainState {
    /// No key: none exists, or it is lost after this run.
    Unchained,
    /// The key that authenticated the last line.
    GoesOn,
    /// The first key that does.
    Begins,
    /// A new key: the old one is lost.
    Lost,
}

impl JournalKey {
    /// A key, and what is kept beside it. Nothing is kept beside a key from a variable.
    pub(crate) fn from_key(store: &LedgerStore, key: Option<FingerprintKey>, since: KeyAge) -> Result<Self, RunError> {
        let said = match &key {
            Some(key) if given_key().is_none() => store.has_mac_note(key)?,
            _ => false,
        };
        Ok(Self { key, key_age: since, has_mac_note: said })
    }

    /// A key that this run does not keep, or none.
    pub(crate) fn without_kept_key(since: KeyAge) -> Self {
        Self { key: None, key_age: since, has_mac_note: false }
    }

    /// The current key, for a command that does not create one.
    pub(crate) fn existing_key(store: &LedgerStore, ledger: &Ledger) -> Result<Self, RunError> {
        Self::from_key(store, found_key(store, ledger, false)?, KeyAge::Before)
    }

    /// What records that the journal has MACs of this key.
    pub(crate) fn who_says_chained(&self, ledger: &Ledger, kept: &ParsedJournal) -> Option<&'static str> {
        match &self.key {
            Some(key) if ledger.is_chained_by(key) => Some("the ledger"),
            Some(_) if self.has_mac_note && !is_nothing(ledger, kept) => Some("what is kept next to the key"),
            _ => None,
        }
    }

    /// Whether a run with this key left a ledger and a journal here, and both are missing.
    fn misses_both(&self, ledger: &Ledger, kept: &ParsedJournal) -> bool {
        self.has_mac_note && is_nothing(ledger, kept)
    }

    /// Refuses a ledger or a journal that is older than required or than the other one, that does not belong to the other one, or
    /// that the key did not authenticate.
    pub(crate) fn check_before_writing(
        &self,
        heads: &JournalHeads,
        store: &LedgerStore,
        ledger: &Ledger,
        kept: &ParsedJournal,
    ) -> Result<ChainState, RunError> {
        check_without_key(heads, store, ledger, kept)?;
        let Some(key) = &self.key else {
            return if kept.is_chained() { Err(no_key(store)) } else { Ok(ChainState::Unchained) };
        };
        match journal::check_last_mac(store.state_store(), kept, key, self.who_says_chained(ledger, kept)) {
            Ok(()) if kept.is_chained() => Ok(ChainState::GoesOn),
            // A key with which the ledger was not sealed may differ in the next run.
            Ok(()) if self.key_age == KeyAge::Forgotten || !ledger.readable_with(key) => Ok(ChainState::Unchained),
            Ok(()) => Ok(ChainState::Begins),
            Err(_) if self.key_age != KeyAge::Before => Ok(ChainState::Lost),
            Err(error) => Err(journal_error(error)),
        }
    }

    /// The same for a command that only reads: it may run on a machine without the key.
    pub(crate) fn check_before_reading(
        &self,
        heads: &JournalHeads,
        store: &LedgerStore,
        ledger: &Ledger,
        kept: &ParsedJournal,
    ) -> Result<(), RunError> {
        match &self.key {
            Some(_) => self.check_before_writing(heads, store, ledger, kept).map(|_| ()),
            None => check_without_key(heads, store, ledger, kept),
        }
    }

    /// Reports once what is known about a ledger or a journal that is missing or was replaced.
    pub(crate) fn note_missing(&self, context: &Context, store: &LedgerStore, ledger: &Ledger, kept: &ParsedJournal) {
        let behind = kept.is_ahead_of(ledger).filter(|_| ledger_behind_journal(kept, ledger).is_none());
        let (code, (what, help)) = match behind {
            Some(runs) if ledger.serial == 0 => (BEHIND, lost_ledger_message(runs)),
            Some(_) => (BEHIND, unknown_save_message()),
            None if self.misses_both(ledger, kept) => (GONE, both_missing_message(store)),
            None => return,
        };
        if context.heads.tell() {
            context.progress.on_warning(&Warning::StateMissing { code, message: &what, help });
        }
    }
}

/// The ledger is older than its journal.
pub(crate) const BEHIND: &str = "telform::ledger::behind";

/// It existed and is missing now.
const GONE: &str = "telform::ledger::none";

/// The key that is given for this run.
pub(crate) fn given_key() -> Option<String> {
    std::env::var("TELFORM_FINGERPRINT_KEY").ok().filter(|text| !text.is_empty())
}

/// Neither a ledger nor a journal exists.
fn is_nothing(ledger: &Ledger, kept: &ParsedJournal) -> bool {
    ledger.serial == 0 && kept.lines.is_empty()
}

/// What can be checked without a key: whether the two are as required, and match each other.
fn check_without_key(heads: &JournalHeads, store: &LedgerStore, ledger: &Ledger, kept: &ParsedJournal) -> Result<(), RunError> {
    heads.check(store, kept)?;
    let place = store.state_store();
    if let Some(head) = &ledger.journal {
        journal::check_kept_head(place, kept, head).map_err(journal_error)?;
        // Requiring exactly this line confirms it.
        if !heads.demand_last(kept)? {
            journal::is_that(place, kept, head).map_err(journal_error)?;
        }
    }
    ledger_behind_journal(kept, ledger).map_or(Ok(()), Err)
}

/// A ledger that was restored from an older copy: its journal names a later save. A line names a save only after the save is
/// complete, so a run that was killed between the two leaves a ledger that is as new as its journal, or newer.
pub(crate) fn ledger_behind_journal(kept: &ParsedJournal, ledger: &Ledger) -> Option<RunError> {
    let runs = kept.is_ahead_of(ledger).filter(|_| ledger.serial > 0)?;
    let saved = match kept.last_ledger_save() {
        Some(saved) if saved.serial > ledger.serial => {
            format!(" (serial {} of {})", ledger.serial, saved.serial)
        }
        Some(_) => return None,
        None => String::new(),
    };
    let ended = match runs {
        0 => String::new(),
        1 => ": 1 run ended after it was saved".to_owned(),
        runs => format!(": {runs} runs ended after it was saved"),
    };
    Some(RunError::other(
        BEHIND,
        format!(
            "the ledger is older than its journal{saved}{ended}, so it does not contain what was created or deleted since; nothing was written"
        ),
        "restore the newest ledger; if it is lost, `telform ledger rebuild --replace` creates one from the YAML and the services, and `telform journal restart` continues with this one and a new journal",
    ))
}

/// As many saves as the journal has, but a different one: another process wrote the ledger without the lock.
fn unknown_save_message() -> (String, &'static str) {
    (
        "the journal records a different ledger with the same number of saves: this ledger was written again since, and what the last run created may be missing".to_owned(),
        "check with `telform ledger list` whether it is complete; `telform ledger rebuild --replace` creates a ledger from the YAML and the services",
    )
}

/// A journal without a ledger.
fn lost_ledger_message(runs: usize) -> (String, &'static str) {
    (
        format!(
            "a journal exists without a ledger: {runs} {} ended, and telform no longer knows that it manages what they created",
            crate::output::view::plural_kind(runs, "runs")
        ),
        "restore the ledger; if it is lost, `telform ledger rebuild` creates one from the YAML and the services",
    )
}

/// Both are missing, where a run left both.
fn both_missing_message(store: &LedgerStore) -> (String, &'static str) {
    (
        format!(
            "ledger and journal are missing: a run with the key in {} wrote both at {}, and what it created is no longer known",
            escape(&store.key_shown()),
            escape(&store.display_name())
        ),
        "restore both; if they are lost, `telform ledger rebuild` creates a ledger from the YAML and the services",
    )
}

/// The problem of a ledger or a journal that a command only reads: a run that writes would be refused.
pub(crate) fn find_trouble(
    context: &Context,
    chain: &JournalKey,
    store: &LedgerStore,
    ledger: &Ledger,
    kept: &ParsedJournal,
) -> Option<RunError> {
    chain.note_missing(context, store, ledger, kept);
    chain.check_before_reading(&context.heads, store, ledger, kept).err()
}

pub(crate) fn no_key(store: &LedgerStore) -> RunError {
    RunError::other(
        "telform::journal::key",
        format!(
            "the lines of the journal {} have MACs, but the fingerprint key to check and continue them is missing; nothing was written",
            journal::journal_display_name(store.state_store())
        ),
        "set TELFORM_FINGERPRINT_KEY or restore the key file; if the key is lost, `telform ledger rekey --lost-key` continues with a new one",
    )
}

/// The given or kept key. A change of the kept one may have been interrupted between the ledger and the key: `finish` completes
/// it.
fn found_key(store: &LedgerStore, ledger: &Ledger, finish: bool) -> Result<Option<FingerprintKey>, RunError> {
    let given = given_key();
    Ok(match store.fingerprint_key(given.as_deref())? {
        Some(key) if given.is_none() => Some(store.settled_key(ledger, key, finish)?),
        key => key,
    })
}

/// Whether this machine does not keep its files, as a CI runner.
pub(super) fn forgets_keys() -> bool {
    std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false")
}

/// The key of the fingerprints, and its relation to the journal. A key made on a machine that does not keep it makes every
/// secret unknown to the next run.
pub(crate) fn load_or_create_key(
    context: &Context,
    store: &LedgerStore,
    ledger: &Ledger,
    purpose: SessionPurpose,
) -> Result<(FingerprintKey, JournalKey), RunError> {
    let reads_only = matches!(purpose, SessionPurpose::Plan | SessionPurpose::Look | SessionPurpose::Offline);
    if let Some(key) = found_key(store, ledger, !reads_only)? {
        return Ok((key.clone(), JournalKey::from_key(store, Some(key), KeyAge::Before)?));
    }
    if reads_only {
        // Without a key nothing that was sealed can be read. This key lives only as long as the plan, unless the plan is saved.
        return Ok((store.make_key()?, JournalKey::without_kept_key(KeyAge::Forgotten)));
    }
    let key = store.make_key()?;
    let forgets = forgets_keys();
    if store.is_shared() || forgets {
        let path = store.key_shown();
        let ledger_has_other = ledger.key_check.is_some();
        context.progress.on_warning(&Warning::KeyMade { path: &path, ledger_has_other });
    }
    let since = if forgets { KeyAge::Forgotten } else { KeyAge::Made };
    Ok((key.clone(), JournalKey::from_key(store, Some(key), since)?))
}
