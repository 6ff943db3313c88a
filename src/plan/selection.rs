//! Which addresses a run covers: those of `--account`, among them `--target` with what the targets need, without `--exclude`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Inputs, PlanOptions};
use crate::model::ledger::Ledger;
use crate::model::resource::{Address, Desired, Removal};

/// What the user limited a run to. Part of the plan and of its digest: a partial plan is not the full plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLimits {
    /// `--account`, as the names that match; empty means all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub accounts: BTreeSet<String>,
    /// `--target`, as the addresses that match; empty means all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub targets: BTreeSet<Address>,
    /// `--exclude`, as the addresses that match.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub excludes: BTreeSet<Address>,
    /// The same as the user typed it. Not part of the digest: the plan is about the addresses, however they were named.
    #[serde(skip)]
    pub typed: TypedLimits,
}

/// Limits as the user typed them, each list only where it holds a pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedLimits {
    /// `--account`.
    pub accounts: BTreeSet<String>,
    /// `--target`.
    pub targets: BTreeSet<String>,
    /// `--exclude`.
    pub excludes: BTreeSet<String>,
}

impl RunLimits {
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
        Self::from_options(inputs.desired, inputs.ledger, inputs.options)
    }

    fn from_options(desired: &Desired, ledger: &Ledger, options: &PlanOptions) -> Self {
        let targets = (!options.targets.is_empty()).then(|| {
            let needed = options.targets.iter().filter_map(|target| desired.objects.get(target)).flat_map(|object| {
                object.numbers.iter().flat_map(|numbers| numbers.values().map(|wanted| wanted.provider.clone()))
            });
            let numbers = options.targets.iter().filter_map(|target| desired.number_entries.get(target));
            let numbers = numbers.flat_map(|entry| [entry.bridge.clone(), entry.wanted.provider.clone()]);
            options.targets.iter().cloned().chain(needed).chain(numbers).collect()
        });
        let limit = &options.accounts;
        let outside = if limit.is_empty() {
            BTreeSet::new()
        } else {
            let held = known_addresses(desired, ledger);
            held.filter(|(_, accounts)| !accounts.iter().all(|account| limit.contains(*account)))
                .map(|(address, _)| address.clone())
                .collect()
        };
        Self { targets, excludes: options.excludes.clone(), outside }
    }

    pub(super) fn includes(&self, address: &Address) -> bool {
        self.targets.as_ref().is_none_or(|targets| targets.contains(address))
            && !self.excludes.contains(address)
            && !self.outside.contains(address)
    }
}

/// Whether a run is about an address, by itself or because a target needs it.
pub fn is_selected(inputs: &Inputs<'_>, address: &Address) -> bool {
    Selection::new(inputs).includes(address)
}

/// Every address that the configuration or the ledger has, with the accounts that its object may be in.
pub(crate) fn known_addresses<'a>(desired: &'a Desired, ledger: &'a Ledger) -> impl Iterator<Item = (&'a Address, Vec<&'a str>)> {
    let declared = desired.objects.iter().map(|(address, object)| {
        let mut accounts = vec![object.account.as_str()];
        // An object that moves to another account, or moved in an interrupted run, is in both.
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
    let declared_here = |address: &Address| desired.objects.contains_key(address) || desired.number_entries.contains_key(address);
    let left = left.filter(move |(address, _)| !declared_here(address));
    let numbers = desired.number_entries.iter().map(|(address, entry)| {
        let earlier = ledger.objects.get(address).map(|known| known.account.as_str());
        (address, [entry.account.as_str()].into_iter().chain(earlier).collect())
    });
    let referred = desired.existing.iter().map(|(address, object)| (address, vec![object.account.as_str()]));
    let gone = desired.removed.iter().map(|gone| (&gone.address, accounts_that_may_hold(desired, ledger, gone)));
    declared.chain(left.map(|(address, account)| (address, vec![account]))).chain(gone).chain(referred).chain(numbers)
}

/// The accounts in which the object of a tombstone may be: the known one, or all that can hold its kind.
fn accounts_that_may_hold<'a>(desired: &'a Desired, ledger: &'a Ledger, gone: &'a Removal) -> Vec<&'a str> {
    let known = gone.account.as_ref().or(ledger.objects.get(&gone.address).map(|entry| &entry.account));
    match known {
        Some(account) => vec![account],
        None => {
            let able = |kinds: &[&crate::model::kind::Kind]| kinds.iter().any(|kind| kind.name == gone.address.kind);
            let accounts = desired.accounts.values().filter(|account| able(account.service.kinds));
            accounts.map(|account| account.name.as_str()).collect()
        }
    }
}

/// Accounts that a run has to read: all that it is limited to; when it names addresses, only those that hold something it
/// covers. An account that is not read needs no token, and its problems do not stop the run.
pub fn accounts_to_read(desired: &Desired, ledger: &Ledger, options: &PlanOptions) -> BTreeSet<String> {
    let within = |name: &str| options.accounts.is_empty() || options.accounts.contains(name);
    let mut asked: BTreeSet<String> = desired.accounts.keys().filter(|name| within(name)).cloned().collect();
    if options.targets.is_empty() && options.excludes.is_empty() {
        return asked;
    }
    let selection = Selection::from_options(desired, ledger, options);
    let (mut held, mut left_out) = (BTreeSet::new(), BTreeSet::new());
    for (address, accounts) in known_addresses(desired, ledger) {
        let renamed = desired.moved.iter().find(|rename| rename.from == *address).map(|rename| &rename.to);
        let about = selection.includes(address) || renamed.is_some_and(|to| selection.includes(to));
        if about { &mut held } else { &mut left_out }.extend(accounts);
    }
    // Without targets, an account that holds nothing at all is still read.
    let whole = options.targets.is_empty();
    asked.retain(|name| held.contains(name.as_str()) || whole && !left_out.contains(name.as_str()));
    asked
}
