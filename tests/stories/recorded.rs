//! Numbers of which the service does not show what serves them: only telform's ledger says it, and a change outside telform is
//! not seen. Whatever shows such a number says so, and nothing is deleted without a word about it.

use serde_json::{Value, json};

use crate::bench::Story;

/// Two configurations of one provider: rows name the provider and not which of the two serves a number.
const TWINS: &str = "
unpod:
  configurations:
    - { id: 42, provider: twilio, account_sid: AC42, auth_token: canary-twilio-42 }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-twilio-43 }
  numbers:
    - { number: '+14155550101' }
    - { number: '+14155550102' }
  bridges:
    - { id: 301, slug: sales, name: Sales }
  knobs: { number_provider: configuration }
";

const BOTH: &str = "providers:
  main: { provider: twilio, account_sid: AC42, auth_token: { env: AUTH } }
  spare: { provider: twilio, account_sid: AC43, auth_token: { env: SPARE } }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: main } } }
";

fn connected() -> Story {
    let story = Story::new(TWINS).secret("AUTH", "canary-auth-42").secret("SPARE", "canary-spare-43");
    story.unpod(BOTH);
    story.apply();
    story.take_log();
    story
}

/// What somebody does at the service: another configuration, or none, serves a number.
fn serve(story: &Story, number: &str, configuration: &Value) {
    story.sandbox.edit(|world| {
        let mut value = serde_json::to_value(&*world).unwrap();
        value["unpod"]["bridges"][0]["numbers"][number]["configuration"] = configuration.clone();
        *world = serde_json::from_value(value).unwrap();
    });
}

#[test]
fn a_number_that_was_cut_or_moved_unseen_is_never_called_in_sync_without_a_word() {
    for outside in [json!(null), json!(43)] {
        let story = connected();
        serve(&story, "+14155550101", &outside);
        let scope = "the service does not show what serves these numbers";
        story.expect(0, "drift").says("+14155550101, +14155550102 in unpod").says(scope);
        story.expect(0, "drift -q").says("Only recorded: what serves 2 numbers.");
        let looked = story.expect(0, "drift --json").json();
        assert_eq!(looked["looked_at"]["recorded_only"], json!({ "unpod": ["+14155550101", "+14155550102"] }));
        story.expect(0, "plan").says(scope).says("account unpod (+14155550101, +14155550102)");
        story.expect(0, "explain bridges.sales").says(scope);
        story.expect(0, "get numbers").says(scope);
        story.expect(0, "explain bridges.sales.numbers").says(scope);
        let number = &story.expect(0, "get numbers --format json").json()["numbers"][0];
        assert_eq!(number["served_by"], json!({ "known": "by", "id": "42", "address": "providers.main", "how": "recorded" }));
        assert_eq!(story.writes(), [""; 0]);
    }
}

#[test]
fn what_the_service_shows_needs_no_record() {
    let story = Story::new(TWINS).secret("AUTH", "canary-auth-42");
    story.unpod(
        "providers:
  main: { provider: twilio, account_sid: AC42, auth_token: { env: AUTH } }
removed:
  - { address: providers.spare, provider: twilio, account_sid: AC43, reason: not used }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main } } }
",
    );
    story.expect(0, "apply --auto-approve --max-deletes 1");
    for command in ["drift", "plan", "get numbers", "explain bridges.sales"] {
        story.expect(0, command).is_silent_about("does not show what serves");
    }
    let number = &story.expect(0, "get numbers --format json").json()["numbers"][0];
    assert_eq!(number["served_by"]["how"], "inferred");
}

#[test]
fn a_configuration_that_may_serve_a_recorded_number_does_not_go_without_its_name() {
    let story = connected();
    serve(&story, "+14155550101", &json!(43));
    story.unpod(&BOTH.replace("  spare: { provider: twilio, account_sid: AC43, auth_token: { env: SPARE } }\n", ""));
    let words = "it may serve these numbers";
    let plan = story.expect(0, "plan --max-deletes 1");
    plan.says(words).says("providers.spare (+14155550101, +14155550102)");
    // In every format, because a line may be at stake.
    for format in ["markdown", "html", "github", "gitlab"] {
        story.expect(0, &format!("plan --max-deletes 1 --format {format}")).says("may serve");
    }
    // A number that the plan connects before the delete is not among them.
    story.unpod(&BOTH.replace("  spare: { provider: twilio, account_sid: AC43, auth_token: { env: SPARE } }\n", "").replace(
        ", numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: main } }",
        ", numbers: { '+14155550101': { provider: main } }",
    ));
    story.expect(0, "plan --max-deletes 1 --max-numbers-dark 1").says(words);
}
