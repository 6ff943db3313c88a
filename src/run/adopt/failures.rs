//! Why an adoption ends before it writes anything.

use super::RunError;
use crate::analysis::adopt::missing_id_help;
use crate::config::problem::Problems;
use crate::model::resource::{Address, LiveState};
use crate::output::view::kind_in_words;

/// Without the files of an earlier adoption an overlay has nothing to override: its lines cannot be distinguished from
/// those of the files.
pub(super) fn layered_over(problems: &Problems) -> RunError {
    let at = problems.iter().next().map(|problem| format!(" ({})", problem.location)).unwrap_or_default();
    RunError::other(
        "telform::adopt::layered",
        format!("an overlay overrides what an earlier adoption wrote{at}; nothing was written"),
        "name the earlier files with -f and another folder with --out to adopt what is new",
    )
}

/// The id that was typed is of no object.
pub(super) fn missing_id(live: &LiveState, account: &str, address: &Address, id: &str) -> RunError {
    RunError::other(
        "telform::adopt::missing",
        format!("account {account} has no {} with the id {id}", kind_in_words(1, &address.kind)),
        missing_id_help(live, account, address, id),
    )
}

/// Another address has the object.
pub(super) fn belongs_to_other(id: &str, other: &Address, address: &Address, help: String) -> RunError {
    RunError::other("telform::adopt::claimed", format!("{id} already belongs to {other}, so {address} cannot have it too"), help)
}
