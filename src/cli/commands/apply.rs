//! `telform apply`: plans, shows, asks, runs, and proves that it is finished by planning again.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::{LockArgs, PlanSelectionArgs, ReportArgs, RunArgs, SignArgs, TrustArgs, choice_options};
use crate::cli::console::Console;
use crate::cli::run_report::RunReports;
use crate::cli::signing;
use crate::run::{self, ApplyRequest, Exit, RunError, SavedPlan};

/// `telform apply`.
#[derive(Debug, Args, Clone)]
#[command(mut_arg("reports", |arg| arg.visible_alias("format")))]
pub struct ApplyArgs {
    /// A saved plan, applied only if nothing changed
    ///
    /// telform plans again. If something changed, it exits with 4.
    #[arg(value_name = "PLAN", conflicts_with_all = choice_options(), conflicts_with = "expect")]
    pub plan: Option<PathBuf>,
    /// What the plan is about.
    #[command(flatten)]
    pub choice: PlanSelectionArgs,
    /// Do not ask for confirmation
    #[arg(long)]
    pub auto_approve: bool,
    /// Apply only the plan with this digest, or exit with 4
    ///
    /// The digest is the one that was reviewed.
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    pub expect: Option<String>,
    /// After the changes of --limit, apply the rest
    ///
    /// When they are applied and verified, telform plans the rest again, shows it, asks again, and applies it. With
    /// --auto-approve it does not ask, and continues only after a clean verification.
    #[arg(long, value_name = "WHAT", requires = "limit", conflicts_with = "expect")]
    pub then: Option<FollowUp>,
    /// Where it is reported.
    #[command(flatten)]
    pub report: ReportArgs,
    /// What the saved plan needs.
    #[command(flatten)]
    pub trust: TrustArgs,
    /// Who signs the receipt.
    #[command(flatten)]
    pub sign: SignArgs,
    /// How it is carried out.
    #[command(flatten)]
    pub run: RunArgs,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// What follows the first changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FollowUp {
    /// All other changes.
    All,
}

/// A digest as a plan shows it.
fn digest(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("sha256:").filter(|digits| digits.len() == 64);
    match digits.is_some_and(|digits| digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))) {
        true => Ok(text.to_owned()),
        false => Err("a digest is `sha256:` and 64 hexadecimal digits, as `telform plan` prints it".to_owned()),
    }
}

/// Applies the YAML, and reports it.
pub(super) async fn run(out: &Console, args: &ApplyArgs) -> Result<Exit, RunError> {
    run_as(out, "apply", args).await
}

/// The same under the name of another command, which the journal records.
pub(super) async fn run_as(out: &Console, command: &'static str, args: &ApplyArgs) -> Result<Exit, RunError> {
    let reports = RunReports::begin(command, &args.report.reports)?;
    let out = &reports.listening(out);
    reports.finish(out, apply(out, command, args).await)
}

async fn apply(out: &Console, command: &'static str, args: &ApplyArgs) -> Result<Exit, RunError> {
    if args.then.is_some() && !args.auto_approve && !out.is_interactive() {
        return Err(RunError::other(
            "telform::cli::not_interactive",
            "nothing was sent: `--then all` asks before it applies the rest, and telform cannot ask here",
            "apply the first changes with `--limit` alone and the rest in a separate run; with `--auto-approve` telform applies the rest without asking when the first changes are verified",
        ));
    }
    let saved = match &args.plan {
        Some(path) => {
            let saved = SavedPlan::read(path)?;
            if args.choice.selection.sandbox.is_none() && saved.is_of_sandbox() {
                return Err(RunError::other(
                    "telform::plan::of_sandbox",
                    format!(
                        "{} was made against a sandbox, and this run would go to the services; nothing was sent",
                        path.display()
                    ),
                    "add `--sandbox WORLD.yaml` with the world that it was made with",
                ));
            }
            Some((path.clone(), saved))
        }
        None => None,
    };
    let request = ApplyRequest {
        command,
        saved,
        choice: args.choice.choice(),
        expect: args.expect.clone(),
        then_rest: args.then.is_some(),
        trust: args.trust.demand(),
        how: args.run.options(args.auto_approve, &args.lock),
        resume_patience: None,
    };
    run::apply_signed(&out.context(), request, || signing::signer(out, &args.sign)).await
}
