//! Plan and apply for telephony: read what is wanted from YAML and what is there over REST, show the difference as a plan
//! of requests in a proven order, and carry it out.
//!
//! The public face is [`run`], the workflow as a library: planning, applying, resuming, undoing, rehearsing, adopting, looking for
//! drift, and maintaining ledger and journal, each as one function. With it goes what it takes and gives: [`model`], [`plan`],
//! [`document`], [`services`] (a service reads itself through [`http`] and [`read`]), [`verify`] and [`sandbox`]. The other
//! modules are there for the command line and for the tests: they are hidden from these pages, and may change in any version.
//!
//! Modules are in import order: each uses only what is declared above it (`tests/repository/house.rs` holds that).

/// The services, a folder under `services/` each. This list is all that says so: the tables of `services` and what the
/// independent checker knows (`checker.in` in the same folder) are found by it.
macro_rules! services {
    ($each:ident) => {
        $each! {
            unpod
            carrierx
            telnyx
        }
    };
}

#[doc(hidden)]
pub mod text;

#[doc(hidden)]
pub mod process;

#[doc(hidden)]
pub mod disk;

#[doc(hidden)]
pub mod failpoints;

pub mod verify;

pub mod sandbox;

pub mod model;

#[doc(hidden)]
pub mod signature;

pub mod http;

pub mod read;

pub mod services;

#[doc(hidden)]
pub mod config;

pub mod plan;

pub mod document;

#[doc(hidden)]
pub mod state;

#[doc(hidden)]
pub mod apply;

#[doc(hidden)]
pub mod analysis;

#[doc(hidden)]
pub mod output;

pub mod run;

#[doc(hidden)]
pub mod cli;
