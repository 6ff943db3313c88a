//! What the layout has to know of a text: where its scalars and aliases are, and which of them are keys. What the parser makes
//! of a text also proves that another text says the same.

use std::ops::Range;

use serde_yaml::granit_parser::{Event, ScalarStyle, StructureStyle};

use crate::config::problem::Span;
use crate::config::yaml::{events, span_from_parser};

/// An alias, or a scalar that takes up some characters and is not a block of lines after `|` or `>`: of these the parser says
/// where the text begins and not where the sign is, which can be nothing else anyway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Its bytes.
    pub range: Range<usize>,
    pub notation: Notation,
    /// Key of a map that is written without brackets.
    pub is_block_key: bool,
}

/// How a token is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `*name`
    Alias,
}

/// An open list or map.
struct Open {
    is_block_map: bool,
    /// In a map: the next value is a key.
    at_key: bool,
}

/// The tokens of a text in their order; none where it is not valid YAML.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut stack: Vec<Open> = Vec::new();
    for event in events(text) {
        let (event, span) = event.ok()?;
        let span = span_from_parser(&span, text.len());
        match event {
            Event::Scalar(_, style, ..) => {
                let is_block_key = took_place_of_key(&mut stack);
                if let Some(notation) = notation(style) {
                    push(&mut found, text, span, notation, is_block_key);
                }
            }
            Event::Alias(_) => {
                let is_block_key = took_place_of_key(&mut stack);
                push(&mut found, text, span, Notation::Alias, is_block_key);
            }
            Event::MappingStart(style, ..) => {
                took_place_of_key(&mut stack);
                stack.push(Open { is_block_map: style == StructureStyle::Block, at_key: true });
            }
            Event::SequenceStart(..) => {
                took_place_of_key(&mut stack);
                stack.push(Open { is_block_map: false, at_key: false });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                stack.pop();
            }
            _ => {}
        }
    }
    Some(found)
}

/// Whether a node that begins here is a key of a map without brackets.
fn took_place_of_key(stack: &mut [Open]) -> bool {
    let Some(open) = stack.last_mut() else { return false };
    let was_key = open.at_key && open.is_block_map;
    if open.is_block_map {
        open.at_key = !open.at_key;
    }
    was_key
}

fn notation(style: ScalarStyle) -> Option<Notation> {
    match style {
        ScalarStyle::Plain => Some(Notation::Plain),
        ScalarStyle::SingleQuoted => Some(Notation::SingleQuoted),
        ScalarStyle::DoubleQuoted => Some(Notation::DoubleQuoted),
        _ => None,
    }
}

fn push(found: &mut Vec<Token>, text: &str, span: Span, notation: Notation, is_block_key: bool) {
    let written = text.get(span.start()..span.end()).unwrap_or_default().trim_end_matches([' ', '\t', '\r', '\n']);
    if !written.is_empty() {
        found.push(Token { range: span.start()..span.start() + written.len(), notation, is_block_key });
    }
}

/// Where the second text says something else than the first, as a span of the first; none where a reader makes the same of
/// both and they differ in nothing but white space.
pub(super) fn first_difference(before: &str, after: &str) -> Option<Span> {
    let (mut now, mut then) = (events(after), events(before));
    let mut last = Span::default();
    loop {
        match (then.next(), now.next()) {
            (None, None) => break,
            (Some(Ok((event, span))), Some(Ok((other, _)))) => {
                last = span_from_parser(&span, before.len());
                if event != other {
                    return Some(last);
                }
            }
            _ => return Some(last),
        }
    }
    let (mut ink, mut other) = (ink(before), ink(after));
    loop {
        match (ink.next(), other.next()) {
            (None, None) => return None,
            (Some((_, a)), Some((_, b))) if a == b => {}
            (Some((at, _)), _) => return Some(span_at(before, at)),
            (None, Some(_)) => return Some(last),
        }
    }
}

/// Everything but white space.
fn ink(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices().filter(|(_, char)| !matches!(char, ' ' | '\t' | '\r' | '\n'))
}

/// A span without length at a byte.
pub(super) fn span_at(text: &str, at: usize) -> Span {
    let head = text.get(..at).unwrap_or_default();
    let line = head.rfind('\n').map_or(0, |end| end + 1);
    Span::new(at, at, head.matches('\n').count() + 1, head[line..].chars().count() + 1)
}
