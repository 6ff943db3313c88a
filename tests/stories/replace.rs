//! Replacing a configuration: a new one, its numbers one by one, then the delete of the old one. Interrupted
//! anywhere, it continues.

use crate::bench::Story;
use crate::deletes::CONNECTED;

const PINNED: &str = "
providers:
  old: { id: '42', provider: exotel, account_sid: EX99, auth_token: { env: AUTH } }
";

fn pinned() -> Story {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-99");
    story.unpod(PINNED);
    story
}

/// The configuration that serves a number.
fn served_by(story: &Story, number: &str) -> u64 {
    let bridges = story.sandbox.world().unpod.bridges;
    bridges.iter().find_map(|bridge| bridge.numbers.get(number)?.configuration).unwrap_or_default()
}

const ALL: [&str; 3] = ["+14155550101", "+14155550102", "+14155550103"];
const APPLY: &str = "apply --auto-approve --max-deletes 1";

#[test]
fn numbers_move_one_by_one() {
    let story = pinned();
    shot!("replace_refused", story.expect(3, "plan"));
    story.expect(0, APPLY).says("Done: 8 writes");
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/providers-configurations/ {"provider":"exotel","account_sid":"EX99","auth_token":"(secret)"}"#,
            r#"POST telephony/bridges/sales/disconnect-provider/ {"phone_number":"+14155550101"}"#,
            r#"POST telephony/bridges/sales/connect-provider/ {"provider_config_id":44,"phone_number":"+14155550101"}"#,
            r#"POST telephony/bridges/sales/disconnect-provider/ {"phone_number":"+14155550102"}"#,
            r#"POST telephony/bridges/sales/connect-provider/ {"provider_config_id":44,"phone_number":"+14155550102"}"#,
            r#"POST telephony/bridges/fax/disconnect-provider/ {"phone_number":"+14155550103"}"#,
            r#"POST telephony/bridges/fax/connect-provider/ {"provider_config_id":44,"phone_number":"+14155550103"}"#,
            "DELETE telephony/providers-configurations/42/",
        ]
    );
    assert_eq!(ALL.map(|number| served_by(&story, number)), [44; 3]);
    shot!("replace_pin_kept", story.expect(0, "plan --detailed-exitcode"));
    story.in_sync();
    // The pin may be taken out, and the way back is another replacement.
    story.unpod(&PINNED.replace("id: '42', ", ""));
    story.in_sync();
    story.unpod(&PINNED.replace("id: '42', provider: exotel", "provider: plivo"));
    story.expect(0, APPLY).says("Done: 8 writes");
    assert_eq!(ALL.map(|number| served_by(&story, number)), [45; 3]);
    story.in_sync();
}

/// Wherever a replacement is interrupted, the next apply completes it with the same result.
#[test]
fn cut_off_anywhere_it_goes_on() {
    // Each of the eight writes in turn is refused permanently in the first run.
    for nth in 1..=8 {
        let story = pinned();
        story.fault(&format!("{{ match: {{ method: WRITE, nth: {nth}, times: 0 }}, effect: {{ answer: {{ status: 503 }} }} }}"));
        let first = story.run(APPLY);
        assert_eq!(first.code, if nth == 1 { 1 } else { 5 }, "{nth}: {}", first.stdout);
        story.sandbox.clear_faults();
        let dark: Vec<&str> = ALL.into_iter().filter(|number| served_by(&story, number) == 0).collect();
        assert_eq!(first.stdout.contains("DARK NOW"), !dark.is_empty(), "{nth}: {}", first.stdout);
        assert!(dark.len() <= 1, "{nth}: no number is cut before the one before it is connected again");
        let second = story.run(APPLY);
        assert_eq!(second.code, 0, "{nth}: {}\n{}", second.stdout, second.stderr);
        // A number that the first run left dark is connected by the second: the ledger remembers where it was to go.
        assert_eq!(ALL.map(|number| served_by(&story, number)), [44; 3], "{nth}");
        let left: Vec<u64> = story.sandbox.world().unpod.configurations.iter().map(|c| c.id).collect();
        assert!(left.len() == 2 && left.contains(&44), "{nth}: {left:?}");
        story.in_sync();
    }
}

#[test]
fn cut_off_after_the_create() {
    let story = pinned();
    story.fault("{ match: { path: '*/disconnect-provider/', times: 0 }, effect: { answer: { status: 500 } } }");
    shot!("replace_cut_off", story.expect(5, APPLY));
    story.sandbox.clear_faults();
    shot!("replace_goes_on", story.expect(3, "plan"));
    story.take_log();
    story.expect(0, APPLY);
    assert!(!story.writes().iter().any(|write| write.starts_with("POST telephony/providers")), "not made twice");
    assert_eq!(ALL.map(|number| served_by(&story, number)), [44; 3]);
    story.in_sync();
}

#[test]
fn a_number_that_is_dark_is_reported_first() {
    let story = pinned();
    story.fault("{ match: { path: '*/connect-provider/', nth: 2, times: 0 }, effect: { answer: { status: 400 } } }");
    shot!("replace_dark", story.expect(5, APPLY));
}

#[test]
fn a_number_that_is_dark_is_connected_by_the_next_apply() {
    let story = pinned();
    story.fault("{ match: { path: '*/connect-provider/', nth: 2, times: 0 }, effect: { answer: { status: 400 } } }");
    story.expect(5, APPLY);
    story.sandbox.clear_faults();
    story.expect(0, APPLY);
    assert_eq!(ALL.map(|number| served_by(&story, number)), [44; 3]);
}

#[test]
fn a_protected_configuration_is_not_replaced() {
    let story = pinned();
    story.unpod(&PINNED.replace("}\n", ", lifecycle: { prevent_delete: true } }\n").replace("AUTH } ,", "AUTH },"));
    shot!("replace_protected", story.expect(3, "plan --max-deletes 1"));
}

/// What no file may state is carried over to the replacement of its object: any value that others keep with a configuration,
/// the state of a bridge. Its texts are not interpreted. Unknown fields are named.
#[test]
fn a_replacement_takes_along_what_the_yaml_cannot_state() {
    let story = Story::new(
        "
unpod:
  profile: g1-snapshot
  organizations: [ { handle: acme.example, name: One }, { handle: two.example, name: Two } ]
  configurations:
    - { id: 41, provider: LiveKit, name: main, meta_json: [ { meta_key: canary-meta-key, meta_value: canary-meta-1 } ] }
    - { id: 42, provider: Vapi, name: other, organization: two.example }
  bridges:
    - { id: 301, slug: sales, name: Sales, product_id: prod, status: ACTIVE, documents_status: approve }
    - { id: 302, slug: fax, name: Fax, product_id: prod, documents_status: verified }
",
    );
    for word in ["canary-meta-key", "canary-meta-1"] {
        story.secrets.lock().unwrap().insert(word.to_owned());
    }
    let accounts = |name: &str, handle: &str| {
        format!(
            "  {name}: {{ api: unpod, base_url: \"{}\", org_handle: {handle}, product_id: prod, all_products: true, requests_per_minute: 60000, settle_after: 0s, token: {{ env: UNPOD_TOKEN }} }}\n",
            story.sandbox.unpod_url()
        )
    };
    let write = |account: &str, slugs: [&str; 2], more: &str| {
        story.file(
            "telform.yaml",
            &format!(
                "version: 1\naccounts:\n{}{}providers:\n  main: {{ account: {account}, name: main, provider: LiveKit }}\nbridges:\n  sales: {{ account: unpod, slug: {}, name: Sales }}\n  fax: {{ account: unpod, slug: {}, name: Fax }}\n{more}",
                accounts("unpod", "acme.example"),
                accounts("two", "two.example"),
                slugs[0],
                slugs[1],
            ),
        );
    };
    write("unpod", ["sales", "fax"], "");
    story.apply();
    write("two", ["sales-2", "fax-2"], "moved: [{ from: providers.main, account: unpod, to: providers.main }]\n");
    story.fault("{ match: { path: '*/provider-configurations/', times: 0, method: GET }, effect: extra_fields }");
    let plan = story.expect(0, "plan --max-deletes 9");
    plan.says("providers.main (active, meta_json)").says("bridges.sales (region, status, documents_status)");
    plan.says("telform does not know this and cannot carry it over");
    plan.says("bridges.fax documents_status");
    story.sandbox.clear_faults();
    story.expect(0, "plan --max-deletes 9 --format json").says("meta_json").is_silent_about("canary-meta");
    story.expect(0, "plan --max-deletes 9 --format markdown");
    story.expect(0, "apply --auto-approve --max-deletes 9");
    let world = story.sandbox.world();
    let made = world.unpod.configurations.iter().find(|it| it.name.as_deref() == Some("main")).unwrap();
    assert_eq!(made.meta_json, serde_json::json!([{ "meta_key": "canary-meta-key", "meta_value": "canary-meta-1" }]));
    let bridge = |slug: &str| world.unpod.bridges.iter().find(|it| it.slug == slug).unwrap();
    assert_eq!((bridge("sales-2").status.as_str(), bridge("sales-2").documents_status.as_str()), ("ACTIVE", "approve"));
    assert_eq!(bridge("fax-2").documents_status, "pending", "the service would not take what it shows");
    // None of it may be stated, and none of it is compared or adopted.
    story.sandbox.edit(|world| "INACTIVE".clone_into(&mut world.unpod.bridges[0].status));
    story.in_sync();
    story.expect(0, "adopt --all --out written");
    story.file("bad.yaml", &story.read("telform.yaml").replace("name: Sales }", "name: Sales, status: DRAFT }"));
    story.expect(1, "validate -f bad.yaml").says("status");
}

/// The existence of an unreadable secret is reported before it is overwritten, in every format.
#[test]
fn a_secret_that_nobody_can_read_is_unknown_and_not_unset() {
    let mut story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    story.unpod("providers:\n  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n");
    story.expect(0, "apply --auto-approve --rewrite-secret providers.main");
    story.set("AUTH", "canary-auth-44");
    for format in ["text", "markdown", "html", "json"] {
        let ran = story.expect(0, &format!("plan --format {format}"));
        let word = if format == "json" { "write_only" } else { "(unknown, write-only)" };
        ran.says(word).is_silent_about("(not set)");
    }
}

/// Attributes that only a create needs are carried over like everything else that can be read; unreadable ones are required once.
#[test]
fn what_a_create_needs_is_carried_over_or_asked_for() {
    let entry = "providers:\n  main: { id: '43', provider: exotel, auth_token: { env: AUTH } }\n";
    let world = |knobs: &str| {
        let sid = "AC00000000000000000000000000004343";
        let row = format!("{{ id: 43, provider: twilio, account_sid: {sid}, auth_token: canary-auth-43 }}");
        let story = Story::new(&format!("unpod:\n  {knobs}configurations: [{row}]\n"));
        let story = story.secret("AUTH", "canary-auth-44");
        story.unpod(entry);
        story
    };
    let story = world("");
    story.expect(0, APPLY).says("a fresh plan is empty");
    assert!(story.writes()[0].contains(r#""account_sid":"AC00000000000000000000000000004343""#));
    let story = world("knobs: { mask_account_sid: true }\n  ");
    let plan = story.expect(3, "plan --max-deletes 1");
    plan.says("REFUSED (1)").says("a create needs account_sid").is_silent_about("made without it");
}
