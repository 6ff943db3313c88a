//! Replacements whose create was interrupted: announced in the ledger, outcome unknown. Reading settles it: the new object
//! exists beside the old one under the natural key that was sent, or it was never created.

use super::live_index::key_text;
use super::unanswered_creates::create_may_still_run;
use crate::model::kind::Kind;
use crate::model::ledger::{Ledger, ManagedObject, ObjectOrigin, PendingCreate};
use crate::model::resource::{Address, Desired, LiveAccount, LiveState};
use crate::services;

/// The ledger with these creates settled; `None` when it has no such creates.
pub fn settle_interrupted_replacements(ledger: &Ledger, live: &LiveState, desired: &Desired) -> Option<Ledger> {
    let mut after: Option<Ledger> = None;
    for (address, attempt) in &ledger.attempts {
        // Without a complete listing nothing is settled; an object that stays invisible needs a human (carrierx.md 7.1).
        let Some(account) = live.accounts.get(&attempt.account) else { continue };
        let Some(kind) = services::shape_of_generation(&address.kind, account.facts.generation) else {
            continue;
        };
        let Some(entry) = ledger.objects.get(address).filter(|entry| entry.account == attempt.account) else {
            continue;
        };
        let opaque = account.malformed_rows.contains_key(kind.name);
        if kind.hidden_until_verified || opaque || !account.objects.contains_key(kind.name) {
            continue;
        }
        let after = after.get_or_insert_with(|| ledger.clone());
        match objects_with_sent_key(ledger, account, kind, entry, attempt).as_slice() {
            [] if create_may_still_run(desired, live, attempt) => {}
            [] => drop(after.attempts.remove(address)),
            [id] => record_replacement(after, address, attempt, id),
            // The planner reports that several match.
            _ => {}
        }
    }
    after
}

/// Unmanaged objects that have the natural key that was sent.
fn objects_with_sent_key(
    ledger: &Ledger,
    account: &LiveAccount,
    kind: &Kind,
    entry: &ManagedObject,
    attempt: &PendingCreate,
) -> Vec<String> {
    let Some(sent) = key_text(kind, &account.facts, |name| attempt.key.get(name)) else { return Vec::new() };
    let listed = account.objects.get(kind.name).into_iter().flatten();
    listed
        .filter(|object| {
            object.id != entry.id
                && key_text(kind, &account.facts, |name| object.attributes.get(name)).as_ref() == Some(&sent)
                && ledger.address_of(&attempt.account, kind.name, &object.id).is_none()
        })
        .map(|object| object.id.clone())
        .collect()
}

/// The entry that the create would have recorded, except what only its answer contained.
fn record_replacement(ledger: &mut Ledger, address: &Address, attempt: &PendingCreate, id: &str) {
    ledger.attempts.remove(address);
    ledger.watched.retain(|create| !(create.address == *address && create.since == attempt.since));
    let Some(entry) = ledger.objects.get_mut(address) else { return };
    let old = std::mem::replace(&mut entry.id, id.to_owned());
    entry.former.insert(old.clone());
    entry.replaced.insert(old);
    entry.origin = ObjectOrigin::Created;
    entry.since.clone_from(&attempt.since);
    entry.key.clone_from(&attempt.key);
    // Sealed for the old object.
    entry.secrets.clear();
    entry.unreadable.clear();
    entry.submitted.clear();
    entry.reshaped.clear();
    entry.not_taken.clear();
    entry.seen.clear();
}
