//! Connections that can no longer call out: what they name for that lets no call out any more, although no number goes dark.

use std::collections::{BTreeMap, BTreeSet};

use super::Planner;
use crate::model::call::{BodyValue, CallBody};
use crate::model::kind::{Field, Kind};
use crate::model::resource::{Account, Address, LiveObject};
use crate::model::value::CompactValue;
use crate::plan::Inputs;
use crate::plan::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use crate::plan::matching::Matches;
use crate::plan::step::{ObjectRef, Step, StepOperation};

/// A connection that calls out before the plan and not after it.
pub(in crate::plan) struct MutedConnection {
    /// Its account.
    pub(in crate::plan) account: String,
}

/// Objects of one kind that let no call out.
struct ClosedOutlets<'i> {
    before: BTreeSet<&'i str>,
    after: BTreeMap<ObjectRef, Option<Address>>,
    /// Whether the plan closes one of them.
    closes: Option<Address>,
}

impl<'a> Planner<'a> {
    /// The connections that a plan mutes; each object that mutes some has a notice that names them.
    pub(super) fn muted_connections(&mut self, inputs: &Inputs<'a>, findings: &Matches<'a>) -> Vec<MutedConnection> {
        let mut muted = Vec::new();
        for account in inputs.desired.accounts.values() {
            let generation = inputs.facts_of_account(&account.name).generation;
            let answering = |kind: &&Kind| kind.generation.is_none() || kind.generation == generation;
            let shapes: Vec<&'static Kind> = account.service.kinds.iter().copied().filter(answering).collect();
            for outlet in shapes.iter().copied().filter(|kind| kind.muting_value().is_some()) {
                let closed = self.closed_outlets(inputs, account, outlet);
                let mut of_each: BTreeMap<&ObjectRef, Vec<String>> = BTreeMap::new();
                for kind in shapes.iter().copied().filter(|kind| kind.connected && kind.refers_to(outlet.name)) {
                    self.refuse_muting_unread(inputs, account, kind, &closed);
                    for (live, by) in self.muted_of_kind(inputs, account, (kind, outlet), &closed) {
                        let claimed = findings.claimed.get(&(account.name.as_str(), kind.name, live.id.as_str()));
                        let name = claimed.map_or_else(|| format!("{} {}", kind.singular, live.id), ToString::to_string);
                        of_each.entry(by).or_default().push(name);
                    }
                }
                for (by, names) in of_each {
                    let address = closed.after.get(by).and_then(Option::as_ref);
                    let live = |id: &str| format!("{} {id} mutes {}", outlet.singular, names.join(", "));
                    let detail = match (address, by) {
                        (None, ObjectRef::Id(id)) => live(id),
                        _ => names.join(", "),
                    };
                    self.remarks.notices.push(PlanNotice::about(NoticeCode::Muted, &account.name, address, Some(detail)));
                    muted.extend(names.iter().map(|_| MutedConnection { account: account.name.clone() }));
                }
            }
        }
        muted
    }

    /// The objects of a kind that let no call out, before the plan and after it.
    fn closed_outlets(&self, inputs: &Inputs<'a>, account: &Account, kind: &Kind) -> ClosedOutlets<'a> {
        let Some((name, value)) = kind.muting_value() else {
            return ClosedOutlets { before: BTreeSet::new(), after: BTreeMap::new(), closes: None };
        };
        let shows = |live: &&'a LiveObject| live.attributes.get(name) == Some(&CompactValue::Bool(value));
        let live = inputs.live_objects(&account.name, kind.name).iter();
        let before: BTreeSet<&str> = live.filter(shows).map(|live| live.id.as_str()).collect();
        let mut after: BTreeMap<ObjectRef, Option<Address>> =
            before.iter().map(|id| (ObjectRef::Id((*id).to_owned()), None)).collect();
        let mut closes = None;
        for step in self.steps_on(account, kind) {
            let Some(sent) = sent_value(step, name) else { continue };
            let at = match &step.operation {
                StepOperation::Update { id, .. } => ObjectRef::Id(id.clone()),
                StepOperation::Create { .. } => ObjectRef::Step(step.id.clone()),
                _ => continue,
            };
            if sent.known_value() == Some(&CompactValue::Bool(value)) {
                closes = closes.or_else(|| step.address.clone().filter(|_| matches!(at, ObjectRef::Id(_))));
                after.insert(at, step.address.clone());
            } else {
                after.remove(&at);
            }
        }
        ClosedOutlets { before, after, closes }
    }

    /// The live connections of a kind that the plan mutes, each with what mutes it.
    fn muted_of_kind<'c>(
        &self,
        inputs: &Inputs<'a>,
        account: &Account,
        (kind, outlet): (&'static Kind, &Kind),
        closed: &'c ClosedOutlets<'a>,
    ) -> Vec<(&'a LiveObject, &'c ObjectRef)> {
        let names = |field: &&Field| field.reference_kinds().any(|of| of == outlet.name);
        let mut muted = Vec::new();
        for field in kind.fields.iter().filter(names) {
            let sent: BTreeMap<&str, &BodyValue> = self
                .steps_on(account, kind)
                .filter_map(|step| match &step.operation {
                    StepOperation::Update { id, .. } => Some((id.as_str(), sent_value(step, field.name)?)),
                    StepOperation::Create { replaces: Some(id), replaces_in: None, .. } => {
                        Some((id.as_str(), sent_value(step, field.name)?))
                    }
                    _ => None,
                })
                .collect();
            let stays = |live: &&LiveObject| {
                let mut leaving = self.leaving.iter().filter(|gone| gone.account == account.name && gone.kind.name == kind.name);
                leaving.all(|gone| gone.live.id != live.id || gone.replacement.is_some())
            };
            for live in inputs.live_objects(&account.name, kind.name).iter().filter(stays) {
                let Some(now) = live.shown_value(field.name).and_then(CompactValue::text) else { continue };
                let named = match sent.get(live.id.as_str()) {
                    Some(BodyValue::WithIds { ids, .. }) => ids.values().next().cloned().map(ObjectRef::Step),
                    Some(BodyValue::Value(value)) => value.text().map(|id| ObjectRef::Id(id.into_owned())),
                    Some(_) => None,
                    None => Some(ObjectRef::Id(now.clone().into_owned())),
                };
                let by = named.and_then(|named| closed.after.get_key_value(&named)).map(|(by, _)| by);
                if let Some(by) = by.filter(|_| !now.is_empty() && !closed.before.contains(&*now)) {
                    muted.push((live, by));
                }
            }
        }
        muted
    }

    /// What closes an outlet needs to know the connections that name it.
    fn refuse_muting_unread(&mut self, inputs: &Inputs<'a>, account: &Account, kind: &Kind, closed: &ClosedOutlets<'_>) {
        let read = inputs.live.accounts.get(&account.name).is_some_and(|live| live.objects.contains_key(kind.name));
        if let Some(address) = closed.closes.as_ref().filter(|_| !read) {
            let detail = format!("the {} could not be read, so it is not known which of them it mutes", kind.name);
            self.remarks.refusals.push(PlanRefusal::about(RefusalCode::Unlisted, &account.name, address, detail));
        }
    }

    fn steps_on<'s>(&'s self, account: &'s Account, kind: &'s Kind) -> impl Iterator<Item = &'s Step> {
        let steps = self.drafts.iter().map(|draft| &draft.step).filter(move |step| step.call.account == account.name);
        steps.filter(move |step| step.address.as_ref().is_some_and(|address| address.kind == kind.name))
    }
}

fn sent_value<'s>(step: &'s Step, name: &str) -> Option<&'s BodyValue> {
    step.call.body.as_ref().map(CallBody::own_entries)?.get(name)
}
