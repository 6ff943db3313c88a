//! Which stretches of a file must not be shown: values of keys that hold secrets, and logins inside URLs.
//!
//! A secret should never be in the file, so this is about the file that is wrong: the excerpt that says so, and the
//! excerpts of its neighbours, must not carry the secret into a terminal or a build log.

use std::ops::Range;

use super::{Data, Entry, Node, Secrecy};

/// Ways to say where a secret comes from; what stands behind them is no secret.
const SOURCES: [&str; 3] = ["env", "file", "command"];

/// Stretches of a file that was read in full.
pub(super) fn of_tree(
    text: &str,
    documents: &[Node],
    secrecy: &dyn Fn(&str) -> Secrecy,
) -> Vec<Range<usize>> {
    let mut masks = url_logins(text);
    let mut open: Vec<&Node> = documents.iter().collect();
    while let Some(node) = open.pop() {
        match &node.data {
            Data::Scalar(_) => {}
            Data::List(items) => open.extend(items.iter()),
            Data::Map(entries) => {
                for entry in entries.iter() {
                    match (secrecy(&entry.key), entry.value.map()) {
                        _ if entry.value.is_null() => {}
                        (Secrecy::Known | Secrecy::No, _) => open.push(&entry.value),
                        (Secrecy::Likely, Some(parts)) => {
                            for part in parts {
                                match secrecy(&part.key) {
                                    Secrecy::Known => open.push(&part.value),
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
    let mut masks = url_logins(text);
    let mut hiding: Option<(usize, Option<char>)> = None;
    let mut offset = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let indent = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let mut from = None;
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

/// `https://user:password@host?token=x`: what stands before the `@`, and what stands behind the `?`. Each word is looked at once:
/// what a second `://` in it would hide, the first one hides already.
fn url_logins(text: &str) -> Vec<Range<usize>> {
    const MARK: &str = "://";
    let mut masks = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(MARK) {
        let start = at + found + MARK.len();
        let rest = &text[start..];
        // As far as the URL may reach: a password that was not encoded may hold a slash.
        let end = rest.find(|char: char| char.is_whitespace() || matches!(char, '"' | '\''));
        let url = &rest[..end.unwrap_or(rest.len())];
        masks.extend(url.rfind('@').map(|login| start..start + login));
        masks.extend(url.find('?').map(|query| start + query + 1..start + url.len()));
        at = start + url.len();
    }
    masks
}
