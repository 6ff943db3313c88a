//! The options and limits of a run, in the format of version 1.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::guards::Guards;

/// What the run asked for beyond the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// `--target`, as the addresses that fit.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub targets: BTreeSet<String>,
    /// `--exclude`, as the addresses that fit.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub excludes: BTreeSet<String>,
    /// `--account`, as the names that fit.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub accounts: BTreeSet<String>,
    /// `--limit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Accounts that `--skip-unreadable` left out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unreadable: BTreeSet<String>,
    /// `--destroy`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub destroy: bool,
    /// Limits of this run.
    #[serde(flatten)]
    pub guards: Guards,
    /// `--max-unreadable-bridges`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unreadable_bridges: Option<u64>,
    /// `--rewrite-secret`: address, and the attribute when one was named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub rewrite_secrets: BTreeSet<(String, Option<String>)>,
    /// `--resend`: address, and the attribute when one was named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub resend: BTreeSet<(String, Option<String>)>,
    /// Planned against the embedded simulator.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// Objects that are created although a live one has nearly the same spelling.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub allow_similar: BTreeSet<String>,
    /// Deleted objects may be used by bridges that were not read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_unseen_products: bool,
    /// The run that the plan undoes; absent in a plan of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
}

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
