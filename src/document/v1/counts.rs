//! How much a plan does, as numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::{ChangeAction, NumberEffect, Plan};

/// How much a plan does. What it refuses to do is counted, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Objects that are created.
    pub create: usize,
    /// Objects that are changed in place.
    pub update: usize,
    /// Objects that another one replaces.
    pub replace: usize,
    /// Objects that are deleted.
    pub delete: usize,
    /// Numbers that get a connection.
    pub connects: usize,
    /// Numbers that move to another connection.
    pub moves: usize,
    /// Numbers that nothing serves afterwards.
    pub dark: usize,
    /// Requests that are sent.
    pub requests: usize,
    /// Refusals. With one of these nothing is sent.
    pub refusals: usize,
}

impl From<&Plan> for Counts {
    fn from(plan: &Plan) -> Self {
        let changes = |action| plan.changes.iter().filter(|change| change.action == action).count();
        let numbers = |effect| plan.impact.iter().filter(|number| number.effect == effect).count();
        Self {
            create: changes(ChangeAction::Create),
            update: changes(ChangeAction::Update),
            replace: changes(ChangeAction::Replace),
            delete: changes(ChangeAction::Delete),
            connects: numbers(NumberEffect::Connects),
            moves: numbers(NumberEffect::Moves),
            dark: numbers(NumberEffect::Dark),
            requests: plan.steps.len(),
            refusals: plan.refusals.len(),
        }
    }
}
