//! Properties of guards, refusals and selections, also on inputs that contradict themselves.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use telform::model::call::{BodyValue, CallBody};
use telform::model::resource::{Address, Connection, Desired, LiveState, OrganizationCheck, ServedBy};
use telform::model::value::CompactValue;
use telform::plan::{Plan, RefusalCode, StepOperation, StepPhase};

use crate::properties::case::{Case, entry, plan};
use crate::properties::cases;
use crate::properties::dice::{Dice, dice};
use crate::properties::execute::{execute, lacks_secret, meets_hidden};
use crate::properties::planning::{ROLLS, bytes};
use crate::properties::values::NUMBERS;

/// A possibly inconsistent case: bridges that were not read, ids that do not exist, uncertainty everywhere.
pub(crate) fn torn(dice: &mut Dice) -> (Case, LiveState) {
    let mut case = Case::roll(dice);
    let mut live = case.live();
    let ids = |case: &Case, dice: &mut Dice| dice.any(&case.model.ids("providers")).unwrap_or_else(|| "99".to_owned());
    for connection in live.accounts.values_mut().filter_map(|account| account.connections.as_mut()).flatten() {
        let set = |case: &Case, dice: &mut Dice| BTreeSet::from([ids(case, dice), ids(case, dice), "98".to_owned()]);
        connection.served_by = match dice.below(8) {
            0 => ServedBy::OneOf(set(&case, dice)),
            1 => ServedBy::recorded(ids(&case, dice)),
            2 => ServedBy::inferred("97".to_owned()),
            3 => ServedBy::Unserved,
            _ => continue,
        };
        if dice.once_in(4) {
            connection.number_id = None;
        }
    }
    for account in live.accounts.values_mut() {
        if dice.once_in(8) {
            account.connections = None;
        }
        if dice.once_in(8) {
            account.facts.generation = dice.pick(&[None, Some(1), Some(2)]);
        }
        if dice.once_in(8) {
            account.facts.organization = OrganizationCheck::Unconfirmed("nobody says".to_owned());
        }
        if dice.once_in(8) {
            account.facts.catalogue.clear();
        }
        if dice.once_in(8) {
            account.objects.clear();
        }
        if let (Some(connections), true) = (&mut account.connections, dice.once_in(6)) {
            let number = dice.pick(&NUMBERS).to_owned();
            let bridge = dice.pick(&["sales", "nowhere"]).to_owned();
            // One reading shows a pair once (the attribution gathers by pair).
            if !connections.iter().any(|other| other.bridge == bridge && other.number == number) {
                let target = ServedBy::exact("41".to_owned());
                connections.push(Connection {
                    bridge,
                    number,
                    number_id: Some(7),
                    served_by: target,
                    other_candidates: BTreeSet::new(),
                });
            }
        }
    }
    if dice.once_in(10) {
        live.accounts.clear();
    }
    if dice.once_in(6) {
        case.ledger.key_check = Some("another key".to_owned());
    }
    for object in case.desired.objects.values_mut() {
        if dice.once_in(8) {
            object.id = Some(dice.pick(&["41", "42", "sales", "sid-0", "none"]).to_owned());
        }
        if dice.once_in(12) {
            object.account = dice.pick(&["u", "c", "nobody"]).to_owned();
        }
        if dice.once_in(16) {
            object.shapes = telform::services::shapes_of_kind(&object.address.kind);
        }
    }
    if dice.once_in(6) {
        let stranger = Address::new(dice.pick(&["providers", "bridges", "partners", "unheard"]), "x");
        case.ledger.objects.insert(stranger.clone(), entry(dice.pick(&["u", "c", "gone"]), "41"));
        case.options.excludes.insert(stranger);
    }
    select(&mut case, dice);
    (case, live)
}

fn addresses(desired: &Desired) -> Vec<Address> {
    desired.objects.keys().chain(desired.removed.iter().map(|gone| &gone.address)).cloned().collect()
}

fn select(case: &mut Case, dice: &mut Dice) {
    let known = addresses(&case.desired);
    if dice.once_in(3) {
        case.options.targets.extend(dice.any(&known));
    }
    if dice.once_in(3) {
        case.options.excludes.extend(dice.any(&known));
    }
    case.options.destroy = dice.once_in(8);
    if let (Some(address), true) = (dice.any(&known), dice.once_in(4)) {
        case.options.rewrite_secrets.insert((address, None));
    }
}

fn deletes(plan: &Plan) -> impl Iterator<Item = (&Address, &str, &str)> {
    plan.delete_steps().filter_map(|step| match (&step.operation, &step.address) {
        (StepOperation::Delete { id, .. }, Some(address)) => Some((address, step.call.account.as_str(), id.as_str())),
        _ => None,
    })
}

fn limits(case: &Case) -> (u64, u64) {
    let guards = case.options.guards.or(case.desired.guards);
    (guards.max_deletes.unwrap_or(0), guards.max_numbers_dark.unwrap_or(0))
}

proptest! {
    #![proptest_config(cases(800))]

    #[test]
    fn planning_is_total_and_its_steps_stay_in_order(mut dice in dice(ROLLS)) {
        let (case, live) = torn(&mut dice);
        let plan = plan(&case, &live);
        prop_assert_eq!(&plan.digest, &plan.computed_digest());
        prop_assert!(plan.steps.iter().map(|step| step.phase).is_sorted());
        for (index, step) in plan.steps.iter().enumerate() {
            prop_assert_eq!(&step.id, &format!("s{}", index + 1));
            if plan.is_refused() {
                continue;
            }
            let empty = step.call.body.iter().flat_map(CallBody::own_entries).find(|(name, sent)| {
                name.ends_with("_id") && **sent == BodyValue::Value(CompactValue::Null)
            });
            prop_assert!(empty.is_none(), "{} names nothing: {:?}", step.id, empty);
            for earlier in step.steps_waited_for() {
                prop_assert!(plan.steps[..index].iter().any(|step| step.id == *earlier), "{} waits for {}", step.id, earlier);
            }
        }
        let again: Plan = serde_json::from_str(&bytes(&plan)).expect("a saved plan can be read");
        prop_assert_eq!(again.computed_digest(), plan.digest);
    }

    #[test]
    fn guards_hold_on_whatever_was_read(mut dice in dice(ROLLS)) {
        let (case, live) = torn(&mut dice);
        let plan = plan(&case, &live);
        let refused = |code| plan.refusals.iter().any(|refusal| refusal.code == code);
        // Without a generation nothing is written at all, and nothing more is looked at.
        let doubted = || refused(RefusalCode::AmbiguousConnection) || refused(RefusalCode::UnknownGeneration);
        let (most_deletes, most_dark) = limits(&case);
        for account in ["u", "c"] {
            let count = deletes(&plan).filter(|(_, of, _)| *of == account).count() as u64;
            prop_assert!(count <= most_deletes || refused(RefusalCode::MaxDeletes));
            let Some(live) = live.accounts.get(account) else { continue };
            let unsure = matches!(live.facts.organization, OrganizationCheck::Unconfirmed(_));
            prop_assert!(count == 0 || !unsure || refused(RefusalCode::UnconfirmedOrganization));
        }
        let cut: BTreeSet<&String> = plan.steps.iter().filter_map(|step| match &step.operation {
            StepOperation::Disconnect { number, before, .. } if *before != ServedBy::Unserved => Some(number),
            _ => None,
        }).collect();
        let joined: BTreeSet<&String> = plan.steps.iter().filter_map(|step| match &step.operation {
            StepOperation::Connect { number, .. } => Some(number),
            _ => None,
        }).collect();
        prop_assert!(cut.difference(&joined).count() as u64 <= most_dark || refused(RefusalCode::MaxNumbersDark));
        for (address, account, id) in deletes(&plan) {
            // The protection of the ledger holds under whatever name the object is deleted.
            let held = case.ledger.objects.iter().any(|(other, entry)| {
                entry.prevent_delete && other.kind == address.kind && entry.account == account && entry.id == id
            });
            prop_assert!(!held || plan.is_refused(), "{address} {id} is protected");
            let said = case.desired.objects.get(address).is_some_and(|object| object.prevent_delete);
            let former = case.ledger.objects.get(address).is_some_and(|entry| entry.former.contains(id));
            prop_assert!(!said || former || plan.is_refused(), "{address} is protected");
            if address.kind != "providers" {
                continue;
            }
            let connections = live.accounts.get(account).and_then(|account| account.connections.as_ref());
            let Some(connections) = connections else {
                prop_assert!(doubted(), "{id} goes, and no bridge was read");
                continue;
            };
            for connection in connections.iter().filter(|c| matches!(c.served_by, ServedBy::OneOf(_)) && c.served_by.may_be(id)) {
                let bridge_goes = deletes(&plan).any(|(address, _, id)| address.kind == "bridges" && id == connection.bridge);
                prop_assert!(bridge_goes || doubted(), "{connection:?} may be of {id}");
            }
        }
    }

    /// A guard that refuses for no reason would soon be switched off.
    #[test]
    fn doubt_is_refused_where_it_matters_and_nowhere_else(mut dice in dice(ROLLS)) {
        let (case, live) = torn(&mut dice);
        let plan = plan(&case, &live);
        let refused = |code, account: &str| {
            plan.refusals.iter().any(|refusal| refusal.code == code && refusal.account == account)
        };
        for (name, account) in &case.desired.accounts {
            let facts = live.accounts.get(name).map(|live| &live.facts);
            let writes = plan.steps.iter().any(|step| step.call.account == *name && step.phase != StepPhase::ReadBack);
            let no_generation = facts.is_none_or(|facts| facts.generation.is_none());
            prop_assert_eq!(
                refused(RefusalCode::UnknownGeneration, name),
                writes && no_generation && !account.service.generations().is_empty(),
                "generation of {}", name
            );
            let unsure = facts.is_some_and(|facts| matches!(facts.organization, OrganizationCheck::Unconfirmed(_)));
            prop_assert_eq!(
                refused(RefusalCode::UnconfirmedOrganization, name),
                unsure && writes,
                "organization of {}", name
            );
        }
    }

    #[test]
    fn no_step_is_about_what_was_not_asked_for(mut dice in dice(ROLLS)) {
        let (case, live) = torn(&mut dice);
        let plan = plan(&case, &live);
        let kinds: BTreeSet<&str> = case.desired.kinds.iter().map(|kind| kind.as_str())
            .chain(case.desired.removed.iter().map(|gone| gone.address.kind.as_str()))
            .collect();
        // A target brings along what it names, and what that names.
        let mut meant = case.options.targets.clone();
        let mut open: Vec<Address> = meant.iter().cloned().collect();
        while let Some(address) = open.pop() {
            let Some(object) = case.desired.objects.get(&address) else { continue };
            let serving = object.numbers.iter().flat_map(|numbers| numbers.values().map(|wanted| wanted.provider.clone()));
            let named = serving.chain(object.references().into_iter().map(|(_, address)| address));
            open.extend(named.filter(|address| meant.insert(address.clone())));
        }
        let about = plan.steps.iter().filter_map(|step| step.address.as_ref())
            .chain(plan.changes.iter().map(|change| &change.address));
        for address in about {
            prop_assert!(kinds.contains(address.kind.as_str()), "no file mentions {}", address.kind);
            prop_assert!(meant.is_empty() || meant.contains(address), "{address} is no target");
            prop_assert!(!case.options.excludes.contains(address), "{address} is excluded");
        }
        if case.options.destroy {
            prop_assert!(plan.steps.iter().all(|step| step.phase >= StepPhase::Rewire), "--destroy makes nothing");
        }
    }

    /// What really goes dark is counted, whatever the plan says about it; and a partial plan changes only its part.
    #[test]
    fn numbers_go_dark_only_as_far_as_allowed(mut dice in dice(ROLLS)) {
        let mut case = Case::roll(&mut dice);
        select(&mut case, &mut dice);
        let live = case.live();
        let plan = plan(&case, &live);
        if plan.is_refused() || lacks_secret(&case, &plan) || meets_hidden(&case, &plan) {
            return Ok(());
        }
        let run = match execute(&case, &plan, &live, &mut dice) {
            Ok(run) => run,
            Err(why) => return Err(TestCaseError::fail(why)),
        };
        let served = |model: &crate::properties::model::Model| -> BTreeMap<String, ()> {
            model.servers().into_iter().filter_map(|((_, number), server)| server.map(|_| (number, ()))).collect()
        };
        let (before, after) = (served(&case.model), served(&run.model));
        let dark = before.keys().filter(|number| !after.contains_key(*number)).count() as u64;
        let (most_deletes, most_dark) = limits(&case);
        prop_assert!(dark <= most_dark, "{dark} numbers went dark");
        for kind in [&["providers", "bridges"][..], &["partners"][..]] {
            let there = |model: &crate::properties::model::Model| -> BTreeSet<(&str, String)> {
                model.objects.keys().filter(|(name, _)| kind.contains(name)).cloned().collect()
            };
            let gone = there(&case.model).difference(&there(&run.model)).count() as u64;
            prop_assert!(gone <= most_deletes, "{gone} objects are gone");
        }
        if !case.options.targets.is_empty() || !case.options.excludes.is_empty() {
            let about: BTreeSet<&Address> = plan.steps.iter().filter_map(|step| step.address.as_ref()).collect();
            for ((kind, id), thing) in &case.model.objects {
                let claimed = case.ledger.objects.iter().find(|(address, entry)| address.kind == *kind && entry.id == *id);
                let Some((address, _)) = claimed.filter(|(address, _)| !about.contains(address)) else { continue };
                let natural = case.desired.objects.values().any(|object| case.by_key(object).as_ref() == Some(id));
                let former = case.ledger.objects.values().any(|entry| entry.former.contains(id));
                let tomb = case.desired.removed.iter().any(|gone| gone.id.as_ref() == Some(id));
                let now = run.model.objects.get(&(*kind, id.clone()));
                let same = now.is_some_and(|now| now.attributes == thing.attributes && now.secrets == thing.secrets);
                prop_assert!(same || natural || former || tomb, "{} {} belongs to {}", kind, id, address);
            }
        }
    }
}
