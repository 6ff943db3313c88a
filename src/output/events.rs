//! Lines of a stream beside those that an apply tells its listeners ([`Event`](crate::event::Event)).

use schemars::JsonSchema;
use serde::Serialize;

use crate::apply::Doubled;
use crate::call::StepId;
use crate::document::{Moved, v1};
use crate::event::Outcome;
use crate::journal::Verdict;
use crate::plan::Step;
use crate::view::rehearsal::Rehearsal;
use crate::view::report::Advice;

/// What a command says around a run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Said<'a> {
    /// A run of the journal was cut off, and its open steps are settled by reading before anything else.
    CutOff {
        /// The run.
        run: &'a str,
        /// Its command.
        command: &'a str,
    },
    /// An open step of a run that was cut off was settled by reading.
    Settled {
        /// The run.
        run: &'a str,
        /// Its step.
        step: &'a str,
        /// What reading says.
        verdict: Verdict,
        /// What was seen.
        evidence: &'a str,
    },
    /// `undo` found the run, and says what of it is not taken back.
    Undo {
        /// The run.
        run: &'a str,
        /// What stays, and why.
        left: &'a [crate::undo::Left],
    },
    /// The way back is not what was saved with the run, because something moved since.
    UndoMoved {
        /// Saved then, and not sent today.
        dropped: Vec<Saved<'a>>,
        /// Sent today, and not saved then.
        added: Vec<Saved<'a>>,
    },
    /// The plan. Everything after it is about this plan.
    Planned {
        /// As `telform plan --json` prints it, without a checksum.
        document: &'a v1::Document,
    },
    /// Live or configuration is not what the reviewed plan saw: nothing is written.
    Stale {
        /// What moved.
        moved: &'a [Moved],
    },
    /// A policy has judged the plan.
    Policy {
        /// Its command line.
        policy: &'a str,
        /// Where it is named.
        named: &'a str,
        /// Whether the plan may go on.
        allowed: bool,
        /// Why not.
        why: Option<&'a str>,
        /// What it printed.
        text: &'a str,
    },
    /// Secrets whose value nobody can compare with that of the review; what is there now is sent.
    Unbound {
        /// Each as address and attribute.
        secrets: &'a [String],
    },
    /// The run did not go through: how each step ended, and how to go on.
    Unfinished {
        /// Numbers that are cut off now.
        dark: Vec<Dark>,
        /// Commands to go on with, when a number is dark.
        advice: &'a [Advice],
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
        /// Digest of the plan that was carried out.
        digest: &'a str,
        /// The fresh plan in one line.
        second_plan: String,
        /// What the service keeps in another form than it was sent, a sentence each.
        unmet: &'a [String],
    },
    /// What a rehearsal showed.
    Rehearsed {
        /// Requests, time, and darkness of numbers.
        rehearsal: &'a Rehearsal,
    },
    /// Always the last line of a command that came this far.
    Ended {
        /// Exit code of the process.
        exit: u8,
        /// The same in a word or two.
        result: &'a str,
    },
    /// Objects that the run made, and others with the same natural key.
    Twins {
        /// Each of ours.
        twins: &'a [Doubled],
    },
}

/// A request of the way back.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Saved<'a> {
    /// Object, attribute or number.
    pub what: &'a str,
    /// Method and path.
    pub request: &'a str,
}

/// A number that is cut off.
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
    pub result: &'a Outcome,
}

/// A step beyond the plan and how it ended.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StepMore<'a> {
    /// The step.
    #[schemars(with = "v1::Step")]
    pub step: &'a Step,
    /// How.
    pub result: &'a Outcome,
}
