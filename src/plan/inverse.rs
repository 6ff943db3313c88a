//! What takes a plan back, as far as it is known before its first request: for each thing that it changes the requests that
//! bring back what was there, and what no request brings back. A plan says the second before anybody approves it, the journal
//! keeps both with the run, and `telform undo` is held against it.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::Plan;
use super::step::{Operation, Ref, Seat, Served, Step};
use crate::backend;
use crate::call::{Body, Call, Method, Payload, StepId};
use crate::kind::{Access, Delete, Kind, Link, NumberWord, Type, Update};
use crate::value::{Packed, Value, hidden::holds_mark};

/// What takes one change back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inverse {
    /// The steps that it takes back.
    pub of: Vec<StepId>,
    /// The object, attribute or number.
    pub what: String,
    /// The requests, in order. An id that the run makes stands as `{s1}`, by the step that makes it; the id of what is made again
    /// in the place of a deleted object stands by the step that deletes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// What does not come back, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}

impl Plan {
    /// What takes it back: the objects in the order of its steps, then the numbers.
    pub fn inverses(&self) -> Vec<Inverse> {
        let mut all: Vec<Inverse> = self.steps.iter().flat_map(|step| self.of_object(step)).collect();
        all.extend(self.turns().into_iter().filter_map(|turn| self.of_number(&turn)));
        all
    }

    fn generation(&self, account: &str) -> Option<u8> {
        self.accounts.iter().find(|line| line.name == account)?.generation
    }

    /// How an account connects numbers.
    fn link(&self, account: &str) -> Option<&'static Link> {
        let line = self.accounts.iter().find(|line| line.name == account)?;
        let kinds = backend::by_api(&line.api)?.kinds.iter();
        let mut answering =
            kinds.filter(|kind| kind.generation.is_none() || kind.generation == line.generation);
        answering.find_map(|kind| kind.link)
    }

    fn of_object(&self, step: &Step) -> Vec<Inverse> {
        let Some(address) = &step.address else { return Vec::new() };
        let Some(kind) = backend::shape(&address.kind, self.generation(&step.call.account)) else {
            return Vec::new();
        };
        match &step.operation {
            Operation::Create { .. } => vec![unmade(step, kind, &address.to_string())],
            Operation::Update { before, secrets, .. } => {
                // What is hidden in a value stays in the run that reads it: no later one can put it back.
                let sent = |name: &String| {
                    step.call.body.as_ref().is_some_and(|body| body.entries().contains_key(name))
                };
                let hidden =
                    before.iter().filter(|(name, was)| sent(name) && holds_mark(&Packed::from(*was)));
                let lost: Vec<String> = hidden.map(|(name, _)| name.clone()).collect();
                let rest = before.iter().filter(|(name, _)| !lost.contains(name));
                let before = &rest.map(|(name, was)| (name.clone(), was.clone())).collect();
                let secrets = secrets.iter().chain(&lost);
                let name = |secret: &String| Inverse {
                    of: vec![step.id.clone()],
                    what: format!("{address} {secret}"),
                    calls: Vec::new(),
                    lost: Some(
                        "overwritten: telform keeps no secret, so undo cannot send the old one again"
                            .to_owned(),
                    ),
                };
                put_back(step, kind, before, &lost).into_iter().chain(secrets.map(name)).collect()
            }
            Operation::Delete { id, before, frees, seats, .. } => {
                let mut all = vec![made_again(step, kind, id, before, seats)];
                all.extend(
                    frees.iter().filter_map(|number| self.seated(step, kind, id, number, seats.get(number))),
                );
                all
            }
            Operation::Connect { .. } | Operation::Disconnect { .. } | Operation::ReadBack { .. } => {
                Vec::new()
            }
        }
    }

    /// A number that goes off with its bridge: the bridge takes it along when it is made again, and it is connected to what
    /// served it.
    fn seated(
        &self,
        step: &Step,
        kind: &Kind,
        bridge: &str,
        number: &str,
        seat: Option<&Seat>,
    ) -> Option<Inverse> {
        let mut inverse = Inverse {
            of: vec![step.id.clone()],
            what: format!("{number} on {bridge}"),
            calls: Vec::new(),
            lost: None,
        };
        let id = seat.and_then(|seat| seat.id);
        inverse.lost = match (seat.map(|seat| &seat.served), id, kind.link) {
            (None, ..) => Some("goes off with its bridge: undo does not put it back".to_owned()),
            (_, None, _) | (_, _, None) => Some(
                "goes off with its bridge: the service does not show its id, so undo cannot put it back".to_owned(),
            ),
            (Some(Served::OneOf(_)), ..) => Some(
                "goes off with its bridge: undo puts it back there, and nobody knows which configuration served it"
                    .to_owned(),
            ),
            (Some(Served::By { id: server, .. }), Some(number_id), Some(link)) => {
                let account = &step.call.account;
                let at = self.now(account, Ref::Id(bridge.to_owned())).in_path();
                let provider = self.now(account, Ref::Id(server.clone()));
                let number = match link.number {
                    NumberWord::E164(key) => (key, Value::from(number)),
                    NumberWord::Id(key) => (key, Value::from(number_id)),
                };
                let entries = IndexMap::from([
                    (link.target_key.to_owned(), super::link_step::payload(&provider)),
                    (number.0.to_owned(), Payload::Value(number.1)),
                ]);
                let path = link.connect.replace("{id}", &at);
                inverse.calls.push(call(step, Method::Post, path, Some(entries)));
                None
            }
            // The bridge takes it along, and nobody served it.
            (Some(Served::Unserved | Served::NotThere), ..) => return None,
        };
        Some(inverse)
    }

    /// What the plan does to each number on each bridge, the first look and the last effect.
    fn turns(&self) -> Vec<Turn<'_>> {
        let mut turns: BTreeMap<(&str, Ref, &str), Turn<'_>> = BTreeMap::new();
        for step in &self.steps {
            let (bridge, number, before, after) = match &step.operation {
                Operation::Disconnect { bridge, number, before } => {
                    (Ref::Id(bridge.clone()), number, before, None)
                }
                Operation::Connect { bridge, number, provider, before } => {
                    (bridge.clone(), number, before, Some(provider))
                }
                _ => continue,
            };
            let seat = (step.call.account.as_str(), bridge.clone(), number.as_str());
            let turn = turns.entry(seat).or_insert_with(|| Turn {
                steps: Vec::new(),
                bridge,
                number,
                before,
                after: None,
            });
            turn.steps.push(step);
            turn.after = after;
        }
        turns.into_values().collect()
    }

    fn of_number(&self, turn: &Turn<'_>) -> Option<Inverse> {
        let step = *turn.steps.first()?;
        let account = &step.call.account;
        let link = self.link(account)?;
        // What a new bridge took along goes off with it, or back with the one in whose place it was made.
        if link.assigned_on_create.is_some() && matches!(turn.bridge, Ref::Step(_)) {
            return None;
        }
        let on = match &turn.bridge {
            Ref::Id(id) => id.clone(),
            Ref::Step(maker) => self.address_of(maker).unwrap_or_default(),
        };
        let mut inverse = Inverse {
            of: turn.steps.iter().map(|step| step.id.clone()).collect(),
            what: format!("{} on {on}", turn.number),
            calls: Vec::new(),
            lost: None,
        };
        let back = match turn.before {
            Served::By { id, .. } => Some(id),
            Served::NotThere | Served::Unserved => None,
            Served::OneOf(_) => {
                inverse.lost = Some("nobody knows which configuration serves it now".to_owned());
                return Some(inverse);
            }
        };
        if turn.after == back.map(|id| Ref::Id(id.clone())).as_ref() {
            return None;
        }
        // An account may say that its service can disconnect after all; then its plans do it.
        let cuts = |other: &Step| {
            other.call.account == *account && matches!(other.operation, Operation::Disconnect { .. })
        };
        let can_cut = link.can_disconnect || self.steps.iter().any(cuts);
        let bridge = self.now(account, turn.bridge.clone()).in_path();
        if turn.after.is_some() && can_cut {
            inverse.calls.push(linked(step, link, link.disconnect, &bridge, None)?);
        } else if back.is_none() {
            inverse.lost =
                Some("connected for good: this generation of the service cannot disconnect".to_owned());
        }
        if let Some(id) = back {
            let provider = self.now(account, Ref::Id(id.clone()));
            inverse.calls.push(linked(step, link, link.connect, &bridge, Some(&provider))?);
        }
        Some(inverse)
    }

    /// An identity as it will be after taking back: what the plan deletes is made again, under another one.
    fn now(&self, account: &str, at: Ref) -> Ref {
        let Ref::Id(known) = &at else { return at };
        let deletes = |step: &&Step| {
            step.call.account == account
                && matches!(&step.operation, Operation::Delete { id, .. } if id == known)
        };
        self.steps.iter().find(deletes).map_or(at.clone(), |step| Ref::Step(step.id.clone()))
    }

    fn address_of(&self, id: &str) -> Option<String> {
        let step = self.steps.iter().find(|step| step.id == id)?;
        step.address.as_ref().map(ToString::to_string)
    }
}

/// What a plan does to a number on a bridge.
struct Turn<'a> {
    steps: Vec<&'a Step>,
    bridge: Ref,
    number: &'a str,
    before: &'a Served,
    after: Option<&'a Ref>,
}

/// A connect or disconnect that calls the number as the plan's own request does.
fn linked(step: &Step, link: &Link, path: &str, bridge: &str, provider: Option<&Ref>) -> Option<Call> {
    let mut entries: IndexMap<String, Payload> = IndexMap::new();
    if let Some(provider) = provider {
        entries.insert(link.target_key.to_owned(), super::link_step::payload(provider));
    }
    let sent = step.call.body.as_ref()?.entries().clone();
    entries.extend(sent.into_iter().filter(|(name, _)| name != link.target_key));
    Some(call(step, Method::Post, path.replace("{id}", bridge), Some(entries)))
}

fn call(step: &Step, method: Method, path: String, entries: Option<IndexMap<String, Payload>>) -> Call {
    let account = step.call.account.clone();
    Call { account, method, path, query: Vec::new(), body: entries.map(Body::Object), headers: Vec::new() }
}

/// The path of a collection, from that of one of its objects; and the other way round.
fn swapped(path: &str, from: &str, to: &str, id: &str) -> String {
    // How an account spells the collection is known only from the request itself.
    let head = from.split(['{']).next().unwrap_or_default();
    let spelling = path.strip_prefix(head).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    to.replace("{configurations}", spelling).replace("{id}", id)
}

/// What is made is deleted.
fn unmade(step: &Step, kind: &'static Kind, what: &str) -> Inverse {
    let path = swapped(&step.call.path, kind.collection, kind.member, &format!("{{{}}}", step.id));
    let lost = match kind.delete {
        Delete::Supported => None,
        Delete::Undocumented { switch } => Some(format!(
            "created for good: the service documents no delete of a {}; undo tries one only where the account sets `{switch}`",
            kind.singular
        )),
    };
    let calls = vec![call(step, Method::Delete, path, None)];
    Inverse { of: vec![step.id.clone()], what: what.to_owned(), calls, lost }
}

/// What is changed gets the values that it has now.
fn put_back(
    step: &Step,
    kind: &'static Kind,
    before: &BTreeMap<String, Value>,
    lost: &[String],
) -> Option<Inverse> {
    let mut entries = IndexMap::new();
    for (name, payload) in step.call.body.as_ref()?.entries().iter().filter(|(name, _)| !lost.contains(name))
    {
        let (Payload::Value(sent), Some(field)) = (payload, kind.field(name)) else { continue };
        let was = before.get(name).filter(|was| !was.is_null()).map_or_else(|| field.cleared(), Packed::from);
        if !field.same(&was, &sent.into()) {
            entries.insert(name.clone(), Payload::Value(was.json()));
        }
    }
    if entries.is_empty() {
        return None;
    }
    let nested = kind.fields.iter().any(|field| field.nested() && entries.contains_key(field.name));
    let mut call = call(step, Method::Patch, step.call.path.clone(), Some(entries));
    if let (Update::PatchOrPut { nested: (key, word) }, true) = (kind.update, nested) {
        call = call.with(key, word);
    }
    let what = step.address.as_ref().map(ToString::to_string).unwrap_or_default();
    Some(Inverse { of: vec![step.id.clone()], what, calls: vec![call], lost: None })
}

/// What is deleted is made again, as another object.
fn made_again(
    step: &Step,
    kind: &'static Kind,
    id: &str,
    before: &BTreeMap<String, Value>,
    seats: &BTreeMap<String, Seat>,
) -> Inverse {
    let address = step.address.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut entries = IndexMap::new();
    let mut needed = Vec::new();
    let writable = kind.fields.iter().filter(|field| {
        field.access != Access::ReadOnly
            && field.ty != Type::Numbers
            && field
                .only_with
                .is_none_or(|(other, needed)| before.get(other).and_then(Value::as_str) == Some(needed))
    });
    for field in writable {
        if field.ty == Type::Secret {
            if let (true, Some(address)) = (field.required, &step.address) {
                needed.push(field.name);
                let attribute = field.name.to_owned();
                entries
                    .insert(field.name.to_owned(), Payload::Secret { address: address.clone(), attribute });
            }
        } else if let Some(value) = before.get(field.name).filter(|value| !value.is_null()) {
            entries.insert(field.name.to_owned(), Payload::Value(value.clone()));
        }
    }
    let taken: Vec<u64> = seats.values().filter_map(|seat| seat.id).collect();
    if let Some(key) = kind.link.and_then(|link| link.assigned_on_create)
        && !taken.is_empty()
    {
        entries.insert(key.to_owned(), Payload::Value(Value::from(taken)));
    }
    let path = swapped(&step.call.path, kind.member, kind.collection, "");
    let mut lost = format!("deleted for good: a {} that is made again has another identity", kind.singular);
    if !needed.is_empty() {
        lost.push_str(&format!(" and needs its {} from the YAML", needed.join(", ")));
    }
    if kind.hidden_until_verified {
        lost.push_str(", and nobody sees it before somebody confirms it");
    }
    let calls = vec![call(step, Method::Post, path, Some(entries))];
    Inverse { of: vec![step.id.clone()], what: format!("{address} ({id})"), calls, lost: Some(lost) }
}
