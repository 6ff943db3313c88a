//! The result of valid files.
use std::path::{Path, PathBuf};

use telform::config::desired::{self, LoadedConfig};
use telform::config::problem::render_problems;
use telform::model::resource::{Address, DesiredValue, SecretSource};
use telform::model::value::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good-yaml")
}

fn load(name: &str) -> LoadedConfig {
    match desired::load_in(&folder(), &[PathBuf::from(name)]) {
        Ok(loaded) => loaded,
        Err(problems) => panic!("{}", render_problems(&problems, false, 100)),
    }
}

fn value(loaded: &LoadedConfig, address: &str, attribute: &str) -> Value {
    match &loaded.desired.objects[&Address::parse(address).unwrap()].attributes[&attribute] {
        DesiredValue::Value(value) => value.json(),
        DesiredValue::Secret(_) => panic!("a secret"),
    }
}

#[test]
fn the_example_of_the_manual() {
    let loaded = load("spec.yaml");
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let desired = &loaded.desired;
    assert_eq!(desired.accounts.keys().collect::<Vec<_>>(), ["unpod", "carrierx"]);
    let unpod = &desired.accounts["unpod"];
    assert_eq!(unpod.base_url.as_str(), "https://unpod.ai/api/v2/platform");
    assert_eq!((unpod.requests_per_minute, unpod.max_in_flight, unpod.generation()), (Some(60), Some(4), None));
    assert_eq!(unpod.token, SecretSource::Env("UNPOD_TOKEN".into()));
    assert_eq!(unpod.token_location.line, 10);
    assert_eq!(desired.guards.max_deletes, Some(1));
    assert_eq!(desired.kinds.iter().collect::<Vec<_>>(), ["bridges", "partners", "providers"]);
    let twilio = &desired.objects[&Address::new("providers", "twilio-main")];
    assert_eq!(twilio.shapes.iter().map(|kind| kind.generation).collect::<Vec<_>>(), [Some(2)]);
    assert!(twilio.prevent_delete && twilio.ignored_attributes.contains("account_sid") && !twilio.use_put);
    assert_eq!((twilio.location.line, twilio.location.column), (22, 3));
    assert_eq!((twilio.locations[&"account_sid"].line, twilio.locations[&"account_sid"].column), (25, 5));
    let livekit = &desired.objects[&Address::new("providers", "livekit-legacy")];
    assert_eq!(livekit.shapes.iter().map(|kind| kind.generation).collect::<Vec<_>>(), [Some(1)]);
    let DesiredValue::Secret(secret) = &livekit.attributes[&"api_secret"] else { panic!("no secret") };
    let SecretSource::File(file) = &secret.source else { panic!("no file") };
    assert_eq!((&*file.path, &*file.display_path), (&*folder().join("secrets/livekit"), "secrets/livekit"));
    assert!(secret.fingerprint.is_none());
    let sales = &desired.objects[&Address::new("bridges", "sales")];
    assert_eq!(sales.shapes.len(), 2);
    let number = &sales.numbers.as_ref().unwrap()["+14155550101"];
    assert_eq!(number.provider, Address::new("providers", "twilio-main"));
    assert_eq!(value(&loaded, "partners.acme-west", "zip"), "90804");
    assert_eq!(value(&loaded, "partners.acme-west", "parent_assigned_acls"), Value::Array(vec![]));
    assert_eq!(desired.removed[0].address, Address::new("providers", "old-plivo"));
    assert_eq!(desired.removed[0].reason.as_deref(), Some("contract ended 2026-10-31, ticket OPS-1432"));
}

/// Only the empty collection clears a nested value (carrierx.md 6.3): null is another way to write it.
#[test]
fn null_clears_each_sort_of_value_in_its_way() {
    let text = "version: 1\naccounts:\n  cx: { api: carrierx, token: { env: CX } }\npartners:\n  a:\n    \
                id: 6b4f1c52-8b1e-4a37-9d55-0c2be1a7f410\n    callbacks: null\n    acls: null\n    attributes: ~\n    \
                transformations:\n    tech_email: null\n";
    let loaded = desired::load_text("telform.yaml", Path::new(""), text).unwrap();
    let value = |attribute| value(&loaded, "partners.a", attribute);
    for map in ["callbacks", "attributes"] {
        assert_eq!(value(map), serde_json::json!({}), "{map}");
    }
    for list in ["acls", "transformations"] {
        assert_eq!(value(list), serde_json::json!([]), "{list}");
    }
    assert_eq!(value("tech_email"), Value::Null);
}

#[test]
fn aliases_merges_documents_and_sources() {
    let loaded = load("anchors.yaml");
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let desired = &loaded.desired;
    assert_eq!(value(&loaded, "partners.north", "login"), "acme-north");
    assert_eq!(value(&loaded, "partners.north", "zip"), "01234");
    assert_eq!(value(&loaded, "partners.south", "zip"), "01234");
    assert_eq!(value(&loaded, "partners.east", "charge_at"), "20");
    assert_eq!(value(&loaded, "partners.east", "prepay_amount"), "100.50");
    assert_eq!(value(&loaded, "partners.east", "address2"), Value::Null);
    assert_eq!(
        value(&loaded, "partners.east", "attributes"),
        serde_json::json!({
            "note": "yes", "size": 5, "ratio": 0.25, "nothing": null, "flag": true, "words": ["a", "b"]
        })
    );
    assert!(desired.objects[&Address::new("partners", "north")].use_put);
    assert_eq!(desired.accounts["up"].base_url.as_str(), "http://127.0.0.1:8080/api");
    assert!(desired.accounts["up"].settings.contains_key("disconnect_works"));
    assert!(desired.accounts["cx"].settings.contains_key("partner_delete"));
    assert_eq!(desired.accounts["cx"].guards.max_delete_percent, Some(10));
    assert_eq!(desired.objects[&Address::new("providers", "b")].id.as_deref(), Some("42"));
    assert_eq!(value(&loaded, "providers.b", "provider"), "4");
    assert_eq!(desired.removed[0].key["slug"].as_str(), Some("old-one"));
    assert_eq!(desired.removed[1].key.len(), 2);
    let ledger = desired.ledger.as_ref().unwrap();
    assert!(ledger.folder.join(&ledger.place).ends_with("good-yaml/state/ledger.json"));
}

#[test]
fn overlays_override_line_by_line() {
    let loaded = load("layers");
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let desired = &loaded.desired;
    let west = &desired.objects[&Address::new("partners", "west")];
    // A stated attribute replaces, null clears, a list and a nested value are replaced whole, the rest is kept.
    assert_eq!(value(&loaded, "partners.west", "zip"), "11111");
    assert_eq!(value(&loaded, "partners.west", "city"), Value::Null);
    assert_eq!(value(&loaded, "partners.west", "acls"), serde_json::json!([]));
    let callbacks = serde_json::json!({ "app_mediator": "https://staging.acme.example/mms" });
    assert_eq!(value(&loaded, "partners.west", "callbacks"), callbacks);
    assert_eq!(value(&loaded, "partners.west", "name"), "West");
    // Each value names the line and the layer that it comes from; the object is where it was first defined.
    let place = |name: &str| west.locations[&name].to_string();
    assert_eq!(place("zip"), "layers/a-staging.yaml:26:11");
    assert_eq!(place("city"), "layers/a-staging.yaml:18:5");
    assert_eq!(place("name"), "layers/base.yaml:20:5");
    assert_eq!(west.location.to_string(), "layers/base.yaml:18:3");
    assert_eq!(desired.objects[&Address::new("partners", "east")].location.line, 21);
    // Maps of telform's own are overridden key by key: the protection is not lost.
    let main = &desired.objects[&Address::new("providers", "main")];
    assert!(main.prevent_delete && main.ignored_attributes.iter().eq(["provider"]), "{:?}", main.ignored_attributes);
    let DesiredValue::Secret(secret) = &main.attributes[&"auth_token"] else { panic!("no secret") };
    assert_eq!(secret.source, SecretSource::Env("STAGING_AUTH".into()));
    let unpod = &desired.accounts["unpod"];
    assert_eq!(unpod.organization(), Some("acme-staging.example"));
    assert_eq!(unpod.base_url.as_str(), "http://127.0.0.1:8080/api");
    let SecretSource::File(file) = &unpod.token else { panic!("no file") };
    assert_eq!(file.path, folder().join("layers/token"), "beside the overlay");
    assert_eq!(unpod.token_location.to_string(), "layers/a-staging.yaml:8:5");
    assert_eq!((unpod.guards.max_deletes, unpod.guards.max_delete_percent), (Some(9), Some(10)));
    assert_eq!((desired.guards.max_deletes, desired.guards.max_numbers_dark), (Some(1), Some(6)));
    let ledger = desired.ledger.as_ref().unwrap();
    assert!(ledger.folder.join(&ledger.place).ends_with("layers/state/staging.json"));
    assert!(desired.objects.contains_key(&Address::new("bridges", "sales")), "defined in the same file");
    assert_eq!(loaded.overlays, ["layers/a-staging.yaml", "layers/a-staging.yaml"]);
}

#[test]
fn the_order_of_the_files_matters_for_overlays_only() {
    let dir = tempfile::tempdir().unwrap();
    let base = "version: 1\naccounts: { cx: { api: carrierx, token: { env: T } } }\npartners: { a: { id: 6b4f1c52-8b1e-4a37-9d55-0c2be1a7f410, zip: '1' } }\n";
    let overlay = |zip: &str| format!("overlay: true\npartners: {{ a: {{ zip: '{zip}' }} }}\n");
    std::fs::write(dir.path().join("base.yaml"), base).unwrap();
    std::fs::write(dir.path().join("two.yaml"), overlay("2")).unwrap();
    std::fs::write(dir.path().join("three.yaml"), overlay("3")).unwrap();
    let zip = |order: [&str; 3]| {
        let loaded = desired::load_in(dir.path(), &order.map(PathBuf::from)).unwrap();
        value(&loaded, "partners.a", "zip").as_str().unwrap().to_owned()
    };
    assert_eq!(zip(["base.yaml", "two.yaml", "three.yaml"]), "3");
    assert_eq!(zip(["base.yaml", "three.yaml", "two.yaml"]), "2");
    assert_eq!(zip(["three.yaml", "two.yaml", "base.yaml"]), "2");
    // In a folder by name: `three` before `two`.
    let loaded = desired::load_in(dir.path(), &[PathBuf::from(".")]).unwrap();
    assert_eq!(value(&loaded, "partners.a", "zip"), "2");
}

/// Values, sources and marks of an object, without its places.
fn content(loaded: &LoadedConfig, address: &str) -> String {
    let object = &loaded.desired.objects[&Address::parse(address).unwrap()];
    let mut object = object.clone();
    object.location = Default::default();
    object.locations = Default::default();
    let mut attributes: Vec<String> = object.attributes.iter().map(|(name, value)| format!("{name} {value:?}")).collect();
    attributes.sort();
    object.attributes = Default::default();
    object.shapes.clear();
    format!("{object:?} {attributes:#?}")
}

#[test]
fn defaults_stand_below_what_an_entry_says() {
    let loaded = load("defaults.yaml");
    let desired = &loaded.desired;
    let text = std::fs::read_to_string(folder().join("defaults.yaml")).unwrap();
    let written_out = "
partners:
  a: { account: west, login: a, name: A, owner_email: a@acme.example, company_name: Acme, country_code: USA, payment_type: postpay,
       zip: '55555', phonenumber: '15162065574', password: { env: PARTNER_PASSWORD }, update: put,
       callbacks: { inbound_mt_sms_url: 'https://hooks.acme.example/sms' }, lifecycle: { prevent_delete: true } }
  b: { account: west, login: b, name: B, owner_email: b@acme.example, company_name: Acme, country_code: USA, payment_type: postpay,
       zip: '99999', phonenumber: '15162065574', password: { env: PARTNER_PASSWORD }, update: put,
       callbacks: null, lifecycle: { prevent_delete: true, ignore: [password] } }
  c: { account: east, login: c, name: C, owner_email: c@acme.example, company_name: Acme, country_code: USA, payment_type: postpay,
       zip: '01234', phonenumber: '15162065574', password: { env: PARTNER_PASSWORD },
       callbacks: { inbound_mt_sms_url: 'https://hooks.acme.example/sms' }, lifecycle: { prevent_delete: false } }
providers:
  main: { provider: twilio, account_sid: AC1, auth_token: { env: TWILIO } }
bridges:
  sales: { slug: sales, name: Sales, description: Ours }
";
    let accounts = &text[text.find("accounts:").unwrap()..text.find("\npartners:").unwrap()];
    let accounts = accounts.replace(", defaults: { partners: { account: west, zip: \"55555\", update: put } }", "");
    let whole = desired::load_text("whole.yaml", &folder(), &format!("version: 1\n{accounts}{written_out}")).unwrap();
    for address in ["partners.a", "partners.b", "partners.c", "providers.main", "bridges.sales"] {
        assert_eq!(content(&loaded, address), content(&whole, address), "{address}");
    }
    // The place of a value is the line that has the last word.
    let line = |address: &str, name: &str| desired.objects[&Address::parse(address).unwrap()].locations.get(name).unwrap().line;
    let line_of = |part: &str| 1 + text.lines().position(|line| line.contains(part)).unwrap() as u32;
    assert_eq!(line("partners.a", "company_name"), line_of("company_name: Acme"));
    assert_eq!(line("partners.a", "zip"), line_of("  west:"));
    assert_eq!(line("partners.b", "zip"), line_of("zip: \"99999\""));
    assert_eq!(line("partners.c", "zip"), line_of("zip: \"01234\""));
}

#[test]
fn an_overlay_goes_over_defaults_and_changes_defaults() {
    let write = |folder: &Path, name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let base = "version: 1\ndefaults: { partners: { zip: '1', city: Base } }\naccounts: { cx: { api: carrierx, token: { env: T }, \
                defaults: { partners: { state: CA, address1: One } } } }\npartners: { a: { login: a }, b: { login: b, zip: '2' } }\n";
    write(folder.path(), "base.yaml", base);
    let over = "overlay: true\ndefaults: { partners: { zip: '3' } }\naccounts: { cx: { defaults: { partners: { address1: Two } } } }\n\
                partners: { a: { city: Over } }\n";
    write(folder.path(), "over.yaml", over);
    let names = [PathBuf::from("base.yaml"), PathBuf::from("over.yaml")];
    let loaded = desired::load_in(folder.path(), &names).unwrap();
    for (address, attribute, wanted) in [
        ("partners.a", "zip", "3"),
        ("partners.b", "zip", "2"),
        ("partners.a", "city", "Over"),
        ("partners.b", "city", "Base"),
        ("partners.a", "state", "CA"),
        ("partners.a", "address1", "Two"),
    ] {
        assert_eq!(value(&loaded, address, attribute), wanted, "{address} {attribute}");
    }
}
