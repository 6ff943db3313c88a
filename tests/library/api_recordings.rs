//! Every recorded answer of Unpod's older generation, classified and read.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use telform::http::classify::classify_answer;
use telform::http::{AnswerClass, RequestEffect};
use telform::model::call::RequestMethod;
use telform::model::kind::whole_of;
use telform::model::ledger::FingerprintKey;
use telform::read;
use telform::services::unpod::generation::detect_generation;
use telform::services::unpod::{BRIDGES_G1, PROVIDERS_G1, TABLE, rows};

#[derive(Deserialize)]
struct Exchange {
    name: String,
    request: Sent,
    response: Received,
}

#[derive(Deserialize)]
struct Sent {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Received {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

impl Exchange {
    /// Path below the base URL, without query.
    fn path(&self) -> &str {
        let path = self.request.path.split('?').next().unwrap();
        path.strip_prefix("/api/v2/platform/").unwrap_or(path)
    }

    fn method(&self) -> RequestMethod {
        match self.request.method.as_str() {
            "POST" => RequestMethod::Post,
            "PATCH" => RequestMethod::Patch,
            "PUT" => RequestMethod::Put,
            "DELETE" => RequestMethod::Delete,
            // HEAD and OPTIONS read as well.
            _ => RequestMethod::Get,
        }
    }

    fn body(&self) -> &str {
        self.response.body.as_deref().unwrap_or_default()
    }
}

/// All exchanges with the name of their file.
fn recorded() -> Vec<(String, Exchange)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/unpod-g1");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let exchanges: Vec<Exchange> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        all.extend(exchanges.into_iter().map(|exchange| (name.clone(), exchange)));
    }
    all
}

fn judged(exchange: &Exchange) -> telform::http::classify::ClassifiedAnswer {
    let kind = exchange.response.headers.get("content-type").map(String::as_str);
    let body = exchange.body().as_bytes();
    classify_answer(&TABLE, exchange.method(), exchange.path(), exchange.response.status, kind, body)
}

#[test]
fn every_recorded_answer_is_judged() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let all = recorded();
    assert_eq!(all.len(), 758);
    for (_, exchange) in &all {
        let (judgement, status) = (judged(exchange), exchange.response.status);
        let effect = match judgement.effect {
            RequestEffect::Unknown => format!("{} may have had an effect", exchange.request.method),
            RequestEffect::None => "no doubt".to_owned(),
        };
        *counts.entry(format!("{status} {:?}, {effect}", judgement.class)).or_default() += 1;
    }
    insta::assert_debug_snapshot!("verdicts", counts);
}

#[test]
fn every_refusal_has_words_and_no_placeholder() {
    for (file, exchange) in recorded() {
        let judgement = judged(&exchange);
        if (300..400).contains(&exchange.response.status) || judgement.class == AnswerClass::Ok {
            continue;
        }
        let words = judgement.service_text.unwrap_or_else(|| judgement.reason.to_owned());
        let place = format!("{file}: {}", exchange.name);
        assert!(!words.is_empty() && words != "Error" && words != "Success", "{place}: {words:?}");
        assert!(!words.contains("ErrorDetail") || exchange.body().contains("ErrorDetail"), "{place}: {words}");
    }
}

/// What an answer says about the organization of its object: a create under a wrong handle is answered like any other and
/// has no owner (unpod.md fact 6).
#[test]
fn every_recorded_object_says_whose_it_is() {
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for (file, exchange) in recorded() {
        let writes = matches!(exchange.request.method.as_str(), "POST" | "PATCH");
        let path = exchange.path();
        let about_objects = path.starts_with("telephony/") && !path.contains("/connect") && !path.contains("/disconnect");
        if !writes || !about_objects || !matches!(exchange.response.status, 200 | 201) {
            continue;
        }
        let Ok(body) = serde_json::from_str::<Value>(exchange.body()) else { continue };
        let row = TABLE.envelope.object(&body).map(|row| Value::Object(row.clone())).expect(&file);
        let what = if path.contains("configurations") { "configuration" } else { "bridge" };
        let sent = exchange.request.headers.get("Org-Handle").map_or("no handle", String::as_str);
        let whose = match telform::services::unpod::TABLE.owner_in(&row) {
            Some(Some(handle)) => handle,
            Some(None) => "nobody's".to_owned(),
            None => "it does not say".to_owned(),
        };
        *said.entry(format!("{} {what} under {sent}: {whose}", exchange.request.method)).or_default() += 1;
    }
    insta::assert_debug_snapshot!("organizations", said);
}

/// Successful GETs through the readers of lists and objects; no part of a secret may be left in what they keep.
#[test]
fn every_recorded_reading_is_understood() {
    let key = FingerprintKey::from_text("5f0c1e9a7b3d284c6a91e0f7d2b84c3e").unwrap();
    let mut read: BTreeMap<&str, usize> = BTreeMap::new();
    for (file, exchange) in recorded() {
        if exchange.request.method != "GET" || exchange.response.status != 200 {
            continue;
        }
        let body = judged(&exchange).body;
        let place = format!("{file}: {}", exchange.name);
        let parts: Vec<&str> = exchange.path().trim_end_matches('/').split('/').collect();
        let what = match parts.as_slice() {
            ["telephony", "provider-configurations"] => {
                let rows = TABLE.envelope.rows(&body, true).expect(&place);
                let generation = detect_generation(None, rows, &[]).expect(&place);
                assert_eq!(generation, (!rows.is_empty()).then_some(1), "{place}");
                for row in rows {
                    read::parse_object(&PROVIDERS_G1, row.clone(), &key).expect(&place);
                }
                "configurations"
            }
            ["telephony", "provider-configurations", id] => {
                let row = TABLE.envelope.object(&body).expect(&place);
                let object = read::parse_object(&PROVIDERS_G1, Value::Object(row.clone()), &key).expect(&place);
                assert_eq!(object.id, id.trim_start_matches('0'), "{place}");
                let shown = format!("{object:?}");
                for secret in ["api_key", "api_secret"].iter().filter_map(|name| row[*name].as_str()) {
                    assert!(secret.is_empty() || !shown.contains(secret), "{place}: {shown}");
                }
                "configuration"
            }
            ["telephony", "bridges"] => {
                body.get("count").and_then(whole_of).expect(&place);
                for row in TABLE.envelope.rows(&body, false).expect(&place) {
                    // One that no path can hold is listed, and cannot be asked for.
                    let usable = row["slug"].as_str().is_some_and(telform::model::call::is_segment);
                    assert_eq!(read::parse_object(&BRIDGES_G1, row.clone(), &key).is_ok(), usable, "{place}: {row}");
                }
                "bridges"
            }
            ["telephony", "bridges", _] => {
                let slim = rows::slim_bridge(TABLE.envelope.object(&body).expect(&place));
                read::parse_object(&BRIDGES_G1, slim.clone(), &key).expect(&place);
                let text = slim.to_string();
                assert!(!text.contains("api_key") && !text.contains("secret"), "{place}: {text}");
                "bridge"
            }
            ["telephony", "numbers"] => {
                let numbers = TABLE.envelope.rows(&body, false).expect(&place);
                assert!(numbers.iter().all(|row| rows::number_in(row).is_some()), "{place}");
                "numbers"
            }
            ["telephony", "providers"] => {
                let rows = TABLE.envelope.rows(&body, false).expect(&place);
                assert_eq!(detect_generation(None, &[], rows), Ok(Some(1)), "{place}");
                "catalogue"
            }
            ["organizations"] => {
                TABLE.envelope.rows(&body, false).expect(&place);
                "organizations"
            }
            _ => panic!("{place}: an unforeseen path {parts:?}"),
        };
        *read.entry(what).or_default() += 1;
    }
    insta::assert_debug_snapshot!("readings", read);
}
