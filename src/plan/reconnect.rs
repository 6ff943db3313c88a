//! Reconnects numbers that were disconnected for a step that then did not happen.

use super::Plan;
use super::link_steps::link_call;
use super::step::{ObjectRef, Prerequisite, Step, StepOperation, StepPhase};
use crate::model::kind::Link;
use crate::model::resource::ServedBy;

/// The outcome of a step, as far as reconnecting depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// It had its effect.
    Done,
    /// It had none.
    NotDone,
    /// The effect is not known.
    Unknown,
}

/// Connects that put numbers back where they were: `r3` undoes the disconnect `s3`. A number is disconnected for the connect
/// that moves it or for the delete of the object that its disconnect belongs to; a number that the YAML removes from a bridge
/// that stays was removed on purpose and is not reconnected here. `link` says how an account connects.
pub fn reconnect_steps(
    plan: &Plan,
    link: &dyn Fn(&str) -> Option<&'static Link>,
    fate: &dyn Fn(&Step) -> StepStatus,
) -> Vec<Step> {
    plan.steps
        .iter()
        .filter(|step| fate(step) != StepStatus::NotDone && is_cut_in_vain(plan, step, fate))
        .filter_map(|step| reconnect_step(step, link(&step.call.account)?))
        .collect()
}

impl Plan {
    /// The connect for which a number is disconnected in this account: in the same account, or else in one that
    /// does not disconnect it.
    pub fn connect_after(&self, account: &str, number: &str) -> Option<&Step> {
        let connects = |step: &&Step| matches!(&step.operation, StepOperation::Connect { number: moved, .. } if moved == number);
        let cuts = |in_account: &str| {
            self.steps.iter().any(|step| {
                step.call.account == in_account
                    && matches!(&step.operation, StepOperation::Disconnect { number: cut, .. } if cut == number)
            })
        };
        let mut all = self.steps.iter().filter(connects);
        let here = all.clone().find(|step| step.call.account == account);
        here.or_else(|| all.find(|step| !cuts(&step.call.account)))
    }
}

/// Whether the purpose of a disconnect did not happen.
fn is_cut_in_vain(plan: &Plan, step: &Step, fate: &dyn Fn(&Step) -> StepStatus) -> bool {
    let StepOperation::Disconnect { bridge, number, .. } = &step.operation else { return false };
    let here = || plan.steps.iter().filter(|other| other.call.account == step.call.account);
    if let Some(connect) = plan.connect_after(&step.call.account, number) {
        // A connect that may have been done is left alone: a second one on another bridge would be worse.
        return fate(connect) == StepStatus::NotDone;
    }
    let deletes = |other: &&Step| {
        matches!(&other.operation, StepOperation::Delete { cut, .. } if cut.iter().any(|(at, cut)| at == bridge && cut == number))
            && other.address == step.address
    };
    here().find(deletes).is_some_and(|delete| fate(delete) != StepStatus::Done)
}

/// The connect that undoes a disconnect; none where it is not known what served the number.
fn reconnect_step(step: &Step, link: &'static Link) -> Option<Step> {
    let StepOperation::Disconnect { bridge, number, before: ServedBy::By { id, .. } } = &step.operation else {
        return None;
    };
    let provider = ObjectRef::Id(id.clone());
    // Both requests name the number by the same entry.
    let entries = step.call.body.as_ref()?.own_entries().clone();
    let named = entries.into_iter().filter(|(name, _)| name != link.target_key);
    Some(Step {
        id: format!("r{}", step.id.trim_start_matches('s')),
        phase: StepPhase::Rewire,
        address: step.address.clone(),
        call: link_call(&step.call.account, link, bridge, Some(&provider), named),
        operation: StepOperation::Connect {
            bridge: ObjectRef::Id(bridge.clone()),
            number: number.clone(),
            provider,
            before: ServedBy::NotThere,
        },
        why: format!("{} cut it for a step that did not happen", step.id),
        waits_for: vec![Prerequisite::Step(step.id.clone())],
    })
}
