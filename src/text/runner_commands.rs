//! What CI runners interpret as commands in a log.

use std::borrow::Cow;

use super::is_hostile_char;

/// What makes a CI runner execute a line of a log, anywhere in the line. A `::` does so only at the start of a line.
const RUNNER_MARKS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// Whether a CI runner would execute what begins here.
pub fn steers_runner(rest: &str) -> bool {
    rest.starts_with("##") && is_runner_mark(rest)
}

/// The same for text that is read without colours.
fn is_runner_mark(rest: &str) -> bool {
    RUNNER_MARKS.iter().any(|mark| starts_with_uncolored(rest, mark))
}

fn starts_with_uncolored(rest: &str, mark: &str) -> bool {
    let mut seen = uncolored_chars(rest);
    mark.chars().all(|char| seen.next().is_some_and(|is| is.eq_ignore_ascii_case(&char)))
}

/// What begins a log group at the start of a line in Buildkite.
const GROUPS: [&str; 4] = ["--- ", "+++ ", "~~~ ", "^^^ "];

/// The last check of the text for people, after it was assembled, wrapped and coloured: no line of it is a runner command, and it
/// holds no control characters except line breaks and colours.
pub fn neutralize_output(text: &str) -> Cow<'_, str> {
    let plain = |char| char == '\n' || !is_hostile_char(char);
    let marks_nothing = |text: &str| !["::", "##"].iter().chain(&GROUPS).any(|mark| text.contains(mark));
    if marks_nothing(text) && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let (mut rest, mut begins, mut first) = (text, true, true);
    while let Some(char) = rest.chars().next() {
        let colour = color_sequence_len(rest);
        let bad = match char {
            _ if colour > 0 => false,
            ':' => begins && starts_with_uncolored(rest, "::"),
            '#' => is_runner_mark(rest),
            char => !plain(char),
        };
        if first && colour == 0 && GROUPS.iter().any(|mark| starts_with_uncolored(rest, mark)) {
            out.push(' ');
        }
        let (part, behind) = rest.split_at(colour.max(char.len_utf8()));
        if bad {
            out.extend(char.escape_unicode());
        } else {
            out.push_str(part);
        }
        begins = char == '\n' || begins && !bad && (colour > 0 || char.is_whitespace());
        first = char == '\n' || first && colour > 0;
        rest = behind;
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

/// Length in bytes of a colour sequence that begins here, if any.
fn color_sequence_len(rest: &str) -> usize {
    let Some(code) = rest.strip_prefix("\u{1b}[") else { return 0 };
    let length = code.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
    if code[length..].starts_with('m') { length + 3 } else { 0 }
}

/// The characters from here on without colour sequences.
fn uncolored_chars(mut rest: &str) -> impl Iterator<Item = char> {
    std::iter::from_fn(move || {
        loop {
            match color_sequence_len(rest) {
                0 => break,
                length => rest = &rest[length..],
            }
        }
        let char = rest.chars().next()?;
        rest = &rest[char.len_utf8()..];
        Some(char)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_look_finds_what_only_the_whole_shows() {
        for (text, shown) in [
            ("::notice::x", "\\u{3a}:notice::x"),
            ("a\n \t::notice::x\n", "a\n \t\\u{3a}:notice::x\n"),
            ("\u{1b}[1m:\u{1b}[0m:x::", "\u{1b}[1m\\u{3a}\u{1b}[0m:x::"),
            (" \u{1b}[31;1m::x::", " \u{1b}[31;1m\\u{3a}:x::"),
            ("a #\u{1b}[m#[b]", "a \\u{23}\u{1b}[m#[b]"),
            ("a ###VSO[b]", "a #\\u{23}#VSO[b]"),
            ("a\rb\u{2028}c\u{1b}[2Jd\u{85}::e::", "a\\u{d}b\\u{2028}c\\u{1b}[2Jd\\u{85}::e::"),
            ("\u{1b}[31", "\\u{1b}[31"),
            ("--- a\n+++ b\n\u{1b}[1m~~~ c\u{1b}[0m\n^^^ +++\n", " --- a\n +++ b\n\u{1b}[1m ~~~ c\u{1b}[0m\n ^^^ +++\n"),
        ] {
            assert_eq!(neutralize_output(text), shown, "{text:?}");
            assert_eq!(neutralize_output(shown), shown, "once is enough");
        }
        for plain in ["a ::b", "telform::x", "## Heading [x]", "\u{1b}[1mé\u{1b}[0m\n", "a\n:b", "---\n", "a --- b\n --- c", ""]
        {
            assert_eq!(neutralize_output(plain), plain);
        }
    }
}
