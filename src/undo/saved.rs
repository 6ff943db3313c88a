//! What takes a run back today, held against what was saved with the run before its first request.

use std::collections::BTreeMap;

use super::{Deed, Left, deeds};
use crate::call::{Body, Call, Payload};
use crate::journal::Run;
use crate::plan::{Inverse, Operation, Plan, Ref, Step};
use crate::value::Value;

/// How the plan that takes a run back is not the one that was saved with it, because something moved since: what it is about,
/// and the request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Otherwise {
    /// Requests that were saved and are not sent today.
    pub dropped: Vec<(String, String)>,
    /// Requests that are sent today and were not saved.
    pub added: Vec<(String, String)>,
}

/// Compares the plan of today with the saved one. `None` when the run is of a telform that saved none. What is `left` alone has
/// its reason said already; and only what the run did as a whole is compared: of a number that it cut and did not connect,
/// something else is to be taken back than was planned.
pub fn otherwise(run: &Run<'_>, then: &Plan, today: &Plan, left: &[Left]) -> Option<Otherwise> {
    let saved = serde_json::to_value(&run.started.undo).ok()?;
    let saved: Vec<Inverse> = serde_json::from_value(saved).ok()?;
    if saved.is_empty() {
        return None;
    }
    let deeds = deeds(run, then);
    let done = |step: &String| deeds.iter().any(|deed| deed.step.id == *step);
    let (whole, part): (Vec<&Inverse>, Vec<&Inverse>) = saved
        .iter()
        .filter(|inverse| inverse.of.iter().any(done))
        .partition(|inverse| inverse.of.iter().all(done));
    let said: Vec<&str> = left
        .iter()
        .map(|left| left.what.as_str())
        .chain(part.iter().map(|inverse| inverse.what.as_str()))
        .collect();
    let names = Names { run: deeds.as_slice(), then, today };
    let writes = today.steps.iter().filter(|step| !matches!(step.operation, Operation::ReadBack { .. }));
    let mut sent: Vec<(String, &Step)> = writes.map(|step| (names.of_today(step), step)).collect();
    let mut found = Otherwise::default();
    for (inverse, call) in
        whole.iter().flat_map(|inverse| inverse.calls.iter().map(move |call| (inverse, call)))
    {
        let wanted = names.of_run(inverse, call);
        match sent.iter().position(|(now, _)| *now == wanted) {
            Some(at) => drop(sent.remove(at)),
            None => found.dropped.push((inverse.what.clone(), request(call))),
        }
    }
    found.added = sent.into_iter().map(|(_, step)| (what(step), request(&step.call))).collect();
    for list in [&mut found.dropped, &mut found.added] {
        list.retain(|(what, _)| !said.iter().any(|said| related(what, said)));
    }
    Some(found)
}

/// Whether both are about one thing: `partners.west` and `partners.west city` are.
fn related(a: &str, b: &str) -> bool {
    let within =
        |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    within(a, b) || within(b, a)
}

/// What a step is about, in the words of an [`Inverse`].
fn what(step: &Step) -> String {
    match &step.operation {
        Operation::Disconnect { bridge, number, .. } => format!("{number} on {bridge}"),
        Operation::Connect { bridge: Ref::Id(bridge), number, .. } => format!("{number} on {bridge}"),
        Operation::Connect { number, .. } => number.clone(),
        _ => step.address.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

/// A request for people.
fn request(call: &Call) -> String {
    format!("{} {}", call.method, call.target())
}

/// Gives the same name to one thing in both plans.
struct Names<'a> {
    run: &'a [Deed<'a>],
    then: &'a Plan,
    today: &'a Plan,
}

impl Names<'_> {
    fn of_run(&self, inverse: &Inverse, call: &Call) -> String {
        let deed = |step: &str| self.run.iter().find(|deed| deed.step.id == step);
        let deletes = |step: &str| {
            deed(step).is_some_and(|deed| matches!(deed.step.operation, Operation::Delete { .. }))
        };
        // What is sent to something that is made again says so in its path.
        let makes = !call.path.contains('{');
        if let Some(step) = inverse.of.iter().find(|step| makes && deletes(step)) {
            return again(self.then, step).unwrap_or_default();
        }
        name(call, &|step| {
            if deletes(step) { again(self.then, step) } else { deed(step)?.made.map(str::to_owned) }
        })
    }

    fn of_today(&self, step: &Step) -> String {
        if matches!(step.operation, Operation::Create { .. }) {
            return again(self.today, &step.id).unwrap_or_default();
        }
        name(&step.call, &|made| again(self.today, made))
    }
}

/// What stands for an object that is made again: its address. With which values is known only today, because some of them
/// come from the YAML.
fn again(plan: &Plan, step: &str) -> Option<String> {
    let step = plan.steps.iter().find(|known| known.id == step)?;
    Some(format!("make {} again", step.address.as_ref()?))
}

/// Everything that makes a request this one; `id` tells what stands for what a step makes.
fn name(call: &Call, id: &dyn Fn(&str) -> Option<String>) -> String {
    let mut path = call.path.clone();
    if let Some((before, rest)) = call.path.split_once('{')
        && let Some((step, after)) = rest.split_once('}')
    {
        path = format!("{before}{}{after}", id(step).unwrap_or_default());
    }
    // An id is a number in one body and a text in the other.
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let entry = |payload: &Payload| match payload {
        Payload::Value(value) => plain(value),
        Payload::Secret { address, attribute } => format!("secret {address} {attribute}"),
        Payload::IdOf(step) => id(step).unwrap_or_default(),
    };
    let entries: BTreeMap<&String, String> =
        call.body.iter().flat_map(Body::entries).map(|(name, payload)| (name, entry(payload))).collect();
    format!("{} {} {path} {:?} {entries:?}", call.account, call.method, call.query)
}
