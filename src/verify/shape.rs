//! The members of a plan document, deliberately defined a second time: an unknown member is refused, because its effect is
//! not known.

#![allow(dead_code, reason = "of some members only the shape is checked: notices, reasons, what the ledger learns")]

use std::collections::BTreeMap;
use std::ops::Deref;

use litemap::LiteMap;
use serde::Deserialize;
use smol_str::SmolStr;

use super::strict::CheckerValue;

/// A list that takes only the memory of its items: a plan may have a million of them.
pub(super) type List<T> = Box<[T]>;
/// Values by attribute.
pub(super) type CheckerValues = CheckerMap<CheckerValue>;
/// The entries of a body.
pub(super) type CheckerEntries = CheckerMap<CheckerPayload>;

/// A map as a sorted list: a tree takes half a kilobyte for one entry. It is read as a tree, because a list of pairs is no map.
#[derive(Deserialize, Clone, Default, PartialEq)]
#[serde(from = "BTreeMap<SmolStr, T>", bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct CheckerMap<T>(LiteMap<SmolStr, T>);

impl<T> From<BTreeMap<SmolStr, T>> for CheckerMap<T> {
    fn from(entries: BTreeMap<SmolStr, T>) -> Self {
        let mut list = Vec::with_capacity(entries.len());
        list.extend(entries);
        Self(LiteMap::from_sorted_store_unchecked(list))
    }
}

impl<T> Deref for CheckerMap<T> {
    type Target = LiteMap<SmolStr, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

macro_rules! objects {
    ($($name:ident { $($(#[$meta:meta])? $field:ident: $type:ty),* $(,)? })*) => {
        $(#[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name { $($(#[$meta])? pub(super) $field: $type),* })*
    };
}

macro_rules! words {
    ($($name:ident { $($word:ident),* })*) => {
        $(#[derive(Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($word),* })*
    };
}

macro_rules! choices {
    ($($(#[$meta:meta])? $name:ident { $($choice:tt)* })*) => {
        $(#[derive(Deserialize, Clone, PartialEq)]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        $(#[$meta])?
        pub(super) enum $name { $($choice)* })*
    };
}

/// Codes of refusals that concern a finished plan and leave nothing out of it.
pub(super) const LIMITS: [&str; 10] = [
    "max_deletes",
    "max_delete_percent",
    "max_updates",
    "max_update_percent",
    "max_numbers_dark",
    "max_connections_muted",
    "unconfirmed_organization",
    "unreadable_bridges",
    "unseen_products",
    "similar_exists",
];

/// The earlier state of a number on a bridge.
#[derive(Deserialize, Clone, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckerPriorConnection {
    #[serde(rename = "id")]
    _id: Option<u64>,
    pub(super) served: CheckerServedState,
}

objects! {
    CheckerDocument {
        format: String, format_version: u64, telform_version: String, summary: String, counts: Option<BTreeMap<String, usize>>, pending: bool, refused: bool,
        digest: String, origin: CheckerOrigin, plan: CheckerPlan, notices: List<CheckerNotice>, unmanaged: List<CheckerUnmanaged>,
        #[serde(default)] undo: List<CheckerUndoEntry>,
        seals: Option<CheckerSeals>,
        binding: Option<CheckerBinding>,
        checksum: Option<String>,
    }
    CheckerBinding { key: String, mac: String }
    CheckerOrigin {
        configuration: String, ledger: Option<CheckerLedgerIdentity>, ledger_place: Option<String>, commit: Option<String>,
        #[serde(default)] organizations: BTreeMap<String, String>,
        #[serde(default)] logins: BTreeMap<String, String>,
        options: CheckerOptions,
    }
    CheckerLedgerIdentity { id: String, serial: u64, made: Option<String>, saved: Option<String> }
    CheckerOptions {
        limit: Option<u64>,
        #[serde(default)] unreadable: List<String>,
        #[serde(default)] targets: List<String>,
        #[serde(default)] excludes: List<String>,
        #[serde(default)] accounts: List<String>,
        #[serde(default)] destroy: bool,
        max_deletes: Option<u64>, max_delete_percent: Option<u64>, max_updates: Option<u64>,
        max_update_percent: Option<u64>, max_numbers_dark: Option<u64>, max_connections_muted: Option<u64>,
        max_unreadable_bridges: Option<u64>,
        #[serde(default)] rewrite_secrets: List<(String, Option<String>)>,
        #[serde(default)] resend: List<(String, Option<String>)>,
        #[serde(default)] sandbox: bool,
        #[serde(default)] allow_similar: List<String>,
        #[serde(default)] allow_unseen_products: bool,
        undo: Option<String>,
    }
    CheckerLimits {
        #[serde(default)] accounts: List<String>,
        #[serde(default)] targets: List<String>,
        #[serde(default)] excludes: List<String>,
        #[serde(default)] unreadable: List<String>,
        changes: Option<CheckerChangeLimit>,
    }
    CheckerChangeLimit { limit: u64, of: u64, left_out: u64, #[serde(default)] refusals_left_out: u64 }
    CheckerPlan {
        limits: Option<CheckerLimits>, accounts: List<CheckerAccount>, changes: List<CheckerChange>, steps: List<CheckerStep>, impact: List<CheckerImpact>, refusals: List<CheckerRefusal>,
        ledger: List<CheckerLedgerUpdate>,
        #[serde(default)] not_taken: List<CheckerNotTakenValue>,
        #[serde(default)] secrets: BTreeMap<String, CheckerMap<String>>,
        #[serde(default)] existing: BTreeMap<String, CheckerExistingObject>,
        #[serde(default)] references: BTreeMap<String, CheckerExistingObject>,
    }
    CheckerExistingObject { account: String, id: String }
    CheckerNotTakenValue { address: String, account: String, attribute: CheckerAttribute, run: String, way: CheckerRemedy }
    CheckerAccount {
        name: String, api: String, base_url: String, org_handle: Option<String>, generation: Option<u8>,
        token_from: Option<String>, token_of: Option<String>,
    }
    CheckerChange {
        address: String, account: String, from_account: Option<String>, action: CheckerAction, id: Option<String>,
        #[serde(default)] also_leaves: List<String>,
        #[serde(default)] attributes: List<CheckerAttribute>,
        reason: Option<String>, steps: List<String>,
    }
    CheckerAttribute { name: SmolStr, before: CheckerShownValue, after: CheckerShownValue, #[serde(default)] risky: bool, source: Option<String> }
    CheckerStep {
        id: String, phase: CheckerPhase, address: Option<String>, call: CheckerCall, operation: CheckerOperation, why: String,
        #[serde(default)] waits_for: List<String>,
    }
    CheckerCall {
        account: String, method: String, path: String,
        #[serde(default)] query: List<(String, String)>,
        body: Option<CheckerBody>,
    }
    CheckerImpact {
        effect: CheckerEffect, number: String, account: String, from: Option<CheckerNumberLocation>, to: Option<CheckerNumberLocation>,
        #[serde(default)] dark_steps: u32,
    }
    CheckerNumberLocation { bridge: String, provider: String, account: Option<String> }
    CheckerRefusal {
        code: String, account: String, #[serde(default)] addresses: List<String>, attribute: Option<String>, detail: String,
        place: Option<String>,
    }
    CheckerNotice { code: String, account: String, address: Option<String>, attribute: Option<String>, detail: Option<String> }
    CheckerUndoEntry { of: List<String>, what: String, #[serde(default)] calls: List<CheckerCall>, lost: Option<String> }
    CheckerSeals { key: String, steps: BTreeMap<String, CheckerMap<String>> }
    CheckerUnmanaged { account: String, kind: String, count: u64, #[serde(default)] foreign: u64 }
}

words! {
    CheckerAction { Create, Update, Replace, Delete }
    CheckerPhase { Create, Update, Rewire, ReadBack, Close, Delete, TakeOver }
    CheckerEffect { Dark, Moves, Connects, Settles }
    CheckerAttribution { Exact, Inferred, Recorded }
    CheckerSecretState { Set, New, Changed, Rewritten, NotTaken, ChangedOutside, Differs, WriteOnly }
    CheckerRemedy { Resend, Confirm, Edit }
}

choices! {
    CheckerShownValue { Absent, Value(CheckerValue), Secret(CheckerSecretState) }
    CheckerBody { Object(CheckerEntries), Overlay { fields: List<String>, set: CheckerEntries } }
    CheckerPayload {
        Value(CheckerValue), Secret { address: String, attribute: SmolStr }, IdOf(SmolStr),
        WithIds { value: CheckerValue, ids: BTreeMap<String, String> },
    }
    #[derive(Eq, PartialOrd, Ord)]
    CheckerRef { Id(String), Step(String) }
    CheckerServedState { NotThere, Unserved, By { id: String, known: CheckerAttribution }, OneOf(List<String>) }
    #[serde(tag = "do")]
    CheckerOperation {
        Create {
            key: CheckerValues, expect: CheckerValues, #[serde(default)] secrets: List<String>, replaces: Option<String>,
            replaces_in: Option<String>
        },
        Update {
            id: String, before: CheckerValues, expect: CheckerValues,
            #[serde(default)] untouched: CheckerValues,
            #[serde(default)] secrets: List<String>,
        },
        Connect { bridge: CheckerRef, number: String, provider: CheckerRef, before: CheckerServedState },
        Disconnect { bridge: String, number: String, before: CheckerServedState },
        ReadBack { bridge: CheckerRef, numbers: BTreeMap<String, Option<CheckerRef>> },
        Delete {
            id: String, before: CheckerValues,
            #[serde(default)] cut: List<(String, String)>,
            #[serde(default)] frees: List<String>,
            #[serde(default)] unread: List<String>,
            #[serde(default)] prior_connections: BTreeMap<String, CheckerPriorConnection>,
        },
    }
    CheckerLedgerUpdate {
        Rename { from: String, to: String },
        Adopt { address: String, account: String, id: String },
        AdoptHidden { address: String, account: String, id: String },
        MoveEnded { account: String, number: String },
        Release { address: String, account: Option<String>, id: Option<String> },
        Drop { address: String },
        Visible { address: String },
        Confirmed { address: String, attribute: String },
        Protect { address: String, on: bool },
        RenameAccount { from: String, to: String },
        Follow { address: String, account: String },
    }
}

impl CheckerOperation {
    /// Whether it is about links, and about no object of its own.
    pub(super) fn is_link(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Disconnect { .. } | Self::ReadBack { .. })
    }
}
