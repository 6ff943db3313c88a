//! The keys of the YAML: the lists that the loader reads, and the same as JSON Schema for editors.
//!
//! The schema is made from the kind tables. It checks less than the loader (an editor does not know the other files), but
//! it rejects nothing that the loader silently accepts.

use serde_json::{Map, Value, json};

use crate::model::guards::GUARDS;
use crate::model::kind::{AccountSetting, Kind, ServiceTable, SettingType, UpdateMethod};
use crate::services;

mod for_each;
mod object;

use for_each::{name_schema, or_for_each, rows_schema};
use object::{address_schema, number_entries_schema, object_defaults_schema, object_schema};

/// Keys of an object that belong to telform, not to the service.
pub const OBJECT: [&str; 4] = ["account", "id", "lifecycle", "update"];
/// Keys under `lifecycle`.
pub const LIFECYCLE: [&str; 2] = ["prevent_delete", "ignore"];
/// Keys of a tombstone, besides the natural key of its kind.
pub const TOMBSTONE: [&str; 5] = ["address", "reason", "account", "id", "keep"];
/// Keys of a rename; the last one makes it a move from that account.
pub const RENAME: [&str; 3] = ["from", "to", "account"];
/// The prefix of an account's name in a rename, in place of a kind.
pub const ACCOUNTS: &str = "accounts";
/// Key at the top of a file that overrides values of others.
pub const OVERLAY: &str = "overlay";

/// Key of the objects that are only referred to.
pub const EXISTING: &str = "existing";
/// Keys of such an object, besides the natural key of its kind.
pub const REFERENCE: [&str; 2] = ["account", "id"];
/// Key of the attributes that the entries of a kind share, at the top and in an account.
pub const DEFAULTS: &str = "defaults";
/// Key of an entry that makes one for each row of a table.
pub const FOR_EACH: &str = "for_each";
/// Keys under it, where it is a map.
pub const TABLE: [&str; 3] = ["file", "separator", "ignore"];
/// Keys of the policy.
pub const POLICY: [&str; 1] = ["command"];

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Syntax of names; the loader checks the same in code.
const NAME: &str = "^[A-Za-z0-9_][A-Za-z0-9_.-]*$";
const SLUG: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";
/// The durations that an editor can check; the loader accepts a few more spellings.
const DURATION: &str = "^[0-9]";
/// A time of day in UTC, with or without seconds.
const TIME: &str = "^\\s*([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]+)?)?[Zz]?\\s*$";
const E164: &str = "^\\+[1-9][0-9]{6,14}$";

/// Keys that an account of a service knows.
pub fn account_keys(service: &ServiceTable) -> Vec<&'static str> {
    let common = ["api", "base_url", "was", "token", "requests_per_minute", "max_in_flight", "settle_after", "guards", DEFAULTS];
    common.into_iter().chain(service.settings.iter().map(|setting| setting.name)).collect()
}

/// Keys of telform itself that objects of these shapes may have.
pub fn object_keys(shapes: &[&'static Kind]) -> Vec<&'static str> {
    let put = shapes.iter().any(|kind| matches!(kind.update, UpdateMethod::PatchOrPut { .. }));
    OBJECT.into_iter().filter(|key| *key != "update" || put).collect()
}

/// The copy that `telform init` writes for the editor, from the folder of the configuration.
pub const SCHEMA_COPY: &str = ".telform/telform.schema.json";

/// The schema as a file; empty for a kind that does not exist.
pub fn schema_text(kind: Option<&str>) -> String {
    schema_for(kind).map(|schema| format!("{schema:#}\n")).unwrap_or_default()
}

/// JSON Schema (draft 2020-12) of a whole file, or of the objects of one kind. `None` for a kind that does not exist.
pub fn schema_for(kind: Option<&str>) -> Option<Value> {
    let mut schema = match kind {
        None => file_schema(),
        Some(name) => match services::link_entry(name) {
            Some((_, words)) => number_entries_schema(words, true)["patternProperties"][E164].take(),
            None => or_for_each(object_schema(name, true)?),
        },
    };
    let title = kind.map_or("telform configuration".to_owned(), |name| format!("One of the {name}"));
    let entries = schema.as_object_mut()?;
    let mut whole = Map::new();
    whole.insert("$schema".into(), DIALECT.into());
    whole.insert("$id".into(), format!("urn:telform:schema:{}", kind.unwrap_or("telform")).into());
    whole.insert("title".into(), title.into());
    whole.append(entries);
    whole.insert("$defs".into(), json!({ "secret": secret_schema(), "guards": guards_schema(), FOR_EACH: rows_schema() }));
    let mut whole = Value::Object(whole);
    state_what_is_implied(&mut whole);
    Some(whole)
}

fn file_schema() -> Value {
    let mut properties = Map::new();
    properties.insert("version".into(), json!({ "const": 1, "description": "Version of this format." }));
    properties.insert(
        OVERLAY.into(),
        json!({
            "type": "boolean", "default": false,
            "description": "This file overrides values of the same account or address in the files before it.",
        }),
    );
    properties.insert(
        "accounts".into(),
        json!({
            "description": "Each account is one login at one service.", "type": "object", "propertyNames": name_schema(),
        }),
    );
    properties.insert(DEFAULTS.into(), defaults_schema(services::address_kinds().into_iter()));
    properties.insert("guards".into(), json!({ "$ref": "#/$defs/guards" }));
    properties.insert(
        "ledger".into(),
        json!({ "description": "Where the ledger is: a path, or the address of an object store.", "type": "string", "minLength": 1 }),
    );
    properties.insert("policy".into(), policy_schema());
    for name in services::kind_names() {
        let singular = services::shapes_of_kind(name).first().map_or("object", |kind| kind.singular);
        properties.insert(
            name.into(),
            json!({
                "description": format!("Each entry is one {singular}, under a name of your choice. `{{}}` means none."), "type": "object",
                "propertyNames": name_schema(),
            }),
        );
    }
    for kind in services::address_kinds() {
        if let Some((_, words)) = services::link_entry(kind) {
            properties.insert(
                kind.into(),
                json!({
                    "description": format!("Each entry is one {}. `{{}}` means none.", words.singular), "type": "object",
                }),
            );
        }
    }
    properties.insert(EXISTING.into(), existing_schema());
    properties.insert(
        "removed".into(),
        json!({
            "description": "Objects to delete or release. You can keep an entry afterwards.", "type": "array",
            "items": or_for_each(tombstone_schema()),
        }),
    );
    properties.insert(
        "moved".into(),
        json!({
            "description": "Renames of objects or accounts; nothing changes at the service. With `account` the object moves from that account to the one of its entry. You can keep an entry afterwards.",
            "type": "array", "items": or_for_each(rename_schema()),
        }),
    );
    json!({
        "type": "object", "properties": properties, "additionalProperties": false,
        "if": { "properties": { OVERLAY: { "const": true } }, "required": [OVERLAY] },
        "then": { "properties": section_schemas(false) },
        "else": { "properties": section_schemas(true) },
    })
}

/// Accounts and objects: complete, or as in an overlay, with only the keys that it overrides.
fn section_schemas(whole: bool) -> Map<String, Value> {
    let accounts: Vec<Value> = services::tables().iter().map(|service| account_schema(service, whole)).collect();
    let mut entries = Map::new();
    entries.insert("accounts".into(), json!({ "additionalProperties": or_for_each(json!({ "anyOf": accounts })) }));
    for name in services::kind_names() {
        entries.insert(name.into(), json!({ "additionalProperties": object_schema(name, whole).map(or_for_each) }));
    }
    for (kind, words) in services::address_kinds().into_iter().filter_map(|kind| Some((kind, services::link_entry(kind)?.1))) {
        entries.insert(kind.into(), number_entries_schema(words, whole));
    }
    entries
}

/// Attributes that the entries of some kinds share.
fn defaults_schema(kinds: impl Iterator<Item = &'static str>) -> Value {
    let properties: Map<String, Value> =
        kinds.filter_map(|name| Some((name.to_owned(), object_defaults_schema(name)?))).collect();
    json!({
        "description": "Attributes that the entries of a kind share. Values of an entry override them; defaults of an account override those at the top.",
        "type": "object", "additionalProperties": false, "properties": properties,
    })
}

fn account_schema(service: &ServiceTable, whole: bool) -> Value {
    let keys = account_keys(service);
    let properties: Map<String, Value> = keys.into_iter().map(|key| (key.to_owned(), account_key(service, key))).collect();
    let required = if whole { account_needs(service) } else { Vec::new() };
    json!({
        "title": format!("account of {}", service.title), "type": "object", "properties": properties,
        "required": required, "additionalProperties": false,
    })
}

/// The schema of one key of an account, with a description.
pub fn account_key(service: &ServiceTable, key: &str) -> Value {
    match key {
        "api" => {
            json!({ "const": service.api, "description": format!("An account of {}.", service.title) })
        }
        "base_url" => json!({
            "type": "string", "pattern": "^https?://[^@?#\\s\\\\]+$", "default": service.base_url,
            "description": "URL of the service: https, or http on loopback.",
        }),
        "was" => json!({
            "type": "string", "pattern": "^https?://[^@?#\\s\\\\]+$",
            "description": "The earlier base_url of the service, so that the ledger follows it to the new one.",
        }),
        "token" => json!({ "$ref": "#/$defs/secret", "description": "The account's token." }),
        "requests_per_minute" => json!({
            "type": "integer", "minimum": 1, "maximum": 1_000_000, "default": service.requests_per_minute,
            "description": "Maximum requests per minute.",
        }),
        "max_in_flight" => json!({
            "type": "integer", "minimum": 1, "maximum": 1_000_000,
            "description": format!(
                "Maximum requests at the same time; {} reads and {} writes by default.",
                service.reads_in_flight, service.writes_in_flight
            ),
        }),
        "settle_after" => json!({
            "type": "string", "pattern": DURATION, "default": "5m", "examples": ["5m", "90s"],
            "description": "How long a create without an answer may still be running.",
        }),
        "guards" => json!({ "$ref": "#/$defs/guards" }),
        DEFAULTS => {
            let entry = service.link_entry().map(|entry| entry.kind);
            defaults_schema(service.kinds.iter().map(|kind| kind.name).chain(entry))
        }
        key => service.setting(key).map_or(Value::Null, setting_schema),
    }
}

fn setting_schema(setting: &AccountSetting) -> Value {
    let mut schema = match setting.ty {
        SettingType::Text => json!({ "type": "string", "minLength": 1, "examples": setting.examples }),
        SettingType::Texts => json!({
            "type": "array", "minItems": 1, "uniqueItems": true, "examples": [setting.examples],
            "items": { "type": "string", "minLength": 1 },
        }),
        SettingType::Choice(numbers) => {
            let mut words: Vec<Value> = setting.auto().into_iter().map(Value::from).collect();
            words.extend(numbers.iter().map(|number| json!(number)));
            words.extend(numbers.iter().map(|number| json!(number.to_string())));
            let mut schema = json!({ "enum": words });
            if let Some(auto) = setting.auto() {
                schema["default"] = auto.into();
            }
            schema
        }
        SettingType::Switch => json!({ "type": "boolean", "default": false }),
        SettingType::Word(word) => json!({ "enum": [word] }),
        SettingType::EmptyOrNull => json!({ "enum": ["", null] }),
    };
    schema["description"] = setting.doc.into();
    schema
}

/// Strict validators want it said wherever a keyword implies it: what has properties is an object, and what is required may be
/// there.
fn state_what_is_implied(schema: &mut Value) {
    const OF_OBJECTS: [&str; 7] = [
        "properties",
        "patternProperties",
        "additionalProperties",
        "propertyNames",
        "required",
        "minProperties",
        "maxProperties",
    ];
    let Some(keys) = schema.as_object_mut() else { return };
    let is_about_objects = OF_OBJECTS.iter().any(|key| keys.contains_key(*key));
    if is_about_objects && !keys.contains_key("type") {
        keys.insert("type".into(), "object".into());
    }
    let required: Vec<Value> = keys.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    for name in required.iter().filter_map(Value::as_str) {
        if let Some(properties) = keys.entry("properties").or_insert_with(|| json!({})).as_object_mut() {
            properties.entry(name).or_insert(Value::Bool(true));
        }
    }
    for (key, value) in keys {
        match (key.as_str(), value) {
            // Here the keys are names of the configuration, and each value is a schema.
            ("properties" | "patternProperties" | "$defs", Value::Object(named)) => {
                named.values_mut().for_each(state_what_is_implied)
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(list)) => list.iter_mut().for_each(state_what_is_implied),
            ("additionalProperties" | "propertyNames" | "items" | "if" | "then" | "else" | "not", one) => {
                state_what_is_implied(one)
            }
            _ => {}
        }
    }
}

/// Required keys of an account of a service.
pub fn account_needs(service: &ServiceTable) -> Vec<&'static str> {
    let own = service.settings.iter().filter(|setting| setting.required.is_some());
    ["api", "token"].into_iter().chain(own.map(|setting| setting.name)).collect()
}

fn secret_schema() -> Value {
    json!({
        // What an editor shows where something else is: `Incorrect type. Expected "…"`.
        "title": "a source such as { env: NAME }, never the secret itself",
        "description": "Source of a secret, never the secret itself.",
        "type": "object",
        "properties": {
            "env": { "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "description": "An environment variable." },
            "file": { "type": "string", "minLength": 1, "description": "A file; relative to this one." },
            "command": {
                "type": "array", "items": { "type": "string" }, "minItems": 1,
                "description": "A program and its arguments; run only with --allow-commands.",
            },
        },
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
    })
}

fn guards_schema() -> Value {
    let mut properties = Map::new();
    for guard in GUARDS {
        let mut number = json!({ "type": "integer", "minimum": 0, "description": guard.schema });
        if let Some(most) = guard.most {
            number["maximum"] = json!(most);
        }
        properties.insert(guard.name.into(), number);
    }
    json!({ "description": "Limits for a plan: at the top for the whole run, in an account for that account. Both apply.", "type": "object", "properties": properties, "additionalProperties": false })
}

fn policy_schema() -> Value {
    let mut properties = Map::new();
    properties.insert(
        POLICY[0].into(),
        json!({
            "description": "The program and its arguments. It runs in the folder of this file, without a shell, and only with --allow-commands.",
            "type": "array", "minItems": 1, "items": { "type": "string" },
        }),
    );
    json!({
        "description": "A program that reads every plan as JSON and refuses it with any exit code other than 0.",
        "type": "object", "properties": properties, "required": POLICY, "additionalProperties": false,
    })
}

fn rename_schema() -> Value {
    let texts = ["The old address of the object.", "The new address."];
    let mut properties: Map<String, Value> =
        RENAME.into_iter().zip(texts).map(|(key, text)| (key.to_owned(), named_address_schema(text))).collect();
    let text = "The account that the object leaves; telform creates it in the account of its entry and deletes it here.";
    properties.insert(RENAME[2].into(), json!({ "type": "string", "minLength": 1, "description": text }));
    json!({ "type": "object", "properties": properties, "required": &RENAME[..2], "additionalProperties": false })
}

/// The address of an object, or an account after its prefix.
fn named_address_schema(text: &str) -> Value {
    let mut named = address_schema(text);
    if let Some(pattern) = named["pattern"].as_str().map(|it| it.replacen('(', &format!("({ACCOUNTS}|"), 1)) {
        named["pattern"] = pattern.into();
    }
    named
}

/// Objects that are only referred to, by kind and by the user's name for each.
fn existing_schema() -> Value {
    let of_kind = |name: &'static str| {
        let mut properties = Map::new();
        properties.insert("account".into(), json!({ "type": "string", "description": "Account that holds it." }));
        properties.insert("id".into(), json!({ "type": ["string", "integer"], "description": "Its identity." }));
        properties.extend(natural_key_properties(services::shapes_of_kind(name).into_iter()));
        let entry = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        (name.to_owned(), json!({ "type": "object", "propertyNames": name_schema(), "additionalProperties": or_for_each(entry) }))
    };
    let properties: Map<String, Value> = services::kind_names().into_iter().map(of_kind).collect();
    json!({
        "description": "Objects that entries may refer to, and that telform never changes, deletes or manages: each by its `id` or its whole natural key.",
        "type": "object", "additionalProperties": false, "properties": properties,
    })
}

/// The fields that identify objects of these kinds, each once.
fn natural_key_properties(kinds: impl Iterator<Item = &'static Kind>) -> Map<String, Value> {
    let mut properties = Map::new();
    for kind in kinds {
        for name in kind.natural_key {
            let text = format!("Part of what identifies it: {}", kind.field(name).map_or("", |field| field.doc));
            properties.entry(*name).or_insert(json!({ "type": ["string", "integer"], "description": text }));
        }
    }
    properties
}

fn tombstone_schema() -> Value {
    let mut properties = Map::new();
    properties.insert("address".into(), address_schema("The old address of the object."));
    properties.insert("reason".into(), json!({ "type": "string", "description": "Reason, shown in reviews." }));
    properties.insert("account".into(), json!({ "type": "string", "description": "Account that holds it." }));
    properties.insert("id".into(), json!({ "type": ["string", "integer"], "description": "Its identity." }));
    properties
        .insert("keep".into(), json!({ "type": "boolean", "default": false, "description": "Release it without deleting it." }));
    properties.extend(natural_key_properties(services::tables().iter().flat_map(|service| service.kinds.iter().copied())));
    json!({ "type": "object", "properties": properties, "required": ["address"], "additionalProperties": false })
}
