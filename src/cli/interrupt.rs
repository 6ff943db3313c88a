//! Signals while a plan is carried out: the first one lets the run end in good order, the second one stops it at once, with
//! what nobody knows then and the command that finds it out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::out::Out;

/// How long the last words may take: a terminal or pipe that takes nothing must not keep the process.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Says how a run stands that is stopped at once.
type Farewell = Box<dyn FnOnce() + Send>;

/// How a run is asked to stop.
#[derive(Clone)]
pub(super) struct Stop {
    /// Running steps end, nothing new starts.
    pub(super) asked: CancellationToken,
    farewell: Arc<Mutex<Option<Farewell>>>,
}

impl Stop {
    /// The first signal asks the run to stop after what is running; the second stops the process at once.
    pub(super) fn on_signals(out: &Out) -> Self {
        let stop = Self { asked: CancellationToken::new(), farewell: Arc::default() };
        let (heard, meter) = (stop.clone(), Arc::clone(&out.meter));
        let (first, second) = (out.signals.nth(1), out.signals.nth(2));
        tokio::spawn(async move {
            first.await;
            heard.asked.cancel();
            second.await;
            let farewell = heard.farewell.lock().unwrap_or_else(PoisonError::into_inner).take();
            let (said, all_said) = std::sync::mpsc::channel();
            let words = std::thread::Builder::new().spawn(move || {
                meter.remove();
                if let Some(farewell) = farewell {
                    farewell();
                }
                let _ = said.send(());
            });
            if words.is_ok() {
                let _ = all_said.recv_timeout(LAST_WORDS);
            }
            std::process::exit(Exit::Interrupted as i32);
        });
        stop
    }

    /// What is said when the process is stopped at once, from here on.
    pub(super) fn says(&self, farewell: impl FnOnce() + Send + 'static) {
        *self.farewell.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(farewell));
    }
}
