//! The YAML: read with positions, checked, and turned into the desired state; its schema; where its secrets come from.

pub mod desired;
pub mod problem;
pub mod schema;
pub mod secrets;
pub mod yaml;
