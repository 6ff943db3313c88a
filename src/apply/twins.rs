//! After its creates a run lists again, once for each kind: another run with a different ledger may have created the same
//! (unpod.md 5.4, 6.2).

use std::collections::{BTreeMap, btree_map};

use super::step_target::StepTarget;
use super::{ApplyReport, ApplyRun};
use crate::apply::event::StepOutcome;
use crate::http::{AnswerClass, ApiError, ReadOnly};
use crate::model::ledger::{FingerprintKey, Ledger, natural_key};
use crate::model::resource::{Address, Desired, LiveObject, LiveState};
use crate::plan::{Plan, StepOperation, has_natural_key};
use crate::read::{Again, ReadError};
use crate::services::{self, reading_of};

/// An object that this run created, and others with the same natural key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct ObjectWithTwins {
    /// Address of our object.
    #[schemars(with = "String")]
    pub address: Address,
    /// Its account.
    pub account: String,
    /// One of its kind, for people.
    pub kind: &'static str,
    /// The fields of the natural key.
    pub key: Vec<&'static str>,
    /// Our own object, by the service's id of its row; empty where its answer did not say.
    pub ours: String,
    /// The others.
    pub others: Vec<String>,
    /// The service no longer answers for any of them: only its support can remove one.
    pub unreachable: bool,
}

/// Looks for duplicates of what the run created. `read` is a complete reading after the run, if any: then only kinds that it
/// does not show row by row are listed again.
pub async fn find_twins(
    api: &ReadOnly<'_>,
    desired: &Desired,
    plan: &Plan,
    report: &ApplyReport,
    seen: &LiveState,
    read: Option<&LiveState>,
    (ledger, key): (&Ledger, &FingerprintKey),
) -> Result<Vec<ObjectWithTwins>, ReadError> {
    let mut lists: BTreeMap<(&str, &str), Vec<(String, LiveObject)>> = BTreeMap::new();
    let mut found = Vec::new();
    let made = |step: &str| match report.outcome(step) {
        Some(StepOutcome::Done { id, .. }) => id.clone(),
        _ => None,
    };
    let steps: Vec<_> = plan.steps.iter().map(|step| step.with_ids_in_key(made)).collect();
    for step in &steps {
        let (StepOperation::Create { key: sent, replaces, .. }, Some(address)) = (&step.operation, &step.address) else {
            continue;
        };
        let Some(StepOutcome::Done { id: Some(id), .. }) = report.outcome(&step.id) else { continue };
        let name = step.call.account.as_str();
        let (Some(account), Some(facts)) = (desired.accounts.get(name), seen.accounts.get(name).map(|live| &live.facts)) else {
            continue;
        };
        let Some(kind) = services::shape_of_generation(&address.kind, facts.generation) else { continue };
        let list = match lists.entry((name, kind.name)) {
            btree_map::Entry::Occupied(list) => list.into_mut(),
            btree_map::Entry::Vacant(free) => {
                let objects = read.and_then(|live| live.accounts.get(name)?.objects.get(kind.name));
                free.insert(match objects.filter(|_| !kind.shares_ids) {
                    Some(objects) => objects.iter().map(|it| (it.id.clone(), it.clone())).collect(),
                    None => Again { reading_of, api, account, facts, ledger, key }.list(kind).await?,
                })
            }
        };
        let ours = if kind.shares_ids { report.row_names.get(&step.id) } else { Some(id) };
        let sent = natural_key(sent);
        let same = list.iter().filter(|(_, object)| {
            replaces.as_ref() != Some(&object.id) && (object.id == *id || has_natural_key(kind.name, facts, object, &sent))
        });
        let mut others: Vec<String> = same.map(|(row, _)| row.clone()).collect();
        // If the service did not return an id of its own, our object is one of them.
        let known = ours.is_some_and(|ours| others.contains(ours));
        if others.is_empty() || (others.len() == 1 && (known || ours.is_none())) {
            continue;
        }
        others.retain(|row| Some(row) != ours);
        if others.is_empty() {
            continue;
        }
        others.sort();
        found.push(ObjectWithTwins {
            address: address.clone(),
            account: name.to_owned(),
            kind: kind.singular,
            key: kind.natural_key.to_vec(),
            ours: ours.cloned().unwrap_or_default(),
            others,
            unreachable: kind.shares_ids,
        });
    }
    Ok(found)
}

impl ApplyRun<'_> {
    /// Why a service fails on an existing object: two objects with one identity block each other (unpod.md 6.2, recorded).
    pub(super) async fn explain_identity_lock(&self, target: &StepTarget<'_>, id: &str, error: &ApiError) -> Option<String> {
        let may_be = matches!(error.class, AnswerClass::ServerFault | AnswerClass::Refused | AnswerClass::Conflict);
        if !target.kind.shares_ids || !may_be {
            return None;
        }
        let StepTarget { account, facts, kind } = target;
        let ledger = self.ledger_now().await;
        let (api, key) = (&self.read_only(), self.apply.key);
        let again = Again { reading_of, api, account, facts, ledger: &ledger, key };
        let rows = again.list(kind).await.ok()?;
        let same: Vec<String> = rows.into_iter().filter(|(_, object)| object.id == id).map(|(row, _)| row).collect();
        (same.len() > 1).then(|| {
            format!(
                "{} {} now have the {} `{id}` ({}), so the service does not return any of them. Only its support can remove one: report them there ({error})",
                same.len(),
                kind.name,
                kind.id,
                same.join(", ")
            )
        })
    }

    /// An error about an object in words.
    pub(super) async fn describe_error(&self, target: &StepTarget<'_>, id: &str, error: &ApiError) -> String {
        self.explain_identity_lock(target, id, error).await.unwrap_or_else(|| error.to_string())
    }
}
