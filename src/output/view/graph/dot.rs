//! DOT, the language of Graphviz.

use super::{Graph, Style, short_line};
use crate::text::escape;

/// The graph as DOT. `dot -Tsvg` draws it.
pub fn graph_as_dot(graph: &Graph) -> String {
    let mut out = String::from("digraph plan {\n");
    out.push_str(&format!(
        "  graph [rankdir=LR, fontname=\"sans-serif\", labelloc=t, label={}];\n",
        quoted(graph.title.iter().cloned())
    ));
    out.push_str("  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n");
    for (at, title) in graph.clusters.iter().enumerate() {
        out.push_str(&format!("  subgraph cluster_{} {{\n    label={};\n", at + 1, label(std::slice::from_ref(title))));
        for (place, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.cluster == at) {
            let style = match node.style {
                Style::Plain => "",
                Style::Read => ", style=\"rounded,dashed\"",
                Style::Delete => ", color=red, penwidth=2",
            };
            out.push_str(&format!("    n{} [label={}{style}];\n", place + 1, label(&node.lines)));
        }
        out.push_str("  }\n");
    }
    for edge in &graph.edges {
        let mut attributes = Vec::new();
        if !edge.label.is_empty() {
            attributes.push(format!("label={}", label(std::slice::from_ref(&edge.label))));
        }
        if edge.is_removed {
            attributes.push("style=dashed".to_owned());
        }
        let attributes = if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
        out.push_str(&format!("  n{} -> n{}{attributes};\n", edge.from + 1, edge.to + 1));
    }
    out.push_str("}\n");
    out
}

/// Lines as one label.
fn label(lines: &[String]) -> String {
    quoted(lines.iter().map(|line| short_line(line)))
}

/// The same at any length. In it a backslash begins a command and an ampersand an entity, so both are written out.
fn quoted(lines: impl Iterator<Item = String>) -> String {
    let line = |text: String| escape(&text).replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;");
    format!("\"{}\"", lines.map(line).collect::<Vec<_>>().join("\\n"))
}
