//! Values for programs: JSON text that is harmless on a terminal.

use serde::Serialize;

use crate::document::{self, Document};

/// A plan document as in a file, with its checksum.
pub fn render_document(document: &Document) -> String {
    let open = Document { checksum: Some(document::unsealed_checksum()), ..document.clone() };
    document::seal_checksum(&to_pretty_json(&open))
}

/// A value as JSON on several lines.
pub fn to_pretty_json(value: &impl Serialize) -> String {
    escape_controls(&serde_json::to_string_pretty(value).unwrap_or_default())
}

/// A value as JSON on one line.
pub fn to_json_line(value: &impl Serialize) -> String {
    escape_controls(&serde_json::to_string(value).unwrap_or_default())
}

/// JSON allows characters that control a terminal or a CI runner, and people print JSON on both. JSON has them only inside
/// strings, so each one may be written as an escape.
fn escape_controls(json: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(json.len() + 1);
    for (at, character) in json.char_indices() {
        let bad = crate::text::is_hostile_char(character) || (character == '#' && crate::text::steers_runner(&json[at..]));
        if character != '\n' && bad {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out.push('\n');
    out
}
