//! Objects that exist or shall exist: created, compared, replaced.

use std::collections::BTreeSet;

use super::Planner;
use super::bridges::moved_before;
use crate::backend::unpod::catalogue;
use crate::kind::{Field, Kind, Type};
use crate::ledger::Entry;
use crate::plan::across::{self, Predecessor};
use crate::plan::change::{self, Action, AttributeChange, Comparison, Shown, of_new};
use crate::plan::draft;
use crate::plan::find::{Finding, Findings, Match};
use crate::plan::late::came_late;
use crate::plan::link_step::{assigned, made};
use crate::plan::note::{NoticeCode, Refusal, RefusalCode};
use crate::plan::removal::LeavingObject;
use crate::plan::select::Selection;
use crate::plan::shelf;
use crate::plan::step::Ref;
use crate::plan::{Inputs, Options};
use crate::resource::{DesiredObject, LiveObject, Target, Wanted};
use crate::value::Packed;

static NO_SWITCHES: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();

impl<'a> Planner<'a> {
    pub(super) fn objects(&mut self, inputs: &Inputs<'a>, findings: &Findings<'a>, selection: &Selection) {
        self.secrets_readable = inputs.ledger.readable_with(inputs.key);
        for Match { object, entry, kind, finding } in findings.by_address.values() {
            if !selection.holds(&object.address) {
                continue;
            }
            let left = match finding {
                Finding::Stuck => continue,
                Finding::Live(live) => {
                    self.compare(inputs, object, *entry, kind, live);
                    self.left(inputs, findings, object, kind, *entry)
                }
                Finding::Hidden => self.left(inputs, findings, object, kind, *entry),
                Finding::New => {
                    let left = self.left(inputs, findings, object, kind, *entry);
                    match left.first() {
                        None => self.create(inputs, object, kind, None),
                        Some(from) => {
                            let heir = self.inherit(object, kind, *from);
                            self.create(inputs, &heir, kind, Some(*from));
                        }
                    }
                    left
                }
            };
            let heir = match finding {
                Finding::Live(live) if !self.replaced.contains_key(&object.address) => {
                    Ref::Id(live.id.clone())
                }
                Finding::Hidden => {
                    let known = object.id.as_ref().or(entry.map(|entry| &entry.id));
                    Ref::Id(known.cloned().unwrap_or_default())
                }
                _ => made(&object.address),
            };
            for from in left {
                let moves = entry.is_some_and(|entry| entry.account == from.account);
                self.leave(object, from, heir.clone(), moves);
            }
        }
    }

    fn create(
        &mut self,
        inputs: &Inputs<'a>,
        object: &DesiredObject,
        kind: &'static Kind,
        replaces: Option<Predecessor<'_>>,
    ) {
        self.incomplete(object, kind, "is not there");
        if self.uncatalogued(inputs, object, kind) {
            return;
        }
        self.draft_create(inputs, object, kind, replaces);
        self.change(object, Action::Create, None, of_new(object, kind), None);
    }

    /// An entry that says enough to find an object, and not enough to make one.
    fn incomplete(&mut self, object: &DesiredObject, kind: &'static Kind, because: &str) {
        let absent = |field: &&Field| field.required && !object.attributes.contains_key(field.name);
        let missing: Vec<&str> = kind.fields.iter().filter(absent).map(|field| field.name).collect();
        if !missing.is_empty() {
            let detail =
                format!("the {} {because}, and a create needs {}", kind.singular, missing.join(", "));
            self.refuse(object, RefusalCode::MissingForCreate, detail);
        }
    }

    /// A secret that the create has to send and that nobody supplied: the plan says so, apply stops before its first write.
    fn not_supplied(&mut self, object: &DesiredObject) {
        for (attribute, wanted) in &object.attributes {
            if let Wanted::Secret(secret) = wanted
                && secret.fingerprint.is_none()
            {
                self.note(object, NoticeCode::SecretNeeded, Some(attribute), Some(secret.source.to_string()));
            }
        }
        for value in &object.sourced {
            let stated = object.attributes.get(value.attribute);
            if matches!(stated, Some(Wanted::Value(stated)) if value.is_absent_in(stated)) {
                let part = format!("{}.{}", value.attribute, value.part);
                self.note(object, NoticeCode::SecretNeeded, Some(&part), Some(value.source.to_string()));
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
        self.not_supplied(object);
        let from = replaces.filter(|old| old.account == object.account).map(|old| old.live.id.as_str());
        // What nobody serves comes along, and all of it where the YAML says nothing of numbers.
        let along = inputs.live.accounts.get(&object.account).and_then(|live| live.connections.as_deref());
        let along = along.unwrap_or_default().iter().filter(|it| Some(it.bridge.as_str()) == from);
        let along = along.filter(|it| object.numbers.is_none() || it.target == Target::Unserved);
        let stated = object.numbers.iter().flat_map(|numbers| numbers.keys()).chain(&object.idle);
        let moved = moved_before(inputs, object, kind);
        let numbers: BTreeSet<String> = stated
            .chain(along.map(|it| &it.number))
            .chain(moved.iter().map(|it| &it.number))
            .cloned()
            .collect();
        let assigned = kind
            .link
            .map(|link| assigned(inputs, &object.account, link, from, numbers.into_iter()))
            .unwrap_or_default();
        self.drafts.push(draft::create(inputs, object, kind, &assigned, replaces));
    }

    /// A provider outside the catalogue: refused where only the catalogue gives its number, else sent as written.
    fn uncatalogued(&mut self, inputs: &Inputs<'a>, object: &DesiredObject, kind: &'static Kind) -> bool {
        let facts = inputs.facts(&object.account);
        for field in kind.fields.iter().filter(|field| field.ty == Type::CatalogueEntry) {
            let Some(Wanted::Value(value)) = object.attributes.get(field.name) else { continue };
            if catalogue::resolve(&facts.catalogue, value).is_some() {
                continue;
            }
            let number = matches!(draft::sent(field.ty, value, facts), Packed::Number(_));
            if facts.generation == Some(1) && !number {
                let known: Vec<&str> = facts.catalogue.iter().map(|entry| entry.name.as_str()).collect();
                let known = if known.is_empty() {
                    "is empty".to_owned()
                } else {
                    format!("has {}", known.join(", "))
                };
                self.refuse(
                    object,
                    RefusalCode::NotInCatalogue,
                    format!("the catalogue has no {}; it {known}", change::short(value)),
                );
                return true;
            }
            if !facts.catalogue.is_empty() {
                self.note(object, NoticeCode::NotInCatalogue, Some(field.name), None);
            }
        }
        false
    }

    fn compare(
        &mut self,
        inputs: &Inputs<'a>,
        object: &'a DesiredObject,
        entry: Option<&'a Entry>,
        kind: &'static Kind,
        live: &'a LiveObject,
    ) {
        let late = came_late(inputs.ledger, object, inputs.facts(&object.account), live, inputs.key);
        let late = late.filter(|_| entry.is_none()).map(|(_, entry)| entry);
        let entry = entry.filter(|entry| entry.id == live.id && entry.account == object.account);
        let entry = entry.or(late.as_ref());
        let secrets_readable = self.secrets_readable;
        let options = inputs.options;
        let rewrite = |attribute: &str| Options::asks(&options.rewrite_secrets, &object.address, attribute);
        let resend = |attribute: &str| Options::asks(&options.resend, &object.address, attribute);
        let facts = inputs.facts(&object.account);
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
            switches: inputs.desired.accounts.get(&object.account).map_or(&NO_SWITCHES, |it| &it.switches),
            rewrite: &rewrite,
            resend: &resend,
        }
        .run();
        if !difference.replace.is_empty() {
            // The new object is written whole, so what could not be compared does not matter.
            self.replace(inputs, object, kind, live, &difference.replace);
            return;
        }
        difference.notices.retain(|notice| {
            notice.attribute.as_ref().is_none_or(|name| !live.odd.contains_key(name.as_str()))
        });
        self.refuse_odd(object, kind, live, object.put && !difference.update.is_empty());
        self.notices.append(&mut difference.notices);
        self.not_taken.extend(difference.not_taken.iter().cloned());
        self.refusals.append(&mut difference.refusals);
        let catalogued = |change: &AttributeChange| {
            kind.field(&change.name).is_some_and(|field| field.ty == Type::CatalogueEntry)
        };
        if difference.update.iter().any(catalogued) && self.uncatalogued(inputs, object, kind) {
            return;
        }
        if !difference.update.is_empty() {
            let attributes = difference.update.clone();
            // What the service does not list as changeable goes by itself, so that its refusal keeps nothing else back.
            let alone = |change: &AttributeChange| {
                kind.field(&change.name).is_some_and(|field| field.changed_with.is_some())
            };
            let (apart, rest): (Vec<_>, Vec<_>) = difference.update.into_iter().partition(alone);
            difference.update = rest;
            let mut before = None;
            if !difference.update.is_empty() {
                match draft::update(inputs, object, kind, live, &difference) {
                    Ok(draft) => {
                        before = Some(draft.step.id.clone());
                        self.drafts.push(draft);
                    }
                    Err((code, detail)) => self.refuse(object, code, detail),
                }
            }
            for change in apart {
                let draft = draft::update_alone(inputs, object, kind, live, &change.name, before.clone());
                before = Some(draft.step.id.clone());
                self.drafts.push(draft);
            }
            self.change(object, Action::Update, Some(live.id.clone()), attributes, None);
        }
    }

    /// A value of another shape than the service documents can be neither compared nor sent back.
    fn refuse_odd(&mut self, object: &DesiredObject, kind: &Kind, live: &LiveObject, whole: bool) {
        for (name, shape) in &live.odd {
            let stated = object.attributes.contains_key(name) && !object.ignore.contains(*name);
            if !stated && !whole {
                continue;
            }
            let why = if stated { "" } else { ", and the PUT that is to be sent would lose it" };
            self.refusals.push(Refusal {
                code: RefusalCode::OddShape,
                account: object.account.clone(),
                address: Some(object.address.clone()),
                attribute: Some((*name).to_owned()),
                detail: format!("`{name}` of {} {} is {shape}{why}", kind.singular, live.id),
                place: Some(object.places.get(name).unwrap_or(&object.place).to_string()),
            });
        }
    }

    fn replace(
        &mut self,
        inputs: &Inputs<'a>,
        object: &'a DesiredObject,
        kind: &'static Kind,
        live: &'a LiveObject,
        because: &[AttributeChange],
    ) {
        let protected = inputs.ledger.objects.get(&object.address).is_some_and(|entry| entry.prevent_delete);
        if object.prevent_delete || protected {
            self.refuse(
                object,
                RefusalCode::PreventDelete,
                format!("replacing it would delete {} {}", kind.singular, live.id),
            );
        }
        if self.uncatalogued(inputs, object, kind) {
            return;
        }
        // A run that was cut off right after its POST left the new object without a trace in the ledger.
        let others = shelf::with_wanted_key(inputs, object, kind);
        let others: Vec<&LiveObject> = others.into_iter().filter(|other| other.id != live.id).collect();
        let from = Predecessor { account: &object.account, kind, live };
        let (heir, new) = match others.as_slice() {
            [] => {
                let new = self.inherit(object, kind, from);
                self.incomplete(&new, kind, "is to be replaced");
                self.draft_create(inputs, &new, kind, Some(from));
                (made(&object.address), new)
            }
            several => {
                let ids: Vec<&str> = several.iter().map(|other| other.id.as_str()).collect();
                self.refuse(
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
        self.replaced.insert(&object.address, live);
        self.leaving.push(LeavingObject {
            address: &object.address,
            account: &object.account,
            kind,
            live,
            heir: Some(heir),
            across: false,
            reason: "replaced".to_owned(),
        });
        let names: Vec<&str> = because.iter().map(|change| change.name.as_str()).collect();
        let mut attributes = of_new(&new, kind);
        for change in &mut attributes {
            if let Some(differs) = because.iter().find(|differs| differs.name == change.name) {
                change.clone_from(differs);
            } else {
                change.before =
                    kind.field(&change.name).map_or(Shown::Absent, |field| across::now(live, field));
            }
        }
        attributes.retain(|change| change.before != change.after);
        let reason = format!(
            "{} cannot be changed in place: a new one is made, its numbers move, the old one is deleted",
            names.join(", ")
        );
        self.change(object, Action::Replace, Some(live.id.clone()), attributes, Some(reason));
    }
}
