//! The files written beside the configuration. Nothing is ever overwritten.

use std::fs;
use std::path::Path;

use super::{FILE, FOLDER};
use crate::cli::console::Console;
use crate::config::schema;
use crate::disk;
use crate::run::RunError;
use crate::run::files::{create_below, write_below};

/// What must stay out of version control: keys and locks, and what the sandbox keeps.
const IGNORED: &[&str] =
    &[".telform/*.key", ".telform/*.lock", "*.state.yaml", "*.ledger.json", "*.ledger.key", "*.ledger.lock", "*.ledger.journal"];

/// What version control must neither rewrite nor merge: ledger and journal.
const ATTRIBUTES: &[&str] = &[".telform/*.json -text merge=binary", ".telform/*.journal -text merge=binary"];

/// Checked before any question and any write. Returns whether the configuration belongs in the existing folder.
pub(super) fn check_free(top: &Path) -> Result<bool, RunError> {
    if disk::path_exists(&top.join(FILE)) {
        return Err(file_exists(FILE));
    }
    // A link from a checkout would be written to somewhere else.
    for name in [FOLDER, ".telform", ".gitignore", ".gitattributes"] {
        if disk::is_link(&top.join(name)) {
            return Err(failed(name, &disk::FileRefusal::Link(name.into()).into()));
        }
    }
    let folder = top.join(FOLDER);
    let yaml = |path: &Path| path.extension().is_some_and(|it| it == "yaml" || it == "yml");
    let inside = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
    let names = inside.filter(|entry| yaml(&entry.path())).map(|entry| entry.file_name());
    if let Some(name) = names.min() {
        return Err(file_exists(&format!("{FOLDER}/{}", name.to_string_lossy())));
    }
    Ok(folder.is_dir())
}

/// Something exists where a file would be written.
pub(super) fn file_exists(name: &str) -> RunError {
    RunError::other(
        "telform::init::exists",
        format!("{name} exists already; nothing was written"),
        "run it in an empty folder, or move it away",
    )
}

/// Writes the files, the schema for the editor and the lines for version control, and returns which files were written. A
/// file created in the meantime is left as it is.
pub(super) fn write_surroundings(out: &Console, top: &Path, files: &[(&str, String)]) -> Result<Vec<String>, RunError> {
    let tells = !out.global.json && !out.global.quiet;
    let mut written = Vec::new();
    let mut wrote = |name: &str, what: &str| {
        if tells {
            out.print(&format!("{what} {name}\n"));
        }
        written.push(name.to_owned());
    };
    for (name, text) in files {
        create_below(top, name, text).map_err(|error| failed(name, &error))?;
        wrote(name, "wrote");
    }
    let name = schema::SCHEMA_COPY;
    write_below(top, name, &schema::schema_text(None)).map_err(|error| failed(name, &error))?;
    wrote(name, "wrote");
    for (name, lines) in [(".gitignore", IGNORED), (".gitattributes", ATTRIBUTES)] {
        if append_missing_lines(top, name, lines)? {
            wrote(name, "added lines to");
        }
    }
    Ok(written)
}

/// Returns whether lines were missing.
fn append_missing_lines(top: &Path, name: &str, lines: &[&str]) -> Result<bool, RunError> {
    let path = top.join(name);
    let known = if disk::path_exists(&path) { disk::read_text(&path) } else { Ok(String::new()) };
    let known = known.map_err(|error| failed(name, &error))?;
    let missing: Vec<&str> = lines.iter().copied().filter(|line| !known.lines().any(|known| known.trim() == *line)).collect();
    if missing.is_empty() {
        return Ok(false);
    }
    let gap = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
    let text = format!("{known}{gap}{}\n", missing.join("\n"));
    write_below(top, name, &text).map_err(|error| failed(name, &error))?;
    Ok(true)
}

fn failed(name: &str, error: &std::io::Error) -> RunError {
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        return file_exists(name);
    }
    let help = match disk::file_refusal(error) {
        Some(disk::FileRefusal::Link(_)) => "remove the link, or run it in another folder",
        _ => "check that you may write in this folder",
    };
    RunError::other("telform::init::io", format!("{name}: {error}"), help)
}
