//! What is written beside the configuration, and that nothing is ever overwritten.

use std::fs;
use std::path::Path;

use super::super::exit::Failure;
use super::super::files::{Readers, create, write};
use super::super::out::Out;
use super::{FILE, FOLDER};
use crate::schema;

/// What must stay out of version control: keys and locks, and what the sandbox keeps.
const IGNORED: &[&str] = &[
    ".telform/*.key",
    ".telform/*.lock",
    "*.state.yaml",
    "*.ledger.json",
    "*.ledger.key",
    "*.ledger.lock",
    "*.ledger.journal",
];

/// What version control must neither rewrite nor merge: ledger and journal.
const ATTRIBUTES: &[&str] = &[".telform/*.json -text merge=binary", ".telform/*.journal -text merge=binary"];

/// Looked at before anything is asked or written. Says whether the configuration belongs into the folder that there is.
pub(super) fn free(top: &Path) -> Result<bool, Failure> {
    if top.join(FILE).exists() {
        return Err(exists(FILE));
    }
    let folder = top.join(FOLDER);
    let yaml = |path: &Path| path.extension().is_some_and(|it| it == "yaml" || it == "yml");
    let inside = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
    let names = inside.filter(|entry| yaml(&entry.path())).map(|entry| entry.file_name());
    if let Some(name) = names.min() {
        return Err(exists(&format!("{FOLDER}/{}", name.to_string_lossy())));
    }
    Ok(folder.is_dir())
}

/// Something stands where a file would go.
pub(super) fn exists(name: &str) -> Failure {
    Failure::other(
        "telform::init::exists",
        format!("{name} exists already; nothing was written"),
        "run it in an empty folder, or move it away",
    )
}

/// Writes the files, the schema for the editor and the lines for version control, and says which files were written. One that
/// came into being meanwhile stays as it is.
pub(super) fn surroundings(out: &Out, top: &Path, files: &[(&str, String)]) -> Result<Vec<String>, Failure> {
    let schema =
        serde_json::to_string_pretty(&schema::of(None).unwrap_or_default()).unwrap_or_default() + "\n";
    let tells = !out.global.json && !out.global.quiet;
    let mut written = Vec::new();
    let mut wrote = |name: &str, what: &str| {
        if tells {
            out.print(&format!("{what} {name}\n"));
        }
        written.push(name.to_owned());
    };
    for (name, text) in files {
        let path = top.join(name);
        create(&path, text).map_err(|error| failed(name, &error))?;
        wrote(name, "wrote");
    }
    let name = ".telform/telform.schema.json";
    write(&top.join(name), &schema, Readers::Anybody)?;
    wrote(name, "wrote");
    for (name, lines) in [(".gitignore", IGNORED), (".gitattributes", ATTRIBUTES)] {
        if added(top, name, lines)? {
            wrote(name, "added lines to");
        }
    }
    Ok(written)
}

/// Says whether lines were missing.
fn added(top: &Path, name: &str, lines: &[&str]) -> Result<bool, Failure> {
    let path = top.join(name);
    // What is no file is not read: a pipe would wait for somebody to write.
    let known = if path.is_file() { fs::read_to_string(&path) } else { Ok(String::new()) };
    let known = known.map_err(|error| failed(name, &error))?;
    let missing: Vec<&str> =
        lines.iter().copied().filter(|line| !known.lines().any(|known| known.trim() == *line)).collect();
    if missing.is_empty() {
        return Ok(false);
    }
    let gap = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
    write(&path, &format!("{known}{gap}{}\n", missing.join("\n")), Readers::Anybody)?;
    Ok(true)
}

fn failed(name: &str, error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        return exists(name);
    }
    Failure::other("telform::init::io", format!("{name}: {error}"), "check that you may write in this folder")
}
