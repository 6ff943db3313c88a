//! Secrets of this run in what a service returns: as they are, in another letter case, and in the encodings that programs use
//! to pass a text on. One pass over a text finds all of them, however many there are.

use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::Secret;
use crate::text::{AtSignReading, DecodedText, decode_escapes, is_coded, secret_parts, to_hex};

/// Shortest secret that is looked for inside words, in bytes. A shorter one is looked for as a whole word.
const INSIDE: usize = 8;

/// Shortest secret that is looked for at all: `1` or `on` appears in every answer.
pub(super) const SHORTEST: usize = 4;

/// How often a text is decoded: encoded text may be encoded once more on its way.
const ROUNDS: usize = 3;

/// Longest text of which each decoded byte is traced to its origin; a longer text with a secret in it is not shown at all.
const TRACED: usize = 64 * 1024;

/// Most secrets in one text that are masked one by one.
const MANY: usize = 100;

/// What to look for.
#[derive(Default)]
pub(super) struct EchoMatcher {
    substring_matcher: Option<AhoCorasick>,
    /// Short secrets: whole words in this letter case only.
    word_matcher: Option<(AhoCorasick, Vec<Vec<u8>>)>,
    /// Whether one of them holds a blank, which forms write as `+`.
    has_blank: bool,
}

impl EchoMatcher {
    /// Learns secrets. What `stated` holds is not a secret: it is public in the configuration, or a word of the service itself.
    pub(super) fn from_secrets(secrets: &[&Secret], stated: &[&str]) -> Self {
        let mut known = BTreeSet::new();
        for secret in secrets {
            collect_secret_parts(secret.reveal(), &mut known);
        }
        if known.is_empty() {
            return Self::default();
        }
        let known: Vec<String> = known.into_iter().collect();
        let raw = build_automaton(&known.iter().map(String::as_bytes).collect::<Vec<_>>());
        let mut public = vec![false; known.len()];
        for text in raw.iter().flat_map(|raw| stated.iter().map(move |text| raw.find_overlapping_iter(text))) {
            text.for_each(|found| public[found.pattern().as_usize()] = true);
        }
        let secret = known.iter().zip(public).filter(|(_, public)| !public).map(|(text, _)| text);
        let (mut inside, mut words) = (BTreeSet::new(), BTreeSet::new());
        let mut blanks = false;
        for text in secret {
            blanks |= text.contains(' ');
            let to = if text.len() < INSIDE { &mut words } else { &mut inside };
            to.extend(secret_encodings(text, text.len() >= INSIDE));
        }
        let as_bytes = |all: &BTreeSet<Vec<u8>>| build_automaton(&all.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let exact = as_bytes(&words);
        Self {
            substring_matcher: as_bytes(&inside),
            word_matcher: exact.map(|found| (found, words.into_iter().collect())),
            has_blank: blanks,
        }
    }

    /// Whether a secret may be in a part of these bytes that is not [coded](is_coded): no means that [`find`](Self::find) finds
    /// nothing in such a part.
    pub(super) fn may_be_in(&self, bytes: &[u8]) -> bool {
        let words = self.word_matcher.as_ref().map(|(words, _)| words);
        let any = |bytes: &[u8]| self.substring_matcher.iter().chain(words).any(|matcher| matcher.is_match(bytes));
        any(bytes) || self.as_form(bytes).is_some_and(|form| any(&form))
    }

    /// The ranges of secrets in a text, in order and without overlap.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.substring_matcher.is_none() && self.word_matcher.is_none() {
            return found;
        }
        self.find_in(text.as_bytes(), &mut |range| found.push(range));
        let traced = text.len() <= TRACED;
        let mut last: Option<DecodedText> = None;
        for _ in 0..ROUNDS {
            let bytes = last.as_ref().map_or(text.as_bytes(), |last| &last.bytes);
            if !is_coded(bytes) {
                break;
            }
            let mut next = decode_escapes(bytes, traced);
            if next.bytes == bytes {
                break;
            }
            let back = |view: &mut DecodedText| {
                if let Some(last) = last.as_ref().filter(|_| traced) {
                    view.offsets.iter_mut().for_each(|at| *at = last.offsets[*at]);
                }
            };
            back(&mut next);
            let form = self.as_form(bytes).map(|form| {
                let mut form = decode_escapes(&form, traced);
                back(&mut form);
                form
            });
            for view in form.iter().chain([&next]) {
                self.find_in(&view.bytes, &mut |range| {
                    let there = traced.then(|| view.offsets[range.start]..view.offsets[range.end]);
                    found.push(there.unwrap_or(0..text.len()));
                });
            }
            last = Some(next);
        }
        merge_ranges(text, found)
    }

    /// Searches bytes as they are, and as a form encodes them.
    fn find_in(&self, bytes: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        self.find_once_in(bytes, found);
        if let Some(form) = self.as_form(bytes) {
            self.find_once_in(&form, found);
        }
    }

    /// Bytes with a blank for each `+`, where that may reveal a secret.
    fn as_form(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let blank = |byte: &u8| if *byte == b'+' { b' ' } else { *byte };
        (self.has_blank && bytes.contains(&b'+')).then(|| bytes.iter().map(blank).collect())
    }

    fn find_once_in(&self, bytes: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        for hit in self.substring_matcher.iter().flat_map(|inside| inside.find_overlapping_iter(bytes)) {
            found(hit.range());
        }
        let Some((words, texts)) = &self.word_matcher else { return };
        let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        for hit in words.find_overlapping_iter(bytes) {
            let before = hit.start().checked_sub(1).map(|at| &bytes[at]);
            let alone = !before.is_some_and(in_word) && !bytes.get(hit.end()).is_some_and(in_word);
            if alone && bytes[hit.range()] == texts[hit.pattern().as_usize()] {
                found(hit.range());
            }
        }
    }
}

/// Ranges in order, adjacent ones merged, none of which splits a character.
fn merge_ranges(text: &str, mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|range| (range.start, range.end));
    let mut out: Vec<Range<usize>> = Vec::new();
    for range in found {
        let (start, end) = (text.floor_char_boundary(range.start), text.ceil_char_boundary(range.end));
        match out.last_mut() {
            Some(last) if start <= last.end => last.end = last.end.max(end),
            _ => out.push(start..end),
        }
    }
    if out.len() > MANY {
        // Marks are longer than what they represent: a text full of secrets would grow.
        return std::iter::once(0..text.len()).collect();
    }
    out
}

fn build_automaton(patterns: &[&[u8]]) -> Option<AhoCorasick> {
    if patterns.is_empty() {
        return None;
    }
    let mut builder = AhoCorasick::builder();
    builder.match_kind(MatchKind::Standard).ascii_case_insensitive(true);
    if patterns.len() > 100 {
        // With thousands of secrets, the fastest form takes hundreds of megabytes.
        builder.kind(Some(AhoCorasickKind::ContiguousNFA));
    }
    builder.build(patterns).ok()
}

/// A secret, and what in it is secret by itself: the lines of one with several, the login in an address, the password after a
/// user's name, whatever follows `Basic`.
fn collect_secret_parts(text: &str, known: &mut BTreeSet<String>) {
    let mut add = |part: &str| {
        if part.len() >= SHORTEST {
            known.insert(part.to_owned());
        }
    };
    let text = text.trim();
    add(text);
    if text.contains('\n') {
        let lines = text.lines().map(str::trim);
        return lines.filter(|line| line.len() >= 2 * INSIDE && !line.starts_with("--")).for_each(add);
    }
    let scheme = text.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("basic "));
    let coded = if scheme { text[6..].trim() } else { text };
    let login = STANDARD.decode(coded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let login = login.filter(|login| login.contains(':') && !login.contains(char::is_control));
    let inner = secret_parts(text, AtSignReading::Exact);
    let inner: Vec<String> = inner.into_iter().map(|part| text[part].to_owned()).filter(|part| part.len() >= INSIDE).collect();
    let plain = inner.is_empty().then(|| text.to_owned());
    if scheme {
        add(coded);
    }
    for part in inner.into_iter().chain(login.clone()) {
        add(&part);
        add(&String::from_utf8_lossy(&decode_escapes(part.as_bytes(), false).bytes));
    }
    for login in plain.into_iter().chain(login).chain(userinfo(text)) {
        let apart = !login.contains(char::is_whitespace) && !login.contains("//");
        if let Some((_, password)) = login.split_once(':').filter(|_| apart) {
            add(password);
        }
    }
}

/// The login of an address.
fn userinfo(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("://")?;
    let (login, _) = rest.split_once('@')?;
    (!login.contains(['/', '?', '#'])).then(|| login.to_owned())
}

/// The forms in which a secret may come back. A secret that is only escaped is found by removing the escapes.
fn secret_encodings(text: &str, long: bool) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut forms = vec![text.to_owned(), text.to_lowercase(), text.to_uppercase(), to_hex(bytes)];
    forms.push(String::from_utf8_lossy(&decode_escapes(bytes, false).bytes).into_owned());
    forms.push(STANDARD.encode(bytes));
    let engines = [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD];
    for engine in engines {
        forms.push(engine.encode(bytes));
        if long {
            // Inside a longer text the first and the last letter hold bits of their neighbours.
            for (before, unsure) in [(0, 0), (1, 2), (2, 3)] {
                let whole = engine.encode([&[0; 2][..before], bytes].concat());
                let sure = whole.len() - usize::from(!(before + bytes.len()).is_multiple_of(3));
                forms.push(whole[unsure..sure].to_owned());
            }
        }
    }
    let telling = |form: &String| form.len() >= if long { INSIDE } else { SHORTEST };
    if !long {
        forms.push(to_hex(bytes).to_uppercase());
        forms.retain(|form| !form.eq_ignore_ascii_case(text) || form == text);
    }
    forms.into_iter().filter(telling).map(String::into_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echoes(secrets: &[&str]) -> EchoMatcher {
        let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::new(text)).collect();
        EchoMatcher::from_secrets(&secrets.iter().collect::<Vec<_>>(), &[])
    }

    fn masked(echoes: &EchoMatcher, text: &str) -> String {
        let mut out = text.to_owned();
        for range in echoes.find(text).into_iter().rev() {
            out.replace_range(range, "*");
        }
        out
    }

    const TOKEN: &str = "tok-5b1f/S+cret\"Ü x";

    #[test]
    fn every_spelling_is_found() {
        let found = echoes(&[TOKEN]);
        let percent = |upper: bool| -> String {
            let one = |byte: &u8| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
            TOKEN.as_bytes().iter().map(one).collect()
        };
        let json = serde_json::to_string(TOKEN).expect("a text");
        let points: String = TOKEN.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        for form in [
            TOKEN.to_owned(),
            TOKEN.to_uppercase(),
            TOKEN.to_lowercase(),
            json[1..json.len() - 1].to_owned(),
            points.clone(),
            points.replace('\\', "\\\\"),
            percent(true),
            percent(false),
            percent(true).replace('%', "%25"),
            "tok-5b1f%2fS%2Bcret%22%C3%9c+x".to_owned(),
            "tok-5b1f/S%2Bcret\"Ü%20x".to_owned(),
            to_hex(TOKEN.as_bytes()),
            to_hex(TOKEN.as_bytes()).to_uppercase(),
            "tok-\u{200b}5b1f/S+cret\"Ü\u{e0041} x".to_owned(),
            "tok-5b1f\r\n/S+cret\"Ü x".to_owned(),
        ] {
            assert_eq!(masked(&found, &format!("ü {form} é")), "ü * é", "{form}");
        }
    }

    #[test]
    fn base64_is_found_wherever_it_begins() {
        let found = echoes(&[TOKEN]);
        for before in ["", "u", "us", "use", "user:"] {
            for after in ["", "!", "!!"] {
                let text = format!("{before}{TOKEN}{after}");
                for code in [STANDARD.encode(&text), STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                    let shown = masked(&found, &code);
                    assert!(shown.contains('*') && shown.len() < 16, "{code}: {shown}");
                    assert_eq!(masked(&found, &code.replace('=', "%3D")).matches('*').count(), 1, "{code}");
                }
            }
        }
        assert_eq!(masked(&found, &format!("Basic {}", STANDARD.encode(TOKEN))), "Basic *");
    }

    #[test]
    fn what_is_secret_inside_a_secret() {
        let login = STANDARD.encode("west:hunter2hunter2");
        let found = echoes(&[&format!("Basic {login}"), "https://ops:pa%73sword-9@a.example/x?key=0123456789"]);
        for (text, shown) in [
            ("it is hunter2hunter2", "it is *"),
            ("west:hunter2hunter2", "*"),
            (&*login, "*"),
            ("try password-9 or 0123456789", "try * or *"),
            ("https://a.example/x west ops", "https://a.example/x west ops"),
        ] {
            assert_eq!(masked(&found, text), shown);
        }
        let lines = echoes(&["-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG\n-----END KEY-----"]);
        assert_eq!(masked(&lines, "MIIBVgIBADANBgkqhkiG -----BEGIN KEY-----"), "* -----BEGIN KEY-----");
    }

    #[test]
    fn short_ones_are_words_and_shorter_ones_nothing() {
        let found = echoes(&["1", "on", "Pa55", "12345"]);
        for (text, shown) in [
            ("1 on call, 11", "1 on call, 11"),
            ("Pa55, xPa55 Pa55x pa55 (Pa55)", "*, xPa55 Pa55x pa55 (*)"),
            ("+12345", "+*"),
            ("123456", "123456"),
            ("P%615%35", "*"),
            ("UGE1NQ== 50613535", "* *"),
        ] {
            assert_eq!(masked(&found, text), shown);
        }
    }

    #[test]
    fn what_is_stated_is_no_secret() {
        let secrets = ["acme-west-login", "provider", "the-real-secret"].map(Secret::new);
        let found = EchoMatcher::from_secrets(&secrets.iter().collect::<Vec<_>>(), &["Acme-West-Login", "providers"]);
        assert_eq!(masked(&found, "acme-west-login provider the-real-secret"), "acme-west-login provider *");
    }

    #[test]
    fn what_may_be_nowhere_is_not_found_in_a_part() {
        let found = echoes(&[TOKEN, "abcdefgh", "Pa55", "a blank here"]);
        for part in ["ABCDEFGH", "xabcdefghx", "Pa55", "pa55", "a+blank+here", "UGE1NQ==", "YWJjZGVmZ2g", "", "gold", "xPa55x"] {
            let text = format!("[{part}]");
            assert!(found.may_be_in(text.as_bytes()) || found.find(part).is_empty(), "{part}");
        }
        assert!(!found.may_be_in(b"[\"gold\", \"Long Beach\", 90804]"));
        assert!(found.may_be_in(b"[\"a+Blank+here\"]") && found.may_be_in(b"{\"x\":\"Pa55\"}"));
        assert!(!EchoMatcher::default().may_be_in(b"anything"));
    }

    #[test]
    fn overlapping_and_nested_ones_leave_nothing() {
        let found = echoes(&["abcdefgh", "efghijkl", "abcdefghXYZ"]);
        assert_eq!(masked(&found, "abcdefghijkl abcdefghXYZ"), "* *");
    }

    #[test]
    fn much_text_and_many_secrets_take_no_longer_than_they_must() {
        let secrets: Vec<String> = (0..2000).map(|at| format!("sk_live_{at:05}_{at:x}abcdefghij")).collect();
        let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::new(text)).collect();
        let begun = std::time::Instant::now();
        let found = EchoMatcher::from_secrets(&secrets.iter().collect::<Vec<_>>(), &["providers"]);
        for text in ["sk_live_", "sk_live_0199", "%73k_l", "\\u0073k", "+%25", "\u{200b}"] {
            assert_eq!(found.find(&text.repeat(2_000_000 / text.len())), [0..0; 0], "{text}");
        }
        assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    }
}
