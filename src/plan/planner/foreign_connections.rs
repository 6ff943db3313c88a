//! What serves, or is served, out of sight: configurations of other organizations, bridges of other products, and numbers of
//! which the service does not show what serves them.

use super::Planner;
use crate::model::kind::{Kind, SettingRole};
use crate::model::resource::{Account, Connection, ServedBy, owned_by};
use crate::plan::Inputs;
use crate::plan::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use crate::plan::link::{LinkInputs, LinkPlan};
use crate::plan::matching::Matches;
use crate::plan::removal::LeavingObject;
use crate::plan::step::{Step, StepOperation};
use crate::text::list_first_few;

/// Managed bridges on which a configuration of another organization serves a number, and continues to.
pub(super) fn add_foreign_connection_notices(
    findings: &Matches<'_>,
    account: &Account,
    kind: &Kind,
    wiring: &LinkInputs<'_>,
    wired: &mut LinkPlan,
) {
    for connection in wiring.connections {
        let ServedBy::Foreign { id, owner } = &connection.served_by else { continue };
        let bridge = findings.claimed.get(&(account.name.as_str(), kind.name, connection.bridge.as_str()));
        let managed = bridge.filter(|bridge| !findings.existing.contains_key(**bridge));
        if let Some(bridge) = managed.filter(|_| !wired.steps.connects_number(&connection.number)) {
            wired.remarks.notices.push(PlanNotice {
                code: NoticeCode::ForeignConnection,
                account: account.name.clone(),
                address: Some((*bridge).clone()),
                attribute: Some(wiring.link.roles.members.to_owned()),
                detail: Some(format!("{}: {} {id} of {}", connection.number, wiring.words.target, owned_by(owner.as_deref()))),
            });
        }
    }
}

/// Numbers of which only the ledger says what serves them: those that stay as they are, and those that a configuration may serve
/// that goes.
pub(super) fn add_recorded_only_notices(wiring: &LinkInputs<'_>, wired: &mut LinkPlan) {
    let stays = |connection: &&Connection| {
        !wiring.leaving_bridges.contains_key(&connection.bridge) && !wired.steps.connects_number(&connection.number)
    };
    let recorded: Vec<&Connection> = wiring.connections.iter().filter(|it| it.is_recorded_only()).filter(stays).collect();
    let managed = |connection: &&&Connection| {
        let bridge = wiring.index.by_slug.get(connection.bridge.as_str());
        bridge.is_some_and(|bridge| bridge.numbers.contains_key(&connection.number))
    };
    let mut found = Vec::new();
    let numbers: Vec<&str> = recorded.iter().filter(managed).map(|it| it.number.as_str()).collect();
    if !numbers.is_empty() {
        found.push(PlanNotice::about(NoticeCode::RecordedOnly, wiring.account, None, Some(list_first_few(&numbers))));
    }
    for (id, leaving) in &wiring.leaving {
        let may_serve = recorded.iter().filter(|connection| connection.other_candidates.contains(id));
        let numbers: Vec<&str> = may_serve.map(|it| it.number.as_str()).collect();
        if !numbers.is_empty() {
            let detail = Some(list_first_few(&numbers));
            found.push(PlanNotice::about(NoticeCode::MayServe, wiring.account, Some(&leaving.address), detail));
        }
    }
    wired.remarks.notices.append(&mut found);
}

impl<'a> Planner<'a> {
    /// Where bridges are listed by product, a delete reports which products were read, and is refused while others may exist.
    pub(super) fn check_products_seen(&mut self, inputs: &Inputs<'a>, gone: &LeavingObject<'a>, step: &mut Step) {
        let Some(account) = inputs.desired.accounts.get(gone.account).filter(|_| gone.kind.connected) else {
            return;
        };
        let generation = inputs.facts_of_account(gone.account).generation;
        let shapes = account.service.kinds.iter().filter(|kind| kind.generation == generation);
        if !shapes.filter_map(|kind| kind.link).any(|link| link.listed_by_product) {
            return;
        }
        let holders = account.service.link_roles().map_or("objects", |roles| roles.holder);
        let of = match account.products().as_slice() {
            [] => "no product".to_owned(),
            [one] => format!("product {one}"),
            several => format!("products {}", several.join(", ")),
        };
        if let StepOperation::Delete { cut, frees, .. } = &step.operation
            && cut.is_empty()
            && frees.is_empty()
        {
            step.why = format!("no number on the {holders} of {of} is known to use this {}", gone.kind.singular);
        }
        let (code, looked_at) = (NoticeCode::ProductsLookedAt, format!("looked at: {holders} of {of}"));
        self.remarks.notices.push(PlanNotice::about(code, gone.account, Some(gone.address), Some(looked_at)));
        let allowed = account.allows(SettingRole::AllProducts) || inputs.options.allow_unseen_products;
        if !allowed {
            self.remarks.refusals.push(PlanRefusal::about(
                RefusalCode::UnseenProducts,
                gone.account,
                gone.address,
                format!(
                    "only the {holders} of {of} were read. Those of another product may use what would be deleted, and their numbers would go dark without being counted"
                ),
            ));
        }
    }
}
