//! Files in a folder: written to a temporary file and renamed, synced, and never over content that was not read.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{LIMIT, ObjectVersion, PutOutcome, StoredObject};
use crate::disk::{self, Beside, Folder};
use crate::failpoints::durable_write;
use crate::state::ledger::LedgerError;

/// telform's own folder, wherever it is: it may be part of a checkout, so neither it nor anything in it may be a link.
const OWN: &str = ".telform";

/// Keeps keys and locks out of version control.
const IGNORE: &str = ".gitignore";

/// A ledger file and its folder.
#[derive(Debug)]
pub struct LocalStore {
    /// The user named this folder: links in its path are followed.
    base: PathBuf,
    /// The path from there to the ledger's folder, in which no link is followed.
    path_parts: Vec<OsString>,
    name: String,
    /// Whether the key belongs to a simulator: a substitute key, wherever its world is.
    simulated: bool,
    /// Whether this run wrote something here, beside its lock.
    written: AtomicBool,
}

impl LocalStore {
    /// A file at a path that the user named: the path may contain links, up to telform's own folder.
    pub(super) fn from_user_path(path: &str) -> Self {
        let path = Path::new(path);
        let own = path.parent().and_then(|folder| folder.iter().position(|part| part == OWN));
        if let Some(own) = own {
            let base: PathBuf = path.iter().take(own).collect();
            return Self::below_folder(&base, &path.iter().skip(own).collect::<PathBuf>());
        }
        // Renaming over a link would replace the link: follow it first.
        let path = fs::canonicalize(path).unwrap_or(path.to_owned());
        let base = path.parent().filter(|folder| *folder != Path::new(".")).unwrap_or(Path::new(""));
        Self {
            base: base.to_owned(),
            path_parts: Vec::new(),
            name: name_of(&path),
            simulated: false,
            written: AtomicBool::default(),
        }
    }

    /// A file below a folder that the user named.
    pub(super) fn below_folder(base: &Path, path: &Path) -> Self {
        let there = disk::path_exists(&base.join(path));
        let real = there.then(|| fs::canonicalize(disk::folder_of(&base.join("x"))).ok()).flatten();
        let below = path.parent().into_iter().flat_map(Path::iter).filter(|part| *part != ".");
        Self {
            base: real.unwrap_or(base.to_owned()),
            path_parts: below.map(OsStr::to_owned).collect(),
            name: name_of(path),
            simulated: false,
            written: AtomicBool::default(),
        }
    }

    /// The same beside the world of a simulator.
    pub(in crate::state::ledger) fn for_simulator(self) -> Self {
        Self { simulated: true, ..self }
    }

    #[cfg(feature = "remote-state")]
    /// The file beside `.telform/ledger.json` that holds the key of a ledger that is kept elsewhere.
    pub(in crate::state::ledger) fn for_key_of(name: &str) -> Self {
        let (base, name) = (PathBuf::new(), format!("{name}.json"));
        Self { base, path_parts: vec![OWN.into()], name, simulated: false, written: AtomicBool::default() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(in crate::state::ledger) fn path_of(&self, name: &str) -> PathBuf {
        self.path_parts.iter().fold(self.base.clone(), |path, part| path.join(part)).join(name)
    }

    /// The folder, opened again each time.
    fn open_folder(&self) -> std::io::Result<Folder> {
        disk::walk_folders(&self.base, self.path_parts.iter().map(OsString::as_os_str), false)
    }

    /// The same; missing folders are created.
    fn make_folder(&self) -> std::io::Result<Folder> {
        fs::create_dir_all(disk::folder_of(&self.base.join("x")))?;
        disk::walk_folders(&self.base, self.path_parts.iter().map(OsString::as_os_str), true)
    }

    /// One of telform's own files, to be read; `None` where it does not exist.
    fn open_own_file(&self, name: &str) -> std::io::Result<Option<File>> {
        match self.open_folder().and_then(|folder| folder.own(name.as_ref())) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether something with this name exists there.
    pub(in crate::state::ledger) fn has_file(&self, name: &str) -> bool {
        self.open_folder().is_ok_and(|folder| folder.holds(name.as_ref()))
    }

    /// The lock's file: created where it is missing and `make` is set.
    pub(in crate::state::ledger) fn lock_file(&self, name: &str, make: bool) -> std::io::Result<File> {
        let folder = self.open_folder()?;
        if make { folder.to_write(name.as_ref()) } else { folder.to_lock(name.as_ref()) }
    }

    pub(super) fn read(&self, name: &str) -> Result<Option<StoredObject>, LedgerError> {
        let read = self.open_own_file(name).and_then(|file| file.map(|file| disk::read_bounded(file, LIMIT)).transpose());
        let bytes = read.map_err(io_error("read", &self.path_of(name)))?;
        Ok(bytes.map(|bytes| {
            let version = ObjectVersion::of_content(&bytes);
            StoredObject::from_file(bytes, version)
        }))
    }

    pub(super) fn create(&self, name: &str, bytes: Vec<u8>) -> Result<PutOutcome, LedgerError> {
        let written = self.write_staged(&bytes, name)?;
        match written.put_new(name.as_ref()) {
            Ok(()) => self.sync_folder(name, &bytes),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(PutOutcome::Lost),
            Err(error) => Err(io_error("write", &self.path_of(name))(error)),
        }
    }

    pub(super) fn replace(&self, name: &str, bytes: Vec<u8>, version: &ObjectVersion) -> Result<PutOutcome, LedgerError> {
        let written = self.write_staged(&bytes, name)?;
        // Compared last of all: a process that ignores the lock has only the moment of the rename.
        if self.read(name)?.is_none_or(|found| found.version != *version) {
            return Ok(PutOutcome::Lost);
        }
        written.put(name.as_ref()).map_err(io_error("write", &self.path_of(name)))?;
        self.sync_folder(name, &bytes)
    }

    /// Adds bytes at the end of a file that only grows.
    pub(in crate::state::ledger) fn append(&self, name: &str, bytes: &[u8]) -> Result<(), LedgerError> {
        self.ensure_folder()?;
        let add = || -> std::io::Result<()> {
            let folder = self.open_folder()?;
            let new = !folder.holds(name.as_ref());
            // It shows the state of the services, and is as private as the ledger.
            let mut file = folder.to_write(name.as_ref())?;
            let before = file.seek(SeekFrom::End(0))?;
            if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_data()) {
                // Half a line would precede the next one. What cannot be removed now is removed when the file is read.
                let _ = file.set_len(before);
                return Err(error);
            }
            durable_write();
            if new {
                // The folder entry is synced, too.
                folder.sync()?;
                durable_write();
            }
            Ok(())
        };
        add().map_err(io_error("write", &self.path_of(name)))
    }

    /// Renames a file within its folder.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), LedgerError> {
        let rename = || -> std::io::Result<()> {
            let folder = self.open_folder()?;
            folder.rename(from.as_ref(), to.as_ref())?;
            folder.sync()
        };
        rename().map_err(io_error("move", &self.path_of(from)))?;
        durable_write();
        Ok(())
    }

    /// Truncates the file to this many bytes.
    pub(super) fn truncate(&self, name: &str, whole: u64) -> Result<(), LedgerError> {
        let file = self.open_folder().and_then(|folder| folder.to_change(name.as_ref()));
        file.and_then(|file| file.set_len(whole).and_then(|()| file.sync_all()))
            .map_err(io_error("repair", &self.path_of(name)))?;
        durable_write();
        Ok(())
    }

    /// A synced file beside the one that it is to replace.
    fn write_staged(&self, bytes: &[u8], name: &str) -> Result<Beside, LedgerError> {
        self.ensure_folder()?;
        let write = || -> std::io::Result<Beside> {
            let folder = self.open_folder()?;
            folder.check(name.as_ref())?;
            stage_file(folder, "", bytes)
        };
        write().map_err(io_error("write", &self.path_of(name)))
    }

    /// The folder entry is synced, too.
    fn sync_folder(&self, name: &str, bytes: &[u8]) -> Result<PutOutcome, LedgerError> {
        // In place, but a crash may still lose the folder entry; then permanently.
        durable_write();
        self.open_folder().and_then(|folder| folder.sync()).map_err(io_error("write", &self.path_of(name)))?;
        durable_write();
        Ok(PutOutcome::Done(ObjectVersion::of_content(bytes)))
    }

    /// The folder of the ledger before something is written there, created when missing.
    fn ensure_folder(&self) -> Result<(), LedgerError> {
        self.written.store(true, Ordering::Relaxed);
        self.make_missing_folder().map(drop)
    }

    /// Whether this run wrote something here, beside its lock.
    pub(in crate::state::ledger) fn is_written(&self) -> bool {
        self.written.load(Ordering::Relaxed)
    }

    /// The folder of the ledger, created when missing, with a `.gitignore` for keys and locks. Returns the folders that it made,
    /// the outermost first.
    pub(in crate::state::ledger) fn make_missing_folder(&self) -> Result<Vec<PathBuf>, LedgerError> {
        match self.open_folder() {
            Ok(_) => Ok(Vec::new()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let path = self.path_of("");
                let missing = path.ancestors().filter(|folder| *folder != Path::new("") && !disk::path_exists(folder));
                let mut missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
                missing.reverse();
                self.make_folder().map_err(io_error("make the folder of", &self.path_of(&self.name)))?;
                self.write_gitignore()?;
                Ok(missing)
            }
            Err(error) => Err(io_error("open the folder of", &self.path_of(&self.name))(error)),
        }
    }

    /// Whether the lock that was opened still has its name: the run that made it may have removed it.
    pub(in crate::state::ledger) fn is_lock_file(&self, name: &str, file: &File) -> bool {
        self.open_folder().and_then(|folder| folder.names(name.as_ref(), file)).unwrap_or(false)
    }

    /// Removes a lock that this run made and still holds, and the folders that it made for it, where nothing else is in them.
    pub(in crate::state::ledger) fn remove_lock(&self, name: &str, file: &File, folders: &[PathBuf]) {
        if !self.is_lock_file(name, file) || self.remove(name).is_err() || folders.is_empty() {
            return;
        }
        let _ = self.remove(IGNORE);
        if folders.iter().rev().try_for_each(fs::remove_dir).is_err() && self.open_folder().is_ok() {
            // Another run uses the folder.
            let _ = self.write_gitignore();
        }
    }

    /// Keeps key and lock out of version control: a `.gitignore` beside them lists them.
    pub(in crate::state::ledger) fn write_gitignore(&self) -> Result<(), LedgerError> {
        let add = || -> std::io::Result<()> {
            let folder = self.open_folder()?;
            let mut known = String::new();
            if folder.holds(IGNORE.as_ref()) {
                folder.open(IGNORE.as_ref())?.read_to_string(&mut known)?;
            }
            let known_line = |name: &str| known.lines().any(|line| line.trim() == name);
            let missing: Vec<&str> = ["*.key", "*.lock"].into_iter().filter(|name| !known_line(name)).collect();
            if missing.is_empty() {
                return Ok(());
            }
            let gap = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
            let text = format!("{known}{gap}{}\n", missing.join("\n"));
            let mut file = folder.beside((".ledger", ""), 0o666)?;
            file.file().write_all(text.as_bytes())?;
            file.put(IGNORE.as_ref())
        };
        add().map_err(io_error("write", &self.path_of(IGNORE)))
    }

    /// The key file.
    pub(in crate::state::ledger) fn key_path(&self) -> PathBuf {
        self.path_of(&self.key_name("key"))
    }

    /// The name of the key file, or of another file of its type.
    pub(in crate::state::ledger) fn key_name(&self, extension: &str) -> String {
        Path::new(&self.name).with_extension(extension).to_string_lossy().into_owned()
    }

    /// Reads the text of the key file; `None` when it does not exist.
    pub(in crate::state::ledger) fn read_key_text(&self) -> Result<Option<String>, LedgerError> {
        self.key_in(&self.key_name("key"))
    }

    /// Reads a key file.
    pub(in crate::state::ledger) fn key_in(&self, name: &str) -> Result<Option<String>, LedgerError> {
        let path = self.path_of(name);
        let file = self.open_own_file(name).and_then(|file| {
            file.map(|file| self.open_folder().and_then(|folder| self.check_folder_closed(&folder)).map(|()| file)).transpose()
        });
        file.map_err(io_error("read the key file", &path))?.map(|file| key_of(file, &path)).transpose()
    }

    fn check_folder_closed(&self, folder: &Folder) -> std::io::Result<()> {
        if self.simulated { Ok(()) } else { folder.closed() }
    }

    /// Writes a key file with mode 0600; an existing one is never touched.
    pub(in crate::state::ledger) fn keep_key(&self, text: &str) -> Result<(), LedgerError> {
        self.put_key(&self.key_name("key"), text, false)
    }

    /// Writes a key file to a temporary file and renames it: an empty key would stop every later run.
    pub(in crate::state::ledger) fn put_key(&self, name: &str, text: &str, replaces: bool) -> Result<(), LedgerError> {
        self.ensure_folder()?;
        self.write_gitignore()?;
        let make = || -> std::io::Result<()> {
            let folder = self.open_folder()?;
            self.check_folder_closed(&folder)?;
            let file = stage_file(folder, ".key", text.as_bytes())?;
            if replaces { file.put(name.as_ref()) } else { file.put_new(name.as_ref()) }?;
            durable_write();
            self.open_folder()?.sync()?;
            durable_write();
            Ok(())
        };
        make().map_err(io_error("make the key file", &self.path_of(name)))
    }

    /// Replaces one key file with another.
    pub(in crate::state::ledger) fn rename_key(&self, from: &str, to: &str) -> std::io::Result<()> {
        let folder = self.open_folder()?;
        folder.own(from.as_ref())?;
        folder.rename(from.as_ref(), to.as_ref())?;
        folder.sync()
    }

    /// Removes a file.
    pub(in crate::state::ledger) fn remove(&self, name: &str) -> std::io::Result<()> {
        let folder = self.open_folder()?;
        folder.remove(name.as_ref())?;
        folder.sync()
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// A new synced file in a folder, readable only by its owner.
fn stage_file(folder: Folder, suffix: &str, bytes: &[u8]) -> std::io::Result<Beside> {
    let mut file = folder.beside((".ledger", suffix), 0o600)?;
    file.file().write_all(bytes)?;
    file.file().sync_all()?;
    durable_write();
    Ok(file)
}

/// An error about a file.
pub(in crate::state::ledger) fn io_error(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> LedgerError {
    let place = path.display().to_string();
    move |source| LedgerError::Io { what, place, source }
}

/// The text of a key file that only its owner may read.
pub(in crate::state::ledger) fn key_of(file: File, path: &Path) -> Result<String, LedgerError> {
    private(&file, path)?;
    let text = disk::bounded_text(file, LIMIT).map_err(io_error("read the key file", path))?;
    Ok(text.trim().to_owned())
}

#[cfg(unix)]
fn private(file: &File, path: &Path) -> Result<(), LedgerError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_or(0o777, |about| about.permissions().mode() & 0o777);
    if mode & 0o077 != 0 {
        return Err(LedgerError::OpenKey { place: path.display().to_string(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn private(_: &File, _: &Path) -> Result<(), LedgerError> {
    Ok(())
}
