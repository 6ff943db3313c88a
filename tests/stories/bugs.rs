//! Bugs in telform itself: what is reported, what is not, and the exit code. A debug build panics on request.

use serde_json::json;
use telform::state::journal;

use crate::bench::{Ran, Story};
use crate::runs::TWO;

/// The message of the panic holds a secret: the bench fails where it is shown.
const QUOTED: &str = "canary-in-the-message-of-a-panic";

fn story(place: &str) -> Story {
    let mut story = Story::new("{}").secret("AUTH", "canary-auth-of-a-bug").secret("QUOTED", QUOTED);
    story.unpod(TWO);
    if !place.is_empty() {
        story.settings.insert("TELFORM_DEBUG_PANIC".to_owned(), place.to_owned());
    }
    story
}

/// Lines and columns of the source move.
fn steady(ran: &Ran) -> Ran {
    let stderr = ran.stderr.lines().map(|line| {
        let Some((before, place)) = line.split_once(" at src/") else { return line.to_owned() };
        let file = place.split(':').next().unwrap();
        assert_eq!(place.split(':').count(), 3, "{line}");
        format!("{before} at src/{file}:[line]:[column]")
    });
    Ran { code: ran.code, stdout: String::new(), stderr: stderr.map(|line| line + "\n").collect() }
}

#[test]
fn the_report_says_where_and_never_what_it_was_working_on() {
    let mut shown = String::new();
    for (place, code) in [
        ("at_start".to_owned(), 1),
        (format!("at_start {QUOTED}"), 1),
        (format!("before_write {QUOTED}"), 1),
        (format!("after_write {QUOTED}"), 5),
    ] {
        let story = story(&place).setting("RUST_BACKTRACE", "0");
        let ran = story.expect(code, "apply --auto-approve");
        shown.push_str(&format!("=== {place}, exit {code}\n{}", steady(&ran).stderr).replace(QUOTED, "[secret]"));
    }
    shot!("bugs", Ran { code: 0, stdout: shown, stderr: String::new() });
    // With all calls, and for programs.
    for trace in ["1", "full"] {
        let story = story(&format!("before_write {QUOTED}")).setting("RUST_BACKTRACE", trace);
        story.expect(1, "apply --auto-approve").says("telform::cli::panic_report::").is_silent_about("RUST_BACKTRACE");
        let ran = story.expect(1, "apply --auto-approve --json");
        let last = ran.events().pop().unwrap();
        assert_eq!((&last["code"], &last["may_have_written"]), (&json!("telform::bug"), &json!(false)));
    }
}

#[test]
fn a_bug_before_the_first_write_leaves_nothing_to_settle() {
    let mut story = story("before_write");
    story.expect(1, "apply --auto-approve").says("nothing was written");
    assert_eq!(story.writes(), [""; 0]);
    story.settings.remove("TELFORM_DEBUG_PANIC");
    story.apply();
    story.in_sync();
}

#[test]
fn a_bug_after_a_write_is_no_failure_before_any_write() {
    let mut story = story("after_write");
    let ran = story.expect(5, "apply --auto-approve --json");
    assert_eq!(ran.events().pop().unwrap()["may_have_written"], json!(true));
    let sent = story.writes().len();
    assert!(sent >= 1);
    let bytes = story.read(".telform/ledger.journal");
    let journal = journal::check_journal(bytes.as_bytes()).unwrap();
    let open = journal::collect_runs(&journal.lines)[0].open().len();
    assert!(open >= sent, "each request that was sent is in the journal");
    // The lock is free, and nothing is created twice.
    story.settings.remove("TELFORM_DEBUG_PANIC");
    story.apply().says("was interrupted");
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 2);
    story.in_sync();
}

/// Ordinary errors do not change when backtraces are enabled.
#[test]
fn errors_with_all_calls_shown() {
    for trace in ["0", "1", "full"] {
        let story = story("").setting("RUST_BACKTRACE", trace).setting("RUST_LIB_BACKTRACE", trace);
        story.apply();
        story.in_sync();
        story.file("telform.yaml", "version: 1\naccounts: { a: { api: unpod, token: canary-literal } }\n");
        story.expect(1, "plan");
        story.unpod(TWO);
        for effect in ["{ answer: { status: 400 } }", "truncated_json", "{ oversize: 70000000 }", "cut"] {
            story.fault(&format!("{{ match: {{ method: GET, times: 99 }}, effect: {effect} }}"));
            story.expect(1, "plan").says("telform::live");
            story.sandbox.clear_faults();
        }
        story.file(".telform/ledger.json", "{\"format\": 1, \"objects\": \"");
        story.expect(1, "plan").says("telform::ledger");
    }
}
