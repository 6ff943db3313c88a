//! YAML for what is already there: which live objects nobody manages yet, what they shall be called, and how they are
//! written down so that a plan over the files is empty. Pure: the caller proves and saves.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::Kind;
use crate::plan::{self, Inputs};
use crate::resource::{Address, LiveAccount, LiveObject, Unlisted};

mod names;
mod page;
mod scalar;

pub use page::{LeftOut, Page, Placeholder, page};
pub use scalar::{block, inline};

/// Why it is not known of a kind what of it could be adopted: it could not be listed, or who serves the numbers on its objects is
/// not known.
pub fn not_listed<'a>(live: &'a LiveAccount, kind: &str) -> Option<&'a Unlisted> {
    let linked =
        || crate::backend::shape(kind, live.facts.generation).is_some_and(|kind| kind.link.is_some());
    live.unlisted.get(kind).or_else(|| live.unlinked.as_ref().filter(|_| linked()))
}

/// A live object that is to be adopted.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// Its address from now on.
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
pub struct Adoption<'a> {
    /// By account and kind, in the order of their rank; each group by address.
    pub groups: Vec<Vec<Found<'a>>>,
    /// (account, kind, id) to address.
    pub known: BTreeMap<(String, &'static str, String), Address>,
}

impl<'a> Adoption<'a> {
    /// Live objects of these kinds that no address of the configuration claims, each with a name: the ledger's when it
    /// knows one, else one that is made from its natural key.
    pub fn of(inputs: &Inputs<'a>, kinds: &BTreeSet<&str>) -> Self {
        let claimed = plan::claims(inputs);
        let known = claimed
            .iter()
            .map(|((account, kind, id), address)| {
                (((*account).to_owned(), *kind, (*id).to_owned()), (*address).clone())
            })
            .collect();
        let mut adoption = Self { groups: Vec::new(), known };
        let mut taken: BTreeSet<Address> = inputs.desired.objects.keys().cloned().collect();
        taken.extend(inputs.desired.removed.iter().map(|gone| gone.address.clone()));
        let mut rows: Vec<(&'static Kind, Vec<(&'a str, &'a LiveObject)>)> = Vec::new();
        // What several names of one account list is written once, under the first of them.
        let mut seen: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
        for (name, live) in &inputs.live.accounts {
            let first = inputs.names_of(name).first().copied().unwrap_or(name);
            for (kind_name, objects) in live.objects.iter().filter(|(kind, _)| kinds.contains(*kind)) {
                let Some(kind) = crate::backend::shape(kind_name, live.facts.generation) else { continue };
                if not_listed(live, kind.name).is_some() {
                    continue;
                }
                let free = objects
                    .iter()
                    .filter(|live| !claimed.contains_key(&(name.as_str(), kind.name, live.id.as_str())))
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
            let all =
                of_kind.iter().flat_map(|(kind, group)| group.iter().map(|(a, live)| (*a, *kind, *live)));
            names::give(inputs, &all.collect::<Vec<_>>(), &mut taken, &mut adoption.known);
        }
        for (kind, group) in rows {
            let mut found: Vec<Found<'a>> = group
                .into_iter()
                .filter_map(|(account, live)| {
                    let key = (account.to_owned(), kind.name, live.id.clone());
                    let address = adoption.known.get(&key)?.clone();
                    Some(Found { address, account, kind, live })
                })
                .collect();
            found.sort_by(|a, b| a.address.cmp(&b.address));
            adoption.groups.push(found);
        }
        adoption
    }

    /// One object under the name that the user gives it; `None` when the account has no such object.
    pub fn one(inputs: &Inputs<'a>, account: &'a str, address: &Address, id: &str) -> Option<Self> {
        let live = inputs.live.accounts.get(account)?;
        let kind = crate::backend::shape(&address.kind, live.facts.generation)?;
        let object = live.objects.get(kind.name)?.iter().find(|live| live.id == id)?;
        let known = plan::claims(inputs)
            .into_iter()
            .map(|((account, kind, id), address)| {
                ((account.to_owned(), kind, id.to_owned()), address.clone())
            })
            .collect();
        let found = Found { address: address.clone(), account, kind, live: object };
        Some(Self { groups: vec![vec![found]], known })
    }
}
