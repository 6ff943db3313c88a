//! Receives an answer without trusting its size.

use std::error::Error;

use crate::http::body_budget::{BodyAllotment, BodyBudget};

/// Most bytes of a successful body, counted after decompression: `Content-Length` is absent for compressed ones.
pub(super) const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The same for the answer about the owner of a token: the listing beside it needs the memory.
pub(super) const MOST_OWNER_BYTES: usize = 4 * 1024 * 1024;

/// Most bytes of an error's body; the rest adds nothing (carrierx.md 9).
const MOST_ERROR_BYTES: usize = 64 * 1024;

/// Most memory that is allocated for a body before it arrives.
const ROOM: u64 = 4 * 1024 * 1024;

/// The result of reading a body.
pub(super) enum ReceivedBody {
    /// All of it, or as much of an error's body as needed.
    Whole(Vec<u8>, BodyAllotment),
    /// The connection broke or timed out in the middle of a success.
    Broken(String),
    /// More than telform's limit; a retry would return the same.
    TooLarge,
}

/// Reads the body, up to this many bytes. An error body that is too long or breaks off is used as far as received; a success must
/// be complete.
pub(super) async fn read_body(mut response: reqwest::Response, most: usize, rooms: &BodyBudget) -> ReceivedBody {
    let mut room = rooms.allot_empty();
    // Nothing after a 204 belongs to this answer (unpod.md 9.3).
    if response.status().as_u16() == 204 {
        return ReceivedBody::Whole(Vec::new(), room);
    }
    let success = response.status().is_success();
    // The announced length is used for the allocation up to a limit: a page of a listing is received without reallocation.
    let announced = response.content_length().unwrap_or_default().min(ROOM);
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or_default());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return ReceivedBody::Whole(body, room),
            Err(_) if !success => return ReceivedBody::Whole(body, room),
            Err(error) => {
                return ReceivedBody::Broken(format!("the answer broke off: {}", error_reason(error)));
            }
        }
        if success && (body.len() > most || !room.grow_to(body.len())) {
            return ReceivedBody::TooLarge;
        }
        if !success && body.len() > MOST_ERROR_BYTES {
            body.truncate(MOST_ERROR_BYTES);
            return ReceivedBody::Whole(body, room);
        }
    }
}

/// Why something failed, with its causes and without the address, which is shown beside it anyway.
pub(super) fn error_reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut parts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(inner) = source {
        let text = inner.to_string();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        source = inner.source();
    }
    parts.join(": ")
}
