//! The layout of the YAML: which files differ from telform's, and in what.

use similar::TextDiff;

use super::{GOOD, paint};
use crate::config::format::{FormattedFile, LeftAlone};
use crate::text::{escape, escape_multiline};

/// Lines around a change.
const CONTEXT: usize = 3;

/// The changes of these files as a unified diff, without secrets.
pub fn changes_as_patch<'a>(files: impl Iterator<Item = &'a FormattedFile>) -> String {
    let patch: String = files.map(file_patch).collect();
    escape_multiline(&patch)
}

fn file_patch(file: &FormattedFile) -> String {
    let (before, after) = file.shown_texts();
    let name = escape(&file.name);
    TextDiff::from_lines(before.text(), after.text()).unified_diff().context_radius(CONTEXT).header(&name, &name).to_string()
}

/// One line for each file whose layout differs.
pub fn changed_as_text<'a>(files: impl Iterator<Item = &'a FormattedFile>, is_written: bool) -> String {
    let verb = if is_written { "formatted" } else { "would change" };
    files.map(|file| format!("{} {}\n", paint(GOOD, verb), escape(&file.name))).collect()
}

/// How many files differ, of how many, and what follows from that.
pub fn summary_as_text(changed: usize, count: usize, is_written: bool) -> String {
    let files = if count == 1 { "file" } else { "files" };
    match (changed, is_written) {
        (0, _) if count == 1 => "The file is already formatted.\n".to_owned(),
        (0, _) => format!("All {count} {files} are already formatted.\n"),
        (_, true) => format!("{changed} of {count} {files} formatted.\n"),
        (1, false) => format!("1 of {count} {files} is not formatted. Nothing was written.\n"),
        (_, false) => format!("{changed} of {count} {files} are not formatted. Nothing was written.\n"),
    }
}

/// A file of another type.
pub fn left_alone_as_text(left: &LeftAlone) -> String {
    format!("note: {} was left as it is: {}\n", escape(&left.file), escape(&left.why))
}
