//! Numbers: which configuration is to serve each one, and what has to be disconnected for it.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::darkness::live_targets;
use super::{DeletePrerequisites, Planner, foreign_connections};
use crate::model::kind::{Kind, SettingRole};
use crate::model::resource::{Account, Address, Connection, NumberSpellings, ServedBy, owned_by};
use crate::model::value::CompactValue;
use crate::plan::Inputs;
use crate::plan::change::{AttributeChange, Change, ChangeAction, ShownValue};
use crate::plan::diagnostics::{PlanRefusal, RefusalCode};
use crate::plan::link::{LeavingConfiguration, LinkInputs, LinkPlan};
use crate::plan::link_index::LinkIndex;
use crate::plan::matching::Matches;
use crate::plan::removal::LeavingObject;
use crate::plan::selection::Selection;
use crate::plan::step::{ObjectRef, StepOperation};
use crate::plan::unnumbered_step::delete_step_name;

static NONE_UNSEEN: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
static NONE_SPELLED: NumberSpellings = NumberSpellings::new();
static EMPTY: BTreeMap<String, crate::model::resource::LiveNumber> = BTreeMap::new();

impl<'a> Planner<'a> {
    pub(super) fn plan_links(&mut self, inputs: &Inputs<'a>, findings: &Matches<'a>, selection: &Selection) {
        let managed = LazyCell::new(|| inputs.ledger.addresses_by_identity());
        for account in inputs.desired.accounts.values() {
            let generation = inputs.facts_of_account(&account.name).generation;
            let Some((kind, link)) = account.service.link_holder(generation) else {
                self.refuse_unread_links(inputs, findings, selection, account);
                continue;
            };
            let live = inputs.live.accounts.get(&account.name);
            let read = live.and_then(|live| live.connections.as_deref());
            if read.is_none() {
                // Nothing is known about its numbers, so nothing is decided about them, including open moves.
                self.refuse_unread_links(inputs, findings, selection, account);
                continue;
            }
            // The order in which a service lists its bridges must not affect the plan.
            let mut connections = read.unwrap_or_default().to_vec();
            connections.sort_by(|a, b| (&a.bridge, &a.number).cmp(&(&b.bridge, &b.number)));
            let leaving: BTreeMap<String, Address> =
                self.leaving_in(account, |kind| kind.connected).map(|(id, gone)| (id, gone.address.clone())).collect();
            let targets = link.roles.targets;
            let words = account.service.link_words();
            let label = |id: &str| {
                let keys = || targets.iter().map(|target| (account.name.as_str(), *target, id));
                let known = leaving.get(id).or_else(|| keys().find_map(|key| findings.claimed.get(&key).copied()));
                let known = known.or_else(|| keys().find_map(|key| managed.get(&key).copied()));
                known.map_or_else(|| format!("{} {id}", words.target), ToString::to_string)
            };
            let bridge_name = |slug: &str| {
                let claimed = findings.claimed.get(&(account.name.as_str(), kind.name, slug));
                claimed.map_or_else(|| slug.to_owned(), ToString::to_string)
            };
            let leaving_numbers = self.leaving_numbers(inputs, findings, selection, account, &connections);
            let bridges = self.planned_bridges(inputs, findings, selection, account, &connections);
            let index = LinkIndex::new(&bridges, &connections);
            let dark = self.dark_targets(inputs, findings, account);
            let wiring = LinkInputs {
                account: &account.name,
                words,
                link,
                can_disconnect: link.can_disconnect || account.allows(SettingRole::Disconnect),
                detach: account.detach(link),
                connections: &connections,
                possible_unseen_uses: live.map_or(&NONE_UNSEEN, |live| &live.unseen_candidates),
                numbers: live.map_or(&EMPTY, |live| &live.numbers),
                lists_numbers: live.is_some_and(|live| live.lists_numbers),
                unknown_destinations: dark.unknown_destinations(),
                spellings: live.map_or(&NONE_SPELLED, |live| &live.spellings),
                bridges: &bridges,
                index: &index,
                leaving_bridges: self
                    .leaving_in(account, |kind| kind.link.is_some())
                    .map(|(id, gone)| (id, gone.address.clone()))
                    .collect(),
                leaving: self
                    .leaving_in(account, |kind| kind.connected)
                    .map(|(id, gone)| {
                        (id, LeavingConfiguration { address: gone.address.clone(), replacement: gone.number_successor() })
                    })
                    .collect(),
                unreadable: live
                    .and_then(|live| live.unreadable.get(kind.name))
                    .map(|all| all.keys().map(String::as_str).collect())
                    .unwrap_or_default(),
                label: &label,
                bridge_name: &bridge_name,
                leaving_numbers,
                dark_before: dark.before.clone(),
                dark_after: dark.after.clone(),
                darkened: dark.darkened.iter().map(|(_, id)| id.clone()).collect(),
                foreign_bridges: inputs
                    .live
                    .accounts
                    .get(&account.name)
                    .and_then(|live| live.foreign.get(kind.name))
                    .map(|foreign| foreign.keys().map(String::as_str).collect())
                    .unwrap_or_default(),
                left_out_bridges: findings
                    .claimed
                    .iter()
                    .filter(|_| !selection.is_whole())
                    .filter(|((of, name, _), address)| {
                        *of == account.name && *name == kind.name && is_left_out(inputs, selection, address)
                    })
                    .map(|((.., slug), address)| (*slug, *address))
                    .collect(),
                left_out_numbers: left_out_numbers(inputs, selection, account),
                undoes: inputs.options.undo.is_some(),
                unfinished_moves: inputs.ledger.moves.iter().filter(|open| open.account == account.name).collect(),
                slugs: inputs.live_objects(&account.name, kind.name).iter().map(|bridge| bridge.id.as_str()).collect(),
                configurations: live_targets(inputs, account).map(|(_, live)| live.id.as_str()).collect(),
            };
            let mut wired = wiring.plan_connections();
            self.wait_for_opened_targets(&mut wired, &wiring, &dark);
            self.refuse_darkening_unread(inputs, account, kind, &dark);
            self.add_number_changes(&wiring, &wired, inputs);
            self.add_entry_changes(inputs, &wiring, &wired);
            self.adopt_entries(inputs, &wiring);
            foreign_connections::add_foreign_connection_notices(findings, account, kind, &wiring, &mut wired);
            foreign_connections::add_recorded_only_notices(&wiring, &mut wired);
            wired.steps.add_read_backs(&account.name, kind.member);
            self.take_link_plan(account, kind.name, &mut wired, &index);
        }
    }

    /// A delete of something that numbers use needs to know the connections, and so does a create that takes numbers along.
    fn refuse_unread_links(&mut self, inputs: &Inputs<'a>, findings: &Matches<'a>, selection: &Selection, account: &Account) {
        // Then all but these are refused already, with the reason.
        let failed = inputs.live.accounts.get(&account.name).is_some_and(|live| live.connections_failure.is_some());
        let used = self.leaving_in(account, |kind| kind.connected);
        let used = used.map(|(_, gone)| (gone.address.clone(), "which numbers use it"));
        let created = self.takes_members(account).map(|address| (address, "which of its numbers are free"));
        let darkened = self.dark_targets(inputs, findings, account).darkened.into_iter();
        let darkened = darkened.map(|(address, _)| (address, "which numbers it serves"));
        let numbers = inputs.desired.number_entries.values().filter(|entry| entry.account == account.name);
        let numbers = numbers.filter(|entry| selection.includes(&entry.address)).map(|entry| entry.address.clone());
        let numbers = numbers.map(|address| (address, "what serves the number"));
        let others = used.chain(created).chain(numbers).filter(|_| !failed);
        let addresses: Vec<(Address, &str)> = others.chain(darkened).collect();
        let holders = account.service.link_roles().map_or("links", |roles| roles.holder);
        for (address, unknown) in addresses {
            let detail = format!("the {holders} of the account were not read, so it is not known {unknown}");
            let code = RefusalCode::AmbiguousConnection;
            self.remarks.refusals.push(PlanRefusal::about(code, &account.name, &address, detail));
        }
    }

    /// Objects of an account whose create takes members along.
    fn takes_members<'s>(&'s self, account: &'s Account) -> impl Iterator<Item = Address> + 's {
        let links = account.service.kinds.iter().filter_map(|kind| kind.link);
        let keys: BTreeSet<&str> = links.filter_map(|link| link.assigned_on_create).collect();
        let steps = self.drafts.iter().map(|draft| &draft.step);
        let creates =
            steps.filter(|step| step.call.account == account.name && matches!(step.operation, StepOperation::Create { .. }));
        let taking = creates.filter(move |step| {
            step.call.body.as_ref().is_some_and(|body| keys.iter().any(|key| body.own_entries().contains_key(*key)))
        });
        taking.filter_map(|step| step.address.clone())
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

    /// Declared numbers as an attribute of their bridge, where something about them changes.
    fn add_number_changes(&mut self, wiring: &LinkInputs<'_>, wired: &LinkPlan, inputs: &Inputs<'a>) {
        let touched: BTreeSet<&Address> = wired.steps.drafts.iter().filter_map(|draft| draft.step.address.as_ref()).collect();
        for bridge in wiring.bridges.iter().filter(|bridge| bridge.owns_all) {
            let object = &inputs.desired.objects[&bridge.address];
            // Numbers that only a create includes are shown with the create.
            let idle = bridge.unserved.iter().filter(|_| matches!(bridge.at, ObjectRef::Step(_)));
            let idle: Vec<&String> = idle.collect();
            if !touched.contains(&bridge.address) && idle.is_empty() {
                continue;
            }
            let here = match &bridge.at {
                ObjectRef::Id(slug) => wiring.index.of_bridge.get(slug.as_str()),
                ObjectRef::Step(_) => None,
            };
            let row = |number: &str, served: &str| (SmolStr::from(number), CompactValue::from(served));
            let before = here.into_iter().flatten();
            let before: Vec<_> = before.map(|it| row(&it.number, &served_label(wiring, it))).collect();
            let wanted = bridge.numbers.iter().map(|(number, (name, _))| row(number, &name.to_string()));
            let undecided = bridge.undecided.iter().map(|(number, name)| row(number, &name.to_string()));
            let idle = idle.into_iter().map(|number| row(number, ServedBy::Unserved.word()));
            let after = CompactValue::from_entries(wanted.chain(undecided).chain(idle).collect());
            let attribute = AttributeChange {
                name: wiring.link.roles.members.to_owned(),
                before: if before.is_empty() {
                    ShownValue::Absent
                } else {
                    ShownValue::Value(CompactValue::from_entries(before))
                },
                after: ShownValue::Value(after),
                risky: false,
                source: None,
            };
            match self.changes.get_mut(&bridge.address) {
                Some(change) => change.attributes.push(attribute),
                None => {
                    let id = if let ObjectRef::Id(id) = &bridge.at { Some(id.clone()) } else { None };
                    self.add_change(object, ChangeAction::Update, id, vec![attribute], None);
                }
            }
        }
    }

    /// A change for every object that has steps and no change of its own: a number that an earlier run left dark.
    fn add_changes_of_links(&mut self, account: &Account) {
        let owners: BTreeSet<Address> = self.drafts.iter().filter_map(|draft| draft.step.address.clone()).collect();
        let leaving: BTreeSet<&Address> = self.leaving.iter().map(|gone| gone.address).collect();
        for address in owners {
            if !leaving.contains(&address) && !self.changes.contains_key(&address) {
                let change = Change {
                    address: address.clone(),
                    account: account.name.clone(),
                    from_account: None,
                    also_leaves: Vec::new(),
                    action: ChangeAction::Update,
                    id: None,
                    attributes: Vec::new(),
                    reason: Some(
                        "an earlier run disconnected a number to move it and did not finish: it is connected now".to_owned(),
                    ),
                    steps: Vec::new(),
                };
                self.changes.insert(address, change);
            }
        }
    }

    /// Adds the decisions to the plan, and records which connections each delete relies on.
    fn take_link_plan(&mut self, account: &Account, holder: &str, wired: &mut LinkPlan, index: &LinkIndex<'_>) {
        self.drafts.append(&mut wired.steps.drafts);
        self.remarks.merge(std::mem::take(&mut wired.remarks));
        self.impact.append(&mut wired.impact);
        self.add_changes_of_links(account);
        let gone: Vec<&LeavingObject<'a>> = self.leaving.iter().filter(|gone| gone.account == account.name).collect();
        // What frees a configuration: the deletes of the bridges that it serves or may serve.
        let mut freed_by_id: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let targets: Vec<&str> = gone.iter().filter(|gone| gone.kind.connected).map(|gone| gone.live.id.as_str()).collect();
        for slug in gone.iter().filter(|gone| gone.kind.link.is_some()).map(|gone| gone.live.id.as_str()) {
            for connection in index.of_bridge.get(slug).into_iter().flatten() {
                let possible: Vec<&str> = match &connection.served_by {
                    ServedBy::By { id, .. } | ServedBy::Foreign { id, .. } => vec![id],
                    ServedBy::OneOf(candidates) => candidates.iter().map(String::as_str).collect(),
                    ServedBy::NotTold => targets.clone(),
                    ServedBy::NotThere | ServedBy::Unserved => Vec::new(),
                };
                for id in possible {
                    freed_by_id.entry(id).or_default().insert(delete_step_name(&account.name, holder, slug));
                }
            }
        }
        for gone in &gone {
            let id = gone.live.id.as_str();
            let cut = if gone.kind.link.is_some() { &wired.cut_on_bridge } else { &wired.leaving_connections };
            let cut = cut.get(id).cloned().unwrap_or_default();
            let freed_by = freed_by_id.get(id).filter(|_| gone.kind.connected).cloned().unwrap_or_default();
            let frees = wired.freed_numbers.get(id).cloned().unwrap_or_default();
            let prior_connections = wired.prior_connections.get(id).cloned().unwrap_or_default();
            let delete = delete_step_name(&account.name, gone.kind.name, id);
            let prerequisites = DeletePrerequisites { cut, freed_by, frees, prior_connections };
            self.delete_prerequisites.entry(delete).or_insert(prerequisites);
        }
    }
}

/// Whether the YAML declares an address, and the run leaves it out.
fn is_left_out(inputs: &Inputs<'_>, selection: &Selection, address: &Address) -> bool {
    inputs.desired.objects.contains_key(address) && !selection.includes(address)
}

/// Numbers of an account that entries declare which the run leaves out.
fn left_out_numbers<'a>(
    inputs: &Inputs<'a>,
    selection: &Selection,
    account: &Account,
) -> BTreeMap<&'a str, (&'a Address, &'a Address)> {
    let mut numbers = BTreeMap::new();
    if selection.is_whole() {
        return numbers;
    }
    let objects = inputs.desired.objects.values().filter(|object| object.account == account.name);
    for object in objects.filter(|object| is_left_out(inputs, selection, &object.address)) {
        numbers.extend(
            object.numbers.iter().flatten().map(|(number, wanted)| (number.as_str(), (&object.address, &wanted.provider))),
        );
    }
    let entries = inputs.desired.number_entries.values().filter(|entry| entry.account == account.name);
    let entries = entries.filter(|entry| !selection.includes(&entry.address));
    numbers.extend(entries.map(|entry| (entry.number.as_str(), (&entry.address, &entry.wanted.provider))));
    numbers
}

/// What serves a number now, for people.
pub(super) fn served_label(wiring: &LinkInputs<'_>, connection: &Connection) -> String {
    match (&connection.served_by, connection.served_by.id()) {
        (ServedBy::Foreign { id, owner }, _) => {
            format!("{} {id} of {}", wiring.words.target, owned_by(owner.as_deref()))
        }
        (_, Some(id)) => (wiring.label)(id),
        (target, None) => target.word().to_owned(),
    }
}

/// The address that claims a target by its id, in the run or in the ledger.
fn claimed_target<'a>(inputs: &Inputs<'a>, findings: &Matches<'a>, account: &Account, id: &str) -> Option<&'a Address> {
    let mut targets = account.service.link_roles()?.targets.iter();
    let claimed = targets.clone().find_map(|target| findings.claimed.get(&(account.name.as_str(), *target, id)).copied());
    claimed.or_else(|| targets.find_map(|target| inputs.ledger.address_of(&account.name, target, id)))
}

/// That address, or one made of the id if no address claims the target.
pub(super) fn target_address(inputs: &Inputs<'_>, findings: &Matches<'_>, account: &Account, id: &str) -> Address {
    let unclaimed = || Address::new(account.service.link_roles().map_or("", |roles| roles.targets[0]), id);
    claimed_target(inputs, findings, account, id).cloned().unwrap_or_else(unclaimed)
}
