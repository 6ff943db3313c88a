//! A service that answers a write with success and keeps the old value: that is a difference until it is fixed, and is sent
//! again only on request.

use serde_json::Value;

use crate::bench::Story;
use crate::partners::{verified, west, world_with_west};

/// A world and two configurations of it: the first one is the present state.
struct Case {
    story: Story,
    before: String,
    after: String,
    address: &'static str,
    attribute: &'static str,
    settings: &'static str,
    carrierx: bool,
}

impl Case {
    fn write(&self, body: &str) {
        if self.carrierx {
            self.story.carrierx_with(self.settings, body);
        } else {
            self.story.unpod_with(self.settings, body);
        }
    }

    fn ignore(&self) {
        let ignored = self.attribute;
        self.story.fault(&format!("{{ match: {{ method: WRITE, times: 0 }}, effect: {{ ignores: [{ignored}] }} }}"));
    }
}

fn partner(world: &str, before: &str, after: &str, attribute: &'static str) -> Case {
    Case {
        story: Story::new(&format!("{}  knobs: {{ put_missing: keep }}\n", world_with_west(world)))
            .secret("WEST_PASSWORD", "canary-password-west"),
        before: west(before),
        after: west(after),
        address: "partners.west",
        attribute,
        settings: "",
        carrierx: true,
    }
}

fn unpod(world: &str, before: &str, after: &str, address: &'static str, attribute: &'static str, settings: &'static str) -> Case {
    let (before, after) = (before.to_owned(), after.to_owned());
    let story = Story::new(world).secret("AUTH", "canary-auth-43").secret("KEY", "canary-key-old-1");
    Case { story, before, after, address, attribute, settings, carrierx: false }
}

const RULE: &str =
    "      - { access_control_rules: [7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01], direction: outbound, sms_action_true: accept }\n";

const MAILS: &str = "      billing_email: b@acme.example\n      tech_email: t@acme.example\n";

const FIRST: &str = "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-old-1, base_url: https://a.example.net, active: true }
  bridges:
    - { id: 301, slug: sales, name: Sales, description: one, product_id: prod }
";

const SECOND: &str = "
unpod:
  configurations:
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-auth-43 }
  bridges:
    - { slug: sales, name: Sales }
";

const MASKED: &str = "
unpod:
  knobs: { mask_account_sid: true }
  configurations:
    - { id: 43, provider: twilio, account_sid: AC00000000000000000000000000004343, auth_token: canary-auth-43 }
";

const PROVIDER: &str = "providers:\n  main: { id: '43', provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n";

fn cases() -> Vec<Case> {
    let main = "providers:\n  main: { name: main, provider: Vapi, base_url: https://a.example.net, active: true, api_key: { env: KEY } }\n";
    let bridge = "bridges:\n  sales: { slug: sales, name: Sales, description: one }\n";
    let long = PROVIDER.replace("AC43", "AC00000000000000000000000000004343");
    vec![
        partner("      city: SF\n", "    city: SF\n", "    city: null\n", "city"),
        partner(MAILS, "", "    update: put\n    city: LA\n", "city"),
        partner("      attributes: { tier: gold }\n", "    attributes: { tier: gold }\n", "    attributes: {}\n", "attributes"),
        partner("", "", &format!("    parent_assigned_acls:\n{RULE}"), "parent_assigned_acls"),
        partner(
            "      callbacks: { sms: https://a.example.net/ }\n",
            "    callbacks: { sms: https://a.example.net/ }\n",
            "    callbacks: { sms: https://b.example.net/ }\n",
            "callbacks",
        ),
        partner(
            "      tech_email: old@acme.example\n",
            "    tech_email: old@acme.example\n",
            "    tech_email: new@acme.example\n",
            "tech_email",
        ),
        unpod(FIRST, main, &main.replace("a.example", "b.example"), "providers.main", "base_url", "product_id: prod, "),
        unpod(FIRST, main, &main.replace("true", "false"), "providers.main", "active", "product_id: prod, "),
        unpod(FIRST, main, main, "providers.main", "api_key", "product_id: prod, "),
        unpod(FIRST, bridge, &bridge.replace("one", "two"), "bridges.sales", "description", "product_id: prod, "),
        unpod(
            SECOND,
            "bridges:\n  sales: { slug: sales, name: Sales }\n",
            "bridges:\n  sales: { slug: sales, name: Retail }\n",
            "bridges.sales",
            "name",
            "",
        ),
        unpod(SECOND, PROVIDER, &PROVIDER.replace("AC43", "AC44"), "providers.main", "account_sid", ""),
        unpod(MASKED, &long, &long.replace("4343", "4399"), "providers.main", "account_sid", ""),
    ]
}

/// For every kind, type of attribute and method: exit 6 and one write, then a difference that is not sent again automatically.
#[test]
fn an_ignored_write_stays_a_difference() {
    for mut case in cases() {
        case.write(&case.before);
        case.story.run("apply --auto-approve");
        case.story.take_log();
        case.write(&case.after);
        if case.attribute == "api_key" {
            case.story.set("KEY", "canary-key-new-1");
        }
        case.ignore();
        let (story, attribute) = (&case.story, case.attribute);
        let ran = story.expect(6, "apply --auto-approve");
        ran.says(&format!("did not accept {attribute}")).says("partly");
        assert_eq!(story.writes().len(), 1, "{attribute}: {}", ran.whole());
        story.take_log();
        let plan = story.expect(2, "plan --detailed-exitcode");
        plan.says("Plan: 1 value not accepted by the service").says("sent in run ").is_silent_about("no changes");
        plan.is_silent_about("pending verification").says(&format!("--resend {}.{attribute}", case.address));
        story.expect(0, "plan");
        story.expect(2, "drift").says("not taken").says(attribute).is_silent_about("No drift");
        story.expect(6, "apply --auto-approve").says("Nothing was sent again");
        assert_eq!(story.writes(), [""; 0], "{attribute} is not sent again by itself");
        // Asked for, it is sent once more; the service still ignores it.
        let resend = format!("apply --auto-approve --resend {}.{attribute}", case.address);
        story.expect(6, &resend);
        assert_eq!(story.writes().len(), 1, "{attribute}");
        story.sandbox.clear_faults();
        let ran = story.run(&resend);
        let waits = attribute == "tech_email";
        assert_eq!(ran.code, 0, "{}", ran.whole());
        assert_eq!(story.writes().len(), 2, "{attribute}");
        story.take_log();
        let plan = story.expect(0, "plan --detailed-exitcode");
        plan.says("Plan: no changes");
        assert_eq!(plan.stdout.contains("pending verification"), waits);
        story.expect(0, "drift");
    }
}

/// The record applies to: this value in the YAML, and this one at the service.
#[test]
fn the_memory_ends_where_either_side_moves() {
    let story = verified("      city: SF\n");
    let city = |name: &str| story.carrierx(&west(&format!("    city: {name}\n")));
    let by_hand = |name: &str| crate::partners::by_hand(&story, "city", name);
    city("LA");
    story.fault("{ match: { method: PATCH }, effect: { ignores: [city] } }");
    story.expect(6, "apply --auto-approve");
    // Another wish is sent, and taken.
    city("Compton");
    story.apply();
    story.in_sync();
    // Ignored again; then another user changes it: the wanted value is sent.
    city("LA");
    story.fault("{ match: { method: PATCH }, effect: { ignores: [city] } }");
    story.expect(6, "apply --auto-approve");
    by_hand("Torrance");
    story.expect(2, "plan --detailed-exitcode").says("1 to update");
    story.apply();
    story.in_sync();
    // Taken later after all: nothing is left of it, and a later change outside is drift like any other.
    city("Compton");
    story.fault("{ match: { method: PATCH }, effect: { ignores: [city] } }");
    story.expect(6, "apply --auto-approve");
    by_hand("Compton");
    story.in_sync();
    by_hand("LA");
    story.take_log();
    story.expect(2, "drift").says("changed outside telform");
    story.apply();
    assert_eq!(story.writes().len(), 1);
    story.in_sync();
}

/// A service that adds to a value something that was not sent: on request telform sends it again, and the same form is not a
/// failure.
#[test]
fn a_value_that_is_kept_in_another_form_may_be_sent_again() {
    let story = Story::new(&format!("{}  knobs: {{ nested_defaults: true }}\n", world_with_west("")))
        .secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(&format!("    parent_assigned_acls:\n{RULE}")));
    story.expect(6, "apply --auto-approve").says("in a different form than was sent");
    for _ in 0..2 {
        story.take_log();
        let ran = story.run("apply --auto-approve --resend partners.west.parent_assigned_acls");
        ran.is_silent_about("did not accept");
        assert_eq!(story.writes().len(), 1, "{}", ran.whole());
        story.expect(0, "plan --detailed-exitcode").is_silent_about("not accepted by the service");
        story.expect(0, "drift");
    }
}

/// An answer may be older than its request: what is read afterwards counts.
#[test]
fn a_stale_answer_that_reading_contradicts_is_no_failure() {
    let story = verified("      city: SF\n");
    story.carrierx(&west("    city: LA\n    address1: New Street 2\n"));
    story.fault(r#"{ match: { method: PATCH }, when: after, effect: { answer: { status: 200, body: { json: { partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410, login: west, name: West, company_name: Acme, country_code: USA, zip: "01234", owner_email: ops@acme.example, phonenumber: "15162065574", payment_type: postpay, city: SF, address1: null, attributes: {}, callbacks: {}, acls: [], parent_assigned_acls: [], transformations: [] } } } } }"#);
    story.apply().says("Done: 1 write").is_silent_about("did not accept");
    story.in_sync();
}

/// A new object without a part of what was sent. An attribute that can be changed later is sent again on request; one
/// that cannot is reported.
#[test]
fn a_create_that_lacks_a_part() {
    let story = Story::new("unpod: { profile: g1-snapshot }").secret("KEY", "canary-key-new-1");
    story.unpod_with(
        "product_id: p, ",
        "providers:\n  main: { name: main, provider: Vapi, base_url: https://a.example.net, api_key: { env: KEY } }\n",
    );
    for (ignored, left) in [("base_url", 1), ("api_key", 1)] {
        story.sandbox.edit(|world| world.unpod.configurations.clear());
        std::fs::remove_file(story.path(".telform/ledger.json")).ok();
        std::fs::remove_file(story.path(".telform/ledger.journal")).ok();
        story.take_log();
        story.fault(&format!("{{ match: {{ method: POST }}, effect: {{ ignores: [{ignored}] }} }}"));
        story.expect(6, "apply --auto-approve").says(&format!("the answer does not show {ignored}"));
        assert_eq!(story.writes().len(), 1);
        let plan = story.expect(2, "plan --detailed-exitcode");
        plan.says(&format!("Plan: {left} value not accepted by the service"));
        story.expect(0, "apply --auto-approve --resend providers.main");
        assert_eq!(story.writes().len(), 2);
        story.sandbox.clear_faults();
        story.in_sync();
    }
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west("    city: LA\n    state: CA\n"));
    story.fault("{ match: { method: POST }, effect: { ignores: [city, state] } }");
    story.expect(6, "apply --auto-approve").says("the answer does not show city, state");
    assert!(story.sandbox.verify("west", "all"));
    story
        .expect(2, "plan --detailed-exitcode")
        .says("Plan: 2 values not accepted by the service")
        .says("the service accepts it only on create");
    story.expect(3, "plan --resend partners.west.state").says("this API cannot change state");
    story.expect(6, "apply --auto-approve --resend partners.west.city").says("state");
    story.carrierx(&west("    city: LA\n"));
    story.in_sync();
}

/// Every format shows both values, no secret, and what can be done; a saved plan keeps the requested options.
#[test]
fn every_format_says_it() {
    let story = verified("      city: SF\n");
    story.carrierx(&west("    city: LA\n    address1: New Street 2\n"));
    story.fault("{ match: { method: PATCH, times: 0 }, effect: { ignores: [city] } }");
    story.expect(6, "apply --auto-approve --json").says("\"not_taken\":[\"city\"]");
    for format in ["markdown", "html", "github", "gitlab"] {
        let ran = story.expect(0, &format!("plan --format {format}"));
        ran.says("SF").says("LA").says("--resend partners.west.city").says("not accepted by the service");
    }
    let terraform = story.expect(0, "plan --format terraform-json").json();
    assert_eq!(terraform["resource_drift"][0]["change"]["before"]["city"], "LA");
    assert_eq!(terraform["resource_drift"][0]["change"]["after"]["city"], "SF");
    let document = story.expect(2, "plan --json --detailed-exitcode").json();
    assert_eq!(document["pending"], false);
    assert_eq!(document["plan"]["not_taken"][0]["way"], "resend");
    let drift = story.expect(2, "drift --json").json();
    assert_eq!(drift["drift"][0]["class"], "not_taken");
    assert_eq!(drift["drift"][0]["run"], document["plan"]["not_taken"][0]["run"]);
    story.expect(0, "explain partners.west.city").says("not accepted by the service").says("still shows the old value");
    story.expect(0, "ledger show partners.west").says("sent, not taken");
    story.expect(0, "plan --out saved.json");
    story.expect(0, "verify saved.json");
    story.expect(6, "apply saved.json --auto-approve");
    story.expect(0, "plan --resend partners.west.city --out again.json");
    let saved: Value = serde_json::from_str(&story.read("again.json")).unwrap();
    assert_eq!(saved["origin"]["options"]["resend"][0][0], "partners.west");
    story.sandbox.clear_faults();
    story.expect(0, "apply again.json --auto-approve");
    story.in_sync();
    story.expect(1, "plan --resend partners.west.login2").says("has no attribute `login2`");
    story.expect(1, "plan --resend partners.wets").says("did you mean partners.west?");
    // The YAML adopts the live value.
    story.carrierx(&west("    city: Compton\n"));
    story.fault("{ match: { method: PATCH, times: 0 }, effect: { ignores: [city] } }");
    story.expect(6, "apply --auto-approve");
    story.expect(0, "drift --accept");
    assert!(story.read("telform.yaml").contains("city: \"LA\""), "{}", story.read("telform.yaml"));
    story.sandbox.clear_faults();
    story.in_sync();
}

/// A value that was not accepted is not undone, and what an undo sends may be ignored, too.
#[test]
fn undo_says_what_is_there() {
    let story = verified("      city: SF\n");
    story.carrierx(&west("    city: LA\n    address1: New Street 2\n"));
    story.fault("{ match: { method: PATCH }, effect: { ignores: [city] } }");
    story.expect(6, "apply --auto-approve");
    story.take_log();
    story.fault("{ match: { method: PATCH, nth: 1 }, effect: { ignores: [address1] } }");
    let ran = story.expect(6, "undo last --auto-approve");
    let writes = story.writes();
    assert!(writes.len() == 1 && !writes[0].contains("city"), "{writes:?} {}", ran.whole());
    ran.says("did not accept address1");
    // Asked again, it is sent again: an undo is a wish of its own.
    let run = telform::state::journal::check_journal(story.read(".telform/ledger.journal").as_bytes()).unwrap();
    let first = telform::state::journal::collect_runs(&run.lines)[0].id.to_owned();
    story.expect(0, &format!("undo {first} --auto-approve"));
    assert_eq!(story.writes().len(), 2);
}

/// A PUT carries every attribute: one that was not accepted is sent as the service shows it.
#[test]
fn a_put_leaves_what_was_not_taken() {
    let case = partner(&format!("{MAILS}      city: SF\n"), "", "    update: put\n    city: LA\n", "city");
    case.write(&case.after);
    case.ignore();
    case.story.expect(6, "apply --auto-approve");
    case.story.sandbox.clear_faults();
    case.story.take_log();
    case.write(&west("    update: put\n    city: LA\n    address1: New Street 2\n"));
    case.story.expect(6, "apply --auto-approve").says("1 value not accepted by the service");
    let writes = case.story.writes();
    assert!(writes.len() == 1 && writes[0].contains("\"city\":\"SF\""), "{writes:?}");
    case.story.expect(0, "apply --auto-approve --resend partners.west");
    case.story.in_sync();
}

/// A rehearsal has substitutes for the secrets, and still knows what was not accepted.
#[test]
fn a_rehearsal_beside_a_secret_that_was_not_taken() {
    let mut case = cases().remove(8);
    case.write(&case.before);
    case.story.apply();
    case.story.set("KEY", "canary-key-new-1");
    case.ignore();
    case.story.expect(6, "apply --auto-approve");
    case.write(&case.before.replace("a.example", "b.example"));
    case.story.expect(6, "rehearse").says("1 value not accepted by the service");
    case.story.expect(6, "apply --auto-approve");
    case.story.sandbox.clear_faults();
    case.story.expect(0, "apply --auto-approve --resend providers.main");
    case.story.in_sync();
}

/// Numbers join a bridge of generation 1 at its creation. One that another user takes at that moment does not join, and the
/// others are still served.
#[test]
fn a_bridge_that_is_made_without_one_of_its_numbers() {
    let story = Story::new(
        "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-old-1 }
  numbers: [ { id: 501, number: '+14155550101' }, { id: 502, number: '+14155550102' } ]
  bridges: [ { id: 300, slug: other, name: Other, product_id: someone-else } ]
",
    )
    .secret("KEY", "canary-key-old-1");
    story.unpod_with(
        "product_id: prod, ",
        "providers:
  main: { name: main, provider: Vapi, api_key: { env: KEY } }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: main } } }
",
    );
    story.fault("{ match: { method: POST, path: '*/telephony/bridges/' }, effect: { foreign: [ { connect: { bridge: other, number: '+14155550101', configuration: null } } ] } }");
    let ran = story.expect(5, "apply --auto-approve");
    ran.says("partly").says("it was created without +14155550101: the service ignored what was sent");
    ran.says("the service did not put +14155550101 on bridge sales").is_silent_about("taken off");
    let connects: Vec<String> = story.writes().into_iter().filter(|it| it.contains("connect-provider")).collect();
    assert_eq!(connects, [r#"POST telephony/bridges/sales/connect-provider/ {"provider_credential_id":41,"number_id":502}"#]);
    story.expect(3, "plan").says("+14155550101 is not on bridge sales").is_silent_about("taken off");
}
