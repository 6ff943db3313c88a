//! Lines of a stream beside the events of an apply ([`Event`](crate::apply::event::Event)).

use schemars::JsonSchema;
use serde::Serialize;

use crate::apply::ObjectWithTwins;
use crate::apply::event::StepOutcome;
use crate::document::{PlanDifference, v1};
use crate::model::call::StepId;
use crate::model::ledger::JournalHead;
use crate::output::view::rehearsal::Rehearsal;
use crate::output::view::report::NextCommand;
use crate::plan::Step;
use crate::signature::{Approval, Signer};
use crate::state::journal::JournalFinding;

/// What a command reports around a run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Said<'a> {
    /// A run of the journal was interrupted, and its open steps are settled by reading before anything else.
    CutOff {
        /// The run.
        run: &'a str,
        /// Its command.
        command: &'a str,
    },
    /// An open step of an interrupted run was settled by reading.
    Settled {
        /// The run.
        run: &'a str,
        /// Its step.
        step: &'a str,
        /// What reading says.
        verdict: JournalFinding,
        /// What was seen.
        evidence: &'a str,
    },
    /// `undo` found the run, and reports what is not undone.
    Undo {
        /// The run.
        run: &'a str,
        /// What is kept, and why.
        left: &'a [crate::analysis::undo::NotUndone],
    },
    /// The undo differs from what was saved with the run.
    UndoMoved {
        /// Saved then, and not sent now.
        dropped: Vec<Saved<'a>>,
        /// Sent now, and not saved then.
        added: Vec<Saved<'a>>,
        /// Sent now with other values than those saved then.
        changed: Vec<Saved<'a>>,
    },
    /// The plan. Everything after it is about this plan.
    Planned {
        /// As `telform plan --json` prints it, without a checksum.
        document: &'a v1::Document,
    },
    /// The first changes are applied and proven. Everything after it is about the rest, which is read and planned again.
    RestFollows {
        /// The number that `--limit` names.
        limit: u64,
        /// How many changes there were without it.
        of: u64,
        /// How many of them were left out.
        left_out: u64,
    },
    /// Live state or configuration changed since the reviewed plan: nothing is written.
    Stale {
        /// What changed.
        moved: &'a [PlanDifference],
    },
    /// A policy has judged the plan.
    Policy {
        /// Its command line.
        policy: &'a str,
        /// Where it is named.
        named: &'a str,
        /// Whether the plan may continue.
        allowed: bool,
        /// Why not.
        why: Option<&'a str>,
        /// What it printed.
        text: &'a str,
    },
    /// Secrets whose value cannot be compared with that of the review; the current value is sent.
    Unbound {
        /// Each as address and attribute.
        secrets: &'a [String],
    },
    /// The run was not completed: how each step ended, and how to continue.
    Unfinished {
        /// Numbers that are now disconnected.
        dark: Vec<Dark>,
        /// Commands to continue with, when a number is dark.
        advice: &'a [NextCommand],
        /// Every step of the plan.
        steps: Vec<StepEnd<'a>>,
        /// Steps that connected numbers again.
        reconnected: Vec<StepMore<'a>>,
        /// Why the ledger could not be saved.
        ledger_error: Option<String>,
    },
    /// Every step is done, and everything was read and planned again.
    Finished {
        /// Writes that are done.
        writes: usize,
        /// Whether a fresh plan is empty.
        converged: bool,
        /// Digest of the plan that was applied.
        digest: &'a str,
        /// The fresh plan in one line.
        second_plan: String,
        /// What the service stores in a different form from the one sent, one sentence each.
        unmet: &'a [String],
    },
    /// What a rehearsal showed.
    Rehearsed {
        /// Requests, time, and darkness of numbers.
        rehearsal: &'a Rehearsal,
    },
    /// Always the last line of a command that got this far.
    Ended {
        /// Exit code of the process.
        exit: u8,
        /// The same in a word or two.
        result: &'a str,
        /// Where the run wrote to the journal: its last line.
        #[serde(skip_serializing_if = "Option::is_none")]
        journal: Option<Reached>,
    },
    /// Objects that the run created, and others with the same natural key.
    Twins {
        /// Each of ours.
        twins: &'a [ObjectWithTwins],
    },
    /// The saved plan was signed or approved by those whom `--allowed-signers` and `--approvals` require.
    Vouched {
        /// Digest of the plan.
        digest: &'a str,
        /// Who signed it.
        #[serde(skip_serializing_if = "Option::is_none")]
        plan_signed_by: Option<&'a Signer>,
        /// The approvals that count: who, when, and until when.
        approvals: &'a [Approval],
    },
}

/// The last line that a run wrote to the journal: its hash covers all lines.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Reached {
    /// The line.
    pub head: JournalHead,
    /// The command that refuses a journal without that line.
    pub demand: String,
    /// The file that holds it for the next run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_in: Option<String>,
}

/// A request of an undo.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Saved<'a> {
    /// Object, attribute or number.
    pub what: &'a str,
    /// Method and path.
    pub request: &'a str,
    /// Names of the values that differ; empty for a request that only one of both has.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub attributes: &'a [String],
}

/// A disconnected number.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Dark {
    /// E.164.
    pub number: String,
    /// Slug of the bridge that it was on.
    pub bridge: String,
    /// Id of the configuration that served it.
    pub configuration: String,
}

/// A step of the plan and how it ended.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StepEnd<'a> {
    /// Its id.
    pub step: &'a StepId,
    /// How.
    pub result: &'a StepOutcome,
}

/// A step after the plan and how it ended.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StepMore<'a> {
    /// The step.
    #[schemars(with = "v1::StepV1")]
    pub step: &'a Step,
    /// How.
    pub result: &'a StepOutcome,
}
