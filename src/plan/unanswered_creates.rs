//! Creates that got no answer: while one may still be running its natural key is not sent again, and an object that appears
//! late beside a managed one is named (unpod.md 5.4).

use std::collections::{BTreeMap, BTreeSet};

use super::diagnostics::{NoticeCode, PlanNotice, RefusalCode};
use super::live_index::{key_text, wanted_key};
use super::matching::{MatchOutcome, Matches, kind_in, match_addresses};
use super::remarks::Remarks;
use super::{Inputs, LedgerUpdate};
use crate::model::kind::Kind;
use crate::model::ledger::{FingerprintKey, Ledger, ManagedObject, NaturalKey, ObjectOrigin, PendingCreate, UnansweredCreate};
use crate::model::resource::{AccountFacts, Address, Desired, DesiredObject, DesiredValue, LiveObject, LiveState};
use crate::services;

/// Whether a create that was announced in the ledger may still be running: reading began before its time had passed.
pub(super) fn create_may_still_run(desired: &Desired, live: &LiveState, attempt: &PendingCreate) -> bool {
    let account = desired.accounts.get(&attempt.account);
    account.is_some_and(|account| attempt.open_until(account.settle_after, live.read_at).is_some())
}

/// The entry of an unmanaged live object from a create whose answer was lost, with what that answer would have contained; and
/// the position of the create in the ledger's list.
pub fn entry_of_late_create(
    ledger: &Ledger,
    desired: &DesiredObject,
    facts: &AccountFacts,
    live: &LiveObject,
    key: &FingerprintKey,
) -> Option<(usize, ManagedObject)> {
    let kind = &desired.address.kind;
    let at = ledger.watched.iter().position(|create| {
        create.account == desired.account && create.address.kind == *kind && has_natural_key(kind, facts, live, &create.key)
    })?;
    let create = &ledger.watched[at];
    let mut entry = ManagedObject::new(&create.account, &live.id, ObjectOrigin::Created, create.since.clone());
    for (name, sent) in &create.seals {
        let Some(DesiredValue::Secret(secret)) = desired.attributes.get(name.as_str()) else { continue };
        let Some(fingerprint) = &secret.fingerprint else { continue };
        // A secret that differs from the one sent keeps a seal that does not match: it is written again.
        let same = key.seal_fingerprint(&create.account, &create.step, name, fingerprint) == *sent;
        let sealed = if same { key.seal_fingerprint(&create.account, &live.id, name, fingerprint) } else { sent.clone() };
        entry.secrets.insert(name.clone(), sealed);
    }
    Some((at, entry))
}

/// Whether a live object has a natural key as it was sent.
pub fn has_natural_key(kind: &str, facts: &AccountFacts, object: &LiveObject, sent: &NaturalKey) -> bool {
    let Some(kind) = services::shape_of_generation(kind, facts.generation) else { return false };
    let key = key_text(kind, facts, |name| sent.get(name));
    key.is_some() && key == key_text(kind, facts, |name| object.attributes.get(name))
}

/// Why a natural key may not be sent now, in words: a create with it may still be running. Also where a person recorded that it
/// created nothing: nobody can see the object of a create that is still running.
pub(super) fn describe_running_create(inputs: &Inputs<'_>, account: &str, kind: &Kind, key: &str) -> Option<String> {
    let facts = inputs.facts_of_account(account);
    let same = |of: &str, address: &Address, sent: &NaturalKey| {
        of == account && address.kind == kind.name && key_text(kind, facts, |name| sent.get(name)).as_deref() == Some(key)
    };
    let after = inputs.desired.accounts.get(account)?;
    let read_at = inputs.live.read_at;
    let watched = inputs.ledger.watched.iter();
    let watched = watched.filter(|create| same(&create.account, &create.address, &create.key));
    let watched = watched.filter_map(|create| {
        let until = create.open_until(after.settle_after, read_at)?;
        Some((until, true, &create.address, create.describe_create()))
    });
    let announced = inputs.ledger.attempts.iter();
    let announced = announced.filter(|(address, attempt)| same(&attempt.account, address, &attempt.key));
    let announced = announced.filter_map(|(address, attempt)| {
        let until = attempt.open_until(after.settle_after, read_at)?;
        Some((until, false, address, attempt.since.clone()))
    });
    // The last one counts; of two records of the same create, the one that names its run.
    let (until, _, address, sent) = watched.chain(announced).max()?;
    Some(format!(
        "the create of {address} at {sent} with this natural key ({}) got no answer and may still be running; `settle_after` of account {account} ({}) ends at {until}",
        kind.natural_key.join(" + "),
        after.settle_after_shown(),
    ))
}

/// Live objects that share the natural key of a managed object, or of a create that got no answer, and are not managed.
pub fn twin_notices(inputs: &Inputs<'_>) -> Vec<PlanNotice> {
    twin_notices_of_matches(inputs, &match_addresses(inputs))
}

pub(super) fn twin_notices_of_matches(inputs: &Inputs<'_>, findings: &Matches<'_>) -> Vec<PlanNotice> {
    let mut notices = Vec::new();
    for (account, live) in &inputs.live.accounts {
        for (name, objects) in &live.objects {
            if let Some(kind) = kind_in(inputs, account, name) {
                add_twin_notices_of_kind(inputs, findings, account, kind, objects, &mut notices);
            }
        }
    }
    notices
}

fn add_twin_notices_of_kind<'a>(
    inputs: &Inputs<'a>,
    findings: &Matches<'a>,
    account: &str,
    kind: &'static Kind,
    objects: &'a [LiveObject],
    notices: &mut Vec<PlanNotice>,
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
    let key = |object: &'a LiveObject| key_text(kind, inputs.facts_of_account(account), |name| object.attributes.get(name));
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
    let sent = |create: &UnansweredCreate| {
        let mine = create.account == account && create.address.kind == kind.name;
        mine.then(|| key_text(kind, inputs.facts_of_account(account), |name| create.key.get(name))).flatten()
    };
    let words = kind.natural_key.join(" + ");
    let mut tell = |code, address: &Address, detail| {
        notices.push(PlanNotice {
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
        let late = late.map(|create| format!(", perhaps made late by the create of {}", create.describe_create()));
        for twin in twins {
            let name = kind.singular;
            let late = late.as_deref().unwrap_or_default();
            tell(
                NoticeCode::Twin,
                address,
                format!("{name} {twin} has the natural key ({words}) of {}, which is managed{late}", object.id),
            );
        }
    }
    for create in &inputs.ledger.watched {
        for late in sent(create).and_then(|key| others.remove(&key)).unwrap_or_default() {
            let name = kind.singular;
            tell(NoticeCode::LateCreate, &create.address, format!("{name} {late}, create of {}", create.describe_create()));
        }
    }
}

/// The match of an object that no listing shows, where the journal or the ledger has a create of it that may be hidden: the one
/// that it made is managed, and without its id a human must decide.
pub(super) fn match_unsettled_create<'a>(
    inputs: &Inputs<'a>,
    object: &DesiredObject,
    kind: &Kind,
    remarks: &mut Remarks,
) -> Option<MatchOutcome<'a>> {
    let attempt = inputs.ledger.attempts.get(&object.address).filter(|_| kind.hidden_until_verified)?;
    let facts = inputs.facts_of_account(&object.account);
    let sent = key_text(kind, facts, |name| attempt.key.get(name));
    let same = attempt.account == object.account && sent.is_some() && sent == wanted_key(kind, facts, object);
    match &attempt.created {
        Some(id) if same => {
            remarks.note(object, NoticeCode::Hidden, Some(attempt.since.clone()));
            remarks.effects.push(LedgerUpdate::AdoptHidden {
                address: object.address.clone(),
                account: object.account.clone(),
                id: id.clone(),
            });
            return Some(MatchOutcome::Hidden);
        }
        Some(id) => remarks.refuse(
            object,
            RefusalCode::UnsettledCreate,
            format!(
                "its create of {} made {} {id}, which the service does not show: it is hidden until it is verified, or was deleted",
                attempt.since, kind.singular
            ),
        ),
        None => remarks.refuse(
            object,
            RefusalCode::UnsettledCreate,
            format!("its create of {} was interrupted; it may exist and stay hidden until it is verified", attempt.since),
        ),
    }
    Some(MatchOutcome::Blocked)
}

/// Why an object may not be the only one of an address: a create for it was interrupted and may have created another object,
/// which the service hides (carrierx.md 0, rule 3). A create with the same natural key made this one.
pub(super) fn other_create(inputs: &Inputs<'_>, address: &Address, kind: &Kind, live: &LiveObject) -> Option<String> {
    let attempt = inputs.ledger.attempts.get(address).filter(|_| kind.hidden_until_verified)?;
    let facts = inputs.facts_of_account(&attempt.account);
    let sent = key_text(kind, facts, |name| attempt.key.get(name));
    let shown = key_text(kind, facts, |name| live.attributes.get(name));
    (sent.is_none() || sent != shown).then(|| {
        format!(
            "its create of {} was interrupted and may have created another {} than {}, which may be hidden",
            attempt.since, kind.singular, live.id
        )
    })
}
