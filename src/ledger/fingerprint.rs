//! Keyed fingerprints: how telform notices that a secret in the configuration is not the one it last wrote, without
//! keeping the secret and without keeping anything from which a weak one could be guessed offline without the key.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use smol_str::SmolStr;

use crate::kind::{Field, Type};
use crate::resource::SecretSource;
use crate::text::{fits_mask, hex, veiled};
use crate::value::{Fingerprint, Hidden, Packed, Secret, hidden};

/// The key of all fingerprints. It stands outside the ledger and outside version control.
#[derive(Clone)]
pub struct Key {
    bytes: [u8; 32],
    /// What stands behind the marks that were made with it.
    hidden: Hidden,
    /// Values inside maps that the configuration takes from secret sources.
    sourced: Arc<Mutex<BTreeSet<SourcedValue>>>,
}

/// A value inside a map: kind, attribute, key.
type SourcedValue = (SmolStr, &'static str, SmolStr);

/// A fingerprint as the ledger keeps it: bound to the object's identity, so equal secrets of two objects do not look alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl Sealed {
    /// Its first characters: enough to tell two apart.
    pub fn short(&self) -> &str {
        self.0.get(..16).unwrap_or(&self.0)
    }
}

/// Why a text is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Too short to be safe.
    #[error(
        "the fingerprint key has {0} characters; it needs at least 32 (for example the output of `openssl rand -hex 32`)"
    )]
    Short(usize),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(fingerprint key)")
    }
}

impl Key {
    /// Makes a key from a text of at least 32 characters, such as 64 hexadecimal digits.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.chars().count() < 32 {
            return Err(KeyError::Short(text.chars().count()));
        }
        let bytes = mac(b"telform fingerprint key 1", &[text.as_bytes()]);
        Ok(Self { bytes, hidden: Hidden::default(), sourced: Arc::default() })
    }

    /// A random text that [`Key::from_text`] takes, for a new key file: two random UUIDs hold 244 random bits.
    pub fn generate_text() -> String {
        format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
    }

    /// A word that is the same for the same key and tells nothing else about it.
    pub fn check(&self) -> String {
        hex(&mac(&self.bytes, &[b"check"])[..8])
    }

    /// What stands behind the marks that were made with it.
    pub fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    /// From now on the values of this key are hidden wherever they stand in an object of this kind.
    pub fn hide_part(&self, kind: &str, field: &'static str, part: &str) {
        if let Ok(mut sourced) = self.sourced.lock() {
            sourced.insert((kind.into(), field, part.into()));
        }
    }

    /// The mark of a value that comes from a source.
    pub fn mark_of(&self, source: &SecretSource, secret: &Secret) -> String {
        let marked = hidden::from_source(&source.to_string(), Some(&self.print(secret.reveal())));
        self.hidden.keep(&marked, secret.clone());
        marked
    }

    /// A value of an attribute without the secrets inside it.
    pub fn conceal(&self, kind: &str, field: &Field, value: Packed) -> Packed {
        let found = |part: &str, text: &str| {
            let sourced = || {
                let key = (kind.into(), field.name, part.into());
                self.sourced.lock().is_ok_and(|sourced| sourced.contains(&key))
            };
            let in_part = field.sourced && hidden::in_part(text);
            let whole = !text.is_empty()
                && (field.ty == Type::Opaque || field.sourced && (hidden::looks_secret(text) || sourced()));
            if (in_part || whole) && hidden::is_marked(text) {
                return None;
            }
            if in_part {
                let (marked, secret) = self.in_part(text);
                self.hidden.keep(&marked, secret);
                return Some(marked);
            }
            let marked = match whole {
                true => hidden::mark(&self.print(text)),
                false => veiled(text, &|part| {
                    let marked = hidden::mark(&self.print(part));
                    self.hidden.keep(&marked, Secret::exact(part));
                    marked
                })?,
            };
            self.hidden.keep(&marked, Secret::exact(text));
            Some(marked)
        };
        let mut any = false;
        hidden::texts(&value, &mut |text| any |= found("", text).is_some() || field.sourced);
        if any { hidden::mapped(&value, "", &found) } else { value }
    }

    /// The mark of a secret that a service shows in part. Where a secret of this run fits what is visible, the print is that
    /// secret's, so that nothing is called different only because it is not shown; and it is what would be sent back.
    fn in_part(&self, text: &str) -> (String, Secret) {
        let fits = |secret: &Secret| !hidden::in_part(secret.reveal()) && fits_mask(text, secret.reveal());
        let known = self.hidden.all().into_iter().find(fits).unwrap_or_else(|| Secret::exact(text));
        (hidden::from_source(hidden::IN_PART, Some(&self.print(known.reveal()))), known)
    }

    fn print(&self, text: &str) -> String {
        hex(&mac(&self.bytes, &[b"hidden", text.trim().as_bytes()])[..6])
    }

    /// Fingerprint of a secret of this field. The same for every object, so that a secret that a service gives back can be
    /// compared with the wanted one.
    pub fn fingerprint(&self, kind: &str, field: &str, secret: &Secret) -> Fingerprint {
        if secret.is_empty() {
            return Fingerprint::NOTHING;
        }
        Fingerprint(mac(
            &self.bytes,
            &[b"secret", kind.as_bytes(), field.as_bytes(), secret.reveal().as_bytes()],
        ))
    }

    /// Binds a fingerprint to the object that holds the secret, for the ledger.
    pub fn seal(&self, account: &str, id: &str, field: &str, fingerprint: &Fingerprint) -> Sealed {
        Sealed(hex(&mac(
            &self.bytes,
            &[b"ledger", account.as_bytes(), id.as_bytes(), field.as_bytes(), &fingerprint.0],
        )))
    }

    /// Binds a fingerprint to the place that a plan sends the secret to, for the plan's document.
    pub fn plan_seal(
        &self,
        account: &str,
        address: &str,
        attribute: &str,
        fingerprint: &Fingerprint,
    ) -> String {
        let place = [account, address, attribute].map(str::as_bytes);
        hex(&mac(&self.bytes, &[b"plan", place[0], place[1], place[2], &fingerprint.0]))
    }

    /// A fingerprint behind a pad that only this key can make for this place: a snapshot may hold it, and equal secrets do not
    /// look alike there.
    pub fn pad(&self, place: &[&str], fingerprint: &Fingerprint) -> String {
        hex(&self.padded(place, fingerprint.0))
    }

    /// The fingerprint behind a pad; `None` when the text is none.
    pub fn unpad(&self, place: &[&str], text: &str) -> Option<Fingerprint> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Fingerprint(self.padded(place, bytes)))
    }

    fn padded(&self, place: &[&str], mut bytes: [u8; 32]) -> [u8; 32] {
        let parts: Vec<&[u8]> =
            std::iter::once("snapshot").chain(place.iter().copied()).map(str::as_bytes).collect();
        for (byte, pad) in bytes.iter_mut().zip(mac(&self.bytes, &parts)) {
            *byte ^= pad;
        }
        bytes
    }
}

/// HMAC-SHA-256 over the parts, each with its length before it, so that no two lists of parts run together.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
