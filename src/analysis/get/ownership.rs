//! Which address claims what is there, and whether the ledger knows it.

use std::collections::{BTreeMap, HashMap};

use super::Management;
use crate::model::kind::Kind;
use crate::model::resource::{Address, DesiredObject};
use crate::plan::{self, Inputs};
use crate::services;
use crate::text::normalize_phone_number;

/// The owners of everything.
pub(super) struct Ownership<'a> {
    /// Live objects that an address of the configuration claims: account, kind and identity.
    claimed: BTreeMap<(&'a str, &'static str, &'a str), &'a Address>,
    /// Objects of the ledger: account, kind and identity.
    remembered: HashMap<(&'a str, &'a str, &'a str), &'a Address>,
    /// Live objects that the configuration removes: account, kind and identity.
    removed: BTreeMap<(&'a str, &'static str, &'a str), &'a Address>,
    /// Numbers that the configuration names, in their compared form, with the object that names them.
    numbers: HashMap<String, Vec<&'a DesiredObject>>,
    /// Numbers that are entries of their own: account and compared form to the address, and whether the ledger has it.
    entries: HashMap<(&'a str, String), (&'a Address, Management)>,
    /// Objects that the configuration only refers to.
    existing: &'a BTreeMap<Address, DesiredObject>,
}

impl<'a> Ownership<'a> {
    pub(super) fn new(inputs: &Inputs<'a>) -> Self {
        let mut remembered = HashMap::new();
        for (address, entry) in &inputs.ledger.objects {
            for id in [&entry.id].into_iter().chain(&entry.former) {
                remembered.insert((entry.account.as_str(), address.kind.as_str(), id.as_str()), address);
            }
        }
        let mut numbers: HashMap<String, Vec<&'a DesiredObject>> = HashMap::new();
        for object in inputs.desired.objects.values() {
            for number in object.numbers.iter().flat_map(BTreeMap::keys) {
                numbers.entry(normalize_phone_number(number)).or_default().push(object);
            }
        }
        let mut entries = HashMap::new();
        let is_number = |address: &Address| services::link_entry(&address.kind).is_some();
        for (address, entry) in inputs.ledger.objects.iter().filter(|(address, _)| is_number(address)) {
            let key = (entry.account.as_str(), normalize_phone_number(&address.name));
            entries.insert(key, (address, Management::Managed));
        }
        for (address, entry) in &inputs.desired.number_entries {
            let key = (entry.account.as_str(), entry.number.clone());
            entries.entry(key).or_insert((address, Management::Declared));
        }
        let existing = &inputs.desired.existing;
        let removed = plan::removed_objects(inputs);
        Self { claimed: plan::claimed_objects(inputs), removed, remembered, numbers, entries, existing }
    }

    /// The address of an object in an account with these names, and who looks after it.
    pub(super) fn of_object(&self, names: &[&'a str], kind: &'static Kind, id: &'a str) -> (Option<&'a Address>, Management) {
        let claimed = names.iter().find_map(|account| self.claimed.get(&(*account, kind.name, id)).copied());
        let known = names.iter().find_map(|account| self.remembered.get(&(*account, kind.name, id)).copied());
        match (claimed, known) {
            (Some(address), _) if self.existing.contains_key(address) => (Some(address), Management::Existing),
            (address, Some(known)) => (Some(address.unwrap_or(known)), Management::Managed),
            (Some(address), None) => (Some(address), Management::Declared),
            (None, None) => (None, Management::Unmanaged),
        }
    }

    /// The address of what serves numbers: also one that the configuration removes.
    pub(super) fn of_server(&self, names: &[&'a str], kind: &'static Kind, id: &'a str) -> Option<&'a Address> {
        let removed = || names.iter().find_map(|account| self.removed.get(&(*account, kind.name, id)).copied());
        self.of_object(names, kind, id).0.or_else(removed)
    }

    /// The entry that a number is by itself, and who looks after it.
    pub(super) fn of_number(&self, names: &[&'a str], number: &str) -> Option<(&'a Address, Management)> {
        names.iter().find_map(|account| self.entries.get(&(*account, number.to_owned())).copied())
    }

    /// The object of the configuration that wants a number in an account with these names.
    pub(super) fn wanting(&self, names: &[&str], number: &str) -> Option<&'a Address> {
        let mut objects = self.numbers.get(number).into_iter().flatten();
        objects.find(|object| names.contains(&object.account.as_str())).map(|object| &object.address)
    }
}
