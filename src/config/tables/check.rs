//! What is wrong with a table as a whole: its faults, and columns that do not fit the entries.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::EntryTemplate;
use super::table::{Column, Rows};
use super::{TableUse, shown};
use crate::config::desired::{join_names, suggest_names};
use crate::config::problem::{Problem, Problems, SourceFile};

/// Faults of the table itself, and columns that do not fit the entries.
pub(super) fn check_table(
    table: &TableUse,
    entries: &[EntryTemplate],
    firsts: &[usize],
    source: &Arc<SourceFile>,
    problems: &mut Problems,
) {
    let Some(first) = table.entries.first().map(|entry| firsts[*entry]) else { return };
    table.faults.iter().for_each(|fault| problems.push(fault.to_problem(source, first)));
    let Some(rows) = &table.rows else { return };
    let columns: Vec<&str> = rows.columns().iter().map(|column| &*column.name).filter(|name| !name.is_empty()).collect();
    let is_quoted = table.file.as_ref().is_none_or(|file| file.source.is_quoted());
    let path = table.path.as_deref().map_or("the list".to_owned(), |path| format!("`{}`", shown(path)));
    // A list without rows has no columns either, and makes nothing.
    let is_empty_list = matches!(rows, Rows::List(_)) && columns.is_empty();
    let mut unused: Vec<&Column> = rows.columns().iter().filter(|column| !column.name.is_empty()).collect();
    for index in &table.entries {
        let entry = &entries[*index];
        unused.retain(|column| !entry.columns.iter().any(|used| used.name == column.name));
        let ignored = entry.for_each.iter().flat_map(|for_each| &for_each.ignored);
        let used = entry.columns.iter().map(|used| (&used.name, used.span, "this placeholder"));
        for (name, span, label) in ignored.clone().map(|(name, span)| (name, *span, "ignored here")).chain(used) {
            if columns.contains(&&**name) || is_empty_list {
                continue;
            }
            let what = format!("{path} has no column `{}`", shown(name));
            let other_case = columns.iter().find(|column| column.eq_ignore_ascii_case(name));
            let help = match other_case {
                Some(meant) => format!("write `{}`: letter case counts\ncolumns: {}", shown(meant), join_names(&columns)),
                None if is_quoted => suggest_names(name, &columns, "columns"),
                None => "name the columns in the first row".to_owned(),
            };
            problems.push(Problem::new("telform::table::column", what, source, span).label(label).help(help));
        }
        unused.retain(|column| !ignored.clone().any(|(name, _)| *name == column.name));
    }
    let all_good = table.entries.iter().all(|entry| entries[*entry].is_good);
    if all_good
        && is_quoted
        && let Some(problem) = unused_columns(table, entries, &unused, first, source)
    {
        problems.push(problem);
    }
}

/// Columns that no placeholder uses, in one problem that names all of them.
fn unused_columns(
    table: &TableUse,
    entries: &[EntryTemplate],
    unused: &[&Column],
    first: usize,
    source: &Arc<SourceFile>,
) -> Option<Problem> {
    let column = unused.first()?;
    let names: Vec<String> = unused.iter().map(|column| shown(&column.name)).collect();
    let what = match names.as_slice() {
        [name] => format!("no placeholder uses the column `{name}`"),
        many => format!("no placeholder uses {} columns: {}", many.len(), many.join(", ")),
    };
    let users = table.entries.iter().flat_map(|entry| &entries[*entry].for_each);
    let ignored = users.flat_map(|for_each| &for_each.ignored).map(|(name, _)| shown(name)).filter(|name| !names.contains(name));
    let all: BTreeSet<String> = ignored.chain(names.iter().cloned()).collect();
    let all: Vec<String> = all.into_iter().collect();
    let keep = match &table.path {
        Some(path) => format!(", or keep it unused: for_each: {{ file: {}, ignore: [{}] }}", shown(path), all.join(", ")),
        None => String::new(),
    };
    let use_it = match names.as_slice() {
        [name] => format!("write ${{{name}}} where it belongs, or delete it{keep}"),
        _ => format!("write each as ${{COLUMN}} where it belongs, or delete it{keep}"),
    };
    let problem = Problem::new("telform::table::unused_column", what, source, column.span.moved_by(first));
    Some(problem.label("not used").help(use_it))
}
