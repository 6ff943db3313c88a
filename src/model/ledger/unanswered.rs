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
    /// Watches the natural key of a create that got no answer. Returns whether the list says more than before. One create is listed
    /// once, with its run if that is known: without a run it has the time of its announcement, shortly before it was sent.
    pub fn watch_create(&mut self, create: UnansweredCreate) -> bool {
        let same = |known: &&mut UnansweredCreate| {
            (&known.account, &known.address, &known.key) == (&create.account, &create.address, &create.key)
                && match (known.run.is_empty(), create.run.is_empty()) {
                    (_, true) => known.since >= create.since,
                    (true, false) => known.since <= create.since,
                    (false, false) => (&known.run, &known.step, &known.since) == (&create.run, &create.step, &create.since),
                }
        };
        match self.watched.iter_mut().find(same) {
            Some(known) if known.run.is_empty() && !create.run.is_empty() => *known = create,
            Some(_) => return false,
            None => self.watched.push(create),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use litemap::LiteMap;

    use super::*;

    fn create(since: &str, run: &str) -> UnansweredCreate {
        UnansweredCreate {
            address: Address::new("partners", "west"),
            account: "main".to_owned(),
            key: LiteMap::new(),
            since: since.to_owned(),
            run: run.to_owned(),
            step: "s1".to_owned(),
            seals: BTreeMap::new(),
        }
    }

    #[test]
    fn one_create_is_listed_once() {
        let mut ledger = Ledger::default();
        assert!(ledger.watch_create(create("2026-11-30T20:00:01Z", "one")));
        // As it was announced, a second before it was sent.
        assert!(!ledger.watch_create(create("2026-11-30T20:00:00Z", "")));
        assert!(!ledger.watch_create(create("2026-11-30T20:00:01Z", "one")));
        // A later one that is known only by its announcement, and then by its run.
        assert!(ledger.watch_create(create("2026-11-30T20:09:00Z", "")));
        assert!(ledger.watch_create(create("2026-11-30T20:09:01Z", "two")));
        let runs: Vec<&str> = ledger.watched.iter().map(|create| create.run.as_str()).collect();
        assert_eq!(runs, ["one", "two"]);
    }
}
