//! What goes on of a plan that is refused: numbers that nobody serves are connected, as long as no refusal is about them or about
//! what they need. A refusal about one number must not keep another one dark.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Action, Change, Shown};
use super::draft::Draft;
use super::impact::Effect;
use super::note::{Notice, NoticeCode, RefusalCode};
use super::step::{Operation, Ref, Served, Step};
use super::{Plan, order};
use crate::ledger::Ledger;
use crate::resource::Address;
use crate::value::Value;

/// The attribute that a refusal about one number names.
pub(super) fn of_number(number: &str) -> String {
    format!("numbers.{number}")
}

impl Plan {
    /// The part of a refused plan that is carried out all the same, as a plan of its own; none where there is no such thing.
    pub fn despite(&self, ledger: &Ledger) -> Option<Self> {
        let kept = self.unaffected(ledger);
        if kept.is_empty() {
            return None;
        }
        let numbers: BTreeSet<(&str, &str)> =
            self.connects(&kept).map(|(step, it)| (account(step), it)).collect();
        let drafts = self.steps.iter().filter(|step| kept.contains(step.id.as_str())).enumerate();
        let drafts = drafts.map(|(place, step)| Draft {
            rank: 0,
            subject: format!("{place:09}"),
            turn: 0,
            step: narrowed(step, &kept, &numbers),
        });
        let steps = order::number(drafts.collect());
        let of = |number: &&super::NumberImpact| {
            number.effect == Effect::Connects && numbers.contains(&(&number.account, &number.number))
        };
        let mut plan = Self {
            changes: self.changes.iter().filter_map(|change| part(change, &steps)).collect(),
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

    /// A word about each number that is connected although the plan is refused.
    pub(super) fn say_what_goes_on(&mut self, ledger: &Ledger) {
        let kept = self.unaffected(ledger);
        let notices = self.connects(&kept).map(|(step, number)| Notice {
            code: NoticeCode::GoesOn,
            account: account(step).to_owned(),
            address: step.address.clone(),
            attribute: Some("numbers".to_owned()),
            detail: Some(number.to_owned()),
        });
        let notices: Vec<Notice> = notices.collect();
        self.notices.extend(notices);
        self.notices.sort();
    }

    fn connects<'a>(&'a self, kept: &BTreeSet<&str>) -> impl Iterator<Item = (&'a Step, &'a str)> {
        self.steps.iter().filter(|step| kept.contains(step.id.as_str())).filter_map(|step| {
            match &step.operation {
                Operation::Connect { number, .. } => Some((step, number.as_str())),
                _ => None,
            }
        })
    }

    /// The steps that go on: connects of numbers that nobody serves, what they wait for, and the read-backs of their bridges.
    fn unaffected(&self, ledger: &Ledger) -> BTreeSet<&str> {
        if !self.is_refused() {
            return BTreeSet::new();
        }
        let by_id: BTreeMap<&str, &Step> = self.steps.iter().map(|step| (step.id.as_str(), step)).collect();
        // Steps wait for earlier ones only.
        let mut able: BTreeSet<&str> = BTreeSet::new();
        for step in &self.steps {
            if self.goes_on(step, ledger) && step.waits_for.iter().all(|id| able.contains(id.as_str())) {
                able.insert(&step.id);
            }
        }
        let mut kept: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = self.connects(&able).map(|(step, _)| step.id.as_str()).collect();
        while let Some(id) = open.pop() {
            if kept.insert(id) {
                open.extend(by_id[id].waits_for.iter().map(String::as_str));
            }
        }
        let read = self.steps.iter().filter(|step| {
            matches!(step.operation, Operation::ReadBack { .. })
                && step.waits_for.iter().any(|id| {
                    kept.contains(id.as_str())
                        && !matches!(by_id[id.as_str()].operation, Operation::Create { .. })
                })
        });
        let read: Vec<&str> = read.map(|step| step.id.as_str()).collect();
        kept.extend(read);
        kept
    }

    /// Whether a step gives service to a number that has none, or is needed for that, and no refusal stands in its way.
    fn goes_on(&self, step: &Step, ledger: &Ledger) -> bool {
        let account = account(step);
        let free = |address: &Option<Address>| !self.refuses(account, address.as_ref(), false);
        match &step.operation {
            Operation::Connect { bridge, number, provider, before: Served::NotThere | Served::Unserved } => {
                // What is new is made only for a number that an earlier run took its service from.
                let new = [bridge, provider].iter().any(|at| matches!(at, Ref::Step(_)));
                let lost = ledger.moves.iter().any(|open| open.number == *number);
                (!new || lost)
                    && !self.refuses_number(account, number)
                    && free(&step.address)
                    && free(&self.serves(step, number))
            }
            Operation::Disconnect { number, before: Served::Unserved, .. } => {
                !self.refuses_number(account, number) && free(&step.address)
            }
            Operation::Create { replaces: None, .. } => !self.refuses(account, step.address.as_ref(), true),
            _ => false,
        }
    }

    /// The configuration that is to serve a number, by the address that the plan shows.
    fn serves(&self, step: &Step, number: &str) -> Option<Address> {
        let change = self.changes.iter().find(|change| Some(&change.address) == step.address.as_ref())?;
        let numbers = change.attributes.iter().find(|attribute| attribute.name == "numbers")?;
        let Shown::Value(Value::Object(after)) = &numbers.after else { return None };
        Address::parse(after.get(number)?.as_str()?)
    }

    fn refuses_number(&self, account: &str, number: &str) -> bool {
        let named = of_number(number);
        self.refusals.iter().any(|it| it.account == account && it.attribute.as_ref() == Some(&named))
    }

    /// Whether a refusal is about a whole account or an object; with `all` also about a part of the object. Limits on what is
    /// deleted and cut are about nothing that is connected.
    fn refuses(&self, account: &str, address: Option<&Address>, all: bool) -> bool {
        self.refusals.iter().any(|refusal| match &refusal.address {
            Some(about) => Some(about) == address && (all || refusal.attribute.is_none()),
            None => {
                let limit = matches!(
                    refusal.code,
                    RefusalCode::MaxDeletes | RefusalCode::MaxDeletePercent | RefusalCode::MaxNumbersDark
                );
                !limit && (refusal.account.is_empty() || refusal.account == account)
            }
        })
    }
}

fn account(step: &Step) -> &str {
    &step.call.account
}

/// A step that waits for what is kept alone; a read-back is about what is connected.
fn narrowed(step: &Step, kept: &BTreeSet<&str>, numbers: &BTreeSet<(&str, &str)>) -> Step {
    let mut step = step.clone();
    step.waits_for.retain(|id| kept.contains(id.as_str()));
    let account = step.call.account.clone();
    if let Operation::ReadBack { numbers: read, .. } = &mut step.operation {
        read.retain(|number, _| numbers.contains(&(&account, number)));
    }
    step
}

/// What differs of an object as far as these steps carry it out; none where none of them is its own.
fn part(change: &Change, steps: &[Step]) -> Option<Change> {
    let own: Vec<&Step> =
        steps.iter().filter(|step| step.address.as_ref() == Some(&change.address)).collect();
    let mut part = Change { steps: own.iter().map(|step| step.id.clone()).collect(), ..change.clone() };
    if own.is_empty() {
        return None;
    }
    if own.iter().any(|step| matches!(step.operation, Operation::Create { .. })) {
        return Some(part);
    }
    part.action = Action::Update;
    part.from_account = None;
    part.attributes.retain(|attribute| attribute.name == "numbers");
    let joined = |number: &String| {
        own.iter().any(
            |step| matches!(&step.operation, Operation::Connect { number: joined, .. } if joined == number),
        )
    };
    for numbers in &mut part.attributes {
        let Shown::Value(Value::Object(wanted)) = &numbers.after else { continue };
        let mut after = match &numbers.before {
            Shown::Value(Value::Object(before)) => before.clone(),
            _ => serde_json::Map::new(),
        };
        after.extend(wanted.iter().filter(|(number, _)| joined(number)).map(|(k, v)| (k.clone(), v.clone())));
        numbers.after = Shown::Value(Value::Object(after));
    }
    // Only what holds numbers shows them.
    part.id = own.iter().filter(|_| !part.attributes.is_empty()).find_map(|step| match &step.operation {
        Operation::Connect { bridge: Ref::Id(id), .. } => Some(id.clone()),
        _ => None,
    });
    Some(part)
}
