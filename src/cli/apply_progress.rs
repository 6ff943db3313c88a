//! Listeners: requests for `-v`, and how far a plan is that is being carried out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::console::Console;
use crate::apply::ApplyReport;
use crate::apply::event::{ApplyEvent, StepOutcome};
use crate::http::client::{HttpObserver, ObservedAttempt};
use crate::model::call::StepId;
use crate::output::view::report::NextCommand;
use crate::plan::{Plan, Step};

/// Shows every request on standard error, without secrets.
pub(crate) struct RequestPrinter {
    out: Console,
}

impl RequestPrinter {
    /// Shows them there.
    pub(crate) fn new(out: &Console) -> Self {
        Self { out: out.clone() }
    }
}

impl HttpObserver for RequestPrinter {
    fn on_response(&self, seen: &ObservedAttempt<'_>) {
        let status = seen.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let again = seen.retry.map(|(pause, why)| format!("  again in {} ms: {why}", pause.as_millis())).unwrap_or_default();
        let took = seen.took.as_millis();
        self.out.print_stderr(&format!("  {} {} {}  {status}  {took} ms{again}\n", seen.account, seen.method, seen.target));
    }
}

/// How far a plan is that is being carried out.
#[derive(Debug, Default)]
pub(crate) struct ApplyStanding {
    /// The plan; none where none is carried out.
    plan: Option<Arc<Plan>>,
    /// What to run when the process is stopped at once.
    advice: Vec<NextCommand>,
    /// Steps that were started, and the outcome of each completed one.
    begun: BTreeMap<StepId, Option<StepOutcome>>,
    /// Steps whose request was announced: it may have been sent.
    announced: BTreeSet<StepId>,
    /// Steps after the plan: numbers that are connected again.
    reconnects: Vec<Step>,
}

impl ApplyStanding {
    /// A plan of which no step began.
    pub(crate) fn of(plan: &Plan, advice: Vec<NextCommand>) -> Self {
        Self { plan: Some(Arc::new(plan.clone())), advice, ..Self::default() }
    }

    /// Takes an event of the plan.
    pub(crate) fn hear(&mut self, event: &ApplyEvent) {
        match event {
            ApplyEvent::StepStarted { step } => drop(self.begun.insert(step.clone(), None)),
            ApplyEvent::StepEnded { step, outcome, .. } => {
                self.begun.insert(step.clone(), Some(outcome.clone()));
            }
            ApplyEvent::Reconnecting { steps } => self.reconnects.clone_from(steps),
            ApplyEvent::Started { .. } | ApplyEvent::Interrupted => {}
        }
    }

    /// The request of this step is sent next.
    pub(crate) fn announce(&mut self, step: &StepId) {
        self.announced.insert(step.clone());
    }

    /// A step of the plan, or one beyond it.
    pub(crate) fn step(&self, id: &str) -> Option<Step> {
        let planned = self.plan.iter().flat_map(|plan| &plan.steps);
        planned.chain(&self.reconnects).find(|step| step.id == id).cloned()
    }

    /// The report of a run that is stopped here, with its plan and the advice: of what was begun and has not ended nobody knows
    /// more than that its request may have been sent.
    pub(crate) fn report_if_stopped(&self) -> Option<(Arc<Plan>, ApplyReport, Vec<NextCommand>)> {
        let plan = self.plan.clone()?;
        let of = |step: &Step| match self.begun.get(&step.id) {
            Some(Some(outcome)) => outcome.clone(),
            Some(None) if self.announced.contains(&step.id) => {
                StepOutcome::unknown("its request may have been sent; the run did not wait for the answer")
            }
            Some(None) | None => StepOutcome::not_started("the run was stopped at once"),
        };
        let report = ApplyReport {
            outcomes: plan.steps.iter().map(|step| (step.id.clone(), of(step))).collect(),
            reconnected: self.reconnects.iter().map(|step| (step.clone(), of(step))).collect(),
            still_shown: BTreeMap::new(),
            row_names: BTreeMap::new(),
            interrupted: true,
            seen: BTreeMap::new(),
            ledger_error: None,
        };
        Some((plan, report, self.advice.clone()))
    }
}
