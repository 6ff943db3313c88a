//! The YAML: read with positions, checked, and turned into the desired state; its schema; the tables that entries are made from; where its secrets come from.

pub mod desired;
pub mod format;
pub mod problem;
pub mod schema;
pub mod secrets;
mod tables;
pub mod yaml;

pub(crate) use tables::{TableText, fits_cell, literal_text};
