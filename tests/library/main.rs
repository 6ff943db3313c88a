//! The library from outside: its readers, its planner, its checker, the client and the simulator, each by itself.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod adopted_tables;
mod api_http;
mod api_pace;
mod api_recordings;
mod api_rules;
mod cases;
mod desired_bad;
mod desired_good;
mod desired_secrets;
mod desired_tables;
mod desired_yaml;
mod formats;
mod fuzz;
mod journal;
mod journals;
mod kinds;
mod ledger;
mod ledger_remote;
mod live_attribution;
mod live_bridges;
mod live_carrierx;
mod live_unpod;
mod live_world;
mod mutants;
mod policy;
mod progress;
mod properties;
#[path = "../runners/mod.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod runners;
mod sandbox_bench;
mod sandbox_carrierx;
mod sandbox_faults;
mod sandbox_knobs;
mod sandbox_recordings;
mod sandbox_telnyx;
mod sandbox_telnyx_knobs;
mod sandbox_telnyx_random;
mod schema;
mod verify;
