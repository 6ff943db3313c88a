//! Texts given as phone numbers: their digits, or what they are instead.

/// The digits of a text that otherwise holds only punctuation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PhoneDigits {
    /// The digits without an international prefix.
    pub(super) digits: String,
    /// Whether they were preceded by a plus sign or `00`. Without one the country is not known.
    pub(super) international: bool,
}

/// What a text is instead of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotPhone {
    /// In two or three words.
    pub(super) label: &'static str,
    /// What to do about it.
    pub(super) help: &'static str,
}

const fn not_a_phone<T>(label: &'static str, help: &'static str) -> Result<T, NotPhone> {
    Err(NotPhone { label, help })
}

/// Fewest digits of a complete number.
const WHOLE: usize = 7;

/// Most digits of a code that works inside one network only.
const SHORT_CODE: usize = 6;

/// Reads a text as people write numbers. Nothing is guessed: where anything but punctuation would have to be removed, it
/// says what that is.
pub(super) fn parse_phone(text: &str) -> Result<PhoneDigits, NotPhone> {
    let plain: String = text.chars().filter(|char| !crate::text::is_invisible_char(*char)).map(to_ascii_char).collect();
    let plain = plain.trim().trim_matches(['"', '\'']);
    let plain = match plain.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &plain[4..],
        _ => plain,
    };
    let count = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    if count(plain) == 0 && !plain.chars().any(char::is_alphanumeric) {
        return not_a_phone("no digits", "write the digits of the number");
    }
    refuse_spreadsheet_number(plain)?;
    if plain.contains("..") || plain.contains(['[', ']', '{', '}', '*', '?', '…']) {
        return not_a_phone("a range", "write each number separately");
    }
    refuse_extension(plain)?;
    let parts = || plain.split([',', ';', '|', '&', '/', '\n']).map(count);
    if plain.matches('+').count() > 1 || parts().filter(|digits| *digits >= WHOLE).count() > 1 {
        return not_a_phone("two numbers", "write each number separately");
    }
    if plain.contains([',', ';']) {
        return not_a_phone("a pause or an extension", "leave out what is dialled after the number");
    }
    if plain.contains("(0)") {
        return not_a_phone("a digit for calls inside the country", "leave out the (0)");
    }
    if plain.chars().any(|char| char.is_alphabetic()) {
        return not_a_phone("letters", "write the digits that the letters stand for");
    }
    if plain.chars().any(|char| char.is_numeric() && !char.is_ascii()) {
        return not_a_phone("digits of another script", "write the digits 0 to 9");
    }
    let punctuation = |char: char| matches!(char, ' ' | '\t' | '\n' | '-' | '(' | ')' | '.' | '/');
    if plain.chars().any(|char| !char.is_ascii_digit() && char != '+' && !punctuation(char)) {
        return not_a_phone("a character that no number has", "write the digits of the number");
    }
    if is_range(plain) {
        return not_a_phone("a range or an extension", "write each number separately, without an extension");
    }
    let bare: String = plain.chars().filter(|char| !punctuation(*char)).collect();
    let (international, digits) = match (bare.strip_prefix('+'), bare.strip_prefix("00")) {
        (Some(digits), _) | (None, Some(digits)) => (true, digits),
        (None, None) => (false, &*bare),
    };
    if digits.contains('+') {
        return not_a_phone("a plus sign in the middle", "the plus sign goes before the country code");
    }
    Ok(PhoneDigits { digits: digits.to_owned(), international })
}

impl PhoneDigits {
    /// The number in E.164, or what is missing for that.
    pub(super) fn to_e164(&self) -> Result<String, NotPhone> {
        let Self { digits, international } = self;
        let number = format!("+{digits}");
        match digits.len() {
            _ if *international && crate::text::is_e164(&number) => Ok(number),
            _ if *international && digits.starts_with('0') => {
                not_a_phone("no country code begins with 0", "begin with the country code")
            }
            16.. => not_a_phone("too many digits", "a number has at most 15 digits"),
            _ if *international => not_a_phone("too few digits", "write the whole number"),
            ..=SHORT_CODE => not_a_phone("a short code", "a short code works inside one network only; write the whole number"),
            11.. if !digits.starts_with('0') => {
                not_a_phone("no `+`", "begin with `+`, if these digits begin with the country code")
            }
            _ => not_a_phone("no country code", "begin with `+` and the country code, which telform cannot know"),
        }
    }
}

/// Characters used for an ASCII one, as keyboards, contact lists and word processors write them.
fn to_ascii_char(char: char) -> char {
    match char {
        '＋' | '﹢' => '+',
        '‐'..='―' | '−' | '﹣' | '－' | '﹘' => '-',
        '（' | '﹙' => '(',
        '）' | '﹚' => ')',
        '．' | '·' | '•' => '.',
        '／' => '/',
        '’' | '‘' => '\'',
        char if char.is_whitespace() && char != '\n' => ' ',
        char => char,
    }
}

/// A number into which a spreadsheet or a data frame converted it: some of its digits may be lost.
fn refuse_spreadsheet_number(text: &str) -> Result<(), NotPhone> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let decimal = |text: &str| {
        let text = text.trim_start_matches(['+', '-']);
        text.split_once(['.', ',']).map_or(digits(text), |(whole, rest)| digits(whole) && digits(rest))
    };
    let exponent = text
        .split_once(['e', 'E'])
        .is_some_and(|(mantissa, exponent)| decimal(mantissa) && digits(exponent.trim_start_matches(['+', '-'])));
    if exponent {
        return not_a_phone(
            "damaged by a spreadsheet",
            "the last digits are lost; take the number from where it came from, and format the column as text",
        );
    }
    let fraction = text.split_once(['.', ',']).filter(|_| decimal(text)).map(|(_, fraction)| fraction);
    if fraction.is_some_and(|fraction| fraction.bytes().all(|byte| byte == b'0')) {
        return not_a_phone(
            "written as a decimal number",
            "a program took it for a number; format the column as text, and write `+` and the country code",
        );
    }
    Ok(())
}

/// An extension: what is dialled after the call is answered.
fn refuse_extension(text: &str) -> Result<(), NotPhone> {
    let found = || not_a_phone("an extension", "an extension is not part of the number; leave it out");
    let Some(at) = text.find(|char: char| char.is_alphabetic() || char == '#') else { return Ok(()) };
    let (head, tail) = text.split_at(at);
    let word: String = tail.chars().take_while(|char| char.is_alphabetic() || *char == '#').collect();
    let rest = tail[word.len()..].trim_start_matches([' ', '.', ':', '=']);
    let marks = ["x", "ext", "extn", "extension", "isub", "p", "w", "#"];
    let marked = marks.iter().any(|mark| word.eq_ignore_ascii_case(mark));
    let digits = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    if marked && digits && head.bytes().any(|byte| byte.is_ascii_digit()) { found() } else { Ok(()) }
}

/// Whether the last digits, after a hyphen or a slash, are the end of a range or an extension: the digits before them are a
/// whole number, or they are too few for a separate group.
fn is_range(text: &str) -> bool {
    let Some((head, last)) = text.rsplit_once(['-', '/']) else { return false };
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let before = head.rsplit(['-', '/', ' ', '.', '(', ')']).find(|part| digits(part) > 0).map_or(0, digits);
    let last = digits(last);
    last > 0 && (before > 9 || (last < 3 && before > 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str) -> &'static str {
        match parse_phone(text).and_then(|phone| phone.to_e164()) {
            Ok(_) => "",
            Err(instead) => instead.label,
        }
    }

    #[test]
    fn punctuation_is_all_that_goes() {
        for text in [
            "+1 415 555 0101",
            "＋1（415）555－0101",
            "00 1 (415) 555.0101",
            "TEL:+1-415-555-0101",
            "\u{202d}+1\u{a0}415\u{2011}555\u{202f}0101\u{202c}",
            "'+14155550101",
        ] {
            let phone = parse_phone(text).and_then(|phone| phone.to_e164());
            assert_eq!(phone.as_deref(), Ok("+14155550101"), "{text}");
        }
        assert_eq!(parse_phone("+33-1-23-45-67-89").unwrap().digits, "33123456789");
    }

    #[test]
    fn everything_else_is_named() {
        for (text, is) in [
            ("4155550101", "no country code"),
            ("(0415) 555 0101", "no country code"),
            ("tel:4155550101", "no country code"),
            ("14155550101", "no `+`"),
            ("911", "a short code"),
            ("+0987654321", "no country code begins with 0"),
            ("+", "no digits"),
            ("", "no digits"),
            ("+1", "too few digits"),
            ("+1415555010155555", "too many digits"),
            ("+14155550101;ext=100", "an extension"),
            ("+1 415 555 0101 x 100", "an extension"),
            ("+14155550101#5", "an extension"),
            ("+14155550101 Ext. 7", "an extension"),
            ("+14155550101,,5", "a pause or an extension"),
            ("+14155550101, +14155550102", "two numbers"),
            ("4155550101/4155550102", "two numbers"),
            ("+14155550101 or +14155550102", "two numbers"),
            ("+1415555010[1-4]", "a range"),
            ("+14155550101..04", "a range"),
            ("+14155550101-04", "a range or an extension"),
            ("+14155550101-0104", "a range or an extension"),
            ("+49 30 1234-5", "a range or an extension"),
            ("4.41E+11", "damaged by a spreadsheet"),
            ("1,4155550101e10", "damaged by a spreadsheet"),
            ("14155550101.0", "written as a decimal number"),
            ("+14155550101.00", "written as a decimal number"),
            ("1-800-FLOWERS", "letters"),
            ("+1415555XXXX", "letters"),
            ("+44 (0) 20 7946 0958", "a digit for calls inside the country"),
            ("+１４１５５５５０１０１", "digits of another script"),
            ("+1415_5550101", "a character that no number has"),
            ("1+4155550101", "a plus sign in the middle"),
        ] {
            assert_eq!(label(text), is, "{text}");
        }
    }
}
