//! `--limit`: the first changes and what they need, and then the rest.

use serde_json::{Value, json};

use crate::bench::Story;
use crate::terminal::{at_terminal, converse};

const WORLD: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
  numbers: [{ number: '+14155550101' }, { number: '+14155550102' }]
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
    - { id: 302, slug: desk, name: Desk }
";

/// Six configurations to create.
fn providers(count: usize) -> String {
    let entry = |at: usize| format!("  line-{at}: {{ provider: exotel, account_sid: EX{at}, auth_token: {{ env: AUTH }} }}\n");
    let entries: String = (1..=count).map(entry).collect();
    format!("providers:\n{entries}")
}

fn story(objects: &str) -> Story {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-limit").setting("TELFORM_TEST_PAUSE_MS", "1");
    story.unpod(objects);
    story
}

fn planned(story: &Story, args: &str) -> Value {
    story.expect(0, &format!("plan --format json {args}")).json()
}

fn changed(plan: &Value) -> Vec<&str> {
    plan["plan"]["changes"].as_array().unwrap().iter().map(|change| change["address"].as_str().unwrap()).collect()
}

#[test]
fn a_limited_plan_is_of_the_first_changes_and_says_what_it_leaves_out() {
    let story = story(&providers(6));
    shot!("plan_limited", story.expect(0, "plan --limit 2"));
    let (whole, plan) = (planned(&story, ""), planned(&story, "--limit 2"));
    assert_eq!(changed(&plan), ["providers.line-1", "providers.line-2"]);
    assert_ne!(plan["digest"], whole["digest"]);
    assert_eq!(plan["plan"]["limits"], json!({ "changes": { "limit": 2, "of": 6, "left_out": 4 } }));
    assert_eq!(plan["origin"]["options"]["limit"], 2);
    let sentence = "4 of 6 changes left out by --limit 2";
    for format in ["text", "markdown", "html", "github", "gitlab"] {
        let ran = story.expect(0, &format!("plan --limit 2 --format {format}"));
        assert!(ran.stdout.contains(sentence), "{format}\n{}", ran.stdout);
    }
    assert_eq!(story.expect(0, "plan --limit 2 --format terraform-json").json()["complete"], false);
    // Nothing is left out: it is the plan without a limit.
    for limit in [6, 7, 2000] {
        let all = planned(&story, &format!("--limit {limit}"));
        assert_eq!((&all["digest"], &all["plan"]), (&whole["digest"], &whole["plan"]));
    }
    story.take_log();
    story.expect(1, "plan --limit 0").says("write a whole number, 1 or more");
    assert_eq!(story.take_log(), [""; 0]);
}

#[test]
fn a_change_brings_what_it_needs_and_no_half_of_a_replacement() {
    // The configuration is replaced, and its number moves with it, on a bridge with a change of its own.
    let objects = "
providers:
  main: { provider: exotel, account_sid: EX42, auth_token: { env: AUTH }, id: '42' }
  spare: { provider: exotel, account_sid: EX43, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales West, numbers: { '+14155550101': { provider: main } } }
  desk: { slug: desk, name: Desk West, numbers: { '+14155550102': { provider: spare } } }
";
    let story = story(objects);
    let plan = planned(&story, "--limit 1 --max-deletes 1");
    assert_eq!(changed(&plan), ["bridges.sales", "providers.main"]);
    let ran = story.expect(0, "apply --auto-approve --limit 1 --max-deletes 1");
    ran.says("a fresh plan is empty (2 of 4 changes left out by --limit 1)");
    assert!(!story.world().to_string().contains("EX43"), "nothing else was made");
    // The bridge comes with the configuration that it needs.
    let plan = planned(&story, "--limit 1 --target bridges.desk");
    assert_eq!(changed(&plan), ["providers.spare"], "the first request makes the configuration");
    let plan = planned(&story, "--limit 2");
    assert_eq!(changed(&plan), ["bridges.desk", "providers.spare"]);
    assert_eq!(plan["plan"].get("limits"), None, "these are all");
    story.expect(0, "apply --auto-approve --limit 1").says("1 of 2 changes left out by --limit 1");
    story.expect(0, "apply --auto-approve --limit 1").says("a fresh plan is empty.");
    story.in_sync();
}

#[test]
fn a_limit_counts_within_targets_excludes_accounts_and_deletes() {
    let story = story(&providers(6));
    let head = |args: &str| story.expect(0, &format!("plan {args}")).stdout.lines().next().unwrap().to_owned();
    let targets = "--target providers.line-3 --target providers.line-4";
    assert_eq!(
        head(&format!("--limit 1 {targets}")),
        "Limited plan: only providers.line-3, providers.line-4 and what they need; 1 of 2 changes left out by --limit 1"
    );
    assert_eq!(changed(&planned(&story, &format!("--limit 1 {targets}"))), ["providers.line-3"]);
    let excluded = planned(&story, "--limit 2 --exclude providers.line-1");
    assert_eq!(changed(&excluded), ["providers.line-2", "providers.line-3"]);
    assert_eq!(head("--limit 2 --account unpod"), "Limited plan: only account unpod; 4 of 6 changes left out by --limit 2");
    story.expect(1, "plan --limit 2 --target providers.line-9").says("neither the configuration nor the ledger has");
    story.apply();
    // The guards look at what the limited plan deletes.
    story.expect(3, "plan --destroy --max-deletes 2").says("6 objects would be deleted");
    let ran = story.expect(0, "apply --auto-approve --destroy --limit 2 --max-deletes 2");
    ran.says("4 of 6 changes left out by --limit 2").says("a fresh plan to destroy is empty");
    story.expect(3, "plan --destroy --limit 5 --max-deletes 2").says("4 objects would be deleted");
    story.expect(0, "apply --auto-approve --destroy --limit 4 --max-deletes 4").says("a fresh plan to destroy is empty.");
}

#[test]
fn refusals_of_what_is_left_out_are_counted_and_do_not_stop_the_first() {
    let objects = format!("{}  odd: {{ account_sid: EX9, provider: exotel }}\n", providers(3));
    let story = story(&objects);
    story.expect(3, "plan").says("REFUSED (1)");
    let ran = story.expect(0, "apply --auto-approve --limit 2");
    ran.says("Limited plan: 2 of 4 changes and 1 refusal left out by --limit 2").says("a fresh plan is empty");
    story.expect(3, "apply --auto-approve --limit 2").says("REFUSED (1)");
}

#[test]
fn a_saved_limited_plan_is_verified_and_applied_as_it_is() {
    let story = story(&providers(6));
    story.expect(0, "plan --limit 2 --out two.json");
    story.expect(0, "verify two.json");
    story.expect(0, "show two.json").says("4 of 6 changes left out by --limit 2");
    story.expect(0, "rehearse two.json").says("4 of 6 changes left out by --limit 2");
    story.expect(1, "apply two.json --limit 3").says("cannot be used with");
    story.expect(0, "apply two.json --auto-approve").says("a fresh plan is empty (4 of 6 changes left out by --limit 2)");
    assert_eq!(story.writes().len(), 2);
    // What is left out is part of what was reviewed.
    story.expect(0, "plan --limit 2 --out next.json");
    story.unpod(&providers(7));
    story.expect(4, "apply next.json --auto-approve");
    // A changed file is not the limited plan any more.
    let text = story.read("next.json").replace("\"left_out\": 2", "\"left_out\": 0");
    assert_ne!(text, story.read("next.json"));
    story.file("wrong.json", &text);
    story.expect(1, "verify wrong.json");
    let digest = planned(&story, "--limit 3")["digest"].as_str().unwrap().to_owned();
    story.expect(0, &format!("apply --limit 3 --auto-approve --expect {digest}")).says("2 of 5 changes left out");
    story.expect(0, "rehearse --limit 1").says("a fresh plan is empty (1 of 2 changes left out by --limit 1)");
}

#[test]
fn the_rest_follows_after_a_fresh_plan_and_a_question() {
    let story = story(&providers(6));
    let yes =
        [("Type yes to apply, or press Enter to cancel: ", "yes\n"), ("Type yes to apply, or press Enter to cancel: ", "yes\n")];
    let ran = converse(&story, "apply --limit 2 --then all", &yes);
    assert_eq!(ran.code, 0, "{}", ran.whole());
    shot!("apply_then_all", ran);
    story.in_sync();
    let runs = story.expect(0, "journal list --json").json();
    let runs = runs["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2, "each has a run of its own: {runs:#?}");
}

#[test]
fn a_no_to_the_rest_ends_well_and_says_what_is_left() {
    let story = story(&providers(6));
    let answers =
        [("Type yes to apply, or press Enter to cancel: ", "yes\n"), ("Type yes to apply, or press Enter to cancel: ", "no\n")];
    let ran = converse(&story, "apply --limit 2 --then all", &answers);
    assert_eq!(ran.code, 0, "{}", ran.whole());
    ran.says("Not confirmed. 4 changes are left, and none of them was written.");
    assert_eq!(story.writes().len(), 2);
    // A no to the first changes is a no as always.
    let ran = at_terminal(&story, "apply --limit 2 --then all", "no");
    assert_eq!(ran.code, 1, "{}", ran.whole());
    ran.says("Cancelled; nothing was written to a service.");
}

#[test]
fn without_a_terminal_the_rest_needs_an_approval_before_the_first_request() {
    let story = story(&providers(6));
    story.take_log();
    story.expect(1, "apply --limit 2 --then all").says("telform::cli::not_interactive").says("nothing was sent");
    story.expect(1, "apply --then all").says("--limit");
    story.expect(1, &format!("apply --limit 2 --then all --expect sha256:{:064}", 0)).says("cannot be used with");
    assert_eq!(story.take_log(), [""; 0]);
    let ran = story.expect(0, "apply --limit 2 --then all --auto-approve");
    ran.says("The first changes are applied and verified. 4 changes are left.").says("a fresh plan is empty.");
    story.in_sync();
    // Nothing is left out, so nothing follows.
    story.unpod(&providers(8));
    let ran = story.expect(0, "apply --limit 2 --then all --auto-approve");
    ran.is_silent_about("The first changes").says("a fresh plan is empty.");
}

#[test]
fn programs_read_where_the_rest_begins() {
    let story = story(&providers(3));
    let events = story.expect(0, "apply --limit 1 --then all --auto-approve --json").events();
    let named: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    let of = |name: &str| named.iter().filter(|it| **it == name).count();
    assert_eq!((of("planned"), of("finished"), of("rest_follows")), (2, 2, 1), "{named:?}");
    let rest = events.iter().find(|event| event["event"] == "rest_follows").unwrap();
    assert_eq!((&rest["limit"], &rest["of"], &rest["left_out"]), (&json!(1), &json!(3), &json!(2)));
}

#[test]
fn anything_but_a_clean_proof_of_the_first_changes_ends_the_run() {
    let story = story(&providers(6));
    story
        .fault("{ match: { method: POST, path: '*/providers-configurations/', times: 0 }, effect: { answer: { status: 400 } } }");
    let ran = story.expect(1, "apply --limit 2 --then all --auto-approve");
    ran.is_silent_about("The first changes");
    let story = self::story(&providers(6));
    story.fault("{ match: { method: POST, path: '*/providers-configurations/', nth: 2 }, effect: { answer: { status: 400 } } }");
    story.expect(5, "apply --limit 2 --then all --auto-approve").is_silent_about("The first changes");
    assert_eq!(story.writes().len(), 2);
}

#[test]
fn a_rest_that_is_not_applied_is_an_apply_in_part() {
    // The rest deletes more than the guards allow.
    let story = story(&providers(4));
    story.apply();
    let fewer = providers(2).replace("EX1,", "EX1x,");
    let objects = format!("{fewer}  line-9: {{ provider: exotel, account_sid: EX99, auth_token: {{ env: AUTH }} }}\n");
    story.unpod(&objects);
    story.take_log();
    let ran = story.expect(5, "apply --limit 1 --then all --auto-approve");
    ran.says("The first changes are applied and verified. 3 changes are left.");
    ran.says("applied in part: the first changes are applied and verified; the rest was not written");
    assert_eq!(story.writes().len(), 1);
}

/// Killed while the question about the rest is asked: the first changes are on record and proven, and nothing is open.
#[test]
fn a_kill_before_the_rest_leaves_nothing_open() {
    let story = story(&providers(6));
    let mut terminal = crate::terminal::Terminal::open();
    let mut child = terminal.asks(story.command("apply --limit 2 --then all"));
    assert!(terminal.until(|text| text.ends_with("Type yes to apply, or press Enter to cancel: ")));
    terminal.types("yes\n");
    assert!(
        terminal.until(|text| text.matches("Type yes to apply, or press Enter to cancel: ").count() == 2),
        "{}",
        terminal.text()
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(story.writes().len(), 2);
    story.expect(0, "resume --auto-approve").says("there is nothing to resume");
    story.expect(0, "journal verify");
    story.apply().says("a fresh plan is empty.");
    assert_eq!(story.writes().len(), 6);
    story.in_sync();
}
