//! Where numbers join a bridge only when it is made, one that is replaced goes first: that frees its numbers, and the new one
//! takes them along (unpod.md 6.2). What the numbers move to is there before, and the deletes of the rest come as always.

use super::Planner;
use crate::plan::draft::delete_name;
use crate::plan::step::{Operation, Phase, Ref};
use crate::resource::Address;

impl Planner<'_> {
    /// Puts the create of each such bridge, and what is connected on it, behind the delete that frees its numbers.
    pub(super) fn take_over(&mut self) {
        let frees =
            |delete: &str| self.cuts.iter().any(|cuts| cuts.delete == delete && !cuts.frees.is_empty());
        let takers = self.leaving.iter().filter(|gone| !gone.across).filter_map(|gone| {
            let Some(Ref::Step(create)) = &gone.heir else { return None };
            let delete = delete_name(gone.account, gone.kind.name, &gone.live.id);
            let joins = gone.kind.link.is_some_and(|link| link.assigned_on_create.is_some());
            (joins && frees(&delete)).then(|| (create.clone(), delete, gone.address))
        });
        let takers: Vec<(String, String, &Address)> = takers.collect();
        for (create, delete, address) in takers {
            if let Some(reason) = self.changes.get_mut(address).and_then(|change| change.reason.as_mut()) {
                *reason = reason.replace(
                    "a new one is made, its numbers move, the old one is deleted",
                    "the old one is deleted, which frees its numbers, and a new one is made that takes them along",
                );
            }
            let at = Ref::Step(create.clone());
            let mut needed = Vec::new();
            let subject = self.drafts.iter().find(|draft| draft.step.id == create);
            let subject = subject.map(|draft| draft.subject.clone()).unwrap_or_default();
            for draft in &mut self.drafts {
                draft.turn = match &draft.step.operation {
                    Operation::Create { .. } if draft.step.id == create => {
                        draft.step.waits_for.push(delete.clone());
                        "it takes the place of what was deleted, and its numbers along: here they join a bridge only when it is made"
                            .clone_into(&mut draft.step.why);
                        0
                    }
                    Operation::Connect { bridge, provider, .. } if *bridge == at => {
                        if let Ref::Step(made) = provider {
                            needed.push(made.clone());
                        }
                        1
                    }
                    Operation::ReadBack { bridge, .. } if *bridge == at => 2,
                    _ => continue,
                };
                draft.rank = 0;
                draft.subject.clone_from(&subject);
                draft.step.phase = Phase::TakeOver;
            }
            self.takers.insert(delete, needed);
        }
    }
}
