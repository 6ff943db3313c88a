//! Attributes whose values name entries of a catalogue that the service keeps: which entry a word means, and which word is sent.

use super::{Field, Normaliser};
use crate::model::resource::{AccountFacts, CatalogueEntry};
use crate::model::value::CompactValue;

/// How a service reads the words that name entries of its catalogue.
#[derive(Debug)]
pub struct Catalogue {
    /// The entry that a word means, where it means one alone.
    pub entry: for<'a> fn(&'a [CatalogueEntry], &CompactValue) -> Option<&'a CatalogueEntry>,
    /// The value to send for a word.
    pub sent: fn(&AccountFacts, &CompactValue) -> CompactValue,
    /// Whether a word without an entry cannot be sent.
    pub needs_entry: fn(&AccountFacts, &CompactValue) -> bool,
    /// The short word of an entry, when it can be told.
    pub word: fn(&[CatalogueEntry], &CompactValue) -> Option<String>,
}

impl Field {
    /// The entry of the catalogue that a value names; `None` where the attribute names none.
    pub fn entry<'a>(&self, entries: &'a [CatalogueEntry], value: &CompactValue) -> Option<&'a CatalogueEntry> {
        self.catalogue.and_then(|catalogue| (catalogue.entry)(entries, value))
    }

    /// Whether two values mean the same, with this catalogue: the same entry, or the same word where it does not help.
    pub fn same_in(&self, entries: &[CatalogueEntry], a: &CompactValue, b: &CompactValue) -> bool {
        if self.catalogue.is_none() {
            return self.values_equal(a, b);
        }
        match (self.entry(entries, a), self.entry(entries, b)) {
            (Some(a), Some(b)) => a.id == b.id,
            _ => Normaliser::Catalogue.canonicalize(a) == Normaliser::Catalogue.canonicalize(b),
        }
    }

    /// A value in the spelling in which it is compared, with this catalogue.
    pub fn canonical_in(&self, entries: &[CatalogueEntry], value: &CompactValue) -> CompactValue {
        match self.entry(entries, value) {
            Some(entry) => CompactValue::from(format!("catalogue {}", entry.id)),
            None => self.normaliser.canonicalize(value),
        }
    }

    /// A value as the service wants it.
    pub fn sent(&self, facts: &AccountFacts, value: &CompactValue) -> CompactValue {
        self.catalogue.map_or_else(|| value.clone(), |catalogue| (catalogue.sent)(facts, value))
    }

    /// The short word for the entry that a value names; `None` where the attribute names none, or it cannot be told.
    pub fn entry_word(&self, entries: &[CatalogueEntry], value: &CompactValue) -> Option<String> {
        self.catalogue.and_then(|catalogue| (catalogue.word)(entries, value))
    }
}
