//! An undo that was killed or that failed: the next one continues it. No number stays dark unnoticed, and nothing goes forward.

use serde_json::json;

use crate::bench::Story;
use crate::deletes::CONNECTED;
use crate::partners::west;
use crate::runs::{end, start};
use crate::undos::served;

const NUMBERS: &str = "
providers:
  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales West, numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: main } } }
";

/// Kills a command while its n-th write to this path is held before its effect.
fn killed_at(story: &Story, command: &str, path: &str, nth: usize) {
    story.take_log();
    story.fault(&format!("{{ match: {{ path: '{path}', nth: {nth} }}, when: before, effect: {{ delay_ms: 20000 }} }}"));
    let last = path.trim_matches('*');
    let mut child = start(story, command);
    while story.writes().iter().filter(|write| write.contains(last)).count() < nth {
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    end(story, "undo", child);
    story.sandbox.clear_faults();
    story.take_log();
}

/// Numbers, each with its bridge and what serves it.
type ServedNumbers = Vec<(String, String, Option<u64>)>;

/// A run that moved two numbers, and its undo, killed between the disconnect and the connect of one of them.
fn half_undone(nth: usize) -> (Story, String, ServedNumbers) {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    let before = served(&story);
    story.unpod(NUMBERS);
    story.apply();
    let run = story.expect(0, "journal list --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    killed_at(&story, "undo last --auto-approve", "*/connect-provider/", nth);
    let on = |story: &Story| served(story).iter().filter(|(_, _, by)| by.is_some()).count();
    assert_eq!(on(&story), 3, "{:?}", served(&story));
    (story, run, before)
}

#[test]
fn a_number_that_a_killed_undo_cut_is_connected_as_before_the_run() {
    for nth in [1, 2] {
        let (story, run, before) = half_undone(nth);
        story.expect(0, "plan").says(&format!("telform undo {run}"));
        let ran = story.expect(0, &format!("undo {run} --auto-approve"));
        ran.is_silent_about("connected differently since").is_silent_about("+14155550101 on sales:");
        ran.is_silent_about("Different from what was saved");
        assert_eq!(served(&story), before, "{}", ran.whole());
        assert_eq!(story.ledger().get("moves"), None);
        let again = story.expect(0, &format!("undo {run} --auto-approve"));
        again.is_silent_about("on sales:").says("Nothing was written");
    }
}

#[test]
fn a_number_that_stays_dark_is_named_and_its_record_is_kept() {
    let (story, run, _) = half_undone(1);
    story.sandbox.edit(|world| {
        world.unpod.configurations.retain(|it| it.id != 42);
        for bridge in &mut world.unpod.bridges {
            bridge.numbers.retain(|_, link| link.configuration != Some(42));
        }
    });
    let moves = story.ledger()["moves"].clone();
    for command in [format!("undo {run} --auto-approve"), format!("undo {run} --auto-approve -q")] {
        let ran = story.run(&command);
        assert!(ran.code == 5 || ran.code == 1, "{}", ran.whole());
        ran.says("DARK NOW").says("+14155550101 on sales");
        assert_eq!(story.ledger()["moves"], moves, "the record of the dark number is kept");
        let runs = story.expect(0, "journal list --json").json();
        let last = runs["runs"].as_array().unwrap().last().unwrap().clone();
        assert!(last["command"] == "undo" && last["result"] != "done", "{last}");
    }
    story.run(&format!("undo {run} --auto-approve --json")).says("\"dark\":true");
    story.run("doctor").says("+14155550101");
    story.run("drift").says("+14155550101");
}

/// A connect that is planned and fails does not forget the number either.
#[test]
fn a_failed_apply_keeps_the_record_of_a_dark_number() {
    let (story, _, _) = half_undone(1);
    let moves = story.ledger()["moves"].clone();
    story.fault("{ match: { path: '*/connect-provider/', times: 0 }, effect: { answer: { status: 400 } } }");
    story.run("apply --auto-approve");
    assert!(story.ledger()["moves"].to_string().contains("+14155550101"), "{moves} {}", story.ledger()["moves"]);
}

#[test]
fn a_failed_undo_names_the_dark_numbers_and_how_to_connect_them() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    story.unpod(NUMBERS);
    story.apply();
    let run = story.expect(0, "journal list --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    story.fault("{ match: { path: '*/connect-provider/', times: 0 }, effect: { answer: { status: 400 } } }");
    for command in ["undo last --auto-approve".to_owned(), format!("undo {run} --auto-approve")] {
        let ran = story.run(&command);
        assert!([1, 5].contains(&ran.code), "{}", ran.whole());
        let text = ran.stdout.clone();
        // The second one could not connect what the first one disconnected.
        let dark = text.find("DARK NOW").or_else(|| text.find("STILL DARK"));
        let dark = dark.unwrap_or_else(|| panic!("{}", ran.whole()));
        let next = text[dark..].find(&format!("telform undo {run}")).unwrap_or_else(|| panic!("{}", ran.whole()));
        let other = text[dark..].find("telform undo last").unwrap_or(usize::MAX);
        assert!(next < other, "{}", ran.whole());
    }
}

/// What a killed undo created again is not created twice, and serves the numbers.
#[test]
fn what_a_killed_undo_created_again_is_used() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    let (before, yaml) =
        (served(&story), "providers:\n  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }\n");
    story.unpod(yaml);
    story.apply();
    story.expect(0, "apply --destroy --auto-approve --max-deletes 1 --max-numbers-dark 3");
    let runs = story.expect(0, "journal list --json").json()["runs"].as_array().unwrap().clone();
    let run = runs.iter().find(|run| run["command"] != "undo" && run["writes"].as_u64() > Some(0)).unwrap()["run"].clone();
    let run = run.as_str().unwrap().to_owned();
    killed_at(&story, "undo last --auto-approve", "*/connect-provider/", 2);
    let ran = story.expect(0, &format!("undo {run} --auto-approve"));
    let made =
        story.sandbox.world().unpod.configurations.iter().map(|it| it.id).filter(|id| ![42, 43].contains(id)).collect::<Vec<_>>();
    assert_eq!(made.len(), 1, "{}", ran.whole());
    let wanted: Vec<_> = before
        .into_iter()
        .map(|(bridge, number, by)| (bridge, number, by.map(|id| if id == 42 { made[0] } else { id })))
        .collect();
    assert_eq!(served(&story), wanted, "{}", ran.whole());
    ran.is_silent_about("on sales:").is_silent_about("its address now means");
}

/// The replacement moved the numbers, and the delete of the old object failed.
fn replaced_in_part() -> (Story, Vec<(String, String, Option<u64>)>) {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    let yaml = |kind: &str, sid: &str| {
        story.unpod(&format!("providers:\n  old: {{ provider: {kind}, account_sid: {sid}, auth_token: {{ env: AUTH }} }}\n"))
    };
    yaml("plivo", "MA42");
    story.apply();
    let before = served(&story);
    yaml("exotel", "EX44");
    story.fault("{ match: { method: DELETE, times: 0 }, effect: { answer: { status: 500 } } }");
    story.expect(5, "apply --auto-approve --max-deletes 1").says("telform undo last --max-deletes 1");
    assert_ne!(served(&story), before);
    story.sandbox.clear_faults();
    (story, before)
}

#[test]
fn an_unfinished_replacement_is_undone_backwards() {
    let (story, before) = replaced_in_part();
    let ledger = story.ledger();
    story.expect(3, "undo last --auto-approve").says("1 object would be deleted");
    assert_eq!(story.ledger()["objects"], ledger["objects"], "what is refused changes nothing");
    let ran = story.expect(0, "undo last --auto-approve --max-deletes 1");
    assert_eq!(served(&story), before, "{}", ran.whole());
    let world = story.world();
    let ids: Vec<u64> = world["unpod"]["configurations"].as_array().unwrap().iter().filter_map(|it| it["id"].as_u64()).collect();
    assert_eq!(ids, [42, 43], "the old object stays, the new one is deleted: {}", ran.whole());
    assert_eq!(story.ledger()["objects"]["providers.old"]["id"], json!("42"));
    ran.is_silent_about("an earlier replacement was not finished").is_silent_about("`id:`");
}

#[test]
fn an_undo_of_a_replacement_that_was_killed_goes_on_backwards() {
    let (story, before) = replaced_in_part();
    let run = story.expect(0, "journal list --json").json()["runs"].as_array().unwrap().last().unwrap()["run"].clone();
    let guards = "--auto-approve --max-deletes 1";
    killed_at(&story, &format!("undo last {guards}"), "*/connect-provider/", 2);
    let ran = story.expect(0, &format!("undo {} {guards}", run.as_str().unwrap()));
    assert_eq!(served(&story), before, "{}", ran.whole());
    let ids: Vec<u64> = story.sandbox.world().unpod.configurations.iter().map(|it| it.id).collect();
    assert_eq!(ids, [42, 43], "{}", ran.whole());
}

#[test]
fn an_undo_never_finishes_a_replacement() {
    let (story, before) = replaced_in_part();
    let yaml = story.read("telform.yaml").replace("auth_token", "lifecycle: { prevent_delete: true }, auth_token");
    story.file("telform.yaml", &yaml);
    let ran = story.run("undo last --auto-approve --max-deletes 1");
    ran.says("protected by prevent_delete");
    let world = story.world();
    let ids: Vec<u64> = world["unpod"]["configurations"].as_array().unwrap().iter().filter_map(|it| it["id"].as_u64()).collect();
    assert!(ids.contains(&42), "{ids:?} {}", ran.whole());
    assert_eq!(served(&story), before, "{}", ran.whole());
}

#[test]
fn a_create_with_an_unknown_outcome_is_named() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west(""));
    story.fault("{ match: { method: POST }, when: after, effect: cut }");
    story.run("apply --auto-approve");
    story.sandbox.clear_faults();
    story.run("undo last --plan").says("partners.west: it is not known whether it was created");
    story.run("undo last --auto-approve").says("partners.west: it is not known whether it was created");
}

#[test]
fn what_waits_for_its_confirmation_is_not_said_to_be_gone() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west(""));
    story.apply();
    let hidden = "partners.west: it is not visible until it is confirmed";
    story.expect(5, "undo last --auto-approve").says(hidden).is_silent_about("no longer exists");
    story.expect(0, "forget partners.west");
    let ran = story.expect(5, "undo last --auto-approve");
    ran.says("partners.west: it is not visible: it waits for its confirmation, or it no longer exists")
        .says("telform adopt partners.west");
}

/// The whole example: an attribute that cannot be cleared does not stop the rest.
#[test]
fn what_cannot_be_cleared_is_named_and_the_rest_is_undone() {
    let story = crate::as_printed::example(crate::as_printed::TELNYX, "");
    story.expect(0, "apply --auto-approve --sandbox world.yaml");
    let ran = story.expect(0, "undo last --auto-approve --sandbox world.yaml --max-deletes 9 --max-numbers-dark 4");
    ran.says("outbound_voice_profiles.domestic daily_spend_limit: it had no value, and the service takes no null");
    ran.says("phone_numbers.sales-main billing_group_id: it had no value");
    ran.says("billing_groups.sales: phone_numbers.sales-main (billing_group_id) still names it");
    ran.says("+13125550101: connection 1293384261075731401 no longer exists: that run deleted it");
    ran.says("cut off by this plan, and the YAML still connects it")
        .says("phone_numbers.sales-fax connects to ip_connections.fax-switch");
    ran.is_silent_about("Different from what was saved").is_silent_about("Include it");
}

#[test]
fn an_undo_that_needs_approvals_says_how_to_plan_it() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42").setting("TELFORM_APPROVALS", "1");
    story.unpod(NUMBERS);
    let refused = story.run("undo last");
    refused
        .says("`telform undo last` would apply")
        .says("telform undo last --plan --out undo.json")
        .says("telform apply undo.json");
    story.run("resume").says("telform undo RUN --plan --out undo.json");
}
