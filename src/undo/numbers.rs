//! Connections of a run, taken back: each number goes where it was, if it is still where the run left it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Deed, Maker, place};
use crate::backend;
use crate::journal::{End, Run};
use crate::plan::{Operation, Ref, Served};
use crate::resource::{Address, Connection, LiveAccount, NumberWanted, Removal, Target, owned_by};

/// A number on a bridge of an account.
type Seat = (String, String, String);

/// Who served it before the run, and whom the run left there.
struct Turn {
    before: Served,
    after: Option<String>,
    owner: Option<Address>,
}

impl Maker<'_> {
    /// Connects and disconnects.
    pub(super) fn numbers(&mut self, run: &Run<'_>, deeds: &[Deed<'_>]) {
        let mut wanted: BTreeMap<(String, String), BTreeMap<String, Option<String>>> = BTreeMap::new();
        let turns = turns(run, deeds);
        let ours: BTreeSet<Seat> = turns.keys().cloned().collect();
        for ((account, bridge, number), turn) in turns {
            let what = format!("{number} on {bridge}");
            let back = match &turn.before {
                Served::By { id, .. } => Some(id.clone()),
                Served::NotThere | Served::Unserved => None,
                Served::OneOf(_) => {
                    self.left(what, "nobody knew which configuration served it");
                    continue;
                }
            };
            if back == turn.after {
                continue;
            }
            let Some(live) = self.today.live.accounts.get(&account) else { continue };
            // It comes back with the bridge in whose place this one was made.
            if taken_over(deeds, &account, &bridge).is_some_and(|old| {
                self.seats.get(&(account.clone(), old)).is_some_and(|seats| seats.contains_key(&number))
            }) {
                continue;
            }
            let elsewhere = live.connections.iter().flatten().any(|other| {
                other.number == number
                    && other.target != Target::Unserved
                    && !ours.contains(&(account.clone(), other.bridge.clone(), number.clone()))
            });
            if elsewhere || !still(live, &bridge, &number, turn.after.as_deref()) {
                self.left(what, "connected otherwise since, left alone");
                continue;
            }
            let there = |kind: &str, id: &str| self.is_there(&account, kind, id);
            if let Some(owner) = turn.owner.as_ref().filter(|owner| owner.kind == "bridges")
                && !self.again.contains_key(&(account.clone(), "bridges".to_owned(), bridge.clone()))
                && there("bridges", &bridge)
                && let Err(why) = self.address_today(owner, &account, &bridge)
            {
                self.left(what, format!("{owner} is {why}"));
                continue;
            }
            if !there("bridges", &bridge) {
                if !deeds.iter().any(|deed| deed.made == Some(bridge.as_str())) {
                    let why = self.absent(&account, "bridges", &bridge);
                    self.left(what, why.replacen("it ", "the bridge ", 1));
                }
                continue;
            }
            if let Some(id) = back.as_ref().filter(|id| !there("providers", id)) {
                self.left(what, format!("configuration {id} is no longer there"));
                continue;
            }
            if let Some(owner) = turn.owner.filter(|owner| owner.kind == "providers")
                && let Some(id) = &back
                && self.address_of(&account, "providers", id).is_none()
            {
                self.names(&account, owner, id);
            }
            wanted.entry((account, bridge)).or_default().insert(number, back);
        }
        let mut idle: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for (at, seats) in std::mem::take(&mut self.seats) {
            wanted.entry(at.clone()).or_default();
            for (number, seat) in seats {
                let what = format!("{number} on {}", at.1);
                let on_taker = self.taker_has(deeds, &at, &number);
                if let Some(why) = self.not_free(&at.0, &number).filter(|_| !on_taker) {
                    self.left(what, why);
                    continue;
                }
                let server = match seat.served {
                    Served::By { id, .. } if self.is_there(&at.0, "providers", &id) => Some(id),
                    Served::By { id, .. } => {
                        let why = format!(
                            "configuration {id} is no longer there: the number is put on the bridge, and not connected"
                        );
                        self.left(what, why);
                        None
                    }
                    Served::OneOf(_) => {
                        let why = "nobody knew which configuration served it: it is put on the bridge, and not connected";
                        self.left(what, why);
                        None
                    }
                    Served::NotThere | Served::Unserved => None,
                };
                match server {
                    Some(id) => drop(wanted.entry(at.clone()).or_default().insert(number, Some(id))),
                    None => drop(idle.entry(at.clone()).or_default().insert(number)),
                }
            }
        }
        for ((account, bridge), numbers) in wanted {
            let idle = idle.remove(&(account.clone(), bridge.clone())).unwrap_or_default();
            self.rewire(&account, &bridge, numbers, idle);
        }
    }

    /// Whether a number is on the bridge that took the place of the one that it was on.
    fn taker_has(&self, deeds: &[Deed<'_>], old: &(String, String), number: &str) -> bool {
        let Some(live) = self.today.live.accounts.get(&old.0) else { return false };
        live.connections
            .iter()
            .flatten()
            .any(|it| it.number == number && taken_over(deeds, &old.0, &it.bridge).as_ref() == Some(&old.1))
    }

    /// Whether an object is there today, or made again.
    fn is_there(&self, account: &str, kind: &str, id: &str) -> bool {
        self.listed(account, kind).iter().any(|object| object.id == id)
            || self.again.contains_key(&(account.to_owned(), kind.to_owned(), id.to_owned()))
    }

    /// A configuration by the address that it had in the run.
    fn names(&mut self, account: &str, owner: Address, id: &str) {
        let Some(kind) = self.facts(account).and_then(|facts| backend::shape(&owner.kind, facts.generation))
        else {
            return;
        };
        let about = self.undo.about.contains(&owner);
        self.object(&owner, account, kind, Some(id));
        if !about {
            self.undo.about.remove(&owner);
        }
    }

    /// The address that means an object: made again, pinned here, in the ledger.
    fn address_of(&self, account: &str, kind: &str, id: &str) -> Option<Address> {
        let again = self.again.get(&(account.to_owned(), kind.to_owned(), id.to_owned()));
        if again.is_some() {
            return again.cloned();
        }
        let pinned = self.undo.desired.objects.values().find(|object| {
            object.account == account && object.address.kind == kind && object.id.as_deref() == Some(id)
        });
        let pinned = pinned.map(|object| &object.address);
        let known = || self.today.ledger.address_of(account, kind, id);
        let known = pinned.or_else(|| known().map(|known| self.today.renamed.get(known).unwrap_or(known)));
        known.cloned()
    }

    /// All numbers of a bridge, because they are owned whole: those of the run as they were, the others as they are.
    fn rewire(
        &mut self,
        account: &str,
        bridge: &str,
        numbers: BTreeMap<String, Option<String>>,
        idle: BTreeSet<String>,
    ) {
        let Some(live) = self.today.live.accounts.get(account) else { return };
        let Some(kind) = backend::shape("bridges", live.facts.generation) else { return };
        let mut whole: BTreeMap<String, String> = BTreeMap::new();
        for connection in on(live, bridge).filter(|connection| !numbers.contains_key(&connection.number)) {
            let number = &connection.number;
            let why = match (&connection.target, connection.target.id()) {
                (Target::Foreign { id, owner }, _) => {
                    let owner = owned_by(owner.as_deref());
                    format!("configuration {id} of {owner} serves {number} beside it")
                }
                (_, Some(id)) => {
                    whole.insert(number.clone(), id.to_owned());
                    continue;
                }
                (Target::Unserved, None) => continue,
                (_, None) => format!("nobody knows which configuration serves {number} beside it"),
            };
            numbers.keys().for_each(|number| self.left(format!("{number} on {bridge}"), why.clone()));
            return;
        }
        whole.extend(numbers.into_iter().filter_map(|(number, id)| Some((number, id?))));
        let mut named = BTreeMap::new();
        for (number, id) in whole {
            let provider = self.address_of(account, "providers", &id).unwrap_or_else(|| {
                // Nobody manages it; it has a name only here.
                let name = self.free_name("providers", &format!("id-{id}"));
                self.names(account, name.clone(), &id);
                name
            });
            if !self.undo.desired.objects.contains_key(&provider) {
                self.names(account, provider.clone(), &id);
            }
            named.insert(number, NumberWanted { provider, as_shown: false, place: place() });
        }
        let address =
            self.address_of(account, "bridges", bridge).unwrap_or_else(|| self.free_name("bridges", bridge));
        if self.moved.get(&address).is_some_and(|left| left == account) {
            return; // It goes back to the account that it came from, and its numbers are told there.
        }
        // A bridge that the run made goes, and its numbers with it.
        let goes = |gone: &Removal| gone.address == address && self.undo.about.contains(&address);
        if self.undo.desired.removed.iter().any(goes) {
            return;
        }
        let again = self.again.contains_key(&(account.to_owned(), kind.name.to_owned(), bridge.to_owned()));
        let id = (!again).then_some(bridge);
        let object = self.object(&address, account, kind, id);
        object.numbers = Some(named);
        object.idle = idle;
    }
}

/// The object in whose place the run made this one.
fn taken_over(deeds: &[Deed<'_>], account: &str, made: &str) -> Option<String> {
    let deed = deeds.iter().find(|deed| deed.account == account && deed.made == Some(made))?;
    deed.step.operation.replaces_here().cloned()
}

/// What the run did to each number on each bridge.
fn turns(run: &Run<'_>, deeds: &[Deed<'_>]) -> BTreeMap<Seat, Turn> {
    let mut turns: BTreeMap<Seat, Turn> = BTreeMap::new();
    for deed in deeds {
        let account = deed.account.clone();
        let (bridge, number, before, after) = match &deed.step.operation {
            Operation::Disconnect { bridge, number, before } => (bridge.clone(), number, before, None),
            Operation::Connect { bridge, number, provider, before } => {
                let resolve = |at: &Ref| Maker::resolve(deeds, at);
                let (Some(bridge), Some(provider)) = (resolve(bridge), resolve(provider)) else { continue };
                (bridge, number, before, Some(provider))
            }
            _ => continue,
        };
        // What the run itself connected again in the end is where it was.
        let back = format!("r{}", deed.step.id.trim_start_matches('s'));
        if run.steps.iter().any(|record| record.id == back && record.end() == Some(End::Done)) {
            continue;
        }
        let turn = turns.entry((account, bridge, number.clone())).or_insert_with(|| Turn {
            before: before.clone(),
            after: None,
            owner: deed.step.address.clone(),
        });
        turn.after = after;
    }
    turns
}

fn on<'a>(live: &'a LiveAccount, bridge: &'a str) -> impl Iterator<Item = &'a Connection> {
    live.connections.iter().flatten().filter(move |connection| connection.bridge == bridge)
}

/// Whether a number is where the run left it. One that it took off must not be connected anywhere it did not put it.
fn still(live: &LiveAccount, bridge: &str, number: &str, after: Option<&str>) -> bool {
    let here = on(live, bridge).find(|connection| connection.number == number);
    match (after, here.map(|connection| &connection.target)) {
        (Some(id), Some(target)) => target.id() == Some(id),
        (Some(_), None) => false,
        (None, None | Some(Target::Unserved)) => true,
        (None, Some(_)) => false,
    }
}
