//! From nothing to a managed account of realistic size: one command, and no manual editing except secrets.

use std::time::Instant;

use serde_json::json;

use crate::bench::Story;

const CONFIGURATIONS: u64 = 200;
const BRIDGES: u64 = 50;
const PARTNERS: u64 = 2000;

fn world() -> String {
    let providers = ["twilio", "plivo", "exotel"];
    let configurations: Vec<_> = (0..CONFIGURATIONS)
        .map(|index| {
            json!({
                "id": 1000 + index, "provider": providers[usize::try_from(index % 3).unwrap()],
                "account_sid": format!("AC{:08}", index * 7919), "auth_token": format!("canary-many-{index}"),
            })
        })
        .collect();
    let number = |index: u64| format!("+1415556{index:04}");
    let numbers: Vec<_> = (0..BRIDGES * 2).map(|index| json!({ "id": 5000 + index, "number": number(index) })).collect();
    let bridges: Vec<_> = (0..BRIDGES)
        .map(|index| {
            let served = 1000 + index * 3;
            json!({
                "id": 300 + index, "slug": format!("line-{index:03}"), "name": format!("Line {index}: \"{}\"", index % 7),
                "numbers": { number(index * 2): served, number(index * 2 + 1): served },
            })
        })
        .collect();
    let partners: Vec<_> = (0..PARTNERS)
        .map(|index| {
            json!({
                "partner_sid": format!("{index:08x}-8b1e-4a37-9d55-0c2be1a7f410"), "login": format!("reseller-{index:04}"),
                "name": format!("Reseller {index}"), "company_name": "Acme: Resellers", "country_code": "USA",
                "zip": format!("{:05}", index), "owner_email": format!("r{index}@acme.example"),
                "phonenumber": format!("1516{index:07}"), "payment_type": if index % 2 == 0 { "prepay" } else { "postpay" },
                "callbacks": { "sms": format!("https://hooks.acme.example/{index}?a=b#c") },
                "attributes": { "tier": "gold", "on": "off", "index": index.to_string() },
            })
        })
        .collect();
    // The service says who serves each number; without that, three providers on 200 configurations would be ambiguous.
    json!({
        "unpod": {
            "knobs": { "bridge_get": "configuration_id" },
            "configurations": configurations, "numbers": numbers, "bridges": bridges,
        },
        "carrierx": { "partners": partners },
    })
    .to_string()
}

#[test]
fn two_hundred_configurations_fifty_bridges_and_two_thousand_partners_take_one_command() {
    let story = Story::new(&world());
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
    let timed = |args: &str| {
        story.take_log();
        let begun = Instant::now();
        let output = story.command(args).output().unwrap();
        let took = begun.elapsed();
        let log = story.take_log();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(log.iter().all(|line| line.starts_with("GET ")), "{args}");
        println!("telform {args}: {} requests, {} ms", log.len(), took.as_millis());
        (String::from_utf8(output.stdout).unwrap(), log.len())
    };
    let (said, requests) = timed("adopt --all --out telform -f accounts.yaml");
    let head: Vec<&str> = said.lines().take(5).map(|line| line.split_once("  ").unwrap().1).collect();
    assert_eq!(head, ["200 providers", "200 rows", "50 bridges with 100 numbers", "2000 partners", "2000 rows"]);
    assert!(said.contains("Verified: a plan for what was adopted is empty"), "{said}");
    assert!(!said.contains("Not written"), "nothing is left to do by hand but secrets: {said}");
    // A page at a time for partners and configurations, one look at each bridge: never one request an object.
    assert!(requests <= 60, "{requests} requests");
    assert_eq!(story.ledger()["objects"].as_object().unwrap().len(), 2250);

    let (plan, requests) = timed("plan -f accounts.yaml -f telform --detailed-exitcode");
    assert!(plan.contains("Plan: no changes") && !plan.contains("left alone"), "{plan}");
    assert!(requests <= 60, "{requests} requests");
    let read = |name: &str| story.read(&format!("telform/{name}"));
    let names =
        ["carrierx-partners.yaml", "carrierx-partners.csv", "unpod-bridges.yaml", "unpod-providers.yaml", "unpod-providers.csv"];
    let first = names.map(read);
    timed("adopt --all --out telform -f accounts.yaml");
    assert!(names.map(read) == first, "the same bytes again");
    assert!(first.iter().all(|text| !text.contains("canary-")), "no secret in a file");
}
