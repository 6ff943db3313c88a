//! What moves from one account to another: an object is made there and deleted here, a number is cut here and connected there.

use std::collections::{BTreeMap, BTreeSet};

use super::Planner;
use crate::kind::Kind;
use crate::ledger::Entry;
use crate::plan::across::{self, Inherited, Predecessor};
use crate::plan::draft::Draft;
use crate::plan::find::{Finding, Findings};
use crate::plan::impact::{Effect, NumberImpact};
use crate::plan::link::left_dark;
use crate::plan::note::{NoticeCode, RefusalCode};
use crate::plan::removal::LeavingObject;
use crate::plan::step::{Operation, Ref};
use crate::plan::{Action, Inputs};
use crate::resource::{Account, Address, Connection, DesiredObject};

impl<'a> Planner<'a> {
    /// The object that an address leaves behind in another account; none when nothing is left of it there.
    pub(super) fn predecessor(
        &mut self,
        inputs: &Inputs<'a>,
        object: &DesiredObject,
        kind: &'static Kind,
        old: &'a Entry,
    ) -> Option<Predecessor<'a>> {
        let Some(from) = across::predecessor(inputs, old, kind.name) else {
            let was = format!("{} of account {}", old.id, old.account);
            if across::gone(inputs, old, kind) {
                self.note(object, NoticeCode::LeftAlready, None, Some(was));
            } else {
                let detail = format!("{was} is not to be seen; it may be gone or only hidden");
                self.refuse(object, RefusalCode::GoneOrHidden, detail);
            }
            return None;
        };
        Some(from)
    }

    /// What an address leaves now, or left in runs that were cut off, and that is still there: in other accounts first.
    pub(super) fn left(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Findings<'a>,
        object: &DesiredObject,
        kind: &'static Kind,
        entry: Option<&'a Entry>,
    ) -> Vec<Predecessor<'a>> {
        let Some(entry) = entry else { return Vec::new() };
        let mut left = Vec::new();
        if entry.account != object.account {
            left.extend(self.predecessor(inputs, object, kind, entry));
        }
        left.extend(across::left_behind(inputs, kind, entry));
        left.sort_by_key(|from| from.account == object.account);
        left.retain(|from| {
            let (account, id) = (from.account, &from.live.id);
            match findings.claimed.get(&(account, kind.name, id.as_str())) {
                // It is where it was before it left.
                Some(own) if **own == object.address => return false,
                Some(other) => {
                    let detail = format!(
                        "{} {id} of account {account} is left by it, and {other} claims it",
                        kind.singular
                    );
                    self.refuse(object, RefusalCode::ClaimedTwice, detail);
                    return false;
                }
                None => {}
            }
            let protected = object.prevent_delete || entry.prevent_delete;
            if account != object.account
                && let Some((code, detail)) = across::kept(inputs, account, from.kind, from.live, protected)
            {
                let detail = format!("moving it deletes {id} in account {account}: {detail}");
                self.refuse(object, code, detail);
            }
            true
        });
        for gone in
            entry.left_behind.iter().filter(|left| !inputs.desired.accounts.contains_key(&left.account))
        {
            let what = format!(
                "{} of account {}, which an earlier move left, may still be there",
                gone.id, gone.account
            );
            self.note(object, NoticeCode::AccountGone, None, Some(what));
        }
        left
    }

    /// The object that an address leaves goes when everything that takes its place is there. `moves` is whether it leaves it now.
    pub(super) fn leave(&mut self, object: &'a DesiredObject, from: Predecessor<'a>, heir: Ref, moves: bool) {
        let (account, id, singular) = (from.account, &from.live.id, from.kind.singular);
        let across = account != object.account;
        self.leaving.push(LeavingObject {
            address: &object.address,
            account,
            kind: from.kind,
            live: from.live,
            heir: Some(heir),
            across,
            reason: if across { format!("moved from account {account}") } else { "replaced".to_owned() },
        });
        if across {
            self.moved.entry(&object.address).or_default().push(from);
        }
        if !self.changes.contains_key(&object.address) {
            self.change(object, Action::Replace, None, Vec::new(), None);
        }
        let Some(change) = self.changes.get_mut(&object.address) else { return };
        let reason = if across && !moves {
            format!("an earlier move was not finished: {singular} {id} of account {account} is still there")
        } else if across {
            format!(
                "it moves from account {account} to account {}: its numbers move, then {singular} {id} of account {account} is deleted",
                object.account
            )
        } else {
            format!("an earlier replacement was not finished: {singular} {id} is still there")
        };
        let replaces = change.action == Action::Replace && change.id.is_some();
        change.action = Action::Replace;
        match (&mut change.reason, across && replaces) {
            // A replacement here, or a move from yet another account: this is what runs before it left.
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

    /// What is wanted with what its predecessor shows, and a word about what nobody can read.
    pub(super) fn inherit(
        &mut self,
        object: &DesiredObject,
        kind: &'static Kind,
        from: Predecessor<'_>,
    ) -> DesiredObject {
        let Inherited { object: heir, carried, lost, unknown } = across::inherit(object, kind, from);
        if !carried.is_empty() {
            self.note(object, NoticeCode::CarriedOver, None, Some(carried.join(", ")));
        }
        for attribute in lost {
            self.note(object, NoticeCode::NotCarriedOver, Some(attribute), Some(from.live.id.clone()));
        }
        for attribute in unknown {
            self.note(object, NoticeCode::NotKnown, Some(&attribute), Some(from.live.id.clone()));
        }
        heir
    }

    /// The numbers of a bridge that moves and says nothing of them: those that come along, and those that it has there already.
    pub(super) fn along(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Findings<'a>,
        account: &Account,
        object: &DesiredObject,
        finding: &Finding<'a>,
        connections: &[Connection],
    ) -> Option<BTreeMap<String, (Address, Ref)>> {
        let moved = self.moved.get(&object.address)?;
        let mut numbers: BTreeMap<String, (Address, Ref)> =
            moved.iter().flat_map(|from| self.taken_along(inputs, object, *from)).collect();
        if let Finding::Live(live) = finding {
            numbers.extend(self.carried_over(inputs, findings, account, object, &live.id, connections));
        }
        Some(numbers)
    }

    /// A bridge that moves and says nothing of its numbers takes along those whose configurations move with it.
    fn taken_along(
        &self,
        inputs: &Inputs<'a>,
        object: &DesiredObject,
        from: Predecessor<'a>,
    ) -> BTreeMap<String, (Address, Ref)> {
        let read = inputs.live.accounts.get(from.account).and_then(|live| live.connections.as_deref());
        let here = read.unwrap_or_default().iter().filter(|connection| connection.bridge == from.live.id);
        let along = here.filter_map(|connection| {
            let id = connection.target.id()?;
            let gone = self.leaving.iter().find(|gone| gone.is(from.account, id) && gone.across)?;
            let account = inputs.desired.objects.get(gone.address).map(|object| &object.account);
            let heir = gone.heir.clone().filter(|_| account == Some(&object.account))?;
            Some((connection.number.clone(), (gone.address.clone(), heir)))
        });
        along.collect()
    }

    /// A number that is cut in one account and connected in another one moves like any other: it is cut first, and not before
    /// what it is connected to is there.
    pub(super) fn numbers_across(&mut self) {
        for (number, wires) in wires(&self.drafts) {
            let (cuts, joins) = wires.across();
            if !cuts.is_empty() && !joins.is_empty() {
                self.cut_before(&cuts, &joins);
            }
            self.moves_across(&number, &wires);
        }
    }

    fn cut_before(&mut self, cuts: &[usize], joins: &[usize]) {
        let id = |at: &usize| self.drafts[*at].step.id.clone();
        let cut_steps: Vec<String> = cuts.iter().map(id).collect();
        let made = |at: &usize| match &self.drafts[*at].step.operation {
            Operation::Connect { bridge, provider, .. } => [bridge.clone(), provider.clone()],
            _ => unreachable!("these are connects"),
        };
        let needed = joins.iter().flat_map(made).filter_map(|at| match at {
            Ref::Step(step) => Some(step),
            Ref::Id(_) => None,
        });
        let needed: Vec<String> = needed.collect();
        let subject = cuts.iter().map(|at| self.drafts[*at].subject.clone()).max();
        for (at, waits) in cuts.iter().map(|at| (at, &needed)).chain(joins.iter().map(|at| (at, &cut_steps)))
        {
            let step = &mut self.drafts[*at].step;
            step.waits_for.extend(waits.iter().cloned());
            step.waits_for.sort();
            step.waits_for.dedup();
        }
        for at in joins {
            if let Some(subject) = &subject {
                self.drafts[*at].subject.clone_from(subject);
            }
        }
    }

    /// What goes dark in one account and is connected in another has moved.
    fn moves_across(&mut self, number: &str, wires: &Wires) {
        let of = |effect: Effect, without: &BTreeMap<String, Vec<usize>>| {
            let fits = |impact: &NumberImpact| {
                impact.number == number && impact.effect == effect && !without.contains_key(&impact.account)
            };
            let mut found: Vec<NumberImpact> = self.impact.iter().filter(|it| fits(it)).cloned().collect();
            found.sort_by(|a, b| a.account.cmp(&b.account));
            found
        };
        let dark = of(Effect::Dark, &wires.joins);
        let connects = of(Effect::Connects, &wires.cuts);
        for (dark, connects) in dark.into_iter().zip(connects) {
            self.impact.retain(|impact| *impact != dark && *impact != connects);
            let mut from = dark.from;
            if let Some(from) = &mut from {
                from.account = Some(dark.account.clone());
            }
            let dark_steps = u32::from(wires.cuts.contains_key(&dark.account));
            self.impact.push(NumberImpact { effect: Effect::Moves, from, dark_steps, ..connects });
        }
    }

    /// Numbers that an earlier run left dark, in an account that is gone from the YAML: nobody else would say so.
    pub(super) fn dark_elsewhere(&mut self, inputs: &Inputs<'a>) {
        let connected: BTreeSet<&str> = self.drafts.iter().filter_map(|draft| connect(draft)).collect();
        let named = |detail: &Option<String>| {
            let number = detail.as_deref().and_then(|detail| detail.split(' ').next());
            number.is_some_and(|number| connected.contains(number))
        };
        self.notices.retain(|notice| notice.code != NoticeCode::LeftDark || !named(&notice.detail));
        for open in &inputs.ledger.moves {
            if !inputs.desired.accounts.contains_key(&open.account)
                && !connected.contains(open.number.as_str())
            {
                let owner: Option<&Address> =
                    inputs.ledger.address_of(&open.account, "providers", &open.provider);
                self.notices.push(left_dark(open, owner));
            }
        }
    }
}

fn connect(draft: &Draft) -> Option<&str> {
    match &draft.step.operation {
        Operation::Connect { number, .. } => Some(number),
        _ => None,
    }
}

/// The drafts that cut and connect one number, by account.
#[derive(Default)]
struct Wires {
    cuts: BTreeMap<String, Vec<usize>>,
    joins: BTreeMap<String, Vec<usize>>,
}

impl Wires {
    /// Cuts in accounts that do not connect it again, connects in accounts that have not cut it.
    fn across(&self) -> (Vec<usize>, Vec<usize>) {
        let only = |of: &BTreeMap<String, Vec<usize>>, without: &BTreeMap<String, Vec<usize>>| {
            let own = of.iter().filter(|(account, _)| !without.contains_key(*account));
            own.flat_map(|(_, at)| at.iter().copied()).collect()
        };
        (only(&self.cuts, &self.joins), only(&self.joins, &self.cuts))
    }
}

fn wires(drafts: &[Draft]) -> BTreeMap<String, Wires> {
    let mut all: BTreeMap<String, Wires> = BTreeMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        let account = draft.step.call.account.clone();
        match &draft.step.operation {
            Operation::Connect { number, .. } => {
                all.entry(number.clone()).or_default().joins.entry(account).or_default().push(at);
            }
            Operation::Disconnect { number, .. } => {
                all.entry(number.clone()).or_default().cuts.entry(account).or_default().push(at);
            }
            _ => {}
        }
    }
    all
}
