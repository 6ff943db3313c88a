//! Values for programs: JSON text that is harmless on a terminal.

use std::io;

use serde::Serialize;

use crate::document::{self, Document, IsEmpty};

/// A plan document as in a file, with its checksum.
pub fn render_document(document: &Document) -> String {
    match document.checksum {
        Some(_) => render_new_document(&Document { checksum: None, ..document.clone() }, document.plan.steps.len()),
        None => render_new_document(document, document.plan.steps.len()),
    }
}

/// The same for a document that has no checksum yet, of a plan with so many steps.
pub fn render_new_document<P: Serialize, U: Serialize + IsEmpty>(document: &Document<P, U>, steps: usize) -> String {
    let sealed = SealedDocument { document, checksum: document::unsealed_checksum() };
    document::seal_checksum(to_listed_json(&sealed, document::most_bytes(steps)))
}

/// A document with a checksum that it does not hold itself: a large one is not copied for it.
#[derive(Serialize)]
#[serde(bound = "P: Serialize, U: Serialize + IsEmpty")]
struct SealedDocument<'a, P, U> {
    #[serde(flatten)]
    document: &'a Document<P, U>,
    checksum: String,
}

/// A value as JSON on several lines.
pub fn to_pretty_json(value: &impl Serialize) -> String {
    escape_controls(serde_json::to_string_pretty(value).unwrap_or_default())
}

/// A value as JSON with each entry of a list on a line of its own: half as large as on several lines, and a text difference
/// between two plans names whole steps.
fn to_listed_json(value: &impl Serialize, room: usize) -> String {
    let mut bytes = Vec::with_capacity(room);
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, ListFormatter::default());
    let written = value.serialize(&mut writer);
    debug_assert!(written.is_ok(), "a document is JSON");
    escape_controls(String::from_utf8(bytes).unwrap_or_default())
}

/// Writes members of objects and entries of lists line by line, and what is inside an entry of a list on its line.
#[derive(Default)]
struct ListFormatter {
    indent: usize,
    /// How many lists are open.
    lists: usize,
    /// Whether the innermost object or list has a value.
    has_value: bool,
}

impl ListFormatter {
    fn write_break<W: io::Write + ?Sized>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.indent).try_for_each(|_| writer.write_all(b"  "))
    }

    fn begin<W: io::Write + ?Sized>(&mut self, writer: &mut W, sign: &[u8], breaks: bool) -> io::Result<()> {
        self.indent += usize::from(breaks);
        self.has_value = false;
        writer.write_all(sign)
    }

    fn begin_value<W: io::Write + ?Sized>(&self, writer: &mut W, first: bool, breaks: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        if breaks { self.write_break(writer) } else { Ok(()) }
    }

    fn end<W: io::Write + ?Sized>(&mut self, writer: &mut W, sign: &[u8], breaks: bool) -> io::Result<()> {
        self.indent -= usize::from(breaks);
        if breaks && self.has_value {
            self.write_break(writer)?;
        }
        self.has_value = true;
        writer.write_all(sign)
    }
}

impl serde_json::ser::Formatter for ListFormatter {
    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.lists += 1;
        self.begin(writer, b"[", self.lists == 1)
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.begin_value(writer, first, self.lists == 1)
    }

    fn end_array_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.lists -= 1;
        self.end(writer, b"]", self.lists == 0)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"{", self.lists == 0)
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.begin_value(writer, first, self.lists == 0)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.lists == 0 { b": " } else { b":" })
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"}", self.lists == 0)
    }
}

/// A value as JSON on one line.
pub fn to_json_line(value: &impl Serialize) -> String {
    escape_controls(serde_json::to_string(value).unwrap_or_default())
}

/// JSON allows characters that control a terminal or a CI runner, and people print JSON on both. JSON has them only inside
/// strings, so each one may be written as an escape.
fn escape_controls(mut json: String) -> String {
    use std::fmt::Write;
    let is_bad = |at: usize, character: char| {
        let steers = || character == '#' && crate::text::steers_runner(&json[at..]);
        character != '\n' && (crate::text::is_hostile_char(character) || steers())
    };
    let bad: Vec<(usize, char)> = json.char_indices().filter(|(at, character)| is_bad(*at, *character)).collect();
    // A text of many megabytes is rarely hostile, and is not copied for that.
    if bad.is_empty() {
        json.push('\n');
        return json;
    }
    let mut out = String::with_capacity(json.len() + 6 * bad.len() + 1);
    let mut from = 0;
    for (at, character) in bad {
        out.push_str(&json[from..at]);
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
        from = at + character.len_utf8();
    }
    out.push_str(&json[from..]);
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_become_escapes_of_the_same_value() {
        let hostile = "a\u{1b}[2Jb\u{202e}c\u{10ffff}\u{9b}##vso[task]d";
        let text = to_json_line(&hostile);
        assert!(!text.trim_end().chars().any(crate::text::is_hostile_char), "{text:?}");
        assert!(!text.contains("##vso["), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).ok().as_deref(), Some(hostile));
        assert_eq!(to_json_line(&"plain # text"), "\"plain # text\"\n");
    }

    #[test]
    fn each_entry_of_a_list_has_a_line() {
        let value = serde_json::json!({
            "a": {}, "b": [], "c": { "d": [1, { "e": [{ "f": "x, y" }, []] }], "g": { "h": [] } }, "i": null,
        });
        let text = to_listed_json(&value, 0);
        let lines = "{\n  \"a\": {},\n  \"b\": [],\n  \"c\": {\n    \"d\": [\n      1,\n      {\"e\":[{\"f\":\"x, y\"},[]]}\n    ],\n    \"g\": {\n      \"h\": []\n    }\n  },\n  \"i\": null\n}\n";
        assert_eq!(text, lines);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).ok(), Some(value));
    }
}
