//! Taking in an answer without trusting its size.

use std::error::Error;

use crate::api::room::{Room, Rooms};

/// Most bytes of a successful body, counted after decompression: `Content-Length` is absent for compressed ones.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Most bytes of an error's body; the rest says nothing new (carrierx.md 9).
const MOST_ERROR_BYTES: usize = 64 * 1024;

/// Most room that is made for a body before it has come.
const ROOM: u64 = 4 * 1024 * 1024;

/// What became of a body.
pub(super) enum Received {
    /// All of it, or as much of an error's as is wanted.
    Whole(Vec<u8>, Room),
    /// The connection broke or the time was up in the middle of a success.
    Broken(String),
    /// More than telform is willing to hold; asking again would bring the same.
    TooLarge,
}

/// Reads the body. An error body that is too long or breaks off is used as far as it came; a success must be whole.
pub(super) async fn body(mut response: reqwest::Response, rooms: &Rooms) -> Received {
    let mut room = rooms.empty();
    // Nothing after a 204 is ours to read (unpod.md 9.3).
    if response.status().as_u16() == 204 {
        return Received::Whole(Vec::new(), room);
    }
    let success = response.status().is_success();
    // What is announced is believed as far as room for it goes: a page of a listing comes without growing.
    let announced = response.content_length().unwrap_or_default().min(ROOM);
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or_default());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Received::Whole(body, room),
            Err(_) if !success => return Received::Whole(body, room),
            Err(error) => return Received::Broken(format!("the answer broke off: {}", reason(error))),
        }
        if success && (body.len() > MOST_BYTES || !room.grow_to(body.len())) {
            return Received::TooLarge;
        }
        if !success && body.len() > MOST_ERROR_BYTES {
            body.truncate(MOST_ERROR_BYTES);
            return Received::Whole(body, room);
        }
    }
}

/// Why something failed, with the causes below it and without the address: that is shown beside it anyway.
pub(super) fn reason(error: reqwest::Error) -> String {
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
