//! A line of a journal, in the shape that is known here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::shape::{Inverse, Origin, Plan, Values};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "of some members only the shape is checked")]
pub(super) struct Line {
    pub(super) seq: u64,
    pub(super) at: String,
    pub(super) prev: String,
    pub(super) run: String,
    pub(super) record: Record,
    pub(super) hash: String,
}

#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
#[allow(dead_code, reason = "of some members only the shape is checked")]
pub(super) enum Record {
    Started(Box<Started>),
    Intent {
        step: String,
        account: String,
        method: String,
        target: String,
        #[serde(default)]
        sends: Vec<String>,
        #[serde(default)]
        seals: BTreeMap<String, String>,
        before: Option<Values>,
    },
    Outcome {
        step: String,
        end: String,
        why: Option<String>,
        id: Option<String>,
        status: Option<u16>,
        request_id: Option<String>,
        milliseconds: u64,
        after: Option<Values>,
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "of some members only the shape is checked")]
pub(super) struct Started {
    pub(super) format_version: u64,
    pub(super) command: String,
    pub(super) actor: BTreeMap<String, Value>,
    pub(super) telform_version: String,
    pub(super) origin: Origin,
    pub(super) digest: String,
    pub(super) plan_file: Option<String>,
    pub(super) of: Option<String>,
    pub(super) plan: Plan,
    #[serde(default)]
    pub(super) undo: Vec<Inverse>,
}
