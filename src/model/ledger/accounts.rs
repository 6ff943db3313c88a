//! The accounts that a ledger belongs to. An account is identified by its service, address and organization, not by its name:
//! where only the name differs, or the address of the service as declared in the YAML, the ledger follows.

use std::collections::BTreeSet;

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::{Ledger, ManagedObject, ObjectOrigin};
use crate::model::resource::Address;

/// The account when the ledger was last saved; a different organization or base URL makes the ledger foreign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// Name of the service.
    pub api: String,
    /// Base URL.
    pub base_url: String,
    /// Organization, where there is one.
    #[serde(rename = "org_handle", default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

impl std::fmt::Display for AccountEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.api, self.base_url)?;
        self.organization.as_ref().map_or(Ok(()), |org| write!(f, " ({org})"))
    }
}

/// An account of the configuration, as a ledger is compared with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredAccount {
    /// Its name.
    pub name: String,
    /// What it is.
    pub entry: AccountEntry,
    /// Earlier base URL of its service, as declared in the YAML.
    pub previous_base_url: Option<String>,
    /// Its earlier names, as declared in the YAML.
    pub previous_names: Vec<String>,
    /// Whether its service has organizations: only then do service, address and organization identify the account.
    pub organization: bool,
}

/// What a ledger followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowedAccount {
    /// An account has a different name.
    Renamed {
        /// The earlier name.
        from: String,
        /// The new name.
        to: String,
    },
    /// The service of an account has a different address.
    Rehosted {
        /// Its name.
        account: String,
        /// The base URL that the ledger had.
        was: String,
        /// The new base URL.
        is: String,
    },
}

impl Ledger {
    /// Whether it was never saved and holds nothing yet.
    pub fn is_new(&self) -> bool {
        *self == Self { id: self.id.clone(), ..Self::default() }
    }

    /// Follows what the configuration says about its accounts: a new address of a service, a new name of an account. A name
    /// that is missing from the configuration means the account that now has its identity, where there is exactly one.
    pub fn follow_accounts(&mut self, logins: &[ConfiguredAccount]) {
        for login in logins {
            for from in [&login.name].into_iter().chain(&login.previous_names) {
                if let Some(entry) = self.accounts.get_mut(from)
                    && login.previous_base_url.as_ref() == Some(&entry.base_url)
                    && entry.base_url != login.entry.base_url
                {
                    let was = std::mem::replace(&mut entry.base_url, login.entry.base_url.clone());
                    let (account, is) = (login.name.clone(), login.entry.base_url.clone());
                    self.followed.push(FollowedAccount::Rehosted { account, was, is });
                }
            }
        }
        let gone: Vec<String> =
            self.accounts.keys().filter(|name| logins.iter().all(|login| login.name != **name)).cloned().collect();
        for from in gone {
            let Some(to) = self.renamed_account(&from, logins) else { continue };
            self.rename_account(&from, &to);
            self.followed.push(FollowedAccount::Renamed { from, to });
        }
    }

    /// The new name of an account whose old name is missing from the configuration.
    fn renamed_account(&self, name: &str, logins: &[ConfiguredAccount]) -> Option<String> {
        let was = self.accounts.get(name)?;
        if let Some(login) = logins.iter().find(|login| login.previous_names.iter().any(|named| named == name)) {
            // Where they differ, both are left unchanged and the ledger is refused.
            let fits = self.accounts.get(&login.name).is_none_or(|known| known == was);
            return fits.then(|| login.name.clone());
        }
        let mut same = logins.iter().filter(|login| login.entry == *was);
        let first = same.next()?;
        // Where only the token distinguishes two accounts, an account that the ledger knows is a different one.
        let told = first.organization || (same.next().is_none() && !self.accounts.contains_key(&first.name));
        told.then(|| first.name.clone())
    }

    /// The owner of the token with which the entries of an account were read, where it differs from this one.
    pub fn other_owner(&self, account: &str, id: &str) -> Option<&str> {
        let was = self.owners.get(account).filter(|was| *was != id)?;
        self.uses_account(account).then_some(was)
    }

    /// Moves everything of an account to another name. The seals of its secrets keep the earlier name.
    pub fn rename_account(&mut self, from: &str, to: &str) {
        if let Some(entry) = self.accounts.remove(from) {
            self.accounts.entry(to.to_owned()).or_insert(entry);
        }
        if let Some(owner) = self.owners.remove(from) {
            self.owners.entry(to.to_owned()).or_insert(owner);
        }
        let rename = |name: &mut String| {
            if name == from {
                to.clone_into(name);
            }
        };
        for entry in self.objects.values_mut() {
            if entry.account == from && entry.sealed_as.is_none() && !entry.secrets.is_empty() {
                entry.sealed_as = Some(from.to_owned());
            }
            rename(&mut entry.account);
            let left = std::mem::take(&mut entry.left_behind).into_iter();
            entry.left_behind = left.map(|mut left| (rename(&mut left.account), left).1).collect();
        }
        self.attempts.values_mut().for_each(|attempt| rename(&mut attempt.account));
        self.gone.values_mut().for_each(|gone| rename(&mut gone.account));
        self.watched.iter_mut().for_each(|create| rename(&mut create.account));
        for made in [&mut self.moves, &mut self.connections] {
            let all = std::mem::take(made).into_iter();
            *made = all.map(|mut made| (rename(&mut made.account), made).1).collect();
        }
    }

    /// Moves an object to another name of its account.
    pub fn name_account(&mut self, address: &Address, account: &str) {
        let Some(entry) = self.objects.get_mut(address) else { return };
        if entry.sealed_as.is_none() && !entry.secrets.is_empty() {
            entry.sealed_as = Some(entry.account.clone());
        }
        account.clone_into(&mut entry.account);
    }
}

/// An object in an account that its address has left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AbandonedObject {
    /// The account.
    pub account: String,
    /// Its identity there.
    pub id: String,
}

impl ManagedObject {
    /// Forgets what was recorded about secrets that the service returns.
    pub(crate) fn forget_sealed_marks(&mut self) {
        self.reshaped.retain(|_, kept| !kept.sent.is_sealed());
        self.not_taken.retain(|_, kept| !kept.sent.is_sealed());
    }

    /// An entry that holds no more than its identity.
    pub fn new(account: &str, id: &str, origin: ObjectOrigin, since: String) -> Self {
        Self {
            account: account.to_owned(),
            id: id.to_owned(),
            origin,
            since,
            key: LiteMap::new(),
            secrets: LiteMap::new(),
            unreadable: BTreeSet::new(),
            submitted: LiteMap::new(),
            reshaped: LiteMap::new(),
            not_taken: LiteMap::new(),
            seen: LiteMap::new(),
            hidden_since: None,
            former: BTreeSet::new(),
            replaced: BTreeSet::new(),
            prevent_delete: false,
            left_behind: BTreeSet::new(),
            sealed_as: None,
        }
    }

    /// The account's name in the seals of its secrets.
    pub fn seal_account(&self) -> &str {
        self.sealed_as.as_deref().unwrap_or(&self.account)
    }

    /// Another object replaces this one; predecessors of this one that still exist are carried over.
    pub fn record_abandoned(&self, next: &mut Self) {
        if next.account == self.account {
            next.former.clone_from(&self.former);
            next.replaced.clone_from(&self.replaced);
            next.left_behind.clone_from(&self.left_behind);
            return;
        }
        let here = |id: &String| AbandonedObject { account: self.account.clone(), id: id.clone() };
        next.left_behind = self.former.iter().chain([&self.id]).map(here).collect();
        next.left_behind.extend(self.left_behind.iter().cloned());
        next.left_behind.retain(|left| (&left.account, &left.id) != (&next.account, &next.id));
    }
}
