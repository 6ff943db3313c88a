//! Puts a plan together: find, compare, remove, rewire, order, guard.

use std::collections::{BTreeMap, BTreeSet};

use super::across::Predecessor;
use super::change::{Action, AttributeChange, Change};
use super::draft::Draft;
use super::find::{self, Findings};
use super::late;
use super::learned;
use super::note::{Notice, NoticeCode, Refusal, RefusalCode};
use super::removal::{self, LeavingObject};
use super::rename;
use super::select::{Selection, asked};
use super::step::Seat;
use super::taken::NotTaken;
use super::{Inputs, LedgerEffect, NumberImpact, Plan, Unmanaged, guard, order};
use crate::resource::{Address, DesiredObject, LiveObject, Organization};

mod across;
mod bridges;
mod deletes;
mod doubts;
mod objects;
mod strangers;
mod take_over;
mod unlisted;
mod wiring;

/// What a delete relies on.
struct Cuts {
    /// Draft name of the delete.
    delete: String,
    /// Connections (bridge, number) that are cut before it.
    cut: Vec<(String, String)>,
    /// Deletes that must come before it, because they free its numbers.
    freed_by: Vec<String>,
    /// Numbers that it takes off its bridge itself.
    frees: Vec<String>,
    /// How they stood there.
    seats: BTreeMap<String, Seat>,
}

impl LeavingObject<'_> {
    /// Whether this is the configuration of an account with this id.
    fn is(&self, account: &str, id: &str) -> bool {
        self.kind.connected && self.account == account && self.live.id == id
    }
}

#[derive(Default)]
struct Planner<'a> {
    changes: BTreeMap<Address, Change>,
    drafts: Vec<Draft>,
    impact: Vec<NumberImpact>,
    refusals: Vec<Refusal>,
    notices: Vec<Notice>,
    effects: Vec<LedgerEffect>,
    leaving: Vec<LeavingObject<'a>>,
    /// Objects that are made again in another shape: their address and their live object.
    replaced: BTreeMap<&'a Address, &'a LiveObject>,
    /// Objects that leave another account: their address and what is there.
    moved: BTreeMap<&'a Address, Vec<Predecessor<'a>>>,
    cuts: Vec<Cuts>,
    not_taken: Vec<NotTaken>,
    /// Deletes that free numbers for what takes the place of their bridge, each with the steps that make what serves them then.
    takers: BTreeMap<String, Vec<String>>,
    /// Whether the key at hand is the one that the ledger was sealed with.
    secrets_readable: bool,
}

/// Computes the plan.
pub(super) fn run(inputs: &Inputs<'_>) -> Plan {
    let (renames, ledger) = rename::renames(inputs);
    let inputs = &Inputs { ledger: &ledger, ..*inputs };
    let selection = Selection::new(inputs);
    let mut planner = Planner {
        refusals: renames.refusals,
        notices: renames.notices,
        effects: renames.effects,
        ..Planner::default()
    };
    let mut findings = find::find(inputs);
    if inputs.options.destroy {
        findings.notices.clear(); // What would be created or waits does not matter to a plan that deletes.
        planner.pins_may_be_gone(&mut findings);
    } else {
        learned::effects(&mut findings);
    }
    planner.refusals.append(&mut findings.refusals);
    planner.notices.append(&mut findings.notices);
    planner.effects.append(&mut findings.effects);
    planner.drop_unselected(&selection);
    if !inputs.options.destroy {
        planner.objects(inputs, &findings, &selection);
    }
    let mut gone = removal::removals(inputs, &findings, &selection);
    planner.refusals.append(&mut gone.refusals);
    planner.notices.append(&mut gone.notices);
    planner.effects.append(&mut gone.effects);
    planner.leaving.append(&mut gone.leaving);
    planner.leave_once(inputs);
    planner.unlisted(inputs, &findings, &gone, &selection);
    planner.account_notices(inputs, &selection);
    planner.wire(inputs, &findings, &selection);
    planner.numbers_across();
    planner.dark_elsewhere(inputs);
    planner.take_over();
    planner.deletes(inputs);
    planner.finish(inputs, &findings)
}

impl<'a> Planner<'a> {
    /// What was found about addresses that this run is not about stays unsaid.
    fn drop_unselected(&mut self, selection: &Selection) {
        self.refusals
            .retain(|refusal| refusal.address.as_ref().is_none_or(|address| selection.holds(address)));
        self.notices.retain(|notice| notice.address.as_ref().is_none_or(|address| selection.holds(address)));
        self.effects.retain(|effect| match effect {
            LedgerEffect::Adopt { address, .. }
            | LedgerEffect::AdoptHidden { address, .. }
            | LedgerEffect::Release { address, .. }
            | LedgerEffect::Drop { address }
            | LedgerEffect::Visible { address }
            | LedgerEffect::Confirmed { address, .. }
            | LedgerEffect::Protect { address, .. }
            | LedgerEffect::Follow { address, .. } => selection.holds(address),
            LedgerEffect::Rename { to, .. } => selection.holds(to),
            LedgerEffect::MoveEnded { .. } | LedgerEffect::RenameAccount { .. } => true,
        });
    }

    /// An `id:` whose object is not there leaves nothing to delete: a destroy can be run twice.
    fn pins_may_be_gone(&mut self, findings: &mut Findings<'a>) {
        let gone = findings.refusals.extract_if(.., |it| it.code == RefusalCode::PinnedMissing);
        self.notices.extend(gone.map(|it| Notice {
            code: NoticeCode::AlreadyGone,
            account: it.account,
            address: it.address,
            attribute: None,
            detail: None,
        }));
    }

    /// Two addresses may mean one object that goes: a tombstone names the id of one that the ledger knows by another name.
    fn leave_once(&mut self, inputs: &Inputs<'a>) {
        let mut seen: BTreeMap<(&str, &str, &str), &Address> = BTreeMap::new();
        let mut twice = Vec::new();
        self.leaving.retain(|gone| {
            // One account may have two names.
            let account = inputs.names_of(gone.account).first().copied().unwrap_or(gone.account);
            let first = *seen.entry((account, gone.kind.name, &gone.live.id)).or_insert(gone.address);
            if !std::ptr::eq(first, gone.address) {
                twice.push((first, gone.address, gone.account, gone.kind.singular, gone.live.id.as_str()));
            }
            std::ptr::eq(first, gone.address)
        });
        for (first, second, account, singular, id) in twice {
            self.refusals.push(Refusal {
                code: RefusalCode::ClaimedTwice,
                account: account.to_owned(),
                address: Some(second.clone()),
                attribute: None,
                detail: format!("{singular} {id} is to be deleted as {second} and as {first}"),
                place: inputs
                    .desired
                    .removed
                    .iter()
                    .find(|gone| gone.address == *second)
                    .map(|gone| gone.place.to_string()),
            });
        }
    }

    fn account_notices(&mut self, inputs: &Inputs<'a>, selection: &Selection) {
        for account in inputs.desired.accounts.values() {
            if let Organization::Unconfirmed(why) = &inputs.facts(&account.name).organization {
                self.notices.push(Notice {
                    code: NoticeCode::OrganizationUnconfirmed,
                    account: account.name.clone(),
                    address: None,
                    attribute: None,
                    detail: Some(why.clone()),
                });
            }
        }
        self.notices.extend(doubts::notices(inputs, selection));
        if !inputs.ledger.readable_with(inputs.key) {
            self.notices.push(Notice {
                code: NoticeCode::KeyChanged,
                account: String::new(),
                address: None,
                attribute: None,
                detail: None,
            });
        }
    }

    fn finish(mut self, inputs: &Inputs<'a>, findings: &Findings<'a>) -> Plan {
        self.admit_doubt(inputs);
        let steps = order::number(std::mem::take(&mut self.drafts));
        for step in &steps {
            if let Some(change) = step.address.as_ref().and_then(|address| self.changes.get_mut(address)) {
                change.steps.push(step.id.clone());
            }
        }
        self.impact.sort();
        self.refusals.extend(guard::guard(inputs, &steps, &self.impact));
        self.refusals.sort();
        self.refusals.dedup();
        self.notices.extend(late::twins_of(inputs, findings));
        self.notices.sort();
        self.notices.dedup();
        self.effects.sort();
        let leaving: BTreeSet<(&str, &str, &str)> =
            self.leaving.iter().map(|gone| (gone.account, gone.kind.name, gone.live.id.as_str())).collect();
        let asked = asked(inputs.desired, inputs.ledger, inputs.options);
        let accounts = inputs.desired.accounts.values().filter(|account| asked.contains(&account.name));
        let mut plan = Plan {
            limits: inputs.options.limits.clone(),
            accounts: accounts.map(|account| inputs.account_line(account)).collect(),
            changes: self.changes.into_values().collect(),
            steps,
            impact: self.impact,
            not_taken: self.not_taken,
            refusals: self.refusals,
            notices: self.notices,
            ledger: self.effects,
            unmanaged: unmanaged(inputs, findings, &leaving),
            digest: String::new(),
        };
        plan.digest = plan.computed_digest();
        plan
    }

    fn change(
        &mut self,
        object: &DesiredObject,
        action: Action,
        id: Option<String>,
        attributes: Vec<AttributeChange>,
        reason: Option<String>,
    ) {
        self.changes.insert(
            object.address.clone(),
            Change {
                address: object.address.clone(),
                account: object.account.clone(),
                from_account: None,
                also_leaves: Vec::new(),
                action,
                id,
                attributes,
                reason,
                steps: Vec::new(),
            },
        );
    }

    fn refuse(&mut self, object: &DesiredObject, code: RefusalCode, detail: String) {
        self.refusals.push(Refusal {
            code,
            account: object.account.clone(),
            address: Some(object.address.clone()),
            attribute: None,
            detail,
            place: Some(object.place.to_string()),
        });
    }

    fn note(
        &mut self,
        object: &DesiredObject,
        code: NoticeCode,
        attribute: Option<&str>,
        detail: Option<String>,
    ) {
        self.notices.push(Notice {
            code,
            account: object.account.clone(),
            address: Some(object.address.clone()),
            attribute: attribute.map(str::to_owned),
            detail,
        });
    }
}

/// Live objects that nobody claims, counted by account and kind.
fn unmanaged(
    inputs: &Inputs<'_>,
    findings: &Findings<'_>,
    leaving: &BTreeSet<(&str, &str, &str)>,
) -> Vec<Unmanaged> {
    let mut counts = Vec::new();
    // What is listed under two names of one account is one object.
    let mut seen = BTreeSet::new();
    for (account, live) in &inputs.live.accounts {
        let names = inputs.names_of(account);
        let first = names.first().copied().unwrap_or(account);
        let shared = names.len() > 1;
        for (kind, objects) in &live.objects {
            let count = objects
                .iter()
                .filter(|object| {
                    !findings.claimed.contains_key(&(account.as_str(), *kind, object.id.as_str()))
                })
                .filter(|object| {
                    let leaves = |name: &str| leaving.contains(&(name, *kind, object.id.as_str()));
                    !(leaves(account) || (shared && names.iter().any(|name| leaves(name))))
                })
                .filter(|object| !shared || seen.insert((first, *kind, object.id.as_str())))
                .count();
            let foreign = live.foreign.get(kind).map_or(0, BTreeMap::len);
            if count + foreign > 0 {
                counts.push(Unmanaged { account: account.clone(), kind: (*kind).to_owned(), count, foreign });
            }
        }
    }
    counts
}
