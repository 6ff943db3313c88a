//! A lock in an object store: taken by a conditional write, renewed by a separate task, and freed by that task when the
//! run is done. Object stores have no conditional delete, so it is freed by writing that it is free.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{LockEvent, LockGuard, LockHandle, LockLease, LockNote, LockOptions, LockState, parse_note};
use crate::state::ledger::LedgerError;
use crate::state::ledger::state_store::{ObjectVersion, PutOutcome, StateStore};

/// How often another process may be quicker before the ledger counts as locked.
const RACES: usize = 3;

/// Takes the lock if it is free, or if its run has not renewed it in time.
pub(super) async fn in_object(place: &Arc<StateStore>, wish: &LockOptions<'_>) -> Result<LockHandle, LedgerError> {
    let name = place.sibling_name("lock");
    let mut holder = "another run took it a moment ago".to_owned();
    for _ in 0..RACES {
        let mut mine = LockNote::new(Some(wish.lease));
        let (put, gone) = match place.read(&name).await? {
            None => (place.create(&name, mine.next_bytes()).await?, None),
            Some(found) => {
                let theirs = parse_note(place, &found)?;
                holder = theirs.describe_holder();
                let held = theirs.state == LockState::Held;
                if held && !theirs.is_expired() {
                    let breakable = Some(theirs.id);
                    return Err(LedgerError::Locked { place: place.display_name(place.name()), holder, breakable });
                }
                let put = place.replace(&name, mine.next_bytes(), &found.version).await?;
                (put, held.then(|| holder.clone()))
            }
        };
        if let PutOutcome::Done(version) = put {
            if let Some(gone) = gone {
                (wish.on_event)(&LockEvent::TookOver { gone: &gone });
            }
            return Ok(spawn_renewer(place, mine, version, wish));
        }
    }
    Err(LedgerError::Locked { place: place.display_name(place.name()), holder, breakable: None })
}

/// Starts the task that keeps the lock until it is dropped.
fn spawn_renewer(place: &Arc<StateStore>, note: LockNote, version: ObjectVersion, wish: &LockOptions<'_>) -> LockHandle {
    let lease = LockLease::new(place.display_name(place.name()), note.expires, wish.lease);
    let done = CancellationToken::new();
    let keeper = LeaseRenewer {
        state_store: Arc::clone(place),
        name: place.sibling_name("lock"),
        note,
        version,
        lease_length: wish.lease,
        lease: Arc::clone(&lease),
    };
    wish.renewal_tasks.spawn(keeper.run(done.clone()));
    LockHandle { _held: LockGuard::Object { _freed: done.drop_guard() }, lease }
}

struct LeaseRenewer {
    state_store: Arc<StateStore>,
    name: String,
    note: LockNote,
    version: ObjectVersion,
    lease_length: Duration,
    lease: Arc<LockLease>,
}

impl LeaseRenewer {
    async fn run(mut self, done: CancellationToken) {
        let mut pause = self.lease_length / 5;
        loop {
            tokio::select! {
                () = done.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
            // A renewal is not cut off by the end of the run: its version is needed to free the lock.
            let before = self.note.clone();
            self.note.renew_for(self.lease_length);
            match self.write_note().await {
                Ok(Some(())) => {
                    self.lease.state().expires = self.note.expires;
                    pause = self.lease_length / 5;
                }
                Ok(None) => return,
                Err(_) => {
                    // Retried soon; the lease decides when it is too late.
                    self.note.renewed = before.renewed;
                    self.note.expires = before.expires;
                    pause = self.lease_length / 20;
                }
            }
        }
        self.note.state = LockState::Free;
        // Where it cannot be freed it expires, and names its holder.
        let _ = self.write_note().await;
    }

    /// Overwrites the note that was written before. `None`: another process now has the lock.
    async fn write_note(&mut self) -> Result<Option<()>, LedgerError> {
        for _ in 0..2 {
            match self.state_store.replace(&self.name, self.note.next_bytes(), &self.version).await? {
                PutOutcome::Done(version) => {
                    self.version = version;
                    return Ok(Some(()));
                }
                PutOutcome::Lost => {}
            }
            let there = match self.state_store.read(&self.name).await? {
                Some(found) => Some((parse_note(&self.state_store, &found)?, found.version)),
                None => None,
            };
            match there {
                // An earlier write of ours landed although its answer was lost.
                Some((theirs, version)) if theirs.id == self.note.id && theirs.state == LockState::Held => {
                    self.version = version;
                }
                Some((theirs, _)) if theirs.state == LockState::Held => {
                    self.lease.state().lost_reason = Some(theirs.describe_holder());
                    return Ok(None);
                }
                _ => {
                    self.lease.state().lost_reason = Some("it was freed during this run".to_owned());
                    return Ok(None);
                }
            }
        }
        Err(LedgerError::Changed { place: self.state_store.display_name(&self.name) })
    }
}
