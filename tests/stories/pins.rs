//! An entry that pins an object other than the one that the ledger has under its address: the old one is not forgotten.

use crate::bench::{Ran, Story};
use crate::partners::{west, world_with_west};

const UNPOD: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-auth-42 }
    - { id: 43, provider: plivo, account_sid: MA43, auth_token: canary-auth-43 }
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: {} }
    - { id: 302, slug: fax, name: Fax, numbers: {} }
";
const FIRST: &str = "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1 }
    - { id: 42, provider: Vapi, name: spare, api_key: canary-key-spare-1 }
";
const APPLY: &str = "apply --auto-approve --max-deletes 9 --max-numbers-dark 9";

fn unpod(body: &str) -> Story {
    let story = Story::new(UNPOD).secret("AUTH", "canary-auth-42");
    story.unpod(body);
    story.apply();
    story.take_log();
    story
}

#[track_caller]
fn refused(story: &Story, ran: &Ran, address: &str, ids: [&str; 2]) {
    ran.says("refusal::pin_changed").says(&format!("telform forget {address}"));
    ids.iter().for_each(|id| _ = ran.says(id));
    assert_eq!(story.writes(), [""; 0], "{}", ran.stdout);
    assert_eq!(story.ledger()["objects"][address]["id"], ids[0], "the old one is still managed");
}

/// By hand, later, by a layer over the file; of three kinds and both generations. `forget` resolves it.
#[test]
fn another_pin_is_refused_and_both_objects_are_named() {
    let provider = "providers:\n  a: { provider: plivo, account_sid: MA42 }\n";
    let layer = "version: 1\noverlay: true\nproviders:\n  a: { id: '43', account_sid: MA43 }\n";
    for (before, after, over, address, ids) in [
        ("providers: { a: { id: '42' } }\n", "providers: { a: { id: '43' } }\n", "", "providers.a", ["42", "43"]),
        (provider, "providers: { a: { id: '43' } }\n", "", "providers.a", ["42", "43"]),
        (provider, provider, layer, "providers.a", ["42", "43"]),
        ("bridges: { b: { id: sales } }\n", "bridges: { b: { id: fax } }\n", "", "bridges.b", ["sales", "fax"]),
    ] {
        let story = unpod(before);
        story.unpod(after);
        story.file("layer.yaml", if over.is_empty() { "version: 1\n" } else { over });
        let files = "-f telform.yaml -f layer.yaml";
        let ran = story.expect(3, &format!("{APPLY} {files}"));
        refused(&story, &ran, address, ids);
        let ran = story.expect(3, &format!("{APPLY} --destroy {files}"));
        refused(&story, &ran, address, ids);
        // Neither object was compared, so it is not reported as free of drift.
        let drift = story.run(&format!("drift {files}"));
        drift.says(&format!("its entry pins {}", ids[1])).is_silent_about("No drift");
        // A run about something else neither says it nor forgets it.
        story.expect(0, &format!("apply --auto-approve --exclude {address} {files}"));
        assert_eq!(story.ledger()["objects"][address]["id"], ids[0]);
        story.expect(0, &format!("forget {address} {files}"));
        story.expect(0, &format!("apply --auto-approve {files}"));
        assert_eq!(story.ledger()["objects"][address]["id"], ids[1]);
        assert_eq!(story.writes(), [""; 0]);
    }
    shot!("pin_changed", {
        let story = unpod("providers: { a: { id: '42' } }\n");
        story.unpod("providers: { a: { id: '43' } }\n");
        story.expect(3, "plan")
    });
}

#[test]
fn of_the_older_generation_and_of_a_partner() {
    let story = Story::new(FIRST);
    let write = |id: &str| story.unpod_with("product_id: prod, ", &format!("providers: {{ a: {{ id: '{id}' }} }}\n"));
    write("41");
    story.apply();
    write("42");
    story.take_log();
    let ran = story.expect(3, APPLY);
    refused(&story, &ran, "providers.a", ["41", "42"]);

    let other = "    - { partner_sid: cx-2, login: east, name: East, zip: '01234' }\n";
    let story = Story::new(&format!("{}{other}", world_with_west(""))).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west(""));
    story.apply();
    let sid = story.ledger()["objects"]["partners.west"]["id"].as_str().unwrap().to_owned();
    story.carrierx("partners:\n  west: { id: cx-2, zip: '01234' }\n");
    story.take_log();
    let ran = story.expect(3, APPLY);
    refused(&story, &ran, "partners.west", [&sid, "cx-2"]);
}

/// Where the YAML says what happens to the old object, nothing is refused.
#[test]
fn what_is_still_spoken_for_may_be_pinned_otherwise() {
    let two = |a: &str, b: &str| format!("providers: {{ a: {{ id: '{a}' }}, b: {{ id: '{b}' }} }}\n");
    // Exchanged; kept under another address; removed by its id, and by its natural key; deleted.
    let story = unpod(&two("42", "43"));
    story.unpod(&two("43", "42"));
    story.apply();
    assert_eq!(story.ledger()["objects"]["providers.a"]["id"], "43");
    assert_eq!(story.ledger()["objects"]["providers.b"]["id"], "42");
    assert_eq!(story.writes(), [""; 0]);

    let story = unpod("providers: { a: { id: '42' } }\n");
    story.unpod(&two("43", "42"));
    story.apply();
    assert_eq!(story.ledger()["objects"]["providers.b"]["id"], "42");

    for key in ["id: '42'", "provider: plivo, account_sid: MA42"] {
        let story = unpod("providers: { a: { id: '42' } }\n");
        story.unpod(&format!("providers: {{ a: {{ id: '43' }} }}\nremoved: [ {{ address: providers.old, {key} }} ]\n"));
        story.expect(3, "apply --auto-approve").says("guard::max_deletes");
        story.expect(0, APPLY);
        assert_eq!(story.writes(), ["DELETE telephony/providers-configurations/42/"]);
        assert_eq!(story.ledger()["objects"]["providers.a"]["id"], "43");
        story.in_sync();
    }
    let story = unpod("providers: { a: { id: '42' } }\n");
    story.sandbox.edit(|world| world.unpod.configurations.retain(|it| it.id != 42));
    story.unpod("providers: { a: { id: '43' } }\n");
    story.apply();
    assert_eq!(story.ledger()["objects"]["providers.a"]["id"], "43");
    // A tombstone that releases says nothing about the object.
    let story = unpod("providers: { a: { id: '42' } }\n");
    story.unpod("providers: { a: { id: '43' } }\nremoved: [ { address: providers.old, id: '42', keep: true } ]\n");
    let ran = story.expect(3, APPLY);
    refused(&story, &ran, "providers.a", ["42", "43"]);
}

/// An address that now refers to another object does not get back what was released from it.
#[test]
fn an_undo_of_a_release_takes_no_address_away() {
    let story = unpod("providers: { a: { id: '42' } }\n");
    story.expect(0, "forget providers.a");
    let run = story.expect(0, "journal list --json").json()["runs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|run| run["command"] == "forget")
        .unwrap()["run"]
        .as_str()
        .unwrap()
        .to_owned();
    story.unpod("providers: { a: { id: '43' } }\n");
    story.apply();
    let ran = story.expect(5, &format!("undo {run} --auto-approve"));
    ran.says("providers.a: its address now means the object 43 instead of 42");
    assert_eq!(story.ledger()["objects"]["providers.a"]["id"], "43");
}
