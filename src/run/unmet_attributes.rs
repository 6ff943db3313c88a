//! Values that a service shows differently from what was sent.

use std::collections::BTreeMap;

use crate::apply::event::StepOutcome;
use crate::apply::{ApplyReport, UnmetAttributes};

/// Values that the service shows differently from what was sent, by step: according to the new reading, or to the answers
/// where the reading does not show the object.
pub(crate) fn unmet_attributes(report: &ApplyReport, mut kept: BTreeMap<String, UnmetAttributes>) -> Vec<String> {
    for (step, outcome) in &report.outcomes {
        if let StepOutcome::Done { unmet, not_taken, .. } = outcome {
            let said = || UnmetAttributes { reshaped: unmet.clone(), not_taken: not_taken.clone() };
            kept.entry(step.clone()).or_insert_with(said);
        }
    }
    let mut lines = Vec::new();
    for (step, UnmetAttributes { reshaped, not_taken }) in kept {
        if !not_taken.is_empty() {
            lines.push(format!("{step}: the service did not accept {}", not_taken.join(", ")));
        }
        if !reshaped.is_empty() {
            let names = reshaped.join(", ");
            lines.push(format!("{step}: the service stores {names} in a different form than was sent"));
        }
    }
    lines
}
