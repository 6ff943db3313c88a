//! The first look at an account: one GET, for those who want to know whether the login works at all.

use super::unpod::PROVIDERS;
use super::{LiveError, Reader};
use crate::api::ReadOnly;
use crate::backend::unpod::generation::detect;
use crate::kind::Reading;
use crate::ledger::{Key, Ledger};
use crate::resource::{Account, Desired};

/// What one listing shows of an account; nothing here is more than that answer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Kind that was listed.
    pub kind: &'static str,
    /// Objects in the answer.
    pub objects: usize,
    /// Whether more of them follow.
    pub more: bool,
    /// The generation that answers, where the objects show it or the account says it.
    pub generation: Option<u8>,
    /// Whether an object names the account's organization as its owner.
    pub organization: bool,
}

/// Sends one GET: the first listing of the service's tables. Where that path has two spellings and the first one is not
/// served, a second GET tries the other.
pub async fn hello(api: &ReadOnly<'_>, account: &Account, key: &Key) -> Result<Hello, LiveError> {
    let (desired, ledger) = (Desired::default(), Ledger::fresh());
    let kinds = account.backend.kinds.iter().map(|kind| kind.name).collect();
    let reader = Reader { kinds, ..Reader::alone(api, account, &desired, &ledger, key) };
    match (account.backend.reading, account.backend.kinds.first()) {
        (Reading::Together, _) => reader.hello_together().await,
        (Reading::ByKind, Some(kind)) => {
            let (objects, more) = reader.first_page(kind).await?;
            Ok(Hello { kind: kind.name, objects, more, generation: None, organization: false })
        }
        (Reading::ByKind, None) => Err(LiveError::shape(account, "looking at it", "it has no kinds")),
    }
}

impl Reader<'_> {
    async fn hello_together(&self) -> Result<Hello, LiveError> {
        let found = self.configurations().await?.rows;
        // Without rows that tell, nothing contradicts what the account says; the catalogue is not asked here.
        let generation = match detect(None, &found, &[]) {
            Ok(None) => self.account.generation,
            _ => self.generation(&found, &[])?,
        };
        let handle = self.account.org_handle.as_ref();
        let own = |row| handle.is_some() && self.account.backend.owner_in(row).flatten().as_ref() == handle;
        let organization = found.iter().any(own);
        Ok(Hello { kind: PROVIDERS, objects: found.len(), more: false, generation, organization })
    }
}
