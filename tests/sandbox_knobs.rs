//! The embedded simulator: generation 2, CarrierX, faults, control routes, world files.

#![allow(clippy::unwrap_used)] // the helpers of tests are tests too

use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde_json::{Value, json};
use telform::sandbox::*;

const SID: &str = "AC00000000000000000000000000000001";

/// A client that never follows a redirect.
fn client() -> Client {
    Client::builder().redirect(Policy::none()).no_proxy().build().unwrap()
}

struct Bench {
    sandbox: Sandbox,
    client: Client,
}

impl Bench {
    async fn of(yaml: &str) -> Self {
        Self { sandbox: Sandbox::start(World::from_yaml(yaml).unwrap()).await, client: client() }
    }

    fn unpod(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}/{path}", self.sandbox.unpod_url()))
            .header("Authorization", format!("Token {}", self.sandbox.token()))
            .header("Org-Handle", "acme.example")
    }

    fn carrierx(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}/{path}", self.sandbox.carrierx_url()))
            .bearer_auth(self.sandbox.carrierx_token())
    }
}

/// Status and JSON body (null when there is none).
async fn sent(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

const TWO_CONFIGURATIONS: &str = "
unpod:
  configurations:
    - { id: 42, provider: twilio, account_sid: AC00000000000000000000000000000001, auth_token: one }
    - { id: 43, provider: Plivo, account_sid: MA1, auth_token: two }
  numbers:
    - { number: '+14155550103', provider: twilio }
  bridges:
    - { slug: sales, name: Sales, numbers: { '+14155550101': 42, '+14155550102': null } }
";

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
    assert_eq!(
        sent(create(&json!({"provider": "nobody", "account_sid": "x", "auth_token": "y"}))).await.0,
        400
    );

    let (status, body) = sent(bench.unpod(Method::GET, "telephony/bridges/")).await;
    assert_eq!((status, &body["count"], &body["data"][0]["provider"]), (200, &json!(1), &json!("twilio")));
    let connect =
        |body: Value| bench.unpod(Method::POST, "telephony/bridges/sales/connect-provider/").json(&body);
    let triple = json!({"provider_config_id": 42, "phone_number": "+14155550103"});
    assert_eq!(sent(connect(triple.clone())).await.0, 200);
    assert_eq!(sent(connect(triple)).await.0, 200);
    assert_eq!(sent(connect(json!({"provider_config_id": 43, "phone_number": "+14155550103"}))).await.0, 400);

    let disconnect = |number: &str| {
        bench
            .unpod(Method::POST, "telephony/bridges/sales/disconnect-provider/")
            .json(&json!({"phone_number": number}))
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

fn new_partner(login: &str) -> Value {
    json!({"login": login, "password": "hunter2-secret", "name": "West", "company_name": "Acme",
           "country_code": "USA", "zip": "01234", "owner_email": "ops@acme.example", "phonenumber": "15162065574",
           "payment_type": "postpay", "charge_at": 20, "parent_sid": ""})
}

#[tokio::test]
async fn a_partner_waits_for_its_human() {
    let bench = Bench::of("{}").await;
    let (status, made) = sent(bench.carrierx(Method::POST, "partners").json(&new_partner("acme-west"))).await;
    assert_eq!(status, 200);
    assert_eq!(made["status"], "unverified");
    assert_eq!(made["owner_email"], Value::Null);
    assert_eq!(made["charge_at"], Value::Null, "money that does not apply is dropped");
    assert_eq!((&made["balance"], &made["state"]), (&json!("5"), &json!("")));
    assert_eq!(made.as_object().unwrap().len(), 31);
    let sid = made["partner_sid"].as_str().unwrap();
    let get = || sent(bench.carrierx(Method::GET, &format!("partners/{sid}")));
    assert_eq!(get().await.0, 404);
    assert_eq!(sent(bench.carrierx(Method::GET, "partners")).await.1["total"], 0);
    // The login is taken although nobody sees it.
    assert_eq!(sent(bench.carrierx(Method::POST, "partners").json(&new_partner("acme-west"))).await.0, 409);

    let click = format!("{}/_sim/verify/{sid}/owner_email", bench.sandbox.origin());
    assert_eq!(sent(bench.client.get(click)).await.0, 200);
    let (status, seen) = get().await;
    assert_eq!(
        (status, &seen["status"], &seen["owner_email"]),
        (200, &json!("active"), &json!("ops@acme.example"))
    );
    assert_eq!(seen["zip"], "01234");
    let log = serde_json::to_string(&bench.sandbox.log()).unwrap();
    assert!(!log.contains("hunter2") && log.contains("\"password\":\"(secret)\""));
    assert!(!log.contains("sandbox-token"));
    assert_eq!(bench.sandbox.writes().len(), 2);
}

#[tokio::test]
async fn a_saved_world_continues_exactly() {
    let bench = Bench::of(TWO_CONFIGURATIONS).await;
    sent(bench.carrierx(Method::POST, "partners").json(&new_partner("first"))).await;
    sent(bench.unpod(Method::DELETE, "telephony/providers-configurations/43/")).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.yaml");
    let before = bench.sandbox.world();
    before.save(&file).unwrap();
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
    assert!(
        message("unpod: { bridges: [ { slug: s, numbers: { '+1415': 7 } } ] }")
            .contains("no configuration 7")
    );
    assert!(message("unpod: { configurations: [ { provider: nobody } ] }").contains("nobody"));
    assert!(message("faults: [ { effect: explode } ]").contains("explode"));
    assert!(World::load("/nowhere/world.yaml").unwrap_err().to_string().contains("/nowhere/world.yaml"));
    assert!(World::from_yaml("# nothing\n").is_ok());
}
