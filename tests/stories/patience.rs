//! What a service shows late, or temporarily refuses, is requested again before anything is concluded from it.

use crate::bench::Story;
use crate::deletes::CONNECTED;

fn count(log: &[String], start: &str) -> usize {
    log.iter().filter(|request| request.starts_with(start)).count()
}

/// 404 to the first reads of a bridge that this run has just created: its numbers are nevertheless connected.
#[test]
fn a_new_bridge_that_is_shown_late() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    story.unpod(
        "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  fresh: { slug: fresh, name: Fresh, numbers: { '+14155550105': { provider: main } } }
",
    );
    let mut world = story.world();
    world["unpod"]["numbers"].as_array_mut().unwrap().push(serde_json::json!({ "number": "+14155550105" }));
    story.sandbox.edit(|now| *now = serde_json::from_value(world).unwrap());
    // Two reads before the create find nothing, as is right: the plan's, and the one right before.
    story.fault(
        "{ match: { method: GET, path: '*/bridges/fresh/', nth: 3, times: 3 }, effect: { answer: { status: 404, body: framework } } }",
    );
    story.apply();
    story.in_sync();
}

/// The service itself does not know yet what this run has created: its connect is answered with 404, and sent again.
#[test]
fn a_connect_to_what_was_just_made() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    story.unpod(
        "
providers:
  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
bridges:
  support: { slug: support, name: Support, numbers: { '+14155550104': { provider: new } } }
",
    );
    story.fault(
        "{ match: { method: POST, path: '*/connect-provider/', times: 2 }, effect: { answer: { status: 404, body: framework } } }",
    );
    story.apply();
    assert_eq!(count(&story.take_log(), "POST telephony/bridges/support/connect-provider/"), 3);
    story.expect(0, "journal verify");
    story.in_sync();
}

/// The listing after the run lacks what it has created: it is read again before the run is called not converged.
#[test]
fn a_listing_that_comes_late() {
    for (world, settings, entry, path) in [
        ("{}", "", "{ provider: twilio, account_sid: AC9, auth_token: { env: AUTH } }", "telephony/providers-configurations/"),
        (
            "unpod: { profile: g1-snapshot }",
            "product_id: prod, ",
            "{ name: main line, provider: Vapi, api_key: { env: AUTH } }",
            "telephony/provider-configurations/",
        ),
    ] {
        let story = Story::new(world).secret("AUTH", "canary-auth-late");
        story.unpod_with(settings, &format!("providers:\n  main: {entry}\n"));
        story.expect(0, "plan");
        let asked = story.take_log().iter().filter(|it| **it == format!("GET {path}")).count();
        // Those of the plan, one right before the create, and then the first one after it.
        story.fault(&format!(
            "{{ match: {{ method: GET, path: '*/{path}', nth: {} }}, effect: {{ answer: {{ status: 200, body: {{ json: {{ status_code: 200, message: Success, data: [] }} }} }} }} }}",
            asked + 2
        ));
        story.apply();
        story.in_sync();
    }
}

/// An old answer right after a PATCH.
#[test]
fn a_change_that_is_shown_late() {
    let story = Story::new(CONNECTED);
    story.unpod("bridges:\n  fax: { slug: fax, name: Fax }\n");
    story.apply();
    story.unpod("bridges:\n  fax: { slug: fax, name: Telefax }\n");
    let old =
        r#"{ status_code: 200, message: Success, data: { slug: fax, name: Fax, numbers: [ { number: '+14155550103' } ] } }"#;
    // The plan's read and the one right before the PATCH see the old name; so does the one after it.
    story.fault(&format!(
        "{{ match: {{ method: GET, path: '*/bridges/fax/', nth: 3, times: 2 }}, effect: {{ answer: {{ status: 200, body: {{ json: {old} }} }} }} }}"
    ));
    story.apply();
    assert_eq!(story.writes().iter().filter(|write| write.starts_with("PATCH")).count(), 1);
    story.in_sync();
}

/// Right after its disconnect a service shows a number off its bridge: it is looked at again before it is left dark.
#[test]
fn a_number_that_is_shown_off_its_bridge_for_a_moment() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    story.unpod(
        "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  fax: { slug: fax, name: Fax, numbers: { '+14155550103': { provider: main } } }
",
    );
    let off = r#"{ status_code: 200, message: Success, data: { slug: fax, name: Fax, numbers: [] } }"#;
    // The plan and the disconnect read once each; the third read is the one before the connect.
    story.fault(&format!(
        "{{ match: {{ method: GET, path: '*/bridges/fax/', nth: 3, times: 2 }}, effect: {{ answer: {{ status: 200, body: {{ json: {off} }} }} }} }}"
    ));
    story.apply();
    let log = story.take_log();
    assert_eq!(count(&log, "POST telephony/bridges/fax/connect-provider/"), 1, "{log:#?}");
    story.in_sync();
}

const TOMBSTONE: &str = "
guards: { max_deletes: 3, max_numbers_dark: 3 }
providers: {}
removed:
  - { address: providers.old, id: '42' }
";

/// A delete that is refused because the service has not seen the disconnects yet: tried again before anything is connected again.
#[test]
fn a_delete_that_is_refused_for_a_moment() {
    let story = Story::new(CONNECTED);
    story.unpod(TOMBSTONE);
    story.fault("{ match: { method: DELETE, times: 3 }, effect: { answer: { status: 409 } } }");
    story.expect(0, "apply --auto-approve");
    let log = story.take_log();
    assert_eq!(count(&log, "DELETE"), 4, "{log:#?}");
    assert!(!log.iter().any(|request| request.contains("connect-provider") && !request.contains("disconnect")));
    story.expect(0, "journal verify");

    // One that stays refused ends as before, and not after many more tries.
    let story = Story::new(CONNECTED);
    story.unpod(TOMBSTONE);
    story.fault("{ match: { method: DELETE, times: 0 }, effect: { answer: { status: 409 } } }");
    story.expect(5, "apply --auto-approve");
    assert!((2..=8).contains(&count(&story.take_log(), "DELETE")));
    story.expect(0, "journal verify");
}

/// A database that fails over answers every question with 500 for some seconds.
#[test]
fn a_service_that_is_away_for_a_moment() {
    for status in [500, 502, 503] {
        let story = Story::new(CONNECTED);
        story.unpod("bridges:\n  fax: { slug: fax, name: Fax }\n");
        story.fault(&format!("{{ match: {{ method: GET, nth: 2, times: 8 }}, effect: {{ answer: {{ status: {status} }} }} }}"));
        story.expect(0, "plan");
    }
    // A read that alone fails has its own fault: another read shows this, and the run stops waiting.
    let story = Story::new(CONNECTED);
    story.unpod("bridges:\n  fax: { slug: fax, name: Fax }\n");
    story.fault("{ match: { method: GET, path: '*/bridges/fax/', times: 0 }, effect: { answer: { status: 500 } } }");
    story.run("plan");
    assert_eq!(count(&story.take_log(), "GET telephony/bridges/fax/"), 4);
}

/// Whatever it says about further pages: a listing that shows fewer than it counts is not complete.
#[test]
fn a_listing_that_counts_more_than_it_shows() {
    let story = Story::new("carrierx:\n  partners:\n    - { login: west, name: West, status: active }\n");
    story.carrierx("partners: {}\n");
    story.expect(0, "plan");
    story.fault("{ match: { method: GET, path: /core/v2/partners, times: 0 }, effect: { missing_rows: 2 } }");
    story.expect(1, "plan").says("incomplete").says("the service counts 3 partners and shows 1");
    // Once may be chance.
    story.sandbox.clear_faults();
    story.fault("{ match: { method: GET, path: /core/v2/partners }, effect: { missing_rows: 2 } }");
    story.expect(0, "plan");
}

/// Rows that move between the pages cannot hide on the only one.
#[test]
fn a_list_that_keeps_moving_is_asked_for_in_one_page() {
    let bridges: String = (1..=130).map(|n| format!("    - {{ slug: b{n}, name: B{n} }}\n")).collect();
    let story = Story::new(&format!("unpod:\n  bridges:\n{bridges}"));
    story.unpod("bridges: {}\n");
    story.fault("{ match: { path: '*/bridges/', query: page_size=100, times: 0 }, effect: { missing_rows: 1 } }");
    story.expect(0, "plan").says("130 bridges in unpod");
    let log = story.take_log();
    assert_eq!(count(&log, "GET telephony/bridges/?page=1&page_size=231"), 1, "{log:#?}");
}

/// However many configurations go: the account is read whole once before the first of them, not once for each.
#[test]
fn a_wave_of_deletes_reads_the_account_once() {
    let story = Story::new(
        "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-twilio-43 }
    - { id: 44, provider: twilio, account_sid: AC44, auth_token: canary-twilio-44 }
    - { id: 45, provider: twilio, account_sid: AC45, auth_token: canary-twilio-45 }
  numbers: [{ number: '+14155550101' }]
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
",
    );
    story.unpod(
        "
guards: { max_deletes: 3 }
providers: {}
removed:
  - { address: providers.a, id: '43' }
  - { address: providers.b, id: '44' }
  - { address: providers.c, id: '45' }
",
    );
    story.expect(0, "apply --auto-approve");
    let log = story.take_log();
    assert_eq!(count(&log, "DELETE"), 3);
    assert_eq!(count(&log, "GET telephony/bridges/?page=1"), 3, "plan, wave, proof: {log:#?}");
    assert_eq!(count(&log, "GET telephony/bridges/sales/"), 3, "{log:#?}");
}
