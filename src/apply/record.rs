//! What the ledger learns from a step.

use std::collections::BTreeMap;

use super::Report;
use super::Run;
use super::taken::{Came, Write};
use super::target::Target as Aim;
use crate::backend;
use crate::call::{Call, StepId};
use crate::event::Outcome;
use crate::kind::Kind;
use crate::ledger::{
    Attempt, Entry, Key, Ledger, LedgerError, LeftBehind, MadeConnection, Origin, Watched, natural_key,
};
use crate::plan::{Operation, Phase, Plan, Ref, Step};
use crate::resource::{Address, Desired, Facts, Live, LiveObject, Wanted};
use crate::value::Value;

/// Tells the time as RFC 3339 in UTC.
pub type Clock = dyn Fn() -> String + Send + Sync;

impl Run<'_> {
    /// Enters what a step did into the ledger, and saves it when that says anything new. A ledger that cannot be saved stops the run.
    pub(super) async fn remember(
        &self,
        step: &Step,
        target: &Aim<'_>,
        outcome: Outcome,
        answer: Option<&LiveObject>,
    ) -> Outcome {
        if !outcome.is_done() {
            return outcome;
        }
        let mut ledger = self.ledger.lock().await;
        let known = |ledger: &Ledger| ledger.objects.get(step.address.as_ref()?).cloned();
        let before = known(&ledger);
        self.enter(&mut ledger, step, target, &outcome, answer);
        // Most updates teach the ledger nothing: what was sent is there, and the journal says so.
        if matches!(step.operation, Operation::Update { .. }) && before.is_some() && before == known(&ledger)
        {
            return outcome;
        }
        if let Err(error) = self.save(&mut ledger).await
            && let Ok(mut slot) = self.ledger_error.lock()
        {
            slot.get_or_insert(error);
        }
        outcome
    }

    /// What must be on disk before the request is sent: a create that nobody can look for afterwards, one whose object takes
    /// the place of another, and where a number that is cut now is to be connected next.
    pub(super) async fn announce(
        &self,
        step: &Step,
        target: &Aim<'_>,
        call: &Call,
        before: Option<&LiveObject>,
    ) -> Result<(), String> {
        self.apply.store.check_lock().map_err(|error| format!("nothing was sent: {error}"))?;
        let intent = self.intent(step, call, before);
        let kept = self.apply.journal.record(intent).await;
        kept.map_err(|error| format!("nothing was sent: {error}"))?;
        self.announce_in_ledger(step, target).await
    }

    async fn announce_in_ledger(&self, step: &Step, target: &Aim<'_>) -> Result<(), String> {
        let mut ledger = self.ledger.lock().await;
        let account = target.account.name.clone();
        match (&step.operation, &step.address) {
            // What takes the place of an object of another account is found by its natural key, where it is not hidden.
            (operation @ Operation::Create { key, .. }, Some(address))
                if target.kind.hidden_until_verified || operation.replaces_here().is_some() =>
            {
                let attempt = Attempt { account, key: natural_key(key), since: (self.apply.clock)() };
                ledger.attempts.insert(address.clone(), attempt);
            }
            (Operation::Disconnect { number, .. }, _) => {
                let Some(next) = self.next_seat(&account, number)? else { return Ok(()) };
                ledger.moves.insert(next);
            }
            (Operation::Delete { .. }, _) => {
                let freed = self.freed_for(step)?;
                if freed.is_empty() {
                    return Ok(());
                }
                ledger.moves.extend(freed);
            }
            _ => return Ok(()),
        }
        self.save(&mut ledger).await.map_err(|error| format!("nothing was sent: {error}"))
    }

    /// The create that takes the numbers along which a delete frees.
    fn taker(&self, delete: &Step) -> Option<&Step> {
        let Operation::Delete { id, .. } = &delete.operation else { return None };
        self.apply.plan.steps.iter().find(|step| {
            step.phase == Phase::TakeOver
                && step.call.account == delete.call.account
                && step.address == delete.address
                && step.operation.replaces_here() == Some(id)
        })
    }

    /// Where the numbers are to be connected that a delete frees for the bridge that takes its place.
    fn freed_for(&self, delete: &Step) -> Result<Vec<MadeConnection>, String> {
        let (Some(taker), Operation::Delete { frees, .. }) = (self.taker(delete), &delete.operation) else {
            return Ok(Vec::new());
        };
        let Operation::Create { key, .. } = &taker.operation else { return Ok(Vec::new()) };
        let Some(bridge) = key.values().next().and_then(Value::as_str) else { return Ok(Vec::new()) };
        let mut freed = Vec::new();
        for step in &self.apply.plan.steps {
            if let Operation::Connect { bridge: Ref::Step(at), number, provider, .. } = &step.operation
                && *at == taker.id
                && frees.contains(number)
            {
                freed.push(MadeConnection {
                    account: step.call.account.clone(),
                    bridge: bridge.to_owned(),
                    number: number.clone(),
                    provider: self.resolve(provider)?,
                });
            }
        }
        Ok(freed)
    }

    /// Where this plan connects a number after it was cut.
    fn next_seat(&self, account: &str, number: &str) -> Result<Option<MadeConnection>, String> {
        let Some(connect) = self.apply.plan.connect_after(account, number) else { return Ok(None) };
        let Operation::Connect { bridge, provider, .. } = &connect.operation else { return Ok(None) };
        let (bridge, provider) = (self.resolve(bridge)?, self.resolve(provider)?);
        let (account, number) = (connect.call.account.clone(), number.to_owned());
        Ok(Some(MadeConnection { account, bridge, number, provider }))
    }

    /// Watches the natural key of a create that got no answer.
    pub(super) async fn watch(&self, step: &Step) {
        let (Operation::Create { key, .. }, Some(address)) = (&step.operation, &step.address) else { return };
        let since = self.sent.lock().ok().and_then(|sent| sent.get(&step.id).cloned());
        let create = Watched {
            address: address.clone(),
            account: step.call.account.clone(),
            key: natural_key(key),
            since: since.unwrap_or_else(|| (self.apply.clock)()),
            run: self.apply.run.to_owned(),
            step: step.id.clone(),
            seals: self.seals(step),
        };
        let mut ledger = self.ledger.lock().await;
        if ledger.watch(create)
            && let Err(error) = self.save(&mut ledger).await
            && let Ok(mut slot) = self.ledger_error.lock()
        {
            slot.get_or_insert(error);
        }
    }

    /// The service said no: what was announced did not happen.
    pub(super) async fn withdraw(&self, step: &Step) {
        let mut ledger = self.ledger.lock().await;
        let before = (ledger.attempts.len(), ledger.moves.len());
        match (&step.operation, &step.address) {
            (Operation::Create { .. }, Some(address)) => drop(ledger.attempts.remove(address)),
            (Operation::Disconnect { number, .. }, _) => {
                let connect = self.apply.plan.connect_after(&step.call.account, number);
                ledger.note_moved(&connect.unwrap_or(step).call.account, number);
            }
            (Operation::Delete { .. }, _) => {
                for open in self.freed_for(step).unwrap_or_default() {
                    ledger.note_moved(&open.account, &open.number);
                }
            }
            _ => {}
        }
        if before != (ledger.attempts.len(), ledger.moves.len())
            && let Err(error) = self.save(&mut ledger).await
            && let Ok(mut slot) = self.ledger_error.lock()
        {
            slot.get_or_insert(error);
        }
    }

    pub(super) fn enter(
        &self,
        ledger: &mut Ledger,
        step: &Step,
        target: &Aim<'_>,
        outcome: &Outcome,
        answer: Option<&LiveObject>,
    ) {
        let account = target.account.name.as_str();
        match (&step.operation, &step.address) {
            (Operation::Create { key, secrets, replaces, replaces_in, .. }, Some(address)) => {
                let Outcome::Done { id: Some(id), .. } = outcome else { return };
                let mut entry = self.new_entry(account, id, Origin::Created);
                entry.key = natural_key(key);
                entry.hidden_since = target.kind.hidden_until_verified.then(|| (self.apply.clock)());
                entry.prevent_delete =
                    self.apply.desired.objects.get(address).is_some_and(|object| object.prevent_delete);
                if let Some(old) = ledger.objects.get(address) {
                    old.leave_behind(&mut entry);
                }
                match (replaces_in, replaces) {
                    (Some(account), Some(id)) => {
                        let (account, id) = (account.clone(), id.clone());
                        entry.left_behind.insert(LeftBehind { account, id });
                    }
                    _ => {
                        // What took its numbers over came after its delete.
                        let left = replaces.clone().filter(|_| step.phase != Phase::TakeOver);
                        entry.former.extend(left);
                        entry.replaced.extend(replaces.clone());
                    }
                }
                self.note_sent(&mut entry, step, target, address, secrets, answer);
                ledger.attempts.remove(address);
                ledger.objects.insert(address.clone(), entry);
            }
            (Operation::Update { id, secrets, .. }, Some(address)) => {
                let fresh = self.new_entry(account, id, Origin::Adopted);
                let entry = ledger.objects.entry(address.clone()).or_insert(fresh);
                self.note_sent(entry, step, target, address, secrets, answer);
            }
            (Operation::Delete { id, .. }, Some(address)) => {
                if let Some(entry) = ledger.objects.get_mut(address) {
                    entry.left_behind.retain(|left| (left.account.as_str(), &left.id) != (account, id));
                    if entry.account == account {
                        entry.former.remove(id);
                        if entry.id == *id && self.taker(step).is_none() {
                            ledger.bury(address, self.apply.desired);
                        }
                    }
                }
                ledger.connections.retain(|made| {
                    !(made.account == account && (made.provider == *id || made.bridge == *id))
                });
            }
            (Operation::Connect { bridge, number, provider, .. }, _) => {
                if let (Ok(slug), Ok(provider)) = (self.resolve(bridge), self.resolve(provider)) {
                    ledger.note_connected(account, &slug, number, &provider);
                    ledger.note_moved(account, number);
                }
            }
            (Operation::Disconnect { bridge, number, .. }, _) => {
                ledger.note_disconnected(account, bridge, number)
            }
            _ => {}
        }
    }

    /// Saves the ledger, with the place that the journal has reached.
    pub(super) async fn save(&self, ledger: &mut Ledger) -> Result<(), LedgerError> {
        ledger.journal = Some(self.apply.journal.head().await);
        self.apply.store.save(ledger).await
    }

    fn new_entry(&self, account: &str, id: &str, origin: Origin) -> Entry {
        entry(account, id, origin, (self.apply.clock)())
    }

    /// Fingerprints of the secrets that were sent, and what became of the values.
    fn note_sent(
        &self,
        entry: &mut Entry,
        step: &Step,
        target: &Aim<'_>,
        address: &Address,
        secrets: &[String],
        answer: Option<&LiveObject>,
    ) {
        let wanted = self.apply.desired.objects.get(address).map(|object| &object.attributes);
        for name in secrets {
            if let Some(Wanted::Secret(secret)) = wanted.and_then(|wanted| wanted.get(name.as_str()))
                && let Some(fingerprint) = &secret.fingerprint
            {
                let sealed = self.apply.key.seal(entry.seal_account(), &entry.id, name, fingerprint);
                entry.secrets.insert(name.clone(), sealed);
                entry.unreadable.remove(name);
            }
        }
        let seen = self.seen(step);
        self.write(step, target.kind, target.facts, seen.as_ref(), answer).note(
            entry,
            self.apply.run,
            self.apply.clock,
        );
    }

    /// A write and the object around it.
    pub(super) fn write<'w>(
        &'w self,
        step: &'w Step,
        kind: &'static Kind,
        facts: &'w Facts,
        before: Option<&'w LiveObject>,
        after: Option<&'w LiveObject>,
    ) -> Write<'w> {
        let wanted = step.address.as_ref().and_then(|address| self.apply.desired.objects.get(address));
        let catalogue = &facts.catalogue;
        Write { step, kind, catalogue, wanted, key: self.apply.key, before, after }
    }

    /// The object of a step as it was read right before its request.
    pub(super) fn seen(&self, step: &Step) -> Option<LiveObject> {
        self.seen.lock().ok()?.get(&step.id).cloned()
    }
}

/// What [`settle_values`] looks at.
pub struct AfterRun<'a> {
    /// The plan that was carried out.
    pub plan: &'a Plan,
    /// What it was made from.
    pub desired: &'a Desired,
    /// How its steps ended.
    pub report: &'a Report,
    /// A reading after them.
    pub live: &'a Live,
    /// Key of the fingerprints.
    pub key: &'a Key,
    /// Id of the run.
    pub run: &'a str,
    /// What time it is.
    pub clock: &'a Clock,
}

/// After a run: an answer may repeat what was sent while the service keeps something else (carrierx.md 7.1, 8.2), or show an
/// older state than there is. What a fresh reading shows is noted, so that it is not sent again. Says what became of the
/// values of each step whose object that reading shows.
pub fn settle_values(ledger: &mut Ledger, after: &AfterRun<'_>) -> BTreeMap<StepId, Came> {
    let mut found = BTreeMap::new();
    let listed = after.live.by_id();
    for (step, (_, outcome)) in after.plan.steps.iter().zip(&after.report.outcomes) {
        let (Some(address), Outcome::Done { id: made, .. }) = (&step.address, outcome) else { continue };
        let id = match &step.operation {
            Operation::Create { .. } => made.as_ref(),
            Operation::Update { id, .. } => Some(id),
            _ => None,
        };
        let Some(account) = after.live.accounts.get(&step.call.account) else { continue };
        let kind = backend::shape(&address.kind, account.facts.generation);
        let shown =
            id.and_then(|id| listed.get(&(step.call.account.as_str(), address.kind.as_str(), id.as_str())));
        if let (Some(kind), Some(shown), Some(entry)) = (kind, shown, ledger.objects.get_mut(address)) {
            let write = Write {
                step,
                kind,
                catalogue: &account.facts.catalogue,
                wanted: after.desired.objects.get(address),
                key: after.key,
                before: after.report.seen.get(&step.id),
                after: Some(shown),
            };
            let mut came = write.note(entry, after.run, after.clock);
            // What a create got is told by its answer: a slug with a suffix is no failure.
            if matches!(step.operation, Operation::Create { .. }) {
                came.reshaped.clear();
            }
            found.insert(step.id.clone(), came);
        }
    }
    found
}

pub(super) fn entry(account: &str, id: &str, origin: Origin, since: String) -> Entry {
    Entry::new(account, id, origin, since)
}
