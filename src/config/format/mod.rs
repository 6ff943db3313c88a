//! The layout of the YAML: two columns a level, single blanks, one blank line where several were. Only white space changes.
//! The new text is read again before anything is written, and has to say the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::desired::{self, FoundFile};
use super::problem::{Problem, Problems, SourceFile, Span};
use super::yaml;
use crate::disk;

mod layout;
mod lines;
mod tokens;

/// One file after its text was laid out.
#[derive(Debug)]
pub struct FormattedFile {
    /// Where it is; `-` for standard input.
    pub path: PathBuf,
    /// As the user named it.
    pub name: String,
    /// Its text as it was read.
    pub before: String,
    /// Its text in telform's layout.
    pub after: String,
}

impl FormattedFile {
    /// Whether the layout differs.
    pub fn differs(&self) -> bool {
        self.before != self.after
    }

    /// Both texts, with asterisks in place of what may be a secret.
    pub fn shown_texts(&self) -> (Arc<SourceFile>, Arc<SourceFile>) {
        let shown = |text: &str| yaml::parse_file(&self.name, text, &desired::key_secrecy).0.source;
        (shown(&self.before), shown(&self.after))
    }
}

/// A file that is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct LeftAlone {
    /// As the user named it.
    pub file: String,
    /// Why.
    pub why: String,
}

/// What became of the files that were asked for.
#[derive(Debug, Default)]
pub struct FormattedFiles {
    /// Those that could be laid out, whether or not that changes them.
    pub files: Vec<FormattedFile>,
    /// Those of another type.
    pub left_alone: Vec<LeftAlone>,
    /// What cannot be read, or would say something else.
    pub problems: Problems,
}

/// Finds the files as every other command does, and lays each out. Nothing is written.
pub fn format_files(sources: &[PathBuf]) -> FormattedFiles {
    let mut done = FormattedFiles::default();
    let mut yaml = Vec::new();
    for source in sources {
        match other_format(source) {
            Some(format) => done
                .left_alone
                .push(LeftAlone { file: source.display().to_string(), why: format!("{format} files are not formatted") }),
            None => yaml.push(source.clone()),
        }
    }
    if yaml.is_empty() && !sources.is_empty() {
        return done;
    }
    let (found, problems) = desired::find_files(Path::new(""), &yaml);
    done.problems = problems;
    for file in found {
        match format_file(&file) {
            Ok(formatted) => done.files.push(formatted),
            Err(NotFormatted::LeftAlone(why)) => done.left_alone.push(LeftAlone { file: file.name, why: why.to_owned() }),
            Err(NotFormatted::Problems(problems)) => done.problems.extend(problems),
        }
    }
    done.problems = std::mem::take(&mut done.problems).sorted();
    done
}

/// Why a file was not laid out.
enum NotFormatted {
    LeftAlone(&'static str),
    Problems(Problems),
}

impl From<Problem> for NotFormatted {
    fn from(problem: Problem) -> Self {
        Self::Problems(problem.into())
    }
}

/// A file whose name says that it is not YAML.
fn other_format(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "json" => Some("JSON"),
        "csv" => Some("CSV"),
        _ => None,
    }
}

fn format_file(file: &FoundFile) -> Result<FormattedFile, NotFormatted> {
    let is_found = file.within_folder.is_some();
    let mut path = file.path.clone();
    if disk::is_link(&path) {
        if !is_found {
            let what = "this is a link, and telform writes through no link";
            return Err(Problem::of_file("telform::file::link", what, &file.name).help("name the file that it leads to").into());
        }
        // It leads to a file of the same folder, which is read once, under the first of its names.
        path = fs::canonicalize(&path).unwrap_or(path);
    }
    let before = desired::file_text(file).map_err(|fault| fault.to_problem(&file.name))?;
    let (read, problems) = desired::parse_yaml(&file.name, &before);
    if is_found && !read.source.is_quoted() {
        return Err(NotFormatted::LeftAlone("it has none of telform's keys at its top"));
    }
    if !problems.is_empty() {
        return Err(NotFormatted::Problems(problems));
    }
    let after = format_text(&before).map_err(|span| {
        let what = "in telform's layout this file would not say the same, so it was left as it is";
        Problem::new("telform::file::format", what, &read.source, span)
            .label("from here on")
            .help("write this value in a simpler form, such as a text in quotes on one line")
    })?;
    Ok(FormattedFile { path, name: file.name.clone(), before, after })
}

/// A text in telform's layout, or where that would say something else.
pub fn format_text(before: &str) -> Result<String, Span> {
    let (mark, text) = match before.strip_prefix('\u{feff}') {
        Some(text) => ("\u{feff}", text),
        None => ("", before),
    };
    let tokens = tokens::tokens(text).ok_or_else(Span::default)?;
    let after = format!("{mark}{}", layout::lay_out(text, &tokens));
    tokens::first_difference(before, &after).map_or(Ok(after), Err)
}

#[cfg(test)]
mod tests;
