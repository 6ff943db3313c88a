//! The only interface to the services: it takes a call and returns an answer or an error.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::model::call::{Call, RequestMethod};

mod body_budget;
pub mod classify;
pub mod client;
mod echo;
mod json;
pub mod rate_limiter;
pub mod retry;
mod secret_vault;
pub mod text;
mod waiting;

pub use json::LazyJson;
pub use secret_vault::SecretVault;
pub use waiting::{WaitReason, WaitStarted};

/// Something that can carry out a call: the HTTP client, or a fake in a test.
pub trait Api: Send + Sync {
    /// Sends one call. `Ok` only for the success statuses of that method; everything else is an [`ApiError`] that says
    /// whether the request may have had its effect. Retries that are always safe (GET; anything after a 429) happen
    /// inside; everything that must be settled by reading is left to the caller.
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<ApiResponse, ApiError>>;
}

/// A successful answer.
#[derive(Debug, Clone, Default)]
pub struct ApiResponse {
    /// HTTP status.
    pub status: u16,
    /// The body; null when the answer had none.
    pub body: LazyJson,
    /// The service's id of the request, when it named one.
    pub request_id: Option<String>,
}

/// What an unsuccessful answer means (unpod.md 9, carrierx.md 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AnswerClass {
    /// Success.
    Ok,
    /// The object does not exist: 404, or the 400 that Unpod's generation 1 answers for it.
    Gone,
    /// The path does not exist: 404 with an HTML page, at a service that makes this distinction.
    NoSuchPath,
    /// A conflict: 409, or a 400 that says so.
    Conflict,
    /// The service understood and refused: other 4xx.
    Refused,
    /// The token is invalid: 401.
    Unauthorized,
    /// The token may not do this: 403.
    Forbidden,
    /// Too many requests: 429.
    Throttled,
    /// An error of the service or of a proxy before it: 5xx.
    ServerFault,
    /// A status that looks like success but is not: 206 and other 2xx, 3xx, a body that cannot be read.
    Unexpected,
    /// No answer at all.
    NoAnswer,
}

/// What is known about the effect of a request that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestEffect {
    /// It never reached the service, or the service refused before doing anything.
    None,
    /// It may have happened: settle by reading.
    Unknown,
}

/// A request that did not succeed.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// Account of the call.
    pub account: String,
    /// Method of the call.
    pub method: RequestMethod,
    /// Path and query of the call.
    pub target: String,
    /// HTTP status, when an answer was received.
    pub status: Option<u16>,
    /// What it means.
    pub class: AnswerClass,
    /// Whether the request may have had its effect.
    pub effect: RequestEffect,
    /// The service's own message, or why no answer was received; sanitised, shortened, without secrets.
    pub text: String,
    /// The service's id of the request, when it named one.
    pub request_id: Option<String>,
}

impl ApiError {
    /// Whether the service may still be processing the request: no answer was received, or one that a proxy may have made.
    pub fn may_still_run(&self) -> bool {
        self.effect == RequestEffect::Unknown && self.status.is_none_or(|status| status >= 500 || status == 408)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.method, self.target)?;
        match self.status {
            Some(status) => write!(f, "answered {status}")?,
            None => write!(f, "got no answer")?,
        }
        if !self.text.is_empty() {
            write!(f, ": {}", self.text)?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}

/// The form of [`Api`] that planning gets: it can express only GET.
pub struct ReadOnly<'a>(&'a dyn Api);

impl<'a> ReadOnly<'a> {
    /// Restricts it to reading.
    pub fn new(api: &'a dyn Api) -> Self {
        Self(api)
    }

    /// Reads one path.
    pub async fn get(&self, account: &str, path: &str, query: &[(&str, String)]) -> Result<ApiResponse, ApiError> {
        self.get_with(account, path, query, None).await
    }

    /// Reads one path with this header in place of the account's.
    pub async fn get_with(
        &self,
        account: &str,
        path: &str,
        query: &[(&str, String)],
        header: Option<(&'static str, String)>,
    ) -> Result<ApiResponse, ApiError> {
        let mut call = Call::get(account, path);
        for (key, value) in query {
            call = call.with_query(key, value.clone());
        }
        call.headers.extend(header);
        self.0.send(&call).await
    }
}
