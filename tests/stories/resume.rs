//! An interrupted run: the next one settles it by reading. Nothing is created twice, and nothing is lost.

use std::time::{Duration, Instant};

use serde_json::json;
use telform::state::journal::{self, JournalFinding, JournalRecord};

use crate::bench::Story;
use crate::partners::{verified, west};
use crate::runs::{TWO, end, start};

/// Kills an apply while its first write is held open: before its effect, or after it.
pub(crate) fn killed(story: &Story, method: &str, when: &str) {
    killed_as(story, "apply --auto-approve", method, when);
}

pub(crate) fn killed_as(story: &Story, command: &str, method: &str, when: &str) {
    story.take_log();
    story.fault(&format!("{{ match: {{ method: {method} }}, when: {when}, effect: {{ delay_ms: 20000 }} }}"));
    let mut child = start(story, command);
    while !story.writes().iter().any(|write| write.starts_with(method)) {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    child.kill().unwrap();
    end(story, "apply", child);
    story.sandbox.clear_faults();
}

/// What was settled so far.
fn verdicts(story: &Story) -> Vec<JournalFinding> {
    let journal = journal::check_journal(story.read(".telform/ledger.journal").as_bytes()).unwrap();
    let verdicts = journal.lines.iter().filter_map(|line| match &line.record {
        JournalRecord::Settled { verdict, .. } => Some(*verdict),
        _ => None,
    });
    verdicts.collect()
}

fn two() -> Story {
    let story = Story::new("{}").secret("AUTH", "canary-auth-resume");
    story.unpod(TWO);
    story
}

#[test]
fn a_create_whose_answer_was_never_read_is_entered() {
    let story = two();
    killed(&story, "POST", "after");
    shot!("resume_plan_says_so", story.expect(0, "plan"));
    assert_eq!(verdicts(&story), [], "a plan writes nothing");
    shot!("resume_done", story.expect(0, "resume --auto-approve"));
    assert_eq!(verdicts(&story), [JournalFinding::Done]);
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 2);
    let ledger = story.ledger();
    assert_eq!(ledger["objects"]["providers.a"]["origin"], "created", "it is this program's own");
    assert!(ledger["objects"]["providers.a"]["secrets"]["auth_token"].is_string(), "what was sent is known");
    story.in_sync();
    shot!("resume_nothing", story.expect(0, "resume"));
}

#[test]
fn a_secret_that_changed_since_is_not_taken_for_the_one_that_was_sent() {
    let mut story = two();
    killed(&story, "POST", "after");
    story.set("AUTH", "canary-auth-of-today");
    story.expect(0, "resume --auto-approve");
    let ledger = story.ledger();
    assert!(ledger["objects"]["providers.a"]["secrets"].get("auth_token").is_none());
    assert!(ledger["objects"]["providers.b"]["secrets"]["auth_token"].is_string());
}

#[test]
fn a_change_of_a_secret_alone_is_written_again() {
    let mut story = two();
    story.apply();
    story.set("AUTH", "canary-auth-second");
    killed(&story, "PATCH", "after");
    shot!("resume_cannot_tell", story.expect(0, "apply --auto-approve"));
    for configuration in story.world()["unpod"]["configurations"].as_array().unwrap() {
        assert_eq!(configuration["auth_token"], "canary-auth-second");
    }
    // Back to the first one: what may have been written must not be mistaken for it.
    story.set("AUTH", "canary-auth-third");
    killed(&story, "PATCH", "after");
    story.set("AUTH", "canary-auth-second");
    story.apply();
    for configuration in story.world()["unpod"]["configurations"].as_array().unwrap() {
        assert_eq!(configuration["auth_token"], "canary-auth-second");
    }
    story.in_sync();
}

#[test]
fn what_an_update_taught_is_kept_when_the_next_one_is_cut_off() {
    let mut story = two();
    story.apply();
    let before = story.ledger();
    story.set("AUTH", "canary-auth-second");
    let second = before["objects"]["providers.b"]["id"].as_str().unwrap();
    story.fault(&format!("{{ match: {{ method: PATCH, path: '*/{second}/' }}, when: before, effect: {{ delay_ms: 20000 }} }}"));
    story.take_log();
    let mut child = start(&story, "apply --auto-approve");
    while story.writes().len() < 2 {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    child.kill().unwrap();
    end(&story, "apply", child);
    let after = story.ledger();
    let known = |ledger: &serde_json::Value, name: &str| ledger["objects"][name]["secrets"]["auth_token"].clone();
    assert_ne!(known(&after, "providers.a"), known(&before, "providers.a"), "the journal cannot say which value");
    assert_eq!(known(&after, "providers.b"), known(&before, "providers.b"));
}

#[test]
fn a_change_that_was_done_or_not() {
    for (when, verdict, writes) in [("after", JournalFinding::Done, 1), ("before", JournalFinding::NotDone, 2)] {
        let story = verified("");
        story.carrierx(&west("    address1: New Street 2\n"));
        killed(&story, "PATCH", when);
        story.expect(0, "resume --auto-approve");
        assert_eq!(verdicts(&story), [verdict], "{when}");
        assert_eq!(story.writes().len(), writes, "{when}");
        assert_eq!(story.world()["carrierx"]["partners"][0]["address1"], json!("New Street 2"));
        story.in_sync();
    }
}

#[test]
fn a_create_that_was_not_done_is_made_once() {
    let story = two();
    killed(&story, "POST", "before");
    story.apply();
    assert_eq!(verdicts(&story), [JournalFinding::NotDone]);
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 2);
    story.in_sync();
}

#[test]
fn a_partner_that_nobody_can_look_for_is_for_a_human() {
    let lost = || {
        let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
        story.carrierx(&west(""));
        killed(&story, "POST", "after");
        shot!("resume_unknown", story.expect(3, "resume --auto-approve"));
        assert_eq!(verdicts(&story), [JournalFinding::Unknown]);
        story.expect(3, "apply --auto-approve").says("telform adopt");
        assert_eq!(verdicts(&story), [JournalFinding::Unknown], "said once");
        assert_eq!(story.writes().len(), 1, "never a second create");
        story
    };
    // It was created, and the user knows its id.
    let story = lost();
    let sid = story.world()["carrierx"]["partners"][0]["partner_sid"].as_str().unwrap().to_owned();
    story.expect(0, &format!("adopt partners.west {sid}"));
    story.expect(0, "resume --auto-approve").says("in the ledger it is");
    assert_eq!(verdicts(&story), [JournalFinding::Unknown, JournalFinding::Done]);
    assert_eq!(story.ledger()["objects"]["partners.west"]["id"], json!(sid));
    story.expect(0, "resume").says("there is nothing to resume");
    // Its owner confirmed it: it can be seen.
    let story = lost();
    assert!(story.sandbox.verify("west", "all"));
    story.apply();
    assert_eq!(verdicts(&story), [JournalFinding::Unknown, JournalFinding::Done]);
    story.in_sync();
    // The user says that nothing was created.
    let story = lost();
    story.sandbox.edit(|world| world.carrierx.partners.clear());
    story.expect(0, "forget partners.west");
    story.expect(0, "resume --auto-approve");
    assert_eq!(verdicts(&story), [JournalFinding::Unknown, JournalFinding::NotDone]);
    assert_eq!(story.writes().len(), 2);
}

#[test]
fn a_run_between_two_steps_leaves_nothing_open() {
    let story = two();
    story.apply();
    // The receipt was never written, and the ledger was saved with the last step.
    let text = story.read(".telform/ledger.journal");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    story.file(".telform/ledger.journal", &lines[..lines.len() - 1].concat());
    let journal = journal::check_journal(lines[..lines.len() - 1].concat().as_bytes()).unwrap();
    let mut ledger = story.ledger();
    ledger["journal"] = json!(journal.head());
    story.file(".telform/ledger.json", &serde_json::to_string(&ledger).unwrap());
    story.expect(0, "plan").says("was interrupted with no step open");
    story.expect(0, "resume").says("Plan: no changes");
    story.expect(0, "plan").is_silent_about("cut off");
    assert_eq!(story.writes().len(), 2);
}

/// A request that is still in flight when its run has ended arrives while the next run reads: it is waited for, and not sent
/// again.
#[test]
fn a_create_that_arrives_late_is_waited_for() {
    let listings = |story: &Story| {
        let log = story.sandbox.log();
        log.iter().filter(|it| it.method == "GET" && it.path.contains("configurations")).count()
    };
    for _ in 0..5 {
        let story = two();
        killed(&story, "POST", "before");
        let killed_at = Instant::now();
        story.take_log();
        // The requests of one complete reading; the check of the create comes after it.
        story.expect(0, "plan");
        let reading = listings(&story);
        let nth = reading + 1;
        story.take_log();
        story.fault(&format!(
            "{{ match: {{ method: GET, path: '*configurations*', nth: {nth} }}, when: after, effect: {{ delay_ms: 300 }} }}"
        ));
        let child = start(&story, "resume --auto-approve");
        while listings(&story) < nth {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        std::thread::park_timeout(Duration::from_millis(100));
        let in_time = killed_at.elapsed() < Duration::from_millis(3500);
        story.sandbox.edit(|world| {
            let late = json!({ "id": 77, "provider": "twilio", "account_sid": "AC1", "auth_token": "canary-auth-resume" });
            world.unpod.configurations.push(serde_json::from_value(late).unwrap());
        });
        let ran = end(&story, "resume --auto-approve", child);
        // A machine that is so busy that the time is over says nothing.
        if !in_time {
            continue;
        }
        assert_eq!(ran.code, 0, "{}", ran.whole());
        assert_eq!(verdicts(&story), [JournalFinding::Done], "{}", ran.whole());
        assert_eq!(story.ledger()["objects"]["providers.a"]["origin"], "created", "this program's own");
        assert_eq!(story.writes().len(), 1, "the other one");
        story.in_sync();
        return;
    }
}

/// A value that is returned in a different form, and a run that ended before it could record that: the second request leaves
/// what it finds, so the value cannot be distinguished from one that was not accepted.
#[test]
fn a_reshaped_value_is_sent_once_more_at_most() {
    let story = verified("");
    story.sandbox.edit(|world| {
        let mut text = serde_json::to_value(&*world).unwrap();
        text["carrierx"]["knobs"] = json!({ "phonenumber": "drop_country_code" });
        *world = serde_json::from_value(text).unwrap();
    });
    story.carrierx(&west(""));
    story.apply();
    story.carrierx(&west("    city: Compton\n").replace("15162065574", "15162065599"));
    killed(&story, "PATCH", "after");
    let codes: Vec<i32> = (0..3).map(|_| story.run("apply --auto-approve").code).collect();
    assert_eq!(codes[2], 6, "{codes:?}");
    assert!(story.writes().len() <= 2, "{:?}", story.writes());
    story.expect(2, "plan --detailed-exitcode").says("not accepted by the service");
}

/// The suggested command works as printed.
#[test]
fn the_command_that_goes_on_has_the_guards_of_the_run() {
    let story = Story::new(crate::deletes::CONNECTED);
    story.unpod("removed:\n  - { address: providers.old, id: '42' }\n");
    killed_as(&story, "apply --auto-approve --max-deletes 1 --max-numbers-dark 3", "DELETE", "before");
    let ran = story.expect(0, "plan --max-deletes 1 --max-numbers-dark 3");
    let command = ran.stderr.split('`').find(|part| part.starts_with("telform resume")).unwrap().to_owned();
    assert_eq!(command, "telform resume --max-deletes 1 --max-numbers-dark 3");
    story.expect(0, &format!("{} --auto-approve", command.trim_start_matches("telform ")));
    let world = story.world();
    let left = world["unpod"]["configurations"].as_array().unwrap();
    assert!(left.iter().all(|configuration| configuration["id"] != 42), "{left:?}");
}

/// Without them it is settled and refused, and an apply with them goes on.
#[test]
fn a_resume_without_the_guards_of_the_run_names_them() {
    let story = Story::new(crate::deletes::CONNECTED);
    story.unpod("removed:\n  - { address: providers.old, id: '42' }\n");
    killed_as(&story, "apply --auto-approve --max-deletes 1 --max-numbers-dark 3", "DELETE", "before");
    let ran = story.expect(3, "resume --auto-approve");
    ran.says("it was run with --max-deletes 1 --max-numbers-dark 3");
    story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 3");
    let world = story.world();
    let left = world["unpod"]["configurations"].as_array().unwrap();
    assert!(left.iter().all(|configuration| configuration["id"] != 42), "{left:?}");
}
