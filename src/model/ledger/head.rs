//! The position that a journal has reached.

use serde::{Deserialize, Serialize};

/// The last line of a journal: the number of lines, and the hash that covers all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JournalHead {
    /// Number of the last line; 0 before the first.
    pub seq: u64,
    /// Its hash; zeros before the first.
    pub hash: String,
    /// Version of the object that holds the line, where the store reports one: a restored object has a different version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A save of a ledger, as the journal remembers it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerSave {
    /// Serial of the ledger; 0 where no ledger existed.
    pub serial: u64,
    /// The id of that save.
    pub write: String,
}

impl Default for JournalHead {
    fn default() -> Self {
        Self { seq: 0, hash: "0".repeat(64), version: None }
    }
}
