//! An address of the ledger is released or renamed. The objects at the services stay as they are.

use std::time::Duration;

use crate::model::ledger::{AbandonedObject, Ledger, ManagedObject, PendingCreate, UnansweredCreate};
use crate::model::resource::Address;
use crate::plan::LedgerUpdate;
use crate::run::journal::change_ledger;
use crate::run::opened_ledger::{OpenedLedger, unknown_address};
use crate::run::{Context, RunError};
use crate::services;

/// An address that was released.
#[derive(Debug)]
pub struct ReleasedAddress {
    /// The object that is no longer managed; none where only an unfinished create was settled, or nothing had to be changed.
    pub released: Option<ManagedObject>,
    /// Objects that it replaced in interrupted runs: they are no longer managed, either.
    pub left: Vec<AbandonedObject>,
    /// The object that is still managed at the address, because only the create of its replacement was settled.
    pub still_managed: Option<ManagedObject>,
    /// A create at this address that got no answer: its natural key stays watched.
    pub watched: Option<UnansweredCreate>,
    /// Whether it was recorded that the create created nothing.
    pub created_nothing: bool,
    /// Whether objects of this kind are invisible until they are verified.
    pub hidden_until_verified: bool,
    /// Where the YAML still declares the address, so that the next run manages it again.
    pub declared_at: Option<String>,
}

/// Removes an address from the ledger, and leaves its object as it is. Waits for the lock at most so long.
pub async fn release_address(context: &Context, address: &Address, lock_wait: Duration) -> Result<ReleasedAddress, RunError> {
    let (book, mut ledger, _lock) = OpenedLedger::open_locked(context, lock_wait).await?;
    let (known, attempt) = (ledger.objects.get(address).cloned(), ledger.attempts.contains_key(address));
    let hides = services::hides_until_verified(&address.kind);
    // For an interrupted move: this does not concern the object that is left behind.
    let stays = known.is_some() && attempt && hides;
    let released = known.filter(|_| !stays);
    if released.is_some() || attempt {
        let effects = vec![LedgerUpdate::Release {
            address: address.clone(),
            account: released.as_ref().map(|entry| entry.account.clone()),
            id: released.as_ref().map(|entry| entry.id.clone()),
        }];
        let release = |ledger: &mut Ledger| {
            if let Some(PendingCreate { account, key, since, .. }) = ledger.attempts.remove(address) {
                // Whatever is decided about it now, an object that it may have created late is named when it appears.
                let (run, step, seals) = Default::default();
                ledger.watch_create(UnansweredCreate { address: address.clone(), account, key, since, run, step, seals });
            }
            if !stays {
                ledger.objects.remove(address);
            }
        };
        change_ledger(context, &book.store, &mut ledger, "forget", effects, release).await?;
    }
    let watched = ledger.watched.iter().rev().find(|create| create.address == *address);
    if released.is_none() && watched.is_none() {
        return Err(unknown_address(&ledger, address));
    }
    let left = released.iter().flat_map(|entry| {
        let former = entry.former.iter().map(|id| AbandonedObject { account: entry.account.clone(), id: id.clone() });
        entry.left_behind.iter().cloned().chain(former)
    });
    Ok(ReleasedAddress {
        left: left.collect(),
        still_managed: ledger.objects.get(address).cloned(),
        watched: watched.cloned(),
        created_nothing: attempt && hides && released.is_none(),
        hidden_until_verified: hides,
        declared_at: book.place_of(address),
        released,
    })
}

/// Gives an object of the ledger another address, as `moved:` does in the YAML. Waits for the lock at most so long. Returns where
/// the YAML declares the earlier address and not the new one: until that is renamed, a plan creates the one and deletes the other.
pub async fn move_address(
    context: &Context,
    from: &Address,
    to: &Address,
    lock_wait: Duration,
) -> Result<Option<String>, RunError> {
    let (book, mut ledger, _lock) = OpenedLedger::open_locked(context, lock_wait).await?;
    let wrong = |what: String, help: String| Err(RunError::other("telform::ledger::move", what, help));
    if from.kind != to.kind {
        return wrong(format!("{from} cannot be renamed to {to}"), "a rename cannot change the kind".to_owned());
    }
    let knows = |address: &Address| ledger.objects.contains_key(address) || ledger.attempts.contains_key(address);
    if !knows(from) {
        return Err(unknown_address(&ledger, from));
    }
    if knows(to) {
        return wrong(format!("the ledger already contains {to}"), format!("to release it, run `telform forget {to}` first"));
    }
    let effects = vec![LedgerUpdate::Rename { from: from.clone(), to: to.clone() }];
    let rename = |ledger: &mut Ledger| ledger.rename_object(from, to);
    change_ledger(context, &book.store, &mut ledger, "ledger move", effects, rename).await?;
    Ok(book.place_of(from).filter(|_| book.place_of(to).is_none()))
}
