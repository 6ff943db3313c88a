//! An object store with a delay, in the test's own process: objects with conditional writes as S3 has them, each request
//! answered some milliseconds later. It needs nothing installed, and a test can wait for the n-th request.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

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

#[derive(Default)]
struct Held {
    /// By key: the bytes, and the number of the write that put them there.
    objects: BTreeMap<String, (Bytes, u64)>,
    writes: u64,
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

    /// Writes an object, whatever is there.
    pub(crate) fn put(&self, key: &str, text: &str) {
        let mut held = self.held();
        held.writes += 1;
        let number = held.writes;
        held.objects.insert(key.to_owned(), (Bytes::from(text.to_owned()), number));
    }

    pub(crate) fn get(&self, key: &str) -> Option<String> {
        let held = self.held();
        held.objects.get(key).map(|(bytes, _)| String::from_utf8(bytes.to_vec()).unwrap())
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
        held.objects.iter().map(|(key, (bytes, _))| (key.clone(), text(bytes))).collect()
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

fn effect(held: &mut Held, method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Response {
    let Some(key) = uri.path().strip_prefix("/telform/") else {
        return fault(StatusCode::NOT_FOUND, "NoSuchBucket");
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let there = held.objects.get(key);
    let tag = |number: u64| [("etag", format!("\"{number}\""))];
    match *method {
        Method::GET => match there {
            Some((bytes, number)) => (tag(*number), bytes.clone()).into_response(),
            None => fault(StatusCode::NOT_FOUND, "NoSuchKey"),
        },
        Method::PUT => {
            let is = there.map(|(_, number)| format!("\"{number}\""));
            match (header("if-match"), header("if-none-match")) {
                (Some(_), _) if is.is_none() => return fault(StatusCode::NOT_FOUND, "NoSuchKey"),
                (Some(wanted), _) if is.as_deref() != Some(wanted) => {
                    return fault(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
                }
                (None, Some("*")) if is.is_some() => {
                    return fault(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
                }
                _ => {}
            }
            held.writes += 1;
            let number = held.writes;
            held.objects.insert(key.to_owned(), (body, number));
            tag(number).into_response()
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
