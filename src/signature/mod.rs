//! SSH signatures (`SSHSIG`, as `ssh-keygen -Y sign` writes them): keys, who may sign, and signed approvals. Nothing here
//! opens a file, asks an agent's socket or reads a clock; `ssh-keygen -Y verify` checks whatever this signs.

use ssh_key::public::KeyData;
use ssh_key::{HashAlg, LineEnding, SshSig};

mod agent;
mod allowed;
mod approvals;
mod key;
mod statement;

pub use agent::{AgentError, SshAgent};
pub use allowed::{AllowedSigner, AllowedSigners, NotAllowed, SignersError};
pub use approvals::{
    Approval, ApprovalPaper, ApprovalRules, ApprovalVerdict, CheckedApproval, CountedApprovals, SignatureRefusal, Signer,
    check_approvals,
};
pub use key::{LockedKey, PrivateKey, PublicKey, SigningKeyError, StoredKey};
pub use statement::{ApprovalStatement, PlanFileIdentity, StatementError};

/// Smallest RSA key whose signatures are valid, in bits.
const LEAST_RSA_BITS: u32 = 2048;

/// Why a telform without the feature neither signs nor checks a signature.
const NOT_BUILT: &str = "this telform was built without signatures (feature `signatures`)";

/// The purpose of a signature. A signature for a different purpose is not valid, whoever made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureNamespace {
    /// A saved plan.
    Plan,
    /// An approval of one.
    Approval,
    /// A journal up to the receipt of a run.
    Journal,
}

impl SignatureNamespace {
    /// As `ssh-keygen -n` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "telform-plan",
            Self::Approval => "telform-approval",
            Self::Journal => "telform-journal",
        }
    }
}

/// Why a text is not a signature of these bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is not a signature.
    #[error("it is not an SSH signature ({0})")]
    Unreadable(String),
    /// It was made for a different purpose.
    #[error("it was made for the namespace `{is}` and not for `{wanted}`")]
    Namespace {
        /// What it was made for.
        is: String,
        /// The expected purpose.
        wanted: &'static str,
    },
    /// The bytes were changed, or the signature belongs to other bytes.
    #[error("it is not a signature of these bytes: one of them was changed")]
    Altered,
    /// The key is one that can be broken, or whose algorithm is not known here.
    #[error("its key is not valid: {0}")]
    Key(String),
}

impl SignatureError {
    /// Code, such as `telform::signature::altered`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "telform::signature::damaged",
            Self::Namespace { .. } => "telform::signature::namespace",
            Self::Altered => "telform::signature::altered",
            Self::Key(_) => "telform::signature::key",
        }
    }
}

/// A signature as it was read. Who made it and whether it matches is known after [`Signature::verify`].
#[derive(Debug, Clone)]
pub struct Signature(SshSig);

impl Signature {
    /// Reads the armoured form.
    pub fn read(armoured: &[u8]) -> Result<Self, SignatureError> {
        let unreadable = |error: ssh_key::Error| SignatureError::Unreadable(error.to_string());
        // `ssh-keygen` ignores text after the armour, which would be unsigned.
        let text = armoured.trim_ascii();
        SshSig::from_pem([text, b"\n"].concat()).map(Self).map_err(unreadable)
    }

    /// The key that it names.
    pub fn key_data(&self) -> &KeyData {
        self.0.public_key()
    }

    /// That key in short.
    pub fn fingerprint(&self) -> String {
        key_fingerprint(self.key_data())
    }

    /// Whether the key that it names made it over these bytes, for this purpose.
    pub fn verify(&self, namespace: SignatureNamespace, bytes: &[u8]) -> Result<(), SignatureError> {
        let wanted = namespace.as_str();
        if self.0.namespace() != wanted {
            return Err(SignatureError::Namespace { is: self.0.namespace().to_owned(), wanted });
        }
        if !cfg!(feature = "signatures") {
            return Err(SignatureError::Key(NOT_BUILT.to_owned()));
        }
        check_strength(self.key_data()).map_err(SignatureError::Key)?;
        let key = ssh_key::PublicKey::new(self.key_data().clone(), "");
        key.verify(wanted, bytes, &self.0).map_err(|error| match error {
            ssh_key::Error::AlgorithmUnsupported { .. } => SignatureError::Key(error.to_string()),
            _ => SignatureError::Altered,
        })
    }
}

/// `SHA256:…`, as `ssh-keygen -l` shows a key.
pub fn key_fingerprint(key: &KeyData) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// Why a key's signatures prove nothing.
fn check_strength(key: &KeyData) -> Result<(), String> {
    match key {
        KeyData::Rsa(rsa) if rsa.key_size() < LEAST_RSA_BITS => {
            Err(format!("an RSA key of {} bits is too short; the minimum is {LEAST_RSA_BITS}", rsa.key_size()))
        }
        KeyData::Certificate(_) => {
            Err("it contains a certificate, and certificates are not checked here; sign with the key itself".to_owned())
        }
        _ => Ok(()),
    }
}

/// What is signed: the hash of the bytes, in the envelope of a namespace.
fn signed_envelope(namespace: SignatureNamespace, bytes: &[u8]) -> Result<Vec<u8>, String> {
    SshSig::signed_data(namespace.as_str(), HashAlg::Sha512, bytes).map_err(|error| error.to_string())
}

/// The armoured form of a signature, after checking that it matches.
fn armor_signature(
    key: &KeyData,
    namespace: SignatureNamespace,
    bytes: &[u8],
    signature: ssh_key::Signature,
) -> Result<String, String> {
    let made = SshSig::new(key.clone(), namespace.as_str(), HashAlg::Sha512, signature);
    let made = made.map_err(|error| error.to_string())?;
    Signature(made.clone()).verify(namespace, bytes).map_err(|error| error.to_string())?;
    let mut text = made.to_pem(LineEnding::LF).map_err(|error| error.to_string())?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
const WEAK_KEY: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDT7M49o5201TM3EIa20eDCylXVFFi7EBOh3PMbAa+w\
    aBrZneHX7I9qKh5zOWOXMU12cbc6k/pYu26sPjQli00iB/4WzmS/9LnqBOj79GPiwWNIUqIXPVcS4SJjh9bq9ZQaKYyDw7x/hKhp\
    LUmLvWEOmTvF0tCTSBCD+R8EFQSeZQ==";

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `ssh-keygen -Y sign` with a key of 1024 bits: it matches, and proves nothing.
    const BY_A_WEAK_KEY: &str = "-----BEGIN SSH SIGNATURE-----\n\
    U1NIU0lHAAAAAQAAAJcAAAAHc3NoLXJzYQAAAAMBAAEAAACBANPszj2jnbTVMzcQhrbR4M\n\
    LKVdUUWLsQE6Hc8xsBr7BoGtmd4dfsj2oqHnM5Y5cxTXZxtzqT+li7bqw+NCWLTSIH/hbO\n\
    ZL/0ueoE6Pv0Y+LBY0hSohc9VxLhImOH1ur1lBopjIPDvH+EqGktSYu9YQ6ZO8XS0JNIEI\n\
    P5HwQVBJ5lAAAADHRlbGZvcm0tcGxhbgAAAAAAAAAGc2hhNTEyAAAAlAAAAAxyc2Etc2hh\n\
    Mi01MTIAAACAw+Q9Gj3MQTkSrFR+SVVPosB1sxWEm27ZLsZGKZfmL2+i206Y3xWlTpykJz\n\
    eZ/Daz244oOTob+ZaHumnAlbSjnhrpjdFNS+KYjIXX5CF3wUOOKnRvBK0KyJIX++9Kpj/R\n\
    9yWYZHiGI+NkgsYnv8dx4BCQ6prarNNa+0+5r6fxYRg=\n\
    -----END SSH SIGNATURE-----\n";

    #[test]
    fn a_key_that_can_be_broken_proves_nothing() {
        let signature = Signature::read(BY_A_WEAK_KEY.as_bytes()).expect("a signature");
        let verdict = signature.verify(SignatureNamespace::Plan, b"a plan\n");
        assert!(matches!(verdict, Err(SignatureError::Key(_))), "{verdict:?}");
    }
}
