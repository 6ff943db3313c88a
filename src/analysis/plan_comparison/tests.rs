//! Plans that differ in one thing.

use super::*;
use crate::document::{self, Origin};
use crate::model::call::{BodyValue, Call, CallBody};
use crate::plan::{AttributeChange, ChangeAction, ObjectRef, Prerequisite, ShownValue, Step, StepOperation, StepPhase};

fn step(id: &str, address: &Address, path: &str, operation: StepOperation) -> Step {
    Step {
        id: id.to_owned(),
        phase: StepPhase::Create,
        address: Some(address.clone()),
        call: Call::get("main", path),
        operation,
        why: "it is missing".to_owned(),
        waits_for: Vec::new(),
    }
}

fn create() -> StepOperation {
    let (key, expect, secrets) = Default::default();
    StepOperation::Create { key, expect, secrets, replaces: None, replaces_in: None }
}

/// Creates of these names; a bridge that refers to the last of them comes after.
fn plan_of(names: &[&str]) -> Plan {
    let mut plan = Plan::from_ledger_updates(Vec::new(), Vec::new());
    for (at, name) in names.iter().enumerate() {
        let address = Address::new("things", name);
        plan.steps.push(step(&format!("s{}", at + 1), &address, "things", create()));
        plan.changes.push(change(&address, &format!("s{}", at + 1)));
    }
    let (bridge, last) = (Address::new("holders", "sales"), format!("s{}", names.len()));
    let (first, second) = (format!("s{}", names.len() + 1), format!("s{}", names.len() + 2));
    let mut made = step(&first, &bridge, "holders", create());
    made.waits_for.push(Prerequisite::Step(last.clone()));
    made.call.body = Some(CallBody::Object([("provider_id".into(), BodyValue::IdOf(last.clone()))].into_iter().collect()));
    let connect = StepOperation::Connect {
        bridge: ObjectRef::Step(first.clone()),
        number: "+14155550101".to_owned(),
        provider: ObjectRef::Step(last),
        before: crate::model::resource::ServedBy::NotThere,
    };
    plan.steps.extend([made, step(&second, &bridge, &format!("holders/{{{first}}}/connect"), connect)]);
    plan.changes.push(Change { steps: vec![first.clone(), second], ..change(&bridge, &first) });
    plan.digest = plan.computed_digest();
    plan
}

fn change(address: &Address, step: &str) -> Change {
    Change {
        address: address.clone(),
        account: "main".to_owned(),
        from_account: None,
        also_leaves: Vec::new(),
        action: ChangeAction::Create,
        id: None,
        attributes: Vec::new(),
        reason: None,
        steps: vec![step.to_owned()],
    }
}

fn compare(one: &Plan, two: &Plan) -> PlanComparison {
    let documents = [one, two].map(|plan| document::from_plan(plan, Origin::default()));
    let first = ReadPlan { file: "one", document: &documents[0], plan: one };
    compare_plans(first, ReadPlan { file: "two", document: &documents[1], plan: two })
}

#[test]
fn numbers_of_steps_do_not_count() {
    let found = compare(&plan_of(&["a", "z"]), &plan_of(&["a", "b", "z"]));
    assert_eq!(found.only_in_second.iter().map(|change| change.address.as_str()).collect::<Vec<_>>(), ["things.b"]);
    assert!(found.different.is_empty() && found.other.is_empty(), "{found:?}");
    assert!(!found.same && !found.same_requests);
}

#[test]
fn another_order_is_a_difference() {
    let (one, mut two) = (plan_of(&["a", "b", "z"]), plan_of(&["a", "b", "z"]));
    two.steps.swap(0, 1);
    two.digest = two.computed_digest();
    let found = compare(&one, &two);
    assert_eq!(found.other.len(), 1, "{found:?}");
    assert_eq!(found.other[0].what, "order of the requests");
    assert_eq!(found.other[0].first.as_deref(), Some("create things.a comes first"));
}

#[test]
fn a_wait_that_is_gone_and_a_value_that_differs_are_named() {
    let (one, mut two) = (plan_of(&["a"]), plan_of(&["a"]));
    two.steps[1].waits_for.clear();
    let value = ShownValue::Value("x".into());
    let attribute =
        AttributeChange { name: "name".to_owned(), before: ShownValue::Absent, after: value, risky: true, source: None };
    two.changes[0].attributes.push(attribute);
    two.steps[0].call.body = Some(CallBody::Object([("name".into(), BodyValue::Value("x".into()))].into_iter().collect()));
    two.digest = two.computed_digest();
    let found = compare(&one, &two);
    let differences: Vec<&str> =
        found.different.iter().flat_map(|change| &change.differences).map(|difference| difference.what.as_str()).collect();
    // The body follows from the attribute, so it is not named again.
    assert_eq!(differences, ["create holders.sales: waits for", "name", "risky attributes"]);
    assert_eq!(found.different[0].differences[0].first.as_deref(), Some("create things.a"));
    assert_eq!(found.different[0].differences[0].second, None);
}

#[test]
fn nothing_that_the_digest_covers_is_overlooked() {
    let one = plan_of(&["a"]);
    let mut two = one.clone();
    two.digest = "sha256:other".to_owned();
    let found = compare(&one, &two);
    assert!(!found.same);
    assert_eq!(found.other[0].what, "what the digest covers");
    assert!(found.same_requests);
}
