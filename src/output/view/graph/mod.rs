//! A plan as a picture for other programs: DOT for Graphviz, and Mermaid for forges and wikis.
//!
//! Text of users and services is in quoted labels only. Each format writes every character of them in a way that its reader
//! cannot interpret.

use std::collections::BTreeMap;

use super::wording;
use crate::analysis::plan_graph::{NumberGroup, StepNode, number_groups, step_graph};
use crate::output::{GraphDocument, GraphEdge, GraphNode};
use crate::plan::{NumberEffect, Plan, Step, StepOperation, one_effect_each};
use crate::text::truncate_middle;

mod dot;
mod mermaid;

pub use dot::graph_as_dot;
pub use mermaid::graph_as_mermaid;

/// Most characters of a line of a label.
const LINE: usize = 80;

/// Numbers that one node names before it counts the rest.
const NAMED: usize = 3;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphSubject {
    /// The requests, and what each waits for.
    Order,
    /// The phone numbers that the plan touches, and who serves them.
    Wiring,
}

/// How a node or an edge is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Read,
    Delete,
}

struct Node {
    lines: Vec<String>,
    style: Style,
    cluster: usize,
}

struct Edge {
    from: usize,
    to: usize,
    label: String,
    /// It ends with the plan.
    is_removed: bool,
}

/// A graph without a format.
pub struct Graph {
    title: Vec<String>,
    clusters: Vec<String>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

/// Draws a plan.
pub fn plan_graph(plan: &Plan, subject: GraphSubject) -> Graph {
    match subject {
        GraphSubject::Order => order_graph(plan),
        GraphSubject::Wiring => wiring_graph(plan),
    }
}

impl Graph {
    fn with_title(plan: &Plan, about: &str) -> Self {
        let title = vec![about.to_owned(), plan.summary(), plan.digest.clone()];
        Self { title, clusters: Vec::new(), nodes: Vec::new(), edges: Vec::new() }
    }

    fn cluster(&mut self, title: String) -> usize {
        self.clusters.iter().position(|known| *known == title).unwrap_or_else(|| {
            self.clusters.push(title);
            self.clusters.len() - 1
        })
    }

    /// A node that says why there are no others.
    fn or_note(mut self, note: &str) -> Self {
        if self.nodes.is_empty() {
            let cluster = self.cluster("Plan".to_owned());
            self.nodes.push(Node { lines: vec![note.to_owned()], style: Style::Read, cluster });
        }
        self
    }

    /// For programs.
    pub fn to_document(&self) -> GraphDocument {
        let id = |at: usize| format!("n{}", at + 1);
        let nodes = self.nodes.iter().enumerate().map(|(at, node)| GraphNode {
            id: id(at),
            label: node.lines.clone(),
            cluster: self.clusters[node.cluster].clone(),
        });
        let edges = self.edges.iter().map(|edge| GraphEdge {
            from: id(edge.from),
            to: id(edge.to),
            label: Some(edge.label.clone()).filter(|label| !label.is_empty()),
            removed: edge.is_removed,
        });
        GraphDocument { title: self.title.clone(), nodes: nodes.collect(), edges: edges.collect() }
    }
}

fn order_graph(plan: &Plan) -> Graph {
    let mut graph = Graph::with_title(plan, "Order of the requests");
    let steps = step_graph(plan);
    for node in &steps.nodes {
        let account = node.account.map(|account| format!(" in {account}")).unwrap_or_default();
        let cluster = graph.cluster(format!("{}{account}", node.phase.as_str()));
        let style = match node.steps[0].operation {
            StepOperation::Delete { .. } => Style::Delete,
            StepOperation::ReadBack { .. } => Style::Read,
            _ => Style::Plain,
        };
        graph.nodes.push(Node { lines: step_lines(node), style, cluster });
    }
    graph.edges = steps
        .waits
        .into_iter()
        .map(|((from, to), waits)| {
            let label = if waits > 1 { format!("{waits} waits") } else { String::new() };
            Edge { from, to, label, is_removed: false }
        })
        .collect();
    graph.or_note("no requests")
}

fn step_lines(node: &StepNode<'_>) -> Vec<String> {
    let first = node.steps[0];
    let [.., last] = node.steps.as_slice() else { return Vec::new() };
    if node.steps.len() == 1 {
        let subject = wording::step_subject(first);
        return vec![format!("{} {subject}", first.id), format!("{} {}", first.call.method, first.call.path_and_query())];
    }
    let kind = first.address.as_ref().map(|address| address.kind.as_str()).filter(|kind| same_kind(&node.steps, kind));
    let kind = kind.map(|kind| format!(" {}", wording::kind_in_words(node.steps.len(), kind))).unwrap_or_default();
    vec![format!("{} × {}{kind}", node.steps.len(), first.operation.as_str()), format!("{} to {}", first.id, last.id)]
}

fn same_kind(steps: &[&Step], kind: &str) -> bool {
    steps.iter().all(|step| step.address.as_ref().is_some_and(|address| address.kind.as_str() == kind))
}

fn wiring_graph(plan: &Plan) -> Graph {
    let mut graph = Graph::with_title(plan, "Phone numbers that the plan touches");
    let words = wording::link_words(plan);
    let mut known: BTreeMap<(usize, String), usize> = BTreeMap::new();
    let mut edges: Vec<Edge> = Vec::new();
    let impact = one_effect_each(&plan.impact);
    for group in number_groups(&impact) {
        let number = {
            let cluster = graph.cluster(format!("{} in {}", wording::NUMBERS, group.account));
            graph.nodes.push(Node { lines: number_lines(&group), style: number_style(&group), cluster });
            graph.nodes.len() - 1
        };
        for (location, is_removed) in [(group.from, true), (group.to, false)] {
            let Some(location) = location.filter(|_| !(is_removed && group.from == group.to)) else { continue };
            let account = location.account.as_deref().unwrap_or(group.account);
            let mut place = |word: &str, name: &str| {
                let cluster = graph.cluster(format!("{}s in {account}", wording::sentence_case(word)));
                *known.entry((cluster, name.to_owned())).or_insert_with(|| {
                    graph.nodes.push(Node { lines: vec![name.to_owned()], style: Style::Plain, cluster });
                    graph.nodes.len() - 1
                })
            };
            let holder = wording::number_place(plan, group.account, location).map(|name| place(words.holder, name));
            let target = place(words.target, &location.provider);
            // The holder may have numbers of several targets, so the edge of the number names its own.
            let is_replaced = group.effect == NumberEffect::Moves && group.from == group.to;
            let replaced = if is_replaced { ", which is replaced" } else { "" };
            let by = holder.is_some().then(|| format!("{}{replaced}", location.provider));
            let label = edge_label(is_removed, group.numbers.len(), by.as_deref());
            edges.push(Edge { from: number, to: holder.unwrap_or(target), label, is_removed });
            let Some(holder) = holder else { continue };
            let serves = edges.iter_mut().find(|edge| edge.from == holder && edge.to == target);
            match serves {
                Some(edge) => edge.is_removed &= is_removed,
                None => edges.push(Edge { from: holder, to: target, label: String::new(), is_removed }),
            }
        }
    }
    graph.edges = edges;
    graph.or_note("no phone number is touched")
}

fn edge_label(is_removed: bool, count: usize, by: Option<&str>) -> String {
    let count = (count > 1).then(|| count.to_string());
    let until = is_removed.then(|| "until now".to_owned());
    let counted: Vec<String> = count.into_iter().chain(until).collect();
    let counted = (!counted.is_empty()).then(|| counted.join(" "));
    let by = by.map(|by| format!("by {by}"));
    counted.into_iter().chain(by).collect::<Vec<_>>().join(", ")
}

fn number_style(group: &NumberGroup<'_>) -> Style {
    if group.effect == NumberEffect::Dark { Style::Delete } else { Style::Plain }
}

fn number_lines(group: &NumberGroup<'_>) -> Vec<String> {
    let word = wording::effect_word(group.effect);
    if let [number] = group.numbers.as_slice() {
        return vec![(*number).to_owned(), word.to_owned()];
    }
    let mut lines = vec![format!("{} numbers {word}", group.numbers.len())];
    lines.extend(group.numbers.iter().take(NAMED).map(|number| (*number).to_owned()));
    if group.numbers.len() > NAMED {
        lines.push(format!("and {} more", group.numbers.len() - NAMED));
    }
    lines
}

/// A line of a label, not too long.
fn short_line(text: &str) -> String {
    truncate_middle(text, LINE).text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hostile() -> Graph {
        let text = "a\"];}--> %%{init: x}%% `<b>&lt;#quot;|end\\N\\\nx\u{202e}\u{1b}[31m".to_owned();
        let node = |cluster| Node { lines: vec![text.clone(), "second".to_owned()], style: Style::Delete, cluster };
        Graph {
            title: vec![text.clone()],
            clusters: vec![text.clone(), "end".to_owned()],
            nodes: vec![node(0), node(1)],
            edges: vec![Edge { from: 0, to: 1, label: text.clone(), is_removed: true }],
        }
    }

    /// A reader of quoted strings in DOT: everything outside of quotes.
    fn outside_of_quotes(dot: &str) -> String {
        let (mut out, mut inside, mut escaped) = (String::new(), false, false);
        for sign in dot.chars() {
            match sign {
                '"' if !escaped => inside = !inside,
                sign if !inside => out.push(sign),
                _ => {}
            }
            escaped = inside && sign == '\\' && !escaped;
        }
        assert!(!inside, "{dot}");
        out
    }

    #[test]
    fn hostile_text_stays_in_its_label_in_dot() {
        let dot = graph_as_dot(&hostile());
        let outside = outside_of_quotes(&dot);
        assert!(!outside.contains("init") && !outside.contains("second"), "{outside}");
        assert_eq!(dot.lines().filter(|line| line.trim_start().starts_with("n1 [")).count(), 1, "{dot}");
        assert!(
            dot.contains("&amp;lt;") && dot.contains("end\\\\N\\\\\\\\u{a}") && dot.contains("\\\\u{202e}\\\\u{1b}"),
            "{dot}"
        );
    }

    #[test]
    fn hostile_text_stays_in_its_label_in_mermaid() {
        let mermaid = graph_as_mermaid(&hostile());
        for line in mermaid.lines().filter(|line| !line.trim_start().starts_with("%%")) {
            let quotes = line.matches('"').count();
            assert!(quotes == 0 || quotes == 2, "{line}");
            let inside = line.split('"').nth(1).unwrap_or_default().replace("<br/>", "");
            assert!(!inside.contains(['<', '>', '`', '{', '}', '[', ']', '|', '%', '\\', '&', '(', ')']), "{line}");
            let codes = inside
                .split('#')
                .skip(1)
                .all(|code| code.split_once(';').is_some_and(|(digits, _)| digits.parse::<u32>().is_ok()));
            assert!(codes, "{line}");
        }
        let comment = mermaid.lines().nth(1).unwrap_or_default();
        assert!(!comment.trim_start_matches("  %% ").contains(['{', '}', '%']), "{comment}");
        assert!(!mermaid.contains(['\u{202e}', '\u{1b}']));
    }
}
