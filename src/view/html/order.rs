//! The order: a picture of it, and below it every step with what it waits for.

use super::super::words::{self, Steps};
use super::picture;
use super::writer::Html;
use crate::plan::Plan;

/// Steps up to which the list is open from the start.
const OPEN: usize = 40;

/// The section; nothing when there is nothing to do.
pub(super) fn section(page: &mut Html, plan: &Plan, steps: &Steps<'_>) {
    if plan.steps.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"order\">\n<h2 id=\"order\">").raw(words::ORDER);
    page.raw("</h2>\n<p>").text(&words::phases(plan).join(" › ")).raw("</p>\n");
    picture::draw(page, plan, steps);
    page.raw(if plan.steps.len() <= OPEN { "<details open>" } else { "<details>" });
    page.raw("<summary>Every step, and what it waits for (").number(plan.steps.len()).raw(")</summary>\n");
    page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Every step\">\n<table>\n");
    page.raw("<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">Phase</th>");
    page.raw("<th scope=\"col\">What it does</th><th scope=\"col\">Waits for</th></tr></thead>\n<tbody>\n");
    for step in &plan.steps {
        page.raw("<tr id=\"step-").text(&step.id).raw("\"><th scope=\"row\">").text(&step.id);
        page.raw("</th><td>").raw(step.phase.word()).raw("</td><td>").text(&words::subject(step));
        page.raw("</td><td>");
        waits(page, steps, &step.waits_for);
        page.raw("</td></tr>\n");
    }
    page.raw("</tbody></table>\n</div></details>\n</section>\n");
}

/// Names of steps with their runs drawn together, each a link into the list.
pub(super) fn waits(page: &mut Html, steps: &Steps<'_>, ids: &[String]) {
    for (index, (first, last)) in steps.runs(ids).into_iter().enumerate() {
        if index > 0 {
            page.raw(", ");
        }
        link(page, first);
        if let Some(last) = last {
            page.raw("–");
            link(page, last);
        }
    }
}

/// A link to a step in the list.
pub(super) fn link(page: &mut Html, id: &str) {
    page.raw("<a href=\"#step-").text(id).raw("\">").text(id).raw("</a>");
}
