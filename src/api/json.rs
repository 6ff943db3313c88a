//! A body that is JSON. It is looked through once, to know that it is whole; what it says is read into whatever the reader
//! needs, so that a page of a thousand objects never stands in memory as a tree of everything that the service shows.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess};

use crate::value::{Any, Parts, Value};

/// JSON as it came. Used as a [`Value`] it is read into one, once.
#[derive(Clone, Default)]
pub struct Json {
    /// Empty when it was put together here.
    text: String,
    value: OnceLock<Box<Value>>,
}

impl Json {
    /// Takes a text when it is JSON, not nested deeper than the parser allows.
    pub fn whole(text: &[u8]) -> serde_json::Result<Self> {
        // Asked once for the whole: bytes that are no text are no JSON, and of a text no string is asked again.
        let text = str::from_utf8(text).map_err(serde::de::Error::custom)?;
        serde_json::from_str::<Whole>(text)?;
        Ok(Self { text: text.to_owned(), value: OnceLock::new() })
    }

    /// Reads it into what the seed makes.
    pub fn read<'de, S: DeserializeSeed<'de>>(&'de self, seed: S) -> serde_json::Result<S::Value> {
        if self.text.is_empty() {
            return seed.deserialize(&**self);
        }
        let mut reader = serde_json::Deserializer::from_str(&self.text);
        seed.deserialize(&mut reader)
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self { text: String::new(), value: OnceLock::from(Box::new(value)) }
    }
}

impl Deref for Json {
    type Target = Value;

    fn deref(&self) -> &Value {
        // It was found to be whole, by the same parser with the same limits.
        self.value.get_or_init(|| serde_json::from_str(&self.text).unwrap_or_default())
    }
}

impl PartialEq<Value> for Json {
    fn eq(&self, other: &Value) -> bool {
        **self == *other
    }
}

/// A body may hold secrets of others.
impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(json)")
    }
}

/// Reads everything and keeps nothing. Serde's own way of ignoring does not count how deep it goes.
struct Whole;

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Any(Self).deserialize(deserializer).map(|_| Self)
    }
}

impl<'de> Parts<'de> for Whole {
    type Out = Self;

    fn map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<Self>, A::Error> {
        while entries.next_entry::<Self, Self>()?.is_some() {}
        Ok(None)
    }

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<Self>, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_parser_takes_is_whole_and_nothing_else() {
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let texts = [
            r#"{"a": [1, -2, 3.5, "x\u00e9", null, true, {"b": {}}]}"#.to_owned(),
            deep(100),
            deep(127),
            deep(128),
            deep(100_000),
            "1e999".to_owned(),
            "{\"a\": 1".to_owned(),
            "{\"a\": 1} x".to_owned(),
            "\"\\ud800\"".to_owned(),
            "{1: 2}".to_owned(),
            String::new(),
        ];
        for text in texts {
            let parsed = serde_json::from_str::<Value>(&text);
            let whole = Json::whole(text.as_bytes());
            assert_eq!(parsed.is_ok(), whole.is_ok(), "{}", text.chars().take(40).collect::<String>());
            if let (Ok(parsed), Ok(whole)) = (parsed, whole) {
                assert_eq!(whole, parsed);
            }
        }
    }

    #[test]
    fn it_prints_as_nothing_and_reads_the_same_from_text_and_value() {
        let value = json!({"items": [1, 2], "token": "canary-of-a-body"});
        let text = Json::whole(value.to_string().as_bytes()).expect("good JSON");
        let made = Json::from(value.clone());
        for json in [text, made] {
            assert!(!format!("{json:?}").contains("canary"));
            let read: Value = json.read(std::marker::PhantomData).expect("readable");
            assert_eq!(read, value);
        }
    }
}
