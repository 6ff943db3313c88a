//! The digest of a value: enough to recognise the value without keeping it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::model::value::to_canonical_json;
use crate::text::to_hex;

/// The first half of the SHA-256 of a canonical value; 32 digits in a file. Not for secrets: it is not keyed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest([u8; 16]);

/// Digest of a canonical value, for the values that wait, were reshaped or were seen.
pub fn digest_of(value: &impl Serialize) -> Digest {
    let text = to_canonical_json(value);
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
    Digest(half)
}

impl Digest {
    fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            b'A'..=b'F' => Some(byte - b'A' + 10),
            _ => None,
        };
        let (pairs, []) = text.as_bytes().as_chunks() else { return None };
        let pairs: &[[u8; 2]; 16] = pairs.try_into().ok()?;
        let mut bytes = [0; 16];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl serde::de::Visitor<'_> for TextVisitor {
            type Value = Digest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a digest of 32 hexadecimal digits")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Digest, E> {
                Digest::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_read_as_it_is_written_and_nothing_else_is() {
        let digest = digest_of(&json!({"b": 1, "a": [null, "x"]}));
        let text = serde_json::to_string(&digest).expect("a text");
        assert_eq!(text, format!("\"{}\"", &to_hex(&Sha256::digest(br#"{"a":[null,"x"],"b":1}"#))[..32]));
        assert_eq!(serde_json::from_str::<Digest>(&text).expect("as written"), digest);
        for bad in ["", "00", &"0".repeat(31), &"0".repeat(33), &"+1".repeat(16), &"é".repeat(16)] {
            assert!(serde_json::from_value::<Digest>(json!(bad)).is_err(), "{bad}");
        }
    }
}
