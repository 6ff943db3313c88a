//! The common lookups of all rules, and how they report.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use smol_str::SmolStr;

use super::facts::{LinkBody, Links, ServiceFacts, all_links, service};
use super::shape::{
    CheckerAccount, CheckerChange, CheckerDocument, CheckerLedgerUpdate, CheckerOperation, CheckerPlan, CheckerRef, CheckerStep,
    LIMITS,
};
use super::{CheckerViolation, new_violation};

/// A plan with the lookups of its rules.
pub(super) struct CheckerContext<'a> {
    pub(super) document: &'a CheckerDocument,
    pub(super) plan: &'a CheckerPlan,
    /// Code of the current rule.
    pub(super) code: &'static str,
    pub(super) violations: Vec<CheckerViolation>,
    /// Position of each step.
    pub(super) positions: BTreeMap<&'a str, usize>,
    /// What each step waits for.
    pub(super) waits: Vec<BTreeSet<&'a str>>,
    pub(super) accounts: BTreeMap<&'a str, &'a CheckerAccount>,
    pub(super) changes: BTreeMap<&'a str, &'a CheckerChange>,
    /// Steps of each address.
    pub(super) steps_by_address: BTreeMap<&'a str, Vec<(usize, &'a CheckerStep)>>,
}

impl<'a> CheckerContext<'a> {
    pub(super) fn new(document: &'a CheckerDocument) -> Self {
        let plan = &document.plan;
        let mut own: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (at, step) in plan.steps.iter().enumerate() {
            own.entry(step.address.as_deref().unwrap_or_default()).or_default().push((at, step));
        }
        let waits = |step: &'a CheckerStep| step.waits_for.iter().map(SmolStr::as_str).collect();
        Self {
            document,
            plan,
            code: "",
            violations: Vec::new(),
            positions: plan.steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect(),
            waits: plan.steps.iter().map(waits).collect(),
            accounts: plan.accounts.iter().map(|account| (account.name.as_str(), account)).collect(),
            changes: plan.changes.iter().map(|change| (change.address.as_str(), change)).collect(),
            steps_by_address: own,
        }
    }

    /// Whether nothing was left out of the plan.
    pub(super) fn is_complete(&self) -> bool {
        self.plan.refusals.iter().all(|refusal| LIMITS.contains(&refusal.code.as_str()))
    }

    /// The service behind an account.
    pub(super) fn service(&self, account: &str) -> Option<&'static ServiceFacts> {
        service(&self.accounts.get(account)?.api)
    }

    /// How objects of an account are linked.
    pub(super) fn links(&self, account: &str) -> Option<&'static Links> {
        self.service(account)?.links
    }

    /// The words of connects and disconnects in an account.
    pub(super) fn link_body(&self, account: &str) -> Option<&'static LinkBody> {
        let service = self.service(account)?;
        service.of_generation(service.links?.bodies, self.accounts.get(account)?.generation)
    }

    /// Whether objects of this kind hold links in an account.
    pub(super) fn is_holder(&self, account: &str, kind: &str) -> bool {
        self.links(account).is_some_and(|links| links.holder == kind)
    }

    /// Whether the links of an account concern objects of this kind.
    pub(super) fn is_linked(&self, account: &str, kind: &str) -> bool {
        self.links(account).is_some_and(|links| links.holder == kind || links.targets.contains(&kind))
    }

    /// Steps that belong to an address.
    pub(super) fn steps_of(&self, address: &str) -> Vec<(usize, &'a CheckerStep)> {
        self.steps_by_address.get(address).cloned().unwrap_or_default()
    }

    /// Reports something about the plan; `place` is a pointer below `/plan`.
    pub(super) fn report(&mut self, place: &str, text: &str) {
        self.violations.push(new_violation(self.code, format!("/plan{place}"), None, text));
    }

    /// Reports something about a step; `place` is a pointer below it.
    pub(super) fn report_step(&mut self, at: usize, place: &str, text: &str) {
        let id = self.plan.steps[at].id.as_str();
        let place = format!("/plan/steps/{at}{place}");
        self.violations.push(new_violation(self.code, place, Some(id), &format!("{id} {text}")));
    }

    /// Reports unless it holds.
    pub(super) fn require(&mut self, holds: bool, at: usize, place: &str, text: impl Display) {
        if !holds {
            self.report_step(at, place, &text.to_string());
        }
    }

    pub(super) fn numbered_steps(&self) -> impl Iterator<Item = (usize, &'a CheckerStep)> + use<'a> {
        self.plan.steps.iter().enumerate()
    }

    /// The address of the holder that a reference means: an earlier create of this account; below, that of a target.
    pub(super) fn made_holder(&self, at: usize, of: &CheckerRef) -> Option<&'a str> {
        self.address_of_created(at, of, &[self.links(&self.plan.steps[at].call.account)?.holder])
    }
    pub(super) fn made_target(&self, at: usize, of: &CheckerRef) -> Option<&'a str> {
        self.address_of_created(at, of, self.links(&self.plan.steps[at].call.account)?.targets)
    }

    fn address_of_created(&self, at: usize, of: &CheckerRef, kinds: &[&str]) -> Option<&'a str> {
        let CheckerRef::Step(id) = of else { return None };
        let (made, step) = self.positions.get(id.as_str()).map(|made| (*made, &self.plan.steps[*made]))?;
        let fits = matches!(step.operation, CheckerOperation::Create { .. }) && made < at;
        let address = step.address.as_deref().filter(|address| kinds.contains(&kind_of(address)))?;
        (fits && step.call.account == self.plan.steps[at].call.account).then_some(address)
    }
}

/// `providers` of `providers.twilio-main`.
pub(super) fn kind_of(address: &str) -> &str {
    address.split_once('.').map_or("", |(kind, name)| if name.is_empty() { "" } else { kind })
}

/// The address of a configuration, where the plan names it: account and id to address.
pub(super) fn configuration_names<'a>(check: &CheckerContext<'a>) -> BTreeMap<(&'a str, &'a str), &'a str> {
    let mut names = BTreeMap::new();
    for learnt in &check.plan.ledger {
        if let CheckerLedgerUpdate::Adopt { address, account, id } = learnt {
            names.insert((account.as_str(), id.as_str()), address.as_str());
        }
    }
    for (_, step) in check.numbered_steps() {
        if let (CheckerOperation::Update { id, .. } | CheckerOperation::Delete { id, .. }, Some(address)) =
            (&step.operation, &step.address)
        {
            names.insert((step.call.account.as_str(), id.as_str()), address);
        }
    }
    for (address, object) in &check.plan.existing {
        names.insert((object.account.as_str(), object.id.as_str()), address);
    }
    names.retain(|_, address| all_links().any(|links| links.targets.contains(&kind_of(address))));
    names
}
