//! One value, and the difference of two, as text. Everything that came from a file or a service is escaped here.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::{BAD, FAINT, GOOD, paint, wording};
use crate::model::value::CompactValue;
use crate::plan::{AttributeChange, SecretState, ShownValue};
use crate::text::{escape, look_alike, spell_code_points, truncate_middle, truncate_pair};

/// Longest value that is shown whole, in characters.
const MOST: usize = 288;

/// Most lines of a difference that are shown; a longer one says how many are left out.
const MOST_LINES: usize = 60;

/// A text that fits a few terminal lines; a longer one is cut in the middle and says how much is left out.
pub(super) fn cut_middle(text: String) -> String {
    truncate_middle(&text, MOST).text
}

/// Lines that show one attribute: `name  before -> after` where that fits a line, else a line difference.
pub(super) fn attribute_lines(change: &AttributeChange, width: usize, created: bool) -> Vec<String> {
    let remark = wording::attribute_remark(change).map(|remark| format!("  ({remark})")).unwrap_or_default();
    let Some(lines) = line_difference(change) else {
        let name = format!("{:width$}", escape(&change.name));
        let (before, after) = wording::before_and_after(change);
        let (before, after) = truncate_pair(&before, &after, MOST);
        let (before, after) = (escape(&before.text), escape(&after.text));
        let line = match (&change.before, &change.after) {
            (ShownValue::Absent, _) if created => format!("{name}  {after}"),
            (_, ShownValue::Absent) => format!("{name}  {before}"),
            // A value that cannot be read is shown as present; the old mark of a secret is omitted.
            (ShownValue::Secret(SecretState::Set), ShownValue::Secret(_)) => format!("{name}  {after}"),
            _ => format!("{name}  {before} -> {after}"),
        };
        return vec![format!("{line}{remark}")];
    };
    let mut drawn = vec![format!("{}{remark}", escape(&change.name))];
    let mut lines: Vec<String> = lines
        .iter()
        .map(|(tag, text)| {
            let text = escape(&cut_middle(text.clone()));
            match tag {
                DiffLineKind::Same => paint(FAINT, format!("    {text}")),
                DiffLineKind::Gone => paint(BAD, format!("  - {text}")),
                DiffLineKind::New => paint(GOOD, format!("  + {text}")),
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

/// Lines that show how two nested values differ; none where one line shows each.
pub(crate) fn nested_difference(before: &ShownValue, after: &ShownValue) -> Option<Vec<String>> {
    let (name, risky, source) = Default::default();
    let change = AttributeChange { name, before: before.clone(), after: after.clone(), risky, source };
    line_difference(&change)?;
    Some(attribute_lines(&change, 0, false).split_off(1))
}

/// The type of a line of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DiffLineKind {
    /// In both.
    Same,
    /// Only before.
    Gone,
    /// Only after.
    New,
}

/// An attribute whose value spans lines, line by line, not yet escaped; none when one line shows it.
pub(super) fn line_difference(change: &AttributeChange) -> Option<Vec<(DiffLineKind, String)>> {
    let (before, after) = (value_lines(&change.before), value_lines(&change.after));
    if before.len().max(after.len()) <= 1 {
        return None;
    }
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    // Lines are escaped after they are compared, so that escaping cannot hide a change; a hostile pair of texts costs at
    // most half a second.
    let diff = TextDiff::configure().timeout(Duration::from_millis(500)).diff_slices(&before, &after);
    let line = |change: similar::Change<&str>| {
        let tag = match change.tag() {
            ChangeTag::Equal => DiffLineKind::Same,
            ChangeTag::Delete => DiffLineKind::Gone,
            ChangeTag::Insert => DiffLineKind::New,
        };
        (tag, change.value().to_owned())
    };
    let mut lines: Vec<(DiffLineKind, String)> = diff.iter_all_changes().map(line).collect();
    // A line that differs from one of the other side only in its code points.
    let of = |tag: DiffLineKind| lines.iter().filter(move |(it, _)| *it == tag).map(|(_, text)| text).take(MOST_LINES);
    let pairs = of(DiffLineKind::Gone).flat_map(|gone| of(DiffLineKind::New).map(move |new| (gone, new)));
    let twins: Vec<String> =
        pairs.filter(|(gone, new)| look_alike(gone, new)).flat_map(|(gone, new)| [gone.clone(), new.clone()]).collect();
    for (_, text) in lines.iter_mut().filter(|(tag, text)| *tag != DiffLineKind::Same && twins.contains(text)) {
        *text = spell_code_points(text);
    }
    Some(lines)
}

/// A line of a value; the mark of a number that nothing serves is not a name.
fn without_mark(line: &str) -> String {
    match line.trim_start().starts_with("\"+") {
        true => line.replace(": \"unserved\"", ": (nothing serves it)"),
        false => line.to_owned(),
    }
}

/// A value as lines: a nested one key by key, a text line by line, an empty or short one as a single line.
fn value_lines(value: &ShownValue) -> Vec<String> {
    match value {
        ShownValue::Absent => Vec::new(),
        ShownValue::Value(CompactValue::Text(text)) if text.contains('\n') => text.lines().map(str::to_owned).collect(),
        ShownValue::Value(nested @ (CompactValue::List(_) | CompactValue::Map(_))) => {
            let short = nested.to_string();
            let empty = matches!(nested, CompactValue::List(items) if items.is_empty())
                || matches!(nested, CompactValue::Map(map) if map.is_empty());
            if empty {
                return vec![short];
            }
            serde_json::to_string_pretty(nested).unwrap_or(short).lines().map(without_mark).collect()
        }
        other => vec![wording::shown_as_json(other)],
    }
}
