//! The lock of the ledger as a command holds it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use super::exit::{Exit, Failure};
use super::out::Out;
use crate::ledger::{LEASE, Lock, Store, Told, Wish};
use crate::text::clean;

/// A lock that a command may hold.
#[derive(Debug, Default)]
pub(crate) struct Locked {
    lock: Arc<Mutex<Option<Lock>>>,
    /// Ends the process in good order when somebody interrupts it.
    watch: Option<AbortOnDropHandle<()>>,
}

impl Locked {
    /// No lock. At a terminal an interrupt ends the process in good order all the same, without the line at its bottom.
    pub(crate) fn none(out: &Out) -> Self {
        let mut locked = Self::default();
        if out.meter.is_on() {
            locked.watch_signals(out);
        }
        locked
    }

    /// Somebody else ends the run when it is interrupted.
    pub(crate) fn take_over_signals(&mut self) {
        self.watch = None;
    }

    /// An interrupt frees the lock and ends the process: left alone, a lock in an object store would keep others out until it
    /// expires.
    pub(crate) fn watch_signals(&mut self, out: &Out) {
        let (held, out) = (Arc::clone(&self.lock), out.clone());
        let signal = signal();
        let watch = tokio::spawn(async move {
            signal.await;
            if let Ok(mut held) = held.lock() {
                *held = None;
            }
            out.meter.remove();
            out.settle().await;
            std::process::exit(Exit::Interrupted as i32);
        });
        self.watch = Some(AbortOnDropHandle::new(watch));
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
    // Until there is something to free, an interrupt may end the process as for a run that takes no lock.
    let waiting = Locked::none(out);
    let shown = Mutex::new(None);
    let told = |told: &Told<'_>| {
        if !out.global.quiet {
            out.note(&format!("{}\n", clean(&told.to_string())));
        }
        if let (Told::Waits { most, holder, .. }, Ok(mut shown)) = (told, shown.lock()) {
            *shown = Some(out.meter.lock(holder, *most));
        }
    };
    let wish = Wish { wait, lease: LEASE, keepers: &out.keepers, told: &told };
    let lock = Arc::new(Mutex::new(Some(store.lock(&wish).await?)));
    let mut locked = Locked { lock, watch: None };
    locked.watch_signals(out);
    drop((shown, waiting));
    Ok(locked)
}

/// Waits for a signal that asks to end. From the call on, not only from the first wait, no such signal ends the process.
pub(crate) fn signal() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let streams = {
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    };
    async move {
        #[cfg(unix)]
        if let (Ok(mut interrupt), Ok(mut terminate)) = streams {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}
