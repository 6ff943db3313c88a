//! Tables as spreadsheets export them: separated by commas, semicolons or tabs, quoted as in RFC 4180. The crate reads the
//! records; their places, and what it would tolerate, are found beside it.

use std::sync::Arc;

use csv::{Reader, ReaderBuilder, StringRecord};
use smol_str::SmolStr;

use super::table::{Cell, Column, Row, TableFault};
use crate::config::problem::{Grid, GridRow, Span};
use crate::config::yaml::ScalarStyle;
use crate::text::restore_cell;

/// What may separate the cells of a row, as it is written and as it is called.
pub(super) const SEPARATORS: [(char, &str); 3] = [(',', "comma"), (';', "semicolon"), ('\t', "tab")];

/// Most characters of a column's name.
const LONGEST_NAME: usize = 200;

/// Most faults that are gathered before a table is given up.
const MOST_FAULTS: usize = 1000;

/// A table whose shape was checked.
pub(super) struct CsvTable {
    text: Arc<str>,
    separator: u8,
    pub(super) columns: Vec<Column>,
    pub(super) grid: Grid,
}

/// Where a cell is, quotes included.
#[derive(Clone, Copy)]
struct CellPlace(Span);

/// Walks over the text as the crate does.
struct Scanner<'a> {
    text: &'a str,
    separator: u8,
    at: usize,
    line: usize,
    /// An offset in the line, and its column.
    counted: (usize, usize),
    /// Of a spreadsheet.
    row: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, separator: u8) -> Self {
        Self { text, separator, at: 0, line: 1, counted: (0, 1), row: 0 }
    }

    /// The places of the next row that is not blank, in `cells`; `None` at the end.
    fn next_row(&mut self, cells: &mut Vec<CellPlace>) -> Result<Option<usize>, TableFault> {
        cells.clear();
        self.row += 1;
        while matches!(self.text.as_bytes().get(self.at), Some(b'\n' | b'\r')) {
            self.end_line();
            self.row += 1;
        }
        if self.at >= self.text.len() {
            return Ok(None);
        }
        loop {
            cells.push(self.next_cell()?);
            match self.text.as_bytes().get(self.at) {
                Some(byte) if *byte == self.separator => self.at += 1,
                Some(_) => {
                    self.end_line();
                    return Ok(Some(self.row));
                }
                None => return Ok(Some(self.row)),
            }
        }
    }

    /// Goes over LF, CR LF or CR.
    fn end_line(&mut self) {
        let is_pair = self.text.as_bytes()[self.at..].starts_with(b"\r\n");
        self.at += if is_pair { 2 } else { 1 };
        self.line += 1;
        self.counted = (self.at, 1);
    }

    fn next_cell(&mut self) -> Result<CellPlace, TableFault> {
        let bytes = self.text.as_bytes();
        let (start, line) = (self.at, self.line);
        let column = self.counted.1 + self.text[self.counted.0..start].chars().count();
        self.counted = (start, column);
        let place = |end: usize| Span::new(start, end, line, column);
        if bytes.get(start) != Some(&b'"') {
            let ends = |byte: &u8| *byte == self.separator || matches!(byte, b'\n' | b'\r');
            self.at = bytes[start..].iter().position(ends).map_or(bytes.len(), |length| start + length);
            return Ok(CellPlace(place(self.at)));
        }
        self.at += 1;
        loop {
            match bytes.get(self.at) {
                None => {
                    let fault = TableFault::at(
                        "telform::table::quote",
                        "this cell starts with a quotation mark that is not closed",
                        place(start + 1),
                    );
                    return Err(fault.label("not closed").help("close it; write a quotation mark inside a quoted cell twice"));
                }
                Some(b'"') if bytes.get(self.at + 1) == Some(&b'"') => self.at += 2,
                Some(b'"') => break,
                Some(b'\n' | b'\r') => self.end_line(),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        match bytes.get(self.at) {
            Some(byte) if *byte != self.separator && !matches!(byte, b'\n' | b'\r') => {
                let what = "text follows the closing quotation mark of this cell";
                let fault = TableFault::at("telform::table::quote", what, place(self.at));
                Err(fault.label("closed here").help("write a quotation mark inside a quoted cell twice"))
            }
            _ => Ok(CellPlace(place(self.at))),
        }
    }
}

/// The separator that the head of a table shows.
fn detect_separator(text: &str) -> Result<u8, TableFault> {
    let (mut quoted, mut seen) = (false, [false; SEPARATORS.len()]);
    let head = text.trim_start_matches(['\n', '\r']);
    let (first, mut end) = (text.len() - head.len(), text.len());
    for (at, char) in head.char_indices() {
        match char {
            '"' => quoted = !quoted,
            '\n' | '\r' if !quoted => {
                end = first + at;
                break;
            }
            _ if quoted => {}
            char => SEPARATORS.iter().zip(&mut seen).for_each(|((known, _), seen)| *seen |= *known == char),
        }
    }
    let found: Vec<(char, &str)> = SEPARATORS.into_iter().zip(seen).filter(|(_, seen)| *seen).map(|(it, _)| it).collect();
    match found.as_slice() {
        [] => Ok(b','),
        [(one, _)] => Ok(*one as u8),
        several => {
            let names: Vec<&str> = several.iter().map(|(_, name)| *name).collect();
            let what = format!("the header of the table has a {}, and each could separate its columns", names.join(" and a "));
            let span = Span::new(first, end, 1, 1);
            let help = "name the separator: for_each: { file: PATH, separator: \";\" }";
            Err(TableFault::at("telform::table::separator", what, span).label("the head").help(help))
        }
    }
}

impl CsvTable {
    /// Reads the head, and checks every row against it.
    pub(super) fn read(text: Arc<str>, separator: Option<u8>, most_cells: usize, faults: &mut Vec<TableFault>) -> Option<Self> {
        let separator = match separator.map_or_else(|| detect_separator(&text), Ok) {
            Ok(separator) => separator,
            Err(fault) => {
                faults.push(fault);
                return None;
            }
        };
        let mut table = Self { text, separator, columns: Vec::new(), grid: Grid::default() };
        match table.check_rows(most_cells, faults) {
            Ok((columns, grid)) => (table.columns, table.grid) = (columns, grid),
            Err(fault) => {
                faults.push(fault);
                return None;
            }
        }
        Some(table)
    }

    /// Reads the whole text once: the names of the columns, and the places of all cells.
    fn check_rows(&self, most_cells: usize, faults: &mut Vec<TableFault>) -> Result<(Vec<Column>, Grid), TableFault> {
        let (mut scanner, mut places) = (Scanner::new(&self.text, self.separator), Vec::new());
        let mut reader = self.reader();
        let mut record = StringRecord::new();
        if scanner.next_row(&mut places)?.is_none() || !read_record(&mut reader, &mut record) {
            let fault = TableFault::at("telform::table::head", "the table has no header row", Span::default());
            return Err(fault.help("name the columns in the first row"));
        }
        let columns = read_head(&record, &places, faults);
        let names = columns.iter().map(|column| column.name.clone()).collect();
        let mut grid = Grid { columns: names, ..Grid::default() };
        let mut unnamed_cells: Vec<bool> = columns.iter().map(|column| !column.name.is_empty()).collect();
        while let Some(row) = scanner.next_row(&mut places)? {
            if !read_record(&mut reader, &mut record) {
                break;
            }
            if record.iter().all(str::is_empty) {
                continue;
            }
            if faults.len() >= MOST_FAULTS {
                let what = format!("the table has more than {MOST_FAULTS} errors; the rows from here on were not checked");
                return Err(TableFault::at("telform::table::limit", what, places[0].0));
            }
            let is_whole = places.len() == columns.len();
            let start = places.first().map_or(0, |place| place.0.start() as u32);
            grid.rows.push(GridRow { start, number: row as u32, first_cell: is_whole.then_some(grid.cells.len() as u32) });
            if !is_whole {
                faults.push(wrong_length(&places, columns.len()));
                continue;
            }
            for (index, _) in record.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                if !std::mem::replace(&mut unnamed_cells[index], true) {
                    let what = format!("column {} has no name, and there is a value in it", index + 1);
                    let fault = TableFault::at("telform::table::head", what, places[index].0);
                    faults.push(fault.label("in no column").help("name the column in the first row, or clear its cells"));
                }
            }
            grid.cells.extend(places.iter().map(|place| place.0.start() as u32));
            if grid.cells.len() > most_cells {
                let what = format!("the table has more than {most_cells} cells");
                return Err(TableFault::at("telform::table::limit", what, places[0].0).help("split it into several tables"));
            }
        }
        Ok((columns, grid))
    }

    fn reader(&self) -> Reader<&[u8]> {
        ReaderBuilder::new().delimiter(self.separator).has_headers(false).flexible(true).from_reader(self.text.as_bytes())
    }

    /// Hands out each row below the head that is not empty and not faulty.
    pub(super) fn for_each_row(&self, take: &mut dyn FnMut(&Row<'_>)) {
        let (mut scanner, mut places) = (Scanner::new(&self.text, self.separator), Vec::new());
        let mut reader = self.reader();
        let mut record = StringRecord::new();
        let mut head = true;
        while let Ok(Some(row)) = scanner.next_row(&mut places) {
            if !read_record(&mut reader, &mut record) {
                return;
            }
            if std::mem::take(&mut head) || places.len() != self.columns.len() || record.iter().all(str::is_empty) {
                continue;
            }
            let style = ScalarStyle::Cell;
            let cell = |(text, place): (_, &CellPlace)| Cell { text: restore_cell(text), style, span: place.0 };
            let cells: Vec<Cell<'_>> = record.iter().zip(&places).map(cell).collect();
            take(&Row { number: row, cells: &cells });
        }
    }
}

/// The text is UTF-8 and in memory, so no record fails.
fn read_record(reader: &mut Reader<&[u8]>, record: &mut StringRecord) -> bool {
    reader.read_record(record).unwrap_or_default()
}

fn read_head(record: &StringRecord, places: &[CellPlace], faults: &mut Vec<TableFault>) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (name, place) in record.iter().zip(places) {
        let name: SmolStr = restore_cell(name).trim().into();
        if let Some(first) = columns.iter().find(|first| !name.is_empty() && first.name == name) {
            let fault = TableFault::at("telform::table::doubled_column", "two columns have the same name", place.0)
                .label("again")
                .also(first.span, "first");
            faults.push(fault.help("rename one of them"));
        } else if name.chars().count() > LONGEST_NAME {
            let what = format!("the name of a column has more than {LONGEST_NAME} characters");
            faults.push(TableFault::at("telform::table::head", what, place.0).label("is this the header row?"));
        }
        columns.push(Column { name, span: place.0 });
    }
    columns
}

fn wrong_length(places: &[CellPlace], wanted: usize) -> TableFault {
    let count = |number: usize| if number == 1 { "1 cell".to_owned() } else { format!("{number} cells") };
    let what = format!("this row has {}, but the header has {wanted}", count(places.len()));
    let (place, label) = match places.get(wanted) {
        Some(place) => (place.0, "the first extra cell"),
        None => (places[places.len() - 1].0, "the last cell"),
    };
    let help = "put a cell that contains the separator into quotation marks, and write empty cells too";
    TableFault::at("telform::table::row", what, place).label(label).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> (Vec<Vec<String>>, Vec<TableFault>) {
        let mut faults = Vec::new();
        let mut rows = Vec::new();
        if let Some(table) = CsvTable::read(text.into(), None, 100, &mut faults) {
            table.for_each_row(&mut |row| rows.push(row.cells.iter().map(|cell| cell.text.to_owned()).collect()));
        }
        (rows, faults)
    }

    fn places(text: &str) -> Vec<(usize, usize, usize, String)> {
        let mut places = Vec::new();
        let table = CsvTable::read(text.into(), None, 100, &mut Vec::new()).unwrap();
        table.for_each_row(&mut |row| {
            for cell in row.cells {
                places.push((
                    row.number,
                    cell.span.line(),
                    cell.span.column(),
                    text[cell.span.start()..cell.span.end()].to_owned(),
                ));
            }
        });
        places
    }

    #[test]
    fn separators_quotes_and_line_ends() {
        let wanted = vec![vec!["1".to_owned(), "x y".to_owned()], vec!["01".to_owned(), String::new()]];
        for text in [
            "a,b\n1,x y\n01,\n",
            "a;b\r\n1;x y\r\n01;\r\n",
            "a\tb\r1\tx y\r01\t",
            "\"a\",b\n\n1,\"x y\"\n\n01,\"\"\n,\n",
            " a , b \n'1,x y\n01,",
        ] {
            let (rows, faults) = rows(text);
            let rows: Vec<Vec<String>> =
                rows.iter().map(|row| row.iter().map(|cell| cell.trim_start_matches('\'').to_owned()).collect()).collect();
            assert_eq!((rows, faults.len()), (wanted.clone(), 0), "{text:?}");
        }
        assert_eq!(rows("a;b\n\"1,2\"\";\n3\";x\n").0, [["1,2\";\n3", "x"]]);
        assert_eq!(rows("only\nx\n\ny").0, [["x"], ["y"]]);
    }

    #[test]
    fn the_place_of_every_cell() {
        let text = "é,b\r\n\r\n\"x\r\ny\",ü\r\nz,é\"\r\n";
        let wanted = [(3, 3, 1, "\"x\r\ny\""), (3, 4, 4, "ü"), (4, 5, 1, "z"), (4, 5, 3, "é\"")];
        assert_eq!(places(text), wanted.map(|(row, line, column, text)| (row, line, column, text.to_owned())));
    }

    #[test]
    fn faults_name_their_place() {
        for (text, code, line, column) in [
            ("", "telform::table::head", 1, 1),
            ("a,b;c\n1,2\n", "telform::table::separator", 1, 1),
            ("a,b\n1\n", "telform::table::row", 2, 1),
            ("a,b\n1,2\n1,2,3\n", "telform::table::row", 3, 5),
            ("a,b,a\n1,2,3\n", "telform::table::doubled_column", 1, 5),
            ("a,\n1,2\n", "telform::table::head", 2, 3),
            ("a,b\n1,\"2\n3,4\n", "telform::table::quote", 2, 3),
            ("a,b\n1,\"2\"x\n", "telform::table::quote", 2, 3),
            (&format!("a\n{}", "x\n".repeat(101)), "telform::table::limit", 102, 1),
        ] {
            let (_, faults) = rows(text);
            assert_eq!(faults.len(), 1, "{text:?}");
            assert_eq!((faults[0].code, faults[0].span.line(), faults[0].span.column()), (code, line, column), "{text:?}");
        }
    }

    #[test]
    fn no_text_makes_it_lose_its_place() {
        // Every text of up to seven of these characters: what the crate reads and what is found beside it agree.
        let alphabet = ['"', ',', '\n', '\r', 'x'];
        for length in 0..=7_u32 {
            for mut number in 0..alphabet.len().pow(length) {
                let mut text = "h,i\n".to_owned();
                for _ in 0..length {
                    text.push(alphabet[number % alphabet.len()]);
                    number /= alphabet.len();
                }
                let (mut scanner, mut places) = (Scanner::new(&text, b','), Vec::new());
                let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
                let mut record = StringRecord::new();
                loop {
                    match scanner.next_row(&mut places) {
                        Err(_) => break,
                        Ok(None) => {
                            assert!(!read_record(&mut reader, &mut record), "{text:?}");
                            break;
                        }
                        Ok(Some(_)) => {
                            assert!(read_record(&mut reader, &mut record), "{text:?}");
                            assert_eq!(record.len(), places.len(), "{text:?}");
                            for (cell, place) in record.iter().zip(&places) {
                                let raw = &text[place.0.start()..place.0.end()];
                                let read = raw
                                    .strip_prefix('"')
                                    .map_or(raw.to_owned(), |raw| raw[..raw.len() - 1].replace("\"\"", "\""));
                                assert_eq!(cell, read, "{text:?}");
                            }
                        }
                    }
                }
            }
        }
    }
}
