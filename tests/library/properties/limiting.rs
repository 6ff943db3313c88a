//! `--limit`: the first changes and what they need, and then the rest.

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use telform::model::resource::Address;
use telform::plan::{Change, LedgerUpdate, Plan, PlanOptions, StepPhase};

use crate::properties::case::{Case, plan};
use crate::properties::cases;
use crate::properties::dice::{Dice, dice};
use crate::properties::execute::{execute, lacks_secret, meets_hidden};
use crate::properties::planning::{ROLLS, bytes};

fn with(case: &Case, options: PlanOptions) -> Case {
    Case { options, ..case.clone() }
}

fn limited_to(case: &Case, limit: u64) -> Case {
    with(case, PlanOptions { limit: Some(limit), ..case.options.clone() })
}

fn addresses(plan: &Plan) -> BTreeSet<&Address> {
    plan.changes.iter().map(|change| &change.address).collect()
}

/// The addresses of the changes, in the order in which their first requests are sent.
fn in_order(plan: &Plan) -> Vec<&Address> {
    let mut all: Vec<&Address> = Vec::new();
    for step in &plan.steps {
        let changed = plan.changes.iter().find(|change| change.steps.contains(&step.id));
        all.extend(changed.map(|change| &change.address).filter(|address| !all.contains(address)));
    }
    all
}

/// The requests of an object's change; a read-back belongs to any of the objects that it is about.
fn requests<'a>(plan: &'a Plan, address: &Address) -> Vec<(&'a str, String)> {
    let own = plan.steps.iter().filter(|step| step.address.as_ref() == Some(address) && step.phase != StepPhase::ReadBack);
    own.map(|step| (step.operation.as_str(), step.call.path.split('{').next().unwrap_or_default().to_owned())).collect()
}

/// Executes a plan; `None` where it cannot be executed.
fn carried_out(case: &Case, plan: &Plan, dice: &mut Dice) -> Result<Option<Case>, TestCaseError> {
    if plan.is_refused() || lacks_secret(case, plan) || meets_hidden(case, plan) {
        return Ok(None);
    }
    let run = execute(case, plan, &case.live(), dice).map_err(TestCaseError::fail)?;
    Ok(Some(Case { model: run.model, ledger: run.ledger, ..case.clone() }))
}

/// What a limited plan is, and what it leaves behind.
fn takes_the_first(case: &Case, dice: &mut Dice) -> Result<bool, TestCaseError> {
    let live = case.live();
    let whole = plan(case, &live);
    let count = whole.changes.len();
    if count < 2 {
        return Ok(false);
    }
    let more = plan(&limited_to(case, (count + dice.below(3)) as u64), &live);
    prop_assert_eq!(bytes(&more), bytes(&whole), "nothing is left out");
    let limit = 1 + dice.below(count - 1);
    let limited = limited_to(case, limit as u64);
    let first = plan(&limited, &live);
    let Some(left_out) = first.limits.changes else {
        prop_assert_eq!(bytes(&first), bytes(&whole), "each needs the others");
        return Ok(false);
    };
    prop_assert_ne!(&first.digest, &whole.digest);
    // What a refusal leaves undecided may be decided in a plan that it is not about. Guards leave nothing undecided.
    let decided = whole.refusals.iter().all(|refusal| refusal.is_about_account());
    prop_assert!(
        !decided || addresses(&first).is_subset(&addresses(&whole)),
        "{:?} of {:?}",
        addresses(&first),
        addresses(&whole)
    );
    prop_assert_eq!(first.changes.len() as u64 + left_out.left_out, left_out.of);
    prop_assert_eq!(left_out.limit, limit as u64);
    prop_assert!(!decided || left_out.of == count as u64);
    for address in in_order(&whole).into_iter().take(limit) {
        prop_assert!(addresses(&first).contains(address), "{} is one of the first", address);
    }
    for change in first.changes.iter().filter(|_| decided) {
        let same = whole.changes.iter().find(|other| other.address == change.address).expect("a subset");
        prop_assert_eq!(change.action, same.action, "{}", change.address);
        // Where a configuration that would be deleted stays for now, its numbers stay with it.
        let numbers = |change: &Change| change.attributes.iter().any(|attribute| attribute.name == "numbers");
        if numbers(change) || numbers(same) {
            continue;
        }
        prop_assert_eq!(&change.attributes, &same.attributes, "{}", change.address);
        prop_assert_eq!(requests(&first, &change.address), requests(&whole, &change.address), "{}", change.address);
    }
    // It is the plan of a run that names its addresses.
    let targets = addresses(&first).into_iter().cloned().collect();
    let named = plan(&with(case, PlanOptions { targets, ..case.options.clone() }), &live);
    prop_assert_eq!(&named.steps, &first.steps);
    prop_assert_eq!(&named.changes, &first.changes);
    let Some(after) = carried_out(&limited, &first, dice)? else { return Ok(false) };
    let mut proof = after.options.clone();
    proof.keep_to(&first);
    let proof = plan(&with(&after, proof), &after.live());
    prop_assert!(proof.steps.is_empty() && proof.refusals.is_empty(), "the proof: {:#?} {:#?}", proof.steps, proof.refusals);
    let after = with(&after, case.options.clone());
    let rest = plan(&after, &after.live());
    prop_assert!(!decided || rest.changes.len() as u64 == left_out.left_out, "{} of {:?}", rest.changes.len(), left_out);
    let Some(done) = carried_out(&after, &rest, dice)? else { return Ok(false) };
    let last = plan(&done, &done.live());
    prop_assert!(last.steps.is_empty() && last.refusals.is_empty(), "the last plan: {:#?} {:#?}", last.steps, last.refusals);
    let learnt = last.ledger.iter().find(|effect| !matches!(effect, LedgerUpdate::Drop { .. }));
    prop_assert!(learnt.is_none(), "the last plan: {:#?}", learnt);
    Ok(true)
}

#[test]
fn the_first_changes_and_then_the_rest_leave_nothing_to_do() {
    let worked = Cell::new(0_u32);
    let total = std::env::var("TELFORM_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(1200);
    let result = TestRunner::new(cases(total)).run(&dice(ROLLS), |mut dice| {
        let case = Case::roll(&mut dice);
        if takes_the_first(&case, &mut dice)? {
            worked.set(worked.get() + 1);
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    eprintln!("worked {} of {total}", worked.get());
    assert!(worked.get() > total / 20, "too few plans could be carried out in two parts: {}", worked.get());
}
