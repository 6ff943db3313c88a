//! Mermaid, which forges and wikis draw from a fenced block.

use super::{Graph, Style, short_line};
use crate::text::escape;

/// The graph as a Mermaid flowchart.
pub fn graph_as_mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    for line in &graph.title {
        out.push_str(&format!("  %% {}\n", comment(line)));
    }
    for (at, title) in graph.clusters.iter().enumerate() {
        out.push_str(&format!("  subgraph c{} [\"{}\"]\n", at + 1, label(std::slice::from_ref(title))));
        for (place, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.cluster == at) {
            let class = match node.style {
                Style::Plain => "",
                Style::Read => ":::read",
                Style::Delete => ":::gone",
            };
            out.push_str(&format!("    n{}[\"{}\"]{class}\n", place + 1, label(&node.lines)));
        }
        out.push_str("  end\n");
    }
    for edge in &graph.edges {
        let arrow = if edge.is_removed { "-.->" } else { "-->" };
        let text =
            if edge.label.is_empty() { String::new() } else { format!("|\"{}\"|", label(std::slice::from_ref(&edge.label))) };
        out.push_str(&format!("  n{} {arrow}{text} n{}\n", edge.from + 1, edge.to + 1));
    }
    out.push_str("  classDef read stroke-dasharray: 5 5\n  classDef gone stroke:#c00,stroke-width:2px\n");
    out
}

/// Lines as one label: a sign that Mermaid, Markdown or HTML could interpret is written as its code.
fn label(lines: &[String]) -> String {
    lines
        .iter()
        .map(|line| escape(&short_line(line)).chars().map(safe_sign).collect::<String>())
        .collect::<Vec<_>>()
        .join("<br/>")
}

fn safe_sign(sign: char) -> String {
    let is_plain =
        sign.is_alphanumeric() || matches!(sign, ' ' | '.' | ',' | '/' | '+' | '-' | ':' | '…' | '×') || !sign.is_ascii();
    if is_plain { sign.to_string() } else { format!("#{};", sign as u32) }
}

/// A comment ends with its line. Braces would begin a directive.
fn comment(text: &str) -> String {
    escape(text).replace(['{', '}', '%'], "_")
}
