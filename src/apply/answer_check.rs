//! Whether an answer proves that the request had its effect. A success status alone proves nothing: a service of
//! another generation accepts unknown fields and drops them (unpod.md fact 9), and a nested write may empty what was
//! not sent.

use super::step_target::changed_attributes;
use crate::http::ApiResponse;
use crate::model::call::CallBody;
use crate::model::kind::Kind;
use crate::model::resource::LiveObject;
use crate::model::value::CompactValue;
use crate::plan::{Step, StepOperation};

/// What an answer proves.
pub(super) enum AnswerCheck {
    /// Done.
    Proven {
        /// Identity of a new object.
        id: Option<String>,
    },
    /// Not done.
    NotDone(String),
    /// Done with damage: the run must stop.
    Damaged(String),
    /// It does not tell.
    Inconclusive(String),
}

/// Checks the answer of a write.
pub(super) fn check_answer(step: &Step, kind: &'static Kind, object: Option<&LiveObject>, answer: &ApiResponse) -> AnswerCheck {
    let done = AnswerCheck::Proven { id: None };
    match &step.operation {
        StepOperation::Create { expect, .. } => {
            let Some(object) = object else {
                return AnswerCheck::Inconclusive(format!("status {} without the new object's {}", answer.status, kind.id));
            };
            let dropped = changed_attributes(kind, expect, object);
            if dropped.is_empty() {
                return AnswerCheck::Proven { id: Some(object.id.clone()) };
            }
            AnswerCheck::NotDone(format!(
                "the service created {} {} but ignored {}: the account may belong to another generation. Check that object and remove it by hand",
                kind.singular,
                object.id,
                dropped.join(", ")
            ))
        }
        StepOperation::Update { id, untouched, .. } => {
            let Some(object) = object else {
                return AnswerCheck::Inconclusive(format!("status {} without the changed object", answer.status));
            };
            if object.id != *id {
                return AnswerCheck::NotDone(format!("the answer is about {} {}, not {id}", kind.singular, object.id));
            }
            let emptied = changed_attributes(kind, untouched, object);
            if !emptied.is_empty() {
                let lost: Vec<String> = emptied.iter().map(|name| format!("{name} was {}", untouched[name])).collect();
                return AnswerCheck::Damaged(format!(
                    "the service changed values that telform did not send: {}; restore them by hand",
                    lost.join("; ")
                ));
            }
            AnswerCheck::Proven { id: None }
        }
        StepOperation::Connect { .. }
        | StepOperation::Disconnect { .. }
        | StepOperation::Delete { .. }
        | StepOperation::ReadBack { .. } => done,
    }
}

/// Whether an object lets no call through after a request that did not ask for that.
pub(super) fn stays_closed(step: &Step, kind: &Kind, object: &LiveObject) -> bool {
    let Some((name, closed)) = kind.closing_value().filter(|_| object.is_closed(kind)) else { return false };
    let mut sent = step.call.body.iter().flat_map(CallBody::own_entries);
    let asked = match sent.find(|(sent, _)| *sent == name) {
        Some((_, value)) => value.known_value() == Some(&CompactValue::Bool(closed)),
        // The plan knows that an object that it does not open stays closed.
        None => matches!(step.operation, StepOperation::Update { .. }),
    };
    !asked
}
