//! Where the numbers of a run are now: as before it, as it or an earlier undo left them, or changed by others since.

use std::collections::{BTreeMap, BTreeSet};

use super::UndoBuilder;
use super::numbers::{NumberPlace, RunNumberChange, connections_on};
use crate::model::kind::LinkRoles;
use crate::model::resource::{Address, Connection, LiveAccount, ServedBy};

impl UndoBuilder<'_> {
    /// Numbers that were connected differently since, by others than an undo of the run. One that is so in one place is left alone in
    /// all of them.
    pub(super) fn numbers_changed_since(&self, changes: &BTreeMap<NumberPlace, RunNumberChange>) -> BTreeSet<String> {
        let mut changed = BTreeSet::new();
        for (place, change) in changes {
            let (account, bridge, number) = place;
            let Some(live) = self.today.live.accounts.get(account) else { continue };
            let Some(roles) = self.link_roles(account) else { continue };
            let before = change.before.id();
            if before.is_some() && self.is_as_before(live, roles, place, before) {
                continue;
            }
            let elsewhere = live.connections.iter().flatten().any(|other| {
                other.number == *number
                    && other.served_by != ServedBy::Unserved
                    && !changes.contains_key(&(account.clone(), other.bridge.clone(), number.clone()))
            });
            let left = [Some(change.after.clone()), self.left_by_earlier_undo(place)];
            let is_left = left.iter().flatten().any(|left| is_where_left(live, bridge, number, left.as_deref()));
            if elsewhere || !(is_left || self.is_as_before(live, roles, place, before)) {
                changed.insert(number.clone());
            }
        }
        changed
    }

    /// Whether a number is on its bridge as it was before the run.
    pub(super) fn is_as_before(&self, live: &LiveAccount, roles: &LinkRoles, place: &NumberPlace, before: Option<&str>) -> bool {
        let (account, bridge, number) = place;
        let bridge = self.id_today(account, roles.holder, bridge);
        let before = before.map(|id| {
            let today = roles.targets.iter().map(|kind| self.id_today(account, kind, id));
            today.into_iter().find(|today| *today != id).unwrap_or(id)
        });
        is_where_left(live, bridge, number, before)
    }

    /// A number that is not connected as before the run. One that telform itself disconnected and that nothing serves is dark: that
    /// comes first.
    pub(super) fn note_number_not_undone(&mut self, live: &LiveAccount, number: &str, what: String, why: String) {
        let serves = |it: &Connection| it.number == number && it.served_by.may_serve();
        let dark = self.today.ledger.moves.iter().any(|open| open.number == number)
            && live.connections.as_deref().is_some_and(|all| !all.iter().any(serves));
        if !dark {
            return self.add_not_undone(what, why);
        }
        self.add_not_undone(&what, format!("DARK NOW: telform disconnected it, and nothing serves it; {why}"));
        self.undo.dark.insert(number.to_owned(), what);
    }

    /// Whether an address means another object than this one, according to the ledger.
    pub(super) fn means_other(&self, address: &Address, account: &str, id: &str) -> bool {
        let address = self.today.renamed.get(address).unwrap_or(address);
        let entry = self.today.ledger.objects.get(address);
        entry.is_some_and(|entry| entry.account != account || entry.id != id)
    }
}

/// Whether a number is where a run left it. A number that the run disconnected must not have been connected elsewhere since.
fn is_where_left(live: &LiveAccount, bridge: &str, number: &str, after: Option<&str>) -> bool {
    let here = connections_on(live, bridge).find(|connection| connection.number == number);
    match (after, here.map(|connection| &connection.served_by)) {
        (Some(id), Some(target)) => target.id() == Some(id),
        (Some(_), None) => false,
        (None, None | Some(ServedBy::Unserved)) => true,
        (None, Some(_)) => false,
    }
}
