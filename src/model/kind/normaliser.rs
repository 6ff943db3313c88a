//! How spellings of one value are compared: the one spelling that stands for all of them.

use serde_json::Number;

use crate::model::value::{CompactValue, Value, entries_by_key, hidden, number_text};
use crate::text::to_lowercase_safe;

/// How two spellings of one value are recognised as the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normaliser {
    /// Unchanged, except that the keys of maps may be in any order.
    Exact,
    /// Trimmed text; the empty text and null are the same.
    EmptyIsNull,
    /// Decimal value: `"5"`, `"5.00"` and `5` are the same (carrierx.md 4.1).
    Decimal,
    /// Digits only; punctuation does not count (carrierx.md 8.1).
    Digits,
    /// One mail address: trimmed, domain in lower case.
    Mail,
    /// Mail addresses separated by commas, as a set.
    Mails,
    /// A catalogue entry, whatever the letter case.
    Catalogue,
    /// Empty collection and null are the same.
    Collection,
    /// The same for a list whose order means nothing, each element once.
    Set,
    /// Time of day in UTC: `08:00`, `08:00:00` and `08:00:00.00Z` are the same (telnyx.md 8.1).
    Time,
}

impl Normaliser {
    /// The canonical spelling of a value. Values of another type come back unchanged.
    pub fn canonicalize(self, value: &CompactValue) -> CompactValue {
        match self {
            Self::Exact => canonical_keys(value),
            Self::EmptyIsNull => match value {
                CompactValue::Text(text) if text.trim().is_empty() => CompactValue::Null,
                CompactValue::Text(text) => CompactValue::from(text.trim()),
                other => canonical_keys(other),
            },
            Self::Decimal => {
                value.text().and_then(|text| canonical_decimal(&text)).map_or_else(|| value.clone(), CompactValue::from)
            }
            // A digit of another script, or anything else that may look like a digit, is not punctuation.
            Self::Digits => mapped_text(value, |text| match text.is_ascii() {
                true => text.chars().filter(char::is_ascii_digit).collect(),
                false => text.trim().to_owned(),
            }),
            Self::Mail => mapped_text(value, canonical_mail),
            Self::Mails => mapped_text(value, |text| {
                let mut parts: Vec<String> = text.split(',').map(canonical_mail).filter(|part| !part.is_empty()).collect();
                parts.sort();
                parts.dedup();
                parts.join(",")
            }),
            Self::Catalogue => mapped_text(value, |text| to_lowercase_safe(text.trim())),
            Self::Collection => match value {
                CompactValue::List(items) if items.is_empty() => CompactValue::Null,
                CompactValue::Map(map) if map.is_empty() => CompactValue::Null,
                other => canonical_keys(other),
            },
            Self::Set => match canonical_keys(value) {
                CompactValue::List(items) if items.is_empty() => CompactValue::Null,
                CompactValue::List(items) => {
                    let mut items = Vec::from(items);
                    items.sort_by_cached_key(|item| item.json().to_string());
                    items.dedup();
                    CompactValue::List(items.into())
                }
                other => other,
            },
            Self::Time => mapped_text(value, |text| canonical_time(text).unwrap_or_else(|| text.trim().to_owned())),
        }
    }
}

/// Text of a scalar that a service may write as text or as a number.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number_text(number)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text of an id: a text without blanks around it, or a whole number. A fraction, or a power of ten, is not the id that it was.
pub fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (text.trim() == text).then(|| text.clone()),
        Value::Number(number) => (number.is_u64() || number.is_i64()).then(|| number_text(number)),
        _ => None,
    }
}

/// A whole number, also when it is written as a text of digits.
pub fn whole_of(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

fn mapped_text(value: &CompactValue, map: impl Fn(&str) -> String) -> CompactValue {
    let Some(text) = value.text() else { return value.clone() };
    let mapped = map(&text);
    if mapped.is_empty() { CompactValue::Null } else { CompactValue::from(mapped) }
}

fn canonical_mail(text: &str) -> String {
    let text = text.trim();
    match text.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
        None => text.to_owned(),
    }
}

/// Largest exponent that a double has, in either direction.
const MOST_SHIFT: i32 = 330;

/// Shortest decimal text of the same value, or `None` when the text is not a decimal number. Works on the digits, so no
/// amount is ever rounded.
pub fn canonical_decimal(text: &str) -> Option<String> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, exponent) = digits.split_once(['e', 'E']).map_or((digits, None), |(a, b)| (a, Some(b)));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let ok = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !ok(whole) || !ok(fraction) {
        return None;
    }
    let shifted;
    let (whole, fraction) = match exponent {
        None => (whole, fraction),
        Some(exponent) => {
            let by: i32 = exponent.parse().ok().filter(|by| (-MOST_SHIFT..=MOST_SHIFT).contains(by))?;
            let pad = "0".repeat(by.unsigned_abs() as usize);
            shifted = if by < 0 { format!("{pad}{whole}{fraction}") } else { format!("{whole}{fraction}{pad}") };
            let at = if by < 0 { whole.len() } else { whole.len() + pad.len() };
            shifted.split_at(at)
        }
    };
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let value = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
    Some(if negative && value != "0" { format!("-{value}") } else { value })
}

/// A time of day in UTC, without seconds where they are zero; `None` when the text is not a time of day. Works on the digits.
pub fn canonical_time(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let mut parts = text.split(':');
    let two = |part: &str, below: u8| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits && part.parse::<u8>().is_ok_and(|number| number < below)
    };
    let (hour, minute) = (parts.next()?, parts.next()?);
    let (second, fraction) = parts.next().map_or(("00", "0"), |rest| rest.split_once('.').unwrap_or((rest, "0")));
    let digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || !two(hour, 24) || !two(minute, 60) || !two(second, 60) || !digits {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    Some(match (second, fraction) {
        ("00", "") => format!("{hour}:{minute}"),
        (second, "") => format!("{hour}:{minute}:{second}"),
        (second, fraction) => format!("{hour}:{minute}:{second}.{fraction}"),
    })
}

/// Largest whole number that every JSON reader represents exactly.
pub const MOST_EXACT: u64 = (1 << 53) - 1;

/// The number that a decimal text means, when every JSON reader represents it exactly.
pub fn exact_number(text: &str) -> Option<Number> {
    if !text.contains('.') {
        return text.parse::<i64>().ok().filter(|number| number.unsigned_abs() <= MOST_EXACT).map(Number::from);
    }
    let number = text.parse::<f64>().ok().filter(|number| number.abs() <= MOST_EXACT as f64)?;
    let same = canonical_decimal(&number.to_string()) == canonical_decimal(text);
    same.then(|| Number::from_f64(number)).flatten()
}

/// Keys of maps sorted, all the way down: order is significant in lists only.
fn canonical_keys(value: &CompactValue) -> CompactValue {
    match value {
        CompactValue::List(items) => CompactValue::List(items.iter().map(canonical_keys).collect()),
        CompactValue::Map(entries) => {
            let entries = entries_by_key(entries).into_iter();
            CompactValue::Map(entries.map(|(key, item)| (key.into(), canonical_keys(item))).collect())
        }
        // The source of a hidden value does not make it a different value.
        CompactValue::Text(text) => hidden::without_source(text).map_or_else(|| value.clone(), CompactValue::from),
        other => other.clone(),
    }
}
