//! The run that an undo is about: which one it is, what its journal has, and the undos of it so far.

use super::{Run, RunError, next_commands};
use crate::analysis::undo;
use crate::plan::Plan;
use crate::state::journal;

/// The effects of open requests are unknown until a run that may write has settled them.
pub(super) fn check_settled(run: &journal::RecordedRun<'_>) -> Result<(), RunError> {
    let open = run.open_steps().filter(|step| step.settled.is_none()).count();
    if open == 0 {
        return Ok(());
    }
    let (requests, them) = match open {
        1 => ("1 request is".to_owned(), "it"),
        several => (format!("{several} requests is"), "them"),
    };
    let command = match &run.started.of {
        // An undo that was interrupted is continued: to undo it would do again what it takes back.
        Some(_) => next_commands::continue_run(run),
        None => format!("telform undo {}", run.id),
    };
    Err(RunError::other(
        "telform::undo::open",
        format!(
            "run {} was interrupted, and the result of {requests} unknown, so it is not known what an undo has to do",
            run.id
        ),
        format!("`{command}` reads what became of {them}, shows its plan and asks before it writes"),
    ))
}

/// The journal, when it is intact.
pub(super) async fn read_intact_journal(session: &Run) -> Result<journal::ParsedJournal, RunError> {
    let damaged = |error: journal::JournalError| RunError::other(error.code(), error.to_string(), error.help());
    let kept = journal::read_journal(session.store.state_store()).await.map_err(damaged)?;
    if let Some(head) = &session.ledger.journal {
        journal::check_kept_head(session.store.state_store(), &kept, head).map_err(damaged)?;
    }
    Ok(kept)
}

/// The undos of a run so far, oldest first, each with its plan.
pub(super) fn earlier_undos<'a>(
    runs: &[journal::RecordedRun<'a>],
    of: &journal::RecordedRun<'_>,
) -> Result<Vec<(journal::RecordedRun<'a>, Plan)>, RunError> {
    let undos = runs.iter().filter(|run| run.seq > of.seq && run.started.of.as_deref() == Some(of.id));
    undos.map(|run| Ok((run.clone(), plan_of(run)?))).collect()
}

/// The plan of a run, as its journal has it.
pub(super) fn plan_of(run: &journal::RecordedRun<'_>) -> Result<Plan, RunError> {
    undo::plan_of_run(run).map_err(|why| {
        RunError::other(
            "telform::undo::plan",
            format!("the plan of run {} cannot be read: {why}", run.id),
            "use the version of telform that wrote it, or a newer one",
        )
    })
}

/// No run was recorded here.
pub(super) fn nothing_recorded() -> RunError {
    RunError::other(
        "telform::undo::run",
        "the journal has no run, so there is nothing to undo",
        "an apply writes the journal next to the ledger; name another ledger with --ledger",
    )
}

/// The named run. `last` is the last one that wrote something, to a service or only to the ledger.
pub(super) fn choose_run<'r, 'a>(
    runs: &'r [journal::RecordedRun<'a>],
    of: &str,
) -> Result<&'r journal::RecordedRun<'a>, RunError> {
    let wrong = |why: String| RunError::other("telform::undo::run", why, "`telform journal list` shows the runs");
    if runs.is_empty() {
        return Err(nothing_recorded());
    }
    if of == "last" {
        let wrote =
            |run: &&journal::RecordedRun<'_>| run.steps.iter().any(|step| step.intent.is_some()) || changed_management(run);
        return runs.iter().rev().find(wrote).ok_or_else(|| wrong("no run in the journal wrote anything".to_owned()));
    }
    let fits: Vec<&journal::RecordedRun<'a>> = runs.iter().filter(|run| run.id.starts_with(of)).collect();
    match fits.as_slice() {
        [one] => Ok(one),
        [] => Err(wrong(format!("the journal has no run {of}"))),
        several => Err(wrong(format!("{} runs begin with {of}", several.len()))),
    }
}

/// Whether a run changed what telform manages, rather than only recording deleted objects.
fn changed_management(run: &journal::RecordedRun<'_>) -> bool {
    let words = run.started.plan.ledger.iter().flat_map(|effect| effect.0.keys());
    let known = ["adopt", "adopt_hidden", "rename", "release", "protect"];
    words.into_iter().any(|word| known.contains(&word.as_str()))
}
