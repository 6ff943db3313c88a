//! `--skip-unreadable`: an account that cannot be read is reported and left out, and the exit code says so.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::{Story, UNPOD_TOKEN};

/// Three organizations on one service.
const WORLD: &str = "
unpod:
  organizations:
    - { handle: one.example, name: One }
    - { handle: two.example, name: Two }
    - { handle: lab.example, name: Lab }
";

const ACCOUNTS: [(&str, &str); 3] = [("one", "one.example"), ("two", "two.example"), ("lab", "lab.example")];

const OBJECTS: &str = "
providers:
  first: { account: one, provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
  second: { account: two, provider: exotel, account_sid: EX2, auth_token: { env: AUTH } }
  third: { account: lab, provider: exotel, account_sid: EX3, auth_token: { env: AUTH } }
";

pub(crate) fn story() -> Story {
    let mut story = Story::new(WORLD).secret("AUTH", "canary-auth-skip").setting("TELFORM_TEST_PAUSE_MS", "1");
    story.set("LAB_TOKEN", UNPOD_TOKEN);
    write(&story, OBJECTS, "");
    story
}

fn write(story: &Story, objects: &str, settings: &str) {
    let url = story.sandbox.unpod_url();
    let each = |(name, handle): &(&str, &str)| {
        let token = if *name == "lab" { "LAB_TOKEN" } else { "UNPOD_TOKEN" };
        format!(
            "  {name}: {{ api: unpod, base_url: \"{url}\", org_handle: {handle}, requests_per_minute: 60000, settle_after: 0s, token: {{ env: {token} }}{settings} }}\n"
        )
    };
    let accounts: String = ACCOUNTS.iter().map(each).collect();
    story.file("telform.yaml", &format!("version: 1\naccounts:\n{accounts}{objects}"));
}

const SENTENCE: &str = "without account lab, which could not be read";

#[test]
fn a_plan_without_the_account_says_so_first_in_every_format() {
    let mut story = story();
    let whole = story.expect(0, "plan --format json").json();
    story.set("LAB_TOKEN", "canary-revoked-1");
    // Without the switch nothing changes, and the error names it.
    let stopped = story.expect(1, "plan");
    let help = stopped.says("account lab").stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("`--skip-unreadable` leaves out every account"), "{help}");
    shot!("plan_skips_an_account", story.expect(5, "plan --skip-unreadable"));
    let plan = story.expect(5, "plan --skip-unreadable --format json --detailed-exitcode").json();
    assert_ne!(plan["digest"], whole["digest"]);
    assert_eq!(plan["plan"]["limits"], json!({ "unreadable": ["lab"] }));
    assert!(!plan["plan"]["changes"].to_string().contains("third"), "{plan}");
    for format in ["text", "markdown", "html", "github", "gitlab"] {
        let ran = story.expect(5, &format!("plan --skip-unreadable --format {format}"));
        assert!(ran.stdout.contains(SENTENCE), "{format}\n{}", ran.stdout);
        assert!(ran.stdout.contains("telform::live::unauthorized"), "{format} says why\n{}", ran.stdout);
    }
    let formats = "--format sarif=plan.sarif --format junit=plan.xml --format gitlab=plan.json --format github=plan.txt";
    story.expect(5, &format!("plan --skip-unreadable {formats}"));
    let of = |file: &str| story.read(file);
    let finding =
        |all: &serde_json::Value, code: &str| all.as_array().unwrap().iter().find(|it| it[code] == "plan::not_read").cloned();
    let sarif: serde_json::Value = serde_json::from_str(&of("plan.sarif")).unwrap();
    assert_eq!(finding(&sarif["runs"][0]["results"], "ruleId").unwrap()["level"], "warning");
    let quality: serde_json::Value = serde_json::from_str(&of("plan.json")).unwrap();
    assert_eq!(finding(&quality, "check_name").unwrap()["severity"], "critical");
    assert!(of("plan.txt").contains("::warning title=not read::left out with --skip-unreadable"), "{}", of("plan.txt"));
    let tests = of("plan.xml");
    assert!(tests.contains(r#"errors="1""#) && tests.contains("<error message=\"left out with --skip-unreadable"), "{tests}");
    assert_eq!(story.expect(5, "plan --skip-unreadable --format terraform-json").json()["complete"], false);
    // A refusal stays a refusal, and where nothing can be read there is nothing to plan.
    story.expect(1, "plan --skip-unreadable --account lab").says("telform::live::unauthorized");
    story.unset("LAB_TOKEN");
    story.expect(5, "plan --skip-unreadable").says(SENTENCE).says("LAB_TOKEN");
    story.expect(1, "plan").says("LAB_TOKEN");
}

#[test]
fn an_apply_does_the_rest_and_ends_in_part() {
    let mut story = story();
    story.set("LAB_TOKEN", "canary-revoked-2");
    let ran = story.expect(5, "apply --auto-approve --skip-unreadable");
    ran.says(&format!("a fresh plan is empty ({SENTENCE})"));
    assert_eq!(story.writes().len(), 2);
    // Nothing is left to do, as far as it is known.
    story.expect(5, "apply --auto-approve --skip-unreadable").says(SENTENCE);
    story.expect(5, "plan --detailed-exitcode --skip-unreadable").says(SENTENCE);
    story.expect(1, "drift").says("Not checked");
    story.expect(5, "drift --skip-unreadable").says("Not checked").says("account lab");
    let run = story.expect(0, "journal list --json").json()["runs"][0].clone();
    assert_eq!((&run["receipt"]["exit"], &run["receipt"]["converged"]), (&json!(5), &json!(true)), "{run:#}");
    // The first changes are not proven without the account, so the rest does not follow.
    write(&story, &OBJECTS.replace("EX1", "EX11").replace("EX2", "EX22"), "");
    let ran = story.expect(5, "apply --auto-approve --skip-unreadable --limit 1 --then all --max-deletes 9");
    ran.is_silent_about("The first changes").says("1 of 2 changes left out");
    story.expect(5, "rehearse --skip-unreadable --max-deletes 9").says(SENTENCE);
}

#[test]
fn nothing_of_the_account_is_deleted_and_what_moves_there_is_left_out_with_a_reason() {
    let mut story = story();
    story.apply();
    story.set("LAB_TOKEN", "canary-revoked-3");
    let moved = "
moved: [{ from: providers.third, account: lab, to: providers.third }]
providers:
  first: { account: one, provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
  third: { account: two, provider: exotel, account_sid: EX3, auth_token: { env: AUTH } }
";
    write(&story, moved, "");
    let plan = story.expect(5, "plan --skip-unreadable --max-deletes 5 --format json").json();
    let changes: Vec<&str> =
        plan["plan"]["changes"].as_array().unwrap().iter().map(|change| change["address"].as_str().unwrap()).collect();
    assert_eq!(changes, ["providers.second"]);
    let told = plan["notices"].as_array().unwrap().iter().filter(|notice| notice["code"] == "account_left_out");
    let told: Vec<Value> = told.map(|notice| notice["address"].clone()).collect();
    assert_eq!(told, [Value::Null, json!("providers.third")], "{:#}", plan["notices"]);
}

#[test]
fn a_saved_plan_leaves_the_account_out_again() {
    let mut story = story();
    story.unset("LAB_TOKEN");
    story.expect(5, "plan --skip-unreadable --out part.json");
    story.expect(0, "verify part.json");
    story.expect(0, "show part.json").says(SENTENCE);
    story.expect(1, "apply part.json --skip-unreadable").says("cannot be used with");
    story.expect(5, "apply part.json --auto-approve").says("a fresh plan is empty");
    assert_eq!(story.writes().len(), 2);
    story.expect(5, "plan --skip-unreadable --snapshot-out live.json");
    let one = story.expect(5, "plan --skip-unreadable --format json").json();
    let other = story.expect(5, "plan --skip-unreadable --snapshot live.json --format json").json();
    assert_eq!(one["digest"], other["digest"]);
    story.expect(1, "plan --snapshot live.json").says("telform::snapshot");
}

/// Each account has one request at a time, and all of them at once: three are held, and no fourth comes.
#[test]
fn accounts_are_read_side_by_side_each_within_its_own_limit() {
    let story = story();
    write(&story, OBJECTS, ", max_in_flight: 1");
    story.take_log();
    story.fault("{ match: { method: GET, times: 0 }, effect: hold }");
    let mut running = story.command("plan").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while story.sandbox.log().len() < ACCOUNTS.len() {
        assert!(story.sandbox.wait_held(Duration::from_secs(20)), "{:?}", story.sandbox.log());
    }
    let log = story.sandbox.log();
    let organization = |request: &telform::sandbox::LoggedRequest| {
        request.headers.iter().find(|(name, _)| name == "org-handle").map(|(_, value)| value.clone())
    };
    let asked: BTreeSet<Option<String>> = log.iter().map(organization).collect();
    assert_eq!((log.len(), asked.len()), (3, 3), "{log:#?}");
    assert!(log.iter().all(|request| request.status.is_none()), "none is answered");
    running.kill().unwrap();
    running.wait().unwrap();
    story.sandbox.let_go();
}
