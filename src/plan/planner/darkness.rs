//! Targets that let no call through, before a plan and after it: because of a value, or because nothing is left that their calls go
//! to.

use std::collections::{BTreeMap, BTreeSet};

use super::Planner;
use crate::model::kind::{Field, Kind};
use crate::model::resource::{Account, Address, DesiredValue, LiveObject, ServedBy};
use crate::model::value::CompactValue;
use crate::plan::Inputs;
use crate::plan::change::{Change, ShownValue};
use crate::plan::diagnostics::{PlanRefusal, RefusalCode};
use crate::plan::link::{LinkInputs, LinkPlan};
use crate::plan::matching::{MatchOutcome, Matches, ObjectMatch};
use crate::plan::removal::LeavingObject;
use crate::plan::step::{ObjectRef, Prerequisite, Step, StepOperation, StepPhase};
use crate::plan::unnumbered_step::{UnnumberedStep, create_step_name, steps_on};
use crate::services;

/// A target: its kind, and its id or the step that creates it.
type Target = (&'static str, ObjectRef);

/// What the calls of targets go to, before the plan and after it.
#[derive(Default)]
pub(super) struct Destinations {
    /// Kinds of targets that need such objects.
    needed_by: BTreeSet<&'static str>,
    /// Those of them of which not all such objects are known.
    unread: BTreeSet<&'static str>,
    before: BTreeSet<Target>,
    after: BTreeSet<Target>,
    /// Objects that leave a target, each with that target.
    leaving: Vec<(Address, Target)>,
    /// The steps that create such objects, by target.
    made: BTreeMap<Target, Vec<String>>,
}

impl Destinations {
    fn new(inputs: &Inputs<'_>, account: &Account, leaving: &[LeavingObject<'_>], drafts: &[UnnumberedStep]) -> Self {
        let mut all = Self::default();
        let generation = inputs.facts_of_account(&account.name).generation;
        let kinds = account.service.kinds.iter().filter(|kind| kind.generation.is_none() || kind.generation == generation);
        for (kind, (field, target)) in kinds.filter_map(|kind| Some((*kind, kind.destination_owner()?))) {
            all.needed_by.insert(target);
            all.add(inputs, account, (kind, field, target), leaving, drafts);
        }
        all
    }

    fn add(
        &mut self,
        inputs: &Inputs<'_>,
        account: &Account,
        (kind, field, target): (&'static Kind, &Field, &'static str),
        leaving: &[LeavingObject<'_>],
        drafts: &[UnnumberedStep],
    ) {
        let mut renamed = BTreeSet::new();
        for step in steps_on(drafts, &account.name, kind.name) {
            let Some(sent) = step.sent_value(field.name) else { continue };
            let targets = ObjectRef::named_by(sent);
            match &step.operation {
                StepOperation::Create { .. } => {}
                StepOperation::Update { id, .. } => _ = renamed.insert(id.as_str()),
                _ => continue,
            }
            for at in targets {
                self.made.entry((target, at.clone())).or_default().push(step.id.clone());
                self.after.insert((target, at));
            }
        }
        if inputs.live.accounts.get(&account.name).is_none_or(|live| !live.is_whole(kind.name)) {
            self.unread.insert(target);
        }
        let gone = leaving.iter().filter(|gone| gone.account == account.name && gone.kind.name == kind.name);
        let gone: BTreeMap<&str, &Address> = gone.map(|gone| (gone.live.id.as_str(), gone.address)).collect();
        for object in inputs.live_objects(&account.name, kind.name) {
            let Some(id) = object.shown_value(field.name).and_then(CompactValue::text) else {
                self.unread.insert(target);
                continue;
            };
            let at = (target, ObjectRef::Id(id.into_owned()));
            self.before.insert(at.clone());
            match gone.get(object.id.as_str()) {
                Some(address) => self.leaving.push(((*address).clone(), at)),
                None if renamed.contains(object.id.as_str()) => {}
                None => _ = self.after.insert(at),
            }
        }
    }

    /// Whether an existing target has none of them now.
    fn lacked(&self, kind: &'static str, id: &str) -> bool {
        self.needed_by.contains(kind)
            && !self.unread.contains(kind)
            && !self.before.contains(&(kind, ObjectRef::Id(id.to_owned())))
    }

    /// Whether a target has none of them after the plan.
    fn lacks(&self, target: &Target) -> bool {
        let known = matches!(target.1, ObjectRef::Step(_)) || !self.unread.contains(target.0);
        self.needed_by.contains(target.0) && known && !self.after.contains(target)
    }
}

/// Whether a change gives a target a value with which it lets no call through.
fn closes(change: &Change) -> bool {
    let shapes = services::shapes_of_kind(&change.address.kind).into_iter().filter(|kind| kind.connected);
    let sets = |(name, closed): (&str, bool)| {
        let closed = ShownValue::Value(CompactValue::Bool(closed));
        change.attributes.iter().any(|attribute| attribute.name == name && attribute.after == closed)
    };
    shapes.filter_map(Kind::closing_value).any(sets)
}

/// Everything in an account that may serve a number.
pub(super) fn live_targets<'i>(
    inputs: &Inputs<'i>,
    account: &Account,
) -> impl Iterator<Item = (&'static Kind, &'i LiveObject)> + use<'i> {
    let (inputs, name, service) = (*inputs, account.name.clone(), account.service);
    let generation = inputs.facts_of_account(&name).generation;
    let kinds = service.link_roles().map_or(&[][..], |roles| roles.targets).iter();
    let kinds = kinds.filter_map(move |kind| service.shape(kind, generation));
    kinds.flat_map(move |kind| inputs.live_objects(&name, kind.name).iter().map(move |live| (kind, live)))
}

/// The targets of an account that let no call through.
#[derive(Default)]
pub(super) struct DarkTargets<'i> {
    /// Ids of those that let none through before the plan.
    pub(super) before: BTreeSet<&'i str>,
    /// Addresses of those that let none through after the plan.
    pub(super) after: BTreeSet<String>,
    /// What makes a target dark that was not: the address of the change, and the id of the target.
    pub(super) darkened: Vec<(Address, String)>,
    destinations: Destinations,
}

impl DarkTargets<'_> {
    /// Kinds of targets of which it is not known what their calls go to.
    pub(super) fn unknown_destinations(&self) -> &BTreeSet<&'static str> {
        &self.destinations.unread
    }
}

impl<'a> Planner<'a> {
    pub(super) fn dark_targets(&self, inputs: &Inputs<'a>, findings: &Matches<'a>, account: &Account) -> DarkTargets<'a> {
        let destinations = Destinations::new(inputs, account, &self.leaving, &self.drafts);
        let is_dark = |kind: &Kind, live: &LiveObject| live.is_closed(kind) || destinations.lacked(kind.name, &live.id);
        let dark = live_targets(inputs, account).filter(|(kind, live)| is_dark(kind, live));
        let before: BTreeSet<&str> = dark.map(|(_, live)| live.id.as_str()).collect();
        let all = findings.by_address.values().chain(findings.existing.values());
        let roles = account.service.link_roles();
        let mine = all.filter(|found| {
            found.object.account == account.name && roles.is_some_and(|roles| roles.is_target(&found.object.address.kind))
        });
        let after = mine.filter(|found| self.is_dark_after(&destinations, found, &before));
        let after = after.map(|found| found.object.address.to_string()).collect();
        let mut darkened = self.darkened_by_value(account, &before);
        let gone = self.leaving.iter().filter(|gone| gone.account == account.name);
        let gone: BTreeSet<Target> = gone.map(|gone| (gone.kind.name, ObjectRef::Id(gone.live.id.clone()))).collect();
        let lost = destinations.leaving.iter().filter(|(_, target)| destinations.lacks(target) && !gone.contains(target));
        let lost = lost.filter_map(|(address, (_, at))| match at {
            ObjectRef::Id(id) if !before.contains(id.as_str()) => Some((address.clone(), id.clone())),
            _ => None,
        });
        darkened.extend(lost.collect::<Vec<_>>());
        DarkTargets { before, after, darkened, destinations }
    }

    /// Whether a target lets no call through after the plan: the plan sends it, or sends nothing and it lets none through now.
    fn is_dark_after(&self, destinations: &Destinations, found: &ObjectMatch<'_>, before: &BTreeSet<&str>) -> bool {
        let address = &found.object.address;
        let at = || match &found.outcome {
            MatchOutcome::Live(live) if !self.replaced.contains_key(address) => ObjectRef::Id(live.id.clone()),
            _ => ObjectRef::Step(create_step_name(address)),
        };
        if destinations.needed_by.contains(found.kind.name) && destinations.lacks(&(found.kind.name, at())) {
            return true;
        }
        let Some((name, closed)) = found.kind.closing_value() else { return false };
        let value = CompactValue::Bool(closed);
        let change = self.changes.get(address);
        let sent = change.and_then(|change| change.attributes.iter().find(|attribute| attribute.name == name));
        match (sent, &found.outcome) {
            (Some(sent), _) => matches!(&sent.after, ShownValue::Value(after) if *after == value),
            (None, MatchOutcome::Live(live)) => before.contains(live.id.as_str()) && live.is_closed(found.kind),
            (None, _) => {
                matches!(found.object.attributes.get(name), Some(DesiredValue::Value(stated)) if *stated == value)
            }
        }
    }

    /// Targets of an account to which the plan gives a value with which they let no call through.
    fn darkened_by_value(&self, account: &Account, before: &BTreeSet<&str>) -> Vec<(Address, String)> {
        let changes = self.changes.values().filter(|change| change.account == account.name && closes(change));
        let ids = changes.filter_map(|change| Some((change.address.clone(), change.id.clone()?)));
        ids.filter(|(_, id)| !before.contains(id.as_str())).collect()
    }

    /// A number moves to a target that lets no call through only after the request that opens it, and to one after all that its
    /// calls are to go to; nor is it taken off its earlier target before.
    pub(super) fn wait_for_opened_targets(&self, wired: &mut LinkPlan, wiring: &LinkInputs<'_>, dark: &DarkTargets<'_>) {
        let mut opened: BTreeMap<ObjectRef, Vec<String>> = BTreeMap::new();
        for step in self.drafts.iter().map(|draft| &draft.step).filter(|step| step.call.account == wiring.account) {
            if let StepOperation::Update { id, .. } = &step.operation
                && dark.before.contains(id.as_str())
                && step.address.as_ref().is_some_and(|address| wiring.link.roles.is_target(&address.kind))
                && !self.closes_target(step)
            {
                opened.entry(ObjectRef::Id(id.clone())).or_default().push(step.id.clone());
            }
        }
        for ((_, at), steps) in &dark.destinations.made {
            opened.entry(at.clone()).or_default().extend(steps.iter().cloned());
        }
        let mut cuts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for draft in &mut wired.steps.drafts {
            let StepOperation::Connect { provider, .. } = &draft.step.operation else { continue };
            let Some(steps) = opened.get(provider) else { continue };
            for earlier in draft.step.steps_waited_for() {
                cuts.entry(earlier.clone()).or_default().extend(steps.iter().cloned());
            }
            draft.step.waits_for.extend(steps.iter().cloned().map(Prerequisite::Step));
        }
        for draft in &mut wired.steps.drafts {
            if matches!(draft.step.operation, StepOperation::Disconnect { .. })
                && let Some(steps) = cuts.remove(&draft.step.id)
            {
                draft.step.wait_for(steps);
            }
        }
    }

    /// Whether a step belongs to a change with which a target lets no call through.
    fn closes_target(&self, step: &Step) -> bool {
        let StepOperation::Update { .. } = step.operation else { return false };
        step.address.as_ref().and_then(|address| self.changes.get(address)).is_some_and(closes)
    }

    /// A target is closed only after the numbers that leave it have left, which is read back, as it is before a delete.
    pub(super) fn close_after_moves(&mut self) {
        let closing: BTreeSet<usize> = (0..self.drafts.len()).filter(|at| self.closes_target(&self.drafts[*at].step)).collect();
        if closing.is_empty() {
            return;
        }
        let served = self.drafts.iter().filter_map(|draft| match &draft.step.operation {
            StepOperation::Connect { before, .. } | StepOperation::Disconnect { before, .. } if before.may_serve() => {
                Some((draft.step.call.account.clone(), before.clone(), draft.step.id.clone()))
            }
            _ => None,
        });
        let served: Vec<(String, ServedBy, String)> = served.collect();
        for at in closing {
            let step = &mut self.drafts[at].step;
            let StepOperation::Update { id, .. } = &step.operation else { continue };
            let moved = served.iter().filter(|(account, before, _)| *account == step.call.account && before.may_be(id));
            let moved = moved.map(|(.., name)| name.clone()).collect();
            step.phase = StepPhase::Close;
            step.wait_for(moved);
            step.waits_for.push(Prerequisite::Phase(StepPhase::ReadBack));
        }
    }

    /// What a target's calls go to is not deleted before that which is to take its place: the creates that each delete waits for,
    /// by the address that leaves. One that itself waits for the delete does not count.
    pub(super) fn destinations_made(
        &self,
        inputs: &Inputs<'a>,
        leaving: &[LeavingObject<'a>],
    ) -> BTreeMap<(String, Address), BTreeSet<String>> {
        let mut needed: BTreeMap<(String, Address), BTreeSet<String>> = BTreeMap::new();
        let deletes = |account: &&Account| leaving.iter().any(|gone| gone.account == account.name);
        for account in inputs.desired.accounts.values().filter(deletes) {
            let all = Destinations::new(inputs, account, leaving, &self.drafts);
            for (address, target) in &all.leaving {
                let made = all.made.get(target).into_iter().flatten().cloned();
                needed.entry((account.name.clone(), address.clone())).or_default().extend(made);
            }
        }
        needed
    }

    /// What closes a target needs to know its numbers.
    pub(super) fn refuse_darkening_unread(
        &mut self,
        inputs: &Inputs<'a>,
        account: &Account,
        holder: &Kind,
        dark: &DarkTargets<'_>,
    ) {
        let live = inputs.live.accounts.get(&account.name);
        let unread: Vec<String> = live.into_iter().flat_map(|live| live.opaque_objects(holder.name)).map(str::to_owned).collect();
        if unread.len() as u64 <= inputs.options.max_unreadable_bridges.unwrap_or(0) {
            return;
        }
        let (names, count) = (if unread.len() == 1 { holder.singular } else { holder.name }, unread.len());
        let detail = format!(
            "{names} {} cannot be read and may be served by it; `--max-unreadable-bridges {count}` allows it",
            unread.join(", ")
        );
        self.remarks.refusals.extend(
            dark.darkened
                .iter()
                .map(|(address, _)| PlanRefusal::about(RefusalCode::UnreadableBridges, &account.name, address, detail.clone())),
        );
    }
}
