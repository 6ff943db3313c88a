//! Memory for the bodies of answers: pages are read concurrently, and a service with large pages must not use all the memory
//! of the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most bytes of all bodies that are in memory at one time: pages are read concurrently.
const MOST_AT_ONCE: usize = 64 * 1024 * 1024;

/// The memory limit for bodies, shared by all accounts of a client.
#[derive(Debug, Clone, Default)]
pub(super) struct BodyBudget(Arc<AtomicUsize>);

/// The share of one body, as long as it is in memory.
#[derive(Debug)]
pub(super) struct BodyAllotment {
    budget: BodyBudget,
    bytes: usize,
}

impl BodyBudget {
    pub(super) fn allot_empty(&self) -> BodyAllotment {
        BodyAllotment { budget: self.clone(), bytes: 0 }
    }
}

impl BodyAllotment {
    /// Resizes it; returns whether enough memory is left.
    pub(super) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        self.bytes += more;
        self.budget.0.fetch_add(more, Ordering::Relaxed) + more <= MOST_AT_ONCE
    }
}

impl Drop for BodyAllotment {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
