//! Secrets inside values: a login or a query in an address, a value that comes from a secret source. A mark replaces them
//! from the moment they are read, so that nothing that is shown or kept can hold them; a keyed print in it distinguishes two
//! of them, and the HTTP layer restores the text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::echo::EchoMatcher;
use super::{CompactValue, Secret};
use crate::text::{is_masked, masked_for_display};

/// Digits of a print.
const PRINT: usize = 12;
/// What precedes a print.
const HEAD: &str = "hidden:";
/// What replaces the print while a source returns nothing.
const ABSENT: &str = ", not supplied)";

/// Makes the print of a text.
type PrintFn = dyn Fn(&str) -> String + Send + Sync;

/// Most bytes of texts with an echo that can be restored; what a service shows beyond that is still masked.
const MOST_ECHOES: usize = 32 * 1024 * 1024;

/// The texts behind marks that were made in this run.
#[derive(Clone, Default)]
pub struct HiddenValues {
    texts_by_mark: Arc<Mutex<BTreeMap<String, Secret>>>,
    /// Each mark is sent as it is: a simulator receives no secret.
    opens_nothing: bool,
    print: Option<Arc<PrintFn>>,
    echoes: Arc<RwLock<Arc<EchoMatcher>>>,
    /// Bytes kept for echoes.
    kept_bytes: Arc<AtomicUsize>,
}

impl HiddenValues {
    /// A value whose prints are made with this function.
    pub fn with_print(print: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self { print: Some(Arc::new(print)), ..Self::default() }
    }

    /// From now on these secrets, and what the configuration takes from sources for values, are looked for in what services
    /// return. `stated`: the texts that are public in the configuration.
    pub fn watch_secrets<'a>(&self, secrets: impl Iterator<Item = &'a Secret>, stated: &[&str]) {
        if self.opens_nothing {
            return;
        }
        let sourced: Vec<Secret> = self.texts_by_mark.lock().map_or_else(
            |_| Vec::new(),
            |known| known.iter().filter(|(mark, _)| is_sourced(mark)).map(|(_, text)| text.clone()).collect(),
        );
        let mut all: Vec<&Secret> = secrets.collect();
        all.extend(&sourced);
        let echoes = Arc::new(EchoMatcher::from_secrets(&all, stated));
        *self.echoes.write().unwrap_or_else(PoisonError::into_inner) = echoes;
    }

    fn echo_matcher(&self) -> Arc<EchoMatcher> {
        Arc::clone(&self.echoes.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A text without the secrets of this run in it; `None` when it holds none. `mark` makes the replacement of each.
    /// Whether a secret may be in an uncoded part of these bytes: of nearly all answers one look says that none is.
    pub fn may_hold_secret(&self, bytes: &[u8]) -> bool {
        self.echo_matcher().may_be_in(bytes)
    }

    fn without_echoes(&self, text: &str, mark: &dyn Fn(&str) -> String) -> Option<String> {
        let found = self.echo_matcher().find(text);
        if found.is_empty() {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for range in &found {
            out.push_str(&text[from..range.start]);
            out.push_str(&mark(&text[range.clone()]));
            from = range.end;
        }
        out.push_str(&text[from..]);
        Some(out)
    }

    /// The same for a text that is only shown.
    pub fn mask_secrets(&self, text: &str) -> Option<String> {
        self.without_echoes(text, &|_| super::MASK.to_owned())
    }

    /// The same with marks in place of the secrets, behind which the text is kept.
    pub fn replace_with_marks(&self, text: &str) -> Option<String> {
        let print = |part: &str| match &self.print {
            Some(print) => print(part),
            None => "0".repeat(PRINT),
        };
        let marked = self.without_echoes(text, &|part| from_source(ECHO, Some(&print(part))))?;
        if self.kept_bytes.fetch_add(text.len(), Ordering::Relaxed) <= MOST_ECHOES {
            self.keep(&marked, Secret::from_exact(text));
        }
        Some(marked)
    }

    /// Opens nothing: a rehearsal sends the marks.
    pub fn new_sealed() -> Self {
        Self { opens_nothing: true, ..Self::default() }
    }

    /// Remembers the text behind a marked text.
    pub fn keep(&self, marked: &str, text: Secret) {
        if let Ok(mut known) = self.texts_by_mark.lock() {
            known.insert(marked.to_owned(), text);
        }
    }

    /// The text behind a marked text.
    pub fn open(&self, marked: &str) -> Option<Secret> {
        if self.opens_nothing {
            return Some(Secret::from_exact(marked));
        }
        self.texts_by_mark.lock().ok()?.get(marked).cloned()
    }

    /// Whether every mark in a value can be opened.
    pub fn can_open_all(&self, value: &CompactValue) -> bool {
        let mut good = true;
        for_each_text(value, &mut |text| good &= !is_marked(text) || self.open(text).is_some());
        good
    }

    /// Everything behind marks.
    pub fn all_secrets(&self) -> Vec<Secret> {
        self.texts_by_mark.lock().map(|known| known.values().cloned().collect()).unwrap_or_default()
    }
}

impl fmt::Debug for HiddenValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The mark of a text that is hidden as a whole.
pub fn format_mark(print: &str) -> String {
    format!("({HEAD}{print})")
}

/// The mark of a value that comes from a source; without a print while the source returns nothing.
pub fn from_source(source: &str, print: Option<&str>) -> String {
    print.map_or_else(|| format!("({source}{ABSENT}"), |print| format!("({source}, {HEAD}{print})"))
}

/// Where the prints of a text begin and end.
fn print_ranges(text: &str) -> impl Iterator<Item = (usize, usize)> {
    // Each ends with a bracket, and few texts have one.
    let text = if text.as_bytes().contains(&b')') { text } else { "" };
    text.match_indices(HEAD).filter_map(move |(at, _)| {
        let start = at + HEAD.len();
        let digits = text.get(start..start + PRINT)?;
        let good = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        (good && text[start + PRINT..].starts_with(')')).then_some((start, start + PRINT))
    })
}

/// Whether a text holds a mark.
pub fn is_marked(text: &str) -> bool {
    is_absent(text) || print_ranges(text).next().is_some()
}

/// Whether a text is the mark of a source that returned nothing.
pub fn is_absent(text: &str) -> bool {
    text.starts_with('(') && text.ends_with(ABSENT)
}

/// The mark of a value from a source without the source: for comparing it with what a service shows.
pub fn without_source(text: &str) -> Option<String> {
    let (start, end) = print_ranges(text).last().filter(|(_, end)| end + 1 == text.len())?;
    let sourced = text.starts_with('(') && text[..start].ends_with(&format!(", {HEAD}"));
    sourced.then(|| format_mark(&text[start..end]))
}

/// A text without its prints, which differ from key to key: for a digest that anyone can compute.
pub fn without_prints(text: &str) -> Cow<'_, str> {
    let mut prints = print_ranges(text).peekable();
    if prints.peek().is_none() && !text.contains(ABSENT) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in prints {
        let head = start - HEAD.len();
        let bare = text[from..head].ends_with(", ");
        out.push_str(&text[from..if bare { head - 2 } else { start - 1 }]);
        from = end;
    }
    out.push_str(&text[from..]);
    Cow::Owned(out.replace(ABSENT, ")"))
}

/// Texts in a value, however deep.
pub fn for_each_text<'a>(value: &'a CompactValue, found: &mut dyn FnMut(&'a str)) {
    match value {
        CompactValue::Text(text) => found(text),
        CompactValue::List(items) => items.iter().for_each(|item| for_each_text(item, found)),
        CompactValue::Map(entries) => entries.iter().for_each(|(_, item)| for_each_text(item, found)),
        CompactValue::Null | CompactValue::Bool(_) | CompactValue::Number(_) => {}
    }
}

/// The same, with the names of its maps.
pub fn all_texts<'a>(value: &'a CompactValue, found: &mut dyn FnMut(&'a str)) {
    match value {
        CompactValue::List(items) => items.iter().for_each(|item| all_texts(item, found)),
        CompactValue::Map(entries) => entries.iter().for_each(|(key, item)| {
            found(key);
            all_texts(item, found);
        }),
        other => for_each_text(other, found),
    }
}

/// Whether a value holds a mark anywhere.
pub fn holds_mark(value: &CompactValue) -> bool {
    let mut marked = false;
    for_each_text(value, &mut |text| marked |= is_marked(text));
    marked
}

/// Whether one of the texts in a value is this one.
pub fn holds_text(value: &CompactValue, wanted: &str) -> bool {
    let mut held = false;
    for_each_text(value, &mut |text| held |= text == wanted);
    held
}

/// A value with its texts changed; `None` leaves one as it is. `part` is the key at the top of a map.
pub fn map_texts(value: &CompactValue, part: &str, change: &dyn Fn(&str, &str) -> Option<String>) -> CompactValue {
    match value {
        CompactValue::Text(text) => change(part, text).map_or_else(|| value.clone(), CompactValue::from),
        CompactValue::List(items) => CompactValue::List(items.iter().map(|item| map_texts(item, part, change)).collect()),
        CompactValue::Map(entries) => {
            let top = part.is_empty();
            let entry = |(key, item): &(smol_str::SmolStr, CompactValue)| {
                (key.clone(), map_texts(item, if top { key } else { part }, change))
            };
            CompactValue::Map(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    }
}

/// Whether an address in a text holds a login, or a query that names a key.
pub fn holds_login(text: &str) -> bool {
    let veil = masked_for_display(text);
    let keys = ["token", "key", "secret", "sig", "signature", "password", "auth", "code"];
    let named = |pair: &str| {
        pair.split_once("=(hidden)").is_some_and(|(name, _)| {
            let name = name.rsplit(['?', '&']).next().unwrap_or_default().to_ascii_lowercase();
            keys.iter().any(|key| name.contains(key))
        })
    };
    veil.contains("(hidden)@") || veil.split_inclusive("(hidden)").any(named)
}

/// Prefixes of keys and tokens that services issue.
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

/// Shortest text without a known prefix that may be a token.
const LONG: usize = 24;

/// What the mark says of a secret that a service shows where it does not belong.
pub const ECHO: &str = "a secret of yours";

/// Whether a text holds such a mark.
pub fn holds_echo(text: &str) -> bool {
    print_ranges(text).any(|(start, _)| {
        text[..start - HEAD.len()]
            .strip_suffix(", ")
            .is_some_and(|before| before.strip_suffix(ECHO).is_some_and(|before| before.ends_with('(')))
    })
}

/// Whether a value holds one anywhere, also in the names of a map.
pub fn contains_echo(value: &CompactValue) -> bool {
    let mut any = false;
    all_texts(value, &mut |text| any |= holds_echo(text));
    any
}

/// Whether a mark is that of a value from a source of the configuration.
fn is_sourced(mark: &str) -> bool {
    without_source(mark).is_some() && !is_in_part(mark) && !holds_echo(mark)
}

/// What the mark says of a secret that a service shows in part.
pub const IN_PART: &str = "shown in part";

/// Whether a text is the mark of a secret that a service shows in part.
pub fn is_in_part(text: &str) -> bool {
    text.strip_prefix('(').is_some_and(|text| text.starts_with(IN_PART))
}

/// Whether a text is a secret of which a service shows a part only: `sk-…abcd`, `****1234`.
pub fn in_part(text: &str) -> bool {
    // A single star may well be part of an ordinary text.
    let stars = text.contains('*');
    let rest = || if stars { Cow::Owned(text.replace('*', "")) } else { Cow::Borrowed(text) };
    let shown = || is_masked(text, false) || is_masked(&rest(), true);
    !text.contains(char::is_whitespace) && !text.contains("//") && shown()
}

/// Whether a text looks like a key, a token or a password.
pub fn looks_secret(text: &str) -> bool {
    let text = text.trim();
    let scheme =
        |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)) && text.len() > word.len() + 3;
    if ["Bearer ", "Basic ", "Token ", "Digest "].iter().any(|word| scheme(word)) {
        return true;
    }
    if BEGINNINGS.iter().any(|start| text.starts_with(start) && text.len() >= start.len() + 8) {
        return true;
    }
    let token = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '+' | '/' | '=' | '.' | '~');
    let is_uuid = text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let has = |test: fn(&char) -> bool| text.chars().any(|char| test(&char));
    let is_mixed = || has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    let is_words = || {
        text.split(['_', '-', '.', '/', '=', '+', '~']).all(|word| {
            let all = |test: fn(&u8) -> bool| word.bytes().all(|byte| test(&byte));
            word.len() < 12 || all(u8::is_ascii_digit) || all(u8::is_ascii_alphabetic)
        })
    };
    text.len() >= LONG && text.chars().all(token) && is_mixed() && !is_uuid && !is_words()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks() {
        let (whole, url) = (format_mark("0123456789ab"), "https://h.example/?k=(hidden:0123456789ab)");
        let (given, absent) = (from_source("env A", Some("0123456789ab")), from_source("env A", None));
        assert_eq!(without_source(&given).as_deref(), Some(whole.as_str()));
        assert!([&*whole, url, &given, &absent].into_iter().all(is_marked) && is_absent(&absent) && !is_absent(&given));
        assert_eq!((without_source(url), without_source(&whole), without_source(&absent)), (None, None, None));
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
