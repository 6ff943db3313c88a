//! Applies a plan. Every choice is in the plan: this module starts each step when its dependencies are done, checks that
//! the target is unchanged since the plan, sends the request, and settles by reading what the answer leaves open.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::apply::event::{ApplyEvent, ApplyObserver, StepOutcome};
use crate::http::{Api, ReadOnly};
use crate::model::call::StepId;
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::model::resource::{Account, Desired, LiveObject, LiveState, ServedBy};
use crate::plan::{NumberIndex, Plan, Prerequisite, Step, StepOperation, StepPhase};
use crate::read::one::ConfigurationUses;
use crate::state::journal::{JournalRecord, JournalRecorder};
use crate::state::ledger::{LedgerError, LedgerStore};

mod after_run;
mod answer_check;
mod darkening;
pub mod event;
mod journal_entries;
mod ledger_updates;
mod outcomes;
mod precondition;
mod reconnect;
mod record;
mod report;
mod resume;
mod schedule;
mod sent_values;
mod settle;
mod step;
mod step_target;
mod tasks;
mod twins;
mod wait_until_shown;

use journal_entries::JournalEntryDraft;
use schedule::StepSchedule;
use tasks::{BusySteps, EndedStep, StepTask, TaskEnd};

pub use after_run::{AfterRun, settle_values};
pub use ledger_updates::settle_ledger;
pub use record::TimestampFn;
pub use report::ApplyReport;
pub use resume::SettledStep;
pub use sent_values::UnmetAttributes;
pub use step_target::PollBackoff;
pub use twins::{ObjectWithTwins, find_twins};
pub use wait_until_shown::wait_until_shown;

/// What happens to the other steps when a step fails. Steps that wait for a failed one never start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// Nothing new is started.
    #[default]
    Stop,
    /// Independent steps go on.
    Continue,
}

/// What must be durable before anything of a run is announced.
pub trait RunOpening: Send + Sync {
    /// Waits until it is, or says why it could not be written. May be asked often, and at the same time.
    fn opened<'a>(&'a self) -> BoxFuture<'a, Result<(), String>>;
}

/// The inputs of an apply.
pub struct Apply<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The configuration that it was made from, for the accounts and the fingerprints of secrets.
    pub desired: &'a Desired,
    /// The live state that it was made from, for the facts about the services.
    pub live: &'a LiveState,
    /// Where requests go.
    pub api: &'a dyn Api,
    /// Key of the fingerprints.
    pub key: &'a FingerprintKey,
    /// Where the ledger is kept; it is saved after each step that changes it.
    pub store: &'a LedgerStore,
    /// Records what is about to be sent and its outcome.
    pub journal: &'a dyn JournalRecorder,
    /// Who listens.
    pub observer: &'a dyn ApplyObserver,
    /// Requests a stop: running steps are completed, nothing new starts.
    pub stop: CancellationToken,
    /// What happens to the other steps when a step fails.
    pub on_error: OnError,
    /// The first line of the run, where it is written while the first steps look at their targets.
    pub opening: Option<&'a dyn RunOpening>,
    /// Whether numbers that were disconnected for a step that did not happen are connected again.
    pub reconnect: bool,
    /// Most concurrent steps of each account, where the user wants fewer than the account allows.
    pub parallelism: Option<usize>,
    /// Id of the run, for its records in the ledger.
    pub run: &'a str,
    /// What time it is.
    pub clock: &'a TimestampFn,
    /// The longest pause before something is read again, where it is to be shorter than usual.
    pub longest_pause: Option<Duration>,
}

/// Why nothing new is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum HaltReason {
    /// A service refused one request, or its current state rules it out.
    Refused,
    /// A problem that may affect every request.
    Whole,
}

/// State that the steps share while they run.
struct ApplyRun<'a> {
    apply: &'a Apply<'a>,
    numbers: NumberIndex<'a>,
    ledger: tokio::sync::Mutex<&'a mut Ledger>,
    /// How often the ledger was changed, and how many of these changes are kept.
    changes: AtomicU64,
    /// The last change of each step that ended and is not kept yet.
    unsaved: Mutex<BTreeMap<StepId, u64>>,
    kept_changes: tokio::sync::Mutex<u64>,
    /// Nothing new is sent, except what a number that is dark waits for.
    halted: AtomicBool,
    made: Mutex<BTreeMap<StepId, String>>,
    ledger_error: Mutex<Option<LedgerError>>,
    /// What the service answered to the last request of each step.
    answers: Mutex<BTreeMap<StepId, JournalEntryDraft>>,
    /// Objects as they were read right before their request.
    seen: Mutex<BTreeMap<StepId, LiveObject>>,
    /// Requests of changes that each account lets out at the same time.
    turns: BTreeMap<&'a str, Semaphore>,
    /// Steps whose request was sent, and when the last one was announced.
    sent: Mutex<BTreeMap<StepId, String>>,
    /// The service's own id of the row of each new object.
    row_names: Mutex<BTreeMap<StepId, String>>,
    /// Targets that let no call through after their request, although it did not ask for that.
    closed: Mutex<BTreeSet<String>>,
    /// The connections of each account as they were in a phase right before the first step that could silence some.
    uses_in_phase: tokio::sync::Mutex<BTreeMap<(String, StepPhase), ConfigurationUses>>,
    /// Targets of connects that were read in this phase and let calls through: account, phase, id.
    open_targets: tokio::sync::Mutex<BTreeSet<(String, StepPhase, String)>>,
}

impl Apply<'_> {
    /// Runs the plan. The ledger is changed and saved step by step, whenever it changed.
    pub async fn run(&self, ledger: &mut Ledger) -> ApplyReport {
        let run = self.start_run(ledger, BTreeMap::new());
        self.observer.on_event(&ApplyEvent::Started { digest: self.plan.digest.clone(), steps: self.plan.steps.len() });
        let mut outcomes: BTreeMap<StepId, StepOutcome> = BTreeMap::new();
        let mut halted = None;
        let mut heard_stop = false;
        let mut schedule = StepSchedule::new(&self.plan.steps);
        // A replacement starts as soon as its delete is done, so that its numbers are not dark during the other deletes.
        let last: &[StepPhase] = &[StepPhase::TakeOver, StepPhase::Delete];
        let single = [StepPhase::Create, StepPhase::Update, StepPhase::Rewire, StepPhase::ReadBack, StepPhase::Close];
        for phases in single.iter().map(std::slice::from_ref).chain([last]) {
            self.run_phases(&run, &mut schedule, phases, &mut outcomes, &mut halted, &mut heard_stop).await;
        }
        let complete = outcomes.len() == self.plan.steps.len() && outcomes.values().all(StepOutcome::is_done);
        let reconnected = if complete || !self.reconnect { Vec::new() } else { run.reconnect_numbers(&outcomes).await };
        let shown = if complete { BTreeMap::new() } else { run.still_shown(&outcomes).await };
        // Requested while numbers were connected again: no step is running any more.
        if self.stop.is_cancelled() && !heard_stop {
            heard_stop = true;
            self.observer.on_event(&ApplyEvent::Interrupted);
            run.append_record(JournalRecord::Interrupted).await;
        }
        let outcomes = outcomes_of_all(self.plan, &outcomes, heard_stop);
        let ledger_error = run.ledger_error.into_inner().unwrap_or_default();
        let seen = run.seen.into_inner().unwrap_or_default();
        let rows = run.row_names.into_inner().unwrap_or_default();
        ApplyReport { outcomes, reconnected, still_shown: shown, seen, row_names: rows, interrupted: heard_stop, ledger_error }
    }

    /// The state of a run whose steps have created these objects so far.
    fn start_run<'a>(&'a self, ledger: &'a mut Ledger, made: BTreeMap<StepId, String>) -> ApplyRun<'a> {
        ApplyRun {
            apply: self,
            numbers: NumberIndex::new(self.plan),
            ledger: tokio::sync::Mutex::new(ledger),
            changes: AtomicU64::new(0),
            unsaved: Mutex::default(),
            kept_changes: tokio::sync::Mutex::new(0),
            halted: AtomicBool::new(false),
            made: Mutex::new(made),
            ledger_error: Mutex::new(None),
            answers: Mutex::new(BTreeMap::new()),
            seen: Mutex::new(BTreeMap::new()),
            turns: (self.desired.accounts.keys())
                .map(|account| (account.as_str(), Semaphore::new(self.parallel_limit(account))))
                .collect(),
            sent: Mutex::new(BTreeMap::new()),
            row_names: Mutex::new(BTreeMap::new()),
            closed: Mutex::default(),
            uses_in_phase: tokio::sync::Mutex::default(),
            open_targets: tokio::sync::Mutex::default(),
        }
    }

    /// One phase: steps start in the order of the plan as soon as their dependencies are done and their account has a free
    /// slot. A step that becomes ready goes before later ones, so a number is connected again before the next one is
    /// disconnected.
    ///
    /// While steps run, only the select that drives all of them is awaited here: a step that is not polled may hold the
    /// journal or the ledger, and waiting for these elsewhere would deadlock.
    async fn run_phases(
        &self,
        run: &ApplyRun<'_>,
        schedule: &mut StepSchedule<'_>,
        phases: &[StepPhase],
        outcomes: &mut BTreeMap<StepId, StepOutcome>,
        halted: &mut Option<HaltReason>,
        heard_stop: &mut bool,
    ) {
        let mut running = FuturesUnordered::new();
        let ahead = self.prepares_ahead(phases);
        let mut busy: BTreeMap<&str, BusySteps> = BTreeMap::new();
        // Connects that numbers wait for, and the accounts in which these were cut.
        let mut moving: BTreeMap<&str, &str> = BTreeMap::new();
        loop {
            if self.stop.is_cancelled() && !*heard_stop {
                *heard_stop = true;
                self.observer.on_event(&ApplyEvent::Interrupted);
                running.push(run.run_task(StepTask::NoteStop));
            }
            let going = halted.is_none() && !*heard_stop;
            // A refusal about one number does not keep another one dark.
            let serving = *halted == Some(HaltReason::Refused) && !*heard_stop;
            loop {
                let room = |account: &str| self.has_room(account, busy.get(account).copied().unwrap_or_default(), ahead);
                // What connects a number that was cut elsewhere does not wait for the places that such numbers hold.
                let arrives = |account: &str| {
                    let mut under_way = busy.get(account).copied().unwrap_or_default();
                    under_way.kept -= moving.values().filter(|left| **left == account).count();
                    self.has_room(account, under_way, ahead)
                };
                let arriving = || {
                    let account = |id: &str| self.plan.step(id).is_some_and(|step| arrives(&step.call.account));
                    moving.keys().copied().filter(|id| account(id)).collect::<Vec<_>>()
                };
                let next = schedule.take_ready(phases, room);
                let next = next.or_else(|| arriving().into_iter().find_map(|id| schedule.take_step(id, phases)));
                let Some(step) = next else { break };
                // A step that does not go now will not go later: what stops it stays.
                if going || self.completes_move(step) || (serving && run.serves_dark_number(step)) {
                    busy.entry(step.call.account.as_str()).or_default().carried_out += 1;
                    running.push(run.run_task(StepTask::CarryOut(step)));
                }
            }
            let ended = tokio::select! {
                ended = running.next() => ended,
                () = self.stop.cancelled(), if !*heard_stop => continue,
            };
            let Some(ended) = ended else {
                if moving.is_empty() {
                    break;
                }
                // What these numbers wait for does not come any more.
                for account in std::mem::take(&mut moving).into_values() {
                    busy.entry(account).or_default().kept -= 1;
                }
                continue;
            };
            let (ended, kept) = match ended {
                TaskEnd::CarriedOut(ended) => (ended, false),
                TaskEnd::Kept(ended) => (ended, true),
                TaskEnd::StopNoted => continue,
            };
            let (step, outcome) = (ended.step, &ended.outcome);
            let account = step.call.account.as_str();
            let place = busy.entry(account).or_default();
            // A step without a target stops only the steps that need it.
            let failed = !outcome.is_done() && !matches!(outcome, StepOutcome::NotStarted { .. });
            let fatal = matches!(outcome, StepOutcome::Failed { fatal: true, .. });
            let lost = run.ledger_error.lock().is_ok_and(|error| error.is_some());
            if (failed && (self.on_error == OnError::Stop || fatal)) || lost {
                let halt = if outcome.is_refusal() && !lost { HaltReason::Refused } else { HaltReason::Whole };
                *halted = (*halted).max(Some(halt));
                run.halted.store(true, Ordering::Relaxed);
            }
            if !kept {
                (place.carried_out, place.kept) = (place.carried_out - 1, place.kept + 1);
                running.push(run.run_task(StepTask::Keep(ended)));
                continue;
            }
            // A number on its way to another account takes its place here until it is served there: the next one is not cut before.
            match run.connect_in_other_account(step, outcome).filter(|connect| phases.contains(&connect.phase)) {
                Some(connect) => drop(moving.insert(connect.id.as_str(), account)),
                None => place.kept -= 1,
            }
            if let Some(account) = moving.remove(step.id.as_str()) {
                busy.entry(account).or_default().kept -= 1;
            }
            let EndedStep { step, outcome, milliseconds } = ended;
            self.observer.on_event(&ApplyEvent::StepEnded { step: step.id.clone(), outcome: outcome.clone(), milliseconds });
            if outcome.is_done() {
                schedule.mark_done(step);
            }
            outcomes.insert(step.id.clone(), outcome);
        }
    }

    /// A number that was just disconnected is connected again even when nothing new is started any more: its connect is
    /// the second half of one move. The steps that this one waits for are done.
    fn completes_move(&self, step: &Step) -> bool {
        // Its numbers are already disconnected, and without it nothing serves them.
        if step.phase == StepPhase::TakeOver {
            return true;
        }
        let StepOperation::Connect { number, .. } = &step.operation else { return false };
        let waited_for = step.steps_waited_for().filter_map(|id| self.plan.step(id));
        waited_for
            .map(|other| &other.operation)
            .any(|other| matches!(other, StepOperation::Disconnect { number: cut, .. } if cut == number))
    }

    /// How many steps of an account may run at the same time.
    fn parallel_limit(&self, account: &str) -> usize {
        let allowed =
            self.declared_account(account).map_or(1, |account| account.max_in_flight.unwrap_or(account.service.writes_in_flight));
        self.parallelism.map_or(allowed, |wish| wish.min(allowed)).max(1)
    }

    /// Whether steps of these phases may wait for their turn to write after they were announced. No number is dark during them.
    fn prepares_ahead(&self, phases: &[StepPhase]) -> bool {
        let safe = |phase: &StepPhase| matches!(phase, StepPhase::Create | StepPhase::Update);
        self.store.is_shared() && self.parallelism.is_none() && phases.iter().all(safe)
    }

    fn declared_account(&self, name: &str) -> Option<&Account> {
        self.desired.accounts.get(name)
    }
}

/// Most steps that are named as the reason why another one did not start.
const MOST_NAMED: usize = 10;

/// The outcome of every step, with the reason for one that never started.
fn outcomes_of_all(plan: &Plan, outcomes: &BTreeMap<StepId, StepOutcome>, interrupted: bool) -> Vec<(StepId, StepOutcome)> {
    let failed = |id: &str| outcomes.get(id).is_some_and(|outcome| !outcome.is_done());
    let mut failed_of_phase: BTreeMap<StepPhase, Vec<&str>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| failed(&step.id)) {
        failed_of_phase.entry(step.phase).or_default().push(&step.id);
    }
    let why_not_started = |step: &Step| {
        let blocked = step.waits_for.iter().flat_map(|it| match it {
            Prerequisite::Step(id) if failed(id) => vec![id.as_str()],
            Prerequisite::Step(_) => Vec::new(),
            // Thousands may wait for it: each names some of what failed.
            Prerequisite::Phase(phase) => {
                let all = failed_of_phase.get(phase).into_iter().flatten();
                all.take(MOST_NAMED + 1).copied().collect()
            }
        });
        let mut blocked: Vec<&str> = blocked.collect();
        let more = blocked.len() > MOST_NAMED;
        blocked.truncate(MOST_NAMED);
        if !blocked.is_empty() {
            let more = if more { " and more" } else { "" };
            format!("it waits for {}{more}, which is not done", blocked.join(", "))
        } else if interrupted {
            "interrupted".to_owned()
        } else {
            "an earlier step is not done".to_owned()
        }
    };
    let of = |step: &Step| outcomes.get(&step.id).cloned().unwrap_or_else(|| StepOutcome::not_started(why_not_started(step)));
    plan.steps.iter().map(|step| (step.id.clone(), of(step))).collect()
}

impl ApplyRun<'_> {
    /// Whether a step connects a number that is not served.
    fn serves_dark_number(&self, step: &Step) -> bool {
        match &step.operation {
            StepOperation::Connect { before, .. } => {
                matches!(before, ServedBy::NotThere | ServedBy::Unserved)
            }
            // Nothing serves it where it is: it is disconnected there for its connect.
            StepOperation::Disconnect { number, before: ServedBy::Unserved, .. } => {
                self.numbers.connect_after(&step.call.account, number).is_some()
            }
            _ => false,
        }
    }

    fn read_only(&self) -> ReadOnly<'_> {
        ReadOnly::new(self.apply.api)
    }

    fn poll_backoff(&self) -> PollBackoff {
        PollBackoff::new(self.apply.longest_pause, self.apply.stop.clone())
    }
}
