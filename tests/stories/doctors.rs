//! `telform doctor`: each possible problem, detected before a run meets it.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::bench::{Ran, Story};
use crate::partners::{by_hand, verified, west};

/// Findings of one check, as JSON has them.
fn verdict(ran: &Ran, what: &str) -> String {
    let json = ran.json();
    let checks = json["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["what"] == what);
    check.map_or_else(|| format!("no {what}"), |check| check["verdict"].as_str().unwrap().to_owned())
}

fn west_story() -> Story {
    let story = verified("");
    story.carrierx(&west(""));
    by_hand(&story, "zip", "55555");
    story
}

#[test]
fn all_is_well() {
    let story = west_story();
    let before: Vec<_> = std::fs::read_dir(story.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    shot!("doctor_first", story.expect(0, "doctor"));
    let after: Vec<_> = std::fs::read_dir(story.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(before, after, "nothing is written");
    assert_eq!(story.writes(), [""; 0], "nothing but GET is sent");
    story.apply();
    shot!("doctor_healthy", story.expect(0, "doctor"));
    let json = story.expect(0, "doctor --json").json();
    assert_eq!((json["format"].as_str(), json["verdict"].as_str()), (Some("telform-doctor"), Some("ok")));
}

#[test]
fn a_token_that_is_not_accepted_or_not_there() {
    let mut story = west_story();
    story.set("CARRIERX_TOKEN", "canary-wrong-token");
    shot!("doctor_wrong_token", story.expect(1, "doctor"));
    story.unset("CARRIERX_TOKEN");
    let ran = story.expect(1, "doctor --json");
    assert_eq!((verdict(&ran, "secrets").as_str(), verdict(&ran, "credentials").as_str()), ("wrong", "no credentials"));
    story.expect(1, "doctor").says("help: set the environment variable CARRIERX_TOKEN");
}

#[test]
fn an_organization_that_nobody_knows_and_one_that_nothing_confirms() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-77");
    story.unpod("providers:\n  main: { provider: twilio, account_sid: AC77, auth_token: { env: AUTH } }\n");
    let yaml = story.read("telform.yaml");
    story.file("telform.yaml", &yaml.replace("acme.example", "nobody.example"));
    shot!("doctor_wrong_organization", story.expect(1, "doctor"));
    story.file("telform.yaml", &yaml);
    story.expect(0, "doctor").says("`acme.example` is known to the service");
}

#[test]
fn a_generation_that_nothing_tells_and_one_that_is_not_there() {
    let story = Story::new("unpod: { profile: g1-snapshot }");
    story.unpod_with("product_id: prod, ", "");
    // No configuration yet, and a service without a catalogue.
    story.fault("{ match: { path: '*/telephony/providers/', times: 0 }, effect: { answer: { status: 404, body: html } } }");
    shot!("doctor_unknown_generation", story.expect(0, "doctor"));
    let story = Story::new("unpod: { profile: g1-snapshot }");
    story.unpod_with("product_id: prod, generation: 2, ", "");
    let ran = story.expect(1, "doctor --json");
    assert_eq!(verdict(&ran, "generation"), "wrong");
}

#[test]
fn what_the_token_may_not_read_and_where_nobody_is() {
    let story = west_story();
    story.fault("{ match: { times: 0 }, effect: { answer: { status: 403 } } }");
    let ran = story.expect(1, "doctor --json");
    assert_eq!(verdict(&ran, "access"), "wrong");
    story.sandbox.clear_faults();
    let yaml = story.read("telform.yaml");
    story.file("telform.yaml", &yaml.replace("/core/v2", "/core/v3"));
    let ran = story.expect(1, "doctor --json");
    assert_eq!((verdict(&ran, "address").as_str(), verdict(&ran, "clock").as_str()), ("wrong", "ok"));
}

#[test]
fn a_lock_that_somebody_has() {
    let story = west_story();
    story.apply();
    story.fault("{ match: { method: GET }, effect: hold }");
    let mut running = story.command("apply --auto-approve").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert!(story.sandbox.wait_held(Duration::from_secs(20)));
    story.sandbox.clear_faults();
    let ran = story.expect(0, "doctor");
    ran.says("  warning lock            taken: ").says("help: wait for that run with --lock-timeout 5m");
    assert!(ran.stdout.contains(&format!("process {}", running.id())), "{}", ran.stdout);
    running.kill().unwrap();
    running.wait().unwrap();
    story.expect(0, "doctor").says("ok      lock");
}

#[test]
fn a_ledger_or_journal_that_is_damaged() {
    let story = west_story();
    story.apply();
    let (ledger, journal) = (story.read(".telform/ledger.json"), story.read(".telform/ledger.journal"));
    story.file(".telform/ledger.json", &ledger[..ledger.len() / 2]);
    shot!("doctor_damaged_ledger", story.expect(1, "doctor"));
    story.file(".telform/ledger.json", &ledger);
    story.file(".telform/ledger.journal", &journal.replacen("apply", "apple", 1));
    let ran = story.expect(1, "doctor --json");
    assert_eq!((verdict(&ran, "ledger").as_str(), verdict(&ran, "journal").as_str()), ("ok", "wrong"));
    story.file(".telform/ledger.journal", &journal);
    std::fs::remove_file(story.path(".telform/ledger.key")).unwrap();
    let ran = story.expect(0, "doctor --json");
    assert_eq!(verdict(&ran, "key"), "warning");
}

#[test]
fn a_clock_that_is_wrong() {
    for (ahead, code, verdict_of_it) in [(10, 0, "ok"), (100, 0, "warning"), (-100, 0, "warning"), (4000, 1, "wrong")] {
        let story = west_story();
        story.fault(&format!("{{ match: {{ times: 0 }}, effect: {{ clock_ahead: {ahead} }} }}"));
        let ran = story.expect(code, "doctor --json");
        assert_eq!(verdict(&ran, "clock"), verdict_of_it, "{ahead}");
    }
    let story = west_story();
    story.fault("{ match: { times: 0 }, effect: { clock_ahead: 4000 } }");
    let ran = story.expect(1, "doctor");
    // The second that the test itself takes.
    let said = ran.stdout.replace("3999 s", "4000 s").replace("4001 s", "4000 s");
    assert!(said.contains("this machine is 4000 s behind the service"), "{said}");
    let quiet = story.expect(1, "doctor --quiet");
    assert_eq!(quiet.stdout.lines().count(), 1, "{}", quiet.stdout);
}

#[test]
fn what_git_would_take() {
    let story = west_story();
    let git = |arguments: &[&str]| {
        let done = Command::new("git").args(arguments).current_dir(story.dir.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    let yaml = story.read("telform.yaml").replace("{ env: CARRIERX_TOKEN }", "{ file: secret-token }");
    story.file("telform.yaml", &yaml);
    story.file("secret-token", crate::bench::CARRIERX_TOKEN);
    shot!("doctor_git", story.expect(1, "doctor"));
    story.file(".gitignore", "secret-token\n.telform/*.key\n");
    story.expect(0, "doctor").says("the key and all secret files are ignored");
}

#[test]
fn against_the_sandbox() {
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    shot!("doctor_sandbox", story.expect(0, "doctor --sandbox world.yaml"));
    assert!(!story.path("world.state.yaml").exists(), "looking keeps no state");
}

/// What nothing looked at is not counted as in order.
#[cfg(unix)]
#[test]
fn a_git_that_does_not_run() {
    let story = west_story();
    let doctor = || {
        let output = story.command("doctor --json").env("PATH", story.dir.path()).output().unwrap();
        story.ran("doctor --json", &output)
    };
    doctor().says("not a git work tree");
    std::fs::create_dir(story.path(".git")).unwrap();
    let ran = doctor();
    assert_eq!(ran.code, 0, "{}", ran.whole());
    ran.says("a repository is here, but git did not run");
    assert_eq!(verdict(&ran, "git"), "warning");
}
