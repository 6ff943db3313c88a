//! Aligned columns, for people who compare.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::escape;

/// Blanks between two columns.
const GAP: usize = 2;

/// Columns are narrowed to the first of these widths; only when that is not enough, to the second.
const LEAST: [usize; 2] = [20, 10];

/// Blanks before what continues a first cell.
const INDENT: usize = 2;

/// Rows as lines of at most this many columns, where no word is wider. A cell that is too long for its column continues below: nothing
/// is left out, and no phone number, id or other word is broken. Cells may come from anywhere, so all of them are escaped.
pub fn render_table<const N: usize>(rows: &[[String; N]], columns: usize) -> String {
    table_lines(rows, columns).concat()
}

/// The same, row by row.
pub fn table_lines<const N: usize>(rows: &[[String; N]], columns: usize) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| escape(cell)).collect()).collect();
    let mut widths = column_widths(&rows);
    narrow_columns(&mut widths, &widest_words(&rows), &[false; N], columns);
    match total_width(&widths) <= columns {
        true => draw_lines(&rows, &widths),
        false => rows.iter().map(|row| stacked_row(row, columns)).collect(),
    }
}

/// Rows of cells that are escaped already. The columns named in `whole` are never narrowed; none where the others do not fit beside
/// them.
pub fn table_with_whole_columns(rows: &[Vec<String>], whole: &[bool], columns: usize) -> Option<Vec<String>> {
    let mut widths = column_widths(rows);
    narrow_columns(&mut widths, &widest_words(rows), whole, columns);
    (total_width(&widths) <= columns).then(|| draw_lines(rows, &widths))
}

/// The width of the widest cell of each column.
fn column_widths(rows: &[Vec<String>]) -> Vec<usize> {
    let mut widths = vec![0; rows.first().map_or(0, Vec::len)];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    widths
}

/// A row that fits no table: its first cell, and below it the others, one after another.
fn stacked_row(row: &[String], columns: usize) -> String {
    const BELOW: usize = 4;
    let room = columns.saturating_sub(BELOW);
    let mut lines: Vec<String> = Vec::new();
    for piece in row.iter().skip(1).flat_map(|cell| break_text(cell, room, 0)).filter(|piece| !piece.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.width() + GAP + piece.width() <= room => line.push_str(&format!("{:GAP$}{piece}", "")),
            _ => lines.push(piece),
        }
    }
    let first = break_text(row.first().map_or("", String::as_str), columns, INDENT).join("\n");
    lines.iter().fold(format!("{first}\n"), |text, line| text + &format!("{:BELOW$}{line}\n", ""))
}

/// The width of the widest word of each column: it is not narrowed further.
fn widest_words(rows: &[Vec<String>]) -> Vec<usize> {
    let mut widest = vec![0; rows.first().map_or(0, Vec::len)];
    for row in rows {
        for (at, (most, cell)) in widest.iter_mut().zip(row).enumerate() {
            let words = words(cell);
            // Below its first line, the first cell is indented.
            let indent = |index: usize| if at == 0 && index > 0 { INDENT } else { 0 };
            let width = words.iter().enumerate().map(|(index, word)| word.trim_end().width() + indent(index)).max();
            *most = (*most).max(width.unwrap_or_default());
        }
    }
    widest
}

fn draw_lines(rows: &[Vec<String>], widths: &[usize]) -> Vec<String> {
    let mut drawn = Vec::new();
    for row in rows {
        let mut text = String::new();
        // None of the parts of a first cell begins a line.
        let below = |at: usize| if at == 0 { INDENT } else { 0 };
        let cells = row.iter().zip(widths).enumerate().map(|(at, (cell, width))| break_text(cell, *width, below(at)));
        let cells: Vec<Vec<String>> = cells.collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or_default();
        for at in 0..lines {
            let mut line = String::new();
            for (cell, width) in cells.iter().zip(widths) {
                let piece = cell.get(at).map_or("", String::as_str);
                line.push_str(piece);
                line.push_str(&" ".repeat((width + GAP).saturating_sub(piece.width())));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        drawn.push(text);
    }
    drawn
}

/// The widest columns are narrowed, one terminal cell at a time, until everything fits or no column can be narrowed further.
fn narrow_columns(widths: &mut [usize], words: &[usize], whole: &[bool], columns: usize) {
    for least in LEAST {
        while total_width(widths) > columns {
            let columns = widths.iter_mut().zip(words).zip(whole);
            let wide = columns.filter(|((width, word), whole)| **width > least.max(**word) && !**whole);
            let Some(((widest, _), _)) = wide.max_by_key(|((width, _), _)| **width) else { break };
            *widest -= 1;
        }
    }
}

fn total_width(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// A text as lines of at most this many columns, broken between words. Lines below the first are indented.
fn break_text(text: &str, most: usize, indent: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words(text) {
        let line = lines.last_mut().expect("there is always a line");
        if !line.trim_start().is_empty() && line.width() + word.trim_end().width() > most {
            lines.push(format!("{:indent$}{word}", ""));
        } else {
            line.push_str(word);
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The words of a text, each with the blanks behind it. A path is also broken behind a slash, a long name of several words behind a
/// hyphen, and a text in a script without blanks behind each sign. What holds digits may be an id or a phone number.
fn words(text: &str) -> Vec<&str> {
    const LONG: usize = 40;
    let is_name = text.len() > LONG && !text.contains(|letter: char| letter.is_ascii_digit());
    let (mut found, mut begin) = (Vec::new(), 0);
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let end = at + letter.len_utf8();
        let Some((_, next)) = letters.peek() else { break };
        let ends = match letter {
            ' ' => true,
            '/' => *next != '/',
            '-' => is_name,
            _ => letter.width() == Some(2),
        };
        if ends && *next != ' ' {
            found.push(&text[begin..end]);
            begin = end;
        }
    }
    found.push(&text[begin..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_goes_on_below_and_no_word_is_broken() {
        let id = "3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410";
        let rows = [
            ["ADDRESS".to_owned(), "ID".to_owned(), String::new()],
            ["providers.twilio-main".to_owned(), id.to_owned(), "protected, waits to be verified and more".to_owned()],
            ["providers.a".to_owned(), "1".to_owned(), String::new()],
        ];
        for columns in [72, 80, 100] {
            let text = render_table(&rows, columns);
            assert!(text.lines().all(|line| line.width() <= columns), "{columns}:\n{text}");
            assert!(text.contains("providers.twilio-main  ") && text.contains(id), "nothing is broken:\n{text}");
        }
        // Where the words fit no table, the cells are below each other.
        let stacked = render_table(&rows, 40);
        assert!(
            stacked.contains(&format!("\nproviders.twilio-main\n    {id}\n    protected, waits to be verified and\n    more\n")),
            "{stacked}"
        );
        let name = "the-team-of-the-north-and-west-and-the-south-and-east";
        assert_eq!(break_text(name, 12, 0), ["the-team-of-", "the-north-", "and-west-", "and-the-", "south-and-", "east"]);
        let wide = render_table(&rows, usize::MAX);
        assert_eq!(wide.lines().count(), 3);
        assert_eq!(break_text("one two", 5, 0), ["one", "two"]);
        assert_eq!(break_text("one two three", 8, 2), ["one two", "  three"]);
        assert_eq!(break_text("+14155550101", 4, 0), ["+14155550101"]);
        assert_eq!(break_text("https://hooks.acme.example/sms/west", 20, 0), ["https://", "hooks.acme.example/", "sms/west"]);
        assert_eq!(break_text("電話電話", 4, 0), ["電話", "電話"]);
        assert_eq!(break_text("", 4, 0), [""]);
    }
}
