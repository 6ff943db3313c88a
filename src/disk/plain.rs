//! A folder by its path, where the system has no descriptors for folders: each name is checked before it is opened.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{FileRefusal, check_regular, is_link, temporary_name};

/// A folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder that the user named: links in its path are followed.
    pub fn named(path: &Path) -> io::Result<Self> {
        if fs::metadata(path)?.is_dir() { Ok(Self { path: path.to_owned() }) } else { Err(ErrorKind::NotADirectory.into()) }
    }

    /// A folder in this one, which may not be a link.
    pub fn enter(&self, part: &OsStr) -> io::Result<Self> {
        Self::named(&self.free_of_links(part)?)
    }

    /// The same; it is created where missing.
    pub fn enter_or_make(&self, part: &OsStr) -> io::Result<Self> {
        match fs::create_dir(self.path.join(part)) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => self.enter(part),
        }
    }

    /// Whether something has this name here, including a link.
    pub fn holds(&self, name: &OsStr) -> bool {
        super::path_exists(&self.path.join(name))
    }

    /// Whether this name is that of an open file, which keeps its name while it is open.
    pub fn names(&self, name: &OsStr, _: &File) -> io::Result<bool> {
        Ok(self.holds(name))
    }

    /// Opens a regular file to be read.
    pub fn open(&self, name: &OsStr) -> io::Result<File> {
        self.careful(name, OpenOptions::new().read(true))
    }

    /// Opens one of telform's own files to be read.
    pub fn own(&self, name: &OsStr) -> io::Result<File> {
        self.open(name)
    }

    /// Opens one of telform's own files to be read and written. It is created where missing.
    pub fn to_write(&self, name: &OsStr) -> io::Result<File> {
        self.careful(name, OpenOptions::new().read(true).write(true).create(true))
    }

    /// The same for an existing file.
    pub fn to_change(&self, name: &OsStr) -> io::Result<File> {
        self.careful(name, OpenOptions::new().read(true).write(true))
    }

    /// The same.
    pub fn to_lock(&self, name: &OsStr) -> io::Result<File> {
        self.to_change(name)
    }

    /// An error unless this name is free, or that of a regular file.
    pub fn check(&self, name: &OsStr) -> io::Result<()> {
        if self.holds(name) { self.open(name).map(|_| ()) } else { Ok(()) }
    }

    /// A new file beside the one that it is to replace.
    pub fn beside(self, (prefix, suffix): (&str, &str), _: u32) -> io::Result<Beside> {
        let name = self.path.join(temporary_name(prefix, suffix));
        let file = OpenOptions::new().write(true).create_new(true).open(&name)?;
        Ok(Beside { folder: self, file, name: Some(name) })
    }

    /// Renames a file; a file of that name is replaced.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    /// Removes a file, or the link of that name.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    /// Write access of other users is not checked.
    pub fn closed(&self) -> io::Result<()> {
        Ok(())
    }

    /// Not every system can sync a folder.
    pub fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn free_of_links(&self, name: &OsStr) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        if is_link(&path) { Err(FileRefusal::Link(path).into()) } else { Ok(path) }
    }

    fn careful(&self, name: &OsStr, options: &OpenOptions) -> io::Result<File> {
        let path = self.free_of_links(name)?;
        match fs::metadata(&path) {
            Ok(there) => check_regular(&there)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let file = options.open(path)?;
        check_regular(&file.metadata()?)?;
        Ok(file)
    }
}

/// A file that is written beside the one that it is to replace, and is removed if it does not.
#[derive(Debug)]
pub struct Beside {
    folder: Folder,
    file: File,
    name: Option<PathBuf>,
}

impl Beside {
    /// The file, to be written.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Replaces whatever has that name: a link is replaced, not followed.
    pub fn put(mut self, name: &OsStr) -> io::Result<()> {
        fs::rename(self.name.as_deref().unwrap_or(Path::new("")), self.folder.path.join(name))?;
        self.name = None;
        Ok(())
    }

    /// The same where nothing has that name yet.
    pub fn put_new(self, name: &OsStr) -> io::Result<()> {
        fs::hard_link(self.name.as_deref().unwrap_or(Path::new("")), self.folder.path.join(name))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            let _ = fs::remove_file(name);
        }
    }
}
