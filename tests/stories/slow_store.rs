//! An object store with a delay, in the test's own process: objects with conditional writes as S3 has them, each request
//! answered some milliseconds later. It needs nothing installed, and a test can wait for the n-th request. Its clock can differ
//! from that of this machine, and it can treat conditions as stores do that give no lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

/// A store with one bucket, which ends with the story.
pub(crate) struct SlowStore {
    url: String,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

struct Shared {
    delay: Duration,
    state: Mutex<Held>,
    came: Condvar,
}

/// How a store treats conditional writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Conditions {
    /// As S3 documents them.
    #[default]
    Honoured,
    /// Whoever creates an object overwrites the one that is there.
    IgnoresIfNoneMatch,
    /// Whoever replaces an object overwrites every version.
    IgnoresIfMatch,
    /// Every version has the same tag.
    OneTag,
    /// It answers 200 where it should refuse, and stores nothing.
    AcceptsAndDrops,
    /// It answers 200, and stores nothing at all.
    StoresNothing,
}

/// An object, the number of the write that put it there, and when that was.
struct Stored {
    bytes: Bytes,
    number: u64,
    modified: SystemTime,
}

#[derive(Default)]
struct Held {
    objects: BTreeMap<String, Stored>,
    writes: u64,
    conditions: Conditions,
    /// Its clock minus that of this machine.
    ahead: Duration,
    /// Its own name.
    server: Option<&'static str>,
    /// The code with which it refuses everything.
    refuses: Option<(u16, &'static str)>,
    /// Writes that it stored, by key.
    log: Vec<String>,
    /// The signature of the last request.
    authorization: String,
    /// Requests so far, answered or not.
    requests: usize,
    /// Requests that were taken and are not answered yet.
    waiting: usize,
}

impl SlowStore {
    /// Starts one that answers each request this much later.
    pub(crate) fn start(delay: Duration) -> Self {
        let shared = Arc::new(Shared { delay, state: Mutex::default(), came: Condvar::new() });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        runtime.spawn(async move { axum::serve(listener, service).await });
        Self { url, shared, _runtime: runtime }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.shared.state.lock().unwrap()
    }

    /// Requests so far.
    pub(crate) fn requests(&self) -> usize {
        self.held().requests
    }

    /// The header that signs the last request: key, day and region.
    pub(crate) fn last_authorization(&self) -> String {
        self.held().authorization.clone()
    }

    /// Waits until this many requests arrived; false if they do not within this time.
    pub(crate) fn wait_for(&self, requests: usize, patience: Duration) -> bool {
        let held = self.held();
        let (held, _) = self.shared.came.wait_timeout_while(held, patience, |held| held.requests < requests).unwrap();
        held.requests >= requests
    }

    /// Waits until no request is in progress: what a killed client sent has had its effect or not.
    pub(crate) fn settle(&self) {
        let until = Instant::now() + Duration::from_secs(10);
        let held = self.held();
        drop(self.shared.came.wait_timeout_while(held, until - Instant::now(), |held| held.waiting > 0));
    }

    /// From now on it treats conditions like this.
    pub(crate) fn treats(&self, conditions: Conditions) {
        self.held().conditions = conditions;
    }

    /// Sets its clock before or after that of this machine, for what it writes and answers from now on.
    pub(crate) fn set_clock_ahead(&self, ahead: Duration) {
        self.held().ahead = ahead;
    }

    /// From now on it is another program.
    pub(crate) fn is_called(&self, server: &'static str) {
        self.held().server = Some(server);
    }

    /// From now on it refuses everything like this.
    pub(crate) fn refuses_with(&self, refusal: Option<(u16, &'static str)>) {
        self.held().refuses = refusal;
    }

    /// The keys that were written since this was last asked, in that order.
    pub(crate) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.held().log)
    }

    /// Makes an object older.
    pub(crate) fn age(&self, key: &str, by: Duration) {
        self.held().objects.get_mut(key).unwrap().modified -= by;
    }

    /// Writes an object, whatever is there.
    pub(crate) fn put(&self, key: &str, text: &str) {
        self.held().store(key, Bytes::from(text.to_owned()));
    }

    pub(crate) fn get(&self, key: &str) -> Option<String> {
        let held = self.held();
        held.objects.get(key).map(|stored| String::from_utf8(stored.bytes.to_vec()).unwrap())
    }

    /// Loses an object.
    pub(crate) fn remove(&self, key: &str) {
        self.held().objects.remove(key);
    }

    /// An object as JSON.
    pub(crate) fn json(&self, key: &str) -> serde_json::Value {
        serde_json::from_str(&self.get(key).unwrap()).unwrap()
    }

    /// All objects.
    pub(crate) fn all(&self) -> BTreeMap<String, String> {
        let held = self.held();
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        held.objects.iter().map(|(key, stored)| (key.clone(), text(&stored.bytes))).collect()
    }

    /// Restores all objects. The ledger forgets the version of the journal, which is now a different one.
    pub(crate) fn put_back(&self, objects: &BTreeMap<String, String>) {
        self.held().objects.clear();
        for (key, text) in objects {
            let mut text = text.clone();
            if key.ends_with("ledger.json")
                && let Ok(mut ledger) = serde_json::from_str::<serde_json::Value>(&text)
                && let Some(head) = ledger["journal"].as_object_mut()
            {
                head.remove("version");
                text = format!("{ledger:#}\n");
            }
            self.put(key, &text);
        }
    }
}

/// Half of the delay passes before a request has its effect, and half after it.
async fn answer(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    {
        let mut held = shared.state.lock().unwrap();
        held.requests += 1;
        held.waiting += 1;
        shared.came.notify_all();
    }
    // A killed client closes its connection, and with it this function: its request is nevertheless carried out.
    let answered = tokio::spawn(async move {
        tokio::time::sleep(shared.delay / 2).await;
        let response = effect(&mut shared.state.lock().unwrap(), &method, &uri, &headers, body);
        tokio::time::sleep(shared.delay / 2).await;
        shared.state.lock().unwrap().waiting -= 1;
        shared.came.notify_all();
        response
    });
    answered.await.unwrap()
}

impl Held {
    fn now(&self) -> SystemTime {
        SystemTime::now() + self.ahead
    }

    /// Stores an object and returns the number of the write.
    fn store(&mut self, key: &str, bytes: Bytes) -> u64 {
        self.writes += 1;
        let stored = Stored { bytes, number: self.writes, modified: self.now() };
        self.objects.insert(key.to_owned(), stored);
        self.log.push(key.to_owned());
        self.writes
    }

    fn tag(&self, number: u64) -> String {
        if self.conditions == Conditions::OneTag { "\"1\"".to_owned() } else { format!("\"{number}\"") }
    }
}

/// What a request does, with the store's clock and name.
fn effect(held: &mut Held, method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Response {
    let mut response = match held.refuses {
        Some((status, code)) => fault(StatusCode::from_u16(status).unwrap(), code),
        None => effect_on_objects(held, method, uri, headers, body),
    };
    let clock = httpdate::fmt_http_date(held.now());
    response.headers_mut().insert("date", clock.parse().unwrap());
    if let Some(server) = held.server {
        response.headers_mut().insert("server", server.parse().unwrap());
    }
    response
}

fn effect_on_objects(held: &mut Held, method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Response {
    let Some(key) = uri.path().strip_prefix("/telform/") else {
        return fault(StatusCode::NOT_FOUND, "NoSuchBucket");
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    held.authorization = header("authorization").unwrap_or_default().to_owned();
    let there = held.objects.get(key);
    match *method {
        Method::GET => match there {
            Some(stored) => {
                let (tag, modified) = (held.tag(stored.number), httpdate::fmt_http_date(stored.modified));
                ([("etag", tag), ("last-modified", modified)], stored.bytes.clone()).into_response()
            }
            None => fault(StatusCode::NOT_FOUND, "NoSuchKey"),
        },
        Method::PUT => {
            let is = there.map(|stored| held.tag(stored.number));
            let conditions = held.conditions;
            let refusal = match (header("if-match"), header("if-none-match")) {
                _ if conditions == Conditions::StoresNothing => Some("nothing is stored"),
                (Some(_), _) if conditions == Conditions::IgnoresIfMatch => None,
                (_, Some(_)) if conditions == Conditions::IgnoresIfNoneMatch => None,
                (Some(_), _) if is.is_none() => return fault(StatusCode::NOT_FOUND, "NoSuchKey"),
                (Some(wanted), _) if is.as_deref() != Some(wanted) => Some("another version"),
                (None, Some("*")) if is.is_some() => Some("it exists"),
                _ => None,
            };
            match (refusal, conditions) {
                (Some(_), Conditions::StoresNothing | Conditions::AcceptsAndDrops) => {
                    [("etag", held.tag(held.writes + 1))].into_response()
                }
                (Some(_), _) => fault(StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
                (None, _) => {
                    let number = held.store(key, body);
                    [("etag", held.tag(number))].into_response()
                }
            }
        }
        Method::DELETE => {
            held.objects.remove(key);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => fault(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
    }
}

fn fault(status: StatusCode, code: &str) -> Response {
    (status, format!("<Error><Code>{code}</Code></Error>")).into_response()
}
