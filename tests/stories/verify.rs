//! `telform verify`: an independent checker says whether the order of a plan is correct.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::bench::Story;

#[test]
fn a_plan_is_verified_and_an_edited_one_is_not() {
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    let plan = story.expect(0, "plan --sandbox world.yaml --format json").stdout;
    story.file("plan.json", &plan);
    shot!("verify", story.expect(0, "verify plan.json"));
    assert_eq!(story.expect(0, "verify plan.json --json").json()["applicable"], true);

    // A delete that no longer waits, and another number under the knife.
    let mut edited: Value = serde_json::from_str(&plan).unwrap();
    edited.as_object_mut().unwrap().remove("checksum");
    let steps = edited["plan"]["steps"].as_array_mut().unwrap();
    steps.last_mut().unwrap()["waits_for"] = serde_json::json!(["s14"]);
    steps[6]["call"]["body"]["object"]["phone_number"]["value"] = "+1415\u{1b}[31m".into();
    story.file("edited.json", &edited.to_string());
    let refused = story.expect(1, "verify edited.json");
    assert!(refused.stdout.lines().all(|line| line.chars().count() <= 80), "{}", refused.stdout);
    shot!("verify_edited", refused);
    let found = story.expect(1, "verify edited.json --json").json();
    assert_eq!(found["violations"][1]["step"], "s7");

    story.file("plan.yaml", "steps: []\n");
    shot!("verify_no_json", story.expect(1, "verify plan.yaml"));
    shot!("verify_no_file", story.expect(1, "verify nowhere.json"));
}

#[test]
fn a_plan_from_standard_input_and_one_that_is_refused() {
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    let plan = story.expect(3, "plan --sandbox world.yaml --max-deletes 0 --format json").stdout;
    let mut child = story.command("verify -").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(plan.as_bytes()).unwrap();
    let ran = story.ran("verify -", &child.wait_with_output().unwrap());
    shot!("verify_refused", ran);
}
