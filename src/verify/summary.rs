//! Checks that what people read (changes, impact, summary) is what the steps do.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::attributes::{goes_alone, kind_of_step};
use super::context::{CheckerContext, configuration_names, kind_of};
use super::facts::kind;
use super::number_entries::{entry_mismatch, entry_words, order_of};
use super::order::{CheckerNumberSteps, FreedNumbers, freed_numbers, steps_by_number};
use super::references::text_at;
use super::shape::{
    CheckerAction, CheckerChange, CheckerEffect, CheckerImpact, CheckerLedgerUpdate, CheckerNumberLocation, CheckerOperation,
    CheckerRef, CheckerServedState, CheckerShownValue, CheckerStep,
};

/// Every request is part of a change that lists it: nothing is done outside the list of changes.
pub(super) fn check_step_owners(check: &mut CheckerContext<'_>) {
    let order: Vec<_> = check.plan.changes.iter().map(|change| order_of(&change.address)).collect();
    if !order.windows(2).all(|pair| pair[0] < pair[1]) {
        check.report("/changes", "the changes are not in the order of their addresses, each once");
    }
    let existing = check.plan.existing.iter();
    let existing: BTreeSet<(&str, &str, &str)> =
        existing.map(|(address, it)| (it.account.as_str(), kind_of(address), it.id.as_str())).collect();
    for (at, step) in check.numbered_steps() {
        match &step.address {
            None => check.require(step.operation.is_link(), at, "/address", "belongs to no object"),
            Some(address) => {
                let own = check.changes.get(address.as_str());
                let known =
                    own.is_some_and(|change| change.account == step.call.account || takes_from_left_account(change, step));
                check.require(known, at, "/address", "belongs to no change of its account");
            }
        }
        if let CheckerOperation::Update { id, .. } | CheckerOperation::Delete { id, .. } = &step.operation {
            let kind = kind_of(step.address.as_deref().unwrap_or_default());
            let referred = existing.contains(&(step.call.account.as_str(), kind, id.as_str()));
            check.require(!referred, at, "/operation/id", "changes what is only referred to");
        }
    }
    for (at, change) in check.plan.changes.iter().enumerate() {
        let place = format!("/changes/{at}");
        if kind(kind_of(&change.address)).is_none() && entry_words(&change.address).is_none() {
            check.report(&format!("{place}/address"), &format!("{} is not an address of a known kind", change.address));
        }
        if check.plan.existing.contains_key(&change.address) {
            check.report(&format!("{place}/address"), &format!("{} is only referred to, and changes", change.address));
        }
        let own: Vec<&str> = check.steps_of(&change.address).into_iter().map(|(_, step)| step.id.as_str()).collect();
        if !own.iter().eq(&change.steps) {
            check.report(&format!("{place}/steps"), &format!("{} does not list just its steps", change.address));
        }
    }
}

/// Whether a step removes something from the account that an object leaves: nothing is created, changed or connected there.
fn takes_from_left_account(change: &CheckerChange, step: &CheckerStep) -> bool {
    change.action == CheckerAction::Replace
        && left_accounts(change).any(|account| *account == step.call.account)
        && matches!(
            step.operation,
            CheckerOperation::Disconnect { .. } | CheckerOperation::ReadBack { .. } | CheckerOperation::Delete { .. }
        )
}

/// The accounts that an object leaves: the one that it moves from, and those of earlier interrupted moves.
fn left_accounts(change: &CheckerChange) -> impl Iterator<Item = &SmolStr> {
    change.from_account.iter().chain(&change.also_leaves)
}

/// A create deletes nothing, and an update creates nothing: the action that people see is complete.
pub(super) fn check_actions(check: &mut CheckerContext<'_>) {
    for (at, change) in check.plan.changes.iter().enumerate() {
        let own: Vec<&CheckerStep> = check.steps_of(&change.address).into_iter().map(|(_, step)| step).collect();
        let wrong = match entry_words(&change.address) {
            Some(_) => entry_mismatch(change, &own),
            None => action_mismatch(check, change, &own),
        };
        if let Some(wrong) = wrong {
            check.report(&format!("/changes/{at}/action"), &format!("{}: {wrong}", change.address));
        }
    }
    for (at, step) in check.numbered_steps() {
        let CheckerOperation::Create { replaces, replaces_in, .. } = &step.operation else { continue };
        let change = step.address.as_deref().and_then(|address| check.changes.get(address));
        let replace = change.is_some_and(|change| change.action == CheckerAction::Replace);
        let from = change.and_then(|change| change.from_account.as_ref());
        let same = replaces.is_some() == replace && replaces_in.as_ref() == from && (replaces.is_some() || replaces_in.is_none());
        check.require(same, at, "/operation/replaces", "takes a place, and its change does not say so");
    }
}

/// Why the steps are not those of the action.
fn action_mismatch(check: &CheckerContext<'_>, change: &CheckerChange, own: &[&CheckerStep]) -> Option<&'static str> {
    let count = |fits: fn(&CheckerOperation) -> bool| own.iter().filter(|step| fits(&step.operation)).count();
    let creates = count(|operation| matches!(operation, CheckerOperation::Create { .. }));
    let updates = count(|operation| matches!(operation, CheckerOperation::Update { .. }));
    let deletes = count(|operation| matches!(operation, CheckerOperation::Delete { .. }));
    let cuts = count(|operation| matches!(operation, CheckerOperation::Disconnect { .. }));
    let joins = count(|operation| matches!(operation, CheckerOperation::Connect { .. }));
    let is = |id: &SmolStr| change.id.as_ref() == Some(id);
    let mut seen = BTreeSet::new();
    for from in left_accounts(change) {
        if !seen.insert(from) {
            return Some("it leaves an account twice");
        }
        if change.action != CheckerAction::Replace || *from == change.account {
            return Some("only what replaces an object of another account leaves that account");
        }
        let gone = |step: &&CheckerStep| matches!(step.operation, CheckerOperation::Delete { .. }) && step.call.account == *from;
        if !own.iter().any(gone) {
            return Some("what moves to another account stays in the one that it leaves");
        }
    }
    let apart = |name: &str| change.action == CheckerAction::Update && goes_alone(&change.address, name);
    let members = check.links(&change.account).map_or("", |links| links.members);
    let names = || change.attributes.iter().map(|attribute| attribute.name.as_str());
    let plain = usize::from(names().any(|name| name != members && !apart(name))) + usize::from(names().any(apart));
    match change.action {
        CheckerAction::Create if (creates, updates, deletes, cuts) != (1, 0, 0, 0) => {
            Some("a create makes one object and nothing else")
        }
        CheckerAction::Create if change.id.is_some() => Some("what is created has no id yet"),
        CheckerAction::Update if own.is_empty() || updates != plain || creates + deletes > 0 => {
            Some("an update changes one object and nothing else")
        }
        CheckerAction::Replace if deletes == 0 || creates + updates != plain => {
            Some("a replace makes one object at most and deletes the old one")
        }
        CheckerAction::Delete if (creates, updates, deletes, joins) != (0, 0, 1, 0) => {
            Some("a delete deletes one object and nothing else")
        }
        _ => own.iter().find_map(|step| match &step.operation {
            CheckerOperation::Connect { bridge: CheckerRef::Id(on), .. } | CheckerOperation::Disconnect { bridge: on, .. }
                if check.is_holder(&change.account, kind_of(&change.address))
                    && change.action == CheckerAction::Update
                    && !is(on) =>
            {
                Some("other numbers are reconnected")
            }
            CheckerOperation::Update { id, .. } if change.action == CheckerAction::Update && !is(id) => {
                Some("another object is updated")
            }
            CheckerOperation::Delete { id, .. } if change.action == CheckerAction::Delete && !is(id) => {
                Some("another object is deleted")
            }
            CheckerOperation::Create { replaces: Some(old), .. } if !is(old) => Some("the place of another object is taken"),
            CheckerOperation::Create { replaces: Some(old), .. }
                if !own.iter().any(|step| matches!(&step.operation, CheckerOperation::Delete { id, .. } if id == old)) =>
            {
                Some("what is replaced stays")
            }
            _ => None,
        }),
    }
}

/// What the steps do to a number, as the impact must show it.
struct ExpectedImpact<'a> {
    effect: CheckerEffect,
    from: Option<(&'a str, Option<&'a str>)>,
    /// Account that the number leaves, where it differs.
    left: Option<&'a str>,
    to: Option<(&'a str, Option<&'a str>)>,
    dark_steps: u32,
}

/// Computes the consequences that people approve, number by number, again from the steps.
pub(super) fn check_impact(check: &mut CheckerContext<'_>) {
    let order = |impact: &CheckerImpact| (impact.effect as u8, impact.number.clone(), impact.account.clone());
    if !check.plan.impact.iter().map(order).is_sorted() {
        check.report("/impact", "the numbers are not in order: those that go dark come first");
    }
    let names = configuration_names(check);
    let label = |account: &str, served: &CheckerServedState| match served {
        CheckerServedState::By { id, .. } => names.get(&(account, id.as_str())).copied(),
        _ => None,
    };
    let mut told: BTreeMap<(&str, &str), Vec<(usize, &CheckerImpact)>> = BTreeMap::new();
    for (at, impact) in check.plan.impact.iter().enumerate() {
        told.entry((impact.account.as_str(), impact.number.as_str())).or_default().push((at, impact));
    }
    let freed = freed_numbers(check);
    let wires = steps_by_number(check);
    let mut all: BTreeMap<(&str, &str), Vec<ExpectedImpact<'_>>> = BTreeMap::new();
    for ((account, number), wires) in &wires {
        let mut open: Vec<(&str, &CheckerServedState)> =
            wires.cuts.iter().filter(|cut| *cut.2 != CheckerServedState::Unserved).map(|cut| (cut.1, cut.2)).collect();
        let mut expected = Vec::new();
        for (at, bridge, provider, before) in &wires.joins {
            let on = match bridge {
                CheckerRef::Id(slug) => slug.as_str(),
                CheckerRef::Step(_) => check.made_holder(*at, bridge).unwrap_or_default(),
            };
            let by = match provider {
                CheckerRef::Id(id) => names.get(&(*account, id.as_str())).copied(),
                CheckerRef::Step(_) => check.made_target(*at, provider),
            };
            let same = open.iter().position(|(cut, _)| *cut == on).or((!open.is_empty()).then_some(0));
            let cut = same.map(|same| open.remove(same));
            let (effect, from, dark_steps) = match (cut, before) {
                (Some((bridge, served)), _) => (CheckerEffect::Moves, Some((bridge, label(account, served))), 1),
                (None, CheckerServedState::OneOf(ids)) if matches!(provider, CheckerRef::Id(id) if ids.contains(id)) => {
                    (CheckerEffect::Settles, Some((on, None)), 0)
                }
                (None, CheckerServedState::By { .. } | CheckerServedState::OneOf(_)) => {
                    (CheckerEffect::Moves, Some((on, label(account, before))), 0)
                }
                (None, CheckerServedState::NotThere | CheckerServedState::Unserved) => (CheckerEffect::Connects, None, 0),
            };
            expected.push(ExpectedImpact { effect, from, left: None, to: Some((on, by)), dark_steps });
        }
        expected.extend(open.into_iter().map(|(bridge, served)| ExpectedImpact {
            effect: CheckerEffect::Dark,
            from: Some((bridge, label(account, served))),
            left: None,
            to: None,
            dark_steps: 0,
        }));
        all.insert((account, number), expected);
    }
    merge_moves_across_accounts(&mut all, &wires);
    for ((account, number), expected) in all {
        let here = told.entry((account, number)).or_default();
        for expected in expected {
            let found = here.iter().position(|(_, impact)| expected.matches(impact));
            // A number that leaves with its bridge there and is connected here moves; no step says what served it.
            let across = || here.iter().position(|(_, impact)| expected.is_move_after_delete(impact, account, &freed));
            match found.or_else(across) {
                Some(found) => _ = here.remove(found),
                None => {
                    check.report("/impact", &format!("{number} {}, and the impact does not say so", effect_name(expected.effect)))
                }
            }
        }
    }
    for (at, impact) in told.into_values().flatten() {
        // A number that goes dark with its bridge, or on a target that lets no call through; no step says what serves it there.
        let dark = impact.effect == CheckerEffect::Dark && impact.to.is_none() && impact.dark_steps == 0;
        let (account, number) = (impact.account.as_str(), impact.number.as_str());
        let freed = freed.contains(&(account, impact.from.as_ref().map_or("", |from| from.bridge.as_str()), number));
        let joined = wires.get(&(account, number)).is_some_and(|it| !it.joins.is_empty());
        if !dark || !(freed || joined || impact.from.as_ref().is_some_and(|from| is_darkened(check, &from.provider))) {
            check.report(&format!("/impact/{at}"), &format!("no step makes {} do what is said here", impact.number));
        }
    }
}

/// Whether an update gives a target a value with which it lets no call through, or a delete takes something that its calls go to.
fn is_darkened(check: &CheckerContext<'_>, address: &str) -> bool {
    // Where no change names the target, its id is not known here.
    let id = check.plan.references.get(address).map(|it| it.id.as_str()).or(address.rsplit_once(' ').map(|(_, id)| id));
    let takes = |step: &CheckerStep| {
        let CheckerOperation::Delete { before, .. } = &step.operation else { return false };
        let attribute = kind_of_step(step).and_then(|kind| kind.destination_of);
        attribute.and_then(|name| before.get(name)).is_some_and(|of| id.is_none_or(|id| text_at(&of.tree(), "") == id))
    };
    check.numbered_steps().any(|(_, step)| takes(step)) || closes(check, address)
}

/// Whether the change of an object gives it a value with which it lets no call through.
pub(super) fn closes(check: &CheckerContext<'_>, address: &str) -> bool {
    let Some((name, value)) = kind(kind_of(address)).and_then(|kind| kind.darkens) else { return false };
    let mut shown = check.changes.get(address).into_iter().flat_map(|change| &change.attributes).filter(|it| it.name == name);
    shown.any(|it| matches!(&it.after, CheckerShownValue::Value(after) if after.tree() == value))
}

/// A number that goes dark in an account that does not connect it again, and is connected in one that has not
/// disconnected it, moves.
fn merge_moves_across_accounts<'a>(
    all: &mut BTreeMap<(&'a str, &'a str), Vec<ExpectedImpact<'a>>>,
    wires: &BTreeMap<(&'a str, &'a str), CheckerNumberSteps<'a>>,
) {
    let mut numbers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (account, number) in all.keys() {
        numbers.entry(number).or_default().push(account);
    }
    for (number, accounts) in numbers.into_iter().filter(|(_, accounts)| accounts.len() > 1) {
        let mut dark = Vec::new();
        for account in accounts.iter().filter(|account| wires[&(**account, number)].joins.is_empty()) {
            let expected = all.entry((account, number)).or_default();
            dark.extend(expected.extract_if(.., |it| it.effect == CheckerEffect::Dark).map(|it| (*account, it)));
        }
        dark.reverse();
        for account in accounts.iter().filter(|account| wires[&(**account, number)].cuts.is_empty()) {
            let expected = all.entry((account, number)).or_default();
            for connect in expected.iter_mut().filter(|it| it.effect == CheckerEffect::Connects) {
                let Some((left, cut)) = dark.pop() else { break };
                (connect.effect, connect.from) = (CheckerEffect::Moves, cut.from);
                (connect.left, connect.dark_steps) = (Some(left), 1);
            }
        }
        for (account, cut) in dark {
            all.entry((account, number)).or_default().push(cut);
        }
    }
}

impl ExpectedImpact<'_> {
    /// Whether it is a move of a number that leaves with another account's bridge.
    fn is_move_after_delete(&self, impact: &CheckerImpact, account: &str, freed: &FreedNumbers<'_>) -> bool {
        let Some(from) = &impact.from else { return false };
        let left = from.account.as_deref();
        // In the same account it is dark from the delete through the create to the connect.
        let dark_steps = if left.is_some() { 0 } else { 2 };
        let moved =
            ExpectedImpact { effect: CheckerEffect::Moves, from: Some((&from.bridge, None)), left, to: self.to, dark_steps };
        self.effect == CheckerEffect::Connects
            && freed.contains(&(left.unwrap_or(account), from.bridge.as_str(), impact.number.as_str()))
            && moved.matches(impact)
    }

    fn matches(&self, impact: &CheckerImpact) -> bool {
        let stays = impact.to.as_ref().is_none_or(|to| to.account.is_none());
        let left = impact.from.as_ref().and_then(|from| from.account.as_deref());
        if !stays || left != self.left {
            return false;
        }
        let spot = |expected: Option<(&str, Option<&str>)>, told: &Option<CheckerNumberLocation>| match (expected, told) {
            (None, None) => true,
            (Some((bridge, provider)), Some(told)) => {
                told.bridge == bridge && provider.is_none_or(|provider| told.provider == provider)
            }
            _ => false,
        };
        impact.effect == self.effect
            && impact.dark_steps == self.dark_steps
            && spot(self.from, &impact.from)
            && spot(self.to, &impact.to)
    }
}

fn effect_name(effect: CheckerEffect) -> &'static str {
    match effect {
        CheckerEffect::Dark => "goes dark",
        CheckerEffect::Moves => "moves",
        CheckerEffect::Connects => "is connected",
        CheckerEffect::Settles => "is settled",
    }
}

/// Nothing is written to an organization that the service did not confirm, except in a plan that says so and is not applied.
pub(super) fn check_organizations(check: &mut CheckerContext<'_>) {
    let (told, plan) = (&check.document.origin.organizations, check.plan);
    let refused = |account: &str| {
        let of = |code: &str| code == "unconfirmed_organization";
        plan.refusals.iter().any(|refusal| of(&refusal.code) && refusal.account == account)
    };
    for (at, step) in check.numbered_steps() {
        let account = step.call.account.as_str();
        let confirmed = told.get(account).is_none_or(|word| word == "confirmed");
        let reads = matches!(step.operation, CheckerOperation::ReadBack { .. });
        let may = confirmed || reads || refused(account);
        check.require(may, at, "/call/account", "goes to an organization that is not confirmed");
    }
}

/// Whether the ledger has a different object under the address from the entry's: until that is decided nothing is done to either,
/// and neither is forgotten.
fn means_another(refusal: &super::shape::CheckerRefusal) -> bool {
    ["account_changed", "pin_changed"].contains(&refusal.code.as_str())
}

/// Nothing is done to an object that the plan refuses to treat as another one, and it is not adopted.
pub(super) fn check_refused_untouched(check: &mut CheckerContext<'_>) {
    let plan = check.plan;
    let refused = plan.refusals.iter().filter(|it| means_another(it)).flat_map(|it| &it.addresses);
    let refused: BTreeSet<&str> = refused.map(SmolStr::as_str).collect();
    for (at, step) in check.numbered_steps() {
        // A number that a run left dark is nevertheless connected.
        let refused = step.address.as_deref().is_some_and(|address| refused.contains(address));
        check.require(
            step.operation.is_link() || !refused,
            at,
            "/address",
            "is about an object that the plan refuses to take for another one",
        );
    }
    for (at, learnt) in plan.ledger.iter().enumerate() {
        let (CheckerLedgerUpdate::Adopt { address, .. } | CheckerLedgerUpdate::AdoptHidden { address, .. }) = learnt else {
            continue;
        };
        if refused.contains(address.as_str()) {
            check.report(&format!("/ledger/{at}"), "adopts an object that the plan refuses to take for another one");
        }
    }
}

/// The effects on the ledger concern a known account and contradict no change: a created object is not adopted.
pub(super) fn check_ledger_updates(check: &mut CheckerContext<'_>) {
    let plan = check.plan;
    let mut seen = BTreeSet::new();
    for (at, learnt) in plan.ledger.iter().enumerate() {
        let (CheckerLedgerUpdate::Adopt { address, account, id } | CheckerLedgerUpdate::AdoptHidden { address, account, id }) =
            learnt
        else {
            continue;
        };
        let change = check.changes.get(address.as_str());
        let right = check.accounts.contains_key(account.as_str())
            && (kind(kind_of(address)).is_some() || entry_words(address).is_some())
            && change.is_none_or(|change| {
                change.account == *account
                    && match change.action {
                        CheckerAction::Update => change.id.as_ref().is_none_or(|known| known == id),
                        CheckerAction::Replace => true,
                        CheckerAction::Create | CheckerAction::Delete => false,
                    }
            });
        if !right || !seen.insert(address) {
            check.report(&format!("/ledger/{at}"), &format!("{address} is adopted as something else than its change says"));
        }
    }
}
