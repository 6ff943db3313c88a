//! How the recorded framework reads one field: what it converts, and its refusal messages
//! (`api/unpod.md`, section 5.2; recorded: `06-config-create`, `07-config-create-rejected`, `17-bridge-create-rejected`).

use serde_json::{Map, Value};

use super::super::body::{LONE_SURROGATE, type_name};

/// Why a field is refused: the text, and the framework's name for the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldRefusal {
    pub(super) text: String,
    pub(super) code: &'static str,
}

fn refusal<T>(text: impl Into<String>, code: &'static str) -> Result<T, FieldRefusal> {
    Err(FieldRefusal { text: text.into(), code })
}

/// Collects the refusals of a body, in the order of the fields.
#[derive(Debug, Default)]
pub(super) struct FieldRefusals(Vec<(&'static str, FieldRefusal)>);

impl FieldRefusals {
    /// The value of a field, or nothing and a recorded refusal.
    pub(super) fn take<T>(&mut self, field: &'static str, result: Result<T, FieldRefusal>) -> Option<T> {
        result.map_err(|refusal| self.0.push((field, refusal))).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `{"field": ["text"]}`, as most handlers answer.
    pub(super) fn as_data(&self) -> Value {
        let data: Map<String, Value> =
            self.0.iter().map(|(field, r)| ((*field).to_owned(), Value::from(vec![r.text.clone()]))).collect();
        Value::Object(data)
    }

    /// The same printed into one text, as bridge create answers (section 9.2).
    pub(super) fn as_text(&self) -> String {
        let one = |(field, r): &(&str, FieldRefusal)| format!("'{field}': [ErrorDetail(string='{}', code='{}')]", r.text, r.code);
        format!("{{{}}}", self.0.iter().map(one).collect::<Vec<_>>().join(", "))
    }
}

/// A text: numbers become texts, white space at both ends is trimmed, null and blank are optional. Absent stays absent.
pub(super) fn text(
    fields: &Value,
    name: &str,
    longest: usize,
    null: bool,
    blank: bool,
) -> Result<Option<Option<String>>, FieldRefusal> {
    let text = match fields.get(name) {
        None => return Ok(None),
        Some(Value::Null) if null => return Ok(Some(None)),
        Some(Value::Null) => return refusal("This field may not be null.", "null"),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(_) => return refusal("Not a valid string.", "invalid"),
    };
    if text.is_empty() && !blank {
        return refusal("This field may not be blank.", "blank");
    }
    if text.contains('\0') {
        return refusal("Null characters are not allowed.", "null_characters_not_allowed");
    }
    if let Some((_, digits)) = text.split_once(LONE_SURROGATE) {
        let digits: String = digits.chars().take(4).collect();
        return refusal(format!("Surrogate characters are not allowed: U+{digits}."), "surrogate_characters");
    }
    if text.chars().count() > longest {
        return refusal(format!("Ensure this field has no more than {longest} characters."), "max_length");
    }
    Ok(Some(Some(text)))
}

/// One of a few words, in exactly this spelling.
pub(super) fn choice(fields: &Value, name: &str, choices: &[&str]) -> Result<Option<String>, FieldRefusal> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::Null) => refusal("This field may not be null.", "null"),
        Some(Value::String(word)) if choices.contains(&word.as_str()) => Ok(Some(word.clone())),
        Some(other) => {
            let shown = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            refusal(format!("\"{shown}\" is not a valid choice."), "invalid_choice")
        }
    }
}

/// A boolean in one of its many spellings.
pub(super) fn boolean(fields: &Value, name: &str) -> Result<Option<bool>, FieldRefusal> {
    let word = match fields.get(name) {
        None => return Ok(None),
        Some(Value::Null) => return refusal("This field may not be null.", "null"),
        Some(Value::String(text)) => text.trim().to_ascii_lowercase(),
        Some(other) => other.to_string(),
    };
    match word.as_str() {
        "t" | "y" | "yes" | "true" | "on" | "1" => Ok(Some(true)),
        "f" | "n" | "no" | "false" | "off" | "0" => Ok(Some(false)),
        _ => refusal("Must be a valid boolean.", "invalid"),
    }
}

/// The key of another row: digits in a text are accepted, a fraction is truncated (section 5.2, recorded).
pub(super) fn key(fields: &Value, name: &str, exists: impl Fn(u64) -> bool) -> Result<Option<u64>, FieldRefusal> {
    let value = match fields.get(name) {
        None => return Ok(None),
        Some(Value::Null) => return refusal("This field may not be null.", "null"),
        Some(Value::String(text)) if text.is_empty() => {
            return refusal("This field may not be null.", "null");
        }
        Some(value) => value,
    };
    let (id, shown) = match value {
        Value::Number(n) if n.is_f64() => {
            let cut = n.as_f64().unwrap_or_default().trunc();
            // Ids are small; a number that is too large is not an id.
            let id = format!("{cut:.0}").parse::<u64>().ok();
            (id, format!("{cut:.0}"))
        }
        Value::Number(n) => (n.as_u64(), n.to_string()),
        Value::String(text) if text.trim().parse::<i128>().is_ok() => (text.trim().parse().ok(), text.clone()),
        other => {
            let text = format!("Incorrect type. Expected pk value, received {}.", type_name(other));
            return refusal(text, "incorrect_type");
        }
    };
    match id.filter(|id| exists(*id)) {
        Some(id) => Ok(Some(id)),
        None => refusal(format!("Invalid pk \"{shown}\" - object does not exist."), "does_not_exist"),
    }
}

/// Makes an absent field a refusal.
pub(super) fn required<T>(result: Result<Option<T>, FieldRefusal>) -> Result<T, FieldRefusal> {
    match result? {
        Some(value) => Ok(value),
        None => refusal("This field is required.", "required"),
    }
}
