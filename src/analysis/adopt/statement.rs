//! What is said about one object, before it is known whether an entry of its own or a row of a table says it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::{AdoptableObject, AdoptionSet, ShownSecret};
use crate::model::kind::{AttributeAccess, AttributeType, Field, Kind, Normaliser, canonical_decimal, exact_number};
use crate::model::resource::{Address, CatalogueEntry, Connection, LiveAccount, ServedBy, owned_by};
use crate::model::value::{CompactValue, hidden::holds_mark};
use crate::plan::Inputs;
use crate::text;

/// Attributes that must not be written as the service shows them, and why.
pub type RefusedAttributes = BTreeMap<(Address, String), String>;

/// What an entry says about an object.
pub(super) struct ObjectStatement<'a> {
    pub(super) address: &'a Address,
    pub(super) account: &'a str,
    pub(super) kind: &'static Kind,
    /// Its identity, where that is pinned.
    pub(super) id: Option<&'a str>,
    /// In the order of the table.
    pub(super) attributes: Vec<(&'static Field, StatedContent<'a>)>,
}

/// What it says about an attribute.
pub(super) enum StatedContent<'a> {
    /// Nothing, and why.
    LeftOut(String),
    /// A value. Marks in a map that may hold sources are secrets that their owner supplies.
    Value(Cow<'a, CompactValue>),
    /// A secret that its owner supplies.
    Secret(ShownSecret),
    /// The name of what serves it.
    ServedBy(Cow<'a, str>),
    /// The numbers on it.
    Numbers(Vec<StatedNumber<'a>>),
}

/// A number on a holder.
pub(super) struct StatedNumber<'a> {
    pub(super) number: &'a str,
    /// Whether that is the spelling of the service, kept as it is.
    pub(super) as_shown: bool,
    /// The name of what serves it, if anything does.
    pub(super) served_by: Option<Cow<'a, str>>,
}

impl StatedContent<'_> {
    /// How many numbers it connects.
    pub(super) fn connected_numbers(&self) -> usize {
        match self {
            Self::ServedBy(_) => 1,
            Self::Numbers(numbers) => numbers.iter().filter(|number| number.served_by.is_some()).count(),
            Self::LeftOut(_) | Self::Value(_) | Self::Secret(_) => 0,
        }
    }
}

impl<'a> ObjectStatement<'a> {
    /// What is to be said about an object.
    pub(super) fn new(
        inputs: &Inputs<'a>,
        adoption: &'a AdoptionSet<'a>,
        found: &'a AdoptableObject<'a>,
        refused: &RefusedAttributes,
    ) -> Self {
        let refused = |field: &Field| refused.get(&(found.address.clone(), field.name.to_owned()));
        let unwritten = |field: &Field| field.required && (refused(field).is_some() || is_empty(shown(found, field)));
        // The chosen identity of a bridge is an attribute already; a pin compensates for required attributes that cannot be
        // written.
        let is_pinned = found.kind.field(found.kind.id).is_none_or(|field| field.access == AttributeAccess::ReadOnly)
            || found.kind.fields.iter().any(unwritten);
        let contents = found.kind.stated_fields().into_iter().filter_map(|field| {
            let content = if let Some(why) = refused(field) {
                StatedContent::LeftOut(why.clone())
            } else if let Some(shape) = found.live.unexpected_shapes.get(field.name) {
                StatedContent::LeftOut(format!("it is {shape}, which the service does not document"))
            } else {
                match field.ty {
                    AttributeType::Secret => secret(found, field)?,
                    AttributeType::Numbers | AttributeType::ServedBy => numbers(inputs, adoption, found, field)?,
                    _ => attribute(inputs, adoption, found, field)?,
                }
            };
            Some((field, content))
        });
        Self {
            address: &found.address,
            account: found.account,
            kind: found.kind,
            id: is_pinned.then_some(&*found.live.id),
            attributes: contents.collect(),
        }
    }

    /// What it says about the attribute of this name.
    pub(super) fn content(&self, name: &str) -> Option<&StatedContent<'a>> {
        self.attributes.iter().find(|(field, _)| field.name == name).map(|(_, content)| content)
    }
}

fn shown<'a>(found: &AdoptableObject<'a>, field: &Field) -> &'a CompactValue {
    found.live.attributes.get(field.name).unwrap_or(&CompactValue::Null)
}

fn attribute<'a>(
    inputs: &Inputs<'a>,
    adoption: &AdoptionSet<'_>,
    found: &AdoptableObject<'a>,
    field: &'static Field,
) -> Option<StatedContent<'a>> {
    if let Some(masked) = found.live.masked.get(field.name) {
        return Some(StatedContent::LeftOut(format!("the service shows {masked} only")));
    }
    let shown = shown(found, field);
    if is_empty(shown) {
        let waits = field.needs_verification && field.required;
        let why = "waits to be verified; the service shows nothing until then";
        return waits.then(|| StatedContent::LeftOut(why.to_owned()));
    }
    if holds_mark(shown) && !(field.allows_secret_sources && matches!(shown, CompactValue::Map(_))) {
        let why = "it contains a secret, and telform never writes a secret into the YAML";
        return Some(StatedContent::LeftOut(why.to_owned()));
    }
    let catalogue = inputs.live.accounts.get(found.account).map_or(&[][..], |live| &live.facts.catalogue);
    let stated = stated_value(field, catalogue, shown);
    if field.has_references() {
        let named = adoption.with_addresses(found.account, field, &stated).into_owned();
        return Some(StatedContent::Value(Cow::Owned(named)));
    }
    Some(StatedContent::Value(stated))
}

/// A secret that can be changed later gets a placeholder; one that is sent only on create is no longer needed.
fn secret<'a>(found: &AdoptableObject<'a>, field: &'static Field) -> Option<StatedContent<'a>> {
    let unset = field.secret_is_read_back && !found.live.shows_secret(field.name);
    let shown = match found.live.secrets.get(field.name) {
        _ if !field.secret_is_read_back => ShownSecret::Never,
        Some(None) => ShownSecret::InPart,
        _ => ShownSecret::Whole,
    };
    (field.access != AttributeAccess::CreateOnly && !unset).then_some(StatedContent::Secret(shown))
}

/// The numbers of a bridge are owned whole, so they are written only when it is known what serves each of them.
fn numbers<'a>(
    inputs: &Inputs<'a>,
    adoption: &'a AdoptionSet<'a>,
    found: &AdoptableObject<'a>,
    field: &'static Field,
) -> Option<StatedContent<'a>> {
    let live = inputs.live.accounts.get(found.account)?;
    let service = crate::services::of_kind(&found.address.kind)?;
    let words = service.link_words();
    if let Some(candidates) = live.unseen_candidates.get(&found.live.id) {
        let (holder, served) = (words.holder, list_candidates(candidates));
        let why = format!("something serves this {holder}, but the service does not show its numbers: {served}");
        return Some(StatedContent::LeftOut(why));
    }
    let on: Vec<&'a Connection> =
        (live.connections.iter().flatten()).filter(|connection| connection.bridge == found.live.id).collect();
    let provider = |id: &str| {
        let kinds = adoption.known.iter().filter(|((account, _, known), _)| account == found.account && known == id);
        kinds.map(|((_, kind, _), address)| (kind, address)).find(|(kind, _)| has_connected_numbers(kind)).map(|(_, it)| it)
    };
    let doubtful: Vec<String> = on
        .iter()
        .filter_map(|connection| match &connection.served_by {
            ServedBy::OneOf(candidates) => Some(format!("{}: {}", connection.number, list_candidates(candidates))),
            ServedBy::Unserved => None,
            ServedBy::Foreign { id, owner } => {
                let owner = owned_by(owner.as_deref());
                Some(format!("{}: served by {} {id} of {owner}", connection.number, words.target))
            }
            known => {
                let id = known.id()?;
                let undeclared = || format!("{}: served by {} {id}, which is not declared", connection.number, words.target);
                provider(id).is_none().then(undeclared)
            }
        })
        .collect();
    if !doubtful.is_empty() {
        let why = format!("it is written whole or not at all, and not all of it is known: {}", doubtful.join("; "));
        return Some(StatedContent::LeftOut(why));
    }
    let stated: Vec<StatedNumber<'a>> = on
        .iter()
        .map(|connection| {
            let served_by = connection.served_by.id().and_then(provider).map(|address| match service.link_roles() {
                Some(roles) => roles.name_of(address),
                None => Cow::Borrowed(&*address.name),
            });
            let (number, as_shown) = match served_by {
                Some(_) => spelling(live, found, &connection.number),
                None => (&*connection.number, false),
            };
            StatedNumber { number, as_shown, served_by }
        })
        .collect();
    let first = stated.iter().find_map(|number| number.served_by.clone())?;
    Some(if field.ty == AttributeType::ServedBy { StatedContent::ServedBy(first) } else { StatedContent::Numbers(stated) })
}

/// A number as it is written. Without a plus sign it is not known whether the country code is present: the service's own
/// spelling is kept.
fn spelling<'a>(live: &'a LiveAccount, found: &AdoptableObject<'a>, number: &'a str) -> (&'a str, bool) {
    let shown = live.spellings.get(&(found.live.id.clone(), number.to_owned())).map_or(number, String::as_str);
    if text::is_e164(number) && shown.contains('+') { (number, false) } else { (shown, true) }
}

/// Whether numbers are connected to objects of this kind.
fn has_connected_numbers(kind: &str) -> bool {
    crate::services::shapes_of_kind(kind).iter().any(|kind: &&Kind| kind.connected)
}

fn list_candidates(candidates: &BTreeSet<String>) -> String {
    if candidates.is_empty() {
        return "served by something that the account does not list".to_owned();
    }
    const MOST: usize = 5;
    let mut list: Vec<&str> = candidates.iter().map(String::as_str).collect();
    list.sort_by_key(|id| (id.len(), *id));
    match list.as_slice() {
        [one] => format!("served by {one} or by nothing"),
        few if few.len() <= MOST => format!("served by one of {}", few.join(", ")),
        many => format!("served by one of {} and {} more", many[..MOST].join(", "), many.len() - MOST),
    }
}

/// A value that a service shows, as the YAML states it.
pub(in crate::analysis) fn stated_value<'v>(
    field: &Field,
    catalogue: &[CatalogueEntry],
    shown: &'v CompactValue,
) -> Cow<'v, CompactValue> {
    match (field.ty, shown) {
        // Numbers of any length stay texts, so no reader changes them.
        (AttributeType::Decimal, CompactValue::Number(_) | CompactValue::Text(_)) => {
            let text = shown.text().unwrap_or_default();
            let plain = canonical_decimal(&text).filter(|_| text.contains(['e', 'E']));
            Cow::Owned(CompactValue::from(plain.unwrap_or_else(|| text.into_owned())))
        }
        (AttributeType::Number, CompactValue::Number(_) | CompactValue::Text(_)) => {
            let number = shown.text().and_then(|text| exact_number(&canonical_decimal(&text)?));
            number.map_or(Cow::Borrowed(shown), |number| Cow::Owned(CompactValue::Number(number)))
        }
        (AttributeType::Text, CompactValue::Text(_)) if field.normaliser == Normaliser::Time => {
            Cow::Owned(field.normaliser.canonicalize(shown))
        }
        (AttributeType::CatalogueEntry, _) => Cow::Owned(entry_word(field, catalogue, shown)),
        (_, shown) => Cow::Borrowed(shown),
    }
}

/// The name of a provider for people: its slug, or its name where that identifies it.
fn entry_word(field: &Field, entries: &[CatalogueEntry], shown: &CompactValue) -> CompactValue {
    let Some(entry) = field.entry(entries, shown) else { return shown.clone() };
    let words = [entry.slug.as_deref(), Some(entry.name.as_str())];
    let finds = |word: &&str| field.entry(entries, &CompactValue::from(*word)).is_some_and(|found| found.id == entry.id);
    words.into_iter().flatten().find(finds).map_or_else(|| shown.clone(), CompactValue::from)
}

fn is_empty(value: &CompactValue) -> bool {
    match value {
        CompactValue::Null => true,
        CompactValue::Text(text) => text.trim().is_empty(),
        CompactValue::List(items) => items.is_empty(),
        CompactValue::Map(map) => map.is_empty(),
        _ => false,
    }
}
