//! Connections that can no longer call out: what they name for that lets no call out any more, although no number goes dark.

use std::collections::{BTreeMap, BTreeSet};

use super::Planner;
use crate::model::call::BodyValue;
use crate::model::kind::{Field, Kind};
use crate::model::resource::{Account, Address, LiveObject};
use crate::model::value::CompactValue;
use crate::plan::Inputs;
use crate::plan::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use crate::plan::matching::Matches;
use crate::plan::step::{ObjectRef, StepOperation};
use crate::plan::unnumbered_step::steps_on;

/// Objects of one kind that let no call out.
struct ClosedOutlets<'i> {
    before: BTreeSet<&'i str>,
    after: BTreeMap<ObjectRef, Option<Address>>,
    /// Existing objects that the plan closes.
    closes: Vec<Address>,
}

impl<'a> Planner<'a> {
    /// How many connections a plan mutes in each account. Each object that mutes some has a notice that names them.
    pub(super) fn muted_connections(&mut self, inputs: &Inputs<'a>, findings: &Matches<'a>) -> BTreeMap<String, usize> {
        let mut muted = BTreeMap::new();
        for account in inputs.desired.accounts.values() {
            let generation = inputs.facts_of_account(&account.name).generation;
            let answering = |kind: &&Kind| kind.generation.is_none() || kind.generation == generation;
            let shapes: Vec<&'static Kind> = account.service.kinds.iter().copied().filter(answering).collect();
            for (outlet, value) in shapes.iter().filter_map(|kind| Some((*kind, kind.muting_value()?))) {
                let closed = self.closed_outlets(inputs, account, outlet, value);
                if closed.after.is_empty() {
                    continue;
                }
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
                    *muted.entry(account.name.clone()).or_default() += names.len();
                }
            }
        }
        muted
    }

    /// The objects of a kind that let no call out, before the plan and after it.
    fn closed_outlets(
        &self,
        inputs: &Inputs<'a>,
        account: &Account,
        kind: &Kind,
        (name, value): (&str, bool),
    ) -> ClosedOutlets<'a> {
        let live = inputs.live_objects(&account.name, kind.name).iter();
        let before: BTreeSet<&str> = live.filter(|live| live.shows((name, value))).map(|live| live.id.as_str()).collect();
        let mut after: BTreeMap<ObjectRef, Option<Address>> =
            before.iter().map(|id| (ObjectRef::Id((*id).to_owned()), None)).collect();
        let mut closes = Vec::new();
        for step in steps_on(&self.drafts, &account.name, kind.name) {
            let Some(sent) = step.sent_value(name) else { continue };
            let at = match &step.operation {
                StepOperation::Update { id, .. } => ObjectRef::Id(id.clone()),
                StepOperation::Create { .. } => ObjectRef::Step(step.id.clone()),
                _ => continue,
            };
            if sent.known_value() == Some(&CompactValue::Bool(value)) {
                closes.extend(step.address.clone().filter(|_| matches!(at, ObjectRef::Id(_))));
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
        let leaving = self.leaving.iter().filter(|gone| gone.account == account.name && gone.kind.name == kind.name);
        let leaving: BTreeSet<&str> =
            leaving.filter(|gone| gone.replacement.is_none()).map(|gone| gone.live.id.as_str()).collect();
        let mut muted = Vec::new();
        for field in kind.fields.iter().filter(names) {
            let sent = steps_on(&self.drafts, &account.name, kind.name).filter_map(|step| match &step.operation {
                StepOperation::Update { id, .. } | StepOperation::Create { replaces: Some(id), replaces_in: None, .. } => {
                    Some((id.as_str(), step.sent_value(field.name)?))
                }
                _ => None,
            });
            let sent: BTreeMap<&str, &BodyValue> = sent.collect();
            let live = inputs.live_objects(&account.name, kind.name).iter();
            for live in live.filter(|live| !leaving.contains(live.id.as_str())) {
                let Some(now) = live.shown_value(field.name).and_then(CompactValue::text) else { continue };
                let named = match sent.get(live.id.as_str()) {
                    Some(sent) => ObjectRef::named_by(sent).into_iter().next(),
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
        if inputs.live.accounts.get(&account.name).is_some_and(|live| live.is_whole(kind.name)) {
            return;
        }
        for address in &closed.closes {
            let detail = format!("the {} could not be read, so it is not known which of them it mutes", kind.name);
            self.remarks.refusals.push(PlanRefusal::about(RefusalCode::Unlisted, &account.name, address, detail));
        }
    }
}
