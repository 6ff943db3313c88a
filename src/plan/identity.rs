//! The identity of an account, whatever its name: its service, its address and its organization.

use std::collections::{BTreeMap, HashSet};

use super::{AccountLine, Inputs};
use crate::model::ledger::AccountEntry;
use crate::model::resource::{Account, DesiredObject, LiveAccount, OtherHost};
use crate::services;

impl<'a> Inputs<'a> {
    /// Names of accounts that are the same one as this: its own, and every other that has its service, address and organization.
    pub(crate) fn names_of_same_account(&self, account: &str) -> Vec<&'a str> {
        let Some(own) = self.desired.accounts.get(account) else { return Vec::new() };
        let all = self.desired.accounts.values();
        all.filter(|other| self.are_same_account(own, other)).map(|it| it.name.as_str()).collect()
    }

    /// Whether two names are one account. Where a service has no organizations, each token may belong to a different account: two
    /// names are one account where the token is the same, or where both list the same object.
    fn are_same_account(&self, one: &Account, two: &Account) -> bool {
        let same = |sandbox| account_identity(one, sandbox) == account_identity(two, sandbox);
        one.name == two.name || (same(self.options.sandbox) && (one.is_same_account(two) || self.list_same_object(one, two)))
    }

    fn list_same_object(&self, one: &Account, two: &Account) -> bool {
        one.service.kinds.iter().any(|kind| {
            let listed: HashSet<&str> = self.live_objects(&one.name, kind.name).iter().map(|live| live.id.as_str()).collect();
            self.live_objects(&two.name, kind.name).iter().any(|live| listed.contains(live.id.as_str()))
        })
    }

    /// Whether the account that the ledger has for an object is the one that its entry names, under another name. Where a service
    /// has no organizations, the tokens may distinguish two accounts, and the listing of the other one decides.
    pub(crate) fn is_in_same_account(&self, was: &str, object: &DesiredObject, id: &str) -> bool {
        let Some(is) = self.desired.accounts.get(&object.account) else { return false };
        let identity = |account| account_identity(account, self.options.sandbox);
        let known = self.desired.accounts.get(was).map(identity).or_else(|| self.ledger.accounts.get(was).cloned());
        known.is_some_and(|known| known == identity(is))
            && (is.service.has_organizations()
                || self.live_objects(&is.name, &object.address.kind).iter().any(|live| live.id == id))
    }

    pub(super) fn account_line(&self, account: &Account) -> AccountLine {
        let AccountEntry { api, base_url, organization } = account_identity(account, self.options.sandbox);
        let generation = self.facts_of_account(&account.name).generation;
        // The sandbox is given a token that it made up.
        let token_from = (!self.options.sandbox).then(|| account.token.describe());
        let token_of = self.token_owner(&account.name).map(str::to_owned);
        AccountLine { name: account.name.clone(), api, base_url, organization, generation, token_from, token_of }
    }

    /// The owner of an account's token: from the service, else from the ledger, else from a saved plan. A service that
    /// temporarily does not report it does not change the plan.
    pub(crate) fn token_owner(&self, account: &str) -> Option<&'a str> {
        let told = self.facts_of_account(account).token_owner.identity().map(|owner| &owner.id);
        let known = told.or_else(|| self.ledger.owners.get(account));
        known.or_else(|| self.options.owners.get(account)).map(String::as_str)
    }

    /// What the services call the owners of the tokens.
    pub(super) fn token_logins(&self) -> BTreeMap<String, String> {
        let owner = |live: &LiveAccount| live.facts.token_owner.identity()?.login.clone();
        let all = self.live.accounts.iter();
        all.filter_map(|(account, live)| Some((account.clone(), owner(live)?))).collect()
    }
}

impl AccountLine {
    /// The host that its token is sent to, where that is neither the service's own nor this machine.
    pub fn other_host(&self) -> Option<OtherHost> {
        OtherHost::from_base_url(services::by_api(&self.api)?.base_url, &self.base_url.parse().ok()?)
    }
}

/// The base URL in a ledger for the embedded simulator, whose port differs in every run.
pub const SANDBOX: &str = "(sandbox)";

/// The identity of an account, whatever its name.
pub fn account_identity(account: &Account, sandbox: bool) -> AccountEntry {
    AccountEntry {
        api: account.service.api.to_owned(),
        base_url: if sandbox { SANDBOX.to_owned() } else { account.base_url.to_string() },
        organization: account.organization().map(str::to_owned),
    }
}
