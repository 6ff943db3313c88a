//! The journal: what a run leaves behind, and how it shows that it was not altered.

use serde_json::json;
use telform::state::journal::{self, JournalRecord, ParsedJournal, StepEnding};

use crate::bench::Story;
use crate::partners::{by_hand, west, world_with_west};

fn partner() -> Story {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west("    address1: New Street 2\n"));
    story
}

fn kept(story: &Story) -> ParsedJournal {
    journal::check_journal(story.read(".telform/ledger.journal").as_bytes()).unwrap()
}

#[test]
fn a_run_leaves_intent_outcome_and_receipt() {
    let story = partner();
    story.expect(0, "plan");
    assert!(!story.path(".telform/ledger.journal").exists(), "a plan leaves nothing");
    story.apply();
    let journal = kept(&story);
    let words: Vec<&str> = journal
        .lines
        .iter()
        .map(|line| match &line.record {
            JournalRecord::Started(_) => "started",
            JournalRecord::Intent { .. } => "intent",
            JournalRecord::Outcome { .. } => "outcome",
            JournalRecord::Finished { .. } => "finished",
            JournalRecord::Interrupted => "interrupted",
            JournalRecord::Settled { .. } => "settled",
            JournalRecord::Signed { .. } => "signed",
            JournalRecord::Rekeyed { .. } => "rekeyed",
        })
        .collect();
    assert_eq!(words, ["started", "intent", "outcome", "finished"]);
    let runs = journal::collect_runs(&journal.lines);
    let [run] = runs.as_slice() else { panic!("one run") };
    assert_eq!((run.result_text(), run.completed_writes(), run.open().len()), ("done", 1, 0));
    assert_eq!(run.started.plan.changes[0].address, "partners.west");
    let JournalRecord::Intent { method, before: Some(before), sends, .. } = &journal.lines[1].record else {
        panic!("an intent with the object before")
    };
    assert_eq!((method.as_str(), sends.as_slice()), ("PATCH", ["address1".to_owned()].as_slice()));
    assert_eq!(before["address1"], json!(null));
    assert_eq!(run.steps[0].end(), Some(StepEnding::Done));
    assert_eq!(run.steps[0].object_after().unwrap()["address1"], "New Street 2");
    let JournalRecord::Finished { converged, exit, .. } = &journal.lines[3].record else { panic!("a receipt") };
    assert_eq!((*converged, *exit), (Some(true), 0));
    assert_eq!(story.ledger()["journal"], json!(journal.head()));
    story.in_sync();
    assert_eq!(kept(&story).lines.len(), 4, "a run without a request leaves nothing");
}

#[test]
fn a_saved_plan_is_used_once() {
    let story = partner();
    story.apply();
    story.carrierx(&west("    address1: New Street 3\n"));
    story.expect(0, "plan --out plan.json");
    story.expect(0, "apply plan.json --auto-approve");
    // What the plan changed is no reason to suspect the services.
    let again = story.expect(4, "apply plan.json --auto-approve");
    again
        .says("error[telform::plan::already_applied]: this plan was already applied by run")
        .is_silent_about("the services changed")
        .is_silent_about("New Street 3");
    story.expect(4, "rehearse plan.json").says("error[telform::plan::already_applied]: this plan was already applied by run");
    let digest = story.expect(0, "show plan.json --json").json()["digest"].as_str().unwrap().to_owned();
    story
        .expect(4, &format!("apply --expect {digest} --auto-approve"))
        .says("error[telform::plan::already_applied]: this plan was already applied by run");
    // Everything is again as the plan saw it.
    by_hand(&story, "address1", "New Street 2");
    story.take_log();
    for again in ["apply plan.json --auto-approve", "rehearse plan.json"] {
        story.expect(4, again).says("error[telform::plan::already_applied]: this plan was already applied by run");
        assert_eq!(story.writes(), [""; 0]);
    }
    story.expect(0, "plan --out plan.json");
    story.expect(0, "apply plan.json --auto-approve");
}

#[test]
fn a_journal_that_was_touched_stops_the_next_run() {
    let story = partner();
    story.apply();
    let whole = story.read(".telform/ledger.journal");
    story.carrierx(&west("    address1: New Street 3\n"));
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let swapped = [lines[0], lines[2], lines[1], lines[3]].concat();
    let dropped = [lines[0], lines[2], lines[3]].concat();
    let flipped = whole.replacen("\"what\":\"intent\"", "\"what\":\"Intent\"", 1);
    for (touched, says) in [
        (swapped.as_str(), "line 2: it has the number 3 instead of 2"),
        (dropped.as_str(), "line 2: it has the number 3 instead of 2"),
        (flipped.as_str(), "line 2: "),
        (&whole.replacen("New Street 2", "New Street 9", 1), "line 1: it was changed"),
        (lines[..3].concat().as_str(), "line 4: the end is missing"),
        ("", "does not exist, or is empty; the ledger records 4 of its lines"),
    ] {
        story.file(".telform/ledger.journal", touched);
        let ran = story.expect(1, "apply --auto-approve");
        ran.says(says).says("`telform journal restart`");
        assert_eq!(story.read(".telform/ledger.journal"), touched, "it stays as it is");
    }
    assert_eq!(story.writes().len(), 1, "only the first run wrote");
    // Power was lost while a line was written: what it announced never began, so the line is removed.
    story.file(".telform/ledger.journal", &format!("{whole}{{\"seq\":5,\"at\":\"20"));
    story.apply();
    assert_eq!(journal::collect_runs(&kept(&story).lines).len(), 2);
}

/// It shows what the services hold about people's accounts, which no other user of this machine may read.
#[cfg(unix)]
#[test]
fn ledger_and_journal_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let story = partner();
    story.apply();
    for name in ["ledger.json", "ledger.key", "ledger.journal"] {
        let mode = std::fs::metadata(story.path(".telform").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// Every command that reads the journal says that it was altered, and says it once.
#[test]
fn an_altered_journal_is_told_by_whatever_reads_it() {
    let story = partner();
    story.apply();
    let altered = story.read(".telform/ledger.journal").replacen("\"seq\":2,", "\"seq\":2 ,", 1).replacen("intent", "intenT", 1);
    story.file(".telform/ledger.journal", &altered);
    for (command, code) in [
        ("plan", 0),
        ("plan -q", 0),
        ("drift", 0),
        ("explain partners.west", 0),
        ("get partners", 0),
        ("rehearse", 1),
        ("undo last --plan", 1),
        ("undo last --auto-approve", 1),
        ("apply --auto-approve", 1),
        ("ledger list", 1),
    ] {
        let ran = story.expect(code, command);
        assert_eq!(ran.stderr.matches("journal::broken").count(), 1, "{command}: {}", ran.stderr);
    }
}
