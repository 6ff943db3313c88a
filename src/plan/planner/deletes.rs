//! Deletes: what they wait for, and what prevents them from being planned.

use std::collections::BTreeSet;

use super::Planner;
use crate::model::resource::Address;
use crate::plan::Inputs;
use crate::plan::change::{Change, ChangeAction, attributes_of_deleted_object};
use crate::plan::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use crate::plan::removal::LeavingObject;
use crate::plan::step::{ObjectRef, Prerequisite, StepOperation, StepPhase};
use crate::plan::unnumbered_step::{self, delete_step_name};

impl<'a> Planner<'a> {
    /// Deletes come last, each after every read-back of the plan: one failed disconnect stops them all.
    pub(super) fn plan_deletes(&mut self, inputs: &Inputs<'a>) {
        let leaving = std::mem::take(&mut self.leaving);
        let destinations = self.destinations_made(inputs, &leaving);
        for gone in &leaving {
            let name = delete_step_name(gone.account, gone.kind.name, &gone.live.id);
            let known = self.delete_prerequisites.get(&name);
            let (cut, freed_by, frees, prior_connections) = known.map_or_else(Default::default, |cuts| {
                (cuts.cut.clone(), cuts.freed_by.clone(), cuts.frees.clone(), cuts.prior_connections.clone())
            });
            let account = inputs.live.accounts.get(gone.account).filter(|_| gone.kind.connected);
            let holders = inputs.desired.accounts.get(gone.account).map_or(&[][..], |it| it.service.kinds);
            let holders: BTreeSet<&str> = holders.iter().filter(|kind| kind.link.is_some()).map(|kind| kind.name).collect();
            let unread = account.into_iter().flat_map(|it| holders.iter().flat_map(|kind| it.opaque_objects(kind)));
            let unread: Vec<String> = unread.map(str::to_owned).collect();
            self.refuse_unread_use(inputs, gone, &unread);
            let mut draft = unnumbered_step::delete_step(
                inputs,
                gone.account,
                Some(gone.address),
                gone.kind,
                gone.live,
                cut,
                frees,
                unread,
                prior_connections,
            );
            if let StepOperation::Delete { unread, .. } = &draft.step.operation
                && !unread.is_empty()
            {
                draft.step.why.push_str(&format!("; not read: {}", unread.join(", ")));
            }
            let mut waits_for: BTreeSet<String> = freed_by;
            match self.freeing_deletes.get(&name) {
                // Its replacement comes after it.
                Some(needed) => waits_for.extend(needed.iter().cloned()),
                None => waits_for.extend(gone.replacement.iter().filter_map(|heir| match heir {
                    ObjectRef::Step(step) => Some(step.clone()),
                    ObjectRef::Id(_) => None,
                })),
            }
            let made = destinations.get(&(gone.account.to_owned(), gone.address.clone())).into_iter().flatten();
            waits_for.extend(made.filter(|made| !self.waits_for_step(made, &name)).cloned());
            let steps = waits_for.into_iter().map(Prerequisite::Step);
            draft.step.waits_for = steps.chain([Prerequisite::Phase(StepPhase::ReadBack)]).collect();
            self.check_products_seen(inputs, gone, &mut draft.step);
            self.drafts.push(draft);
            if let Some(word) = gone.kind.delete.end_word().filter(|_| gone.kind.delete.hides_numbers()) {
                let detail = Some(format!("{} {}, which will be {word}", gone.kind.singular, gone.live.id));
                let notice = PlanNotice::about(NoticeCode::NumbersNotSeen, gone.account, Some(gone.address), detail);
                self.remarks.notices.push(notice);
            }
            if gone.replacement.is_none() {
                let attributes = attributes_of_deleted_object(gone.live, gone.kind);
                self.changes.insert(
                    gone.address.clone(),
                    Change {
                        address: gone.address.clone(),
                        account: gone.account.to_owned(),
                        from_account: None,
                        also_leaves: Vec::new(),
                        action: ChangeAction::Delete,
                        id: Some(gone.live.id.clone()),
                        attributes,
                        reason: Some(gone.reason_with_end()),
                        steps: Vec::new(),
                    },
                );
            }
        }
        self.leaving = leaving;
    }

    /// Whether a draft waits for another one.
    fn waits_for_step(&self, draft: &str, other: &str) -> bool {
        let mut drafts = self.drafts.iter().filter(|it| it.step.id == draft);
        drafts.any(|it| it.step.steps_waited_for().any(|id| id == other))
    }

    /// An object that may be used by something unreadable is deleted only when a limit allows it (unpod.md 6.2, 10.1).
    fn refuse_unread_use(&mut self, inputs: &Inputs<'a>, gone: &LeavingObject<'a>, unread: &[String]) {
        let count = unread.len();
        if count as u64 <= inputs.options.max_unreadable_bridges.unwrap_or(0) {
            return;
        }
        let generation = inputs.facts_of_account(gone.account).generation;
        let account = inputs.desired.accounts.get(gone.account);
        let holder = account.and_then(|account| account.service.link_holder(generation)).map(|it| it.0);
        let holders = holder.map_or("", |kind| if count == 1 { kind.singular } else { kind.name });
        self.remarks.refusals.push(PlanRefusal::about(
            RefusalCode::UnreadableBridges,
            gone.account,
            gone.address,
            format!(
                "{holders} {} cannot be read and may use what would be deleted; `--max-unreadable-bridges {count}` allows it",
                unread.join(", "),
            ),
        ));
    }

    /// A delete that is refused because the users of its object are not known does not state that nothing uses it.
    pub(super) fn mark_uncertain_deletes(&mut self, inputs: &Inputs<'a>) {
        let codes = [RefusalCode::AmbiguousConnection, RefusalCode::UnreadableBridges];
        let doubted = self.remarks.refusals.iter().filter(|refusal| codes.contains(&refusal.code));
        let doubted: BTreeSet<&Address> = doubted.flat_map(|refusal| &refusal.addresses).collect();
        for step in self.drafts.iter_mut().map(|draft| &mut draft.step) {
            let StepOperation::Delete { cut, frees, .. } = &step.operation else { continue };
            let doubted = step.address.as_ref().is_some_and(|address| doubted.contains(address));
            let account = inputs.live.accounts.get(&step.call.account);
            let doubted = doubted || account.is_some_and(|live| live.connections_failure.is_some());
            if cut.is_empty() && frees.is_empty() && doubted {
                "it is not known what uses it; see the refusal".clone_into(&mut step.why);
            }
        }
    }
}
