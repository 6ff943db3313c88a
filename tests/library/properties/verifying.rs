//! The independent checker and the planner agree about every plan, and no mutant gets past it.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use telform::document::{self, Origin};
use telform::model::guards::Guards;
use telform::model::resource::{Address, Desired, DesiredValue, SettingValue};
use telform::output::view::json::to_pretty_json;
use telform::plan::Plan;
use telform::verify;

use crate::mutants::{everywhere, forged, reordered, with_checksum, without};
use crate::properties::case::{Case, entry, plan};
use crate::properties::cases;
use crate::properties::dice::{Dice, dice};
use crate::properties::guarding::torn;
use crate::properties::model::{CARRIERX, account_of};
use crate::properties::planning::ROLLS;

/// Every plan holds every rule; with a refusal it is not applicable.
fn holds(plan: &Plan) -> Result<(), TestCaseError> {
    let text = to_pretty_json(&document::from_plan(plan, Origin::default()));
    let verdict = verify::verify_plan(text.as_bytes());
    prop_assert!(verdict.verified, "{:#?}\n{text}", verdict.violations);
    prop_assert_eq!(verdict.applicable, !plan.is_refused());
    Ok(())
}

/// An object in an account that cannot hold it is stopped by the loader, which is not at work here.
fn homeless(desired: &Desired) -> bool {
    desired.objects.values().any(|object| object.account != account_of(&object.address.kind))
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn every_plan_of_the_planner_is_verified(mut dice in dice(ROLLS)) {
        let case = Case::roll(&mut dice);
        holds(&plan(&case, &case.live()))?;
    }

    #[test]
    fn every_plan_over_torn_readings_is_verified(mut dice in dice(ROLLS)) {
        let (case, mut live) = torn(&mut dice);
        // A service without generations never shows one.
        live.accounts.entry(CARRIERX.to_owned()).and_modify(|account| account.facts.generation = None);
        if !homeless(&case.desired) {
            holds(&plan(&case, &live))?;
        }
    }
}

fn refuses(document: &Value, plan: &Value) -> bool {
    !verify::verify_plan(with_checksum(&forged(document, plan)).as_bytes()).verified
}

/// A few mutants of one plan; how many were refused.
fn mutants_are_refused(document: &Value, dice: &mut Dice) -> Result<u32, TestCaseError> {
    let good = &document["plan"];
    let steps = good["steps"].as_array().expect("steps");
    let left_out = without(good, dice.below(steps.len()));
    prop_assert!(refuses(document, &left_out), "a step is left out: {left_out:#}");
    let (a, b) = (dice.below(steps.len()), dice.below(steps.len()));
    if a < b && steps[a]["phase"] != steps[b]["phase"] {
        prop_assert!(refuses(document, &reordered(good, a, b)), "{a} and {b} changed places: {good:#}");
    }
    let mutations = everywhere(good);
    let mut refused = 1;
    for _ in 0..6 {
        let mutation = &mutations[dice.below(mutations.len())];
        if refuses(document, &mutation.of(good)) {
            refused += 1;
        } else {
            let why = mutation.undetectable(good);
            prop_assert!(why.is_some(), "{} {} passes: {good:#}", mutation.place, mutation.what);
        }
    }
    Ok(refused)
}

#[test]
fn no_mutant_of_a_generated_plan_passes() {
    let refused = Cell::new(0);
    let total = 200;
    let result = TestRunner::new(cases(total)).run(&dice(ROLLS + 40), |mut dice| {
        let case = Case::roll(&mut dice);
        let plan = plan(&case, &case.live());
        if plan.is_refused() || !plan.has_changes() {
            return Ok(());
        }
        let document = serde_json::to_value(document::from_plan(&plan, Origin::default())).expect("JSON");
        refused.set(refused.get() + mutants_are_refused(&document, &mut dice)?);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(refused.get() > total, "too few mutants: {}", refused.get());
}

/// A partner of this login below another one, as the configuration wants it.
fn want_partner(case: &mut Case, name: &str, parent: Option<&str>, dice: &mut Dice) {
    case.want("partners", name, dice);
    let object = case.desired.objects.get_mut(&Address::new("partners", name)).expect("wanted");
    object.attributes.insert("login", DesiredValue::Value(format!("login-{name}").as_str().into()));
    object.attributes.remove("parent_sid");
    if let Some(parent) = parent {
        object.attributes.insert("parent_sid", DesiredValue::Value(parent.into()));
    }
}

/// Two new partners, the first below the second.
fn new_family() -> Value {
    let mut dice = Dice::of(&[]);
    let mut case = Case::roll(&mut dice);
    case.desired.objects.clear();
    case.desired.kinds.insert("partners".into());
    want_partner(&mut case, "z", None, &mut dice);
    want_partner(&mut case, "a", Some("partners.z"), &mut dice);
    let plan = plan(&case, &case.live());
    let document = serde_json::to_value(document::from_plan(&plan, Origin::default())).expect("JSON");
    assert!(!refuses(&document, &document["plan"]), "{document:#}");
    document
}

/// The parent comes first although its name comes last, and whatever makes less of that is refused.
#[test]
fn no_plan_passes_that_sends_an_id_before_it_exists() {
    let document = new_family();
    let plan = &document["plan"];
    assert_eq!(plan["steps"][0]["address"], "partners.z", "{plan:#}");
    assert_eq!(plan["steps"][1]["waits_for"], serde_json::json!(["s1"]), "{plan:#}");
    let sent = &plan["steps"][1]["call"]["body"]["object"]["parent_sid"];
    assert_eq!(*sent, serde_json::json!({ "with_ids": { "value": "", "ids": { "": "s1" } } }));
    assert!(refuses(&document, &reordered(plan, 0, 1)), "the child first");
    type Forgery = (&'static str, &'static str, Value);
    let forgeries: [Forgery; 8] = [
        ("no wait", "/steps/1/waits_for", serde_json::json!([])),
        ("the address itself", "/steps/1/call/body/object/parent_sid", serde_json::json!({ "value": "partners.z" })),
        ("another id", "/steps/1/call/body/object/parent_sid", serde_json::json!({ "value": "sid-9" })),
        ("its own id", "/steps/1/call/body/object/parent_sid/with_ids/ids", serde_json::json!({ "": "s2" })),
        ("no id", "/steps/1/call/body/object/parent_sid/with_ids/ids", serde_json::json!({})),
        (
            "an id beside",
            "/steps/1/call/body/object/login",
            serde_json::json!({ "with_ids": { "value": "", "ids": { "": "s1" } } }),
        ),
        ("not shown", "/changes/0/attributes", serde_json::json!([])),
        ("an object of nobody", "/references", serde_json::json!({ "partners.y": { "account": "c", "id": "sid-1" } })),
    ];
    for (what, place, value) in forgeries {
        let mut forged = plan.clone();
        if let Some(at) = forged.pointer_mut(place) {
            *at = value;
        } else {
            forged["references"] = value;
        }
        assert!(refuses(&document, &forged), "{what}");
    }
}

/// Two partners that go, the first below the second: the parent waits for its child.
#[test]
fn no_plan_passes_that_deletes_what_is_still_named() {
    let mut dice = Dice::of(&[]);
    let mut case = Case::roll(&mut dice);
    case.desired.objects.clear();
    case.ledger.objects.clear();
    case.model.objects.retain(|(kind, _), _| *kind != "partners");
    case.desired.kinds.insert("partners".into());
    case.desired.guards = Guards { max_deletes: Some(2), ..Guards::default() };
    case.desired.accounts.get_mut(CARRIERX).expect("there").settings.insert("partner_delete", SettingValue::On);
    for (name, id, parent) in [("a", "sid-1", "sid-2"), ("z", "sid-2", "")] {
        case.model.add("partners", id, false, &mut dice);
        let thing = case.model.objects.get_mut(&("partners", id.to_owned())).expect("added");
        thing.attributes.insert("login", format!("login-{name}").into());
        thing.attributes.insert("parent_sid", parent.into());
        case.ledger.objects.insert(Address::new("partners", name), entry(CARRIERX, id));
    }
    let plan = plan(&case, &case.live());
    let document = serde_json::to_value(document::from_plan(&plan, Origin::default())).expect("JSON");
    let good = &document["plan"];
    assert!(!refuses(&document, good), "{document:#}");
    assert_eq!(good["steps"][0]["operation"]["id"], "sid-1", "the child first: {good:#}");
    assert_eq!(good["steps"][1]["waits_for"], serde_json::json!(["s1", "phase:read_back"]));
    let mut forged = good.clone();
    forged["steps"][1]["waits_for"] = serde_json::json!(["phase:read_back"]);
    assert!(refuses(&document, &forged), "no wait");
    assert!(refuses(&document, &reordered(good, 0, 1)), "the parent first");
    // What stays and names it keeps it.
    case.ledger.objects.remove(&Address::new("partners", "a"));
    let kept = crate::properties::case::plan(&case, &case.live());
    let codes: Vec<&str> = kept.refusals.iter().map(|refusal| refusal.code.as_str()).collect();
    assert_eq!(codes, ["refusal::still_referred"]);
    assert!(kept.refusals[0].detail.contains("sid-1"), "{}", kept.refusals[0].detail);
}
