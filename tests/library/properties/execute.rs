//! Applies a plan to the model, step by step, in any order that the plan allows, and refuses whatever a careful service or
//! reader would: missing objects, objects in use, unrequested changes. Updates the ledger as an apply does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use telform::apply::settle_ledger;
use telform::model::call::{BodyValue, Call, CallBody, RequestMethod};
use telform::model::kind::{AttributeAccess, AttributeType, Kind, NumberParameter, UpdateMethod};
use telform::model::ledger::{Ledger, ManagedObject};
use telform::model::resource::{Account, Address, DesiredObject, DesiredValue, LiveState};
use telform::model::value::{AttributeValues, Secret};
use telform::plan::{ObjectRef, Plan, Prerequisite, Step, StepOperation, StepPhase};

use crate::properties::case::{Case, entry};
use crate::properties::dice::Dice;
use crate::properties::model::{Model, Thing};
use crate::properties::values::NUMBERS;

pub(crate) struct Executor<'a> {
    case: &'a Case,
    pub(crate) model: Model,
    pub(crate) ledger: Ledger,
    made: BTreeMap<String, String>,
}

type Done = Result<(), String>;

/// The model and the ledger after the plan, or what was illegal.
pub(crate) fn execute<'a>(case: &'a Case, plan: &Plan, live: &LiveState, dice: &mut Dice) -> Result<Executor<'a>, String> {
    let mut ledger = case.ledger.clone();
    settle_ledger(&mut ledger, plan, &case.desired, live, &case.key, &|| "2026-11-22T00:00:00Z".to_owned());
    let mut run = Executor { case, model: case.model.clone(), ledger, made: BTreeMap::new() };
    let mut done = BTreeSet::new();
    for phase in
        [StepPhase::Create, StepPhase::Update, StepPhase::Rewire, StepPhase::ReadBack, StepPhase::Delete, StepPhase::TakeOver]
    {
        let mut waiting: Vec<&Step> = plan.steps.iter().filter(|step| step.phase == phase).collect();
        while !waiting.is_empty() {
            let ready: Vec<usize> =
                (0..waiting.len()).filter(|at| waiting[*at].waits_for.iter().all(|it| is_met(plan, it, &done))).collect();
            let Some(at) = dice.any(&ready) else {
                return Err(format!("nothing can start any more: {:?}", waiting[0]));
            };
            let step = waiting.remove(at);
            run.step(step).map_err(|why| format!("{why}: {step:?}"))?;
            done.insert(step.id.clone());
        }
    }
    Ok(run)
}

/// Whether what a step waits for is done.
fn is_met(plan: &Plan, needed: &Prerequisite, done: &BTreeSet<String>) -> bool {
    match needed {
        Prerequisite::Step(id) => done.contains(id),
        Prerequisite::Phase(phase) => plan.steps.iter().filter(|step| step.phase == *phase).all(|step| done.contains(&step.id)),
    }
}

fn check(holds: bool, why: &str) -> Done {
    if holds { Ok(()) } else { Err(why.to_owned()) }
}

impl Executor<'_> {
    fn step(&mut self, step: &Step) -> Done {
        let kind = match (&step.operation, &step.address) {
            (StepOperation::Connect { .. } | StepOperation::Disconnect { .. } | StepOperation::ReadBack { .. }, _) => {
                self.model.kind("bridges")
            }
            (_, Some(address)) => self.model.kind(&address.kind),
            (_, None) => return Err("whose step is it?".to_owned()),
        };
        match &step.operation {
            StepOperation::Create { replaces, secrets, .. } => self.create(step, kind, replaces.as_ref(), secrets),
            StepOperation::Update { id, before, expect, secrets, .. } => {
                self.update(step, kind, id, before)?;
                let thing = &self.model.objects[&(kind.name, id.clone())];
                for (name, wanted) in expect {
                    let shown = thing.attributes.get(name.as_str()).unwrap_or(&Value::Null);
                    check(self.case.same(kind, name, wanted, shown), &format!("{name} is not as expected"))?;
                }
                let address = step.address.clone().expect("checked above");
                let account = &step.call.account;
                let fresh = entry(account, id);
                self.ledger.objects.entry(address.clone()).or_insert(fresh);
                self.seal(&address, secrets);
                Ok(())
            }
            StepOperation::Connect { bridge, number, provider, .. } => self.connect(step, kind, bridge, number, provider),
            StepOperation::Disconnect { bridge, number, .. } => self.disconnect(step, kind, bridge, number),
            StepOperation::ReadBack { bridge, numbers } => self.read_back(step, kind, bridge, numbers),
            StepOperation::Delete { id, before, .. } => self.delete(step, kind, id, before),
        }
    }

    fn resolve(&self, at: &ObjectRef) -> Result<String, String> {
        match at {
            ObjectRef::Id(id) => Ok(id.clone()),
            ObjectRef::Step(step) => self.made.get(step).cloned().ok_or_else(|| format!("{step} made nothing yet")),
        }
    }

    /// The request is sent where the table says, with every id filled in.
    fn path(&self, call: &Call, method: RequestMethod, template: &str, id: &str) -> Done {
        let mut path = call.path.clone();
        for (step, made) in &self.made {
            path = path.replace(&format!("{{{step}}}"), made);
        }
        let right = template.replace("{configurations}", "providers-configurations").replace("{id}", id);
        check(path == right && call.method == method, &format!("{method} {right} was meant"))
    }

    fn payload(&self, payload: &BodyValue, owner: &Address, name: &str) -> Result<Value, String> {
        match payload {
            BodyValue::Value(value) => Ok(value.json()),
            BodyValue::IdOf(step) => {
                let id = self.resolve(&ObjectRef::Step(step.clone()))?;
                Ok(id.parse::<u64>().map_or_else(|_| json!(id), Value::from))
            }
            BodyValue::WithIds { value, ids } => {
                BodyValue::fill_ids(&value.json(), ids, |step| self.resolve(&ObjectRef::Step(step.to_owned())))
            }
            BodyValue::Secret { address, attribute } => {
                check(**address == *owner && attribute == name, "somebody else's secret")?;
                let known = self.case.secrets.get(&(Address::clone(address), attribute.to_string()));
                known.map(|text| json!({ "secret": text })).ok_or_else(|| "the secret was not supplied".to_owned())
            }
        }
    }

    /// The entries of a body, each of which the configuration must ask for.
    fn entries(&self, step: &Step, also: Option<&str>) -> Result<BTreeMap<&'static str, Value>, String> {
        let address = step.address.as_ref().expect("objects have addresses");
        let object = &self.case.desired.objects[address];
        let kind = self.model.kind(&address.kind);
        let mut entries = BTreeMap::new();
        // A replacement has the values of the old object where the configuration does not mention them.
        let old = step.operation.replaces_here();
        let old = old.and_then(|id| self.case.model.objects.get(&(kind.name, id.clone())));
        for (name, payload) in step.call.body.iter().flat_map(CallBody::own_entries) {
            if Some(name.as_str()) == also {
                entries.insert(
                    kind.link.and_then(|link| link.assigned_on_create).expect("the same"),
                    self.payload(payload, address, name)?,
                );
                continue;
            }
            let field = kind.field(name).ok_or_else(|| format!("{name} is no attribute"))?;
            let carried = old.is_some_and(|old| {
                let was = old.attributes.get(field.name).unwrap_or(&Value::Null);
                matches!(payload, BodyValue::Value(value) if self.case.same(kind, field.name, &value.json(), was))
            });
            let managed = object.attributes.contains_key(field.name);
            check(managed || carried, &format!("{name} is not managed"))?;
            entries.insert(field.name, self.payload(payload, address, name)?);
        }
        Ok(entries)
    }

    fn set(&self, thing: &mut Thing, kind: &Kind, name: &'static str, value: Value) -> Done {
        let field = kind.field(name).ok_or_else(|| format!("{name} is no attribute"))?;
        let is_secret = value.get("secret").and_then(Value::as_str);
        match (field.ty, is_secret) {
            (AttributeType::Secret, Some(text)) => _ = thing.secrets.insert(name, text.to_owned()),
            (AttributeType::Secret, None) | (_, Some(_)) => {
                return Err(format!("{name}: a secret where none belongs, or the reverse"));
            }
            (AttributeType::CatalogueEntry, None) => {
                let fits = if self.model.generation == 1 { value.is_u64() } else { value.is_string() };
                check(fits, "a catalogue entry in the words of the other generation")?;
                _ = thing.attributes.insert(name, value);
            }
            (_, None) => _ = thing.attributes.insert(name, value),
        }
        Ok(())
    }

    fn taken(&self, kind: &Kind, thing: &Thing, id: Option<&str>) -> bool {
        if kind.name == "providers" && self.model.generation == 1 {
            return false; // Names are not unique there (unpod.md 5.2).
        }
        self.model.objects.iter().any(|((name, other), there)| {
            *name == kind.name
                && Some(other.as_str()) != id
                && kind.natural_key.iter().all(|key| {
                    let value = |thing: &Thing| thing.attributes.get(key).cloned().unwrap_or(Value::Null);
                    self.case.same(kind, key, &value(thing), &value(there))
                })
        })
    }

    fn create(&mut self, step: &Step, kind: &'static Kind, replaces: Option<&String>, secrets: &[String]) -> Done {
        self.path(&step.call, RequestMethod::Post, kind.collection, "")?;
        let assigned = kind.link.and_then(|link| link.assigned_on_create);
        let mut thing = Thing::default();
        let mut numbers = Value::Null;
        for (name, value) in self.entries(step, assigned)? {
            if Some(name) == assigned {
                numbers = value;
                continue;
            }
            check(kind.field(name).is_some_and(|field| field.access != AttributeAccess::ReadOnly), "a read-only attribute")?;
            self.set(&mut thing, kind, name, value)?;
        }
        if let Some(old) = step.operation.replaces_here() {
            self.carries_over(kind, &thing, old, step.address.as_ref().expect("objects have addresses"))?;
        }
        for field in kind.fields.iter().filter(|field| field.required) {
            let there = thing.attributes.contains_key(field.name) || thing.secrets.contains_key(field.name);
            check(there, &format!("{} is required", field.name))?;
        }
        check(!self.taken(kind, &thing, None), "an object of this natural key is there")?;
        if kind.name == "partners" {
            thing.hidden = true;
        }
        let id = match kind.name {
            "bridges" => thing.attributes[&"slug"].as_str().expect("a slug").trim().to_owned(),
            _ => self.model.next.to_string(),
        };
        self.model.next += 1;
        for number in numbers.as_array().into_iter().flatten() {
            let number = NUMBERS[usize::try_from(number.as_u64().expect("an id") - 500).expect("small")];
            // The service skips a number that is on another bridge (unpod.md 6.2).
            if !self.model.servers().keys().any(|(_, other)| other == number) {
                thing.servers.insert(number.to_owned(), None);
            }
        }
        self.made.insert(step.id.clone(), id.clone());
        self.model.objects.insert((kind.name, id.clone()), thing);
        let address = step.address.clone().expect("objects have addresses");
        let mut fresh = entry(&step.call.account, &id);
        fresh.hidden_since = (kind.name == "partners").then(|| "2026-11-22T00:00:00Z".to_owned());
        fresh.prevent_delete = self.case.desired.objects[&address].prevent_delete;
        if let Some(old) = self.ledger.objects.get(&address).filter(|_| replaces.is_some()) {
            fresh.former.clone_from(&old.former);
            fresh.replaced.clone_from(&old.replaced);
        }
        fresh.former.extend(replaces.filter(|_| step.phase != StepPhase::TakeOver).cloned());
        fresh.replaced.extend(replaces.cloned());
        self.ledger.attempts.remove(&address);
        self.ledger.objects.insert(address.clone(), fresh);
        self.seal(&address, secrets);
        Ok(())
    }

    /// A replacement loses nothing that can be read and that the configuration leaves alone.
    fn carries_over(&self, kind: &Kind, thing: &Thing, old: &str, address: &Address) -> Done {
        let Some(old) = self.case.model.objects.get(&(kind.name, old.to_owned())) else { return Ok(()) };
        let stated = &self.case.desired.objects[address].attributes;
        let fields = kind.fields.iter().filter(|field| field.access != AttributeAccess::ReadOnly);
        for field in fields.filter(|field| !stated.contains_key(field.name)) {
            let (was, is) = (old.attributes.get(field.name), thing.attributes.get(field.name));
            let (was, is) = (was.unwrap_or(&Value::Null), is.unwrap_or(&Value::Null));
            check(self.case.same(kind, field.name, was, is), &format!("{} is lost", field.name))?;
        }
        Ok(())
    }

    fn seal(&mut self, address: &Address, secrets: &[String]) {
        let Some(entry) = self.ledger.objects.get_mut(address) else { return };
        for name in secrets {
            let text = &self.case.secrets[&(address.clone(), name.clone())];
            let print = self.case.key.fingerprint_secret(&address.kind, name, &Secret::new(text));
            entry.secrets.insert(name.clone(), self.case.key.seal_fingerprint(&entry.account, &entry.id, name, &print));
        }
    }

    fn update(&mut self, step: &Step, kind: &'static Kind, id: &str, before: &AttributeValues) -> Done {
        let put = matches!(step.call.body, Some(CallBody::Overlay { .. }));
        self.path(&step.call, if put { RequestMethod::Put } else { RequestMethod::Patch }, kind.member, id)?;
        let entries = self.entries(step, None)?;
        let key = (kind.name, id.to_owned());
        let mut thing = self.model.objects.get(&key).cloned().ok_or("it does not exist")?;
        self.believed(kind, &thing, before)?;
        let object: &DesiredObject = &self.case.desired.objects[step.address.as_ref().expect("checked")];
        let replace = step.call.query == [("nested_objects".to_owned(), "replace".to_owned())];
        check(replace || step.call.query.is_empty(), "an unknown query")?;
        let nested = entries.keys().any(|name| kind.field(name).is_some_and(|field| field.is_nested()));
        check(!replace || (nested && !put && kind.update != UpdateMethod::Patch), "a query that does nothing")?;
        check(!entries.is_empty() || put, "a request that changes nothing")?;
        if let Some(CallBody::Overlay { fields, .. }) = &step.call.body {
            let public: Vec<&str> = kind.fields.iter().filter(|f| f.public).map(|f| f.name).collect();
            check(*fields == public, "a PUT without all public fields")?;
        }
        for (name, value) in entries {
            let field = kind.field(name).expect("checked");
            check(field.access == AttributeAccess::Modifiable, &format!("{name} cannot be changed"))?;
            check(!object.ignored_attributes.contains(name), &format!("{name} is ignored"))?;
            let value = match (&value, thing.attributes.get(name)) {
                // Without the query arrays are added to and maps are merged, as the harshest service does (carrierx.md 6.2).
                (Value::Array(new), Some(Value::Array(old))) if !replace && !put => {
                    Value::Array(old.iter().chain(new).cloned().collect())
                }
                (Value::Object(new), Some(Value::Object(old))) if !replace && !put && field.is_nested() => {
                    let mut merged = old.clone();
                    merged.extend(new.clone());
                    Value::Object(merged)
                }
                _ => value,
            };
            self.set(&mut thing, kind, name, value)?;
        }
        let moved =
            kind.natural_key.iter().any(|name| thing.attributes.get(name) != self.model.objects[&key].attributes.get(name));
        check(!moved || !self.taken(kind, &thing, Some(id)), "an object of this natural key is there")?;
        self.model.objects.insert(key, thing);
        Ok(())
    }

    /// The plan's preconditions hold.
    fn believed(&self, kind: &Kind, thing: &Thing, before: &AttributeValues) -> Done {
        for (name, value) in before {
            let now = thing.attributes.get(name.as_str()).unwrap_or(&Value::Null);
            check(self.case.same(kind, name, value, now), &format!("{name} is not what the plan believes"))?;
        }
        Ok(())
    }

    fn number(&self, step: &Step, kind: &Kind, number: &str) -> Done {
        let link = kind.link.expect("bridges hold numbers");
        let Some(CallBody::Object(entries)) = &step.call.body else { return Err("no body".to_owned()) };
        let (key, value) = match link.number().expect("a body names the number") {
            NumberParameter::E164(key) => (key, json!(number)),
            NumberParameter::Id(key) => {
                (key, json!(500 + NUMBERS.iter().position(|known| *known == number).ok_or("an unknown number")?))
            }
        };
        check(entries.get(key) == Some(&BodyValue::Value(value.into())), "the body names another number")
    }

    fn connect(&mut self, step: &Step, kind: &'static Kind, bridge: &ObjectRef, number: &str, provider: &ObjectRef) -> Done {
        let (slug, server) = (self.resolve(bridge)?, self.resolve(provider)?);
        let link = kind.link.expect("bridges hold numbers");
        self.path(&step.call, RequestMethod::Post, &link.connect("{id}").1, &slug)?;
        self.number(step, kind, number)?;
        let Some(CallBody::Object(entries)) = &step.call.body else { return Err("no body".to_owned()) };
        let owner = step.address.as_ref().expect("an owner");
        let sent = self.payload(entries.get(link.target_key).ok_or("no configuration")?, owner, "")?;
        check(sent == server.parse::<u64>().map_or_else(|_| json!(server), Value::from), "the body names another configuration")?;
        check(self.model.objects.contains_key(&("providers", server.clone())), "the configuration is not there")?;
        let elsewhere = self.model.servers().keys().any(|(other, n)| n == number && *other != slug);
        check(!elsewhere, "the number is on another bridge")?;
        let there = self.model.objects.get_mut(&("bridges", slug.clone())).ok_or("the bridge is not there")?;
        check(link.assigned_on_create.is_none() || there.servers.contains_key(number), "the number is not on the bridge")?;
        there.servers.insert(number.to_owned(), Some(server.clone()));
        self.ledger.note_connected(&step.call.account, &slug, number, &server);
        let address = Address::new("numbers", number);
        self.ledger.objects.remove(&address);
        if self.case.desired.number_entries.contains_key(&address) {
            let mut known = entry(&step.call.account, number);
            known.key.insert("bridge".into(), slug.as_str().into());
            self.ledger.objects.insert(address, known);
        }
        Ok(())
    }

    fn disconnect(&mut self, step: &Step, kind: &'static Kind, slug: &str, number: &str) -> Done {
        check(self.model.can_disconnect(), "this generation cannot disconnect")?;
        self.path(&step.call, RequestMethod::Post, &kind.link.expect("bridges hold numbers").disconnect("{id}").1, slug)?;
        self.number(step, kind, number)?;
        let keeps = self.model.generation == 1;
        let bridge = self.model.objects.get_mut(&("bridges", slug.to_owned())).ok_or("the bridge is not there")?;
        check(bridge.servers.contains_key(number), "the number is not on the bridge")?;
        if keeps {
            bridge.servers.insert(number.to_owned(), None);
        } else {
            bridge.servers.remove(number);
        }
        self.ledger.note_disconnected(&step.call.account, slug, number);
        let address = Address::new("numbers", number);
        if self.ledger.objects.get(&address).is_some_and(|known| known.key.get("bridge").and_then(|it| it.as_str()) == Some(slug))
        {
            self.ledger.remove_deleted(&address, &self.case.desired);
        }
        Ok(())
    }

    fn read_back(&self, step: &Step, kind: &Kind, bridge: &ObjectRef, numbers: &BTreeMap<String, Option<ObjectRef>>) -> Done {
        let slug = self.resolve(bridge)?;
        self.path(&step.call, RequestMethod::Get, kind.member, &slug)?;
        let there = self.model.objects.get(&("bridges", slug)).ok_or("the bridge is not there")?;
        for (number, wanted) in numbers {
            let server = there.servers.get(number).cloned().flatten();
            let wanted = wanted.as_ref().map(|at| self.resolve(at)).transpose()?;
            check(server == wanted, &format!("{number} is served by {server:?}, not by {wanted:?}"))?;
        }
        Ok(())
    }

    fn delete(&mut self, step: &Step, kind: &'static Kind, id: &str, before: &AttributeValues) -> Done {
        self.path(&step.call, RequestMethod::Delete, kind.member, id)?;
        let thing = self.model.objects.get(&(kind.name, id.to_owned())).ok_or("it does not exist")?;
        self.believed(kind, thing, before)?;
        let frees = matches!(&step.operation, StepOperation::Delete { frees, .. } if !frees.is_empty());
        let served = self.model.servers().iter().any(|((slug, _), server)| match kind.name {
            "bridges" => slug == id && server.is_some() && self.model.can_disconnect() && !frees,
            "providers" => server.as_deref() == Some(id),
            _ => false,
        });
        check(!served, "numbers are still connected")?;
        let named = self.model.objects.iter().find(|((other, its), there)| {
            *other == kind.name && its != id && !there.hidden && there.attributes.get("parent_sid") == Some(&json!(id))
        });
        check(named.is_none(), &format!("{named:?} still names it"))?;
        let allowed = |account: &Account| account.settings.contains_key("partner_delete");
        check(kind.name != "partners" || allowed(&self.case.desired.accounts["c"]), "nobody documents this delete")?;
        let taken = matches!(&step.operation, StepOperation::Delete { prior_connections, .. } if !prior_connections.is_empty())
            && self.case.desired.objects.contains_key(step.address.as_ref().expect("checked"));
        self.model.objects.remove(&(kind.name, id.to_owned()));
        let address = step.address.as_ref().expect("checked");
        if !self.ledger.objects.contains_key(address) {
            self.ledger.attempts.remove(address);
        }
        if let Some(entry) = self.ledger.objects.get_mut(address) {
            entry.former.remove(id);
            if entry.id == id && !taken {
                self.ledger.remove_deleted(address, &self.case.desired);
            }
        }
        self.ledger.connections.retain(|made| made.provider != id && made.bridge != id);
        let on = |known: &ManagedObject| kind.name == "bridges" && known.key.get("bridge").and_then(|it| it.as_str()) == Some(id);
        self.ledger.objects.retain(|address, known| address.kind != "numbers" || !on(known));
        Ok(())
    }
}

/// Whether an invisible partner holds the login of one that the plan creates: no plan can know (carrierx.md 7.1).
pub(crate) fn meets_hidden(case: &Case, plan: &Plan) -> bool {
    let kind = case.model.kind("partners");
    plan.steps.iter().any(|step| match &step.operation {
        StepOperation::Create { key, .. } => case.model.objects.values().filter(|thing| thing.hidden).any(|thing| {
            let login = key.get("login");
            login.is_some_and(|login| case.same(kind, "login", login, &thing.attributes[&"login"]))
        }),
        _ => false,
    })
}

/// Whether the plan has to send a secret that was not supplied: an apply stops before its first write.
pub(crate) fn lacks_secret(case: &Case, plan: &Plan) -> bool {
    let sent = plan.steps.iter().filter_map(|step| step.call.body.as_ref()).flat_map(CallBody::own_entries);
    sent.filter_map(|(_, payload)| match payload {
        BodyValue::Secret { address, attribute } => Some((Address::clone(address), attribute.to_string())),
        _ => None,
    })
    .any(|needed| !case.secrets.contains_key(&needed))
}

/// Wanted plain values that are stated and count, by attribute.
pub(crate) fn stated(object: &DesiredObject) -> impl Iterator<Item = (&'static str, Value)> {
    object.attributes.iter().filter(|(name, _)| !object.ignored_attributes.contains(**name)).filter_map(|(name, wanted)| {
        match wanted {
            DesiredValue::Value(value) => Some((*name, value.json())),
            DesiredValue::Secret(_) => None,
        }
    })
}
