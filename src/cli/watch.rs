//! Listeners: requests for `-v`, and the events of an apply as lines for people or programs.

use std::sync::Mutex;
use std::time::Instant;

use super::out::Out;
use crate::api::http::{Seen, Watch};
use crate::call::StepId;
use crate::event::{Event, Observer};
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
    ended: Mutex<Ends>,
    /// Steps beyond the plan: numbers that are connected again.
    more: Mutex<Vec<Step>>,
}

impl<'a> Progress<'a> {
    /// Shows the steps of this plan.
    pub(crate) fn new(out: &'a Out, plan: &'a Plan) -> Self {
        Self { out, plan, ended: Mutex::default(), more: Mutex::default() }
    }

    /// When each step ended.
    pub(crate) fn ends(&self) -> Ends {
        self.ended.lock().map(|ended| ended.clone()).unwrap_or_default()
    }

    fn step(&self, id: &str) -> Option<Step> {
        let planned = self.plan.steps.iter().find(|step| step.id == id).cloned();
        planned.or_else(|| self.more.lock().ok()?.iter().find(|step| step.id == id).cloned())
    }
}

/// Steps and when each ended, in that order.
pub(crate) type Ends = Vec<(StepId, Instant)>;

impl Observer for Progress<'_> {
    fn hear(&self, event: &Event) {
        if let (Event::StepEnded { step, .. }, Ok(mut ended)) = (event, self.ended.lock()) {
            ended.push((step.clone(), Instant::now()));
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
            Event::Reconnecting { steps } => {
                if let Ok(mut more) = self.more.lock() {
                    more.clone_from(steps);
                }
            }
            Event::Started { .. } | Event::StepStarted { .. } => {}
        }
    }
}
