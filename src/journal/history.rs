//! Which run set which value: read from the plans and outcomes that the journal holds.

use std::collections::BTreeMap;

use super::{End, Record, Run, StepRecord, Verdict};
use crate::document::v1::{Body, Operation, Payload, Ref, Served, Step};
use crate::value::Value;

/// A value as the journal may show it.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// None is recorded.
    Absent,
    /// This one.
    Value(Value),
    /// A secret: that it was written is known, and nothing else.
    Secret,
}

/// One attribute that a step set.
#[derive(Debug, Clone)]
pub struct Written<'a> {
    /// The run.
    pub run: &'a Run<'a>,
    /// The step; `r3` connected again what `s3` of the same run had cut.
    pub step: &'a str,
    /// When it ended, or was settled.
    pub at: &'a str,
    /// Whose.
    pub address: &'a str,
    /// Which attribute; `numbers.+14155550101` for a connection, and none for the object as a whole, which was deleted.
    pub attribute: Option<String>,
    /// What stood there before.
    pub before: Shown,
    /// What stands there since.
    pub after: Shown,
}

/// Everything that was set, oldest first.
pub fn history<'a>(runs: &'a [Run<'a>]) -> Vec<Written<'a>> {
    let mut all = Vec::new();
    let mut made: BTreeMap<&str, &str> = BTreeMap::new();
    for run in runs {
        for (step, record) in run.started.plan.steps.iter().zip(&run.steps) {
            let (Some(address), Some(at)) = (step.address.as_deref(), record.done_at()) else { continue };
            if let (Operation::Create { .. }, Some(id)) = (&step.operation, record.made()) {
                made.insert(address, id);
            }
            let set = |attribute, before, after| Written {
                run,
                step: &step.id,
                at,
                address,
                attribute,
                before,
                after,
            };
            match &step.operation {
                // What a replacement deletes is the old object; the new one has the address.
                Operation::Delete { id, .. } => {
                    if made.get(address).is_none_or(|now| now == id) {
                        all.push(set(None, Shown::Absent, Shown::Absent));
                    }
                }
                Operation::Connect { number, provider, .. } => {
                    let by = match provider {
                        Ref::Id(id) => id.clone(),
                        Ref::Step(maker) => run.made_by(maker).unwrap_or(maker).to_owned(),
                    };
                    let name = Some(format!("numbers.{number}"));
                    all.push(set(name, Shown::Absent, Shown::Value(Value::String(by))));
                }
                Operation::Disconnect { number, .. } => {
                    all.push(set(Some(format!("numbers.{number}")), Shown::Absent, Shown::Absent));
                }
                Operation::ReadBack { .. } => {}
                Operation::Create { .. } | Operation::Update { .. } => {
                    for (name, payload) in entries(step) {
                        let (before, after) = record.around(run, name, payload);
                        all.push(set(Some(name.clone()), before, after));
                    }
                }
            }
        }
        all.extend(run.steps.iter().skip(run.started.plan.steps.len()).filter_map(|back| again(run, back)));
    }
    all.sort_by(|one, other| one.at.cmp(other.at));
    all
}

/// A number that was cut for nothing and connected again, at the end of the same run.
fn again<'a>(run: &'a Run<'a>, back: &StepRecord<'a>) -> Option<Written<'a>> {
    let cut = back.id.strip_prefix('r')?;
    let cut = run.started.plan.steps.iter().find(|step| step.id.strip_prefix('s') == Some(cut))?;
    let (at, address) = (back.done_at()?, cut.address.as_deref()?);
    let Operation::Disconnect { number, before: Served::By { id, .. }, .. } = &cut.operation else {
        return None;
    };
    let (before, after) = (Shown::Absent, Shown::Value(Value::String(id.clone())));
    Some(Written {
        run,
        step: back.id,
        at,
        address,
        attribute: Some(format!("numbers.{number}")),
        before,
        after,
    })
}

/// The last values that were set up to a time (as the journal writes times), by address and attribute.
pub fn in_force<'h, 'a>(
    history: &'h [Written<'a>],
    until: &str,
) -> BTreeMap<(&'a str, &'h str), &'h Written<'a>> {
    let mut now = BTreeMap::new();
    for written in history.iter().filter(|written| written.at <= until) {
        match &written.attribute {
            None => now.retain(|(address, _), _| *address != written.address),
            Some(attribute) => _ = now.insert((written.address, attribute.as_str()), written),
        }
    }
    now
}

fn entries(step: &Step) -> impl Iterator<Item = (&String, &Payload)> {
    step.call.body.iter().flat_map(|body| match body {
        Body::Object(entries) | Body::Overlay { set: entries, .. } => entries.iter(),
    })
}

impl<'a> StepRecord<'a> {
    /// When it was done, as its outcome or a later settling says.
    pub fn done_at(&self) -> Option<&'a str> {
        match (self.end(), self.settled) {
            (Some(End::Done), _) => self.outcome.map(|line| line.at.as_str()),
            (None, Some((Verdict::Done, _))) => self.intent.map(|line| line.at.as_str()),
            _ => None,
        }
    }

    /// The object right before the step.
    pub fn before(&self) -> Option<&'a BTreeMap<String, Value>> {
        match self.intent.map(|line| &line.record) {
            Some(Record::Intent { before, .. }) => before.as_ref(),
            _ => None,
        }
    }

    /// A sent attribute before and after.
    fn around(&self, run: &Run<'_>, name: &str, payload: &Payload) -> (Shown, Shown) {
        let image = |image: Option<&BTreeMap<String, Value>>| {
            image.and_then(|image| image.get(name)).map(|value| Shown::Value(value.clone()))
        };
        let before = image(self.before());
        match payload {
            Payload::Secret { .. } => (before.map_or(Shown::Absent, |_| Shown::Secret), Shown::Secret),
            Payload::Value(sent) => {
                let after = image(self.after()).unwrap_or_else(|| Shown::Value(sent.clone()));
                (before.unwrap_or(Shown::Absent), after)
            }
            Payload::IdOf(step) => {
                let id = run.made_by(step).unwrap_or(step);
                (before.unwrap_or(Shown::Absent), Shown::Value(Value::String(id.to_owned())))
            }
        }
    }
}

impl Run<'_> {
    /// The id that a step made.
    fn made_by(&self, step: &str) -> Option<&str> {
        self.steps.iter().find(|record| record.id == step)?.made()
    }
}
