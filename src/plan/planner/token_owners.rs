//! The owners of the tokens, and whether the tokens may do what a plan needs.

use std::collections::BTreeMap;

use crate::model::resource::TokenOwner;
use crate::plan::diagnostics::{NoticeCode, PlanNotice};
use crate::plan::{Inputs, Step, StepOperation};
use crate::services;

/// Most steps that a notice names; the rest is counted.
const MOST: usize = 5;

/// Known owners that the service does not currently report.
pub(super) fn unknown_owner_notices(inputs: &Inputs<'_>) -> Vec<PlanNotice> {
    let all = inputs.live.accounts.iter().filter_map(|(account, live)| {
        let TokenOwner::Unknown(why) = &live.facts.token_owner else { return None };
        let owner = inputs.token_owner(account)?;
        Some(account_notice(account, NoticeCode::TokenOwnerUnknown, format!("{owner}: {why}")))
    });
    all.collect()
}

/// Scopes that the tokens lack for these steps.
pub(super) fn missing_scope_notices(inputs: &Inputs<'_>, steps: &[Step]) -> Vec<PlanNotice> {
    let mut lacking: BTreeMap<(&str, [String; 2]), Vec<&Step>> = BTreeMap::new();
    for step in steps.iter().filter(|step| !matches!(step.operation, StepOperation::ReadBack { .. })) {
        let account = step.call.account.as_str();
        let facts = inputs.facts_of_account(account);
        let kind = step.address.as_ref().and_then(|it| services::shape_of_generation(&it.kind, facts.generation));
        if let Some(any_of) = kind.and_then(|kind| kind.scopes_to(step.operation.as_str()))
            && facts.token_owner.identity().is_some_and(|owner| owner.lacks_scopes(&any_of))
        {
            lacking.entry((account, any_of)).or_default().push(step);
        }
    }
    let all = lacking.into_iter().map(|((account, any_of), steps)| {
        let named: Vec<String> = steps.iter().take(MOST).filter_map(|step| describe_step(step)).collect();
        let more = steps.len().saturating_sub(MOST);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let detail = format!("{} for {}{rest}", any_of.join(" or "), named.join(", "));
        account_notice(account, NoticeCode::ScopeMissing, detail)
    });
    all.collect()
}

fn describe_step(step: &Step) -> Option<String> {
    Some(format!("{} {} ({})", step.operation.as_str(), step.address.as_ref()?, step.id))
}

fn account_notice(account: &str, code: NoticeCode, detail: String) -> PlanNotice {
    PlanNotice { code, account: account.to_owned(), address: None, attribute: None, detail: Some(detail) }
}
