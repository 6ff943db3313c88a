//! Options about signatures.

use std::path::PathBuf;

use clap::Args;

use crate::run::signing::{APPROVALS, SIGNERS, TrustDemand};

/// Who signs.
#[derive(Debug, Args, Clone, Default)]
pub struct SignArgs {
    /// Sign with this SSH key
    ///
    /// A private key file, or a public one whose private half the agent holds.
    #[arg(long, value_name = "KEY")]
    pub sign: Option<PathBuf>,
}

/// Whose signatures are valid.
#[derive(Debug, Args, Clone, Default)]
pub struct SignersArgs {
    /// Whose signatures count: a file as ssh-keygen reads it
    ///
    /// ALLOWED SIGNERS in the manual page of `ssh-keygen`.
    #[arg(long, value_name = "FILE", env = SIGNERS)]
    pub allowed_signers: Option<PathBuf>,
}

/// What a saved plan needs before it is carried out.
#[derive(Debug, Args, Clone, Default)]
pub struct TrustArgs {
    /// Whose signatures are valid.
    #[command(flatten)]
    pub signers: SignersArgs,
    /// Require this many signed approvals
    ///
    /// Of different signers. A number, or a YAML file such as `{ required: 2, signers: allowed_signers, not_author: true }`.
    #[arg(long, value_name = "N|FILE", env = APPROVALS)]
    pub approvals: Option<String>,
}

impl TrustArgs {
    /// The same for a run.
    pub(crate) fn demand(&self) -> TrustDemand {
        let (allowed_signers, approvals) = (self.signers.allowed_signers.clone(), self.approvals.clone());
        TrustDemand { allowed_signers, approvals }
    }
}
