//! How a plan is applied.

use clap::{Args, ValueEnum};

use super::guards::parse_positive;
use super::{LockArgs, PolicyArgs, SignArgs};
use crate::apply::OnError;
use crate::run::{ApplyOptions, StepOptions};

/// How a plan is applied.
#[derive(Debug, Args, Clone)]
pub struct RunArgs {
    /// Write at most N at a time in each account
    ///
    /// To use fewer than the account allows.
    #[arg(long, value_name = "N", value_parser = parse_positive::<u16>)]
    pub parallelism: Option<u16>,
    /// What happens to the other steps when a step fails
    #[arg(long, value_name = "WHAT", default_value = "stop")]
    pub on_error: FailurePolicy,
    /// Reconnect numbers if the run fails [default: on]
    ///
    /// Those that were disconnected for a step that did not happen, if what served them still exists.
    #[arg(long, overrides_with = "no_reconnect_on_failure")]
    pub reconnect_on_failure: bool,
    /// Leave such numbers disconnected
    #[arg(long)]
    pub no_reconnect_on_failure: bool,
    /// Programs that judge the plan.
    #[command(flatten)]
    pub policies: PolicyArgs,
}

/// What happens to the other steps when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailurePolicy {
    /// Start nothing new.
    Stop,
    /// Continue with what does not depend on it.
    Continue,
}

impl RunArgs {
    /// The same for a run, with its settings.
    pub(crate) fn options(&self, auto_approve: bool, lock: &LockArgs) -> ApplyOptions {
        ApplyOptions { auto_approve, policies: self.policies.given(), steps: self.steps(), lock_wait: lock.timeout() }
    }

    /// How the steps are carried out.
    pub(crate) fn steps(&self) -> StepOptions {
        StepOptions {
            on_error: match self.on_error {
                FailurePolicy::Stop => OnError::Stop,
                FailurePolicy::Continue => OnError::Continue,
            },
            reconnect: !self.no_reconnect_on_failure,
            parallelism: self.parallelism.map(usize::from),
        }
    }
}

/// How the run of a command is confirmed, carried out, signed and locked.
#[derive(Debug, Args, Clone)]
pub struct CarryOutArgs {
    /// Do not ask for confirmation
    #[arg(long)]
    pub auto_approve: bool,
    /// How it is carried out.
    #[command(flatten)]
    pub run: RunArgs,
    /// Who signs the receipt.
    #[command(flatten)]
    pub sign: SignArgs,
    /// How to lock.
    #[command(flatten)]
    pub lock: LockArgs,
}

impl CarryOutArgs {
    /// The same for a run.
    pub(crate) fn options(&self) -> ApplyOptions {
        self.run.options(self.auto_approve, &self.lock)
    }
}
