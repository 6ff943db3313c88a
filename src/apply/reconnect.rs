//! After a run that ended in part: numbers that were disconnected for a step that did not happen are connected
//! again to their earlier configuration. [`crate::plan::reconnects`] decides what is to be connected; this module
//! does it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::ApplyRun;
use crate::apply::event::{ApplyEvent, StepOutcome};
use crate::model::call::StepId;
use crate::model::resource::ServedBy;
use crate::plan::{self, ObjectRef, Step, StepOperation, StepStatus};
use crate::read::one;
use crate::services;

impl ApplyRun<'_> {
    /// Connects what was disconnected in vain, one number after the other, and returns each outcome.
    pub(super) async fn reconnect_numbers(&self, outcomes: &BTreeMap<StepId, StepOutcome>) -> Vec<(Step, StepOutcome)> {
        let fate = |step: &Step| match outcomes.get(&step.id) {
            Some(StepOutcome::Done { .. }) if self.was_cut_already(step) => StepStatus::NotDone,
            Some(StepOutcome::Done { .. }) => StepStatus::Done,
            Some(StepOutcome::Unknown { .. }) => StepStatus::Unknown,
            _ => StepStatus::NotDone,
        };
        let link = |account: &str| {
            let facts = &self.apply.live.accounts.get(account)?.facts;
            let (_, link) = self.apply.declared_account(account)?.service.link_holder(facts.generation)?;
            Some(link)
        };
        let steps = plan::reconnect_steps(self.apply.plan, &link, &fate);
        if steps.is_empty() {
            return Vec::new();
        }
        self.apply.observer.on_event(&ApplyEvent::Reconnecting { steps: steps.clone() });
        let mut ended = Vec::with_capacity(steps.len());
        for step in steps {
            let lost = self.ledger_error.lock().is_ok_and(|error| error.is_some());
            let (outcome, milliseconds) = if lost {
                (StepOutcome::not_started("the ledger could not be saved"), 0)
            } else if let Some(why) = self.why_not_reconnectable(&step).await {
                (StepOutcome::not_started(why), 0)
            } else {
                self.run_step(&step).await
            };
            self.apply.observer.on_event(&ApplyEvent::StepEnded {
                step: step.id.clone(),
                outcome: outcome.clone(),
                milliseconds,
            });
            ended.push((step, outcome));
        }
        ended
    }

    /// What bridges show of disconnected numbers, read once more, so that no number is called dark that is not. Where a bridge
    /// cannot be read, the answers to the disconnects count.
    pub(super) async fn still_shown(&self, outcomes: &BTreeMap<StepId, StepOutcome>) -> BTreeMap<StepId, String> {
        let mut shown = BTreeMap::new();
        let mut bridges: BTreeMap<(&str, &str), Option<BTreeMap<String, ServedBy>>> = BTreeMap::new();
        for step in &self.apply.plan.steps {
            let StepOperation::Disconnect { bridge, number, .. } = &step.operation else { continue };
            if !outcomes.get(&step.id).is_some_and(StepOutcome::is_done) {
                continue;
            }
            let at = (step.call.account.as_str(), bridge.as_str());
            if let Entry::Vacant(entry) = bridges.entry(at) {
                let servers = match self.step_target(step) {
                    Ok(target) => one::read_bridge_servers(
                        &self.read_only(),
                        target.account,
                        target.kind,
                        target.facts,
                        self.apply.key,
                        bridge,
                    )
                    .await
                    .unwrap_or_default(),
                    Err(_) => None,
                };
                entry.insert(servers);
            }
            let Some(account) = self.apply.declared_account(&step.call.account) else { continue };
            let words = account.service.link_words();
            let served = bridges[&at].as_ref().and_then(|servers| servers.get(number));
            if let Some(served) = served.filter(|served| served.may_serve()) {
                shown.insert(step.id.clone(), served.describe(words.target));
            }
        }
        shown
    }

    /// Whether a disconnect is done because someone else had already disconnected the number: this run does not undo that.
    fn was_cut_already(&self, step: &Step) -> bool {
        let sent = self.sent.lock();
        matches!(step.operation, StepOperation::Disconnect { .. }) && sent.is_ok_and(|sent| !sent.contains_key(&step.id))
    }

    /// Why a number cannot get its configuration back: checked right before the connect.
    async fn why_not_reconnectable(&self, step: &Step) -> Option<String> {
        let StepOperation::Connect { provider: ObjectRef::Id(id), .. } = &step.operation else { return None };
        let account = self.apply.declared_account(&step.call.account)?;
        let facts = &self.apply.live.accounts.get(&account.name)?.facts;
        let (roles, target) = (account.service.link_roles()?, account.service.link_words().target);
        for kind in roles.targets.iter().filter_map(|kind| services::shape_of_generation(kind, facts.generation)) {
            match one::read_object_by_id(&self.read_only(), account, kind, facts, self.apply.key, id).await {
                Ok(Some(_)) => return None,
                Ok(None) => {}
                Err(error) => return Some(format!("it is not known whether {target} {id} exists: {error}")),
            }
        }
        (!roles.served_by_others).then(|| format!("{target} {id} no longer exists"))
    }
}
