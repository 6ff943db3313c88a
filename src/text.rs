//! Text from files and services, made fit to be shown. Escaping rather than stripping, because strippers each let something
//! through: ESC in its one-byte form, carriage returns, marks that turn the direction of writing.

/// Longest text of a service that is kept, in characters.
pub const LONGEST: usize = 300;

/// Whether a terminal may do something else with a character than show it, or hide text with it.
pub fn hostile(char: char) -> bool {
    (char.is_control() && char != '\t')
        || matches!(char,
            '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Makes one line of text harmless: hostile characters, newlines too, become `\u{…}`.
pub fn escape(text: &str) -> String {
    escaped(text, hostile)
}

/// Makes a text of several lines harmless: as [`escape`], and newlines stay.
pub fn clean(text: &str) -> String {
    escaped(text, |char| char != '\n' && hostile(char))
}

fn escaped(text: &str, bad: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if bad(char) {
            out.extend(char.escape_unicode());
        } else {
            out.push(char);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!(shorten(&"ü".repeat(400)).chars().count(), LONGEST + 1);
        assert_eq!(shorten("short"), "short");
    }
}
