//! The changes of a plan as text: each by itself, or alike ones as one.

use super::super::groups::{ChangeGroup, ChangeGroups, RequestGroup, ShownChanges};
use super::super::value::attribute_lines;
use super::super::wording::{self, StepIndex, StepRange};
use super::super::{BAD, CARE, FAINT, GOOD, STRONG, paint};
use super::{NAMED, TextDetail, UNFOLD, push_hanging, push_heading, push_line, push_names};
use crate::plan::{AttributeChange, Change, ChangeAction, ShownValue, Step, StepPhase};
use crate::text::{escape, truncate_middle};

/// Alike changes that are named before the rest is counted, where each has values of its own and so its own line; and those that are
/// deleted or replaced.
const OWN_LINES: usize = 3;
const LOST: usize = 30;

/// Longest value of one member of a group, in characters.
const OWN_VALUE: usize = 60;

/// The changes of one action.
pub(super) fn push_changes(
    out: &mut String,
    groups: &ChangeGroups<'_>,
    steps: &StepIndex<'_>,
    (action, title): (ChangeAction, &str),
    detail: TextDetail,
) {
    let shown = groups.shown(action, detail.verbose);
    if shown.is_empty() {
        return;
    }
    push_heading(out, &groups.heading(action, title));
    for one in shown {
        match one {
            ShownChanges::One(one) => push_change(out, one.change, steps, detail),
            ShownChanges::Folded(group) => push_alike(out, group, steps, detail),
        }
    }
}

fn action_style(action: ChangeAction) -> anstyle::Style {
    match action {
        ChangeAction::Create => GOOD,
        ChangeAction::Update | ChangeAction::Replace => CARE,
        ChangeAction::Delete => BAD,
    }
}

/// The line of a change, and its reason.
fn push_subject(out: &mut String, change: &Change, what: &str, about: &str, detail: TextDetail) {
    let sign = paint(action_style(change.action), wording::action_sign(change.action));
    push_line(out, &format!("  {sign} {}  {}", paint(STRONG, escape(what)), paint(FAINT, escape(about))));
    if let Some(reason) = &change.reason {
        for text in detail.wrap(&escape(reason), 6) {
            push_line(out, &format!("      {text}"));
        }
    }
}

fn push_attributes<'a>(out: &mut String, attributes: impl Iterator<Item = &'a AttributeChange> + Clone, created: bool) {
    let width = attributes.clone().map(|attribute| attribute.name.len()).max().unwrap_or(0).min(40);
    for shown in attributes.flat_map(|changed| attribute_lines(changed, width, created)) {
        push_line(out, &format!("      {shown}"));
    }
}

/// Says where the values are those of a new object; returns whether they are.
fn push_newness(out: &mut String, change: &Change) -> bool {
    let before = |attribute: &AttributeChange| attribute.before != ShownValue::Absent;
    let moves = change.from_account.is_some()
        && change.action == ChangeAction::Replace
        && !change.attributes.is_empty()
        && !change.attributes.iter().any(before);
    if moves {
        push_line(out, &format!("      a new object in account {}:", escape(&change.account)));
    }
    change.action == ChangeAction::Create || moves
}

fn push_change(out: &mut String, change: &Change, steps: &StepIndex<'_>, detail: TextDetail) {
    push_subject(out, change, &change.address.to_string(), &wording::account_and_id(change), detail);
    let is_new = push_newness(out, change);
    push_attributes(out, change.attributes.iter(), is_new);
    for step in steps.steps_of_change(change) {
        push_request(out, steps, step, detail);
    }
}

/// Alike changes: what they share once, the first of them by name.
fn push_alike(out: &mut String, group: &ChangeGroup<'_>, steps: &StepIndex<'_>, detail: TextDetail) {
    let (first, count) = (group.first(), group.members.len());
    push_subject(out, first, &group.subject(), &group.about(), detail);
    let lost = matches!(first.action, ChangeAction::Delete | ChangeAction::Replace);
    if group.differing.is_empty() || lost {
        let names = group.members.iter().map(|one| one.change.address.to_string());
        push_names(out, "      ", names, if lost { LOST } else { NAMED }, detail);
    } else {
        for member in group.members.iter().take(OWN_LINES) {
            let own = group.own_values(member).into_iter();
            let own: Vec<String> =
                own.map(|(name, value)| format!("{name} {}", truncate_middle(&value, OWN_VALUE).text)).collect();
            push_hanging(out, detail, "      ", &format!("{}: {}", member.change.address, own.join(", ")));
        }
        push_line(out, &format!("      … and {} more; {UNFOLD}", count - OWN_LINES));
    }
    let shared: Vec<&AttributeChange> = group.shared_attributes().collect();
    let is_new = push_newness(out, first);
    push_attributes(out, shared.into_iter(), is_new);
    for request in group.requests(steps) {
        push_requests(out, steps, &request, detail);
    }
}

/// One request of many alike changes.
fn push_requests(out: &mut String, steps: &StepIndex<'_>, request: &RequestGroup<'_>, detail: TextDetail) {
    let ids = request.id_ranges(steps);
    for (index, part) in detail.wrap(&escape(&format!("{ids} {}", request.describe())), 11).into_iter().enumerate() {
        push_line(out, &paint(FAINT, format!("      {}{part}", if index == 0 { " " } else { "     " })));
    }
    if is_surprising(request.step) {
        push_faint(out, &request.step.why, detail);
    }
}

fn push_request(out: &mut String, steps: &StepIndex<'_>, step: &Step, detail: TextDetail) {
    let method = format!("{:6}", step.call.method.to_string());
    let target = escape(&step.call.path_and_query());
    let number = wording::phone_number_of(step).map(|number| format!("{} ", escape(number))).unwrap_or_default();
    let head = format!("      {:>4} {method} {number}", escape(&step.id));
    if head.len() + target.len() <= detail.columns {
        push_line(out, &paint(FAINT, format!("{head}{target}")));
    } else {
        push_line(out, &paint(FAINT, head.trim_end()));
        push_line(out, &paint(FAINT, format!("           {target}")));
    }
    if detail.verbose || is_surprising(step) {
        push_faint(out, &step.why, detail);
    }
    let waits = if detail.verbose { steps.ranges(&step.waits_for) } else { Vec::new() };
    if !waits.is_empty() {
        let runs = waits.into_iter().map(|StepRange { phase, first, last }| {
            let range = last.map_or_else(|| first.to_owned(), |last| format!("{first}-{last}"));
            phase.map_or_else(|| range.clone(), |phase| format!("{} ({range})", wording::whole_phase(phase)))
        });
        let runs: Vec<String> = runs.collect();
        push_faint(out, &format!("after {}", runs.join(", ")), detail);
    }
}

/// Whether its reason is always shown.
fn is_surprising(step: &Step) -> bool {
    matches!(step.phase, StepPhase::Update | StepPhase::Delete)
}

/// A remark below a request.
fn push_faint(out: &mut String, text: &str, detail: TextDetail) {
    for text in detail.wrap(&escape(text), 11) {
        push_line(out, &paint(FAINT, format!("           {text}")));
    }
}
