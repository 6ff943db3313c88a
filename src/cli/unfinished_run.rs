//! The end of a run that did not go through, and what became of it later.

use super::console::Console;
use super::journal_head;
use crate::apply::{ApplyReport, SettledStep};
use crate::output::view::report::{self, NextCommand};
use crate::output::view::text::{TextDetail, wrap_text};
use crate::output::{Dark, Said, StepEnd, StepMore};
use crate::plan::Plan;
use crate::run::journal::cut_off;
use crate::run::{Exit, next_commands};
use crate::state::journal::{JournalFinding, RecordedRun};
use crate::text::escape;

/// Reports what was done, what was not, and how to continue.
pub(super) fn report_incomplete(out: &Console, plan: &Plan, report: &ApplyReport, advice: &[NextCommand]) {
    let ledger = report.ledger_error.as_ref().map(ToString::to_string);
    if out.global.json {
        emit_unfinished(out, plan, report, advice, ledger.clone());
        if out.is_stdout_lost() {
            // The event was not delivered; its content must not be lost with its reader.
            out.print_stderr(&report::render_unfinished(plan, report, advice, out.plan_detail()));
        }
    } else if out.global.quiet {
        // Without suggestions this is a rehearsal, and its journal no longer exists.
        out.print(&report::outcome_line(plan, report, !advice.is_empty()));
    } else {
        out.print(&report::render_unfinished(plan, report, advice, out.plan_detail()));
    }
    if let Some(why) = ledger {
        // A lost lock quotes the note of its current holder.
        out.print_stderr(&format!("the ledger could not be saved, so no further step was started: {}\n", escape(&why)));
    } else if report.interrupted {
        // Said when it was interrupted.
    } else if report.is_stale() {
        out.print_stderr("Stale plan: the services changed since the plan. Nothing was written. Run `telform plan` again.\n");
    } else if report.is_untouched(plan) {
        out.print_stderr("nothing was written to a service\n");
    }
}

/// Interrupted when every step was done: to read and plan again is left to another run.
pub(super) fn report_unproven(out: &Console, plan: &Plan, report: &ApplyReport, advice: &[NextCommand]) {
    if out.global.json {
        emit_unfinished(out, plan, report, advice, None);
    } else {
        out.print_stderr("interrupted: every step is done, but nothing was read again, so the result is not verified\n");
        if !out.global.quiet {
            out.print(&report::render_commands(advice));
        }
    }
}

/// Says how a run ended that is stopped at once, on standard error: standard output may be a pipe without a reader.
pub(super) fn stopped(out: &Console, plan: &Plan, report: &ApplyReport, advice: &[NextCommand]) {
    let detail = TextDetail { columns: out.width(), ..out.plan_detail() };
    out.print_stderr(&report::render_stopped(plan, report, advice, detail));
    if out.global.json {
        emit_unfinished(out, plan, report, advice, None);
        let exit = Exit::Interrupted;
        out.print_event(&Said::Ended { exit: exit as u8, result: exit.as_str(), journal: journal_head::reached(out) });
    }
}

/// The same for programs.
fn emit_unfinished(out: &Console, plan: &Plan, report: &ApplyReport, advice: &[NextCommand], ledger_error: Option<String>) {
    let dark = report::numbers_dark_now(plan, report).into_iter().map(|(number, bridge, configuration)| Dark {
        number,
        bridge,
        configuration,
    });
    let steps = report.outcomes.iter().map(|(step, result)| StepEnd { step, result });
    let again = report.reconnected.iter().map(|(step, result)| StepMore { step, result });
    out.print_event(&Said::Unfinished {
        advice: if report.is_untouched(plan) { &[] } else { advice },
        dark: dark.collect(),
        steps: steps.collect(),
        reconnected: again.collect(),
        ledger_error,
    });
}

/// What reading says about each open step of a run that was cut off.
pub(super) fn report_settled(out: &Console, run: &RecordedRun<'_>, plan: &Plan, all: &[SettledStep]) {
    for found in all {
        if out.global.json {
            out.print_event(&Said::Settled { run: run.id, step: &found.step, verdict: found.verdict, evidence: &found.evidence });
            continue;
        }
        if out.global.quiet {
            continue;
        }
        let word = match found.verdict {
            JournalFinding::Done => "done",
            JournalFinding::NotDone => "not done",
            JournalFinding::Unknown => "UNKNOWN",
        };
        let step = plan.steps.iter().find(|step| step.id == found.step);
        let subject = step.map(report::step_subject).unwrap_or_default();
        out.print_stderr(&format!("  {:>4} {word:8} {subject}\n", escape(&found.step)));
        for line in wrap_text(&escape(&found.evidence), out.width() - 16) {
            out.print_stderr(&format!("                {line}\n"));
        }
    }
}

/// A run that holds the lock may be carrying out its plan.
pub(super) fn report_in_progress(out: &Console, run: &RecordedRun<'_>) {
    out.print_stderr(&format!(
        "run {} of {} is in progress since {}: what it changes from now on is not in this plan\n",
        run.id,
        escape(&run.started.actor.user),
        run.began_at
    ));
}

/// An interrupted run, and the command that settles it.
pub(super) fn suggest_resume(out: &Console, run: &RecordedRun<'_>) {
    let command = next_commands::continue_run(run);
    let does = match &run.started.of {
        Some(_) => "settles it and continues to undo that run",
        None if run.started.origin.options.destroy => "settles it and continues to delete",
        None => "settles it, as the next apply would",
    };
    out.print_stderr(&format!("{}: `{}` {does}\n", cut_off(run), escape(&command)));
}
