//! What moves from one account to another: an object is created there and deleted here, a number is disconnected here and
//! connected there.

use std::collections::{BTreeMap, BTreeSet};

use super::Planner;
use crate::model::kind::Kind;
use crate::model::ledger::ManagedObject;
use crate::model::resource::{Account, Address, Connection, DesiredObject};
use crate::plan::account_moves::{self, CarriedAttributes, Predecessor};
use crate::plan::diagnostics::{NoticeCode, RefusalCode};
use crate::plan::impact::{NumberEffect, NumberImpact};
use crate::plan::link::left_dark_notice;
use crate::plan::matching::{MatchOutcome, Matches};
use crate::plan::removal::LeavingObject;
use crate::plan::step::{ObjectRef, Prerequisite, StepOperation};
use crate::plan::unnumbered_step::UnnumberedStep;
use crate::plan::{ChangeAction, Inputs};
use crate::services;

impl<'a> Planner<'a> {
    /// The object that an address leaves behind in another account; none when it no longer exists there.
    pub(super) fn find_predecessor(
        &mut self,
        inputs: &Inputs<'a>,
        object: &DesiredObject,
        kind: &'static Kind,
        old: &'a ManagedObject,
    ) -> Option<Predecessor<'a>> {
        let Some(from) = account_moves::find_predecessor(inputs, old, kind.name) else {
            let was = format!("{} of account {}", old.id, old.account);
            if account_moves::is_absent_from_listing(inputs, old, kind) {
                self.add_notice(object, NoticeCode::LeftAlready, None, Some(was));
            } else {
                let detail = format!("{was} is not shown; it may be deleted or only hidden");
                self.add_refusal(object, RefusalCode::GoneOrHidden, detail);
            }
            return None;
        };
        Some(from)
    }

    /// Objects that an address leaves now, or left in interrupted runs, and that still exist: in other accounts first.
    pub(super) fn objects_left(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Matches<'a>,
        object: &DesiredObject,
        kind: &'static Kind,
        entry: Option<&'a ManagedObject>,
    ) -> Vec<Predecessor<'a>> {
        let Some(entry) = entry else { return Vec::new() };
        let mut left = Vec::new();
        if entry.account != object.account {
            left.extend(self.find_predecessor(inputs, object, kind, entry));
        }
        left.extend(account_moves::find_left_behind(inputs, kind, entry));
        left.sort_by_key(|from| from.account == object.account);
        left.retain(|from| {
            let (account, id) = (from.account, &from.live.id);
            match findings.claimed.get(&(account, kind.name, id.as_str())) {
                // It is where it was before the move.
                Some(own) if **own == object.address => return false,
                Some(other) => {
                    let detail = format!("{} {id} of account {account} is left by it, and {other} claims it", kind.singular);
                    self.add_refusal(object, RefusalCode::ClaimedTwice, detail);
                    return false;
                }
                None => {}
            }
            let protected = object.prevent_delete || entry.prevent_delete;
            if account != object.account
                && let Some((code, detail)) = account_moves::rule_against_delete(inputs, account, from.kind, from.live, protected)
            {
                let detail = format!("moving it deletes {id} in account {account}: {detail}");
                self.add_refusal(object, code, detail);
            }
            true
        });
        for gone in entry.left_behind.iter().filter(|left| !inputs.desired.accounts.contains_key(&left.account)) {
            let what = format!("{} of account {}, which an earlier move left, may still be there", gone.id, gone.account);
            self.add_notice(object, NoticeCode::AccountGone, None, Some(what));
        }
        left
    }

    /// The object that an address leaves is deleted when everything that replaces it exists. `moves`: whether it moves in this
    /// run.
    pub(super) fn add_leaving(&mut self, object: &'a DesiredObject, from: Predecessor<'a>, heir: ObjectRef, moves: bool) {
        let (account, id, singular) = (from.account, &from.live.id, from.kind.singular);
        let across = account != object.account;
        self.leaving.push(LeavingObject {
            address: &object.address,
            account,
            kind: from.kind,
            live: from.live,
            replacement: Some(heir),
            to_other_account: across,
            reason: if across { format!("moved from account {account}") } else { "replaced".to_owned() },
        });
        if across {
            self.moved.entry(&object.address).or_default().push(from);
        }
        if !self.changes.contains_key(&object.address) {
            self.add_change(object, ChangeAction::Replace, None, Vec::new(), None);
        }
        let Some(change) = self.changes.get_mut(&object.address) else { return };
        let reason = if across && !moves {
            format!("an earlier move was not finished: {singular} {id} of account {account} is still there")
        } else if across {
            format!(
                "it moves from account {account} to account {}: its numbers move, then {singular} {id} of account {account} is deleted",
                object.account
            )
        } else if self.undoes {
            format!("it is {singular} {} again, and {id} is deleted", object.id.as_deref().unwrap_or_default())
        } else {
            format!("an earlier replacement was not finished: {singular} {id} is still there")
        };
        let replaces = change.action == ChangeAction::Replace && change.id.is_some();
        change.action = ChangeAction::Replace;
        match (&mut change.reason, across && replaces) {
            // A replacement here, or a move from yet another account: left by earlier runs.
            (Some(known), true) => {
                change.also_leaves.push(account.to_owned());
                known.push_str(&format!(
                    "; an earlier move was not finished: {singular} {id} of account {account} is still there"
                ));
            }
            (slot, _) => {
                if across {
                    change.from_account = Some(account.to_owned());
                    change.id = Some(id.clone());
                }
                change.id.get_or_insert_with(|| id.clone());
                *slot = Some(reason);
            }
        }
    }

    /// The desired object with what its predecessor shows, and a notice about attributes that cannot be read.
    pub(super) fn carry_over_attributes(
        &mut self,
        object: &DesiredObject,
        kind: &'static Kind,
        from: Predecessor<'_>,
    ) -> DesiredObject {
        let CarriedAttributes { object: heir, carried, lost, unknown } = account_moves::carry_over_attributes(object, kind, from);
        if !carried.is_empty() {
            self.add_notice(object, NoticeCode::CarriedOver, None, Some(carried.join(", ")));
        }
        for attribute in lost {
            self.add_notice(object, NoticeCode::NotCarriedOver, Some(attribute), Some(from.live.id.clone()));
        }
        for attribute in unknown {
            self.add_notice(object, NoticeCode::NotKnown, Some(&attribute), Some(from.live.id.clone()));
        }
        heir
    }

    /// The numbers of a bridge that moves and does not declare them: those that move with it, and those that it already has
    /// there.
    pub(super) fn numbers_taken_along(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Matches<'a>,
        account: &Account,
        object: &DesiredObject,
        finding: &MatchOutcome<'a>,
        connections: &[Connection],
    ) -> Option<BTreeMap<String, (Address, ObjectRef)>> {
        let moved = self.moved.get(&object.address)?;
        let mut numbers: BTreeMap<String, (Address, ObjectRef)> =
            moved.iter().flat_map(|from| self.numbers_of_moving_configurations(inputs, object, *from)).collect();
        if let MatchOutcome::Live(live) = finding {
            numbers.extend(self.carried_over_numbers(inputs, findings, account, object, &live.id, connections));
        }
        Some(numbers)
    }

    /// A bridge that moves and does not declare its numbers takes along those whose configurations move with it.
    fn numbers_of_moving_configurations(
        &self,
        inputs: &Inputs<'a>,
        object: &DesiredObject,
        from: Predecessor<'a>,
    ) -> BTreeMap<String, (Address, ObjectRef)> {
        let read = inputs.live.accounts.get(from.account).and_then(|live| live.connections.as_deref());
        let here = read.unwrap_or_default().iter().filter(|connection| connection.bridge == from.live.id);
        let along = here.filter_map(|connection| {
            let id = connection.served_by.id()?;
            let gone = self.leaving.iter().find(|gone| gone.has_identity(from.account, id) && gone.to_other_account)?;
            let account = inputs.desired.objects.get(gone.address).map(|object| &object.account);
            let heir = gone.replacement.clone().filter(|_| account == Some(&object.account))?;
            Some((connection.number.clone(), (gone.address.clone(), heir)))
        });
        along.collect()
    }

    /// A number that is disconnected in one account and connected in another moves like any other: it is disconnected first,
    /// and not before its new configuration exists.
    pub(super) fn order_numbers_across_accounts(&mut self) {
        let numbers = steps_by_number(&self.drafts);
        for wires in numbers.values() {
            let (cuts, joins) = wires.across_accounts();
            if !cuts.is_empty() && !joins.is_empty() {
                self.cut_before(&cuts, &joins);
            }
        }
        self.mark_moved_across_accounts(&numbers);
    }

    fn cut_before(&mut self, cuts: &[usize], joins: &[usize]) {
        let id = |at: &usize| self.drafts[*at].step.id.clone();
        let cut_steps: Vec<String> = cuts.iter().map(id).collect();
        let made = |at: &usize| match &self.drafts[*at].step.operation {
            StepOperation::Connect { bridge, provider, .. } => [bridge.clone(), provider.clone()],
            _ => unreachable!("these are connects"),
        };
        let needed = joins.iter().flat_map(made).filter_map(|at| match at {
            ObjectRef::Step(step) => Some(step),
            ObjectRef::Id(_) => None,
        });
        let needed: Vec<String> = needed.collect();
        let subject = cuts.iter().map(|at| self.drafts[*at].subject.clone()).max();
        for (at, waits) in cuts.iter().map(|at| (at, &needed)).chain(joins.iter().map(|at| (at, &cut_steps))) {
            let step = &mut self.drafts[*at].step;
            step.waits_for.extend(waits.iter().cloned().map(Prerequisite::Step));
            step.waits_for.sort();
            step.waits_for.dedup();
        }
        for at in joins {
            if let Some(subject) = &subject {
                self.drafts[*at].subject.clone_from(subject);
            }
        }
    }

    /// A number that goes dark in one account and is connected in another has moved.
    fn mark_moved_across_accounts(&mut self, numbers: &BTreeMap<String, NumberSteps>) {
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, impact) in self.impact.iter().enumerate() {
            places.entry(&impact.number).or_default().push(place);
        }
        let mut moved: BTreeMap<usize, Option<NumberImpact>> = BTreeMap::new();
        for (number, wires) in numbers {
            let of = |effect: NumberEffect, without: &BTreeMap<String, Vec<usize>>| {
                let all = places.get(number.as_str()).into_iter().flatten().map(|place| (*place, &self.impact[*place]));
                let mut found: Vec<(usize, &NumberImpact)> =
                    all.filter(|(_, it)| it.effect == effect && !without.contains_key(&it.account)).collect();
                found.sort_by(|(_, a), (_, b)| a.account.cmp(&b.account));
                found
            };
            let dark = of(NumberEffect::Dark, &wires.connects);
            for ((dark_place, dark), (place, connects)) in dark.into_iter().zip(of(NumberEffect::Connects, &wires.cuts)) {
                let mut from = dark.from.clone();
                if let Some(from) = &mut from {
                    from.account = Some(dark.account.clone());
                }
                let dark_steps = u32::from(wires.cuts.contains_key(&dark.account));
                let both = NumberImpact { effect: NumberEffect::Moves, from, dark_steps, ..connects.clone() };
                moved.extend([(dark_place, None), (place, Some(both))]);
            }
        }
        let all = std::mem::take(&mut self.impact).into_iter().enumerate();
        self.impact = all.filter_map(|(place, impact)| moved.remove(&place).unwrap_or(Some(impact))).collect();
    }

    /// Numbers that an earlier run left dark, in an account that was removed from the YAML: nothing else would report them.
    pub(super) fn note_left_dark_elsewhere(&mut self, inputs: &Inputs<'a>) {
        let connected: BTreeSet<&str> = self.drafts.iter().filter_map(|draft| connected_number(draft)).collect();
        let named = |detail: &Option<String>| {
            let number = detail.as_deref().and_then(|detail| detail.split(' ').next());
            number.is_some_and(|number| connected.contains(number))
        };
        self.remarks.notices.retain(|notice| notice.code != NoticeCode::LeftDark || !named(&notice.detail));
        for open in &inputs.ledger.moves {
            if !inputs.desired.accounts.contains_key(&open.account) && !connected.contains(open.number.as_str()) {
                let mut roles = services::tables().iter().filter_map(|service| service.link_roles());
                let of = |kind: &&str| inputs.ledger.address_of(&open.account, kind, &open.provider);
                let owner: Option<&Address> = roles.find_map(|roles| roles.targets.iter().find_map(of));
                self.remarks.notices.push(left_dark_notice(open, owner));
            }
        }
    }
}

fn connected_number(draft: &UnnumberedStep) -> Option<&str> {
    match &draft.step.operation {
        StepOperation::Connect { number, .. } => Some(number),
        _ => None,
    }
}

/// The drafts that disconnect and connect one number, by account.
#[derive(Default)]
struct NumberSteps {
    cuts: BTreeMap<String, Vec<usize>>,
    connects: BTreeMap<String, Vec<usize>>,
}

impl NumberSteps {
    /// Disconnects in accounts that do not connect it again, connects in accounts that have not disconnected it.
    fn across_accounts(&self) -> (Vec<usize>, Vec<usize>) {
        let only = |of: &BTreeMap<String, Vec<usize>>, without: &BTreeMap<String, Vec<usize>>| {
            let own = of.iter().filter(|(account, _)| !without.contains_key(*account));
            own.flat_map(|(_, at)| at.iter().copied()).collect()
        };
        (only(&self.cuts, &self.connects), only(&self.connects, &self.cuts))
    }
}

fn steps_by_number(drafts: &[UnnumberedStep]) -> BTreeMap<String, NumberSteps> {
    let mut all: BTreeMap<String, NumberSteps> = BTreeMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        let account = draft.step.call.account.clone();
        match &draft.step.operation {
            StepOperation::Connect { number, .. } => {
                all.entry(number.clone()).or_default().connects.entry(account).or_default().push(at);
            }
            StepOperation::Disconnect { number, .. } => {
                all.entry(number.clone()).or_default().cuts.entry(account).or_default().push(at);
            }
            _ => {}
        }
    }
    all
}
