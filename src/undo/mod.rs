//! What a run did, taken back: from the images in the journal and from what is there today, what shall be wanted instead. The
//! planner makes a plan of it like any other. Only what is still as the run left it is taken back; the rest is named.

use std::collections::{BTreeMap, BTreeSet};

use crate::backend;
use crate::backend::unpod::catalogue;
use crate::call::{Body, Payload};
use crate::journal::{End, Run, Verdict};
use crate::kind::{Access, Delete, Field, Kind, Type};
use crate::ledger::Ledger;
use crate::plan::{Operation, Plan, Seat, Step};
use crate::resource::{
    Address, Desired, DesiredObject, Facts, Fields, Live, LiveObject, Place, Removal, Rename, Wanted,
};
use crate::value::{Hidden, Packed, Value};

mod effects;
mod numbers;
mod saved;
mod today;

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
    /// Addresses that are taken under management again: what has a name only for this run is not.
    pub managed: BTreeSet<Address>,
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
    /// Addresses of the ledger that the YAML has renamed.
    pub renamed: &'a BTreeMap<Address, Address>,
}

/// The plan of a run, as its journal has it.
pub fn plan_of(run: &Run<'_>) -> Result<Plan, String> {
    let plan = serde_json::to_value(&run.started.plan).map_err(|error| error.to_string())?;
    serde_json::from_value(plan).map_err(|error| error.to_string())
}

/// Steps of a run that had their effect, each with the images around it.
struct Deed<'a> {
    step: &'a Step,
    /// The account of its request, by the name that it has today.
    account: String,
    /// The object right before the request.
    before: Option<&'a BTreeMap<String, Value>>,
    /// The object as the answer showed it.
    after: Option<&'a BTreeMap<String, Value>>,
    /// Identity of what it made.
    made: Option<&'a str>,
}

/// Takes a run back.
pub fn undo(run: &Run<'_>, plan: &Plan, today: Today<'_>) -> Undo {
    let mut maker = Maker {
        today,
        undo: Undo::default(),
        run: run.id.to_owned(),
        again: BTreeMap::new(),
        accounts: BTreeMap::new(),
        made: BTreeSet::new(),
        seats: Seats::new(),
        moved: BTreeMap::new(),
    };
    maker.undo.desired = today.desired.clone();
    let all = deeds(run, plan);
    let sent = !all.is_empty();
    let deeds = maker.of_accounts_today(plan, all);
    maker.made = deeds.iter().filter_map(|deed| deed.made.map(str::to_owned)).collect();
    for deed in &deeds {
        let (Operation::Create { replaces_in: Some(_), .. }, Some(address)) =
            (&deed.step.operation, &deed.step.address)
        else {
            continue;
        };
        let account = &deed.step.call.account;
        let entry = today.ledger.objects.get(address);
        if entry.is_some_and(|entry| entry.account == *account && Some(entry.id.as_str()) == deed.made) {
            maker.moved.insert(address.clone(), account.clone());
        }
    }
    // A bridge may be made after the one whose place it takes is deleted.
    for deed in deeds.iter().filter(|deed| matches!(deed.step.operation, Operation::Create { .. })) {
        maker.unmake(deed, &deeds);
    }
    for deed in &deeds {
        match &deed.step.operation {
            Operation::Update { .. } => maker.put_back(deed),
            Operation::Delete { .. } => maker.make_again(deed),
            _ => {}
        }
    }
    maker.numbers(run, &deeds);
    maker.effects(plan, sent);
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
        account: step.call.account.clone(),
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
    /// Objects that the run moved to another account, and that are still what it made there.
    moved: BTreeMap<Address, String>,
    /// What is made again: account, kind and the identity that it had.
    again: BTreeMap<(String, String, String), Address>,
    /// Accounts that had another name then, by that of today.
    accounts: BTreeMap<String, String>,
    /// Identities of what the run made.
    made: BTreeSet<String>,
    /// Numbers that went off with their bridge and only come back with it.
    seats: Seats,
}

/// Numbers of deleted bridges, by account and bridge.
type Seats = BTreeMap<(String, String), BTreeMap<String, Seat>>;

impl<'a> Maker<'a> {
    fn left(&mut self, what: impl ToString, why: impl Into<String>) {
        self.undo.left.push(Left { what: what.to_string(), why: why.into() });
    }

    fn facts(&self, account: &str) -> Option<&'a Facts> {
        self.today.live.accounts.get(account).map(|live| &live.facts)
    }

    fn kind(&self, deed: &Deed<'_>) -> Option<&'static Kind> {
        let facts = self.facts(&deed.account)?;
        backend::shape(&deed.step.address.as_ref()?.kind, facts.generation)
    }

    fn live(&self, deed: &Deed<'_>, id: &str) -> Option<&'a LiveObject> {
        self.listed(&deed.account, &deed.step.address.as_ref()?.kind).iter().find(|object| object.id == id)
    }

    fn listed(&self, account: &str, kind: &str) -> &'a [LiveObject] {
        let account = self.today.live.accounts.get(account);
        account.and_then(|account| account.objects.get(kind)).map_or(&[], Vec::as_slice)
    }

    /// An update goes back to what was there, attribute by attribute, where nobody has changed it since.
    fn put_back(&mut self, deed: &Deed<'_>) {
        let Operation::Update { id, before, expect, secrets, .. } = &deed.step.operation else { return };
        let (Some(then), Some(kind)) = (&deed.step.address, self.kind(deed)) else { return };
        let Some(live) = self.live(deed, id) else {
            return self.left(then, self.absent(&deed.account, kind.name, id));
        };
        let address = &match self.address_today(then, &deed.account, id) {
            Ok(address) => address,
            Err(why) => return self.left(then, why),
        };
        for secret in secrets {
            let why = "the secret that it overwrote is not kept by telform: set its source to the old one and apply";
            self.left(format!("{address} {secret}"), why);
        }
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
            let object = self.object(address, &deed.account, kind, Some(id));
            object.attributes = back.into_iter().collect();
        }
    }

    /// What a run made is deleted, when nobody has changed it since.
    fn unmake(&mut self, deed: &Deed<'_>, deeds: &[Deed<'_>]) {
        let (Some(then), Some(kind), Some(id)) = (&deed.step.address, self.kind(deed), deed.made) else {
            return;
        };
        let Some(live) = self.live(deed, id) else {
            let why = self.absent(&deed.account, kind.name, id);
            let unverified = if kind.hidden_until_verified { ", or nobody can see it yet" } else { "" };
            return self.left(then, why + unverified);
        };
        let address = &match self.address_today(then, &deed.account, id) {
            Ok(address) => address,
            Err(why) => return self.left(then, why),
        };
        if self.is_protected(address, &deed.account, id) {
            return self.left(address, "protected by prevent_delete, left alone");
        }
        let others = self.serves_otherwise(kind, &deed.account, id, deeds);
        if !others.is_empty() {
            let why = format!("it has {} today, which it did not have after the run", others.join(", "));
            return self.left(address, why);
        }
        let account = self.today.desired.accounts.get(&deed.account);
        if let Delete::Undocumented { switch } = kind.delete
            && !account.is_some_and(|account| account.switches.contains(switch))
        {
            let why = format!("the service documents no delete; the account allows it with `{switch}`");
            return self.left(address, why);
        }
        let facts = self.facts(&deed.account);
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
            account: Some(deed.account.clone()),
            id: Some(id.to_owned()),
            key: BTreeMap::new(),
            place: place(),
        });
        self.undo.desired.kinds.insert(address.kind.clone());
        self.undo.about.insert(address.clone());
    }

    /// What a run deleted is made again, when its secrets are still to be had. It is a new object with another identity.
    fn make_again(&mut self, deed: &Deed<'_>) {
        let Operation::Delete { id, before, seats, .. } = &deed.step.operation else { return };
        let (Some(then), Some(kind)) = (&deed.step.address, self.kind(deed)) else { return };
        if self.live(deed, id).is_some() {
            return self.left(then, "it is there again");
        }
        let image = deed.before.unwrap_or(before);
        let address = &match self.free_address(then, &deed.account, kind, image) {
            Ok(address) => address,
            Err(why) => return self.left(then, why),
        };
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
                            "its {} is not kept by telform, and the YAML names no source of it",
                            field.name
                        );
                        return self.left(address, why);
                    }
                    _ if field.access == Access::CreateOnly => {}
                    _ => {
                        let why = "not kept by telform, and the YAML names no source of it: if it had one, it is made again without";
                        self.left(format!("{address} {}", field.name), why);
                    }
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
        let object = self.object(address, &deed.account, kind, None);
        object.attributes = attributes.into_iter().collect();
        let was = (deed.account.clone(), address.kind.to_string(), id.clone());
        self.again.insert(was, address.clone());
        if !seats.is_empty() {
            self.seats.insert((deed.account.clone(), id.clone()), seats.clone());
        }
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
        let remembered = self.today.ledger.objects.get(address).is_some_and(|entry| entry.prevent_delete);
        let declared = self.today.desired.objects.get(address).is_some_and(|object| object.prevent_delete);
        let known = remembered || declared;
        let plain = || DesiredObject {
            address: address.clone(),
            account: account.to_owned(),
            shapes: vec![kind],
            id: id.map(str::to_owned),
            attributes: Fields::new(),
            sourced: Vec::new(),
            numbers: None,
            idle: BTreeSet::new(),
            put: false,
            prevent_delete: known,
            ignore: BTreeSet::new(),
            place: place(),
            places: Fields::new(),
        };
        // Back to the account that it was moved from, as a move like any other.
        if let Some(left) = self.moved.get(address).filter(|left| *left != account).cloned() {
            let moved = &mut self.undo.desired.moved;
            if !moved.iter().any(|it| it.to == *address && it.account.as_ref() == Some(&left)) {
                let (from, to) = (address.clone(), address.clone());
                let place = Place { file: "(undo)".into(), line: 1, column: 1 };
                moved.push(Rename { from, to, account: Some(left), place });
            }
        }
        if first {
            self.undo.desired.objects.insert(address.clone(), plain());
        }
        self.undo.desired.objects.entry(address.clone()).or_insert_with(plain)
    }
}

/// Where everything stands that only an undo says.
fn place() -> Place {
    Place { file: "(undo)".into(), line: 1, column: 1 }
}

fn same(field: &Field, facts: Option<&Facts>, sent: &Value, now: &Packed) -> bool {
    let sent = &Packed::from(sent);
    if field.ty == Type::CatalogueEntry {
        return facts.is_some_and(|facts| catalogue::same(&facts.catalogue, sent, now));
    }
    field.same(sent, now)
}
