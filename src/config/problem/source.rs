//! A file's text as far as it may be shown: secrets are replaced before anything else sees it.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use smol_str::SmolStr;

use super::Label;
use crate::model::resource::SourceLocation;
use crate::text::{escape, is_hostile_char, steers_runner};

/// Most characters of a line that an excerpt shows.
const LINE: usize = 72;

/// A span of a file. Offsets count bytes; line and column count from 1, the column in characters. A file has several for
/// each of its values, so they are kept small: no file is nearly as long as 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
    line: u32,
    column: u32,
}

impl Default for Span {
    /// The beginning of a file.
    fn default() -> Self {
        Self { start: 0, end: 0, line: 1, column: 1 }
    }
}

impl Span {
    /// Builds a span. Offsets beyond 4 GiB are clamped.
    pub fn new(start: usize, end: usize, line: usize, column: usize) -> Self {
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { start: small(start), end: small(end), line: small(line), column: small(column) }
    }

    /// First byte.
    pub fn start(self) -> usize {
        self.start as usize
    }

    /// First byte after it.
    pub fn end(self) -> usize {
        self.end as usize
    }

    /// Line of the first byte.
    pub fn line(self) -> usize {
        self.line as usize
    }

    /// Column of the first byte.
    pub fn column(self) -> usize {
        self.column as usize
    }

    /// The same in a text that has this many bytes before it.
    #[must_use]
    pub fn moved_by(self, bytes: usize) -> Self {
        Self { start: self.start + bytes as u32, end: self.end + bytes as u32, ..self }
    }

    /// The same with a different end, which is not before its start.
    #[must_use]
    pub fn with_end(self, end: usize) -> Self {
        Self::new(self.start(), end.max(self.start()), self.line(), self.column())
    }
}

/// One file: its name and its text, in which asterisks replace every secret. Offsets are those of the file.
pub struct SourceFile {
    name: Arc<str>,
    text: String,
    /// Whether any of it may be shown.
    shows_excerpts: bool,
    /// The cells, when it is a table.
    grid: Option<Grid>,
    /// The tables that its entries are made from.
    tables: OnceLock<Vec<AttachedTable>>,
}

/// A table whose rows make entries of a file. To that file, the text of each of its tables comes after its own, so that one
/// offset says what it is in.
pub struct AttachedTable {
    /// The offset of its text.
    pub first: usize,
    /// Its file; none for a list inside the file itself.
    pub file: Option<Arc<SourceFile>>,
    /// The key of the entry that it makes many of.
    pub entry: String,
    /// The position of that key.
    pub entry_span: Span,
}

/// Where the cells of a table are.
#[derive(Default)]
pub struct Grid {
    /// Names of the columns.
    pub columns: Vec<SmolStr>,
    /// Below the head.
    pub rows: Vec<GridRow>,
    /// The offset of every cell of the rows that have one for each column, row by row.
    pub cells: Vec<u32>,
}

/// A row of a table.
pub struct GridRow {
    /// Its offset.
    pub start: u32,
    /// Its number in a spreadsheet, the head being 1.
    pub number: u32,
    /// The index of its first cell in the grid, where it has one for each column.
    pub first_cell: Option<u32>,
}

impl Grid {
    /// The row and the column of an offset: row 17, column `zip`.
    fn describe(&self, offset: usize) -> Option<String> {
        let before = self.rows.partition_point(|row| row.start as usize <= offset);
        let row = self.rows.get(before.checked_sub(1)?)?;
        let cells = row.first_cell.and_then(|first| self.cells.get(first as usize..));
        let cells = cells.into_iter().flatten().take(self.columns.len());
        let column = self.columns.get(cells.take_while(|cell| **cell as usize <= offset).count().wrapping_sub(1));
        let number = row.number;
        Some(match column.filter(|name| !name.is_empty()) {
            Some(name) => format!("row {number}, column `{name}`"),
            None => format!("row {number}"),
        })
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SourceFile {
    /// Takes a text and the spans of it that must never be shown. White space in them is kept, so line breaks remain.
    pub fn new(name: &str, text: &str, masks: &[Range<usize>]) -> Self {
        let mut shown = text.as_bytes().to_vec();
        for mask in masks {
            // A mask that splits a character would leave invalid UTF-8; it is widened to whole characters.
            let start = (0..=mask.start.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
            let end = (mask.end.min(text.len())..=text.len()).find(|&at| text.is_char_boundary(at));
            let (Some(start), Some(end)) = (start, end) else { continue };
            for byte in shown.get_mut(start..end).into_iter().flatten() {
                if !byte.is_ascii_whitespace() {
                    *byte = b'*';
                }
            }
        }
        let text = String::from_utf8(shown).expect("whole characters were replaced by ASCII");
        Self { name: escape(name).replace('\t', "\\t").into(), text, shows_excerpts: true, grid: None, tables: OnceLock::new() }
    }

    /// The same for a file of which nothing is quoted.
    #[must_use]
    pub fn without_excerpts(self) -> Self {
        Self { shows_excerpts: false, ..self }
    }

    /// Whether an excerpt of it may be shown.
    pub fn is_quoted(&self) -> bool {
        self.shows_excerpts
    }

    /// Path as the user gave it, escaped for a terminal.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text; anything that may be a literal secret is masked.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same for a table.
    #[must_use]
    pub fn with_grid(self, grid: Grid) -> Self {
        Self { grid: Some(grid), ..self }
    }

    /// Says which tables the entries of this file are made from; once.
    pub fn attach_tables(&self, tables: Vec<AttachedTable>) {
        // A file is expanded once.
        let _ = self.tables.set(tables);
    }

    /// The attached table that a span is in.
    fn table_of(&self, span: Span) -> Option<&AttachedTable> {
        let tables = self.tables.get().filter(|_| self.is_in_table(span))?;
        tables.get(tables.partition_point(|table| table.first <= span.start()).checked_sub(1)?)
    }

    /// Whether a span is the cell of an attached table, and not a part of this text.
    pub fn is_in_table(&self, span: Span) -> bool {
        span.start() > self.text.len()
    }

    /// Where a span begins.
    pub fn location_of(&self, span: Span) -> SourceLocation {
        let file = self.table_of(span).and_then(|table| table.file.as_ref()).map_or(&self.name, |file| &file.name);
        SourceLocation { file: file.clone(), line: span.line.max(1), column: span.column.max(1) }
    }

    /// The text that a span is in, the span there, and for the cell of a table what it is and the entry that it fills in.
    pub(super) fn resolve(self: &Arc<Self>, span: Span) -> (Arc<Self>, Span, Option<(String, Span)>) {
        let Some(table) = self.table_of(span) else { return (Arc::clone(self), span, None) };
        let file = table.file.as_ref().unwrap_or(self);
        let at = Span { start: span.start - table.first as u32, end: span.end - table.first as u32, ..span };
        let cell = file.grid.as_ref().and_then(|grid| grid.describe(at.start()));
        let cell = cell.map_or(String::new(), |cell| format!("{cell}, "));
        (Arc::clone(file), at, Some((format!("{cell}entry `{}`", table.entry), table.entry_span)))
    }

    /// The line that holds an offset, without its end. YAML ends lines with LF, CR LF or CR.
    fn line_around(&self, offset: usize) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let offset = offset.min(bytes.len());
        let start = bytes[..offset].iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
        let end = bytes[offset..].iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        start..end.map_or(bytes.len(), |at| offset + at)
    }

    fn line_before(&self, line: &Range<usize>) -> Option<Range<usize>> {
        let mut end = line.start.checked_sub(1)?;
        if self.text.as_bytes()[..=end].ends_with(b"\r\n") {
            end -= 1;
        }
        Some(self.line_around(end))
    }

    fn line_after(&self, line: &Range<usize>) -> Option<Range<usize>> {
        let rest = &self.text.as_bytes()[line.end..];
        let skip = if rest.starts_with(b"\r\n") { 2 } else { usize::from(!rest.is_empty()) };
        let start = line.end + skip;
        (skip > 0 && start < self.text.len()).then(|| self.line_around(start))
    }
}

/// For code that knows only miette. [`super::render`] shows less of long lines and escapes what it shows.
impl SourceCode for SourceFile {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let found = self.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_string(),
            found.data(),
            *found.span(),
            found.line(),
            found.column(),
            found.line_count(),
        )))
    }
}

/// A few lines of one file, escaped and clipped, with the labels that fall on them.
#[derive(Debug)]
pub struct Excerpt {
    name: String,
    text: String,
    first_line: usize,
    /// Offset and length in `text`, and the label.
    pub(super) marks: Vec<(Range<usize>, String)>,
    /// Line and column of the first label in the file, which clipping must not change.
    location: SourceLocation,
}

impl Excerpt {
    /// The lines around labels of one file that are close together; the first label is the important one.
    pub(super) fn from_labels(labels: &[&Label]) -> Option<Self> {
        let first = labels.first()?;
        let source = &first.source;
        let mut lines: Vec<(usize, Range<usize>)> = Vec::new();
        for label in labels {
            let line = source.line_around(label.span.start());
            if let Some(before) = source.line_before(&line) {
                lines.push((label.span.line().saturating_sub(1), before));
            }
            if let Some(after) = source.line_after(&line) {
                lines.push((label.span.line() + 1, after));
            }
            lines.push((label.span.line(), line));
        }
        lines.sort_by_key(|(number, _)| *number);
        lines.dedup_by_key(|(number, _)| *number);
        let mut excerpt = Self {
            name: source.name.to_string(),
            text: String::new(),
            first_line: lines.first().map_or(1, |(number, _)| *number),
            marks: Vec::new(),
            location: first.location(),
        };
        let mut marks: Vec<Option<Range<usize>>> = vec![None; labels.len()];
        for (number, line) in lines {
            let here: Vec<usize> = (0..labels.len()).filter(|&at| labels[at].span.line() == number).collect();
            excerpt.push_line(&source.text, line, labels, &here, &mut marks);
        }
        excerpt.marks =
            marks.into_iter().zip(labels).filter_map(|(mark, label)| mark.map(|mark| (mark, label.text.clone()))).collect();
        Some(excerpt)
    }

    fn push_line(
        &mut self,
        text: &str,
        line: Range<usize>,
        labels: &[&Label],
        here: &[usize],
        marks: &mut [Option<Range<usize>>],
    ) {
        let focus = here.first().map_or(line.start, |&at| labels[at].span.start().clamp(line.start, line.end));
        let long = text[line.clone()].char_indices().nth(LINE).is_some();
        let lead = text[line.start..focus].char_indices().rev().nth(LINE / 3);
        let from = lead.filter(|_| long).map_or(line.start, |(at, _)| line.start + at);
        let to = text[from..line.end].char_indices().nth(LINE).map_or(line.end, |(at, _)| from + at);
        if from > line.start {
            self.text.push('…');
        }
        let clamp = |offset: usize| offset.clamp(from, to);
        let mut ends: Vec<(usize, usize)> = Vec::new();
        for (at, char) in text[from..to].char_indices() {
            ends.push((from + at, self.text.len()));
            // After the gutter no line begins with `::`; these commands a CI runner executes anywhere in a line.
            if is_hostile_char(char) || char == '#' && steers_runner(&text[at + from..]) {
                self.text.extend(char.escape_unicode());
            } else {
                self.text.push(char);
            }
        }
        ends.push((to, self.text.len()));
        let shown = |offset: usize| {
            let found = ends.partition_point(|(original, _)| *original < offset);
            ends.get(found).or(ends.last()).map_or(0, |(_, shown)| *shown)
        };
        for &at in here {
            let span = labels[at].span;
            marks[at] = Some(shown(clamp(span.start()))..shown(clamp(span.end().max(span.start()))));
        }
        if to < line.end {
            self.text.push('…');
        }
        self.text.push('\n');
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let found = self.text.read_span(span, before, after)?;
        let primary = before == 0 && self.marks.first().is_some_and(|(mark, _)| mark.start == span.offset());
        let (line, column) = if primary {
            (self.location.line as usize - 1, self.location.column as usize - 1)
        } else {
            (found.line() + self.first_line - 1, found.column())
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_string(),
            found.data(),
            *found.span(),
            line,
            column,
            found.line_count(),
        )))
    }
}
