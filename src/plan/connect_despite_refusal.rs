//! Which part of a refused plan is applied: numbers that no configuration serves are connected, as long as no refusal concerns
//! them or what they need. A refusal about one number must not keep another one dark.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, ChangeAction, ShownValue};
use super::diagnostics::{NoticeCode, PlanNotice, PlanRefusal};
use super::impact::NumberEffect;
use super::step::{ObjectRef, Step, StepOperation};
use super::unnumbered_step::UnnumberedStep;
use super::{Plan, order};
use crate::model::ledger::Ledger;
use crate::model::resource::{Address, ServedBy};
use crate::model::value::CompactValue;
use crate::services;

/// The attribute that a refusal about one number names.
pub(super) fn number_attribute(number: &str) -> String {
    format!("numbers.{number}")
}

impl Plan {
    /// The part of a refused plan that is still applied, as a separate plan; `None` where no part is.
    pub fn part_despite_refusal(&self, ledger: &Ledger) -> Option<Self> {
        let kept = self.unaffected_steps(ledger);
        if kept.is_empty() {
            return None;
        }
        let numbers: BTreeSet<(&str, &str)> = self.connect_steps(&kept).map(|(step, it)| (account_of_step(step), it)).collect();
        let drafts = self.steps.iter().filter(|step| kept.contains(step.id.as_str())).enumerate();
        let drafts = drafts.map(|(place, step)| UnnumberedStep {
            rank: 0,
            depth: 0,
            subject: format!("{place:09}"),
            turn: 0,
            step: self.narrow_step(step, &kept, &numbers),
        });
        let steps = order::number_steps(drafts.collect());
        let mut by_address: BTreeMap<&Address, Vec<&Step>> = BTreeMap::new();
        for step in &steps {
            if let Some(address) = &step.address {
                by_address.entry(address).or_default().push(step);
            }
        }
        let of = |number: &&super::NumberImpact| {
            number.effect == NumberEffect::Connects && numbers.contains(&(&number.account, &number.number))
        };
        let mut plan = Self {
            changes: self
                .changes
                .iter()
                .filter_map(|change| {
                    let own = by_address.get(&change.address).map_or(&[][..], Vec::as_slice);
                    narrow_change(change, self.members_of(&change.account), own)
                })
                .collect(),
            impact: self.impact.iter().filter(of).cloned().collect(),
            refusals: Vec::new(),
            not_taken: Vec::new(),
            notices: Vec::new(),
            ledger: Vec::new(),
            steps,
            ..self.clone()
        };
        plan.digest = plan.computed_digest();
        Some(plan)
    }

    /// A notice for each number that is connected although the plan is refused.
    pub(super) fn add_goes_on_notices(&mut self, ledger: &Ledger) {
        let kept = self.unaffected_steps(ledger);
        let notices = self.connect_steps(&kept).map(|(step, number)| PlanNotice {
            code: NoticeCode::GoesOn,
            account: account_of_step(step).to_owned(),
            address: step.address.clone(),
            attribute: self.members_of(account_of_step(step)).filter(|_| !is_entry(step)).map(str::to_owned),
            detail: Some(number.to_owned()),
        });
        let notices: Vec<PlanNotice> = notices.collect();
        self.notices.extend(notices);
        self.notices.sort();
    }

    fn connect_steps<'a>(&'a self, kept: &BTreeSet<&str>) -> impl Iterator<Item = (&'a Step, &'a str)> {
        self.steps.iter().filter(|step| kept.contains(step.id.as_str())).filter_map(|step| match &step.operation {
            StepOperation::Connect { number, .. } => Some((step, number.as_str())),
            _ => None,
        })
    }

    /// The steps that are still applied: connects of numbers that no configuration serves, the steps they wait for, and the
    /// read-backs of their bridges.
    fn unaffected_steps(&self, ledger: &Ledger) -> BTreeSet<&str> {
        if !self.is_refused() {
            return BTreeSet::new();
        }
        let refused = RefusalIndex::new(self);
        let by_id: BTreeMap<&str, &Step> = self.steps.iter().map(|step| (step.id.as_str(), step)).collect();
        // Steps wait for earlier ones only.
        let mut able: BTreeSet<&str> = BTreeSet::new();
        for step in &self.steps {
            let ready = step.waits_for.iter().all(|it| it.step().is_some_and(|id| able.contains(id.as_str())));
            if ready && self.continues_despite_refusal(step, ledger, &refused) {
                able.insert(&step.id);
            }
        }
        let mut kept: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = self.connect_steps(&able).map(|(step, _)| step.id.as_str()).collect();
        while let Some(id) = open.pop() {
            if kept.insert(id) {
                open.extend(by_id[id].steps_waited_for().map(String::as_str));
            }
        }
        let read = self.steps.iter().filter(|step| {
            matches!(step.operation, StepOperation::ReadBack { .. })
                && step
                    .steps_waited_for()
                    .any(|id| kept.contains(id.as_str()) && !matches!(by_id[id.as_str()].operation, StepOperation::Create { .. }))
        });
        let read: Vec<&str> = read.map(|step| step.id.as_str()).collect();
        kept.extend(read);
        kept
    }

    /// Whether a step connects a number that is not served, or is needed for that, and no refusal prevents it.
    fn continues_despite_refusal(&self, step: &Step, ledger: &Ledger, refused: &RefusalIndex<'_>) -> bool {
        let account = account_of_step(step);
        let free = |address: &Option<Address>| !refused.covers(account, address.as_ref(), false);
        // A refusal about any attribute of what holds only this number is about the number.
        let whole = is_entry(step) || is_own_holder(step);
        let own_free = || !refused.covers(account, step.address.as_ref(), whole);
        match &step.operation {
            StepOperation::Connect { bridge, number, provider, before: ServedBy::NotThere | ServedBy::Unserved } => {
                // A new object is created only for a number that an earlier run disconnected.
                let new = [bridge, provider].iter().any(|at| matches!(at, ObjectRef::Step(_)));
                let lost = ledger.moves.iter().any(|open| open.number == *number);
                (!new || lost)
                    && !refused.covers_number(account, number)
                    && own_free()
                    && free(&self.serving_configuration(step, number))
            }
            StepOperation::Disconnect { number, before: ServedBy::Unserved, .. } => {
                !refused.covers_number(account, number) && own_free()
            }
            StepOperation::Create { replaces: None, .. } => !refused.covers(account, step.address.as_ref(), true),
            _ => false,
        }
    }

    /// The configuration that is to serve a number, by the address that the plan shows.
    fn serving_configuration(&self, step: &Step, number: &str) -> Option<Address> {
        // Changes are sorted by address.
        let address = step.address.as_ref()?;
        let change = &self.changes[self.changes.binary_search_by(|change| change.address.cmp(address)).ok()?];
        if let Some((_, words)) = services::link_entry(&change.address.kind) {
            let target = change.attributes.iter().find(|attribute| attribute.name == words.target)?;
            let ShownValue::Value(CompactValue::Text(target)) = &target.after else { return None };
            return Address::parse(target);
        }
        let members = self.members_of(account_of_step(step))?;
        let numbers = change.attributes.iter().find(|attribute| attribute.name == members)?;
        let ShownValue::Value(CompactValue::Map(after)) = &numbers.after else { return None };
        Address::parse(after.iter().find(|(name, _)| name == number)?.1.as_str()?)
    }

    /// The attribute in which holders of an account list their members.
    fn members_of(&self, account: &str) -> Option<&'static str> {
        let account = self.accounts.iter().find(|line| line.name == account)?;
        services::by_api(&account.api)?.link_roles().map(|roles| roles.members)
    }

    /// A step that waits only for the steps that are kept; a read-back covers what is connected, and belongs to a change of those.
    fn narrow_step(&self, step: &Step, kept: &BTreeSet<&str>, numbers: &BTreeSet<(&str, &str)>) -> Step {
        let mut step = step.clone();
        step.waits_for.retain(|it| it.step().is_none_or(|id| kept.contains(id.as_str())));
        let account = step.call.account.clone();
        if let StepOperation::ReadBack { numbers: read, .. } = &mut step.operation {
            read.retain(|number, _| numbers.contains(&(&account, number)));
            let read_after = |it: &&Step| step.steps_waited_for().any(|id| *id == it.id);
            let owners: Vec<&Address> = self.steps.iter().filter(read_after).filter_map(|it| it.address.as_ref()).collect();
            if !step.address.as_ref().is_some_and(|own| owners.contains(&own)) {
                step.address = owners.last().copied().cloned();
            }
        }
        step
    }
}

/// Refusals by what they are about.
struct RefusalIndex<'a> {
    /// Accounts that are refused as a whole; the empty name is the whole run. The limits of guards do not concern connects.
    accounts: BTreeSet<&'a str>,
    /// Objects that are refused as a whole.
    objects: BTreeSet<&'a Address>,
    /// Objects of which at least a part is refused.
    parts: BTreeSet<&'a Address>,
    /// Accounts and attributes.
    attributes: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> RefusalIndex<'a> {
    fn new(plan: &'a Plan) -> Self {
        let all = || plan.refusals.iter();
        let objects = |refusal: &'a PlanRefusal| refusal.addresses.iter();
        let accounts = all().filter(|refusal| refusal.is_about_account() && refusal.code.guard().is_none());
        Self {
            accounts: accounts.map(|refusal| refusal.account.as_str()).collect(),
            objects: all().filter(|refusal| refusal.attribute.is_none()).flat_map(objects).collect(),
            parts: all().flat_map(objects).collect(),
            attributes: all().filter_map(|it| Some((it.account.as_str(), it.attribute.as_deref()?))).collect(),
        }
    }

    fn covers_number(&self, account: &str, number: &str) -> bool {
        self.attributes.contains(&(account, number_attribute(number).as_str()))
    }

    /// Whether a refusal concerns a whole account or an object; with `all` also a part of the object.
    fn covers(&self, account: &str, address: Option<&Address>, all: bool) -> bool {
        let objects = if all { &self.parts } else { &self.objects };
        self.accounts.contains("") || self.accounts.contains(account) || address.is_some_and(|it| objects.contains(it))
    }
}

/// Whether a step belongs to a number that is an entry of its own.
fn is_entry(step: &Step) -> bool {
    step.address.as_ref().is_some_and(|address| services::link_entry(&address.kind).is_some())
}

/// Whether a step belongs to a number that is its own holder.
fn is_own_holder(step: &Step) -> bool {
    let shapes = step.address.iter().flat_map(|address| services::shapes_of_kind(&address.kind));
    shapes.filter_map(|kind| kind.link).any(|link| link.member_is_holder())
}

fn account_of_step(step: &Step) -> &str {
    &step.call.account
}

/// The part of an object's change that these steps carry out; `None` where none of the steps belongs to it.
fn narrow_change(change: &Change, members: Option<&str>, own: &[&Step]) -> Option<Change> {
    let mut part = Change { steps: own.iter().map(|step| step.id.clone()).collect(), ..change.clone() };
    if own.is_empty() {
        return None;
    }
    let entry = services::link_entry(&change.address.kind).is_some();
    if entry || own.iter().any(|step| matches!(step.operation, StepOperation::Create { .. })) {
        return Some(part);
    }
    part.action = ChangeAction::Update;
    part.from_account = None;
    part.attributes.retain(|attribute| Some(attribute.name.as_str()) == members);
    let joined = |number: &str| {
        own.iter().any(|step| matches!(&step.operation, StepOperation::Connect { number: joined, .. } if joined == number))
    };
    for numbers in &mut part.attributes {
        let ShownValue::Value(CompactValue::Map(wanted)) = &numbers.after else { continue };
        let before = match &numbers.before {
            ShownValue::Value(CompactValue::Map(before)) => &before[..],
            _ => &[],
        };
        let connected = wanted.iter().filter(|(number, _)| joined(number));
        numbers.after = ShownValue::Value(CompactValue::from_entries(before.iter().chain(connected).cloned().collect()));
    }
    // Only an object that holds numbers shows them.
    part.id = own.iter().filter(|_| !part.attributes.is_empty()).find_map(|step| match &step.operation {
        StepOperation::Connect { bridge: ObjectRef::Id(id), .. } => Some(id.clone()),
        _ => None,
    });
    Some(part)
}
