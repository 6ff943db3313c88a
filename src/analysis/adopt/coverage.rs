//! What an adoption read, and what it did not find there.

use std::collections::BTreeSet;

use super::unlisted_reason;
use crate::analysis::drift::{NotCompared, needs_kind};
use crate::model::resource::{Address, LiveAccount, LiveObject, LiveState, OrganizationCheck};
use crate::model::value::CompactValue;
use crate::plan::Inputs;
use crate::services;
use crate::text::with_article;

/// Where unmanaged objects were looked for.
#[derive(Debug, Default)]
pub struct AdoptionCoverage {
    /// Kinds with the account in which they were listed.
    pub listed: Vec<String>,
    /// What could not be listed, and why.
    pub missed: Vec<NotCompared>,
    /// What is not adopted, because `removed` lists it.
    pub removed: BTreeSet<Address>,
}

impl AdoptionCoverage {
    /// Where objects of these kinds were looked for.
    /// `is_named`: they were asked for by name. `removed`: what is not adopted, because `removed` lists it.
    pub fn from_live(inputs: &Inputs<'_>, kinds: &BTreeSet<&'static str>, is_named: bool, removed: BTreeSet<Address>) -> Self {
        let mut looked = Self { removed, ..Self::default() };
        for (account, live) in &inputs.live.accounts {
            if let Some(empty) = unconfirmed_and_empty(account, live) {
                looked.missed.push(empty);
                continue;
            }
            let all = live.objects.keys().chain(live.listing_failures.keys()).filter(|kind| kinds.contains(*kind));
            for kind in all {
                let what = format!("{kind} in account {account}");
                match unlisted_reason(live, kind) {
                    None => looked.listed.push(what),
                    Some(why) => {
                        let is_optional = why.is_denied && !is_named && !needs_kind(inputs, account, kind);
                        looked.missed.push(NotCompared { is_optional, ..NotCompared::new(what, &why.why, &why.help) });
                    }
                }
            }
        }
        looked
    }
}

/// An account that shows nothing and whose organization could not be confirmed: with a wrong handle a service may answer with
/// empty lists.
pub(in crate::analysis) fn unconfirmed_and_empty(account: &str, live: &LiveAccount) -> Option<NotCompared> {
    let OrganizationCheck::Unconfirmed(why) = &live.facts.organization else { return None };
    live.objects.values().all(Vec::is_empty).then(|| {
        NotCompared::new(
            format!("account {account}"),
            format!("it shows nothing, and its organization could not be confirmed: {why}"),
            services::name_settings(&format!("check `accounts.{account}.{{organization}}`; letter case counts")),
        )
    })
}

/// What to do about an id that a service does not show; by the kind's table.
pub fn missing_id_help(live: &LiveState, account: &str, address: &Address, asked: &str) -> String {
    let generation = live.accounts.get(account).and_then(|live| live.facts.generation);
    let Some(kind) = services::shape_of_generation(&address.kind, generation) else { return String::new() };
    let known = live.accounts.get(account).and_then(|live| live.objects.get(kind.name));
    let key = |object: &LiveObject| {
        let shown = |name: &&str| object.attributes.get(name).and_then(CompactValue::as_str) == Some(asked);
        kind.natural_key.iter().copied().find(shown)
    };
    let meant = known.into_iter().flatten().find_map(|object| Some((key(object)?, &object.id)));
    if let Some((name, id)) = meant {
        return format!("the {} with the {name} {asked} has the {} {id}: adopt that id", kind.singular, kind.id);
    }
    let ids: Vec<&str> = known.into_iter().flatten().map(|object| object.id.as_str()).take(5).collect();
    let seen = if ids.is_empty() { "it shows none at all".to_owned() } else { format!("it shows {}", ids.join(", ")) };
    let what = format!("`{}` is what identifies {}; {seen}", kind.id, with_article(kind.singular));
    if kind.hidden_until_verified {
        return format!("{what}; the service hides a new {} until its mail address is confirmed", kind.singular);
    }
    what
}
