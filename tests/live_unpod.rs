//! Live reading of Unpod accounts against small servers of our own.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use serde_json::{Value, json};
use telform::backend::unpod;
use telform::ledger::Ledger;
use telform::resource::{Desired, Organization, Target};
use telform::value::Secret;

mod live_world;

use live_world::*;

const CONFIGURATIONS: &str = "telephony/providers-configurations/";
const OTHER_SPELLING: &str = "telephony/provider-configurations/";

fn configuration(id: u64, provider: &str, sid: &str) -> Value {
    json!({"id": id, "provider": provider, "account_sid": sid, "created_at": "2026-02-07T10:00:00Z"})
}

fn listing(rows: Value) -> Answer {
    ok(json!({"status_code": 200, "message": "ok", "data": rows}))
}

/// A service of the documented generation with two configurations, one bridge and two numbers.
fn g2(asked: &Asked) -> Answer {
    match asked.path.as_str() {
        "organizations/" => organizations(),
        "telephony/providers/" => catalogue_g2(),
        CONFIGURATIONS => {
            listing(json!([configuration(42, "twilio", "AC1"), configuration(43, "plivo", "MA1")]))
        }
        "telephony/bridges/" => ok(json!({"count": 1, "status_code": 200, "message": "ok", "data": [
            {"id": 314, "name": "Sales", "slug": "sales", "provider": "twilio",
             "numbers": [{"id": 501, "number": "+14155550101", "status": "active"}]}]})),
        "telephony/bridges/sales/" => ok(json!({"status_code": 200, "message": "ok", "data":
            {"id": 314, "name": "Sales", "slug": "sales", "numbers": [
                {"id": 501, "number_id": 25, "number": "+14155550101", "state": "ASSIGNED", "active": true}]}})),
        "telephony/numbers/" => listing(json!([
            {"id": 501, "number": "+14155550101", "provider": "twilio", "bridge_slug": "sales", "status": "active"},
            {"id": 502, "number": "+14155550102", "provider": "plivo", "bridge_slug": null, "status": "inactive"}])),
        path if path.starts_with("telephony/") => {
            status(404, json!({"status_code": 404, "message": "Bridge not found."}))
        }
        _ => no_such_path(),
    }
}

fn unpod_desired(world: &World, kinds: &[&str]) -> Desired {
    desired(account("unpod", &unpod::BACKEND, &world.base), kinds)
}

#[tokio::test]
async fn reads_configurations_alone_when_nothing_may_go() {
    let world = World::new(g2).await;
    let (live, requests) = read(&unpod_desired(&world, &["providers"]), &Ledger::default(), false).await;
    let live = live.unwrap().accounts.remove("unpod").unwrap();
    assert_eq!(requests, 3, "{:?}", world.paths());
    assert_eq!(live.facts.generation, Some(2));
    assert_eq!(live.facts.configurations.as_deref(), Some("providers-configurations"));
    assert_eq!(live.facts.organization, Organization::Confirmed);
    assert_eq!(live.facts.catalogue.len(), 2);
    assert!(live.connections.is_none() && !live.objects.contains_key("bridges"));
    let objects = &live.objects["providers"];
    assert_eq!(objects.iter().map(|object| object.id.as_str()).collect::<Vec<_>>(), ["42", "43"]);
    assert_eq!(objects[0].attributes["provider"], "twilio");
    assert_eq!(objects[0].attributes["account_sid"], "AC1");
    assert!(objects[0].secrets.is_empty());
}

#[tokio::test]
async fn reads_bridges_when_they_are_managed() {
    let world = World::new(g2).await;
    let (live, requests) =
        read(&unpod_desired(&world, &["providers", "bridges"]), &Ledger::default(), false).await;
    let live = live.unwrap().accounts.remove("unpod").unwrap();
    assert_eq!(requests, 6, "{:?}", world.paths());
    assert!(world.paths().contains(&"telephony/bridges/?page=1&page_size=100".to_owned()));
    assert!(world.paths().contains(&"telephony/numbers/?include_assigned=true".to_owned()));
    let connections = live.connections.unwrap();
    assert_eq!(connections.len(), 1);
    assert_eq!((connections[0].bridge.as_str(), connections[0].number.as_str()), ("sales", "+14155550101"));
    assert_eq!(
        (connections[0].number_id, &connections[0].target),
        (None, &Target::Inferred("42".to_owned()))
    );
    assert_eq!(live.objects["bridges"][0].id, "sales");
    assert_eq!(live.objects["bridges"][0].attributes["name"], "Sales");
    assert_eq!(live.numbers["+14155550102"].bridge, None);
    assert_eq!(live.numbers["+14155550101"].bridge.as_deref(), Some("sales"));
}

/// A service of the older generation: another spelling, secrets in clear, `data: {}`, API tokens refused at organizations.
fn g1(asked: &Asked) -> Answer {
    let details = json!({"id": 6, "name": "Vapi", "description": "text", "icon": null});
    match asked.path.as_str() {
        "organizations/" => status(
            401,
            json!({"message": "Authentication credentials were not provided.", "status_code": 401}),
        ),
        "telephony/providers/" => {
            listing(json!([details, {"id": 4, "name": "LiveKit", "description": "x", "icon": null}]))
        }
        OTHER_SPELLING => listing(json!([
            {"id": 41, "name": "Main", "provider": 6, "provider_details": details, "org_handle": "acme.example",
             "meta_json": {}, "active": true, "api_key": "key-main", "api_secret": "********", "base_url": null,
             "sip_url": ""}])),
        "telephony/bridges/" => ok(json!({"count": 1, "status_code": 200, "message": "Success", "data": [
            {"id": 301, "name": "Sales", "slug": "sales-1f5evfn7", "status": "DRAFT", "description": null}]})),
        "telephony/bridges/sales-1f5evfn7/" => ok(json!({"status_code": 200, "message": "Success", "data":
            {"id": 301, "name": "Sales", "slug": "sales-1f5evfn7", "region": "IN", "org_handle": "acme.example", "numbers": [
                {"id": 702, "number_id": 502, "number": "+14155550102", "provider_configuration": null, "config_json": {}},
                {"id": 701, "number_id": 501, "number": "+14155550101", "config_json": {},
                 "provider_configuration": {"id": 41, "api_key": "key-main", "api_secret": "secret-main"}}]}})),
        "telephony/numbers/" => listing(json!([{"id": 503, "number": "+14155550103", "active": true}])),
        _ => no_such_path(),
    }
}

#[tokio::test]
async fn reads_the_older_generation_and_keeps_no_secret() {
    let world = World::new(g1).await;
    let mut desired = unpod_desired(&world, &["providers", "bridges"]);
    desired.accounts["unpod"].product_id = Some("unpod.ai".to_owned());
    let (live, requests) = read(&desired, &Ledger::default(), false).await;
    let live = live.unwrap().accounts.remove("unpod").unwrap();
    assert_eq!(requests, 7, "{:?}", world.paths());
    assert_eq!(live.facts.generation, Some(1));
    assert_eq!(live.facts.configurations.as_deref(), Some("provider-configurations"));
    assert_eq!(live.facts.organization, Organization::Confirmed);
    let object = &live.objects["providers"][0];
    assert_eq!(object.attributes["provider"], 6);
    assert_eq!(object.attributes["base_url"], Value::Null);
    assert!(!object.attributes.contains_key("provider_details"));
    let expected = key().fingerprint("providers", "api_key", &Secret::new("key-main"));
    assert_eq!(object.secrets["api_key"].as_ref(), Some(&expected));
    assert_eq!(object.secrets["api_secret"], None);
    let connections = live.connections.as_ref().unwrap();
    assert_eq!(connections[0].target, Target::Exact("41".to_owned()));
    assert_eq!((connections[1].number_id, &connections[1].target), (Some(502), &Target::Unserved));
    assert_eq!(live.numbers["+14155550103"].id, Some(503));
    assert_eq!(live.numbers["+14155550101"].id, Some(501));
    assert_eq!(live.objects["bridges"][0].attributes["region"], "IN");
    let shown = format!("{live:?}");
    assert!(!shown.contains("key-main") && !shown.contains("secret-main"), "{shown}");
}
