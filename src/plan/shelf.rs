//! The live objects of one kind in one account, and what the ledger remembers of it, by whatever an object is looked for.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::Inputs;
use crate::backend::unpod::catalogue;
use crate::kind::{Kind, Type};
use crate::ledger::Ledger;
use crate::resource::{Address, DesiredObject, Facts, LiveObject, Wanted};
use crate::text::{fits_mask, folded};
use crate::value::Packed;

/// Live objects of one kind in one account, by id and by natural key.
pub(super) struct Shelf<'a> {
    kind: &'static Kind,
    facts: &'a Facts,
    objects: &'a [LiveObject],
    /// By identity.
    pub(super) by_id: HashMap<&'a str, &'a LiveObject>,
    /// Made when it is needed: where the ledger knows every object, nobody asks by key.
    by_key: OnceCell<HashMap<String, Vec<&'a LiveObject>>>,
    /// The same of what the ledger knows, visible or not.
    remembered: OnceCell<HashMap<String, Vec<(&'a Address, String)>>>,
    /// Live objects by their natural key as people may mistake it.
    by_fold: OnceCell<HashMap<String, Vec<&'a LiveObject>>>,
    /// Live objects of which something is shown in part only.
    masked: OnceCell<Vec<&'a LiveObject>>,
}

impl<'a> Shelf<'a> {
    /// The objects of an account.
    pub(super) fn new(inputs: &Inputs<'a>, account: &str, kind: &'static Kind) -> Self {
        let objects = inputs.live_objects(account, kind.name);
        let by_id = objects.iter().map(|object| (object.id.as_str(), object)).collect();
        Self {
            kind,
            facts: inputs.facts(account),
            objects,
            by_id,
            by_key: OnceCell::new(),
            remembered: OnceCell::new(),
            by_fold: OnceCell::new(),
            masked: OnceCell::new(),
        }
    }

    /// What the ledger remembers under a natural key: entries, then creates that were cut off.
    pub(super) fn remembered(
        &self,
        ledger: &'a Ledger,
        account: &str,
        key: &str,
    ) -> &[(&'a Address, String)] {
        let remembered = self.remembered.get_or_init(|| {
            let mine = |address: &Address, of: &str| address.kind == self.kind.name && of == account;
            let entries = ledger.objects.iter().filter(|(address, entry)| mine(address, &entry.account));
            let entries = entries.map(|(address, entry)| (address, &entry.key, entry.id.clone()));
            let attempts =
                ledger.attempts.iter().filter(|(address, attempt)| mine(address, &attempt.account));
            let attempts = attempts
                .map(|(address, attempt)| (address, &attempt.key, "a create that was cut off".to_owned()));
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
    pub(super) fn masked(&self) -> &[&'a LiveObject] {
        self.masked.get_or_init(|| self.objects.iter().filter(|live| !live.masked.is_empty()).collect())
    }

    /// A row or an object that may be any: what it is called is not to be told from the listing.
    pub(super) fn nameless(&self, inputs: &Inputs<'_>, account: &str) -> Option<String> {
        let rows = inputs.live.accounts.get(account).and_then(|live| live.odd_rows.get(self.kind.name));
        if let Some(what) = rows.and_then(|rows| rows.first()) {
            return Some(what.clone());
        }
        self.objects.iter().find_map(|live| {
            let name = self.kind.natural_key.iter().find(|name| live.odd.contains_key(*name))?;
            Some(format!("{name} of {} is {}", live.id, live.odd[name]))
        })
    }

    /// Live objects whose natural key differs from this one only in what people do not see or easily mistype.
    pub(super) fn alike(&self, key: &str) -> impl Iterator<Item = &'a LiveObject> {
        let by_fold = self.by_fold.get_or_init(|| {
            let mut by_fold: HashMap<String, Vec<&'a LiveObject>> = HashMap::new();
            for object in self.objects {
                if let Some(key) = key_text(self.kind, self.facts, |name| object.attributes.get(name)) {
                    by_fold.entry(folded(&key)).or_default().push(object);
                }
            }
            by_fold
        });
        by_fold.get(&folded(key)).into_iter().flatten().copied()
    }

    /// Live objects with a natural key.
    pub(super) fn with_key(&self, key: &str) -> &[&'a LiveObject] {
        let by_key = self.by_key.get_or_init(|| {
            let mut by_key: HashMap<String, Vec<&'a LiveObject>> = HashMap::new();
            for object in self.objects {
                if let Some(key) = key_text(self.kind, self.facts, |name| object.attributes.get(name)) {
                    by_key.entry(key).or_default().push(object);
                }
            }
            by_key
        });
        by_key.get(key).map_or(&[][..], Vec::as_slice)
    }
}

/// A natural key as one text; `None` when a part is missing or empty.
pub(super) fn key_text<'v>(
    kind: &Kind,
    facts: &Facts,
    value: impl Fn(&'static str) -> Option<&'v Packed>,
) -> Option<String> {
    let mut parts = Vec::with_capacity(kind.natural_key.len());
    for name in kind.natural_key {
        let field = kind.field(name)?;
        let value = value(name)?;
        let entry =
            if field.ty == Type::CatalogueEntry { catalogue::resolve(&facts.catalogue, value) } else { None };
        let canonical = match entry {
            Some(entry) => Packed::from(format!("catalogue {}", entry.id)),
            None => field.normaliser.canonical(value),
        };
        if canonical.is_null() {
            return None;
        }
        parts.push(canonical);
    }
    Some(Packed::List(parts.into()).to_string())
}

/// The natural key that the YAML states.
pub(super) fn wanted_key(kind: &Kind, facts: &Facts, object: &DesiredObject) -> Option<String> {
    key_text(kind, facts, |name| match object.attributes.get(name) {
        Some(Wanted::Value(value)) => Some(value),
        _ => None,
    })
}

/// Live objects that have the natural key which the YAML states.
pub(super) fn with_wanted_key<'a>(
    inputs: &Inputs<'a>,
    object: &DesiredObject,
    kind: &'static Kind,
) -> Vec<&'a LiveObject> {
    let facts = inputs.facts(&object.account);
    let Some(wanted) = wanted_key(kind, facts, object) else { return Vec::new() };
    inputs
        .live_objects(&object.account, kind.name)
        .iter()
        .filter(|live| key_text(kind, facts, |name| live.attributes.get(name)).as_ref() == Some(&wanted))
        .collect()
}

/// A live object whose natural key is shown in part only and may be the wanted one: creating another would make a second
/// (unpod.md U3).
pub(super) fn shown_in_part<'a>(
    inputs: &Inputs<'a>,
    shelf: &Shelf<'a>,
    object: &DesiredObject,
    kind: &'static Kind,
) -> Option<(&'a LiveObject, String)> {
    let facts = inputs.facts(&object.account);
    shelf.masked().iter().find_map(|live| {
        let mut part = None;
        for name in kind.natural_key {
            let field = kind.field(name)?;
            let Some(Wanted::Value(wanted)) = object.attributes.get(name) else { return None };
            if let Some(masked) = live.masked.get(name).and_then(Packed::as_str) {
                if !wanted.as_str().is_some_and(|wanted| fits_mask(masked, wanted)) {
                    return None;
                }
                part = Some(masked.to_owned());
            } else {
                let shown = live.attributes.get(name)?;
                let same = match field.ty {
                    Type::CatalogueEntry => catalogue::same(&facts.catalogue, wanted, shown),
                    _ => field.same(wanted, shown),
                };
                if !same {
                    return None;
                }
            }
        }
        part.map(|part| (*live, part))
    })
}
