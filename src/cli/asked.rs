//! What a command line asks for: which addresses, which secrets, what once more.

use std::collections::BTreeSet;

use super::args::Choice;
use super::exit::Failure;
use crate::ledger::Ledger;
use crate::plan::{Limits, Options};
use crate::resource::{Address, Desired, Guards, Wanted};

/// Addresses, or single attributes of them.
type Addresses = BTreeSet<(Address, Option<String>)>;

/// What `--rewrite-secret` and `--resend` name.
pub(super) struct Named {
    rewrite: Addresses,
    resend: Addresses,
}

impl Named {
    pub(super) fn of(desired: &Desired, choice: &Choice) -> Self {
        Self { rewrite: named(desired, &choice.rewrite_secrets), resend: named(desired, &choice.resend) }
    }
}

/// Where no address fits as a whole, what follows its last dot is an attribute.
fn named(desired: &Desired, asked: &[(Address, Option<String>)]) -> Addresses {
    let asked = asked.iter().map(|(address, attribute)| {
        let whole = attribute.is_some() || desired.objects.contains_key(address);
        let parts = address.name.rsplit_once('.').filter(|_| !whole);
        let parts =
            parts.map(|(name, attribute)| (Address::new(&address.kind, name), Some(attribute.to_owned())));
        parts
            .filter(|(address, _)| desired.objects.contains_key(address))
            .unwrap_or_else(|| (address.clone(), attribute.clone()))
    });
    asked.collect()
}

/// What this run asks for beyond the configuration.
pub(super) fn options(choice: &Choice, accounts: BTreeSet<String>, asked: Named) -> Options {
    let (targets, excludes): (BTreeSet<Address>, BTreeSet<Address>) =
        (choice.targets.iter().cloned().collect(), choice.excludes.iter().cloned().collect());
    Options {
        limits: Limits { accounts: accounts.clone(), targets: targets.clone(), excludes: excludes.clone() },
        accounts,
        targets,
        excludes,
        destroy: choice.destroy,
        guards: Guards {
            max_deletes: choice.max_deletes,
            max_delete_percent: choice.max_delete_percent,
            max_numbers_dark: choice.max_numbers_dark,
        },
        max_unreadable_bridges: choice.max_unreadable_bridges,
        rewrite_secrets: asked.rewrite,
        resend: asked.resend,
        sandbox: choice.sandbox.is_some(),
        allow_similar: choice.allow_similar.iter().cloned().collect(),
        allow_unseen_products: choice.allow_unseen_products,
    }
}

/// An address on the command line that neither the YAML nor the ledger knows is a typing mistake, not an empty plan.
pub(super) fn check_choice(
    desired: &Desired,
    ledger: &Ledger,
    choice: &Choice,
    limit: &BTreeSet<String>,
    asked: &Named,
) -> Result<(), Failure> {
    let named = asked.rewrite.iter().chain(&asked.resend).map(|(address, _)| address);
    for address in choice.targets.iter().chain(&choice.excludes).chain(&choice.allow_similar).chain(named) {
        let known = desired.objects.contains_key(address)
            || ledger.objects.contains_key(address)
            || ledger.attempts.contains_key(address)
            || desired.removed.iter().any(|gone| gone.address == *address);
        if !known {
            let all = desired.objects.keys().chain(ledger.objects.keys());
            let near = all.map(ToString::to_string).max_by(|a, b| {
                strsim::jaro_winkler(a, &address.to_string())
                    .total_cmp(&strsim::jaro_winkler(b, &address.to_string()))
            });
            let help = near.map_or_else(String::new, |near| format!("did you mean {near}?"));
            return Err(Failure::other(
                "telform::cli::unknown_address",
                format!("neither the configuration nor the ledger has {address}"),
                help,
            ));
        }
    }
    for address in &choice.targets {
        let declared = desired.objects.get(address).map(|object| &object.account);
        let account = declared.or(ledger.objects.get(address).map(|entry| &entry.account));
        if let Some(account) = account.filter(|name| !limit.is_empty() && !limit.contains(*name)) {
            return Err(Failure::other(
                "telform::cli::left_out",
                format!("{address} is in account {account}, which `--account` leaves out"),
                format!("add `--account {account}`, or take the target out"),
            ));
        }
    }
    for (address, attribute) in &asked.resend {
        let (Some(object), Some(attribute)) = (desired.objects.get(address), attribute) else { continue };
        if !object.attributes.contains_key(attribute.as_str()) {
            let stated: Vec<&str> = object.attributes.keys().copied().collect();
            return Err(Failure::other(
                "telform::cli::no_such_attribute",
                format!("the entry of {address} has no attribute `{attribute}`"),
                format!("it has {}", stated.join(", ")),
            ));
        }
    }
    for (address, attribute) in &asked.rewrite {
        let Some(object) = desired.objects.get(address) else {
            return Err(Failure::other(
                "telform::cli::no_such_secret",
                format!("the configuration does not declare {address}, so it names no secret of it"),
                "a secret is written again from the source that its entry names",
            ));
        };
        let secrets: Vec<&str> = object
            .attributes
            .iter()
            .filter(|(_, wanted)| matches!(wanted, Wanted::Secret(_)))
            .map(|(name, _)| *name)
            .collect();
        if attribute.as_deref().map_or(secrets.is_empty(), |attribute| !secrets.contains(&attribute)) {
            let asked = attribute.as_ref().map(|attribute| format!(" `{attribute}`")).unwrap_or_default();
            return Err(Failure::other(
                "telform::cli::no_such_secret",
                format!("{address} has no secret{asked} in the configuration"),
                if secrets.is_empty() {
                    "it has none".to_owned()
                } else {
                    format!("it has {}", secrets.join(", "))
                },
            ));
        }
    }
    Ok(())
}
