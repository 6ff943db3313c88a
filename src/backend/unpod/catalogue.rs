//! The catalogue of providers, and which entry a word means (unpod.md 4.2).

use super::rows::whole;
use crate::kind::{Field, Normaliser, Type};
use crate::resource::{CatalogueEntry, Facts};
use crate::value::{Packed, Value};

/// The entries of a catalogue; rows without an id or a name are of no use and left out.
pub fn entries(rows: &[Value]) -> Vec<CatalogueEntry> {
    rows.iter()
        .filter_map(|row| {
            let text = |key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
            Some(CatalogueEntry { id: whole(row.get("id")?)?, slug: text("slug"), name: text("name")? })
        })
        .collect()
}

/// The catalogue with the providers that configurations of generation 1 name themselves: carriers are not listed, though
/// they can be configured (unpod.md 4.2, 5.2). What the catalogue says of an id stands. In the order of the ids, because no
/// list of the service has an order of its own.
pub fn completed(mut entries: Vec<CatalogueEntry>, configurations: &[Value]) -> Vec<CatalogueEntry> {
    let named = configurations.iter().filter_map(|row| row.get("provider_details"));
    for details in named {
        if let (Some(id), Some(name)) =
            (details.get("id").and_then(whole), details.get("name").and_then(Value::as_str))
            && !entries.iter().any(|entry| entry.id == id)
        {
            entries.push(CatalogueEntry { id, slug: None, name: name.to_owned() });
        }
    }
    entries.sort_by_key(|entry| entry.id);
    entries
}

/// The entry that a word means: the exact slug, else the only one of this name whatever the letter case, else the id. Names
/// repeat in the catalogue, so a name that several share means none.
pub fn resolve<'a>(entries: &'a [CatalogueEntry], word: &Packed) -> Option<&'a CatalogueEntry> {
    let word = word.text()?;
    let word = word.trim();
    if let Some(entry) = entries.iter().find(|entry| entry.slug.as_deref() == Some(word)) {
        return Some(entry);
    }
    let mut named = entries.iter().filter(|entry| entry.name.to_lowercase() == word.to_lowercase());
    match (named.next(), named.next()) {
        (Some(entry), None) => Some(entry),
        _ => {
            let id: u64 = word.parse().ok()?;
            entries.iter().find(|entry| entry.id == id)
        }
    }
}

/// Whether two values of an attribute mean the same.
pub fn alike(field: &Field, entries: &[CatalogueEntry], a: &Packed, b: &Packed) -> bool {
    if field.ty == Type::CatalogueEntry { same(entries, a, b) } else { field.same(a, b) }
}

/// A value of an attribute in the spelling in which it is compared.
pub fn canonical(field: &Field, entries: &[CatalogueEntry], value: &Packed) -> Packed {
    if field.ty == Type::CatalogueEntry
        && let Some(entry) = resolve(entries, value)
    {
        return Packed::from(format!("catalogue {}", entry.id));
    }
    field.normaliser.canonical(value)
}

/// Whether two words mean the same provider: the same entry, or the same word where the catalogue does not help.
pub fn same(entries: &[CatalogueEntry], a: &Packed, b: &Packed) -> bool {
    match (resolve(entries, a), resolve(entries, b)) {
        (Some(a), Some(b)) => a.id == b.id,
        _ => Normaliser::Catalogue.canonical(a) == Normaliser::Catalogue.canonical(b),
    }
}

/// The slug that stands for a configuration's provider on bridges and numbers, when it can be told.
pub fn slug_of(entries: &[CatalogueEntry], provider: &Packed) -> Option<String> {
    if let Some(entry) = resolve(entries, provider) {
        return entry.slug.as_ref().map(|slug| slug.to_lowercase());
    }
    // A word that is no number is a slug by itself; an id that the catalogue does not know says nothing.
    let word = provider.as_str()?.trim().to_lowercase();
    (!word.is_empty() && !word.bytes().all(|byte| byte.is_ascii_digit())).then_some(word)
}

/// A value as the service wants it: a catalogue entry by slug where the catalogue has slugs, else by number.
pub fn sent(ty: Type, value: &Packed, facts: &Facts) -> Packed {
    if ty != Type::CatalogueEntry {
        return value.clone();
    }
    match resolve(&facts.catalogue, value) {
        Some(entry) => entry.slug.as_deref().map_or_else(|| Packed::Number(entry.id.into()), Packed::from),
        None => match value.as_str().and_then(|text| text.parse::<u64>().ok()) {
            // A number that the catalogue does not list: carriers are left out of it (unpod.md 4.2).
            Some(id) if facts.generation == Some(1) => Packed::Number(id.into()),
            _ => value.clone(),
        },
    }
}
