//! One effect for each number, and why a number is cut off that stays on a target or moves to one.

use crate::model::kind::Kind;
use crate::model::resource::Address;
use crate::model::value::CompactValue;
use crate::plan::{ChangeAction, NumberEffect, NumberImpact, Plan, ShownValue, StepOperation, one_effect_each};
use crate::services;

/// Numbers with this effect.
pub(in crate::output) fn with_effect(plan: &Plan, effect: NumberEffect) -> Vec<NumberImpact> {
    one_effect_each(&plan.impact).into_iter().filter(|number| number.effect == effect).collect()
}

/// What the target of a number that is cut off is like after the plan; none where the number is disconnected.
pub(in crate::output) fn cut_reason(plan: &Plan, number: &NumberImpact) -> Option<String> {
    let moves = number.to.is_some();
    let spot = number.to.as_ref().or(number.from.as_ref()).filter(|_| number.effect == NumberEffect::Dark)?;
    let address = Address::parse(&spot.provider)?;
    let (name, value) = services::shapes_of_kind(&address.kind).into_iter().find_map(Kind::closing_value)?;
    let closed = format!("`{name}: {value}`");
    let change = plan.changes.iter().find(|change| change.address == address);
    let sets = |change: &crate::plan::Change| {
        let value = ShownValue::Value(CompactValue::Bool(value));
        change.attributes.iter().any(|attribute| attribute.name == name && attribute.after == value)
    };
    if change.is_some_and(sets) {
        return Some(format!("which then has {closed}"));
    }
    let kinds = services::of_kind(&address.kind)?.kinds.iter();
    let mut needed = kinds.filter(|kind| kind.destination_owner().is_some_and(|(_, target)| address.kind == target));
    let needed = needed.next().map(|kind| kind.singular);
    if moves {
        // A new one is closed only by a value that the plan sends.
        let is_new = change.is_some_and(|change| change.action == ChangeAction::Create);
        return Some(match needed {
            Some(needed) if is_new => format!("which has no {needed}"),
            Some(needed) => format!("which has no {needed} or has {closed}"),
            None => format!("which has {closed}"),
        });
    }
    let disconnects =
        |operation: &StepOperation| matches!(operation, StepOperation::Disconnect { number: cut, .. } if *cut == number.number);
    let stays = || {
        !change.is_some_and(|change| matches!(change.action, ChangeAction::Delete | ChangeAction::Replace))
            && !plan.steps.iter().any(|step| disconnects(&step.operation))
    };
    needed.filter(|_| stays()).map(|needed| format!("which then has no {needed}"))
}
