//! Texts that look the same on a screen and are not: shown by the code points of what a screen does not tell apart.

use unicode_normalization::UnicodeNormalization;

use super::unseen;

/// Letters of other scripts that look like Latin ones, each before the one that it looks like.
const LOOK_ALIKE: &str = "\u{430}a\u{435}e\u{43e}o\u{440}p\u{441}c\u{445}x\u{443}y\u{456}i\u{458}j\u{455}s\u{4bb}h\u{410}A\u{412}B\u{415}E\
    \u{41a}K\u{41c}M\u{41d}H\u{41e}O\u{420}P\u{421}C\u{422}T\u{425}X\u{405}S\u{406}I\u{408}J\u{391}A\u{392}B\u{395}E\u{396}Z\u{397}H\
    \u{399}I\u{39a}K\u{39c}M\u{39d}N\u{39f}O\u{3a1}P\u{3a4}T\u{3a5}Y\u{3a7}X\u{3bf}o\u{3bd}v\u{131}i";

/// Two texts as they are shown beside each other. What they do not have in common is visible in them.
pub fn apart(a: String, b: String) -> (String, String) {
    if alike(&a, &b) { (spelled_out(&a), spelled_out(&b)) } else { (a, b) }
}

/// Whether two different texts look the same.
pub fn alike(a: &str, b: &str) -> bool {
    a != b && !(a.is_ascii() && b.is_ascii()) && skeleton(a) == skeleton(b)
}

/// A text in which everything that a screen may not tell apart is written by its code point.
pub fn spelled_out(text: &str) -> String {
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

/// What is left of a text for whoever looks at it.
fn skeleton(text: &str) -> String {
    let seen = text.chars().filter(|char| !unseen(*char)).nfkc();
    seen.map(|char| if char.is_whitespace() { ' ' } else { plain(char) }).collect()
}

fn plain(char: char) -> char {
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
            assert_eq!(apart(a.to_owned(), b.to_owned()), (shown.0.to_owned(), shown.1.to_owned()));
        }
        for (a, b) in [("M\u{fc}ller", "Mueller"), ("a", "b"), ("\u{e9}", "\u{e9}"), ("a b", "a  b")] {
            assert_eq!(apart(a.to_owned(), b.to_owned()), (a.to_owned(), b.to_owned()));
        }
    }
}
