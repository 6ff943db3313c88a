//! `telform journal restart`: how to continue where the journal is lost or differs from what was written. Nothing of it is
//! deleted.

use clap::Args;

use crate::cli::args::LockArgs;
use crate::cli::console::Console;
use crate::output::JournalRestarted;
use crate::output::view::plural_kind;
use crate::run::journal::{change_ledger, journal_error};
use crate::run::journal_key::{self, JournalKey};
use crate::run::opened_ledger::{Access, OpenedLedger};
use crate::run::session::now_utc;
use crate::run::{Exit, RunError, lock};
use crate::state::journal;
use crate::text::escape;

/// `telform journal restart`.
#[derive(Debug, Args, Clone)]
pub struct RestartArgs {
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Sets the old one aside and starts a new one.
pub(crate) async fn run(out: &Console, args: &RestartArgs) -> Result<Exit, RunError> {
    out.head_expectation.waive();
    let book = OpenedLedger::find(&out.context(), Access::Write)?;
    book.read(&out.context()).await?;
    let _lock = lock::take_lock(&out.context(), &book.store, args.lock.timeout()).await?;
    let mut ledger = book.read(&out.context()).await?;
    let (bytes, place) = journal::read_journal_bytes(book.store.state_store()).await.map_err(journal_error)?;
    let (whole, broken) = journal::check_up_to(&bytes);
    let fits = ledger.journal.as_ref().is_none_or(|head| whole.contains_head(head).is_ok());
    let chain = JournalKey::existing_key(&book.store, &ledger)?;
    let vouched =
        |key| journal::check_last_mac(book.store.state_store(), &whole, key, chain.who_says_chained(&ledger, &whole)).is_ok();
    let older = journal_key::ledger_behind_journal(&whole, &ledger).is_some();
    if broken.is_none() && fits && !older && chain.key.as_ref().is_none_or(vouched) {
        return Err(RunError::other(
            "telform::journal::whole",
            format!("the journal {place} is what was written; nothing was changed"),
            "the next run goes on with it",
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
    change_ledger(&out.context(), &book.store, &mut ledger, "journal restart", Vec::new(), |_| {}).await?;
    let lines = whole.lines.len();
    if out.global.json {
        out.print_document(&JournalRestarted { kept, lines });
        return Ok(Exit::Done);
    }
    out.print(&match &kept {
        Some(kept) => format!(
            "Began a new journal. The old one is kept as {}; {lines} {} of it can be read.\n",
            escape(kept),
            plural_kind(lines, "lines")
        ),
        None => "Began a new journal; there was no old one.\n".to_owned(),
    });
    if !out.global.quiet {
        out.print("Runs before it can neither be resumed nor taken back.\n");
    }
    Ok(Exit::Done)
}
