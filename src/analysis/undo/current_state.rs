//! The current objects of a run: by identity, through the current ledger and YAML.

use std::collections::BTreeSet;

use super::{DoneStep, UndoBuilder, is_same_value};
use crate::model::kind::Kind;
use crate::model::resource::{Address, DesiredValue, ServedBy};
use crate::model::value::{AttributeValues, CompactValue};
use crate::plan::{ObjectRef, Plan, StepOperation};
use crate::services;

impl<'a> UndoBuilder<'a> {
    /// What named an object that is recreated names it by its address: the new one has another id.
    pub(super) fn name_recreated_objects(&mut self) {
        let recreated = &self.recreated;
        for address in &self.undo.about {
            let Some(object) = self.undo.desired.objects.get_mut(address) else { continue };
            let account = object.account.clone();
            for field in object.shapes.clone().iter().flat_map(|kind| kind.reference_fields()) {
                if let Some(DesiredValue::Value(value)) = object.attributes.get_mut(field.name) {
                    *value = field.map_references(value, &mut |kind, id| {
                        let was = (account.clone(), kind.to_owned(), id.to_owned());
                        recreated.get(&was).map(|address| CompactValue::from(address.to_string().as_str()))
                    });
                }
            }
        }
    }

    /// The effects by the current names of their accounts; those of a missing account are reported and left alone.
    pub(super) fn with_accounts_today<'d>(&mut self, plan: &Plan, deeds: Vec<DoneStep<'d>>) -> Vec<DoneStep<'d>> {
        let mut kept = Vec::new();
        for mut deed in deeds {
            match self.account_today(plan, &deed.account) {
                Some(account) if !self.today.live.accounts.contains_key(&account) => {
                    let address = deed.step.address.as_ref();
                    let what = address.map_or_else(|| deed.step.id.clone(), ToString::to_string);
                    self.add_not_undone(what, format!("its account {account} was not read"));
                }
                Some(account) if self.why_unread(&deed, &account).is_some() => {
                    let what = match (&deed.step.operation, &deed.step.address) {
                        (StepOperation::Connect { number, .. } | StepOperation::Disconnect { number, .. }, _) => number.clone(),
                        (_, address) => address.as_ref().map(ToString::to_string).unwrap_or_default(),
                    };
                    let why = self.why_unread(&deed, &account).unwrap_or_default();
                    self.add_not_undone(what, why);
                }
                Some(account) => {
                    if account != deed.account {
                        self.accounts.insert(account.clone(), deed.account.clone());
                    }
                    deed.account = account;
                    kept.push(deed);
                }
                None => {
                    let address = deed.step.address.as_ref();
                    let what = address.map_or_else(|| deed.step.id.clone(), ToString::to_string);
                    self.add_not_undone(what, format!("the YAML no longer has an account {}", deed.account));
                }
            }
        }
        kept
    }

    /// Why nothing is known about the object of an effect.
    fn why_unread(&self, deed: &DoneStep<'_>, account: &str) -> Option<String> {
        let live = self.today.live.accounts.get(account)?;
        let kind = deed.step.address.as_ref().map_or("", |address| &address.kind);
        if let Some(why) = live.listing_failures.get(kind) {
            return Some(format!("the {kind} of account {account} could not be listed: {}", why.why));
        }
        let links = match &deed.step.operation {
            StepOperation::Connect { .. } | StepOperation::Disconnect { .. } => true,
            StepOperation::Delete { prior_connections, .. } => !prior_connections.is_empty(),
            _ => false,
        };
        let why = live.connections_failure.as_ref().filter(|_| links)?;
        Some(format!("the service did not show what serves it: {}", why.why))
    }

    /// Why an object is not among those that were listed.
    pub(super) fn why_absent(&self, account: &str, kind: &str, id: &str) -> String {
        let live = self.today.live.accounts.get(account);
        if let Some(why) = live.and_then(|live| live.unreadable.get(kind)?.get(id)) {
            return format!("{id} cannot be read, left alone: {}", why.why);
        }
        if let Some(why) = live.and_then(|live| live.listing_failures.get(kind)) {
            return format!("the {kind} of account {account} could not be listed: {}", why.why);
        }
        if let Some(owner) = live.and_then(|live| live.foreign_owner(kind, id)) {
            return format!("{id} now belongs to {owner} and is left alone");
        }
        if !services::hides_until_verified(kind) {
            return "it no longer exists".to_owned();
        }
        let address = self.today.ledger.address_of(account, kind, id);
        if address.and_then(|address| self.today.ledger.objects[address].hidden_since.as_ref()).is_some() {
            return "it is not visible until it is confirmed, and stays as it is".to_owned();
        }
        "it is not visible: it waits for its confirmation, or it no longer exists".to_owned()
    }

    /// An account of the run: the one of this name, else the only one with its service, address and organization.
    fn account_today(&self, plan: &Plan, name: &str) -> Option<String> {
        let accounts = &self.today.desired.accounts;
        if accounts.contains_key(name) {
            return Some(name.to_owned());
        }
        let then = plan.accounts.iter().find(|line| line.name == name)?;
        let mut same = accounts.values().filter(|account| {
            account.service.api == then.api
                && account.organization() == then.organization.as_deref()
                && account.base_url.as_str() == then.base_url
        });
        same.next().filter(|_| same.next().is_none()).map(|account| account.name.clone())
    }

    /// The current address of a managed object; the error says what happened to its earlier one.
    pub(super) fn address_today(&self, then: &Address, account: &str, id: &str) -> Result<Address, String> {
        let (ledger, renamed) = (self.today.ledger, self.today.renamed);
        // The ledger may still have the name that the account had then.
        let names = [Some(account), self.accounts.get(account).map(String::as_str)];
        let known = names.into_iter().flatten().find_map(|name| ledger.address_of(name, &then.kind, id));
        if let Some(known) = known {
            return Ok(renamed.get(known).unwrap_or(known).clone());
        }
        Err(match ledger.objects.get(then) {
            Some(entry) if entry.account != account => {
                format!("its address is now in account {} and is left alone", entry.account)
            }
            Some(entry) if entry.replaced.contains(id) => format!("{} has replaced it since", entry.id),
            Some(entry) => format!("its address now means the object {} instead of {id}", entry.id),
            None => "no longer managed, because it was released since; left alone".to_owned(),
        })
    }

    /// The address under which a deleted object is recreated; the error says what now has it, or the object's natural key.
    pub(super) fn free_address(
        &self,
        then: &Address,
        account: &str,
        kind: &'static Kind,
        image: &AttributeValues,
    ) -> Result<Address, String> {
        let moved = self.today.desired.moved.iter().find(|rename| rename.from == *then);
        let address = moved.map_or(then, |rename| &rename.to);
        if let Some(entry) = self.today.ledger.objects.get(address)
            && !self.made.contains(&entry.id)
        {
            if entry.account != account {
                return Err(format!("its address is now in account {}", entry.account));
            }
            if self.live_objects(account, kind.name).iter().any(|live| live.id == entry.id) {
                return Err(format!("its address now means the object {}", entry.id));
            }
        }
        if self.today.desired.existing.contains_key(address) {
            return Err("`existing` now has its address".to_owned());
        }
        if let Some(object) = self.today.desired.objects.get(address)
            && object.account != account
            && self.moved.get(address) != Some(&object.account)
        {
            return Err(format!("the YAML now has its address in account {}", object.account));
        }
        let facts = self.facts_of_account(account);
        let alike = self.live_objects(account, kind.name).iter().find(|live| {
            !self.made.contains(&live.id)
                && kind.natural_key.iter().all(|name| {
                    let pair = kind.field(name).zip(image.get(*name)).zip(live.attributes.get(name));
                    pair.is_some_and(|((field, was), is)| is_same_value(field, facts, &was.into(), is))
                })
        });
        match alike {
            Some(live) => Err(format!("it exists again, as {}", live.id)),
            None => Ok(address.clone()),
        }
    }

    /// Whether the current YAML or ledger protects an object.
    pub(super) fn is_protected(&self, address: &Address, account: &str, id: &str) -> bool {
        let declared = self.today.desired.objects.get(address);
        declared.is_some_and(|object| object.prevent_delete) || self.today.ledger.is_delete_protected(account, &address.kind, id)
    }

    /// The object that this address had before an interrupted replacement, while it is still there: its id. Without its replacement
    /// nothing would manage it.
    pub(super) fn still_replaces(&self, address: &Address, account: &str, kind: &Kind) -> Option<&'a str> {
        let entry = self.today.ledger.objects.get(address)?;
        let left = entry.left_behind.iter().map(|left| (left.account.as_str(), left.id.as_str()));
        let mut former = entry.former.iter().map(|id| (account, id.as_str())).chain(left);
        let there = |(account, id): &(&str, &str)| self.live_objects(account, kind.name).iter().any(|live| live.id == *id);
        former.find(there).map(|(_, id)| id)
    }

    /// Whether an address replaced this object in its own account.
    pub(super) fn is_former(&self, address: &Address, id: &str) -> bool {
        self.today.ledger.objects.get(address).is_some_and(|entry| entry.former.contains(id))
    }

    /// Numbers that an object created by the run now serves or holds, and that the run did not connect there.
    pub(super) fn serves_otherwise(&self, kind: &Kind, account: &str, id: &str, deeds: &[DoneStep<'_>]) -> Vec<String> {
        let brought: BTreeSet<(String, &str)> = deeds
            .iter()
            .filter_map(|deed| match &deed.step.operation {
                StepOperation::Connect { bridge, number, .. } => {
                    Some((UndoBuilder::resolve_ref(deeds, bridge)?, number.as_str()))
                }
                _ => None,
            })
            .collect();
        let live = self.today.live.accounts.get(account);
        let connections = live.and_then(|live| live.connections.as_deref()).unwrap_or_default();
        let its = connections.iter().filter(|connection| {
            (kind.connected && connection.served_by.may_be(id))
                || (kind.link.is_some() && connection.bridge == id && connection.served_by != ServedBy::Unserved)
        });
        its.filter(|connection| !brought.contains(&(connection.bridge.clone(), connection.number.as_str())))
            .map(|connection| self.number_label(account, &connection.number, &connection.bridge))
            .collect()
    }

    /// Why the numbers of a bridge that a run deleted cannot return with it, if they cannot.
    pub(super) fn why_not_free(&self, account: &str, number: &str) -> Option<String> {
        let live = self.today.live.accounts.get(account)?;
        if let Some(other) = self.connections_of(account, number).first() {
            return Some(format!("it is on {} {} now, and is left there", self.link_words(account).holder, other.bridge));
        }
        let free = live.numbers.get(number).is_some_and(|known| known.bridge.is_none() && known.id.is_some());
        (!free).then(|| "the service no longer offers it as a free number: it may have been given to another customer".to_owned())
    }

    /// The id behind a reference of the run.
    pub(super) fn resolve_ref(deeds: &[DoneStep<'_>], at: &ObjectRef) -> Option<String> {
        match at {
            ObjectRef::Id(id) => Some(id.clone()),
            ObjectRef::Step(step) => deeds.iter().find(|deed| deed.step.id == *step)?.made.map(str::to_owned),
        }
    }

    /// A unique name for an unmanaged object.
    pub(super) fn free_name(&self, kind: &str, name: &str) -> Address {
        let taken = |address: &Address| {
            self.today.ledger.objects.contains_key(address) || self.undo.desired.objects.contains_key(address)
        };
        let mut address = Address::new(kind, name);
        while taken(&address) {
            address = Address::new(kind, &format!("{}-unmanaged", address.name));
        }
        address
    }
}
