//! Requests and answers: plain values between the wire and the handlers.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::fault::{ListFault, SimulatedService};

/// One request as the handlers see it.
#[derive(Debug, Clone)]
pub(super) struct SandboxRequest {
    pub(super) service: SimulatedService,
    pub(super) method: String,
    /// Percent-decoded, from `/` on.
    pub(super) path: String,
    /// As on the wire, after the sandbox's token.
    pub(super) raw_path: String,
    /// `/TOKEN`: the prefix of the request path, and of each path in an answer.
    pub(super) mount: String,
    /// As on the wire, without `?`; empty without a query.
    pub(super) raw_query: String,
    /// Decoded, in order.
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    /// What a fault does to the requested list.
    pub(super) list_fault: ListFault,
}

impl SandboxRequest {
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
pub(super) struct SandboxResponse {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) payload: ResponsePayload,
}

#[derive(Debug, Clone)]
pub(super) enum ResponsePayload {
    Empty,
    Json(Value),
    Html(String),
    /// Ready bytes with their content type.
    Raw(&'static str, Vec<u8>),
}

impl SandboxResponse {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), payload: ResponsePayload::Json(body) }
    }

    pub(super) fn html(status: u16, heading: &str) -> Self {
        let page =
            format!("<!doctype html>\n<html><head><title>{heading}</title></head><body><h1>{heading}</h1></body></html>\n");
        Self { status, headers: Vec::new(), payload: ResponsePayload::Html(page) }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), payload: ResponsePayload::Empty }
    }

    pub(super) fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    /// Body bytes and their content type.
    pub(super) fn bytes(&self) -> (Option<&'static str>, Vec<u8>) {
        match &self.payload {
            ResponsePayload::Empty => (None, Vec::new()),
            ResponsePayload::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
            ResponsePayload::Html(page) => (Some("text/html; charset=utf-8"), page.clone().into_bytes()),
            ResponsePayload::Raw(kind, bytes) => (Some(kind), bytes.clone()),
        }
    }
}

/// An unknown path.
pub(super) fn unknown_path() -> SandboxResponse {
    SandboxResponse::json(404, json!({"message": "the sandbox has nothing here"}))
}
