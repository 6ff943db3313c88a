//! Which addresses this run is about: those of `--account`, of them `--target` with what the targets need, less `--exclude`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Inputs, Options};
use crate::ledger::Ledger;
use crate::resource::{Address, Desired, Removal};

/// What the user limited a run to. Part of the plan and of its digest: a plan of a part is not the plan of the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// `--account`, as the names that fit; empty means all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub accounts: BTreeSet<String>,
    /// `--target`; empty means all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub targets: BTreeSet<Address>,
    /// `--exclude`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub excludes: BTreeSet<Address>,
}

impl Limits {
    /// Whether nothing was left out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether this run is about an address.
#[derive(Debug)]
pub(super) struct Selection {
    targets: Option<BTreeSet<Address>>,
    excludes: BTreeSet<Address>,
    /// Addresses of accounts that the run is not limited to.
    outside: BTreeSet<Address>,
}

impl Selection {
    pub(super) fn new(inputs: &Inputs<'_>) -> Self {
        Self::of(inputs.desired, inputs.ledger, inputs.options)
    }

    fn of(desired: &Desired, ledger: &Ledger, options: &Options) -> Self {
        let targets = (!options.targets.is_empty()).then(|| {
            let needed =
                options.targets.iter().filter_map(|target| desired.objects.get(target)).flat_map(|object| {
                    object
                        .numbers
                        .iter()
                        .flat_map(|numbers| numbers.values().map(|wanted| wanted.provider.clone()))
                });
            options.targets.iter().cloned().chain(needed).collect()
        });
        let limit = &options.accounts;
        let outside = if limit.is_empty() {
            BTreeSet::new()
        } else {
            let held = known(desired, ledger);
            held.filter(|(_, accounts)| !accounts.iter().all(|account| limit.contains(*account)))
                .map(|(address, _)| address.clone())
                .collect()
        };
        Self { targets, excludes: options.excludes.clone(), outside }
    }

    pub(super) fn holds(&self, address: &Address) -> bool {
        self.targets.as_ref().is_none_or(|targets| targets.contains(address))
            && !self.excludes.contains(address)
            && !self.outside.contains(address)
    }
}

/// Every address that the configuration or the ledger has, with the accounts that its object may be in.
fn known<'a>(desired: &'a Desired, ledger: &'a Ledger) -> impl Iterator<Item = (&'a Address, Vec<&'a str>)> {
    let declared = desired.objects.iter().map(|(address, object)| {
        let mut accounts = vec![object.account.as_str()];
        // One that leaves its account, or has left it in a run that was cut off, is in both.
        if let Some(entry) = ledger.objects.get(address) {
            accounts.push(&entry.account);
            accounts.extend(entry.left_behind.iter().map(|left| left.account.as_str()));
        }
        (address, accounts)
    });
    let left = ledger.objects.iter().flat_map(|(address, entry)| {
        let behind = entry.left_behind.iter().map(|left| left.account.as_str());
        behind.chain([entry.account.as_str()]).map(move |account| (address, account))
    });
    let left = left.chain(ledger.attempts.iter().map(|(address, open)| (address, open.account.as_str())));
    let left = left.filter(|(address, _)| !desired.objects.contains_key(*address));
    let gone = desired.removed.iter().map(|gone| (&gone.address, may_hold(desired, ledger, gone)));
    declared.chain(left.map(|(address, account)| (address, vec![account]))).chain(gone)
}

/// The accounts in which the object of a tombstone may be: the one that is known, or all that can hold its kind.
fn may_hold<'a>(desired: &'a Desired, ledger: &'a Ledger, gone: &'a Removal) -> Vec<&'a str> {
    let known = gone.account.as_ref().or(ledger.objects.get(&gone.address).map(|entry| &entry.account));
    match known {
        Some(account) => vec![account],
        None => {
            let able = |kinds: &[&crate::kind::Kind]| kinds.iter().any(|kind| kind.name == gone.address.kind);
            let accounts = desired.accounts.values().filter(|account| able(account.backend.kinds));
            accounts.map(|account| account.name.as_str()).collect()
        }
    }
}

/// Accounts that a run has to ask: all that it is limited to, and of these only those that hold something which it is about,
/// when it names addresses. An account that is not asked needs no token, and what is wrong with it stops nothing.
pub fn asked(desired: &Desired, ledger: &Ledger, options: &Options) -> BTreeSet<String> {
    let within = |name: &str| options.accounts.is_empty() || options.accounts.contains(name);
    let mut asked: BTreeSet<String> = desired.accounts.keys().filter(|name| within(name)).cloned().collect();
    if options.targets.is_empty() && options.excludes.is_empty() {
        return asked;
    }
    let selection = Selection::of(desired, ledger, options);
    let (mut held, mut left_out) = (BTreeSet::new(), BTreeSet::new());
    for (address, accounts) in known(desired, ledger) {
        let renamed = desired.moved.iter().find(|rename| rename.from == *address).map(|rename| &rename.to);
        let about = selection.holds(address) || renamed.is_some_and(|to| selection.holds(to));
        if about { &mut held } else { &mut left_out }.extend(accounts);
    }
    // Without targets an account that holds nothing at all is still looked at.
    let whole = options.targets.is_empty();
    asked.retain(|name| held.contains(name.as_str()) || whole && !left_out.contains(name.as_str()));
    asked
}
