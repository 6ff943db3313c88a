//! What all rules look things up in, and how they report.

use std::collections::{BTreeMap, BTreeSet};

use super::shape::{Account, Change, Document, Learnt, Operation, Plan, Ref, Step};
use super::{Violation, violation};

/// Refusals that look at a finished plan and leave nothing out of it.
const LIMITS: [&str; 7] = [
    "max_deletes",
    "max_delete_percent",
    "max_numbers_dark",
    "unconfirmed_organization",
    "unreadable_bridges",
    "unseen_products",
    "similar_exists",
];

/// A plan with what its rules look up.
pub(super) struct Check<'a> {
    pub(super) document: &'a Document,
    pub(super) plan: &'a Plan,
    /// Code of the rule at work.
    pub(super) code: &'static str,
    pub(super) found: Vec<Violation>,
    /// Position of each step.
    pub(super) at: BTreeMap<&'a str, usize>,
    /// What each step waits for.
    pub(super) waits: Vec<BTreeSet<&'a str>>,
    pub(super) accounts: BTreeMap<&'a str, &'a Account>,
    pub(super) changes: BTreeMap<&'a str, &'a Change>,
    /// Steps of each address.
    pub(super) own: BTreeMap<&'a str, Vec<(usize, &'a Step)>>,
}

impl<'a> Check<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        let plan = &document.plan;
        let mut own: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (at, step) in plan.steps.iter().enumerate() {
            own.entry(step.address.as_deref().unwrap_or_default()).or_default().push((at, step));
        }
        let waits = |step: &'a Step| step.waits_for.iter().map(String::as_str).collect();
        Self {
            document,
            plan,
            code: "",
            found: Vec::new(),
            at: plan.steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect(),
            waits: plan.steps.iter().map(waits).collect(),
            accounts: plan.accounts.iter().map(|account| (account.name.as_str(), account)).collect(),
            changes: plan.changes.iter().map(|change| (change.address.as_str(), change)).collect(),
            own,
        }
    }

    /// Whether nothing was left out of the plan.
    pub(super) fn is_complete(&self) -> bool {
        self.plan.refusals.iter().all(|refusal| LIMITS.contains(&refusal.code.as_str()))
    }

    /// Steps that belong to an address.
    pub(super) fn own(&self, address: &str) -> Vec<(usize, &'a Step)> {
        self.own.get(address).cloned().unwrap_or_default()
    }

    /// Reports something about the plan; `place` is a pointer below `/plan`.
    pub(super) fn no(&mut self, place: &str, text: &str) {
        self.found.push(violation(self.code, format!("/plan{place}"), None, text));
    }

    /// Reports something about a step; `place` is a pointer below it.
    pub(super) fn no_step(&mut self, at: usize, place: &str, text: &str) {
        let id = self.plan.steps[at].id.as_str();
        let place = format!("/plan/steps/{at}{place}");
        self.found.push(violation(self.code, place, Some(id), &format!("{id} {text}")));
    }

    /// Reports unless it holds.
    pub(super) fn must(&mut self, holds: bool, at: usize, place: &str, text: &str) {
        if !holds {
            self.no_step(at, place, text);
        }
    }

    pub(super) fn steps(&self) -> impl Iterator<Item = (usize, &'a Step)> + use<'a> {
        self.plan.steps.iter().enumerate()
    }

    /// The step that makes what a reference means: an earlier create of this kind in this account.
    pub(super) fn made(&self, at: usize, of: &Ref, kind: &str) -> Option<&'a str> {
        let Ref::Step(id) = of else { return None };
        let (made, step) = self.at.get(id.as_str()).map(|made| (*made, &self.plan.steps[*made]))?;
        let fits = matches!(step.operation, Operation::Create { .. }) && made < at;
        let address = step.address.as_deref().filter(|address| kind_of(address) == kind)?;
        (fits && step.call.account == self.plan.steps[at].call.account).then_some(address)
    }
}

/// `providers` of `providers.twilio-main`.
pub(super) fn kind_of(address: &str) -> &str {
    address.split_once('.').map_or("", |(kind, name)| if name.is_empty() { "" } else { kind })
}

/// What a configuration is called, where the plan says so: account and id to address.
pub(super) fn names<'a>(check: &Check<'a>) -> BTreeMap<(&'a str, &'a str), &'a str> {
    let mut names = BTreeMap::new();
    for learnt in &check.plan.ledger {
        if let Learnt::Adopt { address, account, id } = learnt {
            names.insert((account.as_str(), id.as_str()), address.as_str());
        }
    }
    for (_, step) in check.steps() {
        if let (Operation::Update { id, .. } | Operation::Delete { id, .. }, Some(address)) =
            (&step.operation, &step.address)
        {
            names.insert((step.call.account.as_str(), id.as_str()), address);
        }
    }
    names.retain(|_, address| kind_of(address) == "providers");
    names
}
