//! Secrets inside values: a login or a query in an address, a value that comes from a secret source. A mark stands in their
//! place from the moment they are read, so that nothing that is shown or kept can hold them; a keyed print in it tells two of
//! them apart, and the HTTP edge puts the text back.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::{Packed, Secret, Value};
use crate::text::{is_masked, unsecret};

/// Digits of a print.
const PRINT: usize = 12;
/// What stands before a print.
const HEAD: &str = "hidden:";
/// What stands there instead while a source gave nothing.
const ABSENT: &str = ", not supplied)";

/// The texts behind marks that were made in this run.
#[derive(Clone, Default)]
pub struct Hidden {
    known: Arc<Mutex<BTreeMap<String, Secret>>>,
    /// Each mark stands for itself: a simulator is given no secret.
    sealed: bool,
}

impl Hidden {
    /// Opens nothing: what is sent in a rehearsal are the marks.
    pub fn sealed() -> Self {
        Self { sealed: true, ..Self::default() }
    }

    /// Remembers what a marked text stands for.
    pub fn keep(&self, marked: &str, text: Secret) {
        if let Ok(mut known) = self.known.lock() {
            known.insert(marked.to_owned(), text);
        }
    }

    /// What a marked text stands for.
    pub fn open(&self, marked: &str) -> Option<Secret> {
        if self.sealed {
            return Some(Secret::exact(marked));
        }
        self.known.lock().ok()?.get(marked).cloned()
    }

    /// Whether every mark in a value can be opened.
    pub fn knows(&self, value: &Packed) -> bool {
        let mut good = true;
        texts(value, &mut |text| good &= !is_marked(text) || self.open(text).is_some());
        good
    }

    /// Everything behind marks.
    pub fn all(&self) -> Vec<Secret> {
        self.known.lock().map(|known| known.values().cloned().collect()).unwrap_or_default()
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The mark of a text that is hidden as a whole.
pub fn mark(print: &str) -> String {
    format!("({HEAD}{print})")
}

/// The mark of a value that comes from a source; without a print while the source gives nothing.
pub fn from_source(source: &str, print: Option<&str>) -> String {
    print.map_or_else(|| format!("({source}{ABSENT}"), |print| format!("({source}, {HEAD}{print})"))
}

/// Where the prints of a text begin and end.
fn prints(text: &str) -> impl Iterator<Item = (usize, usize)> {
    text.match_indices(HEAD).filter_map(|(at, _)| {
        let start = at + HEAD.len();
        let digits = text.get(start..start + PRINT)?;
        let good = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        (good && text[start + PRINT..].starts_with(')')).then_some((start, start + PRINT))
    })
}

/// Whether a mark stands in a text.
pub fn is_marked(text: &str) -> bool {
    is_absent(text) || prints(text).next().is_some()
}

/// Whether a text is the mark of a source that gave nothing.
pub fn is_absent(text: &str) -> bool {
    text.starts_with('(') && text.ends_with(ABSENT)
}

/// The mark of a value from a source without the source: for comparing it with what a service shows.
pub fn without_source(text: &str) -> Option<String> {
    let (start, end) = prints(text).last().filter(|(_, end)| end + 1 == text.len())?;
    let sourced = text.starts_with('(') && text[..start].ends_with(&format!(", {HEAD}"));
    sourced.then(|| mark(&text[start..end]))
}

/// A text without its prints, which differ from key to key: for a digest that everybody can compute.
pub fn without_prints(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in prints(text) {
        let head = start - HEAD.len();
        let bare = text[from..head].ends_with(", ");
        out.push_str(&text[from..if bare { head - 2 } else { start - 1 }]);
        from = end;
    }
    out.push_str(&text[from..]);
    out.replace(ABSENT, ")")
}

/// Texts in a value, however deep.
pub fn texts<'a>(value: &'a Packed, found: &mut dyn FnMut(&'a str)) {
    match value {
        Packed::Text(text) => found(text),
        Packed::List(items) => items.iter().for_each(|item| texts(item, found)),
        Packed::Map(entries) => entries.iter().for_each(|(_, item)| texts(item, found)),
        Packed::Null | Packed::Bool(_) | Packed::Number(_) => {}
    }
}

/// Whether a mark stands anywhere in a value.
pub fn holds_mark(value: &Packed) -> bool {
    let mut marked = false;
    texts(value, &mut |text| marked |= is_marked(text));
    marked
}

/// Whether one of the texts in a value is this one.
pub fn holds_text(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Array(items) => items.iter().any(|item| holds_text(item, wanted)),
        Value::Object(map) => map.values().any(|item| holds_text(item, wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A value with its texts changed; `None` leaves one as it is. `part` is the key at the top of a map.
pub fn mapped(value: &Packed, part: &str, change: &dyn Fn(&str, &str) -> Option<String>) -> Packed {
    match value {
        Packed::Text(text) => change(part, text).map_or_else(|| value.clone(), Packed::from),
        Packed::List(items) => Packed::List(items.iter().map(|item| mapped(item, part, change)).collect()),
        Packed::Map(entries) => {
            let top = part.is_empty();
            let entry = |(key, item): &(smol_str::SmolStr, Packed)| {
                (key.clone(), mapped(item, if top { key } else { part }, change))
            };
            Packed::Map(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    }
}

/// Whether an address in a text holds a login, or a query that names a key.
pub fn holds_login(text: &str) -> bool {
    let veil = unsecret(text);
    let keys = ["token", "key", "secret", "sig", "signature", "password", "auth", "code"];
    let named = |pair: &str| {
        pair.split_once("=(hidden)").is_some_and(|(name, _)| {
            let name = name.rsplit(['?', '&']).next().unwrap_or_default().to_ascii_lowercase();
            keys.iter().any(|key| name.contains(key))
        })
    };
    veil.contains("(hidden)@") || veil.split_inclusive("(hidden)").any(named)
}

/// Beginnings of keys and tokens that services give out.
const BEGINNINGS: [&str; 16] = [
    "sk_",
    "pk_",
    "rk_",
    "sk-",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
    "whsec_",
    "-----BEGIN",
];

/// Shortest text without a known beginning that may be a token by itself.
const LONG: usize = 24;

/// What the mark of a secret says that a service shows in part.
pub const IN_PART: &str = "shown in part";

/// Whether a text is the mark of a secret that a service shows in part.
pub fn is_in_part(text: &str) -> bool {
    text.strip_prefix('(').is_some_and(|text| text.starts_with(IN_PART))
}

/// Whether a text is a secret of which a service shows a part only: `sk-…abcd`, `****1234`.
pub fn in_part(text: &str) -> bool {
    // A single star may well stand in a text of its own.
    let shown = || is_masked(text, false) || is_masked(&text.replace('*', ""), true);
    !text.contains(char::is_whitespace) && !text.contains("//") && shown()
}

/// Whether a text looks like a key, a token or a password.
pub fn looks_secret(text: &str) -> bool {
    let text = text.trim();
    let scheme = |word: &str| {
        text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && text.len() > word.len() + 3
    };
    if ["Bearer ", "Basic ", "Token ", "Digest "].iter().any(|word| scheme(word)) {
        return true;
    }
    if BEGINNINGS.iter().any(|start| text.starts_with(start) && text.len() >= start.len() + 8) {
        return true;
    }
    let token =
        |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '+' | '/' | '=' | '.' | '~');
    let is_uuid = text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let has = |test: fn(&char) -> bool| text.chars().any(|char| test(&char));
    let mixed = has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    let words = text.split(['_', '-', '.', '/', '=', '+', '~']).all(|word| {
        word.len() < 12
            || word.bytes().all(|byte| byte.is_ascii_digit())
            || word.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    text.len() >= LONG && text.chars().all(token) && mixed && !is_uuid && !words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks() {
        let (whole, url) = (mark("0123456789ab"), "https://h.example/?k=(hidden:0123456789ab)");
        let (given, absent) = (from_source("env A", Some("0123456789ab")), from_source("env A", None));
        assert_eq!(without_source(&given).as_deref(), Some(whole.as_str()));
        assert!(
            [&*whole, url, &given, &absent].into_iter().all(is_marked)
                && is_absent(&absent)
                && !is_absent(&given)
        );
        assert_eq!(
            (without_source(url), without_source(&whole), without_source(&absent)),
            (None, None, None)
        );
        for text in ["(hidden:0123456789aX)", "hidden:", "(hidden)", "not supplied)", "(env A)"] {
            assert!(!is_marked(text), "{text}");
        }
        let all = format!("{whole} {url} {given} {absent} hidden:x");
        assert_eq!(without_prints(&all), "(hidden) https://h.example/?k=(hidden) (env A) (env A) hidden:x");
    }

    #[test]
    fn what_looks_like_a_token() {
        for text in [
            "Bearer abcdef",
            "basic dXNlcjpwYXNz",
            "sk_live_abcdefgh",
            "ghp_abcdefgh12345678",
            "eyJhbGciOiJIUzI1NiJ9.e30.x",
            "AKIAIOSFODNN7EXAMPLE",
            "9f86d081884c7d659a2feaa0c55ad015",
            "dGhpcyBpcyBhIHRva2VuIDEyMw==",
        ] {
            assert!(looks_secret(text), "{text}");
        }
        for text in [
            "gold",
            "3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410",
            "https://hooks.acme.example/sms",
            "a text of several words 123",
            "2026-11-28T22:00:00.000Z",
            "acme-west-2-customer-4711-x",
            "15162065574",
            "Bearer",
        ] {
            assert!(!looks_secret(text), "{text}");
        }
    }
}
