//! What runs at the same time while a plan is applied: steps up to their outcome, and the records of steps that ended.

use std::time::Instant;

use super::{Apply, ApplyRun};
use crate::apply::event::{ApplyEvent, StepOutcome, in_step};
use crate::plan::{Step, StepOperation};
use crate::state::journal::JournalRecord;

/// How many steps may be under way before their answer for each write that an account allows, while the ledger is in an object store:
/// one is being sent, one reads its target, one has its intent written, and one waits for that write. As many again may wait for their
/// ledger entry and their outcome to be stored.
const AHEAD: usize = 4;

/// Steps of an account that are under way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BusySteps {
    /// They have no outcome yet.
    pub(super) carried_out: usize,
    /// Their outcome is being recorded.
    pub(super) kept: usize,
}

/// A step with its outcome and duration.
pub(super) struct EndedStep<'s> {
    pub(super) step: &'s Step,
    pub(super) outcome: StepOutcome,
    pub(super) milliseconds: u64,
}

/// What runs at the same time.
pub(super) enum StepTask<'s> {
    /// A step up to its outcome.
    CarryOut(&'s Step),
    /// Its entry in the ledger and the record of its outcome.
    Keep(EndedStep<'s>),
    /// The record that a stop was requested.
    NoteStop,
}

/// What ended.
pub(super) enum TaskEnd<'s> {
    CarriedOut(EndedStep<'s>),
    Kept(EndedStep<'s>),
    StopNoted,
}

impl Apply<'_> {
    /// Whether one more step of an account may start. With a shared ledger steps wait for the store most of the time, and their
    /// records go together: so that a service is not idle meanwhile, more are under way than may write. The client sends as many
    /// writes at the same time as the account allows, not more.
    pub(super) fn has_room(&self, account: &str, busy: BusySteps, ahead: bool) -> bool {
        let (limit, under_way) = (self.parallel_limit(account), busy.carried_out + busy.kept);
        if ahead && limit > 1 { busy.carried_out < limit * AHEAD && under_way < limit * AHEAD * 2 } else { under_way < limit }
    }
}

impl ApplyRun<'_> {
    pub(super) async fn run_task<'s>(&self, task: StepTask<'s>) -> TaskEnd<'s> {
        match task {
            StepTask::CarryOut(step) => {
                // The first line of the run is written while the first steps look at their targets.
                let (_, ended) = tokio::join!(self.opened(), self.run_to_outcome(step));
                TaskEnd::CarriedOut(ended)
            }
            StepTask::Keep(ended) => {
                self.keep(ended.step, &ended.outcome, ended.milliseconds).await;
                TaskEnd::Kept(ended)
            }
            StepTask::NoteStop => {
                self.append_record(JournalRecord::Interrupted).await;
                TaskEnd::StopNoted
            }
        }
    }

    /// The connect in another account for which a step has disconnected a number.
    pub(super) fn connect_in_other_account(&self, step: &Step, outcome: &StepOutcome) -> Option<&Step> {
        let StepOperation::Disconnect { number, .. } = &step.operation else { return None };
        let connect = self.numbers.connect_after(&step.call.account, number)?;
        (outcome.is_done() && connect.call.account != step.call.account).then_some(connect)
    }

    /// Waits until the run may announce something, or says why it must not.
    pub(super) async fn opened(&self) -> Result<(), String> {
        match self.apply.opening {
            Some(opening) => opening.opened().await,
            None => Ok(()),
        }
    }

    /// Runs one step, records it, and returns its outcome and duration.
    pub(super) async fn run_step(&self, step: &Step) -> (StepOutcome, u64) {
        let EndedStep { outcome, milliseconds, .. } = self.run_to_outcome(step).await;
        self.keep(step, &outcome, milliseconds).await;
        (outcome, milliseconds)
    }

    async fn run_to_outcome<'s>(&self, step: &'s Step) -> EndedStep<'s> {
        let started = Instant::now();
        self.apply.observer.on_event(&ApplyEvent::StepStarted { step: step.id.clone() });
        let outcome = in_step(&step.id, self.carry_out(step)).await;
        if let StepOutcome::Done { id: Some(id), .. } = &outcome
            && let Ok(mut made) = self.made.lock()
        {
            made.insert(step.id.clone(), id.clone());
        }
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        EndedStep { step, outcome, milliseconds }
    }
}
