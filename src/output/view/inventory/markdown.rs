//! What is there as Markdown tables, for a page or a comment.

use super::nothing_found;
use crate::analysis::get::{Inventory, InventoryTable};
use crate::output::view::markdown::table_cell;
use crate::text::escape;

/// A table for each kind, and what could not be read.
pub fn inventory_as_markdown(inventory: &Inventory<'_>) -> String {
    let mut sections: Vec<String> = inventory.tables.iter().map(|table| section(inventory, table)).collect();
    if !inventory.coverage.missed.is_empty() {
        let lines = inventory.coverage.missed.iter().map(|it| {
            let why = table_cell(&format!("{}: {}", it.what, it.why));
            format!("- {why}\n")
        });
        sections.push(format!("**Not complete.** These could not be read:\n\n{}", lines.collect::<String>()));
    }
    sections.join("\n")
}

fn section(inventory: &Inventory<'_>, table: &InventoryTable<'_>) -> String {
    let mut text = String::new();
    if inventory.tables.len() > 1 {
        text.push_str(&format!("### {} ({})\n\n", table.scope.name, table.rows.len()));
    }
    if table.rows.is_empty() {
        text.push_str(&format!("{}\n", table_cell(&escape(&nothing_found(inventory, &table.scope)))));
        return text;
    }
    let columns = inventory.columns(&table.scope, false);
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    text.push_str(&line(columns.iter().map(|column| column.name.to_owned()).collect()));
    text.push_str(&line(columns.iter().map(|_| "---".to_owned()).collect()));
    for row in &table.rows {
        text.push_str(&line(columns.iter().map(|column| table_cell(&inventory.cell(row, column))).collect()));
    }
    text
}
