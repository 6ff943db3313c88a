//! Switches for the project's own tests, in builds with debug assertions only: a release build has neither of them, whatever
//! its environment says.
//!
//! - `TELFORM_TEST_KILL_AT=N`: the process kills itself at the N-th of these moments, as a crash there would: right after each
//!   durable write, and right before each write to an object store.
//! - `TELFORM_TEST_TIMEOUT_MS=N`: the time for a whole request, so that a test of slowness need not last a minute.
//! - `TELFORM_TEST_PAUSE_MS=N`: the longest pause before something is tried or looked at again.

use std::time::Duration;

/// Passed after each durable write: something was synced to disk, put in place there, or taken by an object store.
pub fn durable_write() {
    moment();
}

/// Passed before each write to an object store, when what it tells of may have happened and nobody else can know.
#[cfg(feature = "remote-state")]
pub fn before_remote_write() {
    moment();
}

fn moment() {
    #[cfg(all(debug_assertions, unix))]
    {
        use std::sync::atomic::{AtomicU64, Ordering};
        static PASSED: AtomicU64 = AtomicU64::new(0);
        let passed = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
        if number("TELFORM_TEST_KILL_AT") == Some(passed) {
            // No destructor, no farewell: nothing may look better than after a crash.
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }
}

/// The time for a whole request that a test asks for.
pub fn request_timeout() -> Option<Duration> {
    if cfg!(debug_assertions) { number("TELFORM_TEST_TIMEOUT_MS").map(Duration::from_millis) } else { None }
}

/// The longest pause before something is tried or looked at again that a test allows.
pub fn longest_pause() -> Option<Duration> {
    if cfg!(debug_assertions) { number("TELFORM_TEST_PAUSE_MS").map(Duration::from_millis) } else { None }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
