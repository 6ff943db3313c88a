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

/// A text of which only the shape is checked.
#[derive(Deserialize)]
#[serde(from = "SmolStr")]
pub(super) struct UnreadText;

impl From<SmolStr> for UnreadText {
    fn from(_: SmolStr) -> Self {
        Self
    }
}

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
        format: SmolStr, format_version: u64, telform_version: SmolStr, summary: SmolStr, counts: Option<BTreeMap<String, usize>>, pending: bool, refused: bool,
        digest: SmolStr, origin: CheckerOrigin, plan: CheckerPlan, notices: List<CheckerNotice>, unmanaged: List<CheckerUnmanaged>,
        #[serde(default)] undo: List<CheckerUndoEntry>,
        seals: Option<CheckerSeals>, binding: Option<CheckerBinding>, checksum: Option<SmolStr>,
    }
    CheckerBinding { key: SmolStr, mac: SmolStr }
    CheckerOrigin {
        configuration: SmolStr, ledger: Option<CheckerLedgerIdentity>, ledger_place: Option<SmolStr>, commit: Option<SmolStr>,
        #[serde(default)] organizations: BTreeMap<SmolStr, SmolStr>,
        #[serde(default)] logins: BTreeMap<SmolStr, SmolStr>,
        options: CheckerOptions,
    }
    CheckerLedgerIdentity { id: SmolStr, serial: u64, made: Option<SmolStr>, saved: Option<SmolStr> }
    CheckerOptions {
        limit: Option<u64>, undo: Option<SmolStr>,
        #[serde(default)] accounts: List<SmolStr>, #[serde(default)] unreadable: List<SmolStr>,
        #[serde(default)] targets: List<SmolStr>, #[serde(default)] excludes: List<SmolStr>,
        #[serde(default)] destroy: bool, #[serde(default)] sandbox: bool, #[serde(default)] allow_unseen_products: bool,
        max_deletes: Option<u64>, max_delete_percent: Option<u64>, max_updates: Option<u64>,
        max_update_percent: Option<u64>, max_numbers_dark: Option<u64>, max_connections_muted: Option<u64>,
        max_unreadable_bridges: Option<u64>,
        #[serde(default)] rewrite_secrets: List<(SmolStr, Option<SmolStr>)>,
        #[serde(default)] resend: List<(SmolStr, Option<SmolStr>)>,
        #[serde(default)] allow_similar: List<SmolStr>,
    }
    CheckerLimits {
        #[serde(default)] accounts: List<SmolStr>, #[serde(default)] unreadable: List<SmolStr>,
        #[serde(default)] targets: List<SmolStr>, #[serde(default)] excludes: List<SmolStr>,
        changes: Option<CheckerChangeLimit>,
    }
    CheckerChangeLimit { limit: u64, of: u64, left_out: u64, #[serde(default)] refusals_left_out: u64 }
    CheckerPlan {
        limits: Option<CheckerLimits>, accounts: List<CheckerAccount>, changes: List<CheckerChange>, steps: List<CheckerStep>, impact: List<CheckerImpact>, refusals: List<CheckerRefusal>,
        ledger: List<CheckerLedgerUpdate>,
        #[serde(default)] not_taken: List<CheckerNotTakenValue>,
        #[serde(default)] secrets: BTreeMap<SmolStr, CheckerMap<SmolStr>>,
        #[serde(default)] existing: BTreeMap<SmolStr, CheckerExistingObject>,
        #[serde(default)] references: BTreeMap<SmolStr, CheckerExistingObject>,
    }
    CheckerExistingObject { account: SmolStr, id: SmolStr }
    CheckerNotTakenValue { address: SmolStr, account: SmolStr, attribute: CheckerAttribute, run: SmolStr, way: CheckerRemedy }
    CheckerAccount {
        name: SmolStr, api: SmolStr, base_url: SmolStr, org_handle: Option<SmolStr>, generation: Option<u8>,
        token_from: Option<SmolStr>, token_of: Option<SmolStr>,
    }
    CheckerChange {
        address: SmolStr, account: SmolStr, from_account: Option<SmolStr>, action: CheckerAction, id: Option<SmolStr>,
        #[serde(default)] also_leaves: List<SmolStr>,
        #[serde(default)] attributes: List<CheckerAttribute>,
        reason: Option<UnreadText>, steps: List<SmolStr>,
    }
    CheckerAttribute { name: SmolStr, before: CheckerShownValue, after: CheckerShownValue, #[serde(default)] risky: bool, source: Option<SmolStr> }
    CheckerStep {
        id: SmolStr, phase: CheckerPhase, address: Option<SmolStr>, call: CheckerCall, operation: CheckerOperation, why: UnreadText,
        #[serde(default)] waits_for: List<SmolStr>,
    }
    CheckerCall {
        account: SmolStr, method: SmolStr, path: SmolStr,
        #[serde(default)] query: List<(SmolStr, SmolStr)>,
        body: Option<CheckerBody>,
    }
    CheckerImpact {
        effect: CheckerEffect, number: SmolStr, account: SmolStr, from: Option<CheckerNumberLocation>, to: Option<CheckerNumberLocation>,
        #[serde(default)] dark_steps: u32,
    }
    CheckerNumberLocation { bridge: SmolStr, provider: SmolStr, account: Option<SmolStr> }
    CheckerRefusal {
        code: SmolStr, account: SmolStr, #[serde(default)] addresses: List<SmolStr>, attribute: Option<SmolStr>, detail: SmolStr,
        place: Option<SmolStr>,
    }
    CheckerNotice { code: SmolStr, account: SmolStr, address: Option<SmolStr>, attribute: Option<UnreadText>, detail: Option<SmolStr> }
    CheckerUndoEntry { of: List<SmolStr>, what: UnreadText, #[serde(default)] calls: List<CheckerCall>, lost: Option<UnreadText> }
    CheckerSeals { key: SmolStr, steps: BTreeMap<SmolStr, CheckerMap<SmolStr>> }
    CheckerUnmanaged { account: SmolStr, kind: SmolStr, count: u64, #[serde(default)] foreign: u64 }
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
    CheckerBody { Object(CheckerEntries), Overlay { fields: List<SmolStr>, set: CheckerEntries } }
    CheckerPayload {
        Value(CheckerValue), Secret { address: SmolStr, attribute: SmolStr }, IdOf(SmolStr),
        WithIds { value: CheckerValue, ids: BTreeMap<String, SmolStr> },
    }
    #[derive(Eq, PartialOrd, Ord)]
    CheckerRef { Id(SmolStr), Step(SmolStr) }
    CheckerServedState { NotThere, Unserved, By { id: SmolStr, known: CheckerAttribution }, OneOf(List<SmolStr>) }
    #[serde(tag = "do")]
    CheckerOperation {
        Create {
            key: CheckerValues, expect: CheckerValues, #[serde(default)] secrets: List<SmolStr>, replaces: Option<SmolStr>,
            replaces_in: Option<SmolStr>
        },
        Update {
            id: SmolStr, before: CheckerValues, expect: CheckerValues,
            #[serde(default)] untouched: CheckerValues,
            #[serde(default)] secrets: List<SmolStr>,
        },
        Connect { bridge: CheckerRef, number: SmolStr, provider: CheckerRef, before: CheckerServedState },
        Disconnect { bridge: SmolStr, number: SmolStr, before: CheckerServedState },
        ReadBack { bridge: CheckerRef, numbers: BTreeMap<SmolStr, Option<CheckerRef>> },
        Delete {
            id: SmolStr, before: CheckerValues,
            #[serde(default)] cut: List<(SmolStr, SmolStr)>,
            #[serde(default)] frees: List<SmolStr>,
            #[serde(default)] unread: List<SmolStr>,
            #[serde(default)] prior_connections: BTreeMap<SmolStr, CheckerPriorConnection>,
        },
    }
    CheckerLedgerUpdate {
        Rename { from: SmolStr, to: SmolStr },
        Adopt { address: SmolStr, account: SmolStr, id: SmolStr },
        AdoptHidden { address: SmolStr, account: SmolStr, id: SmolStr },
        MoveEnded { account: SmolStr, number: SmolStr },
        Release { address: SmolStr, account: Option<SmolStr>, id: Option<SmolStr> },
        Drop { address: SmolStr },
        Visible { address: SmolStr },
        Confirmed { address: SmolStr, attribute: SmolStr },
        Protect { address: SmolStr, on: bool },
        RenameAccount { from: SmolStr, to: SmolStr },
        Follow { address: SmolStr, account: SmolStr },
    }
}

impl CheckerOperation {
    /// Whether it is about links, and about no object of its own.
    pub(super) fn is_link(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Disconnect { .. } | Self::ReadBack { .. })
    }
}
