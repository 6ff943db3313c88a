//! Unambiguous JSON. Readers disagree about a duplicate member, so such a document is not read at all. Numbers are kept as
//! written: the digest distinguishes `1` from `1.0`, and a 64-bit whole number from its neighbour.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

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
    /// Where the members of an object are in the text.
    members: BTreeMap<String, (usize, usize)>,
}

impl CanonicalJson {
    fn plain(text: String) -> Self {
        Self { text, members: BTreeMap::new() }
    }

    /// A member of an object.
    pub(super) fn member(&self, name: &str) -> Option<&str> {
        self.members.get(name).map(|(start, end)| &self.text[*start..*end])
    }
}

impl<'de> Deserialize<'de> for CanonicalJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CanonicalVisitor)
    }
}

struct CanonicalVisitor;

impl<'de> Visitor<'de> for CanonicalVisitor {
    type Value = CanonicalJson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<CanonicalJson, E> {
        Ok(CanonicalJson::plain("null".to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<CanonicalJson, E> {
        Ok(CanonicalJson::plain(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<CanonicalJson, E> {
        Ok(CanonicalJson::plain(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<CanonicalJson, E> {
        Ok(CanonicalJson::plain(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<CanonicalJson, E> {
        Number::from_f64(value).map(|it| CanonicalJson::plain(it.to_string())).ok_or_else(|| E::custom("no number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<CanonicalJson, E> {
        Ok(CanonicalJson::plain(Value::from(value).to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<CanonicalJson, A::Error> {
        let mut text = "[".to_owned();
        while let Some(item) = list.next_element::<CanonicalJson>()? {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&item.text);
        }
        text.push(']');
        Ok(CanonicalJson::plain(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<CanonicalJson, A::Error> {
        let mut sorted: BTreeMap<Vec<u16>, (String, String)> = BTreeMap::new();
        while let Some(key) = entries.next_key::<String>()? {
            let units: Vec<u16> = key.encode_utf16().collect();
            if sorted.contains_key(&units) {
                return Err(A::Error::custom(format!("the member `{key}` appears twice")));
            }
            let CanonicalJson { text, .. } = entries.next_value()?;
            sorted.insert(units, (key, text));
        }
        let mut json = CanonicalJson::plain("{".to_owned());
        for (_, (key, value)) in sorted {
            if json.text.len() > 1 {
                json.text.push(',');
            }
            json.text.push_str(&Value::from(key.as_str()).to_string());
            json.text.push(':');
            let start = json.text.len();
            json.text.push_str(&value);
            json.members.insert(key, (start, json.text.len()));
        }
        json.text.push('}');
        Ok(json)
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
        assert!(serde_json::from_str::<CanonicalJson>("{\"a\":{\"b\":1,\"b\":2}}").is_err());
    }
}
