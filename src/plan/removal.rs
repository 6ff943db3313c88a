//! What is to be deleted: tombstones, addresses that the ledger knows and the YAML no longer has, and everything with
//! `--destroy`.

use std::collections::BTreeMap;

use super::account_moves::{describe_left_behind, rule_against_delete, rule_against_delete_elsewhere};
use super::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use super::matching::{MatchOutcome, Matches, ObjectMatch, kind_in, match_addresses};
use super::remarks::Remarks;
use super::removal_request::{
    LiveIndexes, RemovalRequest, contradicting_id, foreign_removal, objects_to_remove, proof_of_absence, removal_requests,
    unreadable_removal,
};
use super::selection::Selection;
use super::step::ObjectRef;
use super::unanswered_creates::other_create;
use super::{Inputs, LedgerUpdate};
use crate::model::kind::Kind;
use crate::model::resource::{Address, LiveObject};
use crate::services;

/// An object that will not exist after the plan.
#[derive(Debug)]
pub(super) struct LeavingObject<'a> {
    pub(super) address: &'a Address,
    pub(super) account: &'a str,
    pub(super) kind: &'static Kind,
    pub(super) live: &'a LiveObject,
    /// Its replacement.
    pub(super) replacement: Option<ObjectRef>,
    /// Whether that is in another account, where it cannot serve a number of this one.
    pub(super) to_other_account: bool,
    pub(super) reason: String,
}

impl LeavingObject<'_> {
    /// What serves its numbers afterwards, at their current position.
    pub(super) fn number_successor(&self) -> Option<ObjectRef> {
        self.replacement.clone().filter(|_| !self.to_other_account)
    }
}

/// Why everything is deleted.
pub(super) const DESTROYED: &str = "a destroy deletes everything that the configuration names";

/// What is to be deleted, and what prevents it.
#[derive(Debug, Default)]
pub(super) struct Removals<'a> {
    pub(super) leaving: Vec<LeavingObject<'a>>,
    pub(super) remarks: Remarks,
    /// Addresses of kinds that could not be listed: account, kind, address.
    pub(super) unlisted: Vec<(&'a str, &'static str, &'a Address)>,
}

/// Finds the live object of everything that is to be deleted.
pub(super) fn find_removals<'a>(inputs: &Inputs<'a>, findings: &Matches<'a>, selection: &Selection) -> Removals<'a> {
    let mut removals = Removals::default();
    for removal in inputs.desired.removed.iter().filter(|gone| gone.keep && selection.includes(&gone.address)) {
        removals.release_address(inputs, &removal.address);
    }
    let mut indexes = LiveIndexes::new();
    for wish in removal_requests(inputs, findings).into_iter().filter(|wish| selection.includes(wish.address)) {
        if services::shapes_of_kind(&wish.address.kind).iter().any(|kind| kind.adopted_only) {
            removals.release_address(inputs, wish.address);
            continue;
        }
        removals.look_up(inputs, findings, &mut indexes, &wish);
    }
    if inputs.options.destroy {
        let selected = findings.by_address.values().filter(|found| selection.includes(&found.object.address));
        for ObjectMatch { object, entry, kind, outcome, .. } in selected {
            if kind.adopted_only {
                removals.release_address(inputs, &object.address);
                continue;
            }
            match outcome {
                MatchOutcome::Live(live) => {
                    let remembered = entry.is_some_and(|entry| entry.prevent_delete);
                    removals.add_leaving(
                        inputs,
                        &object.address,
                        &object.account,
                        kind,
                        live,
                        DESTROYED.to_owned(),
                        object.prevent_delete || remembered,
                    );
                }
                // It exists and would be left behind without a word.
                MatchOutcome::Hidden => {
                    let id = object.id.as_deref().or(entry.map(|entry| entry.id.as_str())).unwrap_or_default();
                    let what = format!("{} {id}", kind.singular);
                    let detail = format!("{what} waits to be verified; the service hides it until then, so it cannot be deleted");
                    removals.remarks.refuse(object, RefusalCode::GoneOrHidden, detail);
                }
                MatchOutcome::New | MatchOutcome::Blocked => {}
            }
        }
    }
    removals
}

/// Live objects that the configuration removes, by account, kind and identity.
pub fn removed_objects<'a>(inputs: &Inputs<'a>) -> BTreeMap<(&'a str, &'static str, &'a str), &'a Address> {
    let gone = find_removals(inputs, &match_addresses(inputs), &Selection::new(inputs));
    gone.leaving.iter().map(|it| ((it.account, it.kind.name, it.live.id.as_str()), it.address)).collect()
}

impl<'a> Removals<'a> {
    /// Releases an object without changing it. Once that is done, the tombstone has no effect.
    fn release_address(&mut self, inputs: &Inputs<'a>, address: &'a Address) {
        let entry = inputs.ledger.objects.get(address);
        let attempt = inputs.ledger.attempts.get(address);
        let Some(account) = entry.map(|entry| &entry.account).or(attempt.map(|attempt| &attempt.account)) else {
            return;
        };
        let id = entry.map(|entry| entry.id.clone());
        self.remarks.notices.push(PlanNotice::about(NoticeCode::Released, account, Some(address), id));
        self.remarks.effects.push(LedgerUpdate::Release {
            address: address.clone(),
            account: entry.map(|entry| entry.account.clone()),
            id: entry.map(|entry| entry.id.clone()),
        });
    }

    fn look_up(&mut self, inputs: &Inputs<'a>, findings: &Matches<'a>, indexes: &mut LiveIndexes<'a>, wish: &RemovalRequest<'a>) {
        if let Some((account, code, detail)) = rule_against_delete_elsewhere(inputs, wish.address, wish.account) {
            return self.add_refusal(wish, account, code, detail);
        }
        let accounts: Vec<&'a str> = inputs
            .desired
            .accounts
            .values()
            .filter(|account| account.service.kinds.iter().any(|kind| kind.name == wish.address.kind))
            .map(|account| account.name.as_str())
            .filter(|name| wish.account.is_none_or(|wanted| wanted == *name))
            .collect();
        if accounts.is_empty() {
            self.add_notice(wish, wish.account.unwrap_or_default(), NoticeCode::AccountGone, wish.id);
            return;
        }
        if let Some((account, kind)) = inputs.unlisted_in(accounts.iter().copied(), &wish.address.kind) {
            return self.unlisted.push((account, kind, wish.address));
        }
        if let Some(known) = contradicting_id(inputs, wish) {
            let pinned = wish.id.unwrap_or_default();
            let detail = format!("its entry under `removed` says {pinned}, but in the ledger {} is {known}", wish.address);
            return self.add_refusal(wish, accounts[0], RefusalCode::SeveralFit, detail);
        }
        if let Some((account, id, it)) = accounts.iter().find_map(|account| unreadable_removal(inputs, account, wish)) {
            let detail = format!("{id} cannot be read: {}; {}", it.why, it.help);
            return self.add_refusal(wish, account, RefusalCode::Unreadable, detail);
        }
        if let Some((account, what)) = foreign_removal(inputs, &accounts, wish) {
            return self.add_refusal(wish, account, RefusalCode::ForeignObject, what);
        }
        let mut found: Vec<(&'a str, &'static Kind, &'a LiveObject)> = Vec::new();
        for account in &accounts {
            if let Some(kind) = kind_in(inputs, account, &wish.address.kind) {
                let live = objects_to_remove(inputs, findings, indexes, account, kind, wish);
                found.extend(live.into_iter().map(|live| (*account, kind, live)));
            }
        }
        // With `--destroy` no managed address claims an object, so that everything can be deleted.
        let claimed = |account, kind: &Kind, live: &'a LiveObject| {
            let key = (account, kind.name, live.id.as_str());
            findings.claimed.get(&key).filter(|it| !inputs.options.destroy || inputs.desired.existing.contains_key(**it))
        };
        match found.as_slice() {
            [] => self.note_already_gone(inputs, findings, wish, &accounts),
            [(account, kind, live)] => match claimed(*account, kind, live) {
                Some(other) => self.add_refusal(
                    wish,
                    account,
                    RefusalCode::ClaimedTwice,
                    format!("{} {} is to be deleted as {} and kept as {other}", kind.singular, live.id, wish.address),
                ),
                None => match other_create(inputs, wish.address, kind, live) {
                    Some(detail) => self.add_refusal(wish, account, RefusalCode::GoneOrHidden, detail),
                    None => self.add_leaving(inputs, wish.address, account, kind, live, wish.reason.clone(), false),
                },
            },
            several => {
                let ids: Vec<&str> = several.iter().map(|(_, _, live)| live.id.as_str()).collect();
                self.add_refusal(
                    wish,
                    several[0].0,
                    RefusalCode::SeveralFit,
                    format!("{} live objects match its entry under `removed`: {}", several.len(), ids.join(", ")),
                );
            }
        }
    }

    /// Records an object for deletion, unless a rule prevents it.
    #[allow(clippy::too_many_arguments, reason = "the facts of one deletion")]
    fn add_leaving(
        &mut self,
        inputs: &Inputs<'a>,
        address: &'a Address,
        account: &'a str,
        kind: &'static Kind,
        live: &'a LiveObject,
        reason: String,
        protected: bool,
    ) {
        let left = || describe_left_behind(inputs, address).map(|it| (RefusalCode::UnfinishedReplacement, it.1));
        // What it replaced and was not deleted would be forgotten with it.
        if let Some(state) = live.ended_state(kind).filter(|_| left().is_none()) {
            return self.note_ended(inputs, address, account, kind, live, state);
        }
        if let Some((code, detail)) = rule_against_delete(inputs, account, kind, live, protected).or_else(left) {
            self.remarks.refusals.push(PlanRefusal::about(code, account, address, detail));
            return;
        }
        self.leaving.push(LeavingObject { address, account, kind, live, replacement: None, to_other_account: false, reason });
    }

    /// Nothing is left to delete, where reading proves it; where the service hides such objects, that is unknown
    /// (carrierx.md 0, rule 3).
    fn note_already_gone(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Matches<'a>,
        wish: &RemovalRequest<'a>,
        accounts: &[&'a str],
    ) {
        let account = accounts[0];
        let entry = inputs.ledger.objects.get(wish.address);
        let attempt = inputs.ledger.attempts.contains_key(wish.address);
        let hides = kind_in(inputs, account, &wish.address.kind).is_some_and(|kind| kind.hidden_until_verified);
        if hides && (entry.is_some() || attempt) {
            let what = entry.map_or("what an earlier create may have created", |entry| entry.id.as_str());
            let detail = format!("{what} is not shown; it may be deleted or only hidden");
            return self.add_refusal(wish, account, RefusalCode::GoneOrHidden, detail);
        }
        // A listing with a row that does not name an object does not prove that it is deleted, unless it was read by its id.
        let odd = inputs.live.accounts.get(account).and_then(|live| live.malformed_rows.get(wish.address.kind.as_str()));
        if let Some(what) = odd.filter(|_| wish.id.is_none()).and_then(|rows| rows.first()) {
            let detail = format!("it was not found, but it may be one of the rows without an id: {what}");
            self.add_refusal(wish, account, RefusalCode::OddShape, detail);
            return;
        }
        let proofs =
            accounts.iter().map(|account| proof_of_absence(inputs, findings, account, wish)).collect::<Result<Vec<_>, _>>();
        match proofs {
            Ok(proofs) => self.add_notice(wish, account, NoticeCode::AlreadyGone, Some(&proofs.join("; "))),
            Err(why) => return self.add_refusal(wish, account, RefusalCode::UnknownRemoval, why),
        }
        if entry.is_some() {
            self.remarks.effects.push(LedgerUpdate::Drop { address: wish.address.clone() });
        }
    }

    fn add_notice(&mut self, wish: &RemovalRequest<'a>, account: &str, code: NoticeCode, detail: Option<&str>) {
        let detail = detail.map(str::to_owned);
        self.remarks.notices.push(PlanNotice::about(code, account, Some(wish.address), detail));
    }

    fn add_refusal(&mut self, wish: &RemovalRequest<'a>, account: &str, code: RefusalCode, detail: String) {
        let place = wish.place.clone();
        self.remarks.refusals.push(PlanRefusal { place, ..PlanRefusal::about(code, account, wish.address, detail) });
    }
}
