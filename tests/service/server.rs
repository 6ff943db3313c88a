//! The made-up service: mailboxes under `/v1/mailboxes` by page number, greetings under `/v1/greetings` by cursor.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// The token that it accepts.
pub(crate) const TOKEN: &str = "token-of-voicebox";

/// What every request carries: header, part of the path, query, header.
pub(crate) const CARRIED: &str = "desk 3 a,b&c true";

type Rows = Vec<Map<String, Value>>;

/// What it holds, and what it was sent.
#[derive(Default)]
struct Held {
    rows: BTreeMap<String, Rows>,
    writes: Vec<String>,
    carried: BTreeSet<String>,
}

type Shared = Arc<Mutex<Held>>;

/// A running server; it ends with the test.
pub(crate) struct Server {
    held: Shared,
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    pub(crate) fn start() -> Self {
        let held = Shared::default();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let app = axum::Router::new().fallback(serve).with_state(Arc::clone(&held));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { held, address, _runtime: runtime }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Writes since this was last asked: method, path, and the keys that were sent.
    pub(crate) fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner).writes)
    }

    /// Settings of accounts in the requests since this was last asked, each once.
    pub(crate) fn carried(&self) -> Vec<String> {
        std::mem::take(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner).carried).into_iter().collect()
    }
}

fn say(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [("content-type", "application/json")], body.to_string()).into_response()
}

/// List, create, read, patch, delete.
async fn serve(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let body: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
    if head.headers.get("authorization").is_none_or(|token| *token != format!("Bearer {TOKEN}")) {
        return say(401, &json!({ "error": "no token" }));
    }
    let mut held = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let (edition, path) = head.uri.path()[1..].split_once('/').map_or(("", ""), |(edition, path)| (edition, path));
    let path = format!("/{path}");
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("-").to_owned();
    let tags = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).filter(|(key, _)| key == "tag");
    let tags: Vec<_> = tags.map(|(_, tag)| tag).collect();
    held.carried.insert(format!("{} {edition} {} {}", header("x-workspace"), tags.join(","), header("x-traced")));
    if head.method != "GET" {
        let mut keys: Vec<&String> = body.keys().collect();
        keys.sort();
        let line = format!("{} {path} {}", head.method, json!(keys));
        held.writes.push(line);
    }
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    let rows = held.rows.entry(parts[0].to_owned()).or_default();
    let id = parts.get(1).and_then(|id| id.parse::<u64>().ok());
    match (head.method.as_str(), id) {
        ("GET", None) => say(200, &page(parts[0], rows, head.uri.query().unwrap_or_default())),
        ("POST", None) => {
            let mut row = body;
            let next = rows.iter().filter_map(|row| row["id"].as_u64()).max().unwrap_or_default() + 1;
            row.insert("id".to_owned(), next.into());
            row.insert("created_at".to_owned(), "2026-11-25".into());
            rows.push(row.clone());
            say(201, &shown(&row))
        }
        (method, Some(id)) => {
            let Some(at) = rows.iter().position(|row| row["id"] == id) else {
                return say(404, &json!({ "error": "not there" }));
            };
            match method {
                "PATCH" => rows[at].extend(body),
                "DELETE" => {
                    rows.remove(at);
                    return StatusCode::NO_CONTENT.into_response();
                }
                _ => {}
            }
            say(200, &shown(&rows[at]))
        }
        _ => say(405, &json!({ "error": "not here" })),
    }
}

/// The PIN is write-only, as at many services.
fn shown(row: &Map<String, Value>) -> Value {
    Value::Object(row.iter().filter(|(key, _)| *key != "pin").map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// One page: of mailboxes by its number, with the count of all; of greetings after one of them, with what comes next.
fn page(collection: &str, rows: &Rows, query: &str) -> Value {
    let asked: BTreeMap<String, usize> = url::form_urlencoded::parse(query.as_bytes())
        .filter_map(|(key, value)| Some((key.into_owned(), value.parse().ok()?)))
        .collect();
    let number = |key: &str| asked.get(key).copied();
    let (start, size) = if collection == "mailboxes" {
        let size = number("page_size").unwrap_or(2);
        (number("page").unwrap_or(1).saturating_sub(1) * size, size)
    } else {
        (number("after").unwrap_or_default(), number("limit").unwrap_or(2))
    };
    let found: Vec<Value> = rows.iter().skip(start).take(size).map(shown).collect();
    if collection == "mailboxes" {
        return json!({ "data": found, "count": rows.len() });
    }
    let next = Some(start + size).filter(|next| *next < rows.len());
    json!({ "items": found, "next": next })
}
