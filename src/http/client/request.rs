//! From a call to the bytes that are sent: the only place where a secret is converted back to text.

use std::borrow::Cow;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Map;
use smol_str::SmolStr;
use url::{Host, Url};

use crate::http::SecretVault;
use crate::model::call::{BodyValue, Call, CallBody, RequestMethod, is_segment};
use crate::model::value::{CompactValue, Value, hidden};

/// A request ready to be sent, as often as necessary.
pub(super) struct PreparedRequest {
    pub(super) method: reqwest::Method,
    pub(super) url: Url,
    pub(super) body: Option<Vec<u8>>,
    /// Headers of this call alone, instead of the account's.
    pub(super) headers: HeaderMap,
}

/// Builds a request. An error says in words what the call lacks; it never holds a secret.
pub(super) fn prepare_request(base: &Url, call: &Call, vault: &SecretVault) -> Result<PreparedRequest, String> {
    Ok(PreparedRequest {
        method: reqwest_method(call.method),
        url: request_url(base, call, vault)?,
        body: json_body(call, vault)?,
        headers: call_headers(call)?,
    })
}

fn call_headers(call: &Call) -> Result<HeaderMap, String> {
    let one = |(name, value): &(&'static str, String)| {
        let value = HeaderValue::from_str(value).map_err(|_| format!("`{name}` cannot be sent as a header"))?;
        Ok((HeaderName::from_static(name), value))
    };
    call.headers.iter().map(one).collect()
}

/// Whether a host is this machine, where plain HTTP is allowed and no rate limit is needed.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn reqwest_method(method: RequestMethod) -> reqwest::Method {
    match method {
        RequestMethod::Get => reqwest::Method::GET,
        RequestMethod::Post => reqwest::Method::POST,
        RequestMethod::Patch => reqwest::Method::PATCH,
        RequestMethod::Put => reqwest::Method::PUT,
        RequestMethod::Delete => reqwest::Method::DELETE,
    }
}

/// The whole address. Each part of the path is escaped here, so that an id with a question mark in it stays an id; parts
/// that would leave the path or disappear from it are refused, because `DELETE bridges/../` is not the intended request.
fn request_url(base: &Url, call: &Call, vault: &SecretVault) -> Result<Url, String> {
    let parts = call.path.trim_start_matches('/').split('/').map(|part| open_path_part(part, vault));
    let parts: Vec<Cow<'_, str>> = parts.collect::<Result<_, _>>()?;
    if let Some(part) = parts.iter().find(|part| part.starts_with('{') && part.ends_with('}')) {
        return Err(format!("the path `{}` still holds {part}, which should be known by now", call.path));
    }
    // A path that ends with a slash has an empty last part.
    let named = parts.len() - usize::from(parts.last().is_some_and(|last| last.is_empty()));
    if !parts[..named].iter().all(|part| is_segment(part)) {
        return Err(format!("the path `{}` has an empty part or one that leads elsewhere", call.path));
    }
    let mut url = base.clone();
    url.path_segments_mut().map_err(|()| "the base URL cannot have a path".to_owned())?.pop_if_empty().extend(&parts);
    // What every request of the account carries, without what this one carries itself.
    let own = |name: &str| call.query.iter().any(|(own, _)| own == name);
    let carried: Vec<_> = base.query_pairs().filter(|(name, _)| !own(name)).collect();
    url.set_query(None);
    if !(carried.is_empty() && call.query.is_empty()) {
        url.query_pairs_mut().extend_pairs(carried).extend_pairs(&call.query);
    }
    Ok(url)
}

/// A part of a path. An identity in which the service showed a secret is sent back unchanged.
fn open_path_part<'p>(part: &'p str, vault: &SecretVault) -> Result<Cow<'p, str>, String> {
    if !hidden::holds_echo(part) {
        return Ok(part.into());
    }
    let known = vault.hidden().open(part);
    let known = known.ok_or_else(|| format!("what is hidden in `{part}` was not shown in this run"))?;
    Ok(known.reveal().to_owned().into())
}

/// The JSON body. CarrierX requires one with every POST, PATCH and PUT, even if it is `{}` (carrierx.md 1); Unpod accepts it.
fn json_body(call: &Call, vault: &SecretVault) -> Result<Option<Vec<u8>>, String> {
    let entries = match &call.body {
        Some(CallBody::Object(entries)) => entries,
        Some(CallBody::Overlay { .. }) => {
            return Err("the body still is an overlay; it must be laid over the fresh object first".to_owned());
        }
        None if matches!(call.method, RequestMethod::Get | RequestMethod::Delete) => return Ok(None),
        None => return Ok(Some(b"{}".to_vec())),
    };
    let mut object = Map::new();
    for (key, payload) in entries {
        let value = payload_value(payload, vault)?;
        // A key with a dot is one inside a map.
        let inside = key.split_once('.').and_then(|(group, key)| {
            let map = object.entry(group).or_insert_with(|| Value::Object(Map::new()));
            Some((map.as_object_mut()?, key))
        });
        match inside {
            Some((map, key)) => _ = map.insert(key.to_owned(), value),
            None => _ = object.insert(key.to_string(), value),
        }
    }
    serde_json::to_vec(&object).map(Some).map_err(|error| format!("the body is not JSON: {error}"))
}

fn payload_value(payload: &BodyValue, vault: &SecretVault) -> Result<Value, String> {
    match payload {
        BodyValue::Value(value) => open_marks(value, vault),
        BodyValue::Secret { address, attribute } => vault
            .get(address, attribute)
            .map(|secret| Value::String(secret.reveal().to_owned()))
            .ok_or_else(|| format!("the secret {address}.{attribute} was not supplied")),
        BodyValue::IdOf(_) | BodyValue::WithIds { .. } => {
            let steps: Vec<&str> = payload.steps_used().into_iter().map(String::as_str).collect();
            Err(format!("the body still holds the id of step {}, which is not known yet", steps.join(", ")))
        }
    }
}

/// A value with the texts behind its marks. A mark whose text this run does not know is never sent to a service.
fn open_marks(value: &CompactValue, vault: &SecretVault) -> Result<Value, String> {
    Ok(match value {
        CompactValue::Text(text) if hidden::is_marked(text) => {
            let known = vault.hidden().open(text);
            let secret = known.ok_or_else(|| format!("what is hidden in `{text}` was not supplied"))?;
            Value::String(secret.reveal().to_owned())
        }
        CompactValue::List(items) => Value::Array(items.iter().map(|item| open_marks(item, vault)).collect::<Result<_, _>>()?),
        CompactValue::Map(map) => {
            let entry = |(key, item): &(SmolStr, CompactValue)| {
                let key = if hidden::holds_echo(key) { open_path_part(key, vault)?.into_owned() } else { key.to_string() };
                Ok((key, open_marks(item, vault)?))
            };
            Value::Object(map.iter().map(entry).collect::<Result<_, String>>()?)
        }
        other => other.json(),
    })
}
