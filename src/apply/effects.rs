//! What the ledger learns from a plan that needs no step.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::record::{Clock, entry};
use super::taken::mark;
use crate::backend;
use crate::ledger::{AccountEntry, Entry, Key, Ledger, Mark, Origin};
use crate::plan::{LedgerEffect, Plan, came_late, recalled};
use crate::resource::{Address, Connection, Desired, Live, LiveAccount, LiveObject, Target};

/// Enters what needs no request: adopted objects, objects that are gone, values that were confirmed, and which accounts and
/// which key the ledger belongs to. Says whether anything changed.
pub fn settle_ledger(
    ledger: &mut Ledger,
    plan: &Plan,
    desired: &Desired,
    live: &Live,
    key: &Key,
    now: &Clock,
) -> bool {
    let before = ledger.clone();
    if let Some(settled) = recalled(ledger, live, desired) {
        *ledger = settled;
    }
    if !ledger.readable_with(key) {
        ledger.forget_seals();
    }
    ledger.key_check = Some(key.check());
    // The other effects speak of accounts by the names that they have from now on.
    for effect in &plan.ledger {
        if let LedgerEffect::RenameAccount { from, to } = effect {
            ledger.rename_account(from, to);
        }
    }
    ledger.followed.clear();
    for account in &plan.accounts {
        let is = AccountEntry {
            api: account.api.clone(),
            base_url: account.base_url.clone(),
            org_handle: account.org_handle.clone(),
        };
        let was = ledger.accounts.insert(account.name.clone(), is.clone());
        if was.is_some_and(|was| was != is) {
            // It held nothing there, or it would have been refused; what it saw of connections was somebody else's.
            ledger.connections.retain(|made| made.account != account.name);
        }
    }
    // What can be told now is remembered: a second configuration of the same provider would make it ambiguous.
    for (account, read) in &live.accounts {
        forget_answers(ledger, account, read, key);
        forget_former(ledger, account, read);
        let Some(connections) = &read.connections else { continue };
        forget_connections(ledger, account, read, connections);
        for connection in connections {
            if let Target::Exact(id) | Target::Inferred(id) = &connection.target
                && read.foreign_owner("bridges", &connection.bridge).is_none()
            {
                ledger.note_connected(account, &connection.bridge, &connection.number, id);
            }
        }
    }
    // Most runs have no effect to enter.
    let listed = LazyCell::new(|| live.by_id());
    for effect in &plan.ledger {
        enter_effect(ledger, effect, desired, &listed, now);
        if let LedgerEffect::Adopt { address, account, id } = effect
            && let Some(object) = listed.get(&(account.as_str(), address.kind.as_str(), id.as_str()))
            && let Some(account) = live.accounts.get(account)
        {
            enter_late(ledger, address, object, account, desired, key);
        }
    }
    ledger.forget_gone(desired);
    *ledger != before
}

/// What a service made of a value says nothing any more as soon as it shows another one.
fn forget_answers(ledger: &mut Ledger, account: &str, read: &LiveAccount, key: &Key) {
    let open = |entry: &Entry| !(entry.reshaped.is_empty() && entry.not_taken.is_empty());
    for (address, entry) in ledger.objects.iter_mut().filter(|(_, it)| it.account == account && open(it)) {
        let kind = backend::shape(&address.kind, read.facts.generation);
        let listed = read.objects.get(address.kind.as_str()).map_or(&[][..], Vec::as_slice);
        let (Some(kind), Some(live)) = (kind, listed.iter().find(|live| live.id == entry.id)) else {
            continue;
        };
        let known = entry.clone();
        let shows = |name: &str, observed: &Mark| {
            let field = kind.field(name).filter(|field| live.has(field.name));
            let now = field.and_then(|field| mark(field, &read.facts.catalogue, live, &known, key));
            now.is_none_or(|now| now == *observed)
        };
        entry.reshaped.retain(|name, kept| shows(name, &kept.observed));
        entry.not_taken.retain(|name, kept| shows(name, &kept.observed));
    }
}

/// An object that another one took the place of and that a complete listing lacks: its delete is done, whoever did it.
fn forget_former(ledger: &mut Ledger, account: &str, read: &LiveAccount) {
    for (address, entry) in &mut ledger.objects {
        if let Some(listed) = read.objects.get(address.kind.as_str())
            && entry.account == account
        {
            entry.former.retain(|old| {
                listed.iter().any(|object| object.id == *old)
                    || read.foreign_owner(&address.kind, old).is_some()
            });
        }
        if let Some(listed) = read.objects.get(address.kind.as_str()) {
            // Of what a service hides a listing says nothing.
            let hides = backend::shape(&address.kind, read.facts.generation)
                .is_some_and(|kind| kind.hidden_until_verified);
            let there = |id: &str| hides || listed.iter().any(|object| object.id == id);
            entry.left_behind.retain(|left| left.account != account || there(&left.id));
        }
    }
}

/// A connection that is no longer to be seen was cut by somebody else, or by a run that could not say so any more.
fn forget_connections(ledger: &mut Ledger, account: &str, read: &LiveAccount, connections: &[Connection]) {
    let served: BTreeSet<(&str, &str)> = connections
        .iter()
        .filter(|connection| connection.target != Target::Unserved)
        .map(|connection| (connection.bridge.as_str(), connection.number.as_str()))
        .collect();
    ledger.connections.retain(|made| {
        made.account != account
            // There the service shows a provider and no number: what is not shown is not gone.
            || read.unseen.contains_key(&made.bridge)
            || served.contains(&(made.bridge.as_str(), made.number.as_str()))
    });
}

/// An object that was found is what a create made whose answer was lost: the ledger learns what that answer would have told it.
fn enter_late(
    ledger: &mut Ledger,
    address: &Address,
    object: &LiveObject,
    read: &LiveAccount,
    desired: &Desired,
    key: &Key,
) {
    let Some(wanted) = desired.objects.get(address) else { return };
    let Some((at, late)) = came_late(ledger, wanted, &read.facts, object, key) else { return };
    ledger.watched.remove(at);
    if let Some(entry) = ledger.objects.get_mut(address) {
        (entry.origin, entry.since, entry.secrets) = (late.origin, late.since, late.secrets);
    }
}

/// Enters an object; what its address leaves in another account is remembered until it is gone.
fn enter(ledger: &mut Ledger, address: &Address, mut entry: Entry) {
    if let Some(old) = ledger.objects.get(address).filter(|old| old.account != entry.account) {
        old.leave_behind(&mut entry);
    }
    ledger.objects.insert(address.clone(), entry);
}

fn enter_effect(
    ledger: &mut Ledger,
    effect: &LedgerEffect,
    desired: &Desired,
    listed: &BTreeMap<(&str, &str, &str), &LiveObject>,
    now: &Clock,
) {
    match effect {
        LedgerEffect::Adopt { address, account, id } => {
            let mut adopted = entry(account, id, Origin::Adopted, now());
            let object = listed.get(&(account.as_str(), address.kind.as_str(), id.as_str()));
            let shapes =
                desired.objects.get(address).map(|object| object.shapes.as_slice()).unwrap_or_default();
            if let (Some(object), Some(kind)) = (object, shapes.first()) {
                adopted.key = kind
                    .natural_key
                    .iter()
                    .filter_map(|name| {
                        object.attributes.get(name).map(|value| (SmolStr::new_static(name), value.clone()))
                    })
                    .collect();
            }
            ledger.attempts.remove(address);
            enter(ledger, address, adopted);
        }
        LedgerEffect::AdoptHidden { address, account, id } => {
            let mut hidden = entry(account, id, Origin::Adopted, now());
            hidden.hidden_since = Some(now());
            ledger.attempts.remove(address);
            enter(ledger, address, hidden);
        }
        LedgerEffect::Rename { from, to } => ledger.rename(from, to),
        LedgerEffect::RenameAccount { .. } => {}
        LedgerEffect::Follow { address, account } => ledger.name_account(address, account),
        LedgerEffect::Release { address, .. } => {
            ledger.objects.remove(address);
            ledger.attempts.remove(address);
        }
        LedgerEffect::MoveEnded { account, number } => ledger.note_moved(account, number),
        LedgerEffect::Drop { address } => ledger.bury(address, desired),
        LedgerEffect::Visible { address } => {
            if let Some(entry) = ledger.objects.get_mut(address) {
                entry.hidden_since = None;
            }
        }
        LedgerEffect::Confirmed { address, attribute } => {
            if let Some(entry) = ledger.objects.get_mut(address) {
                entry.submitted.remove(attribute);
            }
        }
        LedgerEffect::Protect { address, on } => {
            if let Some(entry) = ledger.objects.get_mut(address) {
                entry.prevent_delete = *on;
            }
        }
    }
}
