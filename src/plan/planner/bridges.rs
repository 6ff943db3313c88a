//! Bridges whose numbers a plan decides, and what is to serve each.

use std::collections::{BTreeMap, BTreeSet};

use super::Planner;
use super::links::target_address;
use super::number_entries::entries_by_bridge;
use crate::model::kind::{Kind, LinkRequests};
use crate::model::ledger::CreatedConnection;
use crate::model::resource::{Account, Address, DesiredNumber, DesiredObject, DesiredValue, NumberEntry, ServedBy};
use crate::plan::Inputs;
use crate::plan::connect_despite_refusal::number_attribute;
use crate::plan::diagnostics::{PlanRefusal, RefusalCode};
use crate::plan::link::PlannedBridge;
use crate::plan::link_index::connections_on;
use crate::plan::link_steps::ref_of_new_object;
use crate::plan::matching::{MatchOutcome, Matches, ObjectMatch};
use crate::plan::selection::Selection;
use crate::plan::step::ObjectRef;

/// Numbers, and what is to serve each.
type WantedNumbers = BTreeMap<String, (Address, ObjectRef)>;

impl<'a> Planner<'a> {
    /// Bridges whose numbers this plan decides: declared with numbers, or replaced and therefore moved as they are.
    pub(super) fn planned_bridges(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Matches<'a>,
        selection: &Selection,
        account: &Account,
        connections: &[crate::model::resource::Connection],
    ) -> Vec<PlannedBridge> {
        if inputs.options.destroy {
            return Vec::new();
        }
        let mut bridges = Vec::new();
        let entries = entries_by_bridge(inputs, selection, account);
        let claims = declared_numbers(inputs, selection, account, &entries);
        let declared = findings.by_address.iter().chain(&findings.existing).filter(|(_, found)| found.kind.link.is_some());
        for (address, ObjectMatch { object, outcome: finding, kind, .. }) in declared {
            let own = entries.get(*address).map_or(&[][..], Vec::as_slice);
            let included = selection.includes(address) && findings.by_address.contains_key(*address);
            if object.account != account.name || (!included && own.is_empty()) {
                continue;
            }
            let Some(at) = self.planned_place(included, address, finding, own) else { continue };
            let (mut open, mut owns_all) = (BTreeMap::new(), true);
            let mut numbers = match (&object.numbers, self.replaced.get(address)) {
                _ if !included => {
                    owns_all = false;
                    BTreeMap::new()
                }
                (Some(wanted), _) => {
                    self.refuse_numbers_not_shown(inputs, object, wanted);
                    let mut numbers = BTreeMap::new();
                    let mut failed = Vec::new();
                    for (number, DesiredNumber { provider, .. }) in wanted {
                        match self.resolve_provider(findings, selection, provider) {
                            Ok(at) => drop(numbers.insert(number.clone(), (provider.clone(), at))),
                            Err(why) => failed.push((number, provider, why)),
                        }
                    }
                    if let (MatchOutcome::Live(live), false) = (finding, self.replaced.contains_key(address)) {
                        let shown = connections_on(connections, &live.id).iter().map(|it| it.number.as_str());
                        numbers = own_numbers(object, kind, shown.collect(), numbers);
                    }
                    let whole = numbers.is_empty();
                    for (number, provider, (code, why)) in failed {
                        if whole {
                            self.add_refusal(object, code, why);
                        } else {
                            self.refuse_number(object, code, number, why);
                            open.insert(number.clone(), provider.clone());
                        }
                    }
                    if whole && !wanted.is_empty() {
                        continue;
                    }
                    numbers
                }
                (None, Some(old)) => self.carried_over_numbers(inputs, findings, account, object, &old.id, connections),
                (None, None) if matches!(finding, MatchOutcome::New) && !freed_for_bridge(inputs, object, kind).is_empty() => {
                    let here = freed_for_bridge(inputs, object, kind).into_iter();
                    let of = |open: &CreatedConnection| {
                        let name = target_address(inputs, findings, account, &open.provider);
                        (open.number.clone(), (name, ObjectRef::Id(open.provider.clone())))
                    };
                    here.map(of).collect()
                }
                (None, None) => match self.numbers_taken_along(inputs, findings, account, object, finding, connections) {
                    Some(numbers) => numbers,
                    None if own.is_empty() => continue,
                    None => {
                        owns_all = false;
                        BTreeMap::new()
                    }
                },
            };
            // What another bridge of this run declares goes there, and does not move along as well.
            let elsewhere = |number: &str| claims.get(number).is_some_and(|bridge| bridge != address);
            numbers.retain(|number, _| !elsewhere(number));
            let mut owners = BTreeMap::new();
            for entry in own {
                self.refuse_entry_not_shown(inputs, entry);
                match self.resolve_provider(findings, selection, &entry.wanted.provider) {
                    Ok(provider) => {
                        numbers.insert(entry.number.clone(), (entry.wanted.provider.clone(), provider));
                        if !owns_all {
                            owners.insert(entry.number.clone(), entry.address.clone());
                        }
                    }
                    Err((code, why)) => self.refuse_entry(entry, code, why),
                }
            }
            let mut idle = object.unserved_numbers.clone();
            if let Some(old) = self.replaced.get(address).filter(|_| joins_only_on_create(kind)) {
                let all = object.numbers.is_none();
                let on = connections_on(connections, &old.id).iter();
                let on = on.filter(|it| all || it.served_by == ServedBy::Unserved);
                idle.extend(on.map(|it| it.number.clone()).filter(|number| !numbers.contains_key(number) && !elsewhere(number)));
            }
            bridges.push(PlannedBridge {
                address: (*address).clone(),
                at,
                numbers,
                undecided: open,
                unserved: idle,
                owns_all,
                owners,
            });
        }
        bridges
    }

    /// The bridge as it is, or the step that creates it. Where neither is known, the entries that need it are refused.
    fn planned_place(
        &mut self,
        included: bool,
        address: &Address,
        finding: &MatchOutcome<'a>,
        entries: &[&NumberEntry],
    ) -> Option<ObjectRef> {
        let (code, why) = match finding {
            MatchOutcome::Live(_) if self.replaced.contains_key(address) => return Some(ref_of_new_object(address)),
            MatchOutcome::Live(live) => return Some(ObjectRef::Id(live.id.clone())),
            MatchOutcome::New if included => return Some(ref_of_new_object(address)),
            MatchOutcome::New => needs_excluded(address),
            MatchOutcome::Hidden | MatchOutcome::Blocked => needs_unknown(address),
        };
        for entry in entries {
            self.refuse_entry(entry, code, why.clone());
        }
        None
    }

    /// An entry under a name that only the service may assign, and that it does not show.
    fn refuse_entry_not_shown(&mut self, inputs: &Inputs<'a>, entry: &NumberEntry) {
        let live = inputs.live.accounts.get(&entry.account);
        if entry.wanted.as_shown && live.is_none_or(|live| !live.numbers.contains_key(&entry.number)) {
            let detail = format!("{} is not a phone number in E.164 form, and the service shows no such number", entry.number);
            self.refuse_entry(entry, RefusalCode::NumberNotShown, detail);
        }
    }

    /// Numbers under a name that only the service may assign, and that it does not show.
    fn refuse_numbers_not_shown(
        &mut self,
        inputs: &Inputs<'a>,
        bridge: &DesiredObject,
        wanted: &BTreeMap<String, DesiredNumber>,
    ) {
        let live = inputs.live.accounts.get(&bridge.account);
        let odd = wanted.iter().filter(|(_, wanted)| wanted.as_shown);
        for (number, wanted) in odd.filter(|(number, _)| live.is_none_or(|live| !live.numbers.contains_key(*number))) {
            let detail = format!("{number} is not a phone number in E.164 form, and the service shows no such number");
            self.remarks.refusals.push(PlanRefusal {
                code: RefusalCode::NumberNotShown,
                account: bridge.account.clone(),
                addresses: BTreeSet::from([bridge.address.clone()]),
                attribute: Some(number_attribute(number)),
                detail,
                place: Some(wanted.location.to_string()),
            });
        }
    }

    /// What is to serve a number: an existing object, or the step that creates it. The error says why neither is known.
    fn resolve_provider(
        &self,
        findings: &Matches<'a>,
        selection: &Selection,
        address: &Address,
    ) -> Result<ObjectRef, (RefusalCode, String)> {
        let unknown = || needs_unknown(address);
        let found = findings.by_address.get(address).or(findings.existing.get(address));
        match found.ok_or_else(unknown)?.outcome {
            MatchOutcome::Live(_) if self.replaced.contains_key(address) => Ok(ref_of_new_object(address)),
            MatchOutcome::Live(live) => Ok(ObjectRef::Id(live.id.clone())),
            MatchOutcome::New if selection.includes(address) => Ok(ref_of_new_object(address)),
            MatchOutcome::New => Err(needs_excluded(address)),
            MatchOutcome::Hidden | MatchOutcome::Blocked => Err(unknown()),
        }
    }

    /// A refusal about one number of a bridge.
    fn refuse_number(&mut self, bridge: &DesiredObject, code: RefusalCode, number: &str, detail: String) {
        self.add_refusal(bridge, code, detail);
        if let Some(refusal) = self.remarks.refusals.last_mut() {
            refusal.attribute = Some(number_attribute(number));
        }
    }

    /// A replaced bridge that does not declare its numbers keeps them.
    pub(super) fn carried_over_numbers(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Matches<'a>,
        account: &Account,
        object: &DesiredObject,
        slug: &str,
        connections: &[crate::model::resource::Connection],
    ) -> BTreeMap<String, (Address, ObjectRef)> {
        let mut numbers = BTreeMap::new();
        for connection in connections_on(connections, slug) {
            match connection.served_by.id() {
                Some(id) if matches!(connection.served_by, ServedBy::Foreign { .. }) => self.refuse_number(
                    object,
                    RefusalCode::ForeignObject,
                    &connection.number,
                    format!(
                        "{} cannot move along: the {} that serves it, {id}, belongs to another organization or to none",
                        connection.number,
                        account.service.link_words().target
                    ),
                ),
                Some(id) if self.leaving.iter().any(|gone| gone.has_identity(&account.name, id)) => {
                    // It is deleted in the same plan: its replacement serves the number, or nothing does.
                    let gone = self.leaving.iter().find(|gone| gone.has_identity(&account.name, id));
                    if let Some((address, heir)) = gone.and_then(|gone| Some((gone.address, gone.replacement.clone()?))) {
                        numbers.insert(connection.number.clone(), (address.clone(), heir));
                    }
                }
                Some(id) => {
                    let name = target_address(inputs, findings, account, id);
                    numbers.insert(connection.number.clone(), (name, ObjectRef::Id(id.to_owned())));
                }
                None if connection.served_by == ServedBy::Unserved => {}
                None => self.refuse_number(
                    object,
                    RefusalCode::AmbiguousConnection,
                    &connection.number,
                    format!("{} cannot move along: it is not known what serves it", connection.number),
                ),
            }
        }
        numbers
    }
}

/// The numbers that bridges of this run declare, each with its bridge.
fn declared_numbers<'i>(
    inputs: &Inputs<'i>,
    selection: &Selection,
    account: &Account,
    entries: &BTreeMap<&'i Address, Vec<&'i NumberEntry>>,
) -> BTreeMap<&'i str, &'i Address> {
    let bridges = inputs.desired.objects.values().filter(|it| it.account == account.name && selection.includes(&it.address));
    let stated = bridges.flat_map(|it| it.numbers.iter().flatten().map(|(number, _)| (number.as_str(), &it.address)));
    let entries = entries.values().flatten().map(|entry| (entry.number.as_str(), &entry.bridge));
    stated.chain(entries).collect()
}

/// The numbers of an object that is its own holder, as it shows its number: what the YAML states of another number is not done to
/// it. Where the YAML ignores the number's attribute, its entry is about the number that is shown.
fn own_numbers(object: &DesiredObject, kind: &Kind, shown: BTreeSet<&str>, mut wanted: WantedNumbers) -> WantedNumbers {
    let Some(LinkRequests::PatchMember { number: attribute, .. }) = kind.link.map(|link| link.requests) else { return wanted };
    if object.ignored_attributes.contains(attribute) {
        let targets = std::mem::take(&mut wanted).into_values();
        return shown.into_iter().map(str::to_owned).zip(targets).collect();
    }
    wanted.retain(|number, _| shown.contains(number.as_str()));
    wanted
}

/// Whether numbers join a bridge of this kind only when it is created.
fn joins_only_on_create(kind: &Kind) -> bool {
    kind.link.is_some_and(|link| link.assigned_on_create.is_some())
}

/// Numbers that an earlier run freed for a bridge that was then not created.
pub(super) fn freed_for_bridge<'a>(inputs: &Inputs<'a>, object: &DesiredObject, kind: &Kind) -> Vec<&'a CreatedConnection> {
    let Some(link) = kind.link.filter(|_| joins_only_on_create(kind)) else { return Vec::new() };
    let Some(DesiredValue::Value(id)) = object.attributes.get(kind.id) else { return Vec::new() };
    let there = |open: &CreatedConnection| {
        let targets = link.roles.targets.iter().flat_map(|kind| inputs.live_objects(&open.account, kind));
        targets.into_iter().any(|live| live.id == open.provider)
    };
    let all = inputs.ledger.moves.iter().filter(|open| open.account == object.account);
    all.filter(|open| id.as_str() == Some(&open.bridge) && object.numbers.is_none() && there(open)).collect()
}

/// Why something that needs this address is refused, where a limit of the run leaves that out.
fn needs_excluded(address: &Address) -> (RefusalCode, String) {
    (RefusalCode::DependencyExcluded, format!("it needs {address}, which does not exist and is not part of this run"))
}

/// The same where it is not known which live object the address is.
fn needs_unknown(address: &Address) -> (RefusalCode, String) {
    (RefusalCode::DependencyUnknown, format!("it needs {address}, but it is not known which live object that is"))
}
