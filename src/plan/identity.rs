//! What an account is, whatever its name: its service, its address and its organization.

use std::collections::HashSet;

use super::{AccountLine, Inputs};
use crate::ledger::AccountEntry;
use crate::resource::{Account, DesiredObject};

impl<'a> Inputs<'a> {
    /// Names of accounts that are the same one as this: its own, and every other that has its service, address and organization.
    pub(crate) fn names_of(&self, account: &str) -> Vec<&'a str> {
        let Some(own) = self.desired.accounts.get(account) else { return Vec::new() };
        let all = self.desired.accounts.values();
        all.filter(|other| self.are_one(own, other)).map(|it| it.name.as_str()).collect()
    }

    /// Whether two names are one account. Where a service has no organizations, each token may be another account's: they are one
    /// where the token is the same, or where both list the same object.
    fn are_one(&self, one: &Account, two: &Account) -> bool {
        let same = |sandbox| identity(one, sandbox) == identity(two, sandbox);
        one.name == two.name
            || (same(self.options.sandbox) && (one.is_told_by(two) || self.list_the_same(one, two)))
    }

    fn list_the_same(&self, one: &Account, two: &Account) -> bool {
        one.backend.kinds.iter().any(|kind| {
            let listed: HashSet<&str> =
                self.live_objects(&one.name, kind.name).iter().map(|live| live.id.as_str()).collect();
            self.live_objects(&two.name, kind.name).iter().any(|live| listed.contains(live.id.as_str()))
        })
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
