//! Properties of plans: total, deterministic, ordered, executable, and empty the second time.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use litemap::LiteMap;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use telform::model::ledger::PendingCreate;
use telform::model::resource::{Address, DesiredValue, Removal, SettingValue, SourceLocation};
use telform::plan::{LedgerUpdate, ObjectRef, Plan, Prerequisite, RefusalCode, StepOperation, StepPhase, needed_fields};

use crate::properties::case::{Case, plan};
use crate::properties::cases;
use crate::properties::dice::{Dice, dice};
use crate::properties::execute::{execute, lacks_secret, meets_hidden, stated};
use crate::properties::model::CARRIERX;

pub(crate) const ROLLS: usize = 420;

pub(crate) fn bytes(plan: &Plan) -> String {
    serde_json::to_string(plan).expect("a plan is JSON")
}

fn at(plan: &Plan, id: &str) -> Option<usize> {
    plan.steps.iter().position(|step| step.id == id)
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn what_a_plan_does_not_look_at_changes_nothing(mut dice in dice(ROLLS)) {
        let case = Case::roll(&mut dice);
        let live = case.live();
        let mut narrow = live.clone();
        for (name, account) in &mut narrow.accounts {
            for (kind, objects) in &mut account.objects {
                let shape = telform::services::shape_of_generation(kind, account.facts.generation).expect("a kind of the tables");
                let destroy = case.options.destroy;
                let Some(kept) = needed_fields(shape, name, &case.desired, &case.ledger, destroy) else { continue };
                for object in objects {
                    object.attributes.retain(|attribute, _| kept.contains(attribute));
                    object.masked.retain(|attribute, _| kept.contains(attribute));
                    object.secrets.retain(|attribute, _| kept.contains(attribute));
                }
            }
        }
        prop_assert_eq!(bytes(&plan(&case, &live)), bytes(&plan(&case, &narrow)));
    }

    #[test]
    fn the_same_input_gives_the_same_bytes(mut dice in dice(ROLLS)) {
        let case = Case::roll(&mut dice);
        let live = case.live();
        let first = plan(&case, &live);
        let again = plan(&case.clone(), &live.clone());
        prop_assert_eq!(bytes(&first), bytes(&again));
        prop_assert_eq!(&first.digest, &first.computed_digest());
        prop_assert_eq!(&first, &again);
        // In which order the service listed things does not matter.
        let mut other = live.clone();
        for account in other.accounts.values_mut() {
            account.objects.values_mut().for_each(|objects| dice.shuffle(objects));
            account.connections.iter_mut().for_each(|connections| dice.shuffle(connections));
        }
        if !case.ambiguous() {
            let shuffled = plan(&case, &other);
            if first.digest != shuffled.digest {
                prop_assert_eq!(format!("{first:#?}"), format!("{shuffled:#?}"));
            }
        }
    }

    #[test]
    fn steps_stand_in_order_and_name_what_they_wait_for(mut dice in dice(ROLLS)) {
        let case = Case::roll(&mut dice);
        let plan = plan(&case, &case.live());
        // Objects that name each other in a circle are refused: which of the two deletes comes first has no answer.
        prop_assume!(!plan.refusals.iter().any(|refusal| refusal.code == RefusalCode::StillReferred));
        let phases: Vec<StepPhase> = plan.steps.iter().map(|step| step.phase).collect();
        prop_assert!(phases.is_sorted());
        let ids: BTreeSet<&String> = plan.steps.iter().map(|step| &step.id).collect();
        prop_assert_eq!(ids.len(), plan.steps.len(), "two steps of one name");
        for (index, step) in plan.steps.iter().enumerate() {
            prop_assert_eq!(&step.id, &format!("s{}", index + 1));
            for earlier in step.steps_waited_for() {
                prop_assert!(at(&plan, earlier).is_some_and(|at| at < index), "{} waits for {}", step.id, earlier);
            }
        }
        for change in &plan.changes {
            for step in &change.steps {
                prop_assert!(at(&plan, step).is_some());
            }
        }
        // Deletes: bridges, then providers, then partners.
        let rank = |kind: &str| ["bridges", "providers", "partners"].iter().position(|name| *name == kind);
        let ranks: Vec<_> = plan.delete_steps().map(|step| rank(&step.address.as_ref().expect("an address").kind)).collect();
        prop_assert!(ranks.is_sorted());
    }

    #[test]
    fn nothing_is_deleted_before_its_numbers_are_off_and_read_back(mut dice in dice(ROLLS)) {
        let case = Case::roll(&mut dice);
        let live = case.live();
        let plan = plan(&case, &live);
        let read_backs: Vec<&String> =
            plan.steps.iter().filter(|step| step.phase == StepPhase::ReadBack).map(|step| &step.id).collect();
        let deleted: BTreeSet<&str> = plan.delete_steps().filter_map(|step| match &step.operation {
            StepOperation::Delete { id, .. } => Some(id.as_str()),
            _ => None,
        }).collect();
        let freed: BTreeSet<(&str, &str)> = plan.delete_steps().flat_map(|step| match &step.operation {
            StepOperation::Delete { id, frees, .. } => frees.iter().map(|number| (id.as_str(), number.as_str())).collect(),
            _ => Vec::new(),
        }).collect();
        for step in plan.delete_steps() {
            let barrier = Prerequisite::Phase(StepPhase::ReadBack);
            prop_assert_eq!(step.waits_for.last(), Some(&barrier), "{} does not wait for the read-backs", step.id);
            for read_back in &read_backs {
                prop_assert!(at(&plan, read_back) < at(&plan, &step.id), "{} comes before {}", step.id, read_back);
            }
            let StepOperation::Delete { id, .. } = &step.operation else { panic!("a delete that is none") };
            if step.address.as_ref().is_none_or(|address| address.kind != "providers") || plan.is_refused() {
                continue;
            }
            for connection in live.accounts["u"].connections.iter().flatten() {
                if connection.served_by.id() != Some(id.as_str())
                    || (deleted.contains(connection.bridge.as_str()) && !case.model.can_disconnect())
                    || freed.contains(&(connection.bridge.as_str(), connection.number.as_str()))
                {
                    continue;
                }
                let rewired = plan.steps.iter().find(|other| match &other.operation {
                    StepOperation::Disconnect { bridge, number, .. } => {
                        *bridge == connection.bridge && *number == connection.number
                    }
                    StepOperation::Connect { bridge: ObjectRef::Id(bridge), number, .. } => {
                        !case.model.can_disconnect() && *bridge == connection.bridge && *number == connection.number
                    }
                    _ => false,
                });
                prop_assert!(rewired.is_some(), "{} of {} stays on {id}", connection.number, connection.bridge);
                let read = plan.steps.iter().find(|other| matches!(&other.operation,
                    StepOperation::ReadBack { bridge: ObjectRef::Id(bridge), numbers }
                        if *bridge == connection.bridge && numbers.contains_key(&connection.number)));
                prop_assert!(read.is_some_and(|read| read.steps_waited_for().any(|id| *id == rewired.expect("checked").id)));
            }
        }
    }

    #[test]
    fn a_number_is_not_cut_before_what_it_moves_to_exists(mut dice in dice(ROLLS)) {
        let case = Case::roll(&mut dice);
        let plan = plan(&case, &case.live());
        for step in &plan.steps {
            let StepOperation::Connect { number, bridge, provider, .. } = &step.operation else { continue };
            for cut in &plan.steps {
                if !matches!(&cut.operation, StepOperation::Disconnect { number: other, .. } if other == number) {
                    continue;
                }
                prop_assert!(step.steps_waited_for().any(|id| *id == cut.id), "{} connects before {} cut", step.id, cut.id);
                for needed in [bridge, provider] {
                    if let ObjectRef::Step(made) = needed {
                        prop_assert!(cut.steps_waited_for().any(|id| id == made), "{} cuts before {} made", cut.id, made);
                    }
                }
            }
        }
    }
}

/// What an executed plan leaves behind.
fn leaves_a_good_end(case: &Case, dice: &mut Dice) -> Result<bool, TestCaseError> {
    let live = case.live();
    let first = plan(case, &live);
    if first.is_refused() || lacks_secret(case, &first) || meets_hidden(case, &first) {
        return Ok(false);
    }
    let run = match execute(case, &first, &live, dice) {
        Ok(run) => run,
        Err(why) => return Err(TestCaseError::fail(why)),
    };
    untouched(case, &first, &run.model)?;
    for (address, object) in &case.desired.objects {
        let Some(entry) = run.ledger.objects.get(address) else {
            return Err(TestCaseError::fail(format!("{address} is in no ledger")));
        };
        let kind = run.model.kind(&address.kind);
        let Some(thing) = run.model.objects.get(&(kind.name, entry.id.clone())).filter(|thing| !thing.hidden) else {
            continue;
        };
        for (name, wanted) in stated(object) {
            let field = kind.field(name).expect("a field");
            if matches!(
                field.access,
                telform::model::kind::AttributeAccess::Modifiable | telform::model::kind::AttributeAccess::Replace
            ) {
                let shown = thing.attributes.get(name).unwrap_or(&serde_json::Value::Null);
                prop_assert!(case.same(kind, name, &wanted, shown), "{} {} is {} and not {}", address, name, shown, wanted);
            }
        }
        if let Some(numbers) = &object.numbers {
            let served: BTreeMap<&String, &String> =
                thing.servers.iter().filter_map(|(number, server)| Some((number, server.as_ref()?))).collect();
            let wanted: BTreeMap<&String, &String> =
                numbers.iter().map(|(number, wanted)| (number, &run.ledger.objects[&wanted.provider].id)).collect();
            prop_assert_eq!(served, wanted, "{}", address);
        }
    }
    for entry in case.desired.number_entries.values() {
        let at = (run.ledger.objects[&entry.bridge].id.clone(), entry.number.clone());
        let served = run.model.servers().remove(&at).flatten();
        prop_assert_eq!(served.as_ref(), Some(&run.ledger.objects[&entry.wanted.provider].id), "{}", &entry.address);
        prop_assert!(run.ledger.objects.contains_key(&entry.address), "{} is in no ledger", &entry.address);
    }
    let after = Case { model: run.model, ledger: run.ledger, ..case.clone() };
    let second = plan(&after, &after.live());
    prop_assert!(second.steps.is_empty(), "the second plan: {:#?}\nthe first: {:#?}", second.steps, first.steps);
    prop_assert!(second.refusals.is_empty(), "the second plan: {:#?}", second.refusals);
    // An entry of an object that was deleted before may be dropped one plan later.
    let learnt = second.ledger.iter().find(|effect| !matches!(effect, LedgerUpdate::Drop { .. }));
    prop_assert!(learnt.is_none(), "the second plan: {:#?}", learnt);
    Ok(!first.steps.is_empty())
}

/// Objects that no address of this configuration or ledger refers to, and connections that no step names, do not change.
fn untouched(case: &Case, plan: &Plan, after: &crate::properties::model::Model) -> Result<(), TestCaseError> {
    let mut meant: BTreeSet<(&str, String)> = BTreeSet::new();
    for object in case.desired.objects.values() {
        meant.extend(case.by_key(object).map(|id| (case.model.kind(&object.address.kind).name, id)));
    }
    for (address, entry) in case.ledger.objects.iter().filter(|(address, _)| address.kind != "numbers") {
        let kind = case.model.kind(&address.kind).name;
        meant.extend(std::iter::once(&entry.id).chain(&entry.former).map(|id| (kind, id.clone())));
    }
    for removal in &case.desired.removed {
        meant.extend(removal.id.iter().map(|id| (case.model.kind(&removal.address.kind).name, id.clone())));
    }
    for (key, thing) in case.model.objects.iter().filter(|(key, _)| !meant.contains(*key)) {
        let now = after.objects.get(key);
        let same = now.is_some_and(|now| now.attributes == thing.attributes && now.secrets == thing.secrets);
        prop_assert!(same, "{:?} is nobody's and changed: {:?}", key, now);
    }
    let named: BTreeSet<(String, String)> = plan
        .steps
        .iter()
        .filter_map(|step| match &step.operation {
            StepOperation::Connect { bridge: ObjectRef::Id(bridge), number, .. }
            | StepOperation::Disconnect { bridge, number, .. } => Some((bridge.clone(), number.clone())),
            _ => None,
        })
        .collect();
    for (place, server) in case.model.servers().iter().filter(|(place, _)| !named.contains(*place)) {
        let bridge_is_there = after.objects.contains_key(&("bridges", place.0.clone()));
        prop_assert!(!bridge_is_there || after.servers().get(place) == Some(server), "{:?} was not named and changed", place);
    }
    Ok(())
}

/// An unrefused plan can be applied in every order that it allows, reaches the wanted state, changes nothing else, and leaves
/// nothing to plan.
#[test]
fn a_plan_carried_out_leaves_nothing_to_do() {
    let worked = Cell::new(0_u32);
    let total = std::env::var("TELFORM_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(2500);
    let result = TestRunner::new(cases(total)).run(&dice(ROLLS), |mut dice| {
        let case = Case::roll(&mut dice);
        if leaves_a_good_end(&case, &mut dice)? {
            worked.set(worked.get() + 1);
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    eprintln!("worked {} of {total}", worked.get());
    assert!(worked.get() > total / 8, "too few plans could be carried out: {}", worked.get());
}

/// Of two with one login the visible one is meant, although the other, which waits for a human, comes first.
#[test]
fn one_that_waits_for_a_human_is_not_taken_for_its_twin() {
    let mut dice = Dice::of(&[]);
    let mut case = Case::roll(&mut dice);
    for (id, hidden) in [("sid-1", true), ("sid-2", false)] {
        case.model.add("partners", id, hidden, &mut dice);
    }
    case.desired.kinds.insert("partners".into());
    case.want("partners", "a0", &mut dice);
    let object = case.desired.objects.values_mut().next().expect("wanted");
    object.attributes.insert("city", DesiredValue::Value("two".into()));
    let object = case.desired.objects.values().next().expect("wanted");
    assert_eq!(case.by_key(object).as_deref(), Some("sid-2"));
    assert!(leaves_a_good_end(&case, &mut dice).expect("a good end"));
}

impl Case {
    /// Duplicates, where the service's order may decide which one is reported first.
    fn ambiguous(&self) -> bool {
        let keys: Vec<String> = self
            .model
            .objects
            .iter()
            .map(|((kind, _), thing)| {
                let key = self.model.kind(kind).natural_key.iter().map(|name| format!("{:?}", thing.attributes.get(name)));
                format!("{kind} {}", key.collect::<String>())
            })
            .collect();
        keys.iter().collect::<BTreeSet<_>>().len() < keys.len()
    }
}

/// A tombstone for the object of an interrupted create, or for another object: only the first leaves no question open.
#[test]
fn what_a_create_made_that_was_cut_off_goes_and_another_object_does_not() {
    for (sent, goes) in [(Some("l0"), true), (Some("l1"), false), (None, false)] {
        let mut dice = Dice::of(&[]);
        let mut case = Case::roll(&mut dice);
        case.model.add("partners", "sid-1", false, &mut dice);
        let thing = case.model.objects.get_mut(&("partners", "sid-1".to_owned())).expect("added");
        thing.attributes.insert("login", "l0".into());
        let address = Address::new("partners", "a0");
        let mut key = LiteMap::new();
        sent.map(|login| key.insert("login".into(), login.into()));
        let attempt = PendingCreate { account: CARRIERX.into(), key, since: "2026-11-22T00:00:00Z".into(), created: None };
        case.ledger.attempts.insert(address.clone(), attempt);
        let place = SourceLocation::default();
        let (account, key, id) = (None, BTreeMap::new(), Some("sid-1".to_owned()));
        let removal = Removal { address, reason: None, keep: false, account, id, key, location: place };
        case.desired.removed.push(removal);
        case.desired.kinds.insert("partners".into());
        case.desired.accounts.get_mut(CARRIERX).expect("there").settings.insert("partner_delete", SettingValue::On);
        let plan = plan(&case, &case.live());
        let codes: Vec<&str> = plan.refusals.iter().map(|refusal| refusal.code.as_str()).collect();
        if goes {
            assert_eq!((plan.delete_steps().count(), codes.len()), (1, 0), "{codes:?}");
            assert!(leaves_a_good_end(&case, &mut dice).expect("a good end"));
        } else {
            assert_eq!(codes, ["refusal::gone_or_hidden"]);
            assert_eq!(plan.delete_steps().count(), 0);
        }
    }
}
