//! What the journal keeps of a step: the request as it goes out, the answer, and the object before and after, without secrets.

use std::collections::BTreeMap;

use super::Run;
use crate::api::{Answer, ApiError};
use crate::call::{Body, Call};
use crate::event::Outcome;
use crate::journal::{End, Record};
use crate::ledger::{LedgerError, Sealed};
use crate::plan::{Operation, Step};
use crate::resource::{LiveObject, Wanted};
use crate::value::Value;

/// What the service answered to the last request of a step.
#[derive(Debug, Default)]
pub(super) struct Trace {
    status: Option<u16>,
    request_id: Option<String>,
    after: Option<BTreeMap<String, Value>>,
}

/// The plain attributes of an object; secrets never stand among them.
fn image(object: &LiveObject) -> BTreeMap<String, Value> {
    object.attributes.iter().map(|(name, value)| ((*name).to_owned(), value.json())).collect()
}

impl Run<'_> {
    /// A request that is about to be sent.
    pub(super) fn intent(&self, step: &Step, call: &Call, before: Option<&LiveObject>) -> Record {
        Record::Intent {
            step: step.id.clone(),
            account: call.account.clone(),
            method: call.method.to_string(),
            target: call.target(),
            sends: call.body.iter().flat_map(Body::entries).map(|(name, _)| name.clone()).collect(),
            seals: self.seals(step),
            before: before.map(image),
        }
    }

    /// The secrets of a step as the configuration has them now, sealed for the object that is changed, or for the step that
    /// makes it: what was sent by a run that was cut off can be told from what is wanted later.
    pub(super) fn seals(&self, step: &Step) -> BTreeMap<String, Sealed> {
        let (id, secrets) = match &step.operation {
            Operation::Create { secrets, .. } => (&step.id, secrets),
            Operation::Update { id, secrets, .. } => (id, secrets),
            _ => return BTreeMap::new(),
        };
        let object = step.address.as_ref().and_then(|address| self.apply.desired.objects.get(address));
        let sealed = secrets.iter().filter_map(|name| {
            let Some(Wanted::Secret(secret)) = object?.attributes.get(name.as_str()) else { return None };
            let seal = self.apply.key.seal(&step.call.account, id, name, secret.fingerprint.as_ref()?);
            Some((name.clone(), seal))
        });
        sealed.collect()
    }

    /// Notes what came back.
    pub(super) fn trace(&self, step: &Step, sent: &Result<Answer, ApiError>) {
        let (status, request_id) = match sent {
            Ok(answer) => (Some(answer.status), answer.request_id.clone()),
            Err(error) => (error.status, error.request_id.clone()),
        };
        if let Ok(mut answers) = self.answers.lock() {
            answers.insert(step.id.clone(), Trace { status, request_id, after: None });
        }
    }

    /// Notes the object that an answer shows.
    pub(super) fn trace_after(&self, step: &Step, object: Option<&LiveObject>) {
        if let Ok(mut answers) = self.answers.lock() {
            answers.entry(step.id.clone()).or_default().after = object.map(image);
        }
    }

    /// How a step ended.
    pub(super) fn outcome_record(&self, step: &Step, outcome: &Outcome, milliseconds: u64) -> Record {
        let trace =
            self.answers.lock().ok().and_then(|mut answers| answers.remove(&step.id)).unwrap_or_default();
        let (end, why, id) = match outcome {
            Outcome::Done { id, note, .. } => (End::Done, note.clone(), id.clone()),
            Outcome::Failed { why, written: true, .. } => (End::Damaged, Some(why.clone()), None),
            Outcome::Failed { why, .. } => (End::Failed, Some(why.clone()), None),
            Outcome::Stale { why, .. } => (End::Stale, Some(why.clone()), None),
            Outcome::Unknown { why, .. } => (End::Unknown, Some(why.clone()), None),
            Outcome::NotStarted { why, .. } => (End::NotStarted, Some(why.clone()), None),
        };
        Record::Outcome {
            step: step.id.clone(),
            end,
            why,
            id,
            status: trace.status,
            request_id: trace.request_id,
            milliseconds,
            after: trace.after,
        }
    }

    /// Keeps a record of what has happened; when that fails, nothing new is started.
    pub(super) async fn keep(&self, record: Record) {
        if let Err(error) = self.apply.journal.record(record).await
            && let Ok(mut slot) = self.ledger_error.lock()
        {
            slot.get_or_insert(LedgerError::Journal(error.to_string()));
        }
    }
}
