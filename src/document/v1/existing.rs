//! Objects that a configuration only refers to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An object that the configuration only refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Existing")]
#[serde(deny_unknown_fields)]
pub struct ExistingV1 {
    /// Its account.
    pub account: String,
    /// Its identity.
    pub id: String,
}
