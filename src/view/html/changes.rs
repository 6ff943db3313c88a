//! The changes: what differs, before and after, and the requests that carry it out; with what filters them.

use std::collections::BTreeSet;

use super::super::value::{Tag, difference};
use super::super::words::{self, Steps};
use super::class;
use super::order::{link, waits};
use super::writer::Html;
use crate::plan::{Action, AttributeChange, Change, Plan, Shown, Step};

/// Changes up to which each is open from the start.
const OPEN: usize = 50;

/// Lines of one attribute that are shown.
const MOST_LINES: usize = 2_000;

/// The section.
pub(super) fn section(page: &mut Html, plan: &Plan, steps: &Steps<'_>) {
    page.raw("<section aria-labelledby=\"changes\">\n<h2 id=\"changes\" tabindex=\"-1\">Changes</h2>\n");
    if plan.changes.is_empty() {
        let part = if words::not_whole(plan).is_some() { " in the part that was looked at" } else { "" };
        page.raw("<p>Nothing differs").raw(part).raw(".</p>\n</section>\n");
        return;
    }
    controls(page, plan);
    let open = plan.changes.len() <= OPEN;
    for (action, title) in words::ACTIONS {
        let these: Vec<&Change> = plan.changes.iter().filter(|change| change.action == action).collect();
        if these.is_empty() {
            continue;
        }
        page.raw("<section class=\"group\">\n<h3 id=\"action=").raw(words::action(action)).raw("\">");
        page.raw(title).raw(" <span class=\"soft\">").number(these.len()).raw("</span></h3>\n");
        for change in these {
            article(page, change, steps, open);
        }
        page.raw("</section>\n");
    }
    page.raw("</section>\n");
}

/// What filters. It stays hidden where no script brings it to life.
fn controls(page: &mut Html, plan: &Plan) {
    page.raw("<form id=\"filter\" role=\"search\" aria-label=\"Filter the changes\" hidden>\n");
    page.raw("<p class=\"wide\"><label for=\"q\">Search</label><input id=\"q\" name=\"q\" type=\"search\" ");
    page.raw("autocomplete=\"off\" spellcheck=\"false\"></p>\n");
    page.raw("<p><label for=\"in\">Look in</label><select id=\"in\" name=\"in\">");
    page.raw("<option value=\"\">everything</option><option>address</option><option>before</option>");
    page.raw("<option>after</option></select></p>\n");
    let used = |action: Action| plan.changes.iter().any(|change| change.action == action);
    let actions = words::ACTIONS.map(|(action, _)| action).into_iter().filter(|action| used(*action));
    let actions = actions.map(words::action).collect();
    let accounts = plan.changes.iter().map(|change| change.account.as_str()).collect();
    let kinds = plan.changes.iter().map(|change| change.address.kind.as_str()).collect();
    select(page, "action", "Action", &actions);
    select(page, "account", "Account", &accounts);
    select(page, "kind", "Kind", &kinds);
    page.raw("<p class=\"buttons\"><button type=\"reset\">Show all</button> ");
    page.raw("<button type=\"button\" id=\"unfold\">Unfold</button> ");
    page.raw("<button type=\"button\" id=\"fold\">Fold</button></p>\n");
    page.raw(
        "<output id=\"count\" aria-live=\"polite\" for=\"q in action account kind\"></output>\n</form>\n",
    );
}

fn select(page: &mut Html, name: &'static str, title: &'static str, values: &BTreeSet<&str>) {
    page.raw("<p><label for=\"").raw(name).raw("\">").raw(title).raw("</label><select id=\"").raw(name);
    page.raw("\" name=\"").raw(name).raw("\"><option value=\"\">all</option>");
    for value in values {
        page.raw("<option>").text(value).raw("</option>");
    }
    page.raw("</select></p>\n");
}

fn article(page: &mut Html, change: &Change, steps: &Steps<'_>, open: bool) {
    page.raw("<article class=\"change\" data-action=\"").raw(words::action(change.action));
    page.raw("\" data-account=\"").text(&change.account).raw("\" data-kind=\"").text(&change.address.kind);
    page.raw(if open { "\"><details open><summary>" } else { "\"><details><summary>" });
    page.raw("<span class=\"badge ").raw(class(change.action)).raw("\"><span aria-hidden=\"true\">");
    page.raw(words::sign(change.action)).raw("</span> ").raw(words::action(change.action)).raw("</span> ");
    page.raw("<strong class=\"address\">")
        .text(&change.address.to_string())
        .raw("</strong> <span class=\"soft\">");
    page.text(&words::whose(change)).raw("</span></summary>\n");
    if let Some(reason) = &change.reason {
        page.raw("<p>").text(reason).raw("</p>\n");
    }
    if !change.attributes.is_empty() {
        page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Attributes of ");
        page.text(&change.address.to_string()).raw("\"><table class=\"attributes\">\n<thead><tr>");
        page.raw("<th scope=\"col\">Attribute</th><th scope=\"col\">Before</th><th scope=\"col\">After</th>");
        page.raw("</tr></thead>\n<tbody>\n");
        for attribute in &change.attributes {
            row(page, attribute);
        }
        page.raw("</tbody></table></div>\n");
    }
    let requests = steps.of_change(change);
    if !requests.is_empty() {
        page.raw("<h4>Requests</h4>\n<ol class=\"requests\">\n");
        for step in requests {
            request(page, step, steps);
        }
        page.raw("</ol>\n");
    }
    page.raw("</details></article>\n");
}

fn request(page: &mut Html, step: &Step, steps: &Steps<'_>) {
    page.raw("<li>");
    link(page, &step.id);
    page.raw(" <code>").text(&step.call.method.to_string()).raw(" ").text(&step.call.target()).raw("</code>");
    if let Some(number) = words::number(step) {
        page.raw(" ").code(number);
    }
    page.raw("<span class=\"why\">").text(&step.why);
    if !step.waits_for.is_empty() {
        page.raw("; waits for ");
        waits(page, steps, &step.waits_for);
    }
    page.raw("</span></li>\n");
}

fn row(page: &mut Html, change: &AttributeChange) {
    page.raw("<tr><th scope=\"row\">").text(&change.name);
    if change.risky {
        page.raw(" <span class=\"badge update\">").raw(words::RISKY).raw("</span>");
    }
    page.raw("</th>");
    match difference(change) {
        Some(lines) => {
            page.raw("<td colspan=\"2\"><pre>");
            // Both ends are shown, as of everything that is cut.
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
                    Tag::Same => page.raw("<span class=\"before after\">  ").text(text).raw("</span>\n"),
                    Tag::Gone => page.raw("<del class=\"before\">- ").text(text).raw("</del>\n"),
                    Tag::New => page.raw("<ins class=\"after\">+ ").text(text).raw("</ins>\n"),
                };
            }
            page.raw("</pre></td>");
        }
        None => {
            let (before, after) = words::pair(change);
            page.raw("<td class=\"before\">");
            value(page, &change.before, &before, "<del>", "</del>");
            page.raw("</td><td class=\"after\">");
            value(page, &change.after, &after, "<ins>", "</ins>");
            page.raw("</td>");
        }
    }
    page.raw("</tr>\n");
}

fn value(page: &mut Html, shown: &Shown, text: &str, open: &'static str, close: &'static str) {
    match shown {
        Shown::Value(_) => page.raw(open).code(text).raw(close),
        Shown::Absent | Shown::Secret(_) => page.raw("<span class=\"soft\">").text(text).raw("</span>"),
    };
}
