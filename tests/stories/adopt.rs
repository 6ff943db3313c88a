//! Starting with a live account: adopt existing objects, and prove that nothing would change.

use crate::bench::Story;
use crate::dice::Dice;

const WORLD: &str = r#"
unpod:
  configurations:
    - { id: 41, provider: exotel, account_sid: EX22222222, auth_token: canary-exotel-1 }
    - { id: 42, provider: plivo, account_sid: MA33333333, auth_token: canary-plivo-1 }
    - { id: 43, provider: plivo, account_sid: MA44444444, auth_token: canary-plivo-2 }
  numbers:
    - { id: 501, number: "+14155550101" }
    - { id: 502, number: "+14155550102" }
    - { id: 503, number: "+14155550103" }
  bridges:
    - { id: 301, slug: sales-bridge-001, name: "Sales: \"west\" # one", numbers: { "+14155550101": 41 } }
    - { id: 302, slug: support, name: "no", numbers: { "+14155550102": 41, "+14155550103": null } }
    - { id: 303, slug: empty, name: Empty }
carrierx:
  partners:
    - partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410
      login: acme-west
      name: Acme West
      company_name: Acme
      country_code: USA
      zip: "01234"
      owner_email: ops@acme.example
      phonenumber: "15162065574"
      payment_type: postpay
      callbacks: { sms: https://hooks.acme.example/sms }
      attributes: { tier: gold, "on": "off", note: "two\nlines \u202e mirrored" }
      parent_assigned_acls: [{ direction: any, access_control_rules: [1, { deep: "no" }] }]
    - partner_sid: 7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01
      login: ACME West
      name: Other
      company_name: Acme
      country_code: USA
      zip: "10002"
      owner_email: east@acme.example
      phonenumber: "12125550100"
      payment_type: prepay
      charge_at: "5.00"
"#;

fn accounts(story: &Story) {
    story.file(
        "accounts.yaml",
        &format!(
            "version: 1
accounts:
  unpod: {{ api: unpod, base_url: \"{}\", org_handle: acme.example, requests_per_minute: 60000, token: {{ env: UNPOD_TOKEN }} }}
  carrierx: {{ api: carrierx, base_url: \"{}\", requests_per_minute: 60000, token: {{ env: CARRIERX_TOKEN }} }}
",
            story.sandbox.unpod_url(),
            story.sandbox.carrierx_url()
        ),
    );
}

fn written_files(story: &Story) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(story.path("telform"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.iter().map(|name| format!("== {name}\n{}", story.read(&format!("telform/{name}")))).collect()
}

fn adopted() -> Story {
    let story = Story::new(WORLD);
    accounts(&story);
    story.expect(0, "adopt --all --out telform -f accounts.yaml");
    story
}

#[test]
fn everything_comes_with_one_command_and_nothing_is_written_to_a_service() {
    let story = Story::new(WORLD);
    accounts(&story);
    let ran = story.expect(0, "adopt --all --out telform -f accounts.yaml");
    assert_eq!(story.writes(), [""; 0]);
    shot!("adopt_all", ran);
    insta::assert_snapshot!("adopted_files", written_files(&story).concat());
    let plan = story.expect(0, "plan -f accounts.yaml -f telform --detailed-exitcode");
    plan.says("Plan: no changes").is_silent_about("adopted").is_silent_about("left alone");
}

#[test]
fn adopting_again_writes_the_same_bytes() {
    let story = adopted();
    let (first, ledger) = (written_files(&story), story.ledger());
    let again = story.expect(0, "import --all --out telform -f accounts.yaml");
    again.says("unchanged").is_silent_about("wrote");
    story.expect(0, "import --all --out telform -f accounts.yaml -f telform");
    assert_eq!(written_files(&story), first);
    assert_eq!(story.ledger(), ledger, "and nothing in the ledger");
    // Without the ledger too.
    std::fs::remove_dir_all(story.path(".telform")).unwrap();
    story.expect(0, "import --all --out telform -f accounts.yaml");
    assert_eq!(written_files(&story), first);
}

#[test]
fn losing_the_ledger_loses_no_object_and_writes_no_secret() {
    let story = adopted().secret("EXOTEL_AUTH_TOKEN", "canary-not-the-one-there");
    std::fs::remove_dir_all(story.path(".telform")).unwrap();
    let plan = story.expect(0, "plan -f accounts.yaml -f telform --detailed-exitcode");
    plan.says("Plan: no changes").says("unknown: telform has never written it");
    story.expect(0, "apply -f accounts.yaml -f telform --auto-approve");
    assert_eq!(story.writes(), [""; 0]);
    assert_eq!(story.ledger()["objects"].as_object().unwrap().len(), 8);
}

#[test]
fn what_was_edited_is_never_overwritten() {
    let story = adopted();
    let mut text = story.read("telform/unpod-bridges.yaml");
    text.push_str("# a remark\n");
    story.file("telform/unpod-bridges.yaml", &text);
    let refused = story.expect(1, "adopt --all --out telform -f accounts.yaml");
    shot!("adopt_edited", refused);
    assert_eq!(story.read("telform/unpod-bridges.yaml"), text);
    // Declared objects are left out when the rest is written elsewhere.
    story.expect(0, "adopt --all --out more -f accounts.yaml -f telform").says("Nothing to adopt");
    assert!(!story.path("more").exists());
}

#[test]
fn a_part_only() {
    let story = Story::new(WORLD);
    accounts(&story);
    story.expect(0, "adopt --all --kind partners --out telform -f accounts.yaml");
    assert_eq!(written_files(&story).len(), 1);
    assert!(!story.take_log().iter().any(|request| request.contains("telephony")), "Unpod was not asked");
    // Bridges alone cannot name their configurations, so their numbers stay a comment.
    let bridges = story.expect(0, "adopt --all --kind bridges --out telform -f accounts.yaml");
    bridges.says("which is not declared");
    let text = story.read("telform/unpod-bridges.yaml");
    assert!(text.contains("# numbers: ") && !text.contains("\n    numbers:"), "{text}");
    story.expect(1, "adopt --all --account nobody --out telform -f accounts.yaml").says("it has unpod, carrierx");
}

const TWO: &str = "
unpod:
  configurations:
    - { id: 42, provider: twilio, account_sid: AC42, auth_token: canary-2 }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-3 }
  numbers: [{ id: 501, number: '+14155550101' }]
  bridges: [{ id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 43 } }]
";

#[test]
fn an_ambiguous_connection_is_a_comment_with_its_candidates() {
    let story = Story::new(TWO);
    accounts(&story);
    story.expect(0, "adopt --all --account unpod --out telform -f accounts.yaml").says("one of 42, 43");
    let text = story.read("telform/unpod-bridges.yaml");
    assert!(
        text.contains(
            "# numbers: it is written whole or not at all, and not all of it is known: +14155550101: served by one of 42, 43"
        ),
        "{text}"
    );
    story.expect(0, "plan -f accounts.yaml -f telform --detailed-exitcode").says("Plan: no changes");
}

#[test]
fn the_older_generation_too() {
    let story = Story::new(
        "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-key-main-1, api_secret: canary-secret-main-1 }
    - { id: 42, provider: LiveKit, name: main, api_key: canary-key-spare, base_url: https://lk.example.net }
  numbers: [{ id: 501, number: '+14155550101' }]
  bridges: [{ id: 301, slug: sales, name: Sales, product_id: prod, numbers: { '+14155550101': 41 } }]
",
    );
    story.file(
        "accounts.yaml",
        &format!(
            "version: 1\naccounts: {{ unpod: {{ api: unpod, base_url: \"{}\", org_handle: acme.example, product_id: prod, requests_per_minute: 60000, token: {{ env: UNPOD_TOKEN }} }} }}\n",
            story.sandbox.unpod_url()
        ),
    );
    shot!("adopt_g1", story.expect(0, "adopt --all --out telform -f accounts.yaml"));
    insta::assert_snapshot!("adopted_files_g1", written_files(&story).concat());
    assert_eq!(story.writes(), [""; 0]);
    let first = written_files(&story);
    story.expect(0, "plan -f accounts.yaml -f telform --detailed-exitcode").says("Plan: no changes");
    story.expect(0, "adopt --all --out telform -f accounts.yaml");
    assert_eq!(written_files(&story), first);
}

#[test]
fn one_object_joins_the_file_that_is_there() {
    let story = Story::new(TWO);
    story.unpod("\nproviders:\n  first: { provider: twilio, account_sid: AC42, auth_token: { env: A } }   # mine\n");
    shot!("adopt_one", story.expect(0, "adopt providers.second 43"));
    let text = story.read("telform.yaml");
    assert!(text.contains("# mine") && text.contains("\n---\n"), "{text}");
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");
    // Again it is declared, so there is nothing to write.
    story.expect(0, "adopt providers.second 43").says("providers.second is managed already, as 43");
    assert_eq!(story.read("telform.yaml"), text);
    assert_eq!(story.writes(), [""; 0]);
    story.expect(1, "adopt providers.third 43").says("43 already belongs to providers.second");
    story.expect(1, "adopt providers.third 99").says("has no provider with the id 99");
    story.expect(1, "adopt providers.second 42").says("is pinned to 43");
}

#[test]
fn an_entry_that_does_not_fit_its_object_is_told() {
    let story = Story::new(TWO);
    story.unpod("\nproviders:\n  first: { provider: twilio, account_sid: AC99, auth_token: { env: A } }\n");
    let ran = story.expect(0, "adopt providers.first 42");
    ran.says("The YAML differs from it: 1 to update");
    assert_eq!(story.ledger()["objects"]["providers.first"]["id"], "42");
    story.expect(2, "plan --detailed-exitcode").says("account_sid");
    story.expect(1, "adopt providers.first 43").says("in the ledger providers.first is 42");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn values_that_the_loader_does_not_take_become_comments() {
    let story = Story::new(
        r#"
carrierx:
  partners:
    - partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410
      login: "acme\u001b[31mred"
      name: "Acme\u0007"
      company_name: Acme
      country_code: USA
      zip: "90802"
      owner_email: ops@acme.example
      phonenumber: "15162065574"
      payment_type: postpay
      callbacks: { sms: "ftp://hooks.acme.example/sms" }
"#,
    );
    accounts(&story);
    shot!("adopt_hostile", story.expect(0, "adopt --all --account carrierx --out telform -f accounts.yaml"));
    story.expect(0, "plan -f accounts.yaml -f telform --detailed-exitcode").says("Plan: no changes");
}

/// Texts that a careless writer of YAML gets wrong.
const TEXTS: [&str; 30] = [
    "plain",
    "no",
    "01234",
    "1e3",
    "~",
    "a: b",
    "# x",
    "- x",
    "{x",
    "two\nlines",
    " edges ",
    "it's \"so\"",
    "\u{202e}rtl",
    "𝄞 é",
    "\u{1b}[31mred\u{1b}[0m",
    "bell\u{7}",
    "&anchor",
    "*alias",
    "!tag",
    "%directive",
    "@at",
    "`tick`",
    "? key",
    "null",
    "0x1f",
    "1_000",
    "2026-11-25",
    "12:30:45",
    "<<",
    "it's: 'so' \\ #x",
];

fn world(dice: &mut Dice) -> (serde_json::Value, bool) {
    let older = dice.roll(2) == 0;
    let mut configurations = Vec::new();
    for id in 41..41 + dice.roll(5) {
        let (a, b) = (format!("canary-a-{id}"), format!("canary-b-{id}"));
        configurations.push(if older {
            let name = dice.any(&["main", "Main Line", "été", "main", "1e3"]);
            serde_json::json!({ "id": id, "provider": dice.any(&["Vapi", "LiveKit"]), "name": name, "api_key": a, "api_secret": b })
        } else {
            let sid = format!("{}{}", dice.any(&["AC", "0", "+1"]), 10_000_000 + id);
            serde_json::json!({ "id": id, "provider": dice.any(&["twilio", "plivo", "exotel"]), "account_sid": sid, "auth_token": a })
        });
    }
    let mut numbers = Vec::new();
    let mut bridges = Vec::new();
    for index in 0..dice.roll(4) {
        let mut on = serde_json::Map::new();
        for _ in 0..dice.roll(3) {
            let number = format!("+1415555{:04}", 100 + numbers.len());
            numbers.push(serde_json::json!({ "id": 500 + numbers.len(), "number": number }));
            let served = 41 + dice.roll(6);
            let served = (served < 41 + configurations.len() as u64).then_some(served);
            on.insert(number, serde_json::json!(served));
        }
        let name = dice.any(&TEXTS).trim();
        bridges.push(serde_json::json!({ "id": 301 + index, "slug": format!("bridge-{index}"), "name": name, "product_id": "prod", "numbers": on }));
    }
    let partners: Vec<_> = (0..dice.roll(5))
        .map(|index| {
            serde_json::json!({
                "partner_sid": format!("{:08x}-8b1e-4a37-9d55-0c2be1a7f410", dice.roll(u64::from(u32::MAX))),
                "login": format!("{}-{index}", dice.any(&["acme", "ACME", "1", "no"])),
                "name": dice.any(&TEXTS).trim(), "company_name": dice.any(&TEXTS).trim(), "country_code": "USA",
                "zip": dice.any(&["01234", "90802", "1e3"]), "owner_email": "ops@acme.example",
                "phonenumber": "15162065574", "payment_type": dice.any(&["prepay", "postpay"]),
                "address1": dice.any(&TEXTS), "billing_email": dice.any(&["a@b.example", "b@b.example,a@b.example", ""]),
                "attributes": { dice.any(&TEXTS): dice.any(&TEXTS), "on": dice.any(&TEXTS) },
                "callbacks": { "sms": "https://hooks.acme.example/?a=b#c" },
                "parent_assigned_acls": [{ "direction": "any", "access_control_rules": [[], {}, { "x": [dice.any(&TEXTS), 1, null, true] }] }],
            })
        })
        .collect();
    let profile = if older { "g1-snapshot" } else { "g2-documented" };
    let world = serde_json::json!({
        "unpod": { "profile": profile, "configurations": configurations, "numbers": numbers, "bridges": bridges },
        "carrierx": { "partners": partners },
    });
    (world, older)
}

#[test]
fn generated_worlds_go_there_and_back() {
    let mut kinds_seen = std::collections::BTreeSet::new();
    let mut layers_seen = std::collections::BTreeSet::new();
    for seed in 1..=24 {
        let mut dice = Dice::new(seed);
        let (world, older) = world(&mut dice);
        let story = Story::new(&world.to_string());
        accounts(&story);
        let text = story.read("accounts.yaml").replace("org_handle:", "product_id: prod, org_handle:");
        // In an environment the accounts are those of a layer over the base.
        let layered = dice.roll(2) == 0;
        let files = if layered { "-f accounts.yaml -f layer.yaml" } else { "-f accounts.yaml" };
        let base = text.replace("acme.example", "elsewhere.example").replace("product_id: prod", "product_id: other");
        story.file("accounts.yaml", if layered { &base } else { &text });
        story.file("layer.yaml", "overlay: true\naccounts: { unpod: { org_handle: acme.example, product_id: prod } }\n");
        // Every other world as tables.
        let adoption = format!("adopt --all --out telform {files}{}", if seed % 2 == 0 { " --factor" } else { "" });
        let adopt = story.run(&adoption);
        assert_eq!(adopt.code, 0, "seed {seed}: {world}\n{}", adopt.whole());
        if !story.path("telform").exists() {
            continue;
        }
        let written = written_files(&story);
        let yaml = written.iter().map(|file| file.lines().next().unwrap()).filter(|name| name.ends_with(".yaml"));
        kinds_seen.extend(yaml.map(|name| (older, name.to_owned())));
        layers_seen.insert((older, layered));
        let plan = story.run(&format!("plan {files} -f telform --detailed-exitcode"));
        assert_eq!(plan.code, 0, "seed {seed}: {world}\n{}", plan.whole());
        plan.says("Plan: no changes").is_silent_about("left alone");
        story.expect(0, &adoption);
        assert_eq!(written_files(&story), written, "seed {seed}");
        assert_eq!(story.writes(), [""; 0], "seed {seed}");
    }
    assert_eq!(kinds_seen.len(), 6, "three kinds in both generations: {kinds_seen:?}");
    assert_eq!(layers_seen.len(), 4, "both generations, with and without a layer: {layers_seen:?}");
}
