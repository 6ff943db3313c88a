//! Whether an answer proves what was asked for. A success status alone proves nothing: a service of another generation
//! takes fields it does not know and drops them (unpod.md fact 9), and a nested write may empty what was not sent.

use super::target::differences;
use crate::api::Answer;
use crate::kind::Kind;
use crate::plan::{Operation, Step};
use crate::resource::LiveObject;

/// How a message about emptied values begins; nothing may go on after one.
pub(super) const EMPTIED: &str = "the service changed values that were not sent";

/// What an answer proves.
pub(super) enum Checked {
    /// Done.
    Good {
        /// Identity of a new object.
        id: Option<String>,
        /// Something worth saying.
        note: Option<String>,
    },
    /// Not done, or done with damage.
    Bad(String),
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
    let done = Checked::Good { id: None, note: None };
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
                return Checked::Good { id: Some(object.id.clone()), note: None };
            }
            Checked::Bad(format!(
                "the service made {} {} and did not take {}: it may be of another generation than the account says; look at that object and remove it by hand",
                kind.singular,
                object.id,
                dropped.join(", ")
            ))
        }
        Operation::Update { id, expect, untouched, .. } => {
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
                return Checked::Bad(format!("{EMPTIED}: {}; put them back by hand", lost.join("; ")));
            }
            let other = differences(kind, expect, object);
            let note = (!other.is_empty())
                .then(|| format!("the service keeps {} in another form than it was sent", other.join(", ")));
            Checked::Good { id: None, note }
        }
        Operation::Connect { .. }
        | Operation::Disconnect { .. }
        | Operation::Delete { .. }
        | Operation::ReadBack { .. } => done,
    }
}
