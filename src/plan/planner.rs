//! Puts a plan together: find, compare, remove, rewire, order, guard.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{self, Action, AttributeChange, Change, Comparison, Shown, of_deleted, of_new};
use super::draft::{self, Draft, delete_name};
use super::find::{self, Finding, Findings};
use super::link::{Bridge, Leaving, Wired, Wiring};
use super::link_step::{assigned, made};
use super::note::{Notice, NoticeCode, Refusal, RefusalCode};
use super::removal::{self, LeavingObject};
use super::rename;
use super::select::Selection;
use super::step::{Phase, Ref};
use super::{Inputs, LedgerEffect, NumberImpact, Plan, Unmanaged, guard, order};
use crate::backend::unpod::catalogue;
use crate::kind::{Kind, Type};
use crate::resource::{Account, Address, DesiredObject, LiveObject, Organization, Target, Wanted};
use crate::value::Value;

/// What a delete relies on.
struct Cuts {
    /// Draft name of the delete.
    delete: String,
    /// Connections (bridge, number) that are cut before it.
    cut: Vec<(String, String)>,
    /// Deletes that must come before it, because they free its numbers.
    freed_by: Vec<String>,
    /// Numbers that it takes off its bridge itself.
    frees: Vec<String>,
}

impl LeavingObject<'_> {
    /// Whether this is the configuration of an account with this id.
    fn is(&self, account: &str, id: &str) -> bool {
        self.kind.connected && self.account == account && self.live.id == id
    }
}

#[derive(Default)]
struct Planner<'a> {
    changes: BTreeMap<Address, Change>,
    drafts: Vec<Draft>,
    impact: Vec<NumberImpact>,
    refusals: Vec<Refusal>,
    notices: Vec<Notice>,
    effects: Vec<LedgerEffect>,
    leaving: Vec<LeavingObject<'a>>,
    /// Objects that are made again in another shape: their address and their live object.
    replaced: BTreeMap<&'a Address, &'a LiveObject>,
    cuts: Vec<Cuts>,
}

/// Computes the plan.
pub(super) fn run(inputs: &Inputs<'_>) -> Plan {
    let declared = rename::declared(inputs);
    let ledger = declared.ledger(inputs.ledger);
    let inputs = &Inputs { ledger: &ledger, ..*inputs };
    let implied = rename::implied(inputs);
    let ledger = implied.ledger(inputs.ledger);
    let inputs = &Inputs { ledger: &ledger, ..*inputs };
    let selection = Selection::new(inputs);
    let mut planner = Planner::default();
    for renames in [declared, implied] {
        planner.refusals.extend(renames.refusals);
        planner.notices.extend(renames.notices);
        planner.effects.extend(renames.effects);
    }
    let mut findings = find::find(inputs);
    if inputs.options.destroy {
        findings.notices.clear(); // What would be created or waits does not matter to a plan that deletes.
    } else {
        find::effects(inputs, &mut findings);
    }
    planner.refusals.append(&mut findings.refusals);
    planner.notices.append(&mut findings.notices);
    planner.effects.append(&mut findings.effects);
    planner.drop_unselected(&selection);
    if !inputs.options.destroy {
        planner.objects(inputs, &findings, &selection);
    }
    let gone = removal::removals(inputs, &findings_for_removal(inputs, &findings), &selection);
    planner.refusals.extend(gone.refusals);
    planner.notices.extend(gone.notices);
    planner.effects.extend(gone.effects);
    planner.leaving.extend(gone.leaving);
    planner.leave_once(inputs);
    planner.account_notices(inputs);
    planner.wire(inputs, &findings, &selection);
    planner.deletes(inputs);
    planner.finish(inputs, &findings)
}

/// With `--destroy` nothing claims anything, so that everything can go.
fn findings_for_removal<'a>(inputs: &Inputs<'a>, findings: &Findings<'a>) -> Findings<'a> {
    Findings {
        by_address: findings.by_address.clone(),
        claimed: if inputs.options.destroy { BTreeMap::new() } else { findings.claimed.clone() },
        ..Findings::default()
    }
}

impl<'a> Planner<'a> {
    /// What was found about addresses that this run is not about stays unsaid.
    fn drop_unselected(&mut self, selection: &Selection) {
        self.refusals
            .retain(|refusal| refusal.address.as_ref().is_none_or(|address| selection.holds(address)));
        self.notices.retain(|notice| notice.address.as_ref().is_none_or(|address| selection.holds(address)));
        self.effects.retain(|effect| match effect {
            LedgerEffect::Adopt { address, .. }
            | LedgerEffect::AdoptHidden { address, .. }
            | LedgerEffect::Release { address }
            | LedgerEffect::Drop { address }
            | LedgerEffect::Visible { address }
            | LedgerEffect::Confirmed { address, .. }
            | LedgerEffect::Protect { address, .. } => selection.holds(address),
            LedgerEffect::Rename { to, .. } => selection.holds(to),
            LedgerEffect::MoveEnded { .. } => true,
        });
    }

    fn objects(&mut self, inputs: &Inputs<'a>, findings: &Findings<'a>, selection: &Selection) {
        for (address, (finding, kind)) in
            findings.by_address.iter().filter(|(address, _)| selection.holds(address))
        {
            let object = &inputs.desired.objects[*address];
            match finding {
                Finding::New => self.create(inputs, object, kind),
                Finding::Live(live) => {
                    self.compare(inputs, object, kind, live);
                    self.unfinished(inputs, findings, object, kind, live);
                }
                Finding::Hidden | Finding::Stuck => {}
            }
        }
    }

    fn create(&mut self, inputs: &Inputs<'a>, object: &'a DesiredObject, kind: &'static Kind) {
        let missing: Vec<&str> = kind
            .fields
            .iter()
            .filter(|field| field.required && !object.attributes.contains_key(field.name))
            .map(|field| field.name)
            .collect();
        if !missing.is_empty() {
            self.refuse(
                object,
                RefusalCode::MissingForCreate,
                format!("{} must be given to create it", missing.join(", ")),
            );
        }
        if self.uncatalogued(inputs, object, kind) {
            return;
        }
        self.draft_create(inputs, object, kind, None);
        self.change(object, Action::Create, None, of_new(object, kind), None);
    }

    /// A secret that the create has to send and that nobody supplied: the plan says so, apply stops before its first write.
    fn not_supplied(&mut self, object: &DesiredObject) {
        for (attribute, wanted) in &object.attributes {
            if let Wanted::Secret(secret) = wanted
                && secret.fingerprint.is_none()
            {
                self.note(object, NoticeCode::SecretNeeded, Some(attribute), Some(secret.source.to_string()));
            }
        }
    }

    fn draft_create(
        &mut self,
        inputs: &Inputs<'a>,
        object: &'a DesiredObject,
        kind: &'static Kind,
        replaces: Option<&LiveObject>,
    ) {
        self.not_supplied(object);
        let numbers = object.numbers.iter().flat_map(|numbers| numbers.keys().cloned());
        let assigned =
            kind.link.map(|link| assigned(inputs, &object.account, link, numbers)).unwrap_or_default();
        self.drafts.push(draft::create(inputs, object, kind, &assigned, replaces));
    }

    /// A provider outside the catalogue: refused where only the catalogue gives its number, else sent as written.
    fn uncatalogued(&mut self, inputs: &Inputs<'a>, object: &DesiredObject, kind: &'static Kind) -> bool {
        let facts = inputs.facts(&object.account);
        for field in kind.fields.iter().filter(|field| field.ty == Type::CatalogueEntry) {
            let Some(Wanted::Value(value)) = object.attributes.get(field.name) else { continue };
            if catalogue::resolve(&facts.catalogue, value).is_some() {
                continue;
            }
            let number = draft::sent(field.ty, value, facts).is_number();
            if facts.generation == Some(1) && !number {
                let known: Vec<&str> = facts.catalogue.iter().map(|entry| entry.name.as_str()).collect();
                let known = if known.is_empty() {
                    "is empty".to_owned()
                } else {
                    format!("has {}", known.join(", "))
                };
                self.refuse(
                    object,
                    RefusalCode::NotInCatalogue,
                    format!("the catalogue has no {}; it {known}", change::short(value)),
                );
                return true;
            }
            if !facts.catalogue.is_empty() {
                self.note(object, NoticeCode::NotInCatalogue, Some(field.name), None);
            }
        }
        false
    }

    fn compare(
        &mut self,
        inputs: &Inputs<'a>,
        object: &'a DesiredObject,
        kind: &'static Kind,
        live: &'a LiveObject,
    ) {
        let entry = inputs.ledger.objects.get(&object.address);
        let entry = entry.filter(|entry| entry.id == live.id && entry.account == object.account);
        let secrets_readable = inputs.ledger.readable_with(inputs.key);
        let rewrite = |attribute: &str| {
            let asked = &inputs.options.rewrite_secrets;
            asked.contains(&(object.address.clone(), None))
                || asked.contains(&(object.address.clone(), Some(attribute.to_owned())))
        };
        let facts = inputs.facts(&object.account);
        let (catalogue, catalogue_known) = (&facts.catalogue, facts.catalogue_known);
        let mut difference = Comparison {
            wanted: object,
            kind,
            live,
            entry,
            secrets_readable,
            key: inputs.key,
            catalogue,
            catalogue_known,
            rewrite: &rewrite,
        }
        .run();
        if !difference.replace.is_empty() {
            // The new object is written whole, so what could not be compared does not matter.
            self.replace(inputs, object, kind, live, &difference.replace);
            return;
        }
        self.notices.append(&mut difference.notices);
        self.refusals.append(&mut difference.refusals);
        if !difference.update.is_empty() {
            match draft::update(inputs, object, kind, live, &difference) {
                Ok(draft) => self.drafts.push(draft),
                Err((code, detail)) => self.refuse(object, code, detail),
            }
            self.change(object, Action::Update, Some(live.id.clone()), difference.update, None);
        }
    }

    fn replace(
        &mut self,
        inputs: &Inputs<'a>,
        object: &'a DesiredObject,
        kind: &'static Kind,
        live: &'a LiveObject,
        because: &[AttributeChange],
    ) {
        let protected = inputs.ledger.objects.get(&object.address).is_some_and(|entry| entry.prevent_delete);
        if object.prevent_delete || protected {
            self.refuse(
                object,
                RefusalCode::PreventDelete,
                format!("replacing it would delete {} {}", kind.singular, live.id),
            );
        }
        if self.uncatalogued(inputs, object, kind) {
            return;
        }
        // A run that was cut off right after its POST left the new object without a trace in the ledger.
        let others = find::with_wanted_key(inputs, object, kind);
        let others: Vec<&LiveObject> = others.into_iter().filter(|other| other.id != live.id).collect();
        let heir = match others.as_slice() {
            [] => {
                self.draft_create(inputs, object, kind, Some(live));
                made(&object.address)
            }
            several => {
                let ids: Vec<&str> = several.iter().map(|other| other.id.as_str()).collect();
                self.refuse(
                    object,
                    RefusalCode::SeveralFit,
                    format!(
                        "{} {} is to be replaced, and {} has the wanted natural key already",
                        kind.singular,
                        live.id,
                        ids.join(", ")
                    ),
                );
                return;
            }
        };
        self.replaced.insert(&object.address, live);
        self.leaving.push(LeavingObject {
            address: &object.address,
            account: &object.account,
            kind,
            live,
            heir: Some(heir),
            reason: "replaced".to_owned(),
        });
        let names: Vec<&str> = because.iter().map(|change| change.name.as_str()).collect();
        let mut attributes = of_new(object, kind);
        for change in &mut attributes {
            if let Some(before) = live.attributes.get(change.name.as_str()) {
                change.before = Shown::Value(before.clone());
            }
        }
        attributes.retain(|change| change.before != change.after);
        let reason = format!(
            "{} cannot be changed in place: a new one is made, its numbers move, the old one is deleted",
            names.join(", ")
        );
        self.change(object, Action::Replace, Some(live.id.clone()), attributes, Some(reason));
    }

    /// A replacement that was cut off after its new object was made: what is left of the old one goes now.
    fn unfinished(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Findings<'a>,
        object: &'a DesiredObject,
        kind: &'static Kind,
        live: &'a LiveObject,
    ) {
        let former = inputs.ledger.objects.get(&object.address).map(|entry| &entry.former);
        for old in former.into_iter().flatten().filter(|old| **old != live.id) {
            let Some(old) =
                inputs.live_objects(&object.account, kind.name).iter().find(|live| live.id == *old)
            else {
                continue;
            };
            if let Some(other) = findings.claimed.get(&(object.account.as_str(), kind.name, old.id.as_str()))
            {
                let detail =
                    format!("{} {} was replaced by it, and {other} claims it", kind.singular, old.id);
                self.refuse(object, RefusalCode::ClaimedTwice, detail);
                continue;
            }
            self.leaving.push(LeavingObject {
                address: &object.address,
                account: &object.account,
                kind,
                live: old,
                heir: Some(Ref::Id(live.id.clone())),
                reason: "replaced".to_owned(),
            });
            let reason = format!(
                "an earlier replacement was not finished: {} {} is still there",
                kind.singular, old.id
            );
            match self.changes.get_mut(&object.address) {
                Some(change) => {
                    change.action = Action::Replace;
                    change.reason = Some(reason);
                }
                None => self.change(object, Action::Replace, Some(old.id.clone()), Vec::new(), Some(reason)),
            }
        }
    }

    /// Two addresses may mean one object that goes: a tombstone names the id of one that the ledger knows by another name.
    fn leave_once(&mut self, inputs: &Inputs<'a>) {
        let mut seen: BTreeMap<(&str, &str, &str), &Address> = BTreeMap::new();
        let mut twice = Vec::new();
        self.leaving.retain(|gone| {
            let first = *seen.entry((gone.account, gone.kind.name, &gone.live.id)).or_insert(gone.address);
            if !std::ptr::eq(first, gone.address) {
                twice.push((first, gone.address, gone.account, gone.kind.singular, gone.live.id.as_str()));
            }
            std::ptr::eq(first, gone.address)
        });
        for (first, second, account, singular, id) in twice {
            self.refusals.push(Refusal {
                code: RefusalCode::ClaimedTwice,
                account: account.to_owned(),
                address: Some(second.clone()),
                attribute: None,
                detail: format!("{singular} {id} is to be deleted as {second} and as {first}"),
                place: inputs
                    .desired
                    .removed
                    .iter()
                    .find(|gone| gone.address == *second)
                    .map(|gone| gone.place.to_string()),
            });
        }
    }

    fn account_notices(&mut self, inputs: &Inputs<'a>) {
        for account in inputs.desired.accounts.values() {
            if let Organization::Unconfirmed(why) = &inputs.facts(&account.name).organization {
                self.notices.push(Notice {
                    code: NoticeCode::OrganizationUnconfirmed,
                    account: account.name.clone(),
                    address: None,
                    attribute: None,
                    detail: Some(why.clone()),
                });
            }
        }
        if !inputs.ledger.readable_with(inputs.key) {
            self.notices.push(Notice {
                code: NoticeCode::KeyChanged,
                account: String::new(),
                address: None,
                attribute: None,
                detail: None,
            });
        }
    }

    fn wire(&mut self, inputs: &Inputs<'a>, findings: &Findings<'a>, selection: &Selection) {
        for account in inputs.desired.accounts.values() {
            let Some((kind, link)) =
                account.backend.kinds.iter().filter_map(|kind| kind.link.map(|link| (*kind, link))).find(
                    |(kind, _)| {
                        kind.generation.is_none() || kind.generation == inputs.facts(&account.name).generation
                    },
                )
            else {
                self.unread(account);
                continue;
            };
            let read = inputs.live.accounts.get(&account.name).and_then(|live| live.connections.as_deref());
            if read.is_none() {
                self.unread(account);
            }
            // In which order a service lists its bridges must not show in the plan.
            let mut connections = read.unwrap_or_default().to_vec();
            connections.sort_by(|a, b| (&a.bridge, &a.number).cmp(&(&b.bridge, &b.number)));
            let leaving: BTreeMap<String, Address> = self
                .leaving_in(account, |kind| kind.connected)
                .map(|(id, gone)| (id, gone.address.clone()))
                .collect();
            let label = |id: &str| {
                leaving.get(id).map_or_else(|| label(inputs, findings, account, id), ToString::to_string)
            };
            let wiring = Wiring {
                account: &account.name,
                link,
                can_disconnect: link.can_disconnect || account.switches.contains("disconnect_works"),
                connections: &connections,
                unseen: inputs.live.accounts.get(&account.name).map_or(&NONE_UNSEEN, |live| &live.unseen),
                numbers: inputs.live.accounts.get(&account.name).map_or(&EMPTY, |live| &live.numbers),
                bridges: self.bridges(inputs, findings, selection, account, &connections),
                leaving_bridges: self
                    .leaving_in(account, |kind| kind.link.is_some())
                    .map(|(id, gone)| (id, gone.address.clone()))
                    .collect(),
                leaving: self
                    .leaving_in(account, |kind| kind.connected)
                    .map(|(id, gone)| {
                        (id, Leaving { address: gone.address.clone(), heir: gone.heir.clone() })
                    })
                    .collect(),
                label: &label,
                moves: inputs.ledger.moves.iter().filter(|open| open.account == account.name).collect(),
                slugs: inputs
                    .live_objects(&account.name, kind.name)
                    .iter()
                    .map(|bridge| bridge.id.as_str())
                    .collect(),
                configurations: inputs
                    .live_objects(&account.name, "providers")
                    .iter()
                    .map(|live| live.id.as_str())
                    .collect(),
            };
            let mut wired = wiring.decide();
            self.show_numbers(&wiring, &wired, inputs);
            wired.steps.read_back(&account.name, kind.member);
            self.note_cuts(account, &mut wired, &connections);
        }
    }

    /// A delete of something that numbers use needs to know the connections.
    fn unread(&mut self, account: &Account) {
        let addresses: Vec<Address> =
            self.leaving_in(account, |kind| kind.connected).map(|(_, gone)| gone.address.clone()).collect();
        for address in addresses {
            self.refusals.push(Refusal {
                code: RefusalCode::AmbiguousConnection,
                account: account.name.clone(),
                address: Some(address),
                attribute: None,
                detail: "the bridges were not read, so nobody knows which numbers use it".to_owned(),
                place: None,
            });
        }
    }

    fn leaving_in<'s>(
        &'s self,
        account: &'s Account,
        of: impl Fn(&Kind) -> bool + 's,
    ) -> impl Iterator<Item = (String, &'s LeavingObject<'a>)> + 's {
        self.leaving
            .iter()
            .filter(move |gone| gone.account == account.name && of(gone.kind))
            .map(|gone| (gone.live.id.clone(), gone))
    }

    /// Bridges whose numbers this plan decides: declared with numbers, or replaced and therefore moved as they are.
    fn bridges(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Findings<'a>,
        selection: &Selection,
        account: &Account,
        connections: &[crate::resource::Connection],
    ) -> Vec<Bridge> {
        if inputs.options.destroy {
            return Vec::new();
        }
        let mut bridges = Vec::new();
        let declared = findings
            .by_address
            .iter()
            .filter(|(address, (_, kind))| kind.link.is_some() && selection.holds(address));
        for (address, (finding, _)) in declared {
            let object = &inputs.desired.objects[*address];
            if object.account != account.name {
                continue;
            }
            let at = match finding {
                Finding::Live(_) if self.replaced.contains_key(address) => made(address),
                Finding::Live(live) => Ref::Id(live.id.clone()),
                Finding::New => made(address),
                Finding::Hidden | Finding::Stuck => continue,
            };
            let numbers = match (&object.numbers, self.replaced.get(address)) {
                (Some(wanted), _) => {
                    let providers: Vec<_> = wanted
                        .iter()
                        .map(|(number, wanted)| {
                            let provider = self.provider(object, findings, selection, &wanted.provider)?;
                            Some((number.clone(), (wanted.provider.clone(), provider)))
                        })
                        .collect();
                    // One that cannot be settled leaves the whole bridge undecided: nothing of it is cut.
                    let Some(numbers) = providers.into_iter().collect() else { continue };
                    numbers
                }
                (None, Some(old)) => {
                    self.carried_over(inputs, findings, account, object, &old.id, connections)
                }
                (None, None) => continue,
            };
            bridges.push(Bridge { address: (*address).clone(), at, numbers });
        }
        bridges
    }

    fn provider(
        &mut self,
        bridge: &DesiredObject,
        findings: &Findings<'a>,
        selection: &Selection,
        address: &Address,
    ) -> Option<Ref> {
        match findings.by_address.get(address)?.0 {
            Finding::Live(_) if self.replaced.contains_key(address) => Some(made(address)),
            Finding::Live(live) => Some(Ref::Id(live.id.clone())),
            Finding::New if selection.holds(address) => Some(made(address)),
            Finding::New => {
                self.refuse(
                    bridge,
                    RefusalCode::DependencyExcluded,
                    format!("it needs {address}, which does not exist and is not part of this run"),
                );
                None
            }
            Finding::Hidden | Finding::Stuck => {
                self.refuse(
                    bridge,
                    RefusalCode::DependencyExcluded,
                    format!("it needs {address}, and which live object that is could not be settled"),
                );
                None
            }
        }
    }

    /// A replaced bridge that says nothing of its numbers takes them along.
    fn carried_over(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Findings<'a>,
        account: &Account,
        object: &DesiredObject,
        slug: &str,
        connections: &[crate::resource::Connection],
    ) -> BTreeMap<String, (Address, Ref)> {
        let mut numbers = BTreeMap::new();
        for connection in connections.iter().filter(|connection| connection.bridge == slug) {
            match connection.target.id() {
                Some(id) if self.leaving.iter().any(|gone| gone.is(&account.name, id)) => {
                    // It goes in the same plan: what takes its place serves the number, or nothing does.
                    let gone = self.leaving.iter().find(|gone| gone.is(&account.name, id));
                    if let Some((address, heir)) =
                        gone.and_then(|gone| Some((gone.address, gone.heir.clone()?)))
                    {
                        numbers.insert(connection.number.clone(), (address.clone(), heir));
                    }
                }
                Some(id) => {
                    let name = Address::parse(&label(inputs, findings, account, id))
                        .unwrap_or_else(|| Address::new("providers", id));
                    numbers.insert(connection.number.clone(), (name, Ref::Id(id.to_owned())));
                }
                None if connection.target == Target::Unserved => {}
                None => self.refuse(
                    object,
                    RefusalCode::AmbiguousConnection,
                    format!(
                        "{} cannot move along: it cannot be told which configuration serves it",
                        connection.number
                    ),
                ),
            }
        }
        numbers
    }

    /// Declared numbers as an attribute of their bridge, where something about them changes.
    fn show_numbers(&mut self, wiring: &Wiring<'_>, wired: &Wired, inputs: &Inputs<'a>) {
        let touched: BTreeSet<&Address> =
            wired.steps.drafts.iter().filter_map(|draft| draft.step.address.as_ref()).collect();
        for bridge in wiring.bridges.iter().filter(|bridge| touched.contains(&bridge.address)) {
            let object = &inputs.desired.objects[&bridge.address];
            let before: serde_json::Map<String, Value> = wiring
                .connections
                .iter()
                .filter(|connection| matches!(&bridge.at, Ref::Id(slug) if *slug == connection.bridge))
                .map(|connection| {
                    let served = connection
                        .target
                        .id()
                        .map_or_else(|| connection.target.word().to_owned(), wiring.label);
                    (connection.number.clone(), Value::from(served))
                })
                .collect();
            let after: serde_json::Map<String, Value> = bridge
                .numbers
                .iter()
                .map(|(number, (name, _))| (number.clone(), Value::from(name.to_string())))
                .collect();
            let attribute = AttributeChange {
                name: "numbers".to_owned(),
                before: if before.is_empty() { Shown::Absent } else { Shown::Value(Value::Object(before)) },
                after: Shown::Value(Value::Object(after)),
                risky: false,
            };
            match self.changes.get_mut(&bridge.address) {
                Some(change) => change.attributes.push(attribute),
                None => {
                    let id = if let Ref::Id(id) = &bridge.at { Some(id.clone()) } else { None };
                    self.change(object, Action::Update, id, vec![attribute], None);
                }
            }
        }
    }

    /// A change for every object that has steps and no change of its own: a number that an earlier run left dark.
    fn changes_of_links(&mut self, account: &Account) {
        let owners: BTreeSet<Address> =
            self.drafts.iter().filter_map(|draft| draft.step.address.clone()).collect();
        for address in owners {
            let leaving = self.leaving.iter().any(|gone| *gone.address == address);
            if !leaving && !self.changes.contains_key(&address) {
                let change = Change {
                    address: address.clone(),
                    account: account.name.clone(),
                    action: Action::Update,
                    id: None,
                    attributes: Vec::new(),
                    reason: Some(
                        "an earlier run cut a number off to move it and did not finish: it is connected now"
                            .to_owned(),
                    ),
                    steps: Vec::new(),
                };
                self.changes.insert(address, change);
            }
        }
    }

    /// Takes over what was decided, and remembers which connections each delete relies on.
    fn note_cuts(
        &mut self,
        account: &Account,
        wired: &mut Wired,
        connections: &[crate::resource::Connection],
    ) {
        self.drafts.append(&mut wired.steps.drafts);
        self.refusals.append(&mut wired.refusals);
        self.notices.append(&mut wired.notices);
        self.impact.append(&mut wired.impact);
        self.effects.append(&mut wired.effects);
        self.changes_of_links(account);
        let gone: Vec<&LeavingObject<'a>> =
            self.leaving.iter().filter(|gone| gone.account == account.name).collect();
        let slugs: BTreeSet<&str> =
            gone.iter().filter(|gone| gone.kind.link.is_some()).map(|gone| gone.live.id.as_str()).collect();
        for gone in &gone {
            let id = gone.live.id.as_str();
            let cut = if gone.kind.link.is_some() { &wired.emptied } else { &wired.relieved };
            let cut = cut.get(id).cloned().unwrap_or_default();
            let freed_by: Vec<String> = connections
                .iter()
                .filter(|connection| {
                    gone.kind.connected
                        && connection.target.may_be(id)
                        && slugs.contains(connection.bridge.as_str())
                })
                .map(|connection| delete_name(&account.name, "bridges", &connection.bridge))
                .collect();
            let frees = wired.freed.get(id).cloned().unwrap_or_default();
            self.cuts.push(Cuts {
                delete: delete_name(&account.name, gone.kind.name, id),
                cut,
                freed_by,
                frees,
            });
        }
    }

    /// Deletes come last, each after every read-back of the plan (spec 5): one connection that could not be cut stops them all.
    fn deletes(&mut self, inputs: &Inputs<'a>) {
        let read_backs: Vec<String> = self
            .drafts
            .iter()
            .filter(|draft| draft.step.phase == Phase::ReadBack)
            .map(|draft| draft.step.id.clone())
            .collect();
        let leaving = std::mem::take(&mut self.leaving);
        for gone in &leaving {
            let name = delete_name(gone.account, gone.kind.name, &gone.live.id);
            let known = self.cuts.iter().find(|cuts| cuts.delete == name);
            let (cut, freed_by, frees) = known.map_or_else(Default::default, |cuts| {
                (cuts.cut.clone(), cuts.freed_by.clone(), cuts.frees.clone())
            });
            let mut draft =
                draft::delete(inputs, gone.account, Some(gone.address), gone.kind, gone.live, cut, frees);
            let mut waits_for: BTreeSet<String> = read_backs.iter().cloned().chain(freed_by).collect();
            waits_for.extend(gone.heir.iter().filter_map(|heir| match heir {
                Ref::Step(step) => Some(step.clone()),
                Ref::Id(_) => None,
            }));
            draft.step.waits_for = waits_for.into_iter().collect();
            self.drafts.push(draft);
            if gone.heir.is_none() {
                let attributes = of_deleted(gone.live, gone.kind);
                self.changes.insert(
                    gone.address.clone(),
                    Change {
                        address: gone.address.clone(),
                        account: gone.account.to_owned(),
                        action: Action::Delete,
                        id: Some(gone.live.id.clone()),
                        attributes,
                        reason: Some(gone.reason.clone()),
                        steps: Vec::new(),
                    },
                );
            }
        }
        self.leaving = leaving;
    }

    fn finish(mut self, inputs: &Inputs<'a>, findings: &Findings<'a>) -> Plan {
        let steps = order::number(std::mem::take(&mut self.drafts));
        for step in &steps {
            if let Some(change) = step.address.as_ref().and_then(|address| self.changes.get_mut(address)) {
                change.steps.push(step.id.clone());
            }
        }
        self.impact.sort();
        self.refusals.extend(guard::guard(inputs, &steps, &self.impact));
        self.refusals.sort();
        self.refusals.dedup();
        self.notices.sort();
        self.notices.dedup();
        self.effects.sort();
        let leaving: BTreeSet<(&str, &str, &str)> =
            self.leaving.iter().map(|gone| (gone.account, gone.kind.name, gone.live.id.as_str())).collect();
        let mut plan = Plan {
            accounts: inputs.desired.accounts.values().map(|account| inputs.account_line(account)).collect(),
            changes: self.changes.into_values().collect(),
            steps,
            impact: self.impact,
            refusals: self.refusals,
            notices: self.notices,
            ledger: self.effects,
            unmanaged: unmanaged(inputs, findings, &leaving),
            digest: String::new(),
        };
        plan.digest = plan.computed_digest();
        plan
    }

    fn change(
        &mut self,
        object: &DesiredObject,
        action: Action,
        id: Option<String>,
        attributes: Vec<AttributeChange>,
        reason: Option<String>,
    ) {
        self.changes.insert(
            object.address.clone(),
            Change {
                address: object.address.clone(),
                account: object.account.clone(),
                action,
                id,
                attributes,
                reason,
                steps: Vec::new(),
            },
        );
    }

    fn refuse(&mut self, object: &DesiredObject, code: RefusalCode, detail: String) {
        self.refusals.push(Refusal {
            code,
            account: object.account.clone(),
            address: Some(object.address.clone()),
            attribute: None,
            detail,
            place: Some(object.place.to_string()),
        });
    }

    fn note(
        &mut self,
        object: &DesiredObject,
        code: NoticeCode,
        attribute: Option<&str>,
        detail: Option<String>,
    ) {
        self.notices.push(Notice {
            code,
            account: object.account.clone(),
            address: Some(object.address.clone()),
            attribute: attribute.map(str::to_owned),
            detail,
        });
    }
}

/// Live objects that nobody claims, counted by account and kind.
fn unmanaged(
    inputs: &Inputs<'_>,
    findings: &Findings<'_>,
    leaving: &BTreeSet<(&str, &str, &str)>,
) -> Vec<Unmanaged> {
    let mut counts = Vec::new();
    for (account, live) in &inputs.live.accounts {
        for (kind, objects) in &live.objects {
            let count = objects
                .iter()
                .filter(|object| {
                    !findings.claimed.contains_key(&(account.as_str(), *kind, object.id.as_str()))
                })
                .filter(|object| !leaving.contains(&(account.as_str(), *kind, object.id.as_str())))
                .count();
            if count > 0 {
                counts.push(Unmanaged { account: account.clone(), kind: (*kind).to_owned(), count });
            }
        }
    }
    counts
}

static NONE_UNSEEN: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
static EMPTY: BTreeMap<String, crate::resource::LiveNumber> = BTreeMap::new();

/// The address that claims a configuration, or its id for people.
fn label(inputs: &Inputs<'_>, findings: &Findings<'_>, account: &Account, id: &str) -> String {
    let address = findings
        .claimed
        .get(&(account.name.as_str(), "providers", id))
        .copied()
        .or_else(|| inputs.ledger.address_of(&account.name, "providers", id));
    address.map_or_else(|| format!("configuration {id}"), ToString::to_string)
}
