//! What an answer means: one pure function with a reason for each branch. The status alone is not enough: Unpod
//! answers business errors with 206, missing objects with 400 and wrong paths with an HTML page (unpod.md 9,
//! carrierx.md 9).

use std::collections::BTreeSet;

use super::body_budget::BodyAllotment;
use super::json::{MOST_VALUES, TOO_MANY};
use super::{AnswerClass, LazyJson, RequestEffect, text};
use crate::model::call::RequestMethod;
use crate::model::kind::{Kind, ServiceTable, text_of};
use crate::model::value::Value;

/// The interpretation of an answer.
#[derive(Debug, Clone)]
pub struct ClassifiedAnswer {
    /// What it means.
    pub class: AnswerClass,
    /// Whether the request may have had its effect although it did not succeed.
    pub effect: RequestEffect,
    /// The body, when it is JSON; null otherwise.
    pub body: LazyJson,
    /// The service's own message about a failure, raw: neither escaped nor censored yet. Never from the body of a success,
    /// nor from incomplete JSON: both may hold the secrets of other objects.
    pub service_text: Option<String>,
    /// Why it was classified like this.
    pub reason: &'static str,
}

/// A body, classified once.
enum BodyContent {
    Empty,
    Json(LazyJson),
    Html,
    /// Begins like JSON and is not valid; says why.
    Broken(String),
    /// Text, judging by its start.
    Text(String),
}

/// Classifies an answer to `method path` of a service. The path is the one below the base URL, without query.
pub fn classify_answer(
    service: &ServiceTable,
    method: RequestMethod,
    path: &str,
    status: u16,
    content_type: Option<&str>,
    body: &[u8],
) -> ClassifiedAnswer {
    // A 204 has no body; the bytes that Unpod sends after one belong to no answer (unpod.md 9.3).
    let content = if status == 204 { BodyContent::Empty } else { classify_content(content_type, body) };
    let said = shown_text(service, status, &content);
    let (verdict, effect, reason) = match status {
        // Unpod answers 200 to a bridge create under an unknown organization, and creates nothing (unpod.md 9.3, recorded).
        200 | 201 if method == RequestMethod::Post && makes_nothing(service, path, &content) => {
            (AnswerClass::Unexpected, RequestEffect::Unknown, "a create without the identity of what was made")
        }
        200..=299 => of_success(method, status, &content),
        300..=399 => of_redirect(method, status),
        400..=499 => of_refusal(service, method, path, status, &content, said.as_deref().unwrap_or_default()),
        // Unpod rolls the request's own writes back on a 500 (recorded), but not calls to vendors (unpod.md 9.3); a 502
        // or 504 comes from a proxy that does not know the effect.
        500..=599 => (AnswerClass::ServerFault, of_write(method), "a fault of the service or of a proxy before it"),
        _ => (AnswerClass::Unexpected, of_write(method), "a status that HTTP does not know"),
    };
    let body = if let BodyContent::Json(json) = content { json } else { LazyJson::default() };
    ClassifiedAnswer { class: verdict, effect, body, service_text: said, reason }
}

/// What may be shown of a body.
fn shown_text(service: &ServiceTable, status: u16, content: &BodyContent) -> Option<String> {
    let success = (200..300).contains(&status);
    match content {
        BodyContent::Json(value) if !success => text::error_text(value),
        BodyContent::Json(value) if service.refusal_status == Some(status) => text::envelope_text(value),
        BodyContent::Json(_) | BodyContent::Empty => None,
        BodyContent::Html => Some("an HTML page instead of JSON".to_owned()),
        BodyContent::Broken(how) => Some(how.clone()),
        BodyContent::Text(raw) if success => Some(format!("{} bytes that are not JSON", raw.len())),
        BodyContent::Text(raw) => Some(raw.clone()),
    }
}

impl ClassifiedAnswer {
    /// The same with the memory reserved for the body, and the names of the fields from which secrets of this run were removed.
    pub(super) fn in_room(self, room: BodyAllotment, echoes: BTreeSet<String>) -> Self {
        Self { body: self.body.in_room(room, echoes), ..self }
    }
}

/// The classification of a success whose body exceeds the limit.
pub(super) fn too_large(method: RequestMethod) -> ClassifiedAnswer {
    ClassifiedAnswer {
        class: AnswerClass::Unexpected,
        effect: of_write(method),
        body: LazyJson::default(),
        service_text: None,
        reason: "an answer far larger than the service has any reason to send",
    }
}

/// Effect of a request that may have been carried out; a read never has one.
fn of_write(method: RequestMethod) -> RequestEffect {
    if method == RequestMethod::Get { RequestEffect::None } else { RequestEffect::Unknown }
}

fn of_success(method: RequestMethod, status: u16, content: &BodyContent) -> (AnswerClass, RequestEffect, &'static str) {
    let expected = match method {
        RequestMethod::Get | RequestMethod::Patch | RequestMethod::Put => status == 200,
        // 201 is Unpod's answer to a create, 200 CarrierX's and that of some Unpod pages (unpod.md 12, carrierx.md 2.1).
        RequestMethod::Post => matches!(status, 200 | 201),
        // 204, or 200 with a body on one Unpod page (unpod.md 12).
        RequestMethod::Delete => matches!(status, 200 | 204),
    };
    match content {
        // 206 is a business error with a success status (unpod.md fact 5). What a handler wrote before it answered
        // with 206 is not rolled back (9.3).
        _ if !expected => (AnswerClass::Unexpected, of_write(method), "not a success status of this method"),
        BodyContent::Json(_) => (AnswerClass::Ok, RequestEffect::None, "success"),
        BodyContent::Empty if method == RequestMethod::Delete => {
            (AnswerClass::Ok, RequestEffect::None, "deleted; no body is normal")
        }
        BodyContent::Empty => (AnswerClass::Unexpected, of_write(method), "a success without the object"),
        BodyContent::Html | BodyContent::Broken(_) | BodyContent::Text(_) => {
            (AnswerClass::Unexpected, of_write(method), "a body that is not JSON")
        }
    }
}

/// Whether this is a create (a POST to the collection of some kind) whose answer does not name the created object.
fn makes_nothing(service: &ServiceTable, path: &str, content: &BodyContent) -> bool {
    let BodyContent::Json(body) = content else { return false };
    let Some(kind) = created_kinds(service, path).next() else { return false };
    // Unpod wraps its objects in `data`, CarrierX does not.
    let object = body.get("data").filter(|data| data.is_object()).unwrap_or(body);
    object.get(kind.id).and_then(text_of).is_none_or(|id| id.trim().is_empty())
}

/// The kinds, in each of their shapes, that a POST to this path creates.
fn created_kinds<'a>(service: &'a ServiceTable, path: &'a str) -> impl Iterator<Item = &'static Kind> + 'a {
    service.kinds.iter().copied().filter(move |kind| is_collection(kind.collection, path))
}

/// Whether a path is that of a collection; a part in braces matches whatever the service uses.
fn is_collection(collection: &str, path: &str) -> bool {
    let (mut parts, mut found) = (collection.split('/'), path.trim_start_matches('/').split('/'));
    loop {
        match (parts.next(), found.next()) {
            (None, None) => return true,
            (Some(part), Some(found)) if part == found || (part.starts_with('{') && !found.is_empty()) => {}
            _ => return false,
        }
    }
}

fn of_redirect(method: RequestMethod, status: u16) -> (AnswerClass, RequestEffect, &'static str) {
    match status {
        // Asks to send the same request elsewhere: nothing was done (unpod.md fact 10, recorded for every method).
        301 | 307 | 308 => (AnswerClass::Unexpected, RequestEffect::None, "a redirect; these are not followed"),
        // 302 and 303 may mean "done, look there".
        _ => (AnswerClass::Unexpected, of_write(method), "a redirect; these are not followed"),
    }
}

fn of_refusal(
    service: &ServiceTable,
    method: RequestMethod,
    path: &str,
    status: u16,
    content: &BodyContent,
    said: &str,
) -> (AnswerClass, RequestEffect, &'static str) {
    let json = matches!(content, BodyContent::Json(_));
    match status {
        401 => (AnswerClass::Unauthorized, RequestEffect::None, "the token is not good"),
        403 => (AnswerClass::Forbidden, RequestEffect::None, "the token may not do this"),
        // Where the two are distinguished, nothing counts as missing without JSON: a missing object would be created again.
        404 if service.html_404_is_no_path && !json => (AnswerClass::NoSuchPath, RequestEffect::None, "the path is not there"),
        404 => (AnswerClass::Gone, RequestEffect::None, "the object is not there"),
        // It is not known whether the request was accepted before the timeout.
        408 => (AnswerClass::NoAnswer, of_write(method), "the service gave up waiting"),
        409 => (AnswerClass::Conflict, RequestEffect::None, "something else is in the way"),
        429 => of_limit(service, method, content),
        422 if says_conflict(said) => (AnswerClass::Conflict, RequestEffect::None, "the text says that something is in the way"),
        400 => of_bad_request(service, method, path, said),
        _ => (AnswerClass::Refused, RequestEffect::None, "the service understood and refused"),
    }
}

/// A 429: some services say with a code whether waiting helps. Only that code says that a create did nothing.
fn of_limit(service: &ServiceTable, method: RequestMethod, content: &BodyContent) -> (AnswerClass, RequestEffect, &'static str) {
    let wait = (AnswerClass::Throttled, RequestEffect::None, "too many requests");
    let Some(code) = service.throttled_code else { return wait };
    let errors = match content {
        BodyContent::Json(body) => body.get("errors"),
        _ => None,
    };
    let all = match errors {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let codes: Vec<String> = all.iter().filter_map(|error| error.get("code").and_then(text_of)).collect();
    match (codes.iter().any(|it| it == code), codes.is_empty()) {
        (true, _) => wait,
        (false, false) => (AnswerClass::Refused, RequestEffect::None, "a limit that waiting does not lift"),
        (false, true) if method == RequestMethod::Post => {
            (AnswerClass::Unexpected, of_write(method), "too many requests, and nothing says that it was not carried out")
        }
        (false, true) => wait,
    }
}

/// Unpod answers 400 where others answer 409 (unpod.md 12, row 12, and 7.1).
fn says_conflict(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.contains("already exists") || said.contains("already assigned")
}

fn of_bad_request(
    service: &ServiceTable,
    method: RequestMethod,
    path: &str,
    said: &str,
) -> (AnswerClass, RequestEffect, &'static str) {
    if service.gone_in_400.is_some_and(|says_gone| says_gone(said)) {
        return (AnswerClass::Gone, RequestEffect::None, "the service says `not there` with 400");
    }
    let may_be_made = method == RequestMethod::Post && created_kinds(service, path).any(|kind| kind.made_though_refused);
    let effect = if may_be_made { RequestEffect::Unknown } else { RequestEffect::None };
    if says_conflict(said) {
        return (AnswerClass::Conflict, effect, "the text says that something is in the way");
    }
    (AnswerClass::Refused, effect, "the service understood and refused")
}

fn classify_content(content_type: Option<&str>, body: &[u8]) -> BodyContent {
    let trimmed = body.trim_ascii();
    if trimmed.is_empty() {
        return BodyContent::Empty;
    }
    let html = content_type.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"));
    if html || trimmed.starts_with(b"<") {
        return BodyContent::Html;
    }
    // serde_json stops at 128 levels, so a hostile body cannot overflow the stack.
    match LazyJson::parse_checked(body) {
        Ok(json) => BodyContent::Json(json),
        Err(error) if error.to_string().starts_with(TOO_MANY) => BodyContent::Broken(format!(
            "JSON of more than {MOST_VALUES} values, keys counted too: more than telform accepts at once"
        )),
        Err(error) if error.is_eof() => BodyContent::Broken(format!("JSON that breaks off after {} bytes", body.len())),
        Err(_) if trimmed.first().is_some_and(|byte| b"{[\"".contains(byte)) => {
            BodyContent::Broken(format!("{} bytes that begin like JSON but are not JSON", body.len()))
        }
        Err(_) => BodyContent::Text(String::from_utf8_lossy(body).trim().to_owned()),
    }
}
