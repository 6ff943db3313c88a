//! What a shell gets while a line is typed: it asks telform itself, with the words so far.

use crate::bench::Story;
use crate::partners::{verified, west};

/// The candidates for the last word of a line.
fn candidates(story: &Story, line: &[&str]) -> Vec<String> {
    let mut asked = story.command("--");
    asked.arg("telform").args(line).env("TELFORM_COMPLETE", "bash").env("_CLAP_IFS", "\n");
    asked.env("_CLAP_COMPLETE_INDEX", line.len().to_string());
    let output = asked.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{line:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn a_line_is_completed_with_what_the_files_and_the_ledger_have() {
    let story = verified("");
    story.carrierx(&west(""));
    story.apply();
    story.take_log();
    let run = story.expect(0, "journal list --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    assert_eq!(candidates(&story, &["plan", "--target", "part"]), ["partners.west"]);
    assert_eq!(candidates(&story, &["explain", "partners.w"]), ["partners.west"]);
    assert!(candidates(&story, &["explain", "partners.west.z"]).contains(&"partners.west.zip".to_owned()));
    assert!(candidates(&story, &["get", "pa"]).starts_with(&["partners".to_owned()]));
    assert_eq!(candidates(&story, &["plan", "--account", "c"]), ["carrierx"]);
    assert_eq!(candidates(&story, &["undo", &run[..4]]), [run.as_str()]);
    assert_eq!(candidates(&story, &["journal", "show", "l"]), ["last"]);
    assert_eq!(candidates(&story, &["plan", "--format", "sa"]), ["sarif"]);
    assert_eq!(candidates(&story, &["apply", "--report", "ju"]), ["junit"]);
    assert_eq!(candidates(&story, &["docs", "telform::yaml::unknown_k"]), ["telform::yaml::unknown_key"]);
    assert_eq!(candidates(&story, &["plan", "--format", "html=telf"]), ["html=telform.yaml"]);
    // Only a world can be a sandbox; any file can be a plan.
    story.file("west.yaml", "");
    story.file("west.plan", "");
    assert_eq!(candidates(&story, &["plan", "--sandbox", "we"]), ["west.yaml"]);
    assert_eq!(candidates(&story, &["apply", "west"]), ["west.plan", "west.yaml"]);
    // An address that is only in the ledger is one, too; an entry of another file is not.
    story.carrierx("");
    assert_eq!(candidates(&story, &["forget", "partners."]), ["partners.west"]);
    std::fs::create_dir(story.path("other")).unwrap();
    story.file("other/telform.yaml", &story.read("telform.yaml"));
    assert_eq!(candidates(&story, &["-C", "other", "forget", "partners."]), [""; 0]);
    assert_eq!(candidates(&story, &["-C", "missing", "plan", "--acc"]), ["--account"]);
    assert_eq!(story.take_log(), [""; 0], "no service is asked");
}

#[test]
fn what_cannot_be_read_has_no_candidates_and_no_message() {
    let story = Story::new("{}");
    story.file("telform.yaml", "version: 1\naccounts: [\n");
    assert_eq!(candidates(&story, &["plan", "--target", ""]), [""; 0]);
    assert_eq!(candidates(&story, &["undo", "l"]), [""; 0]);
    std::fs::create_dir(story.path(".telform")).unwrap();
    story.file(".telform/ledger.json", "not a ledger");
    assert_eq!(candidates(&story, &["forget", ""]).iter().filter(|name| name.contains('.')).count(), 0);
    assert_eq!(candidates(&story, &["plan", "--detailed-e"]), ["--detailed-exitcode"]);
}
