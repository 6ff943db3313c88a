//! A body that is JSON. It is looked through once, to know that it is whole; what it says is read into whatever the reader
//! needs, so that a page of a thousand objects never stands in memory as a tree of everything that the service shows.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess};

use super::room::Room;
use crate::value::{Any, Parts, Value};

/// Most values in one body, keys counted too. As a tree each takes a hundred times the two bytes that it may take in the text,
/// so that counting bytes alone bounds nothing. A page of a thousand objects may have six hundred in each.
pub(super) const MOST_VALUES: usize = 600_000;

/// JSON as it came. Used as a [`Value`] it is read into one, once.
#[derive(Clone, Default)]
pub struct Json {
    /// Room that was set aside for the text while it is in memory.
    _room: Option<Arc<Room>>,
    /// Empty when it was put together here.
    text: String,
    value: OnceLock<Box<Value>>,
}

impl Json {
    /// Takes a text when it is JSON, not nested deeper than the parser allows, of [`MOST_VALUES`] at most.
    pub fn whole(text: &[u8]) -> serde_json::Result<Self> {
        // Asked once for the whole: bytes that are no text are no JSON, and of a text no string is asked again.
        let text = str::from_utf8(text).map_err(serde::de::Error::custom)?;
        let left = Cell::new(MOST_VALUES);
        let mut reader = serde_json::Deserializer::from_str(text);
        Whole(&left).deserialize(&mut reader)?;
        reader.end()?;
        Ok(Self { text: text.to_owned(), ..Self::default() })
    }

    /// The same with the room that its text takes.
    pub(super) fn in_room(self, room: Room) -> Self {
        Self { _room: Some(Arc::new(room)), ..self }
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
        Self { value: OnceLock::from(Box::new(value)), ..Self::default() }
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

/// Reads everything and keeps nothing, as long as values are left. Serde's own way of ignoring does not count how deep it goes.
#[derive(Clone, Copy)]
struct Whole<'c>(&'c Cell<usize>);

/// The words of the error when there are more values than [`MOST_VALUES`].
pub(super) const TOO_MANY: &str = "more values than telform takes in";

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let left = self.0.get().checked_sub(1).ok_or_else(|| D::Error::custom(TOO_MANY))?;
        self.0.set(left);
        Any(self).deserialize(deserializer).map(drop)
    }
}

impl<'de> Parts<'de> for Whole<'_> {
    type Out = ();

    fn map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<()>, A::Error> {
        while entries.next_entry_seed(self, self)?.is_some() {}
        Ok(None)
    }

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<()>, A::Error> {
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
            let whole = Json::whole(text.as_bytes());
            assert_eq!(parsed.is_ok(), whole.is_ok(), "{}", text.chars().take(40).collect::<String>());
            if let (Ok(parsed), Ok(whole)) = (parsed, whole) {
                assert_eq!(whole, parsed);
            }
        }
    }

    #[test]
    fn values_are_counted_and_not_only_bytes() {
        let list = |values: usize| format!("[{}0]", "0,".repeat(values - 2));
        assert!(Json::whole(list(MOST_VALUES).as_bytes()).is_ok());
        let entry = |values: usize| format!("{{\"a\":{}}}", list(values));
        for text in [list(MOST_VALUES + 1), entry(MOST_VALUES - 1), "[[],".repeat(MOST_VALUES)] {
            let error = Json::whole(text.as_bytes()).expect_err("more than telform takes in").to_string();
            assert!(error.contains(TOO_MANY) || error.contains("recursion"), "{error}");
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
