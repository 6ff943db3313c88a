//! What the objects of a run are today: by identity, through the ledger and the YAML of now.

use std::collections::{BTreeMap, BTreeSet};

use super::{Deed, Maker, same};
use crate::kind::Kind;
use crate::plan::{Operation, Plan, Ref};
use crate::resource::{Address, Target};
use crate::value::Value;

impl<'a> Maker<'a> {
    /// The deeds by the names that their accounts have today; those of an account that is gone are named and left.
    pub(super) fn of_accounts_today<'d>(&mut self, plan: &Plan, deeds: Vec<Deed<'d>>) -> Vec<Deed<'d>> {
        let mut kept = Vec::new();
        for mut deed in deeds {
            match self.account_today(plan, &deed.account) {
                Some(account) if !self.today.live.accounts.contains_key(&account) => {
                    let address = deed.step.address.as_ref();
                    let what = address.map_or_else(|| deed.step.id.clone(), ToString::to_string);
                    self.left(what, format!("its account {account} was not read"));
                }
                Some(account) if self.unread(&deed, &account).is_some() => {
                    let what = match (&deed.step.operation, &deed.step.address) {
                        (Operation::Connect { number, .. } | Operation::Disconnect { number, .. }, _) => {
                            number.clone()
                        }
                        (_, address) => address.as_ref().map(ToString::to_string).unwrap_or_default(),
                    };
                    let why = self.unread(&deed, &account).unwrap_or_default();
                    self.left(what, why);
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
                    self.left(what, format!("the configuration has no account {} any more", deed.account));
                }
            }
        }
        kept
    }

    /// Why nothing is known of what a deed was about.
    fn unread(&self, deed: &Deed<'_>, account: &str) -> Option<String> {
        let live = self.today.live.accounts.get(account)?;
        let kind = deed.step.address.as_ref().map_or("", |address| &address.kind);
        if let Some(why) = live.unlisted.get(kind) {
            return Some(format!("the {kind} of account {account} could not be listed: {}", why.why));
        }
        let links = match &deed.step.operation {
            Operation::Connect { .. } | Operation::Disconnect { .. } => true,
            Operation::Delete { seats, .. } => !seats.is_empty(),
            _ => false,
        };
        let why = live.unlinked.as_ref().filter(|_| links)?;
        Some(format!("it could not be read which configuration serves it: {}", why.why))
    }

    /// Why an object is not among those that were listed.
    pub(super) fn absent(&self, account: &str, kind: &str, id: &str) -> String {
        let live = self.today.live.accounts.get(account);
        if let Some(why) = live.and_then(|live| live.unreadable.get(kind)?.get(id)) {
            return format!("{id} cannot be read, left alone: {}", why.why);
        }
        if let Some(why) = live.and_then(|live| live.unlisted.get(kind)) {
            return format!("the {kind} of account {account} could not be listed: {}", why.why);
        }
        if let Some(owner) = live.and_then(|live| live.foreign_owner(kind, id)) {
            return format!("{id} belongs to {owner} today, left alone");
        }
        "it is no longer there".to_owned()
    }

    /// An account of the run: the one of this name, else the only one with its service, address and organization.
    fn account_today(&self, plan: &Plan, name: &str) -> Option<String> {
        let accounts = &self.today.desired.accounts;
        if accounts.contains_key(name) {
            return Some(name.to_owned());
        }
        let then = plan.accounts.iter().find(|line| line.name == name)?;
        let mut same = accounts.values().filter(|account| {
            account.backend.api == then.api
                && account.org_handle == then.org_handle
                && account.base_url.as_str() == then.base_url
        });
        same.next().filter(|_| same.next().is_none()).map(|account| account.name.clone())
    }

    /// The address by which telform manages an object today; the error says what became of the one that it had.
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
                format!("its address is in account {} today, left alone", entry.account)
            }
            Some(entry) if entry.replaced.contains(id) => format!("{} took its place since", entry.id),
            Some(entry) => format!("its address means {} today, and not {id}", entry.id),
            None => "not managed any more, because it was released or forgotten since: left alone".to_owned(),
        })
    }

    /// The address under which a deleted object is made again; the error says who has it, or the object's natural key.
    pub(super) fn free_address(
        &self,
        then: &Address,
        account: &str,
        kind: &'static Kind,
        image: &BTreeMap<String, Value>,
    ) -> Result<Address, String> {
        let moved = self.today.desired.moved.iter().find(|rename| rename.from == *then);
        let address = moved.map_or(then, |rename| &rename.to);
        if let Some(entry) = self.today.ledger.objects.get(address)
            && !self.made.contains(&entry.id)
        {
            if entry.account != account {
                return Err(format!("its address is in account {} today", entry.account));
            }
            if self.listed(account, kind.name).iter().any(|live| live.id == entry.id) {
                return Err(format!("its address means {} today", entry.id));
            }
        }
        if let Some(object) = self.today.desired.objects.get(address)
            && object.account != account
            && self.moved.get(address) != Some(&object.account)
        {
            return Err(format!("the YAML has its address in account {} today", object.account));
        }
        let facts = self.facts(account);
        let alike = self.listed(account, kind.name).iter().find(|live| {
            !self.made.contains(&live.id)
                && kind.natural_key.iter().all(|name| {
                    let pair = kind.field(name).zip(image.get(*name)).zip(live.attributes.get(name));
                    pair.is_some_and(|((field, was), is)| same(field, facts, was, is))
                })
        });
        match alike {
            Some(live) => Err(format!("it is there again, as {}", live.id)),
            None => Ok(address.clone()),
        }
    }

    /// Whether the YAML or the ledger of today protects an object.
    pub(super) fn is_protected(&self, address: &Address, account: &str, id: &str) -> bool {
        let declared = self.today.desired.objects.get(address);
        declared.is_some_and(|object| object.prevent_delete)
            || self.today.ledger.protects(account, &address.kind, id)
    }

    /// Numbers that something which the run made serves or holds today, and that the run did not bring there.
    pub(super) fn serves_otherwise(
        &self,
        kind: &Kind,
        account: &str,
        id: &str,
        deeds: &[Deed<'_>],
    ) -> Vec<String> {
        let brought: BTreeSet<(String, &str)> = deeds
            .iter()
            .filter_map(|deed| match &deed.step.operation {
                Operation::Connect { bridge, number, .. } => {
                    Some((Maker::resolve(deeds, bridge)?, number.as_str()))
                }
                _ => None,
            })
            .collect();
        let live = self.today.live.accounts.get(account);
        let connections = live.and_then(|live| live.connections.as_deref()).unwrap_or_default();
        let its = connections.iter().filter(|connection| {
            (kind.connected && connection.target.may_be(id))
                || (kind.link.is_some() && connection.bridge == id && connection.target != Target::Unserved)
        });
        its.filter(|connection| !brought.contains(&(connection.bridge.clone(), connection.number.as_str())))
            .map(|connection| format!("{} on {}", connection.number, connection.bridge))
            .collect()
    }

    /// Whether a run that deleted a bridge left its numbers free to come back with it: why not.
    pub(super) fn not_free(&self, account: &str, number: &str) -> Option<String> {
        let live = self.today.live.accounts.get(account)?;
        if let Some(other) = live.connections.iter().flatten().find(|connection| connection.number == number)
        {
            return Some(format!("it is on bridge {} today, left alone", other.bridge));
        }
        let free = live.numbers.get(number).is_some_and(|known| known.bridge.is_none() && known.id.is_some());
        (!free).then(|| {
            "the service does not offer it as a free number any more: somebody else may have it".to_owned()
        })
    }

    /// The id that a reference of the run stood for.
    pub(super) fn resolve(deeds: &[Deed<'_>], at: &Ref) -> Option<String> {
        match at {
            Ref::Id(id) => Some(id.clone()),
            Ref::Step(step) => deeds.iter().find(|deed| deed.step.id == *step)?.made.map(str::to_owned),
        }
    }

    /// A name for something that nobody manages, which nothing else has.
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
