//! `telform undo`: undoes a run, with a plan like any other.

use clap::Args;

use super::plan::show_plan;
use crate::cli::args::{CarryOutArgs, PlanOnlyArgs, SelectionArgs};
use crate::cli::console::Console;
use crate::cli::signing;
use crate::run::make_plan::PlanRequest;
use crate::run::signing::needs_a_plan;
use crate::run::{self, Exit, RunError, TrustDemand, UndoRequest};
use crate::text::shell_quote;

/// `telform undo`.
#[derive(Debug, Args, Clone)]
#[command(mut_arg("targets", |arg| arg.help("Undo only changes of this address, repeatable").long_help(
    "Undo only changes of this address and of what it needs, repeatable; `*` matches anything."
)))]
#[command(mut_arg("excludes", |arg| arg.help("Leave this address as it is, repeatable").long_help(
    "Leave this address as it is, repeatable; `*` matches anything."
)))]
#[command(mut_arg("allow_similar", |arg| arg.help("Create it again even if a similar live object exists").long_help(
    "Create this object again even if a live one has a login, slug or name that differs only in letter case, spaces or Unicode form, repeatable."
)))]
pub struct UndoArgs {
    /// Run in the journal: its id, the start of its id, or `last`
    #[arg(value_name = "RUN")]
    pub of: String,
    /// What of it is undone.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Its plan alone.
    #[command(flatten)]
    pub only: PlanOnlyArgs,
    /// How it is confirmed, carried out, signed and locked.
    #[command(flatten)]
    pub how: CarryOutArgs,
}

/// Plans, shows, asks, runs.
pub(super) async fn run(out: &Console, args: &UndoArgs) -> Result<Exit, RunError> {
    if args.only.plan {
        let request = PlanRequest {
            choice: args.selection.choice(),
            policies: args.how.run.policies.given(),
            undo: Some(args.of.clone()),
            ..PlanRequest::default()
        };
        let to_apply = format!("To apply it, run `telform undo {}`.", shell_quote(&args.of));
        return show_plan(out, &request, &args.only.output, args.how.sign.sign.as_deref(), &to_apply).await;
    }
    needs_a_plan(&format!("undo {}", shell_quote(&args.of)))?;
    let signer = signing::signer(out, &args.how.sign)?;
    let request = UndoRequest {
        of: args.of.clone(),
        saved: None,
        choice: args.selection.choice(),
        trust: TrustDemand::default(),
        how: args.how.options(),
    };
    run::undo_signed(&out.context(), &request, signer).await
}
