//! Options that choose what a plan is about.

use std::path::PathBuf;

use clap::Args;

use super::{GuardArgs, parse_address, parse_pattern};
use crate::model::guards::guard_names;
use crate::model::resource::{Address, AddressPattern};
use crate::run::PlanSelection;

/// What a run is about and what it may do, whether its plan comes from the YAML or from an earlier run.
#[derive(Debug, Args, Clone, Default)]
pub struct SelectionArgs {
    /// Only this address and what it needs, repeatable; `*` matches anything, as in 'partners.west-*'
    #[arg(long = "target", value_name = "ADDRESS", value_parser = parse_pattern)]
    pub targets: Vec<AddressPattern>,
    /// Not this address, repeatable; takes precedence over --target; `*` matches anything, as in '*.acme'
    #[arg(long = "exclude", value_name = "ADDRESS", value_parser = parse_pattern)]
    pub excludes: Vec<AddressPattern>,
    /// Only this account, repeatable; `*` matches anything. Other accounts are not read and need no token
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Limits of this run.
    #[command(flatten)]
    pub guards: GuardArgs,
    /// Allow deletes in this run while this many objects that may use what is deleted cannot be read [default: 0]
    #[arg(long, value_name = "N")]
    pub max_unreadable_bridges: Option<u64>,
    /// Create this object even if a live one has a login, slug or name that differs only in letter case, spaces or Unicode
    /// form, repeatable
    #[arg(long = "allow-similar", value_name = "ADDRESS", value_parser = parse_address)]
    pub allow_similar: Vec<Address>,
    /// Allow deletes in this run although products that the account does not name were not read
    #[arg(long)]
    pub allow_unseen_products: bool,
    /// Run against the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

/// Options that choose what a plan is about.
#[derive(Debug, Args, Clone, Default)]
pub struct PlanSelectionArgs {
    /// What every run can be limited to.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Leave out accounts that cannot be read, instead of ending the run. A run that would end with 0 or 2 then ends with 5
    #[arg(long)]
    pub skip_unreadable: bool,
    /// Only the first N changes, in the order in which their requests are sent, and what they need
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Delete everything that the configuration names
    #[arg(long)]
    pub destroy: bool,
    /// Write a secret even if telform does not know whether it changed: ADDRESS or ADDRESS.ATTRIBUTE, repeatable
    #[arg(long = "rewrite-secret", value_name = "ADDRESS[.ATTRIBUTE]", value_parser = secret)]
    pub rewrite_secrets: Vec<(Address, Option<String>)>,
    /// Send values again that the service did not accept before: ADDRESS or ADDRESS.ATTRIBUTE, repeatable
    #[arg(long = "resend", value_name = "ADDRESS[.ATTRIBUTE]", value_parser = secret)]
    pub resend: Vec<(Address, Option<String>)>,
}

impl SelectionArgs {
    /// The same for a run.
    pub(crate) fn choice(&self) -> PlanSelection {
        PlanSelection {
            targets: self.targets.clone(),
            excludes: self.excludes.clone(),
            accounts: self.accounts.clone(),
            guards: self.guards.0,
            max_unreadable_bridges: self.max_unreadable_bridges,
            allow_similar: self.allow_similar.clone(),
            allow_unseen_products: self.allow_unseen_products,
            sandbox: self.sandbox.clone(),
            ..PlanSelection::default()
        }
    }
}

impl PlanSelectionArgs {
    /// The same for a run.
    pub(crate) fn choice(&self) -> PlanSelection {
        PlanSelection {
            limit: self.limit,
            skip_unreadable: self.skip_unreadable,
            destroy: self.destroy,
            rewrite_secrets: self.rewrite_secrets.clone(),
            resend: self.resend.clone(),
            ..self.selection.choice()
        }
    }
}

/// Options of [`PlanSelectionArgs`] that a saved plan says itself; where it is applied is not one of them.
pub(crate) fn choice_options() -> impl Iterator<Item = &'static str> {
    let own = [
        "targets",
        "excludes",
        "accounts",
        "limit",
        "skip_unreadable",
        "destroy",
        "max_unreadable_bridges",
        "rewrite_secrets",
        "resend",
        "allow_similar",
        "allow_unseen_products",
    ];
    own.into_iter().chain(guard_names())
}

/// A name may have dots in it, so where an attribute begins is known when the configuration is; `ADDRESS:ATTRIBUTE` leaves
/// no doubt.
fn secret(text: &str) -> Result<(Address, Option<String>), String> {
    match text.split_once(':') {
        Some((left, attribute)) => Ok((parse_address(left)?, Some(attribute.to_owned()))),
        None => Ok((parse_address(text)?, None)),
    }
}
