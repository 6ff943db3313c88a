//! What earlier undos of the same run did, as far as they came, and what that run may have done.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::numbers::{NumberPlace, RunNumberChange, number_changes};
use super::{DoneStep, UndoBuilder, done_steps};
use crate::model::kind::Kind;
use crate::model::resource::Address;
use crate::plan::{Plan, StepOperation};
use crate::state::journal::{JournalFinding, RecordedRun, RecordedStep, StepEnding};

/// What one earlier undo did.
pub(super) struct EarlierUndo<'a> {
    deeds: Vec<DoneStep<'a>>,
    changes: BTreeMap<NumberPlace, RunNumberChange>,
}

/// What earlier undos did, oldest first.
pub(super) fn earlier_undos<'a>(runs: &'a [(RecordedRun<'a>, Plan)]) -> Vec<EarlierUndo<'a>> {
    let undos = runs.iter().map(|(run, plan)| {
        let deeds = done_steps(run, plan);
        EarlierUndo { changes: number_changes(run, &deeds), deeds }
    });
    undos.collect()
}

impl<'a> UndoBuilder<'a> {
    /// What the last earlier undo left at a number, if one changed it: what serves it.
    pub(super) fn left_by_earlier_undo(&self, place: &NumberPlace) -> Option<Option<String>> {
        self.earlier.iter().rev().find_map(|undo| Some(undo.changes.get(place)?.after.clone()))
    }

    fn earlier_deeds(&self) -> impl Iterator<Item = &DoneStep<'a>> {
        self.earlier.iter().rev().flat_map(|undo| &undo.deeds)
    }

    /// Whether an earlier undo deleted this object.
    pub(super) fn was_deleted_by_earlier_undo(&self, kind: &Kind, id: &str) -> bool {
        self.earlier_deeds().any(|deed| {
            deed.step.address.as_ref().is_some_and(|address| address.kind == kind.name)
                && matches!(&deed.step.operation, StepOperation::Delete { id: gone, .. } if gone == id)
        })
    }

    /// Whether an earlier undo created this object.
    pub(super) fn was_created_by_earlier_undo(&self, id: &str) -> bool {
        self.earlier_deeds().any(|deed| deed.made == Some(id))
    }

    /// The object that an earlier undo created in place of one that the run deleted: its address and id.
    pub(super) fn recreated_by_earlier_undo(&self, then: &Address, account: &str, kind: &Kind) -> Option<(Address, String)> {
        let address = self.today.renamed.get(then).unwrap_or(then);
        let made = self.earlier_deeds().find_map(|deed| {
            let same = deed.step.address.as_ref().is_some_and(|of| of == then || of == address);
            deed.made.filter(|_| same && matches!(deed.step.operation, StepOperation::Create { .. }))
        })?;
        let entry = self.today.ledger.objects.get(address).filter(|entry| entry.account == account && entry.id == made)?;
        let is_there = self.live_objects(account, kind.name).iter().any(|live| live.id == entry.id);
        is_there.then(|| (address.clone(), made.to_owned()))
    }

    /// The object that serves or holds what this one did: an earlier undo may have created it again with another id.
    pub(super) fn id_today<'s>(&'s self, account: &str, kind: &str, id: &'s str) -> &'s str {
        self.remade.get(&(account.to_owned(), kind.to_owned(), id.to_owned())).map_or(id, String::as_str)
    }

    /// An object that the run created in place of another one that is still there: the address means that one again, its numbers move
    /// back, and the new one is deleted.
    pub(super) fn reverse_replacement(&mut self, address: &Address, account: &str, kind: &'static Kind, old: &str) {
        let old = self.live_objects(account, kind.name).iter().find(|live| live.id == old);
        let Some(old) = old else { return };
        let shown = kind.natural_key.iter();
        let key = shown.filter_map(|name| Some((SmolStr::new_static(name), old.attributes.get(name)?.clone()))).collect();
        self.undo.reversed.insert(address.clone(), (old.id.clone(), key));
    }

    /// Steps of the run that may have left something that no reading shows to be theirs.
    pub(super) fn note_unknown_steps(&mut self, run: &RecordedRun<'_>, plan: &Plan) {
        for (step, record) in plan.steps.iter().zip(&run.steps).filter(|(_, record)| record.intent.is_some()) {
            let what = step.address.as_ref().map(ToString::to_string).unwrap_or_default();
            let creates = matches!(step.operation, StepOperation::Create { .. });
            if record.end() == Some(StepEnding::Damaged) {
                self.add_not_undone(what, "the service wrote something other than what was sent");
            } else if creates && is_unknown(record) {
                self.add_not_undone(what, "it is not known whether it was created");
            } else if creates && is_done(record) && record.created_id().is_none() {
                self.add_not_undone(what, "it was created, and the journal does not have its id");
            }
        }
    }
}

/// Whether a step had its effect, as its answer or a later reading shows.
pub(super) fn is_done(record: &RecordedStep<'_>) -> bool {
    record.intent.is_some()
        && (record.end() == Some(StepEnding::Done) || record.settled.is_some_and(|(verdict, _)| verdict == JournalFinding::Done))
}

/// Whether a step was sent, and neither its answer nor a later reading decides.
pub(super) fn is_unknown(record: &RecordedStep<'_>) -> bool {
    let settled = matches!(record.settled, Some((JournalFinding::Done | JournalFinding::NotDone, _)));
    record.intent.is_some() && !settled && matches!(record.end(), None | Some(StepEnding::Unknown))
}
