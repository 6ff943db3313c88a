//! Scalars of several lines: their text is copied, and their indentation follows that of their first line.

use std::ops::Range;

use super::{Layout, STEP, is_blank, is_marker};
use crate::config::format::lines::OutLine;
use crate::config::format::tokens::Notation;

/// A scalar in quotes or without that continues on the next line.
#[derive(Clone, Copy)]
pub(super) struct OpenScalar {
    pub(super) end: usize,
    pub(super) notation: Notation,
    pub(super) indent: usize,
}

impl Layout<'_> {
    /// A further line of a scalar, whose indentation does not count.
    pub(super) fn scalar_line(&mut self, line: &Range<usize>, open: OpenScalar) {
        let text = self.text[line.start..open.end.min(line.end)].trim_start_matches(is_blank);
        let goes_on = open.end > line.end;
        let text = if goes_on { trim_scalar_end(text, open.notation) } else { text };
        if text.is_empty() {
            return self.out.push(OutLine::Blank { is_kept: true });
        }
        if goes_on {
            return self.push(open.indent, text.to_owned(), None);
        }
        self.scalar = None;
        let (code, comment) = self.rest_of_line(line, open.end, text.to_owned());
        if let Some(scalar) = &mut self.scalar {
            scalar.indent = open.indent;
        }
        self.push(open.indent, code, comment);
    }

    /// Copies the lines of a block scalar, with their indentation beyond that of the scalar; returns the line after it.
    pub(super) fn block_scalar(&mut self, lines: &[Range<usize>], from: usize, mark: &str) -> usize {
        let around = self.levels.last().copied();
        let digit = mark.chars().find_map(|char| char.to_digit(10)).map(|digit| digit as usize);
        let spaces = |line: &Range<usize>| self.text[line.clone()].chars().take_while(|char| *char == ' ').count();
        let is_empty = |line: &Range<usize>| spaces(line) == line.len();
        let first = lines[from..].iter().find(|line| !is_empty(line));
        let starts_document = |line: &Range<usize>| around.is_none() && is_marker(&self.text[line.clone()]);
        let found =
            first.filter(|line| around.is_none_or(|level| spaces(line) > level.old) && !starts_document(line)).map(spaces);
        let Some(old) = digit.map(|digit| around.map_or(0, |level| level.old) + digit).or(found) else {
            // Without text of its own; blank lines count only where all are kept.
            if !mark.contains('+') {
                return from;
            }
            let blank = lines[from..].iter().take_while(|line| is_empty(line)).count();
            self.out.extend((0..blank).map(|_| OutLine::Blank { is_kept: true }));
            return from + blank;
        };
        let new = around.map_or(old, |level| level.new + digit.unwrap_or(STEP));
        let belongs = |line: &&Range<usize>| is_empty(line) || (spaces(line) >= old && !starts_document(line));
        let count = lines[from..].iter().take_while(belongs).count();
        let held = |line: &Range<usize>| spaces(line) < line.len() || spaces(line) > old;
        let body = match mark.contains('+') {
            true => count,
            false => lines[from..from + count].iter().rposition(held).map_or(0, |last| last + 1),
        };
        for line in &lines[from..from + body] {
            let text = self.text.get(line.start + old..line.end).filter(|text| !text.is_empty());
            self.out.push(text.map_or(OutLine::Blank { is_kept: true }, |text| OutLine::code(new, text)));
        }
        self.comment_limit = Some(around.map_or(0, |level| level.new));
        from + body
    }
}

/// Without blanks at the end of a line, which a reader folds away. A blank after a backslash is part of the text.
pub(super) fn trim_scalar_end(text: &str, notation: Notation) -> &str {
    let trimmed = text.trim_end_matches(is_blank);
    let backslashes = trimmed.bytes().rev().take_while(|byte| *byte == b'\\').count();
    let escapes = notation == Notation::DoubleQuoted && backslashes % 2 == 1 && trimmed.len() < text.len();
    if escapes { &text[..trimmed.len() + 1] } else { trimmed }
}
