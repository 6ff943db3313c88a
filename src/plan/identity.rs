//! What an account is, whatever its name: its service, its address and its organization.

use super::{AccountLine, Inputs};
use crate::ledger::AccountEntry;
use crate::resource::{Account, DesiredObject};

impl<'a> Inputs<'a> {
    /// Names of accounts that are the same one as this: its own, and every other that has its service, address and organization.
    pub(crate) fn names_of(&self, account: &str) -> Vec<&'a str> {
        let Some(own) = self.desired.accounts.get(account) else { return Vec::new() };
        let own = identity(own, self.options.sandbox);
        let all = self.desired.accounts.values();
        all.filter(|other| identity(other, self.options.sandbox) == own).map(|it| it.name.as_str()).collect()
    }

    /// Whether an object that the ledger has in an account is one of the account that its entry names: the same one under another
    /// name. Where a service has no organizations, its tokens may tell two apart, and what the other one lists decides.
    pub(crate) fn is_same(&self, was: &str, object: &DesiredObject, id: &str) -> bool {
        let Some(is) = self.desired.accounts.get(&object.account) else { return false };
        let identity = |account| identity(account, self.options.sandbox);
        let known =
            self.desired.accounts.get(was).map(identity).or_else(|| self.ledger.accounts.get(was).cloned());
        known.is_some_and(|known| known == identity(is))
            && (is.backend.organization
                || self.live_objects(&is.name, &object.address.kind).iter().any(|live| live.id == id))
    }

    pub(super) fn account_line(&self, account: &Account) -> AccountLine {
        let AccountEntry { api, base_url, org_handle } = identity(account, self.options.sandbox);
        let generation = self.facts(&account.name).generation;
        AccountLine { name: account.name.clone(), api, base_url, org_handle, generation }
    }
}

/// What a ledger has as the base URL of the embedded simulator, whose port is another one in every run.
pub const SANDBOX: &str = "(sandbox)";

/// What an account is, whatever its name.
pub fn identity(account: &Account, sandbox: bool) -> AccountEntry {
    AccountEntry {
        api: account.backend.api.to_owned(),
        base_url: if sandbox { SANDBOX.to_owned() } else { account.base_url.to_string() },
        org_handle: account.org_handle.clone(),
    }
}
