//! Standard output. What became of it is remembered, so that no command takes a text for printed that was not.

use std::io::ErrorKind;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::disk::write_whole;

/// Standard output, as long as it accepts output.
#[derive(Debug, Default)]
pub(super) struct StdoutWriter {
    state: Mutex<StdoutState>,
}

#[derive(Debug, Default)]
struct StdoutState {
    /// Why nothing more is written there.
    lost: Option<StdoutLoss>,
    /// From here on the run is completed whatever happens to its output: a write may have been sent.
    must_continue: bool,
    /// Whether the reason was reported.
    reported: bool,
}

/// Why standard output no longer accepts output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StdoutLoss {
    /// Its reader closed it, as in `telform plan | head`: not an error.
    Closed,
    /// It failed, in the words of the operating system.
    Failed(String),
}

/// The fate of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WriteOutcome {
    /// It is out.
    Done,
    /// It was not written, and need not be reported now.
    Dropped,
    /// It was not written, and the run continues without this stream; `first`: not reported so far.
    Elsewhere { first: bool },
}

impl StdoutWriter {
    fn state(&self) -> MutexGuard<'_, StdoutState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a text, unless an earlier one was lost.
    pub(super) fn write(&self, text: &str) -> WriteOutcome {
        let mut state = self.state();
        let was_lost = state.lost.is_some();
        if !was_lost {
            match write_whole(&mut anstream::stdout().lock(), text.as_bytes()) {
                Ok(()) => return WriteOutcome::Done,
                Err(error) if error.kind() == ErrorKind::BrokenPipe => state.lost = Some(StdoutLoss::Closed),
                Err(error) => state.lost = Some(StdoutLoss::Failed(error.to_string())),
            }
        }
        match state.must_continue {
            true => WriteOutcome::Elsewhere { first: !was_lost },
            false => WriteOutcome::Dropped,
        }
    }

    /// From here on a write may be sent, so the run is completed. Returns whether the closed stream still has to be
    /// reported.
    pub(super) fn begin_writes(&self) -> bool {
        let mut state = self.state();
        state.must_continue = true;
        state.lost.is_some()
    }

    /// Whether a write may have been sent, as [`Self::goes_on`] was told.
    pub(super) fn went_on(&self) -> bool {
        self.state().must_continue
    }

    /// Whether this was not reported so far; from now on it counts as reported.
    pub(super) fn mark_reported(&self) -> bool {
        !std::mem::replace(&mut self.state().reported, true)
    }

    /// Why nothing more is written.
    pub(super) fn stdout_loss(&self) -> Option<StdoutLoss> {
        self.state().lost.clone()
    }
}
