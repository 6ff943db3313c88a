//! The journal by itself: what its chain says about heads that were kept elsewhere and about an incomplete line, and what its
//! runs say about who set what.

use serde_json::{Value, json};
use telform::model::ledger::FingerprintKey;
use telform::state::journal::{
    JournalHead, JournalRecord, KeyVerification, ParsedJournal, RecordedValue, StepEnding, bound_line, check_journal,
    check_up_to, collect_runs, format_line, in_force, recorded_changes,
};

/// So many lines, with the head after each; the first head is that of an empty journal.
fn chain(count: usize) -> (Vec<String>, Vec<JournalHead>) {
    let (mut lines, mut heads) = (Vec::new(), vec![JournalHead::default()]);
    for _ in 0..count {
        let (text, head) = format_line(&heads[heads.len() - 1], "2026-11-01T00:00:00Z", "run", &JournalRecord::Interrupted);
        lines.push(text);
        heads.push(head);
    }
    (lines, heads)
}

#[test]
fn a_journal_holds_every_head_that_it_had_and_no_other() {
    let (lines, heads) = chain(4);
    for length in 0..=lines.len() {
        let journal = check_journal(lines[..length].concat().as_bytes()).expect("a whole journal");
        assert_eq!(journal.head(), heads[length]);
        for (at, head) in heads.iter().enumerate() {
            match journal.contains_head(head) {
                Ok(()) => assert!(at <= length, "line {at} is not there"),
                Err(broken) => {
                    assert!(at > length, "line {at} is there: {broken}");
                    assert_eq!(broken.line, length + 1);
                    assert_eq!(
                        broken.why,
                        format!("the end is missing: the ledger records {at} lines, but the journal has {length}")
                    );
                }
            }
            if at == 0 {
                continue;
            }
            let other = JournalHead { seq: head.seq, hash: "f".repeat(64), version: None };
            let broken = journal.contains_head(&other).expect_err("a head that it never had");
            assert_eq!(broken.line, at.min(length + 1));
            assert_eq!(broken.why.contains("rewritten"), at <= length, "{broken}");
        }
    }
}

#[test]
fn a_torn_line_is_not_counted() {
    let (lines, _) = chain(3);
    let whole: usize = lines[..2].iter().map(String::len).sum();
    for cut in 1..lines[2].len() {
        let text = lines[..2].concat() + &lines[2][..cut];
        let journal = check_journal(text.as_bytes()).expect("a torn line is no fault");
        assert_eq!((journal.lines.len(), journal.torn_line, journal.whole_bytes), (2, Some(3), whole as u64));
    }
    let journal = check_journal(lines.concat().as_bytes()).expect("a whole journal");
    assert_eq!((journal.lines.len(), journal.torn_line, journal.whole_bytes), (3, None, lines.concat().len() as u64));
}

#[test]
fn the_first_line_that_does_not_fit_is_named_and_why() {
    let (lines, _) = chain(4);
    for (order, line, why) in [
        (vec![0, 2, 3], 2, "it has the number 3 instead of 2: lines are missing or were moved"),
        (vec![1, 0], 1, "it has the number 2 instead of 1: lines are missing or were moved"),
        (vec![0, 1, 1], 3, "it has the number 2 instead of 3: lines were moved or duplicated"),
    ] {
        let text: String = order.iter().map(|at| lines[*at].as_str()).collect();
        let (journal, broken) = check_up_to(text.as_bytes());
        let broken = broken.expect("it is not what was written");
        assert_eq!((broken.line, broken.why.as_str()), (line, why));
        assert_eq!(journal.lines.len(), line - 1, "what stands before it is good");
    }
}

/// A line of another journal has the right number and a hash of its own, and does not follow the line before.
#[test]
fn a_line_of_another_journal_does_not_fit() {
    let (lines, _) = chain(3);
    let mut head = JournalHead::default();
    let mut others = Vec::new();
    for _ in 0..3 {
        let (text, next) = format_line(&head, "2026-11-02T00:00:00Z", "other", &JournalRecord::Interrupted);
        (others, head) = ([others, vec![text]].concat(), next);
    }
    for at in 1..3 {
        let mixed: String = (0..3).map(|each| if each == at { &*others[each] } else { &*lines[each] }).collect();
        let (journal, broken) = check_up_to(mixed.as_bytes());
        let broken = broken.expect("it is not what was written");
        assert_eq!((broken.line, journal.lines.len()), (at + 1, at));
        assert!(broken.why.contains("does not follow the line before"), "{broken}");
    }
}

/// Once lines have MACs, a line without one was written by someone without the key.
#[test]
fn a_journal_that_is_vouched_for_has_no_line_without_a_mac() {
    let key = FingerprintKey::from_text("5f0c1e9a7b3d284c6a91e0f7d2b84c3e").expect("a key");
    let at = ("2026-11-01T00:00:00Z", "run");
    let (plain, head) = bound_line(&JournalHead::default(), at, &JournalRecord::Interrupted, None, None);
    let (first, head) = bound_line(&head, at, &JournalRecord::Interrupted, None, Some(&key));
    let (second, vouched) = bound_line(&head, at, &JournalRecord::Interrupted, None, Some(&key));
    assert!(check_journal([&*plain, &*first, &*second].concat().as_bytes()).is_ok());
    let (forged, _) = bound_line(&vouched, at, &JournalRecord::Interrupted, None, None);
    let broken = check_journal([plain, first, second, forged].concat().as_bytes()).expect_err("a forged end");
    assert_eq!((broken.line, broken.code), (4, "telform::journal::mac"));
}

/// A line that names a new key is valid for the old one only with the old key's MAC.
#[test]
fn a_new_key_is_vouched_for_by_the_old_one() {
    let [old, new] = ["5f0c1e9a7b3d284c6a91e0f7d2b84c3e", "c3e84b2d7f0e19a6c482d3b7a9e1c0f5"]
        .map(|text| FingerprintKey::from_text(text).expect("a key"));
    let at = ("2026-11-01T00:00:00Z", "run");
    let (first, head) = bound_line(&JournalHead::default(), at, &JournalRecord::Interrupted, None, Some(&old));
    let name = new.check_chained();
    for (vouched, counts) in [
        (Some(old.vouch_for(&head.hash, &name)), true),
        (Some(new.vouch_for(&head.hash, &name)), false),
        (Some(old.vouch_for(&JournalHead::default().hash, &name)), false),
        (None, false),
    ] {
        let record = JournalRecord::Rekeyed { key: name.clone(), vouched: vouched.clone() };
        let (second, _) = bound_line(&head, at, &record, None, Some(&new));
        let journal = check_journal([&*first, &*second].concat().as_bytes()).expect("a whole journal");
        let by_the_old = matches!(journal.verify_with_key(&old), KeyVerification::By(2));
        assert_eq!(by_the_old, counts, "{vouched:?}: {:?}", journal.verify_with_key(&old));
    }
}

/// A plan of six steps: s1 creates a configuration, s2 changes a partner, s3 disconnects a number, s4 connects it to what s1
/// created, s5 reads it back, s6 deletes the configuration 42.
fn small() -> Value {
    serde_json::from_str(include_str!("../verify-plans/small.json")).expect("a document")
}

fn started(document: &Value, plan: &Value) -> Value {
    json!({
        "what": "started", "format_version": 1, "command": "apply", "telform_version": "0.1.0", "digest": "sha256:00",
        "actor": { "user": "ada", "host": "here", "pid": 7 }, "origin": document["origin"], "plan": plan,
    })
}

fn intent(step: &str) -> Value {
    json!({ "what": "intent", "step": step, "account": "unpod", "method": "POST", "target": "/" })
}

fn outcome(step: &str, end: &str, id: Option<&str>) -> Value {
    let mut outcome = json!({ "what": "outcome", "step": step, "end": end, "milliseconds": 1 });
    if let Some(id) = id {
        outcome["id"] = json!(id);
    }
    outcome
}

fn settled(of: &str, step: &str, verdict: &str) -> Value {
    json!({ "what": "settled", "of": of, "step": step, "verdict": verdict, "evidence": "it was read" })
}

/// A journal of these records, each with its run; the seconds of its times count the lines.
fn journal_of(records: &[(&str, Value)]) -> ParsedJournal {
    let (mut text, mut head) = (String::new(), JournalHead::default());
    for (at, (run, record)) in records.iter().enumerate() {
        let record = serde_json::from_value(record.clone()).expect("a record");
        let (line, next) = format_line(&head, &format!("2026-11-01T00:00:{:02}Z", at + 1), run, &record);
        text.push_str(&line);
        head = next;
    }
    check_journal(text.as_bytes()).expect("a whole journal")
}

/// Address, attribute (none: deleted) and the value there, as `blame` and `show --at` read them.
fn told(journal: &ParsedJournal) -> Vec<(String, Option<String>, RecordedValue)> {
    let runs = collect_runs(&journal.lines);
    let told = recorded_changes(&runs).into_iter();
    told.map(|it| (it.address.to_owned(), it.attribute, it.after)).collect()
}

/// A replacement deletes the old object: its address continues. It ends when the new object is deleted.
#[test]
fn the_delete_of_a_replaced_object_ends_no_address() {
    let document = small();
    let mut plan = document["plan"].clone();
    plan["steps"][5]["address"] = json!("providers.twilio-main");
    let mut again = plan.clone();
    again["steps"][5]["operation"]["id"] = json!("44");
    let first =
        [("one", started(&document, &plan)), ("one", outcome("s1", "done", Some("44"))), ("one", outcome("s6", "done", None))];
    let ends = |journal: &ParsedJournal| told(journal).iter().filter(|(_, attribute, _)| attribute.is_none()).count();
    assert_eq!(ends(&journal_of(&first)), 0, "42 made room for 44");
    let second = [("two", started(&document, &again)), ("two", outcome("s6", "done", None))];
    assert_eq!(ends(&journal_of(&[&first[..], &second[..]].concat())), 1, "44 is gone");
    assert_eq!(ends(&journal_of(&second)), 1, "what telform did not make is gone too");
}

#[test]
fn what_is_deleted_is_in_force_no_longer_and_all_else_is() {
    let document = small();
    let mut plan = document["plan"].clone();
    plan["steps"][5]["address"] = json!("providers.twilio-main");
    plan["steps"][5]["operation"]["id"] = json!("44");
    let journal = journal_of(&[
        ("one", started(&document, &document["plan"])),
        ("one", outcome("s1", "done", Some("44"))),
        ("one", outcome("s2", "done", None)),
        ("one", outcome("s4", "done", None)),
        ("two", started(&document, &plan)),
        ("two", outcome("s6", "done", None)),
    ]);
    let runs = collect_runs(&journal.lines);
    let history = recorded_changes(&runs);
    let at = |second: usize| in_force(&history, &format!("2026-11-01T00:00:{second:02}Z"));
    assert!(at(1).is_empty(), "the plan alone sets nothing");
    assert!(at(2).contains_key(&("providers.twilio-main", "account_sid")));
    let before = at(5);
    let number = before[&("bridges.sales", "numbers.+14155550101")];
    assert_eq!(number.after, RecordedValue::Value(json!("44")), "by what the step before it made");
    assert_eq!(before[&("providers.twilio-main", "auth_token")].after, RecordedValue::Secret);
    let after = at(6);
    assert!(!after.keys().any(|(address, _)| *address == "providers.twilio-main"), "{:?}", after.keys());
    for ((address, attribute), written) in &before {
        if *address != "providers.twilio-main" {
            assert_eq!(after[&(*address, *attribute)].after, written.after, "{address} {attribute}");
        }
    }
    assert!(after.len() > 1);
}

/// A step whose outcome was not recorded counts as done from its announcement on, once reading shows that it had its effect.
#[test]
fn a_step_that_was_settled_later_counts_from_its_announcement() {
    let document = small();
    for (verdict, done) in [("done", true), ("not_done", false), ("unknown", false)] {
        let journal = journal_of(&[
            ("one", started(&document, &document["plan"])),
            ("one", intent("s2")),
            ("two", started(&document, &document["plan"])),
            ("two", settled("one", "s2", verdict)),
        ]);
        let runs = collect_runs(&journal.lines);
        assert_eq!(runs[0].steps[1].done_at(), done.then_some("2026-11-01T00:00:02Z"), "{verdict}");
        assert_eq!(runs[1].steps[1].done_at(), None);
        assert_eq!(runs[0].open().len(), usize::from(verdict == "unknown"));
        let zip = ("partners.acme-west".to_owned(), Some("zip".to_owned()), RecordedValue::Value(json!("90804")));
        assert_eq!(told(&journal).contains(&zip), done, "{verdict}");
    }
    // A failed step was not done, whatever is recorded about it later.
    let journal = journal_of(&[
        ("one", started(&document, &document["plan"])),
        ("one", intent("s2")),
        ("one", outcome("s2", "failed", None)),
        ("two", settled("one", "s2", "done")),
    ]);
    assert!(told(&journal).is_empty());
}

/// The steps of the plan are followed by those that reconnect what was disconnected, and only these.
#[test]
fn only_what_a_plan_can_name_is_a_step() {
    let document = small();
    let journal = journal_of(&[
        ("one", started(&document, &document["plan"])),
        ("one", intent("r3")),
        ("one", outcome("s7", "done", None)),
        ("one", outcome("s0", "done", None)),
        ("one", outcome("r7", "done", None)),
        ("one", outcome("x3", "done", None)),
        ("nobody", outcome("s1", "done", None)),
        ("one", json!({ "what": "interrupted" })),
    ]);
    let runs = collect_runs(&journal.lines);
    let steps = &runs[0].steps;
    let names: Vec<&str> = steps.iter().map(|step| step.id).collect();
    assert_eq!(names, ["s1", "s2", "s3", "s4", "s5", "s6", "r3"]);
    assert!(steps.iter().all(|step| step.end().is_none()));
    assert_eq!(runs[0].open().iter().map(|open| open.step.as_str()).collect::<Vec<_>>(), ["r3"]);
    assert!(runs[0].interrupted && runs[0].completed_writes() == 0 && runs[0].result_text() == "cut off");
}

/// Each end has its own word, and reading it back gives the same end.
#[test]
fn every_end_has_a_word_of_its_own() {
    let document = small();
    let mut words = std::collections::BTreeSet::new();
    for (text, end) in [
        ("done", StepEnding::Done),
        ("failed", StepEnding::Failed),
        ("damaged", StepEnding::Damaged),
        ("stale", StepEnding::Stale),
        ("unknown", StepEnding::Unknown),
        ("not_started", StepEnding::NotStarted),
    ] {
        let journal = journal_of(&[
            ("one", started(&document, &document["plan"])),
            ("one", intent("s2")),
            ("one", outcome("s2", text, None)),
        ]);
        let runs = collect_runs(&journal.lines);
        assert_eq!(runs[0].steps[1].end(), Some(end));
        assert_eq!(runs[0].completed_writes(), usize::from(end == StepEnding::Done), "{text}");
        assert_eq!(end.as_str(), text.replace('_', " "));
        words.insert(end.as_str());
    }
    assert_eq!(words.len(), 6);
}
