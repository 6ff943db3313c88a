//! Plan and apply for telephony: read what is wanted from YAML and what is there over REST, show the difference as a plan
//! of requests in a proven order, and carry it out.
//!
//! The rooms stand in import order: each uses only what is declared above it (`tests/house.rs` holds that).

/// The services, a folder under `backend/` each. This list is all that says so: the tables of `backend` and the rows of the
/// independent checker (`checker.in` in the same folder) are found by it. What stands under `cfg(test)` is the worked example
/// of CONTRIBUTING.md.
macro_rules! services {
    ($each:ident) => {
        $each! {
            unpod
            carrierx
            #[cfg(test)] voicebox
        }
    };
}

pub mod text;

pub mod codes;

pub mod hooks;

pub mod program;

pub mod policy;
pub mod verify;

pub mod value;

pub mod kind;

pub mod resource;

pub mod call;

pub mod backend;

pub mod schema;

pub mod problem;

pub mod yaml;

pub mod desired;

pub mod ledger;

pub mod secrets;

pub mod snapshot;

pub mod plan;

pub mod document;

pub mod journal;

pub mod undo;

pub mod drift;

pub mod explain;

pub mod adopt;

pub mod api;

pub mod live;

pub mod probe;

pub mod event;

pub mod apply;

pub mod view;

pub mod output;

pub mod docs;

pub mod sandbox;

pub mod rehearse;

pub mod cli;
