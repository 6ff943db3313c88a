//! What is there as a table for spreadsheets and for `for_each`: RFC 4180 with lines that end in LF, UTF-8 without a mark at its
//! beginning. Each cell is the value itself. One that a spreadsheet would run gets an apostrophe (`text/spreadsheet.rs`), which
//! `for_each` takes away again.

use std::collections::BTreeMap;

use csv::{Terminator, WriterBuilder};

use crate::analysis::get::{Column, ColumnContent, Inventory, InventoryRow, ObjectRow};
use crate::model::value::{CompactValue, hidden::holds_mark};
use crate::output::view::json;
use crate::text::{defuse_cell, escape_multiline};

/// How many objects are named where values are left out.
const MOST_NAMED: usize = 3;

/// The table, and what is not in it.
#[derive(Debug, Default)]
pub struct CsvText {
    /// The table.
    pub text: String,
    /// Values that are left out, a line for each column and reason.
    pub left_out: Vec<String>,
}

/// Why a value is not in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Omission {
    InPart,
    Secret,
    Harmful,
}

impl Omission {
    fn describe(self) -> &'static str {
        match self {
            Self::InPart => "the service shows only a part of it",
            Self::Secret => "it contains a secret",
            Self::Harmful => "it contains characters that are invisible or control a terminal",
        }
    }
}

/// The rows of all tables under one heading.
pub fn inventory_as_csv(inventory: &Inventory<'_>) -> CsvText {
    let mut left_out: BTreeMap<(&str, Omission), Vec<&str>> = BTreeMap::new();
    let mut head: Vec<&'static str> = Vec::new();
    for table in &inventory.tables {
        for column in inventory.columns(&table.scope, true) {
            if !head.contains(&column.name) {
                head.push(column.name);
            }
        }
    }
    if let Some(names) = &inventory.query().columns {
        head.sort_by_key(|name| names.iter().position(|it| it == name));
    }
    let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(&head);
    for table in &inventory.tables {
        let columns: Vec<Option<Column>> = head.iter().map(|name| table.scope.column(name)).collect();
        for row in &table.rows {
            let cells = columns.iter().map(|column| {
                let Some(column) = column else { return String::new() };
                cell(inventory, row, column).unwrap_or_else(|why| {
                    left_out.entry((column.name, why)).or_default().push(name_of(row));
                    String::new()
                })
            });
            let cells: Vec<String> = cells.collect();
            let _ = writer.write_record(&cells);
        }
    }
    let text = String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default();
    let left_out = left_out.into_iter().map(|((column, why), rows)| {
        let more = if rows.len() > MOST_NAMED { format!(" and {} more", rows.len() - MOST_NAMED) } else { String::new() };
        let rows = rows[..rows.len().min(MOST_NAMED)].join(", ");
        format!("`{column}` of {rows}{more} is left empty: {}", why.describe())
    });
    CsvText { text, left_out: left_out.collect() }
}

fn name_of<'a>(row: &InventoryRow<'a>) -> &'a str {
    match row {
        InventoryRow::Object(object) => object.id,
        InventoryRow::Number(number) => number.number,
    }
}

/// A cell, or why it stays empty: then whoever reads the table back leaves the value alone.
fn cell<'a>(inventory: &Inventory<'a>, row: &InventoryRow<'a>, column: &Column) -> Result<String, Omission> {
    if let (InventoryRow::Object(object), ColumnContent::Attribute) = (row, column.content) {
        return attribute(inventory, object, row, column);
    }
    harmless(&inventory.cell(row, column))
}

fn attribute<'a>(
    inventory: &Inventory<'a>,
    object: &ObjectRow<'a>,
    row: &InventoryRow<'a>,
    column: &Column,
) -> Result<String, Omission> {
    if object.shows_part_of(column.name) {
        return Err(Omission::InPart);
    }
    match object.value(inventory, column.name) {
        Some(value) if holds_mark(&value) => Err(Omission::Secret),
        Some(value) if matches!(&*value, CompactValue::List(_) | CompactValue::Map(_)) => {
            harmless(json::to_json_line(&*value).trim_end())
        }
        _ => harmless(&inventory.cell(row, column)),
    }
}

/// A text that is shown everywhere as it is; a row of a table cannot hold the escaped form, which would be another value.
fn harmless(text: &str) -> Result<String, Omission> {
    if escape_multiline(text) == text { Ok(defuse_cell(text).into_owned()) } else { Err(Omission::Harmful) }
}
