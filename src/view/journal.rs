//! The journal for people and for spreadsheets. Everything in it may come from a service or from somebody who wrote into the
//! file, so all of it is escaped.

use std::fmt::Write;

use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::back::{back, back_of};
use super::table::table;
use super::text::wrap;
use crate::document::v1::{Operation, Step};
use crate::journal::{End, Record, Run, Shown, Started, StepRecord, Verdict, Written};
use crate::text::{escape, shorten};
use crate::value::Value;

/// Every run, the oldest first. Where a line would be wider than the terminal, plan and commit are left to `journal show`.
pub fn list(runs: &[Run<'_>], columns: usize) -> String {
    let whole = table(&cells(runs), usize::MAX);
    if whole.lines().all(|line| line.width() <= columns) {
        return whole;
    }
    let rows: Vec<[String; 5]> = cells(runs)
        .into_iter()
        .map(|[run, when, who, what, writes, ..]| [run, when, who, what, writes])
        .collect();
    table(&rows, columns)
}

fn cells(runs: &[Run<'_>]) -> Vec<[String; 7]> {
    let mut rows = vec![["RUN", "WHEN", "WHO", "WHAT", "WRITES", "PLAN", "COMMIT"].map(str::to_owned)];
    rows.extend(runs.iter().map(|run| {
        [
            // An id begins with its time in milliseconds.
            run.id.chars().take(13).collect(),
            run.at.get(..16).unwrap_or(run.at).replace('T', " "),
            run.started.actor.user.clone(),
            format!("{}: {}", run.started.command, run.result()),
            writes(run).to_string(),
            run.started.digest.trim_start_matches("sha256:").chars().take(6).collect(),
            commit(run, 7),
        ]
    }));
    rows
}

/// Commit of a run, shortened.
fn commit(run: &Run<'_>, length: usize) -> String {
    let Some(commit) = &run.started.origin.commit else { return "-".to_owned() };
    let dirty = if commit.ends_with("-dirty") { "*" } else { "" };
    format!("{}{dirty}", commit.trim_end_matches("-dirty").chars().take(length).collect::<String>())
}

/// Writes that are done, as the receipt says or the steps.
pub fn writes(run: &Run<'_>) -> u64 {
    match run.finished {
        Some(Record::Finished { writes, .. }) => *writes,
        _ => run.writes() as u64,
    }
}

/// One run with its steps.
pub fn run(run: &Run<'_>, columns: usize) -> String {
    let started = run.started;
    let mut rows = vec![
        ["run".to_owned(), run.id.to_owned()],
        ["began".to_owned(), run.at.to_owned()],
        ["ended".to_owned(), run.ended.unwrap_or("-").to_owned()],
        [
            "who".to_owned(),
            format!("{} on {} (process {})", started.actor.user, started.actor.host, started.actor.pid),
        ],
    ];
    rows.extend(started.actor.ci.as_ref().map(|ci| ["ci".to_owned(), ci.clone()]));
    rows.push(["command".to_owned(), format!("{} (telform {})", started.command, started.telform_version)]);
    rows.push(["plan".to_owned(), started.digest.clone()]);
    rows.extend(started.origin.commit.as_ref().map(|commit| ["commit".to_owned(), commit.clone()]));
    rows.push(["result".to_owned(), format!("{}, writes: {}", run.result(), writes(run))]);
    if let Some(Record::Finished { second_plan: Some(second), .. }) = run.finished {
        rows.push(["second plan".to_owned(), second.clone()]);
    }
    // What is copied from here stays in one piece.
    let mut text = table(&rows, usize::MAX);
    let effects = effects(started);
    if !effects.is_empty() {
        text.push_str("\nIn the ledger, without a request\n");
    }
    for (_, effect) in &effects {
        let _ = writeln!(text, "  {}", escape(effect));
    }
    for (step, record) in started.plan.steps.iter().zip(&run.steps) {
        text.push('\n');
        text.push_str(&one_step(step, record, columns));
    }
    text.push_str(&back(&started.undo, columns));
    text
}

/// What a run changed in the ledger alone: whose entry, and how.
fn effects(started: &Started) -> Vec<(String, String)> {
    let all = started.plan.ledger.iter().flat_map(|effect| effect.0.iter());
    all.map(|(what, facts)| {
        let fact = |name: &str| facts.get(name).map(plain).unwrap_or_default();
        let (address, id) = (fact("address"), fact("id"));
        let known = if id.is_empty() { String::new() } else { format!(" ({id})") };
        let words = match what.as_str() {
            "adopt" | "adopt_hidden" => format!("adopted {address}{known}"),
            "rename" => format!("renamed {} to {}", fact("from"), fact("to")),
            "release" => format!("released {address}{known}"),
            "drop" => format!("removed the entry of {address}, whose object was gone"),
            "protect" if fact("on") == "true" => format!("protected {address}"),
            "protect" => format!("ended the protection of {address}"),
            "visible" => format!("{address} became visible"),
            "confirmed" => format!("{address} {} was confirmed", fact("attribute")),
            "move_ended" => format!("the move of {} ended", fact("number")),
            other => format!("{other} {address}"),
        };
        let about = if address.is_empty() { fact("to") } else { address };
        (about, words)
    })
    .collect()
}

/// A text as it is, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn one_step(step: &Step, record: &StepRecord<'_>, columns: usize) -> String {
    let told = told(step, record);
    let about = step.address.as_deref().unwrap_or("-");
    let mut text = format!("{} {} {}: {}\n", step.id, verb(step), escape(about), told.end);
    let _ = writeln!(text, "    {} {}", told.method, escape(&told.target));
    if !told.when.is_empty() {
        let answer = [
            told.status.map(|status| format!("status {status}")),
            told.request_id.map(|id| format!("request id {}", escape(id))),
            told.milliseconds.map(|time| format!("{time} ms")),
        ];
        let answer: Vec<String> = answer.into_iter().flatten().collect();
        let _ = writeln!(text, "    {}  {}", told.when, answer.join(", "));
    }
    if let Some(why) = told.why {
        for line in wrap(&escape(why), columns.saturating_sub(4).max(40)) {
            let _ = writeln!(text, "    {line}");
        }
    }
    let rows: Vec<[String; 2]> = differences(record)
        .into_iter()
        .map(|(name, before, after)| [name, format!("{before} -> {after}")])
        .collect();
    for line in table(&rows, usize::MAX).lines() {
        let _ = writeln!(text, "      {line}");
    }
    text
}

/// What is recorded about a step, in words.
struct Told<'a> {
    when: &'a str,
    method: String,
    target: String,
    end: &'static str,
    status: Option<u16>,
    request_id: Option<&'a str>,
    milliseconds: Option<u64>,
    why: Option<&'a str>,
}

fn told<'a>(step: &'a Step, record: &StepRecord<'a>) -> Told<'a> {
    let planned = json!(step.call.method).as_str().unwrap_or_default().to_owned();
    let mut told = Told {
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
        && let Record::Intent { method, target, .. } = &line.record
    {
        told.when = &line.at;
        told.method = escape(method);
        told.target.clone_from(target);
    } else {
        told.end = "not started";
    }
    if let Some(line) = record.outcome
        && let Record::Outcome { end, why, status, request_id, milliseconds, .. } = &line.record
    {
        told.when = &line.at;
        told.end = end.word();
        told.status = *status;
        told.request_id = request_id.as_deref();
        told.milliseconds = Some(*milliseconds);
        told.why = why.as_deref();
    } else if let Some((verdict, evidence)) = record.settled {
        told.end = match verdict {
            Verdict::Done => "done, as a later run found out",
            Verdict::NotDone => "not done, as a later run found out",
            Verdict::Unknown => "unknown",
        };
        told.why = Some(evidence);
    }
    told
}

fn verb(step: &Step) -> &'static str {
    match step.operation {
        Operation::Create { .. } => "create",
        Operation::Update { .. } => "update",
        Operation::Connect { .. } => "connect",
        Operation::Disconnect { .. } => "disconnect",
        Operation::ReadBack { .. } => "read back",
        Operation::Delete { .. } => "delete",
    }
}

/// Attributes that the answer shows otherwise than the look before the request did.
fn differences(record: &StepRecord<'_>) -> Vec<(String, String, String)> {
    let (Some(after), done) = (record.after(), record.end() == Some(End::Done)) else { return Vec::new() };
    let none = std::collections::BTreeMap::new();
    let before = record.before().unwrap_or(&none);
    let show = |value: Option<&Value>| value.map_or_else(|| "-".to_owned(), shown_value);
    let changed =
        after.iter().filter(|(name, value)| done && before.get(*name) != Some(value) && !value.is_null());
    changed.map(|(name, value)| (name.clone(), show(before.get(name)), shown_value(value))).collect()
}

fn shown_value(value: &Value) -> String {
    escape(&shorten(&value.to_string()))
}

/// A value for people.
pub fn shown(value: &Shown) -> String {
    match value {
        Shown::Absent => "-".to_owned(),
        Shown::Secret => "(secret)".to_owned(),
        Shown::Value(value) => shown_value(value),
    }
}

/// Which run set a value.
pub fn blame(written: &[&Written<'_>]) -> String {
    let mut text = String::new();
    for written in written {
        let run = written.run;
        let name = written.attribute.as_deref().map(|name| format!(".{name}")).unwrap_or_default();
        let _ = writeln!(text, "{}", escape(&format!("{}{name}", written.address)));
        if written.attribute.is_some() {
            let _ = writeln!(text, "    {} -> {}", shown(&written.before), shown(&written.after));
        } else {
            let _ = writeln!(text, "    deleted");
        }
        let _ = writeln!(
            text,
            "    {} by {}, run {} ({}, {})",
            written.at,
            escape(&run.started.actor.user),
            escape(run.id),
            escape(&run.started.command),
            written.step
        );
        let _ = writeln!(text, "    plan {}", escape(&run.started.digest));
        let _ = writeln!(text, "    commit {}", escape(&commit(run, 40)));
    }
    text
}

/// What was in force: the last values and the runs that set them.
pub fn in_force<'a>(written: impl Iterator<Item = &'a &'a Written<'a>>, columns: usize) -> String {
    let mut rows = vec![["VALUE", "SET TO", "SINCE", "RUN"].map(str::to_owned)];
    rows.extend(written.map(|written| {
        let name = written.attribute.as_deref().unwrap_or_default();
        [
            format!("{}.{name}", written.address),
            shown(&written.after),
            written.at.to_owned(),
            written.run.id.chars().take(13).collect(),
        ]
    }));
    table(&rows, columns)
}

/// Names of the columns of an export.
pub const COLUMNS: [&str; 18] = [
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
];

/// What one row of an export says beside its run.
#[derive(Default)]
struct Cells {
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
}

/// One row for each step, and one for each change of the ledger alone.
pub fn rows(runs: &[Run<'_>]) -> Vec<[String; 18]> {
    let mut rows = Vec::new();
    for run in runs {
        let ledger = effects(run.started).into_iter().map(|(address, effect)| Cells {
            step: "-".to_owned(),
            address,
            changes: effect,
            ..Cells::default()
        });
        let steps = run.started.plan.steps.iter().zip(&run.steps).map(|(step, record)| {
            let told = told(step, record);
            let changes = differences(record)
                .into_iter()
                .map(|(name, before, after)| format!("{name}: {before} -> {after}"));
            Cells {
                step: step.id.clone(),
                address: step.address.clone().unwrap_or_default(),
                request: format!("{} {}", told.method, told.target),
                time: told.when.to_owned(),
                end: told.end.to_owned(),
                status: told.status.map(|status| status.to_string()).unwrap_or_default(),
                request_id: told.request_id.unwrap_or_default().to_owned(),
                milliseconds: told.milliseconds.map(|time| time.to_string()).unwrap_or_default(),
                changes: changes.collect::<Vec<_>>().join("; "),
                undo: back_of(run, &step.id),
            }
        });
        rows.extend(ledger.chain(steps).map(|cells| row(run, cells)));
    }
    rows
}

/// The cells in the order of [`COLUMNS`].
fn row(run: &Run<'_>, cells: Cells) -> [String; 18] {
    let started = run.started;
    [
        run.id.to_owned(),
        run.at.to_owned(),
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
    ]
}

/// As RFC 4180 has it, with plain newlines. A cell that a spreadsheet would take for a formula gets a quote mark before it.
pub fn csv(runs: &[Run<'_>]) -> String {
    let mut text = COLUMNS.join(",");
    text.push('\n');
    for row in rows(runs) {
        let cells: Vec<String> = row.iter().map(|cell| csv_cell(cell)).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn csv_cell(cell: &str) -> String {
    let cell = escape(cell);
    let formula = cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '|', '%']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-2", "@SUM(A1)", "  =1", "\t=1"] {
            assert!(csv_cell(cell).starts_with("\"'"), "{cell}");
        }
        assert_eq!(csv_cell("a \"b\",\r\nc"), "\"a \"\"b\"\",\\u{d}\\u{a}c\"");
        assert_eq!(csv_cell("2026-11-25"), "\"2026-11-25\"");
    }
}
