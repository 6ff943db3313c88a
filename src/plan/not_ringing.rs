//! Numbers that do not ring now: what serves them lets no call through, or a run of telform disconnected them and did not connect
//! them again.

use super::Inputs;
use super::diagnostics::{NoticeCode, PlanNotice};
use super::link::{LinkInputs, LinkPlan};
use crate::model::ledger::CreatedConnection;
use crate::model::resource::Connection;

impl LinkInputs<'_> {
    /// Numbers that an earlier run left dark and that this plan connects, on whichever bridge.
    pub(super) fn note_dark_now(&self, wired: &mut LinkPlan) {
        for open in self.unfinished_moves.iter().filter(|open| !self.unreadable.contains(open.bridge.as_str())) {
            if !self.index.served.contains(open.number.as_str()) && wired.steps.connects_number(&open.number) {
                let detail = Some(format!("{} on {}", open.number, open.bridge));
                wired.remarks.notices.push(PlanNotice::about(NoticeCode::DarkNow, self.account, None, detail));
            }
        }
    }

    /// Declared numbers that something serves now that lets no call through: those that it goes on to serve, and those that ring
    /// after this plan.
    pub(super) fn note_not_ringing(&self, wired: &mut LinkPlan) {
        let wanted = self.connections.iter().filter_map(|connection| {
            let id = connection.served_by.id().filter(|id| self.dark_before.contains(id))?;
            let bridge = self.index.by_slug.get(connection.bridge.as_str())?;
            let (name, _) = bridge.numbers.get(&connection.number)?;
            Some((connection, id, *bridge, name))
        });
        for (connection, id, bridge, name) in wanted {
            let number = &connection.number;
            let now = (self.label)(id);
            let (code, by) = match self.dark_after.contains(&name.to_string()) {
                // It may still have nothing that its calls go to.
                false if self.unknown_destinations.contains(name.kind.as_str()) => continue,
                false => (NoticeCode::RingsAgain, &now),
                true if !wired.steps.changes_number(number) => (NoticeCode::DoesNotRing, &now),
                // What serves it then has its own notice.
                true => continue,
            };
            let detail = Some(format!("{number}, served by {by}"));
            wired.remarks.notices.push(PlanNotice::about(code, self.account, Some(bridge.owner_of(number)), detail));
        }
    }
}

/// Numbers that a run of telform disconnected to connect them elsewhere, and that nothing serves now, as far as the connections of
/// their accounts were read.
pub fn numbers_left_dark<'a>(inputs: &Inputs<'a>) -> Vec<&'a CreatedConnection> {
    let is_dark = |open: &&CreatedConnection| {
        let connections = inputs.live.accounts.get(&open.account).and_then(|live| live.connections.as_deref());
        let serves = |it: &Connection| it.number == open.number && it.served_by.may_serve();
        connections.is_some_and(|all| !all.iter().any(serves))
    };
    inputs.ledger.moves.iter().filter(is_dark).collect()
}
