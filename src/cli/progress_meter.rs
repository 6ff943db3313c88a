//! The progress line at the bottom of a terminal. Its text is made elsewhere ([`Progress`]); this module
//! draws it, keeps it separate from other output, and removes it.

use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio_util::task::AbortOnDropHandle;

use super::args::GlobalArgs;
use crate::apply::event::ApplyEvent;
use crate::http::WaitStarted;
use crate::http::client::{HttpObserver, ObservedAttempt};
use crate::output::view::progress::{ProgressLine, QUIET};
use crate::read::ListingProgress;

/// How often the line is redrawn.
const TICK: Duration = Duration::from_millis(200);

/// The line, and its content.
#[derive(Debug, Default)]
pub(crate) struct ProgressMeter {
    enabled: bool,
    state: Mutex<MeterState>,
}

#[derive(Debug, Default)]
struct MeterState {
    progress: Option<ProgressLine>,
    /// Created when something is first shown, so that a quick run draws nothing at all.
    bar: Option<ProgressBar>,
}

/// The line is shown until this is dropped; then it is removed.
#[derive(Debug)]
pub(crate) struct MeterGuard {
    meter: Arc<ProgressMeter>,
    _ticks: Option<AbortOnDropHandle<()>>,
}

impl Drop for MeterGuard {
    fn drop(&mut self) {
        self.meter.remove();
    }
}

impl ProgressMeter {
    /// Shows something only at an interactive terminal that can erase a line, and not with `--quiet`.
    pub(crate) fn new(global: &GlobalArgs) -> Arc<Self> {
        let on = !global.json && !global.quiet && !ProgressDrawTarget::stderr().is_hidden();
        Arc::new(Self { enabled: on, state: Mutex::default() })
    }

    /// Whether anything will ever be shown.
    pub(crate) fn is_on(&self) -> bool {
        self.enabled
    }

    /// An observer of every request.
    pub(crate) fn http_observer(self: &Arc<Self>) -> Option<Arc<dyn HttpObserver>> {
        self.enabled.then(|| Arc::clone(self) as Arc<dyn HttpObserver>)
    }

    /// While services are read.
    pub(crate) fn show_reading(self: &Arc<Self>) -> MeterGuard {
        self.show(ProgressLine::reading)
    }

    /// While a plan is applied.
    pub(crate) fn show_applying(self: &Arc<Self>) -> MeterGuard {
        self.show(ProgressLine::applying)
    }

    /// While another holder has the lock.
    pub(crate) fn lock(self: &Arc<Self>, holder: &str, most: Duration) -> MeterGuard {
        self.show(|now| ProgressLine::waiting_for_lock(holder, most, now))
    }

    fn show(self: &Arc<Self>, begin: impl FnOnce(Instant) -> ProgressLine) -> MeterGuard {
        let ticks = self.enabled.then(|| {
            self.state().progress = Some(begin(Instant::now()));
            let meter = Arc::clone(self);
            AbortOnDropHandle::new(tokio::spawn(async move {
                tokio::time::sleep(QUIET).await;
                loop {
                    meter.redraw();
                    tokio::time::sleep(TICK).await;
                }
            }))
        });
        MeterGuard { meter: Arc::clone(self), _ticks: ticks }
    }

    /// A page arrived.
    pub(crate) fn on_listed(&self, listed: &ListingProgress<'_>) {
        self.update_progress(|progress, now| progress.on_listed(listed, now));
    }

    /// An event of an apply.
    pub(crate) fn on_event(&self, event: &ApplyEvent) {
        self.update_progress(|progress, now| progress.on_event(event, now));
    }

    /// Prints something with the line removed.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        if !self.enabled {
            return print();
        }
        // Held while it prints, so that no line is drawn into it.
        let state = self.state();
        match &state.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Removes the line permanently.
    pub(crate) fn remove(&self) {
        if self.enabled {
            self.state().remove();
        }
    }

    /// The same in a panic, which may have come while the line was drawn.
    pub(crate) fn remove_if_possible(&self) {
        let shown = match self.state.try_lock() {
            Ok(mut state) => state.remove(),
            Err(TryLockError::Poisoned(state)) => state.into_inner().remove(),
            Err(TryLockError::WouldBlock) => false,
        };
        if shown {
            // The library draws nothing in a panic, so its line is erased by hand.
            let _ = std::io::stderr().lock().write_all(b"\r\x1b[2K");
        }
    }

    fn update_progress(&self, tell: impl FnOnce(&mut ProgressLine, Instant)) {
        if self.enabled
            && let Some(progress) = &mut self.state().progress
        {
            tell(progress, Instant::now());
        }
    }

    fn redraw(&self) {
        let columns = usize::from(Term::stderr().size().1);
        let mut state = self.state();
        let Some(line) = state.progress.as_ref().and_then(|progress| progress.render_line(Instant::now(), columns)) else {
            return;
        };
        state.bar.get_or_insert_with(new_bar).set_message(line);
    }

    fn state(&self) -> MutexGuard<'_, MeterState> {
        // Whatever state a panic left here affects only the display.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MeterState {
    /// Returns whether a line was shown.
    fn remove(&mut self) -> bool {
        self.progress = None;
        let bar = self.bar.take();
        if let Some(bar) = &bar {
            bar.finish_and_clear();
        }
        bar.is_some()
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // No colour and only ASCII: the words are sufficient.
    bar.with_style(ProgressStyle::with_template("{wide_msg}").expect("a template that can be read"))
}

impl HttpObserver for ProgressMeter {
    fn on_response(&self, seen: &ObservedAttempt<'_>) {
        self.update_progress(|progress, _| progress.on_attempt_end(seen.status.is_some()));
    }

    fn on_request(&self, _: &str) {
        self.update_progress(|progress, _| progress.on_request());
    }

    fn on_wait(&self, waits: &WaitStarted<'_>) {
        self.update_progress(|progress, now| progress.on_wait(waits, now));
    }
}
