//! Options that choose what a plan is about.

use std::path::PathBuf;

use clap::Args;

use super::guards::{parse_count, parse_positive};
use super::{GuardArgs, parse_address, parse_pattern};
use crate::model::guards::guard_names;
use crate::model::resource::{Address, AddressPattern};
use crate::run::PlanSelection;

/// What a run is about and what it may do, whether its plan comes from the YAML or from an earlier run.
#[derive(Debug, Args, Clone, Default)]
pub struct SelectionArgs {
    /// Only this address and what it needs, repeatable
    ///
    /// `*` matches anything, as in 'partners.west-*'.
    #[arg(long = "target", value_name = "ADDRESS", value_parser = parse_pattern)]
    pub targets: Vec<AddressPattern>,
    /// Not this address, repeatable
    ///
    /// Takes precedence over --target. `*` matches anything, as in '*.acme'.
    #[arg(long = "exclude", value_name = "ADDRESS", value_parser = parse_pattern)]
    pub excludes: Vec<AddressPattern>,
    /// Only this account, repeatable
    ///
    /// `*` matches anything. Other accounts are not read and need no token.
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Limits of this run.
    #[command(flatten)]
    pub guards: GuardArgs,
    /// Allow deletes while this many objects are unreadable
    ///
    /// These are objects that may use what is deleted [default: 0].
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub max_unreadable_bridges: Option<u64>,
    /// Create it even if a similar live object exists
    ///
    /// The login, slug or name of the live one differs only in letter case, spaces or Unicode form. Repeatable.
    #[arg(long = "allow-similar", value_name = "ADDRESS", value_parser = parse_address)]
    pub allow_similar: Vec<Address>,
    /// Allow deletes although some products were not read
    ///
    /// These are products that the account does not name.
    #[arg(long)]
    pub allow_unseen_products: bool,
    /// Use the embedded simulator, started from this file
    ///
    /// The services of the accounts are not called.
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

/// Options that choose what a plan is about.
#[derive(Debug, Args, Clone, Default)]
pub struct PlanSelectionArgs {
    /// What every run can be limited to.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Leave out accounts that cannot be read
    ///
    /// Without it, the run ends. A run that would end with 0 or 2 then ends with 5.
    #[arg(long)]
    pub skip_unreadable: bool,
    /// Only the first N changes, and what they need
    ///
    /// In the order in which their requests are sent.
    #[arg(long, value_name = "N", value_parser = parse_positive::<u64>)]
    pub limit: Option<u64>,
    /// Delete everything that the configuration names
    #[arg(long)]
    pub destroy: bool,
    /// Write a secret although it may be unchanged
    ///
    /// Of an ADDRESS, or one ADDRESS.ATTRIBUTE. Repeatable.
    #[arg(long = "rewrite-secret", value_name = "ADDRESS[.ATTRIBUTE]", value_parser = secret)]
    pub rewrite_secrets: Vec<(Address, Option<String>)>,
    /// Send again what the service did not accept
    ///
    /// Of an ADDRESS, or one ADDRESS.ATTRIBUTE. Repeatable.
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
