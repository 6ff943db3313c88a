//! Which stretches of a file must not be shown: values of keys that hold secrets, what looks like a credential where a source could
//! stand, and the secret parts of addresses. Comments are looked at like lines of a file that nobody can read.
//!
//! A secret should never be in the file, so this is about the file that is wrong: the excerpt that says so, and the
//! excerpts of its neighbours, must not carry the secret into a terminal or a build log.

use std::ops::Range;

use super::{Data, Entry, Node, Secrecy};
use crate::problem::Span;
use crate::text::{Reading, secret_parts};
use crate::value::hidden::looks_secret;

/// Ways to say where a secret comes from; what stands behind them is no secret.
const SOURCES: [&str; 3] = ["env", "file", "command"];

/// Stretches of a file that was read in full.
pub(super) fn of_tree(
    text: &str,
    documents: &[Node],
    secrecy: &dyn Fn(&str) -> Secrecy,
) -> Vec<Range<usize>> {
    let mut masks = secret_parts(text, Reading::Wary);
    comments(text, secrecy, &mut masks);
    // With each value, whether one in its place may come from a source.
    let mut open: Vec<(&Node, bool)> = documents.iter().map(|document| (document, false)).collect();
    while let Some((node, sourced)) = open.pop() {
        match &node.data {
            Data::Scalar(scalar) if sourced && looks_secret(&scalar.text) => masks.push(whole(node.span)),
            Data::Scalar(scalar) => written(text, node.span, &scalar.text, &mut masks),
            Data::List(items) => open.extend(items.iter().map(|item| (item, sourced))),
            Data::Map(entries) => {
                for entry in entries.iter() {
                    written(text, entry.key_span, &entry.key, &mut masks);
                    match (secrecy(&entry.key), entry.value.map()) {
                        _ if entry.value.is_null() => {}
                        (Secrecy::Sourced, _) => open.push((&entry.value, true)),
                        (Secrecy::Known | Secrecy::No, _) => open.push((&entry.value, sourced)),
                        (Secrecy::Likely, Some(parts)) => {
                            for part in parts {
                                match secrecy(&part.key) {
                                    Secrecy::Known => open.push((&part.value, sourced)),
                                    Secrecy::Sourced => open.push((&part.value, true)),
                                    Secrecy::No => source(part, &mut masks),
                                    Secrecy::Likely | Secrecy::Sure => value(text, part, &mut masks),
                                }
                            }
                        }
                        _ => value(text, entry, &mut masks),
                    }
                }
            }
        }
    }
    masks
}

fn whole(span: Span) -> Range<usize> {
    span.start()..span.end()
}

/// The secret parts of addresses in a text that was read: where it stands as it is written, these parts; where escapes or line
/// breaks make it another one, all of it.
fn written(file: &str, span: Span, text: &str, masks: &mut Vec<Range<usize>>) {
    let parts = secret_parts(text, Reading::Wary);
    if parts.is_empty() {
        return;
    }
    match file.get(whole(span)).and_then(|raw| raw.find(text)) {
        Some(at) => {
            let start = span.start() + at;
            masks.extend(parts.into_iter().map(|part| start + part.start..start + part.end));
        }
        None => masks.push(whole(span)),
    }
}

/// Secrets in comments, such as those in a line that was put out of use.
fn comments(text: &str, secrecy: &dyn Fn(&str) -> Secrecy, masks: &mut Vec<Range<usize>>) {
    let mut offset = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let begins = |at: &usize| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
        if let Some(at) = line.match_indices('#').map(|(at, _)| at).find(begins) {
            tokens(&line[at..], offset + at, masks);
            masks.extend(
                secret_on(&line[at..], secrecy).map(|(from, _)| offset + at + from..offset + line.len()),
            );
        }
        offset += line.len();
    }
}

/// Words of a line that look like keys or tokens.
fn tokens(line: &str, offset: usize, masks: &mut Vec<Range<usize>>) {
    let line = line.trim_end();
    let ends =
        |char: char| char.is_whitespace() || matches!(char, '"' | '\'' | ',' | '[' | ']' | '{' | '}' | '#');
    for word in line.split(ends).filter(|word| looks_secret(word)) {
        let at = offset + word.as_ptr() as usize - line.as_ptr() as usize;
        masks.push(at..at + word.len());
    }
}

/// The value of a secret: all of it, unless it is a source, of which only the odd parts are hidden.
fn value(text: &str, entry: &Entry, masks: &mut Vec<Range<usize>>) {
    if let Some(parts) = entry.value.map() {
        return parts.iter().for_each(|part| source(part, masks));
    }
    // From the key on, so that a tag or an anchor before the value is hidden too.
    let colon = text.get(entry.key_span.end()..entry.value.at.start()).and_then(|between| between.find(':'));
    let start = colon.map_or(entry.value.at.start(), |colon| entry.key_span.end() + colon + 1);
    masks.push(start..entry.value.at.end().max(start));
    masks.push(entry.value.span.start()..entry.value.span.end());
}

/// What should say where a secret comes from: hidden, unless it does.
fn source(part: &Entry, masks: &mut Vec<Range<usize>>) {
    let plausible = match (&*part.key, part.value.scalar()) {
        ("env", Some(name)) => variable(&name.text),
        ("file", Some(_)) => true,
        ("command", None) => part.value.list().is_some(),
        _ => false,
    };
    if plausible {
        return;
    }
    if !SOURCES.contains(&&*part.key) {
        masks.push(part.key_span.start()..part.key_span.end());
    }
    masks.push(part.value.at.start()..part.value.at.end());
    masks.push(part.value.span.start()..part.value.span.end());
}

/// Whether a text can be the name of an environment variable.
pub(crate) fn variable(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Stretches of a file that could not be read, found line by line: what follows a secret's key, and lines further in.
pub(super) fn of_broken(text: &str, secrecy: &dyn Fn(&str) -> Secrecy) -> Vec<Range<usize>> {
    let mut masks = secret_parts(text, Reading::Wary);
    let mut hiding: Option<(usize, Option<char>)> = None;
    let mut offset = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let indent = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let mut from = None;
        tokens(line, offset, &mut masks);
        if line.contains('\\') && !secret_parts(&unescaped(line), Reading::Wary).is_empty() {
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

/// A line with the escapes of double quotes resolved, as far as they make characters of an address.
fn unescaped(line: &str) -> String {
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

/// Where on a line the value of a secret's key begins.
fn secret_on<'a>(line: &'a str, secrecy: &dyn Fn(&str) -> Secrecy) -> Option<(usize, &'a str)> {
    line.match_indices(':').find_map(|(colon, _)| {
        let word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.');
        let before = line[..colon].trim_end().trim_end_matches(['"', '\'']);
        let key = before.rsplit(|char| !word(char)).next().unwrap_or_default();
        let rest = line[colon + 1..].trim_start();
        matches!(secrecy(key), Secrecy::Likely | Secrecy::Sure).then_some((colon + 1, rest))
    })
}
