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
    let plan = story.checked_plan("");
    story.apply();
    plan
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

const OTHER: &str = "1293384261075731490";
const FREE: &str = "1293384261075731402";

/// Two profiles; a connection that a file may manage and one that none does call out through the first, a third through the second.
fn with_connections(other_enabled: bool) -> Story {
    let connection = |id: &str, name: &str, profile: &str| {
        format!(
            "    - {{ id: '{id}', connection_name: {name}, record_type: ip_connection, outbound: {{ outbound_voice_profile_id: '{profile}' }} }}\n"
        )
    };
    Story::new(&format!(
        "telnyx:
  outbound_voice_profiles:
    - {{ id: '{PROFILE}', name: domestic }}
    - {{ id: '{OTHER}', name: other, enabled: {other_enabled} }}
  connections:
{}{}{}",
        connection("1293384261075731401", "gate", PROFILE),
        connection(FREE, "free", PROFILE),
        connection("1293384261075731403", "desk", OTHER),
    ))
}

const GATE: &str = "ip_connections:\n  gate: { connection_name: gate, outbound: { outbound_voice_profile_id: PROFILE } }\n";

/// A profile that is disabled mutes the connections that name it, also those that no file mentions.
#[test]
fn a_disabled_profile_mutes_what_names_it() {
    let story = with_connections(true);
    let closed = profile(", enabled: false");
    story.telnyx(&closed);
    let plan = story.expect(3, "plan");
    plan.says("2 connections would be muted, max_connections_muted is 0; `--max-connections-muted 2` allows it");
    plan.says("allows no outbound calls after this plan")
        .says("(IP connection 1293384261075731401, IP connection 1293384261075731402)");
    story.expect(3, "apply --auto-approve --max-connections-muted 1");
    assert_eq!(story.writes(), [""; 0]);

    // Managed, a connection has its address there. One that gets another profile in the same plan calls out afterwards.
    let other = "outbound_voice_profiles:\n  domestic: { name: domestic, enabled: false }\n  other: { name: other }\n";
    story.telnyx(&format!("{closed}{}", GATE.replace("PROFILE", "outbound_voice_profiles.domestic")));
    story.expect(3, "plan").says("(ip_connections.gate, IP connection 1293384261075731402)");
    story.telnyx(&format!("{other}{}", GATE.replace("PROFILE", "outbound_voice_profiles.other")));
    story.expect(3, "plan").says("1 connection would be muted, max_connections_muted is 0");

    // In the file it is allowed as well.
    story.telnyx(&format!(
        "guards: {{ max_connections_muted: 1 }}\n{other}{}",
        GATE.replace("PROFILE", "outbound_voice_profiles.other")
    ));
    let plan = checked_apply(&story);
    let notices = plan["notices"].as_array().unwrap();
    let muted: Vec<&Value> = notices.iter().filter(|notice| notice["code"] == "muted").collect();
    assert_eq!(muted.len(), 1, "{notices:?}");
    assert_eq!(muted[0]["detail"], format!("IP connection {FREE}"));
    story.in_sync();
}

/// A connection that is to call out through a profile that is disabled is mute; so is one whose new profile is created so.
#[test]
fn a_connection_that_gets_a_disabled_profile_is_counted() {
    let story = with_connections(false);
    let names = |other: &str| {
        format!("outbound_voice_profiles:\n  other: {{ name: other{other} }}\n  third: {{ name: third, enabled: false }}\n")
    };
    for to in ["outbound_voice_profiles.other", "outbound_voice_profiles.third"] {
        story.telnyx(&format!("{}{}", names(""), GATE.replace("PROFILE", to)));
        let plan = story.expect(3, "plan");
        plan.says("1 connection would be muted").says("ip_connections.gate");
    }
    story.telnyx(&format!("{}{}", names(", enabled: true"), GATE.replace("PROFILE", "outbound_voice_profiles.other")));
    checked_apply(&story);
    story.in_sync();
}

/// Who names the profile has to be known.
#[test]
fn a_profile_is_not_disabled_while_connections_cannot_be_read() {
    let story = with_connections(true);
    story.telnyx(&profile(", enabled: false"));
    story.fault("{ match: { service: telnyx, path: '*/ip_connections', times: 0 }, effect: { answer: { status: 500 } } }");
    let plan = story.expect(3, "plan --max-connections-muted 9");
    plan.says("the ip_connections could not be read, so it is not known which of them it mutes");
}
