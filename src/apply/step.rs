//! One step: fill in the ids, look again, send, check the answer, remember.

use std::sync::atomic::Ordering;

use tokio::sync::SemaphorePermit;

use super::answer_check::{self, AnswerCheck};
use super::outcomes::{failure_code, not_repeated_outcome, not_sent_outcome, unsettled_outcome};
use super::precondition::Precondition;
use super::settle::{LostAnswer, SettleResult};
use super::step_target::StepTarget;
use super::{ApplyRun, settle};
use crate::apply::event::StepOutcome;
use crate::http::{AnswerClass, ApiError, ApiResponse, RequestEffect};
use crate::model::call::CallBody;
use crate::model::kind::SettingRole;
use crate::model::resource::{LiveObject, ServedBy, owned_by};
use crate::model::value::Value;
use crate::plan::{ObjectRef, Step, StepOperation};
use crate::read::one;

impl ApplyRun<'_> {
    /// Carries a step out. The natural key of a create whose end stays unknown is watched from then on.
    pub(super) async fn carry_out(&self, step: &Step) -> StepOutcome {
        let step = &*step.with_ids_in_key(|step| self.id_made_by(step).ok());
        let target = match self.step_target(step) {
            Ok(target) => target,
            Err(why) => return not_sent_outcome(why),
        };
        let outcome = self.try_step(step, &target).await;
        if matches!(outcome, StepOutcome::Unknown { .. }) {
            self.watch_create(step).await;
        }
        outcome
    }

    async fn try_step(&self, step: &Step, target: &StepTarget<'_>) -> StepOutcome {
        if let StepOperation::ReadBack { bridge, numbers } = &step.operation {
            return match self.resolve_ref(bridge) {
                Ok(slug) => settle::read_back(self, target, &slug, numbers).await,
                Err(why) => not_sent_outcome(why),
            };
        }
        let mut seen = match self.check_target(step, target).await {
            Ok(seen) => seen,
            Err(outcome) => return outcome,
        };
        // The error of a first request whose effect is open, when the second one goes out.
        let mut open: Option<(ApiError, SettleResult)> = None;
        let mut patience = self.poll_backoff();
        loop {
            let call = match self.fill_call(&step.call, seen.as_ref()) {
                Ok(call) => call,
                Err(why) => return not_sent_outcome(why),
            };
            if let Err(why) = self.announce_request(step, target, &call, seen.as_ref()).await {
                return not_sent_outcome(why);
            }
            // Before the check: whatever waits here when the run stops is not sent.
            let turn = self.turn(&step.call.account).await;
            if self.halts_before(step) {
                self.withdraw_announcement(step).await;
                return StepOutcome::not_started("the run stopped before its request was sent");
            }
            self.note_sent_out(step, seen.as_ref());
            let sent = self.apply.api.send(&call).await;
            drop(turn);
            self.note_answer(step, &sent);
            match (sent, &open) {
                (Ok(answer), _) => return self.outcome_of_answer(step, target, &answer).await,
                // Something else is in the way: once more after a fresh look (carrierx.md 9). A delete is refused as long as
                // the service has not seen the disconnects before it, a connect as long as it has not seen the new object:
                // that takes a little longer.
                (Err(error), None) if is_transient_refusal(step, &error) && patience.wait().await => {
                    seen = match self.check_target(step, target).await {
                        Ok(seen) => seen,
                        Err(outcome) => return outcome,
                    };
                    if matches!(step.operation, StepOperation::Update { .. }) {
                        open = Some((error, SettleResult::NotDone));
                    }
                }
                (Err(error), None) if error.effect == RequestEffect::None => {
                    return self.outcome_of_refusal(step, target, &error).await;
                }
                // A lost answer to an idempotent request: it is sent once more when reading did not settle it
                // (unpod.md 11).
                (Err(error), None) => {
                    match settle::settle_lost_answer(self, step, target, &self.lost_answer(step, &error)).await {
                        SettleResult::As(outcome) => {
                            return self.enter(step, target, outcome, None).await;
                        }
                        settled if is_repeatable(step) => {
                            if Self::may_silence(step, target.kind) {
                                self.forget_uses(step).await;
                                seen = match self.check_target(step, target).await {
                                    Ok(seen) => seen,
                                    Err(outcome) => return not_repeated_outcome(&error, &settled, outcome),
                                };
                            }
                            open = Some((error, settled));
                        }
                        settled => {
                            if error.may_still_run() {
                                // An object that it may have created late is named when it appears.
                                self.watch_create(step).await;
                            }
                            return unsettled_outcome(&error, &settled);
                        }
                    }
                }
                (Err(error), Some((_, first))) => {
                    return match settle::settle_lost_answer(self, step, target, &self.lost_answer(step, &error)).await {
                        SettleResult::As(outcome) => self.enter(step, target, outcome, None).await,
                        SettleResult::NotDone => {
                            // Without an answer of the service itself the request may yet cut the number.
                            let cuts = matches!(step.operation, StepOperation::Disconnect { .. } | StepOperation::Delete { .. });
                            if cuts && error.status.is_some_and(|status| !matches!(status, 408 | 502 | 504)) {
                                self.withdraw_announcement(step).await;
                            }
                            unsettled_outcome(&error, first)
                        }
                        SettleResult::CannotTell => unsettled_outcome(&error, &SettleResult::CannotTell),
                    };
                }
            }
        }
    }

    /// A place among the requests that the account lets out at the same time.
    async fn turn(&self, account: &str) -> Option<SemaphorePermit<'_>> {
        self.turns.get(account)?.acquire().await.ok()
    }

    /// Whether a step that is under way ahead of its turn is not sent any more. What has been sent is completed.
    fn halts_before(&self, step: &Step) -> bool {
        let halted = self.halted.load(Ordering::Relaxed) || self.apply.stop.is_cancelled();
        let sent = || self.sent.lock().is_ok_and(|sent| sent.contains_key(&step.id));
        halted && self.apply.prepares_ahead(&[step.phase]) && !sent()
    }

    fn lost_answer<'e>(&self, step: &Step, error: &'e ApiError) -> LostAnswer<'e> {
        let sent = self.sent.lock().ok().and_then(|sent| sent.get(&step.id)?.parse().ok());
        LostAnswer { how: error, open_since: sent.filter(|_| error.may_still_run()) }
    }

    fn note_sent_out(&self, step: &Step, seen: Option<&LiveObject>) {
        if let Ok(mut sent) = self.sent.lock() {
            sent.insert(step.id.clone(), (self.apply.clock)());
        }
        if let (Some(seen), Ok(mut all)) = (seen, self.seen.lock()) {
            all.insert(step.id.clone(), seen.clone());
        }
    }

    /// Checks the target right before a write: the current object, or the outcome of the step without one.
    async fn check_target(&self, step: &Step, target: &StepTarget<'_>) -> Result<Option<LiveObject>, StepOutcome> {
        // A service may not show yet what this run just wrote: the first reading does not decide that something is
        // missing or changed.
        let mut patience = self.poll_backoff();
        let belief = loop {
            match self.check_precondition(step, target).await {
                Precondition::Gone(_)
                    if !matches!(step.operation, StepOperation::Delete { .. })
                        && follows_earlier_write(step)
                        && patience.wait().await => {}
                Precondition::Changed(_) if follows_earlier_write(step) && patience.wait().await => {}
                belief => break belief,
            }
        };
        match belief {
            Precondition::Holds(seen) => Ok(seen.map(|seen| *seen)),
            Precondition::AlreadyDone(note) => Err(self.enter(step, target, StepOutcome::done_with(note), None).await),
            Precondition::Gone(what) => Err(match &step.operation {
                StepOperation::Delete { .. } => {
                    self.enter(step, target, StepOutcome::done_with("it was already deleted"), None).await
                }
                _ => StepOutcome::stale(what),
            }),
            Precondition::Changed(why) => Err(StepOutcome::stale(why)),
            Precondition::EarlierStepNotTaken(why) => Err(StepOutcome::not_started(why)),
            Precondition::NotOnBridge => {
                let holder = target.account.service.link_words().holder;
                Err(StepOutcome::stale(format!("the number is not on the {holder}")))
            }
            Precondition::Unreadable(why) => Err(StepOutcome::failed("telform::step::unreadable", why)),
        }
    }

    async fn outcome_of_answer(&self, step: &Step, target: &StepTarget<'_>, answer: &ApiResponse) -> StepOutcome {
        let object = one::object_in(target.account.service, target.kind, self.apply.key, &answer.body);
        self.note_object_after(step, object.as_ref());
        if let Some(object) = &object
            && answer_check::stays_closed(step, target.kind, object)
            && let Ok(mut closed) = self.closed.lock()
        {
            closed.insert(object.id.clone());
        }
        if let (StepOperation::Create { .. }, Some(row)) = (&step.operation, one::row_in(target.account, &answer.body))
            && let Ok(mut rows) = self.row_names.lock()
        {
            rows.insert(step.id.clone(), row);
        }
        if let Some(why) = made_in_other_organization(step, target, answer, object.as_ref()) {
            return StepOutcome::Failed { code: "telform::step::elsewhere", why, fatal: true, written: true };
        }
        match answer_check::check_answer(step, target.kind, object.as_ref(), answer) {
            AnswerCheck::Proven { id } => {
                let seen = self.object_before_request(step);
                let write = self.sent_write(step, target.kind, target.facts, seen.as_ref(), object.as_ref());
                let of = object.as_ref().map_or("", |object| object.id.as_str());
                let mut came = {
                    let ledger = self.ledger.lock().await;
                    let entry = step.address.as_ref().and_then(|address| ledger.objects.get(address));
                    write.unmet_attributes(entry, &step.call.account, of)
                };
                // The answer of a create decides its identity: a slug with a suffix is not a failure.
                if id.is_some() {
                    came.reshaped.clear();
                }
                let numbers = self.numbers_not_joined(step, target, of).await;
                let mut outcome = StepOutcome::from_answer(id, came.reshaped, came.not_taken);
                outcome.add_missing_numbers(&numbers);
                outcome.add_echoes(object.as_ref().map_or(&[][..], |object| &object.echoed_attributes));
                self.enter(step, target, outcome, object.as_ref()).await
            }
            AnswerCheck::NotDone(why) => {
                StepOutcome::Failed { code: "telform::step::not_taken", why, fatal: false, written: true }
            }
            AnswerCheck::Damaged(why) => StepOutcome::Failed { code: "telform::step::damaged", why, fatal: true, written: true },
            AnswerCheck::Inconclusive(why) => {
                let error = ApiError {
                    account: step.call.account.clone(),
                    method: step.call.method,
                    target: step.call.path_and_query(),
                    status: Some(answer.status),
                    class: AnswerClass::Unexpected,
                    effect: RequestEffect::Unknown,
                    text: why,
                    request_id: answer.request_id.clone(),
                };
                match settle::settle_lost_answer(self, step, target, &self.lost_answer(step, &error)).await {
                    SettleResult::As(outcome) => self.enter(step, target, outcome, None).await,
                    settled => unsettled_outcome(&error, &settled),
                }
            }
        }
    }

    /// The service refused. A delete of something that does not exist counts as done (unpod.md 5.3).
    async fn outcome_of_refusal(&self, step: &Step, target: &StepTarget<'_>, error: &ApiError) -> StepOutcome {
        if let StepOperation::Delete { id, .. } = &step.operation
            && matches!(error.class, AnswerClass::Gone | AnswerClass::Refused)
            && matches!(self.read_unless_ended(target, id).await, Ok(None))
        {
            return self.enter(step, target, StepOutcome::done_with("it was already deleted"), None).await;
        }
        if let Some(done) = self.not_connected(step, target, error).await {
            return done;
        }
        let about = match &step.operation {
            StepOperation::Update { id, .. } | StepOperation::Delete { id, .. } => Some(id.clone()),
            StepOperation::Connect { bridge, .. } => self.resolve_ref(bridge).ok(),
            StepOperation::Disconnect { bridge, .. } => Some(bridge.clone()),
            StepOperation::Create { .. } | StepOperation::ReadBack { .. } => None,
        };
        if let Some(id) = about
            && let Some(why) = self.explain_identity_lock(target, &id, error).await
        {
            self.withdraw_announcement(step).await;
            return StepOutcome::failed("telform::step::doubled", why);
        }
        self.withdraw_announcement(step).await;
        let hint = match (error.class, target.kind.scope) {
            (AnswerClass::Forbidden, Some(scope)) => {
                format!("; the token needs the scope {scope}.{} or {scope}.manage", step.operation.as_str())
            }
            (AnswerClass::Conflict, _) => self.advise_on_existing(step, target).await.unwrap_or_default(),
            _ => String::new(),
        };
        let hint = format!("{hint}{}", unlisted_change_remark(step, target));
        // An invalid or insufficient token is not tried again (carrierx.md 9, unpod.md U14).
        let fatal = matches!(error.class, AnswerClass::Unauthorized | AnswerClass::Forbidden);
        StepOutcome::Failed { code: failure_code(error.class), why: format!("{error}{hint}"), fatal, written: false }
    }
}

impl ApplyRun<'_> {
    /// A disconnect of a number that nothing serves is refused, and the wanted state is reached, as reading shows. This run did
    /// not disconnect it, so this run does not connect it again.
    async fn not_connected(&self, step: &Step, target: &StepTarget<'_>, error: &ApiError) -> Option<StepOutcome> {
        let StepOperation::Disconnect { bridge, number, .. } = &step.operation else { return None };
        if !matches!(error.class, AnswerClass::Gone | AnswerClass::Refused | AnswerClass::Conflict) {
            return None;
        }
        let servers =
            one::read_bridge_servers(&self.read_only(), target.account, target.kind, target.facts, self.apply.key, bridge)
                .await
                .ok()??;
        if servers.get(number).is_some_and(ServedBy::may_serve) {
            return None;
        }
        if let Ok(mut sent) = self.sent.lock() {
            sent.remove(&step.id);
        }
        let served_by = target.account.service.link_words().target;
        let note = format!("the service refused it ({error}), and no {served_by} serves the number there");
        Some(self.enter(step, target, StepOutcome::done_with(note), None).await)
    }

    /// Numbers that a new bridge was to include and does not show, where they can join only then (unpod.md 6.2, 15).
    async fn numbers_not_joined(&self, step: &Step, target: &StepTarget<'_>, slug: &str) -> Vec<String> {
        let key = target.kind.link.and_then(|link| link.assigned_on_create);
        let entries = step.call.body.as_ref().map(CallBody::own_entries);
        let sent = key.zip(entries).is_some_and(|(key, entries)| entries.contains_key(key));
        if !sent || !matches!(step.operation, StepOperation::Create { .. }) {
            return Vec::new();
        }
        let read =
            one::read_bridge_servers(&self.read_only(), target.account, target.kind, target.facts, self.apply.key, slug).await;
        let Ok(Some(servers)) = read else { return Vec::new() };
        let joins = self.apply.plan.steps.iter().filter_map(|other| match &other.operation {
            StepOperation::Connect { bridge: ObjectRef::Step(made), number, .. } if *made == step.id => Some(number),
            _ => None,
        });
        joins.filter(|number| matches!(servers.get(*number), None | Some(ServedBy::NotThere))).cloned().collect()
    }

    /// What to do about a create that was refused because the object already exists.
    async fn advise_on_existing(&self, step: &Step, target: &StepTarget<'_>) -> Option<String> {
        let StepOperation::Create { key, .. } = &step.operation else { return None };
        let found = one::with_key(&self.read_only(), target.account, target.kind, target.facts, self.apply.key, key).await;
        let name = target.kind.singular;
        match found.ok()?.as_slice() {
            [one] => Some(format!("; {name} {} has this natural key: run again to adopt it", one.id)),
            [] if target.kind.hidden_until_verified => Some(format!(
                "; a {name} stays hidden until it is verified: if it is yours, pin it with `id:`, otherwise choose another {}",
                target.kind.natural_key.join(", ")
            )),
            _ => None,
        }
    }
}

/// A new object that, by its own statement, belongs to another organization, or to none: under a wrong handle generation 1
/// creates records that every user can see and change (unpod.md fact 6, recorded).
fn made_in_other_organization(
    step: &Step,
    target: &StepTarget<'_>,
    answer: &ApiResponse,
    object: Option<&LiveObject>,
) -> Option<String> {
    let StepOperation::Create { secrets, .. } = &step.operation else { return None };
    let row = Value::Object(target.account.service.envelope.object(&answer.body).ok()?.clone());
    let owner = target.account.foreign_owner(&row)?;
    let named = object.map_or_else(|| "without an id".to_owned(), |object| object.id.clone());
    let published = if secrets.is_empty() {
        String::new()
    } else {
        format!(
            "Others can read it: treat its {} as published, and replace {} where it was issued. ",
            secrets.join(" and "),
            if secrets.len() == 1 { "it" } else { "them" }
        )
    };
    Some(format!(
        "the service created {} {named} in {}, not in organization {}. {published}Delete it by hand, and correct `accounts.{}.{}`",
        target.kind.singular,
        owned_by(owner.as_deref()),
        target.account.organization().unwrap_or_default(),
        target.account.name,
        target.account.service.setting_name(SettingRole::Organization),
    ))
}

/// The remark about an attribute that the service does not list as changeable.
fn unlisted_change_remark(step: &Step, target: &StepTarget<'_>) -> String {
    if !matches!(step.operation, StepOperation::Update { .. }) {
        return String::new();
    }
    let sent = step.call.body.iter().flat_map(CallBody::own_entries).filter_map(|(name, _)| target.kind.field(name));
    let names: Vec<&str> = sent.filter(|it| it.changed_with.is_some()).map(|field| field.name).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("; the service does not list {} as changeable", names.join(", "))
}

/// Whether a step follows earlier writes of this run, which a service may show late.
fn follows_earlier_write(step: &Step) -> bool {
    !step.waits_for.is_empty()
}

/// Whether a write was refused for a temporary reason.
fn is_transient_refusal(step: &Step, error: &ApiError) -> bool {
    let passes = match (&step.operation, error.class) {
        (StepOperation::Update { .. } | StepOperation::Delete { .. }, AnswerClass::Conflict) => true,
        // The service itself does not see yet what this run just created.
        (StepOperation::Connect { .. }, AnswerClass::Gone) => follows_earlier_write(step),
        _ => false,
    };
    passes && error.effect == RequestEffect::None
}

/// A create is never sent a second time in one run; the other requests are idempotent.
fn is_repeatable(step: &Step) -> bool {
    !matches!(step.operation, StepOperation::Create { .. })
}
