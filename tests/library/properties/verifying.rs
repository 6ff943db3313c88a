//! The independent checker and the planner agree about every plan, and no mutant gets past it.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use telform::document::{self, Origin};
use telform::model::resource::Desired;
use telform::output::view::json::to_pretty_json;
use telform::plan::Plan;
use telform::verify;

use crate::mutants::{everywhere, forged, reordered, with_checksum, without};
use crate::properties::case::{Case, plan};
use crate::properties::cases;
use crate::properties::dice::{Dice, dice};
use crate::properties::guarding::torn;
use crate::properties::model::{CARRIERX, account_of};
use crate::properties::planning::ROLLS;

/// Every plan holds every rule; with a refusal it is not applicable.
fn holds(plan: &Plan) -> Result<(), TestCaseError> {
    let text = to_pretty_json(&document::from_plan(plan, Origin::default()));
    let verdict = verify::verify_plan(text.as_bytes());
    prop_assert!(verdict.verified, "{:#?}\n{text}", verdict.violations);
    prop_assert_eq!(verdict.applicable, !plan.is_refused());
    Ok(())
}

/// An object in an account that cannot hold it is stopped by the loader, which is not at work here.
fn homeless(desired: &Desired) -> bool {
    desired.objects.values().any(|object| object.account != account_of(&object.address.kind))
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn every_plan_of_the_planner_is_verified(mut dice in dice(ROLLS)) {
        let case = Case::roll(&mut dice);
        holds(&plan(&case, &case.live()))?;
    }

    #[test]
    fn every_plan_over_torn_readings_is_verified(mut dice in dice(ROLLS)) {
        let (case, mut live) = torn(&mut dice);
        // A service without generations never shows one.
        live.accounts.entry(CARRIERX.to_owned()).and_modify(|account| account.facts.generation = None);
        if !homeless(&case.desired) {
            holds(&plan(&case, &live))?;
        }
    }
}

fn refuses(document: &Value, plan: &Value) -> bool {
    !verify::verify_plan(with_checksum(&forged(document, plan)).as_bytes()).verified
}

/// A few mutants of one plan; how many were refused.
fn mutants_are_refused(document: &Value, dice: &mut Dice) -> Result<u32, TestCaseError> {
    let good = &document["plan"];
    let steps = good["steps"].as_array().expect("steps");
    let left_out = without(good, dice.below(steps.len()));
    prop_assert!(refuses(document, &left_out), "a step is left out: {left_out:#}");
    let (a, b) = (dice.below(steps.len()), dice.below(steps.len()));
    if a < b && steps[a]["phase"] != steps[b]["phase"] {
        prop_assert!(refuses(document, &reordered(good, a, b)), "{a} and {b} changed places: {good:#}");
    }
    let mutations = everywhere(good);
    let mut refused = 1;
    for _ in 0..6 {
        let mutation = &mutations[dice.below(mutations.len())];
        if refuses(document, &mutation.of(good)) {
            refused += 1;
        } else {
            let why = mutation.undetectable(good);
            prop_assert!(why.is_some(), "{} {} passes: {good:#}", mutation.place, mutation.what);
        }
    }
    Ok(refused)
}

#[test]
fn no_mutant_of_a_generated_plan_passes() {
    let refused = Cell::new(0);
    let total = 200;
    let result = TestRunner::new(cases(total)).run(&dice(ROLLS + 40), |mut dice| {
        let case = Case::roll(&mut dice);
        let plan = plan(&case, &case.live());
        if plan.is_refused() || !plan.has_changes() {
            return Ok(());
        }
        let document = serde_json::to_value(document::from_plan(&plan, Origin::default())).expect("JSON");
        refused.set(refused.get() + mutants_are_refused(&document, &mut dice)?);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(refused.get() > total, "too few mutants: {}", refused.get());
}
