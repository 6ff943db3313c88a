//! Where a ledger is kept, and what can be done there: read an object, make one that is not there yet, replace one that is
//! still as it was read. Nothing here knows what is in the objects, so that other files can stand beside the ledger.

use std::fmt;

use sha2::{Digest, Sha256};

use super::LedgerError;

#[cfg(feature = "remote-state")]
mod cloud;
mod local;
mod log;
#[cfg(feature = "remote-state")]
mod remote;
#[cfg(feature = "remote-state")]
mod trouble;

pub use local::Local;
pub(super) use local::{io, private, read_bounded};
pub use log::Growing;
#[cfg(feature = "remote-state")]
pub use remote::Remote;

/// Largest object that is read: far above 100,000 objects in a ledger, far below what hurts.
const LIMIT: u64 = 256 * 1024 * 1024;

/// A folder, or the objects below an address, with the name of the ledger in it. Objects beside it are named by
/// [`Place::sibling`].
#[derive(Debug)]
pub enum Place {
    /// Files.
    Local(Local),
    /// An object store.
    #[cfg(feature = "remote-state")]
    Remote(Remote),
}

/// What an object was when it was read or written; a replacement says which version it replaces.
#[derive(Clone, PartialEq)]
pub struct Version(Mark);

#[derive(Clone, PartialEq)]
enum Mark {
    /// A file has no version of its own: the SHA-256 of its content is compared.
    Content([u8; 32]),
    /// S3 and Azure compare the tag, Google's store the version.
    #[cfg(feature = "remote-state")]
    Object { e_tag: Option<String>, version: Option<String> },
}

impl Version {
    fn of_content(bytes: &[u8]) -> Self {
        Self(Mark::Content(Sha256::digest(bytes).into()))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(version)")
    }
}

/// An object that was read.
#[derive(Debug)]
pub struct Found {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Its version.
    pub version: Version,
}

/// How a conditional write ended.
#[derive(Debug)]
pub enum Put {
    /// It is there, in this version.
    Done(Version),
    /// Something else is there, or the replaced one is gone: nothing was written.
    Lost,
}

impl Place {
    /// A file path, or the address of an object store.
    pub fn at(place: &str) -> Result<Self, LedgerError> {
        if place.trim().is_empty() {
            return Err(refused(place, "it is empty"));
        }
        let found = match place.split_once("://") {
            Some((scheme, rest)) => remote(place, scheme, rest)?,
            None => Self::Local(Local::at(place)),
        };
        match found.name().rsplit_once('.') {
            Some((_, "lock" | "key")) => Err(refused(place, "its lock or its key would have the same name")),
            _ => Ok(found),
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

    /// The name of what stands beside the ledger: `ledger.lock` for `ledger.json` and `lock`.
    pub fn sibling(&self, extension: &str) -> String {
        std::path::Path::new(self.name()).with_extension(extension).to_string_lossy().into_owned()
    }

    /// An object as messages name it.
    pub fn shown(&self, name: &str) -> String {
        match self {
            Self::Local(local) => local.path(name).display().to_string(),
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => remote.shown(name),
        }
    }

    /// Reads an object; `None` when there is none.
    pub async fn read(&self, name: &str) -> Result<Option<Found>, LedgerError> {
        match self {
            Self::Local(local) => local.read(name),
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => remote.read(name).await,
        }
    }

    /// Makes an object that is not there yet. Its bytes must be unlike all that anybody else writes there, by a random id in
    /// them: after a lost answer they are read back to tell whose write it was.
    pub async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<Put, LedgerError> {
        match self {
            Self::Local(local) => local.create(name, bytes),
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => remote.write(name, bytes, None).await,
        }
    }

    /// Replaces an object that is still in this version; of its bytes the same is true as for [`Place::create`].
    pub async fn replace(&self, name: &str, bytes: Vec<u8>, version: &Version) -> Result<Put, LedgerError> {
        match self {
            Self::Local(local) => local.replace(name, bytes, version),
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => remote.write(name, bytes, Some(version)).await,
        }
    }
}

#[cfg(feature = "remote-state")]
fn remote(place: &str, scheme: &str, rest: &str) -> Result<Place, LedgerError> {
    Remote::at(place, scheme, rest).map(Place::Remote)
}

#[cfg(not(feature = "remote-state"))]
fn remote(place: &str, _: &str, _: &str) -> Result<Place, LedgerError> {
    Err(refused(place, "this telform was built without object stores (feature `remote-state`)"))
}

/// An address may hold a login by mistake: what stands before an `@` and after a `?` is not repeated.
fn refused(place: &str, why: &str) -> LedgerError {
    let shown = match place.split_once("://") {
        Some((scheme, rest)) => {
            let rest = rest.rsplit_once('@').map_or(rest, |(_, after)| after);
            format!("{scheme}://{}", rest.split(['?', '#']).next().unwrap_or_default())
        }
        None => place.to_owned(),
    };
    LedgerError::Place { place: shown, why: why.to_owned() }
}
