//! What the ledger learns from what was found.

use super::LedgerEffect;
use super::find::{Finding, Findings, Match, notice};
use super::note::NoticeCode;
use crate::kind::Kind;
use crate::resource::{DesiredObject, LiveObject, Wanted};

/// What the ledger shall learn about the objects that were found, without any write to a service.
pub(super) fn effects(findings: &mut Findings<'_>) {
    let mut notices = Vec::new();
    let mut effects = Vec::new();
    for Match { object, entry, kind, finding, .. } in findings.by_address.values() {
        let Finding::Live(live) = finding else { continue };
        let address = &object.address;
        match entry.filter(|entry| entry.id == live.id && entry.account == object.account) {
            None => {
                notices.push(notice(object, NoticeCode::Adopted, Some(live.id.clone())));
                effects.push(LedgerEffect::Adopt {
                    address: address.clone(),
                    account: object.account.clone(),
                    id: live.id.clone(),
                });
            }
            Some(entry) => {
                if entry.hidden_since.is_some() {
                    effects.push(LedgerEffect::Visible { address: address.clone() });
                }
                for name in entry.submitted.keys().filter(|name| confirmed(object, live, kind, name)) {
                    effects
                        .push(LedgerEffect::Confirmed { address: address.clone(), attribute: name.clone() });
                }
            }
        }
        if entry.is_some_and(|entry| entry.prevent_delete) != object.prevent_delete {
            // Said before the run that carries it out: from then on nothing but the other guards keeps the object.
            if entry.is_some() {
                let code = match object.prevent_delete {
                    true => NoticeCode::Protected,
                    false => NoticeCode::Unprotected,
                };
                notices.push(notice(object, code, Some(live.id.clone())));
            }
            effects.push(LedgerEffect::Protect { address: address.clone(), on: object.prevent_delete });
        }
    }
    findings.notices.extend(notices);
    findings.effects.extend(effects);
}

fn confirmed(object: &DesiredObject, live: &LiveObject, kind: &Kind, name: &str) -> bool {
    match (kind.field(name), object.attributes.get(name), live.attributes.get(name)) {
        (Some(field), Some(Wanted::Value(wanted)), Some(shown)) => field.same(wanted, shown),
        _ => false,
    }
}
