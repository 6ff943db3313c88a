//! Words that must not leave anything out.

use super::*;
use crate::model::call::Call;

/// A plan with a step of each phase names each in its order.
#[test]
fn the_order_has_every_phase() {
    let mut plan = Plan::from_ledger_updates(Vec::new(), Vec::new());
    let step = |(at, phase): (usize, StepPhase)| Step {
        id: format!("s{}", at + 1),
        phase,
        address: None,
        call: Call::get("main", "things"),
        operation: StepOperation::ReadBack { bridge: ObjectRef::Id("1".to_owned()), numbers: BTreeMap::default() },
        why: String::new(),
        waits_for: Vec::new(),
    };
    plan.steps = StepPhase::ALL.into_iter().enumerate().map(step).collect();
    let named: Vec<String> = StepPhase::ALL.iter().enumerate().map(|(at, it)| format!("{} s{}", it.as_str(), at + 1)).collect();
    assert_eq!(phase_ranges(&plan), named);
}
