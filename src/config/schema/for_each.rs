//! Entries that make one for each row of a table: their keys are those of the entries that they make, and their values are
//! checked when they are filled in.

use serde_json::{Map, Value, json};

use super::{FOR_EACH, NAME};

/// A placeholder.
const PLACEHOLDER: &str = "\\$\\{[^}]+\\}";

/// Names of entries: of one, or with placeholders.
pub(super) fn name_schema() -> Value {
    json!({ "anyOf": [{ "pattern": NAME }, { "pattern": PLACEHOLDER }] })
}

/// Entries of this schema, or one that makes many of them.
pub(super) fn or_for_each(entry: Value) -> Value {
    let own = json!({ "$ref": format!("#/$defs/{FOR_EACH}") });
    let mut properties = Map::new();
    properties.insert(FOR_EACH.into(), own.clone());
    let shapes: Vec<&Value> = match entry["anyOf"].as_array().filter(|_| entry.get("properties").is_none()) {
        Some(shapes) => shapes.iter().collect(),
        None => vec![&entry],
    };
    for (key, about) in shapes.into_iter().filter_map(|shape| shape["properties"].as_object()).flatten() {
        let described = about.get("description").map_or(json!({}), |text| json!({ "description": text }));
        properties.entry(key.clone()).or_insert(described);
    }
    json!({
        "properties": { FOR_EACH: own },
        "if": { "required": [FOR_EACH] },
        "then": { "type": "object", "properties": properties, "additionalProperties": false },
        "else": entry,
    })
}

/// Where the rows come from.
pub(super) fn rows_schema() -> Value {
    let path = json!({
        "type": "string", "pattern": "\\.([Cc][Ss][Vv]|[Tt][Ss][Vv]|[Yy][Aa]?[Mm][Ll]|[Jj][Ss][Oo][Nn])$",
        "description": "A table, or a file with a list of maps; relative to this file, and below its folder.",
    });
    json!({
        "description": "Makes one entry for each row. `${column}` in keys and texts is filled in; `${column|upper}`, `|lower` and `|slug` change it; `$${` is a literal `${`.",
        "anyOf": [
            path,
            {
                "type": "array", "description": "The rows.",
                "items": { "type": "object", "additionalProperties": { "type": ["string", "number", "boolean", "null"] } },
            },
            {
                "type": "object", "required": ["file"], "additionalProperties": false,
                "properties": {
                    "file": path,
                    "separator": {
                        "enum": [",", ";", "\t", "comma", "semicolon", "tab"],
                        "description": "What separates the columns, where the head of the table does not show it.",
                    },
                    "ignore": {
                        "type": "array", "items": { "type": "string" },
                        "description": "Columns that no placeholder uses.",
                    },
                },
            },
        ],
    })
}
