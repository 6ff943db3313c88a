//! Managed accounts of Telnyx: read from the listing only, never deleted, disabled behind a switch.

use serde_json::Value;

use crate::bench::Story;

const WEST: &str = "0b6e5c8e-1111-4222-8333-444455556666";

/// An account with one managed account, whose keys nothing may print.
fn story(knobs: &str) -> Story {
    let world = format!(
        "telnyx:
  knobs: {{ {knobs} }}
  managed_accounts:
    - {{ id: '{WEST}', business_name: Acme West, email: west@acme.example, api_key: canary-west-api-key-1, api_token: canary-west-api-token-1 }}
"
    );
    let story = Story::new(&world).secret("EAST_PASSWORD", "canary-east-password-1");
    let mut secrets = story.secrets.lock().unwrap();
    secrets.extend(["canary-west-api-key-1".to_owned(), "canary-west-api-token-1".to_owned()]);
    drop(secrets);
    story
}

const BOTH: &str = "managed_accounts:
  west: { business_name: Acme West, email: west@ACME.example }
  east: { business_name: Acme East, email: east@acme.example, password: { env: EAST_PASSWORD }, rollup_billing: true }
";

const ONE: &str = "managed_accounts:\n  west: { business_name: Acme West, email: west@acme.example }\n";

const NONE: &str = "managed_accounts: {}\n";

const DISABLE: &str = "managed_account_disable: true, ";

fn accounts(story: &Story) -> Vec<Value> {
    story.world()["telnyx"]["managed_accounts"].as_array().unwrap().clone()
}

fn status(story: &Story, email: &str) -> Value {
    let row = accounts(story).into_iter().find(|row| row["email"] == email).unwrap_or_default();
    row["status"].clone()
}

/// The keys of every account, as the service invented them, are secrets of the story from now on.
fn watch_keys(story: &Story) {
    for row in accounts(story) {
        let keys = ["api_key", "api_token"].map(|name| row[name].as_str().unwrap().to_owned());
        story.secrets.lock().unwrap().extend(keys);
    }
}

/// A GET by id would bring keys.
fn read_from_the_list(story: &Story) {
    let log = story.take_log();
    assert!(!log.is_empty() && !log.iter().any(|line| line.starts_with("GET") && line.contains("managed_accounts/")), "{log:?}");
}

fn managed(knobs: &str) -> Story {
    let story = story(knobs);
    story.telnyx(ONE);
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    story.take_log();
    story
}

#[test]
fn accounts_are_made_and_adopted_without_their_keys() {
    let story = story("");
    story.telnyx(BOTH);
    story.checked_plan("");
    let made = story.expect(0, "-v apply --auto-approve");
    watch_keys(&story);
    let said = made.whole();
    assert!(story.secrets.lock().unwrap().iter().all(|secret| !said.contains(secret)), "{said}");
    story.in_sync();
    let made = accounts(&story).into_iter().find(|row| row["email"] == "east@acme.example").unwrap();
    assert_eq!((&made["organization_name"], &made["rollup_billing"]), (&Value::from("Acme East"), &Value::from(true)));

    let priced = BOTH.replace("west@ACME.example", "west@acme.example, managed_account_allow_custom_pricing: true");
    story.telnyx(&priced);
    story.checked_plan("");
    story.apply();
    let sent = story.writes();
    read_from_the_list(&story);
    assert_eq!(
        sent.last().unwrap(),
        &format!(r#"PATCH managed_accounts/{WEST} {{"managed_account_allow_custom_pricing":true}}"#)
    );
    story.in_sync();
    story.expect(0, "plan --snapshot-out seen.json");
    story.expect(0, "get managed_accounts").says("east@acme.example").says("enabled");
    story.expect(0, "explain managed_accounts.east");
    story.expect(0, "journal verify");
    story.expect(0, "-v plan");
    read_from_the_list(&story);
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let story = managed("");
    story.telnyx(&ONE.replace("Acme West", "Acme Far West"));
    story.expect(3, "plan").says("business_name");
    assert_eq!(story.writes(), [""; 0]);
}

/// There is no delete: without the switch it is refused; with it, the account is disabled, and the plan says so.
#[test]
fn an_account_is_disabled_behind_a_switch() {
    let story = managed("");
    story.telnyx(NONE);
    let refused = story.expect(3, "apply --auto-approve --max-deletes 1");
    refused.says("the service documents no way to delete a managed account").says("`managed_account_disable: true`");
    refused.is_silent_about("partner_delete");
    assert_eq!((story.writes(), status(&story, "west@acme.example")), (Vec::new(), "enabled".into()));

    story.telnyx_with(DISABLE, NONE);
    story.expect(3, "plan").says("max_deletes");
    let plan = story.expect(0, "plan --max-deletes 1");
    plan.says("disabled, not deleted").says("only its own token shows them");
    let planned = story.checked_plan("--max-deletes 1");
    assert_eq!(planned["plan"]["steps"][0]["call"]["method"], "POST");
    // What takes it away is the POST and nothing else.
    story.file("other.json", &story.read("plan.json").replace("actions/disable", "actions/enable"));
    story.expect(1, "verify other.json");

    story.expect(0, "rehearse --max-deletes 1").says("managed_accounts.west");
    story.take_log();
    story.expect(0, "apply --auto-approve --max-deletes 1");
    assert_eq!(story.writes(), [format!("POST managed_accounts/{WEST}/actions/disable {{}}")]);
    read_from_the_list(&story);
    assert_eq!(status(&story, "west@acme.example"), "disabled");
    story.in_sync();
    story.expect(0, "get managed_accounts").says("disabled");
    story.expect(0, "journal verify");
}

/// Nothing is created in place of an account that is disabled, here or outside.
#[test]
fn a_disabled_account_is_not_created_again() {
    let story = managed("");
    story.sandbox.edit(|world| drop(world.telnyx.managed_accounts[0].insert("status".to_owned(), "disabled".into())));
    let plan = story.expect(3, "plan");
    plan.says("is disabled: telform does not reverse that");
    story.expect(3, "apply --auto-approve");
    // Its entry goes: nothing is left to do.
    story.telnyx(NONE);
    story.expect(0, "plan").says("is disabled");
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    story.in_sync();
    story.telnyx(ONE);
    story.expect(3, "plan").says("is disabled: telform does not reverse that");
}

/// No entry could manage a disabled account: it is neither adopted nor counted as something to adopt.
#[test]
fn a_disabled_account_is_not_adopted() {
    let story = story("");
    story.sandbox.edit(|world| {
        let mut east = world.telnyx.managed_accounts[0].clone();
        east.insert("id".to_owned(), "0b6e5c8e-1111-4222-8333-444455557777".into());
        east.insert("business_name".to_owned(), "Acme East".into());
        east.insert("email".to_owned(), "east@acme.example".into());
        east.insert("status".to_owned(), "disabled".into());
        world.telnyx.managed_accounts.push(east);
    });
    story.telnyx("");
    story.expect(0, "adopt --all --out adopted");
    let adopted = story.read("adopted/telnyx-managed_accounts.yaml");
    assert!(adopted.contains("west@acme.example") && !adopted.contains("east@acme.example"), "{adopted}");
    story.telnyx(ONE);
    story.expect(0, "plan").is_silent_about("Not managed");
}

#[test]
fn what_telform_disabled_is_not_undone() {
    let story = managed("");
    story.telnyx_with(DISABLE, NONE);
    story.expect(0, "plan --max-deletes 1").says("it stays disabled: telform does not reverse that");
    story.expect(0, "apply --auto-approve --max-deletes 1");
    story.take_log();
    story.expect(5, "undo last --auto-approve").says("it is disabled, which telform does not reverse");
    assert_eq!(story.writes(), [""; 0]);
}

/// An undo of a create disables what the run made, behind the same switch.
#[test]
fn an_undo_disables_what_a_run_created() {
    let story = story("");
    story.telnyx_with(DISABLE, BOTH);
    story.apply();
    watch_keys(&story);
    story.take_log();
    story.expect(0, "undo last --auto-approve --max-deletes 1");
    assert_eq!(status(&story, "east@acme.example"), "disabled");
    assert_eq!(status(&story, "west@acme.example"), "enabled");
}

#[test]
fn a_lost_answer_to_a_disable_is_settled_by_the_listing() {
    let story = managed("");
    story.telnyx_with(DISABLE, NONE);
    story.fault("{ match: { service: telnyx, method: POST, path: '*/actions/disable' }, when: after, effect: cut }");
    story.expect(0, "apply --auto-approve --max-deletes 1");
    assert_eq!(status(&story, "west@acme.example"), "disabled");
    assert_eq!(story.writes().len(), 1);
    story.in_sync();
}

/// A service that ignores the filter would make every account look disabled.
#[test]
fn a_filter_that_is_ignored_is_detected() {
    let story = story("status_filter_ignored: true");
    story.telnyx(ONE);
    story.expect(1, "plan").says("is listed as disabled and as blocked");
    assert_eq!(story.writes(), [""; 0]);
}
