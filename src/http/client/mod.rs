//! The HTTP layer: the only place that knows tokens, sends bytes and waits. Behind [`Api`], so that everything above can
//! run against a fake.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backon::BackoffBuilder;
use futures_util::future::BoxFuture;
use reqwest::header;
use tokio::time::{Instant, sleep};

use self::account_client::{AccountClient, LONGEST_PAUSE};
use self::request::PreparedRequest;
use super::body_budget::BodyBudget;
use super::classify::ClassifiedAnswer;
use super::retry::{AttemptOutcome, LONGEST_WAIT, MOST_ATTEMPTS, OtherRequests, RetryDecision, SUSPECT_AFTER, decide_retry};
use super::text::SecretCensor;
use super::{AnswerClass, Api, ApiError, ApiResponse, RequestEffect, SecretVault, WaitReason, WaitStarted};
use crate::model::call::{Call, RequestMethod};
use crate::model::resource::Account;
use crate::model::value::Secret;
use crate::text::escape;

mod account_client;
mod observer;
mod receive;
mod request;

pub use account_client::{base_of_requests, rate_of};
pub use observer::{HeaderFacts, HttpObserver, ObservedAttempt};

/// Options of the client; the default is right for everything but tests and `-v`.
#[derive(Clone, Default)]
pub struct HttpOptions {
    /// A fixed pause between attempts; when not set, pauses grow from 800 ms to 10 s.
    pub retry_pause: Option<Duration>,
    /// Timeout of a whole request; a minute when not set.
    pub timeout: Option<Duration>,
    /// Receives every request.
    pub observer: Option<Arc<dyn HttpObserver>>,
    /// Asked right before each attempt of a write; an error says why it must not be sent.
    pub fence: Option<Arc<WriteFence>>,
}

/// Whether a write may be sent now.
pub type WriteFence = dyn Fn() -> Result<(), String> + Send + Sync;

/// Why a client cannot be built. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ClientBuildError {
    /// No token.
    #[error("account `{0}` has no token; set the source that `accounts.{0}.token` names")]
    NoToken(String),
    /// The token or another header value holds characters that HTTP does not allow.
    #[error("account `{account}`: {what} contains characters that an HTTP header cannot contain (a line break inside?)")]
    Header {
        /// Account.
        account: String,
        /// Which value.
        what: String,
    },
    /// A value that would leave the path, or disappear from it.
    #[error("account `{account}`: {what} cannot be a part of a path")]
    Path {
        /// Account.
        account: String,
        /// Which value.
        what: String,
    },
    /// Base URL without TLS, or with a part that is not allowed.
    #[error("account `{account}`: the base URL `{url}` {why}")]
    BaseUrl {
        /// Account.
        account: String,
        /// As given, without a password.
        url: String,
        /// What is wrong, and what to do.
        why: &'static str,
    },
    /// TLS could not be set up.
    #[error("account `{account}`: the HTTP client could not be set up ({why}); are CA certificates installed?")]
    Client {
        /// Account.
        account: String,
        /// The library's message.
        why: String,
    },
}

/// The client, with one connection state for each account.
pub struct HttpClient {
    accounts: BTreeMap<String, AccountClient>,
    vault: SecretVault,
    censor: SecretCensor,
    observer: Option<Arc<dyn HttpObserver>>,
    fence: Option<Arc<WriteFence>>,
    request_count: AtomicU64,
}

/// How one attempt ended.
enum AttemptReport {
    Answered {
        judgement: ClassifiedAnswer,
        status: u16,
        retry_after: Option<Duration>,
        location: Option<String>,
        id: Option<String>,
        heads: HeaderFacts,
    },
    Failed {
        outcome: AttemptOutcome,
        status: Option<u16>,
        why: String,
    },
}

impl HttpClient {
    /// Builds a client for these accounts. `tokens` are by account name.
    pub fn new<'a>(
        accounts: impl Iterator<Item = &'a Account>,
        tokens: BTreeMap<String, Secret>,
        vault: SecretVault,
        options: HttpOptions,
    ) -> Result<Self, ClientBuildError> {
        let (mut lines, rooms) = (BTreeMap::new(), BodyBudget::default());
        let mut words = BTreeSet::new();
        for account in accounts {
            words.extend(account.service.words());
            let token = tokens.get(&account.name).filter(|token| !token.is_empty());
            let token = token.ok_or_else(|| ClientBuildError::NoToken(account.name.clone()))?;
            lines.insert(account.name.clone(), AccountClient::new(account, token, &options, &rooms)?);
        }
        let mut stated: Vec<&str> = words.into_iter().collect();
        stated.extend(vault.stated().iter().map(String::as_str));
        vault.hidden().watch_secrets(tokens.values().chain(vault.secrets()), &stated);
        let censor = SecretCensor { hidden: vault.hidden().clone() };
        let (observer, fence) = (options.observer, options.fence);
        Ok(Self { accounts: lines, vault, censor, observer, fence, request_count: AtomicU64::new(0) })
    }

    /// Requests sent so far, each attempt counted.
    pub fn request_count(&self) -> u64 {
        self.request_count.load(Ordering::Relaxed)
    }

    async fn carry_out(&self, call: &Call) -> Result<ApiResponse, ApiError> {
        let not_sent = |why: String| self.api_error(call, None, AnswerClass::NoAnswer, RequestEffect::None, &why, None);
        let line =
            self.accounts.get(&call.account).ok_or_else(|| not_sent(format!("no account is called `{}`", call.account)))?;
        let request = request::prepare_request(&line.base, call, &self.vault).map_err(not_sent)?;
        let target = escape(&call.path_and_query());
        let mut pauses = line.backoff.build();
        let mut attempt = 1;
        loop {
            let waits = |pause, why| self.report_wait(call, pause, why);
            let permit = line.rate_limiter.acquire_reporting(call.method != RequestMethod::Get, waits).await;
            // The wait may have been long, and another run may have the lock by now. An attempt is repeated only when the one
            // before it had no effect.
            if let Some(fence) = self.fence.as_ref().filter(|_| call.method != RequestMethod::Get) {
                fence().map_err(|why| not_sent(format!("not sent: {why}")))?;
            }
            if let Some(watch) = &self.observer {
                watch.on_request(&call.account);
            }
            let start = Instant::now();
            let ended = self.send_attempt(line, call, &request).await;
            drop(permit);
            let outcome = ended.retry_outcome();
            let others = self.probe_other_request(line, call, outcome, attempt).await;
            let next = decide_retry(line.service, call.method, outcome, attempt, others);
            let again = match next {
                RetryDecision::Retry { after, reason } => {
                    let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
                    Some((after.unwrap_or(pause).min(LONGEST_WAIT), reason))
                }
                RetryDecision::Fail { .. } => None,
            };
            if let Some(watch) = &self.observer {
                let (status, verdict, heads) = ended.observed_parts();
                let took = start.elapsed();
                watch.on_response(&ObservedAttempt {
                    account: &call.account,
                    method: call.method,
                    target: &target,
                    attempt,
                    status,
                    class: verdict,
                    header_facts: heads,
                    took,
                    retry: again,
                });
            }
            let Some((pause, _)) = again else {
                let answer = self.conclude_call(call, ended);
                if answer.is_ok() && call.method == RequestMethod::Get {
                    line.note_answered(call);
                }
                return answer;
            };
            match outcome {
                // All workers of the account pause, not only this one.
                AttemptOutcome::Answered { status: 429, .. } => line.rate_limiter.pause_for(pause),
                _ => {
                    waits(pause, WaitReason::Again { attempt: attempt + 1, most: MOST_ATTEMPTS, after: outcome });
                    sleep(pause).await;
                }
            }
            attempt += 1;
        }
    }

    /// Whether the service still answers the last other read that it answered, where this is informative.
    async fn probe_other_request(
        &self,
        line: &AccountClient,
        call: &Call,
        outcome: AttemptOutcome,
        attempt: u32,
    ) -> OtherRequests {
        let fault = matches!(outcome, AttemptOutcome::Answered { status: 500, .. }) && call.method == RequestMethod::Get;
        let other = line.last_answered().filter(|other| fault && attempt == SUSPECT_AFTER && other != call);
        let Some(other) = other else { return OtherRequests::NotAsked };
        let Ok(request) = request::prepare_request(&line.base, &other, &self.vault) else {
            return OtherRequests::NotAsked;
        };
        let permit = line.rate_limiter.acquire_reporting(false, |_, _| {}).await;
        let ended = self.send_attempt(line, &other, &request).await;
        drop(permit);
        match ended.observed_parts() {
            (_, AnswerClass::Ok, _) => OtherRequests::Answered,
            _ => OtherRequests::Failed,
        }
    }

    fn report_wait(&self, call: &Call, pause: Duration, why: WaitReason) {
        if let Some(watch) = &self.observer {
            watch.on_wait(&WaitStarted { account: &call.account, pause, reason: why });
        }
    }

    async fn send_attempt(&self, line: &AccountClient, call: &Call, request: &PreparedRequest) -> AttemptReport {
        self.request_count.fetch_add(1, Ordering::Relaxed);
        let mut builder = line
            .client
            .request(request.method.clone(), request.url.clone())
            .headers(line.headers.clone())
            .headers(request.headers.clone())
            .header("x-request-id", uuid::Uuid::new_v4().to_string());
        if let Some(body) = &request.body {
            builder = builder.header(header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        if call.method == RequestMethod::Delete {
            // Unpod sends a body after a 204; if the connection were reused, it would be read as the next answer (unpod.md 9.3).
            builder = builder.header(header::CONNECTION, "close");
        }
        match builder.send().await {
            Ok(response) => line.receive_response(call, response, &self.censor).await,
            Err(error) => {
                let outcome = if error.is_connect() { AttemptOutcome::NotConnected } else { AttemptOutcome::Lost };
                AttemptReport::Failed { outcome, status: None, why: receive::error_reason(error) }
            }
        }
    }

    fn conclude_call(&self, call: &Call, ended: AttemptReport) -> Result<ApiResponse, ApiError> {
        match ended {
            AttemptReport::Answered { judgement, status, id, .. } if judgement.class == AnswerClass::Ok => {
                Ok(ApiResponse { status, body: judgement.body, request_id: id.map(|id| self.censor.show(&id)) })
            }
            AttemptReport::Answered { judgement, status, location, id, retry_after, .. } => {
                let mut words = judgement.service_text.unwrap_or_else(|| judgement.reason.to_owned());
                if let Some(location) = location {
                    words = format!("redirects to {location}; redirects are not followed");
                }
                if let Some(asked) = retry_after.filter(|asked| *asked > LONGEST_WAIT) {
                    words.push_str(&format!(
                        "; it asks to wait {} s, but telform waits {} s at most: run again after that time, or set a lower `requests_per_minute` on the account",
                        asked.as_secs(),
                        LONGEST_WAIT.as_secs()
                    ));
                }
                Err(self.api_error(call, Some(status), judgement.class, judgement.effect, &words, id))
            }
            AttemptReport::Failed { outcome, status, why } => {
                let unknown = outcome != AttemptOutcome::NotConnected && call.method != RequestMethod::Get;
                let effect = if unknown { RequestEffect::Unknown } else { RequestEffect::None };
                let verdict = if status.is_some() { AnswerClass::Unexpected } else { AnswerClass::NoAnswer };
                Err(self.api_error(call, status, verdict, effect, &why, None))
            }
        }
    }

    fn api_error(
        &self,
        call: &Call,
        status: Option<u16>,
        verdict: AnswerClass,
        effect: RequestEffect,
        words: &str,
        id: Option<String>,
    ) -> ApiError {
        ApiError {
            account: call.account.clone(),
            method: call.method,
            target: escape(&call.path_and_query()),
            status,
            class: verdict,
            effect,
            text: self.censor.mask_in_error(words),
            request_id: id.map(|id| self.censor.show(&id)),
        }
    }
}

impl Api for HttpClient {
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<ApiResponse, ApiError>> {
        Box::pin(self.carry_out(call))
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("accounts", &self.accounts.keys()).finish_non_exhaustive()
    }
}

impl AttemptReport {
    fn retry_outcome(&self) -> AttemptOutcome {
        match self {
            Self::Answered { judgement, status: 429, .. } if judgement.class != AnswerClass::Throttled => AttemptOutcome::Final,
            Self::Answered { status, retry_after, .. } => AttemptOutcome::Answered { status: *status, retry_after: *retry_after },
            Self::Failed { outcome, .. } => *outcome,
        }
    }

    fn observed_parts(&self) -> (Option<u16>, AnswerClass, Option<&HeaderFacts>) {
        match self {
            Self::Answered { judgement, status, heads, .. } => (Some(*status), judgement.class, Some(heads)),
            Self::Failed { status, .. } => (*status, AnswerClass::NoAnswer, None),
        }
    }
}
