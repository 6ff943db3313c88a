//! Carrying a plan out. Every choice is in the plan: this module starts each step when what it waits for is done, checks
//! that the target is still what the plan saw, sends the request, and settles by reading what the answer leaves open.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use crate::api::{Api, ReadOnly};
use crate::call::StepId;
use crate::event::{Event, Observer, Outcome};
use crate::journal::{Record, Recorder};
use crate::ledger::{Key, Ledger, LedgerError, Store};
use crate::plan::{Operation, Phase, Plan, Served, Step};
use crate::probe::Uses;
use crate::resource::{Account, Desired, Live, LiveObject};

mod answer;
mod belief;
mod effects;
mod evidence;
mod reconnect;
mod record;
mod resume;
mod settle;
mod shown;
mod step;
mod taken;
mod target;
mod twins;

use evidence::Trace;

pub use effects::settle_ledger;
pub use record::{AfterRun, Clock, settle_values};
pub use resume::Found;
pub use shown::wait_until_shown;
pub use taken::Came;
pub use target::Patience;
pub use twins::{Doubled, doubled};

/// What happens to the rest when a step fails. Steps that wait for a failed one never start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// Nothing new is started.
    #[default]
    Stop,
    /// Independent steps go on.
    Continue,
}

/// Everything that carrying out a plan needs.
pub struct Apply<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The configuration that it was made from, for the accounts and the fingerprints of secrets.
    pub desired: &'a Desired,
    /// What it saw, for the facts about the services.
    pub live: &'a Live,
    /// Where requests go.
    pub api: &'a dyn Api,
    /// Key of the fingerprints.
    pub key: &'a Key,
    /// Where the ledger is kept; it is saved after each step that it learns from.
    pub store: &'a Store,
    /// Keeps what is about to be sent and how it ended.
    pub journal: &'a dyn Recorder,
    /// Who listens.
    pub observer: &'a dyn Observer,
    /// Asks to stop: running steps end, nothing new starts.
    pub stop: CancellationToken,
    /// What happens to the rest when a step fails.
    pub on_error: OnError,
    /// Whether numbers that were cut for a step that did not happen are connected again.
    pub reconnect: bool,
    /// Most steps at the same time for each account, where the user wants fewer than the account allows.
    pub parallelism: Option<usize>,
    /// Id of the run, for what the ledger remembers of it.
    pub run: &'a str,
    /// What time it is.
    pub clock: &'a Clock,
    /// The longest pause before something is looked at again, where it is to be shorter than usual.
    pub longest_pause: Option<Duration>,
}

/// Why nothing new is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Halt {
    /// A service, or what it shows by now, said no to one request.
    Refused,
    /// Something that may be wrong with every request.
    Whole,
}

/// What became of every step.
#[derive(Debug)]
pub struct Report {
    /// By step, in the order of the plan.
    pub outcomes: Vec<(StepId, Outcome)>,
    /// Numbers that were cut for a step that did not happen, each with the step that connects it again and how that ended.
    pub reconnected: Vec<(Step, Outcome)>,
    /// Disconnects that are done, as the service said, and whose number its bridge shows all the same, in words; by step.
    pub shown: BTreeMap<StepId, String>,
    /// Objects as they were read right before their request, by step.
    pub seen: BTreeMap<StepId, LiveObject>,
    /// What the service itself calls the row of each new object, by step.
    pub rows: BTreeMap<StepId, String>,
    /// Somebody asked to stop.
    pub interrupted: bool,
    /// The ledger could not be saved after a step; nothing was started after that.
    pub ledger_error: Option<LedgerError>,
}

impl Report {
    /// Whether every step is done.
    pub fn is_complete(&self) -> bool {
        self.ledger_error.is_none() && self.outcomes.iter().all(|(_, outcome)| outcome.is_done())
    }

    /// Whether nothing was written because an object was no longer what the plan saw.
    pub fn is_stale(&self) -> bool {
        self.outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Stale { .. }))
            && self
                .outcomes
                .iter()
                .all(|(_, outcome)| matches!(outcome, Outcome::Stale { .. } | Outcome::NotStarted { .. }))
    }

    /// Whether no write of this run had an effect, as far as anybody can tell.
    pub fn is_untouched(&self, plan: &Plan) -> bool {
        self.outcomes.iter().all(|(id, outcome)| match outcome {
            Outcome::Unknown { .. } => false,
            Outcome::Done { .. } => plan
                .steps
                .iter()
                .any(|step| step.id == *id && matches!(step.operation, Operation::ReadBack { .. })),
            Outcome::Failed { written, .. } => !written,
            Outcome::Stale { .. } | Outcome::NotStarted { .. } => true,
        })
    }

    /// Writes that are done.
    pub fn writes(&self, plan: &Plan) -> usize {
        // Outcomes stand in the order of the plan.
        let both = self.outcomes.iter().zip(&plan.steps);
        both.filter(|((_, outcome), step)| {
            outcome.is_done() && !matches!(step.operation, Operation::ReadBack { .. })
        })
        .count()
            + self.reconnected.iter().filter(|(_, outcome)| outcome.is_done()).count()
    }

    /// The outcome of a step.
    pub fn of(&self, step: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|(id, _)| id == step).map(|(_, outcome)| outcome)
    }
}

/// State that the steps share while they run.
struct Run<'a> {
    apply: &'a Apply<'a>,
    ledger: tokio::sync::Mutex<&'a mut Ledger>,
    made: Mutex<BTreeMap<StepId, String>>,
    ledger_error: Mutex<Option<LedgerError>>,
    /// What the service answered to the last request of each step.
    answers: Mutex<BTreeMap<StepId, Trace>>,
    /// Objects as they were read right before their request.
    seen: Mutex<BTreeMap<StepId, LiveObject>>,
    /// Steps whose request went out, and when the last one was announced.
    sent: Mutex<BTreeMap<StepId, String>>,
    /// What the service itself calls the row of each new object.
    rows: Mutex<BTreeMap<StepId, String>>,
    /// The connections of each account as they were right before its first delete.
    wave: tokio::sync::Mutex<BTreeMap<String, Uses>>,
}

impl Apply<'_> {
    /// Runs the plan. The ledger is changed and saved step by step, as far as there is something new in it.
    pub async fn run(&self, ledger: &mut Ledger) -> Report {
        let run = self.with(ledger, BTreeMap::new());
        self.observer
            .hear(&Event::Started { digest: self.plan.digest.clone(), steps: self.plan.steps.len() });
        let mut outcomes: BTreeMap<StepId, Outcome> = BTreeMap::new();
        let mut halted = None;
        let mut heard_stop = false;
        // What takes over starts as soon as its delete is done, so that its numbers are not dark for the other deletes.
        let last: &[Phase] = &[Phase::TakeOver, Phase::Delete];
        for phases in
            [&[Phase::Create] as &[Phase], &[Phase::Update], &[Phase::Rewire], &[Phase::ReadBack], last]
        {
            self.phase(&run, phases, &mut outcomes, &mut halted, &mut heard_stop).await;
        }
        let complete = outcomes.len() == self.plan.steps.len() && outcomes.values().all(Outcome::is_done);
        let reconnected =
            if complete || !self.reconnect { Vec::new() } else { run.reconnect(&outcomes).await };
        let shown = if complete { BTreeMap::new() } else { run.still_shown(&outcomes).await };
        // Asked while numbers were connected again: no step runs any more.
        if self.stop.is_cancelled() && !heard_stop {
            heard_stop = true;
            self.observer.hear(&Event::Interrupted);
            run.keep(Record::Interrupted).await;
        }
        let outcomes = self
            .plan
            .steps
            .iter()
            .map(|step| (step.id.clone(), outcome_of(step, &outcomes, heard_stop)))
            .collect();
        let ledger_error = run.ledger_error.into_inner().unwrap_or_default();
        let seen = run.seen.into_inner().unwrap_or_default();
        let rows = run.rows.into_inner().unwrap_or_default();
        Report { outcomes, reconnected, shown, seen, rows, interrupted: heard_stop, ledger_error }
    }

    /// The state of a run whose steps have made these objects so far.
    fn with<'a>(&'a self, ledger: &'a mut Ledger, made: BTreeMap<StepId, String>) -> Run<'a> {
        Run {
            apply: self,
            ledger: tokio::sync::Mutex::new(ledger),
            made: Mutex::new(made),
            ledger_error: Mutex::new(None),
            answers: Mutex::new(BTreeMap::new()),
            seen: Mutex::new(BTreeMap::new()),
            sent: Mutex::new(BTreeMap::new()),
            rows: Mutex::new(BTreeMap::new()),
            wave: tokio::sync::Mutex::new(BTreeMap::new()),
        }
    }

    /// One phase: steps start in the order of the plan as soon as what they wait for is done and their account has room. A
    /// step that becomes ready goes before later ones, so a number is connected again before the next one is cut.
    ///
    /// While steps run, nothing here is awaited but the select that drives all of them: a step that nobody drives may hold the
    /// journal or the ledger, and whoever waits for those outside of it waits for ever.
    async fn phase(
        &self,
        run: &Run<'_>,
        phases: &[Phase],
        outcomes: &mut BTreeMap<StepId, Outcome>,
        halted: &mut Option<Halt>,
        heard_stop: &mut bool,
    ) {
        let of = |phase: Phase| self.plan.steps.iter().filter(move |step| step.phase == phase);
        let mut waiting: Vec<&Step> = phases.iter().copied().flat_map(of).collect();
        let mut running = FuturesUnordered::new();
        let mut busy: BTreeMap<&str, usize> = BTreeMap::new();
        loop {
            if self.stop.is_cancelled() && !*heard_stop {
                *heard_stop = true;
                self.observer.hear(&Event::Interrupted);
                running.push(run.work(None));
            }
            let going = halted.is_none() && !*heard_stop;
            // A refusal about one number keeps no other one dark.
            let serving = *halted == Some(Halt::Refused) && !*heard_stop;
            for step in std::mem::take(&mut waiting) {
                let ready = step.waits_for.iter().all(|id| outcomes.get(id).is_some_and(Outcome::is_done));
                let account = step.call.account.as_str();
                let room = busy.get(account).copied().unwrap_or(0) < self.room(account);
                let goes = going || self.rescues(step, outcomes) || (serving && self.serves(step));
                if ready && room && goes {
                    *busy.entry(account).or_default() += 1;
                    running.push(run.work(Some(step)));
                } else {
                    waiting.push(step);
                }
            }
            let ended = tokio::select! {
                ended = running.next() => ended,
                () = self.stop.cancelled(), if !*heard_stop => continue,
            };
            let Some(ended) = ended else { break };
            let Some((step, outcome, milliseconds)) = ended else { continue };
            *busy.entry(step.call.account.as_str()).or_default() -= 1;
            // What there was nothing to do to stops what needs it, and nothing else.
            let failed = !outcome.is_done() && !matches!(outcome, Outcome::NotStarted { .. });
            let fatal = matches!(&outcome, Outcome::Failed { fatal: true, .. });
            let refused = outcome.is_refusal();
            self.observer.hear(&Event::StepEnded {
                step: step.id.clone(),
                outcome: outcome.clone(),
                milliseconds,
            });
            outcomes.insert(step.id.clone(), outcome);
            let lost = run.ledger_error.lock().is_ok_and(|error| error.is_some());
            if (failed && (self.on_error == OnError::Stop || fatal)) || lost {
                let halt = if refused && !lost { Halt::Refused } else { Halt::Whole };
                *halted = (*halted).max(Some(halt));
            }
        }
    }

    /// A number that was cut a moment ago is connected again even when nothing new is started any more: its connect is the
    /// second half of one move.
    fn rescues(&self, step: &Step, outcomes: &BTreeMap<StepId, Outcome>) -> bool {
        // Its numbers are off already, and without it nothing serves them.
        if step.phase == Phase::TakeOver {
            return true;
        }
        let Operation::Connect { number, .. } = &step.operation else { return false };
        self.plan.steps.iter().any(|other| {
            matches!(&other.operation, Operation::Disconnect { number: cut, .. } if cut == number)
                && step.waits_for.contains(&other.id)
                && outcomes.get(&other.id).is_some_and(Outcome::is_done)
        })
    }

    /// Whether a step gives service to a number that has none.
    fn serves(&self, step: &Step) -> bool {
        match &step.operation {
            Operation::Connect { before, .. } => matches!(before, Served::NotThere | Served::Unserved),
            // Nobody serves it where it is: it is taken from there for its connect.
            Operation::Disconnect { number, before: Served::Unserved, .. } => {
                self.plan.connect_after(&step.call.account, number).is_some()
            }
            _ => false,
        }
    }

    /// How many steps of an account may run at the same time.
    fn room(&self, account: &str) -> usize {
        let allowed = self
            .account(account)
            .map_or(1, |account| account.max_in_flight.unwrap_or(account.backend.writes_in_flight));
        self.parallelism.map_or(allowed, |wish| wish.min(allowed)).max(1)
    }

    fn account(&self, name: &str) -> Option<&Account> {
        self.desired.accounts.get(name)
    }
}

/// What became of a step; one that never started says why.
fn outcome_of(step: &Step, outcomes: &BTreeMap<StepId, Outcome>, interrupted: bool) -> Outcome {
    if let Some(outcome) = outcomes.get(&step.id) {
        return outcome.clone();
    }
    let blocked: BTreeSet<&str> = step
        .waits_for
        .iter()
        .filter(|id| outcomes.get(*id).is_some_and(|outcome| !outcome.is_done()))
        .map(String::as_str)
        .collect();
    let why = if !blocked.is_empty() {
        format!("it waits for {}, which is not done", blocked.into_iter().collect::<Vec<_>>().join(", "))
    } else if interrupted {
        "interrupted".to_owned()
    } else {
        "an earlier step is not done".to_owned()
    };
    Outcome::not_started(why)
}

impl Run<'_> {
    fn read(&self) -> ReadOnly<'_> {
        ReadOnly::new(self.apply.api)
    }

    /// One piece of work beside others: a step, with how it ended and how long it took; or, where there is none, the record that
    /// somebody asked to stop.
    async fn work<'s>(&self, step: Option<&'s Step>) -> Option<(&'s Step, Outcome, u64)> {
        let Some(step) = step else {
            self.keep(Record::Interrupted).await;
            return None;
        };
        let (outcome, milliseconds) = self.step(step).await;
        Some((step, outcome, milliseconds))
    }

    fn patience(&self) -> Patience {
        Patience::new(self.apply.longest_pause, self.apply.stop.clone())
    }

    /// Runs one step and says how it ended and how long it took.
    async fn step(&self, step: &Step) -> (Outcome, u64) {
        let started = Instant::now();
        self.apply.observer.hear(&Event::StepStarted { step: step.id.clone() });
        let outcome = self.carry_out(step).await;
        if let Outcome::Done { id: Some(id), .. } = &outcome
            && let Ok(mut made) = self.made.lock()
        {
            made.insert(step.id.clone(), id.clone());
        }
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.keep(self.outcome_record(step, &outcome, milliseconds)).await;
        (outcome, milliseconds)
    }
}
