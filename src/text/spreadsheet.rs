//! Cells of a table that a spreadsheet may open. It takes a text that begins like a formula for one and runs it, in quotes or not,
//! so such a text gets an apostrophe before it. Whoever reads the table as a table takes it away again.

use std::borrow::Cow;

/// First characters of what a spreadsheet takes for a formula. The wide ones count where people type Chinese, Japanese or Korean.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '|', '%', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// First characters that may move the rest into another cell.
const BREAKS: [char; 3] = ['\t', '\r', '\n'];

/// What makes it a text.
const APOSTROPHE: char = '\'';

/// A text as a cell that no spreadsheet runs. A number, such as a phone number in E.164, is left as it is: it computes nothing.
pub fn defuse_cell(text: &str) -> Cow<'_, str> {
    if looks_like_formula(text) && !is_number(text) { Cow::Owned(format!("{APOSTROPHE}{text}")) } else { Cow::Borrowed(text) }
}

/// The text that such a cell was made from. Any other apostrophe belongs to the text.
pub fn restore_cell(cell: &str) -> &str {
    cell.strip_prefix(APOSTROPHE).filter(|text| looks_like_formula(text)).unwrap_or(cell)
}

/// Apostrophes before it do not count, so that a text with one of its own is told apart from a text that was given one.
fn looks_like_formula(text: &str) -> bool {
    let text = text.trim_start_matches(APOSTROPHE);
    text.starts_with(BREAKS) || text.trim_start().starts_with(FORMULA)
}

/// A sign, digits, and perhaps a decimal point between digits.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = text.strip_prefix(['+', '-']).unwrap_or(text);
    plain.split_once('.').map_or_else(|| digits(plain), |(whole, part)| digits(whole) && digits(part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_become_texts_and_numbers_stay() {
        for (text, cell) in [
            ("=HYPERLINK(\"http://a.example\")", "'=HYPERLINK(\"http://a.example\")"),
            ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("＝1", "'＝1"),
            (" =1", "' =1"),
            ("%0A", "'%0A"),
            ("'=1", "''=1"),
            ("'+14155550101", "''+14155550101"),
            ("+", "'+"),
            ("-.5", "'-.5"),
            ("+14155550101", "+14155550101"),
            ("-5", "-5"),
            ("-5.25", "-5.25"),
            ("'quoted'", "'quoted'"),
            ("O'Hara", "O'Hara"),
            ("'", "'"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(defuse_cell(text), cell, "{text}");
            assert_eq!(restore_cell(cell), text, "{cell}");
        }
        // As somebody types it into a table of their own.
        assert_eq!(restore_cell("'+14155550101"), "+14155550101");
    }

    proptest! {
        #[test]
        fn a_cell_is_harmless_and_gives_its_text_back(text in "['=+@|% \t\r\na0-9.＝-]{0,8}") {
            let cell = defuse_cell(&text).into_owned();
            prop_assert!(!cell.trim_start().starts_with(FORMULA) || is_number(&cell), "{cell}");
            prop_assert_eq!(restore_cell(&cell), text);
        }
    }
}
