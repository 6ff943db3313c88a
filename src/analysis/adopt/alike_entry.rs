//! One entry for alike objects: its lines, with a placeholder where they differ, and the table that fills it in.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::alike::{AlikeObject, AlikeObjects, Shape};
use super::statement::StatedContent;
use super::yaml_file::variable_part;
use crate::config::{TableText, literal_text};
use crate::model::kind::Field;
use crate::model::resource::Address;
use crate::model::value::CompactValue;

/// The column of the name, where no attribute is the same.
const ENTRY: &str = "entry";
/// The column of the pinned identity.
const ID: &str = "id";
/// The column of the first part of the names of variables.
const VARIABLE: &str = "variable";

/// Longest part of a column's name that is the key of a map.
const LONGEST_KEY: usize = 40;

/// How many objects a comment names.
const MOST_NAMED: usize = 3;

/// What fills a column.
#[derive(Clone, Copy)]
enum ColumnSource {
    Name,
    Variable,
    Slot(usize),
}

/// A column of the table.
struct TableColumn {
    name: String,
    /// The attribute that takes its cells.
    attribute: Option<&'static str>,
    source: ColumnSource,
}

/// A table that is written beside the YAML.
#[derive(Debug)]
pub struct AdoptedTable {
    /// The name of its file.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The objects of its rows.
    pub addresses: Vec<Address>,
    /// By line and column: the object, as an index of its address, and the attribute, if it is one.
    cells: BTreeMap<(usize, usize), (usize, Option<&'static str>)>,
}

impl AdoptedTable {
    /// The object and the attribute of the cell at this place.
    pub fn attribute_at(&self, line: usize, column: usize) -> Option<(&Address, &'static str)> {
        let (_, (row, attribute)) = self.cells.range(..=(line, column)).next_back()?;
        Some((self.addresses.get(*row)?, (*attribute)?))
    }
}

/// An entry that makes alike objects.
pub(super) struct AlikeEntry<'g> {
    pub(super) key: String,
    pub(super) id: Option<Value>,
    /// What it says about each attribute; nothing where no object states it.
    pub(super) attributes: Vec<(&'static Field, Option<Value>)>,
    /// Why values are left out, with those whose values they are.
    pub(super) left_out: Vec<(&'static Field, &'g str, Vec<&'g AlikeObject<'g>>)>,
    pub(super) table: AdoptedTable,
}

impl<'g> AlikeEntry<'g> {
    /// The entry for these objects, whose table has this name.
    pub(super) fn new(group: &'g AlikeObjects<'g>, table: String) -> Self {
        let naming = group.naming_attribute();
        let mut builder = EntryBuilder { group, columns: Vec::new(), slot: 0, variable: variable_prefix(group, naming) };
        let id = builder.cell(ID, None);
        let mut attributes = Vec::with_capacity(group.shapes.len());
        let mut left_out = Vec::new();
        for (field, shape) in &group.shapes {
            attributes.push((*field, builder.attribute(field, shape)));
            left_out.extend(left_out_of(group, field).into_iter().map(|(why, objects)| (*field, why, objects)));
        }
        let columns = builder.finish(naming);
        let key = format!("${{{}}}", columns[0].name);
        Self { key, id, attributes, left_out, table: write_table(group, table, &columns) }
    }

    /// The end of a comment: which objects it is about.
    pub(super) fn of_rows(&self, objects: &[&AlikeObject<'_>]) -> String {
        let all = self.table.addresses.len();
        if objects.len() == all {
            return "in every row".to_owned();
        }
        let names: Vec<&str> = objects.iter().take(MOST_NAMED).map(|object| &*object.statement.address.name).collect();
        let more = if objects.len() > MOST_NAMED { format!(" and {} more", objects.len() - MOST_NAMED) } else { String::new() };
        format!("in {} of {all} rows: {}{more}", objects.len(), names.join(", "))
    }
}

fn left_out_of<'g>(group: &'g AlikeObjects<'g>, field: &Field) -> BTreeMap<&'g str, Vec<&'g AlikeObject<'g>>> {
    let mut reasons: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for object in &group.objects {
        if let Some(StatedContent::LeftOut(why)) = object.statement.content(field.name) {
            reasons.entry(why).or_default().push(object);
        }
    }
    reasons
}

/// What the names of all variables begin with, as a placeholder.
fn variable_prefix(group: &AlikeObjects<'_>, naming: Option<&str>) -> String {
    let is_upper = |object: &AlikeObject<'_>| {
        let name = &object.statement.address.name;
        variable_stem(name) == name.to_uppercase()
    };
    if group.objects.iter().all(is_upper) {
        return format!("${{{}|upper}}", naming.unwrap_or(ENTRY));
    }
    format!("${{{VARIABLE}}}")
}

/// What the names of an object's variables begin with.
fn variable_stem(name: &str) -> String {
    let stem = variable_part(name);
    if stem.starts_with(|char: char| char.is_ascii_digit()) { format!("_{stem}") } else { stem }
}

fn write_table(group: &AlikeObjects<'_>, name: String, columns: &[TableColumn]) -> AdoptedTable {
    let mut text = TableText::new();
    text.push_row(columns.iter().map(|column| &*column.name));
    let mut cells = BTreeMap::new();
    for (row, object) in group.objects.iter().enumerate() {
        let values: Vec<Cow<'_, str>> = columns
            .iter()
            .map(|column| match column.source {
                ColumnSource::Name => Cow::Borrowed(&*object.statement.address.name),
                ColumnSource::Variable => Cow::Owned(variable_stem(&object.statement.address.name)),
                ColumnSource::Slot(slot) => Cow::Borrowed(&*object.leaves[slot].text),
            })
            .collect();
        let places = text.push_row(values.iter().map(|cell| &**cell));
        cells.extend(places.into_iter().zip(columns.iter().map(|column| (row, column.attribute))));
    }
    let addresses = group.objects.iter().map(|object| object.statement.address.clone()).collect();
    AdoptedTable { name, text: text.text, addresses, cells }
}

/// Goes over the shapes of all attributes, and makes a column of each cell that differs.
struct EntryBuilder<'g> {
    group: &'g AlikeObjects<'g>,
    columns: Vec<TableColumn>,
    /// The next cell.
    slot: usize,
    /// What the names of variables begin with.
    variable: String,
}

impl EntryBuilder<'_> {
    fn attribute(&mut self, field: &'static Field, shape: &Shape) -> Option<Value> {
        let first = self.group.objects.first().and_then(|object| object.statement.content(field.name));
        let value = match first {
            Some(StatedContent::Value(value)) => Some(&**value),
            _ => None,
        };
        self.value(shape, value, field.name, field.name)
    }

    /// The value of a shape. `path`: the name for its columns. None where it holds nothing.
    fn value(&mut self, shape: &Shape, first: Option<&CompactValue>, path: &str, attribute: &'static str) -> Option<Value> {
        match shape {
            Shape::Absent => None,
            Shape::Cell => self.cell(path, Some(attribute)),
            Shape::Fixed(_) => first.map(|value| literal(&value.json())),
            Shape::Source => Some(self.source(attribute)),
            Shape::List(shapes) => {
                let Some(CompactValue::List(items)) = first else { return None };
                let items = shapes.iter().zip(items.iter()).enumerate();
                Some(
                    items
                        .filter_map(|(at, (shape, item))| self.value(shape, Some(item), &item_path(path, at), attribute))
                        .collect(),
                )
            }
            Shape::Map(shapes) => {
                let Some(CompactValue::Map(entries)) = first else { return None };
                let mut map = Map::new();
                for (at, (key, shape)) in shapes.iter().enumerate() {
                    let value = entries.iter().find(|(known, _)| known == key).map(|(_, value)| value);
                    let made = match shape {
                        Shape::Source => Some(self.source(&format!("{attribute}_{key}"))),
                        shape => self.value(shape, value, &key_path(path, key, at), attribute),
                    };
                    map.extend(made.map(|made| (literal_text(key), made)));
                }
                Some(Value::Object(map))
            }
            Shape::Texts => {
                let group = self.group;
                let keys = group.keys.get(attribute)?;
                let mut map = Map::new();
                for (at, key) in keys.iter().enumerate() {
                    map.extend(self.cell(&key_path(path, key, at), Some(attribute)).map(|made| (literal_text(key), made)));
                }
                (!map.is_empty()).then_some(Value::Object(map))
            }
        }
    }

    /// The next cell: the value that all objects share, or the placeholder of a column.
    fn cell(&mut self, path: &str, attribute: Option<&'static str>) -> Option<Value> {
        let slot = self.slot;
        self.slot += 1;
        if let Some(shared) = self.group.shared(slot) {
            return (!shared.text.is_empty()).then(|| shared.value());
        }
        let name = self.free_name(path, attribute);
        let placeholder = Value::String(format!("${{{name}}}"));
        self.columns.push(TableColumn { name, attribute, source: ColumnSource::Slot(slot) });
        Some(placeholder)
    }

    /// The name for a column that no other one has.
    fn free_name(&self, path: &str, attribute: Option<&'static str>) -> String {
        let own = attribute.is_some() && [ENTRY, ID, VARIABLE].contains(&path);
        let is_taken = |name: &str| self.columns.iter().any(|column| column.name == name);
        let mut names = std::iter::once(path.to_owned()).skip(usize::from(own)).chain((2..).map(|at| format!("{path}_{at}")));
        names.find(|name| !is_taken(name)).unwrap_or_default()
    }

    fn source(&self, part: &str) -> Value {
        let variable = format!("{}_{}", self.variable, variable_part(part));
        Value::Object(Map::from_iter([("env".to_owned(), Value::String(variable))]))
    }

    /// The columns in their order: the name, the attributes, the variables, the identity.
    fn finish(self, naming: Option<&'static str>) -> Vec<TableColumn> {
        let own = |name: &str, source| TableColumn { name: name.to_owned(), attribute: None, source };
        let is_naming = |column: &TableColumn| naming.is_some_and(|naming| column.name == naming);
        let (mut columns, rest): (Vec<_>, Vec<_>) = self.columns.into_iter().partition(is_naming);
        if columns.is_empty() {
            columns.push(own(ENTRY, ColumnSource::Name));
        }
        let (ids, attributes): (Vec<_>, Vec<_>) = rest.into_iter().partition(|column| column.attribute.is_none());
        columns.extend(attributes);
        let has_source = self.group.shapes.iter().any(|(_, shape)| shape.has_source());
        if has_source && self.variable.contains(VARIABLE) {
            columns.push(own(VARIABLE, ColumnSource::Variable));
        }
        columns.extend(ids);
        columns
    }
}

/// A value whose texts are meant as they are.
fn literal(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(literal_text(text)),
        Value::Array(items) => items.iter().map(literal).collect(),
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (literal_text(key), literal(value))).collect()),
        plain => plain.clone(),
    }
}

fn item_path(path: &str, at: usize) -> String {
    format!("{path}.{}", at + 1)
}

/// A key that is no plain word is counted.
fn key_path(path: &str, key: &str, at: usize) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !key.is_empty() && key.len() <= LONGEST_KEY && key.bytes().all(is_plain) {
        format!("{path}.{key}")
    } else {
        item_path(path, at)
    }
}
