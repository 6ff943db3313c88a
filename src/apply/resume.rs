//! A run that was cut off: each step whose request may have gone out is settled by reading, not by memory (spec 8).

use std::collections::BTreeMap;

use tokio::sync::MutexGuard;

use super::settle::{Lost, Settled, settle};
use super::target::Target;
use super::{Apply, Run};
use crate::call::StepId;
use crate::event::Outcome;
use crate::journal::{self, Line, Record, StepRecord, Verdict};
use crate::ledger::{Entry, Ledger, LedgerError, Sealed};
use crate::plan::{Operation, Step};

/// What was found out about one open step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name in the plan of its run.
    pub step: StepId,
    /// What reading says.
    pub verdict: Verdict,
    /// What was seen, and for an unknown end what to do.
    pub evidence: String,
    /// Somebody has to decide before the run can be closed: nobody can tell whether an object was made.
    pub waits: bool,
}

impl Apply<'_> {
    /// Settles the open steps of the run whose plan this is, in the order of that plan. What had its effect is entered in the
    /// ledger; each verdict is kept in the journal after that, so that a second cut loses nothing.
    pub async fn settle_open(
        &self,
        ledger: &mut Ledger,
        cut: &journal::Run<'_>,
    ) -> Result<Vec<Found>, LedgerError> {
        let made = self.made_before(ledger, cut);
        let run = self.with(ledger, made);
        let mut all = Vec::new();
        for record in cut.open_steps() {
            let (Some(step), Some(intent)) =
                (self.plan.steps.iter().find(|step| step.id == record.id), record.intent)
            else {
                continue;
            };
            let found = run.settle_cut(step, intent, cut).await;
            if let Some(error) = run.ledger_error.lock().ok().and_then(|mut slot| slot.take()) {
                return Err(error);
            }
            if record.settled != Some((found.verdict, found.evidence.as_str())) {
                let record = Record::Settled {
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

    /// The ids that the run's steps made: as its outcomes say, else as an earlier settling entered them in the ledger.
    fn made_before(&self, ledger: &Ledger, cut: &journal::Run<'_>) -> BTreeMap<StepId, String> {
        let entered = |record: &StepRecord<'_>| {
            let step = self.plan.steps.iter().find(|step| step.id == record.id)?;
            let operation @ Operation::Create { .. } = &step.operation else { return None };
            let entry = ledger.objects.get(step.address.as_ref()?)?;
            let made = entry.account == step.call.account && operation.replaces_here() != Some(&entry.id);
            (record.intent.is_some() && made).then(|| entry.id.clone())
        };
        let made = cut.steps.iter().filter_map(|record| {
            let id = record.made().map(str::to_owned).or_else(|| entered(record))?;
            Some((record.id.to_owned(), id))
        });
        made.collect()
    }
}

impl Run<'_> {
    async fn settle_cut(&self, step: &Step, intent: &Line, cut: &journal::Run<'_>) -> Found {
        let found = |verdict, evidence: String| Found {
            step: step.id.clone(),
            verdict,
            evidence,
            waits: verdict == Verdict::Unknown && matches!(step.operation, Operation::Create { .. }),
        };
        let target = match self.target(step) {
            Ok(target) => target,
            Err(why) => return found(Verdict::Unknown, why),
        };
        if let Some((verdict, evidence)) = self.decided(step, &target).await {
            return found(verdict, evidence);
        }
        let how = format!("run {} was cut off", cut.id);
        let lost = Lost { how: &how, open_since: intent.at.parse().ok() };
        let settled = settle(self, step, &target, &lost).await;
        let seals = match &intent.record {
            Record::Intent { seals, .. } => seals.clone(),
            _ => BTreeMap::new(),
        };
        match settled {
            Settled::As(outcome @ Outcome::Done { .. }) => {
                let made = match &outcome {
                    Outcome::Done { id: Some(id), .. } => format!(", as {id}"),
                    _ => String::new(),
                };
                self.enter_settled(step, &target, &outcome, &seals, cut.id).await;
                found(Verdict::Done, format!("reading shows that it was done{made}"))
            }
            Settled::As(
                Outcome::Unknown { why, .. }
                | Outcome::Failed { why, .. }
                | Outcome::Stale { why, .. }
                | Outcome::NotStarted { why, .. },
            ) => found(Verdict::Unknown, why),
            Settled::NotDone => {
                self.withdraw(step).await;
                found(Verdict::NotDone, "reading shows that it was not done".to_owned())
            }
            Settled::CannotTell => {
                self.note_open_secrets(step, &seals).await;
                found(Verdict::Unknown, cannot_tell(step))
            }
        }
    }

    /// What needs no look, for an object that nobody can look for: the ledger was written before the request went out and
    /// after its answer, and a human may have decided since.
    async fn decided(&self, step: &Step, target: &Target<'_>) -> Option<(Verdict, String)> {
        let operation @ Operation::Create { .. } = &step.operation else { return None };
        let address = step.address.as_ref().filter(|_| target.kind.hidden_until_verified)?;
        let ledger = self.ledger.lock().await;
        let made = |entry: &&Entry| {
            entry.account == step.call.account && operation.replaces_here() != Some(&entry.id)
        };
        if let Some(entry) = ledger.objects.get(address).filter(made) {
            return Some((Verdict::Done, format!("the ledger knows it as {}", entry.id)));
        }
        if ledger.attempts.contains_key(address) {
            return None;
        }
        let why = "its request was not sent, was refused, or somebody said with `telform forget` that it made nothing";
        Some((Verdict::NotDone, why.to_owned()))
    }

    /// Enters what a step did. Its secrets are those that were sent then, which need not be those of today.
    async fn enter_settled(
        &self,
        step: &Step,
        target: &Target<'_>,
        outcome: &Outcome,
        sent: &BTreeMap<String, Sealed>,
        run: &str,
    ) {
        let mut ledger = self.ledger.lock().await;
        ledger.watched.retain(|create| !(create.run == run && create.step == step.id));
        if let (Some(address), Outcome::Done { id: Some(id), .. }) = (&step.address, outcome) {
            if let Ok(mut made) = self.made.lock() {
                made.insert(step.id.clone(), id.clone());
            }
            let known = ledger.objects.get(address);
            if known.is_some_and(|entry| entry.id == *id && entry.account == step.call.account) {
                // It was entered before the run was cut off, with more than can be known now.
                return;
            }
        }
        self.enter(&mut ledger, step, target, outcome, None);
        let today = self.seals(step);
        if let Some(entry) = step.address.as_ref().and_then(|address| ledger.objects.get_mut(address)) {
            match &step.operation {
                Operation::Create { secrets, .. } => {
                    let other =
                        |name: &&String| sent.get(*name).is_none_or(|seal| today.get(*name) != Some(seal));
                    for name in secrets.iter().filter(other) {
                        entry.secrets.remove(name);
                    }
                }
                Operation::Update { secrets, .. } => {
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

    /// Secrets that may have been written: where today's is another one, the ledger must not take it for what is there, or it
    /// would never be written.
    async fn note_open_secrets(&self, step: &Step, sent: &BTreeMap<String, Sealed>) {
        let (Operation::Update { .. }, Some(address)) = (&step.operation, &step.address) else { return };
        let today = self.seals(step);
        let mut ledger = self.ledger.lock().await;
        let Some(entry) = ledger.objects.get_mut(address) else { return };
        let other: Vec<_> = sent.iter().filter(|(name, seal)| today.get(*name) != Some(*seal)).collect();
        if other.is_empty() {
            return;
        }
        entry.secrets.extend(other.into_iter().map(|(name, seal)| (name.clone(), seal.clone())));
        self.keep_ledger(ledger).await;
    }

    async fn keep_ledger(&self, mut ledger: MutexGuard<'_, &mut Ledger>) {
        if let Err(error) = self.save(&mut ledger).await
            && let Ok(mut slot) = self.ledger_error.lock()
        {
            slot.get_or_insert(error);
        }
    }
}

/// Why reading says nothing, and what happens then.
fn cannot_tell(step: &Step) -> String {
    match (&step.operation, &step.address) {
        (Operation::Update { secrets, .. }, Some(address)) if !secrets.is_empty() => format!(
            "only secrets were to change, and nobody can read them; the next plan writes those that differ from what the ledger knows, and `--rewrite-secret {address}` writes them in any case"
        ),
        _ => "reading shows no difference between done and not done; the next plan compares again".to_owned(),
    }
}
