//! One entry for one row.

use std::sync::Arc;

use smol_str::SmolStr;

use super::compile::{EntryTemplate, KeyTemplate, LineTemplate, NodeTemplate};
use super::table::{Cell, Row, TableFault, cell_fault, text_fault};
use super::template::{TextFormat, TextPart, TextTemplate};
use crate::config::problem::Span;
use crate::config::yaml::{MapEntry, NodeData, Scalar, ScalarStyle, YamlNode};

/// A row, seen from an entry.
pub(super) struct RowView<'a> {
    pub(super) row: &'a Row<'a>,
    /// The column of the table for each one that the entry uses.
    pub(super) index: &'a [usize],
    /// What an offset in the table is more, seen from the file of the entry.
    pub(super) first: usize,
    pub(super) faults: Vec<TableFault>,
    /// Values made.
    pub(super) nodes: usize,
    /// Bytes of texts that are more than a cell.
    pub(super) text: usize,
}

impl EntryTemplate {
    /// The entry for a row; none where a cell is faulty. Faults have their places in the table.
    pub(super) fn render(&self, view: &mut RowView<'_>) -> Option<MapEntry> {
        let faults: Vec<TableFault> = (0..self.columns.len()).filter_map(|column| cell_fault(&view.cell(column))).collect();
        view.faults.extend(faults);
        if !view.faults.is_empty() {
            return None;
        }
        let (key, style, key_span) = match &self.key {
            Some(key) => self.render_key(key, view),
            None => Some((SmolStr::default(), ScalarStyle::Quoted, self.span)),
        }?;
        let value = self.render_node(&self.value, view).unwrap_or_else(|| {
            let data = NodeData::Map(Arc::default());
            YamlNode { data, span: self.span, used_at: self.span }
        });
        view.faults.is_empty().then_some(MapEntry { key, key_style: style, key_span, value })
    }

    fn render_key(&self, key: &KeyTemplate, view: &mut RowView<'_>) -> Option<(SmolStr, ScalarStyle, Span)> {
        let (template, written) = match key {
            KeyTemplate::Constant { text, style, span } => return Some((text.clone(), *style, *span)),
            KeyTemplate::Made { template, written } => (template, *written),
        };
        for part in &template.parts {
            let TextPart::Placeholder(column, format) = part else { continue };
            let cell = view.cell(*column);
            if format.apply(cell.text).is_empty() {
                let name = super::shown(&self.columns[*column].name);
                let what = match format {
                    TextFormat::Slug if !cell.text.is_empty() => {
                        format!("`{}` is part of the key, but has no letter or digit for a slug", super::shown(cell.text))
                    }
                    _ => format!("`{name}` is part of the key, but empty"),
                };
                let fault = TableFault::at("telform::table::empty_key", what, cell.span).label("empty");
                view.faults.push(fault.help("write its value, or delete the row"));
                return None;
            }
        }
        let (text, span) = self.render_text(template, view)?;
        Some((text, if template.has_literal_mark { ScalarStyle::Escaped } else { ScalarStyle::Quoted }, span.unwrap_or(written)))
    }

    /// A text of several parts, with the place of its first placeholder.
    fn render_text(&self, template: &TextTemplate<usize>, view: &mut RowView<'_>) -> Option<(SmolStr, Option<Span>)> {
        let (mut text, mut span) = (String::new(), None);
        for part in &template.parts {
            match part {
                TextPart::Literal(literal) => text.push_str(literal),
                TextPart::Placeholder(column, format) => {
                    let cell = view.cell(*column);
                    if let Some(fault) = text_fault(&cell) {
                        view.faults.push(fault);
                        return None;
                    }
                    span.get_or_insert_with(|| view.place(cell.span));
                    text.push_str(&format.apply(&cell_text(&cell)));
                }
            }
        }
        view.text += text.len();
        Some((text.into(), span))
    }

    /// A node; none where all that it would hold is empty.
    fn render_node(&self, node: &NodeTemplate, view: &mut RowView<'_>) -> Option<YamlNode> {
        view.nodes += 1;
        match node {
            NodeTemplate::Constant(node) => Some(node.clone()),
            NodeTemplate::Text { template, written } => {
                let (scalar, span) = match template.parts.as_slice() {
                    [TextPart::Placeholder(column, format)] => {
                        let cell = view.cell(*column);
                        let text = format.apply(&cell_text(&cell));
                        if text.is_empty() {
                            return None;
                        }
                        let style = if *format == TextFormat::AsIs { cell.style } else { ScalarStyle::Cell };
                        (Scalar { text, style }, view.place(cell.span))
                    }
                    _ => {
                        let (text, span) = self.render_text(template, view)?;
                        let style = if template.has_literal_mark { ScalarStyle::Escaped } else { ScalarStyle::Quoted };
                        (Scalar { text, style }, span.unwrap_or(*written))
                    }
                };
                Some(YamlNode { data: NodeData::Scalar(scalar), span, used_at: span })
            }
            NodeTemplate::List { items, written } => {
                let items: Vec<YamlNode> = items.iter().filter_map(|item| self.render_node(item, view)).collect();
                let data = NodeData::List(Arc::new(items));
                let node = YamlNode { data, span: *written, used_at: *written };
                node.as_list().is_some_and(|items| !items.is_empty()).then_some(node)
            }
            NodeTemplate::Map { entries, written, has_made_keys } => {
                let mut made: Vec<MapEntry> = Vec::with_capacity(entries.len());
                for line in entries {
                    let Some(entry) = self.render_line(line, view) else { continue };
                    let first = made.iter().find(|first| *has_made_keys && first.key == entry.key).map(|first| first.key_span);
                    if first.is_some() {
                        let what =
                            format!("row {} produces the key `{}` twice in one map", view.row.number, super::shown(&entry.key));
                        let at = view.row.cells.first().map_or(Span::default(), |cell| cell.span);
                        view.faults.push(TableFault::at("telform::table::doubled_key", what, at));
                    }
                    made.push(entry);
                }
                let data = NodeData::Map(Arc::new(made));
                let node = YamlNode { data, span: *written, used_at: *written };
                node.as_map().is_some_and(|entries| !entries.is_empty()).then_some(node)
            }
        }
    }

    fn render_line(&self, line: &LineTemplate, view: &mut RowView<'_>) -> Option<MapEntry> {
        let value = self.render_node(&line.value, view)?;
        let (key, key_style, key_span) = self.render_key(&line.key, view)?;
        Some(MapEntry { key, key_style, key_span, value })
    }
}

/// The text of a cell, with the line ends of YAML.
fn cell_text<'a>(cell: &Cell<'a>) -> std::borrow::Cow<'a, str> {
    if cell.text.contains('\r') { cell.text.replace("\r\n", "\n").into() } else { cell.text.into() }
}

impl<'a> RowView<'a> {
    fn cell(&self, column: usize) -> Cell<'a> {
        self.row.cells[self.index[column]]
    }

    /// A place in the table, seen from the file of the entry.
    fn place(&self, span: Span) -> Span {
        span.moved_by(self.first)
    }
}
