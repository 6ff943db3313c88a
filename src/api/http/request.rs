//! From a call to the bytes that are sent: the one place where a secret is turned back into text.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Map;
use url::{Host, Url};

use crate::api::Vault;
use crate::call::{Body, Call, Method, Payload};
use crate::value::{Value, hidden};

/// A request ready to be sent, as often as need be.
pub(super) struct Request {
    pub(super) method: reqwest::Method,
    pub(super) url: Url,
    pub(super) body: Option<Vec<u8>>,
    /// Of this call alone, in place of the account's.
    pub(super) headers: HeaderMap,
}

/// Puts a request together. An error says in words what the call lacks; it never holds a secret.
pub(super) fn prepare(base: &Url, call: &Call, vault: &Vault) -> Result<Request, String> {
    Ok(Request {
        method: method(call.method),
        url: address(base, call)?,
        body: body(call, vault)?,
        headers: headers(call)?,
    })
}

fn headers(call: &Call) -> Result<HeaderMap, String> {
    let one = |(name, value): &(&'static str, String)| {
        let value =
            HeaderValue::from_str(value).map_err(|_| format!("`{name}` cannot be sent as a header"))?;
        Ok((HeaderName::from_static(name), value))
    };
    call.headers.iter().map(one).collect()
}

/// Whether a host is this machine, where plain HTTP is allowed and nobody needs our politeness.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Patch => reqwest::Method::PATCH,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// The whole address. Each part of the path is escaped here, so that an id with a question mark in it stays an id; parts
/// that would climb out of the path or vanish from it are refused, because `DELETE bridges/../` is not what was meant.
fn address(base: &Url, call: &Call) -> Result<Url, String> {
    let mut url = base.clone();
    let parts: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        if matches!(*part, "." | "..") || (part.is_empty() && !last) {
            return Err(format!("the path `{}` has an empty part or one that leads elsewhere", call.path));
        }
        if part.starts_with('{') && part.ends_with('}') {
            return Err(format!("the path `{}` still holds {part}, which should be known by now", call.path));
        }
    }
    url.path_segments_mut()
        .map_err(|()| "the base URL cannot have a path".to_owned())?
        .pop_if_empty()
        .extend(&parts);
    if !call.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&call.query);
    }
    Ok(url)
}

/// The JSON body. CarrierX wants one with every POST, PATCH and PUT, be it `{}` (carrierx.md 1); Unpod does not mind.
fn body(call: &Call, vault: &Vault) -> Result<Option<Vec<u8>>, String> {
    let entries = match &call.body {
        Some(Body::Object(entries)) => entries,
        Some(Body::Overlay { .. }) => {
            return Err(
                "the body still is an overlay; it must be laid over the fresh object first".to_owned()
            );
        }
        None if matches!(call.method, Method::Get | Method::Delete) => return Ok(None),
        None => return Ok(Some(b"{}".to_vec())),
    };
    let mut object = Map::new();
    for (key, payload) in entries {
        object.insert(key.clone(), value(payload, vault)?);
    }
    serde_json::to_vec(&object).map(Some).map_err(|error| format!("the body is no JSON: {error}"))
}

fn value(payload: &Payload, vault: &Vault) -> Result<Value, String> {
    match payload {
        Payload::Value(value) => opened(value, vault),
        Payload::Secret { address, attribute } => vault
            .get(address, attribute)
            .map(|secret| Value::String(secret.reveal().to_owned()))
            .ok_or_else(|| format!("the secret {address}.{attribute} was not supplied")),
        Payload::IdOf(step) => {
            Err(format!("the body still holds the id of step {step}, which is not known yet"))
        }
    }
}

/// A value with the texts behind its marks. A mark that this run knows nothing behind never goes to a service.
fn opened(value: &Value, vault: &Vault) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) if hidden::is_marked(text) => {
            let known = vault.hidden().open(text);
            let secret = known.ok_or_else(|| format!("what is hidden in `{text}` was not supplied"))?;
            Value::String(secret.reveal().to_owned())
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| opened(item, vault)).collect::<Result<_, _>>()?)
        }
        Value::Object(map) => {
            let entry = |(key, item): (&String, &Value)| Ok((key.clone(), opened(item, vault)?));
            Value::Object(map.iter().map(entry).collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}
