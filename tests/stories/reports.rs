//! Reports of what was done: after an apply that went through, that failed, whose outcome is unknown, and that wrote nothing.

use crate::bench::Story;
use crate::partners::west;
use crate::runs::TWO;

const REPORTS: &str = "--report markdown=report.md --report html=report.html";

fn two() -> Story {
    let story = Story::new("{}").secret("AUTH", "canary-auth-reports").setting("USER", "ada");
    story.unpod(TWO);
    story
}

/// What both reports say.
#[track_caller]
fn reports(story: &Story, says: &[&str]) -> (String, String) {
    let (comment, page) = (story.read("report.md"), story.read("report.html"));
    for text in says {
        assert!(comment.contains(text), "{text}\n{comment}");
        assert!(page.contains(text), "{text}\n{page}");
    }
    (comment, page)
}

#[test]
fn an_apply_that_went_through() {
    let story = two().setting("CI_JOB_URL", "https://git.example/acme/phones/-/jobs/7");
    let ran = story.expect(0, &format!("apply --auto-approve {REPORTS}"));
    assert!(ran.stdout.contains("Done: 2 writes"), "people still read the output");
    let digest = story.expect(0, "journal show --json").json()["run"]["digest"].as_str().unwrap().to_owned();
    let says = ["2 steps: 2 done", "A second plan, made after everything was read again, is empty.", &digest, "ada on "];
    let (comment, page) = reports(&story, &says);
    assert!(comment.starts_with("<!-- telform report -->\n> [!NOTE]\n> telform apply: **done**, "), "{comment}");
    assert!(comment.contains("[CI run](https://git.example/acme/phones/-/jobs/7)"), "{comment}");
    assert!(page.contains("href=\"https://git.example/acme/phones/-/jobs/7\"") && page.contains("create providers.a"));
    // The journal has the same report.
    story.expect(0, "journal show --format markdown=shown.md --format html=shown.html --quiet");
    let rows = |text: &str| text.lines().filter(|line| !line.starts_with("| when |")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rows(&story.read("shown.md")), rows(&comment));
    assert_eq!(story.read("shown.md"), story.expect(0, "journal show --format markdown").stdout);
    assert!(story.read("shown.html").contains("<title>telform apply: done</title>"));
    assert_eq!(story.expect(0, "journal show --format json").json(), story.expect(0, "journal show --json").json());
    story.expect(1, "journal show --format html --format json").says("two formats cannot both go to standard output");
    // A second apply has nothing to do, and its report says so.
    story.expect(0, &format!("apply --auto-approve {REPORTS}"));
    let (comment, _) = reports(&story, &["no changes"]);
    assert!(comment.contains("nothing was written to a service"), "{comment}");
}

#[test]
fn an_apply_that_failed_in_part() {
    let story = two();
    story.fault("{ match: { method: POST, nth: 2 }, effect: { answer: { status: 400 } } }");
    story.expect(5, &format!("apply --auto-approve --parallelism 1 {REPORTS}"));
    let says = ["2 steps: 1 done, 1 failed", "No second plan was made, so the result is not verified.", "telform apply"];
    let (comment, page) = reports(&story, &says);
    assert!(comment.contains("> [!CAUTION]\n> telform apply: **in part**") && comment.contains("### Failed (1)"), "{comment}");
    assert!(comment.contains("- To undo this run: `telform undo last"), "{comment}");
    assert!(page.contains("<span class=\"badge delete\">failed</span>"), "{page}");
    // The rest: its report is about this run alone.
    story.sandbox.clear_faults();
    story.expect(0, &format!("resume --auto-approve {REPORTS}"));
    story.expect(0, &format!("apply --auto-approve {REPORTS}"));
    story.in_sync();
}

#[test]
fn an_outcome_that_is_not_known() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story.fault("{ match: { method: POST, path: /core/v2/partners }, effect: cut }");
    story.expect(5, &format!("apply --auto-approve {REPORTS}"));
    let (comment, page) = reports(&story, &["1 step: 1 unknown", "got no answer"]);
    assert!(comment.contains("### Unknown (1)") && page.contains("<span class=\"badge replace\">unknown</span>"), "{comment}");
}

#[test]
fn an_apply_that_wrote_nothing() {
    // Refused.
    let story = two();
    story.apply();
    story.unpod("providers: {}\n");
    story.take_log();
    story.expect(3, &format!("apply --auto-approve {REPORTS}"));
    let (comment, page) = reports(&story, &["guard::max_deletes", "2 to delete"]);
    assert!(comment.contains("> [!CAUTION]\n> telform apply: **refused**, nothing was written to a service"), "{comment}");
    assert!(page.contains("<p class=\"lead\">Nothing was written to a service.</p>"));
    // An error before the first request.
    story.file("telform.yaml", "version: 2\n");
    story.expect(1, &format!("apply --auto-approve {REPORTS}"));
    let (comment, _) = reports(&story, &["telform::"]);
    assert!(comment.contains("**nothing written**, nothing was written"), "{comment}");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_before_any_request() {
    let story = two();
    shot!("report_without_a_file", story.expect(1, "apply --auto-approve --report html"));
    story.expect(1, "apply --auto-approve --report text=x").says("the formats are markdown, html");
    story.file("folder", "not a folder");
    story.expect(1, "apply --auto-approve --report html=folder/report.html").says("cannot write folder/report.html");
    assert_eq!(story.take_log(), [""; 0], "nothing was sent");
}

/// A process that is killed leaves the report that was written before the first request.
#[test]
fn a_run_that_is_killed_leaves_no_report_that_says_done() {
    let story = two();
    story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 20000 } }");
    let args = format!("apply --auto-approve {REPORTS}");
    let mut child = crate::runs::start(&story, &args);
    crate::runs::wait_for_a_write(&story);
    child.kill().unwrap();
    crate::runs::end(&story, &args, child);
    let (comment, _) = reports(&story, &["The command has not ended: this file was written before its first request."]);
    assert!(comment.contains("**not ended**"), "{comment}");
    // The journal knows more.
    let shown = story.expect(0, "journal show --format markdown").stdout;
    assert!(shown.contains("telform apply: **cut off**") && shown.contains("### Unknown ("), "{shown}");
}
