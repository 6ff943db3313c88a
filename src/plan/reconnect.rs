//! Reconnects numbers that were disconnected for a step that then did not happen.

use std::collections::{BTreeMap, BTreeSet};

use super::Plan;
use super::link_steps::link_call;
use super::step::{ObjectRef, Prerequisite, Step, StepOperation, StepPhase};
use crate::model::kind::Link;
use crate::model::resource::{Address, ServedBy};

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
    let (numbers, deletes) = (NumberIndex::new(plan), deletes_by_cut(plan));
    plan.steps
        .iter()
        .filter(|step| fate(step) != StepStatus::NotDone && is_cut_in_vain(&numbers, &deletes, step, fate))
        .filter_map(|step| reconnect_step(step, link(&step.call.account)?))
        .collect()
}

/// The steps that connect and disconnect each number.
#[derive(Debug)]
pub struct NumberIndex<'a> {
    connects: BTreeMap<&'a str, Vec<&'a Step>>,
    /// Accounts and the numbers that are disconnected there.
    cuts: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> NumberIndex<'a> {
    /// Reads the plan once.
    pub fn new(plan: &'a Plan) -> Self {
        let mut index = Self { connects: BTreeMap::new(), cuts: BTreeSet::new() };
        for step in &plan.steps {
            match &step.operation {
                StepOperation::Connect { number, .. } => index.connects.entry(number).or_default().push(step),
                StepOperation::Disconnect { number, .. } => _ = index.cuts.insert((&step.call.account, number)),
                _ => {}
            }
        }
        index
    }

    /// The steps that connect a number, in the order of the plan.
    pub fn connects_of(&self, number: &str) -> impl Iterator<Item = &'a Step> {
        self.connects.get(number).into_iter().flatten().copied()
    }

    /// The connect for which a number is disconnected in this account: in the same account, or else in one that
    /// does not disconnect it.
    pub fn connect_after(&self, account: &str, number: &str) -> Option<&'a Step> {
        let here = self.connects_of(number).find(|step| step.call.account == account);
        here.or_else(|| self.connects_of(number).find(|step| !self.cuts.contains(&(step.call.account.as_str(), number))))
    }
}

/// Account, address, bridge and number of each connection that is removed for a delete, with that delete.
type DeletesByCut<'a> = BTreeMap<(&'a str, Option<&'a Address>, &'a str, &'a str), &'a Step>;

fn deletes_by_cut(plan: &Plan) -> DeletesByCut<'_> {
    let mut deletes = DeletesByCut::new();
    for step in &plan.steps {
        let StepOperation::Delete { cut, .. } = &step.operation else { continue };
        for (bridge, number) in cut {
            deletes.entry((&step.call.account, step.address.as_ref(), bridge, number)).or_insert(step);
        }
    }
    deletes
}

/// Whether the purpose of a disconnect did not happen.
fn is_cut_in_vain(
    numbers: &NumberIndex<'_>,
    deletes: &DeletesByCut<'_>,
    step: &Step,
    fate: &dyn Fn(&Step) -> StepStatus,
) -> bool {
    let StepOperation::Disconnect { bridge, number, .. } = &step.operation else { return false };
    let account = step.call.account.as_str();
    if let Some(connect) = numbers.connect_after(account, number) {
        // A connect that may have been done is left alone: a second one on another bridge would be worse.
        return fate(connect) == StepStatus::NotDone;
    }
    let delete = deletes.get(&(account, step.address.as_ref(), bridge.as_str(), number.as_str()));
    delete.is_some_and(|delete| fate(delete) != StepStatus::Done)
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
        call: link_call(&step.call.account, link, bridge, Some(&provider), None, named),
        operation: StepOperation::Connect {
            bridge: ObjectRef::Id(bridge.clone()),
            number: number.clone(),
            provider,
            before: ServedBy::NotThere,
        },
        why: format!("{} disconnected it for a step that did not happen", step.id),
        waits_for: vec![Prerequisite::Step(step.id.clone())],
    })
}
