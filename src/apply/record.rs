//! The effects of a step on the ledger.

use std::sync::atomic::Ordering;

use tokio::sync::MutexGuard;

use super::ApplyRun;
use super::sent_values::{SentWrite, ids_used};
use super::step_target::StepTarget as Aim;
use crate::apply::event::StepOutcome;
use crate::model::call::Call;
use crate::model::kind::{Kind, LinkEntry};
use crate::model::ledger::{
    AbandonedObject, CreatedConnection, Ledger, ManagedObject, ObjectOrigin, PendingCreate, UnansweredCreate, natural_key,
};
use crate::model::resource::{AccountFacts, Address, DesiredValue, LiveObject};
use crate::model::value::{CompactValue, Value};
use crate::plan::{ObjectRef, Step, StepOperation, StepPhase};
use crate::state::ledger::LedgerError;

/// Returns the time as RFC 3339 in UTC.
pub type TimestampFn = dyn Fn() -> String + Send + Sync;

impl ApplyRun<'_> {
    /// Records the effect of a step in the ledger. If that changes it, it is saved: in an object store by [`Self::keep`], with what
    /// others have changed meanwhile.
    pub(super) async fn enter(
        &self,
        step: &Step,
        target: &Aim<'_>,
        outcome: StepOutcome,
        answer: Option<&LiveObject>,
    ) -> StepOutcome {
        if !outcome.is_done() {
            return outcome;
        }
        let mut ledger = self.ledger.lock().await;
        let known = |ledger: &Ledger| ledger.objects.get(step.address.as_ref()?).cloned();
        let before = known(&ledger);
        self.enter_outcome(&mut ledger, step, target, &outcome, answer);
        // Most updates do not change the ledger: what was sent is there, and the journal records it.
        if matches!(step.operation, StepOperation::Update { .. }) && before.is_some() && before == known(&ledger) {
            return outcome;
        }
        // A file is saved at once, so that how often does not depend on how fast the services answer.
        if !self.apply.store.is_shared() {
            self.keep_ledger(ledger).await;
            return outcome;
        }
        let change = self.note_change(ledger);
        if let Ok(mut unsaved) = self.unsaved.lock() {
            unsaved.insert(step.id.clone(), change);
        }
        outcome
    }

    /// Saves what a step that ended changed in the ledger, and then records its outcome: an object whose outcome is recorded is in
    /// the ledger. A ledger that cannot be saved stops the run.
    pub(super) async fn keep(&self, step: &Step, outcome: &StepOutcome, milliseconds: u64) {
        let change = self.unsaved.lock().ok().and_then(|mut unsaved| unsaved.remove(&step.id));
        if let Some(change) = change
            && let Err(error) = self.save_up_to(change).await
        {
            self.note_ledger_error(error);
        }
        self.append_record(self.outcome_record(step, outcome, milliseconds)).await;
    }

    /// Saves a ledger that was changed; if that fails, nothing new is started.
    pub(super) async fn keep_ledger(&self, changed: MutexGuard<'_, &mut Ledger>) {
        if let Err(error) = self.save(changed).await {
            self.note_ledger_error(error);
        }
    }

    pub(super) fn note_ledger_error(&self, error: LedgerError) {
        if let Ok(mut slot) = self.ledger_error.lock() {
            slot.get_or_insert(error);
        }
    }

    /// What must be on disk before the request is sent: a create whose object cannot be looked up afterwards, one whose
    /// object replaces another, and where a number that is now disconnected is to be connected next.
    pub(super) async fn announce_request(
        &self,
        step: &Step,
        target: &Aim<'_>,
        call: &Call,
        before: Option<&LiveObject>,
    ) -> Result<(), String> {
        self.opened().await.map_err(|error| format!("nothing was sent: {error}"))?;
        self.apply.store.check_lock().map_err(|error| format!("nothing was sent: {error}"))?;
        let intent = self.intent_record(step, call, before);
        let kept = self.apply.journal.record(intent).await;
        kept.map_err(|error| format!("nothing was sent: {error}"))?;
        self.announce_in_ledger(step, target).await?;
        // The writes may have taken long.
        self.apply.store.check_lock().map_err(|error| format!("nothing was sent: {error}"))
    }

    async fn announce_in_ledger(&self, step: &Step, target: &Aim<'_>) -> Result<(), String> {
        let mut ledger = self.ledger.lock().await;
        let account = target.account.name.clone();
        match (&step.operation, &step.address) {
            // The replacement of an object of another account is found by its natural key, where it is not hidden.
            (operation @ StepOperation::Create { key, .. }, Some(address))
                if target.kind.hidden_until_verified || operation.replaces_here().is_some() =>
            {
                let attempt = PendingCreate { account, key: natural_key(key), since: (self.apply.clock)(), created: None };
                ledger.attempts.insert(address.clone(), attempt);
            }
            (StepOperation::Disconnect { number, .. }, _) => {
                let Some(next) = self.planned_connection(&account, number)? else { return Ok(()) };
                ledger.moves.insert(next);
            }
            (StepOperation::Delete { .. }, _) => {
                let freed = self.planned_connections_of_freed(step)?;
                if freed.is_empty() {
                    return Ok(());
                }
                ledger.moves.extend(freed);
            }
            _ => return Ok(()),
        }
        self.save(ledger).await.map_err(|error| format!("nothing was sent: {error}"))
    }

    /// The create that includes the numbers that a delete frees.
    fn take_over_create(&self, delete: &Step) -> Option<&Step> {
        let StepOperation::Delete { id, .. } = &delete.operation else { return None };
        self.apply.plan.steps.iter().find(|step| {
            step.phase == StepPhase::TakeOver
                && step.call.account == delete.call.account
                && step.address == delete.address
                && step.operation.replaces_here() == Some(id)
        })
    }

    /// Where the numbers that a delete frees for the replacing bridge are to be connected.
    fn planned_connections_of_freed(&self, delete: &Step) -> Result<Vec<CreatedConnection>, String> {
        let (Some(taker), StepOperation::Delete { frees, .. }) = (self.take_over_create(delete), &delete.operation) else {
            return Ok(Vec::new());
        };
        let StepOperation::Create { key, .. } = &taker.operation else { return Ok(Vec::new()) };
        let Some(bridge) = key.values().next().and_then(Value::as_str) else { return Ok(Vec::new()) };
        let mut freed = Vec::new();
        for step in &self.apply.plan.steps {
            if let StepOperation::Connect { bridge: ObjectRef::Step(at), number, provider, .. } = &step.operation
                && *at == taker.id
                && frees.contains(number)
            {
                freed.push(CreatedConnection {
                    account: step.call.account.clone(),
                    bridge: bridge.to_owned(),
                    number: number.clone(),
                    provider: self.resolve_ref(provider)?,
                });
            }
        }
        Ok(freed)
    }

    /// Where this plan connects a number after its disconnect.
    fn planned_connection(&self, account: &str, number: &str) -> Result<Option<CreatedConnection>, String> {
        let Some(connect) = self.numbers.connect_after(account, number) else { return Ok(None) };
        let StepOperation::Connect { bridge, provider, .. } = &connect.operation else { return Ok(None) };
        let (bridge, provider) = (self.resolve_ref(bridge)?, self.resolve_ref(provider)?);
        let (account, number) = (connect.call.account.clone(), number.to_owned());
        Ok(Some(CreatedConnection { account, bridge, number, provider }))
    }

    /// Watches the natural key of a create that got no answer.
    pub(super) async fn watch_create(&self, step: &Step) {
        let (StepOperation::Create { key, .. }, Some(address)) = (&step.operation, &step.address) else {
            return;
        };
        let since = self.sent.lock().ok().and_then(|sent| sent.get(&step.id).cloned());
        let create = UnansweredCreate {
            address: address.clone(),
            account: step.call.account.clone(),
            key: natural_key(key),
            since: since.unwrap_or_else(|| (self.apply.clock)()),
            run: self.apply.run.to_owned(),
            step: step.id.clone(),
            seals: self.sealed_secrets(step),
        };
        let mut ledger = self.ledger.lock().await;
        if ledger.watch_create(create) {
            self.keep_ledger(ledger).await;
        }
    }

    /// The service refused: what was announced did not happen.
    pub(super) async fn withdraw_announcement(&self, step: &Step) {
        let mut ledger = self.ledger.lock().await;
        let before = (ledger.attempts.len(), ledger.moves.len());
        match (&step.operation, &step.address) {
            (StepOperation::Create { .. }, Some(address)) => drop(ledger.attempts.remove(address)),
            (StepOperation::Disconnect { number, .. }, _) => {
                let connect = self.numbers.connect_after(&step.call.account, number);
                ledger.note_moved(&connect.unwrap_or(step).call.account, number);
            }
            (StepOperation::Delete { .. }, _) => {
                for open in self.planned_connections_of_freed(step).unwrap_or_default() {
                    ledger.note_moved(&open.account, &open.number);
                }
            }
            _ => {}
        }
        if before != (ledger.attempts.len(), ledger.moves.len()) {
            self.keep_ledger(ledger).await;
        }
    }

    pub(super) fn enter_outcome(
        &self,
        ledger: &mut Ledger,
        step: &Step,
        target: &Aim<'_>,
        outcome: &StepOutcome,
        answer: Option<&LiveObject>,
    ) {
        let account = target.account.name.as_str();
        match (&step.operation, &step.address) {
            (StepOperation::Create { key, secrets, replaces, replaces_in, .. }, Some(address)) => {
                let StepOutcome::Done { id: Some(id), .. } = outcome else { return };
                let mut entry = self.new_entry(account, id, ObjectOrigin::Created);
                entry.key = natural_key(key);
                entry.hidden_since = target.kind.hidden_until_verified.then(|| (self.apply.clock)());
                entry.prevent_delete = self.apply.desired.objects.get(address).is_some_and(|object| object.prevent_delete);
                if let Some(old) = ledger.objects.get(address) {
                    old.record_abandoned(&mut entry);
                }
                match (replaces_in, replaces) {
                    (Some(account), Some(id)) => {
                        let (account, id) = (account.clone(), id.clone());
                        entry.left_behind.insert(AbandonedObject { account, id });
                    }
                    _ => {
                        // The bridge that took over its numbers came after its delete.
                        let left = replaces.clone().filter(|_| step.phase != StepPhase::TakeOver);
                        entry.former.extend(left);
                        entry.replaced.extend(replaces.clone());
                    }
                }
                self.note_sent(&mut entry, step, target, address, secrets, answer);
                ledger.attempts.remove(address);
                ledger.objects.insert(address.clone(), entry);
            }
            (StepOperation::Update { id, secrets, .. }, Some(address)) => {
                let fresh = self.new_entry(account, id, ObjectOrigin::Adopted);
                let entry = ledger.objects.entry(address.clone()).or_insert(fresh);
                self.note_sent(entry, step, target, address, secrets, answer);
            }
            (StepOperation::Delete { id, .. }, Some(address)) => {
                // Without an entry it comes from an interrupted create: the planner deletes nothing else that has no entry.
                if !ledger.objects.contains_key(address) {
                    ledger.attempts.remove(address);
                }
                if let Some(entry) = ledger.objects.get_mut(address) {
                    entry.left_behind.retain(|left| (left.account.as_str(), &left.id) != (account, id));
                    if entry.account == account {
                        entry.former.remove(id);
                        if entry.id == *id && self.take_over_create(step).is_none() {
                            ledger.remove_deleted(address, self.apply.desired);
                        }
                    }
                }
                ledger.connections.retain(|made| !(made.account == account && (made.provider == *id || made.bridge == *id)));
                if target.kind.link.is_some() {
                    self.forget_numbers_of(ledger, account, id);
                }
            }
            (StepOperation::Connect { bridge, number, provider, .. }, _) => {
                if let (Ok(slug), Ok(provider)) = (self.resolve_ref(bridge), self.resolve_ref(provider)) {
                    ledger.note_connected(account, &slug, number, &provider);
                    ledger.note_moved(account, number);
                    self.enter_number(ledger, step, &slug, number);
                }
            }
            (StepOperation::Disconnect { bridge, number, .. }, _) => {
                ledger.note_disconnected(account, bridge, number);
                self.forget_number(ledger, step, bridge, number);
            }
            _ => {}
        }
    }

    /// The address that a number has as an entry of its own, where the service has such entries.
    fn number_address(&self, step: &Step, number: &str) -> Option<(Address, &'static LinkEntry)> {
        let words = self.apply.desired.accounts.get(&step.call.account)?.service.link_entry()?;
        let own = step.address.clone().filter(|address| address.kind == words.kind);
        Some((own.unwrap_or_else(|| Address::new(words.kind, number)), words))
    }

    /// A connected number is managed by its entry, if it has one.
    fn enter_number(&self, ledger: &mut Ledger, step: &Step, bridge: &str, number: &str) {
        let Some((address, words)) = self.number_address(step, number) else { return };
        if self.apply.desired.number_entries.contains_key(&address) {
            let mut entry = self.new_entry(&step.call.account, number, ObjectOrigin::Created);
            entry.key.insert(words.holder.into(), bridge.into());
            ledger.objects.insert(address, entry);
        } else {
            ledger.objects.remove(&address);
        }
    }

    /// A number that was cut on this bridge is no longer managed as an entry on it.
    fn forget_number(&self, ledger: &mut Ledger, step: &Step, bridge: &str, number: &str) {
        let Some((address, words)) = self.number_address(step, number) else { return };
        if ledger.objects.get(&address).is_some_and(|entry| is_on(entry, words, bridge)) {
            ledger.remove_deleted(&address, self.apply.desired);
        }
    }

    /// The numbers of a deleted bridge are no longer managed as entries on it.
    fn forget_numbers_of(&self, ledger: &mut Ledger, account: &str, bridge: &str) {
        let service = self.apply.desired.accounts.get(account).map(|account| account.service);
        let Some(words) = service.and_then(|service| service.link_entry()) else { return };
        ledger
            .objects
            .retain(|address, entry| address.kind != words.kind || entry.account != account || !is_on(entry, words, bridge));
    }

    /// Saves the ledger, with the position that the journal has reached. When this returns, the change is kept: by this save, or
    /// by one that began after it. Changes that come while a save is in progress go together in the next one.
    pub(super) async fn save(&self, changed: MutexGuard<'_, &mut Ledger>) -> Result<(), LedgerError> {
        let change = self.note_change(changed);
        self.save_up_to(change).await
    }

    /// The number of a change that was just made.
    fn note_change(&self, changed: MutexGuard<'_, &mut Ledger>) -> u64 {
        let change = self.changes.fetch_add(1, Ordering::Relaxed) + 1;
        drop(changed);
        change
    }

    async fn save_up_to(&self, change: u64) -> Result<(), LedgerError> {
        self.opened().await.map_err(LedgerError::Journal)?;
        let mut kept = self.kept_changes.lock().await;
        if *kept >= change {
            return Ok(());
        }
        let (save, changes) = {
            let mut ledger = self.ledger.lock().await;
            ledger.journal = Some(self.apply.journal.head().await);
            (self.apply.store.prepare_save(&mut ledger)?, self.changes.load(Ordering::Relaxed))
        };
        self.apply.store.put_save(save).await?;
        *kept = changes;
        Ok(())
    }

    fn new_entry(&self, account: &str, id: &str, origin: ObjectOrigin) -> ManagedObject {
        ledger_entry(account, id, origin, (self.apply.clock)())
    }

    /// Fingerprints of the secrets that were sent, and the fate of the values.
    fn note_sent(
        &self,
        entry: &mut ManagedObject,
        step: &Step,
        target: &Aim<'_>,
        address: &Address,
        secrets: &[String],
        answer: Option<&LiveObject>,
    ) {
        let wanted = self.apply.desired.objects.get(address).map(|object| &object.attributes);
        for name in secrets {
            if let Some(DesiredValue::Secret(secret)) = wanted.and_then(|wanted| wanted.get(name.as_str()))
                && let Some(fingerprint) = &secret.fingerprint
            {
                let sealed = self.apply.key.seal_fingerprint(entry.seal_account(), &entry.id, name, fingerprint);
                entry.secrets.insert(name.clone(), sealed);
                entry.unreadable.remove(name);
            }
        }
        let seen = self.object_before_request(step);
        let write = self.sent_write(step, target.kind, target.facts, seen.as_ref(), answer);
        write.note_unmet(entry, self.apply.run, self.apply.clock);
    }

    /// A write and the object around it.
    pub(super) fn sent_write<'w>(
        &'w self,
        step: &'w Step,
        kind: &'static Kind,
        facts: &'w AccountFacts,
        before: Option<&'w LiveObject>,
        after: Option<&'w LiveObject>,
    ) -> SentWrite<'w> {
        let wanted = step.address.as_ref().and_then(|address| self.apply.desired.objects.get(address));
        let (catalogue, made) = (&facts.catalogue, ids_used(step, |used| self.id_made_by(used).ok()));
        SentWrite { step, kind, catalogue, wanted, key: self.apply.key, made, before, after }
    }

    /// The object of a step as it was read right before its request.
    pub(super) fn object_before_request(&self, step: &Step) -> Option<LiveObject> {
        self.seen.lock().ok()?.get(&step.id).cloned()
    }
}

/// Whether the entry of a number was last seen on this bridge.
fn is_on(entry: &ManagedObject, words: &LinkEntry, bridge: &str) -> bool {
    entry.key.get(words.holder).and_then(CompactValue::as_str) == Some(bridge)
}

pub(super) fn ledger_entry(account: &str, id: &str, origin: ObjectOrigin, since: String) -> ManagedObject {
    ManagedObject::new(account, id, origin, since)
}
