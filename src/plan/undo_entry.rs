//! How to undo a plan, as far as it is known before its first request: for each change, the requests that restore the earlier
//! state, and what no request restores. A plan lists the latter before anyone approves it, the journal keeps both with the
//! run, and `telform undo` is checked against it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::link_steps::link_call;
use super::step::{FreedNumber, ObjectRef, Step, StepOperation};
use super::undo_of_object::{undo_create, undo_delete, undo_update};
use super::{Change, ChangeAction, Plan};
use crate::model::call::{BodyValue, Call, CallBody, StepId};
use crate::model::kind::{AttributeType, Field, Kind, Link, NumberParameter};
use crate::model::resource::{Address, ServedBy};
use crate::model::value::{AttributeValues, CompactValue, Value, hidden::holds_mark};
use crate::services;

/// Why an attribute that had no value keeps the one that it got.
pub const NOT_CLEARED: &str = "it had no value, and the service takes no null: it cannot be cleared";

/// How to undo one change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UndoEntry {
    /// The steps that it undoes.
    pub of: Vec<StepId>,
    /// The object, attribute or number.
    pub what: String,
    /// The requests, in order. An id that the run creates is written as `{s1}`, after the step that creates it; the id of an
    /// object that is recreated in place of a deleted one is written after the step that deletes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// What cannot be restored, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}

impl Plan {
    /// How to undo it: the objects in the order of its steps, then the numbers.
    pub fn undo_entries(&self) -> Vec<UndoEntry> {
        let index = UndoIndex::new(self);
        let mut all: Vec<UndoEntry> = self.steps.iter().flat_map(|step| self.undo_object_step(step, &index)).collect();
        let names_recreated = |entry: &UndoEntry| {
            let sent = entry.calls.iter().filter_map(|call| call.body.as_ref()).flat_map(CallBody::own_entries);
            sent.into_iter().any(|(_, value)| matches!(value, BodyValue::WithIds { .. }))
        };
        if all.iter().any(names_recreated) {
            // What was named goes last, and comes back first.
            let deletes = |entry: &UndoEntry| {
                let step = entry.of.first().and_then(|step| self.step(step));
                step.is_some_and(|step| matches!(step.operation, StepOperation::Delete { .. }))
            };
            let (deleted, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(deletes);
            all = rest.into_iter().chain(deleted.into_iter().rev()).collect();
        }
        all.extend(self.number_transitions().into_iter().filter_map(|turn| self.undo_number_transition(&turn, &index)));
        all
    }

    fn account_generation(&self, account: &str) -> Option<u8> {
        self.accounts.iter().find(|line| line.name == account)?.generation
    }

    /// How an account connects numbers.
    fn account_link(&self, account: &str) -> Option<&'static Link> {
        let line = self.accounts.iter().find(|line| line.name == account)?;
        let kinds = services::by_api(&line.api)?.kinds.iter();
        let mut answering = kinds.filter(|kind| kind.generation.is_none() || kind.generation == line.generation);
        answering.find_map(|kind| kind.link)
    }

    fn undo_object_step(&self, step: &Step, index: &UndoIndex<'_>) -> Vec<UndoEntry> {
        let Some(address) = &step.address else { return Vec::new() };
        let Some(kind) = services::shape_of_generation(&address.kind, self.account_generation(&step.call.account)) else {
            return Vec::new();
        };
        let mut entries = self.undo_of_object(step, address, kind, index);
        for call in entries.iter_mut().flat_map(|entry| &mut entry.calls) {
            if let Some(CallBody::Object(body)) = &mut call.body {
                for (name, value) in body {
                    self.name_recreated(step, kind, name, value, index);
                }
            }
        }
        entries
    }

    /// The id of an object that the plan deletes is that of the recreated one after the undo.
    fn name_recreated(&self, step: &Step, kind: &Kind, name: &str, sent: &mut BodyValue, index: &UndoIndex<'_>) {
        let (BodyValue::Value(value), Some(field)) = (&*sent, kind.field(name).filter(|field| field.has_references())) else {
            return;
        };
        let account = step.call.account.as_str();
        let mut ids = BTreeMap::new();
        let mut filled = value.json();
        field.for_each_reference(value, &mut |pointer, of, id| {
            let maker = index.deletes.get(&(account, id)).filter(|maker| {
                let address = self.step(maker).and_then(|step| step.address.as_ref());
                address.is_some_and(|address| address.kind == of)
            });
            if let (Some(maker), Some(place)) = (maker, filled.pointer_mut(pointer)) {
                *place = if place.is_number() { Value::from(0) } else { Value::from("") };
                ids.insert(pointer.to_owned(), (*maker).to_owned());
            }
        });
        if !ids.is_empty() {
            *sent = BodyValue::WithIds { value: Box::new(filled.into()), ids };
        }
    }

    fn undo_of_object(&self, step: &Step, address: &Address, kind: &'static Kind, index: &UndoIndex<'_>) -> Vec<UndoEntry> {
        match &step.operation {
            StepOperation::Create { .. } => vec![undo_create(step, kind, &address.to_string())],
            StepOperation::Update { before, secrets, .. } => {
                // The hidden part of a value is known only to the run that reads it: no later run can restore it.
                let sent =
                    |name: &String| step.call.body.as_ref().is_some_and(|body| body.own_entries().contains_key(name.as_str()));
                let hidden = before.iter().filter(|(name, was)| sent(name) && holds_mark(&CompactValue::from(*was)));
                let mut lost: Vec<String> = hidden.map(|(name, _)| name.clone()).collect();
                let rest = before.iter().filter(|(name, _)| !lost.contains(name));
                let before: &AttributeValues = &rest.map(|(name, was)| (name.clone(), was.clone())).collect();
                let entry = |name: &String, why: &str| UndoEntry {
                    of: vec![step.id.clone()],
                    what: format!("{address} {name}"),
                    calls: Vec::new(),
                    lost: Some(why.to_owned()),
                };
                let overwritten = "overwritten: telform does not store secrets, so undo cannot send the old one again";
                let mut all: Vec<UndoEntry> = secrets.iter().chain(&lost).map(|name| entry(name, overwritten)).collect();
                let set = |name: &str| before.get(name).is_some_and(|was| !was.is_null()) || lost.iter().any(|lost| lost == name);
                let stays = |field: &&Field| field.ty != AttributeType::Secret && !kind.can_clear(field) && !set(field.name);
                let names = kind.fields.iter().filter(stays).map(|field| field.name.to_owned());
                let stay: Vec<String> = names.filter(sent).collect();
                all.extend(stay.iter().map(|name| entry(name, NOT_CLEARED)));
                lost.extend(stay);
                undo_update(step, kind, before, &lost).into_iter().chain(all).collect()
            }
            StepOperation::Delete { id, before, frees, prior_connections, .. } => {
                // The entry describes the object that replaces it, and so do its secrets.
                let replaced = index.replacements.get(address).is_some_and(|change| {
                    kind.secret_owners().any(|field| change.attributes.iter().any(|it| it.name == field.name))
                });
                let mut all = vec![undo_delete(step, kind, id, before, prior_connections, replaced)];
                all.extend(
                    frees
                        .iter()
                        .filter_map(|number| index.undo_freed_number(step, kind, id, number, prior_connections.get(number))),
                );
                all
            }
            StepOperation::Connect { .. } | StepOperation::Disconnect { .. } | StepOperation::ReadBack { .. } => Vec::new(),
        }
    }

    /// What the plan does to each number on each bridge: the state before the first step and the effect of the last.
    fn number_transitions(&self) -> Vec<NumberTransition<'_>> {
        let mut turns: BTreeMap<(&str, ObjectRef, &str), NumberTransition<'_>> = BTreeMap::new();
        for step in &self.steps {
            let (bridge, number, before, after) = match &step.operation {
                StepOperation::Disconnect { bridge, number, before } => (ObjectRef::Id(bridge.clone()), number, before, None),
                StepOperation::Connect { bridge, number, provider, before } => (bridge.clone(), number, before, Some(provider)),
                _ => continue,
            };
            let at = (step.call.account.as_str(), bridge.clone(), number.as_str());
            let turn =
                turns.entry(at).or_insert_with(|| NumberTransition { steps: Vec::new(), bridge, number, before, after: None });
            turn.steps.push(step);
            turn.after = after;
        }
        turns.into_values().collect()
    }

    fn undo_number_transition(&self, turn: &NumberTransition<'_>, index: &UndoIndex<'_>) -> Option<UndoEntry> {
        let step = *turn.steps.first()?;
        let account = &step.call.account;
        let link = self.account_link(account)?;
        // A number that a new bridge included leaves with it, or returns with the bridge that it replaced.
        if link.assigned_on_create.is_some() && matches!(turn.bridge, ObjectRef::Step(_)) {
            return None;
        }
        let on = match &turn.bridge {
            ObjectRef::Id(id) => id.clone(),
            ObjectRef::Step(maker) => self.step(maker)?.address.as_ref().map(ToString::to_string).unwrap_or_default(),
        };
        let mut inverse = UndoEntry {
            of: turn.steps.iter().map(|step| step.id.clone()).collect(),
            what: services::number_and_place(address_kind(step), turn.number, &on),
            calls: Vec::new(),
            lost: None,
        };
        let back = match turn.before {
            ServedBy::By { id, .. } | ServedBy::Foreign { id, .. } => Some(id),
            ServedBy::NotThere | ServedBy::Unserved => None,
            ServedBy::OneOf(_) | ServedBy::NotTold => {
                inverse.lost = Some("it is not known what serves it now".to_owned());
                return Some(inverse);
            }
        };
        if turn.after == back.map(|id| ObjectRef::Id(id.clone())).as_ref() {
            return None;
        }
        // An account may declare that its service can disconnect; then its plans do so.
        let can_cut = link.can_disconnect || index.disconnecting.contains(account.as_str());
        let bridge = index.ref_after_undo(account, turn.bridge.clone()).in_path();
        let sent = step.call.body.as_ref()?.own_entries();
        let number = sent.iter().filter(|(name, _)| *name != link.target_key);
        let number = || number.clone().map(|(name, value)| (name.clone(), value.clone()));
        if turn.after.is_some() && can_cut && !(link.replaces() && back.is_some()) {
            inverse.calls.push(link_call(account, link, &bridge, None, link.detach(), number()));
        } else if back.is_none() {
            inverse.lost = Some("permanent: this generation of the service cannot disconnect a number".to_owned());
        }
        if let Some(id) = back {
            let provider = index.ref_after_undo(account, ObjectRef::Id(id.clone()));
            inverse.calls.push(link_call(account, link, &bridge, Some(&provider), None, number()));
        }
        Some(inverse)
    }
}

/// The steps of a plan by what an undo looks up.
struct UndoIndex<'a> {
    /// Deletes, by account and id.
    deletes: BTreeMap<(&'a str, &'a str), &'a str>,
    /// Accounts in which the plan disconnects numbers.
    disconnecting: BTreeSet<&'a str>,
    /// Changes that replace an object.
    replacements: BTreeMap<&'a Address, &'a Change>,
}

impl<'a> UndoIndex<'a> {
    fn new(plan: &'a Plan) -> Self {
        let replacing = plan.changes.iter().filter(|change| change.action == ChangeAction::Replace);
        let replacements = replacing.map(|change| (&change.address, change)).collect();
        let mut index = Self { deletes: BTreeMap::new(), disconnecting: BTreeSet::new(), replacements };
        for step in &plan.steps {
            let account = step.call.account.as_str();
            match &step.operation {
                StepOperation::Delete { id, .. } => {
                    index.deletes.entry((account, id)).or_insert(&step.id);
                }
                StepOperation::Disconnect { .. } => {
                    index.disconnecting.insert(account);
                }
                _ => {}
            }
        }
        index
    }

    /// An identity as it will be after the undo: an object that the plan deletes is recreated with a different one.
    fn ref_after_undo(&self, account: &str, at: ObjectRef) -> ObjectRef {
        let ObjectRef::Id(known) = &at else { return at };
        self.deletes.get(&(account, known.as_str())).map_or(at.clone(), |step| ObjectRef::Step((*step).to_owned()))
    }

    /// A number that leaves with its bridge: the bridge includes it when it is recreated, and it is connected to the
    /// configuration that served it.
    fn undo_freed_number(
        &self,
        step: &Step,
        kind: &Kind,
        bridge: &str,
        of: &str,
        prior: Option<&FreedNumber>,
    ) -> Option<UndoEntry> {
        let mut inverse = UndoEntry {
            of: vec![step.id.clone()],
            what: services::number_and_place(address_kind(step), of, bridge),
            calls: Vec::new(),
            lost: None,
        };
        let (id, holder) = (prior.and_then(|prior| prior.id), kind.singular);
        inverse.lost = match (prior.map(|prior| &prior.served), id, kind.link) {
            (None, ..) => Some(format!("it is taken off with the deleted {holder}: undo does not put it back")),
            (_, None, _) | (_, _, None) => Some(format!(
                "it is taken off with the deleted {holder}: the service does not show its id, so undo cannot put it back"
            )),
            (Some(ServedBy::OneOf(_) | ServedBy::NotTold), ..) => Some(format!(
                "it is taken off with the deleted {holder}: undo puts it back there, but it is not known what served it"
            )),
            (Some(ServedBy::By { id: server, .. } | ServedBy::Foreign { id: server, .. }), Some(number_id), Some(link)) => {
                let account = &step.call.account;
                let at = self.ref_after_undo(account, ObjectRef::Id(bridge.to_owned())).in_path();
                let provider = self.ref_after_undo(account, ObjectRef::Id(server.clone()));
                let number = link.number().map(|number| match number {
                    NumberParameter::E164(key) => (key.into(), BodyValue::Value(of.into())),
                    NumberParameter::Id(key) => (key.into(), BodyValue::Value(Value::from(number_id).into())),
                });
                inverse.calls.push(link_call(account, link, &at, Some(&provider), None, number));
                None
            }
            // The bridge includes it, and no configuration served it.
            (Some(ServedBy::Unserved | ServedBy::NotThere), ..) => return None,
        };
        Some(inverse)
    }
}

/// What a plan does to a number on a bridge.
struct NumberTransition<'a> {
    steps: Vec<&'a Step>,
    bridge: ObjectRef,
    number: &'a str,
    before: &'a ServedBy,
    after: Option<&'a ObjectRef>,
}

/// The kind of what a step is about.
fn address_kind(step: &Step) -> &str {
    step.address.as_ref().map_or("", |address| &address.kind)
}
