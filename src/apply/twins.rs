//! After its creates a run lists again, once for each kind: another run that shares no ledger with it may have made the same
//! (unpod.md 5.4, 6.2).

use std::collections::{BTreeMap, btree_map};

use super::target::Target;
use super::{Report, Run};
use crate::api::{ApiError, ReadOnly, Verdict};
use crate::backend;
use crate::event::Outcome;
use crate::ledger::{Key, Ledger, natural_key};
use crate::live::{self, LiveError};
use crate::plan::{Operation, Plan, has_key};
use crate::resource::{Address, Desired, Live, LiveObject};

/// An object that this run made, and others with the same natural key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Doubled {
    /// Address of ours.
    #[schemars(with = "String")]
    pub address: Address,
    /// Its account.
    pub account: String,
    /// One of its kind, for people.
    pub kind: &'static str,
    /// The fields of the natural key.
    pub key: Vec<&'static str>,
    /// Ours, as the service calls its row; empty where its answer did not say.
    pub ours: String,
    /// The others.
    pub others: Vec<String>,
    /// The service answers for none of them any more: only its support can remove one.
    pub unreachable: bool,
}

/// Looks for twins of what the run made. `read` is a complete reading after the run, when there is one: then only kinds that
/// it does not show row by row are listed again.
pub async fn doubled(
    api: &ReadOnly<'_>,
    desired: &Desired,
    plan: &Plan,
    report: &Report,
    seen: &Live,
    read: Option<&Live>,
    (ledger, key): (&Ledger, &Key),
) -> Result<Vec<Doubled>, LiveError> {
    let mut lists: BTreeMap<(&str, &str), Vec<(String, LiveObject)>> = BTreeMap::new();
    let mut found = Vec::new();
    for step in &plan.steps {
        let (Operation::Create { key: sent, replaces, .. }, Some(address)) = (&step.operation, &step.address)
        else {
            continue;
        };
        let Some(Outcome::Done { id: Some(id), .. }) = report.of(&step.id) else { continue };
        let name = step.call.account.as_str();
        let (Some(account), Some(facts)) =
            (desired.accounts.get(name), seen.accounts.get(name).map(|live| &live.facts))
        else {
            continue;
        };
        let Some(kind) = backend::shape(&address.kind, facts.generation) else { continue };
        let list = match lists.entry((name, kind.name)) {
            btree_map::Entry::Occupied(list) => list.into_mut(),
            btree_map::Entry::Vacant(free) => {
                let objects = read.and_then(|live| live.accounts.get(name)?.objects.get(kind.name));
                free.insert(match objects.filter(|_| !kind.shares_ids) {
                    Some(objects) => objects.iter().map(|it| (it.id.clone(), it.clone())).collect(),
                    None => live::list(api, account, kind, facts, ledger, key).await?,
                })
            }
        };
        let ours = if kind.shares_ids { report.rows.get(&step.id) } else { Some(id) };
        let sent = natural_key(sent);
        let same = list.iter().filter(|(_, object)| {
            replaces.as_ref() != Some(&object.id)
                && (object.id == *id || has_key(kind.name, facts, object, &sent))
        });
        let mut others: Vec<String> = same.map(|(row, _)| row.clone()).collect();
        // Without a number of its own, ours is one of them.
        let known = ours.is_some_and(|ours| others.contains(ours));
        if others.is_empty() || (others.len() == 1 && (known || ours.is_none())) {
            continue;
        }
        others.retain(|row| Some(row) != ours);
        if others.is_empty() {
            continue;
        }
        others.sort();
        found.push(Doubled {
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

impl Run<'_> {
    /// Why a service fails at an object that is there: two with one identity lock each other (unpod.md 6.2, recorded).
    pub(super) async fn locked(&self, target: &Target<'_>, id: &str, error: &ApiError) -> Option<String> {
        let may_be = matches!(error.verdict, Verdict::ServerFault | Verdict::Refused | Verdict::Conflict);
        if !target.kind.shares_ids || !may_be {
            return None;
        }
        let Target { account, facts, kind } = target;
        let ledger = (**self.ledger.lock().await).clone();
        let rows = live::list(&self.read(), account, kind, facts, &ledger, self.apply.key).await.ok()?;
        let same: Vec<String> =
            rows.into_iter().filter(|(_, object)| object.id == id).map(|(row, _)| row).collect();
        (same.len() > 1).then(|| {
            format!(
                "{} {} have the {} `{id}` now ({}), and the service answers for none of them: name them to its support, which alone can remove one ({error})",
                same.len(),
                kind.name,
                kind.id,
                same.join(", ")
            )
        })
    }

    /// An error about an object in words.
    pub(super) async fn explain(&self, target: &Target<'_>, id: &str, error: &ApiError) -> String {
        self.locked(target, id, error).await.unwrap_or_else(|| error.to_string())
    }
}
