//! A service that is as fast as a service can be: its pages are made before anybody asks.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Map, Value, json};

use crate::{Measured, world};

/// Partners on a page, as the service gives them at most (carrierx.md 3).
pub(crate) const PAGE: usize = 1000;

/// A running service.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    delay: Duration,
    partners: usize,
    pages: Vec<Bytes>,
    /// Partners that were written to, and those that differ from the YAML: few, so the pages can be made beforehand.
    rows: Mutex<HashMap<String, Value>>,
    moved: fn(usize) -> bool,
    requests: AtomicU64,
    writing: AtomicUsize,
    most_writing: AtomicUsize,
}

/// What was asked since the last look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    pub(crate) requests: u64,
    /// Most writes that were in flight at once.
    pub(crate) writing: usize,
}

impl Server {
    /// Starts one. With `changed`, every hundredth partner is another than the YAML wants.
    pub(crate) async fn start(partners: usize, delay: Duration, changed: bool) -> Self {
        Self::start_with(partners, delay, if changed { world::is_changed } else { |_| false }).await
    }

    /// Starts one; `moved` says which partners are others than the YAML wants.
    pub(crate) async fn start_with(partners: usize, delay: Duration, moved: fn(usize) -> bool) -> Self {
        let count = partners.div_ceil(PAGE).max(1);
        let pages = (0..count).map(|page| listing(partners, page * PAGE, PAGE, moved, None)).collect();
        let shared = Arc::new(Shared {
            delay,
            partners,
            pages,
            rows: Mutex::default(),
            moved,
            requests: AtomicU64::new(0),
            writing: AtomicUsize::new(0),
            most_writing: AtomicUsize::new(0),
        });
        let router = Router::new()
            .route("/partners", get(list))
            .route("/partners/{sid}", get(read).patch(write))
            .with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Measured for Server {
    fn take_asked(&self) -> Asked {
        Asked {
            requests: self.shared.requests.swap(0, Ordering::Relaxed),
            writing: self.shared.most_writing.swap(0, Ordering::Relaxed),
        }
    }

    fn reset(&self) {
        self.shared.rows.lock().expect("nobody panicked").clear();
    }
}

fn listing(
    partners: usize,
    offset: usize,
    limit: usize,
    moved: fn(usize) -> bool,
    rows: Option<&HashMap<String, Value>>,
) -> Bytes {
    let end = partners.min(offset + limit);
    let items: Vec<Value> = (offset..end)
        .map(|index| {
            let written = rows.and_then(|rows| rows.get(&world::sid(index)));
            written.cloned().unwrap_or_else(|| world::partner(index, moved(index)))
        })
        .collect();
    let body = json!({
        "count": items.len(), "has_more": end < partners, "items": items, "limit": limit,
        "offset": offset, "total": partners,
    });
    Bytes::from(body.to_string())
}

fn answer(body: Bytes) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], body)
}

async fn asked(shared: &Shared) {
    shared.requests.fetch_add(1, Ordering::Relaxed);
    if !shared.delay.is_zero() {
        tokio::time::sleep(shared.delay).await;
    }
}

async fn list(State(shared): State<Arc<Shared>>, Query(query): Query<HashMap<String, String>>) -> impl IntoResponse {
    asked(&shared).await;
    let number = |name: &str, or: usize| query.get(name).and_then(|text| text.parse().ok()).unwrap_or(or);
    let (offset, limit) = (number("offset", 0), number("limit", PAGE).clamp(1, PAGE));
    let rows = shared.rows.lock().expect("nobody panicked");
    if rows.is_empty()
        && limit == PAGE
        && offset % PAGE == 0
        && let Some(page) = shared.pages.get(offset / PAGE)
    {
        return answer(page.clone());
    }
    answer(listing(shared.partners, offset, limit, shared.moved, Some(&rows)))
}

/// The partner as it is now.
fn row(shared: &Shared, sid: &str) -> Option<Value> {
    let written = shared.rows.lock().expect("nobody panicked").get(sid).cloned();
    written.or_else(|| {
        let index = usize::from_str_radix(sid.split('-').next()?, 16).ok()?;
        (index < shared.partners).then(|| world::partner(index, (shared.moved)(index)))
    })
}

async fn read(State(shared): State<Arc<Shared>>, Path(sid): Path<String>) -> Result<impl IntoResponse, StatusCode> {
    asked(&shared).await;
    let row = row(&shared, &sid).ok_or(StatusCode::NOT_FOUND)?;
    Ok(answer(Bytes::from(row.to_string())))
}

async fn write(State(shared): State<Arc<Shared>>, Path(sid): Path<String>, body: Bytes) -> Result<impl IntoResponse, StatusCode> {
    let writing = shared.writing.fetch_add(1, Ordering::SeqCst) + 1;
    shared.most_writing.fetch_max(writing, Ordering::SeqCst);
    asked(&shared).await;
    shared.writing.fetch_sub(1, Ordering::SeqCst);
    let patch: Map<String, Value> = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut row = row(&shared, &sid).ok_or(StatusCode::NOT_FOUND)?;
    for (name, value) in patch {
        row[name] = value;
    }
    let text = row.to_string();
    shared.rows.lock().expect("nobody panicked").insert(sid, row);
    Ok(answer(Bytes::from(text)))
}
