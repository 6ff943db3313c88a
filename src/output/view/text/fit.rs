//! The last step before a plan is shown at a terminal: a terminal breaks a long line anywhere, in the middle of a phone number, an
//! id or a word. Here it is broken between words.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// Breaks each line that is wider than this between two words, of which a command in backticks is one. A command on a line of its own
/// is to be copied too: a backslash ends each of its lines but the last. A word that does not fit behind the indentation of its line moves to
/// the left; one that is wider than the terminal is broken behind a slash, if it has any.
pub(crate) fn fit_lines(text: &str, columns: usize) -> String {
    if columns == usize::MAX {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut lines = text.split_inclusive('\n').peekable();
    let mut column = None;
    while let Some(line) = lines.next() {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        column = text_column(body).or(column.filter(|column| *column == indent_of(body)));
        if width_of(body) <= columns {
            out.push_str(body)
        } else if is_command(body) {
            fit_command(&mut out, body, columns);
        } else if let Some(column) = column.filter(|_| is_quoted_command(body)) {
            // The options of this run made it longer, so the rest of its sentence moves too.
            let mut sentence = body.to_owned();
            while let Some(more) = lines.next_if(|next| indent_of(next) == column && text_column(next).is_none()) {
                sentence.push_str(&format!(" {}", more.trim()));
            }
            fit_line(&mut out, &sentence, columns, column);
        } else {
            let help = if body.trim_start().starts_with("help: ") { "help: ".len() } else { 2 };
            fit_line(&mut out, body, columns, indent_of(body) + help);
        }
        out.push_str(end);
    }
    out
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Where the text of a paragraph begins, whose first line this is: behind `help:`, a sign, or a label.
fn text_column(line: &str) -> Option<usize> {
    let indent = indent_of(line);
    let rest = &line[indent..];
    if rest.starts_with("help: ") {
        return Some(indent + "help: ".len());
    }
    if rest.starts_with("i ") || rest.starts_with("! ") {
        return Some(indent + 2);
    }
    let label = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let gap = indent_of(&rest[label..]);
    (rest.starts_with(|it: char| it.is_ascii_uppercase()) && gap > 1).then_some(indent + label + gap)
}

/// Whether a line is a command for a shell, and nothing else.
fn is_command(line: &str) -> bool {
    line.starts_with("  ") && line.trim_start().starts_with("telform ")
}

/// A command in several lines that a shell reads as one.
fn fit_command(out: &mut String, line: &str, columns: usize) {
    const CONTINUES: &str = " \\";
    let indent = line.len() - line.trim_start().len();
    let below = indent + 2;
    // An option and its value stay on one line, if they fit there.
    let mut parts: Vec<String> = Vec::new();
    for word in shell_words(line.trim_start()) {
        match parts.last_mut().filter(|part| part.starts_with('-') && !part.contains(' ') && !word.starts_with('-')) {
            Some(option) if below + width_of(option) + 1 + width_of(word) + CONTINUES.len() <= columns => {
                option.push_str(&format!(" {word}"));
            }
            _ => parts.push(word.to_owned()),
        }
    }
    let mut used = indent;
    out.push_str(&line[..indent]);
    for (index, part) in parts.iter().enumerate() {
        let (width, last) = (width_of(part), index + 1 == parts.len());
        let room = if last { columns } else { columns - CONTINUES.len() };
        if index > 0 && used + 1 + width > room {
            out.push_str(CONTINUES);
            used = begin_line(out, below, width, room);
        } else if index > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(part);
        used += width;
    }
}

/// The words of a command; blanks in quotes do not separate them.
fn shell_words(text: &str) -> Vec<&str> {
    let (mut found, mut begin, mut quoted) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => {
                found.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[begin..]);
    found.retain(|word| !word.is_empty());
    found
}

/// The same words, with what is in backticks as one word: a telform command always, anything else where a line can hold it. So
/// whoever reads a command in a sentence can copy it.
pub(super) fn keep_commands<'a>(words: impl Iterator<Item = &'a str>, columns: usize) -> Vec<Cow<'a, str>> {
    let mut kept: Vec<Cow<'a, str>> = Vec::new();
    let mut opened = None;
    for word in words {
        let turns = word.matches('`').count() % 2 == 1;
        kept.push(Cow::Borrowed(word));
        match opened.filter(|_| turns) {
            Some(begin) => {
                let whole = kept[begin..].join(" ");
                if is_quoted_command(&whole) || width_of(&whole) <= columns {
                    kept.truncate(begin);
                    kept.push(Cow::Owned(whole));
                }
                opened = None;
            }
            None if turns => opened = Some(kept.len() - 1),
            None => {}
        }
    }
    kept
}

fn is_quoted_command(word: &str) -> bool {
    word.contains("`telform ")
}

/// Columns that a text takes, without the sequences that set colours.
fn width_of(text: &str) -> usize {
    let mut letters = text.chars();
    let mut width = 0;
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            width += letter.width().unwrap_or(0);
        }
    }
    width
}

fn fit_line(out: &mut String, line: &str, columns: usize, below: usize) {
    let indent = indent_of(line);
    let mut used = 0;
    for (index, word) in keep_commands(words(&line[indent..]).into_iter(), columns - indent.min(columns)).iter().enumerate() {
        let width = width_of(word);
        if index == 0 {
            used = if width > columns { indent } else { indent.min(columns - width) };
            out.push_str(&line[..used]);
        } else if used + 1 + width > columns {
            used = begin_line(out, below, width, columns);
        } else {
            out.push(' ');
            used += 1;
        }
        let whole = width <= columns || is_quoted_command(word);
        let parts = if whole { vec![&**word] } else { parts(word, columns.saturating_sub(below)) };
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                used = begin_line(out, below, width_of(part), columns);
            }
            out.push_str(part);
            used += width_of(part);
        }
    }
}

/// Begins a line for a word: indented, if the word then fits.
fn begin_line(out: &mut String, below: usize, width: usize, columns: usize) -> usize {
    let indent = below.min(columns.saturating_sub(width));
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    indent
}

/// The words of a line, between single spaces. Several spaces in a row belong to a value, or align it, and stay.
fn words(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut found, mut begin) = (Vec::new(), 0);
    for at in 1..bytes.len().saturating_sub(1) {
        if bytes[at] == b' ' && bytes[at - 1] != b' ' && bytes[at + 1] != b' ' {
            found.push(&text[begin..at]);
            begin = at + 1;
        }
    }
    found.push(&text[begin..]);
    found
}

/// A word that no line can hold, in parts that end before a gap between two columns, or behind a slash.
fn parts(word: &str, columns: usize) -> Vec<&str> {
    let gap = word.match_indices("  ").find(|(at, _)| word[..*at].matches('"').count().is_multiple_of(2));
    if let Some((at, _)) = gap {
        let rest = word[at..].trim_start_matches(' ');
        return [&word[..at]]
            .into_iter()
            .chain(if width_of(rest) > columns { parts(rest, columns) } else { vec![rest] })
            .collect();
    }
    let (mut found, mut begin, mut last) = (Vec::new(), 0, 0);
    for (at, _) in word.match_indices(['/', '?']) {
        let end = at + 1;
        if last > begin && width_of(&word[begin..end]) > columns {
            found.push(&word[begin..last]);
            begin = last;
        }
        last = end;
    }
    if last > begin && last < word.len() && width_of(&word[begin..]) > columns {
        found.push(&word[begin..last]);
        begin = last;
    }
    found.push(&word[begin..]);
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_and_ids_stay_in_one_piece() {
        let line = "      +14155550101  sales-bridge-001: providers.old-plivo -> providers.twilio-main\n";
        assert_eq!(
            fit_lines(line, 40),
            "      +14155550101  sales-bridge-001:\n        providers.old-plivo ->\n        providers.twilio-main\n"
        );
        assert_eq!(fit_lines(line, usize::MAX), line);
        // An id that fits without its indentation.
        let id = "        (7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01) x\n";
        assert_eq!(fit_lines(id, 40), "  (7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01)\n          x\n");
        let long = "  ~ partners.acme-east  carrierx 7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01\n";
        assert_eq!(fit_lines(long, 40), "  ~ partners.acme-east  carrierx\n    7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01\n");
        let path = "           telephony/bridges/sales-bridge-001/disconnect-provider/\n";
        assert_eq!(
            fit_lines(path, 40),
            "           telephony/bridges/\n             sales-bridge-001/\n             disconnect-provider/\n"
        );
        let value = "      account_sid  \"AC0123456789abcdef0123456789abcdef\"\n";
        assert_eq!(fit_lines(value, 40), "      account_sid\n    \"AC0123456789abcdef0123456789abcdef\"\n");
        // Colours take no columns.
        let painted = "\u{1b}[2mtoken of partner_sid 0a1b\u{1b}[0m";
        assert_eq!(fit_lines(painted, 25), painted);
    }

    #[test]
    fn a_command_can_be_copied_from_several_lines() {
        let command = "  telform apply --sandbox 'my world.yaml' --max-deletes 1 --max-numbers-dark 1\n";
        let fitted = fit_lines(command, 40);
        assert_eq!(fitted, "  telform apply \\\n    --sandbox 'my world.yaml' \\\n    --max-deletes 1 --max-numbers-dark 1\n");
        assert_eq!(fitted.replace("\\\n    ", ""), command);
        let head = format!("  telform apply --journal-head {}\n", "0".repeat(64));
        assert_eq!(fit_lines(&head, 80), format!("  telform apply --journal-head \\\n    {}\n", "0".repeat(64)));
        assert_eq!(fit_lines(&fitted, 40), fitted, "only once");
    }

    /// Also where its options made it longer than the terminal.
    #[test]
    fn a_command_in_a_sentence_stays_in_one_piece() {
        let text =
            "  help: to stop managing it run `telform forget partners.west --sandbox world.yaml`, or `--exclude partners.west`\n";
        assert_eq!(
            fit_lines(text, 40),
            "  help: to stop managing it run\n`telform forget partners.west --sandbox world.yaml`,\n        or `--exclude partners.west`\n"
        );
        let wrapped = super::super::wrap_text("Run `telform plan -f a.yaml` again, or set `a b c d e f g h i j`. A ` alone.", 20);
        assert_eq!(wrapped, ["Run", "`telform plan -f a.yaml`", "again, or set `a b c", "d e f g h i j`. A `", "alone."]);
    }

    /// A command in the middle of a wrapped help became longer: the lines below it are filled again.
    #[test]
    fn the_rest_of_a_sentence_moves_with_its_command() {
        let text = "      help: stop managing it with\n            `telform forget partners.west --sandbox w.yaml`, remove its entry\n            from the YAML\n      at telform.yaml:1:1\n";
        assert_eq!(
            fit_lines(text, 60),
            "      help: stop managing it with\n            `telform forget partners.west --sandbox w.yaml`,\n            remove its entry from the YAML\n      at telform.yaml:1:1\n"
        );
        let label = "  Next      `telform adopt partners.west 1 --sandbox w.yaml`\n            starts to manage it\n";
        assert_eq!(fit_lines(label, 60), label);
    }

    proptest! {
        /// Nothing is lost, and only a single word is wider than the terminal.
        #[test]
        fn lines_fit_and_keep_their_words(
            words in proptest::collection::vec("[a-z0-9+\"-]{1,30}", 1..12),
            indent in 0_usize..12,
            columns in 20_usize..90,
        ) {
            let line = format!("{:indent$}{}\n", "", words.join(" "));
            let fitted = fit_lines(&line, columns);
            prop_assert_eq!(fitted.split_whitespace().collect::<Vec<_>>(), words);
            for line in fitted.lines() {
                prop_assert!(width_of(line) <= columns || !line.trim().contains(' '), "{:?}", line);
            }
        }
    }
}
