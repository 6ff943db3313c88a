//! Whether an object store honours conditional writes. Some answer 200 to a write whose condition does not hold, and then two
//! runs hold the lock. Whoever takes the lock of a store that is not known tries that on its own note; what was found is
//! remembered in the note, for this store and this version of telform.

use std::sync::Arc;

use super::ConditionalWrites;
use super::note::{LockNote, LockState, StoreProbe};
use super::renewal::LeaseRenewer;
use crate::state::ledger::LedgerError;
use crate::state::ledger::state_store::{PutOutcome, StateStore, StoredObject};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The server that answered, as far as it is known: a note that was copied to another one says nothing about it.
fn store_identity(place: &StateStore, found: &StoredObject) -> String {
    [place.endpoint(), found.server.as_deref().unwrap_or_default()].join(" ").trim().to_owned()
}

/// What is known about the store that gave this note.
pub(super) fn known_conditions(place: &StateStore, found: &StoredObject, note: &LockNote) -> ConditionalWrites {
    match &note.probe {
        Some(probe) if probe.telform == VERSION && probe.store == store_identity(place, found) => {
            probe.refused.clone().map_or(ConditionalWrites::Honoured, ConditionalWrites::Ignored)
        }
        _ => ConditionalWrites::Unknown,
    }
}

/// The names of the two conditions.
fn condition_headers(place: &StateStore) -> (&'static str, &'static str) {
    match place.display_name("").split("://").next() {
        Some("gs") => ("x-goog-if-generation-match: 0", "x-goog-if-generation-match"),
        _ => ("If-None-Match: *", "If-Match"),
    }
}

impl LeaseRenewer {
    /// Tries the two conditions of the lock on the note that this run holds: each must be refused once. Where one is not, the
    /// store gives no lock, and that is written down for the next run.
    pub(super) async fn probe_conditions(&mut self) -> Result<(), LedgerError> {
        let (store, refused) = self.find_refusal().await?;
        let telform = VERSION.to_owned();
        let Some(why) = refused else {
            self.note.probe = Some(StoreProbe { store, telform, refused: None });
            return Ok(());
        };
        self.note.state = LockState::Free;
        self.note.probe = Some(StoreProbe { store, telform, refused: Some(why.clone()) });
        // Only a remark for `doctor`: whoever takes the lock probes again.
        let _ = self.state_store.overwrite(&self.name, self.note.next_bytes()).await;
        Err(LedgerError::Unconditional { place: self.state_store.display_name(self.state_store.name()), why })
    }

    /// The store, and why it gives no lock.
    async fn find_refusal(&mut self) -> Result<(String, Option<String>), LedgerError> {
        let (absent, same) = condition_headers(&self.state_store);
        let place = Arc::clone(&self.state_store);
        let decoy = self.decoy();
        let (there, created) = tokio::join!(place.read(&self.name), place.is_accepted(&self.name, decoy.clone(), None));
        let (there, created) = (there?, created?);
        let store = there.as_ref().map(|found| store_identity(&self.state_store, found)).unwrap_or_default();
        let ours =
            |found: &StoredObject| serde_json::from_slice(&found.bytes).is_ok_and(|note: LockNote| note.write == self.note.write);
        if !there.as_ref().is_some_and(|found| ours(found) || found.bytes == decoy) {
            return Ok((store, Some("it answered that it had stored an object, and then showed something else".to_owned())));
        }
        let first = self.version.clone();
        let accepted = |condition: &str| {
            Some(format!(
                "it answered that it had stored an object although `{condition}` did not hold: it ignores this condition"
            ))
        };
        if created {
            return Ok((store, accepted(absent)));
        }
        // A version that was true a moment ago: a store whose versions never change is found as well.
        let PutOutcome::Done(second) = self.state_store.replace(&self.name, self.note.next_bytes(), &first).await? else {
            return Ok((store, Some(format!("it refused a write although `{same}` held, or another run ignored the lock"))));
        };
        self.version = second;
        if place.is_accepted(&self.name, self.decoy(), Some(&first)).await? {
            return Ok((store, accepted(same)));
        }
        Ok((store, None))
    }

    /// What must not be stored: a lock that is free.
    fn decoy(&self) -> Vec<u8> {
        let mut note = self.note.clone();
        note.state = LockState::Free;
        note.next_bytes()
    }
}
