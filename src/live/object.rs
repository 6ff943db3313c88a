//! From a row to a live object: the fields that the table names, and of secrets only the fingerprint.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use smol_str::SmolStr;

use crate::kind::{Access, Field, Kind, Normaliser, Type};
use crate::ledger::Key;
use crate::resource::LiveObject;
use crate::text::{is_masked, veiled};
use crate::value::{Any, Packed, Parts, Secret, Value};

/// Most names of a row that are kept though nothing is known about them.
const MOST_UNKNOWN: usize = 32;

/// A row as far as the table of its kind names what is in it: the rest is dropped while it is read.
#[derive(Debug, Default)]
pub(super) struct Row {
    id: Option<Packed>,
    fields: Vec<(&'static Field, Packed)>,
    unknown: Vec<SmolStr>,
}

/// Reads rows of a kind. `None` for what is no map.
#[derive(Clone, Copy)]
pub(super) struct RowOf<'k> {
    pub(super) kind: &'k Kind,
    pub(super) kept: Kept<'k>,
}

/// How much of a row is kept.
#[derive(Clone, Copy)]
pub(super) enum Kept<'k> {
    /// Also what only the service sets: nobody compares or states it, but a PUT sends it back (carrierx.md 6.4), so it is kept
    /// of an object that is read by itself.
    Whole,
    /// What may be stated.
    Writable,
    /// The fields for which this says so, by their place in the table.
    Some(&'k [bool]),
}

/// Reads one object as its kind's table says; everything that the table does not name is dropped, and what is shown in part
/// only stands apart. The error says what is wrong with the row.
pub fn object(kind: &Kind, row: Value, key: &Key) -> Result<LiveObject, String> {
    let row = RowOf { kind, kept: Kept::Whole }.deserialize(row).map_err(|error| error.to_string())?;
    of_row(kind, row, key)
}

/// The same for a row that was read already.
pub(super) fn of_row(kind: &Kind, row: Option<Row>, key: &Key) -> Result<LiveObject, String> {
    let Some(row) = row else { return Err(format!("a {} is no object", kind.singular)) };
    let id = row
        .id
        .and_then(|id| identity(kind, &id))
        .ok_or_else(|| format!("a {} has no usable `{}`", kind.singular, kind.id))?;
    let mut object = LiveObject { id, unknown: row.unknown, ..LiveObject::default() };
    let mut attributes = Vec::with_capacity(row.fields.len());
    for (field, value) in row.fields {
        match field.ty {
            Type::Secret => {
                let text = value.text().unwrap_or_default();
                let fingerprint =
                    (!masked(&text)).then(|| key.fingerprint(kind.name, field.name, &Secret::new(&text)));
                object.secrets.insert(field.name, fingerprint);
                continue;
            }
            // An identity is taken as it is: it stands in paths.
            Type::Text if field.name != kind.id && is_masked_text(field, &value) => {
                object.masked.insert(field.name, unseen_part(value));
                continue;
            }
            // The numbers of a bridge are connections, and their rows hold secrets of others.
            Type::Numbers => continue,
            // A service that writes an empty map as an empty list (carrierx.md 5.3, 5.4).
            Type::Map if matches!(&value, Packed::List(items) if items.is_empty()) => {
                attributes.push((field.name, Packed::map(Vec::new())));
                continue;
            }
            _ if field.access != Access::ReadOnly && !fits(field.ty, &value) => {
                object.odd.insert(field.name, shape(&value));
                continue;
            }
            _ => {}
        }
        // An identity stands in paths, as it is.
        let is_id = field.name == kind.id;
        attributes.push((field.name, if is_id { value } else { key.conceal(kind.name, field, value) }));
    }
    object.attributes = attributes.into_iter().collect();
    Ok(object)
}

impl RowOf<'_> {
    fn keeps(&self, place: usize, field: &Field, is_id: bool) -> bool {
        let wanted = match self.kept {
            Kept::Whole => true,
            Kept::Writable => field.access != Access::ReadOnly,
            Kept::Some(kept) => kept.get(place).is_some_and(|kept| *kept),
        };
        field.is_readable() && (wanted || is_id)
    }
}

impl<'de> DeserializeSeed<'de> for RowOf<'_> {
    type Value = Option<Row>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Any(self).deserialize(deserializer)
    }
}

impl<'de> Parts<'de> for RowOf<'_> {
    type Out = Row;

    fn map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<Row>, A::Error> {
        let fields = Vec::with_capacity(self.kind.fields.len());
        let mut row = Row { id: None, fields, unknown: Vec::new() };
        // Where a name stands twice, the later one counts, as with every reader of JSON here.
        while let Some(mut named) = entries.next_key_seed(NameIn(self.kind))? {
            if let Some(name) = named.unknown.take().filter(|_| !matches!(self.kept, Kept::Some(_))) {
                let value: Packed = entries.next_value()?;
                let nothing =
                    Normaliser::Collection.canonical(&value).is_null() || value.as_str() == Some("");
                if !nothing && row.unknown.len() < MOST_UNKNOWN {
                    row.unknown.push(name);
                }
                continue;
            }
            let Some((_, field)) =
                named.field.filter(|(place, field)| self.keeps(*place, field, named.is_id))
            else {
                if named.is_id {
                    row.id = Some(entries.next_value()?);
                } else {
                    entries.next_value::<IgnoredAny>()?;
                }
                continue;
            };
            let value: Packed = entries.next_value()?;
            if named.is_id {
                row.id = Some(value.clone());
            }
            match row.fields.iter_mut().find(|(other, _)| std::ptr::eq(*other, field)) {
                Some((_, earlier)) => *earlier = value,
                None => row.fields.push((field, value)),
            }
        }
        Ok(Some(row))
    }
}

/// What a name means in a table.
struct Named {
    /// Its place and row.
    field: Option<(usize, &'static Field)>,
    is_id: bool,
    /// What nothing is known about.
    unknown: Option<SmolStr>,
}

/// Looks a name up without keeping it.
struct NameIn<'k>(&'k Kind);

impl<'de> DeserializeSeed<'de> for NameIn<'_> {
    type Value = Named;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Named, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameIn<'_> {
    type Value = Named;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Named, E> {
        let place = self.0.fields.iter().position(|field| field.name == name);
        let is_id = name == self.0.id;
        let known = is_id || place.is_some() || self.0.beside.contains(&name);
        let unknown = (!known).then(|| SmolStr::new(name));
        Ok(Named { field: place.map(|place| (place, &self.0.fields[place])), is_id, unknown })
    }
}

/// An older shape of a map is a list of pairs (carrierx.md 5.4): comparing or replacing it would lose something.
fn fits(ty: Type, value: &Packed) -> bool {
    match ty {
        Type::Map => matches!(value, Packed::Map(_) | Packed::Null),
        Type::List => matches!(value, Packed::List(_) | Packed::Null),
        Type::Text | Type::Decimal | Type::Integer | Type::Bool => {
            !matches!(value, Packed::Map(_) | Packed::List(_))
        }
        Type::CatalogueEntry | Type::Secret | Type::Numbers | Type::Opaque => true,
    }
}

/// The shape that a value has, in a word.
fn shape(value: &Packed) -> &'static str {
    match value {
        Packed::Map(_) => "a map",
        Packed::List(_) => "a list",
        _ => "a single value",
    }
}

/// An id as text. A number may come as a text of digits (unpod.md 14.1).
fn identity(kind: &Kind, id: &Packed) -> Option<String> {
    let text = id.text()?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (if kind.numeric_id { digits } else { !text.trim().is_empty() }).then(|| text.into_owned())
}

fn is_masked_text(field: &Field, value: &Packed) -> bool {
    value.as_str().is_some_and(|text| is_masked(text, field.masked_lightly))
}

/// What is shown in part, without what is secret in the rest: a login or a query gives way to stars, which fit anything.
fn unseen_part(value: Packed) -> Packed {
    let veil = value.as_str().and_then(|text| veiled(text, &|_| "***".to_owned()));
    veil.map_or(value, Packed::from)
}

/// Whether a secret was given back masked: in part, or the same character throughout.
fn masked(text: &str) -> bool {
    let mut characters = text.chars();
    let same = characters.next().is_some_and(|first| characters.all(|other| other == first));
    same || is_masked(text, true)
}
