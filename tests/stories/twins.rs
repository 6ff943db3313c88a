//! Two runs with different ledgers create the same object at the same moment: the one that lists last names both.

use std::time::Duration;

use crate::bench::{Ran, Story};
use crate::runs::{end, start};

/// The first apply waits inside its create; the second one, with another ledger, makes the same meanwhile.
fn both(story: &Story, path: &str) -> Ran {
    story.fault(&format!("{{ match: {{ method: POST, path: '{path}' }}, effect: hold }}"));
    let child = start(story, "apply --auto-approve");
    assert!(story.sandbox.wait_held(Duration::from_secs(20)), "the first one is at its create");
    story.run("apply --auto-approve --ledger other.json");
    story.sandbox.let_go();
    end(story, "apply", child)
}

fn ids(story: &Story, rows: &str) -> Vec<String> {
    let world = story.world();
    world["unpod"][rows].as_array().unwrap().iter().map(|row| row["id"].to_string()).collect()
}

/// Both ids, which one is ours, and a working remedy.
#[test]
fn twins_of_two_runs_are_named_and_one_can_be_deleted() {
    for (profile, settings, entry) in [
        ("knobs: { duplicate_configuration: allowed }", "", "{ provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }"),
        ("profile: g1-snapshot", "product_id: prod, ", "{ name: main line, provider: Vapi, api_key: { env: AUTH } }"),
    ] {
        let story = Story::new(&format!("unpod: {{ {profile} }}")).secret("AUTH", "canary-auth-twins");
        let yaml = format!("providers:\n  main: {entry}\n");
        story.unpod_with(settings, &yaml);
        let ran = both(&story, "*-configurations/");
        assert_eq!(ran.code, 6, "{}", ran.whole());
        let ours = story.ledger()["objects"]["providers.main"]["id"].as_str().unwrap().to_owned();
        let theirs = ids(&story, "configurations").into_iter().find(|id| *id != ours).unwrap();
        ran.says("TWINS (1)");
        ran.says(&format!("this run created provider configuration {ours}; {theirs} has the same natural key"));
        let line = format!("- {{ address: providers.main-twin, account: unpod, id: \"{theirs}\" }}");
        ran.says(&line).says("telform plan --max-deletes 1");
        // Every plan from then on reports it, too, and the remedy works.
        story.expect(0, "plan").says("has a twin");
        story.unpod_with(settings, &format!("{yaml}removed:\n  {line}\n"));
        story.expect(0, "apply --auto-approve --max-deletes 1 --allow-unseen-products");
        assert_eq!(ids(&story, "configurations"), [ours]);
        story.expect(0, "plan").is_silent_about("has a twin");
    }
}

/// Two bridges with one slug block each other: only the support of the service can remove one, and the report says so.
#[test]
fn a_doubled_slug_is_called_by_its_name() {
    let story = Story::new(
        "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1 }
  numbers: [{ id: 501, number: '+14155550101' }]
",
    )
    .secret("AUTH", "canary-key-main-1");
    story.unpod_with(
        "product_id: prod, ",
        "
providers:
  main: { name: main, provider: Vapi, api_key: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main } } }
",
    );
    let ran = both(&story, "*/bridges/");
    assert_eq!(ran.code, 5, "{}", ran.whole());
    let told = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let ids = ids(&story, "bridges");
    assert_eq!(ids.len(), 2);
    for words in [
        "now have the slug `sales`",
        "so the service does not return any of them. Only its support can remove one: report them there",
        &format!("this run created bridge {}; {} has the same natural key (slug)", ids[1], ids[0]),
        "Only its support can remove one",
    ] {
        assert!(told.contains(words), "{words}: {}", ran.whole());
    }
}

/// Nothing is reported where nothing was found.
#[test]
fn one_of_a_kind_has_no_twin() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-twins");
    story.unpod(
        "
providers:
  a: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }
  b: { provider: twilio, account_sid: AC2, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales }
",
    );
    story.apply().is_silent_about("TWIN");
    story.expect(0, "plan").is_silent_about("twin");
    story.expect(0, "doctor").is_silent_about("twin");
}
