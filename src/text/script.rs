//! Letters of several scripts in one text, and hosts that are not ASCII: text that a reader may mistake for something else.

use std::borrow::Cow;
use std::collections::BTreeSet;

use unicode_script::{Script, UnicodeScript};
use url::quirks::{domain_to_ascii, domain_to_unicode};

use super::distinguish::skeleton;
use super::spell_code_points;

/// Scripts that are used together in one text: Chinese, Japanese, Korean, each also with Latin.
/// Source: Unicode Technical Standard 39, section 5.2, "highly restrictive".
const TOGETHER: [&[Script]; 3] = [
    &[Script::Latin, Script::Han, Script::Hiragana, Script::Katakana],
    &[Script::Latin, Script::Han, Script::Bopomofo],
    &[Script::Latin, Script::Han, Script::Hangul],
];

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextSort {
    /// Words: each has one script, and two languages may appear beside each other.
    Words,
    /// One name that people compare letter by letter: a login, a mail address, a slug, a host.
    Name,
}

/// Whether a text has letters that may be mistaken for others: of scripts that are not used together, or, in a name, all of
/// another script and all similar to Latin ones.
pub fn is_deceptive(text: &str, written: TextSort) -> bool {
    if text.is_ascii() {
        return false;
    }
    match written {
        TextSort::Words => text.split(|char: char| !char.is_alphanumeric()).any(is_mixed),
        TextSort::Name => {
            is_mixed(text) || text.chars().any(|char| !char.is_ascii() && char.is_alphabetic()) && skeleton(text).is_ascii()
        }
    }
}

fn is_mixed(text: &str) -> bool {
    let all = text.chars().map(|char| char.script());
    let scripts: BTreeSet<&str> = all
        .clone()
        .filter(|script| !matches!(script, Script::Common | Script::Inherited | Script::Unknown))
        .map(|script| script.short_name())
        .collect();
    let fits = |together: &&[Script]| scripts.iter().all(|name| together.iter().any(|script| script.short_name() == *name));
    scripts.len() > 1 && !TOGETHER.iter().any(fits)
}

/// A text in lower case, in which no letter of another alphabet becomes an ASCII one: the Kelvin sign would become a `k`.
pub fn to_lowercase_safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char.to_lowercase().all(|lower| lower.is_ascii()) && !char.is_ascii() {
            true => out.push(char),
            false => out.extend(char.to_lowercase()),
        }
    }
    out
}

/// A host as it is looked up, with its decoded form where it holds encoded letters.
pub fn host_as_read(host: &str) -> String {
    reads_as(host).map_or_else(|| host.to_owned(), |read| format!("{host} (host reads as {read})"))
}

/// A host in its decoded form.
pub fn host_in_letters(host: &str) -> String {
    domain_to_unicode(host)
}

/// The decoded form of an encoded host.
fn reads_as(host: &str) -> Option<String> {
    if !host.to_ascii_lowercase().split('.').any(|label| label.starts_with("xn--")) {
        return None;
    }
    Some(domain_to_unicode(host)).filter(|read| !read.is_empty() && !read.is_ascii())
}

/// A text whose hosts are written as they are looked up, each with its decoded form.
pub fn with_hosts_spelled(text: &str) -> Cow<'_, str> {
    if !text.contains("://") || text.is_ascii() && !text.to_ascii_lowercase().contains("xn--") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        // Another address in the same word is handled separately.
        let next = tail.find("://").unwrap_or(tail.len());
        let ends = |char: char| char.is_whitespace() || "\"'<>`".contains(char);
        let word = tail[..next].find(ends).unwrap_or(next);
        let authority = tail[..word].find(['/', '?', '#', '\\', ',', ';', ')', ']', '}']).unwrap_or(word);
        let login = tail[..authority].rfind('@').map_or(0, |at| at + 1);
        let host = tail[login..authority].split(':').next().unwrap_or_default();
        let path = &tail[login + host.len()..word];
        out.push_str(&tail[..login]);
        let shown = to_lookup_ascii(host);
        out.push_str(&shown);
        out.push_str(path);
        rest = &tail[login + host.len() + path.len()..];
        if let Some(read) = reads_as(&shown).filter(|_| !rest.starts_with(" (host reads as ")) {
            out.push_str(&format!(" (host reads as {read})"));
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A host in ASCII; a host that no lookup accepts is spelled out.
pub fn to_lookup_ascii(host: &str) -> Cow<'_, str> {
    if host.is_ascii() {
        return Cow::Borrowed(host);
    }
    let ascii = domain_to_ascii(host);
    Cow::Owned(if ascii.is_empty() { spell_code_points(host) } else { ascii })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_together_deceives_nobody() {
        for text in [
            "Füße GmbH",
            "Café Москва",
            "株式会社Acmeサービス",
            "東京支店ひがし",
            "서울 Acme 支社",
            "ㄅㄆ注音Acme",
            "Ελλάδα",
            "Łódź №1",
            "5 Ω",
            "نص",
            "Acme-Москва",
            "",
        ] {
            assert!(!is_deceptive(text, TextSort::Words), "{text}");
        }
        for text in ["東京acme", "müller", "acme-1", "ops@füße.example", "москва"] {
            assert!(!is_deceptive(text, TextSort::Name), "{text}");
        }
    }

    #[test]
    fn what_mixes_letters_or_looks_latin_throughout_is_found() {
        for text in ["\u{430}cme", "Acm\u{435} GmbH", "Αcme", "ac\u{4bb}e", "Ꭺcme", "東\u{430}"] {
            assert!(is_deceptive(text, TextSort::Words), "{text}");
        }
        for text in [
            "\u{441}\u{43e}\u{441}\u{43e}",
            "\u{441}\u{43e}\u{441}\u{43e}-1",
            "acme-Москва",
            "\u{ff41}cme",
            "ops@\u{430}cme.example",
        ] {
            assert!(is_deceptive(text, TextSort::Name), "{text}");
        }
    }

    #[test]
    fn lower_case_makes_no_letter_of_ascii_of_another_one() {
        assert_eq!(to_lowercase_safe("LIVEKIT \u{c4}\u{416}"), "livekit \u{e4}\u{436}");
        assert_eq!(to_lowercase_safe("LIVE\u{212a}IT"), "live\u{212a}it");
    }

    #[test]
    fn hosts_are_written_as_they_are_looked_up() {
        for (text, shown) in [
            ("https://\u{430}pple.example/x", "https://xn--pple-43d.example/x (host reads as \u{430}pple.example)"),
            (
                "see https://\u{430}.example:8443/x?y and more",
                "see https://xn--80a.example:8443/x?y (host reads as \u{430}.example) and more",
            ),
            ("https://XN--80a.example/", "https://XN--80a.example/ (host reads as \u{430}.example)"),
            ("https://u@\u{ff45}vil.example", "https://u@evil.example"),
            ("https://a\u{3002}example/x", "https://a.example/x"),
            ("https://a.example/\u{fc}", "https://a.example/\u{fc}"),
            ("Füße GmbH", "Füße GmbH"),
            ("https://a.example", "https://a.example"),
        ] {
            assert_eq!(with_hosts_spelled(text), shown, "{text}");
            assert_eq!(with_hosts_spelled(shown), shown, "spelled once is spelled");
        }
        let long = "https://\u{430}".repeat(50_000);
        assert!(with_hosts_spelled(&long).len() >= long.len());
    }
}
