//! Findings about a plan: those of the independent checker, and who signed and approved it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::Violation;
use super::documents::documents;
use crate::signature::{ApprovalStatement, ApprovalVerdict, CheckedApproval, SignatureRefusal, Signer};
use crate::verify;

documents! {
    PlanVerdict<'_> => "telform-verify-plan"
    Approved<'_> => "telform-approval-written"
}

/// A signature of a plan, an approval or a journal.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Vouched {
    /// `counts`: an allowed signer made it over these bytes. `not_checked`: it matches the bytes, and no allowed signers were
    /// given. `refused`: it is not valid.
    pub verdict: &'static str,
    /// The file of an approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The journal line that holds it: it covers every line before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The run of the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Name of the key's owner in the allowed signers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Fingerprint of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// When an approval was made (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// When it expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
    /// The rule that refuses it: `telform docs CODE` explains it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Vouched {
    /// A signature of an allowed signer.
    pub fn counts(signer: &Signer) -> Self {
        Self { verdict: "counts", by: Some(signer.by.clone()), key: Some(signer.key.clone()), ..Self::default() }
    }

    /// A matching signature, by a key that was not checked against allowed signers.
    pub fn not_checked(key: String) -> Self {
        Self { verdict: "not_checked", key: Some(key), ..Self::default() }
    }

    /// One that does not count.
    pub fn refused(code: &'static str, why: &SignatureRefusal, key: Option<String>) -> Self {
        Self { verdict: "refused", key, code: Some(code), why: Some(why.to_string()), ..Self::default() }
    }

    /// An approval.
    pub fn approval(looked: &CheckedApproval) -> Self {
        let said = |what: fn(&ApprovalStatement) -> Timestamp| looked.statement.as_ref().map(what);
        let key = looked.statement.as_ref().map(|statement| statement.key.clone());
        let this = match &looked.verdict {
            ApprovalVerdict::Counts(approval) => Self::counts(&Signer { by: approval.by.clone(), key: approval.key.clone() }),
            ApprovalVerdict::NotChecked => Self { verdict: "not_checked", key, ..Self::default() },
            ApprovalVerdict::Refused(why) => Self::refused(why.code(), why, key),
        };
        Self {
            file: Some(looked.name.clone()),
            at: said(|statement| statement.at),
            until: said(|statement| statement.until),
            ..this
        }
    }

    /// Whether it is refused.
    pub fn is_refused(&self) -> bool {
        self.verdict == "refused"
    }
}

/// An approval that was written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Approved<'a> {
    /// The statement, canonical JSON.
    pub statement: String,
    /// Its signature.
    pub signature: String,
    /// SHA-256 of the plan's file.
    pub plan: &'a str,
    /// Digest of the plan.
    pub digest: &'a str,
    /// Who approves, where a name was given.
    pub identity: Option<&'a str>,
    /// Fingerprint of the key.
    pub key: &'a str,
    /// When it was made (RFC 3339, UTC).
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// When it expires.
    #[schemars(with = "String")]
    pub until: Timestamp,
}

/// Findings of the independent checker about a plan.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanVerdict<'a> {
    /// Whether every rule holds.
    pub verified: bool,
    /// Whether it may be applied: every rule holds, and it refuses nothing.
    pub applicable: bool,
    /// What was checked; null when the document could not be read.
    pub seen: Option<Seen<'a>>,
    /// The rules that it violates.
    pub violations: Vec<Violation<'a>>,
    /// Who signed and approved it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Vouched>,
}

/// How much was checked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Seen<'a> {
    /// Digest of the plan, as the checker computes it.
    pub digest: &'a str,
    /// Whether there is a checksum over the whole file.
    pub checksum: bool,
    /// Whether all rules apply; they do not for a plan that refuses something.
    pub complete: bool,
    /// Objects that change.
    pub changes: usize,
    /// Requests.
    pub steps: usize,
    /// Deletes among them.
    pub deletes: usize,
    /// Numbers that lose, get or change their connection.
    pub numbers: usize,
    /// Refusals.
    pub refusals: usize,
}

impl<'a> From<&'a verify::PlanVerification> for PlanVerdict<'a> {
    fn from(found: &'a verify::PlanVerification) -> Self {
        let seen = found.seen.as_ref().map(|seen| Seen {
            digest: &seen.digest,
            checksum: seen.checksum,
            complete: seen.complete,
            changes: seen.changes,
            steps: seen.steps,
            deletes: seen.deletes,
            numbers: seen.numbers,
            refusals: seen.refusals,
        });
        let violations = Violation::all(&found.violations);
        Self { verified: found.verified, applicable: found.applicable, seen, violations, signatures: Vec::new() }
    }
}
