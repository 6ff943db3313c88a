//! Texts that programs pass on: percent-encoded, escaped for JSON, broken into lines, with invisible characters.

use super::is_invisible_char;

/// A text after a round of decoding: for each byte, and for the end, its position in the original text.
pub struct DecodedText {
    /// The bytes; they need not be valid UTF-8.
    pub bytes: Vec<u8>,
    /// The position of each; empty where it was not requested.
    pub offsets: Vec<usize>,
}

/// Whether anything in a text may be an escape, or left out by a screen.
pub fn is_coded(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| matches!(byte, b'%' | b'\\' | b'\n' | b'\r') || !byte.is_ascii())
}

/// Removes percent-encoding, JSON escapes, line breaks and invisible characters from a text.
pub fn decode_escapes(bytes: &[u8], traced: bool) -> DecodedText {
    let mut view = DecodedText { bytes: Vec::with_capacity(bytes.len()), offsets: Vec::new() };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let mut put = |new: &[u8]| {
            view.bytes.extend_from_slice(new);
            if traced {
                view.offsets.extend(new.iter().map(|_| at));
            }
        };
        at += match rest[0] {
            b'%' if parse_hex_digits(rest, 1, 2).is_some() => {
                put(&[parse_hex_digits(rest, 1, 2).unwrap_or_default() as u8]);
                3
            }
            b'\\' => {
                let (char, length) = decode_json_escape(rest);
                match char {
                    Some(char) => put(char.encode_utf8(&mut [0; 4]).as_bytes()),
                    None => put(b"\\"),
                }
                length
            }
            b'\n' | b'\r' => 1,
            byte if byte.is_ascii() => {
                put(&[byte]);
                1
            }
            _ => {
                let (char, length) = first_char(rest);
                if !char.is_some_and(is_invisible_char) {
                    put(&rest[..length]);
                }
                length
            }
        };
    }
    if traced {
        view.offsets.push(bytes.len());
    }
    view
}

/// The first character of bytes that need not be valid UTF-8, and its length.
fn first_char(bytes: &[u8]) -> (Option<char>, usize) {
    for length in 2..=4.min(bytes.len()) {
        if let Ok(text) = str::from_utf8(&bytes[..length]) {
            return (text.chars().next(), length);
        }
    }
    (None, 1)
}

fn parse_hex_digits(bytes: &[u8], from: usize, count: usize) -> Option<u32> {
    let digits = str::from_utf8(bytes.get(from..from + count)?).ok()?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// The character of a JSON escape, and the length of the escape.
fn decode_json_escape(bytes: &[u8]) -> (Option<char>, usize) {
    match bytes.get(1) {
        Some(b'u') => {
            let Some(unit) = parse_hex_digits(bytes, 2, 4) else { return (None, 1) };
            let low =
                (bytes.get(6) == Some(&b'\\') && bytes.get(7) == Some(&b'u')).then(|| parse_hex_digits(bytes, 8, 4)).flatten();
            match (unit, low) {
                (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                    (char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), 12)
                }
                _ => char::from_u32(unit).map_or((None, 1), |char| (Some(char), 6)),
            }
        }
        Some(plain @ (b'"' | b'\\' | b'/')) => (Some(char::from(*plain)), 2),
        Some(b'n') => (Some('\n'), 2),
        Some(b'r') => (Some('\r'), 2),
        Some(b't') => (Some('\t'), 2),
        Some(b'b') => (Some('\u{8}'), 2),
        Some(b'f') => (Some('\u{c}'), 2),
        _ => (None, 1),
    }
}

/// Bytes in hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
