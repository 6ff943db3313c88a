//! The report of a command as a comment: what it did, what failed, what is unknown, what was not started, and what the proof says.

use super::super::commands::CommandOptions;
use super::super::provenance::describe_time;
use super::super::run_report::{CommandEnd, RunReport, StepReport, StepResult, account_rows, count_of};
use super::escape::{cut_table_cell, table_cell, uncut_code_span};
use super::{BoundedPage, LONGEST, code_span, place_link, provenance_line, sentence_span};
use crate::output::view::journal::count_writes;
use crate::output::view::provenance::describe_commit;
use crate::state::journal::RecordedRun;
use crate::text::truncate_middle;

/// First line of every report, always the same: it identifies the earlier one to replace.
pub const REPORT_MARKER: &str = "<!-- telform report -->";

/// The same of a rehearsal, which does not replace the report of an apply.
pub const REHEARSAL_MARKER: &str = "<!-- telform rehearsal -->";

/// Space reserved for what says that something is left out.
const REST: usize = 600;

/// Longest reason, in characters.
const LONGEST_REASON: usize = 1_000;

/// Most bytes of the numbers that are cut off, and of the steps of one result that are not done.
const PART: usize = 12_000;

/// What a command did, as Markdown: its runs, or why it has none.
pub fn run_report_as_markdown(runs: &[RecordedRun<'_>], end: &CommandEnd) -> String {
    let mut page = BoundedPage { text: String::new(), limit: LONGEST - REST, commands: CommandOptions::default() };
    let reports: Vec<RunReport<'_>> = runs.iter().map(RunReport::from_run).collect();
    let marker = if end.command == "rehearse" { REHEARSAL_MARKER } else { REPORT_MARKER };
    page.push_if_fits(&format!("{marker}\n"));
    push_verdict(&mut page, &reports, end);
    if reports.is_empty() {
        page.push_if_fits(&provenance_line(&end.made));
        if let Some((summary, digest)) = &end.plan {
            page.push_if_fits(&format!("Plan: {summary}, digest {}\n", code_span(digest)));
        }
    }
    for (index, report) in reports.iter().enumerate() {
        if reports.len() > 1 {
            page.push_if_fits(&format!("\n## Run {} of {}: {}\n\n", index + 1, reports.len(), report.counts()));
            page.push_if_fits(&format!("{}\n\n", proof_text(report)));
        }
        push_run(&mut page, report);
    }
    page.text
}

fn push_verdict(page: &mut BoundedPage, reports: &[RunReport<'_>], end: &CommandEnd) {
    let (command, result) = (plain_words(&end.command), plain_words(end.result.as_deref().unwrap_or("not ended")));
    let worst = reports.iter().map(RunReport::class).find(|class| *class != "create");
    let alert = match (worst, end.result.as_deref()) {
        (Some("delete"), _) | (_, Some("refused")) => "CAUTION",
        (None, Some("done")) => "NOTE",
        _ => "WARNING",
    };
    page.push_if_fits(&format!("> [!{alert}]\n> telform {command}: **{result}**"));
    match (reports, &end.result) {
        (_, None) => {
            page.push_if_fits("\\\n> The command has not ended: this file was written before its first request.");
        }
        ([], _) => {
            page.push_if_fits(", nothing was written to a service");
        }
        ([one], _) => {
            page.push_if_fits(&format!(", {}\\\n> {}", one.counts(), proof_text(one)));
        }
        (several, _) => {
            page.push_if_fits(&format!(", in {}", count_of(several.len(), "run")));
        }
    }
    page.push_if_fits("\n\n");
    let forecast: Vec<String> = end.forecast.iter().map(|line| format!("- {}\n", sentence_span(line))).collect();
    push_some(page, forecast, "");
    for (what, help) in &end.reasons {
        page.push_if_fits(&format!("- {}\n", sentence_span(what)));
        if !help.is_empty() {
            page.push_if_fits(&format!("  help: {}\n", sentence_span(help)));
        }
    }
    for (what, command) in &end.next {
        page.push_if_fits(&format!("- {what}: {}\n", code_span(command)));
    }
    if !end.reasons.is_empty() || !end.next.is_empty() || !end.forecast.is_empty() {
        page.push_if_fits("\n");
    }
}

fn proof_text(report: &RunReport<'_>) -> String {
    let (proof, second_plan) = report.proof();
    second_plan.map_or_else(|| proof.to_owned(), |plan| format!("{proof}: {}", code_span(plan)))
}

/// A word or two of the journal, which anyone may have written: as it is only where it is plain.
fn plain_words(text: &str) -> String {
    let plain = text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ');
    if plain && !text.trim().is_empty() { text.to_owned() } else { code_span(text) }
}

fn push_run(page: &mut BoundedPage, report: &RunReport<'_>) {
    push_facts(page, report);
    push_cut(page, report);
    for result in StepResult::ALL {
        push_steps(page, report, result);
    }
    if !report.ledger.is_empty() {
        let lines = report.ledger.iter().map(|effect| format!("- {}\n", code_span(effect)));
        push_folded(page, "In the ledger, without a request", lines.collect());
    }
}

fn push_facts(page: &mut BoundedPage, report: &RunReport<'_>) {
    let (run, started) = (report.run, report.run.started);
    if let Some(limits) = &report.limits {
        page.push_if_fits(&format!("{}\n\n", sentence_span(limits)));
    }
    let took = report.duration().map_or_else(|| ", no end is recorded".to_owned(), |time| format!(", took {time}"));
    let mut rows = vec![
        ("when", format!("{}{took}", table_cell(&describe_time(run.began_at)))),
        ("who", cut_table_cell(&report.actor())),
        ("plan", cut_table_cell(&started.digest)),
        ("run", format!("{}, writes: {}", cut_table_cell(run.id), count_writes(run))),
    ];
    if let Some(commit) = &started.origin.commit {
        let (short, note) = describe_commit(commit);
        rows.push(("commit", format!("{}{note}", cut_table_cell(&short))));
    }
    if let Some(ci) = &started.actor.ci {
        rows.push(("CI run", place_link(ci, "CI run").replace('|', "\\|")));
    }
    page.push_if_fits("| | |\n| --- | --- |\n");
    for (name, text) in rows {
        page.push_if_fits(&format!("| {name} | {text} |\n"));
    }
    for [name, text] in account_rows(run).iter().chain(&report.papers()) {
        if page.remaining_bytes() > LONGEST / 2 {
            page.push_if_fits(&format!("| {} | {} |\n", cut_table_cell(name), cut_table_cell(text)));
        }
    }
}

fn push_cut(page: &mut BoundedPage, report: &RunReport<'_>) {
    if report.cut.is_empty() {
        return;
    }
    page.push_if_fits(&format!("\n### Numbers that the run disconnected and did not connect again ({})\n\n", report.cut.len()));
    page.push_if_fits("| number | was on | now | planned |\n| --- | --- | --- | --- |\n");
    let rows = report.cut.iter().map(|cut| {
        let planned = if cut.planned { "yes, to stay cut off" } else { "no" };
        format!("| {} | {} | **{}** | {planned} |\n", cut_table_cell(&cut.number), cut_table_cell(&cut.was), cut.state)
    });
    push_some(page, rows.collect(), "\n");
}

/// The steps with one result: those that are not done with the reason, the others folded.
fn push_steps(page: &mut BoundedPage, report: &RunReport<'_>, result: StepResult) {
    let lines: Vec<String> = report.with_result(result).map(step_line).collect();
    if lines.is_empty() {
        return;
    }
    if matches!(result, StepResult::Done | StepResult::NotStarted) {
        return push_folded(page, result.title(), lines);
    }
    page.push_if_fits(&format!("\n### {} ({})\n\n", result.title(), lines.len()));
    push_some(page, lines, "");
}

fn step_line(step: &StepReport<'_>) -> String {
    let status = step.text.status.map(|status| format!(", status {status}")).unwrap_or_default();
    let end = if step.text.end == step.result.word() { String::new() } else { format!(", {}", step.text.end) };
    let why = step.text.why.map(|why| format!(": {}", reason_span(why))).unwrap_or_default();
    let (id, subject, account) = (code_span(step.id), code_span(&step.subject), code_span(step.account));
    format!("- {id} {subject} in {account}{end}{status}{why}\n")
}

/// Why a step is not done, with what to do about it: longer than other texts.
fn reason_span(why: &str) -> String {
    uncut_code_span(&truncate_middle(&why.replace('`', ""), LONGEST_REASON).text)
}

/// As many lines as fit the part, and how many do not.
fn push_some(page: &mut BoundedPage, lines: Vec<String>, before_rest: &str) {
    let all = lines.len();
    page.with_limit(PART, |page| {
        for (index, line) in lines.into_iter().enumerate() {
            if line.len() + 120 > page.remaining_bytes() {
                page.push_if_fits(&format!("{before_rest}- … and **{} more**; all: `telform journal show`\n", all - index));
                return;
            }
            page.push_if_fits(&line);
        }
    });
}

fn push_folded(page: &mut BoundedPage, title: &str, lines: Vec<String>) {
    let close = "\n</details>\n";
    let open = format!("\n<details><summary>{title} ({})</summary>\n\n", lines.len());
    if open.len() + close.len() + 200 > page.remaining_bytes() {
        return;
    }
    page.push_if_fits(&open);
    page.with_reserve(close.len(), |page| push_some(page, lines, ""));
    page.push_if_fits(close);
}
