//! The columns of a table: telform's own, and the attributes that the kind's table names.

use crate::model::kind::{AttributeType, Field, Kind, LinkRequests, LinkRoles, ServiceTable};
use crate::model::resource::{Account, AddressPattern, LiveState};
use crate::services;

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnContent {
    /// The kind.
    Kind,
    /// The account that holds it.
    Account,
    /// The address that claims it.
    Address,
    /// The name of its entry in the YAML: the one that it has, or the one that `adopt` would give it.
    Entry,
    /// Its identity at the service.
    Id,
    /// Who looks after it.
    Managed,
    /// The number.
    Number,
    /// What the number is on.
    Holder,
    /// What serves the number.
    Target,
    /// The attribute with the name of the column.
    Attribute,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name: for an attribute the name in the YAML.
    pub name: &'static str,
    /// What it shows.
    pub content: ColumnContent,
}

/// telform's own columns of every table.
const OWN: [Column; 4] = [
    Column { name: "kind", content: ColumnContent::Kind },
    Column { name: "account", content: ColumnContent::Account },
    Column { name: "address", content: ColumnContent::Address },
    Column { name: "managed", content: ColumnContent::Managed },
];

/// telform's own columns of a table of objects.
const OF_OBJECTS: [Column; 2] =
    [Column { name: "entry", content: ColumnContent::Entry }, Column { name: "id", content: ColumnContent::Id }];

/// What one table shows: the objects of a kind, or the numbers on them.
#[derive(Debug, Clone)]
pub struct TableScope {
    /// The kind, or the word for the numbers.
    pub name: &'static str,
    /// One of them, for people.
    pub singular: &'static str,
    /// For numbers, what they are connected with.
    pub roles: Option<&'static LinkRoles>,
    /// The shapes of the kind that may answer.
    pub shapes: Vec<&'static Kind>,
    /// Those of them that did, where it is known.
    pub answering: Vec<&'static Kind>,
    /// Only what has one of these addresses; empty means all.
    pub only: Vec<AddressPattern>,
    /// Whether it was asked for by name.
    pub is_named: bool,
}

impl TableScope {
    /// The tables over what these accounts may hold.
    pub fn of_accounts<'a>(accounts: impl Iterator<Item = &'a Account>) -> Vec<Self> {
        let mut services: Vec<&'static ServiceTable> = Vec::new();
        for account in accounts {
            if services.iter().all(|service| service.api != account.service.api) {
                services.push(account.service);
            }
        }
        Self::of_services(&services)
    }

    /// The tables over what accounts of these services may hold, in the order of the kinds; numbers come last.
    pub fn of_services(services: &[&'static ServiceTable]) -> Vec<Self> {
        let of_kind = |name: &'static str| {
            let shapes: Vec<&'static Kind> = services.iter().flat_map(|service| service.shapes(name)).collect();
            let singular = shapes.first()?.singular;
            Some(Self { name, singular, roles: None, answering: shapes.clone(), shapes, only: Vec::new(), is_named: false })
        };
        let mut all: Vec<Self> = services::kind_names().into_iter().filter_map(of_kind).collect();
        for roles in services.iter().copied().filter_map(member_roles) {
            let (name, [singular, ..]) = number_words(roles);
            if all.iter().all(|scope| scope.name != name) {
                let (shapes, answering, only) = (Vec::new(), Vec::new(), Vec::new());
                all.push(Self { name, singular, roles: Some(roles), shapes, answering, only, is_named: false });
            }
        }
        all
    }

    /// The words that name a table of any service.
    pub fn names() -> Vec<&'static str> {
        Self::of_services(services::tables()).into_iter().map(|scope| scope.name).collect()
    }

    /// Kinds that have to be read for it.
    pub fn kinds(&self) -> Vec<&'static str> {
        self.roles.map_or_else(|| vec![self.name], |roles| roles.ends().collect())
    }

    /// Whether an account of this service may hold any of it.
    pub fn is_of(&self, service: &ServiceTable) -> bool {
        match self.roles {
            Some(roles) => member_roles(service) == Some(roles),
            None => service.shapes(self.name).next().is_some(),
        }
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<Column> {
        self.columns().into_iter().find(|column| column.name == name)
    }

    /// Every column that may be named.
    pub fn columns(&self) -> Vec<Column> {
        let mut all = OWN.to_vec();
        if let Some(roles) = self.roles {
            all.extend(number_columns(roles));
            return all;
        }
        all.extend(OF_OBJECTS);
        for field in self.shapes.iter().flat_map(|kind| kind.fields).filter(|field| is_shown(field)) {
            if all.iter().all(|column| column.name != field.name) {
                all.push(attribute(field.name));
            }
        }
        all
    }

    /// Every attribute that the answers may have.
    pub fn attributes(&self) -> impl Iterator<Item = &'static str> {
        distinct(self.fields().filter(|field| is_shown(field)).map(|field| field.name)).into_iter()
    }

    /// What names one of the objects, and what is said first about each.
    pub fn natural_key_names(&self) -> Vec<&'static str> {
        distinct(self.answering.iter().flat_map(|kind| kind.natural_key).copied())
    }

    /// What rows are ordered by.
    pub(super) fn key_columns(&self) -> Vec<Column> {
        let mut keys = vec![OWN[1]];
        match self.roles {
            Some(roles) => keys.extend(number_columns(roles)),
            None => keys.extend(self.natural_key().chain([OF_OBJECTS[1]])),
        }
        keys
    }

    fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.answering.iter().flat_map(|kind| kind.fields)
    }

    /// Keeps of the shapes those in which these accounts answer.
    pub(super) fn note_answers(&mut self, live: &LiveState) {
        let answers = |kind: &&'static Kind| {
            let mut generations = live.accounts.values().map(|account| account.facts.generation);
            kind.generation.is_none() || generations.any(|generation| generation == kind.generation)
        };
        let answering: Vec<&'static Kind> = self.shapes.iter().copied().filter(answers).collect();
        if !answering.is_empty() {
            self.answering = answering;
        }
    }

    fn natural_key(&self) -> impl Iterator<Item = Column> {
        self.natural_key_names().into_iter().map(attribute)
    }
}

/// The columns of a table where none were named. `for_entries`: those that an entry of the YAML can take, so that the table can
/// be read back; else those that tell most.
pub fn default_columns(scope: &TableScope, for_entries: bool) -> Vec<Column> {
    let [_, account, address, managed] = OWN;
    let [entry, id] = OF_OBJECTS;
    if let Some(roles) = scope.roles {
        let [number, holder, target] = number_columns(roles);
        return if for_entries { vec![number, holder, target] } else { vec![number, holder, target, account, managed, address] };
    }
    if for_entries {
        let stated = scope.fields().filter(|field| is_shown(field) && field.is_stated() && is_one_text(field.ty));
        let stated = distinct(stated.map(|field| field.name)).into_iter().map(attribute);
        return [entry, account].into_iter().chain(stated).collect();
    }
    let mut shown: Vec<Column> = scope.natural_key().collect();
    let states = scope.fields().filter(|field| field.is_state || field.ty == AttributeType::ServedBy).map(|field| field.name);
    shown.extend(distinct(states).into_iter().map(attribute));
    shown.extend([account, managed, address]);
    // Where the natural key is the identity, it is there already.
    if scope.answering.iter().any(|kind| kind.natural_key != [kind.id]) {
        shown.push(id);
    }
    shown
}

/// Whether the service shows it as a value that is no secret.
fn is_shown(field: &Field) -> bool {
    !matches!(field.ty, AttributeType::Secret | AttributeType::Numbers)
}

/// Whether a cell can hold it as one text that the YAML takes.
fn is_one_text(ty: AttributeType) -> bool {
    match ty {
        AttributeType::Text
        | AttributeType::Reference(_)
        | AttributeType::Decimal
        | AttributeType::Integer
        | AttributeType::Number
        | AttributeType::Bool
        | AttributeType::CatalogueEntry
        | AttributeType::ServedBy => true,
        AttributeType::Secret | AttributeType::List | AttributeType::Map | AttributeType::Numbers | AttributeType::Opaque => {
            false
        }
    }
}

/// The roles of a service whose holders list their members. A member that is its own holder is an object like any other.
fn member_roles(service: &ServiceTable) -> Option<&'static LinkRoles> {
    let mut links = service.kinds.iter().filter_map(|kind| kind.link);
    links.find(|link| matches!(link.requests, LinkRequests::PostToHolder { .. })).map(|link| link.roles)
}

fn number_columns(roles: &'static LinkRoles) -> [Column; 3] {
    let (_, [number, holder, target]) = number_words(roles);
    [
        Column { name: number, content: ColumnContent::Number },
        Column { name: holder, content: ColumnContent::Holder },
        Column { name: target, content: ColumnContent::Target },
    ]
}

/// The word for numbers; for one of them, what it is on and what serves it. Where a number may be an entry of its own, these are its
/// keys in the YAML.
fn number_words(roles: &'static LinkRoles) -> (&'static str, [&'static str; 3]) {
    match roles.entry {
        Some(entry) => (entry.kind, [entry.singular, entry.holder, entry.target]),
        None => {
            let target = roles.target.unwrap_or(roles.targets[0]);
            (roles.members, [roles.members, roles.holder, target].map(singular_of))
        }
    }
}

const fn attribute(name: &'static str) -> Column {
    Column { name, content: ColumnContent::Attribute }
}

/// Kinds are named in the plural.
fn singular_of(name: &'static str) -> &'static str {
    name.strip_suffix('s').unwrap_or(name)
}

/// Each once, in the order of the first.
fn distinct(names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut kept: Vec<&'static str> = Vec::new();
    for name in names {
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_its_columns_once_and_shows_no_secret() {
        let scopes = TableScope::of_services(services::tables());
        assert!(scopes.iter().any(|scope| scope.roles.is_some()), "numbers are a table too");
        for scope in &scopes {
            let all = scope.columns();
            let names: Vec<&str> = all.iter().map(|column| column.name).collect();
            assert_eq!(distinct(all.iter().map(|column| column.name)), names, "{}", scope.name);
            let secrets = scope.fields().filter(|field| field.ty == AttributeType::Secret);
            secrets.for_each(|field| assert!(!names.contains(&field.name), "{} {}", scope.name, field.name));
            let own = |name: &str| OWN.iter().chain(&OF_OBJECTS).any(|column| column.name == name);
            let hidden = scope.fields().filter(|field| own(field.name));
            assert_eq!(hidden.count(), 0, "an attribute of {} has the name of a column of telform's own", scope.name);
            for usual in [default_columns(scope, false), default_columns(scope, true)] {
                assert!(usual.iter().all(|column| all.contains(column)), "{}: {usual:?}", scope.name);
                assert!(usual.len() > 2, "{}: {usual:?}", scope.name);
            }
            assert!(scope.kinds().iter().all(|kind| services::kind_names().contains(kind)));
        }
    }
}
