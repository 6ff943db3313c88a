//! Removes the secrets of this run from the body of an answer, before anything else reads it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::model::value::{HiddenValues, Value};
use crate::text::is_coded;

/// Shortest number that may be a secret.
const NUMBER: usize = 8;

/// Most names that are kept of fields in which a body showed secrets.
const MOST_NAMES: usize = 20;

/// A body without the secrets of this run, and the names of the fields that showed one. Secrets in a success are replaced by
/// marks, whose text is restored where the whole object is sent back; in any other answer only the mask is left.
pub(super) fn mask_echoes(hidden: &HiddenValues, success: bool, body: Vec<u8>) -> (Vec<u8>, BTreeSet<String>) {
    // Each text is searched by itself only where the whole may hold a secret, or where its own bytes are not yet the text.
    let anywhere = hidden.may_hold_secret(&body);
    if !anywhere && !is_coded(&body) {
        return (body, BTreeSet::new());
    }
    let swap = |raw: &str, text: &str| match anywhere || is_coded(raw.as_bytes()) {
        true if success => hidden.replace_with_marks(text),
        true => hidden.mask_secrets(text),
        false => None,
    };
    let json = body.trim_ascii_start().first().is_some_and(|byte| b"{[\"".contains(byte));
    let swapped = match str::from_utf8(&body) {
        Ok(text) if json => strings_swapped(text, &swap),
        // JSON that is not valid text is not shown.
        Err(_) if json => None,
        _ => hidden.mask_secrets(&String::from_utf8_lossy(&body)).map(|text| (text, BTreeSet::new())),
    };
    swapped.map_or((body, BTreeSet::new()), |(text, names)| (text.into_bytes(), names))
}

/// JSON with its strings replaced, including the names of its maps, and long numbers treated like strings; `None` when nothing
/// changed. Incomplete JSON is searched as far as it goes. With the names of the replaced fields.
fn strings_swapped(text: &str, swap: &dyn Fn(&str, &str) -> Option<String>) -> Option<(String, BTreeSet<String>)> {
    let bytes = text.as_bytes();
    let (mut out, mut from, mut at) = (String::new(), 0, 0);
    // The name of the current value, and of the open values around it.
    let (mut name, mut around, mut names) = ("", Vec::new(), BTreeSet::new());
    while at < bytes.len() {
        let (inner, end) = match bytes[at] {
            b'"' => {
                let close = string_end(bytes, at + 1);
                (at + 1..close, (close + 1).min(bytes.len()))
            }
            b'-' | b'0'..=b'9' => {
                let part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
                let end = bytes[at..].iter().position(|byte| !part(byte)).map_or(bytes.len(), |to| at + to);
                (at..end, end)
            }
            byte => {
                match byte {
                    b'{' | b'[' => around.push(name),
                    b'}' | b']' => name = around.pop().unwrap_or_default(),
                    _ => {}
                }
                at += 1;
                continue;
            }
        };
        let string = bytes[at] == b'"';
        let raw = &text[inner];
        let plain = if string && raw.contains('\\') { unescape_json(raw) } else { Cow::Borrowed(raw) };
        let names_next = string && bytes[end..].trim_ascii_start().first() == Some(&b':');
        if let Some(other) = (string || raw.len() >= NUMBER).then(|| swap(raw, &plain)).flatten() {
            out.push_str(&text[from..at]);
            if names.len() < MOST_NAMES {
                let named = match name {
                    _ if names_next => other.clone(),
                    "" => "(a list)".to_owned(),
                    name => unescape_json(name).into_owned(),
                };
                names.insert(named);
            }
            out.push_str(&Value::String(other).to_string());
            from = end;
        }
        // A name that is a secret is not reported.
        if names_next {
            name = if from == end { "" } else { raw };
        }
        at = end;
    }
    (from > 0).then(|| (out + &text[from..], names))
}

/// The end of the string that begins here.
fn string_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

fn unescape_json(raw: &str) -> Cow<'_, str> {
    serde_json::from_str::<String>(&format!("\"{raw}\"")).map_or(Cow::Borrowed(raw), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::value::Secret;

    fn hidden() -> HiddenValues {
        let hidden = HiddenValues::default();
        hidden.watch_secrets(["tok-5b1f-\"secret\"", "4155550101"].map(Secret::new).iter(), &[]);
        hidden
    }

    #[test]
    fn names_and_values_are_masked_and_the_rest_stays_as_it_is() {
        let text = r#"{"a": ["x tok-5b1f-\"secret\" y", 1.50, 4155550101], "TOK-5b1f-\u0022secret\u0022": {"b": null}, "c": "\ud83d\ude00"}"#;
        let (body, names) = mask_echoes(&hidden(), false, text.as_bytes().to_vec());
        let shown = r#"{"a": ["x (secret) y", 1.50, "(secret)"], "(secret)": {"b": null}, "c": "\ud83d\ude00"}"#;
        assert_eq!(String::from_utf8(body).expect("a text"), shown);
        assert_eq!(names.iter().collect::<Vec<_>>(), ["(secret)", "a"]);
        let other = r#"{"a": ["\"", 4155550102], "b\\": ""}"#.as_bytes().to_vec();
        assert_eq!(mask_echoes(&hidden(), true, other.clone()), (other, BTreeSet::new()));
    }

    #[test]
    fn what_is_marked_can_be_put_back() {
        let hidden = hidden();
        let (body, _) = mask_echoes(&hidden, true, br#"{"a": "x tok-5b1f-\"SECRET\" y"}"#.to_vec());
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let marked = body["a"].as_str().expect("a text");
        assert!(marked.starts_with("x (a secret of yours, hidden:"), "{marked}");
        let known = hidden.open(marked).expect("it is kept");
        assert_eq!(known.reveal(), "x tok-5b1f-\"SECRET\" y");
    }

    #[test]
    fn what_shows_a_secret_is_named() {
        for (text, name) in [
            (r#"{"a": {"b": ["x", {"c": 1}, "4155550101"]}}"#, "b"),
            (r#"{"a": {"b": 1}, "c" : {"d": {}, "e": [[4155550101]]}}"#, "e"),
            (r#"[{"a": {"b": {}}}, "4155550101"]"#, "(a list)"),
            (r#"{"4155550101": "4155550101"}"#, "(secret)"),
        ] {
            let (_, names) = mask_echoes(&hidden(), false, text.as_bytes().to_vec());
            assert!(names.contains(name), "{text}: {names:?}");
        }
    }

    #[test]
    fn what_is_no_json_is_masked_too() {
        for (text, shown) in [
            ("bad tok-5b1f-\"secret\"", "bad (secret)"),
            ("{\"a\": \"tok-5b1f-\\\"secret\\\"", "{\"a\": \"(secret)\""),
            ("\"\\", "\"\\"),
        ] {
            let (body, _) = mask_echoes(&hidden(), false, text.as_bytes().to_vec());
            assert_eq!(String::from_utf8(body).expect("a text"), shown);
        }
        let broken = [&b"no text \xff tok-5b1f-"[..], b"\"secret\""].concat();
        assert_eq!(mask_echoes(&hidden(), false, broken).0, "no text \u{fffd} (secret)".as_bytes());
    }
}
