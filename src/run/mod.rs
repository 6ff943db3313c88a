//! The workflow of a run as a library: open, read, plan, carry out, prove. Saved plans, policies, signatures, locks, the journal
//! and the recovery of earlier runs are in it. It prints nothing: whoever starts a run listens to it ([`Progress`]).
//!
//! Each command of the command line that does more than show something is a function here, with a typed result: [`apply()`], [`undo()`],
//! [`make_plan`], [`rehearse`], [`adopt`], [`drift`], [`get`], and [`maintenance`] of ledger and journal. [`Run`] is what they are made of.
//!
//! [`apply()`] does all of it, as the command line does. Step by step, here with the quickstart and the embedded sandbox:
//!
//! ```
//! use std::time::Duration;
//! use telform::run::{Context, Exit, PlanSelection, Run, RunOptions, SessionPurpose, StepOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let file = |name: &str| folder.path().join(name);
//! for name in ["telform.yaml", "world.yaml"] {
//!     std::fs::copy(format!("examples/quickstart/{name}"), file(name))?;
//! }
//! let options = RunOptions { files: vec![file("telform.yaml")], ..RunOptions::default() };
//! let choice = PlanSelection { sandbox: Some(file("world.yaml")), ..PlanSelection::default() };
//! tokio::runtime::Runtime::new()?.block_on(async {
//!     let mut run = Run::open(&Context::new(options), &choice, SessionPurpose::Apply(Duration::ZERO)).await?;
//!     run.settle().await?;
//!     let live = run.read().await?;
//!     let plan = run.plan(&live)?;
//!     println!("{}", plan.summary());
//!     let applied = run.apply(&plan, &live, StepOptions::default()).await?.expect("the quickstart has changes");
//!     assert_eq!(applied.exit, Exit::Done);
//!     assert!(applied.proof.is_some_and(|proof| !proof.second_plan.has_changes()));
//!     Ok(())
//! })
//! # }
//! ```

mod accounts;
pub mod adopt;
pub(crate) mod applicable_part;
mod apply;
mod carry_out;
mod checked_plan;
mod choice;
pub mod drift;
pub(crate) mod embedded;
mod error;
mod exit;
pub(crate) mod files;
pub mod get;
pub(crate) mod git;
mod heads;
pub(crate) mod journal;
pub(crate) mod journal_key;
pub(crate) mod ledger_run;
mod limits;
pub(crate) mod lock;
pub mod maintenance;
pub mod make_plan;
pub(crate) mod next_commands;
pub(crate) mod opened_ledger;
mod options;
pub(crate) mod output_file;
mod policies;
mod progress;
mod proof;
mod reading;
pub(crate) mod recover;
pub mod rehearse;
pub(crate) mod saved_plan;
pub(crate) mod secret_checks;
pub(crate) mod session;
pub(crate) mod settle;
pub(crate) mod signing;
mod undo;
mod undone_run;
mod unmet_attributes;

pub(crate) use accounts::match_account_patterns;
pub use apply::apply;
pub(crate) use apply::apply_signed;
pub use apply::{ApplyOptions, ApplyRequest};
pub(crate) use carry_out::CarryOut;
pub use carry_out::{Applied, StepOptions};
pub use choice::PlanSelection;
pub(crate) use choice::nearest_address;
pub use error::RunError;
pub use exit::Exit;
pub(crate) use heads::{JournalHeads, parse as parse_head};
pub(crate) use journal::RunJournal;
pub use options::{Context, RunOptions};
pub use policies::PolicyOptions;
pub(crate) use policies::RunPolicies;
pub use progress::{Busy, BusyGuard, Interrupts, NoInterrupts, Progress, RunEvent, Silent, Warning};
pub use proof::Proof;
pub use saved_plan::SavedPlan;
pub use session::{Run, SessionPurpose};
pub use signing::TrustDemand;
pub(crate) use undo::undo_signed;
pub use undo::{UndoRequest, undo};

pub use crate::apply::{ApplyReport, OnError};
