//! Whether the steps stand in an order in which nothing is cut, connected or deleted too early.

use std::collections::{BTreeMap, BTreeSet};

use super::attributes::is_alone;
use super::check::{Check, kind_of};
use super::requests::kinds;
use super::shape::{Action, Operation, Phase, Ref, Served, Step};
use super::take_over::{freed_by, served_before, takes_over};

/// Names of steps are their places: a step that is left out, doubled or moved shows.
pub(super) fn ids(check: &mut Check<'_>) {
    for (at, step) in check.steps() {
        check.must(step.id == format!("s{}", at + 1), at, "/id", "does not have the name of its place");
    }
}

/// Everything that is needed is made before anything is cut, and everything is cut and read back before anything is deleted.
pub(super) fn phases(check: &mut Check<'_>) {
    let mut last = Phase::Create;
    for (at, step) in check.steps() {
        let own = match step.operation {
            _ if takes_over(check, step) => Phase::TakeOver,
            Operation::Create { .. } => Phase::Create,
            Operation::Update { .. } => Phase::Update,
            Operation::Connect { .. } | Operation::Disconnect { .. } => Phase::Rewire,
            Operation::ReadBack { .. } => Phase::ReadBack,
            Operation::Delete { .. } => Phase::Delete,
        };
        check.must(step.phase == own, at, "/phase", "does not belong to its phase");
        check.must(own >= last, at, "/phase", "comes after a step of a later phase");
        last = own;
    }
}

/// A step waits for earlier ones only, so that no two wait for each other and none waits for ever.
pub(super) fn waits(check: &mut Check<'_>) {
    for (at, step) in check.steps() {
        let mut last = None;
        for (index, id) in step.waits_for.iter().enumerate() {
            let other = check.at.get(id.as_str()).copied().filter(|other| *other < at);
            let good = other.is_some() && other > last;
            check.must(
                good,
                at,
                &format!("/waits_for/{index}"),
                &format!("waits for {id}, which is no earlier step in its order"),
            );
            last = other;
        }
    }
}

/// No object is made, changed or deleted twice, no number cut or connected twice on a bridge, and no bridge read twice: a
/// repeated step would meet what the first one left.
pub(super) fn once(check: &mut Check<'_>) {
    let mut seen = BTreeSet::new();
    for (at, step) in check.steps() {
        let address = step.address.clone().unwrap_or_default();
        let kind = kind_of(&address).to_owned();
        let (what, on, which) = match &step.operation {
            Operation::Create { .. } => ("create", Ref::Id(address), String::new()),
            Operation::Update { id, .. } if is_alone(step) => ("change apart", Ref::Id(id.clone()), kind),
            // What is deleted is not changed before.
            Operation::Update { id, .. } | Operation::Delete { id, .. } => {
                ("change", Ref::Id(id.clone()), kind)
            }
            Operation::Connect { bridge, number, .. } => ("connect", bridge.clone(), number.clone()),
            Operation::Disconnect { bridge, number, .. } => ("cut", Ref::Id(bridge.clone()), number.clone()),
            Operation::ReadBack { bridge, .. } => ("read", bridge.clone(), String::new()),
        };
        let new = seen.insert((step.call.account.as_str(), what, on, which));
        check.must(new, at, "/operation", "does what an earlier step has done");
    }
}

/// What the plan does to one number: where it is cut, where it is connected.
#[derive(Default)]
pub(super) struct Wires<'a> {
    pub(super) cuts: Vec<(usize, &'a str, &'a Served)>,
    pub(super) joins: Vec<(usize, &'a Ref, &'a Ref, &'a Served)>,
}

/// By account and number.
pub(super) fn wires<'a>(check: &Check<'a>) -> BTreeMap<(&'a str, &'a str), Wires<'a>> {
    let mut wires: BTreeMap<_, Wires<'a>> = BTreeMap::new();
    for (at, step) in check.steps() {
        let account = step.call.account.as_str();
        match &step.operation {
            Operation::Disconnect { bridge, number, before } => {
                wires.entry((account, number.as_str())).or_default().cuts.push((at, bridge, before));
            }
            Operation::Connect { bridge, number, provider, before } => {
                wires
                    .entry((account, number.as_str()))
                    .or_default()
                    .joins
                    .push((at, bridge, provider, before));
            }
            _ => {}
        }
    }
    wires
}

/// Ids of this kind that the plan deletes, with the position of the delete.
fn deleted<'a>(check: &Check<'a>, kind: &str) -> BTreeMap<(&'a str, &'a str), usize> {
    let of = |step: &'a Step| match &step.operation {
        Operation::Delete { id, .. } if kind_of(step.address.as_deref().unwrap_or_default()) == kind => {
            Some((step.call.account.as_str(), id.as_str()))
        }
        _ => None,
    };
    check.steps().filter_map(|(at, step)| Some((of(step)?, at))).collect()
}

/// A number is cut before it is connected again, and not before what it moves to is there: else it would stay dark. Nothing
/// is connected to what the same plan deletes.
pub(super) fn numbers(check: &mut Check<'_>) {
    let (bridges, providers) = (deleted(check, "bridges"), deleted(check, "providers"));
    let all = wires(check);
    across(check, &all);
    for ((account, number), wires) in all {
        check.must_number(
            number,
            wires.cuts.first().map(|cut| cut.0).or(wires.joins.first().map(|join| join.0)),
        );
        for (at, _, before) in &wires.cuts {
            check.must(
                **before != Served::NotThere,
                *at,
                "/operation/before",
                "cuts a number that is not there",
            );
        }
        for (at, bridge, provider, before) in &wires.joins {
            for (cut, on, _) in &wires.cuts {
                let (cut_id, join_id) = (&check.plan.steps[*cut].id, &check.plan.steps[*at].id);
                let told = format!("connects {number} and does not wait for {cut_id}, which cuts it");
                check.must(check.waits[*at].contains(cut_id.as_str()), *at, "/waits_for", &told);
                for made in [bridge, provider] {
                    let Ref::Step(made) = made else { continue };
                    let told = format!("cuts {number} before {made} has made what {join_id} connects it to");
                    check.must(check.waits[*cut].contains(made.as_str()), *cut, "/waits_for", &told);
                }
                let same = **bridge == Ref::Id((*on).to_owned());
                let free = !same || **before == Served::NotThere;
                check.must(free, *at, "/operation/before", "believes in a connection that the plan cuts");
            }
            let gone = |of: &Ref, deletes: &BTreeMap<(&str, &str), usize>| matches!(of, Ref::Id(id) if deletes.contains_key(&(account, id.as_str())));
            let stays = !gone(bridge, &bridges) && !gone(provider, &providers);
            check.must(stays, *at, "/operation", "connects to what this plan deletes");
        }
    }
}

/// A number that one account cuts and does not connect again, and another one connects and has not cut, moves: it is cut first
/// there too, and not before what it moves to is there.
fn across(check: &mut Check<'_>, all: &BTreeMap<(&str, &str), Wires<'_>>) {
    for ((left, number), from) in all.iter().filter(|(_, wires)| wires.joins.is_empty()) {
        let others = all
            .iter()
            .filter(|((account, other), wires)| other == number && account != left && wires.cuts.is_empty());
        let joins: Vec<_> = others.flat_map(|(_, wires)| &wires.joins).collect();
        for (cut, ..) in &from.cuts {
            for (at, bridge, provider, _) in &joins {
                let (cut_id, join_id) = (&check.plan.steps[*cut].id, &check.plan.steps[*at].id);
                let told = format!(
                    "connects {number} and does not wait for {cut_id}, which cuts it in account {left}"
                );
                check.must(check.waits[*at].contains(cut_id.as_str()), *at, "/waits_for", &told);
                for made in [bridge, provider] {
                    let Ref::Step(made) = made else { continue };
                    let told = format!("cuts {number} before {made} has made what {join_id} connects it to");
                    check.must(check.waits[*cut].contains(made.as_str()), *cut, "/waits_for", &told);
                }
            }
        }
    }
}

impl Check<'_> {
    fn must_number(&mut self, number: &str, at: Option<usize>) {
        let digits = number.strip_prefix('+').unwrap_or(number);
        let good = !digits.trim().is_empty() && !digits.chars().any(char::is_control);
        if let Some(at) = at {
            self.must(good, at, "/operation/number", "is about something that is no number");
        }
    }
}

/// The steps that rewire a bridge, and what it must show after them.
type Done = (Vec<usize>, BTreeMap<String, Option<Ref>>);

/// Every bridge that is rewired is read once, after all that was done to it, and must show exactly that: a delete relies on it.
pub(super) fn read_backs(check: &mut Check<'_>) {
    let mut after: BTreeMap<(&str, Ref), Done> = BTreeMap::new();
    for (at, step) in check.steps() {
        let (bridge, number, provider) = match &step.operation {
            Operation::Disconnect { bridge, number, .. } => (Ref::Id(bridge.clone()), number, None),
            Operation::Connect { bridge, number, provider, .. } => {
                (bridge.clone(), number, Some(provider.clone()))
            }
            Operation::ReadBack { bridge, numbers } => {
                let Some((done, shown)) = after.remove(&(step.call.account.as_str(), bridge.clone())) else {
                    check.no_step(at, "/operation/bridge", "reads a bridge that nothing was done to");
                    continue;
                };
                check.must(
                    shown == *numbers,
                    at,
                    "/operation/numbers",
                    "does not confirm what was cut and connected",
                );
                for done in done {
                    let id = &check.plan.steps[done].id;
                    let waits = check.waits[at].contains(id.as_str());
                    check.must(waits, at, "/waits_for", &format!("confirms {id} and does not wait for it"));
                }
                continue;
            }
            _ => continue,
        };
        let (done, shown) = after.entry((step.call.account.as_str(), bridge)).or_default();
        done.push(at);
        shown.insert(number.clone(), provider);
    }
    for (done, _) in after.into_values() {
        check.no_step(done[0], "", "changes a bridge that is not read back");
    }
}

/// The rule that telform exists for: no delete starts before every cut of the plan was done and read back; and a delete says
/// exactly which connections were cut for it. Bridges go first, then providers, then partners.
pub(super) fn deletes(check: &mut Check<'_>) {
    let read_backs: Vec<&str> = check
        .steps()
        .filter(|(_, step)| matches!(step.operation, Operation::ReadBack { .. }))
        .filter(|(_, step)| step.phase != Phase::TakeOver)
        .map(|(_, step)| step.id.as_str())
        .collect();
    let relieved = relieved(check);
    let mut last = 0;
    for (at, step) in check.steps() {
        let Operation::Delete { id, cut, frees, seats, unread, .. } = &step.operation else { continue };
        let seated =
            seats.iter().all(|(number, seat)| frees.contains(number) && seat.served != Served::NotThere);
        check.must(seated, at, "/operation/seats", "says how numbers stood that it does not free");
        let address = step.address.as_deref().unwrap_or_default();
        let rank = kinds().position(|(kind, ..)| *kind == kind_of(address)).unwrap_or(usize::MAX);
        check.must(rank >= last, at, "", "is not in the order bridges, providers, partners");
        last = rank;
        for read_back in &read_backs {
            let waits = check.waits[at].contains(read_back);
            check.must(
                waits,
                at,
                "/waits_for",
                &format!("deletes without waiting for {read_back}, which reads back"),
            );
        }
        let told: BTreeSet<(&str, &str)> =
            cut.iter().map(|(bridge, number)| (bridge.as_str(), number.as_str())).collect();
        let key = (step.call.account.as_str(), kind_of(address), id.as_str());
        let done = relieved.get(&key).cloned().unwrap_or_default();
        let same = told == done && told.len() == cut.len();
        check.must(
            same,
            at,
            "/operation/cut",
            "does not name just the connections that this plan cuts from it",
        );
        // What may use it and was not read is either allowed by number, or the plan refuses.
        let allowed = check.document.origin.options.max_unreadable_bridges.unwrap_or(0);
        let refused = check.plan.refusals.iter().any(|refusal| {
            refusal.code == "unreadable_bridges" && refusal.address.as_deref() == Some(address)
        });
        let doubt = "deletes what bridges that were not read may use, and nothing allows it";
        check.must(unread.len() as u64 <= allowed || refused, at, "/operation/unread", doubt);
        let is_bridge = kind_of(address) == "bridges";
        let freed_once = frees.iter().collect::<BTreeSet<_>>().len() == frees.len()
            && !frees.iter().any(|number| told.contains(&(id.as_str(), number.as_str())));
        check.must(
            frees.is_empty() || (is_bridge && freed_once),
            at,
            "/operation/frees",
            "frees numbers that it cannot free",
        );
        replaced(check, at, id, address);
    }
    frees_first(check);
}

/// Account, kind and id to the connections that the plan takes from it.
type Relieved<'a> = BTreeMap<(&'a str, &'a str, &'a str), BTreeSet<(&'a str, &'a str)>>;

/// All cuts on a bridge; from a configuration the cuts, and the connects that overwrite where the service cannot cut.
fn relieved<'a>(check: &Check<'a>) -> Relieved<'a> {
    let mut relieved: Relieved<'a> = BTreeMap::new();
    for (_, step) in check.steps() {
        let account = step.call.account.as_str();
        let (bridge, number, before) = match &step.operation {
            Operation::Disconnect { bridge, number, before } => {
                relieved.entry((account, "bridges", bridge)).or_default().insert((bridge, number));
                (bridge, number, before)
            }
            Operation::Connect { bridge: Ref::Id(bridge), number, before, .. } => (bridge, number, before),
            _ => continue,
        };
        if let Served::By { id, .. } = before {
            relieved.entry((account, "providers", id)).or_default().insert((bridge, number));
        }
    }
    relieved
}

/// Where only the delete of a bridge frees its numbers, the configuration that served them goes after that bridge.
fn frees_first(check: &mut Check<'_>) {
    let mut servers = BTreeMap::new();
    for impact in &check.plan.impact {
        if let Some(from) = &impact.from {
            servers.insert(
                (impact.account.as_str(), from.bridge.as_str(), impact.number.as_str()),
                from.provider.as_str(),
            );
        }
    }
    for (at, step) in check.steps() {
        let Operation::Delete { id, frees, .. } = &step.operation else { continue };
        for number in frees {
            let served = servers.get(&(step.call.account.as_str(), id.as_str(), number.as_str())).copied();
            for server in served
                .map(|by| by.strip_prefix("one of ").unwrap_or(by))
                .into_iter()
                .flat_map(|by| by.split(", "))
            {
                let mut gone = check.own(server);
                gone.retain(|(_, other)| matches!(other.operation, Operation::Delete { .. }));
                let waits = gone.is_empty()
                    || gone.iter().any(|(other, _)| check.waits[*other].contains(step.id.as_str()));
                check.must(
                    waits,
                    at,
                    "/operation/frees",
                    &format!("frees {number} of {server}, whose delete does not wait for it"),
                );
            }
        }
    }
}

/// What is replaced goes after what takes its place has come.
fn replaced(check: &mut Check<'_>, at: usize, id: &str, address: &str) {
    if check.changes.get(address).is_none_or(|change| change.action != Action::Replace) {
        return;
    }
    for (_, other) in check.own(address) {
        if let Operation::Create { replaces, replaces_in, .. } = &other.operation
            && replaces.as_deref() == Some(id)
            && *replaces_in.as_ref().unwrap_or(&other.call.account) == check.plan.steps[at].call.account
        {
            if freed_by(check, other).is_some_and(|(delete, _)| delete == at) {
                served_before(check, at, other);
                continue;
            }
            let waits = check.waits[at].contains(other.id.as_str());
            check.must(
                waits,
                at,
                "/waits_for",
                &format!("does not wait for {}, which takes its place", other.id),
            );
        }
    }
}

/// Account, bridge and number of what goes off with its bridge.
pub(super) type Freed<'a> = BTreeSet<(&'a str, &'a str, &'a str)>;

pub(super) fn freed<'a>(check: &Check<'a>) -> Freed<'a> {
    let deletes = check.steps().filter_map(|(_, step)| match &step.operation {
        Operation::Delete { id, frees, .. } => Some((step, id, frees)),
        _ => None,
    });
    let numbers = deletes.flat_map(|(step, id, frees)| {
        frees.iter().map(|number| (step.call.account.as_str(), id.as_str(), number.as_str()))
    });
    numbers.collect()
}
