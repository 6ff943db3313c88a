//! A plan as a graph, for programs.

use schemars::JsonSchema;
use serde::Serialize;

use super::documents::documents;

documents! {
    GraphDocument => "telform-graph"
}

/// A plan as a graph.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GraphDocument {
    /// What is drawn, what the plan does, and its digest.
    pub title: Vec<String>,
    /// Requests, or phone numbers and what serves them; alike ones are one node where they are many.
    pub nodes: Vec<GraphNode>,
    /// From a request to one that waits for it, or from a phone number to what serves it.
    pub edges: Vec<GraphEdge>,
}

/// A node of a graph.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GraphNode {
    /// `n1`, `n2`, as in the other formats.
    pub id: String,
    /// Its label, line by line.
    pub label: Vec<String>,
    /// The title of its frame: a phase and an account, or a kind and an account.
    pub cluster: String,
}

/// An edge of a graph.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GraphEdge {
    /// Where it begins.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// Its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether this connection ends with the plan.
    pub removed: bool,
}
