//! Signatures: keys are opened, files beside a plan read, and who signed a journal is found.

mod found;
mod journal_signatures;
mod keys;
mod rules;

pub(crate) use found::{PlanFileWithPapers, path_with_suffix, read_allowed_signers};
pub(crate) use journal_signatures::JournalSignatures;
pub(crate) use keys::{PASSPHRASE, SigningIdentity};
pub use rules::TrustDemand;
pub(crate) use rules::{APPROVALS, PlanTrust, SIGNERS, needs_a_plan};
