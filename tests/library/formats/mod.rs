//! The formats of a plan: what each must hold, that nothing in it is active, and what ten thousand changes cost.

mod browser;
mod hostile;
mod large;
mod made;
mod needle;
mod page;
pub(crate) mod picture;
mod reports;
mod shape;

use telform::output::view::findings::{Finding, FindingRisk, findings_of_plan};
use telform::output::view::{github, gitlab, junit, sarif, slack};
use telform::plan::Plan;

fn findings(plan: &Plan) -> Vec<Finding> {
    findings_of_plan(plan, &|_| None)
}

pub(crate) fn annotations(plan: &Plan) -> String {
    github::plan_as_annotations(plan, &findings(plan))
}

pub(crate) fn code_quality(plan: &Plan) -> String {
    gitlab::findings_as_code_quality(&findings(plan))
}

pub(crate) fn sarif(plan: &Plan) -> String {
    sarif::findings_as_sarif("plan", &findings(plan))
}

pub(crate) fn message(plan: &Plan) -> String {
    slack::findings_as_slack("plan", &slack::verdict_of_plan(plan), &findings(plan))
}

pub(crate) fn junit(plan: &Plan) -> String {
    let cases = junit::findings_as_cases(&findings(plan), FindingRisk::Blocker, &plan.summary());
    junit::cases_as_junit("plan", &cases)
}
