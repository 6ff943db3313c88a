//! A lock in an object store: taken by a conditional write, renewed by a separate task, and freed by that task when the
//! run is done. Object stores have no conditional delete, so it is freed by writing that it is free.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::lease::{LockLease, Moment};
use super::note::{LockNote, LockState};
use super::probe::known_conditions;
use super::{ConditionalWrites, LockEvent, LockGuard, LockHandle, LockOptions, ReadAhead, parse_note};
use crate::state::ledger::LedgerError;
use crate::state::ledger::state_store::{ObjectVersion, PutOutcome, StateStore, StoredObject};

/// How often another process may be quicker before the ledger counts as locked.
const RACES: usize = 3;

/// Takes the lock if it is free, or if its run has not renewed it in time.
pub(super) async fn in_object(place: &Arc<StateStore>, wish: &LockOptions<'_>) -> Result<LockHandle, LedgerError> {
    let name = place.sibling_name("lock");
    let mut holder = "another run took it a moment ago".to_owned();
    for _ in 0..RACES {
        let mut mine = LockNote::new(Some(wish.lease));
        let sent = Moment::now();
        let (replaces, gone) = match place.read(&name).await? {
            None => (None, None),
            Some(found) => {
                let theirs = parse_note(place, &found)?;
                holder = theirs.describe_holder(found.age());
                let held = theirs.state == LockState::Held;
                if held && !is_dead(place, &found, &theirs).await? {
                    let breakable = Some(theirs.id);
                    return Err(LedgerError::Locked { place: place.display_name(place.name()), holder, breakable });
                }
                if known_conditions(place, &found, &theirs) == ConditionalWrites::Honoured {
                    mine.probe.clone_from(&theirs.probe);
                }
                (Some(found.version), held.then(|| holder.clone()))
            }
        };
        let bytes = mine.next_bytes();
        let write = async {
            match &replaces {
                None => place.create(&name, bytes).await,
                Some(version) => place.replace(&name, bytes, version).await,
            }
        };
        // Not before the note was read: another run might have freed the lock in between.
        let (put, read_ahead) = tokio::join!(write, read_ahead(place, wish.read_ahead));
        if let PutOutcome::Done(version) = put? {
            if let Some(gone) = gone {
                (wish.on_event)(&LockEvent::TookOver { gone: &gone });
            }
            let lease = LockLease::new(place.display_name(place.name()), Some(sent), wish.lease);
            let (state_store, lease_length) = (Arc::clone(place), wish.lease);
            let mut renewer = LeaseRenewer { state_store, name, note: mine, version, lease_length, lease };
            if renewer.note.probe.is_none()
                && let Err(error) = renewer.probe_conditions().await
            {
                if !matches!(error, LedgerError::Unconditional { .. }) {
                    renewer.free().await;
                }
                return Err(error);
            }
            return Ok(renewer.spawn(wish, read_ahead));
        }
    }
    Err(LedgerError::Locked { place: place.display_name(place.name()), holder, breakable: None })
}

/// Ledger and journal, where they are wanted. What cannot be read is read again under the lock, and reported then.
async fn read_ahead(place: &StateStore, wanted: bool) -> Option<ReadAhead> {
    if !wanted {
        return None;
    }
    let journal = place.sibling_name("journal");
    let (ledger, journal) = tokio::join!(place.read(place.name()), place.read_log(&journal));
    Some(ReadAhead { ledger: ledger.ok()?, journal: journal.ok()? })
}

/// Whether the run that holds a lock has not renewed it in time. The calendar of this machine says nothing about that: the time
/// of the note is compared with that of an object that the store writes now.
async fn is_dead(place: &StateStore, found: &StoredObject, theirs: &LockNote) -> Result<bool, LedgerError> {
    let Some(modified) = found.modified else { return Ok(false) };
    if found.age().is_some_and(|age| !theirs.is_expired(Some(age))) {
        return Ok(false);
    }
    let now = place.store_time(&format!("{}.clock", place.sibling_name("lock"))).await?;
    Ok(theirs.is_expired(now.map(|now| now.duration_since(modified))))
}

pub(super) struct LeaseRenewer {
    pub(super) state_store: Arc<StateStore>,
    pub(super) name: String,
    pub(super) note: LockNote,
    pub(super) version: ObjectVersion,
    lease_length: Duration,
    lease: Arc<LockLease>,
}

impl LeaseRenewer {
    /// Starts the task that keeps the lock until it is dropped.
    fn spawn(self, wish: &LockOptions<'_>, read_ahead: Option<ReadAhead>) -> LockHandle {
        let (done, lease) = (CancellationToken::new(), Arc::clone(&self.lease));
        wish.renewal_tasks.spawn(self.run(done.clone()));
        LockHandle { _held: LockGuard::Object { _freed: done.drop_guard() }, lease, read_ahead }
    }

    async fn run(mut self, done: CancellationToken) {
        let mut pause = self.lease_length / 5;
        loop {
            tokio::select! {
                () = done.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
            // A renewal is not cut off by the end of the run: its version is needed to free the lock.
            // The lease counts from before the request: the store cannot have written it earlier.
            let (before, sent) = (self.note.clone(), Moment::now());
            self.note.renew_for(self.lease_length);
            match self.write_note().await {
                Ok(Some(())) => {
                    self.lease.state().renewal_sent = Some(sent);
                    pause = self.lease_length / 5;
                }
                Ok(None) => return,
                Err(_) => {
                    // Retried soon; the lease decides when it is too late.
                    self.note = before;
                    pause = self.lease_length / 20;
                }
            }
        }
        self.free().await;
    }

    /// Where it cannot be freed it expires, and names its holder.
    async fn free(&mut self) {
        self.note.state = LockState::Free;
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
                Some(found) => Some((parse_note(&self.state_store, &found)?, found.age(), found.version)),
                None => None,
            };
            match there {
                // An earlier write of ours landed although its answer was lost.
                Some((theirs, _, version)) if theirs.id == self.note.id && theirs.state == LockState::Held => {
                    self.version = version;
                }
                Some((theirs, age, _)) if theirs.state == LockState::Held => {
                    self.lease.state().lost_reason = Some(theirs.describe_holder(age));
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
