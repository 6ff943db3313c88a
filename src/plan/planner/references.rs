//! What references ask of the plan: an object after those that it names, and a delete after those that name it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Planner;
use crate::model::call::{BodyValue, CallBody, StepId};
use crate::model::kind::{Field, Kind, reference_in};
use crate::model::resource::{Address, DesiredObject, DesiredValue, LiveObject};
use crate::model::value::CompactValue;
use crate::plan::Inputs;
use crate::plan::diagnostics::{PlanRefusal, RefusalCode};
use crate::plan::existing::ExistingObject;
use crate::plan::matching::{MatchOutcome, Matches, ObjectMatch, kind_in};
use crate::plan::references::{ReferenceNames, ReferredObject, hidden_objects, known_id, names_object, resolve};
use crate::plan::removal::LeavingObject;
use crate::plan::selection::Selection;
use crate::plan::step::StepOperation;
use crate::plan::unnumbered_step::delete_step_name;
use crate::services;

/// Most objects that a refusal names.
const MOST_NAMED: usize = 5;

/// An object that names another one, as the services show it or as the configuration wants it.
struct Referrer<'a> {
    kind: &'static Kind,
    /// Empty where it is created.
    id: &'a str,
    address: Option<Address>,
    /// Attributes in which it does.
    fields: Vec<&'static Field>,
}

/// Account, kind and id of an object to those that name it.
type Referrers<'a> = BTreeMap<(&'a str, &'static str, String), Vec<Referrer<'a>>>;

impl<'a> Planner<'a> {
    /// The object with the ids of the objects that it names. None where one of them has no meaning in this run; a refusal
    /// says why.
    pub(super) fn resolve_references(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Matches<'a>,
        selection: &Selection,
        found: &ObjectMatch<'a>,
    ) -> Option<Cow<'a, DesiredObject>> {
        let object = found.object;
        let exists = matches!(found.outcome, MatchOutcome::Live(_) | MatchOutcome::Hidden);
        // It is used on create, and not looked at afterwards.
        let skipped = |field: &Field| exists && object.ignored_attributes.contains(field.name);
        let facts = inputs.facts_of_account(&object.account);
        let referred = |field: &Field, address: &Address| self.referred_object(findings, selection, object, field, address);
        match resolve(object, found.kind, facts, skipped, referred) {
            Ok(resolved) => Some(resolved),
            Err(refusal) => {
                self.remarks.refusals.extend(refusal.map(|refusal| *refusal));
                None
            }
        }
    }

    /// What an address means in this run. `Err`: nothing, with a refusal unless there is one about that address already.
    fn referred_object(
        &self,
        findings: &Matches<'a>,
        selection: &Selection,
        object: &DesiredObject,
        field: &Field,
        address: &Address,
    ) -> Result<ReferredObject, Option<Box<PlanRefusal>>> {
        let refusal = |code, detail: String| {
            Box::new(PlanRefusal {
                attribute: Some(field.name.to_owned()),
                place: Some(object.locations.get(field.name).unwrap_or(&object.location).to_string()),
                ..PlanRefusal::about(code, &object.account, &object.address, detail)
            })
        };
        let found = findings.find(address);
        let refuse = |why: &str| {
            let detail = format!("{} names {address}, which {why}", field.name);
            // What `existing` names is in no selection, and nothing excluded it.
            let unknown = findings.existing.contains_key(address);
            let code = if unknown { RefusalCode::DependencyUnknown } else { RefusalCode::DependencyExcluded };
            Err((!selection.includes(address)).then(|| refusal(code, detail)))
        };
        let Some(found) = found else { return refuse("was not found") };
        let replaced = self.replaced.contains_key(address);
        match known_id(found).filter(|_| !replaced) {
            Some(id) if reference_in(found.kind.name, id).is_some() => {
                let detail = format!("{address} has an id that cannot be told from an address: {id}");
                Err(Some(refusal(RefusalCode::OddShape, detail)))
            }
            Some(id) => Ok(ReferredObject::Id(id.to_owned())),
            None if replaced => Ok(ReferredObject::Created),
            None if matches!(found.outcome, MatchOutcome::New) && selection.includes(address) => Ok(ReferredObject::Created),
            None if matches!(found.outcome, MatchOutcome::New) => refuse("does not exist yet, and this run does not create it"),
            None => refuse("cannot be identified"),
        }
    }

    /// Shows ids by the addresses of their objects; returns the objects that are shown so and exist.
    pub(super) fn name_references(&mut self, inputs: &Inputs<'a>, findings: &Matches<'a>) -> BTreeMap<Address, ExistingObject> {
        let hidden = hidden_objects(findings);
        let names = ReferenceNames::new(findings, &hidden);
        let mut named = BTreeMap::new();
        let changes = self.changes.values_mut().map(|change| (&change.address, &change.account, &mut change.attributes[..]));
        let kept = self.not_taken.iter_mut();
        let kept = kept.map(|kept| (&kept.address, &kept.account, std::slice::from_mut(&mut kept.attribute)));
        for (address, account, attributes) in changes.chain(kept) {
            let Some(kind) = kind_in(inputs, account, &address.kind) else { continue };
            for attribute in attributes {
                names.show_addresses(account, kind, attribute);
                names.named_objects(kind, attribute, &mut named);
            }
        }
        named
    }

    /// Each step waits for the creates whose ids it sends, and comes after them.
    pub(super) fn order_references(&mut self) {
        let mut depths: BTreeMap<StepId, usize> = BTreeMap::new();
        // What is named is drafted before what names it.
        for draft in &mut self.drafts {
            let entries = draft.step.call.body.iter().flat_map(CallBody::own_entries);
            let used = entries.filter_map(|(_, value)| match value {
                BodyValue::WithIds { ids, .. } => Some(ids.values().cloned()),
                _ => None,
            });
            let used: BTreeSet<StepId> = used.flatten().collect();
            draft.depth = used.iter().filter_map(|name| depths.get(name)).max().map_or(0, |depth| depth + 1);
            draft.step.wait_for(used);
            if matches!(draft.step.operation, StepOperation::Create { .. }) {
                depths.insert(draft.step.id.clone(), draft.depth);
            }
        }
    }

    /// What names an object is deleted or changed before that object is deleted. A delete of something that is still named
    /// afterwards is refused.
    pub(super) fn order_deletes_of_referred(&mut self, inputs: &Inputs<'a>, findings: &Matches<'a>) {
        if !self.leaving.iter().any(|gone| referring_kinds(inputs, gone).next().is_some()) {
            return;
        }
        let referrers = find_referrers(inputs, findings, &self.leaving);
        let new_names = self.new_names(inputs);
        let deletes: BTreeMap<(&str, &str, &str), StepId> =
            self.leaving.iter().map(|gone| ((gone.account, gone.kind.name, gone.live.id.as_str()), delete_of(gone))).collect();
        let mut waits: BTreeMap<StepId, BTreeSet<StepId>> = BTreeMap::new();
        let (mut refusals, mut still_named) = (Vec::new(), BTreeSet::new());
        for gone in &self.leaving {
            let mut staying = Vec::new();
            let all = referrers.get(&(gone.account, gone.kind.name, gone.live.id.clone())).map_or(&[][..], Vec::as_slice);
            for referrer in all {
                let names = inputs.names_of_same_account(gone.account);
                let deleted = names.iter().find_map(|name| deletes.get(&(*name, referrer.kind.name, referrer.id)).cloned());
                match deleted.map(|step| vec![step]).or_else(|| self.updates_away(gone, referrer)) {
                    Some(steps) => waits.entry(delete_of(gone)).or_default().extend(steps),
                    None => staying.push(referrer),
                }
            }
            let new = new_names.get(&(gone.account, gone.kind.name, gone.live.id.clone())).into_iter().flatten();
            for referrer in new {
                if !staying.iter().any(|known| known.address == referrer.address) {
                    staying.push(referrer);
                }
            }
            let unknown = unknown_referrers(inputs, gone);
            if !staying.is_empty() || !unknown.is_empty() {
                let detail = describe_staying(gone, &staying, &unknown);
                refusals.push(PlanRefusal::about(RefusalCode::StillReferred, gone.account, gone.address, detail));
                still_named.insert(delete_of(gone));
            }
        }
        self.remarks.refusals.extend(refusals);
        let depths = delete_depths(&self.leaving, &waits);
        for gone in self.leaving.iter().filter(|gone| !depths.contains_key(&delete_of(gone))) {
            let detail = format!("{} {} and others refer to each other", gone.kind.singular, gone.live.id);
            self.remarks.refusals.push(PlanRefusal::about(RefusalCode::StillReferred, gone.account, gone.address, detail));
        }
        for draft in &mut self.drafts {
            if still_named.contains(&draft.step.id) {
                "refused, because what stays still names it".clone_into(&mut draft.step.why);
            }
            draft.depth = depths.get(&draft.step.id).copied().unwrap_or(draft.depth);
            draft.step.wait_for(waits.remove(&draft.step.id).unwrap_or_default());
        }
    }

    /// What the creates and updates of the plan name by ids that are known.
    fn new_names(&self, inputs: &Inputs<'a>) -> Referrers<'a> {
        let mut names = Referrers::new();
        for step in self.drafts.iter().map(|draft| &draft.step) {
            if !matches!(step.operation, StepOperation::Create { .. } | StepOperation::Update { .. }) {
                continue;
            }
            let account = inputs.desired.accounts.get_key_value(&step.call.account).map(|(name, _)| name.as_str());
            let kind = step.address.as_ref().and_then(|address| kind_in(inputs, &step.call.account, &address.kind));
            let (Some(account), Some(kind)) = (account, kind) else { continue };
            let sent = step.call.body.as_ref().map(CallBody::own_entries);
            let values: BTreeMap<&str, &CompactValue> =
                sent.into_iter().flatten().filter_map(|(name, sent)| Some((name.as_str(), sent.known_value()?))).collect();
            add_referrer(&mut names, account, kind, "", step.address.as_ref(), &|field| values.get(field.name).copied());
        }
        names
    }

    /// The updates after which this object no longer names the one that leaves; none where it still does.
    fn updates_away(&self, gone: &LeavingObject<'_>, referrer: &Referrer<'_>) -> Option<Vec<StepId>> {
        let own = self.drafts.iter().map(|draft| &draft.step).filter(|step| {
            matches!(&step.operation, StepOperation::Update { id, .. } if id == referrer.id)
                && step.address == referrer.address
                && step.address.is_some()
        });
        let own: Vec<_> = own.collect();
        let changed_by = |field: &&'static Field| {
            own.iter().find(|step| {
                let sent = step.call.body.as_ref().and_then(|body| body.own_entries().get(field.name));
                let sent = sent.and_then(BodyValue::known_value);
                sent.is_some_and(|value| !names_object(field, value, gone.kind.name, &gone.live.id))
            })
        };
        referrer.fields.iter().map(|field| changed_by(field).map(|step| step.id.clone())).collect()
    }
}

fn delete_of(gone: &LeavingObject<'_>) -> StepId {
    delete_step_name(gone.account, gone.kind.name, &gone.live.id)
}

/// The kinds of the account whose objects may name the one that leaves.
fn referring_kinds<'a>(inputs: &Inputs<'a>, gone: &LeavingObject<'_>) -> impl Iterator<Item = &'static Kind> + use<'a> {
    let generation = inputs.facts_of_account(gone.account).generation;
    let kinds = inputs.desired.accounts.get(gone.account).map_or(&[][..], |account| account.service.kinds);
    let answering = kinds.iter().copied().filter(move |kind| kind.generation.is_none() || kind.generation == generation);
    let name = gone.kind.name;
    answering.filter(move |kind| kind.refers_to(name))
}

/// Everything that names an object of the accounts in which something leaves.
fn find_referrers<'a>(inputs: &Inputs<'a>, findings: &Matches<'a>, leaving: &[LeavingObject<'a>]) -> Referrers<'a> {
    let mut referrers = Referrers::new();
    let accounts: BTreeSet<&str> = leaving.iter().map(|gone| gone.account).collect();
    for account in accounts {
        let kinds = inputs.desired.accounts.get(account).map_or(&[][..], |account| account.service.kinds);
        let generation = inputs.facts_of_account(account).generation;
        for kind in kinds.iter().filter_map(|kind| services::shape_of_generation(kind.name, generation)) {
            if kind.reference_fields().next().is_none() {
                continue;
            }
            for live in inputs.live_objects(account, kind.name) {
                let address = findings.claimed.get(&(account, kind.name, live.id.as_str())).copied();
                let value = |field: &Field| live.shown_value(field.name);
                add_referrer(&mut referrers, account, kind, &live.id, address, &value);
            }
            // What is not shown yet names what the configuration says.
            let hidden = findings.by_address.values().filter(|found| {
                found.object.account == account && found.kind.name == kind.name && matches!(found.outcome, MatchOutcome::Hidden)
            });
            for found in hidden {
                let facts = inputs.facts_of_account(account);
                let referred = |_: &Field, address: &Address| {
                    let id = findings.by_address.get(address).and_then(known_id);
                    Ok::<_, ()>(id.map_or(ReferredObject::Created, |id| ReferredObject::Id(id.to_owned())))
                };
                let Ok(object) = resolve(found.object, kind, facts, |_| false, referred) else { continue };
                let value = |field: &Field| match object.attributes.get(field.name) {
                    Some(DesiredValue::Value(value)) => Some(value),
                    _ => None,
                };
                let (id, address) = (found.entry.map_or("", |entry| &entry.id), &found.object.address);
                add_referrer(&mut referrers, account, kind, id, Some(address), &value);
            }
        }
    }
    referrers
}

fn add_referrer<'a, 'v>(
    referrers: &mut Referrers<'a>,
    account: &'a str,
    kind: &'static Kind,
    id: &'a str,
    address: Option<&Address>,
    value: &dyn Fn(&Field) -> Option<&'v CompactValue>,
) {
    for field in kind.reference_fields() {
        let Some(value) = value(field) else { continue };
        field.for_each_reference(value, &mut |_, of, named| {
            // An object that names itself does not keep itself.
            if of == kind.name && named == id || named.is_empty() {
                return;
            }
            let all = referrers.entry((account, of, named.to_owned())).or_default();
            let same =
                |known: &&mut Referrer<'_>| known.kind.name == kind.name && known.id == id && known.address.as_ref() == address;
            // One object adds everything at once, so only the last one can be the same.
            match all.last_mut().filter(same) {
                Some(known) if known.fields.iter().any(|it| it.name == field.name) => {}
                Some(known) => known.fields.push(field),
                None => all.push(Referrer { kind, id, address: address.cloned(), fields: vec![field] }),
            }
        });
    }
}

/// What may name the object that leaves and is not known to do so or not, in words.
fn unknown_referrers(inputs: &Inputs<'_>, gone: &LeavingObject<'_>) -> Vec<String> {
    let Some(live) = inputs.live.accounts.get(gone.account) else { return Vec::new() };
    let mut unknown = Vec::new();
    for kind in referring_kinds(inputs, gone) {
        if !live.objects.contains_key(kind.name) {
            unknown.push(format!("the {} could not be listed", kind.name));
        }
        let opaque = live.unreadable.get(kind.name).into_iter().flatten();
        unknown.extend(opaque.map(|(id, _)| format!("{} {id} cannot be read", kind.singular)));
        let shown_odd = |object: &&LiveObject| {
            let mut fields = kind.reference_fields().filter(|field| field.reference_kinds().any(|of| of == gone.kind.name));
            fields.any(|field| object.unexpected_shapes.contains_key(field.name)) && object.id != gone.live.id
        };
        let odd = inputs.live_objects(gone.account, kind.name).iter().filter(shown_odd);
        unknown.extend(odd.map(|object| format!("{} {} shows a shape that is not known", kind.singular, object.id)));
    }
    unknown
}

fn describe_staying(gone: &LeavingObject<'_>, staying: &[&Referrer<'_>], unknown: &[String]) -> String {
    let name = |referrer: &&Referrer<'_>| {
        let fields: Vec<&str> = referrer.fields.iter().map(|field| field.name).collect();
        let stays = if referrer.kind.adopted_only { ", which telform never deletes" } else { "" };
        let object = match &referrer.address {
            Some(address) => address.to_string(),
            None => format!("{} {}, which is not managed here", referrer.kind.singular, referrer.id),
        };
        format!("{object} ({}){stays}", fields.join(", "))
    };
    let mut parts: Vec<String> = staying.iter().take(MOST_NAMED).map(name).collect();
    parts.extend(staying.len().checked_sub(MOST_NAMED).filter(|more| *more > 0).map(|more| format!("{more} more")));
    let (singular, id) = (gone.kind.singular, &gone.live.id);
    let doubts = || unknown.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join("; ");
    match (parts.is_empty(), unknown.is_empty()) {
        (false, true) => format!("{singular} {id} is still named by {}", parts.join("; ")),
        (true, _) => format!("it is not known what names {singular} {id}: {}", doubts()),
        (false, false) => format!("{singular} {id} is still named by {}, and {}", parts.join("; "), doubts()),
    }
}

/// How many deletes come before each, at least; those that wait for each other are left out.
fn delete_depths(leaving: &[LeavingObject<'_>], waits: &BTreeMap<StepId, BTreeSet<StepId>>) -> BTreeMap<StepId, usize> {
    let all: BTreeSet<StepId> = leaving.iter().map(delete_of).collect();
    let mut open: BTreeMap<&StepId, usize> = all.iter().map(|step| (step, 0)).collect();
    let mut waiting: BTreeMap<&StepId, Vec<&StepId>> = BTreeMap::new();
    for (step, needed) in waits.iter().filter(|(step, _)| all.contains(*step)) {
        for needed in needed.iter().filter(|needed| all.contains(*needed)) {
            *open.entry(step).or_default() += 1;
            waiting.entry(needed).or_default().push(step);
        }
    }
    let mut depths = BTreeMap::new();
    let mut ready: Vec<(&StepId, usize)> = open.iter().filter(|(_, left)| **left == 0).map(|(step, _)| (*step, 0)).collect();
    while !ready.is_empty() {
        let mut next = Vec::new();
        for (step, depth) in ready {
            depths.insert(step.clone(), depth);
            for later in waiting.remove(step).unwrap_or_default() {
                let left = open.entry(later).or_default();
                *left -= 1;
                if *left == 0 {
                    next.push((later, depth + 1));
                }
            }
        }
        ready = next;
    }
    depths
}
