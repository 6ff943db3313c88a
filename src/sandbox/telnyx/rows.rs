//! The rows of a world: finding them, completing those that were written by hand, and what contradicts itself.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::ids;
use super::super::world::TelnyxWorld;
use super::connections::sort_of;
use super::fields::{Field, IP, Row, Table, Type, fill_defaults, text};
use super::tables::{COLLECTIONS, Collection, Ids};

/// States of a number that is not there any more (section 9.1).
const GONE: [&str; 4] = ["deleted", "ported-out", "purchase-failed", "port-failed"];

impl TelnyxWorld {
    pub(in super::super) fn rows(&self, table: Table) -> &Vec<Row> {
        match table {
            Table::BillingGroups => &self.billing_groups,
            Table::Profiles => &self.outbound_voice_profiles,
            Table::Connections => &self.connections,
            Table::Ips => &self.ips,
            Table::Fqdns => &self.fqdns,
            Table::Numbers => &self.phone_numbers,
            Table::Accounts => &self.managed_accounts,
            Table::Secrets => &self.integration_secrets,
        }
    }

    pub(in super::super) fn rows_mut(&mut self, table: Table) -> &mut Vec<Row> {
        match table {
            Table::BillingGroups => &mut self.billing_groups,
            Table::Profiles => &mut self.outbound_voice_profiles,
            Table::Connections => &mut self.connections,
            Table::Ips => &mut self.ips,
            Table::Fqdns => &mut self.fqdns,
            Table::Numbers => &mut self.phone_numbers,
            Table::Accounts => &mut self.managed_accounts,
            Table::Secrets => &mut self.integration_secrets,
        }
    }

    /// The row with this id.
    pub(super) fn row(&self, table: Table, id: &str) -> Option<&Row> {
        self.rows(table).iter().find(|row| text(row, "id") == id)
    }

    /// The numbers that a connection serves.
    pub(super) fn serves_numbers(&self, connection: &str) -> bool {
        self.phone_numbers.iter().any(|row| text(row, "connection_id") == connection && is_there(row))
    }

    /// An id that was never assigned.
    pub(super) fn new_id(&mut self, ids: Ids) -> String {
        let id = self.next_id;
        self.next_id += 1;
        match ids {
            Ids::Decimal => id.to_string(),
            Ids::Uuid => ids::sid(20, id),
        }
    }
}

/// Whether a number is still one of the account.
pub(super) fn is_there(number: &Row) -> bool {
    !GONE.contains(&text(number, "status"))
}

/// What names a row for people.
fn name_of(row: &Row) -> &str {
    let names = ["name", "connection_name", "phone_number", "identifier", "email", "ip_address", "fqdn"];
    names.iter().map(|name| text(row, name)).find(|name| !name.is_empty()).unwrap_or_default()
}

/// The collection and the sort of a row. Connections that another product made are in none.
pub(super) fn collection_of(table: Table, row: &Row) -> Option<&'static Collection> {
    let record_type = text(row, "record_type");
    COLLECTIONS.iter().find(|it| it.table == table && (table != Table::Connections || it.record_type == record_type))
}

/// The row that a person means: by id, or by name.
pub(in super::super) fn find_mut<'a>(world: &'a mut TelnyxWorld, path: &str, who: &str) -> Option<&'a mut Row> {
    let table = COLLECTIONS.iter().find(|it| it.path == path).map(|it| it.table)?;
    world.rows_mut(table).iter_mut().find(|row| text(row, "id") == who || name_of(row) == who)
}

fn tables() -> impl Iterator<Item = Table> {
    let mut seen = HashSet::new();
    COLLECTIONS.iter().map(|it| it.table).filter(move |table| seen.insert(*table))
}

/// Gives every row its id, its times and its defaults.
pub(in super::super) fn tidy(world: &mut TelnyxWorld, now: Timestamp) {
    let made = ids::milliseconds(now);
    for table in tables() {
        let mut rows = std::mem::take(world.rows_mut(table));
        for row in &mut rows {
            if let Some(Value::Number(id)) = row.get("id") {
                let id = id.to_string();
                row.insert("id".to_owned(), id.into());
            }
            if let Ok(id) = text(row, "id").parse::<u64>() {
                world.next_id = world.next_id.max(id.saturating_add(1));
            }
        }
        *world.rows_mut(table) = rows;
    }
    for table in tables() {
        let mut rows = std::mem::take(world.rows_mut(table));
        for row in &mut rows {
            complete(world, table, row, &made);
        }
        *world.rows_mut(table) = rows;
    }
    // Names can stand for ids only when every row has one.
    let targets = Targets::of(world);
    for table in tables() {
        for row in world.rows_mut(table) {
            if let Some(collection) = collection_of(table, row) {
                resolve(&targets, collection.fields, row);
            }
        }
    }
}

/// Completes one row: what the service sets, and its defaults.
pub(super) fn complete(world: &mut TelnyxWorld, table: Table, row: &mut Row, made: &str) {
    let first = COLLECTIONS.iter().find(|it| it.table == table);
    let Some(collection) = collection_of(table, row).or(first.filter(|_| !row.contains_key("record_type"))) else {
        // Another product's connection: only what every connection has.
        own(world, row, "id", |world| world.new_id(Ids::Decimal).into());
        own(world, row, "created_at", |_| made.into());
        own(world, row, "updated_at", |_| made.into());
        own(world, row, "active", |_| true.into());
        return;
    };
    own(world, row, "id", |world| world.new_id(collection.ids).into());
    own(world, row, "record_type", |_| collection.record_type.into());
    own(world, row, "created_at", |_| made.into());
    let since = row.get("created_at").cloned().unwrap_or_default();
    own(world, row, "updated_at", |_| since.clone());
    match table {
        Table::BillingGroups => own(world, row, "organization_id", |world| world.organization_id.clone().into()),
        Table::Numbers => {
            own(world, row, "purchased_at", |_| since.clone());
            own(world, row, "activated_at", |_| since.clone());
        }
        Table::Accounts => complete_account(world, row),
        Table::Connections => generate_token(row),
        _ => {}
    }
    fill_defaults(collection.fields, collection.types, row);
}

/// Sets a field that is not there.
fn own(world: &mut TelnyxWorld, row: &mut Row, field: &str, value: impl FnOnce(&mut TelnyxWorld) -> Value) {
    if !row.contains_key(field) {
        let value = value(world);
        row.insert(field.to_owned(), value);
    }
}

/// An IP connection that has no token gets one (section 8.1).
pub(super) fn generate_token(row: &mut Row) {
    if sort_of(text(row, "record_type")) != IP {
        return;
    }
    let token = ids::sid(21, text(row, "id").parse().unwrap_or_default()).replace('-', "");
    if let Value::Object(outbound) = row.entry("outbound").or_insert_with(|| json!({})) {
        outbound.entry("ip_authentication_token").or_insert_with(|| token.into());
    }
}

/// The keys of a managed account are made up, so that a test can prove that nothing prints them.
fn complete_account(world: &mut TelnyxWorld, row: &mut Row) {
    let id = text(row, "id").to_owned();
    let name = row.get("business_name").cloned().unwrap_or_default();
    own(world, row, "organization_name", |_| name);
    own(world, row, "email", |_| format!("managed-{}@sandbox.example", id.split('-').next().unwrap_or_default()).into());
    own(world, row, "manager_account_id", |world| world.organization_id.clone().into());
    let email = row.get("email").cloned().unwrap_or_default();
    own(world, row, "api_user", |_| email);
    own(world, row, "api_key", |_| format!("KEY{}", id.replace('-', "").to_uppercase()).into());
    own(world, row, "api_token", |_| format!("token-{id}").into());
    own(world, row, "balance", |_| {
        json!({"record_type": "balance", "balance": "0.00", "credit_limit": "0.00", "available_credit": "0.00",
               "currency": "USD"})
    });
}

/// What a reference of a world may be: every id, and every name of exactly one row.
struct Targets(HashMap<Table, HashMap<String, Option<String>>>);

impl Targets {
    fn of(world: &TelnyxWorld) -> Self {
        let of_table = |table: Table| {
            let mut meant: HashMap<String, Option<String>> = HashMap::new();
            for row in world.rows(table) {
                let only = Some(text(row, "id").to_owned());
                meant.entry(name_of(row).to_owned()).and_modify(|it| *it = None).or_insert(only);
            }
            // An id is never taken for a name.
            let ids = world.rows(table).iter().map(|row| text(row, "id").to_owned());
            meant.extend(ids.map(|id| (id.clone(), Some(id))));
            (table, meant)
        };
        Self(tables().map(of_table).collect())
    }

    /// The id that is meant.
    fn id(&self, table: Table, written: &str) -> Option<&str> {
        self.0.get(&table)?.get(written)?.as_deref()
    }
}

/// Puts ids where a world has names.
fn resolve(targets: &Targets, fields: &[Field], row: &mut Row) {
    for field in fields {
        match (field.value, row.get_mut(field.name)) {
            (Type::Group(inner), Some(Value::Object(group))) => resolve(targets, inner, group),
            (Type::Ref(table) | Type::RefOrNumber(table), Some(value)) => {
                let written = match &*value {
                    Value::Number(id) => id.to_string(),
                    other => other.as_str().unwrap_or_default().to_owned(),
                };
                if !written.is_empty() {
                    *value = targets.id(table, &written).unwrap_or(&written).into();
                }
            }
            _ => {}
        }
    }
}

/// Contradictions, as sentences.
pub(in super::super) fn problems(world: &TelnyxWorld) -> Vec<String> {
    let (targets, mut problems) = (Targets::of(world), Vec::new());
    for table in tables() {
        let mut seen = HashSet::new();
        for row in world.rows(table) {
            let Some(collection) = collection_of(table, row) else { continue };
            let name = Some(name_of(row)).filter(|name| !name.is_empty()).unwrap_or(text(row, "id"));
            let who = format!("telnyx: {} {name}", collection.path);
            if !seen.insert(text(row, "id")) {
                problems.push(format!("{who}: another one has the id {}", text(row, "id")));
            }
            check(&targets, collection.fields, collection.types, row, &who, &mut problems);
        }
    }
    problems
}

fn check(targets: &Targets, fields: &[Field], types: u8, row: &Row, who: &str, problems: &mut Vec<String>) {
    for (name, value) in row {
        let Some(field) = fields.iter().find(|field| field.name == name && field.types & types != 0) else {
            problems.push(format!("{who} has an unknown field {name}"));
            continue;
        };
        match (field.value, value) {
            (Type::Group(inner), Value::Object(group)) => {
                check(targets, inner, types, group, &format!("{who}: {name}"), problems);
            }
            (Type::Ref(table) | Type::RefOrNumber(table), Value::String(id))
                if !id.is_empty() && targets.id(table, id) != Some(id) =>
            {
                problems.push(format!("{who}: {name} names {id}, which is not there"));
            }
            _ => {}
        }
    }
}
