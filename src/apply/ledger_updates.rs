//! The effects of a plan on the ledger that need no step.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::record::{TimestampFn, ledger_entry};
use super::sent_values::mark_of_shown;
use crate::model::ledger::{AccountEntry, FingerprintKey, Ledger, ManagedObject, ObjectOrigin, ValueIdentity};
use crate::model::resource::{Address, Connection, Desired, Known, LiveAccount, LiveObject, LiveState, ServedBy};
use crate::plan::{LedgerUpdate, Plan, entry_of_late_create, settle_interrupted_replacements};
use crate::services;

/// Records what needs no request: adopted objects, objects that no longer exist, confirmed values, and the accounts and the
/// key that the ledger belongs to. Returns whether anything changed.
pub fn settle_ledger(
    ledger: &mut Ledger,
    plan: &Plan,
    desired: &Desired,
    live: &LiveState,
    key: &FingerprintKey,
    now: &TimestampFn,
) -> bool {
    let before = ledger.clone();
    if let Some(settled) = settle_interrupted_replacements(ledger, live, desired) {
        *ledger = settled;
    }
    if !ledger.readable_with(key) {
        ledger.forget_seals();
    }
    ledger.note_key(key);
    // The other effects use the new names of accounts.
    for effect in &plan.ledger {
        if let LedgerUpdate::RenameAccount { from, to } = effect {
            ledger.rename_account(from, to);
        }
    }
    ledger.followed.clear();
    for account in &plan.accounts {
        let is = AccountEntry {
            api: account.api.clone(),
            base_url: account.base_url.clone(),
            organization: account.organization.clone(),
        };
        let mut others = ledger.accounts.insert(account.name.clone(), is.clone()).is_some_and(|was| was != is);
        // Only what was read: if a service temporarily does not report the owner, it is not forgotten.
        if let Some(owner) = live.accounts.get(&account.name).and_then(|live| live.facts.token_owner.identity()) {
            let was = ledger.owners.insert(account.name.clone(), owner.id.clone());
            others |= was.is_some_and(|was| was != owner.id);
        }
        if others {
            // The ledger held nothing there, or the plan would have been refused; the connections that it recorded
            // belonged to another organization.
            ledger.connections.retain(|made| made.account != account.name);
        }
    }
    // What is known now is recorded: a second configuration of the same provider would make it ambiguous.
    for (account, read) in &live.accounts {
        forget_answers(ledger, account, read, key);
        forget_former(ledger, account, read);
        let Some(connections) = &read.connections else { continue };
        forget_connections(ledger, account, read, connections);
        let roles = desired.accounts.get(account).and_then(|account| account.service.link_roles());
        let foreign = |holder: &str| roles.is_some_and(|roles| read.foreign_owner(roles.holder, holder).is_some());
        for connection in connections {
            if let ServedBy::By { id, known: Known::Exact | Known::Inferred } = &connection.served_by
                && !foreign(&connection.bridge)
            {
                ledger.note_connected(account, &connection.bridge, &connection.number, id);
            }
        }
    }
    // Most runs have no effect to record.
    let listed = LazyCell::new(|| live.by_id());
    for effect in &plan.ledger {
        enter_update(ledger, effect, desired, &listed, now);
        if let LedgerUpdate::Adopt { address, account, id } = effect {
            enter_number(ledger, address, account, id, live);
        }
        if let LedgerUpdate::Adopt { address, account, id } = effect
            && let Some(object) = listed.get(&(account.as_str(), address.kind.as_str(), id.as_str()))
            && let Some(account) = live.accounts.get(account)
        {
            enter_late_create(ledger, address, object, account, desired, key);
        }
    }
    ledger.forget_deleted(desired);
    *ledger != before
}

/// How a service stored a value is irrelevant as soon as it shows a different one.
fn forget_answers(ledger: &mut Ledger, account: &str, read: &LiveAccount, key: &FingerprintKey) {
    let open = |entry: &ManagedObject| !(entry.reshaped.is_empty() && entry.not_taken.is_empty());
    for (address, entry) in ledger.objects.iter_mut().filter(|(_, it)| it.account == account && open(it)) {
        let kind = services::shape_of_generation(&address.kind, read.facts.generation);
        let listed = read.objects.get(address.kind.as_str()).map_or(&[][..], Vec::as_slice);
        let (Some(kind), Some(live)) = (kind, listed.iter().find(|live| live.id == entry.id)) else {
            continue;
        };
        let known = entry.clone();
        let shows = |name: &str, observed: &ValueIdentity| {
            let field = kind.field(name).filter(|field| live.has_attribute(field.name));
            let now = field.and_then(|field| mark_of_shown(field, &read.facts.catalogue, live, &known, key));
            now.is_none_or(|now| now == *observed)
        };
        entry.reshaped.retain(|name, kept| shows(name, &kept.observed));
        entry.not_taken.retain(|name, kept| shows(name, &kept.observed));
    }
}

/// A replaced object that a complete listing lacks: its delete is done, whoever did it.
fn forget_former(ledger: &mut Ledger, account: &str, read: &LiveAccount) {
    for (address, entry) in &mut ledger.objects {
        if let Some(listed) = read.objects.get(address.kind.as_str())
            && entry.account == account
        {
            entry
                .former
                .retain(|old| listed.iter().any(|object| object.id == *old) || read.foreign_owner(&address.kind, old).is_some());
        }
        if let Some(listed) = read.objects.get(address.kind.as_str()) {
            // A listing proves nothing about objects that a service hides.
            let hides = services::shape_of_generation(&address.kind, read.facts.generation)
                .is_some_and(|kind| kind.hidden_until_verified);
            let there = |id: &str| hides || listed.iter().any(|object| object.id == id);
            entry.left_behind.retain(|left| left.account != account || there(&left.id));
        }
    }
}

/// A connection that is no longer visible was removed by someone else, or by a run that could not record it.
fn forget_connections(ledger: &mut Ledger, account: &str, read: &LiveAccount, connections: &[Connection]) {
    let served: BTreeSet<(&str, &str)> = connections
        .iter()
        .filter(|connection| connection.served_by != ServedBy::Unserved)
        .map(|connection| (connection.bridge.as_str(), connection.number.as_str()))
        .collect();
    ledger.connections.retain(|made| {
        made.account != account
            // There the service shows a provider and no number: a number that is not shown may still be connected.
            || read.unseen_candidates.contains_key(&made.bridge)
            || served.contains(&(made.bridge.as_str(), made.number.as_str()))
    });
}

/// A found object comes from a create whose answer was lost: the ledger records what that answer would have contained.
fn enter_late_create(
    ledger: &mut Ledger,
    address: &Address,
    object: &LiveObject,
    read: &LiveAccount,
    desired: &Desired,
    key: &FingerprintKey,
) {
    let Some(wanted) = desired.objects.get(address) else { return };
    let Some((at, late)) = entry_of_late_create(ledger, wanted, &read.facts, object, key) else { return };
    ledger.watched.remove(at);
    if let Some(entry) = ledger.objects.get_mut(address) {
        (entry.origin, entry.since, entry.secrets) = (late.origin, late.since, late.secrets);
    }
}

/// Records an object; what its address leaves in another account is recorded until it is deleted.
fn enter_object(ledger: &mut Ledger, address: &Address, mut entry: ManagedObject) {
    if let Some(old) = ledger.objects.get(address).filter(|old| old.account != entry.account) {
        old.record_abandoned(&mut entry);
    }
    ledger.objects.insert(address.clone(), entry);
}

/// An adopted number is recorded with the bridge that it is on.
fn enter_number(ledger: &mut Ledger, address: &Address, account: &str, number: &str, live: &LiveState) {
    let connections = live.accounts.get(account).and_then(|read| read.connections.as_deref()).unwrap_or_default();
    let here = connections.iter().find(|it| it.number == number && it.served_by != ServedBy::Unserved);
    if let (Some((_, words)), Some(here), Some(entry)) =
        (services::link_entry(&address.kind), here, ledger.objects.get_mut(address))
    {
        entry.key.insert(SmolStr::new_static(words.holder), here.bridge.as_str().into());
        // Nothing is left to delete where it was under another name of its account.
        entry.left_behind.clear();
    }
}

fn enter_update(
    ledger: &mut Ledger,
    effect: &LedgerUpdate,
    desired: &Desired,
    listed: &BTreeMap<(&str, &str, &str), &LiveObject>,
    now: &TimestampFn,
) {
    match effect {
        LedgerUpdate::Adopt { address, account, id } => {
            let mut adopted = ledger_entry(account, id, ObjectOrigin::Adopted, now());
            let object = listed.get(&(account.as_str(), address.kind.as_str(), id.as_str()));
            let shapes = desired.objects.get(address).map(|object| object.shapes.as_slice()).unwrap_or_default();
            if let (Some(object), Some(kind)) = (object, shapes.first()) {
                adopted.key = kind
                    .natural_key
                    .iter()
                    .filter_map(|name| object.attributes.get(name).map(|value| (SmolStr::new_static(name), value.clone())))
                    .collect();
            }
            ledger.attempts.remove(address);
            enter_object(ledger, address, adopted);
        }
        LedgerUpdate::AdoptHidden { address, account, id } => {
            let made = ledger.attempts.remove(address).filter(|attempt| attempt.created.as_ref() == Some(id));
            let (origin, since) = match &made {
                Some(attempt) => (ObjectOrigin::Created, attempt.since.clone()),
                None => (ObjectOrigin::Adopted, now()),
            };
            let mut hidden = ledger_entry(account, id, origin, since.clone());
            hidden.hidden_since = Some(since);
            hidden.key = made.map(|attempt| attempt.key).unwrap_or_default();
            enter_object(ledger, address, hidden);
        }
        LedgerUpdate::Rename { from, to } => ledger.rename_object(from, to),
        LedgerUpdate::RenameAccount { .. } => {}
        LedgerUpdate::Follow { address, account } => ledger.name_account(address, account),
        LedgerUpdate::Release { address, .. } => {
            ledger.objects.remove(address);
            ledger.attempts.remove(address);
        }
        LedgerUpdate::MoveEnded { account, number } => ledger.note_moved(account, number),
        LedgerUpdate::Drop { address } => ledger.remove_deleted(address, desired),
        LedgerUpdate::Visible { address } => {
            if let Some(entry) = ledger.objects.get_mut(address) {
                entry.hidden_since = None;
            }
        }
        LedgerUpdate::Confirmed { address, attribute } => {
            if let Some(entry) = ledger.objects.get_mut(address) {
                entry.submitted.remove(attribute);
            }
        }
        LedgerUpdate::Protect { address, on } => {
            if let Some(entry) = ledger.objects.get_mut(address) {
                entry.prevent_delete = *on;
            }
        }
    }
}
