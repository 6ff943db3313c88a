//! Creates of which it is not known whether they created something: an apply that would send them again is refused until that is
//! decided. Pure.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::ledger::Ledger;
use crate::model::resource::{Address, Desired};
use crate::services;

/// A create that got no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct OpenCreate {
    /// Address that it was sent for.
    #[schemars(with = "String")]
    pub address: Address,
    /// Account.
    pub account: String,
    /// When it was announced (RFC 3339, UTC).
    pub since: String,
    /// Until when it may still be running; none where its object may exist and stay hidden until it is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl OpenCreate {
    /// What is known about it.
    pub fn describe(&self) -> String {
        let Self { address, since, until, .. } = self;
        match until {
            Some(until) => format!("the create of {address} at {since} got no answer and may still be running until {until}"),
            None => {
                format!("the create of {address} at {since} got no answer; it may exist and stay hidden until it is verified")
            }
        }
    }

    /// The commands that settle it, each after what it is for.
    pub fn commands(&self) -> Vec<(&'static str, String)> {
        if self.until.is_some() { vec![wait_command()] } else { settling_commands(&self.address) }
    }
}

/// The commands that settle a create of which it is not known whether it created something, each after what it is for.
pub fn settling_commands(address: &Address) -> Vec<(&'static str, String)> {
    if services::hides_until_verified(&address.kind) {
        return vec![
            ("If it was created", format!("telform adopt {address} ID")),
            ("If it was not created", format!("telform forget {address}")),
        ];
    }
    vec![wait_command()]
}

/// For a create that only may still be running: reading shows its object, or its time passes.
fn wait_command() -> (&'static str, String) {
    ("To wait for it and read again", "telform resume --settle-timeout 10m".to_owned())
}

/// The creates that the ledger knows as open at this time.
pub fn open_creates(ledger: &Ledger, desired: &Desired, now: Timestamp) -> Vec<OpenCreate> {
    let free = |address: &Address| !ledger.objects.contains_key(address);
    let hidden = ledger
        .attempts
        .iter()
        .filter(|(address, attempt)| attempt.created.is_none() && services::hides_until_verified(&address.kind) && free(address));
    let hidden = hidden.map(|(address, attempt)| OpenCreate {
        address: address.clone(),
        account: attempt.account.clone(),
        since: attempt.since.clone(),
        until: None,
    });
    let watched = ledger.watched.iter().filter(|create| free(&create.address)).filter_map(|create| {
        let account = desired.accounts.get(&create.account)?;
        let until = create.open_until(account.settle_after, Some(now))?;
        Some(OpenCreate {
            address: create.address.clone(),
            account: create.account.clone(),
            since: create.since.clone(),
            until: Some(until.to_string()),
        })
    });
    let mut all: Vec<OpenCreate> = hidden.chain(watched).collect();
    // One for each address: what a person must decide, which counts for longer, or the one that may run the longest.
    let order = |it: &OpenCreate| (it.until.is_some(), std::cmp::Reverse(it.until.clone()));
    all.sort_by(|one, other| (&one.address, &one.account, order(one)).cmp(&(&other.address, &other.account, order(other))));
    all.dedup_by(|one, other| (&one.address, &one.account) == (&other.address, &other.account));
    all
}
