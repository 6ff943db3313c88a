//! The journal as one page, and the report of a command: a card for each run, readable without network and scripts.

use std::collections::BTreeSet;

use super::super::run_report::{CommandEnd, RunReport, count_of};
use super::recorded_run::run_card;
use super::writer::HtmlWriter;
use super::{page_end, page_head, provenance_rows, verdict_mark};
use crate::state::journal::RecordedRun;

/// Every run with its steps, the last one first.
pub fn journal_as_html(runs: &[RecordedRun<'_>], head: &str, broken: Option<&str>) -> String {
    let mut page = HtmlWriter::default();
    let count = count_of(runs.len(), "run");
    page_head(&mut page, &format!("telform journal, {count}"), Some(("#runs", "Skip to the runs")));
    page.raw("<header>\n<p class=\"over\">telform</p>\n<h1>Journal");
    if broken.is_some() {
        page.raw(" ");
        verdict_mark(&mut page, "delete", "broken");
    }
    page.raw("</h1>\n<p class=\"lead\">").text(&count).raw(", the last one first</p>\n");
    if let Some(broken) = broken {
        page.raw("<p><strong>Altered: ").words(broken).raw(".</strong> Only the lines before that are shown.</p>\n");
    }
    page.raw("<dl class=\"facts\">\n<div><dt>head</dt><dd>")
        .code(head)
        .raw("</dd></div>\n</dl>\n</header>\n<main id=\"main\">\n");
    page.raw("<section aria-labelledby=\"runs\">\n<h2 id=\"runs\" tabindex=\"-1\">Runs</h2>\n");
    filter_controls(&mut page, runs);
    for (index, run) in runs.iter().enumerate().rev() {
        run_card(&mut page, &RunReport::from_run(run), (index + 1, runs.len()));
    }
    page.raw("</section>\n</main>\n<footer>\n");
    page_end(&mut page);
    page.finish()
}

/// What a command did: its runs, or why it has none.
pub fn run_report_as_html(runs: &[RecordedRun<'_>], end: &CommandEnd) -> String {
    let mut page = HtmlWriter::default();
    let result = end.result.as_deref().unwrap_or("not ended");
    page_head(&mut page, &format!("telform {}: {result}", end.command), None);
    page.raw("<header>\n<p class=\"over\">telform</p>\n<h1>Report of ").text(&end.command).raw(" ");
    let class = match (&end.result, runs) {
        (None, _) | (_, []) => "update",
        _ => runs.iter().map(|run| RunReport::from_run(run).class()).find(|class| *class != "create").unwrap_or("create"),
    };
    verdict_mark(&mut page, class, result);
    page.raw("</h1>\n");
    if end.result.is_none() {
        page.raw("<p class=\"lead\">The command has not ended: this file was written before its first request.</p>\n");
    } else if runs.is_empty() {
        page.raw("<p class=\"lead\">Nothing was written to a service.</p>\n");
    }
    for (what, help) in &end.reasons {
        page.raw("<p>").advice(what).raw("</p>\n");
        if !help.is_empty() {
            page.raw("<p class=\"help\">").advice(help).raw("</p>\n");
        }
    }
    for line in &end.forecast {
        page.raw("<p>").words(line).raw("</p>\n");
    }
    for (what, command) in &end.next {
        page.raw("<p>").text(what).raw(": ").code(command).raw("</p>\n");
    }
    if runs.is_empty() {
        page.raw("<dl class=\"facts\">\n");
        provenance_rows(&mut page, "planned", &end.made);
        if let Some((summary, digest)) = &end.plan {
            page.raw("<div><dt>plan</dt><dd>").text(summary).raw("</dd></div>\n<div><dt>digest</dt><dd>").code(digest);
            page.raw("</dd></div>\n");
        }
        page.raw("</dl>\n");
    }
    page.raw("</header>\n<main id=\"main\">\n");
    if !runs.is_empty() {
        page.raw("<section aria-labelledby=\"runs\">\n<h2 id=\"runs\" tabindex=\"-1\">");
        page.raw(if runs.len() == 1 { "The run" } else { "The runs" }).raw("</h2>\n");
        for (index, run) in runs.iter().enumerate() {
            run_card(&mut page, &RunReport::from_run(run), (index + 1, runs.len()));
        }
        page.raw("</section>\n");
    }
    page.raw("</main>\n<footer>\n");
    page_end(&mut page);
    page.finish()
}

/// The filter. It stays hidden without scripts.
fn filter_controls(page: &mut HtmlWriter, runs: &[RecordedRun<'_>]) {
    page.raw("<form id=\"filter\" role=\"search\" data-of=\"runs\" aria-label=\"Filter the runs\" hidden>\n");
    page.raw("<p class=\"wide\"><label for=\"q\">Search</label><input id=\"q\" name=\"q\" type=\"search\" ");
    page.raw("autocomplete=\"off\" spellcheck=\"false\"></p>\n");
    super::changes::select_box(page, "result", "Result", &runs.iter().map(RecordedRun::result_text).collect());
    let commands: BTreeSet<&str> = runs.iter().map(|run| run.started.command.as_str()).collect();
    super::changes::select_box(page, "command", "Command", &commands);
    super::changes::select_box(page, "user", "Who", &runs.iter().map(|run| run.started.actor.user.as_str()).collect());
    super::changes::filter_buttons(page);
    page.raw("<output id=\"count\" aria-live=\"polite\" for=\"q result command user\"></output>\n</form>\n");
}
