//! A refusal affects only what needs it: a number that nothing serves is connected although something else is refused.

use crate::bench::Story;
use crate::deletes::CONNECTED;

/// What serves a number on a bridge; none if nothing does, or if it is not on the bridge.
fn server(story: &Story, slug: &str, number: &str) -> Option<u64> {
    let world = story.sandbox.world();
    world.unpod.bridges.iter().find(|bridge| bridge.slug == slug)?.numbers.get(number)?.configuration
}

const G1: &str = "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1 }
    - { id: 42, provider: LiveKit, name: twice }
    - { id: 43, provider: LiveKit, name: twice }
  numbers:
    - { id: 501, number: '+14155550101' }
    - { id: 502, number: '+14155550102' }
    - { id: 503, number: '+14155550103' }
  bridges:
    - { id: 301, slug: sales, name: Sales, product_id: prod, numbers: { '+14155550101': null, '+14155550103': null } }
    - { id: 302, slug: other, name: Other, product_id: prod, numbers: { '+14155550102': 41 } }
";

/// Generation 1: one number is on another bridge and cannot come; for one the configuration to serve it is not known. The
/// third is on the bridge, and nothing serves it.
#[test]
fn a_refused_number_does_not_keep_another_one_dark() {
    let yaml = |numbers: &str| {
        format!(
            "providers:\n  main: {{ name: main, provider: Vapi }}\n  twice: {{ name: twice, provider: LiveKit }}\nbridges:\n  sales: {{ slug: sales, name: Sales, numbers: {{ {numbers} }} }}\n"
        )
    };
    for other in ["'+14155550102': { provider: main }", "'+14155550103': { provider: twice }"] {
        let story = Story::new(G1);
        let numbers = format!("'+14155550101': {{ provider: main }}, {other}");
        story.unpod_with("product_id: prod, ", &yaml(&numbers));
        let plan = story.expect(3, "plan");
        plan.says("except 1 number that nothing serves").says("nothing serves this number");
        let ran = story.expect(5, "apply --auto-approve");
        ran.says("Applied in part: 1 write").says("REFUSED");
        assert_eq!(
            story.writes(),
            [r#"POST telephony/bridges/sales/connect-provider/ {"provider_credential_id":41,"number_id":501}"#]
        );
        assert_eq!(server(&story, "sales", "+14155550101"), Some(41));
        story.take_log();
        story.expect(3, "apply --auto-approve").says("Nothing was written");
        assert_eq!(story.writes(), [""; 0]);
        story.expect(0, "journal verify");
    }
}

/// Generation 2: an earlier run left a number dark; then another number of the same bridge is refused.
#[test]
fn a_number_that_was_left_dark_is_connected_beside_a_refused_one() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    let yaml = |more: &str| {
        format!(
            "
providers:
  old: {{ provider: plivo, account_sid: MA42, auth_token: {{ env: AUTH }} }}
  main: {{ provider: twilio, account_sid: AC43, auth_token: {{ env: AUTH }} }}
bridges:
  fax: {{ slug: fax, name: Fax, numbers: {{ '+14155550103': {{ provider: main }}{more} }} }}
"
        )
    };
    story.unpod(&yaml(""));
    story.fault("{ match: { path: '*/connect-provider/', times: 0 }, effect: { answer: { status: 400 } } }");
    story.expect(5, "apply --auto-approve").says("DARK NOW");
    story.sandbox.clear_faults();
    assert_eq!(server(&story, "fax", "+14155550103"), None);
    story.unpod(&yaml(", '+14155550101': { provider: main }"));
    shot!("confined_plan", story.expect(3, "plan"));
    // A reviewed plan is applied as a whole, or not at all.
    let digest = story.run("plan --json").json()["digest"].as_str().unwrap().to_owned();
    story.expect(3, &format!("apply --auto-approve --expect {digest}")).says("Nothing was written");
    story.expect(3, "rehearse").says("The apply would do only this");
    story.take_log();
    shot!("confined_apply", story.expect(5, "apply --auto-approve"));
    assert_eq!(server(&story, "fax", "+14155550103"), Some(43));
    assert_eq!(story.writes().len(), 1, "{:?}", story.writes());
}

/// Refusals of other types, about other objects and about the same bridge: a guard, a protected object, an attribute that only a
/// create accepts, an ambiguous object.
#[test]
fn refusals_of_other_sorts_keep_no_number_dark() {
    let bridge = |more: &str| {
        format!("bridges:\n  sales: {{ slug: sales, name: Sales, numbers: {{ '+14155550101': {{ provider: main }} }}{more} }}\n")
    };
    let main = "providers:\n  main: { name: main, provider: Vapi }\n";
    for (sort, body) in [
        ("max_deletes", format!("{main}{}removed:\n  - {{ address: bridges.gone, slug: other }}\n", bridge(""))),
        ("several_fit", format!("{main}  twice: {{ name: twice, provider: LiveKit }}\n{}", bridge(""))),
        ("create_only", format!("{main}{}", bridge(", region: EU"))),
        ("missing_for_create", format!("{main}  new: {{ name: new }}\n{}", bridge(""))),
    ] {
        let story = Story::new(G1);
        story.unpod_with("product_id: prod, ", &body);
        story.expect(3, "plan").says(sort);
        story.expect(5, "apply --auto-approve").says("Applied in part: 1 write");
        assert_eq!(server(&story, "sales", "+14155550101"), Some(41), "{sort}");
        assert_eq!(server(&story, "other", "+14155550102"), Some(41), "{sort}: nothing else is touched");
    }
}

/// The subject of the refusal does not change: the bridge itself, its configuration, the whole account.
#[test]
fn what_a_refusal_is_about_is_not_touched() {
    let numbers = "numbers: { '+14155550101': { provider: twice } }";
    for body in [
        // Its configuration is not known.
        format!("providers:\n  twice: {{ name: twice, provider: LiveKit }}\nbridges:\n  sales: {{ slug: sales, name: Sales, {numbers} }}\n"),
        // It is on another bridge.
        "providers:\n  main: { name: main, provider: Vapi }\nbridges:\n  sales: { slug: sales, name: Sales, numbers: { '+14155550102': { provider: main } } }\n".to_owned(),
    ] {
        let story = Story::new(G1);
        story.unpod_with("product_id: prod, ", &body);
        story.expect(3, "plan").is_silent_about("nothing serves this number");
        story.expect(3, "apply --auto-approve").says("Nothing was written");
        assert_eq!(story.writes(), [""; 0]);
    }
}

/// A service that refuses one number: numbers that nothing serves are nevertheless connected, and no other step starts.
#[test]
fn a_number_that_the_service_refuses_does_not_keep_another_one_dark() {
    let story = Story::new(&G1.replace("'+14155550102': 41", "'+14155550102': null"));
    story.unpod_with(
        "product_id: prod, ",
        "
providers:
  main: { name: main, provider: Vapi }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main }, '+14155550103': { provider: main } } }
  other: { slug: other, name: Other, numbers: { '+14155550102': { provider: main } } }
",
    );
    story.fault("{ match: { path: '*/connect-provider/' }, effect: { answer: { status: 400 } } }");
    story.expect(5, "apply --auto-approve");
    let on = [("sales", "+14155550101"), ("other", "+14155550102"), ("sales", "+14155550103")];
    assert_eq!(on.map(|(slug, number)| server(&story, slug, number)), [None, Some(41), Some(41)]);
    story.apply();
    story.in_sync();

    // Generation 2, with numbers that join; a number that is still served is no longer moved.
    let story = Story::new(&CONNECTED.replace(", '+14155550102': 42", "").replace("'+14155550103': 42", ""));
    let story = story.secret("AUTH", "canary-auth-43");
    story.unpod(
        "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  fax: { slug: fax, name: Fax, numbers: { '+14155550102': { provider: main }, '+14155550103': { provider: main } } }
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main } } }
",
    );
    story.fault("{ match: { path: '*/fax/connect-provider/' }, effect: { answer: { status: 400 } } }");
    story.fault("{ match: { path: '*/disconnect-provider/' }, effect: { answer: { status: 400 } } }");
    story.expect(5, "apply --auto-approve");
    assert_eq!(server(&story, "fax", "+14155550103"), Some(43));
    assert_eq!(server(&story, "fax", "+14155550102"), None);
    assert_eq!(server(&story, "sales", "+14155550101"), Some(42), "it is served, and was not cut");
    // A token that is refused stops everything.
    let story = Story::new(&G1.replace("'+14155550102': 41", "'+14155550102': null"));
    story.unpod_with(
        "product_id: prod, ",
        "providers:\n  main: { name: main, provider: Vapi }\nbridges:\n  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main }, '+14155550103': { provider: main } } }\n",
    );
    story.fault("{ match: { path: '*/connect-provider/' }, effect: { answer: { status: 403 } } }");
    story.run("apply --auto-approve");
    assert_eq!(story.writes().len(), 1);
}

/// While a plan is refused, nothing new is created for a number that no run disconnected.
#[test]
fn nothing_new_is_made_while_a_plan_is_refused() {
    let dark = CONNECTED.replace("'+14155550104': 43", "'+14155550104': null");
    let story = Story::new(&dark).secret("AUTH", "canary-auth-43");
    story.unpod(
        "
providers:
  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
bridges:
  support: { slug: support, name: Support, numbers: { '+14155550104': { provider: new } } }
removed:
  - { address: providers.main, provider: twilio, account_sid: AC43 }
",
    );
    story.expect(3, "plan").says("max_deletes").is_silent_about("nothing serves this number");
    story.expect(3, "apply --auto-approve").says("Nothing was written");
    assert_eq!(story.writes(), [""; 0]);
}

/// A number that an earlier run left dark, and whose new configuration is itself refused: the configuration is not created.
#[test]
fn what_is_refused_is_not_made_for_a_dark_number() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    let yaml = |provider: &str| {
        format!(
            "
providers:
  main: {{ provider: twilio, account_sid: AC43, auth_token: {{ env: AUTH }} }}
  new: {{ provider: twilio, account_sid: AC44, auth_token: {{ env: AUTH }} }}
bridges:
  fax: {{ slug: fax, name: Fax, numbers: {{ '+14155550103': {{ provider: {provider} }} }} }}
"
        )
    };
    story.unpod(&yaml("main"));
    story.fault("{ match: { path: '*/connect-provider/', times: 0 }, effect: { answer: { status: 400 } } }");
    story.expect(5, "apply --auto-approve").says("DARK NOW");
    story.sandbox.clear_faults();
    story.unpod(
        &yaml("alike")
            .replace("  new: {", "  alike: { provider: twilio, account_sid: ac44, auth_token: { env: AUTH } }\n  new: {"),
    );
    story.take_log();
    story.expect(3, "apply --auto-approve").says("similar_exists").says("Nothing was written");
    assert_eq!(story.writes(), [""; 0]);
}

/// Where a bridge says exactly what serves a number: parts that do not continue are neither shown nor read back.
#[test]
fn what_does_not_go_on_is_not_read_back() {
    let world = CONNECTED.replace("'+14155550101': 42, ", "");
    let world = world
        .replace("unpod:\n", "unpod:\n  knobs: { bridge_get: configuration_id }\n")
        .replace("  numbers:", "    - { id: 45, provider: exotel, account_sid: EX45, auth_token: canary-45 }\n  numbers:");
    let story = Story::new(&world).secret("AUTH", "canary-auth-43");
    story.unpod(
        "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Renamed, numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: main } } }
removed:
  - { address: providers.old, provider: exotel, account_sid: EX45 }
",
    );
    let ran = story.expect(5, "apply --auto-approve");
    ran.says("Applied in part: 1 write").is_silent_about("does not show the changes");
    let served = ["+14155550101", "+14155550102"].map(|number| server(&story, "sales", number));
    assert_eq!(served, [Some(43), Some(42)]);
    // The name is in the refused plan, and not in the part that continues.
    assert_eq!(ran.whole().matches("\"Renamed\"").count(), 1, "{}", ran.whole());
}
