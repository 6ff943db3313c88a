//! Objects that are alike: those whose statements differ in nothing but texts are rows of one table, and one entry makes them
//! all. What they share is a line of that entry and no `defaults`, which other entries of the kind would take, too.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;
use smol_str::SmolStr;

use super::statement::{ObjectStatement, StatedContent};
use crate::config::fits_cell;
use crate::model::kind::{AttributeAccess, AttributeType, Field};
use crate::model::value::{CompactValue, hidden::holds_mark};

/// When alike objects become a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Factoring {
    /// Where there are more than 20 of them.
    #[default]
    Many,
    /// Where there are two.
    Always,
    /// Never.
    Never,
}

impl Factoring {
    /// The fewest that become a table.
    fn fewest(self) -> usize {
        match self {
            Self::Many => 21,
            Self::Always => 2,
            Self::Never => usize::MAX,
        }
    }
}

/// Most keys of a map that become columns also where an object does not have them all.
const MOST_KEYS: usize = 16;

/// A value without its texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// Nothing is said, or a comment.
    Absent,
    /// A single value that a cell can hold, or none.
    Cell,
    /// A value that no cell can hold.
    Fixed(String),
    /// A secret that its owner supplies.
    Source,
    /// A list of as many items.
    List(Vec<Self>),
    /// A map of these keys.
    Map(Vec<(SmolStr, Self)>),
    /// A map of texts, not every one of which has to be there.
    Texts,
}

/// What a cell can hold; empty for nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Leaf<'s> {
    pub(super) text: Cow<'s, str>,
    /// Whether the value is a text, and no number or truth value.
    pub(super) is_text: bool,
}

/// An object in a table.
pub(super) struct AlikeObject<'s> {
    pub(super) statement: &'s ObjectStatement<'s>,
    /// Its identity, then the cells of its attributes in their order.
    pub(super) leaves: Vec<Leaf<'s>>,
}

/// Objects of one kind in one account that differ in nothing but cells.
pub(super) struct AlikeObjects<'s> {
    /// Of each attribute that an entry may state.
    pub(super) shapes: Vec<(&'static Field, Shape)>,
    /// The keys of maps of texts, by attribute.
    pub(super) keys: BTreeMap<&'static str, Vec<SmolStr>>,
    pub(super) objects: Vec<AlikeObject<'s>>,
}

/// Objects that are written as tables, and those that are not.
#[derive(Default)]
pub(super) struct Factored<'s> {
    pub(super) tables: Vec<AlikeObjects<'s>>,
    pub(super) others: Vec<&'s ObjectStatement<'s>>,
}

/// Divides the objects of one kind in one account.
pub(super) fn factor<'s>(statements: &'s [ObjectStatement<'s>], factoring: Factoring) -> Factored<'s> {
    let fewest = factoring.fewest();
    if statements.len() < fewest {
        return Factored { tables: Vec::new(), others: statements.iter().collect() };
    }
    let keys = text_keys(statements);
    let mut groups: Vec<AlikeObjects<'s>> = Vec::new();
    let mut by_shape: HashMap<Vec<Shape>, usize> = HashMap::new();
    let mut others = Vec::new();
    for statement in statements {
        let Some((shapes, leaves)) = take_apart(statement, &keys) else {
            others.push(statement);
            continue;
        };
        let at = *by_shape.entry(shapes).or_insert_with_key(|shapes| {
            let fields = stated_fields(statement).zip(shapes.iter().cloned());
            groups.push(AlikeObjects { shapes: fields.collect(), keys: keys.clone(), objects: Vec::new() });
            groups.len() - 1
        });
        groups[at].objects.push(AlikeObject { statement, leaves });
    }
    let (tables, few): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.objects.len() >= fewest);
    others.extend(few.into_iter().flat_map(|group| group.objects).map(|object| object.statement));
    others.sort_by_key(|statement| statement.address);
    Factored { tables, others }
}

fn stated_fields(statement: &ObjectStatement<'_>) -> impl Iterator<Item = &'static Field> + use<> {
    statement.kind.stated_fields().into_iter()
}

/// The keys of attributes that are maps of a few texts.
fn text_keys(statements: &[ObjectStatement<'_>]) -> BTreeMap<&'static str, Vec<SmolStr>> {
    let mut keys: BTreeMap<&'static str, BTreeSet<SmolStr>> = BTreeMap::new();
    for (field, content) in statements.iter().flat_map(|statement| &statement.attributes) {
        let StatedContent::Value(value) = content else { continue };
        let Some(entries) = texts_of(value) else { continue };
        let known = keys.entry(field.name).or_default();
        if known.len() <= MOST_KEYS {
            known.extend(entries.iter().map(|(key, _)| key.clone()));
        }
    }
    keys.retain(|_, keys| keys.len() <= MOST_KEYS);
    keys.into_iter().map(|(name, keys)| (name, keys.into_iter().collect())).collect()
}

/// The entries of a map whose values are texts that cells can hold.
fn texts_of(value: &CompactValue) -> Option<&[(SmolStr, CompactValue)]> {
    let CompactValue::Map(entries) = value else { return None };
    let is_cell = |value: &CompactValue| !holds_mark(value) && value.as_str().is_some_and(fits_cell);
    entries.iter().all(|(_, value)| is_cell(value)).then_some(entries)
}

/// The shapes of all attributes that an entry may state, and the cells in them; none for an object that is no row.
fn take_apart<'s>(
    statement: &'s ObjectStatement<'s>,
    keys: &BTreeMap<&'static str, Vec<SmolStr>>,
) -> Option<(Vec<Shape>, Vec<Leaf<'s>>)> {
    if !fits_cell(&statement.address.name) {
        return None;
    }
    let mut leaves = vec![text_leaf(statement.id.unwrap_or_default())];
    let shapes: Option<Vec<Shape>> =
        stated_fields(statement).map(|field| shape_of(field, statement.content(field.name), keys, &mut leaves)).collect();
    Some((shapes?, leaves))
}

fn shape_of<'s>(
    field: &Field,
    content: Option<&'s StatedContent<'s>>,
    keys: &BTreeMap<&'static str, Vec<SmolStr>>,
    leaves: &mut Vec<Leaf<'s>>,
) -> Option<Shape> {
    let value = match content {
        // Numbers are owned whole, and no cell holds them.
        Some(StatedContent::Numbers(_)) => return None,
        Some(StatedContent::Secret(_)) => return Some(Shape::Source),
        Some(StatedContent::ServedBy(name)) => {
            leaves.push(text_leaf(name));
            return Some(Shape::Cell);
        }
        Some(StatedContent::Value(value)) => Some(&**value),
        Some(StatedContent::LeftOut(_)) | None => None,
    };
    Some(match field.ty {
        AttributeType::Map | AttributeType::List => match (keys.get(field.name), value) {
            (Some(keys), None) => {
                leaves.extend(keys.iter().map(|_| Leaf::default()));
                Shape::Texts
            }
            (Some(keys), Some(value)) if texts_of(value).is_some() => {
                let entries = texts_of(value).unwrap_or_default();
                let text = |key: &SmolStr| entries.iter().find(|(known, _)| known == key).and_then(|(_, value)| value.as_str());
                leaves.extend(keys.iter().map(|key| text_leaf(text(key).unwrap_or_default())));
                Shape::Texts
            }
            (_, Some(value)) => nested_shape(value, field.allows_secret_sources, leaves),
            (None, None) => Shape::Absent,
        },
        AttributeType::Secret | AttributeType::Numbers | AttributeType::Opaque => Shape::Absent,
        _ => match value.map(single_leaf) {
            None => {
                leaves.push(Leaf::default());
                Shape::Cell
            }
            Some(Some(leaf)) => {
                leaves.push(leaf);
                Shape::Cell
            }
            Some(None) => Shape::Fixed(value.map(fixed_text).unwrap_or_default()),
        },
    })
}

/// A value that every reader of a cell takes for what it is.
fn single_leaf(value: &CompactValue) -> Option<Leaf<'_>> {
    match value {
        CompactValue::Text(text) => fits_cell(text).then(|| text_leaf(text)),
        CompactValue::Number(_) => Some(Leaf { text: value.text()?, is_text: false }),
        CompactValue::Bool(truth) => Some(Leaf { text: truth.to_string().into(), is_text: false }),
        CompactValue::Null | CompactValue::List(_) | CompactValue::Map(_) => None,
    }
}

fn nested_shape<'s>(value: &'s CompactValue, has_sources: bool, leaves: &mut Vec<Leaf<'s>>) -> Shape {
    match value {
        CompactValue::Text(text) if fits_cell(text) => {
            leaves.push(text_leaf(text));
            Shape::Cell
        }
        CompactValue::List(items) if !items.is_empty() => {
            Shape::List(items.iter().map(|item| nested_shape(item, false, leaves)).collect())
        }
        CompactValue::Map(entries) if !entries.is_empty() => {
            let shapes = sorted(entries).into_iter().map(|(key, value)| {
                let is_source = has_sources && holds_mark(value);
                (key.clone(), if is_source { Shape::Source } else { nested_shape(value, false, leaves) })
            });
            Shape::Map(shapes.collect())
        }
        other => Shape::Fixed(fixed_text(other)),
    }
}

/// The order of the entries of a map means nothing.
fn sorted(entries: &[(SmolStr, CompactValue)]) -> Vec<&(SmolStr, CompactValue)> {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|(key, _)| key);
    entries
}

fn fixed_text(value: &CompactValue) -> String {
    value.json().to_string()
}

fn text_leaf(text: &str) -> Leaf<'_> {
    Leaf { text: text.into(), is_text: true }
}

impl Shape {
    /// How many cells it has.
    fn cells(&self, keys: Option<&Vec<SmolStr>>) -> usize {
        match self {
            Self::Absent | Self::Fixed(_) | Self::Source => 0,
            Self::Cell => 1,
            Self::List(items) => items.iter().map(|item| item.cells(None)).sum(),
            Self::Map(entries) => entries.iter().map(|(_, value)| value.cells(None)).sum(),
            Self::Texts => keys.map_or(0, Vec::len),
        }
    }

    /// Whether it holds a secret.
    pub(super) fn has_source(&self) -> bool {
        match self {
            Self::Source => true,
            Self::Map(entries) => entries.iter().any(|(_, value)| value.has_source()),
            Self::Absent | Self::Cell | Self::Fixed(_) | Self::List(_) | Self::Texts => false,
        }
    }
}

impl AlikeObjects<'_> {
    /// The attribute that has the name of each object and never changes: it can be the key of the entry.
    pub(super) fn naming_attribute(&self) -> Option<&'static str> {
        let mut slot = 1;
        for (field, shape) in &self.shapes {
            let is_identity = self.natural_key().contains(&field.name) && field.access != AttributeAccess::Modifiable;
            let names = |object: &AlikeObject<'_>| *object.leaves[slot].text == *object.statement.address.name;
            if is_identity && *shape == Shape::Cell && self.objects.iter().all(names) {
                return Some(field.name);
            }
            slot += shape.cells(self.keys.get(field.name));
        }
        None
    }

    fn natural_key(&self) -> &'static [&'static str] {
        self.objects.first().map_or(&[], |object| object.statement.kind.natural_key)
    }

    /// The cell that all objects have, if they have the same.
    pub(super) fn shared(&self, slot: usize) -> Option<&Leaf<'_>> {
        let first = &self.objects.first()?.leaves[slot];
        self.objects.iter().all(|object| object.leaves[slot].text == first.text).then_some(first)
    }
}

impl Leaf<'_> {
    /// As a value of the YAML.
    pub(super) fn value(&self) -> Value {
        let plain = || (!self.is_text).then(|| serde_json::from_str(&self.text).ok()).flatten();
        plain().unwrap_or_else(|| Value::String(crate::config::literal_text(&self.text)))
    }
}
