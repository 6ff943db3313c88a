//! After a run that went wrong: whatever is asked next knows which numbers telform itself left dark, and nothing makes that look as
//! if it were wanted.

use serde_json::json;

use crate::bench::Story;
use crate::runs::{end, start, wait_for_a_write};

const WORLD: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-twilio-43 }
  numbers:
    - { number: '+14155550101' }
    - { number: '+14155550102' }
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42, '+14155550102': 42 } }
    - { id: 302, slug: support, name: Support }
";

fn served_by(provider: &str) -> String {
    format!(
        "providers:
  pli: {{ provider: plivo, account_sid: MA42 }}
  twi: {{ provider: twilio, account_sid: AC43 }}
bridges:
  sales: {{ slug: sales, name: Sales, numbers: {{ '+14155550101': {{ provider: pli }}, '+14155550102': {{ provider: {provider} }} }} }}
"
    )
}

/// A run that took a number off its provider, and could not connect it to the next one, nor back.
fn left_dark() -> Story {
    let story = Story::new(WORLD);
    story.unpod(&served_by("pli"));
    story.apply();
    story.in_sync();
    story.unpod(&served_by("twi"));
    story.fault("{ match: { method: POST, path: '**/connect-provider/', times: 100 }, effect: { answer: { status: 403 } } }");
    story.expect(5, "apply --auto-approve").says("DARK NOW");
    story.sandbox.clear_faults();
    story
}

#[test]
fn a_number_that_a_run_left_dark_is_never_accepted_as_wanted() {
    let story = left_dark();
    let yaml = story.read("telform.yaml");
    let drift = story.expect(2, "drift");
    drift.says("+14155550102 in unpod: DARK: a run of telform disconnected it").says("bridges.sales");
    assert!(drift.stdout.find("DARK").unwrap() < drift.stdout.find("bridges.sales").unwrap(), "{}", drift.stdout);
    story.expect(2, "drift -q").says("Drift: 1 number is dark.");
    let document = story.expect(2, "drift --json").json();
    assert_eq!(document["looked_at"]["left_dark"], json!({ "unpod": ["+14155550102"] }));
    assert_eq!(document["drift"][0]["class"], "left_dark");
    story.expect(2, "drift --accept").says("`telform apply` connects it");
    assert_eq!(story.read("telform.yaml"), yaml, "nothing is accepted");
    story.expect(0, "plan").says("DARK now: an earlier run disconnected it").says("+14155550102 on sales");
    story.expect(1, "doctor").says("wrong   dark").says("+14155550102");
    // A question that was not answered does not end it.
    story.expect(1, "resume");
    story.expect(0, "resume --auto-approve");
    story.in_sync();
    story.expect(0, "drift");
    assert!(!story.expect(0, "doctor").stdout.contains("wrong   dark"));
    story.expect(0, "resume --auto-approve").says("nothing to resume");
}

#[test]
fn a_number_that_is_connected_by_hand_is_not_called_dark() {
    let story = left_dark();
    story.sandbox.edit(|world| {
        let mut value = serde_json::to_value(&*world).unwrap();
        value["unpod"]["bridges"][0]["numbers"]["+14155550102"] = json!(43);
        *world = serde_json::from_value(value).unwrap();
    });
    assert_eq!(story.run("drift --json").json()["looked_at"]["left_dark"], json!({}));
    assert!(!story.run("plan").stdout.contains("DARK"));
}

#[test]
fn a_run_that_holds_the_lock_is_in_progress() {
    let story = Story::new(WORLD);
    story.unpod(&served_by("twi"));
    story.fault("{ match: { method: POST }, effect: hold }");
    let first = start(&story, "apply --auto-approve");
    wait_for_a_write(&story);
    story.expect(0, "plan").says("is in progress since").is_silent_about("resume");
    story.expect(0, "journal list").says("in progress").is_silent_about("cut off");
    story.expect(0, "doctor").says("intact; in progress");
    story.sandbox.clear_faults();
    story.sandbox.let_go();
    end(&story, "apply", first);
    story.expect(0, "journal list").is_silent_about("in progress");
}

#[test]
fn an_altered_journal_says_what_is_not_looked_at() {
    let story = Story::new(WORLD);
    story.unpod(&served_by("twi"));
    story.apply();
    let altered = story.read(".telform/ledger.journal").replacen("\"outcome\"", "\"outcomE\"", 1);
    story.file(".telform/ledger.journal", &altered);
    let lines = "what is shown here ends before that line";
    story.expect(1, "journal list").says(lines).says("end not shown").is_silent_about("cut off");
    story.expect(1, "journal blame bridges.sales.numbers").says(lines);
}

#[test]
fn an_undo_ends_with_what_it_left() {
    for quiet in ["", " -q"] {
        let story = Story::new(WORLD);
        story.unpod(&served_by("twi"));
        story.apply();
        story.expect(0, "destroy --auto-approve --max-deletes 3 --max-numbers-dark 2");
        let undone = story.run(&format!("undo last --auto-approve{quiet}"));
        let last = undone.stderr.lines().filter(|line| line.starts_with("Not undone (")).count();
        assert_eq!(last, 1, "{}", undone.whole());
        assert!(!undone.stderr.contains("does it again"), "the YAML does not state a destroy: {}", undone.stderr);
    }
}

/// Numbers move between bridges, and the run is about one of the two.
#[test]
fn a_target_on_one_side_of_a_move_says_where_the_other_side_is() {
    let story = Story::new(WORLD);
    let on = |sales: &str, support: &str| {
        format!(
            "providers:
  pli: {{ provider: plivo, account_sid: MA42 }}
bridges:
  sales: {{ slug: sales, name: Sales, numbers: {{ '+14155550101': {{ provider: pli }}{sales} }} }}
  support: {{ slug: support, name: Support, numbers: {{ {support} }} }}
"
        )
    };
    story.unpod(&on(", '+14155550102': { provider: pli }", ""));
    story.apply();
    story.unpod(&on("", "'+14155550102': { provider: pli }"));
    story.expect(3, "plan --target bridges.support").says("is on bridges.sales, which is not part of this run");
    let cut = story.expect(3, "plan --target bridges.sales");
    cut.says("although the YAML connects it elsewhere").says("+14155550102, which bridges.support declares");
    assert!(!story.expect(0, "plan").stdout.contains("although the YAML"));
    assert!(!story.expect(0, "plan --target bridges.*").stdout.contains("although the YAML"));
}

/// A renamed address in the ledger alone deletes what it names: the message names the place to rename.
#[test]
fn a_move_in_the_ledger_names_the_entry_to_rename() {
    let story = Story::new(WORLD);
    story.unpod(&served_by("pli"));
    story.apply();
    story.expect(0, "ledger move providers.twi providers.twilio").says("Rename its entry at").says("deletes providers.twilio");
    // Back again, the YAML already has the name.
    story.expect(0, "ledger move providers.twilio providers.twi").is_silent_about("Rename");
}

/// A slip in the name of an output file costs nothing that is managed.
#[test]
fn output_options_replace_nothing_that_telform_needs() {
    let story = Story::new(WORLD);
    story.unpod(&served_by("pli"));
    story.apply();
    story.file("other.yml", "rows: []\n");
    let kept = [
        ".telform/ledger.json",
        ".telform/ledger.journal",
        ".telform/ledger.key",
        ".telform/ledger.lock",
        "telform.yaml",
        "other.yml",
    ];
    let before: Vec<String> = kept.iter().map(|file| story.read(file)).collect();
    for file in kept {
        story.take_log();
        for command in [
            format!("plan --out {file}"),
            format!("plan --format html={file}"),
            format!("plan --snapshot-out {file}"),
            format!("undo last --plan --out {file}"),
            format!("graph --out {file}"),
            format!("get numbers -o csv={file}"),
            format!("journal export --format csv={file}"),
            format!("drift --metrics {file}"),
            format!("drift --out {file}"),
            format!("apply --auto-approve --report html={file}"),
        ] {
            story.expect(1, &command).says("telform::file::kept");
        }
        assert_eq!(story.take_log(), [""; 0], "before the first request");
    }
    let after: Vec<String> = kept.iter().map(|file| story.read(file)).collect();
    assert_eq!(after, before);
    // What telform wrote for an output option is replaced.
    for _ in 0..2 {
        story.expect(0, "plan --out plan.json");
        story.expect(0, "get numbers -o csv=numbers.csv");
    }
}

/// The quickstart, whose apply disconnects a number of a bridge that no file declares, and cannot connect it again.
fn quickstart_left_dark() -> Story {
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    let fault = "faults:
  - { match: { method: POST, path: '*support-bridge-002/connect-provider/', times: 0 }, when: before, effect: { answer: { status: 500 } } }
";
    story.file("world.yaml", &(story.read("world.yaml") + fault));
    story.expect(5, "apply --sandbox world.yaml --auto-approve").says("DARK NOW (1)");
    story
}

#[test]
fn a_dark_number_and_half_a_replacement_are_drift_in_every_format() {
    let story = quickstart_left_dark();
    let drift = |more: &str| story.expect(2, &format!("drift --sandbox world.yaml {more}"));
    let text = drift("");
    text.says("+14155550104 in unpod: DARK").is_silent_about("No drift");
    text.says("left unfinished by a run of telform (1)").says("41, which it replaced, is still there in unpod");
    assert_eq!(text.stdout.matches("telform apply").count(), 1, "{}", text.stdout);
    drift("-q").says("Drift: 1 number is dark, 1 other thing.");
    let json = drift("--json").json();
    assert_eq!(json["drifted"], true);
    assert_eq!(json["counts"], json!({ "left_dark": 1, "unfinished": 1, "pending": 1 }));
    assert_eq!((&json["drift"][1]["address"], &json["drift"][1]["live"]["value"]), (&json!("providers.backup"), &json!("41")));
    drift("-o markdown").says("> [!WARNING]\n> `Drift: 1 number is dark, 1 other thing.`");
    drift("-o slack").says("*telform drift: something drifted* `Drift: 1 number is dark, 1 other thing.`");
    drift("-o junit").says("failures=\"2\"");
    assert_eq!(drift("-o gitlab").stdout.matches("\"critical\"").count(), 2);
    assert_eq!(drift("-o github").stdout.lines().filter(|line| line.starts_with("::warning")).count(), 2);
    drift("--metrics drift.prom");
    let metrics = story.read("drift.prom");
    for line in [
        "telform_drift_left_dark_numbers{account=\"unpod\"} 1\n",
        "telform_drift_differences{account=\"unpod\",class=\"left_dark\"} 1\n",
        "telform_drift_differences{account=\"unpod\",class=\"unfinished\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
    // The number alone is drift, although no file declares its bridge.
    let state = story.path("world.state.yaml");
    let mut world = serde_json::to_value(telform::sandbox::World::load(&state).unwrap()).unwrap();
    world["unpod"]["configurations"].as_array_mut().unwrap().retain(|configuration| configuration["id"] != 41);
    story.file("world.state.yaml", &world.to_string());
    let alone = drift("--json").json();
    assert_eq!(alone["counts"], json!({ "left_dark": 1, "pending": 1 }));
    drift("-q").says("Drift: 1 number is dark.");
}

#[test]
fn a_number_that_a_resume_cannot_connect_is_named_again() {
    let story = quickstart_left_dark();
    story.expect(0, "plan --sandbox world.yaml").says("DARK now").says("+14155550104 on support-bridge-002");
    let again = story.run("resume --sandbox world.yaml --auto-approve");
    again.says("STILL DARK (1): an earlier run disconnected it").says("+14155550104  was to be on support-bridge-002");
    story.run("resume --sandbox world.yaml --auto-approve -q").says("STILL DARK: +14155550104");
}
