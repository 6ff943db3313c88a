//! Where output options write. They never replace a file that telform needs or that a person wrote: a ledger, a journal, a lock, a
//! key, or YAML. Replacing one of these by a slip of a shell's completion would lose what is managed.

use std::io::Read;
use std::path::Path;

use super::RunError;
use super::files::{self, FileReaders};
use crate::disk;

/// Most bytes that tell what a file is.
const HEAD: u64 = 4096;

/// Writes the text of an output option.
pub(crate) fn write_output(path: &Path, text: &str, readers: FileReaders) -> Result<(), RunError> {
    write_output_bytes(path, text.as_bytes(), readers)
}

/// Writes the bytes of an output option.
pub(crate) fn write_output_bytes(path: &Path, bytes: &[u8], readers: FileReaders) -> Result<(), RunError> {
    check_output(path)?;
    files::write_bytes(path, bytes, readers)
}

/// The same refusal for a command that writes long after it began, at its beginning.
pub(crate) fn check_outputs<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<(), RunError> {
    paths.into_iter().try_for_each(check_output)
}

/// Refuses a file that an output option must not replace.
fn check_output(path: &Path) -> Result<(), RunError> {
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|there| there.is_file());
    match is_file.then(|| kept_kind(path)).flatten() {
        None => Ok(()),
        Some(what) => Err(RunError::other(
            "telform::file::kept",
            format!("{} exists and is {what}; an output option does not replace it", path.display()),
            "name another file; if you no longer need that one, move it away first",
        )),
    }
}

/// What an existing file is, if it must stay.
fn kept_kind(path: &Path) -> Option<&'static str> {
    if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
        return Some("YAML: a configuration, a world or the state of a sandbox");
    }
    let file = disk::open_file(path).ok()?;
    let head = disk::read_bounded(file.take(HEAD), HEAD).ok()?;
    let text = String::from_utf8_lossy(&head);
    let has = |keys: &[&str]| keys.iter().all(|key| text.contains(&format!("\"{key}\":")));
    if text.starts_with("{\"seq\":") && has(&["at", "prev", "run"]) {
        Some("a journal")
    } else if text.starts_with('{') && has(&["format", "id", "serial", "write"]) {
        Some("a ledger")
    } else if text.starts_with('{') && has(&["format", "state", "id", "write", "owner"]) {
        Some("a lock")
    } else if path.extension().is_some_and(|ending| ending == "key") {
        Some("a key")
    } else {
        None
    }
}
