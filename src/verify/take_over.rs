//! Objects that are created only after a delete, because the delete frees the numbers that they include.

use super::context::CheckerContext;
use super::shape::{CheckerOperation, CheckerRef, CheckerStep};

/// The delete that a create waits for, because only that frees the numbers that it includes: of the object that it replaces, in
/// the same account.
pub(super) fn freeing_delete<'a>(check: &CheckerContext<'a>, step: &CheckerStep) -> Option<(usize, &'a CheckerStep)> {
    let CheckerOperation::Create { replaces: Some(old), replaces_in: None, .. } = &step.operation else {
        return None;
    };
    let waited_for = step.waits_for.iter().filter_map(|id| check.positions.get(id.as_str()));
    waited_for.map(|place| (*place, &check.plan.steps[*place])).find(|(_, other)| {
        other.call.account == step.call.account
            && other.address == step.address
            && matches!(&other.operation, CheckerOperation::Delete { id, frees, .. } if id == old && !frees.is_empty())
    })
}

/// Whether a step creates such an object, or connects or reads its numbers.
pub(super) fn takes_over(check: &CheckerContext<'_>, step: &CheckerStep) -> bool {
    let made = match &step.operation {
        CheckerOperation::Create { .. } => return freeing_delete(check, step).is_some(),
        CheckerOperation::Connect { bridge: CheckerRef::Step(made), .. }
        | CheckerOperation::ReadBack { bridge: CheckerRef::Step(made), .. } => made,
        _ => return false,
    };
    check.positions.get(made.as_str()).is_some_and(|at| freeing_delete(check, &check.plan.steps[*at]).is_some())
}

/// The configurations that serve the numbers afterwards exist before the numbers are freed: otherwise they would stay dark.
pub(super) fn check_served_before(check: &mut CheckerContext<'_>, delete: usize, taker: &CheckerStep) {
    for (_, step) in check.numbered_steps() {
        let CheckerOperation::Connect { bridge: CheckerRef::Step(at), provider: CheckerRef::Step(made), number, .. } =
            &step.operation
        else {
            continue;
        };
        let waits = *at != taker.id || check.waits[delete].contains(made.as_str());
        let told = format!("frees {number} before {made} has made what serves it then");
        check.require(waits, delete, "/waits_for", &told);
    }
}
