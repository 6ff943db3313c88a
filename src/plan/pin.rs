//! An entry that pins an object other than the one that the ledger has under its address: refused, or the old object would
//! be forgotten, neither kept nor deleted.

use super::Inputs;
use super::account_moves::is_absent_from_listing;
use super::diagnostics::RefusalCode;
use super::live_index::key_text;
use super::matching::{MatchOutcome, Matches, ObjectMatch};
use crate::model::ledger::ManagedObject;
use crate::model::resource::{LiveObject, Removal};

/// Refuses every pin that would drop an object, unless another address or a tombstone decides what happens to it.
pub(super) fn refuse_dropped<'a>(inputs: &Inputs<'a>, all: &mut [ObjectMatch<'a>], findings: &mut Matches<'a>) {
    for found in all {
        let ObjectMatch { object, entry, kind, outcome: finding } = *found;
        let (MatchOutcome::Live(live), Some(old)) = (finding, entry) else { continue };
        if old.account != object.account || old.id == live.id || is_absent_from_listing(inputs, old, kind) {
            continue;
        }
        let key = (object.account.as_str(), kind.name, old.id.as_str());
        let kept = findings.claimed.get(&key).is_some_and(|other| **other != object.address);
        if kept || inputs.desired.removed.iter().any(|removal| tombstone_names_old_object(inputs, removal, found, old)) {
            continue;
        }
        // No other address matches it, and it is not unmanaged.
        findings.claimed.insert(key, &object.address);
        found.outcome = MatchOutcome::Blocked;
        let detail = format!(
            "it is {} {} of account {}, but its entry pins {}: {} would be forgotten, neither kept nor deleted",
            kind.singular, old.id, old.account, live.id, old.id
        );
        findings.remarks.refuse(object, RefusalCode::PinChanged, detail);
    }
}

/// Whether a tombstone under another address names the object that an entry had.
fn tombstone_names_old_object(inputs: &Inputs<'_>, removal: &Removal, found: &ObjectMatch<'_>, old: &ManagedObject) -> bool {
    let (object, kind) = (found.object, found.kind);
    let elsewhere = removal.account.as_ref().is_some_and(|account| *account != old.account);
    if removal.keep || removal.address.kind != object.address.kind || elsewhere {
        return false;
    }
    if let Some(id) = &removal.id {
        return *id == old.id;
    }
    let facts = inputs.facts_of_account(&old.account);
    let key = key_text(kind, facts, |name| removal.key.get(name));
    let is = |live: &LiveObject| key_text(kind, facts, |name| live.attributes.get(name)) == key;
    let listed = inputs.live_objects(&old.account, kind.name);
    key.is_some() && listed.iter().find(|live| live.id == old.id).is_some_and(is)
}
