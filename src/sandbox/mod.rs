//! Simulators of the services, over real HTTP on the loopback interface.
//!
//! It is what `--sandbox`, `telform sandbox` and the tests talk to. It shares nothing with the rest of the crate, so
//! that the two can disagree: everything here is written against the fact sheets `api/unpod.md` (section 14),
//! `api/carrierx.md` (section 11) and `api/telnyx.md` (section 17), and Unpod's generation 1 is checked against recorded traffic.
//!
//! * [`World`]: the state, which is also a YAML file.
//! * [`Sandbox`]: a running server. All services live on one port, below a random token: Unpod under
//!   `/TOKEN/api/v2/platform/`, CarrierX under `/TOKEN/core/v2/`, Telnyx under `/TOKEN/v2/`, and the simulator's own routes
//!   under `/TOKEN/_sim/`.
//! * [`FaultRule`]: what is to go wrong, as data.

mod answer;
mod carrierx;
mod catalogue;
mod control;
mod core;
mod fault;
mod gate;
mod ids;
mod log;
mod server;
mod simulators;
mod telnyx;
mod unpod;
mod wire;
mod world;

pub use fault::{FakeAnswer, FakeBody, FaultEffect, FaultRule, FaultTiming, ForeignEdit, RequestMatcher, SimulatedService};
pub use log::LoggedRequest;
pub use server::Sandbox;
pub use simulators::{SIMULATORS, Simulator, simulator_of};
pub use world::*;

/// The token that every default world accepts on every service.
pub const DEFAULT_TOKEN: &str = "sandbox-token";
