//! One value, and the difference of two, as text. Everything that came from a file or a service is escaped here.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::{BAD, FAINT, GOOD, paint, words};
use crate::plan::{AttributeChange, SecretWord, Shown};
use crate::text::{alike, clean, middle, pair, spelled_out};
use crate::value::Value;

/// Longest value that is shown whole, in characters.
const MOST: usize = 288;

/// Lines of a difference that are shown; a longer one says how many are left out.
const MOST_LINES: usize = 60;

/// A text that fits some lines of a terminal; a longer one is cut in its middle and says how much is left out.
pub(super) fn cut(text: String) -> String {
    middle(&text, MOST).text
}

/// Lines that show one attribute: `name  before -> after` where that fits a line, else a line difference.
pub(super) fn attribute(change: &AttributeChange, width: usize, created: bool) -> Vec<String> {
    let risky = if change.risky { format!("  ({})", words::RISKY) } else { String::new() };
    let Some(lines) = difference(change) else {
        let name = format!("{:width$}", clean(&change.name));
        let (before, after) = words::pair(change);
        let (before, after) = pair(&before, &after, MOST);
        let (before, after) = (clean(&before.text), clean(&after.text));
        let line = match (&change.before, &change.after) {
            (Shown::Absent, _) if created => format!("{name}  {after}"),
            (_, Shown::Absent) => format!("{name}  {before}"),
            // What nobody can read is said to be there; that a secret was one says nothing.
            (Shown::Secret(SecretWord::Set), Shown::Secret(_)) => format!("{name}  {after}"),
            _ => format!("{name}  {before} -> {after}"),
        };
        return vec![format!("{line}{risky}")];
    };
    let mut drawn = vec![format!("{}{risky}", clean(&change.name))];
    let mut lines: Vec<String> = lines
        .iter()
        .map(|(tag, text)| {
            let text = clean(&cut(text.clone()));
            match tag {
                Tag::Same => paint(FAINT, format!("    {text}")),
                Tag::Gone => paint(BAD, format!("  - {text}")),
                Tag::New => paint(GOOD, format!("  + {text}")),
            }
        })
        .collect();
    if let Some(left_out) = lines.len().checked_sub(MOST_LINES).filter(|lines| *lines > 0) {
        let half = MOST_LINES / 2;
        let said = paint(FAINT, format!("    … {left_out} more lines; see --format json"));
        lines.splice(half..half + left_out, [said]);
    }
    drawn.extend(lines);
    drawn
}

/// What a line of a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// In both.
    Same,
    /// Only before.
    Gone,
    /// Only after.
    New,
}

/// An attribute whose value spans lines, line by line, not yet escaped; none when one line shows it.
pub(super) fn difference(change: &AttributeChange) -> Option<Vec<(Tag, String)>> {
    let (before, after) = (lines_of(&change.before), lines_of(&change.after));
    if before.len().max(after.len()) <= 1 {
        return None;
    }
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    // Lines are escaped after they were compared, so that escaping cannot hide a change; a hostile pair of texts costs half
    // a second at most.
    let diff = TextDiff::configure().timeout(Duration::from_millis(500)).diff_slices(&before, &after);
    let line = |change: similar::Change<&str>| {
        let tag = match change.tag() {
            ChangeTag::Equal => Tag::Same,
            ChangeTag::Delete => Tag::Gone,
            ChangeTag::Insert => Tag::New,
        };
        (tag, change.value().to_owned())
    };
    let mut lines: Vec<(Tag, String)> = diff.iter_all_changes().map(line).collect();
    // A line that only its code points tell from one of the other side.
    let of = |tag: Tag| lines.iter().filter(move |(it, _)| *it == tag).map(|(_, text)| text).take(MOST_LINES);
    let pairs = of(Tag::Gone).flat_map(|gone| of(Tag::New).map(move |new| (gone, new)));
    let twins: Vec<String> = pairs
        .filter(|(gone, new)| alike(gone, new))
        .flat_map(|(gone, new)| [gone.clone(), new.clone()])
        .collect();
    for (_, text) in lines.iter_mut().filter(|(tag, text)| *tag != Tag::Same && twins.contains(text)) {
        *text = spelled_out(text);
    }
    Some(lines)
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
        other => vec![words::shown(other)],
    }
}
