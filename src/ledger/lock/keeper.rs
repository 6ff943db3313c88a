//! A lock in an object store: taken by a conditional write, renewed by a task of its own, and freed by that task when the
//! run is done. There is no conditional delete, so it is freed by writing that it is free.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Held, Hold, Lease, Lock, Note, Told, Wish, note};
use crate::ledger::LedgerError;
use crate::ledger::place::{Place, Put, Version};

/// How often somebody else may be quicker before that is called locked.
const RACES: usize = 3;

/// Takes the lock if nobody has it, or if its run has not renewed it in time.
pub(super) async fn in_object(place: &Arc<Place>, wish: &Wish<'_>) -> Result<Lock, LedgerError> {
    let name = place.sibling("lock");
    let mut holder = "another run took it a moment ago".to_owned();
    for _ in 0..RACES {
        let mut mine = Note::new(Some(wish.lease));
        let (put, gone) = match place.read(&name).await? {
            None => (place.create(&name, mine.bytes()).await?, None),
            Some(found) => {
                let theirs = note(place, &found)?;
                holder = theirs.words();
                let held = theirs.state == Hold::Held;
                if held && !theirs.expired() {
                    let breakable = Some(theirs.id);
                    return Err(LedgerError::Locked { place: place.shown(place.name()), holder, breakable });
                }
                let put = place.replace(&name, mine.bytes(), &found.version).await?;
                (put, held.then(|| holder.clone()))
            }
        };
        if let Put::Done(version) = put {
            if let Some(gone) = gone {
                (wish.told)(&Told::TookOver { gone: &gone });
            }
            return Ok(kept(place, mine, version, wish));
        }
    }
    Err(LedgerError::Locked { place: place.shown(place.name()), holder, breakable: None })
}

/// Starts the task that keeps the lock until it is dropped.
fn kept(place: &Arc<Place>, note: Note, version: Version, wish: &Wish<'_>) -> Lock {
    let lease = Lease::new(place.shown(place.name()), note.expires, wish.lease);
    let done = CancellationToken::new();
    let keeper = Keeper {
        place: Arc::clone(place),
        name: place.sibling("lock"),
        note,
        version,
        length: wish.lease,
        lease: Arc::clone(&lease),
    };
    wish.keepers.spawn(keeper.run(done.clone()));
    Lock { _held: Held::Object { _freed: done.drop_guard() }, lease }
}

struct Keeper {
    place: Arc<Place>,
    name: String,
    note: Note,
    version: Version,
    length: Duration,
    lease: Arc<Lease>,
}

impl Keeper {
    async fn run(mut self, done: CancellationToken) {
        let mut pause = self.length / 5;
        loop {
            tokio::select! {
                () = done.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
            // A renewal is not cut off by the end of the run: its version is needed to free the lock.
            let before = self.note.clone();
            self.note.renew(self.length);
            match self.put().await {
                Ok(Some(())) => {
                    self.lease.state().expires = self.note.expires;
                    pause = self.length / 5;
                }
                Ok(None) => return,
                Err(_) => {
                    // Tried again soon; the lease says when that is too late.
                    self.note.renewed = before.renewed;
                    self.note.expires = before.expires;
                    pause = self.length / 20;
                }
            }
        }
        self.note.state = Hold::Free;
        // Where it cannot be freed it expires, and says whose it was.
        let _ = self.put().await;
    }

    /// Writes the note over the one that was written before. `None`: somebody else has the lock now.
    async fn put(&mut self) -> Result<Option<()>, LedgerError> {
        for _ in 0..2 {
            match self.place.replace(&self.name, self.note.bytes(), &self.version).await? {
                Put::Done(version) => {
                    self.version = version;
                    return Ok(Some(()));
                }
                Put::Lost => {}
            }
            let there = match self.place.read(&self.name).await? {
                Some(found) => Some((note(&self.place, &found)?, found.version)),
                None => None,
            };
            match there {
                // An earlier write of ours landed although its answer was lost.
                Some((theirs, version)) if theirs.id == self.note.id && theirs.state == Hold::Held => {
                    self.version = version;
                }
                Some((theirs, _)) if theirs.state == Hold::Held => {
                    self.lease.state().lost = Some(theirs.words());
                    return Ok(None);
                }
                _ => {
                    self.lease.state().lost = Some("somebody freed it while this run went on".to_owned());
                    return Ok(None);
                }
            }
        }
        Err(LedgerError::Changed { place: self.place.shown(&self.name) })
    }
}
