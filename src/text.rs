//! Text from files and services, made fit to be shown. Escaping rather than stripping, because strippers each let something
//! through: ESC in its one-byte form, carriage returns, marks that turn the direction of writing.

mod apart;
mod cut;
mod veil;

pub use apart::{alike, apart, spelled_out};
pub use cut::{Cut, hosts, middle, pair};
pub use veil::{Reading, secret_parts, unsecret, veiled};

use unicode_normalization::UnicodeNormalization;

/// Longest text of a service that is kept, in characters.
pub const LONGEST: usize = 300;

/// Whether a character may steer a terminal, hide text, or look like another one: controls, everything that Unicode lets a
/// screen leave out (`Default_Ignorable_Code_Point`: marks, fillers, variation selectors, tags) and blanks other than the
/// usual one.
pub fn hostile(char: char) -> bool {
    (char.is_control() && char != '\t')
        || (!char.is_ascii() && char.is_whitespace())
        || matches!(char,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a character is drawn as nothing. Blanks are seen.
pub fn unseen(char: char) -> bool {
    hostile(char) && !char.is_whitespace()
}

/// Fewest digits of a phone number with its country code. What is shorter is a code that works inside one network.
const SHORTEST: usize = 7;

/// A phone number as it is compared: by its digits. Blanks, hyphens, dots, parentheses and a missing plus sign do not make another
/// number of it (unpod.md 8). What holds anything else is taken as it is.
pub fn number(text: &str) -> String {
    let mark = |char: char| {
        char.is_whitespace()
            || unseen(char)
            || matches!(char, '+' | '-' | '.' | '(' | ')' | '\u{2010}'..='\u{2015}')
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
        (SHORTEST..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What makes a CI runner carry out a line of a log, wherever it is in the line. A `::` does so only where a line begins.
const RUNNER_MARKS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// Whether a CI runner would carry out what begins here.
pub fn steers_runner(rest: &str) -> bool {
    let begins = |mark: &&str| rest.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    rest.starts_with("##") && RUNNER_MARKS.iter().any(begins)
}

/// Makes one line of text harmless: hostile characters, newlines too, become `\u{…}`, what a CI runner would carry out is
/// broken up, and the secret parts of addresses are hidden.
pub fn escape(text: &str) -> String {
    escaped(text, hostile)
}

/// Makes a text of several lines harmless: as [`escape`], and newlines stay.
pub fn clean(text: &str) -> String {
    escaped(text, |char| char != '\n' && hostile(char))
}

fn escaped(text: &str, bad: impl Fn(char) -> bool) -> String {
    let text = &*unsecret(text);
    let mut out = String::with_capacity(text.len());
    // Lines are wrapped at blanks later, so that any word may come to begin one.
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

/// A text without what is easily mistyped or not seen: letter case, Unicode form (NFKC), spaces, invisible characters. Two
/// texts that are the same then are taken for the same by people.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        let seen = text.chars().filter(|char| !char.is_ascii_whitespace() && !char.is_ascii_control());
        return seen.map(|char| char.to_ascii_lowercase()).collect();
    }
    let seen = |text: String| -> String {
        text.nfkc().filter(|char| !char.is_whitespace() && !hostile(*char)).collect()
    };
    // Both ways, because some letters have one form only in one of the cases.
    let once = seen(seen(text.to_owned()).to_uppercase().to_lowercase());
    seen(once)
}

/// Two texts that fold to the same, each in quotes; with the code points of what differs, where that may look the same.
pub fn told_apart(a: &str, b: &str) -> (String, String) {
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

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Fewest letters `x` in a row that hide something (unpod.md U3).
const XS: usize = 4;

/// Fewest dots in a row that hide something.
const DOTS: usize = 3;

/// Fewest stars in a row that hide something in any text; fewer may well stand in a name.
const STARS: usize = 3;

/// What a service puts where it leaves something out. Three dots are one sign of it, as typed.
const SIGNS: [char; 4] = ['*', '\u{2022}', '\u{25cf}', '\u{2026}'];

/// Whether a text is shown in part only. `lightly`: a single sign of it, dots or a run of `x` is enough to say so, because this
/// text has no such characters of its own.
pub fn is_masked(text: &str, lightly: bool) -> bool {
    if lightly {
        return visible(text).len() > 1;
    }
    let mut run = 0;
    text.chars().any(|char| {
        run = if SIGNS[..3].contains(&char) { run + 1 } else { 0 };
        run >= STARS
    })
}

/// Whether a text that is shown in part may be the wanted one: what is visible stands in it, in this order, the ends at its
/// ends. Signs, dots and runs of `x` stand for anything, of any length: nobody says that a mask is as long as what it hides.
pub fn fits_mask(masked: &str, wanted: &str) -> bool {
    let (masked, wanted) = (masked.trim(), wanted.trim());
    let parts = visible(masked);
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

/// The parts of a text between what hides something; a single one when nothing does.
fn visible(text: &str) -> Vec<&str> {
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

/// A word as a shell reads it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@=+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_something() {
        for text in ["AC***", "***", "sip:***@host", "\u{2022}\u{2022}\u{2022}1234"] {
            assert!(is_masked(text, false), "{text}");
        }
        for text in
            ["AC*1", "*", "ACxxxx12", "ACXXXX", "xXxX", "sk-\u{2026}abcd", "sk-...abcd", "\u{25cf}1234"]
        {
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
        for masked in
            ["", "AD*", "*cdee", "AC*9ab*456*9ab*456*ef", "ACxxxcdef", "ac*", "AC", &format!("*{sid}0")]
        {
            assert!(!fits_mask(masked, sid), "{masked}");
        }
        // Both ends must be there, not one part that serves as both.
        assert!(!fits_mask("aba*aba", "aba"));
        assert!(fits_mask("aba*aba", "abaaba"));
        assert!(fits_mask("ü*電話", "ü--電話") && !fits_mask("ü*話", "ü電"));
        assert!(fits_mask("*", "") && fits_mask("", " "));
    }

    #[test]
    fn numbers_are_compared_by_their_digits() {
        for text in [
            "+14155550101",
            "14155550101",
            "+1 (415) 555-0101",
            "1\u{a0}415.555.0101",
            " +1\u{2011}4155550101\u{200b}",
        ] {
            assert_eq!(number(text), "+14155550101", "{text}");
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
            assert_eq!(number(text), is);
        }
        assert!(
            is_e164("+14155550101") && !is_e164("14155550101") && !is_e164("+0155") && !is_e164("+12345")
        );
        assert!(!is_e164("+1234567890123456"));
    }

    #[test]
    fn steering_characters_are_escaped_and_plain_text_is_not() {
        assert_eq!(
            clean("a\u{1b}[31mb\r\u{9b}\u{202e}\u{200b}\u{feff}\u{2028}c\td\n"),
            "a\\u{1b}[31mb\\u{d}\\u{9b}\\u{202e}\\u{200b}\\u{feff}\\u{2028}c\td\n"
        );
        assert_eq!(escape("a\nb"), "a\\u{a}b");
        assert_eq!(clean("Grüße 電話 +1"), "Grüße 電話 +1");
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
            assert_eq!(clean(text), shown);
        }
        for plain in
            ["telform::live::gone", "a::b", "## Heading", "#[derive]", "##", "##v", "##ü[", "12:30", ": :"]
        {
            assert_eq!(clean(plain), plain);
        }
    }

    #[test]
    fn what_cannot_be_seen_or_looks_like_a_blank_is_escaped() {
        for char in [
            '\u{ad}',
            '\u{3164}',
            '\u{206a}',
            '\u{e0100}',
            '\u{e0041}',
            '\u{2003}',
            '\u{a0}',
            '\u{fe0f}',
            '\u{115f}',
        ] {
            assert!(hostile(char), "{}", char.escape_unicode());
        }
        assert!(!" é電а+".chars().any(hostile));
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
            assert_eq!(folded(a), folded(b), "{a:?} {b:?}");
        }
        for (a, b) in [("acme-west", "acme_west"), ("acme1", "acme2"), ("cafe", "caf\u{e9}"), ("", "a")] {
            assert_ne!(folded(a), folded(b), "{a:?} {b:?}");
        }
    }

    #[test]
    fn code_points_are_shown_where_two_texts_may_look_the_same() {
        let told = |a, b| {
            let (a, b) = told_apart(a, b);
            format!("{a} {b}")
        };
        assert_eq!(told("acme", "Acme"), r#""acme" "Acme""#);
        assert_eq!(told("a b", "a\u{a0}b"), r#""a b" (U+0020) "a\u{a0}b" (U+00A0)"#);
        assert_eq!(
            told("caf\u{e9}s", "cafe\u{301}s"),
            "\"caf\u{e9}s\" (U+00E9) \"cafe\u{301}s\" (U+0065 U+0301)"
        );
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
