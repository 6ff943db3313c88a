//! Renames: the ledger as it is once every object has the address, and every account the name, that the configuration gives it.
//! Never a request.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use super::matching;
use super::remarks::Remarks;
use super::{Inputs, LedgerUpdate};
use crate::model::ledger::{FollowedAccount, Ledger};
use crate::model::resource::Address;

impl Remarks {
    fn rename(&mut self, account: &str, from: &Address, to: &Address) {
        self.note_rename(NoticeCode::Renamed, account, Some(to), &from.to_string());
        self.effects.push(LedgerUpdate::Rename { from: from.clone(), to: to.clone() });
    }

    fn note_rename(&mut self, code: NoticeCode, account: &str, address: Option<&Address>, detail: &str) {
        self.notices.push(PlanNotice::about(code, account, address, Some(detail.to_owned())));
    }
}

/// The ledger after the renames among these effects.
fn renamed_ledger<'l>(effects: &[LedgerUpdate], ledger: &'l Ledger) -> Cow<'l, Ledger> {
    let mut ledger = Cow::Borrowed(ledger);
    for effect in effects {
        match effect {
            LedgerUpdate::Rename { from, to } => ledger.to_mut().rename_object(from, to),
            LedgerUpdate::Follow { address, account } => ledger.to_mut().name_account(address, account),
            _ => {}
        }
    }
    ledger
}

/// The addresses of the ledger that the configuration has renamed, each with its new one.
pub fn renamed_addresses(inputs: &Inputs<'_>) -> BTreeMap<Address, Address> {
    let all = find_renames(inputs).0.effects.into_iter();
    all.filter_map(|effect| match effect {
        LedgerUpdate::Rename { from, to } => Some((from, to)),
        _ => None,
    })
    .collect()
}

/// All renames, and the ledger after them.
pub(super) fn find_renames<'l>(inputs: &Inputs<'l>) -> (Remarks, Cow<'l, Ledger>) {
    let mut all = renames_on_load(inputs.ledger);
    let mut ledger = Cow::Borrowed(inputs.ledger);
    for step in [account_renames, declared_renames, implied_renames] {
        let mut found = step(&Inputs { ledger: &ledger, ..*inputs });
        if !found.effects.is_empty() {
            ledger = Cow::Owned(renamed_ledger(&found.effects, &ledger).into_owned());
            // An object whose entry has another address may also be recorded under another name of its account.
            let more = account_renames(&Inputs { ledger: &ledger, ..*inputs });
            ledger = Cow::Owned(renamed_ledger(&more.effects, &ledger).into_owned());
            found.merge(more);
        }
        all.merge(found);
    }
    (all, ledger)
}

/// Account changes that the ledger followed when it was loaded.
fn renames_on_load(ledger: &Ledger) -> Remarks {
    let mut renames = Remarks::default();
    for followed in &ledger.followed {
        match followed {
            FollowedAccount::Renamed { from, to } => {
                renames.note_rename(NoticeCode::AccountRenamed, to, None, from);
                renames.effects.push(LedgerUpdate::RenameAccount { from: from.clone(), to: to.clone() });
            }
            FollowedAccount::Rehosted { account, was, .. } => {
                renames.note_rename(NoticeCode::AccountRehosted, account, None, was);
            }
        }
    }
    renames
}

/// Entries whose account has another name and is the same account: nothing moves.
fn account_renames(inputs: &Inputs<'_>) -> Remarks {
    let mut renames = Remarks::default();
    // Both are sorted by address.
    let mut objects = inputs.desired.objects.iter().peekable();
    for (address, entry) in &inputs.ledger.objects {
        while objects.next_if(|(other, _)| *other < address).is_some() {}
        let Some((_, object)) = objects.peek().filter(|(other, _)| *other == address) else { continue };
        if object.account != entry.account && inputs.is_in_same_account(&entry.account, object, &entry.id) {
            renames.note_rename(NoticeCode::AccountFollowed, &object.account, Some(address), &entry.account);
            let (address, account) = (address.clone(), object.account.clone());
            renames.effects.push(LedgerUpdate::Follow { address, account });
        }
    }
    renames
}

/// The renames of the YAML that the ledger does not know yet.
fn declared_renames(inputs: &Inputs<'_>) -> Remarks {
    let mut renames = Remarks::default();
    for rename in inputs.desired.moved.iter().filter(|rename| rename.from != rename.to) {
        let entry = inputs.ledger.objects.get(&rename.from);
        let attempt = inputs.ledger.attempts.get(&rename.from);
        let Some(account) = entry.map(|entry| &entry.account).or(attempt.map(|attempt| &attempt.account)) else {
            continue;
        };
        let taken = inputs.ledger.objects.get(&rename.to);
        let other = taken.filter(|taken| entry.is_none_or(|entry| (&entry.account, &entry.id) != (&taken.account, &taken.id)));
        if let Some(other) = other {
            renames.refusals.push(PlanRefusal {
                code: RefusalCode::RenamedOnto,
                account: account.clone(),
                addresses: BTreeSet::from([rename.to.clone()]),
                attribute: None,
                detail: format!(
                    "in the ledger {} is {} and {} is {}",
                    rename.to,
                    other.id,
                    rename.from,
                    entry.map_or("an interrupted create", |entry| entry.id.as_str())
                ),
                place: Some(rename.location.to_string()),
            });
            continue;
        }
        renames.rename(account, &rename.from, &rename.to);
    }
    renames
}

/// An address that was removed from the YAML while another one, new to the ledger, refers to the same live object: the
/// entry was renamed without a `moved:` entry. The user did not ask to delete that object.
fn implied_renames(inputs: &Inputs<'_>) -> Remarks {
    let mut renames = Remarks::default();
    let desired = inputs.desired;
    let spoken_for: BTreeSet<&Address> = desired
        .removed
        .iter()
        .map(|gone| &gone.address)
        .chain(desired.moved.iter().filter(|rename| rename.from != rename.to).map(|rename| &rename.from))
        .collect();
    let lost: Vec<_> = inputs
        .ledger
        .objects
        .iter()
        .filter(|(address, _)| desired.kinds.contains(&address.kind))
        .filter(|(address, _)| !desired.objects.contains_key(*address) && !spoken_for.contains(address))
        .collect();
    if lost.is_empty() {
        return renames;
    }
    let findings = matching::match_addresses(inputs);
    for (from, entry) in lost {
        let heir = findings
            .claimed
            .iter()
            .find(|((account, kind, id), _)| *account == entry.account && *kind == from.kind && *id == entry.id)
            .map(|(_, to)| *to)
            .filter(|to| !desired.existing.contains_key(*to));
        if let Some(to) = heir.filter(|to| !inputs.ledger.objects.contains_key(*to)) {
            renames.rename(&entry.account, from, to);
        }
    }
    renames
}
