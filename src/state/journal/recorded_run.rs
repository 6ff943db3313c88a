//! The state of each run according to the lines.

use std::collections::BTreeMap;

use super::{JournalFinding, JournalLine, JournalRecord, RunStarted, StepEnding};
use crate::document::v1::{Operation, StepV1};
use crate::model::value::Value;

/// The result of a run that was interrupted, also in the receipt that a later run writes for it.
pub const CUT_OFF: &str = "cut off";

/// Why a run has no receipt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MissingEnd {
    /// It was interrupted.
    #[default]
    Interrupted,
    /// It holds the lock: it may go on.
    InProgress,
    /// The journal was altered, and its lines from there on are not looked at.
    NotShown,
}

/// One run, put together from its lines.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRun<'a> {
    /// Its id.
    pub id: &'a str,
    /// When it started.
    pub began_at: &'a str,
    /// Number of its first line.
    pub seq: u64,
    /// How it started.
    pub started: &'a RunStarted,
    /// Its steps, in the order of the plan, followed by those that reconnect numbers after a run that ended in part: `r3` undoes
    /// the disconnect `s3`.
    pub steps: Vec<RecordedStep<'a>>,
    /// A stop was requested.
    pub interrupted: bool,
    /// Its receipt; a run without one was interrupted, unless `missing_end` says something else.
    pub finished: Option<&'a JournalRecord>,
    /// Why it has no receipt.
    pub missing_end: MissingEnd,
    /// When it ended.
    pub ended_at: Option<&'a str>,
    /// Fingerprint of the key that signed its receipt, as its line says.
    pub signed_by_key: Option<&'a str>,
}

/// What is recorded about a step.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedStep<'a> {
    /// Its name.
    pub id: &'a str,
    /// When its request was announced.
    pub intent: Option<&'a JournalLine>,
    /// How it ended.
    pub outcome: Option<&'a JournalLine>,
    /// The finding of a later run.
    pub settled: Option<(JournalFinding, &'a str)>,
}

/// A step whose request may have been sent and whose outcome is not known.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenStep {
    /// The run.
    pub run: String,
    /// Its step.
    pub step: String,
}

impl RecordedRun<'_> {
    /// Steps that were announced, have no recorded outcome, and were not settled later.
    pub fn open(&self) -> Vec<OpenStep> {
        let open = self.open_steps();
        open.map(|step| OpenStep { run: self.id.to_owned(), step: step.id.to_owned() }).collect()
    }

    /// The same as they are recorded.
    pub fn open_steps(&self) -> impl Iterator<Item = &RecordedStep<'_>> {
        self.steps.iter().filter(|step| {
            step.intent.is_some()
                && step.outcome.is_none()
                && step.settled.is_none_or(|(word, _)| word == JournalFinding::Unknown)
        })
    }

    /// Its outcome, in a word or two.
    pub fn result_text(&self) -> &str {
        match self.finished {
            Some(JournalRecord::Finished { result, .. }) => result,
            _ => match self.missing_end {
                MissingEnd::Interrupted => CUT_OFF,
                MissingEnd::InProgress => "in progress",
                MissingEnd::NotShown => "end not shown",
            },
        }
    }

    /// Writes that are done.
    pub fn completed_writes(&self) -> usize {
        let done = |line: &&JournalLine| matches!(line.record, JournalRecord::Outcome { end: StepEnding::Done, .. });
        self.steps.iter().filter(|step| step.intent.is_some() && step.outcome.as_ref().is_some_and(done)).count()
    }
}

/// Whether the last request about a number, as far as the runs say, disconnected it for certain: none was sent later that may have
/// connected it.
pub fn is_known_cut(runs: &[RecordedRun<'_>], account: &str, number: &str) -> bool {
    let steps = runs.iter().rev().flat_map(|run| {
        let again = run.steps.iter().skip(run.started.plan.steps.len());
        let again = again.filter_map(|back| Some((step_taken_back(run, back)?, back, true)));
        let planned = run.started.plan.steps.iter().zip(&run.steps).map(|(step, record)| (step, record, false));
        planned.chain(again).rev().collect::<Vec<_>>()
    });
    for (step, record, connects) in steps.filter(|(step, record, _)| step.call.account == account && record.intent.is_some()) {
        match &step.operation {
            Operation::Connect { number: of, .. } if of == number && record.may_have_effect() => return false,
            Operation::Disconnect { number: of, .. } if of == number && connects && record.may_have_effect() => return false,
            Operation::Disconnect { number: of, .. } if of == number && !connects => return record.done_at().is_some(),
            _ => {}
        }
    }
    false
}

/// The disconnect that a step at the end of a run undoes.
pub(super) fn step_taken_back<'a>(run: &RecordedRun<'a>, back: &RecordedStep<'_>) -> Option<&'a StepV1> {
    let at = back.id.strip_prefix('r')?;
    run.started.plan.steps.iter().find(|step| step.id.strip_prefix('s') == Some(at))
}

/// Notes that the last run, if it has no end, holds the lock.
pub fn mark_in_progress(runs: &mut [RecordedRun<'_>]) {
    if let Some(last) = runs.last_mut().filter(|run| run.finished.is_none()) {
        last.missing_end = MissingEnd::InProgress;
    }
}

impl<'a> RecordedStep<'a> {
    /// Its outcome, when recorded.
    pub fn end(&self) -> Option<StepEnding> {
        match self.outcome.map(|line| &line.record) {
            Some(JournalRecord::Outcome { end, .. }) => Some(*end),
            _ => None,
        }
    }

    /// The identity of the object that it created.
    pub fn created_id(&self) -> Option<&'a str> {
        match self.outcome.map(|line| &line.record) {
            Some(JournalRecord::Outcome { id, .. }) => id.as_deref(),
            _ => None,
        }
    }

    /// The object after the step, as its answer showed it.
    pub fn object_after(&self) -> Option<&'a BTreeMap<String, Value>> {
        match self.outcome.map(|line| &line.record) {
            Some(JournalRecord::Outcome { after, .. }) => after.as_ref(),
            _ => None,
        }
    }
}

/// All runs, oldest first.
pub fn collect_runs(lines: &[JournalLine]) -> Vec<RecordedRun<'_>> {
    let mut runs: Vec<RecordedRun<'_>> = Vec::new();
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines {
        match &line.record {
            JournalRecord::Started(started) => {
                index.insert(&line.run, runs.len());
                let steps = started.plan.steps.iter().map(|step| RecordedStep {
                    id: &step.id,
                    intent: None,
                    outcome: None,
                    settled: None,
                });
                runs.push(RecordedRun {
                    id: &line.run,
                    began_at: &line.at,
                    seq: line.seq,
                    started,
                    steps: steps.collect(),
                    interrupted: false,
                    finished: None,
                    missing_end: MissingEnd::default(),
                    ended_at: None,
                    signed_by_key: None,
                });
            }
            JournalRecord::Settled { of, step, verdict, evidence } => {
                let run = index.get(of.as_str()).map(|at| &mut runs[*at]);
                if let Some(record) = run.and_then(|run| step_of(run, step)) {
                    record.settled = Some((*verdict, evidence));
                }
            }
            other => {
                let Some(run) = index.get(line.run.as_str()).map(|at| &mut runs[*at]) else { continue };
                match other {
                    JournalRecord::Intent { step, .. } => {
                        if let Some(record) = step_of(run, step) {
                            record.intent = Some(line);
                        }
                    }
                    JournalRecord::Outcome { step, .. } => {
                        if let Some(record) = step_of(run, step) {
                            record.outcome = Some(line);
                        }
                    }
                    JournalRecord::Interrupted => run.interrupted = true,
                    JournalRecord::Finished { .. } => {
                        run.finished = Some(other);
                        run.ended_at = Some(&line.at);
                    }
                    JournalRecord::Signed { key, .. } => run.signed_by_key = Some(key),
                    JournalRecord::Started(_) | JournalRecord::Settled { .. } | JournalRecord::Rekeyed { .. } => {}
                }
            }
        }
    }
    runs
}

fn step_of<'r, 'a>(run: &'r mut RecordedRun<'a>, step: &'a str) -> Option<&'r mut RecordedStep<'a>> {
    let planned = run.started.plan.steps.len();
    let number = |prefix| step.strip_prefix(prefix)?.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < planned);
    // Steps are called s1, s2, … in their order.
    if let Some(at) = number('s') {
        return run.steps.get_mut(at);
    }
    number('r')?;
    let at = run.steps[planned..].iter().position(|known| known.id == step);
    let at = at.map_or(run.steps.len(), |at| planned + at);
    if at == run.steps.len() {
        run.steps.push(RecordedStep { id: step, intent: None, outcome: None, settled: None });
    }
    run.steps.get_mut(at)
}
