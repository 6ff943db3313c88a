//! The independent checker on documents from files: valid ones, one for each broken rule, and every mutant of a valid one.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use telform::verify::{self, PlanVerification};

use crate::mutants::{everywhere, forged, reordered, with_checksum, without};

fn text(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify-plans");
    fs::read_to_string(folder.join(name)).expect("a document")
}

pub(crate) fn document(name: &str) -> Value {
    serde_json::from_str(&text(name)).expect("JSON")
}

fn verdict(text: &str) -> PlanVerification {
    verify::verify_plan(text.as_bytes())
}

fn codes(verdict: &PlanVerification) -> Vec<&str> {
    let mut codes: Vec<&str> =
        verdict.violations.iter().map(|it| it.code.strip_prefix("telform::verify::").expect("a code")).collect();
    codes.dedup();
    codes
}

/// `TELFORM_EVERY_MUTANT=1` tries everything that is otherwise only sampled.
fn every(nth: usize) -> usize {
    if std::env::var_os("TELFORM_EVERY_MUTANT").is_some() { 1 } else { nth }
}

#[test]
fn good_plans() {
    for name in ["small.json", "overwrites.json", "quickstart.json", "references.json", "parts.json"] {
        let verdict = verdict(&text(name));
        assert!(verdict.verified && verdict.applicable, "{name}: {:#?}", verdict.violations);
    }
}

/// The id of the parent in the request that creates its child.
const ID_OF_PARENT: &str = "/steps/1/call/body/object/parent_sid/with_ids/ids/";
/// The ids of rules inside the ACLs of a partner.
const PARTS: &str = "/steps/1/call/body/object/parent_assigned_acls";
/// The rule that is deleted.
const OLD_RULE: &str = "7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01";
/// The id of the parent that is deleted.
const OLD_PARENT: &str = "9c1e7b33-0d52-4b9c-b6f7-2f4a8d7c6e05";

/// One broken rule each: document, its code, position in the plan, the value there instead (nothing: the member is removed).
/// The forger has corrected the digest and the summary.
fn broken() -> Vec<(&'static str, &'static str, &'static str, Option<Value>)> {
    vec![
        ("small.json", "ids", "/steps/2/id", Some(json!("s2"))),
        ("small.json", "source", "/secrets", None),
        ("quickstart.json", "source", "/secrets/providers.backup/auth_token", Some(json!("env OTHER"))),
        ("overwrites.json", "source", "/changes/3/attributes/0/source", None),
        ("small.json", "phases", "/steps/3/phase", Some(json!("delete"))),
        ("small.json", "waits", "/steps/2/waits_for", Some(json!(["s1", "s2", "s3"]))),
        ("small.json", "waits", "/steps/2/waits_for", Some(json!(["s1", "s2", "s5"]))),
        ("small.json", "number", "/steps/3/waits_for", Some(json!(["s1"]))),
        ("small.json", "number", "/steps/2/waits_for", None),
        ("small.json", "reference", "/steps/3/waits_for", Some(json!(["s3"]))),
        ("small.json", "read_back", "/steps/4/waits_for", Some(json!(["s4"]))),
        ("small.json", "read_back", "/steps/4/operation/numbers/+14155550101", Some(Value::Null)),
        ("small.json", "delete", "/steps/5/waits_for", None),
        // All read-backs one by one are not the barrier; nor is another phase, one that does not exist, or the barrier twice.
        ("small.json", "delete", "/steps/5/waits_for", Some(json!(["s5"]))),
        ("small.json", "delete", "/steps/5/waits_for", Some(json!(["phase:rewire"]))),
        ("small.json", "delete", "/steps/5/waits_for", Some(json!(["phase:Read_back"]))),
        ("small.json", "waits", "/steps/5/waits_for", Some(json!(["phase:read_back", "phase:rewire"]))),
        ("small.json", "waits", "/steps/5/waits_for", Some(json!(["phase:read_back", "phase:read_back"]))),
        ("small.json", "waits", "/steps/5/waits_for", Some(json!(["phase:read_back", "s5"]))),
        ("small.json", "waits", "/steps/4/waits_for", Some(json!(["s3", "s4", "phase:read_back"]))),
        ("small.json", "delete", "/steps/4/phase", Some(json!("rewire"))),
        ("small.json", "delete", "/steps/5/operation/cut", None),
        ("overwrites.json", "delete", "/steps/7/waits_for", Some(json!(["phase:read_back"]))),
        ("overwrites.json", "delete", "/steps/7/operation/cut", Some(json!([["old", "+14155550102"]]))),
        ("small.json", "request", "/steps/5/call/path", Some(json!("telephony/providers-configurations/43/"))),
        ("small.json", "request", "/steps/5/call/path", Some(json!("https://evil.example/42/"))),
        ("small.json", "request", "/steps/1/call/method", Some(json!("POST"))),
        ("small.json", "request", "/steps/1/call/query", None),
        ("small.json", "body", "/steps/2/call/body/object/phone_number/value", Some(json!("+14155550109"))),
        ("small.json", "body", "/steps/3/call/body/object/provider_config_id", Some(json!({ "value": 42 }))),
        ("overwrites.json", "body", "/steps/2/call/body/object/number_id/value", Some(json!(503))),
        ("overwrites.json", "body", "/steps/0/call/body/object/numberIds/value", Some(json!([501]))),
        ("small.json", "secret", "/steps/0/call/body/object/auth_token", Some(json!({ "value": "canary" }))),
        ("small.json", "secret", "/steps/0/call/body/object/auth_token/secret/attribute", Some(json!("other"))),
        ("small.json", "secret", "/steps/5/operation/before/auth_token", Some(json!("canary"))),
        ("small.json", "secret", "/steps/1/operation/before/password", Some(json!("canary"))),
        ("small.json", "account", "/steps/5/call/account", Some(json!("carrierx"))),
        ("small.json", "account", "/accounts/0/base_url", Some(json!("http://evil.example/"))),
        ("small.json", "account", "/accounts/0/base_url", Some(json!("https://good.example@evil.example/"))),
        ("small.json", "owner", "/changes/2/steps", Some(json!([]))),
        ("small.json", "owner", "/steps/2/address", Some(json!("bridges.other"))),
        ("small.json", "action", "/changes/2/action", Some(json!("update"))),
        ("small.json", "action", "/steps/0/operation/replaces", Some(json!("42"))),
        ("small.json", "attribute", "/changes/1/attributes/0/after/value", Some(json!("90805"))),
        ("small.json", "attribute", "/steps/1/call/body/object/city", Some(json!({ "value": "Compton" }))),
        ("small.json", "belief", "/steps/1/operation/expect/zip", None),
        ("small.json", "belief", "/steps/5/operation/before/account_sid", Some(json!("other"))),
        ("small.json", "shown", "/changes/0/attributes/0/after/value/+14155550101", Some(json!("providers.other"))),
        ("small.json", "number", "/steps/2/operation/before", Some(json!("not_there"))),
        ("small.json", "number", "/steps/3/operation/before", Some(json!({ "by": { "id": "42", "known": "inferred" } }))),
        ("small.json", "number", "/steps/3/operation/provider", Some(json!({ "id": "42" }))),
        ("small.json", "delete", "/steps/5/operation/frees", Some(json!(["+14155550101"]))),
        ("overwrites.json", "delete", "/steps/6/operation/frees", Some(json!(["+14155550102", "+14155550102"]))),
        ("quickstart.json", "delete", "/steps/16/waits_for", Some(json!(["phase:read_back"]))),
        ("small.json", "action", "/changes/0/id", Some(json!("other"))),
        ("small.json", "action", "/changes/1/id", Some(json!("other"))),
        ("small.json", "action", "/changes/2/id", Some(json!("43"))),
        ("small.json", "action", "/changes/3/id", Some(json!("44"))),
        ("quickstart.json", "action", "/steps/0/operation/replaces", Some(json!("40"))),
        ("quickstart.json", "action", "/steps/0/operation/replaces", None),
        ("small.json", "attribute", "/steps/0/call/body/object/account_sid/value", Some(json!("other"))),
        ("small.json", "shown", "/changes/0/attributes/0/before/value/+14155550101", Some(json!("providers.other"))),
        ("small.json", "impact", "/impact", Some(json!([]))),
        ("small.json", "impact", "/impact/0/effect", Some(json!("dark"))),
        ("small.json", "impact", "/impact/0/from/provider", Some(json!("providers.other"))),
        ("overwrites.json", "impact", "/impact/0/number", Some(json!("+14155550104"))),
        ("small.json", "learnt", "/ledger/0/adopt/id", Some(json!("other-bridge"))),
        // Nothing is deleted in the account that it is said to leave; that account is its own; an update leaves nothing.
        ("quickstart.json", "action", "/changes/4/also_leaves", Some(json!(["carrierx"]))),
        ("quickstart.json", "action", "/changes/4/also_leaves", Some(json!(["unpod"]))),
        ("quickstart.json", "action", "/changes/0/also_leaves", Some(json!(["carrierx"]))),
        // An id that no earlier create makes, or of another kind of step; an address, or nothing, in place of an id; an id where
        // no object is named; a name of what is deleted; and a delete that does not wait for what takes its name away.
        ("references.json", "reference", "/steps/1/waits_for", None),
        ("references.json", "reference", ID_OF_PARENT, Some(json!("s3"))),
        ("references.json", "reference", ID_OF_PARENT, Some(json!("s5"))),
        ("references.json", "reference", "/steps/1/call/body/object/parent_sid", Some(json!({ "value": "partners.reseller" }))),
        ("references.json", "reference", "/steps/1/call/body/object/parent_sid/with_ids/value", Some(json!(OLD_PARENT))),
        ("references.json", "reference", "/steps/1/call/body/object/parent_sid/with_ids/ids", Some(json!({}))),
        (
            "references.json",
            "reference",
            "/steps/1/call/body/object/name",
            Some(json!({ "with_ids": { "value": "", "ids": { "": "s1" } } })),
        ),
        ("references.json", "reference", "/steps/2/call/body/object/parent_sid", Some(json!({ "value": OLD_PARENT }))),
        ("references.json", "reference", "/steps/4/waits_for", Some(json!(["phase:read_back"]))),
        (
            "references.json",
            "reference",
            "/references",
            Some(json!({ "partners.trunk": { "account": "carrierx", "id": OLD_PARENT } })),
        ),
        ("parts.json", "reference", PARTS, Some(json!({ "value": [{ "access_control_rules": ["access_rules.premium"] }] }))),
        ("parts.json", "reference", "/steps/1/call/body/object/parent_assigned_acls/with_ids/ids", Some(json!({}))),
        (
            "parts.json",
            "reference",
            "/steps/1/call/body/object/parent_assigned_acls/with_ids/ids",
            Some(json!({ "/0/direction": "s1" })),
        ),
        ("parts.json", "reference", "/steps/1/waits_for", Some(json!([]))),
        ("parts.json", "reference", PARTS, Some(json!({ "value": [{ "access_control_rules": [OLD_RULE] }] }))),
        (
            "parts.json",
            "reference",
            "/steps/2/call/body/object/parent_assigned_acls",
            Some(json!({ "value": [{ "access_control_rules": [OLD_RULE], "direction": "any" }] })),
        ),
        ("parts.json", "reference", "/steps/3/waits_for", Some(json!(["phase:read_back"]))),
        ("references.json", "attribute", "/changes/0/attributes/9/after/value", Some(json!("partners.other"))),
        ("small.json", "shape", "/steps/0/more", Some(json!(1))),
        // A list of pairs is not a map, although some readers take it for one.
        ("small.json", "shape", "/steps/1/operation/expect", Some(json!([["zip", "90802"]]))),
        ("small.json", "shape", "/steps/1/operation/expect", Some(json!([]))),
        ("small.json", "shape", "/steps/0/operation/more", Some(json!(1))),
        ("small.json", "shape", "/impact/0/dark_steps", Some(json!(1.0))),
    ]
}

#[test]
fn each_broken_rule_is_named() {
    for (name, code, place, value) in broken() {
        let good = document(name);
        let mut plan = good["plan"].clone();
        let (parent, key) = place.rsplit_once('/').expect("a pointer");
        let parent = plan.pointer_mut(parent).expect(place);
        match (parent, value.clone()) {
            (Value::Object(map), Some(value)) => _ = map.insert(key.to_owned(), value),
            (Value::Object(map), None) => _ = map.remove(key).expect(place),
            _ => panic!("{place}"),
        }
        let verdict = verdict(&forged(&good, &plan));
        assert!(codes(&verdict).contains(&code), "{name} {place} {value:?}: {:#?}", verdict.violations);
        assert!(!codes(&verdict).contains(&"digest") && !verdict.applicable);
    }
}

/// A make and a delete that are both listed as part of an update do not make up for each other.
#[test]
fn an_update_neither_makes_nor_deletes() {
    let good = document("small.json");
    let mut plan = good["plan"].clone();
    assert_eq!(plan["changes"][0]["action"], "update");
    for step in [0, 5] {
        plan["steps"][step]["address"] = plan["changes"][0]["address"].clone();
    }
    let verdict = verdict(&forged(&good, &plan));
    let told = |it: &verify::CheckerViolation| it.code.ends_with("::action") && it.place == "/plan/changes/0/action";
    assert!(verdict.violations.iter().any(told), "{:#?}", verdict.violations);
}

#[test]
fn what_stands_around_the_plan() {
    let good = document("small.json");
    for (key, value, code) in [
        ("format", json!("telform-journal"), "format"),
        ("format_version", json!(2), "format"),
        ("digest", json!("sha256:00"), "digest"),
        ("summary", json!("no changes"), "summary"),
        ("pending", json!(false), "summary"),
        ("refused", json!(true), "summary"),
        ("more", json!(1), "shape"),
        ("checksum", json!("sha256:00"), "checksum"),
    ] {
        let mut changed = good.clone();
        changed[key] = value;
        assert_eq!(codes(&verdict(&changed.to_string())), [code], "{key}");
    }
    let text = text("small.json");
    for (broken, code) in [
        (text.replacen("\"id\": \"s1\",", "\"id\": \"s1\", \"id\": \"s1\",", 1), "json"),
        (text.replacen("\"auth_token\": {", "\"auth_token\": { \"value\": 1 }, \"auth_token\": {", 1), "json"),
        (text.replacen("\"format_version\": 1", "\"format_version\": 1.0", 1), "format"),
        (text.replacen("90802", "90802\u{7}", 1), "json"),
        (format!("{text} x"), "json"),
        (format!("\u{feff}{text}"), "json"),
        (text[..text.len() / 2].to_owned(), "json"),
        (String::new(), "json"),
        ("[".repeat(100_000), "json"),
    ] {
        assert_eq!(codes(&verdict(&broken)), [code], "{}", broken.chars().take(80).collect::<String>());
    }
    assert_eq!(codes(&verify::verify_plan(b"{\"\xff\": 1}")), ["json"]);
}

/// A write to an unconfirmed organization is refused, in each account that has one.
#[test]
fn an_organization_that_is_not_confirmed() {
    let mut good = document("small.json");
    good["origin"]["organizations"] = json!({ "unpod": "the token may not list them", "carrierx": "confirmed" });
    let mut plan = good["plan"].clone();
    let found = verdict(&forged(&good, &plan));
    let told = |it: &verify::CheckerViolation| it.code.ends_with("::organization");
    let writes = plan["steps"].as_array().expect("steps").iter();
    let writes = writes.filter(|step| step["call"]["account"] == "unpod" && step["call"]["method"] != "GET").count();
    assert_eq!(found.violations.iter().filter(|it| told(it)).count(), writes);
    plan["refusals"] = json!([{ "code": "unconfirmed_organization", "account": "other", "detail": "no" }]);
    assert!(verdict(&forged(&good, &plan)).violations.iter().any(told));
    plan["refusals"][0]["account"] = json!("unpod");
    let fine = verdict(&forged(&good, &plan));
    assert!(fine.verified && !fine.applicable, "{:#?}", fine.violations);
}

/// A refused plan may be in order, and is not applicable; its secrets, names and sums are nevertheless checked.
#[test]
fn a_refused_plan_is_not_applicable() {
    let good = document("small.json");
    for code in ["max_deletes", "create_only"] {
        let mut plan = good["plan"].clone();
        plan["refusals"] = json!([{ "code": code, "account": "unpod", "detail": "no" }]);
        let fine = verdict(&forged(&good, &plan));
        assert!(fine.verified && !fine.applicable, "{:#?}", fine.violations);
        assert_eq!(fine.seen.expect("read").complete, code == "max_deletes");
        plan["steps"][0]["call"]["body"]["object"]["auth_token"] = json!({ "value": "canary" });
        assert!(codes(&verdict(&forged(&good, &plan))).contains(&"secret"));
    }
}

/// Where the ledger has another object under an address than its entry means, nothing is done to it and nothing is adopted.
#[test]
fn what_means_another_object_is_left() {
    let good = document("quickstart.json");
    for code in ["account_changed", "pin_changed"] {
        for address in ["partners.acme-west", "providers.backup", "providers.old-plivo"] {
            let mut plan = good["plan"].clone();
            plan["refusals"] = json!([{ "code": code, "account": "unpod", "addresses": [address], "detail": "no" }]);
            let found = verdict(&forged(&good, &plan));
            assert!(codes(&found).contains(&"learnt"), "{code} {address}: {:#?}", found.violations);
        }
    }
    let mut plan = good["plan"].clone();
    plan["refusals"] = json!([{ "code": "create_only", "account": "unpod", "addresses": ["providers.backup"], "detail": "no" }]);
    assert!(!codes(&verdict(&forged(&good, &plan))).contains(&"learnt"));
}

/// What a plan says is connected although it is refused is connected by it, and no refusal concerns it.
#[test]
fn what_goes_on_is_connected_and_not_refused() {
    let good = document("quickstart.json");
    let connect = |it: &&Value| it["operation"].to_string().contains("connect");
    let steps = good["plan"]["steps"].as_array().expect("steps");
    let step = steps.iter().find(connect).expect("a connect").clone();
    let refused = |number: &str| {
        let mut raw = good.clone();
        raw["notices"] = json!([{ "code": "goes_on", "account": "unpod", "address": step["address"], "detail": number }]);
        raw["plan"]["refusals"] = json!([{ "code": "max_deletes", "account": "unpod", "detail": "no" }]);
        verdict(&forged(&raw, &raw["plan"]))
    };
    // The plan moves it: it is served until then.
    for number in ["+14155550101", "+19999999999"] {
        assert!(codes(&refused(number)).contains(&"goes_on"), "{number}: {:#?}", refused(number).violations);
    }
}

/// Every single change at every position is noticed, even with corrected digest, summary and checksum; except those that
/// cannot be noticed from the plan alone.
#[test]
fn every_mutant_is_refused() {
    for (name, nth) in [("small.json", 5), ("overwrites.json", 5), ("quickstart.json", 61)] {
        let good = document(name);
        let (mut refused, mut passed) = (0, 0);
        for mutation in everywhere(&good["plan"]).iter().step_by(every(nth)) {
            let plan = mutation.of(&good["plan"]);
            let honest = json!({ "plan": plan });
            let mut raw = good.clone();
            raw["plan"] = honest["plan"].clone();
            assert!(!verdict(&raw.to_string()).verified, "{name}: {} {}: the digest", mutation.place, mutation.what);
            let verdict = verdict(&with_checksum(&forged(&good, &plan)));
            if verdict.verified {
                passed += 1;
                let why = mutation.undetectable(&good["plan"]);
                assert!(why.is_some(), "{name}: {} {} passes", mutation.place, mutation.what);
            } else {
                refused += 1;
                assert!(!codes(&verdict).contains(&"digest") && !codes(&verdict).contains(&"checksum"), "{verdict:#?}");
            }
        }
        assert!(refused > 5 * passed, "{name}: {refused} refused, {passed} passed");
        println!("{name}: {refused} refused, {passed} passed");
    }
}

/// A step that is left out is missed even when all others are renamed; steps change places only where neither waits for the other.
#[test]
fn no_step_can_be_left_out_and_none_goes_before_its_turn() {
    for name in ["small.json", "overwrites.json", "quickstart.json"] {
        let good = document(name);
        let steps = good["plan"]["steps"].as_array().expect("steps");
        for at in 0..steps.len() {
            assert!(!verdict(&forged(&good, &without(&good["plan"], at))).verified, "{name} without {at}");
            for other in at + 1..steps.len() {
                let moved = verdict(&forged(&good, &reordered(&good["plan"], at, other)));
                let same = steps[at]["phase"] == steps[other]["phase"]
                    && !steps[other].to_string().contains(&format!("\"s{}\"", at + 1));
                assert!(!moved.verified || same, "{name}: {at} and {other}");
            }
        }
    }
}

/// With a checksum every byte counts, white space too.
#[test]
fn every_byte_of_a_saved_plan_counts() {
    for (name, nth) in [("small.json", 17), ("quickstart.json", 131)] {
        let saved = with_checksum(&text(name));
        let seen = verdict(&saved);
        assert!(seen.verified && seen.seen.expect("read").checksum);
        let bytes = saved.into_bytes();
        // The last hundred bytes hold the checksum itself.
        let places = (0..bytes.len()).step_by(every(nth)).chain(bytes.len() - 100..bytes.len());
        for place in places {
            for flip in [1, 0x20] {
                let mut changed = bytes.clone();
                changed[place] ^= flip;
                assert!(!verify::verify_plan(&changed).verified, "{name}: byte {place} with {flip}");
            }
        }
        let short = &bytes[..bytes.len() - 1];
        assert!(!verify::verify_plan(short).verified && !verify::verify_plan(&[&bytes[..], b" "].concat()).verified);
    }
}
