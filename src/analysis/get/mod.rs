//! What is there now, managed or not, as tables. Pure: the caller reads, and views draw.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Serialize;

use super::adopt::AdoptionSet;
use crate::model::resource::Address;
use crate::plan::{Inputs, ObjectAddresses};

mod columns;
mod coverage;
mod numbers;
mod objects;
mod ownership;
mod query;

pub use columns::{Column, ColumnContent, TableScope, default_columns};
pub use coverage::{ForeignCount, InventoryCoverage, ListedKind};
pub use numbers::{NumberRow, Service};
pub use objects::ObjectRow;
pub use query::{Condition, InventoryQuery, UnknownColumn};

use ownership::Ownership;

/// Who looks after an object or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Management {
    /// The ledger has it.
    Managed,
    /// The configuration declares it, and the ledger does not have it yet: the next apply enters it.
    Declared,
    /// telform made it, and the service does not show it until a person confirms it.
    Hidden,
    /// The configuration only refers to it.
    Existing,
    /// It is inherited from another account, which alone can change it.
    Inherited,
    /// No address claims it.
    Unmanaged,
}

impl Management {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Declared => "declared",
            Self::Hidden => "hidden",
            Self::Existing => "existing",
            Self::Inherited => "inherited",
            Self::Unmanaged => "unmanaged",
        }
    }
}

/// One thing that is there.
#[derive(Debug)]
pub enum InventoryRow<'a> {
    /// An object.
    Object(ObjectRow<'a>),
    /// A number.
    Number(NumberRow<'a>),
}

/// The things of one kind.
#[derive(Debug)]
pub struct InventoryTable<'a> {
    /// What they are.
    pub scope: TableScope,
    /// The rows, filtered and sorted.
    pub rows: Vec<InventoryRow<'a>>,
}

/// What is there.
#[derive(Debug)]
pub struct Inventory<'a> {
    inputs: Inputs<'a>,
    query: InventoryQuery,
    /// Names of entries, where they are needed.
    names: Option<AdoptionSet<'a>>,
    /// The addresses of objects that values name by their ids.
    addresses: ObjectAddresses<'a>,
    /// One for each kind, in the order in which they were asked for.
    pub tables: Vec<InventoryTable<'a>>,
    /// Where it was looked for.
    pub coverage: InventoryCoverage,
}

impl<'a> Inventory<'a> {
    /// The tables over what was read. `named`: whether objects without an address get a name for an entry.
    pub fn new(inputs: Inputs<'a>, scopes: &[TableScope], query: &InventoryQuery, named: bool) -> Self {
        let kinds = scopes.iter().filter(|scope| scope.roles.is_none()).map(|scope| scope.name).collect();
        let names = named.then(|| AdoptionSet::from_unclaimed(&inputs, &kinds));
        let coverage = InventoryCoverage::from_live(&inputs, scopes);
        let addresses = ObjectAddresses::new(&inputs);
        let mut inventory = Self { inputs, query: query.clone(), names, addresses, tables: Vec::new(), coverage };
        let ownership = Ownership::new(&inputs);
        for scope in scopes {
            let mut scope = scope.clone();
            scope.note_answers(inputs.live);
            let mut rows = match scope.roles {
                Some(roles) => numbers::number_rows(&inputs, roles, &ownership),
                None => objects::object_rows(&inputs, &scope, &ownership),
            };
            // A column that this kind does not have is empty.
            let conditions: Vec<(Option<Column>, &Condition)> =
                query.conditions.iter().map(|condition| (scope.column(&condition.column), condition)).collect();
            rows.retain(|row| {
                let cell = |column: &Option<Column>| column.map(|it| inventory.cell(row, &it)).unwrap_or_default();
                is_wanted(&scope, row) && conditions.iter().all(|(column, condition)| condition.accepts(&cell(column)))
            });
            inventory.sort(&scope, &mut rows, query.sort.as_deref());
            inventory.tables.push(InventoryTable { scope, rows });
        }
        inventory.coverage.note_recorded_only(&inventory.inputs, &inventory.tables);
        inventory
    }

    /// What it was made from.
    pub fn inputs(&self) -> &Inputs<'a> {
        &self.inputs
    }

    /// The names of entries, where they were asked for.
    pub fn names(&self) -> Option<&AdoptionSet<'a>> {
        self.names.as_ref()
    }

    /// The addresses of objects that values name by their ids.
    pub(super) fn addresses(&self) -> &ObjectAddresses<'a> {
        &self.addresses
    }

    /// What the user wanted of it.
    pub fn query(&self) -> &InventoryQuery {
        &self.query
    }

    /// The columns of a table: those that were named, or the usual ones. `for_entries`: those that an entry of the YAML can take.
    pub fn columns(&self, scope: &TableScope, for_entries: bool) -> Vec<Column> {
        self.query.columns_of(scope).unwrap_or_else(|| default_columns(scope, for_entries))
    }

    /// What a row shows in a column; nothing where the kind has no such column.
    pub fn cell(&self, row: &InventoryRow<'a>, column: &Column) -> Cow<'a, str> {
        match row {
            InventoryRow::Object(object) => object.cell(self, column),
            InventoryRow::Number(number) => number.cell(column),
        }
    }

    /// By the column, if one was named; then by account and natural key.
    fn sort(&self, scope: &TableScope, rows: &mut Vec<InventoryRow<'a>>, by: Option<&str>) {
        let first = by.and_then(|name| scope.column(name));
        let keys: Vec<Column> = scope.key_columns();
        let mut keyed: Vec<(Vec<SortKey<'a>>, InventoryRow<'a>)> = std::mem::take(rows)
            .into_iter()
            .map(|row| {
                let columns = first.iter().chain(&keys);
                (columns.map(|column| SortKey(self.cell(&row, column))).collect(), row)
            })
            .collect();
        keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
        rows.extend(keyed.into_iter().map(|(_, row)| row));
    }
}

fn is_wanted(scope: &TableScope, row: &InventoryRow<'_>) -> bool {
    let fits = |address: &Address| scope.only.iter().any(|pattern| pattern.fits(address));
    scope.only.is_empty()
        || match row {
            InventoryRow::Object(object) => object.address.is_some_and(fits),
            InventoryRow::Number(number) => fits(&Address::new(scope.name, number.number)),
        }
}

/// A cell in its order: whole numbers by their value, everything else by its letters.
#[derive(PartialEq, Eq)]
struct SortKey<'a>(Cow<'a, str>);

impl SortKey<'_> {
    fn number(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

impl Ord for SortKey<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => a.cmp(&b).then_with(|| self.0.cmp(&other.0)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => self.0.cmp(&other.0),
        }
    }
}

impl PartialOrd for SortKey<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The account names of which each account is listed once: the first of several names of one account.
fn accounts_once<'a>(inputs: &Inputs<'a>) -> Vec<&'a str> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for name in inputs.live.accounts.keys() {
        let read = |other: &&str| inputs.live.accounts.contains_key(*other);
        let first = inputs.names_of_same_account(name).into_iter().find(read).unwrap_or(name);
        seen.entry(first).or_insert(first);
    }
    seen.into_keys().collect()
}
