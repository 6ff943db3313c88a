//! The first check of an account: one GET, which shows whether the login works at all.

use super::{AccountReader, ReadError, ReadingOf};
use crate::http::ReadOnly;
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::model::resource::{Account, Desired};

/// What one listing shows of an account; only what that answer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginCheck {
    /// Kind that was listed.
    pub kind: &'static str,
    /// Objects in the answer.
    pub objects: usize,
    /// Whether more objects follow.
    pub has_more: bool,
    /// The generation that answers, where the objects show it or the account states it.
    pub generation: Option<u8>,
    /// Whether an object names the account's organization as its owner.
    pub names_organization: bool,
}

/// Sends one GET: the first listing of the service's tables. Where that path has two spellings and the first one is not
/// served, a second GET tries the other.
pub async fn check_login(
    reading_of: ReadingOf,
    api: &ReadOnly<'_>,
    account: &Account,
    key: &FingerprintKey,
) -> Result<LoginCheck, ReadError> {
    let (desired, ledger) = (Desired::default(), Ledger::with_new_id());
    let kinds = account.service.kinds.iter().map(|kind| kind.name).collect();
    let reader = AccountReader { kinds, ..AccountReader::for_one_account(api, account, &desired, &ledger, key) };
    reading_of(account).login(&reader).await
}

impl AccountReader<'_> {
    /// The first page of the first kind.
    pub(super) async fn first_listing(&self) -> Result<LoginCheck, ReadError> {
        let Some(kind) = self.account.service.kinds.first() else {
            return Err(ReadError::wrong_shape(self.account, "looking at it", "it has no kinds"));
        };
        let (objects, more) = self.first_page(kind).await?;
        Ok(LoginCheck { kind: kind.name, objects, has_more: more, generation: None, names_organization: false })
    }
}
