//! One value, and the difference of two, as text. Everything that came from a file or a service is escaped here.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::{BAD, FAINT, GOOD, paint};
use crate::plan::{AttributeChange, Shown};
use crate::text::clean;
use crate::value::Value;

/// Longest value that stands on one line, in characters.
const INLINE: usize = 72;

/// Lines of a difference that are shown; a longer one says how many are left out.
const MOST_LINES: usize = 60;

/// A value on one line, as JSON writes it, escaped.
pub(super) fn inline(value: &Value) -> String {
    cut(clean(&value.to_string()))
}

/// A text that fits some lines of a terminal; a longer one says how much is left out.
pub(super) fn cut(text: String) -> String {
    let most = INLINE * 4;
    match text.char_indices().nth(most) {
        None => text,
        Some((end, _)) => {
            let left_out = text[end..].chars().count();
            format!("{}… ({left_out} more characters; see --format json)", &text[..end])
        }
    }
}

fn shown(value: &Shown) -> String {
    match value {
        Shown::Absent => "(not set)".to_owned(),
        Shown::Value(value) => inline(value),
        Shown::Secret(word) => word.text().to_owned(),
    }
}

/// Lines that show one attribute: `name  before -> after` where that fits a line, else a line difference.
pub(super) fn attribute(change: &AttributeChange, width: usize, created: bool) -> Vec<String> {
    let risky = if change.risky { "  (risky: may affect connected bridges)" } else { "" };
    let name = format!("{:width$}", clean(&change.name));
    let both = (lines_of(&change.before), lines_of(&change.after));
    let long = both.0.len().max(both.1.len()) > 1;
    if !long {
        let line = match (&change.before, &change.after) {
            (Shown::Absent, after) if created => format!("{name}  {}", shown(after)),
            (before, Shown::Absent) => format!("{name}  {}", shown(before)),
            (Shown::Secret(_), after @ Shown::Secret(_)) => format!("{name}  {}", shown(after)),
            (before, after) => format!("{name}  {} -> {}", shown(before), shown(after)),
        };
        return vec![format!("{line}{risky}")];
    }
    let mut lines = vec![format!("{}{risky}", clean(&change.name))];
    lines.extend(difference(&both.0, &both.1));
    lines
}

/// A value as lines: a nested one key by key, a text line by line, an empty or short one as a single line.
fn lines_of(value: &Shown) -> Vec<String> {
    match value {
        Shown::Absent => Vec::new(),
        Shown::Value(Value::String(text)) if text.contains('\n') => text.lines().map(str::to_owned).collect(),
        Shown::Value(nested @ (Value::Array(_) | Value::Object(_))) => {
            let short = nested.to_string();
            let empty = matches!(nested, Value::Array(items) if items.is_empty())
                || matches!(nested, Value::Object(map) if map.is_empty());
            if empty {
                return vec![short];
            }
            serde_json::to_string_pretty(nested).unwrap_or(short).lines().map(str::to_owned).collect()
        }
        other => vec![shown(other)],
    }
}

/// Line difference. Lines are escaped after they were compared, so that escaping cannot hide a change; a hostile pair of
/// texts costs half a second at most.
fn difference(before: &[String], after: &[String]) -> Vec<String> {
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    let diff = TextDiff::configure().timeout(Duration::from_millis(500)).diff_slices(&before, &after);
    let mut lines = Vec::new();
    for change in diff.iter_all_changes() {
        let text = cut(clean(change.value()));
        lines.push(match change.tag() {
            ChangeTag::Equal => paint(FAINT, format!("    {text}")),
            ChangeTag::Delete => paint(BAD, format!("  - {text}")),
            ChangeTag::Insert => paint(GOOD, format!("  + {text}")),
        });
    }
    if lines.len() > MOST_LINES {
        let left_out = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push(paint(FAINT, format!("    … {left_out} more lines; see --format json")));
    }
    lines
}
