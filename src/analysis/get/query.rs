//! Which rows and columns are shown: what the user wrote, checked against the columns that there are.

use std::fmt;

use super::{Column, TableScope};
use crate::config::desired::closest_name;
use crate::text::fits_pattern;

/// A condition on one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Name of the column.
    pub column: String,
    /// What the cell has to be, or not to be; `*` matches anything.
    pub value: String,
    /// Whether the cell has to be it.
    pub equals: bool,
}

impl Condition {
    /// Reads `COLUMN=VALUE` or `COLUMN!=VALUE`.
    pub fn parse(text: &str) -> Option<Self> {
        let (column, value) = text.split_once('=')?;
        let (column, equals) = column.strip_suffix('!').map_or((column, true), |column| (column, false));
        (!column.is_empty()).then(|| Self { column: column.to_owned(), value: value.to_owned(), equals })
    }

    /// Whether it holds for a cell.
    pub(super) fn accepts(&self, cell: &str) -> bool {
        fits_pattern(&self.value, cell) == self.equals
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}={}", self.column, if self.equals { "" } else { "!" }, self.value)
    }
}

/// What is shown of the rows.
#[derive(Debug, Clone, Default)]
pub struct InventoryQuery {
    /// Columns by name; none for those that are usual.
    pub columns: Option<Vec<String>>,
    /// Conditions, all of which have to hold.
    pub conditions: Vec<Condition>,
    /// The column that rows are sorted by, before account and natural key.
    pub sort: Option<String>,
}

/// A name that is no column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownColumn {
    /// What was written.
    pub name: String,
    /// What was probably meant.
    pub nearest: Option<&'static str>,
}

impl InventoryQuery {
    /// The columns that it names, each once.
    pub fn named_columns(&self) -> impl Iterator<Item = &str> {
        let filters = self.conditions.iter().map(|condition| condition.column.as_str());
        self.columns.iter().flatten().map(String::as_str).chain(filters).chain(self.sort.as_deref())
    }

    /// Names that are no column of any of these tables.
    pub fn unknown_columns(&self, scopes: &[TableScope]) -> Vec<UnknownColumn> {
        let known: Vec<&'static str> = scopes.iter().flat_map(TableScope::columns).map(|column| column.name).collect();
        let unknown = self.named_columns().filter(|name| !known.contains(name));
        unknown.map(|name| UnknownColumn { name: name.to_owned(), nearest: closest_name(name, known.iter().copied()) }).collect()
    }

    /// The columns of a table that were named, in their order; none where none were.
    pub fn columns_of(&self, scope: &TableScope) -> Option<Vec<Column>> {
        self.columns.as_ref().map(|names| names.iter().filter_map(|name| scope.column(name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        let read = |text: &str| Condition::parse(text).map(|it| (it.column, it.value, it.equals));
        let is = |column: &str, value: &str, equals| Some((column.to_owned(), value.to_owned(), equals));
        assert_eq!(read("zip=90804"), is("zip", "90804", true));
        assert_eq!(read("bridge!="), is("bridge", "", false));
        assert_eq!(read("name=a!=b"), is("name", "a!=b", true));
        assert_eq!(read("name="), is("name", "", true));
        for wrong in ["zip", "", "=x", "!=x"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
