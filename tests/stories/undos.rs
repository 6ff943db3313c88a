//! Undoing a run: what is still as it left it is reverted, through a plan like any other; the rest is reported.

use serde_json::json;
use telform::state::journal;

use crate::bench::Story;
use crate::deletes::CONNECTED;
use crate::partners::{by_hand, west, world_with_west};

/// Which configuration serves each number, by bridge.
pub(crate) fn served(story: &Story) -> Vec<(String, String, Option<u64>)> {
    let world = story.sandbox.world();
    let bridges = world.unpod.bridges.iter();
    let mut all: Vec<_> = bridges
        .flat_map(|bridge| bridge.numbers.iter().map(|(number, link)| (bridge.slug.clone(), number.clone(), link.configuration)))
        .collect();
    all.sort();
    all
}

#[test]
fn values_go_back_where_nobody_changed_them_since() {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west("    address1: New Street 2\n    city: Compton\n"));
    story.apply();
    by_hand(&story, "city", "Torrance");
    story.take_log();
    let ran = story.expect(0, "undo last --auto-approve");
    shot!("undone_partner", ran);
    assert_eq!(story.writes().len(), 1);
    let partner = story.world()["carrierx"]["partners"][0].clone();
    assert_eq!(partner["city"], "Torrance", "somebody else's value stays");
    assert!(partner["address1"].is_null() || partner["address1"] == "", "{partner}");
    let kept = journal::check_journal(story.read(".telform/ledger.journal").as_bytes()).unwrap();
    let runs = journal::collect_runs(&kept.lines);
    assert_eq!((runs[1].started.command.as_str(), runs[1].result_text()), ("undo", "done"));
    // By the beginning of its id; once more there is nothing left to do.
    let first = runs[0].id.to_owned();
    story.expect(0, &format!("undo {first} --auto-approve")).says("Nothing was undone");
    story.expect(1, "undo nosuch").says("telform::undo::run");
    // The YAML still wants it, as reported.
    story.expect(2, "plan --detailed-exitcode");
}

#[test]
fn numbers_go_back() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    let yaml = |sales: &str, fax: &str| {
        format!(
            "
providers:
  old: {{ provider: plivo, account_sid: MA42, auth_token: {{ env: AUTH }} }}
  main: {{ provider: twilio, account_sid: AC43, auth_token: {{ env: AUTH }} }}
bridges:
  sales: {{ slug: sales, name: Sales, numbers: {{ {sales} }} }}
  fax: {{ slug: fax, name: Fax, numbers: {{ {fax} }} }}
"
        )
    };
    let before = served(&story);
    story.unpod(&yaml(
        "'+14155550101': { provider: main }, '+14155550102': { provider: old }, '+14155550103': { provider: old }",
        "",
    ));
    story.apply();
    assert_ne!(served(&story), before);
    shot!("undone_numbers", story.expect(0, "undo last --auto-approve"));
    assert_eq!(served(&story), before);
    story.unpod(&yaml(
        "'+14155550101': { provider: old }, '+14155550102': { provider: old }",
        "'+14155550103': { provider: old }",
    ));
    story.in_sync();

    // Another user has moved one of them since: it is left alone.
    story.unpod(&yaml(
        "'+14155550101': { provider: main }, '+14155550102': { provider: main }",
        "'+14155550103': { provider: old }",
    ));
    story.apply();
    story.sandbox.edit(|world| {
        let link = world.unpod.bridges[0].numbers.shift_remove("+14155550102").unwrap();
        world.unpod.bridges[1].numbers.insert("+14155550102".to_owned(), link);
    });
    story.expect(0, "undo last --auto-approve").says("+14155550102 on sales: connected differently since; left alone");
    let now = served(&story);
    assert!(now.contains(&("fax".to_owned(), "+14155550102".to_owned(), Some(43))), "{now:?}");
    assert!(now.contains(&("sales".to_owned(), "+14155550101".to_owned(), Some(42))), "{now:?}");
}

/// A delete that failed and left numbers dark: unmanaged bridges do not become managed for it.
#[test]
fn dark_numbers_are_connected_again() {
    let story = Story::new(CONNECTED);
    story.unpod("bridges: {}\nremoved:\n  - { address: providers.old, id: '42' }\n");
    let before = served(&story);
    story.fault("{ match: { method: DELETE, times: 0 }, effect: { answer: { status: 400 } } }");
    story.expect(5, "apply --auto-approve --max-deletes 1 --max-numbers-dark 3 --no-reconnect-on-failure");
    assert_eq!(served(&story).len(), 1);
    story.expect(0, "undo last --auto-approve").says("Done: 3 writes");
    assert_eq!(served(&story), before);
    assert_eq!(story.ledger()["objects"], json!({}), "nothing new is managed");
    story.sandbox.clear_faults();
    story.expect(3, "apply --auto-approve").says("3 numbers would go dark");
}

#[test]
fn what_was_made_is_deleted_behind_the_guards() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-new");
    let before = served(&story);
    story.unpod(
        "
providers:
  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
bridges:
  fresh: { slug: fresh, name: Fresh }
  sales:
    slug: sales
    name: Sales West
    numbers: { '+14155550101': { provider: new }, '+14155550102': { provider: new } }
",
    );
    story.apply();
    story.take_log();
    story.expect(3, "undo last --auto-approve").says("2 objects would be deleted");
    assert_eq!(story.writes(), [""; 0]);
    shot!("undone_create", story.expect(0, "undo last --auto-approve --max-deletes 2"));
    assert_eq!(served(&story), before);
    let world = story.world();
    assert_eq!(world["unpod"]["configurations"].as_array().unwrap().len(), 2);
    assert_eq!(world["unpod"]["bridges"].as_array().unwrap().len(), 3);
    let bridges = world["unpod"]["bridges"].as_array().unwrap();
    assert!(bridges.iter().any(|bridge| bridge["name"] == "Sales"), "{bridges:?}");
}

#[test]
fn what_was_deleted_is_made_again_where_its_secret_is_known() {
    let yaml = "
providers:
  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
bridges:
  fax: { slug: fax, name: Fax, numbers: { '+14155550103': { provider: old } } }
";
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    story.unpod(yaml);
    story.apply();
    story.expect(0, "apply --destroy --auto-approve --max-deletes 2 --max-numbers-dark 3");
    assert_eq!(served(&story).len(), 1);
    let ran = story.expect(0, "undo last --auto-approve");
    shot!("undone_destroy", ran);
    let world = story.world();
    let made = world["unpod"]["configurations"][1]["id"].as_u64();
    let now = served(&story);
    assert_eq!(now.iter().filter(|(_, _, by)| *by == made).count(), 3, "{now:?}");
    story.in_sync();

    // Without its entry in the YAML the secret is unknown.
    let story = Story::new(CONNECTED);
    story.unpod("removed:\n  - { address: providers.old, id: '42' }\n");
    story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 3");
    let ran = story.expect(5, "undo last --auto-approve");
    ran.says("providers.old: telform does not store its auth_token, and the YAML does not name a source for it");
    ran.says("+14155550101 on sales: provider configuration 42 no longer exists");
}

#[test]
fn an_overwritten_secret_is_named() {
    let mut story = Story::new("{}").secret("AUTH", "canary-auth-one");
    story.unpod("providers:\n  a: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }\n");
    story.apply();
    story.set("AUTH", "canary-auth-two");
    story.apply();
    // Nothing is as it was before that run, so the undo does not end as if it were.
    let undone = story.expect(5, "undo last --auto-approve");
    undone.says("providers.a auth_token: telform does not store the secret that it overwrote");
    undone.says("Nothing was undone: what is left of that run is named above. Nothing was written.");
    story.expect(5, "undo last --auto-approve --json").says("\"event\":\"ended\",").says("\"exit\":5,\"result\":\"in part\"");
}

#[test]
fn what_was_made_and_changed_since_is_left_alone() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-new");
    story.unpod("providers:\n  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }\n");
    story.apply();
    story.sandbox.edit(|world| world.unpod.configurations[0].account_sid = Some("EX2".to_owned()));
    story.take_log();
    story.expect(5, "undo last --auto-approve --max-deletes 1").says("providers.new: changed since it was created; left alone");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn what_no_service_deletes_is_left_and_named() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west(""));
    story.apply();
    story.sandbox.verify("west", "all");
    story.apply();
    let run = story.read(".telform/ledger.journal");
    let run = journal::check_journal(run.as_bytes()).unwrap().lines[0].run.clone();
    story
        .expect(5, &format!("undo {run} --auto-approve --max-deletes 1"))
        .says("the service documents no way to delete it; the account allows trying with `partner_delete`");
}

/// A step that failed changed nothing, so there is nothing to say about it.
#[test]
fn what_a_run_did_not_do_is_not_taken_back() {
    let story = Story::new(CONNECTED);
    story.unpod("bridges: {}\nremoved:\n  - { address: providers.old, id: '42' }\n");
    let before = served(&story);
    story.fault("{ match: { path: '*/fax/disconnect-provider/', times: 0 }, effect: { answer: { status: 400 } } }");
    story.expect(5, "apply --auto-approve --max-deletes 1 --max-numbers-dark 3 --no-reconnect-on-failure");
    story.sandbox.clear_faults();
    story.expect(0, "undo last --auto-approve").is_silent_about("Not undone");
    assert_eq!(served(&story), before);
}

#[test]
fn what_somebody_made_again_is_not_made_again() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    story.unpod("bridges:\n  fax: { slug: fax, name: Fax }\n");
    story.apply();
    let bridges = story.sandbox.world().unpod.bridges;
    let fax = bridges.into_iter().find(|bridge| bridge.slug == "fax").unwrap();
    story.expect(0, "apply --destroy --auto-approve --max-deletes 1 --max-numbers-dark 1");
    story.sandbox.edit(|world| world.unpod.bridges.push(fax.clone()));
    story.expect(5, "undo last --auto-approve").says("bridges.fax: it exists again");
}
