//! `undo --plan`: what an undo would do, as a plan like any other, which `apply FILE` carries out or not at all.

use crate::bench::Story;
use crate::deletes::CONNECTED;
use crate::partners::{by_hand, west, world_with_west};
use crate::resume::killed;
use crate::runs::TWO;

/// A run that changed an address and a city.
fn changed() -> Story {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west("    address1: New Street 2\n    city: Compton\n"));
    story.apply();
    story.take_log();
    story
}

fn city(story: &Story) -> String {
    story.world()["carrierx"]["partners"][0]["city"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn it_shows_the_undo_and_sends_nothing() {
    let story = changed();
    by_hand(&story, "address1", "Elsewhere 3");
    shot!("undo_plan", story.expect(0, "undo last --plan"));
    assert_eq!(story.expect(2, "undo last --plan --detailed-exitcode --quiet").stdout, "1 to update, 1 request\n");
    let document = story.expect(0, "undo last --plan --json").json();
    assert_eq!(document["format"], "telform-plan");
    let notices: Vec<&str> = document["notices"].as_array().unwrap().iter().filter_map(|it| it["code"].as_str()).collect();
    assert!(notices.contains(&"undoes") && notices.contains(&"not_undone"), "{notices:?}");
    for (format, text) in
        [("markdown", "not undone"), ("html", "not undone"), ("github", "undoes a run"), ("gitlab", "undoes a run")]
    {
        story.expect(0, &format!("undo last --plan --format {format}")).says(text);
    }
    story.expect(0, "undo last --plan --format terraform-json").json();
    assert!(story.take_log().iter().all(|request| request.starts_with("GET ")));
    assert_eq!(city(&story), "Compton");
    // Options of the plan alone belong to it, and those of a run do not.
    story.expect(1, "undo last --format json").says("--plan");
    story.expect(1, "undo last --plan --auto-approve").says("cannot be used with");
}

#[test]
fn a_saved_undo_is_applied_exactly_or_not_at_all() {
    let story = changed();
    story.expect(0, "undo last --plan --out undo.json").says("Saved. To apply exactly this plan, run `telform apply undo.json`.");
    story.expect(0, "verify undo.json");
    shot!("undo_plan_shown", story.expect(0, "show undo.json"));
    let rehearsed = story.expect(0, "rehearse undo.json");
    rehearsed.says("Done: 1 write");
    assert_eq!(story.writes(), [""; 0], "a rehearsal writes nothing");
    // Changed since: stale.
    by_hand(&story, "city", "Torrance");
    shot!("undo_plan_stale", story.expect(4, "apply undo.json --auto-approve"));
    story.expect(4, "rehearse undo.json");
    assert_eq!(story.writes(), [""; 0]);
    by_hand(&story, "city", "Compton");
    story.take_log();
    shot!("undo_plan_applied", story.expect(0, "apply undo.json --auto-approve"));
    assert_eq!(story.writes().len(), 1);
    assert_ne!(city(&story), "Compton");
    let run = story.expect(0, "journal show --json").json();
    assert_eq!((run["run"]["command"].as_str(), run["run"]["result"].as_str()), (Some("undo"), Some("done")));
    // Once: what it did is done.
    story.expect(4, "apply undo.json --auto-approve").says("telform::plan::already_applied");
    // An edited file is not applied.
    story.expect(0, "undo last --plan --out again.json");
    let edited = story.read("again.json").replace("Compton", "Gardena");
    story.file("again.json", &edited);
    story.expect(1, "apply again.json --auto-approve").says("telform::plan::changed");
}

#[test]
fn a_part_of_an_undo_is_another_plan() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    let yaml = |sales: &str, fax: &str| {
        format!(
            "
providers:
  old: {{ provider: plivo, account_sid: MA42, auth_token: {{ env: AUTH }} }}
  main: {{ provider: twilio, account_sid: AC43, auth_token: {{ env: AUTH }} }}
bridges:
  sales: {{ slug: sales, name: {sales}, numbers: {{ '+14155550101': {{ provider: old }}, '+14155550102': {{ provider: old }} }} }}
  fax: {{ slug: fax, name: {fax}, numbers: {{ '+14155550103': {{ provider: old }} }} }}
"
        )
    };
    story.unpod(&yaml("Sales West", "Fax West"));
    story.apply();
    let whole = story.expect(0, "undo last --plan --json").json();
    story.expect(0, "undo last --plan --target bridges.fax --out fax.json");
    let part = story.expect(0, "show fax.json --json").json();
    assert_ne!(part["digest"], whole["digest"]);
    assert_eq!(part["origin"]["options"]["targets"], serde_json::json!(["bridges.fax"]));
    story.expect(1, "undo last --plan --target bridges.nosuch").says("this undo does not include");
    story.take_log();
    story.expect(0, "apply fax.json --auto-approve");
    assert_eq!(story.writes().len(), 1);
    let names: Vec<String> = story.world()["unpod"]["bridges"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["name"].as_str().map(str::to_owned))
        .collect();
    assert!(names.contains(&"Sales West".to_owned()) && !names.contains(&"Fax West".to_owned()), "{names:?}");
}

#[test]
fn guards_hold_in_the_plan_and_in_the_apply() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-new");
    story.unpod("providers:\n  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }\n");
    story.apply();
    let refused = story.expect(3, "undo last --plan --out undo.json");
    refused.says("telform undo last --plan --out undo.json --max-deletes 1");
    story.expect(3, "apply undo.json --auto-approve");
    story.expect(0, "undo last --plan --max-deletes 1 --out undo.json");
    story.expect(0, "apply undo.json --auto-approve").says("Done: 1 write");
}

/// Whoever reads only the page sees what it is.
#[test]
fn a_page_says_that_it_is_an_undo_and_of_which_run() {
    let story = changed();
    let run = story.expect(0, "journal list --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    let page = story.expect(0, "undo last --plan --format html");
    page.says("<title>telform undo, ")
        .says("<h1>Undo ")
        .says(&format!("This plan undoes run <span class=\"whole\">{run}</span> (apply of "));
    story.expect(0, "plan --format html").says("<h1>Plan ").is_silent_about("This plan undoes");
}

/// What the run was about has the name that it had there, even if the ledger never knew it.
#[test]
fn what_served_a_number_is_called_as_in_the_undone_run() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    story.unpod(
        "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  fax: { slug: fax, name: Fax, numbers: { '+14155550103': { provider: main } } }
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: main } } }
removed:
  - { address: providers.old, provider: plivo, account_sid: MA42 }
",
    );
    story.fault("{ match: { method: DELETE, times: 0 }, effect: { answer: { status: 400 } } }");
    story.expect(5, "apply --auto-approve --max-deletes 1");
    story.sandbox.clear_faults();
    let planned = story.expect(0, "undo last --plan");
    planned.says("providers.main -> providers.old").is_silent_about("id-42");
    story.expect(0, "undo last --auto-approve").is_silent_about("id-42");
}

/// The command that a plan suggests carries that plan out.
#[test]
fn the_suggested_command_has_the_options_of_the_plan() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-new");
    story.unpod("providers:\n  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }\n");
    story.apply();
    let planned = story.expect(0, "undo last --plan --max-deletes 5 --max-numbers-dark 2");
    let (_, rest) = planned.stdout.split_once("To apply it, run `telform ").unwrap();
    let command = rest.split('`').next().unwrap();
    assert_eq!(command, "undo last --max-deletes 5 --max-numbers-dark 2");
    // What comes after it is about another run, which gets no permission from this one.
    let undone = story.expect(0, &format!("{command} --auto-approve"));
    undone.is_silent_about("--max-numbers-dark");
}

#[test]
fn nothing_to_undo_is_an_empty_plan() {
    let story = changed();
    story.expect(0, "undo last --auto-approve");
    let first = story.expect(0, "journal list --json").json()["runs"][0]["run"].as_str().unwrap().to_owned();
    let plan = story.expect(0, &format!("undo {first} --plan --detailed-exitcode --json")).json();
    assert_eq!((&plan["pending"], &plan["summary"]), (&serde_json::json!(false), &serde_json::json!("no changes")));
    story.expect(0, &format!("undo {first} --plan --out empty.json")).says("no changes");
    story.expect(0, "verify empty.json");
    story.expect(0, "apply empty.json --auto-approve");
    story.expect(1, "undo nosuch --plan").says("telform::undo::run");
}

#[test]
fn an_undo_can_be_rehearsed_without_a_file() {
    let story = changed();
    let rehearsed = story.expect(0, "rehearse --undo last");
    rehearsed.says("Undoing run ").says("~ partners.west").says("Done: 1 write").says("nothing was written to a service");
    assert_eq!(story.writes(), [""; 0]);
    assert_eq!(city(&story), "Compton");
    story.expect(1, "rehearse --undo last --destroy").says("cannot be used with");
    story.expect(0, "undo last --auto-approve");
    story.expect(0, "rehearse --undo last").says("Done: 1 write");
}

/// The effects of a run that was cut off are unknown until a run that may write has settled them.
#[test]
fn open_requests_are_settled_first() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-open");
    story.unpod(TWO);
    killed(&story, "POST", "after");
    story.take_log();
    shot!("undo_plan_open", story.expect(1, "undo last --plan"));
    story.expect(1, "rehearse --undo last").says("telform::undo::open");
    assert_eq!(story.writes(), [""; 0]);
    story.expect(0, "resume --auto-approve");
    story.expect(3, "undo last --plan").says("telform undo last --plan --max-deletes");
}

/// The same undo without its file: the plan was carried out, and nothing changed at the services.
#[test]
fn a_saved_undo_that_was_applied_without_its_file() {
    let story = changed();
    story.expect(0, "undo last --plan --out undo.json");
    let undone = story.expect(0, "undo last --auto-approve");
    undone.says("a second reading shows what was undone as it was before the run").is_silent_about("a fresh plan is empty");
    undone.says("Where it still states what that run did, the next apply does it again: change it first");
    story.take_log();
    for again in ["apply undo.json --auto-approve", "rehearse undo.json"] {
        let ran = story.expect(4, again);
        ran.says("this plan was already applied by run").is_silent_about("the services changed");
    }
    assert_eq!(story.writes(), [""; 0]);
}
