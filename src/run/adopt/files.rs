//! The files of an adoption: where they are, and how they are written.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::analysis::adopt::{AdoptedTable, AdoptionFile, WritingChoices};
use crate::config::desired;
use crate::config::problem::Problems;
use crate::disk;
use crate::model::resource::{Address, SourceLocation};
use crate::run::RunError;
use crate::run::files::{FileReaders, write_file};

/// A file of an adoption.
#[derive(Debug)]
pub struct AdoptedFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it held before; empty for a file of its own. Only one object at a time is added to a file of the user.
    pub before: String,
    /// What the adoption writes. Tables are beside the file.
    pub page: AdoptionFile,
    /// Which of the files had exactly this content already.
    pub unchanged: BTreeSet<PathBuf>,
}

impl AdoptedFile {
    pub(super) fn new(path: PathBuf, before: String, page: AdoptionFile) -> Self {
        Self { path, before, page, unchanged: BTreeSet::new() }
    }

    /// The files and what they will hold: the tables, then the YAML that needs them.
    pub(super) fn texts(&self) -> impl Iterator<Item = (PathBuf, Cow<'_, str>)> {
        let tables = self.page.tables.iter().map(|table| (self.table_path(table), Cow::Borrowed(&*table.text)));
        let yaml = if self.before.is_empty() {
            Cow::Borrowed(&*self.page.text)
        } else {
            Cow::Owned(format!("{}{}", self.before, self.page.text))
        };
        tables.chain([(self.path.clone(), yaml)])
    }

    /// The YAML, then its tables.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        std::iter::once(self.path.clone()).chain(self.page.tables.iter().map(|table| self.table_path(table)))
    }

    /// Where a table is.
    pub fn table_path(&self, table: &AdoptedTable) -> PathBuf {
        self.path.with_file_name(&table.name)
    }

    /// Its kind, and what is left out of it because only a create needs it.
    pub(super) fn for_creates_only(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.page.for_creates_only.iter().map(|name| (self.page.kind, *name))
    }

    /// A file that is there already with other content, or a link in place of a table: no table is read through one. A file
    /// that the adoption adds to is no such file.
    pub(super) fn foreign_file(&self) -> Option<PathBuf> {
        let is_linked = |path: &Path| *path != self.path && disk::is_link(path);
        let is_foreign =
            |(path, text): &(PathBuf, Cow<'_, str>)| disk::path_exists(path) && (is_linked(path) || !holds(path, text));
        self.texts().filter(|_| self.before.is_empty()).find(is_foreign).map(|(path, _)| path)
    }

    /// Writes each file at once; one that already has this content is not touched.
    pub(super) fn write(&mut self) -> Result<(), RunError> {
        let mut unchanged = BTreeSet::new();
        for (path, text) in self.texts() {
            if holds(&path, &text) {
                unchanged.insert(path);
            } else {
                write_file(&path, &text, FileReaders::Anybody)?;
            }
        }
        self.unchanged = unchanged;
        Ok(())
    }

    /// The objects and the attribute that a problem is about.
    pub(super) fn attribute_at(&self, place: &SourceLocation) -> Option<(&[Address], &'static str)> {
        let plain = |path: &str| path.trim_start_matches("./").to_owned();
        let is_at = |path: &Path| plain(&path.display().to_string()) == plain(&place.file);
        let line = place.line as usize;
        if let Some(table) = self.page.tables.iter().find(|table| is_at(&self.table_path(table))) {
            let (address, attribute) = table.attribute_at(line, place.column as usize)?;
            return Some((std::slice::from_ref(address), attribute));
        }
        let above = self.before.bytes().filter(|byte| *byte == b'\n').count();
        let line = line.checked_sub(above).filter(|_| is_at(&self.path))?;
        // A problem of an entry as a whole is not caused by the attribute above it.
        let head = self.page.entry_lines.range(..=line).next_back().copied().unwrap_or_default();
        let (_, (addresses, attribute)) = self.page.attribute_lines.range(head..=line).next_back()?;
        Some((addresses, attribute))
    }
}

/// Attributes whose lines or cells the loader did not accept.
pub(super) fn leave_out_problems(files: &[AdoptedFile], problems: &Problems, choices: &mut WritingChoices) {
    for problem in problems.iter() {
        let Some((addresses, attribute)) = files.iter().find_map(|file| file.attribute_at(&problem.location)) else { continue };
        for address in addresses {
            let pair = (address.clone(), attribute.to_owned());
            choices.refused.entry(pair).or_insert_with(|| format!("not written: {}", problem.fault()));
        }
    }
}

/// Whether a file has exactly this content.
fn holds(path: &Path, text: &str) -> bool {
    disk::read_text(path).is_ok_and(|there| there == text)
}

/// The file of one kind in one account.
pub(super) fn file_of(folder: &Path, account: &str, kind: &str) -> PathBuf {
    folder.join(format!("{}.yaml", file_stem(account, kind)))
}

/// Its name, and what the names of its tables begin with.
pub(super) fn file_stem(account: &str, kind: &str) -> String {
    format!("{account}-{kind}")
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
            "the configuration comes from standard input, so nothing can be added to it",
            "name a folder for the new file with --out",
        ));
    }
    let text = disk::read_text(place)
        .map_err(|error| RunError::other("telform::adopt::read", format!("cannot read {}: {error}", place.display()), ""))?;
    let gap = if text.ends_with('\n') { "" } else { "\n" };
    Ok((place.clone(), format!("{text}{gap}---\n")))
}
