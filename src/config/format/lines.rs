//! The lines of the new text: blank lines that separate, comments behind values, and the end of the file.

use std::borrow::Cow;

/// A blank line or a comment on its own line, until the next line says how far it is indented.
pub(super) enum HeldLine<'a> {
    Blank,
    Comment { column: usize, text: &'a str },
}

/// A comment behind a value.
pub(super) struct TrailingComment<'a> {
    /// Where it was, in characters.
    pub column: usize,
    /// How many blanks were before it.
    pub gap: usize,
    pub text: &'a str,
}

/// One line of the new text.
pub(super) enum OutLine<'a> {
    Blank {
        /// Part of a scalar.
        is_kept: bool,
    },
    Code {
        indent: usize,
        code: Cow<'a, str>,
        comment: Option<TrailingComment<'a>>,
    },
}

impl<'a> OutLine<'a> {
    pub(super) fn code(indent: usize, text: &'a str) -> Self {
        Self::Code { indent, code: text.into(), comment: None }
    }
}

/// The whole text: of several blank lines one is left, at the beginning and at the end none.
pub(super) fn assemble(lines: &[OutLine<'_>], line_break: &str) -> String {
    let columns = comment_columns(lines);
    let end = lines.iter().rposition(|line| !matches!(line, OutLine::Blank { is_kept: false })).map_or(0, |last| last + 1);
    let (mut text, mut after_blank) = (String::new(), true);
    for (line, column) in lines[..end].iter().zip(columns) {
        match line {
            OutLine::Blank { is_kept } if *is_kept || !after_blank => after_blank = !is_kept,
            OutLine::Blank { .. } => continue,
            OutLine::Code { indent, code, comment } => {
                after_blank = false;
                text.extend(std::iter::repeat_n(' ', *indent));
                text.push_str(code);
                if let Some(comment) = comment {
                    let width = code.chars().count();
                    text.extend(std::iter::repeat_n(' ', column.saturating_sub(indent + width)));
                    text.push_str(comment.text);
                }
            }
        }
        text.push_str(line_break);
    }
    text
}

/// The column of each comment behind a value. Comments of neighbouring lines that began in one column do so again, as far
/// from the longest of their lines as before.
fn comment_columns(lines: &[OutLine<'_>]) -> Vec<usize> {
    let commented = |line| match line {
        &OutLine::Code { indent, ref code, comment: Some(ref comment) } => Some((indent + code.chars().count(), comment)),
        _ => None,
    };
    let mut columns = vec![0; lines.len()];
    let mut at = 0;
    while at < lines.len() {
        let Some((_, first)) = commented(&lines[at]) else {
            at += 1;
            continue;
        };
        let aligned = lines[at..].iter().map_while(|line| commented(line).filter(|(_, it)| it.column == first.column));
        let (count, end, gap) = aligned
            .fold((0, 0, usize::MAX), |(count, end, gap), (width, comment)| (count + 1, width.max(end), comment.gap.min(gap)));
        columns[at..at + count].fill(end + gap.max(1));
        at += count;
    }
    columns
}
