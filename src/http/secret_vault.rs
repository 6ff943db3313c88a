//! Where the secrets of a run are kept until the HTTP layer sends them.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::resource::Address;
use crate::model::value::{HiddenValues, Secret};

/// The secrets that calls name by address and attribute. The loader fills it; only the HTTP layer reads it.
#[derive(Clone, Default)]
pub struct SecretVault {
    secrets: BTreeMap<(Address, String), Secret>,
    hidden: HiddenValues,
    /// The texts that are public in the configuration.
    published_texts: Vec<String>,
}

impl SecretVault {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the texts behind the marks in values.
    #[must_use]
    pub fn with_hidden(mut self, hidden: HiddenValues) -> Self {
        self.hidden = hidden;
        self
    }

    /// With the texts that are public in the configuration, which are not secrets anywhere else.
    #[must_use]
    pub fn with_stated(mut self, stated: Vec<String>) -> Self {
        self.published_texts = stated;
        self
    }

    pub(super) fn stated(&self) -> &[String] {
        &self.published_texts
    }

    pub(super) fn hidden(&self) -> &HiddenValues {
        &self.hidden
    }

    /// Stores the secret of an attribute. An empty secret counts as not supplied and is not kept.
    pub fn insert(&mut self, address: Address, attribute: impl Into<String>, secret: Secret) {
        if !secret.is_empty() {
            self.secrets.insert((address, attribute.into()), secret);
        }
    }

    /// Whether the secret of an attribute is present, so that an apply can check before its first write.
    pub fn has_secret(&self, address: &Address, attribute: &str) -> bool {
        self.get(address, attribute).is_some()
    }

    pub(super) fn get(&self, address: &Address, attribute: &str) -> Option<&Secret> {
        self.secrets.get(&(address.clone(), attribute.to_owned()))
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.values()
    }
}

impl FromIterator<((Address, String), Secret)> for SecretVault {
    fn from_iter<T: IntoIterator<Item = ((Address, String), Secret)>>(iter: T) -> Self {
        let secrets = iter.into_iter().filter(|(_, secret)| !secret.is_empty()).collect();
        Self { secrets, ..Self::default() }
    }
}

impl fmt::Debug for SecretVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.secrets.keys().map(|(address, attribute)| format!("{address}.{attribute}"))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_secret_is_not_kept_whichever_way_it_came() {
        let at = |name: &str| (Address::new("partners", name), "password".to_owned());
        let mut vault: SecretVault = [(at("a"), Secret::new(" \n")), (at("b"), Secret::new("canary"))].into_iter().collect();
        vault.insert(at("c").0, "password", Secret::new(""));
        vault.insert(at("d").0, "password", Secret::new("canary"));
        let held = ["a", "b", "c", "d"].map(|name| vault.has_secret(&at(name).0, "password"));
        assert_eq!(held, [false, true, false, true]);
    }
}
