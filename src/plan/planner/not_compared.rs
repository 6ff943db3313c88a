//! What was not compared although it exists, so that the lack of a difference is not misread.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::resource::{Address, LiveAccount};
use crate::plan::Inputs;
use crate::plan::diagnostics::{NoticeCode, PlanNotice};
use crate::plan::kinds_not_mentioned::kinds_not_mentioned;
use crate::plan::matching::Matches;
use crate::plan::selection::Selection;
use crate::services;
use crate::text::{escape, list_first_few};

/// Objects that cannot be read, values of an undocumented shape that no entry manages, and managed kinds that no file mentions.
pub(super) fn not_compared_notices(inputs: &Inputs<'_>, selection: &Selection) -> Vec<PlanNotice> {
    let mut notices = Vec::new();
    let mut notice = |account: &str, code, detail| {
        let account = account.to_owned();
        notices.push(PlanNotice { code, account, address: None, attribute: None, detail: Some(detail) });
    };
    for (account, live) in &inputs.live.accounts {
        for (kind, objects) in &live.unreadable {
            for (id, it) in objects {
                let what = format!("{} {id}: {}; {}", singular_kind(kind), it.why, it.help);
                notice(account, NoticeCode::Unreadable, what);
            }
        }
        for (kind, odd) in odd_shapes_by_kind(inputs, account, live) {
            notice(account, NoticeCode::OddShape, format!("{kind}: {}", list_first_few(&odd)));
        }
    }
    for left in kinds_not_mentioned(inputs.desired, inputs.ledger, |address| selection.includes(address)) {
        notice(left.account, NoticeCode::KindNotMentioned, left.describe());
    }
    notices
}

/// Attributes in which the service shows a secret of this run: each one of a managed object, and the first one of each kind
/// among the others.
pub(super) fn secret_echo_notices(inputs: &Inputs<'_>, findings: &Matches<'_>, selection: &Selection) -> Vec<PlanNotice> {
    let mut notices = Vec::new();
    let managed = LazyCell::new(|| inputs.ledger.addresses_by_identity());
    for (account, live) in &inputs.live.accounts {
        for (kind, objects) in &live.objects {
            let mut others = Vec::new();
            for object in objects.iter().filter(|object| !object.echoed_attributes.is_empty()) {
                let claimed = findings.claimed.get(&(account.as_str(), *kind, object.id.as_str())).copied();
                let address = claimed.or_else(|| managed.get(&(account.as_str(), *kind, object.id.as_str())).copied());
                for name in &object.echoed_attributes {
                    match address {
                        None => others.push((name, object)),
                        Some(address) if selection.includes(address) => notices.push(PlanNotice {
                            code: NoticeCode::SecretEchoed,
                            account: account.clone(),
                            address: Some(address.clone()),
                            attribute: Some(escape(name)),
                            detail: None,
                        }),
                        Some(_) => {}
                    }
                }
            }
            let names: BTreeSet<&str> = others.iter().map(|(name, _)| name.as_str()).collect();
            for name in names {
                let ids: Vec<String> = others.iter().filter(|(other, _)| *other == name).map(|(_, it)| it.id.clone()).collect();
                notices.push(PlanNotice {
                    code: NoticeCode::SecretEchoed,
                    account: account.clone(),
                    address: None,
                    attribute: Some(escape(name)),
                    detail: Some(format!("{} of {} {}, not managed", escape(name), singular_kind(kind), list_first_few(&ids))),
                });
            }
        }
        let said: BTreeSet<&str> =
            live.objects.values().flatten().flat_map(|it| &it.echoed_attributes).map(|name| &**name).collect();
        for name in live.echoed_names.iter().filter(|name| !said.contains(name.as_str())) {
            notices.push(PlanNotice {
                code: NoticeCode::SecretEchoed,
                account: account.clone(),
                address: None,
                attribute: Some(escape(name)),
                detail: Some(format!("`{}`, which telform does not use", escape(name))),
            });
        }
    }
    notices
}

/// Values of an undocumented shape that no entry states, and rows that do not name an object, by kind.
fn odd_shapes_by_kind(inputs: &Inputs<'_>, account: &str, live: &LiveAccount) -> BTreeMap<&'static str, Vec<String>> {
    let mut found: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let managed = LazyCell::new(|| inputs.ledger.addresses_by_identity());
    for (kind, objects) in &live.objects {
        for object in objects.iter().filter(|object| !object.unexpected_shapes.is_empty()) {
            let address = managed.get(&(account, *kind, object.id.as_str())).copied();
            for (name, shape) in object.unexpected_shapes.iter().filter(|(name, _)| !is_stated(inputs, address, name)) {
                found.entry(kind).or_default().push(format!("{name} of {} is {shape}", object.id));
            }
        }
    }
    for (kind, rows) in &live.malformed_rows {
        found.entry(kind).or_default().extend(rows.iter().cloned());
    }
    found
}

fn is_stated(inputs: &Inputs<'_>, address: Option<&Address>, name: &str) -> bool {
    let object = address.and_then(|address| inputs.desired.objects.get(address));
    object.is_some_and(|object| object.attributes.contains_key(name))
}

fn singular_kind(kind: &str) -> &str {
    services::singular(kind)
}
