//! An entry that pins another object than the one which the ledger has under its address: refused, or the old one would be
//! forgotten, neither kept nor deleted.

use super::Inputs;
use super::across::gone;
use super::find::{Finding, Findings, Match};
use super::note::RefusalCode;
use super::shelf::key_text;
use crate::ledger::Entry;
use crate::resource::{LiveObject, Removal};

/// Refuses every pin that would drop an object, unless another address or a tombstone says what becomes of that.
pub(super) fn refuse_dropped<'a>(inputs: &Inputs<'a>, all: &mut [Match<'a>], findings: &mut Findings<'a>) {
    for found in all {
        let Match { object, entry, kind, finding } = *found;
        let (Finding::Live(live), Some(old)) = (finding, entry) else { continue };
        if old.account != object.account || old.id == live.id || gone(inputs, old, kind) {
            continue;
        }
        let key = (object.account.as_str(), kind.name, old.id.as_str());
        let kept = findings.claimed.get(&key).is_some_and(|other| **other != object.address);
        if kept || inputs.desired.removed.iter().any(|removal| buries(inputs, removal, found, old)) {
            continue;
        }
        // Nobody else takes it, and it is not unmanaged.
        findings.claimed.insert(key, &object.address);
        found.finding = Finding::Stuck;
        let detail = format!(
            "it is {} {} of account {}, and its entry pins {}: {} would be forgotten, neither kept nor deleted",
            kind.singular, old.id, old.account, live.id, old.id
        );
        findings.refuse(object, RefusalCode::PinChanged, detail);
    }
}

/// Whether a tombstone under another address names the object that an entry had.
fn buries(inputs: &Inputs<'_>, removal: &Removal, found: &Match<'_>, old: &Entry) -> bool {
    let (object, kind) = (found.object, found.kind);
    let elsewhere = removal.account.as_ref().is_some_and(|account| *account != old.account);
    if removal.keep || removal.address.kind != object.address.kind || elsewhere {
        return false;
    }
    if let Some(id) = &removal.id {
        return *id == old.id;
    }
    let facts = inputs.facts(&old.account);
    let key = key_text(kind, facts, |name| removal.key.get(name));
    let is = |live: &LiveObject| key_text(kind, facts, |name| live.attributes.get(name)) == key;
    let listed = inputs.live_objects(&old.account, kind.name);
    key.is_some() && listed.iter().find(|live| live.id == old.id).is_some_and(is)
}
