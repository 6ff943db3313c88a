//! Switches for the project's own tests, in builds with debug assertions only: a release build has none of them, whatever
//! its environment says.
//!
//! - `TELFORM_TEST_KILL_AT=N`: the process kills itself at the N-th of these points, to simulate a crash: right after each
//!   durable write, and right before each write to an object store.
//! - `TELFORM_TEST_TIMEOUT_MS=N`: the timeout of a whole request, so that a test of slowness need not last a minute.
//! - `TELFORM_TEST_PAUSE_MS=N`: the longest pause before a retry or another read.

use std::time::Duration;

/// Reached after each durable write: something was synced to disk, renamed there, or accepted by an object store.
pub fn durable_write() {
    reach_failpoint();
}

/// Reached before each write to an object store, when the recorded event may have happened and nothing else can know of it.
#[cfg(feature = "remote-state")]
pub fn before_remote_write() {
    reach_failpoint();
}

fn reach_failpoint() {
    #[cfg(all(debug_assertions, unix))]
    {
        use std::sync::atomic::{AtomicU64, Ordering};
        static PASSED: AtomicU64 = AtomicU64::new(0);
        let passed = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
        if env_number("TELFORM_TEST_KILL_AT") == Some(passed) {
            // No destructor and no message: the result must be the same as after a crash.
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }
}

/// The timeout of a whole request that a test sets.
pub fn request_timeout() -> Option<Duration> {
    if cfg!(debug_assertions) { env_number("TELFORM_TEST_TIMEOUT_MS").map(Duration::from_millis) } else { None }
}

/// The longest pause before a retry or another read that a test sets.
pub fn longest_pause() -> Option<Duration> {
    if cfg!(debug_assertions) { env_number("TELFORM_TEST_PAUSE_MS").map(Duration::from_millis) } else { None }
}

fn env_number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
