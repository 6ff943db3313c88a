//! What was not compared though it is there, so that nobody takes silence about it for an answer.

use std::collections::BTreeMap;

use crate::plan::Inputs;
use crate::plan::note::{Notice, NoticeCode};
use crate::plan::select::Selection;
use crate::resource::{Address, LiveAccount};

/// Most objects that a notice names; the rest is counted.
const MOST: usize = 5;

/// Objects that cannot be read, values of another shape that nobody manages, and managed kinds that no file mentions.
pub(super) fn notices(inputs: &Inputs<'_>, selection: &Selection) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut notice = |account: &str, code, detail| {
        let account = account.to_owned();
        notices.push(Notice { code, account, address: None, attribute: None, detail: Some(detail) });
    };
    for (account, live) in &inputs.live.accounts {
        for (kind, objects) in &live.unreadable {
            for (id, it) in objects {
                let what = format!("{} {id}: {}; {}", singular(kind), it.why, it.help);
                notice(account, NoticeCode::Unreadable, what);
            }
        }
        for (kind, odd) in odd(inputs, account, live) {
            notice(account, NoticeCode::OddShape, format!("{kind}: {}", few(&odd)));
        }
    }
    let mut left: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for (address, entry) in &inputs.ledger.objects {
        let mentioned = inputs.desired.kinds.contains(&address.kind)
            || inputs.desired.removed.iter().any(|gone| gone.address == *address);
        if !mentioned && selection.holds(address) {
            left.entry((&entry.account, &address.kind)).or_default().push(address.to_string());
        }
    }
    for ((account, kind), addresses) in left {
        let count = addresses.len();
        let detail = format!("{count} of {kind}: {}; `{kind}: {{}}` would delete them", few(&addresses));
        notice(account, NoticeCode::KindNotMentioned, detail);
    }
    notices
}

/// Values of another shape that no entry states, and rows that name no object, by kind.
fn odd(inputs: &Inputs<'_>, account: &str, live: &LiveAccount) -> BTreeMap<&'static str, Vec<String>> {
    let mut found: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (kind, objects) in &live.objects {
        for object in objects.iter().filter(|object| !object.odd.is_empty()) {
            let address = inputs.ledger.address_of(account, kind, &object.id);
            for (name, shape) in object.odd.iter().filter(|(name, _)| !is_stated(inputs, address, name)) {
                found.entry(kind).or_default().push(format!("{name} of {} is {shape}", object.id));
            }
        }
    }
    for (kind, rows) in &live.odd_rows {
        found.entry(kind).or_default().extend(rows.iter().cloned());
    }
    found
}

fn is_stated(inputs: &Inputs<'_>, address: Option<&Address>, name: &str) -> bool {
    let object = address.and_then(|address| inputs.desired.objects.get(address));
    object.is_some_and(|object| object.attributes.contains_key(name))
}

pub(super) fn few(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names[..names.len() - more].join(", "))
}

fn singular(kind: &str) -> &str {
    crate::backend::shapes(kind).first().map_or(kind, |kind| kind.singular)
}
