//! Unambiguous JSON. Readers disagree about a duplicate member, so such a document is not read at all. Numbers are kept as
//! written: the digest distinguishes `1` from `1.0`, and a 64-bit whole number from its neighbour.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::Serialize;
use serde_json::Value;
use smol_str::SmolStr;

/// A value as canonical text (RFC 8785, but with each number as it is written): a tree takes ten times the memory of a text. The
/// members of the outermost object stay where they are.
#[derive(Default)]
pub(super) struct CanonicalJson {
    text: String,
    members: Members,
}

/// The members of an object, sorted by name.
type Members = Vec<Member>;

/// Where the name of a member, which is a JSON text, and its value are.
struct Member {
    name: Range<usize>,
    value: Range<usize>,
}

/// The order of the standard: by UTF-16 units. The names are JSON texts.
fn compare_names(one: &[u8], other: &[u8]) -> Ordering {
    let plain = |name: &[u8]| name.iter().all(|byte| byte.is_ascii() && *byte != b'\\');
    if plain(one) && plain(other) {
        // Without the quote at the end, which is not less than every letter.
        return one[..one.len() - 1].cmp(&other[..other.len() - 1]);
    }
    let units = |name: &[u8]| -> Vec<u16> { serde_json::from_slice::<String>(name).unwrap_or_default().encode_utf16().collect() };
    units(one).cmp(&units(other))
}

impl CanonicalJson {
    /// Reads a document; its canonical text is about as long.
    pub(super) fn parse(bytes: &[u8]) -> serde_json::Result<Self> {
        let (mut text, mut reader) = (Vec::with_capacity(bytes.len()), serde_json::Deserializer::from_slice(bytes));
        let members = CanonicalWriter { text: &mut text, sorts: false }.deserialize(&mut reader)?;
        reader.end()?;
        Ok(Self { text: String::from_utf8(text).map_err(serde_json::Error::custom)?, members })
    }

    /// A member of the outermost object.
    pub(super) fn member(&self, name: &str) -> Option<&str> {
        let name = Value::from(name).to_string();
        let found = self.members.iter().find(|member| self.text[member.name.clone()] == name)?;
        Some(&self.text[found.value.clone()])
    }

    /// The plan in a line of a journal.
    pub(super) fn recorded_plan(&self) -> String {
        let record = Self::parse(self.member("record").unwrap_or("null").as_bytes()).unwrap_or_default();
        record.member("plan").unwrap_or("null").to_owned()
    }
}

/// A value as canonical text. Most values are only compared, and a tree takes ten times the memory.
#[derive(Clone, Default, PartialEq, Eq)]
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
        Self::deserialize(value).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for CheckerValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = Vec::new();
        CanonicalWriter { text: &mut text, sorts: true }.deserialize(deserializer)?;
        str::from_utf8(&text).map(|text| Self(text.into())).map_err(D::Error::custom)
    }
}

/// Appends a value to a text, and says where its members are. All depths write into one text: a text for each value takes
/// most of the time.
struct CanonicalWriter<'a> {
    text: &'a mut Vec<u8>,
    /// Whether the members of an object are put in order.
    sorts: bool,
}

impl CanonicalWriter<'_> {
    fn push<E: Error>(self, value: impl Serialize) -> Result<Members, E> {
        serde_json::to_writer(self.text, &value).map(|()| Members::new()).map_err(E::custom)
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
        self.push(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Members, E> {
        self.push(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Members, E> {
        self.push(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Members, E> {
        self.push(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Members, E> {
        self.push(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Members, E> {
        self.push(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Members, A::Error> {
        self.text.push(b'[');
        while list.next_element_seed(CanonicalWriter { text: self.text, sorts: true })?.is_some() {
            self.text.push(b',');
        }
        if self.text.ends_with(b",") {
            self.text.pop();
        }
        self.text.push(b']');
        Ok(Members::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Members, A::Error> {
        let text = self.text;
        let mut members = Members::new();
        text.push(b'{');
        let start = text.len();
        let mut begin = start;
        while entries.next_key_seed(CanonicalWriter { text, sorts: true })?.is_some() {
            let name = begin..text.len();
            text.push(b':');
            let value = text.len();
            entries.next_value_seed(CanonicalWriter { text, sorts: true })?;
            members.push(Member { name, value: value..text.len() });
            text.push(b',');
            begin = text.len();
        }
        let by_name = |one: &Member, other: &Member| compare_names(&text[one.name.clone()], &text[other.name.clone()]);
        if !members.is_sorted_by(|one, other| by_name(one, other).is_lt()) {
            members.sort_by(by_name);
            if let Some(twice) = members.windows(2).find(|pair| by_name(&pair[0], &pair[1]).is_eq()) {
                let name: String = serde_json::from_slice(&text[twice[0].name.clone()]).unwrap_or_default();
                return Err(A::Error::custom(format!("the member `{name}` appears twice")));
            }
            if self.sorts {
                let mut place = start;
                let moved = members.iter().skip_while(|member| {
                    let stays = member.name.start == place;
                    place = if stays { member.value.end + 1 } else { place };
                    stays
                });
                let moved: Vec<&[u8]> = moved.map(|member| &text[member.name.start..=member.value.end]).collect();
                let moved = moved.concat();
                text.truncate(place);
                text.extend_from_slice(&moved);
            }
        }
        if text.ends_with(b",") {
            text.pop();
        }
        text.push(b'}');
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> CheckerValue {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn members_are_sorted_and_numbers_are_kept() {
        let text = "{ \"b\": [1, -2, 1.0, 1e3, true, null, {}], \"a\": { \"\u{fb33}\": \"x\\n\", \"\u{1d11e}\": [] }, \"\": \"\", \"a!\": 1 }";
        let sorted = "{\"\":\"\",\"a\":{\"\u{1d11e}\":[],\"\u{fb33}\":\"x\\n\"},\"a!\":1,\"b\":[1,-2,1.0,1000.0,true,null,{}]}";
        assert_eq!(canonical(text).text(), sorted);
        assert!(CheckerValue::from(canonical(text).tree()) == canonical(sorted));
        assert_eq!(canonical(r#"{"z":{"y":[[],[{}],","],"x":","},"a":2}"#).text(), r#"{"a":2,"z":{"x":",","y":[[],[{}],","]}}"#);
        let outer = CanonicalJson::parse(text.as_bytes()).unwrap();
        assert_eq!(outer.member("b"), Some("[1,-2,1.0,1000.0,true,null,{}]"));
        assert_eq!((outer.member(""), outer.member("c")), (Some("\"\""), None));
        for twice in ["{\"a\":{\"b\":1,\"b\":2}}", "{\"b\":1,\"a\":1,\"\\u0062\":2}"] {
            assert!(CanonicalJson::parse(twice.as_bytes()).is_err(), "{twice}");
        }
    }
}
