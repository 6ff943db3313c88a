//! Owners of objects: an unconfirmed handle, rows of other organizations, what a listing by product does not show.

use serde_json::{Value, json};

use crate::bench::Story;

/// An account of the older generation, beside another organization and a record without an owner.
const WORLD: &str = "
unpod:
  profile: g1-snapshot
  organizations: [{ handle: acme.example }, { handle: globex.example, foreign: true }]
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1 }
    - { id: 42, provider: Vapi, name: ours, api_key: canary-key-ours-1 }
    - { id: 77, provider: Vapi, name: theirs, organization: globex.example, api_key: canary-key-theirs }
    - { id: 78, provider: Vapi, name: stray, organization: null, api_key: canary-key-stray }
  bridges:
    - { id: 301, slug: sales, name: Sales, product_id: one, numbers: { '+14155550101': 41, '+14155550102': 77, '+14155550103': 78 } }
    - { id: 302, slug: desk, name: Desk, product_id: two, numbers: { '+14155550104': 42 } }
    - { id: 303, slug: lobby, name: Lobby, organization: globex.example, product_id: one, numbers: { '+14155550109': 41 } }
";

const STRAY: &str =
    "providers:\n  stray: { name: stray, provider: Vapi, api_key: { env: KEY }, base_url: https://a.example.net }\n";

fn story() -> Story {
    Story::new(WORLD).secret("KEY", "canary-key-new-1")
}

/// The same with another handle.
fn as_organization(story: &Story, handle: &str, settings: &str, body: &str) {
    story.unpod_with(&format!("generation: 1, {settings}"), body);
    let yaml = story.read("telform.yaml").replace("org_handle: acme.example", &format!("org_handle: {handle}"));
    story.file("telform.yaml", &yaml);
}

/// The list of bridges cannot be read, so it is not known whether the handle is known.
fn nothing_confirms(story: &Story) {
    story.fault("{ match: { method: GET, path: '*/telephony/bridges/', times: 0 }, effect: { answer: { status: 403 } } }");
}

fn products(story: &Story) -> Vec<String> {
    let value =
        |headers: Vec<(String, String)>| headers.into_iter().find(|(name, _)| name == "product-id").map(|(_, value)| value);
    story.sandbox.log().into_iter().filter_map(|request| value(request.headers)).collect()
}

#[test]
fn a_handle_that_nobody_knows_is_found_out_with_one_read() {
    let story = story();
    as_organization(&story, "acne.example", "", STRAY);
    story.expect(1, "apply --auto-approve").says("the service has no organization `acne.example`");
    assert_eq!(story.writes(), [""; 0]);
    assert_eq!(products(&story).len(), 1, "the product is made up for one read");
    // With a product of the account nothing is made up.
    story.take_log();
    as_organization(&story, "acne.example", "product_id: one, ", STRAY);
    story.expect(1, "apply --auto-approve").says("telform::live::organization");
    assert!(products(&story).iter().all(|product| product == "one"));
    // The right one passes, and what is written carries no product that was made up.
    let empty = Story::new("unpod: { profile: g1-snapshot }").secret("KEY", "canary-key-new-1");
    as_organization(&empty, "acme.example", "", STRAY);
    empty.apply();
    assert_eq!(empty.writes().len(), 1);
    let log = empty.sandbox.log();
    let of_writes = log.iter().filter(|request| request.is_write()).flat_map(|request| &request.headers);
    assert!(of_writes.into_iter().all(|(name, _)| name != "product-id"));
    empty.in_sync();
}

#[test]
fn nothing_is_written_to_an_organization_that_is_not_confirmed() {
    let bridge = "bridges:\n  new: { slug: new, name: New }\n";
    let connect = "providers:\n  main: { name: main, provider: Vapi }\nbridges:\n  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main } } }\n";
    for (what, body, refused) in
        [("a create with a secret", STRAY, true), ("a bridge", bridge, false), ("a connection", connect, false)]
    {
        let story = story();
        nothing_confirms(&story);
        as_organization(&story, "acne.example", "product_id: one, ", body);
        let ran = story.run("apply --auto-approve");
        assert!(matches!(ran.code, 1 | 3), "{what}: {}", ran.whole());
        assert!(!refused || ran.code == 3, "{what}: {}", ran.whole());
        assert_eq!(story.writes(), [""; 0], "{what}");
    }
    // A change of an existing object, seen while the handle was known, and a delete.
    let story = story();
    let main = |url: &str| format!("providers:\n  main: {{ id: '41', name: main, provider: Vapi, base_url: {url} }}\n");
    as_organization(&story, "acme.example", "", &main("https://a.example.net"));
    story.apply();
    nothing_confirms(&story);
    story.fault("{ match: { method: GET, path: '*/provider-configurations/', times: 0 }, effect: { answer: { status: 200, body: { json: { data: [{ id: 41, name: main, provider: 6, provider_details: {}, active: true, base_url: 'https://a.example.net' }] } } } } }");
    story.take_log();
    story.in_sync();
    as_organization(&story, "acme.example", "", &main("https://b.example.net"));
    let ran = story.expect(3, "apply --auto-approve");
    ran.says("guard::unconfirmed_organization").says("1 request would be sent to organization acme.example");
    shot!("unconfirmed_update", ran);
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn rows_of_others_are_counted_and_never_taken() {
    let story = story();
    nothing_confirms(&story);
    // Under an unknown handle, the service lists objects without an owner (recorded).
    as_organization(&story, "acne.example", "", STRAY);
    let ran = story.expect(3, "apply --auto-approve");
    ran.says("1 foreign provider in unpod").says("+ providers.stray").is_silent_about("adopted");
    let shown = story.expect(3, "plan --format json").json();
    assert_eq!(shown["unmanaged"], json!([{ "account": "unpod", "kind": "providers", "count": 0, "foreign": 1 }]));
    // Not by its id either.
    as_organization(&story, "acne.example", "", &STRAY.replace("{ name", "{ id: '78', name"));
    let ran = story.expect(3, "apply --auto-approve");
    ran.says("provider configuration 78 belongs to no organization");
    as_organization(&story, "acne.example", "", "removed:\n  - { address: providers.stray, id: '78' }\n");
    story.sandbox.clear_faults();
    story.fault("{ match: { method: GET, path: '*/telephony/bridges/', times: 0 }, effect: { answer: { status: 200, body: { json: { count: 0, data: [] } } } } }");
    let ran = story.expect(3, "apply --auto-approve --max-deletes 1 --allow-unseen-products");
    ran.says("provider configuration 78 belongs to no organization").is_silent_about("already deleted");
    // Nor by the ledger: another user has moved the record since.
    story.sandbox.clear_faults();
    as_organization(&story, "acme.example", "", "providers:\n  main: { name: main, provider: Vapi }\n");
    story.apply();
    story.fault("{ match: { method: GET, path: '*/provider-configurations/', times: 0 }, effect: { answer: { status: 200, body: { json: { data: [{ id: 41, name: main, provider: 6, provider_details: {}, org_handle: globex.example }] } } } } }");
    let ran = story.expect(3, "apply --auto-approve");
    ran.says("refusal::foreign_object").says("provider configuration 41 belongs to organization globex.example");
    shot!("foreign_by_ledger", ran);
    as_organization(&story, "acme.example", "product_id: one, ", "providers: {}\n");
    story.expect(3, "plan --max-deletes 1").says("belongs to organization globex.example");
    assert_eq!(story.writes(), [""; 0]);
    assert_eq!(story.ledger()["objects"]["providers.main"]["id"], "41");
}

/// Slugs are one space for all organizations (unpod.md 6.2).
#[test]
fn a_bridge_of_another_organization() {
    let story = story();
    let lobby = "bridges:\n  lobby: { slug: lobby, name: Ours }\n";
    as_organization(&story, "acme.example", "product_id: one, ", lobby);
    let ran = story.expect(3, "apply --auto-approve");
    ran.says("bridge lobby belongs to organization globex.example");
    as_organization(&story, "acme.example", "product_id: one, ", "removed:\n  - { address: bridges.lobby, slug: lobby }\n");
    let ran = story.expect(3, "apply --auto-approve --max-deletes 1 --max-numbers-dark 1");
    ran.says("bridge lobby belongs to organization globex.example");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn an_object_that_was_made_for_others_stops_the_run() {
    let story = Story::new("unpod: { profile: g1-snapshot }").secret("KEY", "canary-key-new-1");
    for (owner, words) in [(Value::Null, "no organization"), (json!("globex.example"), "organization globex.example")] {
        story.sandbox.clear_faults();
        let row = json!({ "data": { "id": 90, "name": "stray", "provider": 6, "provider_details": {}, "org_handle": owner,
            "base_url": "https://a.example.net" } });
        story
            .fault(&format!("{{ match: {{ method: POST }}, effect: {{ answer: {{ status: 201, body: {{ json: {row} }} }} }} }}"));
        let body = format!("{STRAY}  two: {{ name: two, provider: Vapi, api_key: {{ env: KEY }} }}\n");
        as_organization(&story, "acme.example", "", &body);
        let ran = story.expect(5, "apply --auto-approve");
        ran.says("telform::step::elsewhere").says("90").says(words).says("api_key as published");
        assert_eq!(story.writes().len(), 1, "nothing more is started");
        story.take_log();
        // A bridge names its organization at another place.
        let row = json!({ "data": { "id": 91, "slug": "new", "name": "New", "numbers": [], "organization": 7,
            "organization_details": { "domain_handle": owner } } });
        story.sandbox.clear_faults();
        story
            .fault(&format!("{{ match: {{ method: POST }}, effect: {{ answer: {{ status: 201, body: {{ json: {row} }} }} }} }}"));
        as_organization(&story, "acme.example", "product_id: one, ", "bridges:\n  new: { slug: new, name: New }\n");
        story.expect(5, "apply --auto-approve").says("created bridge new in ").says(words);
        story.take_log();
    }
}

#[test]
fn a_ledger_that_holds_nothing_is_not_bound_to_a_mistyped_handle() {
    let story = story();
    as_organization(&story, "globex.example", "product_id: one, ", "bridges: {}\n");
    story.apply();
    assert_eq!(story.ledger()["accounts"]["unpod"]["org_handle"], "globex.example");
    as_organization(&story, "acme.example", "product_id: one, ", "bridges:\n  sales: { slug: sales, name: Sales }\n");
    story.apply();
    assert_eq!(story.ledger()["accounts"]["unpod"]["org_handle"], "acme.example");
    // From here on it holds something.
    as_organization(&story, "globex.example", "product_id: one, ", "bridges: {}\n");
    story.expect(1, "plan").says("telform::ledger::foreign");
}

#[test]
fn a_delete_says_which_products_were_looked_at() {
    let gone = "removed:\n  - { address: providers.ours, name: ours }\n";
    let story = story();
    story.unpod_with("product_id: one, ", gone);
    let ran = story.expect(3, "apply --auto-approve --max-deletes 1");
    ran.says("guard::unseen_products").says("only the bridges of product one were read");
    ran.says("--allow-unseen-products").is_silent_about("0 numbers");
    shot!("unseen_products", ran);
    // The other product shows the number, and it is counted.
    for settings in
        ["product_ids: [one, two], ", "product_id: one, product_ids: [two], ", "product_id: two, product_ids: [one, two], "]
    {
        story.unpod_with(&format!("{settings}all_products: true, disconnect_works: true, "), gone);
        let ran = story.expect(3, "plan --max-deletes 1");
        ran.says("+14155550104").says("guard::max_numbers_dark").is_silent_about("guard::unseen_products");
    }
    story.unpod_with("product_ids: [one, two], all_products: true, ", gone);
    story.expect(3, "plan --max-deletes 1").says("refusal::cannot_disconnect").says("products one, two");
    assert_eq!(story.writes(), [""; 0]);
    // For one run the switch will do; a saved plan keeps it.
    story.unpod_with("product_id: one, ", gone);
    story.expect(0, "plan --max-deletes 1 --allow-unseen-products --out plan.json").says("looked at: bridges of product one");
    story.expect(0, "verify plan.json");
    story.expect(0, "apply plan.json --auto-approve");
    assert_eq!(story.writes(), ["DELETE telephony/provider-configurations/42/"]);
}

#[test]
fn products_are_validated() {
    let story = story();
    for (settings, code) in [
        ("product_ids: [], ", "telform::yaml::wrong_type"),
        ("product_ids: one, ", "telform::yaml::wrong_type"),
        ("product_ids: [1], ", "telform::yaml::wrong_type"),
        ("product_ids: [one, one], ", "telform::yaml::duplicate"),
        ("product_ids: ['one two'], ", "telform::yaml::handle"),
        ("product_ids: [''], ", "telform::yaml::handle"),
    ] {
        story.unpod_with(settings, "providers: {}\n");
        story.expect(1, "validate").says(code);
    }
    story.carrierx_with("product_ids: [one], ", "partners: {}\n");
    story.expect(1, "validate").says("is for accounts of Unpod");
}

#[test]
fn taking_back_a_create_looks_at_products_too() {
    let story = Story::new("unpod: { profile: g1-snapshot }").secret("KEY", "canary-key-new-1");
    story.unpod_with("generation: 1, product_id: one, ", STRAY);
    story.apply();
    story.expect(3, "undo last --auto-approve --max-deletes 1").says("guard::unseen_products");
    story.expect(0, "undo last --auto-approve --max-deletes 1 --allow-unseen-products");
    assert_eq!(story.world()["unpod"]["configurations"], json!([]));
}

#[test]
fn what_serves_a_number_for_another_organization_is_shown() {
    let story = story();
    let sales = "providers:\n  main: { name: main, provider: Vapi }\nbridges:\n  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: main }, '+14155550103': { provider: main } } }\n";
    story.unpod_with("product_id: one, ", sales);
    let ran = story.expect(0, "plan");
    ran.says("configuration 77 of organization globex.example").says("configuration 78 of no organization");
    shot!("foreign_connection", ran);
    story.expect(0, "explain bridges.sales.numbers").says("globex.example");
    story.expect(0, "rehearse");
    assert_eq!(story.writes(), [""; 0]);
    // A snapshot knows it too.
    story.expect(0, "plan --snapshot-out live.json");
    story.expect(0, "plan --snapshot live.json").says("configuration 77 of organization globex.example");
    // Our own configuration takes over; theirs is left as it is.
    story.apply();
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/bridges/sales/connect-provider/ {"provider_credential_id":41,"number_id":502}"#,
            r#"POST telephony/bridges/sales/connect-provider/ {"provider_credential_id":41,"number_id":503}"#,
        ]
    );
    story.in_sync();
    // Where the YAML does not mention the numbers, it is nevertheless reported.
    let silent = self::story();
    silent.unpod_with("product_id: one, ", "bridges:\n  sales: { slug: sales, name: Sales }\n");
    silent.expect(0, "plan").says("+14155550102: provider configuration 77 of organization globex.example");
    // Another user restores it.
    story.sandbox.edit(|world| {
        let bridge = world.unpod.bridges.iter_mut().find(|bridge| bridge.slug == "sales").unwrap();
        bridge.numbers.get_mut("+14155550102").unwrap().configuration = Some(77);
    });
    story.expect(2, "drift").says("configuration 77 of organization globex.example");
    story.expect(0, "rehearse");
}

/// Our own configuration serves a number on a bridge of another organization: we must not disconnect it.
#[test]
fn a_foreign_bridge_is_not_rewired() {
    let story = story();
    let body =
        "bridges:\n  lobby: { id: lobby, slug: lobby, name: Lobby }\nremoved:\n  - { address: providers.main, name: main }\n";
    story.unpod_with("product_id: one, all_products: true, disconnect_works: true, ", body);
    let ran = story.expect(3, "apply --auto-approve --max-deletes 1 --max-numbers-dark 9");
    ran.says("+14155550109 is on bridge lobby, which belongs to another organization");
    assert_eq!(story.writes(), [""; 0]);
}
