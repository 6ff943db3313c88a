//! What the journal keeps of a step: the request as it goes out, the answer, and the object before and after, without secrets.

use std::collections::BTreeMap;

use super::ApplyRun;
use crate::apply::event::StepOutcome;
use crate::http::{ApiError, ApiResponse};
use crate::model::call::{Call, CallBody};
use crate::model::ledger::SealedFingerprint;
use crate::model::resource::{DesiredValue, LiveObject};
use crate::model::value::Value;
use crate::plan::{Step, StepOperation};
use crate::state::journal::{JournalRecord, StepEnding};
use crate::state::ledger::LedgerError;

/// What the service answered to the last request of a step.
#[derive(Debug, Default)]
pub(super) struct JournalEntryDraft {
    status: Option<u16>,
    request_id: Option<String>,
    after: Option<BTreeMap<String, Value>>,
}

/// The plain attributes of an object; secrets are never among them.
fn plain_attributes(object: &LiveObject) -> BTreeMap<String, Value> {
    object.attributes.iter().map(|(name, value)| ((*name).to_owned(), value.json())).collect()
}

impl ApplyRun<'_> {
    /// A request that is about to be sent.
    pub(super) fn intent_record(&self, step: &Step, call: &Call, before: Option<&LiveObject>) -> JournalRecord {
        JournalRecord::Intent {
            step: step.id.clone(),
            account: call.account.clone(),
            method: call.method.to_string(),
            target: call.path_and_query(),
            sends: call.body.iter().flat_map(CallBody::own_entries).map(|(name, _)| name.to_string()).collect(),
            seals: self.sealed_secrets(step),
            before: before.map(plain_attributes),
        }
    }

    /// The secrets of a step as the configuration has them now, sealed for the object that is changed, or for the step that
    /// creates it: what an interrupted run sent can be distinguished from what is wanted later.
    pub(super) fn sealed_secrets(&self, step: &Step) -> BTreeMap<String, SealedFingerprint> {
        let (id, secrets) = match &step.operation {
            StepOperation::Create { secrets, .. } => (&step.id, secrets),
            StepOperation::Update { id, secrets, .. } => (id, secrets),
            _ => return BTreeMap::new(),
        };
        let object = step.address.as_ref().and_then(|address| self.apply.desired.objects.get(address));
        let sealed = secrets.iter().filter_map(|name| {
            let Some(DesiredValue::Secret(secret)) = object?.attributes.get(name.as_str()) else {
                return None;
            };
            let seal = self.apply.key.seal_fingerprint(&step.call.account, id, name, secret.fingerprint.as_ref()?);
            Some((name.clone(), seal))
        });
        sealed.collect()
    }

    /// Records what was returned.
    pub(super) fn note_answer(&self, step: &Step, sent: &Result<ApiResponse, ApiError>) {
        let (status, request_id) = match sent {
            Ok(answer) => (Some(answer.status), answer.request_id.clone()),
            Err(error) => (error.status, error.request_id.clone()),
        };
        if let Ok(mut answers) = self.answers.lock() {
            answers.insert(step.id.clone(), JournalEntryDraft { status, request_id, after: None });
        }
    }

    /// Records the object that an answer shows.
    pub(super) fn note_object_after(&self, step: &Step, object: Option<&LiveObject>) {
        if let Ok(mut answers) = self.answers.lock() {
            answers.entry(step.id.clone()).or_default().after = object.map(plain_attributes);
        }
    }

    /// How a step ended.
    pub(super) fn outcome_record(&self, step: &Step, outcome: &StepOutcome, milliseconds: u64) -> JournalRecord {
        let trace = self.answers.lock().ok().and_then(|mut answers| answers.remove(&step.id)).unwrap_or_default();
        let (end, why, id) = match outcome {
            StepOutcome::Done { id, note, .. } => (StepEnding::Done, note.clone(), id.clone()),
            StepOutcome::Failed { why, written: true, .. } => (StepEnding::Damaged, Some(why.clone()), None),
            StepOutcome::Failed { why, .. } => (StepEnding::Failed, Some(why.clone()), None),
            StepOutcome::Stale { why, .. } => (StepEnding::Stale, Some(why.clone()), None),
            StepOutcome::Unknown { why, .. } => (StepEnding::Unknown, Some(why.clone()), None),
            StepOutcome::NotStarted { why, .. } => (StepEnding::NotStarted, Some(why.clone()), None),
        };
        JournalRecord::Outcome {
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

    /// Writes a record of what has happened; if that fails, nothing new is started.
    pub(super) async fn append_record(&self, record: JournalRecord) {
        // Without its first line a run records nothing, and has sent nothing.
        let written = match self.opened().await {
            Ok(()) => self.apply.journal.record(record).await.map_err(|error| error.to_string()),
            Err(why) => Err(why),
        };
        if let Err(why) = written {
            self.note_ledger_error(LedgerError::Journal(why));
        }
    }
}
