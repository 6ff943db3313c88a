//! What a service shows otherwise than it was sent.

use std::collections::BTreeMap;

use crate::apply::{Came, Report};
use crate::event::Outcome;

/// What the service shows otherwise than it was sent, by step: as the fresh reading says it, and where that does not show the
/// object, as the answers did.
pub(super) fn unmet(report: &Report, mut kept: BTreeMap<String, Came>) -> Vec<String> {
    for (step, outcome) in &report.outcomes {
        if let Outcome::Done { unmet, not_taken, .. } = outcome {
            let said = || Came { reshaped: unmet.clone(), not_taken: not_taken.clone() };
            kept.entry(step.clone()).or_insert_with(said);
        }
    }
    let mut lines = Vec::new();
    for (step, Came { reshaped, not_taken }) in kept {
        if !not_taken.is_empty() {
            lines.push(format!("{step}: the service did not take {}", not_taken.join(", ")));
        }
        if !reshaped.is_empty() {
            let names = reshaped.join(", ");
            lines.push(format!("{step}: the service keeps {names} in another form than it was sent"));
        }
    }
    lines
}
