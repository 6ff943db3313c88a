//! Which run set which value: read from the plans and outcomes that the journal holds.

use std::collections::BTreeMap;

use super::{JournalFinding, JournalRecord, RecordedRun, RecordedStep, StepEnding};
use crate::document::v1::{Body, Operation, Payload, Ref, ServedState, StepV1};
use crate::model::call::BodyValue;
use crate::model::value::Value;

/// A value as the journal may show it.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordedValue {
    /// None is recorded.
    Absent,
    /// This one.
    Value(Value),
    /// A secret: it is known only that it was written.
    Secret,
}

/// One attribute that a step set.
#[derive(Debug, Clone)]
pub struct RecordedChange<'a> {
    /// The run.
    pub run: &'a RecordedRun<'a>,
    /// The step; `r3` connected again what `s3` of the same run had disconnected.
    pub step: &'a str,
    /// When it completed, or was settled.
    pub ended_at: &'a str,
    /// Whose.
    pub address: &'a str,
    /// Which attribute; `numbers.+14155550101` for a connection, and none for the object as a whole, which was deleted.
    pub attribute: Option<String>,
    /// What was there before.
    pub before: RecordedValue,
    /// What is there since.
    pub after: RecordedValue,
}

/// Everything that was set, oldest first.
pub fn recorded_changes<'a>(runs: &'a [RecordedRun<'a>]) -> Vec<RecordedChange<'a>> {
    let mut all = Vec::new();
    let mut made: BTreeMap<&str, &str> = BTreeMap::new();
    for run in runs {
        for (step, record) in run.started.plan.steps.iter().zip(&run.steps) {
            let (Some(address), Some(at)) = (step.address.as_deref(), record.done_at()) else { continue };
            if let (Operation::Create { .. }, Some(id)) = (&step.operation, record.created_id()) {
                made.insert(address, id);
            }
            let set = |attribute, before, after| RecordedChange {
                run,
                step: &step.id,
                ended_at: at,
                address,
                attribute,
                before,
                after,
            };
            match &step.operation {
                // A replacement deletes the old object; the new one has the address.
                Operation::Delete { id, .. } => {
                    if made.get(address).is_none_or(|now| now == id) {
                        all.push(set(None, RecordedValue::Absent, RecordedValue::Absent));
                    }
                }
                Operation::Connect { number, provider, .. } => {
                    let by = match provider {
                        Ref::Id(id) => id.clone(),
                        Ref::Step(maker) => run.id_created_by(maker).unwrap_or(maker).to_owned(),
                    };
                    let name = Some(format!("numbers.{number}"));
                    all.push(set(name, RecordedValue::Absent, RecordedValue::Value(Value::String(by))));
                }
                Operation::Disconnect { number, .. } => {
                    all.push(set(Some(format!("numbers.{number}")), RecordedValue::Absent, RecordedValue::Absent));
                }
                Operation::ReadBack { .. } => {}
                Operation::Create { .. } | Operation::Update { .. } => {
                    for (name, payload) in body_entries(step) {
                        let (before, after) = record.values_around(run, name, payload);
                        all.push(set(Some(name.clone()), before, after));
                    }
                }
            }
        }
        all.extend(run.steps.iter().skip(run.started.plan.steps.len()).filter_map(|back| reconnected_change(run, back)));
    }
    all.sort_by(|one, other| one.ended_at.cmp(other.ended_at));
    all
}

/// A number that was disconnected in vain and connected again at the end of the same run.
fn reconnected_change<'a>(run: &'a RecordedRun<'a>, back: &RecordedStep<'a>) -> Option<RecordedChange<'a>> {
    let cut = back.id.strip_prefix('r')?;
    let cut = run.started.plan.steps.iter().find(|step| step.id.strip_prefix('s') == Some(cut))?;
    let (at, address) = (back.done_at()?, cut.address.as_deref()?);
    let Operation::Disconnect { number, before: ServedState::By { id, .. }, .. } = &cut.operation else {
        return None;
    };
    let (before, after) = (RecordedValue::Absent, RecordedValue::Value(Value::String(id.clone())));
    Some(RecordedChange {
        run,
        step: back.id,
        ended_at: at,
        address,
        attribute: Some(format!("numbers.{number}")),
        before,
        after,
    })
}

/// The last values that were set up to a time (as the journal writes times), by address and attribute.
pub fn in_force<'h, 'a>(history: &'h [RecordedChange<'a>], until: &str) -> BTreeMap<(&'a str, &'h str), &'h RecordedChange<'a>> {
    let mut now = BTreeMap::new();
    for written in history.iter().filter(|written| written.ended_at <= until) {
        match &written.attribute {
            None => now.retain(|(address, _), _| *address != written.address),
            Some(attribute) => _ = now.insert((written.address, attribute.as_str()), written),
        }
    }
    now
}

fn body_entries(step: &StepV1) -> impl Iterator<Item = (&String, &Payload)> {
    step.call.body.iter().flat_map(|body| match body {
        Body::Object(entries) | Body::Overlay { set: entries, .. } => entries.iter(),
    })
}

impl<'a> RecordedStep<'a> {
    /// When it was done, according to its outcome or a later settling.
    pub fn done_at(&self) -> Option<&'a str> {
        match (self.end(), self.settled) {
            (Some(StepEnding::Done), _) => self.outcome.map(|line| line.at.as_str()),
            (None, Some((JournalFinding::Done, _))) => self.intent.map(|line| line.at.as_str()),
            _ => None,
        }
    }

    /// The object right before the step.
    pub fn object_before(&self) -> Option<&'a BTreeMap<String, Value>> {
        match self.intent.map(|line| &line.record) {
            Some(JournalRecord::Intent { before, .. }) => before.as_ref(),
            _ => None,
        }
    }

    /// A sent attribute before and after.
    fn values_around(&self, run: &RecordedRun<'_>, name: &str, payload: &Payload) -> (RecordedValue, RecordedValue) {
        let image = |image: Option<&BTreeMap<String, Value>>| {
            image.and_then(|image| image.get(name)).map(|value| RecordedValue::Value(value.clone()))
        };
        let before = image(self.object_before());
        match payload {
            Payload::Secret { .. } => (before.map_or(RecordedValue::Absent, |_| RecordedValue::Secret), RecordedValue::Secret),
            Payload::Value(sent) => {
                let after = image(self.object_after()).unwrap_or_else(|| RecordedValue::Value(sent.clone()));
                (before.unwrap_or(RecordedValue::Absent), after)
            }
            Payload::IdOf(step) => {
                let id = run.id_created_by(step).unwrap_or(step);
                (before.unwrap_or(RecordedValue::Absent), RecordedValue::Value(Value::String(id.to_owned())))
            }
            Payload::WithIds { value, ids } => {
                let id_of = |step: &str| Ok(run.id_created_by(step).unwrap_or(step).to_owned());
                let sent = || BodyValue::fill_ids(value, ids, id_of).unwrap_or_else(|_| value.clone());
                let after = image(self.object_after()).unwrap_or_else(|| RecordedValue::Value(sent()));
                (before.unwrap_or(RecordedValue::Absent), after)
            }
        }
    }
}

impl RecordedRun<'_> {
    /// The id that a step created.
    pub fn id_created_by(&self, step: &str) -> Option<&str> {
        self.steps.iter().find(|record| record.id == step)?.created_id()
    }
}
