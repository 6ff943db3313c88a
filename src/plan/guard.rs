//! Guards look at the finished plan before anything is sent; all of them say no by default (spec 6).

use std::collections::BTreeMap;

use super::impact::{NumberImpact, dark};
use super::note::{Refusal, RefusalCode};
use super::step::{Operation, Step};
use super::{Inputs, Phase};
use crate::resource::{Guards, Organization};

/// What the guards refuse: first what breaks the limits of one account, then what breaks those of the whole run.
pub(super) fn guard(inputs: &Inputs<'_>, steps: &[Step], impact: &[NumberImpact]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let whole = Loss::of(inputs, steps, impact, None);
    let of_each: Vec<Loss> =
        inputs.desired.accounts.keys().map(|name| Loss::of(inputs, steps, impact, Some(name))).collect();
    // The number of a switch holds for the whole run, so each refusal names the one that allows the whole run.
    let needed = Needed {
        deletes: whole.deletes,
        dark: whole.dark,
        percent: of_each.iter().flat_map(|loss| loss.percent.values()).copied().max().unwrap_or(0),
    };
    for (account, loss) in inputs.desired.accounts.values().zip(&of_each) {
        let limits = inputs.options.guards.or(account.guards).or(inputs.desired.guards);
        loss.check(&account.name, limits, &needed, &mut refusals);
        let mut refuse = |code, detail| refusals.push(refusal(code, &account.name, detail));
        let facts = inputs.facts(&account.name);
        let writes = steps.iter().filter(|step| {
            step.call.account == account.name && !matches!(step.operation, Operation::ReadBack { .. })
        });
        let writes = writes.count();
        if let Organization::Unconfirmed(why) = &facts.organization
            && writes > 0
        {
            let handle = account.org_handle.as_deref().unwrap_or_default();
            refuse(
                RefusalCode::UnconfirmedOrganization,
                format!(
                    "{} would be sent to organization {handle}, which the service does not confirm: {why}",
                    count(writes, "request")
                ),
            );
        }
        if writes > 0 && facts.generation.is_none() && !account.backend.generations.is_empty() {
            refuse(
                RefusalCode::UnknownGeneration,
                "the service's answers do not tell its generation".to_owned(),
            );
        }
    }
    // Where nobody speaks of the whole run, the accounts' limits are all there is.
    let run = inputs.options.guards.or(inputs.desired.guards);
    let unlimited =
        Guards { max_deletes: Some(u64::MAX), max_delete_percent: None, max_numbers_dark: Some(u64::MAX) };
    let known: Vec<RefusalCode> = refusals.iter().map(|refusal| refusal.code).collect();
    let mut of_run = Vec::new();
    whole.check("", run.or(unlimited), &needed, &mut of_run);
    // What an account was refused for already is not said twice.
    of_run.retain(|refusal| !known.contains(&refusal.code));
    refusals.extend(of_run);
    refusals
}

/// What the switches must say for this run.
struct Needed {
    deletes: usize,
    dark: usize,
    percent: u64,
}

/// What is lost, in one account or in all.
struct Loss {
    deletes: usize,
    dark: usize,
    /// Share of a kind's objects that goes, in percent, rounded up.
    percent: BTreeMap<&'static str, u64>,
}

impl Loss {
    fn of(inputs: &Inputs<'_>, steps: &[Step], impact: &[NumberImpact], account: Option<&str>) -> Self {
        let within = |name: &str| account.is_none_or(|account| account == name);
        let deletes: Vec<&Step> =
            steps.iter().filter(|step| step.phase == Phase::Delete && within(&step.call.account)).collect();
        let mut there: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (_, live) in inputs.live.accounts.iter().filter(|(name, _)| within(name)) {
            for (kind, objects) in &live.objects {
                *there.entry(kind).or_default() += objects.len() as u64;
            }
        }
        let percent = there.into_iter().filter_map(|(kind, there)| {
            let of_kind = |step: &&&Step| step.address.as_ref().is_some_and(|address| address.kind == kind);
            let gone = deletes.iter().filter(of_kind).count() as u64;
            (gone > 0).then(|| (kind, (gone * 100).div_ceil(there.max(1))))
        });
        Self { dark: dark(impact, account).count(), percent: percent.collect(), deletes: deletes.len() }
    }

    /// Compares with the limits of an account, or with those of the whole run when none is named.
    fn check(&self, account: &str, max: Guards, needed: &Needed, refusals: &mut Vec<Refusal>) {
        let of = if account.is_empty() { " for the whole run" } else { "" };
        let mut refuse = |code, lost: String, guard: &str, allowed: u64, switch: String| {
            let detail = format!("{lost}, {guard}{of} is {allowed}; `{switch}` allows it");
            refusals.push(refusal(code, account, detail));
        };
        let allowed = max.max_deletes.unwrap_or(0);
        if self.deletes as u64 > allowed {
            let lost = format!("{} would be deleted", count(self.deletes, "object"));
            let switch = format!("--max-deletes {}", needed.deletes);
            refuse(RefusalCode::MaxDeletes, lost, "max_deletes", allowed, switch);
        }
        let allowed = max.max_delete_percent.unwrap_or(100);
        for (kind, percent) in self.percent.iter().filter(|(_, percent)| **percent > allowed) {
            let lost = format!("{percent} % of the {kind} would be deleted");
            let switch = format!("--max-delete-percent {}", needed.percent);
            refuse(RefusalCode::MaxDeletePercent, lost, "max_delete_percent", allowed, switch);
        }
        let allowed = max.max_numbers_dark.unwrap_or(0);
        if self.dark as u64 > allowed {
            let lost = format!("{} would go dark", count(self.dark, "number"));
            let switch = format!("--max-numbers-dark {}", needed.dark);
            refuse(RefusalCode::MaxNumbersDark, lost, "max_numbers_dark", allowed, switch);
        }
    }
}

fn refusal(code: RefusalCode, account: &str, detail: String) -> Refusal {
    Refusal { code, account: account.to_owned(), address: None, attribute: None, detail, place: None }
}

/// `1 object`, `2 objects`.
pub(super) fn count(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}
