//! Where the numbers of a run are now: as before it, as it or an earlier undo left them, or changed by others since.

use std::collections::{BTreeMap, BTreeSet};

use super::numbers::{NumberPlace, RunNumberChange};
use super::{NotUndone, UndoBuilder};
use crate::model::kind::LinkRoles;
use crate::model::resource::{Address, Connection, LiveState, ServedBy};

impl UndoBuilder<'_> {
    /// Numbers that were connected differently since, by others than an undo of the run. One that is so in one place is left alone in
    /// all of them.
    pub(super) fn numbers_changed_since(&self, changes: &BTreeMap<NumberPlace, RunNumberChange>) -> BTreeSet<String> {
        let mut changed = BTreeSet::new();
        for (place, change) in changes {
            let (account, bridge, number) = place;
            if !self.today.live.accounts.contains_key(account) {
                continue;
            }
            let Some(roles) = self.link_roles(account) else { continue };
            let before = change.before.id();
            if before.is_some() && self.is_as_before(roles, place, before) {
                continue;
            }
            let elsewhere = self.connections_of(account, number).iter().any(|other| {
                other.served_by != ServedBy::Unserved
                    && !changes.contains_key(&(account.clone(), other.bridge.clone(), number.clone()))
            });
            let left = [Some(change.after.clone()), self.left_by_earlier_undo(place)];
            let is_left = left.iter().flatten().any(|left| self.is_where_left(account, bridge, number, left.as_deref()));
            if elsewhere || !(is_left || self.is_as_before(roles, place, before)) {
                changed.insert(number.clone());
            }
        }
        changed
    }

    /// Whether a number is on its bridge as it was before the run.
    pub(super) fn is_as_before(&self, roles: &LinkRoles, place: &NumberPlace, before: Option<&str>) -> bool {
        let (account, bridge, number) = place;
        let bridge = self.id_today(account, roles.holder, bridge);
        let before = before.map(|id| {
            let today = roles.targets.iter().map(|kind| self.id_today(account, kind, id));
            today.into_iter().find(|today| *today != id).unwrap_or(id)
        });
        self.is_where_left(account, bridge, number, before)
    }

    /// A number that is not connected as before the run. One that telform itself disconnected and that nothing serves is dark: that
    /// comes first.
    pub(super) fn note_number_not_undone(&mut self, account: &str, number: &str, what: String, why: String) {
        let is_read = self.today.live.accounts.get(account).is_some_and(|live| live.connections.is_some());
        let dark = self.today.ledger.moves.iter().any(|open| open.account == account && open.number == number)
            && is_read
            && !self.connections_of(account, number).iter().any(|it| it.served_by.may_serve());
        if !dark {
            return self.add_not_undone(what, why);
        }
        let why = format!("DARK NOW: telform disconnected it, and nothing serves it; {why}");
        self.undo.not_undone.push(NotUndone { what: what.clone(), why, dark: true });
        self.undo.dark.insert(number.to_owned(), what);
    }

    /// Whether an address means another object than this one, according to the ledger.
    pub(super) fn means_other(&self, address: &Address, account: &str, id: &str) -> bool {
        let address = self.today.renamed.get(address).unwrap_or(address);
        let entry = self.today.ledger.objects.get(address);
        entry.is_some_and(|entry| entry.account != account || entry.id != id)
    }

    /// The connections of a number in an account, on whatever holder.
    pub(super) fn connections_of(&self, account: &str, number: &str) -> &[&Connection] {
        self.connections.get(account).and_then(|all| all.get(number)).map_or(&[], Vec::as_slice)
    }

    /// Whether a number is where a run left it. A number that the run disconnected must not have been connected elsewhere since.
    fn is_where_left(&self, account: &str, bridge: &str, number: &str, after: Option<&str>) -> bool {
        let here = self.connections_of(account, number).iter().find(|connection| connection.bridge == bridge);
        match (after, here.map(|connection| &connection.served_by)) {
            (Some(id), Some(target)) => target.id() == Some(id),
            (Some(_), None) => false,
            (None, None | Some(ServedBy::Unserved)) => true,
            (None, Some(_)) => false,
        }
    }
}

/// The connections of each account by number.
pub(super) type ConnectionsByNumber<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a Connection>>>;

/// The connections of all accounts by what is looked up: an undo of ten thousand numbers looks each up several times.
pub(super) fn connections_by_number(live: &LiveState) -> ConnectionsByNumber<'_> {
    let mut all = ConnectionsByNumber::new();
    for (account, live) in &live.accounts {
        for connection in live.connections.iter().flatten() {
            all.entry(account).or_default().entry(&connection.number).or_default().push(connection);
        }
    }
    all
}
