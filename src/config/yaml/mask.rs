//! Which spans of a file must not be shown: values of keys that hold secrets, what looks like a credential where a source is
//! allowed, and the secret parts of addresses. Comments are searched like lines of a file that cannot be parsed.
//!
//! A secret should never be in the file, so this is about a faulty file: neither the excerpt that reports the
//! secret nor its neighbours may carry the secret into a terminal or a build log.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use super::{KeySecrecy, MapEntry, NodeData, YamlNode};
use crate::config::problem::Span;
use crate::model::value::hidden::looks_secret;
use crate::text::{AtSignReading, secret_parts};

/// Ways to say where a secret comes from; what follows them is not a secret.
const SOURCES: [&str; 3] = ["env", "file", "command"];

/// Spans of a file that was read completely.
pub(super) fn of_tree(text: &str, documents: &[YamlNode], secrecy: &dyn Fn(&str) -> KeySecrecy) -> Vec<Range<usize>> {
    // The same few keys are in every entry.
    let judged = RefCell::new(HashMap::new());
    let secrecy = &|key: &str| {
        let known = judged.borrow().get(key).copied();
        known.unwrap_or_else(|| {
            let found = secrecy(key);
            judged.borrow_mut().insert(key.to_owned(), found);
            found
        })
    };
    let mut masks = secret_parts(text, AtSignReading::Wary);
    mask_comments(text, secrecy, &mut masks);
    // With each value, whether one in its place may come from a source.
    let mut open: Vec<(&YamlNode, bool)> = documents.iter().map(|document| (document, false)).collect();
    while let Some((node, sourced)) = open.pop() {
        match &node.data {
            NodeData::Scalar(scalar) if sourced && looks_secret(&scalar.text) => masks.push(byte_range(node.span)),
            NodeData::Scalar(scalar) => mask_written_text(text, node.span, &scalar.text, &mut masks),
            NodeData::List(items) => open.extend(items.iter().map(|item| (item, sourced))),
            NodeData::Map(entries) => {
                for entry in entries.iter() {
                    mask_written_text(text, entry.key_span, &entry.key, &mut masks);
                    match (secrecy(&entry.key), entry.value.as_map()) {
                        _ if entry.value.is_null() => {}
                        (KeySecrecy::Sourced, _) => open.push((&entry.value, true)),
                        (KeySecrecy::Known | KeySecrecy::No, _) => open.push((&entry.value, sourced)),
                        (KeySecrecy::Likely, Some(parts)) => {
                            for part in parts {
                                match secrecy(&part.key) {
                                    KeySecrecy::Known => open.push((&part.value, sourced)),
                                    KeySecrecy::Sourced => open.push((&part.value, true)),
                                    KeySecrecy::No => mask_source(part, &mut masks),
                                    KeySecrecy::Likely | KeySecrecy::Sure => mask_value(text, part, &mut masks),
                                }
                            }
                        }
                        _ => mask_value(text, entry, &mut masks),
                    }
                }
            }
        }
    }
    masks
}

fn byte_range(span: Span) -> Range<usize> {
    span.start()..span.end()
}

/// The secret parts of addresses in a text that was read: only these parts where the text appears unchanged in the file; all
/// of it where escapes or line breaks change it.
fn mask_written_text(file: &str, span: Span, text: &str, masks: &mut Vec<Range<usize>>) {
    let parts = secret_parts(text, AtSignReading::Wary);
    if parts.is_empty() {
        return;
    }
    match file.get(byte_range(span)).and_then(|raw| raw.find(text)) {
        Some(at) => {
            let start = span.start() + at;
            masks.extend(parts.into_iter().map(|part| start + part.start..start + part.end));
        }
        None => masks.push(byte_range(span)),
    }
}

/// Secrets in comments, such as in a line that was commented out.
fn mask_comments(text: &str, secrecy: &dyn Fn(&str) -> KeySecrecy, masks: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some(at) = text[from..].find('#').map(|at| from + at) {
        from = at + 1;
        if text[..at].chars().next_back().is_none_or(char::is_whitespace) {
            let end = text[at..].find(['\n', '\r']).map_or(text.len(), |to| at + to + 1);
            mask_tokens(&text[at..end], at, masks);
            masks.extend(secret_on(&text[at..end], secrecy).map(|(begin, _)| at + begin..end));
            from = end;
        }
    }
}

/// Words of a line that look like keys or tokens.
fn mask_tokens(line: &str, offset: usize, masks: &mut Vec<Range<usize>>) {
    let line = line.trim_end();
    let ends = |char: char| char.is_whitespace() || matches!(char, '"' | '\'' | ',' | '[' | ']' | '{' | '}' | '#');
    for word in line.split(ends).filter(|word| looks_secret(word)) {
        let at = offset + word.as_ptr() as usize - line.as_ptr() as usize;
        masks.push(at..at + word.len());
    }
}

/// The value of a secret: all of it, unless it is a source, of which only the unexpected parts are hidden.
fn mask_value(text: &str, entry: &MapEntry, masks: &mut Vec<Range<usize>>) {
    if let Some(parts) = entry.value.as_map() {
        return parts.iter().for_each(|part| mask_source(part, masks));
    }
    // From the key on, so that a tag or an anchor before the value is hidden too.
    let colon = text.get(entry.key_span.end()..entry.value.used_at.start()).and_then(|between| between.find(':'));
    let start = colon.map_or(entry.value.used_at.start(), |colon| entry.key_span.end() + colon + 1);
    masks.push(start..entry.value.used_at.end().max(start));
    masks.push(entry.value.span.start()..entry.value.span.end());
}

/// A value that should name the source of a secret: hidden, unless it does.
fn mask_source(part: &MapEntry, masks: &mut Vec<Range<usize>>) {
    let plausible = match (&*part.key, part.value.as_scalar()) {
        ("env", Some(name)) => is_variable_name(&name.text),
        ("file", Some(_)) => true,
        ("command", None) => part.value.as_list().is_some(),
        _ => false,
    };
    if plausible {
        return;
    }
    if !SOURCES.contains(&&*part.key) {
        masks.push(part.key_span.start()..part.key_span.end());
    }
    masks.push(part.value.used_at.start()..part.value.used_at.end());
    masks.push(part.value.span.start()..part.value.span.end());
}

/// Whether a text can be the name of an environment variable.
pub(crate) fn is_variable_name(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Spans of a file that could not be read, found line by line: the text after a secret's key, and lines that are
/// indented further.
pub(super) fn of_broken(text: &str, secrecy: &dyn Fn(&str) -> KeySecrecy) -> Vec<Range<usize>> {
    let mut masks = secret_parts(text, AtSignReading::Wary);
    let mut hiding: Option<(usize, Option<char>)> = None;
    let mut offset = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let indent = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let mut from = None;
        mask_tokens(line, offset, &mut masks);
        if line.contains('\\') && !secret_parts(&unescape_line(line), AtSignReading::Wary).is_empty() {
            masks.push(offset..offset + line.len());
        }
        if let Some((key_indent, quote)) = hiding {
            let closes = quote.is_some_and(|quote| line.contains(quote));
            if quote.is_some() || line.trim().is_empty() || indent > key_indent {
                from = Some(0);
            }
            if closes || (quote.is_none() && from.is_none()) {
                hiding = None;
            }
        }
        if from.is_none()
            && let Some((at, rest)) = secret_on(line, secrecy)
        {
            from = Some(at);
            let quote = rest.chars().next().filter(|char| matches!(char, '"' | '\''));
            let open = quote.filter(|quote| rest.matches(*quote).count() % 2 == 1);
            hiding = Some((indent, open));
        }
        if let Some(from) = from {
            masks.push(offset + from..offset + line.len());
        }
        offset += line.len();
    }
    masks
}

/// A line with the escapes of double quotes resolved, as far as they encode characters of an address.
fn unescape_line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let digits = match behind.bytes().next() {
            Some(b'x') => 2,
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let code = behind.get(1..=digits).filter(|_| digits > 0);
        let char = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        out.extend(char);
        rest = if char.is_some() { &behind[1 + digits..] } else { behind };
    }
    out + rest
}

/// The column at which the value of a secret's key begins.
fn secret_on<'a>(line: &'a str, secrecy: &dyn Fn(&str) -> KeySecrecy) -> Option<(usize, &'a str)> {
    line.match_indices(':').find_map(|(colon, _)| {
        let word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.');
        let before = line[..colon].trim_end().trim_end_matches(['"', '\'']);
        let key = before.rsplit(|char| !word(char)).next().unwrap_or_default();
        let rest = line[colon + 1..].trim_start();
        matches!(secrecy(key), KeySecrecy::Likely | KeySecrecy::Sure).then_some((colon + 1, rest))
    })
}
