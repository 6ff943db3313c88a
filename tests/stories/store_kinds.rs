//! Object stores that give no lock, and clocks that differ, on a store in the test's own process.

use std::time::Duration;

use serde_json::json;
use telform::state::ledger::LEASE;

use crate::bench::Story;
use crate::runs::{TWO, end, start, wait_for_a_write};
use crate::slow_store::{Conditions, SlowStore};

const LEDGER: &str = "team/ledger.json";
const LOCK: &str = "team/ledger.lock";

fn story(store: &SlowStore) -> Story {
    let story = Story::new("{}").secret("AUTH", "canary-auth-kinds").with_ledger_at(store.url());
    story.unpod(TWO);
    story
}

/// A store that accepts a write that it must refuse gives no lock. That is found before anything is sent, and `doctor` names it.
#[test]
fn a_store_that_ignores_conditions_is_refused() {
    for (conditions, why) in [
        (Conditions::IgnoresIfNoneMatch, "although `If-None-Match: *` did not hold"),
        (Conditions::IgnoresIfMatch, "although `If-Match` did not hold"),
        (Conditions::OneTag, "although `If-Match` did not hold"),
        (Conditions::AcceptsAndDrops, "although `If-None-Match: *` did not hold"),
        (Conditions::StoresNothing, "and then showed something else"),
    ] {
        let store = SlowStore::start(Duration::from_millis(1));
        let story = story(&store);
        story.expect(0, "doctor").says("not known yet whether it gives a lock");
        store.treats(conditions);
        let refused = story.expect(1, "apply --auto-approve");
        refused.says("gives no lock: ").says(why).says("telform::ledger::unconditional");
        assert_eq!(story.writes(), [""; 0], "{conditions:?}");
        assert!(store.get(LEDGER).is_none(), "{conditions:?}");
        if conditions != Conditions::StoresNothing {
            story.expect(1, "doctor").says("wrong   store").says("telform::ledger::unconditional");
            assert_eq!(store.json(LOCK)["state"], "free", "{conditions:?}");
        }
        if conditions == Conditions::IgnoresIfNoneMatch {
            shot!("store_without_lock", refused);
        }
        // Refused every time: it may have been repaired.
        story.expect(1, "apply --auto-approve").says(why);
        store.treats(Conditions::Honoured);
        story.apply();
        story.expect(0, "doctor").says("refuses a write whose condition does not hold");
        story.in_sync();
    }
}

/// Ten at once on a store that ignores conditions: none writes. On one that honours them each write happens once.
#[test]
fn ten_at_once() {
    for conditions in [Conditions::IgnoresIfNoneMatch, Conditions::IgnoresIfMatch, Conditions::Honoured] {
        let store = SlowStore::start(Duration::from_millis(20));
        let story = story(&store);
        // All have the key that the first would make.
        let story = story.secret("TELFORM_FINGERPRINT_KEY", "a-key-for-ten-runs-of-this-story-0123456789");
        store.treats(conditions);
        let all: Vec<_> = (0..10).map(|_| start(&story, "apply --auto-approve --lock-timeout 0s")).collect();
        let codes: Vec<i32> = all.into_iter().map(|child| end(&story, "apply", child).code).collect();
        if conditions == Conditions::Honoured {
            assert!(codes.contains(&0) && codes.iter().all(|code| [0, 1].contains(code)), "{codes:?}");
            assert_eq!(story.writes().len(), 2);
        } else {
            assert_eq!(codes, [1; 10], "{conditions:?}");
            assert_eq!(story.writes(), [""; 0], "{conditions:?}");
        }
    }
}

/// The probe is made once: later runs find in the lock that this store was probed, unless it is another program.
#[test]
fn a_known_store_is_not_probed_again() {
    let store = SlowStore::start(Duration::from_millis(1));
    let story = story(&store);
    let writes_to_lock = || store.take_log().iter().filter(|key| *key == LOCK).count();
    story.apply();
    // Taken, replaced once for the probe, freed. What must be refused is not in the log.
    assert_eq!(writes_to_lock(), 3);
    story.apply();
    assert_eq!(writes_to_lock(), 2);
    store.is_called("another");
    story.expect(0, "doctor").says("not known yet");
    story.apply();
    assert_eq!(writes_to_lock(), 3);
    story.expect(0, "doctor").says("refuses a write whose condition does not hold");
}

/// Neither a machine nor a store whose clock is hours ahead or behind takes a lock that is alive, and one that is dead is taken
/// although no clock agrees with another.
#[test]
fn clocks_that_differ() {
    for ahead in [Duration::ZERO, Duration::from_secs(6 * 60), Duration::from_secs(86_400)] {
        for (renewed, expires) in
            [("2026-01-02T03:04:05Z", "2026-01-02T03:09:05Z"), ("9999-01-02T03:04:05Z", "9999-01-02T03:09:05Z")]
        {
            let store = SlowStore::start(Duration::from_millis(1));
            store.set_clock_ahead(ahead);
            let note = json!({
                "format": 1, "state": "held", "id": "the-id-of-it", "write": "w1", "owner": "alice", "host": "ci-7", "pid": 4242,
                "since": renewed, "renewed": renewed, "expires": expires,
            });
            store.put(LOCK, &note.to_string());
            let story = story(&store);
            let alive = story.expect(1, "apply --auto-approve");
            alive.says("is in use: ").says("unless renewed");
            story.expect(3, "ledger unlock").says("unless renewed").is_silent_about("The next run takes it over");
            assert_eq!(store.json(LOCK), note);
            store.age(LOCK, LEASE - Duration::from_secs(60));
            story.expect(1, "apply --auto-approve").says("is in use: ");
            store.age(LOCK, Duration::from_secs(70));
            story.expect(3, "ledger unlock").says("that run is dead").says("The next run takes it over");
            story.expect(0, "doctor").says("expired; the next run takes it over");
            story.expect(0, "apply --auto-approve").says("took over an expired lock: ");
            story.in_sync();
        }
    }
}

/// The lock names who as the journal does, with the link of the CI run.
#[test]
fn the_lock_names_the_ci_run() {
    let store = SlowStore::start(Duration::from_millis(1));
    let story = story(&store)
        .setting("GITHUB_ACTOR", "octocat")
        .setting("GITHUB_SERVER_URL", "https://github.example")
        .setting("GITHUB_REPOSITORY", "acme/telephony")
        .setting("GITHUB_RUN_ID", "4711");
    const LINK: &str = "https://github.example/acme/telephony/actions/runs/4711";
    story.fault("{ match: { method: POST }, effect: hold }");
    let first = start(&story, "apply --auto-approve");
    wait_for_a_write(&story);
    let note = store.json(LOCK);
    assert_eq!((&note["owner"], &note["ci"]), (&json!("octocat"), &json!(LINK)));
    story.expect(1, "apply --auto-approve").says("octocat on ").says(&format!("CI run {LINK}"));
    story.expect(3, "ledger unlock").says(LINK);
    story.sandbox.clear_faults();
    story.sandbox.let_go();
    assert_eq!(end(&story, "apply", first).code, 0);
    let journal = store.get("team/ledger.journal.000001").unwrap();
    let line: serde_json::Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    let actor = &line["record"]["actor"];
    for name in ["host", "pid"] {
        assert_eq!(actor[name], note[name]);
    }
    assert_eq!((&actor["user"], &actor["ci"]), (&note["owner"], &note["ci"]));
}

/// Each refusal has its own reason and its own help, and a conditional write is not tried again and again.
#[test]
fn refusals_of_the_store_are_told_apart() {
    let store = SlowStore::start(Duration::from_millis(1));
    let story = story(&store);
    for (status, code, why, help) in [
        (400, "ExpiredToken", "the credentials have expired", "aws sso login"),
        (403, "RequestTimeTooSkewed", "the clock of this machine differs", "timedatectl"),
        (403, "SignatureDoesNotMatch", "the signature is wrong", "AWS_SECRET_ACCESS_KEY"),
        (403, "InvalidAccessKeyId", "does not know this key id", "AWS_SESSION_TOKEN"),
        (403, "AccessDenied", "access is denied", "s3:PutObject"),
        (404, "NoSuchBucket", "the bucket or container does not exist", "create it, or name another location"),
        (301, "PermanentRedirect", "another region", "AWS_REGION"),
        (501, "NotImplemented", "does not support conditional writes", "use a store that supports them"),
    ] {
        store.refuses_with(Some((status, code)));
        for command in ["plan", "apply --auto-approve"] {
            story.expect(1, command).says("telform/team/ledger").says(why).says(help);
        }
    }
    store.refuses_with(None);
    story.apply();
}
