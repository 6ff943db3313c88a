//! Documents about the journal.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Document, Violation};
use crate::document::v1;
use crate::journal::{Actor, Line, Record, Run, Shown, Verdict, Written};
use crate::ledger::Head;
use crate::view::journal::{shown, writes};

/// Every run of the journal, the oldest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunList<'a> {
    /// Without their steps.
    pub runs: Vec<OneRun<'a>>,
}

/// One run of the journal with its steps.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunShown<'a> {
    /// The run.
    pub run: OneRun<'a>,
}

/// What was in force at a time.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InForce<'a> {
    /// RFC 3339, UTC.
    pub at: &'a str,
    /// The last run that had begun by then; null when none had.
    pub run: Option<&'a str>,
    /// The last values that were set, and by which run.
    pub values: Vec<Value<'a>>,
}

/// Which runs set a value.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Blame<'a> {
    /// For an address the last run of each value; for an attribute every run, the last one first.
    pub values: Vec<Value<'a>>,
}

/// Whether the journal is what was written and every run followed the rules.
#[derive(Debug, Serialize, JsonSchema)]
pub struct JournalChecked<'a> {
    /// Whether all of it is in order.
    pub verified: bool,
    /// Lines.
    pub lines: usize,
    /// Runs.
    pub runs: usize,
    /// The last line: it stands for all of them.
    pub head: Head,
    /// A line that was cut off by a power loss.
    pub torn: Option<usize>,
    /// Runs that ended after the ledger was saved last, so that it does not know them.
    pub behind: usize,
    /// Where the chain breaks.
    pub broken: Option<BrokenAt<'a>>,
    /// Rules that a run breaks.
    pub violations: Vec<Violation<'a>>,
}

/// A new journal was begun.
#[derive(Debug, Serialize, JsonSchema)]
pub struct JournalRestarted {
    /// Where the old one is kept; null when there was nothing of it.
    pub kept: Option<String>,
    /// Lines of it that are what was written.
    pub lines: usize,
}

/// Where a chain breaks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BrokenAt<'a> {
    /// Number of the line.
    pub line: usize,
    /// Why.
    pub why: &'a str,
}

/// What the independent checker finds in the file of a journal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct JournalVerdict<'a> {
    /// Whether every rule holds.
    pub verified: bool,
    /// Lines that were looked at.
    pub lines: usize,
    /// Runs among them.
    pub runs: usize,
    /// Requests that were announced.
    pub requests: usize,
    /// Hash of the last line.
    pub head: &'a str,
    /// Rules that it breaks; `place` is the line.
    pub violations: Vec<Violation<'a>>,
}

/// The whole journal, run by run and step by step, for an audit.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Export<'a> {
    /// The last line: it stands for all of them.
    pub head: Head,
    /// Why the journal is not what was written; null when it is.
    pub broken: Option<String>,
    /// Every run, as far as the journal is what was written.
    pub runs: Vec<OneRun<'a>>,
}

/// One run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OneRun<'a> {
    /// Its id.
    pub run: &'a str,
    /// When it began (RFC 3339, UTC).
    pub at: &'a str,
    /// When it ended; null when it was cut off.
    pub ended: Option<&'a str>,
    /// Who ran it.
    pub actor: &'a Actor,
    /// `apply`, `resume`, `undo`, or what changed the ledger alone, such as `forget`.
    pub command: &'a str,
    /// Version of telform.
    pub telform_version: &'a str,
    /// Digest of its plan.
    pub digest: &'a str,
    /// What the plan was made from.
    pub origin: &'a v1::Origin,
    /// How it ended, in a word or two.
    pub result: &'a str,
    /// Writes that are done.
    pub writes: u64,
    /// Its receipt, as the journal has it; null when it was cut off.
    pub receipt: Option<&'a Record>,
    /// What takes it back, as it was known before its first request. Only where steps are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<&'a [v1::Inverse]>,
    /// What it changed in the ledger without any request, where steps are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<&'a [v1::LedgerEffect]>,
    /// Its steps, where they are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<OneStep<'a>>>,
}

/// One step of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OneStep<'a> {
    /// Its id.
    pub step: &'a str,
    /// Object that it is about.
    pub address: Option<&'a str>,
    /// The request as planned.
    pub call: &'a v1::Call,
    /// The line that announced it; null when it was not started.
    pub intent: Option<&'a Line>,
    /// The line that says how it ended; null when nobody wrote one.
    pub outcome: Option<&'a Line>,
    /// What a later run found out.
    pub settled: Option<Settled<'a>>,
}

/// What a later run found out about a step.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Settled<'a> {
    /// What reading says.
    pub verdict: Verdict,
    /// What was seen.
    pub evidence: &'a str,
}

/// A value that a run set.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Value<'a> {
    /// Whose.
    pub address: &'a str,
    /// Which attribute; null when the object was deleted.
    pub attribute: Option<&'a str>,
    /// When (RFC 3339, UTC).
    pub at: &'a str,
    /// The run.
    pub run: &'a str,
    /// Its step.
    pub step: &'a str,
    /// Digest of the plan.
    pub digest: &'a str,
    /// Commit of the work tree.
    pub commit: Option<&'a str>,
    /// Who ran it.
    pub user: &'a str,
    /// What was there before, as JSON text; `-` when nothing is recorded, `(secret)` for a secret.
    pub before: String,
    /// What is there since, in the same way.
    pub after: String,
}

impl Document for RunList<'_> {
    const FORMAT: &'static str = "telform-journal-list";
}
impl Document for RunShown<'_> {
    const FORMAT: &'static str = "telform-journal-run";
}
impl Document for InForce<'_> {
    const FORMAT: &'static str = "telform-journal-at";
}
impl Document for Blame<'_> {
    const FORMAT: &'static str = "telform-journal-blame";
}
impl Document for JournalChecked<'_> {
    const FORMAT: &'static str = "telform-journal-verify";
}
impl Document for JournalRestarted {
    const FORMAT: &'static str = "telform-journal-restart";
}
impl Document for JournalVerdict<'_> {
    const FORMAT: &'static str = "telform-verify-journal";
}
impl Document for Export<'_> {
    const FORMAT: &'static str = "telform-journal";
}

/// A run, with its steps where they are wanted.
pub fn run<'a>(run: &'a Run<'a>, steps: bool) -> OneRun<'a> {
    let started = run.started;
    let both = || started.plan.steps.iter().zip(&run.steps);
    OneRun {
        run: run.id,
        at: run.at,
        ended: run.ended,
        actor: &started.actor,
        command: &started.command,
        telform_version: &started.telform_version,
        digest: &started.digest,
        origin: &started.origin,
        result: run.result(),
        writes: writes(run),
        receipt: run.finished,
        undo: steps.then_some(started.undo.as_slice()),
        ledger: Some(started.plan.ledger.as_slice()).filter(|effects| steps && !effects.is_empty()),
        steps: steps.then(|| {
            both()
                .map(|(step, record)| OneStep {
                    step: &step.id,
                    address: step.address.as_deref(),
                    call: &step.call,
                    intent: record.intent,
                    outcome: record.outcome,
                    settled: record.settled.map(|(verdict, evidence)| Settled { verdict, evidence }),
                })
                .collect()
        }),
    }
}

/// A value that was set.
pub fn written<'a>(written: &'a Written<'a>) -> Value<'a> {
    let text = |value: &Shown| shown(value);
    Value {
        address: written.address,
        attribute: written.attribute.as_deref(),
        at: written.at,
        run: written.run.id,
        step: written.step,
        digest: &written.run.started.digest,
        commit: written.run.started.origin.commit.as_deref(),
        user: &written.run.started.actor.user,
        before: text(&written.before),
        after: text(&written.after),
    }
}
