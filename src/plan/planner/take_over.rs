//! Where numbers join a bridge only when it is created, a replaced bridge is deleted first: that frees its numbers, and the
//! new one includes them (unpod.md 6.2). The configurations that the numbers move to exist before, and all other deletes come
//! last as usual.

use super::Planner;
use crate::model::resource::Address;
use crate::plan::step::{ObjectRef, Prerequisite, StepOperation, StepPhase};
use crate::plan::unnumbered_step::delete_step_name;

impl Planner<'_> {
    /// Moves the create of each such bridge, and the connects on it, after the delete that frees its numbers.
    pub(super) fn order_take_overs(&mut self) {
        let frees = |delete: &str| self.delete_prerequisites.get(delete).is_some_and(|cuts| !cuts.frees.is_empty());
        let takers = self.leaving.iter().filter(|gone| !gone.to_other_account).filter_map(|gone| {
            let Some(ObjectRef::Step(create)) = &gone.replacement else { return None };
            let delete = delete_step_name(gone.account, gone.kind.name, &gone.live.id);
            let joins = gone.kind.link.is_some_and(|link| link.assigned_on_create.is_some());
            (joins && frees(&delete)).then(|| (create.clone(), delete, gone.address))
        });
        let takers: Vec<(String, String, &Address)> = takers.collect();
        for (create, delete, address) in takers {
            if let Some(reason) = self.changes.get_mut(address).and_then(|change| change.reason.as_mut()) {
                *reason = reason.replace(
                    "telform creates a new one, moves its numbers and deletes the old one",
                    "telform deletes the old one, which frees its numbers, and creates a new one that includes them",
                );
            }
            let at = ObjectRef::Step(create.clone());
            let mut needed = Vec::new();
            let subject = self.drafts.iter().find(|draft| draft.step.id == create);
            let subject = subject.map(|draft| draft.subject.clone()).unwrap_or_default();
            for draft in &mut self.drafts {
                draft.turn = match &draft.step.operation {
                    StepOperation::Create { .. } if draft.step.id == create => {
                        draft.step.waits_for.push(Prerequisite::Step(delete.clone()));
                        "it replaces what was deleted and takes its numbers along, which can only join when it is created"
                            .clone_into(&mut draft.step.why);
                        0
                    }
                    StepOperation::Connect { bridge, provider, .. } if *bridge == at => {
                        if let ObjectRef::Step(made) = provider {
                            needed.push(made.clone());
                        }
                        1
                    }
                    StepOperation::ReadBack { bridge, .. } if *bridge == at => 2,
                    _ => continue,
                };
                draft.rank = 0;
                draft.subject.clone_from(&subject);
                draft.step.phase = StepPhase::TakeOver;
            }
            self.freeing_deletes.insert(delete, needed);
        }
    }
}
