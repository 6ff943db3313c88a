//! The embedded simulator: Telnyx, its objects, its lists and its refusals (`api/telnyx.md`, section 17, 1 to 10).

use crate::sandbox_bench::*;
use reqwest::Method;
use serde_json::{Value, json};
use telform::sandbox::*;

/// One connection of each type, a group, a profile, and three numbers of which one is on the first connection.
pub(crate) const ACCOUNT: &str = "
telnyx:
  billing_groups:
    - { id: 62e4bf2e-c278-4282-b524-488d9c9c43b2, name: cost }
  outbound_voice_profiles:
    - { id: 1293384261075731400, name: world, billing_group_id: cost }
  connections:
    - { id: 1293384261075731401, connection_name: north, user_name: north1, password: hunter2-north,
        outbound: { outbound_voice_profile_id: world } }
    - { id: 1293384261075731402, record_type: ip_connection, connection_name: south }
    - { id: 1293384261075731403, record_type: fqdn_connection, connection_name: east }
    - { id: 1293384261075731404, record_type: call_control_application, connection_name: robot }
  ips:
    - { ip_address: 203.0.113.7, connection_id: south }
  phone_numbers:
    - { phone_number: '+13125550101', connection_id: north, external_pin: hunter2-pin, tags: [main] }
    - { phone_number: '+13125550102' }
    - { phone_number: '+13125550103', status: ported-out }
";

pub(crate) const NORTH: &str = "1293384261075731401";
pub(crate) const SOUTH: &str = "1293384261075731402";
pub(crate) const EAST: &str = "1293384261075731403";

pub(crate) async fn get(bench: &Bench, path: &str) -> (u16, Value) {
    sent(bench.telnyx(Method::GET, path)).await
}

pub(crate) async fn post(bench: &Bench, path: &str, body: Value) -> (u16, Value) {
    sent(bench.telnyx(Method::POST, path).json(&body)).await
}

pub(crate) async fn patch(bench: &Bench, path: &str, body: Value) -> (u16, Value) {
    sent(bench.telnyx(Method::PATCH, path).json(&body)).await
}

pub(crate) async fn delete(bench: &Bench, path: &str) -> (u16, Value) {
    sent(bench.telnyx(Method::DELETE, path)).await
}

/// The first number of the account.
pub(crate) async fn number(bench: &Bench) -> Value {
    let (_, body) = get(bench, "phone_numbers?filter[phone_number]=13125550101").await;
    body["data"][0].clone()
}

pub(crate) async fn number_path(bench: &Bench) -> String {
    format!("phone_numbers/{}", number(bench).await["id"].as_str().unwrap())
}

/// Status, code and pointer (or parameter) of a refusal.
pub(crate) fn refusal((status, body): (u16, Value)) -> (u16, String, String) {
    let error = &body["errors"][0];
    let place = error["source"]["pointer"].as_str().or(error["source"]["parameter"].as_str()).unwrap_or_default();
    (status, error["code"].as_str().map_or_else(|| error["code"].to_string(), str::to_owned), place.to_owned())
}

fn refused(status: u16, code: &str, place: &str) -> (u16, String, String) {
    (status, code.to_owned(), place.to_owned())
}

pub(crate) fn new_connection(name: &str) -> Value {
    json!({"connection_name": name, "user_name": format!("{name}user"), "password": "hunter2-secret"})
}

#[tokio::test]
async fn a_number_moves_from_one_connection_to_another() {
    let bench = Bench::of(ACCOUNT).await;
    let (status, group) = post(&bench, "billing_groups", json!({"name": "more"})).await;
    assert_eq!((status, &group["data"]["record_type"]), (200, &json!("billing_group")));
    let profile = json!({"name": "abroad", "billing_group_id": group["data"]["id"]});
    let (status, profile) = post(&bench, "outbound_voice_profiles", profile).await;
    assert_eq!((status, &profile["data"]["whitelisted_destinations"]), (200, &json!(["US", "CA"])));
    let mut body = new_connection("heir");
    body["outbound"] = json!({"outbound_voice_profile_id": profile["data"]["id"]});
    let (status, made) = post(&bench, "credential_connections", body).await;
    assert_eq!((status, &made["data"]["password"]), (201, &json!("hunter2-secret")));
    let id = made["data"]["id"].as_str().unwrap();
    assert!(id.parse::<u64>().unwrap() > 1 << 53, "{id}");

    let path = number_path(&bench).await;
    let (status, moved) = patch(&bench, &path, json!({"connection_id": id})).await;
    assert_eq!((status, &moved["data"]["connection_name"]), (200, &json!("heir")));
    assert_eq!(get(&bench, &format!("phone_numbers?filter[connection_id]={NORTH}")).await.1["data"], json!([]));
    let (_, counted) = get(&bench, &format!("outbound_voice_profiles/{}", profile["data"]["id"].as_str().unwrap())).await;
    assert_eq!(counted["data"]["connections_count"], 1);

    // Another product's connection is a target as well, and is read only.
    assert_eq!(patch(&bench, &path, json!({"connection_id": "1293384261075731404"})).await.0, 200);
    assert_eq!(get(&bench, "connections/1293384261075731404").await.1["data"]["record_type"], "call_control_application");
    let (status, gone) = delete(&bench, &format!("credential_connections/{NORTH}")).await;
    assert_eq!((status, &gone["data"]["id"]), (200, &json!(NORTH)));
    assert_eq!(refusal(get(&bench, &format!("credential_connections/{NORTH}")).await), refused(404, "10005", ""));
    let log = serde_json::to_string(&bench.sandbox.log()).unwrap();
    assert!(!log.contains("hunter2") && log.contains("\"password\":\"(secret)\""), "{log}");
}

#[tokio::test]
async fn each_type_of_connection_has_its_defaults() {
    let bench = Bench::of("{}").await;
    let (_, credential) = post(&bench, "credential_connections", new_connection("north")).await;
    let (_, ip) = post(&bench, "ip_connections", json!({"connection_name": "south"})).await;
    let (_, fqdn) = post(&bench, "fqdn_connections", json!({"connection_name": "east"})).await;
    let rows = [&credential["data"], &ip["data"], &fqdn["data"]];
    let seen = |pointer: &str| rows.map(|row| row.pointer(pointer).cloned().unwrap_or_default());
    assert_eq!(seen("/default_on_hold_comfort_noise_enabled"), [false, true, true].map(Value::from));
    assert_eq!(seen("/transport_protocol"), [Value::Null, "UDP".into(), "UDP".into()]);
    assert_eq!(seen("/sip_uri_calling_preference"), ["disabled".into(), Value::Null, Value::Null]);
    assert_eq!(seen("/outbound/instant_ringback_enabled"), [true, true, false].map(Value::from));
    assert_eq!(seen("/outbound/localization"), ["US".into(), Value::Null, "US".into()]);
    assert_eq!(seen("/outbound/t38_reinvite_source"), ["telnyx", "customer", "customer"].map(Value::from));
    assert_eq!(seen("/inbound/default_routing_method"), [Value::Null, Value::Null, "sequential".into()]);
    assert_eq!(seen("/inbound/timeout_2xx_secs"), [90, 90, 90].map(Value::from));
    assert_eq!(seen("/webhook_api_version"), ["1", "1", "1"].map(Value::from));
    let tokens = seen("/outbound/ip_authentication_token").map(|token| token.as_str().map_or(0, str::len));
    assert_eq!(tokens, [0, 32, 0], "only an IP connection gets a token");
}

#[tokio::test]
async fn what_a_schema_forbids_is_refused_with_its_place() {
    let bench = Bench::of(ACCOUNT).await;
    let north = format!("credential_connections/{NORTH}");
    let cases = [
        ("credential_connections", json!({"connection_name": "x"}), "/user_name"),
        ("ip_connections", json!({"transport_protocol": "SCTP"}), "/transport_protocol"),
        ("ip_connections", json!({"inbound": {"dnis_number_format": "+E.164"}}), "/inbound/dnis_number_format"),
        ("ip_connections", json!({"outbound": {"outbound_voice_profile_id": "17"}}), "/outbound/outbound_voice_profile_id"),
        ("ip_connections", json!({"outbound": null}), "/outbound"),
        ("ip_connections", json!({"bridge_generate_comfort_noise_on_cn": null}), "/bridge_generate_comfort_noise_on_cn"),
        ("ip_connections", json!({"outbound": {"tech_prefix": "12345"}}), "/outbound/tech_prefix"),
        ("ip_connections", json!({"webhook_api_version": 1}), "/webhook_api_version"),
        ("outbound_voice_profiles", json!({"name": "ab"}), "/name"),
        ("outbound_voice_profiles", json!({"name": "abc", "daily_spend_limit": 100}), "/daily_spend_limit"),
        ("outbound_voice_profiles", json!({"name": "abc", "billing_group_id": "nowhere"}), "/billing_group_id"),
        ("ips", json!({"ip_address": "203.0.113.300"}), "/ip_address"),
        ("ips", json!({"ip_address": "203.0.113.9", "connection_id": NORTH}), "/connection_id"),
        ("fqdns", json!({"fqdn": "a.example", "dns_record_type": "srv", "port": 5060, "connection_id": EAST}), "/port"),
        ("fqdns", json!({"fqdn": "a.example", "connection_id": EAST}), "/dns_record_type"),
        ("integration_secrets", json!({"identifier": "x", "type": "basic", "username": "u"}), "/password"),
        ("managed_accounts", json!({"email": "a@x.example"}), "/business_name"),
    ];
    let before = bench.sandbox.world();
    for (path, body, pointer) in cases {
        assert_eq!(refusal(post(&bench, path, body.clone()).await), refused(422, "10015", pointer), "{path} {body}");
    }
    for (name, value) in [("user_name", "12345x"), ("user_name", "abc"), ("password", "seven77"), ("active", "yes")] {
        let answer = patch(&bench, &north, json!({ name: value })).await;
        assert_eq!(refusal(answer), refused(422, "10015", &format!("/{name}")), "{value}");
    }
    let profile = "outbound_voice_profiles/1293384261075731400";
    assert_eq!(refusal(patch(&bench, profile, json!({"enabled": false})).await), refused(422, "10015", "/name"));
    let south = format!("ip_connections/{SOUTH}");
    let address = bench.sandbox.world().telnyx.ips[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        refusal(patch(&bench, &format!("ips/{address}"), json!({"port": 5070})).await),
        refused(422, "10015", "/ip_address")
    );
    let target = |id: &str| json!({"inbound": {"default_primary_ip_id": id}});
    assert_eq!(refusal(patch(&bench, &south, target("17")).await), refused(422, "10015", "/inbound/default_primary_ip_id"));
    let number = number_path(&bench).await;
    assert_eq!(refusal(patch(&bench, &number, json!({"connection_id": "17"})).await), refused(422, "10015", "/connection_id"));
    assert_eq!(refusal(patch(&bench, &number, json!({"connection_id": 1_293_384_261_075_731_401_u64})).await).0, 422);
    assert_eq!(bench.sandbox.world(), before, "a refused request changes nothing");

    // Fields that a create does not know are ignored, and so are read-only ones.
    let (status, made) =
        post(&bench, "ip_connections", json!({"conversation_persistence": true, "nonsense": 1, "id": "7"})).await;
    assert_eq!((status, &made["data"]["conversation_persistence"]), (201, &json!(false)));
    assert_ne!(made["data"]["id"], "7");
    assert_eq!(patch(&bench, &south, target(&address)).await.0, 200);
    assert_eq!(refusal(delete(&bench, &format!("ips/{address}")).await), refused(422, "10021", "/"));
}

#[tokio::test]
async fn paths_methods_and_keys() {
    let bench = Bench::of(ACCOUNT).await;
    let url = format!("{}/balance", bench.sandbox.telnyx_url());
    assert_eq!(refusal(sent(bench.client.get(&url)).await), refused(401, "10009", ""));
    assert_eq!(refusal(sent(bench.client.get(&url).bearer_auth("another")).await), refused(401, "10009", ""));
    assert_eq!(get(&bench, "balance").await.1["data"]["currency"], "USD");
    for path in
        ["nothing", "billing_groups/", "phone_numbers/1/2/3", "credential_connections/17", "ip_connections/1293384261075731401"]
    {
        assert_eq!(refusal(get(&bench, path).await), refused(404, "10005", ""), "{path}");
    }
    for (method, path) in [(Method::PUT, "connections"), (Method::POST, "phone_numbers"), (Method::GET, "integration_secrets/1")]
    {
        assert_eq!(refusal(sent(bench.telnyx(method, path)).await), refused(405, "10030", ""), "{path}");
    }
    let raw = |text: &'static str| bench.telnyx(Method::POST, "ips").body(text);
    assert_eq!(refusal(sent(raw("{}")).await), refused(415, "10029", ""));
    assert_eq!(refusal(sent(raw("{").header("Content-Type", "application/json")).await), refused(400, "10015", ""));
    assert_eq!(refusal(sent(raw("[]").header("Content-Type", "application/json")).await), refused(422, "10015", "/"));
    // The schema of billing groups has the code as a number.
    assert_eq!(get(&bench, "billing_groups/17").await.1["errors"][0]["code"], 10005);

    let answer = bench.telnyx(Method::GET, "balance").send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(header("x-ratelimit-limit"), 100_000);
    assert!((99_900..100_000).contains(&header("x-ratelimit-remaining")) && (1..=60).contains(&header("x-ratelimit-reset")));
}

#[tokio::test]
async fn lists_have_pages_orders_and_filters() {
    let numbers: String = (0..45).map(|n| format!("    - {{ phone_number: '+1312555{n:04}' }}\n")).collect();
    let bench = Bench::of(&format!("{ACCOUNT}{numbers}")).await;
    let (_, first) = get(&bench, "phone_numbers").await;
    assert_eq!(first["meta"], json!({"page_number": 1, "page_size": 20, "total_pages": 3, "total_results": 48}));
    assert_eq!(first["data"][0]["phone_number"], "+13125550044", "the newest is the first");
    let mut seen = Vec::new();
    for page in 1..=3 {
        let (_, body) = get(&bench, &format!("phone_numbers?page%5Bsize%5D=20&page%5Bnumber%5D={page}&sort=phone_number")).await;
        seen.extend(body["data"].as_array().unwrap().iter().map(|row| row["phone_number"].as_str().unwrap().to_owned()));
    }
    assert!(seen.len() == 48 && seen.is_sorted(), "{seen:?}");
    assert_eq!(get(&bench, "phone_numbers?page[number]=9").await.1["data"], json!([]));
    for (wrong, code) in
        [("page[size]=251", "10033"), ("page[number]=0", "10033"), ("sort=status", "10032"), ("filter[colour]=red", "10031")]
    {
        let answer = refusal(get(&bench, &format!("phone_numbers?{wrong}")).await);
        assert_eq!(answer, refused(400, code, wrong.split('=').next().unwrap()));
    }
    let total = |query: &'static str| {
        let bench = &bench;
        async move { get(bench, query).await.1["meta"]["total_results"].as_u64() }
    };
    for (query, count) in [
        ("phone_numbers?filter[phone_number]=13125550101", 1),
        ("phone_numbers?filter[phone_number]=%2B13125550101", 0),
        ("phone_numbers?filter[phone_number]=555010", 3),
        ("phone_numbers?filter[connection_id]=1293384261075731401", 1),
        ("phone_numbers?filter[billing_group_id]=null", 48),
        ("phone_numbers?filter[tag]=main", 1),
        ("phone_numbers?filter[without_tags]=true", 47),
        ("phone_numbers?filter[status]=ported-out", 1),
        ("phone_numbers?filter[voice.connection_name][contains]=NOR", 1),
        ("phone_numbers/slim?filter[voice.connection_name][eq]=north", 1),
        ("connections", 4),
        ("credential_connections", 1),
        ("connections?filter[connection_name][contains]=OUT", 1),
        ("connections?filter[outbound_voice_profile_id]=1293384261075731400", 1),
        ("ips?filter[connection_id]=1293384261075731402", 1),
        ("ips?filter[port]=5060", 1),
        ("outbound_voice_profiles?filter[name][contains]=wor", 1),
    ] {
        assert_eq!(total(query).await, Some(count), "{query}");
    }
    let short = refusal(get(&bench, "connections?filter[connection_name][contains]=no").await);
    assert_eq!(short, refused(400, "10015", "filter[connection_name][contains]"));
    let names = |sort: &'static str| {
        let bench = &bench;
        async move {
            let (_, body) = get(bench, &format!("connections?sort={sort}")).await;
            body["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["connection_name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(names("connection_name").await, ["east", "north", "robot", "south"]);
    assert_eq!(names("-connection_name").await, ["south", "robot", "north", "east"]);
    assert_eq!(names("created_at").await, ["north", "south", "east", "robot"]);
    assert_eq!(names("-created_at").await, ["robot", "east", "south", "north"]);
}

#[tokio::test]
async fn voice_and_messaging_settings() {
    let bench = Bench::of(ACCOUNT).await;
    let path = number_path(&bench).await;
    let (_, voice) = patch(
        &bench,
        &format!("{path}/voice"),
        json!({"caller_id_name_enabled": true, "connection_id": SOUTH,
        "call_recording": {"inbound_call_recording_enabled": true}}),
    )
    .await;
    assert_eq!((&voice["data"]["record_type"], &voice["data"]["connection_id"]), (&json!("voice_settings"), &json!(NORTH)));
    assert!(voice["data"].get("caller_id_name_enabled").is_none());
    assert_eq!(voice["data"]["call_recording"]["inbound_call_recording_channels"], "single");
    let seen = number(&bench).await;
    assert_eq!((&seen["caller_id_name_enabled"], &seen["call_recording_enabled"]), (&json!(true), &json!(true)));
    let cnam = |body: Value| {
        let request = bench.telnyx(Method::PATCH, &format!("{path}/voice")).json(&json!({"cnam_listing": body}));
        async move { refusal(sent(request).await) }
    };
    assert_eq!(cnam(json!({"cnam_listing_enabled": true})).await, refused(422, "10015", "/cnam_listing"));
    assert_eq!(cnam(json!({"cnam_listing_details": "Acme"})).await, refused(422, "10015", "/cnam_listing"));
    assert_eq!(cnam(json!({"cnam_listing_enabled": true, "cnam_listing_details": "Acme"})).await.0, 200);

    let messaging = format!("{path}/messaging");
    let profile = "16fd2706-8baf-433b-82eb-8c7fada847da";
    let (_, set) = patch(&bench, &messaging, json!({"messaging_profile_id": profile})).await;
    assert_eq!(set["data"]["messaging_profile_id"], profile);
    let (_, kept) = patch(&bench, &messaging, json!({"messaging_profile_id": null, "messaging_product": null})).await;
    assert_eq!(kept["data"]["messaging_profile_id"], profile, "null keeps");
    let (_, cleared) = patch(&bench, &messaging, json!({"messaging_profile_id": ""})).await;
    assert_eq!(cleared["data"]["messaging_profile_id"], Value::Null);

    let (_, slim) = get(&bench, "phone_numbers/slim?filter[connection_id]=1293384261075731401").await;
    let row = &slim["data"][0];
    assert!(row.get("tags").is_none() && row.get("connection_name").is_none() && row["connection_id"] == NORTH, "{row}");
    let (_, slim) = get(&bench, "phone_numbers/slim?include_tags=true&include_connection=true&filter[tag]=main").await;
    assert_eq!((&slim["data"][0]["tags"], &slim["data"][0]["connection_name"]), (&json!(["main"]), &json!("north")));
    assert_eq!(get(&bench, "phone_numbers/voice").await.1["data"][0]["record_type"], "voice_settings");

    // A number that is given back stays as a row; a lock prevents it.
    bench.sandbox.edit(|world| world.telnyx.phone_numbers[0].insert("deletion_lock_enabled".into(), true.into()));
    assert_eq!(delete(&bench, &path).await.0, 422);
    bench.sandbox.edit(|world| world.telnyx.phone_numbers[0].insert("deletion_lock_enabled".into(), false.into()));
    let (status, gone) = delete(&bench, &path).await;
    assert_eq!((status, &gone["data"]["status"], &gone["data"]["connection_id"]), (200, &json!("deleted"), &Value::Null));
}

#[tokio::test]
async fn managed_accounts_and_integration_secrets() {
    let bench = Bench::of("{}").await;
    let (status, made) =
        post(&bench, "managed_accounts", json!({"business_name": "Acme", "email": "a@x.example", "password": "hunter2-x"})).await;
    let account = &made["data"];
    assert_eq!((status, &account["organization_name"], account.get("password")), (200, &json!("Acme"), None));
    assert!(account["api_key"].as_str().unwrap().starts_with("KEY") && !account["api_token"].as_str().unwrap().is_empty());
    let path = format!("managed_accounts/{}", account["id"].as_str().unwrap());
    let (_, changed) = patch(&bench, &path, json!({"managed_account_allow_custom_pricing": true, "rollup_billing": true})).await;
    assert_eq!(
        (&changed["data"]["managed_account_allow_custom_pricing"], &changed["data"]["rollup_billing"]),
        (&json!(true), &json!(false))
    );
    let (_, listed) = get(&bench, "managed_accounts?filter[email][eq]=a@x.example").await;
    let row = &listed["data"][0];
    assert!(["api_key", "api_token", "balance", "status"].iter().all(|name| row.get(name).is_none()), "{row}");
    let of_status = |status: &'static str| {
        let bench = &bench;
        async move { get(bench, &format!("managed_accounts?filter[status][eq]={status}")).await.1["meta"]["total_results"].clone() }
    };
    assert_eq!((of_status("disabled").await, of_status("enabled").await), (json!(0), json!(1)));
    assert_eq!(post(&bench, &format!("{path}/actions/disable"), json!({})).await.0, 200);
    assert_eq!((of_status("disabled").await, of_status("enabled").await, of_status("all").await), (json!(1), json!(0), json!(1)));
    assert_eq!(sent(bench.telnyx(Method::POST, &format!("{path}/actions/enable"))).await.0, 200);
    assert_eq!(of_status("active").await, json!(1));
    assert_eq!(refusal(delete(&bench, &path).await).0, 405);

    let secret = json!({"identifier": "crm", "type": "bearer", "token": "hunter2-y"});
    let (status, made) = post(&bench, "integration_secrets", secret.clone()).await;
    assert_eq!((status, made["data"].get("token"), made["data"].get("type")), (201, None, None));
    assert_eq!(refusal(post(&bench, "integration_secrets", secret).await), refused(422, "10015", "/identifier"));
    assert_eq!(get(&bench, "integration_secrets?filter[type]=bearer").await.1["meta"]["total_results"], 1);
    let path = format!("integration_secrets/{}", made["data"]["id"].as_str().unwrap());
    assert_eq!(delete(&bench, &path).await, (204, Value::Null));
    assert_eq!(delete(&bench, &path).await.0, 404);
    assert!(!serde_json::to_string(&bench.sandbox.log()).unwrap().contains("hunter2"));
}

#[tokio::test]
async fn a_world_may_name_objects_and_must_not_contradict_itself() {
    let world = World::from_yaml(ACCOUNT).unwrap();
    assert_eq!(world.telnyx.phone_numbers[0]["connection_id"], NORTH);
    assert_eq!(world.telnyx.connections[0]["outbound"]["outbound_voice_profile_id"], "1293384261075731400");
    assert_eq!(World::from_yaml(&world.to_yaml().unwrap()).unwrap(), world, "a saved world is the same world");
    for (wrong, words) in [
        ("phone_numbers: [{ phone_number: '+13125550101', connection_id: nowhere }]", "names nowhere, which is not there"),
        ("connections: [{ connection_name: x, transport_protocol: UDP }]", "unknown field transport_protocol"),
        ("connections: [{ connection_name: x, inbound: { colour: red } }]", "unknown field colour"),
        ("ips: [{ id: '7', ip_address: 203.0.113.1 }, { id: '7', ip_address: 203.0.113.2 }]", "another one has the id 7"),
    ] {
        let error = World::from_yaml(&format!("telnyx: {{ {wrong} }}")).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

/// Twenty thousand objects that name each other are a realistic account: nothing looks through all of them for each of them.
#[tokio::test]
async fn a_large_account_starts_and_answers_in_moments() {
    let mut world = World::default();
    for n in 0..10_000 {
        let Value::Object(connection) = json!({"connection_name": format!("connection {n}")}) else { unreachable!() };
        let Value::Object(number) = json!({"phone_number": format!("+1312{n:07}"), "connection_id": format!("connection {n}")})
        else {
            unreachable!()
        };
        world.telnyx.connections.push(connection);
        world.telnyx.phone_numbers.push(number);
    }
    let since = std::time::Instant::now();
    let bench = Bench { sandbox: Sandbox::start(world).await, client: client() };
    let (_, page) = get(&bench, "phone_numbers?page[size]=250&page[number]=40&sort=phone_number").await;
    assert_eq!((&page["meta"]["total_pages"], &page["data"][249]["connection_name"]), (&json!(40), &json!("connection 9999")));
    assert!(since.elapsed().as_secs() < 60, "{:?}", since.elapsed());
}
