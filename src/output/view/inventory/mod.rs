//! What is there, for people at a terminal.

use super::table::table_with_whole_columns;
use super::{STRONG, paint};
use crate::analysis::get::{Column, ColumnContent, Inventory, InventoryTable, TableScope};
use crate::text::escape;

mod csv;
mod markdown;

pub use csv::{CsvText, inventory_as_csv};
pub use markdown::inventory_as_markdown;

/// Widest text that is kept in one piece where it holds no blank: a phone number, a code.
const ONE_PIECE: usize = 20;

/// Tables that fit this many columns, each with its kind where there are several.
pub fn inventory_as_text(inventory: &Inventory<'_>, columns: usize) -> String {
    let mut text = String::new();
    let several = inventory.tables.len() > 1;
    for table in &inventory.tables {
        if several && !text.is_empty() {
            text.push('\n');
        }
        if table.rows.is_empty() {
            text.push_str(&escape(&nothing_found(inventory, &table.scope)));
            text.push('\n');
            continue;
        }
        if several {
            text.push_str(&paint(STRONG, format!("{} ({})", table.scope.name, table.rows.len())));
            text.push('\n');
        }
        text.push_str(&table_as_text(inventory, table, columns));
    }
    text
}

/// Says where nothing was found: `No partner in account west.`
pub fn nothing_found(inventory: &Inventory<'_>, scope: &TableScope) -> String {
    let listed = inventory.coverage.listed.iter().filter(|it| it.kind == scope.name);
    let accounts: Vec<&str> = listed.map(|it| it.account.as_str()).collect();
    let place = match accounts.as_slice() {
        [] => return format!("No {} was read.", scope.singular),
        [one] => format!("account {one}"),
        several => format!("accounts {}", several.join(", ")),
    };
    let conditions: Vec<String> = inventory.query().conditions.iter().map(ToString::to_string).collect();
    let only = match (conditions.is_empty(), scope.only.is_empty()) {
        (true, true) => String::new(),
        (true, false) => " has one of these addresses".to_owned(),
        (false, _) => format!(" has {}", conditions.join(" and ")),
    };
    format!("No {} in {place}{only}.", scope.singular)
}

fn table_as_text(inventory: &Inventory<'_>, table: &InventoryTable<'_>, width: usize) -> String {
    let mut shown = inventory.columns(&table.scope, false);
    let rows = cells(inventory, table, &shown);
    if let Some(lines) = fitted(&rows, &shown, width) {
        return lines;
    }
    // The identity takes most of the width. Whoever named columns gets all of them.
    if inventory.query().columns.is_none() {
        let without = shown.iter().position(|column| column.content == ColumnContent::Id);
        if let Some(at) = without {
            shown.remove(at);
            let rows: Vec<Vec<String>> = rows.into_iter().map(|mut row| without_cell(&mut row, at)).collect();
            let note = "\nThe id does not fit: a wider terminal shows it, and --columns.\n";
            return fitted(&rows, &shown, width).unwrap_or_else(|| records(&rows)) + note;
        }
    }
    records(&rows)
}

fn without_cell(row: &mut Vec<String>, at: usize) -> Vec<String> {
    row.remove(at);
    std::mem::take(row)
}

/// The names of the columns, and below them the rows; escaped.
fn cells(inventory: &Inventory<'_>, table: &InventoryTable<'_>, columns: &[Column]) -> Vec<Vec<String>> {
    let head = columns.iter().map(|column| column.name.to_owned()).collect();
    let rows = table.rows.iter().map(|row| columns.iter().map(|column| escape(&inventory.cell(row, column))).collect());
    std::iter::once(head).chain(rows).collect()
}

/// As a table, where one fits. A number or an identity is never broken.
fn fitted(rows: &[Vec<String>], columns: &[Column], width: usize) -> Option<String> {
    let in_one_piece = |at: usize| {
        let short = |cell: &String| cell.len() <= ONE_PIECE && !cell.contains(' ');
        rows.iter().all(|row| row.get(at).is_some_and(short))
    };
    let whole: Vec<bool> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| matches!(column.content, ColumnContent::Id | ColumnContent::Number) || in_one_piece(at))
        .collect();
    let mut lines = table_with_whole_columns(rows, &whole, width)?;
    if let Some(head) = lines.first_mut() {
        *head = paint(STRONG, head.trim_end_matches('\n')) + "\n";
    }
    Some(lines.concat())
}

/// Each row as lines of its own: `name  value`.
fn records(rows: &[Vec<String>]) -> String {
    let Some((head, rows)) = rows.split_first() else { return String::new() };
    let width = head.iter().map(String::len).max().unwrap_or_default();
    let one = |row: &Vec<String>| {
        let filled = head.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
        filled.map(|(name, cell)| format!("{name:width$}  {cell}\n")).collect::<String>()
    };
    rows.iter().map(one).collect::<Vec<_>>().join("\n")
}
