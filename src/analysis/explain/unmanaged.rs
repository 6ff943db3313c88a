//! What is there without being managed.

use super::{Explanation, ObjectDecision, find_shape, number_entry};
use crate::model::resource::{Address, LiveObject};
use crate::plan::{Inputs, MatchedBy, Plan};
use crate::services;

/// A live object that no address claims, when the name is its id or a part of its natural key.
pub(super) fn explain_unmanaged(inputs: &Inputs<'_>, plan: &Plan, address: &Address) -> Option<Explanation> {
    if let Some((_, words)) = services::link_entry(&address.kind) {
        return number_entry::explain_free_number(inputs, plan, address, words);
    }
    let claims = crate::plan::claimed_objects(inputs);
    for account in inputs.desired.accounts.keys() {
        let Some(kind) = find_shape(inputs, address, Some(account)) else { continue };
        let named = |live: &&LiveObject| {
            let key = kind.natural_key.iter().filter_map(|name| live.attributes.get(name)?.as_str());
            live.id == address.name || key.into_iter().any(|part| part == address.name)
        };
        let objects = inputs.live_objects(account, kind.name).iter();
        let free = |live: &&LiveObject| !claims.contains_key(&(account.as_str(), kind.name, live.id.as_str()));
        let Some(live) = objects.filter(named).find(free) else { continue };
        return Some(Explanation {
            address: address.clone(),
            attribute: None,
            kind: kind.singular,
            account: Some(account.clone()),
            verdict: if live.is_inherited(kind) { ObjectDecision::Inherited } else { ObjectDecision::Unmanaged },
            yaml: None,
            found: MatchedBy::NaturalKey(live.id.clone()),
            natural_key: kind.natural_key.to_vec(),
            ledger: None,
            attributes: Vec::new(),
            refusals: Vec::new(),
            other_refusals: plan.refusals.len(),
            notices: Vec::new(),
            requests: Vec::new(),
            reason: None,
        });
    }
    None
}
