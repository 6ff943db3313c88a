//! Values without behaviour of their own: what the YAML wants, what the services show, what is remembered. No file, no network.

pub mod call;
pub mod codes;
pub mod guards;
pub mod kind;
pub mod ledger;
pub mod resource;
pub mod value;
