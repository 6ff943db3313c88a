//! Which fields of a listed object a plan needs: reading keeps only these, so that a hundred thousand objects fit into
//! little memory.

use std::collections::BTreeSet;

use crate::model::kind::{AttributeAccess, Kind};
use crate::model::ledger::Ledger;
use crate::model::resource::{Desired, DesiredObject};

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
    let gone = |gone: &crate::model::resource::Removal| gone.address.kind == kind.name;
    let may_go = destroy
        || desired.removed.iter().any(gone)
        || entries().any(|(address, entry)| desired.objects.get(address).is_none_or(|object| object.account != entry.account))
        || ledger
            .objects
            .iter()
            .any(|(address, entry)| address.kind == kind.name && entry.left_behind.iter().any(|left| left.account == account));
    let may_be_replaced = kind.fields.iter().any(|field| field.access == AttributeAccess::Replace);
    if may_go || may_be_replaced || desired.objects.values().filter(mine).any(|object| object.use_put) {
        return None;
    }
    let mut names = BTreeSet::from([kind.id]);
    names.extend(kind.natural_key);
    names.extend(desired.objects.values().filter(mine).flat_map(|object| object.attributes.keys()));
    // Attributes that other values depend on, nested values that a write must not change, and values that the ledger waits for.
    names.extend(kind.fields.iter().filter_map(|field| field.only_with).map(|(other, _)| other));
    names.extend(kind.fields.iter().filter(|field| field.is_nested()).map(|field| field.name));
    let open = entries().flat_map(|(_, entry)| entry.submitted.keys());
    names.extend(open.filter_map(|name| kind.field(name)).map(|field| field.name));
    Some(names)
}
