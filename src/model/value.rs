//! Plain values, secret values, and the fingerprint that represents a secret where the secret itself must not appear.

use std::fmt;

use litemap::LiteMap;
use secrecy::{ExposeSecret, SecretString};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
pub use serde_json::Value;

mod canonical;
mod compact;
mod echo;
pub mod hidden;

pub use canonical::to_canonical_json;
pub(crate) use compact::entries_by_key;
pub use compact::{CompactValue, number_text};
pub use hidden::HiddenValues;

/// Values by attribute, in order. A plan has several for each object, most of them with one entry: a tree would take a
/// thousand bytes for it.
pub type AttributeValues = LiteMap<String, Value>;

/// Texts by attribute, such as the sources of secrets.
pub type AttributeTexts = LiteMap<String, String>;

/// Writes [`AttributeValues`] as a map, also where there are none: by itself the type writes an empty list then, and the digest of a
/// plan would not be that of its document.
pub fn serialize_values<S: Serializer>(values: &AttributeValues, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(values)
}

/// What every printed form of a secret shows instead of the secret.
pub const MASK: &str = "(secret)";

/// A text that must never be printed, stored or logged.
///
/// `Debug`, `Display` and serde all answer [`MASK`]; the memory is wiped on drop. Only [`Secret::reveal`] returns
/// the text, and only the HTTP layer and the fingerprint call it.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a text as a secret. White space at both ends is trimmed, because the services trim it too (unpod.md 5.2) and a
    /// secret file usually ends in a newline.
    pub fn new(text: &str) -> Self {
        Self(SecretString::from(text.trim().to_owned()))
    }

    /// The same without trimming: a value that a service showed is sent back unchanged.
    pub fn from_exact(text: &str) -> Self {
        Self(SecretString::from(text.to_owned()))
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

/// A keyed hash that represents a secret within one run: equal fingerprints mean equal secrets of the same field.
///
/// It lives in memory only; what the ledger keeps is sealed once more with the object's identity
/// ([`crate::model::ledger::FingerprintKey::seal_fingerprint`]), so that equal secrets of two objects do not look alike in the file.
#[derive(Clone, PartialEq, Eq)]
pub struct Fingerprint(pub(crate) [u8; 32]);

impl Fingerprint {
    /// Represents a secret that is empty or absent: that is known without a key.
    pub(crate) const NOTHING: Self = Self([0; 32]);

    /// Whether the secret is empty.
    pub fn is_nothing(&self) -> bool {
        *self == Self::NOTHING
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(fingerprint)")
    }
}

/// Builds something from a map or a list while it is read. Unexpected values are skipped.
pub(crate) trait CompositeVisitor<'de>: Sized {
    /// What it creates.
    type Out;

    /// Of a map.
    fn read_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<Self::Out>, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    /// Of a list.
    fn read_list<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<Self::Out>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Reads any value; `None` for one that the parts do not expect.
pub(crate) struct AnyValueSeed<P>(pub(crate) P);

impl<'de, P: CompositeVisitor<'de>> DeserializeSeed<'de> for AnyValueSeed<P> {
    type Value = Option<P::Out>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, P: CompositeVisitor<'de>> Visitor<'de> for AnyValueSeed<P> {
    type Value = Option<P::Out>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        self.0.read_map(entries)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        self.0.read_list(items)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// About how many bytes of memory a value takes: in a tree each has a name, an entry and spare capacity.
pub(crate) fn memory_size(value: &Value) -> usize {
    const EACH: usize = 100;
    match value {
        Value::String(text) => EACH + text.len(),
        Value::Array(items) => EACH + items.iter().map(memory_size).sum::<usize>(),
        Value::Object(map) => EACH + map.iter().map(|(key, value)| key.len() + memory_size(value)).sum::<usize>(),
        _ => EACH,
    }
}

/// A value with blanks where a line may break.
pub fn to_spaced_json(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(to_spaced_json).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let entry = |(key, value)| format!("{}: {}", Value::from(String::as_str(key)), to_spaced_json(value));
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
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
