//! The file of a table: found below the folder of the YAML, read within limits, and never quoted where it is not a table
//! that the entry knows.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::compile::CellSecrecy;
use super::csv::CsvTable;
use super::table::{ListTable, Rows, TableFault};
use super::{TableContext, shown};
use crate::config::problem::{Problem, Problems, SourceFile, Span};
use crate::config::yaml::{self, NodeData};
use crate::disk::{self, FileRefusal};
use crate::model::resource::SourceLocation;

/// Largest table.
const MAX_BYTES: u64 = yaml::MAX_BYTES as u64;

/// Endings of the files that are read as separated values, and those that hold a list.
const TABLE_ENDINGS: [&str; 2] = ["csv", "tsv"];
const LIST_ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Whether the name of a file says that it is nothing but a table.
pub(crate) fn is_table(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    TABLE_ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// What is known about a file that could be read.
pub(super) struct LoadedTable {
    pub(super) source: Arc<SourceFile>,
    pub(super) path: PathBuf,
    /// None where it is not a table.
    pub(super) rows: Option<Rows>,
    pub(super) faults: Vec<TableFault>,
}

/// What a table is wanted for.
pub(super) struct TableRequest<'a> {
    /// As the YAML has it.
    pub(super) path: &'a str,
    /// The place of that path.
    pub(super) at: (&'a Arc<SourceFile>, Span),
    pub(super) separator: Option<u8>,
    /// The entries that need it, for messages.
    pub(super) entry: &'a str,
    /// How far cells of a column may be shown; none for a column that no placeholder names.
    pub(super) secrecy: &'a dyn Fn(&str) -> Option<CellSecrecy>,
}

/// Reads a table, or says why not.
pub(super) fn load_table(request: &TableRequest<'_>, context: &TableContext<'_>, problems: &mut Problems) -> Option<LoadedTable> {
    let (source, span) = request.at;
    let wrong =
        |what: String, label: &str, help: &str| Problem::new("telform::table::file", what, source, span).label(label).help(help);
    let relative = Path::new(request.path);
    let ending = relative.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    let is_list = LIST_ENDINGS.contains(&&*ending);
    let Some(parts) = parts_below(relative) else {
        let what = format!("the table `{}` is not below the folder of this file", shown(request.path));
        problems.push(wrong(
            what,
            "leads elsewhere",
            "put the table into the folder of this file or below it, and write its path from here, with `/`",
        ));
        return None;
    };
    if !is_list && !TABLE_ENDINGS.contains(&&*ending) {
        let what = format!("the name of the table `{}` does not show its format", shown(request.path));
        problems.push(wrong(
            what,
            "which format?",
            "separated values end in .csv or .tsv, lists of maps in .yaml, .yml or .json",
        ));
        return None;
    }
    let path = context.folder.join(relative);
    let name = Path::new(source.name()).parent().unwrap_or(Path::new("")).join(relative).to_string_lossy().into_owned();
    let bytes = match context.edits.edited_text(&path) {
        Some(text) => text.clone().map(String::into_bytes).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)),
        None => read_bytes(context.folder, &parts),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => {
            let (what, help) = reason(&error, request.path);
            problems.push(wrong(what, "this table", help));
            return None;
        }
    };
    let text = match text_of(bytes) {
        Ok(text) => text,
        Err((row, what)) => {
            let place = SourceLocation { file: name.into(), line: row, column: 1 };
            let what = format!("{what} (row {row}, entry `{}`)", shown(request.entry));
            let problem = Problem::at_location("telform::table::not_utf8", what, place);
            problems.push(problem.help("save it as UTF-8; spreadsheets call that \"CSV UTF-8\"").also_at(
                source,
                span,
                "named here",
            ));
            return None;
        }
    };
    Some(if is_list {
        read_list(request, context, path, &name, &text, problems)?
    } else {
        read_csv(request, context, path, &name, text)
    })
}

/// The parts of a path that leads downwards.
fn parts_below(path: &Path) -> Option<Vec<&OsStr>> {
    let text = path.to_str()?;
    let parts: Option<Vec<&OsStr>> = path
        .components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| if let Component::Normal(part) = part { Some(part) } else { None })
        .collect();
    parts.filter(|parts| !parts.is_empty() && !text.contains(['\\', '\0']) && !text.ends_with('/'))
}

/// No part of the path below the folder may be a link.
fn read_bytes(folder: &Path, parts: &[&OsStr]) -> io::Result<Vec<u8>> {
    let (name, folders) = parts.split_last().ok_or(io::ErrorKind::NotFound)?;
    let file = disk::walk_folders(folder, folders.iter().copied(), false)?.open(name)?;
    disk::read_bounded(file, MAX_BYTES)
}

fn reason(error: &io::Error, path: &str) -> (String, &'static str) {
    let path = shown(path);
    match disk::file_refusal(error) {
        Some(FileRefusal::Link(_)) => {
            (format!("the table `{path}` is behind a link, and telform does not follow links"), "put the table itself there")
        }
        Some(FileRefusal::Large(_)) => {
            (format!("the table `{path}` is larger than {} MiB", MAX_BYTES >> 20), "split it into several tables")
        }
        Some(refusal) => (format!("the table `{path}` is not read: {refusal}"), "name a regular file"),
        None if error.kind() == io::ErrorKind::NotFound => {
            (format!("the table `{path}` does not exist"), "paths start from the folder of this file")
        }
        None if matches!(error.kind(), io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory) => {
            (format!("the table `{path}` is a folder, or its path leads through a file"), "name a file")
        }
        None => {
            let why = error.to_string();
            let why = why.split(" (os error").next().unwrap_or_default();
            (format!("the table `{path}` cannot be read: {why}"), "check its permissions")
        }
    }
}

/// The text without its byte order mark; otherwise the row and what is wrong there.
fn text_of(bytes: Vec<u8>) -> Result<String, (u32, String)> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err((1, "the table is UTF-16 text, not UTF-8".to_owned()));
    }
    let row_of = |before: &[u8]| 1 + before.iter().filter(|byte| **byte == b'\n').count() as u32;
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err((row_of(&bytes[..at]), format!("the table is not text: byte {} is NUL", at + 1)));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        (row_of(&bytes[..at]), format!("the table is not UTF-8 text: byte {} is 0x{:02X}", at + 1, bytes[at]))
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// How far the cells of a column may be shown: what is read from them decides, else their column's name.
fn cell_secrecy(request: &TableRequest<'_>, context: &TableContext<'_>, column: &str) -> CellSecrecy {
    (request.secrecy)(column).unwrap_or_else(|| CellSecrecy::from_key((context.secrecy)(column)))
}

/// Whether the head of a table has a column that a placeholder names. Any other was named by mistake, and nothing of it is
/// quoted.
fn is_meant(rows: Option<&Rows>, text: &str, request: &TableRequest<'_>) -> bool {
    match rows {
        Some(rows) => rows.columns().iter().any(|column| (request.secrecy)(&column.name).is_some()),
        None => {
            let head = text.lines().next().unwrap_or_default();
            head.split([',', ';', '\t']).any(|name| (request.secrecy)(name.trim_matches([' ', '"'])).is_some())
        }
    }
}

fn read_csv(request: &TableRequest<'_>, context: &TableContext<'_>, path: PathBuf, name: &str, text: String) -> LoadedTable {
    let mut faults = Vec::new();
    let whole: Arc<str> = text.into();
    let mut rows = CsvTable::read(Arc::clone(&whole), request.separator, context.limits.cells, &mut faults);
    let grid = rows.as_mut().map(|rows| std::mem::take(&mut rows.grid));
    let rows = rows.map(Rows::Csv);
    let masks = match &rows {
        Some(rows) => rows.masks(&whole, &|column| cell_secrecy(request, context, column)),
        None => Vec::new(),
    };
    let mut source = SourceFile::new(name, &whole, &masks);
    if let Some(grid) = grid {
        source = source.with_grid(grid);
    }
    if !is_meant(rows.as_ref(), &whole, request) {
        source = source.without_excerpts();
    }
    LoadedTable { source: Arc::new(source), path, rows, faults }
}

fn read_list(
    request: &TableRequest<'_>,
    context: &TableContext<'_>,
    path: PathBuf,
    name: &str,
    text: &str,
    problems: &mut Problems,
) -> Option<LoadedTable> {
    let (file, faults) = yaml::parse_file(name, text, context.secrecy);
    if !faults.is_empty() {
        problems.extend(faults);
        return None;
    }
    let mut faults = Vec::new();
    let rows = match file.documents.as_slice() {
        [] => Some(Rows::List(ListTable::read(&Arc::default(), &mut faults))),
        [document] => match &document.data {
            NodeData::List(items) => Some(Rows::List(ListTable::read(items, &mut faults))),
            _ => None,
        },
        _ => None,
    };
    if rows.is_none() {
        let span = file.documents.last().map_or(Span::default(), |document| document.used_at);
        let fault = TableFault::at("telform::table::row", "the file of a table must hold one list of maps", span);
        faults.push(fault.label("not a list").help("begin each row with `-`, or put them all in [ ]"));
    }
    let masks = rows.as_ref().map(|rows| rows.masks(text, &|column| cell_secrecy(request, context, column))).unwrap_or_default();
    let source = SourceFile::new(name, file.source.text(), &masks);
    let is_meant = rows.is_some() && is_meant(rows.as_ref(), text, request);
    let source = if is_meant { source } else { source.without_excerpts() };
    Some(LoadedTable { source: Arc::new(source), path, rows, faults })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_downwards() {
        for path in ["a.csv", "./a.csv", "tables/west/a.csv"] {
            assert!(parts_below(Path::new(path)).is_some(), "{path}");
        }
        for path in ["../a.csv", "a/../../b.csv", "/etc/passwd.csv", "", ".", "a\\b.csv", "a.csv/"] {
            assert!(parts_below(Path::new(path)).is_none(), "{path}");
        }
    }

    #[test]
    fn what_is_not_text_is_named_with_its_row() {
        assert_eq!(text_of(b"\xef\xbb\xbfa,b".to_vec()), Ok("a,b".to_owned()));
        assert_eq!(text_of(b"a\nb\n\xe9".to_vec()), Err((3, "the table is not UTF-8 text: byte 5 is 0xE9".to_owned())));
        assert_eq!(text_of(b"a\nb\0".to_vec()), Err((2, "the table is not text: byte 4 is NUL".to_owned())));
        assert!(text_of(b"\xff\xfea\0".to_vec()).is_err_and(|(row, what)| row == 1 && what.contains("UTF-16")));
    }
}
