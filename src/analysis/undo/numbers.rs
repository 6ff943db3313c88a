//! Undoes the connections of a run: each number returns to its earlier connection, if it is still where the run left it.

use std::collections::{BTreeMap, BTreeSet};

use super::{DoneStep, UndoBuilder, undo_place};
use crate::model::kind::{LinkRoles, LinkWords};
use crate::model::resource::{Address, Connection, DesiredNumber, LiveAccount, Removal, ServedBy, owned_by};
use crate::plan::{ObjectRef, StepOperation};
use crate::services;
use crate::state::journal::{RecordedRun, StepEnding};

/// A number on a bridge of an account.
pub(super) type NumberPlace = (String, String, String);

/// What served it before the run, and after it.
pub(super) struct RunNumberChange {
    pub(super) before: ServedBy,
    pub(super) after: Option<String>,
    pub(super) owner: Option<Address>,
}

impl UndoBuilder<'_> {
    /// Connects and disconnects.
    pub(super) fn undo_numbers(&mut self, run: &RecordedRun<'_>, deeds: &[DoneStep<'_>]) {
        let mut wanted: BTreeMap<(String, String), BTreeMap<String, Option<String>>> = BTreeMap::new();
        let turns = number_changes(run, deeds);
        let changed = self.numbers_changed_since(&turns);
        for ((account, bridge, number), turn) in turns {
            let what = self.number_label(&account, &number, &bridge);
            let back = match &turn.before {
                ServedBy::By { id, .. } | ServedBy::Foreign { id, .. } => Some(id.clone()),
                ServedBy::NotThere | ServedBy::Unserved => None,
                ServedBy::OneOf(_) | ServedBy::NotTold => {
                    self.add_not_undone(what, "it was not known what served it");
                    continue;
                }
            };
            if back == turn.after {
                continue;
            }
            if !self.today.live.accounts.contains_key(&account) {
                continue;
            }
            let Some(roles) = self.link_roles(&account) else { continue };
            // It returns with the bridge that this one replaced.
            if replaced_id(deeds, &account, &bridge).is_some_and(|old| {
                self.freed_connections
                    .get(&(account.clone(), old))
                    .is_some_and(|prior_connections| prior_connections.contains_key(&number))
            }) {
                continue;
            }
            if self.is_as_before(roles, &(account.clone(), bridge.clone(), number.clone()), back.as_deref())
                && (back.is_some() || !changed.contains(&number))
            {
                continue;
            }
            if changed.contains(&number) {
                self.note_number_not_undone(&account, &number, what, "connected differently since; left alone".to_owned());
                continue;
            }
            let there = |kind: &str, id: &str| self.is_there(&account, kind, id);
            if let Some(owner) = turn.owner.as_ref().filter(|owner| owner.kind == roles.holder)
                && !self.recreated.contains_key(&(account.clone(), roles.holder.to_owned(), bridge.clone()))
                && there(roles.holder, &bridge)
                && let Err(why) = self.address_today(owner, &account, &bridge)
            {
                let verb = if why.starts_with("no longer") { " is " } else { ": " };
                self.note_number_not_undone(&account, &number, what, format!("{owner}{verb}{why}"));
                continue;
            }
            if !there(roles.holder, &bridge) {
                if !deeds.iter().any(|deed| deed.made == Some(bridge.as_str())) {
                    let why = self.why_absent(&account, roles.holder, &bridge);
                    let why = why.replacen("it ", &format!("the {} ", self.link_words(&account).holder), 1);
                    self.note_number_not_undone(&account, &number, what, why);
                }
                continue;
            }
            if let Some(id) = back.as_ref().filter(|id| !self.is_target_there(&account, roles, id)) {
                let why = self.why_no_target(&account, roles, id, deeds);
                self.note_number_not_undone(&account, &number, what, why);
                continue;
            }
            if let Some(owner) = turn.owner.filter(|owner| roles.is_target(&owner.kind))
                && let Some(id) = &back
                && there(&owner.kind, id)
                && self.address_of(&account, &owner.kind, id).is_none()
                && !self.means_other(&owner, &account, id)
            {
                self.declare_configuration(&account, owner, id);
            }
            wanted.entry((account, bridge)).or_default().insert(number, back);
        }
        let mut idle: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for (at, prior_connections) in std::mem::take(&mut self.freed_connections) {
            wanted.entry(at.clone()).or_default();
            let roles = self.link_roles(&at.0);
            for (number, prior) in prior_connections {
                let what = self.number_label(&at.0, &number, &at.1);
                let on_taker = self.replacement_has_number(deeds, &at, &number);
                if let Some(why) = self.why_not_free(&at.0, &number).filter(|_| !on_taker) {
                    self.add_not_undone(what, why);
                    continue;
                }
                let server = match prior.served {
                    ServedBy::By { id, .. } | ServedBy::Foreign { id, .. }
                        if roles.is_some_and(|roles| self.is_target_there(&at.0, roles, &id)) =>
                    {
                        Some(id)
                    }
                    ServedBy::By { id, .. } | ServedBy::Foreign { id, .. } => {
                        let LinkWords { holder, target } = self.link_words(&at.0);
                        let why = format!("{target} {id} no longer exists: the number is put on the {holder} and not connected");
                        self.add_not_undone(what, why);
                        None
                    }
                    ServedBy::OneOf(_) | ServedBy::NotTold => {
                        let holder = self.link_words(&at.0).holder;
                        let why = format!("it was not known what served it: it is put on the {holder} and not connected");
                        self.add_not_undone(what, why);
                        None
                    }
                    ServedBy::NotThere | ServedBy::Unserved => None,
                };
                match server {
                    Some(id) => drop(wanted.entry(at.clone()).or_default().insert(number, Some(id))),
                    None => drop(idle.entry(at.clone()).or_default().insert(number)),
                }
            }
        }
        for ((account, bridge), numbers) in wanted {
            let idle = idle.remove(&(account.clone(), bridge.clone())).unwrap_or_default();
            self.restore_numbers(&account, &bridge, numbers, idle);
        }
    }

    /// The roles of linked objects at the service of an account.
    pub(super) fn link_roles(&self, account: &str) -> Option<&'static LinkRoles> {
        self.today.desired.accounts.get(account)?.service.link_roles()
    }

    /// A number on what holds it, for people.
    pub(super) fn number_label(&self, account: &str, number: &str, bridge: &str) -> String {
        services::number_and_place(self.link_roles(account).map_or("", |roles| roles.holder), number, bridge)
    }

    /// What messages call linked objects at the service of an account.
    pub(super) fn link_words(&self, account: &str) -> LinkWords {
        let account = self.today.desired.accounts.get(account);
        account.map_or(LinkWords { holder: "object", target: "object" }, |account| account.service.link_words())
    }

    /// Whether a number is on the bridge that replaced its earlier one.
    fn replacement_has_number(&self, deeds: &[DoneStep<'_>], old: &(String, String), number: &str) -> bool {
        let Some(live) = self.today.live.accounts.get(&old.0) else { return false };
        live.connections
            .iter()
            .flatten()
            .any(|it| it.number == number && replaced_id(deeds, &old.0, &it.bridge).as_ref() == Some(&old.1))
    }

    /// Whether an object exists now, or is recreated.
    fn is_there(&self, account: &str, kind: &str, id: &str) -> bool {
        self.live_objects(account, kind).iter().any(|object| object.id == id)
            || self.recreated.contains_key(&(account.to_owned(), kind.to_owned(), id.to_owned()))
    }

    /// Whether one of the kinds that serve members has this object.
    fn is_target_there(&self, account: &str, roles: &LinkRoles, id: &str) -> bool {
        roles.targets.iter().any(|kind| self.is_there(account, kind, id))
    }

    /// Why no kind that serves members has this object.
    fn why_no_target(&self, account: &str, roles: &LinkRoles, id: &str, deeds: &[DoneStep<'_>]) -> String {
        let word = self.link_words(account).target;
        let deletes = |deed: &&DoneStep<'_>| {
            deed.account == account && matches!(&deed.step.operation, StepOperation::Delete { id: gone, .. } if gone == id)
        };
        if let Some(address) = deeds.iter().find(deletes).and_then(|deed| deed.step.address.as_ref()) {
            return format!("{word} {id} no longer exists: that run deleted it as {address}");
        }
        let live = self.today.live.accounts.get(account);
        let unread = |kind: &&&str| live.is_none_or(|live| !live.objects.contains_key(**kind));
        if let Some(kind) = roles.targets.iter().find(unread) {
            return format!("it is not known whether {word} {id} exists: the {kind} of account {account} were not read");
        }
        if !roles.served_by_others {
            return format!("{word} {id} no longer exists");
        }
        let kinds = roles.targets.join(", ");
        format!("{word} {id} is not among the {kinds}: it may be of a kind that telform does not read, or no longer exist")
    }

    /// The kind of the target with this id.
    fn kind_of_target(&self, account: &str, roles: &'static LinkRoles, id: &str) -> &'static str {
        let there = roles.targets.iter().find(|kind| self.is_there(account, kind, id));
        there.unwrap_or(&roles.targets[0])
    }

    /// A configuration by the address that it had in the run.
    fn declare_configuration(&mut self, account: &str, owner: Address, id: &str) {
        let Some(kind) =
            self.facts_of_account(account).and_then(|facts| services::shape_of_generation(&owner.kind, facts.generation))
        else {
            return;
        };
        let about = self.undo.about.contains(&owner);
        self.object_to_restore(&owner, account, kind, Some(id));
        if !about {
            self.undo.about.remove(&owner);
        }
    }

    /// The address that the run planned to change or delete an object by, where no other object has it now.
    fn planned_address(&self, account: &str, kind: &str, id: &str) -> Option<Address> {
        let account = self.accounts.get(account).map_or(account, String::as_str);
        let mut planned = self.changes.iter().filter(|change| change.account == account && change.id.as_deref() == Some(id));
        let address = planned.find_map(|change| Address::parse(&change.address).filter(|address| address.kind == kind))?;
        let is_free = self.free_name(kind, &address.name) == address && !self.today.existing.contains_key(&address);
        is_free.then_some(address)
    }

    /// The address of an object: recreated, pinned here, in the ledger.
    fn address_of(&self, account: &str, kind: &str, id: &str) -> Option<Address> {
        let again = self.recreated.get(&(account.to_owned(), kind.to_owned(), id.to_owned()));
        if again.is_some() {
            return again.cloned();
        }
        let pinned = self
            .undo
            .desired
            .objects
            .values()
            .find(|object| object.account == account && object.address.kind == kind && object.id.as_deref() == Some(id));
        let referred = self.today.existing.iter();
        let referred = referred.filter(|(address, it)| address.kind == kind && it.account == account && it.id == id);
        let pinned = pinned.map(|object| &object.address).or_else(|| referred.map(|(address, _)| address).next());
        let known = || self.today.ledger.address_of(account, kind, id);
        let known = pinned.or_else(|| known().map(|known| self.today.renamed.get(known).unwrap_or(known)));
        known.cloned()
    }

    /// All numbers of a bridge, because they are owned whole: those of the run as they were before it, the others as
    /// they are now.
    fn restore_numbers(
        &mut self,
        account: &str,
        bridge: &str,
        numbers: BTreeMap<String, Option<String>>,
        idle: BTreeSet<String>,
    ) {
        let Some(live) = self.today.live.accounts.get(account) else { return };
        let service = self.today.desired.accounts.get(account).map(|account| account.service);
        let Some((kind, link)) = service.and_then(|it| it.link_holder(live.facts.generation)) else { return };
        let words = self.link_words(account);
        let mut whole: BTreeMap<String, String> = BTreeMap::new();
        let bridge_today = self.id_today(account, kind.name, bridge).to_owned();
        for connection in connections_on(live, &bridge_today).filter(|connection| !numbers.contains_key(&connection.number)) {
            let number = &connection.number;
            let why = match (&connection.served_by, connection.served_by.id()) {
                (ServedBy::Foreign { id, owner }, _) => {
                    let owner = owned_by(owner.as_deref());
                    format!("on the same {}, {number} is served by {} {id} of {owner}", words.holder, words.target)
                }
                (_, Some(id)) => {
                    whole.insert(number.clone(), id.to_owned());
                    continue;
                }
                (ServedBy::Unserved, None) => continue,
                (_, None) => format!("on the same {}, it is not known what serves {number}", words.holder),
            };
            numbers.keys().for_each(|number| self.add_not_undone(self.number_label(account, number, bridge), why.clone()));
            return;
        }
        whole.extend(numbers.into_iter().filter_map(|(number, id)| Some((number, id?))));
        let mut named = BTreeMap::new();
        for (number, id) in whole {
            let target = self.kind_of_target(account, link.roles, &id);
            let provider = self.address_of(account, target, &id).unwrap_or_else(|| {
                // It is not managed, and has a name only here: the one that it had in that run.
                let planned = self.planned_address(account, target, &id);
                let name = planned.unwrap_or_else(|| self.free_name(target, &format!("id-{id}")));
                self.declare_configuration(account, name.clone(), &id);
                name
            });
            let known = self.undo.desired.objects.contains_key(&provider) || self.today.existing.contains_key(&provider);
            if !known {
                let today = self.id_today(account, target, &id).to_owned();
                self.declare_configuration(account, provider.clone(), &today);
            }
            named.insert(number, DesiredNumber { provider, as_shown: false, location: undo_place() });
        }
        let address = self.address_of(account, kind.name, bridge).unwrap_or_else(|| self.free_name(kind.name, bridge));
        if self.moved.get(&address).is_some_and(|left| left == account) {
            return; // It returns to the account that it came from, and its numbers are reported there.
        }
        // A bridge that the run created is deleted, and its numbers leave with it.
        let goes = |gone: &Removal| gone.address == address && self.undo.about.contains(&address);
        if self.undo.desired.removed.iter().any(goes) {
            return;
        }
        let again = self.recreated.contains_key(&(account.to_owned(), kind.name.to_owned(), bridge.to_owned()));
        let id = (!again).then_some(bridge);
        // A bridge that is only referred to is named for this undo alone.
        self.undo.desired.existing.remove(&address);
        let object = self.object_to_restore(&address, account, kind, id);
        object.numbers = Some(named);
        object.unserved_numbers = idle;
    }
}

/// The object that the run replaced with this one.
fn replaced_id(deeds: &[DoneStep<'_>], account: &str, made: &str) -> Option<String> {
    let deed = deeds.iter().find(|deed| deed.account == account && deed.made == Some(made))?;
    deed.step.operation.replaces_here().cloned()
}

/// What the run did to each number on each bridge.
pub(super) fn number_changes(run: &RecordedRun<'_>, deeds: &[DoneStep<'_>]) -> BTreeMap<NumberPlace, RunNumberChange> {
    let mut turns: BTreeMap<NumberPlace, RunNumberChange> = BTreeMap::new();
    for deed in deeds {
        let account = deed.account.clone();
        let (bridge, number, before, after) = match &deed.step.operation {
            StepOperation::Disconnect { bridge, number, before } => (bridge.clone(), number, before, None),
            StepOperation::Connect { bridge, number, provider, before } => {
                let resolve = |at: &ObjectRef| UndoBuilder::resolve_ref(deeds, at);
                let (Some(bridge), Some(provider)) = (resolve(bridge), resolve(provider)) else { continue };
                (bridge, number, before, Some(provider))
            }
            _ => continue,
        };
        // A number that the run itself connected again at its end is where it was.
        let back = format!("r{}", deed.step.id.trim_start_matches('s'));
        if run.steps.iter().any(|record| record.id == back && record.end() == Some(StepEnding::Done)) {
            continue;
        }
        let turn = turns.entry((account, bridge, number.clone())).or_insert_with(|| RunNumberChange {
            before: before.clone(),
            after: None,
            owner: deed.step.address.clone(),
        });
        turn.after = after;
    }
    turns
}

fn connections_on<'a>(live: &'a LiveAccount, bridge: &'a str) -> impl Iterator<Item = &'a Connection> {
    live.connections.iter().flatten().filter(move |connection| connection.bridge == bridge)
}
