//! Drift of numbers that are entries of their own: connections that were cut, or lead elsewhere, since telform last saw them.

use super::{Drift, DriftClass, is_numbers_field};
use crate::model::ledger::{CreatedConnection, Digest, ManagedObject, digest_of};
use crate::model::resource::{Address, Connection, ServedBy};
use crate::model::value::{CompactValue, Value};
use crate::plan::{Inputs, Plan, ShownValue, numbers_left_dark};
use crate::services;

/// Every managed number whose connection is not what telform last saw.
pub(super) fn drift_of_numbers(inputs: &Inputs<'_>, plan: &Plan) -> Vec<Drift> {
    let options = inputs.options;
    let managed = inputs.ledger.objects.iter().filter(|(address, entry)| {
        services::link_entry(&address.kind).is_some()
            && options.is_about(address)
            && (options.accounts.is_empty() || options.accounts.contains(&entry.account))
    });
    managed.filter_map(|(address, entry)| number_drift(inputs, plan, address, entry)).collect()
}

fn number_drift(inputs: &Inputs<'_>, plan: &Plan, address: &Address, entry: &ManagedObject) -> Option<Drift> {
    let (_, words) = services::link_entry(&address.kind)?;
    let connections = inputs.live.accounts.get(&entry.account)?.connections.as_deref()?;
    let bridge = entry.key.get(words.holder)?.as_str()?;
    let wanted = inputs.desired.number_entries.get(address);
    let drift = |attribute: Option<&str>, class, live| Drift {
        address: address.clone(),
        account: entry.account.clone(),
        attribute: attribute.map(str::to_owned),
        class,
        live,
        wanted: match (attribute, wanted) {
            (Some(_), Some(wanted)) => ShownValue::Value(CompactValue::from(wanted.wanted.provider.to_string().as_str())),
            _ => ShownValue::Absent,
        },
        place: wanted.map(|wanted| wanted.wanted.location.to_string()),
        run: None,
        dark: Vec::new(),
    };
    let here = |it: &&Connection| it.number == entry.id && it.bridge == bridge && it.served_by != ServedBy::Unserved;
    let Some(connection) = connections.iter().find(here) else {
        return Some(drift(None, DriftClass::Gone, ShownValue::Absent));
    };
    let seen = inputs.ledger.connected_configuration(&entry.account, bridge, &entry.id);
    let is = connection.served_by.id();
    if is.is_none() || is == seen {
        return None; // As it was, or not known, which does not count as a difference.
    }
    let change = plan.changes.iter().find(|change| change.address == *address);
    let shown = change.and_then(|change| change.attributes.iter().find(|attribute| attribute.name == words.target));
    // What was connected outside may be what the configuration says.
    let live = shown.map(|attribute| attribute.before.clone())?;
    let config = wanted.and_then(|wanted| inputs.ledger.objects.get(&wanted.wanted.provider)).map(|known| known.id.as_str());
    let class = match seen {
        None => DriftClass::Unknown,
        Some(seen) if config.is_none_or(|config| config == seen) => DriftClass::Outside,
        Some(_) => DriftClass::Both,
    };
    Some(drift(Some(words.target), class, live))
}

/// Differences that are there because a run disconnected a number and did not connect it again.
pub(super) fn mark_left_dark(inputs: &Inputs<'_>, found: &mut [Drift]) {
    let left_dark = numbers_left_dark(inputs);
    for drift in found {
        let about = left_dark.iter().filter(|open| is_about_number(inputs, drift, open));
        let dark: Vec<String> = about.map(|open| open.number.clone()).collect();
        if !dark.is_empty() {
            (drift.class, drift.dark) = (DriftClass::LeftDark, dark);
        }
    }
}

/// Whether a difference is that a number, which a run left dark, is not where it was to be connected.
fn is_about_number(inputs: &Inputs<'_>, drift: &Drift, open: &CreatedConnection) -> bool {
    let Some(entry) = inputs.ledger.objects.get(&drift.address).filter(|entry| entry.account == open.account) else {
        return false;
    };
    if services::link_entry(&drift.address.kind).is_some() {
        return entry.id == open.number;
    }
    let is_of_numbers = || {
        let account = inputs.live.accounts.get(&open.account);
        account.zip(drift.attribute.as_deref()).is_some_and(|(account, name)| is_numbers_field(account, &drift.address, name))
    };
    let holder = inputs.desired.objects.get(&drift.address).and_then(|object| object.numbers.as_ref());
    entry.id == open.bridge && holder.is_some_and(|numbers| numbers.contains_key(&open.number)) && is_of_numbers()
}

/// What the configuration says about the numbers of a bridge, as [`numbers_on`] would show it; `None` while some
/// configuration has no identity yet.
pub(super) fn numbers_wanted(inputs: &Inputs<'_>, address: &Address) -> Option<Digest> {
    let numbers = inputs.desired.objects.get(address)?.numbers.as_ref()?;
    let served = numbers.iter().map(|(number, wanted)| {
        let id = &inputs.ledger.objects.get(&wanted.provider)?.id;
        Some((number.clone(), Value::from(id.as_str())))
    });
    let map: serde_json::Map<String, Value> = served.collect::<Option<_>>()?;
    Some(digest_of(&map))
}
