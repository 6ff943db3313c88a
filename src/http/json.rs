//! A body that is JSON. It is scanned once to check that it is complete; its content is then read into whatever the reader
//! needs, so that a page of a thousand objects is never held in memory as a tree of everything that the service shows.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess};

use super::body_budget::BodyAllotment;
use crate::model::value::{AnyValueSeed, CompositeVisitor, Value};

/// Most values in one body, including keys. In a tree each takes a hundred times the two bytes that it may take in the text,
/// so a limit on bytes alone is not enough. Each object of a page of a thousand may have six hundred.
pub(super) const MOST_VALUES: usize = 600_000;

/// JSON as received. When it is used as a [`Value`], it is parsed once.
#[derive(Clone, Default)]
pub struct LazyJson {
    /// Memory reserved for the text while it is kept.
    _room: Option<Arc<BodyAllotment>>,
    /// Empty when it was built here.
    text: String,
    value: OnceLock<Box<Value>>,
    /// Names of the fields from which secrets of this run were removed.
    echoes: BTreeSet<String>,
}

impl LazyJson {
    /// Takes a text when it is JSON, not nested deeper than the parser allows, of `MOST_VALUES` at most.
    pub fn parse_checked(text: &[u8]) -> serde_json::Result<Self> {
        // Checked once for the whole: bytes that are not UTF-8 are not JSON, and the strings of a text need no further check.
        let text = str::from_utf8(text).map_err(serde::de::Error::custom)?;
        let left = Cell::new(MOST_VALUES);
        let mut reader = serde_json::Deserializer::from_str(text);
        DepthLimitSeed(&left).deserialize(&mut reader)?;
        reader.end()?;
        Ok(Self { text: text.to_owned(), ..Self::default() })
    }

    /// The same with the memory reserved for its text, and the names of the fields from which secrets of this run were removed.
    pub(super) fn in_room(self, room: BodyAllotment, echoes: BTreeSet<String>) -> Self {
        Self { _room: Some(Arc::new(room)), echoes, ..self }
    }

    /// Names of the fields in which the service showed secrets of this run.
    pub fn echoed_names(&self) -> &BTreeSet<String> {
        &self.echoes
    }

    /// Reads it with the given seed.
    pub fn read<'de, S: DeserializeSeed<'de>>(&'de self, seed: S) -> serde_json::Result<S::Value> {
        if self.text.is_empty() {
            return seed.deserialize(&**self);
        }
        let mut reader = serde_json::Deserializer::from_str(&self.text);
        seed.deserialize(&mut reader)
    }
}

impl From<Value> for LazyJson {
    fn from(value: Value) -> Self {
        Self { value: OnceLock::from(Box::new(value)), ..Self::default() }
    }
}

impl Deref for LazyJson {
    type Target = Value;

    fn deref(&self) -> &Value {
        // The same parser with the same limits has already checked that it is complete.
        self.value.get_or_init(|| serde_json::from_str(&self.text).unwrap_or_default())
    }
}

impl PartialEq<Value> for LazyJson {
    fn eq(&self, other: &Value) -> bool {
        **self == *other
    }
}

/// A body may hold secrets of other objects.
impl fmt::Debug for LazyJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(json)")
    }
}

/// Reads everything and keeps nothing, until the limit of values is reached. Serde's `IgnoredAny` does not limit the depth.
#[derive(Clone, Copy)]
struct DepthLimitSeed<'c>(&'c Cell<usize>);

/// The text of the error when it holds more values than [`MOST_VALUES`].
pub(super) const TOO_MANY: &str = "more values than telform accepts";

impl<'de> DeserializeSeed<'de> for DepthLimitSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let left = self.0.get().checked_sub(1).ok_or_else(|| D::Error::custom(TOO_MANY))?;
        self.0.set(left);
        AnyValueSeed(self).deserialize(deserializer).map(drop)
    }
}

impl<'de> CompositeVisitor<'de> for DepthLimitSeed<'_> {
    type Out = ();

    fn read_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<()>, A::Error> {
        while entries.next_entry_seed(self, self)?.is_some() {}
        Ok(None)
    }

    fn read_list<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<()>, A::Error> {
        while items.next_element_seed(self)?.is_some() {}
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
            let whole = LazyJson::parse_checked(text.as_bytes());
            assert_eq!(parsed.is_ok(), whole.is_ok(), "{}", text.chars().take(40).collect::<String>());
            if let (Ok(parsed), Ok(whole)) = (parsed, whole) {
                assert_eq!(whole, parsed);
            }
        }
    }

    #[test]
    fn values_are_counted_and_not_only_bytes() {
        let list = |values: usize| format!("[{}0]", "0,".repeat(values - 2));
        assert!(LazyJson::parse_checked(list(MOST_VALUES).as_bytes()).is_ok());
        let entry = |values: usize| format!("{{\"a\":{}}}", list(values));
        for text in [list(MOST_VALUES + 1), entry(MOST_VALUES - 1), "[[],".repeat(MOST_VALUES)] {
            let error = LazyJson::parse_checked(text.as_bytes()).expect_err("more than telform accepts").to_string();
            assert!(error.contains(TOO_MANY) || error.contains("recursion"), "{error}");
        }
    }

    #[test]
    fn it_prints_as_nothing_and_reads_the_same_from_text_and_value() {
        let value = json!({"items": [1, 2], "token": "canary-of-a-body"});
        let text = LazyJson::parse_checked(value.to_string().as_bytes()).expect("good JSON");
        let made = LazyJson::from(value.clone());
        for json in [text, made] {
            assert!(!format!("{json:?}").contains("canary"));
            let read: Value = json.read(std::marker::PhantomData).expect("readable");
            assert_eq!(read, value);
        }
    }
}
