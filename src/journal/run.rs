//! What the lines say about each run.

use std::collections::BTreeMap;

use super::{End, Line, Record, Started, Verdict};
use crate::value::Value;

/// One run, put together from its lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Run<'a> {
    /// Its id.
    pub id: &'a str,
    /// When it began.
    pub at: &'a str,
    /// Number of its first line.
    pub seq: u64,
    /// How it began.
    pub started: &'a Started,
    /// Its steps, in the order of the plan. Behind them those that connect numbers again which a run in part had cut: `r3` takes
    /// back what `s3` cut.
    pub steps: Vec<StepRecord<'a>>,
    /// Somebody asked to stop.
    pub interrupted: bool,
    /// Its receipt; a run without one was cut off.
    pub finished: Option<&'a Record>,
    /// When it ended.
    pub ended: Option<&'a str>,
}

/// What is recorded about a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRecord<'a> {
    /// Its name.
    pub id: &'a str,
    /// When its request was announced.
    pub intent: Option<&'a Line>,
    /// How it ended.
    pub outcome: Option<&'a Line>,
    /// What a later run found out.
    pub settled: Option<(Verdict, &'a str)>,
}

/// A step whose request may have been sent and whose end nobody knows.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenStep {
    /// The run.
    pub run: String,
    /// Its step.
    pub step: String,
}

impl Run<'_> {
    /// Steps that were announced, have no recorded end, and were not settled later.
    pub fn open(&self) -> Vec<OpenStep> {
        let open = self.open_steps();
        open.map(|step| OpenStep { run: self.id.to_owned(), step: step.id.to_owned() }).collect()
    }

    /// The same as they are recorded.
    pub fn open_steps(&self) -> impl Iterator<Item = &StepRecord<'_>> {
        self.steps.iter().filter(|step| {
            step.intent.is_some()
                && step.outcome.is_none()
                && step.settled.is_none_or(|(word, _)| word == Verdict::Unknown)
        })
    }

    /// How it ended, in a word or two.
    pub fn result(&self) -> &str {
        match self.finished {
            Some(Record::Finished { result, .. }) => result,
            _ => "cut off",
        }
    }

    /// Writes that are done.
    pub fn writes(&self) -> usize {
        let done = |line: &&Line| matches!(line.record, Record::Outcome { end: End::Done, .. });
        self.steps
            .iter()
            .filter(|step| step.intent.is_some() && step.outcome.as_ref().is_some_and(done))
            .count()
    }
}

impl<'a> StepRecord<'a> {
    /// How it ended, when that is recorded.
    pub fn end(&self) -> Option<End> {
        match self.outcome.map(|line| &line.record) {
            Some(Record::Outcome { end, .. }) => Some(*end),
            _ => None,
        }
    }

    /// The identity of what it made.
    pub fn made(&self) -> Option<&'a str> {
        match self.outcome.map(|line| &line.record) {
            Some(Record::Outcome { id, .. }) => id.as_deref(),
            _ => None,
        }
    }

    /// The object after the step, as its answer showed it.
    pub fn after(&self) -> Option<&'a BTreeMap<String, Value>> {
        match self.outcome.map(|line| &line.record) {
            Some(Record::Outcome { after, .. }) => after.as_ref(),
            _ => None,
        }
    }
}

/// All runs, oldest first.
pub fn runs(lines: &[Line]) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines {
        match &line.record {
            Record::Started(started) => {
                index.insert(&line.run, runs.len());
                let steps = started.plan.steps.iter().map(|step| StepRecord {
                    id: &step.id,
                    intent: None,
                    outcome: None,
                    settled: None,
                });
                runs.push(Run {
                    id: &line.run,
                    at: &line.at,
                    seq: line.seq,
                    started,
                    steps: steps.collect(),
                    interrupted: false,
                    finished: None,
                    ended: None,
                });
            }
            Record::Settled { of, step, verdict, evidence } => {
                let run = index.get(of.as_str()).map(|at| &mut runs[*at]);
                if let Some(record) = run.and_then(|run| step_of(run, step)) {
                    record.settled = Some((*verdict, evidence));
                }
            }
            other => {
                let Some(run) = index.get(line.run.as_str()).map(|at| &mut runs[*at]) else { continue };
                match other {
                    Record::Intent { step, .. } => {
                        if let Some(record) = step_of(run, step) {
                            record.intent = Some(line);
                        }
                    }
                    Record::Outcome { step, .. } => {
                        if let Some(record) = step_of(run, step) {
                            record.outcome = Some(line);
                        }
                    }
                    Record::Interrupted => run.interrupted = true,
                    Record::Finished { .. } => {
                        run.finished = Some(other);
                        run.ended = Some(&line.at);
                    }
                    Record::Started(_) | Record::Settled { .. } => {}
                }
            }
        }
    }
    runs
}

fn step_of<'r, 'a>(run: &'r mut Run<'a>, step: &'a str) -> Option<&'r mut StepRecord<'a>> {
    let planned = run.started.plan.steps.len();
    let number =
        |prefix| step.strip_prefix(prefix)?.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < planned);
    // Steps are called s1, s2, … in their order.
    if let Some(at) = number('s') {
        return run.steps.get_mut(at);
    }
    number('r')?;
    let at = run.steps[planned..].iter().position(|known| known.id == step);
    let at = at.map_or(run.steps.len(), |at| planned + at);
    if at == run.steps.len() {
        run.steps.push(StepRecord { id: step, intent: None, outcome: None, settled: None });
    }
    run.steps.get_mut(at)
}
