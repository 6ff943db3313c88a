//! `telform ledger move`.

use clap::Args;

use crate::cli::args::{LockArgs, parse_address};
use crate::cli::console::Console;
use crate::model::resource::Address;
use crate::output::LedgerMoved;
use crate::run::maintenance::move_address;
use crate::run::{Exit, RunError};

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
    move_address(&out.context(), &args.from, &args.to, args.lock.timeout()).await?;
    if out.global.json {
        out.print_document(&LedgerMoved { from: args.from.to_string(), to: args.to.to_string() });
    } else {
        out.print(&format!("{} is {} in the ledger now. Rename its entry in the YAML too.\n", args.from, args.to));
    }
    Ok(Exit::Done)
}
