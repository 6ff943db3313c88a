//! A table whatever it was read from: columns with names, rows with cells, each with its place.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use smol_str::SmolStr;

use super::compile::CellSecrecy;
use super::csv::CsvTable;
use crate::config::problem::{Problem, SourceFile, Span};
use crate::config::yaml::{NodeData, PlainScalar, ScalarStyle, YamlNode, double_quote};
use crate::model::value::hidden;
use crate::text::{AtSignReading, secret_parts};

/// A column.
pub(super) struct Column {
    /// Empty for one that holds nothing.
    pub(super) name: SmolStr,
    /// Where it is named first.
    pub(super) span: Span,
}

/// One cell.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    /// Empty where the row says nothing.
    pub(super) text: &'a str,
    /// How it was written.
    pub(super) style: ScalarStyle,
    pub(super) span: Span,
}

/// One row, with a cell for every column.
pub(super) struct Row<'a> {
    /// As a spreadsheet counts; in a list, its items from 1.
    pub(super) number: usize,
    pub(super) cells: &'a [Cell<'a>],
}

/// What is wrong with a table, before there is a source to show it in.
pub(super) struct TableFault {
    pub(super) code: &'static str,
    pub(super) what: Box<str>,
    pub(super) span: Span,
    label: Box<str>,
    also: Option<(Span, &'static str)>,
    help: Box<str>,
}

impl TableFault {
    pub(super) fn at(code: &'static str, what: impl Into<Box<str>>, span: Span) -> Self {
        Self { code, what: what.into(), span, label: Box::default(), also: None, help: Box::default() }
    }

    pub(super) fn label(self, label: impl Into<Box<str>>) -> Self {
        Self { label: label.into(), ..self }
    }

    pub(super) fn also(self, span: Span, label: &'static str) -> Self {
        Self { also: Some((span, label)), ..self }
    }

    pub(super) fn help(self, help: impl Into<Box<str>>) -> Self {
        Self { help: help.into(), ..self }
    }

    /// The problem, seen from the file that the table is attached to.
    pub(super) fn to_problem(&self, source: &Arc<SourceFile>, first: usize) -> Problem {
        let mut problem = Problem::new(self.code, &self.what, source, self.span.moved_by(first)).label(&self.label);
        if let Some((span, label)) = self.also {
            problem = problem.also_at(source, span.moved_by(first), label);
        }
        if self.help.is_empty() { problem } else { problem.help(&self.help) }
    }
}

/// Where the rows are.
pub(super) enum Rows {
    /// In the text of a spreadsheet.
    Csv(CsvTable),
    /// In a list of maps.
    List(ListTable),
}

impl Rows {
    pub(super) fn columns(&self) -> &[Column] {
        match self {
            Self::Csv(table) => &table.columns,
            Self::List(table) => &table.columns,
        }
    }

    /// Hands out each row that is not faulty.
    pub(super) fn for_each_row(&self, take: &mut dyn FnMut(&Row<'_>)) {
        match self {
            Self::Csv(table) => table.for_each_row(take),
            Self::List(table) => table.for_each_row(take),
        }
    }

    /// The parts of the text that must not be shown: cells of columns that hold secrets, and secret parts of addresses.
    pub(super) fn masks(&self, text: &str, secrecy: &dyn Fn(&str) -> CellSecrecy) -> Vec<Range<usize>> {
        let mut masks = secret_parts(text, AtSignReading::Wary);
        let columns: Vec<CellSecrecy> = self.columns().iter().map(|column| secrecy(&column.name)).collect();
        if columns.iter().any(|secrecy| *secrecy != CellSecrecy::Shown) {
            self.for_each_row(&mut |row| {
                let hidden = row.cells.iter().zip(&columns).filter(|(cell, secrecy)| match secrecy {
                    CellSecrecy::Shown => false,
                    CellSecrecy::Judged => hidden::looks_secret(cell.text),
                    CellSecrecy::Hidden => true,
                });
                masks.extend(hidden.map(|(cell, _)| cell.span.start()..cell.span.end()));
            });
        }
        masks
    }
}

/// A list of maps, each a row. A key that a map does not have is an empty cell.
pub(super) struct ListTable {
    columns: Vec<Column>,
    items: Arc<Vec<YamlNode>>,
    /// By name.
    index: HashMap<SmolStr, usize>,
}

impl ListTable {
    pub(super) fn read(items: &Arc<Vec<YamlNode>>, faults: &mut Vec<TableFault>) -> Self {
        let mut table = Self { columns: Vec::new(), items: Arc::clone(items), index: HashMap::new() };
        for item in items.iter() {
            let Some(entries) = item.as_map() else {
                let what = "each row of a list must be a map of its columns";
                let fault = TableFault::at("telform::table::row", what, item.used_at);
                faults.push(fault.label(format!("this is {}", item.type_name())));
                continue;
            };
            for entry in entries {
                let columns = &mut table.columns;
                table.index.entry(entry.key.clone()).or_insert_with(|| {
                    columns.push(Column { name: entry.key.clone(), span: entry.key_span });
                    columns.len() - 1
                });
                if !matches!(entry.value.data, NodeData::Scalar(_)) {
                    let what = format!("`{}` of a row must be a single value", super::shown(&entry.key));
                    let fault = TableFault::at("telform::table::cell", what, entry.value.used_at);
                    faults.push(
                        fault
                            .label(format!("this is {}", entry.value.type_name()))
                            .help("write nested values in the entry, around placeholders"),
                    );
                }
            }
        }
        table
    }

    fn for_each_row(&self, take: &mut dyn FnMut(&Row<'_>)) {
        for (at, item) in self.items.iter().enumerate() {
            let Some(entries) = item.as_map() else { continue };
            let empty = Cell { text: "", style: ScalarStyle::Plain, span: item.used_at.with_end(item.used_at.start()) };
            let mut cells = vec![empty; self.columns.len()];
            for entry in entries {
                let (Some(index), Some(scalar)) = (self.index.get(&entry.key), entry.value.as_scalar()) else { continue };
                let text = if entry.value.is_null() { "" } else { &*scalar.text };
                cells[*index] = Cell { text, style: scalar.style, span: entry.value.used_at };
            }
            take(&Row { number: at + 1, cells: &cells });
        }
    }
}

/// Errors that spreadsheets write in place of a value.
const CELL_ERRORS: [&str; 8] = ["#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!"];

/// What is wrong with a cell that is used.
pub(super) fn cell_fault(cell: &Cell<'_>) -> Option<TableFault> {
    let damaged = |what: &str| {
        let help = "format the column as text, write the value again, and export the table again";
        let fault = TableFault::at("telform::table::damaged", format!("`{}` is {what}", super::shown(cell.text)), cell.span);
        Some(fault.label("changed by a spreadsheet").help(help))
    };
    if is_rounded(cell.text) {
        return damaged("the form in which a spreadsheet shows a long number, whose last digits are lost");
    }
    if CELL_ERRORS.contains(&cell.text) {
        return damaged("the error of a formula");
    }
    if let Some(char) = cell.text.chars().find(|char| char.is_control() && !matches!(char, '\n' | '\t' | '\r')) {
        let what = format!("this cell contains the control character U+{:04X}", u32::from(char));
        return Some(TableFault::at("telform::table::cell", what, cell.span).label("in here").help("remove it"));
    }
    None
}

/// The same for a cell that becomes a part of a text, or a key: then it must be the same text to every reader.
pub(super) fn text_fault(cell: &Cell<'_>) -> Option<TableFault> {
    if cell.style != ScalarStyle::Plain || cell.text.is_empty() {
        return None;
    }
    let scalar = crate::config::yaml::Scalar { text: cell.text.into(), style: cell.style };
    match scalar.classify_scalar() {
        PlainScalar::Text | PlainScalar::Integer | PlainScalar::Number | PlainScalar::Bool => None,
        class => {
            let taken = class.taken_for().unwrap_or_default();
            let what = format!(
                "`{}` is part of a text, but without quotes many YAML parsers read it as {taken}",
                super::shown(cell.text)
            );
            let fault = TableFault::at("telform::yaml::quote", what, cell.span).label("put this in quotes");
            Some(fault.help(format!("write {}", double_quote(cell.text))))
        }
    }
}

/// `4.41E+11`.
fn is_rounded(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let mantissa = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once(['.', ',']).map_or((mantissa, None), |(whole, rest)| (whole, Some(rest)));
    whole.len() == 1 && digits(whole) && fraction.is_none_or(digits) && exponent.strip_prefix('+').is_some_and(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_do_to_cells() {
        for text in ["4.41E+11", "1E+10", "4,41e+11", "-1.5E+200"] {
            assert!(is_rounded(text), "{text}");
        }
        for text in ["", "E+1", "1E5", "AC1E+", "12E+3", "1.E+3", "4.41E+1x", "e", "441000000000"] {
            assert!(!is_rounded(text), "{text}");
        }
        for (text, is_bad) in [("#N/A", true), ("a\u{0}b", true), ("a\u{9b}b", true), ("a\r\nb\tc", false), ("#1", false)] {
            let cell = Cell { text, style: ScalarStyle::Cell, span: Span::default() };
            assert_eq!(cell_fault(&cell).is_some(), is_bad, "{text:?}");
        }
    }
}
