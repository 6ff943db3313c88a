//! `telform destroy`: `telform apply --destroy` under the name that its users look for.

use clap::Args;

use super::apply::{self, ApplyArgs};
use super::plan::show_plan;
use crate::cli::args::{CarryOutArgs, PlanOnlyArgs, PlanSelectionArgs, ReportArgs, TrustArgs};
use crate::cli::console::Console;
use crate::run::make_plan::PlanRequest;
use crate::run::signing::needs_a_plan;
use crate::run::{Exit, RunError};

/// `telform destroy`.
#[derive(Debug, Args, Clone)]
#[command(mut_arg("destroy", |arg| arg.hide(true)))]
#[command(mut_arg("rewrite_secrets", |arg| arg.hide(true)), mut_arg("resend", |arg| arg.hide(true)))]
#[command(mut_arg("targets", |arg| arg.help("Delete only this address, repeatable").long_help(
    "Delete only this address and what depends on it, repeatable; `*` matches anything."
)))]
#[command(mut_arg("excludes", |arg| arg.help("Keep this address, repeatable").long_help(
    "Keep this address, repeatable. Takes precedence over --target; `*` matches anything."
)))]
pub struct DestroyArgs {
    /// What is deleted.
    #[command(flatten)]
    pub choice: PlanSelectionArgs,
    /// Its plan alone.
    #[command(flatten)]
    pub only: PlanOnlyArgs,
    /// Where it is reported.
    #[command(flatten)]
    pub report: ReportArgs,
    /// How it is confirmed, carried out, signed and locked.
    #[command(flatten)]
    pub how: CarryOutArgs,
}

/// Plans the deletion, shows, asks, runs.
pub(super) async fn run(out: &Console, args: &DestroyArgs) -> Result<Exit, RunError> {
    let mut choice = args.choice.clone();
    choice.destroy = true;
    if args.only.plan {
        let (choice, policies) = (choice.choice(), args.how.run.policies.given());
        let request = PlanRequest { choice, policies, ..PlanRequest::default() };
        let to_apply = "To apply it, run `telform destroy`.";
        return show_plan(out, &request, &args.only.output, args.how.sign.sign.as_deref(), to_apply).await;
    }
    needs_a_plan("destroy")?;
    let CarryOutArgs { auto_approve, run, sign, lock } = args.how.clone();
    let (plan, expect, then, trust) = (None, None, None, TrustArgs::default());
    let report = args.report.clone();
    let args = ApplyArgs { plan, choice, auto_approve, expect, then, report, trust, sign, run, lock };
    apply::run_as(out, "destroy", &args).await
}
