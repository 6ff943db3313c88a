//! Addresses that change, and objects that are let go: never a change to a service.

use crate::bench::Story;

const MAIN: &str = "
bridges: {}
providers:
  main: { provider: twilio, account_sid: AC42, auth_token: { env: AUTH }, lifecycle: { prevent_delete: true } }
";
const RENAMED: &str = "
bridges: {}
providers:
  primary: { provider: twilio, account_sid: AC42, auth_token: { env: AUTH }, lifecycle: { prevent_delete: true } }
";

fn applied() -> Story {
    let story = Story::new("{}").secret("AUTH", "canary-first-4c");
    story.unpod(MAIN);
    story.apply();
    story.take_log();
    story
}

#[track_caller]
fn renamed(story: &Story) {
    let entry = &story.ledger()["objects"]["providers.primary"];
    assert_eq!(entry["origin"], "created", "{}", story.ledger());
    assert_eq!(entry["prevent_delete"], true);
    assert!(story.ledger()["objects"]["providers.main"].is_null());
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_rename_is_no_change_and_nothing_is_forgotten() {
    let mut story = applied();
    let moved = "moved: [{ from: providers.main, to: providers.primary }]\n";
    story.unpod(&format!("{RENAMED}{moved}"));
    shot!("rename_plan", story.expect(0, "plan --detailed-exitcode"));
    story.apply();
    renamed(&story);
    story.in_sync();
    // The secret is still known, so a rotation is still seen.
    story.set("AUTH", "canary-second-4c");
    story.expect(2, "plan --detailed-exitcode").says("changed in the configuration");
    // The entry may stay when it has no effect any more.
    story.apply();
    story.in_sync();
}

#[test]
fn a_rename_that_nobody_wrote_down_deletes_nothing() {
    let story = applied();
    story.unpod(RENAMED);
    story.expect(0, "plan --detailed-exitcode").says("renamed in the ledger");
    story.apply();
    renamed(&story);
    story.in_sync();
}

#[test]
fn a_chain_of_renames_ends_at_its_last_address() {
    let story = applied();
    story.unpod(&format!(
        "{RENAMED}moved:\n  - {{ from: providers.main, to: providers.second }}\n  - {{ from: providers.second, to: providers.primary }}\n"
    ));
    story.apply();
    renamed(&story);
}

#[test]
fn two_objects_never_get_one_address() {
    let story = Story::new("{}").secret("AUTH", "canary-first-4d");
    story.unpod(
        "
providers:
  a: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }
  b: { provider: twilio, account_sid: AC2, auth_token: { env: AUTH } }
",
    );
    story.apply();
    story.take_log();
    story.unpod(
        "
providers:
  b: { provider: twilio, account_sid: AC2, auth_token: { env: AUTH } }
moved: [{ from: providers.a, to: providers.b }]
",
    );
    shot!("renamed_onto", story.expect(3, "apply --auto-approve --max-deletes 1"));
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_renamed_protection_survives_the_removal_of_the_entry() {
    let story = applied();
    story.unpod(RENAMED);
    story.apply();
    story.unpod("\nbridges: {}\nproviders: {}\n");
    let refused = story.expect(3, "apply --auto-approve --max-deletes 1");
    refused.says("providers.primary").says("prevent_delete");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_tombstone_that_keeps_releases_and_deletes_nothing() {
    let story = applied();
    story.unpod("\nbridges: {}\nproviders: {}\nremoved: [{ address: providers.main, keep: true, reason: handed over }]\n");
    shot!("release_plan", story.expect(0, "plan --detailed-exitcode"));
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    assert!(story.ledger()["objects"].as_object().unwrap().is_empty());
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 1);
    // The tombstone may stay, and has no effect any more.
    story.expect(0, "plan --detailed-exitcode").is_silent_about("released").says("Plan: no changes");
    story.in_sync();
}
