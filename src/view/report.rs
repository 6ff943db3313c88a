//! An apply for people: one line for each step as it ends, and a report that says done, failed, not started or unknown.

use std::fmt::Write;

use super::text::Detail;
use super::{BAD, CARE, FAINT, GOOD, STRONG, paint, words};
use crate::apply::{Doubled, Report};
use crate::document::Moved;
use crate::event::Outcome;
use crate::plan::{Operation, Plan, Ref, Step};
use crate::text::{clean, shorten};

/// What a step does, in a few words.
pub fn subject(step: &Step) -> String {
    clean(&words::subject(step))
}

/// One line for a step that ended.
pub fn ended(step: &Step, outcome: &Outcome, milliseconds: u64, detail: Detail) -> String {
    let (style, sign) = match outcome {
        Outcome::Done { not_taken, .. } if !not_taken.is_empty() => (CARE, "partly"),
        Outcome::Done { .. } => (GOOD, "ok"),
        Outcome::Failed { .. } => (BAD, "FAILED"),
        Outcome::Stale { .. } => (CARE, "STALE"),
        Outcome::Unknown { .. } => (BAD, "UNKNOWN"),
        Outcome::NotStarted { .. } => (FAINT, "not started"),
    };
    let mut text = format!(
        "  {:>4} {:7} {}  {}\n",
        step.id,
        paint(style, sign),
        subject(step),
        paint(FAINT, format!("{milliseconds} ms"))
    );
    if let Some(why) = why(outcome) {
        for part in detail.wrap(&clean(why), 11) {
            let _ = writeln!(text, "           {part}");
        }
    }
    text
}

fn why(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Done { note, .. } => note.as_deref(),
        Outcome::Failed { why, .. }
        | Outcome::Stale { why, .. }
        | Outcome::Unknown { why, .. }
        | Outcome::NotStarted { why, .. } => Some(why),
    }
}

/// The report of an apply that did not go through: numbers that are dark now first, with what brings them back.
pub fn unfinished(plan: &Plan, report: &Report, advice: &[Advice], detail: Detail) -> String {
    let mut out = String::new();
    let dark = dark_now(plan, report);
    if !dark.is_empty() {
        let _ = writeln!(
            out,
            "\n{}",
            paint(BAD, format!("DARK NOW ({}): cut off, and not connected again", dark.len()))
        );
        for (number, bridge, provider) in &dark {
            let _ = writeln!(
                out,
                "  {}  was on {} by configuration {}",
                clean(number),
                clean(bridge),
                clean(provider)
            );
        }
        out.push_str(&commands(advice));
    }
    out.push_str(&still_there(plan, report, detail));
    out.push_str(&back_again(report, detail));
    for (title, word) in [
        ("Failed", "failed"),
        ("Unknown", "unknown"),
        ("Stale", "stale"),
        ("Not started", "not started"),
        ("Done", "done"),
    ] {
        let steps = plan.steps.iter().filter_map(|step| report.of(&step.id).map(|outcome| (step, outcome)));
        out.push_str(&group(title, steps.filter(|(_, outcome)| outcome.word() == word).collect(), detail));
    }
    if dark.is_empty() && !report.is_untouched(plan) && !advice.is_empty() {
        let _ = write!(out, "\n{}\n{}", paint(STRONG, "Next"), commands(advice));
    }
    out
}

/// The same in one line: how many steps ended how, and what is dark. `kept`: there is a journal with the rest.
pub fn verdict(plan: &Plan, report: &Report, kept: bool) -> String {
    let count = |word: &str| report.outcomes.iter().filter(|(_, outcome)| outcome.word() == word).count();
    let words = ["done", "failed", "unknown", "stale", "not started"];
    let parts: Vec<String> = words
        .into_iter()
        .map(|word| (count(word), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let dark: Vec<String> = dark_now(plan, report).into_iter().map(|(number, ..)| number).collect();
    let dark = if dark.is_empty() { String::new() } else { format!("; DARK NOW: {}", dark.join(", ")) };
    let back = report.reconnected.iter().filter(|(_, outcome)| outcome.is_done()).count();
    let back = if back == 0 { String::new() } else { format!("; connected again: {back}") };
    let rest = if kept { " `telform journal show` has each step." } else { "" };
    clean(&format!("Not finished: {}{back}{dark}.{rest}", parts.join(", "))) + "\n"
}

/// Objects that a run made and that have a twin, each with the way to one of them; `plan` is the command that shows what deleting one needs.
pub fn twins(all: &[Doubled], plan: &str, detail: Detail) -> String {
    let mut out = format!("\n{}\n", paint(CARE, format!("TWINS ({}): made beside another one", all.len())));
    for twin in all {
        let Doubled { address, account, kind, key, ours, others, unreachable } = twin;
        let (key, rest) = (key.join(" + "), others.join(", "));
        let ours = if ours.is_empty() {
            format!("one of the {kind}s {rest} is this run's; they have one natural key ({key})")
        } else {
            format!("{kind} {ours} is this run's; {rest} has the same natural key ({key})")
        };
        let more = if *unreachable {
            ". The service answers for none of them any more, and only its support can remove one: name them to it"
        } else {
            ", and telform does not manage it"
        };
        for part in detail.wrap(&clean(&format!("{address}: {ours}{more}")), 2) {
            let _ = writeln!(out, "  {part}");
        }
        if *unreachable {
            continue;
        }
        for (at, other) in others.iter().enumerate() {
            let name = if at == 0 { format!("{address}-twin") } else { format!("{address}-twin{}", at + 1) };
            let line = format!("- {{ address: {name}, account: {account}, id: \"{other}\" }}");
            let _ = writeln!(
                out,
                "  To delete {}, write this under `removed` and review the plan:",
                clean(other)
            );
            let _ = writeln!(out, "    {}\n    {}", clean(&line), clean(plan));
        }
    }
    out
}

/// A command stands on a line of its own and is never broken, so that it can be copied.
pub fn commands(advice: &[Advice]) -> String {
    advice.iter().map(|Advice { what, command }| format!("  {what}:\n    {}\n", clean(command))).collect()
}

/// A way to go on, and the command for it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Advice {
    /// What it does.
    pub what: &'static str,
    /// As it is typed into a shell.
    pub command: String,
}

/// Numbers whose disconnect was answered as done, and which their bridge shows all the same.
fn still_there(plan: &Plan, report: &Report, detail: Detail) -> String {
    let mut out = String::new();
    let there = plan.steps.iter().filter_map(|step| match &step.operation {
        Operation::Disconnect { bridge, number, .. } if !came_back(plan, report, step, number) => {
            Some(format!("{number} on {bridge}: {}", report.shown.get(&step.id)?))
        }
        _ => None,
    });
    let there: Vec<String> = there.collect();
    if there.is_empty() {
        return out;
    }
    let title = format!(
        "Not dark as far as anybody can tell ({}): the service said cut, and shows it still",
        there.len()
    );
    let _ = writeln!(out, "\n{}", paint(CARE, title));
    for text in there {
        for part in detail.wrap(&clean(&text), 2) {
            let _ = writeln!(out, "  {part}");
        }
    }
    out
}

/// Whether a number that was cut is connected again, by the plan or after it.
fn came_back(plan: &Plan, report: &Report, cut: &Step, number: &str) -> bool {
    let connects = |step: &Step| {
        step.call.account == cut.call.account
            && matches!(&step.operation, Operation::Connect { number: other, .. } if other == number)
    };
    let done = |step: &Step| report.of(&step.id).is_some_and(Outcome::is_done);
    plan.steps.iter().any(|step| connects(step) && done(step))
        // In another account, where it moves there.
        || plan.connect_after(&cut.call.account, number).is_some_and(done)
        || report.reconnected.iter().any(|(step, outcome)| connects(step) && outcome.is_done())
}

/// Numbers that were cut for a step that did not happen, and are back or could not be brought back.
fn back_again(report: &Report, detail: Detail) -> String {
    let all = || report.reconnected.iter().map(|(step, outcome)| (step, outcome));
    let back = group(
        "Connected again, because what they were cut for did not happen",
        all().filter(|(_, outcome)| outcome.is_done()).collect(),
        detail,
    );
    let not = group(
        "Could not be connected again",
        all().filter(|(_, outcome)| !outcome.is_done()).collect(),
        detail,
    );
    back + &not
}

/// Steps that ended in one way.
fn group(title: &str, steps: Vec<(&Step, &Outcome)>, detail: Detail) -> String {
    let mut out = String::new();
    if steps.is_empty() {
        return out;
    }
    let _ = writeln!(out, "\n{}", paint(STRONG, format!("{title} ({})", steps.len())));
    for (step, outcome) in steps {
        let _ = writeln!(out, "  {:>4} {}", step.id, subject(step));
        // That a step was not begun says its heading, and why its text.
        if let Some(code) = outcome.code().filter(|_| !matches!(outcome, Outcome::NotStarted { .. })) {
            let _ = writeln!(out, "         {}", paint(FAINT, code));
        }
        if let Some(why) = why(outcome).filter(|_| !outcome.is_done()) {
            for part in detail.wrap(&clean(why), 9) {
                let _ = writeln!(out, "         {part}");
            }
        }
    }
    out
}

/// A run that is stopped at once: numbers that may be dark first, then what nobody knows.
pub fn stopped(plan: &Plan, report: &Report, advice: &[Advice], detail: Detail) -> String {
    let count = |word: &str| report.outcomes.iter().filter(|(_, outcome)| outcome.word() == word).count();
    let mut out = format!(
        "stopped at once: {} done, {} unknown, {} not started\n",
        count("done"),
        count("unknown"),
        report.outcomes.len() - count("done") - count("unknown")
    );
    let maybe = |step: &Step| matches!(report.of(&step.id), Some(Outcome::Unknown { .. }));
    let connects = |cut: &Step, number: &str| {
        let all = plan.steps.iter().filter(|step| {
            step.call.account == cut.call.account
                && matches!(&step.operation, Operation::Connect { number: other, .. } if other == number)
        });
        all.into_iter().any(maybe)
            || plan.connect_after(&cut.call.account, number).is_some_and(maybe)
            || report.reconnected.iter().any(|(step, outcome)| {
                matches!(&step.operation, Operation::Connect { number: other, .. } if other == number)
                    && matches!(outcome, Outcome::Unknown { .. })
            })
    };
    let (mut dark, mut perhaps) = (Vec::new(), Vec::new());
    for step in &plan.steps {
        let Operation::Disconnect { bridge, number, .. } = &step.operation else { continue };
        let cut = report.of(&step.id).is_some_and(Outcome::is_done);
        if !(cut || maybe(step)) || came_back(plan, report, step, number) {
            continue;
        }
        let line = format!("  {}  on {}\n", clean(number), clean(bridge));
        if cut && !connects(step, number) { dark.push(line) } else { perhaps.push(line) }
    }
    for (title, lines) in [
        ("DARK NOW ({}): cut off, and not connected again", dark),
        ("PERHAPS DARK ({}): nobody waited for the answer", perhaps),
    ] {
        if !lines.is_empty() {
            let title = title.replace("{}", &lines.len().to_string());
            let _ = writeln!(out, "\n{}", paint(BAD, title));
            out.push_str(&lines.concat());
        }
    }
    let unknown = plan.steps.iter().filter(|step| maybe(step));
    let unknown = unknown.filter_map(|step| report.of(&step.id).map(|outcome| (step, outcome)));
    out.push_str(&group("Unknown", unknown.collect(), detail));
    if !advice.is_empty() {
        let _ = write!(out, "\n{}\n{}", paint(STRONG, "Next"), commands(advice));
    }
    out
}

/// Numbers whose disconnect is done, that no bridge shows there any more, and that are not connected again: (number, bridge,
/// configuration before).
pub fn dark_now(plan: &Plan, report: &Report) -> Vec<(String, String, String)> {
    let done = |id: &str| report.of(id).is_some_and(Outcome::is_done);
    // What a delete freed for the bridge that takes its place, and that is not connected there.
    let freed = plan.steps.iter().filter_map(|step| {
        let Operation::Connect { bridge: Ref::Step(taker), number, .. } = &step.operation else { return None };
        let taker = plan.steps.iter().find(|step| step.id == *taker)?;
        let old = taker.operation.replaces_here()?;
        let deletes = |step: &&Step| {
            taker.waits_for.contains(&step.id)
                && matches!(&step.operation, Operation::Delete { id, frees, .. } if id == old && frees.contains(number))
        };
        let delete = plan.steps.iter().find(deletes)?;
        let Operation::Delete { seats, .. } = &delete.operation else { return None };
        let Some(crate::plan::Served::By { id, .. }) = seats.get(number).map(|seat| &seat.served) else {
            return None;
        };
        (done(&delete.id) && !done(&step.id)).then(|| (number.clone(), old.clone(), id.clone()))
    });
    plan.steps
        .iter()
        .filter(|step| done(&step.id) && !report.shown.contains_key(&step.id))
        .filter_map(|step| match &step.operation {
            Operation::Disconnect { bridge, number, before } => {
                let provider = match before {
                    crate::plan::Served::By { id, .. } => id.clone(),
                    crate::plan::Served::OneOf(ids) => ids.join(" or "),
                    _ => return None,
                };
                (!came_back(plan, report, step, number)).then(|| (number.clone(), bridge.clone(), provider))
            }
            _ => None,
        })
        .chain(freed)
        .collect()
}

/// Why the plan of now is not the reviewed one: what moved, with both sides.
pub fn moved(moved: &[Moved], detail: Detail) -> String {
    let mut text =
        format!("{}\n", paint(BAD, format!("{} moved since the plan was made", things(moved.len()))));
    for one in moved.iter().take(MOST_MOVED) {
        let attribute = one.attribute.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        let subject = clean(&format!("{}{attribute}", one.subject));
        let _ = writeln!(text, "  {} {}", paint(BAD, "!"), paint(STRONG, subject));
        for (word, side) in [("reviewed:", &one.was), ("now:     ", &one.is)] {
            for (index, line) in detail.wrap(&clean(&shorten(side)), 16).into_iter().enumerate() {
                let _ = writeln!(text, "      {} {line}", if index == 0 { word } else { "         " });
            }
        }
    }
    if moved.len() > MOST_MOVED {
        let _ = writeln!(text, "  … and {} more", moved.len() - MOST_MOVED);
    }
    text
}

/// Things that moved which are listed one by one.
const MOST_MOVED: usize = 100;

fn things(count: usize) -> String {
    if count == 1 { "1 thing".to_owned() } else { format!("{count} things") }
}
