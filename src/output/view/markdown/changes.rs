//! The changes of a comment in detail, each folded, with what differs and its requests.

use super::super::groups::{ChangeGroups, ShownChanges};
use super::super::value::{DiffLineKind, line_difference};
use super::super::wording::{self, StepIndex};
use super::escape::{fenced_block, fenced_line};
use super::{BoundedPage, LEFT_OUT, WHOLE, code_span, html_code, sentence_span};
use crate::plan::{AttributeChange, Change, Plan, SecretState, ShownValue};

/// Most lines of one attribute that are shown.
const MOST_LINES: usize = 60;

/// Remaining space below which no further change is tried.
const LEAST: usize = 300;

/// Every change, folded, as far as space allows; then what was left out. Alike changes are one.
pub(super) fn push_changes(page: &mut BoundedPage, steps: &StepIndex<'_>, groups: &ChangeGroups<'_>, plan: &Plan) {
    let mut left_out: Vec<&Change> = Vec::new();
    let mut titled = false;
    for (action, _) in groups.actions() {
        for shown in groups.shown(action, false) {
            let heading = if titled { "" } else { "\n### In detail\n\n" };
            let fits = page.remaining_bytes() > LEAST + heading.len()
                && page.push_if_fits(&format!("{heading}{}", change_details(steps, &shown)));
            titled |= fits;
            match shown {
                _ if fits => {}
                ShownChanges::One(one) => left_out.push(one.change),
                ShownChanges::Folded(group) => left_out.extend(group.members.iter().map(|one| one.change)),
            }
        }
    }
    if !left_out.is_empty() {
        // Space for this is reserved after the details.
        let parts = wording::count_changes(left_out.iter().copied());
        let shown = parts.iter().take(8).map(|part| code_span(part)).collect::<Vec<_>>().join(", ");
        let more = if parts.len() > 8 { ", …" } else { "" };
        page.limit += LEFT_OUT;
        page.push_if_fits(&format!(
            "\n**Left out here: the details of {} of {} changes** ({shown}{more}); {WHOLE}\n",
            left_out.len(),
            plan.changes.len()
        ));
        page.limit -= LEFT_OUT;
    }
}

fn change_details(steps: &StepIndex<'_>, shown: &ShownChanges<'_, '_>) -> String {
    let change = shown.first();
    let (subject, about, attributes, requests): (_, _, Vec<&AttributeChange>, Vec<String>) = match shown {
        ShownChanges::One(_) => {
            let requests = steps.steps_of_change(change).into_iter().map(|step| {
                let number = wording::phone_number_of(step).map(|number| format!(" {number}")).unwrap_or_default();
                format!("{} {}{number} {}", step.id, step.call.method, step.call.path_and_query())
            });
            let id = change.id.as_ref().map(|id| format!(" {}", html_code(id))).unwrap_or_default();
            (change.address.to_string(), id, change.attributes.iter().collect(), requests.collect())
        }
        ShownChanges::Folded(group) => {
            let requests = group.requests(steps);
            let requests = requests.iter().map(|request| format!("{} {}", request.id_ranges(steps), request.describe()));
            let likeness = format!(", {}", html_code(&group.likeness()));
            (group.subject(), likeness, group.shared_attributes().collect(), requests.collect())
        }
    };
    let mut out = format!(
        "<details><summary>{} {} {} in {}{about}</summary>\n\n",
        wording::action_sign(change.action),
        wording::action_word(change.action),
        html_code(&subject),
        html_code(&change.account)
    );
    if let Some(reason) = &change.reason {
        out.push_str(&format!("{}\n\n", sentence_span(reason)));
    }
    let lines: Vec<String> = attributes.into_iter().flat_map(attribute_diff_lines).collect();
    if !lines.is_empty() {
        out.push_str(&fenced_block("diff", &lines));
        out.push('\n');
    }
    for request in requests {
        out.push_str(&format!("- {}\n", code_span(&request)));
    }
    out.push_str("\n</details>\n");
    out
}

/// What differs in one attribute: readable by its signs, without colour.
fn attribute_diff_lines(change: &AttributeChange) -> Vec<String> {
    let remark = wording::attribute_remark(change).map(|remark| format!("  ({remark})")).unwrap_or_default();
    if let Some(lines) = line_difference(change) {
        let mut drawn = vec![fenced_line("! ", &format!("{}{remark}", change.name))];
        let mut lines: Vec<String> = lines
            .iter()
            .map(|(tag, text)| match tag {
                DiffLineKind::Same => fenced_line("    ", text),
                DiffLineKind::Gone => fenced_line("-   ", text),
                DiffLineKind::New => fenced_line("+   ", text),
            })
            .collect();
        if let Some(left_out) = lines.len().checked_sub(MOST_LINES).filter(|lines| *lines > 0) {
            let half = MOST_LINES / 2;
            lines.splice(half..half + left_out, [format!("  … {left_out} more lines")]);
        }
        drawn.extend(lines);
        return drawn;
    }
    let (before, after) = wording::before_and_after(change);
    let say = |sign: &str, value: &str| fenced_line(sign, &format!("{}: {value}", change.name));
    let mut drawn = match (&change.before, &change.after) {
        (ShownValue::Secret(SecretState::Set), ShownValue::Secret(_)) => vec![say("! ", &after)],
        (ShownValue::Absent, _) => vec![say("+ ", &after)],
        (_, ShownValue::Absent) => vec![say("- ", &before)],
        _ => vec![say("- ", &before), say("+ ", &after)],
    };
    if let Some(last) = drawn.last_mut() {
        last.push_str(&remark);
    }
    drawn
}
