//! The lock of the ledger as a command holds it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::progress::{Busy, RunEvent};
use super::{Context, RunError};
use crate::state::ledger::{LEASE, LedgerStore, LockEvent, LockHandle, LockOptions, ReadAhead};

/// A lock that a command may hold.
#[derive(Debug, Default)]
pub(crate) struct CommandLock {
    lock: Arc<Mutex<Option<LockHandle>>>,
    /// Ends the process in an orderly way on an interrupt.
    watch: Option<AbortOnDropHandle<()>>,
    /// Ledger and journal, where they were read while the lock was taken.
    pub(crate) read_ahead: Option<ReadAhead>,
}

impl CommandLock {
    /// No lock. An interrupt still ends the process in an orderly way: at a terminal it removes the progress line, and it also
    /// ends programs that supply secrets.
    pub(crate) fn without_lock(context: &Context) -> Self {
        let mut locked = Self::default();
        if context.progress.interrupts().must_tidy_up() || context.options.allow_commands {
            locked.watch_signals(context);
        }
        locked
    }

    /// Whether the lock is held.
    pub(crate) fn is_held(&self) -> bool {
        self.lock.lock().is_ok_and(|held| held.is_some())
    }

    /// Another task ends the run when it is interrupted.
    pub(crate) fn take_over_signals(&mut self) {
        self.watch = None;
    }

    /// An interrupt frees the lock and ends the process: otherwise a lock in an object store would keep others out until it
    /// expires.
    pub(crate) fn watch_signals(&mut self, context: &Context) {
        let (held, interrupts) = (Arc::clone(&self.lock), context.progress.interrupts());
        let signal = interrupts.nth(1);
        let watch = tokio::spawn(async move {
            signal.await;
            if let Ok(mut held) = held.lock() {
                *held = None;
            }
            match interrupts.end_process().await {}
        });
        self.watch = Some(AbortOnDropHandle::new(watch));
    }
}

impl Drop for CommandLock {
    /// Frees the lock now, not when the watching task has noticed that it was ended.
    fn drop(&mut self) {
        if let Ok(mut held) = self.lock.lock() {
            *held = None;
        }
    }
}

/// How long an interrupt waits for an object store to say whether the lock was taken. A lock that was taken and not freed
/// keeps others out until it expires.
const ANSWER: Duration = Duration::from_secs(10);

/// Takes the lock, and reports whom it waits for. `read_ahead`: ledger and journal are read meanwhile.
pub(crate) async fn take_lock(
    context: &Context,
    store: &LedgerStore,
    wait: Duration,
    read_ahead: bool,
) -> Result<CommandLock, RunError> {
    let shown = Mutex::new(None);
    let told = |told: &LockEvent<'_>| {
        context.progress.on_event(&RunEvent::Lock(told));
        if let (LockEvent::Waits { most, holder, .. }, Ok(mut shown)) = (told, shown.lock()) {
            *shown = Some(context.progress.busy(Busy::Lock { holder, most: *most }));
        }
    };
    let stop = CancellationToken::new();
    let renewal_tasks = &context.keepers;
    let wish = LockOptions { timeout: wait, lease: LEASE, renewal_tasks, cancel: &stop, on_event: &told, read_ahead };
    let interrupts = context.progress.interrupts();
    let (first, second) = (interrupts.nth(1), interrupts.nth(2));
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
        () = interrupted => match interrupts.end_process().await {},
        lock = store.lock(&wish) => match lock {
            taken if stop.is_cancelled() => {
                // This frees a lock that was taken.
                drop(taken);
                match interrupts.end_process().await {}
            }
            lock => {
                let mut lock = lock?;
                let read_ahead = lock.take_read_ahead();
                CommandLock { lock: Arc::new(Mutex::new(Some(lock))), watch: None, read_ahead }
            }
        },
    };
    locked.watch_signals(context);
    drop(shown);
    Ok(locked)
}
