//! Lays a text out again: only white space is added or removed. Indentation is kept as a stack of the lists and maps that are
//! open, each with its old and its new column; scalars are copied as they are.

use std::ops::Range;

use super::lines::{HeldLine, OutLine, TrailingComment, assemble};
use super::tokens::{Notation, Token};

mod scalars;

use scalars::{OpenScalar, trim_scalar_end};

/// Columns of one level.
const STEP: usize = 2;

/// An open list or map that is written without brackets.
#[derive(Debug, Clone, Copy)]
struct Level {
    /// Its column in the given text.
    old: usize,
    /// Its column in the new text.
    new: usize,
    is_list: bool,
}

/// Where the lines of brackets that are open are moved to.
#[derive(Clone, Copy)]
struct BracketShift {
    old: usize,
    new: usize,
    /// The old and the new column of the list or map around it, which the lines stay to the right of.
    around: Option<(usize, usize)>,
}

/// What stands before the first scalar of a line.
struct LineStart {
    indent: usize,
    /// `- ` for each list that begins here.
    prefix: String,
    /// Where the rest begins, in bytes.
    rest: usize,
    /// Old and new column of the rest.
    old: usize,
    new: usize,
    is_key: bool,
}

struct Layout<'a> {
    text: &'a str,
    tokens: &'a [Token],
    /// The next token.
    next: usize,
    levels: Vec<Level>,
    brackets: usize,
    shift: BracketShift,
    scalar: Option<OpenScalar>,
    /// The mark of a block scalar whose lines follow, such as `|2-`.
    block: Option<&'a str>,
    /// The rightmost column of a comment below a block scalar, which would be part of it otherwise.
    comment_limit: Option<usize>,
    /// Blank lines and comments whose indentation depends on what follows.
    held: Vec<HeldLine<'a>>,
    out: Vec<OutLine<'a>>,
}

/// The text in telform's layout. What it says has to be compared afterwards.
pub(super) fn lay_out(text: &str, tokens: &[Token]) -> String {
    let lines = split_lines(text);
    let mut layout = Layout {
        text,
        tokens,
        next: 0,
        levels: Vec::new(),
        brackets: 0,
        shift: BracketShift { old: 0, new: 0, around: None },
        scalar: None,
        block: None,
        comment_limit: None,
        held: Vec::new(),
        out: Vec::new(),
    };
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        layout.line(line.clone());
        if let Some(mark) = layout.block.take() {
            at = layout.block_scalar(&lines, at, mark);
        }
    }
    let levels = std::mem::take(&mut layout.levels);
    layout.flush_held(None, &levels);
    let line_break = if text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r')) { "\r\n" } else { "\n" };
    assemble(&layout.out, line_break)
}

/// The lines without their ends, which are LF, CR LF or CR.
fn split_lines(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut lines, mut start, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        let skip = match bytes[at] {
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => 2,
            b'\r' | b'\n' => 1,
            _ => {
                at += 1;
                continue;
            }
        };
        lines.push(start..at);
        at += skip;
        start = at;
    }
    if start < bytes.len() {
        lines.push(start..bytes.len());
    }
    lines
}

fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t')
}

impl<'a> Layout<'a> {
    fn line(&mut self, line: Range<usize>) {
        match self.scalar {
            Some(open) if line.start < open.end => return self.scalar_line(&line, open),
            _ => self.scalar = None,
        }
        let first = line.start + self.text[line.clone()].chars().take_while(|char| is_blank(*char)).count();
        if self.brackets > 0 {
            self.bracket_line(&line, first);
        } else if first == line.end {
            self.held.push(HeldLine::Blank);
        } else if self.text[first..].starts_with('#') {
            let text = self.text[first..line.end].trim_end_matches(is_blank);
            self.held.push(HeldLine::Comment { column: first - line.start, text });
        } else if is_marker(&self.text[line.clone()]) {
            let levels = std::mem::take(&mut self.levels);
            self.flush_held(None, &levels);
            let start = LineStart {
                indent: 0,
                prefix: self.text[line.start..line.start + 3].to_owned(),
                rest: line.start + 3,
                old: 0,
                new: 0,
                is_key: false,
            };
            self.code_line(&line, start);
        } else if first == line.start && self.levels.is_empty() && self.text[first..].starts_with('%') && !self.is_token(first) {
            self.flush_held(None, &[]);
            self.out.push(OutLine::code(0, self.text[line].trim_end_matches(is_blank)));
        } else {
            let around = self.levels.clone();
            let start = self.line_start(&line, first);
            self.flush_held(Some((first - line.start, start.indent)), &around);
            self.code_line(&line, start);
        }
    }

    /// Reads the marks of lists and the place of the first key, and opens and closes levels.
    fn line_start(&mut self, line: &Range<usize>, first: usize) -> LineStart {
        let (mut at, mut prefix, mut indent) = (first, String::new(), None);
        loop {
            let column = self.text[line.start..at].chars().count();
            let mut signs = self.text[at..line.end].chars();
            let mark = signs.next().filter(|mark| matches!(mark, '-' | '?' | ':'));
            let ends = signs.next().is_none_or(is_blank);
            if let Some(mark) = mark.filter(|_| ends && !self.is_token(at)) {
                let new = self.enter(column, mark == '-');
                indent.get_or_insert(new);
                prefix.push(mark);
                at += 1;
                let rest = at + self.text[at..line.end].chars().take_while(|char| is_blank(*char)).count();
                if rest == line.end || self.text[rest..].starts_with('#') {
                    let new = new + STEP;
                    return LineStart { indent: indent.unwrap_or(new), prefix, rest: at, old: column, new, is_key: false };
                }
                prefix.push(' ');
                at = rest;
                continue;
            }
            let is_key = self.has_key(at..line.end);
            let new = if is_key {
                self.enter(column, false)
            } else {
                if prefix.is_empty() {
                    while self.levels.last().is_some_and(|level| level.old >= column) {
                        self.levels.pop();
                    }
                }
                self.levels.last().map_or(0, |level| level.new + STEP)
            };
            return LineStart { indent: indent.unwrap_or(new), prefix, rest: at, old: column, new, is_key };
        }
    }

    /// The new column of a list or map at this one.
    fn enter(&mut self, column: usize, is_list: bool) -> usize {
        // A list may be at the column of the map that it is a value of.
        let ends = |level: &Level| level.old > column || (level.old == column && level.is_list && !is_list);
        while self.levels.last().is_some_and(ends) {
            self.levels.pop();
        }
        match self.levels.last() {
            Some(level) if level.old == column && level.is_list == is_list => level.new,
            around => {
                let new = around.map_or(0, |level| level.new + STEP);
                self.levels.push(Level { old: column, new, is_list });
                new
            }
        }
    }

    fn code_line(&mut self, line: &Range<usize>, start: LineStart) {
        self.comment_limit = None;
        let (code, comment) = self.rest_of_line(line, start.rest, start.prefix);
        if self.brackets > 0 {
            let around = self.levels.last().map(|level| (level.old, level.new));
            self.shift = BracketShift { old: start.old, new: start.new, around };
        }
        if let Some(scalar) = &mut self.scalar {
            scalar.indent = start.new + if start.is_key || self.brackets > 0 { STEP } else { 0 };
        }
        self.push(start.indent, code, comment);
    }

    /// A line between brackets keeps its distance to the line that opened them.
    fn bracket_line(&mut self, line: &Range<usize>, first: usize) {
        if first == line.end {
            return self.out.push(OutLine::Blank { is_kept: false });
        }
        let lead = &self.text[line.start..first];
        let old = lead.chars().map(|char| if char == '\t' { STEP } else { 1 }).sum::<usize>();
        let shift = self.shift;
        let mut indent = (old + shift.new).saturating_sub(shift.old);
        if let Some((around, new)) = shift.around
            && old > around
        {
            indent = indent.max(new + 1);
        }
        let (code, comment) = self.rest_of_line(line, first, String::new());
        if let Some(scalar) = &mut self.scalar {
            scalar.indent = indent + STEP;
        }
        self.push(indent, code, comment);
    }

    fn indent_of(&self, line: &Range<usize>) -> usize {
        self.text[line.clone()].chars().take_while(|char| is_blank(*char)).count()
    }

    fn push(&mut self, indent: usize, code: String, comment: Option<TrailingComment<'a>>) {
        self.out.push(match comment {
            Some(comment) if code.is_empty() => OutLine::code(indent, comment.text),
            comment => OutLine::Code { indent, code: code.into(), comment },
        });
    }

    /// Everything from here to the end of the line, with single blanks, and the comment behind it.
    fn rest_of_line(&mut self, line: &Range<usize>, from: usize, mut code: String) -> (String, Option<TrailingComment<'a>>) {
        let text = self.text;
        let indent = line.start + self.indent_of(line);
        let (mut at, mut code_end) = (from, from);
        let (mut last, mut after_scalar) = (' ', false);
        while at < line.end {
            let rest = &text[at..line.end];
            let sign = rest.chars().next().unwrap_or_default();
            let token = self.token_at(at).map(|token| (token.range.end, token.notation));
            let gap = at - code_end;
            if is_blank(sign) {
                at += 1;
                continue;
            }
            if sign == '#' && token.is_none() && (gap > 0 || at == indent) {
                let column = text[line.start..at].chars().count();
                return (code, Some(TrailingComment { column, gap, text: rest.trim_end_matches(is_blank) }));
            }
            // `key :` has the same meaning as `key:`, and `a ,` the same as `a,`. After an alias the blank is needed.
            let joins = token.is_none() && (sign == ':' && after_scalar || sign == ',' && last != ':');
            let follows = last == ',' && !matches!(sign, ',' | ']' | '}');
            if (gap > 0 && !joins || follows) && !code.is_empty() && !code.ends_with(' ') {
                code.push(' ');
            }
            (last, after_scalar) = (if token.is_some() { ' ' } else { sign }, false);
            let end = match token {
                Some((end, notation)) if end > line.end => {
                    self.scalar = Some(OpenScalar { end, notation, indent: 0 });
                    code.push_str(trim_scalar_end(rest, notation));
                    return (code, None);
                }
                Some((end, notation)) => {
                    after_scalar = notation != Notation::Alias;
                    end
                }
                None if matches!(sign, '|' | '>') && self.brackets == 0 => {
                    let ends = |sign| !matches!(sign, '|' | '>' | '+' | '-' | '0'..='9');
                    let mark = &rest[..rest.find(ends).unwrap_or(rest.len())];
                    self.block = Some(mark);
                    at + mark.len()
                }
                None => {
                    match sign {
                        '[' | '{' => self.brackets += 1,
                        ']' | '}' => self.brackets = self.brackets.saturating_sub(1),
                        _ => {}
                    }
                    at + mark_length(rest, sign)
                }
            };
            code.push_str(&text[at..end]);
            (at, code_end) = (end, end);
        }
        (code, None)
    }

    /// Writes the comments and blank lines before a line at this old and new column, or before the end.
    fn flush_held(&mut self, next: Option<(usize, usize)>, levels: &[Level]) {
        let held = std::mem::take(&mut self.held);
        let deepest = levels.last().copied();
        let beyond = |line: &HeldLine<'_>| match (line, deepest) {
            (HeldLine::Comment { column, .. }, Some(level)) => (*column > level.old).then_some(*column),
            _ => None,
        };
        let mut leftmost = None;
        for (at, line) in held.iter().enumerate() {
            let HeldLine::Comment { column, text } = line else {
                self.out.push(OutLine::Blank { is_kept: false });
                leftmost = None;
                continue;
            };
            // Comments that follow one another keep their shape where they are to the right of everything.
            let run = || held[at..].iter().take_while(|line| matches!(line, HeldLine::Comment { .. }));
            let left = *leftmost.get_or_insert_with(|| run().filter_map(beyond).min().unwrap_or_default());
            let indent = match (next, levels.iter().rev().find(|level| level.old <= *column)) {
                (Some((old, new)), _) if *column <= old => new,
                (_, Some(_)) if beyond(line).is_some() => deepest.map_or(0, |level| level.new + STEP) + column - left,
                (_, Some(level)) => level.new,
                (_, None) => next.map_or(0, |(_, new)| new),
            };
            let indent = self.comment_limit.map_or(indent, |limit| indent.min(limit));
            self.out.push(OutLine::code(indent, text));
        }
    }

    fn token_at(&mut self, at: usize) -> Option<&'a Token> {
        let tokens = self.tokens;
        while tokens.get(self.next).is_some_and(|token| token.range.start < at) {
            self.next += 1;
        }
        tokens.get(self.next).filter(|token| token.range.start == at)
    }

    fn is_token(&mut self, at: usize) -> bool {
        self.token_at(at).is_some()
    }

    /// Whether a key of a map begins in this part of a line.
    fn has_key(&mut self, part: Range<usize>) -> bool {
        self.token_at(part.start);
        let here = self.tokens[self.next..].iter().take_while(|token| token.range.start < part.end);
        here.into_iter().any(|token| token.is_block_key)
    }
}

/// `---` or `...` at the beginning of a line.
fn is_marker(line: &str) -> bool {
    ["---", "..."].into_iter().any(|mark| line.strip_prefix(mark).is_some_and(|rest| rest.chars().next().is_none_or(is_blank)))
}

/// How many bytes belong together here: a tag and the name of an anchor may contain signs that mean something elsewhere.
fn mark_length(rest: &str, first: char) -> usize {
    let ends = |char: char| is_blank(char) || matches!(char, ',' | '[' | ']' | '{' | '}');
    match first {
        '!' if rest.starts_with("!<") => rest.find('>').map_or(rest.len(), |end| end + 1),
        '!' | '&' => rest.find(ends).unwrap_or(rest.len()),
        other => other.len_utf8(),
    }
}
