//! Declared bridges: created, renamed, reconnected, and deleted after their numbers were disconnected.

use serde_json::json;

use crate::bench::Story;
use crate::deletes::CONNECTED;

const MAIN: &str = "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
  old: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }
bridges:
";

fn declared(bridges: &str) -> Story {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-43");
    story.unpod(&format!("{MAIN}{bridges}"));
    story
}

#[test]
fn made_with_its_numbers() {
    let story = Story::new("unpod: { numbers: [ { number: '+14155550107' } ] }").secret("AUTH", "canary-auth-43");
    story.unpod(
        "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  new: { slug: new, name: New, numbers: { '+14155550107': { provider: main } } }
",
    );
    shot!("bridge_create", story.apply());
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/providers-configurations/ {"provider":"twilio","account_sid":"AC43","auth_token":"(secret)"}"#,
            r#"POST telephony/bridges/ {"name":"New","slug":"new"}"#,
            r#"POST telephony/bridges/new/connect-provider/ {"provider_config_id":41,"phone_number":"+14155550107"}"#,
        ]
    );
    story.in_sync();
}

/// The listing of numbers proves nothing about a number that it does not contain (unpod.md 12, row 8): a notice, not a refusal.
#[test]
fn a_number_that_the_service_does_not_list_has_a_notice() {
    let story = Story::new("unpod: { numbers: [ { number: '+14155550107' } ] }").secret("AUTH", "canary-auth-43");
    let new = |number: &str| {
        format!(
            "providers:
  main: {{ provider: twilio, account_sid: AC43, auth_token: {{ env: AUTH }} }}
bridges:
  new: {{ slug: new, name: New, numbers: {{ '{number}': {{ provider: main }} }} }}
"
        )
    };
    story.unpod(&new("+14155550107"));
    assert!(!story.expect(0, "plan").stdout.contains("not among the numbers"));
    story.unpod(&new("+14155550170"));
    story.expect(0, "plan").says("not among the numbers that the service lists").says("bridges.new (+14155550170)");
}

/// The service may assign a slug other than the requested one; the service decides.
#[test]
fn the_slug_that_the_service_gave() {
    let story = Story::new("unpod: { numbers: [ { number: '+14155550107' } ], knobs: { slug_suffix: true } }")
        .secret("AUTH", "canary-auth-43");
    story.unpod(
        "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  new: { slug: new, name: New, numbers: { '+14155550107': { provider: main } } }
",
    );
    let ran = story.run("apply --auto-approve");
    assert_eq!(story.world()["unpod"]["bridges"][0]["slug"], "new-001");
    assert_eq!(story.world()["unpod"]["bridges"].as_array().unwrap().len(), 1);
    shot!("bridge_slug_suffix", ran);
    let again = story.run("apply --auto-approve --max-deletes 1");
    assert_eq!(story.world()["unpod"]["bridges"].as_array().unwrap().len(), 1, "{}", again.stdout);
}

#[test]
fn renamed_in_place() {
    let story = declared("  sales: { slug: sales, name: Sales West }\n");
    story.apply();
    assert_eq!(story.writes(), [r#"PATCH telephony/bridges/sales/ {"name":"Sales West"}"#]);
    assert_eq!(story.world()["unpod"]["bridges"][2]["numbers"].as_object().unwrap().len(), 2);
    story.in_sync();
}

#[test]
fn a_number_moves_between_two_declared_bridges() {
    let story = declared(
        "  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: old } } }
  support:
    slug: support
    name: Support
    numbers: { '+14155550104': { provider: main }, '+14155550102': { provider: main } }
",
    );
    shot!("number_moves", story.apply());
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/bridges/sales/disconnect-provider/ {"phone_number":"+14155550102"}"#,
            r#"POST telephony/bridges/support/connect-provider/ {"provider_config_id":43,"phone_number":"+14155550102"}"#,
        ]
    );
    story.in_sync();
}

#[test]
fn a_number_on_a_bridge_of_somebody_else() {
    let story = declared(
        "  support:
    slug: support
    name: Support
    numbers: { '+14155550104': { provider: main }, '+14155550103': { provider: main } }
",
    );
    shot!("number_elsewhere", story.expect(3, "apply --auto-approve --max-numbers-dark 3"));
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn another_configuration_takes_over() {
    let story = declared("  fax: { slug: fax, name: Fax, numbers: { '+14155550103': { provider: main } } }\n");
    shot!("number_rewired", story.apply());
    assert_eq!(story.writes().len(), 2);
    story.in_sync();
}

#[test]
fn a_number_taken_off_a_declared_bridge_goes_dark() {
    let story = declared("  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: old } } }\n");
    shot!("number_dark", story.expect(3, "plan"));
    story.expect(0, "apply --auto-approve --max-numbers-dark 1");
    assert_eq!(story.writes().len(), 1);
    story.in_sync();
    // A bridge that says nothing of its numbers leaves them alone.
    story.unpod(&format!("{MAIN}  support: {{ slug: support, name: Support }}\n"));
    story.expect(3, "plan").says("bridges.sales").is_silent_about("+14155550104");
}

#[test]
fn deleted_after_its_numbers() {
    let story = declared("  {}\nremoved:\n  - { address: bridges.fax, slug: fax, reason: no more fax }\n");
    story.expect(3, "plan").says("guard::max_deletes").says("guard::max_numbers_dark");
    story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 1");
    assert_eq!(
        story.writes(),
        [r#"POST telephony/bridges/fax/disconnect-provider/ {"phone_number":"+14155550103"}"#, "DELETE telephony/bridges/fax/",]
    );
    story.in_sync();
}

#[test]
fn another_slug_is_another_bridge() {
    let story = declared("  fax: { slug: fax, name: Fax }\n");
    story.apply();
    story.unpod(&format!("{MAIN}  fax: {{ slug: fax-new, name: Fax }}\n"));
    shot!("bridge_replace", story.expect(0, "apply --auto-approve --max-deletes 1"));
    let world = story.world();
    let bridge = world["unpod"]["bridges"].as_array().unwrap().iter().find(|b| b["slug"] == "fax-new").unwrap();
    assert_eq!(bridge["numbers"]["+14155550103"]["configuration"], json!(42));
    story.in_sync();
}

/// A bridge that is replaced and does not declare its numbers keeps them, but for one that another bridge declares: that one is
/// connected once.
#[test]
fn a_number_that_another_bridge_declares_does_not_move_along() {
    let support = "  support: { slug: support, name: Support, numbers: { '+14155550104': { provider: main }, '+14155550102': { provider: main } } }\n";
    let entry = "numbers:\n  '+14155550102': { bridge: support, provider: main }\n";
    for declares in [support, &format!("  support: {{ slug: support, name: Support }}\n{entry}")] {
        let story = declared("  sales: { slug: sales, name: Sales }\n");
        story.apply();
        story.unpod(&format!("{MAIN}  sales: {{ slug: sales-new, name: Sales }}\n{declares}"));
        story.expect(0, "apply --auto-approve --max-deletes 1");
        let connects: Vec<String> = story.writes().into_iter().filter(|line| line.contains("/connect-provider/")).collect();
        assert_eq!(
            connects,
            [
                r#"POST telephony/bridges/sales-new/connect-provider/ {"provider_config_id":42,"phone_number":"+14155550101"}"#,
                r#"POST telephony/bridges/support/connect-provider/ {"provider_config_id":43,"phone_number":"+14155550102"}"#,
            ]
        );
        story.in_sync();
    }
}
