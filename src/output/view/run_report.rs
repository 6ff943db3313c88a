//! A run as a report: what it did, what failed, what is unknown, what was not started, and what the proof says. It is read from
//! the records of the journal; pages and comments draw it.

use std::collections::{BTreeMap, BTreeSet};

use super::journal::{RecordedStepText, changed_by_answer, describe_recorded_step, ledger_changes, request_verb};
use super::undo::undo_of_step;
use super::{provenance::PlanProvenance, wording};
use crate::analysis::undo::plan_of_run;
use crate::document::v1::{Effect, Limits, Operation, Ref, ServedState, StepV1};
use crate::state::journal::{JournalFinding, JournalRecord, RecordedRun, RecordedStep, StepEnding};

/// What is known of a command beside its runs in the journal: a command that wrote nothing has none.
#[derive(Debug, Clone, Default)]
pub struct CommandEnd {
    /// Its name, such as `apply`.
    pub command: String,
    /// How it ended, in a word or two; none while it has not ended.
    pub result: Option<String>,
    /// Why it wrote nothing, or not everything: what happened, and what to do.
    pub reasons: Vec<(String, String)>,
    /// Of a rehearsal, what the apply would do: a sentence each.
    pub forecast: Vec<String>,
    /// What a user may run now: what it does, and the command.
    pub next: Vec<(String, String)>,
    /// Summary and digest of the last plan that it made.
    pub plan: Option<(String, String)>,
    /// Who started it, when and where.
    pub made: PlanProvenance,
}

/// How a step ended, in the order in which a reader needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StepResult {
    Failed,
    Unknown,
    Stale,
    NotStarted,
    Done,
}

impl StepResult {
    pub(super) const ALL: [Self; 5] = [Self::Failed, Self::Unknown, Self::Stale, Self::NotStarted, Self::Done];

    fn of(record: &RecordedStep<'_>) -> Self {
        match (record.end(), record.settled, record.intent) {
            (Some(StepEnding::Done), ..) | (None, Some((JournalFinding::Done, _)), _) => Self::Done,
            (Some(StepEnding::Failed | StepEnding::Damaged), ..) => Self::Failed,
            (Some(StepEnding::Stale), ..) => Self::Stale,
            (Some(StepEnding::NotStarted), ..) | (None, Some((JournalFinding::NotDone, _)), _) => Self::NotStarted,
            (Some(StepEnding::Unknown), ..) | (None, Some((JournalFinding::Unknown, _)), _) => Self::Unknown,
            // Its request was announced, and no end is recorded.
            (None, None, Some(_)) => Self::Unknown,
            (None, None, None) => Self::NotStarted,
        }
    }

    /// A heading.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
            Self::Stale => "Stale",
            Self::NotStarted => "Not started",
            Self::Done => "Done",
        }
    }

    /// The word in a sentence.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Stale => "stale",
            Self::NotStarted => "not started",
            Self::Done => "done",
        }
    }

    /// The class that gives it its colour.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Failed => "delete",
            Self::Unknown => "replace",
            Self::Stale => "update",
            Self::NotStarted => "read",
            Self::Done => "create",
        }
    }
}

/// One step.
pub(super) struct StepReport<'a> {
    pub(super) id: &'a str,
    /// What it does, in a few words.
    pub(super) subject: String,
    pub(super) account: &'a str,
    pub(super) result: StepResult,
    /// What is recorded.
    pub(super) text: RecordedStepText<'a>,
    /// When its request was announced, and when it ended.
    pub(super) announced: Option<&'a str>,
    pub(super) ended: Option<&'a str>,
    /// What the answer shows differently: attribute, before, after.
    pub(super) changes: Vec<(String, String, String)>,
    /// How to undo it.
    pub(super) undo: String,
}

/// A number that the run took off a bridge, and that it did not connect again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CutNumber {
    pub(super) number: String,
    /// Where it was, and who served it.
    pub(super) was: String,
    /// What is known.
    pub(super) state: &'static str,
    /// Whether the plan said so.
    pub(super) planned: bool,
}

/// One run.
pub(super) struct RunReport<'a> {
    pub(super) run: &'a RecordedRun<'a>,
    pub(super) steps: Vec<StepReport<'a>>,
    /// What it changed in the ledger without a request.
    pub(super) ledger: Vec<String>,
    pub(super) cut: Vec<CutNumber>,
    /// What the run was limited to.
    pub(super) limits: Option<String>,
}

impl<'a> RunReport<'a> {
    pub(super) fn from_run(run: &'a RecordedRun<'a>) -> Self {
        let planned = &run.started.plan.steps;
        let steps =
            planned.iter().zip(&run.steps).map(|(step, record)| step_report(run, step, record, recorded_step_subject(step)));
        let again = run.steps.iter().skip(planned.len()).filter_map(|record| reconnect_report(run, record));
        let limited = run.started.plan.limits != Limits::default();
        let limits = limited.then(|| plan_of_run(run).ok().and_then(|plan| wording::describe_limits(&plan))).flatten();
        Self {
            run,
            steps: steps.chain(again).collect(),
            ledger: ledger_changes(run.started).into_iter().map(|change| change.text).collect(),
            cut: cut_numbers(run),
            limits,
        }
    }

    pub(super) fn with_result(&self, result: StepResult) -> impl Iterator<Item = &StepReport<'a>> {
        self.steps.iter().filter(move |step| step.result == result)
    }

    /// The class that gives the run its colour: that of the worst that happened.
    pub(super) fn class(&self) -> &'static str {
        let has = |result| self.with_result(result).next().is_some();
        match self.run.result_text() {
            _ if has(StepResult::Failed) || self.run.finished.is_none() => "delete",
            _ if has(StepResult::Unknown) => "replace",
            "done" => "create",
            _ => "update",
        }
    }

    /// `15 steps done, 1 failed, 2 not started`.
    pub(super) fn counts(&self) -> String {
        let counts = StepResult::ALL.into_iter().rev().filter_map(|result| {
            let count = self.with_result(result).count();
            (count > 0).then(|| format!("{count} {}", result.word()))
        });
        let counts: Vec<String> = counts.collect();
        match self.steps.len() {
            0 if self.ledger.is_empty() => "no steps".to_owned(),
            0 => format!("no request, {} in the ledger", count_of(self.ledger.len(), "change")),
            all => format!("{}: {}", count_of(all, "step"), counts.join(", ")),
        }
    }

    /// What reading and planning again showed, and the second plan in one line where it is not empty.
    pub(super) fn proof(&self) -> (&'static str, Option<&str>) {
        let limited = self.limits.is_some();
        match self.run.finished {
            None => ("The run has no end in the journal: it was cut off. `telform resume` settles what it left open.", None),
            Some(JournalRecord::Finished { converged: Some(true), .. }) if self.run.started.of.is_some() => (
                "A second reading shows what was undone as it was before the run. A plan of the YAML may want that run again.",
                None,
            ),
            Some(JournalRecord::Finished { converged: Some(true), .. }) if limited => {
                ("Within the limits of this run, a second plan, made after reading again, is empty.", None)
            }
            Some(JournalRecord::Finished { converged: Some(true), .. }) => {
                ("A second plan, made after everything was read again, is empty.", None)
            }
            Some(JournalRecord::Finished { converged: Some(false), second_plan, .. }) => {
                ("A second plan, made after reading again, is not empty", second_plan.as_deref())
            }
            Some(_) if self.steps.is_empty() => ("No request was sent, so nothing had to be verified.", None),
            Some(_) => ("No second plan was made, so the result is not verified.", None),
        }
    }

    /// From its first to its last line; none where it has no end.
    pub(super) fn duration(&self) -> Option<String> {
        let time = |text: &str| text.parse::<jiff::Timestamp>().ok();
        let seconds = time(self.run.ended_at?)?.as_second() - time(self.run.began_at)?.as_second();
        Some(match seconds {
            ..=0 => "less than 1 s".to_owned(),
            1..=59 => format!("{seconds} s"),
            60..=3599 => format!("{} min {} s", seconds / 60, seconds % 60),
            _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        })
    }

    /// User, host and process.
    pub(super) fn actor(&self) -> String {
        let actor = &self.run.started.actor;
        format!("{} on {} (process {})", actor.user, actor.host, actor.pid)
    }

    /// What further is known of it: a name and a text each, in this order.
    pub(super) fn papers(&self) -> Vec<[String; 2]> {
        let started = self.run.started;
        let mut rows = Vec::new();
        if let Some(of) = &started.of {
            rows.push(["undoes".to_owned(), format!("run {of}")]);
        }
        if let Some(file) = &started.plan_file {
            rows.push(["saved plan".to_owned(), file.clone()]);
        }
        rows.extend(super::signed::signature_rows(self.run));
        rows
    }
}

/// `1 step`, `12 steps`.
pub(super) fn count_of(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// A time in a step's column.
pub(super) fn describe_milliseconds(milliseconds: u64) -> String {
    if milliseconds < 1_000 {
        format!("{milliseconds} ms")
    } else {
        format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100)
    }
}

fn step_report<'a>(run: &'a RecordedRun<'a>, step: &'a StepV1, record: &RecordedStep<'a>, subject: String) -> StepReport<'a> {
    StepReport {
        id: record.id,
        subject,
        account: &step.call.account,
        result: StepResult::of(record),
        text: describe_recorded_step(step, record),
        announced: record.intent.map(|line| line.at.as_str()),
        ended: record.outcome.map(|line| line.at.as_str()),
        changes: changed_by_answer(run, step, record),
        undo: undo_of_step(run, record.id),
    }
}

/// A step after the plan: `r3` connects again what `s3` disconnected.
fn reconnect_report<'a>(run: &'a RecordedRun<'a>, record: &RecordedStep<'a>) -> Option<StepReport<'a>> {
    let cut = record.id.strip_prefix('r')?;
    let step = run.started.plan.steps.iter().find(|step| step.id.strip_prefix('s') == Some(cut))?;
    let subject = match &step.operation {
        Operation::Disconnect { number, .. } if step.address.as_deref().is_some_and(wording::holds_itself) => {
            format!("connect {number} again")
        }
        Operation::Disconnect { bridge, number, .. } => format!("connect {number} on {bridge} again"),
        _ => format!("{} again", recorded_step_subject(step)),
    };
    let mut report = step_report(run, step, record, subject);
    if record.intent.is_none() {
        (report.text.method, report.text.target) = Default::default();
    }
    Some(report)
}

/// What a step does, in a few words.
pub(super) fn recorded_step_subject(step: &StepV1) -> String {
    let address = step.address.as_deref().unwrap_or("-");
    let named = |bridge: &Ref| match bridge {
        Ref::Id(id) => id.clone(),
        Ref::Step(_) => address.to_owned(),
    };
    let verb = request_verb(step);
    match &step.operation {
        Operation::Create { .. } | Operation::Update { .. } => format!("{verb} {address}"),
        Operation::Delete { id, .. } => format!("{verb} {address} ({id})"),
        Operation::Connect { number, .. } | Operation::Disconnect { number, .. } if wording::holds_itself(address) => {
            format!("{verb} {number}")
        }
        Operation::Connect { bridge, number, .. } => format!("{verb} {number} on {}", named(bridge)),
        Operation::Disconnect { bridge, number, .. } => format!("{verb} {number} from {bridge}"),
        Operation::ReadBack { bridge, numbers } => {
            let own = numbers.keys().next().filter(|_| wording::holds_itself(address)).cloned();
            format!("{verb} {}", own.unwrap_or_else(|| named(bridge)))
        }
    }
}

/// Numbers that a step took off a bridge, or perhaps did, and that no step connected again for certain.
fn cut_numbers(run: &RecordedRun<'_>) -> Vec<CutNumber> {
    let steps = || run.started.plan.steps.iter().zip(&run.steps);
    let dark = run.started.plan.impact.iter().filter(|number| number.effect == Effect::Dark);
    let planned: BTreeSet<&str> = dark.map(|number| number.number.as_str()).collect();
    // The best that is known of a connect: by number, and by the disconnect that it takes back.
    let mut connected: BTreeMap<String, StepResult> = BTreeMap::new();
    for (step, record) in steps() {
        if let Operation::Connect { number, .. } = &step.operation {
            let best = connected.entry(number.clone()).or_insert(StepResult::NotStarted);
            *best = (*best).max_known(StepResult::of(record));
        }
    }
    let again = |id: &str| {
        let reconnect = format!("r{}", id.trim_start_matches('s'));
        run.steps.iter().find(|record| record.id == reconnect).map_or(StepResult::NotStarted, StepResult::of)
    };
    let mut cut = Vec::new();
    let mut push = |number: &String, was: String, id: &str, result: StepResult| {
        let back = connected.get(number).copied().unwrap_or(StepResult::NotStarted).max_known(again(id));
        let state = match (result, back) {
            (StepResult::Done | StepResult::Unknown, StepResult::Done) => return,
            (StepResult::Done, StepResult::Unknown) => "perhaps connected again",
            (StepResult::Done, _) => "cut off",
            (StepResult::Unknown, _) => "perhaps cut off",
            _ => return,
        };
        let planned = planned.contains(number.as_str());
        cut.push(CutNumber { number: number.clone(), was, state, planned });
    };
    for (step, record) in steps() {
        let result = StepResult::of(record);
        match &step.operation {
            Operation::Disconnect { bridge, number, before } => {
                push(number, format!("{bridge}{}", served_by(before)), &step.id, result);
            }
            Operation::Delete { frees, id, .. } => {
                frees.iter().for_each(|number| push(number, id.clone(), &step.id, result));
            }
            _ => {}
        }
    }
    cut
}

impl StepResult {
    /// Of two attempts, what is known of their common effect.
    fn max_known(self, other: Self) -> Self {
        match (self, other) {
            (Self::Done, _) | (_, Self::Done) => Self::Done,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => self,
        }
    }
}

fn served_by(state: &ServedState) -> String {
    match state {
        ServedState::NotThere | ServedState::Unserved => String::new(),
        ServedState::By { id, .. } => format!(", served by {id}"),
        ServedState::OneOf(ids) => format!(", served by {}", ids.join(" or ")),
    }
}

/// The accounts of a run, each with its organization and host.
pub(super) fn account_rows(run: &RecordedRun<'_>) -> Vec<[String; 2]> {
    let row = |account: &crate::document::v1::AccountV1| {
        let organization = account.organization.as_ref().map(|name| format!(", organization {name}")).unwrap_or_default();
        [account.name.clone(), format!("{} at {}{organization}", account.api, account.base_url)]
    };
    run.started.plan.accounts.iter().map(row).collect()
}
