//! A plan for programs: one JSON document with a version of its own.

use serde::Serialize;

use crate::plan::Plan;

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
    /// The plan; its `digest` is over the other fields in here as canonical JSON.
    pub plan: &'a Plan,
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
            plan,
        }
    }
}
