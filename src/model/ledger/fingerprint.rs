//! Keyed fingerprints: how telform notices that a secret in the configuration is not the one it last wrote, without
//! keeping the secret and without keeping anything from which a weak one could be guessed offline without the key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use smol_str::SmolStr;

use crate::model::kind::{AttributeType, Field};
use crate::model::resource::SecretSource;
use crate::model::value::{CompactValue, Fingerprint, HiddenValues, Secret, hidden};
use crate::text::{fits_mask, mask_address_secrets, to_hex};

/// The key of all fingerprints. It is kept outside the ledger and outside version control.
#[derive(Clone)]
pub struct FingerprintKey {
    bytes: [u8; 32],
    /// The texts behind the marks that were made with it.
    hidden: HiddenValues,
    /// Values inside maps that the configuration takes from secret sources.
    sourced_paths: Arc<Mutex<BTreeSet<SourcedValuePath>>>,
}

/// A value inside a map: kind, attribute, key.
type SourcedValuePath = (SmolStr, &'static str, SmolStr);

/// A fingerprint as the ledger keeps it: bound to the object's identity, so equal secrets of two objects do not look alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedFingerprint(String);

impl SealedFingerprint {
    /// Its first characters: enough to distinguish two fingerprints.
    pub fn short_form(&self) -> &str {
        self.0.get(..16).unwrap_or(&self.0)
    }
}

/// Why a text is not a key.
#[derive(Debug, thiserror::Error)]
pub enum FingerprintKeyError {
    /// Too short to be safe.
    #[error("the fingerprint key has {0} characters; it needs at least 32 (for example the output of `openssl rand -hex 32`)")]
    Short(usize),
    /// It can be guessed.
    #[error("the fingerprint key is weak: {0}")]
    Weak(&'static str),
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(fingerprint key)")
    }
}

impl FingerprintKey {
    /// Makes a key from a text of at least 32 characters that cannot be guessed, such as 64 hexadecimal digits.
    pub fn from_text(text: &str) -> Result<Self, FingerprintKeyError> {
        match find_weakness(text.trim()) {
            Some(why) => Err(FingerprintKeyError::Weak(why)),
            None => Self::from_possibly_weak(text),
        }
    }

    /// The same for a key that is to be replaced: it may be weak.
    pub fn from_possibly_weak(text: &str) -> Result<Self, FingerprintKeyError> {
        let text = text.trim();
        if text.chars().count() < 32 {
            return Err(FingerprintKeyError::Short(text.chars().count()));
        }
        let bytes = hmac_of_parts(b"telform fingerprint key 1", &[text.as_bytes()]);
        let hidden = HiddenValues::with_print(move |text| keyed_print(&bytes, text));
        Ok(Self { bytes, hidden, sourced_paths: Arc::default() })
    }

    /// A random text that [`FingerprintKey::from_text`] takes, for a new key file: two random UUIDs hold 244 random bits.
    pub fn generate_text() -> String {
        format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
    }

    /// A check value: the same for the same key, and it reveals nothing else about the key.
    pub fn key_check(&self) -> String {
        to_hex(&hmac_of_parts(&self.bytes, &[b"check"])[..8])
    }

    /// The same, and that the journal beside the ledger is chained with this key.
    pub fn check_chained(&self) -> String {
        to_hex(&hmac_of_parts(&self.bytes, &[b"check", b"journal"])[..8])
    }

    /// The same for a location, as a name that does not reveal what the ledger holds.
    pub fn local_key_check(&self) -> String {
        to_hex(&hmac_of_parts(&self.bytes, &[b"check", b"kept"])[..8])
    }

    /// Authenticates a journal line, and with it every line before: only this key can produce the value.
    pub fn journal_mac(&self, body: &[u8; 32]) -> String {
        to_hex(&hmac_of_parts(&self.bytes, &[b"journal", body]))
    }

    /// The same for a plan, which may be published: it reveals nothing of what the ledger holds.
    pub fn check_plan(&self) -> String {
        to_hex(&hmac_of_parts(&self.bytes, &[b"check", b"plan"])[..8])
    }

    /// Binds a plan file: only this key can make the value for another file.
    pub fn bind_plan(&self, text: &str) -> String {
        to_hex(&hmac_of_parts(&self.bytes, &[b"plan file", text.as_bytes()]))
    }

    /// Authenticates a new key at this position of a journal.
    pub fn vouch_for(&self, prev: &str, new: &str) -> String {
        to_hex(&hmac_of_parts(&self.bytes, &[b"journal key", prev.as_bytes(), new.as_bytes()]))
    }

    /// The texts behind the marks that were made with it.
    pub fn hidden_values(&self) -> &HiddenValues {
        &self.hidden
    }

    /// From now on the values of this key are hidden wherever they appear in an object of this kind.
    pub fn hide_part(&self, kind: &str, field: &'static str, part: &str) {
        if let Ok(mut sourced) = self.sourced_paths.lock() {
            sourced.insert((kind.into(), field, part.into()));
        }
    }

    /// The mark of a value that comes from a source.
    pub fn mark_of(&self, source: &SecretSource, secret: &Secret) -> String {
        let marked = hidden::from_source(&source.to_string(), Some(&self.hidden_print(secret.reveal())));
        self.hidden.keep(&marked, secret.clone());
        marked
    }

    /// A value of an attribute without the secrets inside it.
    pub fn conceal_secrets(&self, kind: &str, field: &Field, value: CompactValue) -> CompactValue {
        let any_sourced = field.allows_secret_sources
            && self
                .sourced_paths
                .lock()
                .is_ok_and(|sourced| sourced.iter().any(|(of, name, _)| of == kind && *name == field.name));
        let found = |part: &str, text: &str| {
            let sourced = || any_sourced && self.is_sourced(kind, field.name, part);
            let in_part = field.allows_secret_sources && hidden::in_part(text);
            let whole = !text.is_empty()
                && (field.ty == AttributeType::Opaque
                    || field.allows_secret_sources && (hidden::looks_secret(text) || sourced()));
            if (in_part || whole) && hidden::is_marked(text) {
                return None;
            }
            if in_part {
                let (marked, secret) = self.in_part(text);
                self.hidden.keep(&marked, secret);
                return Some(marked);
            }
            let marked = match whole {
                true => hidden::format_mark(&self.hidden_print(text)),
                false => mask_address_secrets(text, &|part| {
                    let marked = hidden::format_mark(&self.hidden_print(part));
                    self.hidden.keep(&marked, Secret::from_exact(part));
                    marked
                })?,
            };
            self.hidden.keep(&marked, Secret::from_exact(text));
            Some(marked)
        };
        let mut any = false;
        hidden::for_each_text(&value, &mut |text| any |= any_sourced || found("", text).is_some());
        if any { hidden::map_texts(&value, "", &found) } else { value }
    }

    /// Whether the values of this key come from a source somewhere, and are hidden everywhere.
    fn is_sourced(&self, kind: &str, field: &'static str, part: &str) -> bool {
        self.sourced_paths.lock().is_ok_and(|sourced| sourced.contains(&(kind.into(), field, part.into())))
    }

    /// The mark of a secret that a service shows in part. Where a secret of this run fits what is visible, the fingerprint
    /// is that secret's, so that nothing counts as different only because it is not shown, and that secret would be sent
    /// back.
    fn in_part(&self, text: &str) -> (String, Secret) {
        let fits = |secret: &Secret| !hidden::in_part(secret.reveal()) && fits_mask(text, secret.reveal());
        let known = self.hidden.all_secrets().into_iter().find(fits).unwrap_or_else(|| Secret::from_exact(text));
        (hidden::from_source(hidden::IN_PART, Some(&self.hidden_print(known.reveal()))), known)
    }

    fn hidden_print(&self, text: &str) -> String {
        keyed_print(&self.bytes, text)
    }

    /// A text as the service showed it, from which a secret of this run was removed.
    pub fn restore_text(&self, text: &str) -> Option<String> {
        let known = hidden::holds_echo(text).then(|| self.hidden.open(text)).flatten();
        known.map(|known| known.reveal().to_owned())
    }

    /// A value with such texts restored where its attribute hides them anyway; the error holds the value with those that it
    /// does not hide: the service shows a secret where none belongs.
    pub fn opened_where_hidden(&self, kind: &str, field: &Field, value: CompactValue) -> Result<CompactValue, CompactValue> {
        if !hidden::contains_echo(&value) {
            return Ok(value);
        }
        let opened = hidden::map_texts(&value, "", &|_, text| self.restore_text(text));
        let concealed = self.conceal_secrets(kind, field, opened.clone());
        let shown = hidden::map_texts(&concealed, "", &|_, text| self.hidden.replace_with_marks(text));
        if hidden::contains_echo(&shown) { Err(shown) } else { Ok(opened) }
    }

    /// Fingerprint of a secret of this field. The same for every object, so that a secret that a service returns can be
    /// compared with the wanted one.
    pub fn fingerprint_secret(&self, kind: &str, field: &str, secret: &Secret) -> Fingerprint {
        if secret.is_empty() {
            return Fingerprint::NOTHING;
        }
        Fingerprint(hmac_of_parts(&self.bytes, &[b"secret", kind.as_bytes(), field.as_bytes(), secret.reveal().as_bytes()]))
    }

    /// Binds a fingerprint to the object that holds the secret, for the ledger.
    pub fn seal_fingerprint(&self, account: &str, id: &str, field: &str, fingerprint: &Fingerprint) -> SealedFingerprint {
        SealedFingerprint(to_hex(&hmac_of_parts(
            &self.bytes,
            &[b"ledger", account.as_bytes(), id.as_bytes(), field.as_bytes(), &fingerprint.0],
        )))
    }

    /// Binds a fingerprint to the destination of the secret in a plan, for the plan's document.
    pub fn plan_seal(&self, account: &str, address: &str, attribute: &str, fingerprint: &Fingerprint) -> String {
        let place = [account, address, attribute].map(str::as_bytes);
        to_hex(&hmac_of_parts(&self.bytes, &[b"plan", place[0], place[1], place[2], &fingerprint.0]))
    }

    /// A fingerprint masked with a pad that only this key can make for this location: a snapshot may hold it, and equal
    /// secrets do not look alike in it.
    pub fn pad_fingerprint(&self, place: &[&str], fingerprint: &Fingerprint) -> String {
        to_hex(&self.xor_with_pad(place, fingerprint.0))
    }

    /// The fingerprint behind a pad; `None` when the text is not a padded fingerprint.
    pub fn unpad_fingerprint(&self, place: &[&str], text: &str) -> Option<Fingerprint> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Fingerprint(self.xor_with_pad(place, bytes)))
    }

    fn xor_with_pad(&self, place: &[&str], mut bytes: [u8; 32]) -> [u8; 32] {
        let parts: Vec<&[u8]> = std::iter::once("snapshot").chain(place.iter().copied()).map(str::as_bytes).collect();
        for (byte, pad) in bytes.iter_mut().zip(hmac_of_parts(&self.bytes, &parts)) {
            *byte ^= pad;
        }
        bytes
    }
}

/// Why a text of 32 characters and more can be guessed. The measure is the Shannon entropy per character, times the number of
/// different groups of three: at least 79 for 32 random hexadecimal digits, in a hundred thousand samples.
fn find_weakness(text: &str) -> Option<&'static str> {
    const LEAST: f64 = 60.0;
    const LEAST_OF_STEPS: f64 = 20.0;
    let letters: Vec<i64> = text.chars().map(|letter| i64::from(u32::from(letter))).collect();
    // A text that is too short gets its own message.
    if letters.len() < 32 {
        return None;
    }
    let repeats = |period: &usize| letters[*period..].iter().zip(&letters).all(|(one, other)| one == other);
    if (1..=letters.len() * 2 / 3).any(|period| repeats(&period)) {
        return Some("it repeats itself");
    }
    if shannon_entropy(&letters) < LEAST {
        return Some("it has too few different characters");
    }
    let steps: Vec<i64> = letters.windows(2).map(|pair| pair[1] - pair[0]).collect();
    (shannon_entropy(&steps) < LEAST_OF_STEPS).then_some("it counts up or down")
}

fn shannon_entropy(letters: &[i64]) -> f64 {
    let mut counts = BTreeMap::<i64, f64>::new();
    letters.iter().for_each(|letter| *counts.entry(*letter).or_default() += 1.0);
    let share = |count: &f64| count / letters.len() as f64;
    let bits: f64 = counts.values().map(|count| -share(count) * share(count).log2()).sum();
    bits * letters.windows(3).collect::<BTreeSet<_>>().len() as f64
}

fn keyed_print(key: &[u8], text: &str) -> String {
    to_hex(&hmac_of_parts(key, &[b"hidden", text.trim().as_bytes()])[..6])
}

/// HMAC-SHA-256 over the parts, each with its length before it, so that no two lists of parts run together.
fn hmac_of_parts(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_keys_are_refused_and_random_ones_are_not() {
        for weak in [
            "k".repeat(32),
            "ab".repeat(40),
            "0123456789".repeat(4),
            "0123456789abcdef".repeat(2),
            "0123456789abcdef".repeat(4),
            "correct horse battery ".repeat(2),
            "password".repeat(4),
            format!("{}b", "a".repeat(63)),
            format!("{}{}", "0".repeat(40), "1".repeat(24)),
            "abcdefghijklmnopqrstuvwxyz0123456789".to_owned(),
            "changeme-changeme-changeme-12345".to_owned(),
            "zyxwvutsrqponmlkjihgfedcba9876543210".to_owned(),
        ] {
            assert!(matches!(FingerprintKey::from_text(&weak), Err(FingerprintKeyError::Weak(_))), "{weak}");
            assert!(matches!(FingerprintKey::from_text(&format!("  {weak}\n")), Err(FingerprintKeyError::Weak(_))), "{weak}");
            assert!(FingerprintKey::from_possibly_weak(&weak).is_ok(), "{weak}");
        }
        assert!(matches!(FingerprintKey::from_text("short"), Err(FingerprintKeyError::Short(5))));
        assert!(matches!(FingerprintKey::from_possibly_weak("short"), Err(FingerprintKeyError::Short(5))));
        for _ in 0..500 {
            let text = FingerprintKey::generate_text();
            for good in [text.as_str(), &text[..32]] {
                assert!(FingerprintKey::from_text(good).is_ok(), "{good}");
            }
        }
    }
}
