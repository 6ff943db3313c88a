//! Values as YAML that every reader reads in the same way: texts always in double quotes, and no invisible characters.

use std::fmt::Write;

use crate::model::value::Value;
use crate::text::{is_hostile_char, steers_runner};

/// A text in double quotes. JSON escapes are valid in YAML, too; characters that a screen may not show are also escaped.
pub(in crate::analysis) fn double_quoted(text: &str) -> String {
    let json = Value::from(text).to_string();
    let mut out = String::with_capacity(json.len());
    for (at, char) in json.char_indices() {
        let steers = char == '#' && steers_runner(&json[at..]);
        // Writing to a `String` cannot fail.
        let _ = match char {
            char if !is_hostile_char(char) && !steers => {
                out.push(char);
                Ok(())
            }
            char if (char as u32) < 0x1_0000 => write!(out, "\\u{:04x}", char as u32),
            char => write!(out, "\\U{:08x}", char as u32),
        };
    }
    out
}

/// A value after `key:` at this indentation: on the same line, or on separate lines that begin with a line break.
pub fn block_value(value: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent + 2);
    match value {
        Value::String(text) => format!(" {}", double_quoted(text)),
        Value::Array(items) if items.is_empty() => " []".to_owned(),
        Value::Object(map) if map.is_empty() => " {}".to_owned(),
        Value::Array(items) => items.iter().fold(String::new(), |mut out, item| {
            let _ = write!(out, "\n{pad}-{}", self::list_item(item, indent + 2));
            out
        }),
        Value::Object(map) => map.iter().fold(String::new(), |mut out, (key, item)| {
            let _ = write!(out, "\n{pad}{}:{}", self::mapping_key(key), self::block_value(item, indent + 2));
            out
        }),
        other => format!(" {other}"),
    }
}

/// A value on one line, in brackets where it holds others.
pub fn inline_value(value: &Value) -> String {
    match value {
        Value::String(text) => double_quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline_value).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let items: Vec<String> =
                map.iter().map(|(key, item)| format!("{}: {}", self::mapping_key(key), inline_value(item))).collect();
            format!("{{ {} }}", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// An item of a list. A map begins on the line of its dash.
fn list_item(item: &Value, indent: usize) -> String {
    let text = block_value(item, indent);
    match item {
        Value::Object(map) if !map.is_empty() => format!(" {}", text.trim_start()),
        _ => text,
    }
}

/// A key: in quotes unless it is a plain word that every reader reads as such.
pub fn mapping_key(text: &str) -> String {
    let word = text.starts_with(|char: char| char.is_ascii_alphabetic())
        && text.len() > 1
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let taken =
        matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "nan" | "inf");
    if word && !taken { text.to_owned() } else { double_quoted(text) }
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
            let text = format!("top:{}\n", block_value(&one, 0));
            let back: Value = serde_yaml::from_str(&text).expect(&text);
            assert_eq!(back["top"], one, "{text}");
            let line = format!("top: {}\n", inline_value(&one));
            let back: Value = serde_yaml::from_str(&line).expect(&line);
            assert_eq!(back["top"], one, "{line}");
            assert!(!text.chars().any(|char| char != '\n' && is_hostile_char(char)), "{text}");
        }
    }
}
