//! Why a number that is an entry of its own is or is not changed.

use std::collections::BTreeMap;

use super::{
    Explanation, LedgerFacts, ObjectDecision, YamlMention, decide_object, explained_requests, find_mention, recorded_only_notice,
};
use crate::model::kind::LinkEntry;
use crate::model::resource::{Address, Connection, DesiredNumber};
use crate::plan::{AddressMatch, Inputs, MatchedBy, Plan, PlanNotice, claimed_objects, is_selected};
use crate::services;
use crate::text::normalize_phone_number;

/// A number that is an entry of its own: it is found on its bridge, and has no attributes beside who serves it there.
pub(super) fn explain_number(inputs: &Inputs<'_>, plan: &Plan, address: &Address, words: &LinkEntry) -> Explanation {
    let entry = inputs.ledger.objects.get(address);
    let wanted = inputs.desired.number_entries.get(address);
    let change = plan.changes.iter().find(|change| change.address == *address);
    let refusals = plan.refusals_about(address);
    let mut notices: Vec<PlanNotice> = plan.notices.iter().filter(|it| it.address.as_ref() == Some(address)).cloned().collect();
    let met = AddressMatch {
        kind: None,
        found: MatchedBy::NotLookedFor,
        entry: entry.cloned(),
        selected: is_selected(inputs, address),
    };
    let verdict = decide_object(inputs, plan, address, &met, change, &refusals, &notices);
    let account = wanted.map(|wanted| &wanted.account).or(entry.map(|entry| &entry.account));
    let live = account.and_then(|account| inputs.live.accounts.get(account)).and_then(|live| live.connections.as_deref());
    let number = wanted.map(|wanted| wanted.number.clone()).unwrap_or_else(|| normalize_phone_number(&address.name));
    notices.extend(account.and_then(|account| {
        recorded_only_notice(inputs, account, address, |it| {
            let bridge = entry.and_then(|entry| entry.key.get(words.holder)?.as_str());
            it.number == number && bridge.is_none_or(|bridge| bridge == it.bridge)
        })
    }));
    let served = live.map(|all| all.iter().any(|it| it.number == number && it.served_by.may_serve()));
    let mention = wanted.map(|wanted| YamlMention {
        as_what: "declared",
        place: wanted.wanted.location.to_string(),
        reason: None,
        prevent_delete: false,
    });
    Explanation {
        address: address.clone(),
        attribute: None,
        kind: words.singular,
        account: account.cloned(),
        verdict,
        yaml: mention.or_else(|| find_mention(inputs, address)),
        found: match served {
            None => MatchedBy::NotLookedFor,
            Some(true) => MatchedBy::NaturalKey(number),
            Some(false) => MatchedBy::Nothing,
        },
        natural_key: vec![words.singular],
        ledger: entry.map(LedgerFacts::new),
        attributes: Vec::new(),
        other_refusals: plan.refusals.len() - refusals.len(),
        refusals,
        notices,
        requests: explained_requests(plan, change.map_or(&[], |change| change.steps.as_slice())),
        reason: change.and_then(|change| change.reason.clone()),
    }
}

/// A number that no file declares, where its service lists it and nothing that was read serves it.
pub(super) fn explain_free_number(inputs: &Inputs<'_>, plan: &Plan, address: &Address, words: &LinkEntry) -> Option<Explanation> {
    let account = account_with_free_number(inputs, &address.name)?;
    Some(Explanation {
        account: Some(account.to_owned()),
        verdict: ObjectDecision::FreeNumber,
        found: MatchedBy::NaturalKey(address.name.to_string()),
        ..explain_number(inputs, plan, address, words)
    })
}

/// What a number is declared by, or connected to where no file declares it: its entry, the entry of its object, or the map of what
/// holds it.
pub fn find_number(inputs: &Inputs<'_>, number: &str) -> Option<(Address, Option<String>)> {
    let desired = inputs.desired;
    let entry = desired.number_entries.iter().find(|(_, entry)| entry.number == number).map(|(address, _)| address);
    let managed = || {
        let mut entries = inputs.ledger.objects.iter();
        let found = entries.find(|(address, entry)| entry.id == number && services::link_entry(&address.kind).is_some());
        found.map(|(address, _)| address)
    };
    if let Some(address) = entry.or_else(managed) {
        return Some((address.clone(), None));
    }
    let holds = |address: &&Address| desired.objects[*address].numbers.iter().any(|numbers| numbers.contains_key(number));
    if let Some(holder) = desired.objects.keys().find(holds) {
        let kinds = services::shapes_of_kind(&holder.kind);
        let mut fields = kinds.iter().flat_map(|kind| kind.fields);
        return Some((holder.clone(), fields.find(|field| field.ty.is_links()).map(|field| field.name.to_owned())));
    }
    let claims = claimed_objects(inputs);
    let connected = inputs.live.accounts.iter().find_map(|(account, live)| {
        let connection = live.connections.iter().flatten().find(|connection| connection.number == number)?;
        let account = inputs.desired.accounts.get(account)?;
        let (holder, _) = account.service.link_holder(inputs.facts_of_account(&account.name).generation)?;
        let claimed = claims.get(&(account.name.as_str(), holder.name, connection.bridge.as_str())).copied();
        let known = claimed.or_else(|| inputs.ledger.address_of(&account.name, holder.name, &connection.bridge));
        Some((known.map_or_else(|| Address::new(holder.name, &connection.bridge), Clone::clone), None))
    });
    connected.or_else(|| {
        let account = inputs.desired.accounts.get(account_with_free_number(inputs, number)?)?;
        Some((Address::new(account.service.link_entry()?.kind, number), None))
    })
}

/// The account that has this number, where its service lists it, no connection that was read has it, and no map declares it.
fn account_with_free_number<'a>(inputs: &Inputs<'a>, number: &str) -> Option<&'a str> {
    let in_map = |numbers: &BTreeMap<String, DesiredNumber>| numbers.contains_key(number);
    if inputs.desired.objects.values().any(|object| object.numbers.as_ref().is_some_and(in_map)) {
        return None;
    }
    let mut accounts = inputs.live.accounts.iter();
    let found = accounts.find(|(_, live)| {
        let connected = |all: &[Connection]| all.iter().any(|it| it.number == number);
        live.numbers.contains_key(number) && live.connections.as_deref().is_some_and(|all| !connected(all))
    });
    found.map(|(account, _)| account.as_str())
}
