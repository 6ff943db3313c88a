//! Compares the current undo of a run with the one that was saved with the run before its first request.

use std::collections::{BTreeMap, BTreeSet};

use super::{DoneStep, NotUndone, done_steps};
use crate::model::call::{BodyValue, Call, CallBody, RequestMethod};
use crate::model::value::CompactValue;
use crate::plan::{ObjectRef, Plan, Step, StepOperation, UndoEntry};
use crate::services;
use crate::state::journal::RecordedRun;

/// How the plan that undoes a run differs from the one that was saved with it: the subject and the request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SavedUndoDifference {
    /// Requests that were saved and are not sent now.
    pub dropped: Vec<(String, String)>,
    /// Requests that are sent now and were not saved.
    pub added: Vec<(String, String)>,
    /// Requests that send other values than the saved ones, each with the names of those.
    pub changed: Vec<(String, String, Vec<String>)>,
}

impl SavedUndoDifference {
    /// Whether both are the same.
    pub fn is_empty(&self) -> bool {
        self.dropped.is_empty() && self.added.is_empty() && self.changed.is_empty()
    }
}

/// Compares the current plan with the saved one. `None` when the telform of that run saved none. The reason for what is `left`
/// is already reported; what an `earlier` undo sent is done; and only complete effects are compared: for a number that the run
/// disconnected and did not connect, the undo differs from the planned one.
pub fn compare_with_saved(
    run: &RecordedRun<'_>,
    then: &Plan,
    earlier: &[(RecordedRun<'_>, Plan)],
    today: &Plan,
    left: &[NotUndone],
) -> Option<SavedUndoDifference> {
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
    let mut sent: Vec<NamedRequest> = writes.map(|step| names.name_today(step)).collect();
    let mut done_before: Vec<NamedRequest> = Vec::new();
    for (run, plan) in earlier {
        let names = RequestNames { run: &[], then: plan, today: plan };
        done_before.extend(done_steps(run, plan).iter().map(|deed| names.name_today(deed.step)));
    }
    let mut wanted: Vec<NamedRequest> = Vec::new();
    for (inverse, call) in whole.iter().flat_map(|inverse| inverse.calls.iter().map(move |call| (inverse, call))) {
        let request = names.name_in_run(inverse, call);
        let same = |other: &NamedRequest| other.head == request.head && other.entries == request.entries;
        match sent.iter().position(same) {
            Some(at) => drop(sent.remove(at)),
            None if done_before.iter().any(same) => {}
            None => wanted.push(request),
        }
    }
    Some(difference(wanted, sent, &said))
}

/// What is left of both, where what is said already and how values are distributed over requests do not matter.
fn difference(wanted: Vec<NamedRequest>, sent: Vec<NamedRequest>, said: &[&str]) -> SavedUndoDifference {
    let mut found = SavedUndoDifference::default();
    let is_said = |what: &str| said.iter().any(|said| are_about_same(what, said));
    let mut both: BTreeMap<String, [Vec<NamedRequest>; 2]> = BTreeMap::new();
    for (side, list) in [wanted, sent].into_iter().enumerate() {
        for request in list.into_iter().filter(|it| !said.contains(&it.what.as_str())) {
            both.entry(request.subject()).or_default()[side].push(request);
        }
    }
    for [wanted, sent] in both.into_values() {
        let merge =
            |list: &[NamedRequest]| -> BTreeMap<String, String> { list.iter().flat_map(|it| it.entries.clone()).collect() };
        let (was, is) = (merge(&wanted), merge(&sent));
        if let (Some(first), false) = (wanted.first(), sent.is_empty()) {
            let names: BTreeSet<&String> = was.keys().chain(is.keys()).filter(|name| was.get(*name) != is.get(*name)).collect();
            let names = names.into_iter().filter(|name| !said.contains(&format!("{} {name}", first.what).as_str())).cloned();
            let names: Vec<String> = names.collect();
            if !names.is_empty() {
                found.changed.push((first.what.clone(), first.text.clone(), names));
            }
            continue;
        }
        let shown = |list: Vec<NamedRequest>| list.into_iter().map(|it| (it.what, it.text)).filter(|(what, _)| !is_said(what));
        found.dropped.extend(shown(wanted));
        found.added.extend(shown(sent));
    }
    found
}

/// Whether both concern the same thing: `partners.west` and `partners.west city` are.
fn are_about_same(a: &str, b: &str) -> bool {
    let within = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    within(a, b) || within(b, a)
}

/// The subject of a step, in the form of an [`Inverse`].
fn step_subject(step: &Step) -> String {
    match &step.operation {
        StepOperation::Disconnect { bridge, number, .. }
        | StepOperation::Connect { bridge: ObjectRef::Id(bridge), number, .. } => {
            let kind = step.address.as_ref().map_or("", |address| &address.kind);
            services::number_and_place(kind, number, bridge)
        }
        StepOperation::Connect { number, .. } => number.clone(),
        _ => step.address.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

/// A request for people.
fn describe_call(call: &Call) -> String {
    format!("{} {}", call.method, call.path_and_query())
}

/// A request with names that are the same in both plans.
struct NamedRequest {
    /// Object, attribute or number.
    what: String,
    /// The request, for people.
    text: String,
    /// Account, method, path and query.
    head: String,
    /// What it sends.
    entries: BTreeMap<String, String>,
    /// Whether it changes an object that stays: several of these are as good as one.
    patches: bool,
}

impl NamedRequest {
    /// What requests of both plans are compared by.
    fn subject(&self) -> String {
        if self.patches { self.head.clone() } else { format!("{} {}", self.what, self.head) }
    }

    /// A create again: its values are known only now.
    fn create(self, name: String) -> Self {
        Self { head: name, entries: BTreeMap::new(), patches: false, ..self }
    }
}

/// Gives the same name to one thing in both plans.
struct RequestNames<'a> {
    run: &'a [DoneStep<'a>],
    then: &'a Plan,
    today: &'a Plan,
}

impl RequestNames<'_> {
    fn name_in_run(&self, inverse: &UndoEntry, call: &Call) -> NamedRequest {
        let deed = |step: &str| self.run.iter().find(|deed| deed.step.id == step);
        let deletes = |step: &str| deed(step).is_some_and(|deed| matches!(deed.step.operation, StepOperation::Delete { .. }));
        // A request to a recreated object shows that in its path.
        let makes = !call.path.contains('{');
        if let Some(step) = inverse.of.iter().find(|step| makes && deletes(step)) {
            let again = recreated_address(self.then, step).unwrap_or_default();
            return request_name(&inverse.what, call, &|_| None).create(again);
        }
        // What the run did not delete has its id still.
        let kept = |step: &str| match &self.then.steps.iter().find(|known| known.id == step)?.operation {
            StepOperation::Delete { id, .. } => Some(id.clone()),
            _ => None,
        };
        request_name(&inverse.what, call, &|step| match deed(step) {
            Some(_) if deletes(step) => recreated_address(self.then, step),
            Some(deed) => deed.made.map(str::to_owned),
            None => kept(step),
        })
    }

    fn name_today(&self, step: &Step) -> NamedRequest {
        let request = request_name(&step_subject(step), &step.call, &|made| recreated_address(self.today, made));
        match step.operation {
            StepOperation::Create { .. } => request.create(recreated_address(self.today, &step.id).unwrap_or_default()),
            _ => request,
        }
    }
}

/// The placeholder of a recreated object: its address. Its values are known only now, because some of them come from the
/// YAML.
fn recreated_address(plan: &Plan, step: &str) -> Option<String> {
    let step = plan.steps.iter().find(|known| known.id == step)?;
    Some(format!("make {} again", step.address.as_ref()?))
}

/// Everything that identifies a request; `id` returns the placeholder of what a step creates.
fn request_name(what: &str, call: &Call, id: &dyn Fn(&str) -> Option<String>) -> NamedRequest {
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
    let entries = call.body.iter().flat_map(CallBody::own_entries).map(|(name, payload)| (name.to_string(), entry(payload)));
    NamedRequest {
        what: what.to_owned(),
        text: describe_call(call),
        head: format!("{} {} {path} {:?}", call.account, call.method, call.query),
        entries: entries.collect(),
        patches: call.method == RequestMethod::Patch,
    }
}
