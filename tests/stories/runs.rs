//! Two runs at once, and a run that is interrupted.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Stdio};
use std::time::Duration;

use crate::bench::{Ran, Story};

pub(crate) const TWO: &str = "
providers:
  a: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }
  b: { provider: twilio, account_sid: AC2, auth_token: { env: AUTH } }
";

fn story() -> Story {
    let story = Story::new("{}").secret("AUTH", "canary-auth-twice");
    story.unpod(TWO);
    story
}

pub(crate) fn start(story: &Story, args: &str) -> Child {
    story.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub(crate) fn end(story: &Story, args: &str, child: Child) -> Ran {
    story.ran(args, &child.wait_with_output().unwrap())
}

/// Waits until a write has arrived that is held open by a fault.
pub(crate) fn wait_for_a_write(story: &Story) {
    while story.sandbox.writes().is_empty() {
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

pub(crate) fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_second_apply_is_refused_while_the_first_one_runs() {
    let story = story();
    story.fault("{ match: { method: POST }, effect: { delay_ms: 1500 } }");
    let first = start(&story, "apply --auto-approve");
    wait_for_a_write(&story);
    let second = story.expect(1, "apply --auto-approve");
    let shown = Ran { code: second.code, stdout: second.stdout.clone(), stderr: regex_free(&second.stderr) };
    shot!("locked", shown);
    story.expect(1, "forget providers.a").says("is in use");
    // Reading is allowed all the while.
    story.expect(0, "plan");
    assert_eq!(end(&story, "apply", first).code, 0);
    assert_eq!(story.writes().len(), 2);
    story.in_sync();
}

/// User, host and process of the lock are another one everywhere.
fn regex_free(text: &str) -> String {
    let Some((before, rest)) = text.split_once("is in use: ") else { return text.to_owned() };
    let (_, after) = rest.split_once(" has held it since ").unwrap();
    let (since, after) = after.split_once(", for ").unwrap();
    let (_, after) = after.split_once(" (process ").unwrap();
    let (_, after) = after.split_once(", lock ").unwrap();
    format!("{before}is in use: [user] on [host] has held it since {since}, for [age] (process [pid], lock {after}")
}

#[test]
fn an_interrupt_ends_after_the_request_in_flight() {
    for name in ["-INT", "-TERM"] {
        let story = story();
        story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 700 } }");
        let child = start(&story, "apply --auto-approve");
        wait_for_a_write(&story);
        signal(&child, name);
        let ran = end(&story, "apply", child);
        assert_eq!(ran.code, 130, "{}", ran.whole());
        if name == "-INT" {
            shot!("interrupted", ran);
        }
        assert_eq!(story.writes().len(), 1, "the request in flight was finished, and no other sent");
        assert_eq!(story.ledger()["objects"].as_object().unwrap().len(), 1, "it is recorded");
        story.apply();
        assert_eq!(story.writes().len(), 2);
        story.in_sync();
    }
}

/// Waits until a run says that it received a signal. The rest of what it says goes to what is returned.
pub(crate) fn interrupt_was_seen(child: &mut Child) -> BufReader<ChildStderr> {
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("Interrupted. Finishing ") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended without a word");
    }
    stderr
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let story = story();
    story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 20000 } }");
    let child = start(&story, "apply --auto-approve");
    wait_for_a_write(&story);
    signal(&child, "-INT");
    // The second signal is then distinct.
    let mut child = child;
    let _stderr = interrupt_was_seen(&mut child);
    signal(&child, "-INT");
    assert_eq!(end(&story, "apply", child).code, 130);
    // The create had its effect, unseen: the next run finds it.
    story.sandbox.clear_faults();
    story.apply();
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 2);
    story.in_sync();
}

/// Killed silently after the service has carried out the request: nothing is created twice.
#[test]
fn a_run_that_is_killed() {
    let story = story();
    story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 20000 } }");
    let mut child = start(&story, "apply --auto-approve");
    wait_for_a_write(&story);
    child.kill().unwrap();
    end(&story, "apply", child);
    story.sandbox.clear_faults();
    story.apply();
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 2);
    story.in_sync();

    // A partner cannot be looked for, so its create is asked about.
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&crate::partners::west(""));
    story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 20000 } }");
    let mut child = start(&story, "apply --auto-approve");
    wait_for_a_write(&story);
    child.kill().unwrap();
    end(&story, "apply", child);
    story.sandbox.clear_faults();
    story.expect(3, "apply --auto-approve").says("refusal::unsettled_create");
    assert_eq!(story.writes().len(), 1);
}

#[test]
fn a_ledger_that_cannot_be_used() {
    let story = story();
    story.apply();
    let whole = story.read(".telform/ledger.json");
    let mut shown = String::new();
    for (name, text) in [
        ("half", &whole[..whole.len() / 2]),
        ("newer", &whole.replace("\"format\": 1", "\"format\": 99")),
        ("other organization", &whole.replace("acme.example", "other.example")),
        ("empty", ""),
    ] {
        story.file(".telform/ledger.json", text);
        let ran = story.expect(1, "plan");
        shown.push_str(&format!("=== {name}\n{}", ran.stderr));
        story.expect(1, "apply --auto-approve");
        assert_eq!(story.read(".telform/ledger.json"), text, "{name}: left as it is");
    }
    let all = Ran { code: 1, stdout: shown.replace(&story.dir.path().display().to_string(), "[folder]"), stderr: String::new() };
    shot!("ledger_unusable", all);
    story.file(".telform/ledger.json", &whole);
    story.in_sync();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let key = story.path(".telform/ledger.key");
        assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        story.expect(1, "plan").says("other users can read").says("chmod 600");
    }
}

/// A ledger that is lost costs knowledge, never objects.
#[test]
fn a_ledger_that_is_lost() {
    let story = story();
    story.apply();
    std::fs::remove_dir_all(story.path(".telform")).unwrap();
    story.in_sync();
    story.expect(0, "plan").says("unknown: telform has never written it");
}

#[test]
fn a_ledger_elsewhere() {
    let story = story();
    story.expect(0, "apply --auto-approve --ledger keep/here.json");
    assert!(story.path("keep/here.json").exists() && story.path("keep/here.key").exists());
    assert!(!story.path(".telform").exists());
    let yaml = story.read("telform.yaml");
    story.file("telform.yaml", &format!("{yaml}ledger: keep/here.json\n"));
    story.in_sync();
    shot!("ledger_place", story.expect(1, "plan --ledger https://example.net/ledger.json"));
}
