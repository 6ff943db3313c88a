//! Signals while a plan is applied: the first one lets the run end in an orderly way, the second one stops it at once, and
//! reports what is unknown and the command that finds it out.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::console::Console;
use super::unfinished_run;
use crate::run::Exit;

/// How long the final report may take: a blocked terminal or pipe must not keep the process alive.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The first signal requests a stop after the running steps; the second stops the process at once.
pub(super) fn stop_on_signals(out: &Console) -> CancellationToken {
    let stop = CancellationToken::new();
    let (asked, out) = (stop.clone(), out.clone());
    let (first, second) = (out.signals.nth_signal(1), out.signals.nth_signal(2));
    tokio::spawn(async move {
        first.await;
        asked.cancel();
        second.await;
        let (said, all_said) = std::sync::mpsc::channel();
        let words = std::thread::Builder::new().spawn(move || {
            out.meter.remove();
            let stopped = out.standing().report_if_stopped();
            if let Some((plan, report, advice)) = stopped {
                unfinished_run::stopped(&out, &plan, &report, &advice);
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
