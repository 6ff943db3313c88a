//! The HTTP edge against small servers of our own: what is sent, what is made of the answer, what is tried again.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

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
use telform::api::http::{BuildError, Http, Options, Seen, Watch};
use telform::api::{Api, ApiError, Effect, Vault, Verdict, Waits};
use telform::backend::{carrierx, unpod};
use telform::call::{Body, Call, Method, Payload};
use telform::kind::Backend;
use telform::resource::{Account, Address, Guards, Place, SecretSource};
use telform::value::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const TOKEN: &str = "tok-5b1f-secret";

fn account(backend: &'static Backend, base_url: &str) -> Account {
    Account {
        name: "a".to_owned(),
        backend,
        base_url: base_url.parse().unwrap(),
        was: None,
        org_handle: backend.organization.then(|| "acme.example".to_owned()),
        product_ids: backend.organization.then(|| "unpod.ai".to_owned()).into_iter().collect(),
        generation: None,
        token: SecretSource::Env("TOKEN".to_owned()),
        token_place: Place::default(),
        requests_per_minute: None,
        max_in_flight: None,
        settle_after: telform::resource::SETTLE_AFTER,
        switches: Default::default(),
        guards: Guards::default(),
        place: Place::default(),
    }
}

fn build(account: &Account, vault: Vault, options: Options) -> Result<Http, BuildError> {
    let tokens = BTreeMap::from([("a".to_owned(), Secret::new(TOKEN))]);
    Http::new(std::iter::once(account), tokens, vault, options)
}

fn http(backend: &'static Backend, base_url: &str) -> Http {
    let options = Options { pause: Some(Duration::from_millis(1)), ..Options::default() };
    build(&account(backend, base_url), Vault::new(), options).unwrap()
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

/// Serves on loopback; gives the base URL and what was asked.
async fn serve(
    answers: impl Fn(usize, &Got) -> Response + Send + Sync + 'static,
) -> (String, Arc<Mutex<Vec<Got>>>) {
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

fn call(method: Method, path: &str) -> Call {
    Call { method, ..Call::get("a", path) }
}

fn with_body(mut call: Call, entries: &[(&str, Payload)]) -> Call {
    let entries: IndexMap<String, Payload> =
        entries.iter().map(|(key, payload)| ((*key).to_owned(), payload.clone())).collect();
    call.body = Some(Body::Object(entries));
    call
}

#[tokio::test]
async fn sends_what_unpod_wants_and_nothing_else() {
    let (base, got) = serve(|_, _| answer(200, json!({"data": []}))).await;
    let http = http(&unpod::BACKEND, &base);
    let get = Call::get("a", "telephony/bridges/").with("page", "1").with("page_size", "100");
    assert_eq!(http.send(&get).await.unwrap().body, json!({"data": []}));
    http.send(&call(Method::Delete, "telephony/bridges/a b?c/")).await.unwrap();
    assert_eq!(http.requests(), 2);

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

#[tokio::test]
async fn fills_secrets_in_and_takes_them_out_of_what_comes_back() {
    let (base, got) = serve(|_, got| {
        let echo = String::from_utf8_lossy(&got.body).into_owned();
        answer(
            422,
            json!({"errors": [{"field": "password", "message": format!("bad: {echo} {TOKEN}\u{1b}[2J")}]}),
        )
    })
    .await;
    let address = Address::new("partners", "west");
    let vault = Vault::from_iter([((address.clone(), "password".to_owned()), Secret::new("pw-\"quoted\""))]);
    let http = build(&account(&carrierx::BACKEND, &base), vault, Options::default()).unwrap();
    let secret = Payload::Secret { address: address.clone(), attribute: "password".to_owned() };
    let post = with_body(
        call(Method::Post, "partners"),
        &[("login", Payload::Value(json!("west"))), ("password", secret)],
    );
    let error = http.send(&post).await.unwrap_err();

    let got = got.lock().unwrap();
    assert_eq!(got[0].headers["authorization"], "Bearer tok-5b1f-secret");
    assert_eq!(got[0].headers["content-type"], "application/json");
    let sent: Value = serde_json::from_slice(&got[0].body).unwrap();
    assert_eq!(sent, json!({"login": "west", "password": "pw-\"quoted\""}));
    assert_eq!((error.verdict, error.effect, error.status), (Verdict::Refused, Effect::None, Some(422)));
    for shown in [format!("{error}"), format!("{error:?}"), format!("{http:?}")] {
        assert!(!shown.contains("quoted") && !shown.contains(TOKEN) && !shown.contains('\u{1b}'), "{shown}");
    }
    assert!(error.text.contains("(secret)"), "{}", error.text);
}

#[tokio::test]
async fn an_unfinished_call_is_not_sent() {
    let (base, got) = serve(|_, _| answer(200, json!({}))).await;
    let http = http(&unpod::BACKEND, &base);
    let missing =
        Payload::Secret { address: Address::new("providers", "x"), attribute: "auth_token".to_owned() };
    let overlay = Call {
        body: Some(Body::Overlay { fields: vec![], set: IndexMap::new() }),
        ..call(Method::Put, "partners/1")
    };
    let unfinished = [
        with_body(call(Method::Post, "a/"), &[("id", Payload::IdOf("s1".to_owned()))]),
        with_body(call(Method::Post, "a/"), &[("auth_token", missing)]),
        overlay,
        call(Method::Delete, "telephony/{configurations}/1/"),
        call(Method::Delete, "telephony/bridges//"),
        call(Method::Delete, "telephony/bridges/../"),
        Call::get("nobody", "a/"),
    ];
    for call in unfinished {
        let error = http.send(&call).await.unwrap_err();
        assert_eq!((error.verdict, error.effect), (Verdict::NoAnswer, Effect::None), "{error}");
    }
    assert!(got.lock().unwrap().is_empty());
    assert_eq!(http.requests(), 0);
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Watch for Notes {
    fn seen(&self, seen: &Seen<'_>) {
        let again =
            seen.again.map_or("last".to_owned(), |(pause, _)| format!("again after {}", pause.as_secs()));
        let status = seen.status.map_or("-".to_owned(), |status| status.to_string());
        self.0.lock().unwrap().push(format!("{} {} {status} {again}", seen.method, seen.target));
    }

    fn sends(&self, account: &str) {
        self.0.lock().unwrap().push(format!("sends for {account}"));
    }

    fn waits(&self, waits: &Waits<'_>) {
        self.0.lock().unwrap().push(format!("{} waits: {:?}", waits.account, waits.why));
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
        Options { pause: Some(Duration::from_millis(1)), watch: Some(notes.clone()), timeout: None };
    let http = build(&account(&unpod::BACKEND, &base), Vault::new(), options).unwrap();
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
    let (base, got) = serve(|_, got| {
        answer(if got.uri.ends_with("throttled/") { 429 } else { 503 }, json!({"message": "no"}))
    })
    .await;
    let unpod = http(&unpod::BACKEND, &base);
    let carrierx = http(&carrierx::BACKEND, &base);
    let count = || std::mem::take(&mut *got.lock().unwrap()).len();
    let fault = |error: ApiError| (error.verdict, error.effect);
    for method in [Method::Post, Method::Patch, Method::Put, Method::Delete] {
        assert_eq!(
            fault(unpod.send(&call(method, "x/")).await.unwrap_err()),
            (Verdict::ServerFault, Effect::Unknown)
        );
        assert_eq!(count(), 1, "{method}");
    }
    let error = unpod.send(&call(Method::Post, "throttled/")).await.unwrap_err();
    assert_eq!(fault(error), (Verdict::Throttled, Effect::None));
    assert_eq!(count(), 6);
    let error = carrierx.send(&call(Method::Post, "throttled/")).await.unwrap_err();
    assert_eq!(fault(error), (Verdict::Throttled, Effect::None));
    assert_eq!(count(), 1);
}

#[tokio::test]
async fn a_redirect_is_an_error_that_names_where_it_leads() {
    let (base, got) =
        serve(|_, _| (StatusCode::MOVED_PERMANENTLY, [("location", "/core/v2/x/")], "").into_response())
            .await;
    let error = http(&unpod::BACKEND, &base).send(&call(Method::Post, "x")).await.unwrap_err();
    assert_eq!((error.verdict, error.effect), (Verdict::Unexpected, Effect::None));
    assert!(error.text.contains("/core/v2/x/"), "{error}");
    assert_eq!(got.lock().unwrap().len(), 1);
}

/// A server that speaks bytes: for each connection it reads a request and writes what it is told, then closes.
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
    let http_client = http(&unpod::BACKEND, &base);
    http_client.send(&Call::get("a", "x/")).await.unwrap();
    assert_eq!(*served.lock().unwrap(), 2);

    let (base, served) = raw(&["", "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"cut\":"]).await;
    let http_client = http(&unpod::BACKEND, &base);
    let error = http_client.send(&call(Method::Post, "x/")).await.unwrap_err();
    assert_eq!((error.verdict, error.effect, error.status), (Verdict::NoAnswer, Effect::Unknown, None));
    let error = http_client.send(&call(Method::Post, "x/")).await.unwrap_err();
    assert_eq!(
        (error.verdict, error.effect, error.status),
        (Verdict::Unexpected, Effect::Unknown, Some(200))
    );
    assert_eq!(*served.lock().unwrap(), 2);
}

#[tokio::test]
async fn a_refused_connection_had_no_effect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let http = http(&carrierx::BACKEND, &base);
    let error = http.send(&call(Method::Post, "partners")).await.unwrap_err();
    assert_eq!((error.verdict, error.effect), (Verdict::NoAnswer, Effect::None));
    assert_eq!(http.requests(), 6);
}

#[tokio::test]
async fn a_slow_answer_to_a_write_is_unknown() {
    let (base, _) = serve(|_, _| {
        std::thread::sleep(Duration::from_millis(300));
        answer(200, json!({}))
    })
    .await;
    let options = Options { timeout: Some(Duration::from_millis(50)), ..Options::default() };
    let http = build(&account(&unpod::BACKEND, &base), Vault::new(), options).unwrap();
    let error = http.send(&call(Method::Patch, "x/")).await.unwrap_err();
    assert_eq!((error.verdict, error.effect, error.status), (Verdict::NoAnswer, Effect::Unknown, None));
}

/// Unpod sends a body after a 204 (unpod.md 9.3, recorded): it must not be taken for the next answer.
#[tokio::test]
async fn stray_bytes_after_a_204_do_not_reach_the_next_request() {
    let stray = "HTTP/1.1 204 No Content\r\ncontent-type: application/json\r\ncontent-length: 19\r\n\r\n{\"status_code\":204}";
    let (base, _) = raw(Box::leak(Box::new([stray, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"]))).await;
    let http = http(&unpod::BACKEND, &base);
    let answer = http.send(&call(Method::Delete, "x/1/")).await.unwrap();
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
    let http = http(&unpod::BACKEND, &base);
    let error = http.send(&Call::get("a", "error/")).await.unwrap_err();
    assert_eq!((error.verdict, error.status), (Verdict::Refused, Some(400)));
    let error = http.send(&Call::get("a", "list/")).await.unwrap_err();
    assert_eq!((error.verdict, error.status), (Verdict::Unexpected, Some(200)));
    assert!(error.text.contains("larger"), "{error}");
    assert_eq!(got.lock().unwrap().len(), 2, "asking again would bring the same");
}

#[test]
fn refuses_to_send_a_token_in_clear_or_to_an_unclear_place() {
    let refused = [
        "http://api.example.com",
        "ftp://localhost/x",
        "https://user:pass@api.example.com/",
        "https://api.example.com/?a=b",
    ];
    for base in refused {
        let error = build(&account(&carrierx::BACKEND, base), Vault::new(), Options::default()).unwrap_err();
        assert!(matches!(error, BuildError::BaseUrl { .. }), "{error}");
        assert!(!error.to_string().contains("pass@"), "{error}");
    }
    for base in
        ["http://127.0.0.1:9", "http://localhost", "http://[::1]:80", "https://api.example.com/core/v2"]
    {
        build(&account(&carrierx::BACKEND, base), Vault::new(), Options::default()).unwrap();
    }
    let account = account(&carrierx::BACKEND, "https://api.example.com");
    let none = Http::new(std::iter::once(&account), BTreeMap::new(), Vault::new(), Options::default());
    assert!(matches!(none.unwrap_err(), BuildError::NoToken(_)));
    let broken = BTreeMap::from([("a".to_owned(), Secret::new("two\nlines"))]);
    let error = Http::new(std::iter::once(&account), broken, Vault::new(), Options::default()).unwrap_err();
    assert!(!error.to_string().contains("two"), "{error}");
}
