//! A listing that cannot be read stops only what needs it: objects of its kind, deletes and moves that rely on it.

use serde_json::{Value, json};

use crate::bench::Story;

const WORLD: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-twilio-43 }
  numbers: [{ number: '+14155550101' }, { number: '+14155550102' }]
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
    - { id: 302, slug: front, name: Front, numbers: { '+14155550102': 43 } }
";

const OBJECTS: &str = "
providers:
  main: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
  other: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales }
  front: { slug: front, name: Front, numbers: { '+14155550102': { provider: other } } }
";

/// What a service may answer instead of a listing.
const ANSWERS: [&str; 4] = [
    "{ status: 500 }",
    "{ status: 403, body: { json: { status_code: 403, message: no } } }",
    "{ status: 200, body: { json: { status_code: 200, message: Success, data: { rows: 7 } } } }",
    "{ status: 200, body: { json: { status_code: 200, message: Success, count: 900, data: [] } } }",
];

fn story() -> Story {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-1").setting("TELFORM_TEST_PAUSE_MS", "1");
    story.unpod(OBJECTS);
    story.apply();
    story.take_log();
    story
}

/// From now on this listing is answered so.
fn breaks(story: &Story, listing: &str, answer: &str) {
    story.fault(&format!("{{ match: {{ method: GET, path: '*/{listing}', times: 0 }}, effect: {{ answer: {answer} }} }}"));
}

/// The account without one of its providers.
fn without_other() -> String {
    let other = "  other: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n";
    OBJECTS.replace(other, "").replace(", numbers: { '+14155550102': { provider: other } }", "")
}

#[test]
fn bridges_that_cannot_be_listed_stop_bridges_and_deletes() {
    for answer in ANSWERS {
        let story = story();
        breaks(&story, "telephony/bridges/", answer);
        let plan = story.expect(3, "plan");
        plan.says("refusal::unlisted").says("bridges.front, bridges.sales").says("--exclude ADDRESS");
        // A secret is rotated meanwhile.
        let rotates = "--target providers.main --rewrite-secret providers.main";
        story.expect(2, &format!("plan --detailed-exitcode {rotates}")).says("providers.main");
        // Other programs do not see a plan that looks complete.
        story.expect(0, &format!("plan --format sarif {rotates}")).says("plan::not_read");
        story.expect(0, &format!("plan --format junit {rotates}")).says("plan.not_read").says("<error ");
        story.expect(0, &format!("apply --auto-approve {rotates}")).says("a fresh plan is empty");
        assert_eq!(story.writes().len(), 1);
        story.take_log();
        // The deleted configuration may serve a number, and this is unknown.
        story.unpod(&without_other());
        let ran = story.expect(
            3,
            "apply --auto-approve --target providers.other --max-deletes 1 --max-numbers-dark 1 --max-unreadable-bridges 9",
        );
        ran.says("refusal::unlisted").says("what serves which number").says("providers.other");
        ran.is_silent_about("no number is known").says("it is not known what uses it");
        assert_eq!(story.writes(), [""; 0]);
        assert!(story.ledger()["objects"]["providers.other"]["id"].is_string());
        // And an object of another shape is not replaced, either.
        story.unpod(&OBJECTS.replace("twilio, account_sid: AC43", "exotel, account_sid: EX43"));
        story.expect(3, "plan --target providers.other").says("refusal::unlisted");
        story.unpod(OBJECTS);
        // Drift, doctor and adopt report the rest.
        let drift = story.expect(1, "drift");
        drift.says("No drift: 2 providers in unpod").says("2 bridges in account unpod");
        drift.is_silent_about("gone");
        story.expect(1, "doctor").says("bridges cannot be listed").says("2 providers");
        let adopt = story.expect(1, "adopt --all --out adopted");
        adopt.says("Not checked (1)").says("bridges in account unpod");
        story.expect(1, "adopt bridges.new sales").says("cannot be adopted now");
        // A snapshot keeps what is known about it.
        story.expect(3, "plan --snapshot-out live.json");
        story.expect(3, "plan --snapshot live.json").says("refusal::unlisted");
    }
}

#[test]
fn numbers_that_cannot_be_listed_stop_what_decides_about_numbers() {
    for answer in &ANSWERS[..3] {
        let story = story();
        breaks(&story, "telephony/numbers/", answer);
        story.unpod(&OBJECTS.replace("name: Sales", "name: Sales West"));
        let plan = story.expect(3, "plan");
        plan.says("refusal::unlisted").says("planned for bridges.front:").says("listing the numbers");
        story.expect(0, "apply --auto-approve --exclude bridges.front").says("a fresh plan is empty");
        assert!(story.writes()[0].starts_with("PATCH telephony/bridges/sales/"), "{:?}", story.writes());
        let drift = story.expect(1, "drift");
        drift.says("2 bridges").says("the numbers on 1 bridge in account unpod").is_silent_about("changed outside");
        story.take_log();
        // Neither a bridge nor a configuration is deleted.
        story.unpod(&OBJECTS.replace("  sales: { slug: sales, name: Sales }\n", ""));
        story
            .expect(3, "apply --auto-approve --exclude bridges.front --max-deletes 1 --max-numbers-dark 1")
            .says("bridges.sales");
        story.unpod(&without_other());
        story.expect(3, "plan --exclude bridges.front --max-deletes 1").says("providers.other");
        assert_eq!(story.writes(), [""; 0]);
        // Nothing is forgotten about unread objects: when the listing works again, nothing drifted.
        let other = self::story();
        breaks(&other, "telephony/numbers/", "{ status: 500 }");
        other.expect(0, "apply --auto-approve --exclude bridges.front");
        other.sandbox.clear_faults();
        other.expect(0, "drift").says("No drift: 2 bridges and 2 providers");
    }
}

#[test]
fn configurations_that_cannot_be_listed_stop_configurations() {
    for answer in &ANSWERS[..3] {
        let story = story();
        breaks(&story, "telephony/providers-configurations/", answer);
        story.unpod(&OBJECTS.replace("name: Sales", "name: Sales West"));
        let plan = story.expect(3, "plan");
        plan.says("refusal::unlisted").says("providers.main, providers.other").says("planned for bridges.front:");
        story.expect(0, "apply --auto-approve --target bridges.sales").says("a fresh plan is empty");
        story.expect(1, "drift").says("2 bridges").says("2 providers in account unpod");
        story.expect(1, "doctor").says("providers cannot be listed");
    }
}

/// A request that only helps to confirm or to name things is not a reason to stop.
#[test]
fn the_catalogue_and_the_organizations_stop_nothing() {
    for listing in ["telephony/providers/", "organizations/"] {
        for answer in &ANSWERS[..3] {
            let story = story();
            breaks(&story, listing, answer);
            story.unpod(&OBJECTS.replace("name: Sales", "name: Sales West"));
            story.apply().says("a fresh plan is empty");
            assert_eq!(story.writes().len(), 1, "{listing} {answer}");
        }
    }
}

/// An answer that never ends is one more way in which a listing cannot be read.
#[test]
fn a_listing_that_is_too_long_stops_no_rotation() {
    let story = story();
    story.fault("{ match: { method: GET, path: '*/telephony/bridges/', times: 0 }, effect: { oversize: 68000000 } }");
    story.expect(3, "plan").says("refusal::unlisted").says("far larger");
    story.expect(0, "apply --auto-approve --target providers.main --rewrite-secret providers.main");
}

/// Nothing of the account can be listed: the account as a whole cannot be read, and another one continues.
#[test]
fn an_account_of_which_nothing_can_be_listed_is_an_error_of_the_account() {
    let story = story();
    for listing in ["telephony/bridges/", "telephony/providers-configurations/"] {
        breaks(&story, listing, "{ status: 500 }");
    }
    story.expect(1, "plan").says("telform::live::service_failed").says("listing the provider configurations");
}

/// A listing that breaks after the plan was made stops the delete that relies on it.
#[test]
fn a_listing_that_breaks_meanwhile_stops_the_delete() {
    let story = story();
    story.unpod(&without_other());
    story
        .fault("{ match: { method: GET, path: '*/telephony/bridges/', nth: 2, times: 0 }, effect: { answer: { status: 500 } } }");
    let ran = story.run("apply --auto-approve --max-deletes 1 --max-numbers-dark 1");
    assert!(matches!(ran.code, 1 | 5), "{}", ran.whole());
    ran.says("listing the bridges");
    assert!(!story.writes().iter().any(|write| write.starts_with("DELETE ")), "{:?}", story.writes());
}

#[test]
fn an_undo_says_what_could_not_be_listed() {
    let story = story();
    story.unpod(&OBJECTS.replace("name: Sales", "name: Sales West").replace("AC43", "AC44"));
    story.expect(0, "apply --auto-approve");
    breaks(&story, "telephony/bridges/", "{ status: 500 }");
    let ran = story.expect(0, "undo last --auto-approve");
    ran.says("bridges.sales: the bridges of account unpod could not be listed").is_silent_about("no longer there");
    story.sandbox.clear_faults();
    story.expect(0, "undo last --auto-approve").is_silent_about("bridges.sales");
}

/// One bridge that cannot be read is there, and an undo does not say otherwise.
#[test]
fn an_undo_says_what_cannot_be_read() {
    let story = story();
    story.unpod(&OBJECTS.replace("name: Sales", "name: Sales West"));
    story.apply();
    story.fault("{ match: { method: GET, path: '*/bridges/sales/', times: 0 }, effect: { answer: { status: 500 } } }");
    let ran = story.expect(5, "undo last --auto-approve");
    ran.says("sales cannot be read, left alone").is_silent_about("no longer there");
}

/// What a limit allows can be rehearsed as well.
#[test]
fn an_unreadable_bridge_that_is_allowed_by_number_can_be_rehearsed() {
    let story = story();
    story.unpod(&without_other().replace("  front: { slug: front, name: Front }\n", ""));
    story.expect(0, "forget bridges.front");
    story.fault("{ match: { method: GET, path: '*/bridges/front/', times: 0 }, effect: { answer: { status: 500 } } }");
    let allowed = "--max-deletes 1 --max-unreadable-bridges 1";
    story.expect(3, "rehearse --max-deletes 1").says("guard::unreadable_bridges");
    story.expect(0, &format!("rehearse {allowed}")).says("DELETE telephony/providers-configurations/43/");
    assert_eq!(story.writes(), [""; 0]);
    story.expect(0, &format!("apply --auto-approve {allowed}"));
}

/// Where a listing is missing, what does not need it can be rehearsed as well.
#[test]
fn a_plan_beside_a_missing_listing_can_be_rehearsed() {
    for listing in ["telephony/bridges/", "telephony/numbers/"] {
        let story = story();
        breaks(&story, listing, "{ status: 500 }");
        story
            .expect(0, "rehearse --target providers.main --rewrite-secret providers.main")
            .says("a fresh plan is empty")
            .is_silent_about("telform::rehearse");
    }
}

#[test]
fn the_checker_knows_what_could_not_be_listed() {
    let story = story();
    story.unpod(&without_other());
    let allowed = "--max-deletes 1 --max-numbers-dark 1";
    let deletes = story.expect(0, &format!("plan --format json {allowed}")).json();
    story.unpod(&OBJECTS.replace("name: Sales", "name: Sales West"));
    let updates = story.expect(0, "plan --format json").json();
    for (plan, code, what) in
        [(&updates, "unlisted", "bridges"), (&deletes, "unlisted", "providers"), (&deletes, "unlinked", "numbers")]
    {
        let mut edited: Value = plan.clone();
        edited.as_object_mut().unwrap().remove("checksum");
        story.file("edited.json", &edited.to_string());
        story.expect(0, "verify edited.json");
        let note = json!({ "code": code, "account": "unpod", "detail": format!("{what}: 500; run again") });
        edited["notices"].as_array_mut().unwrap().push(note);
        story.file("edited.json", &edited.to_string());
        story.expect(1, "verify edited.json").says("telform::verify::unlisted");
    }
}
