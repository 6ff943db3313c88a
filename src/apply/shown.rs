//! What a run wrote may be shown late: the service answers from a copy, or its database has just failed over. It is looked at
//! again before a difference to what was sent counts.

use std::collections::BTreeMap;

use super::Report;
use super::target::{Patience, differences};
use crate::api::ReadOnly;
use crate::backend;
use crate::event::Outcome;
use crate::kind::Kind;
use crate::ledger::Key;
use crate::plan::{Operation, Plan, Step};
use crate::probe;
use crate::resource::{Desired, Live, LiveObject};
use crate::value::Value;

/// Waits until what a reading does not show yet is shown, one object at a time. Says whether it is worth reading all again.
pub async fn wait_until_shown(
    api: &ReadOnly<'_>,
    desired: &Desired,
    plan: &Plan,
    report: &Report,
    read: &Live,
    key: &Key,
    patience: &mut Patience,
) -> bool {
    let listed = read.by_id();
    let mut late = Vec::new();
    for step in &plan.steps {
        let (Some(address), Some(Outcome::Done { id: made, .. })) = (&step.address, report.of(&step.id))
        else {
            continue;
        };
        let id = match &step.operation {
            Operation::Create { .. } => made.as_ref(),
            Operation::Update { id, .. } => Some(id),
            _ => None,
        };
        let name = step.call.account.as_str();
        let (Some(id), Some(account), Some(live)) = (id, desired.accounts.get(name), read.accounts.get(name))
        else {
            continue;
        };
        let Some(kind) = backend::shape(&address.kind, live.facts.generation) else { continue };
        if live.objects.contains_key(kind.name)
            && is_late(step, kind, listed.get(&(name, kind.name, id.as_str())).copied())
        {
            late.push((step, account, kind, &live.facts, id));
        }
    }
    let mut came = false;
    while !late.is_empty() && patience.wait().await {
        let mut still = Vec::new();
        for (step, account, kind, facts, id) in late {
            match probe::object(api, account, kind, facts, key, id).await {
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

/// Whether an object looks as it did before this step.
fn is_late(step: &Step, kind: &Kind, object: Option<&LiveObject>) -> bool {
    match (&step.operation, object) {
        // One that waits for a human is not waited for here (carrierx.md 7.1).
        (Operation::Create { .. }, None) => !kind.hidden_until_verified,
        (Operation::Update { before, expect, .. }, Some(object)) => {
            let open = differences(kind, expect, object);
            let old: BTreeMap<String, Value> =
                open.iter().filter_map(|name| Some((name.clone(), before.get(name)?.clone()))).collect();
            !open.is_empty() && old.len() == open.len() && differences(kind, &old, object).is_empty()
        }
        _ => false,
    }
}
