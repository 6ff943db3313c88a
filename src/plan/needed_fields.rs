//! Which fields of a listed object a plan needs: reading keeps only these, so that a hundred thousand objects fit into
//! little memory.

use std::collections::BTreeSet;

use crate::model::kind::{AttributeAccess, Field, Kind};
use crate::model::ledger::Ledger;
use crate::model::resource::{Desired, DesiredObject};
use crate::services;

/// The attributes of the kind's objects in this account that a plan needs; `None` for all of them, for example where an
/// object may be deleted (a plan shows what is deleted), replaced, or written whole. `destroy`: everything managed is to be
/// deleted.
pub fn needed_fields(
    kind: &Kind,
    account: &str,
    desired: &Desired,
    ledger: &Ledger,
    destroy: bool,
) -> Option<BTreeSet<&'static str>> {
    let mine = |object: &&DesiredObject| object.address.kind == kind.name && object.account == account;
    let entries = || {
        let kept = ledger.objects.iter();
        kept.filter(|(address, entry)| address.kind == kind.name && entry.account == account)
    };
    if may_leave(kind.name, account, desired, ledger, destroy)
        || may_be_replaced(kind)
        || desired.objects.values().filter(mine).any(|object| object.use_put)
    {
        return None;
    }
    let mut names = BTreeSet::from([kind.id]);
    names.extend(kind.natural_key);
    names.extend(kind.destination_of);
    names.extend(desired.objects.values().filter(mine).flat_map(|object| object.attributes.keys()));
    // Attributes that other values depend on, nested values that a write must not change, and values that the ledger waits for.
    names.extend(kind.fields.iter().filter_map(|field| field.only_with).map(|(other, _)| other));
    names.extend(kind.fields.iter().filter(|field| field.is_nested()).map(|field| field.name));
    // What a PATCH carries along, and what tells whether calls are let through, or out.
    let kept = |field: &&Field| field.always_sent || field.group().is_some() || field.darkens.is_some() || field.mutes.is_some();
    names.extend(kind.fields.iter().filter(kept).map(|field| field.name));
    // Objects that name what goes keep it, and those that name what may let no call out are counted.
    let goes = |kind: &str| {
        let shapes = services::shapes_of_kind(kind);
        shapes.into_iter().any(|kind| may_be_replaced(kind) || kind.muting_value().is_some())
            || may_leave(kind, account, desired, ledger, destroy)
    };
    names.extend(kind.reference_fields().filter(|field| field.reference_kinds().any(goes)).map(|field| field.name));
    let open = entries().flat_map(|(_, entry)| entry.submitted.keys());
    names.extend(open.filter_map(|name| kind.field(name)).map(|field| field.name));
    Some(names)
}

/// Whether an object of this kind in this account may be deleted.
fn may_leave(kind: &str, account: &str, desired: &Desired, ledger: &Ledger, destroy: bool) -> bool {
    let entries = || ledger.objects.iter().filter(|(address, _)| address.kind == kind);
    destroy
        || desired.removed.iter().any(|gone| gone.address.kind == kind)
        || entries()
            .filter(|(_, entry)| entry.account == account)
            .any(|(address, entry)| desired.objects.get(address).is_none_or(|object| object.account != entry.account))
        || entries().any(|(_, entry)| entry.account == account && !entry.former.is_empty())
        || entries().any(|(_, entry)| entry.left_behind.iter().any(|left| left.account == account))
}

fn may_be_replaced(kind: &Kind) -> bool {
    kind.fields.iter().any(|field| field.access == AttributeAccess::Replace)
}
