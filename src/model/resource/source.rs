//! Where a secret comes from; never the secret itself.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::disk;
use crate::text::to_hex;

/// Where a secret comes from. Compare and look up by the source itself: its printed form leaves out the arguments of a
/// command.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file.
    File(SecretFile),
    /// A program and its arguments; its first line of output is the secret.
    Command(Vec<String>),
}

/// A file that holds a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretFile {
    /// The path that is opened: joined to the folder of the YAML file.
    pub path: PathBuf,
    /// The path that is shown: relative to the folder of the configuration, so that a plan is the same wherever its files
    /// were checked out.
    pub display_path: String,
    /// The folder that no link may lead out of: the path that is shown is where the secret is.
    pub root_folder: PathBuf,
}

impl SecretFile {
    /// A file as a YAML file in `folder` names it; `top` is the folder of the whole configuration.
    pub fn from_yaml_path(top: &Path, folder: &Path, name: &str) -> Self {
        let path = folder.join(name);
        let whole = normalize_lexically(&path);
        let holds = |base: &&Path| whole.starts_with(normalize_lexically(base));
        let above = || folder_above(&normalize_lexically(folder), &whole);
        let (shown, within) = match [top, folder].into_iter().find(holds) {
            Some(base) => (relative_path(top, &path), base.to_owned()),
            None if Path::new(name).is_absolute() => (name.to_owned(), disk::folder_of(&path).to_owned()),
            None => (relative_path(top, &path), above()),
        };
        let shown = if Path::new(name).is_absolute() { name.to_owned() } else { shown };
        Self { path, display_path: shown, root_folder: within }
    }
}

impl<P: Into<PathBuf>> From<P> for SecretFile {
    fn from(path: P) -> Self {
        let path = path.into();
        let here = Path::new("");
        Self { display_path: path.display().to_string(), ..Self::from_yaml_path(here, here, &path.to_string_lossy()) }
    }
}

impl SecretSource {
    /// The form in a plan, which distinguishes two different sources. The arguments of a command may hold text that must not be
    /// printed, so the first half of a hash represents them.
    pub fn describe(&self) -> String {
        match self {
            Self::Command(words) if words.len() > 1 => {
                let mut hash = Sha256::new();
                for word in &words[1..] {
                    hash.update((word.len() as u64).to_be_bytes());
                    hash.update(word.as_bytes());
                }
                format!("{self} (arguments {})", to_hex(&hash.finalize()[..16]))
            }
            _ => self.to_string(),
        }
    }
}

/// As `Display`: arguments of a command may hold text that must not be printed.
impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env {name}"),
            Self::File(file) => write!(f, "file {}", file.display_path),
            Self::Command(argv) => write!(f, "command {}", argv.first().map_or("", String::as_str)),
        }
    }
}

/// An absolute path without `.` and `..`, by its text alone: links are not resolved.
pub fn normalize_lexically(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

/// The folder that both are below.
fn folder_above(folder: &Path, file: &Path) -> PathBuf {
    folder.ancestors().find(|base| file.starts_with(base)).unwrap_or(folder).to_owned()
}

/// The relative path from a folder to a file, with slashes.
fn relative_path(top: &Path, file: &Path) -> String {
    let (top, file) = (normalize_lexically(top), normalize_lexically(file));
    for (up, base) in top.ancestors().enumerate() {
        if let Ok(rest) = file.strip_prefix(base) {
            let down = rest.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
            let parts: Vec<String> = std::iter::repeat_n("..".to_owned(), up).chain(down).collect();
            return parts.join("/");
        }
    }
    file.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_shown_from_the_folder_of_the_configuration() {
        for (top, folder, name, shown) in [
            ("", "", "secrets/a", "secrets/a"),
            ("", "", "./secrets/../b", "b"),
            ("envs/prod", "envs/prod", "secrets/a", "secrets/a"),
            ("/srv/x/envs", "/srv/x/envs/prod", "a", "prod/a"),
            ("envs/base", "envs/prod", "a", "../prod/a"),
            ("", "", "../a", "../a"),
            ("/srv", "/srv", "/run/secrets/a", "/run/secrets/a"),
        ] {
            let file = SecretFile::from_yaml_path(Path::new(top), Path::new(folder), name);
            assert_eq!(file.display_path, shown, "{top} {folder} {name}");
        }
    }

    #[test]
    fn commands_with_other_arguments_are_told_apart_and_not_printed() {
        let of = |words: &[&str]| SecretSource::Command(words.iter().map(|word| (*word).to_owned()).collect());
        let (one, two) = (of(&["pass", "show", "a"]).describe(), of(&["pass", "show", "b"]).describe());
        assert!(one != two && one.starts_with("command pass (arguments ") && !one.contains("show"), "{one}");
        assert_ne!(of(&["pass", "ab", "c"]).describe(), of(&["pass", "a", "bc"]).describe());
        assert_eq!(of(&["pass"]).describe(), "command pass");
    }
}
