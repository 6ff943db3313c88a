//! A run that is applied in part leaves no number dark that it disconnected for a step that did not happen.

use telform::state::journal::{self, StepEnding};

use serde_json::json;

use crate::bench::Story;
use crate::deletes::CONNECTED;

const GUARDS: &str = "--max-deletes 1 --max-numbers-dark 3";
const REFUSED: &str = "effect: { answer: { status: 400 } }";

fn tombstone() -> Story {
    let story = Story::new(CONNECTED);
    story.unpod("removed:\n  - { address: providers.old, id: '42' }\n");
    story
}

/// `+14155550103` moves from one bridge to the other.
fn moving() -> Story {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    story.unpod(
        "
providers:
  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: old }, '+14155550102': { provider: old }, '+14155550103': { provider: old } } }
  fax: { slug: fax, name: Fax, numbers: {} }
",
    );
    story
}

/// Which configuration serves each number, by bridge.
fn served(story: &Story) -> Vec<(String, String, Option<u64>)> {
    let world = story.sandbox.world();
    let bridges = world.unpod.bridges.iter();
    let mut all: Vec<_> = bridges
        .flat_map(|bridge| bridge.numbers.iter().map(|(number, link)| (bridge.slug.clone(), number.clone(), link.configuration)))
        .collect();
    all.sort();
    all
}

#[test]
fn a_delete_that_fails_gives_its_numbers_back() {
    let story = tombstone();
    let before = served(&story);
    story.fault(&format!("{{ match: {{ method: DELETE, times: 0 }}, {REFUSED} }}"));
    shot!("delete_failed", story.expect(5, &format!("apply --auto-approve {GUARDS}")));
    assert_eq!(served(&story), before);
    let connect = |bridge: &str, number: &str| {
        format!(r#"POST telephony/bridges/{bridge}/connect-provider/ {{"provider_config_id":42,"phone_number":"{number}"}}"#)
    };
    assert_eq!(
        story.writes()[4..],
        [connect("sales", "+14155550101"), connect("sales", "+14155550102"), connect("fax", "+14155550103")]
    );
    let kept = journal::check_journal(story.read(".telform/ledger.journal").as_bytes()).unwrap();
    let runs = journal::collect_runs(&kept.lines);
    let back: Vec<_> = runs[0].steps.iter().filter(|step| step.id.starts_with('r')).map(|step| (step.id, step.end())).collect();
    assert_eq!(back, [("r1", Some(StepEnding::Done)), ("r2", Some(StepEnding::Done)), ("r3", Some(StepEnding::Done))]);
    // What a number was given back is what set it last.
    let blamed = story.expect(0, "journal blame providers.old.numbers.+14155550101 --json").json();
    assert_eq!((&blamed["values"][0]["after"], &blamed["values"][0]["step"]), (&json!("\"42\""), &json!("r1")));
    assert!(runs[0].open().is_empty());
    assert_eq!(runs[0].completed_writes(), 6, "three were cut and are back");
    story.expect(0, "journal verify");
    story.expect(0, "verify .telform/ledger.journal");
    // The next run does all of it.
    story.sandbox.clear_faults();
    story.expect(0, &format!("apply --auto-approve {GUARDS}"));
    story.in_sync();
}

#[test]
fn who_does_not_want_it_sees_the_dark_numbers_first() {
    let story = tombstone();
    story.fault(&format!("{{ match: {{ method: DELETE, times: 0 }}, {REFUSED} }}"));
    let ran = story.expect(5, &format!("apply --auto-approve {GUARDS} --no-reconnect-on-failure"));
    let commands: Vec<String> = ran
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("    telform "))
        .map(|command| format!("{command} --auto-approve"))
        .collect();
    shot!("delete_failed_left_dark", ran);
    assert_eq!(story.writes().len(), 4);
    // Both commands work as printed.
    let [back, on] = commands.as_slice() else { panic!("{commands:?}") };
    story.sandbox.clear_faults();
    story.expect(0, back);
    assert_eq!(served(&story).iter().filter(|(.., by)| *by == Some(42)).count(), 3);
    story.expect(0, on);
    assert_eq!(served(&story).len(), 1);
}

#[test]
fn a_connect_that_fails_gives_the_number_back() {
    for stop in ["stop", "continue"] {
        let story = moving();
        let before = served(&story);
        story.fault(&format!("{{ match: {{ path: '*/sales/connect-provider/', times: 0 }}, {REFUSED} }}"));
        let ran = story.expect(5, &format!("apply --auto-approve --on-error {stop}"));
        if stop == "stop" {
            shot!("connect_failed", ran);
        }
        assert_eq!(served(&story), before, "{stop}");
        assert_eq!(story.ledger()["moves"].as_array().map_or(0, Vec::len), 0, "no move is open");
        story.sandbox.clear_faults();
        story.apply();
        story.in_sync();
    }
}

/// Not even the way back works: the numbers are named first.
#[test]
fn everything_fails_after_the_cut() {
    let story = moving();
    story.fault(&format!("{{ match: {{ path: '*/connect-provider/', times: 0 }}, {REFUSED} }}"));
    shot!("everything_failed", story.expect(5, "apply --auto-approve"));
    let events = {
        let story = moving();
        story.fault(&format!("{{ match: {{ path: '*/connect-provider/', times: 0 }}, {REFUSED} }}"));
        story.expect(5, "apply --auto-approve --json").events()
    };
    let last = events.last().unwrap();
    assert_eq!(last["dark"][0]["number"], "+14155550103");
    assert_eq!(last["reconnected"][0]["result"]["outcome"], "failed");
    story.sandbox.clear_faults();
    story.apply();
    story.in_sync();
}

/// The configuration that served the number no longer exists by then: nothing is sent.
#[test]
fn a_configuration_that_is_gone_is_not_connected() {
    let story = moving();
    story.fault("{ match: { path: '*/sales/connect-provider/' }, effect: { foreign: [ { delete_configuration: 42 } ] } }");
    let ran = story.expect(5, "apply --auto-approve");
    ran.says("provider configuration 42 no longer exists").says("DARK NOW (1)");
    assert!(!story.writes().iter().any(|write| write.contains("fax/connect-provider")));
}

/// One number cannot be disconnected, so the delete does not happen: the others are reconnected. A number that the YAML
/// removes from its bridge stays disconnected, whatever else fails.
#[test]
fn only_what_was_cut_for_nothing() {
    let story = tombstone();
    let before = served(&story);
    story.fault(&format!("{{ match: {{ path: '*/fax/disconnect-provider/', times: 0 }}, {REFUSED} }}"));
    story.expect(5, &format!("apply --auto-approve {GUARDS}")).says("r1 ok").says("r2 ok");
    assert_eq!(served(&story), before);

    let story = Story::new(CONNECTED);
    story.unpod("bridges:\n  fax: { slug: fax, name: Fax, numbers: {} }\nremoved:\n  - { address: providers.old, id: '42' }\n");
    story.fault(&format!("{{ match: {{ method: DELETE, times: 0 }}, {REFUSED} }}"));
    story.expect(5, &format!("apply --auto-approve {GUARDS}"));
    assert!(!story.writes().iter().any(|write| write.contains("fax/connect-provider")));
    let now = served(&story);
    assert!(!now.iter().any(|(bridge, ..)| bridge == "fax"), "it was removed on purpose: {now:?}");
    assert_eq!(now.len(), 3);
}

/// Another user had disconnected the number before us: we do not undo that.
#[test]
fn what_somebody_else_cut_stays_cut() {
    let story = tombstone();
    story.fault(&format!("{{ match: {{ method: DELETE, times: 0 }}, {REFUSED} }}"));
    story.fault(
        "{ match: { path: '*/sales/disconnect-provider/' }, effect: { foreign: [ { disconnect: { bridge: fax, number: '+14155550103' } } ] } }",
    );
    story.expect(5, &format!("apply --auto-approve {GUARDS}"));
    let now = served(&story);
    assert!(!now.iter().any(|(bridge, ..)| bridge == "fax"), "{now:?}");
    assert_eq!(now.len(), 3, "the others are back");
}

/// The service said that one was not connected: this run did not disconnect it.
#[test]
fn what_was_found_cut_is_not_connected() {
    let story = tombstone();
    story.fault("{ match: { method: POST, path: '*/fax/disconnect-provider/' }, effect: { foreign: [ { disconnect: { bridge: fax, number: '+14155550103' } } ] } }");
    story.fault(&format!("{{ match: {{ method: DELETE, times: 0 }}, {REFUSED} }}"));
    story.expect(5, &format!("apply --auto-approve {GUARDS}")).says("and no provider configuration serves the number there");
    assert!(!story.writes().iter().any(|write| write.contains("fax/connect-provider")), "{:?}", story.writes());
    assert_eq!(served(&story).len(), 3, "the two that were cut for nothing are back");
}

/// It is not known whether the number was connected: a second connect on the old bridge could be worse than none.
#[test]
fn a_connect_whose_end_is_unknown_is_not_followed_by_another() {
    let story = moving();
    story.fault("{ match: { path: '*/sales/connect-provider/' }, when: after, effect: hold }");
    let mut command = story.command("apply --auto-approve");
    command.env("TELFORM_TEST_TIMEOUT_MS", "3000");
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    assert!(story.sandbox.wait_held(std::time::Duration::from_secs(60)));
    story.fault("{ match: { method: GET, times: 0 }, effect: { answer: { status: 403 } } }");
    let ran = story.ran("apply", &child.wait_with_output().unwrap());
    assert_eq!(ran.code, 5, "{}", ran.whole());
    ran.says("UNKNOWN");
    let connects = story.writes().into_iter().filter(|write| write.contains("connect-provider") && !write.contains("disconnect"));
    assert_eq!(connects.count(), 1, "{:?}", story.writes());
}
