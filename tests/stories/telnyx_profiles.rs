//! Outbound voice profiles of Telnyx: a rate that is a JSON number, and times of day.

use serde_json::{Value, json};

use crate::bench::Story;

const PROFILE: &str = "1293384261075731400";

/// One profile, which has a rate and half a window already.
fn story(knobs: &str) -> Story {
    Story::new(&format!(
        "telnyx:
  knobs: {{ {knobs} }}
  outbound_voice_profiles:
    - {{ id: '{PROFILE}', name: domestic, max_destination_rate: 0.10, calling_window: {{ start_time: '08:00', calls_per_cld: 3 }} }}
"
    ))
}

fn profile(more: &str) -> String {
    format!("outbound_voice_profiles:\n  domestic: {{ name: domestic{more} }}\n")
}

fn shown(story: &Story) -> Value {
    story.world()["telnyx"]["outbound_voice_profiles"][0].clone()
}

/// Plans, has the independent checker read the plan, and carries it out.
fn checked_apply(story: &Story) -> Value {
    let plan = story.run("plan --format json");
    story.file("plan.json", &plan.stdout);
    story.expect(0, "verify plan.json");
    story.apply();
    plan.json()
}

#[test]
fn a_rate_is_a_number_and_a_window_is_compared_as_times() {
    for knobs in ["", "times_shown: with_seconds", "times_shown: with_seconds, nested_patch: replace_with_null"] {
        let story = story(knobs);
        // Other spellings of what is there.
        story.telnyx(&profile(", max_destination_rate: '0.1', calling_window: { start_time: '08:00:00Z' }"));
        story.apply();
        assert_eq!(story.writes(), [""; 0], "{knobs}");

        story.telnyx(&profile(", max_destination_rate: 0.25, calling_window: { start_time: '08:00', end_time: '17:30' }"));
        let plan = checked_apply(&story);
        assert_eq!(plan["plan"]["changes"][0]["attributes"][0]["after"]["value"], json!(0.25), "{}", plan["plan"]["changes"]);
        let sent = story.writes().concat();
        assert!(sent.contains(r#""max_destination_rate":0.25"#) && sent.contains(r#""calls_per_cld":3"#), "{knobs}: {sent}");
        let row = shown(&story);
        assert_eq!(row["max_destination_rate"], json!(0.25));
        assert_eq!((&row["calling_window"]["end_time"], &row["calling_window"]["calls_per_cld"]), (&json!("17:30"), &json!(3)));
        story.in_sync();
        story.expect(0, "undo last --auto-approve");
        assert_eq!(shown(&story)["max_destination_rate"], json!(0.1));
        story.expect(0, "journal verify");
    }
}

/// What adopt writes is what the next plan accepts.
#[test]
fn an_adopted_profile_reads_back_as_it_is() {
    for knobs in ["", "times_shown: with_seconds"] {
        let story = story(knobs);
        let set = format!("telnyx.base_url={}", story.sandbox.telnyx_url());
        std::fs::create_dir(story.path("fresh")).unwrap();
        story.expect(0, &format!("-C fresh init --account telnyx --token env:TELNYX_TOKEN --set {set} --adopt"));
        let written = std::fs::read_to_string(story.path("fresh/telform/telnyx-outbound_voice_profiles.yaml")).unwrap();
        assert!(written.contains("max_destination_rate: 0.1\n") && written.contains("\"08:00\""), "{written}");
        story.expect(0, "-C fresh drift");
    }
}
