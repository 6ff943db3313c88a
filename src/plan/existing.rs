//! Objects that the configuration only refers to. They are found by an id or a natural key; no step changes one, and what the
//! ledger still manages of them is released.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::address_match::unreadable_object;
use super::diagnostics::{NoticeCode, PlanNotice, RefusalCode};
use super::live_index::{LiveIndex, shown_in_part, wanted_key};
use super::matching::{MatchOutcome, Matches, ObjectMatch, match_addresses, shape_of, with_ids_in_key};
use super::similar_keys::refuse_foreign_object;
use super::{Inputs, LedgerUpdate};
use crate::model::kind::Kind;
use crate::model::resource::{Address, DesiredObject, DesiredValue, LiveObject};

/// Which object an entry of `existing` was found to mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExistingObject {
    /// Its account.
    pub account: String,
    /// Its identity.
    pub id: String,
}

/// The objects that the configuration only refers to, as far as they are found.
pub fn existing_objects(inputs: &Inputs<'_>) -> BTreeMap<Address, ExistingObject> {
    match_addresses(inputs).existing_objects(|_| true)
}

/// Finds the objects that are only referred to, after all managed ones.
pub(super) fn match_existing<'a>(inputs: &Inputs<'a>, names_of: &dyn Fn(&str) -> Vec<&'a str>, findings: &mut Matches<'a>) {
    if inputs.desired.existing.is_empty() {
        return;
    }
    let mut shelves: BTreeMap<(&str, &str), LiveIndex<'a>> = BTreeMap::new();
    let managed = undeclared_entries(inputs);
    let refusals = findings.remarks.refusals.len();
    for object in inputs.desired.existing.values() {
        let facts = inputs.facts_of_account(&object.account);
        let Some(kind) = shape_of(object, facts).or(object.shapes.first().copied()) else { continue };
        let shelf = shelves.entry((&object.account, kind.name)).or_insert_with(|| LiveIndex::new(inputs, &object.account, kind));
        let names = names_of(&object.account);
        let live = find_existing(inputs, object, kind, shelf, findings).filter(|live| {
            let taken = findings.claimed.get(&(object.account.as_str(), kind.name, live.id.as_str())).copied();
            if let Some(other) = taken {
                let managed = inputs.desired.objects.get(other).or(inputs.desired.existing.get(other));
                let place = managed.map(|other| format!(" at {}", other.location)).unwrap_or_default();
                let detail = format!("{} {} is {other}{place}, but `existing` names it too", kind.singular, live.id);
                findings.remarks.refuse(object, RefusalCode::ExistingManaged, detail);
            }
            taken.is_none()
        });
        let outcome = live.map_or(MatchOutcome::Blocked, MatchOutcome::Live);
        findings.existing.insert(&object.address, ObjectMatch { object, entry: None, kind, outcome });
        if let Some(live) = live {
            findings.claimed.extend(names.iter().map(|name| ((*name, kind.name, live.id.as_str()), &object.address)));
            let managed = managed.get(&(kind.name, live.id.as_str())).map_or(&[][..], Vec::as_slice);
            let here = |it: &&&Address| inputs.ledger.objects.get(**it).is_some_and(|it| names.contains(&it.account.as_str()));
            let managed: Vec<&Address> = managed.iter().filter(here).copied().collect();
            release_managed(inputs, object, kind, live, &managed, findings);
        } else if inputs.unlisted_in([object.account.as_str()], kind.name).is_some() {
            findings.unlisted.push((&object.account, kind.name, &object.address));
        }
    }
    if inputs.options.destroy {
        // Nothing that goes needs them.
        findings.remarks.refusals.truncate(refusals);
    }
}

/// The live object of one entry; none after a refusal.
fn find_existing<'a>(
    inputs: &Inputs<'a>,
    object: &'a DesiredObject,
    kind: &'static Kind,
    shelf: &LiveIndex<'a>,
    findings: &mut Matches<'a>,
) -> Option<&'a LiveObject> {
    if inputs.unlisted_in([object.account.as_str()], kind.name).is_some() {
        return None; // The missing listing is the reason, and is told with everything that needs it.
    }
    let (account, facts) = (&object.account, inputs.facts_of_account(&object.account));
    if let Some((id, it)) = unreadable_object(inputs, object, None, kind) {
        let detail = format!("{} {id} cannot be read: {}; {}", kind.singular, it.why, it.help);
        findings.remarks.refuse(object, RefusalCode::Unreadable, detail);
        return None;
    }
    if refuse_foreign_object(inputs, object, None, kind, findings).is_some() {
        return None;
    }
    let missing = |findings: &mut Matches<'a>, detail: String| {
        findings.remarks.refuse(object, RefusalCode::ExistingMissing, detail);
        None
    };
    if let Some(id) = &object.id {
        let Some(live) = shelf.by_id.get(id.as_str()) else {
            return missing(findings, format!("account {account} has no {} {id}", kind.singular));
        };
        let differs = object.attributes.iter().find(|(name, wanted)| {
            let shown = live.attributes.get(*name).zip(kind.field(name));
            matches!(wanted, DesiredValue::Value(wanted)
                if shown.is_some_and(|(shown, field)| !field.same_in(&facts.catalogue, wanted, shown)))
        });
        return match differs {
            Some((name, _)) => missing(findings, format!("{} {id} has a different {name} than its entry", kind.singular)),
            None => Some(live),
        };
    }
    let words = kind.natural_key.join(" + ");
    let keyed = with_ids_in_key(object, kind, facts, findings);
    match wanted_key(kind, facts, &keyed).map_or(&[][..], |key| shelf.nearest_with_key(&key)) {
        [one] => Some(one),
        [] => {
            let doubt = shown_in_part(inputs, shelf, object, kind)
                .map(|(other, part)| format!("; {} {} shows {part} and may be the one", kind.singular, other.id));
            let doubt =
                doubt.or_else(|| Some(format!("; one cannot be identified: {}", shelf.unidentified_row(inputs, account)?)));
            let shape = if object.shapes.iter().any(|it| std::ptr::eq(*it, kind)) { "" } else { " in this generation" };
            let doubt = doubt.unwrap_or_default();
            missing(findings, format!("account {account} has no {} with this {words}{shape}{doubt}", kind.singular))
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|live| live.id.as_str()).collect();
            let detail = format!("{} live objects have its natural key ({words}): {}", several.len(), ids.join(", "));
            findings.remarks.refuse(object, RefusalCode::SeveralFit, detail);
            None
        }
    }
}

/// The ledger may manage the object, from a time when a file declared it: it is released. Another object under this address stays
/// managed, and is not deleted under a name that means this one.
fn release_managed<'a>(
    inputs: &Inputs<'a>,
    object: &'a DesiredObject,
    kind: &Kind,
    live: &LiveObject,
    managed: &[&'a Address],
    findings: &mut Matches<'a>,
) {
    for address in managed {
        let Some(entry) = inputs.ledger.objects.get(*address) else { continue };
        let id = Some(live.id.clone());
        findings.remarks.notices.push(PlanNotice::about(NoticeCode::Released, &entry.account, Some(address), id.clone()));
        let account = Some(entry.account.clone());
        findings.remarks.effects.push(LedgerUpdate::Release { address: (*address).clone(), account, id });
        findings.released.insert(address);
    }
    let other = inputs.ledger.objects.get(&object.address).filter(|_| !findings.released.contains(&object.address));
    if let Some(entry) = other {
        let (address, singular) = (&object.address, kind.singular);
        let detail = format!("the ledger manages {singular} {} as {address}, and `existing` means {}", entry.id, live.id);
        findings.remarks.refuse(object, RefusalCode::ExistingManaged, detail);
    }
}

/// Undeclared addresses of the ledger by kind and id.
fn undeclared_entries<'a>(inputs: &Inputs<'a>) -> BTreeMap<(&'a str, &'a str), Vec<&'a Address>> {
    let desired = inputs.desired;
    let mut entries: BTreeMap<(&str, &str), Vec<&Address>> = BTreeMap::new();
    for (address, entry) in &inputs.ledger.objects {
        if !desired.objects.contains_key(address) && !desired.removed.iter().any(|gone| gone.address == *address) {
            entries.entry((address.kind.as_str(), entry.id.as_str())).or_default().push(address);
        }
    }
    entries
}

impl Matches<'_> {
    /// Whether an address of the ledger is not deleted, although no file declares it, because `existing` names its object or
    /// its address.
    pub(super) fn is_spared(&self, inputs: &Inputs<'_>, address: &Address) -> bool {
        inputs.desired.existing.contains_key(address) || self.released.contains(address)
    }

    /// The objects that were found, for the plan to record: an entry that means another object makes another plan.
    pub(super) fn existing_objects(&self, includes: impl Fn(&Address) -> bool) -> BTreeMap<Address, ExistingObject> {
        let found = self.existing.iter().filter(|(address, _)| includes(address));
        let of = |(address, found): (&&Address, &ObjectMatch<'_>)| match found.outcome {
            MatchOutcome::Live(live) => {
                Some(((*address).clone(), ExistingObject { account: found.object.account.clone(), id: live.id.clone() }))
            }
            _ => None,
        };
        found.filter_map(of).collect()
    }
}
