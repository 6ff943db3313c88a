//! The client of one account: its base URL, token, headers, connections, rate limit.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use backon::ExponentialBuilder;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::receive::{self, ReceivedBody};
use super::request::is_loopback;
use super::{AttemptReport, ClientBuildError, HeaderFacts, HttpOptions};
use crate::http::body_budget::BodyBudget;
use crate::http::classify::{classify_answer, too_large};
use crate::http::echo::mask_echoes;
use crate::http::rate_limiter::RateLimiter;
use crate::http::retry::{AttemptOutcome, MOST_ATTEMPTS, retry_after};
use crate::http::text::SecretCensor;
use crate::model::call::{Call, is_segment};
use crate::model::kind::{SentIn, ServiceTable};
use crate::model::resource::Account;
use crate::model::value::Secret;
use crate::text::escape;

/// Timeout of a connection attempt (carrierx.md 10).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout of a whole request: several writes call vendors before they answer (unpod.md 9.3).
const TIMEOUT: Duration = Duration::from_secs(60);
/// Idle connections are dropped early: if a server closes one first, the outcome of the next POST is ambiguous (crates.md 3).
const POOL_IDLE: Duration = Duration::from_secs(15);
/// First of the growing pauses between attempts: about 30 s in total with jitter, also on loopback, so that the restart of a
/// database or a server does not end a run.
const PAUSE: Duration = Duration::from_millis(800);
/// Longest of the growing pauses.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Reads in flight on loopback when the account names no limit.
const READS_ON_LOOPBACK: usize = 8;

/// The state of one account: its token is sent to its own base URL and nowhere else.
pub(super) struct AccountClient {
    pub(super) service: &'static ServiceTable,
    pub(super) base: Url,
    pub(super) headers: HeaderMap,
    pub(super) client: reqwest::Client,
    pub(super) rate_limiter: RateLimiter,
    pub(super) backoff: ExponentialBuilder,
    /// The last read that was answered.
    last_answered: Mutex<Option<Call>>,
    body_budget: BodyBudget,
}

impl AccountClient {
    pub(super) fn new(
        account: &Account,
        token: &Secret,
        options: &HttpOptions,
        rooms: &BodyBudget,
    ) -> Result<Self, ClientBuildError> {
        let service = account.service;
        let loopback = is_loopback(&account.base_url);
        check_base_url(account, loopback)?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("telform/", env!("CARGO_PKG_VERSION")))
            // The token is sent to the account's own origin and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            // telform itself decides, counts and shows every attempt.
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(options.timeout.unwrap_or(TIMEOUT))
            .pool_idle_timeout(POOL_IDLE);
        if loopback {
            builder = builder.no_proxy();
        }
        #[cfg(feature = "https")]
        if account.base_url.scheme() == "http" {
            // TLS is never used here, so the system's certificates need not be read: that takes longer than a plan.
            builder = builder.tls_certs_only([]);
        }
        let client = builder
            .build()
            .map_err(|error| ClientBuildError::Client { account: account.name.clone(), why: receive::error_reason(error) })?;
        let per_minute = rate_of(account);
        let reads = if loopback { READS_ON_LOOPBACK } else { service.reads_in_flight };
        let pace = RateLimiter::new(
            per_minute,
            account.max_in_flight.unwrap_or(reads),
            account.max_in_flight.unwrap_or(service.writes_in_flight),
        );
        let pause = options.retry_pause.unwrap_or(PAUSE);
        let pauses = ExponentialBuilder::default()
            .with_min_delay(pause)
            .with_max_delay(if options.retry_pause.is_some() { pause } else { LONGEST_PAUSE })
            .with_factor(2.0)
            .with_max_times(MOST_ATTEMPTS as usize)
            .with_jitter();
        Ok(Self {
            service,
            base: base_of_requests(account)?,
            headers: request_headers(account, token)?,
            client,
            rate_limiter: pace,
            backoff: pauses,
            last_answered: Mutex::new(None),
            body_budget: rooms.clone(),
        })
    }

    /// Records a read that was answered.
    pub(super) fn note_answered(&self, call: &Call) {
        *self.last_answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(call.clone());
    }

    /// The last read that was answered.
    pub(super) fn last_answered(&self) -> Option<Call> {
        self.last_answered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) async fn receive_response(
        &self,
        call: &Call,
        response: reqwest::Response,
        censor: &SecretCensor,
    ) -> AttemptReport {
        let status = response.status().as_u16();
        let text = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let reset = self.service.reset_header.filter(|_| status == 429).map(HeaderName::from_static);
        let asked = text(header::RETRY_AFTER).or_else(|| text(reset?));
        let retry_after = asked.and_then(|value| retry_after(&value, SystemTime::now()));
        let location = text(header::LOCATION);
        let content_type = text(header::CONTENT_TYPE);
        let id = text(HeaderName::from_static("x-request-id"));
        let heads = read_header_facts(response.headers(), SystemTime::now(), censor);
        let about_owner = self.service.whoami.is_some_and(|words| words.path == call.path);
        let most = if about_owner { receive::MOST_OWNER_BYTES } else { receive::MOST_BYTES };
        let judgement = match receive::read_body(response, most, &self.body_budget).await {
            ReceivedBody::Whole(body, room) => {
                let success = (200..300).contains(&status);
                let (body, echoes) = mask_echoes(&censor.hidden, success, body);
                let path = &call.path;
                classify_answer(self.service, call.method, path, status, content_type.as_deref(), &body).in_room(room, echoes)
            }
            ReceivedBody::TooLarge => too_large(call.method),
            ReceivedBody::Broken(why) => {
                return AttemptReport::Failed { outcome: AttemptOutcome::Lost, status: Some(status), why };
            }
        };
        AttemptReport::Answered { judgement, status, retry_after, location, id, heads }
    }
}

/// Clock and rate from the headers. A date has no fraction of a second, so half a second is added to it.
fn read_header_facts(headers: &HeaderMap, now: SystemTime, censor: &SecretCensor) -> HeaderFacts {
    let date = headers.get(header::DATE).and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
    let ahead = date.map(|date| {
        let date = date + Duration::from_millis(500);
        let seconds = |gap: Duration| i64::try_from(gap.as_secs()).unwrap_or(i64::MAX);
        date.duration_since(now).map_or_else(|behind| -seconds(behind.duration()), seconds)
    });
    let limits = headers
        .iter()
        .filter(|(name, _)| name.as_str().contains("ratelimit") || name.as_str().contains("rate-limit"))
        .take(8)
        .filter_map(|(name, value)| Some((censor.show(name.as_str()), censor.show(value.to_str().ok()?))))
        .collect();
    HeaderFacts { clock_ahead_seconds: ahead, rate_headers: limits }
}

/// Most requests per minute of an account; `None` where only its answers slow it down.
pub fn rate_of(account: &Account) -> Option<u32> {
    let polite = (!is_loopback(&account.base_url)).then_some(account.service.requests_per_minute);
    account.requests_per_minute.or(polite)
}

fn check_base_url(account: &Account, loopback: bool) -> Result<(), ClientBuildError> {
    let url = &account.base_url;
    let why = if url.scheme() != "https" && !(loopback && url.scheme() == "http") {
        "would send the token in clear; use https (plain http is for loopback only)"
    } else if !url.username().is_empty() || url.password().is_some() {
        "holds a user name or password; the token belongs under `token`"
    } else if url.query().is_some() || url.fragment().is_some() {
        "has a query or fragment; leave it at the path"
    } else if url.host().is_none() {
        "names no host"
    } else if url.scheme() == "https" && !cfg!(feature = "https") {
        "needs TLS, and this telform was built without it (feature `https`); install a release"
    } else {
        return Ok(());
    };
    let shown = format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path());
    Err(ClientBuildError::BaseUrl { account: account.name.clone(), url: escape(&shown), why })
}

/// The base URL with the settings that requests carry in the path and in the query.
///
/// # Errors
/// When a setting would lead elsewhere.
pub fn base_of_requests(account: &Account) -> Result<Url, ClientBuildError> {
    let mut base = account.base_url.clone();
    for (setting, place, texts) in account.sent_settings() {
        match place {
            SentIn::Header(_) => {}
            SentIn::Query(name) => _ = base.query_pairs_mut().extend_pairs(texts.iter().map(|text| (name, text))),
            SentIn::Path => {
                let fits = texts.iter().all(|text| is_segment(text));
                let mut parts = base.path_segments_mut().ok().filter(|_| fits).ok_or_else(|| ClientBuildError::Path {
                    account: account.name.clone(),
                    what: format!("`{}`", setting.name),
                })?;
                parts.pop_if_empty().extend(&texts);
            }
        }
    }
    Ok(base)
}

/// Headers of every request (unpod.md 2.3, carrierx.md 1).
fn request_headers(account: &Account, token: &Secret) -> Result<HeaderMap, ClientBuildError> {
    let value = |text: &str, what: String| {
        HeaderValue::from_str(text).map_err(|_| ClientBuildError::Header { account: account.name.clone(), what })
    };
    let mut headers = HeaderMap::new();
    let mut authorization = value(&format!("{} {}", account.service.auth_scheme, token.reveal()), "the token".to_owned())?;
    authorization.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, authorization);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    for (setting, place, texts) in account.sent_settings() {
        let SentIn::Header(name) = place else { continue };
        for text in texts {
            headers.append(name, value(&text, format!("`{}`", setting.name))?);
        }
    }
    Ok(headers)
}
