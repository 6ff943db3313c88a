//! Checks references between objects: what is sent in place of an address, and that an object exists as long as another one names it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use smol_str::SmolStr;

use super::context::{CheckerContext, kind_of};
use super::facts::{ReferenceFacts, kind};
use super::requests::request_entries;
use super::shape::{CheckerLedgerUpdate, CheckerOperation, CheckerPayload, CheckerShownValue, CheckerStep, CheckerValues};
use super::strict::CheckerValue;

/// The references of an attribute of the object with this address.
fn reference_facts(address: &str, name: &str) -> impl Iterator<Item = &'static ReferenceFacts> {
    let all = kind(kind_of(address)).map_or(&[][..], |kind| kind.references);
    let name = name.to_owned();
    all.iter().filter(move |facts| facts.attribute == name)
}

/// The pointers inside a value at which it names objects.
fn reference_places(value: &Value, facts: &ReferenceFacts) -> Vec<String> {
    let mut places = Vec::new();
    let mut holders = vec![(String::new(), value)];
    if let Some(part) = facts.part {
        let maps: Vec<(String, &Value)> = match value {
            Value::Array(items) => items.iter().enumerate().map(|(index, item)| (format!("/{index}"), item)).collect(),
            one => vec![(String::new(), one)],
        };
        holders = maps.into_iter().filter_map(|(at, map)| Some((format!("{at}/{part}"), map.as_object()?.get(part)?))).collect();
    }
    while let Some((at, value)) = holders.pop() {
        match value {
            Value::Array(items) => holders.extend(items.iter().enumerate().map(|(index, item)| (format!("{at}/{index}"), item))),
            Value::String(text) if !text.is_empty() => places.push(at),
            Value::Number(_) => places.push(at),
            _ => {}
        }
    }
    places
}

pub(super) fn text_at(value: &Value, place: &str) -> String {
    value.pointer(place).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).unwrap_or_default()
}

/// Whether the text is an address of this kind, and so not an id.
fn is_address(text: &str, kind: &str) -> bool {
    kind_of(text) == kind
}

/// A shown value with ids in place of addresses, and the steps that create the other ones, by pointer.
fn with_ids(
    check: &CheckerContext<'_>,
    account: &str,
    address: &str,
    name: &str,
    shown: &CheckerValue,
    created: bool,
) -> (CheckerValue, BTreeMap<String, SmolStr>) {
    if reference_facts(address, name).next().is_none() {
        return (shown.clone(), BTreeMap::new());
    }
    let shown = shown.tree();
    let (mut value, mut steps) = (shown.clone(), BTreeMap::new());
    for facts in reference_facts(address, name) {
        for place in reference_places(&shown, facts) {
            let text = text_at(&shown, &place);
            if !is_address(&text, facts.kind) {
                continue;
            }
            let number = |id: &str| id.parse::<u64>().ok().filter(|_| facts.numeric).map(Value::from);
            let maker = check.steps_of(&text).into_iter().map(|(_, step)| step).find(|step| {
                created && step.call.account == account && matches!(step.operation, CheckerOperation::Create { .. })
            });
            let known = check.plan.references.get(text.as_str()).filter(|known| known.account == account);
            let id = match (maker, known) {
                (Some(step), _) => {
                    steps.insert(place.clone(), step.id.clone());
                    if facts.numeric { Value::from(0) } else { Value::from("") }
                }
                (None, Some(known)) => number(&known.id).unwrap_or_else(|| Value::from(known.id.as_str())),
                (None, None) => continue,
            };
            if let Some(at) = value.pointer_mut(&place) {
                *at = id;
            }
        }
    }
    (value.into(), steps)
}

/// Whether a payload is a shown value, with ids in place of the addresses in it.
pub(super) fn is_sent_form(
    check: &CheckerContext<'_>,
    step: &CheckerStep,
    name: &str,
    shown: &CheckerValue,
    sent: &CheckerPayload,
) -> bool {
    let address = step.address.as_deref().unwrap_or_default();
    let (value, steps) = with_ids(check, &step.call.account, address, name, shown, true);
    match sent {
        CheckerPayload::Value(sent) => steps.is_empty() && *sent == value,
        CheckerPayload::WithIds { value: sent, ids } => !steps.is_empty() && *sent == value && *ids == steps,
        CheckerPayload::Secret { .. } | CheckerPayload::IdOf(_) => false,
    }
}

/// Whether a value that was seen is a shown one, with ids in place of the addresses in it.
pub(super) fn is_seen_form(
    check: &CheckerContext<'_>,
    step: &CheckerStep,
    name: &str,
    shown: &CheckerValue,
    seen: &CheckerValue,
) -> bool {
    let address = step.address.as_deref().unwrap_or_default();
    seen == shown || with_ids(check, &step.call.account, address, name, shown, false).0 == *seen
}

/// An id that does not exist yet comes from an earlier create of the right kind in the same account, for which the step waits; and
/// an address is never sent.
pub(super) fn check_ids_of_created(check: &mut CheckerContext<'_>) {
    for (at, step) in check.numbered_steps() {
        let address = step.address.as_deref().unwrap_or_default();
        for (name, payload) in request_entries(step).into_iter().flatten() {
            let (value, ids) = match payload {
                CheckerPayload::Value(value) => (value, None),
                CheckerPayload::WithIds { value, ids } => (value, Some(ids)),
                CheckerPayload::Secret { .. } | CheckerPayload::IdOf(_) => continue,
            };
            if ids.is_none() && reference_facts(address, name).next().is_none() {
                continue;
            }
            let value = value.tree();
            for facts in reference_facts(address, name) {
                let sent = reference_places(&value, facts).into_iter().map(|place| text_at(&value, &place));
                for text in sent.filter(|text| is_address(text, facts.kind)) {
                    check.report_step(at, "/call/body", &format!("sends the address {text} instead of an id"));
                }
            }
            let Some(ids) = ids else { continue };
            check.require(!ids.is_empty(), at, "/call/body", format_args!("holds no id of another step in {name}"));
            for (place, id) in ids {
                let blank = matches!(value.pointer(place), Some(it) if it == "" || *it == 0);
                let mut filled = value.clone();
                if let Some(it) = filled.pointer_mut(place) {
                    *it = Value::from(id.as_str());
                }
                let facts = reference_facts(address, name).find(|facts| reference_places(&filled, facts).contains(place));
                let told = format!("has an id in {name} where no object is named");
                check.require(blank && facts.is_some(), at, "/call/body", &told);
                let maker = check.positions.get(id.as_str()).copied().filter(|maker| *maker < at);
                let right = maker.map(|maker| &check.plan.steps[maker]).is_some_and(|maker| {
                    matches!(maker.operation, CheckerOperation::Create { .. })
                        && maker.call.account == step.call.account
                        && facts.is_some_and(|facts| is_address(maker.address.as_deref().unwrap_or_default(), facts.kind))
                });
                check.require(right, at, "/call/body", "needs an id that no earlier create of this account makes");
                let waits = check.waits[at].contains(id.as_str());
                check.require(waits, at, "/waits_for", format_args!("needs the id of {id} and does not wait for it"));
            }
        }
    }
}

/// What a value names: the kind, and the text in its place.
fn named_by(address: &str, name: &str, value: &CheckerValue) -> Vec<(&'static str, String)> {
    let mut named = Vec::new();
    for facts in reference_facts(address, name) {
        let value = value.tree();
        named.extend(reference_places(&value, facts).into_iter().map(|place| (facts.kind, text_at(&value, &place))));
    }
    named
}

/// Whether a value names the object.
fn names(address: &str, name: &str, value: &CheckerValue, kind: &str, id: &str) -> bool {
    named_by(address, name, value).iter().any(|named| (named.0, named.1.as_str()) == (kind, id))
}

fn names_in(address: &str, values: &CheckerValues, kind: &str, id: &str) -> Vec<String> {
    values.iter().filter(|(name, value)| names(address, name, value, kind, id)).map(|(name, _)| name.to_string()).collect()
}

/// A deleted object is named by nothing afterwards: what named it is deleted or changed before, and nothing new names it.
pub(super) fn check_deletes_of_referred(check: &mut CheckerContext<'_>) {
    let mut deletes = BTreeMap::new();
    for (at, step) in check.numbered_steps() {
        if let CheckerOperation::Delete { id, .. } = &step.operation {
            let kind = kind_of(step.address.as_deref().unwrap_or_default());
            deletes.insert((step.call.account.as_str(), kind, id.as_str()), at);
        }
    }
    if deletes.is_empty() {
        return;
    }
    for (at, step) in check.numbered_steps() {
        let address = step.address.as_deref().unwrap_or_default();
        let Some(own) = kind(kind_of(address)).filter(|own| !own.references.is_empty()) else { continue };
        let account = step.call.account.as_str();
        let referred: BTreeSet<&str> = own.references.iter().map(|facts| facts.kind).collect();
        // Only what the step itself names is looked up, so a plan with many deletes costs what it is long.
        let mut named: BTreeSet<(&str, String)> = BTreeSet::new();
        let mut collect = |name: &str, value: &CheckerValue| named.extend(named_by(address, name, value));
        let sent = request_entries(step);
        for (name, payload) in sent.into_iter().flatten() {
            if let CheckerPayload::Value(value) | CheckerPayload::WithIds { value, .. } = payload {
                collect(name, value);
            }
        }
        if let CheckerOperation::Update { before, .. } | CheckerOperation::Delete { before, .. } = &step.operation {
            before.iter().for_each(|(name, value)| collect(name, value));
        }
        for (kind, id) in named.into_iter().filter(|(kind, _)| referred.contains(kind)) {
            let Some(delete) = deletes.get(&(account, kind, id.as_str())).copied().filter(|delete| *delete != at) else {
                continue;
            };
            let sends = |name: &str| match sent.and_then(|sent| sent.get(name)) {
                Some(CheckerPayload::Value(value) | CheckerPayload::WithIds { value, .. }) => Some(value),
                _ => None,
            };
            let still = sent
                .into_iter()
                .flatten()
                .any(|(name, _)| sends(name).is_some_and(|value| names(address, name, value, kind, &id)));
            let (gone, own_id) = (check.plan.steps[delete].id.clone(), step.id.clone());
            check.require(!still, at, "/call/body", format_args!("names what {gone} deletes"));
            match &step.operation {
                CheckerOperation::Update { before, .. } => {
                    let left = names_in(address, before, kind, &id).into_iter().all(|name| sends(&name).is_some());
                    check.require(left, at, "/call/body", format_args!("leaves a name of what {gone} deletes"));
                }
                CheckerOperation::Delete { .. } => {}
                _ => continue,
            }
            let waits = check.waits[delete].contains(own_id.as_str());
            let told = format!("deletes what {own_id} takes away the name of, and does not wait for it");
            check.require(waits, delete, "/waits_for", &told);
        }
    }
}

/// The objects that the plan lists for the addresses in its changes are those that it writes to, and no others.
pub(super) fn check_named_objects(check: &mut CheckerContext<'_>) {
    let mut shown = BTreeSet::new();
    let changed = check.plan.changes.iter().flat_map(|change| change.attributes.iter().map(|it| (&change.address, it)));
    for (address, attribute) in changed.chain(check.plan.not_taken.iter().map(|kept| (&kept.address, &kept.attribute))) {
        for value in [&attribute.before, &attribute.after] {
            let CheckerShownValue::Value(value) = value else { continue };
            shown.extend(named_by(address, &attribute.name, value).into_iter().map(|(_, text)| text));
        }
    }
    for (address, object) in &check.plan.references {
        let place = format!("/references/{}", address.replace('~', "~0").replace('/', "~1"));
        if !shown.contains(address.as_str()) {
            check.report(&place, &format!("{address} is named by no change"));
        }
        let own = check.steps_of(address).into_iter().filter(|(_, step)| step.call.account == object.account);
        let written = own.filter_map(|(_, step)| match &step.operation {
            CheckerOperation::Update { id, .. } | CheckerOperation::Delete { id, .. } => Some(id.as_str()),
            _ => None,
        });
        let learnt = check.plan.ledger.iter().filter_map(|update| match update {
            CheckerLedgerUpdate::Adopt { address: of, account, id } if of == address && *account == object.account => {
                Some(id.as_str())
            }
            _ => None,
        });
        let existing = check.plan.existing.get(address).map(|it| it.id.as_str());
        let others: Vec<&str> = written.chain(learnt).chain(existing).filter(|id| *id != object.id).collect();
        if !others.is_empty() {
            check.report(&place, &format!("{address} is another object elsewhere in the plan"));
        }
    }
}
