//! The changes in a comment: deletes one by one before anything is folded, then each change with what differs.

use super::super::value::{Tag, difference};
use super::super::words::{self, Steps};
use super::escape::{fenced, line};
use super::{LEFT_OUT, Page, WHOLE, code, count, html_code};
use crate::plan::{Action, AttributeChange, Change, Plan, SecretWord, Shown};

/// Lines of one attribute that are shown.
const MOST_LINES: usize = 60;

/// Room under which no further change is tried.
const LEAST: usize = 300;

/// Every delete on a line of its own; by name alone when there are so many that the lines do not fit.
pub(super) fn deletes(page: &mut Page, plan: &Plan) {
    let all = count(plan, Action::Delete);
    if all == 0 {
        return;
    }
    let (action, title) = words::ACTIONS[0];
    let deletes = plan.changes.iter().filter(|change| change.action == action);
    page.add(&format!("\n### {title} ({all})\n\n"));
    let full = |change: &Change| {
        let reason = change.reason.as_ref().map(|reason| format!(": {}", code(reason))).unwrap_or_default();
        let id = change.id.as_ref().map(|id| format!(" {}", code(id))).unwrap_or_default();
        format!("- {} in {}{id}{reason}\n", code(&change.address.to_string()), code(&change.account))
    };
    let lines: Vec<String> = deletes.clone().map(full).collect();
    if lines.iter().map(String::len).sum::<usize>() + WHOLE.len() < page.room() {
        page.lines(lines.into_iter(), usize::MAX);
        return;
    }
    let (mut names, mut named, mut length, mut kind) = (Vec::new(), 0, 400, "");
    for change in deletes {
        // The kind stands once over the names of it. Nothing begins with a slash: GitLab would take it for a command.
        let head = (kind != change.address.kind).then(|| line("  ", &format!("{}:", change.address.kind)));
        kind = &change.address.kind;
        let name = line("- ", &change.address.name);
        length += head.as_ref().map_or(0, |head| head.len() + 1) + name.len() + 1;
        if length > page.room() {
            break;
        }
        names.extend(head);
        names.push(name);
        named += 1;
    }
    page.add(&fenced("diff", &names));
    if named < all {
        page.add(&format!("\n**{} further deletes do not fit here**; {WHOLE}\n", all - named));
    }
}

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
        drawn.extend(lines.iter().take(MOST_LINES).map(|(tag, text)| match tag {
            Tag::Same => line("    ", text),
            Tag::Gone => line("-   ", text),
            Tag::New => line("+   ", text),
        }));
        if lines.len() > MOST_LINES {
            drawn.push(format!("  … {} more lines", lines.len() - MOST_LINES));
        }
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
