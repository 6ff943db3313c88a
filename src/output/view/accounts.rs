//! The context of a plan: accounts, their tokens, the ledger.

use crate::plan::{AccountLine, LedgerLine, Plan};
use crate::services;

/// An account after its name: `unpod at https://…, organization acme.example, generation 2`.
pub(super) fn describe_account(account: &AccountLine) -> String {
    let org = account.organization.as_ref().map(|org| format!(", organization {org}"));
    let generation = account.generation.map(|generation| format!(", generation {generation}"));
    let other = account.other_host().map(|other| format!(", not the service's own host {}", other.service_host));
    format!(
        "{} at {}{}{}{}",
        account.api,
        account.base_url,
        other.unwrap_or_default(),
        org.unwrap_or_default(),
        generation.unwrap_or_default()
    )
}

/// The source of an account's token, and its owner, each for a separate line.
pub(super) fn token_lines<'a>(plan: &'a Plan, of: &'a AccountLine) -> impl Iterator<Item = String> + 'a {
    let from = of.token_from.as_ref().map(|from| format!("token from {from}"));
    let owner = of.token_of.as_ref().map(|id| {
        let words = services::by_api(&of.api).and_then(|service| service.whoami);
        let login = plan.logins.get(&of.name).map(|login| format!(", login {login}"));
        format!("token of {} {id}{}", words.map_or("identity", |words| words.id), login.unwrap_or_default())
    });
    from.into_iter().chain(owner)
}

/// An account and its token on one line.
pub(super) fn describe_account_and_token(plan: &Plan, of: &AccountLine) -> String {
    [describe_account(of)].into_iter().chain(token_lines(plan, of)).collect::<Vec<_>>().join(", ")
}

/// The ledger behind a plan, how often it was saved, and how old it is.
pub(super) fn describe_ledger(plan: &Plan) -> Option<String> {
    let LedgerLine { place, serial, made, saved } = plan.made_with.as_ref()?;
    let time = |at: &Option<String>| at.clone().unwrap_or_else(|| "at an unknown time".to_owned());
    Some(match serial {
        0 => format!("ledger {place}, new"),
        _ => format!("ledger {place}, serial {serial}, made {}, saved {}", time(made), time(saved)),
    })
}
