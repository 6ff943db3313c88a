//! The generation 1 profile of the simulator against recorded traffic: every exchange is sent again, in order, over real
//! HTTP, and statuses, significant headers and JSON bodies are compared (see `recordings/README.md`, "How to compare").
//!
//! What is not compared, and why:
//! * The body of a HEAD or 204 answer: no correct client sees it.
//! * The wording of JSON parse errors: it belongs to another language's parser; the beginning is compared.
//! * The digits of a provider id beyond 64 bits, echoed in a refusal: numbers of that size lose their last digits here.
//! * HTML pages: only that they are HTML.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reqwest::{Client, Method, redirect::Policy};
use serde::Deserialize;
use serde_json::{Value, json};
use telform::sandbox::*;

macro_rules! replayed {
    ($($name:ident: $file:literal),+ $(,)?) => {
        $(#[tokio::test] async fn $name() { replay($file).await; })+

        #[test]
        fn every_recording_is_replayed() {
            let replayed = vec![$($file),+];
            let mut found: Vec<String> = std::fs::read_dir(folder().join("unpod-g1"))
                .unwrap()
                .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            found.sort();
            assert_eq!(found, replayed);
        }
    };
}

replayed! {
    r01: "01-auth-schemes",
    r02: "02-organizations",
    r03: "03-providers-catalogue",
    r04: "04-paths-and-methods",
    r05: "05-config-list-headers",
    r06: "06-config-create",
    r07: "07-config-create-rejected",
    r08: "08-config-create-g2-body",
    r09: "09-config-bodies",
    r10: "10-config-get",
    r11: "11-config-patch",
    r12: "12-config-delete",
    r13: "13-config-without-organization",
    r14: "14-config-foreign-organization",
    r15: "15-bridge-list-headers",
    r16: "16-bridge-create",
    r17: "17-bridge-create-rejected",
    r18: "18-bridge-create-with-numbers",
    r19: "19-bridge-slugs",
    r20: "20-bridge-paging",
    r21: "21-bridge-get",
    r22: "22-bridge-patch",
    r23: "23-bridge-patch-numbers",
    r24: "24-bridge-patch-without-queue-library",
    r25: "25-bridge-delete",
    r26: "26-bridge-product-id",
    r27: "27-numbers",
    r28: "28-connect",
    r29: "29-connect-rejected",
    r30: "30-disconnect",
    r31: "31-delete-connected-configuration",
    r32: "32-lifecycle-apply",
    r33: "33-vendor-check-flag",
    r34: "34-internal-v1-unlink",
}

/// Response headers whose values are part of the contract.
const TELLING: [&str; 4] = ["allow", "content-type", "location", "www-authenticate"];

#[derive(Deserialize)]
struct Exchange {
    name: String,
    request: Request,
    response: Response,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Response {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings")
}

/// The start state of every file, with the three things that the seed lacks: the organizations' tokens and times
/// (constant within the corpus), and the credentials' placeholders.
fn seeded(file: &str) -> World {
    let seed: Value = serde_json::from_str(&std::fs::read_to_string(folder().join("unpod-g1-seed.json")).unwrap()).unwrap();
    let untold = BTreeMap::from([
        ("acme.example", ("MFHBOWJ6DG5872AXNHJ4", "2026-11-22T02:02:48.757932Z")),
        ("globex.example", ("17XEN2WAM7TLMXW2FMVE", "2026-11-22T02:02:48.768485Z")),
        ("initech.example", ("CSPH8JQCC0W0GAOE6CWS", "2026-11-22T02:02:48.770702Z")),
    ]);
    let each = |key: &str| seed[key].as_array().unwrap().clone().into_iter();
    let organizations = each("organizations").map(|o| {
        let (token, created) = untold[o["domain_handle"].as_str().unwrap()];
        json!({"handle": o["domain_handle"], "id": o["id"], "name": o["name"], "domain": o["domain"], "token": token,
               "created_at": created, "is_private_domain": o["is_private_domain"],
               "active": o["status"] == "active"})
    });
    let users = each("users").map(|u| {
        let name = u["name"].as_str().unwrap().to_uppercase();
        let memberships: Vec<_> = u["memberships"].as_array().unwrap().iter().map(|m| json!([m[0], m[1]])).collect();
        json!({"name": name, "state": if u["active"] == true { "active" } else { "inactive" },
               "tokens": [format!("<TOKEN-{name}>")], "jwts": [format!("<JWT-{name}>")],
               "memberships": memberships})
    });
    let gone = json!({"name": "gone", "state": "deleted", "jwts": ["<JWT-UNKNOWN-USER>"]});
    let blacklist = each("users").filter_map(|u| u.get("blacklisted_authorization").cloned());
    let numbers = each("numbers").map(|n| {
        let carrier = n["carrier_provider"].as_u64().map(|id| id.to_string());
        json!({"id": n["id"], "number": n["number"], "organization": n["organization"], "provider": carrier,
               "active": n["active"], "agent_number": n["agent_number"], "state": n["state"]})
    });
    let providers = each("providers").map(|mut p| {
        p.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        p
    });
    let next = &seed["next_ids"];
    let world = json!({"unpod": {
        "profile": "g1-snapshot",
        "tokens": [],
        "organizations": organizations.collect::<Vec<_>>(),
        "users": users.chain([gone]).collect::<Vec<_>>(),
        "blacklist": blacklist.collect::<Vec<_>>(),
        "providers": providers.collect::<Vec<_>>(),
        "numbers": numbers.collect::<Vec<_>>(),
        "next_ids": {"configuration": next["configuration"], "bridge": next["bridge"], "link": next["number_link"]},
        "knobs": {
            "queue_library": file != "24-bridge-patch-without-queue-library",
            "vendor_accepts": if file == "33-vendor-check-flag" {
                json!(["vapi-accepted", "livekit-accepted.example"])
            } else {
                json!([])
            },
        },
    }});
    serde_json::from_value(world).unwrap()
}

/// Recorded slug (made up by the server) to the one that our server made up.
type Slugs = BTreeMap<String, String>;

async fn replay(file: &str) {
    let path = folder().join("unpod-g1").join(format!("{file}.json"));
    let exchanges: Vec<Exchange> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(!exchanges.is_empty());
    let sandbox = Sandbox::start(seeded(file)).await;
    let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
    let mut slugs = Slugs::new();
    let mut differences = Vec::new();
    for Exchange { name, request, response } in exchanges {
        let answered = send(&client, &sandbox, &request, &slugs).await;
        for difference in compare(&request, &response, &answered, &mut slugs) {
            differences.push(format!("{file}: {name}: {} {}\n  {difference}", request.method, request.path));
        }
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
    sandbox.shutdown().await;
}

async fn send(client: &Client, sandbox: &Sandbox, request: &Request, slugs: &Slugs) -> Response {
    let mut path = request.path.clone();
    for (recorded, ours) in slugs {
        path = path.replace(recorded, ours);
    }
    let method = Method::from_bytes(request.method.as_bytes()).unwrap();
    let mut builder = client.request(method, format!("{}{path}", sandbox.base()));
    for (header, value) in &request.headers {
        builder = builder.header(header, value);
    }
    if let Some(body) = &request.body {
        builder = builder.body(body.clone());
    }
    let response = builder.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().replace(sandbox.mount(), "")))
        .collect();
    Response { status, headers, body: Some(response.text().await.unwrap()) }
}

fn compare(request: &Request, recorded: &Response, ours: &Response, slugs: &mut Slugs) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differ = |what: &str, recorded: String, ours: String| {
        if recorded != ours {
            differences.push(format!("{what}\n    recorded {recorded}\n    ours     {ours}"));
        }
    };
    differ("status", recorded.status.to_string(), ours.status.to_string());
    let bodiless = request.method == "HEAD" || recorded.status == 204;
    for header in TELLING.iter().filter(|header| !(bodiless && **header == "content-type")) {
        differ(header, format!("{:?}", recorded.headers.get(*header)), format!("{:?}", ours.headers.get(*header)));
    }
    let is_json = recorded.headers.get("content-type").is_some_and(|kind| kind == "application/json");
    if is_json && !bodiless {
        let mut theirs: Value = serde_json::from_str(recorded.body.as_deref().unwrap()).unwrap();
        let mut body = serde_json::from_str(ours.body.as_deref().unwrap()).unwrap_or_default();
        learn_slugs(&theirs, &body, slugs);
        normalise(&mut theirs, &Slugs::new());
        normalise(&mut body, &slugs.iter().map(|(theirs, ours)| (ours.clone(), theirs.clone())).collect());
        differ("body", theirs.to_string(), body.to_string());
    }
    differences
}

/// A slug that the server made up ends in eight lowercase letters or digits; where the rest is the same, ours
/// replaces theirs from then on.
fn learn_slugs(theirs: &Value, ours: &Value, slugs: &mut Slugs) {
    let (Some(theirs), Some(ours)) = (theirs["data"]["slug"].as_str(), ours["data"]["slug"].as_str()) else {
        return;
    };
    let split = |slug: &str| -> Option<String> {
        let (rest, tail) = slug.split_at_checked(slug.len().checked_sub(8)?)?;
        let made_up = tail.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        (made_up && (rest.is_empty() || rest.ends_with('-'))).then(|| rest.to_owned())
    };
    if theirs != ours && split(theirs).is_some() && split(theirs) == split(ours) {
        slugs.insert(theirs.to_owned(), ours.to_owned());
    }
}

/// Makes two bodies comparable: lists by id, learned slugs, and the words that are versions' business.
fn normalise(value: &mut Value, slugs: &Slugs) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields.iter_mut() {
                normalise(inner, slugs);
                if key == "data"
                    && let Value::Array(rows) = inner
                {
                    rows.sort_by_key(|row| row["id"].as_u64());
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| normalise(item, slugs)),
        Value::String(text) => {
            if let Some(known) = slugs.get(text) {
                text.clone_from(known);
            } else if text.starts_with("JSON parse error - ") {
                *text = "JSON parse error - ...".to_owned();
            } else if let Some(digits) = text.strip_prefix("Invalid pk \"")
                && digits.len() > "18446744073709551615".len()
            {
                *text = "Invalid pk \"...".to_owned();
            }
        }
        _ => {}
    }
}
