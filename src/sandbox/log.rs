//! The log of requests, for assertions such as "the second apply sent no write".

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::SandboxRequest;
use super::fault::SimulatedService;

/// The replacement of a secret.
pub(super) const HIDDEN: &str = "(secret)";

/// Keys whose values the log does not keep (`api/unpod.md`, section 14.1; `api/carrierx.md`, section 1; `api/telnyx.md`,
/// section 7).
const SECRET_KEYS: [&str; 13] = [
    "auth_token",
    "api_key",
    "api_secret",
    "api_token",
    "ip_authentication_token",
    "external_pin",
    "sip_password",
    "token",
    "password",
    "access_token",
    "refresh_token",
    "client_secret",
    "authorization",
];

/// One request and the status of its answer. Secrets are replaced, their keys are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoggedRequest {
    /// Counted from 1, in order of arrival.
    pub sequence: u64,
    /// The service of the path.
    pub service: SimulatedService,
    /// As on the wire.
    pub method: String,
    /// As on the wire, without query and without the sandbox's token.
    pub path: String,
    /// As on the wire, without `?`; empty without a query.
    pub query: String,
    /// Names in lower case, in order; `authorization` has its value replaced.
    pub headers: Vec<(String, String)>,
    /// The body as JSON (a form as an object); null when it was absent or could not be read.
    pub body: Value,
    /// The status of the answer; absent before the answer, and when the connection was cut instead.
    pub status: Option<u16>,
}

impl LoggedRequest {
    /// Whether it could have changed something.
    pub fn is_write(&self) -> bool {
        is_write(&self.method)
    }

    pub(super) fn from_request(asked: &SandboxRequest, sequence: u64) -> Self {
        let hide = |(name, value): &(String, String)| {
            let shown = if name == "authorization" || name == "cookie" { HIDDEN } else { value };
            (name.clone(), shown.to_owned())
        };
        Self {
            sequence,
            service: asked.service,
            method: asked.method.clone(),
            path: asked.raw_path.clone(),
            query: asked.raw_query.clone(),
            headers: asked.headers.iter().map(hide).collect(),
            body: body(asked),
            status: None,
        }
    }
}

/// Whether a method can change something.
pub(super) fn is_write(method: &str) -> bool {
    !matches!(method, "GET" | "HEAD" | "OPTIONS")
}

fn body(asked: &SandboxRequest) -> Value {
    let mut value = match asked.media_type().as_str() {
        "application/x-www-form-urlencoded" => super::wire::form(&String::from_utf8_lossy(&asked.body))
            .into_iter()
            .map(|(key, text)| (key, Value::String(text)))
            .collect(),
        _ => serde_json::from_slice(&asked.body).unwrap_or_default(),
    };
    hide_secrets(&mut value);
    value
}

/// Replaces the values of secret keys, however deep.
fn hide_secrets(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields.iter_mut() {
                if SECRET_KEYS.contains(&key.to_ascii_lowercase().as_str()) && !inner.is_null() {
                    *inner = HIDDEN.into();
                } else {
                    hide_secrets(inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_secrets),
        _ => {}
    }
}
