//! An entry with `for_each`, read once: where its rows come from, and its tree with the placeholders found.

use smol_str::SmolStr;

use super::csv::SEPARATORS;
use super::template::{FORMATS, TemplateFault, TextPart, TextTemplate, parse_template};
use crate::config::desired::{join_names, shorten_name, suggest_names};
use crate::config::problem::{Problem, Problems, Span};
use crate::config::schema;
use crate::config::yaml::{KeySecrecy, MapEntry, NodeData, Scalar, ScalarStyle, YamlFile, YamlNode};

/// Where the rows come from.
pub(super) enum TableOrigin {
    /// The list inside the entry.
    Inline(YamlNode),
    /// A file, by its path relative to the YAML.
    File { path: SmolStr, span: Span },
}

/// What `for_each` says.
pub(super) struct ForEach {
    pub(super) origin: TableOrigin,
    pub(super) separator: Option<u8>,
    /// Columns that need not be used.
    pub(super) ignored: Vec<(SmolStr, Span)>,
}

/// How far the cells of a column may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CellSecrecy {
    /// They may.
    Shown,
    /// Those that look like a credential may not.
    Judged,
    /// They may not.
    Hidden,
}

impl CellSecrecy {
    /// Judged by the name of the column.
    pub(super) fn from_key(key: KeySecrecy) -> Self {
        match key {
            KeySecrecy::Sure | KeySecrecy::Likely => Self::Hidden,
            KeySecrecy::Known | KeySecrecy::Sourced | KeySecrecy::No => Self::Shown,
        }
    }
}

/// A column that placeholders name.
pub(super) struct UsedColumn {
    pub(super) name: SmolStr,
    /// The text of its first placeholder.
    pub(super) span: Span,
    pub(super) secrecy: CellSecrecy,
}

/// A part of the tree. Placeholders name columns by their index in [`EntryTemplate::columns`].
pub(super) enum NodeTemplate {
    Constant(YamlNode),
    Text { template: TextTemplate<usize>, written: Span },
    List { items: Vec<NodeTemplate>, written: Span },
    Map { entries: Vec<LineTemplate>, written: Span, has_made_keys: bool },
}

/// A key: as written, or made for each row.
pub(super) enum KeyTemplate {
    Constant { text: SmolStr, style: ScalarStyle, span: Span },
    Made { template: TextTemplate<usize>, written: Span },
}

pub(super) struct LineTemplate {
    pub(super) key: KeyTemplate,
    pub(super) value: NodeTemplate,
}

/// An entry that makes one for each row.
pub(super) struct EntryTemplate {
    pub(super) name: SmolStr,
    pub(super) span: Span,
    pub(super) for_each: Option<ForEach>,
    /// `None` for the item of a list.
    pub(super) key: Option<KeyTemplate>,
    pub(super) value: NodeTemplate,
    pub(super) columns: Vec<UsedColumn>,
    /// Whether it was understood.
    pub(super) is_good: bool,
}

/// Reads an entry; one without a key is the item of a list.
pub(super) fn compile_entry(
    file: &YamlFile,
    entry: &MapEntry,
    is_item: bool,
    secrecy: &dyn Fn(&str) -> KeySecrecy,
    problems: &mut Problems,
) -> EntryTemplate {
    let mut compiler = Compiler { file, secrecy, problems, columns: Vec::new(), is_good: true };
    let rows = entry.value.get(schema::FOR_EACH);
    let span = rows.filter(|_| is_item).map_or(entry.key_span, |line| line.key_span);
    let for_each = rows.and_then(|line| compiler.read_for_each(line));
    let key = (!is_item).then(|| compiler.key(entry, true));
    let lines = entry.value.as_map().unwrap_or_default().iter().filter(|line| &*line.key != schema::FOR_EACH);
    let value = compiler.map(lines, &entry.value, CellSecrecy::Shown);
    let is_good = compiler.is_good && for_each.is_some();
    let name =
        if is_item { entry.value.get("address").and_then(|line| line.value.as_scalar()).map(|it| it.text.clone()) } else { None };
    let name = name.unwrap_or_else(|| entry.key.clone());
    EntryTemplate { name, span, for_each, key, value, columns: compiler.columns, is_good }
}

struct Compiler<'a> {
    file: &'a YamlFile,
    secrecy: &'a dyn Fn(&str) -> KeySecrecy,
    problems: &'a mut Problems,
    columns: Vec<UsedColumn>,
    is_good: bool,
}

impl Compiler<'_> {
    fn report(&mut self, problem: Problem) {
        self.is_good = false;
        self.problems.push(problem);
    }

    fn problem(&self, code: &'static str, what: impl AsRef<str>, span: Span) -> Problem {
        Problem::new(code, what, &self.file.source, span)
    }

    fn read_for_each(&mut self, line: &MapEntry) -> Option<ForEach> {
        let value = &line.value;
        match &value.data {
            NodeData::List(_) => {
                Some(ForEach { origin: TableOrigin::Inline(value.clone()), separator: None, ignored: Vec::new() })
            }
            NodeData::Map(entries) => self.read_table_options(value, entries),
            NodeData::Scalar(scalar) => {
                let origin = self.read_path(scalar, value, line.key_span)?;
                Some(ForEach { origin, separator: None, ignored: Vec::new() })
            }
        }
    }

    fn read_table_options(&mut self, value: &YamlNode, entries: &[MapEntry]) -> Option<ForEach> {
        let (mut origin, mut separator, mut ignored) = (None, None, Vec::new());
        for entry in entries {
            match &*entry.key {
                "file" => match entry.value.as_scalar() {
                    Some(scalar) => origin = self.read_path(scalar, &entry.value, entry.key_span),
                    None => {
                        let problem =
                            self.problem("telform::table::for_each", "`file` takes the path of a table", entry.value.used_at);
                        self.report(problem.label(format!("this is {}", entry.value.type_name())));
                    }
                },
                "separator" => separator = self.read_separator(entry),
                "ignore" => ignored = self.read_ignored(entry),
                key => {
                    let what = format!("unknown key `{}` under `for_each`", shorten_name(key));
                    let help = suggest_names(key, &schema::TABLE, "known here");
                    let problem = self.problem("telform::yaml::unknown_key", what, entry.key_span);
                    self.report(problem.help(help));
                }
            }
        }
        if origin.is_none() && !entries.iter().any(|entry| &*entry.key == "file") {
            let problem =
                self.problem("telform::table::for_each", "`for_each` does not name the file of the table", value.used_at);
            self.report(problem.label("`file` is missing").help("write for_each: { file: PATH }"));
        }
        Some(ForEach { origin: origin?, separator, ignored })
    }

    fn read_path(&mut self, scalar: &Scalar, node: &YamlNode, key: Span) -> Option<TableOrigin> {
        if node.is_null() || scalar.text.trim().is_empty() {
            let problem = self.problem("telform::table::for_each", "`for_each` does not name the source of the rows", key);
            let help = "write the path of a table, or a list of maps:\nfor_each: partners.csv\nfor_each: [{ code: west }, { code: east }]";
            self.report(problem.label("no table").help(help));
            return None;
        }
        Some(TableOrigin::File { path: scalar.text.clone(), span: node.used_at })
    }

    fn read_separator(&mut self, entry: &MapEntry) -> Option<u8> {
        let text = entry.value.as_scalar().map(|scalar| &*scalar.text).unwrap_or_default();
        let known = SEPARATORS.iter().find(|(char, name)| *name == text || text.chars().eq([*char]));
        if known.is_none() {
            let problem =
                self.problem("telform::table::for_each", "`separator` takes comma, semicolon or tab", entry.value.used_at);
            self.report(
                problem.label("not one of these").help("write it as a word, or as the character in quotes: separator: \";\""),
            );
        }
        known.map(|(char, _)| *char as u8)
    }

    fn read_ignored(&mut self, entry: &MapEntry) -> Vec<(SmolStr, Span)> {
        let names = entry.value.as_list().and_then(|items| {
            items.iter().map(|item| Some((item.as_scalar()?.text.clone(), item.used_at))).collect::<Option<Vec<_>>>()
        });
        names.unwrap_or_else(|| {
            let problem = self.problem("telform::table::for_each", "`ignore` takes a list of columns", entry.value.used_at);
            self.report(problem.label(format!("this is {}", entry.value.type_name())));
            Vec::new()
        })
    }

    fn key(&mut self, entry: &MapEntry, must_vary: bool) -> KeyTemplate {
        if let Some(template) = self.text(&entry.key, entry.key_span, CellSecrecy::Shown) {
            let varies = template.parts.iter().any(|part| matches!(part, TextPart::Placeholder(..)));
            if varies || !must_vary {
                return KeyTemplate::Made { template, written: entry.key_span };
            }
        }
        if must_vary && self.is_good {
            let problem = self.problem("telform::table::key", "every row would produce the same key", entry.key_span);
            let help = "put a placeholder into the key, such as \"acme-${code}\"";
            self.report(problem.label("no placeholder").help(help));
        }
        KeyTemplate::Constant { text: entry.key.clone(), style: entry.key_style, span: entry.key_span }
    }

    /// The template of a text; none where it is the same for every row.
    fn text(&mut self, text: &str, span: Span, secrecy: CellSecrecy) -> Option<TextTemplate<usize>> {
        let template = match parse_template(text) {
            Ok(template) => template?,
            Err(fault) => {
                self.report_fault(&fault, span);
                return None;
            }
        };
        let parts = template.parts.into_iter().map(|part| match part {
            TextPart::Literal(text) => TextPart::Literal(text),
            TextPart::Placeholder(name, format) => TextPart::Placeholder(self.column(name, span, secrecy), format),
        });
        Some(TextTemplate { parts: parts.collect(), has_literal_mark: template.has_literal_mark })
    }

    fn report_fault(&mut self, fault: &TemplateFault<'_>, span: Span) {
        let (what, label) = match fault {
            TemplateFault::Unclosed => ("a placeholder has no end".to_owned(), "`}` is missing"),
            TemplateFault::Unnamed => ("a placeholder names no column".to_owned(), "which column?"),
            TemplateFault::Format(format) => {
                (format!("`{}` is not a format of a placeholder", shorten_name(format)), "no such format")
            }
        };
        let formats: Vec<&str> = FORMATS.iter().map(|(name, _)| *name).collect();
        let help = format!(
            "write ${{column}}, or ${{column|FORMAT}} with one of {}\na `${{` that is meant as it is begins with a second dollar sign: $${{",
            join_names(&formats)
        );
        let problem = self.problem("telform::table::placeholder", what, span);
        self.report(problem.label(label).help(help));
    }

    fn column(&mut self, name: &str, span: Span, secrecy: CellSecrecy) -> usize {
        let at = self.columns.iter().position(|column| column.name == name).unwrap_or_else(|| {
            let secrecy = CellSecrecy::from_key((self.secrecy)(name));
            self.columns.push(UsedColumn { name: name.into(), span, secrecy });
            self.columns.len() - 1
        });
        let column = &mut self.columns[at];
        column.secrecy = column.secrecy.max(secrecy);
        at
    }

    fn node(&mut self, node: &YamlNode, secrecy: CellSecrecy) -> NodeTemplate {
        match &node.data {
            NodeData::Scalar(scalar) => match self.text(&scalar.text, node.used_at, secrecy) {
                Some(template) => NodeTemplate::Text { template, written: node.used_at },
                None => NodeTemplate::Constant(node.clone()),
            },
            NodeData::List(items) => {
                let items: Vec<NodeTemplate> = items.iter().map(|item| self.node(item, secrecy)).collect();
                if items.iter().all(|item| matches!(item, NodeTemplate::Constant(_))) {
                    return NodeTemplate::Constant(node.clone());
                }
                NodeTemplate::List { items, written: node.used_at }
            }
            NodeData::Map(entries) => {
                let map = self.map(entries.iter(), node, secrecy);
                let NodeTemplate::Map { entries, has_made_keys, .. } = &map else { return map };
                let varies = *has_made_keys || entries.iter().any(|line| !matches!(line.value, NodeTemplate::Constant(_)));
                if varies { map } else { NodeTemplate::Constant(node.clone()) }
            }
        }
    }

    fn map<'n>(&mut self, lines: impl Iterator<Item = &'n MapEntry>, node: &YamlNode, secrecy: CellSecrecy) -> NodeTemplate {
        let entries: Vec<LineTemplate> = lines
            .map(|line| {
                let key = self.key(line, false);
                let inside = match ((self.secrecy)(&line.key), &line.value.data) {
                    (KeySecrecy::Sourced, _) => CellSecrecy::Judged,
                    // A map below such a key says where the secret comes from.
                    (KeySecrecy::Sure | KeySecrecy::Likely, NodeData::Scalar(_) | NodeData::List(_)) => CellSecrecy::Hidden,
                    _ => secrecy,
                };
                LineTemplate { key, value: self.node(&line.value, inside) }
            })
            .collect();
        let has_made_keys = entries.iter().any(|line| matches!(line.key, KeyTemplate::Made { .. }));
        NodeTemplate::Map { entries, written: node.used_at, has_made_keys }
    }
}
