//! Creates that got no answer, and how long they may still be running (unpod.md 5.4).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ledger, NaturalKey, PendingCreate, SealedFingerprint};
use crate::model::resource::Address;

/// A create that got no answer, whose object may still appear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnansweredCreate {
    /// Address that it was sent for.
    pub address: Address,
    /// Account.
    pub account: String,
    /// Natural key that was sent.
    pub key: NaturalKey,
    /// When the request was announced (RFC 3339, UTC).
    pub since: String,
    /// The run that sent it; empty when it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run: String,
    /// Its step in that run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// Fingerprints of the secrets that were sent, sealed for the step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seals: BTreeMap<String, SealedFingerprint>,
}

impl UnansweredCreate {
    /// The create in words: when it was sent, and by which run.
    pub fn describe_create(&self) -> String {
        if self.run.is_empty() { self.since.clone() } else { format!("{} (run {})", self.since, self.run) }
    }

    /// When its outcome is known even if no object appears: its account's `settle_after` after it was sent. A reading that began
    /// earlier cannot tell.
    pub fn open_until(&self, settle_after: Duration, read_at: Option<Timestamp>) -> Option<Timestamp> {
        open_until(&self.since, settle_after, read_at)
    }
}

impl PendingCreate {
    /// The same for a create that was announced.
    pub fn open_until(&self, settle_after: Duration, read_at: Option<Timestamp>) -> Option<Timestamp> {
        open_until(&self.since, settle_after, read_at)
    }
}

fn open_until(since: &str, settle_after: Duration, read_at: Option<Timestamp>) -> Option<Timestamp> {
    // A time that cannot be parsed counts as long past.
    let until = since.parse::<Timestamp>().ok()?.checked_add(settle_after).unwrap_or(Timestamp::MAX);
    read_at.is_none_or(|read| read < until).then_some(until)
}

impl Ledger {
    /// Watches the natural key of a create that got no answer. Returns whether it is new to the list.
    pub fn watch_create(&mut self, create: UnansweredCreate) -> bool {
        let known = self
            .watched
            .iter()
            .any(|known| (&known.run, &known.step, &known.since) == (&create.run, &create.step, &create.since));
        if !known {
            self.watched.push(create);
        }
        !known
    }
}
