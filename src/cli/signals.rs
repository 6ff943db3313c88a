//! Signals that ask the process to end: Ctrl-C, `kill`, a terminal that is closed. They are counted from the first listener
//! on, so that none is lost while one part of a run hands over to the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// What was received so far.
#[derive(Debug, Default)]
pub(crate) struct SignalCounter {
    listens: AtomicBool,
    received: watch::Sender<usize>,
}

impl SignalCounter {
    /// Waits for the n-th signal of this process. From the call on, not only from the first poll, no such signal ends the
    /// process.
    pub(crate) fn nth_signal(self: &Arc<Self>, nth: usize) -> impl Future<Output = ()> + Send + use<> {
        self.listen();
        let (own, mut heard) = (Arc::clone(self), self.received.subscribe());
        async move {
            // Each waiter keeps the counter alive.
            let _ = heard.wait_for(|count| *count >= nth).await;
            drop(own);
        }
    }

    /// Waits for one more signal, and at least for the second one: the first requests an orderly end, in which locks are
    /// freed. Without a listener, a signal ends the process anyway.
    pub(crate) async fn next(&self) {
        let heard = (*self.received.borrow()).max(1);
        if self.received.subscribe().wait_for(|count| *count > heard).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn listen(self: &Arc<Self>) {
        if self.listens.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut streams = Streams::open();
        let own = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                streams.next().await;
                own.received.send_modify(|count| *count += 1);
            }
        });
    }
}

#[cfg(unix)]
struct Streams(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Streams {
    fn open() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if !ignores_hangup() {
            kinds.push(SignalKind::hangup());
        }
        Self(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    async fn next(&mut self) {
        let streams = &mut self.0;
        std::future::poll_fn(|context| {
            let came = streams.iter_mut().any(|stream| stream.poll_recv(context).is_ready());
            if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

/// Whether this process was started to outlive its terminal, as by `nohup`: then a hangup stays ignored.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
struct Streams;

#[cfg(not(unix))]
impl Streams {
    fn open() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
