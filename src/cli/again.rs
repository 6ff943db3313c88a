//! Commands that go on after a run that ended in part, with the options of this one, so that they can be copied.

use super::out::Out;
use super::saved;
use super::session::Session;
use crate::apply::Report;
use crate::document::v1;
use crate::event::Outcome;
use crate::plan::{Operation, Plan};
pub(super) use crate::text::quoted;
use crate::view::report::{Advice, dark_now};

/// What somebody may run now: back to what was, or on to what was wanted. A rehearsal leaves nothing behind to go on from.
pub(super) fn advice(
    out: &Out,
    command: &str,
    session: &Session,
    plan: &Plan,
    report: &Report,
) -> Vec<Advice> {
    if command == "rehearse" {
        return Vec::new();
    }
    let done = |id: &str| report.of(id).is_some_and(Outcome::is_done);
    let made =
        plan.steps.iter().filter(|step| matches!(step.operation, Operation::Create { .. }) && done(&step.id));
    let made = made.count();
    let mut undo = with(out, session, "telform undo last");
    if made > 0 {
        undo.push_str(&format!(" --max-deletes {made}"));
    }
    let dark = !dark_now(plan, report).is_empty();
    let what = if dark {
        "To connect them again, and take back what this run did"
    } else {
        "To take back what this run did"
    };
    let undo = Advice { what, command: undo };
    // What an undo was to take back is named by its run, which is not the last one any more.
    if command == "undo" {
        return vec![undo];
    }
    let again = with(out, session, "telform apply") + &flags(&saved::options(&session.options));
    let what = match (dark, report.interrupted) {
        (true, true) => "To go on with it instead",
        (false, true) => "To go on with it",
        (true, false) => "To go on with it instead, when the cause is mended",
        (false, false) => "To go on with it, when the cause is mended",
    };
    let again = Advice { what, command: again };
    // Numbers that are cut off come first; without them the way on does.
    if dark { vec![undo, again] } else { vec![again, undo] }
}

/// How to go on after a run that was stopped at once.
pub(super) fn settle(out: &Out, command: &str, session: &Session) -> Vec<Advice> {
    if command == "rehearse" {
        return Vec::new();
    }
    let command = with(out, session, "telform resume") + &flags(&saved::options(&session.options));
    vec![Advice { what: "To settle by reading what is unknown, and go on", command }]
}

/// How to see what a run came to that was interrupted when all was done.
pub(super) fn look(out: &Out, command: &str, session: &Session) -> Vec<Advice> {
    if command == "rehearse" {
        return Vec::new();
    }
    let command = with(out, session, "telform plan") + &flags(&saved::options(&session.options));
    vec![Advice { what: "To see whether a fresh plan is empty", command }]
}

/// The options that a run was given, each with a space before it.
pub(super) fn flags(options: &v1::Options) -> String {
    let mut text = String::new();
    for (flag, value) in [
        ("--max-deletes", options.max_deletes),
        ("--max-delete-percent", options.max_delete_percent),
        ("--max-numbers-dark", options.max_numbers_dark),
        ("--max-unreadable-bridges", options.max_unreadable_bridges),
    ] {
        if let Some(value) = value {
            text.push_str(&format!(" {flag} {value}"));
        }
    }
    for (flag, names) in
        [("--account", &options.accounts), ("--target", &options.targets), ("--exclude", &options.excludes)]
    {
        for name in names {
            text.push_str(&format!(" {flag} {}", quoted(name)));
        }
    }
    for (address, attribute) in &options.resend {
        let attribute = attribute.as_ref().map(|attribute| format!(":{attribute}")).unwrap_or_default();
        text.push_str(&format!(" --resend {}", quoted(&format!("{address}{attribute}"))));
    }
    if options.destroy {
        text.push_str(" --destroy");
    }
    text
}

/// A command with the options that say where everything is.
pub(super) fn with(out: &Out, session: &Session, command: &str) -> String {
    let mut text = command.to_owned();
    for file in &out.global.files {
        text.push_str(&format!(" -f {}", quoted(&file.to_string_lossy())));
    }
    if let Some(ledger) = &out.global.ledger {
        text.push_str(&format!(" --ledger {}", quoted(ledger)));
    }
    if let Some(world) = session.sandbox.as_ref().map(|embedded| &embedded.world) {
        text.push_str(&format!(" --sandbox {}", quoted(&world.to_string_lossy())));
    }
    text
}
