//! `telform ledger list`.

use unicode_width::UnicodeWidthStr;

use super::document;
use crate::cli::console::Console;
use crate::model::ledger::{Ledger, ManagedObject, UnansweredCreate};
use crate::output::view::table::{render_table, table_lines};
use crate::output::{LedgerList, WatchedCreate};
use crate::run::opened_ledger::OpenedLedger;
use crate::run::{Exit, RunError};
use crate::text::escape;

pub(super) async fn run(out: &Console) -> Result<Exit, RunError> {
    let book = OpenedLedger::find(&out.context())?;
    let (ledger, exit) = book.look(&out.context()).await?;
    if out.global.json {
        out.print_document(&LedgerList {
            id: &ledger.id,
            serial: ledger.serial,
            accounts: &ledger.accounts,
            owners: &ledger.owners,
            objects: ledger.objects.iter().map(|(address, entry)| document(address, entry)).collect(),
            attempts: ledger.attempts.keys().map(ToString::to_string).collect(),
            moves: &ledger.moves,
            watched: ledger.watched.iter().map(watched_document).collect(),
        });
        return Ok(exit);
    }
    if !out.global.quiet {
        out.print(&listed(&ledger, out.table_width()));
    }
    let count = ledger.objects.len();
    let gap = if out.global.quiet { "" } else { "\n" };
    out.print(&format!(
        "{gap}{count} {} in {} (serial {}).\n",
        if count == 1 { "object" } else { "objects" },
        escape(&book.place),
        ledger.serial
    ));
    Ok(exit)
}

/// Every entry on a line.
fn listed(ledger: &Ledger, columns: usize) -> String {
    let mut rows = vec![["ADDRESS", "ACCOUNT", "ID", "SINCE", ""].map(str::to_owned)];
    for (address, entry) in &ledger.objects {
        let how = super::origin_word(address, entry);
        let since = entry.since.get(..10).unwrap_or(&entry.since);
        rows.push([
            address.to_string(),
            entry.account.clone(),
            entry.id.clone(),
            format!("{how} {since}"),
            marks(entry).join(", "),
        ]);
    }
    for (address, attempt) in &ledger.attempts {
        let since = attempt.since.get(..10).unwrap_or(&attempt.since);
        rows.push([
            address.to_string(),
            attempt.account.clone(),
            "unknown".to_owned(),
            format!("begun {since}"),
            "its create was interrupted".to_owned(),
        ]);
    }
    let mut text = render_table(&rows, usize::MAX);
    if text.lines().any(|line| line.width() > columns) {
        text = narrow(&rows, columns);
    }
    for open in &ledger.moves {
        text.push_str(&format!("{} was disconnected to move it to {} and is dark\n", escape(&open.number), escape(&open.bridge)));
    }
    for create in &ledger.watched {
        text.push_str(&format!(
            "the create of {} at {} got no answer: its natural key is watched\n",
            create.address,
            escape(&create.describe_create())
        ));
    }
    text
}

/// A create whose natural key is watched, for programs.
fn watched_document(create: &UnansweredCreate) -> WatchedCreate<'_> {
    let UnansweredCreate { address, account, key, since, run, .. } = create;
    WatchedCreate { address: address.to_string(), account, key, since, run }
}

/// The same for a narrow terminal: remarks are below their entry, and `ledger show` says since when.
fn narrow(rows: &[[String; 5]], columns: usize) -> String {
    let short = |[address, account, id, ..]: &[String; 5]| [address.clone(), account.clone(), id.clone()];
    let short: Vec<[String; 3]> = rows.iter().map(short).collect();
    let mut text = String::new();
    for (line, [.., marks]) in table_lines(&short, columns).iter().zip(rows) {
        text.push_str(line);
        if !marks.is_empty() {
            text.push_str(&format!("    {marks}\n"));
        }
    }
    text + "\nSince when: `telform ledger show ADDRESS`, or a wider terminal.\n"
}

/// Remarks about an entry, in words.
fn marks(entry: &ManagedObject) -> Vec<&'static str> {
    let mut marks = Vec::new();
    if entry.prevent_delete {
        marks.push("protected");
    }
    if entry.hidden_since.is_some() {
        marks.push("waits to be verified");
    } else if !entry.submitted.is_empty() {
        marks.push("changed values wait to be confirmed");
    }
    if !entry.former.is_empty() {
        marks.push("its replacement is not finished");
    }
    marks
}
