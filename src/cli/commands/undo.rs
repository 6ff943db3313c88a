//! `telform undo`: undoes a run, with a plan like any other.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{CarryOutArgs, GuardArgs, parse_address};
use crate::cli::console::Console;
use crate::cli::signing;
use crate::model::resource::Address;
use crate::run::signing::needs_a_plan;
use crate::run::{self, Exit, PlanSelection, RunError, UndoRequest};

/// `telform undo`.
#[derive(Debug, Args, Clone)]
pub struct UndoArgs {
    /// Which run of the journal: its id, the beginning of it, or `last`
    #[arg(value_name = "RUN")]
    pub of: String,
    /// Take back only what was done to this address and to what it needs, repeatable
    #[arg(long = "target", value_name = "ADDRESS", value_parser = parse_address)]
    pub targets: Vec<Address>,
    /// Leave this address as it is, repeatable
    #[arg(long = "exclude", value_name = "ADDRESS", value_parser = parse_address)]
    pub excludes: Vec<Address>,
    /// Only this account, repeatable; `*` matches anything. The others are not asked and need no token
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Limits of this run.
    #[command(flatten)]
    pub guards: GuardArgs,
    /// Allow deletes of configurations in this run while this many bridges of the account cannot be read [default: 0]
    #[arg(long, value_name = "N")]
    pub max_unreadable_bridges: Option<u64>,
    /// Make this object again although a live one has a login, slug or name that differs only in letter case, spaces or Unicode
    /// form, repeatable
    #[arg(long = "allow-similar", value_name = "ADDRESS", value_parser = parse_address)]
    pub allow_similar: Vec<Address>,
    /// Delete configurations in this run although bridges of products that the account does not name were not looked at
    #[arg(long)]
    pub allow_unseen_products: bool,
    /// Run against the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
    /// How it is confirmed, carried out, signed and locked.
    #[command(flatten)]
    pub how: CarryOutArgs,
}

/// Plans, shows, asks, runs.
pub(super) async fn run(out: &Console, args: &UndoArgs) -> Result<Exit, RunError> {
    needs_a_plan("undo")?;
    let signer = signing::signer(out, &args.how.sign)?;
    let choice = PlanSelection {
        targets: args.targets.clone(),
        excludes: args.excludes.clone(),
        allow_similar: args.allow_similar.clone(),
        accounts: args.accounts.clone(),
        guards: args.guards.0,
        max_unreadable_bridges: args.max_unreadable_bridges,
        allow_unseen_products: args.allow_unseen_products,
        sandbox: args.sandbox.clone(),
        ..PlanSelection::default()
    };
    let request = UndoRequest { of: args.of.clone(), choice, how: args.how.options() };
    run::undo_signed(&out.context(), &request, signer).await
}
