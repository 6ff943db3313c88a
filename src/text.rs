//! Text from files and services, prepared for display. It is escaped rather than stripped, because every stripper misses
//! something: ESC in its one-byte form, carriage returns, bidirectional control characters.

mod address_mask;
mod decode;
mod distinguish;
mod pattern;
mod runner_commands;
mod script;
mod spreadsheet;
mod truncate;

pub use address_mask::{AtSignReading, mask_address_secrets, masked_for_display, secret_parts};
pub use decode::{DecodedText, decode_escapes, is_coded, to_hex};
pub use distinguish::{distinguish_pair, look_alike, spell_code_points};
pub use pattern::{fits_pattern, is_pattern};
pub use runner_commands::{neutralize_output, steers_runner};
pub use script::{TextSort, host_as_read, host_in_letters, is_deceptive, to_lookup_ascii, to_lowercase_safe, with_hosts_spelled};
pub use spreadsheet::{defuse_cell, restore_cell};
pub use truncate::{TruncatedText, hosts_in_text, truncate_middle, truncate_pair};

use unicode_normalization::UnicodeNormalization;

/// Longest text of a service that is kept, in characters.
pub const LONGEST: usize = 300;

/// Whether a character may control a terminal, hide text, or look like another one: controls, everything that Unicode lets a
/// screen leave out (`Default_Ignorable_Code_Point`: marks, fillers, variation selectors, tags) and blanks other than the
/// space.
pub fn is_hostile_char(char: char) -> bool {
    (char.is_control() && char != '\t')
        || (!char.is_ascii() && char.is_whitespace())
        || matches!(char,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            // The null notehead, fillers and the format controls of hieroglyphs, which are also invisible.
            | '\u{1D159}' | '\u{16FE4}' | '\u{13430}'..='\u{13442}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a character is invisible. Blanks count as visible.
pub fn is_invisible_char(char: char) -> bool {
    is_hostile_char(char) && !char.is_whitespace()
}

/// Fewest digits of a phone number with its country code. A shorter text is a code that works inside one network.
const SHORTEST: usize = 7;

/// The compared form of a phone number: its digits. Blanks, hyphens, dots, parentheses and a missing plus sign do not change the
/// number (unpod.md 8). A text with any other character is kept as it is.
pub fn normalize_phone_number(text: &str) -> String {
    let mark = |char: char| {
        char.is_whitespace() || is_invisible_char(char) || matches!(char, '+' | '-' | '.' | '(' | ')' | '\u{2010}'..='\u{2015}')
    };
    let digits: String = text.chars().filter(|char| !mark(*char)).collect();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.trim().to_owned();
    }
    if digits.len() < SHORTEST { digits } else { format!("+{digits}") }
}

/// `+` and up to 15 digits, the first of which is not 0 (ITU-T E.164).
pub fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (SHORTEST..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Makes one line of text harmless: hostile characters, newlines too, become `\u{…}`, text that a CI runner would execute
/// is broken up, and the secret parts of addresses are hidden.
pub fn escape(text: &str) -> String {
    escape_chars(text, is_hostile_char)
}

/// Makes a text of several lines harmless: as [`escape`], but newlines are kept.
pub fn escape_multiline(text: &str) -> String {
    escape_chars(text, |char| char != '\n' && is_hostile_char(char))
}

fn escape_chars(text: &str, bad: impl Fn(char) -> bool) -> String {
    let text = masked_for_display(text);
    let text = &*with_hosts_spelled(&text);
    let mut out = String::with_capacity(text.len());
    // Lines are wrapped at blanks later, so any word may end up at the start of a line.
    let mut begins = true;
    for (at, char) in text.char_indices() {
        let command = match char {
            ':' => begins && text[at..].starts_with("::"),
            '#' => steers_runner(&text[at..]),
            _ => false,
        };
        if command || bad(char) {
            out.extend(char.escape_unicode());
        } else {
            out.push(char);
        }
        begins = char.is_whitespace();
    }
    out
}

/// The first characters of a text, with an ellipsis when something was cut off.
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A text without differences that are easily mistyped or overlooked: letter case, Unicode form (NFKC), spaces, invisible
/// characters. People consider two texts the same if their folded forms are equal.
pub fn fold_for_comparison(text: &str) -> String {
    if text.is_ascii() {
        let seen = text.chars().filter(|char| !char.is_ascii_whitespace() && !char.is_ascii_control());
        return seen.map(|char| char.to_ascii_lowercase()).collect();
    }
    let seen = |text: String| -> String { text.nfkc().filter(|char| !char.is_whitespace() && !is_hostile_char(*char)).collect() };
    // In both directions, because some letters have a distinct form in only one of the cases.
    let once = seen(seen(text.to_owned()).to_uppercase().to_lowercase());
    seen(once)
}

/// Two texts that fold to the same, each in quotes; with the code points of the differing characters, where these may
/// look the same.
pub fn quote_distinctly(a: &str, b: &str) -> (String, String) {
    let start = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let left = |text: &str| text.chars().count() - start;
    let same = a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b).count();
    let end = same.min(left(a)).min(left(b));
    let part = |text: &str| -> Vec<char> { text.chars().skip(start).take(left(text) - end).collect() };
    let (of_a, of_b) = (part(a), part(b));
    let plain = of_a.iter().chain(&of_b).all(|char| matches!(char, ' '..='~'));
    let show = |text: &str, part: &[char]| {
        let points: Vec<String> = part.iter().map(|char| format!("U+{:04X}", u32::from(*char))).collect();
        match (plain, points.is_empty()) {
            (true, _) => format!("\"{}\"", escape(text)),
            (false, true) => format!("\"{}\" (nothing there)", escape(text)),
            (false, false) => format!("\"{}\" ({})", escape(text), points.join(" ")),
        }
    };
    (show(a, &of_a), show(b, &of_b))
}

/// Fewest letters `x` in a row that hide something (unpod.md U3).
const XS: usize = 4;

/// Fewest dots in a row that hide something.
const DOTS: usize = 3;

/// Fewest stars in a row that hide something in any text; fewer may well be part of a name.
const STARS: usize = 3;

/// What a service writes where it omits something. Three typed dots count as one sign.
const SIGNS: [char; 4] = ['*', '\u{2022}', '\u{25cf}', '\u{2026}'];

/// Whether a text is shown in part only. `lightly`: a single sign, dots or a run of `x` is enough, because this text never has
/// such characters itself.
pub fn is_masked(text: &str, lightly: bool) -> bool {
    // Nearly every text is without one, and is judged without a list of its parts.
    let may_be = |byte: &u8| !byte.is_ascii() || matches!(byte, b'*' | b'.' | b'x' | b'X');
    if !text.as_bytes().iter().any(may_be) {
        return false;
    }
    if lightly {
        return visible_parts(text).len() > 1;
    }
    let mut run = 0;
    text.chars().any(|char| {
        run = if SIGNS[..3].contains(&char) { run + 1 } else { 0 };
        run >= STARS
    })
}

/// Whether a text that is shown in part may be the wanted one: the visible parts occur in it, in this order, the outer ones
/// at its ends. Signs, dots and runs of `x` match anything, of any length: a mask need not be as long as what it hides.
pub fn fits_mask(masked: &str, wanted: &str) -> bool {
    let (masked, wanted) = (masked.trim(), wanted.trim());
    let parts = visible_parts(masked);
    let [first, middle @ .., last] = parts.as_slice() else { return masked == wanted };
    let Some(mut rest) = wanted.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    true
}

/// The parts of a text between its masks; a single one when it has no mask.
fn visible_parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(next) = text[at..].chars().next() {
        let same = |other: char| other.eq_ignore_ascii_case(&next);
        let end = text[at..].find(|other| !same(other)).map_or(text.len(), |length| at + length);
        let dots = next == '.' && end - at >= DOTS;
        if SIGNS.contains(&next) || dots || (same('x') && end - at >= XS) {
            parts.push(&text[start..at]);
            start = end;
        }
        at = end;
    }
    parts.push(&text[start..]);
    parts
}

/// A word quoted for a shell.
pub fn shell_quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@=+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The message of a JSON parser, without the text that it quotes from the file.
pub fn without_quote(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(start), Some(end)) if start < end => {
            format!("{}\"…\"{}", &message[..start], &message[end + 1..])
        }
        _ => message.to_owned(),
    }
}

/// The first five of these names, and how many more there are: `a, b, c, d, e and 3 more`.
pub fn list_first_few<T: AsRef<str>>(names: &[T]) -> String {
    const MOST: usize = 5;
    let named: Vec<&str> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    let more = names.len() - named.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", named.join(", "))
}

/// A noun with its article: `a number`, `an object`; of capitals that are read one by one, `an FQDN`.
pub fn with_article(noun: &str) -> String {
    let spelled = noun.chars().nth(1).is_some_and(char::is_uppercase);
    let vowels = if spelled { "AEFHILMNORSX" } else { "aeiou" };
    let is_vowel = noun.chars().next().is_some_and(|first| vowels.contains(first));
    format!("{} {noun}", if is_vowel { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_something() {
        for text in ["AC***", "***", "sip:***@host", "\u{2022}\u{2022}\u{2022}1234"] {
            assert!(is_masked(text, false), "{text}");
        }
        for text in ["AC*1", "*", "ACxxxx12", "ACXXXX", "xXxX", "sk-\u{2026}abcd", "sk-...abcd", "\u{25cf}1234"] {
            assert!(is_masked(text, true) && !is_masked(text, false), "{text}");
        }
        for text in ["", "AC1", "Five * Hotel", "** Acme **", "xxx", "Exxon"] {
            assert!(!is_masked(text, false), "{text}");
        }
        assert!(!is_masked("AC1xxx", true) && !is_masked("", true));
    }

    #[test]
    fn a_mask_fits_what_agrees_with_its_visible_parts() {
        let sid = "AC0123456789abcdef0123456789abcdef";
        let fits = [
            "*",
            "***",
            "AC*",
            "*cdef",
            "AC**cdef",
            "ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxcdef",
            "ACXXXXcdef",
            "AC*456*9ab*ef",
            " AC****cdef ",
            "AC0123456789abcdef0123456789abcdef*",
            "AC*****xxxx",
            "AC\u{2026}cdef",
            "\u{2022}\u{2022}\u{2022}\u{2022}cdef",
            "AC...cdef",
            sid,
        ];
        for masked in fits {
            assert!(fits_mask(masked, sid), "{masked}");
        }
        for masked in ["", "AD*", "*cdee", "AC*9ab*456*9ab*456*ef", "ACxxxcdef", "ac*", "AC", &format!("*{sid}0")] {
            assert!(!fits_mask(masked, sid), "{masked}");
        }
        // Both ends must be present, not one part that serves as both.
        assert!(!fits_mask("aba*aba", "aba"));
        assert!(fits_mask("aba*aba", "abaaba"));
        assert!(fits_mask("ü*電話", "ü--電話") && !fits_mask("ü*話", "ü電"));
        assert!(fits_mask("*", "") && fits_mask("", " "));
    }

    #[test]
    fn numbers_are_compared_by_their_digits() {
        for text in ["+14155550101", "14155550101", "+1 (415) 555-0101", "1\u{a0}415.555.0101", " +1\u{2011}4155550101\u{200b}"] {
            assert_eq!(normalize_phone_number(text), "+14155550101", "{text}");
        }
        for (text, is) in [
            ("911", "911"),
            ("+911", "911"),
            ("0987654321", "+0987654321"),
            ("+0987654321", "+0987654321"),
            (" front desk ", "front desk"),
            ("1-800-FLOWERS", "1-800-FLOWERS"),
            ("+", "+"),
        ] {
            assert_eq!(normalize_phone_number(text), is);
        }
        assert!(is_e164("+14155550101") && !is_e164("14155550101") && !is_e164("+0155") && !is_e164("+12345"));
        assert!(!is_e164("+1234567890123456"));
    }

    #[test]
    fn steering_characters_are_escaped_and_plain_text_is_not() {
        assert_eq!(
            escape_multiline("a\u{1b}[31mb\r\u{9b}\u{202e}\u{200b}\u{feff}\u{2028}c\td\n"),
            "a\\u{1b}[31mb\\u{d}\\u{9b}\\u{202e}\\u{200b}\\u{feff}\\u{2028}c\td\n"
        );
        assert_eq!(escape("a\nb"), "a\\u{a}b");
        assert_eq!(escape_multiline("Grüße 電話 +1"), "Grüße 電話 +1");
    }

    #[test]
    fn what_a_runner_carries_out_is_broken_up() {
        for (text, shown) in [
            ("::error::x", r"\u{3a}:error::x"),
            ("a ::error::x", r"a \u{3a}:error::x"),
            ("a\n  ::error::x", "a\n  \\u{3a}:error::x"),
            ("a##[group]", r"a\u{23}#[group]"),
            ("###[group]", r"#\u{23}#[group]"),
            ("##VSO[x]", r"\u{23}#VSO[x]"),
            ("##teamcity[x", r"\u{23}#teamcity[x"),
        ] {
            assert_eq!(escape_multiline(text), shown);
        }
        for plain in [
            "telform::live::gone",
            "a::b",
            "## Heading",
            "#[derive]",
            "##",
            "##v",
            "##ü[",
            "12:30",
            ": :",
            "-- x",
            "a --- b",
            "----",
        ] {
            assert_eq!(escape_multiline(plain), plain);
        }
    }

    #[test]
    fn what_cannot_be_seen_or_looks_like_a_blank_is_escaped() {
        for char in ['\u{ad}', '\u{3164}', '\u{206a}', '\u{e0100}', '\u{e0041}', '\u{2003}', '\u{a0}', '\u{fe0f}', '\u{115f}'] {
            assert!(is_hostile_char(char), "{}", char.escape_unicode());
        }
        assert!(!" é電а+".chars().any(is_hostile_char));
    }

    #[test]
    fn what_people_take_for_the_same_folds_to_the_same() {
        let alike = [
            ("acme-west", "Acme-West"),
            ("acme west", "acmewest"),
            (" acme", "acme\t"),
            ("acme west", "acme\u{a0}west"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("CAFE\u{301}", "caf\u{e9}"),
            ("acme", "ac\u{200b}me"),
            ("acme", "\u{feff}acme\u{ad}"),
            ("acme1", "\u{ff41}cme\u{ff11}"),
            ("\u{df}", "SS"),
            ("office", "o\u{fb03}ce"),
            ("\u{3a3}", "\u{3c2}"),
            ("\u{212a}", "k"),
        ];
        for (a, b) in alike {
            assert_eq!(fold_for_comparison(a), fold_for_comparison(b), "{a:?} {b:?}");
        }
        for (a, b) in [("acme-west", "acme_west"), ("acme1", "acme2"), ("cafe", "caf\u{e9}"), ("", "a")] {
            assert_ne!(fold_for_comparison(a), fold_for_comparison(b), "{a:?} {b:?}");
        }
    }

    #[test]
    fn code_points_are_shown_where_two_texts_may_look_the_same() {
        let told = |a, b| {
            let (a, b) = quote_distinctly(a, b);
            format!("{a} {b}")
        };
        assert_eq!(told("acme", "Acme"), r#""acme" "Acme""#);
        assert_eq!(told("a b", "a\u{a0}b"), r#""a b" (U+0020) "a\u{a0}b" (U+00A0)"#);
        assert_eq!(told("caf\u{e9}s", "cafe\u{301}s"), "\"caf\u{e9}s\" (U+00E9) \"cafe\u{301}s\" (U+0065 U+0301)");
        assert_eq!(told("ab", "a\u{200b}b"), r#""ab" (nothing there) "a\u{200b}b" (U+200B)"#);
        assert_eq!(told("aa", "aaa"), r#""aa" "aaa""#);
        assert_eq!(told("a b", "a  b"), r#""a b" "a  b""#);
        assert_eq!(told("mainline", "Main Line"), r#""mainline" "Main Line""#);
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!(shorten(&"ü".repeat(400)).chars().count(), LONGEST + 1);
        assert_eq!(shorten("short"), "short");
    }
}
