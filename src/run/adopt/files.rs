//! The files of an adoption: where they are, and how they are written.

use std::path::{Path, PathBuf};

use crate::analysis::adopt::AdoptionFile;
use crate::config::desired;
use crate::disk;
use crate::model::resource::Address;
use crate::run::RunError;
use crate::run::files::{FileReaders, write_file};

/// A file of an adoption.
#[derive(Debug)]
pub struct AdoptedFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it held before; empty for a file of its own. Only one object at a time is added to a file of the user.
    pub before: String,
    /// What the adoption writes.
    pub page: AdoptionFile,
    /// Whether it had exactly this content already.
    pub is_unchanged: bool,
}

impl AdoptedFile {
    pub(super) fn new(path: PathBuf, before: String, page: AdoptionFile) -> Self {
        Self { path, before, page, is_unchanged: false }
    }

    /// What the file will hold.
    pub(super) fn text(&self) -> String {
        format!("{}{}", self.before, self.page.text)
    }

    /// Whether the file has exactly this content.
    pub(super) fn is_there(&self) -> bool {
        disk::read_text(&self.path).is_ok_and(|there| there == self.text())
    }

    /// Writes the text at once; a file that already has this content is not touched.
    pub(super) fn write(&mut self) -> Result<(), RunError> {
        self.is_unchanged = self.is_there();
        if self.is_unchanged { Ok(()) } else { write_file(&self.path, &self.text(), FileReaders::Anybody) }
    }
}

/// The file of one kind in one account.
pub(super) fn file_of(folder: &Path, account: &str, kind: &str) -> PathBuf {
    folder.join(format!("{account}-{kind}.yaml"))
}

/// Where the YAML of one object goes: a separate file in a folder, or the end of an existing file. Where overlays are
/// given, the object was found in their environment; written into the base files, it would be created in the other
/// environments.
pub(super) fn file_for(
    files: &[PathBuf],
    out: Option<&Path>,
    address: &Address,
    overlays: &[String],
) -> Result<(PathBuf, String), RunError> {
    let own = |folder: &Path| (folder.join(format!("{}-{}.yaml", address.kind, address.name)), String::new());
    if let Some(folder) = out {
        return Ok(own(folder));
    }
    let places = desired::source_paths(files);
    let last = overlays.last().map(PathBuf::from);
    let Some(place) = last.as_ref().or(places.first()) else { return Ok(own(Path::new(""))) };
    if place.is_dir() {
        return Ok(own(place));
    }
    if desired::is_stdin(place) || place.as_os_str() == desired::STDIN {
        return Err(RunError::other(
            "telform::adopt::read",
            "the configuration comes from standard input, and nothing can be added to it",
            "name a folder for the new file with --out",
        ));
    }
    let text = disk::read_text(place)
        .map_err(|error| RunError::other("telform::adopt::read", format!("cannot read {}: {error}", place.display()), ""))?;
    let gap = if text.ends_with('\n') { "" } else { "\n" };
    Ok((place.clone(), format!("{text}{gap}---\n")))
}
