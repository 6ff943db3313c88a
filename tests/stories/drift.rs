//! Changes outside telform, and the two ways to continue.

use serde_json::{Value, json};

use crate::bench::Story;
use crate::partners::{west, world_with_west};

/// A change at the console.
fn by_hand(story: &Story, change: impl FnOnce(&mut Value)) {
    story.sandbox.edit(|world| {
        let mut value = serde_json::to_value(&*world).unwrap();
        change(&mut value);
        *world = serde_json::from_value(value).unwrap();
    });
}

const BLOCK: &str = "    address1: Old Street 1   # where the desk is
    attributes:
      tier: gold
      desk: west
    callbacks: { sms: \"https://h.acme.example/a\" }   # ours
    # the end
";

fn partner() -> Story {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west(BLOCK));
    story.apply();
    story.take_log();
    story
}

#[test]
fn what_was_changed_outside_is_told_and_accepted_with_comments_and_order_kept() {
    let story = partner();
    shot!("drift_none", story.expect(0, "drift"));
    by_hand(&story, |world| {
        let partner = &mut world["carrierx"]["partners"][0];
        partner["name"] = json!("no");
        partner["address1"] = json!("New Street 2");
        partner["attributes"] = json!({ "tier": "silver", "more": "\u{202e}x" });
        partner["callbacks"] = json!({ "sms": "https://h.acme.example/b" });
    });
    let before = story.read("telform.yaml");
    let ledger = story.ledger();
    shot!("drift", story.expect(2, "drift"));
    assert_eq!((story.read("telform.yaml"), story.ledger()), (before, ledger), "only told");
    let json = story.expect(2, "drift --json").json();
    assert_eq!(json["drift"].as_array().unwrap().len(), 4);
    assert_eq!(json["drift"][0]["class"], "outside");

    shot!("drift_accept", story.expect(0, "drift --accept"));
    let after = story.read("telform.yaml");
    assert!(after.contains("address1: \"New Street 2\"   # where the desk is"), "{after}");
    assert!(after.contains("}   # ours\n    # the end"), "{after}");
    assert!(story.take_log().iter().all(|request| request.starts_with("GET ")));
    shot!("drift_accepted", story.expect(0, "drift"));
    story.in_sync();
}

#[test]
fn put_back_by_apply() {
    let story = partner();
    by_hand(&story, |world| world["carrierx"]["partners"][0]["address1"] = json!("New Street 2"));
    story.expect(2, "drift").says("changed outside telform");
    story.apply();
    assert_eq!(story.world()["carrierx"]["partners"][0]["address1"], "Old Street 1");
    story.expect(0, "drift").says("No drift");
}

#[test]
fn a_change_of_the_configuration_is_no_drift() {
    let story = partner();
    story.carrierx(&west(&BLOCK.replace("Old Street 1", "Third Street 3")));
    story.expect(0, "drift").says("No drift");
    story.expect(2, "plan --detailed-exitcode");
    // Both at once are distinguished.
    by_hand(&story, |world| world["carrierx"]["partners"][0]["address1"] = json!("New Street 2"));
    story.expect(2, "drift").says("outside telform and in the configuration");
    // Without the ledger's record this is unknown.
    let mut ledger = story.ledger();
    ledger["objects"]["partners.west"].as_object_mut().unwrap().remove("seen");
    story.file(".telform/ledger.json", &ledger.to_string());
    story.expect(2, "drift").says("it is not known who changed it");
}

#[test]
fn what_only_waits_is_no_drift() {
    let story = partner();
    story.carrierx(&west(&format!("{BLOCK}    tech_email: new@acme.example\n")));
    story.apply();
    let ran = story.expect(0, "drift");
    ran.says("waits to be confirmed").says("tech_email");
}

/// A partner that waits to be verified is invisible: it is reported as waiting, and not counted as compared.
#[test]
fn what_nobody_can_see_is_not_counted_as_compared() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-password-west");
    story.carrierx(&west(""));
    story.apply();
    let ran = story.expect(0, "drift");
    ran.says("waits to be confirmed").says("No managed object was compared.");
    assert_eq!(story.expect(0, "drift --json").json()["looked_at"]["compared"], json!({}));
}

const PROVIDERS: &str = "
providers:
  a: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }
  b: { provider: plivo, account_sid: MA1, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: a } } }
";

#[test]
fn numbers_that_moved_and_objects_that_are_gone() {
    let mut story = Story::new("unpod: { numbers: [{ id: 501, number: '+14155550101' }] }").secret("AUTH", "canary-auth-9a");
    story.unpod(PROVIDERS);
    story.apply();
    story.expect(0, "drift");
    // A rotation in the configuration is not drift, either.
    story.set("AUTH", "canary-auth-9b");
    story.expect(0, "drift");
    story.set("AUTH", "canary-auth-9a");
    by_hand(&story, |world| {
        let id = world["unpod"]["configurations"][1]["id"].clone();
        let served = &mut world["unpod"]["bridges"][0]["numbers"]["+14155550101"];
        if served.is_object() { served["configuration"] = id } else { *served = id }
    });
    shot!("drift_numbers", story.expect(2, "drift"));
    story.expect(0, "drift --accept");
    assert!(
        story.read("telform.yaml").contains(r#"numbers: { "+14155550101": { provider: b } }"#)
            || story.read("telform.yaml").contains(r#"provider: "b""#)
    );
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");

    by_hand(&story, |world| {
        world["unpod"]["configurations"].as_array_mut().unwrap().remove(0);
    });
    shot!("drift_gone", story.expect(2, "drift"));
}

#[test]
fn a_secret_that_is_read_back_tells_who_changed_it() {
    let mut story = Story::new("unpod: { profile: g1-snapshot, configurations: [{ id: 41, provider: Vapi, name: main, api_key: canary-key-1, api_secret: canary-s-1 }] }")
        .secret("KEY", "canary-key-1");
    story.unpod("\nproviders:\n  main: { name: main, provider: Vapi, api_key: { env: KEY } }\n");
    story.apply();
    story.set("KEY", "canary-key-2");
    story.apply();
    story.set("KEY", "canary-key-3");
    story.expect(0, "drift").says("No drift");
    story.set("KEY", "canary-key-2");
    by_hand(&story, |world| world["unpod"]["configurations"][0]["api_key"] = json!("canary-key-theirs"));
    shot!("drift_secret", story.expect(2, "drift"));
    story.expect(2, "drift --accept").says("telform never writes a secret into the YAML");
    // Also where no file mentions its kind any more.
    story.unpod_with("product_id: prod, ", "\nbridges: {}\n");
    story.expect(2, "drift").says("providers.main api_key").is_silent_about("canary-key-theirs");
    by_hand(&story, |world| world["unpod"]["configurations"][0]["api_key"] = json!("canary-key-2"));
    story.expect(0, "drift").says("No drift: 1 provider");
}

/// The live value may be one that YAML cannot express; it is still drift, and the rest can still be accepted.
#[test]
fn a_value_that_the_yaml_cannot_say_is_told_and_left_for_a_human() {
    let story = partner();
    by_hand(&story, |world| {
        let partner = &mut world["carrierx"]["partners"][0];
        partner["zip"] = json!("");
        partner["address1"] = json!("New Street 2");
    });
    shot!("drift_unsayable", story.expect(2, "drift"));
    let before = story.read("telform.yaml");
    story.expect(2, "drift --accept").says("must be accepted by hand");
    assert_ne!(story.read("telform.yaml"), before, "the other value is accepted");
    assert!(story.read("telform.yaml").contains("zip: \"01234\""));
    by_hand(&story, |world| world["carrierx"]["partners"][0]["callbacks"]["sms"] = json!("no-url\u{1b}[31m"));
    story.expect(2, "drift").says("partners.west callbacks");
}

const MERGED: &str = "
partners:
  first: &same
    login: first
    name: One
    company_name: Acme
    country_code: USA
    zip: '01234'
    owner_email: ops@acme.example
    phonenumber: '15162065574'
    payment_type: postpay
    password: { env: WEST_PASSWORD }
    city: Rome
    callbacks: &hooks { sms: https://hooks.acme.example/sms }
  second: { <<: *same, login: second, address1: Here 1 }
  third: { <<: *same, login: third, city: Bern, callbacks: *hooks }
";

/// Values from a merge key or an alias are reported like any other; only accepting them may be refused, one by one.
#[test]
fn a_value_behind_a_merge_key_keeps_nothing_from_being_told() {
    let partner = |sid: u8, login: &str, city: &str| {
        format!(
            "    - {{ partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f41{sid}, login: {login}, name: One, company_name: Acme, country_code: USA, zip: '01234', owner_email: ops@acme.example, phonenumber: '15162065574', payment_type: postpay, address1: Here 1, city: {city}, callbacks: {{ sms: 'https://hooks.acme.example/sms' }} }}\n"
        )
    };
    let world = [partner(0, "first", "Rome"), partner(1, "second", "Rome"), partner(2, "third", "Bern")].concat();
    let story = Story::new(&format!("carrierx:\n  partners:\n{world}")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(MERGED);
    story.apply();
    let by_hand = |partner: usize, name: &str, value: Value| {
        by_hand(&story, |world| world["carrierx"]["partners"][partner][name] = value);
    };
    by_hand(1, "city", json!("Oslo"));
    by_hand(1, "address1", json!("There 2"));
    by_hand(2, "callbacks", json!({ "sms": "https://hooks.acme.example/other" }));
    let ran = story.expect(2, "drift");
    ran.says("partners.second city").says("partners.third callbacks").says("partners.second address1");
    ran.says("partners.second city must be accepted by hand: partners.first shares this line");
    ran.says("partners.third callbacks must be accepted by hand: it is written through an alias");
    story.expect(2, "drift --accept").says("Accepted into the YAML");
    let after = story.read("telform.yaml");
    assert!(after.contains("address1: \"There 2\"") && after.contains("city: Rome"), "{after}");
    assert_eq!(story.expect(2, "drift --json").json()["drift"].as_array().unwrap().len(), 2);
    // Where all that share the line drifted alike, the line is edited once.
    by_hand(2, "callbacks", json!({ "sms": "https://hooks.acme.example/sms" }));
    by_hand(0, "city", json!("Oslo"));
    story.expect(0, "drift --accept");
    assert!(story.read("telform.yaml").contains("city: \"Oslo\""), "{}", story.read("telform.yaml"));
    story.expect(0, "drift").says("No drift: 3 partners in carrierx");
}

/// Managed objects are compared even where no file mentions their kind any more or their entry was removed.
#[test]
fn what_no_file_mentions_is_compared_and_said() {
    let story = Story::new(&format!(
        "{}{}",
        world_with_west("      city: Rome\n"),
        "
unpod:
  configurations: [{ id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }]
  numbers: [{ number: '+14155550101' }]
  bridges: [{ id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }]
"
    ))
    .secret("WEST_PASSWORD", "canary-west-pw")
    .secret("AUTH", "canary-auth");
    let write = |objects: &str| {
        let (unpod, carrierx) = (story.sandbox.unpod_url(), story.sandbox.carrierx_url());
        story.file("telform.yaml", &format!("version: 1\naccounts:\n  unpod: {{ api: unpod, base_url: \"{unpod}\", org_handle: acme.example, requests_per_minute: 60000, token: {{ env: UNPOD_TOKEN }} }}\n  carrierx: {{ api: carrierx, base_url: \"{carrierx}\", requests_per_minute: 60000, token: {{ env: CARRIERX_TOKEN }} }}\n{objects}"));
    };
    let providers = "providers:\n  main: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }\n";
    let bridges = "bridges:\n  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main } } }\n";
    write(&format!("{providers}{bridges}{}", west("    city: Rome\n")));
    story.apply();
    // Only providers are mentioned from now on.
    write(providers);
    let plan = story.expect(0, "plan --detailed-exitcode");
    plan.says("kind that no file declares").says("1 of partners: partners.west").says("1 of bridges: bridges.sales");
    plan.says("`bridges: {}` would delete them").is_silent_about("`partners: {}` would");
    story
        .expect(0, "doctor --json")
        .says("a kind that no file declares, in carrierx: 1 of partners: partners.west")
        .says("`bridges: {}` would delete them")
        .is_silent_about("`partners: {}`");
    story.expect(0, "plan --target providers.main").is_silent_about("kind that no file declares");
    story.expect(0, "drift").says("No drift: 1 partner in carrierx, 1 bridge and 1 provider in unpod");
    by_hand(&story, |world| {
        world["carrierx"]["partners"][0]["city"] = json!("Oslo");
        world["unpod"]["bridges"][0]["name"] = json!("Sold");
        world["unpod"]["bridges"][0]["numbers"] = json!({});
    });
    let ran = story.expect(2, "drift");
    ran.says("partners.west city").says("bridges.sales name").says("bridges.sales numbers").says("(no entry)");
    story.expect(2, "drift --accept").says("bridges.sales has no entry in the YAML");
    let one = story.expect(2, "drift --target partners.west --json").json();
    assert_eq!((one["drift"].as_array().unwrap().len(), &one["drift"][0]["class"]), (1, &json!("outside")));
    // Only the entry was removed, and then the object, too.
    write(&format!("{providers}bridges: {{}}\n"));
    story.expect(2, "drift").says("bridges.sales name");
    by_hand(&story, |world| world["unpod"]["bridges"] = json!([]));
    story.expect(2, "drift").says("missing: deleted outside telform");
}

/// Objects of an account that was removed from the YAML were not read, and this is reported.
#[test]
fn an_account_that_is_gone_hides_its_objects_and_that_is_said() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-gone");
    story.unpod("\nproviders:\n  main: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }\n");
    story.apply();
    story.carrierx("\npartners: {}\n");
    let ran = story.expect(1, "drift");
    ran.says("providers.main").says("its account unpod is no longer in the configuration");
    let json = story.expect(1, "drift --json").json();
    assert_eq!(json["looked_at"]["missed"][0]["what"], "providers.main");
}

/// An account that cannot be read takes nothing from the report of the others.
#[test]
fn an_account_that_fails_is_named_and_the_others_are_reported() {
    let mut story = Story::new(&format!(
        "{}{}",
        world_with_west("      city: Rome\n"),
        "\nunpod:\n  configurations: [{ id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }]\n"
    ))
    .secret("WEST_PASSWORD", "canary-west-pw")
    .secret("AUTH", "canary-auth");
    let (unpod, carrierx) = (story.sandbox.unpod_url(), story.sandbox.carrierx_url());
    story.file("telform.yaml", &format!("version: 1\naccounts:\n  unpod: {{ api: unpod, base_url: \"{unpod}\", org_handle: acme.example, requests_per_minute: 60000, token: {{ env: UNPOD_TOKEN }} }}\n  carrierx: {{ api: carrierx, base_url: \"{carrierx}\", requests_per_minute: 60000, token: {{ env: CARRIERX_TOKEN }} }}\nproviders:\n  main: {{ provider: plivo, account_sid: MA42, auth_token: {{ env: AUTH }} }}\n{}", west("    city: Rome\n")));
    story.apply();
    by_hand(&story, |world| world["carrierx"]["partners"][0]["city"] = json!("Oslo"));
    story.set("UNPOD_TOKEN", "canary-revoked");
    let ran = story.expect(1, "drift");
    ran.says("partners.west city").says("Not checked (1)").says("account unpod").says("telform::live::unauthorized");
    let json = story.expect(1, "drift --json").json();
    assert_eq!(json["looked_at"]["compared"], json!({ "carrierx": { "partners": 1 } }));
    assert_eq!(json["looked_at"]["missed"][0]["what"], "account unpod");
    story.unset("UNPOD_TOKEN");
    story.expect(1, "drift -q").says("Not checked: 1 thing");
    story.expect(1, "drift --accept").says("Accepted into the YAML");
    story.expect(0, "drift --account carrierx").says("No drift: 1 partner in carrierx").is_silent_about("unpod");
    story.expect(1, "drift").says("No drift: 1 partner in carrierx").says("account unpod");
    // With nothing to report it is the error that it is.
    story.unset("CARRIERX_TOKEN");
    story.expect(1, "drift").says("telform::secret::missing").says("`unpod`").says("`carrierx`");
}

/// What did not drift is not written again: its quotes, comments and order stay as a person wrote them.
#[test]
fn only_what_differs_is_written() {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    let body = "    attributes:\n      tier: gold   # since May\n      desk: west\n      # kept for billing\n      plan: 'a b'\n    callbacks: { sms: https://a.example, app_mediator: https://b.example }   # ours\n";
    story.carrierx(&west(body));
    story.apply();
    let before = story.read("telform.yaml");
    by_hand(&story, |world| {
        let partner = &mut world["carrierx"]["partners"][0];
        partner["attributes"] = json!({ "tier": "silver", "plan": "a b", "floor": "2" });
        partner["callbacks"] = json!({ "sms": "https://c.example", "app_mediator": "https://b.example" });
    });
    story.expect(0, "drift --accept");
    let after = before
        .replace("tier: gold ", "tier: \"silver\" ")
        .replace("      desk: west\n", "")
        .replace("plan: 'a b'\n", "plan: 'a b'\n      floor: \"2\"\n")
        .replace("sms: https://a.example,", "sms: \"https://c.example\",");
    assert_eq!(story.read("telform.yaml"), after);
    story.expect(0, "drift").says("No drift");
    // In braces, too; what is taken out of them is written as a whole.
    by_hand(&story, |world| {
        let sms = json!({ "sms": "https://c.example", "app_mediator": "https://b.example", "app_conference_call": "https://d.example" });
        world["carrierx"]["partners"][0]["callbacks"] = sms;
    });
    story.expect(0, "drift --accept");
    let braces = "callbacks: { sms: \"https://c.example\", app_mediator: https://b.example, app_conference_call: \"https://d.example\" }   # ours";
    assert!(story.read("telform.yaml").contains(braces), "{}", story.read("telform.yaml"));
    by_hand(&story, |world| world["carrierx"]["partners"][0]["callbacks"] = json!({ "sms": "https://c.example" }));
    story.expect(0, "drift --accept");
    assert!(
        story.read("telform.yaml").contains("callbacks: { sms: \"https://c.example\" }   # ours"),
        "{}",
        story.read("telform.yaml")
    );
    story.in_sync();
}

/// The reason why the drift of an attribute is accepted by hand; nothing is written.
fn left_by_hand(story: &Story, attribute: &str, why: &str) {
    let before = story.read("telform.yaml");
    let ran = story.expect(2, "drift --accept");
    let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(&format!("partners.west {attribute} must be accepted by hand: {why}")), "{said}");
    assert_eq!(story.read("telform.yaml"), before);
}

fn applied(body: &str) -> Story {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west(body));
    story.apply();
    story
}

/// A key inside a comment does not exist: the next apply would delete it at the service.
#[test]
fn no_key_is_written_into_a_comment() {
    let grows = |body: &str| {
        let story = applied(body);
        by_hand(&story, |world| world["carrierx"]["partners"][0]["attributes"] = json!({ "tier": "gold", "desk": "west" }));
        story
    };
    for body in ["tier: gold # the best", "tier: gold, # the best", "tier: gold\n      # more, later", "tier: 'gold' # {x: 1},"] {
        let story = grows(&format!("    attributes: {{\n      {body}\n    }}\n"));
        left_by_hand(&story, "attributes", "it has comments inside");
    }
    // A `#` in a text, a comment before the last key and one after the value do not matter.
    for (body, last) in [("tier: 'gold' } # ours\n", "tier: 'gold'"), ("# first\n      tier: gold\n    }\n", "tier: gold")] {
        let story = grows(&format!("    attributes: {{ {body}"));
        story.expect(0, "drift --accept");
        let after = story.read("telform.yaml");
        assert!(after.contains(&format!("{last}, desk: \"west\"")), "{after}");
        story.in_sync();
    }
}

/// What an edit must not change is compared after the edit too: here the end of a text that is kept with its blank lines.
#[test]
fn an_edit_that_reads_as_another_value_is_not_written() {
    let story = applied("    attributes:\n      note: |+\n        text\n\n    address1: Main St\n");
    by_hand(&story, |world| world["carrierx"]["partners"][0]["attributes"]["desk"] = json!("west"));
    left_by_hand(&story, "attributes", "attributes would still differ");
}

#[test]
fn a_list_with_comments_is_not_written_again() {
    let item = |action: &str| {
        format!(
            "{{ access_control_rules: ['7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01'], direction: outbound, sms_action_true: {action}, sms_action_false: null, voice_action_true: null, voice_action_false: null }}"
        )
    };
    let changes = |before: &str, after_item: &str| {
        let story = applied(&format!(
            "    parent_assigned_acls:{before}\n      - {}{after_item}\n    address1: Main St\n",
            item("accept")
        ));
        by_hand(&story, |world| {
            world["carrierx"]["partners"][0]["parent_assigned_acls"][0]["sms_action_true"] = json!("reject");
        });
        story
    };
    for (before, after_item) in [(" # ours", ""), ("\n      # first", ""), ("", " # the one that lets all in")] {
        left_by_hand(&changes(before, after_item), "parent_assigned_acls", "it has comments inside");
    }
    let story = changes("", "\n    # where they sit");
    story.expect(0, "drift --accept");
    assert!(story.read("telform.yaml").contains("    # where they sit\n"), "{}", story.read("telform.yaml"));
    story.in_sync();
}

#[test]
fn metrics_say_what_differs_what_was_not_read_and_when() {
    let story = crate::partners::verified("");
    story.carrierx(&west("    address1: Old Street 1\n"));
    story.apply();
    story.expect(0, "drift --quiet --metrics drift.prom");
    let now = jiff::Timestamp::now().as_second();
    let value = |line: &str| -> i64 {
        let text = story.read("drift.prom");
        let found = text.lines().find_map(|of| of.strip_prefix(line)?.strip_prefix(' ')?.parse().ok());
        found.unwrap_or_else(|| panic!("{line}: {text}"))
    };
    let outside = r#"telform_drift_differences{account="carrierx",class="outside"}"#;
    assert_eq!((value(outside), value("telform_drift_complete")), (0, 1));
    assert_eq!(value(r#"telform_drift_compared_objects{account="carrierx",kind="partners"}"#), 1);
    assert!((now - 60..=now).contains(&value("telform_drift_last_look_timestamp_seconds")));
    crate::partners::by_hand(&story, "address1", "New Street 2");
    story.expect(2, "drift --quiet --metrics drift.prom");
    assert_eq!(value(outside), 1);
    // What cannot be read is a metric, and not the absence of one.
    story.fault("{ match: { method: GET, times: 0 }, effect: { answer: { status: 401 } } }");
    story.expect(1, "drift --quiet --metrics drift.prom");
    assert_eq!(value("telform_drift_complete"), 0);
    assert!(!story.read("drift.prom").contains(outside), "{}", story.read("drift.prom"));
    // A link is not followed.
    #[cfg(unix)]
    {
        story.file("target", "kept");
        std::os::unix::fs::symlink(story.path("target"), story.path("link.prom")).unwrap();
        story.expect(1, "drift --quiet --metrics link.prom");
        assert_eq!(story.read("target"), "kept");
    }
}

#[test]
fn a_secret_that_the_service_does_not_show_is_named_as_not_compared() {
    let story = partner();
    story.expect(0, "drift").says("1 secret not compared, because the service does not show it: partners.west password");
    story.expect(0, "drift -q").says("1 secret not compared");
    let looked = &story.expect(0, "drift --json").json()["looked_at"];
    assert_eq!(looked["secrets_not_compared"], json!({ "carrierx": ["partners.west password"] }));
    story.expect(0, "drift -o sarif").says("drift::secret_not_compared");
}

#[test]
fn an_apply_that_is_refused_is_not_recommended() {
    let story = partner();
    let east = BLOCK.to_owned()
        + "  east:
    { login: east, password: { env: WEST_PASSWORD }, name: East, company_name: Acme, country_code: USA, zip: '01234',
      owner_email: east@acme.example, phonenumber: '15162065575', payment_type: postpay }
";
    story.carrierx(&west(&east));
    story.fault("{ match: { method: POST, path: /core/v2/partners }, effect: cut }");
    story.expect(5, "apply --auto-approve");
    story.sandbox.clear_faults();
    by_hand(&story, |world| world["carrierx"]["partners"][0]["address1"] = json!("New Street 2"));
    story.expect(3, "plan");
    let ran = story.expect(2, "drift");
    ran.says("changed outside telform").says("To see why an apply is refused (").is_silent_about("telform apply");
}
