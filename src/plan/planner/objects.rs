//! Objects that exist or are to exist: created, compared, replaced.

use std::collections::BTreeSet;

use super::Planner;
use super::bridges::freed_for_bridge;
use crate::model::kind::{AttributeType, Field, Kind};
use crate::model::resource::{AccountSettings, Address, DesiredObject, DesiredValue, LiveObject, ServedBy};
use crate::plan::account_moves::{self, Predecessor};
use crate::plan::carried_along::left_out;
use crate::plan::change::{
    self, AttributeChange, ChangeAction, Comparison, ShownValue, attributes_of_new_object, is_unused_field,
};
use crate::plan::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use crate::plan::link_steps::{assignable_number_ids, ref_of_new_object};
use crate::plan::live_index;
use crate::plan::matching::{MatchOutcome, Matches, ObjectMatch};
use crate::plan::references::{ReferenceNames, hidden_objects, in_reference_order};
use crate::plan::removal::LeavingObject;
use crate::plan::selection::Selection;
use crate::plan::step::ObjectRef;
use crate::plan::unanswered_creates::entry_of_late_create;
use crate::plan::unnumbered_step;
use crate::plan::{Inputs, PlanOptions};

static NO_SETTINGS: AccountSettings = AccountSettings::new();

impl<'a> Planner<'a> {
    pub(super) fn plan_objects(&mut self, inputs: &Inputs<'a>, findings: &Matches<'a>, selection: &Selection) {
        self.secrets_readable = inputs.ledger.readable_with(inputs.key);
        let hidden = hidden_objects(findings);
        let names = ReferenceNames::new(findings, &hidden);
        for found in in_reference_order(findings) {
            let ObjectMatch { object, entry, kind, outcome: finding } = found;
            if !selection.includes(&object.address) {
                continue;
            }
            if matches!(finding, MatchOutcome::Blocked) {
                continue;
            }
            let Some(wanted) = self.resolve_references(inputs, findings, selection, found) else { continue };
            let left = match finding {
                MatchOutcome::Blocked => continue,
                MatchOutcome::Live(live) => {
                    self.plan_existing(inputs, &names, &wanted, found, live);
                    self.objects_left(inputs, findings, object, kind, *entry)
                }
                MatchOutcome::Hidden => self.objects_left(inputs, findings, object, kind, *entry),
                MatchOutcome::New => {
                    let left = self.objects_left(inputs, findings, object, kind, *entry);
                    match left.first() {
                        None => self.plan_create(inputs, &wanted, kind, None),
                        Some(from) => {
                            let heir = self.carry_over_attributes(&wanted, kind, *from);
                            self.plan_create(inputs, &heir, kind, Some(*from));
                        }
                    }
                    left
                }
            };
            let heir = match finding {
                MatchOutcome::Live(live) if !self.replaced.contains_key(&object.address) => ObjectRef::Id(live.id.clone()),
                MatchOutcome::Hidden => {
                    let known = object.id.as_ref().or(entry.map(|entry| &entry.id));
                    ObjectRef::Id(known.cloned().unwrap_or_default())
                }
                _ => ref_of_new_object(&object.address),
            };
            for from in left {
                let moves = entry.is_some_and(|entry| entry.account == from.account);
                self.add_leaving(object, from, heir.clone(), moves);
            }
        }
    }

    fn plan_create(
        &mut self,
        inputs: &Inputs<'a>,
        object: &DesiredObject,
        kind: &'static Kind,
        replaces: Option<Predecessor<'_>>,
    ) {
        self.refuse_incomplete(object, kind, "is not there");
        if self.check_catalogue(inputs, object, kind) {
            return;
        }
        for field in kind.fields.iter().filter(|field| is_unused_field(object, field)) {
            if matches!(object.attributes.get(field.name), Some(DesiredValue::Value(value)) if !value.is_null()) {
                self.add_notice(object, NoticeCode::DroppedByService, Some(field.name), None);
            }
        }
        self.draft_create(inputs, object, kind, replaces);
        self.add_change(object, ChangeAction::Create, None, attributes_of_new_object(object, kind), None);
    }

    /// An entry that is sufficient to find an object, but not to create one.
    fn refuse_incomplete(&mut self, object: &DesiredObject, kind: &'static Kind, because: &str) {
        let absent = |field: &&Field| field.required && !object.attributes.contains_key(field.name);
        let missing: Vec<&str> = kind.fields.iter().filter(absent).map(|field| field.name).collect();
        if !missing.is_empty() {
            let detail = format!("the {} {because}, and a create needs {}", kind.singular, missing.join(", "));
            self.add_refusal(object, RefusalCode::MissingForCreate, detail);
        }
    }

    /// A secret that the create has to send and that was not supplied: the plan reports it, and apply stops before its
    /// first write.
    fn note_secret_not_supplied(&mut self, object: &DesiredObject) {
        for (attribute, wanted) in &object.attributes {
            if let DesiredValue::Secret(secret) = wanted
                && secret.fingerprint.is_none()
            {
                self.add_notice(object, NoticeCode::SecretNeeded, Some(attribute), Some(secret.source.to_string()));
            }
        }
        for value in &object.sourced_values {
            let stated = object.attributes.get(value.attribute);
            if matches!(stated, Some(DesiredValue::Value(stated)) if value.is_absent_in(stated)) {
                let part = format!("{}.{}", value.attribute, value.part);
                self.add_notice(object, NoticeCode::SecretNeeded, Some(&part), Some(value.source.to_string()));
            }
        }
    }

    fn draft_create(
        &mut self,
        inputs: &Inputs<'a>,
        object: &DesiredObject,
        kind: &'static Kind,
        replaces: Option<Predecessor<'_>>,
    ) {
        self.note_secret_not_supplied(object);
        let from = replaces.filter(|old| old.account == object.account).map(|old| old.live.id.as_str());
        // Numbers that are not served are included, and all numbers where the YAML does not declare them.
        let along = inputs.live.accounts.get(&object.account).and_then(|live| live.connections.as_deref());
        let along = along.unwrap_or_default().iter().filter(|it| Some(it.bridge.as_str()) == from);
        let along = along.filter(|it| object.numbers.is_none() || it.served_by == ServedBy::Unserved);
        let stated = object.numbers.iter().flat_map(|numbers| numbers.keys()).chain(&object.unserved_numbers);
        let moved = freed_for_bridge(inputs, object, kind);
        let joins = kind.link.is_some_and(|link| link.assigned_on_create.is_some());
        let entries = inputs.desired.number_entries.values().filter(|entry| joins && entry.bridge == object.address);
        let stated = stated.chain(entries.map(|entry| &entry.number));
        let numbers: BTreeSet<String> =
            stated.chain(along.map(|it| &it.number)).chain(moved.iter().map(|it| &it.number)).cloned().collect();
        let assigned = kind
            .link
            .map(|link| assignable_number_ids(inputs, &object.account, link, from, numbers.into_iter()))
            .unwrap_or_default();
        self.drafts.push(unnumbered_step::create_step(inputs, object, kind, &assigned, replaces));
    }

    /// A provider outside the catalogue: refused where only the catalogue gives its number, else sent as written.
    fn check_catalogue(&mut self, inputs: &Inputs<'a>, object: &DesiredObject, kind: &'static Kind) -> bool {
        let facts = inputs.facts_of_account(&object.account);
        for (field, catalogue) in kind.fields.iter().filter_map(|field| Some((field, field.catalogue?))) {
            let Some(DesiredValue::Value(value)) = object.attributes.get(field.name) else { continue };
            if field.entry(&facts.catalogue, value).is_some() {
                continue;
            }
            if (catalogue.needs_entry)(facts, value) {
                let known: Vec<&str> = facts.catalogue.iter().map(|entry| entry.name.as_str()).collect();
                let known = if known.is_empty() { "is empty".to_owned() } else { format!("has {}", known.join(", ")) };
                self.add_refusal(
                    object,
                    RefusalCode::NotInCatalogue,
                    format!("the catalogue does not contain {}; it {known}", change::shorten_value(value)),
                );
                return true;
            }
            if !facts.catalogue.is_empty() {
                self.add_notice(object, NoticeCode::NotInCatalogue, Some(field.name), None);
            }
        }
        false
    }

    fn plan_existing(
        &mut self,
        inputs: &Inputs<'a>,
        names: &ReferenceNames<'_, 'a>,
        object: &DesiredObject,
        found: &ObjectMatch<'a>,
        live: &'a LiveObject,
    ) {
        let (entry, kind) = (found.entry, found.kind);
        if let Some(state) = live.ended_state(kind) {
            let detail = format!("{} {} is {state}: telform does not reverse that", kind.singular, live.id);
            return self.add_refusal(object, RefusalCode::Ended, detail);
        }
        let late = entry_of_late_create(inputs.ledger, object, inputs.facts_of_account(&object.account), live, inputs.key);
        let late = late.filter(|_| entry.is_none()).map(|(_, entry)| entry);
        let entry = entry.filter(|entry| entry.id == live.id && entry.account == object.account);
        let entry = entry.or(late.as_ref());
        let secrets_readable = self.secrets_readable;
        let options = inputs.options;
        let rewrite = |attribute: &str| PlanOptions::names_attribute(&options.rewrite_secrets, &object.address, attribute);
        let resend = |attribute: &str| PlanOptions::names_attribute(&options.resend, &object.address, attribute);
        let facts = inputs.facts_of_account(&object.account);
        let (catalogue, catalogue_known) = (&facts.catalogue, facts.catalogue_known);
        let mut difference = Comparison {
            wanted: object,
            kind,
            live,
            entry,
            secrets_readable,
            key: inputs.key,
            catalogue,
            catalogue_known,
            settings: inputs.desired.accounts.get(&object.account).map_or(&NO_SETTINGS, |it| &it.settings),
            rewrite: &rewrite,
            resend: &resend,
            names,
        }
        .run();
        if !difference.replace.is_empty() {
            // The new object is written whole, so attributes that could not be compared do not matter.
            self.plan_replace(inputs, object, &found.object.address, kind, live, &difference.replace);
            return;
        }
        difference
            .remarks
            .notices
            .retain(|notice| notice.attribute.as_ref().is_none_or(|name| !live.unexpected_shapes.contains_key(name.as_str())));
        self.refuse_odd_shape(object, kind, live, object.use_put && !difference.update.is_empty());
        self.not_taken.extend(difference.not_taken.iter().cloned());
        self.remarks.merge(std::mem::take(&mut difference.remarks));
        let catalogued =
            |change: &AttributeChange| kind.field(&change.name).is_some_and(|field| field.ty == AttributeType::CatalogueEntry);
        if difference.update.iter().any(catalogued) && self.check_catalogue(inputs, object, kind) {
            return;
        }
        if !difference.update.is_empty() {
            let attributes = difference.update.clone();
            // An attribute that the service does not list as changeable is sent separately, so that its refusal does
            // not block the others.
            let alone = |change: &AttributeChange| kind.field(&change.name).is_some_and(|field| field.changed_with.is_some());
            let (apart, rest): (Vec<_>, Vec<_>) = difference.update.into_iter().partition(alone);
            difference.update = rest;
            let mut before = None;
            if !difference.update.is_empty() {
                let left_out = left_out(object, kind, live, &difference.update);
                if !left_out.is_empty() {
                    let names: Vec<String> = left_out.into_iter().collect();
                    let detail = Some(names.join(", "));
                    self.remarks.notices.push(PlanNotice::about(
                        NoticeCode::MayBeReset,
                        &object.account,
                        Some(&object.address),
                        detail,
                    ));
                }
                match unnumbered_step::update_step(inputs, object, kind, live, &difference) {
                    Ok(draft) => {
                        before = Some(draft.step.id.clone());
                        self.drafts.push(draft);
                    }
                    Err((code, detail)) => self.add_refusal(object, code, detail),
                }
            }
            for change in apart {
                let draft = unnumbered_step::separate_update_step(inputs, object, kind, live, &change.name, before.clone());
                before = Some(draft.step.id.clone());
                self.drafts.push(draft);
            }
            self.add_change(object, ChangeAction::Update, Some(live.id.clone()), attributes, None);
        }
    }

    /// A value of an undocumented shape can be neither compared nor sent back.
    fn refuse_odd_shape(&mut self, object: &DesiredObject, kind: &Kind, live: &LiveObject, whole: bool) {
        for (name, shape) in &live.unexpected_shapes {
            let stated = object.attributes.contains_key(name) && !object.ignored_attributes.contains(*name);
            if !stated && !whole {
                continue;
            }
            let why = if stated { "" } else { ", and the PUT would lose it" };
            self.remarks.refusals.push(PlanRefusal {
                code: RefusalCode::OddShape,
                account: object.account.clone(),
                addresses: BTreeSet::from([object.address.clone()]),
                attribute: Some((*name).to_owned()),
                detail: format!("`{name}` of {} {} is {shape}{why}", kind.singular, live.id),
                place: Some(object.locations.get(name).unwrap_or(&object.location).to_string()),
            });
        }
    }

    fn plan_replace(
        &mut self,
        inputs: &Inputs<'a>,
        object: &DesiredObject,
        address: &'a Address,
        kind: &'static Kind,
        live: &'a LiveObject,
        because: &[AttributeChange],
    ) {
        let protected = inputs.ledger.objects.get(&object.address).is_some_and(|entry| entry.prevent_delete);
        if object.prevent_delete || protected {
            self.add_refusal(
                object,
                RefusalCode::PreventDelete,
                format!("replacing it would delete {} {}", kind.singular, live.id),
            );
        }
        if self.check_catalogue(inputs, object, kind) {
            return;
        }
        // A run that was interrupted right after its POST left the new object without a trace in the ledger.
        let others = live_index::with_wanted_key(inputs, object, kind);
        let others: Vec<&LiveObject> = others.into_iter().filter(|other| other.id != live.id).collect();
        let Some(account) = inputs.desired.objects.get(address).map(|object| object.account.as_str()) else { return };
        let from = Predecessor { account, kind, live };
        let (heir, new) = match others.as_slice() {
            [] => {
                let new = self.carry_over_attributes(object, kind, from);
                self.refuse_incomplete(&new, kind, "is to be replaced");
                self.draft_create(inputs, &new, kind, Some(from));
                (ref_of_new_object(&object.address), new)
            }
            several => {
                let ids: Vec<&str> = several.iter().map(|other| other.id.as_str()).collect();
                self.add_refusal(
                    object,
                    RefusalCode::SeveralFit,
                    format!(
                        "{} {} is to be replaced, and {} has the wanted natural key already",
                        kind.singular,
                        live.id,
                        ids.join(", ")
                    ),
                );
                return;
            }
        };
        self.replaced.insert(address, live);
        self.leaving.push(LeavingObject {
            address,
            account,
            kind,
            live,
            replacement: Some(heir),
            to_other_account: false,
            reason: "replaced".to_owned(),
        });
        let names: Vec<&str> = because.iter().map(|change| change.name.as_str()).collect();
        let mut attributes = attributes_of_new_object(&new, kind);
        for change in &mut attributes {
            if let Some(differs) = because.iter().find(|differs| differs.name == change.name) {
                change.clone_from(differs);
            } else {
                change.before =
                    kind.field(&change.name).map_or(ShownValue::Absent, |field| account_moves::shown_now(live, field));
            }
        }
        attributes.retain(|change| change.before != change.after);
        let reason = format!(
            "{} cannot be changed in place: telform creates a new one, moves its numbers and deletes the old one",
            names.join(", ")
        );
        self.add_change(object, ChangeAction::Replace, Some(live.id.clone()), attributes, Some(reason));
    }
}
