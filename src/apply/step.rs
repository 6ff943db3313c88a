//! One step: fill in the ids, look again, send, check the answer, remember.

use super::answer::{self, Checked};
use super::belief::Belief;
use super::settle::Settled;
use super::target::{PAUSE, Target};
use super::{Run, settle};
use crate::api::{Answer, ApiError, Effect, Verdict};
use crate::event::Outcome;
use crate::plan::{Operation, Step};
use crate::probe;

impl Run<'_> {
    /// Carries a step out.
    pub(super) async fn carry_out(&self, step: &Step) -> Outcome {
        let target = match self.target(step) {
            Ok(target) => target,
            Err(why) => return Outcome::Failed { why },
        };
        if let Operation::ReadBack { bridge, numbers } = &step.operation {
            return match self.resolve(bridge) {
                Ok(slug) => settle::read_back(self, &target, &slug, numbers).await,
                Err(why) => Outcome::Failed { why },
            };
        }
        // A service that says that something else is in the way of a change gets one more try after a fresh look
        // (carrierx.md 9); a lost answer whose effect did not happen too (unpod.md 11).
        for last in [false, true] {
            let seen = match self.believe(step, &target).await {
                Belief::Holds(seen) => seen,
                Belief::Already(note) => return self.already(step, &target, note),
                Belief::Moved(why) => return Outcome::Stale { why },
                Belief::Unreadable(why) => return Outcome::Failed { why },
            };
            let call = match self.filled(&step.call, seen.as_ref()) {
                Ok(call) => call,
                Err(why) => return Outcome::Failed { why },
            };
            if let Err(why) = self.announce(step, &target) {
                return Outcome::Failed { why };
            }
            match self.apply.api.send(&call).await {
                Ok(answer) => return self.answered(step, &target, &answer).await,
                Err(error) if error.effect == Effect::None => {
                    let again = error.verdict == Verdict::Conflict
                        && matches!(step.operation, Operation::Update { .. });
                    if !again || last {
                        return self.refused(step, &target, &error).await;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => match settle::settle(self, step, &target, &error).await {
                    Settled::As(outcome) => return self.remember(step, &target, outcome, None),
                    Settled::NotDone if !last && repeatable(step) => {}
                    Settled::NotDone => {
                        return Outcome::Failed {
                            why: format!("{error}; reading shows that it was not done"),
                        };
                    }
                },
            }
        }
        Outcome::Failed { why: "it was tried twice".to_owned() }
    }

    /// The target is already as the step wants it.
    fn already(&self, step: &Step, target: &Target<'_>, note: String) -> Outcome {
        let outcome = Outcome::Done { id: None, note: Some(note) };
        self.remember(step, target, outcome, None)
    }

    async fn answered(&self, step: &Step, target: &Target<'_>, answer: &Answer) -> Outcome {
        let object = probe::object_in(target.kind, self.apply.key, &answer.body);
        match answer::check(step, target.kind, object.as_ref(), answer) {
            Checked::Good { id, note } => {
                self.remember(step, target, Outcome::Done { id, note }, object.as_ref())
            }
            Checked::Bad(why) => Outcome::Failed { why },
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
                match settle::settle(self, step, target, &error).await {
                    Settled::As(outcome) => self.remember(step, target, outcome, None),
                    Settled::NotDone => {
                        Outcome::Failed { why: format!("{error}; reading shows that it was not done") }
                    }
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
            return self.remember(
                step,
                target,
                Outcome::Done { id: None, note: Some("it was already gone".to_owned()) },
                None,
            );
        }
        self.withdraw(step);
        let hint = match (error.verdict, target.kind.scope) {
            (Verdict::Forbidden, Some(scope)) => {
                format!("; the token needs the scope {scope}.{} or {scope}.manage", step.operation.word())
            }
            _ => String::new(),
        };
        Outcome::Failed { why: format!("{error}{hint}") }
    }
}

/// A create is never sent a second time in one run; the others bring about the same state however often they are sent.
fn repeatable(step: &Step) -> bool {
    !matches!(step.operation, Operation::Create { .. })
}
