//! From a row to a live object: the fields that the table names, and of secrets only the fingerprint.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Map;
use smol_str::SmolStr;

use crate::model::call::is_segment;
use crate::model::kind::{AttributeAccess, AttributeType, Field, Kind, Normaliser};
use crate::model::ledger::FingerprintKey;
use crate::model::resource::LiveObject;
use crate::model::value::{AnyValueSeed, CompactValue, CompositeVisitor, Secret, Value, hidden, number_text};
use crate::text::{is_masked, mask_address_secrets, with_article};

/// Most unknown names of a row that are kept.
const MOST_UNKNOWN: usize = 32;

/// The part of a row that the table of its kind names: the rest is dropped while it is read.
#[derive(Debug, Default)]
pub(super) struct ParsedRow {
    id: Option<CompactValue>,
    fields: Vec<(&'static Field, CompactValue)>,
    unknown_names: Vec<SmolStr>,
    /// Unknown names, with a secret of this run in their value or in the name.
    echoed_names: Vec<SmolStr>,
}

/// Reads rows of a kind. `None` for anything that is not a map.
#[derive(Clone, Copy)]
pub(super) struct RowSeed<'k> {
    pub(super) kind: &'k Kind,
    pub(super) kept: KeptFields<'k>,
    /// Whether the answer held secrets of this run: then nothing that holds one is dropped unchecked.
    pub(super) has_echoes: bool,
}

/// How much of a row is kept.
#[derive(Clone, Copy)]
pub(super) enum KeptFields<'k> {
    /// Also what only the service sets: it is neither compared nor stated, but a PUT sends it back (carrierx.md 6.4), so it is
    /// kept of an object that is read by itself.
    Whole,
    /// What may be stated.
    Writable,
    /// The fields for which this returns true, by their index in the table.
    Some(&'k [bool]),
}

/// Reads one object according to its kind's table; everything that the table does not name is dropped, and values shown in
/// part only are kept separately. The error says what is wrong with the row.
pub fn parse_object(kind: &Kind, row: Value, key: &FingerprintKey) -> Result<LiveObject, String> {
    let whole = RowSeed { kind, kept: KeptFields::Whole, has_echoes: true };
    let row = whole.deserialize(row).map_err(|error| error.to_string())?;
    of_row(kind, row, key)
}

/// The identity of the object in a row.
pub(super) fn identity_in(kind: &Kind, row: &Map<String, Value>, key: &FingerprintKey) -> Option<String> {
    let id = restore_numeric_id(kind, CompactValue::from(row.get(kind.id)?), key);
    identity_text(kind, &id)
}

/// The same for a row that was already read.
pub(super) fn of_row(kind: &Kind, row: Option<ParsedRow>, key: &FingerprintKey) -> Result<LiveObject, String> {
    let Some(row) = row else { return Err(format!("{} is not an object", with_article(kind.singular))) };
    let id = row
        .id
        .map(|id| restore_numeric_id(kind, id, key))
        .and_then(|id| identity_text(kind, &id))
        .ok_or_else(|| format!("{} has no usable `{}`", with_article(kind.singular), kind.id))?;
    let mut object =
        LiveObject { id, unknown_names: row.unknown_names, echoed_attributes: row.echoed_names, ..LiveObject::default() };
    let mut attributes = Vec::with_capacity(row.fields.len());
    let mut echoed = Vec::new();
    for (field, value) in row.fields {
        let is_id = field.name == kind.id;
        let value = if is_id { restore_numeric_id(kind, value, key) } else { value };
        // Where ids are texts, one that is written as a number is the same id.
        let value = match (field.ty, &value) {
            (AttributeType::Reference(_), CompactValue::Number(number)) if !kind.numeric_id => {
                CompactValue::from(number_text(number))
            }
            _ => value,
        };
        let value = match field.ty {
            AttributeType::Secret => value,
            _ => match key.opened_where_hidden(kind.name, field, value) {
                Ok(value) => value,
                Err(value) => {
                    object.echoed_attributes.push(SmolStr::new_static(field.name));
                    let shown = if is_id { &mut attributes } else { &mut echoed };
                    shown.push((field.name, value));
                    continue;
                }
            },
        };
        match field.ty {
            AttributeType::Secret => {
                let text = value.text().unwrap_or_default();
                let text = key.restore_text(&text).map_or(text, Cow::Owned);
                let fingerprint =
                    (!looks_masked(&text)).then(|| key.fingerprint_secret(kind.name, field.name, &Secret::new(&text)));
                object.secrets.insert(field.name, fingerprint);
                continue;
            }
            // An identity is kept unchanged: it appears in paths.
            AttributeType::Text | AttributeType::Reference(_) if field.name != kind.id && is_masked_text(field, &value) => {
                object.masked.insert(field.name, unseen_part(value));
                continue;
            }
            // The numbers of a bridge are connections, and their rows hold secrets of other objects.
            AttributeType::Numbers | AttributeType::ServedBy => continue,
            // A service that writes an empty map as an empty list (carrierx.md 5.3, 5.4).
            AttributeType::Map if matches!(&value, CompactValue::List(items) if items.is_empty()) => {
                attributes.push((field.name, CompactValue::from_entries(Vec::new())));
                continue;
            }
            _ if field.access != AttributeAccess::ReadOnly && !fits_type(field.ty, &value) => {
                object.unexpected_shapes.insert(field.name, shape_name(&value));
                continue;
            }
            _ => {}
        }
        // An identity appears in paths, unchanged.
        attributes.push((field.name, if is_id { value } else { key.conceal_secrets(kind.name, field, value) }));
    }
    object.attributes = attributes.into_iter().collect();
    echoed.into_iter().for_each(|(name, value)| drop(object.masked.insert(name, value)));
    Ok(object)
}

impl RowSeed<'_> {
    fn keeps_field(&self, place: usize, field: &Field, is_id: bool) -> bool {
        let wanted = match self.kept {
            KeptFields::Whole => true,
            KeptFields::Writable => field.access != AttributeAccess::ReadOnly,
            KeptFields::Some(kept) => kept.get(place).is_some_and(|kept| *kept),
        };
        let marks_inherited = self.kind.inherited_when.is_some_and(|(name, _)| name == field.name);
        field.is_readable() && (wanted || is_id || marks_inherited)
    }

    /// Whether a field may be a text that can be mistaken for another one: that is reported even where it is not compared.
    fn may_mislead(field: &Field) -> bool {
        field.ty == AttributeType::Text && field.access != AttributeAccess::ReadOnly && field.is_readable()
    }

    fn reads_field(&self, place: usize, field: &Field, is_id: bool) -> bool {
        let listens = self.has_echoes && field.ty != AttributeType::Secret;
        self.keeps_field(place, field, is_id) || listens || Self::may_mislead(field)
    }

    /// Takes the value of a field, as far as it is needed.
    fn take_field(&self, place: usize, field: &'static Field, is_id: bool, value: CompactValue, row: &mut ParsedRow) {
        if !self.reads_field(place, field, is_id) {
            return;
        }
        let doubtful = Self::may_mislead(field) && value.as_str().is_some() && !value.is_plain();
        if !self.keeps_field(place, field, is_id) && !doubtful && !hidden::contains_echo(&value) {
            return;
        }
        match row.fields.iter_mut().find(|(other, _)| std::ptr::eq(*other, field)) {
            Some((_, earlier)) => *earlier = value,
            None => row.fields.push((field, value)),
        }
    }

    /// Takes what is in a map whose keys are fields, each by itself.
    fn take_group(&self, group: &str, inside: &[(SmolStr, CompactValue)], row: &mut ParsedRow) {
        for (key, value) in inside {
            let name = smol_str::format_smolstr!("{group}.{key}");
            match self.kind.fields.iter().enumerate().find(|(_, field)| field.name == name) {
                Some((place, field)) => self.take_field(place, field, false, value.clone(), row),
                None if self.kind.ignored_keys.contains(&name.as_str()) => {}
                None => self.take_unknown(name, value, row),
            }
        }
    }

    /// Takes the name of what the table does not know.
    fn take_unknown(&self, name: SmolStr, value: &CompactValue, row: &mut ParsedRow) {
        if (hidden::holds_echo(&name) || hidden::contains_echo(value)) && row.echoed_names.len() < MOST_UNKNOWN {
            row.echoed_names.push(name.clone());
        }
        if matches!(self.kept, KeptFields::Some(_)) {
            return;
        }
        let nothing = Normaliser::Collection.canonicalize(value).is_null() || value.as_str() == Some("");
        if !nothing && row.unknown_names.len() < MOST_UNKNOWN {
            row.unknown_names.push(name);
        }
    }
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = Option<ParsedRow>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        AnyValueSeed(self).deserialize(deserializer)
    }
}

impl<'de> CompositeVisitor<'de> for RowSeed<'_> {
    type Out = ParsedRow;

    fn read_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<ParsedRow>, A::Error> {
        let fields = Vec::with_capacity(self.kind.fields.len());
        let mut row = ParsedRow { fields, ..ParsedRow::default() };
        // Where a name appears twice, the later one counts, as with every JSON reader here.
        while let Some(named) = entries.next_key_seed(NameSeed(self.kind))? {
            if let Some(group) = named.group {
                match entries.next_value()? {
                    CompactValue::Map(inside) => self.take_group(group, &inside, &mut row),
                    CompactValue::Null => {}
                    other => self.take_unknown(SmolStr::new_static(group), &other, &mut row),
                }
                continue;
            }
            let some = matches!(self.kept, KeptFields::Some(_)) && !self.has_echoes;
            if let Some(name) = named.unknown.filter(|_| !some) {
                let value: CompactValue = entries.next_value()?;
                self.take_unknown(name, &value, &mut row);
                continue;
            }
            if !named.is_id && !named.field.is_some_and(|(place, field)| self.reads_field(place, field, false)) {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let value: CompactValue = entries.next_value()?;
            if named.is_id {
                row.id = Some(value.clone());
            }
            if let Some((place, field)) = named.field {
                self.take_field(place, field, named.is_id, value, &mut row);
            }
        }
        Ok(Some(row))
    }
}

/// What a name means in a table.
struct NameLookup {
    /// Its place and row.
    field: Option<(usize, &'static Field)>,
    is_id: bool,
    /// A map whose keys are fields.
    group: Option<&'static str>,
    /// An unknown name.
    unknown: Option<SmolStr>,
}

/// Looks a name up without keeping it.
struct NameSeed<'k>(&'k Kind);

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = NameLookup;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<NameLookup, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = NameLookup;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<NameLookup, E> {
        let place = self.0.fields.iter().position(|field| field.shown_name() == name);
        let is_id = name == self.0.id;
        let known = is_id || place.is_some() || self.0.ignored_keys.contains(&name);
        let group = if known { None } else { self.0.group(name) };
        let unknown = (!known && group.is_none()).then(|| SmolStr::new(name));
        Ok(NameLookup { field: place.map(|place| (place, &self.0.fields[place])), is_id, group, unknown })
    }
}

/// An older shape of a map is a list of pairs (carrierx.md 5.4): comparing or replacing it would lose something.
fn fits_type(ty: AttributeType, value: &CompactValue) -> bool {
    match ty {
        AttributeType::Map => matches!(value, CompactValue::Map(_) | CompactValue::Null),
        AttributeType::List => matches!(value, CompactValue::List(_) | CompactValue::Null),
        AttributeType::Text
        | AttributeType::Reference(_)
        | AttributeType::Decimal
        | AttributeType::Integer
        | AttributeType::Number
        | AttributeType::Bool => !matches!(value, CompactValue::Map(_) | CompactValue::List(_)),
        AttributeType::CatalogueEntry
        | AttributeType::Secret
        | AttributeType::Numbers
        | AttributeType::ServedBy
        | AttributeType::Opaque => true,
    }
}

/// The shape that a value has, in a word.
fn shape_name(value: &CompactValue) -> &'static str {
    match value {
        CompactValue::Map(_) => "a map",
        CompactValue::List(_) => "a list",
        _ => "a single value",
    }
}

/// An identity that is a number is not a secret, even where a secret has the same digits.
fn restore_numeric_id(kind: &Kind, id: CompactValue, key: &FingerprintKey) -> CompactValue {
    let opened = id.as_str().filter(|_| kind.numeric_id).and_then(|text| key.restore_text(text));
    opened.map_or(id, CompactValue::from)
}

/// An id as text that a path can hold. A number may come as a text of digits (unpod.md 14.1).
fn identity_text(kind: &Kind, id: &CompactValue) -> Option<String> {
    // A fraction, or a power of ten, is not the id that it was.
    if matches!(id, CompactValue::Number(number) if !number.is_u64() && !number.is_i64()) {
        return None;
    }
    let text = id.text()?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (if kind.numeric_id { digits } else { is_segment(text.trim()) }).then(|| text.into_owned())
}

fn is_masked_text(field: &Field, value: &CompactValue) -> bool {
    value.as_str().is_some_and(|text| is_masked(text, field.masked_lightly))
}

/// A value shown in part, without secrets in its visible part: stars, which match anything, replace a login or a query.
fn unseen_part(value: CompactValue) -> CompactValue {
    let veil = value.as_str().and_then(|text| mask_address_secrets(text, &|_| "***".to_owned()));
    veil.map_or(value, CompactValue::from)
}

/// Whether a secret was returned masked: in part, or the same character throughout.
fn looks_masked(text: &str) -> bool {
    let mut characters = text.chars();
    let same = characters.next().is_some_and(|first| characters.all(|other| other == first));
    same || is_masked(text, true)
}
