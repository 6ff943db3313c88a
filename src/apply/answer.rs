//! Whether an answer proves what was asked for. A success status alone proves nothing: a service of another generation
//! takes fields it does not know and drops them (unpod.md fact 9), and a nested write may empty what was not sent.

use super::target::differences;
use crate::api::Answer;
use crate::kind::Kind;
use crate::plan::{Operation, Step};
use crate::resource::LiveObject;

/// What an answer proves.
pub(super) enum Checked {
    /// Done.
    Good {
        /// Identity of a new object.
        id: Option<String>,
    },
    /// Not done.
    Bad(String),
    /// Done with damage: nothing may go on.
    Damaged(String),
    /// It does not tell.
    Unclear(String),
}

/// Checks the answer of a write.
pub(super) fn check(
    step: &Step,
    kind: &'static Kind,
    object: Option<&LiveObject>,
    answer: &Answer,
) -> Checked {
    let done = Checked::Good { id: None };
    match &step.operation {
        Operation::Create { expect, .. } => {
            let Some(object) = object else {
                return Checked::Unclear(format!(
                    "status {} without the new object's {}",
                    answer.status, kind.id
                ));
            };
            let dropped = differences(kind, expect, object);
            if dropped.is_empty() {
                return Checked::Good { id: Some(object.id.clone()) };
            }
            Checked::Bad(format!(
                "the service made {} {} and did not take {}: it may be of another generation than the account says; look at that object and remove it by hand",
                kind.singular,
                object.id,
                dropped.join(", ")
            ))
        }
        Operation::Update { id, untouched, .. } => {
            let Some(object) = object else {
                return Checked::Unclear(format!("status {} without the changed object", answer.status));
            };
            if object.id != *id {
                return Checked::Bad(format!(
                    "the answer is about {} {}, not {id}",
                    kind.singular, object.id
                ));
            }
            let emptied = differences(kind, untouched, object);
            if !emptied.is_empty() {
                let lost: Vec<String> =
                    emptied.iter().map(|name| format!("{name} was {}", untouched[name])).collect();
                return Checked::Damaged(format!(
                    "the service changed values that were not sent: {}; put them back by hand",
                    lost.join("; ")
                ));
            }
            Checked::Good { id: None }
        }
        Operation::Connect { .. }
        | Operation::Disconnect { .. }
        | Operation::Delete { .. }
        | Operation::ReadBack { .. } => done,
    }
}
