//! Puts a plan together: find, compare, remove, rewire, order, guard.

use std::collections::{BTreeMap, BTreeSet};

use super::account_moves::Predecessor;
use super::change::{AttributeChange, Change, ChangeAction};
use super::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode, group_refusals};
use super::ledger_updates;
use super::matching::{self, Matches, kind_in};
use super::not_taken::NotTakenValue;
use super::remarks::Remarks;
use super::removal::{self, LeavingObject};
use super::rename;
use super::selection::{Selection, accounts_to_read, left_out_notices};
use super::step::FreedNumber;
use super::unanswered_creates;
use super::unnumbered_step::UnnumberedStep;
use super::{ExistingObject, Inputs, LedgerLine, LedgerUpdate, NumberImpact, Plan, UnmanagedCount, guard, order};
use crate::model::resource::{Address, DesiredObject, LiveObject, OrganizationCheck};
use crate::model::value::AttributeTexts;

mod across_accounts;
mod bridges;
mod darkness;
mod deletes;
mod foreign_connections;
mod links;
mod lookalikes;
mod muting;
mod not_compared;
mod number_entries;
mod objects;
mod references;
mod take_over;
mod token_owners;
mod unlisted;

/// What a delete relies on.
struct DeletePrerequisites {
    /// Connections (bridge, number) that are removed before it.
    cut: Vec<(String, String)>,
    /// Deletes that must come before it, because they free its numbers.
    freed_by: BTreeSet<String>,
    /// Numbers that it removes from its bridge itself.
    frees: Vec<String>,
    /// Their earlier state there.
    prior_connections: BTreeMap<String, FreedNumber>,
}

impl LeavingObject<'_> {
    /// Whether this is the configuration of an account with this id.
    fn has_identity(&self, account: &str, id: &str) -> bool {
        self.kind.connected && self.account == account && self.live.id == id
    }
}

#[derive(Default)]
struct Planner<'a> {
    changes: BTreeMap<Address, Change>,
    drafts: Vec<UnnumberedStep>,
    impact: Vec<NumberImpact>,
    remarks: Remarks,
    leaving: Vec<LeavingObject<'a>>,
    /// Objects that are recreated in another shape: their address and their live object.
    replaced: BTreeMap<&'a Address, &'a LiveObject>,
    /// Objects that leave another account: their address and their live object there.
    moved: BTreeMap<&'a Address, Vec<Predecessor<'a>>>,
    /// By the draft name of the delete.
    delete_prerequisites: BTreeMap<String, DeletePrerequisites>,
    not_taken: Vec<NotTakenValue>,
    /// Why numbers are cut whose entry is gone, by the address of the entry.
    cut_reasons: BTreeMap<Address, String>,
    /// Deletes that free numbers for the replacement of their bridge, each with the steps that create the configurations that
    /// then serve them.
    freeing_deletes: BTreeMap<String, Vec<String>>,
    /// Whether the ledger was sealed with the current key.
    secrets_readable: bool,
    /// Whether the plan undoes a run.
    undoes: bool,
}

/// Computes the plan.
pub(super) fn compute_plan(inputs: &Inputs<'_>) -> Plan {
    let (renames, ledger) = rename::find_renames(inputs);
    let inputs = &Inputs { ledger: &ledger, ..*inputs };
    let selection = Selection::new(inputs);
    let mut planner = Planner { remarks: renames, undoes: inputs.options.undo.is_some(), ..Planner::default() };
    let mut findings = matching::match_addresses(inputs);
    if inputs.options.destroy {
        findings.remarks.notices.clear(); // Objects to be created or waiting do not matter to a plan that deletes.
        planner.accept_missing_pins(&mut findings);
    } else {
        ledger_updates::ledger_updates_of_matches(&mut findings);
    }
    planner.remarks.merge(std::mem::take(&mut findings.remarks));
    planner.drop_unselected(&selection);
    if !inputs.options.destroy {
        planner.plan_objects(inputs, &findings, &selection);
    }
    let mut gone = removal::find_removals(inputs, &findings, &selection);
    planner.remarks.merge(std::mem::take(&mut gone.remarks));
    planner.leaving.append(&mut gone.leaving);
    planner.drop_duplicate_deletes(inputs);
    planner.refuse_unlisted(inputs, &findings, &gone, &selection);
    planner.account_notices(inputs, &selection);
    planner.remarks.notices.extend(not_compared::secret_echo_notices(inputs, &findings, &selection));
    planner.remarks.notices.extend(lookalikes::lookalike_notices_of_live(inputs, &findings, &selection));
    planner.plan_links(inputs, &findings, &selection);
    planner.order_numbers_across_accounts();
    planner.note_left_dark_elsewhere(inputs);
    planner.order_take_overs();
    planner.close_after_moves();
    planner.plan_deletes(inputs);
    planner.order_references();
    planner.order_deletes_of_referred(inputs, &findings);
    let secrets = secret_sources(inputs, &selection);
    let existing = findings.existing_objects(|address| selection.includes(address));
    planner.into_plan(inputs, &findings, secrets, existing)
}

impl<'a> Planner<'a> {
    /// Findings about addresses outside this run are not reported.
    fn drop_unselected(&mut self, selection: &Selection) {
        self.remarks.refusals.retain(|it| it.addresses.is_empty() || it.addresses.iter().any(|it| selection.includes(it)));
        self.remarks.notices.retain(|notice| notice.address.as_ref().is_none_or(|address| selection.includes(address)));
        self.remarks.effects.retain(|effect| match effect {
            LedgerUpdate::Adopt { address, .. }
            | LedgerUpdate::AdoptHidden { address, .. }
            | LedgerUpdate::Release { address, .. }
            | LedgerUpdate::Drop { address }
            | LedgerUpdate::Visible { address }
            | LedgerUpdate::Confirmed { address, .. }
            | LedgerUpdate::Protect { address, .. }
            | LedgerUpdate::Follow { address, .. } => selection.includes(address),
            LedgerUpdate::Rename { to, .. } => selection.includes(to),
            LedgerUpdate::MoveEnded { .. } | LedgerUpdate::RenameAccount { .. } => true,
        });
    }

    /// An `id:` whose object does not exist leaves nothing to delete: a destroy can be run twice.
    fn accept_missing_pins(&mut self, findings: &mut Matches<'a>) {
        let gone = findings.remarks.refusals.extract_if(.., |it| it.code == RefusalCode::PinnedMissing);
        let gone = gone.map(|it| PlanNotice::about(NoticeCode::AlreadyGone, &it.account, it.addresses.first(), None));
        self.remarks.notices.extend(gone);
    }

    /// Two addresses may refer to one object to be deleted: a tombstone names the id of an object that the ledger has
    /// under another address.
    fn drop_duplicate_deletes(&mut self, inputs: &Inputs<'a>) {
        let mut seen: BTreeMap<(&str, &str, &str), &Address> = BTreeMap::new();
        let mut twice = Vec::new();
        self.leaving.retain(|gone| {
            // One account may have two names.
            let account = inputs.names_of_same_account(gone.account).first().copied().unwrap_or(gone.account);
            let first = *seen.entry((account, gone.kind.name, &gone.live.id)).or_insert(gone.address);
            if !std::ptr::eq(first, gone.address) {
                twice.push((first, gone.address, gone.account, gone.kind.singular, gone.live.id.as_str()));
            }
            std::ptr::eq(first, gone.address)
        });
        for (first, second, account, singular, id) in twice {
            let detail = format!("{singular} {id} is to be deleted as {second} and as {first}");
            let place = inputs.desired.removed.iter().find(|gone| gone.address == *second);
            self.remarks.refusals.push(PlanRefusal {
                place: place.map(|gone| gone.location.to_string()),
                ..PlanRefusal::about(RefusalCode::ClaimedTwice, account, second, detail)
            });
        }
    }

    fn account_notices(&mut self, inputs: &Inputs<'a>, selection: &Selection) {
        for account in inputs.desired.accounts.values() {
            if let OrganizationCheck::Unconfirmed(why) = &inputs.facts_of_account(&account.name).organization {
                let code = NoticeCode::OrganizationUnconfirmed;
                self.remarks.notices.push(PlanNotice::about(code, &account.name, None, Some(why.clone())));
            }
        }
        self.remarks.notices.extend(left_out_notices(inputs));
        self.remarks.notices.extend(not_compared::not_compared_notices(inputs, selection));
        self.remarks.notices.extend(token_owners::unknown_owner_notices(inputs));
        if !inputs.ledger.readable_with(inputs.key) {
            self.remarks.notices.push(PlanNotice::about(NoticeCode::KeyChanged, "", None, None));
        }
    }

    fn into_plan(
        mut self,
        inputs: &Inputs<'a>,
        findings: &Matches<'a>,
        secrets: SecretSources,
        existing: BTreeMap<Address, ExistingObject>,
    ) -> Plan {
        self.mark_uncertain_deletes(inputs);
        let muted = self.muted_connections(inputs, findings);
        let steps = order::number_steps(std::mem::take(&mut self.drafts));
        for step in &steps {
            if let Some(change) = step.address.as_ref().and_then(|address| self.changes.get_mut(address)) {
                change.steps.push(step.id.clone());
            }
        }
        self.impact.sort();
        let references = self.name_references(inputs, findings);
        let planned =
            guard::PlannedChanges { findings, changes: &self.changes, steps: &steps, impact: &self.impact, muted: &muted };
        self.remarks.refusals.extend(guard::check_guards(inputs, &planned));
        self.remarks.refusals = group_refusals(self.remarks.refusals);
        self.remarks.notices.extend(token_owners::missing_scope_notices(inputs, &steps));
        self.remarks.notices.extend(unanswered_creates::twin_notices_of_matches(inputs, findings));
        self.remarks.notices.extend(lookalikes::lookalike_notices(self.changes.values()));
        self.remarks.notices.extend(not_read_notices(inputs));
        self.remarks.notices.sort();
        self.remarks.notices.dedup();
        self.remarks.effects.sort();
        let leaving: BTreeSet<(&str, &str, &str)> =
            self.leaving.iter().map(|gone| (gone.account, gone.kind.name, gone.live.id.as_str())).collect();
        let asked = accounts_to_read(inputs.desired, inputs.ledger, inputs.options);
        let accounts = inputs.desired.accounts.values().filter(|account| asked.contains(&account.name));
        let unmanaged = count_unmanaged(inputs, findings, &leaving, &self.remarks.effects);
        let mut plan = Plan {
            limits: inputs.options.limits.clone(),
            accounts: accounts.map(|account| inputs.account_line(account)).collect(),
            changes: self.changes.into_values().collect(),
            steps,
            impact: self.impact,
            not_taken: self.not_taken,
            refusals: self.remarks.refusals,
            notices: self.remarks.notices,
            ledger: self.remarks.effects,
            secrets,
            existing,
            references,
            unmanaged,
            made_with: Some(ledger_line(inputs)),
            logins: inputs.token_logins(),
            digest: String::new(),
        };
        plan.digest = plan.computed_digest();
        plan
    }

    fn add_change(
        &mut self,
        object: &DesiredObject,
        action: ChangeAction,
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

    fn add_refusal(&mut self, object: &DesiredObject, code: RefusalCode, detail: String) {
        self.remarks.refuse(object, code, detail);
    }

    fn add_notice(&mut self, object: &DesiredObject, code: NoticeCode, attribute: Option<&str>, detail: Option<String>) {
        self.remarks.notices.push(PlanNotice {
            code,
            account: object.account.clone(),
            address: Some(object.address.clone()),
            attribute: attribute.map(str::to_owned),
            detail,
        });
    }
}

/// A notice for each account where none was read, because no file declares an object: a plan of nothing is not a check.
fn not_read_notices(inputs: &Inputs<'_>) -> Vec<PlanNotice> {
    if !inputs.live.accounts.is_empty() || !inputs.desired.kinds.is_empty() || inputs.options.destroy {
        return Vec::new();
    }
    let asked = accounts_to_read(inputs.desired, inputs.ledger, inputs.options);
    asked.iter().map(|account| PlanNotice::about(NoticeCode::AccountNotRead, account, None, None)).collect()
}

/// Sources of secrets by address and attribute.
type SecretSources = BTreeMap<Address, AttributeTexts>;

/// Sources of the secrets of all objects in the plan. Deleted objects need none.
fn secret_sources(inputs: &Inputs<'_>, selection: &Selection) -> SecretSources {
    let mut found = SecretSources::new();
    let objects = inputs.desired.objects.values().filter(|object| selection.includes(&object.address));
    for object in objects.filter(|_| !inputs.options.destroy) {
        for it in object.secret_sources() {
            found.entry(object.address.clone()).or_default().insert(it.attribute_name(), it.source.describe());
        }
    }
    found
}

/// Live objects that no address claims and that exist after the plan, counted by account and kind. One of which an entry manages a
/// member is managed in part; one that the plan releases has a notice. What the ledger holds is managed, although no file may declare
/// it or its kind.
fn count_unmanaged(
    inputs: &Inputs<'_>,
    findings: &Matches<'_>,
    leaving: &BTreeSet<(&str, &str, &str)>,
    effects: &[LedgerUpdate],
) -> Vec<UnmanagedCount> {
    let mut counts = Vec::new();
    // An object listed under two names of one account is one object.
    let mut seen = BTreeSet::new();
    let entries = inputs.desired.number_entries.values();
    let entries = entries.filter_map(|entry| {
        Some((entry.account.as_str(), entry.bridge.kind.as_str(), number_entries::live_bridge(findings, entry)?))
    });
    let released = effects.iter().filter_map(|effect| match effect {
        LedgerUpdate::Release { address, account: Some(account), id: Some(id) } => {
            Some((account.as_str(), address.kind.as_str(), id.as_str()))
        }
        _ => None,
    });
    let recorded = inputs.ledger.objects.iter().flat_map(|(address, entry)| {
        let ids = [&entry.id].into_iter().chain(&entry.former).map(String::as_str);
        ids.map(|id| (entry.account.as_str(), address.kind.as_str(), id))
    });
    let in_part: BTreeSet<(&str, &str, &str)> = entries.chain(released).chain(recorded).collect();
    for (account, live) in &inputs.live.accounts {
        let names = inputs.names_of_same_account(account);
        let first = names.first().copied().unwrap_or(account);
        let shared = names.len() > 1;
        for (kind, objects) in &live.objects {
            let shape = kind_in(inputs, account, kind);
            let count = objects
                .iter()
                .filter(|object| !findings.claimed.contains_key(&(account.as_str(), *kind, object.id.as_str())))
                .filter(|object| !names.iter().any(|name| in_part.contains(&(*name, *kind, object.id.as_str()))))
                .filter(|object| shape.is_none_or(|kind| object.is_manageable(kind)))
                .filter(|object| {
                    let leaves = |name: &str| leaving.contains(&(name, *kind, object.id.as_str()));
                    !(leaves(account) || (shared && names.iter().any(|name| leaves(name))))
                })
                .filter(|object| !shared || seen.insert((first, *kind, object.id.as_str())))
                .count();
            let foreign = live.foreign.get(kind).map_or(0, BTreeMap::len);
            if count + foreign > 0 {
                counts.push(UnmanagedCount { account: account.clone(), kind: (*kind).to_owned(), count, foreign });
            }
        }
    }
    counts
}

/// The ledger as shown beside the plan.
fn ledger_line(inputs: &Inputs<'_>) -> LedgerLine {
    let ledger = inputs.ledger;
    LedgerLine {
        place: inputs.options.ledger.clone(),
        serial: ledger.serial,
        made: ledger.made.clone(),
        saved: ledger.saved.clone(),
    }
}
