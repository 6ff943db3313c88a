//! `telform ledger move`.

use clap::Args;

use super::unknown;
use crate::cli::args::{LockArgs, parse_address};
use crate::cli::console::Console;
use crate::model::ledger::Ledger;
use crate::model::resource::Address;
use crate::output::LedgerMoved;
use crate::plan::LedgerUpdate;
use crate::run::journal::change_ledger;
use crate::run::opened_ledger::{Access, OpenedLedger};
use crate::run::{Exit, RunError, lock};

/// `telform ledger move`.
#[derive(Debug, Args, Clone)]
pub struct MoveArgs {
    /// The address that it has
    #[arg(value_parser = parse_address)]
    pub from: Address,
    /// The address that it gets
    #[arg(value_parser = parse_address)]
    pub to: Address,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

pub(super) async fn run(out: &Console, args: &MoveArgs) -> Result<Exit, RunError> {
    let book = OpenedLedger::find(&out.context(), Access::Write)?;
    book.read(&out.context()).await?;
    let _lock = lock::take_lock(&out.context(), &book.store, args.lock.timeout()).await?;
    // Read again under the lock: another run may just have ended.
    let mut ledger = book.read(&out.context()).await?;
    if args.from.kind != args.to.kind {
        return Err(RunError::other(
            "telform::ledger::move",
            format!("{} cannot become {}", args.from, args.to),
            "an object stays of its kind",
        ));
    }
    if !ledger.objects.contains_key(&args.from) && !ledger.attempts.contains_key(&args.from) {
        return Err(unknown(&ledger, &args.from));
    }
    if ledger.objects.contains_key(&args.to) || ledger.attempts.contains_key(&args.to) {
        return Err(RunError::other(
            "telform::ledger::move",
            format!("the ledger knows {} already", args.to),
            format!("to release it, run `telform forget {}` first", args.to),
        ));
    }
    let effects = vec![LedgerUpdate::Rename { from: args.from.clone(), to: args.to.clone() }];
    let rename = |ledger: &mut Ledger| ledger.rename_object(&args.from, &args.to);
    change_ledger(&out.context(), &book.store, &mut ledger, "ledger move", effects, rename).await?;
    if out.global.json {
        out.print_document(&LedgerMoved { from: args.from.to_string(), to: args.to.to_string() });
        return Ok(Exit::Done);
    }
    out.print(&format!("{} is {} in the ledger now. Rename its entry in the YAML too.\n", args.from, args.to));
    Ok(Exit::Done)
}
