//! A new journal, where the old one is lost or differs from what was written. Nothing of the old one is deleted.

use std::time::Duration;

use crate::output::JournalRestarted;
use crate::run::journal::{change_ledger, journal_error};
use crate::run::journal_key::{self, JournalKey};
use crate::run::opened_ledger::OpenedLedger;
use crate::run::session::now_utc;
use crate::run::{Context, RunError};
use crate::state::journal;

/// Sets the journal aside and starts a new one; an error where the journal is what was written and holds each required line. Waits for the lock at most so
/// long.
pub async fn restart_journal(context: &Context, lock_wait: Duration) -> Result<JournalRestarted, RunError> {
    let demanded = context.heads.waive()?;
    let (book, mut ledger, _lock) = OpenedLedger::open_locked(context, lock_wait).await?;
    let (bytes, place) = journal::read_journal_bytes(book.store.state_store()).await.map_err(journal_error)?;
    let (whole, broken) = journal::check_up_to(&bytes);
    let fits = ledger.journal.as_ref().is_none_or(|head| whole.contains_head(head).is_ok());
    let chain = JournalKey::existing_key(&book.store, &ledger)?;
    let vouched =
        |key| journal::check_last_mac(book.store.state_store(), &whole, key, chain.who_says_chained(&ledger, &whole)).is_ok();
    let older = journal_key::ledger_behind_journal(&whole, &ledger).is_some();
    let lost = demanded.iter().any(|hash| !whole.has_line(hash));
    if !lost && broken.is_none() && fits && !older && chain.key.as_ref().is_none_or(vouched) {
        return Err(RunError::other(
            "telform::journal::whole",
            format!("the journal {place} is intact; nothing was changed"),
            "the next run continues it; to give up a newer journal that is lost, name its head: `telform journal restart --journal-head HEAD`",
        ));
    }
    match &chain.key {
        None if whole.is_chained() => return Err(journal_key::no_key(&book.store)),
        // The new journal starts without a line that the key made.
        Some(key) if ledger.is_chained_by(key) => ledger.key_check = Some(key.key_check()),
        _ => {}
    }
    let stamp = format!("replaced-{}", now_utc().replace(':', ""));
    book.store.unsay_chained()?;
    let kept = journal::set_aside(book.store.state_store(), &stamp).await.map_err(journal_error)?;
    ledger.journal = None;
    change_ledger(context, &book.store, &mut ledger, "journal restart", Vec::new(), |_| {}).await?;
    Ok(JournalRestarted { kept, lines: whole.lines.len() })
}
