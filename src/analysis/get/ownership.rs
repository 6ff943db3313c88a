//! Which address claims what is there, and whether the ledger knows it.

use std::collections::{BTreeMap, HashMap};

use super::Management;
use crate::model::kind::Kind;
use crate::model::resource::{Address, DesiredObject};
use crate::plan::{self, Inputs};
use crate::text::normalize_phone_number;

/// The owners of everything.
pub(super) struct Ownership<'a> {
    /// Live objects that an address of the configuration claims: account, kind and identity.
    claimed: BTreeMap<(&'a str, &'static str, &'a str), &'a Address>,
    /// Objects of the ledger: account, kind and identity.
    remembered: HashMap<(&'a str, &'a str, &'a str), &'a Address>,
    /// Objects that the configuration only refers to.
    existing: &'a BTreeMap<Address, DesiredObject>,
    /// Numbers that the configuration names, in their compared form, with the account and the address that names them.
    numbers: HashMap<String, Vec<(&'a str, &'a Address)>>,
}

impl<'a> Ownership<'a> {
    pub(super) fn new(inputs: &Inputs<'a>) -> Self {
        let mut remembered = HashMap::new();
        for (address, entry) in &inputs.ledger.objects {
            for id in [&entry.id].into_iter().chain(&entry.former) {
                remembered.insert((entry.account.as_str(), address.kind.as_str(), id.as_str()), address);
            }
        }
        let mut numbers: HashMap<String, Vec<(&'a str, &'a Address)>> = HashMap::new();
        for object in inputs.desired.objects.values() {
            for number in object.numbers.iter().flat_map(BTreeMap::keys) {
                numbers.entry(normalize_phone_number(number)).or_default().push((&object.account, &object.address));
            }
        }
        for entry in inputs.desired.number_entries.values() {
            numbers.entry(entry.number.clone()).or_default().push((&entry.account, &entry.address));
        }
        Self { claimed: plan::claimed_objects(inputs), remembered, existing: &inputs.desired.existing, numbers }
    }

    /// The address of an object in an account with these names, and who looks after it.
    pub(super) fn of_object(&self, names: &[&'a str], kind: &'static Kind, id: &'a str) -> (Option<&'a Address>, Management) {
        let claimed = names.iter().find_map(|account| self.claimed.get(&(*account, kind.name, id)).copied());
        let known = names.iter().find_map(|account| self.remembered.get(&(*account, kind.name, id)).copied());
        match (claimed, known) {
            (address, Some(known)) => (Some(address.unwrap_or(known)), Management::Managed),
            (Some(address), None) if self.existing.contains_key(address) => (Some(address), Management::Unmanaged),
            (Some(address), None) => (Some(address), Management::Declared),
            (None, None) => (None, Management::Unmanaged),
        }
    }

    /// The address of the configuration that wants a number in an account with these names.
    pub(super) fn wanting(&self, names: &[&str], number: &str) -> Option<&'a Address> {
        let mut wanting = self.numbers.get(number).into_iter().flatten();
        wanting.find(|(account, _)| names.contains(account)).map(|(_, address)| *address)
    }
}
