//! Request bodies as the recorded framework reads them: JSON and two kinds of forms (`api/unpod.md`, sections 2.3, 9.2).

use serde_json::{Map, Value, json};

use super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::wire;
use super::{envelope, plain};

/// Marks the position of half a surrogate pair, which JSON can spell and Rust text cannot hold.
pub(super) const LONE_SURROGATE: char = '\u{E000}';

/// A body that could be read.
#[derive(Debug, Clone)]
pub(super) struct ParsedBody {
    pub(super) value: Value,
    /// Forms have no missing booleans: on create a missing one means false (section 5.2, recorded).
    pub(super) is_form: bool,
}

/// A body that could not.
#[derive(Debug, Clone)]
pub(super) enum BodyError {
    /// The text after `JSON parse error - `.
    Malformed(String),
    /// The media type as it was sent.
    MediaType(String),
}

impl BodyError {
    /// The answer of most handlers: the framework's own shapes.
    pub(super) fn usual_answer(&self) -> SandboxResponse {
        match self {
            Self::Malformed(_) => envelope(400, "Error", json!({"detail": self.text()})),
            Self::MediaType(_) => plain(415, &self.text()),
        }
    }

    /// The answer of bridge create and connect: a 400 with the text in `message` (section 9.2, recorded).
    pub(super) fn in_message(&self) -> SandboxResponse {
        envelope(400, &self.text(), json!({"status_code": 400}))
    }

    fn text(&self) -> String {
        match self {
            Self::Malformed(why) => format!("JSON parse error - {why}"),
            Self::MediaType(kind) => format!("Unsupported media type \"{kind}\" in request."),
        }
    }
}

/// Reads the body; a missing body is an empty object, whatever its type.
pub(super) fn read_body(asked: &SandboxRequest) -> Result<ParsedBody, BodyError> {
    let form = |pairs: Vec<(String, String)>| {
        let fields: Map<String, Value> = pairs.into_iter().map(|(name, text)| (name, text.into())).collect();
        Ok(ParsedBody { value: Value::Object(fields), is_form: true })
    };
    if asked.body.is_empty() {
        return Ok(ParsedBody { value: json!({}), is_form: false });
    }
    let text = String::from_utf8_lossy(&asked.body);
    match asked.media_type().as_str() {
        "application/json" => json_body(&text),
        "application/x-www-form-urlencoded" => form(wire::form(&text)),
        "multipart/form-data" => form(multipart(asked.header("content-type").unwrap_or_default(), &text)),
        _ => Err(BodyError::MediaType(asked.header("content-type").unwrap_or_default().to_owned())),
    }
}

fn json_body(text: &str) -> Result<ParsedBody, BodyError> {
    let value = serde_json::from_str(&mark_lone_surrogates(text)).map_err(|e| BodyError::Malformed(e.to_string()))?;
    Ok(ParsedBody { value, is_form: false })
}

/// Rewrites an escaped surrogate without its other half as a mark and its digits.
fn mark_lone_surrogates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find("\\u") {
        let (before, escape) = rest.split_at(place);
        out.push_str(before);
        let unit = utf16_unit(escape);
        let (taken, lone) = match unit {
            Some(0xD800..=0xDBFF) if matches!(escape.get(6..).and_then(self::utf16_unit), Some(0xDC00..=0xDFFF)) => (12, false),
            Some(0xD800..=0xDFFF) => (6, true),
            _ => (2, false),
        };
        if lone {
            out.push(LONE_SURROGATE);
            out.push_str(&escape[2..6].to_uppercase());
        } else {
            out.push_str(&escape[..taken]);
        }
        rest = &escape[taken..];
    }
    out + rest
}

fn utf16_unit(escape: &str) -> Option<u16> {
    u16::from_str_radix(escape.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

fn multipart(content_type: &str, text: &str) -> Vec<(String, String)> {
    let Some((_, boundary)) = content_type.split_once("boundary=") else { return Vec::new() };
    let mark = format!("--{}", boundary.trim_matches('"'));
    let field = |part: &str| {
        let (head, value) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("name=\"")?;
        Some((name.split('"').next()?.to_owned(), value.trim_end_matches("\r\n").to_owned()))
    };
    text.split(&mark).filter_map(field).collect()
}

/// The name of a JSON type in the recorded server's language, which its messages show.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// A value as the recorded server's language prints it.
pub(super) fn printed(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("'{text}'"),
        Value::Array(items) => format!("[{}]", items.iter().map(printed).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let pairs: Vec<String> = fields.iter().map(|(k, v)| format!("'{k}': {}", printed(v))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}
