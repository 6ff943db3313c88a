//! Objects that the service cannot delete, only end: they stay listed.

use super::diagnostics::{NoticeCode, PlanNotice};
use super::removal::{LeavingObject, Removals};
use super::{Inputs, LedgerUpdate};
use crate::model::kind::Kind;
use crate::model::resource::{Address, LiveObject};

impl LeavingObject<'_> {
    /// Why it goes, and what becomes of it where that is no delete.
    pub(super) fn reason_with_end(&self) -> String {
        let end = self.kind.delete.end_word().map(|word| format!("; it will be {word}, not deleted"));
        format!("{}{}", self.reason, end.unwrap_or_default())
    }
}

impl Removals<'_> {
    /// What is to be deleted is ended already: it is no longer managed.
    pub(super) fn note_ended(
        &mut self,
        inputs: &Inputs<'_>,
        address: &Address,
        account: &str,
        kind: &Kind,
        live: &LiveObject,
        state: &str,
    ) {
        let detail = Some(format!("{} {} is {state}", kind.singular, live.id));
        self.remarks.notices.push(PlanNotice::about(NoticeCode::AlreadyEnded, account, Some(address), detail));
        if inputs.ledger.objects.contains_key(address) {
            self.remarks.effects.push(LedgerUpdate::Drop { address: address.clone() });
        }
    }
}
