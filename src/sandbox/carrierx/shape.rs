//! A partner as JSON, and the valid values of its fields (`api/carrierx.md`, sections 4 and 5).

use serde_json::{Map, Value, json};

use super::super::world::{PUBLIC_FIELDS, Partner};
use super::{RequestRefusal, refuse};

/// The two maps among the nested fields (sections 5.3 and 5.4).
pub(super) const MAPS: [&str; 2] = ["attributes", "callbacks"];

/// The three arrays of objects among the nested fields (sections 5.1 and 5.2).
pub(super) const ARRAYS: [&str; 3] = ["acls", "parent_assigned_acls", "transformations"];

/// Numbers that come back as texts (section 4.1).
pub(super) const MONEY: [&str; 6] =
    ["balance", "charge_at", "daily_spending_limit", "daily_spent_amount", "prepay_amount", "spending_limit"];

/// Whether a field is one of the five nested ones (section 6.1).
pub(super) fn is_nested(field: &str) -> bool {
    MAPS.contains(&field) || ARRAYS.contains(&field)
}

/// The value of a field that was not set (section 4.3).
pub(super) fn unset(field: &str) -> Value {
    match field {
        "available_scopes" => json!(["partners.read"]),
        "balance" => "5".into(),
        "daily_spending_limit" => "500".into(),
        "daily_spent_amount" => "0".into(),
        "spending_limit" => "100".into(),
        "state" => "".into(),
        field if MAPS.contains(&field) => json!({}),
        field if ARRAYS.contains(&field) => json!([]),
        _ => Value::Null,
    }
}

/// The current value of a field.
pub(super) fn value(partner: &Partner, field: &str) -> Value {
    partner.fields.get(field).cloned().unwrap_or_else(|| unset(field))
}

/// The 31 public fields; `password` is never among them.
pub(super) fn shown(partner: &Partner) -> Value {
    let fields: Map<String, Value> = PUBLIC_FIELDS.iter().map(|field| ((*field).to_owned(), value(partner, field))).collect();
    Value::Object(fields)
}

/// The same with only the fields that `includeFields` names, divided by commas (section 3.2); all where it names none.
pub(super) fn shown_in_part(partner: &Partner, include: Option<&str>) -> Value {
    in_part(shown(partner), include)
}

/// An object with only the fields that `includeFields` names.
pub(super) fn in_part(mut all: Value, include: Option<&str>) -> Value {
    let wanted: Vec<&str> = include.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if let (Value::Object(fields), false) = (&mut all, wanted.is_empty()) {
        fields.retain(|name, _| wanted.contains(&name.as_str()));
    }
    all
}

/// Checks the type of a value, and converts money into the text that a read returns.
///
/// `known_rules`: where only those may be named, the rules that there are (section 5.1).
pub(super) fn checked(field: &str, value: &Value, known_rules: Option<&[String]>) -> Result<Value, RequestRefusal> {
    match value {
        Value::Object(_) if MAPS.contains(&field) => Ok(value.clone()),
        Value::Array(items) if ARRAYS.contains(&field) => {
            for item in items {
                checked_item(field, item)?;
            }
            check_rules(known_rules, field, items)?;
            Ok(value.clone())
        }
        _ if is_nested(field) => refuse(422, field, "wrong type of value"),
        Value::Null | Value::String(_) => Ok(value.clone()),
        Value::Number(number) if MONEY.contains(&field) => Ok(number.to_string().into()),
        Value::Array(_) if field == "available_scopes" => Ok(value.clone()),
        _ => refuse(422, field, "wrong type of value"),
    }
}

/// A rule that an ACL item names exists.
fn check_rules(known: Option<&[String]>, field: &str, items: &[Value]) -> Result<(), RequestRefusal> {
    let Some(known) = known else { return Ok(()) };
    let named = items.iter().filter_map(|item| item.get("access_control_rules")?.as_array()).flatten();
    match named.filter_map(Value::as_str).find(|sid| !known.iter().any(|it| it == sid)) {
        Some(sid) => refuse(422, field, format!("no rule {sid}")),
        None => Ok(()),
    }
}

/// The enums of an ACL item (section 5.1); transformations are opaque (5.2).
fn checked_item(field: &str, item: &Value) -> Result<(), RequestRefusal> {
    let Some(fields) = item.as_object() else { return refuse(422, field, "objects are expected") };
    if field == "transformations" {
        return Ok(());
    }
    for (name, value) in fields {
        let allowed: &[&str] = match name.as_str() {
            "direction" => &["any", "inbound", "outbound", "undirected"],
            "sms_action_true" | "sms_action_false" => &["accept", "reject"],
            "voice_action_true" | "voice_action_false" => &["accept", "reject403", "reject503"],
            _ => continue,
        };
        if !value.is_null() && !value.as_str().is_some_and(|word| allowed.contains(&word)) {
            return refuse(422, field, format!("{name} must be one of {}", allowed.join(", ")));
        }
    }
    Ok(())
}
