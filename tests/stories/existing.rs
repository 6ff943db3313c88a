//! Objects of others that entries refer to: found, never changed, and never managed.

use crate::bench::Story;

const WORLD: &str = "
unpod:
  configurations:
    - { id: 41, provider: twilio, account_sid: AC41 }
    - { id: 42, provider: plivo, account_sid: MA42 }
  numbers: [ { number: '+14155550101' }, { number: '+14155550102' } ]
  bridges:
    - { slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
";

const SALES: &str = "bridges:\n  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: shared } } }\n";

fn shared(entry: &str, rest: &str) -> String {
    format!("existing:\n  providers: {{ shared: {{ {entry} }} }}\n{rest}")
}

fn serves(story: &Story, slug: &str, number: &str) -> Option<u64> {
    let world = story.sandbox.world();
    world.unpod.bridges.iter().find(|bridge| bridge.slug == slug)?.numbers.get(number)?.configuration
}

#[test]
fn a_number_is_served_by_what_another_team_manages() {
    for entry in ["provider: twilio, account_sid: AC41", "account: unpod, id: 41", "id: '41', provider: twilio"] {
        let story = Story::new(WORLD);
        story.unpod(&shared(entry, SALES));
        let plan = story.expect(0, "plan --format json");
        assert_eq!(plan.json()["plan"]["existing"]["providers.shared"]["id"], "41", "{}", plan.whole());
        assert_eq!(plan.json()["unmanaged"], serde_json::json!([{ "account": "unpod", "kind": "providers", "count": 1 }]));
        story.file("plan.json", &plan.stdout);
        story.expect(0, "verify plan.json");
        story.expect(0, "apply --auto-approve").says("+14155550101");
        assert_eq!(serves(&story, "sales", "+14155550101"), Some(41));
        story.in_sync();
        // The ledger does not manage it, and neither drift nor a wave of adoption does.
        assert!(!story.ledger().to_string().contains("providers.shared"), "{}", story.ledger());
        story.expect(0, "drift").is_silent_about("providers.shared");
        story.expect(0, "adopt --all --out adopted");
        assert!(!story.read("adopted/unpod-providers.yaml").contains("AC41"));
        story.expect(1, "adopt providers.shared 41").says("telform::adopt::existing");
        story.expect(0, "explain providers.shared").says("referred to, never changed").says("provider configuration 41");
        story.expect(0, "plan --target providers.shared").says("no changes");
        story.expect(0, "plan --target bridges.sales --detailed-exitcode");
        story.expect(0, "plan --destroy --max-deletes 1 --max-numbers-dark 1").says("1 to delete").is_silent_about("shared:");
    }
}

#[test]
fn dropping_the_reference_or_the_entry_plans_nothing() {
    let story = Story::new(WORLD);
    story.unpod(&shared("id: 42", SALES));
    story.apply();
    // No file mentions the kind now: what stands under `existing` does not put it in scope.
    story.unpod(&shared("id: 42", "bridges:\n  sales: { slug: sales, name: Sales }\n"));
    story.expect(0, "plan --detailed-exitcode").says("no changes");
    story.unpod("bridges:\n  sales: { slug: sales, name: Sales }\nproviders: {}\n");
    story.expect(0, "plan --detailed-exitcode").says("no changes");
}

#[test]
fn what_is_not_there_is_refused_with_its_place() {
    let story = Story::new(WORLD);
    let refused = |entry: &str, words: &str| {
        story.unpod(&shared(entry, SALES));
        story.expect(3, "plan").says(words).says("telform.yaml:5:").says("it needs providers.shared");
        story.expect(3, "apply --auto-approve");
        assert_eq!(story.writes(), [""; 0]);
    };
    refused("id: 77", "account unpod has no provider configuration 77");
    refused(
        "provider: twilio, account_sid: AC77",
        "account unpod has no provider configuration with this provider + account_sid",
    );
    refused("id: 41, account_sid: AC77", "has a different account_sid than its entry");
    // Without it, the rest is planned.
    story.unpod(&shared("id: 77", "bridges: {}\n"));
    story.expect(3, "plan");
    story.expect(0, "plan --exclude providers.shared");
    story.sandbox.edit(|world| {
        let mut twin = world.unpod.configurations[0].clone();
        twin.id = 43;
        world.unpod.configurations.push(twin);
    });
    refused("provider: twilio, account_sid: AC41", "2 live objects have its natural key");
}

#[test]
fn another_object_under_the_same_name_is_another_plan() {
    let story = Story::new(WORLD);
    story.unpod(&shared("provider: twilio, account_sid: AC41", SALES));
    story.expect(0, "plan --out plan.json");
    story.sandbox.edit(|world| world.unpod.configurations[0].id = 45);
    story
        .expect(4, "apply plan.json --auto-approve")
        .says("providers.shared")
        .says("41 of account unpod")
        .says("45 of account unpod");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn what_was_managed_is_released_and_not_deleted() {
    const DECLARED: &str =
        "providers:\n  own: { provider: twilio, account_sid: AC41 }\n  other: { provider: plivo, account_sid: MA42 }\n";
    let other = "providers:\n  other: { provider: plivo, account_sid: MA42 }\n";
    for name in ["own", "shared"] {
        let story = Story::new(WORLD);
        story.unpod(DECLARED);
        story.apply();
        story.unpod(&format!("existing:\n  providers: {{ {name}: {{ id: 41 }} }}\n{other}"));
        story.expect(0, "plan").says("released").says("providers.own");
        story.expect(0, "apply --auto-approve");
        assert!(!story.ledger().to_string().contains("providers.own"), "{}", story.ledger());
        assert_eq!(story.writes(), [""; 0]);
        story.in_sync();
        story.expect(5, "undo last").says("the YAML does not declare it");
    }
}

#[test]
fn an_object_is_managed_or_referred_to_and_not_both() {
    let story = Story::new(WORLD);
    // What only a reading can tell.
    story.unpod(&shared("id: 41", "providers:\n  own: { provider: twilio, account_sid: AC41 }\n"));
    story
        .expect(3, "plan")
        .says("refusal::existing_managed")
        .says("provider configuration 41 is providers.own at telform.yaml:7:");
    // The ledger has another object under its address.
    story.unpod("providers:\n  shared: { provider: plivo, account_sid: MA42 }\n");
    story.apply();
    story.unpod(&shared("id: 41", "providers: {}\n"));
    story.expect(3, "plan").says("the ledger manages provider configuration 42 as providers.shared, and `existing` means 41");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn an_undo_leads_back_to_it() {
    let story = Story::new(WORLD);
    let own = "providers:\n  own: { provider: plivo, account_sid: MA42 }\n";
    story.unpod(&shared("id: 41", &format!("{own}{SALES}")));
    story.apply();
    story.unpod(&shared("id: 41", &format!("{own}{}", SALES.replace("shared", "own"))));
    story.apply();
    assert_eq!(serves(&story, "sales", "+14155550101"), Some(42));
    story.expect(0, "undo last --auto-approve").says("providers.shared");
    assert_eq!(serves(&story, "sales", "+14155550101"), Some(41));
    assert!(!story.ledger().to_string().contains("providers.shared"), "{}", story.ledger());
    story.expect(0, "rehearse");
}
