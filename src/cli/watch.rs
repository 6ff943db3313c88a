//! Listeners: requests for `-v`, and the events of an apply as lines for people or programs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::future::BoxFuture;

use super::out::Out;
use crate::api::http::{Seen, Watch};
use crate::apply::Report;
use crate::call::StepId;
use crate::event::{Event, Observer, Outcome};
use crate::journal::{Head, JournalError, Record, Recorder};
use crate::plan::{Plan, Step};
use crate::view::report;

/// Shows every request on standard error, without secrets.
pub(crate) struct Requests {
    out: Out,
}

impl Requests {
    /// Shows them there.
    pub(crate) fn new(out: &Out) -> Self {
        Self { out: out.clone() }
    }
}

impl Watch for Requests {
    fn seen(&self, seen: &Seen<'_>) {
        let status = seen.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let again = seen
            .again
            .map(|(pause, why)| format!("  again in {} ms: {why}", pause.as_millis()))
            .unwrap_or_default();
        let took = seen.took.as_millis();
        self.out.note(&format!(
            "  {} {} {}  {status}  {took} ms{again}\n",
            seen.account, seen.method, seen.target
        ));
    }
}

/// Shows an apply as it goes.
pub(crate) struct Progress<'a> {
    out: &'a Out,
    plan: &'a Plan,
    seen: Arc<Mutex<Standing>>,
}

/// How far an apply is.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Steps that were begun, and how each ended that did.
    begun: BTreeMap<StepId, Option<Outcome>>,
    /// Steps whose request was announced: it may have been sent.
    announced: BTreeSet<StepId>,
    /// When each ended.
    ends: Ends,
    /// Steps beyond the plan: numbers that are connected again.
    more: Vec<Step>,
}

impl Standing {
    /// The report of a run that is stopped here: of what was begun and has not ended nobody knows more than that its request
    /// may have been sent.
    pub(crate) fn stopped(&self, plan: &Plan) -> Report {
        let of = |step: &Step| match self.begun.get(&step.id) {
            Some(Some(outcome)) => outcome.clone(),
            Some(None) if self.announced.contains(&step.id) => {
                Outcome::unknown("its request may have been sent; nobody waited for the answer")
            }
            Some(None) | None => Outcome::not_started("the run was stopped at once"),
        };
        Report {
            outcomes: plan.steps.iter().map(|step| (step.id.clone(), of(step))).collect(),
            reconnected: self.more.iter().map(|step| (step.clone(), of(step))).collect(),
            shown: BTreeMap::new(),
            rows: BTreeMap::new(),
            interrupted: true,
            seen: BTreeMap::new(),
            ledger_error: None,
        }
    }
}

impl<'a> Progress<'a> {
    /// Shows the steps of this plan.
    pub(crate) fn new(out: &'a Out, plan: &'a Plan) -> Self {
        Self { out, plan, seen: Arc::default() }
    }

    /// When each step ended.
    pub(crate) fn ends(&self) -> Ends {
        self.standing().ends.clone()
    }

    /// How far it is, for whoever wants to know while it goes on.
    pub(crate) fn shared(&self) -> Arc<Mutex<Standing>> {
        Arc::clone(&self.seen)
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(&self, id: &str) -> Option<Step> {
        let planned = self.plan.steps.iter().find(|step| step.id == id).cloned();
        planned.or_else(|| self.standing().more.iter().find(|step| step.id == id).cloned())
    }
}

/// A journal through which the progress hears of each request before it is sent.
pub(crate) struct Announcing<'a> {
    pub journal: &'a dyn Recorder,
    pub standing: Arc<Mutex<Standing>>,
}

impl Recorder for Announcing<'_> {
    fn record<'a>(&'a self, record: Record) -> BoxFuture<'a, Result<(), JournalError>> {
        if let Record::Intent { step, .. } = &record {
            self.standing.lock().unwrap_or_else(PoisonError::into_inner).announced.insert(step.clone());
        }
        self.journal.record(record)
    }

    fn head<'a>(&'a self) -> BoxFuture<'a, Head> {
        self.journal.head()
    }
}

/// Steps and when each ended, in that order.
pub(crate) type Ends = Vec<(StepId, Instant)>;

impl Observer for Progress<'_> {
    fn hear(&self, event: &Event) {
        match event {
            Event::StepStarted { step } => drop(self.standing().begun.insert(step.clone(), None)),
            Event::StepEnded { step, outcome, .. } => {
                let mut standing = self.standing();
                standing.begun.insert(step.clone(), Some(outcome.clone()));
                standing.ends.push((step.clone(), Instant::now()));
            }
            Event::Reconnecting { steps } => self.standing().more.clone_from(steps),
            Event::Started { .. } | Event::Interrupted => {}
        }
        self.out.meter.hear(event);
        if self.out.global.json {
            return self.out.event(event);
        }
        match event {
            Event::StepEnded { step, outcome, milliseconds } => {
                if let (Some(step), false) = (self.step(step), self.out.global.quiet) {
                    self.out.print(&report::ended(&step, outcome, *milliseconds, self.out.reading()));
                }
            }
            Event::Interrupted => {
                self.out.note("interrupted: finishing what is running; once more to stop at once\n")
            }
            Event::Reconnecting { .. } | Event::Started { .. } | Event::StepStarted { .. } => {}
        }
    }
}
