//! What is to be deleted: tombstones, addresses that the ledger knows and the YAML no longer has, and everything with
//! `--destroy`.

use std::collections::{BTreeMap, BTreeSet};

use super::account_moves::{describe_left_behind, rule_against_delete, rule_against_delete_elsewhere};
use super::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use super::guard::count_of;
use super::live_index::{LiveIndex, key_text};
use super::matching::{MatchOutcome, Matches, ObjectMatch, kind_in};
use super::references::{key_with_ids, unknown_in_key};
use super::remarks::Remarks;
use super::selection::Selection;
use super::step::ObjectRef;
use super::unanswered_creates::other_create;
use super::{Inputs, LedgerUpdate};
use crate::model::kind::Kind;
use crate::model::resource::{Address, LiveObject, Removal, UnreadableObject};
use crate::model::value::CompactValue;
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

/// One address that is to be deleted, before anything is looked up.
struct RemovalRequest<'a> {
    address: &'a Address,
    account: Option<&'a str>,
    id: Option<&'a str>,
    tombstone: Option<&'a Removal>,
    reason: String,
    place: Option<String>,
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

fn removal_requests<'a>(inputs: &Inputs<'a>, findings: &Matches<'a>) -> Vec<RemovalRequest<'a>> {
    let desired = inputs.desired;
    let mut wishes: Vec<RemovalRequest<'a>> = desired
        .removed
        .iter()
        .filter(|removal| !removal.keep && services::link_entry(&removal.address.kind).is_none())
        .map(|removal| {
            let entry = inputs.ledger.objects.get(&removal.address);
            let gone = inputs
                .ledger
                .gone
                .get(&removal.address)
                .filter(|gone| entry.is_none() && removal.account.as_ref().is_none_or(|account| *account == gone.account));
            let known = entry.map(|entry| &entry.account).or(gone.map(|gone| &gone.account));
            RemovalRequest {
                address: &removal.address,
                account: removal.account.as_deref().or(known.map(String::as_str)),
                // An id of a replaced object refers to its replacement.
                id: (removal.id.as_deref())
                    .filter(|id| entry.is_none_or(|entry| !entry.replaced.contains(*id)))
                    .or(entry.map(|entry| entry.id.as_str()))
                    .or(gone.filter(|_| removal.key.is_empty()).map(|gone| gone.id.as_str())),
                tombstone: Some(removal),
                reason: removal.reason.clone().unwrap_or_else(|| "listed under `removed`".to_owned()),
                place: Some(removal.location.to_string()),
            }
        })
        .collect();
    let buried: BTreeSet<&Address> = desired.removed.iter().map(|removal| &removal.address).collect();
    wishes.extend(
        inputs
            .ledger
            .objects
            .iter()
            .filter(|(address, _)| desired.kinds.contains(&address.kind))
            .filter(|(address, _)| !desired.objects.contains_key(*address) && !buried.contains(address))
            .filter(|(address, _)| !findings.is_spared(inputs, address))
            // A number is cut with the connections of its account.
            .filter(|(address, entry)| {
                services::link_entry(&address.kind).is_none() || !desired.accounts.contains_key(&entry.account)
            })
            .map(|(address, entry)| RemovalRequest {
                address,
                account: Some(&entry.account),
                id: Some(&entry.id),
                tombstone: None,
                reason: "managed before, and no longer in the configuration".to_owned(),
                place: None,
            }),
    );
    wishes
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
        if let Some(state) = live.ended_state(kind) {
            return self.note_ended(inputs, address, account, kind, live, state);
        }
        let left = || describe_left_behind(inputs, address).map(|it| (RefusalCode::UnfinishedReplacement, it.1));
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

/// The object of a removal request, when it exists and cannot be read.
fn unreadable_removal<'a>(
    inputs: &Inputs<'a>,
    account: &'a str,
    wish: &RemovalRequest<'a>,
) -> Option<(&'a str, String, &'a UnreadableObject)> {
    let kind = kind_in(inputs, account, &wish.address.kind)?;
    let objects = inputs.live.accounts.get(account)?.unreadable.get(kind.name)?;
    let stated = wish.tombstone.and_then(|gone| gone.key.get(kind.id)).and_then(CompactValue::text);
    let id = wish.id.map(str::to_owned).or(stated.map(|text| text.into_owned()))?;
    objects.get(&id).map(|it| (account, format!("{} {id}", kind.singular), it))
}

/// The object that the ledger has under this address, when it exists and the tombstone names a different one.
fn contradicting_id<'a>(inputs: &Inputs<'a>, wish: &RemovalRequest<'a>) -> Option<&'a str> {
    let entry = inputs.ledger.objects.get(wish.address)?;
    let listed = inputs.live_objects(&entry.account, &wish.address.kind);
    let other = wish.id != Some(entry.id.as_str()) && listed.iter().any(|live| live.id == entry.id);
    other.then_some(entry.id.as_str())
}

/// What was read that proves that an account has no such object; the error says why nothing proves it.
fn proof_of_absence(
    inputs: &Inputs<'_>,
    findings: &Matches<'_>,
    account: &str,
    wish: &RemovalRequest<'_>,
) -> Result<String, String> {
    let shape = kind_in(inputs, account, &wish.address.kind);
    let listed = inputs.live.accounts.get(account).and_then(|live| live.objects.get(wish.address.kind.as_str()));
    let (Some(kind), Some(listed)) = (shape, listed) else {
        return Err(format!("the {} of account {account} were not read", wish.address.kind));
    };
    if let Some(id) = wish.id {
        return Ok(format!("looked for {} {id} in account {account}", kind.singular));
    }
    let words = kind.natural_key.join(" + ");
    let key = wish.tombstone.map(|removal| &removal.key).filter(|key| !key.is_empty());
    let Some(key) = key else {
        return Err(format!(
            "the ledger does not know {}, and its entry under `removed` names neither its id nor its {words}",
            wish.address
        ));
    };
    let key = &key_with_ids(kind, findings, key);
    if let Some(why) = unknown_in_key(kind, key) {
        return Err(format!("the ledger does not know {}, and {why}", wish.address));
    }
    if key_text(kind, inputs.facts_of_account(account), |name| key.get(name)).is_none() {
        let named: Vec<&str> = key.keys().copied().collect();
        return Err(format!(
            "the ledger does not know {}, and {} alone identifies no {} of account {account}: its natural key is {words}",
            wish.address,
            named.join(" + "),
            kind.singular
        ));
    }
    let hidden = |live: &&LiveObject| kind.natural_key.iter().any(|name| live.masked.contains_key(name));
    if let Some(live) = listed.iter().find(hidden) {
        return Err(format!("{} {} shows its {words} in part only, so it may be the one", kind.singular, live.id));
    }
    let told: Vec<String> = kind.natural_key.iter().filter_map(|name| Some(format!("{name} {}", key.get(name)?))).collect();
    let unseen = if kind.hidden_until_verified { ", which shows none that waits to be verified" } else { "" };
    Ok(format!("looked for {} among the {} of account {account}{unseen}", told.join(", "), count_of(listed.len(), kind.singular)))
}

/// The object of a removal request may belong to another organization, or to none: it is kept, and it still exists.
fn foreign_removal<'a>(inputs: &Inputs<'a>, accounts: &[&'a str], wish: &RemovalRequest<'a>) -> Option<(&'a str, String)> {
    accounts.iter().find_map(|account| {
        let kind = kind_in(inputs, account, &wish.address.kind)?;
        let key = wish.tombstone.filter(|_| kind.natural_key.contains(&kind.id));
        let key = key.and_then(|removal| removal.key.get(kind.id)?.as_str());
        let id = wish.id.or(key)?;
        let owner = inputs.foreign_owner(account, kind.name, id)?;
        Some((*account, format!("{} {id} belongs to {owner}", kind.singular)))
    })
}

/// Live objects of each kind in each account.
type LiveIndexes<'a> = BTreeMap<(&'a str, &'static str), LiveIndex<'a>>;

/// Live objects that a removal request refers to: by id if it has one, else by the natural key in the tombstone.
fn objects_to_remove<'a>(
    inputs: &Inputs<'a>,
    findings: &Matches<'a>,
    indexes: &mut LiveIndexes<'a>,
    account: &'a str,
    kind: &'static Kind,
    wish: &RemovalRequest<'a>,
) -> Vec<&'a LiveObject> {
    let index = indexes.entry((account, kind.name)).or_insert_with(|| LiveIndex::new(inputs, account, kind));
    if let Some(id) = wish.id {
        return index.with_id(id).to_vec();
    }
    let facts = inputs.facts_of_account(account);
    let key = wish.tombstone.map(|removal| key_with_ids(kind, findings, &removal.key));
    let key = key.and_then(|keyed| key_text(kind, facts, |name| keyed.get(name)));
    key.map_or_else(Vec::new, |key| index.nearest_with_key(&key).to_vec())
}
