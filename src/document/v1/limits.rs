//! The limits of a run, in the format of version 1.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the user limited a run to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// `--account`, as the names that fit.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub accounts: BTreeSet<String>,
    /// `--target`, as the addresses that fit.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub targets: BTreeSet<String>,
    /// `--exclude`, as the addresses that fit.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub excludes: BTreeSet<String>,
}

impl Limits {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
