//! A plan for programs: one JSON document with a version of its own.

use serde::Serialize;

use crate::plan::{Notice, Plan, Unmanaged};

/// The version of the document below; it rises when a field changes its meaning or goes.
pub const FORMAT_VERSION: u32 = 1;

/// The document that `plan --format json` prints.
#[derive(Debug, Serialize)]
pub struct PlanDocument<'a> {
    /// Always `telform-plan`.
    pub format: &'static str,
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Version of the telform that made it.
    pub telform_version: &'static str,
    /// One line that says what the plan does.
    pub summary: String,
    /// Whether a service would be written to.
    pub pending: bool,
    /// Whether it may not be applied.
    pub refused: bool,
    /// `sha256:` of `plan` as canonical JSON (RFC 8785).
    pub digest: &'a str,
    /// What is done, in which order, and what is refused.
    pub plan: &'a Plan,
    /// What is worth knowing.
    pub notices: &'a [Notice],
    /// Live objects that no address claims.
    pub unmanaged: &'a [Unmanaged],
}

impl<'a> PlanDocument<'a> {
    /// Wraps a plan.
    pub fn new(plan: &'a Plan) -> Self {
        Self {
            format: "telform-plan",
            format_version: FORMAT_VERSION,
            telform_version: env!("CARGO_PKG_VERSION"),
            summary: plan.summary(),
            pending: plan.has_changes(),
            refused: plan.is_refused(),
            digest: &plan.digest,
            plan,
            notices: &plan.notices,
            unmanaged: &plan.unmanaged,
        }
    }
}

/// A value as JSON on several lines.
pub fn pretty(value: &impl Serialize) -> String {
    escaped(&serde_json::to_string_pretty(value).unwrap_or_default())
}

/// A value as JSON on one line.
pub fn line(value: &impl Serialize) -> String {
    escaped(&serde_json::to_string(value).unwrap_or_default())
}

/// JSON allows characters that steer a terminal; people print JSON on terminals. Outside of texts it has none of them, so
/// each one is inside a text and may be written as an escape.
fn escaped(json: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        if character != '\n' && crate::text::hostile(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out.push('\n');
    out
}
