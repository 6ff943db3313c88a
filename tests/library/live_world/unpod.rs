//! Unpod services for tests of live reading.

use serde_json::{Value, json};
use telform::model::ledger::Ledger;
use telform::model::resource::{Desired, LiveAccount};
use telform::read::ReadError;
use telform::services::unpod;

use super::*;

pub(crate) const CONFIGURATIONS: &str = "telephony/providers-configurations/";
pub(crate) const OTHER_SPELLING: &str = "telephony/provider-configurations/";

pub(crate) fn configuration(id: u64, provider: &str, sid: &str) -> Value {
    json!({"id": id, "provider": provider, "account_sid": sid, "created_at": "2026-02-07T10:00:00Z"})
}

pub(crate) fn listing(rows: Value) -> Answer {
    ok(json!({"status_code": 200, "message": "ok", "data": rows}))
}

/// A service of the documented generation with two configurations, one bridge and two numbers.
pub(crate) fn g2(asked: &Asked) -> Answer {
    match asked.path.as_str() {
        "organizations/" => organizations(),
        "telephony/providers/" => catalogue_g2(),
        CONFIGURATIONS => listing(json!([configuration(42, "twilio", "AC1"), configuration(43, "plivo", "MA1")])),
        "telephony/bridges/" => ok(json!({"count": 1, "status_code": 200, "message": "ok", "data": [
            {"id": 314, "name": "Sales", "slug": "sales", "provider": "twilio",
             "numbers": [{"id": 501, "number": "+14155550101", "status": "active"}]}]})),
        "telephony/bridges/sales/" => ok(json!({"status_code": 200, "message": "ok", "data":
            {"id": 314, "name": "Sales", "slug": "sales", "numbers": [
                {"id": 501, "number_id": 25, "number": "+14155550101", "state": "ASSIGNED", "active": true}]}})),
        "telephony/numbers/" => listing(json!([
            {"id": 501, "number": "+14155550101", "provider": "twilio", "bridge_slug": "sales", "status": "active"},
            {"id": 502, "number": "+14155550102", "provider": "plivo", "bridge_slug": null, "status": "inactive"}])),
        path if path.starts_with("telephony/") => status(404, json!({"status_code": 404, "message": "Bridge not found."})),
        _ => no_such_path(),
    }
}

pub(crate) fn unpod_desired(world: &World, kinds: &[&str]) -> Desired {
    desired(account("unpod", &unpod::TABLE, &world.base), kinds)
}

/// A service of the older generation: another spelling, secrets in clear, `data: {}`, API tokens refused at organizations.
pub(crate) fn g1(asked: &Asked) -> Answer {
    let details = json!({"id": 6, "name": "Vapi", "description": "text", "icon": null});
    match asked.path.as_str() {
        "organizations/" => status(401, json!({"message": "Authentication credentials were not provided.", "status_code": 401})),
        "telephony/providers/" => listing(json!([details, {"id": 4, "name": "LiveKit", "description": "x", "icon": null}])),
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

/// `g2` with some answers replaced.
pub(crate) async fn world(replace: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> World {
    World::new(move |asked| replace(asked).unwrap_or_else(|| g2(asked))).await
}

pub(crate) async fn reading(world: &World, kinds: &[&str]) -> Result<LiveAccount, ReadError> {
    let (live, _) = read(&unpod_desired(world, kinds), &Ledger::default(), false).await;
    live.map(|mut live| live.accounts.remove("unpod").unwrap())
}

pub(crate) async fn error(world: &World, kinds: &[&str]) -> ReadError {
    reading(world, kinds).await.unwrap_err()
}

/// Every error names the account, what was tried, what it means and what to do.
pub(crate) fn says(error: &ReadError, parts: &[&str]) {
    let text = error.to_string();
    assert!(text.contains("account `unpod`"), "{text}");
    assert!(!error.tried.is_empty() && !error.means.is_empty() && !error.help.is_empty(), "{error:?}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

/// A bridge listing that always answers this.
pub(crate) fn bridges_answer(answer: impl Fn() -> Answer + Send + Sync + 'static) -> impl Fn(&Asked) -> Option<Answer> {
    move |asked| (asked.path == "telephony/bridges/").then(&answer)
}
