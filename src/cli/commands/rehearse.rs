//! `telform rehearse`: applies the plan in the simulator, on a copy of the live state.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::args::{PlanSelectionArgs, ReportArgs, RunArgs, choice_options};
use crate::cli::console::Console;
use crate::cli::run_report::RunReports;
use crate::disk;
use crate::output::Said;
use crate::output::view::rehearsal;
use crate::run::rehearse::{RehearseRequest, rehearse};
use crate::run::{Exit, RunError, SavedPlan};
use crate::sandbox::{FaultRule, World, WorldError};

/// `telform rehearse`.
#[derive(Debug, Args, Clone)]
#[command(mut_arg("reports", |arg| arg.visible_alias("format")))]
pub struct RehearseArgs {
    /// A saved plan, rehearsed only if nothing changed
    ///
    /// As with `telform apply PLAN`.
    #[arg(value_name = "PLAN", conflicts_with_all = choice_options())]
    pub plan: Option<PathBuf>,
    /// Rehearse the undo of this run
    ///
    /// A run in the journal: its id, the start of its id, or `last`.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["plan", "limit", "destroy", "skip_unreadable", "rewrite_secrets", "resend"])]
    pub undo: Option<String>,
    /// Something that goes wrong in the simulator
    ///
    /// A fault in the format of the simulator's world files: YAML, or a file; repeatable. Each account has its own simulator,
    /// which counts its own requests.
    #[arg(long = "fault", value_name = "YAML|FILE")]
    pub faults: Vec<String>,
    /// Where it is reported.
    #[command(flatten)]
    pub report: ReportArgs,
    /// What the plan is about.
    #[command(flatten)]
    pub choice: PlanSelectionArgs,
    /// How it is carried out.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Rehearses, and reports it.
pub(crate) async fn run(out: &Console, args: &RehearseArgs) -> Result<Exit, RunError> {
    let reports = RunReports::begin("rehearse", &args.report.reports)?;
    let out = &reports.listening(out);
    reports.finish(out, rehearse_and_show(out, args).await)
}

async fn rehearse_and_show(out: &Console, args: &RehearseArgs) -> Result<Exit, RunError> {
    let request = RehearseRequest {
        faults: faults(&args.faults)?,
        undo: args.undo.clone(),
        saved: args.plan.as_deref().map(SavedPlan::read).transpose()?,
        choice: args.choice.choice(),
        policies: args.run.policies.given(),
        steps: args.run.steps(),
    };
    let (exit, shown) = rehearse(&out.context(), request).await?;
    if let (Some(noted), Some(rehearsal)) = (&out.noted, &shown) {
        noted.note_rehearsal(rehearsal);
    }
    match shown {
        Some(rehearsal) if out.global.json => out.print_event(&Said::Rehearsed { rehearsal: &rehearsal }),
        Some(shown) if !out.global.quiet => out.print(&rehearsal::rehearsal_as_text(&shown, out.global.verbose > 0)),
        _ => {}
    }
    Ok(exit)
}

/// Faults in the simulator's format, from the command line or from files.
fn faults(given: &[String]) -> Result<Vec<FaultRule>, RunError> {
    let mut all = Vec::new();
    for text in given {
        let path = Path::new(text);
        let wrong = |why: String| {
            RunError::other(
                "telform::rehearse::fault",
                format!("`{text}` does not describe a fault: {why}"),
                "a fault looks like `{ match: { method: DELETE, times: 0 }, effect: { answer: { status: 500 } } }`; a file holds one or a list of them",
            )
        };
        let is_file = path.exists();
        // YAML of a fault is a map or a list; anything else was meant as a file.
        if !is_file && !text.trim_start().starts_with(['{', '[', '-']) && !text.contains(": ") {
            return Err(RunError::other(
                "telform::rehearse::fault",
                format!("the file `{text}` does not exist"),
                "name a file that holds faults, or write one as YAML; `telform rehearse --help` has an example",
            ));
        }
        let text = if is_file { disk::read_text(path).map_err(|error| wrong(error.to_string()))? } else { text.clone() };
        // The content of a file that was read by mistake is not quoted.
        if is_file && !text.contains("effect") {
            return Err(wrong("the file has no `effect`".to_owned()));
        }
        let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
        let lines = lines.join("\n");
        // A list or a single fault, under the key that a world has for them.
        let list = World::from_yaml(&format!("faults:\n{lines}\n"));
        let world = list.or_else(|of_list| {
            let one = World::from_yaml(&format!("faults:\n  -\n{lines}\n"));
            let is_list = text.trim_start().starts_with(['-', '[']);
            one.map_err(|error| wrong(if is_list { own_place(&of_list, 1) } else { own_place(&error, 2) }))
        })?;
        all.extend(world.faults);
    }
    Ok(all)
}

/// A reason with the position in the text as it was given, which a world has below other lines and indented by four columns.
fn own_place(error: &WorldError, above: usize) -> String {
    let WorldError::Parse { message, .. } = error else { return error.to_string() };
    let moved = || {
        let (before, place) = message.split_once("line ")?;
        let (line, rest) = place.split_once(", column ")?;
        let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
        let (line, column) = (line.parse::<usize>().ok()?, rest[..digits].parse::<usize>().ok()?);
        let (line, column) = (line.checked_sub(above)?, column.checked_sub(4)?);
        Some(format!("{before}line {line}, column {column}{}", &rest[digits..]))
    };
    moved().unwrap_or_else(|| message.clone())
}
