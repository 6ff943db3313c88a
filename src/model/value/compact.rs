//! The compact form of a value, for the many attributes of many objects.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::{Number, Value};
use smol_str::SmolStr;

/// The overhead of a separate allocation, beside its own bytes.
const ALLOCATED: usize = 24;

/// Most keys of a map that are compared pairwise.
const FEW: usize = 8;

/// The same as a [`Value`], in a third of its memory: a short text is stored inline, and a list or map takes only what
/// it needs. It cannot be changed, only replaced.
#[derive(Clone, Default)]
pub enum CompactValue {
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

impl CompactValue {
    /// A map of these entries. Where a key appears twice, the later value counts, as with every JSON reader here.
    pub fn from_entries(entries: Vec<(SmolStr, Self)>) -> Self {
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
    pub fn memory_size(&self) -> usize {
        let within = match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => 0,
            Self::Text(text) if text.is_heap_allocated() => text.len() + ALLOCATED,
            Self::Text(_) => 0,
            Self::List(items) => items.iter().map(Self::memory_size).sum::<usize>() + ALLOCATED,
            Self::Map(entries) => {
                let entry = |(key, value): &(SmolStr, Self)| key.len() + ALLOCATED + value.memory_size();
                entries.iter().map(entry).sum::<usize>() + ALLOCATED
            }
        };
        size_of::<Self>() + within
    }

    /// Whether nothing in it can be mistaken for anything else: nearly all values are ASCII and do not name an encoded host.
    pub fn is_plain(&self) -> bool {
        match self {
            Self::Text(text) => text.is_ascii() && !(text.as_bytes().contains(&b'x') && text.contains("xn--")),
            Self::List(items) => items.iter().all(Self::is_plain),
            Self::Map(map) => map.iter().all(|(name, item)| name.is_ascii() && item.is_plain()),
            Self::Null | Self::Bool(_) | Self::Number(_) => true,
        }
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
            Self::Number(number) => Some(Cow::Owned(number_text(number))),
            _ => None,
        }
    }

    /// Converted to a value that can be changed.
    pub fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.to_string()),
            Self::List(items) => Value::Array(items.iter().map(Self::json).collect()),
            Self::Map(entries) => Value::Object(entries.iter().map(|(key, value)| (key.to_string(), value.json())).collect()),
        }
    }
}

impl From<&Value> for CompactValue {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(text.into()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(map) => Self::Map(map.iter().map(|(key, value)| (key.into(), Self::from(value))).collect()),
        }
    }
}

impl From<Value> for CompactValue {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl From<&str> for CompactValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for CompactValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// A number as the text that is compared: some services write whole numbers as `4.0`.
pub fn number_text(number: &Number) -> String {
    let whole = number.as_f64().filter(|it| number.is_f64() && it.fract() == 0.0 && it.abs() < 1e15);
    // Plus zero: texts have no `-0`.
    whole.map_or_else(|| number.to_string(), |whole| format!("{:.0}", whole + 0.0))
}

/// As with a [`Value`]: the order of a map's entries means nothing, and a number equals one that is written the same.
impl PartialEq for CompactValue {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b || (a.len() == b.len() && entries_by_key(a) == entries_by_key(b)),
            _ => false,
        }
    }
}

/// Entries by key.
pub(crate) fn entries_by_key(entries: &[(SmolStr, CompactValue)]) -> Vec<(&str, &CompactValue)> {
    let mut sorted: Vec<_> = entries.iter().map(|(key, value)| (&**key, value)).collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    sorted
}

impl Serialize for CompactValue {
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

impl<'de> Deserialize<'de> for CompactValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CompactValueVisitor)
    }
}

/// Reads the same value that a [`Value`] would.
struct CompactValueVisitor;

impl<'de> Visitor<'de> for CompactValueVisitor {
    type Value = CompactValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<CompactValue, E> {
        Ok(CompactValue::Null)
    }

    fn visit_none<E: Error>(self) -> Result<CompactValue, E> {
        Ok(CompactValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<CompactValue, D::Error> {
        CompactValue::deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<CompactValue, E> {
        Ok(CompactValue::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<CompactValue, E> {
        Ok(CompactValue::Number(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<CompactValue, E> {
        Ok(CompactValue::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<CompactValue, E> {
        Ok(Number::from_f64(number).map_or(CompactValue::Null, CompactValue::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<CompactValue, E> {
        Ok(CompactValue::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<CompactValue, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(CompactValue::List(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<CompactValue, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(CompactValue::from_entries(map))
    }
}

/// As JSON.
impl fmt::Display for CompactValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for CompactValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_small() {
        assert_eq!(size_of::<CompactValue>(), 24);
    }

    /// The spelling with which `provider: 4.0` is found in a catalogue.
    #[test]
    fn a_whole_number_is_one_text() {
        for (number, text) in [("4", "4"), ("4.0", "4"), ("4e0", "4"), ("-0.0", "0"), ("4.5", "4.5")] {
            let packed: CompactValue = serde_json::from_str(number).expect("JSON");
            assert_eq!(packed.text().as_deref(), Some(text), "{number}");
        }
    }

    #[test]
    fn the_later_of_two_values_of_a_key_counts() {
        let text = r#"{"b": 1, "a": 2, "b": {"c": null}, "b": 3}"#;
        let packed: CompactValue = serde_json::from_str(text).expect("JSON");
        assert_eq!(packed.to_string(), r#"{"b":3,"a":2}"#);
        assert_eq!(packed.to_string(), serde_json::from_str::<Value>(text).expect("JSON").to_string());
    }
}
