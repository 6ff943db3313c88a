//! The HTTP layer against small servers of our own: what is sent, how the answer is interpreted, what is retried.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method as HttpMethod, StatusCode};
use axum::response::{IntoResponse, Response};
use indexmap::IndexMap;
use serde_json::{Value, json};
use telform::http::client::{ClientBuildError, HttpClient, HttpObserver, HttpOptions, ObservedAttempt};
use telform::http::{AnswerClass, Api, ApiError, RequestEffect, SecretVault, WaitStarted};
use telform::model::call::{BodyValue, Call, CallBody, RequestMethod};
use telform::model::guards::Guards;
use telform::model::kind::{AccountSetting, SentIn, ServiceTable, SettingRole, SettingType};
use telform::model::resource::{Account, AccountSettings, Address, SecretSource, SettingValue, SourceLocation};
use telform::model::value::Secret;
use telform::services::{carrierx, unpod};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const TOKEN: &str = "tok-5b1f-secret";

fn text(text: &str) -> SettingValue {
    SettingValue::Text(text.to_owned())
}

fn account(service: &'static ServiceTable, base_url: &str) -> Account {
    Account {
        name: "a".to_owned(),
        service,
        base_url: base_url.parse().unwrap(),
        previous_base_url: None,
        settings: service.settings.iter().filter_map(|it| Some((it.name, it.sent.map(|_| text(it.examples[0]))?))).collect(),
        token: SecretSource::Env("TOKEN".to_owned()),
        token_location: SourceLocation::default(),
        requests_per_minute: None,
        max_in_flight: None,
        settle_after: telform::model::resource::SETTLE_AFTER,
        guards: Guards::default(),
        location: SourceLocation::default(),
    }
}

fn build(account: &Account, vault: SecretVault, options: HttpOptions) -> Result<HttpClient, ClientBuildError> {
    let tokens = BTreeMap::from([("a".to_owned(), Secret::new(TOKEN))]);
    HttpClient::new(std::iter::once(account), tokens, vault, options)
}

fn http(service: &'static ServiceTable, base_url: &str) -> HttpClient {
    let options = HttpOptions { retry_pause: Some(Duration::from_millis(1)), ..HttpOptions::default() };
    build(&account(service, base_url), SecretVault::new(), options).unwrap()
}

/// One request as a server saw it.
#[derive(Debug, Clone)]
struct Got {
    method: HttpMethod,
    uri: String,
    headers: HeaderMap,
    body: Bytes,
}

type Answers = Arc<dyn Fn(usize, &Got) -> Response + Send + Sync>;

#[derive(Clone)]
struct Server {
    got: Arc<Mutex<Vec<Got>>>,
    answers: Answers,
}

/// Serves on loopback; returns the base URL and the requests.
async fn serve(answers: impl Fn(usize, &Got) -> Response + Send + Sync + 'static) -> (String, Arc<Mutex<Vec<Got>>>) {
    let got = Arc::new(Mutex::new(Vec::new()));
    let server = Server { got: got.clone(), answers: Arc::new(answers) };
    let router = Router::new().fallback(handle).with_state(server);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/core/v2", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (base, got)
}

async fn handle(State(server): State<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let got = Got { method: parts.method, uri: parts.uri.to_string(), headers: parts.headers, body };
    let index = {
        let mut all = server.got.lock().unwrap();
        all.push(got.clone());
        all.len()
    };
    (server.answers)(index, &got)
}

fn answer(status: u16, body: Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}

fn call(method: RequestMethod, path: &str) -> Call {
    Call { method, ..Call::get("a", path) }
}

fn with_body(mut call: Call, entries: &[(&str, BodyValue)]) -> Call {
    let entries = entries.iter().map(|(key, payload)| ((*key).into(), payload.clone())).collect();
    call.body = Some(CallBody::Object(entries));
    call
}

#[tokio::test]
async fn sends_what_unpod_wants_and_nothing_else() {
    let (base, got) = serve(|_, _| answer(200, json!({"data": []}))).await;
    let http = http(&unpod::TABLE, &base);
    let get = Call::get("a", "telephony/bridges/").with_query("page", "1").with_query("page_size", "100");
    assert_eq!(http.send(&get).await.unwrap().body, json!({"data": []}));
    http.send(&call(RequestMethod::Delete, "telephony/bridges/a b?c/")).await.unwrap();
    assert_eq!(http.request_count(), 2);

    let got = got.lock().unwrap();
    assert_eq!((&got[0].method, &got[1].method), (&HttpMethod::GET, &HttpMethod::DELETE));
    assert_eq!(got[0].uri, "/core/v2/telephony/bridges/?page=1&page_size=100");
    let header = |index: usize, name: &str| got[index].headers.get(name).map(|value| value.to_str().unwrap());
    assert_eq!(header(0, "authorization"), Some("Token tok-5b1f-secret"));
    assert_eq!(header(0, "org-handle"), Some("acme.example"));
    assert_eq!(header(0, "product-id"), Some("unpod.ai"));
    assert_eq!(header(0, "accept"), Some("application/json"));
    assert_eq!(header(0, "content-type"), None);
    assert_eq!(header(0, "connection"), None);
    assert_ne!(header(0, "x-request-id"), header(1, "x-request-id"));
    assert_eq!(got[1].uri, "/core/v2/telephony/bridges/a%20b%3Fc/");
    assert_eq!(header(1, "connection"), Some("close"));
    assert!(got[1].body.is_empty());
}

/// A service whose settings are parts of the path and of the query.
static TENANTS: ServiceTable = ServiceTable::new("tenants", "Tenants", "https://tenants.example").settings(&[
    AccountSetting::new("tenant", SettingType::Text).required("its tenant").examples(&["x"]).sent(SentIn::Path),
    AccountSetting::new("product", SettingType::Text).role(SettingRole::Product).examples(&["x"]).sent(SentIn::Query("product")),
]);

#[tokio::test]
async fn settings_are_parts_of_the_path_and_of_the_query() {
    let (base, got) = serve(|_, _| answer(200, json!({"data": []}))).await;
    let mut account = Account { settings: AccountSettings::new(), ..account(&TENANTS, &base) };
    for tenant in ["a?b#c", "..", "a/b"] {
        account.settings.extend([("tenant", text(tenant)), ("product", text("one&two"))]);
        let Ok(http) = build(&account, SecretVault::new(), HttpOptions::default()) else { continue };
        http.send(&Call::get("a", "rows")).await.unwrap();
        http.send(&Call::get("a", "rows").with_query("page", "1").with_query("product", "other")).await.unwrap();
    }
    let sent: Vec<String> = got.lock().unwrap().iter().map(|got| got.uri.clone()).collect();
    let tenant = "/core/v2/a%3Fb%23c/rows";
    assert_eq!(sent, [format!("{tenant}?product=one%26two"), format!("{tenant}?page=1&product=other")]);
}

#[tokio::test]
async fn fills_secrets_in_and_takes_them_out_of_what_comes_back() {
    let (base, got) = serve(|_, got| {
        let echo = String::from_utf8_lossy(&got.body).into_owned();
        answer(422, json!({"errors": [{"field": "password", "message": format!("bad: {echo} {TOKEN}\u{1b}[2J")}]}))
    })
    .await;
    let address = Address::new("partners", "west");
    let vault = SecretVault::from_iter([((address.clone(), "password".to_owned()), Secret::new("pw-\"quoted\""))]);
    let http = build(&account(&carrierx::TABLE, &base), vault, HttpOptions::default()).unwrap();
    let secret = BodyValue::Secret { address: Box::new(address.clone()), attribute: "password".into() };
    let post =
        with_body(call(RequestMethod::Post, "partners"), &[("login", BodyValue::Value("west".into())), ("password", secret)]);
    let error = http.send(&post).await.unwrap_err();

    let got = got.lock().unwrap();
    assert_eq!(got[0].headers["authorization"], "Bearer tok-5b1f-secret");
    assert_eq!(got[0].headers["content-type"], "application/json");
    let sent: Value = serde_json::from_slice(&got[0].body).unwrap();
    assert_eq!(sent, json!({"login": "west", "password": "pw-\"quoted\""}));
    assert_eq!((error.class, error.effect, error.status), (AnswerClass::Refused, RequestEffect::None, Some(422)));
    for shown in [format!("{error}"), format!("{error:?}"), format!("{http:?}")] {
        assert!(!shown.contains("quoted") && !shown.contains(TOKEN) && !shown.contains('\u{1b}'), "{shown}");
    }
    assert!(error.text.contains("(secret)"), "{}", error.text);
}

#[tokio::test]
async fn an_unfinished_call_is_not_sent() {
    let (base, got) = serve(|_, _| answer(200, json!({}))).await;
    let http = http(&unpod::TABLE, &base);
    let missing = BodyValue::Secret { address: Box::new(Address::new("providers", "x")), attribute: "auth_token".into() };
    let overlay =
        Call { body: Some(CallBody::Overlay { fields: vec![], set: IndexMap::new() }), ..call(RequestMethod::Put, "partners/1") };
    let unfinished = [
        with_body(call(RequestMethod::Post, "a/"), &[("id", BodyValue::IdOf("s1".to_owned()))]),
        with_body(call(RequestMethod::Post, "a/"), &[("auth_token", missing)]),
        overlay,
        call(RequestMethod::Delete, "telephony/{configurations}/1/"),
        call(RequestMethod::Delete, "telephony/bridges//"),
        call(RequestMethod::Delete, "telephony/bridges/../"),
        call(RequestMethod::Delete, "telephony/bridges/a\r\nb/"),
        call(RequestMethod::Delete, "telephony/bridges/a\tb/"),
        Call::get("nobody", "a/"),
    ];
    for call in unfinished {
        let error = http.send(&call).await.unwrap_err();
        assert_eq!((error.class, error.effect), (AnswerClass::NoAnswer, RequestEffect::None), "{error}");
    }
    assert!(got.lock().unwrap().is_empty());
    assert_eq!(http.request_count(), 0);
}

/// A value that would begin another header, or leave the path that the request is for, never gets onto the line.
#[tokio::test]
async fn no_value_begins_another_header_or_path() {
    let (base, got) = serve(|_, _| answer(200, json!({"data": []}))).await;
    let http = http(&unpod::TABLE, &base);
    for value in ["a\r\nx-evil: 1", "a\nb", "a\0b"] {
        let mut get = Call::get("a", "telephony/numbers/");
        get.headers = vec![("product-id", value.to_owned())];
        let error = http.send(&get).await.unwrap_err();
        assert_eq!((error.class, error.effect), (AnswerClass::NoAnswer, RequestEffect::None), "{error}");

        let mut account = account(&unpod::TABLE, &base);
        account.settings.insert("org_handle", text(value));
        let built = build(&account, SecretVault::new(), HttpOptions::default());
        assert!(matches!(built, Err(ClientBuildError::Header { .. })), "{value:?}");
    }
    assert!(got.lock().unwrap().is_empty());
    for (id, sent) in [("%2e%2e", "%252e%252e"), ("x#y?z", "x%23y%3Fz"), ("\u{2025}\u{ff0f}", "%E2%80%A5%EF%BC%8F")] {
        http.send(&call(RequestMethod::Delete, &format!("telephony/bridges/{id}/"))).await.unwrap();
        let uri = got.lock().unwrap().last().unwrap().uri.to_string();
        assert_eq!(uri, format!("/core/v2/telephony/bridges/{sent}/"));
    }
    let get = Call::get("a", "telephony/numbers/").with_query("page", "1&page_size=9#x\r\ny");
    http.send(&get).await.unwrap();
    let uri = got.lock().unwrap().last().unwrap().uri.to_string();
    assert_eq!(uri, "/core/v2/telephony/numbers/?page=1%26page_size%3D9%23x%0D%0Ay");
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl HttpObserver for Notes {
    fn on_response(&self, seen: &ObservedAttempt<'_>) {
        let again = seen.retry.map_or("last".to_owned(), |(pause, _)| format!("again after {}", pause.as_secs()));
        let status = seen.status.map_or("-".to_owned(), |status| status.to_string());
        self.0.lock().unwrap().push(format!("{} {} {status} {again}", seen.method, seen.target));
    }

    fn on_request(&self, account: &str) {
        self.0.lock().unwrap().push(format!("sends for {account}"));
    }

    fn on_wait(&self, waits: &WaitStarted<'_>) {
        self.0.lock().unwrap().push(format!("{} waits: {:?}", waits.account, waits.reason));
    }
}

#[tokio::test]
async fn tries_again_what_is_safe_and_tells_the_watcher() {
    let (base, got) = serve(|index, _| match index {
        1 => answer(503, json!({})),
        2 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")], "slow").into_response(),
        _ => answer(200, json!([])),
    })
    .await;
    let notes = Arc::new(Notes::default());
    let options =
        HttpOptions { retry_pause: Some(Duration::from_millis(1)), observer: Some(notes.clone()), ..HttpOptions::default() };
    let http = build(&account(&unpod::TABLE, &base), SecretVault::new(), options).unwrap();
    http.send(&Call::get("a", "x/")).await.unwrap();
    assert_eq!(got.lock().unwrap().len(), 3);
    let expected = [
        "sends for a",
        "GET x/ 503 again after 0",
        "a waits: Again { attempt: 2, most: 6, after: Answered { status: 503, retry_after: None } }",
        "sends for a",
        "GET x/ 429 again after 0",
        "sends for a",
        "GET x/ 200 last",
    ];
    assert_eq!(*notes.0.lock().unwrap(), expected);
}

#[tokio::test]
async fn writes_are_sent_once_unless_throttled() {
    let (base, got) =
        serve(|_, got| answer(if got.uri.ends_with("throttled/") { 429 } else { 503 }, json!({"message": "no"}))).await;
    let unpod = http(&unpod::TABLE, &base);
    let carrierx = http(&carrierx::TABLE, &base);
    let count = || std::mem::take(&mut *got.lock().unwrap()).len();
    let fault = |error: ApiError| (error.class, error.effect);
    for method in [RequestMethod::Post, RequestMethod::Patch, RequestMethod::Put, RequestMethod::Delete] {
        assert_eq!(fault(unpod.send(&call(method, "x/")).await.unwrap_err()), (AnswerClass::ServerFault, RequestEffect::Unknown));
        assert_eq!(count(), 1, "{method}");
    }
    let error = unpod.send(&call(RequestMethod::Post, "throttled/")).await.unwrap_err();
    assert_eq!(fault(error), (AnswerClass::Throttled, RequestEffect::None));
    assert_eq!(count(), 6);
    let error = carrierx.send(&call(RequestMethod::Post, "throttled/")).await.unwrap_err();
    assert_eq!(fault(error), (AnswerClass::Throttled, RequestEffect::None));
    assert_eq!(count(), 1);
}

#[tokio::test]
async fn a_redirect_is_an_error_that_names_where_it_leads() {
    let (base, got) = serve(|_, _| (StatusCode::MOVED_PERMANENTLY, [("location", "/core/v2/x/")], "").into_response()).await;
    let error = http(&unpod::TABLE, &base).send(&call(RequestMethod::Post, "x")).await.unwrap_err();
    assert_eq!((error.class, error.effect), (AnswerClass::Unexpected, RequestEffect::None));
    assert!(error.text.contains("/core/v2/x/"), "{error}");
    assert_eq!(got.lock().unwrap().len(), 1);
}

/// A server that speaks bytes: for each connection it reads a request and writes the given bytes, then closes.
async fn raw(answers: &'static [&'static str]) -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let served = Arc::new(Mutex::new(0));
    let counter = served.clone();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let index = {
                let mut count = counter.lock().unwrap();
                *count += 1;
                (*count - 1).min(answers.len() - 1)
            };
            let mut buffer = [0; 4096];
            let _ = socket.read(&mut buffer).await;
            let _ = socket.write_all(answers[index].as_bytes()).await;
            let _ = socket.shutdown().await;
        }
    });
    (base, served)
}

#[tokio::test]
async fn a_lost_answer_is_unknown_for_a_write_and_read_again_for_a_get() {
    let (base, served) = raw(&["", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"]).await;
    let http_client = http(&unpod::TABLE, &base);
    http_client.send(&Call::get("a", "x/")).await.unwrap();
    assert_eq!(*served.lock().unwrap(), 2);

    let (base, served) = raw(&["", "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"cut\":"]).await;
    let http_client = http(&unpod::TABLE, &base);
    let error = http_client.send(&call(RequestMethod::Post, "x/")).await.unwrap_err();
    assert_eq!((error.class, error.effect, error.status), (AnswerClass::NoAnswer, RequestEffect::Unknown, None));
    let error = http_client.send(&call(RequestMethod::Post, "x/")).await.unwrap_err();
    assert_eq!((error.class, error.effect, error.status), (AnswerClass::Unexpected, RequestEffect::Unknown, Some(200)));
    assert_eq!(*served.lock().unwrap(), 2);
}

#[tokio::test]
async fn a_refused_connection_had_no_effect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let http = http(&carrierx::TABLE, &base);
    let error = http.send(&call(RequestMethod::Post, "partners")).await.unwrap_err();
    assert_eq!((error.class, error.effect), (AnswerClass::NoAnswer, RequestEffect::None));
    assert_eq!(http.request_count(), 6);
}

#[tokio::test]
async fn a_slow_answer_to_a_write_is_unknown() {
    let (base, _) = serve(|_, _| {
        std::thread::sleep(Duration::from_millis(300));
        answer(200, json!({}))
    })
    .await;
    let options = HttpOptions { timeout: Some(Duration::from_millis(50)), ..HttpOptions::default() };
    let http = build(&account(&unpod::TABLE, &base), SecretVault::new(), options).unwrap();
    let error = http.send(&call(RequestMethod::Patch, "x/")).await.unwrap_err();
    assert_eq!((error.class, error.effect, error.status), (AnswerClass::NoAnswer, RequestEffect::Unknown, None));
}

/// Unpod sends a body after a 204 (unpod.md 9.3, recorded): it must not be taken for the next answer.
#[tokio::test]
async fn stray_bytes_after_a_204_do_not_reach_the_next_request() {
    let stray = "HTTP/1.1 204 No Content\r\ncontent-type: application/json\r\ncontent-length: 19\r\n\r\n{\"status_code\":204}";
    let (base, _) = raw(Box::leak(Box::new([stray, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"]))).await;
    let http = http(&unpod::TABLE, &base);
    let answer = http.send(&call(RequestMethod::Delete, "x/1/")).await.unwrap();
    assert_eq!(answer.status, 204);
    assert_eq!(answer.body, Value::Null);
    assert_eq!(http.send(&Call::get("a", "x/")).await.unwrap().body, json!([]));
}

#[tokio::test]
async fn bodies_are_bounded() {
    let (base, got) = serve(|_, got| {
        let status = if got.uri.ends_with("error/") { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        (status, vec![b' '; 65 * 1024 * 1024]).into_response()
    })
    .await;
    let http = http(&unpod::TABLE, &base);
    let error = http.send(&Call::get("a", "error/")).await.unwrap_err();
    assert_eq!((error.class, error.status), (AnswerClass::Refused, Some(400)));
    let error = http.send(&Call::get("a", "list/")).await.unwrap_err();
    assert_eq!((error.class, error.status), (AnswerClass::Unexpected, Some(200)));
    assert!(error.text.contains("larger"), "{error}");
    assert_eq!(got.lock().unwrap().len(), 2, "asking again would bring the same");
}

#[test]
fn refuses_to_send_a_token_in_clear_or_to_an_unclear_place() {
    let refused =
        ["http://api.example.com", "ftp://localhost/x", "https://user:pass@api.example.com/", "https://api.example.com/?a=b"];
    for base in refused {
        let error = build(&account(&carrierx::TABLE, base), SecretVault::new(), HttpOptions::default()).unwrap_err();
        assert!(matches!(error, ClientBuildError::BaseUrl { .. }), "{error}");
        assert!(!error.to_string().contains("pass@"), "{error}");
    }
    for base in ["http://127.0.0.1:9", "http://localhost", "http://[::1]:80", "https://api.example.com/core/v2"] {
        build(&account(&carrierx::TABLE, base), SecretVault::new(), HttpOptions::default()).unwrap();
    }
    let account = account(&carrierx::TABLE, "https://api.example.com");
    let none = HttpClient::new(std::iter::once(&account), BTreeMap::new(), SecretVault::new(), HttpOptions::default());
    assert!(matches!(none.unwrap_err(), ClientBuildError::NoToken(_)));
    let broken = BTreeMap::from([("a".to_owned(), Secret::new("two\nlines"))]);
    let error = HttpClient::new(std::iter::once(&account), broken, SecretVault::new(), HttpOptions::default()).unwrap_err();
    assert!(!error.to_string().contains("two"), "{error}");
}
