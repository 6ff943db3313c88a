//! The way back for numbers that were cut for the sake of a step that then did not happen.

use indexmap::IndexMap;

use super::Plan;
use super::step::{Operation, Phase, Ref, Served, Step};
use crate::call::{Body, Call, Method};
use crate::kind::Link;

/// What became of a step, as far as the way back depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It had its effect.
    Done,
    /// It had none.
    NotDone,
    /// Nobody can tell.
    Unknown,
}

/// Connects that put numbers back where they were: `r3` takes back what `s3` cut. A number is cut for the connect that moves it
/// or for the delete of the object that its disconnect belongs to; one that the YAML takes off a bridge that stays was removed
/// on purpose and has no way back here. `link` says how an account connects.
pub fn reconnects(
    plan: &Plan,
    link: &dyn Fn(&str) -> Option<&'static Link>,
    fate: &dyn Fn(&Step) -> Fate,
) -> Vec<Step> {
    plan.steps
        .iter()
        .filter(|step| fate(step) != Fate::NotDone && in_vain(plan, step, fate))
        .filter_map(|step| back(step, link(&step.call.account)?))
        .collect()
}

impl Plan {
    /// The connect that a number is cut for in this account: there, or else in an account that does not cut it.
    pub fn connect_after(&self, account: &str, number: &str) -> Option<&Step> {
        let connects = |step: &&Step| matches!(&step.operation, Operation::Connect { number: moved, .. } if moved == number);
        let cuts = |in_account: &str| {
            self.steps.iter().any(|step| {
                step.call.account == in_account
                    && matches!(&step.operation, Operation::Disconnect { number: cut, .. } if cut == number)
            })
        };
        let mut all = self.steps.iter().filter(connects);
        let here = all.clone().find(|step| step.call.account == account);
        here.or_else(|| all.find(|step| !cuts(&step.call.account)))
    }
}

/// Whether what a disconnect was for did not happen.
fn in_vain(plan: &Plan, step: &Step, fate: &dyn Fn(&Step) -> Fate) -> bool {
    let Operation::Disconnect { bridge, number, .. } = &step.operation else { return false };
    let here = || plan.steps.iter().filter(|other| other.call.account == step.call.account);
    if let Some(connect) = plan.connect_after(&step.call.account, number) {
        // A connect that may have been done is left alone: a second one on another bridge would be worse.
        return fate(connect) == Fate::NotDone;
    }
    let deletes = |other: &&Step| {
        matches!(&other.operation, Operation::Delete { cut, .. } if cut.iter().any(|(at, cut)| at == bridge && cut == number))
            && other.address == step.address
    };
    here().find(deletes).is_some_and(|delete| fate(delete) != Fate::Done)
}

/// The connect that takes a disconnect back; none where nobody knows who served the number.
fn back(step: &Step, link: &'static Link) -> Option<Step> {
    let Operation::Disconnect { bridge, number, before: Served::By { id, .. } } = &step.operation else {
        return None;
    };
    let provider = Ref::Id(id.clone());
    let mut entries = IndexMap::from([(link.target_key.to_owned(), super::link_step::payload(&provider))]);
    // Both requests call the number by the same entry.
    entries.extend(step.call.body.as_ref()?.entries().clone());
    Some(Step {
        id: format!("r{}", step.id.trim_start_matches('s')),
        phase: Phase::Rewire,
        address: step.address.clone(),
        call: Call {
            account: step.call.account.clone(),
            method: Method::Post,
            path: link.connect.replace("{id}", bridge),
            query: Vec::new(),
            headers: Vec::new(),
            body: Some(Body::Object(entries)),
        },
        operation: Operation::Connect {
            bridge: Ref::Id(bridge.clone()),
            number: number.clone(),
            provider,
            before: Served::NotThere,
        },
        why: format!("{} cut it for a step that did not happen", step.id),
        waits_for: vec![step.id.clone()],
    })
}
