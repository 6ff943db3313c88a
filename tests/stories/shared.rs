//! A ledger that several machines share, on a real S3 server: see `moto.rs` for its origin.

use std::process::Child;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::Story;
use crate::moto::S3;
use crate::runs::{TWO, end, signal, start, wait_for_a_write};

const LEDGER: &str = "team/ledger.json";
/// Beside it, what was done.
const JOURNAL: &str = "team/ledger.journal.000001";
const LOCK: &str = "team/ledger.lock";

fn story(s3: &S3) -> Story {
    let story = Story::new("{}").secret("AUTH", "canary-auth-shared").with_ledger_at(s3.url());
    story.unpod(TWO);
    story
}

/// Nothing that is stored may reveal anything to an unauthorised reader.
fn nothing_secret(story: &Story, s3: &S3) {
    story.note_secrets();
    let keys: Vec<String> = std::fs::read_dir(story.path(".telform"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "key"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    assert!(!keys.is_empty(), "the key is in a file here");
    for name in s3.keys() {
        assert!(!name.ends_with("key"), "{name}");
        let text = s3.get(&name).unwrap();
        for secret in story.secrets.lock().unwrap().iter().chain(&keys) {
            assert!(!text.contains(secret.as_str()), "{name}: {text}");
        }
    }
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn two_at_once_one_runs_and_one_is_refused() {
    let Some(s3) = S3::start("two_at_once_one_runs_and_one_is_refused") else { return };
    let story = story(&s3);
    story.fault("{ match: { method: POST }, effect: { delay_ms: 1500 } }");
    let first = start(&story, "apply --auto-approve");
    wait_for_a_write(&story);
    let second = story.expect(1, "apply --auto-approve");
    second.says("s3://telform/team/ledger.json is in use: ").says("--lock-timeout").says("--lock-id ");
    second.says(s3.json(LOCK)["id"].as_str().unwrap());
    story.expect(1, "forget providers.a").says("is in use");
    story.expect(3, "ledger unlock").says("is held").says("If you are sure that this run is dead");
    // Reading is allowed all the while.
    story.expect(0, "plan");
    let first = end(&story, "apply", first);
    assert_eq!(first.code, 0, "{}", first.stderr);
    first.says("the first write keeps a new one in .telform/s3-telform-team-ledger-").says("TELFORM_FINGERPRINT_KEY");
    assert_eq!(story.writes().len(), 2);

    // The ledger holds exactly what the first one did.
    let ledger = s3.json(LEDGER);
    let managed: Vec<&String> = ledger["objects"].as_object().unwrap().keys().collect();
    assert_eq!(managed, ["providers.a", "providers.b"]);
    let there = story.world();
    let ids: Vec<String> = there["unpod"]["configurations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].to_string().trim_matches('"').to_owned())
        .collect();
    for entry in ledger["objects"].as_object().unwrap().values() {
        assert!(ids.contains(&entry["id"].as_str().unwrap().to_owned()), "{entry} {ids:?}");
    }
    assert_eq!(s3.keys(), [JOURNAL, LEDGER, LOCK]);
    assert_eq!(s3.json(LOCK)["state"], "free");
    nothing_secret(&story, &s3);
    story.in_sync();
    assert!(!story.path(".telform/ledger.json").exists(), "nothing of it is here");
    story.expect(0, "ledger list").says("2 objects in s3://telform/team/ledger.json");
    story.expect(0, "ledger unlock").says("The lock of ");
    story.expect(0, "ledger move providers.a providers.c");
    assert!(s3.json(LEDGER)["objects"]["providers.c"].is_object());
}

#[test]
fn patience_waits_for_the_other_run_and_then_goes_on() {
    for shared in [false, true] {
        let s3 = if shared {
            match S3::start("patience_waits_for_the_other_run_and_then_goes_on") {
                Some(s3) => Some(s3),
                None => return,
            }
        } else {
            None
        };
        let story = match &s3 {
            Some(s3) => story(s3),
            None => {
                let story = Story::new("{}").secret("AUTH", "canary-auth-shared");
                story.unpod(TWO);
                story
            }
        };
        story.fault("{ match: { method: POST }, effect: hold }");
        let first = start(&story, "apply --auto-approve");
        wait_for_a_write(&story);
        story.expect(1, "apply --auto-approve --lock-timeout 200ms").says("waiting for the lock").says("is in use");
        let mut second = start(&story, "apply --auto-approve --lock-timeout 60s");
        let mut stderr = std::io::BufReader::new(second.stderr.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut stderr, &mut line).unwrap();
        assert!(line.contains("waiting for the lock, at most"), "{line}");
        story.sandbox.clear_faults();
        story.sandbox.let_go();
        let second = end(&story, "apply", second);
        assert_eq!(second.code, 0, "{}", second.whole());
        second.says("Plan: no changes");
        assert_eq!(end(&story, "apply", first).code, 0);
        assert_eq!(story.writes().len(), 2, "the second one found everything done");
        story.in_sync();
    }
}

#[test]
fn a_dead_owners_lock() {
    let Some(s3) = S3::start("a_dead_owners_lock") else { return };
    let story = story(&s3);
    story.fault("{ match: { method: POST }, effect: { delay_ms: 1500 } }");
    let first = start(&story, "apply --auto-approve");
    let pid = first.id();
    wait_for_a_write(&story);
    kill(first);
    let held = s3.json(LOCK);
    let id = held["id"].as_str().unwrap().to_owned();
    assert_eq!((&held["state"], &held["pid"]), (&json!("held"), &json!(pid)));
    story.expect(1, "apply --auto-approve").says(&format!("(process {pid}, lock {id})")).says("unless renewed");
    story.expect(1, "ledger unlock --lock-id 1234").says("it has another id");
    story.expect(0, &format!("ledger unlock --lock-id {id}")).says("Freed the lock").says(&id);
    assert_eq!(s3.json(LOCK)["state"], "free");
    story.apply();
    story.in_sync();

    // A run waits for the end of a lease of one second, which the store's clock counts: the calendar in the note is long past.
    let mut left = held;
    left["renewed"] = json!("2026-01-02T03:04:05Z");
    left["expires"] = json!("2026-01-02T03:04:06Z");
    s3.put(LOCK, &left.to_string());
    let run = story.expect(0, "apply --auto-approve --lock-timeout 60s");
    run.says("took over an expired lock: ").says(&id);
    assert_eq!(s3.json(LOCK)["state"], "free");
}

/// Interrupted before anything was sent, a run leaves no lock behind.
#[test]
fn an_interrupt_frees_the_lock() {
    let Some(s3) = S3::start("an_interrupt_frees_the_lock") else { return };
    let story = story(&s3);
    for name in ["-INT", "-TERM"] {
        story.take_log();
        story.fault("{ match: { method: GET }, effect: { delay_ms: 20000 } }");
        let run = start(&story, "apply --auto-approve");
        while story.sandbox.log().is_empty() {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        assert_eq!(s3.json(LOCK)["state"], "held");
        signal(&run, name);
        assert_eq!(end(&story, "apply", run).code, 130);
        assert_eq!(s3.json(LOCK)["state"], "free");
    }
    assert_eq!(story.writes(), [""; 0]);
}

/// A process that ignores the lock writes the ledger in the middle of a run.
#[test]
fn a_lost_race_overwrites_nothing() {
    let Some(s3) = S3::start("a_lost_race_overwrites_nothing") else { return };
    let story = story(&s3);
    story.apply();
    let mut other: Value = s3.json(LEDGER);
    other["write"] = json!("of-somebody-else");
    let both = TWO.replace("AC2, auth", "AC3, auth");
    story.unpod(&format!("{both}  c: {{ provider: twilio, account_sid: AC4, auth_token: {{ env: AUTH }} }}\n"));
    story.take_log();
    story.fault("{ match: { method: POST }, effect: { delay_ms: 1500 } }");
    let run = start(&story, "apply --auto-approve --parallelism 1");
    wait_for_a_write(&story);
    s3.put(LEDGER, &other.to_string());
    let run = end(&story, "apply", run);
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    run.says("after this run read it; nothing was overwritten");
    assert_eq!(s3.get(LEDGER).unwrap(), other.to_string());
    assert_eq!(s3.json(LOCK)["state"], "free");
    // The next run starts from the live state, and finds what was created by its natural key.
    story.sandbox.clear_faults();
    story.apply();
    assert_eq!(s3.json(LEDGER)["objects"].as_object().unwrap().len(), 3);
    story.in_sync();
}

#[test]
fn a_store_that_cannot_be_used_says_the_way_out() {
    let Some(s3) = S3::start("a_store_that_cannot_be_used_says_the_way_out") else { return };
    let story = story(&s3);
    story.apply();
    let whole = s3.get(LEDGER).unwrap();
    story.take_log();
    shot!("s3_no_bucket", story.expect(1, "apply --auto-approve --ledger s3://nobodys/ledger.json"));
    for (text, words) in [
        (whole[..whole.len() / 2].to_owned(), "is damaged"),
        (whole.replace("\"format\": 1", "\"format\": 99"), "has format 99"),
        (whole.replace("acme.example", "other.example"), "belongs to another account"),
    ] {
        s3.put(LEDGER, &text);
        let run = story.expect(1, "apply --auto-approve");
        run.says(&format!("s3://telform/team/ledger.json {words}")).says("help: ");
        assert_eq!(s3.get(LEDGER).unwrap(), text, "left as it was");
        assert_eq!(s3.json(LOCK)["state"], "free");
    }
    // A damaged one is set aside and recreated.
    s3.put(LEDGER, "{");
    story.expect(1, "ledger rebuild").says("is damaged");
    story.expect(0, "ledger rebuild --replace").says("kept as s3://telform/team/ledger.json.replaced-");
    let aside = s3.keys().into_iter().find(|name| name.contains("replaced")).unwrap();
    assert_eq!(s3.get(&aside).unwrap(), "{");
    story.expect(0, "plan --detailed-exitcode");
    nothing_secret(&story, &s3);

    story.take_log();
    s3.lock_out_everybody();
    shot!("s3_denied", story.expect(1, "apply --auto-approve"));
    assert_eq!(story.writes(), [""; 0]);
    drop(s3);
    let away = story.expect(1, "plan");
    away.says("cannot read s3://telform/team/ledger.json").says("refused").says("help: ");
    let story = story.setting("AWS_ENDPOINT_URL", "http://192.0.2.1:9000");
    shot!("s3_in_clear", story.expect(1, "plan"));
}
