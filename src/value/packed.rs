//! A value as it is kept where there are many: of each attribute of each object.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::{Number, Value};
use smol_str::SmolStr;

/// What something costs beside its own bytes, because it stands by itself in memory.
const ALLOCATED: usize = 24;

/// Most keys of a map that are compared each with each.
const FEW: usize = 8;

/// The same as a [`Value`], in a third of its memory: a short text stands in it, and a list or map takes what it needs.
/// It cannot be changed, only replaced.
#[derive(Clone, Default)]
pub enum Packed {
    /// Nothing.
    #[default]
    Null,
    /// true or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(SmolStr),
    /// A list.
    List(Box<[Self]>),
    /// A map in the order in which it was written, each key once. The order means nothing.
    Map(Box<[(SmolStr, Self)]>),
}

impl Packed {
    /// A map of these entries. Where a key stands twice, the later value counts, as with every reader of JSON here.
    pub fn map(entries: Vec<(SmolStr, Self)>) -> Self {
        let distinct = match entries.as_slice() {
            few if few.len() <= FEW => {
                few.iter().enumerate().all(|(at, (key, _))| few[..at].iter().all(|(other, _)| other != key))
            }
            many => many.iter().map(|(key, _)| &**key).collect::<BTreeSet<&str>>().len() == many.len(),
        };
        if distinct {
            return Self::Map(entries.into());
        }
        let mut places = HashMap::new();
        let mut once: Vec<(SmolStr, Self)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let place = *places.entry(key.clone()).or_insert(once.len());
            match once.get_mut(place) {
                Some(earlier) => earlier.1 = value,
                None => once.push((key, value)),
            }
        }
        Self::Map(once.into())
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        let within = match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => 0,
            Self::Text(text) if text.is_heap_allocated() => text.len() + ALLOCATED,
            Self::Text(_) => 0,
            Self::List(items) => items.iter().map(Self::weight).sum::<usize>() + ALLOCATED,
            Self::Map(entries) => {
                let entry = |(key, value): &(SmolStr, Self)| key.len() + ALLOCATED + value.weight();
                entries.iter().map(entry).sum::<usize>() + ALLOCATED
            }
        };
        size_of::<Self>() + within
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, when it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Text of a scalar that a service may write as text or as a number.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    /// As a value that can be worked on.
    pub fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.to_string()),
            Self::List(items) => Value::Array(items.iter().map(Self::json).collect()),
            Self::Map(entries) => {
                Value::Object(entries.iter().map(|(key, value)| (key.to_string(), value.json())).collect())
            }
        }
    }
}

impl From<&Value> for Packed {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(text.into()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(map) => {
                Self::Map(map.iter().map(|(key, value)| (key.into(), Self::from(value))).collect())
            }
        }
    }
}

impl From<Value> for Packed {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl From<&str> for Packed {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Packed {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// As with a [`Value`]: the order of a map's entries means nothing, and a number equals one that is written the same.
impl PartialEq for Packed {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b || (a.len() == b.len() && sorted(a) == sorted(b)),
            _ => false,
        }
    }
}

/// Entries by key.
pub(crate) fn sorted(entries: &[(SmolStr, Packed)]) -> Vec<(&str, &Packed)> {
    let mut sorted: Vec<_> = entries.iter().map(|(key, value)| (&**key, value)).collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    sorted
}

impl Serialize for Packed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(&**items),
            Self::Map(entries) => serializer.collect_map(entries.iter().map(|(key, value)| (key, value))),
        }
    }
}

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Read)
    }
}

/// What is read becomes what a [`Value`] of it would.
struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Packed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Packed, E> {
        Ok(Packed::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Packed, E> {
        Ok(Packed::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Packed, D::Error> {
        Packed::deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Packed, E> {
        Ok(Packed::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Packed, E> {
        Ok(Packed::Number(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Packed, E> {
        Ok(Packed::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Packed, E> {
        Ok(Number::from_f64(number).map_or(Packed::Null, Packed::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Packed, E> {
        Ok(Packed::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Packed, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Packed::List(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Packed, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Packed::map(map))
    }
}

/// As JSON.
impl fmt::Display for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_small() {
        assert_eq!(size_of::<Packed>(), 24);
    }

    #[test]
    fn the_later_of_two_values_of_a_key_counts() {
        let text = r#"{"b": 1, "a": 2, "b": {"c": null}, "b": 3}"#;
        let packed: Packed = serde_json::from_str(text).expect("JSON");
        assert_eq!(packed.to_string(), r#"{"b":3,"a":2}"#);
        assert_eq!(packed.to_string(), serde_json::from_str::<Value>(text).expect("JSON").to_string());
    }
}
