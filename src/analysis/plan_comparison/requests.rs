//! Requests of two plans, under names that do not depend on how many others there are.

use std::collections::{BTreeMap, HashMap, HashSet};

use smol_str::SmolStr;

use super::{OneDifference, plain_value};
use crate::model::call::{BodyValue, CallBody, StepId};
use crate::model::resource::ServedBy;
use crate::plan::{Change, ObjectRef, Plan, Prerequisite, Step, StepOperation};
use crate::services;

/// The steps of a plan by name. In each, the names replace the ids `s1`, `s2`.
pub(super) struct NamedSteps<'a> {
    named: Vec<(String, Step)>,
    places: HashMap<String, usize>,
    names: HashMap<&'a str, String>,
    of_changes: HashSet<String>,
}

impl<'a> NamedSteps<'a> {
    pub(super) fn from_plan(plan: &'a Plan) -> Self {
        let by_id: HashMap<&str, &Step> = plan.steps.iter().map(|step| (step.id.as_str(), step)).collect();
        let mut counts: HashMap<String, usize> = HashMap::new();
        let mut names: HashMap<&'a str, String> = HashMap::new();
        for step in &plan.steps {
            let name = step_name(step, &by_id);
            let count = counts.entry(name.clone()).or_default();
            *count += 1;
            names.insert(&step.id, if *count == 1 { name } else { format!("{name} ({count})") });
        }
        let named: Vec<(String, Step)> =
            plan.steps.iter().map(|step| (names[step.id.as_str()].clone(), with_names(step, &names))).collect();
        let places = named.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
        let ids = plan.changes.iter().flat_map(|change| &change.steps);
        let of_changes = ids.filter_map(|id| names.get(id.as_str()).cloned()).collect();
        Self { named, places, names, of_changes }
    }

    /// All steps in their order.
    pub(super) fn steps(&self) -> &[(String, Step)] {
        &self.named
    }

    /// The names in the order of the steps.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|(name, _)| name.as_str())
    }

    pub(super) fn find(&self, name: &str) -> Option<&Step> {
        self.places.get(name).map(|place| &self.named[*place].1)
    }

    /// The name of the step with an id.
    pub(super) fn name_of(&self, id: &str) -> Option<&str> {
        self.names.get(id).map(String::as_str)
    }

    pub(super) fn is_of_a_change(&self, name: &str) -> bool {
        self.of_changes.contains(name)
    }

    /// The steps of a change.
    pub(super) fn of_change(&self, change: &Change) -> impl Iterator<Item = (&str, &Step)> {
        let names = change.steps.iter().filter_map(|id| self.name_of(id));
        names.filter_map(|name| Some((name, self.find(name)?)))
    }
}

/// `connect +14155550101 on sales-bridge-001`.
fn step_name(step: &Step, by_id: &HashMap<&str, &Step>) -> String {
    let created = |id: &str| by_id.get(id)?.address.as_ref().map(ToString::to_string);
    let holder = |object: &ObjectRef| match object {
        ObjectRef::Id(id) => id.clone(),
        ObjectRef::Step(id) => created(id).unwrap_or_else(|| id.clone()),
    };
    let verb = step.operation.as_str();
    match &step.operation {
        StepOperation::Create { .. } | StepOperation::Update { .. } | StepOperation::Delete { .. } => match &step.address {
            Some(address) => format!("{verb} {address}"),
            None => format!("{verb} {}", step.call.path),
        },
        StepOperation::Connect { bridge, number, .. } => format!("{verb} {number} on {}", holder(bridge)),
        StepOperation::Disconnect { bridge, number, .. } => format!("{verb} {number} from {bridge}"),
        StepOperation::ReadBack { bridge, .. } => format!("{verb} {}", holder(bridge)),
    }
}

/// The same step with names in place of the ids of steps.
fn with_names(step: &Step, names: &HashMap<&str, String>) -> Step {
    let named = |id: &StepId| names.get(id.as_str()).cloned().unwrap_or_else(|| id.clone());
    let mut step = step.clone();
    for id in step_ids_in(&step.call.path) {
        step.call.path = step.call.path.replace(&format!("{{{id}}}"), &format!("{{{}}}", named(&id)));
    }
    step.id = named(&step.id);
    for it in &mut step.waits_for {
        if let Prerequisite::Step(id) = it {
            *id = named(id);
        }
    }
    step.waits_for.sort();
    let in_ref = |object: &mut ObjectRef| {
        if let ObjectRef::Step(id) = object {
            *id = named(id);
        }
    };
    match &mut step.operation {
        StepOperation::Connect { bridge, provider, .. } => {
            in_ref(bridge);
            in_ref(provider);
        }
        StepOperation::ReadBack { bridge, numbers } => {
            in_ref(bridge);
            numbers.values_mut().flatten().for_each(in_ref);
        }
        StepOperation::Create { .. }
        | StepOperation::Update { .. }
        | StepOperation::Disconnect { .. }
        | StepOperation::Delete { .. } => {}
    }
    if let Some(CallBody::Object(entries) | CallBody::Overlay { set: entries, .. }) = &mut step.call.body {
        for value in entries.values_mut() {
            match value {
                BodyValue::IdOf(id) => *id = named(id),
                BodyValue::WithIds { ids, .. } => ids.values_mut().for_each(|id| *id = named(id)),
                BodyValue::Value(_) | BodyValue::Secret { .. } => {}
            }
        }
    }
    step
}

/// The ids of steps in a path: `s3` in `bridges/{s3}`.
fn step_ids_in(path: &str) -> Vec<StepId> {
    path.split('/').filter_map(|part| Some(part.strip_prefix('{')?.strip_suffix('}')?.to_owned())).collect()
}

/// `PATCH partners/7?x=y`.
pub(super) fn request_line(step: &Step) -> String {
    format!("{} {}", step.call.method, step.call.path_and_query())
}

/// The same with the phone number that it is about, which neither method nor path shows.
pub(super) fn numbered_request_line(step: &Step) -> String {
    let (StepOperation::Connect { number, .. } | StepOperation::Disconnect { number, .. }) = &step.operation else {
        return request_line(step);
    };
    format!("{} {number} {}", step.call.method, step.call.path_and_query())
}

/// In what a request differs; all of it, where only one plan sends it.
pub(super) fn request_differences(name: &str, first: Option<&Step>, second: Option<&Step>) -> Vec<OneDifference> {
    let (Some(was), Some(is)) = (first, second) else {
        let line = |step: Option<&Step>| step.map(request_line);
        return vec![OneDifference::new(format!("request to {name}"), line(first), line(second))];
    };
    if was == is {
        return Vec::new();
    }
    let (was, is) = (parts(was), parts(is));
    let names: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let pairs = names.into_iter().map(|part| (part, was.get(part).cloned(), is.get(part).cloned()));
    let differing = pairs.filter(|(_, first, second)| first != second);
    differing.map(|(part, first, second)| OneDifference::new(format!("{name}: {part}"), first, second)).collect()
}

/// Everything in a request, each part by its name.
fn parts(step: &Step) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::from([
        ("phase".to_owned(), step.phase.as_str().to_owned()),
        ("account".to_owned(), step.call.account.clone()),
        ("request".to_owned(), request_line(step)),
        ("why".to_owned(), step.why.clone()),
    ]);
    if !step.waits_for.is_empty() {
        let waits: Vec<String> = step.waits_for.iter().map(ToString::to_string).collect();
        parts.insert("waits for".to_owned(), waits.join(", "));
    }
    if let Some(body) = &step.call.body {
        let entries = body.own_entries();
        parts.extend(entries.iter().map(|(key, value)| (format!("{BODY} {key}"), body_value(value))));
        parts.insert(BODY_ORDER.to_owned(), entries.keys().map(SmolStr::as_str).collect::<Vec<_>>().join(", "));
        if let CallBody::Overlay { fields, .. } = body {
            parts.insert("all fields of the body".to_owned(), fields.join(", "));
        }
    }
    let operation = serde_json::to_value(&step.operation).unwrap_or_default();
    let mut left_out = "do";
    if let StepOperation::Connect { before, .. } | StepOperation::Disconnect { before, .. } = &step.operation {
        parts.insert("connection before".to_owned(), served_by(step, before));
        left_out = "before";
    }
    let members = operation.as_object().into_iter().flatten();
    for (name, value) in members.filter(|(name, _)| *name != "do" && *name != left_out) {
        let name = match name.as_str() {
            "before" => STATE_BEFORE,
            "expect" => STATE_AFTER,
            "key" => "natural key",
            other => other,
        };
        match value.as_object().filter(|_| matches!(name, STATE_BEFORE | STATE_AFTER)) {
            Some(entries) => parts.extend(entries.iter().map(|(key, value)| (format!("{name} {key}"), value.to_string()))),
            None => {
                parts.insert(name.replace('_', " "), operation_value(value));
            }
        }
    }
    parts
}

/// What serves a number, for people, and how that is known: a review was made with it.
fn served_by(step: &Step, spot: &ServedBy) -> String {
    let service = step.address.as_ref().and_then(|address| services::of_kind(&address.kind));
    let described = spot.describe(service.map_or("object", |service| service.link_words().target));
    if matches!(spot, ServedBy::By { .. }) { format!("{described} ({})", spot.word()) } else { described }
}

/// A value of an operation for people; an object that another step creates is named by that step.
fn operation_value(value: &serde_json::Value) -> String {
    match value.as_object().filter(|object| object.len() == 1).and_then(|object| object.get("step")?.as_str()) {
        Some(step) => format!("(id from: {step})"),
        None => match value.as_object() {
            Some(all) if !all.is_empty() => {
                all.iter().map(|(name, value)| format!("{name}: {}", operation_value(value))).collect::<Vec<_>>().join(", ")
            }
            _ => plain_value(value),
        },
    }
}

const BODY: &str = "body";
const BODY_ORDER: &str = "order in the body";
const STATE_BEFORE: &str = "state before";
const STATE_AFTER: &str = "state after";

/// Whether a part of a request follows from attributes that differ, which are named already.
pub(super) fn follows_from(what: &str, step: &str, attributes: &[String]) -> bool {
    let Some(part) = what.strip_prefix(step).and_then(|rest| rest.strip_prefix(": ")) else { return false };
    let of_attribute = |attribute: &String| {
        [BODY, STATE_BEFORE, STATE_AFTER].iter().any(|name| part.strip_prefix(name).map(str::trim_start) == Some(attribute))
    };
    attributes.iter().any(of_attribute) || part == BODY_ORDER && !attributes.is_empty()
}

/// A value of a body; a secret as what it is.
fn body_value(value: &BodyValue) -> String {
    match value {
        BodyValue::Value(value) => value.to_string(),
        BodyValue::Secret { address, attribute } => format!("(secret {attribute} of {address})"),
        BodyValue::IdOf(step) => format!("(id from: {step})"),
        BodyValue::WithIds { value, ids } => {
            let ids: Vec<&str> = ids.values().map(String::as_str).collect();
            format!("{value} (ids from: {})", ids.join(", "))
        }
    }
}
