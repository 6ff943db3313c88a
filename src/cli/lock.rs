//! The lock of the ledger as a command holds it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::exit::{Exit, Failure};
use super::out::Out;
use crate::ledger::{LEASE, Lock, Store, Told, Wish};
use crate::program;
use crate::text::clean;

/// A lock that a command may hold.
#[derive(Debug, Default)]
pub(crate) struct Locked {
    lock: Arc<Mutex<Option<Lock>>>,
    /// Ends the process in good order when somebody interrupts it.
    watch: Option<AbortOnDropHandle<()>>,
}

impl Locked {
    /// No lock. An interrupt ends the process in good order all the same: at a terminal without the line at its bottom, and where
    /// secrets come from programs together with these.
    pub(crate) fn none(out: &Out) -> Self {
        let mut locked = Self::default();
        if out.meter.is_on() || out.global.allow_commands {
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
        let signal = out.signals.nth(1);
        let watch = tokio::spawn(async move {
            signal.await;
            if let Ok(mut held) = held.lock() {
                *held = None;
            }
            leave(&out).await
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

/// How long an interrupt waits for an object store to say whether the lock was taken. One that was, and that nobody frees,
/// keeps others out until it expires.
const ANSWER: Duration = Duration::from_secs(10);

/// Takes the lock, saying whom it waits for.
pub(crate) async fn take(out: &Out, store: &Store, wait: Duration) -> Result<Locked, Failure> {
    let shown = Mutex::new(None);
    let told = |told: &Told<'_>| {
        if !out.global.quiet {
            out.note(&format!("{}\n", clean(&told.to_string())));
        }
        if let (Told::Waits { most, holder, .. }, Ok(mut shown)) = (told, shown.lock()) {
            *shown = Some(out.meter.lock(holder, *most));
        }
    };
    let stop = CancellationToken::new();
    let wish = Wish { wait, lease: LEASE, keepers: &out.keepers, stop: &stop, told: &told };
    let (first, second) = (out.signals.nth(1), out.signals.nth(2));
    let interrupted = async {
        first.await;
        stop.cancel();
        tokio::select! {
            () = second => {}
            () = tokio::time::sleep(ANSWER) => {}
        }
    };
    let mut locked = tokio::select! {
        biased;
        () = interrupted => leave(out).await,
        lock = store.lock(&wish) => match lock {
            taken if stop.is_cancelled() => {
                // One that was taken is freed by that.
                drop(taken);
                leave(out).await
            }
            lock => Locked { lock: Arc::new(Mutex::new(Some(lock?))), watch: None },
        },
    };
    locked.watch_signals(out);
    drop(shown);
    Ok(locked)
}

/// Ends the process when somebody interrupted it before anything was written.
async fn leave(out: &Out) -> ! {
    program::end_running();
    out.meter.remove();
    out.settle().await;
    std::process::exit(Exit::Interrupted as i32)
}
