//! A folder by its descriptor: operations take place in it, whatever its path means by then.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, mkdirat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::{FileRefusal, check_regular, temporary_name};

/// What every file is opened with: no link is followed, no pipe waited for, no controlling terminal acquired.
const CAREFUL: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// Mode of telform's own files.
const OWN: Mode = Mode::RUSR.union(Mode::WUSR);

/// A folder that is open.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    /// For messages.
    path: PathBuf,
    /// Who may own telform's own files here, beside the user of this process: for root, the owner of the named folder. In a
    /// container, root works on another user's checkout.
    host: u32,
}

impl Folder {
    /// A folder that the user named: links in its path are followed.
    pub fn named(path: &Path) -> io::Result<Self> {
        let fd = openat(CWD, path, FOLDER, Mode::empty())?;
        let host = rustix::fs::fstat(&fd)?.st_uid;
        Ok(Self { fd, path: path.to_owned(), host })
    }

    /// A folder in this one, which may not be a link.
    pub fn enter(&self, part: &OsStr) -> io::Result<Self> {
        let fd = openat(&self.fd, part, FOLDER | OFlags::NOFOLLOW, Mode::empty());
        let fd = fd.map_err(|error| self.because(part, error))?;
        Ok(Self { fd, path: self.path(part), host: self.host })
    }

    /// The same; it is created, for its owner only, where missing.
    pub fn enter_or_make(&self, part: &OsStr) -> io::Result<Self> {
        match mkdirat(&self.fd, part, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => self.enter(part),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether something has this name here, including a link.
    pub fn holds(&self, name: &OsStr) -> bool {
        statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Whether this name is that of an open file.
    pub fn names(&self, name: &OsStr, file: &File) -> io::Result<bool> {
        let (there, open) = (statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)?, rustix::fs::fstat(file)?);
        Ok((there.st_dev, there.st_ino) == (open.st_dev, open.st_ino))
    }

    /// Opens a regular file to be read.
    pub fn open(&self, name: &OsStr) -> io::Result<File> {
        self.careful(name, OFlags::RDONLY)
    }

    /// Opens one of telform's own files to be read.
    pub fn own(&self, name: &OsStr) -> io::Result<File> {
        self.checked(self.careful(name, OFlags::RDONLY)?)
    }

    /// Opens one of telform's own files to be read, and appended to. It is created where missing, and only its owner may read it.
    pub fn to_write(&self, name: &OsStr) -> io::Result<File> {
        self.private(self.careful(name, OFlags::RDWR | OFlags::CREATE | OFlags::APPEND)?)
    }

    /// The same for an existing file.
    pub fn to_change(&self, name: &OsStr) -> io::Result<File> {
        self.private(self.careful(name, OFlags::RDWR)?)
    }

    /// The same for an existing file, which this does not change.
    pub fn to_lock(&self, name: &OsStr) -> io::Result<File> {
        self.checked(self.careful(name, OFlags::RDWR)?)
    }

    /// An error unless this name is free, or that of one of telform's own regular files.
    pub fn check(&self, name: &OsStr) -> io::Result<()> {
        match statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(()),
            _ => self.own(name).map(|_| ()),
        }
    }

    /// A new file beside the one that it is to replace. The umask applies to the mode.
    pub fn beside(self, (prefix, suffix): (&str, &str), mode: u32) -> io::Result<Beside> {
        let flags = CAREFUL | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let name = temporary_name(prefix, suffix);
        let fd = openat(&self.fd, &*name, flags, Mode::from_raw_mode(mode))?;
        Ok(Beside { folder: self, file: File::from(fd), name: Some(name) })
    }

    /// Renames a file; a file of that name is replaced.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Removes a file, or the link of that name.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// An error where another user may replace a file: he owns the folder, or may write to it. In a sticky folder such as /tmp he
    /// may not.
    pub fn closed(&self) -> io::Result<()> {
        let about = rustix::fs::fstat(&self.fd)?;
        if !self.owns(about.st_uid) && about.st_uid != 0 {
            return Err(FileRefusal::FolderOwner(about.st_uid).into());
        }
        let mode = about.st_mode & 0o7777;
        if mode & 0o022 != 0 && mode & 0o1000 == 0 {
            return Err(FileRefusal::FolderOpen(mode & 0o777).into());
        }
        Ok(())
    }

    /// Whether a user may own telform's own files.
    fn owns(&self, owner: u32) -> bool {
        let user = rustix::process::geteuid().as_raw();
        owner == user || user == 0 && owner == self.host
    }

    /// Waits until the names in it are on the disk.
    pub fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.fd)?)
    }

    fn path(&self, name: &OsStr) -> PathBuf {
        if self.path == Path::new(".") { PathBuf::from(name) } else { self.path.join(name) }
    }

    /// Checked before it is opened: opening a device may have side effects.
    fn careful(&self, name: &OsStr, flags: OFlags) -> io::Result<File> {
        let there = statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW);
        let opens = there.is_err() || there.is_ok_and(|it| FileType::from_raw_mode(it.st_mode) == FileType::RegularFile);
        // The type of anything else is read from a descriptor that does not open it, or from the link.
        if !opens {
            return Err(self.sort(name));
        }
        let fd = openat(&self.fd, name, CAREFUL | flags, OWN).map_err(|error| self.because(name, error))?;
        let file = File::from(fd);
        check_regular(&file.metadata()?)?;
        Ok(file)
    }

    fn sort(&self, name: &OsStr) -> io::Error {
        match statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(there) => match FileType::from_raw_mode(there.st_mode) {
                FileType::Symlink => FileRefusal::Link(self.path(name)).into(),
                FileType::Directory => io::ErrorKind::IsADirectory.into(),
                FileType::Fifo => FileRefusal::Sort("a named pipe").into(),
                FileType::Socket => FileRefusal::Sort("a socket").into(),
                _ => FileRefusal::Sort("a device").into(),
            },
            Err(error) => error.into(),
        }
    }

    /// For a link, the system reports that it is not a folder, or a loop.
    fn because(&self, name: &OsStr, error: Errno) -> io::Error {
        match error {
            Errno::NOTDIR | Errno::LOOP => match self.sort(name) {
                link if super::file_refusal(&link).is_some() => link,
                _ => error.into(),
            },
            // Not accessible to this user because it belongs to another.
            Errno::ACCESS => match statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(there) if !self.owns(there.st_uid) => FileRefusal::Owner(there.st_uid).into(),
                _ => error.into(),
            },
            error => error.into(),
        }
    }

    /// Each of telform's own files has one name, and belongs to the user who runs this.
    fn checked(&self, file: File) -> io::Result<File> {
        let about = file.metadata()?;
        if !self.owns(about.uid()) {
            return Err(FileRefusal::Owner(about.uid()).into());
        }
        if about.nlink() > 1 {
            return Err(FileRefusal::Names(about.nlink()).into());
        }
        Ok(file)
    }

    fn private(&self, file: File) -> io::Result<File> {
        let file = self.checked(file)?;
        let mode = file.metadata()?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 || mode & 0o600 != 0o600 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
        Ok(file)
    }
}

/// A file that is written beside the one that it is to replace, and is removed if it does not.
#[derive(Debug)]
pub struct Beside {
    folder: Folder,
    file: File,
    name: Option<String>,
}

impl Beside {
    /// The file, to be written.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Replaces whatever has that name: a link is replaced, not followed.
    pub fn put(mut self, name: &OsStr) -> io::Result<()> {
        let from = self.name.as_deref().unwrap_or_default();
        renameat(&self.folder.fd, from, &self.folder.fd, name)?;
        self.name = None;
        Ok(())
    }

    /// The same where nothing has that name yet.
    pub fn put_new(mut self, name: &OsStr) -> io::Result<()> {
        let from = self.name.as_deref().unwrap_or_default();
        let fd = &self.folder.fd;
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        match rustix::fs::renameat_with(fd, from, fd, name, rustix::fs::RenameFlags::NOREPLACE) {
            Ok(()) => {
                self.name = None;
                return Ok(());
            }
            // The file system does not support that.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            Err(error) => return Err(error.into()),
        }
        rustix::fs::linkat(fd, from, fd, name, AtFlags::empty())?;
        // Its first name is removed with `self`.
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            let _ = unlinkat(&self.folder.fd, name.as_str(), AtFlags::empty());
        }
    }
}
