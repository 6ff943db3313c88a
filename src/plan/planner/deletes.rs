//! Deletes: what they wait for, and what keeps them from being planned.

use std::collections::BTreeSet;

use super::Planner;
use crate::plan::Inputs;
use crate::plan::change::{Action, Change, of_deleted};
use crate::plan::draft::{self, delete_name};
use crate::plan::note::{Refusal, RefusalCode};
use crate::plan::removal::LeavingObject;
use crate::plan::step::{Operation, Phase, Ref};

impl<'a> Planner<'a> {
    /// Deletes come last, each after every read-back of the plan (spec 5): one connection that could not be cut stops them all.
    pub(super) fn deletes(&mut self, inputs: &Inputs<'a>) {
        let read_backs: Vec<String> = self
            .drafts
            .iter()
            .filter(|draft| draft.step.phase == Phase::ReadBack)
            .map(|draft| draft.step.id.clone())
            .collect();
        let leaving = std::mem::take(&mut self.leaving);
        for gone in &leaving {
            let name = delete_name(gone.account, gone.kind.name, &gone.live.id);
            let known = self.cuts.iter().find(|cuts| cuts.delete == name);
            let (cut, freed_by, frees, seats) = known.map_or_else(Default::default, |cuts| {
                (cuts.cut.clone(), cuts.freed_by.clone(), cuts.frees.clone(), cuts.seats.clone())
            });
            let account = inputs.live.accounts.get(gone.account).filter(|_| gone.kind.connected);
            let holders = inputs.desired.accounts.get(gone.account).map_or(&[][..], |it| it.backend.kinds);
            let holders: BTreeSet<&str> =
                holders.iter().filter(|kind| kind.link.is_some()).map(|kind| kind.name).collect();
            let unread = account.into_iter().flat_map(|it| holders.iter().flat_map(|kind| it.opaque(kind)));
            let unread: Vec<String> = unread.map(str::to_owned).collect();
            self.refuse_unread(inputs, gone, &unread);
            let mut draft = draft::delete(
                inputs,
                gone.account,
                Some(gone.address),
                gone.kind,
                gone.live,
                cut,
                frees,
                unread,
                seats,
            );
            if let Operation::Delete { unread, .. } = &draft.step.operation
                && !unread.is_empty()
            {
                draft.step.why.push_str(&format!("; not read: {}", unread.join(", ")));
            }
            let mut waits_for: BTreeSet<String> = read_backs.iter().cloned().chain(freed_by).collect();
            match self.takers.get(&name) {
                // What takes its place comes after it.
                Some(needed) => waits_for.extend(needed.iter().cloned()),
                None => waits_for.extend(gone.heir.iter().filter_map(|heir| match heir {
                    Ref::Step(step) => Some(step.clone()),
                    Ref::Id(_) => None,
                })),
            }
            draft.step.waits_for = waits_for.into_iter().collect();
            self.seen_by_product(inputs, gone, &mut draft.step);
            self.drafts.push(draft);
            if gone.heir.is_none() {
                let attributes = of_deleted(gone.live, gone.kind);
                self.changes.insert(
                    gone.address.clone(),
                    Change {
                        address: gone.address.clone(),
                        account: gone.account.to_owned(),
                        from_account: None,
                        also_leaves: Vec::new(),
                        action: Action::Delete,
                        id: Some(gone.live.id.clone()),
                        attributes,
                        reason: Some(gone.reason.clone()),
                        steps: Vec::new(),
                    },
                );
            }
        }
        self.leaving = leaving;
    }

    /// What may be used by something that cannot be read is deleted only when that is allowed by number (unpod.md 6.2, 10.1).
    fn refuse_unread(&mut self, inputs: &Inputs<'a>, gone: &LeavingObject<'a>, unread: &[String]) {
        let count = unread.len();
        if count as u64 <= inputs.options.max_unreadable_bridges.unwrap_or(0) {
            return;
        }
        let bridges = if count == 1 { "bridge" } else { "bridges" };
        let it = if count == 1 { "it" } else { "they" };
        self.refusals.push(Refusal {
            code: RefusalCode::UnreadableBridges,
            account: gone.account.to_owned(),
            address: Some(gone.address.clone()),
            attribute: None,
            detail: format!(
                "{bridges} {} cannot be read, so {it} may use {} {}; `--max-unreadable-bridges {count}` allows it",
                unread.join(", "),
                gone.kind.singular,
                gone.live.id
            ),
            place: None,
        });
    }

    /// A delete that is refused because nobody knows what uses its object does not say that nothing does.
    pub(super) fn admit_doubt(&mut self, inputs: &Inputs<'a>) {
        for step in self.drafts.iter_mut().map(|draft| &mut draft.step) {
            let Operation::Delete { cut, frees, .. } = &step.operation else { continue };
            let doubted = self.refusals.iter().any(|refusal| {
                matches!(refusal.code, RefusalCode::AmbiguousConnection | RefusalCode::UnreadableBridges)
                    && refusal.address == step.address
            });
            let account = inputs.live.accounts.get(&step.call.account);
            let doubted = doubted || account.is_some_and(|live| live.unlinked.is_some());
            if cut.is_empty() && frees.is_empty() && doubted {
                "it cannot be told what uses it; see the refusal".clone_into(&mut step.why);
            }
        }
    }
}
