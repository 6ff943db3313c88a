//! Guards check the finished plan before anything is sent; each refuses by default.

use std::collections::BTreeMap;

use super::diagnostics::{PlanRefusal, RefusalCode};
use super::impact::{NumberImpact, numbers_going_dark};
use super::step::{Step, StepOperation};
use super::{Inputs, StepPhase};
use crate::model::guards::{GUARDS, Guards};
use crate::model::resource::OrganizationCheck;

/// What the guards refuse: first what breaks the limits of one account, then what breaks those of the whole run.
pub(super) fn check_guards(inputs: &Inputs<'_>, steps: &[Step], impact: &[NumberImpact]) -> Vec<PlanRefusal> {
    let mut refusals = Vec::new();
    let whole = PlannedLosses::from_steps(inputs, steps, impact, None);
    let of_each = inputs.desired.accounts.keys().map(|name| PlannedLosses::from_steps(inputs, steps, impact, Some(name)));
    let of_each: Vec<PlannedLosses> = of_each.collect();
    // The number in a switch applies to the whole run, so each refusal names the one that allows the whole run.
    let needed = |code| of_each.iter().chain([&whole]).flat_map(|loss| loss.amount_of(code)).max().unwrap_or(0);
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
            let handle = account.org_handle.as_deref().unwrap_or_default();
            refuse(
                RefusalCode::UnconfirmedOrganization,
                format!(
                    "{} would be sent to organization {handle}, which the service does not confirm: {why}",
                    count_of(writes, "request")
                ),
            );
        }
        if writes > 0 && facts.generation.is_none() && !account.service.generations.is_empty() {
            refuse(RefusalCode::UnknownGeneration, "the service's answers do not show its generation".to_owned());
        }
    }
    if inputs.options.ledger_of_yaml && inputs.ledger.is_new() && whole.deletes > 0 {
        let detail = format!(
            "{} would be deleted, and there is no ledger at {}, which only the YAML names: nothing is known of what telform made before",
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

/// The losses, in one account or in all.
struct PlannedLosses {
    deletes: usize,
    /// What each guard counts: its rule, how much, and a clause that says so.
    counted: Vec<(RefusalCode, u64, String)>,
}

impl PlannedLosses {
    fn from_steps(inputs: &Inputs<'_>, steps: &[Step], impact: &[NumberImpact], account: Option<&str>) -> Self {
        let within = |name: &str| account.is_none_or(|account| account == name);
        let deletes: Vec<&Step> =
            steps.iter().filter(|step| step.phase == StepPhase::Delete && within(&step.call.account)).collect();
        let mut there: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (_, live) in inputs.live.accounts.iter().filter(|(name, _)| within(name)) {
            for (kind, objects) in &live.objects {
                *there.entry(kind).or_default() += objects.len() as u64;
            }
        }
        let shares = there.into_iter().map(|(kind, there)| {
            let of_kind = |step: &&&Step| step.address.as_ref().is_some_and(|address| address.kind == kind);
            let percent = (deletes.iter().filter(of_kind).count() as u64 * 100).div_ceil(there.max(1));
            (RefusalCode::MaxDeletePercent, percent, format!("{percent} % of the {kind} would be deleted"))
        });
        let dark = numbers_going_dark(impact, account).count();
        let deletes = deletes.len();
        let lost = format!("{} would be deleted", count_of(deletes, "object"));
        let mut counted = vec![(RefusalCode::MaxDeletes, deletes as u64, lost)];
        counted.extend(shares);
        counted.push((RefusalCode::MaxNumbersDark, dark as u64, format!("{} would go dark", count_of(dark, "number"))));
        Self { deletes, counted }
    }

    fn amount_of(&self, code: RefusalCode) -> impl Iterator<Item = u64> {
        self.counted.iter().filter(move |(it, ..)| *it == code).map(|(_, amount, _)| *amount)
    }

    /// Compares with the limits of an account, or with those of the whole run when none is named.
    fn check_limits(&self, account: &str, max: Guards, needed: &dyn Fn(RefusalCode) -> u64, refusals: &mut Vec<PlanRefusal>) {
        let of = if account.is_empty() { " for the whole run" } else { "" };
        for (code, amount, lost) in &self.counted {
            let guard = GUARDS.iter().find(|guard| guard.name == code.name());
            let Some((guard, allowed)) = guard.and_then(|guard| Some((guard, (guard.get)(&max).or(guard.default)?))) else {
                continue;
            };
            if *amount > allowed {
                let allows = format!("--{} {}", guard.option, needed(*code));
                let detail = format!("{lost}, {}{of} is {allowed}; `{allows}` allows it", guard.name);
                refusals.push(guard_refusal(*code, account, detail));
            }
        }
    }
}

fn guard_refusal(code: RefusalCode, account: &str, detail: String) -> PlanRefusal {
    PlanRefusal { code, account: account.to_owned(), address: None, attribute: None, detail, place: None }
}

/// `1 object`, `2 objects`.
pub(super) fn count_of(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}
