//! Order as data: steps are sorted once by a key and numbered in that order. Apply does not decide the order.

use std::collections::BTreeMap;

use super::step::{ObjectRef, Prerequisite, Step, StepOperation};
use super::unnumbered_step::UnnumberedStep;
use crate::model::call::{BodyValue, CallBody, StepId};

/// Sorts the drafts by phase, rank, depth, subject and turn, and gives each its number, everywhere its draft name appears.
pub(super) fn number_steps(mut drafts: Vec<UnnumberedStep>) -> Vec<Step> {
    drafts.sort_by(|a, b| {
        let key = |draft: &'_ UnnumberedStep| (draft.step.phase, draft.rank, draft.depth);
        key(a).cmp(&key(b)).then_with(|| (&a.subject, a.turn, &a.step.id).cmp(&(&b.subject, b.turn, &b.step.id)))
    });
    let names: BTreeMap<String, StepId> =
        drafts.iter().enumerate().map(|(index, draft)| (draft.step.id.clone(), format!("s{}", index + 1))).collect();
    drafts.into_iter().map(|draft| renumber_step(draft.step, &names)).collect()
}

fn renumber_step(mut step: Step, names: &BTreeMap<String, StepId>) -> Step {
    let name = |draft: &StepId| names.get(draft).cloned().unwrap_or_else(|| draft.clone());
    step.id = name(&step.id);
    for it in &mut step.waits_for {
        if let Prerequisite::Step(draft) = it {
            *draft = name(draft);
        }
    }
    // Steps in their order, then phases.
    step.waits_for.sort_by(|a, b| {
        let key = |it: &Prerequisite| it.step().map_or(usize::MAX, String::len);
        key(a).cmp(&key(b)).then_with(|| a.cmp(b))
    });
    step.call.path = renumber_path(&step.call.path, names);
    if let Some(CallBody::Object(entries) | CallBody::Overlay { set: entries, .. }) = &mut step.call.body {
        for payload in entries.values_mut() {
            match payload {
                BodyValue::IdOf(draft) => *draft = name(draft),
                BodyValue::WithIds { ids, .. } => ids.values_mut().for_each(|draft| *draft = name(draft)),
                BodyValue::Value(_) | BodyValue::Secret { .. } => {}
            }
        }
    }
    let rename = |at: &mut ObjectRef| {
        if let ObjectRef::Step(draft) = at {
            *draft = name(draft);
        }
    };
    match &mut step.operation {
        StepOperation::Connect { bridge, provider, .. } => {
            rename(bridge);
            rename(provider);
        }
        StepOperation::ReadBack { bridge, numbers } => {
            rename(bridge);
            numbers.values_mut().flatten().for_each(rename);
        }
        StepOperation::Create { .. }
        | StepOperation::Update { .. }
        | StepOperation::Disconnect { .. }
        | StepOperation::Delete { .. } => {}
    }
    step
}

/// `{draft name}` in a path becomes `{s3}`. Slugs and ids do not contain braces, and a path holds at most one reference.
fn renumber_path(path: &str, names: &BTreeMap<String, StepId>) -> String {
    let Some((before, rest)) = path.split_once('{') else { return path.to_owned() };
    let Some((draft, after)) = rest.split_once('}') else { return path.to_owned() };
    match names.get(draft) {
        Some(id) => format!("{before}{{{id}}}{after}"),
        None => path.to_owned(),
    }
}
