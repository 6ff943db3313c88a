//! Numbers that are entries of their own: the connections that they own, and those that they leave.

use std::collections::{BTreeMap, BTreeSet};

use super::Planner;
use super::links::served_label;
use crate::model::ledger::ManagedObject;
use crate::model::resource::{Account, Address, Connection, NumberEntry, Removal, ServedBy};
use crate::model::value::CompactValue;
use crate::plan::change::{AttributeChange, Change, ChangeAction, ShownValue};
use crate::plan::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use crate::plan::link::{LinkInputs, LinkPlan};
use crate::plan::matching::{MatchOutcome, Matches};
use crate::plan::removal::DESTROYED;
use crate::plan::selection::Selection;
use crate::plan::step::{ObjectRef, StepOperation};
use crate::plan::{Inputs, LedgerUpdate};
use crate::services;

/// Why a number is cut that no entry wants any more.
const NO_LONGER_WANTED: &str = "managed before, and no longer in the configuration";

/// Connections that are cut because of an entry: bridge and number to the address of the entry.
pub(super) type LeavingNumbers = BTreeMap<(String, String), Address>;

/// The entries of this run that connect numbers in an account, by their bridge.
pub(super) fn entries_by_bridge<'a>(
    inputs: &Inputs<'a>,
    selection: &Selection,
    account: &Account,
) -> BTreeMap<&'a Address, Vec<&'a NumberEntry>> {
    let mut entries: BTreeMap<&Address, Vec<&NumberEntry>> = BTreeMap::new();
    let all = inputs.desired.number_entries.values().filter(|_| !inputs.options.destroy);
    for entry in all.filter(|entry| entry.account == account.name && selection.includes(&entry.address)) {
        entries.entry(&entry.bridge).or_default().push(entry);
    }
    entries
}

/// The bridge that the ledger has for a number.
pub(super) fn recorded_bridge<'l>(address: &Address, known: &'l ManagedObject) -> Option<&'l str> {
    known.key.get(services::link_entry(&address.kind)?.1.holder)?.as_str()
}

/// What is looked at to find the numbers that leave.
struct AccountNumbers<'p, 'a> {
    inputs: &'p Inputs<'a>,
    account: &'p Account,
    connections: BTreeMap<(&'p str, &'p str), &'p Connection>,
    /// Numbers in the map of some bridge.
    in_maps: BTreeSet<&'a str>,
}

impl<'a> Planner<'a> {
    /// A refusal about an entry, at its line.
    pub(super) fn refuse_entry(&mut self, entry: &NumberEntry, code: RefusalCode, detail: String) {
        let place = Some(entry.wanted.location.to_string());
        let refusal = PlanRefusal::about(code, &entry.account, &entry.address, detail);
        self.remarks.refusals.push(PlanRefusal { place, ..refusal });
    }

    /// The numbers that entries leave in an account: their entry is gone or removed, or has another bridge now.
    pub(super) fn leaving_numbers(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Matches<'a>,
        selection: &Selection,
        account: &Account,
        connections: &[Connection],
    ) -> LeavingNumbers {
        let mut leaving = LeavingNumbers::new();
        let Some(words) = account.service.link_entry() else { return leaving };
        let desired = inputs.desired;
        let maps = desired.objects.values().filter(|object| object.account == account.name);
        let of_entries = AccountNumbers {
            inputs,
            account,
            connections: index_connections(connections),
            in_maps: maps.flat_map(|object| object.numbers.iter().flat_map(|it| it.keys())).map(String::as_str).collect(),
        };
        let known =
            inputs.ledger.objects.iter().filter(|(address, entry)| address.kind == words.kind && entry.account == account.name);
        for (address, known) in known.filter(|(address, _)| selection.includes(address)) {
            let tombstone = desired.removed.iter().find(|gone| gone.address == *address);
            match desired.number_entries.get(address) {
                Some(wanted) => self.leave_earlier_bridge(&of_entries, findings, wanted, known, &mut leaving),
                None if tombstone.is_some_and(|gone| gone.keep) => {}
                None if tombstone.is_some() || desired.kinds.contains(&address.kind) => {
                    self.leave_removed(&of_entries, address, known, tombstone, &mut leaving);
                }
                None => {}
            }
        }
        let unknown = |gone: &&Removal| gone.address.kind == words.kind && !inputs.ledger.objects.contains_key(&gone.address);
        let here = |gone: &&Removal| gone.account.as_ref().is_none_or(|name| *name == account.name) && !gone.keep;
        for gone in desired.removed.iter().filter(unknown).filter(here).filter(|gone| selection.includes(&gone.address)) {
            self.cut_without_ledger(&of_entries, gone, &mut leaving);
        }
        if inputs.options.destroy {
            for entry in
                desired.number_entries.values().filter(|it| it.account == account.name && selection.includes(&it.address))
            {
                if let Some(slug) = live_bridge(findings, entry) {
                    self.cut(&of_entries, &entry.address, (slug, &entry.number), DESTROYED.to_owned(), &mut leaving);
                }
            }
        }
        leaving
    }

    /// Marks a connection to be cut, unless nothing serves the number there.
    fn cut(
        &mut self,
        of: &AccountNumbers<'_, 'a>,
        address: &Address,
        at: (&str, &str),
        reason: String,
        leaving: &mut LeavingNumbers,
    ) -> bool {
        let there = of.connections.get(&at).is_some_and(|connection| connection.served_by != ServedBy::Unserved);
        if there {
            leaving.insert((at.0.to_owned(), at.1.to_owned()), address.clone());
            self.cut_reasons.insert(address.clone(), reason);
        }
        there
    }

    /// An entry that names another bridge than the ledger leaves the earlier one.
    fn leave_earlier_bridge(
        &mut self,
        of: &AccountNumbers<'_, 'a>,
        findings: &Matches<'a>,
        wanted: &NumberEntry,
        known: &ManagedObject,
        leaving: &mut LeavingNumbers,
    ) {
        let Some(earlier) = recorded_bridge(&wanted.address, known).filter(|_| !of.inputs.options.destroy) else { return };
        let there = of.connections.contains_key(&(earlier, wanted.number.as_str()));
        if wanted.account != known.account {
            let same = of.inputs.names_of_same_account(&known.account).contains(&wanted.account.as_str());
            if there && !same && !self.moved.contains_key(&wanted.bridge) {
                let holder = of.account.service.link_words().holder;
                let detail = format!("{} is on {holder} {earlier} of account {}", wanted.number, known.account);
                self.refuse_entry(wanted, RefusalCode::NumberElsewhere, detail);
            }
        } else if there && live_bridge(findings, wanted) != Some(earlier) {
            leaving.insert((earlier.to_owned(), wanted.number.clone()), wanted.address.clone());
        }
    }

    /// An entry that is gone from the YAML: its connection is cut, unless the map of a bridge has the number now.
    fn leave_removed(
        &mut self,
        of: &AccountNumbers<'_, 'a>,
        address: &Address,
        known: &ManagedObject,
        tombstone: Option<&Removal>,
        leaving: &mut LeavingNumbers,
    ) {
        if of.in_maps.contains(known.id.as_str()) {
            let id = Some(known.id.clone());
            self.remarks.notices.push(PlanNotice::about(NoticeCode::Released, &known.account, Some(address), id.clone()));
            let account = Some(known.account.clone());
            self.remarks.effects.push(LedgerUpdate::Release { address: address.clone(), account, id });
            return;
        }
        let reason = tombstone.map(removal_reason).unwrap_or_else(|| NO_LONGER_WANTED.to_owned());
        let bridge = recorded_bridge(address, known).unwrap_or_default();
        if !self.cut(of, address, (bridge, &known.id), reason, leaving) {
            let holder = of.account.service.link_words().holder;
            let detail = Some(format!("looked for {} on {holder} {bridge} of account {}", known.id, known.account));
            self.remarks.notices.push(PlanNotice::about(NoticeCode::AlreadyGone, &known.account, Some(address), detail));
            self.remarks.effects.push(LedgerUpdate::Drop { address: address.clone() });
        }
    }

    /// A tombstone is enough to find a number: its address is its natural key.
    fn cut_without_ledger(&mut self, of: &AccountNumbers<'_, 'a>, gone: &Removal, leaving: &mut LeavingNumbers) {
        let number = crate::text::normalize_phone_number(&gone.address.name);
        let bridge = of.connections.keys().find(|(_, other)| *other == number).map(|(bridge, _)| *bridge);
        let cut = bridge.is_some_and(|bridge| self.cut(of, &gone.address, (bridge, &number), removal_reason(gone), leaving));
        if !cut {
            let account = of.account.name.as_str();
            let holders = of.account.service.link_roles().map_or("objects", |roles| roles.holder);
            let detail = Some(format!("looked for {number} on the {holders} of account {account}"));
            self.remarks.notices.push(PlanNotice::about(NoticeCode::AlreadyGone, account, Some(&gone.address), detail));
        }
    }

    /// A change for each entry that has steps.
    pub(super) fn add_entry_changes(&mut self, inputs: &Inputs<'a>, wiring: &LinkInputs<'_>, wired: &LinkPlan) {
        let Some(words) = wiring.link.roles.entry else { return };
        let served = index_connections(wiring.connections);
        let mut own: BTreeMap<&Address, Vec<&StepOperation>> = BTreeMap::new();
        for step in wired.steps.drafts.iter().map(|draft| &draft.step) {
            if let Some(address) = step.address.as_ref().filter(|address| address.kind == words.kind) {
                own.entry(address).or_default().push(&step.operation);
            }
        }
        for (address, operations) in own {
            let (mut before, mut connects, mut number) = (None, false, "");
            for operation in operations {
                let (slug, of) = match operation {
                    StepOperation::Disconnect { bridge, number, .. } => (Some(bridge), number),
                    StepOperation::Connect { bridge, number, .. } => {
                        connects = true;
                        (if let ObjectRef::Id(slug) = bridge { Some(slug) } else { None }, number)
                    }
                    _ => continue,
                };
                number = of;
                let here = slug.and_then(|slug| served.get(&(slug.as_str(), of.as_str())).copied());
                before = before.or(here.filter(|it| it.served_by != ServedBy::Unserved));
            }
            let wanted = inputs.desired.number_entries.get(address).filter(|_| connects);
            let text = |value: Option<String>| {
                value.map_or(ShownValue::Absent, |text| ShownValue::Value(CompactValue::from(text.as_str())))
            };
            let change = |name: &str, before: Option<String>, after: Option<String>| AttributeChange {
                name: name.to_owned(),
                before: text(before),
                after: text(after),
                risky: false,
                source: None,
            };
            let mut attributes = vec![
                change(
                    words.holder,
                    before.map(|it| (wiring.bridge_name)(&it.bridge)),
                    wanted.map(|wanted| wanted.bridge.to_string()),
                ),
                change(
                    words.target,
                    before.map(|it| served_label(wiring, it)),
                    wanted.map(|wanted| wanted.wanted.provider.to_string()),
                ),
            ];
            let action = match (before, connects) {
                (Some(_), true) => ChangeAction::Update,
                (None, true) => ChangeAction::Create,
                (_, false) => ChangeAction::Delete,
            };
            if action == ChangeAction::Update {
                attributes.retain(|attribute| attribute.before != attribute.after);
            }
            let replaced =
                (connects && attributes.is_empty()).then(|| "what serves it is replaced, and it moves along".to_owned());
            let reason = self.cut_reasons.remove(address).filter(|_| !connects).or(replaced);
            let (account, id) = (wiring.account.to_owned(), (action != ChangeAction::Create).then(|| number.to_owned()));
            let (from_account, also_leaves, steps) = (None, Vec::new(), Vec::new());
            let address = address.clone();
            self.changes.insert(
                address.clone(),
                Change { address, account, from_account, also_leaves, action, id, attributes, reason, steps },
            );
        }
    }

    /// Entries whose connection is there already become managed, without a write.
    pub(super) fn adopt_entries(&mut self, inputs: &Inputs<'a>, wiring: &LinkInputs<'_>) {
        let served = index_connections(wiring.connections);
        for bridge in wiring.bridges {
            for (number, owner) in &bridge.owners {
                let Some(((_, ObjectRef::Id(provider)), ObjectRef::Id(slug))) = bridge.numbers.get(number).zip(Some(&bridge.at))
                else {
                    continue;
                };
                let here = served.get(&(slug.as_str(), number.as_str()));
                let known = inputs.ledger.objects.get(owner);
                let recorded = known
                    .is_some_and(|known| known.account == wiring.account && recorded_bridge(owner, known) == Some(slug.as_str()));
                if !recorded && here.is_some_and(|it| it.served_by.id() == Some(provider.as_str())) {
                    let id = Some(number.clone());
                    self.remarks.notices.push(PlanNotice::about(NoticeCode::Adopted, wiring.account, Some(owner), id));
                    let (address, account, id) = (owner.clone(), wiring.account.to_owned(), number.clone());
                    self.remarks.effects.push(LedgerUpdate::Adopt { address, account, id });
                }
            }
        }
    }
}

/// Connections by bridge and number.
fn index_connections(connections: &[Connection]) -> BTreeMap<(&str, &str), &Connection> {
    connections.iter().map(|it| ((it.bridge.as_str(), it.number.as_str()), it)).collect()
}

/// The live bridge of an entry.
pub(super) fn live_bridge<'a>(findings: &Matches<'a>, entry: &NumberEntry) -> Option<&'a str> {
    let found = findings.by_address.get(&entry.bridge).or(findings.existing.get(&entry.bridge))?;
    if let MatchOutcome::Live(live) = found.outcome { Some(live.id.as_str()) } else { None }
}

fn removal_reason(removal: &Removal) -> String {
    removal.reason.clone().unwrap_or_else(|| "listed under `removed`".to_owned())
}
