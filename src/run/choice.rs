//! What a run is about: which addresses, which secrets, what is sent once more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::RunError;
use crate::model::guards::Guards;
use crate::model::ledger::Ledger;
use crate::model::resource::{Address, AddressPattern, Desired, DesiredValue};
use crate::plan::{PlanOptions, RunLimits};

/// Code of an address, or a pattern, that means nothing.
pub(crate) const UNKNOWN_ADDRESS: &str = "telform::cli::unknown_address";

/// What a plan is about.
#[derive(Debug, Clone, Default)]
pub struct PlanSelection {
    /// Only the addresses of these patterns and what they need; empty means all.
    pub targets: Vec<AddressPattern>,
    /// Not the addresses of these patterns.
    pub excludes: Vec<AddressPattern>,
    /// Only accounts that one of these patterns names; empty means all.
    pub accounts: Vec<String>,
    /// Only this many changes, the first ones, and what they need; none means all.
    pub limit: Option<u64>,
    /// Leaves out accounts that cannot be read.
    pub skip_unreadable: bool,
    /// Accounts that a saved plan left out because they could not be read.
    pub unreadable: BTreeSet<String>,
    /// Deletes everything that the configuration names.
    pub destroy: bool,
    /// Limits of this run, over those of the configuration.
    pub guards: Guards,
    /// Most bridges of an account that may be unreadable while configurations are deleted.
    pub max_unreadable_bridges: Option<u64>,
    /// Secrets that are written again although it is unknown whether they changed: of an address, or one attribute of it.
    pub rewrite_secrets: Vec<(Address, Option<String>)>,
    /// Values that are sent again although the service did not take them before.
    pub resend: Vec<(Address, Option<String>)>,
    /// Objects that are created although a live one is nearly called the same.
    pub allow_similar: Vec<Address>,
    /// Deletes configurations although bridges of products that the account does not name were not looked at.
    pub allow_unseen_products: bool,
    /// Runs against the embedded simulator, started from this world file.
    pub sandbox: Option<PathBuf>,
    /// Whether it comes from a saved plan.
    pub saved: bool,
}

/// Addresses, or single attributes of them.
type AttributeAddresses = BTreeSet<(Address, Option<String>)>;

/// What `--rewrite-secret` and `--resend` name.
pub(crate) struct Named {
    rewrite: AttributeAddresses,
    resend: AttributeAddresses,
}

impl Named {
    pub(crate) fn from_choice(desired: &Desired, choice: &PlanSelection) -> Self {
        Self { rewrite: named(desired, &choice.rewrite_secrets), resend: named(desired, &choice.resend) }
    }
}

/// If the whole text does not match an address, what follows one is an attribute.
fn named(desired: &Desired, asked: &[(Address, Option<String>)]) -> AttributeAddresses {
    let asked = asked.iter().map(|(address, attribute)| {
        let whole = attribute.is_some() || desired.objects.contains_key(address);
        let known = |address: &Address| !whole && desired.objects.contains_key(address);
        let parts = address.split_attribute(known).map(|(address, attribute)| (address, Some(attribute)));
        parts.unwrap_or_else(|| (address.clone(), attribute.clone()))
    });
    asked.collect()
}

/// Options of this run beyond the configuration.
pub(crate) fn options(choice: &PlanSelection, limits: RunLimits, asked: Named) -> PlanOptions {
    PlanOptions {
        accounts: limits.accounts.clone(),
        targets: limits.targets.clone(),
        excludes: limits.excludes.clone(),
        limit: choice.limit,
        taken: None,
        unreadable: BTreeMap::new(),
        limits,
        destroy: choice.destroy,
        undo: None,
        guards: choice.guards,
        max_unreadable_bridges: choice.max_unreadable_bridges,
        rewrite_secrets: asked.rewrite,
        resend: asked.resend,
        sandbox: choice.sandbox.is_some(),
        allow_similar: choice.allow_similar.iter().cloned().collect(),
        allow_unseen_products: choice.allow_unseen_products,
        ledger: String::new(),
        owners: BTreeMap::new(),
        ledger_of_yaml: false,
    }
}

/// The address that is spelled most like another one.
pub(crate) fn nearest_address<'a>(all: impl Iterator<Item = &'a Address>, wanted: &Address) -> Option<String> {
    let wanted = wanted.to_string();
    let likeness = |address: &String| strsim::jaro_winkler(address, &wanted);
    all.map(ToString::to_string).max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

/// An address on the command line that neither the YAML nor the ledger knows is a typing mistake, not an empty plan.
pub(crate) fn check_known(desired: &Desired, ledger: &Ledger, address: &Address) -> Result<(), RunError> {
    let known = desired.objects.contains_key(address)
        || desired.existing.contains_key(address)
        || desired.number_entries.contains_key(address)
        || ledger.objects.contains_key(address)
        || ledger.attempts.contains_key(address)
        || desired.removed.iter().any(|gone| gone.address == *address);
    if known {
        return Ok(());
    }
    let all =
        desired.objects.keys().chain(desired.existing.keys()).chain(desired.number_entries.keys()).chain(ledger.objects.keys());
    let help = nearest_address(all, address).map_or_else(String::new, |near| format!("did you mean {near}?"));
    Err(RunError::other(UNKNOWN_ADDRESS, format!("neither the configuration nor the ledger has {address}"), help))
}

/// Checks what is named beside the limits of a run.
pub(crate) fn check_choice(desired: &Desired, ledger: &Ledger, choice: &PlanSelection, asked: &Named) -> Result<(), RunError> {
    let named = asked.rewrite.iter().chain(&asked.resend).map(|(address, _)| address);
    for address in choice.allow_similar.iter().chain(named) {
        check_known(desired, ledger, address)?;
    }
    for (address, attribute) in &asked.resend {
        let (Some(object), Some(attribute)) = (desired.objects.get(address), attribute) else { continue };
        if !object.attributes.contains_key(attribute.as_str()) {
            let stated: Vec<&str> = object.attributes.keys().copied().collect();
            return Err(RunError::other(
                "telform::cli::no_such_attribute",
                format!("the entry of {address} has no attribute `{attribute}`"),
                format!("it has {}", stated.join(", ")),
            ));
        }
    }
    for (address, attribute) in &asked.rewrite {
        let Some(object) = desired.objects.get(address) else {
            return Err(RunError::other(
                "telform::cli::no_such_secret",
                format!("the configuration does not declare {address}, so it names no secret of it"),
                "a secret is written again from the source that its entry names",
            ));
        };
        let secrets: Vec<&str> = object
            .attributes
            .iter()
            .filter(|(_, wanted)| matches!(wanted, DesiredValue::Secret(_)))
            .map(|(name, _)| *name)
            .collect();
        if attribute.as_deref().map_or(secrets.is_empty(), |attribute| !secrets.contains(&attribute)) {
            let asked = attribute.as_ref().map(|attribute| format!(" `{attribute}`")).unwrap_or_default();
            return Err(RunError::other(
                "telform::cli::no_such_secret",
                format!("{address} has no secret{asked} in the configuration"),
                if secrets.is_empty() { "it has none".to_owned() } else { format!("it has {}", secrets.join(", ")) },
            ));
        }
    }
    Ok(())
}
