//! The ledger that a plan was made with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The ledger's identity and state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerIdentity {
    /// Made once for each ledger.
    pub id: String,
    /// Increases with each save.
    pub serial: u64,
    /// When it was saved for the first time; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// When it was saved last; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<String>,
}
