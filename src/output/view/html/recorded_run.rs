//! One run as a card: who, when, which plan, how it ended; then its steps as a short table, each with its details folded.

use super::super::run_report::{RunReport, StepReport, StepResult, account_rows, describe_milliseconds};
use super::writer::HtmlWriter;
use super::{commit_row, verdict_mark};
use crate::output::view::journal::count_writes;
use crate::output::view::undo::difference_after_undo;

/// Number of steps up to which all are in one open table. Of more, those that are not done come first and the rest is folded.
const OPEN: usize = 60;

/// Number of rows up to which a list is initially open.
const OPEN_ROWS: usize = 25;

/// The card of a run. `place`: which of how many, the first being the oldest.
pub(super) fn run_card(page: &mut HtmlWriter, report: &RunReport<'_>, place: (usize, usize)) {
    let (run, started) = (report.run, report.run.started);
    page.raw("<article class=\"run\" data-result=\"").text(run.result_text());
    page.raw("\" data-command=\"").text(&started.command).raw("\" data-user=\"").text(&started.actor.user);
    page.raw("\">\n<h3>").text(&started.command).raw(" ");
    verdict_mark(page, report.class(), run.result_text());
    page.raw(" <span class=\"soft\">run ").number(place.0).raw(" of ").number(place.1).raw("</span></h3>\n<p class=\"lead\">");
    let (proof, second_plan) = report.proof();
    page.text(&report.counts()).raw("</p>\n<p>").advice(proof);
    if let Some(second_plan) = second_plan {
        page.raw(": ").text(second_plan);
    }
    page.raw("</p>\n");
    if let Some(limits) = &report.limits {
        page.raw("<p><strong>").words(limits).raw("</strong></p>\n");
    }
    facts(page, report);
    cut_section(page, report);
    steps_section(page, report);
    if !report.ledger.is_empty() {
        page.raw("<details").raw(if report.ledger.len() <= OPEN_ROWS { " open" } else { "" });
        page.raw("><summary>In the ledger, without a request (").number(report.ledger.len()).raw(")</summary>\n<ul>\n");
        for effect in &report.ledger {
            page.raw("<li>").words(effect).raw("</li>\n");
        }
        page.raw("</ul></details>\n");
    }
    let kept = started.undo.iter().filter(|inverse| inverse.calls.is_empty());
    undo_section(page, "Cannot be undone", kept.filter_map(|inverse| Some((&*inverse.what, inverse.lost.as_deref()?))).collect());
    let differs = |inverse| difference_after_undo(inverse).map(|why| (&*inverse.what, why));
    undo_section(page, "Not the same after an undo", started.undo.iter().filter_map(differs).collect());
    page.raw("</article>\n");
}

/// What an undo does not restore, and why.
fn undo_section(page: &mut HtmlWriter, title: &str, lost: Vec<(&str, &str)>) {
    if lost.is_empty() {
        return;
    }
    page.raw("<details><summary>").text(title).raw(" (").number(lost.len()).raw(")</summary>\n<ul>\n");
    for (what, why) in lost {
        page.raw("<li>").code(what).raw(" ").advice(why).raw("</li>\n");
    }
    page.raw("</ul></details>\n");
}

fn facts(page: &mut HtmlWriter, report: &RunReport<'_>) {
    let (run, started) = (report.run, report.run.started);
    page.raw("<dl class=\"facts\">\n<div><dt>when</dt><dd>").time(run.began_at);
    match report.duration() {
        Some(duration) => page.raw(", took ").text(&duration),
        None => page.raw(", no end is recorded"),
    };
    page.raw("</dd></div>\n<div><dt>who</dt><dd>").words(&report.actor()).raw("</dd></div>\n");
    if let Some(ci) = &started.actor.ci {
        page.raw("<div><dt>CI run</dt><dd>").place(ci).raw("</dd></div>\n");
    }
    page.raw("<div><dt>plan</dt><dd>").code(&started.digest).raw("</dd></div>\n");
    commit_row(page, started.origin.commit.as_deref());
    page.raw("<div><dt>run</dt><dd>").code(run.id).raw(", writes: ").number(count_writes(run) as usize);
    page.raw(", telform ").text(&started.telform_version).raw("</dd></div>\n");
    for [name, text] in account_rows(run).iter().chain(&report.papers()) {
        page.raw("<div><dt>").words(name).raw("</dt><dd>").words(text).raw("</dd></div>\n");
    }
    page.raw("</dl>\n");
}

fn cut_section(page: &mut HtmlWriter, report: &RunReport<'_>) {
    if report.cut.is_empty() {
        return;
    }
    page.raw("<h4>Numbers that this run disconnected and did not connect again (").number(report.cut.len());
    page.raw(")</h4>\n<table class=\"cards\">\n<thead><tr><th scope=\"col\">Number</th><th scope=\"col\">Was on</th>");
    page.raw("<th scope=\"col\">Now</th><th scope=\"col\">Planned</th></tr></thead>\n<tbody>\n");
    for cut in &report.cut {
        page.raw("<tr><th scope=\"row\">").code(&cut.number).raw("</th>").cell("Was on").words(&cut.was).raw("</td>");
        page.cell("Now").raw("<span class=\"badge delete\">").raw(cut.state).raw("</span></td>").cell("Planned");
        page.raw(if cut.planned { "yes, to stay cut off" } else { "no" }).raw("</td></tr>\n");
    }
    page.raw("</tbody></table>\n");
}

fn steps_section(page: &mut HtmlWriter, report: &RunReport<'_>) {
    if report.steps.is_empty() {
        return;
    }
    if report.steps.len() <= OPEN {
        return step_table(page, report.steps.iter(), false);
    }
    let open: Vec<_> = StepResult::ALL
        .into_iter()
        .filter(|result| !matches!(result, StepResult::Done | StepResult::NotStarted))
        .flat_map(|result| report.with_result(result))
        .collect();
    if !open.is_empty() {
        step_table(page, open.into_iter(), false);
    }
    page.raw("<details><summary>Every step (").number(report.steps.len()).raw(")</summary>\n");
    step_table(page, report.steps.iter(), true);
    page.raw("</details>\n");
}

/// `brief`: without what the steps that are not done say, because it is above.
fn step_table<'s, 'a: 's>(page: &mut HtmlWriter, steps: impl Iterator<Item = &'s StepReport<'a>>, brief: bool) {
    page.raw("<table class=\"cards steps\">\n<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">What</th>");
    page.raw("<th scope=\"col\">Result</th><th scope=\"col\" class=\"count\">Took</th></tr></thead>\n<tbody>\n");
    for step in steps {
        page.raw("<tr class=\"").raw(step.result.class()).raw("\"><th scope=\"row\">").text(step.id).raw("</th>");
        page.cell("What").raw("<details><summary>").words(&step.subject).raw("</summary>\n");
        step_details(page, step);
        page.raw("</details>");
        if let Some(why) = step.text.why.filter(|_| step.result != StepResult::Done && !brief) {
            page.raw("<p class=\"why\">").advice(why).raw("</p>");
        }
        page.raw("</td>").cell("Result").raw("<span class=\"badge ").raw(step.result.class()).raw("\">");
        page.raw(step.text.end).raw("</span></td>").count_cell("Took", "count");
        if let Some(time) = step.text.milliseconds {
            page.text(&describe_milliseconds(time));
        }
        page.raw("</td></tr>\n");
    }
    page.raw("</tbody></table>\n");
}

fn step_details(page: &mut HtmlWriter, step: &StepReport<'_>) {
    let text = &step.text;
    page.raw("<dl class=\"facts\">\n<div><dt>account</dt><dd>").words(step.account).raw("</dd></div>\n");
    if !text.target.is_empty() {
        page.raw("<div><dt>request</dt><dd><code>").text(&text.method).raw(" ").path(&text.target).raw("</code></dd></div>\n");
    }
    for (name, at) in [("<div><dt>sent</dt><dd>", step.announced), ("<div><dt>ended</dt><dd>", step.ended)] {
        if let Some(at) = at {
            page.raw(name).time(at).raw("</dd></div>\n");
        }
    }
    if let Some(status) = text.status {
        page.raw("<div><dt>status</dt><dd>").number(usize::from(status)).raw("</dd></div>\n");
    }
    if let Some(id) = text.request_id {
        page.raw("<div><dt>request id</dt><dd>").code(id).raw("</dd></div>\n");
    }
    for (name, before, after) in &step.changes {
        page.raw("<div><dt>").words(name).raw("</dt><dd><del>").code(before).raw("</del> \u{2192} <ins>").code(after);
        page.raw("</ins></dd></div>\n");
    }
    if let Some(why) = text.why.filter(|_| step.result == StepResult::Done) {
        page.raw("<div><dt>remark</dt><dd>").advice(why).raw("</dd></div>\n");
    }
    if !step.undo.is_empty() {
        page.raw("<div><dt>undo</dt><dd>").advice(&step.undo).raw("</dd></div>\n");
    }
    page.raw("</dl>");
}
