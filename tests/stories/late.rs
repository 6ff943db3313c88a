//! A create without an answer stays unknown while it may still be running at the service: it is not sent a second time, whatever
//! happens to its address, and an object that it creates late is named.

use std::time::{Duration, Instant};

use serde_json::Value;
use telform::state::journal::{self, JournalFinding, JournalRecord};

use crate::bench::{Ran, Story};
use crate::partners::west;
use crate::runs::{end, start};

/// One kind in one generation: a world in which two objects may share a natural key, and an entry.
struct Kind {
    world: &'static str,
    settings: &'static str,
    entry: &'static str,
    section: &'static str,
    rows: &'static str,
    path: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        world: "unpod: { knobs: { duplicate_configuration: allowed } }",
        settings: "",
        entry: "{ provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }",
        section: "providers",
        rows: "configurations",
        path: "*-configurations/",
    },
    Kind {
        world: "unpod: { profile: g1-snapshot }",
        settings: "product_id: prod, ",
        entry: "{ name: main line, provider: Vapi, api_key: { env: AUTH } }",
        section: "providers",
        rows: "configurations",
        path: "*-configurations/",
    },
    Kind {
        world: "{}",
        settings: "",
        entry: "{ slug: sales, name: Sales }",
        section: "bridges",
        rows: "bridges",
        path: "*/bridges/",
    },
    Kind {
        world: "unpod: { profile: g1-snapshot }",
        settings: "product_id: prod, generation: 1, ",
        entry: "{ slug: sales, name: Sales }",
        section: "bridges",
        rows: "bridges",
        path: "*/bridges/",
    },
];

impl Kind {
    /// A story in which the create is carried out when it is let go, after the client has given up.
    fn late(&self, settle_after: &str) -> Story {
        let story = Story::new(self.world).secret("AUTH", "canary-auth-late").setting("TELFORM_TEST_TIMEOUT_MS", "400");
        self.write(&story, settle_after, "main");
        story.fault(&format!("{{ match: {{ method: POST, path: '{}' }}, effect: {{ carried_out_late_ms: 0 }} }}", self.path));
        story
    }

    fn write(&self, story: &Story, settle_after: &str, name: &str) {
        let settings = format!("{}settle_after: {settle_after}, ", self.settings);
        story.unpod_with(&settings, &format!("{}:\n  {name}: {}\n", self.section, self.entry));
    }

    fn rows(&self, story: &Story) -> usize {
        story.world()["unpod"][self.rows].as_array().map_or(0, Vec::len)
    }

    /// Lets the service store it: then there are so many.
    fn store(&self, story: &Story, rows: usize) {
        story.sandbox.let_go();
        let begun = Instant::now();
        while self.rows(story) < rows {
            assert!(begun.elapsed() < Duration::from_secs(20), "it is stored late, and not never");
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

fn posts(story: &Story) -> usize {
    story.writes().iter().filter(|write| write.starts_with("POST")).count()
}

/// Refused, with the reason and until when; nothing was sent.
fn refused(story: &Story, command: &str) -> Ran {
    story.take_log();
    let ran = story.expect(3, command);
    ran.says("refusal::create_may_run").says("got no answer and may still be running").says("settle_after");
    assert_eq!(posts(story), 0, "{}", ran.whole());
    ran
}

#[test]
fn a_create_that_is_stored_late_is_made_once() {
    for kind in &KINDS {
        let story = kind.late("1h");
        let ran = story.expect(5, "apply --auto-approve");
        ran.says("may still be running").says("settle_after").is_silent_about("was not done");
        ran.is_silent_about("nothing was written");
        assert_eq!(posts(&story), 1);
        refused(&story, "apply --auto-approve");
        kind.store(&story, 1);
        story.take_log();
        let ran = story.expect(0, "apply --auto-approve");
        ran.is_silent_about("never written it");
        assert_eq!((posts(&story), kind.rows(&story)), (0, 1), "{}", ran.whole());
        let ledger = story.ledger();
        assert_eq!(ledger["objects"][format!("{}.main", kind.section)]["origin"], "created", "{ledger:#}");
        assert_eq!(ledger.get("watched"), None, "{ledger:#}");
        story.in_sync();
        story.expect(0, "journal verify");
    }
}

/// The suggested command waits for this run's objects, where this run looked, and can be pasted.
#[test]
fn the_way_out_of_a_create_that_may_run_repeats_the_options() {
    let story = KINDS[0].late("1h");
    story.expect(5, "apply --auto-approve");
    let options = "-f telform.yaml --account unpod --target providers.main --max-deletes 1";
    let ran = refused(&story, &format!("plan {options}"));
    let whole = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(whole.contains(&format!("`telform resume --settle-timeout 10m {options}`")), "{whole}");
    KINDS[0].store(&story, 1);
    story.expect(0, &format!("resume --settle-timeout 10m {options} --auto-approve"));
}

/// An object created late has the secret that was sent then: a different one in the YAML is written.
#[test]
fn a_secret_that_changed_meanwhile_is_sent_to_what_came_late() {
    for kind in &KINDS[..2] {
        let mut story = kind.late("1h");
        story.expect(5, "apply --auto-approve");
        kind.store(&story, 1);
        story.take_log();
        story.set("AUTH", "canary-auth-anew");
        story.expect(0, "apply --auto-approve");
        let writes = story.writes();
        assert!(matches!(writes.as_slice(), [one] if one.starts_with("PATCH")), "{writes:?}");
        story.in_sync();
        story.expect(0, "journal verify");
    }
}

/// A server error may come from a proxy that gave up, and a connection may break for the same reason.
#[test]
fn neither_an_error_of_the_server_nor_a_broken_connection_settles_it() {
    let effects = ["cut", "{ answer: { status: 500 } }", "{ answer: { status: 502 } }", "{ answer: { status: 504 } }"];
    for (kind, effect) in KINDS.iter().zip(effects) {
        let story = kind.late("1h");
        story.sandbox.clear_faults();
        story.fault(&format!("{{ match: {{ method: POST, path: '{}' }}, effect: {effect} }}", kind.path));
        let ran = story.expect(5, "apply --auto-approve");
        ran.says("may still be running").is_silent_about("was not done");
        refused(&story, "apply --auto-approve");
        // The digest of the plan does not change with the clock.
        let digest = |ran: &Ran| ran.json()["digest"].clone();
        let first = digest(&story.run("plan --json"));
        std::thread::park_timeout(Duration::from_millis(1100));
        assert_eq!(first, digest(&story.run("plan --json")));
        // A refused request is over: it ended at the time of the refusal.
        kind.write(&story, "0s", "main");
        story.apply();
        assert_eq!(kind.rows(&story), 1);
    }
}

/// Whatever address asks for it, and whatever becomes of the first one.
#[test]
fn its_key_is_watched_and_not_its_address() {
    for kind in &KINDS {
        let story = kind.late("1h");
        story.sandbox.clear_faults();
        story.fault(&format!("{{ match: {{ method: POST, path: '{}' }}, effect: cut }}", kind.path));
        story.expect(5, "apply --auto-approve");
        let main = format!("{}.main", kind.section);
        story.expect(0, &format!("forget {main}")).says("stays watched");
        refused(&story, "plan");
        kind.write(&story, "1h", "other");
        refused(&story, "apply --auto-approve");
        refused(&story, &format!("apply --auto-approve --target {}.other", kind.section));
        let moved = format!("moved: [{{ from: {main}, to: {}.other }}]\n", kind.section);
        let yaml = story.read("telform.yaml") + &moved;
        story.file("telform.yaml", &yaml);
        refused(&story, "apply --auto-approve");
        story.expect(0, "ledger list").says("got no answer: its natural key is watched");
        assert_eq!(story.expect(0, "ledger list --json").json()["watched"][0]["account"], "unpod");
    }
}

/// `resume` waits for it as long as requested, and then it is created: once.
#[test]
fn resume_waits_until_it_is_over() {
    for kind in &KINDS[..2] {
        let story = kind.late("2s");
        story.sandbox.clear_faults();
        story.fault(&format!("{{ match: {{ method: POST, path: '{}' }}, effect: cut }}", kind.path));
        story.expect(5, "apply --auto-approve");
        refused(&story, "resume --auto-approve");
        let ran = story.expect(0, "resume --auto-approve --settle-timeout 30s");
        ran.says("waiting: the create of providers.main").says("may still be running until");
        assert_eq!(kind.rows(&story), 1);
        story.in_sync();
    }
}

/// Killed while the service was at work: a plan refuses it as well, although only the journal knows.
#[test]
fn a_killed_run_leaves_its_create_unknown() {
    for kind in &KINDS {
        let story = kind.late("1h");
        let mut child = start(&story, "apply --auto-approve");
        while posts(&story) == 0 {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        child.kill().unwrap();
        end(&story, "apply", child);
        story.sandbox.clear_faults();
        refused(&story, "plan");
        let ran = refused(&story, "resume --auto-approve");
        ran.says("UNKNOWN").is_silent_about("not done");
        refused(&story, "apply --auto-approve");
        story.expect(0, "journal verify");
        // When its time has passed, the run is closed and the object is created.
        kind.write(&story, "0s", "main");
        story.apply();
        let journal = journal::check_journal(story.read(".telform/ledger.journal").as_bytes()).unwrap();
        let last = journal.lines.iter().rev().find_map(|line| match &line.record {
            JournalRecord::Settled { verdict, .. } => Some(*verdict),
            _ => None,
        });
        assert_eq!(last, Some(JournalFinding::NotDone));
        assert_eq!(kind.rows(&story), 1);
        story.expect(0, "journal verify");
        story.in_sync();
    }
}

/// It appeared after all, when another one had been created: every plan names both, and the run that may have created it.
#[test]
fn a_late_twin_is_named_in_every_plan() {
    for kind in &KINDS[..2] {
        let story = kind.late("0s");
        story.expect(1, "apply --auto-approve");
        story.apply();
        let managed = story.ledger()["objects"]["providers.main"]["id"].as_str().unwrap().to_owned();
        kind.store(&story, 2);
        let ids: Vec<String> = story.world()["unpod"]["configurations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].to_string())
            .filter(|id| *id != managed)
            .collect();
        for command in ["plan", "plan --target providers.main", "doctor"] {
            let ran = story.expect(0, command);
            let told = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(told.contains(&format!("provider configuration {}", ids[0])), "{command}: {}", ran.whole());
            assert!(told.contains(&format!("of {managed}, which is managed")), "{command}: {}", ran.whole());
            assert!(told.contains("perhaps made late by the create of"), "{command}: {}", ran.whole());
        }
        let document = story.expect(0, "plan --json").json().to_string();
        assert!(document.contains(r#""code":"twin""#), "{document}");
    }
}

/// No answer need be lost: a duplicate that another user created is also named, for every kind that has a natural key.
#[test]
fn a_twin_of_a_managed_object_is_named() {
    let story = Story::new(
        "
carrierx:
  partners:
    - { login: west, name: West, status: active }
    - { login: west, name: West two, status: active }
    - { login: east, name: East, status: active }
",
    );
    story.carrierx("partners: {}\n");
    let sid = |story: &Story, at: usize| story.world()["carrierx"]["partners"][at]["partner_sid"].as_str().map(str::to_owned);
    let Some(first) = sid(&story, 0) else { return };
    story.carrierx(&format!("partners:\n  west: {{ id: {first}, name: West }}\n"));
    story.expect(0, "apply --auto-approve");
    let ran = story.expect(0, "plan");
    ran.says("has a twin").says(&first).says(&sid(&story, 1).unwrap());
}

/// An object that appears when it is no longer wanted is named as well.
#[test]
fn what_comes_late_for_nobody_is_named() {
    let kind = &KINDS[0];
    let story = kind.late("1h");
    story.expect(5, "apply --auto-approve");
    story.unpod_with("settle_after: 1h, ", "providers: {}\n");
    story.expect(0, "plan");
    kind.store(&story, 1);
    let ran = story.expect(0, "plan");
    ran.says("an object with the natural key of an unanswered create exists");
    let id = story.world()["unpod"]["configurations"][0]["id"].clone();
    assert!(matches!(id, Value::Number(_)));
    ran.says(&format!("provider configuration {id}"));
}

/// A kind that hides its new objects: a person's word that the create made nothing does not end a request that may still be running.
#[test]
fn a_hidden_create_that_was_forgotten_is_not_sent_again_while_it_may_run() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    let with = |settle_after: &str| story.carrierx_with(&format!("settle_after: {settle_after}, "), &west(""));
    with("1h");
    story.fault("{ match: { method: POST, path: /core/v2/partners }, effect: cut }");
    story.expect(5, "apply --auto-approve");
    let of_create = |checks: &Value| -> Vec<Value> {
        checks["checks"].as_array().unwrap().iter().filter(|check| check["what"] == "creates").cloned().collect()
    };
    let told = of_create(&story.run("doctor --json").json());
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0]["help"].as_str().unwrap().contains("telform forget partners.west"), "{told:#?}");

    story.expect(0, "forget partners.west").says("but not before `settle_after` of account carrierx has passed");
    let told = of_create(&story.run("doctor --json").json());
    assert_eq!(told.len(), 1, "one create is named once: {told:#?}");
    assert!(told[0]["found"].as_str().unwrap().contains("may still be running until"), "{told:#?}");
    assert!(told[0]["help"].as_str().unwrap().contains("telform resume --settle-timeout"), "{told:#?}");
    assert!(!told[0]["help"].as_str().unwrap().contains("forget"), "it was forgotten already: {told:#?}");
    assert_eq!(story.run("drift --json").json()["open_creates"].as_array().unwrap().len(), 1);
    refused(&story, "apply --auto-approve");
    story.expect(0, "forget partners.west").says("Nothing to release").says("stays watched");

    // Its time has passed.
    with("0s");
    story.apply();
    assert_eq!(posts(&story), 1);
    assert!(of_create(&story.run("doctor --json").json()).is_empty());
}
