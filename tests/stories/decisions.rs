//! Decisions of the planner where two things happen at once: a bridge and its configurations are deleted together, a
//! tombstone and a rename refer to one object, a run is partial. Each was found by a mutation of the planner that no test
//! noticed.

use serde_json::{Value, json};

use crate::bench::Story;

/// Bridge `sales` has a number of each configuration, and the service says so.
const WORLD: &str = "
unpod:
  knobs: { bridge_get: configuration_id }
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-twilio-43 }
  numbers: [{ number: '+14155550101' }, { number: '+14155550102' }]
  bridges:
    - id: 301
      slug: sales
      name: Sales
      numbers: { '+14155550101': 42, '+14155550102': 43 }
    - { id: 302, slug: fax, name: Fax }
";

const OLD: &str = "  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }\n";
const MAIN: &str = "  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n";
const SALES: &str = "bridges:\n  sales: { slug: sales, name: Sales }\n";
/// The same bridge under another slug is another bridge.
const MOVED: &str = "bridges:\n  sales: { slug: west, name: Sales }\n";
const APPLY: &str = "apply --auto-approve --max-deletes 2 --max-numbers-dark 1";

fn of(world: &str, body: &str) -> Story {
    let story = Story::new(world).secret("AUTH", "canary-auth-decisions");
    story.unpod(body);
    story
}

/// A story in which all that is declared is known to the ledger.
fn known() -> Story {
    let story = of(WORLD, &format!("providers:\n{OLD}{MAIN}{SALES}"));
    story.apply();
    story.take_log();
    story
}

fn cut(number: &str) -> String {
    format!(r#"POST telephony/bridges/sales/disconnect-provider/ {{"phone_number":"{number}"}}"#)
}

fn connect(bridge: &str, number: &str, id: u64) -> String {
    format!(r#"POST telephony/bridges/{bridge}/connect-provider/ {{"provider_config_id":{id},"phone_number":"{number}"}}"#)
}

/// One of its numbers moves to the replacement of its configuration, one stays with its own.
#[test]
fn a_bridge_and_a_configuration_are_replaced_together() {
    let story = known();
    let other = OLD.replace("plivo", "exotel").replace("MA42", "EX44");
    story.unpod(&format!("providers:\n{other}{MAIN}{MOVED}"));
    story.expect(0, APPLY);
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/providers-configurations/ {"provider":"exotel","account_sid":"EX44","auth_token":"(secret)"}"#
                .to_owned(),
            r#"POST telephony/bridges/ {"name":"Sales","slug":"west"}"#.to_owned(),
            cut("+14155550101"),
            connect("west", "+14155550101", 44),
            cut("+14155550102"),
            connect("west", "+14155550102", 43),
            "DELETE telephony/bridges/sales/".to_owned(),
            "DELETE telephony/providers-configurations/42/".to_owned(),
        ]
    );
    story.in_sync();
}

/// A configuration without a replacement no longer serves anything.
#[test]
fn a_bridge_moves_while_one_of_its_configurations_goes() {
    let story = known();
    story.unpod(&format!("providers:\n{MAIN}{MOVED}removed: [{{ address: providers.old, id: '42' }}]\n"));
    story.expect(0, APPLY);
    let writes = story.writes();
    assert!(writes.contains(&connect("west", "+14155550102", 43)), "{writes:#?}");
    assert!(
        !writes.iter().any(|write| write.contains("connect-provider") && write.contains("west") && write.contains("0101")),
        "{writes:#?}"
    );
    assert_eq!(writes.last().unwrap(), "DELETE telephony/providers-configurations/42/");
    story.in_sync();
}

/// Two configurations of one provider: which of them serves the number is in doubt.
#[test]
fn a_number_in_doubt_does_not_move_along() {
    let world = WORLD
        .replace("  knobs: { bridge_get: configuration_id }\n", "")
        .replace("plivo, account_sid: MA42", "twilio, account_sid: AC42")
        .replace(", '+14155550102': 43", "");
    let story = of(&world, &format!("providers:\n{MAIN}{SALES}"));
    story.apply();
    story.unpod(&format!("providers:\n{MAIN}{MOVED}"));
    story
        .expect(3, "plan --max-deletes 2 --max-numbers-dark 2")
        .says("+14155550101 cannot move along: it is not known what serves it");
}

/// The bridge that wants the number wants it of the new configuration.
#[test]
fn a_declared_number_goes_to_what_takes_the_place() {
    let bridge = "bridges:\n  sales:\n    slug: sales\n    name: Sales\n    numbers: { '+14155550101': { provider: old }, '+14155550102': { provider: main } }\n";
    let story = of(WORLD, &format!("providers:\n{OLD}{MAIN}{bridge}"));
    story.expect(0, APPLY);
    story.take_log();
    let other = OLD.replace("plivo", "exotel").replace("MA42", "EX44");
    story.unpod(&format!("providers:\n{other}{MAIN}{bridge}"));
    story.expect(0, APPLY);
    let writes = story.writes();
    assert_eq!(writes[1..3], [cut("+14155550101"), connect("sales", "+14155550101", 44)], "{writes:#?}");
    story.in_sync();
}

/// A delete waits for the deletes that free its own numbers, and for no other.
#[test]
fn a_delete_waits_only_for_what_frees_its_numbers() {
    let world = WORLD
        .replace("{ id: 302, slug: fax, name: Fax }", "{ id: 302, slug: fax, name: Fax, numbers: { '+14155550101': 43 } }")
        .replace("'+14155550101': 42, '+14155550102': 43", "'+14155550102': 42");
    let story = of(
        &world,
        &format!(
            "providers:\n{MAIN}removed:\n  - {{ address: providers.old, id: '42' }}\n  - {{ address: bridges.fax, slug: fax }}\n"
        ),
    );
    let plan = story.expect(0, "plan --json --max-deletes 2 --max-numbers-dark 2").json();
    let steps = plan["plan"]["steps"].as_array().unwrap();
    let at = |address: &str| steps.iter().find(|step| step["address"] == address && step["phase"] == "delete").unwrap();
    let fax = &at("bridges.fax")["id"];
    let waits = at("providers.old")["waits_for"].as_array().unwrap();
    assert!(!waits.is_empty() && !waits.contains(fax), "{plan:#}");
}

/// A number that a run left dark is connected again, and something else is deleted in the same plan.
#[test]
fn an_open_move_is_shown_beside_a_delete() {
    let story = known();
    let mut world = story.world();
    world["unpod"]["bridges"][0]["numbers"] = json!({});
    story.sandbox.edit(|now| *now = serde_json::from_value(world).unwrap());
    let mut ledger = story.ledger();
    ledger["moves"] = json!([{ "account": "unpod", "bridge": "sales", "number": "+14155550101", "provider": "42" }]);
    story.file(".telform/ledger.json", &ledger.to_string());
    story.unpod(&format!("providers:\n{OLD}{SALES}removed: [{{ address: providers.main, id: '43' }}]\n"));
    let plan = story.expect(0, "plan --json --max-deletes 1").json();
    let changes = plan["plan"]["changes"].as_array().unwrap();
    let of = |address: &str| changes.iter().find(|change| change["address"] == address).unwrap_or(&Value::Null);
    assert_eq!(of("providers.main")["action"], "delete", "{plan:#}");
    assert_eq!(of("providers.old")["action"], "update", "{plan:#}");
    assert!(of("providers.old")["reason"].as_str().unwrap().contains("an earlier run disconnected a number"));
}

/// A problem of an address outside the run does not stop it.
#[test]
fn a_run_about_a_part_hears_only_of_that_part() {
    let story = of(
        WORLD,
        &format!("providers:\n{MAIN}  lost: {{ id: '99', provider: plivo, account_sid: MA9, auth_token: {{ env: AUTH }} }}\n"),
    );
    story.expect(3, "plan").says("providers.lost");
    story.expect(0, "plan --target providers.main").is_silent_about("providers.lost");
    story.expect(0, "plan --exclude providers.lost").is_silent_about("telform::refusal");
}

/// A tombstone by id, and another for the address under which the ledger knows the same object.
#[test]
fn one_object_under_two_tombstones() {
    let story = known();
    story.unpod(&format!(
        "providers:\n{MAIN}{SALES}removed:\n  - {{ address: providers.first, id: '42' }}\n  - {{ address: providers.old, id: '42' }}\n"
    ));
    let ran = story.expect(3, "plan --json --max-deletes 2 --max-numbers-dark 2").json();
    let refusals = ran["plan"]["refusals"].as_array().unwrap();
    let refusal = refusals.iter().find(|it| it["code"] == "claimed_twice").unwrap_or_else(|| panic!("{ran:#}"));
    let second = refusal["addresses"][0].as_str().unwrap();
    let line = if second == "providers.old" { 10 } else { 9 };
    assert!(
        refusal["detail"]
            .as_str()
            .unwrap()
            .starts_with(&format!("provider configuration 42 is to be deleted as {second} and as ")),
        "{refusal}"
    );
    assert!(refusal["place"].as_str().unwrap().contains(&format!("telform.yaml:{line}")), "{refusal}");
}

/// The ledger was sealed with a key other than the current one: no secret is reported as unchanged.
#[test]
fn another_key_is_said() {
    let story = known();
    story.expect(0, "plan").is_silent_about("key_changed");
    story.file(".telform/ledger.key", "91e0f7d2b84c3e5f0c1e9a7b3d284c6a");
    let plan = story.expect(0, "plan --json").json();
    let notices = plan["notices"].as_array().unwrap();
    assert!(notices.iter().any(|notice| notice["code"] == "key_changed"), "{plan:#}");
}

/// Only the catalogue has the number that the older generation takes for a provider.
#[test]
fn a_provider_that_no_catalogue_has() {
    let story = of("unpod: { profile: g1-snapshot }\n", "");
    story.unpod_with("product_id: p, ", "providers:\n  new: { name: new, provider: Nobody, api_key: { env: AUTH } }\n");
    story.expect(3, "plan").says("not_in_catalogue").says("the catalogue does not contain");
}

/// What the ledger knows about the secrets of a deleted object says nothing about another object of the same name.
#[test]
fn seals_are_those_of_one_object() {
    let story = known();
    story.in_sync();
    story.sandbox.edit(|world| world.unpod.configurations[1].id = 77);
    let plan = story.run("plan --json").json();
    let notices = plan["notices"].as_array().unwrap();
    let changes = plan["plan"]["changes"].as_array().unwrap();
    println!("{notices:#?} {changes:#?}");
    assert!(notices.iter().chain(changes).any(|it| it["address"] == "providers.main"), "{plan:#}");
}

/// The object that the replacement would create already exists, and nothing says to which address it belongs.
#[test]
fn a_replacement_that_stands_there_already_is_for_a_human() {
    let world = WORLD.replace(
        "  numbers: [",
        "    - { id: 50, provider: exotel, account_sid: EX44, auth_token: canary-exotel-50 }\n  numbers: [",
    );
    let story = of(&world, &format!("providers:\n{OLD}"));
    story.apply();
    story.take_log();
    story.unpod(&format!(
        "providers:\n{}",
        OLD.replace("old: { ", "old: { id: '42', ").replace("plivo", "exotel").replace("MA42", "EX44")
    ));
    story
        .expect(3, APPLY)
        .says("key_taken")
        .says("its natural key (provider + account_sid) belongs to another provider configuration: 50");
    assert_eq!(story.writes(), [""; 0]);
}

/// The older generation changes the provider in place: the name may be kept.
#[test]
fn another_provider_under_the_same_name() {
    let story = of(
        "unpod: { profile: g1-snapshot, configurations: [{ id: 41, provider: Vapi, name: main, api_key: canary-key-41-a }] }",
        "",
    );
    story.unpod_with("product_id: p, all_products: true, ", "providers:\n  main: { name: main, provider: Vapi }\n");
    story.apply();
    story.unpod_with(
        "product_id: p, all_products: true, ",
        "providers:\n  main: { name: main, provider: LiveKit, api_key: { env: AUTH } }\n",
    );
    story
        .expect(0, "plan")
        .says("PATCH  telephony/provider-configurations/41/")
        .is_silent_about("key_taken")
        .is_silent_about("replace");
}

/// A number that nothing serves has nothing to move to.
#[test]
fn a_number_that_nobody_serves_does_not_move_along() {
    let world = WORLD
        .replace("  knobs: { bridge_get: configuration_id }\n", "")
        .replace("'+14155550101': 42, '+14155550102': 43", "'+14155550101': { configuration: null }");
    let story = of(&world, &format!("providers:\n{MAIN}{SALES}"));
    story.apply();
    story.take_log();
    story.unpod(&format!("providers:\n{MAIN}{MOVED}"));
    story.expect(0, APPLY);
    let writes = story.writes();
    assert!(!writes.iter().any(|write| write.contains("connect-provider/ {\"provider")), "{writes:#?}");
    assert_eq!(writes.last().unwrap(), "DELETE telephony/bridges/sales/");
    story.in_sync();
}

/// What was seen is recorded only for the objects of the run.
#[test]
fn a_run_about_a_part_remembers_only_that_part() {
    for part in ["--target providers.old", "--exclude providers.main"] {
        let story = known();
        let mut ledger = story.ledger();
        for name in ["providers.old", "providers.main"] {
            ledger["objects"][name].as_object_mut().unwrap().remove("seen").unwrap();
        }
        story.file(".telform/ledger.json", &ledger.to_string());
        story.expect(0, &format!("apply --auto-approve {part}"));
        let objects = &story.ledger()["objects"];
        assert!(objects["providers.old"]["seen"].is_object(), "{part}: {objects:#}");
        assert!(objects["providers.main"]["seen"].is_null(), "{part}: {objects:#}");
    }
}
