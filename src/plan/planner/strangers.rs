//! What serves, or is served, out of sight: configurations of other organizations, bridges of other products.

use super::Planner;
use crate::kind::Kind;
use crate::plan::Inputs;
use crate::plan::find::Findings;
use crate::plan::link::{Wired, Wiring};
use crate::plan::note::{Notice, NoticeCode, Refusal, RefusalCode};
use crate::plan::removal::LeavingObject;
use crate::plan::step::{Operation, Step};
use crate::resource::{Account, Target, owned_by};
use crate::schema::ALL_PRODUCTS;

/// Managed bridges on which somebody else's configuration serves a number, and goes on doing so.
pub(super) fn notices(
    findings: &Findings<'_>,
    account: &Account,
    kind: &Kind,
    wiring: &Wiring<'_>,
    wired: &mut Wired,
) {
    for connection in wiring.connections {
        let Target::Foreign { id, owner } = &connection.target else { continue };
        let bridge = findings.claimed.get(&(account.name.as_str(), kind.name, connection.bridge.as_str()));
        if let Some(bridge) = bridge.filter(|_| !wired.steps.connects(&connection.number)) {
            wired.notices.push(Notice {
                code: NoticeCode::ForeignConnection,
                account: account.name.clone(),
                address: Some((*bridge).clone()),
                attribute: Some("numbers".to_owned()),
                detail: Some(format!(
                    "{}: configuration {id} of {}",
                    connection.number,
                    owned_by(owner.as_deref())
                )),
            });
        }
    }
}

impl<'a> Planner<'a> {
    /// Where bridges are listed by product, a delete says which products were looked at, and is refused while there may be others.
    pub(super) fn seen_by_product(&mut self, inputs: &Inputs<'a>, gone: &LeavingObject<'a>, step: &mut Step) {
        let Some(account) = inputs.desired.accounts.get(gone.account).filter(|_| gone.kind.connected) else {
            return;
        };
        let generation = inputs.facts(gone.account).generation;
        let shapes = account.backend.kinds.iter().filter(|kind| kind.generation == generation);
        if !shapes.filter_map(|kind| kind.link).any(|link| link.listed_by_product) {
            return;
        }
        let of = match account.product_ids.as_slice() {
            [] => "no product".to_owned(),
            [one] => format!("product {one}"),
            several => format!("products {}", several.join(", ")),
        };
        if let Operation::Delete { cut, frees, .. } = &step.operation
            && cut.is_empty()
            && frees.is_empty()
        {
            step.why =
                format!("no number on the bridges of {of} is known to use this {}", gone.kind.singular);
        }
        self.notices.push(Notice {
            code: NoticeCode::ProductsLookedAt,
            account: gone.account.to_owned(),
            address: Some(gone.address.clone()),
            attribute: None,
            detail: Some(format!("looked at: bridges of {of}")),
        });
        let allowed = account.switches.contains(ALL_PRODUCTS) || inputs.options.allow_unseen_products;
        if !allowed {
            self.refusals.push(Refusal {
                code: RefusalCode::UnseenProducts,
                account: gone.account.to_owned(),
                address: Some(gone.address.clone()),
                attribute: None,
                detail: format!(
                    "only bridges of {of} were looked at; one of another product may use {} {}, and its numbers would go dark without being counted",
                    gone.kind.singular, gone.live.id
                ),
                place: None,
            });
        }
    }
}
