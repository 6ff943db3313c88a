//! Files in a folder: written beside and put in place, synced, and never over something that nobody has read.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::{Found, LIMIT, Put, Version};
use crate::hooks::durable_write;
use crate::ledger::{Key, LedgerError};

/// A ledger file and the folder that it is in.
#[derive(Debug)]
pub struct Local {
    folder: PathBuf,
    name: String,
}

impl Local {
    /// A file at this path.
    pub(super) fn at(path: &str) -> Self {
        let path = PathBuf::from(path);
        // Writing beside a link would replace the link: follow it first.
        let path = fs::canonicalize(&path).unwrap_or(path);
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Self { folder, name }
    }

    #[cfg(feature = "remote-state")]
    /// The file beside `.telform/ledger.json` that keeps the key of a ledger which is elsewhere.
    pub(in crate::ledger) fn for_key_of(name: &str) -> Self {
        Self { folder: PathBuf::from(".telform"), name: format!("{name}.json") }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(in crate::ledger) fn path(&self, name: &str) -> PathBuf {
        if self.folder == Path::new(".") { PathBuf::from(name) } else { self.folder.join(name) }
    }

    pub(super) fn read(&self, name: &str) -> Result<Option<Found>, LedgerError> {
        let path = self.path(name);
        match only_a_file(&path).and_then(|()| read_bounded(&path)) {
            Ok(bytes) => {
                let version = Version::of_content(&bytes);
                Ok(Some(Found { bytes, version }))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(io("read", &path)(source)),
        }
    }

    pub(super) fn create(&self, name: &str, bytes: Vec<u8>) -> Result<Put, LedgerError> {
        let path = self.path(name);
        let written = self.written(&bytes, &path)?;
        match written.persist_noclobber(&path) {
            Ok(_) => self.settled(&path, &bytes),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists && path.is_file() => Ok(Put::Lost),
            Err(error) => Err(io("write", &path)(error.error)),
        }
    }

    pub(super) fn replace(&self, name: &str, bytes: Vec<u8>, version: &Version) -> Result<Put, LedgerError> {
        let path = self.path(name);
        let written = self.written(&bytes, &path)?;
        // Compared last of all: whoever ignores the lock has only the moment of the rename.
        if self.read(name)?.is_none_or(|found| found.version != *version) {
            return Ok(Put::Lost);
        }
        written.persist(&path).map_err(|error| io("write", &path)(error.error))?;
        self.settled(&path, &bytes)
    }

    /// Adds bytes at the end of a file that only grows.
    pub(super) fn append(&self, name: &str, bytes: &[u8]) -> Result<(), LedgerError> {
        self.folder()?;
        let path = self.path(name);
        let add = || -> std::io::Result<()> {
            only_a_file(&path)?;
            let new = !path.exists();
            let mut options = OpenOptions::new();
            options.create(true).append(true);
            // It shows what the services hold, and is as private as the ledger.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&path)?;
            let before = file.metadata()?.len();
            if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_data()) {
                // Half a line would stand before the next one. What cannot be taken back is cut off when it is read.
                let _ = file.set_len(before);
                return Err(error);
            }
            durable_write();
            if new {
                // The folder remembers the new name too.
                File::open(&self.folder)?.sync_all()?;
                durable_write();
            }
            Ok(())
        };
        add().map_err(io("write", &path))
    }

    /// Gives a file another name in its folder.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), LedgerError> {
        let path = self.path(from);
        let rename = || -> std::io::Result<()> {
            fs::rename(&path, self.path(to))?;
            File::open(&self.folder)?.sync_all()
        };
        rename().map_err(io("move", &path))?;
        durable_write();
        Ok(())
    }

    /// Cuts off what stands behind so many bytes.
    pub(super) fn cut(&self, name: &str, whole: u64) -> Result<(), LedgerError> {
        let path = self.path(name);
        let file = OpenOptions::new().write(true).open(&path);
        file.and_then(|file| file.set_len(whole).and_then(|()| file.sync_all()))
            .map_err(io("mend", &path))?;
        durable_write();
        Ok(())
    }

    /// A synced file beside the one that it shall become.
    fn written(&self, bytes: &[u8], path: &Path) -> Result<tempfile::NamedTempFile, LedgerError> {
        self.folder()?;
        let write = || -> std::io::Result<tempfile::NamedTempFile> {
            only_a_file(path)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new().prefix(".ledger").tempfile_in(folder)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            durable_write();
            Ok(file)
        };
        write().map_err(io("write", path))
    }

    /// The folder remembers the new name too.
    fn settled(&self, path: &Path, bytes: &[u8]) -> Result<Put, LedgerError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // In place, but the folder may still forget it; and then for good.
        durable_write();
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io("write", path))?;
        durable_write();
        Ok(Put::Done(Version::of_content(bytes)))
    }

    /// The folder of the ledger, made when it is missing, with a note to git that keeps keys and locks out.
    pub(in crate::ledger) fn folder(&self) -> Result<(), LedgerError> {
        if !self.folder.exists() {
            fs::create_dir_all(&self.folder).map_err(io("make the folder", &self.folder))?;
            self.ignore()?;
        }
        Ok(())
    }

    /// Keeps key and lock out of version control: they stand in a `.gitignore` beside them.
    pub(in crate::ledger) fn ignore(&self) -> Result<(), LedgerError> {
        let path = self.folder.join(".gitignore");
        only_a_file(&path).map_err(io("write", &path))?;
        let known = fs::read_to_string(&path).unwrap_or_default();
        let known_line = |name: &str| known.lines().any(|line| line.trim() == name);
        let missing: Vec<&str> = ["*.key", "*.lock"].into_iter().filter(|name| !known_line(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let gap = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
        fs::write(&path, format!("{known}{gap}{}\n", missing.join("\n"))).map_err(io("write", &path))
    }

    /// The key file.
    pub(in crate::ledger) fn key_path(&self) -> PathBuf {
        self.path(&self.name).with_extension("key")
    }

    /// Reads the key file; `None` when there is none.
    pub(in crate::ledger) fn key(&self) -> Result<Option<Key>, LedgerError> {
        let path = self.key_path();
        let read = only_a_file(&path).and_then(|()| read_bounded(&path));
        match read.and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other)) {
            Ok(text) => {
                private(&path)?;
                Ok(Some(Key::from_text(&text)?))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            // The reason may quote what was read.
            Err(error) => Err(io("read the key file", &path)(error.kind().into())),
        }
    }

    /// Makes a key file with mode 0600; an existing one is never touched.
    pub(in crate::ledger) fn make_key(&self) -> Result<Key, LedgerError> {
        self.folder()?;
        self.ignore()?;
        let path = self.key_path();
        let text = Key::generate_text();
        // Written whole and then put in place: an empty key would stop every later run. Temporary files have mode 0600.
        let make = || -> std::io::Result<()> {
            let mut file =
                tempfile::Builder::new().prefix(".ledger").suffix(".key").tempfile_in(&self.folder)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            durable_write();
            file.persist_noclobber(&path).map_err(|error| error.error)?;
            durable_write();
            File::open(&self.folder)?.sync_all()?;
            durable_write();
            Ok(())
        };
        make().map_err(io("make the key file", &path))?;
        Ok(Key::from_text(&text)?)
    }
}

/// An error about a file.
pub(in crate::ledger) fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> LedgerError {
    let place = path.display().to_string();
    move |source| LedgerError::Io { what, place, source }
}

/// What is no file is left alone: to read a pipe waits for somebody, and to replace a device takes it from everybody.
fn only_a_file(path: &Path) -> std::io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if !there.is_file() && !there.is_dir() => {
            Err(std::io::Error::other("it is not a regular file"))
        }
        _ => Ok(()),
    }
}

pub(in crate::ledger) fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len().min(LIMIT);
    let mut bytes = Vec::with_capacity(size as usize + 1);
    let read = file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if read as u64 > LIMIT {
        return Err(std::io::Error::other("it is larger than 256 MiB"));
    }
    Ok(bytes)
}

#[cfg(unix)]
pub(in crate::ledger) fn private(path: &Path) -> Result<(), LedgerError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map(|data| data.permissions().mode() & 0o777).unwrap_or(0o600);
    if mode & 0o077 != 0 {
        return Err(LedgerError::OpenKey { place: path.display().to_string(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
pub(in crate::ledger) fn private(_: &Path) -> Result<(), LedgerError> {
    Ok(())
}
