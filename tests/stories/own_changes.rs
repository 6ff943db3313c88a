//! What runs of telform left behind: nothing changed outside it, so neither drift, explain nor doctor blames another, and each of them
//! names the command that continues.

use serde_json::json;

use crate::accounts;
use crate::bench::Story;
use crate::partners::{verified, west};
use crate::resume::killed_as;

const WORLD: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-one-61 }
  numbers:
    - { number: '+14155550101' }
    - { number: '+14155550102' }
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42, '+14155550102': 42 } }
";

const OUTSIDE: &str = "outside telform";

fn entry(provider: &str, name: &str) -> String {
    format!(
        "
providers:
  old: {{ provider: plivo, account_sid: MA42, auth_token: {{ env: ONE }} }}
  main: {{ provider: twilio, account_sid: AC43, auth_token: {{ env: ONE }} }}
bridges:
  sales: {{ slug: sales, name: {name}, numbers: {{ '+14155550101': {{ provider: {provider} }}, '+14155550102': {{ provider: {provider} }} }} }}
"
    )
}

/// Both configurations, and both numbers on the old one: applied.
fn applied() -> Story {
    let story = Story::new(WORLD).secret("ONE", "canary-one-61");
    story.unpod(&entry("old", "Sales"));
    story.apply();
    story
}

fn last_run(story: &Story) -> String {
    let runs = story.expect(0, "journal list --json").json();
    runs["runs"].as_array().unwrap().last().unwrap()["run"].as_str().unwrap().to_owned()
}

/// A request that fails each time, from the n-th on.
fn fails(story: &Story, path: &str, status: u16) {
    story.fault(&format!(
        "{{ match: {{ method: POST, path: '*/{path}/', times: 0 }}, when: before, effect: {{ answer: {{ status: {status} }} }} }}"
    ));
}

#[test]
fn a_run_that_ended_in_part_is_not_a_change_from_outside() {
    let story = applied();
    story.unpod(&entry("main", "Sales West"));
    // The name is written, the numbers are not moved.
    fails(&story, "disconnect-provider", 500);
    story.run("apply --auto-approve").says("FAILED disconnect");
    story.sandbox.clear_faults();
    let before = story.read("telform.yaml");
    let ran = story.expect(0, "drift");
    ran.is_silent_about(OUTSIDE).is_silent_about("--accept").is_silent_about("DARK");
    assert_eq!(story.expect(0, "doctor --json").json()["verdict"], "ok", "the number was never cut");
    assert_eq!(story.ledger().get("moves"), None, "a reading showed that nothing was disconnected");
    // One number is moved, the other one not.
    story.fault(
        "{ match: { method: POST, path: '*/disconnect-provider/', nth: 2, times: 0 }, when: before, effect: { answer: { status: 500 } } }",
    );
    story.run("apply --auto-approve").says("FAILED disconnect");
    story.sandbox.clear_faults();
    let run = last_run(&story);
    let ran = story.expect(2, "drift");
    ran.says("left unfinished by a run of telform (1)").says(&run).is_silent_about(OUTSIDE).is_silent_about("--accept");
    ran.says(&format!("To continue run {run}, and restore what the YAML states (")).says("):\n  telform apply\n");
    assert_eq!(ran.stdout.matches("telform apply").count(), 1, "{}", ran.stdout);
    story.expect(0, "explain bridges.sales.numbers").is_silent_about(OUTSIDE);
    story.expect(2, "drift --accept");
    assert_eq!(story.read("telform.yaml"), before, "what a run left is continued, not accepted");
    let json = story.expect(2, "drift --json").json();
    assert_eq!(json["drift"][0]["class"], "unfinished");
    assert_eq!(json["unfinished"][0], json!({ "run": run, "result": "in part", "command": "telform apply" }));
    // What another changes is still seen.
    story.sandbox.edit(|world| {
        let text = serde_json::to_string(&world.unpod.bridges[0]).unwrap();
        world.unpod.bridges[0] = serde_json::from_str(&text.replace("Sales West", "Sales East")).unwrap();
    });
    story.expect(2, "drift").says("changed outside telform");
}

#[test]
fn a_destroy_that_was_killed_continues_as_one() {
    let story = applied();
    killed_as(&story, "destroy --auto-approve --max-deletes 9 --max-numbers-dark 9", "DELETE", "before");
    let before = story.read("telform.yaml");
    let command = "telform resume --max-deletes 9 --max-numbers-dark 9 --destroy";
    story.expect(0, "plan").says(command);
    story.expect(0, "doctor").says("interrupted");
    let help = story.expect(0, "doctor --json").json().to_string();
    assert!(help.contains(command), "{help}");
    let ran = story.expect(2, "drift");
    ran.says(command).says("was interrupted with 1 step open").is_silent_about(OUTSIDE).is_silent_about("--accept");
    story.expect(2, "drift --accept");
    assert_eq!(story.read("telform.yaml"), before);
    story.expect(0, &format!("{} --auto-approve", command.trim_start_matches("telform ")));
    assert_eq!(story.world()["unpod"]["bridges"], json!([]));
}

#[test]
fn an_undo_that_was_killed_continues_as_one() {
    let story = verified("");
    story.carrierx(&west("    address1: Old Street 1\n"));
    story.apply();
    story.carrierx(&west("    address1: New Street 2\n"));
    story.apply();
    let apply = last_run(&story);
    killed_as(&story, "undo last --auto-approve", "PATCH", "after");
    let command = format!("telform undo {apply}");
    story.expect(0, "plan").says(&command);
    let help = story.expect(0, "doctor --json").json().to_string();
    assert!(help.contains(&command) && !help.contains("telform resume"), "{help}");
    story.expect(1, "undo last --plan").says(&command);
    story.expect(2, "drift").says(&command).says("left unfinished").is_silent_about(OUTSIDE);
    story.expect(0, &format!("{} --auto-approve", command.trim_start_matches("telform ")));
    // What an undo put back is a decision, and no change from outside.
    story.expect(0, "drift").says("No drift");
    story.expect(0, "explain partners.west.address1").is_silent_about(OUTSIDE);
}

#[test]
fn a_move_to_another_account_that_is_pending_is_no_drift() {
    let story = accounts::managed();
    accounts::both(
        &story,
        &format!(
            "moved: [ {{ from: providers.a, account: one, to: providers.a }}, {{ from: bridges.sales, account: one, to: bridges.sales }} ]\n{}{}",
            accounts::provider("two", ""),
            accounts::bridge("two")
        ),
    );
    let ran = story.expect(0, "drift");
    ran.says("moves from \"one\" to \"two\"").is_silent_about(OUTSIDE).is_silent_about("--accept");
}

#[test]
fn a_create_that_got_no_answer_is_said_by_doctor_and_drift() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story.fault(
        "{ match: { method: POST, path: '*/partners', times: 0 }, when: after, effect: { answer: { status: 500, body: html } } }",
    );
    let ran = story.run("apply --auto-approve");
    ran.says("telform adopt partners.west ID").says("If it was not created:\n    telform forget partners.west");
    ran.is_silent_about("once the cause is fixed");
    story.sandbox.clear_faults();
    story.expect(3, "apply --auto-approve").says("unsettled_create").says("telform adopt partners.west ID");
    let json = story.expect(0, "doctor --json").json();
    let checks = json["checks"].as_array().unwrap();
    let creates = checks.iter().find(|check| check["what"] == "creates").unwrap();
    assert_eq!(creates["verdict"], "warning");
    assert!(creates["help"].as_str().unwrap().contains("telform forget partners.west"), "{creates}");
    let ran = story.expect(0, "drift");
    ran.says("Nothing is managed yet").says("telform adopt partners.west ID").is_silent_about("starts to manage");
}

#[test]
fn a_number_that_may_be_dark_is_not_called_dark() {
    let story = applied();
    story.unpod(&entry("main", "Sales"));
    // Killed while the connect is on its way: the number is cut for certain, and may be connected.
    story.fault("{ match: { method: POST, path: '*/connect-provider/' }, when: after, effect: { delay_ms: 20000 } }");
    story.take_log();
    let mut child = crate::runs::start(&story, "apply --auto-approve");
    while !story.writes().iter().any(|write| write.contains("/connect-provider")) {
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    crate::runs::end(&story, "apply", child);
    story.sandbox.clear_faults();
    story.expect(0, "doctor").says("may be dark").is_silent_about("wrong ");
    story.expect(0, "resume --auto-approve");
    story.expect(0, "doctor").is_silent_about("dark");
    // Killed before it: dark for certain.
    story.unpod(&entry("old", "Sales"));
    fails(&story, "connect-provider", 500);
    story.run("apply --auto-approve").says("DARK NOW");
    story.expect(1, "doctor").says("a run disconnected them").is_silent_about("may be dark");
}

#[test]
fn a_head_that_is_lost_can_be_given_up() {
    let story = applied();
    let lost = "0a".repeat(32);
    let ran = story.expect(1, &format!("plan --journal-head {lost}"));
    ran.says("rolled_back");
    let said: String = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    let command = format!("telform journal restart --journal-head {lost}");
    assert!(said.contains(&command), "{said}");
    story.expect(1, "journal restart").says("whole").says("--journal-head");
    story.expect(0, command.trim_start_matches("telform ")).says("Started a new journal");
    story.apply();
}

#[test]
fn what_an_altered_journal_means_for_an_apply_is_said_by_what_only_reads() {
    let story = applied();
    let before = story.read(".telform/ledger.json");
    story.unpod(&entry("main", "Sales"));
    story.apply();
    story.file(".telform/ledger.json", &before);
    for command in ["plan", "drift", "explain bridges.sales"] {
        let ran = story.run(command);
        ran.says("warning[telform::ledger::behind]").is_silent_about("error[").is_silent_about("nothing was written");
        let said: Vec<&str> = ran.stderr.split_whitespace().collect();
        assert!(said.join(" ").contains("An apply is refused until that is settled"), "{command}: {}", ran.stderr);
    }
    story.unpod(&entry("main", "Sales West"));
    story.expect(0, "plan").says("An apply would stop before its first request").is_silent_about("To apply it, run");
}

#[test]
fn the_history_of_a_number_names_what_served_it() {
    let story = applied();
    story.unpod(&entry("main", "Sales"));
    story.apply();
    let ran = story.expect(0, "journal blame bridges.sales.numbers.+14155550102");
    ran.says("    providers.old -> nothing\n").says("    nothing -> providers.main\n");
    let shown = story.expect(0, "journal show");
    shown.says("s3 disconnect +14155550102 from sales: done").says("+14155550102  nothing -> 43");
    let csv = story.expect(0, "journal export --format csv");
    csv.says("+14155550102: 42 -> nothing").says("+14155550102: nothing -> 43");
    // Values that are behind a line that cannot be read were not "never set".
    let journal = story.read(".telform/ledger.journal");
    let first = journal.find("\"seq\":5").map_or(0, |at| journal[..at].rfind('\n').unwrap() + 1);
    story.file(".telform/ledger.journal", &format!("{}{}", &journal[..first], journal[first..].replace("sales", "dales")));
    story.run("journal blame bridges.sales.numbers.+14155550102").says("that can be read").is_silent_about("no run has set");
}

#[test]
fn a_number_that_no_file_declares_says_what_serves_it() {
    let story = Story::new(WORLD).secret("ONE", "canary-one-61");
    story.unpod("providers:\n  old: { provider: plivo, account_sid: MA42, auth_token: { env: ONE } }\nbridges:\n  away: { slug: away, name: Away }\n");
    story.apply();
    story.expect(0, "explain +14155550102").says("+14155550102 is on bridge sales; it is served by providers.old.");
}

#[test]
fn a_fault_file_that_does_not_exist_is_said() {
    let story = applied();
    story.expect(1, "rehearse --fault nofile.yaml").says("the file `nofile.yaml` does not exist");
    story.expect(1, "rehearse --fault {effect:3}").says("line 1, column 2");
}

/// What the YAML states and the first run did not come to: nobody changed it, and it is not offered as something to accept.
#[test]
fn what_a_first_run_did_not_start_is_neither_unknown_nor_accepted() {
    let story = Story::new(WORLD).secret("ONE", "canary-one-61");
    story.unpod(&entry("main", "Sales West"));
    fails(&story, "providers-configurations", 500);
    story.run("apply --auto-approve").says("FAILED");
    story.sandbox.clear_faults();
    let (run, before) = (last_run(&story), story.read("telform.yaml"));
    let ran = story.expect(2, "drift");
    ran.says("not written yet: a run of telform planned it and ended before it (2)").says(&run);
    ran.is_silent_about("not known who changed it").is_silent_about("--accept").is_silent_about(OUTSIDE);
    assert_eq!(ran.stdout.matches("telform apply").count(), 1, "{}", ran.stdout);
    let json = story.expect(2, "drift --json").json();
    assert_eq!((&json["counts"], &json["unfinished"][0]["run"]), (&json!({ "not_started": 2 }), &json!(run)));
    story.expect(2, "drift --accept");
    assert_eq!(story.read("telform.yaml"), before);
    // What was changed since that run planned is not explained by it.
    story.sandbox.edit(|world| {
        let text = serde_json::to_string(&world.unpod.bridges[0]).unwrap();
        world.unpod.bridges[0] = serde_json::from_str(&text.replace("\"Sales\"", "\"Sales East\"")).unwrap();
    });
    story.expect(2, "drift").says("not known who changed it (1)");
}

/// One number was moved, the other one not yet, and telform does not know what it last saw.
#[test]
fn numbers_that_a_first_run_moved_in_part_are_left_unfinished() {
    let story = Story::new(WORLD).secret("ONE", "canary-one-61");
    story.unpod(&entry("main", "Sales"));
    story.fault(
        "{ match: { method: POST, path: '*/disconnect-provider/', nth: 2, times: 0 }, when: before, effect: { answer: { status: 500 } } }",
    );
    story.run("apply --auto-approve").says("FAILED disconnect");
    story.sandbox.clear_faults();
    let ran = story.expect(2, "drift");
    ran.says("left unfinished by a run of telform (1)").is_silent_about("not known who changed it").is_silent_about("--accept");
}
