//! Patterns in `--target`, `--exclude` and `--account`: the run is about the addresses and accounts that match when it starts.

use serde_json::{Value, json};

use crate::bench::{Ran, Story};

/// Three organizations on one service.
const WORLD: &str = "
unpod:
  organizations:
    - { handle: one.example, name: One }
    - { handle: two.example, name: Two }
    - { handle: lab.example, name: Lab }
  numbers:
    - { id: 501, number: '+14155550101', organization: one.example }
";

const OBJECTS: &str = "
providers:
  west-1: { account: org-one, provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
  west-2: { account: org-two, provider: exotel, account_sid: EX2, auth_token: { env: AUTH } }
  east-1: { account: lab, provider: exotel, account_sid: EX3, auth_token: { env: AUTH } }
  acme: { account: org-one, provider: exotel, account_sid: EX4, auth_token: { env: AUTH } }
bridges:
  acme: { account: org-one, slug: acme, name: Acme, numbers: { '+14155550101': { provider: west-1 } } }
";

fn story() -> Story {
    let story = Story::new(WORLD).secret("AUTH", "canary-auth-globs");
    write(&story, OBJECTS);
    story
}

fn write(story: &Story, objects: &str) {
    let url = story.sandbox.unpod_url();
    let accounts: String = [("org-one", "one.example"), ("org-two", "two.example"), ("lab", "lab.example")]
        .iter()
        .map(|(name, handle)| {
            format!(
                "  {name}: {{ api: unpod, base_url: \"{url}\", org_handle: {handle}, requests_per_minute: 60000, settle_after: 0s, token: {{ env: UNPOD_TOKEN }} }}\n"
            )
        })
        .collect();
    story.file("telform.yaml", &format!("version: 1\naccounts:\n{accounts}{objects}"));
}

fn planned(story: &Story, args: &str) -> Value {
    story.expect(0, &format!("plan --format json {args}")).json()
}

/// The first line of a plan.
fn head(story: &Story, args: &str) -> String {
    story.expect(0, &format!("plan {args}")).stdout.lines().next().unwrap().to_owned()
}

#[test]
fn a_pattern_makes_the_plan_of_the_addresses_that_it_matches() {
    let story = story();
    for (pattern, list) in [
        ("--target providers.west-*", "--target providers.west-1 --target providers.west-2"),
        ("--target providers.west-?", "--target providers.west-2 --target providers.west-1"),
        ("--target *.acme", "--target providers.acme --target bridges.acme"),
        (
            "--exclude providers.*",
            "--exclude providers.west-1 --exclude providers.west-2 --exclude providers.east-1 --exclude providers.acme --exclude bridges.acme",
        ),
        ("--account org*", "--account org-one --account org-two"),
        (
            "--account org-* --target p*.*",
            "--account org-one --account org-two --target providers.west-1 --target providers.west-2 --target providers.acme",
        ),
    ] {
        // The bridge needs a configuration that is left out.
        let pattern = if pattern.contains("exclude") { format!("{pattern} --exclude *.acme") } else { pattern.to_owned() };
        let (one, other) = (planned(&story, &pattern), planned(&story, list));
        assert_eq!(one["digest"], other["digest"], "{pattern}");
        assert_eq!(one["plan"], other["plan"], "{pattern}");
        assert_eq!(one["origin"]["options"], other["origin"]["options"], "{pattern}");
        assert!(!one.to_string().contains(['*', '?']), "{one}");
    }
    let limits = planned(&story, "--target providers.west-* --exclude *.west-2")["plan"]["limits"].clone();
    assert_eq!(limits, json!({ "targets": ["providers.west-1", "providers.west-2"], "excludes": ["providers.west-2"] }));
}

#[test]
fn an_exclude_wins_over_a_target_and_a_target_takes_what_it_needs_along() {
    let story = story();
    let plan = story.expect(0, "plan --target *.west-* --exclude providers.*-2");
    plan.says("+ providers.west-1").is_silent_about("+ providers.west-2").is_silent_about("providers.acme");
    let plan = story.expect(0, "plan --target bridges.*");
    plan.says("+ bridges.acme").says("+ providers.west-1").is_silent_about("providers.acme");
    story.expect(3, "plan --target bridges.* --exclude providers.west-*").says("refusal::dependency_excluded");
}

#[test]
fn a_pattern_that_matches_nothing_ends_the_run_before_its_first_request() {
    let story = story();
    let mut shown = String::new();
    for args in [
        "plan --target providers.wset-*",
        "plan --exclude *.acne*",
        "apply --target bridge.*",
        "plan --target x*.acme",
        "plan --target *",
        "drift --target providers.?",
        "explain bridges.acme --exclude bridges.b*",
        "plan --account orgs*",
        "plan --account lab --target providers.west-*",
    ] {
        let ran = story.expect(1, args);
        shown.push_str(&format!("$ telform {args}\n{}{}", ran.stdout, ran.stderr));
    }
    assert_eq!(story.take_log(), [""; 0], "nothing was asked");
    shot!("pattern_matches_nothing", Ran { code: 1, stdout: shown, stderr: String::new() });
}

#[test]
fn a_pattern_of_accounts_asks_only_those() {
    let story = story();
    let sentence = "Limited plan: only accounts org* (2: org-one, org-two)";
    assert_eq!(head(&story, "--account org*"), sentence);
    let plan = story.expect(0, "plan --account org* --target providers.*");
    plan.says("+ providers.west-1").says("+ providers.west-2").is_silent_about("east-1");
    story
        .expect(0, "apply --auto-approve --account org*")
        .says("a fresh plan is empty (only accounts org* (2: org-one, org-two))");
    story.expect(0, "drift --account org*");
    story.expect(0, "doctor --account org*").says("account org-two").is_silent_about("account lab");
    story.expect(0, "explain bridges.acme --account org*");
    story.expect(0, "adopt --all --out adopted --account org-t*");
    story.expect(0, "ledger rebuild --replace --account ?rg*");
    story.expect(2, "plan --detailed-exitcode").says("+ providers.east-1");
}

#[test]
fn the_head_says_the_pattern_and_how_many_it_stands_for() {
    let story = story();
    let sentence = "Limited plan: only bridges.acme, providers.west-* (3: bridges.acme, providers.west-1, providers.west-2) and what they need; without providers.*-2 (1: providers.west-2)";
    assert_eq!(head(&story, "--target providers.west-* --target bridges.acme --exclude providers.*-2"), sentence);
    let many: String = (10..30)
        .map(|n| format!("  n-{n}: {{ account: lab, provider: exotel, account_sid: EX{n}, auth_token: {{ env: AUTH }} }}\n"))
        .collect();
    write(&story, &format!("providers:\n{many}"));
    let few = "providers.n-10, providers.n-11, providers.n-12 and 17 more";
    let sentence = format!("Limited plan: only providers.n-* (20: {few}) and what they need");
    assert_eq!(head(&story, "--target providers.n-* --out plan.json"), sentence);
    // The saved plan knows the addresses only.
    story.expect(0, "show plan.json").says(&format!("Limited plan: only {few} and what they need"));
    let markdown = story.expect(0, "plan --target providers.n-* --format markdown").stdout;
    assert!(markdown.contains(&sentence), "{markdown}");
}

#[test]
fn a_saved_plan_is_about_the_addresses_that_matched_then() {
    let story = story();
    story.expect(0, "plan --target providers.west-* --out plan.json");
    story.expect(0, "verify plan.json");
    let more = "  west-3: { account: lab, provider: exotel, account_sid: EX5, auth_token: { env: AUTH } }\nbridges:";
    write(&story, &OBJECTS.replace("bridges:", more));
    story.expect(0, "apply plan.json --auto-approve");
    assert_eq!(story.writes().len(), 2);
    story.expect(2, "plan --detailed-exitcode --target providers.west-*").says("+ providers.west-3");
}

/// Also an object that only the ledger has, a tombstone, and a name that an object has until this run.
#[test]
fn a_pattern_matches_what_the_ledger_knows() {
    let story = story();
    story.apply();
    write(&story, &OBJECTS.replace("  east-1", "  far-1").replace("  west-2", "  west-9"));
    let moved = "moved: [{ from: providers.west-2, to: providers.west-9 }]\n";
    let removed = "removed: [{ address: providers.old-1, id: '9999', account: lab }]\n";
    let text = story.read("telform.yaml");
    story.file(
        "telform.yaml",
        &format!("{text}{moved}{removed}").replace(
            "  far-1: { account: lab, provider: exotel, account_sid: EX3",
            "  far-1: { account: lab, provider: exotel, account_sid: EX6",
        ),
    );
    story.expect(0, "plan --target providers.east-* --max-deletes 1").says("- providers.east-1").is_silent_about("far-1");
    story.expect(0, "plan --target providers.old-*").says("already deleted");
    let limits = planned(&story, "--target providers.*-2")["plan"]["limits"].clone();
    assert_eq!(limits, json!({ "targets": ["providers.west-9"] }));
    story.expect(0, "apply --auto-approve --target providers.*-2");
    assert!(story.ledger()["objects"]["providers.west-9"].is_object());
    // After the rename no object has the old name.
    story.expect(1, "plan --target providers.*-2").says("telform::cli::unknown_address");
}

#[test]
fn an_undo_takes_back_what_a_pattern_matches() {
    let story = story();
    story.apply();
    story.expect(1, "undo last --auto-approve --target providers.north-*").says("this undo does not include providers.north-*");
    let ran = story
        .expect(0, "undo last --auto-approve --max-deletes 9 --target providers.* --exclude *.west-1 --exclude providers.acme");
    ran.says("Limited plan: only providers.* (4: providers.acme, providers.east-1, providers.west-1 and 1 more)");
    let deleted = story.writes().iter().filter(|write| write.starts_with("DELETE ")).count();
    assert_eq!(deleted, 2);
}

#[test]
fn suggested_commands_repeat_the_pattern_in_quotes() {
    let story = story();
    story
        .fault("{ match: { method: POST, path: '*/providers-configurations/', times: 1 }, effect: { answer: { status: 400 } } }");
    let args = "apply --auto-approve --on-error continue --target providers.west-* --exclude *.acme --account org*";
    story.expect(5, args).says("telform apply --account 'org*' --target 'providers.west-*' --exclude '*.acme'");
    let plan = story.expect(0, "plan --target providers.west-?");
    plan.says("--target 'providers.west-?'");
}
