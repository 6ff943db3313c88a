//! What is made only after a delete, because that frees what it takes along.

use super::check::Check;
use super::shape::{Operation, Ref, Step};

/// The delete that a create waits for, because only that frees the numbers which it takes along: of the object in whose place it
/// comes, in the same account.
pub(super) fn freed_by<'a>(check: &Check<'a>, step: &Step) -> Option<(usize, &'a Step)> {
    let Operation::Create { replaces: Some(old), replaces_in: None, .. } = &step.operation else {
        return None;
    };
    check.steps().find(|(_, other)| {
        step.waits_for.contains(&other.id)
            && other.call.account == step.call.account
            && other.address == step.address
            && matches!(&other.operation, Operation::Delete { id, frees, .. } if id == old && !frees.is_empty())
    })
}

/// Whether a step makes such an object, or connects or reads what is on it.
pub(super) fn takes_over(check: &Check<'_>, step: &Step) -> bool {
    let made = match &step.operation {
        Operation::Create { .. } => return freed_by(check, step).is_some(),
        Operation::Connect { bridge: Ref::Step(made), .. }
        | Operation::ReadBack { bridge: Ref::Step(made), .. } => made,
        _ => return false,
    };
    check.at.get(made.as_str()).is_some_and(|at| freed_by(check, &check.plan.steps[*at]).is_some())
}

/// What serves the numbers afterwards is there before they are freed: else they would stay dark.
pub(super) fn served_before(check: &mut Check<'_>, delete: usize, taker: &Step) {
    for (_, step) in check.steps() {
        let Operation::Connect { bridge: Ref::Step(at), provider: Ref::Step(made), number, .. } =
            &step.operation
        else {
            continue;
        };
        if *at == taker.id {
            let waits = check.waits[delete].contains(made.as_str());
            let told = format!("frees {number} before {made} has made what serves it then");
            check.must(waits, delete, "/waits_for", &told);
        }
    }
}
