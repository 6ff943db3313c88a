//! The lock of the ledger as a command holds it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
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
    let first = signal();
    let interrupted = async {
        first.await;
        let second = signal();
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
    out.meter.remove();
    out.settle().await;
    std::process::exit(Exit::Interrupted as i32)
}

/// Waits for a signal that asks to end: Ctrl-C, `kill`, a terminal that is closed. From the call on, not only from the first
/// wait, no such signal ends the process.
pub(crate) fn signal() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let streams = {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = if ignores_hangup() { None } else { signal(SignalKind::hangup()).ok() };
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), hangup)
    };
    async move {
        #[cfg(unix)]
        if let (Ok(mut interrupt), Ok(mut terminate), mut hangup) = streams {
            let hung_up = async {
                match &mut hangup {
                    Some(hangup) => drop(hangup.recv().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                () = hung_up => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Whether this process was started to outlive its terminal, as by `nohup`: then a hangup is ignored from the beginning, and
/// that must stay so. Looked at once, for later it is telform itself that catches the signal.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    static IGNORED: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
        mask & 1 == 1
    });
    *IGNORED
}
