//! The findings of a plan.

use super::{Finding, FindingRisk, NOT_READ, PlaceOf, parse_place};
use crate::output::view::groups::{ChangeGroups, FOLDED, ShownChanges, fold};
use crate::output::view::ranking::{ChangeRisk, rank_changes};
use crate::output::view::wording::{self, StepIndex};
use crate::plan::{ChangeAction, NumberEffect, NumberImpact, Plan, PlanRefusal};
use crate::text::list_first_few;

/// Longest value in a detail, in characters.
const VALUE: usize = 80;

/// Refusals first, then what was not read, then what is lost, then every other change; at the end what the plan says of itself. A plan that does nothing
/// and has nothing to say has none.
pub fn findings_of_plan(plan: &Plan, place_of: &PlaceOf<'_>) -> Vec<Finding> {
    let new = Finding::new;
    let mut found: Vec<Finding> = Vec::new();
    found.extend(wording::describe_limits(plan).map(|limits| new("plan::limited", FindingRisk::Info, limits)));
    found.extend(refused(plan, place_of));
    found.extend(
        wording::not_read(plan)
            .map(|(notice, text)| new(NOT_READ, FindingRisk::Critical, text).at(notice.address.as_ref().and_then(place_of))),
    );
    found.extend(wording::other_hosts(plan).map(|text| new("plan::other_host", FindingRisk::Major, text)));
    found.extend(wording::for_reviewers(plan).map(|text| new("plan::look_twice", FindingRisk::Major, text)));
    let (ranked, steps) = (rank_changes(plan), StepIndex::from_plan(plan));
    let groups = ChangeGroups::from_ranked(&ranked, &steps);
    found.extend(groups.shown(ChangeAction::Delete, false).iter().map(|deleted| changed(deleted, place_of)));
    found.extend(cut_numbers(plan));
    found.extend(moved_numbers(plan));
    found.extend(plan.not_taken.iter().map(|untaken| {
        new("plan::not_taken", FindingRisk::Major, wording::not_taken_sentence(untaken)).at(place_of(&untaken.address))
    }));
    found.extend(
        wording::not_undone(plan)
            .into_iter()
            .map(|(sentence, of)| new("plan::cannot_be_undone", FindingRisk::Major, format!("{sentence}: {}", of.join(", ")))),
    );
    let others = groups.shown_all().into_iter().filter(|shown| shown.action() != ChangeAction::Delete);
    found.extend(others.map(|shown| changed(&shown, place_of)));
    if !found.is_empty() {
        found.extend(wording::describe_ledger(plan).map(|ledger| new("plan::ledger", FindingRisk::Info, ledger)));
    }
    found
}

/// Refusals, equal ones as one with its objects.
fn refused(plan: &Plan, place_of: &PlaceOf<'_>) -> Vec<Finding> {
    let new = |refusal: &PlanRefusal, message| {
        let place = refusal.place.as_deref().and_then(parse_place);
        let place = place.or_else(|| place_of(refusal.addresses.first()?));
        Finding::new(refusal.code.as_str(), FindingRisk::Blocker, message).at(place)
    };
    let (apart, folded) = fold(&plan.refusals, false, |it| (it.code.as_str(), &it.account, &it.attribute, &it.detail));
    let mut found: Vec<Finding> = apart.into_iter().map(|refusal| new(refusal, wording::refusal_sentence(refusal))).collect();
    found.extend(folded.into_iter().map(|equal| {
        let names: Vec<String> = equal.iter().map(|refusal| wording::refusal_subject(refusal)).collect();
        let message = format!("{} refusals: {}; {}", equal.len(), equal[0].detail, equal[0].help());
        new(equal[0], message).with([list_first_few(&names)])
    }));
    found
}

/// Numbers that nothing serves afterwards.
fn cut_numbers(plan: &Plan) -> Vec<Finding> {
    numbers_with_effect(plan, NumberEffect::Dark, FindingRisk::Critical)
}

/// Numbers that something else serves afterwards, also on bridges that no file declares.
fn moved_numbers(plan: &Plan) -> Vec<Finding> {
    numbers_with_effect(plan, NumberEffect::Moves, FindingRisk::Major)
}

/// One by one where they are few.
fn numbers_with_effect(plan: &Plan, effect: NumberEffect, risk: FindingRisk) -> Vec<Finding> {
    let numbers = wording::with_effect(plan, effect);
    let new = |text| Finding::new("plan::phone_number", risk, text);
    if numbers.len() >= FOLDED {
        let names: Vec<&str> = numbers.iter().map(|number| number.number.as_str()).collect();
        let text = wording::impact_sentence(effect, &numbers);
        return vec![new(text).with(Some(list_first_few(&names)))];
    }
    let one = |number: &NumberImpact| {
        new(format!("{} is {}: {}", number.number, wording::effect_word(number.effect), wording::from_and_to(plan, number)))
    };
    numbers.iter().map(one).collect()
}

/// A change, or many alike ones as one.
fn changed(shown: &ShownChanges<'_, '_>, place_of: &PlaceOf<'_>) -> Finding {
    let (first, action) = (shown.first(), shown.action());
    let sentence = |change| match action {
        ChangeAction::Delete => wording::delete_sentence(change),
        _ => wording::change_sentence(change),
    };
    let (message, risk, names, leaves) = match shown {
        ShownChanges::One(one) => (sentence(one.change), one.risk, None, one.leaves.iter().collect::<Vec<_>>()),
        ShownChanges::Folded(group) => {
            (group.sentence(), group.members[0].risk, Some(group.names()), group.shared_leaves().collect())
        }
    };
    let risk = match risk {
        ChangeRisk::Loss => FindingRisk::Critical,
        // What is new takes nothing from what there is.
        _ if action == ChangeAction::Create => FindingRisk::Info,
        ChangeRisk::Place => FindingRisk::Major,
        ChangeRisk::Host | ChangeRisk::Mail | ChangeRisk::Secret | ChangeRisk::Account => FindingRisk::Minor,
        ChangeRisk::Other => FindingRisk::Info,
    };
    let leaves = leaves.into_iter().filter(|_| action != ChangeAction::Delete).map(|leaf| leaf.on_one_line(VALUE));
    let code = format!("plan::{}", action.as_str());
    Finding::new(code, risk, message).at(place_of(&first.address)).with(names.into_iter().chain(leaves))
}
