//! What the tests of live reading share: a small server that answers from a closure, and the values around a reading.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use indexmap::IndexMap;
use litemap::LiteMap;
use serde_json::{Value, json};
use telform::http::client::{HttpClient, HttpOptions};
use telform::http::{ReadOnly, SecretVault};
use telform::model::guards::Guards;
use telform::model::kind::ServiceTable;
use telform::model::ledger::{FingerprintKey, Ledger, ManagedObject, ObjectOrigin};
use telform::model::resource::{
    Account, AccountSettings, Address, Desired, DesiredObject, DesiredValue, FieldMap, LiveState, Removal, SecretSource,
    SettingValue, SourceLocation,
};
use telform::model::value::Secret;
use telform::read::{self, ReadError};
use telform::services;

pub(crate) mod unpod;

/// What a server answers: status, content type, body.
pub(crate) type Answer = (u16, &'static str, String);

/// A JSON answer.
pub(crate) fn ok(body: Value) -> Answer {
    (200, "application/json", body.to_string())
}

/// Another JSON answer.
pub(crate) fn status(status: u16, body: Value) -> Answer {
    (status, "application/json", body.to_string())
}

/// The page that an unrouted path answers.
pub(crate) fn no_such_path() -> Answer {
    (404, "text/html", "<h1>Page not found</h1>".to_owned())
}

/// One request: path below the base URL, and its query arguments.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
}

impl Asked {
    /// A query argument as a number.
    pub(crate) fn number(&self, key: &str, otherwise: usize) -> usize {
        self.query.get(key).map_or(otherwise, |text| text.parse().expect("a number"))
    }
}

type Answers = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// A server on loopback that answers GETs from a closure and remembers them.
pub(crate) struct World {
    pub(crate) base: String,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
}

impl World {
    pub(crate) async fn new(answers: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let state: (Answers, _) = (Arc::new(answers), asked.clone());
        let router = Router::new().fallback(handle).with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}/api", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, asked }
    }

    /// Paths asked for so far, with their queries.
    pub(crate) fn paths(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("no panic");
        asked
            .iter()
            .map(|asked| {
                let query: Vec<String> = asked.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
                if query.is_empty() { asked.path.clone() } else { format!("{}?{}", asked.path, query.join("&")) }
            })
            .collect()
    }

    pub(crate) fn count(&self, path: &str) -> usize {
        self.asked.lock().expect("no panic").iter().filter(|asked| asked.path == path).count()
    }
}

async fn handle(State((answers, log)): State<(Answers, Arc<Mutex<Vec<Asked>>>)>, request: Request) -> Response {
    assert_eq!(request.method(), "GET", "reading sends nothing but GET");
    let uri = request.uri();
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let path = uri.path().strip_prefix("/api/").expect("below the base URL").to_owned();
    let asked = Asked { path, query };
    log.lock().expect("no panic").push(asked.clone());
    let (status, kind, body) = answers(&asked);
    (StatusCode::from_u16(status).expect("a status"), [(header::CONTENT_TYPE, kind)], body).into_response()
}

/// What an account of the service cannot go without.
pub(crate) fn settings(service: &ServiceTable) -> AccountSettings {
    let required = service.settings.iter().filter(|setting| setting.required.is_some());
    required.map(|setting| (setting.name, SettingValue::Text(setting.examples[0].to_owned()))).collect()
}

pub(crate) fn account(name: &str, service: &'static ServiceTable, base: &str) -> Account {
    Account {
        name: name.to_owned(),
        service,
        base_url: base.parse().expect("a URL"),
        previous_base_url: None,
        settings: settings(service),
        token: SecretSource::Env("TOKEN".to_owned()),
        token_location: SourceLocation::default(),
        requests_per_minute: None,
        max_in_flight: None,
        settle_after: telform::model::resource::SETTLE_AFTER,
        guards: Guards::default(),
        location: SourceLocation::default(),
    }
}

/// Desired state of one account that mentions these kinds.
pub(crate) fn desired(account: Account, kinds: &[&str]) -> Desired {
    Desired {
        accounts: IndexMap::from([(account.name.clone(), account)]),
        kinds: kinds.iter().map(|kind| (*kind).into()).collect(),
        ..Desired::default()
    }
}

/// Adds an object with plain attributes.
pub(crate) fn want(desired: &mut Desired, address: &str, account: &str, attributes: &[(&'static str, Value)]) {
    let address = Address::parse(address).expect("an address");
    let object = DesiredObject {
        shapes: services::shapes_of_kind(&address.kind),
        address: address.clone(),
        account: account.to_owned(),
        id: None,
        attributes: attributes.iter().map(|(name, value)| (*name, DesiredValue::Value(value.into()))).collect(),
        sourced_values: Vec::new(),
        numbers: None,
        unserved_numbers: Default::default(),
        use_put: false,
        prevent_delete: false,
        ignored_attributes: BTreeSet::new(),
        location: SourceLocation::default(),
        locations: FieldMap::new(),
    };
    desired.objects.insert(address, object);
}

/// Adds a tombstone.
pub(crate) fn gone(desired: &mut Desired, address: &str) {
    let address = Address::parse(address).expect("an address");
    let removal = Removal {
        address,
        reason: None,
        keep: false,
        account: None,
        id: None,
        key: BTreeMap::new(),
        location: SourceLocation::default(),
    };
    desired.removed.push(removal);
}

/// Adds an entry to a ledger.
pub(crate) fn keep(ledger: &mut Ledger, address: &str, account: &str, id: &str) {
    let entry = ManagedObject {
        account: account.to_owned(),
        id: id.to_owned(),
        origin: ObjectOrigin::Created,
        since: "2026-11-22T00:00:00Z".to_owned(),
        key: LiteMap::new(),
        secrets: LiteMap::new(),
        unreadable: Default::default(),
        submitted: LiteMap::new(),
        reshaped: LiteMap::new(),
        not_taken: LiteMap::new(),
        seen: Default::default(),
        hidden_since: None,
        former: std::collections::BTreeSet::new(),
        replaced: std::collections::BTreeSet::new(),
        prevent_delete: false,
        left_behind: BTreeSet::new(),
        sealed_as: None,
    };
    ledger.objects.insert(Address::parse(address).expect("an address"), entry);
}

pub(crate) fn key() -> FingerprintKey {
    FingerprintKey::from_text("5f0c1e9a7b3d284c6a91e0f7d2b84c3e").expect("long enough")
}

/// A client for the accounts.
pub(crate) fn http(desired: &Desired) -> HttpClient {
    let tokens = desired.accounts.keys().map(|name| (name.clone(), Secret::new("token"))).collect();
    let options = HttpOptions { retry_pause: Some(Duration::from_millis(1)), ..HttpOptions::default() };
    HttpClient::new(desired.accounts.values(), tokens, SecretVault::new(), options).expect("a client")
}

/// Reads as a plan would; also gives the number of requests.
pub(crate) async fn read(desired: &Desired, ledger: &Ledger, destroy: bool) -> (Result<LiveState, ReadError>, u64) {
    let http = http(desired);
    let (api, key) = (ReadOnly::new(&http), key());
    let reading = read::read_all(telform::services::reading_of, &api, desired, ledger, &key, destroy);
    let live = on_any_thread(reading).await;
    (live, http.request_count())
}

/// A reading may move between threads.
fn on_any_thread<T: Send>(future: T) -> T {
    future
}

/// An organization that the token may list.
pub(crate) fn organizations() -> Answer {
    ok(json!({"count": 1, "status_code": 200, "message": "Organizations fetched successfully",
        "data": [{"id": 1, "name": "Acme", "domain_handle": "acme.example", "token": "org-secret"}]}))
}

/// The catalogue of generation 2.
pub(crate) fn catalogue_g2() -> Answer {
    ok(json!({"status_code": 200, "message": "ok", "data": [
        {"id": 1, "name": "Twilio", "slug": "twilio"}, {"id": 2, "name": "Plivo", "slug": "plivo"}]}))
}
