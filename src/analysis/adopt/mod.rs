//! YAML for existing objects: which live objects are not managed yet, what they are to be called, and how they are
//! written so that a plan from the files is empty. Pure: the caller proves and saves.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::kind::{Field, Kind};
use crate::model::resource::{Address, ListingFailure, LiveAccount, LiveObject};
use crate::model::value::CompactValue;
use crate::plan::{self, Inputs, Plan, StepOperation};

mod alike;
mod alike_entry;
mod coverage;
mod names;
mod statement;
mod yaml_file;
mod yaml_scalar;

pub use alike::Factoring;
pub use alike_entry::AdoptedTable;
pub(in crate::analysis) use coverage::unconfirmed_and_empty;
pub use coverage::{AdoptionCoverage, missing_id_help};
pub use statement::RefusedAttributes;
pub(in crate::analysis) use statement::stated_value;
pub use yaml_file::{
    AdoptionFile, OmittedAttribute, SecretPlaceholder, ShownSecret, WritingChoices, render_entries, render_file,
};
pub(in crate::analysis) use yaml_scalar::double_quoted;
pub use yaml_scalar::{block_value, inline_value, mapping_key};

/// Why it is not known which objects of a kind could be adopted: it could not be listed, or what serves the numbers on its
/// objects is not known.
pub fn unlisted_reason<'a>(live: &'a LiveAccount, kind: &str) -> Option<&'a ListingFailure> {
    let linked = || crate::services::shape_of_generation(kind, live.facts.generation).is_some_and(|kind| kind.link.is_some());
    live.listing_failures.get(kind).or_else(|| live.connections_failure.as_ref().filter(|_| linked()))
}

/// A live object that is to be adopted.
#[derive(Debug, Clone)]
pub struct AdoptableObject<'a> {
    /// Its new address.
    pub address: Address,
    /// Account that holds it.
    pub account: &'a str,
    /// Its shape.
    pub kind: &'static Kind,
    /// As the service shows it.
    pub live: &'a LiveObject,
}

/// All found objects, and the addresses of everything that is or will be managed: a bridge names its configurations.
#[derive(Debug, Default)]
pub struct AdoptionSet<'a> {
    /// By account and kind, in the order of their rank; each group by address.
    pub groups: Vec<Vec<AdoptableObject<'a>>>,
    /// (account, kind, id) to address.
    pub known: BTreeMap<(String, &'static str, String), Address>,
    /// What is not adopted, because `removed` lists it.
    pub removed: BTreeSet<Address>,
}

/// Live objects that `removed` names, by account, kind and id: an entry for one would say the opposite.
fn removed_objects(inputs: &Inputs<'_>) -> BTreeMap<(String, String, String), Address> {
    if inputs.desired.removed.is_empty() {
        return BTreeMap::new();
    }
    let listed: BTreeSet<&Address> = inputs.desired.removed.iter().map(|gone| &gone.address).collect();
    let deletes = Plan::new(inputs).steps.into_iter().filter_map(|step| match (step.operation, step.address) {
        (StepOperation::Delete { id, .. }, Some(address)) => Some((step.call.account, address, id)),
        _ => None,
    });
    let deletes = deletes.filter(|(_, address, _)| listed.contains(address));
    deletes.map(|(account, address, id)| ((account, address.kind.to_string(), id), address)).collect()
}

impl<'a> AdoptionSet<'a> {
    /// Live objects of these kinds that no address of the configuration claims, each with a name: the ledger's if it
    /// has one, else one made from its natural key.
    pub fn from_unclaimed(inputs: &Inputs<'a>, kinds: &BTreeSet<&str>) -> Self {
        let claimed = plan::claimed_objects(inputs);
        let removed = removed_objects(inputs);
        let known = claimed
            .iter()
            .map(|((account, kind, id), address)| (((*account).to_owned(), *kind, (*id).to_owned()), (*address).clone()))
            .collect();
        let mut adoption = Self { known, removed: removed.values().cloned().collect(), ..Self::default() };
        let mut taken: BTreeSet<Address> = inputs.desired.objects.keys().cloned().collect();
        taken.extend(inputs.desired.existing.keys().cloned());
        taken.extend(inputs.desired.removed.iter().map(|gone| gone.address.clone()));
        let mut rows: Vec<(&'static Kind, Vec<(&'a str, &'a LiveObject)>)> = Vec::new();
        // An object listed under several names of one account is written once, under the first of them.
        let mut seen: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
        for (name, live) in &inputs.live.accounts {
            let first = inputs.names_of_same_account(name).first().copied().unwrap_or(name);
            for (kind_name, objects) in live.objects.iter().filter(|(kind, _)| kinds.contains(*kind)) {
                let Some(kind) = crate::services::shape_of_generation(kind_name, live.facts.generation) else {
                    continue;
                };
                if unlisted_reason(live, kind.name).is_some() {
                    continue;
                }
                let free = objects
                    .iter()
                    .filter(|live| live.is_manageable(kind))
                    .filter(|live| !claimed.contains_key(&(name.as_str(), kind.name, live.id.as_str())))
                    .filter(|live| !removed.contains_key(&(name.clone(), kind.name.to_owned(), live.id.clone())))
                    .filter(|live| seen.insert((first, kind.name, live.id.as_str())))
                    .map(|live| (name.as_str(), live));
                let group: Vec<_> = free.collect();
                if !group.is_empty() {
                    rows.push((kind, group));
                }
            }
        }
        rows.sort_by_key(|(kind, _)| kind.rank);
        for name in rows.iter().map(|(kind, _)| kind.name).collect::<BTreeSet<_>>() {
            let of_kind: Vec<_> = rows.iter().filter(|(kind, _)| kind.name == name).collect();
            let all = of_kind.iter().flat_map(|(kind, group)| group.iter().map(|(a, live)| (*a, *kind, *live)));
            names::name_objects(inputs, &all.collect::<Vec<_>>(), &mut taken, &mut adoption.known);
        }
        for (kind, group) in rows {
            let mut found: Vec<AdoptableObject<'a>> = group
                .into_iter()
                .filter_map(|(account, live)| {
                    let key = (account.to_owned(), kind.name, live.id.clone());
                    let address = adoption.known.get(&key)?.clone();
                    Some(AdoptableObject { address, account, kind, live })
                })
                .collect();
            found.sort_by(|a, b| a.address.cmp(&b.address));
            adoption.groups.push(found);
        }
        adoption
    }

    /// A value with the address of each object that it names by its id, where the object has one or gets one.
    pub fn with_addresses<'v>(&self, account: &str, field: &Field, value: &'v CompactValue) -> Cow<'v, CompactValue> {
        if !field.has_references() {
            return Cow::Borrowed(value);
        }
        let mut address = |kind: &'static str, id: &str| {
            let known = self.known.get(&(account.to_owned(), kind, id.to_owned()));
            known.map(|address| CompactValue::from(address.to_string().as_str()))
        };
        Cow::Owned(field.map_references(value, &mut address))
    }

    /// One object under the name that the user gives it; `None` when the account has no such object.
    pub fn from_id(inputs: &Inputs<'a>, account: &'a str, address: &Address, id: &str) -> Option<Self> {
        let live = inputs.live.accounts.get(account)?;
        let kind = crate::services::shape_of_generation(&address.kind, live.facts.generation)?;
        let object = live.objects.get(kind.name)?.iter().find(|live| live.id == id)?;
        let known = plan::claimed_objects(inputs)
            .into_iter()
            .map(|((account, kind, id), address)| ((account.to_owned(), kind, id.to_owned()), address.clone()))
            .collect();
        let found = AdoptableObject { address: address.clone(), account, kind, live: object };
        Some(Self { groups: vec![vec![found]], known, ..Self::default() })
    }
}
