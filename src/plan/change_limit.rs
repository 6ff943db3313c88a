//! `--limit`: the first changes of a plan, in the order in which their steps run, and what these changes need.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::planner::compute_plan;
use super::selection::needed_addresses;
use super::step::{ObjectRef, Step, StepOperation, StepPhase};
use super::{Inputs, Plan, PlanOptions, PlanRefusal};
use crate::model::call::{BodyValue, CallBody};
use crate::model::resource::{Address, Desired};

/// What `--limit` left out of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeLimit {
    /// How many changes `--limit` names.
    pub limit: u64,
    /// How many changes the plan has without it.
    pub of: u64,
    /// How many of them are left out.
    pub left_out: u64,
    /// How many refusals are about what is left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refusals_left_out: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The plan of the first changes of `whole` and of what they need; `whole` itself where these are all of its changes.
pub(super) fn limit_changes(inputs: &Inputs<'_>, whole: Plan, limit: u64) -> Plan {
    let taken = first_changes(&whole, inputs.desired, limit);
    if taken.len() == whole.changes.len() {
        return whole;
    }
    let options = PlanOptions { taken: Some(taken.into_iter().cloned().collect()), ..inputs.options.clone() };
    let mut plan = compute_plan(&Inputs { options: &options, ..*inputs });
    let kept: BTreeSet<&Address> = plan.changes.iter().map(|change| &change.address).collect();
    let left_out = whole.changes.iter().filter(|change| !kept.contains(&change.address)).count() as u64;
    if left_out == 0 {
        return whole;
    }
    // One refusal may be about many objects, of which some are left out.
    let about =
        |refusal: &PlanRefusal| -> Vec<_> { refusal.addresses.iter().map(|address| (refusal.code, address.clone())).collect() };
    let refused: BTreeSet<_> = plan.refusals.iter().flat_map(about).collect();
    let left = whole.refusals.iter().map(about).filter(|all| !all.is_empty() && all.iter().all(|one| !refused.contains(one)));
    let refusals_left_out = left.count() as u64;
    let of = plan.changes.len() as u64 + left_out;
    plan.limits.changes = Some(ChangeLimit { limit, of, left_out, refusals_left_out });
    plan.digest = plan.computed_digest();
    plan
}

/// The addresses of the first changes, with those of every change that one of them needs.
fn first_changes<'a>(plan: &'a Plan, desired: &'a Desired, limit: u64) -> BTreeSet<&'a Address> {
    let needs = ChangeNeeds::new(plan, desired);
    let mut open: Vec<&Address> = in_order(plan).into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
    let mut taken = BTreeSet::new();
    while let Some(address) = open.pop() {
        if taken.insert(address) {
            open.extend(needs.of(address));
        }
    }
    taken
}

/// The changes in the order in which their first steps run. Those that send nothing come last.
fn in_order(plan: &Plan) -> Vec<&Address> {
    let places: BTreeMap<&str, usize> = plan.steps.iter().enumerate().map(|(place, step)| (step.id.as_str(), place)).collect();
    let first = |change: &Change| change.steps.iter().filter_map(|id| places.get(id.as_str())).min().copied();
    let mut changes: Vec<(usize, &Address)> =
        plan.changes.iter().map(|change| (first(change).unwrap_or(usize::MAX), &change.address)).collect();
    changes.sort_unstable();
    changes.into_iter().map(|(_, address)| address).collect()
}

/// Which changes of a plan need which others.
struct ChangeNeeds<'a> {
    needs: BTreeMap<&'a Address, BTreeSet<&'a Address>>,
}

impl<'a> ChangeNeeds<'a> {
    fn new(plan: &'a Plan, desired: &'a Desired) -> Self {
        let changed: BTreeSet<&Address> = plan.changes.iter().map(|change| &change.address).collect();
        // A read-back confirms what other steps did: waiting for one says nothing about whose steps these are.
        let owned = plan.steps.iter().filter(|step| step.phase != StepPhase::ReadBack);
        let owned: Vec<(&Step, &Address)> = owned.filter_map(|step| Some((step, step.address.as_ref()?))).collect();
        let owners: BTreeMap<&str, &Address> = owned.iter().map(|(step, address)| (step.id.as_str(), *address)).collect();
        let mut links: BTreeMap<&str, BTreeSet<&Address>> = BTreeMap::new();
        for (step, address) in &owned {
            if let StepOperation::Connect { number, .. } | StepOperation::Disconnect { number, .. } = &step.operation {
                links.entry(number).or_default().insert(address);
            }
        }
        let mut needs: BTreeMap<&Address, BTreeSet<&Address>> = BTreeMap::new();
        for (step, address) in &owned {
            let before = step.steps_waited_for().map(String::as_str).chain(results_used(step));
            let before = before.filter_map(|id| owners.get(id)).copied();
            // A number that moves between two objects is changed in both, or it would be cut off.
            let moved = numbers_relied_on(step).into_iter().filter_map(|number| links.get(number)).flatten().copied();
            needs.entry(address).or_default().extend(before.chain(moved));
        }
        for address in &changed {
            needs.entry(*address).or_default().extend(needed_addresses(desired, address));
        }
        for needed in needs.values_mut() {
            needed.retain(|address| changed.contains(address));
        }
        Self { needs }
    }

    fn of(&self, address: &Address) -> impl Iterator<Item = &'a Address> {
        self.needs.get(address).into_iter().flatten().copied()
    }
}

/// The steps whose result the request of a step carries.
fn results_used(step: &Step) -> Vec<&str> {
    let mut used: Vec<&str> = Vec::new();
    if let Some((_, rest)) = step.call.path.split_once('{') {
        used.extend(rest.split_once('}').map(|(id, _)| id));
    }
    if let Some(CallBody::Object(entries) | CallBody::Overlay { set: entries, .. }) = &step.call.body {
        used.extend(entries.values().flat_map(BodyValue::steps_used).map(String::as_str));
    }
    if let StepOperation::Connect { bridge, provider, .. } = &step.operation {
        used.extend([bridge, provider].into_iter().filter_map(ObjectRef::step));
    }
    used
}

/// The numbers that a step changes, or that other steps must have disconnected before it.
fn numbers_relied_on(step: &Step) -> Vec<&str> {
    match &step.operation {
        StepOperation::Connect { number, .. } | StepOperation::Disconnect { number, .. } => vec![number],
        StepOperation::Delete { cut, frees, .. } => {
            cut.iter().map(|(_, number)| number).chain(frees).map(String::as_str).collect()
        }
        StepOperation::Create { .. } | StepOperation::Update { .. } | StepOperation::ReadBack { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::call::Call;
    use crate::model::resource::ServedBy;
    use crate::model::value::AttributeValues;
    use crate::plan::{ChangeAction, Prerequisite};

    fn at(name: &str) -> Address {
        Address::new("things", name)
    }

    fn step(id: &str, phase: StepPhase, name: &str, operation: StepOperation, waits_for: &[&str]) -> Step {
        Step {
            id: id.to_owned(),
            phase,
            address: Some(at(name)),
            call: Call::get("main", "things/"),
            operation,
            why: String::new(),
            waits_for: waits_for.iter().map(|id| Prerequisite::Step((*id).to_owned())).collect(),
        }
    }

    fn create() -> StepOperation {
        let empty = AttributeValues::new;
        StepOperation::Create { key: empty(), expect: empty(), secrets: Vec::new(), replaces: None, replaces_in: None }
    }

    fn delete(cut: &[&str]) -> StepOperation {
        StepOperation::Delete {
            id: "1".to_owned(),
            before: AttributeValues::new(),
            cut: cut.iter().map(|number| ("bridge".to_owned(), (*number).to_owned())).collect(),
            frees: Vec::new(),
            unread: Vec::new(),
            prior_connections: BTreeMap::new(),
        }
    }

    fn disconnect(number: &str) -> StepOperation {
        StepOperation::Disconnect { bridge: "bridge".to_owned(), number: number.to_owned(), before: ServedBy::NotTold }
    }

    fn connect(number: &str, made: &str) -> StepOperation {
        let (bridge, provider) = (ObjectRef::Id("other".to_owned()), ObjectRef::Step(made.to_owned()));
        StepOperation::Connect { bridge, number: number.to_owned(), provider, before: ServedBy::NotThere }
    }

    /// A plan of these steps, with a change for each address.
    fn plan(steps: Vec<Step>) -> Plan {
        let mut plan = Plan::from_ledger_updates(Vec::new(), Vec::new());
        let addresses: BTreeSet<&Address> = steps.iter().filter_map(|step| step.address.as_ref()).collect();
        plan.changes = addresses
            .into_iter()
            .map(|address| Change {
                address: address.clone(),
                account: "main".to_owned(),
                from_account: None,
                also_leaves: Vec::new(),
                action: ChangeAction::Update,
                id: None,
                attributes: Vec::new(),
                reason: None,
                steps: steps.iter().filter(|step| step.address.as_ref() == Some(address)).map(|step| step.id.clone()).collect(),
            })
            .collect();
        plan.steps = steps;
        plan
    }

    fn taken(plan: &Plan, limit: u64) -> Vec<String> {
        let desired = Desired::default();
        first_changes(plan, &desired, limit).into_iter().map(|address| address.name.to_string()).collect()
    }

    #[test]
    fn the_order_is_that_of_the_first_requests() {
        let mut plan = plan(vec![
            step("s1", StepPhase::Create, "z", create(), &[]),
            step("s2", StepPhase::Create, "b", create(), &[]),
            step("s3", StepPhase::Delete, "a", delete(&[]), &[]),
        ]);
        // A change that sends nothing comes last.
        let idle = Change { address: at("0"), steps: Vec::new(), ..plan.changes[0].clone() };
        plan.changes.insert(0, idle);
        let names: Vec<&str> = in_order(&plan).iter().map(|address| address.name.as_str()).collect();
        assert_eq!(names, ["z", "b", "a", "0"]);
        assert_eq!(taken(&plan, 2), ["b", "z"]);
        assert_eq!(taken(&plan, u64::MAX), ["0", "a", "b", "z"]);
    }

    #[test]
    fn a_change_needs_what_its_requests_wait_for_and_both_ends_of_a_number_that_moves() {
        let plan = plan(vec![
            step("s1", StepPhase::Create, "new", create(), &[]),
            step("s2", StepPhase::Create, "alone", create(), &[]),
            step("s3", StepPhase::Rewire, "from", disconnect("+1"), &["s1"]),
            step("s4", StepPhase::Rewire, "to", connect("+1", "s1"), &["s3"]),
            step("s5", StepPhase::Delete, "old", delete(&["+1"]), &[]),
        ]);
        assert_eq!(taken(&plan, 1), ["new"]);
        assert_eq!(taken(&plan, 2), ["alone", "new"]);
        assert_eq!(taken(&plan, 3), ["alone", "from", "new", "to"], "a number is not cut off without its other end");
        let desired = Desired::default();
        let needs = ChangeNeeds::new(&plan, &desired);
        let of = |name: &str| needs.of(&at(name)).map(|address| address.name.as_str()).collect::<Vec<_>>();
        assert_eq!(of("old"), ["from", "to"], "a delete needs what takes its numbers off");
        assert_eq!(of("from"), ["from", "new", "to"]);
        assert_eq!(of("alone"), [""; 0]);
    }
}
