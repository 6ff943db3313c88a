//! Numbers: which configuration shall serve which, and what has to be cut for it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cuts, Planner, strangers};
use crate::kind::Kind;
use crate::plan::Inputs;
use crate::plan::change::{Action, AttributeChange, Change, Shown};
use crate::plan::draft::delete_name;
use crate::plan::find::Findings;
use crate::plan::link::{Leaving, Wired, Wiring};
use crate::plan::note::{Refusal, RefusalCode};
use crate::plan::removal::LeavingObject;
use crate::plan::select::Selection;
use crate::plan::step::Ref;
use crate::resource::{Account, Address, Spellings, Target, owned_by};
use crate::value::Value;

static NONE_UNSEEN: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
static NONE_SPELLED: Spellings = Spellings::new();
static EMPTY: BTreeMap<String, crate::resource::LiveNumber> = BTreeMap::new();

impl<'a> Planner<'a> {
    pub(super) fn wire(&mut self, inputs: &Inputs<'a>, findings: &Findings<'a>, selection: &Selection) {
        for account in inputs.desired.accounts.values() {
            let Some((kind, link)) =
                account.backend.kinds.iter().filter_map(|kind| kind.link.map(|link| (*kind, link))).find(
                    |(kind, _)| {
                        kind.generation.is_none() || kind.generation == inputs.facts(&account.name).generation
                    },
                )
            else {
                self.unread(inputs, account);
                continue;
            };
            let live = inputs.live.accounts.get(&account.name);
            let read = live.and_then(|live| live.connections.as_deref());
            if read.is_none() {
                // Nothing is known of its numbers, so nothing is decided about them, moves that are open included.
                self.unread(inputs, account);
                continue;
            }
            // In which order a service lists its bridges must not show in the plan.
            let mut connections = read.unwrap_or_default().to_vec();
            connections.sort_by(|a, b| (&a.bridge, &a.number).cmp(&(&b.bridge, &b.number)));
            let leaving: BTreeMap<String, Address> = self
                .leaving_in(account, |kind| kind.connected)
                .map(|(id, gone)| (id, gone.address.clone()))
                .collect();
            let label = |id: &str| {
                leaving.get(id).map_or_else(|| label(inputs, findings, account, id), ToString::to_string)
            };
            let wiring = Wiring {
                account: &account.name,
                link,
                can_disconnect: link.can_disconnect || account.switches.contains("disconnect_works"),
                connections: &connections,
                unseen: live.map_or(&NONE_UNSEEN, |live| &live.unseen),
                numbers: live.map_or(&EMPTY, |live| &live.numbers),
                spellings: live.map_or(&NONE_SPELLED, |live| &live.spellings),
                bridges: self.bridges(inputs, findings, selection, account, &connections),
                leaving_bridges: self
                    .leaving_in(account, |kind| kind.link.is_some())
                    .map(|(id, gone)| (id, gone.address.clone()))
                    .collect(),
                leaving: self
                    .leaving_in(account, |kind| kind.connected)
                    .map(|(id, gone)| (id, Leaving { address: gone.address.clone(), heir: gone.successor() }))
                    .collect(),
                unreadable: live
                    .and_then(|live| live.unreadable.get(kind.name))
                    .map(|all| all.keys().map(String::as_str).collect())
                    .unwrap_or_default(),
                label: &label,
                foreign_bridges: inputs
                    .live
                    .accounts
                    .get(&account.name)
                    .and_then(|live| live.foreign.get(kind.name))
                    .map(|foreign| foreign.keys().map(String::as_str).collect())
                    .unwrap_or_default(),
                moves: inputs.ledger.moves.iter().filter(|open| open.account == account.name).collect(),
                slugs: inputs
                    .live_objects(&account.name, kind.name)
                    .iter()
                    .map(|bridge| bridge.id.as_str())
                    .collect(),
                configurations: inputs
                    .live_objects(&account.name, "providers")
                    .iter()
                    .map(|live| live.id.as_str())
                    .collect(),
            };
            let mut wired = wiring.decide();
            self.show_numbers(&wiring, &wired, inputs);
            strangers::notices(findings, account, kind, &wiring, &mut wired);
            wired.steps.read_back(&account.name, kind.member);
            self.note_cuts(account, &mut wired, &connections);
        }
    }

    /// A delete of something that numbers use needs to know the connections.
    fn unread(&mut self, inputs: &Inputs<'a>, account: &Account) {
        if inputs.live.accounts.get(&account.name).is_some_and(|live| live.unlinked.is_some()) {
            return; // Refused already, with the reason.
        }
        let addresses: Vec<Address> =
            self.leaving_in(account, |kind| kind.connected).map(|(_, gone)| gone.address.clone()).collect();
        for address in addresses {
            self.refusals.push(Refusal {
                code: RefusalCode::AmbiguousConnection,
                account: account.name.clone(),
                address: Some(address),
                attribute: None,
                detail: "the bridges were not read, so nobody knows which numbers use it".to_owned(),
                place: None,
            });
        }
    }

    fn leaving_in<'s>(
        &'s self,
        account: &'s Account,
        of: impl Fn(&Kind) -> bool + 's,
    ) -> impl Iterator<Item = (String, &'s LeavingObject<'a>)> + 's {
        self.leaving
            .iter()
            .filter(move |gone| gone.account == account.name && of(gone.kind))
            .map(|gone| (gone.live.id.clone(), gone))
    }

    /// Declared numbers as an attribute of their bridge, where something about them changes.
    fn show_numbers(&mut self, wiring: &Wiring<'_>, wired: &Wired, inputs: &Inputs<'a>) {
        let touched: BTreeSet<&Address> =
            wired.steps.drafts.iter().filter_map(|draft| draft.step.address.as_ref()).collect();
        for bridge in &wiring.bridges {
            let object = &inputs.desired.objects[&bridge.address];
            // What only a create takes along is shown with the create.
            let idle = bridge.idle.iter().filter(|_| matches!(bridge.at, Ref::Step(_)));
            let idle: Vec<&String> = idle.collect();
            if !touched.contains(&bridge.address) && idle.is_empty() {
                continue;
            }
            let before: serde_json::Map<String, Value> = wiring
                .connections
                .iter()
                .filter(|connection| matches!(&bridge.at, Ref::Id(slug) if *slug == connection.bridge))
                .map(|connection| {
                    let served = match (&connection.target, connection.target.id()) {
                        (Target::Foreign { id, owner }, _) => {
                            format!("configuration {id} of {}", owned_by(owner.as_deref()))
                        }
                        (_, Some(id)) => (wiring.label)(id),
                        (target, None) => target.word().to_owned(),
                    };
                    (connection.number.clone(), Value::from(served))
                })
                .collect();
            let after: serde_json::Map<String, Value> = bridge
                .numbers
                .iter()
                .map(|(number, (name, _))| (number.clone(), Value::from(name.to_string())))
                .chain(
                    bridge.open.iter().map(|(number, name)| (number.clone(), Value::from(name.to_string()))),
                )
                .chain(idle.into_iter().map(|number| (number.clone(), Value::from(Target::Unserved.word()))))
                .collect();
            let attribute = AttributeChange {
                name: "numbers".to_owned(),
                before: if before.is_empty() { Shown::Absent } else { Shown::Value(Value::Object(before)) },
                after: Shown::Value(Value::Object(after)),
                risky: false,
            };
            match self.changes.get_mut(&bridge.address) {
                Some(change) => change.attributes.push(attribute),
                None => {
                    let id = if let Ref::Id(id) = &bridge.at { Some(id.clone()) } else { None };
                    self.change(object, Action::Update, id, vec![attribute], None);
                }
            }
        }
    }

    /// A change for every object that has steps and no change of its own: a number that an earlier run left dark.
    fn changes_of_links(&mut self, account: &Account) {
        let owners: BTreeSet<Address> =
            self.drafts.iter().filter_map(|draft| draft.step.address.clone()).collect();
        for address in owners {
            let leaving = self.leaving.iter().any(|gone| *gone.address == address);
            if !leaving && !self.changes.contains_key(&address) {
                let change = Change {
                    address: address.clone(),
                    account: account.name.clone(),
                    from_account: None,
                    also_leaves: Vec::new(),
                    action: Action::Update,
                    id: None,
                    attributes: Vec::new(),
                    reason: Some(
                        "an earlier run cut a number off to move it and did not finish: it is connected now"
                            .to_owned(),
                    ),
                    steps: Vec::new(),
                };
                self.changes.insert(address, change);
            }
        }
    }

    /// Takes over what was decided, and remembers which connections each delete relies on.
    fn note_cuts(
        &mut self,
        account: &Account,
        wired: &mut Wired,
        connections: &[crate::resource::Connection],
    ) {
        self.drafts.append(&mut wired.steps.drafts);
        self.refusals.append(&mut wired.refusals);
        self.notices.append(&mut wired.notices);
        self.impact.append(&mut wired.impact);
        self.effects.append(&mut wired.effects);
        self.changes_of_links(account);
        let gone: Vec<&LeavingObject<'a>> =
            self.leaving.iter().filter(|gone| gone.account == account.name).collect();
        let slugs: BTreeSet<&str> =
            gone.iter().filter(|gone| gone.kind.link.is_some()).map(|gone| gone.live.id.as_str()).collect();
        for gone in &gone {
            let id = gone.live.id.as_str();
            let cut = if gone.kind.link.is_some() { &wired.emptied } else { &wired.relieved };
            let cut = cut.get(id).cloned().unwrap_or_default();
            let freed_by: Vec<String> = connections
                .iter()
                .filter(|connection| {
                    gone.kind.connected
                        && connection.target.may_be(id)
                        && slugs.contains(connection.bridge.as_str())
                })
                .map(|connection| delete_name(&account.name, "bridges", &connection.bridge))
                .collect();
            let frees = wired.freed.get(id).cloned().unwrap_or_default();
            let seats = wired.seats.get(id).cloned().unwrap_or_default();
            self.cuts.push(Cuts {
                delete: delete_name(&account.name, gone.kind.name, id),
                cut,
                freed_by,
                frees,
                seats,
            });
        }
    }
}

/// The address that claims a configuration, or its id for people.
pub(super) fn label(inputs: &Inputs<'_>, findings: &Findings<'_>, account: &Account, id: &str) -> String {
    let address = findings
        .claimed
        .get(&(account.name.as_str(), "providers", id))
        .copied()
        .or_else(|| inputs.ledger.address_of(&account.name, "providers", id));
    address.map_or_else(|| format!("configuration {id}"), ToString::to_string)
}
