//! The order: a picture of it, and below it every step with what it waits for.

use std::collections::HashMap;

use super::super::groups::{ChangeGroups, FOLDED, RequestGroup};
use super::super::wording::{self, StepIndex, StepRange};
use super::diagram;
use super::writer::HtmlWriter;
use crate::plan::Plan;

/// Number of steps up to which the list is initially open.
const OPEN: usize = 40;

/// Requests of alike changes that are one row: they wait for the same steps.
pub(super) struct StepRows<'a> {
    requests: Vec<RequestGroup<'a>>,
    by_step: HashMap<&'a str, usize>,
}

impl<'a> StepRows<'a> {
    pub(super) fn from_groups(groups: &ChangeGroups<'a>, steps: &StepIndex<'a>) -> Self {
        let waits_alike = |request: &RequestGroup<'a>| {
            let waits = &request.step.waits_for;
            request.steps.len() >= FOLDED && request.steps.iter().all(|step| step.waits_for == *waits)
        };
        let requests: Vec<_> = groups.folded().flat_map(|group| group.requests(steps)).filter(waits_alike).collect();
        let rows = requests.iter().enumerate();
        let by_step = rows.flat_map(|(row, request)| request.steps.iter().map(move |step| (step.id.as_str(), row))).collect();
        Self { requests, by_step }
    }

    /// Whether a step is in a row with others; its change then holds the place that links lead to.
    pub(super) fn is_grouped(&self, step: &str) -> bool {
        self.by_step.contains_key(step)
    }
}

/// The section; empty when nothing is to be done.
pub(super) fn order_section(page: &mut HtmlWriter, plan: &Plan, steps: &StepIndex<'_>, rows: &StepRows<'_>) {
    if plan.steps.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"order\">\n<h2 id=\"order\">").raw(wording::ORDER);
    page.raw("</h2>\n<p>").text(&wording::phase_ranges(plan).join(" › ")).raw("</p>\n");
    diagram::draw_diagram(page, plan, steps);
    let shown = plan.steps.len() - rows.by_step.len() + rows.requests.len();
    page.raw(if shown <= OPEN { "<details open>" } else { "<details>" });
    page.raw("<summary>Every step, and what it waits for (").number(plan.steps.len()).raw(")</summary>\n");
    page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Every step\">\n<table class=\"cards\">\n");
    page.raw("<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">Phase</th>");
    page.raw("<th scope=\"col\">What it does</th><th scope=\"col\">Waits for</th></tr></thead>\n<tbody>\n");
    let mut drawn = vec![false; rows.requests.len()];
    for step in &plan.steps {
        let what = match rows.by_step.get(step.id.as_str()) {
            Some(row) if drawn[*row] => continue,
            Some(row) => {
                drawn[*row] = true;
                let request = &rows.requests[*row];
                page.raw("<tr><th scope=\"row\">").text(&request.id_ranges(steps));
                request.describe()
            }
            None => {
                page.raw("<tr id=\"step-").text(&step.id).raw("\"><th scope=\"row\">").text(&step.id);
                wording::step_subject(step)
            }
        };
        page.raw("</th>").cell("Phase").raw(step.phase.as_str()).raw("</td>");
        page.cell("What it does").words(&what).raw("</td>").cell("Waits for");
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

/// The name of a step where it is listed with its change.
pub(super) fn step_anchor(page: &mut HtmlWriter, id: &str) {
    page.raw("<span class=\"soft\" id=\"step-").text(id).raw("\">").text(id).raw("</span>");
}
