//! Unusual services and files: other spellings, masked values, many objects, ambiguous matches.

use serde_json::json;
use telform::sandbox::Partner;

use crate::bench::Story;
use crate::deletes::CONNECTED;
use crate::partners::{verified, west, world_with_west};

const MAIN: &str = "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
";

#[test]
fn the_other_spelling_of_the_path() {
    let story =
        Story::new(&format!("{CONNECTED}  knobs: {{ config_path: provider-configurations }}\n")).secret("AUTH", "canary-auth-43");
    story.unpod(MAIN);
    story.apply();
    story.unpod(&MAIN.replace("AC43", "AC77"));
    story.apply();
    assert_eq!(story.writes(), [r#"PATCH telephony/provider-configurations/43/ {"account_sid":"AC77"}"#]);
    story.in_sync();
}

#[test]
fn an_account_changed_in_place_is_marked_risky() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    story.unpod(MAIN);
    story.apply();
    story.unpod(&MAIN.replace("AC43", "AC77"));
    shot!("risky", story.expect(0, "plan"));
}

/// Bridges that show the secrets of the configurations that serve their numbers.
#[test]
fn secrets_in_bridges() {
    let story = Story::new(&format!("{CONNECTED}  knobs: {{ bridge_get: secrets }}\n")).secret("AUTH", "canary-auth-43");
    story.unpod(&format!(
        "{MAIN}bridges:\n  support: {{ slug: support, name: Helpdesk, numbers: {{ '+14155550104': {{ provider: main }} }} }}\n"
    ));
    story.expect(0, "plan --verbose");
    story.expect(0, "plan --format json");
    story.expect(0, "apply --auto-approve --verbose");
    story.in_sync();
}

/// A value returned with stars is not known, and never a reason to create a second object.
#[test]
fn masked_accounts() {
    let story = Story::new(
        "
unpod:
  knobs: { mask_account_sid: true }
  configurations:
    - { id: 43, provider: twilio, account_sid: AC00000000000000000000000000004343, auth_token: canary-twilio-43 }
",
    )
    .secret("AUTH", "canary-auth-43");
    story.unpod(&MAIN.replace("AC43", "AC00000000000000000000000000004343"));
    let ran = story.run("apply --auto-approve");
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 1, "{}", ran.whole());
    shot!("masked_account", ran);
}

/// The same where the service takes every create: each apply would make one more.
#[test]
fn masked_accounts_where_duplicates_are_allowed() {
    let story = Story::new("unpod: { knobs: { mask_account_sid: true, duplicate_configuration: allowed } }")
        .secret("AUTH", "canary-auth-43");
    story.unpod(&MAIN.replace("AC43", "AC00000000000000000000000000004343"));
    for _ in 0..3 {
        story.run("apply --auto-approve");
    }
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 1);
    story.in_sync();
}

#[test]
fn things_that_fit_twice_or_not_at_all() {
    let twice = Story::new(
        "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-41-a }
    - { id: 42, provider: Vapi, name: main, api_key: canary-key-42-a }
",
    );
    twice.unpod_with("product_id: p, ", "providers:\n  main: { name: main, provider: Vapi }\n");
    shot!("several_fit", twice.expect(3, "plan"));
    twice.unpod_with("product_id: p, ", "providers:\n  main: { id: '42', name: main, provider: Vapi }\n");
    twice.in_sync();
    twice.unpod_with("product_id: p, ", "providers:\n  main: { id: '99', name: main, provider: Vapi }\n");
    shot!("pinned_missing", twice.expect(3, "plan"));
    // The ledger knows 42 as `main`; a new address may not take it over.
    twice.unpod_with(
        "product_id: p, ",
        "providers:\n  main: { name: main, provider: Vapi }\n  again: { id: '42', name: other, provider: Vapi }\n",
    );
    shot!("claimed_twice", twice.expect(3, "plan"));
}

#[test]
fn thousands_of_partners() {
    let story = verified("");
    story.sandbox.edit(|world| {
        for n in 0..2344 {
            let serde_json::Value::Object(fields) = json!({ "login": format!("p{n:04}"), "name": format!("P{n}") }) else {
                unreachable!()
            };
            world.carrierx.partners.push(Partner::new(fields));
        }
    });
    story.carrierx(&west("    city: Compton\n"));
    story.expect(0, "plan").says("2344 partners in carrierx");
    story.apply();
    assert_eq!(story.writes().len(), 1);
    story.fault("{ match: { path: /core/v2/partners, query: offset=1000, times: 0 }, effect: { answer: { status: 503 } } }");
    story.expect(1, "plan");
}

/// A PUT carries every documented field, whatever the service does with those that are left out or differ.
#[test]
fn a_put_under_every_reading_of_the_page() {
    for missing in ["reject_422", "keep", "null_out"] {
        for read_only in ["ignore", "reject_422"] {
            let world = world_with_west(
                "      billing_email: b@acme.example\n      tech_email: t@acme.example\n      daily_spending_limit: '500.00'\n      attributes: { tier: gold }\n",
            );
            let story = Story::new(&format!("{world}  knobs: {{ put_missing: {missing}, put_read_only: {read_only} }}\n"))
                .secret("WEST_PASSWORD", "canary-password-west");
            let before = story.world()["carrierx"]["partners"][0].clone();
            story.carrierx(&west("    update: put\n    city: Compton\n    callbacks: { sms: https://hooks.example.net/a }\n"));
            story.apply();
            let after = &story.world()["carrierx"]["partners"][0];
            for (name, value) in before.as_object().unwrap() {
                if name != "city" && name != "callbacks" {
                    assert_eq!(&after[name], value, "{missing} {read_only}: {name}");
                }
            }
            story.in_sync();
        }
    }
}

/// An account that can read only the names of bridges: contradictory statements of the service are doubt, not knowledge.
#[test]
fn a_number_whose_two_sources_disagree() {
    let story = Story::new(
        "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-twilio-43 }
  numbers: [ { number: '+14155550101' }, { number: '+14155550102' } ]
  bridges:
    - { slug: mixed, name: Mixed, numbers: { '+14155550101': 42, '+14155550102': 43 } }
",
    );
    story.unpod("removed:\n  - { address: providers.gone, id: '43' }\n");
    shot!("mixed_bridge", story.expect(3, "plan --max-deletes 1 --max-numbers-dark 2"));
}

/// A service that repeats what was sent and then shows the old value: written once, reported as long as it differs, not sent
/// again.
#[test]
fn a_value_that_only_the_answer_shows_is_sent_once() {
    for name in ["city", "owner_email"] {
        let story = verified("");
        let wanted = if name == "city" { "LA" } else { "new@acme.example" };
        let yaml = west("    city: SF\n")
            .replace(if name == "city" { "city: SF" } else { "owner_email: ops@acme.example" }, &format!("{name}: {wanted}"));
        story.carrierx(&if name == "city" { yaml } else { yaml.replace("    city: SF\n", "") });
        story.fault(&format!(
            "{{ match: {{ method: PATCH, times: 0 }}, effect: {{ answer: {{ status: 200, body: {{ json: {{ partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410, login: west, name: West, company_name: Acme, country_code: USA, zip: \"01234\", owner_email: ops@acme.example, phonenumber: \"15162065574\", payment_type: postpay, {name}: {wanted} }} }} }} }} }}"
        ).replace(if name == "city" { "@@" } else { "owner_email: ops@acme.example, " }, ""));
        story.expect(6, "apply --auto-approve");
        assert_eq!(story.writes().len(), 1);
        story.take_log();
        story.expect(2, "plan --detailed-exitcode").says("not accepted by the service");
        story.expect(6, "apply --auto-approve");
        assert_eq!(story.writes(), [""; 0], "{name}");
    }
}

/// A service of another generation accepts a create and drops unknown fields (unpod.md fact 9): the answer shows it.
#[test]
fn a_create_whose_answer_drops_what_was_sent_is_not_done() {
    let story = Story::new("{}").secret("AUTH", "canary-drop");
    story.unpod("providers:\n  main: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }\n");
    story.fault("{ match: { method: POST }, effect: { answer: { status: 201, body: { json: { data: { id: 99, provider: twilio, account_sid: AC2 } } } } } }");
    let ran = story.expect(5, "apply --auto-approve");
    ran.says("the service created provider configuration 99 but ignored account_sid");
    assert_eq!(story.writes().len(), 1);
}

#[test]
fn a_token_in_a_base_url_is_not_shown() {
    let story = Story::new("{}");
    story.file(
        "telform.yaml",
        "version: 1\naccounts:\n  unpod: { api: unpod, base_url: \"https://unpod.ai/api?token=mustnotbeshown\", org_handle: acme, token: { env: UNPOD_TOKEN } }\n",
    );
    story.expect(1, "validate").says("a base URL must not have a query").is_silent_about("mustnotbeshown");
}

#[test]
fn drift_with_nothing_managed_says_so() {
    let story = Story::new("{}");
    story.unpod("providers: {}\n");
    story.expect(0, "drift").says("Nothing is managed yet").says("telform adopt");
}
