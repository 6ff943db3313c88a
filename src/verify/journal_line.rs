//! A journal line, in the shape known to the checker.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::shape::{CheckerOrigin, CheckerPlan, CheckerUndoEntry, CheckerValues, List};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "of some members only the shape is checked")]
pub(super) struct CheckerJournalLine {
    pub(super) seq: u64,
    pub(super) at: String,
    pub(super) prev: String,
    pub(super) run: String,
    pub(super) ledger: Option<CheckerLedgerSave>,
    pub(super) record: CheckerRecord,
    pub(super) mac: Option<String>,
    pub(super) hash: String,
}

#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
#[allow(dead_code, reason = "of some members only the shape is checked")]
pub(super) enum CheckerRecord {
    Started(Box<CheckerRunStarted>),
    Intent {
        step: String,
        account: String,
        method: String,
        target: String,
        #[serde(default)]
        sends: Vec<String>,
        #[serde(default)]
        seals: BTreeMap<String, String>,
        before: Option<CheckerValues>,
    },
    Outcome {
        step: String,
        end: String,
        why: Option<String>,
        id: Option<String>,
        status: Option<u16>,
        request_id: Option<String>,
        milliseconds: u64,
        after: Option<CheckerValues>,
    },
    Interrupted,
    Settled {
        of: String,
        step: String,
        verdict: String,
        evidence: String,
    },
    Finished {
        result: String,
        exit: u8,
        writes: u64,
        converged: Option<bool>,
        second_plan: Option<String>,
    },
    Signed {
        key: String,
        signature: String,
    },
    Rekeyed {
        key: String,
        vouched: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "of some members only the shape is checked")]
pub(super) struct CheckerLedgerSave {
    pub(super) serial: u64,
    pub(super) write: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "of some members only the shape is checked")]
pub(super) struct CheckerRunStarted {
    pub(super) format_version: u64,
    pub(super) command: String,
    pub(super) actor: BTreeMap<String, Value>,
    pub(super) telform_version: String,
    pub(super) origin: CheckerOrigin,
    pub(super) digest: String,
    pub(super) plan_file: Option<String>,
    pub(super) of: Option<String>,
    pub(super) plan: CheckerPlan,
    pub(super) plan_signed_by: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) approvals: Vec<CheckerApproval>,
    #[serde(default)]
    pub(super) undo: List<CheckerUndoEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "of some members only the shape is checked")]
pub(super) struct CheckerApproval {
    pub(super) by: String,
    pub(super) key: String,
    pub(super) digest: String,
    pub(super) plan: String,
    pub(super) at: String,
    pub(super) until: String,
}
