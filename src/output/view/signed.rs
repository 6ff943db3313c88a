//! Who signed and approved a run of the journal.

use crate::state::journal::RecordedRun;

/// One row each.
pub(super) fn signature_rows(run: &RecordedRun<'_>) -> Vec<[String; 2]> {
    let mut rows = Vec::new();
    if let Some(by) = &run.started.plan_signed_by {
        rows.push(["plan signed".to_owned(), format!("by {} ({})", by.by, by.key)]);
    }
    for it in &run.started.approvals {
        rows.push(["approved".to_owned(), format!("by {} ({}) at {}", it.by, it.key, it.at)]);
    }
    if let Some(key) = run.signed_by_key {
        rows.push(["signed".to_owned(), format!("with {key} (checked by `telform journal verify`)")]);
    }
    rows
}
