//! Objects: one schema for each shape of a kind, made from its table.

use serde_json::{Map, Value, json};

use super::for_each::or_for_each;
use super::{E164, SLUG, TIME};
use crate::config::desired::may_have_default;
use crate::model::kind::{AttributeAccess, AttributeType, Field, Kind, LinkEntry, Normaliser, Part, TextGrammar, UpdateMethod};
use crate::services;

/// Objects of one kind: one shape, or any of several generations'.
pub(super) fn object_schema(name: &str, whole: bool) -> Option<Value> {
    let shapes = services::shapes_of_kind(name);
    match shapes.as_slice() {
        [] => None,
        [one] => Some(shape_schema(one, whole)),
        several => Some(json!({ "anyOf": several.iter().map(|kind| shape_schema(kind, whole)).collect::<Vec<_>>() })),
    }
}

/// Defaults of one kind: what its entries may share, over all shapes.
pub(super) fn object_defaults_schema(name: &str) -> Option<Value> {
    if let Some((_, words)) = services::link_entry(name) {
        let properties = reference_properties(words);
        let title = format!("defaults of each {}", words.singular);
        return Some(json!({ "title": title, "type": "object", "properties": properties, "additionalProperties": false }));
    }
    let shapes = services::shapes_of_kind(name);
    let mut properties = Map::new();
    for kind in &shapes {
        let mut shape = shape_schema(kind, false);
        for (key, about) in shape["properties"].as_object_mut()? {
            if may_have_default(&shapes, key) {
                properties.entry(key.clone()).or_insert(about.take());
            }
        }
    }
    let singular = shapes.first()?.singular;
    Some(json!({
        "title": format!("defaults of each {singular}"), "type": "object", "properties": properties, "additionalProperties": false,
    }))
}

fn shape_schema(kind: &'static Kind, whole: bool) -> Value {
    let mut properties = Map::new();
    properties.insert(
        "account".into(),
        json!({
            "type": "string", "description": "Account that holds it; may be left out when only one can.",
        }),
    );
    properties.insert("id".into(), id_schema(kind));
    let writable = || kind.fields.iter().filter(|field| field.is_stated());
    let names: Vec<&str> = writable().map(|field| field.name).collect();
    properties.insert(
        "lifecycle".into(),
        json!({
            "type": "object", "additionalProperties": false,
            "properties": {
                "prevent_delete": { "type": "boolean", "description": "Refuses any plan that would delete it." },
                "ignore": {
                    "type": "array", "items": { "enum": names },
                    "description": "Attributes that are used on create and never compared afterwards.",
                },
            },
        }),
    );
    if matches!(kind.update, UpdateMethod::PatchOrPut { .. }) {
        properties.insert(
            "update".into(),
            json!({
                "enum": ["patch", "put"], "default": "patch",
                "description": "How it is updated: only what differs, or the whole object.",
            }),
        );
    }
    for field in writable() {
        let about = attribute_schema(kind, field);
        let place = match field.group() {
            Some(group) => {
                let about = "Attributes of one map: each is owned separately, and what is not mentioned is left alone.";
                let map = || json!({ "type": "object", "properties": {}, "additionalProperties": false, "description": about });
                &mut properties.entry(group).or_insert_with(map)["properties"][field.own_name()]
            }
            None => properties.entry(field.name).or_insert(Value::Null),
        };
        *place = about;
    }
    // Further attributes of a create are required only where the object does not exist, which a file does not show.
    let required: Vec<&str> = writable().map(|field| field.name).filter(|name| kind.natural_key.contains(name)).collect();
    let title = match kind.generation {
        Some(generation) => format!("{} of generation {generation}", kind.singular),
        None => kind.singular.to_owned(),
    };
    let mut shape = json!({
        "title": title, "type": "object", "properties": properties, "additionalProperties": false,
    });
    if whole {
        shape["anyOf"] = json!([{ "required": required }, { "required": ["id"] }]);
    }
    shape
}

fn id_schema(kind: &Kind) -> Value {
    let description = "Identity of an existing object.";
    if kind.numeric_id {
        return json!({
            "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string", "pattern": "^[1-9][0-9]*$" }],
            "description": description,
        });
    }
    if kind.field(kind.id).is_some_and(|field| field.is_stated()) {
        return json!({ "type": "string", "pattern": SLUG, "maxLength": 50, "description": description });
    }
    json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$", "maxLength": 200, "description": description })
}

/// One attribute, as its row says.
fn attribute_schema(kind: &Kind, field: &Field) -> Value {
    let mut about = match field.ty {
        AttributeType::Secret => json!({ "$ref": "#/$defs/secret" }),
        AttributeType::Text => text_schema(kind, field),
        // An address, or an id, which a service may write as a number.
        AttributeType::Reference(_) => json!({ "type": ["string", "integer"], "pattern": "^[!-~]*$" }),
        AttributeType::CatalogueEntry => json!({ "type": ["string", "integer"], "minimum": 0 }),
        AttributeType::Decimal | AttributeType::Number => {
            json!({ "type": ["string", "number"], "pattern": "^\\s*[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)\\s*$" })
        }
        AttributeType::Integer => match field.bounds {
            Some((least, most)) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            None => json!({ "type": "integer", "minimum": 0 }),
        },
        AttributeType::Bool => json!({ "type": "boolean" }),
        AttributeType::List if field.holds_texts => json!({ "type": "array", "items": { "type": "string" } }),
        AttributeType::List if field.nested_keys.is_empty() => json!({ "type": "array" }),
        AttributeType::Map if field.nested_keys.is_empty() => json!({ "type": "object" }),
        AttributeType::List => {
            json!({ "type": "array", "items": { "properties": nested_keys_schema(field) } })
        }
        AttributeType::Map => json!({ "type": "object", "properties": nested_keys_schema(field) }),
        AttributeType::Numbers => numbers_schema(),
        AttributeType::ServedBy => json!({ "type": "string" }),
        // Never stated.
        AttributeType::Opaque => json!({}),
    };
    let clears = field.access == AttributeAccess::Modifiable
        && !field.required
        && (kind.can_clear(field) || field.ty == AttributeType::ServedBy)
        && !matches!(field.ty, AttributeType::Secret | AttributeType::Numbers);
    if clears {
        let one = about["type"].take();
        about["type"] = match one {
            Value::Array(mut several) => {
                several.push(json!("null"));
                Value::Array(several)
            }
            one => json!([one, "null"]),
        };
    }
    if !field.known_values.is_empty() {
        about["examples"] = json!(field.known_values);
    } else if !field.example.is_empty() {
        about["examples"] = json!([field.example]);
    }
    about["description"] = field.doc.into();
    about
}

/// Keys that are known inside, with their words: for an editor to offer, since a service may know others.
fn nested_keys_schema(field: &Field) -> Value {
    let about = |part: &Part| match (part.known_values, part.refers_to) {
        ([], None) => json!({}),
        ([], Some(kind)) => json!({ "description": format!("Names {kind}: `{kind}.NAME`, or an id.") }),
        (words, _) => json!({ "examples": words }),
    };
    Value::Object(field.nested_keys.iter().map(|part| (part.name.to_owned(), about(part))).collect())
}

fn text_schema(kind: &Kind, field: &Field) -> Value {
    let mut about = json!({ "type": "string" });
    if kind.id == field.name {
        about["pattern"] = SLUG.into();
        about["maxLength"] = 50.into();
    } else if field.required {
        about["pattern"] = "\\S".into();
    }
    if let Some((least, most)) = field.bounds {
        if least > 0 {
            about["minLength"] = least.into();
        }
        if most < u64::MAX {
            about["maxLength"] = most.into();
        }
    }
    match field.grammar {
        TextGrammar::Login => about["pattern"] = "^(?=.{0,4}[A-Za-z])[A-Za-z0-9]+$".into(),
        TextGrammar::Time => about["pattern"] = TIME.into(),
        TextGrammar::PhoneNumber => about["pattern"] = E164.into(),
        TextGrammar::Country => about["pattern"] = "^[A-Z]{3}$".into(),
        TextGrammar::Code if field.required => about["pattern"] = "^[!-~]+$".into(),
        TextGrammar::Code => about["pattern"] = "^[!-~]*$".into(),
        TextGrammar::Identifier if field.required => about["pattern"] = "^\\S+$".into(),
        TextGrammar::Identifier => about["pattern"] = "^\\S*$".into(),
        _ => {}
    }
    let pattern = match field.normaliser {
        Normaliser::Digits => "^[0-9]*$",
        Normaliser::Mail => "^([^@\\s,]+@[^@\\s,]+)?$",
        Normaliser::Mails => "^(\\s*[^@\\s,]+@[^@\\s,]+\\s*(,\\s*[^@\\s,]+@[^@\\s,]+\\s*)*)?$",
        _ => return about,
    };
    about["pattern"] = pattern.into();
    if field.required {
        about["minLength"] = 1.into();
    }
    about
}

fn numbers_schema() -> Value {
    let number = |needed: &[&str], as_shown: Value| {
        json!({
            "type": "object", "required": needed, "additionalProperties": false,
            "properties": {
                "provider": { "type": "string", "description": "Name of the entry that serves the number." },
                "as_shown": as_shown,
            },
        })
    };
    let about = "The number is named as the service shows it, and is not E.164.";
    json!({
        "type": "object",
        "patternProperties": { E164: number(&["provider"], json!({ "type": "boolean", "description": about })) },
        "additionalProperties": number(&["provider", "as_shown"], json!({ "const": true, "description": about })),
    })
}

/// The addresses that a number of its own names.
fn reference_properties(words: &LinkEntry) -> Value {
    json!({
        words.holder: { "type": "string", "description": format!("Name of the {} that the {} is on.", words.holder, words.singular) },
        words.target: { "type": "string", "description": format!("Name of the {} that serves it there.", words.target) },
    })
}

/// Numbers that are entries of their own: complete, or as in an overlay. What the defaults give may be left out.
pub(super) fn number_entries_schema(words: &LinkEntry, whole: bool) -> Value {
    let entry = |needed: &[&str], as_shown: Value| {
        let mut properties = reference_properties(words);
        properties["as_shown"] = as_shown;
        json!({ "type": "object", "required": needed, "properties": properties, "additionalProperties": false })
    };
    let about = "The number is named as the service shows it, and is not E.164.";
    let odd: &[&str] = if whole { &["as_shown"] } else { &[] };
    json!({
        "patternProperties": { E164: or_for_each(entry(&[], json!({ "type": "boolean", "description": about }))) },
        "additionalProperties": or_for_each(entry(odd, json!({ "const": true, "description": about }))),
    })
}

pub(super) fn address_schema(about: &str) -> Value {
    let kinds = services::kind_names().join("|");
    let entries = services::address_kinds().into_iter().filter(|kind| services::link_entry(kind).is_some());
    let entries = entries.map(|kind| format!("|^{kind}\\..+$")).collect::<String>();
    json!({
        "type": "string", "pattern": format!("^({kinds})\\.[A-Za-z0-9_][A-Za-z0-9_.-]*${entries}"), "description": about,
    })
}
