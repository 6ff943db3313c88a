//! What a service is asked, and what it says: plain values between the wire and the handlers.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::fault::{Service, Twist};

/// One request as the handlers see it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) service: Service,
    pub(super) method: String,
    /// Percent-decoded, from `/` on.
    pub(super) path: String,
    /// As it stood on the wire, behind the sandbox's token.
    pub(super) raw_path: String,
    /// `/TOKEN`: what stood before it, and stands before each path that an answer names.
    pub(super) mount: String,
    /// As it stood on the wire, without `?`; empty when there was none.
    pub(super) raw_query: String,
    /// Decoded, in order.
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    /// What a fault does to the list that is asked for.
    pub(super) twist: Twist,
}

impl Asked {
    /// The value of a header, whatever the case of its name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The last value of a query argument, which is the one that counts (recorded: `20-bridge-paging`, "last wins").
    pub(super) fn argument(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The media type of the body, lower case, without parameters; empty when none was given.
    pub(super) fn media_type(&self) -> String {
        let header = self.header("content-type").unwrap_or_default();
        header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// One answer before it goes to the wire.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) payload: Payload,
}

#[derive(Debug, Clone)]
pub(super) enum Payload {
    Empty,
    Json(Value),
    Html(String),
    /// Ready bytes with their content type.
    Raw(&'static str, Vec<u8>),
}

impl Answer {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), payload: Payload::Json(body) }
    }

    pub(super) fn html(status: u16, heading: &str) -> Self {
        let page = format!(
            "<!doctype html>\n<html><head><title>{heading}</title></head><body><h1>{heading}</h1></body></html>\n"
        );
        Self { status, headers: Vec::new(), payload: Payload::Html(page) }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), payload: Payload::Empty }
    }

    pub(super) fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    /// Body bytes and their content type.
    pub(super) fn bytes(&self) -> (Option<&'static str>, Vec<u8>) {
        match &self.payload {
            Payload::Empty => (None, Vec::new()),
            Payload::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
            Payload::Html(page) => (Some("text/html; charset=utf-8"), page.clone().into_bytes()),
            Payload::Raw(kind, bytes) => (Some(kind), bytes.clone()),
        }
    }
}

/// Nobody's path.
pub(super) fn nowhere() -> Answer {
    Answer::json(404, json!({"message": "the sandbox has nothing here"}))
}
