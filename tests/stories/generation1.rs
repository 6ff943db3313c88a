//! The older generation of Unpod, as it was recorded: no disconnect, secrets in clear, numbers only at a bridge's creation.

use crate::bench::Story;

const WORLD: &str = "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1, api_secret: canary-secret-main-1 }
    - { id: 42, provider: LiveKit, name: spare, api_key: canary-key-spare, api_secret: canary-secret-spare, base_url: https://lk.example.net }
  numbers:
    - { id: 501, number: '+14155550101' }
    - { id: 502, number: '+14155550102' }
    - { id: 503, number: '+14155550103' }
  bridges:
    - { id: 301, slug: sales, name: Sales, product_id: prod, numbers: { '+14155550101': 41 } }
";

const MAIN: &str = "
providers:
  main: { name: main, provider: Vapi, api_key: { env: MAIN_KEY }, api_secret: { env: MAIN_SECRET } }
";
const SPARE: &str = "  spare: { name: spare, provider: LiveKit, base_url: https://lk.example.net }\n";

fn story() -> Story {
    Story::new(WORLD)
        .secret("MAIN_KEY", "canary-key-main-1")
        .secret("MAIN_SECRET", "canary-secret-main-1")
        .secret("NEW_KEY", "canary-key-new-1")
}

#[test]
fn made_and_changed() {
    let story = story();
    let with = |url: &str| {
        story.unpod_with(
            "product_id: prod, ",
            &format!("{MAIN}  new: {{ name: new one, provider: Vapi, api_key: {{ env: NEW_KEY }}, base_url: {url} }}\n"),
        );
    };
    with("https://a.example.net");
    shot!("g1_create", story.apply());
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/provider-configurations/ {"name":"new one","provider":6,"api_key":"(secret)","base_url":"https://a.example.net"}"#
        ]
    );
    story.in_sync();
    with("https://b.example.net");
    story.apply();
    assert_eq!(story.writes(), [r#"PATCH telephony/provider-configurations/43/ {"base_url":"https://b.example.net"}"#]);
    story.in_sync();
}

/// Here secrets can be read: telform compares them, and still shows none.
#[test]
fn rotated_with_a_secret_that_is_read_back() {
    let mut story = story();
    story.unpod_with("product_id: prod, ", MAIN);
    story.in_sync();
    story.expect(0, "plan").is_silent_about("unknown").says("the same as the service gives back");
    story.set("MAIN_KEY", "canary-key-main-2");
    shot!("g1_rotate", story.apply());
    assert_eq!(story.writes(), [r#"PATCH telephony/provider-configurations/41/ {"api_key":"(secret)"}"#]);
    story.in_sync();
    // Another user changes it: that is drift, and it is detected.
    story.sandbox.edit(|world| {
        let main = world.unpod.configurations.iter_mut().find(|it| it.id == 41).unwrap();
        main.api_secret = Some("canary-secret-of-somebody".to_owned());
    });
    story.take_log();
    story.expect(2, "plan --detailed-exitcode");
    story.apply();
    assert_eq!(story.writes(), [r#"PATCH telephony/provider-configurations/41/ {"api_secret":"(secret)"}"#]);
    story.expect(0, "plan --format json");
    story.in_sync();
}

/// A service that masks what it returns can only be compared by fingerprint.
#[test]
fn masked_secrets_are_unknown_until_written() {
    let mut story = Story::new(&format!("{WORLD}  knobs: {{ mask_secrets: true }}\n"))
        .secret("MAIN_KEY", "canary-key-main-2")
        .secret("MAIN_SECRET", "canary-secret-main-1");
    story.unpod_with("product_id: prod, ", MAIN);
    story.in_sync();
    story.expect(0, "plan").says("unknown: telform has never written it");
    story.expect(0, "apply --auto-approve --rewrite-secret providers.main");
    story.in_sync();
    story.set("MAIN_KEY", "canary-key-main-3");
    story.apply();
    assert_eq!(story.writes(), [r#"PATCH telephony/provider-configurations/41/ {"api_key":"(secret)"}"#]);
    story.in_sync();
}

#[test]
fn connecting_overwrites_without_a_gap() {
    let story = story();
    story.unpod_with(
        "product_id: prod, ",
        &format!("{MAIN}{SPARE}bridges:\n  sales: {{ slug: sales, name: Sales, numbers: {{ '+14155550101': {{ provider: spare }} }} }}\n"),
    );
    shot!("g1_connect_overwrites", story.apply());
    assert_eq!(
        story.writes(),
        [r#"POST telephony/bridges/sales/connect-provider/ {"provider_credential_id":42,"number_id":501}"#]
    );
    story.in_sync();
}

#[test]
fn a_new_bridge_takes_its_numbers_at_creation() {
    let story = story();
    let with = |numbers: &str| {
        story.unpod_with(
            "product_id: prod, ",
            &format!("{MAIN}{SPARE}bridges:\n  new: {{ slug: new, name: New, region: EU, numbers: {{ {numbers} }} }}\n"),
        );
    };
    with("'+14155550102': { provider: main }, '+14155550103': { provider: spare }");
    shot!("g1_bridge_create", story.apply());
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/bridges/ {"name":"New","slug":"new","region":"EU","numberIds":[502,503]}"#,
            r#"POST telephony/bridges/new/connect-provider/ {"provider_credential_id":41,"number_id":502}"#,
            r#"POST telephony/bridges/new/connect-provider/ {"provider_credential_id":42,"number_id":503}"#,
        ]
    );
    story.in_sync();
    // Later neither joins nor leaves are possible.
    with("'+14155550102': { provider: main }, '+14155550107': { provider: spare }, '+14155550103': { provider: main }");
    shot!("g1_cannot_assign", story.expect(3, "plan"));
    with("'+14155550102': { provider: main }");
    shot!("g1_cannot_disconnect", story.expect(3, "plan --max-numbers-dark 1"));
}

#[test]
fn a_connected_configuration_cannot_be_freed() {
    let story = story();
    let tombstone = "removed:\n  - { address: providers.gone, name: main }\n";
    story.unpod_with("product_id: prod, all_products: true, ", tombstone);
    shot!("g1_delete_refused", story.expect(3, "plan --max-deletes 1 --max-numbers-dark 1"));
    // Unless its numbers move to another one in the same change.
    story.unpod_with(
        "product_id: prod, all_products: true, ",
        &format!("providers:\n{SPARE}bridges:\n  sales: {{ slug: sales, name: Sales, numbers: {{ '+14155550101': {{ provider: spare }} }} }}\n{tombstone}"),
    );
    story.expect(0, "apply --auto-approve --max-deletes 1");
    assert_eq!(story.writes().last().unwrap(), "DELETE telephony/provider-configurations/41/");
    story.in_sync();
    // Or the bridge is deleted: that frees its numbers.
    story.unpod_with("product_id: prod, ", "removed:\n  - { address: bridges.sales, slug: sales }\n");
    story.take_log();
    story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 1");
    assert_eq!(story.writes(), ["DELETE telephony/bridges/sales/"]);
}

#[test]
fn a_service_whose_disconnect_works() {
    let story = Story::new(&format!("{WORLD}  knobs: {{ disconnect_repaired: true }}\n"));
    story.unpod_with(
        "product_id: prod, all_products: true, disconnect_works: true, ",
        "removed:\n  - { address: providers.gone, name: main }\n",
    );
    story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 1");
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/bridges/sales/disconnect-provider/ {"number_id":501}"#,
            "DELETE telephony/provider-configurations/41/",
        ]
    );
    story.in_sync();
}

#[test]
fn without_product_id() {
    let story = story();
    story.unpod(&format!("{MAIN}bridges:\n  sales: {{ slug: sales, name: Sales }}\n"));
    shot!("g1_product_id_missing", story.expect(1, "plan"));
    // Configurations alone can be managed, but a delete needs the bridges.
    story.unpod(MAIN);
    story.in_sync();
    story.unpod(&format!("{MAIN}removed:\n  - {{ address: providers.gone, name: spare }}\n"));
    story.expect(1, "apply --auto-approve --max-deletes 1").says("product_id");
    assert_eq!(story.writes(), [""; 0]);
    // Where not even a configuration names the organization, the list of bridges confirms it.
    let empty = Story::new("unpod: { profile: g1-snapshot }").secret("MAIN_KEY", "canary-key-main-1");
    empty.unpod_with("generation: 1, ", "providers:\n  a: { name: a, provider: Vapi, api_key: { env: MAIN_KEY } }\n");
    shot!("g1_unconfirmed", empty.expect(0, "plan"));
}

/// This generation answers with secrets in clear. Where an answer cannot be read, showing its beginning is not worth that risk.
#[test]
fn answers_that_break_off_show_no_secrets() {
    for path in ["*/provider-configurations/", "*/bridges/sales/"] {
        for effect in ["truncated_json", "{ answer: { status: 200, body: html } }", "cut_in_body", "data_object"] {
            let story = story();
            story.unpod_with("product_id: prod, ", &format!("{MAIN}bridges:\n  sales: {{ slug: sales, name: Sales }}\n"));
            story.fault(&format!("{{ match: {{ path: '{path}', times: 0 }}, effect: {effect} }}"));
            let ran = story.run("plan --verbose");
            assert!(matches!(ran.code, 1 | 3) || effect == "data_object", "{}", ran.whole());
            story.run("plan --json");
        }
    }
    // A row that is short enough to reach its secret in the part that an error quotes.
    let story = story();
    story.unpod_with("product_id: prod, ", MAIN);
    story.fault(
        "{ match: { path: '*/provider-configurations/' }, effect: { answer: { status: 200, body: { text: '{\"data\":[{\"api_key\":\"canary-secret-main-1\",\"api_secret\":\"canary-secret-spare\"' } } } }",
    );
    shot!("g1_broken_off", story.expect(1, "plan"));
    // An answer to a create that names no identity: it contains the organization's token beside the new object.
    story.unpod_with("product_id: prod, ", &format!("{MAIN}bridges:\n  new: {{ slug: new, name: New }}\n"));
    story.fault("{ match: { method: POST }, effect: without_id }");
    shot!("g1_create_without_id", story.run("apply --auto-approve"));
    story.sandbox.edit(|world| world.unpod.bridges.retain(|bridge| bridge.slug != "new"));
    story.file(".telform/ledger.json", "{ \"format\": 1, \"id\": \"x\", \"serial\": 1 }");
    story.fault(
        "{ match: { method: POST }, effect: { answer: { status: 200, body: { json: { message: Success, data: { api_key: canary-secret-spare, organization: { token: canary-secret-spare } } } } } } }",
    );
    story.run("apply --auto-approve --verbose");
    // The same for the answers to writes.
    let story = crate::generation1::story();
    story.unpod_with(
        "product_id: prod, ",
        &format!("{MAIN}{SPARE}bridges:\n  sales: {{ slug: sales, name: Sales, numbers: {{ '+14155550101': {{ provider: spare }} }} }}\n"),
    );
    for effect in ["truncated_json", "cut_in_body", "empty_body"] {
        story.fault(&format!("{{ match: {{ method: POST }}, effect: {effect} }}"));
    }
    story.run("apply --auto-approve --verbose");
}

#[test]
fn an_organization_that_nobody_knows() {
    let story = story();
    story.unpod_with("product_id: prod, ", MAIN);
    let yaml = story.read("telform.yaml").replace("acme.example", "nobody.example");
    story.file("telform.yaml", &yaml);
    shot!("g1_unknown_organization", story.expect(1, "apply --auto-approve"));

    let newer = Story::new("{}").secret("AUTH", "canary-auth-77");
    newer.unpod("providers:\n  main: { provider: twilio, account_sid: AC77, auth_token: { env: AUTH } }\n");
    let yaml = newer.read("telform.yaml").replace("acme.example", "nobody.example");
    newer.file("telform.yaml", &yaml);
    shot!("g2_unknown_organization", newer.expect(1, "apply --auto-approve"));
    assert_eq!(story.writes().len() + newer.writes().len(), 0);
}

#[test]
fn an_entry_in_the_shape_of_the_other_generation() {
    let story = story();
    story.unpod_with(
        "product_id: prod, ",
        "providers:\n  main: { provider: twilio, account_sid: AC1, auth_token: { env: NEW_KEY } }\n",
    );
    shot!("g1_wrong_generation", story.expect(3, "plan"));
    // Nothing shows the generation of an empty service: the user has to state it.
    let empty = Story::new("unpod: { profile: g1-snapshot, providers: [ { id: 6, name: Vapi, type: TELEPHONY } ] }")
        .secret("NEW_KEY", "canary-key-new-1");
    let entry = "providers:\n  new: { name: new, provider: Vapi, api_key: { env: NEW_KEY } }\n";
    empty.unpod_with("product_id: prod, ", entry);
    let plan = empty.run("plan");
    shot!("g1_empty_service", plan);
    empty.unpod_with("product_id: prod, generation: 1, ", entry);
    shot!("g1_empty_catalogue", empty.expect(3, "plan"));
    empty.unpod_with("product_id: prod, generation: 1, ", &entry.replace("Vapi", "6"));
    empty.apply();
    empty.in_sync();
}

/// Generation 1 as it is thought to have been in July 2026: its listing of numbers shows the taken ones, too, with ids.
#[test]
fn a_taken_number_of_the_july_listing_is_not_offered_to_a_new_bridge() {
    let world = WORLD.replace("g1-snapshot", "g1-july").replace(
        "  bridges:\n",
        "  bridges:\n    - { id: 309, slug: other, name: Other, product_id: elsewhere, numbers: { '+14155550102': 42 } }\n",
    );
    let story = Story::new(&world);
    let bridge = |number: &str| {
        let numbers = format!("bridges:\n  new: {{ slug: new, name: New, numbers: {{ '{number}': {{ provider: main }} }} }}\n");
        story.unpod_with("product_id: prod, ", &format!("providers:\n  main: {{ name: main, provider: Vapi }}\n{numbers}"));
    };
    bridge("+14155550102");
    story.expect(3, "plan").says("number_not_offered").says("+14155550102");
    bridge("+14155550103");
    story.apply();
    story.in_sync();
    let world = story.world();
    let bridges = world["unpod"]["bridges"].as_array().unwrap();
    let on = |slug: &str, number: &str| {
        let bridge = bridges.iter().find(|bridge| bridge["slug"] == slug).unwrap();
        bridge["numbers"][number]["configuration"].clone()
    };
    assert_eq!(on("new", "+14155550103"), 41);
    assert_eq!(on("other", "+14155550102"), 42);
}

/// An empty secret is none: it is neither shown as one nor called lost.
#[test]
fn an_empty_secret_is_not_one() {
    for api_secret in ["", ", api_secret: ''"] {
        let story = Story::new(&format!(
            "unpod: {{ profile: g1-snapshot, configurations: [{{ id: 41, provider: Vapi, name: main, api_key: canary-key-1{api_secret} }}] }}"
        ))
        .secret("KEY", "canary-key-1")
        .secret("SECRET", "canary-secret-1");
        story.unpod_with(
            "product_id: prod, ",
            "providers:\n  main: { name: main, provider: Vapi, api_key: { env: KEY }, api_secret: { env: SECRET } }\n",
        );
        let plan = story.run("plan --json").json();
        let change = &plan["plan"]["changes"][0]["attributes"];
        let secret = change.as_array().unwrap().iter().find(|it| it["name"] == "api_secret").unwrap();
        assert_eq!(secret["before"], "absent", "{secret:#}");
        story.apply();
        story.in_sync();
    }
}
