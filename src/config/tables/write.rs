//! Tables for `for_each`, written so that it reads every cell back as it was.

use super::table::{Cell, cell_fault};
use crate::config::problem::Span;
use crate::config::yaml::ScalarStyle;
use crate::text::{defuse_cell, is_hostile_char, steers_runner};

/// Whether a text can be a cell: `for_each` takes it for the same text, and whoever looks at the table sees all of it.
pub(crate) fn fits_cell(text: &str) -> bool {
    let cell = Cell { text, style: ScalarStyle::Cell, span: Span::default() };
    let steers = |(at, char): (usize, char)| char == '#' && steers_runner(&text[at..]);
    let is_hidden = |char: char| char != '\n' && is_hostile_char(char);
    !text.is_empty()
        && cell_fault(&cell).is_none()
        && !text.chars().any(is_hidden)
        && !text.lines().any(|line| line.trim_start().starts_with("::"))
        && !text.char_indices().any(steers)
}

/// A text in an entry with `for_each`, whose `${` is meant as it is.
pub(crate) fn literal_text(text: &str) -> String {
    text.replace("${", "$${")
}

/// A table as it is written: cells separated by commas, lines that end in LF. The place of each cell is kept.
#[derive(Debug, Default)]
pub(crate) struct TableText {
    pub(crate) text: String,
    line: usize,
    column: usize,
}

impl TableText {
    /// An empty table.
    pub(crate) fn new() -> Self {
        Self { text: String::new(), line: 1, column: 1 }
    }

    /// Adds a row, and returns the line and column of each cell.
    pub(crate) fn push_row<'c>(&mut self, cells: impl Iterator<Item = &'c str>) -> Vec<(usize, usize)> {
        let mut places = Vec::new();
        for cell in cells {
            if !places.is_empty() {
                self.push(",");
            }
            places.push((self.line, self.column));
            let cell = defuse_cell(cell);
            if cell.contains([',', ';', '\t', '"', '\n', '\r']) {
                self.push(&format!("\"{}\"", cell.replace('"', "\"\"")));
            } else {
                self.push(&cell);
            }
        }
        self.push("\n");
        places
    }

    fn push(&mut self, text: &str) {
        for char in text.chars() {
            match char {
                '\n' => (self.line, self.column) = (self.line + 1, 1),
                _ => self.column += 1,
            }
        }
        self.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::csv::CsvTable;
    use super::super::template::{TextPart, parse_template};
    use super::*;

    #[test]
    fn what_is_a_cell() {
        for text in
            ["a", "01234", "=1+1", "'x", "a,b;c\t\"d\"", "two\nlines", " edges ", "${x}", "null", "é", "1e3", "#x", "a::b"]
        {
            assert!(fits_cell(text), "{text:?}");
        }
        for text in
            ["", "4.41E+11", "#N/A", "a\u{0}", "a\r\nb", "\u{202e}x", "x\u{a0}y", "::error::x", "a\n ::x", "##[group]", "\u{85}"]
        {
            assert!(!fits_cell(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_table_is_read_back_with_the_places_of_its_cells(
            rows in prop::collection::vec(prop::collection::vec("[a'=+@\t\n,;\"${}é 0-]{0,6}", 3), 0..6),
        ) {
            let mut table = TableText::new();
            table.push_row(["x", "y", "z"].into_iter());
            let mut wanted = Vec::new();
            for row in rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty())) {
                let places = table.push_row(row.iter().map(String::as_str));
                wanted.extend(row.iter().cloned().zip(places));
            }
            let mut faults = Vec::new();
            let read = CsvTable::read(table.text.clone().into(), None, 1000, &mut faults).unwrap();
            let mut seen = Vec::new();
            read.for_each_row(&mut |row| {
                seen.extend(row.cells.iter().map(|cell| (cell.text.to_owned(), (cell.span.line(), cell.span.column()))));
            });
            prop_assert_eq!(seen, wanted);
            prop_assert!(faults.is_empty());
        }

        #[test]
        fn a_literal_text_has_no_placeholder(text in "[a${}|]{0,12}") {
            let read = match parse_template(&literal_text(&text)).unwrap() {
                None => literal_text(&text),
                Some(template) => template.parts.iter().map(|part| match part {
                    TextPart::Literal(literal) => literal.to_string(),
                    TextPart::Placeholder(..) => panic!("a placeholder in {text}"),
                }).collect(),
            };
            prop_assert_eq!(read, text);
        }
    }
}
