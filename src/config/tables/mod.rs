//! `for_each`: one entry that makes many, one for each row of a table. This happens to the tree of a file, before anything
//! looks at it: everything later sees ordinary entries, whose places are cells of the table.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use smol_str::SmolStr;

use crate::config::desired::{FileEdits, shorten_name};
use crate::config::problem::{AttachedTable, Problem, Problems, SourceFile, Span};
use crate::config::schema;
use crate::config::yaml::{KeySecrecy, MAX_NODES, MapEntry, NodeData, ScalarStyle, YamlFile, YamlNode};
use crate::services;

mod check;
mod compile;
mod csv;
mod load;
mod render;
mod table;
mod template;
mod write;

pub(crate) use load::is_table;
pub(crate) use write::{TableText, fits_cell, literal_text};

use check::check_table;
use compile::{CellSecrecy, EntryTemplate, TableOrigin, compile_entry};
use load::{LoadedTable, TableRequest, load_table};
use render::RowView;
use table::{ListTable, Rows, TableFault};

/// How much the tables of one file may hold and make.
#[derive(Clone, Copy)]
pub(in crate::config) struct TableLimits {
    /// Cells of one table.
    cells: usize,
    /// Values that are made.
    values: usize,
    /// Bytes of texts that are put together from several parts.
    text: usize,
}

impl Default for TableLimits {
    fn default() -> Self {
        Self { cells: MAX_NODES, values: MAX_NODES, text: 256 * 1024 * 1024 }
    }
}

/// Where tables are, and what is known about keys.
pub(in crate::config) struct TableContext<'a> {
    /// The folder of the YAML.
    pub(in crate::config) folder: &'a Path,
    pub(in crate::config) edits: &'a FileEdits,
    pub(in crate::config) secrecy: &'a dyn Fn(&str) -> KeySecrecy,
    pub(in crate::config) limits: TableLimits,
}

/// What the tables of a file came to.
#[derive(Default)]
pub(in crate::config) struct Expansion {
    pub(in crate::config) problems: Problems,
    /// The tables that were read, with their paths.
    pub(in crate::config) tables: Vec<(PathBuf, Arc<SourceFile>)>,
}

/// A text of a table inside a message.
fn shown(text: &str) -> String {
    shorten_name(text)
}

/// A table with the entries that need it.
struct TableUse {
    path: Option<SmolStr>,
    separator: Option<u8>,
    /// Indexes of the entries.
    entries: Vec<usize>,
    file: Option<LoadedTable>,
    rows: Option<Rows>,
    faults: Vec<TableFault>,
}

/// Replaces every entry with `for_each` by those that its rows make.
pub(in crate::config) fn expand_tables(file: &mut YamlFile, context: &TableContext<'_>) -> Expansion {
    let mut expansion = Expansion::default();
    let mut entries: Vec<EntryTemplate> = Vec::new();
    for document in &file.documents {
        visit_document(document, &mut |entry, is_item| {
            entries.push(compile_entry(file, entry, is_item, context.secrecy, &mut expansion.problems));
            None
        });
    }
    if entries.is_empty() {
        return expansion;
    }
    let mut tables = group_by_table(&entries);
    for table in &mut tables {
        load(table, &entries, file, context, &mut expansion.problems);
    }
    let firsts = attach(file, &entries, &tables, &mut expansion.problems);
    let source = Arc::clone(&file.source);
    for table in &tables {
        check_table(table, &entries, &firsts, &source, &mut expansion.problems);
    }
    let of_entry: HashMap<usize, &TableUse> =
        tables.iter().flat_map(|table| table.entries.iter().map(move |entry| (*entry, table))).collect();
    let limits = context.limits;
    let mut expander = Expander { source: &source, problems: &mut expansion.problems, limits, nodes: 0, text: 0, is_full: false };
    let mut next = 0;
    for document in &mut file.documents {
        let made = visit_document(document, &mut |_, _| {
            let at = next;
            next += 1;
            let table = of_entry.get(&at).filter(|_| entries[at].is_good);
            Some(table.map_or_else(Vec::new, |table| expander.make(&entries[at], table, firsts[at])))
        });
        if let Some(made) = made {
            *document = expander.without_doubles(made);
        }
    }
    drop(of_entry);
    let files = tables.into_iter().filter_map(|table| table.file);
    expansion.tables = files.map(|file| (file.path, file.source)).collect();
    expansion
}

/// Shows every entry with `for_each` to `make`, in the order of the file. Where this returns entries, they take its place
/// in a copy of the document.
fn visit_document(document: &YamlNode, make: &mut dyn FnMut(&MapEntry, bool) -> Option<Vec<MapEntry>>) -> Option<YamlNode> {
    let kinds = services::address_kinds();
    replace_values(document, &mut |section| match &*section.key {
        "removed" | "moved" => visit_items(&section.value, make),
        schema::EXISTING => replace_values(&section.value, &mut |kind| visit_entries(&kind.value, make)),
        key if key == schema::ACCOUNTS || kinds.contains(&key) => visit_entries(&section.value, make),
        _ => None,
    })
}

/// The map with some of its values replaced; none where none is.
fn replace_values(map: &YamlNode, replace: &mut dyn FnMut(&MapEntry) -> Option<YamlNode>) -> Option<YamlNode> {
    let mut whole: Option<Vec<MapEntry>> = None;
    let entries = map.as_map()?;
    for (at, entry) in entries.iter().enumerate() {
        if let Some(value) = replace(entry) {
            whole.get_or_insert_with(|| entries.to_vec())[at].value = value;
        }
    }
    whole.map(|entries| YamlNode { data: NodeData::Map(Arc::new(entries)), ..map.clone() })
}

fn has_for_each(node: &YamlNode) -> bool {
    node.get(schema::FOR_EACH).is_some()
}

fn visit_entries(map: &YamlNode, make: &mut dyn FnMut(&MapEntry, bool) -> Option<Vec<MapEntry>>) -> Option<YamlNode> {
    let entries = map.as_map().filter(|entries| entries.iter().any(|entry| has_for_each(&entry.value)))?;
    let mut whole = Vec::with_capacity(entries.len());
    let mut is_made = false;
    for entry in entries {
        match has_for_each(&entry.value).then(|| make(entry, false)).flatten() {
            Some(made) => {
                is_made = true;
                whole.extend(made);
            }
            None => whole.push(entry.clone()),
        }
    }
    is_made.then(|| YamlNode { data: NodeData::Map(Arc::new(whole)), ..map.clone() })
}

fn visit_items(list: &YamlNode, make: &mut dyn FnMut(&MapEntry, bool) -> Option<Vec<MapEntry>>) -> Option<YamlNode> {
    let items = list.as_list().filter(|items| items.iter().any(has_for_each))?;
    let mut whole = Vec::with_capacity(items.len());
    let mut is_made = false;
    for item in items {
        let entry =
            || MapEntry { key: SmolStr::default(), key_style: ScalarStyle::Quoted, key_span: item.used_at, value: item.clone() };
        match has_for_each(item).then(|| make(&entry(), true)).flatten() {
            Some(made) => {
                is_made = true;
                whole.extend(made.into_iter().map(|entry| entry.value));
            }
            None => whole.push(item.clone()),
        }
    }
    is_made.then(|| YamlNode { data: NodeData::List(Arc::new(whole)), ..list.clone() })
}

/// Entries that read one file in one way share its table.
fn group_by_table(entries: &[EntryTemplate]) -> Vec<TableUse> {
    let mut tables: Vec<TableUse> = Vec::new();
    let mut by_path: HashMap<(SmolStr, Option<u8>), usize> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let Some(for_each) = &entry.for_each else { continue };
        let (path, separator) = match &for_each.origin {
            TableOrigin::Inline(_) => (None, None),
            TableOrigin::File { path, .. } => (Some(path.clone()), for_each.separator),
        };
        let new = tables.len();
        let at = path.clone().map_or(new, |path| *by_path.entry((path, separator)).or_insert(new));
        if at == new {
            tables.push(TableUse { path, separator, entries: Vec::new(), file: None, rows: None, faults: Vec::new() });
        }
        tables[at].entries.push(index);
    }
    tables
}

fn load(table: &mut TableUse, entries: &[EntryTemplate], file: &YamlFile, context: &TableContext<'_>, problems: &mut Problems) {
    let users = || table.entries.iter().map(|entry| &entries[*entry]);
    let Some(for_each) = users().next().and_then(|entry| entry.for_each.as_ref()) else { return };
    match &for_each.origin {
        TableOrigin::Inline(list) => {
            let NodeData::List(items) = &list.data else { return };
            table.rows = Some(Rows::List(ListTable::read(items, &mut table.faults)));
        }
        TableOrigin::File { path, span } => {
            let secrecy = |name: &str| -> Option<CellSecrecy> {
                users().flat_map(|entry| &entry.columns).filter(|column| column.name == name).map(|column| column.secrecy).max()
            };
            let entry = users().next().map_or("", |entry| &*entry.name);
            let at = (&file.source, *span);
            let request = TableRequest { path, at, separator: table.separator, entry, secrecy: &secrecy };
            let loaded = load_table(&request, context, problems);
            if let Some(mut loaded) = loaded {
                table.rows = loaded.rows.take();
                table.faults = std::mem::take(&mut loaded.faults);
                table.file = Some(loaded);
            }
        }
    }
}

/// Gives each entry's table a place behind the text of the file, and returns these places.
fn attach(file: &YamlFile, entries: &[EntryTemplate], tables: &[TableUse], problems: &mut Problems) -> Vec<usize> {
    let length = file.source.text().len();
    let mut firsts = vec![length + 1; entries.len()];
    let mut attached: Vec<AttachedTable> = Vec::new();
    let mut next = length + 1;
    let mut of_entry: BTreeMap<usize, &TableUse> = BTreeMap::new();
    tables.iter().for_each(|table| of_entry.extend(table.entries.iter().map(|entry| (*entry, table))));
    for (index, table) in of_entry {
        let entry = &entries[index];
        let text = table.file.as_ref().map_or(length, |file| file.source.text().len());
        if next + text > u32::MAX as usize {
            let what = "the tables of this file are too large together";
            let problem = Problem::new("telform::table::limit", what, &file.source, entry.span);
            problems.push(problem.label("the limit is exceeded here").help("split the file"));
            break;
        }
        firsts[index] = next;
        attached.push(AttachedTable {
            first: next,
            file: table.file.as_ref().map(|file| Arc::clone(&file.source)),
            entry: shown(&entry.name),
            entry_span: entry.span,
        });
        next += text + 1;
    }
    file.source.attach_tables(attached);
    firsts
}

/// Makes entries, within the limits of one file.
struct Expander<'a> {
    source: &'a Arc<SourceFile>,
    problems: &'a mut Problems,
    limits: TableLimits,
    nodes: usize,
    text: usize,
    is_full: bool,
}

impl Expander<'_> {
    fn make(&mut self, entry: &EntryTemplate, table: &TableUse, first: usize) -> Vec<MapEntry> {
        let Some(rows) = &table.rows else { return Vec::new() };
        let index: Option<Vec<usize>> =
            entry.columns.iter().map(|used| rows.columns().iter().position(|column| column.name == used.name)).collect();
        let mut made = Vec::new();
        let Some(index) = index else { return made };
        let mut has_rows = false;
        rows.for_each_row(&mut |row| {
            has_rows = true;
            if self.is_full {
                return;
            }
            let mut view = RowView { row, index: &index, first, faults: Vec::new(), nodes: 1, text: 0 };
            made.extend(entry.render(&mut view));
            self.nodes += view.nodes;
            self.text += view.text;
            view.faults.iter().for_each(|fault| self.problems.push(fault.to_problem(self.source, first)));
            self.check_limits(entry, row.number);
        });
        if let Some(path) = table.path.as_ref().filter(|_| !has_rows && table.faults.is_empty()) {
            let what = format!("`{}` has no rows, so that this entry makes nothing", shown(path));
            let problem = Problem::new("telform::table::no_rows", what, self.source, entry.span).label("is this right?");
            self.problems
                .push(problem.help("what earlier rows made is no longer declared; see the plan for what that means").warning());
        }
        if self.is_full {
            made.clear();
        }
        made
    }

    fn check_limits(&mut self, entry: &EntryTemplate, row: usize) {
        let what = if self.nodes > self.limits.values {
            format!("tables make more than {} values in this file, at row {row}", self.limits.values)
        } else if self.text > self.limits.text {
            format!("placeholders make more than {} bytes of texts in this file, at row {row}", self.limits.text)
        } else {
            return;
        };
        self.is_full = true;
        let problem = Problem::new("telform::table::limit", what, self.source, entry.span);
        self.problems.push(problem.label("the limit is exceeded here").help("split the table and the file"));
    }

    /// The document, in which no key of an expanded section comes twice: an overlay would let the later one win.
    fn without_doubles(&mut self, document: YamlNode) -> YamlNode {
        let replaced = replace_values(&document, &mut |section| {
            let entries = section.value.as_map()?;
            let mut seen: HashMap<&str, Span> = HashMap::with_capacity(entries.len());
            let mut kept = Vec::new();
            for entry in entries {
                if let Some(first) = seen.get(&*entry.key) {
                    let what = format!("`{}` is created twice", shown(&entry.key));
                    let problem = Problem::new("telform::table::doubled_key", what, self.source, entry.key_span).label("again");
                    self.problems.push(
                        problem
                            .also_at(self.source, *first, "first")
                            .help("delete one of the rows, or put another column into the key"),
                    );
                    continue;
                }
                seen.insert(&entry.key, entry.key_span);
                kept.push(entry);
            }
            (kept.len() < entries.len())
                .then(|| YamlNode { data: NodeData::Map(Arc::new(kept.into_iter().cloned().collect())), ..section.value.clone() })
        });
        replaced.unwrap_or(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    /// The problems of a file whose tables are inside it.
    fn problems(text: &str, limits: TableLimits) -> String {
        let secrecy = |_: &str| KeySecrecy::No;
        let (mut file, _) = yaml::parse_file("a.yaml", text, &secrecy);
        let edits = FileEdits::default();
        let context = TableContext { folder: Path::new(""), edits: &edits, secrecy: &secrecy, limits };
        expand_tables(&mut file, &context).problems.to_string()
    }

    #[test]
    fn what_tables_make_is_bounded() {
        let rows: Vec<String> = (0..10).map(|row| format!("{{ code: c{row} }}")).collect();
        let text = format!("partners: {{ \"a-${{code}}\": {{ for_each: [{}], name: \"<${{code}}>\" }} }}", rows.join(", "));
        let limits = TableLimits::default();
        assert_eq!(problems(&text, limits), "");
        let values = problems(&text, TableLimits { values: 20, ..limits });
        assert!(values.contains("tables make more than 20 values in this file, at row 7"), "{values}");
        let texts = problems(&text, TableLimits { text: 30, ..limits });
        assert!(texts.contains("placeholders make more than 30 bytes of texts in this file, at row 4"), "{texts}");
    }
}
