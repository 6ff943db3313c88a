//! What a comment or a page says apart from the plan itself.

use super::super::commands::CommandOptions;
use super::super::provenance::PlanProvenance;
use crate::plan::Plan;

/// What a comment contains beside the plan.
#[derive(Debug, Clone, Default)]
pub struct CommentContext {
    /// How many addresses and numbers it may leave out and still offer the digest.
    pub max_unshown: u64,
    /// The command that requires the current journal.
    pub head_demand: Option<String>,
    /// Who made the plan, and where it can be read.
    pub made: PlanProvenance,
    /// What is said in place of `telform apply --expect DIGEST`, with its command in backticks; none where that applies the plan.
    pub to_apply: Option<String>,
    /// The options of this run, which its commands repeat.
    pub commands: CommandOptions,
}

impl CommentContext {
    /// How the plan is applied exactly, with the whole command in backticks. `lead`: what is said before the digest.
    pub(in crate::output::view) fn to_apply(&self, plan: &Plan, lead: &str) -> String {
        let usual = || format!("{lead}: `telform apply --expect {}`", plan.digest);
        self.commands.complete(&self.to_apply.clone().unwrap_or_else(usual)).into_owned()
    }
}
