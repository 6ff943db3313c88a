//! The lock of a ledger in a folder: the operating system locks a file beside the ledger, and a note in it names the holder.

use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::note::{LockHolder, LockNote};
use super::{host_name, user};
use crate::state::ledger::LedgerError;
use crate::state::ledger::state_store::{LocalStore, StateStore, io_error};

/// How often the file is opened again because the run that made it removed it meanwhile.
const ATTEMPTS: usize = 100;

/// A locked file. Where the run made it and writes nothing beside it, the file goes with the lock, and so do the folders that were
/// made for it.
#[derive(Debug)]
pub(super) struct FileLock {
    file: File,
    place: Arc<StateStore>,
    /// The folders that were made for it, the outermost first; `None` where the file existed before.
    made: Option<Vec<PathBuf>>,
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if let (Some(folders), StateStore::Local(local)) = (&self.made, &*self.place)
            && !local.is_written()
        {
            local.remove_lock(&self.place.sibling_name("lock"), &self.file, folders);
        }
    }
}

/// Takes the lock, or says who has it.
pub(super) fn lock_file(local: &LocalStore, place: &Arc<StateStore>) -> Result<FileLock, LedgerError> {
    let name = place.sibling_name("lock");
    let path = local.path_of(&name);
    let (mut folders, mut made, mut missing) = (Vec::new(), false, None);
    for _ in 0..ATTEMPTS {
        folders.extend(local.make_missing_folder()?);
        made |= !local.has_file(&name);
        let mut file = match local.lock_file(&name, true) {
            Ok(file) => file,
            // Another run has just removed the folder that it had made.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                missing = Some(error);
                continue;
            }
            Err(error) => return Err(io_error("open the lock", &path)(error)),
        };
        missing = None;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let holder = note_in(&mut file).map_or_else(unnamed_holder, |note| note.describe_holder_here());
                return Err(LedgerError::Locked { place: place.display_name(place.name()), holder, breakable: None });
            }
            Err(fs::TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
        }
        // A lock on a file that another run has removed keeps no other run out.
        if !local.is_lock_file(&name, &file) {
            continue;
        }
        let bytes = LockNote::new(None).next_bytes();
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(&bytes))
            .map_err(io_error("write the lock", &path))?;
        // Elsewhere an open file keeps its name until it is closed.
        let made = (made && cfg!(unix)).then_some(folders);
        return Ok(FileLock { file, place: Arc::clone(place), made });
    }
    // A folder in which no file can be made, such as one of the system.
    missing.map_or_else(
        || Err(LedgerError::Locked { place: place.display_name(place.name()), holder: unnamed_holder(), breakable: None }),
        |error| Err(io_error("open the lock", &path)(error)),
    )
}

/// The holder of the file lock left no note in it, or one that names a run that has ended: it may not be telform at all.
fn unnamed_holder() -> String {
    "another process has locked that file, and the note in it does not name a running process".to_owned()
}

fn note_in(file: &mut File) -> Option<LockNote> {
    let mut text = String::new();
    // An unreadable note only makes the message less specific.
    file.take(65_536).read_to_string(&mut text).ok()?;
    let note: LockNote = serde_json::from_str(&text).ok()?;
    (note.host != host_name() || user::lives(note.pid)).then_some(note)
}

/// The holder of a file lock: the system knows whether it is held, the note names the holder.
pub(super) fn holder_of(local: &LocalStore, name: &str) -> Result<LockHolder, LedgerError> {
    let path = local.path_of(name);
    let mut file = match local.lock_file(name, false) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(LockHolder::Nobody),
        Err(error) => return Err(io_error("open the lock", &path)(error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(LockHolder::Nobody),
        Err(fs::TryLockError::WouldBlock) => {
            let unnamed = LockHolder::Run { id: String::new(), words: unnamed_holder(), expired: false };
            Ok(note_in(&mut file).map_or(unnamed, |note| LockHolder::Run {
                id: note.id.clone(),
                words: note.describe_holder_here(),
                expired: false,
            }))
        }
        Err(fs::TryLockError::Error(source)) => Err(io_error("look at the lock", &path)(source)),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn place(folder: &std::path::Path) -> Arc<StateStore> {
        Arc::new(StateStore::from("a/.telform/ledger.json", Some(folder)).expect("a place"))
    }

    fn take(place: &Arc<StateStore>) -> Result<FileLock, LedgerError> {
        let StateStore::Local(local) = &**place else { panic!("a folder") };
        lock_file(local, place)
    }

    #[test]
    fn a_lock_beside_which_nothing_is_written_goes_with_its_folders() {
        let folder = tempfile::tempdir().expect("a folder");
        let there = || folder.path().join("a").exists();
        let lock = take(&place(folder.path())).expect("the lock");
        assert!(there() && take(&place(folder.path())).is_err());
        drop(lock);
        assert!(!there());
        // What another process put there meanwhile stays, and git still ignores the key.
        let lock = take(&place(folder.path())).expect("the lock");
        fs::write(folder.path().join("a/.telform/ledger.key"), "key").expect("a file");
        drop(lock);
        let ignored = fs::read_to_string(folder.path().join("a/.telform/.gitignore")).expect("a file");
        assert_eq!(ignored, "*.key\n*.lock\n");
        assert!(!folder.path().join("a/.telform/ledger.lock").exists());
        // A lock that existed before, or beside which something was written, stays.
        for written in [false, true] {
            let place = place(folder.path());
            if !written {
                fs::write(folder.path().join("a/.telform/ledger.lock"), "").expect("a file");
            }
            let lock = take(&place).expect("the lock");
            if let (true, StateStore::Local(local)) = (written, &*place) {
                local.append("ledger.journal", b"{}\n").expect("written");
            }
            drop(lock);
            fs::remove_file(folder.path().join("a/.telform/ledger.lock")).expect("the lock is there");
        }
    }

    #[test]
    fn two_runs_never_hold_a_lock_that_runs_remove() {
        let folder = tempfile::tempdir().expect("a folder");
        let (holders, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while taken.load(Ordering::SeqCst) < 400 {
                        let Ok(lock) = take(&place(folder.path())) else { continue };
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two runs hold the lock");
                        taken.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        holders.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
    }
}
