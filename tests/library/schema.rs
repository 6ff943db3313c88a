//! The schemas in `schemas/` are those that the kind tables make, and they agree with the loader. `TELFORM_BLESS=1`
//! rewrites the files.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use telform::config::desired;
use telform::config::schema;
use telform::services;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn validator(kind: Option<&str>) -> jsonschema::Validator {
    jsonschema::draft202012::new(&schema::schema_for(kind).unwrap()).unwrap()
}

/// Documents of a YAML file, read by another reader, merge keys resolved.
fn documents(path: &Path) -> Vec<Value> {
    use serde::Deserialize;
    let text = fs::read_to_string(path).unwrap();
    yaml_serde::Deserializer::from_str(&text)
        .map(|document| {
            let mut value = yaml_serde::Value::deserialize(document).unwrap();
            value.apply_merge().unwrap();
            serde_json::to_value(value).unwrap()
        })
        .collect()
}

#[test]
fn the_committed_schemas_are_fresh() {
    let kinds = services::kind_names();
    let all = std::iter::once(("telform", None)).chain(kinds.iter().map(|kind| (*kind, Some(*kind))));
    let mut expected: Vec<String> = Vec::new();
    for (name, kind) in all {
        let file = format!("{name}.schema.json");
        let text = format!("{}\n", serde_json::to_string_pretty(&schema::schema_for(kind).unwrap()).unwrap());
        let path = root().join("schemas").join(&file);
        if std::env::var_os("TELFORM_BLESS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "{file} is stale");
        expected.push(file);
    }
    for shape in telform::output::OUTPUT_FORMATS {
        let text = format!("{}\n", serde_json::to_string_pretty(&shape.schema()).unwrap());
        let path = root().join(shape.schema_file());
        if std::env::var_os("TELFORM_BLESS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "{} is stale", shape.schema_file());
        expected.push(shape.schema_file().trim_start_matches("schemas/").to_owned());
    }
    // Written by hand: where the catalogue of editors finds the schema, and which files it is for.
    expected.push("catalog-entry.json".to_owned());
    let entry: Value = serde_json::from_str(&fs::read_to_string(root().join("schemas/catalog-entry.json")).unwrap()).unwrap();
    assert_eq!(entry["fileMatch"][0], "telform.yaml");
    expected.sort();
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(root().join("schemas").join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name.contains('.')).map(|name| format!("{folder}{name}")).collect()
    };
    let mut found = names("");
    found.extend(names("output/"));
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn they_are_valid_schemas_themselves() {
    for kind in [None, Some("providers"), Some("bridges"), Some("partners")] {
        let schema = schema::schema_for(kind).unwrap();
        assert!(jsonschema::meta::is_valid(&schema));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
    for shape in telform::output::OUTPUT_FORMATS {
        let schema = shape.schema();
        assert!(jsonschema::meta::is_valid(&schema), "{}", shape.format);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert!(schema["description"].as_str().is_some_and(|text| !text.is_empty()), "{}", shape.format);
    }
    assert!(schema::schema_for(Some("trunks")).is_none());
}

/// Configurations in a folder and below; worlds of the sandbox and files of other tools are none.
fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if name.ends_with(".yaml") && !name.starts_with("world") && !name.starts_with("pre-commit") {
            found.push(path);
        }
    }
}

#[test]
fn good_files_are_valid() {
    let validator = validator(None);
    let mut paths = Vec::new();
    yaml_files(&root().join("tests/good-yaml"), &mut paths);
    yaml_files(&root().join("examples"), &mut paths);
    assert!(paths.len() >= 12, "{paths:?}");
    for path in paths {
        for document in documents(&path) {
            let errors: Vec<String> =
                validator.iter_errors(&document).map(|error| format!("{} at {}", error, error.instance_path())).collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        }
    }
}

#[test]
fn bad_samples_are_not() {
    let validator = validator(None);
    for sample in [
        json!({ "version": 2 }),
        json!({ "partnres": {} }),
        json!({ "providers": null }),
        json!({ "providers": { "a b": {} } }),
        json!({ "accounts": { "a": { "api": "unpod", "token": { "env": "T" } } } }),
        json!({ "accounts": { "a": { "api": "carrierx", "token": "literal" } } }),
        json!({ "accounts": { "a": { "api": "carrierx", "token": { "env": "A", "file": "b" } } } }),
        json!({ "accounts": { "a": { "api": "carrierx", "token": { "env": "A" }, "org_handle": "x" } } }),
        json!({ "providers": { "a": { "provider": "twilio", "account_sid": "AC", "auth_token": "literal" } } }),
        json!({ "providers": { "a": { "provider": "twilio", "auth_token": { "env": "T" } } } }),
        json!({ "partners": { "a": { "zip": "90804" } } }),
        json!({ "partners": { "a": { "login": "a", "country_code": "US" } } }),
        json!({ "providers": { "a": { "provider": "t", "account_sid": "AC", "name": "x", "auth_token": { "env": "T" } } } }),
        json!({ "bridges": { "a": { "name": "A", "slug": "A B" } } }),
        json!({ "bridges": { "a": { "name": "A", "slug": "a", "numbers": { "1415": { "provider": "x" } } } } }),
        json!({ "bridges": { "a": { "name": "A", "slug": "a", "numbers": { "+14155550101": {} } } } }),
        json!({ "partners": { "a": { "id": "x", "balance": "5" } } }),
        json!({ "guards": { "max_delete_percent": 101 } }),
        json!({ "removed": [{ "reason": "x" }] }),
        json!({ "removed": [{ "address": "trunks.x" }] }),
        json!({ "overlay": "true" }),
        json!({ "overlay": false, "accounts": { "a": { "org_handle": "x" } } }),
        json!({ "accounts": { "a": { "org_handle": "x" } } }),
        json!({ "overlay": true, "accounts": { "a": { "org": "x" } } }),
        json!({ "overlay": true, "providers": { "a": { "auth_token": "literal" } } }),
        json!({ "overlay": true, "partners": { "a": { "zip": 1 } } }),
        json!({ "overlay": true, "partners": { "a": null } }),
        json!({ "partners": { "a-${b}": { "for_each": "p.xlsx", "login": "${b}" } } }),
        json!({ "partners": { "a-${b}": { "for_each": "p.csv", "colour": "${b}" } } }),
        json!({ "partners": { "a-${b}": { "for_each": [{ "b": ["x"] }], "login": "${b}" } } }),
        json!({ "partners": { "a-${b}": { "for_each": { "file": "p.csv", "sheet": 1 }, "login": "${b}" } } }),
        json!({ "partners": { "a-${b}": { "zip": "${b}" } } }),
        json!({ "removed": [{ "for_each": "p.csv", "adress": "partners.${b}" }] }),
    ] {
        assert!(!validator.is_valid(&sample), "{sample}");
    }
}

/// What the loader rejects because of one attribute's value, the schema rejects, too.
#[test]
fn the_loader_and_the_schema_agree_on_values() {
    let validator = validator(None);
    for (attribute, value, good) in [
        ("zip", json!("01234"), true),
        ("zip", json!(1234), false),
        ("zip", json!(null), false),
        ("zip", json!(" "), false),
        ("city", json!(null), true),
        ("city", json!(""), true),
        ("state", json!(null), false),
        ("owner_email", json!("a@b"), true),
        ("owner_email", json!("a@b@c"), false),
        ("owner_email", json!(""), false),
        ("billing_email", json!("a@b, c@d"), true),
        ("billing_email", json!("a@b, c"), false),
        ("billing_email", json!(""), true),
        ("tech_email", json!("a b@c"), false),
        ("phonenumber", json!("15162065574"), true),
        ("phonenumber", json!("+15162065574"), false),
        ("phonenumber", json!(""), false),
        ("charge_at", json!("20.50"), true),
        ("charge_at", json!(20), true),
        ("charge_at", json!("x"), false),
        ("charge_at", json!(null), false),
        ("acls", json!([]), true),
        ("acls", json!({}), false),
        ("acls", json!(null), true),
        ("callbacks", json!({}), true),
        ("callbacks", json!([]), false),
        ("update", json!("put"), true),
        ("update", json!("replace"), false),
        ("lifecycle", json!({ "ignore": ["zip"] }), true),
        ("lifecycle", json!({ "ignore": ["zpi"] }), false),
        ("lifecycle", json!({ "prevent_delete": 1 }), false),
        ("password", json!("x"), false),
        ("balance", json!("5"), false),
        ("colour", json!("blue"), false),
    ] {
        let mut partner = json!({
            "login": "l", "password": { "env": "P" }, "name": "n", "company_name": "c", "country_code": "USA",
            "zip": "1", "owner_email": "a@b", "phonenumber": "1", "payment_type": "prepay",
        });
        partner[attribute] = value.clone();
        let file = json!({
            "version": 1, "accounts": { "c": { "api": "carrierx", "token": { "env": "T" } } }, "partners": { "p": partner },
        });
        let loaded = desired::load_text("x.yaml", Path::new(""), &file.to_string());
        assert_eq!(loaded.is_ok(), good, "loader: {attribute}: {value}: {:?}", loaded.err());
        assert_eq!(validator.is_valid(&file), good, "schema: {attribute}: {value}");
    }
}

#[test]
fn every_attribute_is_described() {
    for kind in services::kind_names() {
        let schema = schema::schema_for(Some(kind)).unwrap()["else"].clone();
        let shapes = schema["anyOf"].as_array().filter(|shapes| shapes[0].get("title").is_some()).cloned();
        for shape in shapes.unwrap_or_else(|| vec![schema.clone()]) {
            for (name, about) in shape["properties"].as_object().unwrap() {
                let text = about["description"].as_str().unwrap_or_default();
                assert!(!text.is_empty() || name == "lifecycle", "{kind}.{name}");
            }
        }
    }
}
