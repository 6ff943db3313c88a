//! What `adopt` writes as a table declares what entries of their own would.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use serde_json::json;
use telform::analysis::adopt::{AdoptionFile, AdoptionSet, Factoring, WritingChoices, render_file};
use telform::config::desired;
use telform::model::ledger::{FingerprintKey, Ledger};
use telform::model::resource::{Desired, DesiredObject, DesiredValue, LiveAccount, LiveObject, LiveState};
use telform::model::value::CompactValue;
use telform::plan::{Inputs, PlanOptions};
use telform::services;

const ACCOUNTS: &str = "version: 1\naccounts: { people: { api: carrierx, token: { env: TOKEN } } }\n";

/// What YAML holds, and a spreadsheet or a careless reader of tables gets wrong.
const TEXTS: [&str; 24] = [
    "plain",
    "01234",
    "4.41E+11",
    "#N/A",
    "=1+1",
    "'=x",
    "'x",
    "+1",
    "-",
    "@at",
    "\tx",
    "two\nlines",
    "a,b;c",
    "\"q\"",
    "null",
    "true",
    " edges ",
    "\u{202e}rtl",
    "été",
    "1e3",
    "# x",
    "::error::x",
    "$ {x}",
    "{x}",
];

fn live(id: usize, fields: serde_json::Value) -> LiveObject {
    let mut object = LiveObject { id: format!("00000000-0000-4000-8000-{id:012}"), ..LiveObject::default() };
    let kind = services::shapes_of_kind("partners")[0];
    for (name, value) in fields.as_object().unwrap() {
        object.attributes.insert(kind.field(name).unwrap().name, CompactValue::from(value));
    }
    object
}

/// What `adopt` writes about these objects.
fn written(objects: &[LiveObject], factoring: Factoring) -> AdoptionFile {
    let choices = WritingChoices { factoring, with_create_attributes: true, ..WritingChoices::default() };
    let desired = desired::load_text("accounts.yaml", Path::new(""), ACCOUNTS).unwrap().desired;
    let account = LiveAccount { objects: BTreeMap::from([("partners", objects.to_vec())]), ..LiveAccount::default() };
    let live = LiveState { accounts: BTreeMap::from([("people".to_owned(), account)]), read_at: None };
    let key = FingerprintKey::from_text(&FingerprintKey::generate_text()).unwrap();
    let (ledger, options) = (Ledger::default(), PlanOptions::default());
    let inputs = Inputs { desired: &desired, live: &live, ledger: &ledger, key: &key, options: &options };
    let adoption = AdoptionSet::from_unclaimed(&inputs, &BTreeSet::from(["partners"]));
    render_file(&inputs, &adoption, &adoption.groups[0], &choices, "people-partners")
}

/// What the loader makes of it.
fn loaded(page: &AdoptionFile) -> Desired {
    let folder = tempfile::tempdir().unwrap();
    for table in &page.tables {
        std::fs::write(folder.path().join(&table.name), &table.text).unwrap();
    }
    let text = format!("{ACCOUNTS}---\n{}", page.text);
    let loaded = desired::load_text("people-partners.yaml", folder.path(), &text);
    loaded.unwrap_or_else(|problems| panic!("{problems}\n{text}\n{:?}", page.tables)).desired
}

/// Each entry without its places.
fn entries(desired: &Desired) -> Vec<String> {
    let entry = |(address, object): (_, &DesiredObject)| {
        let value = |value: &DesiredValue| match value {
            DesiredValue::Value(value) => {
                let mut json = value.json();
                json.sort_all_objects();
                json
            }
            DesiredValue::Secret(secret) => secret.source.to_string().into(),
        };
        let attributes: BTreeMap<&str, serde_json::Value> =
            object.attributes.iter().map(|(name, wanted)| (*name, value(wanted))).collect();
        format!("{address} {} {:?} {attributes:?}", object.account, object.id)
    };
    desired.objects.iter().map(entry).collect()
}

fn partner(index: usize, more: serde_json::Value) -> LiveObject {
    let mut fields = json!({
        "login": format!("acme-{index:03}"), "name": format!("Acme {index}"), "company_name": "Acme", "country_code": "USA",
        "zip": "01234", "owner_email": format!("ops{index}@acme.example"), "phonenumber": "15162065574", "payment_type": "postpay",
    });
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    live(index, fields)
}

#[test]
fn more_than_twenty_alike_are_a_table() {
    let of = |count| written(&(0..count).map(|index| partner(index, json!({}))).collect::<Vec<_>>(), Factoring::Many);
    assert!(of(20).tables.is_empty());
    let page = of(21);
    assert_eq!(page.tables.len(), 1);
    assert_eq!(
        page.tables[0].text.lines().take(2).collect::<Vec<_>>(),
        ["login,name,owner_email,id", "acme-000,Acme 0,ops0@acme.example,00000000-0000-4000-8000-000000000000"]
    );
    assert!(page.text.contains("\n  \"${login}\":\n    for_each: people-partners.csv\n    account: people\n    id: \"${id}\"\n"));
    assert!(page.text.contains("\n    zip: \"01234\"\n"), "what all share is a line: {}", page.text);
    assert_eq!(page.addresses.len(), 21);
}

#[test]
fn one_that_no_cell_can_hold_is_an_entry_of_its_own() {
    let odd = json!({ "name": "4.41E+11", "transformations": [] });
    let objects: Vec<LiveObject> =
        (0..30).map(|index| partner(index, if index == 7 { odd.clone() } else { json!({}) })).collect();
    let page = written(&objects, Factoring::Many);
    assert_eq!(page.tables[0].addresses.len(), 29);
    assert!(page.text.contains("\n---\npartners:\n  acme-007:\n"), "{}", page.text);
    assert_eq!(entries(&loaded(&page)), entries(&loaded(&written(&objects, Factoring::Never))));
}

#[test]
fn texts_inside_nested_values_are_cells_and_other_differences_are_tables() {
    let more = |index: usize| {
        json!({
            "callbacks": { "sms": format!("https://hooks.acme.example/{index}"), "app_mediator": "https://hooks.acme.example" },
            "acls": [{ "direction": "any", "access_control_rules": [index % 2] }],
            "attributes": if index.is_multiple_of(3) { json!({ "tier": "gold" }) } else { json!({}) },
        })
    };
    let objects: Vec<LiveObject> = (0..60).map(|index| partner(index, more(index))).collect();
    let page = written(&objects, Factoring::Many);
    assert_eq!(
        page.tables.iter().map(|table| (&*table.name, table.addresses.len())).collect::<Vec<_>>(),
        [("people-partners.csv", 30), ("people-partners-2.csv", 30)]
    );
    assert!(page.tables[0].text.starts_with("login,name,owner_email,attributes.tier,callbacks.sms,id\n"), "{}", page.text);
    assert_eq!(entries(&loaded(&page)), entries(&loaded(&written(&objects, Factoring::Never))));
}

#[test]
fn what_all_share_may_look_like_a_placeholder() {
    let objects: Vec<LiveObject> = (0..3)
        .map(|index| partner(index, json!({ "company_name": "A ${x} $${y}", "attributes": { "a": ["${z}"], "b${": 1 } })))
        .collect();
    let desired = loaded(&written(&objects, Factoring::Always));
    assert_eq!(desired.objects.len(), 3);
    for entry in entries(&desired) {
        assert!(entry.contains("A ${x} $${y}") && entry.contains("[String(\"${z}\")]") && entry.contains("\"b${\""), "{entry}");
    }
}

#[test]
fn the_place_of_a_cell_leads_to_its_attribute() {
    let objects: Vec<LiveObject> = (0..3).map(|index| partner(index, json!({ "city": format!("a\n,b{index}") }))).collect();
    let page = written(&objects, Factoring::Always);
    let table = &page.tables[0];
    let line = table.text.lines().position(|line| line.starts_with("acme-001")).unwrap() + 1;
    let at = |line: usize, text: &str| {
        let column = table.text.lines().nth(line - 1).unwrap().find(text).unwrap() + 1;
        table.attribute_at(line, column).map(|(address, attribute)| (address.to_string(), attribute))
    };
    assert_eq!(at(line, "acme-001"), Some(("partners.acme-001".to_owned(), "login")));
    assert_eq!(at(line, "\"a"), Some(("partners.acme-001".to_owned(), "city")));
    assert_eq!(at(line + 1, "00000000"), None, "an identity is no attribute");
    assert_eq!(at(line + 2, "Acme 2"), Some(("partners.acme-002".to_owned(), "name")));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![prop::sample::select(&TEXTS[..]).prop_map(str::to_owned), "[a-c]{1,2}"]
}

fn fields() -> impl Strategy<Value = serde_json::Value> {
    let nested = prop_oneof![
        text().prop_map(serde_json::Value::from),
        Just(json!(null)),
        Just(json!(1)),
        Just(json!([])),
        text().prop_map(|text| json!([text, { "x y": text, "n": 2 }])),
    ];
    let map = prop::collection::btree_map(prop::sample::select(vec!["tier", "a b", "on", "", "x"]), nested, 0..4);
    let list = prop::collection::vec(text().prop_map(|text| json!({ "from": text })), 0..3);
    (text(), text(), prop::option::of(text()), prop::option::of(map), prop::option::of(list)).prop_map(
        |(name, company, city, attributes, transformations)| {
            json!({
                "name": name, "company_name": company, "city": city, "attributes": attributes, "transformations": transformations,
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn tables_declare_what_entries_would(
        fields in prop::collection::vec(fields(), 2..40),
        kinds in prop::collection::vec(0_usize..40, 2..40),
    ) {
        // Some are copies of others, so that there are alike ones.
        let objects: Vec<LiveObject> = kinds.iter().enumerate()
            .map(|(index, of)| partner(index, fields[of % fields.len().min(4)].clone())).collect();
        let wanted = entries(&loaded(&written(&objects, Factoring::Never)));
        prop_assert_eq!(wanted.len(), objects.len());
        for factoring in [Factoring::Always, Factoring::Many] {
            let page = written(&objects, factoring);
            prop_assert_eq!(&entries(&loaded(&page)), &wanted, "{}", page.text);
            let again = written(&objects, factoring);
            prop_assert_eq!((page.text, page.tables.len()), (again.text, again.tables.len()));
        }
    }
}
