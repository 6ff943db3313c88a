//! What telform last saw: recorded when a run left nothing to do.

use litemap::LiteMap;
use smol_str::SmolStr;

use super::{find_field, numbers_on};
use crate::model::ledger::{Ledger, digest_of};
use crate::model::resource::{Address, Desired, DesiredValue, LiveState};
use crate::model::value::CompactValue;
use crate::services;

/// Records the current managed attributes of the objects of a run, when it left nothing to do. Only digests are kept.
/// Returns whether anything changed.
/// `partly`: the run is about some attributes only, such as an undo; what is known of the others is kept.
pub fn record_last_seen(
    ledger: &mut Ledger,
    desired: &Desired,
    live: &LiveState,
    partly: bool,
    about: impl Fn(&Address) -> bool,
) -> bool {
    let mut changed = false;
    let listed = live.by_id();
    for (address, entry) in ledger.objects.iter_mut().filter(|(address, _)| about(address)) {
        let Some(object) = desired.objects.get(address).filter(|it| it.account == entry.account) else {
            continue;
        };
        let Some(account) = live.accounts.get(&entry.account) else { continue };
        let id = (entry.account.as_str(), address.kind.as_str(), entry.id.as_str());
        let Some(shown) = listed.get(&id) else { continue };
        let mut seen = LiteMap::with_capacity(object.attributes.len() + 1);
        for (name, wanted) in &object.attributes {
            let Some(field) = find_field(account, address, name) else { continue };
            if let (DesiredValue::Value(_), false) = (wanted, object.ignored_attributes.contains(*name)) {
                let value = shown.attributes.get(name).unwrap_or(&CompactValue::Null);
                let value = field.canonical_in(&account.facts.catalogue, value);
                seen.insert(SmolStr::new_static(name), digest_of(&value));
            }
        }
        if object.numbers.is_some() {
            let numbers = services::shapes_of_kind(&address.kind)
                .into_iter()
                .flat_map(|kind| kind.fields)
                .find(|field| field.ty.is_links());
            if let Some(field) = numbers {
                let before = entry.seen.get(field.name).cloned();
                let now = account.connections.is_some().then(|| digest_of(&numbers_on(account, &entry.id)));
                // A value that is not known now keeps its earlier record.
                seen.extend(now.or(before).map(|digest| (SmolStr::new_static(field.name), digest)));
            }
        }
        if partly {
            let others =
                entry.seen.iter().filter(|(name, _)| !seen.contains_key(*name)).map(|(name, digest)| (name.clone(), *digest));
            let others: Vec<_> = others.collect();
            seen.extend(others);
        }
        if entry.seen != seen {
            entry.seen = seen;
            changed = true;
        }
    }
    changed
}
