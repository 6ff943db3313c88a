//! References between objects: what an address in a value means, and how a plan shows the id of an object that has an address.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Inputs;
use super::change::{AttributeChange, ShownValue};
use super::existing::ExistingObject;
use super::matching::{MatchOutcome, Matches, ObjectMatch, match_addresses};
use super::unnumbered_step::create_step_name;
use crate::model::call::BodyValue;
use crate::model::kind::{Field, Kind, reference_in};
use crate::model::resource::{AccountFacts, Address, DesiredObject, DesiredValue};
use crate::model::value::CompactValue;
use crate::services;

/// What a reference means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ReferredObject {
    /// An object with this id.
    Id(String),
    /// An object that this plan creates.
    Created,
}

/// The known id of a matched address.
pub(super) fn known_id<'m>(found: &'m ObjectMatch<'_>) -> Option<&'m str> {
    match &found.outcome {
        MatchOutcome::Live(live) => Some(&live.id),
        MatchOutcome::Hidden => found.object.id.as_deref().or(found.entry.map(|entry| entry.id.as_str())),
        MatchOutcome::New | MatchOutcome::Blocked => None,
    }
}

/// An id as a value of a reference, in the form in which the service writes it.
pub(super) fn id_value(kind: &str, facts: &AccountFacts, id: &str) -> CompactValue {
    let number = id.parse::<u64>().ok().filter(|_| has_numeric_ids(kind, facts));
    number.map_or_else(|| CompactValue::from(id), |number| CompactValue::Number(number.into()))
}

fn has_numeric_ids(kind: &str, facts: &AccountFacts) -> bool {
    let shape =
        services::shape_of_generation(kind, facts.generation).or_else(|| services::shapes_of_kind(kind).into_iter().next());
    shape.is_some_and(|kind| kind.numeric_id)
}

/// Whether a wanted value names an object whose id is not known before the plan is carried out.
pub(super) fn awaits_id(field: &Field, value: &CompactValue) -> bool {
    let mut awaits = false;
    field.for_each_reference(value, &mut |_, kind, text| awaits |= reference_in(kind, text).is_some());
    awaits
}

/// A value as a body holds it: what still names an address holds the id that the create of this address produces.
pub(super) fn body_value(field: &Field, facts: &AccountFacts, value: &CompactValue) -> BodyValue {
    let mut ids = BTreeMap::new();
    field.for_each_reference(value, &mut |pointer, kind, text| {
        ids.extend(reference_in(kind, text).map(|address| (pointer.to_owned(), create_step_name(&address))));
    });
    if ids.is_empty() {
        return BodyValue::Value(field.sent(facts, value));
    }
    let blank = |kind: &'static str, text: &str| {
        let blank = || if has_numeric_ids(kind, facts) { CompactValue::Number(0.into()) } else { CompactValue::from("") };
        reference_in(kind, text).map(|_| blank())
    };
    BodyValue::WithIds { value: Box::new(field.map_references(value, &mut { blank })), ids }
}

/// The matched addresses, each after those that its object refers to.
pub(super) fn in_reference_order<'m, 'a>(findings: &'m Matches<'a>) -> Vec<&'m ObjectMatch<'a>> {
    let all = findings.by_address.values();
    let referred: BTreeMap<&Address, Vec<Address>> = all
        .clone()
        .map(|found| (&found.object.address, found.object.references().into_iter().map(|(_, address)| address).collect()))
        .filter(|(_, referred): &(_, Vec<Address>)| !referred.is_empty())
        .collect();
    if referred.is_empty() {
        return all.collect();
    }
    let (mut ordered, mut seen) = (Vec::with_capacity(findings.by_address.len()), BTreeSet::new());
    // A chain may be long, so the stack is not that of the program. The second visit follows what was put above it.
    let mut stack: Vec<(&ObjectMatch<'a>, bool)> = all.rev().map(|found| (found, false)).collect();
    while let Some((found, ready)) = stack.pop() {
        if ready {
            ordered.push(found);
        } else if seen.insert(&found.object.address) {
            stack.push((found, true));
            let needed = referred.get(&found.object.address).into_iter().flatten();
            stack.extend(needed.filter_map(|address| findings.by_address.get(address)).map(|needed| (needed, false)));
        }
    }
    ordered
}

/// Objects that are not shown yet: account, kind and id to the address.
pub(super) type HiddenObjects<'a> = BTreeMap<(&'a str, &'static str, String), &'a Address>;

/// Ids that live objects show, by the address that has the object.
#[derive(Debug)]
pub(super) struct ReferenceNames<'m, 'a> {
    findings: &'m Matches<'a>,
    hidden: &'m HiddenObjects<'a>,
}

pub(super) fn hidden_objects<'a>(findings: &Matches<'a>) -> HiddenObjects<'a> {
    let hidden = findings.by_address.values().filter(|found| matches!(found.outcome, MatchOutcome::Hidden));
    let named = hidden.filter_map(|found| {
        let key = (found.object.account.as_str(), found.kind.name, known_id(found)?.to_owned());
        Some((key, &found.object.address))
    });
    named.collect()
}

impl<'m, 'a> ReferenceNames<'m, 'a> {
    pub(super) fn new(findings: &'m Matches<'a>, hidden: &'m HiddenObjects<'a>) -> Self {
        Self { findings, hidden }
    }

    fn address_of(&self, account: &str, kind: &'static str, id: &str) -> Option<&Address> {
        let claimed = self.findings.claimed.get(&(account, kind, id)).copied();
        if claimed.is_some() || self.hidden.is_empty() {
            return claimed;
        }
        self.hidden.get(&(account, kind, id.to_owned())).copied()
    }

    /// A value for people: an id by the address of its object.
    pub(super) fn shown_value<'v>(&self, account: &str, field: &Field, value: &'v CompactValue) -> Cow<'v, CompactValue> {
        if !field.has_references() {
            return Cow::Borrowed(value);
        }
        let mut name = |kind: &'static str, id: &str| {
            let address = self.address_of(account, kind, id)?;
            Some(CompactValue::from(address.to_string().as_str()))
        };
        Cow::Owned(field.map_references(value, &mut name))
    }

    /// Shows the ids in a change by the addresses of their objects.
    pub(super) fn show_addresses(&self, account: &str, kind: &Kind, attribute: &mut AttributeChange) {
        let Some(field) = kind.field(&attribute.name).filter(|field| field.has_references()) else { return };
        for shown in [&mut attribute.before, &mut attribute.after] {
            if let ShownValue::Value(value) = shown {
                *value = self.shown_value(account, field, value).into_owned();
            }
        }
    }

    /// The objects that a change names by their addresses, as far as they exist.
    pub(super) fn named_objects(&self, kind: &Kind, attribute: &AttributeChange, named: &mut BTreeMap<Address, ExistingObject>) {
        let Some(field) = kind.field(&attribute.name).filter(|field| field.has_references()) else { return };
        let values: [Option<&CompactValue>; 2] = [&attribute.before, &attribute.after].map(|shown| match shown {
            ShownValue::Value(value) => Some(value),
            _ => None,
        });
        for value in values.into_iter().flatten() {
            field.for_each_reference(value, &mut |_, kind, text| {
                let Some(address) = reference_in(kind, text) else { return };
                if let Some((found, id)) = self.findings.find(&address).and_then(|found| Some((found, known_id(found)?))) {
                    let object = ExistingObject { account: found.object.account.clone(), id: id.to_owned() };
                    named.insert(address, object);
                }
            });
        }
    }
}

/// A natural key with the id of each object that it names by an address, as far as that one is known.
pub(super) fn key_with_ids(
    kind: &Kind,
    findings: &Matches<'_>,
    key: &BTreeMap<&'static str, CompactValue>,
) -> BTreeMap<&'static str, CompactValue> {
    let mut keyed = key.clone();
    for field in kind.key_references() {
        let Some(value) = keyed.get_mut(field.name) else { continue };
        let id = |kind: &str, text: &str| findings.find(&reference_in(kind, text)?).and_then(known_id).map(CompactValue::from);
        *value = field.map_references(value, &mut { id });
    }
    keyed
}

/// Why a natural key finds nothing: it names an object by an address that no file declares, so that its id is not known.
pub(super) fn unknown_in_key(kind: &Kind, key: &BTreeMap<&'static str, CompactValue>) -> Option<String> {
    kind.key_references().find_map(|field| {
        let named = key.get(field.name).filter(|value| awaits_id(field, value))?.text()?;
        Some(format!("its {} {named} is not known by its id; write the id of either object", field.name))
    })
}

/// The addresses of live objects, for views of values that name them by their ids.
#[derive(Debug)]
pub(crate) struct ObjectAddresses<'a> {
    inputs: Inputs<'a>,
    findings: Matches<'a>,
    hidden: HiddenObjects<'a>,
}

impl<'a> ObjectAddresses<'a> {
    pub(crate) fn new(inputs: &Inputs<'a>) -> Self {
        let mut kinds = inputs.desired.accounts.values().flat_map(|account| account.service.kinds);
        // Where no kind names another one, nothing is looked up.
        let findings = match kinds.any(|kind| kind.reference_fields().next().is_some()) {
            true => match_addresses(inputs),
            false => Matches::default(),
        };
        let hidden = hidden_objects(&findings);
        Self { inputs: *inputs, findings, hidden }
    }

    /// A value for people: an id by the address of its object.
    pub(crate) fn shown_value<'v>(&self, account: &str, field: &Field, value: &'v CompactValue) -> Cow<'v, CompactValue> {
        if !field.has_references() {
            return Cow::Borrowed(value);
        }
        ReferenceNames::new(&self.findings, &self.hidden).shown_value(account, field, value)
    }

    /// The value as the service shows it: the id of each object that it names by its address, as far as it exists.
    pub(crate) fn with_ids<'v>(&self, account: &str, field: &Field, value: &'v CompactValue) -> Cow<'v, CompactValue> {
        if !field.has_references() || !awaits_id(field, value) {
            return Cow::Borrowed(value);
        }
        let facts = self.inputs.facts_of_account(account);
        let findings = &self.findings;
        let mut id = |kind: &'static str, text: &str| {
            let address = reference_in(kind, text)?;
            known_id(findings.find(&address)?).map(|id| id_value(kind, facts, id))
        };
        Cow::Owned(field.map_references(value, &mut id))
    }
}

/// Whether a value names the object with this kind and id.
pub(super) fn names_object(field: &Field, value: &CompactValue, kind: &str, id: &str) -> bool {
    let mut names = false;
    field.for_each_reference(value, &mut |_, of, text| names |= of == kind && text == id);
    names
}

/// The object with the addresses in its values replaced by what `referred` says they mean; what is to be created keeps its address.
/// `Err`: the first reference without a meaning.
pub(super) fn resolve<'o, E>(
    object: &'o DesiredObject,
    kind: &Kind,
    facts: &AccountFacts,
    skipped: impl Fn(&Field) -> bool,
    referred: impl Fn(&Field, &Address) -> Result<ReferredObject, E>,
) -> Result<Cow<'o, DesiredObject>, E> {
    let mut resolved = Cow::Borrowed(object);
    for field in kind.reference_fields().filter(|field| !skipped(field)) {
        let Some(DesiredValue::Value(value)) = object.attributes.get(field.name) else { continue };
        // An id that the file writes as a text may be a number at the service.
        let numeric = || field.reference_kinds().any(|kind| has_numeric_ids(kind, facts));
        if !awaits_id(field, value) && !numeric() {
            continue;
        }
        let mut failure = None;
        let value = field.map_references(value, &mut |kind, text| {
            let Some(address) = reference_in(kind, text) else { return Some(id_value(kind, facts, text)) };
            match referred(field, &address) {
                Ok(ReferredObject::Id(id)) => Some(id_value(kind, facts, &id)),
                Ok(ReferredObject::Created) => None,
                Err(error) => {
                    failure.get_or_insert(error);
                    None
                }
            }
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
        resolved.to_mut().attributes.insert(field.name, DesiredValue::Value(value));
    }
    Ok(resolved)
}
