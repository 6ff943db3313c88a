//! The line to one account: its base URL, token, headers, connections, rhythm.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use backon::ExponentialBuilder;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::receive::{self, Received};
use super::request::is_loopback;
use super::{Attempt, BuildError, Heads, Options};
use crate::api::pace::Pace;
use crate::api::retry::{MOST_ATTEMPTS, Outcome, retry_after};
use crate::api::room::Rooms;
use crate::api::verdict::{too_large, verdict};
use crate::call::Call;
use crate::call::PRODUCT;
use crate::kind::Backend;
use crate::resource::Account;
use crate::text::{clean, shorten};
use crate::value::Secret;

/// Time for making a connection (carrierx.md 10).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for a whole request: several writes call vendors before they answer (unpod.md 9.3).
const TIMEOUT: Duration = Duration::from_secs(60);
/// Idle connections are dropped early: a server that closes one first makes the next POST ambiguous (crates.md 3).
const POOL_IDLE: Duration = Duration::from_secs(15);
/// First of the growing pauses between attempts: with those after it and their jitter some 30 s, also on loopback, so that a
/// database or a server that restarts does not end a run.
const PAUSE: Duration = Duration::from_millis(800);
/// The growing pauses end here.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Reads in flight on loopback when the account names no limit.
const READS_ON_LOOPBACK: usize = 8;

/// What belongs to one account: its token goes to its own base URL and nowhere else.
pub(super) struct Line {
    pub(super) backend: &'static Backend,
    pub(super) base: Url,
    pub(super) headers: HeaderMap,
    pub(super) client: reqwest::Client,
    pub(super) pace: Pace,
    pub(super) pauses: ExponentialBuilder,
    /// The last question that was answered.
    answered: Mutex<Option<Call>>,
    rooms: Rooms,
}

impl Line {
    pub(super) fn new(
        account: &Account,
        token: &Secret,
        options: &Options,
        rooms: &Rooms,
    ) -> Result<Self, BuildError> {
        let backend = account.backend;
        let loopback = is_loopback(&account.base_url);
        check_base_url(account, loopback)?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("telform/", env!("CARGO_PKG_VERSION")))
            // The token goes to the account's own origin and nowhere else (spec 8).
            .redirect(reqwest::redirect::Policy::none())
            // Every attempt is ours to decide, to count and to show.
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(options.timeout.unwrap_or(TIMEOUT))
            .pool_idle_timeout(POOL_IDLE);
        if loopback {
            builder = builder.no_proxy();
        }
        if account.base_url.scheme() == "http" {
            // Nothing that speaks TLS is ever asked, so the system's certificates need not be read: that takes longer than a plan.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| BuildError::Client {
            account: account.name.clone(),
            why: receive::reason(error),
        })?;
        let per_minute = rate_of(account);
        let reads = if loopback { READS_ON_LOOPBACK } else { backend.reads_in_flight };
        let pace = Pace::new(
            per_minute,
            account.max_in_flight.unwrap_or(reads),
            account.max_in_flight.unwrap_or(backend.writes_in_flight),
        );
        let pause = options.pause.unwrap_or(PAUSE);
        let pauses = ExponentialBuilder::default()
            .with_min_delay(pause)
            .with_max_delay(if options.pause.is_some() { pause } else { LONGEST_PAUSE })
            .with_factor(2.0)
            .with_max_times(MOST_ATTEMPTS as usize)
            .with_jitter();
        Ok(Self {
            backend,
            base: account.base_url.clone(),
            headers: headers(account, token)?,
            client,
            pace,
            pauses,
            answered: Mutex::new(None),
            rooms: rooms.clone(),
        })
    }

    /// Notes a question that was answered.
    pub(super) fn note_answered(&self, call: &Call) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(call.clone());
    }

    /// The last question that was answered.
    pub(super) fn answered(&self) -> Option<Call> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) async fn receive(&self, call: &Call, response: reqwest::Response) -> Attempt {
        let status = response.status().as_u16();
        let text = |name: HeaderName| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let retry_after = text(header::RETRY_AFTER).and_then(|value| retry_after(&value, SystemTime::now()));
        let location = text(header::LOCATION);
        let content_type = text(header::CONTENT_TYPE);
        let id = text(HeaderName::from_static("x-request-id"));
        let heads = heads(response.headers(), SystemTime::now());
        let judgement = match receive::body(response, &self.rooms).await {
            Received::Whole(body, room) => {
                let path = &call.path;
                verdict(self.backend, call.method, path, status, content_type.as_deref(), &body).in_room(room)
            }
            Received::TooLarge => too_large(call.method),
            Received::Broken(why) => {
                return Attempt::Failed { outcome: Outcome::Lost, status: Some(status), why };
            }
        };
        Attempt::Answered { judgement, status, retry_after, location, id, heads }
    }
}

/// Clock and rate as the headers say them. A date has no parts of a second, so half of one is added to it.
fn heads(headers: &HeaderMap, now: SystemTime) -> Heads {
    let date =
        headers.get(header::DATE).and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
    let ahead = date.map(|date| {
        let date = date + Duration::from_millis(500);
        let seconds = |gap: Duration| i64::try_from(gap.as_secs()).unwrap_or(i64::MAX);
        date.duration_since(now).map_or_else(|behind| -seconds(behind.duration()), seconds)
    });
    let limits = headers
        .iter()
        .filter(|(name, _)| name.as_str().contains("ratelimit") || name.as_str().contains("rate-limit"))
        .take(8)
        .filter_map(|(name, value)| Some((name.to_string(), shorten(&clean(value.to_str().ok()?)))))
        .collect();
    Heads { ahead, limits }
}

/// Requests a minute that an account is asked at most; `None` where nothing but its answers slow it down.
pub fn rate_of(account: &Account) -> Option<u32> {
    let polite = (!is_loopback(&account.base_url)).then_some(account.backend.requests_per_minute);
    account.requests_per_minute.or(polite)
}

fn check_base_url(account: &Account, loopback: bool) -> Result<(), BuildError> {
    let url = &account.base_url;
    let why = if url.scheme() != "https" && !(loopback && url.scheme() == "http") {
        "would send the token in clear; use https (plain http is for loopback only)"
    } else if !url.username().is_empty() || url.password().is_some() {
        "holds a user name or password; the token belongs under `token`"
    } else if url.query().is_some() || url.fragment().is_some() {
        "has a query or fragment; leave it at the path"
    } else if url.host().is_none() {
        "names no host"
    } else {
        return Ok(());
    };
    let shown = format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path());
    Err(BuildError::BaseUrl { account: account.name.clone(), url: clean(&shown), why })
}

/// Headers of every request (unpod.md 2.3, carrierx.md 1).
fn headers(account: &Account, token: &Secret) -> Result<HeaderMap, BuildError> {
    let value = |text: &str, what| {
        HeaderValue::from_str(text).map_err(|_| BuildError::Header { account: account.name.clone(), what })
    };
    let mut headers = HeaderMap::new();
    let mut authorization =
        value(&format!("{} {}", account.backend.auth_scheme, token.reveal()), "the token")?;
    authorization.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, authorization);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(handle) = &account.org_handle {
        headers.insert("org-handle", value(handle, "`org_handle`")?);
    }
    if let Some(product) = account.product_ids.first() {
        headers.insert(PRODUCT, value(product, "`product_id`")?);
    }
    Ok(headers)
}
