//! Guards check the finished plan before anything is sent; each refuses by default.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::change::{Change, ChangeAction};
use super::diagnostics::{PlanRefusal, RefusalCode};
use super::impact::{NumberImpact, numbers_going_dark};
use super::matching::{MatchOutcome, Matches};
use super::step::{Step, StepOperation};
use super::{Inputs, StepPhase};
use crate::model::guards::Guards;
use crate::model::resource::{Address, OrganizationCheck};
use crate::services;

/// What the guards refuse: first what breaks the limits of one account, then what breaks those of the whole run.
pub(super) fn check_guards(inputs: &Inputs<'_>, planned: &PlannedChanges<'_>) -> Vec<PlanRefusal> {
    let mut refusals = Vec::new();
    let steps = planned.steps;
    let managed = managed_objects(inputs, planned);
    let whole = PlannedLosses::of(planned, &managed, None);
    let of_each = inputs.desired.accounts.keys().map(|name| PlannedLosses::of(planned, &managed, Some(name)));
    let of_each: Vec<PlannedLosses> = of_each.collect();
    // The number in a switch applies to the whole run, so each refusal names the one that allows the whole run.
    let needed = |code| of_each.iter().chain([&whole]).flat_map(|loss| loss.amounts_of(code)).max().unwrap_or(0);
    for (account, loss) in inputs.desired.accounts.values().zip(&of_each) {
        let limits = inputs.options.guards.or(account.guards).or(inputs.desired.guards);
        loss.check_limits(&account.name, limits, &needed, &mut refusals);
        let mut refuse = |code, detail| refusals.push(guard_refusal(code, &account.name, detail));
        let facts = inputs.facts_of_account(&account.name);
        let writes = steps
            .iter()
            .filter(|step| step.call.account == account.name && !matches!(step.operation, StepOperation::ReadBack { .. }));
        let writes = writes.count();
        if let OrganizationCheck::Unconfirmed(why) = &facts.organization
            && writes > 0
        {
            let handle = account.organization().unwrap_or_default();
            refuse(
                RefusalCode::UnconfirmedOrganization,
                format!(
                    "{} would be sent to organization {handle}, which the service does not confirm: {why}",
                    count_of(writes, "request")
                ),
            );
        }
        if writes > 0 && facts.generation.is_none() && !account.service.generations().is_empty() {
            refuse(RefusalCode::UnknownGeneration, "the service's answers do not show its generation".to_owned());
        }
    }
    if inputs.options.ledger_of_yaml && inputs.ledger.is_new() && whole.deletes > 0 {
        let detail = format!(
            "{} would be deleted, but no ledger exists at {}, which only the YAML names: telform does not know what it created before",
            count_of(whole.deletes, "object"),
            inputs.options.ledger,
        );
        refusals.push(guard_refusal(RefusalCode::NewLedger, "", detail));
    }
    // Where no limit is set for the whole run, only those of the accounts apply.
    let run = inputs.options.guards.or(inputs.desired.guards);
    let known: Vec<RefusalCode> = refusals.iter().map(|refusal| refusal.code).collect();
    let mut of_run = Vec::new();
    whole.check_limits("", run.or(Guards::unlimited()), &needed, &mut of_run);
    // A violation already reported for an account is not reported twice.
    of_run.retain(|refusal| !known.contains(&refusal.code));
    refusals.extend(of_run);
    refusals
}

/// What guards look at.
pub(super) struct PlannedChanges<'a> {
    pub(super) findings: &'a Matches<'a>,
    pub(super) changes: &'a BTreeMap<Address, Change>,
    pub(super) steps: &'a [Step],
    pub(super) impact: &'a [NumberImpact],
    pub(super) muted: &'a BTreeMap<String, usize>,
}

/// What one guard counts.
struct GuardedLoss {
    code: RefusalCode,
    amount: u64,
    /// A clause that says the amount.
    text: String,
    /// Managed objects of the kind, for a share of them.
    managed: u64,
}

/// The losses, in one account or in all.
struct PlannedLosses {
    deletes: usize,
    counted: Vec<GuardedLoss>,
}

impl PlannedLosses {
    fn of(planned: &PlannedChanges<'_>, managed: &HashSet<ObjectKey<'_>>, account: Option<&str>) -> Self {
        let within = |name: &str| account.is_none_or(|account| account == name);
        let deleted = planned.steps.iter().filter(|step| step.phase == StepPhase::Delete && within(&step.call.account));
        let deletes: Vec<ObjectKey<'_>> = deleted.filter_map(deleted_object).collect();
        let updated = planned.changes.values().filter(|it| it.action == ChangeAction::Update && within(&it.account));
        let updates: Vec<&str> = updated.map(|change| change.address.kind.as_str()).collect();
        let dark = numbers_going_dark(planned.impact, account).count();
        let muted: usize = planned.muted.iter().filter(|(account, _)| within(account)).map(|(_, count)| count).sum();
        let loss = |code, amount, text| GuardedLoss { code, amount, text, managed: 0 };
        let mut counted = vec![
            loss(
                RefusalCode::MaxDeletes,
                deletes.len() as u64,
                format!("{} would be deleted", count_of(deletes.len(), "object")),
            ),
            loss(
                RefusalCode::MaxUpdates,
                updates.len() as u64,
                format!("{} would be updated", count_of(updates.len(), "object")),
            ),
            loss(RefusalCode::MaxNumbersDark, dark as u64, format!("{} would go dark", count_of(dark, "number"))),
            loss(RefusalCode::MaxConnectionsMuted, muted as u64, format!("{} would be muted", count_of(muted, "connection"))),
        ];
        let mut managed_of_kind: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, kind, _) in managed.iter().filter(|(account, ..)| within(account)) {
            *managed_of_kind.entry(kind).or_default() += 1;
        }
        for (kind, managed) in managed_of_kind {
            let mut share = |code, count: usize, what| {
                let amount = (count as u64 * 100).div_ceil(managed);
                let text = format!("{amount} % of the managed {kind} would be {what}");
                counted.push(GuardedLoss { code, amount, text, managed });
            };
            let gone = deletes.iter().filter(|(_, it, _)| *it == kind).count();
            share(RefusalCode::MaxDeletePercent, gone, "deleted");
            share(RefusalCode::MaxUpdatePercent, updates.iter().filter(|it| **it == kind).count(), "updated");
        }
        Self { deletes: deletes.len(), counted }
    }

    fn amounts_of(&self, code: RefusalCode) -> impl Iterator<Item = u64> {
        self.counted.iter().filter(move |loss| loss.code == code).map(|loss| loss.amount)
    }

    /// Compares with the limits of an account, or with those of the whole run when none is named.
    fn check_limits(&self, account: &str, max: Guards, needed: &dyn Fn(RefusalCode) -> u64, refusals: &mut Vec<PlanRefusal>) {
        let of = if account.is_empty() { " for the whole run" } else { "" };
        for GuardedLoss { code, amount, text, managed } in &self.counted {
            let Some(guard) = code.guard() else { continue };
            let default = guard.default.filter(|_| *managed >= guard.default_from);
            if let Some(allowed) = (guard.get)(&max).or(default)
                && *amount > allowed
            {
                let allows = format!("--{} {}", guard.option, needed(*code));
                let detail = format!("{text}, {}{of} is {allowed}; `{allows}` allows it", guard.name);
                refusals.push(guard_refusal(*code, account, detail));
            }
        }
    }
}

/// Account, kind and id.
type ObjectKey<'a> = (&'a str, &'a str, &'a str);

fn deleted_object(step: &Step) -> Option<ObjectKey<'_>> {
    let StepOperation::Delete { id, .. } = &step.operation else { return None };
    Some((&step.call.account, &step.address.as_ref()?.kind, id))
}

/// The objects that are there and that telform manages, or manages from this plan on.
fn managed_objects<'a>(inputs: &Inputs<'a>, planned: &PlannedChanges<'a>) -> HashSet<ObjectKey<'a>> {
    let found = planned.findings.by_address.values().filter_map(|found| match &found.outcome {
        MatchOutcome::Live(live) => Some((found.object.account.as_str(), found.object.address.kind.as_str(), live.id.as_str())),
        _ => None,
    });
    let mut managed: HashSet<_> = found.chain(planned.steps.iter().filter_map(deleted_object)).collect();
    let numbers = inputs.ledger.objects.iter().filter(|(address, _)| services::link_entry(&address.kind).is_some());
    managed.extend(numbers.map(|(address, entry)| (entry.account.as_str(), address.kind.as_str(), entry.id.as_str())));
    let known = inputs.ledger.objects.iter();
    let known = known.map(|(address, entry)| (entry.account.as_str(), address.kind.as_str(), entry.id.as_str()));
    let known: HashSet<_> = known.collect();
    for (account, live) in &inputs.live.accounts {
        for (kind, objects) in &live.objects {
            let there = objects.iter().map(|live| (account.as_str(), *kind, live.id.as_str()));
            managed.extend(there.filter(|it| known.contains(it)));
        }
    }
    managed
}

impl PlanRefusal {
    /// The amount that a limit refuses, and the limit; none where the rule is not a limit.
    pub fn exceeded(&self) -> Option<(u64, u64)> {
        let guard = self.code.guard()?;
        let amount = self.detail.split(' ').next()?.parse().ok()?;
        let (_, limit) = self.detail.split_once(guard.name)?.1.split_once(" is ")?;
        let limit = limit.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()?;
        Some((amount, limit))
    }

    /// The options that allow it for one run; none where only a change of the YAML or of the service helps.
    pub fn allowing_options(&self) -> Option<Vec<String>> {
        match self.code {
            RefusalCode::UnseenProducts => Some(vec!["--allow-unseen-products".to_owned()]),
            RefusalCode::SimilarExists => {
                Some(self.addresses.iter().map(|address| format!("--allow-similar {address}")).collect())
            }
            _ => {
                let (before, _) = self.detail.rsplit_once("` allows it")?;
                Some(vec![format!("--{}", before.rsplit_once("`--")?.1)])
            }
        }
    }
}

fn guard_refusal(code: RefusalCode, account: &str, detail: String) -> PlanRefusal {
    PlanRefusal { code, account: account.to_owned(), addresses: BTreeSet::new(), attribute: None, detail, place: None }
}

/// `1 object`, `2 objects`.
pub(super) fn count_of(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::guards::GUARDS;

    /// The sentence about a limit says amount, limit and option, and they are read back from it: a saved plan has only the sentence.
    #[test]
    fn each_limit_is_read_back_from_its_sentence() {
        let codes = [
            RefusalCode::MaxDeletes,
            RefusalCode::MaxDeletePercent,
            RefusalCode::MaxUpdates,
            RefusalCode::MaxUpdatePercent,
            RefusalCode::MaxNumbersDark,
            RefusalCode::MaxConnectionsMuted,
        ];
        assert_eq!(codes.len(), GUARDS.len());
        for (code, account) in codes.iter().flat_map(|code| [(*code, ""), (*code, "main")]) {
            let guard = code.guard().unwrap();
            let text =
                format!("{} would be counted", if guard.unit == "N" { "7 objects" } else { "7 % of the managed partners" });
            let losses = PlannedLosses { deletes: 0, counted: vec![GuardedLoss { code, amount: 7, text, managed: 100 }] };
            let mut limits = Guards::default();
            *(guard.slot)(&mut limits) = Some(3);
            let mut refusals = Vec::new();
            losses.check_limits(account, limits, &|_| 9, &mut refusals);
            assert_eq!(refusals[0].exceeded(), Some((7, 3)), "{}", refusals[0].detail);
            assert_eq!(refusals[0].allowing_options().unwrap(), [format!("--{} 9", guard.option)]);
        }
        let kept = guard_refusal(RefusalCode::PreventDelete, "main", "it is protected".to_owned());
        assert_eq!((kept.exceeded(), kept.allowing_options()), (None, None));
    }
}
