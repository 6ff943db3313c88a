//! Plain values, secret values, and the fingerprint that stands for a secret where the secret itself must not go.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
pub use serde_json::Value;

/// What every printed form of a secret says instead of the secret.
pub const MASK: &str = "(secret)";

/// A text that must never be printed, stored or logged.
///
/// `Debug`, `Display` and serde all answer [`MASK`]; the memory is wiped on drop. Only [`Secret::reveal`] gives the
/// text, and only the HTTP edge and the fingerprint call it.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a text into custody. White space at both ends is cut, because the services cut it too (unpod.md 5.2) and a
    /// secret file usually ends in a newline.
    pub fn new(text: &str) -> Self {
        Self(SecretString::from(text.trim().to_owned()))
    }

    /// The text itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// An empty secret counts as not supplied.
    pub fn is_empty(&self) -> bool {
        self.reveal().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

/// A keyed hash that stands for a secret inside one run: equal fingerprints mean equal secrets of the same field.
///
/// It lives in memory only; what the ledger keeps is sealed once more with the object's identity
/// ([`crate::ledger::Key::seal`]), so that equal secrets of two objects do not look alike in the file.
#[derive(Clone, PartialEq, Eq)]
pub struct Fingerprint(pub(crate) [u8; 32]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(fingerprint)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_its_mask_only() {
        let secret = Secret::new(" canary-text\n");
        assert_eq!(secret.reveal(), "canary-text");
        let printed = format!("{secret} {secret:?} {}", serde_json::to_string(&secret).expect("a text"));
        assert_eq!(printed, format!("{MASK} {MASK} \"{MASK}\""));
        assert_eq!(format!("{:?}", Fingerprint([7; 32])), "(fingerprint)");
    }
}
