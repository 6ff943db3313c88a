//! The only seam to the services: a call goes in, an answer or an error comes out.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::call::{Call, Method, PRODUCT};

pub mod http;
mod json;
pub mod pace;
pub mod retry;
mod room;
pub mod text;
mod vault;
pub mod verdict;
mod wait;

pub use json::Json;
pub use vault::Vault;
pub use wait::{Waits, Why};

/// Something that can carry out a call: the HTTP client, or a stand-in in a test.
pub trait Api: Send + Sync {
    /// Sends one call. `Ok` only for the success statuses of that method; everything else is an [`ApiError`] that says
    /// whether the request may have had its effect. Blindly safe repeats (GET; anything after a 429) happen inside;
    /// everything that must be settled by reading is left to the caller.
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, ApiError>>;
}

/// A successful answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body; null when there was none.
    pub body: Json,
    /// The service's id of the request, when it named one.
    pub request_id: Option<String>,
}

/// What an unsuccessful answer means (unpod.md 9, carrierx.md 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Success.
    Ok,
    /// The object is not there: 404, or the 400 that Unpod's generation 1 answers for it.
    Gone,
    /// The path is not there: 404 with an HTML page, at a service that makes this difference.
    NoSuchPath,
    /// Something else is in the way: 409, or a 400 that says so.
    Conflict,
    /// The service understood and said no: other 4xx.
    Refused,
    /// The token is not good: 401.
    Unauthorized,
    /// The token may not do this: 403.
    Forbidden,
    /// Too many requests: 429.
    Throttled,
    /// A fault of the service or of something before it: 5xx.
    ServerFault,
    /// A status that looks like success and is none: 206 and other 2xx, 3xx, a body that cannot be read.
    Unexpected,
    /// No answer at all.
    NoAnswer,
}

/// What is known about the effect of a request that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It never reached the service, or the service said no before doing anything.
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
    pub method: Method,
    /// Path and query of the call.
    pub target: String,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// What it means.
    pub verdict: Verdict,
    /// Whether the request may have had its effect.
    pub effect: Effect,
    /// The service's own words, or why there was no answer; sanitised, shortened, without secrets.
    pub text: String,
    /// The service's id of the request, when it named one.
    pub request_id: Option<String>,
}

impl ApiError {
    /// Whether the service may still be at work on the request: no answer came, or one that a proxy may have made.
    pub fn may_still_run(&self) -> bool {
        self.effect == Effect::Unknown && self.status.is_none_or(|status| status >= 500 || status == 408)
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

/// The form of [`Api`] that planning gets: it can express nothing but GET.
pub struct ReadOnly<'a>(&'a dyn Api);

impl<'a> ReadOnly<'a> {
    /// Takes away everything but reading.
    pub fn new(api: &'a dyn Api) -> Self {
        Self(api)
    }

    /// Reads one path.
    pub async fn get(&self, account: &str, path: &str, query: &[(&str, String)]) -> Result<Answer, ApiError> {
        self.get_for(account, path, query, None).await
    }

    /// Reads one path for this product, in place of the account's.
    pub async fn get_for(
        &self,
        account: &str,
        path: &str,
        query: &[(&str, String)],
        product: Option<&str>,
    ) -> Result<Answer, ApiError> {
        let mut call = Call::get(account, path);
        for (key, value) in query {
            call = call.with(key, value.clone());
        }
        call.headers.extend(product.map(|product| (PRODUCT, product.to_owned())));
        self.0.send(&call).await
    }
}
