//! Unambiguous JSON. Readers disagree about a duplicate member, so such a document is not read at all. Numbers are kept as
//! written: the digest distinguishes `1` from `1.0`, and a 64-bit whole number from its neighbour.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::ops::Range;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use smol_str::SmolStr;

/// A value without duplicate members.
pub(super) struct StrictJson(pub(super) Value);

impl<'de> Deserialize<'de> for StrictJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(StrictJson(item)) = list.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the member `{key}` appears twice")));
            }
            let StrictJson(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// The same as canonical text (RFC 8785, but with each number as it is written): a tree takes ten times the memory of a text.
#[derive(Default)]
pub(super) struct CanonicalJson {
    text: String,
    /// Where the members of the outermost object are in the text.
    members: Members,
}

/// The members of an object: where their values are.
type Members = BTreeMap<Name, Range<usize>>;

/// The name of a member, in the order of the standard: by UTF-16 units.
#[derive(PartialEq, Eq)]
struct Name(String);

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without surrogates the order of the bytes is the same.
        if self.0.is_ascii() && other.0.is_ascii() {
            return self.0.cmp(&other.0);
        }
        self.0.encode_utf16().cmp(other.0.encode_utf16())
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl CanonicalJson {
    /// A member of the outermost object.
    pub(super) fn member(&self, name: &str) -> Option<&str> {
        self.members.get(&Name(name.to_owned())).map(|value| &self.text[value.clone()])
    }
}

impl<'de> Deserialize<'de> for CanonicalJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = String::new();
        let members = CanonicalWriter(&mut text).deserialize(deserializer)?;
        Ok(Self { text, members })
    }
}

/// A value as canonical text. Most values are only compared, and a tree takes ten times the memory.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct CheckerValue(SmolStr);

impl CheckerValue {
    /// The value itself.
    pub(super) fn tree(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// The value as JSON.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether it is null.
    pub(super) fn is_null(&self) -> bool {
        self.0 == "null"
    }
}

impl From<Value> for CheckerValue {
    fn from(value: Value) -> Self {
        Self(super::canonical_json(&value).into())
    }
}

impl<'de> Deserialize<'de> for CheckerValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let CanonicalJson { text, .. } = CanonicalJson::deserialize(deserializer)?;
        Ok(Self(text.into()))
    }
}

/// Appends a value to a text, and says where its members are. All depths write into one text: a text for each value takes
/// most of the time.
struct CanonicalWriter<'a>(&'a mut String);

impl CanonicalWriter<'_> {
    fn push(self, value: &Value) -> Members {
        // Writing to a `String` cannot fail.
        let _ = write!(self.0, "{value}");
        Members::new()
    }
}

impl<'de> DeserializeSeed<'de> for CanonicalWriter<'_> {
    type Value = Members;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Members, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CanonicalWriter<'_> {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Members, E> {
        Ok(self.push(&Value::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Members, E> {
        Ok(self.push(&value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Members, E> {
        Ok(self.push(&value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Members, E> {
        Ok(self.push(&value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Members, E> {
        Number::from_f64(value).map(|number| self.push(&Value::Number(number))).ok_or_else(|| E::custom("no number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Members, E> {
        Ok(self.push(&value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Members, A::Error> {
        self.0.push('[');
        while list.next_element_seed(CanonicalWriter(self.0))?.is_some() {
            self.0.push(',');
        }
        if self.0.ends_with(',') {
            self.0.pop();
        }
        self.0.push(']');
        Ok(Members::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Members, A::Error> {
        let start = self.0.len();
        let mut members = Members::new();
        while let Some(name) = entries.next_key::<String>()?.map(Name) {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format!("the member `{}` appears twice", name.0)));
            }
            let begin = self.0.len();
            entries.next_value_seed(CanonicalWriter(self.0))?;
            members.insert(name, begin - start..self.0.len() - start);
        }
        let values = self.0.split_off(start);
        self.0.push('{');
        for (name, value) in &mut members {
            if self.0.len() > start + 1 {
                self.0.push(',');
            }
            CanonicalWriter(self.0).push(&name.0.as_str().into());
            self.0.push(':');
            let begin = self.0.len();
            self.0.push_str(&values[value.clone()]);
            *value = begin..self.0.len();
        }
        self.0.push('}');
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_the_tree() {
        let text =
            "{ \"b\": [1, -2, 1.0, 1e3, true, null, {}], \"a\": { \"\u{20ac}\": \"x\\n\", \"\u{1d11e}\": [] }, \"\": \"\" }";
        let StrictJson(tree) = serde_json::from_str(text).unwrap();
        let canonical: CanonicalJson = serde_json::from_str(text).unwrap();
        assert_eq!(canonical.text, crate::verify::canonical_json(&tree));
        assert_eq!(canonical.member("b"), Some("[1,-2,1.0,1000.0,true,null,{}]"));
        assert_eq!(canonical.member("").zip(canonical.member("c")), None);
        let nested: CanonicalJson = serde_json::from_str(r#"{"z":{"y":[[],[{}],","],"x":","},"a":2}"#).unwrap();
        assert_eq!(nested.text, r#"{"a":2,"z":{"x":",","y":[[],[{}],","]}}"#);
        assert_eq!((nested.member("z"), nested.member("y")), (Some(r#"{"x":",","y":[[],[{}],","]}"#), None));
        assert!(serde_json::from_str::<CanonicalJson>("{\"a\":{\"b\":1,\"b\":2}}").is_err());
    }
}
