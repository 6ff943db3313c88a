//! Objects in a store that several machines share. Every write names the version that it replaces; the store resolves races.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, PutResult, UpdateVersion,
};

use super::connector::AnswerHead;
use super::observer::{StoreObserver, StoreWatch};
use super::{LIMIT, ObjectVersion, PutOutcome, StoredObject, VersionMark, cloud, refuse_address, store_error};
use crate::failpoints::{before_remote_write, durable_write};
use crate::state::ledger::LedgerError;

/// How often a create is tried that was answered with a conflict although no object exists.
const TRIES: usize = 3;

/// A ledger object and the objects beside it.
pub struct RemoteStore {
    objects: Arc<dyn ObjectStore>,
    /// Path of the folder, empty or with a slash at its end.
    folder: String,
    name: String,
    /// Address of the folder, with a slash at its end.
    display_address: String,
    /// The server, where the environment names it.
    endpoint: String,
    watch: StoreWatch,
}

impl fmt::Debug for RemoteStore {
    /// The client holds credentials, so it is never printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Remote").field(&format!("{}{}", self.display_address, self.name)).finish()
    }
}

impl RemoteStore {
    /// An address such as `s3://bucket/path/ledger.json`, reached with the credentials of the environment.
    pub(super) fn from_address(place: &str, scheme: &str, rest: &str) -> Result<Self, LedgerError> {
        if rest.contains(['@', '?', '#']) {
            return Err(refuse_address(place, "an address must not contain a login, query or fragment"));
        }
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || key.is_empty() || key.ends_with('/') {
            return Err(refuse_address(place, "it does not name an object: add the path of the ledger after the bucket"));
        }
        let watch = StoreWatch::default();
        let (objects, endpoint) = cloud::connect_bucket(place, scheme, bucket, &watch)?;
        Ok(Self { endpoint, watch, ..Self::over_objects(objects, &format!("{scheme}://{bucket}"), key)? })
    }

    /// An object in a store that the caller provides; `root` is the name of that store in messages.
    pub fn over_objects(objects: Arc<dyn ObjectStore>, root: &str, key: &str) -> Result<Self, LedgerError> {
        let place = format!("{root}/{key}");
        let path = Path::parse(key).map_err(|_| refuse_address(&place, "its path is not valid"))?;
        let (folder, name) = match path.as_ref().rsplit_once('/') {
            Some((folder, name)) => (format!("{folder}/"), name),
            None => (String::new(), path.as_ref()),
        };
        let name = name.to_owned();
        let shown = format!("{root}/{folder}");
        Ok(Self { objects, folder, name, display_address: shown, endpoint: String::new(), watch: StoreWatch::default() })
    }

    pub(super) fn observe(&self, observer: Arc<dyn StoreObserver>) {
        self.watch.set(observer);
    }

    /// Runs an operation on the client, for who listens to its requests.
    async fn watched<T>(&self, operation: &'static str, name: &str, path: &Path, run: impl Future<Output = T>) -> T {
        self.watch.in_operation(operation, || self.display_name(name), path.as_ref(), run).await
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn display_name(&self, name: &str) -> String {
        format!("{}{name}", self.display_address)
    }

    fn object_path(&self, name: &str) -> Path {
        // The ledger's own path was checked; the names of the objects beside it need no change.
        let path = format!("{}{name}", self.folder);
        Path::parse(&path).unwrap_or_else(|_| Path::from(path))
    }

    pub(super) async fn read(&self, name: &str) -> Result<Option<StoredObject>, LedgerError> {
        let error = |error: &Error| store_error::store_error("read", self.display_name(name), error);
        let path = self.object_path(name);
        match self.watched("read", name, &path, self.objects.get_opts(&path, GetOptions::default())).await {
            Ok(found) if found.meta.size > LIMIT => {
                Err(LedgerError::Damaged { place: self.display_name(name), why: "it is larger than 256 MiB".to_owned() })
            }
            Ok(found) => {
                let mark = VersionMark::Object { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
                let modified = modification_time(&found.meta);
                let head: AnswerHead = found.extensions.get().cloned().unwrap_or_default();
                let bytes = found.bytes().await.map_err(|fault| error(&fault))?;
                Ok(Some(StoredObject {
                    bytes: bytes.into(),
                    version: ObjectVersion(mark),
                    modified,
                    answered: head.date,
                    server: head.server,
                }))
            }
            Err(Error::NotFound { source, .. }) if !store_error::names_no_bucket(source.as_ref()) => Ok(None),
            Err(fault) => Err(error(&fault)),
        }
    }

    /// Writes if no object exists (`None`) or if it has this version. A failure says nothing about what happened: the
    /// client repeats a request whose answer was lost, and the repetition of a successful write is told that it lost the
    /// race against itself. So whatever the answer, the current content decides.
    pub(super) async fn write(
        &self,
        name: &str,
        bytes: Vec<u8>,
        replaces: Option<&ObjectVersion>,
    ) -> Result<PutOutcome, LedgerError> {
        let payload = PutPayload::from(bytes.clone());
        for _ in 0..TRIES {
            let fault = match self.put(name, payload.clone(), put_mode(replaces)).await {
                Ok(put) => {
                    return Ok(PutOutcome::Done(ObjectVersion(VersionMark::Object { e_tag: put.e_tag, version: put.version })));
                }
                Err(fault) => fault,
            };
            let failed = || store_error::store_error("write", self.display_name(name), &fault);
            if store_error::is_refusal(&fault) {
                return Err(failed());
            }
            let Ok(there) = self.read(name).await else { return Err(failed()) };
            let raced = matches!(fault, Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. });
            match there {
                Some(found) if found.bytes == bytes => return Ok(PutOutcome::Done(found.version)),
                // Nothing changed: the store saw a conflict between two writes and accepted neither, or did not answer.
                there if there.as_ref().map(|found| &found.version) == replaces => {
                    if !raced {
                        return Err(failed());
                    }
                }
                _ => return Ok(PutOutcome::Lost),
            }
        }
        Ok(PutOutcome::Lost)
    }

    /// Whether a conditional write is accepted that must be refused. A store that accepts the first attempt accepts its repetition, so
    /// nothing is read back.
    pub(super) async fn is_accepted(
        &self,
        name: &str,
        bytes: Vec<u8>,
        replaces: Option<&ObjectVersion>,
    ) -> Result<bool, LedgerError> {
        match self.put(name, PutPayload::from(bytes), put_mode(replaces)).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(fault @ Error::NotFound { .. }) if !store_error::is_refusal(&fault) => Ok(false),
            Err(fault) => Err(store_error::store_error("write", self.display_name(name), &fault)),
        }
    }

    /// Writes an object, whatever is there.
    pub(super) async fn overwrite(&self, name: &str, bytes: Vec<u8>) -> Result<(), LedgerError> {
        let put = self.put(name, PutPayload::from(bytes), PutMode::Overwrite).await;
        put.map(drop).map_err(|error| store_error::store_error("write", self.display_name(name), &error))
    }

    /// One write, as the client repeats it.
    async fn put(&self, name: &str, payload: PutPayload, mode: PutMode) -> Result<PutResult, Error> {
        let path = self.object_path(name);
        before_remote_write();
        let put = self.objects.put_opts(&path, payload, PutOptions { mode, ..PutOptions::default() });
        let put = self.watched("write", name, &path, put).await?;
        durable_write();
        Ok(put)
    }

    /// The server, where the environment names it.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Deletes an object.
    pub(super) async fn remove(&self, name: &str) -> Result<(), LedgerError> {
        let path = self.object_path(name);
        let removed = self.watched("remove", name, &path, self.objects.delete(&path)).await;
        removed.map_err(|error| store_error::store_error("remove", self.display_name(name), &error))
    }
}

/// When an object was written, by the store's clock. A store that does not say so counts as one without a clock.
fn modification_time(meta: &ObjectMeta) -> Option<Timestamp> {
    let nanos = i32::try_from(meta.last_modified.timestamp_subsec_nanos()).ok()?;
    Timestamp::new(meta.last_modified.timestamp(), nanos).ok().filter(|time| time.as_second() > 0)
}

fn put_mode(replaces: Option<&ObjectVersion>) -> PutMode {
    match replaces {
        Some(ObjectVersion(VersionMark::Object { e_tag, version })) => {
            PutMode::Update(UpdateVersion { e_tag: e_tag.clone(), version: version.clone() })
        }
        // The content of a file is not the version of an object: no object may exist.
        Some(ObjectVersion(VersionMark::Content(_))) | None => PutMode::Create,
    }
}
