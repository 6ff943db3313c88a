//! The embedded simulator: each switch of Telnyx does what the table in `api/telnyx.md`, section 17, says.

use crate::sandbox_bench::*;
use crate::sandbox_telnyx::*;
use reqwest::Method;
use serde_json::{Value, json};
use telform::sandbox::*;

/// An account with these switches, written as in a world file.
async fn with(knobs: &str) -> Bench {
    Bench::of(&format!("{ACCOUNT}  knobs: {{ {knobs} }}\n")).await
}

fn north() -> String {
    format!("credential_connections/{NORTH}")
}

#[tokio::test]
async fn password_shown() {
    let bench = with("").await;
    assert_eq!(get(&bench, &north()).await.1["data"]["password"], "hunter2-north");
    let bench = with("password_shown: stars").await;
    for path in [north(), "credential_connections".to_owned()] {
        let (_, body) = get(&bench, &path).await;
        let row = if body["data"].is_array() { &body["data"][0] } else { &body["data"] };
        assert_eq!(row["password"], "********", "{path}");
    }
    assert_eq!(patch(&bench, &north(), json!({"active": false})).await.1["data"]["password"], "********");
    assert_eq!(patch(&bench, &north(), json!({"password": "hunter2-north"})).await.1["data"]["password"], "********");
    assert_eq!(patch(&bench, &north(), json!({"password": "hunter2-other"})).await.1["data"]["password"], "hunter2-other");
    // What was read can be sent, and is then the password.
    patch(&bench, &north(), json!({"password": "********"})).await;
    assert_eq!(bench.sandbox.world().telnyx.connections[0]["password"], "********");
}

#[tokio::test]
async fn nested_patch() {
    for (knob, profile, localization) in [
        ("merge", json!("1293384261075731400"), json!("US")),
        ("replace_with_defaults", Value::Null, json!("US")),
        ("replace_with_null", Value::Null, Value::Null),
    ] {
        let bench = with(&format!("nested_patch: {knob}")).await;
        let (status, body) = patch(&bench, &north(), json!({"outbound": {"channel_limit": 7}})).await;
        let outbound = &body["data"]["outbound"];
        assert_eq!((status, &outbound["channel_limit"]), (200, &json!(7)));
        let seen = |name: &str| outbound.get(name).cloned().unwrap_or_default();
        assert_eq!((seen("outbound_voice_profile_id"), seen("localization")), (profile, localization), "{knob}");
        // The union of what was there and what is wanted ends in the same state everywhere.
        let (_, before) = get(&bench, &north()).await;
        let mut union = before["data"]["outbound"].clone();
        union.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        union["channel_limit"] = 9.into();
        union["outbound_voice_profile_id"] = "1293384261075731400".into();
        let (_, after) = patch(&bench, &north(), json!({ "outbound": union })).await;
        union = after["data"]["outbound"].clone();
        union.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        assert_eq!((&union["channel_limit"], &union["outbound_voice_profile_id"]), (&json!(9), &json!("1293384261075731400")));
    }
}

/// A token that a replacement resets is generated again, so the account has another secret than before.
#[tokio::test]
async fn a_reset_token_is_another_one() {
    let south = format!("ip_connections/{SOUTH}");
    let own = json!({"outbound": {"ip_authentication_token": "hunter2-of-south"}});
    for (knob, kept) in [("merge", true), ("replace_with_defaults", false)] {
        let bench = with(&format!("nested_patch: {knob}")).await;
        patch(&bench, &south, own.clone()).await;
        let (_, body) = patch(&bench, &south, json!({"outbound": {"channel_limit": 7}})).await;
        let token = body["data"]["outbound"]["ip_authentication_token"].as_str().unwrap();
        assert!(token.len() >= 12 && (token == "hunter2-of-south") == kept, "{knob}: {token}");
    }
}

#[tokio::test]
async fn null_inner() {
    let body = json!({"inbound": {"channel_limit": null}});
    let bench = with("").await;
    assert_eq!(patch(&bench, &north(), body.clone()).await.1["data"]["inbound"]["channel_limit"], Value::Null);
    let bench = with("null_inner: reject_422").await;
    assert_eq!(refusal(patch(&bench, &north(), body.clone()).await), (422, "10015".into(), "/inbound/channel_limit".into()));
    assert_eq!(patch(&bench, &format!("fqdn_connections/{EAST}"), body).await.0, 200, "this schema has a null");
}

#[tokio::test]
async fn detach_with() {
    for (knob, empty, null) in
        [("empty", 200, 422), ("'null'", 422, 200), ("either", 200, 200), ("neither_422", 422, 422), ("ignored_200", 200, 200)]
    {
        for (value, expected) in [(json!(""), empty), (Value::Null, null)] {
            let bench = with(&format!("detach_with: {knob}")).await;
            let path = number_path(&bench).await;
            let (status, _) = patch(&bench, &path, json!({ "connection_id": value })).await;
            assert_eq!(status, expected, "{knob} {value}");
            let attached = number(&bench).await["connection_id"] == NORTH;
            assert_eq!(attached, expected != 200 || knob == "ignored_200", "{knob} {value}");
        }
    }
    // The profile of a connection is cleared in the same way.
    let clear = json!({"outbound": {"outbound_voice_profile_id": ""}});
    let bench = with("").await;
    assert_eq!(patch(&bench, &north(), clear.clone()).await.1["data"]["outbound"]["outbound_voice_profile_id"], Value::Null);
    assert_eq!(patch(&with("detach_with: neither_422").await, &north(), clear).await.0, 422);
}

#[tokio::test]
async fn delete_in_use() {
    for (knob, expected) in [("refuse_422_10021", (422, "10021")), ("refuse_400", (400, "10015"))] {
        let bench = with(&format!("delete_in_use: {knob}")).await;
        let (status, code, _) = refusal(delete(&bench, &north()).await);
        assert_eq!((status, code.as_str()), expected);
        assert_eq!(number(&bench).await["connection_id"], NORTH, "a refused delete leaves the number where it was");
        // An IP below a connection keeps it as well; a number that is not there any more does not.
        assert_eq!(delete(&bench, &format!("ip_connections/{SOUTH}")).await.0, status);
        assert_eq!(delete(&bench, &format!("fqdn_connections/{EAST}")).await.0, 200);
    }
    let bench = with("delete_in_use: unlink").await;
    assert_eq!(delete(&bench, &north()).await.0, 200);
    assert_eq!(number(&bench).await["connection_id"], Value::Null);
    assert_eq!(delete(&bench, &format!("ip_connections/{SOUTH}")).await.0, 200);
    assert_eq!(get(&bench, "ips").await.1["data"], json!([]));
}

#[tokio::test]
async fn duplicate_names_and_user_names() {
    let again = new_connection("north");
    let bench = with("").await;
    assert_eq!(post(&bench, "credential_connections", again.clone()).await.0, 201, "two rows of one name");
    assert_eq!(post(&bench, "outbound_voice_profiles", json!({"name": "world"})).await.0, 200);
    let taken = json!({"connection_name": "other", "user_name": "north1", "password": "hunter2-secret"});
    let refused = refusal(post(&bench, "credential_connections", taken.clone()).await);
    assert_eq!(refused, (422, "10015".into(), "/user_name".into()));
    let token = get(&bench, &format!("ip_connections/{SOUTH}")).await.1["data"]["outbound"]["ip_authentication_token"].clone();
    let stolen = json!({"connection_name": "thief", "outbound": {"ip_authentication_token": token}});
    assert_eq!(refusal(post(&bench, "ip_connections", stolen).await).2, "/outbound/ip_authentication_token");

    let bench = with("duplicate_name: refuse_422, duplicate_user_name: refuse_409").await;
    for (path, body) in [
        ("credential_connections", again),
        ("outbound_voice_profiles", json!({"name": "world"})),
        ("billing_groups", json!({"name": "cost"})),
    ] {
        assert_eq!(post(&bench, path, body).await.0, 422, "{path}");
    }
    assert_eq!(patch(&bench, &north(), json!({"connection_name": "north"})).await.0, 200, "a row is no duplicate of itself");
    assert_eq!(refusal(post(&bench, "credential_connections", taken).await), (409, "10012".into(), "/user_name".into()));
}

#[tokio::test]
async fn profile_delete_in_use() {
    let profile = "outbound_voice_profiles/1293384261075731400";
    let bench = with("").await;
    assert_eq!(refusal(delete(&bench, profile).await), (422, "10021".into(), "/".into()));
    assert_eq!(
        refusal(delete(&bench, "billing_groups/62e4bf2e-c278-4282-b524-488d9c9c43b2").await),
        (409, "10021".into(), String::new())
    );
    let bench = with("profile_delete_in_use: null_reference").await;
    assert_eq!(delete(&bench, profile).await.0, 200);
    assert_eq!(get(&bench, &north()).await.1["data"]["outbound"]["outbound_voice_profile_id"], Value::Null);
    let (status, gone) = delete(&bench, "billing_groups/62e4bf2e-c278-4282-b524-488d9c9c43b2").await;
    assert!(status == 200 && gone["data"]["deleted_at"].is_string(), "{gone}");
}

#[tokio::test]
async fn times_shown() {
    let window = json!({"name": "Domestic", "calling_window": {"start_time": "08:00", "end_time": "17:30:15Z"}});
    for (knob, start) in [("as_sent", "08:00"), ("with_seconds", "08:00:00.00Z")] {
        let bench = with(&format!("times_shown: {knob}")).await;
        let path = "outbound_voice_profiles/1293384261075731400";
        for (_, body) in [patch(&bench, path, window.clone()).await, get(&bench, path).await] {
            assert_eq!(body["data"]["calling_window"], json!({"start_time": start, "end_time": "17:30:15Z"}), "{knob}");
        }
    }
}

#[tokio::test]
async fn status_filter_ignored() {
    for (knob, seen) in [("false", 0), ("true", 1)] {
        let bench = with(&format!("status_filter_ignored: {knob}")).await;
        post(&bench, "managed_accounts", json!({"business_name": "West", "email": "west@acme.example"})).await;
        let (_, body) = get(&bench, "managed_accounts?filter[status][eq]=disabled").await;
        assert_eq!(body["data"].as_array().unwrap().len(), seen, "{body}");
    }
}

#[tokio::test]
async fn list_lag() {
    let bench = with("list_lag: 2").await;
    let count = || async { get(&bench, "outbound_voice_profiles").await.1["meta"]["total_results"].clone() };
    assert_eq!(count().await, 1);
    let (_, made) = post(&bench, "outbound_voice_profiles", json!({"name": "later"})).await;
    let path = format!("outbound_voice_profiles/{}", made["data"]["id"].as_str().unwrap());
    assert_eq!((count().await, get(&bench, &path).await.0, count().await, count().await), (json!(1), 200, json!(1), json!(2)));
    // A moved number is on its old connection in lists, and on the new one by itself.
    let path = number_path(&bench).await;
    patch(&bench, &path, json!({"connection_id": SOUTH})).await;
    assert_eq!(get(&bench, &path).await.1["data"]["connection_id"], SOUTH);
    let seen = [number(&bench).await, number(&bench).await, number(&bench).await].map(|row| row["connection_id"].clone());
    assert_eq!(seen, [NORTH, NORTH, SOUTH].map(Value::from));
}

#[tokio::test]
async fn drop_unknown_inner() {
    let misspelt = json!({"inbound": {"channel_limits": 5}});
    let bench = with("").await;
    let (status, body) = patch(&bench, &north(), misspelt.clone()).await;
    assert!(status == 200 && body["data"]["inbound"].get("channel_limits").is_none(), "{body}");
    let refused = refusal(patch(&with("drop_unknown_inner: false").await, &north(), misspelt).await);
    assert_eq!(refused, (422, "10015".into(), "/inbound/channel_limits".into()));
}

#[tokio::test]
async fn ids_as_numbers() {
    let bench = with("ids_as_numbers: true").await;
    let text = bench.telnyx(Method::GET, &north()).send().await.unwrap().text().await.unwrap();
    assert!(
        text.contains(&format!("\"id\":{NORTH},")) && text.contains("\"outbound_voice_profile_id\":1293384261075731400"),
        "{text}"
    );
    assert_eq!(number(&bench).await["connection_id"], 1_293_384_261_075_731_401_u64);
    assert!(get(&bench, "billing_groups").await.1["data"][0]["id"].is_string(), "a UUID is a text");

    let bench = with("fqdn_connection_id_number: true").await;
    let host = json!({"connection_id": 1_293_384_261_075_731_403_u64, "fqdn": "sip.acme.example", "dns_record_type": "a"});
    let (status, made) = post(&bench, "fqdns", host).await;
    assert_eq!(
        (status, &made["data"]["port"], &made["data"]["connection_id"]),
        (201, &json!(5060), &json!(1_293_384_261_075_731_403_u64))
    );
    assert_eq!(get(&bench, &format!("fqdns?filter[connection_id]={EAST}")).await.1["meta"]["total_results"], 1);
    let bench = with("").await;
    let host = json!({"connection_id": EAST, "fqdn": "sip.acme.example", "dns_record_type": "srv", "port": null});
    let (_, made) = post(&bench, "fqdns", host).await;
    assert_eq!((&made["data"]["port"], &made["data"]["connection_id"]), (&Value::Null, &json!(EAST)));
}

#[tokio::test]
async fn messaging_down() {
    let bench = with("messaging_down: '503'").await;
    assert_eq!(get(&bench, "phone_numbers").await.0, 503);
    assert_eq!(get(&bench, "phone_numbers/slim").await.0, 200);
    let (status, body) = get(&bench, "phone_numbers?handle_messaging_profile_error=true").await;
    assert!(status == 200 && body["errors"].is_array() && body["data"][0].get("messaging_profile_id").is_none(), "{body}");
    let bench = with("messaging_down: unavailable").await;
    assert_eq!(number(&bench).await["messaging_profile_id"], "UNAVAILABLE");
}

#[tokio::test]
async fn error_shape() {
    let ask = |knob: &'static str| async move {
        let bench = with(&format!("error_shape: {knob}")).await;
        let answer = bench.telnyx(Method::PATCH, &north()).json(&json!({"active": 1})).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let (status, text) = ask("list").await;
    let error = json(&text)["errors"][0].clone();
    assert_eq!((status, &error["code"], &error["source"]), (422, &json!("10015"), &json!({"pointer": "/active"})));
    assert_eq!(json(&ask("code_integer").await.1)["errors"][0]["code"], 10015);
    assert_eq!(json(&ask("source_text").await.1)["errors"][0]["source"], "/active");
    assert!(json(&ask("errors_object").await.1)["errors"]["status"].is_string());
    let (status, text) = ask("html_502").await;
    assert!(status == 502 && text.contains("<html>"));
    assert_eq!(ask("empty_500").await, (500, String::new()));
    let (status, text) = ask("truncated_json").await;
    assert!(status == 422 && text.starts_with("{\"errors\"") && serde_json::from_str::<Value>(&text).is_err(), "{text}");
}

#[tokio::test]
async fn throttle_and_rate() {
    let bench = with("throttle: { nth: 2, times: 2, reset: 3, retry_after: 4 }").await;
    let ask = || async {
        let answer = bench.telnyx(Method::POST, "billing_groups").json(&json!({"name": "x"})).send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let waits = (header("x-ratelimit-reset"), header("retry-after"));
        (answer.status().as_u16(), waits, answer.json::<Value>().await.unwrap()["errors"][0]["code"].clone())
    };
    assert_eq!(ask().await.0, 200);
    let (status, waits, code) = ask().await;
    assert_eq!((status, waits, code), (429, (Some("3".into()), Some("4".into())), json!(10011)));
    assert_eq!((ask().await.0, ask().await.0), (429, 200));
    assert_eq!(get(&bench, "billing_groups").await.1["meta"]["total_results"], 3, "a refused call does nothing");

    let bench = with("throttle: { code: '40333', times: 0 }").await;
    let answer = bench.telnyx(Method::GET, "balance").send().await.unwrap();
    assert!(answer.headers().get("x-ratelimit-reset").is_none() && answer.headers().get("retry-after").is_none());
    assert_eq!(answer.json::<Value>().await.unwrap()["errors"][0]["code"], "40333");

    let bench = with("rate: { limit: 3, window: 600 }").await;
    let left = || async {
        let answer = bench.telnyx(Method::GET, "balance").send().await.unwrap();
        (answer.status().as_u16(), answer.headers()["x-ratelimit-remaining"].to_str().unwrap().to_owned())
    };
    assert_eq!([left().await, left().await, left().await], [(200, "2".into()), (200, "1".into()), (200, "0".into())]);
    assert_eq!(left().await, (429, "0".into()), "the bucket is empty");
}

#[tokio::test]
async fn extra_fields() {
    assert!(get(&with("").await, &north()).await.1["data"]["x_sandbox"].is_object());
    assert!(get(&with("extra_fields: false").await, &north()).await.1["data"].get("x_sandbox").is_none());
}

/// The switches of the table that are faults here: a lost answer, a write of another user, pages that overlap.
#[tokio::test]
async fn what_a_fault_does() {
    let faults = "
faults:
  - { match: { service: telnyx, method: POST, path: /v2/credential_connections }, when: after, effect: cut }
  - { match: { service: telnyx, method: PATCH, path: /v2/phone_numbers/ }, when: after, effect: cut }
  - match: { service: telnyx, method: GET, path: /v2/balance }
    effect:
      foreign:
        - telnyx: { collection: phone_numbers, which: '+13125550102', set: { connection_id: '1293384261075731402' } }
        - telnyx: { collection: credential_connections, which: north, set: { active: false, outbound: { channel_limit: 1 } } }
  - { match: { path: /v2/connections, times: 0 }, effect: { overlapping_pages: 1 } }
  - { match: { path: /v2/ips }, effect: { missing_rows: 2 } }
  - { match: { path: /v2/fqdns }, effect: { answer: { status: 429, retry_after: '1', body: { errors: '10011' } } } }
";
    let bench = Bench::of(&format!("{ACCOUNT}{faults}")).await;
    let made = bench.telnyx(Method::POST, "credential_connections").json(&new_connection("heir")).send().await;
    assert!(made.is_err(), "the answer is lost");
    let (_, found) = get(&bench, "credential_connections?filter[connection_name][contains]=heir").await;
    assert_eq!(found["meta"]["total_results"], 1, "and the connection is there");
    let path = number_path(&bench).await;
    assert!(bench.telnyx(Method::PATCH, &path).json(&json!({"connection_id": SOUTH})).send().await.is_err());
    assert_eq!(number(&bench).await["connection_id"], SOUTH);

    assert_eq!(get(&bench, "balance").await.0, 200);
    let (_, changed) = get(&bench, &north()).await;
    let outbound = &changed["data"]["outbound"];
    assert_eq!(
        (&changed["data"]["active"], &outbound["channel_limit"], &outbound["localization"]),
        (&json!(false), &json!(1), &json!("US"))
    );
    let (_, moved) = get(&bench, "phone_numbers?filter[phone_number]=13125550102").await;
    assert_eq!(moved["data"][0]["connection_name"], "south");

    let mut seen = Vec::new();
    for page in 1..=3 {
        let (_, body) = get(&bench, &format!("connections?page[size]=2&page[number]={page}&sort=created_at")).await;
        seen.extend(body["data"].as_array().unwrap().iter().map(|row| row["connection_name"].as_str().unwrap().to_owned()));
    }
    assert_eq!(seen, ["north", "south", "south", "east", "robot", "heir"], "one is on two pages");
    assert_eq!(get(&bench, "ips").await.1["meta"]["total_results"], 3);
    assert_eq!(refusal(get(&bench, "fqdns").await), (429, "10011".into(), String::new()));
}

/// Lists that a reader must not believe.
#[tokio::test]
async fn lists_that_are_wrong() {
    let faults = "
faults:
  - { match: { path: /v2/connections, times: 0 }, effect: endless_pages }
  - { match: { path: /v2/ips }, effect: data_object }
  - { match: { path: /v2/credential_connections/ }, effect: without_id }
";
    let bench = Bench::of(&format!("{ACCOUNT}{faults}")).await;
    let mut ids = std::collections::BTreeSet::new();
    for page in 1..=3 {
        let (_, body) = get(&bench, &format!("connections?page[number]={page}")).await;
        assert_eq!(body["meta"]["total_pages"], 1_000_000_000);
        ids.extend(body["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(ids.len(), 30, "every page is full of new ones");
    assert!(get(&bench, "ips").await.1["data"].is_object());
    assert!(get(&bench, &north()).await.1["data"].get("id").is_none());
}

/// A world file has every switch, and says which word it does not know.
#[test]
fn switches_are_written_in_the_world_file() {
    let knobs = TelnyxKnobs {
        detach_with: DetachWith::Null,
        messaging_down: MessagingDown::Unavailable503,
        throttle: Some(Throttle { nth: 3, ..Throttle::default() }),
        ..TelnyxKnobs::default()
    };
    let mut world = World::default();
    world.telnyx.knobs = knobs.clone();
    assert_eq!(World::from_yaml(&world.to_yaml().unwrap()).unwrap().telnyx.knobs, knobs);
    let wrong = World::from_yaml("telnyx: { knobs: { detach_with: never } }").unwrap_err().to_string();
    assert!(wrong.contains("ignored_200"), "{wrong}");
}
