//! `telform resume`: an interrupted run is settled by reading, then everything continues as in an apply.

use std::time::Duration;

use clap::Args;

use crate::cli::args::lock::parse_duration;
use crate::cli::args::{CarryOutArgs, PlanSelectionArgs, ReportArgs};
use crate::cli::console::Console;
use crate::cli::run_report::RunReports;
use crate::cli::signing;
use crate::run::signing::needs_a_plan;
use crate::run::{self, ApplyRequest, Exit, RunError, TrustDemand};

/// `telform resume`.
#[derive(Debug, Args, Clone)]
#[command(mut_arg("reports", |arg| arg.visible_alias("format")))]
pub struct ResumeArgs {
    /// Wait this long for a create that got no answer
    ///
    /// Such as 90s or 10m [default: 0, say until when it may still be running].
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub settle_timeout: Option<Duration>,
    /// Where it is reported.
    #[command(flatten)]
    pub report: ReportArgs,
    /// What the plan is about.
    #[command(flatten)]
    pub choice: PlanSelectionArgs,
    /// How it is confirmed, carried out, signed and locked.
    #[command(flatten)]
    pub how: CarryOutArgs,
}

/// Settles and continues, and reports it.
pub(super) async fn run(out: &Console, args: &ResumeArgs) -> Result<Exit, RunError> {
    let reports = RunReports::begin("resume", &args.report.reports)?;
    let out = &reports.listening(out);
    reports.finish(out, resume(out, args).await)
}

async fn resume(out: &Console, args: &ResumeArgs) -> Result<Exit, RunError> {
    needs_a_plan("resume")?;
    let request = ApplyRequest {
        command: "resume",
        saved: None,
        choice: args.choice.choice(),
        expect: None,
        then_rest: false,
        trust: TrustDemand::default(),
        how: args.how.options(),
        resume_patience: Some(args.settle_timeout.unwrap_or_default()),
    };
    run::apply_signed(&out.context(), request, || signing::signer(out, &args.how.sign)).await
}
