//! One text per value, as the input of digests.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use super::Value;

/// Largest whole number up to which a double represents every whole number exactly.
const MOST: u64 = (1 << 53) - 1;

/// Canonical JSON (RFC 8785), but with each number as it is sent. The standard writes `1.0` as `1` and a whole number beyond 2^53
/// as its neighbour, and an approval of the one does not approve the other.
pub fn to_canonical_json(value: &impl Serialize) -> String {
    let mut seen = NumberScan::default();
    // Most values hold whole numbers alone, and a tree takes ten times the memory of a text.
    let written = value.serialize(&mut serde_json::Serializer::with_formatter(io::sink(), &mut seen));
    if written.is_ok() && !seen.differs {
        return serde_json_canonicalizer::to_string(value).unwrap_or_default();
    }
    let mut out = String::new();
    if let Ok(value) = serde_json::to_value(value) {
        write_canonical(&value, &mut out);
    }
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_cached_key(|(key, _)| key.encode_utf16().collect::<Vec<u16>>());
            out.push('{');
            for (index, (key, item)) in entries.into_iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(item, out);
            }
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

/// Checks whether something holds a number that the standard may write differently from how it is sent.
#[derive(Default)]
struct NumberScan {
    differs: bool,
}

impl Formatter for &mut NumberScan {
    fn write_f64<W: ?Sized + Write>(&mut self, _: &mut W, _: f64) -> io::Result<()> {
        self.differs = true;
        Ok(())
    }

    fn write_f32<W: ?Sized + Write>(&mut self, _: &mut W, _: f32) -> io::Result<()> {
        self.differs = true;
        Ok(())
    }

    fn write_u64<W: ?Sized + Write>(&mut self, _: &mut W, value: u64) -> io::Result<()> {
        self.differs |= value > MOST;
        Ok(())
    }

    fn write_i64<W: ?Sized + Write>(&mut self, _: &mut W, value: i64) -> io::Result<()> {
        self.differs |= value.unsigned_abs() > MOST;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

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
        let mut written = String::new();
        write_canonical(&value, &mut written);
        assert_eq!(written, standard, "also where it is written by ourselves");
    }
}
