//! Aligned columns, for people who compare.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::escape;

/// Blanks between two columns.
const GAP: usize = 2;

/// Columns are narrowed to the first of these widths; only when that is not enough, to the second.
const LEAST: [usize; 2] = [20, 10];

/// Rows as lines of at most this many columns. A cell that is too long for its column continues below: nothing is left out. Cells
/// may come from anywhere, so all of them are escaped.
pub fn render_table<const N: usize>(rows: &[[String; N]], columns: usize) -> String {
    table_lines(rows, columns).concat()
}

/// The same, row by row.
pub fn table_lines<const N: usize>(rows: &[[String; N]], columns: usize) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| escape(cell)).collect()).collect();
    let mut widths = column_widths(&rows);
    narrow_columns(&mut widths, &[false; N], columns);
    draw_lines(&rows, &widths)
}

/// Rows of cells that are escaped already. The columns named in `whole` are never narrowed; none where the others do not fit beside
/// them.
pub fn table_with_whole_columns(rows: &[Vec<String>], whole: &[bool], columns: usize) -> Option<Vec<String>> {
    let mut widths = column_widths(rows);
    narrow_columns(&mut widths, whole, columns);
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

fn draw_lines(rows: &[Vec<String>], widths: &[usize]) -> Vec<String> {
    let mut drawn = Vec::new();
    for row in rows {
        let mut text = String::new();
        let mut cells = row.iter().zip(widths).map(|(cell, width)| break_text(cell, *width)).collect::<Vec<_>>();
        if cells.first().is_some_and(|first| first.len() > 1) {
            cells[0] = hanging_lines(&row[0], widths[0]);
        }
        let lines = cells.iter().map(Vec::len).max().unwrap_or_default();
        for at in 0..lines {
            let mut line = String::new();
            for (cell, width) in cells.iter_mut().zip(widths) {
                let piece = cell.get(at).map_or("", String::as_str);
                line.push_str(piece);
                line.push_str(&" ".repeat(width + GAP - piece.width()));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        drawn.push(text);
    }
    drawn
}

/// A first cell that continues below is indented there: none of its parts begins a line.
fn hanging_lines(text: &str, width: usize) -> Vec<String> {
    const INDENT: usize = 2;
    let indented = |(at, piece)| if at == 0 { piece } else { format!("{:INDENT$}{piece}", "") };
    break_text(text, width.saturating_sub(INDENT)).into_iter().enumerate().map(indented).collect()
}

/// The widest columns are narrowed, one terminal cell at a time, until everything fits or no column can be narrowed further.
fn narrow_columns(widths: &mut [usize], whole: &[bool], columns: usize) {
    for least in LEAST {
        while total_width(widths) > columns {
            let wide = widths.iter_mut().zip(whole).filter(|(width, whole)| **width > least && !**whole);
            let Some((widest, _)) = wide.max_by_key(|(width, _)| **width) else { break };
            *widest -= 1;
        }
    }
}

fn total_width(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// A text as lines of at most this many columns: broken after a separator in the second half of a line, if any.
fn break_text(text: &str, most: usize) -> Vec<String> {
    let mut rest = text;
    let mut pieces = Vec::new();
    while rest.width() > most.max(1) {
        let (mut end, mut width, mut good) = (0, 0, None);
        for (at, letter) in rest.char_indices() {
            width += letter.width().unwrap_or_default();
            // At least one character goes on each line, so that this terminates.
            if width > most && at > 0 {
                break;
            }
            end = at + letter.len_utf8();
            if width * 2 > most && " -_.:/@".contains(letter) {
                good = Some(end);
            }
        }
        let (piece, after) = rest.split_at(good.unwrap_or(end));
        pieces.push(piece.trim_end().to_owned());
        rest = after;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(rest.to_owned());
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_goes_on_below() {
        let long = "providers.".to_owned() + &"twilio-main-".repeat(6) + "end";
        let rows = [
            ["ADDRESS".to_owned(), "ID".to_owned(), String::new()],
            [long.clone(), "x".repeat(50), "protected, waits to be verified".to_owned()],
            ["providers.a".to_owned(), "1".to_owned(), String::new()],
        ];
        for columns in [40, 60, 80, 100] {
            let text = render_table(&rows, columns);
            assert!(text.lines().all(|line| line.width() <= columns), "{columns}:\n{text}");
            let letters = |text: &str| text.chars().filter(|letter| *letter == 'x').count();
            assert_eq!(letters(&text), 50, "nothing is cut:\n{text}");
        }
        let wide = render_table(&rows, usize::MAX);
        assert_eq!(wide.lines().count(), 3);
        assert!(wide.contains(&long));
        assert_eq!(break_text("one-two", 5), ["one-", "two"]);
        assert_eq!(break_text("電話電話", 4), ["電話", "電話"]);
        assert_eq!(break_text("電話", 1), ["電", "話"]);
    }
}
