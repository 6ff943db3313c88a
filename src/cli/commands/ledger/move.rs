//! `telform ledger move`.

use clap::Args;

use crate::cli::args::{LockArgs, parse_address};
use crate::cli::console::Console;
use crate::model::resource::Address;
use crate::output::LedgerMoved;
use crate::run::maintenance::move_address;
use crate::run::{Exit, RunError};
use crate::text::escape;

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
    let declared_at = move_address(&out.context(), &args.from, &args.to, args.lock.timeout()).await?;
    if out.global.json {
        out.print_document(&LedgerMoved { from: args.from.to_string(), to: args.to.to_string() });
    } else {
        let (from, to) = (&args.from, &args.to);
        out.print(&format!("{from} is {to} in the ledger now.\n"));
        if let Some(place) = declared_at.filter(|_| !out.global.quiet) {
            out.print(&format!(
                "Rename its entry at {} before the next apply: until then a plan creates {from} and deletes {to}.\n",
                escape(&place)
            ));
        }
    }
    Ok(Exit::Done)
}
