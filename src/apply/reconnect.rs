//! After a run that ended in part: numbers that were cut for a step that did not happen are connected again to the
//! configuration that they had. What is to be connected is in [`crate::plan::reconnects`]; here it is carried out.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Run;
use crate::backend;
use crate::call::StepId;
use crate::event::{Event, Outcome};
use crate::plan::{self, Fate, Operation, Ref, Step};
use crate::probe::{self, Seat};

impl Run<'_> {
    /// Connects what was cut in vain, one number after the other, and says how each ended.
    pub(super) async fn reconnect(&self, outcomes: &BTreeMap<StepId, Outcome>) -> Vec<(Step, Outcome)> {
        let fate = |step: &Step| match outcomes.get(&step.id) {
            Some(Outcome::Done { .. }) if self.only_found(step) => Fate::NotDone,
            Some(Outcome::Done { .. }) => Fate::Done,
            Some(Outcome::Unknown { .. }) => Fate::Unknown,
            _ => Fate::NotDone,
        };
        let link = |account: &str| {
            let facts = &self.apply.live.accounts.get(account)?.facts;
            backend::shape("bridges", facts.generation)?.link
        };
        let steps = plan::reconnects(self.apply.plan, &link, &fate);
        if steps.is_empty() {
            return Vec::new();
        }
        self.apply.observer.hear(&Event::Reconnecting { steps: steps.clone() });
        let mut ended = Vec::with_capacity(steps.len());
        for step in steps {
            let lost = self.ledger_error.lock().is_ok_and(|error| error.is_some());
            let (outcome, milliseconds) = if lost {
                (Outcome::not_started("the ledger could not be saved"), 0)
            } else if let Some(why) = self.gone(&step).await {
                (Outcome::not_started(why), 0)
            } else {
                self.step(&step).await
            };
            self.apply.observer.hear(&Event::StepEnded {
                step: step.id.clone(),
                outcome: outcome.clone(),
                milliseconds,
            });
            ended.push((step, outcome));
        }
        ended
    }

    /// What bridges show of numbers that were cut, read once more: nothing is called dark that is not. Where a bridge cannot be
    /// read, the answers to the disconnects stand.
    pub(super) async fn still_shown(&self, outcomes: &BTreeMap<StepId, Outcome>) -> BTreeMap<StepId, String> {
        let mut shown = BTreeMap::new();
        let mut bridges: BTreeMap<(&str, &str), Option<BTreeMap<String, Seat>>> = BTreeMap::new();
        for step in &self.apply.plan.steps {
            let Operation::Disconnect { bridge, number, .. } = &step.operation else { continue };
            if !outcomes.get(&step.id).is_some_and(Outcome::is_done) {
                continue;
            }
            let at = (step.call.account.as_str(), bridge.as_str());
            if let Entry::Vacant(entry) = bridges.entry(at) {
                let seats = match self.target(step) {
                    Ok(target) => {
                        probe::bridge(&self.read(), target.account, target.kind, target.facts, bridge)
                            .await
                            .unwrap_or_default()
                    }
                    Err(_) => None,
                };
                entry.insert(seats);
            }
            let seat = bridges[&at].as_ref().and_then(|seats| seats.get(number));
            if let Some(seat @ (Seat::By(_) | Seat::Unknown)) = seat {
                shown.insert(step.id.clone(), seat.words());
            }
        }
        shown
    }

    /// Whether a disconnect is done because somebody else had cut the number before: that is not ours to take back.
    fn only_found(&self, step: &Step) -> bool {
        let sent = self.sent.lock();
        matches!(step.operation, Operation::Disconnect { .. })
            && sent.is_ok_and(|sent| !sent.contains_key(&step.id))
    }

    /// Why a number cannot have its configuration back: that is looked at right before.
    async fn gone(&self, step: &Step) -> Option<String> {
        let Operation::Connect { provider: Ref::Id(id), .. } = &step.operation else { return None };
        let account = self.apply.account(&step.call.account)?;
        let facts = &self.apply.live.accounts.get(&account.name)?.facts;
        let kind = backend::shape("providers", facts.generation)?;
        match probe::object(&self.read(), account, kind, facts, self.apply.key, id).await {
            Ok(Some(_)) => None,
            Ok(None) => Some(format!("{} {id} is gone", kind.singular)),
            Err(error) => Some(format!("nobody knows whether {} {id} is there: {error}", kind.singular)),
        }
    }
}
