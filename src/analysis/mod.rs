//! Questions about the live state and past runs, answered from plans, the journal and what was read.

pub mod adopt;
pub mod drift;
pub mod explain;
pub mod get;
pub mod open_creates;
pub mod plan_comparison;
pub mod plan_graph;
pub mod plan_objects;
pub mod rehearse;
pub mod undo;
