//! Documents about the journal.

use schemars::JsonSchema;
use serde::Serialize;

use super::{OutputDocument, Violation, Vouched};
use crate::document::v1;
use crate::model::ledger::JournalHead;
use crate::output::view::journal::count_writes;
use crate::output::view::set_values::display_shown;
use crate::signature::{Approval, Signer};
use crate::state::journal::{JournalFinding, JournalLine, JournalRecord, RecordedChange, RecordedRun, RecordedValue, RunActor};

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

/// The values at a given time.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InForce<'a> {
    /// RFC 3339, UTC.
    pub at: &'a str,
    /// The last run that had started by then; null when none had.
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

/// Whether the journal is intact and every run followed the rules.
#[derive(Debug, Serialize, JsonSchema)]
pub struct JournalChecked<'a> {
    /// Whether everything is in order.
    pub verified: bool,
    /// Lines.
    pub lines: usize,
    /// Runs.
    pub runs: usize,
    /// The last line: its hash covers all of them.
    pub head: JournalHead,
    /// A line that was truncated by a power loss.
    pub torn: Option<usize>,
    /// Runs that ended after the ledger was saved last, so that it does not know them.
    pub behind: usize,
    /// The verdict of the fingerprint key on the MACs of its lines: `verified`; `unknown` without the key; `none` where no line
    /// has one.
    pub macs: &'static str,
    /// Where the chain breaks.
    pub broken: Option<BrokenAt<'a>>,
    /// Rules that a run violates.
    pub violations: Vec<Violation<'a>>,
    /// Who signed it, and up to which line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Vouched>,
    /// The unsigned part, where allowed signers were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsigned: Option<&'a str>,
}

/// A new journal was begun.
#[derive(Debug, Serialize, JsonSchema)]
pub struct JournalRestarted {
    /// Where the old one is kept; null when it did not exist.
    pub kept: Option<String>,
    /// Number of its intact lines.
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

/// Findings of the independent checker about a journal file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct JournalVerdict<'a> {
    /// Whether every rule holds.
    pub verified: bool,
    /// Number of lines checked.
    pub lines: usize,
    /// Runs among them.
    pub runs: usize,
    /// Requests that were announced.
    pub requests: usize,
    /// Hash of the last line.
    pub head: &'a str,
    /// Rules that it breaks; `place` is the line.
    pub violations: Vec<Violation<'a>>,
    /// Who signed it, and up to which line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Vouched>,
    /// The unsigned part, where allowed signers were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsigned: Option<&'a str>,
}

/// The whole journal, run by run and step by step, for an audit.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Export<'a> {
    /// The last line: its hash covers all of them.
    pub head: JournalHead,
    /// Why the journal differs from what was written; null when it is intact.
    pub broken: Option<String>,
    /// Every run, as far as the journal is intact.
    pub runs: Vec<OneRun<'a>>,
}

/// One run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OneRun<'a> {
    /// Its id.
    pub run: &'a str,
    /// When it started (RFC 3339, UTC).
    pub at: &'a str,
    /// When it ended; null when it was interrupted.
    pub ended: Option<&'a str>,
    /// Who ran it.
    pub actor: &'a RunActor,
    /// `apply`, `resume`, `undo`, or a command that changed only the ledger, such as `forget`.
    pub command: &'a str,
    /// Version of telform.
    pub telform_version: &'a str,
    /// Digest of its plan.
    pub digest: &'a str,
    /// The inputs of the plan.
    pub origin: &'a v1::Origin,
    /// Its outcome, in a word or two.
    pub result: &'a str,
    /// Writes that are done.
    pub writes: u64,
    /// Its receipt from the journal; null when it was interrupted.
    pub receipt: Option<&'a JournalRecord>,
    /// Who signed the saved plan, according to the allowed signers of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_signed_by: Option<&'a Signer>,
    /// The approvals that allowed it.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub approvals: &'a [Approval],
    /// Fingerprint of the key that signed the journal up to its receipt; `journal verify` checks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by_key: Option<&'a str>,
    /// How to undo it, as known before its first request. Only where steps are shown.
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
    /// The object concerned.
    pub address: Option<&'a str>,
    /// The request as planned.
    pub call: &'a v1::CallV1,
    /// The line that announced it; null when it was not started.
    pub intent: Option<&'a JournalLine>,
    /// The line with its outcome; null when none was written.
    pub outcome: Option<&'a JournalLine>,
    /// The finding of a later run.
    pub settled: Option<Settled<'a>>,
}

/// The finding of a later run about a step.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Settled<'a> {
    /// What reading says.
    pub verdict: JournalFinding,
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
    /// The earlier value, as JSON text; `-` when nothing is recorded, `(secret)` for a secret.
    pub before: String,
    /// The new value, in the same form.
    pub after: String,
    /// What was sent, where the service continued to show the earlier value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<&'a serde_json::Value>,
    /// What was sent, where the answer showed no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<&'a serde_json::Value>,
}

impl OutputDocument for RunList<'_> {
    const FORMAT: &'static str = "telform-journal-list";
}
impl OutputDocument for RunShown<'_> {
    const FORMAT: &'static str = "telform-journal-run";
}
impl OutputDocument for InForce<'_> {
    const FORMAT: &'static str = "telform-journal-at";
}
impl OutputDocument for Blame<'_> {
    const FORMAT: &'static str = "telform-journal-blame";
}
impl OutputDocument for JournalChecked<'_> {
    const FORMAT: &'static str = "telform-journal-verify";
}
impl OutputDocument for JournalRestarted {
    const FORMAT: &'static str = "telform-journal-restart";
}
impl OutputDocument for JournalVerdict<'_> {
    const FORMAT: &'static str = "telform-verify-journal";
}
impl OutputDocument for Export<'_> {
    const FORMAT: &'static str = "telform-journal";
}

/// A run, with its steps where they are requested.
pub fn run<'a>(run: &'a RecordedRun<'a>, steps: bool) -> OneRun<'a> {
    let started = run.started;
    let both = || started.plan.steps.iter().zip(&run.steps);
    OneRun {
        run: run.id,
        at: run.began_at,
        ended: run.ended_at,
        actor: &started.actor,
        command: &started.command,
        telform_version: &started.telform_version,
        digest: &started.digest,
        origin: &started.origin,
        result: run.result_text(),
        writes: count_writes(run),
        receipt: run.finished,
        plan_signed_by: started.plan_signed_by.as_ref(),
        approvals: &started.approvals,
        signed_by_key: run.signed_by_key,
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
pub fn written<'a>(written: &'a RecordedChange<'a>) -> Value<'a> {
    let text = |value: &RecordedValue| display_shown(value);
    Value {
        address: written.address,
        attribute: written.attribute.as_deref(),
        at: written.ended_at,
        run: written.run.id,
        step: written.step,
        digest: &written.run.started.digest,
        commit: written.run.started.origin.commit.as_deref(),
        user: &written.run.started.actor.user,
        before: text(&written.before),
        after: text(&written.after),
        refused: written.refused(),
        sent: written.sent.as_ref().filter(|_| written.before != written.after),
    }
}
