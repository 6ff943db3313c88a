//! Texts that differ and look the same on a screen: shown with the code points of the characters that a screen does
//! not distinguish.

use unicode_normalization::UnicodeNormalization;

use super::is_invisible_char;

/// Letters of other scripts that look like Latin ones, each before the one that it looks like.
const LOOK_ALIKE: &str = "\u{430}a\u{435}e\u{43e}o\u{440}p\u{441}c\u{445}x\u{443}y\u{456}i\u{458}j\u{455}s\u{4bb}h\u{410}A\u{412}B\u{415}E\
    \u{41a}K\u{41c}M\u{41d}H\u{41e}O\u{420}P\u{421}C\u{422}T\u{425}X\u{405}S\u{406}I\u{408}J\u{391}A\u{392}B\u{395}E\u{396}Z\u{397}H\
    \u{399}I\u{39a}K\u{39c}M\u{39d}N\u{39f}O\u{3a1}P\u{3a4}T\u{3a5}Y\u{3a7}X\u{3bf}o\u{3bd}v\u{131}i";

/// Two texts prepared for display beside each other, so that their difference is visible.
pub fn distinguish_pair(a: String, b: String) -> (String, String) {
    if look_alike(&a, &b) { (spell_code_points(&a), spell_code_points(&b)) } else { (a, b) }
}

/// Whether two different texts look the same.
pub fn look_alike(a: &str, b: &str) -> bool {
    a != b && !(a.is_ascii() && b.is_ascii()) && skeleton(a) == skeleton(b)
}

/// A text in which every character that a screen may not distinguish is written as its code point.
pub fn spell_code_points(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_ascii() {
            out.push(char);
        } else {
            out.extend(char.escape_unicode());
        }
    }
    out
}

/// The visible part of a text for a reader.
pub(super) fn skeleton(text: &str) -> String {
    let seen = text.chars().filter(|char| !is_invisible_char(*char)).nfkc();
    seen.map(|char| if char.is_whitespace() { ' ' } else { plain_char(char) }).collect()
}

fn plain_char(char: char) -> char {
    let mut letters = LOOK_ALIKE.chars();
    while let (Some(other), Some(latin)) = (letters.next(), letters.next()) {
        if other == char {
            return latin;
        }
    }
    char
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_is_spelled_out() {
        for (a, b, shown) in [
            ("Caf\u{e9}", "Cafe\u{301}", ("Caf\\u{e9}", "Cafe\\u{301}")),
            ("a b", "a\u{a0}b", ("a b", "a\\u{a0}b")),
            ("ab", "a\u{ad}b", ("ab", "a\\u{ad}b")),
            ("acme", "\u{430}cme", ("acme", "\\u{430}cme")),
            ("\u{212b}", "\u{c5}", ("\\u{212b}", "\\u{c5}")),
        ] {
            assert_eq!(distinguish_pair(a.to_owned(), b.to_owned()), (shown.0.to_owned(), shown.1.to_owned()));
        }
        for (a, b) in [("M\u{fc}ller", "Mueller"), ("a", "b"), ("\u{e9}", "\u{e9}"), ("a b", "a  b")] {
            assert_eq!(distinguish_pair(a.to_owned(), b.to_owned()), (a.to_owned(), b.to_owned()));
        }
    }
}
