//! The requests that make and cut connections, and the read-back that confirms them.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::Inputs;
use super::draft::{Draft, create_name};
use super::step::{Operation, Phase, Ref, Served, Step};
use crate::call::{Body, Call, Method, Payload};
use crate::kind::{Link, NumberWord};
use crate::resource::{Address, Connection, Spellings, Target};
use crate::value::Value;

/// Connects and disconnects of one account, and what each bridge must show afterwards.
#[derive(Debug, Default)]
pub(super) struct LinkSteps {
    pub(super) drafts: Vec<Draft>,
    /// How the service spells the numbers: it is told them in its own words.
    pub(super) spellings: Spellings,
    /// Numbers that the service calls by an id that it did not show, and whose change needs it.
    pub(super) nameless: BTreeSet<(Address, String)>,
    cut: BTreeSet<(String, String)>,
    after: BTreeMap<Ref, After>,
}

#[derive(Debug, Default)]
struct After {
    owner: Option<Address>,
    numbers: BTreeMap<String, Option<Ref>>,
    waits_for: Vec<String>,
}

fn disconnect_name(account: &str, bridge: &str, number: &str) -> String {
    format!("disconnect {account} {bridge} {number}")
}

fn connect_name(account: &str, bridge: &Ref, number: &str) -> String {
    format!("connect {account} {} {number}", bridge.in_path())
}

fn read_back_name(account: &str, bridge: &Ref) -> String {
    format!("read back {account} {}", bridge.in_path())
}

/// What a connection's target means for a belief.
pub(super) fn served(target: &Target) -> Served {
    match target {
        Target::Exact(id) | Target::Inferred(id) | Target::Recorded(id) => {
            Served::By { id: id.clone(), known: target.word().to_owned() }
        }
        Target::Foreign { id, .. } => Served::By { id: id.clone(), known: "exact".to_owned() },
        Target::Ambiguous(ids) => Served::OneOf(ids.iter().cloned().collect()),
        Target::Unserved => Served::Unserved,
    }
}

/// The identity of a configuration in a body: a number where the service counts, else a step's result.
pub(super) fn payload(provider: &Ref) -> Payload {
    match provider {
        Ref::Id(id) => {
            Payload::Value(id.parse::<u64>().map_or_else(|_| Value::from(id.as_str()), Value::from))
        }
        Ref::Step(step) => Payload::IdOf(step.clone()),
    }
}

impl LinkSteps {
    /// Whether this number is taken off this bridge and not put back on it.
    pub(super) fn frees(&self, bridge: &str, number: &str) -> bool {
        let after = self.after.get(&Ref::Id(bridge.to_owned()));
        after.and_then(|after| after.numbers.get(number)).is_some_and(Option::is_none)
    }

    /// Whether this number is connected somewhere.
    pub(super) fn connects(&self, number: &str) -> bool {
        self.drafts.iter().any(|draft| matches!(&draft.step.operation, Operation::Connect { number: other, .. } if other == number))
    }

    /// Whether this number is connected on a bridge that the plan makes.
    pub(super) fn connects_on_new(&self, number: &str) -> bool {
        self.drafts.iter().any(|draft| matches!(&draft.step.operation, Operation::Connect { number: other, bridge: Ref::Step(_), .. } if other == number))
    }

    /// Takes a number off a bridge.
    pub(super) fn disconnect(
        &mut self,
        account: &str,
        link: &'static Link,
        owner: &Address,
        connection: &Connection,
    ) {
        let bridge = &connection.bridge;
        let number = &connection.number;
        let (key, value) = self.number_entry(link, owner, bridge, number, connection.number_id);
        let id = disconnect_name(account, bridge, number);
        self.cut.insert((bridge.clone(), number.clone()));
        let at = Ref::Id(bridge.clone());
        self.expect(at, owner, number, None, &id);
        self.drafts.push(Draft {
            rank: 0,
            subject: format!("{number} {account}"),
            turn: 0,
            step: Step {
                id,
                phase: Phase::Rewire,
                address: Some(owner.clone()),
                call: Call {
                    account: account.to_owned(),
                    method: Method::Post,
                    path: link.disconnect.replace("{id}", bridge),
                    query: Vec::new(),
                    headers: Vec::new(),
                    body: Some(Body::Object(IndexMap::from([(key, value)]))),
                },
                operation: Operation::Disconnect {
                    bridge: bridge.clone(),
                    number: number.clone(),
                    before: served(&connection.target),
                },
                why: format!(
                    "the service cuts one number at a time ({} connection)",
                    connection.target.word()
                ),
                waits_for: Vec::new(),
            },
        });
    }

    /// Lets a configuration serve a number; `after_cut_on` is the bridge that the number was cut from just before.
    #[allow(clippy::too_many_arguments, reason = "one call with everything that the request says")]
    pub(super) fn connect(
        &mut self,
        account: &str,
        link: &'static Link,
        owner: &Address,
        at: &Ref,
        number: &str,
        number_id: Option<u64>,
        provider: &Ref,
        before: Served,
        after_cut_on: Option<String>,
    ) {
        let mut waits_for: Vec<String> = Vec::new();
        for made in [at, provider] {
            if let Ref::Step(step) = made {
                waits_for.push(step.clone());
            }
        }
        waits_for.extend(after_cut_on.map(|bridge| disconnect_name(account, &bridge, number)));
        // A number that moves from another bridge is cut there first.
        waits_for.extend(
            self.cut
                .iter()
                .filter(|(_, cut)| cut == number)
                .map(|(bridge, _)| disconnect_name(account, bridge, number)),
        );
        waits_for.sort();
        waits_for.dedup();
        self.hold_cuts(number, &[at, provider]);
        let (key, value) = self.number_entry(link, owner, &at.in_path(), number, number_id);
        let id = connect_name(account, at, number);
        self.expect(at.clone(), owner, number, Some(provider.clone()), &id);
        let why = match &before {
            Served::NotThere => "the number is not on the bridge yet",
            Served::Unserved => "no configuration serves the number",
            Served::By { .. } => "connecting another configuration overwrites the connection without a gap",
            Served::OneOf(_) => {
                "it cannot be told which configuration serves the number; connecting settles it"
            }
        };
        self.drafts.push(Draft {
            rank: 0,
            subject: format!("{number} {account}"),
            turn: 1,
            step: Step {
                id,
                phase: Phase::Rewire,
                address: Some(owner.clone()),
                call: Call {
                    account: account.to_owned(),
                    method: Method::Post,
                    path: link.connect.replace("{id}", &at.in_path()),
                    query: Vec::new(),
                    headers: Vec::new(),
                    body: Some(Body::Object(IndexMap::from([
                        (link.target_key.to_owned(), payload(provider)),
                        (key, value),
                    ]))),
                },
                operation: Operation::Connect {
                    bridge: at.clone(),
                    number: number.to_owned(),
                    provider: provider.clone(),
                    before,
                },
                why: why.to_owned(),
                waits_for,
            },
        });
    }

    /// A number is not cut before what it moves to exists: were the create to fail, it would stay dark.
    fn hold_cuts(&mut self, number: &str, needed: &[&Ref]) {
        let needed = needed.iter().filter_map(|at| match at {
            Ref::Step(step) => Some(step.clone()),
            Ref::Id(_) => None,
        });
        let needed: Vec<String> = needed.collect();
        for draft in &mut self.drafts {
            if matches!(&draft.step.operation, Operation::Disconnect { number: cut, .. } if cut == number) {
                draft.step.waits_for.extend(needed.iter().cloned());
            }
        }
    }

    /// The number as the service wants it called.
    fn number_entry(
        &mut self,
        link: &Link,
        owner: &Address,
        bridge: &str,
        number: &str,
        id: Option<u64>,
    ) -> (String, Payload) {
        let (key, value) = match link.number {
            NumberWord::E164(key) => (key, Value::from(self.spelled(bridge, number))),
            NumberWord::Id(key) => {
                if id.is_none() {
                    self.nameless.insert((owner.clone(), number.to_owned()));
                }
                (key, id.map_or(Value::Null, Value::from))
            }
        };
        (key.to_owned(), Payload::Value(value))
    }

    /// A number as the service spells it: on this bridge, in its listing of numbers, on another bridge.
    fn spelled<'n>(&'n self, bridge: &str, number: &'n str) -> &'n str {
        let on = |bridge: &str| self.spellings.get(&(bridge.to_owned(), number.to_owned()));
        let elsewhere = || self.spellings.iter().find(|((_, other), _)| other == number).map(|(_, it)| it);
        on(bridge).or_else(|| on("")).or_else(elsewhere).map_or(number, String::as_str)
    }

    fn expect(&mut self, at: Ref, owner: &Address, number: &str, provider: Option<Ref>, step: &str) {
        let after = self.after.entry(at).or_default();
        after.owner.get_or_insert_with(|| owner.clone());
        after.numbers.insert(number.to_owned(), provider);
        after.waits_for.push(step.to_owned());
    }

    /// Adds one read of every bridge whose connections change.
    pub(super) fn read_back(&mut self, account: &str, member: &str) {
        for (at, after) in std::mem::take(&mut self.after) {
            let mut waits_for = after.waits_for;
            if let Ref::Step(step) = &at {
                waits_for.push(step.clone());
            }
            waits_for.sort();
            waits_for.dedup();
            self.drafts.push(Draft {
                rank: 0,
                subject: format!("{account} {}", at.in_path()),
                turn: 0,
                step: Step {
                    id: read_back_name(account, &at),
                    phase: Phase::ReadBack,
                    address: after.owner,
                    call: Call::get(account, member.replace("{id}", &at.in_path())),
                    operation: Operation::ReadBack { bridge: at, numbers: after.numbers },
                    why: "what was cut and connected is confirmed before anything is deleted".to_owned(),
                    waits_for,
                },
            });
        }
    }
}

/// The draft name of the step that makes the object of an address.
pub(super) fn made(address: &Address) -> Ref {
    Ref::Step(create_name(address))
}

/// The ids of the numbers that a new bridge takes with it, where they can only join at its creation; also from a bridge of the
/// account that goes for it.
pub(super) fn assigned(
    inputs: &Inputs<'_>,
    account: &str,
    link: &Link,
    from: Option<&str>,
    numbers: impl Iterator<Item = String>,
) -> Vec<u64> {
    if link.assigned_on_create.is_none() {
        return Vec::new();
    }
    let live = inputs.live.accounts.get(account);
    numbers
        .filter_map(|number| {
            live.and_then(|live| live.numbers.get(&number))
                .filter(|number| number.bridge.is_none() || number.bridge.as_deref() == from)
                .and_then(|number| number.id)
        })
        .collect()
}
