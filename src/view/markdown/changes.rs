//! The changes of a comment in detail, each folded, with what differs and its requests.

use super::super::value::{Tag, difference};
use super::super::words::{self, Steps};
use super::escape::{fenced, line};
use super::{LEFT_OUT, Page, WHOLE, code, count, html_code};
use crate::plan::{AttributeChange, Change, Plan, SecretWord, Shown};

/// Lines of one attribute that are shown.
const MOST_LINES: usize = 60;

/// Room under which no further change is tried.
const LEAST: usize = 300;

/// Every change, folded, as far as there is room; then what was left out.
pub(super) fn details(page: &mut Page, steps: &Steps<'_>, plan: &Plan) {
    let mut left_out = Vec::new();
    for (action, title) in words::ACTIONS {
        let all = count(plan, action);
        if all == 0 {
            continue;
        }
        let mut titled = false;
        for change in plan.changes.iter().filter(|change| change.action == action) {
            let heading =
                if titled { String::new() } else { format!("\n### {title} ({all}), in detail\n\n") };
            let fits = page.room() > LEAST + heading.len()
                && page.add(&format!("{heading}{}", detail(steps, change)));
            titled |= fits;
            if !fits {
                left_out.push(change);
            }
        }
    }
    if !left_out.is_empty() {
        // The place for this is kept behind the details.
        let parts = words::counted(left_out.iter().copied());
        let shown = parts.iter().take(8).map(|part| code(part)).collect::<Vec<_>>().join(", ");
        let more = if parts.len() > 8 { ", …" } else { "" };
        page.limit += LEFT_OUT;
        page.add(&format!(
            "\n**Left out here: the details of {} of {} changes** ({shown}{more}); {WHOLE}\n",
            left_out.len(),
            plan.changes.len()
        ));
        page.limit -= LEFT_OUT;
    }
}

fn detail(steps: &Steps<'_>, change: &Change) -> String {
    let id = change.id.as_ref().map(|id| format!(" {}", html_code(id))).unwrap_or_default();
    let mut out = format!(
        "<details><summary>{} {} {} in {}{id}</summary>\n\n",
        words::sign(change.action),
        words::action(change.action),
        html_code(&change.address.to_string()),
        html_code(&change.account)
    );
    if let Some(reason) = &change.reason {
        out.push_str(&format!("{}\n\n", code(reason)));
    }
    let lines: Vec<String> = change.attributes.iter().flat_map(attribute).collect();
    if !lines.is_empty() {
        out.push_str(&fenced("diff", &lines));
        out.push('\n');
    }
    for step in steps.of_change(change) {
        let number = words::number(step).map(|number| format!(" {number}")).unwrap_or_default();
        let request = format!("{} {}{number} {}", step.id, step.call.method, step.call.target());
        out.push_str(&format!("- {}\n", code(&request)));
    }
    out.push_str("\n</details>\n");
    out
}

/// What differs in one attribute: readable by its signs, without colour.
fn attribute(change: &AttributeChange) -> Vec<String> {
    let risky = if change.risky { format!("  ({})", words::RISKY) } else { String::new() };
    if let Some(lines) = difference(change) {
        let mut drawn = vec![line("! ", &format!("{}{risky}", change.name))];
        let mut lines: Vec<String> = lines
            .iter()
            .map(|(tag, text)| match tag {
                Tag::Same => line("    ", text),
                Tag::Gone => line("-   ", text),
                Tag::New => line("+   ", text),
            })
            .collect();
        if let Some(left_out) = lines.len().checked_sub(MOST_LINES).filter(|lines| *lines > 0) {
            let half = MOST_LINES / 2;
            lines.splice(half..half + left_out, [format!("  … {left_out} more lines")]);
        }
        drawn.extend(lines);
        return drawn;
    }
    let (before, after) = words::pair(change);
    let say = |sign: &str, value: &str| line(sign, &format!("{}: {value}", change.name));
    let mut drawn = match (&change.before, &change.after) {
        (Shown::Secret(SecretWord::Set), Shown::Secret(_)) => vec![say("! ", &after)],
        (Shown::Absent, _) => vec![say("+ ", &after)],
        (_, Shown::Absent) => vec![say("- ", &before)],
        _ => vec![say("- ", &before), say("+ ", &after)],
    };
    if let Some(last) = drawn.last_mut() {
        last.push_str(&risky);
    }
    drawn
}
