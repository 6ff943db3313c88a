//! Which run set which value: read from the plans and outcomes that the journal holds.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::recorded_run::step_taken_back;
use super::{JournalFinding, JournalRecord, RecordedRun, RecordedStep, StepEnding};
use crate::document::v1::{Body, Operation, Payload, Ref, ServedState, StepV1};
use crate::model::call::BodyValue;
use crate::model::value::Value;
use crate::services;

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
    /// Addresses of what served the number before and after, where the runs name them.
    pub servers: [Option<&'a str>; 2],
    /// What was sent, where the answer showed no value, or still the value before.
    pub sent: Option<Value>,
}

impl RecordedChange<'_> {
    /// What was sent, where the service continued to show the value before.
    pub fn refused(&self) -> Option<&Value> {
        self.sent.as_ref().filter(|_| self.before == self.after)
    }

    /// The number that it connected or disconnected.
    pub fn number(&self) -> Option<&str> {
        self.attribute.as_deref()?.strip_prefix("numbers.")
    }
}

/// Everything that was set, oldest first.
pub fn recorded_changes<'a>(runs: &'a [RecordedRun<'a>]) -> Vec<RecordedChange<'a>> {
    let mut all = Vec::new();
    let mut made: BTreeMap<&str, &str> = BTreeMap::new();
    let names = target_addresses(runs);
    for run in runs {
        let named = |account: &str, id: Option<&str>| -> Option<&'a str> { names.get(&(account, id?)).copied() };
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
                servers: [None; 2],
                sent: None,
            };
            match &step.operation {
                // A replacement deletes the old object; the new one has the address.
                Operation::Delete { id, .. } => {
                    if made.get(address).is_none_or(|now| now == id) {
                        all.push(set(None, RecordedValue::Absent, RecordedValue::Absent));
                    }
                }
                Operation::Connect { number, .. } | Operation::Disconnect { number, .. } => {
                    let ((before, after), account) = (run.served_around(step), step.call.account.as_str());
                    let servers = [named(account, before.as_deref()), named(account, after)];
                    let change = set(Some(format!("numbers.{number}")), recorded_id(before.as_deref()), recorded_id(after));
                    all.push(RecordedChange { servers, ..change });
                }
                Operation::ReadBack { .. } => {}
                Operation::Create { .. } | Operation::Update { .. } => {
                    for (name, _) in body_entries(step) {
                        let (before, after) = record.values_around(run, step, name);
                        let RecordedValue::Value(shown) = &after else {
                            all.push(set(Some(name.clone()), before, after));
                            continue;
                        };
                        let sent = record.sent_value(run, step, name);
                        let sent = sent.filter(|sent| sent != shown && (before == after || shown.is_null()));
                        all.push(RecordedChange { sent, ..set(Some(name.clone()), before, after) });
                    }
                }
            }
        }
        all.extend(run.steps.iter().skip(run.started.plan.steps.len()).filter_map(|back| reconnected_change(run, back, &named)));
    }
    all.sort_by(|one, other| one.ended_at.cmp(other.ended_at));
    all
}

/// A number that was disconnected in vain and connected again at the end of the same run.
fn reconnected_change<'a>(
    run: &'a RecordedRun<'a>,
    back: &RecordedStep<'a>,
    named: &dyn Fn(&str, Option<&str>) -> Option<&'a str>,
) -> Option<RecordedChange<'a>> {
    let cut = step_taken_back(run, back)?;
    let (at, address) = (back.done_at()?, cut.address.as_deref()?);
    let Operation::Disconnect { number, before: ServedState::By { id, .. }, .. } = &cut.operation else {
        return None;
    };
    let (before, after) = (RecordedValue::Absent, recorded_id(Some(id)));
    Some(RecordedChange {
        run,
        step: back.id,
        ended_at: at,
        address,
        attribute: Some(format!("numbers.{number}")),
        before,
        after,
        servers: [None, named(&cut.call.account, Some(id))],
        sent: None,
    })
}

fn recorded_id(id: Option<&str>) -> RecordedValue {
    id.map_or(RecordedValue::Absent, |id| RecordedValue::Value(Value::String(id.to_owned())))
}

/// Addresses of the objects that may serve numbers, by account and id, as far as the runs name them.
fn target_addresses<'a>(runs: &'a [RecordedRun<'a>]) -> BTreeMap<(&'a str, &'a str), &'a str> {
    let mut names = BTreeMap::new();
    let mut note = |account: &'a str, id: &'a str, address: &'a str| {
        let kind = address.split('.').next().unwrap_or_default();
        if services::shapes_of_kind(kind).iter().any(|kind| kind.connected) {
            names.insert((account, id), address);
        }
    };
    for run in runs {
        for facts in run.started.plan.ledger.iter().flat_map(|effect| effect.0.values()) {
            let fact = |name: &str| facts.get(name).and_then(Value::as_str);
            if let (Some(account), Some(id), Some(address)) = (fact("account"), fact("id"), fact("address")) {
                note(account, id, address);
            }
        }
        for (step, record) in run.started.plan.steps.iter().zip(&run.steps) {
            let id = match &step.operation {
                Operation::Create { .. } => record.created_id(),
                Operation::Update { id, .. } | Operation::Delete { id, .. } => Some(id.as_str()),
                _ => None,
            };
            if let (Some(id), Some(address)) = (id, step.address.as_deref()) {
                note(&step.call.account, id, address);
            }
        }
    }
    names
}

/// The last values that were set up to a time (as the journal writes times), by address and attribute. A number that was disconnected
/// from an object that is deleted now is in it until it is connected again, wherever that is.
pub fn in_force<'h, 'a>(history: &'h [RecordedChange<'a>], until: &str) -> BTreeMap<(&'a str, &'h str), &'h RecordedChange<'a>> {
    let mut now = BTreeMap::new();
    // Where each number was disconnected last, until it is connected again.
    let mut cut: BTreeMap<&str, &str> = BTreeMap::new();
    for written in history.iter().filter(|written| written.ended_at <= until) {
        let Some(attribute) = written.attribute.as_deref() else {
            now.retain(|(address, of), _| *address != written.address || cut.get(of) == Some(address));
            continue;
        };
        if written.number().is_some() {
            if let Some(address) = cut.remove(attribute) {
                now.remove(&(address, attribute));
            }
            if written.after == RecordedValue::Absent {
                cut.insert(attribute, written.address);
            }
        }
        now.insert((written.address, attribute), written);
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

    /// Whether its request may have changed something: it was announced, and is not known to have failed.
    pub fn may_have_effect(&self) -> bool {
        let failed = match self.end() {
            Some(end) => !matches!(end, StepEnding::Done | StepEnding::Damaged | StepEnding::Unknown),
            None => matches!(self.settled, Some((JournalFinding::NotDone, _))),
        };
        self.intent.is_some() && !failed
    }

    /// The value that its request held for an attribute; `None` for a secret, and where it held none.
    pub fn sent_value(&self, run: &RecordedRun<'_>, step: &StepV1, name: &str) -> Option<Value> {
        let (_, payload) = body_entries(step).find(|(entry, _)| *entry == name)?;
        let id_of = |step: &str| run.id_created_by(step).unwrap_or(step).to_owned();
        match payload {
            Payload::Secret { .. } => None,
            Payload::Value(sent) => Some(sent.clone()),
            Payload::IdOf(step) => Some(Value::String(id_of(step))),
            Payload::WithIds { value, ids } => {
                let filled = BodyValue::fill_ids(value, ids, |step: &str| Ok::<_, String>(id_of(step)));
                Some(filled.unwrap_or_else(|_| value.clone()))
            }
        }
    }

    /// A sent attribute before and after.
    fn values_around(&self, run: &RecordedRun<'_>, step: &StepV1, name: &str) -> (RecordedValue, RecordedValue) {
        let image = |image: Option<&BTreeMap<String, Value>>| {
            image.and_then(|image| image.get(name)).map(|value| RecordedValue::Value(value.clone()))
        };
        let before = image(self.object_before());
        match self.sent_value(run, step, name) {
            None => (before.map_or(RecordedValue::Absent, |_| RecordedValue::Secret), RecordedValue::Secret),
            Some(sent) => {
                let after = image(self.object_after()).unwrap_or(RecordedValue::Value(sent));
                (before.unwrap_or(RecordedValue::Absent), after)
            }
        }
    }
}

impl RecordedRun<'_> {
    /// What serves the number of a connect or disconnect right before and after it, as the steps of this run say: nothing serves a
    /// number that an earlier step disconnected.
    pub fn served_around<'s>(&'s self, step: &'s StepV1) -> (Option<Cow<'s, str>>, Option<&'s str>) {
        let by = |state: &'s ServedState| match state {
            ServedState::By { id, .. } => Some(Cow::Borrowed(id.as_str())),
            ServedState::OneOf(ids) => Some(Cow::Owned(ids.join(" or "))),
            ServedState::NotThere | ServedState::Unserved => None,
        };
        match &step.operation {
            Operation::Disconnect { before, .. } => (by(before), None),
            Operation::Connect { number, provider, before, .. } => {
                let mut earlier = self.started.plan.steps.iter().take_while(|earlier| earlier.id != step.id);
                let is_cut =
                    earlier.any(|earlier| matches!(&earlier.operation, Operation::Disconnect { number: of, .. } if of == number));
                let after = match provider {
                    Ref::Id(id) => Some(id.as_str()),
                    Ref::Step(maker) => Some(self.id_created_by(maker).unwrap_or(maker)),
                };
                (by(before).filter(|_| !is_cut), after)
            }
            _ => (None, None),
        }
    }

    /// The id that a step created.
    pub fn id_created_by(&self, step: &str) -> Option<&str> {
        self.steps.iter().find(|record| record.id == step)?.created_id()
    }
}
