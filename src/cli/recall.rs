//! Creates of what stays invisible that only the journal knows: the ledger that noted them was lost. A second POST might make a
//! second object that nobody sees (carrierx.md 7.1), so they are noted again and a human decides.

use std::collections::BTreeMap;

use super::exit::Failure;
use crate::backend;
use crate::document::v1::{Operation, Step};
use crate::journal::{self, End, StepRecord};
use crate::ledger::{Attempt, Ledger, Store, natural_key};
use crate::resource::Address;

/// Enters them into the ledger and saves it. The ledger's lock must be held.
pub(super) async fn recall(store: &Store, ledger: &mut Ledger) -> Result<(), Failure> {
    // A journal that cannot be read stops the run before its first request; it says so then.
    let Ok(journal) = journal::read(store.place()).await else { return Ok(()) };
    let known = ledger.journal.as_ref().map_or(0, |head| head.seq);
    if journal.head().seq <= known {
        return Ok(());
    }
    let mut open: BTreeMap<Address, Attempt> = BTreeMap::new();
    for run in journal::runs(&journal.lines) {
        for (step, record) in run.started.plan.steps.iter().zip(&run.steps) {
            note(&mut open, step, record, known);
        }
    }
    open.retain(|address, _| !ledger.objects.contains_key(address) && !ledger.attempts.contains_key(address));
    if open.is_empty() {
        return Ok(());
    }
    ledger.attempts.extend(open);
    // From here on the ledger knows of them, and what a human says about them stays said.
    ledger.journal = Some(journal.head());
    store.save(ledger).await?;
    Ok(())
}

/// What one step says about its address: begun after the ledger's last word, or over.
fn note(open: &mut BTreeMap<Address, Attempt>, step: &Step, record: &StepRecord<'_>, known: u64) {
    let Some(address) = step.address.as_deref().and_then(Address::parse) else {
        return;
    };
    let hidden = backend::shapes(&address.kind).iter().any(|kind| kind.hidden_until_verified);
    let Some(intent) = record.intent.filter(|intent| hidden && intent.seq > known) else { return };
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
