//! No plan leaves a run that the independent checker rejects.

use super::{RunError, saved_plan};
use crate::document;
use crate::plan::{Plan, PlanOptions};
use crate::verify;

/// A plan that the independent checker passes.
pub(super) fn check_plan(plan: Plan, options: &PlanOptions) -> Result<Plan, RunError> {
    let origin = document::Origin { options: saved_plan::options(options), ..document::Origin::default() };
    // Without the undo, which follows from the plan, and without a notice for each secret of which nothing is to be done: the checker
    // takes none of that into account.
    let notices = plan.notices.iter().filter(|notice| !notice.code.is_settled_secret());
    let mut text = Vec::with_capacity(document::most_bytes(plan.steps.len()));
    let written = serde_json::to_writer(&mut text, &document::unconverted(&plan, &[], notices, origin));
    debug_assert!(written.is_ok(), "a document is JSON");
    match verify::verify_plan(&text) {
        verdict if verdict.verified => Ok(plan),
        verdict => Err(checker_disagrees(&verdict)),
    }
}

/// The planner and the checker disagree, so it is not known what an apply would do.
fn checker_disagrees(verdict: &verify::PlanVerification) -> RunError {
    let found = &verdict.violations;
    let told: Vec<String> = found.iter().take(3).map(|it| format!("{} at {} ({})", it.text, it.place, it.code)).collect();
    let more = if found.len() > told.len() { format!("; and {} more", found.len() - told.len()) } else { String::new() };
    let help = if found.iter().any(|it| it.code.ends_with("::json")) {
        "a value of the configuration or of a service is one that programs read differently; leave its object out of this run with `--exclude ADDRESS`"
    } else {
        "this is a bug in telform: please report it with this message; until it is fixed, leave the object out of this run with `--exclude ADDRESS`"
    };
    RunError::other(
        "telform::verify::own_plan",
        format!("the plan does not pass the independent checker, so it is not carried out: {}{more}", told.join("; ")),
        help,
    )
}
