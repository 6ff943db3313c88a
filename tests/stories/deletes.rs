//! Deletes: requested by a tombstone or by removal from the YAML, guarded, and in the proven order.

use crate::bench::Story;

/// Configuration 42 serves three numbers on two bridges; 43 serves another one beside them.
pub(crate) const CONNECTED: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-twilio-43 }
  numbers:
    - { number: '+14155550101' }
    - { number: '+14155550102' }
    - { number: '+14155550103' }
    - { number: '+14155550104' }
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42, '+14155550102': 42 } }
    - { id: 302, slug: fax, name: Fax, numbers: { '+14155550103': 42 } }
    - { id: 303, slug: support, name: Support, numbers: { '+14155550104': 43 } }
";

const TOMBSTONE: &str = "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
removed:
  - { address: providers.old, provider: plivo, account_sid: MA42, reason: contract ended }
";

fn connected() -> Story {
    Story::new(CONNECTED).secret("AUTH", "canary-auth-43")
}

#[test]
fn a_connected_configuration_goes_only_when_both_guards_are_raised() {
    let story = connected();
    story.unpod(TOMBSTONE);
    shot!("tombstone_refused", story.expect(3, "plan"));
    shot!("tombstone_refused_apply", story.expect(3, "apply --auto-approve"));
    story.expect(3, "apply --auto-approve --max-deletes 1").says("--max-numbers-dark 3");
    story.expect(3, "apply --auto-approve --max-numbers-dark 3").says("--max-deletes 1");
    story.expect(3, "apply --auto-approve --max-deletes 1 --max-numbers-dark 2").says("3 numbers would go dark");
    assert_eq!(story.writes(), [""; 0]);
    assert!(!story.path(".telform").exists(), "a refused plan leaves nothing, not even its lock");

    story.take_log();
    let ran = story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 3");
    shot!("tombstone_applied", ran);
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/bridges/sales/disconnect-provider/ {"phone_number":"+14155550101"}"#,
            r#"POST telephony/bridges/sales/disconnect-provider/ {"phone_number":"+14155550102"}"#,
            r#"POST telephony/bridges/fax/disconnect-provider/ {"phone_number":"+14155550103"}"#,
            "DELETE telephony/providers-configurations/42/",
        ]
    );
    // Both bridges were read between the last disconnect and the delete.
    let log = story.take_log();
    let place = |start: &str| log.iter().rposition(|line| line.starts_with(start)).unwrap();
    let last_cut = place("POST telephony/bridges/fax/disconnect");
    let delete = place("DELETE ");
    for read in ["GET telephony/bridges/sales/", "GET telephony/bridges/fax/"] {
        assert!(log[last_cut..delete].iter().any(|line| line == read), "{read}\n{}", log.join("\n"));
    }
    // The tombstone may stay.
    shot!("tombstone_stays", story.expect(0, "plan --detailed-exitcode"));
    story.in_sync();
}

#[test]
fn guards_in_the_file_allow_it_too() {
    let story = connected();
    story.unpod(&format!("guards: {{ max_deletes: 1, max_numbers_dark: 3 }}\n{TOMBSTONE}"));
    story.apply();
    assert_eq!(story.writes().len(), 4);
    story.in_sync();
    // For one run a guard may also be lowered.
    let story = connected();
    story.unpod(&format!("guards: {{ max_deletes: 1, max_numbers_dark: 3 }}\n{TOMBSTONE}"));
    story.expect(3, "plan --max-deletes 0");
}

#[test]
fn a_share_can_be_limited() {
    let story = connected();
    story.unpod(&format!("guards: {{ max_deletes: 5, max_numbers_dark: 3, max_delete_percent: 20 }}\n{TOMBSTONE}"));
    shot!("percent_refused", story.expect(3, "plan"));
    story.expect(0, "plan --max-delete-percent 50");
}

#[test]
fn leaving_the_yaml_deletes_what_telform_manages_and_nothing_else() {
    let story = connected();
    story.unpod(
        "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
",
    );
    story.apply();
    story.unpod("providers:\n  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n");
    shot!("left_the_yaml", story.expect(3, "plan"));

    // A kind that no file declares is out of scope; an empty one is empty.
    story.unpod("bridges: {}\n");
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");
    story.unpod("providers: {}\n");
    story.expect(3, "plan").says("2 objects would be deleted").says("4 numbers would go dark");
    story.expect(0, "apply --auto-approve --max-deletes 2 --max-numbers-dark 4");
    assert_eq!(story.world()["unpod"]["configurations"], serde_json::json!([]));
    assert_eq!(story.ledger()["objects"], serde_json::json!({}));
    story.in_sync();
}

#[test]
fn protection_outlives_its_entry() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-55");
    let entry = "  main: { provider: twilio, account_sid: AC55, auth_token: { env: AUTH }";
    story.unpod(&format!("providers:\n{entry}, lifecycle: {{ prevent_delete: true }} }}\n"));
    story.apply();
    story.unpod("providers: {}\n");
    shot!("protected", story.expect(3, "apply --auto-approve --max-deletes 1"));
    story.unpod("removed:\n  - { address: providers.main }\n");
    story.expect(3, "plan --max-deletes 1").says("guard::prevent_delete");
    // The remedy that the refusal names.
    story.unpod(&format!("providers:\n{entry}, lifecycle: {{ prevent_delete: false }} }}\n"));
    story.apply();
    story.unpod("providers: {}\n");
    story.expect(0, "apply --auto-approve --max-deletes 1");
    assert_eq!(story.world()["unpod"]["configurations"], serde_json::json!([]));
}

#[test]
fn what_may_be_anybodys_connection_is_not_cut() {
    let story = Story::new(
        "
unpod:
  configurations:
    - { id: 42, provider: twilio, account_sid: AC42, auth_token: canary-twilio-42 }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-twilio-43 }
  numbers: [ { number: '+14155550101' } ]
  bridges:
    - { slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
",
    )
    .secret("AUTH", "canary-auth-43");
    let tombstone = "removed:\n  - { address: providers.old, id: '42' }\n";
    story.unpod(tombstone);
    shot!("ambiguous", story.expect(3, "apply --auto-approve --max-deletes 1 --max-numbers-dark 1"));
    assert_eq!(story.writes(), [""; 0]);

    // The remedy that the refusal names: declare the bridge, which settles what serves the number.
    let declared = "
providers:
  other: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  sales:
    slug: sales
    name: Sales
    numbers: { '+14155550101': { provider: providers.other } }
";
    story.unpod(&declared.replace("providers.other", "other"));
    shot!("ambiguous_settled", story.apply());
    story.unpod(&format!("{}{tombstone}", declared.replace("providers.other", "other")));
    story.expect(0, "apply --auto-approve --max-deletes 1");
    assert_eq!(story.writes().last().unwrap(), "DELETE telephony/providers-configurations/42/");
    let world = story.world();
    assert_eq!(world["unpod"]["bridges"][0]["numbers"]["+14155550101"]["configuration"], 43);
}

#[test]
fn destroy_takes_everything_that_is_named_and_nothing_else() {
    let story = connected();
    story.unpod(
        "
providers:
  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
bridges:
  fax: { slug: fax, name: Fax }
",
    );
    shot!("destroy_refused", story.expect(3, "plan --destroy"));
    let ran = story.expect(0, "apply --destroy --auto-approve --max-deletes 2 --max-numbers-dark 3");
    ran.says("Done: 5 writes");
    let writes = story.writes();
    assert_eq!(writes[3..], ["DELETE telephony/bridges/fax/", "DELETE telephony/providers-configurations/42/"]);
    let world = story.world();
    assert_eq!(world["unpod"]["configurations"].as_array().unwrap().len(), 1);
    assert_eq!(world["unpod"]["bridges"].as_array().unwrap().len(), 2);
    story.expect(0, "plan --destroy --detailed-exitcode").says("no changes");
}

/// A pinned id is nothing to look for once its object was deleted, in the proof of the same run and in a second one.
#[test]
fn destroy_of_pinned_objects_is_proven_and_can_be_repeated() {
    let story = connected();
    let pinned = "
providers:
  old: { id: '42', provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
bridges:
  fax: { id: fax, slug: fax, name: Fax }
";
    story.unpod(pinned);
    story.expect(0, "apply --destroy --auto-approve --max-deletes 2 --max-numbers-dark 3").says("Done: 5 writes");
    story.expect(0, "plan --destroy --detailed-exitcode").says("no changes").says("already deleted");
    story.expect(3, "plan").says("pinned_missing");
}

#[test]
fn what_is_already_gone_needs_no_request() {
    let story = connected();
    story.unpod("removed:\n  - { address: providers.never, id: '99', reason: cleaned up }\n");
    shot!("already_gone", story.expect(0, "apply --auto-approve"));
    assert_eq!(story.writes(), [""; 0]);
}

/// A bridge that names the provider and shows no number may still be in use (unpod.md 10): nothing is deleted.
#[test]
fn a_bridge_that_hides_its_numbers_keeps_a_configuration() {
    let story = connected();
    story.unpod(TOMBSTONE);
    let bridge = r#"{ id: 301, name: Sales, slug: sales, provider: plivo, numbers: [] }"#;
    for (path, body) in [
        ("*/telephony/bridges/", format!("{{ count: 1, data: [ {bridge} ] }}")),
        ("*/telephony/bridges/sales/", format!("{{ data: {bridge} }}")),
        ("*/telephony/numbers/", "{ count: 0, data: [] }".to_owned()),
    ] {
        story.fault(&format!(
            "{{ match: {{ method: GET, path: '{path}', times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {body} }} }} }} }}"
        ));
    }
    let ran = story.expect(3, "apply --auto-approve --max-deletes 9 --max-numbers-dark 9");
    ran.says("bridge sales may use provider configuration 42: it names the same catalogue entry and shows no number");
    ran.says("guard::ambiguous_connection");
    assert_eq!(story.writes(), [""; 0]);
}

/// A disconnect that only claims success: the read-back sees the number, and nothing is deleted.
#[test]
fn a_disconnect_that_lies_stops_the_delete() {
    let story = connected();
    story.unpod(TOMBSTONE);
    story.fault("{ match: { method: POST, path: '*/fax/disconnect-provider/', times: 0 }, effect: { answer: { status: 200, body: { json: { data: {} } } } } }");
    let ran = story.expect(5, "apply --auto-approve --max-deletes 1 --max-numbers-dark 3");
    ran.says("bridge fax does not show the changes: +14155550103");
    // It is not called dark, and the two disconnected numbers are connected again.
    ran.is_silent_about("DARK NOW");
    assert!(!story.writes().iter().any(|write| write.starts_with("DELETE")), "{:?}", story.writes());
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 2);
}

/// The same where nothing is connected again: only what no bridge shows any more is called dark.
#[test]
fn a_number_that_is_still_connected_is_not_called_dark() {
    let story = connected();
    story.unpod(TOMBSTONE);
    story.fault("{ match: { method: POST, path: '*/fax/disconnect-provider/', times: 0 }, effect: { answer: { status: 200, body: { json: { data: {} } } } } }");
    let ran = story.expect(5, "apply --auto-approve --max-deletes 1 --max-numbers-dark 3 --no-reconnect-on-failure");
    ran.says("DARK NOW (2)").says("Probably not dark (1)").says("+14155550103 on fax: is still on it");
}

/// Another user disconnected it just before: the service says that it is not connected, which is the wanted state.
#[test]
fn a_disconnect_of_what_is_not_connected_is_done() {
    let story = connected();
    story.unpod(TOMBSTONE);
    story.fault("{ match: { method: POST, path: '*/fax/disconnect-provider/' }, effect: { foreign: [ { disconnect: { bridge: fax, number: '+14155550103' } } ] } }");
    let ran = story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 3");
    ran.says("and no provider configuration serves the number there");
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 1);
}

/// A refused delete of something that may be in use does not state that nothing uses it.
#[test]
fn a_doubted_delete_does_not_say_that_nothing_uses_it() {
    let story = Story::new(
        "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
    - { id: 44, provider: plivo, account_sid: MA44, auth_token: canary-plivo-44 }
  numbers: [ { number: '+14155550101' } ]
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
",
    );
    story.unpod("removed:\n  - { address: providers.old, id: '44' }\n");
    let ran = story.expect(3, "plan --max-deletes 1");
    ran.says("guard::ambiguous_connection").says("it is not known what uses it; see the refusal");
    ran.is_silent_about("no number is known to use");
}
