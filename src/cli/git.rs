//! What git says about the folder. Whoever made the checkout wrote `.git/config` too, so nothing that it names is started: no
//! file monitor, no hook, no filter, no alias. Tokens of this run stay out of git's environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What git needs of the environment: to be found, and to read what its user allows (`safe.directory`).
const KEPT: [&str; 6] = ["PATH", "HOME", "XDG_CONFIG_HOME", "USERPROFILE", "SYSTEMROOT", "TMPDIR"];

/// Settings that go over those of the repository.
const QUIET: [&str; 4] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "safe.bareRepository=explicit",
];

/// A command of git that starts no other program.
pub(crate) fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.env_clear();
    command.envs(KEPT.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
    command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
    for setting in QUIET {
        command.args(["-c", setting]);
    }
    command.args(["--no-pager"]).args(arguments);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// Commit of the work tree that the command runs in, with `-dirty` where files differ from it; nothing where there is no git.
pub(crate) fn commit() -> Option<String> {
    let head = said(git(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]))?;
    let plain = |text: &str| text.len() < 100 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let clean = plain(&head).then(|| is_clean(&head))??;
    Some(if clean { head } else { format!("{head}-dirty") })
}

/// Whether the files are those of a commit. Files are compared by a repository of our own, made of the objects and the index
/// alone: filters and attributes that only the checkout's configuration knows mean nothing in it.
fn is_clean(head: &str) -> Option<bool> {
    let path = |word: &str| said(git(&["rev-parse", "--path-format=absolute", word])).map(PathBuf::from);
    let (top, common) = (path("--show-toplevel")?, path("--git-common-dir")?);
    let index =
        said(git(&["rev-parse", "--path-format=absolute", "--git-path", "index"])).map(PathBuf::from)?;
    let format = said(git(&["rev-parse", "--show-object-format"]))?;
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
    // A work tree in which nothing was ever added has no index.
    if index.exists() {
        fs::copy(&index, inside("index")).ok()?;
    }
    let ask = |arguments: &[&str]| {
        let mut command = git(arguments);
        command.env("GIT_DIR", own.path()).env("GIT_WORK_TREE", &top).current_dir(&top);
        command.env("GIT_OBJECT_DIRECTORY", common.join("objects"));
        command.stdout(Stdio::null()).status().ok()?.code()
    };
    // It ends with 1 where a file differs, which the next one finds as well.
    ask(&["update-index", "-q", "--refresh", "--ignore-submodules"])?;
    match ask(&[
        "diff-index",
        "--quiet",
        "--no-ext-diff",
        "--no-textconv",
        "--ignore-submodules=all",
        head,
        "--",
    ])? {
        0 => Some(true),
        1 => Some(false),
        _ => None,
    }
}

/// Whether git leaves a file out: nothing where it cannot say, as outside of a work tree.
pub(crate) fn ignores(file: &Path) -> Option<bool> {
    let mut command = git(&["check-ignore", "-q", "--"]);
    // 0 is ignored, 1 is not, 128 says that it lies outside.
    match command.arg(file).stdout(Stdio::null()).status().ok()?.code()? {
        0 => Some(true),
        1 => Some(false),
        _ => None,
    }
}

/// Whether this is a work tree.
pub(crate) fn is_work_tree() -> bool {
    said(git(&["rev-parse", "--is-inside-work-tree"])).is_some_and(|said| said == "true")
}

/// What a command prints, when it succeeds.
fn said(mut command: Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim_end_matches(['\n', '\r']).to_owned())
}
