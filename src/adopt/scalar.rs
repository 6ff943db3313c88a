//! Values as YAML that every reader takes for the same: texts always in double quotes, and nothing raw that could hide.

use std::fmt::Write;

use crate::text::{hostile, steers_runner};
use crate::value::Value;

/// A text in double quotes. JSON's escapes are YAML's too; what a screen may not show as it is becomes an escape as well.
pub(super) fn quoted(text: &str) -> String {
    let json = Value::from(text).to_string();
    let mut out = String::with_capacity(json.len());
    for (at, char) in json.char_indices() {
        let steers = char == '#' && steers_runner(&json[at..]);
        // Writing to a String cannot fail.
        let _ = match char {
            char if !hostile(char) && !steers => {
                out.push(char);
                Ok(())
            }
            char if (char as u32) < 0x1_0000 => write!(out, "\\u{:04x}", char as u32),
            char => write!(out, "\\U{:08x}", char as u32),
        };
    }
    out
}

/// A value behind `key:` at this indentation: on the same line, or on lines of its own that begin with a line break.
pub fn block(value: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent + 2);
    match value {
        Value::String(text) => format!(" {}", quoted(text)),
        Value::Array(items) if items.is_empty() => " []".to_owned(),
        Value::Object(map) if map.is_empty() => " {}".to_owned(),
        Value::Array(items) => items.iter().fold(String::new(), |mut out, item| {
            let _ = write!(out, "\n{pad}-{}", self::item(item, indent + 2));
            out
        }),
        Value::Object(map) => map.iter().fold(String::new(), |mut out, (key, item)| {
            let _ = write!(out, "\n{pad}{}:{}", self::key(key), self::block(item, indent + 2));
            out
        }),
        other => format!(" {other}"),
    }
}

/// A value on one line, in brackets where it holds others.
pub fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let items: Vec<String> =
                map.iter().map(|(key, item)| format!("{}: {}", self::key(key), inline(item))).collect();
            format!("{{ {} }}", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// An item of a list. A map begins on the line of its dash.
fn item(item: &Value, indent: usize) -> String {
    let text = block(item, indent);
    match item {
        Value::Object(map) if !map.is_empty() => format!(" {}", text.trim_start()),
        _ => text,
    }
}

/// A key: in quotes unless it is a plain word that no reader takes for something else.
pub(super) fn key(text: &str) -> String {
    let word = text.starts_with(|char: char| char.is_ascii_alphabetic())
        && text.len() > 1
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let taken = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "nan" | "inf"
    );
    if word && !taken { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_reads_back_as_it_was() {
        for one in [
            json!("01234"),
            json!("no"),
            json!("+14155550101"),
            json!("a: b # c"),
            json!("line\nline\u{202e}\u{85}\u{e0041}\u{1f600}\u{7f}\\\"'"),
            json!(""),
            json!([]),
            json!({}),
            json!([[], [[1, "2"]], {}, { "a": { "b": [1, null, true] }, "c": -1.5 }, "x"]),
            json!({ "on": "off", "a b": { "": [{ "x": [{ "y": "z" }], "w": {} }] }, "~": null, "1e3": 1000 }),
        ] {
            let text = format!("top:{}\n", block(&one, 0));
            let back: Value = serde_yaml::from_str(&text).expect(&text);
            assert_eq!(back["top"], one, "{text}");
            let line = format!("top: {}\n", inline(&one));
            let back: Value = serde_yaml::from_str(&line).expect(&line);
            assert_eq!(back["top"], one, "{line}");
            assert!(!text.chars().any(|char| char != '\n' && hostile(char)), "{text}");
        }
    }
}
