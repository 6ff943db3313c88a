//! Renames: the ledger as it is once every object has the address, and every account the name, that the configuration gives it.
//! Never a request.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::find;
use super::note::{Notice, NoticeCode, Refusal, RefusalCode};
use super::{Inputs, LedgerEffect};
use crate::ledger::{Followed, Ledger};
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

    fn note(&mut self, code: NoticeCode, account: &str, address: Option<&Address>, detail: &str) {
        self.notices.push(Notice {
            code,
            account: account.to_owned(),
            address: address.cloned(),
            attribute: None,
            detail: Some(detail.to_owned()),
        });
    }

    fn append(&mut self, mut other: Self) {
        self.effects.append(&mut other.effects);
        self.notices.append(&mut other.notices);
        self.refusals.append(&mut other.refusals);
    }

    /// The ledger after the renames.
    fn ledger<'l>(&self, ledger: &'l Ledger) -> Cow<'l, Ledger> {
        let mut ledger = Cow::Borrowed(ledger);
        for effect in &self.effects {
            match effect {
                LedgerEffect::Rename { from, to } => ledger.to_mut().rename(from, to),
                LedgerEffect::Follow { address, account } => ledger.to_mut().name_account(address, account),
                _ => {}
            }
        }
        ledger
    }
}

/// The addresses of the ledger that the configuration has renamed: each with the one that it has from the next run on.
pub fn renamed(inputs: &Inputs<'_>) -> BTreeMap<Address, Address> {
    let all = renames(inputs).0.effects.into_iter();
    all.filter_map(|effect| match effect {
        LedgerEffect::Rename { from, to } => Some((from, to)),
        _ => None,
    })
    .collect()
}

/// All renames, and the ledger after them.
pub(super) fn renames<'l>(inputs: &Inputs<'l>) -> (Renames, Cow<'l, Ledger>) {
    let mut all = followed(inputs.ledger);
    let mut ledger = Cow::Borrowed(inputs.ledger);
    for step in [accounts, declared, implied] {
        let mut found = step(&Inputs { ledger: &ledger, ..*inputs });
        if !found.effects.is_empty() {
            ledger = Cow::Owned(found.ledger(&ledger).into_owned());
            // An object whose entry has another address may stand under another name of its account, too.
            let more = accounts(&Inputs { ledger: &ledger, ..*inputs });
            ledger = Cow::Owned(more.ledger(&ledger).into_owned());
            found.append(more);
        }
        all.append(found);
    }
    (all, ledger)
}

/// What the ledger followed when it was loaded.
fn followed(ledger: &Ledger) -> Renames {
    let mut renames = Renames::default();
    for followed in &ledger.followed {
        match followed {
            Followed::Renamed { from, to } => {
                renames.note(NoticeCode::AccountRenamed, to, None, from);
                renames.effects.push(LedgerEffect::RenameAccount { from: from.clone(), to: to.clone() });
            }
            Followed::Rehosted { account, was, .. } => {
                renames.note(NoticeCode::AccountRehosted, account, None, was);
            }
        }
    }
    renames
}

/// Entries whose account has another name, and is the same one: nothing moves.
fn accounts(inputs: &Inputs<'_>) -> Renames {
    let mut renames = Renames::default();
    // Both are in the order of their addresses.
    let mut objects = inputs.desired.objects.iter().peekable();
    for (address, entry) in &inputs.ledger.objects {
        while objects.next_if(|(other, _)| *other < address).is_some() {}
        let Some((_, object)) = objects.peek().filter(|(other, _)| *other == address) else { continue };
        if object.account != entry.account && inputs.is_same(&entry.account, object, &entry.id) {
            renames.note(NoticeCode::AccountFollowed, &object.account, Some(address), &entry.account);
            let (address, account) = (address.clone(), object.account.clone());
            renames.effects.push(LedgerEffect::Follow { address, account });
        }
    }
    renames
}

/// The renames of the YAML that the ledger does not know yet.
fn declared(inputs: &Inputs<'_>) -> Renames {
    let mut renames = Renames::default();
    for rename in inputs.desired.moved.iter().filter(|rename| rename.from != rename.to) {
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
fn implied(inputs: &Inputs<'_>) -> Renames {
    let mut renames = Renames::default();
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
