//! Objects in a store that several machines share. Every write names the version that it replaces; the store decides races.

use std::fmt;
use std::sync::Arc;

use object_store::path::Path;
use object_store::{
    Error, GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
};

use super::{Found, LIMIT, Mark, Put, Version, cloud, refused, trouble};
use crate::hooks::{before_remote_write, durable_write};
use crate::ledger::LedgerError;

/// How often a create is tried that was answered with a conflict although nothing is there.
const TRIES: usize = 3;

/// A ledger object and what stands beside it.
pub struct Remote {
    objects: Arc<dyn ObjectStore>,
    /// Path of the folder, empty or with a slash at its end.
    folder: String,
    name: String,
    /// Address of the folder, with a slash at its end.
    shown: String,
}

impl fmt::Debug for Remote {
    /// The client inside knows credentials, so it is never printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Remote").field(&format!("{}{}", self.shown, self.name)).finish()
    }
}

impl Remote {
    /// An address such as `s3://bucket/path/ledger.json`, reached with the credentials of the environment.
    pub(super) fn at(place: &str, scheme: &str, rest: &str) -> Result<Self, LedgerError> {
        if rest.contains(['@', '?', '#']) {
            return Err(refused(place, "an address holds no login, query or fragment"));
        }
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || key.is_empty() || key.ends_with('/') {
            return Err(refused(place, "it names no object: after the bucket comes the path of the ledger"));
        }
        let objects = cloud::connect(place, scheme, bucket)?;
        Self::over(objects, &format!("{scheme}://{bucket}"), key)
    }

    /// An object in a store that the caller brings along; `root` is how messages call that store.
    pub fn over(objects: Arc<dyn ObjectStore>, root: &str, key: &str) -> Result<Self, LedgerError> {
        let place = format!("{root}/{key}");
        let path = Path::parse(key).map_err(|_| refused(&place, "its path cannot be used as it is"))?;
        let (folder, name) = match path.as_ref().rsplit_once('/') {
            Some((folder, name)) => (format!("{folder}/"), name),
            None => (String::new(), path.as_ref()),
        };
        let name = name.to_owned();
        let shown = format!("{root}/{folder}");
        Ok(Self { objects, folder, name, shown })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn shown(&self, name: &str) -> String {
        format!("{}{name}", self.shown)
    }

    fn path(&self, name: &str) -> Path {
        // The ledger's own path was looked at; what stands beside it has names that need no change.
        let path = format!("{}{name}", self.folder);
        Path::parse(&path).unwrap_or_else(|_| Path::from(path))
    }

    pub(super) async fn read(&self, name: &str) -> Result<Option<Found>, LedgerError> {
        let error = |error: &Error| trouble::explain("read", self.shown(name), error);
        match self.objects.get_opts(&self.path(name), GetOptions::default()).await {
            Ok(found) if found.meta.size > LIMIT => Err(LedgerError::Damaged {
                place: self.shown(name),
                why: "it is larger than 256 MiB".to_owned(),
            }),
            Ok(found) => {
                let mark =
                    Mark::Object { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
                let bytes = found.bytes().await.map_err(|fault| error(&fault))?;
                Ok(Some(Found { bytes: bytes.into(), version: Version(mark) }))
            }
            Err(Error::NotFound { source, .. }) if !trouble::names_no_bucket(source.as_ref()) => Ok(None),
            Err(fault) => Err(error(&fault)),
        }
    }

    /// Writes if nothing is there (`None`) or if this version is. A failure says nothing about what happened: the client
    /// repeats a request whose answer was lost, and the repetition of a write that landed is told that it lost the race
    /// against itself. So whatever was answered, what is there now decides.
    pub(super) async fn write(
        &self,
        name: &str,
        bytes: Vec<u8>,
        replaces: Option<&Version>,
    ) -> Result<Put, LedgerError> {
        let payload = PutPayload::from(bytes.clone());
        for _ in 0..TRIES {
            let options = PutOptions { mode: mode(replaces), ..PutOptions::default() };
            before_remote_write();
            let fault = match self.objects.put_opts(&self.path(name), payload.clone(), options).await {
                Ok(put) => {
                    durable_write();
                    return Ok(Put::Done(Version(Mark::Object { e_tag: put.e_tag, version: put.version })));
                }
                Err(fault) => fault,
            };
            let failed = || trouble::explain("write", self.shown(name), &fault);
            if trouble::is_refusal(&fault) {
                return Err(failed());
            }
            let Ok(there) = self.read(name).await else { return Err(failed()) };
            let raced = matches!(
                fault,
                Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. }
            );
            match there {
                Some(found) if found.bytes == bytes => return Ok(Put::Done(found.version)),
                // Nothing changed: the store saw a conflict between two writes and took neither, or did not answer.
                there if there.as_ref().map(|found| &found.version) == replaces => {
                    if !raced {
                        return Err(failed());
                    }
                }
                _ => return Ok(Put::Lost),
            }
        }
        Ok(Put::Lost)
    }

    /// Takes an object away.
    pub(super) async fn remove(&self, name: &str) -> Result<(), LedgerError> {
        let removed = self.objects.delete(&self.path(name)).await;
        removed.map_err(|error| trouble::explain("remove", self.shown(name), &error))
    }
}

fn mode(replaces: Option<&Version>) -> PutMode {
    match replaces {
        Some(Version(Mark::Object { e_tag, version })) => {
            PutMode::Update(UpdateVersion { e_tag: e_tag.clone(), version: version.clone() })
        }
        // The content of a file is no version of an object: nothing may be there.
        Some(Version(Mark::Content(_))) | None => PutMode::Create,
    }
}
