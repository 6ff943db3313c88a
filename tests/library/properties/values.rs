//! Values for attributes, from small pools so that equal and nearly equal ones meet often.

use serde_json::{Value, json};
use telform::model::kind::{AttributeAccess, AttributeType, Field, Kind, Normaliser};

use crate::properties::dice::Dice;

pub(crate) const NUMBERS: [&str; 6] =
    ["+14155550101", "+14155550102", "+14155550103", "+14155550104", "+14155550105", "+14155550106"];

/// The mark of every secret in these tests: it must come up nowhere.
pub(crate) const CANARY: &str = "canary";

pub(crate) fn secret(dice: &mut Dice) -> String {
    format!("{CANARY}-{}", dice.below(3))
}

/// A catalogue entry as a service shows it.
pub(crate) fn catalogue_shown(generation: u8, entry: usize) -> Value {
    match generation {
        1 => json!([4, 5, 6][entry]),
        _ => json!(["twilio", "plivo", "exotel"][entry]),
    }
}

/// A value as a service shows it.
pub(crate) fn shown(field: &Field, generation: Option<u8>, dice: &mut Dice) -> Value {
    match (field.name, field.ty) {
        _ if field.access == AttributeAccess::CarriedOver && !field.known_values.is_empty() => {
            json!(dice.pick(field.known_values))
        }
        (_, AttributeType::CatalogueEntry) => catalogue_shown(generation.unwrap_or(2), dice.below(3)),
        ("account_sid", _) => json!(dice.pick(&["A0", "A1", "A2", "A3"])),
        ("slug", _) => json!(dice.pick(&["sales", "support", "ops", "night"])),
        ("login", _) => json!(dice.pick(&["l0", "l1", "l2", "l3"])),
        ("parent_sid", _) => dice.pick(&[json!(null), json!(null), json!(null), json!("sid-0"), json!("sid-1")]),
        ("payment_type", _) => json!(dice.pick(&["postpay", "prepay"])),
        ("country_code" | "created_at" | "date_created" | "display_id" | "status", _) => json!("USA"),
        _ if field.needs_verification => dice.pick(&[json!("a@b.example"), json!("c@d.example"), json!(null)]),
        (_, AttributeType::Text) => dice.pick(&[json!("one"), json!("two"), json!(null), json!("")]),
        (_, AttributeType::Decimal) => dice.pick(&[json!(null), json!("5"), json!("7.5")]),
        (_, AttributeType::Number) => dice.pick(&[json!(null), json!(5), json!(7.5)]),
        (_, AttributeType::Integer) => json!(dice.below(3)),
        (_, AttributeType::Bool) => json!(dice.below(2) == 0),
        (_, AttributeType::List) => dice.pick(&[json!([]), json!([{"rule": "a"}]), json!([{"rule": "a"}, {"rule": "b"}])]),
        (_, AttributeType::Map) => dice.pick(&[json!({}), json!({"tier": "gold"}), json!({"tier": "gold", "desk": "north"})]),
        (_, AttributeType::Opaque) => dice.pick(&[json!(null), json!({}), json!([{"meta_key": "k", "meta_value": 7}])]),
        (_, AttributeType::Secret | AttributeType::Numbers | AttributeType::ServedBy | AttributeType::Reference(_)) => {
            Value::Null
        }
    }
}

/// Another spelling of the same value, or the same.
pub(crate) fn respelled(field: &Field, generation: Option<u8>, value: &Value, dice: &mut Dice) -> Value {
    match (field.normaliser, value) {
        (Normaliser::Catalogue, Value::Number(id)) if generation == Some(1) => {
            let name = ["LiveKit", "Daily", "Vapi"].get(id.as_u64().unwrap_or(4) as usize - 4);
            dice.pick(&[value.clone(), json!(name), json!(id.to_string())])
        }
        (Normaliser::Decimal, Value::String(text)) => {
            dice.pick(&[value.clone(), json!(format!("0{text}")), json!(format!("+{text}"))])
        }
        (Normaliser::EmptyIsNull, Value::Null) => dice.pick(&[Value::Null, json!(""), json!("  ")]),
        (Normaliser::EmptyIsNull, Value::String(text)) if !text.is_empty() => {
            dice.pick(&[value.clone(), json!(format!(" {text} "))])
        }
        (Normaliser::Mail, Value::String(text)) => dice.pick(&[value.clone(), json!(text.replace(".example", ".EXAMPLE"))]),
        (Normaliser::Collection, Value::Array(items)) if items.is_empty() => dice.pick(&[value.clone(), Value::Null]),
        _ => value.clone(),
    }
}

/// A wanted value of a field, without values that would usually be refused.
pub(crate) fn wanted(kind: &Kind, field: &Field, dice: &mut Dice) -> Value {
    let mut value = shown(field, kind.generation, dice);
    if field.required && (value.is_null() || value.as_str() == Some("")) {
        value = json!(if field.needs_verification { "a@b.example" } else { "one" });
    }
    respelled(field, kind.generation, &value, dice)
}

/// Whether the YAML may state a field as a plain value.
pub(crate) fn plain(field: &Field) -> bool {
    field.is_stated() && !matches!(field.ty, AttributeType::Secret | AttributeType::Numbers | AttributeType::ServedBy)
}
