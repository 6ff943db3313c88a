//! How YAML readers interpret a text without quotes. YAML 1.1, YAML 1.2 and JSON-minded readers disagree, so a text that
//! any of them would interpret differently is better quoted.

/// What an unquoted text may be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainScalar {
    /// Nothing but a text.
    Text,
    /// Null: nothing, `~`, `null`.
    Null,
    /// `true` or `false`, as every reader reads them.
    Bool,
    /// A whole number in its only spelling: `0`, `-5`, `90804`.
    Integer,
    /// A plain decimal number: `4.5`.
    Number,
    /// A number in a spelling that readers change: `01234`, `+1415…`, `1e3`, `0x1F`, `1_000`, `.5`, `1:30`, `.inf`.
    OddNumber,
    /// true or false for some readers: `yes`, `no`, `on`, `off`, `TRUE`.
    OddBool,
    /// A date or time for some readers.
    Date,
    /// A key or value with a special meaning: `=`.
    Special,
}

impl PlainScalar {
    /// What it is read as, for messages; `None` for a text.
    pub fn taken_for(self) -> Option<&'static str> {
        match self {
            Self::Text => None,
            Self::Null => Some("null"),
            Self::Bool | Self::OddBool => Some("true or false"),
            Self::Integer | Self::Number | Self::OddNumber => Some("a number"),
            Self::Date => Some("a date"),
            Self::Special => Some("a special mark"),
        }
    }
}

/// Whether every reader reads an unquoted text as null.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// What an unquoted text may be read as.
pub(super) fn classify_plain(text: &str) -> PlainScalar {
    if is_null(text) {
        return PlainScalar::Null;
    }
    match text {
        "true" | "false" => return PlainScalar::Bool,
        "=" | "<<" => return PlainScalar::Special,
        _ => {}
    }
    if text.len() <= 5 {
        let lower = text.to_ascii_lowercase();
        if ["true", "false", "yes", "no", "on", "off"].contains(&lower.as_str()) {
            return PlainScalar::OddBool;
        }
    }
    // Everything else with a meaning begins like a number; almost no text does.
    if !text.starts_with(|char: char| char.is_ascii_digit() || matches!(char, '.' | '+' | '-')) {
        return PlainScalar::Text;
    }
    if canonical_integer(text) {
        return PlainScalar::Integer;
    }
    if let Some((whole, fraction)) = text.split_once('.')
        && canonical_integer(whole)
        && is_digits(fraction)
    {
        return PlainScalar::Number;
    }
    if is_date(text) {
        PlainScalar::Date
    } else if odd_number(text) {
        PlainScalar::OddNumber
    } else {
        PlainScalar::Text
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn canonical_integer(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    text == "0" || (is_digits(text) && !text.starts_with('0'))
}

/// More tolerant than any one reader: signs, underscores, bases, exponents, base 60, infinities.
fn odd_number(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = text.to_ascii_lowercase();
    if matches!(lower.as_str(), ".inf" | ".nan" | "inf" | "nan" | "infinity") {
        return lower.starts_with('.');
    }
    if let Some(rest) = lower.strip_prefix("0x") {
        return !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'_');
    }
    if let Some(rest) = lower.strip_prefix("0o").or(lower.strip_prefix("0b")) {
        return !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    }
    let (mantissa, exponent) = lower.split_once('e').map_or((lower.as_str(), None), |(a, b)| (a, Some(b)));
    if let Some(exponent) = exponent
        && !is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
    {
        return false;
    }
    let starts = mantissa.starts_with(|char: char| char.is_ascii_digit() || char == '.');
    let has_digit = mantissa.bytes().any(|byte| byte.is_ascii_digit());
    let dots = mantissa.bytes().filter(|byte| *byte == b'.').count();
    starts
        && has_digit
        && dots <= 1
        && mantissa.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b':' | b','))
        && (exponent.is_none() || !mantissa.contains([':', ',']))
        && !mantissa.ends_with(':')
}

/// `2026-11-22`, and the same with a time after it.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let part = |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|it| it.iter().all(u8::is_ascii_digit));
    let mut fields = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (fields.next(), fields.next(), fields.next()) else {
        return false;
    };
    let day = rest.split(['T', 't', ' ', '\t']).next().unwrap_or_default();
    part(0..4)
        && year.len() == 4
        && (1..=2).contains(&month.len())
        && is_digits(month)
        && (1..=2).contains(&day.len())
        && is_digits(day)
        && (rest.len() == day.len() || rest[day.len() + 1..].starts_with(|char: char| char.is_ascii_digit()))
}

/// The text in double quotes, as it should appear in the file.
pub fn double_quote(text: &str) -> String {
    // JSON strings are valid YAML strings.
    serde_json::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_other_readers_change() {
        for text in [
            "01234",
            "+14155550101",
            "1e3",
            "0x1F",
            "1_000",
            ".5",
            "5.",
            "1:30",
            "0o17",
            "-.inf",
            ".NaN",
            "1E-5",
            "1,000",
            "+.5",
            "00",
            "-01",
            "08",
            "1.5e3",
            "0b11",
            "12:30:45",
            "190:20:30.15",
        ] {
            assert_eq!(classify_plain(text), PlainScalar::OddNumber, "{text}");
        }
        for text in ["90804", "0", "-5", "15162065574"] {
            assert_eq!(classify_plain(text), PlainScalar::Integer, "{text}");
        }
        for text in ["4.5", "0.00", "-1.50"] {
            assert_eq!(classify_plain(text), PlainScalar::Number, "{text}");
        }
        for text in ["yes", "No", "ON", "off", "TRUE", "False"] {
            assert_eq!(classify_plain(text), PlainScalar::OddBool, "{text}");
        }
        for text in ["2026-11-22", "2026-1-2", "2026-11-22T10:00:00Z", "2026-11-22 10:00:00"] {
            assert_eq!(classify_plain(text), PlainScalar::Date, "{text}");
        }
        for text in [
            "twilio", "1.2.3", "AC0123", "e3", "nothing", "10-20", "2026-11", "1e", "x1", "-", "--", "12a", "y", "0x", "Nul",
            "a:b",
        ] {
            assert_eq!(classify_plain(text), PlainScalar::Text, "{text}");
        }
        assert_eq!(classify_plain("~"), PlainScalar::Null);
        assert_eq!(double_quote("a\"b"), "\"a\\\"b\"");
    }
}
