//! What an unrecorded create left behind: the replacement whose answer never arrived, and the hidden partner that only the
//! journal knows because the ledger was lost.

use serde_json::{Value, json};

use crate::bench::Story;
use crate::partners::west;

const WORLD: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
  numbers: [{ number: '+14155550101' }]
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
";
const OLD: &str = "providers:\n  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }\n";
const APPLY: &str = "apply --auto-approve --max-deletes 1";
const CREATE: &str =
    r#"POST telephony/providers-configurations/ {"provider":"exotel","account_sid":"EX44","auth_token":"(secret)"}"#;

/// A replacement was announced in the ledger and the run was interrupted right there. These objects have the key that was sent.
fn announced(made: &[u64]) -> Story {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-lost");
    story.unpod(OLD);
    story.apply();
    let mut world = story.world();
    let configurations = world["unpod"]["configurations"].as_array_mut().unwrap();
    for id in made {
        let mut new = configurations[0].clone();
        for (name, value) in [
            ("id", json!(id)),
            ("provider", json!("exotel")),
            ("account_sid", json!("EX44")),
            ("auth_token", json!("canary-auth-lost")),
        ] {
            new[name] = value;
        }
        configurations.push(new);
    }
    story.sandbox.edit(|now| *now = serde_json::from_value(world).unwrap());
    let mut ledger = story.ledger();
    ledger["attempts"] = json!({ "providers.old": {
        "account": "unpod", "key": { "provider": "exotel", "account_sid": "EX44" }, "since": "2026-11-01T00:00:00Z",
    } });
    story.file(".telform/ledger.json", &ledger.to_string());
    story.unpod(&OLD.replace("plivo", "exotel").replace("MA42", "EX44"));
    story.take_log();
    story
}

fn entry(story: &Story) -> Value {
    let ledger = story.ledger();
    assert_eq!(ledger.get("attempts"), None, "{ledger:#}");
    ledger["objects"]["providers.old"].clone()
}

/// It was created: it is not created again, its numbers move, and the old one is deleted.
#[test]
fn a_replacement_that_was_made_takes_the_place() {
    let story = announced(&[44]);
    story.expect(0, APPLY);
    let writes = story.writes();
    assert!(!writes.contains(&CREATE.to_owned()), "{writes:#?}");
    assert_eq!(writes.last().unwrap(), "DELETE telephony/providers-configurations/42/");
    let entry = entry(&story);
    assert_eq!((&entry["id"], &entry["origin"]), (&json!("44"), &json!("created")), "{entry:#}");
    assert_eq!(entry["key"], json!({ "provider": "exotel", "account_sid": "EX44" }));
    let world = story.world();
    assert_eq!(world["unpod"]["bridges"][0]["numbers"]["+14155550101"]["configuration"], 44);
    story.in_sync();
}

/// It was not created, as a complete listing shows: it is created now.
#[test]
fn a_replacement_that_was_not_made_is_made() {
    let story = announced(&[]);
    story.expect(0, APPLY);
    assert_eq!(story.writes()[0], CREATE);
    assert_ne!(entry(&story)["id"], "42");
    story.in_sync();
}

/// Two of them exist: only a human knows which one is meant.
#[test]
fn a_replacement_that_may_be_either_is_for_a_human() {
    let story = announced(&[44, 45]);
    story.expect(3, APPLY).says("belongs to another provider configuration: 44");
    assert_eq!(story.writes(), [""; 0]);
    assert!(story.ledger()["attempts"]["providers.old"].is_object());
}

/// An object that the YAML gives to another address is not taken from it.
#[test]
fn what_another_address_has_is_no_replacement() {
    let story = announced(&[44]);
    let mut ledger = story.ledger();
    let mut other = ledger["objects"]["providers.old"].clone();
    other["id"] = json!("44");
    other["key"] = json!({ "provider": "exotel", "account_sid": "EX44" });
    ledger["objects"]["providers.other"] = other;
    story.file(".telform/ledger.json", &ledger.to_string());
    story.unpod(&format!("{OLD}  other: {{ provider: exotel, account_sid: EX44, auth_token: {{ env: AUTH }} }}\n"));
    story.expect(0, "apply --auto-approve");
    assert_eq!(entry(&story)["id"], "42", "it was not made, and nobody wants it any more");
    assert_eq!(story.ledger()["objects"]["providers.other"]["id"], "44");
    story.in_sync();
}

fn partner() -> Story {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story
}

fn lose_the_ledger(story: &Story) {
    std::fs::remove_file(story.path(".telform/ledger.json")).unwrap();
    story.take_log();
}

/// A partner is invisible until its owner confirms it. With the ledger lost only the journal knows that it was created, or may
/// have been: it is not created a second time.
#[test]
fn a_hidden_partner_that_only_the_journal_knows() {
    let made = partner();
    made.apply();
    let cut = partner();
    cut.fault("{ match: { method: POST, path: /core/v2/partners }, when: after, effect: cut }");
    cut.expect(5, "apply --auto-approve");
    cut.sandbox.clear_faults();
    let sid = made.ledger()["objects"]["partners.west"]["id"].clone();
    for (story, is_done) in [(made, true), (cut, false)] {
        lose_the_ledger(&story);
        let doctor = story.run("doctor");
        if is_done {
            doctor.is_silent_about("got no answer")
        } else {
            doctor.says("got no answer")
        };
        let ran = story.expect(if is_done { 0 } else { 3 }, "apply --auto-approve");
        ran.says("partners.west");
        assert_eq!(story.writes(), [""; 0], "not made twice");
        let ledger = story.ledger();
        if is_done {
            // The journal has its id, so it is managed as before.
            ran.says("pending verification").is_silent_about("interrupted");
            let entry = &ledger["objects"]["partners.west"];
            assert_eq!((&entry["id"], &entry["origin"], &entry["key"]["login"]), (&sid, &json!("created"), &json!("west")));
            assert_eq!(ledger.get("attempts"), None, "{ledger:#}");
        } else {
            assert!(ledger["attempts"]["partners.west"].is_object());
        }
        assert!(story.sandbox.verify("west", "all"));
        story.apply();
        assert_eq!(story.writes(), [""; 0], "it was there, and is known again");
        story.in_sync();
        assert_eq!(story.world()["carrierx"]["partners"].as_array().unwrap().len(), 1);
    }
}

/// A rebuild knows what the journal knows: the id of what was created, and that a create may have been carried out.
#[test]
fn a_rebuilt_ledger_has_the_hidden_partner_of_the_journal() {
    let made = partner();
    made.apply();
    let cut = partner();
    cut.fault("{ match: { method: POST, path: /core/v2/partners }, when: after, effect: cut }");
    cut.expect(5, "apply --auto-approve");
    cut.sandbox.clear_faults();
    for (story, is_done) in [(made, true), (cut, false)] {
        lose_the_ledger(&story);
        let rebuilt = story.expect(0, "ledger rebuild");
        let ledger = story.ledger();
        if is_done {
            rebuilt.says("whether it is hidden until it is verified, or was deleted");
            assert!(ledger["objects"]["partners.west"]["hidden_since"].is_string(), "{ledger:#}");
            story.expect(0, "plan").says("pending verification").says("no changes");
            story.apply();
        } else {
            assert!(ledger["attempts"]["partners.west"].is_object(), "{ledger:#}");
            story.expect(3, "plan").says("refusal::unsettled_create");
            story.expect(3, "apply --auto-approve");
        }
        assert_eq!(story.writes(), [""; 0], "not made twice");
    }
}

/// The service had refused, so nothing can be hidden.
#[test]
fn a_create_that_was_refused_leaves_nothing_to_recall() {
    let story = partner();
    story.fault("{ match: { method: POST, path: /core/v2/partners }, effect: { answer: { status: 403 } } }");
    story.run("apply --auto-approve");
    story.sandbox.clear_faults();
    lose_the_ledger_if_any(&story);
    story.apply();
    assert_eq!(story.writes().len(), 1);
}

fn lose_the_ledger_if_any(story: &Story) {
    if story.path(".telform/ledger.json").exists() {
        lose_the_ledger(story);
    }
    story.take_log();
}
