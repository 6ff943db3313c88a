//! The statement that an approver of a plan signs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::text::to_hex;

/// Its format name.
const FORMAT: &str = "telform-approval";

/// The version of the statement. A newer one is an error.
const FORMAT_VERSION: u32 = 1;

/// Largest statement that is read, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// A saved plan in the form that an approval covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFileIdentity {
    /// SHA-256 of the bytes of its file, as `sha256sum` prints it.
    pub sha256: String,
    /// Digest of the plan.
    pub digest: String,
}

impl PlanFileIdentity {
    /// The plan in these bytes.
    pub fn from_bytes(bytes: &[u8], digest: &str) -> Self {
        Self { sha256: to_hex(&Sha256::digest(bytes)), digest: digest.to_owned() }
    }
}

/// An approval before its signature: canonical JSON (RFC 8785) and a line end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStatement {
    format: String,
    format_version: u32,
    /// SHA-256 of the plan's file: it approves exactly these bytes.
    pub plan: String,
    /// Digest of the plan.
    pub digest: String,
    /// The approver, where a name was given: it must be a name of the key in the allowed signers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Fingerprint of the key that signs this.
    pub key: String,
    /// When it was made.
    pub at: Timestamp,
    /// When it expires.
    pub until: Timestamp,
}

/// Why bytes are not a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not a statement of `telform approve` ({0})")]
pub struct StatementError(pub String);

impl ApprovalStatement {
    /// An approval of a plan by the owner of a key. Times are of whole seconds.
    pub fn new(plan: PlanFileIdentity, identity: Option<String>, key: String, at: Timestamp, until: Timestamp) -> Self {
        let whole = |time: Timestamp| Timestamp::from_second(time.as_second()).unwrap_or(time);
        Self {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            plan: plan.sha256,
            digest: plan.digest,
            identity,
            key,
            at: whole(at),
            until: whole(until),
        }
    }

    /// The bytes that are signed.
    pub fn text(&self) -> String {
        let text = serde_json_canonicalizer::to_string(self).unwrap_or_default();
        format!("{text}\n")
    }

    /// Reads one.
    pub fn read(bytes: &[u8]) -> Result<Self, StatementError> {
        if bytes.len() > MOST_BYTES {
            return Err(StatementError("it is too large".to_owned()));
        }
        let read: Self = serde_json::from_slice(bytes).map_err(|error| StatementError(error.to_string()))?;
        if read.format != FORMAT || read.format_version != FORMAT_VERSION {
            return Err(StatementError(format!("its format is {} {}", read.format, read.format_version)));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_of_another_format_or_version_is_none() {
        let (at, until) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let plan = PlanFileIdentity::from_bytes(b"plan", "sha256:0");
        let good = ApprovalStatement::new(plan, None, "SHA256:k".to_owned(), at, until).text();
        assert!(ApprovalStatement::read(good.as_bytes()).is_ok());
        for (from, to) in [
            ("\"format_version\":1", "\"format_version\":2"),
            ("\"format\":\"telform-approval\"", "\"format\":\"telform-plan\""),
            ("\"until\"", "\"further\":1,\"until\""),
        ] {
            let other = good.replace(from, to);
            assert_ne!(other, good);
            assert!(ApprovalStatement::read(other.as_bytes()).is_err(), "{other}");
        }
        let long = format!("{good}{}", " ".repeat(MOST_BYTES));
        assert!(ApprovalStatement::read(long.as_bytes()).is_err());
    }
}
