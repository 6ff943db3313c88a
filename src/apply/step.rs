//! One step: fill in the ids, look again, send, check the answer, remember.

use super::answer::{self, Checked};
use super::belief::Belief;
use super::settle::{Lost, Settled};
use super::target::Target;
use super::{Run, settle};
use crate::api::{Answer, ApiError, Effect, Verdict};
use crate::backend::unpod::rows;
use crate::call::Body;
use crate::event::Outcome;
use crate::plan::{Operation, Ref, Step};
use crate::probe::{self, Seat};
use crate::resource::{LiveObject, owned_by};
use crate::value::Value;

impl Run<'_> {
    /// Carries a step out. The natural key of a create whose end stays unknown is watched from then on.
    pub(super) async fn carry_out(&self, step: &Step) -> Outcome {
        let target = match self.target(step) {
            Ok(target) => target,
            Err(why) => return not_sent(why),
        };
        let outcome = self.tried(step, &target).await;
        if matches!(outcome, Outcome::Unknown { .. }) {
            self.watch(step).await;
        }
        outcome
    }

    async fn tried(&self, step: &Step, target: &Target<'_>) -> Outcome {
        if let Operation::ReadBack { bridge, numbers } = &step.operation {
            return match self.resolve(bridge) {
                Ok(slug) => settle::read_back(self, target, &slug, numbers).await,
                Err(why) => not_sent(why),
            };
        }
        let mut seen = match self.look(step, target).await {
            Ok(seen) => seen,
            Err(outcome) => return outcome,
        };
        // The error of a first request whose effect is open, when the second one goes out.
        let mut open: Option<(ApiError, Settled)> = None;
        let mut patience = self.patience();
        loop {
            let sent = match self.filled(&step.call, seen.as_ref()) {
                Ok(call) => match self.announce(step, target, &call, seen.as_ref()).await {
                    Ok(()) => {
                        self.note_sent_out(step, seen.as_ref());
                        self.apply.api.send(&call).await
                    }
                    Err(why) => return not_sent(why),
                },
                Err(why) => return not_sent(why),
            };
            self.trace(step, &sent);
            match (sent, &open) {
                (Ok(answer), _) => return self.answered(step, target, &answer).await,
                // Something else is in the way: once more after a fresh look (carrierx.md 9). A delete is refused as long as
                // the service has not seen the disconnects before it, a connect as long as it has not seen what was made:
                // that takes a little longer.
                (Err(error), None) if in_the_way(step, &error) && patience.wait().await => {
                    seen = match self.look(step, target).await {
                        Ok(seen) => seen,
                        Err(outcome) => return outcome,
                    };
                    if matches!(step.operation, Operation::Update { .. }) {
                        open = Some((error, Settled::NotDone));
                    }
                }
                (Err(error), None) if error.effect == Effect::None => {
                    return self.refused(step, target, &error).await;
                }
                // A lost answer whose request brings about the same state however often it is sent: once more, when
                // reading did not settle it (unpod.md 11).
                (Err(error), None) => {
                    match settle::settle(self, step, target, &self.lost(step, &error)).await {
                        Settled::As(outcome) => return self.remember(step, target, outcome, None).await,
                        settled if repeatable(step) => open = Some((error, settled)),
                        settled => {
                            if error.may_still_run() {
                                // What it may have made late is named when it shows up.
                                self.watch(step).await;
                            }
                            return unsettled(&error, &settled);
                        }
                    }
                }
                (Err(error), Some((_, first))) => {
                    return match settle::settle(self, step, target, &self.lost(step, &error)).await {
                        Settled::As(outcome) => self.remember(step, target, outcome, None).await,
                        Settled::NotDone => unsettled(&error, first),
                        Settled::CannotTell => unsettled(&error, &Settled::CannotTell),
                    };
                }
            }
        }
    }

    fn lost<'e>(&self, step: &Step, error: &'e ApiError) -> Lost<'e> {
        let sent = self.sent.lock().ok().and_then(|sent| sent.get(&step.id)?.parse().ok());
        Lost { how: error, open_since: sent.filter(|_| error.may_still_run()) }
    }

    fn note_sent_out(&self, step: &Step, seen: Option<&LiveObject>) {
        if let Ok(mut sent) = self.sent.lock() {
            sent.insert(step.id.clone(), (self.apply.clock)());
        }
        if let (Some(seen), Ok(mut all)) = (seen, self.seen.lock()) {
            all.insert(step.id.clone(), seen.clone());
        }
    }

    /// Looks at the target right before a write: the object as it is now, or how the step ends without one.
    async fn look(&self, step: &Step, target: &Target<'_>) -> Result<Option<LiveObject>, Outcome> {
        // What this run wrote a moment ago may not be shown yet: nothing is called gone or moved by the first look.
        let mut patience = self.patience();
        let belief = loop {
            match self.believe(step, target).await {
                Belief::Gone(_)
                    if !matches!(step.operation, Operation::Delete { .. })
                        && follows(step)
                        && patience.wait().await => {}
                Belief::Moved(_) if follows(step) && patience.wait().await => {}
                belief => break belief,
            }
        };
        match belief {
            Belief::Holds(seen) => Ok(seen.map(|seen| *seen)),
            Belief::Already(note) => Err(self.remember(step, target, Outcome::done_with(note), None).await),
            Belief::Gone(what) => Err(match &step.operation {
                Operation::Delete { .. } => {
                    self.remember(step, target, Outcome::done_with("it was already gone"), None).await
                }
                _ => Outcome::stale(what),
            }),
            Belief::Moved(why) => Err(Outcome::stale(why)),
            Belief::NotTaken(why) => Err(Outcome::not_started(why)),
            Belief::OffBridge => Err(Outcome::stale("the number is not on the bridge")),
            Belief::Unreadable(why) => Err(Outcome::failed("telform::step::unreadable", why)),
        }
    }

    async fn answered(&self, step: &Step, target: &Target<'_>, answer: &Answer) -> Outcome {
        let object = probe::object_in(target.kind, self.apply.key, &answer.body);
        self.trace_after(step, object.as_ref());
        if let (Operation::Create { .. }, Some(row)) = (&step.operation, probe::row_in(&answer.body))
            && let Ok(mut rows) = self.rows.lock()
        {
            rows.insert(step.id.clone(), row);
        }
        if let Some(why) = elsewhere(step, target, answer, object.as_ref()) {
            return Outcome::Failed { code: "telform::step::elsewhere", why, fatal: true, written: true };
        }
        match answer::check(step, target.kind, object.as_ref(), answer) {
            Checked::Good { id } => {
                let seen = self.seen(step);
                let write = self.write(step, target.kind, target.facts, seen.as_ref(), object.as_ref());
                let of = object.as_ref().map_or("", |object| object.id.as_str());
                let mut came = {
                    let ledger = self.ledger.lock().await;
                    let entry = step.address.as_ref().and_then(|address| ledger.objects.get(address));
                    write.came(entry, &step.call.account, of)
                };
                // What a create got is told by its answer: a slug with a suffix is no failure.
                if id.is_some() {
                    came.reshaped.clear();
                }
                let numbers = self.left_out(step, target, of).await;
                let mut outcome = Outcome::answered(id, came.reshaped, came.not_taken);
                outcome.lacks(&numbers);
                self.remember(step, target, outcome, object.as_ref()).await
            }
            Checked::Bad(why) => {
                Outcome::Failed { code: "telform::step::not_taken", why, fatal: false, written: true }
            }
            Checked::Damaged(why) => {
                Outcome::Failed { code: "telform::step::damaged", why, fatal: true, written: true }
            }
            Checked::Unclear(why) => {
                let error = ApiError {
                    account: step.call.account.clone(),
                    method: step.call.method,
                    target: step.call.target(),
                    status: Some(answer.status),
                    verdict: Verdict::Unexpected,
                    effect: Effect::Unknown,
                    text: why,
                    request_id: answer.request_id.clone(),
                };
                match settle::settle(self, step, target, &self.lost(step, &error)).await {
                    Settled::As(outcome) => self.remember(step, target, outcome, None).await,
                    settled => unsettled(&error, &settled),
                }
            }
        }
    }

    /// The service said no. A delete of something that is not there is done all the same (unpod.md 5.3).
    async fn refused(&self, step: &Step, target: &Target<'_>, error: &ApiError) -> Outcome {
        if let Operation::Delete { id, .. } = &step.operation
            && matches!(error.verdict, Verdict::Gone | Verdict::Refused)
            && let Ok(None) =
                probe::object(&self.read(), target.account, target.kind, target.facts, self.apply.key, id)
                    .await
        {
            return self.remember(step, target, Outcome::done_with("it was already gone"), None).await;
        }
        if let Some(done) = self.not_connected(step, target, error).await {
            return done;
        }
        let about = match &step.operation {
            Operation::Update { id, .. } | Operation::Delete { id, .. } => Some(id.clone()),
            Operation::Connect { bridge, .. } => self.resolve(bridge).ok(),
            Operation::Disconnect { bridge, .. } => Some(bridge.clone()),
            Operation::Create { .. } | Operation::ReadBack { .. } => None,
        };
        if let Some(id) = about
            && let Some(why) = self.locked(target, &id, error).await
        {
            self.withdraw(step).await;
            return Outcome::failed("telform::step::doubled", why);
        }
        self.withdraw(step).await;
        let hint = match (error.verdict, target.kind.scope) {
            (Verdict::Forbidden, Some(scope)) => {
                format!("; the token needs the scope {scope}.{} or {scope}.manage", step.operation.word())
            }
            (Verdict::Conflict, _) => self.taken(step, target).await.unwrap_or_default(),
            _ => String::new(),
        };
        let hint = format!("{hint}{}", unlisted(step, target));
        // A token that is not good, or not good enough, is not tried again (carrierx.md 9, unpod.md U14).
        let fatal = matches!(error.verdict, Verdict::Unauthorized | Verdict::Forbidden);
        Outcome::Failed { code: code(error.verdict), why: format!("{error}{hint}"), fatal, written: false }
    }
}

impl Run<'_> {
    /// A disconnect of a number that nobody serves is refused, and what was wanted is there: reading says so. It was not this run
    /// that cut it, so it is not what this run connects again.
    async fn not_connected(&self, step: &Step, target: &Target<'_>, error: &ApiError) -> Option<Outcome> {
        let Operation::Disconnect { bridge, number, .. } = &step.operation else { return None };
        if !matches!(error.verdict, Verdict::Gone | Verdict::Refused | Verdict::Conflict) {
            return None;
        }
        let seats =
            probe::bridge(&self.read(), target.account, target.kind, target.facts, bridge).await.ok()??;
        if !matches!(seats.get(number), None | Some(Seat::Empty | Seat::Unserved)) {
            return None;
        }
        if let Ok(mut sent) = self.sent.lock() {
            sent.remove(&step.id);
        }
        let note = format!("the service refused it ({error}); reading shows that nobody serves it there");
        Some(self.remember(step, target, Outcome::done_with(note), None).await)
    }

    /// Numbers that a new bridge was to take along and does not show, where they can join only then (unpod.md 6.2, 15).
    async fn left_out(&self, step: &Step, target: &Target<'_>, slug: &str) -> Vec<String> {
        let key = target.kind.link.and_then(|link| link.assigned_on_create);
        let entries = step.call.body.as_ref().map(Body::entries);
        let sent = key.zip(entries).is_some_and(|(key, entries)| entries.contains_key(key));
        if !sent || !matches!(step.operation, Operation::Create { .. }) {
            return Vec::new();
        }
        let read = probe::bridge(&self.read(), target.account, target.kind, target.facts, slug).await;
        let Ok(Some(seats)) = read else { return Vec::new() };
        let joins = self.apply.plan.steps.iter().filter_map(|other| match &other.operation {
            Operation::Connect { bridge: Ref::Step(made), number, .. } if *made == step.id => Some(number),
            _ => None,
        });
        joins.filter(|number| matches!(seats.get(*number), None | Some(Seat::Empty))).cloned().collect()
    }

    /// The way out of a create that was refused because there is one already.
    async fn taken(&self, step: &Step, target: &Target<'_>) -> Option<String> {
        let Operation::Create { key, .. } = &step.operation else { return None };
        let found =
            probe::with_key(&self.read(), target.account, target.kind, target.facts, self.apply.key, key)
                .await;
        let name = target.kind.singular;
        match found.ok()?.as_slice() {
            [one] => {
                Some(format!("; {name} {} has this natural key: run again, and it will be adopted", one.id))
            }
            [] if target.kind.hidden_until_verified => Some(format!(
                "; a {name} that waits to be verified is invisible: if it is yours, pin it with `id:`, else choose another {}",
                target.kind.natural_key.join(", ")
            )),
            _ => None,
        }
    }
}

/// A new object that says it belongs to another organization, or to none: under a wrong handle generation 1 makes records that
/// every user can see and change (unpod.md fact 6, recorded).
fn elsewhere(
    step: &Step,
    target: &Target<'_>,
    answer: &Answer,
    object: Option<&LiveObject>,
) -> Option<String> {
    let Operation::Create { secrets, .. } = &step.operation else { return None };
    let row = Value::Object(rows::object(&answer.body).ok()?.clone());
    let owner = target.account.foreign_owner(&row)?;
    let named = object.map_or_else(|| "that does not name its id".to_owned(), |object| object.id.clone());
    let published = if secrets.is_empty() {
        String::new()
    } else {
        format!(
            "Others can read it: count its {} as published, and replace {} at the provider. ",
            secrets.join(" and "),
            if secrets.len() == 1 { "it" } else { "them" }
        )
    };
    Some(format!(
        "the service made {} {named} in {}, and not in organization {}. {published}Delete it by hand, and correct `accounts.{}.org_handle`",
        target.kind.singular,
        owned_by(owner.as_deref()),
        target.account.org_handle.as_deref().unwrap_or_default(),
        target.account.name,
    ))
}

/// The remark on what the service does not list as changeable.
fn unlisted(step: &Step, target: &Target<'_>) -> String {
    if !matches!(step.operation, Operation::Update { .. }) {
        return String::new();
    }
    let sent = step.call.body.iter().flat_map(Body::entries).filter_map(|(name, _)| target.kind.field(name));
    let names: Vec<&str> = sent.filter(|it| it.changed_with.is_some()).map(|field| field.name).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("; the service does not list {} among what can be changed", names.join(", "))
}

/// How a step ends whose request got no usable answer.
fn unsettled(error: &ApiError, settled: &Settled) -> Outcome {
    match settled {
        Settled::NotDone => {
            Outcome::failed(code(error.verdict), format!("{error}; reading shows that it was not done"))
        }
        Settled::As(_) | Settled::CannotTell => {
            Outcome::unknown(format!("{error}; reading cannot tell whether it was done; plan again"))
        }
    }
}

/// The request did not go out.
fn not_sent(why: String) -> Outcome {
    Outcome::failed("telform::step::not_sent", why)
}

/// Which sort of failure an answer is, or the lack of one.
fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Gone => "telform::step::gone",
        Verdict::NoSuchPath => "telform::step::no_such_path",
        Verdict::Conflict => "telform::step::conflict",
        Verdict::Refused => "telform::step::refused",
        Verdict::Unauthorized => "telform::step::unauthorized",
        Verdict::Forbidden => "telform::step::forbidden",
        Verdict::Throttled => "telform::step::throttled",
        Verdict::ServerFault => "telform::step::service_failed",
        Verdict::Ok | Verdict::Unexpected => "telform::step::unexpected",
        Verdict::NoAnswer => "telform::step::unreachable",
    }
}

/// Whether earlier writes of this run are before a step, which a service may show late.
fn follows(step: &Step) -> bool {
    !step.waits_for.is_empty()
}

/// Whether a write was refused because of something that passes.
fn in_the_way(step: &Step, error: &ApiError) -> bool {
    let passes = match (&step.operation, error.verdict) {
        (Operation::Update { .. } | Operation::Delete { .. }, Verdict::Conflict) => true,
        // What this run made a moment ago is not there yet for the service itself.
        (Operation::Connect { .. }, Verdict::Gone) => follows(step),
        _ => false,
    };
    passes && error.effect == Effect::None
}

/// A create is never sent a second time in one run; the others bring about the same state however often they are sent.
fn repeatable(step: &Step) -> bool {
    !matches!(step.operation, Operation::Create { .. })
}
