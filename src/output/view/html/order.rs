//! The order: a picture of it, and below it every step with what it waits for.

use super::super::wording::{self, StepIndex, StepRange};
use super::diagram;
use super::writer::HtmlWriter;
use crate::plan::Plan;

/// Number of steps up to which the list is initially open.
const OPEN: usize = 40;

/// The section; empty when nothing is to be done.
pub(super) fn order_section(page: &mut HtmlWriter, plan: &Plan, steps: &StepIndex<'_>) {
    if plan.steps.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"order\">\n<h2 id=\"order\">").raw(wording::ORDER);
    page.raw("</h2>\n<p>").text(&wording::phase_ranges(plan).join(" › ")).raw("</p>\n");
    diagram::draw_diagram(page, plan, steps);
    page.raw(if plan.steps.len() <= OPEN { "<details open>" } else { "<details>" });
    page.raw("<summary>Every step, and what it waits for (").number(plan.steps.len()).raw(")</summary>\n");
    page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Every step\">\n<table>\n");
    page.raw("<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">Phase</th>");
    page.raw("<th scope=\"col\">What it does</th><th scope=\"col\">Waits for</th></tr></thead>\n<tbody>\n");
    for step in &plan.steps {
        page.raw("<tr id=\"step-").text(&step.id).raw("\"><th scope=\"row\">").text(&step.id);
        page.raw("</th><td>").raw(step.phase.as_str()).raw("</td><td>").text(&wording::step_subject(step));
        page.raw("</td><td>");
        wait_links(page, steps.ranges(&step.waits_for));
        page.raw("</td></tr>\n");
    }
    page.raw("</tbody></table>\n</div></details>\n</section>\n");
}

/// What a step waits for, with consecutive steps combined, each a link into the list.
pub(super) fn wait_links(page: &mut HtmlWriter, waits: Vec<StepRange<'_>>) {
    for (index, StepRange { phase, first, last }) in waits.into_iter().enumerate() {
        if index > 0 {
            page.raw(", ");
        }
        if let Some(phase) = phase {
            page.raw(wording::whole_phase(phase)).raw(" (");
        }
        step_link(page, first);
        if let Some(last) = last {
            page.raw("–");
            step_link(page, last);
        }
        if phase.is_some() {
            page.raw(")");
        }
    }
}

/// A link to a step in the list.
pub(super) fn step_link(page: &mut HtmlWriter, id: &str) {
    page.raw("<a href=\"#step-").text(id).raw("\">").text(id).raw("</a>");
}
