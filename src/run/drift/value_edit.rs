//! The edits that give one attribute its live value: only what differs is written, so that comments, quotes and order elsewhere stay.

use crate::analysis::adopt::{block_value, inline_value, mapping_key};
use crate::config::yaml::{MapEntry, NodeData, YamlNode};
use crate::model::value::Value;

/// One replacement in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TextReplacement {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: String,
}

/// A value before and after, as telform compares it.
#[derive(Clone, Copy)]
pub(super) struct ValueChange<'a> {
    pub(super) was: &'a Value,
    pub(super) is: &'a Value,
    /// The value after, as the YAML writes it.
    pub(super) written: &'a Value,
}

/// The edits of one entry of a map.
pub(super) fn edit_entry(text: &str, entry: &MapEntry, change: ValueChange<'_>) -> Result<Vec<TextReplacement>, &'static str> {
    let mut edits = Vec::new();
    match edit_map(text, &entry.value, change, &mut edits) {
        Some(()) => Ok(edits),
        None => Ok(vec![replace_value(text, entry, change.written)?]),
    }
}

/// The edits inside a map; none where all of it has to be written again.
fn edit_map(text: &str, node: &YamlNode, change: ValueChange<'_>, edits: &mut Vec<TextReplacement>) -> Option<()> {
    let (entries, was, is, written) =
        (node.as_map()?, change.was.as_object()?, change.is.as_object()?, change.written.as_object()?);
    let in_braces = text[node.span.start()..].starts_with('{');
    let is_known = |entry: &MapEntry| was.contains_key(&*entry.key) || is.contains_key(&*entry.key);
    if entries.is_empty() || is.is_empty() || node.used_at != node.span || !entries.iter().all(is_known) {
        return None;
    }
    for entry in entries {
        let key = &*entry.key;
        let (before, after) = (was.get(key), is.get(key));
        if before == after {
            continue;
        }
        match (before, after, written.get(key)) {
            (_, None, _) if in_braces => return None,
            (_, None, _) => edits.push(remove_lines(text, entry)?),
            (Some(was), Some(is), Some(written)) => {
                let (inner, begin) = (ValueChange { was, is, written }, edits.len());
                if edit_map(text, &entry.value, inner, edits).is_none() {
                    edits.truncate(begin);
                    edits.push(replace_value(text, entry, written).ok()?);
                }
            }
            _ => return None,
        }
    }
    let new = written.iter().filter(|(key, _)| !entries.iter().any(|entry| *entry.key == ***key));
    let indent = entries[0].key_span.column() - 1;
    let added: String = if in_braces {
        new.map(|(key, value)| format!(", {}: {}", mapping_key(key), inline_value(value))).collect()
    } else {
        new.map(|(key, value)| format!("\n{:indent$}{}:{}", "", mapping_key(key), block_value(value, indent))).collect()
    };
    if !added.is_empty() {
        let end = node.span.start() + text[node.span.start()..node.span.end()].trim_end().len();
        let at = if in_braces {
            let inside = text[..end].strip_suffix('}')?.trim_end();
            let last = entries.last()?;
            // In the line of a comment it would be a part of the comment.
            let after_last = inside.get(last.key_span.end().max(last.value.used_at.end())..)?;
            if inside.ends_with(',') || after_last.contains('#') {
                return None;
            }
            inside.len()
        } else {
            end_of_line(text, end)
        };
        edits.push(TextReplacement { start: at, end: at, text: added });
    }
    Some(())
}

/// The whole value of an entry written again.
fn replace_value(text: &str, entry: &MapEntry, value: &Value) -> Result<TextReplacement, &'static str> {
    if entry.value.used_at != entry.value.span {
        return Err("it is written through an alias");
    }
    let (start, end) = (entry.value.span.start(), entry.value.span.end());
    let old = text.get(start..end).ok_or("its line was not found")?;
    let kept = old.trim_end();
    let scalar = entry.value.as_scalar().is_some();
    if scalar && kept.contains('\n') {
        return Err("it is written over several lines");
    }
    if scalar && kept.is_empty() {
        return Err("it has no value in the file");
    }
    // A value that was a block of lines becomes one again; a value inside brackets or on one line stays there.
    let lines = !scalar && !kept.starts_with(['{', '[']);
    if lines {
        let after_key = entry.key_span.end() + text[entry.key_span.end()..].find(':').ok_or("its line was not found")? + 1;
        if holds_comment(text, after_key, end_of_line(text, start + kept.len()), &entry.value) {
            return Err(LOSES_COMMENTS);
        }
        let indent = entry.key_span.column() - 1;
        return Ok(TextReplacement { start: after_key, end: start + kept.len(), text: block_value(value, indent) });
    }
    if holds_comment(text, start, start + kept.len(), &entry.value) {
        return Err(LOSES_COMMENTS);
    }
    Ok(TextReplacement { start, end: start + kept.len(), text: inline_value(value) })
}

/// Why a value with comments inside is not written again.
const LOSES_COMMENTS: &str = "it has comments inside, which would be lost; change the value there";

/// Whether a comment is between two positions: a `#` outside the keys and texts of the value.
fn holds_comment(text: &str, from: usize, to: usize, value: &YamlNode) -> bool {
    let mut written = Vec::new();
    collect_texts(text, value, &mut written);
    written.retain(|(start, end)| from <= *start && *end <= to);
    written.sort_unstable();
    let mut at = from;
    for (start, end) in written {
        if text.get(at..start).is_some_and(|between| between.contains('#')) {
            return true;
        }
        at = at.max(end);
    }
    text.get(at..to).is_none_or(|rest| rest.contains('#'))
}

/// Where the keys and texts of a value are written.
fn collect_texts(text: &str, node: &YamlNode, written: &mut Vec<(usize, usize)>) {
    let (mut start, end) = (node.used_at.start(), node.used_at.end());
    match &node.data {
        NodeData::List(items) if node.used_at == node.span => items.iter().for_each(|item| collect_texts(text, item, written)),
        NodeData::Map(entries) if node.used_at == node.span => {
            for entry in entries.iter() {
                written.push((entry.key_span.start(), entry.key_span.end()));
                collect_texts(text, &entry.value, written);
            }
        }
        _ => {
            // A comment can follow the `|` or `>` of a text in lines.
            if text[start..].starts_with(['|', '>']) {
                start = end_of_line(text, start).min(end);
            }
            written.push((start, end));
        }
    }
}

/// Removes the lines of an entry; none where something else is before it on its line.
fn remove_lines(text: &str, entry: &MapEntry) -> Option<TextReplacement> {
    let key = entry.key_span.start();
    let start = text[..key].rfind('\n').map_or(0, |at| at + 1);
    let span = &entry.value.span;
    let end = span.start() + text.get(span.start()..span.end())?.trim_end().len();
    let end = end_of_line(text, end.max(entry.key_span.end()));
    let blank = text[start..key].chars().all(|char| char == ' ');
    blank.then(|| TextReplacement { start, end: (end + 1).min(text.len()), text: String::new() })
}

fn end_of_line(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |at| from + at)
}
