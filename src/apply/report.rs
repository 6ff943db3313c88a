//! What an apply did.

use std::collections::BTreeMap;

use crate::apply::event::StepOutcome;
use crate::model::call::StepId;
use crate::model::resource::LiveObject;
use crate::plan::{Plan, Step, StepOperation};
use crate::state::ledger::LedgerError;

/// The outcome of every step.
#[derive(Debug)]
pub struct ApplyReport {
    /// By step, in the order of the plan.
    pub outcomes: Vec<(StepId, StepOutcome)>,
    /// Numbers that were disconnected for a step that did not happen, each with the step that connects it again and its outcome.
    pub reconnected: Vec<(Step, StepOutcome)>,
    /// Disconnects that the service confirmed and whose number its bridge still shows, in words; by step.
    pub still_shown: BTreeMap<StepId, String>,
    /// Objects as they were read right before their request, by step.
    pub seen: BTreeMap<StepId, LiveObject>,
    /// The service's own id of the row of each new object, by step.
    pub row_names: BTreeMap<StepId, String>,
    /// A stop was requested.
    pub interrupted: bool,
    /// The ledger could not be saved after a step; nothing was started after that.
    pub ledger_error: Option<LedgerError>,
}

impl ApplyReport {
    /// Whether every step is done.
    pub fn is_complete(&self) -> bool {
        self.ledger_error.is_none() && self.outcomes.iter().all(|(_, outcome)| outcome.is_done())
    }

    /// Whether nothing was written because an object had changed since the plan.
    pub fn is_stale(&self) -> bool {
        self.outcomes.iter().any(|(_, outcome)| matches!(outcome, StepOutcome::Stale { .. }))
            && self
                .outcomes
                .iter()
                .all(|(_, outcome)| matches!(outcome, StepOutcome::Stale { .. } | StepOutcome::NotStarted { .. }))
    }

    /// Whether no write of this run had an effect, as far as is known.
    pub fn is_untouched(&self, plan: &Plan) -> bool {
        self.outcomes.iter().all(|(id, outcome)| match outcome {
            StepOutcome::Unknown { .. } => false,
            StepOutcome::Done { .. } => {
                plan.step(id).is_some_and(|step| matches!(step.operation, StepOperation::ReadBack { .. }))
            }
            StepOutcome::Failed { written, .. } => !written,
            StepOutcome::Stale { .. } | StepOutcome::NotStarted { .. } => true,
        })
    }

    /// Writes that are done.
    pub fn count_writes(&self, plan: &Plan) -> usize {
        // Outcomes are in the order of the plan.
        let both = self.outcomes.iter().zip(&plan.steps);
        both.filter(|((_, outcome), step)| outcome.is_done() && !matches!(step.operation, StepOperation::ReadBack { .. })).count()
            + self.reconnected.iter().filter(|(_, outcome)| outcome.is_done()).count()
    }

    /// The outcome of a step.
    pub fn outcome(&self, step: &str) -> Option<&StepOutcome> {
        // They are in the order of the plan, whose steps are named by their positions.
        let place = step.strip_prefix('s').and_then(|number| number.parse::<usize>().ok()?.checked_sub(1));
        let at = place.and_then(|place| self.outcomes.get(place)).filter(|(id, _)| id == step);
        at.or_else(|| self.outcomes.iter().find(|(id, _)| id == step)).map(|(_, outcome)| outcome)
    }
}
