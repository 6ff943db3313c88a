//! Replacements whose create was cut off: announced in the ledger, and nobody knows how it ended. Reading settles it. The new
//! object stands beside the old one under the natural key that was sent, or it was never made.

use super::late::may_run;
use super::shelf::key_text;
use crate::backend;
use crate::kind::Kind;
use crate::ledger::{Attempt, Entry, Ledger, Origin};
use crate::resource::{Address, Desired, Live, LiveAccount};

/// The ledger with these creates settled; `None` when there are none.
pub fn recalled(ledger: &Ledger, live: &Live, desired: &Desired) -> Option<Ledger> {
    let mut after: Option<Ledger> = None;
    for (address, attempt) in &ledger.attempts {
        // Without a complete listing nothing is settled; what stays invisible is for a human (carrierx.md 7.1).
        let Some(account) = live.accounts.get(&attempt.account) else { continue };
        let Some(kind) = backend::shape(&address.kind, account.facts.generation) else { continue };
        let Some(entry) = ledger.objects.get(address).filter(|entry| entry.account == attempt.account) else {
            continue;
        };
        let opaque = account.odd_rows.contains_key(kind.name);
        if kind.hidden_until_verified || opaque || !account.objects.contains_key(kind.name) {
            continue;
        }
        let after = after.get_or_insert_with(|| ledger.clone());
        match made(ledger, account, kind, entry, attempt).as_slice() {
            [] if may_run(desired, live, attempt) => {}
            [] => drop(after.attempts.remove(address)),
            [id] => took_place(after, address, attempt, id),
            // The planner says that several fit.
            _ => {}
        }
    }
    after
}

/// Objects that have the natural key which was sent, and that no entry has.
fn made(
    ledger: &Ledger,
    account: &LiveAccount,
    kind: &Kind,
    entry: &Entry,
    attempt: &Attempt,
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

/// What the create would have entered, except what only its answer could tell.
fn took_place(ledger: &mut Ledger, address: &Address, attempt: &Attempt, id: &str) {
    ledger.attempts.remove(address);
    ledger.watched.retain(|create| !(create.address == *address && create.since == attempt.since));
    let Some(entry) = ledger.objects.get_mut(address) else { return };
    let old = std::mem::replace(&mut entry.id, id.to_owned());
    entry.former.insert(old.clone());
    entry.replaced.insert(old);
    entry.origin = Origin::Created;
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
