//! The line at the bottom of a terminal while something takes long. What it says is made elsewhere
//! ([`Progress`]); here it is drawn, kept out of the way of everything else that is printed, and removed.

use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio_util::task::AbortOnDropHandle;

use super::args::Global;
use crate::api::Waits;
use crate::api::http::{Seen, Watch};
use crate::event::Event;
use crate::live::Listed;
use crate::view::progress::{Progress, QUIET};

/// How often the line is made anew.
const TICK: Duration = Duration::from_millis(200);

/// The line, and what it is about.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    on: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    progress: Option<Progress>,
    /// There from the first time that something is shown, so that a quick run draws nothing at all.
    bar: Option<ProgressBar>,
}

/// As long as it is kept, the line is there; then it is removed.
#[derive(Debug)]
pub(crate) struct Shown {
    meter: Arc<Meter>,
    _ticks: Option<AbortOnDropHandle<()>>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.meter.remove();
    }
}

impl Meter {
    /// Shows something only to somebody who sits at a terminal that can take a line back, and did not ask for silence.
    pub(crate) fn new(global: &Global) -> Arc<Self> {
        let on = !global.json && !global.quiet && !ProgressDrawTarget::stderr().is_hidden();
        Arc::new(Self { on, state: Mutex::default() })
    }

    /// Whether anything will ever be shown.
    pub(crate) fn is_on(&self) -> bool {
        self.on
    }

    /// Somebody who wants to know about every request.
    pub(crate) fn watch(self: &Arc<Self>) -> Option<Arc<dyn Watch>> {
        self.on.then(|| Arc::clone(self) as Arc<dyn Watch>)
    }

    /// While services are read.
    pub(crate) fn reading(self: &Arc<Self>) -> Shown {
        self.show(Progress::reading)
    }

    /// While a plan is carried out.
    pub(crate) fn applying(self: &Arc<Self>) -> Shown {
        self.show(Progress::applying)
    }

    /// While somebody else has the lock.
    pub(crate) fn lock(self: &Arc<Self>, holder: &str, most: Duration) -> Shown {
        self.show(|now| Progress::lock(holder, most, now))
    }

    fn show(self: &Arc<Self>, begin: impl FnOnce(Instant) -> Progress) -> Shown {
        let ticks = self.on.then(|| {
            self.state().progress = Some(begin(Instant::now()));
            let meter = Arc::clone(self);
            AbortOnDropHandle::new(tokio::spawn(async move {
                tokio::time::sleep(QUIET).await;
                loop {
                    meter.draw();
                    tokio::time::sleep(TICK).await;
                }
            }))
        });
        Shown { meter: Arc::clone(self), _ticks: ticks }
    }

    /// A page came.
    pub(crate) fn listed(&self, listed: &Listed<'_>) {
        self.tell(|progress, now| progress.listed(listed, now));
    }

    /// Something happened in an apply.
    pub(crate) fn hear(&self, event: &Event) {
        self.tell(|progress, now| progress.hear(event, now));
    }

    /// Prints something with the line out of the way.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        if !self.on {
            return print();
        }
        // Held while it prints, so that no line is drawn into it.
        let state = self.state();
        match &state.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the line away for good.
    pub(crate) fn remove(&self) {
        if self.on {
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
            // The library draws nothing in a panic, so its line is wiped by hand.
            let _ = std::io::stderr().lock().write_all(b"\r\x1b[2K");
        }
    }

    fn tell(&self, tell: impl FnOnce(&mut Progress, Instant)) {
        if self.on
            && let Some(progress) = &mut self.state().progress
        {
            tell(progress, Instant::now());
        }
    }

    fn draw(&self) {
        let columns = usize::from(Term::stderr().size().1);
        let mut state = self.state();
        let Some(line) = state.progress.as_ref().and_then(|progress| progress.line(Instant::now(), columns))
        else {
            return;
        };
        state.bar.get_or_insert_with(bar).set_message(line);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whatever a panic left here, it is only about what is shown.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Says whether there was a line.
    fn remove(&mut self) -> bool {
        self.progress = None;
        let bar = self.bar.take();
        if let Some(bar) = &bar {
            bar.finish_and_clear();
        }
        bar.is_some()
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // No colour, no sign beyond ASCII: the words say it all.
    bar.with_style(ProgressStyle::with_template("{wide_msg}").expect("a template that can be read"))
}

impl Watch for Meter {
    fn seen(&self, seen: &Seen<'_>) {
        self.tell(|progress, _| progress.seen(seen.status.is_some()));
    }

    fn sends(&self, _: &str) {
        self.tell(|progress, _| progress.sends());
    }

    fn waits(&self, waits: &Waits<'_>) {
        self.tell(|progress, now| progress.waits(waits, now));
    }
}
