//! Writing the files that somebody asked for: YAML, reports, plans, worlds. A file is replaced whole or not at all. What is no
//! file is written through, as a shell does: a device, a pipe, a socket, what stands behind a link.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::stream::write_whole;

/// Who may read a file that is new. One that is replaced keeps the mode that it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Whoever the umask lets.
    Anybody,
    /// Its owner: it shows what the services hold.
    Owner,
}

/// Writes a text where somebody wants it. A file that says the same already is not touched.
pub(super) fn write(path: &Path, text: &str, readers: Readers) -> Result<(), Failure> {
    put(path, text.as_bytes(), readers).map_err(|error| failed(path, &error))
}

/// The same for a file that must be a new one: whatever stands there stays, and is an error of the kind "already exists".
pub(super) fn create(path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder_of(path))?;
    let file = beside(path, text.as_bytes(), None, Readers::Anybody)?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

/// Whether that is the standard output of this process, under one of its names.
pub(super) fn is_stdout(path: &Path) -> bool {
    matches!(destination(path), Ok(Destination::Stdout))
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::other(
        "telform::file::write",
        format!("cannot write {}: {error}", path.display()),
        "check that the folder may be written to",
    )
}

/// Where a text goes.
#[derive(Debug, PartialEq, Eq)]
enum Destination {
    Stdout,
    Stderr,
    /// Another open file of this process, such as the `/dev/fd/63` that a shell makes of `>(jq .)`.
    Descriptor(PathBuf),
    /// A device or a named pipe.
    Through(PathBuf),
    Socket(PathBuf),
    /// A file that is there, or will be.
    File(PathBuf),
}

/// Nothing is opened for that: to open a pipe may wait for its reader.
fn destination(path: &Path) -> io::Result<Destination> {
    let mut end = path.to_owned();
    // As many links as an operating system follows.
    for _ in 0..40 {
        match descriptor(&end) {
            Some(1) => return Ok(Destination::Stdout),
            Some(2) => return Ok(Destination::Stderr),
            Some(_) => return Ok(Destination::Descriptor(end)),
            None => {}
        }
        match fs::read_link(&end) {
            Ok(target) => end = folder_of(&end).join(target),
            Err(_) => break,
        }
    }
    match fs::metadata(path) {
        Ok(there) if there.is_file() => Ok(Destination::File(fs::canonicalize(path)?)),
        Ok(there) if there.is_dir() => Err(ErrorKind::IsADirectory.into()),
        #[cfg(unix)]
        Ok(there) if std::os::unix::fs::FileTypeExt::is_socket(&there.file_type()) => {
            Ok(Destination::Socket(path.to_owned()))
        }
        Ok(_) => Ok(Destination::Through(path.to_owned())),
        // A link to a file that is not there yet stays a link to it.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Destination::File(end)),
        Err(error) => Err(error),
    }
}

/// The number of an open file of this process, where a path is a name of one.
fn descriptor(path: &Path) -> Option<u32> {
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

fn put(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let written = match destination(path)? {
        Destination::Stdout => write_whole(&mut io::stdout().lock(), bytes),
        Destination::Stderr => write_whole(&mut io::stderr().lock(), bytes),
        Destination::Descriptor(path) => {
            descriptor_of(&path).and_then(|mut file| write_whole(&mut file, bytes))
        }
        Destination::Through(path) => {
            OpenOptions::new().write(true).open(path).and_then(|mut file| write_whole(&mut file, bytes))
        }
        #[cfg(unix)]
        Destination::Socket(path) => std::os::unix::net::UnixStream::connect(path)
            .and_then(|mut stream| write_whole(&mut stream, bytes)),
        #[cfg(not(unix))]
        Destination::Socket(_) => Err(ErrorKind::Unsupported.into()),
        Destination::File(path) => return replace(&path, bytes, readers),
    };
    match written {
        // Its reader went away, as with `>(head -1)`: no fault.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Opens a pipe or a file that this process was given. A pipe is opened without waiting: one whose reader is gone would never
/// get another. Into a file that its opener may have begun, text goes at the end.
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

fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    fs::create_dir_all(folder_of(path))?;
    let there = fs::metadata(path).ok();
    if there.is_some() && fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    beside(path, bytes, there.as_ref(), readers)?.persist(path)?;
    Ok(())
}

/// A synced file beside the one that it shall become, with the mode and the owner that it shall have.
fn beside(
    path: &Path,
    bytes: &[u8],
    there: Option<&fs::Metadata>,
    readers: Readers,
) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".telform");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask takes its part of that.
        let mode = if readers == Readers::Owner { 0o600 } else { 0o666 };
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    let mut file = builder.tempfile_in(folder_of(path))?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    if let Some(there) = there {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let made = file.as_file().metadata()?;
        if (made.uid(), made.gid()) != (there.uid(), there.gid()) {
            // Root may give it back to its owner; whoever may not owns what he wrote.
            let _ = std::os::unix::fs::fchown(file.as_file(), Some(there.uid()), Some(there.gid()));
        }
        let mode = there.permissions().mode() & 0o777;
        file.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
    }
    #[cfg(not(unix))]
    let _ = (there, readers);
    file.as_file().sync_all()?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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
        let round = folder.path().join("round");
        std::os::unix::fs::symlink(&round, &round).expect("a link");
        assert!(destination(&round).is_err(), "a link to itself");
    }
}
