//! The wrapping of Unpod's answers (unpod.md 9.1), and what is kept of a bridge.

use serde_json::Map;

use crate::kind::text_of;
use crate::text;
use crate::value::Value;

/// The rows of a listing, wrapped or bare. `empty_object`: whether `data: {}` is an empty list, which it is for
/// configurations only (unpod.md fact 7, recorded). An error says what stood there instead.
pub fn rows(body: &Value, empty_object: bool) -> Result<&[Value], &'static str> {
    let data = match body {
        Value::Array(rows) => return Ok(rows),
        Value::Object(map) => map.get("data").ok_or("there is no `data`")?,
        _ => return Err("the answer is neither an object nor a list"),
    };
    match data {
        Value::Array(rows) => Ok(rows),
        Value::Object(map) if map.is_empty() && empty_object => Ok(&[]),
        Value::Object(_) => Err("`data` is an object where a list is expected"),
        _ => Err("`data` is no list"),
    }
}

/// The object in an answer, wrapped or bare. A body counts as wrapped when `data` stands beside `status_code` or `message`.
pub fn object(body: &Value) -> Result<&Map<String, Value>, &'static str> {
    let map = body.as_object().ok_or("the answer is no object")?;
    match map.get("data") {
        Some(Value::Object(data)) => Ok(data),
        Some(_) if map.contains_key("status_code") || map.contains_key("message") => {
            Err("`data` is no object")
        }
        _ if map.contains_key("status_code") => Err("there is no `data`"),
        _ => Ok(map),
    }
}

/// How many rows there are in all, when the answer says.
pub fn count(body: &Value) -> Option<u64> {
    whole(body.get("count")?)
}

/// A whole number, also when it is written as a text of digits.
pub fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

/// The number in a row about one, as it is compared.
pub fn number_in(row: &Value) -> Option<String> {
    let number = text::number(&text_of(row.get("number")?)?);
    (!number.is_empty()).then_some(number)
}

/// The number in a row as the service spells it, where that is not how it is compared.
pub fn spelling_in(row: &Value) -> Option<String> {
    text_of(row.get("number")?).filter(|spelling| text::number(spelling) != *spelling)
}

/// Whether a row of the numbers' listing offers its number to a bridge: neither taken, closed nor switched off. A row that
/// does not say is an offer; vocabularies are compared whatever their letter case (unpod.md 8).
pub fn is_offered(row: &Value) -> bool {
    let free = row.get("state").and_then(Value::as_str).is_none_or(|state| {
        ["NOT_ASSIGNED", "UNASSIGNED", "AVAILABLE"].iter().any(|word| word.eq_ignore_ascii_case(state))
    });
    free && row.get("active").and_then(Value::as_bool) != Some(false)
}

/// Keys of a bridge that telform has a use for.
const BRIDGE: [&str; 9] =
    ["id", "name", "slug", "description", "region", "status", "documents_status", "provider", "org_handle"];
/// Keys of a number on a bridge that telform has a use for.
const NUMBER: [&str; 4] = ["number", "number_id", "provider", "provider_config_id"];
/// Keys under which a number on a bridge names its configuration; of an object only its id and its owner are kept.
const LINKS: [&str; 2] = ["provider_configuration", "provider_credential"];

/// A bridge without what must not be kept: generation 1 shows the secrets of each number's configuration in clear
/// (unpod.md 6.2, recorded). `numbers` stays out when the row has none.
pub fn slim_bridge(row: &Map<String, Value>) -> Value {
    let mut slim = picked(row, &BRIDGE);
    name_others(row, "", &BRIDGE, &mut slim);
    if let Some(Value::Array(numbers)) = row.get("numbers") {
        for number in numbers.iter().filter_map(Value::as_object) {
            name_others(number, "numbers.", &NUMBER, &mut slim);
        }
        let numbers =
            numbers.iter().map(|number| number.as_object().map_or(Value::Null, slim_number)).collect();
        slim.insert("numbers".to_owned(), Value::Array(numbers));
    }
    Value::Object(slim)
}

/// Of everything else the name alone, where there is something.
fn name_others(row: &Map<String, Value>, under: &str, known: &[&str], slim: &mut Map<String, Value>) {
    for (key, value) in row.iter().filter(|(key, _)| *key != "numbers" && !known.contains(&key.as_str())) {
        if !says_nothing(value) {
            slim.entry(format!("{under}{key}")).or_insert(Value::Bool(true));
        }
    }
}

/// Whether there is nothing in a value.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn slim_number(row: &Map<String, Value>) -> Value {
    let mut slim = picked(row, &NUMBER);
    for key in LINKS {
        let kept = match row.get(key) {
            Some(Value::Object(configuration)) => Value::Object(picked(configuration, &["id", "org_handle"])),
            Some(other) => other.clone(),
            None => continue,
        };
        slim.insert(key.to_owned(), kept);
    }
    Value::Object(slim)
}

fn picked(row: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    keys.iter()
        .filter_map(|key| row.get_key_value(*key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
