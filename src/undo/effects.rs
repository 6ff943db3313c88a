//! What a run changed in the ledger alone, taken back: adopted, renamed, released, protected. Never a request.

use super::{Left, Maker, place};
use crate::backend;
use crate::kind::Kind;
use crate::plan::{LedgerEffect, Plan};
use crate::resource::{Address, Removal, Rename};

/// Names that are listed one by one.
const MOST: usize = 5;

impl Maker<'_> {
    /// Takes back what the ledger learnt. Of a run that `sent` something it stays: what it adopted may be what it changed.
    pub(super) fn effects(&mut self, plan: &Plan, sent: bool) {
        let decisions: Vec<&LedgerEffect> =
            plan.ledger.iter().filter(|effect| effect.is_decision()).collect();
        if sent {
            return self.stays(&decisions);
        }
        for effect in decisions {
            match effect {
                LedgerEffect::Adopt { address, account, id }
                | LedgerEffect::AdoptHidden { address, account, id } => self.release(address, account, id),
                LedgerEffect::Rename { from, to } => self.rename_back(from, to),
                LedgerEffect::Release { address, account: Some(account), id: Some(id) } => {
                    self.manage_again(address, account, id);
                }
                LedgerEffect::Release { address, .. } => {
                    self.left(address, "a create that was cut off is not noted again");
                }
                LedgerEffect::Protect { address, on } => self.protect(address, !on),
                LedgerEffect::Drop { address } => {
                    self.left(address, "its object was gone, so only its entry was removed");
                }
                LedgerEffect::MoveEnded { .. }
                | LedgerEffect::Visible { .. }
                | LedgerEffect::Confirmed { .. }
                // How the YAML names an account is the YAML's.
                | LedgerEffect::RenameAccount { .. }
                | LedgerEffect::Follow { .. } => {}
            }
        }
    }

    fn stays(&mut self, decisions: &[&LedgerEffect]) {
        let adopted: Vec<String> = decisions
            .iter()
            .filter_map(|effect| match effect {
                LedgerEffect::Adopt { address, .. } | LedgerEffect::AdoptHidden { address, .. } => {
                    Some(address.to_string())
                }
                _ => None,
            })
            .collect();
        if adopted.is_empty() {
            return;
        }
        let more = adopted.len().saturating_sub(MOST);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let those = format!("{}{rest}", adopted[..adopted.len() - more].join(", "));
        let why = format!(
            "the run took {those} under management, and that stays; `telform forget ADDRESS` releases one"
        );
        self.undo.left.push(Left { what: "the ledger".to_owned(), why });
    }

    fn shape(&self, account: &str, kind: &str) -> Option<&'static Kind> {
        backend::shape(kind, self.facts(account)?.generation)
    }

    /// What was adopted is released.
    fn release(&mut self, address: &Address, account: &str, id: &str) {
        let address = match self.address_today(address, account, id) {
            Ok(address) => address,
            Err(why) => return self.left(address, why),
        };
        self.undo.desired.objects.remove(&address);
        self.undo.desired.removed.retain(|gone| gone.address != address);
        self.undo.desired.removed.push(Removal {
            address: address.clone(),
            reason: Some(format!("run {} took it under management", self.run)),
            keep: true,
            account: Some(account.to_owned()),
            id: Some(id.to_owned()),
            key: std::collections::BTreeMap::new(),
            place: place(),
        });
        self.undo.about.insert(address);
    }

    /// What was renamed gets its old address again, if that is free.
    fn rename_back(&mut self, from: &Address, to: &Address) {
        let ledger = self.today.ledger;
        let Some(entry) = ledger.objects.get(to) else {
            return self.left(to, "not managed by this address any more, left alone");
        };
        if ledger.objects.contains_key(from) || self.today.desired.objects.contains_key(from) {
            return self.left(to, format!("{from} is another object today"));
        }
        let Some(kind) = self.shape(&entry.account, &to.kind) else { return };
        self.undo.desired.objects.remove(to);
        self.undo.desired.moved.retain(|rename| rename.to != *to);
        self.undo.desired.moved.push(Rename {
            from: to.clone(),
            to: from.clone(),
            account: None,
            place: place(),
        });
        self.object(from, &entry.account, kind, Some(&entry.id));
        self.undo.managed.insert(from.clone());
    }

    /// What was released is managed again, where the YAML still declares it: anything else the next apply would delete.
    fn manage_again(&mut self, address: &Address, account: &str, id: &str) {
        if let Some(known) = self.today.ledger.address_of(account, &address.kind, id) {
            return self.left(address, format!("managed again, as {known}"));
        }
        if let Some(entry) = self.today.ledger.objects.get(address) {
            return self.left(address, format!("its address means {} today, and not {id}", entry.id));
        }
        let declared =
            self.today.desired.objects.get(address).is_some_and(|object| object.account == account);
        if !declared {
            let why =
                "the YAML does not declare it: declare it, and the next apply takes it under management";
            return self.left(address, why);
        }
        let Some(kind) = self.shape(account, &address.kind) else { return };
        if !self.listed(account, kind.name).iter().any(|live| live.id == id) {
            return self.left(address, self.absent(account, kind.name, id));
        }
        self.object(address, account, kind, Some(id));
        self.undo.managed.insert(address.clone());
    }

    fn protect(&mut self, address: &Address, on: bool) {
        let address = self.today.renamed.get(address).unwrap_or(address);
        let Some(entry) = self.today.ledger.objects.get(address) else {
            return self.left(address, "not managed any more, left alone");
        };
        let Some(kind) = self.shape(&entry.account, &address.kind) else { return };
        self.object(address, &entry.account, kind, Some(&entry.id)).prevent_delete = on;
    }
}
