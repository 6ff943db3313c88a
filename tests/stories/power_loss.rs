//! What a power cut may leave of the local files: a torn line, an older ledger beside a newer journal, a ledger that is
//! missing or empty, a key that was never written. Each ends in the right state or in a clear error, never in a guess.

use std::fs;

use telform::state::journal;

use crate::bench::Story;
use crate::kill_points::{APPLY, is_whole};
use crate::partners::west;
use crate::runs::TWO;

const LEDGER: &str = ".telform/ledger.json";
const JOURNAL: &str = ".telform/ledger.journal";

fn applied() -> Story {
    let story = Story::new("{}").secret("AUTH", "canary-auth-dark");
    story.unpod(TWO);
    story.apply();
    story
}

/// One configuration more than was applied.
fn more(story: &Story) {
    story.unpod(&format!("{TWO}  c: {{ provider: plivo, account_sid: MA3, auth_token: {{ env: AUTH }} }}\n"));
}

fn ends_in_sync(story: &Story, what: &str) {
    story.apply();
    is_whole(story, what);
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 3, "{what}");
    story.in_sync();
}

#[test]
fn a_torn_last_line_of_the_journal() {
    let story = applied();
    more(&story);
    let (ledger, whole) = (story.read(LEDGER), story.read(JOURNAL));
    let start = story.sandbox.world();
    story.expect(0, APPLY);
    let grown = story.read(JOURNAL);
    let next = grown[whole.len()..].split_inclusive('\n').next().unwrap().to_owned();
    // Cut in the middle, and a file that was made longer before its bytes were written.
    let torn = [1, next.len() / 2, next.len() - 1].map(|at| next.as_bytes()[..at].to_vec());
    for tail in torn.into_iter().chain([vec![0; 512]]) {
        story.sandbox.edit(|world| *world = start.clone());
        story.file(LEDGER, &ledger);
        fs::write(story.path(JOURNAL), [whole.as_bytes(), &tail].concat()).unwrap();
        assert!(journal::check_journal(&fs::read(story.path(JOURNAL)).unwrap()).unwrap().torn_line.is_some());
        ends_in_sync(&story, &format!("{} bytes of a line", tail.len()));
    }
}

/// The newest ledger was lost and an older copy put in its place, the journal was not.
#[test]
fn an_older_ledger_beside_a_newer_journal() {
    let story = applied();
    let older = story.read(LEDGER);
    more(&story);
    story.apply();
    story.file(LEDGER, &older);
    story.take_log();
    // It was on disk before the journal named it, so a power cut alone does not cause this.
    story.expect(1, APPLY).says("error[telform::ledger::behind]").says("telform ledger rebuild");
    story.expect(0, "ledger rebuild --replace");
    ends_in_sync(&story, "the older ledger");
    assert_eq!(story.writes(), [""; 0], "nothing is made a second time");
    // The reverse is not a power cut: the journal lines that the ledger recorded are missing.
    more(&story);
    fs::remove_file(story.path(JOURNAL)).unwrap();
    story.unpod(TWO);
    story.expect(1, &format!("{APPLY} --max-deletes 1")).says("the ledger records").says("help: ");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_journal_without_its_ledger() {
    let story = applied();
    more(&story);
    fs::remove_file(story.path(LEDGER)).unwrap();
    story.take_log();
    story.apply();
    assert_eq!(story.writes().len(), 1, "only what is not there is made");
    story.expect(0, "plan").says("unknown: telform has never written it");
    ends_in_sync(&story, "without the ledger");
    // Zero bytes are not a ledger, and not a reason to start a new one.
    story.file(LEDGER, "");
    story.expect(1, APPLY).says("is damaged").says("restore it from a backup");
    assert_eq!(story.read(LEDGER), "");
}

/// The create of a partner was announced in the journal, and the ledger that says so was lost: it may exist, unseen.
#[test]
fn a_partner_that_only_the_journal_knows() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story.fault("{ match: { method: POST }, when: after, effect: cut }");
    story.expect(5, APPLY);
    for lost in [true, false] {
        story.take_log();
        if lost {
            fs::remove_file(story.path(LEDGER)).unwrap();
        }
        let ran = story.run(APPLY);
        assert_eq!(story.writes(), [""; 0], "a second one would be made\n{}", ran.whole());
        assert_eq!(ran.code, 3, "{}", ran.whole());
        ran.says("refusal::unsettled_create").says("telform forget partners.west");
    }
    // Declared missing, it is created, and the journal is not consulted again.
    story.sandbox.edit(|world| world.carrierx.partners.clear());
    story.expect(0, "forget partners.west");
    story.apply();
    story.in_sync();
}

/// The disk was full when the key was made, or power was lost: no key is better than an empty one.
#[cfg(unix)]
#[test]
fn a_key_that_could_not_be_written() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-dark");
    story.unpod(TWO);
    let ran = crate::hard_faults::with_a_full_disk(&story, 0);
    assert_eq!(ran.code, 1, "{}", ran.whole());
    assert!(!story.path(".telform/ledger.key").exists(), "an empty key would stop every later run");
    assert_eq!(story.writes(), [""; 0]);
    story.apply();
    story.in_sync();
    // A key that nevertheless lost its bytes is an error that names it, and is left as it is.
    story.file(".telform/ledger.key", "\0\0\0\0");
    let ran = story.expect(1, APPLY);
    assert!(ran.stderr.contains("key") && ran.stderr.contains("help: "), "{}", ran.stderr);
    assert_eq!(story.read(".telform/ledger.key"), "\0\0\0\0");
}
