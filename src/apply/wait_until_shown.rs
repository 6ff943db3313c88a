//! A service may show late what a run wrote: it answers from a replica, or its database has just failed over. The object is
//! read again before a difference from what was sent counts.

use super::ApplyReport;
use super::step_target::{PollBackoff, changed_attributes};
use crate::apply::event::StepOutcome;
use crate::http::ReadOnly;
use crate::model::kind::Kind;
use crate::model::ledger::FingerprintKey;
use crate::model::resource::{Desired, LiveObject, LiveState, ServedBy};
use crate::model::value::AttributeValues;
use crate::plan::{ObjectRef, Plan, Step, StepOperation};
use crate::read::one;
use crate::services;

/// Waits until the service shows what a reading does not show yet, one object at a time. Returns whether it is worth
/// reading everything again.
pub async fn wait_until_shown(
    api: &ReadOnly<'_>,
    desired: &Desired,
    plan: &Plan,
    report: &ApplyReport,
    read: &LiveState,
    key: &FingerprintKey,
    patience: &mut PollBackoff,
) -> bool {
    let listed = read.by_id();
    let mut late = Vec::new();
    for step in &plan.steps {
        let (Some(address), Some(StepOutcome::Done { id: made, .. })) = (&step.address, report.outcome(&step.id)) else {
            continue;
        };
        let id = match &step.operation {
            StepOperation::Create { .. } => made.as_ref(),
            StepOperation::Update { id, .. } => Some(id),
            _ => None,
        };
        let name = step.call.account.as_str();
        let (Some(id), Some(account), Some(live)) = (id, desired.accounts.get(name), read.accounts.get(name)) else {
            continue;
        };
        let Some(kind) = services::shape_of_generation(&address.kind, live.facts.generation) else {
            continue;
        };
        if live.objects.contains_key(kind.name) && is_late(step, kind, listed.get(&(name, kind.name, id.as_str())).copied()) {
            late.push((step, account, kind, &live.facts, id));
        }
    }
    // Who serves the numbers is read with everything else.
    let done = plan.steps.iter().filter(|step| matches!(report.outcome(&step.id), Some(StepOutcome::Done { .. })));
    if done.into_iter().any(|step| is_late_link(step, read)) {
        return patience.wait().await;
    }
    let mut came = false;
    while !late.is_empty() && patience.wait().await {
        let mut still = Vec::new();
        for (step, account, kind, facts, id) in late {
            match one::read_object_by_id(api, account, kind, facts, key, id).await {
                Ok(object) if !is_late(step, kind, object.as_ref()) => came = true,
                _ => still.push((step, account, kind, facts, id)),
            }
        }
        late = still;
        if came && late.is_empty() {
            return true;
        }
    }
    came
}

/// Whether a number is served as it was before this step.
fn is_late_link(step: &Step, read: &LiveState) -> bool {
    let (bridge, number, before) = match &step.operation {
        StepOperation::Connect { bridge: ObjectRef::Id(bridge), number, before, .. }
        | StepOperation::Disconnect { bridge, number, before } => (bridge, number, before),
        _ => return false,
    };
    let connections = read.accounts.get(&step.call.account).and_then(|live| live.connections.as_ref());
    let now = connections.into_iter().flatten().find(|it| it.bridge == *bridge && it.number == *number);
    now.is_some_and(|now| matches!(before, ServedBy::By { .. } | ServedBy::Unserved) && now.served_by.id() == before.id())
}

/// Whether an object looks as it did before this step.
fn is_late(step: &Step, kind: &Kind, object: Option<&LiveObject>) -> bool {
    match (&step.operation, object) {
        // One that waits for a human is not waited for here (carrierx.md 7.1).
        (StepOperation::Create { .. }, None) => !kind.hidden_until_verified,
        (StepOperation::Update { before, expect, .. }, Some(object)) => {
            let open = changed_attributes(kind, expect, object);
            let old: AttributeValues = open.iter().filter_map(|name| Some((name.clone(), before.get(name)?.clone()))).collect();
            !open.is_empty() && old.len() == open.len() && changed_attributes(kind, &old, object).is_empty()
        }
        _ => false,
    }
}
