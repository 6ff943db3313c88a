//! An append-only log: one file in a folder; numbered parts on an object store, which cannot append.

use super::{LedgerError, StateStore};
#[cfg(feature = "remote-state")]
use super::{ObjectVersion, PutOutcome};

/// Size in bytes from which a part of a log on an object store is full: nothing is added to it, and the next one follows.
#[cfg(feature = "remote-state")]
const PART: usize = 128 * 1024;

/// Whether the next bytes start a new part. Only the size of the last part decides, so that all writers decide alike: one that
/// does not know the newest part writes to the place that another has taken, and is refused.
#[cfg(feature = "remote-state")]
pub(in crate::state::ledger) fn is_full(part: usize) -> bool {
    part >= PART
}

/// Where the next bytes go.
#[derive(Debug)]
pub struct GrowingLog {
    name: String,
    /// The last part, on an object store.
    #[cfg(feature = "remote-state")]
    last_segment: LogSegment,
}

#[cfg(feature = "remote-state")]
#[derive(Debug)]
struct LogSegment {
    number: u64,
    bytes: Vec<u8>,
    version: Option<ObjectVersion>,
}

impl GrowingLog {
    /// Version of the object that was last read or written, if any.
    pub fn object_version(&self) -> Option<String> {
        #[cfg(feature = "remote-state")]
        return self.last_segment.version.as_ref().and_then(ObjectVersion::store_word);
        #[cfg(not(feature = "remote-state"))]
        None
    }
}

impl StateStore {
    /// The content of a log, and where it continues.
    pub async fn read_log(&self, name: &str) -> Result<(Vec<u8>, GrowingLog), LedgerError> {
        match self {
            Self::Local(local) => {
                let bytes = local.read(name)?.map(|found| found.bytes).unwrap_or_default();
                let growing = GrowingLog {
                    name: name.to_owned(),
                    #[cfg(feature = "remote-state")]
                    last_segment: LogSegment { number: 1, bytes: Vec::new(), version: None },
                };
                Ok((bytes, growing))
            }
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => {
                let mut all = Vec::new();
                let mut last = LogSegment { number: 1, bytes: Vec::new(), version: None };
                // Two at a time: the part that is missing, which is the end, is asked for together with the last one.
                'parts: for number in (1..).step_by(2) {
                    let (this, next) = (part_name(name, number), part_name(name, number + 1));
                    let (this, next) = tokio::join!(remote.read(&this), remote.read(&next));
                    for (number, found) in [(number, this), (number + 1, next)] {
                        let Some(found) = found? else { break 'parts };
                        all.extend_from_slice(&found.bytes);
                        last = LogSegment { number, bytes: found.bytes, version: Some(found.version) };
                    }
                }
                Ok((all, GrowingLog { name: name.to_owned(), last_segment: last }))
            }
        }
    }

    /// Appends bytes; when this returns, they are durable. A log that another process extended is left alone.
    pub async fn append(&self, log: &mut GrowingLog, bytes: &[u8]) -> Result<(), LedgerError> {
        match self {
            Self::Local(local) => local.append(&log.name, bytes),
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => {
                let last = &mut log.last_segment;
                if is_full(last.bytes.len()) {
                    *last = LogSegment { number: last.number + 1, bytes: Vec::new(), version: None };
                }
                let mut grown = last.bytes.clone();
                grown.extend_from_slice(bytes);
                let name = part_name(&log.name, last.number);
                match remote.write(&name, grown.clone(), last.version.as_ref()).await? {
                    PutOutcome::Done(version) => {
                        *last = LogSegment { number: last.number, bytes: grown, version: Some(version) };
                        Ok(())
                    }
                    PutOutcome::Lost => Err(LedgerError::Changed { place: remote.display_name(&name) }),
                }
            }
        }
    }

    /// Renames a log, and leaves its location empty. Returns the name of the copy; `None` when no log exists.
    pub async fn set_aside_log(&self, name: &str, suffix: &str) -> Result<Option<String>, LedgerError> {
        // Two logs may be set aside within the second that a suffix names: neither overwrites the other.
        let mut aside = format!("{name}.{suffix}");
        let mut others = (2_u32..).map(|number| format!("{name}.{suffix}-{number}"));
        match self {
            Self::Local(local) => {
                if local.read(name)?.is_none_or(|found| found.bytes.is_empty()) {
                    return Ok(None);
                }
                while local.read(&aside)?.is_some() {
                    aside = others.next().unwrap_or_default();
                }
                local.rename(name, &aside)?;
            }
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => {
                let parts = all_segments(remote, name).await?;
                let bytes: Vec<u8> = parts.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
                if parts.is_empty() {
                    return Ok(None);
                }
                while let PutOutcome::Lost = remote.write(&aside, bytes.clone(), None).await? {
                    aside = others.next().unwrap_or_default();
                }
                // The last one first: if this is interrupted, the beginning of the log is left, and is read as such.
                for (part, _) in parts.iter().rev() {
                    remote.remove(part).await?;
                }
            }
        }
        Ok(Some(self.display_name(&aside)))
    }

    /// Truncates the log to this many bytes: the rest of a write that a power loss interrupted. An object store has no such
    /// rest.
    pub async fn truncate_log(&self, log: &GrowingLog, whole: u64) -> Result<(), LedgerError> {
        match self {
            Self::Local(local) => local.truncate(&log.name, whole),
            #[cfg(feature = "remote-state")]
            Self::Remote(_) => Ok(()),
        }
    }
}

/// Consecutive missing parts of a log after which the search for more ends.
#[cfg(feature = "remote-state")]
const GAP: u64 = 8;

/// All parts of a log, also those after a lost one: the next log would collide with them.
#[cfg(feature = "remote-state")]
async fn all_segments(remote: &super::RemoteStore, name: &str) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
    let mut parts = Vec::new();
    let (mut number, mut missing) = (1, 0);
    while missing < GAP {
        let part = part_name(name, number);
        match remote.read(&part).await? {
            Some(found) => {
                missing = 0;
                parts.push((part, found.bytes));
            }
            None => missing += 1,
        }
        number += 1;
    }
    Ok(parts)
}

#[cfg(feature = "remote-state")]
fn part_name(name: &str, number: u64) -> String {
    format!("{name}.{number:06}")
}
