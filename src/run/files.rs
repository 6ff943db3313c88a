//! Writes the requested files: YAML, reports, plans, worlds. A file is replaced completely or not at all. A device, a pipe or
//! a socket that was named is written to directly, as by a shell. A link is refused: it may come from a checkout, and then the
//! author of the commit chose its target.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::RunError;
use crate::disk::{self, Beside, FileRefusal, Folder, folder_of, write_whole};

/// Who may read a new file. A replaced file keeps the part of its mode that the umask allows, as if it were created with that
/// mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileReaders {
    /// Whoever the umask allows.
    Anybody,
    /// Its owner: it shows the state of the services.
    Owner,
}

/// Writes a text to the requested path. A file that already has this content is not touched.
pub(crate) fn write_file(path: &Path, text: &str, readers: FileReaders) -> Result<(), RunError> {
    write_bytes(path, text.as_bytes(), readers)
}

/// Writes bytes to the requested path.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8], readers: FileReaders) -> Result<(), RunError> {
    write_to_destination(path, bytes, readers).map_err(|error| failed(path, &error))
}

/// The bytes of a file with this text: compressed where its name ends with `.gz`.
pub(crate) fn file_bytes<'a>(path: &Path, text: &'a str) -> Cow<'a, [u8]> {
    if disk::is_gzip_name(path) { disk::gzip(text.as_bytes()).into() } else { text.as_bytes().into() }
}

/// The same below a folder, where no part of the path may be a link.
pub(crate) fn write_below(top: &Path, path: &str, text: &str) -> io::Result<()> {
    let (folder, name) = folder_below(top, path)?;
    replace_in(folder, name, text.as_bytes(), FileReaders::Anybody)
}

/// The same for a file that must be new: an existing one is kept, and is an error of the kind "already exists".
pub(crate) fn create_below(top: &Path, path: &str, text: &str) -> io::Result<()> {
    let (folder, name) = folder_below(top, path)?;
    stage_file(folder, text.as_bytes(), None, FileReaders::Anybody)?.put_new(name)
}

fn folder_below<'a>(top: &Path, path: &'a str) -> io::Result<(Folder, &'a OsStr)> {
    let path = Path::new(path);
    let parts = path.parent().into_iter().flat_map(Path::iter);
    Ok((disk::walk_folders(top, parts, true)?, path.file_name().unwrap_or_default()))
}

/// Whether that is the standard output of this process, under one of its names.
pub(crate) fn is_stdout(path: &Path) -> bool {
    matches!(resolve_destination(path), Ok(OutputDestination::Stdout))
}

fn failed(path: &Path, error: &io::Error) -> RunError {
    let help = match disk::file_refusal(error) {
        Some(FileRefusal::Link(_)) => "remove the link, or name the file that it leads to",
        _ if path.is_dir() => "this is a folder: name a file in it",
        _ => "check that the folder is writable",
    };
    RunError::other("telform::file::write", format!("cannot write {}: {error}", path.display()), help)
}

/// Where a text goes.
#[derive(Debug, PartialEq, Eq)]
enum OutputDestination {
    Stdout,
    Stderr,
    /// Another open file of this process, such as the `/dev/fd/63` that a shell makes of `>(jq .)`.
    Descriptor(PathBuf),
    /// A device or a named pipe.
    Through(PathBuf),
    Socket(PathBuf),
    /// An existing or new file.
    File(PathBuf),
}

/// This opens nothing: opening a pipe may wait for its reader. A link is followed only to standard output and standard error.
fn resolve_destination(path: &Path) -> io::Result<OutputDestination> {
    if let Some(number) = descriptor_number(path) {
        return Ok(match number {
            1 => OutputDestination::Stdout,
            2 => OutputDestination::Stderr,
            _ => OutputDestination::Descriptor(path.to_owned()),
        });
    }
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => linked_stream(path).ok_or(FileRefusal::Link(path.to_owned()).into()),
        Ok(there) if there.is_file() => Ok(OutputDestination::File(path.to_owned())),
        Ok(there) if there.is_dir() => Err(ErrorKind::IsADirectory.into()),
        #[cfg(unix)]
        Ok(there) if std::os::unix::fs::FileTypeExt::is_socket(&there.file_type()) => {
            Ok(OutputDestination::Socket(path.to_owned()))
        }
        Ok(_) => Ok(OutputDestination::Through(path.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(OutputDestination::File(path.to_owned())),
        Err(error) => Err(error),
    }
}

/// Standard output or standard error, where a link leads there.
fn linked_stream(path: &Path) -> Option<OutputDestination> {
    let mut end = path.to_owned();
    // As many links as an operating system follows.
    for _ in 0..40 {
        match descriptor_number(&end) {
            Some(1) => return Some(OutputDestination::Stdout),
            Some(2) => return Some(OutputDestination::Stderr),
            Some(_) => return None,
            None => end = folder_of(&end).join(fs::read_link(&end).ok()?),
        }
    }
    None
}

/// The descriptor of an open file of this process, where a path names one.
fn descriptor_number(path: &Path) -> Option<u32> {
    match path.to_str()? {
        "/dev/stdout" => return Some(1),
        "/dev/stderr" => return Some(2),
        _ => {}
    }
    let own = format!("/proc/{}/fd", std::process::id());
    let folder = path.parent()?.to_str()?;
    let known = ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd", own.as_str()].contains(&folder);
    path.file_name()?.to_str()?.parse().ok().filter(|_| known)
}

fn write_to_destination(path: &Path, bytes: &[u8], readers: FileReaders) -> io::Result<()> {
    let written = match resolve_destination(path)? {
        OutputDestination::Stdout => write_whole(&mut io::stdout().lock(), bytes),
        OutputDestination::Stderr => write_whole(&mut io::stderr().lock(), bytes),
        OutputDestination::Descriptor(path) => descriptor_of(&path).and_then(|mut file| write_whole(&mut file, bytes)),
        OutputDestination::Through(path) => {
            OpenOptions::new().write(true).open(path).and_then(|mut file| write_whole(&mut file, bytes))
        }
        #[cfg(unix)]
        OutputDestination::Socket(path) => {
            std::os::unix::net::UnixStream::connect(path).and_then(|mut stream| write_whole(&mut stream, bytes))
        }
        #[cfg(not(unix))]
        OutputDestination::Socket(_) => Err(ErrorKind::Unsupported.into()),
        OutputDestination::File(path) => return replace_file(&path, bytes, readers),
    };
    match written {
        // Its reader closed it, as with `>(head -1)`: not an error.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Opens a pipe or a file that this process was given. A pipe is opened without waiting: a pipe whose reader closed it would
/// never get another. Text is appended to a file that its opener may already have written to.
#[cfg(unix)]
fn descriptor_of(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    let there = fs::metadata(path)?;
    if !there.file_type().is_fifo() {
        return OpenOptions::new().append(true).open(path);
    }
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().write(true).custom_flags(flags).open(path).map_err(|error| {
        match error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) {
            true => ErrorKind::BrokenPipe.into(),
            false => error,
        }
    })?;
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

#[cfg(not(unix))]
fn descriptor_of(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().append(true).open(path)
}

fn replace_file(path: &Path, bytes: &[u8], readers: FileReaders) -> io::Result<()> {
    fs::create_dir_all(folder_of(path))?;
    let name = path.file_name().ok_or(ErrorKind::IsADirectory)?;
    replace_in(Folder::named(folder_of(path))?, name, bytes, readers)
}

fn replace_in(folder: Folder, name: &OsStr, bytes: &[u8], readers: FileReaders) -> io::Result<()> {
    let mut there = None;
    let mut same = false;
    match folder.open(name) {
        Ok(mut file) => {
            let (mut known, about) = (Vec::new(), file.metadata()?);
            // One byte more than is written distinguishes them.
            let read = Read::by_ref(&mut file).take(bytes.len() as u64 + 1).read_to_end(&mut known);
            same = read.is_ok() && known == bytes;
            if same && mode(&about) & 0o077 == 0 {
                return Ok(());
            }
            there = Some(about);
        }
        // An unreadable file is replaced as well, where its folder allows it.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {}
        Err(error) => return Err(error),
    }
    let mut made = match stage_file(folder, bytes, there.as_ref(), readers) {
        // It already has the wanted content.
        Err(_) if same => return Ok(()),
        made => made?,
    };
    if same && there.is_some_and(|there| made.file().metadata().is_ok_and(|made| mode(&made) == mode(&there))) {
        return Ok(());
    }
    made.put(name)
}

/// A synced file beside the one that it is to replace, with the wanted mode and owner.
fn stage_file(folder: Folder, bytes: &[u8], there: Option<&fs::Metadata>, readers: FileReaders) -> io::Result<Beside> {
    let new = if readers == FileReaders::Owner { 0o600 } else { 0o666 };
    // The umask applies, also to the mode of a replaced file.
    let mut beside = folder.beside((".telform", ""), there.map_or(new, mode))?;
    let file = beside.file();
    file.write_all(bytes)?;
    #[cfg(unix)]
    if let Some(there) = there {
        use std::os::unix::fs::MetadataExt;
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (there.uid(), there.gid()) {
            // Root may restore the owner; any other user owns the file that he wrote.
            let _ = std::os::unix::fs::fchown(&*file, Some(there.uid()), Some(there.gid()));
        }
    }
    file.sync_all()?;
    Ok(beside)
}

#[cfg(unix)]
fn mode(about: &fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777
}

/// Not available here: no mode is restored.
#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> u32 {
    0
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_standard_output_are_known_without_opening_them() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, is) in [
            ("/dev/stdout", true),
            ("/dev/fd/1", true),
            ("/proc/self/fd/1", true),
            ("/dev/stderr", false),
            ("/dev/fd/7", false),
            ("/dev/fd/1/more", false),
            ("plan.json", false),
        ] {
            assert_eq!(is_stdout(Path::new(name)), is, "{name}");
            let link = folder.path().join(format!("to{}", name.replace('/', "-")));
            std::os::unix::fs::symlink(name, &link).expect("a link");
            assert_eq!(is_stdout(&link), is, "a link to {name}");
        }
        for (name, target) in [("round", "round"), ("other", "plan.json"), ("seven", "/dev/fd/7")] {
            let link = folder.path().join(name);
            std::os::unix::fs::symlink(target, &link).expect("a link");
            assert!(resolve_destination(&link).is_err(), "a link to {target}");
        }
    }
}
