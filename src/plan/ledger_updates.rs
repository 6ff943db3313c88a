//! What the matches record in the ledger.

use super::LedgerUpdate;
use super::diagnostics::NoticeCode;
use super::matching::{MatchOutcome, Matches, ObjectMatch};
use super::remarks::Remarks;
use crate::model::kind::Kind;
use crate::model::resource::{DesiredObject, DesiredValue, LiveObject};

/// What to record in the ledger about the objects that were found, without any write to a service.
pub(super) fn ledger_updates_of_matches(findings: &mut Matches<'_>) {
    let mut remarks = Remarks::default();
    for ObjectMatch { object, entry, kind, outcome: finding, .. } in findings.by_address.values() {
        let MatchOutcome::Live(live) = finding else { continue };
        let address = &object.address;
        match entry.filter(|entry| entry.id == live.id && entry.account == object.account) {
            None => {
                remarks.note(object, NoticeCode::Adopted, Some(live.id.clone()));
                remarks.effects.push(LedgerUpdate::Adopt {
                    address: address.clone(),
                    account: object.account.clone(),
                    id: live.id.clone(),
                });
            }
            Some(entry) => {
                if entry.hidden_since.is_some() {
                    remarks.effects.push(LedgerUpdate::Visible { address: address.clone() });
                }
                for name in entry.submitted.keys().filter(|name| is_value_confirmed(object, live, kind, name)) {
                    remarks.effects.push(LedgerUpdate::Confirmed { address: address.clone(), attribute: name.clone() });
                }
            }
        }
        if entry.is_some_and(|entry| entry.prevent_delete) != object.prevent_delete {
            // Reported before the run that carries it out: afterwards only the other guards protect the object.
            if entry.is_some() {
                let code = match object.prevent_delete {
                    true => NoticeCode::Protected,
                    false => NoticeCode::Unprotected,
                };
                remarks.note(object, code, Some(live.id.clone()));
            }
            remarks.effects.push(LedgerUpdate::Protect { address: address.clone(), on: object.prevent_delete });
        }
    }
    findings.remarks.merge(remarks);
}

fn is_value_confirmed(object: &DesiredObject, live: &LiveObject, kind: &Kind, name: &str) -> bool {
    match (kind.field(name), object.attributes.get(name), live.attributes.get(name)) {
        (Some(field), Some(DesiredValue::Value(wanted)), Some(shown)) => field.values_equal(wanted, shown),
        _ => false,
    }
}
