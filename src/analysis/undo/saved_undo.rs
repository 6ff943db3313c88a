//! Compares the current undo of a run with the one that was saved with the run before its first request.

use std::collections::BTreeMap;

use super::{DoneStep, NotUndone, done_steps};
use crate::model::call::{BodyValue, Call, CallBody};
use crate::model::value::CompactValue;
use crate::plan::{ObjectRef, Plan, Step, StepOperation, UndoEntry};
use crate::state::journal::RecordedRun;

/// How the plan that undoes a run differs from the one that was saved with it, because something changed since: the subject
/// and the request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SavedUndoDifference {
    /// Requests that were saved and are not sent now.
    pub dropped: Vec<(String, String)>,
    /// Requests that are sent now and were not saved.
    pub added: Vec<(String, String)>,
}

/// Compares the current plan with the saved one. `None` when the telform of that run saved none. The reason for what is `left`
/// is already reported; and only complete effects are compared: for a number that the run disconnected and did not connect, the
/// undo differs from the planned one.
pub fn compare_with_saved(run: &RecordedRun<'_>, then: &Plan, today: &Plan, left: &[NotUndone]) -> Option<SavedUndoDifference> {
    let saved = serde_json::to_value(&run.started.undo).ok()?;
    let saved: Vec<UndoEntry> = serde_json::from_value(saved).ok()?;
    if saved.is_empty() {
        return None;
    }
    let deeds = done_steps(run, then);
    let done = |step: &String| deeds.iter().any(|deed| deed.step.id == *step);
    let (whole, part): (Vec<&UndoEntry>, Vec<&UndoEntry>) =
        saved.iter().filter(|inverse| inverse.of.iter().any(done)).partition(|inverse| inverse.of.iter().all(done));
    let said: Vec<&str> =
        left.iter().map(|left| left.what.as_str()).chain(part.iter().map(|inverse| inverse.what.as_str())).collect();
    let names = RequestNames { run: deeds.as_slice(), then, today };
    let writes = today.steps.iter().filter(|step| !matches!(step.operation, StepOperation::ReadBack { .. }));
    let mut sent: Vec<(String, &Step)> = writes.map(|step| (names.name_today(step), step)).collect();
    let mut found = SavedUndoDifference::default();
    for (inverse, call) in whole.iter().flat_map(|inverse| inverse.calls.iter().map(move |call| (inverse, call))) {
        let wanted = names.name_in_run(inverse, call);
        match sent.iter().position(|(now, _)| *now == wanted) {
            Some(at) => drop(sent.remove(at)),
            None => found.dropped.push((inverse.what.clone(), describe_call(call))),
        }
    }
    found.added = sent.into_iter().map(|(_, step)| (step_subject(step), describe_call(&step.call))).collect();
    for list in [&mut found.dropped, &mut found.added] {
        list.retain(|(what, _)| !said.iter().any(|said| are_about_same(what, said)));
    }
    Some(found)
}

/// Whether both concern the same thing: `partners.west` and `partners.west city` are.
fn are_about_same(a: &str, b: &str) -> bool {
    let within = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    within(a, b) || within(b, a)
}

/// The subject of a step, in the form of an [`Inverse`].
fn step_subject(step: &Step) -> String {
    match &step.operation {
        StepOperation::Disconnect { bridge, number, .. } => format!("{number} on {bridge}"),
        StepOperation::Connect { bridge: ObjectRef::Id(bridge), number, .. } => {
            format!("{number} on {bridge}")
        }
        StepOperation::Connect { number, .. } => number.clone(),
        _ => step.address.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

/// A request for people.
fn describe_call(call: &Call) -> String {
    format!("{} {}", call.method, call.path_and_query())
}

/// Gives the same name to one thing in both plans.
struct RequestNames<'a> {
    run: &'a [DoneStep<'a>],
    then: &'a Plan,
    today: &'a Plan,
}

impl RequestNames<'_> {
    fn name_in_run(&self, inverse: &UndoEntry, call: &Call) -> String {
        let deed = |step: &str| self.run.iter().find(|deed| deed.step.id == step);
        let deletes = |step: &str| deed(step).is_some_and(|deed| matches!(deed.step.operation, StepOperation::Delete { .. }));
        // A request to a recreated object shows that in its path.
        let makes = !call.path.contains('{');
        if let Some(step) = inverse.of.iter().find(|step| makes && deletes(step)) {
            return recreated_address(self.then, step).unwrap_or_default();
        }
        // What the run did not delete has its id still.
        let kept = |step: &str| match &self.then.steps.iter().find(|known| known.id == step)?.operation {
            StepOperation::Delete { id, .. } => Some(id.clone()),
            _ => None,
        };
        request_name(call, &|step| match deed(step) {
            Some(_) if deletes(step) => recreated_address(self.then, step),
            Some(deed) => deed.made.map(str::to_owned),
            None => kept(step),
        })
    }

    fn name_today(&self, step: &Step) -> String {
        if matches!(step.operation, StepOperation::Create { .. }) {
            return recreated_address(self.today, &step.id).unwrap_or_default();
        }
        request_name(&step.call, &|made| recreated_address(self.today, made))
    }
}

/// The placeholder of a recreated object: its address. Its values are known only now, because some of them come from the
/// YAML.
fn recreated_address(plan: &Plan, step: &str) -> Option<String> {
    let step = plan.steps.iter().find(|known| known.id == step)?;
    Some(format!("make {} again", step.address.as_ref()?))
}

/// Everything that identifies a request; `id` returns the placeholder of what a step creates.
fn request_name(call: &Call, id: &dyn Fn(&str) -> Option<String>) -> String {
    let mut path = call.path.clone();
    if let Some((before, rest)) = call.path.split_once('{')
        && let Some((step, after)) = rest.split_once('}')
    {
        path = format!("{before}{}{after}", id(step).unwrap_or_default());
    }
    // An id is a number in one body and a text in the other.
    let plain = |value: &CompactValue| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let entry = |payload: &BodyValue| match payload {
        BodyValue::Value(value) => plain(value),
        BodyValue::Secret { address, attribute } => format!("secret {address} {attribute}"),
        BodyValue::IdOf(step) => id(step).unwrap_or_default(),
        BodyValue::WithIds { value, ids } => BodyValue::fill_ids(&value.json(), ids, |step| Ok(id(step).unwrap_or_default()))
            .map_or_else(|_| value.to_string(), |it| plain(&it.into())),
    };
    let entries: BTreeMap<&str, String> =
        call.body.iter().flat_map(CallBody::own_entries).map(|(name, payload)| (name.as_str(), entry(payload))).collect();
    format!("{} {} {path} {:?} {entries:?}", call.account, call.method, call.query)
}
