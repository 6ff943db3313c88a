//! `--target` and `--exclude`: the addresses that they stand for.

use std::collections::{BTreeMap, BTreeSet};

use super::RunError;
use super::choice::{PlanSelection, UNKNOWN_ADDRESS, check_known};
use crate::model::ledger::Ledger;
use crate::model::resource::{Address, AddressPattern, Desired};
use crate::plan::{RunLimits, TypedLimits, known_addresses};
use crate::text::is_pattern;

/// How many near addresses the error about a pattern names.
const NEAR: usize = 3;

/// The limits of a run as addresses and accounts. `accounts` are those that `--account` chose; empty means all.
pub(crate) fn resolve_limits(
    desired: &Desired,
    ledger: &Ledger,
    choice: &PlanSelection,
    accounts: BTreeSet<String>,
) -> Result<RunLimits, RunError> {
    let several = choice.targets.iter().chain(&choice.excludes).any(|pattern| pattern.as_address().is_none());
    let known = if several { KnownAddresses::new(desired, ledger, &accounts) } else { KnownAddresses::default() };
    let each = |patterns: &[AddressPattern]| {
        let mut all = Vec::new();
        for pattern in patterns {
            match pattern.as_address() {
                Some(address) => {
                    check_known(desired, ledger, address)?;
                    all.push(BTreeSet::from([address.clone()]));
                }
                None => all.push(known.matches(pattern)?),
            }
        }
        Ok::<_, RunError>(all)
    };
    let (mut targets, excludes) = (each(&choice.targets)?, each(&choice.excludes)?);
    for (pattern, matches) in choice.targets.iter().zip(&mut targets) {
        match pattern.as_address() {
            Some(address) => check_account(desired, ledger, address, &accounts)?,
            None => known.keep_within(pattern, matches)?,
        }
    }
    let [targets, excludes] = [targets, excludes].map(|all| all.into_iter().flatten().collect());
    Ok(RunLimits { typed: typed(choice), accounts, targets, excludes, unreadable: BTreeSet::new(), changes: None })
}

/// The limits as they were typed, where one of a list is a pattern.
pub(crate) fn typed(choice: &PlanSelection) -> TypedLimits {
    let typed = |all: BTreeSet<String>| if all.iter().any(|text| is_pattern(text)) { all } else { BTreeSet::new() };
    let texts = |all: &[AddressPattern]| typed(all.iter().map(ToString::to_string).collect());
    TypedLimits {
        accounts: typed(choice.accounts.iter().cloned().collect()),
        targets: texts(&choice.targets),
        excludes: texts(&choice.excludes),
    }
}

/// What patterns are matched with.
#[derive(Default)]
struct KnownAddresses<'a> {
    /// Each address with the one that its object has in this run, which is another one after a rename.
    current: BTreeMap<&'a Address, &'a Address>,
    /// Those of accounts that the run is not limited to.
    outside: BTreeSet<&'a Address>,
}

impl<'a> KnownAddresses<'a> {
    fn new(desired: &'a Desired, ledger: &'a Ledger, limit: &BTreeSet<String>) -> Self {
        let renamed = desired.moved.iter().filter(|rename| !desired.objects.contains_key(&rename.from));
        let renamed: BTreeMap<&Address, &Address> = renamed.map(|rename| (&rename.from, &rename.to)).collect();
        // The ledger may still have an account under its previous name.
        let left_out = |name: &&str| desired.accounts.contains_key(*name) && !limit.contains(*name);
        let mut known = Self::default();
        for (address, accounts) in known_addresses(desired, ledger) {
            known.current.insert(address, renamed.get(address).copied().unwrap_or(address));
            if !limit.is_empty() && accounts.iter().any(left_out) {
                known.outside.insert(address);
            }
        }
        known
    }

    /// The addresses of a pattern. A pattern that stands for none is a typing mistake.
    fn matches(&self, pattern: &AddressPattern) -> Result<BTreeSet<Address>, RunError> {
        let fitting = self.current.iter().filter(|(address, _)| pattern.fits(address));
        let all: BTreeSet<Address> = fitting.map(|(_, current)| (*current).clone()).collect();
        if !all.is_empty() {
            return Ok(all);
        }
        let near = self.near(pattern);
        let help = match near.as_slice() {
            [] => String::new(),
            [one] => format!("the nearest is {one}"),
            several => format!("the nearest are {}", several.join(", ")),
        };
        Err(RunError::other(UNKNOWN_ADDRESS, format!("`{pattern}` matches no address of the configuration or the ledger"), help))
    }

    /// The addresses that are spelled most like a pattern, those of its kind before others.
    fn near(&self, pattern: &AddressPattern) -> Vec<String> {
        let of_kind = AddressPattern::from(Address::new(pattern.kind(), "*"));
        let literal = pattern.name().replace(['*', '?'], "");
        let any = self.current.keys().any(|address| of_kind.fits(address));
        let mut near: Vec<(f64, &&Address)> = self
            .current
            .keys()
            .filter(|address| !any || of_kind.fits(address))
            .map(|address| (strsim::jaro_winkler(&address.name, &literal), address))
            .collect();
        near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        near.iter().take(NEAR).map(|(_, address)| address.to_string()).collect()
    }

    /// Drops the addresses that `--account` leaves out. It is an error when that is all of them.
    fn keep_within(&self, pattern: &AddressPattern, matches: &mut BTreeSet<Address>) -> Result<(), RunError> {
        matches.retain(|address| !self.outside.contains(address));
        if !matches.is_empty() {
            return Ok(());
        }
        Err(RunError::other(
            LEFT_OUT,
            format!("`{pattern}` matches only addresses in accounts that `--account` leaves out"),
            "add the account with `--account`, or remove the target",
        ))
    }
}

/// Code of a target in an account that `--account` leaves out.
const LEFT_OUT: &str = "telform::cli::left_out";

/// Refuses a target in an account that `--account` leaves out.
fn check_account(desired: &Desired, ledger: &Ledger, address: &Address, limit: &BTreeSet<String>) -> Result<(), RunError> {
    let declared = desired.objects.get(address).or(desired.existing.get(address)).map(|object| &object.account);
    let declared = declared.or(desired.number_entries.get(address).map(|entry| &entry.account));
    let account = declared.or(ledger.objects.get(address).map(|entry| &entry.account));
    match account.filter(|name| !limit.is_empty() && !limit.contains(*name)) {
        None => Ok(()),
        Some(account) => Err(RunError::other(
            LEFT_OUT,
            format!("{address} is in account {account}, which `--account` leaves out"),
            format!("add `--account {account}`, or remove the target"),
        )),
    }
}
