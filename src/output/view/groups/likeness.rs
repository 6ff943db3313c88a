//! When changes are alike, and how those that have values of their own are divided.

use std::hash::Hash;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use super::super::ranking::RankedChange;
use super::super::wording::{self, StepIndex};
use super::ChangeGroup;
use crate::plan::{AttributeChange, Change, ChangeAction, ObjectRef, ShownValue, Step, StepOperation};
use crate::text::hosts_in_text;

/// A value of which at least one in so many members has the same divides a group.
const SHARED_BY_ONE_IN: usize = 4;

/// Items that have the same key, in the order of the first of each.
pub(super) fn alike<T, K: Hash + Eq>(items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<Vec<T>> {
    let mut groups: IndexMap<K, Vec<T>> = IndexMap::new();
    for item in items {
        groups.entry(key(&item)).or_default().push(item);
    }
    groups.into_values().collect()
}

/// What has to be equal in alike changes.
pub(super) fn likeness(one: &RankedChange<'_>, steps: &StepIndex<'_>) -> [u8; 32] {
    let change = one.change;
    let requests: Vec<_> = steps
        .steps_of_change(change)
        .into_iter()
        .map(|step| (step.phase, step.call.method, &step.call.account, request_shape(change, step), &step.why))
        .collect();
    let attributes: Vec<_> = change
        .attributes
        .iter()
        .map(|attribute| {
            let (before, after) = match change.action {
                ChangeAction::Create => (Ok(&attribute.before), of_what_type(&attribute.after)),
                ChangeAction::Delete => (of_what_type(&attribute.before), Ok(&attribute.after)),
                ChangeAction::Update | ChangeAction::Replace => (Ok(&attribute.before), Ok(&attribute.after)),
            };
            (&attribute.name, attribute.risky, attribute.source.is_some(), before, after)
        })
        .collect();
    let about = (change.action, &change.account, &change.from_account, &change.also_leaves, &change.reason);
    let all = (about, &change.address.kind, one.risk as u8, attributes, requests);
    Sha256::digest(serde_json::to_string(&all).unwrap_or_default()).into()
}

/// A value that may differ: only that there is one. Anything else as it is.
fn of_what_type(shown: &ShownValue) -> Result<&ShownValue, &'static str> {
    if matches!(shown, ShownValue::Value(_)) { Err("a value") } else { Ok(shown) }
}

/// Path and query of a request, with `{id}` for the ids of the change.
pub(super) fn request_shape(change: &Change, step: &Step) -> String {
    let id_of = |object: &'_ ObjectRef| object.in_path();
    let (holder, own) = match &step.operation {
        StepOperation::Create { .. } => (None, None),
        StepOperation::Update { id, .. } | StepOperation::Delete { id, .. } => (None, Some(id)),
        StepOperation::Connect { bridge, .. } | StepOperation::ReadBack { bridge, .. } => (Some(id_of(bridge)), None),
        StepOperation::Disconnect { bridge, .. } => (Some(bridge.clone()), None),
    };
    let ids = [holder.as_ref(), own, change.id.as_ref()];
    let is_id = |part: &str| !part.is_empty() && ids.iter().flatten().any(|id| id.as_str() == part);
    let path: Vec<&str> = step.call.path.split('/').map(|part| if is_id(part) { "{id}" } else { part }).collect();
    let query: Vec<String> = step.call.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{mark}{}", path.join("/"), query.join("&"))
}

/// What may differ in alike changes.
fn own_value(action: ChangeAction, attribute: &AttributeChange) -> (Option<&ShownValue>, Option<&String>) {
    let value = match action {
        ChangeAction::Create => Some(&attribute.after),
        ChangeAction::Delete => Some(&attribute.before),
        ChangeAction::Update | ChangeAction::Replace => None,
    };
    (value, attribute.source.as_ref())
}

pub(super) fn shown_own_value(action: ChangeAction, attribute: &AttributeChange) -> String {
    let (value, source) = own_value(action, attribute);
    let value = value.filter(|value| !matches!(value, ShownValue::Secret(_))).map(wording::shown_as_json);
    let source = source.map(|source| format!("from {source}"));
    value.into_iter().chain(source).collect::<Vec<_>>().join(" ")
}

/// Divides changes that may have values of their own, attribute by attribute.
pub(super) fn divide<'a>(members: Vec<&'a RankedChange<'a>>) -> Vec<ChangeGroup<'a>> {
    let mut groups = vec![ChangeGroup { members, differing: Vec::new() }];
    for at in 0..groups[0].first().attributes.len() {
        let own = |one: &RankedChange<'_>| {
            let (value, source) = own_value(one.change.action, &one.change.attributes[at]);
            serde_json::to_string(&(value, source)).unwrap_or_default()
        };
        let hosts = |one: &RankedChange<'_>| hosts_in_text(&own(one)).into_iter().collect::<Vec<_>>();
        groups = groups
            .into_iter()
            .flat_map(|group| {
                let ChangeGroup { members, differing } = group;
                let (parts, rest) = divide_by(members, own);
                let (with_hosts, rest) = divide_by(rest, hosts);
                let of_its_own: Vec<usize> = differing.iter().copied().chain([at]).collect();
                let parts = parts.into_iter().map(|members| ChangeGroup { members, differing: differing.clone() });
                let mut divided: Vec<ChangeGroup<'a>> = parts.collect();
                let others = with_hosts.into_iter().chain([rest]).filter(|members| !members.is_empty());
                divided.extend(others.map(|members| ChangeGroup { members, differing: of_its_own.clone() }));
                divided
            })
            .collect();
    }
    // Few that differ are easier to read one by one.
    let single = |one| ChangeGroup { members: vec![one], differing: Vec::new() };
    let apart = |group: ChangeGroup<'a>| {
        if group.is_folded() || group.differing.is_empty() {
            vec![group]
        } else {
            group.members.into_iter().map(single).collect()
        }
    };
    groups.into_iter().flat_map(apart).collect()
}

type Members<'a> = Vec<&'a RankedChange<'a>>;

/// Parts with a key that many share, each large enough in what the others leave; and the rest.
fn divide_by<'a, K: Hash + Eq>(members: Members<'a>, key: impl Fn(&RankedChange<'_>) -> K) -> (Vec<Members<'a>>, Members<'a>) {
    let (mut parts, mut rest) = (Vec::new(), members);
    while !rest.is_empty() {
        let all = rest.len();
        let (many, few): (Vec<_>, Vec<_>) =
            alike(rest, |one| key(one)).into_iter().partition(|part| part.len() * SHARED_BY_ONE_IN >= all);
        let done = many.is_empty();
        parts.extend(many);
        rest = few.into_iter().flatten().collect();
        if done {
            break;
        }
    }
    rest.sort_by(|a, b| a.order().cmp(&b.order()));
    (parts, rest)
}
