//! Values that were sent before and that the service did not accept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Attribute;

/// A value that was sent before, while the service still shows the earlier one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotTaken {
    /// Its object.
    pub address: String,
    /// Its account.
    pub account: String,
    /// What the service shows, and what was sent.
    pub attribute: Attribute,
    /// Id of the run that sent it.
    pub run: String,
    /// What can be done about it.
    pub way: Way,
}

/// What can be done about a value that the service did not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Send it again with `--resend`.
    Resend,
    /// It may wait for its owner to confirm it; else send it again.
    Confirm,
    /// It can only be sent when the object is created, so the YAML has to change.
    Edit,
}
