//! What the formats say about one small plan, and that common parts have the same wording.

use serde_json::{Value, json};
use telform::model::resource::Address;
use telform::output::view::{html, terraform};
use telform::plan::{LedgerUpdate, RefusalCode};

use super::code_quality;

use crate::formats::{made, page};

fn terraform(plan: &telform::plan::Plan) -> Value {
    serde_json::from_str(&terraform::plan_as_terraform_json(plan, None)).expect("JSON")
}

#[test]
fn terraform_sees_each_change_with_its_action() {
    let mut plan = made::large(10);
    let adopted = |name: &str, id: &str| LedgerUpdate::Adopt {
        address: Address::new("partners", name),
        account: "carrierx-1".to_owned(),
        id: id.to_owned(),
    };
    plan.ledger = vec![adopted("customer-00004", "with-a-change"), adopted("dotted.name", "alone")];
    plan.ledger
        .push(LedgerUpdate::Rename { from: Address::new("partners", "old"), to: Address::new("partners", "customer-00005") });
    let document = terraform(&plan);
    assert_eq!((&document["format_version"], &document["errored"]), (&json!("1.2"), &json!(false)));
    let changes = document["resource_changes"].as_array().expect("a list");
    let actions: Vec<&Value> = changes.iter().map(|change| &change["change"]["actions"]).collect();
    let (create, update, replace) = (json!(["create"]), json!(["update"]), json!(["create", "delete"]));
    let (delete, nothing) = (json!(["delete"]), json!(["no-op"]));
    let objects = [&create, &create, &create, &create, &update, &update, &update, &replace, &delete, &delete, &nothing];
    // One number goes dark, and one moves.
    let wanted = [&objects[..], &[&delete, &update]].concat();
    assert_eq!(actions, wanted);
    assert_eq!(changes[0]["address"], "carrierx_partner.customer-00000");
    assert_eq!((&changes[0]["type"], &changes[0]["mode"]), (&json!("carrierx_partner"), &json!("managed")));
    assert_eq!(changes[4]["change"]["importing"]["id"], "with-a-change");
    assert_eq!(changes[5]["previous_address"], "carrierx_partner.old");
    let last = &changes[10];
    assert_eq!(last["address"], "carrierx_partner.this[\"dotted.name\"]");
    assert_eq!((&last["name"], &last["index"]), (&json!("this"), &json!("dotted.name")));
    assert_eq!(document["planned_values"]["root_module"]["resources"].as_array().map(Vec::len), Some(10));
    assert!(!terraform::plan_as_terraform_json(&plan, None).trim_end().contains('\n'), "one line, as Terraform prints it");
}

/// A secret is on neither side, and every reader sees that it is one.
#[test]
fn terraform_sees_that_a_secret_changes_and_nothing_of_it() {
    let document = terraform(&made::large(10));
    let changes = document["resource_changes"].as_array().expect("a list").iter();
    for change in changes.filter(|change| change["type"] != "telform_number") {
        let change = &change["change"];
        for side in ["before", "after"] {
            assert!(change[side].get("password").is_none(), "{change}");
        }
        let after = change["actions"] != json!(["delete"]);
        assert_eq!(change["after_sensitive"].get("password").is_some(), after, "{change}");
        assert_eq!(change["after_unknown"].get("password").is_some(), after, "{change}");
    }
}

#[test]
fn a_refused_plan_is_not_applicable_for_terraform() {
    let document = terraform(&made::hostile("x"));
    assert_eq!((&document["applyable"], &document["complete"]), (&json!(false), &json!(true)));
    assert_eq!(document["checks"][0]["status"], "fail");
    assert_eq!(document["checks"][1]["address"]["name"], RefusalCode::MaxDeletes.as_str());
    assert_eq!(terraform(&made::large(10))["applyable"], true);
}

#[test]
fn gitlab_tells_equal_findings_apart_and_keeps_their_names() {
    let plan = made::hostile("x");
    let entries: Vec<Value> = serde_json::from_str(&code_quality(&plan)).expect("JSON");
    assert_eq!(
        entries.len(),
        18,
        "two refusals, three other hosts, two numbers that are cut off and one that moves, ten changes"
    );
    let prints: std::collections::BTreeSet<&str> = entries.iter().filter_map(|entry| entry["fingerprint"].as_str()).collect();
    assert_eq!(prints.len(), 18, "the two deletes say the same and are two");
    assert_eq!(entries[0]["location"], json!({ "path": "x", "lines": { "begin": 3 } }));
    let mut moved = plan.clone();
    moved.refusals[0].place = Some("x:99:1".to_owned());
    let other: Vec<Value> = serde_json::from_str(&code_quality(&moved)).expect("JSON");
    assert_eq!(other[0]["fingerprint"], entries[0]["fingerprint"], "a moved line is the same finding");
    assert_ne!(other[0]["location"], entries[0]["location"]);
}

/// What a screen reader and a keyboard need.
#[test]
fn the_page_has_landmarks_labels_and_headings() {
    let html = html::plan_as_html(&made::hostile("x"));
    let page = page::read(&html);
    let with = |name: &str| page.tags.iter().filter(|tag| tag.name == name).collect::<Vec<_>>();
    let value = |tag: &page::Tag, name: &str| tag.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    for landmark in ["header", "nav", "main", "footer", "h1", "form", "output"] {
        assert_eq!(with(landmark).len(), 1, "<{landmark}>");
    }
    assert_eq!(value(with("html")[0], "lang").as_deref(), Some("en"));
    let ids: Vec<String> = page.tags.iter().filter_map(|tag| value(tag, "id")).collect();
    let labels: Vec<String> = with("label").iter().filter_map(|tag| value(tag, "for")).collect();
    for field in with("input").into_iter().chain(with("select")) {
        assert!(labels.contains(&value(field, "id").expect("an id")), "{field:?} has no label");
    }
    for section in page.tags.iter().filter_map(|tag| value(tag, "aria-labelledby")) {
        assert!(section.split(' ').all(|id| ids.iter().any(|other| other == id)), "{section}");
    }
    for cell in with("th") {
        assert!(value(cell, "scope").is_some(), "a head without a scope");
    }
    for scroll in page.tags.iter().filter(|tag| value(tag, "class").as_deref() == Some("scroll")) {
        assert_eq!(value(scroll, "tabindex").as_deref(), Some("0"), "a keyboard must reach it");
        assert!(value(scroll, "aria-label").is_some());
    }
    // Headings do not skip a level.
    let mut last = 0;
    for tag in &page.tags {
        if let Some(level) = tag.name.strip_prefix('h').and_then(|level| level.parse::<usize>().ok()) {
            assert!(level <= last + 1, "h{level} after h{last}");
            last = level;
        }
    }
    // Without scripts nothing is hidden but the filter, which could do nothing.
    let hidden: Vec<&str> = page
        .tags
        .iter()
        .filter(|tag| tag.attributes.iter().any(|(name, _)| name == "hidden"))
        .map(|tag| tag.name.as_str())
        .collect();
    assert_eq!(hidden, ["form"]);
}
