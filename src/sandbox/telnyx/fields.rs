//! What a field is: its values, its default, who may write it. The tables of the objects are written with these words.

use serde_json::{Map, Value};

/// An object as it is kept.
pub(in super::super) type Row = Map<String, Value>;

/// The three sorts of connections, for fields that only some of them have. Other objects are all of [`ANY`].
pub(super) const CREDENTIAL: u8 = 1;
pub(super) const IP: u8 = 2;
pub(super) const FQDN: u8 = 4;
pub(super) const ANY: u8 = 7;

/// What may be done with a field.
pub(super) const CREATE: u8 = 1;
pub(super) const UPDATE: u8 = 2;
pub(super) const READ: u8 = 4;

/// A set of rows that share their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) enum Table {
    BillingGroups,
    Profiles,
    /// Connections of every type: one space of ids (section 9.2).
    Connections,
    Ips,
    Fqdns,
    Numbers,
    Accounts,
    Secrets,
}

/// The values of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    Bool,
    /// From, to.
    Int(i64, i64),
    /// Any JSON number.
    Number,
    /// Shortest and longest, in characters.
    Text(usize, usize),
    OneOf(&'static [&'static str]),
    /// A text that this function accepts, and what to say about another.
    Like(fn(&str) -> bool, &'static str),
    /// A list of texts.
    Texts,
    /// An object whose fields are written one by one.
    Group(&'static [Field]),
    /// The id of a row.
    Ref(Table),
    /// The same; a JSON integer is taken as well (section 5.4).
    RefOrNumber(Table),
    /// Only the service sets it.
    Own,
}

/// One field of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) value: Type,
    /// The sorts of connections that have it.
    pub(super) types: u8,
    /// Who may write it, and whether answers show it.
    pub(super) access: u8,
    /// The sorts for which a create must send it.
    pub(super) required: u8,
    /// A PATCH must send it, too.
    pub(super) always: bool,
    pub(super) nullable: bool,
    /// The value of a new row that does not send it: JSON, or a text that is none. Absent: the field is not there.
    default: Option<&'static str>,
}

impl Field {
    /// A field that is created, updated and read, and absent until it is set.
    pub(super) const fn of(name: &'static str, value: Type) -> Self {
        let access = CREATE | UPDATE | READ;
        Self { name, value, types: ANY, access, required: 0, always: false, nullable: false, default: None }
    }

    /// A field that only the service sets.
    pub(super) const fn own(name: &'static str) -> Self {
        Self { access: READ, nullable: true, ..Self::of(name, Type::Own) }
    }

    pub(super) const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    pub(super) const fn only(self, types: u8) -> Self {
        Self { types, ..self }
    }

    pub(super) const fn access(self, access: u8) -> Self {
        Self { access, ..self }
    }

    pub(super) const fn required(self, types: u8) -> Self {
        Self { required: types, ..self }
    }

    pub(super) const fn always(self) -> Self {
        Self { required: ANY, always: true, ..self }
    }

    pub(super) const fn null(self) -> Self {
        Self { nullable: true, ..self }
    }

    fn default_value(&self) -> Option<Value> {
        self.default.map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.into()))
    }
}

/// Fills in what a row of this sort does not say.
pub(super) fn fill_defaults(fields: &[Field], types: u8, row: &mut Row) {
    for field in fields.iter().filter(|field| field.types & types != 0) {
        if !row.contains_key(field.name) {
            let Some(value) = field.default_value() else { continue };
            row.insert(field.name.to_owned(), value);
        }
        if let (Type::Group(inner), Some(Value::Object(group))) = (field.value, row.get_mut(field.name)) {
            fill_defaults(inner, types, group);
        }
    }
}

/// Every inner field of a group as null.
pub(super) fn all_null(fields: &[Field], types: u8) -> Row {
    fields.iter().filter(|field| field.types & types != 0).map(|field| (field.name.to_owned(), Value::Null)).collect()
}

/// The fields of a row that answers show, in the order of the table.
pub(super) fn readable(fields: &[Field], types: u8, row: &Row) -> Row {
    let seen = fields.iter().filter(|field| field.types & types != 0 && field.access & READ != 0);
    seen.filter_map(|field| Some((field.name.to_owned(), row.get(field.name)?.clone()))).collect()
}

/// A value by a path with dots; null where there is none.
pub(super) fn at<'a>(row: &'a Row, path: &str) -> &'a Value {
    let mut parts = path.split('.');
    let first = parts.next().and_then(|name| row.get(name)).unwrap_or(&Value::Null);
    parts.fold(first, |value, name| value.get(name).unwrap_or(&Value::Null))
}

/// A text by a path with dots; empty where there is none.
pub(in super::super) fn text<'a>(row: &'a Row, path: &str) -> &'a str {
    at(row, path).as_str().unwrap_or_default()
}
