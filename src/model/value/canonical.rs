//! One text per value, as the input of digests.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::io::{self, Write};
use std::ops::Range;
use std::rc::Rc;

use serde::Serialize;
use serde_json::ser::Formatter;

/// Canonical JSON (RFC 8785), but with each number as it is sent. The standard writes `1.0` as `1` and a whole number beyond 2^53
/// as its neighbour, and an approval of the one does not approve the other.
pub fn to_canonical_json(value: &impl Serialize) -> String {
    let text = SharedText::default();
    let formatter = MemberSorter { text: text.clone(), ..MemberSorter::default() };
    let written = value.serialize(&mut serde_json::Serializer::with_formatter(text.clone(), formatter));
    let bytes = if written.is_ok() { text.0.take() } else { Vec::new() };
    String::from_utf8(bytes).unwrap_or_default()
}

/// What is written, for the writer and for the formatter.
#[derive(Clone, Default)]
struct SharedText(Rc<RefCell<Vec<u8>>>);

impl Write for SharedText {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sorts the members of each object by their names when the object ends, in the text that it was written to.
#[derive(Default)]
struct MemberSorter {
    text: SharedText,
    /// The members so far of each object that has not ended.
    open: Vec<Vec<Member>>,
    /// Lists that are no longer used, and the room in which members are sorted.
    spare: Vec<Vec<Member>>,
    sorted: Vec<u8>,
}

/// Where a member is in the text, and where in it its name, which is written as a JSON text.
struct Member {
    whole: Range<usize>,
    name: Range<usize>,
}

impl Formatter for MemberSorter {
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open.push(self.spare.pop().unwrap_or_default());
        writer.write_all(b"{")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        let start = self.text.0.borrow().len();
        let member = Member { whole: start..start, name: start..start };
        if let Some(members) = self.open.last_mut() {
            members.push(member);
        }
        Ok(())
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.text.0.borrow().len();
        if let Some(member) = self.open.last_mut().and_then(|members| members.last_mut()) {
            member.name.end = end;
        }
        Ok(())
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.text.0.borrow().len();
        if let Some(member) = self.open.last_mut().and_then(|members| members.last_mut()) {
            member.whole.end = end;
        }
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let mut members = self.open.pop().unwrap_or_default();
        self.sort(&mut members);
        members.clear();
        self.spare.push(members);
        writer.write_all(b"}")
    }
}

impl MemberSorter {
    fn sort(&mut self, members: &mut [Member]) {
        let mut text = self.text.0.borrow_mut();
        let by_name = |one: &Member, other: &Member| compare_names(&text[one.name.clone()], &text[other.name.clone()]);
        if members.is_sorted_by(|one, other| by_name(one, other).is_le()) {
            return;
        }
        let mut kept = members.first().map_or(0, |first| first.whole.start);
        members.sort_by(by_name);
        let moved = members.iter().skip_while(|member| {
            let stays = member.whole.start == kept;
            kept += if stays { member.whole.len() + 1 } else { 0 };
            stays
        });
        self.sorted.clear();
        for (index, member) in moved.enumerate() {
            self.sorted.extend_from_slice(if index == 0 { b"" } else { b"," });
            self.sorted.extend_from_slice(&text[member.whole.clone()]);
        }
        text.truncate(kept);
        text.extend_from_slice(&self.sorted);
    }
}

/// The order of the standard: by UTF-16 units. The names are JSON texts.
fn compare_names(one: &[u8], other: &[u8]) -> Ordering {
    let plain = |name: &[u8]| name.iter().all(|byte| byte.is_ascii() && *byte != b'\\');
    if plain(one) && plain(other) {
        // Without the quotes: the one at the end is not less than every letter.
        let inside = |name: &[u8]| name.len().saturating_sub(1);
        return one[..inside(one)].cmp(&other[..inside(other)]);
    }
    let units = |name: &[u8]| -> Vec<u16> { serde_json::from_slice::<String>(name).unwrap_or_default().encode_utf16().collect() };
    units(one).cmp(&units(other))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn what_is_sent_apart_is_told_apart_and_nothing_else() {
        let texts = [
            "1",
            "1.0",
            "-1.0",
            "0",
            "-0.0",
            "0.0",
            "9007199254740991",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993.0",
            "18446744073709551615",
            "-9223372036854775808",
            "-9223372036854775807",
            "1e21",
            "1e-7",
            "4.5",
        ];
        let sent: BTreeSet<String> = texts.iter().map(|text| read(text).to_string()).collect();
        let told: BTreeSet<String> = texts.iter().map(|text| to_canonical_json(&json!({ "b": [read(text)] }))).collect();
        assert_eq!(sent.len(), told.len());
        // One value in other spellings.
        for (one, other) in [("1.0", "1e0"), ("1.0", "1.00"), ("10.0", "1E1"), ("0.5", "5e-1")] {
            assert_eq!(to_canonical_json(&read(one)), to_canonical_json(&read(other)));
        }
    }

    #[test]
    fn it_is_the_standard_where_both_write_the_same() {
        let text = "{\"b\": [1, -7, true, null, 9007199254740991], \"\u{fb33}\": \"\\u001f\\n\\\"/\\\\\u{7f}\u{e9}\", \"\u{1f600}\": {}, \"a\": []}";
        let value = read(text);
        let standard = serde_json_canonicalizer::to_string(&value).expect("JSON");
        assert_eq!(to_canonical_json(&value), standard);
    }

    /// Names that sort differently by bytes, by their JSON texts, or by letters than by UTF-16 units, and names that begin alike.
    const NAMES: [&str; 14] =
        ["", "a", "aa", "a!", "a\"", "a\\", "a\n", "a ", "b", "\u{7f}", "\u{e9}", "\u{fb33}", "\u{1f600}", "\u{20ac}"];

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let member = (proptest::sample::select(&NAMES[..]), inner.clone());
            prop_oneof![
                proptest::collection::vec(inner, 0..4).prop_map(Value::from),
                proptest::collection::vec(member, 0..8)
                    .prop_map(|all| all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_written_alike_is_as_the_standard_writes_it(value in values()) {
            prop_assert_eq!(to_canonical_json(&value), serde_json_canonicalizer::to_string(&value).expect("JSON"));
        }
    }
}
