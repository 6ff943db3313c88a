//! Opens files and folders so that only what the user named is followed, waited for or overwritten.
//!
//! A path from the user may be a link, because the user named it. A path that telform finds itself may not: a checkout may
//! contain links, and the author of the commit chose their targets. Only regular files are read: opening a pipe waits for a
//! writer, and opening a device may have side effects.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::text::escape;

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "plain.rs")]
mod folder;
mod gzip;
mod stream;

pub use folder::{Beside, Folder};
pub use gzip::{gunzip, gzip, is_gzip_name};
pub(crate) use stream::write_whole;

/// Why an existing file or folder is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileRefusal {
    /// What it is instead of a regular file.
    #[error("it is {0} and not a regular file")]
    Sort(&'static str),
    /// A link where none is followed.
    #[error("`{}` is a link, and telform follows no link there", shown_path(.0))]
    Link(PathBuf),
    /// A link out of the folder that was named.
    #[error("its path has a link that leads out of its folder, to `{}`", shown_path(.0))]
    Out(PathBuf),
    /// It belongs to another user, by user id.
    #[error("it belongs to another user (uid {0})")]
    Owner(u32),
    /// Its folder belongs to another user.
    #[error("its folder belongs to another user (uid {0})")]
    FolderOwner(u32),
    /// Other users may replace it.
    #[error("others may write to its folder (mode {0:o})")]
    FolderOpen(u32),
    /// It has further hard links, which may be anywhere.
    #[error("the file has {0} names (hard links)")]
    Names(u64),
    /// It holds more than this many bytes.
    #[error("it is larger than {}", format_size(*.0))]
    Large(u64),
    /// Its bytes are not UTF-8.
    #[error("it is not UTF-8 text")]
    NoText,
}

impl From<FileRefusal> for io::Error {
    fn from(refused: FileRefusal) -> Self {
        Self::other(refused)
    }
}

/// Why this was refused, where the reason is not a system error.
pub fn file_refusal(error: &io::Error) -> Option<&FileRefusal> {
    error.get_ref()?.downcast_ref()
}

/// A number of bytes, in the largest exact unit.
fn format_size(bytes: u64) -> String {
    match bytes {
        0..=0x3ff => format!("{bytes} bytes"),
        0x400..=0xf_ffff => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

fn shown_path(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

/// Opens a file that the user named, to be read. It may be a link.
pub fn open_file(path: &Path) -> io::Result<File> {
    check_regular(&fs::metadata(path)?)?;
    let file = reading().open(path)?;
    // The checked and the opened file may differ.
    check_regular(&file.metadata()?)?;
    Ok(file)
}

/// The same for a file that no other user may write or replace.
pub fn open_closed(path: &Path) -> io::Result<File> {
    // Called for its errors: missing, or not a file.
    open_file(path)?;
    let real = fs::canonicalize(path)?;
    let folder = Folder::named(folder_of(&real))?;
    folder.closed()?;
    folder.own(real.file_name().unwrap_or_default())
}

/// Opens a file that the user named, to be read, which must not be a link: a later write there would refuse one.
pub fn open_itself(path: &Path) -> io::Result<File> {
    Folder::named(folder_of(path))?.open(path.file_name().ok_or(io::ErrorKind::IsADirectory)?)
}

/// Returns all bytes if there are at most this many, and none otherwise.
pub fn read_bounded(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more shows that the limit is exceeded.
    if from.take(most.saturating_add(1)).read_to_end(&mut bytes)? as u64 > most {
        return Err(FileRefusal::Large(most).into());
    }
    Ok(bytes)
}

/// The same as a text.
pub fn bounded_text(from: impl Read, most: u64) -> io::Result<String> {
    to_text(read_bounded(from, most)?)
}

/// The bytes of a file as a text, and an error where they are no UTF-8.
pub fn to_text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| FileRefusal::NoText.into())
}

/// The text of a file that the user named.
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open_file(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Opens a file that was found in one of these folders, to be read. Links that stay below the folder are followed.
pub fn open_within(folders: &[&Path], path: &Path) -> io::Result<File> {
    let real = fs::canonicalize(path)?;
    for folder in folders {
        let Ok(folder) = fs::canonicalize(or_current_folder(folder)) else { continue };
        let Ok(rest) = real.strip_prefix(&folder) else { continue };
        let Some(name) = rest.file_name() else { continue };
        let mut parts = rest.parent().into_iter().flat_map(Path::iter);
        let folder = parts.try_fold(Folder::named(&folder)?, |folder, part| folder.enter(part))?;
        return folder.open(name);
    }
    Err(FileRefusal::Out(real).into())
}

/// The target of a path that leaves each of these folders through a link; `None` where it does not, or does not exist.
pub fn link_outside(folders: &[&Path], path: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(path).ok()?;
    let holds = |folder: &&Path| fs::canonicalize(or_current_folder(folder)).is_ok_and(|folder| real.starts_with(folder));
    (!folders.iter().any(holds)).then_some(real)
}

/// Whether something has this name, including a dangling link.
pub fn path_exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether this name is a link.
pub fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink())
}

/// The folder that a path is in.
pub fn folder_of(path: &Path) -> &Path {
    or_current_folder(path.parent().unwrap_or(Path::new("")))
}

fn or_current_folder(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// An error that says what it is, unless it is a regular file.
fn check_regular(about: &Metadata) -> io::Result<()> {
    let sort = about.file_type();
    if sort.is_file() {
        return Ok(());
    }
    if sort.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if sort.is_fifo() {
            return Err(FileRefusal::Sort("a named pipe").into());
        }
        if sort.is_socket() {
            return Err(FileRefusal::Sort("a socket").into());
        }
        if sort.is_char_device() || sort.is_block_device() {
            return Err(FileRefusal::Sort("a device").into());
        }
    }
    Err(FileRefusal::Sort("something else").into())
}

/// To be read without waiting: a pipe that replaced the file has no writer.
#[cfg(unix)]
fn reading() -> OpenOptions {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    options
}

#[cfg(not(unix))]
fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

/// An unused name.
fn temporary_name(prefix: &str, suffix: &str) -> String {
    format!("{prefix}{}{suffix}", uuid::Uuid::new_v4().simple())
}

/// Walks from a folder through parts that may not be links; missing ones are created where `make` is set.
pub fn walk_folders<'a>(base: &Path, parts: impl IntoIterator<Item = &'a OsStr>, make: bool) -> io::Result<Folder> {
    let step = |folder: Folder, part| if make { folder.enter_or_make(part) } else { folder.enter(part) };
    parts.into_iter().try_fold(Folder::named(or_current_folder(base))?, step)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("in")).expect("a folder");
        fs::write(folder.path().join("in/file"), "inside").expect("a file");
        fs::write(folder.path().join("outside"), "outside").expect("a file");
        folder
    }

    #[test]
    fn links_are_followed_within_a_folder_and_not_out_of_it() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        symlink("file", at("in/near")).expect("a link");
        symlink("../outside", at("in/far")).expect("a link");
        symlink("..", at("in/up")).expect("a link");
        symlink("in", at("door")).expect("a link");
        let base = at("in");
        for (name, good) in [
            ("in/file", true),
            ("in/near", true),
            ("in/up/in/file", true),
            ("door/file", true),
            ("in/far", false),
            ("in/up/outside", false),
            ("outside", false),
        ] {
            let opened = open_within(&[&base], &at(name));
            assert_eq!(opened.is_ok(), good, "{name}: {opened:?}");
            assert_eq!(link_outside(&[&base], &at(name)).is_none(), good, "{name}");
            if let Err(error) = opened {
                assert!(matches!(file_refusal(&error), Some(FileRefusal::Out(_))), "{name}: {error}");
            }
        }
        assert!(open_within(&[&base], &at("in/none")).is_err_and(|it| it.kind() == io::ErrorKind::NotFound));
    }

    #[test]
    fn own_files_are_neither_links_nor_shared() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        let own = Folder::named(&at("in")).expect("a folder");
        let read = |name: &str| own.own(OsStr::new(name)).map(|_| ());
        assert!(read("file").is_ok());
        fs::hard_link(at("in/file"), at("in/twice")).expect("a second name");
        let refusal = |result: io::Result<()>| file_refusal(&result.expect_err("refused")).cloned();
        assert_eq!(refusal(read("twice")), Some(FileRefusal::Names(2)));
        symlink("../outside", at("in/link")).expect("a link");
        assert!(matches!(refusal(read("link")), Some(FileRefusal::Link(_))));
        assert!(matches!(refusal(own.to_write(OsStr::new("link")).map(|_| ())), Some(FileRefusal::Link(_))));
        symlink("nowhere", at("in/dangling")).expect("a link");
        assert!(matches!(refusal(own.to_write(OsStr::new("dangling")).map(|_| ())), Some(FileRefusal::Link(_))));
        assert!(!at("in/nowhere").exists());
        symlink(".", at("in/loop")).expect("a link");
        let walked = walk_folders(&at("in"), [OsStr::new("loop")], true);
        assert!(matches!(refusal(walked.map(|_| ())), Some(FileRefusal::Link(_))));
        assert!(rustix::fs::mkfifoat(rustix::fs::CWD, at("in/pipe"), rustix::fs::Mode::RUSR).is_ok());
        assert_eq!(refusal(read("pipe")), Some(FileRefusal::Sort("a named pipe")));
        assert_eq!(refusal(open_file(&at("in/pipe")).map(|_| ())), Some(FileRefusal::Sort("a named pipe")));
    }

    #[test]
    fn what_is_put_in_place_replaces_a_link_and_never_what_it_leads_to() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        symlink("../outside", at("in/link")).expect("a link");
        let put = |name: &str, new: bool| -> io::Result<()> {
            let mut beside = Folder::named(&at("in"))?.beside((".test", ""), 0o600)?;
            io::Write::write_all(beside.file(), b"new")?;
            if new { beside.put_new(OsStr::new(name)) } else { beside.put(OsStr::new(name)) }.map(|_| ())
        };
        assert!(put("link", true).is_err_and(|it| it.kind() == io::ErrorKind::AlreadyExists));
        put("link", false).expect("put");
        assert!(!is_link(&at("in/link")));
        assert_eq!(fs::read_to_string(at("outside")).expect("there"), "outside");
        put("fresh", true).expect("put");
        let left = fs::read_dir(at("in")).expect("a folder").flatten();
        let left: Vec<_> = left.filter(|it| it.file_name().to_string_lossy().starts_with('.')).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
