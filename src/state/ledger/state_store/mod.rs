//! Where a ledger is kept, and the operations there: read an object, create one that does not exist yet, replace one that
//! is unchanged since it was read. This module does not know the content of the objects, so other files can be kept beside
//! the ledger.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::LedgerError;

#[cfg(feature = "remote-state")]
mod cloud;
#[cfg(feature = "remote-state")]
mod connector;
#[cfg(feature = "remote-state")]
mod credentials;
mod local;
mod log;
mod observer;
#[cfg(feature = "remote-state")]
mod obtained;
#[cfg(feature = "remote-state")]
mod profile;
#[cfg(feature = "remote-state")]
mod remote;
#[cfg(feature = "remote-state")]
mod store_error;

pub use local::LocalStore;
pub(super) use local::{io_error, key_of};
pub use log::GrowingLog;
#[cfg(all(test, feature = "remote-state"))]
pub(super) use log::is_full;
pub use observer::{StoreObserver, StoreRequest};
#[cfg(feature = "remote-state")]
pub use remote::RemoteStore;

/// Largest object that is read: far above a ledger of 100,000 objects, far below what exhausts memory.
const LIMIT: u64 = 256 * 1024 * 1024;

/// A folder, or the objects below an address, with the name of the ledger in it. Objects beside it are named by
/// [`StateStore::sibling_name`].
#[derive(Debug)]
pub enum StateStore {
    /// Files.
    Local(LocalStore),
    /// An object store.
    #[cfg(feature = "remote-state")]
    Remote(RemoteStore),
}

/// The version of an object when it was read or written; a replacement names the version that it replaces.
#[derive(Clone, PartialEq)]
pub struct ObjectVersion(VersionMark);

#[derive(Clone, PartialEq)]
enum VersionMark {
    /// A file has no version: the SHA-256 of its content is compared.
    Content([u8; 32]),
    /// S3 and Azure compare the tag, Google's store the version.
    #[cfg(feature = "remote-state")]
    Object { e_tag: Option<String>, version: Option<String> },
}

impl ObjectVersion {
    fn of_content(bytes: &[u8]) -> Self {
        Self(VersionMark::Content(Sha256::digest(bytes).into()))
    }

    /// The store's own version or tag, where the version came from a store.
    #[cfg(feature = "remote-state")]
    fn store_word(&self) -> Option<String> {
        match &self.0 {
            VersionMark::Content(_) => None,
            VersionMark::Object { e_tag, version } => version.clone().or_else(|| e_tag.clone()),
        }
    }
}

impl fmt::Debug for ObjectVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(version)")
    }
}

/// An object that was read.
#[derive(Debug)]
pub struct StoredObject {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Its version.
    pub version: ObjectVersion,
    /// When it was written, by the clock of an object store.
    pub modified: Option<Timestamp>,
    /// When it was read, by the same clock, to the second.
    pub answered: Option<Timestamp>,
    /// The program that an object store runs, as it calls itself.
    pub server: Option<String>,
}

impl StoredObject {
    /// A file.
    fn from_file(bytes: Vec<u8>, version: ObjectVersion) -> Self {
        Self { bytes, version, modified: None, answered: None, server: None }
    }

    /// How long ago it was written, where the store says both times.
    pub fn age(&self) -> Option<SignedDuration> {
        Some(self.answered?.duration_since(self.modified?))
    }
}

/// How a conditional write ended.
#[derive(Debug)]
pub enum PutOutcome {
    /// It was written, in this version.
    Done(ObjectVersion),
    /// Another version exists, or the replaced one is missing: nothing was written.
    Lost,
}

impl StateStore {
    /// A file path that the user named, or the address of an object store.
    pub fn from_text(place: &str) -> Result<Self, LedgerError> {
        Self::from(place, None)
    }

    /// The same; a path is relative to a folder below which no link is followed.
    pub fn from(place: &str, folder: Option<&Path>) -> Result<Self, LedgerError> {
        if place.trim().is_empty() {
            return Err(refuse_address(place, "it is empty"));
        }
        let found = match (place.split_once("://"), folder) {
            (Some((scheme, rest)), _) => remote(place, scheme, rest)?,
            (None, None) => Self::Local(LocalStore::from_user_path(place)),
            (None, Some(folder)) => Self::Local(LocalStore::below_folder(folder, Path::new(place))),
        };
        match found.name().rsplit_once('.') {
            Some((_, "lock" | "key")) => Err(refuse_address(place, "its lock or its key would have the same name")),
            _ => Ok(found),
        }
    }

    /// What time it is for an object store: when it wrote an object that is written for that, under this name. Another run may
    /// overwrite it meanwhile: that was later, and not in the future.
    #[cfg(feature = "remote-state")]
    pub(super) async fn store_time(&self, name: &str) -> Result<Option<Timestamp>, LedgerError> {
        let Self::Remote(remote) = self else { return Ok(None) };
        remote.overwrite(name, uuid::Uuid::new_v4().to_string().into_bytes()).await?;
        let found = remote.read(name).await?;
        Ok(found.and_then(|found| found.modified))
    }

    /// Writes an object of a store that honours no condition, whatever is there.
    #[cfg(feature = "remote-state")]
    pub(super) async fn overwrite(&self, name: &str, bytes: Vec<u8>) -> Result<(), LedgerError> {
        match self {
            Self::Local(_) => Ok(()),
            Self::Remote(remote) => remote.overwrite(name, bytes).await,
        }
    }

    /// Whether a store accepts a write that it must refuse. What is there afterwards is not looked at.
    #[cfg(feature = "remote-state")]
    pub(super) async fn is_accepted(
        &self,
        name: &str,
        bytes: Vec<u8>,
        replaces: Option<&ObjectVersion>,
    ) -> Result<bool, LedgerError> {
        match self {
            Self::Local(_) => Ok(false),
            Self::Remote(remote) => remote.is_accepted(name, bytes, replaces).await,
        }
    }

    /// The server of an object store, where the environment names it.
    #[cfg(feature = "remote-state")]
    pub(super) fn endpoint(&self) -> &str {
        match self {
            Self::Local(_) => "",
            Self::Remote(remote) => remote.endpoint(),
        }
    }

    /// Who listens to the requests to an object store, from now on.
    pub fn observe(&self, observer: Arc<dyn StoreObserver>) {
        match self {
            Self::Local(_) => drop(observer),
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => remote.observe(observer),
        }
    }

    /// The same beside the world of a simulator, with a substitute key.
    pub fn for_simulator(self) -> Self {
        match self {
            Self::Local(local) => Self::Local(local.for_simulator()),
            #[cfg(feature = "remote-state")]
            remote @ Self::Remote(_) => remote,
        }
    }

    /// The name of the ledger itself.
    pub fn name(&self) -> &str {
        match self {
            Self::Local(local) => local.name(),
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => remote.name(),
        }
    }

    /// The name of an object beside the ledger: `ledger.lock` for `ledger.json` and `lock`.
    pub fn sibling_name(&self, extension: &str) -> String {
        Path::new(self.name()).with_extension(extension).to_string_lossy().into_owned()
    }

    /// An object as messages name it.
    pub fn display_name(&self, name: &str) -> String {
        match self {
            Self::Local(local) => local.path_of(name).display().to_string(),
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => remote.display_name(name),
        }
    }

    /// Reads an object; `None` when it does not exist.
    pub async fn read(&self, name: &str) -> Result<Option<StoredObject>, LedgerError> {
        match self {
            Self::Local(local) => local.read(name),
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => remote.read(name).await,
        }
    }

    /// Creates an object that does not exist yet. A random id must make its bytes different from those of every other
    /// writer: after a lost answer they are read back to find out whose write it was.
    pub async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<PutOutcome, LedgerError> {
        match self {
            Self::Local(local) => local.create(name, bytes),
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => remote.write(name, bytes, None).await,
        }
    }

    /// Replaces an object that still has this version; the same rule applies to its bytes as for [`Place::create`].
    pub async fn replace(&self, name: &str, bytes: Vec<u8>, version: &ObjectVersion) -> Result<PutOutcome, LedgerError> {
        match self {
            Self::Local(local) => local.replace(name, bytes, version),
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => remote.write(name, bytes, Some(version)).await,
        }
    }
}

#[cfg(feature = "remote-state")]
fn remote(place: &str, scheme: &str, rest: &str) -> Result<StateStore, LedgerError> {
    RemoteStore::from_address(place, scheme, rest).map(StateStore::Remote)
}

#[cfg(not(feature = "remote-state"))]
fn remote(place: &str, _: &str, _: &str) -> Result<StateStore, LedgerError> {
    Err(refuse_address(place, "this telform was built without object stores (feature `remote-state`)"))
}

/// An address may hold a login by mistake: the parts before an `@` and after a `?` are not repeated.
fn refuse_address(place: &str, why: &str) -> LedgerError {
    let shown = match place.split_once("://") {
        Some((scheme, rest)) => {
            let rest = rest.rsplit_once('@').map_or(rest, |(_, after)| after);
            format!("{scheme}://{}", rest.split(['?', '#']).next().unwrap_or_default())
        }
        None => place.to_owned(),
    };
    LedgerError::Place { place: shown, why: why.to_owned() }
}
