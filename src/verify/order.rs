//! Checks that the steps are in an order in which nothing is disconnected, connected or deleted too early.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::attributes::{is_separate_update, kind_of_step};
use super::context::{CheckerContext, kind_of};
use super::facts::{Links, kinds};
use super::references::text_at;
use super::requests::request_entries;
use super::shape::{CheckerAction, CheckerOperation, CheckerPayload, CheckerPhase, CheckerRef, CheckerServedState, CheckerStep};
use super::summary::closes;
use super::take_over::{check_served_before, freeing_delete, takes_over};

/// The names of steps are their positions: an omitted, duplicated or moved step is detected.
pub(super) fn check_ids(check: &mut CheckerContext<'_>) {
    for (at, step) in check.numbered_steps() {
        check.require(step.id == format!("s{}", at + 1), at, "/id", "does not have the name of its place");
    }
}

/// Everything that is needed is created before anything is disconnected, and every disconnect is done and read back before
/// anything is deleted.
pub(super) fn check_phases(check: &mut CheckerContext<'_>) {
    let mut last = CheckerPhase::Create;
    for (at, step) in check.numbered_steps() {
        let own = match step.operation {
            _ if takes_over(check, step) => CheckerPhase::TakeOver,
            CheckerOperation::Create { .. } => CheckerPhase::Create,
            CheckerOperation::Update { .. } if closes(check, step.address.as_deref().unwrap_or_default()) => CheckerPhase::Close,
            CheckerOperation::Update { .. } => CheckerPhase::Update,
            CheckerOperation::Connect { .. } | CheckerOperation::Disconnect { .. } => CheckerPhase::Rewire,
            CheckerOperation::ReadBack { .. } => CheckerPhase::ReadBack,
            CheckerOperation::Delete { .. } => CheckerPhase::Delete,
        };
        check.require(step.phase == own, at, "/phase", "does not belong to its phase");
        check.require(own >= last, at, "/phase", "comes after a step of a later phase");
        let waits = own != CheckerPhase::Close || check.waits[at].contains(READ_BACK_BARRIER);
        check.require(waits, at, "/waits_for", "closes what numbers may leave, and does not wait for phase:read_back");
        last = own;
    }
}

/// What a delete and a step that closes a target wait for: every read-back of the plan.
pub(super) const READ_BACK_BARRIER: &str = "phase:read_back";

/// A step waits only for earlier ones, so no two steps wait for each other and none waits forever. Deletes, and what closes a
/// target, wait for every read-back besides, and say so last; no other step waits for a whole phase.
pub(super) fn check_waits(check: &mut CheckerContext<'_>) {
    for (at, step) in check.numbered_steps() {
        let mut last = None;
        for (index, id) in step.waits_for.iter().enumerate() {
            if id == READ_BACK_BARRIER {
                let may = step.phase == CheckerPhase::Close || matches!(step.operation, CheckerOperation::Delete { .. });
                let good = may && index + 1 == step.waits_for.len();
                let told = format!("waits for {id}, which only a delete or a close does, once and last");
                check.require(good, at, &format!("/waits_for/{index}"), &told);
                continue;
            }
            let other = check.positions.get(id.as_str()).copied().filter(|other| *other < at);
            let good = other.is_some() && other > last;
            let told = format!("waits for {id}, which is not an earlier step in its order");
            check.require(good, at, &format!("/waits_for/{index}"), &told);
            last = other;
        }
    }
}

/// No object is created, changed or deleted twice, no number disconnected or connected twice on a bridge, and no bridge
/// read twice: a repeated step would find the result of the first one.
pub(super) fn check_once(check: &mut CheckerContext<'_>) {
    let mut seen = BTreeSet::new();
    for (at, step) in check.numbered_steps() {
        let address = step.address.clone().unwrap_or_default();
        let kind = SmolStr::from(kind_of(&address));
        let (what, on, which) = match &step.operation {
            CheckerOperation::Create { .. } => ("create", CheckerRef::Id(address), SmolStr::default()),
            CheckerOperation::Update { id, .. } if is_separate_update(step) => ("change apart", CheckerRef::Id(id.clone()), kind),
            // A deleted object is not changed before.
            CheckerOperation::Update { id, .. } | CheckerOperation::Delete { id, .. } => {
                ("change", CheckerRef::Id(id.clone()), kind)
            }
            CheckerOperation::Connect { bridge, number, .. } => ("connect", bridge.clone(), number.clone()),
            CheckerOperation::Disconnect { bridge, number, .. } => ("cut", CheckerRef::Id(bridge.clone()), number.clone()),
            CheckerOperation::ReadBack { bridge, .. } => ("read", bridge.clone(), SmolStr::default()),
        };
        let new = seen.insert((step.call.account.as_str(), what, on, which));
        check.require(new, at, "/operation", "does what an earlier step has done");
    }
}

/// What the plan does to one number: where it is disconnected, where it is connected.
#[derive(Default)]
pub(super) struct CheckerNumberSteps<'a> {
    pub(super) cuts: Vec<(usize, &'a str, &'a CheckerServedState)>,
    pub(super) joins: Vec<(usize, &'a CheckerRef, &'a CheckerRef, &'a CheckerServedState)>,
}

/// By account and number.
pub(super) fn steps_by_number<'a>(check: &CheckerContext<'a>) -> BTreeMap<(&'a str, &'a str), CheckerNumberSteps<'a>> {
    let mut wires: BTreeMap<_, CheckerNumberSteps<'a>> = BTreeMap::new();
    for (at, step) in check.numbered_steps() {
        let account = step.call.account.as_str();
        match &step.operation {
            CheckerOperation::Disconnect { bridge, number, before } => {
                wires.entry((account, number.as_str())).or_default().cuts.push((at, bridge, before));
            }
            CheckerOperation::Connect { bridge, number, provider, before } => {
                wires.entry((account, number.as_str())).or_default().joins.push((at, bridge, provider, before));
            }
            _ => {}
        }
    }
    wires
}

/// Ids of holders or targets that the plan deletes, with the position of the delete.
fn deletes_of_kind<'a>(check: &CheckerContext<'a>, is: fn(&Links, &str) -> bool) -> BTreeMap<(&'a str, &'a str), usize> {
    let of = |step: &'a CheckerStep| {
        let CheckerOperation::Delete { id, .. } = &step.operation else { return None };
        let own = is(check.links(&step.call.account)?, kind_of(step.address.as_deref().unwrap_or_default()));
        own.then_some((step.call.account.as_str(), id.as_str()))
    };
    check.numbered_steps().filter_map(|(at, step)| Some((of(step)?, at))).collect()
}

/// A number is disconnected before it is connected again, and not before its new configuration exists: otherwise it would
/// stay dark. Nothing is connected to an object that the same plan deletes.
pub(super) fn check_number_order(check: &mut CheckerContext<'_>) {
    let bridges = deletes_of_kind(check, |links, kind| links.holder == kind);
    let providers = deletes_of_kind(check, |links, kind| links.targets.contains(&kind));
    let (all, destinations) = (steps_by_number(check), destinations_made(check));
    check_order_across_accounts(check, &all);
    for ((account, number), wires) in all {
        check.require_number(number, wires.cuts.first().map(|cut| cut.0).or(wires.joins.first().map(|join| join.0)));
        for (at, _, before) in &wires.cuts {
            check.require(**before != CheckerServedState::NotThere, *at, "/operation/before", "cuts a number that is not there");
        }
        for (at, bridge, provider, before) in &wires.joins {
            for made in destinations.get(&(account, (*provider).clone())).into_iter().flatten() {
                let made = &check.plan.steps[*made].id;
                let told = format!("connects {number} to what has no destination before {made}, and does not wait for it");
                check.require(check.waits[*at].contains(made.as_str()), *at, "/waits_for", &told);
            }
            for (cut, on, _) in &wires.cuts {
                check.require_cut_first(number, *cut, (*at, bridge, provider), "");
                let same = **bridge == CheckerRef::Id((*on).into());
                let needless = same && check.links(account).is_some_and(Links::replaces);
                let join_id = &check.plan.steps[*at].id;
                check.require(!needless, *cut, "", format_args!("cuts {number}, which {join_id} alone would move"));
                let free = !same || **before == CheckerServedState::NotThere;
                check.require(free, *at, "/operation/before", "believes in a connection that the plan cuts");
            }
            let gone = |of: &CheckerRef, deletes: &BTreeMap<(&str, &str), usize>| matches!(of, CheckerRef::Id(id) if deletes.contains_key(&(account, id.as_str())));
            let stays = !gone(bridge, &bridges) && !gone(provider, &providers);
            check.require(stays, *at, "/operation", "connects to what this plan deletes");
        }
    }
}

/// A number that one account disconnects and does not connect again, and another one connects without having disconnected it,
/// moves: here, too, it is disconnected first, and not before its new configuration exists.
fn check_order_across_accounts(check: &mut CheckerContext<'_>, all: &BTreeMap<(&str, &str), CheckerNumberSteps<'_>>) {
    let mut joining: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for ((_, number), wires) in all.iter().filter(|(_, wires)| wires.cuts.is_empty()) {
        joining.entry(number).or_default().extend(&wires.joins);
    }
    for ((left, number), from) in all.iter().filter(|(_, wires)| wires.joins.is_empty()) {
        let joins = joining.get(number).map(Vec::as_slice).unwrap_or_default();
        for (cut, ..) in &from.cuts {
            for (at, bridge, provider, _) in joins {
                check.require_cut_first(number, *cut, (*at, bridge, provider), &format!(" in account {left}"));
            }
        }
    }
}

/// The creates of what the calls of a target go to, by account and target.
fn destinations_made<'a>(check: &CheckerContext<'a>) -> BTreeMap<(&'a str, CheckerRef), Vec<usize>> {
    let mut made: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, step) in check.numbered_steps().filter(|(_, step)| matches!(step.operation, CheckerOperation::Create { .. })) {
        let attribute = kind_of_step(step).and_then(|kind| kind.destination_of);
        let of = match attribute.and_then(|name| request_entries(step)?.get(name)) {
            Some(CheckerPayload::WithIds { ids, .. }) => CheckerRef::Step(ids.values().next().cloned().unwrap_or_default()),
            Some(CheckerPayload::Value(id)) => CheckerRef::Id(text_at(&id.tree(), "").into()),
            _ => continue,
        };
        made.entry((step.call.account.as_str(), of)).or_default().push(at);
    }
    made
}

impl CheckerContext<'_> {
    /// A number is cut before it is connected, and not before that exists to which it is connected.
    fn require_cut_first(&mut self, number: &str, cut: usize, join: (usize, &CheckerRef, &CheckerRef), there: &str) {
        let (cut_id, join_id) = (&self.plan.steps[cut].id, &self.plan.steps[join.0].id);
        let told = format!("connects {number} and does not wait for {cut_id}, which cuts it{there}");
        self.require(self.waits[join.0].contains(cut_id.as_str()), join.0, "/waits_for", &told);
        for made in [join.1, join.2] {
            let CheckerRef::Step(made) = made else { continue };
            let told = format!("cuts {number} before {made} has made what {join_id} connects it to");
            self.require(self.waits[cut].contains(made.as_str()), cut, "/waits_for", &told);
        }
    }

    fn require_number(&mut self, number: &str, at: Option<usize>) {
        let digits = number.strip_prefix('+').unwrap_or(number);
        let good = !digits.trim().is_empty() && !digits.chars().any(char::is_control);
        if let Some(at) = at {
            self.require(good, at, "/operation/number", "is about something that is not a number");
        }
    }
}

/// The connects and disconnects of a bridge, and what it must show after them.
type BridgeRewiring = (Vec<usize>, BTreeMap<SmolStr, Option<CheckerRef>>);

/// Every bridge with connects or disconnects is read once, after all of them, and must show exactly their result: a delete
/// relies on it.
pub(super) fn check_read_backs(check: &mut CheckerContext<'_>) {
    let mut after: BTreeMap<(&str, CheckerRef), BridgeRewiring> = BTreeMap::new();
    for (at, step) in check.numbered_steps() {
        let (bridge, number, provider) = match &step.operation {
            CheckerOperation::Disconnect { bridge, number, .. } => (CheckerRef::Id(bridge.clone()), number, None),
            CheckerOperation::Connect { bridge, number, provider, .. } => (bridge.clone(), number, Some(provider.clone())),
            CheckerOperation::ReadBack { bridge, numbers } => {
                let Some((done, shown)) = after.remove(&(step.call.account.as_str(), bridge.clone())) else {
                    check.report_step(at, "/operation/bridge", "reads back an object that nothing was done to");
                    continue;
                };
                check.require(shown == *numbers, at, "/operation/numbers", "does not confirm what was cut and connected");
                for done in done {
                    let id = &check.plan.steps[done].id;
                    let waits = check.waits[at].contains(id.as_str());
                    check.require(waits, at, "/waits_for", format_args!("confirms {id} and does not wait for it"));
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
        check.report_step(done[0], "", "changes an object that is not read back");
    }
}

/// The rule that telform exists for: no delete starts before every cut of the plan was done and read back; and a delete says
/// exactly which connections were cut for it. What holds links goes first, then what they lead to.
pub(super) fn check_deletes(check: &mut CheckerContext<'_>) {
    // The barrier is as good as its phase: the last read-back, as its operation says, comes before every delete.
    let last_read_back = check
        .numbered_steps()
        .filter(|(_, step)| matches!(step.operation, CheckerOperation::ReadBack { .. }) && !takes_over(check, step))
        .last();
    let (relieved, made) = (removed_connections(check), destinations_made(check));
    let doubted = check.plan.refusals.iter().filter(|refusal| refusal.code == "unreadable_bridges");
    let doubted: BTreeSet<&str> = doubted.flat_map(|refusal| refusal.addresses.iter().map(SmolStr::as_str)).collect();
    let names: Vec<&str> = kinds().map(|kind| kind.name).collect();
    let mut last = 0;
    for (at, step) in check.numbered_steps() {
        let CheckerOperation::Delete { id, before, cut, frees, prior_connections, unread } = &step.operation else {
            continue;
        };
        let mut priors = prior_connections.iter();
        let freed = priors.all(|(number, prior)| frees.contains(number) && prior.served != CheckerServedState::NotThere);
        check.require(freed, at, "/operation/prior_connections", "lists numbers that it does not free");
        let address = step.address.as_deref().unwrap_or_default();
        let rank = kinds().position(|kind| kind.name == kind_of(address)).unwrap_or(usize::MAX);
        check.require(rank >= last, at, "", format_args!("is not in the order {}", names.join(", ")));
        last = rank;
        let waits = check.waits[at].contains(READ_BACK_BARRIER);
        check.require(waits, at, "/waits_for", format_args!("deletes without waiting for {READ_BACK_BARRIER}"));
        if let Some((place, read_back)) = last_read_back {
            let read = place < at && read_back.phase == CheckerPhase::ReadBack;
            check.require(read, at, "/waits_for", format_args!("deletes before {}, which reads back", read_back.id));
        }
        let told: BTreeSet<(&str, &str)> = cut.iter().map(|(bridge, number)| (bridge.as_str(), number.as_str())).collect();
        let target = check.links(&step.call.account).filter(|links| links.targets.contains(&kind_of(address)));
        let key = (step.call.account.as_str(), target.map_or(kind_of(address), |links| links.targets[0]), id.as_str());
        let done = relieved.get(&key).cloned().unwrap_or_default();
        let same = told == done && told.len() == cut.len();
        check.require(same, at, "/operation/cut", "does not name just the connections that this plan cuts from it");
        // Possible uses that were not read are either allowed by a limit, or the plan refuses.
        let allowed = check.document.origin.options.max_unreadable_bridges.unwrap_or(0);
        let refused = doubted.contains(address);
        let doubt = "deletes what objects that were not read may use, and nothing allows it";
        check.require(unread.len() as u64 <= allowed || refused, at, "/operation/unread", doubt);
        let is_holder = check.is_holder(&step.call.account, kind_of(address));
        let freed_once = frees.iter().collect::<BTreeSet<_>>().len() == frees.len()
            && !frees.iter().any(|number| told.contains(&(id.as_str(), number.as_str())));
        check.require(frees.is_empty() || (is_holder && freed_once), at, "/operation/frees", "frees numbers that it cannot free");
        check_replaced(check, at, id, address);
        let of = kind_of_step(step).and_then(|kind| before.get(kind.destination_of?)).map(|of| text_at(&of.tree(), ""));
        let heirs = of.and_then(|of| made.get(&(step.call.account.as_str(), CheckerRef::Id(of.into()))));
        for heir in heirs.into_iter().flatten() {
            let id = &check.plan.steps[*heir].id;
            let waits = check.waits[at].contains(id.as_str()) || check.waits[*heir].contains(step.id.as_str());
            check.require(waits, at, "/waits_for", format!("deletes what calls go to before {id}, which replaces it"));
        }
    }
    check_bridges_freed_first(check);
}

/// Account, kind (the first one of all targets) and id to the connections that the plan takes from it.
type RemovedConnections<'a> = BTreeMap<(&'a str, &'a str, &'a str), BTreeSet<(&'a str, &'a str)>>;

/// All disconnects on a bridge; for a configuration its disconnects, and the connects that overwrite it where the
/// service cannot disconnect.
fn removed_connections<'a>(check: &CheckerContext<'a>) -> RemovedConnections<'a> {
    let mut relieved: RemovedConnections<'a> = BTreeMap::new();
    for (_, step) in check.numbered_steps() {
        let account = step.call.account.as_str();
        let Some(links) = check.links(account) else { continue };
        let (bridge, number, before) = match &step.operation {
            CheckerOperation::Disconnect { bridge, number, before } => {
                relieved.entry((account, links.holder, bridge)).or_default().insert((bridge, number));
                (bridge, number, before)
            }
            CheckerOperation::Connect { bridge: CheckerRef::Id(bridge), number, before, .. } => (bridge, number, before),
            _ => continue,
        };
        if let CheckerServedState::By { id, .. } = before {
            relieved.entry((account, links.targets[0], id)).or_default().insert((bridge, number));
        }
    }
    relieved
}

/// Where only the delete of a bridge frees its numbers, the configuration that served them goes after that bridge.
fn check_bridges_freed_first(check: &mut CheckerContext<'_>) {
    let mut servers = BTreeMap::new();
    for impact in &check.plan.impact {
        if let Some(from) = &impact.from {
            servers.insert((impact.account.as_str(), from.bridge.as_str(), impact.number.as_str()), from.provider.as_str());
        }
    }
    for (at, step) in check.numbered_steps() {
        let CheckerOperation::Delete { id, frees, .. } = &step.operation else { continue };
        for number in frees {
            let served = servers.get(&(step.call.account.as_str(), id.as_str(), number.as_str())).copied();
            for server in served.map(|by| by.strip_prefix("one of ").unwrap_or(by)).into_iter().flat_map(|by| by.split(", ")) {
                let mut gone = check.steps_of(server);
                gone.retain(|(_, other)| matches!(other.operation, CheckerOperation::Delete { .. }));
                let waits = gone.is_empty() || gone.iter().any(|(other, _)| check.waits[*other].contains(step.id.as_str()));
                let told = format!("frees {number} of {server}, whose delete does not wait for it");
                check.require(waits, at, "/operation/frees", &told);
            }
        }
    }
}

/// A replaced object is deleted after its replacement exists.
fn check_replaced(check: &mut CheckerContext<'_>, at: usize, id: &str, address: &str) {
    if check.changes.get(address).is_none_or(|change| change.action != CheckerAction::Replace) {
        return;
    }
    for (_, other) in check.steps_of(address) {
        if let CheckerOperation::Create { replaces, replaces_in, .. } = &other.operation
            && replaces.as_deref() == Some(id)
            && *replaces_in.as_ref().unwrap_or(&other.call.account) == check.plan.steps[at].call.account
        {
            if freeing_delete(check, other).is_some_and(|(delete, _)| delete == at) {
                check_served_before(check, at, other);
                continue;
            }
            let waits = check.waits[at].contains(other.id.as_str());
            check.require(waits, at, "/waits_for", format_args!("does not wait for {}, which takes its place", other.id));
        }
    }
}

/// Account, bridge and number of each number that leaves with its bridge.
pub(super) type FreedNumbers<'a> = BTreeSet<(&'a str, &'a str, &'a str)>;

pub(super) fn freed_numbers<'a>(check: &CheckerContext<'a>) -> FreedNumbers<'a> {
    let of = |(_, step): (usize, &'a CheckerStep)| {
        let CheckerOperation::Delete { id, frees, .. } = &step.operation else { return Vec::new() };
        frees.iter().map(|number| (step.call.account.as_str(), id.as_str(), number.as_str())).collect()
    };
    check.numbered_steps().flat_map(of).collect()
}
