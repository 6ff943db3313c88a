//! Guards look at the finished plan before anything is sent; all of them say no by default (spec 6).

use std::collections::BTreeMap;

use super::impact::{NumberImpact, dark};
use super::note::{Refusal, RefusalCode};
use super::step::{Operation, Step};
use super::{Inputs, Phase};
use crate::resource::{Guards, Organization};

/// What the guards refuse.
pub(super) fn guard(inputs: &Inputs<'_>, steps: &[Step], impact: &[NumberImpact]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for account in inputs.desired.accounts.values() {
        let limits = inputs.options.guards.or(account.guards).or(inputs.desired.guards);
        let deletes: Vec<&Step> = steps
            .iter()
            .filter(|step| step.phase == Phase::Delete && step.call.account == account.name)
            .collect();
        let mut refuse = |code, detail| {
            refusals.push(Refusal {
                code,
                account: account.name.clone(),
                address: None,
                attribute: None,
                detail,
                place: None,
            });
        };
        let allowed = limits.max_deletes.unwrap_or(0);
        if deletes.len() as u64 > allowed {
            refuse(
                RefusalCode::MaxDeletes,
                format!(
                    "{} would be deleted, max_deletes is {allowed}; `--max-deletes {}` allows it",
                    count(deletes.len(), "object"),
                    deletes.len()
                ),
            );
        }
        for (kind, percent) in too_many_percent(inputs, &account.name, &deletes, limits) {
            refuse(
                RefusalCode::MaxDeletePercent,
                format!(
                    "{percent} % of the {kind} would be deleted, max_delete_percent is {}; `--max-delete-percent {percent}` allows it",
                    limits.max_delete_percent.unwrap_or(100)
                ),
            );
        }
        let going_dark = dark(impact, Some(&account.name)).count();
        let allowed = limits.max_numbers_dark.unwrap_or(0);
        if going_dark as u64 > allowed {
            refuse(
                RefusalCode::MaxNumbersDark,
                format!(
                    "{} would go dark, max_numbers_dark is {allowed}; `--max-numbers-dark {going_dark}` allows it",
                    count(going_dark, "number")
                ),
            );
        }
        let facts = inputs.facts(&account.name);
        if let Organization::Unconfirmed(why) = &facts.organization
            && !deletes.is_empty()
        {
            refuse(
                RefusalCode::UnconfirmedOrganization,
                format!("{} would be deleted, and {why}", count(deletes.len(), "object")),
            );
        }
        let writes = steps.iter().any(|step| {
            step.call.account == account.name && !matches!(step.operation, Operation::ReadBack { .. })
        });
        if writes && facts.generation.is_none() && !account.backend.generations.is_empty() {
            refuse(
                RefusalCode::UnknownGeneration,
                "the service's answers do not tell its generation".to_owned(),
            );
        }
    }
    refusals
}

/// Kinds of which too large a share would be deleted, with the share, rounded up.
fn too_many_percent(
    inputs: &Inputs<'_>,
    account: &str,
    deletes: &[&Step],
    limits: Guards,
) -> Vec<(&'static str, u64)> {
    let Some(limit) = limits.max_delete_percent else { return Vec::new() };
    let mut by_kind: BTreeMap<&'static str, u64> = BTreeMap::new();
    for (kind, objects) in inputs.live.accounts.get(account).map(|live| &live.objects).into_iter().flatten() {
        let gone = deletes
            .iter()
            .filter(|step| step.address.as_ref().is_some_and(|address| address.kind == *kind))
            .count() as u64;
        if gone > 0 {
            by_kind.insert(kind, (gone * 100).div_ceil((objects.len() as u64).max(1)));
        }
    }
    by_kind.into_iter().filter(|(_, percent)| *percent > limit).collect()
}

/// `1 object`, `2 objects`.
pub(super) fn count(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}
