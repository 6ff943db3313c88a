//! Runs that change only the ledger: they are in the journal like any other, and `undo last` undoes the last of them.

use serde_json::json;

use crate::bench::Story;
use crate::deletes::CONNECTED;
use crate::partners::{west, world_with_west};

const OLD: &str = "providers:\n  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }\n";

fn story(yaml: &str) -> Story {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    story.unpod(yaml);
    story
}

/// Commands of all runs, oldest first.
fn commands(story: &Story) -> Vec<String> {
    let list = story.expect(0, "journal list --json").json();
    let runs = list["runs"].as_array().unwrap().iter();
    runs.map(|run| format!("{} {}", run["command"].as_str().unwrap(), run["result"].as_str().unwrap())).collect()
}

#[test]
fn an_adoption_is_a_run_and_is_taken_back() {
    let story = story(OLD);
    story.expect(0, "plan --detailed-exitcode").says("managed from now on");
    story.apply();
    assert_eq!(commands(&story), ["apply done"]);
    story.expect(0, "journal show").says("adopted providers.old (42)");
    story.expect(0, "journal export --format csv").says("adopted providers.old (42)");
    story.expect(0, "journal export --format json").says("\"adopt\"");
    // Nothing new is recorded, so no second run follows.
    story.apply();
    assert_eq!(commands(&story).len(), 1);
    story.take_log();
    let ran = story.expect(0, "undo last --auto-approve");
    ran.says("released: no longer managed").says("Only the ledger was changed");
    assert_eq!(story.writes(), [""; 0]);
    assert_eq!(story.ledger()["objects"], json!({}));
    // Taken back once more, it is managed again.
    story.expect(0, "undo last --auto-approve");
    assert_eq!(story.ledger()["objects"]["providers.old"]["id"], "42");
    assert_eq!(commands(&story), ["apply done", "undo done", "undo done"]);
    story.expect(0, "journal verify");
    story.expect(0, "verify .telform/ledger.journal");
}

#[test]
fn adopt_writes_its_run() {
    let story = story("");
    story.expect(0, "adopt --all --kind bridges --out adopted -f telform.yaml");
    assert_eq!(commands(&story), ["adopt done"]);
    story.expect(0, "journal show").says("adopted bridges.");
    story.expect(0, "adopt providers.old 42 --account unpod");
    assert_eq!(commands(&story), ["adopt done", "adopt done"]);
    story.expect(0, "undo last --auto-approve -f telform.yaml -f adopted");
    let objects = story.ledger()["objects"].as_object().unwrap().clone();
    assert!(!objects.contains_key("providers.old") && objects.len() == 3, "{objects:?}");
    story.expect(0, "journal verify");
}

#[test]
fn a_rename_is_a_run() {
    let story = story(OLD);
    story.apply();
    story.unpod(&format!("{}moved: [ {{ from: providers.old, to: providers.first }} ]\n", OLD.replace("old:", "first:")));
    story.apply();
    story.expect(0, "journal show").says("renamed providers.old to providers.first");
    story.expect(0, "undo last --auto-approve").says("renamed in the ledger");
    assert_eq!(story.ledger()["objects"]["providers.old"]["id"], "42");
    // By hand the same.
    story.expect(0, "ledger move providers.old providers.second");
    story.expect(0, "journal show").says("renamed providers.old to providers.second");
    story.unpod(&OLD.replace("old:", "second:"));
    story.expect(0, "undo last --auto-approve");
    assert_eq!(story.ledger()["objects"].as_object().unwrap().keys().collect::<Vec<_>>(), ["providers.old"]);
    assert_eq!(commands(&story), ["apply done", "apply done", "undo done", "ledger move done", "undo done"]);
    story.expect(0, "journal verify");
}

#[test]
fn what_is_released_is_a_run() {
    let story = story(OLD);
    story.apply();
    story.expect(0, "forget providers.old");
    story.expect(0, "journal show").says("released providers.old (42)");
    story.expect(0, "undo last --auto-approve").says("managed from now on");
    assert_eq!(story.ledger()["objects"]["providers.old"]["id"], "42");
    // A tombstone that keeps.
    story.unpod("providers: {}\nremoved:\n  - { address: providers.old, keep: true }\n");
    story.apply().says("Released providers.old: 42 in account unpod stays as it is, and telform no longer manages it.");
    story.expect(0, "journal show").says("released providers.old (42)");
    assert_eq!(story.ledger()["objects"], json!({}));
    // The YAML does not declare it: entered again, the next apply would delete it.
    let ran = story.expect(5, "undo last --auto-approve");
    ran.says("providers.old: the YAML does not declare it").says("Nothing was undone");
    assert_eq!(story.ledger()["objects"], json!({}));
    story.expect(0, "journal verify");
}

/// An entry whose object was deleted is removed, and that is a run, too; but nothing in it can be undone.
#[test]
fn what_is_gone_is_noted() {
    let story = story(&format!("{OLD}bridges:\n  fax: {{ slug: fax, name: Fax }}\n"));
    story.apply();
    story.sandbox.edit(|world| world.unpod.bridges.retain(|bridge| bridge.slug != "fax"));
    story.unpod(&format!("{OLD}bridges: {{}}\n"));
    story.apply();
    story.expect(0, "journal show").says("removed the entry of bridges.fax, whose object no longer existed");
    story.expect(0, "undo last --auto-approve").says("released: no longer managed");
}

#[test]
fn a_protection_that_ends_is_said_before_it_ends() {
    let protected = |yaml: &str| yaml.replace("} }\n", "}, lifecycle: { prevent_delete: true } }\n");
    let story = story(&protected(OLD));
    story.apply();
    story.unpod(OLD);
    let plan = story.expect(0, "plan --detailed-exitcode");
    plan.says("no longer protected from the next apply on").says("providers.old (42)");
    assert_eq!(story.ledger()["objects"]["providers.old"]["prevent_delete"], true);
    story.apply();
    story.expect(0, "journal show").says("removed the protection of providers.old");
    story.expect(0, "plan").is_silent_about("protected");
    story.expect(0, "undo last --auto-approve").says("protected from the next apply on");
    assert_eq!(story.ledger()["objects"]["providers.old"]["prevent_delete"], true);

    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west(""));
    story.apply();
    story.carrierx(&west("    lifecycle: { prevent_delete: true }\n"));
    story.expect(0, "plan --json").says("\"protected\"");
}

/// A ledger that was brought back from before some runs knows nothing of them.
#[test]
fn a_ledger_behind_its_journal_is_said() {
    let story = story(OLD);
    story.apply();
    let kept = story.read(".telform/ledger.json");
    story.unpod(&format!("{OLD}  main: {{ provider: twilio, account_sid: AC43, auth_token: {{ env: AUTH }} }}\n"));
    story.apply();
    let behind = ": 1 run ended after it was saved";
    let whole =
        |ran: &crate::bench::Ran| format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    for command in ["plan", "doctor", "ledger list", "journal verify"] {
        assert!(!whole(&story.expect(0, command)).contains("is older than its journal"), "{command}");
    }
    story.file(".telform/ledger.json", &kept);
    for (command, code) in [("plan", 0), ("doctor", 1), ("ledger list", 1), ("journal verify", 1)] {
        let ran = story.expect(code, command);
        assert!(whole(&ran).contains(behind), "{command}: {}", whole(&ran));
    }
    assert_eq!(story.expect(1, "journal verify --json").json()["behind"], 1);
    // No run writes with it. One that is made from the live state continues.
    assert!(whole(&story.expect(1, "apply --auto-approve")).contains(behind));
    story.expect(0, "ledger rebuild --replace");
    story.apply();
    assert!(!whole(&story.expect(0, "plan")).contains("is older than its journal"));
    story.expect(0, "journal verify");
}
