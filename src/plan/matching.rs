//! Which live object an address means: pinned id, then the ledger's id, then the natural key (`docs/explanation/ownership.md`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;

use super::account_moves::{account_changed, describe_other_claim};
use super::address_match::unreadable_object;
use super::diagnostics::{NoticeCode, RefusalCode};
use super::live_index::{LiveIndex, key_text, shown_in_part, wanted_key};
use super::references::{ReferredObject, known_id, resolve};
use super::remarks::Remarks;
use super::{Inputs, LedgerUpdate, existing, pin, similar_keys, unanswered_creates};
use crate::model::kind::{Field, Kind};
use crate::model::ledger::ManagedObject;
use crate::model::resource::{AccountFacts, Address, DesiredObject, DesiredValue, LiveObject};
use crate::services;

/// The result for an address.
#[derive(Debug, Clone, Copy)]
pub(super) enum MatchOutcome<'a> {
    /// This live object.
    Live(&'a LiveObject),
    /// No object: it will be created.
    New,
    /// It exists and is invisible until a human confirms it.
    Hidden,
    /// Something prevents a match; a refusal says what.
    Blocked,
}

/// One address of the configuration, and what was found for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObjectMatch<'a> {
    pub(super) object: &'a DesiredObject,
    /// What the ledger keeps under this address, of whatever account and identity.
    pub(super) entry: Option<&'a ManagedObject>,
    /// The shape in which its account answers.
    pub(super) kind: &'static Kind,
    pub(super) outcome: MatchOutcome<'a>,
}

/// The results for all addresses.
#[derive(Debug, Default)]
pub(super) struct Matches<'a> {
    pub(super) by_address: BTreeMap<&'a Address, ObjectMatch<'a>>,
    /// Live objects that an address claims: (account, kind, id) to the address.
    pub(super) claimed: BTreeMap<(&'a str, &'static str, &'a str), &'a Address>,
    /// What was found for the addresses that are only referred to.
    pub(super) existing: BTreeMap<&'a Address, ObjectMatch<'a>>,
    /// Addresses of the ledger whose object is only referred to now.
    pub(super) released: BTreeSet<&'a Address>,
    pub(super) remarks: Remarks,
    /// Account, kind and address of what could not be listed.
    pub(super) unlisted: Vec<(&'a str, &'static str, &'a Address)>,
}

impl<'a> Matches<'a> {
    /// What was found for an address, managed or only referred to.
    pub(super) fn find(&self, address: &Address) -> Option<&ObjectMatch<'a>> {
        self.by_address.get(address).or_else(|| self.existing.get(address))
    }
}

/// Finds the live object of every address in the configuration.
pub(super) fn match_addresses<'a>(inputs: &Inputs<'a>) -> Matches<'a> {
    let mut findings = Matches::default();
    let names = inputs.desired.accounts.keys();
    let names: HashMap<&str, Vec<&str>> = names.map(|name| (name.as_str(), inputs.names_of_same_account(name))).collect();
    let below_others = |object: &&DesiredObject| object.shapes.iter().any(|kind| kind.key_references().next().is_some());
    match_objects(inputs, &names, inputs.desired.objects.values().filter(|object| !below_others(object)), &mut findings);
    let names_of = |account: &str| names.get(account).cloned().unwrap_or_default();
    existing::match_existing(inputs, &names_of, &mut findings);
    // What is looked for below an object needs the id of that one.
    match_objects(inputs, &names, inputs.desired.objects.values().filter(below_others), &mut findings);
    findings
}

/// Finds the live objects of these addresses.
fn match_objects<'a>(
    inputs: &Inputs<'a>,
    names: &HashMap<&'a str, Vec<&'a str>>,
    objects: impl Iterator<Item = &'a DesiredObject>,
    findings: &mut Matches<'a>,
) {
    let mut shelves: HashMap<(&str, &str), LiveIndex<'a>> = HashMap::new();
    let mut keys: HashMap<(&str, &str, String), &Address> = HashMap::new();
    let mut all = Vec::with_capacity(inputs.desired.objects.len());
    for object in objects {
        let entry = inputs.ledger.objects.get(&object.address);
        let facts = inputs.facts_of_account(&object.account);
        let Some(kind) = shape_of(object, facts) else {
            let Some(first) = object.shapes.first() else { continue };
            let detail = format!(
                "account {} answers in generation {}, and the entry has the attributes of generation {}",
                object.account,
                facts.generation.unwrap_or_default(),
                first.generation.unwrap_or_default()
            );
            findings.remarks.refuse(object, RefusalCode::WrongGeneration, detail);
            all.push(ObjectMatch { object, entry, kind: first, outcome: MatchOutcome::Blocked });
            continue;
        };
        let shelf = shelves.entry((&object.account, kind.name)).or_insert_with(|| LiveIndex::new(inputs, &object.account, kind));
        let own = entry.filter(|entry| entry.account == object.account);
        let other = entry.filter(|entry| entry.account != object.account);
        if let Some(refusal) = other.and_then(|old| account_changed(inputs, object, old, kind)) {
            findings.remarks.refusals.push(refusal);
            // No other address matches it, and it is not unmanaged.
            let (account, id) = other.map_or(("", ""), |old| (old.account.as_str(), old.id.as_str()));
            for name in names.get(account).into_iter().flatten() {
                findings.claimed.entry((name, kind.name, id)).or_insert(&object.address);
            }
            all.push(ObjectMatch { object, entry, kind, outcome: MatchOutcome::Blocked });
            continue;
        }
        // The objects that it leaves in other accounts are needed as well.
        let left = entry.into_iter().flat_map(|entry| entry.left_behind.iter().map(|left| left.account.as_str()));
        let accounts = [Some(object.account.as_str()), entry.map(|entry| entry.account.as_str())];
        if let Some((account, of)) = inputs.unlisted_in(accounts.into_iter().flatten().chain(left), kind.name) {
            findings.unlisted.push((account, of, &object.address));
            all.push(ObjectMatch { object, entry, kind, outcome: MatchOutcome::Blocked });
            continue;
        }
        let keyed = with_ids_in_key(object, kind, facts, findings);
        let finding = match_one_address(inputs, object, &keyed, own, kind, shelf, findings);
        let own_names = names.get(object.account.as_str()).map_or(&[][..], Vec::as_slice);
        let finding = claim_live_object(inputs, object, kind, finding, own_names, findings);
        let key = planned_natural_key(&keyed, kind, facts, &finding);
        let finding = match key {
            Some(key) => {
                similar_keys::refuse_similar_key(inputs, &keyed, kind, &key, finding, shelf, findings);
                let key = (own_names.first().copied().unwrap_or(&object.account), kind.name, key);
                reserve_natural_key(inputs, object, kind, key, finding, shelf, &mut keys, findings)
            }
            None => finding,
        };
        let finding = match finding {
            MatchOutcome::New if kind.adopted_only && !inputs.options.destroy => {
                let detail = format!("account {} has no such {}, and telform does not make one", object.account, kind.singular);
                findings.remarks.refuse(object, RefusalCode::NotInAccount, detail);
                MatchOutcome::Blocked
            }
            finding => finding,
        };
        all.push(ObjectMatch { object, entry, kind, outcome: finding });
    }
    pin::refuse_dropped(inputs, &mut all, findings);
    findings.by_address.extend(all.into_iter().map(|found| (&found.object.address, found)));
}

/// An object with the id of each object that its natural key names by an address, as far as that one is known.
pub(super) fn with_ids_in_key<'o>(
    object: &'o DesiredObject,
    kind: &Kind,
    facts: &AccountFacts,
    findings: &Matches<'_>,
) -> Cow<'o, DesiredObject> {
    if kind.key_references().next().is_none() {
        return Cow::Borrowed(object);
    }
    let other = |field: &Field| !kind.natural_key.contains(&field.name);
    let referred = |_: &Field, address: &Address| {
        let id = findings.find(address).and_then(known_id);
        Ok::<_, Infallible>(id.map_or(ReferredObject::Created, |id| ReferredObject::Id(id.to_owned())))
    };
    resolve(object, kind, facts, other, referred).unwrap_or_else(|never| match never {})
}

/// The shape of an object in which its account answers; none of another generation.
pub(super) fn shape_of(object: &DesiredObject, facts: &AccountFacts) -> Option<&'static Kind> {
    match facts.generation {
        Some(_) => object.shapes.iter().copied().find(|kind| kind.generation.is_none() || kind.generation == facts.generation),
        None => object.shapes.first().copied(),
    }
}

fn match_one_address<'a>(
    inputs: &Inputs<'a>,
    object: &'a DesiredObject,
    keyed: &DesiredObject,
    entry: Option<&'a ManagedObject>,
    kind: &'static Kind,
    shelf: &LiveIndex<'a>,
    findings: &mut Matches<'a>,
) -> MatchOutcome<'a> {
    if let Some((id, it)) = unreadable_object(inputs, object, entry, kind) {
        let detail = format!("{} {id} cannot be read: {}; {}", kind.singular, it.why, it.help);
        findings.remarks.refuse(object, RefusalCode::Unreadable, detail);
        return MatchOutcome::Blocked;
    }
    let others = similar_keys::refuse_foreign_object(inputs, object, entry, kind, findings);
    let inherited = |findings: &mut _| similar_keys::refuse_inherited_object(inputs, object, keyed, entry, kind, shelf, findings);
    if let Some(finding) = others.or_else(|| inherited(findings)) {
        return finding;
    }
    if let Some(id) = &object.id {
        if let Some((entry, live)) = entry
            .filter(|entry| entry.replaced.contains(id))
            .and_then(|entry| Some((entry, *shelf.by_id.get(entry.id.as_str())?)))
        {
            // An undo pins what it restores, and no YAML says so.
            if inputs.options.undo.is_none() {
                findings.remarks.note(object, NoticeCode::PinReplaced, Some(entry.id.clone()));
            }
            return MatchOutcome::Live(live);
        }
        let Some(live) = shelf.by_id.get(id.as_str()) else {
            // The id of an object from an interrupted create: it exists, and stays invisible until a person confirms it.
            let cut_off = kind.hidden_until_verified && inputs.ledger.attempts.contains_key(&object.address);
            if cut_off || entry.is_some_and(|entry| entry.id == *id && entry.hidden_since.is_some()) {
                findings.remarks.note(object, NoticeCode::Hidden, None);
                if cut_off {
                    findings.remarks.effects.push(LedgerUpdate::AdoptHidden {
                        address: object.address.clone(),
                        account: object.account.clone(),
                        id: id.clone(),
                    });
                }
                return MatchOutcome::Hidden;
            }
            findings.remarks.refuse(
                object,
                RefusalCode::PinnedMissing,
                format!("account {} has no {} {id}", object.account, kind.singular),
            );
            return MatchOutcome::Blocked;
        };
        return MatchOutcome::Live(live);
    }
    if let Some(live) = entry.and_then(|entry| shelf.by_id.get(entry.id.as_str())) {
        return MatchOutcome::Live(live);
    }
    if let Some(entry) = entry.filter(|_| kind.hidden_until_verified) {
        return match_unseen_object(object, kind, entry, findings);
    }
    let facts = inputs.facts_of_account(&object.account);
    let key = wanted_key(kind, facts, keyed);
    let matches = key.map_or(&[][..], |key| shelf.with_key(&key));
    match matches {
        [] => {
            if let Some(unsettled) = unanswered_creates::match_unsettled_create(inputs, object, kind, &mut findings.remarks) {
                return unsettled;
            }
            if let Some(what) = shelf.unidentified_row(inputs, &object.account) {
                let detail = format!("it was not found, but it may be one of the rows without an id: {what}");
                findings.remarks.refuse(object, RefusalCode::OddShape, detail);
                return MatchOutcome::Blocked;
            }
            if let Some((other, part)) = shown_in_part(inputs, shelf, keyed, kind) {
                findings.remarks.refuse(
                    object,
                    RefusalCode::SeveralFit,
                    format!("{} {} shows {part} and may be this one", kind.singular, other.id),
                );
                return MatchOutcome::Blocked;
            }
            if let Some((other, what)) = hidden_elsewhere(inputs, shelf, keyed, kind) {
                findings.remarks.refuse(
                    object,
                    RefusalCode::HiddenElsewhere,
                    format!("{other} has {what} with the same {}, which is not visible yet", kind.natural_key.join(" + ")),
                );
                return MatchOutcome::Blocked;
            }
            // telform itself deleted it, to recreate it with its numbers.
            let stated = match object.attributes.get(kind.id) {
                Some(DesiredValue::Value(id)) => id.as_str(),
                _ => None,
            };
            let freed = inputs
                .ledger
                .moves
                .iter()
                .any(|open| kind.link.is_some() && open.account == object.account && stated == Some(&open.bridge));
            if let Some(entry) = entry.filter(|_| !freed) {
                findings.remarks.note(object, NoticeCode::CreatedAgain, Some(entry.id.clone()));
            } else if kind.hidden_until_verified {
                findings.remarks.note(object, NoticeCode::MayBeHidden, None);
            }
            MatchOutcome::New
        }
        [one] => MatchOutcome::Live(one),
        several => {
            let ids: Vec<&str> = several.iter().map(|live| live.id.as_str()).collect();
            findings.remarks.refuse(
                object,
                RefusalCode::SeveralFit,
                format!(
                    "{} live objects have its natural key ({}): {}",
                    several.len(),
                    kind.natural_key.join(" + "),
                    ids.join(", ")
                ),
            );
            MatchOutcome::Blocked
        }
    }
}

/// A managed object of a kind that hides unverified objects is not visible (carrierx.md 7.1): it waits, or it was deleted
/// or hidden again. It is never created a second time.
fn match_unseen_object<'a>(
    object: &DesiredObject,
    kind: &Kind,
    entry: &ManagedObject,
    findings: &mut Matches<'a>,
) -> MatchOutcome<'a> {
    if let Some(since) = &entry.hidden_since {
        findings.remarks.note(object, NoticeCode::Hidden, Some(since.clone()));
        return MatchOutcome::Hidden;
    }
    findings.remarks.refuse(
        object,
        RefusalCode::GoneOrHidden,
        format!("the service no longer shows {} {}; it may be deleted or only hidden", kind.singular, entry.id),
    );
    MatchOutcome::Blocked
}

/// Another address whose hidden object, or whose interrupted create, has the natural key that this object wants: a POST would
/// create a second one (carrierx.md 7.1).
fn hidden_elsewhere<'a>(
    inputs: &Inputs<'a>,
    shelf: &LiveIndex<'a>,
    object: &DesiredObject,
    kind: &Kind,
) -> Option<(&'a Address, String)> {
    if !kind.hidden_until_verified {
        return None;
    }
    let wanted = wanted_key(kind, inputs.facts_of_account(&object.account), object)?;
    let remembered = shelf.remembered_with_key(inputs.ledger, &object.account, &wanted);
    remembered.iter().find(|(address, _)| **address != object.address).cloned()
}

/// Records a claim; a second address that claims the same live object is refused.
fn claim_live_object<'a>(
    inputs: &Inputs<'a>,
    object: &'a DesiredObject,
    kind: &'static Kind,
    finding: MatchOutcome<'a>,
    names: &[&'a str],
    findings: &mut Matches<'a>,
) -> MatchOutcome<'a> {
    let MatchOutcome::Live(live) = finding else { return finding };
    let key = |account: &'a str| (account, kind.name, live.id.as_str());
    if let Some(other) = findings.claimed.get(&key(&object.account)) {
        let detail =
            format!("{} {} is also claimed by {other}{}", kind.singular, live.id, describe_other_claim(inputs, object, other));
        findings.remarks.refuse(object, RefusalCode::ClaimedTwice, detail);
        return MatchOutcome::Blocked;
    }
    findings.claimed.extend(names.iter().map(|name| (key(name), &object.address)));
    finding
}

/// The natural key that an object has after the plan, unless it does not change.
fn planned_natural_key(object: &DesiredObject, kind: &Kind, facts: &AccountFacts, finding: &MatchOutcome<'_>) -> Option<String> {
    let stated = |name: &str| match object.attributes.get(name) {
        Some(DesiredValue::Value(value)) => Some(value),
        _ => None,
    };
    if let MatchOutcome::Live(live) = finding
        && kind.natural_key.iter().all(|name| stated(name).is_some_and(|it| live.attributes.get(name) == Some(it)))
    {
        return None;
    }
    let wanted = wanted_key(kind, facts, object)?;
    match finding {
        MatchOutcome::New => Some(wanted),
        MatchOutcome::Live(live) => {
            let ignored = kind.natural_key.iter().any(|name| object.ignored_attributes.contains(*name));
            let same = key_text(kind, facts, |name| live.attributes.get(name)).as_ref() == Some(&wanted);
            (!ignored && !same).then_some(wanted)
        }
        MatchOutcome::Hidden | MatchOutcome::Blocked => None,
    }
}

/// A natural key that an object is to get must be free: deletes come last, so the object that has it now still has it then.
#[allow(clippy::too_many_arguments, reason = "the facts about one key")]
fn reserve_natural_key<'a>(
    inputs: &Inputs<'a>,
    object: &'a DesiredObject,
    kind: &'static Kind,
    key: (&'a str, &'a str, String),
    finding: MatchOutcome<'a>,
    shelf: &LiveIndex<'a>,
    keys: &mut HashMap<(&'a str, &'a str, String), &'a Address>,
    findings: &mut Matches<'a>,
) -> MatchOutcome<'a> {
    let words = kind.natural_key.join(" + ");
    if let Some(live) = shelf.with_key(&key.2).first() {
        let detail = format!("its natural key ({words}) belongs to another {}: {}", kind.singular, live.id);
        findings.remarks.refuse(object, RefusalCode::KeyTaken, detail);
        return MatchOutcome::Blocked;
    }
    if let Some(detail) = unanswered_creates::describe_running_create(inputs, &object.account, kind, &key.2) {
        findings.remarks.refuse(object, RefusalCode::CreateMayRun, detail);
        return MatchOutcome::Blocked;
    }
    if let Some(other) = keys.insert(key, &object.address) {
        let detail = format!("{other} wants the same natural key ({words})");
        findings.remarks.refuse(object, RefusalCode::ClaimedTwice, detail);
        return MatchOutcome::Blocked;
    }
    finding
}

/// The shape in which an account answers for a kind.
pub(super) fn kind_in(inputs: &Inputs<'_>, account: &str, kind: &str) -> Option<&'static Kind> {
    services::shape_of_generation(kind, inputs.facts_of_account(account).generation)
        .or_else(|| services::shapes_of_kind(kind).into_iter().next())
}
