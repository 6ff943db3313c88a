//! What only grows at its end: one file in a folder; numbered parts on an object store, which cannot append.

use super::{LedgerError, Place};
#[cfg(feature = "remote-state")]
use super::{Put, Version};

/// A part of a log on an object store that has grown to this many bytes is followed by another one.
#[cfg(feature = "remote-state")]
const PART: usize = 128 * 1024;

/// Where the next bytes go.
#[derive(Debug)]
pub struct Growing {
    name: String,
    /// The last part, on an object store.
    #[cfg(feature = "remote-state")]
    last: Part,
}

#[cfg(feature = "remote-state")]
#[derive(Debug)]
struct Part {
    number: u64,
    bytes: Vec<u8>,
    version: Option<Version>,
}

impl Place {
    /// Everything in a log, and where it goes on.
    pub async fn read_log(&self, name: &str) -> Result<(Vec<u8>, Growing), LedgerError> {
        match self {
            Self::Local(local) => {
                let bytes = local.read(name)?.map(|found| found.bytes).unwrap_or_default();
                let growing = Growing {
                    name: name.to_owned(),
                    #[cfg(feature = "remote-state")]
                    last: Part { number: 1, bytes: Vec::new(), version: None },
                };
                Ok((bytes, growing))
            }
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => {
                let mut all = Vec::new();
                let mut last = Part { number: 1, bytes: Vec::new(), version: None };
                for number in 1.. {
                    let Some(found) = remote.read(&part_name(name, number)).await? else { break };
                    all.extend_from_slice(&found.bytes);
                    last = Part { number, bytes: found.bytes, version: Some(found.version) };
                }
                Ok((all, Growing { name: name.to_owned(), last }))
            }
        }
    }

    /// Adds bytes at the end; when this answers, they are there to stay. A log that somebody else made longer is left alone.
    pub async fn append(&self, log: &mut Growing, bytes: &[u8]) -> Result<(), LedgerError> {
        match self {
            Self::Local(local) => local.append(&log.name, bytes),
            #[cfg(feature = "remote-state")]
            Self::Remote(remote) => {
                let last = &mut log.last;
                if last.bytes.len() + bytes.len() > PART && !last.bytes.is_empty() {
                    *last = Part { number: last.number + 1, bytes: Vec::new(), version: None };
                }
                let mut grown = last.bytes.clone();
                grown.extend_from_slice(bytes);
                let name = part_name(&log.name, last.number);
                match remote.write(&name, grown.clone(), last.version.as_ref()).await? {
                    Put::Done(version) => {
                        *last = Part { number: last.number, bytes: grown, version: Some(version) };
                        Ok(())
                    }
                    Put::Lost => Err(LedgerError::Changed { place: remote.shown(&name) }),
                }
            }
        }
    }

    /// Keeps a log under another name, and leaves its place empty. Says how the copy is called; `None` when there is nothing.
    pub async fn set_aside_log(&self, name: &str, suffix: &str) -> Result<Option<String>, LedgerError> {
        // Two may be set aside within the second that a suffix names: neither takes the place of the other.
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
                let parts = parts(remote, name).await?;
                let bytes: Vec<u8> = parts.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
                if parts.is_empty() {
                    return Ok(None);
                }
                while let Put::Lost = remote.write(&aside, bytes.clone(), None).await? {
                    aside = others.next().unwrap_or_default();
                }
                // The last one first: whatever ends this, what is left is the beginning of the log, and read as such.
                for (part, _) in parts.iter().rev() {
                    remote.remove(part).await?;
                }
            }
        }
        Ok(Some(self.shown(&aside)))
    }

    /// Cuts off what stands behind so many bytes: the rest of a write that power loss ended. On an object store there is no
    /// such rest.
    pub async fn cut(&self, log: &Growing, whole: u64) -> Result<(), LedgerError> {
        match self {
            Self::Local(local) => local.cut(&log.name, whole),
            #[cfg(feature = "remote-state")]
            Self::Remote(_) => Ok(()),
        }
    }
}

/// Parts of a log that may be missing one after the other before the search for more of them ends.
#[cfg(feature = "remote-state")]
const GAP: u64 = 8;

/// All parts of a log, also those behind one that is lost: the next log would run into them.
#[cfg(feature = "remote-state")]
async fn parts(remote: &super::Remote, name: &str) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
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
