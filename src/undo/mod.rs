//! What a run did, taken back: from the images in the journal and from what is there today, what shall be wanted instead. The
//! planner makes a plan of it like any other. Only what is still as the run left it is taken back; the rest is named.

use std::collections::{BTreeMap, BTreeSet};

use crate::backend;
use crate::backend::unpod::catalogue;
use crate::call::{Body, Payload};
use crate::journal::{End, Run, Verdict};
use crate::kind::{Access, Delete, Field, Kind, Type};
use crate::ledger::Ledger;
use crate::plan::{Operation, Plan, Ref, Step};
use crate::resource::{
    Address, Desired, DesiredObject, Facts, Fields, Live, LiveObject, Place, Removal, Wanted,
};
use crate::value::{Hidden, Packed, Value};

mod numbers;
mod saved;

pub use saved::{Otherwise, otherwise};

/// Why a value that was hidden does not come back.
const FORGOTTEN: &str = "it held a secret, and the journal keeps none";

/// What shall be wanted so that a run is taken back.
#[derive(Debug, Default)]
pub struct Undo {
    /// The configuration with the objects of the run as they were.
    pub desired: Desired,
    /// The addresses that it is about; the plan is about no other.
    pub about: BTreeSet<Address>,
    /// What is not taken back, and why.
    pub left: Vec<Left>,
}

/// Something that is not taken back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
pub struct Left {
    /// Object, attribute or number.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What is known today.
#[derive(Debug, Clone, Copy)]
pub struct Today<'a> {
    /// What the YAML wants.
    pub desired: &'a Desired,
    /// What is there.
    pub live: &'a Live,
    /// What telform remembers.
    pub ledger: &'a Ledger,
    /// What stands behind the marks of hidden values.
    pub hidden: &'a Hidden,
}

/// The plan of a run, as its journal has it.
pub fn plan_of(run: &Run<'_>) -> Result<Plan, String> {
    let plan = serde_json::to_value(&run.started.plan).map_err(|error| error.to_string())?;
    serde_json::from_value(plan).map_err(|error| error.to_string())
}

/// Steps of a run that had their effect, each with the images around it.
struct Deed<'a> {
    step: &'a Step,
    /// The object right before the request.
    before: Option<&'a BTreeMap<String, Value>>,
    /// The object as the answer showed it.
    after: Option<&'a BTreeMap<String, Value>>,
    /// Identity of what it made.
    made: Option<&'a str>,
}

/// Takes a run back.
pub fn undo(run: &Run<'_>, plan: &Plan, today: Today<'_>) -> Undo {
    let mut maker = Maker { today, undo: Undo::default(), run: run.id.to_owned(), again: BTreeMap::new() };
    maker.undo.desired = today.desired.clone();
    maker.undo.desired.moved.clear();
    let (deeds, unread): (Vec<_>, Vec<_>) = deeds(run, plan)
        .into_iter()
        .partition(|deed| today.live.accounts.contains_key(&deed.step.call.account));
    for deed in unread {
        if let Some(address) = &deed.step.address {
            maker.left(address, format!("its account {} was not read", deed.step.call.account));
        }
    }
    for deed in &deeds {
        match &deed.step.operation {
            Operation::Create { .. } => maker.unmake(deed),
            Operation::Update { .. } => maker.put_back(deed),
            Operation::Delete { .. } => maker.make_again(deed),
            _ => {}
        }
    }
    maker.numbers(run, &deeds);
    maker.undo.left.sort();
    maker.undo.left.dedup();
    maker.undo
}

fn deeds<'a>(run: &Run<'a>, plan: &'a Plan) -> Vec<Deed<'a>> {
    let done = plan.steps.iter().zip(&run.steps).filter(|(_, record)| {
        record.intent.is_some()
            && (record.end() == Some(End::Done)
                || record.settled.is_some_and(|(verdict, _)| verdict == Verdict::Done))
    });
    done.map(|(step, record)| Deed {
        step,
        before: record.before(),
        after: record.after(),
        made: record.made(),
    })
    .collect()
}

struct Maker<'a> {
    today: Today<'a>,
    undo: Undo,
    run: String,
    /// What is made again: account, kind and the identity that it had.
    again: BTreeMap<(String, String, String), Address>,
}

impl<'a> Maker<'a> {
    fn left(&mut self, what: impl ToString, why: impl Into<String>) {
        self.undo.left.push(Left { what: what.to_string(), why: why.into() });
    }

    fn facts(&self, account: &str) -> Option<&'a Facts> {
        self.today.live.accounts.get(account).map(|live| &live.facts)
    }

    fn kind(&self, step: &Step) -> Option<&'static Kind> {
        let facts = self.facts(&step.call.account)?;
        backend::shape(&step.address.as_ref()?.kind, facts.generation)
    }

    fn live(&self, step: &Step, id: &str) -> Option<&'a LiveObject> {
        let objects = self
            .today
            .live
            .accounts
            .get(&step.call.account)?
            .objects
            .get(step.address.as_ref()?.kind.as_str())?;
        objects.iter().find(|object| object.id == id)
    }

    /// An update goes back to what was there, attribute by attribute, where nobody has changed it since.
    fn put_back(&mut self, deed: &Deed<'_>) {
        let Operation::Update { id, before, expect, secrets, .. } = &deed.step.operation else { return };
        let (Some(address), Some(kind)) = (&deed.step.address, self.kind(deed.step)) else { return };
        for secret in secrets {
            self.left(format!("{address} {secret}"), "the secret that it overwrote cannot be read back");
        }
        let Some(live) = self.live(deed.step, id) else {
            return self.left(address, "it is no longer there");
        };
        let sent = deed.step.call.body.as_ref().map(Body::entries);
        let plain = sent.into_iter().flatten().filter(|(_, payload)| matches!(payload, Payload::Value(_)));
        let mut back = BTreeMap::new();
        for (name, _) in plain {
            let Some(field) = kind.field(name) else { continue };
            let was = deed.before.and_then(|image| image.get(name)).or_else(|| before.get(name));
            let was = was.map_or(Packed::Null, Packed::from);
            let now = live.attributes.get(field.name).unwrap_or(&Packed::Null);
            let left = [deed.after.and_then(|image| image.get(name)), expect.get(name)];
            let still = left.into_iter().flatten().any(|after| field.same(&after.into(), now));
            if field.same(&was, now) {
                continue;
            }
            if still {
                // What null does to a nested value is not documented; the empty collection clears it.
                let was = if was.is_null() { field.cleared() } else { was };
                if !self.today.hidden.knows(&was) {
                    self.left(format!("{address} {name}"), FORGOTTEN);
                    continue;
                }
                back.insert(field.name, Wanted::Value(was));
            } else {
                self.left(format!("{address} {name}"), "changed since, left alone");
            }
        }
        if !back.is_empty() {
            let object = self.object(address, &deed.step.call.account, kind, Some(id));
            object.attributes = back.into_iter().collect();
        }
    }

    /// What a run made is deleted, when nobody has changed it since.
    fn unmake(&mut self, deed: &Deed<'_>) {
        let (Some(address), Some(kind), Some(id)) = (&deed.step.address, self.kind(deed.step), deed.made)
        else {
            return;
        };
        let Some(live) = self.live(deed.step, id) else {
            return self.left(address, "it is no longer there, or nobody can see it yet");
        };
        let account = self.today.desired.accounts.get(&deed.step.call.account);
        if let Delete::Undocumented { switch } = kind.delete
            && !account.is_some_and(|account| account.switches.contains(switch))
        {
            let why = format!("the service documents no delete; the account allows it with `{switch}`");
            return self.left(address, why);
        }
        let facts = self.facts(&deed.step.call.account);
        let sent = deed.step.call.body.as_ref().map(Body::entries);
        let changed = sent.into_iter().flatten().any(|(name, payload)| {
            let (Some(field), Payload::Value(sent)) = (kind.field(name), payload) else { return false };
            let after = deed.after.and_then(|image| image.get(name));
            let now = live.attributes.get(field.name);
            !now.is_none_or(|now| {
                same(field, facts, sent, now) || after.is_some_and(|after| same(field, facts, after, now))
            })
        });
        if changed {
            return self.left(address, "changed since it was made, left alone");
        }
        self.undo.desired.objects.remove(address);
        self.undo.desired.removed.retain(|gone| gone.address != *address);
        self.undo.desired.removed.push(Removal {
            address: address.clone(),
            reason: Some(format!("run {} made it", self.run)),
            keep: false,
            account: Some(deed.step.call.account.clone()),
            id: Some(id.to_owned()),
            key: BTreeMap::new(),
            place: Place { file: "(undo)".into(), line: 1, column: 1 },
        });
        self.undo.desired.kinds.insert(address.kind.clone());
        self.undo.about.insert(address.clone());
    }

    /// What a run deleted is made again, when its secrets are still to be had. It is a new object with another identity.
    fn make_again(&mut self, deed: &Deed<'_>) {
        let Operation::Delete { id, before, .. } = &deed.step.operation else { return };
        let (Some(address), Some(kind)) = (&deed.step.address, self.kind(deed.step)) else { return };
        if self.live(deed.step, id).is_some() {
            return self.left(address, "it is there again");
        }
        let image = deed.before.unwrap_or(before);
        let declared = self.today.desired.objects.get(address);
        let mut attributes = BTreeMap::new();
        let writable =
            |field: &&Field| !matches!(field.access, Access::ReadOnly) && field.ty != Type::Numbers;
        for field in kind.fields.iter().filter(writable) {
            if field.ty == Type::Secret {
                match declared.and_then(|object| object.attributes.get(field.name)) {
                    Some(Wanted::Secret(secret)) => {
                        attributes.insert(field.name, Wanted::Secret(secret.clone()));
                    }
                    _ if field.required => {
                        let why = format!(
                            "its {} cannot be read back, and the YAML names no source of it",
                            field.name
                        );
                        return self.left(address, why);
                    }
                    _ => {}
                }
            } else if let Some(value) = image.get(field.name).filter(|value| !value.is_null()) {
                if !self.today.hidden.knows(&value.into()) {
                    if field.required {
                        return self.left(address, format!("{}: {FORGOTTEN}", field.name));
                    }
                    self.left(format!("{address} {}", field.name), FORGOTTEN);
                    continue;
                }
                attributes.insert(field.name, Wanted::Value(value.into()));
            } else if let Some(wanted) = declared.and_then(|object| object.attributes.get(field.name)) {
                attributes.insert(field.name, wanted.clone());
            } else if field.required {
                return self.left(address, format!("the journal does not know its {}", field.name));
            }
        }
        let object = self.object(address, &deed.step.call.account, kind, None);
        object.attributes = attributes.into_iter().collect();
        let was = (deed.step.call.account.clone(), address.kind.to_string(), id.clone());
        self.again.insert(was, address.clone());
    }

    /// The object of an address, about to be wanted as it was. Protection stays as it is.
    fn object(
        &mut self,
        address: &Address,
        account: &str,
        kind: &'static Kind,
        id: Option<&str>,
    ) -> &mut DesiredObject {
        let first = self.undo.about.insert(address.clone());
        self.undo.desired.removed.retain(|gone| gone.address != *address);
        self.undo.desired.kinds.insert(address.kind.clone());
        let known = self.today.ledger.objects.get(address).is_some_and(|entry| entry.prevent_delete);
        let plain = || DesiredObject {
            address: address.clone(),
            account: account.to_owned(),
            shapes: vec![kind],
            id: id.map(str::to_owned),
            attributes: Fields::new(),
            sourced: Vec::new(),
            numbers: None,
            put: false,
            prevent_delete: known,
            ignore: BTreeSet::new(),
            place: Place { file: "(undo)".into(), line: 1, column: 1 },
            places: Fields::new(),
        };
        if first {
            self.undo.desired.objects.insert(address.clone(), plain());
        }
        self.undo.desired.objects.entry(address.clone()).or_insert_with(plain)
    }

    /// The id that a reference of the run stood for.
    fn resolve(deeds: &[Deed<'_>], at: &Ref) -> Option<String> {
        match at {
            Ref::Id(id) => Some(id.clone()),
            Ref::Step(step) => deeds.iter().find(|deed| deed.step.id == *step)?.made.map(str::to_owned),
        }
    }
}

fn same(field: &Field, facts: Option<&Facts>, sent: &Value, now: &Packed) -> bool {
    let sent = &Packed::from(sent);
    if field.ty == Type::CatalogueEntry {
        return facts.is_some_and(|facts| catalogue::same(&facts.catalogue, sent, now));
    }
    field.same(sent, now)
}
