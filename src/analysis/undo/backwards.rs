//! An undo goes backwards: its plan deletes what the run created and nothing else, and what it could not do is not undone.

use super::{NotUndone, Undo};
use crate::apply::ApplyReport;
use crate::model::resource::Address;
use crate::plan::{Plan, Step, StepOperation};

impl Undo {
    /// The first object that a plan deletes although the run did not create it: its address and its id.
    pub fn foreign_delete(&self, plan: &Plan) -> Option<(Address, String)> {
        plan.steps.iter().find_map(|step| match (&step.operation, &step.address) {
            (StepOperation::Delete { id, .. }, Some(address)) if !self.made.contains(id) => Some((address.clone(), id.clone())),
            _ => None,
        })
    }

    /// Leaves an address as it is. Says whether the undo was about it.
    pub fn leave_out(&mut self, address: &Address, why: &str) -> bool {
        self.not_undone.push(NotUndone { what: address.to_string(), why: format!("{why}; left alone"), dark: false });
        self.not_undone.sort();
        self.about.remove(address)
    }
}

/// What is not undone after a run, with the steps that the run did not do.
pub fn with_steps_not_done(left: &[NotUndone], plan: &Plan, report: &ApplyReport) -> Vec<NotUndone> {
    let not_done = plan.steps.iter().filter_map(|step| {
        let outcome = report.outcome(&step.id).filter(|outcome| !outcome.is_done())?;
        let why = format!("{} {}", step.id, outcome.as_str());
        Some(NotUndone { what: subject(step)?, why, dark: false })
    });
    let mut all: Vec<NotUndone> = left.iter().cloned().chain(not_done).collect();
    all.sort();
    all.dedup_by(|a, b| a.what == b.what);
    all
}

/// What a step is about; nothing for a step that only reads.
fn subject(step: &Step) -> Option<String> {
    match &step.operation {
        StepOperation::ReadBack { .. } => None,
        StepOperation::Connect { number, .. } | StepOperation::Disconnect { number, .. } => Some(number.clone()),
        _ => step.address.as_ref().map(ToString::to_string),
    }
}
