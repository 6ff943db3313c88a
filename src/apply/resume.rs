//! An interrupted run: each step whose request may have been sent is settled by reading, not from memory.

use std::collections::BTreeMap;

use super::settle::{LostAnswer, SettleResult, settle_lost_answer};
use super::step_target::StepTarget;
use super::{Apply, ApplyRun};
use crate::apply::event::StepOutcome;
use crate::model::call::StepId;
use crate::model::ledger::{Ledger, ManagedObject, SealedFingerprint};
use crate::plan::{Step, StepOperation};
use crate::state::journal::{self, JournalFinding, JournalLine, JournalRecord, RecordedStep};
use crate::state::ledger::LedgerError;

/// The finding about one open step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledStep {
    /// Its name in the plan of its run.
    pub step: StepId,
    /// What reading says.
    pub verdict: JournalFinding,
    /// What was seen, and for an unknown outcome what to do.
    pub evidence: String,
    /// A person has to decide before the run can be closed: it is not known whether an object was created.
    pub needs_decision: bool,
}

impl Apply<'_> {
    /// Settles the open steps of the run whose plan this is, in the order of that plan. Steps that had their effect are
    /// recorded in the ledger; each finding is then written to the journal, so that a second interruption loses nothing.
    pub async fn settle_open(
        &self,
        ledger: &mut Ledger,
        cut: &journal::RecordedRun<'_>,
    ) -> Result<Vec<SettledStep>, LedgerError> {
        let made = self.ids_made_before(ledger, cut);
        let run = self.start_run(ledger, made);
        let mut all = Vec::new();
        for record in cut.open_steps() {
            let (Some(step), Some(intent)) = (self.plan.step(record.id), record.intent) else {
                continue;
            };
            let found = run.settle_interrupted_step(step, intent, cut).await;
            if let Some(error) = run.ledger_error.lock().ok().and_then(|mut slot| slot.take()) {
                return Err(error);
            }
            if record.settled != Some((found.verdict, found.evidence.as_str())) {
                let record = JournalRecord::Settled {
                    of: cut.id.to_owned(),
                    step: step.id.clone(),
                    verdict: found.verdict,
                    evidence: found.evidence.clone(),
                };
                let kept = self.journal.record(record).await;
                kept.map_err(|error| LedgerError::Journal(error.to_string()))?;
            }
            all.push(found);
        }
        Ok(all)
    }

    /// The ids that the run's steps created: from its outcomes, else as an earlier settling recorded them in the ledger.
    fn ids_made_before(&self, ledger: &Ledger, cut: &journal::RecordedRun<'_>) -> BTreeMap<StepId, String> {
        let entered = |record: &RecordedStep<'_>| {
            let step = self.plan.step(record.id)?;
            let operation @ StepOperation::Create { .. } = &step.operation else { return None };
            let entry = ledger.objects.get(step.address.as_ref()?)?;
            let made = entry.account == step.call.account && operation.replaces_here() != Some(&entry.id);
            (record.intent.is_some() && made).then(|| entry.id.clone())
        };
        let made = cut.steps.iter().filter_map(|record| {
            let id = record.created_id().map(str::to_owned).or_else(|| entered(record))?;
            Some((record.id.to_owned(), id))
        });
        made.collect()
    }
}

impl ApplyRun<'_> {
    async fn settle_interrupted_step(&self, step: &Step, intent: &JournalLine, cut: &journal::RecordedRun<'_>) -> SettledStep {
        let step = &*step.with_ids_in_key(|step| self.id_made_by(step).ok());
        let found = |verdict, evidence: String| SettledStep {
            step: step.id.clone(),
            verdict,
            evidence,
            needs_decision: verdict == JournalFinding::Unknown && matches!(step.operation, StepOperation::Create { .. }),
        };
        let target = match self.step_target(step) {
            Ok(target) => target,
            Err(why) => return found(JournalFinding::Unknown, why),
        };
        if let Some((verdict, evidence)) = self.verdict_from_ledger(step, &target).await {
            return found(verdict, evidence);
        }
        let how = format!("run {} was interrupted", cut.id);
        let lost = LostAnswer { how: &how, open_since: intent.at.parse().ok() };
        let settled = settle_lost_answer(self, step, &target, &lost).await;
        let seals = match &intent.record {
            JournalRecord::Intent { seals, .. } => seals.clone(),
            _ => BTreeMap::new(),
        };
        match settled {
            SettleResult::As(outcome @ StepOutcome::Done { .. }) => {
                let made = match &outcome {
                    StepOutcome::Done { id: Some(id), .. } => format!(", as {id}"),
                    _ => String::new(),
                };
                self.enter_settled(step, &target, &outcome, &seals, cut.id).await;
                found(JournalFinding::Done, format!("reading shows that it was done{made}"))
            }
            SettleResult::As(
                StepOutcome::Unknown { why, .. }
                | StepOutcome::Failed { why, .. }
                | StepOutcome::Stale { why, .. }
                | StepOutcome::NotStarted { why, .. },
            ) => found(JournalFinding::Unknown, why),
            SettleResult::NotDone => {
                self.withdraw_announcement(step).await;
                found(JournalFinding::NotDone, "reading shows that it was not done".to_owned())
            }
            SettleResult::CannotTell => {
                self.note_open_secrets(step, &seals).await;
                found(JournalFinding::Unknown, explain_unknown(step))
            }
        }
    }

    /// What needs no reading, for an object that cannot be looked up: the ledger was written before the request was sent
    /// and after its answer, and a human may have decided since.
    async fn verdict_from_ledger(&self, step: &Step, target: &StepTarget<'_>) -> Option<(JournalFinding, String)> {
        let operation @ StepOperation::Create { .. } = &step.operation else { return None };
        let address = step.address.as_ref().filter(|_| target.kind.hidden_until_verified)?;
        let ledger = self.ledger.lock().await;
        let made = |entry: &&ManagedObject| entry.account == step.call.account && operation.replaces_here() != Some(&entry.id);
        if let Some(entry) = ledger.objects.get(address).filter(made) {
            return Some((JournalFinding::Done, format!("in the ledger it is {}", entry.id)));
        }
        if ledger.attempts.contains_key(address) {
            return None;
        }
        let why = "its request was not sent or was refused, or `telform forget` recorded that it created nothing";
        Some((JournalFinding::NotDone, why.to_owned()))
    }

    /// Records the effect of a step. Its secrets are those that were sent then, which need not be the current ones.
    async fn enter_settled(
        &self,
        step: &Step,
        target: &StepTarget<'_>,
        outcome: &StepOutcome,
        sent: &BTreeMap<String, SealedFingerprint>,
        run: &str,
    ) {
        let mut ledger = self.ledger.lock().await;
        ledger.watched.retain(|create| !(create.run == run && create.step == step.id));
        if let (Some(address), StepOutcome::Done { id: Some(id), .. }) = (&step.address, outcome) {
            if let Ok(mut made) = self.made.lock() {
                made.insert(step.id.clone(), id.clone());
            }
            let known = ledger.objects.get(address);
            if known.is_some_and(|entry| entry.id == *id && entry.account == step.call.account) {
                // It was recorded before the run was interrupted, with more than can be known now.
                return;
            }
        }
        self.enter_outcome(&mut ledger, step, target, outcome, None);
        let today = self.sealed_secrets(step);
        if let Some(entry) = step.address.as_ref().and_then(|address| ledger.objects.get_mut(address)) {
            match &step.operation {
                StepOperation::Create { secrets, .. } => {
                    let other = |name: &&String| sent.get(*name).is_none_or(|seal| today.get(*name) != Some(seal));
                    for name in secrets.iter().filter(other) {
                        entry.secrets.remove(name);
                    }
                }
                StepOperation::Update { secrets, .. } => {
                    for name in secrets {
                        match sent.get(name) {
                            Some(seal) => entry.secrets.insert(name.clone(), seal.clone()),
                            None => entry.secrets.remove(name),
                        };
                    }
                }
                _ => {}
            }
        }
        self.keep_ledger(ledger).await;
    }

    /// Secrets that may have been written: where the current one differs, the ledger must not assume that the service has it,
    /// or it would never be written.
    async fn note_open_secrets(&self, step: &Step, sent: &BTreeMap<String, SealedFingerprint>) {
        let (StepOperation::Update { .. }, Some(address)) = (&step.operation, &step.address) else { return };
        let today = self.sealed_secrets(step);
        let mut ledger = self.ledger.lock().await;
        let Some(entry) = ledger.objects.get_mut(address) else { return };
        let other: Vec<_> = sent.iter().filter(|(name, seal)| today.get(*name) != Some(*seal)).collect();
        if other.is_empty() {
            return;
        }
        entry.secrets.extend(other.into_iter().map(|(name, seal)| (name.clone(), seal.clone())));
        self.keep_ledger(ledger).await;
    }
}

/// Why reading does not decide, and what happens then.
fn explain_unknown(step: &Step) -> String {
    match (&step.operation, &step.address) {
        (StepOperation::Update { secrets, .. }, Some(address)) if !secrets.is_empty() => format!(
            "only secrets would change, and they cannot be read; the next plan writes those that differ from the ledger, and `--rewrite-secret {address}` writes them in any case"
        ),
        _ => "reading cannot show whether it was done; the next plan compares again".to_owned(),
    }
}
