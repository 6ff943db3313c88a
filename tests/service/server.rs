//! The made-up services: mailboxes under `/v1/mailboxes` by page number, greetings under `/v1/greetings` by cursor, contacts
//! under `/v1/contacts` by the address of the next page, menus, boxes, lines, trunks, gates and hosts whole, and dids by page number, with the
//! count in a map of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    /// Methods and targets of all requests.
    requests: Vec<String>,
    /// How often something was deleted that served a number.
    silenced: usize,
    /// How often a number was taken off what served it.
    cuts: usize,
    next: NextLink,
    /// What another client makes during the next PATCH.
    meanwhile: Option<(String, Value)>,
    /// Whether a did stays on its trunk whatever is sent to take it off.
    keeps_dids: bool,
    /// A code with which the next write is answered 429.
    limit: Option<&'static str>,
}

/// How a page of contacts names the next one.
#[derive(Clone, Copy, Default)]
pub(crate) enum NextLink {
    #[default]
    Relative,
    Whole,
    Elsewhere(SocketAddr),
    OtherPath,
    Loop,
    Number,
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

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes since this was last asked: method, path, and the keys that were sent.
    pub(crate) fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.held().writes)
    }

    /// Requests since this was last asked.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.held().requests)
    }

    pub(crate) fn silenced(&self) -> usize {
        self.held().silenced
    }

    pub(crate) fn cuts(&self) -> usize {
        self.held().cuts
    }

    pub(crate) fn answer_with(&self, next: NextLink) {
        self.held().next = next;
    }

    pub(crate) fn row(&self, collection: &str, id: u64) -> Value {
        self.held().rows[collection].iter().find(|row| row["id"] == id).cloned().map_or(Value::Null, Value::Object)
    }

    /// Makes an object as another client would.
    pub(crate) fn insert(&self, collection: &str, row: Value) {
        self.held().insert(collection, row);
    }

    /// Changes an object as another client would.
    pub(crate) fn set(&self, collection: &str, id: u64, key: &str, value: Value) {
        let mut held = self.held();
        let row = held.rows.get_mut(collection).and_then(|rows| rows.iter_mut().find(|row| row["id"] == id)).expect("a row");
        row.insert(key.to_owned(), value);
    }

    /// From now on a did stays on its trunk whatever is sent to take it off.
    pub(crate) fn keep_dids(&self) {
        self.held().keeps_dids = true;
    }

    /// The next write is answered 429 with this code.
    pub(crate) fn limit(&self, code: &'static str) {
        self.held().limit = Some(code);
    }

    /// The same during the next PATCH.
    pub(crate) fn insert_at_the_next_patch(&self, collection: &str, row: Value) {
        self.held().meanwhile = Some((collection.to_owned(), row));
    }

    /// Settings of accounts in the requests since this was last asked, each once.
    pub(crate) fn carried(&self) -> Vec<String> {
        std::mem::take(&mut self.held().carried).into_iter().collect()
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
    // Only voicebox has editions.
    let (edition, path) = match head.uri.path()[1..].split_once('/') {
        Some(("v1", path)) => ("", format!("v1/{path}")),
        Some((edition, path)) => (edition, path.to_owned()),
        None => ("", String::new()),
    };
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
    let asked = head.uri.query().map_or_else(String::new, |query| format!("?{query}"));
    held.requests.push(format!("{} {path}{asked}", head.method));
    let host = head.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = (host.to_owned(), head.uri.path().to_owned());
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    if head.method == "PATCH"
        && let Some((collection, row)) = held.meanwhile.take()
    {
        held.insert(&collection, row);
    }
    if let Some(code) = held.limit.take_if(|_| head.method != "GET") {
        let said = json!({ "errors": [{ "code": code, "title": "Too many", "detail": "later", "meta": { "url": "hidden" } }] });
        let headers = [("content-type", "application/json"), ("x-reset", "0")];
        return (StatusCode::TOO_MANY_REQUESTS, headers, said.to_string()).into_response();
    }
    let (next, keeps) = (held.next, held.keeps_dids);
    let Held { rows: all, silenced, cuts, .. } = &mut *held;
    if head.method == "DELETE" {
        *silenced += served_by(all, parts[0], parts.get(1).copied().unwrap_or_default());
    }
    let rows = all.entry(parts[0].to_owned()).or_default();
    let id = parts.get(1).and_then(|id| id.parse::<u64>().ok());
    match (head.method.as_str(), id) {
        ("GET", None) => say(200, &page(parts[0], rows, head.uri.query().unwrap_or_default(), next, &own)),
        ("POST", None) => {
            let row = insert(rows, parts[0], body);
            say(201, &shown(&row))
        }
        (method, Some(id)) => {
            let Some(at) = rows.iter().position(|row| row["id"] == id) else {
                return say(404, &json!({ "error": "not there" }));
            };
            match method {
                "POST" => {
                    let connects = parts.get(2) == Some(&"connect");
                    *cuts += usize::from(!connects);
                    let number = body.get("number").and_then(Value::as_str).unwrap_or_default();
                    let Some(Value::Object(numbers)) = rows[at].get_mut("numbers") else { panic!("a menu has numbers") };
                    if connects {
                        numbers.insert(number.to_owned(), body["mailbox_id"].clone());
                    } else if numbers.remove(number).is_none() {
                        return say(404, &json!({ "error": "not on this menu" }));
                    }
                }
                "PATCH" => {
                    *cuts += usize::from(body.get("box_id").is_some_and(Value::is_null));
                    let cut = body.get("trunk_id").is_some_and(|to| to.is_null() || *to == "");
                    rows[at].extend(body.into_iter().filter(|(key, _)| !(keeps && cut && key == "trunk_id")));
                }
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

impl Held {
    fn insert(&mut self, collection: &str, row: Value) {
        let Value::Object(row) = row else { panic!("an object") };
        insert(self.rows.entry(collection.to_owned()).or_default(), collection, row);
    }
}

fn insert(rows: &mut Rows, collection: &str, mut row: Map<String, Value>) -> Map<String, Value> {
    // Trunks and gates share one space of ids.
    let least = if collection == "gates" { 1000 } else { 0 };
    let next = rows.iter().filter_map(|row| row["id"].as_u64()).max().unwrap_or(least) + 1;
    row.insert("id".to_owned(), next.into());
    match collection {
        "menus" => _ = row.entry("numbers").or_insert_with(|| json!({})),
        "lines" => _ = row.entry("box_id").or_insert(Value::Null),
        "mailboxes" => _ = row.insert("created_at".to_owned(), "2026-11-25".into()),
        _ => {}
    }
    rows.push(row.clone());
    row
}

/// How many numbers an object serves.
fn served_by(all: &BTreeMap<String, Rows>, collection: &str, id: &str) -> usize {
    let id = id.parse::<u64>().ok();
    let rows = |collection: &str| all.get(collection).into_iter().flatten();
    match collection {
        "mailboxes" => {
            let numbers = rows("menus").filter_map(|row| row["numbers"].as_object()).flat_map(Map::values);
            numbers.filter(|by| by.as_u64() == id).count()
        }
        "hosts" => {
            let below = |id: Option<u64>| rows("hosts").find(|row| row["id"].as_u64() == id).map(|row| &row["gate_id"]);
            let gate = below(id);
            let others = rows("hosts").any(|row| row["id"].as_u64() != id && Some(&row["gate_id"]) == gate);
            if others { 0 } else { rows("dids").filter(|row| Some(&row["trunk_id"]) == gate).count() }
        }
        "trunks" | "gates" => rows("dids").filter(|row| row["trunk_id"] == json!(id.unwrap_or_default().to_string())).count(),
        "boxes" => rows("lines").filter(|row| row["box_id"].as_u64() == id).count(),
        _ => 0,
    }
}

/// The PIN is write-only, as at many services.
fn shown(row: &Map<String, Value>) -> Value {
    Value::Object(row.iter().filter(|(key, _)| *key != "pin").map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// One page: of mailboxes by its number, with the count of all; of greetings after one of them, with what comes next; of contacts
/// with the address of the next one.
fn page(collection: &str, rows: &Rows, query: &str, next: NextLink, own: &(String, String)) -> Value {
    let (host, path) = own;
    if matches!(collection, "menus" | "boxes" | "lines" | "trunks" | "gates" | "hosts") {
        return json!({ "data": rows });
    }
    let asked: BTreeMap<String, usize> = url::form_urlencoded::parse(query.as_bytes())
        .filter_map(|(key, value)| Some((key.into_owned(), value.parse().ok()?)))
        .collect();
    let number = |key: &str| asked.get(key).copied();
    if collection == "dids" {
        assert!(query.contains("order=number"), "{query}");
        let (at, size) = (number("page[number]").expect("a page"), number("page[size]").expect("a size"));
        let found: Vec<&Map<String, Value>> = rows.iter().skip((at - 1) * size).take(size).collect();
        return json!({ "data": found, "meta": { "rows": { "total": rows.len() } } });
    }
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
    let after = Some(start + size).filter(|next| *next < rows.len());
    if collection != "contacts" {
        return json!({ "items": found, "next": after });
    }
    let link = after.map(|after| match next {
        NextLink::Relative => json!(format!("?limit={size}&after={after}")),
        NextLink::Whole => json!(format!("http://{host}{path}?limit={size}&after={after}")),
        NextLink::Elsewhere(other) => json!(format!("http://{other}{path}?limit={size}&after={after}")),
        NextLink::OtherPath => json!(format!("/v1/greetings?limit={size}&after={after}")),
        NextLink::Loop => json!(format!("{path}?limit={size}&after=2")),
        NextLink::Number => json!(after),
    });
    json!({ "items": found, "next": link })
}
