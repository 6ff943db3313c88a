//! Whether what people read (changes, impact, summary) is what the steps do.

use std::collections::{BTreeMap, BTreeSet};

use super::attributes::ALONE;
use super::check::{Check, kind_of, names};
use super::order::{Freed, Wires, freed, wires};
use super::requests::kinds;
use super::shape::{Action, Change, Effect, Impact, Learnt, Operation, Ref, Served, Spot, Step};

/// Every request is part of a change that lists it: nothing is done that the list of changes does not show.
pub(super) fn owners(check: &mut Check<'_>) {
    let order =
        |address: &str| address.split_once('.').map(|(kind, name)| (kind.to_owned(), name.to_owned()));
    if !check
        .plan
        .changes
        .iter()
        .map(|change| order(&change.address))
        .collect::<Vec<_>>()
        .windows(2)
        .all(|pair| pair[0] < pair[1])
    {
        check.no("/changes", "the changes are not in the order of their addresses, each once");
    }
    for (at, step) in check.steps() {
        let unmanaged = matches!(
            step.operation,
            Operation::Connect { .. } | Operation::Disconnect { .. } | Operation::ReadBack { .. }
        );
        match &step.address {
            None => check.must(unmanaged, at, "/address", "belongs to no object"),
            Some(address) => {
                let own = check.changes.get(address.as_str());
                let known =
                    own.is_some_and(|change| change.account == step.call.account || leaves(change, step));
                check.must(known, at, "/address", "belongs to no change of its account");
            }
        }
    }
    for (at, change) in check.plan.changes.iter().enumerate() {
        let place = format!("/changes/{at}");
        if !kinds().any(|(kind, ..)| *kind == kind_of(&change.address)) {
            check.no(
                &format!("{place}/address"),
                &format!("{} is no address of a known kind", change.address),
            );
        }
        let own: Vec<&str> =
            check.own(&change.address).into_iter().map(|(_, step)| step.id.as_str()).collect();
        if own != change.steps {
            check.no(&format!("{place}/steps"), &format!("{} does not list just its steps", change.address));
        }
    }
}

/// Whether a step takes something away from the account that an object leaves: there nothing is made, changed or connected.
fn leaves(change: &Change, step: &Step) -> bool {
    change.action == Action::Replace
        && left(change).any(|account| *account == step.call.account)
        && matches!(
            step.operation,
            Operation::Disconnect { .. } | Operation::ReadBack { .. } | Operation::Delete { .. }
        )
}

/// The accounts that an object leaves: the one that it moves from, and those where moves before it were cut off.
fn left(change: &Change) -> impl Iterator<Item = &String> {
    change.from_account.iter().chain(&change.also_leaves)
}

/// What is called a create deletes nothing, what is called an update makes nothing: the word that people see is the whole.
pub(super) fn actions(check: &mut Check<'_>) {
    for (at, change) in check.plan.changes.iter().enumerate() {
        let own: Vec<&Step> = check.own(&change.address).into_iter().map(|(_, step)| step).collect();
        if let Some(wrong) = misfit(change, &own) {
            check.no(&format!("/changes/{at}/action"), &format!("{}: {wrong}", change.address));
        }
    }
    for (at, step) in check.steps() {
        let Operation::Create { replaces, replaces_in, .. } = &step.operation else { continue };
        let change = step.address.as_deref().and_then(|address| check.changes.get(address));
        let replace = change.is_some_and(|change| change.action == Action::Replace);
        let from = change.and_then(|change| change.from_account.as_ref());
        let same = replaces.is_some() == replace
            && replaces_in.as_ref() == from
            && (replaces.is_some() || replaces_in.is_none());
        check.must(same, at, "/operation/replaces", "takes a place, and its change does not say so");
    }
}

/// Why the steps are not those of the action.
fn misfit(change: &Change, own: &[&Step]) -> Option<&'static str> {
    let count = |fits: fn(&Operation) -> bool| own.iter().filter(|step| fits(&step.operation)).count();
    let creates = count(|operation| matches!(operation, Operation::Create { .. }));
    let updates = count(|operation| matches!(operation, Operation::Update { .. }));
    let deletes = count(|operation| matches!(operation, Operation::Delete { .. }));
    let cuts = count(|operation| matches!(operation, Operation::Disconnect { .. }));
    let joins = count(|operation| matches!(operation, Operation::Connect { .. }));
    let is = |id: &String| change.id.as_ref() == Some(id);
    let mut seen = BTreeSet::new();
    for from in left(change) {
        if !seen.insert(from) {
            return Some("it leaves an account twice");
        }
        if change.action != Action::Replace || *from == change.account {
            return Some("only what takes the place of an object of another account leaves that account");
        }
        let gone =
            |step: &&Step| matches!(step.operation, Operation::Delete { .. }) && step.call.account == *from;
        if !own.iter().any(gone) {
            return Some("what moves to another account stays in the one that it leaves");
        }
    }
    let apart = |name: &str| change.action == Action::Update && ALONE.contains(&name);
    let names = || change.attributes.iter().map(|attribute| attribute.name.as_str());
    let plain =
        usize::from(names().any(|name| name != "numbers" && !apart(name))) + usize::from(names().any(apart));
    match change.action {
        Action::Create if (creates, updates, deletes, cuts) != (1, 0, 0, 0) => {
            Some("a create makes one object and nothing else")
        }
        Action::Create if change.id.is_some() => Some("what is created has no id yet"),
        Action::Update if own.is_empty() || updates != plain || creates + deletes > 0 => {
            Some("an update changes one object and nothing else")
        }
        Action::Replace if deletes == 0 || creates + updates != plain => {
            Some("a replace makes one object at most and deletes the old one")
        }
        Action::Delete if (creates, updates, deletes, joins) != (0, 0, 1, 0) => {
            Some("a delete deletes one object and nothing else")
        }
        _ => own.iter().find_map(|step| match &step.operation {
            Operation::Connect { bridge: Ref::Id(on), .. } | Operation::Disconnect { bridge: on, .. }
                if kind_of(&change.address) == "bridges" && change.action == Action::Update && !is(on) =>
            {
                Some("another bridge is rewired")
            }
            Operation::Update { id, .. } if change.action == Action::Update && !is(id) => {
                Some("another object is updated")
            }
            Operation::Delete { id, .. } if change.action == Action::Delete && !is(id) => {
                Some("another object is deleted")
            }
            Operation::Create { replaces: Some(old), .. } if !is(old) => {
                Some("the place of another object is taken")
            }
            Operation::Create { replaces: Some(old), .. }
                if !own
                    .iter()
                    .any(|step| matches!(&step.operation, Operation::Delete { id, .. } if id == old)) =>
            {
                Some("what is replaced stays")
            }
            _ => None,
        }),
    }
}

/// What the steps do to a number, as it must stand in the impact.
struct Expected<'a> {
    effect: Effect,
    from: Option<(&'a str, Option<&'a str>)>,
    /// Account that the number leaves, where it is another one.
    left: Option<&'a str>,
    to: Option<(&'a str, Option<&'a str>)>,
    dark_steps: u32,
}

/// The consequence that people approve, number by number, is counted again from the steps.
pub(super) fn impact(check: &mut Check<'_>) {
    let order = |impact: &Impact| (impact.effect as u8, impact.number.clone(), impact.account.clone());
    if !check.plan.impact.iter().map(order).is_sorted() {
        check.no("/impact", "the numbers are not in order: those that go dark come first");
    }
    let names = names(check);
    let label = |account: &str, served: &Served| match served {
        Served::By { id, .. } => names.get(&(account, id.as_str())).copied(),
        _ => None,
    };
    let mut told: BTreeMap<(&str, &str), Vec<(usize, &Impact)>> = BTreeMap::new();
    for (at, impact) in check.plan.impact.iter().enumerate() {
        told.entry((impact.account.as_str(), impact.number.as_str())).or_default().push((at, impact));
    }
    let freed = freed(check);
    let wires = wires(check);
    let mut all: BTreeMap<(&str, &str), Vec<Expected<'_>>> = BTreeMap::new();
    for ((account, number), wires) in &wires {
        let mut open: Vec<(&str, &Served)> =
            wires.cuts.iter().filter(|cut| *cut.2 != Served::Unserved).map(|cut| (cut.1, cut.2)).collect();
        let mut expected = Vec::new();
        for (at, bridge, provider, before) in &wires.joins {
            let on = match bridge {
                Ref::Id(slug) => slug.as_str(),
                Ref::Step(_) => check.made(*at, bridge, "bridges").unwrap_or_default(),
            };
            let by = match provider {
                Ref::Id(id) => names.get(&(*account, id.as_str())).copied(),
                Ref::Step(_) => check.made(*at, provider, "providers"),
            };
            let same = open.iter().position(|(cut, _)| *cut == on).or((!open.is_empty()).then_some(0));
            let cut = same.map(|same| open.remove(same));
            let (effect, from, dark_steps) = match (cut, before) {
                (Some((bridge, served)), _) => (Effect::Moves, Some((bridge, label(account, served))), 1),
                (None, Served::OneOf(ids)) if matches!(provider, Ref::Id(id) if ids.contains(id)) => {
                    (Effect::Settles, Some((on, None)), 0)
                }
                (None, Served::By { .. } | Served::OneOf(_)) => {
                    (Effect::Moves, Some((on, label(account, before))), 0)
                }
                (None, Served::NotThere | Served::Unserved) => (Effect::Connects, None, 0),
            };
            expected.push(Expected { effect, from, left: None, to: Some((on, by)), dark_steps });
        }
        expected.extend(open.into_iter().map(|(bridge, served)| Expected {
            effect: Effect::Dark,
            from: Some((bridge, label(account, served))),
            left: None,
            to: None,
            dark_steps: 0,
        }));
        all.insert((account, number), expected);
    }
    moves_across(&mut all, &wires);
    for ((account, number), expected) in all {
        let here = told.entry((account, number)).or_default();
        for expected in expected {
            let found = here.iter().position(|(_, impact)| expected.is(impact));
            // A number that goes off with its bridge there and is connected here moves; who served it stands in no step.
            let across = || here.iter().position(|(_, impact)| expected.is_after(impact, account, &freed));
            match found.or_else(across) {
                Some(found) => _ = here.remove(found),
                None => check.no(
                    "/impact",
                    &format!("{number} {}, and the impact does not say so", word(expected.effect)),
                ),
            }
        }
    }
    for (at, impact) in told.into_values().flatten() {
        // A number that goes dark with its bridge, where nothing else frees it; who served it there stands in no step.
        let dark = impact.effect == Effect::Dark && impact.to.is_none() && impact.dark_steps == 0;
        let from = impact.from.as_ref().map_or("", |from| from.bridge.as_str());
        if !dark || !freed.contains(&(impact.account.as_str(), from, impact.number.as_str())) {
            check.no(
                &format!("/impact/{at}"),
                &format!("no step makes {} do what is said here", impact.number),
            );
        }
    }
}

/// What goes dark in an account that does not connect it again, and is connected in one that has not cut it, moves.
fn moves_across<'a>(
    all: &mut BTreeMap<(&'a str, &'a str), Vec<Expected<'a>>>,
    wires: &BTreeMap<(&'a str, &'a str), Wires<'a>>,
) {
    let numbers: BTreeSet<&str> = all.keys().map(|(_, number)| *number).collect();
    for number in numbers {
        let accounts: Vec<&str> =
            all.keys().filter(|(_, other)| *other == number).map(|(account, _)| *account).collect();
        if accounts.len() < 2 {
            continue;
        }
        let mut dark = Vec::new();
        for account in accounts.iter().filter(|account| wires[&(**account, number)].joins.is_empty()) {
            let expected = all.entry((account, number)).or_default();
            dark.extend(expected.extract_if(.., |it| it.effect == Effect::Dark).map(|it| (*account, it)));
        }
        dark.reverse();
        for account in accounts.iter().filter(|account| wires[&(**account, number)].cuts.is_empty()) {
            let expected = all.entry((account, number)).or_default();
            for connect in expected.iter_mut().filter(|it| it.effect == Effect::Connects) {
                let Some((left, cut)) = dark.pop() else { break };
                (connect.effect, connect.from) = (Effect::Moves, cut.from);
                (connect.left, connect.dark_steps) = (Some(left), 1);
            }
        }
        for (account, cut) in dark {
            all.entry((account, number)).or_default().push(cut);
        }
    }
}

impl Expected<'_> {
    /// Whether it is a move of a number that another account's bridge takes off with itself.
    fn is_after(&self, impact: &Impact, account: &str, freed: &Freed<'_>) -> bool {
        let Some(from) = &impact.from else { return false };
        let left = from.account.as_deref();
        // In the same account it is dark from the delete over the create to the connect.
        let dark_steps = if left.is_some() { 0 } else { 2 };
        let moved = Expected {
            effect: Effect::Moves,
            from: Some((&from.bridge, None)),
            left,
            to: self.to,
            dark_steps,
        };
        self.effect == Effect::Connects
            && freed.contains(&(left.unwrap_or(account), from.bridge.as_str(), impact.number.as_str()))
            && moved.is(impact)
    }

    fn is(&self, impact: &Impact) -> bool {
        let stays = impact.to.as_ref().is_none_or(|to| to.account.is_none());
        let left = impact.from.as_ref().and_then(|from| from.account.as_deref());
        if !stays || left != self.left {
            return false;
        }
        let spot = |expected: Option<(&str, Option<&str>)>, told: &Option<Spot>| match (expected, told) {
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

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Dark => "goes dark",
        Effect::Moves => "moves",
        Effect::Connects => "is connected",
        Effect::Settles => "is settled",
    }
}

/// Nothing goes to an organization that the service did not confirm, but in a plan that says so and is not applied.
pub(super) fn organizations(check: &mut Check<'_>) {
    let (told, plan) = (&check.document.origin.organizations, check.plan);
    let refused = |account: &str| {
        let of = |code: &str| code == "unconfirmed_organization";
        plan.refusals.iter().any(|refusal| of(&refusal.code) && refusal.account == account)
    };
    for (at, step) in check.steps() {
        let account = step.call.account.as_str();
        let confirmed = told.get(account).is_none_or(|word| word == "confirmed");
        let reads = matches!(step.operation, Operation::ReadBack { .. });
        check.must(
            confirmed || reads || refused(account),
            at,
            "/call/account",
            "goes to an organization that is not confirmed",
        );
    }
}

/// Whether the ledger has another object under the address than the entry means: until that is decided nothing is done to either,
/// and neither is forgotten.
fn means_another(refusal: &super::shape::Refusal) -> bool {
    ["account_changed", "pin_changed"].contains(&refusal.code.as_str())
}

/// Nothing is done to an object that the plan refuses to take for another one, and it is not adopted.
pub(super) fn apart(check: &mut Check<'_>) {
    let plan = check.plan;
    for (at, step) in check.steps() {
        // A number that a run left dark is connected all the same.
        if !matches!(
            step.operation,
            Operation::Create { .. } | Operation::Update { .. } | Operation::Delete { .. }
        ) {
            continue;
        }
        let refused = plan.refusals.iter().any(|it| means_another(it) && it.address == step.address);
        check.must(
            !refused,
            at,
            "/address",
            "is about an object that the plan refuses to take for another one",
        );
    }
    for (at, learnt) in plan.ledger.iter().enumerate() {
        let (Learnt::Adopt { address, .. } | Learnt::AdoptHidden { address, .. }) = learnt else { continue };
        if plan.refusals.iter().any(|it| means_another(it) && it.address.as_ref() == Some(address)) {
            check.no(
                &format!("/ledger/{at}"),
                "adopts an object that the plan refuses to take for another one",
            );
        }
    }
}

/// What the ledger would learn is about a known account and contradicts no change: an object that is made is not adopted.
pub(super) fn learnt(check: &mut Check<'_>) {
    let plan = check.plan;
    let mut seen = BTreeSet::new();
    for (at, learnt) in plan.ledger.iter().enumerate() {
        let (Learnt::Adopt { address, account, id } | Learnt::AdoptHidden { address, account, id }) = learnt
        else {
            continue;
        };
        let change = check.changes.get(address.as_str());
        let right = check.accounts.contains_key(account.as_str())
            && kinds().any(|(kind, ..)| *kind == kind_of(address))
            && change.is_none_or(|change| {
                change.account == *account
                    && match change.action {
                        Action::Update => change.id.as_ref().is_none_or(|known| known == id),
                        Action::Replace => true,
                        Action::Create | Action::Delete => false,
                    }
            });
        if !right || !seen.insert(address) {
            check.no(
                &format!("/ledger/{at}"),
                &format!("{address} is adopted as something else than its change says"),
            );
        }
    }
}
