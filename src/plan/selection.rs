//! Which addresses a run covers: those of `--account`, among them `--target` with what the targets need, without `--exclude`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{ChangeLimit, Inputs, NoticeCode, Plan, PlanNotice, PlanOptions};
use crate::model::ledger::Ledger;
use crate::model::resource::{Address, Desired, DesiredObject, Removal};

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
    /// Accounts that could not be read and that `--skip-unreadable` left out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unreadable: BTreeSet<String>,
    /// `--limit`, where it left changes out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<ChangeLimit>,
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

impl PlanOptions {
    /// Whether these name an attribute, by itself or with its whole object.
    pub(super) fn names_attribute(asked: &BTreeSet<(Address, Option<String>)>, address: &Address, attribute: &str) -> bool {
        asked.iter().any(|(asked, name)| asked == address && name.as_deref().is_none_or(|it| it == attribute))
    }

    /// The same without values that are sent once on request: for the plan that proves a run.
    pub fn for_proof(&self) -> Self {
        Self { rewrite_secrets: BTreeSet::new(), resend: BTreeSet::new(), ..self.clone() }
    }

    /// The addresses that the run names, by themselves or as the first changes of a plan; none means all.
    fn named_addresses(&self) -> Option<&BTreeSet<Address>> {
        self.taken.as_ref().or(Some(&self.targets).filter(|targets| !targets.is_empty()))
    }

    /// From now on the run is about what this plan takes, where it takes only the first changes.
    pub fn keep_to(&mut self, plan: &Plan) {
        if plan.limits.changes.is_some() {
            self.taken = Some(plan.changes.iter().map(|change| change.address.clone()).collect());
            self.limits.changes = plan.limits.changes;
        }
    }

    /// Whether this run names an address explicitly, or names no addresses at all.
    pub fn is_about(&self, address: &Address) -> bool {
        self.named_addresses().is_none_or(|named| named.contains(address)) && !self.excludes.contains(address)
    }

    /// From now on the run is about the other accounts. Each account comes with the reason.
    pub fn leave_out(&mut self, desired: &Desired, unreadable: BTreeMap<String, String>) {
        if unreadable.is_empty() {
            return;
        }
        if self.accounts.is_empty() {
            self.accounts = desired.accounts.keys().cloned().collect();
        }
        self.accounts.retain(|name| !unreadable.contains_key(name));
        self.limits.unreadable.extend(unreadable.keys().cloned());
        self.unreadable.extend(unreadable);
    }
}

/// What is left out because its account could not be read: the accounts, and the objects of other accounts that may be in them, too.
pub(super) fn left_out_notices(inputs: &Inputs<'_>) -> Vec<PlanNotice> {
    let unreadable = &inputs.options.unreadable;
    let code = NoticeCode::AccountLeftOut;
    let mut notices: Vec<PlanNotice> =
        unreadable.iter().map(|(account, why)| PlanNotice::about(code, account, None, Some(why.clone()))).collect();
    if unreadable.is_empty() {
        return notices;
    }
    for (address, accounts) in known_addresses(inputs.desired, inputs.ledger) {
        let lost = accounts.iter().find(|account| unreadable.contains_key(**account));
        let read = accounts.iter().find(|account| !unreadable.contains_key(**account));
        if let (Some(lost), Some(read)) = (lost, read) {
            let why = format!("its object may be in account {lost}");
            notices.push(PlanNotice::about(code, read, Some(address), Some(why)));
        }
    }
    notices
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
        let targets = options.named_addresses().map(|named| {
            let needed = named.iter().flat_map(|target| all_needed_addresses(desired, target));
            named.iter().chain(needed).cloned().collect()
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

    /// Whether nothing is left out.
    pub(super) fn is_whole(&self) -> bool {
        self.targets.is_none() && self.excludes.is_empty() && self.outside.is_empty()
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

/// The addresses that an entry refers to, directly or through others: without them it cannot be carried out as it says.
fn all_needed_addresses<'a>(desired: &'a Desired, address: &'a Address) -> BTreeSet<&'a Address> {
    let (mut found, mut open) = (BTreeSet::new(), vec![address]);
    while let Some(address) = open.pop() {
        for needed in needed_addresses(desired, address) {
            if found.insert(needed) {
                open.push(needed);
            }
        }
    }
    found
}

/// The addresses that an entry itself refers to.
pub(super) fn needed_addresses<'a>(desired: &'a Desired, address: &Address) -> impl Iterator<Item = &'a Address> {
    let named = desired.objects.get(address).map(DesiredObject::references).unwrap_or_default();
    let declared = |address: &Address| {
        let objects = desired.objects.get_key_value(address).or_else(|| desired.existing.get_key_value(address));
        objects.map(|(address, _)| address)
    };
    let named: Vec<&Address> = named.iter().filter_map(|(_, address)| declared(address)).collect();
    let numbers = desired.objects.get(address).and_then(|object| object.numbers.as_ref());
    let serving = numbers.into_iter().flat_map(|numbers| numbers.values().map(|wanted| &wanted.provider));
    let entry = desired.number_entries.get(address);
    named.into_iter().chain(serving).chain(entry.into_iter().flat_map(|entry| [&entry.bridge, &entry.wanted.provider]))
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
    // A limit of changes is known only after reading.
    let selection = Selection::from_options(desired, ledger, &PlanOptions { taken: None, ..options.clone() });
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
