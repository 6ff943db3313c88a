//! `telform destroy`: `apply --destroy` under its usual name, with every guard.

use crate::bench::Story;
use crate::deletes::CONNECTED;

const YAML: &str = "
providers:
  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
bridges:
  fax: { slug: fax, name: Fax, numbers: { '+14155550103': { provider: old } } }
";

fn managed() -> Story {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-42");
    story.unpod(YAML);
    story.apply();
    story.take_log();
    story
}

#[test]
fn guards_hold_and_the_whole_command_is_shown() {
    let story = managed();
    let refused = story.expect(3, "destroy --auto-approve");
    // Who typed `destroy` did not type an option, and wrote nothing under `removed`.
    let (plan, _) = refused.stdout.split_once("\nPlan:").unwrap();
    assert!(
        plan.contains("a destroy deletes everything") && !plan.contains("--destroy") && !plan.contains("tombstone"),
        "{plan}"
    );
    shot!("destroy_command_refused", refused);
    let asked = story.expect(1, "destroy --max-deletes 2 --max-numbers-dark 3");
    asked.says("telform cannot ask here whether to cut off 3 phone numbers and delete 2 objects");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn it_is_apply_destroy() {
    let story = managed();
    let guards = "--max-deletes 2 --max-numbers-dark 3";
    let ours = story.expect(0, &format!("destroy --plan --json {guards}")).json();
    let theirs = story.expect(0, &format!("plan --destroy --json {guards}")).json();
    assert_eq!(ours["digest"], theirs["digest"]);
    story.expect(2, &format!("destroy --plan --detailed-exitcode {guards}")).says("run `telform destroy");
    story.expect(0, &format!("destroy --plan --out gone.json {guards}"));
    story.expect(0, "verify gone.json");
    assert_eq!(story.writes(), [""; 0]);
    shot!("destroy_command", story.expect(0, &format!("destroy --auto-approve {guards}")));
    story.expect(4, "apply gone.json --auto-approve");
    let world = story.world();
    assert_eq!(world["unpod"]["bridges"].as_array().unwrap().len(), 2);
    story.expect(0, "destroy --auto-approve").says("no changes");
}

#[test]
fn approvals_are_not_bypassed() {
    let story = managed().setting("TELFORM_APPROVALS", "1");
    story.expect(3, "destroy --auto-approve --max-deletes 2 --max-numbers-dark 3").says("telform::approval::no_plan");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn the_journal_says_destroy_and_what_is_next_recreates_nothing() {
    let story = managed();
    let done = story.expect(0, "destroy --auto-approve --max-deletes 2 --max-numbers-dark 3");
    done.says("\n  telform plan --journal-head ").is_silent_about("telform apply --journal-head");
    story.expect(0, "plan --destroy --format markdown").says("`telform apply --destroy --journal-head ");
    story.expect(0, "journal list").says("destroy");
    story.expect(0, "journal show last").says("destroy (telform ");
}

#[test]
fn what_the_service_hides_is_named() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx_with("partner_delete: true, ", &crate::partners::west(""));
    story.apply();
    story.take_log();
    let refused = story.expect(3, "destroy --auto-approve");
    refused.says("partners.west  refusal::gone_or_hidden").says("waits to be verified").says("--exclude partners.west");
    assert_eq!(story.writes(), [""; 0]);
    story.expect(0, "destroy --auto-approve --exclude partners.west").says("no changes");
}
