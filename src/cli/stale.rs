//! A reviewed plan that is not applied: it is not the plan of now, or it was applied before.

use super::console::Console;
use crate::document::{FINGERPRINT_KEY, OTHER_SECRET, PlanDifference};
use crate::run::saved_plan::LEDGER;
use crate::run::{RunError, SavedPlan};
use crate::text::escape;

/// Why a saved plan is not the plan of now, without the end of the sentence, and what to do first. With another ledger or key it is
/// not known whether anything else changed.
fn cause(moved: &[PlanDifference]) -> (&'static str, &'static str) {
    let differs = |subject: &str| moved.iter().any(|it| it.subject == subject);
    let only_secrets = moved.iter().all(|it| it.is == OTHER_SECRET);
    match (differs(LEDGER), differs(FINGERPRINT_KEY)) {
        (true, true) => (
            "the plan was made with another ledger and another fingerprint key",
            "Use the ledger and the key of the plan, or run",
        ),
        (true, false) => ("the plan was made with another ledger", "Name the ledger of the plan with `--ledger`, or run"),
        (false, true) => ("the plan was made with another fingerprint key", "Set the key that made the plan, or run"),
        (false, false) if only_secrets => ("the plan was made with other secrets", "Set the secrets of the plan, or run"),
        (false, false) => ("the services or the configuration changed since the review", "Run"),
    }
}

/// Why a saved plan is not the plan of now: a sentence without its end.
pub(super) fn stale_because(moved: &[PlanDifference]) -> &'static str {
    cause(moved).0
}

/// What to do about that. `plan` is the command that makes the plan again.
pub(super) fn stale_help(moved: &[PlanDifference], plan: &str) -> String {
    format!("{} `{plan}` again", cause(moved).1)
}

/// A plan is applied once. `plan` is the command that makes the next one.
pub(super) fn already_applied(by: &str, plan: &str) -> RunError {
    RunError::other(
        "telform::plan::already_applied",
        format!("this plan was {by}; nothing was written"),
        format!("a plan is applied once; `{}` shows whether anything is left to do", escape(plan)),
    )
}

impl Console {
    /// The last line of a saved plan that is stale.
    pub(super) fn print_stale(&self, saved: &SavedPlan, moved: &[PlanDifference]) {
        let (why, help) = (stale_because(moved), stale_help(moved, &escape(&saved.saving_command())));
        self.print_stderr(&format!("Stale plan: {why}. Nothing was written. {help}.\n"));
    }
}
