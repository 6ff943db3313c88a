//! `1` and `1.0` are one number and two texts: a service may distinguish them, so telform does wherever they are sent
//! differently.

use serde_json::Value;

use crate::bench::Story;
use crate::partners::{verified, west};

const SID: &str = "partners/3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410";

/// The partner with this number in a map, in a list of maps, and in a nested one, all of which hold any value.
fn with(number: &str) -> String {
    west(&format!(
        "    attributes: {{ n: {number} }}\n    transformations: [ {{ steps: [ {{ by: {number} }} ] }} ]\n    callbacks: {{ sms: https://hooks.example/x }}\n"
    ))
}

fn plan(story: &Story, file: &str) -> Value {
    story.expect(0, &format!("plan --out {file}"));
    serde_json::from_str(&story.read(file)).unwrap()
}

/// The value of the first write, as sent over the wire.
fn sent(story: &Story) -> String {
    let writes = story.writes();
    writes.first().unwrap_or_else(|| panic!("nothing was sent")).clone()
}

#[test]
fn what_is_sent_apart_is_another_plan() {
    for (one, other) in [("1", "1.0"), ("0", "-0.0"), ("9007199254740991", "9007199254740991.0")] {
        let story = verified("");
        story.carrierx(&with(one));
        let first = plan(&story, "one.json");
        story.carrierx(&with(other));
        let second = plan(&story, "other.json");
        assert_ne!(first["digest"], second["digest"], "{one} and {other}");
        // The plan of the one does not apply the other, and shows which is which.
        let ran = story.expect(4, "apply one.json --auto-approve");
        ran.says(&format!("{{\"n\":{one}}}")).says(&format!("{{\"n\":{other}}}"));
        story.expect(4, &format!("apply --auto-approve --expect {}", first["digest"].as_str().unwrap()));
        assert_eq!(story.writes(), [""; 0]);
        for file in ["one.json", "other.json"] {
            story.expect(0, &format!("verify {file}"));
        }
        // What it shows is what it sends.
        for format in ["text", "markdown", "html", "json"] {
            let shown = story.expect(0, &format!("show other.json --format {format}")).stdout;
            let shown = shown.replace("&quot;", "\"").replace(' ', "");
            assert!(shown.contains(&format!("\"n\":{other}")), "{format}: {shown}");
        }
        story.expect(0, "apply other.json --auto-approve");
        assert!(sent(&story).contains(&format!("{{\"n\":{other}}}")), "{}", sent(&story));
        story.in_sync();
        // And back again.
        story.carrierx(&with(one));
        story.expect(2, "plan --detailed-exitcode");
        story.sandbox.clear_log();
        story.expect(0, "apply --auto-approve");
        assert!(sent(&story).contains(&format!("{{\"n\":{one}}}")), "{}", sent(&story));
    }
}

/// A document with a different spelling of the same number is not the approved one.
#[test]
fn a_plan_in_which_a_number_is_written_otherwise_is_found() {
    let story = verified("");
    story.carrierx(&with("1"));
    let planned = plan(&story, "plan.json");
    let altered = story.read("plan.json").replace("\"n\":1", "\"n\":1.0");
    let mut altered: Value = serde_json::from_str(&altered).unwrap();
    assert_ne!(altered["plan"], planned["plan"]);
    story.file("altered.json", &crate::bound::sealed(&altered));
    story.expect(1, "verify altered.json").says("telform::verify::digest");
    story.expect(1, "apply altered.json --auto-approve").says("telform::plan::changed");
    // Nor where only one of the two places of a value is written otherwise.
    altered["plan"]["changes"] = planned["plan"]["changes"].clone();
    let text = crate::bound::sealed(&altered);
    story.file("altered.json", &text);
    story.expect(1, "verify altered.json").says("telform::verify::");
    assert_eq!(story.writes(), [""; 0]);
}

/// Whole numbers beyond what a double keeps: a service may show them, and no digest mistakes one for its neighbour.
#[test]
fn large_numbers_are_not_taken_for_their_neighbours() {
    let story = verified("");
    story.carrierx(&with("1"));
    let mut digests = Vec::new();
    for shown in ["9007199254740992", "9007199254740993", "18446744073709551615", "9007199254740992.0", "1e+300"] {
        story.sandbox.edit(|world| {
            let number: Value = serde_json::from_str(shown).unwrap();
            world.carrierx.partners[0].fields.insert("attributes".to_owned(), serde_json::json!({ "n": number }));
        });
        let planned = plan(&story, "plan.json");
        story.expect(0, "verify plan.json");
        story.expect(0, "show plan.json").says(&format!("\"n\": {shown}\n"));
        digests.push(planned["digest"].clone());
    }
    let different: std::collections::BTreeSet<String> = digests.iter().map(ToString::to_string).collect();
    assert_eq!(different.len(), digests.len(), "{digests:?}");
    // YAML states none that its readers would change.
    for (stated, good) in [
        ("9007199254740991", true),
        ("9007199254740992", false),
        ("9007199254740993", false),
        ("-9007199254740992", false),
        ("9007199254740993.0", false),
        ("9007199254740994.0", false),
        ("100000000000000000000.0", false),
        ("1e0", false),
        ("1E1", false),
        ("0.1", true),
    ] {
        story.carrierx(&with(stated));
        let ran = story.expect(if good { 0 } else { 1 }, "plan");
        assert!(good || ran.stderr.contains("telform::yaml::quote"), "{stated}: {}", ran.stderr);
    }
}

/// A different spelling of the same number is a change of what the service stores.
#[test]
fn a_number_that_is_written_otherwise_is_drift_where_any_value_may_stand() {
    let story = verified("");
    story.carrierx(&with("1"));
    story.apply();
    story.in_sync();
    story.expect(0, "drift");
    story.sandbox.edit(|world| {
        world.carrierx.partners[0].fields.insert("attributes".to_owned(), serde_json::json!({ "n": 1.0 }));
    });
    story.expect(2, "drift").says("partners.west");
    story.expect(2, "plan --detailed-exitcode").says("1.0");
}

/// Where the type defines a value, its spelling does not matter: money, and providers by their ids.
#[test]
fn a_typed_value_in_another_form_is_no_drift() {
    let story = verified("");
    for (wanted, shown) in [
        ("500", "500.0"),
        ("500.00", "5E2"),
        ("\"0.0000005\"", "5e-7"),
        ("1.50", "1.5"),
        ("0", "-0.0"),
        ("\"1000000000000000000000\"", "1e21"),
    ] {
        story.sandbox.edit(|world| {
            let number: Value = serde_json::from_str(shown).unwrap();
            world.carrierx.partners[0].fields.insert("spending_limit".to_owned(), number);
        });
        story.carrierx(&west(&format!("    spending_limit: {wanted}\n")));
        let ran = story.expect(0, "plan --detailed-exitcode");
        ran.says("no changes");
    }
    assert!(story.writes().is_empty(), "{SID} was left alone");
}

/// What no file may state is also carried over unchanged to the replacement of its object.
#[test]
fn what_is_carried_over_is_sent_as_it_was() {
    let mut digests = std::collections::BTreeSet::new();
    for shown in ["1", "1.0", "9007199254740992", "9007199254740993"] {
        let story = Story::new(&format!(
            "
unpod:
  profile: g1-snapshot
  organizations: [ {{ handle: acme.example, name: One }}, {{ handle: two.example, name: Two }} ]
  configurations:
    - {{ id: 41, provider: LiveKit, name: main, meta_json: {{ n: {shown} }} }}
    - {{ id: 42, provider: Vapi, name: other, organization: two.example }}
"
        ));
        let account = |name: &str, handle: &str| {
            format!(
                "  {name}: {{ api: unpod, base_url: \"{}\", org_handle: {handle}, product_id: prod, all_products: true, requests_per_minute: 60000, settle_after: 0s, token: {{ env: UNPOD_TOKEN }} }}\n",
                story.sandbox.unpod_url()
            )
        };
        let write = |of: &str, more: &str| {
            let accounts = [account("unpod", "acme.example"), account("two", "two.example")].concat();
            let main = format!("providers:\n  main: {{ account: {of}, name: main, provider: LiveKit }}\n");
            // The port is another one each time, and part of the digest.
            story.file("telform.yaml", &format!("version: 1\naccounts:\n{accounts}{main}{more}"));
        };
        write("unpod", "");
        story.apply();
        write("two", "moved: [{ from: providers.main, account: unpod, to: providers.main }]\n");
        story.expect(0, "plan --max-deletes 9 --out plan.json");
        let mut planned: Value = serde_json::from_str(&story.read("plan.json")).unwrap();
        for account in planned["plan"]["accounts"].as_array_mut().unwrap() {
            account["base_url"] = "http://127.0.0.1/".into();
        }
        digests.insert(telform::model::value::to_canonical_json(&planned["plan"]));
        story.expect(0, "apply plan.json --auto-approve");
        let world = story.sandbox.world();
        let made = world.unpod.configurations.iter().find(|it| it.name.as_deref() == Some("main")).unwrap();
        assert_eq!(made.meta_json.to_string(), format!("{{\"n\":{shown}}}"));
    }
    assert_eq!(digests.len(), 4);
}

/// Numbers that YAML cannot state in a way that all readers keep are reported, and left out.
#[test]
fn what_is_adopted_is_what_is_there() {
    let story = verified("");
    story.carrierx("partners: {}\n");
    for (shown, stated) in
        [("1.0", true), ("-0.0", true), ("0.5", true), ("9007199254740993", false), ("1e-7", false), ("1e+300", false)]
    {
        story.sandbox.edit(|world| {
            let number: Value = serde_json::from_str(shown).unwrap();
            let fields = &mut world.carrierx.partners[0].fields;
            fields.insert("attributes".to_owned(), serde_json::json!({ "n": number }));
            fields.insert("daily_spending_limit".to_owned(), serde_json::json!(5e-7));
        });
        let folder = format!("there{}", shown.len());
        let ran = story.expect(0, &format!("adopt --all --out {folder}"));
        let yaml: String = std::fs::read_dir(story.path(&folder))
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        assert_eq!(yaml.contains(&format!("n\": {shown}\n")) || yaml.contains(&format!("n: {shown}\n")), stated, "{yaml}");
        assert!(stated || ran.stdout.contains("attributes") || ran.stderr.contains("attributes"), "{}", ran.whole());
        assert!(yaml.contains("\"0.0000005\""), "{yaml}");
        std::fs::remove_dir_all(story.path(&folder)).unwrap();
    }
}
