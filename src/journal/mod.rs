//! The journal: one line for everything that a run meant to do and did, each bound to the line before it, so that nothing can
//! be changed, dropped or moved without a trace. It is evidence for people and for `resume`; it never feeds the planner.
//!
//! A line is one JSON object. `hash` is the SHA-256 of the line's bytes up to its own member, and `prev` is the hash of the
//! line before, so the last hash (the *head*) stands for the whole journal. The ledger keeps the head, so a tail that was cut
//! off shows too. A hash is no signature: who may write both files can write both anew; keep the printed heads elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::document::v1;
pub use crate::ledger::Head;
use crate::ledger::Sealed;
use crate::text::hex;
use crate::value::Value;

mod check;
mod history;
mod log;
mod run;

pub use check::{Broken, Journal, check, check_up_to};
pub use history::{Shown, Written, history, in_force};
pub use log::{Clock, JournalError, Log, Recorder, Stamped, bytes, holds, read, set_aside};
pub use run::{OpenStep, Run, StepRecord, runs};

/// The version of the lines. A newer one is an error.
pub const FORMAT_VERSION: u32 = 1;

/// One line, as it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Counts from 1.
    pub seq: u64,
    /// When (RFC 3339, UTC).
    pub at: String,
    /// Hash of the line before.
    pub prev: String,
    /// The run that it belongs to.
    pub run: String,
    /// What is recorded.
    pub record: Record,
    /// Hash of this line.
    pub hash: String,
}

/// What a line records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Record {
    /// A run begins. Boxed, because it holds the whole plan.
    Started(Box<Started>),
    /// A request is about to be sent. It is on disk before the first byte goes out.
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
        seals: BTreeMap<String, Sealed>,
        /// The object as it was read right before, without secrets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<BTreeMap<String, Value>>,
    },
    /// A step ended.
    Outcome {
        /// Step of the plan.
        step: String,
        /// How.
        end: End,
        /// Why, or what is worth saying.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// Identity of what it made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// HTTP status of the last answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// The service's id of the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
        /// From the first look to the end, in milliseconds.
        milliseconds: u64,
        /// The object as the answer shows it, without secrets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<BTreeMap<String, Value>>,
    },
    /// Somebody asked to stop.
    Interrupted,
    /// An open step of an earlier run was settled by reading.
    Settled {
        /// The run that it belongs to.
        of: String,
        /// Its step.
        step: String,
        /// What reading says.
        verdict: Verdict,
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
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Done and proven.
    Done,
    /// The service said no, or its answer shows that it was not done.
    Failed,
    /// Something was written that is not what was asked for.
    Damaged,
    /// The object was no longer what the plan saw; nothing was sent.
    Stale,
    /// Neither the answer nor reading tells.
    Unknown,
    /// It was not started.
    NotStarted,
}

impl End {
    /// The word for it.
    pub fn word(self) -> &'static str {
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

/// What reading says about a step whose end was not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It had its effect.
    Done,
    /// It had none.
    NotDone,
    /// Nobody can tell.
    Unknown,
}

/// The beginning of a run: who, where, from what, and the plan itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Started {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// `apply`, `resume`, `undo`, or what changed the ledger alone, such as `forget`.
    pub command: String,
    /// Who ran it.
    pub actor: Actor,
    /// Version of telform.
    pub telform_version: String,
    /// What the plan was made from.
    pub origin: v1::Origin,
    /// Digest of the plan.
    pub digest: String,
    /// Checksum of the saved plan that was applied, when it came from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_file: Option<String>,
    /// The run that it takes back, when it is an undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The plan.
    pub plan: v1::Plan,
    /// What takes the run back, as it was known before its first request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<v1::Inverse>,
}

/// Who ran it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Actor {
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
pub fn line(head: &Head, at: &str, run: &str, record: &Record) -> (String, Head) {
    let open = Open { seq: head.seq + 1, at, prev: &head.hash, run, record };
    // What holds no map with other keys than texts cannot fail to be JSON.
    let mut text = serde_json::to_string(&open).unwrap_or_default();
    text.pop();
    let hash = hex(&Sha256::digest(text.as_bytes()));
    text.push_str(&format!(",\"hash\":\"{hash}\"}}\n"));
    (text, Head { seq: open.seq, hash })
}

/// A line before its hash is known; its members stand in the order of [`Line`].
#[derive(Serialize)]
struct Open<'a> {
    seq: u64,
    at: &'a str,
    prev: &'a str,
    run: &'a str,
    record: &'a Record,
}
