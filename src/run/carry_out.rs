//! Carrying a plan out that everybody agreed to: journal, steps, proof, receipt.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio_util::sync::CancellationToken;

use super::journal::{RunJournal, RunReceipt};
use super::ledger_run::learn;
use super::next_commands::{self, Carried};
use super::progress::{Busy, Progress, RunEvent};
use super::proof::{Proof, read_after_apply, report_twins};
use super::session::now_utc;
use super::unmet_attributes::unmet_attributes;
use super::{Exit, Run, RunError};
use crate::apply::event::{ApplyEvent, ApplyObserver};
use crate::apply::{AfterRun, Apply, ApplyReport, OnError, RunOpening, settle_values};
use crate::document::Document;
use crate::model::call::StepId;
use crate::model::resource::LiveState;
use crate::plan::Plan;

/// How the steps of a plan are carried out.
#[derive(Debug, Clone, Copy)]
pub struct StepOptions {
    /// What happens to the other steps when a step fails.
    pub on_error: OnError,
    /// When the run ends in part, connects numbers again that were cut off for a step that did not happen.
    pub reconnect: bool,
    /// Maximum writes at the same time in each account, to use fewer than the account allows.
    pub parallelism: Option<usize>,
}

impl Default for StepOptions {
    fn default() -> Self {
        Self { on_error: OnError::Stop, reconnect: true, parallelism: None }
    }
}

/// What carrying out needs to know beside the plan.
#[derive(Debug)]
pub(crate) struct CarryOut<'a> {
    /// The command's name, for the journal.
    pub(crate) command: &'static str,
    /// Checksum of the saved plan, when there is one.
    pub(crate) plan_file: Option<&'a str>,
    /// The run that is undone, when it is an undo.
    pub(crate) of: Option<&'a str>,
    /// How the steps are carried out.
    pub(crate) steps: StepOptions,
    /// Requests a stop: running steps are completed, nothing new starts.
    pub(crate) stop: CancellationToken,
    /// How many refusals prevent the rest of the plan from being applied.
    pub(crate) refused: usize,
    /// Whether numbers stay dark that an earlier run disconnected: then the run never ends as if all were well.
    pub(crate) leaves_dark: bool,
}

/// What came of a plan that was carried out.
#[derive(Debug)]
pub struct Applied {
    /// How the run ended.
    pub exit: Exit,
    /// How each step ended.
    pub report: ApplyReport,
    /// What a second plan shows; none where not every step was done, or nothing could be read again.
    pub proof: Option<Proof>,
    /// When the first step was about to start.
    pub(crate) began: Instant,
    /// When each step ended.
    pub(crate) ends: Vec<(StepId, Instant)>,
}

impl Run {
    /// Applies a confirmed plan: journal, steps, proof, receipt.
    pub(crate) async fn carry_out(
        &mut self,
        how: &CarryOut<'_>,
        plan: &Plan,
        live: &LiveState,
        journal: &RunJournal<'_>,
        document: Document,
    ) -> Result<Applied, RunError> {
        let progress = self.context.progress.clone();
        progress.before_writes()?;
        self.options.keep_to(plan);
        let store = self.store.clone();
        let learnt = if learn(self, plan, live, false) { Some(store.prepare_save(&mut self.ledger)?) } else { None };
        let failure = Mutex::new(None);
        let opening = async {
            let opened = async {
                journal.begin(how.command, document, how.plan_file, how.of).await?;
                match learnt {
                    Some(save) => Ok(store.put_save(save).await?),
                    None => Ok(()),
                }
            };
            opened.await.map_err(|error: RunError| {
                let (_, why, _) = error.parts();
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                why
            })
        };
        let opening = SharedOpening(opening.boxed().shared());
        let failed = || failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A file is written before the first step. A store writes while the first steps look at their targets.
        if !self.store.is_shared() {
            let _ = opening.opened().await;
            failed().map_or(Ok(()), Err)?;
        }
        let began = Instant::now();
        let (report, ends) = self.carry_out_steps(how, plan, live, journal, &opening).await;
        failed().map_or(Ok(()), Err)?;
        let mut receipt = RunReceipt { writes: report.count_writes(plan), ..RunReceipt::default() };
        let (mut exit, proof) = self.prove(how, (plan, live), &report, journal.run(), &mut receipt).await;
        if let Err(error) = self.close() {
            progress.on_event(&RunEvent::WorldNotKept(&error));
            exit = if exit == Exit::Done { Exit::NotConverged } else { exit };
        }
        if how.leaves_dark && exit == Exit::Done {
            exit = Exit::Partial;
        }
        receipt.result = exit.as_str();
        if let Err(error) = journal.end(&store, &mut self.ledger, exit, receipt).await {
            progress.on_event(&RunEvent::ReceiptNotKept(&error));
            exit = if exit == Exit::Done { Exit::NotConverged } else { exit };
        }
        progress.on_event(&RunEvent::Recorded);
        Ok(Applied { exit, report, proof, began, ends })
    }

    async fn carry_out_steps(
        &mut self,
        how: &CarryOut<'_>,
        plan: &Plan,
        live: &LiveState,
        journal: &RunJournal<'_>,
        opening: &dyn RunOpening,
    ) -> (ApplyReport, Vec<(StepId, Instant)>) {
        let progress = self.context.progress.clone();
        let advice = next_commands::settle(how.carried(), &self.options);
        progress.on_event(&RunEvent::Applying { command: how.command, plan, advice: &advice });
        let observer = StepObserver { progress: &*progress, ends: Mutex::default() };
        let apply = Apply {
            plan,
            desired: &self.desired,
            live,
            api: &self.api,
            key: &self.key,
            store: &self.store,
            journal: &journal.stamped(),
            observer: &observer,
            stop: how.stop.clone(),
            on_error: how.steps.on_error,
            opening: Some(opening),
            reconnect: how.steps.reconnect,
            parallelism: how.steps.parallelism,
            run: journal.run(),
            clock: &now_utc,
            longest_pause: self.longest_pause,
        };
        let busy = progress.busy(Busy::Applying);
        let report = apply.run(&mut self.ledger).await;
        drop(busy);
        (report, observer.ends.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Proves a complete run by reading everything again and planning again.
    async fn prove(
        &mut self,
        how: &CarryOut<'_>,
        (plan, seen): (&Plan, &LiveState),
        report: &ApplyReport,
        run: &str,
        receipt: &mut RunReceipt,
    ) -> (Exit, Option<Proof>) {
        let progress = self.context.progress.clone();
        if report.ledger_error.is_some() || !report.is_complete() {
            let advice = next_commands::suggest(how.carried(), &self.options, &self.desired, plan, report);
            progress.on_event(&RunEvent::Incomplete { plan, report, advice: &advice });
            if !report.interrupted {
                report_twins(self, plan, report, seen, None).await;
            }
            return (exit_of_incomplete(plan, report), None);
        }
        let options = self.options.for_proof();
        let mut kept = BTreeMap::new();
        let read = tokio::select! {
            biased;
            () = how.stop.cancelled() => {
                let advice = next_commands::look(how.carried(), &self.options);
                progress.on_event(&RunEvent::Unproven { plan, report, advice: &advice });
                return (Exit::Interrupted, None);
            }
            read = read_after_apply(self, plan, report) => read,
        };
        let read = read.and_then(|live| {
            let (desired, key) = (&self.desired, &self.key);
            let after = AfterRun { plan, desired, report, live: &live, key, run, clock: &now_utc };
            kept = settle_values(&mut self.ledger, &after);
            Ok((self.plan_with(&live, &options)?, live))
        });
        let (second, live) = match read {
            Ok(read) => read,
            Err(error) => {
                progress.on_event(&RunEvent::ProofFailed(&error));
                report_twins(self, plan, report, seen, None).await;
                return (Exit::NotConverged, None);
            }
        };
        let has_twins = report_twins(self, plan, report, seen, Some(&live)).await;
        // In an object store it is saved together with the receipt: there each save is a request.
        if !second.has_changes()
            && !second.is_refused()
            && learn(self, &second, &live, true)
            && !self.store.is_shared()
            && let Err(error) = self.store.clone().save(&mut self.ledger).await
        {
            progress.on_event(&RunEvent::LedgerNotSaved(&error.into()));
            return (Exit::NotConverged, None);
        }
        receipt.converged = Some(second.is_settled());
        receipt.second_plan = Some(second.summary());
        let proof = Proof { second_plan: second, unmet: unmet_attributes(report, kept), has_twins, refused: how.refused };
        let writes = receipt.writes;
        progress.on_event(&RunEvent::Finished { command: how.command, plan, writes, proof: &proof });
        (proof.exit(), Some(proof))
    }
}

impl<'a> CarryOut<'a> {
    fn carried(&self) -> Carried<'a> {
        Carried { command: self.command, of: self.of }
    }
}

/// The first line of a run and what it learnt, written once, whoever waits for it.
struct SharedOpening<'a>(Shared<BoxFuture<'a, Result<(), String>>>);

impl RunOpening for SharedOpening<'_> {
    fn opened<'a>(&'a self) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self.0.clone())
    }
}

/// How a run ends that did not go through.
fn exit_of_incomplete(plan: &Plan, report: &ApplyReport) -> Exit {
    let untouched = report.is_untouched(plan);
    if report.ledger_error.is_some() {
        return if untouched { Exit::Failed } else { Exit::Partial };
    }
    if report.interrupted {
        return Exit::Interrupted;
    }
    if report.is_stale() {
        return Exit::Stale;
    }
    if untouched { Exit::Failed } else { Exit::Partial }
}

/// Passes the events of the steps on, and notes when each ended.
struct StepObserver<'a> {
    progress: &'a dyn Progress,
    ends: Mutex<Vec<(StepId, Instant)>>,
}

impl ApplyObserver for StepObserver<'_> {
    fn on_event(&self, event: &ApplyEvent) {
        if let ApplyEvent::StepEnded { step, .. } = event {
            let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
            ends.push((step.clone(), Instant::now()));
        }
        self.progress.on_step(event);
    }
}
