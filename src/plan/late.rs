//! Creates that got no answer: while one may still be running its natural key is not sent again, and what shows up late beside
//! a managed object is named (unpod.md 5.4).

use std::collections::{BTreeMap, BTreeSet};

use super::Inputs;
use super::find::{Findings, find, kind_in};
use super::note::{Notice, NoticeCode};
use super::shelf::key_text;
use crate::backend;
use crate::kind::Kind;
use crate::ledger::{Attempt, Entry, Key, Ledger, NaturalKey, Origin, Watched};
use crate::resource::{Address, Desired, DesiredObject, Facts, Live, LiveObject, Wanted};

/// Whether a create that was announced in the ledger may still be running: reading began before its time was over.
pub(super) fn may_run(desired: &Desired, live: &Live, attempt: &Attempt) -> bool {
    let account = desired.accounts.get(&attempt.account);
    account.is_some_and(|account| attempt.open_until(account.settle_after, live.read_at).is_some())
}

/// The entry of a live object that no entry knows and that a create made whose answer was lost: with what that answer would have
/// told. Also where the create stands in the ledger's list.
pub fn came_late(
    ledger: &Ledger,
    desired: &DesiredObject,
    facts: &Facts,
    live: &LiveObject,
    key: &Key,
) -> Option<(usize, Entry)> {
    let kind = &desired.address.kind;
    let at = ledger.watched.iter().position(|create| {
        create.account == desired.account
            && create.address.kind == *kind
            && has_key(kind, facts, live, &create.key)
    })?;
    let create = &ledger.watched[at];
    let mut entry = Entry::new(&create.account, &live.id, Origin::Created, create.since.clone());
    for (name, sent) in &create.seals {
        let Some(Wanted::Secret(secret)) = desired.attributes.get(name.as_str()) else { continue };
        let Some(fingerprint) = &secret.fingerprint else { continue };
        // Another secret than the one that was sent keeps a seal that fits nothing: it is written anew.
        let same = key.seal(&create.account, &create.step, name, fingerprint) == *sent;
        let sealed = if same { key.seal(&create.account, &live.id, name, fingerprint) } else { sent.clone() };
        entry.secrets.insert(name.clone(), sealed);
    }
    Some((at, entry))
}

/// Whether a live object has a natural key as it was sent.
pub fn has_key(kind: &str, facts: &Facts, object: &LiveObject, sent: &NaturalKey) -> bool {
    let Some(kind) = backend::shape(kind, facts.generation) else { return false };
    let key = key_text(kind, facts, |name| sent.get(name));
    key.is_some() && key == key_text(kind, facts, |name| object.attributes.get(name))
}

/// Why a natural key may not be sent now, in words: a create with it may still be running.
pub(super) fn running(inputs: &Inputs<'_>, account: &str, kind: &Kind, key: &str) -> Option<String> {
    if kind.hidden_until_verified {
        return None;
    }
    let facts = inputs.facts(account);
    let same = |of: &str, address: &Address, sent: &NaturalKey| {
        of == account
            && address.kind == kind.name
            && key_text(kind, facts, |name| sent.get(name)).as_deref() == Some(key)
    };
    let after = inputs.desired.accounts.get(account)?;
    let read_at = inputs.live.read_at;
    let watched = inputs.ledger.watched.iter();
    let watched = watched.filter(|create| same(&create.account, &create.address, &create.key));
    let watched = watched.filter_map(|create| {
        let until = create.open_until(after.settle_after, read_at)?;
        Some((until, true, &create.address, create.sent()))
    });
    let announced = inputs.ledger.attempts.iter();
    let announced = announced.filter(|(address, attempt)| same(&attempt.account, address, &attempt.key));
    let announced = announced.filter_map(|(address, attempt)| {
        let until = attempt.open_until(after.settle_after, read_at)?;
        Some((until, false, address, attempt.since.clone()))
    });
    // The last one counts; of two that tell of the same create, the one that names its run.
    let (until, _, address, sent) = watched.chain(announced).max()?;
    Some(format!(
        "the create of {address} at {sent} with this natural key ({}) got no answer and may still be running; `settle_after` of account {account} ({}) ends at {until}",
        kind.natural_key.join(" + "),
        after.settle_after_shown(),
    ))
}

/// Live objects that share the natural key of a managed object, or of a create that got no answer, and are not managed.
pub fn twins(inputs: &Inputs<'_>) -> Vec<Notice> {
    twins_of(inputs, &find(inputs))
}

pub(super) fn twins_of(inputs: &Inputs<'_>, findings: &Findings<'_>) -> Vec<Notice> {
    let mut notices = Vec::new();
    for (account, live) in &inputs.live.accounts {
        for (name, objects) in &live.objects {
            if let Some(kind) = kind_in(inputs, account, name) {
                of_kind(inputs, findings, account, kind, objects, &mut notices);
            }
        }
    }
    notices
}

fn of_kind<'a>(
    inputs: &Inputs<'a>,
    findings: &Findings<'a>,
    account: &str,
    kind: &'static Kind,
    objects: &'a [LiveObject],
    notices: &mut Vec<Notice>,
) {
    let entries = || {
        let all = inputs.ledger.objects.iter();
        all.filter(|(address, entry)| address.kind == kind.name && entry.account == account)
    };
    let mut managed: BTreeMap<&str, &Address> = BTreeMap::new();
    let mut left: BTreeSet<&str> = BTreeSet::new();
    for (address, entry) in entries() {
        managed.insert(&entry.id, address);
        left.extend(entry.former.iter().chain(&entry.replaced).map(String::as_str));
    }
    for object in objects {
        if let Some(address) = findings.claimed.get(&(account, kind.name, object.id.as_str())) {
            managed.insert(&object.id, address);
        }
    }
    let key =
        |object: &'a LiveObject| key_text(kind, inputs.facts(account), |name| object.attributes.get(name));
    let mut others: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for object in objects {
        if !managed.contains_key(object.id.as_str())
            && !left.contains(object.id.as_str())
            && let Some(key) = key(object)
        {
            others.entry(key).or_default().push(&object.id);
        }
    }
    if others.is_empty() {
        return;
    }
    let sent = |create: &Watched| {
        let mine = create.account == account && create.address.kind == kind.name;
        mine.then(|| key_text(kind, inputs.facts(account), |name| create.key.get(name))).flatten()
    };
    let words = kind.natural_key.join(" + ");
    let mut tell = |code, address: &Address, detail| {
        notices.push(Notice {
            code,
            account: account.to_owned(),
            address: Some(address.clone()),
            attribute: None,
            detail: Some(detail),
        });
    };
    for object in objects {
        let Some(address) = managed.get(object.id.as_str()) else { continue };
        let Some((key, twins)) = key(object).and_then(|key| others.remove_entry(&key)) else { continue };
        let late = inputs.ledger.watched.iter().find(|create| sent(create).as_ref() == Some(&key));
        let late = late.map(|create| format!(", perhaps made late by the create of {}", create.sent()));
        for twin in twins {
            let name = kind.singular;
            let late = late.as_deref().unwrap_or_default();
            tell(
                NoticeCode::Twin,
                address,
                format!(
                    "{name} {twin} has the natural key ({words}) of {}, which is managed{late}",
                    object.id
                ),
            );
        }
    }
    for create in &inputs.ledger.watched {
        for late in sent(create).and_then(|key| others.remove(&key)).unwrap_or_default() {
            let name = kind.singular;
            tell(
                NoticeCode::LateCreate,
                &create.address,
                format!("{name} {late}, create of {}", create.sent()),
            );
        }
    }
}
