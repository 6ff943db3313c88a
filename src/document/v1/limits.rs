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
    /// Accounts that could not be read and that `--skip-unreadable` left out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unreadable: BTreeSet<String>,
    /// `--limit`; absent where it left nothing out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<LimitedChanges>,
}

/// What `--limit` left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitedChanges {
    /// The number that `--limit` names. The plan also has the changes that these need.
    pub limit: u64,
    /// How many changes there are without it.
    pub of: u64,
    /// How many of them are left out.
    pub left_out: u64,
    /// How many refusals are about what is left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refusals_left_out: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Limits {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
