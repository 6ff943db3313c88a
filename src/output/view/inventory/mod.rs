//! What is there, for people at a terminal.

use super::table::table_with_whole_columns;
use super::{STRONG, paint};
use crate::analysis::get::{Column, ColumnContent, Inventory, InventoryTable, TableScope};
use crate::text::escape;

mod csv;
mod markdown;

pub use csv::{CsvText, inventory_as_csv};
pub use markdown::inventory_as_markdown;

/// Tables that fit this many columns, each with its kind where there are several.
pub fn inventory_as_text(inventory: &Inventory<'_>, columns: usize) -> String {
    let (mut text, mut lacks_id) = (String::new(), false);
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
        let (lines, has_id) = table_as_text(inventory, table, columns);
        text.push_str(&lines);
        lacks_id |= !has_id;
    }
    if lacks_id {
        text.push_str("\nThe id does not fit: a wider terminal shows it, and --columns.\n");
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

/// The table, and whether it has each id that it should.
fn table_as_text(inventory: &Inventory<'_>, table: &InventoryTable<'_>, width: usize) -> (String, bool) {
    let mut shown = inventory.columns(&table.scope, false);
    let rows = cells(inventory, table, &shown);
    if let Some(lines) = fitted(&rows, &shown, width) {
        return (lines, true);
    }
    // The identity takes most of the width. Whoever named columns gets all of them.
    if inventory.query().columns.is_none() {
        let without = shown.iter().position(|column| column.content == ColumnContent::Id);
        if let Some(at) = without {
            shown.remove(at);
            let narrower: Vec<Vec<String>> = rows.iter().cloned().map(|mut row| without_cell(&mut row, at)).collect();
            if let Some(lines) = fitted(&narrower, &shown, width) {
                return (lines, false);
            }
        }
    }
    (records(&rows), true)
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

/// As a table, where one fits without a broken word.
fn fitted(rows: &[Vec<String>], columns: &[Column], width: usize) -> Option<String> {
    let is_whole = |column: &Column| matches!(column.content, ColumnContent::Id | ColumnContent::Number);
    let whole: Vec<bool> = columns.iter().map(is_whole).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column { name: "number", content: ColumnContent::Number },
        Column { name: "note", content: ColumnContent::Attribute },
        Column { name: "id", content: ColumnContent::Id },
    ];

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let note = "some words that go on for longer than a line of a terminal has room for";
        vec![
            row(["number", "note", "id"]),
            row(["+14155550101", note, "3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410"]),
            row(["+14155550102", "", "7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01"]),
        ]
    }

    #[test]
    fn a_table_breaks_at_words_and_never_in_a_number_or_an_identity() {
        let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
        let text = plain(fitted(&rows(), &COLUMNS, 80).expect("a table"));
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert!(text.contains("\n+14155550101  some words"), "{text}");
        assert!(text.contains("3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410\n"), "{text}");
        let wide = plain(fitted(&rows(), &COLUMNS, usize::MAX).expect("a table"));
        assert_eq!(wide.lines().count(), 3);
    }

    #[test]
    fn what_fits_no_table_is_a_line_for_each_value() {
        assert_eq!(fitted(&rows(), &COLUMNS, 50), None);
        let text = records(&rows());
        assert!(text.ends_with("\n\nnumber  +14155550102\nid      7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01\n"), "{text}");
    }
}
