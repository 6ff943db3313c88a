//! `telform ledger rebuild`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::LockArgs;
use crate::cli::console::Console;
use crate::output::view::plural_kind;
use crate::output::{NotKnown, Rebuilt};
use crate::run::maintenance::rebuild_ledger;
use crate::run::{Exit, PlanSelection, RunError};
use crate::text::escape;

/// `telform ledger rebuild`.
#[derive(Debug, Args, Clone)]
pub struct RebuildArgs {
    /// Replace the existing ledger, which is kept
    #[arg(long)]
    pub replace: bool,
    /// Only this account, repeatable
    ///
    /// `*` matches anything. Records of other accounts are kept.
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Use the embedded simulator, started from this file
    ///
    /// The services of the accounts are not called.
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Creates it, and keeps the earlier one.
pub(crate) async fn run(out: &Console, args: &RebuildArgs) -> Result<Exit, RunError> {
    let choice = PlanSelection { sandbox: args.sandbox.clone(), accounts: args.accounts.clone(), ..PlanSelection::default() };
    let rebuilt = rebuild_ledger(&out.context(), &choice, args.replace, args.lock.timeout()).await?;
    let (objects, lost) = (rebuilt.objects, &rebuilt.unknown);
    if out.global.json {
        let unknown = lost.iter().map(|(what, about)| NotKnown { what: (*what).to_owned(), about: about.clone() });
        out.print_document(&Rebuilt { objects, kept: rebuilt.kept, unknown: unknown.collect() });
        return Ok(Exit::Done);
    }
    out.print(&format!("Rebuilt {}: {objects} {} found.\n", escape(&rebuilt.place), plural_kind(objects, "objects")));
    if out.global.quiet {
        return Ok(Exit::Done);
    }
    if !lost.is_empty() {
        out.print("\nWhat could not be known:\n");
    }
    for (what, about) in lost {
        out.print(&format!("  {}  {what}\n", escape(about)));
    }
    if rebuilt.plan.has_changes() || rebuilt.plan.is_refused() {
        out.print(&format!("\nA plan is not empty: {}. Review it before the next apply.\n", rebuilt.plan.summary()));
    }
    Ok(Exit::Done)
}
