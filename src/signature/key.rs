//! Keys as OpenSSH keeps them.

use std::fmt;

use ssh_key::public::KeyData;
use ssh_key::{HashAlg, SshSig};

use super::{NOT_BUILT, SignatureNamespace, armor_signature, check_strength, key_fingerprint};
use crate::model::value::Secret;

/// Why a key cannot sign. It holds nothing of the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// It is not a key.
    #[error("it is neither a private nor a public SSH key")]
    NoKey,
    /// An older form.
    #[error("it is a private key in an older format (PEM)")]
    OldForm,
    /// A private key that the key parser rejects: one ECDSA key in 256 has a shorter number than it expects.
    #[error("it is a private key that telform cannot read")]
    Unread,
    /// The passphrase does not open it.
    #[error("the passphrase is wrong")]
    Passphrase,
    /// A key that is not taken.
    #[error("{0}")]
    Unusable(String),
    /// The feature is off.
    #[error("{}", NOT_BUILT)]
    NotBuilt,
}

impl SigningKeyError {
    /// Code, such as `telform::sign::key`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Passphrase => "telform::sign::passphrase",
            Self::NoKey | Self::OldForm | Self::Unread | Self::Unusable(_) | Self::NotBuilt => "telform::sign::key",
        }
    }

    /// What to do.
    pub fn help(&self, file: &str) -> String {
        match self {
            Self::NoKey => "`ssh-keygen -t ed25519 -f KEY` creates one".to_owned(),
            Self::OldForm => format!("`ssh-keygen -p -f {file}` converts it to the current format"),
            Self::Unread => {
                format!("give it to an agent with `ssh-add {file}`, and sign with `--sign {file}.pub`")
            }
            Self::Passphrase => {
                format!("`ssh-keygen -y -f {file}` shows whether a passphrase is the right one")
            }
            Self::Unusable(_) => "use an Ed25519, ECDSA P-256 or RSA key".to_owned(),
            Self::NotBuilt => "install a release, or build it without `--no-default-features`".to_owned(),
        }
    }
}

/// The content of a key file.
#[derive(Debug)]
pub enum StoredKey {
    /// A private key.
    Private(PrivateKey),
    /// A private key that needs its passphrase.
    Locked(LockedKey),
    /// A public key: its private half is kept elsewhere.
    Public(PublicKey),
}

impl StoredKey {
    /// Reads a key file.
    pub fn read(text: &Secret) -> Result<Self, SigningKeyError> {
        let private = Self::holds_private(text);
        let text = text.reveal();
        if !private {
            let key = ssh_key::PublicKey::from_openssh(text.trim()).map_err(|_| SigningKeyError::NoKey)?;
            return PublicKey::from_ssh_key(key).map(Self::Public);
        }
        if !text.contains("BEGIN OPENSSH PRIVATE KEY") {
            return Err(SigningKeyError::OldForm);
        }
        let key = ssh_key::PrivateKey::from_openssh(text).map_err(|_| SigningKeyError::Unread)?;
        let public = PublicKey::from_ssh_key(key.public_key().clone())?;
        Ok(if key.is_encrypted() { Self::Locked(LockedKey { key, public }) } else { Self::Private(PrivateKey { key, public }) })
    }

    /// Whether a text holds a private key of any type: then no other user may be able to read it.
    pub fn holds_private(text: &Secret) -> bool {
        text.reveal().contains("PRIVATE KEY")
    }
}

/// A public key that a signature can be made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(ssh_key::PublicKey);

impl PublicKey {
    fn from_ssh_key(key: ssh_key::PublicKey) -> Result<Self, SigningKeyError> {
        if !cfg!(feature = "signatures") {
            return Err(SigningKeyError::NotBuilt);
        }
        check_strength(key.key_data()).map_err(SigningKeyError::Unusable)?;
        Ok(Self(key))
    }

    /// The key itself.
    pub fn key_data(&self) -> &KeyData {
        self.0.key_data()
    }

    /// `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        key_fingerprint(self.key_data())
    }
}

/// A private key whose passphrase is still missing.
pub struct LockedKey {
    #[cfg_attr(not(feature = "signatures"), expect(dead_code, reason = "what opens it is left out"))]
    key: ssh_key::PrivateKey,
    public: PublicKey,
}

impl LockedKey {
    /// Its public half, which the file holds in clear.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Opens it.
    #[cfg(feature = "signatures")]
    pub fn open(&self, passphrase: &Secret) -> Result<PrivateKey, SigningKeyError> {
        let key = self.key.decrypt(passphrase.reveal()).map_err(|_| SigningKeyError::Passphrase)?;
        Ok(PrivateKey { key, public: self.public.clone() })
    }

    /// Opens nothing.
    #[cfg(not(feature = "signatures"))]
    pub fn open(&self, _: &Secret) -> Result<PrivateKey, SigningKeyError> {
        Err(SigningKeyError::NotBuilt)
    }
}

impl fmt::Debug for LockedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(locked key)")
    }
}

/// A private key. Its memory is wiped on drop, and nothing prints it.
pub struct PrivateKey {
    key: ssh_key::PrivateKey,
    public: PublicKey,
}

impl PrivateKey {
    /// Its public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs bytes for something.
    pub fn sign(&self, namespace: SignatureNamespace, bytes: &[u8]) -> Result<String, SigningKeyError> {
        let made = SshSig::sign(&self.key, namespace.as_str(), HashAlg::Sha512, bytes);
        let made = made.map_err(|error| error.to_string());
        let made = made.and_then(|made| armor_signature(self.public.key_data(), namespace, bytes, made.signature().clone()));
        made.map_err(|why| SigningKeyError::Unusable(format!("it cannot sign: {why}")))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(private key)")
    }
}
