//! What each part of the planning has to say besides its steps: refusals, notices, and what the ledger learns.

use super::LedgerUpdate;
use super::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use crate::model::resource::{Address, DesiredObject};

/// Refusals, notices and effects on the ledger, collected by one part of the planning and merged into the plan.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    pub(super) refusals: Vec<PlanRefusal>,
    pub(super) notices: Vec<PlanNotice>,
    pub(super) effects: Vec<LedgerUpdate>,
}

impl Remarks {
    /// Adds what another part collected.
    pub(super) fn merge(&mut self, mut other: Self) {
        self.refusals.append(&mut other.refusals);
        self.notices.append(&mut other.notices);
        self.effects.append(&mut other.effects);
    }

    /// Refuses something about an object of the configuration.
    pub(super) fn refuse(&mut self, object: &DesiredObject, code: RefusalCode, detail: String) {
        let place = Some(object.location.to_string());
        self.refusals.push(PlanRefusal { place, ..PlanRefusal::about(code, &object.account, &object.address, detail) });
    }

    /// Notes something about an object of the configuration.
    pub(super) fn note(&mut self, object: &DesiredObject, code: NoticeCode, detail: Option<String>) {
        self.notices.push(PlanNotice::about(code, &object.account, Some(&object.address), detail));
    }
}

impl PlanRefusal {
    /// A refusal about a whole object, wherever it is stated.
    pub(super) fn about(code: RefusalCode, account: &str, address: &Address, detail: String) -> Self {
        let addresses = [address.clone()].into();
        Self { code, account: account.to_owned(), addresses, attribute: None, detail, place: None }
    }
}

impl PlanNotice {
    /// A notice about a whole object or account.
    pub(crate) fn about(code: NoticeCode, account: &str, address: Option<&Address>, detail: Option<String>) -> Self {
        Self { code, account: account.to_owned(), address: address.cloned(), attribute: None, detail }
    }
}
