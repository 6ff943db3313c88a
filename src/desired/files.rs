//! Which files are read: the paths given, or the default places. Nothing is skipped in silence.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::secret;
use crate::problem::{Problem, Problems, Source};
use crate::yaml::{self, Node};

/// Deepest folder below a given one; a link that leads upwards ends here.
const MAX_FOLDERS: usize = 32;

/// Default file and folder.
const FILE: &str = "telform.yaml";
const FOLDER: &str = "telform";

/// One file that was read.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) source: Arc<Source>,
    /// Folder that relative paths in it start from.
    pub(super) folder: PathBuf,
    pub(super) documents: Vec<Node>,
}

/// A file to read: where it is, and how the user calls it.
struct Found {
    path: PathBuf,
    name: String,
}

struct Finder<'a> {
    here: &'a Path,
    found: Vec<Found>,
    seen: HashSet<PathBuf>,
    problems: Problems,
}

/// Files with another text than the one on disk; `None`: as if the file were not there. Files that no source leads to are
/// read as well.
#[derive(Debug, Clone, Default)]
pub struct Edits(pub BTreeMap<PathBuf, Option<String>>);

impl Edits {
    fn of(&self, path: &Path) -> Option<&Option<String>> {
        let path = absolute(path);
        self.0.iter().find(|(edited, _)| absolute(edited) == path).map(|(_, text)| text)
    }
}

/// The path without links, also of a file that is not there yet.
fn absolute(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match (fs::canonicalize(folder), path.file_name()) {
            (Ok(folder), Some(name)) => folder.join(name),
            _ => path.to_owned(),
        }
    })
}

/// The files and folders that are read: those given, or the default one.
pub fn places(sources: &[PathBuf]) -> Vec<PathBuf> {
    if !sources.is_empty() {
        return sources.to_vec();
    }
    [FILE, FOLDER].into_iter().map(PathBuf::from).filter(|path| path.exists()).collect()
}

/// Finds and reads all files. A relative path starts from `here`.
pub(super) fn read(here: &Path, sources: &[PathBuf], edits: &Edits) -> (Vec<Input>, Problems) {
    let mut finder = Finder { here, found: Vec::new(), seen: HashSet::new(), problems: Problems::default() };
    if sources.is_empty() {
        finder.default();
    } else {
        for source in sources {
            finder.given(source);
        }
    }
    let Finder { found, mut problems, .. } = finder;
    let new = edits.0.iter().filter(|(path, text)| {
        let path = absolute(path);
        text.is_some() && !found.iter().any(|found| absolute(&found.path) == path)
    });
    let new: Vec<Found> =
        new.map(|(path, _)| Found { path: path.clone(), name: path.display().to_string() }).collect();
    let all: Vec<&Found> = found.iter().chain(&new).collect();
    let mut inputs = Vec::new();
    for (input, faults) in side_by_side(&all, |found| one(found, edits)) {
        problems.extend(faults);
        inputs.extend(input);
    }
    (inputs, problems)
}

/// One file: its tree, when there is one, and what is wrong with it.
fn one(found: &Found, edits: &Edits) -> (Option<Input>, Problems) {
    let text = match edits.of(&found.path) {
        Some(None) => return (None, Problems::default()),
        Some(Some(text)) => Ok(text.clone()),
        None => text_of(&found.path),
    };
    match text {
        Ok(text) => {
            let folder = found.path.parent().unwrap_or(Path::new("")).to_path_buf();
            let (input, faults) = parse(&found.name, folder, &text);
            (Some(input), faults)
        }
        Err((code, what)) => {
            let mut problems = Problems::default();
            problems.push(Problem::of_file(code, what, &found.name));
            (None, problems)
        }
    }
}

/// Does the same with each, on as many threads as there are processors; the results stand in the order of the items.
fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len());
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let mut results: Vec<(usize, R)> = std::thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(index) else { return done };
                done.push((index, work(item)));
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a panic ends the run")).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Reads one text.
pub(super) fn parse(name: &str, folder: PathBuf, text: &str) -> (Input, Problems) {
    let (file, mut problems) = yaml::parse(name, text, &secret::secrecy);
    if problems.is_empty() && file.documents.is_empty() {
        problems.push(
            Problem::of_file("telform::file::empty", "the file is empty", name)
                .help("every file says something, or is not given; `version: 1` alone is enough"),
        );
    }
    (Input { source: file.source, folder, documents: file.documents }, problems)
}

impl Finder<'_> {
    fn default(&mut self) {
        let file = self.here.join(FILE).exists();
        let folder = self.here.join(FOLDER).is_dir();
        match (file, folder) {
            (true, false) => self.given(Path::new(FILE)),
            (false, true) => self.given(Path::new(FOLDER)),
            (true, true) => self.problems.push(
                Problem::of_file(
                    "telform::file::ambiguous",
                    format!("there is a file {FILE} and a folder {FOLDER}, and neither is the obvious one"),
                    FILE,
                )
                .help(format!("say which with -f {FILE} or -f {FOLDER}, or give both")),
            ),
            (false, false) => {
                let other =
                    ["telform.yml", "Telform.yaml"].into_iter().find(|name| self.here.join(name).exists());
                let hint = other
                    .map_or(String::new(), |name| format!("; there is a {name}: give it with -f {name}"));
                self.problems.push(
                    Problem::of_file("telform::file::none", "there is no configuration here", FILE).help(format!(
                        "telform reads {FILE}, or every .yaml and .yml file below {FOLDER}/, or what -f names{hint}\n\
                         `telform init` writes a first one"
                    )),
                );
            }
        }
    }

    fn given(&mut self, source: &Path) {
        let name = source.to_string_lossy().into_owned();
        let path = self.here.join(source);
        match fs::metadata(&path) {
            Ok(about) if about.is_dir() => {
                if !self.folder(&path, &name, 0) {
                    self.problems.push(
                        Problem::of_file(
                            "telform::file::empty_folder",
                            "the folder holds no .yaml or .yml file",
                            &name,
                        )
                        .help("put a file there, or give another path"),
                    );
                }
            }
            Ok(_) => self.file(path, name),
            Err(error) => self.unreadable(&error, &name),
        }
    }

    /// Takes the files of a folder, and says whether there is anything that should be one.
    fn folder(&mut self, path: &Path, name: &str, depth: usize) -> bool {
        if depth > MAX_FOLDERS {
            let what = format!("folders are nested more than {MAX_FOLDERS} deep; does a link lead upwards?");
            self.problems.push(Problem::of_file("telform::file::limit", what, name));
            return true;
        }
        let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                self.unreadable(&error, name);
                return true;
            }
        };
        let mut any = false;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let name = format!("{}/{}", name.trim_end_matches('/'), entry.file_name().to_string_lossy());
            let is_yaml = path
                .extension()
                .is_some_and(|ext| ext.eq_ignore_ascii_case("yaml") || ext.eq_ignore_ascii_case("yml"));
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let about = match fs::metadata(&path) {
                Ok(about) => about,
                // An editor's lock is a link that leads nowhere.
                Err(_) if hidden => continue,
                Err(error) if is_yaml => {
                    self.unreadable(&error, &name);
                    any = true;
                    continue;
                }
                Err(_) => continue,
            };
            if about.is_dir() {
                if !hidden {
                    any |= self.folder(&path, &name, depth + 1);
                }
            } else if is_yaml && hidden {
                self.problems.push(
                    Problem::of_file("telform::file::hidden", "a hidden file is not read", &name)
                        .help("rename it, or give it with -f")
                        .warning(),
                );
            } else if is_yaml && about.is_file() {
                any = true;
                self.file(path, name);
            } else if is_yaml {
                any = true;
                // Opening a pipe would wait for a writer that may never come.
                let what = "this is no regular file";
                self.problems.push(Problem::of_file("telform::file::unreadable", what, &name));
            }
        }
        any
    }

    /// Once, even when it is given by itself and with its folder.
    fn file(&mut self, path: PathBuf, name: String) {
        if self.seen.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
            self.found.push(Found { path, name });
        }
    }

    fn unreadable(&mut self, error: &std::io::Error, name: &str) {
        let problem = if error.kind() == std::io::ErrorKind::NotFound {
            Problem::of_file("telform::file::missing", "there is no such file or folder", name)
        } else {
            Problem::of_file("telform::file::unreadable", format!("cannot be read: {}", reason(error)), name)
        };
        self.problems.push(problem);
    }
}

/// The system's words without the number that Rust puts behind them.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

fn text_of(path: &Path) -> Result<String, (&'static str, String)> {
    let unreadable =
        |error: &std::io::Error| ("telform::file::unreadable", format!("cannot be read: {}", reason(error)));
    let file = fs::File::open(path).map_err(|error| unreadable(&error))?;
    let size = file.metadata().map_or(0, |about| about.len()).min(yaml::MAX_BYTES as u64);
    let mut bytes = Vec::with_capacity(size as usize + 1);
    file.take(yaml::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() > yaml::MAX_BYTES {
        let what = format!("the file is larger than {} MiB", yaml::MAX_BYTES / 1024 / 1024);
        return Err(("telform::file::limit", what));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..good].iter().filter(|byte| **byte == b'\n').count() + 1;
        ("telform::file::not_utf8", format!("the file is not UTF-8 text (first seen on line {line})"))
    })
}
