//! Room for the bodies of answers: pages are read side by side, and a service that sends much with each must not take all the
//! memory of the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most bytes of all bodies that are in memory at one time: pages are read side by side.
const MOST_AT_ONCE: usize = 64 * 1024 * 1024;

/// Room for bodies, shared by all accounts of a client.
#[derive(Debug, Clone, Default)]
pub(super) struct Rooms(Arc<AtomicUsize>);

/// What one body takes of it, as long as it is in memory.
#[derive(Debug)]
pub(super) struct Room {
    all: Rooms,
    bytes: usize,
}

impl Rooms {
    pub(super) fn empty(&self) -> Room {
        Room { all: self.clone(), bytes: 0 }
    }
}

impl Room {
    /// Makes it so large; says whether there is room for that.
    pub(super) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        self.bytes += more;
        self.all.0.fetch_add(more, Ordering::Relaxed) + more <= MOST_AT_ONCE
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
