//! The live objects of one kind in one account, and the ledger's entries for it, indexed by everything that an object is
//! looked up by.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::Inputs;
use crate::model::kind::Kind;
use crate::model::ledger::Ledger;
use crate::model::resource::{AccountFacts, Address, DesiredObject, DesiredValue, LiveObject};
use crate::model::value::CompactValue;
use crate::text::{fits_mask, fold_for_comparison};

/// Live objects of one kind in one account, by id and by natural key.
pub(super) struct LiveIndex<'a> {
    kind: &'static Kind,
    facts: &'a AccountFacts,
    objects: &'a [LiveObject],
    /// By identity.
    pub(super) by_id: HashMap<&'a str, &'a LiveObject>,
    /// All of each identity, built on demand.
    all_by_id: OnceCell<HashMap<&'a str, Vec<&'a LiveObject>>>,
    /// Own objects, built on demand: where the ledger knows every object, no lookup by key is needed.
    by_key: OnceCell<HashMap<String, Vec<&'a LiveObject>>>,
    /// The same of inherited objects.
    inherited_by_key: OnceCell<HashMap<String, Vec<&'a LiveObject>>>,
    /// The same of what the ledger knows, visible or not.
    remembered: OnceCell<HashMap<String, Vec<(&'a Address, String)>>>,
    /// Live objects by their natural key in a form that ignores easily confused characters.
    by_fold: OnceCell<HashMap<String, Vec<&'a LiveObject>>>,
    /// Live objects of which something is shown in part only.
    masked: OnceCell<Vec<&'a LiveObject>>,
    /// What an object is whose part of the natural key has another shape.
    odd: OnceCell<Option<String>>,
}

impl<'a> LiveIndex<'a> {
    /// The objects of an account.
    pub(super) fn new(inputs: &Inputs<'a>, account: &str, kind: &'static Kind) -> Self {
        let objects = inputs.live_objects(account, kind.name);
        let by_id = objects.iter().map(|object| (object.id.as_str(), object)).collect();
        Self {
            kind,
            facts: inputs.facts_of_account(account),
            objects,
            by_id,
            all_by_id: OnceCell::new(),
            by_key: OnceCell::new(),
            inherited_by_key: OnceCell::new(),
            remembered: OnceCell::new(),
            by_fold: OnceCell::new(),
            masked: OnceCell::new(),
            odd: OnceCell::new(),
        }
    }

    /// What the ledger has under a natural key: entries, then interrupted creates.
    pub(super) fn remembered_with_key(&self, ledger: &'a Ledger, account: &str, key: &str) -> &[(&'a Address, String)] {
        let remembered = self.remembered.get_or_init(|| {
            let mine = |address: &Address, of: &str| address.kind == self.kind.name && of == account;
            let entries = ledger.objects.iter().filter(|(address, entry)| mine(address, &entry.account));
            let entries = entries.map(|(address, entry)| (address, &entry.key, entry.id.clone()));
            let attempts = ledger.attempts.iter().filter(|(address, attempt)| mine(address, &attempt.account));
            let attempts = attempts.map(|(address, attempt)| (address, &attempt.key, "an interrupted create".to_owned()));
            let mut remembered: HashMap<String, Vec<(&'a Address, String)>> = HashMap::new();
            for (address, key, what) in entries.chain(attempts) {
                if let Some(key) = key_text(self.kind, self.facts, |name| key.get(name)) {
                    remembered.entry(key).or_default().push((address, what));
                }
            }
            remembered
        });
        remembered.get(key).map_or(&[][..], Vec::as_slice)
    }

    /// Live objects of which something is shown in part only.
    pub(super) fn partly_shown(&self) -> &[&'a LiveObject] {
        self.masked.get_or_init(|| self.objects.iter().filter(|live| !live.masked.is_empty()).collect())
    }

    /// A row or an object that may be any: the listing does not show its name.
    pub(super) fn unidentified_row(&self, inputs: &Inputs<'_>, account: &str) -> Option<String> {
        let rows = inputs.live.accounts.get(account).and_then(|live| live.malformed_rows.get(self.kind.name));
        if let Some(what) = rows.and_then(|rows| rows.first()) {
            return Some(what.clone());
        }
        let odd = self.odd.get_or_init(|| {
            self.objects.iter().find_map(|live| {
                let name = self.kind.natural_key.iter().find(|name| live.unexpected_shapes.contains_key(*name))?;
                Some(format!("{name} of {} is {}", live.id, live.unexpected_shapes[name]))
            })
        });
        odd.clone()
    }

    /// Live objects whose natural key differs from this one only in what people overlook or easily mistype.
    pub(super) fn with_similar_key(&self, key: &str) -> impl Iterator<Item = &'a LiveObject> {
        let by_fold = self.by_fold.get_or_init(|| {
            let mut by_fold: HashMap<String, Vec<&'a LiveObject>> = HashMap::new();
            for object in self.objects.iter().filter(|object| !object.is_inherited(self.kind)) {
                if let Some(key) = key_text(self.kind, self.facts, |name| object.attributes.get(name)) {
                    by_fold.entry(fold_for_comparison(&key)).or_default().push(object);
                }
            }
            by_fold
        });
        by_fold.get(&fold_for_comparison(key)).into_iter().flatten().copied()
    }

    /// Live objects with an identity: several where a listing shows one twice.
    pub(super) fn with_id(&self, id: &str) -> &[&'a LiveObject] {
        let all_by_id = self.all_by_id.get_or_init(|| {
            let mut all_by_id: HashMap<&'a str, Vec<&'a LiveObject>> = HashMap::new();
            for object in self.objects {
                all_by_id.entry(&object.id).or_default().push(object);
            }
            all_by_id
        });
        all_by_id.get(id).map_or(&[][..], Vec::as_slice)
    }

    /// Own objects with a natural key. An inherited one is never mistaken for an own one of the same name.
    pub(super) fn with_key(&self, key: &str) -> &[&'a LiveObject] {
        let by_key = self.by_key.get_or_init(|| self.index_by_key(false));
        by_key.get(key).map_or(&[][..], Vec::as_slice)
    }

    /// Inherited objects with a natural key.
    pub(super) fn inherited_with_key(&self, key: &str) -> &[&'a LiveObject] {
        let by_key = self.inherited_by_key.get_or_init(|| self.index_by_key(true));
        by_key.get(key).map_or(&[][..], Vec::as_slice)
    }

    /// Own objects with a natural key; without any, inherited ones.
    pub(super) fn nearest_with_key(&self, key: &str) -> &[&'a LiveObject] {
        let own = self.with_key(key);
        if own.is_empty() { self.inherited_with_key(key) } else { own }
    }

    fn index_by_key(&self, inherited: bool) -> HashMap<String, Vec<&'a LiveObject>> {
        let mut by_key: HashMap<String, Vec<&'a LiveObject>> = HashMap::new();
        for object in self.objects.iter().filter(|object| object.is_inherited(self.kind) == inherited) {
            if let Some(key) = key_text(self.kind, self.facts, |name| object.attributes.get(name)) {
                by_key.entry(key).or_default().push(object);
            }
        }
        by_key
    }
}

/// A natural key as one text; `None` when a part is missing or empty.
pub(super) fn key_text<'v>(
    kind: &Kind,
    facts: &AccountFacts,
    value: impl Fn(&'static str) -> Option<&'v CompactValue>,
) -> Option<String> {
    let mut parts = Vec::with_capacity(kind.natural_key.len());
    for name in kind.natural_key {
        let field = kind.field(name)?;
        let value = value(name)?;
        let canonical = field.canonical_in(&facts.catalogue, value);
        if canonical.is_null() {
            return None;
        }
        parts.push(canonical);
    }
    Some(CompactValue::List(parts.into()).to_string())
}

/// The natural key in the YAML.
pub(super) fn wanted_key(kind: &Kind, facts: &AccountFacts, object: &DesiredObject) -> Option<String> {
    key_text(kind, facts, |name| match object.attributes.get(name) {
        Some(DesiredValue::Value(value)) => Some(value),
        _ => None,
    })
}

/// Live objects that have the natural key in the YAML.
pub(super) fn with_wanted_key<'a>(inputs: &Inputs<'a>, object: &DesiredObject, kind: &'static Kind) -> Vec<&'a LiveObject> {
    let facts = inputs.facts_of_account(&object.account);
    let Some(wanted) = wanted_key(kind, facts, object) else { return Vec::new() };
    inputs
        .live_objects(&object.account, kind.name)
        .iter()
        .filter(|live| !live.is_inherited(kind))
        .filter(|live| key_text(kind, facts, |name| live.attributes.get(name)).as_ref() == Some(&wanted))
        .collect()
}

/// A live object whose natural key is shown in part only and may be the wanted one: creating another would make a second
/// (unpod.md U3).
pub(super) fn shown_in_part<'a>(
    inputs: &Inputs<'a>,
    shelf: &LiveIndex<'a>,
    object: &DesiredObject,
    kind: &'static Kind,
) -> Option<(&'a LiveObject, String)> {
    let facts = inputs.facts_of_account(&object.account);
    shelf.partly_shown().iter().find_map(|live| {
        let mut part = None;
        for name in kind.natural_key {
            let field = kind.field(name)?;
            let Some(DesiredValue::Value(wanted)) = object.attributes.get(name) else { return None };
            if let Some(masked) = live.masked.get(name).and_then(CompactValue::as_str) {
                if !wanted.as_str().is_some_and(|wanted| fits_mask(masked, wanted)) {
                    return None;
                }
                part = Some(masked.to_owned());
            } else {
                let shown = live.attributes.get(name)?;
                if !field.same_in(&facts.catalogue, wanted, shown) {
                    return None;
                }
            }
        }
        part.map(|part| (*live, part))
    })
}
