//! Commands that a user may run next: back to what was, or on to what was wanted.

use std::collections::BTreeSet;

use super::saved_plan;
use crate::analysis::open_creates::settling_commands;
use crate::apply::ApplyReport;
use crate::apply::event::StepOutcome;
use crate::document::v1;
use crate::model::call::{BodyValue, StepId};
use crate::model::guards::GUARDS;
use crate::model::kind::Kind;
use crate::model::resource::Desired;
use crate::output::view::report::{NextCommand, numbers_dark_now};
use crate::plan::{NOT_CLEARED, Plan, PlanOptions, Step, StepOperation};
use crate::services;
use crate::state::journal::RecordedRun;
use crate::text::shell_quote;

/// What was carried out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Carried<'a> {
    /// The command. A rehearsal leaves nothing behind to go on from.
    pub(crate) command: &'static str,
    /// The run that it undoes, when it is an undo.
    pub(crate) of: Option<&'a str>,
}

/// What a user may run now: back to what was, or on to what was wanted. A rehearsal leaves nothing behind to go on from.
pub(crate) fn suggest(
    Carried { command, of }: Carried<'_>,
    options: &PlanOptions,
    desired: &Desired,
    plan: &Plan,
    report: &ApplyReport,
) -> Vec<NextCommand> {
    if command == "rehearse" {
        return Vec::new();
    }
    let dark = !numbers_dark_now(plan, report).is_empty();
    let what = if dark { "To connect the disconnected numbers again and undo this run" } else { "To undo this run" };
    let undo = undo_command(desired, plan, report).map(|command| NextCommand { what, command });
    if let Some(of) = of {
        // What was done so far is part of the way back: to continue comes first.
        let what = if dark { "To connect the disconnected numbers again and continue" } else { "To continue" };
        let again = NextCommand { what, command: undo_again(of, &as_typed(options)) };
        let undo = undo.map(|undo| NextCommand { what: "To undo this undo instead", ..undo });
        return [again].into_iter().chain(undo).collect();
    }
    let open = settle_creates(plan, report);
    if !open.is_empty() {
        // An apply is refused until they are settled.
        return if dark { undo.into_iter().chain(open).collect() } else { open.into_iter().chain(undo).collect() };
    }
    let again = format!("telform apply{}", run_options(&as_typed(options)));
    let what = match (dark, report.interrupted) {
        (true, true) => "To continue instead",
        (false, true) => "To continue",
        (true, false) => "To continue instead, once the cause is fixed",
        (false, false) => "To continue, once the cause is fixed",
    };
    let again = NextCommand { what, command: again };
    // Commands for disconnected numbers come first; without such numbers the command that continues does.
    let undo = undo.into_iter();
    if dark { undo.chain([again]).collect() } else { [again].into_iter().chain(undo).collect() }
}

/// The commands for creates of which it is not known whether they created something.
fn settle_creates(plan: &Plan, report: &ApplyReport) -> Vec<NextCommand> {
    let open = plan.steps.iter().filter(|step| {
        matches!(report.outcome(&step.id), Some(StepOutcome::Unknown { .. }))
            && matches!(step.operation, StepOperation::Create { .. })
    });
    let mut all: Vec<NextCommand> = Vec::new();
    for address in open.filter_map(|step| step.address.as_ref()) {
        for (what, command) in settling_commands(address) {
            let next = NextCommand { what, command };
            if !all.iter().any(|known| known.command == next.command) {
                all.push(next);
            }
        }
    }
    all
}

/// The command that undoes what was done, with the deletes that it needs. None where it would do nothing: what was created cannot be
/// deleted, or waits for a person to confirm it.
fn undo_command(desired: &Desired, plan: &Plan, report: &ApplyReport) -> Option<String> {
    let done = |step: &&Step| report.outcome(&step.id).is_some_and(StepOutcome::is_done);
    // What got no answer may have had its effect; the undo reads that first.
    let unknown = |step: &Step| matches!(report.outcome(&step.id), Some(StepOutcome::Unknown { .. }));
    let (mut deletes, mut others) = (0, plan.steps.iter().any(unknown));
    let named = still_named(plan, report);
    for step in plan.steps.iter().filter(done) {
        match &step.operation {
            // What replaces an object that is still there is deleted, too: its numbers move back.
            StepOperation::Create { replaces, replaces_in, .. } => {
                let old_is_gone = |id: &String| {
                    let deleted = |step: &&Step| matches!(&step.operation, StepOperation::Delete { id: of, .. } if of == id);
                    plan.steps.iter().filter(deleted).any(|step| done(&step))
                };
                let reversible = replaces_in.is_none() || replaces.iter().all(old_is_gone);
                deletes += usize::from(reversible && !named.contains(&step.id) && can_be_deleted(desired, step));
            }
            StepOperation::ReadBack { .. } => {}
            _ => others = true,
        }
    }
    let limit = if deletes > 0 { format!(" --max-deletes {deletes}") } else { String::new() };
    (deletes > 0 || others).then(|| format!("telform undo last{limit}"))
}

/// Creates whose objects an undo leaves: an attribute that cannot be cleared continues to name them.
fn still_named(plan: &Plan, report: &ApplyReport) -> BTreeSet<StepId> {
    let mut named = BTreeSet::new();
    for entry in plan.undo_entries().iter().filter(|entry| entry.lost.as_deref() == Some(NOT_CLEARED)) {
        let is_it = |step: &&Step| entry.of.contains(&step.id) && report.outcome(&step.id).is_some_and(StepOutcome::is_done);
        let body = plan.steps.iter().find(is_it).and_then(|step| step.call.body.as_ref());
        let name = entry.what.rsplit(' ').next().unwrap_or_default();
        match body.and_then(|body| body.own_entries().get(name)) {
            Some(BodyValue::IdOf(maker)) => _ = named.insert(maker.clone()),
            Some(BodyValue::WithIds { ids, .. }) => named.extend(ids.values().cloned()),
            _ => {}
        }
    }
    named
}

/// Whether an undo deletes what this step created.
fn can_be_deleted(desired: &Desired, step: &Step) -> bool {
    let Some(address) = &step.address else { return false };
    let account = desired.accounts.get(&step.call.account);
    let set = |switch: &str| account.is_some_and(|account| account.settings.contains_key(switch));
    let permitted = |kind: &&Kind| kind.delete.switch().is_none_or(set);
    let kinds = services::shapes_of_kind(&address.kind);
    let protected = desired.objects.get(address).is_some_and(|object| object.prevent_delete);
    !protected && kinds.iter().all(|kind| permitted(kind) && !kind.hidden_until_verified)
}

/// How to continue after a run that was stopped at once.
pub(crate) fn settle(Carried { command, of }: Carried<'_>, options: &PlanOptions) -> Vec<NextCommand> {
    if command == "rehearse" {
        return Vec::new();
    }
    if let Some(of) = of {
        // A `resume` would continue to the state in the YAML, which this run undoes.
        let command = undo_again(of, &as_typed(options));
        return vec![NextCommand { what: "To read what is unknown and continue the undo", command }];
    }
    let command = format!("telform resume{}", run_options(&as_typed(options)));
    vec![NextCommand { what: "To read what is unknown and continue", command }]
}

/// How to see the result of a run that was interrupted after its last step.
pub(crate) fn look(Carried { command, of }: Carried<'_>, options: &PlanOptions) -> Vec<NextCommand> {
    if command == "rehearse" {
        return Vec::new();
    }
    if let Some(of) = of {
        let command = undo_again(of, &as_typed(options));
        return vec![NextCommand { what: "To see whether anything is left to undo", command }];
    }
    let command = format!("telform plan{}", run_options(&as_typed(options)));
    vec![NextCommand { what: "To see whether a fresh plan is empty", command }]
}

/// The command that continues a run that was interrupted or ended in part, with the options that its plan needs: without them the
/// rest of it is refused.
pub(crate) fn continue_run(run: &RecordedRun<'_>) -> String {
    let options = &run.started.origin.options;
    match &run.started.of {
        // A `resume` or an `apply` would restore the state in the YAML, which an undo takes back.
        Some(of) => undo_again(of, options),
        None if run.finished.is_none() => format!("telform resume{}", run_options(options)),
        None => format!("telform apply{}", run_options(options)),
    }
}

/// The same run undone again: an undo names its run, which is no longer the last one.
pub(crate) fn undo_again(of: &str, options: &v1::Options) -> String {
    let mut text = format!("telform undo {}{}", shell_quote(of), guards(options));
    for name in &options.accounts {
        text.push_str(&format!(" --account {}", shell_quote(name)));
    }
    if options.allow_unseen_products {
        text.push_str(" --allow-unseen-products");
    }
    text
}

/// The options of a run with its limits as they were typed: a pattern is shorter than what it stands for, and no address of it is
/// unknown once the run deleted its object.
fn as_typed(options: &PlanOptions) -> v1::Options {
    let mut typed = saved_plan::options(options);
    let limits = options.limits.typed.clone();
    for (list, texts) in
        [(&mut typed.accounts, limits.accounts), (&mut typed.targets, limits.targets), (&mut typed.excludes, limits.excludes)]
    {
        if !texts.is_empty() {
            *list = texts;
        }
    }
    typed
}

/// The permissions of a run, each option preceded by a space.
fn guards(options: &v1::Options) -> String {
    let mut text = String::new();
    let limits = GUARDS.iter().map(|guard| (guard.option, (guard.get)(&options.guards)));
    for (option, value) in limits.chain([("max-unreadable-bridges", options.max_unreadable_bridges)]) {
        if let Some(value) = value {
            text.push_str(&format!(" --{option} {value}"));
        }
    }
    text
}

/// The options of a run, each preceded by a space.
pub(crate) fn run_options(options: &v1::Options) -> String {
    let mut text = guards(options);
    for (flag, names) in [
        ("--account", &options.accounts),
        ("--target", &options.targets),
        ("--exclude", &options.excludes),
        ("--allow-similar", &options.allow_similar),
    ] {
        for name in names {
            text.push_str(&format!(" {flag} {}", shell_quote(name)));
        }
    }
    if !options.unreadable.is_empty() {
        text.push_str(" --skip-unreadable");
    }
    if let Some(limit) = options.limit {
        text.push_str(&format!(" --limit {limit}"));
    }
    for (flag, named) in [("--resend", &options.resend), ("--rewrite-secret", &options.rewrite_secrets)] {
        for (address, attribute) in named {
            let attribute = attribute.as_ref().map(|attribute| format!(":{attribute}")).unwrap_or_default();
            text.push_str(&format!(" {flag} {}", shell_quote(&format!("{address}{attribute}"))));
        }
    }
    for (flag, on) in [("--allow-unseen-products", options.allow_unseen_products), ("--destroy", options.destroy)] {
        if on {
            text.push_str(&format!(" {flag}"));
        }
    }
    text
}
