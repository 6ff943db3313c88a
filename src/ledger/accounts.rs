//! Whose ledger it is. An account is its service, address and organization, not its name: where only the name or, as the YAML
//! says, the address of the service is another one, the ledger follows.

use std::collections::BTreeSet;

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::{AccountEntry, Entry, Ledger, Origin};
use crate::resource::Address;

/// An account of the configuration, as a ledger is compared with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Its name.
    pub name: String,
    /// What it is.
    pub is: AccountEntry,
    /// Base URL that its service had before, as the YAML says.
    pub was: Option<String>,
    /// Names that it had before, as the YAML says.
    pub named: Vec<String>,
    /// Whether its service has organizations: only then are service, address and organization all there is to tell.
    pub organization: bool,
}

/// What a ledger followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// An account has another name.
    Renamed {
        /// The name that it had.
        from: String,
        /// The name that it has.
        to: String,
    },
    /// The service of an account is at another address.
    Rehosted {
        /// Its name.
        account: String,
        /// The base URL that the ledger had.
        was: String,
        /// The base URL that it has.
        is: String,
    },
}

impl Ledger {
    /// Takes over what the configuration says about its accounts: the other address of a service, the other name of an account.
    /// A name that is gone from the configuration is the account that has its identity now, where just that can be told.
    pub fn follow(&mut self, logins: &[Login]) {
        for login in logins {
            for from in [&login.name].into_iter().chain(&login.named) {
                if let Some(entry) = self.accounts.get_mut(from)
                    && login.was.as_ref() == Some(&entry.base_url)
                    && entry.base_url != login.is.base_url
                {
                    let was = std::mem::replace(&mut entry.base_url, login.is.base_url.clone());
                    let (account, is) = (login.name.clone(), login.is.base_url.clone());
                    self.followed.push(Followed::Rehosted { account, was, is });
                }
            }
        }
        let gone: Vec<String> = self
            .accounts
            .keys()
            .filter(|name| logins.iter().all(|login| login.name != **name))
            .cloned()
            .collect();
        for from in gone {
            let Some(to) = self.heir_of(&from, logins) else { continue };
            self.rename_account(&from, &to);
            self.followed.push(Followed::Renamed { from, to });
        }
    }

    /// The name that an account has now whose old one is gone.
    fn heir_of(&self, name: &str, logins: &[Login]) -> Option<String> {
        let was = self.accounts.get(name)?;
        if let Some(login) = logins.iter().find(|login| login.named.iter().any(|named| named == name)) {
            // Where they are not the same, both are left as they are, and the ledger is refused.
            let fits = self.accounts.get(&login.name).is_none_or(|known| known == was);
            return fits.then(|| login.name.clone());
        }
        let mut same = logins.iter().filter(|login| login.is == *was);
        let first = same.next()?;
        // Where nothing but the token tells two accounts apart, one that the ledger knows is another one.
        let told = first.organization || (same.next().is_none() && !self.accounts.contains_key(&first.name));
        told.then(|| first.name.clone())
    }

    /// Enters everything of an account under another name. The seals of its secrets hold the name that it had.
    pub fn rename_account(&mut self, from: &str, to: &str) {
        if let Some(entry) = self.accounts.remove(from) {
            self.accounts.entry(to.to_owned()).or_insert(entry);
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

    /// Enters an object under another name of its account.
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
pub struct LeftBehind {
    /// The account.
    pub account: String,
    /// Its identity there.
    pub id: String,
}

impl Entry {
    /// Forgets what came of secrets that the service gives back.
    pub(super) fn forget_sealed_marks(&mut self) {
        self.reshaped.retain(|_, kept| !kept.sent.is_sealed());
        self.not_taken.retain(|_, kept| !kept.sent.is_sealed());
    }

    /// An entry that knows no more than what it is about.
    pub fn new(account: &str, id: &str, origin: Origin, since: String) -> Self {
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

    /// Another object takes the place of this one; what this one had taken the place of and is still there goes along.
    pub fn leave_behind(&self, next: &mut Self) {
        if next.account == self.account {
            next.former.clone_from(&self.former);
            next.replaced.clone_from(&self.replaced);
            next.left_behind.clone_from(&self.left_behind);
            return;
        }
        let here = |id: &String| LeftBehind { account: self.account.clone(), id: id.clone() };
        next.left_behind = self.former.iter().chain([&self.id]).map(here).collect();
        next.left_behind.extend(self.left_behind.iter().cloned());
        next.left_behind.retain(|left| (&left.account, &left.id) != (&next.account, &next.id));
    }
}
