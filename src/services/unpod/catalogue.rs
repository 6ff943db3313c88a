//! The catalogue of providers, and the entry that a word refers to (unpod.md 4.2).

use crate::model::kind::{Catalogue, whole_of};
use crate::model::resource::{AccountFacts, CatalogueEntry};
use crate::model::value::{CompactValue, Value};
use crate::text::to_lowercase_safe;

/// How its words are read.
pub static CATALOGUE: Catalogue = Catalogue { entry: resolve_entry, sent: value_to_send, needs_entry, word: slug_of };

/// The entries of a catalogue; rows without an id or a name are useless and left out.
pub fn parse_entries(rows: &[Value]) -> Vec<CatalogueEntry> {
    rows.iter()
        .filter_map(|row| {
            let text = |key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
            Some(CatalogueEntry { id: whole_of(row.get("id")?)?, slug: text("slug"), name: text("name")? })
        })
        .collect()
}

/// The catalogue with the providers that configurations of generation 1 name themselves: carriers are not listed, though
/// they can be configured (unpod.md 4.2, 5.2). What the catalogue says about an id takes precedence. Sorted by id, because
/// no list of the service has a defined order.
pub fn complete_from_configurations(mut entries: Vec<CatalogueEntry>, configurations: &[Value]) -> Vec<CatalogueEntry> {
    let named = configurations.iter().filter_map(|row| row.get("provider_details"));
    for details in named {
        if let (Some(id), Some(name)) = (details.get("id").and_then(whole_of), details.get("name").and_then(Value::as_str))
            && !entries.iter().any(|entry| entry.id == id)
        {
            entries.push(CatalogueEntry { id, slug: None, name: name.to_owned() });
        }
    }
    entries.sort_by_key(|entry| entry.id);
    entries
}

/// The entry that a word refers to: the exact slug, else the only one of this name whatever the letter case, else the id. Names
/// repeat in the catalogue, so a shared name refers to none of them.
pub fn resolve_entry<'a>(entries: &'a [CatalogueEntry], word: &CompactValue) -> Option<&'a CatalogueEntry> {
    let word = word.text()?;
    let word = word.trim();
    if let Some(entry) = entries.iter().find(|entry| entry.slug.as_deref() == Some(word)) {
        return Some(entry);
    }
    let mut named = entries.iter().filter(|entry| to_lowercase_safe(&entry.name) == to_lowercase_safe(word));
    match (named.next(), named.next()) {
        (Some(entry), None) => Some(entry),
        _ => {
            let id: u64 = word.parse().ok()?;
            entries.iter().find(|entry| entry.id == id)
        }
    }
}

/// The slug of a configuration's provider on bridges and numbers, when it is known.
pub fn slug_of(entries: &[CatalogueEntry], provider: &CompactValue) -> Option<String> {
    if let Some(entry) = resolve_entry(entries, provider) {
        return entry.slug.as_deref().map(to_lowercase_safe);
    }
    // A word that is not a number is itself a slug; an id that the catalogue does not know says nothing.
    let word = to_lowercase_safe(provider.as_str()?.trim());
    (!word.is_empty() && !word.bytes().all(|byte| byte.is_ascii_digit())).then_some(word)
}

/// A value as the service wants it: a catalogue entry by slug where the catalogue has slugs, else by number.
fn value_to_send(facts: &AccountFacts, value: &CompactValue) -> CompactValue {
    match resolve_entry(&facts.catalogue, value) {
        Some(entry) => entry.slug.as_deref().map_or_else(|| CompactValue::Number(entry.id.into()), CompactValue::from),
        None => match value.as_str().and_then(|text| text.parse::<u64>().ok()) {
            // A number that the catalogue does not list: carriers are left out of it (unpod.md 4.2).
            Some(id) if facts.generation == Some(1) => CompactValue::Number(id.into()),
            _ => value.clone(),
        },
    }
}

/// Generation 1 takes numbers alone, and a word without an entry has none.
fn needs_entry(facts: &AccountFacts, value: &CompactValue) -> bool {
    facts.generation == Some(1) && !matches!(value_to_send(facts, value), CompactValue::Number(_))
}
