//! What somebody changed outside telform, and the two ways on.

use serde_json::{Value, json};

use crate::bench::Story;
use crate::partners::{west, world_with_west};

/// Somebody at the console.
fn by_hand(story: &Story, change: impl FnOnce(&mut Value)) {
    story.sandbox.edit(|world| {
        let mut value = serde_json::to_value(&*world).unwrap();
        change(&mut value);
        *world = serde_json::from_value(value).unwrap();
    });
}

const BLOCK: &str = "    address1: Old Street 1   # where the desk is
    attributes:
      tier: gold
      desk: west
    callbacks: { sms: \"https://h.acme.example/a\" }   # ours
    # the end
";

fn partner() -> Story {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west(BLOCK));
    story.apply();
    story.take_log();
    story
}

#[test]
fn what_was_changed_outside_is_told_and_accepted_with_comments_and_order_kept() {
    let story = partner();
    shot!("drift_none", story.expect(0, "drift"));
    by_hand(&story, |world| {
        let partner = &mut world["carrierx"]["partners"][0];
        partner["name"] = json!("no");
        partner["address1"] = json!("New Street 2");
        partner["attributes"] = json!({ "tier": "silver", "more": "\u{202e}x" });
        partner["callbacks"] = json!({ "sms": "https://h.acme.example/b" });
    });
    let before = story.read("telform.yaml");
    let ledger = story.ledger();
    shot!("drift", story.expect(2, "drift"));
    assert_eq!((story.read("telform.yaml"), story.ledger()), (before, ledger), "only told");
    let json = story.expect(2, "drift --json").json();
    assert_eq!(json["drift"].as_array().unwrap().len(), 4);
    assert_eq!(json["drift"][0]["class"], "outside");

    shot!("drift_accept", story.expect(0, "drift --accept"));
    let after = story.read("telform.yaml");
    assert!(after.contains("address1: \"New Street 2\"   # where the desk is"), "{after}");
    assert!(after.contains("}   # ours\n    # the end"), "{after}");
    assert!(story.take_log().iter().all(|request| request.starts_with("GET ")));
    shot!("drift_accepted", story.expect(0, "drift"));
    story.in_sync();
}

#[test]
fn put_back_by_apply() {
    let story = partner();
    by_hand(&story, |world| world["carrierx"]["partners"][0]["address1"] = json!("New Street 2"));
    story.expect(2, "drift").says("changed outside telform");
    story.apply();
    assert_eq!(story.world()["carrierx"]["partners"][0]["address1"], "Old Street 1");
    story.expect(0, "drift").says("No drift");
}

#[test]
fn a_change_of_the_configuration_is_no_drift() {
    let story = partner();
    story.carrierx(&west(&BLOCK.replace("Old Street 1", "Third Street 3")));
    story.expect(0, "drift").says("No drift");
    story.expect(2, "plan --detailed-exitcode");
    // Both at once is told apart.
    by_hand(&story, |world| world["carrierx"]["partners"][0]["address1"] = json!("New Street 2"));
    story.expect(2, "drift").says("and in the configuration too");
    // Without the ledger's memory nobody knows.
    let mut ledger = story.ledger();
    ledger["objects"]["partners.west"].as_object_mut().unwrap().remove("seen");
    story.file(".telform/ledger.json", &ledger.to_string());
    story.expect(2, "drift").says("nobody knows who changed it");
}

#[test]
fn what_only_waits_is_no_drift() {
    let story = partner();
    story.carrierx(&west(&format!("{BLOCK}    tech_email: new@acme.example\n")));
    story.apply();
    let ran = story.expect(0, "drift");
    ran.says("waits for somebody to confirm it").says("tech_email");
}

const PROVIDERS: &str = "
providers:
  a: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }
  b: { provider: plivo, account_sid: MA1, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: a } } }
";

#[test]
fn numbers_that_moved_and_objects_that_are_gone() {
    let mut story = Story::new("unpod: { numbers: [{ id: 501, number: '+14155550101' }] }")
        .secret("AUTH", "canary-auth-9a");
    story.unpod(PROVIDERS);
    story.apply();
    story.expect(0, "drift");
    // A rotation in the configuration is no drift either.
    story.set("AUTH", "canary-auth-9b");
    story.expect(0, "drift");
    story.set("AUTH", "canary-auth-9a");
    by_hand(&story, |world| {
        let id = world["unpod"]["configurations"][1]["id"].clone();
        let seat = &mut world["unpod"]["bridges"][0]["numbers"]["+14155550101"];
        if seat.is_object() { seat["configuration"] = id } else { *seat = id }
    });
    shot!("drift_numbers", story.expect(2, "drift"));
    story.expect(0, "drift --accept");
    assert!(
        story.read("telform.yaml").contains(r#"numbers: { "+14155550101": { provider: b } }"#)
            || story.read("telform.yaml").contains(r#"provider: "b""#)
    );
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");

    by_hand(&story, |world| {
        world["unpod"]["configurations"].as_array_mut().unwrap().remove(0);
    });
    shot!("drift_gone", story.expect(2, "drift"));
}

#[test]
fn a_secret_that_is_read_back_tells_who_changed_it() {
    let mut story = Story::new("unpod: { profile: g1-snapshot, configurations: [{ id: 41, provider: Vapi, name: main, api_key: canary-key-1, api_secret: canary-s-1 }] }")
        .secret("KEY", "canary-key-1");
    story.unpod("\nproviders:\n  main: { name: main, provider: Vapi, api_key: { env: KEY } }\n");
    story.apply();
    story.set("KEY", "canary-key-2");
    story.apply();
    story.set("KEY", "canary-key-3");
    story.expect(0, "drift").says("No drift");
    story.set("KEY", "canary-key-2");
    by_hand(&story, |world| world["unpod"]["configurations"][0]["api_key"] = json!("canary-key-theirs"));
    shot!("drift_secret", story.expect(2, "drift"));
    story.expect(2, "drift --accept").says("a secret is never written into the YAML");
}

/// What is there may be something that no YAML can say; it is drift all the same, and the rest can still be accepted.
#[test]
fn a_value_that_the_yaml_cannot_say_is_told_and_left_for_a_human() {
    let story = partner();
    by_hand(&story, |world| {
        let partner = &mut world["carrierx"]["partners"][0];
        partner["zip"] = json!("");
        partner["address1"] = json!("New Street 2");
    });
    shot!("drift_unsayable", story.expect(2, "drift"));
    let before = story.read("telform.yaml");
    story.expect(2, "drift --accept").says("has to be accepted by hand");
    assert_ne!(story.read("telform.yaml"), before, "the other value is accepted");
    assert!(story.read("telform.yaml").contains("zip: \"01234\""));
    by_hand(&story, |world| world["carrierx"]["partners"][0]["callbacks"]["sms"] = json!("no-url\u{1b}[31m"));
    story.expect(2, "drift").says("partners.west callbacks");
}
