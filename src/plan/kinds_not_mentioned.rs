//! Managed kinds that no file mentions: nothing of them is planned.

use std::collections::BTreeMap;

use crate::model::ledger::Ledger;
use crate::model::resource::{Address, Desired};
use crate::services;
use crate::text::list_first_few;

/// The managed objects of a kind that no file mentions, in one account.
#[derive(Debug)]
pub struct KindNotMentioned<'a> {
    /// Their account.
    pub account: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// The objects, in order.
    pub addresses: Vec<&'a Address>,
    /// What an empty map of the kind would do to them, after "would"; none where it would change nothing.
    effect: Option<String>,
}

impl KindNotMentioned<'_> {
    /// The objects, and what an empty map of the kind would do.
    pub fn describe(&self) -> String {
        let names: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        let kind = self.kind;
        let would = self.effect.as_ref().map(|effect| format!("; `{kind}: {{}}` would {effect}")).unwrap_or_default();
        format!("{} of {kind}: {}{would}", names.len(), list_first_few(&names))
    }
}

/// The managed kinds that no file mentions, with their objects that are `selected`; what `removed` lists is mentioned.
pub fn kinds_not_mentioned<'a>(
    desired: &Desired,
    ledger: &'a Ledger,
    selected: impl Fn(&Address) -> bool,
) -> Vec<KindNotMentioned<'a>> {
    let mut left: BTreeMap<(&str, &str), Vec<&Address>> = BTreeMap::new();
    for (address, entry) in &ledger.objects {
        let mentioned = desired.kinds.contains(&address.kind) || desired.removed.iter().any(|gone| gone.address == *address);
        if !mentioned && selected(address) {
            left.entry((&entry.account, &address.kind)).or_default().push(address);
        }
    }
    let with_effect = left.into_iter().map(|((account, kind), addresses)| {
        let effect = effect_of_empty_map(desired, ledger, account, kind, &addresses);
        KindNotMentioned { account, kind, addresses, effect }
    });
    with_effect.collect()
}

/// What an empty map of a kind would do to these objects of an account; none where it would change nothing.
fn effect_of_empty_map(desired: &Desired, ledger: &Ledger, account: &str, kind: &str, addresses: &[&Address]) -> Option<String> {
    let account = desired.accounts.get(account)?;
    if services::link_entry(kind).is_some() {
        return Some("disconnect them".to_owned());
    }
    let shapes = services::shapes_of_kind(kind);
    if shapes.iter().all(|kind| kind.adopted_only) {
        return Some("release them".to_owned());
    }
    let mut switches = shapes.iter().filter_map(|kind| kind.delete.switch());
    if switches.any(|switch| !account.settings.contains_key(switch)) {
        return None;
    }
    let free = addresses.iter().filter(|address| !ledger.objects[**address].prevent_delete).count();
    match free {
        0 => None,
        all if all == addresses.len() => Some("delete them".to_owned()),
        some => Some(format!("delete {some} of them")),
    }
}
