//! Creates that only the journal knows, because the run that sent them was interrupted or its ledger was lost. A second POST
//! might create a second object: an invisible one (carrierx.md 7.1), or one beside a first that is still being created
//! (unpod.md 5.4).

use std::collections::BTreeMap;

use crate::document::v1::{Body, LedgerEffect, Operation, Payload, StepV1};
use crate::model::call::BodyValue;
use crate::model::ledger::{Ledger, PendingCreate, UnansweredCreate, natural_key};
use crate::model::resource::Address;
use crate::model::value::Value;
use crate::services;
use crate::state::journal::{self, JournalFinding, JournalRecord, ParsedJournal, RecordedRun, RecordedStep, StepEnding};

/// Records them in the ledger. Returns whether any of them is new to it.
pub(crate) fn recover_unrecorded_creates(journal: &ParsedJournal, ledger: &mut Ledger) -> bool {
    let known = ledger.journal.as_ref().map_or(0, |head| head.seq);
    let mut open: BTreeMap<Address, PendingCreate> = BTreeMap::new();
    let mut new = false;
    for run in journal::collect_runs(&journal.lines) {
        follow_decisions(&mut open, &run.started.plan.ledger);
        for (step, record) in run.started.plan.steps.iter().zip(&run.steps) {
            note(&mut open, step, record, known);
            if let Some(create) = unanswered(&run, step, record, known) {
                new |= ledger.watch_create(create);
            }
        }
    }
    open.retain(|address, _| !ledger.objects.contains_key(address) && !ledger.attempts.contains_key(address));
    new |= !open.is_empty();
    ledger.attempts.extend(open);
    if new && journal.head().seq > known {
        // From here on the ledger knows them, and a human's decision about them is kept.
        ledger.journal = Some(journal.head());
    }
    new
}

/// What a run recorded without a request: a person released an address, or gave its object another one.
fn follow_decisions(open: &mut BTreeMap<Address, PendingCreate>, effects: &[LedgerEffect]) {
    for (what, facts) in effects.iter().flat_map(|effect| &effect.0) {
        let named = |name: &str| facts.get(name).and_then(Value::as_str).and_then(Address::parse);
        match what.as_str() {
            "release" | "drop" => drop(named("address").and_then(|address| open.remove(&address))),
            "rename" => {
                let moved = named("from").and_then(|from| open.remove(&from));
                open.extend(named("to").zip(moved));
            }
            _ => {}
        }
    }
}

/// A create whose outcome was not recorded, or that ended unknown after the ledger's last save.
fn unanswered(run: &RecordedRun<'_>, step: &StepV1, record: &RecordedStep<'_>, known: u64) -> Option<UnansweredCreate> {
    let Operation::Create { key, .. } = &step.operation else { return None };
    let address =
        step.address.as_deref().and_then(Address::parse).filter(|address| !services::hides_until_verified(&address.kind))?;
    let intent = record.intent?;
    let open = match record.end() {
        None => !matches!(record.settled, Some((JournalFinding::Done | JournalFinding::NotDone, _))),
        Some(StepEnding::Unknown) => intent.seq > known,
        Some(StepEnding::Done | StepEnding::Damaged | StepEnding::Failed | StepEnding::Stale | StepEnding::NotStarted) => false,
    };
    let JournalRecord::Intent { seals, .. } = &intent.record else { return None };
    open.then(|| UnansweredCreate {
        address,
        account: step.call.account.clone(),
        key: natural_key(&key_sent(run, step, key)),
        since: intent.at.clone(),
        run: run.id.to_owned(),
        step: step.id.clone(),
        seals: seals.clone(),
    })
}

/// A natural key with the ids in it that earlier steps of the run created.
fn key_sent(run: &RecordedRun<'_>, step: &StepV1, key: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut key = key.clone();
    let entries = step.call.body.iter().flat_map(|body| match body {
        Body::Object(entries) | Body::Overlay { set: entries, .. } => entries,
    });
    for (name, sent) in entries {
        if let (Payload::WithIds { value, ids }, Some(part)) = (sent, key.get_mut(name)) {
            let id_of = |step: &str| run.id_created_by(step).map(str::to_owned).ok_or_else(String::new);
            *part = BodyValue::fill_ids(value, ids, id_of).unwrap_or_else(|_| value.clone());
        }
    }
    key
}

/// What one step says about an address whose objects may be invisible: started after the ledger's last save, or completed.
fn note(open: &mut BTreeMap<Address, PendingCreate>, step: &StepV1, record: &RecordedStep<'_>, known: u64) {
    let Some(address) = step.address.as_deref().and_then(Address::parse) else {
        return;
    };
    let Some(intent) = record.intent.filter(|intent| services::hides_until_verified(&address.kind) && intent.seq > known) else {
        return;
    };
    match &step.operation {
        Operation::Create { key, .. } => match record.end() {
            // Done: it exists, and is perhaps not visible yet.
            None | Some(StepEnding::Unknown | StepEnding::Done | StepEnding::Damaged) => {
                let made = record.created_id().filter(|_| record.end() == Some(StepEnding::Done));
                let attempt = PendingCreate {
                    account: step.call.account.clone(),
                    key: natural_key(key),
                    since: intent.at.clone(),
                    created: made.map(str::to_owned),
                };
                open.insert(address, attempt);
            }
            Some(StepEnding::Failed | StepEnding::Stale | StepEnding::NotStarted) => drop(open.remove(&address)),
        },
        Operation::Delete { .. } if record.end() == Some(StepEnding::Done) => drop(open.remove(&address)),
        _ => {}
    }
}
