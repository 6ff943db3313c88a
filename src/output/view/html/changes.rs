//! The changes: what differs, before and after, and the requests that carry it out; with a filter.

use std::collections::BTreeSet;

use super::super::groups::{ChangeGroup, ChangeGroups, ShownChanges};
use super::super::value::{DiffLineKind, line_difference};
use super::super::wording::{self, StepIndex};
use super::action_class;
use super::order::{StepRows, step_anchor, step_link, wait_links};
use super::writer::HtmlWriter;
use crate::plan::{AttributeChange, Change, ChangeAction, Plan, ShownValue, Step};

/// Number of changes, alike ones as one, up to which each is initially open.
const OPEN: usize = 50;

/// Most lines of one attribute that are shown.
const MOST_LINES: usize = 2_000;

/// The section.
pub(super) fn changes_section(
    page: &mut HtmlWriter,
    plan: &Plan,
    groups: &ChangeGroups<'_>,
    steps: &StepIndex<'_>,
    rows: &StepRows<'_>,
) {
    page.raw("<section aria-labelledby=\"changes\">\n<h2 id=\"changes\" tabindex=\"-1\">Changes</h2>\n");
    if plan.changes.is_empty() {
        let part = if wording::describe_incomplete(plan).is_some() { " in the part that was looked at" } else { "" };
        page.raw("<p>Nothing differs").raw(part).raw(".</p>\n</section>\n");
        return;
    }
    filter_controls(page, plan);
    let sections: Vec<_> =
        groups.actions().into_iter().map(|(action, title)| (action, title, groups.shown(action, false))).collect();
    let open = sections.iter().map(|(_, _, shown)| shown.len()).sum::<usize>() <= OPEN;
    for (action, title, shown) in sections.into_iter().filter(|(_, _, shown)| !shown.is_empty()) {
        page.raw("<section class=\"group\">\n<h3 id=\"action=").raw(wording::action_word(action)).raw("\">");
        page.raw(title).raw(" <span class=\"soft\">").text(&groups.count_text(action)).raw("</span></h3>\n");
        for one in shown {
            match one {
                ShownChanges::One(one) => change_article(page, one.change, steps, open),
                ShownChanges::Folded(group) => alike_changes(page, group, steps, rows, open),
            }
        }
        page.raw("</section>\n");
    }
    page.raw("</section>\n");
}

/// The filter. It stays hidden without scripts.
fn filter_controls(page: &mut HtmlWriter, plan: &Plan) {
    page.raw("<form id=\"filter\" role=\"search\" data-of=\"changes\" aria-label=\"Filter the changes\" hidden>\n");
    page.raw("<p class=\"wide\"><label for=\"q\">Search</label><input id=\"q\" name=\"q\" type=\"search\" ");
    page.raw("autocomplete=\"off\" spellcheck=\"false\"></p>\n");
    page.raw("<p><label for=\"in\">Look in</label><select id=\"in\" name=\"in\">");
    page.raw("<option value=\"\">everything</option><option>address</option><option>before</option>");
    page.raw("<option>after</option></select></p>\n");
    let used = |action: ChangeAction| plan.changes.iter().any(|change| change.action == action);
    let actions = wording::ACTIONS.map(|(action, _)| action).into_iter().filter(|action| used(*action));
    let actions = actions.map(wording::action_word).collect();
    let accounts = plan.changes.iter().map(|change| change.account.as_str()).collect();
    let kinds = plan.changes.iter().map(|change| change.address.kind.as_str()).collect();
    select_box(page, "action", "Action", &actions);
    select_box(page, "account", "Account", &accounts);
    select_box(page, "kind", "Kind", &kinds);
    filter_buttons(page);
    page.raw("<output id=\"count\" aria-live=\"polite\" for=\"q in action account kind\"></output>\n</form>\n");
}

/// What a filter can do.
pub(super) fn filter_buttons(page: &mut HtmlWriter) {
    page.raw("<p class=\"buttons\"><button type=\"reset\">Show all</button> ");
    page.raw("<button type=\"button\" id=\"unfold\">Unfold</button> ");
    page.raw("<button type=\"button\" id=\"fold\">Fold</button></p>\n");
}

pub(super) fn select_box(page: &mut HtmlWriter, name: &'static str, title: &'static str, values: &BTreeSet<&str>) {
    page.raw("<p><label for=\"").raw(name).raw("\">").raw(title).raw("</label><select id=\"").raw(name);
    page.raw("\" name=\"").raw(name).raw("\"><option value=\"\">all</option>");
    for value in values {
        page.raw("<option>").text(value).raw("</option>");
    }
    page.raw("</select></p>\n");
}

fn begin_article(page: &mut HtmlWriter, change: &Change, open: &'static str) {
    page.raw("<article class=\"change\" data-action=\"").raw(wording::action_word(change.action));
    page.raw("\" data-account=\"").text(&change.account).raw("\" data-kind=\"").text(&change.address.kind);
    page.raw("\">").raw(open);
}

fn change_badge(page: &mut HtmlWriter, change: &Change) {
    page.raw("<span class=\"badge ").raw(action_class(change.action)).raw("\"><span aria-hidden=\"true\">");
    page.raw(wording::action_sign(change.action)).raw("</span> ").raw(wording::action_word(change.action)).raw("</span> ");
}

/// What differs: the reason and the attributes.
fn change_body(page: &mut HtmlWriter, change: &Change, name: &str, attributes: &[&AttributeChange]) {
    if let Some(reason) = &change.reason {
        page.raw("<p>").advice(reason).raw("</p>\n");
    }
    if !attributes.is_empty() {
        page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Attributes of ");
        page.text(name).raw("\"><table class=\"attributes cards\">\n<thead><tr>");
        page.raw("<th scope=\"col\">Attribute</th><th scope=\"col\">Before</th><th scope=\"col\">After</th>");
        page.raw("</tr></thead>\n<tbody>\n");
        for attribute in attributes {
            attribute_row(page, attribute);
        }
        page.raw("</tbody></table></div>\n");
    }
}

/// Alike changes: what they share once, and below it each of them with what is its own.
fn alike_changes(page: &mut HtmlWriter, group: &ChangeGroup<'_>, steps: &StepIndex<'_>, rows: &StepRows<'_>, open: bool) {
    let (first, subject) = (group.first(), group.subject());
    page.raw("<div class=\"alike\">").raw(if open {
        "<details class=\"shared\" open><summary>"
    } else {
        "<details class=\"shared\"><summary>"
    });
    change_badge(page, first);
    page.raw("<strong>").text(&subject).raw("</strong> <span class=\"soft\">").text(&group.about()).raw("</span></summary>\n");
    change_body(page, first, &subject, &group.shared_attributes().collect::<Vec<_>>());
    let requests = group.requests(steps);
    if !requests.is_empty() {
        page.raw("<h4>Requests</h4>\n<ol class=\"requests\">\n");
        for request in requests {
            page.raw("<li>").text(&request.id_ranges(steps)).raw(" <code>").path(&request.describe());
            page.raw("</code><span class=\"why\">").advice(&request.step.why).raw("</span></li>\n");
        }
        page.raw("</ol>\n");
    }
    page.raw("</details>\n<details class=\"members\"><summary>Each of the ").text(&subject).raw("</summary>\n");
    for member in &group.members {
        let change = member.change;
        begin_article(page, change, "");
        page.name(&change.address.to_string()).raw(" <span class=\"soft\">");
        page.words(change.id.as_deref().unwrap_or_default()).raw("</span>");
        for (name, value) in group.own_values(member) {
            let class =
                if change.action == ChangeAction::Delete { "<span class=\"own before\">" } else { "<span class=\"own after\">" };
            page.raw(" ").raw(class).text(&name).raw(" ").code(&value).raw("</span>");
        }
        for step in steps.steps_of_change(change) {
            page.raw(" ");
            if rows.is_grouped(&step.id) { step_anchor(page, &step.id) } else { step_link(page, &step.id) }
        }
        page.raw("</article>\n");
    }
    page.raw("</details></div>\n");
}

fn change_article(page: &mut HtmlWriter, change: &Change, steps: &StepIndex<'_>, open: bool) {
    begin_article(page, change, if open { "<details open><summary>" } else { "<details><summary>" });
    change_badge(page, change);
    page.name(&change.address.to_string()).raw(" <span class=\"soft\">");
    page.words(&wording::account_and_id(change)).raw("</span></summary>\n");
    change_body(page, change, &change.address.to_string(), &change.attributes.iter().collect::<Vec<_>>());
    let requests = steps.steps_of_change(change);
    if !requests.is_empty() {
        page.raw("<h4>Requests</h4>\n<ol class=\"requests\">\n");
        for step in requests {
            request_item(page, step, steps);
        }
        page.raw("</ol>\n");
    }
    page.raw("</details></article>\n");
}

fn request_item(page: &mut HtmlWriter, step: &Step, steps: &StepIndex<'_>) {
    page.raw("<li>");
    step_link(page, &step.id);
    page.raw(" <code>").text(&step.call.method.to_string()).raw(" ").path(&step.call.path_and_query()).raw("</code>");
    if let Some(number) = wording::phone_number_of(step) {
        page.raw(" ").code(number);
    }
    page.raw("<span class=\"why\">").advice(&step.why);
    let waits = steps.ranges(&step.waits_for);
    if !waits.is_empty() {
        page.raw("; waits for ");
        wait_links(page, waits);
    }
    page.raw("</span></li>\n");
}

fn attribute_row(page: &mut HtmlWriter, change: &AttributeChange) {
    page.raw("<tr><th scope=\"row\">").words(&change.name);
    if let Some(remark) = wording::attribute_remark(change) {
        page.raw(" <span class=\"badge update\">").raw(remark).raw("</span>");
    }
    page.raw("</th>");
    match line_difference(change) {
        Some(lines) => {
            page.raw("<td colspan=\"2\"><pre>");
            // Both ends are shown, as for every text that is cut.
            let left_out = lines.len().saturating_sub(MOST_LINES);
            let hidden = MOST_LINES / 2..MOST_LINES / 2 + left_out;
            for (at, (tag, text)) in lines.iter().enumerate() {
                if at == hidden.start && left_out > 0 {
                    page.number(left_out).raw(" more lines in --format json\n");
                }
                if hidden.contains(&at) {
                    continue;
                }
                match tag {
                    DiffLineKind::Same => page.raw("<span class=\"before after\">  ").text(text).raw("</span>\n"),
                    DiffLineKind::Gone => page.raw("<del class=\"before\">- ").text(text).raw("</del>\n"),
                    DiffLineKind::New => page.raw("<ins class=\"after\">+ ").text(text).raw("</ins>\n"),
                };
            }
            page.raw("</pre></td>");
        }
        None => {
            let (before, after) = wording::before_and_after(change);
            page.raw("<td class=\"before\" data-label=\"Before\">");
            value_cell(page, &change.before, &before, "<del>", "</del>");
            page.raw("</td><td class=\"after\" data-label=\"After\">");
            value_cell(page, &change.after, &after, "<ins>", "</ins>");
            page.raw("</td>");
        }
    }
    page.raw("</tr>\n");
}

fn value_cell(page: &mut HtmlWriter, shown: &ShownValue, text: &str, open: &'static str, close: &'static str) {
    match shown {
        ShownValue::Value(_) => page.raw(open).code(text).raw(close),
        ShownValue::Absent | ShownValue::Secret(_) => page.raw("<span class=\"soft\">").text(text).raw("</span>"),
    };
}
