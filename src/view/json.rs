//! Values for programs: JSON text that is harmless on a terminal.

use serde::Serialize;

use crate::document::{self, Document};

/// A plan document as it stands in a file, with its checksum.
pub fn document(document: &Document) -> String {
    let open = Document { checksum: Some(document::unsealed()), ..document.clone() };
    document::seal(&pretty(&open))
}

/// A value as JSON on several lines.
pub fn pretty(value: &impl Serialize) -> String {
    escaped(&serde_json::to_string_pretty(value).unwrap_or_default())
}

/// A value as JSON on one line.
pub fn line(value: &impl Serialize) -> String {
    escaped(&serde_json::to_string(value).unwrap_or_default())
}

/// JSON allows characters that steer a terminal or a CI runner; people print JSON on both. Outside of texts it has none of them, so
/// each one is inside a text and may be written as an escape.
fn escaped(json: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(json.len() + 1);
    for (at, character) in json.char_indices() {
        let bad =
            crate::text::hostile(character) || (character == '#' && crate::text::steers_runner(&json[at..]));
        if character != '\n' && bad {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out.push('\n');
    out
}
