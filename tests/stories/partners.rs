//! CarrierX partners: from the create through the mail link to in sync, and what this API cannot do.

use serde_json::json;

use crate::bench::Story;

/// The entry of a partner called `west`, with more attributes.
pub(crate) fn west(more: &str) -> String {
    format!(
        "
partners:
  west:
    login: west
    password: {{ env: WEST_PASSWORD }}
    name: West
    company_name: Acme
    country_code: USA
    zip: \"01234\"
    owner_email: ops@acme.example
    phonenumber: \"15162065574\"
    payment_type: postpay
{more}"
    )
}

/// A world with that partner, verified, with more fields.
pub(crate) fn world_with_west(more: &str) -> String {
    format!(
        "
carrierx:
  partners:
    - partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410
      login: west
      name: West
      company_name: Acme
      country_code: USA
      zip: \"01234\"
      owner_email: ops@acme.example
      phonenumber: \"15162065574\"
      payment_type: postpay
{more}"
    )
}

pub(crate) fn verified(more: &str) -> Story {
    Story::new(&world_with_west(more)).secret("WEST_PASSWORD", "canary-password-west")
}

/// Another user at the console changes the first partner.
pub(crate) fn by_hand(story: &Story, name: &str, value: &str) {
    story.sandbox.edit(|world| {
        let mut text = serde_json::to_value(&*world).unwrap();
        text["carrierx"]["partners"][0][name] = value.into();
        *world = serde_json::from_value(text).unwrap();
    });
}

const SID: &str = "partners/3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410";

#[test]
fn created_pending_verified_in_sync() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    shot!("partner_create", story.apply());
    let posted = "POST partners {\"login\":\"west\",\"password\":\"(secret)\",\"name\":\"West\",\"company_name\":\"Acme\",\"country_code\":\"USA\",\"zip\":\"01234\",\"owner_email\":\"ops@acme.example\",\"phonenumber\":\"15162065574\",\"payment_type\":\"postpay\"}";
    assert_eq!(story.writes(), [posted]);
    story.in_sync();
    shot!("partner_pending", story.expect(0, "plan"));

    assert!(story.sandbox.verify("west", "all"));
    shot!("partner_verified", story.apply());
    assert_eq!(story.ledger()["objects"]["partners.west"].get("hidden_since"), None);
    story.in_sync();
    // Once seen, it is never created again: a human decides whether it is deleted or hidden.
    story.sandbox.edit(|world| world.carrierx.partners[0].verified = false);
    shot!("partner_gone_or_hidden", story.expect(3, "apply --auto-approve"));
}

#[test]
fn a_changed_address_waits_and_is_not_sent_twice() {
    for mail in ["null_until_verified", "old_until_verified", "immediate"] {
        let story = Story::new(&format!("{}  knobs: {{ mail: {mail} }}\n", world_with_west("")))
            .secret("WEST_PASSWORD", "canary-password-west");
        story.carrierx(&west("    tech_email: tech@acme.example\n"));
        story.apply();
        assert_eq!(story.writes(), [format!("PATCH {SID} {{\"tech_email\":\"tech@acme.example\"}}")]);
        story.in_sync();
        if mail != "immediate" {
            story.expect(0, "plan").says("pending verification: not sent again until its owner confirms");
        }
        assert!(mail == "immediate" || story.sandbox.verify("west", "tech_email"));
        story.apply();
        story.expect(0, "plan").is_silent_about("pending");
        story.in_sync();
    }
}

#[test]
fn put_sends_the_whole_object_and_loses_nothing() {
    let story = verified(
        "      city: Long Beach
      billing_email: bills@acme.example
      tech_email: tech@acme.example
      attributes: { tier: gold, desk: north }
      callbacks: { sms: https://hooks.acme.example/sms }
      brand_sid: 7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01
",
    );
    let before = story.world()["carrierx"]["partners"][0].clone();
    story.carrierx(&west("    update: put\n    city: Compton\n"));
    shot!("put", story.apply());
    assert_eq!(story.writes().len(), 1);
    assert!(story.writes()[0].starts_with(&format!("PUT {SID} {{")), "{:?}", story.writes());
    assert!(!story.writes()[0].contains("password"));
    let mut wanted = before;
    wanted["city"] = json!("Compton");
    let mut after = story.world()["carrierx"]["partners"][0].clone();
    // Fields that were only implied are written out by the service now.
    let known: Vec<String> = wanted.as_object().unwrap().keys().cloned().collect();
    after.as_object_mut().unwrap().retain(|name, _| known.contains(name));
    assert_eq!(after, wanted);
    story.in_sync();
}

#[test]
fn put_is_refused_when_it_would_blank_an_address() {
    let story = verified("      tech_email: tech@acme.example\n");
    story.carrierx(&west("    update: put\n    city: Compton\n"));
    shot!("put_refused", story.expect(3, "apply --auto-approve"));
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn what_this_api_cannot_change() {
    let story = verified("");
    let other = west("").replace("country_code: USA", "country_code: CAN");
    story.carrierx(&other);
    shot!("create_only", story.expect(3, "apply --auto-approve"));
    // Three ways out: leave it out of the run, ignore the attribute, correct the YAML.
    story.expect(0, "plan --detailed-exitcode --exclude partners.west").says("no changes");
    story.carrierx(&format!("{other}    lifecycle: {{ ignore: [country_code] }}\n"));
    story.in_sync();
    story.carrierx(&west(""));
    story.in_sync();
    assert_eq!(story.world()["carrierx"]["partners"][0]["country_code"], "USA");
}

#[test]
fn money_on_postpay_is_a_notice() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west("    charge_at: \"27\"\n    prepay_amount: \"127\"\n"));
    let dropped = "does not apply here: the service ignores it, so it is not sent";
    let plan = story.expect(0, "plan");
    plan.says(dropped).says("partners.west prepay_amount");
    assert!(!plan.stdout.contains("27\""), "neither is shown as what will be: {}", plan.stdout);
    story.take_log();
    story.apply();
    assert!(!story.writes()[0].contains("prepay_amount"), "{:?}", story.writes());
    assert!(story.sandbox.verify("west", "all"));
    story.apply();
    story.expect(0, "plan --detailed-exitcode").says(dropped);
    story.in_sync();
}

#[test]
fn deleting_a_partner_needs_a_switch() {
    let story = Story::new(&format!("{}  knobs: {{ delete: no_content }}\n", world_with_west("")));
    let tombstone = "removed:\n  - { address: partners.west, login: west, reason: left us }\n";
    story.carrierx(tombstone);
    shot!("partner_delete_refused", story.expect(3, "apply --auto-approve --max-deletes 1"));
    story.carrierx_with("partner_delete: true, ", tombstone);
    story.expect(3, "plan").says("--max-deletes 1");
    story.expect(0, "apply --auto-approve --max-deletes 1");
    assert_eq!(story.writes(), [format!("DELETE {SID}")]);
    story.in_sync();

    // Where the service has no delete after all, the run reports it.
    let story = Story::new(&world_with_west(""));
    story.carrierx_with("partner_delete: true, ", tombstone);
    shot!("partner_delete_failed", story.expect(1, "apply --auto-approve --max-deletes 1"));
}

#[test]
fn a_lost_answer_to_a_create_is_for_a_human() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story.fault("{ match: { method: POST, path: /core/v2/partners }, effect: cut }");
    shot!("partner_lost", story.expect(5, "apply --auto-approve"));
    assert_eq!(story.writes().len(), 1, "a create is never repeated blindly");
    shot!("partner_unsettled", story.expect(3, "apply --auto-approve"));
    assert_eq!(story.writes().len(), 1);
    shot!("partner_forget_attempt", story.expect(0, "forget partners.west"));
    story.apply();
    assert_eq!(story.writes().len(), 2);
    assert_eq!(story.world()["carrierx"]["partners"].as_array().unwrap().len(), 1);

    // The other outcome: the service had created the partner, its owner confirms, and it is adopted.
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story.fault("{ match: { method: POST, path: /core/v2/partners }, when: after, effect: cut }");
    story.expect(5, "apply --auto-approve");
    story.expect(3, "plan");
    assert!(story.sandbox.verify("west", "all"));
    story.apply();
    story.in_sync();
    assert_eq!(story.world()["carrierx"]["partners"].as_array().unwrap().len(), 1);
}

#[test]
fn a_token_without_the_scope() {
    let mut story = Story::new("carrierx: { limited_tokens: { canary-reader-token: [partners.read], canary-blind-token: [] } }")
        .secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    // Where the service does not report what the token may do, the step finds out.
    story.sandbox.edit(|world| world.carrierx.knobs.whoami = telform::sandbox::Whoami::Forbidden);
    story.set("CARRIERX_TOKEN", "canary-reader-token");
    shot!("scope_missing", story.expect(1, "apply --auto-approve"));
    story.set("CARRIERX_TOKEN", "canary-blind-token");
    shot!("scope_missing_to_read", story.expect(1, "plan"));
    // The service refused: nothing was created, so the next apply may simply try.
    story.set("CARRIERX_TOKEN", crate::bench::CARRIERX_TOKEN);
    story.apply();
}

/// A partner that waits cannot be read, and of what it was created with the ledger keeps only the natural key and seals of its
/// secrets. So it is not known which edit waits, and the notice explains for all of them what happens.
#[test]
fn an_edit_of_a_partner_that_waits_is_sent_when_it_is_there() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story.apply();
    story.carrierx(&west("    city: Compton\n"));
    story.expect(0, "apply --auto-approve").says("compares and sends changes of its entry only after that");
    assert_eq!(story.writes().len(), 1);
    assert!(story.sandbox.verify("west", "all"));
    story.apply();
    assert_eq!(story.writes()[1..], [r#"PATCH partners/[sid] {"city":"Compton"}"#.replace("[sid]", sid(&story).as_str())]);
    story.in_sync();
}

fn sid(story: &Story) -> String {
    story.world()["carrierx"]["partners"][0]["partner_sid"].as_str().unwrap().to_owned()
}

/// Another user's partner with this login waits for its owner: the service refuses a second one, and nothing is left open.
#[test]
fn a_create_of_a_login_that_is_taken_by_one_that_nobody_sees() {
    let story = Story::new(&world_with_west("      verified: false\n")).secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    shot!("partner_login_taken", story.expect(1, "apply --auto-approve"));
    assert_eq!(story.ledger().get("attempts"), None, "it is known that nothing was made");
    story.expect(1, "apply --auto-approve");
    assert_eq!(story.world()["carrierx"]["partners"].as_array().unwrap().len(), 1);
    // Its owner confirms it, and it is adopted.
    assert!(story.sandbox.verify("west", "all"));
    story.apply();
    story.in_sync();
}

/// A password is only sent on create. A different one in the YAML is reported; where the account asks for it, it is sent
/// separately.
#[test]
fn a_changed_password_is_said_and_sent_on_request() {
    let mut story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story.apply();
    assert!(story.sandbox.verify("west", "all"));
    story.apply();
    story.expect(0, "plan").is_silent_about("since the object was created");
    story.set("WEST_PASSWORD", "canary-password-west-2");
    let ran = story.expect(0, "plan --detailed-exitcode");
    ran.says("changed in the configuration since the object was created with it").says("partner_password: patch");
    story.expect(0, "explain partners.west.password").says("changed since the create, not sent");
    story.take_log();
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    let password = |story: &Story| story.world()["carrierx"]["partners"][0]["password"].clone();
    assert_eq!(password(&story), "canary-password-west");

    let setting = "partner_password: patch, ";
    story.carrierx_with(setting, &west("    city: LA\n"));
    let sid = story.ledger()["objects"]["partners.west"]["id"].as_str().unwrap().to_owned();
    story.expect(2, "plan --detailed-exitcode --out saved.json").says("2 requests");
    story.expect(0, "verify saved.json");
    story.expect(0, "apply saved.json --auto-approve");
    let wanted =
        [format!("PATCH partners/{sid} {{\"city\":\"LA\"}}"), format!("PATCH partners/{sid} {{\"password\":\"(secret)\"}}")];
    assert_eq!(story.writes(), wanted);
    assert_eq!(password(&story), "canary-password-west-2");
    story.in_sync();
    // A PUT never carries it, and a saved plan is bound to its value.
    story.set("WEST_PASSWORD", "canary-password-west-3");
    story.carrierx_with(
        setting,
        &west("    update: put\n    city: Compton\n    billing_email: b@acme.example\n    tech_email: t@acme.example\n"),
    );
    story.expect(0, "plan --out saved.json");
    story.set("WEST_PASSWORD", "canary-password-west-4");
    story.expect(4, "apply saved.json --auto-approve");
    story.take_log();
    story.expect(0, "apply --auto-approve");
    let writes = story.writes();
    assert_eq!(writes.len(), 2);
    assert!(writes[0].starts_with("PUT") && !writes[0].contains("password"), "{writes:?}");
    story.in_sync();
    story.expect(0, "undo last --auto-approve").says("password: telform does not store the secret that it overwrote");

    // Refused: all other changes are done, and the remark says that the service does not list it.
    story.sandbox.edit(|world| {
        world.carrierx.knobs.unlisted = telform::sandbox::PasswordPatch::Forbid;
    });
    story.carrierx_with(setting, &west("    city: Torrance\n"));
    story.set("WEST_PASSWORD", "canary-password-west-5");
    story.expect(5, "apply --auto-approve").says("does not list password as changeable");
    assert_eq!(story.world()["carrierx"]["partners"][0]["city"], "Torrance");
    story.carrierx_with("partner_password: put, ", &west(""));
    story.expect(1, "validate").says("patch");
}

/// An adopted partner: the password it was created with is unknown.
#[test]
fn a_password_that_telform_never_sent_is_unknown() {
    let story = verified("");
    story.carrierx_with("partner_password: patch, ", &west(""));
    story.expect(0, "plan --detailed-exitcode").says("unknown: telform has never written it");
    story.expect(0, "apply --auto-approve --rewrite-secret partners.west");
    assert_eq!(story.writes().len(), 1);
    story.in_sync();
}

/// The service shows no password: what a plan says of it comes from the ledger, or it says that nothing is known.
#[test]
fn a_plan_says_what_is_known_of_a_password() {
    let mut story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west(""));
    let unknown =
        "1 secret not compared: the service does not show it, and telform sends it only on create (from env WEST_PASSWORD)";
    story.expect(0, "plan").says(unknown);
    story.apply();
    story.expect(0, "plan").says(unknown);
    let own = Story::new("{}").secret("WEST_PASSWORD", "canary-west-pw");
    own.carrierx(&west(""));
    own.apply();
    own.sandbox.verify("west", "all");
    own.apply();
    own.expect(0, "plan").says("1 secret unchanged in the configuration since telform last wrote it (from env WEST_PASSWORD)");
    story.unset("WEST_PASSWORD");
    story.expect(0, "plan").says(unknown);
}
