//! The journal: one line for everything that a run announced and did, each bound to the line before it, so that nothing can
//! be changed, dropped or moved without a trace. It is evidence for people and for `resume`; the planner never reads it.
//!
//! A line is one JSON object. `hash` is the SHA-256 of the line's bytes up to its own member, and `prev` is the hash of the
//! line before, so the last hash (the *head*) covers the whole journal. The ledger keeps the head, so that a truncated tail is
//! detected; lines name the save of the ledger, so that an older ledger is detected. `mac` is the fingerprint key's MAC of a
//! line: someone who may write both files and does not have the key cannot rewrite them. Only a head that is kept elsewhere
//! protects against an older pair of both files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::document::v1;
pub use crate::model::ledger::JournalHead;
use crate::model::ledger::{FingerprintKey, LedgerSave, SealedFingerprint};
use crate::model::value::Value;
use crate::signature::{Approval, Signer};
use crate::text::to_hex;

mod binding;
mod check;
mod history;
mod log;
mod recorded_run;
mod signatures;

pub use binding::KeyVerification;
pub use check::{BrokenLine, ParsedJournal, check_journal, check_up_to};
pub use history::{RecordedChange, RecordedValue, in_force, recorded_changes};
pub use log::{
    JournalClock, JournalError, JournalLog, JournalRecorder, StampingJournal, check_kept_head, check_last_mac, is_that,
    journal_display_name, open_journal, read_journal, read_journal_bytes, set_aside,
};
pub use recorded_run::{CUT_OFF, MissingEnd, OpenStep, RecordedRun, RecordedStep, collect_runs, is_known_cut, mark_in_progress};
pub use signatures::{SignedPart, signed_parts, unsigned_line_count};

/// The version of the lines. A newer one is an error.
pub const FORMAT_VERSION: u32 = 1;

/// One line, as it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JournalLine {
    /// Counts from 1.
    pub seq: u64,
    /// When (RFC 3339, UTC).
    pub at: String,
    /// Hash of the line before.
    pub prev: String,
    /// The run that it belongs to.
    pub run: String,
    /// The current save of the ledger when it was written, where it differs from that of the line before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerSave>,
    /// What is recorded.
    pub record: JournalRecord,
    /// The fingerprint key's MAC of this line, and so of every line before it. Once a journal has MACs, all later lines
    /// have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Hash of this line.
    pub hash: String,
}

/// The record of a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum JournalRecord {
    /// A run begins. Boxed, because it holds the whole plan.
    Started(Box<RunStarted>),
    /// A request is about to be sent. The record is on disk before the first byte is sent.
    Intent {
        /// Step of the plan.
        step: String,
        /// Account, method and target as they are sent.
        account: String,
        /// Method.
        method: String,
        /// Path and query with every id filled in.
        target: String,
        /// Names of the attributes in the body; secrets by name only.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sends: Vec<String>,
        /// The secrets in it as keyed fingerprints, for a later run that settles this step.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        #[schemars(with = "BTreeMap<String, String>")]
        seals: BTreeMap<String, SealedFingerprint>,
        /// The object as it was read right before, without secrets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<BTreeMap<String, Value>>,
    },
    /// A step ended.
    Outcome {
        /// Step of the plan.
        step: String,
        /// How.
        end: StepEnding,
        /// The reason, or a remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// Identity of the object that it created.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// HTTP status of the last answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// The service's id of the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
        /// From the first read to the end, in milliseconds.
        milliseconds: u64,
        /// The object as the answer shows it, without secrets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<BTreeMap<String, Value>>,
    },
    /// A stop was requested.
    Interrupted,
    /// An open step of an earlier run was settled by reading.
    Settled {
        /// The run that it belongs to.
        of: String,
        /// Its step.
        step: String,
        /// What reading says.
        verdict: JournalFinding,
        /// What was seen.
        evidence: String,
    },
    /// A run ended; the receipt.
    Finished {
        /// How.
        result: String,
        /// Exit code of the process.
        exit: u8,
        /// Writes that are done.
        writes: u64,
        /// Whether a second plan was empty; absent when none was made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        converged: Option<bool>,
        /// The second plan in one line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second_plan: Option<String>,
    },
    /// A signature of everything before this line, after the receipt of a run.
    Signed {
        /// Fingerprint of the key.
        key: String,
        /// SSH signature of the bytes of all lines before this one, in the namespace `telform-journal`.
        signature: String,
    },
    /// From here on another fingerprint key authenticates the lines.
    Rekeyed {
        /// Identifies the new key.
        key: String,
        /// The old key's MAC of it; absent where the old key is lost.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vouched: Option<String>,
    },
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepEnding {
    /// Done and proven.
    Done,
    /// The service refused, or its answer shows that it was not done.
    Failed,
    /// What was written is not what was requested.
    Damaged,
    /// The object had changed since the plan; nothing was sent.
    Stale,
    /// Neither the answer nor reading decides.
    Unknown,
    /// It was not started.
    NotStarted,
}

impl StepEnding {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Damaged => "damaged",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
            Self::NotStarted => "not started",
        }
    }
}

/// The result of reading about a step whose outcome was not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JournalFinding {
    /// It had its effect.
    Done,
    /// It had none.
    NotDone,
    /// The effect is not known.
    Unknown,
}

/// The beginning of a run: who, where, from what, and the plan itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunStarted {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// `apply`, `resume`, `undo`, or a command that changed only the ledger, such as `forget`.
    pub command: String,
    /// Who ran it.
    pub actor: RunActor,
    /// Version of telform.
    pub telform_version: String,
    /// The inputs of the plan.
    pub origin: v1::Origin,
    /// Digest of the plan.
    pub digest: String,
    /// Checksum of the saved plan that was applied, when it came from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_file: Option<String>,
    /// The run that it undoes, when it is an undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The plan.
    pub plan: v1::PlanV1,
    /// Who signed the saved plan, according to the allowed signers of that run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_signed_by: Option<Signer>,
    /// The approvals that allowed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
    /// How to undo the run, as known before its first request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<v1::Inverse>,
}

/// Who ran it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunActor {
    /// User.
    pub user: String,
    /// Host.
    pub host: String,
    /// Process.
    pub pid: u32,
    /// The CI run, as a link or an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci: Option<String>,
}

/// The text of the next line, with its newline, and the head after it.
pub fn format_line(head: &JournalHead, at: &str, run: &str, record: &JournalRecord) -> (String, JournalHead) {
    bound_line(head, (at, run), record, None, None)
}

/// The same, bound to a save of the ledger, and with a MAC.
pub fn bound_line(
    head: &JournalHead,
    (at, run): (&str, &str),
    record: &JournalRecord,
    ledger: Option<&LedgerSave>,
    key: Option<&FingerprintKey>,
) -> (String, JournalHead) {
    let open = UnhashedLine { seq: head.seq + 1, at, prev: &head.hash, run, ledger, record };
    // Serialising cannot fail: every map has text keys.
    let mut text = serde_json::to_string(&open).unwrap_or_default();
    text.pop();
    if let Some(key) = key {
        let mac = key.journal_mac(&Sha256::digest(text.as_bytes()).into());
        text.push_str(&format!(",\"mac\":\"{mac}\""));
    }
    let hash = to_hex(&Sha256::digest(text.as_bytes()));
    text.push_str(&format!(",\"hash\":\"{hash}\"}}\n"));
    (text, JournalHead { seq: open.seq, hash, version: None })
}

/// A line before its hash is known; its members are in the order of [`Line`].
#[derive(Serialize)]
struct UnhashedLine<'a> {
    seq: u64,
    at: &'a str,
    prev: &'a str,
    run: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger: Option<&'a LedgerSave>,
    record: &'a JournalRecord,
}
