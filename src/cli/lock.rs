//! The lock of the ledger as a command holds it.

use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use super::exit::{Exit, Failure};
use super::out::Out;
use crate::ledger::{LEASE, Lock, Store, Wish};
use crate::text::clean;

/// A lock that a command may hold.
#[derive(Debug, Default)]
pub(crate) struct Locked {
    lock: std::sync::Arc<std::sync::Mutex<Option<Lock>>>,
    /// Ends the process in good order when somebody interrupts it.
    watch: Option<AbortOnDropHandle<()>>,
}

impl Locked {
    /// Somebody else ends the run when it is interrupted.
    pub(crate) fn take_over_signals(&mut self) {
        self.watch = None;
    }
}

impl Drop for Locked {
    /// Free now, not when the watching task has noticed that it was ended.
    fn drop(&mut self) {
        if let Ok(mut held) = self.lock.lock() {
            *held = None;
        }
    }
}

/// Takes the lock, saying whom it waits for.
pub(crate) async fn take(out: &Out, store: &Store, wait: Duration) -> Result<Locked, Failure> {
    let told = |text: &str| {
        if !out.global.quiet {
            out.note(&format!("{}\n", clean(text)));
        }
    };
    let wish = Wish { wait, lease: LEASE, keepers: &out.keepers, told: &told };
    let lock = std::sync::Arc::new(std::sync::Mutex::new(Some(store.lock(&wish).await?)));
    let (held, out) = (std::sync::Arc::clone(&lock), out.clone());
    // Left alone, a lock in an object store would keep others out until it expires.
    let watch = tokio::spawn(async move {
        signal().await;
        if let Ok(mut held) = held.lock() {
            *held = None;
        }
        out.settle().await;
        std::process::exit(Exit::Interrupted as i32);
    });
    Ok(Locked { lock, watch: Some(AbortOnDropHandle::new(watch)) })
}

/// An interrupt from the keyboard, or the request to end.
pub(crate) async fn signal() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
