//! The line above a plan.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::context::CheckerContext;
use super::shape::{CheckerAction, CheckerChangeLimit, CheckerEffect, CheckerOperation, CheckerServedState};

/// Counts the first line that people read, and the flags that programs read, again.
pub(super) fn check_summary(check: &mut CheckerContext<'_>) {
    let (document, plan) = (check.document, check.plan);
    let actions = |action| plan.changes.iter().filter(|change| change.action == action).count();
    let effects = |effect| plan.impact.iter().filter(|impact| impact.effect == effect).count();
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let mut counts = BTreeMap::from([("requests".to_owned(), plan.steps.len()), ("refusals".to_owned(), plan.refusals.len())]);
    let mut parts = Vec::new();
    for (action, word) in [
        (CheckerAction::Create, "create"),
        (CheckerAction::Update, "update"),
        (CheckerAction::Replace, "replace"),
        (CheckerAction::Delete, "delete"),
    ] {
        parts.extend((actions(action) > 0).then(|| format!("{} to {word}", actions(action))));
        counts.insert(word.to_owned(), actions(action));
    }
    for (effect, word) in
        [(CheckerEffect::Connects, "connected"), (CheckerEffect::Moves, "moved"), (CheckerEffect::Dark, "cut off")]
    {
        parts.extend((effects(effect) > 0).then(|| format!("{} {word}", plural(effects(effect), "number"))));
        counts.insert(word.replace(' ', "_"), effects(effect));
    }
    if !parts.is_empty() {
        parts.push(plural(plan.steps.len(), "request"));
    }
    if !plan.not_taken.is_empty() {
        parts.push(format!("{} not accepted by the service", plural(plan.not_taken.len(), "value")));
    }
    if parts.is_empty() {
        parts.push("no changes".to_owned());
    }
    parts.extend((!plan.refusals.is_empty()).then(|| format!("{} REFUSED", plan.refusals.len())));
    parts.extend(plan.limits.as_ref().map(|_| "limited run".to_owned()));
    let unread = document.notices.iter().filter(|note| matches!(note.code.as_str(), "unlisted" | "unlinked")).count();
    parts.extend((unread > 0).then(|| format!("{} not read", plural(unread, "listing"))));
    let wrong = [
        ("/summary", document.summary != parts.join(", ")),
        ("/counts", document.counts.as_ref().is_some_and(|said| *said != counts)),
        ("/pending", document.pending == plan.steps.is_empty()),
        ("/refused", document.refused == plan.refusals.is_empty()),
    ];
    for (place, _) in wrong.into_iter().filter(|(_, wrong)| *wrong) {
        check.violations.push(super::new_violation(check.code, place.to_owned(), None, "this is not what the plan holds"));
    }
}

/// Nothing is done outside the limits of the run.
pub(super) fn check_run_limits(check: &mut CheckerContext<'_>) {
    let Some(limits) = &check.plan.limits else { return };
    let outside =
        |name: &SmolStr| !limits.accounts.is_empty() && !limits.accounts.contains(name) || limits.unreadable.contains(name);
    if check.plan.accounts.iter().any(|account| outside(&account.name)) {
        check.report("/accounts", "this account was left out of the run");
    }
    // The plan may be the part of a refused one that goes on, so it may have fewer changes than it says.
    let adds_up = |it: &CheckerChangeLimit| {
        let kept = check.plan.changes.len() as u64;
        it.limit > 0 && it.left_out > 0 && kept.saturating_add(it.left_out) <= it.of && (kept == 0 || it.of > it.limit)
    };
    if limits.changes.as_ref().is_some_and(|it| !adds_up(it)) {
        check.report("/limits/changes", "these are not the changes that the limit leaves out");
    }
    for (at, step) in check.numbered_steps() {
        let left_out = step.address.as_ref().is_some_and(|address| limits.excludes.contains(address));
        check.require(step.operation.is_link() || !left_out, at, "/address", "is about an object that was left out of the run");
    }
}

/// Readers rely on the notice that a number is connected although the plan is refused: nothing serves it, this plan connects it,
/// and no refusal concerns it or its whole object.
pub(super) fn check_goes_on(check: &mut CheckerContext<'_>) {
    let plan = check.plan;
    let (mut joined, mut served) = (BTreeSet::new(), BTreeSet::new());
    for (_, step) in check.numbered_steps() {
        let dark = |before: &CheckerServedState| matches!(before, CheckerServedState::NotThere | CheckerServedState::Unserved);
        match &step.operation {
            CheckerOperation::Connect { number, before, .. } if dark(before) => {
                joined.insert((step.address.as_deref(), step.call.account.as_str(), number.as_str()));
            }
            CheckerOperation::Disconnect { number, before, .. } if *before != CheckerServedState::Unserved => {
                served.insert(number.as_str());
            }
            _ => {}
        }
    }
    let whole = plan.refusals.iter().filter(|refusal| refusal.attribute.is_none());
    let whole: BTreeSet<&str> = whole.flat_map(|refusal| refusal.addresses.iter().map(SmolStr::as_str)).collect();
    let refused: BTreeSet<&str> = plan.refusals.iter().filter_map(|refusal| refusal.attribute.as_deref()).collect();
    let said = check.document.notices.iter().filter(|notice| notice.code == "goes_on");
    let wrong: Vec<&str> = said
        .filter_map(|notice| {
            let number = notice.detail.as_deref().unwrap_or_default();
            let address = notice.address.as_deref();
            let joins = joined.contains(&(address, notice.account.as_str(), number));
            let refused =
                address.is_some_and(|address| whole.contains(address)) || refused.contains(format!("numbers.{number}").as_str());
            (!joins || served.contains(number) || refused || plan.refusals.is_empty()).then_some(number)
        })
        .collect();
    for number in wrong {
        check.report("/refusals", &format!("the plan says that {number} is still connected, but no step connects it"));
    }
}
