//! The journal for people and for spreadsheets. Everything in it may come from a service or from someone who wrote to the
//! file, so all of it is escaped.

use std::fmt::Write;

use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::run_report::recorded_step_subject;
use super::signed;
use super::table::render_table;
use super::text::wrap_text;
use super::undo::{render_undo, undo_of_step};
use crate::document::v1::{Operation, StepV1};
use crate::model::value::Value;
use crate::services;
use crate::state::journal::{JournalFinding, JournalRecord, RecordedRun, RecordedStep, RunStarted, StepEnding};
use crate::text::{escape, shorten};

/// Every run, the oldest first. Where a line would be wider than the terminal, only `journal show` has plan and commit, and a line says
/// so.
pub fn render_run_list(runs: &[RecordedRun<'_>], columns: usize) -> String {
    let whole = render_table(&run_list_rows(runs), usize::MAX);
    if whole.lines().all(|line| line.width() <= columns) {
        return whole;
    }
    let rows: Vec<[String; 5]> =
        run_list_rows(runs).into_iter().map(|[run, when, who, what, writes, ..]| [run, when, who, what, writes]).collect();
    render_table(&rows, columns) + "Plan and commit do not fit here; `telform journal show RUN` has them.\n"
}

fn run_list_rows(runs: &[RecordedRun<'_>]) -> Vec<[String; 7]> {
    let mut rows = vec![["RUN", "WHEN", "WHO", "WHAT", "WRITES", "PLAN", "COMMIT"].map(str::to_owned)];
    rows.extend(runs.iter().map(|run| {
        [
            // An id begins with its time in milliseconds.
            run.id.chars().take(13).collect(),
            run.began_at.get(..16).unwrap_or(run.began_at).replace('T', " "),
            run.started.actor.user.clone(),
            format!("{}: {}", run.started.command, run.result_text()),
            count_writes(run).to_string(),
            run.started.digest.trim_start_matches("sha256:").chars().take(6).collect(),
            short_commit(run, 7),
        ]
    }));
    rows
}

/// Commit of a run, shortened.
pub(super) fn short_commit(run: &RecordedRun<'_>, length: usize) -> String {
    let Some(commit) = &run.started.origin.commit else { return "-".to_owned() };
    let dirty = if commit.ends_with("-dirty") { "*" } else { "" };
    format!("{}{dirty}", commit.trim_end_matches("-dirty").chars().take(length).collect::<String>())
}

/// Writes that are done, as the receipt says or the steps.
pub fn count_writes(run: &RecordedRun<'_>) -> u64 {
    match run.finished {
        Some(JournalRecord::Finished { writes, .. }) => *writes,
        _ => run.completed_writes() as u64,
    }
}

/// One run with its steps.
pub fn render_run(run: &RecordedRun<'_>, columns: usize) -> String {
    let started = run.started;
    let mut rows = vec![
        ["run".to_owned(), run.id.to_owned()],
        ["began".to_owned(), run.began_at.to_owned()],
        ["ended".to_owned(), run.ended_at.unwrap_or("-").to_owned()],
        ["who".to_owned(), format!("{} on {} (process {})", started.actor.user, started.actor.host, started.actor.pid)],
    ];
    rows.extend(started.actor.ci.as_ref().map(|ci| ["ci".to_owned(), ci.clone()]));
    rows.push(["command".to_owned(), format!("{} (telform {})", started.command, started.telform_version)]);
    rows.push(["plan".to_owned(), started.digest.clone()]);
    rows.extend(started.origin.commit.as_ref().map(|commit| ["commit".to_owned(), commit.clone()]));
    rows.push(["result".to_owned(), format!("{}, writes: {}", run.result_text(), count_writes(run))]);
    if let Some(JournalRecord::Finished { second_plan: Some(second), .. }) = run.finished {
        // What an undo plans again is the undo itself, and not the YAML.
        let label = if started.of.is_some() { "second plan of the undo" } else { "second plan" };
        rows.push([label.to_owned(), second.clone()]);
    }
    rows.extend(signed::signature_rows(run));
    // Text to be copied is not wrapped.
    let mut text = render_table(&rows, usize::MAX);
    let effects = ledger_changes(started);
    if !effects.is_empty() {
        text.push_str("\nIn the ledger, without a request\n");
    }
    for effect in &effects {
        let _ = writeln!(text, "  {}{}", escape(&effect.text), account_beside_others(started, &effect.account));
    }
    for (step, record) in started.plan.steps.iter().zip(&run.steps) {
        text.push('\n');
        text.push_str(&render_step(run, step, record, columns));
    }
    text.push_str(&render_undo(&started.undo, columns));
    text
}

/// A change of only the ledger.
pub(super) struct LedgerChange {
    account: String,
    address: String,
    /// What was done, in words.
    pub(super) text: String,
}

/// What a run changed only in the ledger.
pub(super) fn ledger_changes(started: &RunStarted) -> Vec<LedgerChange> {
    let all = started.plan.ledger.iter().flat_map(|effect| effect.0.iter());
    all.map(|(what, facts)| {
        let fact = |name: &str| facts.get(name).map(plain_text).unwrap_or_default();
        let (address, id) = (fact("address"), fact("id"));
        let known = if id.is_empty() { String::new() } else { format!(" ({id})") };
        let words = match what.as_str() {
            "adopt" | "adopt_hidden" => format!("adopted {address}{known}"),
            "rename" => format!("renamed {} to {}", fact("from"), fact("to")),
            "release" => format!("released {address}{known}"),
            "drop" => format!("removed the entry of {address}, whose object no longer existed"),
            "protect" if fact("on") == "true" => format!("protected {address}"),
            "protect" => format!("removed the protection of {address}"),
            "visible" => format!("{address} became visible"),
            "confirmed" => format!("{address} {} was confirmed", fact("attribute")),
            "move_ended" => format!("the move of {} ended", fact("number")),
            other => format!("{other} {address}"),
        };
        let address = if address.is_empty() { fact("to") } else { address };
        LedgerChange { account: fact("account"), address, text: words }
    })
    .collect()
}

/// The account of something, where the run has several.
fn account_beside_others(started: &RunStarted, account: &str) -> String {
    let is_one_of_several = started.plan.accounts.len() > 1 && !account.is_empty();
    if is_one_of_several { format!(" (account {})", escape(account)) } else { String::new() }
}

/// A text as it is, anything else as JSON.
fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn render_step(run: &RecordedRun<'_>, step: &StepV1, record: &RecordedStep<'_>, columns: usize) -> String {
    let told = describe_recorded_step(step, record);
    let mut text = format!("{} {}: {}\n", escape(&step.id), escape(&recorded_step_subject(step)), told.end);
    let account = account_beside_others(run.started, &step.call.account);
    let _ = writeln!(text, "    {} {}{account}", told.method, escape(&told.target));
    if !told.when.is_empty() {
        let answer = [
            told.status.map(|status| format!("status {status}")),
            told.request_id.map(|id| format!("request id {}", escape(id))),
            told.milliseconds.map(|time| format!("{time} ms")),
        ];
        let answer: Vec<String> = answer.into_iter().flatten().collect();
        let _ = writeln!(text, "    {}  {}", escape(told.when), answer.join(", "));
    }
    if let Some(why) = told.why {
        for line in wrap_text(&escape(why), columns.saturating_sub(4).max(40)) {
            let _ = writeln!(text, "    {line}");
        }
    }
    let rows: Vec<[String; 2]> = changed_by_answer(run, step, record)
        .into_iter()
        .map(|(name, before, after)| [name, format!("{before} -> {after}")])
        .collect();
    for line in render_table(&rows, usize::MAX).lines() {
        let _ = writeln!(text, "      {line}");
    }
    text
}

/// What is recorded about a step, in words.
pub(super) struct RecordedStepText<'a> {
    pub(super) when: &'a str,
    pub(super) method: String,
    pub(super) target: String,
    pub(super) end: &'static str,
    pub(super) status: Option<u16>,
    pub(super) request_id: Option<&'a str>,
    pub(super) milliseconds: Option<u64>,
    pub(super) why: Option<&'a str>,
}

pub(super) fn describe_recorded_step<'a>(step: &'a StepV1, record: &RecordedStep<'a>) -> RecordedStepText<'a> {
    let planned = json!(step.call.method).as_str().unwrap_or_default().to_owned();
    let mut told = RecordedStepText {
        when: "",
        method: planned,
        target: step.call.path.clone(),
        end: "no end is recorded",
        status: None,
        request_id: None,
        milliseconds: None,
        why: None,
    };
    if let Some(line) = record.intent
        && let JournalRecord::Intent { method, target, .. } = &line.record
    {
        told.when = &line.at;
        told.method = escape(method);
        told.target.clone_from(target);
    } else {
        told.end = "not started";
    }
    if let Some(line) = record.outcome
        && let JournalRecord::Outcome { end, why, status, request_id, milliseconds, .. } = &line.record
    {
        told.when = &line.at;
        told.end = end.as_str();
        told.status = *status;
        told.request_id = request_id.as_deref();
        told.milliseconds = Some(*milliseconds);
        told.why = why.as_deref();
    } else if let Some((verdict, evidence)) = record.settled {
        told.end = match verdict {
            JournalFinding::Done => "done, according to a later run",
            JournalFinding::NotDone => "not done, according to a later run",
            JournalFinding::Unknown => "unknown",
        };
        told.why = Some(evidence);
    }
    told
}

pub(super) fn request_verb(step: &StepV1) -> &'static str {
    match step.operation {
        Operation::Create { .. } => "create",
        Operation::Update { .. } => "update",
        Operation::Connect { .. } => "connect",
        Operation::Disconnect { .. } => "disconnect",
        Operation::ReadBack { .. } => "read back",
        Operation::Delete { .. } => services::delete_verb(step.address.as_deref().unwrap_or_default()),
    }
}

/// Attributes that the answer shows differently from the reading before the request; of a number what serves it.
pub(super) fn changed_by_answer(
    run: &RecordedRun<'_>,
    step: &StepV1,
    record: &RecordedStep<'_>,
) -> Vec<(String, String, String)> {
    if let Operation::Connect { number, .. } | Operation::Disconnect { number, .. } = &step.operation {
        if record.done_at().is_none() {
            return Vec::new();
        }
        let (before, after) = run.served_around(step);
        let show = |id: Option<&str>| id.map_or_else(|| "nothing".to_owned(), escape);
        return vec![(number.clone(), show(before.as_deref()), show(after))];
    }
    let (Some(after), done) = (record.object_after(), record.end() == Some(StepEnding::Done)) else {
        return Vec::new();
    };
    let none = std::collections::BTreeMap::new();
    let before = record.object_before().unwrap_or(&none);
    let show = |value: Option<&Value>| value.map_or_else(|| "-".to_owned(), json_value_text);
    let changed = after.iter().filter(|(name, value)| done && before.get(*name) != Some(value) && !value.is_null());
    changed.map(|(name, value)| (name.clone(), show(before.get(name)), json_value_text(value))).collect()
}

pub(super) fn json_value_text(value: &Value) -> String {
    escape(&shorten(&value.to_string()))
}

/// Names of the columns of an export.
pub const COLUMNS: [&str; 19] = [
    "run",
    "began",
    "user",
    "host",
    "ci",
    "command",
    "commit",
    "plan",
    "step",
    "address",
    "request",
    "time",
    "end",
    "status",
    "request_id",
    "milliseconds",
    "changes",
    "undo",
    "account",
];

/// The content of one row of an export, beside its run.
#[derive(Default)]
struct ExportCells {
    step: String,
    address: String,
    request: String,
    time: String,
    end: String,
    status: String,
    request_id: String,
    milliseconds: String,
    changes: String,
    undo: String,
    account: String,
}

/// One row for each step, and one for each change of the ledger alone.
pub fn export_rows(runs: &[RecordedRun<'_>]) -> Vec<[String; 19]> {
    let mut rows = Vec::new();
    for run in runs {
        let ledger = ledger_changes(run.started).into_iter().map(|change| ExportCells {
            address: change.address,
            changes: change.text,
            account: change.account,
            ..ExportCells::default()
        });
        let steps = run.started.plan.steps.iter().zip(&run.steps).map(|(step, record)| {
            let told = describe_recorded_step(step, record);
            let changes = changed_by_answer(run, step, record)
                .into_iter()
                .map(|(name, before, after)| format!("{name}: {before} -> {after}"));
            ExportCells {
                step: step.id.clone(),
                address: step.address.clone().unwrap_or_default(),
                request: format!("{} {}", told.method, told.target),
                time: told.when.to_owned(),
                end: told.end.to_owned(),
                status: told.status.map(|status| status.to_string()).unwrap_or_default(),
                request_id: told.request_id.unwrap_or_default().to_owned(),
                milliseconds: told.milliseconds.map(|time| time.to_string()).unwrap_or_default(),
                changes: changes.collect::<Vec<_>>().join("; "),
                undo: undo_of_step(run, &step.id),
                account: step.call.account.clone(),
            }
        });
        rows.extend(ledger.chain(steps).map(|cells| export_row(run, cells)));
    }
    rows
}

/// The cells in the order of [`COLUMNS`].
fn export_row(run: &RecordedRun<'_>, cells: ExportCells) -> [String; 19] {
    let started = run.started;
    [
        run.id.to_owned(),
        run.began_at.to_owned(),
        started.actor.user.clone(),
        started.actor.host.clone(),
        started.actor.ci.clone().unwrap_or_default(),
        started.command.clone(),
        started.origin.commit.clone().unwrap_or_default(),
        started.digest.clone(),
        cells.step,
        cells.address,
        cells.request,
        cells.time,
        cells.end,
        cells.status,
        cells.request_id,
        cells.milliseconds,
        cells.changes,
        cells.undo,
        cells.account,
    ]
}

/// According to RFC 4180, with plain newlines. A cell that a spreadsheet would read as a formula is prefixed with a quote mark.
pub fn render_csv(runs: &[RecordedRun<'_>]) -> String {
    let mut text = COLUMNS.join(",");
    text.push('\n');
    for row in export_rows(runs) {
        let cells: Vec<String> = row.iter().map(|cell| escape_csv_cell(cell)).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn escape_csv_cell(cell: &str) -> String {
    let cell = escape(cell);
    // East Asian spreadsheets read the full-width forms as these.
    let formula =
        cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '|', '%', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-2", "@SUM(A1)", "  =1", "\t=1", "\u{ff1d}1+1", "\u{ff20}SUM(A1)"] {
            assert!(escape_csv_cell(cell).starts_with("\"'"), "{cell}");
        }
        assert_eq!(escape_csv_cell("a \"b\",\r\nc"), "\"a \"\"b\"\",\\u{d}\\u{a}c\"");
        assert_eq!(escape_csv_cell("2026-11-25"), "\"2026-11-25\"");
    }
}
