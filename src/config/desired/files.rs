//! Which files are read: the paths given, or the default places. Nothing is skipped silently.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file_text::file_text;
use super::side_by_side::side_by_side;
use super::{groups, is_top, secret};
use crate::config::problem::{Problem, Problems, SourceFile};
use crate::config::tables::{TableContext, TableLimits, expand_tables, is_table};
use crate::config::yaml::{self, YamlFile, YamlNode};
use crate::disk;
use crate::text::shell_quote;

/// Deepest folder below a given one; this ends a link that leads upwards.
const MAX_FOLDERS: usize = 32;

/// Default file and folder.
const FILE: &str = "telform.yaml";
const FOLDER: &str = "telform";

/// The path of standard input. A file of that name is `./-`.
pub(super) const DASH: &str = "-";
/// Its name in messages.
pub(crate) const STDIN: &str = "<stdin>";

/// Whether a source is standard input.
pub(crate) fn is_stdin(source: &Path) -> bool {
    source == Path::new(DASH)
}

/// One file that was read.
#[derive(Debug)]
pub(super) struct ConfigFile {
    pub(super) source: Arc<SourceFile>,
    /// Where it is; empty for a text that was never one.
    pub(super) path: PathBuf,
    /// Folder that relative paths in it start from.
    pub(super) folder: PathBuf,
    /// Folder of the whole configuration: that of the first path given.
    pub(super) root_folder: PathBuf,
    pub(super) documents: Vec<YamlNode>,
    /// The tables that entries are made from.
    pub(super) tables: Vec<(PathBuf, Arc<SourceFile>)>,
}

/// A file to read: its path, and the name that the user gave it.
pub(in crate::config) struct FoundFile {
    pub(in crate::config) path: PathBuf,
    pub(in crate::config) name: String,
    /// The folder that it was found in, which no link may lead out of; none for a file that the user named.
    pub(in crate::config) within_folder: Option<PathBuf>,
}

struct FileFinder<'a> {
    current_folder: &'a Path,
    found: Vec<FoundFile>,
    seen_paths: HashSet<PathBuf>,
    problems: Problems,
}

/// Files whose text replaces the one on disk; `None`: as if the file did not exist. Files that no path leads to are read
/// as well.
#[derive(Debug, Clone, Default)]
pub struct FileEdits(pub BTreeMap<PathBuf, Option<String>>);

impl FileEdits {
    pub(in crate::config) fn edited_text(&self, path: &Path) -> Option<&Option<String>> {
        let path = absolute_path(path);
        self.0.iter().find(|(edited, _)| absolute_path(edited) == path).map(|(_, text)| text)
    }
}

/// The path without links, also of a file that does not exist yet.
fn absolute_path(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match (fs::canonicalize(folder), path.file_name()) {
            (Ok(folder), Some(name)) => folder.join(name),
            _ => path.to_owned(),
        }
    })
}

/// The files and folders that are read: those given, or the default one.
pub fn source_paths(sources: &[PathBuf]) -> Vec<PathBuf> {
    if !sources.is_empty() {
        return sources.to_vec();
    }
    [FILE, FOLDER].into_iter().map(PathBuf::from).filter(|path| path.exists()).collect()
}

/// Whether a folder has a configuration in a default place.
pub(crate) fn has_default_config(folder: &Path) -> bool {
    let is_yaml = |path: &Path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let entries = || fs::read_dir(folder.join(FOLDER)).into_iter().flatten().flatten();
    folder.join(FILE).is_file() || entries().any(|entry| is_yaml(&entry.path()))
}

/// Finds all files. A relative path starts from `here`.
pub(in crate::config) fn find_files(here: &Path, sources: &[PathBuf]) -> (Vec<FoundFile>, Problems) {
    let mut finder =
        FileFinder { current_folder: here, found: Vec::new(), seen_paths: HashSet::new(), problems: Problems::default() };
    if sources.is_empty() {
        finder.default();
    } else {
        for source in sources {
            finder.add_given(source);
        }
    }
    (finder.found, finder.problems)
}

/// Finds and reads all files. A relative path starts from `here`.
pub(super) fn read_files(here: &Path, sources: &[PathBuf], edits: &FileEdits) -> (Vec<ConfigFile>, Problems) {
    let (found, mut problems) = find_files(here, sources);
    let new = edits.0.iter().filter(|(path, text)| {
        let path = absolute_path(path);
        text.is_some() && !is_table(&path) && !found.iter().any(|found| absolute_path(&found.path) == path)
    });
    let new: Vec<FoundFile> =
        new.map(|(path, _)| FoundFile { path: path.clone(), name: path.display().to_string(), within_folder: None }).collect();
    let all: Vec<&FoundFile> = found.iter().chain(&new).collect();
    let mut inputs = Vec::new();
    for (input, faults) in side_by_side(&all, |found| read_file(found, edits)) {
        problems.extend(faults);
        inputs.extend(input);
    }
    let first = sources.first().map_or_else(|| Path::new(if here.join(FILE).exists() { FILE } else { FOLDER }), PathBuf::as_path);
    let first = here.join(first);
    let top = if first.is_dir() { &*first } else { first.parent().unwrap_or(Path::new("")) };
    inputs.iter_mut().for_each(|input: &mut ConfigFile| input.root_folder = top.to_owned());
    // A list of rows in a folder that is read is a table, and no file of its own.
    let tables: HashSet<PathBuf> = inputs.iter().flat_map(|input| &input.tables).map(|(path, _)| absolute_path(path)).collect();
    if !tables.is_empty() {
        inputs.retain(|input| !tables.contains(&absolute_path(&input.path)));
    }
    (inputs, problems)
}

/// One file: its tree, when there is one, and what is wrong with it.
fn read_file(found: &FoundFile, edits: &FileEdits) -> (Option<ConfigFile>, Problems) {
    let text = match edits.edited_text(&found.path) {
        Some(None) => return (None, Problems::default()),
        Some(Some(text)) => Ok(text.clone()),
        None => file_text(found),
    };
    match text {
        Ok(text) => {
            let folder = found.path.parent().unwrap_or(Path::new("")).to_path_buf();
            let (input, faults) = parse_text(&found.name, folder, &text, edits);
            (Some(ConfigFile { path: found.path.clone(), ..input }), faults)
        }
        Err(fault) => {
            let mut problems = Problems::default();
            problems.push(fault.to_problem(&found.name));
            (None, problems)
        }
    }
}

/// Reads one text as YAML, whatever it says. Nothing of a file that is not telform's is quoted.
pub(in crate::config) fn parse_yaml(name: &str, text: &str) -> (YamlFile, Problems) {
    let (mut file, problems) = yaml::parse_file(name, text, &secret::key_secrecy);
    if is_ours(&file.documents, text) {
        return (file, problems);
    }
    file.source = Arc::new(SourceFile::new(name, "", &[]).without_excerpts());
    (file, problems.without_excerpts())
}

/// Reads one text.
pub(super) fn parse_text(name: &str, folder: PathBuf, text: &str, edits: &FileEdits) -> (ConfigFile, Problems) {
    let (mut file, mut problems) = parse_yaml(name, text);
    if problems.is_empty() && file.documents.is_empty() {
        problems.push(
            Problem::of_file("telform::file::empty", "the file is empty", name)
                .help("write `version: 1` into it, or leave it out"),
        );
    }
    let mut tables = Vec::new();
    if file.source.is_quoted() {
        let context = TableContext { folder: &folder, edits, secrecy: &secret::key_secrecy, limits: TableLimits::default() };
        let expansion = expand_tables(&mut file, &context);
        problems.extend(expansion.problems);
        tables = expansion.tables;
    }
    let root_folder = folder.clone();
    let (source, documents) = (file.source, file.documents);
    let mut file = ConfigFile { source, path: PathBuf::new(), root_folder, folder, documents, tables };
    problems.extend(groups::spread_groups(&mut file));
    (file, problems)
}

/// Whether a file is one of telform's, as far as it can be read: it has a key that telform knows at its top. Any other was read
/// by mistake, or through a link, and nothing of it is shown: to a YAML parser /etc/shadow is a map.
fn is_ours(documents: &[YamlNode], text: &str) -> bool {
    if !documents.is_empty() {
        return documents.iter().filter_map(YamlNode::as_map).flatten().any(|entry| is_top(&entry.key));
    }
    let quotes: &[char] = &['"', '\'', ' '];
    let key = |line: &str| Some(line.trim_start_matches('{').split_once(':')?.0.trim_matches(quotes).to_owned());
    text.lines().filter_map(key).any(|key| is_top(&key))
}

impl FileFinder<'_> {
    fn default(&mut self) {
        let file = self.current_folder.join(FILE).exists();
        let folder = self.current_folder.join(FOLDER).is_dir();
        match (file, folder) {
            (true, false) => self.add_default(FILE),
            (false, true) => self.add_default(FOLDER),
            (true, true) => self.problems.push(
                Problem::of_file(
                    "telform::file::ambiguous",
                    format!("this folder contains both {FILE} and {FOLDER}/, so it is not clear which one to read"),
                    FILE,
                )
                .help(format!("choose with -f {FILE} or -f {FOLDER}, or name both")),
            ),
            (false, false) => {
                let other = ["telform.yml", "Telform.yaml"].into_iter().find(|name| self.current_folder.join(name).exists());
                let hint = other.map_or(String::new(), |name| format!("; there is a {name}: give it with -f {name}"));
                self.problems.push(Problem::of_file("telform::file::none", "this folder contains no configuration", "").help(
                    format!(
                        "telform reads {FILE}, or every .yaml and .yml file below {FOLDER}/, or what -f names{hint}\n\
                         `telform init` writes a first one"
                    ),
                ));
            }
        }
    }

    /// The default file or folder, used when no path is given.
    fn add_default(&mut self, name: &str) {
        let here = self.current_folder.to_owned();
        if !self.leaves_folder(&here, &here.join(name), name) {
            self.read_at(Path::new(name), Some(&here));
        }
    }

    fn add_given(&mut self, source: &Path) {
        if is_stdin(source) {
            self.add_file(self.current_folder.join(source), STDIN.to_owned(), None);
        } else {
            self.read_at(source, None);
        }
    }

    fn read_at(&mut self, source: &Path, within: Option<&Path>) {
        let name = source.to_string_lossy().into_owned();
        let path = self.current_folder.join(source);
        match fs::metadata(&path) {
            Ok(about) if about.is_dir() => {
                if !self.add_folder(&path, &path, &name, 0) {
                    self.problems.push(
                        Problem::of_file("telform::file::empty_folder", "the folder contains no .yaml or .yml file", &name)
                            .help("put a file there, or give another path"),
                    );
                }
            }
            Ok(_) => self.add_file(path, name, within),
            Err(error) => self.report_unreadable(&error, &name),
        }
    }

    /// Whether a path leaves a folder by a link: then it is not read, and that is a problem.
    fn leaves_folder(&mut self, folder: &Path, path: &Path, name: &str) -> bool {
        let Some(target) = disk::link_outside(&[folder], path) else { return false };
        let what = format!("a link leads out of the folder that is read, to {}", target.display());
        self.problems.push(
            Problem::of_file("telform::file::link", what, name)
                .help(format!("put the file itself there; or, to read it anyway, name it: -f {}", shell_quote(name))),
        );
        true
    }

    /// Adds the files of a folder, and returns whether any were found.
    fn add_folder(&mut self, top: &Path, path: &Path, name: &str, depth: usize) -> bool {
        if depth > MAX_FOLDERS {
            let what = format!("folders are nested more than {MAX_FOLDERS} deep; does a link lead upwards?");
            self.problems.push(Problem::of_file("telform::file::limit", what, name));
            return true;
        }
        let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                self.report_unreadable(&error, name);
                return true;
            }
        };
        let mut any = false;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let name = format!("{}/{}", name.trim_end_matches('/'), entry.file_name().to_string_lossy());
            let is_yaml = path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("yaml") || ext.eq_ignore_ascii_case("yml"));
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let is_link = entry.file_type().is_ok_and(|sort| sort.is_symlink());
            let about = match fs::metadata(&path) {
                Ok(about) => about,
                // An editor's lock is a link that leads nowhere.
                Err(_) if hidden => continue,
                Err(error) if is_yaml => {
                    self.report_unreadable(&error, &name);
                    any = true;
                    continue;
                }
                Err(_) => continue,
            };
            let counts = !hidden && (is_yaml || about.is_dir());
            if is_link && counts && self.leaves_folder(top, &path, &name) {
                any = true;
            } else if about.is_dir() {
                if !hidden {
                    any |= self.add_folder(top, &path, &name, depth + 1);
                }
            } else if is_yaml && hidden {
                self.problems.push(
                    Problem::of_file("telform::file::hidden", "a hidden file is not read", &name)
                        .help("rename it, or give it with -f")
                        .warning(),
                );
            } else if is_yaml {
                any = true;
                self.add_file(path, name, Some(top));
            }
        }
        any
    }

    /// Only once, even when both the file and its folder are given.
    fn add_file(&mut self, path: PathBuf, name: String, within: Option<&Path>) {
        if self.seen_paths.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
            self.found.push(FoundFile { path, name, within_folder: within.map(Path::to_owned) });
        }
    }

    fn report_unreadable(&mut self, error: &std::io::Error, name: &str) {
        let problem = if error.kind() == std::io::ErrorKind::NotFound {
            Problem::of_file("telform::file::missing", "this file or folder does not exist", name)
        } else {
            Problem::of_file("telform::file::unreadable", format!("cannot be read: {}", io_reason(error)), name)
        };
        self.problems.push(problem);
    }
}

/// The system's message without the number that Rust appends.
pub(super) fn io_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
