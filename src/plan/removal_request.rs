//! What is to be deleted, and what was read of it.

use std::collections::{BTreeMap, BTreeSet};

use super::Inputs;
use super::guard::count_of;
use super::live_index::{LiveIndex, key_text};
use super::matching::{Matches, kind_in};
use super::references::{key_with_ids, unknown_in_key};
use crate::model::kind::Kind;
use crate::model::resource::{Address, LiveObject, Removal, UnreadableObject};
use crate::model::value::CompactValue;
use crate::services;

/// One address that is to be deleted, before anything is looked up.
pub(super) struct RemovalRequest<'a> {
    pub(super) address: &'a Address,
    pub(super) account: Option<&'a str>,
    pub(super) id: Option<&'a str>,
    pub(super) tombstone: Option<&'a Removal>,
    pub(super) reason: String,
    pub(super) place: Option<String>,
}

/// What the configuration leaves out or lists under `removed`.
pub(super) fn removal_requests<'a>(inputs: &Inputs<'a>, findings: &Matches<'a>) -> Vec<RemovalRequest<'a>> {
    let desired = inputs.desired;
    let mut wishes: Vec<RemovalRequest<'a>> = desired
        .removed
        .iter()
        .filter(|removal| !removal.keep && services::link_entry(&removal.address.kind).is_none())
        .map(|removal| {
            let entry = inputs.ledger.objects.get(&removal.address);
            let gone = inputs
                .ledger
                .gone
                .get(&removal.address)
                .filter(|gone| entry.is_none() && removal.account.as_ref().is_none_or(|account| *account == gone.account));
            let known = entry.map(|entry| &entry.account).or(gone.map(|gone| &gone.account));
            RemovalRequest {
                address: &removal.address,
                account: removal.account.as_deref().or(known.map(String::as_str)),
                // An id of a replaced object refers to its replacement.
                id: (removal.id.as_deref())
                    .filter(|id| entry.is_none_or(|entry| !entry.replaced.contains(*id)))
                    .or(entry.map(|entry| entry.id.as_str()))
                    .or(gone.filter(|_| removal.key.is_empty()).map(|gone| gone.id.as_str())),
                tombstone: Some(removal),
                reason: removal.reason.clone().unwrap_or_else(|| "listed under `removed`".to_owned()),
                place: Some(removal.location.to_string()),
            }
        })
        .collect();
    let buried: BTreeSet<&Address> = desired.removed.iter().map(|removal| &removal.address).collect();
    wishes.extend(
        inputs
            .ledger
            .objects
            .iter()
            .filter(|(address, _)| desired.kinds.contains(&address.kind))
            .filter(|(address, _)| !desired.objects.contains_key(*address) && !buried.contains(address))
            .filter(|(address, _)| !findings.is_spared(inputs, address))
            // A number is cut with the connections of its account.
            .filter(|(address, entry)| {
                services::link_entry(&address.kind).is_none() || !desired.accounts.contains_key(&entry.account)
            })
            .map(|(address, entry)| RemovalRequest {
                address,
                account: Some(&entry.account),
                id: Some(&entry.id),
                tombstone: None,
                reason: "managed before, and no longer in the configuration".to_owned(),
                place: None,
            }),
    );
    wishes
}

/// The object of a removal request, when it exists and cannot be read.
pub(super) fn unreadable_removal<'a>(
    inputs: &Inputs<'a>,
    account: &'a str,
    wish: &RemovalRequest<'a>,
) -> Option<(&'a str, String, &'a UnreadableObject)> {
    let kind = kind_in(inputs, account, &wish.address.kind)?;
    let objects = inputs.live.accounts.get(account)?.unreadable.get(kind.name)?;
    let stated = wish.tombstone.and_then(|gone| gone.key.get(kind.id)).and_then(CompactValue::text);
    let id = wish.id.map(str::to_owned).or(stated.map(|text| text.into_owned()))?;
    objects.get(&id).map(|it| (account, format!("{} {id}", kind.singular), it))
}

/// The object that the ledger has under this address, when it exists and the tombstone names a different one.
pub(super) fn contradicting_id<'a>(inputs: &Inputs<'a>, wish: &RemovalRequest<'a>) -> Option<&'a str> {
    let entry = inputs.ledger.objects.get(wish.address)?;
    let listed = inputs.live_objects(&entry.account, &wish.address.kind);
    let other = wish.id != Some(entry.id.as_str()) && listed.iter().any(|live| live.id == entry.id);
    other.then_some(entry.id.as_str())
}

/// What was read that proves that an account has no such object; the error says why nothing proves it.
pub(super) fn proof_of_absence(
    inputs: &Inputs<'_>,
    findings: &Matches<'_>,
    account: &str,
    wish: &RemovalRequest<'_>,
) -> Result<String, String> {
    let shape = kind_in(inputs, account, &wish.address.kind);
    let listed = inputs.live.accounts.get(account).and_then(|live| live.objects.get(wish.address.kind.as_str()));
    let (Some(kind), Some(listed)) = (shape, listed) else {
        return Err(format!("the {} of account {account} were not read", wish.address.kind));
    };
    if let Some(id) = wish.id {
        return Ok(format!("looked for {} {id} in account {account}", kind.singular));
    }
    let words = kind.natural_key.join(" + ");
    let key = wish.tombstone.map(|removal| &removal.key).filter(|key| !key.is_empty());
    let Some(key) = key else {
        return Err(format!(
            "the ledger does not know {}, and its entry under `removed` names neither its id nor its {words}",
            wish.address
        ));
    };
    let key = &key_with_ids(kind, findings, key);
    if let Some(why) = unknown_in_key(kind, key) {
        return Err(format!("the ledger does not know {}, and {why}", wish.address));
    }
    if key_text(kind, inputs.facts_of_account(account), |name| key.get(name)).is_none() {
        let named: Vec<&str> = key.keys().copied().collect();
        return Err(format!(
            "the ledger does not know {}, and {} alone identifies no {} of account {account}: its natural key is {words}",
            wish.address,
            named.join(" + "),
            kind.singular
        ));
    }
    let hidden = |live: &&LiveObject| kind.natural_key.iter().any(|name| live.masked.contains_key(name));
    if let Some(live) = listed.iter().find(hidden) {
        return Err(format!("{} {} shows its {words} in part only, so it may be the one", kind.singular, live.id));
    }
    let told: Vec<String> = kind.natural_key.iter().filter_map(|name| Some(format!("{name} {}", key.get(name)?))).collect();
    let unseen = if kind.hidden_until_verified { ", which shows none that waits to be verified" } else { "" };
    Ok(format!("looked for {} among the {} of account {account}{unseen}", told.join(", "), count_of(listed.len(), kind.singular)))
}

/// The object of a removal request may belong to another organization, or to none: it is kept, and it still exists.
pub(super) fn foreign_removal<'a>(
    inputs: &Inputs<'a>,
    accounts: &[&'a str],
    wish: &RemovalRequest<'a>,
) -> Option<(&'a str, String)> {
    accounts.iter().find_map(|account| {
        let kind = kind_in(inputs, account, &wish.address.kind)?;
        let key = wish.tombstone.filter(|_| kind.natural_key.contains(&kind.id));
        let key = key.and_then(|removal| removal.key.get(kind.id)?.as_str());
        let id = wish.id.or(key)?;
        let owner = inputs.foreign_owner(account, kind.name, id)?;
        Some((*account, format!("{} {id} belongs to {owner}", kind.singular)))
    })
}

/// Live objects of each kind in each account.
pub(super) type LiveIndexes<'a> = BTreeMap<(&'a str, &'static str), LiveIndex<'a>>;

/// Live objects that a removal request refers to: by id if it has one, else by the natural key in the tombstone.
pub(super) fn objects_to_remove<'a>(
    inputs: &Inputs<'a>,
    findings: &Matches<'a>,
    indexes: &mut LiveIndexes<'a>,
    account: &'a str,
    kind: &'static Kind,
    wish: &RemovalRequest<'a>,
) -> Vec<&'a LiveObject> {
    let index = indexes.entry((account, kind.name)).or_insert_with(|| LiveIndex::new(inputs, account, kind));
    if let Some(id) = wish.id {
        return index.with_id(id).to_vec();
    }
    let facts = inputs.facts_of_account(account);
    let key = wish.tombstone.map(|removal| key_with_ids(kind, findings, &removal.key));
    let key = key.and_then(|keyed| key_text(kind, facts, |name| keyed.get(name)));
    key.map_or_else(Vec::new, |key| index.nearest_with_key(&key).to_vec())
}
