//! The outcome of a step whose request was not sent, or got no usable answer.

use super::settle::SettleResult;
use crate::apply::event::StepOutcome;
use crate::http::{AnswerClass, ApiError};

/// The outcome of a step whose request got no usable answer.
pub(super) fn unsettled_outcome(error: &ApiError, settled: &SettleResult) -> StepOutcome {
    match settled {
        SettleResult::NotDone => {
            StepOutcome::failed(failure_code(error.class), format!("{error}; reading shows that it was not done"))
        }
        SettleResult::As(_) | SettleResult::CannotTell => {
            StepOutcome::unknown(format!("{error}; reading does not show whether it was done; plan again"))
        }
    }
}

/// The outcome of a step whose request got no usable answer and is not sent again, because of what was read since.
pub(super) fn not_repeated_outcome(error: &ApiError, settled: &SettleResult, read: StepOutcome) -> StepOutcome {
    let first = match settled {
        SettleResult::NotDone => "reading shows that it was not done",
        SettleResult::As(_) | SettleResult::CannotTell => "reading does not show whether it was done",
    };
    match (read, settled) {
        (done @ StepOutcome::Done { .. }, _) => done,
        (StepOutcome::Stale { why, .. }, SettleResult::NotDone) => {
            StepOutcome::stale(format!("{error}; {first}, and it is not sent again: {why}"))
        }
        (
            StepOutcome::Failed { why, .. }
            | StepOutcome::Stale { why, .. }
            | StepOutcome::Unknown { why, .. }
            | StepOutcome::NotStarted { why, .. },
            _,
        ) => StepOutcome::unknown(format!("{error}; {first}, and it is not sent again: {why}")),
    }
}

/// The request was not sent.
pub(super) fn not_sent_outcome(why: String) -> StepOutcome {
    StepOutcome::failed("telform::step::not_sent", why)
}

/// The type of failure of an answer, or of a missing answer.
pub(super) fn failure_code(verdict: AnswerClass) -> &'static str {
    match verdict {
        AnswerClass::Gone => "telform::step::gone",
        AnswerClass::NoSuchPath => "telform::step::no_such_path",
        AnswerClass::Conflict => "telform::step::conflict",
        AnswerClass::Refused => "telform::step::refused",
        AnswerClass::Unauthorized => "telform::step::unauthorized",
        AnswerClass::Forbidden => "telform::step::forbidden",
        AnswerClass::Throttled => "telform::step::throttled",
        AnswerClass::ServerFault => "telform::step::service_failed",
        AnswerClass::Ok | AnswerClass::Unexpected => "telform::step::unexpected",
        AnswerClass::NoAnswer => "telform::step::unreachable",
    }
}
