//! An apply for people: one line for each completed step, and a report with the outcome: done, failed, not started or unknown.

use std::fmt::Write;

use super::text::TextDetail;
use super::{BAD, CARE, FAINT, GOOD, STRONG, paint, wording};
use crate::apply::event::StepOutcome;
use crate::apply::{ApplyReport, ObjectWithTwins};
use crate::document::PlanDifference;
use crate::plan::{NoticeCode, NumberIndex, ObjectRef, Plan, Step, StepOperation};
use crate::text::{escape, shorten};

/// What a step does, in a few words.
pub fn step_subject(step: &Step) -> String {
    escape(&wording::step_subject(step))
}

/// One line for a step that ended.
pub fn step_ended_line(step: &Step, outcome: &StepOutcome, milliseconds: u64, detail: TextDetail) -> String {
    let (style, sign) = match outcome {
        StepOutcome::Done { not_taken, .. } if !not_taken.is_empty() => (CARE, "partly"),
        StepOutcome::Done { .. } => (GOOD, "ok"),
        StepOutcome::Failed { .. } => (BAD, "FAILED"),
        StepOutcome::Stale { .. } => (CARE, "STALE"),
        StepOutcome::Unknown { .. } => (BAD, "UNKNOWN"),
        StepOutcome::NotStarted { .. } => (FAINT, "not started"),
    };
    let mut text = format!(
        "  {:>4} {:7} {}  {}\n",
        escape(&step.id),
        paint(style, sign),
        step_subject(step),
        paint(FAINT, format!("{milliseconds} ms"))
    );
    if let Some(why) = reason(outcome) {
        for part in detail.wrap(&escape(why), 11) {
            let _ = writeln!(text, "           {part}");
        }
    }
    text
}

fn reason(outcome: &StepOutcome) -> Option<&str> {
    match outcome {
        StepOutcome::Done { note, .. } => note.as_deref(),
        StepOutcome::Failed { why, .. }
        | StepOutcome::Stale { why, .. }
        | StepOutcome::Unknown { why, .. }
        | StepOutcome::NotStarted { why, .. } => Some(why),
    }
}

/// The report of an incomplete apply: first the numbers that are now dark, with the commands that connect them again.
pub fn render_unfinished(plan: &Plan, report: &ApplyReport, advice: &[NextCommand], detail: TextDetail) -> String {
    let mut out = String::new();
    let dark = numbers_dark_now(plan, report);
    let target = wording::link_words(plan).target;
    let (cut, still) = split_dark(plan, &dark);
    for (title, was, numbers) in [
        ("DARK NOW ({}): disconnected, and not connected again", "was on", cut),
        ("STILL DARK ({}): an earlier run disconnected it, and this one did not connect it", "was to be on", still),
    ] {
        if !numbers.is_empty() {
            let _ = writeln!(out, "\n{}", paint(BAD, title.replace("{}", &numbers.len().to_string())));
        }
        for (number, bridge, provider) in numbers {
            let _ = writeln!(out, "  {}  {was} {}, served by {target} {}", escape(number), escape(bridge), escape(provider));
        }
    }
    if !dark.is_empty() {
        out.push_str(&render_commands(advice));
    }
    out.push_str(&render_still_shown(plan, report, detail));
    out.push_str(&render_reconnected(report, detail));
    for (title, word) in
        [("Failed", "failed"), ("Unknown", "unknown"), ("Stale", "stale"), ("Not started", "not started"), ("Done", "done")]
    {
        let steps = plan.steps.iter().filter_map(|step| report.outcome(&step.id).map(|outcome| (step, outcome)));
        out.push_str(&render_group(title, steps.filter(|(_, outcome)| outcome.as_str() == word).collect(), detail));
    }
    if dark.is_empty() && !report.is_untouched(plan) && !advice.is_empty() {
        let _ = write!(out, "\n{}\n{}", paint(STRONG, "Next"), render_commands(advice));
    }
    out
}

/// The same in one line: the number of steps by outcome, and what is dark. `kept`: a journal has the rest.
pub fn outcome_line(plan: &Plan, report: &ApplyReport, kept: bool) -> String {
    let count = |word: &str| report.outcomes.iter().filter(|(_, outcome)| outcome.as_str() == word).count();
    let words = ["done", "failed", "unknown", "stale", "not started"];
    let parts: Vec<String> = words
        .into_iter()
        .map(|word| (count(word), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let dark = numbers_dark_now(plan, report);
    let (cut, still) = split_dark(plan, &dark);
    let named = |word: &str, numbers: Vec<&DarkNumber>| {
        let numbers: Vec<&str> = numbers.into_iter().map(|(number, ..)| number.as_str()).collect();
        if numbers.is_empty() { String::new() } else { format!("; {word}: {}", numbers.join(", ")) }
    };
    let dark = named("DARK NOW", cut) + &named("STILL DARK", still);
    let back = report.reconnected.iter().filter(|(_, outcome)| outcome.is_done()).count();
    let back = if back == 0 { String::new() } else { format!("; connected again: {back}") };
    let rest = if kept { " `telform journal show` has each step." } else { "" };
    escape(&format!("Not finished: {}{back}{dark}.{rest}", parts.join(", "))) + "\n"
}

/// A dark number, its bridge, and the configuration that served it or was to serve it.
pub type DarkNumber = (String, String, String);

/// The dark numbers that this run disconnected, and those that an earlier one did.
fn split_dark<'d>(plan: &Plan, dark: &'d [DarkNumber]) -> (Vec<&'d DarkNumber>, Vec<&'d DarkNumber>) {
    let cuts = |number: &String| {
        plan.steps.iter().any(|step| match &step.operation {
            StepOperation::Disconnect { number: of, .. } => of == number,
            StepOperation::Delete { frees, .. } => frees.contains(number),
            _ => false,
        })
    };
    dark.iter().partition(|(number, ..)| cuts(number))
}

/// Objects that a run created and that have a duplicate, each with how to get rid of one; `plan` is the command that shows what
/// deleting one needs.
pub fn render_twins(all: &[ObjectWithTwins], plan: &str, detail: TextDetail) -> String {
    let mut out = format!("\n{}\n", paint(CARE, format!("TWINS ({}): created although another one existed", all.len())));
    for twin in all {
        let ObjectWithTwins { address, account, kind, key, ours, others, unreachable } = twin;
        let (key, rest) = (key.join(" + "), others.join(", "));
        let ours = if ours.is_empty() {
            format!("this run created one of the {kind}s {rest}, which have the same natural key ({key})")
        } else {
            format!("this run created {kind} {ours}; {rest} has the same natural key ({key})")
        };
        let more = if *unreachable {
            ". The service no longer returns any of them, and only its support can remove one: report them there"
        } else {
            ", and telform does not manage it"
        };
        for part in detail.wrap(&escape(&format!("{address}: {ours}{more}")), 2) {
            let _ = writeln!(out, "  {part}");
        }
        if *unreachable {
            continue;
        }
        for (at, other) in others.iter().enumerate() {
            let name = if at == 0 { format!("{address}-twin") } else { format!("{address}-twin{}", at + 1) };
            let line = format!("- {{ address: {name}, account: {account}, id: \"{other}\" }}");
            let _ = writeln!(out, "  To delete {}, write this under `removed` and review the plan:", escape(other));
            let _ = writeln!(out, "    {}\n    {}", escape(&line), escape(plan));
        }
    }
    out
}

/// A command is on a separate line and is never wrapped, so that it can be copied.
pub fn render_commands(advice: &[NextCommand]) -> String {
    advice.iter().map(|NextCommand { what, command }| format!("  {what}:\n    {}\n", escape(command))).collect()
}

/// A way to continue, and the command for it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct NextCommand {
    /// What it does.
    pub what: &'static str,
    /// As typed into a shell.
    pub command: String,
}

/// Numbers whose disconnect was answered as done, and which their bridge still shows.
fn render_still_shown(plan: &Plan, report: &ApplyReport, detail: TextDetail) -> String {
    let mut out = String::new();
    let numbers = NumberIndex::new(plan);
    let there = plan.steps.iter().filter_map(|step| match &step.operation {
        StepOperation::Disconnect { bridge, number, .. } if !is_connected_again(&numbers, report, step, number) => {
            Some(format!("{number} on {bridge}: {}", report.still_shown.get(&step.id)?))
        }
        _ => None,
    });
    let there: Vec<String> = there.collect();
    if there.is_empty() {
        return out;
    }
    let title =
        format!("Probably not dark ({}): the service confirmed the disconnect, but still shows the connection", there.len());
    let _ = writeln!(out, "\n{}", paint(CARE, title));
    for text in there {
        for part in detail.wrap(&escape(&text), 2) {
            let _ = writeln!(out, "  {part}");
        }
    }
    out
}

/// Whether a disconnected number is connected again, by the plan or after it.
fn is_connected_again(numbers: &NumberIndex<'_>, report: &ApplyReport, cut: &Step, number: &str) -> bool {
    let connects = |step: &Step| {
        step.call.account == cut.call.account
            && matches!(&step.operation, StepOperation::Connect { number: other, .. } if other == number)
    };
    let done = |step: &Step| report.outcome(&step.id).is_some_and(StepOutcome::is_done);
    numbers.connects_of(number).any(|step| connects(step) && done(step))
        // In another account, when it moves there.
        || numbers.connect_after(&cut.call.account, number).is_some_and(done)
        || report.reconnected.iter().any(|(step, outcome)| connects(step) && outcome.is_done())
}

/// Numbers that were disconnected for a step that did not happen, and that are connected again or could not be.
fn render_reconnected(report: &ApplyReport, detail: TextDetail) -> String {
    let all = || report.reconnected.iter().map(|(step, outcome)| (step, outcome));
    let back = render_group(
        "Connected again, because the step that needed the disconnect did not happen",
        all().filter(|(_, outcome)| outcome.is_done()).collect(),
        detail,
    );
    let not = render_group("Could not be connected again", all().filter(|(_, outcome)| !outcome.is_done()).collect(), detail);
    back + &not
}

/// Steps with one outcome.
fn render_group(title: &str, steps: Vec<(&Step, &StepOutcome)>, detail: TextDetail) -> String {
    let mut out = String::new();
    if steps.is_empty() {
        return out;
    }
    let _ = writeln!(out, "\n{}", paint(STRONG, format!("{title} ({})", steps.len())));
    for (step, outcome) in steps {
        let _ = writeln!(out, "  {:>4} {}", escape(&step.id), step_subject(step));
        // The heading says that a step was not started, and the text says why.
        if let Some(code) = outcome.code().filter(|_| !matches!(outcome, StepOutcome::NotStarted { .. })) {
            let _ = writeln!(out, "         {}", paint(FAINT, code));
        }
        if let Some(why) = reason(outcome).filter(|_| !outcome.is_done()) {
            for part in detail.wrap(&escape(why), 9) {
                let _ = writeln!(out, "         {part}");
            }
        }
    }
    out
}

/// A run that is stopped at once: first numbers that may be dark, then what is unknown.
pub fn render_stopped(plan: &Plan, report: &ApplyReport, advice: &[NextCommand], detail: TextDetail) -> String {
    let count = |word: &str| report.outcomes.iter().filter(|(_, outcome)| outcome.as_str() == word).count();
    let mut out = format!(
        "stopped at once: {} done, {} unknown, {} not started\n",
        count("done"),
        count("unknown"),
        report.outcomes.len() - count("done") - count("unknown")
    );
    let maybe = |step: &Step| matches!(report.outcome(&step.id), Some(StepOutcome::Unknown { .. }));
    let numbers = NumberIndex::new(plan);
    let connects = |cut: &Step, number: &str| {
        numbers.connects_of(number).filter(|step| step.call.account == cut.call.account).any(maybe)
            || numbers.connect_after(&cut.call.account, number).is_some_and(maybe)
            || report.reconnected.iter().any(|(step, outcome)| {
                matches!(&step.operation, StepOperation::Connect { number: other, .. } if other == number)
                    && matches!(outcome, StepOutcome::Unknown { .. })
            })
    };
    let (mut dark, mut perhaps) = (Vec::new(), Vec::new());
    for step in &plan.steps {
        let StepOperation::Disconnect { bridge, number, .. } = &step.operation else { continue };
        let cut = report.outcome(&step.id).is_some_and(StepOutcome::is_done);
        if !(cut || maybe(step)) || is_connected_again(&numbers, report, step, number) {
            continue;
        }
        let line = format!("  {}  on {}\n", escape(number), escape(bridge));
        if cut && !connects(step, number) { dark.push(line) } else { perhaps.push(line) }
    }
    for (title, lines) in [
        ("DARK NOW ({}): disconnected, and not connected again", dark),
        ("PERHAPS DARK ({}): the run did not wait for the answer", perhaps),
    ] {
        if !lines.is_empty() {
            let title = title.replace("{}", &lines.len().to_string());
            let _ = writeln!(out, "\n{}", paint(BAD, title));
            out.push_str(&lines.concat());
        }
    }
    let unknown = plan.steps.iter().filter(|step| maybe(step));
    let unknown = unknown.filter_map(|step| report.outcome(&step.id).map(|outcome| (step, outcome)));
    out.push_str(&render_group("Unknown", unknown.collect(), detail));
    if !advice.is_empty() {
        let _ = write!(out, "\n{}\n{}", paint(STRONG, "Next"), render_commands(advice));
    }
    out
}

/// Numbers whose disconnect is done, that no bridge shows any more, and that are not connected again: (number, bridge,
/// earlier configuration).
pub fn numbers_dark_now(plan: &Plan, report: &ApplyReport) -> Vec<DarkNumber> {
    let done = |id: &str| report.outcome(id).is_some_and(StepOutcome::is_done);
    let numbers = NumberIndex::new(plan);
    // Numbers that a delete freed for the replacing bridge, and that are not connected there.
    let freed = plan.steps.iter().filter_map(|step| {
        let StepOperation::Connect { bridge: ObjectRef::Step(taker), number, .. } = &step.operation else { return None };
        let taker = plan.step(taker)?;
        let old = taker.operation.replaces_here()?;
        let deletes = |step: &&Step| {
            matches!(&step.operation, StepOperation::Delete { id, frees, .. } if id == old && frees.contains(number))
        };
        let delete = taker.steps_waited_for().filter_map(|id| plan.step(id)).find(deletes)?;
        let StepOperation::Delete { prior_connections, .. } = &delete.operation else { return None };
        let Some(crate::model::resource::ServedBy::By { id, .. }) = prior_connections.get(number).map(|prior| &prior.served)
        else {
            return None;
        };
        (done(&delete.id) && !done(&step.id)).then(|| (number.clone(), old.clone(), id.clone()))
    });
    plan.steps
        .iter()
        .filter(|step| done(&step.id) && !report.still_shown.contains_key(&step.id))
        .filter_map(|step| match &step.operation {
            StepOperation::Disconnect { bridge, number, before } => {
                let provider = match before {
                    crate::model::resource::ServedBy::By { id, .. } => id.clone(),
                    crate::model::resource::ServedBy::OneOf(ids) => {
                        ids.iter().map(String::as_str).collect::<Vec<_>>().join(" or ")
                    }
                    _ => return None,
                };
                (!is_connected_again(&numbers, report, step, number)).then(|| (number.clone(), bridge.clone(), provider))
            }
            _ => None,
        })
        .chain(freed)
        .chain(left_dark(plan, report))
        .collect()
}

/// Numbers that an earlier run left dark and that this one was to connect, with where.
fn left_dark<'a>(plan: &'a Plan, report: &'a ApplyReport) -> impl Iterator<Item = DarkNumber> + 'a {
    let notices = plan.notices.iter().filter(|notice| notice.code == NoticeCode::DarkNow);
    let numbers = notices.filter_map(|notice| notice.detail.as_deref()?.split(' ').next());
    numbers.filter_map(|number| {
        let connects: Vec<&Step> = plan.steps.iter().filter(|step| step.connects(number)).collect();
        let may_be_done =
            |step: &&Step| report.outcome(&step.id).is_some_and(|it| it.is_done() || matches!(it, StepOutcome::Unknown { .. }));
        let StepOperation::Connect { bridge, provider, .. } = &connects.last()?.operation else { return None };
        let text = |at: &ObjectRef| match at {
            ObjectRef::Id(id) => Some(id.clone()),
            ObjectRef::Step(step) => report.outcome(step).and_then(StepOutcome::created_id),
        };
        (!connects.iter().any(may_be_done))
            .then(|| (number.to_owned(), text(bridge).unwrap_or_default(), text(provider).unwrap_or_default()))
    })
}

/// How the current plan differs from the reviewed one: what changed, with both sides.
pub fn render_differences(moved: &[PlanDifference], detail: TextDetail) -> String {
    let mut text = format!("{}\n", paint(BAD, format!("{} changed since the plan was made", count_steps(moved.len()))));
    for one in moved.iter().take(MOST_MOVED) {
        let attribute = one.attribute.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        let subject = escape(&format!("{}{attribute}", one.subject));
        let _ = writeln!(text, "  {} {}", paint(BAD, "!"), paint(STRONG, subject));
        for (word, side) in [("reviewed:", &one.was), ("now:     ", &one.is)] {
            for (index, line) in detail.wrap(&escape(&shorten(side)), 16).into_iter().enumerate() {
                let _ = writeln!(text, "      {} {line}", if index == 0 { word } else { "         " });
            }
        }
    }
    if moved.len() > MOST_MOVED {
        let _ = writeln!(text, "  … and {} more", moved.len() - MOST_MOVED);
    }
    text
}

/// Most differences that are listed one by one.
const MOST_MOVED: usize = 100;

fn count_steps(count: usize) -> String {
    if count == 1 { "1 thing".to_owned() } else { format!("{count} things") }
}
