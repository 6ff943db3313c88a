//! Creates that only the journal knows, because the run that sent them was cut off or its ledger was lost. A second POST might
//! make a second object: one that nobody sees (carrierx.md 7.1), or one beside a first that is still being made (unpod.md 5.4).

use std::collections::BTreeMap;

use crate::backend;
use crate::document::v1::{Operation, Step};
use crate::journal::{self, End, Journal, Record, Run, StepRecord, Verdict};
use crate::ledger::{Attempt, Ledger, Watched, natural_key};
use crate::resource::Address;

/// Enters them into the ledger. Says whether any of them is new to it.
pub(super) fn recall(journal: &Journal, ledger: &mut Ledger) -> bool {
    let known = ledger.journal.as_ref().map_or(0, |head| head.seq);
    let mut open: BTreeMap<Address, Attempt> = BTreeMap::new();
    let mut new = false;
    for run in journal::runs(&journal.lines) {
        for (step, record) in run.started.plan.steps.iter().zip(&run.steps) {
            note(&mut open, step, record, known);
            if let Some(create) = unanswered(&run, step, record, known) {
                new |= ledger.watch(create);
            }
        }
    }
    open.retain(|address, _| !ledger.objects.contains_key(address) && !ledger.attempts.contains_key(address));
    new |= !open.is_empty();
    ledger.attempts.extend(open);
    if new && journal.head().seq > known {
        // From here on the ledger knows of them, and what a human says about them stays said.
        ledger.journal = Some(journal.head());
    }
    new
}

fn hides(address: &Address) -> bool {
    backend::shapes(&address.kind).iter().any(|kind| kind.hidden_until_verified)
}

/// A create whose end nobody recorded, or that ended unknown after the ledger's last word.
fn unanswered(run: &Run<'_>, step: &Step, record: &StepRecord<'_>, known: u64) -> Option<Watched> {
    let Operation::Create { key, .. } = &step.operation else { return None };
    let address = step.address.as_deref().and_then(Address::parse).filter(|address| !hides(address))?;
    let intent = record.intent?;
    let open = match record.end() {
        None => !matches!(record.settled, Some((Verdict::Done | Verdict::NotDone, _))),
        Some(End::Unknown) => intent.seq > known,
        Some(End::Done | End::Damaged | End::Failed | End::Stale | End::NotStarted) => false,
    };
    let Record::Intent { seals, .. } = &intent.record else { return None };
    open.then(|| Watched {
        address,
        account: step.call.account.clone(),
        key: natural_key(key),
        since: intent.at.clone(),
        run: run.id.to_owned(),
        step: step.id.clone(),
        seals: seals.clone(),
    })
}

/// What one step says about an address whose objects hide: begun after the ledger's last word, or over.
fn note(open: &mut BTreeMap<Address, Attempt>, step: &Step, record: &StepRecord<'_>, known: u64) {
    let Some(address) = step.address.as_deref().and_then(Address::parse) else {
        return;
    };
    let Some(intent) = record.intent.filter(|intent| hides(&address) && intent.seq > known) else { return };
    match &step.operation {
        Operation::Create { key, .. } => match record.end() {
            // Done: it is there, and perhaps not to be seen yet.
            None | Some(End::Unknown | End::Done | End::Damaged) => {
                let attempt = Attempt {
                    account: step.call.account.clone(),
                    key: natural_key(key),
                    since: intent.at.clone(),
                };
                open.insert(address, attempt);
            }
            Some(End::Failed | End::Stale | End::NotStarted) => drop(open.remove(&address)),
        },
        Operation::Delete { .. } if record.end() == Some(End::Done) => drop(open.remove(&address)),
        _ => {}
    }
}
