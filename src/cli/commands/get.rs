//! `telform get`: what is there now, managed or not. Sends only GET.

use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::Args;

use crate::analysis::get::{Condition, Inventory, InventoryQuery, TableScope};
use crate::cli::args::{FormatArgs, InventoryFormat, OutArgs};
use crate::cli::console::Console;
use crate::cli::formats::FormatSelection;
use crate::config::desired::closest_name;
use crate::model::resource::AddressPattern;
use crate::output::InventoryDocument;
use crate::output::view::inventory::{CsvText, inventory_as_csv, inventory_as_markdown, inventory_as_text, nothing_found};
use crate::output::view::json;
use crate::output::view::{count_of_kind, kind_in_words};
use crate::output::with_header;
use crate::run::get::{InventoryOutcome, InventoryRequest, InventorySubject, read_inventory};
use crate::run::{Exit, PlanSelection, RunError};
use crate::text::{escape, fits_pattern};

/// `telform get`.
#[derive(Debug, Args, Clone)]
pub struct GetArgs {
    /// Kinds, numbers, or addresses [default: everything]
    ///
    /// `*` matches anything, as in 'partners.west-*'.
    #[arg(value_name = "KIND|ADDRESS", value_parser = subject)]
    pub subjects: Vec<InventorySubject>,
    /// Only this account, repeatable
    ///
    /// `*` matches anything. Other accounts are not read and need no token.
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// How it is shown.
    #[command(flatten)]
    pub formats: FormatArgs<InventoryFormat>,
    /// Where it goes.
    #[command(flatten)]
    pub to: OutArgs,
    /// The columns of a table, in this order
    ///
    /// Attributes, and account, address, entry, id, kind, managed.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Only rows with this value, repeatable
    ///
    /// All conditions must match. COLUMN!=VALUE excludes it; `*` matches anything.
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = condition)]
    pub conditions: Vec<Condition>,
    /// Sort by this column [default: account and natural key]
    #[arg(long, value_name = "COLUMN")]
    pub sort: Option<String>,
    /// Use the embedded simulator, started from this file
    ///
    /// The services of the accounts are not called.
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

fn subject(text: &str) -> Result<InventorySubject, String> {
    let names = TableScope::names();
    if names.contains(&text) {
        return Ok(InventorySubject::Kind(text.to_owned()));
    }
    match AddressPattern::parse(text) {
        Some(pattern) if names.iter().any(|name| fits_pattern(pattern.kind(), name)) => Ok(InventorySubject::Addresses(pattern)),
        pattern => {
            let name = pattern.as_ref().map_or(text, AddressPattern::kind);
            let near = closest_name(name, names.iter().copied()).map(|near| format!("did you mean {near}? "));
            Err(format!("`{}` is not a kind; {}the kinds are {}", escape(name), near.unwrap_or_default(), names.join(", ")))
        }
    }
}

fn condition(text: &str) -> Result<Condition, String> {
    Condition::parse(text).ok_or_else(|| "a condition looks like zip=90804 or bridge!=".to_owned())
}

/// Shows what is there.
pub(crate) async fn run(out: &Console, args: &GetArgs) -> Result<Exit, RunError> {
    let wanted = FormatSelection::new(out, &args.formats, args.to.out.as_deref(), InventoryFormat::Table, InventoryFormat::Json)?;
    let has = |format: InventoryFormat| wanted.has(format);
    let columns: Vec<String> = args.columns.iter().map(|name| name.trim().to_owned()).collect();
    let request = InventoryRequest {
        subjects: args.subjects.clone(),
        choice: PlanSelection { accounts: args.accounts.clone(), sandbox: args.sandbox.clone(), ..PlanSelection::default() },
        query: InventoryQuery {
            columns: (!columns.is_empty()).then_some(columns),
            conditions: args.conditions.clone(),
            sort: args.sort.clone(),
        },
        all_attributes: has(InventoryFormat::Json) || has(InventoryFormat::Yaml),
        for_entries: has(InventoryFormat::Csv) || has(InventoryFormat::Yaml),
        one_table: has(InventoryFormat::Csv),
    };
    // The process ends soon, and its memory with it.
    let outcome = ManuallyDrop::new(read_inventory(&out.context(), &request).await?);
    let inventory = ManuallyDrop::new(outcome.inventory());
    let csv = if has(InventoryFormat::Csv) { inventory_as_csv(&inventory) } else { CsvText::default() };
    let draw = |format| match format {
        InventoryFormat::Table => anstream::adapter::strip_str(&inventory_as_text(&inventory, usize::MAX)).to_string(),
        InventoryFormat::Csv => csv.text.clone(),
        InventoryFormat::Json => json::to_pretty_json(&with_header(&document(&outcome, &inventory))),
        InventoryFormat::Yaml => outcome.entries(&inventory),
        InventoryFormat::Markdown => inventory_as_markdown(&inventory),
    };
    wanted.write(|format| Some(draw(format)))?;
    match wanted.printed() {
        Some(InventoryFormat::Table) if out.global.quiet => out.print(&counted(&inventory)),
        Some(InventoryFormat::Table) => out.print(&inventory_as_text(&inventory, out.plan_detail().columns)),
        Some(InventoryFormat::Json) if out.global.json => out.print_document(&document(&outcome, &inventory)),
        Some(format) => out.print_as_is(&draw(format)),
        None => {}
    }
    let to_people = wanted.printed() == Some(InventoryFormat::Table);
    report(out, &outcome, &inventory, &csv, to_people);
    Ok(outcome.exit(&inventory))
}

fn document<'a>(outcome: &InventoryOutcome, inventory: &'a Inventory<'a>) -> InventoryDocument<'a> {
    InventoryDocument::new(inventory, outcome.missing_ledger().is_none())
}

/// `2 partners, 3 numbers.`
fn counted(inventory: &Inventory<'_>) -> String {
    let of = |table: &crate::analysis::get::InventoryTable<'_>| {
        let count = table.rows.len();
        count_of_kind(count, table.scope.name)
    };
    format!("{}.\n", inventory.tables.iter().map(of).collect::<Vec<_>>().join(", "))
}

/// What the rows do not say, to standard error: what could not be read first. `to_people`: an empty table says itself where
/// nothing was found.
fn report(out: &Console, outcome: &InventoryOutcome, inventory: &Inventory<'_>, csv: &CsvText, to_people: bool) {
    let coverage = &inventory.coverage;
    for missed in &coverage.missed {
        let help = if missed.help.is_empty() { String::new() } else { format!("\n  help: {}", escape(&missed.help)) };
        out.print_stderr(&format!("not complete: {}: {}{help}\n", escape(&missed.what), escape(&missed.why)));
    }
    if out.global.quiet || out.global.json {
        return;
    }
    let note = |text: &str| out.print_stderr(&format!("note: {}\n", escape(text)));
    if !to_people {
        let empty = inventory.tables.iter().filter(|table| table.rows.is_empty());
        empty.for_each(|table| note(&nothing_found(inventory, &table.scope)));
    }
    coverage.remarks.iter().chain(&csv.left_out).for_each(|text| note(text));
    for foreign in &coverage.foreign {
        let (count, kind) = (foreign.count, kind_in_words(foreign.count, &foreign.kind));
        note(&format!("not shown: {count} {kind} of other organizations in account {}", foreign.account));
    }
    if let Some(ledger) = outcome.missing_ledger() {
        note(&format!("no ledger exists at {ledger} yet, so nothing counts as managed"));
    }
}
