//! What a fresh reading after a run shows of the values that it sent.

use std::collections::BTreeMap;

use super::ApplyReport;
use super::record::TimestampFn;
use super::sent_values::{SentWrite, UnmetAttributes, ids_used};
use crate::apply::event::StepOutcome;
use crate::model::call::StepId;
use crate::model::ledger::{FingerprintKey, Ledger};
use crate::model::resource::{Desired, LiveState};
use crate::plan::{Plan, StepOperation};
use crate::services;

/// The inputs of [`settle_values`].
pub struct AfterRun<'a> {
    /// The plan that was carried out.
    pub plan: &'a Plan,
    /// What it was made from.
    pub desired: &'a Desired,
    /// How its steps ended.
    pub report: &'a ApplyReport,
    /// A reading after them.
    pub live: &'a LiveState,
    /// Key of the fingerprints.
    pub key: &'a FingerprintKey,
    /// Id of the run.
    pub run: &'a str,
    /// What time it is.
    pub clock: &'a TimestampFn,
}

/// After a run: an answer may repeat what was sent while the service stores something else (carrierx.md 7.1, 8.2), or show
/// an outdated state. What a fresh reading shows is recorded, so that it is not sent again. Returns the fate of the values
/// of each step whose object that reading shows.
pub fn settle_values(ledger: &mut Ledger, after: &AfterRun<'_>) -> BTreeMap<StepId, UnmetAttributes> {
    let mut found = BTreeMap::new();
    let listed = after.live.by_id();
    for (step, (_, outcome)) in after.plan.steps.iter().zip(&after.report.outcomes) {
        let (Some(address), StepOutcome::Done { id: made, .. }) = (&step.address, outcome) else { continue };
        let id = match &step.operation {
            StepOperation::Create { .. } => made.as_ref(),
            StepOperation::Update { id, .. } => Some(id),
            _ => None,
        };
        let Some(account) = after.live.accounts.get(&step.call.account) else { continue };
        let kind = services::shape_of_generation(&address.kind, account.facts.generation);
        let shown = id.and_then(|id| listed.get(&(step.call.account.as_str(), address.kind.as_str(), id.as_str())));
        if let (Some(kind), Some(shown), Some(entry)) = (kind, shown, ledger.objects.get_mut(address)) {
            let write = SentWrite {
                step,
                kind,
                catalogue: &account.facts.catalogue,
                wanted: after.desired.objects.get(address),
                key: after.key,
                made: ids_used(step, |made| after.report.outcome(made)?.created_id()),
                before: after.report.seen.get(&step.id),
                after: Some(shown),
            };
            let mut came = write.note_unmet(entry, after.run, after.clock);
            // The answer of a create decides its identity: a slug with a suffix is not a failure.
            if matches!(step.operation, StepOperation::Create { .. }) {
                came.reshaped.clear();
            }
            found.insert(step.id.clone(), came);
        }
    }
    found
}
