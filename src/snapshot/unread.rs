//! What could not be read, in a snapshot.

use serde::{Deserialize, Serialize};

use crate::resource::Unreadable;

/// Why an object could not be read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    why: String,
    help: String,
    may_use: bool,
}

/// An object that could not be read, with why.
pub(super) fn why((id, it): (&String, &Unreadable)) -> (String, Why) {
    (id.clone(), Why { why: it.why.clone(), help: it.help.clone(), may_use: it.may_use })
}

impl Why {
    pub(super) fn live(self) -> Unreadable {
        Unreadable { why: self.why, help: self.help, may_use: self.may_use }
    }
}
