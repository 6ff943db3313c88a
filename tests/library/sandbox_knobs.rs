//! The embedded simulator: generation 2 with its knobs, and world files.

use crate::sandbox_bench::*;
use reqwest::Method;
use serde_json::{Map, Value, json};
use telform::sandbox::*;

#[tokio::test]
async fn generation_two_happy_path() {
    let bench = Bench::of(TWO_CONFIGURATIONS).await;
    let (status, body) = sent(bench.unpod(Method::GET, "telephony/providers-configurations/")).await;
    assert_eq!(status, 200);
    assert_eq!(body["data"][0]["account_sid"], SID);
    assert_eq!(body["data"][1]["provider"], "plivo");
    assert!(!body.to_string().contains("auth_token"));

    let new = json!({"provider": "exotel", "account_sid": "E1", "auth_token": "three"});
    let create = |body: &Value| bench.unpod(Method::POST, "telephony/providers-configurations/").json(body);
    let (status, body) = sent(create(&new)).await;
    assert_eq!((status, &body["data"]["id"]), (201, &json!(44)));
    assert_eq!(sent(create(&new)).await.0, 409);
    assert_eq!(sent(create(&json!({"provider": "nobody", "account_sid": "x", "auth_token": "y"}))).await.0, 400);

    let (status, body) = sent(bench.unpod(Method::GET, "telephony/bridges/")).await;
    assert_eq!((status, &body["count"], &body["data"][0]["provider"]), (200, &json!(1), &json!("twilio")));
    let connect = |body: Value| bench.unpod(Method::POST, "telephony/bridges/sales/connect-provider/").json(&body);
    let triple = json!({"provider_config_id": 42, "phone_number": "+14155550103"});
    assert_eq!(sent(connect(triple.clone())).await.0, 200);
    assert_eq!(sent(connect(triple)).await.0, 200);
    assert_eq!(sent(connect(json!({"provider_config_id": 43, "phone_number": "+14155550103"}))).await.0, 400);

    let disconnect = |number: &str| {
        bench.unpod(Method::POST, "telephony/bridges/sales/disconnect-provider/").json(&json!({"phone_number": number}))
    };
    assert_eq!(sent(disconnect("+14155550101")).await.0, 200);
    assert_eq!(sent(disconnect("+14155550101")).await.0, 400);
    let (_, body) = sent(bench.unpod(Method::GET, "telephony/numbers/")).await;
    let rows = body["data"].as_array().unwrap();
    let row = rows.iter().find(|row| row["number"] == "+14155550101").unwrap();
    assert_eq!((&row["bridge_slug"], &row["status"]), (&Value::Null, &json!("inactive")));

    // A deleted configuration leaves its number on the bridge, connected to nothing.
    assert_eq!(sent(bench.unpod(Method::DELETE, "telephony/providers-configurations/42/")).await.0, 204);
    let (_, body) = sent(bench.unpod(Method::GET, "telephony/bridges/sales/")).await;
    assert_eq!(body["data"]["numbers"][1]["number"], "+14155550103");
    assert_eq!(bench.sandbox.world().unpod.bridges[0].numbers["+14155550103"].configuration, None);
}

#[tokio::test]
async fn a_saved_world_continues_exactly() {
    let bench = Bench::of(TWO_CONFIGURATIONS).await;
    sent(bench.carrierx(Method::POST, "partners").json(&new_partner("first"))).await;
    sent(bench.unpod(Method::DELETE, "telephony/providers-configurations/43/")).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.yaml");
    let before = bench.sandbox.world();
    std::fs::write(&file, before.to_yaml().unwrap()).unwrap();
    bench.sandbox.shutdown().await;

    let world = World::load(&file).unwrap();
    assert_eq!(world, before);
    assert_eq!(world.unpod.configurations[0].auth_token.as_deref(), Some("one"));
    assert_eq!(world.carrierx.partners[0].text("password"), "hunter2-secret");
    let bench = Bench { sandbox: Sandbox::start(world).await, client: client() };
    let body = json!({"provider": "plivo", "account_sid": "MA1", "auth_token": "again"});
    let (_, made) = sent(bench.unpod(Method::POST, "telephony/providers-configurations/").json(&body)).await;
    assert_eq!(made["data"]["id"], 44, "43 was deleted and is not given again");
    let (_, made) = sent(bench.carrierx(Method::POST, "partners").json(&new_partner("second"))).await;
    assert_eq!(made["display_id"], "CX10000002");
    assert!(bench.sandbox.verify("second", "owner_email"));
    assert!(!bench.sandbox.verify("nobody", "owner_email"));
}

#[test]
fn a_wrong_world_says_why() {
    let message = |yaml: &str| World::from_yaml(yaml).unwrap_err().to_string();
    assert!(message("unpod: { bridgez: [] }").contains("bridgez"));
    assert!(message("carrierx: { partners: [ { login: a, zipp: '1' } ] }").contains("zipp"));
    assert!(message("unpod: { knobs: { slug_sufix: true } }").contains("slug_sufix"));
    assert!(message("unpod: { bridges: [ { slug: s, numbers: { '+1415': 7 } } ] }").contains("no configuration 7"));
    assert!(message("unpod: { configurations: [ { provider: nobody } ] }").contains("nobody"));
    assert!(message("faults: [ { effect: explode } ]").contains("explode"));
    assert!(World::load("/nowhere/world.yaml").unwrap_err().to_string().contains("/nowhere/world.yaml"));
    assert!(World::from_yaml("# nothing\n").is_ok());
}

#[tokio::test]
async fn the_way_to_a_generation_two_handler() {
    let bench =
        Bench::of("unpod: { organizations: [ { handle: acme.example }, { handle: globex.example, foreign: true } ] }").await;
    let url = |path: &str| format!("{}/{path}", bench.sandbox.unpod_url());
    let token = format!("Token {}", bench.sandbox.token());
    let get = |path: &str| bench.client.get(url(path));

    let moved = get("telephony/bridges?page=2").send().await.unwrap();
    assert_eq!(moved.status(), 301, "before authentication");
    let to = format!("{}/api/v2/platform/telephony/bridges/?page=2", bench.sandbox.mount());
    assert_eq!(moved.headers()["location"], to);
    let unrouted = get("telephony/provider-configurations/").send().await.unwrap();
    assert_eq!(unrouted.status(), 404);
    assert_eq!(unrouted.headers()["content-type"], "text/html; charset=utf-8");
    let nobody = get("telephony/bridges/").send().await.unwrap();
    assert_eq!((nobody.status().as_u16(), &nobody.headers()["www-authenticate"]), (401, &"Token".parse().unwrap()));

    let with = |handle: &str| get("telephony/bridges/").header("Authorization", &token).header("Org-Handle", handle);
    assert_eq!(sent(get("telephony/bridges/").header("Authorization", &token)).await.0, 400);
    assert_eq!(sent(with("")).await.0, 400);
    assert_eq!(sent(with("nobody.example")).await.0, 403);
    let (status, body) = sent(with("globex.example")).await;
    assert_eq!((status, &body["message"]), (403, &json!("Invalid organization handle.")));
    assert_eq!(
        sent(with("acme.example")).await,
        (
            200,
            json!({"count": 0, "status_code": 200,
        "message": "Bridges fetched successfully.", "data": []})
        )
    );
    let (_, body) = sent(get("organizations/").header("Authorization", &token)).await;
    assert_eq!((&body["count"], &body["data"][0]["domain_handle"]), (&json!(1), &json!("acme.example")));
    assert_eq!(sent(bench.unpod(Method::PUT, "telephony/bridges/")).await.0, 405);
    let (_, body) = sent(bench.unpod(Method::OPTIONS, "telephony/providers-configurations/")).await;
    assert!(body["data"]["actions"]["POST"].get("auth_token").is_some());
}

#[tokio::test]
async fn generation_two_knobs() {
    let bench = Bench::of(TWO_CONFIGURATIONS).await;
    let create = |body: Value| bench.unpod(Method::POST, "telephony/bridges/").json(&body);
    let sales = json!({"name": "Sales again", "slug": "sales"});
    assert_eq!(sent(create(sales.clone())).await.0, 409);
    bench.sandbox.edit(|world| {
        let knobs = &mut world.unpod.knobs;
        knobs.duplicate_slug_status = 400;
        knobs.bridge_get = BridgeGet::Secrets;
        knobs.mask_account_sid = true;
        knobs.disconnect_keeps_number = true;
        knobs.refuse_connect_again = true;
    });
    assert_eq!(sent(create(sales.clone())).await.0, 400);
    bench.sandbox.edit(|world| world.unpod.knobs.slug_suffix = true);
    assert_eq!(sent(create(sales)).await.1["data"]["slug"], "sales-001");

    let (_, body) = sent(bench.unpod(Method::GET, "telephony/bridges/sales/")).await;
    let first = &body["data"]["numbers"][0];
    assert_eq!(first["provider_configuration"]["auth_token"], "one");
    let account = first["provider_configuration"]["account_sid"].as_str().unwrap();
    assert!(account.ends_with("0001") && account.starts_with("****"));

    let post = |path: &str, body: Value| bench.unpod(Method::POST, &format!("telephony/bridges/sales/{path}/")).json(&body);
    let pair = json!({"provider_config_id": 42, "phone_number": "+14155550101"});
    assert_eq!(sent(post("connect-provider", pair)).await.0, 400, "connected already");
    assert_eq!(sent(post("disconnect-provider", json!({"phone_number": "+14155550101"}))).await.0, 200);
    let (_, body) = sent(bench.unpod(Method::GET, "telephony/bridges/sales/")).await;
    assert_eq!(body["data"]["numbers"][0]["number"], "+14155550101");
    assert_eq!(body["data"]["numbers"][0]["provider_configuration"], Value::Null);
}

/// Texts that YAML likes to take for something else survive a save, also where no type says that they are texts.
#[test]
fn texts_stay_texts() {
    let texts = [
        "no",
        "ON",
        "Y",
        "true",
        "null",
        "~",
        "1e3",
        "0x10",
        "012",
        "1_000",
        ".5",
        ".inf",
        "",
        " lead",
        "trail ",
        "a: b",
        "#x",
        "- x",
        "two\nlines\n",
        "\n",
        "2026-01-01",
        "+14155550101",
        "'q'",
        "\"",
        "\\",
        "\0",
        "\u{1b}[0m",
        "é 東京 📞",
        "<<",
        "*a",
        "&a",
        "!x",
        "%x",
        "@x",
        "`x",
        "{}",
        "[]",
        "|",
        ">",
        "?",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "x\ty",
        "\r\n",
    ];
    let mut world = World::default();
    for text in texts {
        let mut fields = Map::new();
        fields.insert("city".into(), text.into());
        fields.insert("attributes".into(), json!({"text": text, (text): [text]}));
        world.carrierx.partners.push(Partner::new(fields));
    }
    let world = world.tidied();
    let yaml = world.to_yaml().unwrap();
    let again = World::from_yaml(&yaml).unwrap();
    for (text, (before, after)) in texts.iter().zip(world.carrierx.partners.iter().zip(&again.carrierx.partners)) {
        assert_eq!(before, after, "{text:?}");
    }
    assert_eq!(again, world);
}

/// The examples in the documentation are worlds.
#[test]
fn documented_examples_load() {
    for (source, mark) in
        [(include_str!("../../src/sandbox/world/mod.rs"), "///"), (include_str!("../../src/sandbox/fault/mod.rs"), "//!")]
    {
        let (_, rest) = source.split_once(&format!("{mark} ```yaml\n")).unwrap();
        let (example, _) = rest.split_once(&format!("{mark} ```\n")).unwrap();
        let yaml: String = example.lines().map(|line| format!("{}\n", line.trim_start_matches(mark))).collect();
        World::from_yaml(&yaml).unwrap();
    }
}
