//! The embedded simulator: everything that goes wrong on demand, and its own routes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::sandbox_bench::*;
use reqwest::Method;
use serde_json::{Value, json};
use telform::sandbox::*;

const BRIDGES: &str = "/api/v2/platform/telephony/bridges/";

fn fault(yaml: &str) -> FaultRule {
    World::from_yaml(&format!("faults:\n  - {yaml}\n")).unwrap().faults.remove(0)
}

async fn bridges(bench: &Bench) -> (u16, Value) {
    sent(bench.unpod(Method::GET, "telephony/bridges/")).await
}

#[tokio::test]
async fn other_answers() {
    let bench = Bench::of(TWO_CONFIGURATIONS).await;
    let ask = |yaml: &'static str| {
        bench.sandbox.set_fault(fault(yaml));
        bench.unpod(Method::GET, "telephony/bridges/").send()
    };
    let throttled = ask("{ effect: { answer: { status: 429, retry_after: '7' } } }").await.unwrap();
    assert_eq!((throttled.status().as_u16(), &throttled.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    assert!(throttled.text().await.unwrap().contains("Request was throttled."));
    let throttled = ask("{ effect: { answer: { status: 429, body: docs } } }").await.unwrap();
    assert!(throttled.headers().get("retry-after").is_none());
    assert_eq!(throttled.json::<Value>().await.unwrap()["error"]["code"], "rate_limit_exceeded");
    let broken = ask("{ effect: { answer: { status: 500 } } }").await.unwrap();
    assert_eq!(
        (broken.status().as_u16(), &broken.headers()["content-type"]),
        (500, &"text/html; charset=utf-8".parse().unwrap())
    );
    let partial = ask("{ effect: { answer: { status: 206 } } }").await.unwrap();
    assert_eq!(partial.json::<Value>().await.unwrap()["data"], json!({}));
    let away = ask("{ effect: { answer: { status: 302, location: 'http://elsewhere.example/x' } } }").await.unwrap();
    assert_eq!((away.status().as_u16(), &away.headers()["location"]), (302, &"http://elsewhere.example/x".parse().unwrap()));
    let empty = ask("{ effect: { answer: { status: 200, body: empty } } }").await.unwrap();
    assert_eq!(empty.text().await.unwrap(), "");
    let own = ask("{ effect: { answer: { status: 200, body: { json: { data: { detail: no } } } } } }").await.unwrap();
    assert_eq!(own.json::<Value>().await.unwrap(), json!({"data": {"detail": "no"}}));
    let cut = ask("{ effect: { answer: { status: 200, body: truncated } } }").await.unwrap();
    assert!(cut.json::<Value>().await.is_err());
    assert_eq!(bridges(&bench).await.0, 200, "each fault was for one request");
}

#[tokio::test]
async fn the_second_write_is_done_and_its_answer_lost() {
    let bench = Bench::of(TWO_CONFIGURATIONS).await;
    bench.sandbox.set_fault(fault(
        "{ match: { service: unpod, method: POST, path: '*/connect-provider/', nth: 2 }, when: after, effect: { answer: { status: 502 } } }",
    ));
    let connect = |number: &str| {
        bench
            .unpod(Method::POST, "telephony/bridges/sales/connect-provider/")
            .json(&json!({"provider_config_id": 42, "phone_number": number}))
    };
    assert_eq!(sent(connect("+14155550101")).await.0, 200);
    assert_eq!(sent(connect("+14155550103")).await.0, 502);
    assert_eq!(sent(connect("+14155550103")).await.0, 200);
    let world = bench.sandbox.world();
    assert_eq!(world.unpod.bridges[0].numbers["+14155550103"].configuration, Some(42));
    assert_eq!(world.faults[0].seen, 3);
    let statuses: Vec<Option<u16>> = bench.sandbox.log().iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, [Some(200), Some(502), Some(200)]);
}

#[tokio::test]
async fn a_connection_is_cut() {
    let bench = Bench::of("{}").await;
    let post = || bench.carrierx(Method::POST, "partners").json(&new_partner("west")).send();
    let count = || bench.sandbox.world().carrierx.partners.len();
    bench.sandbox.set_fault(fault("{ effect: cut }"));
    assert!(post().await.is_err());
    assert_eq!(count(), 0);
    bench.sandbox.set_fault(fault("{ when: after, effect: cut }"));
    assert!(post().await.is_err());
    assert_eq!(count(), 1, "the nasty case: done, and nobody knows");
    assert_eq!(bench.sandbox.log()[1].status, None);
    bench.sandbox.set_fault(fault("{ effect: cut_in_body }"));
    let response = bench.carrierx(Method::GET, "partners").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.text().await.is_err());
    assert_eq!(sent(bench.carrierx(Method::GET, "partners")).await.0, 200);
}

#[tokio::test]
async fn true_answers_are_spoiled() {
    let bench = Bench::of(TWO_CONFIGURATIONS).await;
    let (_, truth) = bridges(&bench).await;
    let spoiled = |effect: &'static str| {
        bench.sandbox.set_fault(fault(&format!("{{ effect: {effect} }}")));
        bench.unpod(Method::GET, "telephony/bridges/").send()
    };
    let text = spoiled("truncated_json").await.unwrap().text().await.unwrap();
    assert!(truth.to_string().starts_with(&text) && serde_json::from_str::<Value>(&text).is_err());
    assert_eq!(spoiled("empty_body").await.unwrap().text().await.unwrap(), "");
    let body: Value = spoiled("data_object").await.unwrap().json().await.unwrap();
    assert!(body["data"].is_object());
    let body: Value = spoiled("extra_fields").await.unwrap().json().await.unwrap();
    assert!(body["data"][0]["numbers"][0].get("x_sandbox_text").is_some());
    assert_eq!(body["data"][0]["slug"], "sales");
    let body: Value = spoiled("{ missing_rows: 3 }").await.unwrap().json().await.unwrap();
    assert_eq!((&body["count"], body["data"].as_array().unwrap().len()), (&json!(4), 1));
    let body: Value = spoiled("{ next_url: 'http://elsewhere.example/' }").await.unwrap().json().await.unwrap();
    assert_eq!(body["next"], "http://elsewhere.example/");
    let length = spoiled("{ oversize: 3000000 }").await.unwrap().bytes().await.unwrap().len();
    assert!(length > 3_000_000);
    let body: Value = spoiled("{ drip: { bytes: 7, every_ms: 0 } }").await.unwrap().json().await.unwrap();
    assert_eq!(body, truth);
    let start = Instant::now();
    spoiled("{ delay_ms: 30 }").await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(30));

    bench.sandbox.set_fault(fault("{ effect: without_id }"));
    let new = json!({"name": "New", "slug": "new"});
    let (status, body) = sent(bench.unpod(Method::POST, "telephony/bridges/").json(&new)).await;
    assert_eq!((status, body["data"].get("id"), &body["data"]["slug"]), (201, None, &json!("new")));
}

#[tokio::test]
async fn pages_go_wrong() {
    let bridges: String = (0..12).map(|n| format!("    - {{ slug: b{n:02} }}\n")).collect();
    let bench = Bench::of(&format!("unpod:\n  bridges:\n{bridges}")).await;
    let page = |n: usize| format!("telephony/bridges/?page={n}&page_size=5");
    let slugs = |body: Value| -> Vec<String> {
        body["data"].as_array().unwrap().iter().map(|b| b["slug"].as_str().unwrap().to_owned()).collect()
    };
    let get = |path: String| sent(bench.unpod(Method::GET, &path));
    let all = "{ path: /api/v2/platform/telephony/bridges/, times: 0 }";
    bench.sandbox.set_fault(fault(&format!("{{ match: {all}, effect: {{ overlapping_pages: 2 }} }}")));
    assert_eq!(slugs(get(page(1)).await.1), ["b00", "b01", "b02", "b03", "b04"]);
    assert_eq!(slugs(get(page(2)).await.1), ["b03", "b04", "b05", "b06", "b07"]);
    bench.sandbox.clear_faults();

    bench.sandbox.set_fault(fault(&format!("{{ match: {all}, effect: endless_pages }}")));
    let mut seen = std::collections::BTreeSet::new();
    for n in 1..=20 {
        let (_, body) = get(page(n)).await;
        assert!(body["count"].as_u64().unwrap() > 1000);
        seen.extend(slugs(body));
    }
    assert_eq!(seen.len(), 200, "every page is full of new things");
    bench.sandbox.clear_faults();

    // With moving rows a change between two pages makes one bridge vanish and no page notices (section 11).
    let first = slugs(get(page(1)).await.1);
    sent(bench.unpod(Method::PATCH, "telephony/bridges/b00/").json(&json!({"name": "moved"}))).await;
    let mut listed = first;
    for n in 2..=3 {
        listed.extend(slugs(get(page(n)).await.1));
    }
    assert!(!listed.contains(&"b05".to_owned()));
    assert_eq!(listed.iter().filter(|slug| *slug == "b00").count(), 2);
}

#[tokio::test]
async fn somebody_else_is_at_work() {
    let mut world = World::from_yaml(TWO_CONFIGURATIONS).unwrap();
    let Value::Object(fields) = json!({"login": "west", "city": "X"}) else { unreachable!() };
    world.carrierx.partners.push(Partner::new(fields));
    let bench = Bench { sandbox: Sandbox::start(world).await, client: client() };
    bench.sandbox.set_fault(fault(
        "{ match: { method: GET, path: /api/v2/platform/telephony/bridges/sales/, nth: 2 }, effect: { foreign: [
            { connect: { bridge: sales, number: '+14155550102', configuration: 43 } },
            { disconnect: { bridge: sales, number: '+14155550101' } },
            { partner: { partner: west, set: { city: Y } } },
            { configuration: { id: 42, set: { account_sid: AC2 } } },
            { rename_bridge: { bridge: sales, name: Theirs } } ] } }",
    ));
    let get = || sent(bench.unpod(Method::GET, "telephony/bridges/sales/"));
    assert_eq!(get().await.1["data"]["name"], "Sales");
    let (_, body) = get().await;
    assert_eq!(body["data"]["name"], "Theirs");
    assert_eq!(body["data"]["numbers"].as_array().unwrap().len(), 1);
    let world = bench.sandbox.world();
    assert_eq!(world.unpod.bridges[0].numbers["+14155550102"].configuration, Some(43));
    assert_eq!(world.unpod.configurations[0].account_sid.as_deref(), Some("AC2"));
    assert_eq!(sent(bench.carrierx(Method::GET, "partners")).await.1["items"][0]["city"], "Y");

    bench.sandbox.set_fault(fault("{ effect: swap_config_path }"));
    assert_eq!(sent(bench.unpod(Method::GET, "telephony/providers-configurations/")).await.0, 404);
    assert_eq!(sent(bench.unpod(Method::GET, "telephony/provider-configurations/")).await.0, 200);
}

#[tokio::test]
async fn control_routes() {
    let bench = Bench::of(TWO_CONFIGURATIONS).await;
    let url = |path: &str| format!("{}/_sim/{path}", bench.sandbox.base());
    let rule = json!({"match": {"path": BRIDGES}, "effect": {"answer": {"status": 503}}});
    let (status, body) = sent(bench.client.post(url("faults")).json(&rule)).await;
    assert_eq!((status, body.as_array().unwrap().len()), (200, 1));
    assert_eq!(sent(bench.client.post(url("faults")).json(&json!({"effect": "explode"}))).await.0, 400);
    assert_eq!(bridges(&bench).await.0, 503);
    assert_eq!(sent(bench.client.delete(url("faults"))).await.0, 204);
    let (_, log) = sent(bench.client.get(url("log"))).await;
    assert_eq!(log.as_array().unwrap().len(), 1, "the simulator's own routes are not logged");
    assert_eq!((&log[0]["status"], &log[0]["service"], &log[0]["path"]), (&json!(503), &json!("unpod"), &json!(BRIDGES)));
    assert!(log.to_string().contains("(secret)") && !log.to_string().contains("sandbox-token"));
    let (_, world) = sent(bench.client.get(url("world"))).await;
    assert_eq!(world["unpod"]["configurations"][0]["id"], 42);
    assert_eq!(sent(bench.client.get(url("verify/nobody/all"))).await.0, 404);
    assert_eq!(sent(bench.client.get(url("nothing"))).await.0, 404);
}

/// Every local user can connect, and so can every web page: none is answered without the token, whatever it asks for.
#[tokio::test]
async fn nobody_is_let_in_without_the_token() {
    let bench = Bench::of(TWO_CONFIGURATIONS).await;
    let (address, mount) = (bench.sandbox.address(), bench.sandbox.mount().to_owned());
    let ask = |method: &str, target: &str, head: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        let bearer = format!("Authorization: Bearer {}\r\nOrg-Handle: acme.example\r\n", bench.sandbox.token());
        write!(stream, "{method} {target} HTTP/1.1\r\n{head}{bearer}Connection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    let own = format!("Host: {address}\r\n");
    let wrong = format!("/{}", "0".repeat(mount.len() - 1));
    let short = &mount[..mount.len() - 1];
    let control = ["world", "log", "faults", "verify/acme/all"].map(|path| format!("/_sim/{path}"));
    let services = ["/api/v2/platform/telephony/bridges/", "/core/v2/partners"].map(str::to_owned);
    assert!(mount.len() > 32 && mount != Bench::of("{}").await.sandbox.mount(), "{mount}");
    for path in control.iter().chain(&services) {
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            for before in ["", "/", &wrong, short, "/%2e%2e", &mount.to_uppercase()] {
                assert_eq!(ask(method, &format!("{before}{path}"), &own), "403", "{method} {before}{path}");
            }
        }
        let target = format!("{mount}{path}");
        for head in [
            "",
            "Host: evil.example\r\n",
            "Host: 127.0.0.1\r\n",
            "Host: 127.0.0.1:1\r\n",
            &format!("Host: evil.example:{}\r\n", address.port()),
            &format!("{own}Host: evil.example\r\n"),
            &format!("{own}Origin: null\r\n"),
            &format!("{own}Origin: http://{address}\r\n"),
            &format!("{own}Origin: https://evil.example\r\n"),
        ] {
            let status = ask("GET", &target, head);
            assert!(["400", "403"].contains(&status.as_str()), "{head}: {status}");
        }
        assert_eq!(ask("GET", &format!("http://evil.example{target}"), &own), "403");
        assert_ne!(ask("GET", &target, &own), "403", "{target}");
    }
    assert_eq!(ask("GET", &mount, &own), "403");
    let log = bench.sandbox.log();
    assert!(log.iter().all(|logged| logged.method == "GET" && !logged.path.contains(&mount)), "{log:?}");
    assert_eq!(log.len(), services.len(), "nothing that was refused is remembered");
}

/// Bytes after a 204, as the recorded server sent them: only a raw connection shows them.
#[tokio::test]
async fn a_204_with_a_body() {
    let yaml = "
unpod:
  profile: g1-snapshot
  knobs: { stray_body_after_204: true }
  configurations: [ { id: 41, provider: Vapi, name: main } ]
";
    let bench = Bench::of(yaml).await;
    let mut stream = TcpStream::connect(bench.sandbox.address()).unwrap();
    let head = format!(
        "Host: {}\r\nAuthorization: Token {}\r\nOrg-Handle: acme.example\r\n",
        bench.sandbox.address(),
        bench.sandbox.token()
    );
    let mount = bench.sandbox.mount();
    write!(
        stream,
        "DELETE {mount}/api/v2/platform/telephony/provider-configurations/41/ HTTP/1.1\r\n{head}Connection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 204"), "{text}");
    assert!(text.ends_with(r#""message":"Provider credential deleted successfully.","data":{}}"#), "{text}");
}

#[tokio::test]
async fn starting_and_stopping() {
    let sandboxes: Vec<Sandbox> =
        (0..20).map(|_| Sandbox::start_blocking(World::default(), ([127, 0, 0, 1], 0).into()).unwrap()).collect();
    for sandbox in sandboxes {
        let address = sandbox.address();
        assert!(Sandbox::start_on(World::default(), address).await.is_err(), "the port is taken");
        sandbox.shutdown().await;
        assert!(TcpStream::connect(address).is_err());
    }
    let everywhere = Sandbox::start_on(World::default(), ([0, 0, 0, 0], 0).into()).await;
    assert!(everywhere.unwrap_err().to_string().contains("loopback"));
}

/// The names that a key of a fault takes, from the message about one that does not exist.
fn names_at(rule: &str) -> Vec<String> {
    let message = World::from_yaml(&format!("faults:\n  - {rule}\n")).unwrap_err().to_string();
    let (_, expected) = message.split_once("expected one of").unwrap_or_else(|| panic!("{message}"));
    let words = expected.split(|it: char| !(it.is_ascii_alphanumeric() || it == '_'));
    let words = words.take_while(|word| *word != "at" && *word != "line");
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_page_of_faults_leaves_none_out() {
    let page = include_str!("../../docs/reference/faults.md");
    let mut seen = 0;
    for rule in [
        "{ effect: nosuch }",
        "{ effect: { answer: { status: 500, body: nosuch } } }",
        "{ effect: { foreign: [{ nosuch: 1 }] } }",
    ] {
        for name in names_at(rule) {
            seen += 1;
            let row = |after: char| page.contains(&format!("\n| `{name}{after}"));
            assert!(row('`') || row(':'), "docs/reference/faults.md does not name `{name}` of {rule}");
        }
    }
    assert!(seen > 35, "only {seen} names were found");
}
