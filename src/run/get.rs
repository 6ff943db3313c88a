//! Reads what is there, managed or not. Sends only GET.

use std::collections::BTreeSet;
use std::mem;

use super::limits::resolve_limits;
use super::{Context, Exit, PlanSelection, Run, RunError, SessionPurpose, match_account_patterns};
use crate::analysis::adopt::{AdoptableObject, render_entries};
use crate::analysis::drift::NotCompared;
use crate::analysis::get::{
    Column, ColumnContent, Inventory, InventoryQuery, InventoryRow, Management, TableScope, UnknownColumn, default_columns,
};
use crate::config::desired;
use crate::model::resource::{Account, Address, AddressPattern, Desired, LiveState};
use crate::plan::{Inputs, PlanOptions, accounts_to_read};
use crate::read::ObjectDetail;
use crate::services;
use crate::text::{escape, fits_pattern};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InventorySubject {
    /// Everything of a kind, or all numbers.
    Kind(String),
    /// What has one of these addresses.
    Addresses(AddressPattern),
}

/// A question about what is there.
#[derive(Debug, Clone, Default)]
pub struct InventoryRequest {
    /// What; nothing means everything.
    pub subjects: Vec<InventorySubject>,
    /// The accounts that are read, and the sandbox that is read instead of the services.
    pub choice: PlanSelection,
    /// Rows and columns.
    pub query: InventoryQuery,
    /// Every attribute is shown, not only those of the columns.
    pub all_attributes: bool,
    /// The usual columns are those that an entry of the YAML can take.
    pub for_entries: bool,
    /// All rows go into one table, so several kinds need columns that they have in common.
    pub one_table: bool,
}

/// What was read.
pub struct InventoryOutcome {
    session: Run,
    live: LiveState,
    options: PlanOptions,
    scopes: Vec<TableScope>,
    query: InventoryQuery,
    /// Whether objects without an address get a name for an entry.
    named: bool,
    /// Accounts that could not be read.
    missed: Vec<NotCompared>,
    /// Addresses that were asked for.
    addresses: BTreeSet<Address>,
}

/// Reads what is asked for.
pub async fn read_inventory(context: &Context, request: &InventoryRequest) -> Result<InventoryOutcome, RunError> {
    let loaded = desired::load_config(&context.options.files)?;
    let chosen = match_account_patterns(&loaded.desired, &request.choice.accounts)?;
    let scopes = requested_tables(&loaded.desired, &chosen, &request.subjects)?;
    check_columns(request, &scopes)?;
    let choice = limited_to_tables(&loaded.desired, &chosen, &scopes, &request.choice);
    let mut session = Run::open_with(context, &choice, SessionPurpose::Look, loaded).await?;
    let addresses = requested_addresses(&session, &scopes)?;
    // Where only addresses are asked for, the accounts that hold none of them are not.
    if scopes.iter().all(|scope| scope.roles.is_none() && !scope.only.is_empty()) {
        let limited = PlanOptions { targets: addresses.clone(), ..session.options.clone() };
        let holding = accounts_to_read(&session.desired, &session.ledger, &limited);
        session.asked.retain(|name| holding.contains(name));
        session.no_token.retain(|name, _| holding.contains(name));
    }
    let mut fields = needed_fields(request, &scopes);
    let named = named_kinds(&session, &scopes, &fields);
    fields.extend(named.iter().flat_map(|kind| services::shapes_of_kind(kind)).flat_map(|kind| kind.natural_key));
    // Only these are in question, whatever the files mention.
    let kinds = scopes.iter().flat_map(TableScope::kinds).chain(named).map(Into::into).collect();
    let mentioned = mem::replace(&mut session.desired.kinds, kinds);
    let removed = mem::take(&mut session.desired.removed);
    let (live, errors) = session.read_each(&session.desired, false, ObjectDetail::Fields(&fields), false).await;
    (session.desired.kinds, session.desired.removed) = (mentioned, removed);
    let missed = session.unread_accounts(&live, &errors)?;
    session.close()?;
    let options = PlanOptions { accounts: live.accounts.keys().cloned().collect(), ..session.options.clone() };
    let by_entry =
        |name: &str| scopes.iter().any(|scope| scope.column(name).is_some_and(|column| column.content == ColumnContent::Entry));
    let named = request.for_entries || request.query.named_columns().any(by_entry);
    Ok(InventoryOutcome { session, live, options, scopes, query: request.query.clone(), named, missed, addresses })
}

/// The kind whose objects are the numbers of these accounts, where the word for numbers was asked for.
fn number_kind<'a>(accounts: impl Iterator<Item = &'a Account>, asked: &str) -> Option<&'static str> {
    let of_numbers = TableScope::of_services(services::tables()).into_iter().any(|it| it.roles.is_some() && it.name == asked);
    let mut roles = accounts.filter_map(|account| account.service.link_roles());
    roles.find(|_| of_numbers).map(|roles| roles.holder)
}

/// The tables that are asked for, among those that the chosen accounts can have.
fn requested_tables(
    desired: &Desired,
    chosen: &BTreeSet<String>,
    subjects: &[InventorySubject],
) -> Result<Vec<TableScope>, RunError> {
    if desired.accounts.is_empty() {
        return Err(RunError::other(
            "telform::get::account",
            "the configuration does not define an account to read from",
            "`telform init` writes a file with accounts to fill in",
        ));
    }
    let is_chosen = |account: &&Account| chosen.is_empty() || chosen.contains(&account.name);
    let all = TableScope::of_accounts(desired.accounts.values().filter(is_chosen));
    if subjects.is_empty() {
        return Ok(all);
    }
    let known: Vec<&str> = all.iter().map(|scope| scope.name).collect();
    for subject in subjects {
        let (name, is_there) = match subject {
            InventorySubject::Kind(name) => (name.as_str(), known.contains(&name.as_str())),
            InventorySubject::Addresses(pattern) => (pattern.kind(), known.iter().any(|name| fits_pattern(pattern.kind(), name))),
        };
        if !is_there {
            let held = format!("these accounts hold {}", known.join(", "));
            let (what, help) = match number_kind(desired.accounts.values().filter(is_chosen), name) {
                Some(kind) => (
                    format!("the {} of these accounts are listed as {kind}", escape(name)),
                    format!("run `telform get {kind}`; {held}"),
                ),
                None => (format!("none of the accounts that are read can hold {}", escape(name)), held),
            };
            return Err(RunError::other("telform::get::kind", what, help));
        }
    }
    let requested = all.into_iter().filter_map(|mut scope| {
        let whole = subjects.iter().any(|subject| matches!(subject, InventorySubject::Kind(name) if name == scope.name));
        if !whole {
            let patterns = subjects.iter().filter_map(|subject| match subject {
                InventorySubject::Addresses(pattern) => Some(pattern),
                InventorySubject::Kind(_) => None,
            });
            scope.only = patterns.filter(|pattern| fits_pattern(pattern.kind(), scope.name)).cloned().collect();
        }
        scope.is_named = whole || !scope.only.is_empty();
        scope.is_named.then_some(scope)
    });
    Ok(requested.collect())
}

/// Refuses names that are no columns, before anything is asked.
fn check_columns(request: &InventoryRequest, scopes: &[TableScope]) -> Result<(), RunError> {
    let unknown = request.query.unknown_columns(scopes);
    if !unknown.is_empty() {
        let kinds: Vec<&str> = scopes.iter().map(|scope| scope.name).collect();
        let names: Vec<String> = unknown.iter().map(|it| format!("`{}`", escape(&it.name))).collect();
        let word = if names.len() == 1 { "column" } else { "columns" };
        return Err(RunError::other(
            "telform::get::unknown_column",
            format!("{} have no {word} {}", kinds.join(", "), names.join(", ")),
            format!("{}The columns are {}", suggestions(&unknown), all_columns(scopes).join(", ")),
        ));
    }
    if request.one_table && scopes.len() > 1 && request.query.columns.is_none() {
        return Err(RunError::other(
            "telform::get::columns",
            "one table cannot show several kinds with their own columns",
            "name one kind, or choose the columns with --columns: `--columns kind,account,address,managed`",
        ));
    }
    Ok(())
}

fn suggestions(unknown: &[UnknownColumn]) -> String {
    let near: Vec<String> = unknown.iter().filter_map(|it| Some(format!("`{}`", it.nearest?))).collect();
    if near.is_empty() { String::new() } else { format!("did you mean {}? ", near.join(", ")) }
}

fn all_columns(scopes: &[TableScope]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for column in scopes.iter().flat_map(TableScope::columns) {
        if !names.contains(&column.name) {
            names.push(column.name);
        }
    }
    names
}

/// The same choice without accounts that can hold nothing of these tables: those are not asked and need no token.
fn limited_to_tables(
    desired: &Desired,
    chosen: &BTreeSet<String>,
    scopes: &[TableScope],
    choice: &PlanSelection,
) -> PlanSelection {
    let all = desired.accounts.values().filter(|account| chosen.is_empty() || chosen.contains(&account.name));
    let able = all.filter(|account| scopes.iter().any(|scope| scope.is_of(account.service)));
    PlanSelection { accounts: able.map(|account| account.name.clone()).collect(), ..choice.clone() }
}

/// The addresses that the patterns stand for. Numbers are not asked for by an address that the configuration has to know.
fn requested_addresses(session: &Run, scopes: &[TableScope]) -> Result<BTreeSet<Address>, RunError> {
    let objects = scopes.iter().filter(|scope| scope.roles.is_none());
    let targets: Vec<AddressPattern> = objects.flat_map(|scope| scope.only.clone()).collect();
    let named = PlanSelection { targets, ..PlanSelection::default() };
    Ok(resolve_limits(&session.desired, &session.ledger, &named, session.options.accounts.clone())?.targets)
}

/// The attributes without which the tables cannot be made.
fn needed_fields(request: &InventoryRequest, scopes: &[TableScope]) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    for scope in scopes {
        names.extend(scope.natural_key_names());
        if request.all_attributes {
            names.extend(scope.shapes.iter().flat_map(|kind| kind.readable_fields()).map(|field| field.name));
        }
        let columns = request.query.columns_of(scope).unwrap_or_else(|| {
            let mut columns = default_columns(scope, false);
            columns.extend(default_columns(scope, true).into_iter().filter(|_| request.for_entries));
            columns
        });
        let others = request.query.named_columns().filter_map(|name| scope.column(name));
        names.extend(columns.into_iter().chain(others).map(|column: Column| column.name));
    }
    // What a number is on, and what serves it, are found by what names them.
    let ends = scopes.iter().flat_map(TableScope::kinds).flat_map(crate::services::shapes_of_kind);
    names.extend(ends.flat_map(|kind| kind.natural_key.iter().copied().chain([kind.id])));
    names
}

/// Kinds whose objects the attributes name, where some address is known: an id is shown as its address.
fn named_kinds(session: &Run, scopes: &[TableScope], fields: &BTreeSet<&str>) -> BTreeSet<&'static str> {
    let shown = scopes.iter().flat_map(|scope| &scope.shapes).flat_map(|kind| kind.reference_fields());
    let named = shown.filter(|field| fields.contains(field.name)).flat_map(|field| field.reference_kinds());
    let known = || session.desired.objects.keys().chain(session.ledger.objects.keys());
    named.filter(|kind| known().any(|address| address.kind == *kind)).collect()
}

/// Numbers as entries of their own, where what they are on is not written with all its numbers.
fn number_entries(inventory: &Inventory<'_>) -> String {
    let mut text = String::new();
    let whole = |kind: &str| inventory.tables.iter().any(|table| table.scope.roles.is_none() && table.scope.name == kind);
    for table in inventory.tables.iter().filter(|table| table.scope.roles.is_some_and(|roles| !whole(roles.holder))) {
        text.push_str(&format!("{}:\n", table.scope.name));
        for row in &table.rows {
            let InventoryRow::Number(number) = row else { continue };
            text.push_str(&match number.entry() {
                Ok(line) => format!("  {line}\n"),
                Err(why) => format!("  # {}\n", escape(&format!("{}: {why}", number.number))),
            });
        }
    }
    text
}

impl InventoryOutcome {
    /// The tables.
    pub fn inventory(&self) -> Inventory<'_> {
        let Run { desired, ledger, key, .. } = &self.session;
        let inputs = Inputs { desired, live: &self.live, ledger, key, options: &self.options };
        let mut inventory = Inventory::new(inputs, &self.scopes, &self.query, self.named);
        inventory.coverage.missed.splice(0..0, self.missed.iter().cloned());
        self.note_absent(&mut inventory);
        inventory
    }

    /// Says which addresses that were asked for have no object, where that is known.
    fn note_absent(&self, inventory: &mut Inventory<'_>) {
        let found: BTreeSet<&Address> = inventory
            .tables
            .iter()
            .flat_map(|table| &table.rows)
            .filter_map(|row| match row {
                InventoryRow::Object(object) => object.address,
                InventoryRow::Number(_) => None,
            })
            .collect();
        if !self.query.conditions.is_empty() {
            return;
        }
        let absent = self.addresses.iter().filter(|address| !found.contains(address));
        let remarks: Vec<String> = absent
            .filter_map(|address| {
                let declared = self.session.desired.objects.get(address).map(|object| &object.account);
                let account = declared.or(self.session.ledger.objects.get(address).map(|entry| &entry.account))?;
                let listed = inventory.coverage.listed.iter();
                let mut read = listed.filter(|it| it.account == *account && address.kind == it.kind);
                read.next().map(|_| format!("{address}: account {account} shows no such object"))
            })
            .collect();
        inventory.coverage.remarks.extend(remarks);
    }

    /// Where the ledger is kept, where there is none yet: without one nothing counts as managed.
    pub fn missing_ledger(&self) -> Option<String> {
        (!self.session.ledger_is_kept).then(|| self.session.store.display_name())
    }

    /// What is there as entries of the YAML.
    pub fn entries(&self, inventory: &Inventory<'_>) -> String {
        let Some(names) = inventory.names() else { return String::new() };
        let mut found = Vec::new();
        for row in inventory.tables.iter().flat_map(|table| &table.rows) {
            let InventoryRow::Object(object) = row else { continue };
            // What is only referred to has an entry that says which object it is, and nothing else.
            let live = object.live.filter(|_| object.management != Management::Existing);
            let (Some(live), Some(name)) = (live, object.entry(inventory)) else { continue };
            let address = Address::new(object.kind.name, &name);
            found.push(AdoptableObject { address, account: object.account, kind: object.kind, live });
        }
        render_entries(inventory.inputs(), names, &found).text + &number_entries(inventory)
    }

    /// How the run ends: a part is not everything.
    pub fn exit(&self, inventory: &Inventory<'_>) -> Exit {
        if inventory.coverage.missed.iter().all(|missed| missed.is_optional) { Exit::Done } else { Exit::Failed }
    }
}
