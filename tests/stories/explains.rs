//! Why something is changed, and why something is not: one snapshot for each reason.

use crate::bench::{Ran, Story};
use crate::deletes::CONNECTED;
use crate::partners::{verified, west, world_with_west};

/// Explains several addresses and collects the output.
fn told(story: &Story, options: &str, addresses: &[&str]) -> Ran {
    story.take_log();
    let mut shown = String::new();
    for address in addresses {
        let ran = story.expect(0, &format!("explain {address}{options}"));
        // A command is not broken.
        let long = ran.stdout.lines().filter(|line| line.chars().count() > 80 && !line.contains("`telform "));
        let long: Vec<&str> = long.collect();
        assert_eq!(long, [""; 0], "{address}: a line is longer than 80 columns");
        assert_eq!(ran.stderr, "", "{address}");
        shown.push_str(&format!("=== explain {address}{options}\n{}\n", ran.stdout));
    }
    assert!(story.take_log().iter().all(|request| request.starts_with("GET ")), "nothing but GET");
    Ran { code: 0, stdout: shown, stderr: String::new() }
}

#[test]
fn what_differs_what_is_in_sync_and_what_is_not_mentioned() {
    let story = verified("      address1: Old Street 1\n      city: LA\n");
    story.carrierx(&west("    address1: New Street 2\n    callbacks: { sms: https://hooks.acme.example/sms }\n"));
    let all = [
        "partners.west",
        "partners.west.address1",
        "partners.west.callbacks",
        "partners.west.name",
        "partners.west.city",
        "partners.west.password",
    ];
    shot!("explain_differs", told(&story, "", &all));
    story.apply();
    shot!("explain_in_sync", told(&story, "", &["partners.west", "partners.west.address1"]));
    story.sandbox.edit(|world| {
        let mut text = serde_json::to_value(&*world).unwrap();
        text["carrierx"]["partners"][0]["address1"] = "By Hand 3".into();
        *world = serde_json::from_value(text).unwrap();
    });
    story.expect(0, "explain partners.west.address1").says("(changed outside");
}

#[test]
fn what_lifecycle_ignores_and_what_can_only_be_said_once() {
    let story = verified("");
    let other = west("").replace("country_code: USA", "country_code: CAN");
    story.carrierx(&other);
    shot!("explain_create_only", told(&story, "", &["partners.west", "partners.west.country_code"]));
    story.carrierx(&format!("{other}    lifecycle: {{ ignore: [country_code] }}\n"));
    shot!("explain_ignored", told(&story, "", &["partners.west.country_code"]));
}

#[test]
fn secrets_that_are_unknown_not_supplied_known_and_changed() {
    let mut story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    story.unpod("providers:\n  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n");
    let mut shown = told(&story, "", &["providers.main.auth_token"]);
    story.unset("AUTH");
    shown.stdout.push_str(&told(&story, "", &["providers.main.auth_token"]).stdout);
    story.set("AUTH", "canary-auth-43");
    story.expect(0, "apply --auto-approve --rewrite-secret providers.main");
    shown.stdout.push_str(&told(&story, "", &["providers.main.auth_token"]).stdout);
    story.set("AUTH", "canary-auth-new");
    shown.stdout.push_str(&told(&story, "", &["providers.main.auth_token"]).stdout);
    shot!("explain_secrets", shown);
}

#[test]
fn what_waits_for_somebody() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    shot!("explain_create", told(&story, "", &["partners.west", "partners.west.zip", "partners.west.password"]));
    story.apply();
    shot!("explain_hidden", told(&story, "", &["partners.west", "partners.west.zip"]));
    let story = verified("");
    story.carrierx(&west("").replace("ops@acme.example", "new@acme.example"));
    story.expect(0, "apply --auto-approve");
    shot!("explain_pending", told(&story, "", &["partners.west.owner_email"]));
}

const ACLS: &str = "    parent_assigned_acls:
      - { access_control_rules: [7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01], direction: outbound, sms_action_true: accept,
          sms_action_false: null, voice_action_true: null, voice_action_false: null }
";

#[test]
fn what_the_service_reshaped() {
    // This service adds keys of its own to each item.
    let story = Story::new(&format!("{}  knobs: {{ nested_defaults: true }}\n", world_with_west("")))
        .secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(ACLS));
    story.expect(6, "apply --auto-approve");
    shot!("explain_reshaped", told(&story, "", &["partners.west.parent_assigned_acls"]));
}

#[test]
fn what_goes_what_is_gone_and_what_is_nobodys() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    let main = "  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n";
    let old = "  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }\n";
    story.unpod(&format!("providers:\n{main}"));
    shot!("explain_unmanaged", told(&story, "", &["providers.42", "providers.MA42"]));
    story.expect(1, "explain bridges.sales").says("no file declares bridges");
    story.unpod(&format!("providers:\n{main}{old}"));
    story.apply();
    story.unpod(&format!("providers:\n{main}removed:\n  - {{ address: providers.old, reason: contract ended }}\n  - {{ address: providers.older, provider: plivo, account_sid: MA1 }}\n"));
    shot!("explain_removed", told(&story, "", &["providers.old", "providers.older"]));
    story.unpod(&format!("providers:\n{main}removed:\n  - {{ address: providers.old, keep: true }}\n"));
    let mut shown = told(&story, "", &["providers.old"]);
    story.unpod(&format!("providers:\n{main}"));
    shown.stdout.push_str(&told(&story, "", &["providers.old"]).stdout);
    story.unpod("bridges: {}\n");
    shown.stdout.push_str(&told(&story, "", &["providers.old"]).stdout);
    story.unpod(&format!("providers:\n{main}  newer: {{ provider: plivo, account_sid: MA42, auth_token: {{ env: AUTH }} }}\nmoved:\n  - {{ from: providers.old, to: providers.newer }}\n"));
    shown.stdout.push_str(&told(&story, "", &["providers.old"]).stdout);
    shot!("explain_ledger_only", shown);
}

#[test]
fn numbers_and_what_this_run_is_not_about() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    story.unpod("providers:\n  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\nbridges:\n  sales: { slug: sales, name: Sales Line, numbers: { '+14155550101': { provider: main } } }\n");
    let all = ["bridges.sales", "bridges.sales.numbers"];
    shot!("explain_numbers", told(&story, "", &all));
    let mut shown = told(&story, " --exclude bridges.sales", &all);
    shown.stdout.push_str(&told(&story, " --target providers.main", &["bridges.sales"]).stdout);
    shot!("explain_not_selected", shown);
}

#[test]
fn a_snapshot_a_sandbox_and_json_say_the_same() {
    let story = verified("");
    story.carrierx(&west("    address1: New Street 2\n"));
    let live = story.expect(0, "explain partners.west.address1").stdout;
    story.expect(0, "plan --snapshot-out live.json");
    story.take_log();
    assert_eq!(story.expect(0, "explain partners.west.address1 --snapshot live.json").stdout, live);
    assert_eq!(story.take_log(), [""; 0], "nobody was asked");
    shot!("explain_json", story.expect(0, "explain partners.west.address1 --json"));
    let quickstart = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
    for name in ["telform.yaml", "world.yaml"] {
        story.file(name, &std::fs::read_to_string(quickstart.join(name)).unwrap());
    }
    story.expect(0, "explain providers.backup --sandbox world.yaml").says("providers.backup: will be replaced");
}

#[test]
fn what_nobody_knows() {
    let story = verified("");
    story.carrierx(&west(""));
    let mut shown = String::new();
    for address in ["partners.wset", "partners.west.zpi", "partner.west", "west"] {
        shown.push_str(&format!("=== {address}\n{}", story.expect(1, &format!("explain {address}")).stderr));
    }
    shot!("explain_unknown", Ran { code: 1, stdout: shown, stderr: String::new() });
    story.expect(1, "explain partners.wset --json").says("\"code\":\"telform::explain::unknown_address\"");
}

/// People have a number, not an address.
#[test]
fn a_number_is_explained_by_what_declares_it_or_holds_it() {
    let story = Story::new(include_str!("../../examples/quickstart/world.yaml")).secret("AUTH", "canary-auth-1");
    let files = "providers:
  main: { provider: twilio, account_sid: AC42, auth_token: { env: AUTH } }
bridges:
  support: { slug: support-bridge-002, name: Support, numbers: { '+14155550199': { provider: main } } }
  fax: { slug: fax-bridge-003, name: Fax }
numbers:
  '+14155550103': { bridge: fax, provider: main }
";
    story.unpod(files);
    let first = |number: &str| story.run(&format!("explain {number}")).stdout.lines().next().unwrap_or_default().to_owned();
    assert!(first("+14155550199").starts_with("bridges.support.numbers"), "{}", first("+14155550199"));
    assert!(first("+14155550103").contains("+14155550103\": will be updated"), "{}", first("+14155550103"));
    assert_eq!(first("+1-415-555-0199"), first("+14155550199"));
    assert!(first("bridges.support.numbers.+14155550199").starts_with("bridges.support.numbers"));
    // No file declares this one: what it is on is explained.
    assert!(first("+14155550101").starts_with("bridges.sales-bridge-001"), "{}", first("+14155550101"));
    story.expect(1, "explain +14155550123").says("the YAML does not declare +14155550123");
}
