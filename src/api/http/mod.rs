//! The HTTP edge: the only place that knows tokens, sends bytes and waits. Behind [`Api`], so that everything above can be
//! run against a stand-in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backon::BackoffBuilder;
use futures_util::future::BoxFuture;
use reqwest::header;
use tokio::time::{Instant, sleep};

use self::line::{LONGEST_PAUSE, Line};
use self::request::Request;
use super::retry::{LONGEST_WAIT, MOST_ATTEMPTS, Next, Others, Outcome, SUSPECT_AFTER, retry};
use super::room::Rooms;
use super::text::Censor;
use super::verdict::Judgement;
use super::{Answer, Api, ApiError, Effect, Vault, Verdict, Waits, Why};
use crate::call::{Call, Method};
use crate::resource::Account;
use crate::text::clean;
use crate::value::Secret;

mod line;
mod receive;
mod request;
mod watch;

pub use line::rate_of;
pub use watch::{Heads, Seen, Watch};

/// What may be chosen about the client; the default is right for everything but tests and `-v`.
#[derive(Clone, Default)]
pub struct Options {
    /// The pauses between attempts, all alike; where not set they grow from 800 ms to 10 s.
    pub pause: Option<Duration>,
    /// Time for a whole request; a minute when not set.
    pub timeout: Option<Duration>,
    /// Is told about every request.
    pub watch: Option<Arc<dyn Watch>>,
}

/// Why a client cannot be built. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No token.
    #[error("account `{0}` has no token; set the source that `accounts.{0}.token` names")]
    NoToken(String),
    /// The token or another header value holds characters that HTTP does not allow.
    #[error(
        "account `{account}`: {what} holds characters that cannot stand in an HTTP header (a line break inside?)"
    )]
    Header {
        /// Account.
        account: String,
        /// Which value.
        what: &'static str,
    },
    /// Base URL without TLS, or with something that does not belong there.
    #[error("account `{account}`: the base URL `{url}` {why}")]
    BaseUrl {
        /// Account.
        account: String,
        /// As given, without a password.
        url: String,
        /// What is wrong, and the way out.
        why: &'static str,
    },
    /// TLS could not be set up.
    #[error(
        "account `{account}`: the HTTP client could not be set up ({why}); are CA certificates installed?"
    )]
    Client {
        /// Account.
        account: String,
        /// The library's words.
        why: String,
    },
}

/// The client: one line for each account.
pub struct Http {
    lines: BTreeMap<String, Line>,
    vault: Vault,
    censor: Censor,
    watch: Option<Arc<dyn Watch>>,
    requests: AtomicU64,
}

/// How one attempt ended.
enum Attempt {
    Answered {
        judgement: Judgement,
        status: u16,
        retry_after: Option<Duration>,
        location: Option<String>,
        id: Option<String>,
        heads: Heads,
    },
    Failed {
        outcome: Outcome,
        status: Option<u16>,
        why: String,
    },
}

impl Http {
    /// Builds a client for these accounts. `tokens` are by account name.
    pub fn new<'a>(
        accounts: impl Iterator<Item = &'a Account>,
        tokens: BTreeMap<String, Secret>,
        vault: Vault,
        options: Options,
    ) -> Result<Self, BuildError> {
        let (mut lines, rooms) = (BTreeMap::new(), Rooms::default());
        for account in accounts {
            let token = tokens.get(&account.name).filter(|token| !token.is_empty());
            let token = token.ok_or_else(|| BuildError::NoToken(account.name.clone()))?;
            lines.insert(account.name.clone(), Line::new(account, token, &options, &rooms)?);
        }
        let censor = Censor::new(tokens.values().chain(vault.secrets())).knowing(vault.hidden().clone());
        Ok(Self { lines, vault, censor, watch: options.watch, requests: AtomicU64::new(0) })
    }

    /// Requests sent so far, each attempt counted.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    async fn carry_out(&self, call: &Call) -> Result<Answer, ApiError> {
        let not_sent = |why: String| self.error(call, None, Verdict::NoAnswer, Effect::None, &why, None);
        let line = self
            .lines
            .get(&call.account)
            .ok_or_else(|| not_sent(format!("no account is called `{}`", call.account)))?;
        let request = request::prepare(&line.base, call, &self.vault).map_err(not_sent)?;
        let target = clean(&call.target());
        let mut pauses = line.pauses.build();
        let mut attempt = 1;
        loop {
            let waits = |pause, why| self.waits(call, pause, why);
            let permit = line.pace.admit_telling(call.method != Method::Get, waits).await;
            if let Some(watch) = &self.watch {
                watch.sends(&call.account);
            }
            let start = Instant::now();
            let ended = self.attempt(line, call, &request).await;
            drop(permit);
            let outcome = ended.outcome();
            let others = self.others(line, call, outcome, attempt).await;
            let next = retry(line.backend, call.method, outcome, attempt, others);
            let again = match next {
                Next::Retry { after, reason } => {
                    let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
                    Some((after.unwrap_or(pause).min(LONGEST_WAIT), reason))
                }
                Next::Fail { .. } => None,
            };
            if let Some(watch) = &self.watch {
                let (status, verdict, heads) = ended.seen();
                let took = start.elapsed();
                watch.seen(&Seen {
                    account: &call.account,
                    method: call.method,
                    target: &target,
                    attempt,
                    status,
                    verdict,
                    heads,
                    took,
                    again,
                });
            }
            let Some((pause, _)) = again else {
                let answer = self.conclude(call, ended);
                if answer.is_ok() && call.method == Method::Get {
                    line.note_answered(call);
                }
                return answer;
            };
            match outcome {
                // All workers of the account fall silent, not only this one.
                Outcome::Answered { status: 429, .. } => line.pace.hold(pause),
                _ => {
                    waits(pause, Why::Again { attempt: attempt + 1, most: MOST_ATTEMPTS, after: outcome });
                    sleep(pause).await;
                }
            }
            attempt += 1;
        }
    }

    /// Whether the service answers the last other question that it has answered, where that tells anything.
    async fn others(&self, line: &Line, call: &Call, outcome: Outcome, attempt: u32) -> Others {
        let fault = matches!(outcome, Outcome::Answered { status: 500, .. }) && call.method == Method::Get;
        let other = line.answered().filter(|other| fault && attempt == SUSPECT_AFTER && other != call);
        let Some(other) = other else { return Others::NotAsked };
        let Ok(request) = request::prepare(&line.base, &other, &self.vault) else { return Others::NotAsked };
        let permit = line.pace.admit_telling(false, |_, _| {}).await;
        let ended = self.attempt(line, &other, &request).await;
        drop(permit);
        match ended.seen() {
            (_, Verdict::Ok, _) => Others::Answered,
            _ => Others::Failed,
        }
    }

    fn waits(&self, call: &Call, pause: Duration, why: Why) {
        if let Some(watch) = &self.watch {
            watch.waits(&Waits { account: &call.account, pause, why });
        }
    }

    async fn attempt(&self, line: &Line, call: &Call, request: &Request) -> Attempt {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut builder = line
            .client
            .request(request.method.clone(), request.url.clone())
            .headers(line.headers.clone())
            .headers(request.headers.clone())
            .header("x-request-id", uuid::Uuid::new_v4().to_string());
        if let Some(body) = &request.body {
            builder = builder.header(header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        if call.method == Method::Delete {
            // Unpod sends a body after a 204; whoever reuses the connection reads it as the next answer (unpod.md 9.3).
            builder = builder.header(header::CONNECTION, "close");
        }
        match builder.send().await {
            Ok(response) => line.receive(call, response).await,
            Err(error) => {
                let outcome = if error.is_connect() { Outcome::NotConnected } else { Outcome::Lost };
                Attempt::Failed { outcome, status: None, why: receive::reason(error) }
            }
        }
    }

    fn conclude(&self, call: &Call, ended: Attempt) -> Result<Answer, ApiError> {
        match ended {
            Attempt::Answered { judgement, status, id, .. } if judgement.verdict == Verdict::Ok => {
                Ok(Answer { status, body: judgement.body, request_id: id.map(|id| self.censor.show(&id)) })
            }
            Attempt::Answered { judgement, status, location, id, retry_after, .. } => {
                let mut words = judgement.words.unwrap_or_else(|| judgement.reason.to_owned());
                if let Some(location) = location {
                    words = format!("redirects to {location}; redirects are not followed");
                }
                if let Some(asked) = retry_after.filter(|asked| *asked > LONGEST_WAIT) {
                    words.push_str(&format!(
                        "; it asks for a wait of {} s, and telform waits {} s at most: run again after that, or set a lower `requests_per_minute` on the account",
                        asked.as_secs(),
                        LONGEST_WAIT.as_secs()
                    ));
                }
                Err(self.error(call, Some(status), judgement.verdict, judgement.effect, &words, id))
            }
            Attempt::Failed { outcome, status, why } => {
                let unknown = outcome != Outcome::NotConnected && call.method != Method::Get;
                let effect = if unknown { Effect::Unknown } else { Effect::None };
                let verdict = if status.is_some() { Verdict::Unexpected } else { Verdict::NoAnswer };
                Err(self.error(call, status, verdict, effect, &why, None))
            }
        }
    }

    fn error(
        &self,
        call: &Call,
        status: Option<u16>,
        verdict: Verdict,
        effect: Effect,
        words: &str,
        id: Option<String>,
    ) -> ApiError {
        ApiError {
            account: call.account.clone(),
            method: call.method,
            target: clean(&call.target()),
            status,
            verdict,
            effect,
            text: self.censor.show(words),
            request_id: id.map(|id| self.censor.show(&id)),
        }
    }
}

impl Api for Http {
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, ApiError>> {
        Box::pin(self.carry_out(call))
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("accounts", &self.lines.keys()).finish_non_exhaustive()
    }
}

impl Attempt {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Answered { status, retry_after, .. } => {
                Outcome::Answered { status: *status, retry_after: *retry_after }
            }
            Self::Failed { outcome, .. } => *outcome,
        }
    }

    fn seen(&self) -> (Option<u16>, Verdict, Option<&Heads>) {
        match self {
            Self::Answered { judgement, status, heads, .. } => {
                (Some(*status), judgement.verdict, Some(heads))
            }
            Self::Failed { status, .. } => (*status, Verdict::NoAnswer, None),
        }
    }
}
