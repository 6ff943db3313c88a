//! Order as data: steps sorted once by a key, and numbered in that order. Apply decides nothing.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::step::{Operation, Ref, Step};
use crate::call::{Body, Payload, StepId};

/// Sorts the drafts by phase, rank, subject and turn, and gives each its number, everywhere its draft name stands.
pub(super) fn number(mut drafts: Vec<Draft>) -> Vec<Step> {
    drafts.sort_by(|a, b| {
        (a.step.phase, a.rank, &a.subject, a.turn, &a.step.id).cmp(&(
            b.step.phase,
            b.rank,
            &b.subject,
            b.turn,
            &b.step.id,
        ))
    });
    let names: BTreeMap<String, StepId> = drafts
        .iter()
        .enumerate()
        .map(|(index, draft)| (draft.step.id.clone(), format!("s{}", index + 1)))
        .collect();
    drafts.into_iter().map(|draft| renamed(draft.step, &names)).collect()
}

fn renamed(mut step: Step, names: &BTreeMap<String, StepId>) -> Step {
    let name = |draft: &StepId| names.get(draft).cloned().unwrap_or_else(|| draft.clone());
    step.id = name(&step.id);
    step.waits_for = step.waits_for.iter().map(name).collect();
    step.waits_for.sort_by_key(|id| (id.len(), id.clone()));
    step.call.path = in_path(&step.call.path, names);
    if let Some(Body::Object(entries) | Body::Overlay { set: entries, .. }) = &mut step.call.body {
        for payload in entries.values_mut() {
            if let Payload::IdOf(draft) = payload {
                *draft = name(draft);
            }
        }
    }
    let rename = |at: &mut Ref| {
        if let Ref::Step(draft) = at {
            *draft = name(draft);
        }
    };
    match &mut step.operation {
        Operation::Connect { bridge, provider, .. } => {
            rename(bridge);
            rename(provider);
        }
        Operation::ReadBack { bridge, numbers } => {
            rename(bridge);
            numbers.values_mut().flatten().for_each(rename);
        }
        Operation::Create { .. }
        | Operation::Update { .. }
        | Operation::Disconnect { .. }
        | Operation::Delete { .. } => {}
    }
    step
}

/// `{draft name}` in a path becomes `{s3}`. Slugs and ids hold no braces, and a path holds one reference at most.
fn in_path(path: &str, names: &BTreeMap<String, StepId>) -> String {
    let Some((before, rest)) = path.split_once('{') else { return path.to_owned() };
    let Some((draft, after)) = rest.split_once('}') else { return path.to_owned() };
    match names.get(draft) {
        Some(id) => format!("{before}{{{id}}}{after}"),
        None => path.to_owned(),
    }
}
