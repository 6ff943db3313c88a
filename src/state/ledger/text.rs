//! What other programs do to the files beside a ledger: version control and editors rewrite them, and messages name the cause.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::model::value::{AnyValueSeed, CompositeVisitor};

/// What is not as telform wrote it, and what to do about it. `PATH` is a placeholder for the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RewriteFinding {
    /// What was found.
    pub reason: String,
    /// What to do.
    pub help: &'static str,
}

const ATTRIBUTES: &str = "`.telform/* -text merge=binary` in .gitattributes keeps git from it (`telform init` writes that)";

/// How a file was rewritten, when its bytes say so.
pub fn find_rewrite(bytes: &[u8]) -> Option<RewriteFinding> {
    let found = |why: String, help| Some(RewriteFinding { reason: why, help });
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return found(
            "it starts with a byte order mark, which an editor added".to_owned(),
            "save it as UTF-8 without a byte order mark, or restore it from version control",
        );
    }
    let marks: [&[u8]; 4] = [b"<<<<<<< ", b"||||||| ", b"=======", b">>>>>>> "];
    let is_mark = |line: &[u8]| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        marks.iter().any(|mark| if mark.ends_with(b" ") { line.starts_with(mark) } else { line == *mark })
    };
    if let Some(at) = bytes.split(|byte| *byte == b'\n').position(is_mark) {
        return found(
            format!("line {} is a conflict marker: the file contains both sides of a merge", at + 1),
            "keep the newer side completely, with `git checkout --ours -- PATH` or `git checkout --theirs -- PATH`; never mix the sides",
        );
    }
    if bytes.contains(&b'\r') && bytes.windows(2).any(|pair| pair == b"\r\n") {
        return found(
            "its lines end with CR LF: git or an editor rewrote it".to_owned(),
            "turn its line ends back to LF (`sed -i 's/\\r$//' PATH`)",
        );
    }
    None
}

impl RewriteFinding {
    /// What to do, with the file's name.
    pub fn help(&self, path: &str) -> String {
        format!("{}; {ATTRIBUTES}", self.help.replace("PATH", path))
    }
}

/// The first key that appears twice in one map of a JSON text; `None` where no key does, or the text is not JSON.
pub(super) fn doubled_key(text: &str) -> Option<String> {
    let error = UniqueKeysSeed.deserialize(&mut serde_json::Deserializer::from_str(text)).err()?.to_string();
    let (_, rest) = error.split_once(TWICE)?;
    Some(rest.split(" at line ").next().unwrap_or(rest).to_owned())
}

const TWICE: &str = "appears twice: ";

/// Any JSON in which no map has a key twice.
#[derive(Clone, Copy)]
struct UniqueKeysSeed;

impl<'de> DeserializeSeed<'de> for UniqueKeysSeed {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        AnyValueSeed(self).deserialize(deserializer).map(drop)
    }
}

impl<'de> CompositeVisitor<'de> for UniqueKeysSeed {
    type Out = ();

    fn read_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<()>, A::Error> {
        let mut keys: Vec<Cow<'de, str>> = Vec::new();
        while let Some(key) = entries.next_key_seed(KeyName)? {
            keys.push(key);
            entries.next_value_seed(self)?;
        }
        // telform writes them in order, so a ledger that it wrote needs no sorting.
        if !keys.is_sorted_by(|a, b| a < b) {
            keys.sort_unstable();
            if let Some([twice, _]) = keys.array_windows().find(|[a, b]| a == b) {
                return Err(A::Error::custom(format!("{TWICE}{twice}")));
            }
        }
        Ok(None)
    }

    fn read_list<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<()>, A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(None)
    }
}

/// A key, borrowed from the text where possible.
struct KeyName;

impl<'de> DeserializeSeed<'de> for KeyName {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeyName {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_made_of_a_file_is_said() {
        for (text, words) in [
            ("\u{feff}{}\n", "byte order mark"),
            ("{\n<<<<<<< HEAD\n  1\n=======\n  2\n>>>>>>> other\n}\n", "line 2 is a conflict marker"),
            ("{\r\n<<<<<<< HEAD\r\n}", "is a conflict marker"),
            ("{\r\n}\r\n", "CR LF"),
        ] {
            let found = find_rewrite(text.as_bytes()).expect(text);
            assert!(found.reason.contains(words), "{found:?}");
            assert!(!found.help("a/ledger.json").contains("PATH"));
        }
        for plain in ["{}\n", "{ \"a\": \"=======\" }\n", ""] {
            assert_eq!(find_rewrite(plain.as_bytes()), None, "{plain}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_found_at_any_depth() {
        for (text, key) in [
            (r#"{"a":1,"a":2}"#, Some("a")),
            (r#"{"o":{"providers.x":{},"providers.x":{}}}"#, Some("providers.x")),
            (r#"[{"b":[{"c":null,"d":1.5,"c":-1}]}]"#, Some("c")),
            (r#"{"a":{"a":1},"b":["a","a"]}"#, None),
            ("no JSON", None),
        ] {
            assert_eq!(doubled_key(text).as_deref(), key, "{text}");
        }
    }
}
