//! Objects that could not be read, in a snapshot.

use serde::{Deserialize, Serialize};

use crate::model::resource::UnreadableObject;

/// Why an object could not be read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SnapshotUnreadable {
    why: String,
    help: String,
    may_use: bool,
}

/// An object that could not be read, with the reason.
pub(super) fn from_live((id, it): (&String, &UnreadableObject)) -> (String, SnapshotUnreadable) {
    (id.clone(), SnapshotUnreadable { why: it.why.clone(), help: it.help.clone(), may_use: it.may_use })
}

impl SnapshotUnreadable {
    pub(super) fn into_live(self) -> UnreadableObject {
        UnreadableObject { why: self.why, help: self.help, may_use: self.may_use }
    }
}
