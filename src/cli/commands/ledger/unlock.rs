//! `telform ledger unlock`.

use clap::Args;

use crate::cli::console::Console;
use crate::output::LedgerLock;
use crate::run::opened_ledger::OpenedLedger;
use crate::run::{Exit, RunError};
use crate::state::ledger::LockHolder;
use crate::text::escape;

/// `telform ledger unlock`.
#[derive(Debug, Args, Clone)]
pub struct UnlockArgs {
    /// Free the lock that has this id
    #[arg(long, value_name = "ID")]
    pub lock_id: Option<String>,
}

/// Shows who has the lock; frees it only when it is named by its id.
pub(super) async fn run(out: &Console, args: &UnlockArgs) -> Result<Exit, RunError> {
    let store = OpenedLedger::find(&out.context())?.store;
    let place = store.display_name();
    let free = LedgerLock { ledger: place.clone(), held: false, id: None, holder: None, expired: false, freed: false };
    if let Some(id) = &args.lock_id {
        let whose = store.unlock(id).await?;
        if out.global.json {
            let (id, holder) = (Some(id.clone()), Some(whose));
            out.print_document(&LedgerLock { id, holder, freed: true, ..free });
            return Ok(Exit::Done);
        }
        out.print(&format!("Freed the lock of {}: {}\n", escape(&place), escape(&whose)));
        return Ok(Exit::Done);
    }
    match store.lock_holder().await? {
        LockHolder::Nobody if out.global.json => {
            out.print_document(&free);
            Ok(Exit::Done)
        }
        LockHolder::Run { id, words, expired } if out.global.json => {
            out.print_document(&LedgerLock { held: true, id: Some(id), holder: Some(words), expired, ..free });
            Ok(Exit::Refused)
        }
        LockHolder::Nobody => {
            out.print(&format!("The lock of {} is free.\n", escape(&place)));
            Ok(Exit::Done)
        }
        LockHolder::Run { id, words, expired } => {
            out.print(&format!("The lock of {} is held: {}\n", escape(&place), escape(&words)));
            if out.global.quiet {
                return Ok(Exit::Refused);
            }
            out.print(&match (store.is_shared(), expired) {
                (false, _) => "It is released when its process ends.\n".to_owned(),
                (true, true) => "The next run takes it over. You do not need to do anything.\n".to_owned(),
                (true, false) => format!(
                    "If you are sure that this run is dead: {}\n",
                    out.repeated_options.complete_command(&format!("telform ledger unlock --lock-id {}", escape(&id)))
                ),
            });
            Ok(Exit::Refused)
        }
    }
}
