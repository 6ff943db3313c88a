//! The requests that connect and disconnect, and the read-back that confirms them.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::Inputs;
use super::step::{ObjectRef, Prerequisite, Step, StepOperation, StepPhase};
use super::unnumbered_step::{UnnumberedStep, create_step_name};
use crate::model::call::{BodyEntries, BodyValue, Call, CallBody};
use crate::model::kind::{Detach, Link, NumberParameter};
use crate::model::resource::{Address, NumberSpellings, ServedBy};
use crate::model::value::Value;
use crate::services;

/// Connects and disconnects of one account, and what each bridge must show afterwards.
#[derive(Debug, Default)]
pub(super) struct LinkSteps {
    pub(super) drafts: Vec<UnnumberedStep>,
    /// How the service spells the numbers: requests use its own spelling.
    spellings: NumberSpellings,
    /// What takes a member off its target, where that is a PATCH of the member.
    detach: Option<Detach>,
    /// A spelling of each number, on whatever bridge.
    any_spelling: BTreeMap<String, String>,
    /// Numbers whose change needs an id that the service did not show.
    pub(super) nameless: BTreeSet<(Address, String)>,
    /// The drafts of each number.
    of_number: BTreeMap<String, NumberDrafts>,
    after: BTreeMap<ObjectRef, ExpectedBridge>,
}

/// Places of the drafts of one number.
#[derive(Debug, Default)]
struct NumberDrafts {
    disconnects: Vec<usize>,
    connects: Vec<usize>,
}

#[derive(Debug, Default)]
struct ExpectedBridge {
    owner: Option<Address>,
    numbers: BTreeMap<String, Option<ObjectRef>>,
    waits_for: Vec<String>,
}

fn disconnect_name(account: &str, bridge: &str, number: &str) -> String {
    format!("disconnect {account} {bridge} {number}")
}

fn connect_name(account: &str, bridge: &ObjectRef, number: &str) -> String {
    format!("connect {account} {} {number}", bridge.in_path())
}

fn read_back_name(account: &str, bridge: &ObjectRef) -> String {
    format!("read back {account} {}", bridge.in_path())
}

/// The identity of a target in a body, in the form in which the service writes it, or a step's result.
fn target_payload(link: &Link, target: &ObjectRef) -> BodyValue {
    match target {
        ObjectRef::Id(id) => BodyValue::Value(services::written_id(link.roles.targets[0], id).into()),
        ObjectRef::Step(step) => BodyValue::IdOf(step.clone()),
    }
}

/// The request that lets a target serve a number, or without one takes the number off its target. `detach` says how where that
/// is a PATCH of the member, and `number` is how the body names the number.
pub(super) fn link_call(
    account: &str,
    link: &Link,
    holder: &str,
    target: Option<&ObjectRef>,
    detach: Option<Detach>,
    number: impl IntoIterator<Item = (SmolStr, BodyValue)>,
) -> Call {
    let (method, path) = if target.is_some() { link.connect(holder) } else { link.disconnect(holder) };
    let named = match target {
        Some(target) => Some(target_payload(link, target)),
        None => detach.map(|detach| BodyValue::Value(detach.value().into())),
    };
    let entries: BodyEntries = named.map(|named| (link.target_key.into(), named)).into_iter().chain(number).collect();
    let body = Some(CallBody::Object(entries));
    Call { account: account.to_owned(), method, path, query: Vec::new(), headers: Vec::new(), body }
}

/// A change of who serves a number.
pub(super) struct LinkChange<'a> {
    /// The address that the step belongs to.
    pub(super) owner: &'a Address,
    /// The bridge.
    pub(super) at: ObjectRef,
    /// The number.
    pub(super) number: &'a str,
    /// The number's own id, where it is known.
    pub(super) number_id: Option<u64>,
    /// Who serves it before the step.
    pub(super) before: ServedBy,
    /// Who is to serve it; none where it is taken off.
    pub(super) target: Option<&'a ObjectRef>,
}

impl LinkSteps {
    pub(super) fn new(spellings: &NumberSpellings, detach: Option<Detach>) -> Self {
        let mut any_spelling = BTreeMap::new();
        for ((_, number), spelling) in spellings {
            any_spelling.entry(number.clone()).or_insert_with(|| spelling.clone());
        }
        Self { spellings: spellings.clone(), any_spelling, detach, ..Self::default() }
    }

    /// Whether this number is removed from this bridge and not put back on it.
    pub(super) fn takes_off_bridge(&self, bridge: &str, number: &str) -> bool {
        let after = self.after.get(&ObjectRef::Id(bridge.to_owned()));
        after.and_then(|after| after.numbers.get(number)).is_some_and(Option::is_none)
    }

    /// Whether a step of the plan is about this number.
    pub(super) fn changes_number(&self, number: &str) -> bool {
        self.of_number.contains_key(number)
    }

    /// Whether this number is connected somewhere.
    pub(super) fn connects_number(&self, number: &str) -> bool {
        self.connects_of(number).next().is_some()
    }

    /// Whether this number is connected on a bridge that the plan creates.
    pub(super) fn connects_on_new_bridge(&self, number: &str) -> bool {
        self.connects_of(number).any(|step| matches!(&step.operation, StepOperation::Connect { bridge: ObjectRef::Step(_), .. }))
    }

    fn connects_of(&self, number: &str) -> impl Iterator<Item = &Step> {
        let connects = self.of_number.get(number).map(|of| of.connects.as_slice()).unwrap_or_default();
        connects.iter().map(|place| &self.drafts[*place].step)
    }

    /// Connects a number to its target, or takes it off.
    pub(super) fn add_link_change(&mut self, account: &str, link: &'static Link, change: LinkChange<'_>) {
        let LinkChange { owner, at, number, number_id, before, target } = change;
        let bridge = at.in_path();
        let entry = self.number_entry(link, owner, &bridge, number, number_id);
        let call = link_call(account, link, &bridge, target, self.detach, entry);
        let mut waits_for = BTreeSet::new();
        let (id, why, operation) = match target {
            None => {
                let why = "the service cuts one number at a time".to_owned();
                let id = disconnect_name(account, &bridge, number);
                (id, why, StepOperation::Disconnect { bridge, number: number.to_owned(), before })
            }
            Some(target) => {
                waits_for.extend([&at, target].into_iter().filter_map(|made| made.step().map(str::to_owned)));
                // A number that moves is disconnected first, on whatever bridge it is.
                waits_for.extend(self.delay_cuts(number, &[&at, target]));
                let why = connect_reason(&before).to_owned();
                let (number, provider) = (number.to_owned(), target.clone());
                (
                    connect_name(account, &at, &number),
                    why,
                    StepOperation::Connect { bridge: at.clone(), number, provider, before },
                )
            }
        };
        let after = self.after.entry(at).or_default();
        after.owner.get_or_insert_with(|| owner.clone());
        after.numbers.insert(number.to_owned(), target.cloned());
        after.waits_for.push(id.clone());
        let of_number = self.of_number.entry(number.to_owned()).or_default();
        let places = if target.is_some() { &mut of_number.connects } else { &mut of_number.disconnects };
        places.push(self.drafts.len());
        self.drafts.push(UnnumberedStep {
            rank: 0,
            depth: 0,
            subject: format!("{number} {account}"),
            turn: target.is_some().into(),
            step: Step {
                id,
                phase: StepPhase::Rewire,
                address: Some(owner.clone()),
                call,
                operation,
                why,
                waits_for: waits_for.into_iter().map(Prerequisite::Step).collect(),
            },
        });
    }

    /// A number is not disconnected before its new configuration exists: if the create failed, the number would stay dark.
    /// Returns the names of its disconnects.
    fn delay_cuts(&mut self, number: &str, needed: &[&ObjectRef]) -> Vec<String> {
        let needed: Vec<String> = needed.iter().filter_map(|at| at.step().map(str::to_owned)).collect();
        let cuts = self.of_number.get(number).map(|of| of.disconnects.as_slice()).unwrap_or_default();
        let mut names = Vec::with_capacity(cuts.len());
        for place in cuts {
            let step = &mut self.drafts[*place].step;
            step.waits_for.extend(needed.iter().cloned().map(Prerequisite::Step));
            names.push(step.id.clone());
        }
        names
    }

    /// The number as the service's requests name it.
    fn number_entry(
        &mut self,
        link: &Link,
        owner: &Address,
        bridge: &str,
        number: &str,
        id: Option<u64>,
    ) -> Option<(SmolStr, BodyValue)> {
        let (key, value) = match link.number()? {
            NumberParameter::E164(key) => (key, Value::from(self.service_spelling(bridge, number))),
            NumberParameter::Id(key) => {
                if id.is_none() {
                    self.nameless.insert((owner.clone(), number.to_owned()));
                }
                (key, id.map_or(Value::Null, Value::from))
            }
        };
        Some((key.into(), BodyValue::Value(value.into())))
    }

    /// A number as the service spells it: on this bridge, in its listing of numbers, on another bridge.
    fn service_spelling<'n>(&'n self, bridge: &str, number: &'n str) -> &'n str {
        let on = |bridge: &str| self.spellings.get(&(bridge.to_owned(), number.to_owned()));
        on(bridge).or_else(|| on("")).or_else(|| self.any_spelling.get(number)).map_or(number, String::as_str)
    }

    /// Adds one read of every bridge whose connections change.
    pub(super) fn add_read_backs(&mut self, account: &str, member: &str) {
        for (at, after) in std::mem::take(&mut self.after) {
            let mut waits_for = after.waits_for;
            if let ObjectRef::Step(step) = &at {
                waits_for.push(step.clone());
            }
            waits_for.sort();
            waits_for.dedup();
            self.drafts.push(UnnumberedStep {
                rank: 0,
                depth: 0,
                subject: format!("{account} {}", at.in_path()),
                turn: 0,
                step: Step {
                    id: read_back_name(account, &at),
                    phase: StepPhase::ReadBack,
                    address: after.owner,
                    call: Call::get(account, member.replace("{id}", &at.in_path())),
                    operation: StepOperation::ReadBack { bridge: at, numbers: after.numbers },
                    why: "changed connections are confirmed before anything is deleted".to_owned(),
                    waits_for: waits_for.into_iter().map(Prerequisite::Step).collect(),
                },
            });
        }
    }
}

/// Why a number is connected that this is known of.
fn connect_reason(before: &ServedBy) -> &'static str {
    match before {
        ServedBy::NotThere => "the number is not connected yet",
        ServedBy::Unserved => "nothing serves the number",
        ServedBy::By { .. } | ServedBy::Foreign { .. } => "connecting the new one replaces the connection without a gap",
        ServedBy::OneOf(_) | ServedBy::NotTold => "it is not known what serves the number; connecting it settles that",
    }
}

/// The draft name of the step that makes the object of an address.
pub(super) fn ref_of_new_object(address: &Address) -> ObjectRef {
    ObjectRef::Step(create_step_name(address))
}

/// The ids of the numbers that a new bridge includes, where they can join only at its creation; also from a bridge of the
/// account that it replaces.
pub(super) fn assignable_number_ids(
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
