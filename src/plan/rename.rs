//! Renames: the ledger as it is once every object has the address that the configuration gives it. Never a request.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::find;
use super::note::{Notice, NoticeCode, Refusal, RefusalCode};
use super::{Inputs, LedgerEffect};
use crate::ledger::Ledger;
use crate::resource::Address;

/// What is renamed, and what stands in the way.
#[derive(Debug, Default)]
pub(super) struct Renames {
    pub(super) effects: Vec<LedgerEffect>,
    pub(super) notices: Vec<Notice>,
    pub(super) refusals: Vec<Refusal>,
}

impl Renames {
    fn rename(&mut self, account: &str, from: &Address, to: &Address) {
        self.notices.push(Notice {
            code: NoticeCode::Renamed,
            account: account.to_owned(),
            address: Some(to.clone()),
            attribute: None,
            detail: Some(from.to_string()),
        });
        self.effects.push(LedgerEffect::Rename { from: from.clone(), to: to.clone() });
    }

    /// The ledger after the renames.
    pub(super) fn ledger<'l>(&self, ledger: &'l Ledger) -> Cow<'l, Ledger> {
        let mut ledger = Cow::Borrowed(ledger);
        for effect in &self.effects {
            if let LedgerEffect::Rename { from, to } = effect {
                ledger.to_mut().rename(from, to);
            }
        }
        ledger
    }
}

/// The addresses of the ledger that the configuration has renamed: each with the one that it has from the next run on.
pub fn renamed(inputs: &Inputs<'_>) -> BTreeMap<Address, Address> {
    let declared = declared(inputs);
    let ledger = declared.ledger(inputs.ledger);
    let implied = implied(&Inputs { ledger: &ledger, ..*inputs });
    let all = declared.effects.into_iter().chain(implied.effects);
    all.filter_map(|effect| match effect {
        LedgerEffect::Rename { from, to } => Some((from, to)),
        _ => None,
    })
    .collect()
}

/// The renames of the YAML that the ledger does not know yet.
pub(super) fn declared(inputs: &Inputs<'_>) -> Renames {
    let mut renames = Renames::default();
    for rename in &inputs.desired.moved {
        let entry = inputs.ledger.objects.get(&rename.from);
        let attempt = inputs.ledger.attempts.get(&rename.from);
        let Some(account) = entry.map(|entry| &entry.account).or(attempt.map(|attempt| &attempt.account))
        else {
            continue;
        };
        let taken = inputs.ledger.objects.get(&rename.to);
        let other = taken.filter(|taken| {
            entry.is_none_or(|entry| (&entry.account, &entry.id) != (&taken.account, &taken.id))
        });
        if let Some(other) = other {
            renames.refusals.push(Refusal {
                code: RefusalCode::RenamedOnto,
                account: account.clone(),
                address: Some(rename.to.clone()),
                attribute: None,
                detail: format!(
                    "the ledger knows {} as {} and {} as {}",
                    rename.to,
                    other.id,
                    rename.from,
                    entry.map_or("a create that was cut off", |entry| entry.id.as_str())
                ),
                place: Some(rename.place.to_string()),
            });
            continue;
        }
        renames.rename(account, &rename.from, &rename.to);
    }
    renames
}

/// An address that is gone from the YAML while another one that is new to the ledger means the same live object: the entry
/// was renamed and nobody wrote that down. Deleting that object would be the one thing that nobody asked for.
pub(super) fn implied(inputs: &Inputs<'_>) -> Renames {
    let mut renames = Renames::default();
    let desired = inputs.desired;
    let spoken_for: BTreeSet<&Address> = desired
        .removed
        .iter()
        .map(|gone| &gone.address)
        .chain(desired.moved.iter().map(|rename| &rename.from))
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
    let findings = find::find(inputs);
    for (from, entry) in lost {
        let heir = findings
            .claimed
            .iter()
            .find(|((account, kind, id), _)| {
                *account == entry.account && *kind == from.kind && *id == entry.id
            })
            .map(|(_, to)| *to);
        if let Some(to) = heir.filter(|to| !inputs.ledger.objects.contains_key(*to)) {
            renames.rename(&entry.account, from, to);
        }
    }
    renames
}
