//! What git reports about the folder. The author of the checkout also wrote `.git/config`, so nothing that it names is
//! started: no file monitor, no hook, no filter, no alias. Tokens of this run are kept out of git's environment.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::disk;
use crate::process::{Environment, ProcessJob, StreamLimits};

/// What git needs of the environment beside what every program gets: to read what its user allows (`safe.directory`).
const PASSED: [&str; 2] = ["XDG_CONFIG_HOME", "USERPROFILE"];

/// Settings that override those of the repository.
const SETTINGS: [&str; 4] =
    ["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.untrackedCache=false", "safe.bareRepository=explicit"];

/// How long one command of git may take. What git does not answer in that time is unknown.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Git in a folder, with an environment of its own, and unable to start another program.
struct Git {
    environment: Environment,
    folder: Option<PathBuf>,
}

impl Git {
    /// In the current folder.
    fn here() -> Self {
        let environment = Environment::from_process(&PASSED.map(str::to_owned));
        let fixed = [("LC_ALL", "C"), ("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0")];
        let environment = fixed.into_iter().fold(environment, |all, (name, value)| all.with(name, value));
        Self { environment, folder: None }
    }

    fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment = self.environment.with(name, value);
        self
    }

    /// Exit code and first output of a command; `None` when git cannot be run or does not end in time.
    fn run(&self, arguments: &[&str]) -> Option<(i32, String)> {
        let settings = SETTINGS.iter().flat_map(|setting| ["-c", setting]);
        let words = ["git"].into_iter().chain(settings).chain(["--no-pager"]).chain(arguments.iter().copied());
        let words: Vec<String> = words.map(str::to_owned).collect();
        let job = ProcessJob {
            command: &words,
            folder: self.folder.as_deref(),
            environment: &self.environment,
            input: None,
            output: StreamLimits { keep_bytes: 1 << 14, max_bytes: usize::MAX },
            errors: Some(StreamLimits { keep_bytes: 0, max_bytes: usize::MAX }),
            timeout: TIME_LIMIT,
            output_grace: None,
            cancel: None,
        };
        let ran = job.run().ok()?;
        Some((ran.end.ok()?.code()?, String::from_utf8(ran.output).ok()?))
    }

    fn code(&self, arguments: &[&str]) -> Option<i32> {
        self.run(arguments).map(|(code, _)| code)
    }

    /// The line that a command prints, when it succeeds.
    fn line(&self, arguments: &[&str]) -> Option<String> {
        let (_, output) = self.run(arguments).filter(|(code, _)| *code == 0)?;
        Some(output.trim_end_matches(['\n', '\r']).to_owned())
    }
}

/// Commit of the work tree that telform runs in, with `-dirty` where files differ from it; `None` outside a work tree.
pub(crate) fn current_commit() -> Option<String> {
    let head = Git::here().line(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
    let is_hash = head.len() < 100 && head.bytes().all(|byte| byte.is_ascii_hexdigit());
    let clean = is_hash.then(|| is_clean(&head))??;
    Some(if clean { head } else { format!("{head}-dirty") })
}

/// Whether the files are those of a commit. A separate repository with only the objects and the index compares them: it
/// ignores filters and attributes from the checkout's configuration.
fn is_clean(head: &str) -> Option<bool> {
    let git = Git::here();
    let path = |words: &[&str]| {
        let arguments = [&["rev-parse", "--path-format=absolute"], words].concat();
        git.line(&arguments).map(PathBuf::from)
    };
    let (top, common) = (path(&["--show-toplevel"])?, path(&["--git-common-dir"])?);
    let index = path(&["--git-path", "index"])?;
    let format = git.line(&["rev-parse", "--show-object-format"])?;
    let own = tempfile::tempdir().ok()?;
    let inside = |name: &str| own.path().join(name);
    for folder in ["refs", "objects"] {
        fs::create_dir(inside(folder)).ok()?;
    }
    let settings = if format == "sha1" {
        String::new()
    } else {
        format!("[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = {format}\n")
    };
    fs::write(inside("HEAD"), format!("{head}\n")).ok()?;
    fs::write(inside("config"), settings).ok()?;
    // A work tree without any added file has no index.
    if index.exists() {
        let (mut from, mut to) = (disk::open_file(&index).ok()?, fs::File::create(inside("index")).ok()?);
        std::io::copy(&mut from, &mut to).ok()?;
        // Git rereads a file whose time is not before that of the index: a newer copy of the index would hide a change.
        to.set_modified(from.metadata().ok()?.modified().ok()?).ok()?;
    }
    let mut git =
        git.with("GIT_DIR", own.path()).with("GIT_WORK_TREE", &top).with("GIT_OBJECT_DIRECTORY", common.join("objects"));
    git.folder = Some(top);
    // It exits with 1 where a file differs, which the next command also detects.
    git.code(&["update-index", "-q", "--refresh", "--ignore-submodules"])?;
    let compare = ["diff-index", "--quiet", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", head, "--"];
    match git.code(&compare)? {
        0 => Some(true),
        1 => Some(false),
        _ => None,
    }
}

/// Whether git leaves a file out; `None` where it cannot say, as outside a work tree.
pub(crate) fn is_ignored(file: &Path) -> Option<bool> {
    // 0: ignored, 1: not ignored, 128: outside the work tree.
    match Git::here().code(&["check-ignore", "-q", "--", file.to_str()?])? {
        0 => Some(true),
        1 => Some(false),
        _ => None,
    }
}

/// Whether the current folder is in a work tree; `None` where a repository is there and git does not run, or refuses to answer.
pub(crate) fn is_work_tree() -> Option<bool> {
    let here = std::env::current_dir().ok()?;
    if !here.ancestors().any(|folder| folder.join(".git").exists()) {
        return Some(false);
    }
    Git::here().line(&["rev-parse", "--is-inside-work-tree"]).map(|answer| answer == "true")
}
