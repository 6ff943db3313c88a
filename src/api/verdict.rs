//! What an answer means: one pure function with a reason for each branch. Statuses alone do not tell: Unpod answers
//! business errors with 206, missing objects with 400 and wrong paths with an HTML page (unpod.md 9, carrierx.md 9).

use super::json::{MOST_VALUES, TOO_MANY};
use super::room::Room;
use super::{Effect, Json, Verdict, text};
use crate::call::Method;
use crate::kind::{Backend, Kind, text_of};

/// What was made of an answer.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// What it means.
    pub verdict: Verdict,
    /// Whether the request may have had its effect although it did not succeed.
    pub effect: Effect,
    /// The body, when it is JSON; null otherwise.
    pub body: Json,
    /// The service's own words about a failure, raw: neither escaped nor censored yet. Never out of the body of a success,
    /// nor out of JSON that cannot be read whole: both may hold the secrets of others.
    pub words: Option<String>,
    /// Why it was judged like this.
    pub reason: &'static str,
}

/// A body, told apart once.
enum Content {
    Empty,
    Json(Json),
    Html,
    /// Begins like JSON and is none; says how.
    Broken(String),
    /// Words, by the look of it.
    Text(String),
}

/// Judges an answer to `method path` of a service. The path is the one below the base URL, without query.
pub fn verdict(
    backend: &Backend,
    method: Method,
    path: &str,
    status: u16,
    content_type: Option<&str>,
    body: &[u8],
) -> Judgement {
    // A 204 has no body; the bytes that Unpod sends after one belong to nobody (unpod.md 9.3).
    let content = if status == 204 { Content::Empty } else { content(content_type, body) };
    let said = words(backend, status, &content);
    let (verdict, effect, reason) = match status {
        // Unpod answers 200 to a bridge create under an unknown organization, and makes nothing (unpod.md 9.3, recorded).
        200 | 201 if method == Method::Post && makes_nothing(backend, path, &content) => {
            (Verdict::Unexpected, Effect::Unknown, "a create without the identity of what was made")
        }
        200..=299 => of_success(method, status, &content),
        300..=399 => of_redirect(method, status),
        400..=499 => of_refusal(backend, method, path, status, &content, said.as_deref().unwrap_or_default()),
        // Unpod rolls the request's own writes back on a 500 (recorded), but not what vendors were told (unpod.md 9.3);
        // a 502 or 504 comes from a proxy that does not know.
        500..=599 => {
            (Verdict::ServerFault, of_write(method), "a fault of the service or of a proxy before it")
        }
        _ => (Verdict::Unexpected, of_write(method), "a status that HTTP does not know"),
    };
    let body = if let Content::Json(json) = content { json } else { Json::default() };
    Judgement { verdict, effect, body, words: said, reason }
}

/// What may be shown of a body.
fn words(backend: &Backend, status: u16, content: &Content) -> Option<String> {
    let success = (200..300).contains(&status);
    match content {
        Content::Json(value) if !success => text::words(value),
        Content::Json(value) if backend.refuses_with == Some(status) => text::envelope(value),
        Content::Json(_) | Content::Empty => None,
        Content::Html => Some("an HTML page instead of JSON".to_owned()),
        Content::Broken(how) => Some(how.clone()),
        Content::Text(raw) if success => Some(format!("{} bytes that are no JSON", raw.len())),
        Content::Text(raw) => Some(raw.clone()),
    }
}

impl Judgement {
    /// The same with the room that the body takes.
    pub(super) fn in_room(self, room: Room) -> Self {
        Self { body: self.body.in_room(room), ..self }
    }
}

/// The judgement on a success whose body is larger than anybody wants to hold.
pub(super) fn too_large(method: Method) -> Judgement {
    Judgement {
        verdict: Verdict::Unexpected,
        effect: of_write(method),
        body: Json::default(),
        words: None,
        reason: "an answer far larger than the service has any reason to send",
    }
}

/// Effect of a request that may or may not have been carried out; a read never has one.
fn of_write(method: Method) -> Effect {
    if method == Method::Get { Effect::None } else { Effect::Unknown }
}

fn of_success(method: Method, status: u16, content: &Content) -> (Verdict, Effect, &'static str) {
    let expected = match method {
        Method::Get | Method::Patch | Method::Put => status == 200,
        // 201 is Unpod's answer to a create, 200 CarrierX's and that of some Unpod pages (unpod.md 12, carrierx.md 2.1).
        Method::Post => matches!(status, 200 | 201),
        // 204, or 200 with a body on one Unpod page (unpod.md 12).
        Method::Delete => matches!(status, 200 | 204),
    };
    match content {
        // 206 is a business error in the dress of a success (unpod.md fact 5). What a handler wrote before it decided
        // to answer so is not rolled back (9.3).
        _ if !expected => (Verdict::Unexpected, of_write(method), "not a success status of this method"),
        Content::Json(_) => (Verdict::Ok, Effect::None, "success"),
        Content::Empty if method == Method::Delete => {
            (Verdict::Ok, Effect::None, "deleted; no body is normal")
        }
        Content::Empty => (Verdict::Unexpected, of_write(method), "a success without the object"),
        Content::Html | Content::Broken(_) | Content::Text(_) => {
            (Verdict::Unexpected, of_write(method), "a body that is no JSON")
        }
    }
}

/// Whether this is a create (a POST to the collection of some kind) whose answer does not name the object that was made.
fn makes_nothing(backend: &Backend, path: &str, content: &Content) -> bool {
    let Content::Json(body) = content else { return false };
    let Some(kind) = creates(backend, path).next() else { return false };
    // Unpod wraps its objects in `data`, CarrierX does not.
    let object = body.get("data").filter(|data| data.is_object()).unwrap_or(body);
    object.get(kind.id).and_then(text_of).is_none_or(|id| id.trim().is_empty())
}

/// The kinds, in each of their shapes, that a POST to this path creates.
fn creates<'a>(backend: &'a Backend, path: &'a str) -> impl Iterator<Item = &'static Kind> + 'a {
    backend.kinds.iter().copied().filter(move |kind| is_collection(kind.collection, path))
}

/// Whether a path is that of a collection; a part in braces stands for whatever the service calls it.
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

fn of_redirect(method: Method, status: u16) -> (Verdict, Effect, &'static str) {
    match status {
        // Asks to send the same request elsewhere: nothing was done (unpod.md fact 10, recorded for every method).
        301 | 307 | 308 => (Verdict::Unexpected, Effect::None, "a redirect; these are not followed"),
        // 302 and 303 may be the way in which something says "done, look there".
        _ => (Verdict::Unexpected, of_write(method), "a redirect; these are not followed"),
    }
}

fn of_refusal(
    backend: &Backend,
    method: Method,
    path: &str,
    status: u16,
    content: &Content,
    said: &str,
) -> (Verdict, Effect, &'static str) {
    let json = matches!(content, Content::Json(_));
    match status {
        401 => (Verdict::Unauthorized, Effect::None, "the token is not good"),
        403 => (Verdict::Forbidden, Effect::None, "the token may not do this"),
        // Where the two are told apart, nothing is called gone without JSON: that word leads to creating the object again.
        404 if backend.html_404_is_no_path && !json => {
            (Verdict::NoSuchPath, Effect::None, "the path is not there")
        }
        404 => (Verdict::Gone, Effect::None, "the object is not there"),
        // Nobody says whether the request was taken before the clock ran out.
        408 => (Verdict::NoAnswer, of_write(method), "the service gave up waiting"),
        409 => (Verdict::Conflict, Effect::None, "something else is in the way"),
        429 => (Verdict::Throttled, Effect::None, "too many requests"),
        422 if says_conflict(said) => {
            (Verdict::Conflict, Effect::None, "the text says that something is in the way")
        }
        400 => of_bad_request(backend, method, path, said),
        _ => (Verdict::Refused, Effect::None, "the service understood and said no"),
    }
}

/// Unpod says with 400 what others say with 409 (unpod.md 12, row 12, and 7.1).
fn says_conflict(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.contains("already exists") || said.contains("already assigned")
}

fn of_bad_request(
    backend: &Backend,
    method: Method,
    path: &str,
    said: &str,
) -> (Verdict, Effect, &'static str) {
    if backend.gone_in_400.is_some_and(|says_gone| says_gone(said)) {
        return (Verdict::Gone, Effect::None, "the service says `not there` with 400");
    }
    let may_be_made = method == Method::Post && creates(backend, path).any(|kind| kind.made_though_refused);
    let effect = if may_be_made { Effect::Unknown } else { Effect::None };
    if says_conflict(said) {
        return (Verdict::Conflict, effect, "the text says that something is in the way");
    }
    (Verdict::Refused, effect, "the service understood and said no")
}

fn content(content_type: Option<&str>, body: &[u8]) -> Content {
    let trimmed = body.trim_ascii();
    if trimmed.is_empty() {
        return Content::Empty;
    }
    let html =
        content_type.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"));
    if html || trimmed.starts_with(b"<") {
        return Content::Html;
    }
    // serde_json stops at 128 levels, so a hostile body cannot overflow the stack.
    match Json::whole(body) {
        Ok(json) => Content::Json(json),
        Err(error) if error.to_string().starts_with(TOO_MANY) => Content::Broken(format!(
            "JSON of more than {MOST_VALUES} values, keys counted too: more than telform takes in at once"
        )),
        Err(error) if error.is_eof() => {
            Content::Broken(format!("JSON that breaks off after {} bytes", body.len()))
        }
        Err(_) if trimmed.first().is_some_and(|byte| b"{[\"".contains(byte)) => {
            Content::Broken(format!("{} bytes that begin like JSON and are none", body.len()))
        }
        Err(_) => Content::Text(String::from_utf8_lossy(body).trim().to_owned()),
    }
}
