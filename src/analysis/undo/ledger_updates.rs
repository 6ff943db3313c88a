//! Undoes what a run changed only in the ledger: adopted, renamed, released, protected. Never a request.

use super::{NotUndone, THE_LEDGER, UndoBuilder, undo_place};
use crate::model::kind::Kind;
use crate::model::resource::{Address, Removal, Rename};
use crate::plan::{LedgerUpdate, Plan};
use crate::services;

/// Names that are listed one by one.
const MOST: usize = 5;

impl UndoBuilder<'_> {
    /// Undoes the changes of the ledger. For a run that `sent` something they are kept: it may have changed what it adopted.
    pub(super) fn undo_ledger_updates(&mut self, plan: &Plan, sent: bool) {
        let decisions: Vec<&LedgerUpdate> = plan.ledger.iter().filter(|effect| effect.is_decision()).collect();
        if sent {
            return self.note_stays_adopted(&decisions);
        }
        for effect in decisions {
            match effect {
                LedgerUpdate::Adopt { address, account, id }
                | LedgerUpdate::AdoptHidden { address, account, id } => self.release_adopted(address, account, id),
                LedgerUpdate::Rename { from, to } => self.rename_back(from, to),
                LedgerUpdate::Release { address, account: Some(account), id: Some(id) } => {
                    self.manage_again(address, account, id);
                }
                LedgerUpdate::Release { address, .. } => {
                    self.add_not_undone(address, "an interrupted create is not recorded again");
                }
                LedgerUpdate::Protect { address, on } => self.restore_protection(address, !on),
                LedgerUpdate::Drop { address } => {
                    self.add_not_undone(address, "its object no longer existed, so only its entry was removed");
                }
                LedgerUpdate::MoveEnded { .. }
                | LedgerUpdate::Visible { .. }
                | LedgerUpdate::Confirmed { .. }
                // The YAML decides the name of an account.
                | LedgerUpdate::RenameAccount { .. }
                | LedgerUpdate::Follow { .. } => {}
            }
        }
    }

    fn note_stays_adopted(&mut self, decisions: &[&LedgerUpdate]) {
        let adopted: Vec<String> = decisions
            .iter()
            .filter_map(|effect| match effect {
                LedgerUpdate::Adopt { address, .. } | LedgerUpdate::AdoptHidden { address, .. } => Some(address.to_string()),
                _ => None,
            })
            .collect();
        if adopted.is_empty() {
            return;
        }
        let more = adopted.len().saturating_sub(MOST);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let those = format!("{}{rest}", adopted[..adopted.len() - more].join(", "));
        let why = format!("this run began to manage {those}, and telform still does; `telform forget ADDRESS` releases one");
        self.undo.not_undone.push(NotUndone { what: THE_LEDGER.to_owned(), why, dark: false });
    }

    fn shape_of_kind(&self, account: &str, kind: &str) -> Option<&'static Kind> {
        services::shape_of_generation(kind, self.facts_of_account(account)?.generation)
    }

    /// An adopted object is released.
    fn release_adopted(&mut self, address: &Address, account: &str, id: &str) {
        let address = match self.address_today(address, account, id) {
            Ok(address) => address,
            Err(why) => return self.add_not_undone(address, why),
        };
        self.undo.desired.objects.remove(&address);
        self.undo.desired.removed.retain(|gone| gone.address != address);
        self.undo.desired.removed.push(Removal {
            address: address.clone(),
            reason: Some(format!("run {} started to manage it", self.run)),
            keep: true,
            account: Some(account.to_owned()),
            id: Some(id.to_owned()),
            key: std::collections::BTreeMap::new(),
            location: undo_place(),
        });
        self.undo.about.insert(address);
    }

    /// A renamed object gets its old address again, if that is free.
    fn rename_back(&mut self, from: &Address, to: &Address) {
        let ledger = self.today.ledger;
        let Some(entry) = ledger.objects.get(to) else {
            return self.add_not_undone(to, "no longer managed under this address; left alone");
        };
        if ledger.objects.contains_key(from) || self.today.desired.objects.contains_key(from) {
            return self.add_not_undone(to, format!("{from} is now another object"));
        }
        let Some(kind) = self.shape_of_kind(&entry.account, &to.kind) else { return };
        self.undo.desired.objects.remove(to);
        self.undo.desired.moved.retain(|rename| rename.to != *to);
        self.undo.desired.moved.push(Rename { from: to.clone(), to: from.clone(), account: None, location: undo_place() });
        self.object_to_restore(from, &entry.account, kind, Some(&entry.id));
        self.undo.managed.insert(from.clone());
    }

    /// A released object is managed again, where the YAML still declares it: the next apply would delete any other.
    fn manage_again(&mut self, address: &Address, account: &str, id: &str) {
        if let Some(known) = self.today.ledger.address_of(account, &address.kind, id) {
            return self.add_not_undone(address, format!("managed again, as {known}"));
        }
        if let Some(entry) = self.today.ledger.objects.get(address) {
            return self.add_not_undone(address, format!("its address now means the object {} instead of {id}", entry.id));
        }
        let declared = self.today.desired.objects.get(address).is_some_and(|object| object.account == account);
        if !declared {
            let why = "the YAML does not declare it: declare it, and the next apply manages it";
            return self.add_not_undone(address, why);
        }
        let Some(kind) = self.shape_of_kind(account, &address.kind) else { return };
        if !self.live_objects(account, kind.name).iter().any(|live| live.id == id) {
            let why = self.why_absent(account, kind.name, id);
            let adopt = if kind.hidden_until_verified {
                format!("; `telform adopt {address} {id}` manages it again")
            } else {
                String::new()
            };
            return self.add_not_undone(address, why + &adopt);
        }
        self.object_to_restore(address, account, kind, Some(id));
        self.undo.managed.insert(address.clone());
    }

    fn restore_protection(&mut self, address: &Address, on: bool) {
        let address = self.today.renamed.get(address).unwrap_or(address);
        let Some(entry) = self.today.ledger.objects.get(address) else {
            return self.add_not_undone(address, "no longer managed; left alone");
        };
        let Some(kind) = self.shape_of_kind(&entry.account, &address.kind) else { return };
        self.object_to_restore(address, &entry.account, kind, Some(&entry.id)).prevent_delete = on;
    }
}
